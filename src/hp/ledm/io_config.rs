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
use super::xml;
use super::{DD, IOCONFIG};

/// Where it is.
pub const PATH: &str = "/DevMgmt/IOConfigDyn.xml";

/// One adapter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adaptor {
    /// What it connects to; the document has no names.
    pub port: PortType,
    /// Its IPv4 addresses.
    pub addresses: Vec<Address>,
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
            Some(Adaptor { port, addresses })
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
    fn damaged_documents_end_in_a_value() {
        never_panics("io-config.xml", |bytes| parse(bytes).map(drop));
    }
}
