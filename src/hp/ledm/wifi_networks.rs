//! `GET <adapter>/WifiNetworks`: the networks that a printer hears \[C: HPLIP, DeskJet 3750\]. It answers 202 while
//! it listens. With `/SSID=<name>` behind, it looks for one network, which may hide its name \[C: HPLIP\].
//!
//! ```
//! use plugprint::hp::ledm::wifi_networks;
//! use plugprint::wifi::Security;
//!
//! let heard = wifi_networks::parse(br#"<io:WifiNetworks
//!         xmlns:io="http://www.hp.com/schemas/imaging/con/ledm/iomgmt/2008/11/30"
//!         xmlns:wifi="http://www.hp.com/schemas/imaging/con/wifi/2009/06/26">
//!     <io:WifiNetwork>
//!         <wifi:SSID>486f6d65</wifi:SSID><wifi:Channel>6</wifi:Channel>
//!         <wifi:EncryptionType>WPA2_PSK</wifi:EncryptionType>
//!     </io:WifiNetwork>
//! </io:WifiNetworks>"#).unwrap();
//! let home = heard[0].network();
//! assert_eq!((home.ssid.to_string().as_str(), home.security), ("Home", Security::Wpa2Personal));
//! ```

use std::fmt::Write as _;

use super::IO;
use super::network::{self, CommunicationMode, WifiNetwork};
use super::resource::ResourceUri;
use super::xml;
use crate::wifi::{Security, Ssid};

/// The resource, below an adapter's own.
pub const BELOW_ADAPTER: &str = "/WifiNetworks";

/// The most networks that are kept, in the printer's order.
const MAX_NETWORKS: usize = 256;

/// The path of a scan below this adapter, for one network or for all. The name's bytes are percent-encoded
/// (RFC 3986, 2.1), so that any name can stand in a path.
#[must_use]
pub fn path(adapter: &ResourceUri, directed: Option<&Ssid>) -> String {
    let mut path = format!("{adapter}{BELOW_ADAPTER}");
    if let Some(ssid) = directed {
        path += "/SSID=";
        for byte in ssid.as_bytes() {
            let _ = match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'~' => path.write_char(char::from(*byte)),
                byte => write!(path, "%{byte:02X}"),
            };
        }
    }
    path
}

/// Reads the document. A network without a readable name stays in it, nameless.
///
/// # Errors
/// Where it is not well-formed, too much, or another document.
pub fn parse(document: &[u8]) -> Result<Vec<WifiNetwork>, xml::Error> {
    let root = xml::parse_as(document, IO, "WifiNetworks")?;
    Ok(root.all(IO, "WifiNetwork").map(network::read).take(MAX_NETWORKS).collect())
}

/// The entry for this network: of its name, behind an access point; where there are several, one that is secured as
/// wanted, and the strongest of those.
#[must_use]
pub fn best<'a>(heard: &'a [WifiNetwork], ssid: &Ssid, security: &Security) -> Option<&'a WifiNetwork> {
    heard
        .iter()
        .filter(|network| network.ssid.known() == Some(ssid) && network.mode != Some(CommunicationMode::AdHoc))
        .max_by_key(|network| {
            let strength = network.signal_strength.unwrap_or_default();
            (network.security() == *security, network.dbm.unwrap_or(i16::MIN), strength)
        })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use proptest::prelude::*;

    use super::super::testing::{fixture, never_panics};
    use super::*;

    #[test]
    fn what_an_inkjet_hears() {
        let heard = parse(&fixture("wifi-networks.xml")).unwrap();
        let names: Vec<_> = heard.iter().map(|network| network.ssid.to_string()).collect();
        assert_eq!(names, ["Example", "Tübingen", "", "0", r"\xff\x00\x1b", "Example", "DIRECT-Example"]);
        let first = heard[0].network();
        assert_eq!(first.bssid, Some([2, 0, 0, 0, 0, 0x10]));
        assert_eq!((first.channel, first.signal_dbm, first.wps), (Some(6), Some(-48), Some(true)));
        assert_eq!(first.security, Security::Wpa2Personal);
        assert_eq!(heard[1].security(), Security::Open);
        let sparse = heard[2].network();
        assert!(sparse.ssid.is_empty());
        assert_eq!((sparse.bssid, sparse.channel, sparse.signal_dbm, sparse.wps), (None, None, None, None));
        assert_eq!(sparse.security, Security::Unknown(String::new()));
        assert!(heard[3].network().ssid.is_empty(), "`0` is no name");
        assert_eq!(heard[4].network().ssid.as_bytes(), b"\xff\0\x1b");
    }

    #[test]
    fn nobody_there() {
        let document = br#"<io:WifiNetworks xmlns:io="http://www.hp.com/schemas/imaging/con/ledm/iomgmt/2008/11/30"/>"#;
        assert!(parse(document).unwrap().is_empty());
    }

    #[test]
    fn the_entry_for_a_network() {
        let heard = parse(&fixture("wifi-networks.xml")).unwrap();
        let example = Ssid::new("Example").unwrap();
        assert_eq!(best(&heard, &example, &Security::Wpa2Personal).unwrap().dbm, Some(-48));
        assert_eq!(best(&heard, &example, &Security::WpaPersonal).unwrap().dbm, Some(-71), "secured as wanted");
        assert_eq!(best(&heard, &example, &Security::Open).unwrap().dbm, Some(-48), "else the strongest");
        for name in ["example", "DIRECT-Example", "", "0"] {
            assert_eq!(best(&heard, &Ssid::new(name).unwrap(), &Security::Open), None, "{name}");
        }
    }

    #[test]
    fn a_list_without_an_end() {
        let mut document = String::from_utf8(fixture("wifi-networks.xml")).unwrap();
        let one = "<io:WifiNetwork><wifi:SSID>41</wifi:SSID></io:WifiNetwork>".repeat(2000);
        document = document.replace("</io:WifiNetworks>", &format!("{one}</io:WifiNetworks>"));
        assert_eq!(parse(document.as_bytes()).unwrap().len(), MAX_NETWORKS);
    }

    proptest! {
        #[test]
        fn any_name_can_stand_in_a_request_line(name in prop::collection::vec(any::<u8>(), 0..=32)) {
            let adapter = ResourceUri::parse("/IoMgmt/Adapters/Wifi0").unwrap();
            let path = path(&adapter, Some(&Ssid::new(&name).unwrap()));
            let encoded = path.strip_prefix("/IoMgmt/Adapters/Wifi0/WifiNetworks/SSID=").unwrap();
            prop_assert!(encoded.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_~%".contains(&b)));
            let mut decoded = Vec::new();
            let mut rest = encoded.bytes();
            while let Some(byte) = rest.next() {
                decoded.push(match byte {
                    b'%' => {
                        let digits = [rest.next().unwrap(), rest.next().unwrap()];
                        u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
                    }
                    byte => byte,
                });
            }
            prop_assert_eq!(decoded, name);
        }
    }

    #[test]
    fn damaged_documents_end_in_a_value() {
        never_panics("wifi-networks.xml", |bytes| parse(bytes).map(drop));
    }
}
