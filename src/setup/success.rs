//! When a printer is on the wanted network: when it says so itself, over USB, of its own station, and did not say so
//! before the attempt began.
//!
//! What is no success, though it looks like one: an association that is as old as before, an address that the
//! printer gave itself (169.254.x.x, 192.0.0.192), the printer's own access point, its Ethernet socket. Nor is what a
//! registrar says: a router that takes WPA3 only reports success, and the printer never joins (reproduced with
//! hostapd 2.10).
//!
//! ```
//! use plugprint::setup::success::{Baseline, Snapshot, Verdict, Wanted};
//! use plugprint::wifi::Ssid;
//!
//! let wanted = Wanted::Network(Ssid::new("Home").unwrap());
//! let mut baseline = Baseline::take(&Snapshot::default());
//! assert_eq!(baseline.judge(&Snapshot::default(), &wanted), Verdict::NotYet);
//! ```

use std::net::IpAddr;

use crate::wifi::Ssid;
use crate::wifi::station::StationState;

/// What the printer says of its connections at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Its station.
    pub station: StationState,
    /// The addresses of its other adapters: Ethernet, its own access point. One of these is never the station's,
    /// also where a document tells it as such.
    pub elsewhere: Vec<IpAddr>,
    /// A network cable is connected.
    pub cable: bool,
}

impl Snapshot {
    /// The network that the station is connected to, with an address or without one.
    #[must_use]
    pub fn associated(&self) -> Option<&Ssid> {
        let ssid = &self.station.ssid.as_ref()?.value;
        self.station.is_on(ssid).then_some(ssid)
    }

    /// An address of the station under which others can reach it.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        let addresses = self.station.addresses.iter().map(|address| address.value);
        addresses.filter(|address| address.counts()).map(|address| address.ip).find(|ip| !self.elsewhere.contains(ip))
    }

    /// An address of the station that is no proof.
    #[must_use]
    pub fn useless_address(&self) -> Option<IpAddr> {
        self.station.addresses.iter().map(|address| address.value.ip).find(|ip| !self.elsewhere.contains(ip))
    }

    /// Whether the radio is said to be off.
    #[must_use]
    pub fn radio_off(&self) -> bool {
        self.station.power.as_ref().is_some_and(|power| !power.value)
    }

    /// The network and the address on it.
    fn on(&self) -> Option<(&Ssid, IpAddr)> {
        Some((self.associated()?, self.address()?))
    }

    /// Whether it says that it is not, or no more, connected to this network; silence does not.
    fn denies(&self, network: &Ssid) -> bool {
        self.radio_off()
            || self.station.connected.as_ref().is_some_and(|connected| !connected.value)
            || self.associated().is_some_and(|other| other != network)
    }
}

/// Names that a printer gives to its own access point: Wi-Fi Direct's begin so (Wi-Fi Peer-to-Peer 1.7, 3.2.1), and
/// HP's older ones \[K\].
fn is_own_access_point(ssid: &Ssid) -> bool {
    [&b"DIRECT-"[..], b"HP-Print-", b"HP-Setup"].iter().any(|prefix| ssid.as_bytes().starts_with(prefix))
}

/// Where the printer is to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// To this network.
    Network(Ssid),
    /// To whichever lets it in; the network that it was on before does not count.
    Another,
}

/// What the printer said before the attempt began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Baseline {
    /// The network that it was on, as long as it has not left it.
    on: Option<Ssid>,
}

/// What a snapshot means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It came onto the wanted network, and has this address.
    Joined(Ssid, IpAddr),
    /// It is where it was before; where that is the wanted network, there is nothing to do.
    Unchanged(Ssid, IpAddr),
    /// Neither.
    NotYet,
}

impl Baseline {
    /// Takes the snapshot of before.
    #[must_use]
    pub fn take(before: &Snapshot) -> Self {
        Self { on: before.on().map(|(ssid, _)| ssid.clone()) }
    }

    /// Judges a later one. A network that the printer left in between counts again.
    pub fn judge(&mut self, snapshot: &Snapshot, wanted: &Wanted) -> Verdict {
        if self.on.as_ref().is_some_and(|before| snapshot.denies(before)) {
            self.on = None;
        }
        match (snapshot.on(), wanted) {
            (Some((ssid, address)), _) if self.on.as_ref() == Some(ssid) => Verdict::Unchanged(ssid.clone(), address),
            (Some((ssid, address)), Wanted::Another) if !is_own_access_point(ssid) => {
                Verdict::Joined(ssid.clone(), address)
            }
            (Some((ssid, address)), Wanted::Network(wanted)) if ssid == wanted => {
                Verdict::Joined(ssid.clone(), address)
            }
            (Some(_) | None, _) => Verdict::NotYet,
        }
    }
}
