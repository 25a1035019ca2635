//! `io:WifiNetwork`: a network as a printer describes it, the one that it is set to ([`adapters`](super::adapters))
//! as well as those that it hears ([`wifi_networks`](super::wifi_networks)). Any child may be missing \[C: HPLIP\].

use std::fmt;

use super::token::{mac, shown, tokens, unknown};
use super::xml::Element;
use super::{IO, WIFI};
use crate::wifi::{self, Security};

tokens! {
    /// `wifi:CommunicationMode` \[C\].
    pub enum CommunicationMode {
        /// Through an access point.
        Infrastructure = "infrastructure",
        /// Without one; this is how Wi-Fi Direct reports itself.
        AdHoc = "adHoc",
    }
}

tokens! {
    /// `wifi:WpsSupport`.
    pub enum WpsSupport {
        /// \[C: ENVY Photo 7830, OfficeJet Pro 9022e\].
        Enabled = "enabled",
        /// \[I\].
        Disabled = "disabled",
    }
}

/// The name of a network as a printer writes it.
#[derive(Clone, PartialEq, Eq)]
pub enum Ssid {
    /// The element is empty: the network hides its name, or there is none.
    Hidden,
    /// Its bytes, which the document gives in hexadecimal \[C\].
    Named(wifi::Ssid),
    /// A text that is no hexadecimal name, as some models write it (a single `0` \[C: HPLIP\]).
    Unreadable(String),
}

impl Ssid {
    /// Reads the element's text.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        match wifi::Ssid::from_hex(text) {
            // A hidden network may also be told as a name of zeros (IEEE 802.11 beacons do so) [I].
            Some(name) if name.as_bytes().iter().all(|b| *b == 0) => Self::Hidden,
            Some(name) => Self::Named(name),
            None => Self::Unreadable(unknown(text)),
        }
    }

    /// The name, where it is one.
    #[must_use]
    pub fn known(&self) -> Option<&wifi::Ssid> {
        match self {
            Self::Named(name) => Some(name),
            Self::Hidden | Self::Unreadable(_) => None,
        }
    }
}

impl fmt::Debug for Ssid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hidden => f.write_str("Hidden"),
            Self::Named(_) => write!(f, "Named({self})"),
            Self::Unreadable(_) => write!(f, "Unreadable({self})"),
        }
    }
}

impl fmt::Display for Ssid {
    /// Fit for a terminal: what is not printable is escaped. Empty for a hidden one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hidden => Ok(()),
            Self::Named(name) => name.fmt(f),
            Self::Unreadable(text) => f.write_str(&shown(text)),
        }
    }
}

/// A network as a printer describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WifiNetwork {
    /// Its name.
    pub ssid: Ssid,
    /// The access point's address; `None` where it is none, or zeros.
    pub bssid: Option<[u8; 6]>,
    /// Through an access point or not; `None` where the printer does not say.
    pub mode: Option<CommunicationMode>,
    /// The channel; 0 when not connected \[C: ENVY Photo 7830\].
    pub channel: Option<u16>,
    /// The printer's own measure: 0 to 5, and 6 seen \[C: Color Laser MFP 178nw\].
    pub signal_strength: Option<u8>,
    /// Signal level in dBm; `None` also for 0, which an unconnected radio reports \[C: ENVY Photo 7830\].
    pub dbm: Option<i16>,
    /// `wifi:EncryptionType`, in the printer's words (`none`, `WPA2`, `WPA2_PSK` …): given back to it as they are.
    pub encryption: Option<String>,
    /// `wifi:AuthenticationMode`, in the printer's words (`open`, `WPA2` …).
    pub authentication: Option<String>,
    /// `wifi:WpsSupport`: whether WPS can be used. The meaning is inferred \[I\]; the element is \[C: ENVY Photo 7830\].
    pub wps: Option<WpsSupport>,
}

impl WifiNetwork {
    /// The same in the words that all routes share. What is no name there is an empty one.
    #[must_use]
    pub fn network(&self) -> wifi::Network {
        wifi::Network {
            ssid: self.ssid.known().cloned().unwrap_or_default(),
            bssid: self.bssid,
            security: self.security(),
            channel: self.channel.filter(|channel| *channel != 0),
            signal_dbm: self.dbm,
            wps: match self.wps {
                Some(WpsSupport::Enabled) => Some(true),
                Some(WpsSupport::Disabled) => Some(false),
                Some(WpsSupport::Unknown(_)) | None => None,
            },
        }
    }

    /// How it is secured, as far as the printer's words tell. `none`, `open`, `WPA2`, `WPA_PSK` and `WPA2_PSK` were
    /// seen \[C\]; the others are taken from their names \[I\].
    #[must_use]
    pub fn security(&self) -> Security {
        let encryption = self.encryption.as_deref().unwrap_or_default();
        let authentication = self.authentication.as_deref().unwrap_or_default();
        security(encryption, authentication)
    }
}

fn security(encryption: &str, authentication: &str) -> Security {
    let words = format!("{encryption}/{authentication}").to_ascii_uppercase();
    let has = |word: &str| words.contains(word);
    let parts = || words.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty());
    if ["ENTERPRISE", "EAP", "802.1X", "8021X", "RADIUS"].into_iter().any(has) {
        return Security::Enterprise;
    }
    let wpa3 = has("WPA3") || has("SAE");
    let wpa2 = has("WPA2") || has("RSN") || has("AUTOWPA");
    let wpa = has("AUTOWPA") || parts().any(|part| matches!(part, "WPA" | "WPA1" | "WPAPSK"));
    match (wpa, wpa2, wpa3) {
        (false, false, true) => Security::Wpa3Personal,
        (_, _, true) => Security::Wpa2Wpa3Personal,
        (true, true, false) => Security::WpaWpa2Personal,
        (false, true, false) => Security::Wpa2Personal,
        (true, false, false) => Security::WpaPersonal,
        _ if has("WEP") => Security::Wep,
        _ if parts().any(|part| part == "OWE") => Security::EnhancedOpen,
        _ if parts().next().is_some() && parts().all(|part| matches!(part, "NONE" | "OPEN")) => Security::Open,
        _ => Security::Unknown(unknown(encryption)),
    }
}

/// Reads the element.
pub(super) fn read(element: &Element) -> WifiNetwork {
    let signal = element.child(IO, "SignalInfo");
    WifiNetwork {
        ssid: Ssid::from_text(element.value(WIFI, "SSID").unwrap_or_default()),
        bssid: element.value(WIFI, "BSSID").and_then(bssid),
        mode: element.value(WIFI, "CommunicationMode").map(CommunicationMode::from_word),
        channel: element.value(WIFI, "Channel").and_then(|text| text.parse().ok()),
        signal_strength: signal.and_then(|s| s.value(WIFI, "SignalStrength")).and_then(|text| text.parse().ok()),
        dbm: signal.and_then(|s| s.value(WIFI, "dBm")).and_then(|text| text.parse().ok()).filter(|dbm| *dbm != 0),
        encryption: element.value(WIFI, "EncryptionType").map(unknown),
        authentication: element.value(WIFI, "AuthenticationMode").map(unknown),
        wps: element.value(WIFI, "WpsSupport").map(WpsSupport::from_word),
    }
}

/// An address in hexadecimal digits, or that text in hexadecimal once more \[C: HPLIP reads both\].
fn bssid(text: &str) -> Option<[u8; 6]> {
    mac(text).or_else(|| {
        let twice = wifi::Ssid::from_hex(text)?;
        mac(std::str::from_utf8(twice.as_bytes()).ok()?)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_of_networks() {
        assert_eq!(Ssid::from_text(""), Ssid::Hidden);
        assert_eq!(Ssid::from_text("0000"), Ssid::Hidden);
        assert_eq!(Ssid::from_text("0"), Ssid::Unreadable("0".into()));
        assert_eq!(Ssid::from_text("486F6d65").known(), wifi::Ssid::new("Home").ok().as_ref());
        assert_eq!(Ssid::from_text(&"41".repeat(33)), Ssid::Unreadable("41".repeat(32)));
        assert_eq!(Ssid::from_text("ff1b").to_string(), r"\xff\x1b");
        assert_eq!(Ssid::from_text("e280ae41").to_string(), r"\xe2\x80\xaeA", "no turning of what follows");
    }

    #[test]
    fn what_the_words_say() {
        for (encryption, authentication, expected) in [
            ("none", "open", Security::Open),
            ("none", "", Security::Open),
            ("WPA2", "WPA2", Security::Wpa2Personal),
            ("WPA2_PSK", "", Security::Wpa2Personal),
            ("WPA_PSK", "WPA_PSK", Security::WpaPersonal),
            ("WPA", "", Security::WpaPersonal),
            ("WPA-PSK/WPA2-PSK", "", Security::WpaWpa2Personal),
            ("WPA2_WPA3", "", Security::Wpa2Wpa3Personal),
            ("WPA3", "SAE", Security::Wpa3Personal),
            ("WPA3_SAE", "", Security::Wpa3Personal),
            ("WEP", "open", Security::Wep),
            ("WPA2_ENTERPRISE", "", Security::Enterprise),
            ("WPA2", "802.1X", Security::Enterprise),
            ("OWE", "", Security::EnhancedOpen),
            ("", "", Security::Unknown(String::new())),
            ("WAPI", "", Security::Unknown("WAPI".into())),
            ("none", "magic", Security::Unknown("none".into())),
        ] {
            assert_eq!(security(encryption, authentication), expected, "{encryption} {authentication}");
        }
    }

    #[test]
    fn addresses_of_access_points() {
        let expected = Some([2, 0, 0, 0, 0, 0x99]);
        for text in ["020000000099", "02:00:00:00:00:99", "02-00-00-00-00-99", "303230303030303030303939"] {
            assert_eq!(bssid(text), expected, "{text}");
        }
        for text in ["", "000000000000", "0200000000", "02000000009900", "REDACTED", "3032"] {
            assert_eq!(bssid(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_name_survives(name in prop::collection::vec(any::<u8>(), 1..=32)) {
            let ssid = wifi::Ssid::new(&name).unwrap();
            let hidden = name.iter().all(|b| *b == 0);
            let read = Ssid::from_text(&ssid.to_hex());
            prop_assert_eq!(read.known(), Some(&ssid).filter(|_| !hidden));
        }

        #[test]
        fn any_word_is_read(encryption in "\\PC{0,40}", authentication in "\\PC{0,40}", address in "\\PC{0,40}") {
            let _ = (security(&encryption, &authentication), bssid(&address));
        }
    }
}
