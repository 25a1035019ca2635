//! `/cdm/ioConfig/v2/wirelessConfig`: the network that the station is set to \[C: Smart Tank 580-590; HPLIP\]. `GET`
//! returns the stored passphrase in clear on some models \[C: Smart Tank 580-590\]; it is not read ([`json`]).
//!
//! ```
//! use plugprint::hp::cdm::wireless_config;
//!
//! let config = wireless_config::parse(br#"{"version": "2.0.0", "preferredProfile": "wlanProfile1",
//!     "wlanProfile1": {"activeProfile": "true", "ssid": "Home", "passPhrase": "correct horse"}}"#).unwrap();
//! assert_eq!(config.ssid().unwrap().to_string(), "Home");
//! assert!(!format!("{config:?}").contains("horse"));
//! ```

use std::collections::BTreeMap;
use std::fmt;

use zeroize::Zeroizing;

use super::json::{self, Value};
use super::wifi_networks::{Heard, ssid};
use crate::secret::Passphrase;
use crate::wifi::Ssid;

/// Where it is \[C\].
pub const PATH: &str = "/cdm/ioConfig/v2/wirelessConfig";

/// The most members that are given back.
const MAX_MEMBERS: usize = 32;

/// The network that the station is set to, and what belongs to it. Without any passphrase.
#[derive(Clone, PartialEq, Eq)]
pub struct WirelessConfig {
    /// The simple members of the document, but for its version.
    members: BTreeMap<String, Simple>,
    /// The name of the profile that counts.
    preferred: String,
    /// Its simple members.
    profile: BTreeMap<String, Simple>,
}

/// A value that is given back as it came.
#[derive(Clone, PartialEq, Eq)]
enum Simple {
    Text(String),
    Boolean(bool),
    Number(i64),
}

impl Simple {
    fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Text(text) => Some(Self::Text(text.to_string())),
            Value::Boolean(value) => Some(Self::Boolean(*value)),
            Value::Number(value) => Some(Self::Number(*value)),
            Value::Null | Value::OtherNumber | Value::List(_) | Value::Object(_) => None,
        }
    }
}

impl fmt::Debug for WirelessConfig {
    /// The network's name is nobody's business in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WirelessConfig({} of {} members)", self.preferred.escape_default(), self.profile.len())
    }
}

impl WirelessConfig {
    /// The name of the network that the station is set to.
    #[must_use]
    pub fn ssid(&self) -> Option<Ssid> {
        match self.profile.get("ssid") {
            Some(Simple::Text(name)) => Some(ssid(name)).filter(|ssid| !ssid.is_empty()),
            _ => None,
        }
    }
}

/// Reads the document.
///
/// # Errors
/// Where it is not well-formed, too much, or does not name its profile.
pub fn parse(document: &[u8]) -> Result<WirelessConfig, json::Error> {
    let document = json::parse(document)?;
    let preferred = document
        .word("preferredProfile")
        .filter(|name| name.len() <= 64 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-'))
        .filter(|name| !matches!(*name, "version" | "band" | "preferredProfile" | "links"))
        .ok_or(json::Error::Content { what: "it does not say which profile counts" })?;
    let simple = |of: Option<&Value>, but: &[&str]| {
        let members = of.into_iter().flat_map(Value::members);
        let members = members.filter(|(name, _)| !but.contains(name));
        members.filter_map(|(name, value)| Some((name.to_owned(), Simple::of(value)?))).take(MAX_MEMBERS).collect()
    };
    Ok(WirelessConfig {
        members: simple(Some(&document), &["version", preferred]),
        preferred: preferred.to_owned(),
        profile: simple(document.member(preferred), &[]),
    })
}

/// The words for a network's security, as the printer writes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// `authenticationMode`.
    pub authentication: String,
    /// `encryptionType`.
    pub encryption: String,
    /// `wpaVersionPreference`.
    pub wpa_version: String,
}

impl Words {
    /// For a network that the printer hears: its own words back \[C: HPLIP\]. `wpaOrWpa2` becomes `auto` \[C: HPLIP\],
    /// and a version that can't be preferred, too \[I: HP's class WirelessProfile has four\].
    #[must_use]
    pub fn of(heard: &Heard) -> Option<Self> {
        let authentication = match heard.authentication.as_deref()? {
            "wpaOrWpa2" => "auto",
            word => word,
        };
        let preferred = |word: &&str| matches!(*word, "wpa2" | "wpa3" | "wpa2OrWpa3");
        let wpa_version = heard.wpa_version.as_deref().filter(preferred).unwrap_or("auto");
        let words = Self {
            authentication: authentication.to_owned(),
            encryption: heard.encryption.clone()?,
            wpa_version: wpa_version.to_owned(),
        };
        Some(words)
    }

    /// For a network that it does not hear: what a Smart Tank 580-590 has stored for one with a passphrase \[C\], and
    /// HP's words for an open one \[C: HP's class WifiNetwork; that they are taken, \[I\]\].
    #[must_use]
    pub fn usual(open: bool) -> Self {
        let (authentication, encryption) = if open { ("open", "none") } else { ("wpaPersonal", "aesOrTkip") };
        Self { authentication: authentication.into(), encryption: encryption.into(), wpa_version: "auto".into() }
    }
}

/// The longest document that is written, in bytes: what came back is cut to that, and the rest is fixed.
const CAPACITY: usize = 256 * 1024;

/// Writes the setting that makes the station join this network: the document that was read without its version, and
/// the preferred profile with the new network in it \[C: HPLIP\]. Other profiles are left out: their passphrases were
/// not read, and a `PATCH` leaves alone what it does not name (RFC 7396) \[I\]. `None` where the network's name is no
/// text, or something is too long.
///
/// The document holds the passphrase. It has its size from the start, so that no half of it stays behind in freed
/// memory, and is wiped when it is dropped.
pub(super) fn compose(
    config: &WirelessConfig,
    name: &Ssid,
    words: &Words,
    passphrase: Option<&Passphrase>,
) -> Option<Zeroizing<Vec<u8>>> {
    let name = std::str::from_utf8(name.as_bytes()).ok()?;
    let passphrase = match passphrase {
        Some(passphrase) => Some(std::str::from_utf8(passphrase.expose()).ok()?),
        None => None,
    };
    let set = [
        ("ssid", name),
        ("authenticationMode", words.authentication.as_str()),
        ("encryptionType", words.encryption.as_str()),
        ("wpaVersionPreference", words.wpa_version.as_str()),
    ];
    let own = config.profile.iter().filter(|(member, _)| !set.iter().any(|(name, _)| name == member));
    let mut length = 64;
    let mut count = |text: &str| length += text.len();
    let write_all = |write: &mut dyn FnMut(&str)| {
        write("{");
        for (name, value) in &config.members {
            member(write, name, value);
            write(",");
        }
        text(write, &config.preferred);
        write(":{");
        for (name, value) in own.clone() {
            member(write, name, value);
            write(",");
        }
        for (at, (name, value)) in set.iter().enumerate() {
            write(if at == 0 { "" } else { "," });
            text(write, name);
            write(":");
            text(write, value);
        }
        if let Some(passphrase) = passphrase {
            write(",\"passPhrase\":");
            text(write, passphrase);
        }
        write("}}");
    };
    write_all(&mut count);
    if length > CAPACITY {
        return None;
    }
    let mut document = Zeroizing::new(Vec::with_capacity(length));
    write_all(&mut |text| document.extend_from_slice(text.as_bytes()));
    debug_assert!(document.len() <= length, "a copy was left behind");
    Some(document)
}

fn member(write: &mut dyn FnMut(&str), name: &str, value: &Simple) {
    text(write, name);
    write(":");
    match value {
        Simple::Text(value) => text(write, value),
        Simple::Boolean(value) => write(if *value { "true" } else { "false" }),
        Simple::Number(value) => write(&value.to_string()),
    }
}

fn text(write: &mut dyn FnMut(&str), text: &str) {
    write("\"");
    json::escape(text, &mut *write);
    write("\"");
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use proptest::prelude::*;

    use super::super::testing::{capture, fixture, never_panics};
    use super::*;
    use crate::wifi::passphrase;

    fn composed(config: &WirelessConfig, name: &str, phrase: Option<&str>) -> serde_json::Value {
        let phrase = phrase.map(|phrase| passphrase::parse(phrase.as_bytes()).unwrap());
        let words = Words::usual(phrase.is_none());
        let document = compose(config, &Ssid::new(name).unwrap(), &words, phrase.as_ref()).unwrap();
        serde_json::from_slice(&document).unwrap()
    }

    #[test]
    fn a_real_one_keeps_its_passphrase_to_itself() {
        let Some(document) = capture("smart-tank-580-590-wireless-config.json") else { return };
        let config = parse(&document).unwrap();
        assert_eq!(config.ssid().unwrap().to_string(), "ANON-SSID-0000");
        assert!(!format!("{config:?}").contains("ANON"), "{config:?}");
        let set = composed(&config, "Example", None).to_string();
        assert!(!set.contains("ANON-PASSPHRASE"), "{set}");
    }

    #[test]
    fn a_network_with_a_passphrase() {
        let config = parse(&fixture("wireless-config.json")).unwrap();
        assert_eq!(
            composed(&config, "Tü \"x\"", Some("correct \"horse\\")),
            serde_json::json!({
                "band": "band2pt4Ghz",
                "preferredProfile": "wlanProfile1",
                "wlanProfile1": {
                    "activeProfile": "true",
                    "ssid": "Tü \"x\"",
                    "authenticationMode": "wpaPersonal",
                    "encryptionType": "aesOrTkip",
                    "wpaVersionPreference": "auto",
                    "passPhrase": "correct \"horse\\"
                }
            })
        );
    }

    #[test]
    fn an_open_network_takes_no_passphrase_along() {
        let config = parse(&fixture("wireless-config.json")).unwrap();
        let set = composed(&config, "Example", None);
        assert_eq!(set["wlanProfile1"]["authenticationMode"], "open");
        assert!(set["wlanProfile1"].get("passPhrase").is_none());
    }

    #[test]
    fn a_profile_that_is_not_there_yet_is_made() {
        let config = parse(br#"{"preferredProfile":"wlanProfile2","wlanProfile1":{"ssid":"Old"}}"#).unwrap();
        assert_eq!(config.ssid(), None);
        let set = composed(&config, "Example", None);
        assert_eq!(set["wlanProfile2"]["ssid"], "Example");
        assert!(set.get("wlanProfile1").is_none());
    }

    #[test]
    fn which_profile_counts_must_be_said() {
        for document in
            ["{}", r#"{"preferredProfile":""}"#, r#"{"preferredProfile":"a b"}"#, r#"{"preferredProfile":"band"}"#]
        {
            assert!(parse(document.as_bytes()).is_err(), "{document}");
        }
    }

    #[test]
    fn a_name_that_is_no_text_can_not_be_set() {
        let config = parse(&fixture("wireless-config.json")).unwrap();
        assert!(compose(&config, &Ssid::new(b"\xff\xfe").unwrap(), &Words::usual(true), None).is_none());
    }

    #[test]
    fn the_words_of_a_scan_are_given_back() {
        let heard = |words: &str| super::super::wifi_networks::read(&json::parse(words.as_bytes()).unwrap());
        let words =
            Words::of(&heard(r#"{"authenticationMode":"wpaPersonal","encryptionType":"aes","wpaVersion":"wpa2"}"#));
        let expected =
            Words { authentication: "wpaPersonal".into(), encryption: "aes".into(), wpa_version: "wpa2".into() };
        assert_eq!(words, Some(expected));
        let mixed =
            Words::of(&heard(r#"{"authenticationMode":"wpaOrWpa2","encryptionType":"aes","wpaVersion":"wpaOrWpa2"}"#));
        assert_eq!(mixed.map(|words| (words.authentication, words.wpa_version)), Some(("auto".into(), "auto".into())));
        assert_eq!(Words::of(&heard("{}")), None);
    }

    proptest! {
        #[test]
        fn the_stored_passphrase_is_nowhere(phrase in "[!-~]{8,20}") {
            prop_assume!(!"wlanProfile1wpaPersonalaesOrTkipactiveProfile".contains(&phrase));
            let document = serde_json::json!({
                "preferredProfile": "wlanProfile1", "passPhrase": phrase,
                "wlanProfile1": {"ssid": "x", "passPhrase": phrase, "wepKey": phrase},
            });
            let config = parse(document.to_string().as_bytes()).unwrap();
            let set = compose(&config, &Ssid::new("y").unwrap(), &Words::usual(true), None).unwrap();
            let shown = format!("{config:?}");
            prop_assert!(!shown.contains(&phrase));
            let written = String::from_utf8(set.to_vec()).unwrap();
            prop_assert!(!written.contains(&phrase));
        }
    }

    #[test]
    fn damaged_documents_end_in_a_value() {
        never_panics("wireless-config.json", |bytes| parse(bytes).map(drop));
    }
}
