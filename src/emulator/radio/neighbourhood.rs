//! Who is on the air around the simulated printer. Addresses are from the documentation ranges (RFC 5737).

use std::net::Ipv4Addr;
use std::time::Duration;

use super::super::ledm::{ADDRESS, BSSID, CHANNEL, DNS, GATEWAY, SIGNAL_DBM, SSID, SUBNET};
use super::{Hushed, Lease, Origin};

/// The passphrase of every network of [`neighbourhood`] that has one.
pub const PASSPHRASE: &str = "emulated passphrase";

/// How a network is secured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// Not at all.
    Open,
    /// WPA with a passphrase.
    Wpa,
    /// WPA2 with a passphrase.
    Wpa2,
    /// WPA2 and WPA3 with the same passphrase.
    Wpa2Wpa3,
    /// WPA3 only: SAE.
    Wpa3,
    /// IEEE 802.1X.
    Enterprise,
}

/// What answers there to a DHCP request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dhcp {
    /// A server gives this address, of a /24 whose router is .1.
    Gives(Ipv4Addr),
    /// Nothing.
    Silent,
}

/// What is typed at the router.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Typed {
    /// The printer's PIN, or a push of the button.
    Right,
    /// A PIN whose first half is another.
    WrongFirstHalf,
    /// A PIN whose second half is another.
    WrongSecondHalf,
}

/// Who sits at the router.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admin {
    /// Nobody but who sends orders.
    Absent,
    /// One who sees the printer start WPS, and acts so long after it.
    Acts(Duration, Typed),
}

/// A network's WPS registrar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registrar {
    /// It has none, or WPS is off.
    None,
    /// It takes PINs and has a button.
    Ready,
    /// It is locked: Config Error 15.
    Locked,
    /// Another enrollee's button session is always running beside: Config Error 12.
    Crowded,
}

/// A network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// Its name: up to 32 bytes of any kind.
    pub ssid: Vec<u8>,
    /// Its beacons don't say the name.
    pub hidden: bool,
    /// Its access point.
    pub bssid: [u8; 6],
    /// Its channel: 1 to 14 is 2.4 GHz, above 5 GHz.
    pub channel: u16,
    /// Its signal at the printer.
    pub dbm: i16,
    /// How it is secured.
    pub security: Security,
    /// Its passphrase, or 64 hexadecimal digits of a key; empty where it has none.
    pub passphrase: Hushed,
    /// What answers to DHCP.
    pub dhcp: Dhcp,
    /// The access point turns this station away, by a list of addresses.
    pub refuses: bool,
    /// Its WPS registrar.
    pub registrar: Registrar,
}

impl Network {
    /// A WPA2 network with [`PASSPHRASE`], DHCP and no registrar.
    #[must_use]
    pub fn new(ssid: &[u8], number: u8) -> Self {
        Self {
            ssid: ssid.to_vec(),
            hidden: false,
            bssid: [0x02, 0x00, 0x5e, 0x10, 0x01, number],
            channel: 1,
            dbm: -60,
            security: Security::Wpa2,
            passphrase: PASSPHRASE.into(),
            dhcp: Dhcp::Gives(Ipv4Addr::new(198, 51, 100, number)),
            refuses: false,
            registrar: Registrar::None,
        }
    }

    /// In the band that a printer with 2.4 GHz only hears.
    #[must_use]
    pub fn is_2_4_ghz(&self) -> bool {
        (1..=14).contains(&self.channel)
    }

    /// What DHCP gives here.
    pub(super) fn lease(&self) -> Option<Lease> {
        let Dhcp::Gives(address) = self.dhcp else { return None };
        let [a, b, c, _] = address.octets();
        let host = |number| Some(Ipv4Addr::new(a, b, c, number));
        let mask = SUBNET.parse().ok()?;
        Some(Lease { address, mask, gateway: host(1), dns: host(53), origin: Origin::Dhcp })
    }
}

/// The network that a printer is on from the beginning, unless told otherwise.
fn home() -> Network {
    debug_assert_eq!((GATEWAY, DNS), ("192.0.2.1", "192.0.2.53"));
    Network {
        bssid: BSSID,
        channel: u16::from(CHANNEL),
        dbm: i16::from(SIGNAL_DBM),
        dhcp: ADDRESS.parse().map_or(Dhcp::Silent, Dhcp::Gives),
        registrar: Registrar::Ready,
        ..Network::new(SSID.as_bytes(), 0)
    }
}

/// A street with one network of each kind. The first is the one that a printer is on from the beginning; their
/// names say what they are for.
#[must_use]
pub fn neighbourhood() -> Vec<Network> {
    vec![
        home(),
        Network { security: Security::Open, passphrase: Hushed::default(), ..Network::new(b"Emulated Guests", 2) },
        Network { security: Security::Wpa, channel: 11, ..Network::new(b"Emulated WPA", 3) },
        Network { security: Security::Wpa2Wpa3, channel: 6, ..Network::new(b"Emulated WPA2 and WPA3", 4) },
        Network { security: Security::Wpa3, ..Network::new(b"Emulated WPA3", 5) },
        Network {
            security: Security::Enterprise,
            passphrase: Hushed::default(),
            ..Network::new(b"Emulated Enterprise", 6)
        },
        Network { hidden: true, channel: 11, ..Network::new(b"Emulated Hidden", 7) },
        // ISO 8859-1, and bytes that are no text at all.
        Network { channel: 3, ..Network::new(b"Caf\xe9 \x00\xff", 8) },
        Network { channel: 4, ..Network::new(b"Emulated, exactly 32 bytes long.", 9) },
        Network { channel: 36, dbm: -48, ..Network::new(b"Emulated 5 GHz", 10) },
        Network { dhcp: Dhcp::Silent, channel: 9, ..Network::new(b"Emulated Silence", 11) },
        Network { dbm: -88, channel: 13, ..Network::new(b"Emulated Far", 12) },
        Network { refuses: true, channel: 2, ..Network::new(b"Emulated Filter", 13) },
    ]
}
