//! What names say about a text, and which texts are harmless.

/// The longest word that is kept, in bytes.
const WORD: usize = 48;
/// The longest path or URI that is kept, in bytes.
const PATH: usize = 160;

/// Parts of the names, in lower case, of elements whose text is nobody's business.
const PRIVATE: &[&str] = &[
    "account",
    "address",
    "asset",
    "bonjour",
    "bssid",
    "certificate",
    "claim",
    "community",
    "contact",
    "credential",
    "devicename",
    "dns",
    "domain",
    "email",
    "fax",
    "friendlyname",
    "gateway",
    "guid",
    "hash",
    "host",
    "ipaddr",
    "ipv4",
    "ipv6",
    "key",
    "location",
    "login",
    "macaddr",
    "nonce",
    "owner",
    "passc",
    "passphr",
    "passw",
    "phone",
    "pin",
    "proxy",
    "psk",
    "registration",
    "secret",
    "serial",
    "servicename",
    "signature",
    "ssid",
    "subnet",
    "token",
    "user",
    "uuid",
    "wepk",
    "wins",
];

/// What a private place may say all the same: whether something is there at all.
const SWITCHES: &[&str] = &["true", "false", "enabled", "disabled", "notSet", "supported", "notSupported"];

/// Ends of the names of elements that hold one word of a list [C: captures of ENVY Photo 7830, Smart Tank 750].
const LISTS: &[&str] = &[
    "Base",
    "Capability",
    "Category",
    "Enabled",
    "Mode",
    "Phase",
    "Power",
    "Severity",
    "State",
    "Status",
    "Support",
    "Supported",
    "Type",
    "Types",
];

/// Ends of the names of elements that measure or count.
const MEASURES: &[&str] = &[
    "Count",
    "Height",
    "Length",
    "Limit",
    "ModificationNumber",
    "Resolution",
    "SequenceNumber",
    "Size",
    "StringId",
    "Width",
    "dBm",
];

/// Ends of the names of elements that hold a path or a URI.
const PATHS: &[&str] = &["URI", "Uri", "URL", "Url", "Link", "href"];

/// The words that LEDM's enumerations are made of, in lower case.
const VOCABULARY: &[&str] = &[
    "a",
    "access",
    "accessory",
    "active",
    "ad",
    "adapter",
    "aes",
    "alert",
    "alignment",
    "and",
    "ap",
    "as",
    "auto",
    "black",
    "busy",
    "button",
    "cancel",
    "canceled",
    "cap",
    "card",
    "cartridge",
    "cartridges",
    "chrome",
    "cleaning",
    "close",
    "closed",
    "code",
    "color",
    "complete",
    "con",
    "config",
    "configuration",
    "connected",
    "connecting",
    "consumable",
    "cover",
    "created",
    "default",
    "demo",
    "device",
    "dhcp",
    "diagnostic",
    "diagnostics",
    "direct",
    "disabled",
    "disconnected",
    "door",
    "down",
    "dyn",
    "embedded",
    "empty",
    "enabled",
    "enterprise",
    "error",
    "eth",
    "ethernet",
    "event",
    "extended",
    "false",
    "full",
    "genuine",
    "get",
    "guide",
    "hoc",
    "hp",
    "idle",
    "in",
    "inactive",
    "incompatible",
    "info",
    "information",
    "infrastructure",
    "ink",
    "insert",
    "internal",
    "io",
    "jam",
    "job",
    "jobs",
    "ledm",
    "level",
    "list",
    "load",
    "locked",
    "log",
    "low",
    "manifest",
    "manual",
    "media",
    "mgmt",
    "missing",
    "mode",
    "multi",
    "network",
    "no",
    "none",
    "not",
    "of",
    "off",
    "offline",
    "ok",
    "on",
    "only",
    "open",
    "optional",
    "or",
    "out",
    "output",
    "page",
    "paper",
    "pending",
    "personal",
    "photo",
    "power",
    "pq",
    "print",
    "printer",
    "printing",
    "processing",
    "product",
    "profiles",
    "protocols",
    "push",
    "put",
    "quality",
    "read",
    "ready",
    "report",
    "reset",
    "resource",
    "root",
    "save",
    "scan",
    "scanning",
    "service",
    "set",
    "settings",
    "setup",
    "shutdown",
    "sleep",
    "station",
    "status",
    "summary",
    "supplies",
    "supply",
    "support",
    "supported",
    "test",
    "tkip",
    "tray",
    "true",
    "type",
    "uap",
    "unknown",
    "up",
    "usb",
    "used",
    "warning",
    "warming",
    "web",
    "wep",
    "wi",
    "fi",
    "wifi",
    "wired",
    "wireless",
    "wpa",
    "wps",
    "write",
    "xml",
    "yes",
];

/// Whether the name speaks of something private.
pub(in crate::hp) fn is_private(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name == "mac" || name == "ip" || PRIVATE.iter().any(|part| name.contains(part))
}

/// A plain switch.
pub(in crate::hp) fn is_switch(text: &str) -> bool {
    SWITCHES.contains(&text)
}

/// One word, such as `wifiEmbedded`, made of words that LEDM's documents are known to use, each with at most two
/// digits behind it. Words with spaces between them may be a sentence, or a passphrase.
pub(in crate::hp) fn is_vocabulary(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= WORD
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && parts(text).iter().all(|part| {
            let word = part.trim_end_matches(|c: char| c.is_ascii_digit());
            part.len() - word.len() <= 2 && VOCABULARY.contains(&word.to_ascii_lowercase().as_str())
        })
}

/// `WiFiDirectPIN_2` as `Wi`, `Fi`, `Direct`, `PIN`, `2`.
fn parts(text: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    let mut before = '_';
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let lower_follows = chars.peek().is_some_and(char::is_ascii_lowercase);
        let begins = !before.is_ascii_alphanumeric()
            || (c.is_ascii_uppercase() && (!before.is_ascii_uppercase() || lower_follows))
            || (c.is_ascii_alphabetic() && before.is_ascii_digit());
        if c.is_ascii_alphanumeric() {
            match parts.last_mut() {
                Some(part) if !begins => part.push(c),
                _ => parts.push(c.to_string()),
            }
        }
        before = c;
    }
    parts
}

/// A day, in an element that holds days. Its digits may pass for a PIN's, so it is looked at before they are.
pub(super) fn is_date(name: &str, text: &str) -> bool {
    let number = |range| text.get(range).and_then(|digits: &str| digits.parse::<u16>().ok());
    name.ends_with("Date")
        && text.len() == 10
        && text.bytes().enumerate().all(|(at, b)| if matches!(at, 4 | 7) { b == b'-' } else { b.is_ascii_digit() })
        && number(0..4).is_some_and(|year| (1990..2100).contains(&year))
        && number(5..7).is_some_and(|month| (1..=12).contains(&month))
        && number(8..10).is_some_and(|day| (1..=31).contains(&day))
}

/// Whether a text in such an element may be shown, once it is known not to look private.
pub(super) fn is_harmless(name: &str, text: &str) -> bool {
    let ends = |list: &[&str]| list.iter().any(|end| name.ends_with(end));
    is_number(text, if ends(MEASURES) { 7 } else { 3 })
        || is_schema(text)
        || (ends(LISTS) && is_word(text))
        || (ends(PATHS) && is_path(text))
        || (matches!(name, "Revision" | "Version") && is_version(text))
        || (matches!(name, "MakeAndModel" | "MakeAndModelFamily" | "MakeAndModelBase" | "ProductNumber")
            && text.len() <= WORD
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b" ._()/-".contains(&b)))
}

pub(in crate::hp) fn is_number(text: &str, most: usize) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    (1..=most).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
}

/// Begins with a letter, and has few digits: a name, not a number or a key.
pub(in crate::hp) fn is_word(text: &str) -> bool {
    text.len() <= WORD
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.:".contains(&b))
        && text.bytes().filter(u8::is_ascii_digit).count() <= 3
}

pub(in crate::hp) fn is_path(text: &str) -> bool {
    text.len() <= PATH
        && text.starts_with('/')
        && text.split('/').skip(1).all(|segment| segment.is_empty() || is_word(segment) || is_number(segment, 3))
}

/// A namespace of HP's or of W3C's.
pub(super) fn is_schema(text: &str) -> bool {
    let path = ["http://www.hp.com/schemas/", "http://www.w3.org/"].iter().find_map(|stem| text.strip_prefix(stem));
    path.is_some_and(|path| {
        text.len() <= PATH
            && path.split('/').all(|part| part.is_empty() || is_word(part) || is_number(part, 4) || part == "1.0")
    })
}

/// `SVN-IPG-LEDM.174`; never only digits and separators, which could be a PIN or a number that means somebody.
pub(in crate::hp) fn is_version(text: &str) -> bool {
    text.len() <= WORD
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
        && (text.bytes().any(|b| b.is_ascii_alphabetic()) || is_number(text, 3))
}
