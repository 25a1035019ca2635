//! `GET <adapter>/Protocols`: the addresses of one adapter \[C: HPLIP\]. LaserJets may answer 404 or 500 \[C\]; then
//! [`profile`](super::profile) or [`io_config`](super::io_config) tells.
//!
//! ```
//! use plugprint::hp::ledm::protocols;
//!
//! let addresses = protocols::parse(br#"<io:Protocols
//!         xmlns:io="http://www.hp.com/schemas/imaging/con/ledm/iomgmt/2008/11/30"
//!         xmlns:dd="http://www.hp.com/schemas/imaging/con/dictionaries/1.0/">
//!     <io:Protocol><io:Addresses><io:IPv4Addresses><io:IPv4Address>
//!         <dd:IPv4Address>192.0.2.7</dd:IPv4Address>
//!         <dd:ConfigMethod>DHCP</dd:ConfigMethod>
//!     </io:IPv4Address></io:IPv4Addresses></io:Addresses></io:Protocol>
//! </io:Protocols>"#).unwrap();
//! assert_eq!(addresses[0].ip.to_string(), "192.0.2.7");
//! assert!(addresses[0].method.as_ref().unwrap().is_dhcp());
//! ```

use super::IO;
use super::address::Address;
use super::xml;

/// The resource, below an adapter's own.
pub const BELOW_ADAPTER: &str = "/Protocols";

/// Reads the document.
///
/// # Errors
/// Where it is not well-formed, too much, or another document.
pub fn parse(document: &[u8]) -> Result<Vec<Address>, xml::Error> {
    let root = xml::parse_as(document, IO, "Protocols")?;
    Ok(root
        .all(IO, "Protocol")
        .flat_map(|protocol| protocol.all(IO, "Addresses"))
        .flat_map(|addresses| addresses.all(IO, "IPv4Addresses"))
        .flat_map(|addresses| addresses.all(IO, "IPv4Address"))
        .filter_map(|address| Address::read(address, "IPv4Address", "ConfigMethod"))
        .take(16)
        .collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::super::testing::{fixture, never_panics};
    use super::*;

    #[test]
    fn an_inkjet_with_an_address_from_dhcp() {
        let addresses = parse(&fixture("protocols.xml")).unwrap();
        assert_eq!(addresses.len(), 1, "0.0.0.0 is no address");
        assert_eq!(addresses[0].ip.to_string(), "192.0.2.7");
        assert_eq!(addresses[0].gateway.unwrap().to_string(), "192.0.2.1");
        assert!(addresses[0].routable());
    }

    #[test]
    fn addresses_that_nobody_can_reach() {
        let document = String::from_utf8(fixture("protocols.xml")).unwrap();
        for (ip, routable) in [("169.254.7.8", false), ("192.0.0.192", false), ("192.0.0.193", true)] {
            let addresses = parse(document.replace("192.0.2.7", ip).as_bytes()).unwrap();
            assert_eq!(addresses[0].routable(), routable, "{ip}");
        }
        for ip in ["127.0.0.1", "224.0.0.1", "255.255.255.255", "no address", "192.0.2.7.1", "0xC0000207"] {
            assert!(parse(document.replace("192.0.2.7", ip).as_bytes()).unwrap().is_empty(), "{ip}");
        }
    }

    #[test]
    fn damaged_documents_end_in_a_value() {
        never_panics("protocols.xml", |bytes| parse(bytes).map(drop));
    }
}
