//! `/cdm/ioConfig/v2/wifiScan`: listening for networks. A `PATCH` starts it, its `state` tells when it is over, and
//! `wifiScan/wifiNetworks` lists what was heard \[C: HPLIP\]. Names are plain text, not hexadecimal.
//!
//! ```
//! use plugprint::hp::cdm::wifi_networks;
//! use plugprint::wifi::Security;
//!
//! let heard = wifi_networks::parse(br#"{"wifiNetworkList": [{"ssid": "Home", "channel": 6, "encryptionType": "aes",
//!     "authenticationMode": "wpaPersonal", "wpaVersion": "wpa2", "signalStrength": {"dBm": -48}}]}"#).unwrap();
//! let home = heard[0].network();
//! assert_eq!((home.ssid.to_string().as_str(), home.security), ("Home", Security::Wpa2Personal));
//! ```

use super::json::{self, Value};
use crate::hp::ledm::token::{mac, unknown};
use crate::wifi::{self, Security, Ssid};

/// Where a scan is started and watched \[C: HPLIP\].
pub const PATH: &str = "/cdm/ioConfig/v2/wifiScan";
/// What was heard \[C: HPLIP\].
pub const LIST: &str = "/cdm/ioConfig/v2/wifiScan/wifiNetworks";
/// Starts a scan of all networks \[C: HPLIP\].
pub const START: &str = r#"{"state":"scanProcessing","scanType":"undirected"}"#;

/// The most networks that are kept, in the printer's order.
const MAX_NETWORKS: usize = 256;

/// A network as the printer hears it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// Its name; empty where it hides it, or what is written is no name.
    pub ssid: Ssid,
    /// The access point's address.
    pub bssid: Option<[u8; 6]>,
    /// `communicationMode` says that it is no network of an access point (`adhoc`), as Wi-Fi Direct is.
    pub ad_hoc: bool,
    /// The channel; `None` also for 0.
    pub channel: Option<u16>,
    /// Signal level in dBm; `None` also for 0.
    pub dbm: Option<i16>,
    /// `encryptionType`, in the printer's words (`none`, `aes`, `aesOrTkip` …): given back to it as they are.
    pub encryption: Option<String>,
    /// `authenticationMode`, in the printer's words (`open`, `wpaPersonal` …).
    pub authentication: Option<String>,
    /// `wpaVersion`, in the printer's words (`wpa2`, `wpaOrWpa2` …).
    pub wpa_version: Option<String>,
    /// `wpsSupport` \[C: HP's class WifiNetwork; what it means, \[I\]\].
    pub wps: Option<bool>,
}

impl Heard {
    /// The same in the words that all routes share.
    #[must_use]
    pub fn network(&self) -> wifi::Network {
        wifi::Network {
            ssid: self.ssid.clone(),
            bssid: self.bssid,
            security: self.security(),
            channel: self.channel,
            signal_dbm: self.dbm,
            wps: self.wps,
        }
    }

    /// How it is secured. The words are those of HP's own classes \[C: WifiNetwork\]; `wpaOrWpa2` as an
    /// authentication is HPLIP's \[C\]; where no version is told, the cipher tells \[I\].
    #[must_use]
    pub fn security(&self) -> Security {
        let encryption = self.encryption.as_deref().unwrap_or_default();
        let authentication = self.authentication.as_deref().unwrap_or_default();
        let version = self.wpa_version.as_deref().unwrap_or_default();
        match (authentication, encryption) {
            ("wpaEnterprise" | "wepEnterprise", _) => Security::Enterprise,
            ("openThenShared", _) | (_, "wep") => Security::Wep,
            ("open" | "", "none") | ("open", "") if matches!(version, "" | "none") => Security::Open,
            ("wpaPersonal" | "wpaOrWpa2", _) => match (version, encryption) {
                ("wpa", _) => Security::WpaPersonal,
                ("wpa2", _) => Security::Wpa2Personal,
                ("wpa3", _) => Security::Wpa3Personal,
                ("wpa2OrWpa3", _) => Security::Wpa2Wpa3Personal,
                (_, "tkip") => Security::WpaPersonal,
                (_, "aes") if version != "wpaOrWpa2" && authentication != "wpaOrWpa2" => Security::Wpa2Personal,
                _ => Security::WpaWpa2Personal,
            },
            _ => Security::Unknown(unknown(if authentication.is_empty() { encryption } else { authentication })),
        }
    }
}

/// Reads one network, as it also stands in an adapter's configuration.
pub(super) fn read(network: &Value) -> Heard {
    let word = |name| network.word(name).map(unknown);
    let signal = network.member("signalStrength").and_then(|signal| signal.member("dBm"));
    Heard {
        ssid: network.member("ssid").and_then(Value::verbatim).map(ssid).unwrap_or_default(),
        bssid: network.word("bssid").and_then(mac),
        ad_hoc: network.word("communicationMode").is_some_and(|mode| mode.eq_ignore_ascii_case("adhoc")),
        channel: number(network.member("channel")),
        dbm: number(signal),
        encryption: word("encryptionType"),
        authentication: word("authenticationMode"),
        wpa_version: word("wpaVersion"),
        wps: network.member("wpsSupport").and_then(Value::boolean),
    }
}

/// The name of a network; empty where it is too long to be one.
pub(super) fn ssid(text: &str) -> Ssid {
    Ssid::new(text).unwrap_or_default()
}

/// A number that is not 0, which stands for "none".
fn number<N: TryFrom<i64>>(value: Option<&Value>) -> Option<N> {
    value.and_then(Value::number).filter(|number| *number != 0).and_then(|number| N::try_from(number).ok())
}

/// Whether the scan is over: `readyToScan` \[C: HPLIP\].
///
/// # Errors
/// Where the document is not well-formed, too much, or has no `state`.
pub fn is_over(document: &[u8]) -> Result<bool, json::Error> {
    let document = json::parse(document)?;
    let state = document.word("state").ok_or(json::Error::Content { what: "it does not say whether it scans" })?;
    Ok(state == "readyToScan")
}

/// Reads the list.
///
/// # Errors
/// Where it is not well-formed, too much, or has no `wifiNetworkList`.
pub fn parse(document: &[u8]) -> Result<Vec<Heard>, json::Error> {
    let document = json::parse(document)?;
    let list = document.member("wifiNetworkList").ok_or(json::Error::Content { what: "it has no list of networks" })?;
    let networks = list.entries().iter().filter(|network| matches!(network, Value::Object(_)));
    Ok(networks.take(MAX_NETWORKS).map(read).collect())
}

/// The entry for this network: of its name, behind an access point; where there are several, one that is secured as
/// wanted, and the strongest of those.
#[must_use]
pub fn best<'a>(heard: &'a [Heard], wanted: &Ssid, security: &Security) -> Option<&'a Heard> {
    heard
        .iter()
        .filter(|network| !wanted.is_empty() && network.ssid == *wanted && !network.ad_hoc)
        .max_by_key(|network| (network.security() == *security, network.dbm.unwrap_or(i16::MIN)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::super::testing::{fixture, never_panics};
    use super::*;

    #[test]
    fn what_a_tank_printer_hears() {
        let heard = parse(&fixture("wifi-networks.json")).unwrap();
        let names: Vec<_> = heard.iter().map(|network| network.ssid.to_string()).collect();
        assert_eq!(names, ["Example", "Tübingen", "", "Example", "DIRECT-Example"]);
        let first = heard[0].network();
        assert_eq!(first.bssid, Some([2, 0, 0, 0, 0, 0x10]));
        assert_eq!((first.channel, first.signal_dbm, first.wps), (Some(6), Some(-48), Some(true)));
        assert_eq!(first.security, Security::Wpa2Personal);
        assert_eq!(heard[1].security(), Security::Open);
        assert!(heard[4].ad_hoc);
        assert_eq!(parse(br#"{"wifiNetworkList":[]}"#).unwrap(), []);
    }

    #[test]
    fn the_entry_for_a_network() {
        let heard = parse(&fixture("wifi-networks.json")).unwrap();
        let example = Ssid::new("Example").unwrap();
        assert_eq!(best(&heard, &example, &Security::Wpa2Personal).unwrap().dbm, Some(-48));
        assert_eq!(best(&heard, &example, &Security::WpaPersonal).unwrap().dbm, Some(-71), "secured as wanted");
        for name in ["example", "DIRECT-Example", ""] {
            assert_eq!(best(&heard, &Ssid::new(name).unwrap(), &Security::Open), None, "{name}");
        }
    }

    #[test]
    fn what_the_words_say() {
        for (authentication, encryption, version, expected) in [
            ("open", "none", "none", Security::Open),
            ("open", "none", "", Security::Open),
            ("open", "wep", "", Security::Wep),
            ("openThenShared", "wep", "", Security::Wep),
            ("wpaPersonal", "aes", "wpa2", Security::Wpa2Personal),
            ("wpaPersonal", "aesOrTkip", "wpaOrWpa2", Security::WpaWpa2Personal),
            ("wpaPersonal", "aesOrTkip", "", Security::WpaWpa2Personal),
            ("wpaPersonal", "aes", "", Security::Wpa2Personal),
            ("wpaPersonal", "aes", "wpaOrWpa2", Security::WpaWpa2Personal),
            ("wpaPersonal", "tkip", "", Security::WpaPersonal),
            ("wpaPersonal", "aes", "wpa3", Security::Wpa3Personal),
            ("wpaPersonal", "aes", "wpa2OrWpa3", Security::Wpa2Wpa3Personal),
            ("wpaOrWpa2", "aes", "", Security::WpaWpa2Personal),
            ("wpaEnterprise", "aes", "wpa2", Security::Enterprise),
            ("", "", "", Security::Unknown(String::new())),
            ("magic", "none", "", Security::Unknown("magic".into())),
            ("open", "none", "wpa2", Security::Unknown("open".into())),
        ] {
            let words = format!(
                r#"{{"authenticationMode":"{authentication}","encryptionType":"{encryption}","wpaVersion":"{version}"}}"#
            );
            let heard = read(&json::parse(words.as_bytes()).unwrap());
            assert_eq!(heard.security(), expected, "{words}");
        }
    }

    #[test]
    fn when_a_scan_is_over() {
        assert_eq!(is_over(br#"{"version":"1.0.0","state":"readyToScan","scanType":"undirected"}"#), Ok(true));
        assert_eq!(is_over(br#"{"state":"scanProcessing"}"#), Ok(false));
        assert!(is_over(b"{}").is_err());
    }

    #[test]
    fn a_name_that_is_none_is_left_out() {
        let long = format!(r#"{{"wifiNetworkList":[{{"ssid":"{}"}},5]}}"#, "x".repeat(33));
        let heard = parse(long.as_bytes()).unwrap();
        assert_eq!((heard.len(), heard[0].ssid.is_empty()), (1, true));
    }

    #[test]
    fn damaged_documents_end_in_a_value() {
        never_panics("wifi-networks.json", |bytes| parse(bytes).map(drop));
    }
}
