//! What a printer says of its own station: the Wi-Fi adapter that joins networks, never its own access point nor its
//! Ethernet socket. Each fact comes with the document that told it; whether a set-up succeeded is judged from this,
//! and from nothing else.

use std::net::{IpAddr, Ipv4Addr};

use super::{Band, Ssid};

/// The document that told a fact, by the path of its resource without what differs from printer to printer.
pub type Source = &'static str;

/// What was told, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fact<T> {
    /// What.
    pub value: T,
    /// Where.
    pub source: Source,
}

/// The station at one moment. `None`: the printer does not say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StationState {
    /// Whether its radio is on.
    pub power: Option<Fact<bool>>,
    /// Whether it is connected to a network.
    pub connected: Option<Fact<bool>>,
    /// The network's name; `None` also where the printer writes something that is no name.
    pub ssid: Option<Fact<Ssid>>,
    /// The access point's address.
    pub bssid: Option<Fact<[u8; 6]>>,
    /// The channel.
    pub channel: Option<Fact<u16>>,
    /// The signal in dBm.
    pub signal_dbm: Option<Fact<i16>>,
    /// Its IPv4 addresses, those too that nobody can reach.
    pub addresses: Vec<Fact<Address>>,
    /// The name that it has on the network, fit to be shown.
    pub hostname: Option<Fact<String>>,
}

impl StationState {
    /// Whether it says of itself that it is connected to the network of this name.
    ///
    /// This alone is no success: the association may be older than the attempt, and there may be no address.
    #[must_use]
    pub fn is_on(&self, wanted: &Ssid) -> bool {
        self.power.is_none_or(|power| power.value)
            && self.connected.is_some_and(|connected| connected.value)
            && self.ssid.as_ref().is_some_and(|ssid| ssid.value == *wanted && !wanted.is_empty())
    }

    /// The first address under which others can reach it.
    #[must_use]
    pub fn address(&self) -> Option<&Fact<Address>> {
        self.addresses.iter().find(|address| address.value.counts())
    }

    /// The band, as far as the channel tells.
    #[must_use]
    pub fn band(&self) -> Option<Band> {
        self.channel.and_then(|channel| Band::of_channel(channel.value))
    }
}

/// An address of the station.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    /// The address.
    pub ip: IpAddr,
    /// Its router.
    pub gateway: Option<IpAddr>,
    /// Where it comes from.
    pub origin: Origin,
}

impl Address {
    /// Whether it is proof of a working network: others can reach it, and the printer did not give it to itself.
    #[must_use]
    pub fn counts(&self) -> bool {
        Reach::of(self.ip) == Reach::Routable && self.origin != Origin::SelfAssigned
    }
}

/// Where an address comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A server: DHCP or BOOTP.
    Dhcp,
    /// Somebody entered it.
    Manual,
    /// The printer made it up.
    SelfAssigned,
    /// The printer does not say, or says it in an unknown word.
    Untold,
}

/// Who can reach an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Whoever has a route to it.
    Routable,
    /// The same wire only: 169.254/16 (RFC 3927), fe80::/10. A device takes one when no server answered.
    LinkLocal,
    /// Nobody: 192.0.0.192, which an HP printer shows when DHCP failed.
    DhcpFailed,
    /// There is none: 0.0.0.0, `::`.
    Unset,
    /// No address that a device can have: loopback, multicast, broadcast.
    Impossible,
}

impl Reach {
    /// Who can reach this address.
    ///
    /// ```
    /// use plugprint::wifi::station::Reach;
    ///
    /// assert_eq!(Reach::of("192.168.1.20".parse().unwrap()), Reach::Routable);
    /// assert_eq!(Reach::of("169.254.3.4".parse().unwrap()), Reach::LinkLocal);
    /// assert_eq!(Reach::of("192.0.0.192".parse().unwrap()), Reach::DhcpFailed);
    /// assert_eq!(Reach::of("::".parse().unwrap()), Reach::Unset);
    /// ```
    #[must_use]
    pub fn of(ip: IpAddr) -> Self {
        match ip.to_canonical() {
            ip if ip.is_unspecified() => Self::Unset,
            ip if ip.is_loopback() || ip.is_multicast() => Self::Impossible,
            // 0/8 and 240/4 are nobody's (RFC 1122, 3.2.1.3; RFC 1112, 4).
            IpAddr::V4(ip) if matches!(ip.octets(), [0 | 240.., ..]) => Self::Impossible,
            IpAddr::V4(ip) if ip.is_link_local() => Self::LinkLocal,
            IpAddr::V6(ip) if ip.is_unicast_link_local() => Self::LinkLocal,
            IpAddr::V4(ip) if ip == Ipv4Addr::new(192, 0, 0, 192) => Self::DhcpFailed,
            _ => Self::Routable,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    const HERE: Source = "here";

    fn told<T>(value: T) -> Option<Fact<T>> {
        Some(Fact { value, source: HERE })
    }

    fn address(ip: &str, origin: Origin) -> Address {
        Address { ip: ip.parse().unwrap(), gateway: None, origin }
    }

    #[test]
    fn which_addresses_count() {
        for (ip, reach) in [
            ("192.0.2.7", Reach::Routable),
            ("10.0.0.1", Reach::Routable),
            ("192.0.0.193", Reach::Routable),
            ("192.0.0.192", Reach::DhcpFailed),
            ("169.254.0.1", Reach::LinkLocal),
            ("fe80::1", Reach::LinkLocal),
            ("::ffff:169.254.0.1", Reach::LinkLocal),
            ("0.0.0.0", Reach::Unset),
            ("::", Reach::Unset),
            ("127.0.0.1", Reach::Impossible),
            ("255.255.255.255", Reach::Impossible),
            ("224.0.0.251", Reach::Impossible),
        ] {
            assert_eq!(Reach::of(ip.parse().unwrap()), reach, "{ip}");
            for origin in [Origin::Dhcp, Origin::Manual, Origin::Untold] {
                assert_eq!(address(ip, origin).counts(), reach == Reach::Routable, "{ip} {origin:?}");
            }
            assert!(!address(ip, Origin::SelfAssigned).counts(), "{ip}");
        }
    }

    #[test]
    fn on_the_wanted_network() {
        let home = Ssid::new("Home").unwrap();
        let on = StationState { connected: told(true), ssid: told(home.clone()), ..StationState::default() };
        assert!(on.is_on(&home));
        assert!(!on.is_on(&Ssid::new("home").unwrap()));
        assert!(!StationState { power: told(false), ..on.clone() }.is_on(&home));
        assert!(!StationState { connected: told(false), ..on.clone() }.is_on(&home));
        assert!(!StationState { connected: None, ..on.clone() }.is_on(&home));
        let nameless = StationState { ssid: told(Ssid::default()), ..on };
        assert!(!nameless.is_on(&Ssid::default()));
    }

    #[test]
    fn the_first_address_that_counts() {
        let addresses = [("169.254.1.2", Origin::SelfAssigned), ("192.0.2.7", Origin::Dhcp)];
        let state = StationState {
            addresses: addresses.map(|(ip, origin)| Fact { value: address(ip, origin), source: HERE }).into(),
            ..StationState::default()
        };
        assert_eq!(state.address().unwrap().value.ip.to_string(), "192.0.2.7");
    }
}
