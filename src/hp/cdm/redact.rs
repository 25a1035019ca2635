//! A printer's CDM documents without what is private in them: the rules of LEDM's ([`Redactor`]), for JSON.
//!
//! Names and structure stay; a text stays only where it is known to be harmless. What is called a password, a
//! passphrase or a token is not even read ([`json`]). The words that CDM's lists are made of are not all known, so a
//! single word is kept where the member's name says that it holds one (`state`, `method`, `encryptionType` …), unless it
//! looks private or is known to be.
//!
//! ```
//! use plugprint::hp::cdm::redact::{self, Document};
//! use plugprint::hp::ledm::redact::Redactor;
//!
//! let document = Document::read(br#"{"state": "readyToScan", "ssid": "Villa Anna", "note": "call Anna"}"#).unwrap();
//! let mut redactor = Redactor::default();
//! redact::learn(&mut redactor, &document);
//! let text = redact::write(&redactor, &document);
//! assert!(text.contains("\"state\": \"readyToScan\"") && text.contains("\"note\": \"[text, 9 characters]\""));
//! assert!(text.contains("\"ssid\": \"[private]\""));
//! ```

use std::fmt::Write as _;

use super::json::{self, Value};
use crate::hp::ledm::redact::{MAX_WRITTEN, PRIVATE, Redactor, shape, words};

/// A document as it came. It may hold secrets; there is no way to print it but [`write`].
pub struct Document(Value);

/// Members that hold one word of a list, or several \[C: captures of a Smart Tank 580-590; HPLIP\].
const LISTS: &[&str] = &[
    "adapterName",
    "adapterType",
    "band",
    "category",
    "code",
    "failureReason",
    "lastResult",
    "method",
    "preferredProfile",
    "propertyPointer",
    "rel",
    "reportId",
    "resourceGun",
    "seValue",
    "serviceGun",
    "severity",
    "state",
    "status",
    "wpaVersion",
    "wpaVersionPreference",
];

/// Ends of the names of more of them.
const LIST_ENDS: &[&str] = &["Mode", "State", "Status", "Type"];

/// Members that count or measure.
const MEASURES: &[&str] = &["channel", "dBm", "priority", "sequenceNum", "signalStrength", "stringId"];

impl Document {
    /// Reads a document, with the limits of [`json::parse`].
    ///
    /// # Errors
    /// As [`json::parse`]; they repeat nothing of the document.
    pub fn read(bytes: &[u8]) -> Result<Self, json::Error> {
        json::parse(bytes).map(Self)
    }
}

/// Remembers what stands in the private places of this document, for all that are written from now on, in LEDM too.
pub fn learn(redactor: &mut Redactor, document: &Document) {
    learn_value(redactor, &document.0, false);
}

fn learn_value(redactor: &mut Redactor, value: &Value, private: bool) {
    if private && let Some(text) = value.text() {
        redactor.know(text);
    }
    if private && let Value::Number(number) = value {
        redactor.know(&number.to_string());
    }
    value.entries().iter().for_each(|entry| learn_value(redactor, entry, private));
    for (name, member) in value.members() {
        learn_value(redactor, member, private || words::is_private(name));
    }
}

/// The document without what is private, indented, its members in the order of their names.
#[must_use]
pub fn write(redactor: &Redactor, document: &Document) -> String {
    let mut out = String::new();
    put(redactor, &mut out, &document.0, "", 0, false);
    if out.len() > MAX_WRITTEN {
        let end = (0..=MAX_WRITTEN).rev().find(|at| out.is_char_boundary(*at)).unwrap_or_default();
        out.truncate(end);
        out.push_str("\n[cut off here]");
    }
    out.push('\n');
    out
}

fn put(redactor: &Redactor, out: &mut String, value: &Value, name: &str, depth: usize, private: bool) {
    if out.len() > MAX_WRITTEN {
        return;
    }
    match value {
        Value::Null => out.push_str("null"),
        Value::Boolean(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::OtherNumber => out.push_str("\"[number]\""),
        Value::Number(number) => match text(redactor, name, &number.to_string(), private) {
            shown if shown == number.to_string() => out.push_str(&shown),
            shape => quote(out, &shape),
        },
        Value::Text(found) => quote(out, &text(redactor, name, found, private)),
        Value::List(entries) => block(out, depth, '[', ']', entries.iter(), |out, entry| {
            put(redactor, out, entry, name, depth + 1, private);
        }),
        Value::Object(_) => block(out, depth, '{', '}', value.members(), |out, (name, member)| {
            quote(out, redactor.name(name));
            out.push_str(": ");
            put(redactor, out, member, name, depth + 1, private || words::is_private(name));
        }),
    }
}

fn block<T>(
    out: &mut String,
    depth: usize,
    open: char,
    close: char,
    entries: impl Iterator<Item = T>,
    mut put: impl FnMut(&mut String, T),
) {
    out.push(open);
    let mut any = false;
    for entry in entries {
        if out.len() > MAX_WRITTEN {
            return;
        }
        let _ = write!(out, "{}\n{:indent$}", if any { "," } else { "" }, "", indent = depth * 2 + 2);
        put(out, entry);
        any = true;
    }
    if any {
        let _ = write!(out, "\n{:indent$}", "", indent = depth * 2);
    }
    out.push(close);
}

fn quote(out: &mut String, text: &str) {
    out.push('"');
    json::escape(text, |piece| out.push_str(piece));
    out.push('"');
}

fn text(redactor: &Redactor, name: &str, text: &str, private: bool) -> String {
    let text = text.trim();
    if text.is_empty() || (private && words::is_switch(text)) {
        text.to_owned()
    } else if private || redactor.is_private(text) {
        PRIVATE.to_owned()
    } else if words::is_vocabulary(text) || is_harmless(name, text) {
        text.to_owned()
    } else {
        shape(text)
    }
}

fn is_harmless(name: &str, text: &str) -> bool {
    let holds_words = LISTS.contains(&name) || LIST_ENDS.iter().any(|end| name.ends_with(end));
    words::is_number(text, if MEASURES.contains(&name) { 7 } else { 3 })
        || (holds_words && words::is_word(text))
        || (name == "href" && words::is_path(text))
        || (name == "version" && (words::is_version(text) || is_triple(text)))
        || (name == "firmwareVersion" && words::is_version(text))
}

/// `1.1.0`, as every document of CDM says of itself \[C\]: too short for a PIN, and one number too few for an address.
fn is_triple(text: &str) -> bool {
    let numbers: Vec<&str> = text.split('.').collect();
    numbers.len() == 3 && numbers.iter().all(|number| words::is_number(number, 2) && !number.starts_with('-'))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use proptest::prelude::*;

    use super::super::testing::{capture, fixture, never_panics};
    use super::*;

    fn redacted(document: &str) -> String {
        let document = Document::read(document.as_bytes()).unwrap();
        let mut redactor = Redactor::default();
        learn(&mut redactor, &document);
        write(&redactor, &document)
    }

    /// What becomes of a text under this name.
    fn becomes(name: &str, text: &str) -> String {
        let out = redacted(&serde_json::json!({ name: text }).to_string());
        let back: serde_json::Value = serde_json::from_str(&out).unwrap();
        back.as_object().unwrap().values().next().unwrap().as_str().unwrap().to_owned()
    }

    #[test]
    fn what_is_kept_and_what_is_not() {
        for (name, before, after) in [
            ("state", "readyToScan", "readyToScan"),
            ("method", "patch", "patch"),
            ("reportId", "wirelessNetworkPage", "wirelessNetworkPage"),
            ("encryptionType", "aesOrTkip", "aesOrTkip"),
            ("serviceGun", "com.hp.cdm.service.ioConfig.version.2", "com.hp.cdm.service.ioConfig.version.2"),
            ("href", "/cdm/ioConfig/v2/wifiScan/wifiNetworks", "/cdm/ioConfig/v2/wifiScan/wifiNetworks"),
            ("href", "/cdm/x/76543210", "[private]"),
            ("version", "1.1.0", "1.1.0"),
            ("version", "192.0.2.7", "[private]"),
            ("firmwareVersion", "STEPHON.2345A", "STEPHON.2345A"),
            ("unheard", "true", "true"),
            ("unheard", "sesame", "[text, 6 characters]"),
            ("localizedName", "Wireless Test Page", "[text, 18 characters]"),
            ("stringId", "65571", "65571"),
            ("unheard", "65571", "[5 digits]"),
            ("pinLabelEnabled", "true", "true"),
            ("pinLabelEnabled", "0492", "[private]"),
            ("ssid", "Villa", "[private]"),
            ("serialNumber", "CN01", "[private]"),
            ("deviceUuid", "x", "[private]"),
            ("macAddress", "02", "[private]"),
            ("state", "76543210", "[private]"),
            ("state", "0200.5e10.0001", "[private]"),
            ("state", "two words", "[text, 9 characters]"),
        ] {
            assert_eq!(becomes(name, before), after, "{name} {before}");
        }
    }

    #[test]
    fn what_stands_in_a_private_place_is_private_everywhere() {
        let out = redacted(
            r#"{"state": "Villa-Anna", "list": [{"ssid": "villa anna"}], "hostname": {"name": "Zebra", "n": 40719},
                "status": "myzebra", "channel": 40719, "band": "56696c6c6120416e6e61", "passPhrase": "hunter22"}"#,
        );
        for private in ["villa", "anna", "zebra", "40719", "5669", "hunter", "passPhrase"] {
            assert!(!out.to_lowercase().contains(private), "{private} in {out}");
        }
    }

    #[test]
    fn names_are_structure_unless_they_look_private() {
        let out = redacted(
            r#"{"02005e103006": {"state": "on"}, "anna@example.net": 1, "wifi0": {"ssid": "Ochse"}, "ochse": 2}"#,
        );
        assert!(!out.contains("02005e") && !out.contains('@') && !out.to_lowercase().contains("ochse"), "{out}");
        assert!(out.contains("\"wifi0\"") && out.matches("\"unusual-name\"").count() == 3, "{out}");
    }

    /// What a real printer sent: what is worth learning survives, and what it wrote back of its network does not.
    #[test]
    fn captures_stay_worth_reading() {
        let Some(reports) = capture("smart-tank-580-590-reports.json") else { return };
        let out = redacted(&String::from_utf8(reports).unwrap());
        for kept in ["\"wirelessNetworkPage\"", "\"/cdm/report/v1/print\"", "\"patch\"", "\"printable\": \"true\""] {
            assert!(out.contains(kept), "{kept} is not in {out}");
        }
        let config = redacted(&String::from_utf8(capture("smart-tank-580-590-wireless-config.json").unwrap()).unwrap());
        assert!(!config.contains("ANON") && config.contains("\"band2pt4Ghz\""), "{config}");
    }

    #[test]
    fn the_structure_stays() {
        for name in ["adapters.json", "services.json", "wifi-networks.json", "alerts.json"] {
            let before: serde_json::Value = serde_json::from_slice(&fixture(name)).unwrap();
            let after: serde_json::Value = serde_json::from_str(&redacted(&before.to_string())).unwrap();
            fn names(value: &serde_json::Value) -> Vec<String> {
                match value {
                    serde_json::Value::Array(entries) => entries.iter().flat_map(names).collect(),
                    serde_json::Value::Object(members) => {
                        members.iter().flat_map(|(name, member)| [vec![name.clone()], names(member)].concat()).collect()
                    }
                    _ => Vec::new(),
                }
            }
            assert_eq!(names(&before), names(&after), "{name}");
        }
    }

    #[test]
    fn damaged_documents_end_in_a_value() {
        never_panics("adapters.json", |bytes| {
            Document::read(bytes).map(|document| drop(write(&Redactor::default(), &document)))
        });
        let many = format!("{{\"links\": [{}0]}}", r#"{"href": "/cdm/x"},"#.repeat(14_000));
        let out = redacted(&many);
        assert!(out.len() < MAX_WRITTEN + 64 && out.ends_with("[cut off here]\n"), "{}", out.len());
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1024) })]

        #[test]
        fn what_looks_private_never_survives(
            canary in prop_oneof![
                Just("76543210".to_owned()), Just("7654-3210".to_owned()), Just("cnb7-canary".to_owned()),
                "[0-9A-F]{12,40}", "([0-9a-f]{2}:){5}[0-9a-f]{2}", any::<u32>().prop_map(|ip| std::net::Ipv4Addr::from(ip).to_string()),
                "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "[a-z]{3,8}@[a-z]{3,8}\\.net",
            ],
            name in prop::sample::select(vec!["state", "method", "reportId", "href", "version", "note", "stringId", "rel", "ssid"]),
            before in "([a-z]{1,6}[/.])?",
            place in 0u8..4,
        ) {
            let text = format!("{before}{canary}");
            let document = match place {
                0 => serde_json::json!({ name: text }),
                1 => serde_json::json!({ "a": [{ name: [text, "on"] }] }),
                2 => serde_json::json!({ text: { name: 1 } }),
                _ => serde_json::json!({ "b": { name: { "state": text } } }),
            };
            let document = Document::read(document.to_string().as_bytes()).unwrap();
            let mut redactor = Redactor::default();
            redactor.know("CNB7CANARY");
            learn(&mut redactor, &document);
            let out = write(&redactor, &document);
            prop_assert!(!out.to_lowercase().contains(&canary.to_lowercase()), "{} is in {}", canary, out);
        }

        /// A secret of no known form passes only where the name says that one word of a list is there.
        #[test]
        fn no_free_text_survives(
            canary in "(Zq|q)[A-Za-z0-9!?$ ]{6,30}x",
            name in "(note|remark|foo|value|text|name|label|description)[A-Z]?[a-d]{0,3}",
        ) {
            prop_assume!(!LIST_ENDS.iter().any(|end| name.ends_with(end)));
            let out = redacted(&serde_json::json!({ name: canary }).to_string());
            prop_assert!(!out.contains(&canary), "{} is in {}", canary, out);
        }
    }
}
