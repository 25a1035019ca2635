//! An IPv4 address as the printer reports it. Three documents tell it, each in its own shape.

use std::net::Ipv4Addr;

use super::DD;
use super::token::tokens;
use super::xml::Element;

tokens! {
    /// Where an address comes from. HP writes this in several ways, of which only DHCP is told apart.
    pub enum ConfigMethod {
        /// `DHCP` \[C: LaserJet M182nw\].
        Dhcp = "DHCP",
        /// `DHCPv4` \[C: LaserJet M182nw\].
        DhcpV4 = "DHCPv4",
    }
}

impl ConfigMethod {
    /// Whether a DHCP server gave it. The word contains `DHCP` then, in whichever case \[C: HPLIP\].
    #[must_use]
    pub fn is_dhcp(&self) -> bool {
        self.as_word().to_ascii_lowercase().contains("dhcp")
    }
}

/// An IPv4 address with what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The address.
    pub ip: Ipv4Addr,
    /// The subnet mask.
    pub subnet_mask: Option<Ipv4Addr>,
    /// The default gateway.
    pub gateway: Option<Ipv4Addr>,
    /// Where it comes from; `None` where the document does not say.
    pub method: Option<ConfigMethod>,
}

impl Address {
    /// Whether others on the network can reach it: not 169.254.x.x, and not 192.0.0.192, the address that HP
    /// printers give themselves when DHCP failed.
    #[must_use]
    pub fn routable(&self) -> bool {
        !self.ip.is_link_local() && self.ip != Ipv4Addr::new(192, 0, 0, 192)
    }

    /// Reads the element that holds one. `None` without an address, or with 0.0.0.0, which means the same.
    pub(super) fn read(element: &Element, ip: &'static str, method: &'static str) -> Option<Self> {
        let address = |name| {
            element.value(DD, name).and_then(|text| text.parse::<Ipv4Addr>().ok()).filter(|ip| !ip.is_unspecified())
        };
        Some(Self {
            ip: address(ip).filter(|ip| !ip.is_loopback() && !ip.is_multicast() && !ip.is_broadcast())?,
            subnet_mask: address("SubnetMask"),
            gateway: address("DefaultGateway"),
            method: element.value(DD, method).map(ConfigMethod::from_word),
        })
    }
}
