//! `GET /DevMgmt/IOConfigDyn.xml`: every adapter with its addresses, as LaserJets tell them \[C: LaserJet M182nw\].
//!
//! ```
//! use plugprint::hp::ledm::{adapters::PortType, io_config};
//!
//! let adapters = io_config::parse(br#"<ns0:IOConfigDyn
//!         xmlns:ns0="http://www.hp.com/schemas/imaging/con/ledm/ioconfigdyn/2009/03/17"
//!         xmlns:ns2="http://www.hp.com/schemas/imaging/con/dictionaries/1.0/"
//!         xmlns:ns3="http://www.hp.com/schemas/imaging/con/dictionaries/2009/04/06">
//!     <ns3:IOAdaptorConfig>
//!         <ns2:DeviceConnectivityPortType>wifiEmbedded</ns2:DeviceConnectivityPortType>
//!         <ns3:NetworkAdaptorConfig><ns3:IPVersionConfig><ns3:IPConfig>
//!             <ns2:IPAddress>192.0.2.7</ns2:IPAddress><ns2:IPConfigMethod>DHCP</ns2:IPConfigMethod>
//!         </ns3:IPConfig></ns3:IPVersionConfig></ns3:NetworkAdaptorConfig>
//!     </ns3:IOAdaptorConfig>
//! </ns0:IOConfigDyn>"#).unwrap();
//! assert_eq!(adapters[0].port, PortType::WifiEmbedded);
//! assert_eq!(adapters[0].addresses[0].ip.to_string(), "192.0.2.7");
//! ```

use super::adapters::PortType;
use super::address::Address;
use super::token::mac;
use super::xml;
use super::{DD, IOCONFIG};

/// Where it is.
pub const PATH: &str = "/DevMgmt/IOConfigDyn.xml";

/// One adapter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adaptor {
    /// What it connects to; the document has no names.
    pub port: PortType,
    /// Its hardware address \[C: LaserJet M182nw\], the only thing that tells a station from the printer's own access
    /// point, which may be of the same kind of port.
    pub mac: Option<[u8; 6]>,
    /// Its IPv4 addresses.
    pub addresses: Vec<Address>,
}

/// The adaptor that is the adapter of this port and hardware address. Where two could be it, neither is: one of them
/// may be the printer's own access point.
#[must_use]
pub fn find<'a>(adaptors: &'a [Adaptor], port: &PortType, mac: Option<[u8; 6]>) -> Option<&'a Adaptor> {
    let same = |adaptor: &&Adaptor| {
        adaptor.port == *port && !matches!((adaptor.mac, mac), (Some(one), Some(other)) if one != other)
    };
    let mut found = adaptors.iter().filter(same);
    match (found.next(), found.next()) {
        (Some(only), None) => Some(only),
        (Some(_), Some(_)) => {
            adaptors.iter().find(|adaptor| adaptor.port == *port && mac.is_some() && adaptor.mac == mac)
        }
        _ => None,
    }
}

/// Reads the document.
///
/// # Errors
/// Where it is not well-formed, too much, or another document.
pub fn parse(document: &[u8]) -> Result<Vec<Adaptor>, xml::Error> {
    let root = xml::parse_as(document, IOCONFIG, "IOConfigDyn")?;
    Ok(root
        .all(DD, "IOAdaptorConfig")
        .filter_map(|adaptor| {
            let addresses = adaptor
                .all(DD, "NetworkAdaptorConfig")
                .flat_map(|network| network.all(DD, "IPVersionConfig"))
                .flat_map(|version| version.all(DD, "IPConfig"))
                .filter_map(|config| Address::read(config, "IPAddress", "IPConfigMethod"))
                .take(16)
                .collect();
            let port = PortType::from_word(adaptor.value(DD, "DeviceConnectivityPortType")?);
            let hardware_address = adaptor.descendants().find(|element| element.is(DD, "HardwareAddress"));
            Some(Adaptor { port, mac: hardware_address.and_then(|element| mac(element.text())), addresses })
        })
        .take(16)
        .collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::super::testing::{fixture, never_panics};
    use super::*;

    #[test]
    fn a_laserjet_with_ipv6_beside() {
        let adapters = parse(&fixture("io-config.xml")).unwrap();
        assert_eq!(adapters.len(), 2);
        assert_eq!(adapters[0].port, PortType::Usb);
        assert!(adapters[0].addresses.is_empty());
        assert_eq!(adapters[1].port, PortType::WifiEmbedded);
        assert_eq!(adapters[1].addresses.len(), 1, "only IPv4 is read");
        assert!(adapters[1].addresses[0].method.as_ref().unwrap().is_dhcp());
    }

    #[test]
    fn a_station_is_not_mistaken_for_the_access_point() {
        let adaptor = |last: Option<u8>| Adaptor {
            port: PortType::WifiEmbedded,
            mac: last.map(|last| [2, 0, 0, 0, 0, last]),
            addresses: vec![],
        };
        let find = |adaptors: &[Adaptor], last: Option<u8>| {
            let mac = last.map(|last| [2, 0, 0, 0, 0, last]);
            super::find(adaptors, &PortType::WifiEmbedded, mac).cloned()
        };
        assert_eq!(find(&[adaptor(None)], Some(1)), Some(adaptor(None)), "nothing to choose from");
        assert_eq!(find(&[adaptor(Some(1))], None), Some(adaptor(Some(1))));
        assert_eq!(find(&[adaptor(Some(2))], Some(1)), None);
        assert_eq!(find(&[adaptor(Some(2)), adaptor(Some(1))], Some(1)), Some(adaptor(Some(1))));
        assert_eq!(find(&[adaptor(None), adaptor(Some(1))], Some(1)), Some(adaptor(Some(1))));
        assert_eq!(find(&[adaptor(None), adaptor(None)], Some(1)), None, "one of them is the access point");
        assert_eq!(find(&[adaptor(Some(1)), adaptor(Some(2))], None), None, "one of them is the access point");
        assert_eq!(super::find(&[adaptor(None)], &PortType::Ethernet, None), None);
    }

    #[test]
    fn damaged_documents_end_in_a_value() {
        never_panics("io-config.xml", |bytes| parse(bytes).map(drop));
    }
}
