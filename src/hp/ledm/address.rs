//! An IPv4 address as the printer reports it. Three documents tell it, each in its own shape.

use std::net::Ipv4Addr;

use super::DD;
use super::token::tokens;
use super::xml::Element;
use crate::wifi::station::{self, Origin, Reach};

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
    /// Where an address of this method comes from. Only words that contain `DHCP` were seen \[C\]; the others are
    /// taken from their names \[I\].
    #[must_use]
    pub fn origin(&self) -> Origin {
        let word = self.as_word().to_ascii_lowercase();
        let says = |words: &[&str]| words.iter().any(|part| word.contains(part));
        if self.is_dhcp() || says(&["bootp", "rarp"]) {
            Origin::Dhcp
        } else if says(&["manual", "static", "user"]) {
            Origin::Manual
        } else if says(&["auto", "link", "default", "self"]) {
            Origin::SelfAssigned
        } else {
            Origin::Untold
        }
    }

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
    /// Whether others on the network can reach it ([`Reach`]).
    #[must_use]
    pub fn routable(&self) -> bool {
        Reach::of(self.ip.into()) == Reach::Routable
    }

    /// The same in the words that all routes share.
    #[must_use]
    pub fn of_station(&self) -> station::Address {
        station::Address {
            ip: self.ip.into(),
            gateway: self.gateway.map(Into::into),
            origin: self.method.as_ref().map_or(Origin::Untold, ConfigMethod::origin),
        }
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    #[test]
    fn where_an_address_comes_from() {
        for (word, origin) in [
            ("DHCP", Origin::Dhcp),
            ("DHCPv4", Origin::Dhcp),
            ("autoDhcp", Origin::Dhcp),
            ("BOOTP", Origin::Dhcp),
            ("Manual", Origin::Manual),
            ("AUTOIP", Origin::SelfAssigned),
            ("", Origin::Untold),
            ("magic", Origin::Untold),
        ] {
            assert_eq!(ConfigMethod::from_word(word).origin(), origin, "{word}");
        }
    }
}
