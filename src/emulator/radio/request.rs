//! The two documents that set the radio up. Strict: namespaces, elements, nothing beside them, nothing twice.

use quick_xml::events::Event;
use quick_xml::name::ResolveResult;
use quick_xml::reader::NsReader;

use super::{Hushed, Profile, Security};

const IO: &str = "http://www.hp.com/schemas/imaging/con/ledm/iomgmt/2008/11/30";
const WIFI: &str = "http://www.hp.com/schemas/imaging/con/wifi/2009/06/26";
const DD: &str = "http://www.hp.com/schemas/imaging/con/dictionaries/1.0/";

/// The most elements below each other.
const DEPTH: usize = 8;

/// An element without children: its path in our own prefixes, and its text.
type Leaf = (String, String);

/// The leaves of a document, in their order; `None` where something is in no known namespace, or text stands
/// beside elements.
fn leaves(document: &[u8]) -> Option<Vec<Leaf>> {
    let mut reader = NsReader::from_str(std::str::from_utf8(document).ok()?);
    // Each open element: its name, its text, and whether it has children.
    let mut open: Vec<(String, String, bool)> = Vec::new();
    let mut leaves = Vec::new();
    let mut roots = 0;
    loop {
        let (namespace, event) = reader.read_resolved_event().ok()?;
        let (element, empty) = match event {
            Event::Start(element) => (element, false),
            Event::Empty(element) => (element, true),
            Event::End(_) => {
                close(&mut open, &mut leaves)?;
                continue;
            }
            Event::Text(text) => {
                match open.last_mut() {
                    Some((_, kept, _)) => kept.push_str(&text.xml10_content()),
                    None if text.trim_ascii().is_empty() => {}
                    None => return None,
                }
                continue;
            }
            Event::Decl(_) | Event::Comment(_) => continue,
            Event::Eof => break,
            _ => return None,
        };
        let ResolveResult::Bound(namespace) = namespace else { return None };
        let prefix = match namespace.as_ref() {
            IO => "io",
            WIFI => "wifi",
            DD => "dd",
            _ => return None,
        };
        match open.last_mut() {
            Some((_, text, parent)) if text.trim().is_empty() => *parent = true,
            None if roots == 0 => roots = 1,
            _ => return None,
        }
        if open.len() >= DEPTH {
            return None;
        }
        open.push((format!("{prefix}:{}", element.local_name().as_ref()), String::new(), false));
        if empty {
            close(&mut open, &mut leaves)?;
        }
    }
    open.is_empty().then_some(leaves)
}

fn close(open: &mut Vec<(String, String, bool)>, leaves: &mut Vec<Leaf>) -> Option<()> {
    let path = open.iter().map(|(name, ..)| name.as_str()).collect::<Vec<_>>().join("/");
    let (_, text, parent) = open.pop()?;
    if !parent {
        if leaves.iter().any(|(known, _)| *known == path) {
            return None;
        }
        leaves.push((path, text.trim().to_owned()));
    } else if !text.trim().is_empty() {
        return None;
    }
    Some(())
}

/// Which root a power document had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::emulator) enum Form {
    /// `io:Adapters > io:Adapter`.
    Adapters,
    /// `io:Adapter`.
    Adapter,
}

/// What a power document says: on or off.
pub(in crate::emulator) fn power(document: &[u8]) -> Option<(Form, bool)> {
    let leaves = leaves(document)?;
    let [(path, word)] = leaves.as_slice() else { return None };
    let form = match path.as_str() {
        "io:Adapters/io:Adapter/io:HardwareConfig/dd:Power" => Form::Adapters,
        "io:Adapter/io:HardwareConfig/dd:Power" => Form::Adapter,
        _ => return None,
    };
    match word.as_str() {
        "on" => Some((form, true)),
        "off" => Some((form, false)),
        _ => None,
    }
}

/// What a profile document says, and its wifi:EncryptionType to the letter. `known` is what such a word means.
pub(in crate::emulator) fn profile(
    document: &[u8],
    known: impl Fn(&str) -> Option<Security>,
) -> Option<(Profile, String)> {
    const ALL: &str = "io:Profile/io:AdapterProfile/io:WifiProfile/";
    const KEY: &str = "io:KeyInfo/io:WpaPassPhraseInfo/";
    let (mut ssid, mut mode, mut encryption, mut authentication) = (None, None, None, None);
    let (mut rsn_encryption, mut rsn_authorization, mut passphrase) = (None, None, None);
    for (path, text) in leaves(document)? {
        let below = path.strip_prefix(ALL)?;
        let slot = match below.strip_prefix(KEY).unwrap_or(below) {
            "wifi:SSID" if !below.starts_with(KEY) => &mut ssid,
            "wifi:CommunicationMode" if !below.starts_with(KEY) => &mut mode,
            "wifi:EncryptionType" if !below.starts_with(KEY) => &mut encryption,
            "wifi:AuthenticationMode" if !below.starts_with(KEY) => &mut authentication,
            "wifi:RsnEncryption" if below.starts_with(KEY) => &mut rsn_encryption,
            "wifi:RsnAuthorization" if below.starts_with(KEY) => &mut rsn_authorization,
            "wifi:PassPhrase" if below.starts_with(KEY) => &mut passphrase,
            _ => return None,
        };
        *slot = Some(text);
    }
    let ssid = unhex(&ssid?).filter(|ssid| (1..=32).contains(&ssid.len()))?;
    let (encryption, authentication) = (encryption?, authentication?);
    let security = known(&encryption)?;
    if mode? != "infrastructure" {
        return None;
    }
    if security == Security::Open {
        let keyless = rsn_encryption.is_none() && rsn_authorization.is_none() && passphrase.is_none();
        return (keyless && authentication == "open")
            .then_some((Profile { ssid, security, passphrase: None }, encryption));
    }
    if authentication != encryption || rsn_encryption? != "AESOrTKIP" || rsn_authorization? != "autoWPA" {
        return None;
    }
    let passphrase = String::from_utf8(unhex(&passphrase?)?).ok().filter(|passphrase| sound(passphrase))?;
    Some((Profile { ssid, security, passphrase: Some(Hushed(passphrase)) }, encryption))
}

/// 8 to 63 printable ASCII characters, or 64 hexadecimal digits (IEEE 802.11, M.4).
fn sound(passphrase: &str) -> bool {
    match passphrase.len() {
        8..=63 => passphrase.bytes().all(|byte| (b' '..=b'~').contains(&byte)),
        64 => passphrase.bytes().all(|byte| byte.is_ascii_hexdigit()),
        _ => false,
    }
}

pub(in crate::emulator) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = text.as_bytes().chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return None;
    }
    pairs.map(|pair| Some(digit(*pair.first()?)? << 4 | digit(*pair.last()?)?)).collect()
}

/// A path segment's bytes, percent-decoded.
pub(in crate::emulator) fn unescape(segment: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut rest = segment;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        let (pair, more) = after.split_at_checked(2)?;
        bytes.extend(unhex(pair)?);
        rest = more;
    }
    bytes.extend_from_slice(rest.as_bytes());
    Some(bytes)
}
