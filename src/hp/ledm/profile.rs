//! `GET <adapter>/Profiles/Active`: the network that an adapter is set to, read here for its address \[C: HPLIP\].
//!
//! The document may hold a passphrase; it is not read.
//!
//! ```
//! use plugprint::hp::ledm::profile;
//!
//! let address = profile::parse(br#"<io:Profile
//!         xmlns:io="http://www.hp.com/schemas/imaging/con/ledm/iomgmt/2008/11/30"
//!         xmlns:dd="http://www.hp.com/schemas/imaging/con/dictionaries/1.0/">
//!     <io:NetworkProfile><io:IPv4Network><dd:IPAddress>192.0.2.7</dd:IPAddress></io:IPv4Network></io:NetworkProfile>
//! </io:Profile>"#).unwrap();
//! assert_eq!(address.unwrap().ip.to_string(), "192.0.2.7");
//! ```

use super::IO;
use super::address::Address;
use super::xml;

/// The resource, below an adapter's own.
pub const BELOW_ADAPTER: &str = "/Profiles/Active";

/// Reads the address of the active profile; `None` where it has none.
///
/// # Errors
/// Where it is not well-formed, too much, or another document.
pub fn parse(document: &[u8]) -> Result<Option<Address>, xml::Error> {
    let root = xml::parse_as(document, IO, "Profile")?;
    Ok(root
        .child(IO, "NetworkProfile")
        .and_then(|profile| profile.child(IO, "IPv4Network"))
        .and_then(|network| Address::read(network, "IPAddress", "ConfigMethod")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::super::testing::{fixture, never_panics};
    use super::*;

    #[test]
    fn an_active_profile() {
        let address = parse(&fixture("profile-active.xml")).unwrap().unwrap();
        assert_eq!(address.ip.to_string(), "192.0.2.7");
        assert_eq!(address.subnet_mask.unwrap().to_string(), "255.255.255.0");
        assert_eq!(address.method, None);
    }

    #[test]
    fn damaged_documents_end_in_a_value() {
        never_panics("profile-active.xml", |bytes| parse(bytes).map(drop));
    }
}
