//! When a printer is on the wanted network: when it says so itself, over USB, of its own station, and did not say so
//! before the attempt began.
//!
//! What is no success, though it looks like one: an association that is as old as before, an address that the
//! printer gave itself (169.254.x.x, 192.0.0.192), the printer's own access point, its Ethernet socket. Nor is what a
//! registrar says: a router that takes WPA3 only reports success, and the printer never joins (reproduced with
//! hostapd 2.10).
//!
//! A printer that is asked by IPP tells no address of its station. One that it gives out as its own counts where it was not
//! told before the station was on a network; where it gives out none, "on the network" alone is no success either, and
//! is told as what it is ([`Snapshot::address_untold`]).
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
    /// The printer tells its addresses, if any, without saying of which adapter, as in IPP. Those that it tells while its
    /// station is on no network are in `elsewhere`.
    pub undivided: bool,
    /// What it says of the network that it was told. `None`: it does not say that with its station.
    pub complaint: Option<Complaint>,
}

/// Why a printer is not on the network that it was told, as it says itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Complaint {
    /// Nothing that it would have to be told anew: it is at it, or there, or waits for what may still come.
    Nothing,
    /// Its passphrase is wrong.
    WrongPassphrase,
    /// It does not find it.
    NotVisible,
    /// It finds it, and does not get in.
    CannotJoin,
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
        self.useful_addresses().next()
    }

    fn useful_addresses(&self) -> impl Iterator<Item = IpAddr> {
        let addresses = self.station.addresses.iter().map(|address| address.value);
        addresses.filter(|address| address.counts()).map(|address| address.ip).filter(|ip| !self.elsewhere.contains(ip))
    }

    /// An address of the station that is no proof.
    #[must_use]
    pub fn useless_address(&self) -> Option<IpAddr> {
        self.station.addresses.iter().map(|address| address.value.ip).find(|ip| !self.elsewhere.contains(ip))
    }

    /// Whether it says that it is on a network, and nothing at all of an address: whether others can reach it is not
    /// known then.
    #[must_use]
    pub fn address_untold(&self) -> bool {
        self.undivided && self.associated().is_some() && self.station.addresses.is_empty()
    }

    /// Whether the radio is said to be off.
    #[must_use]
    pub fn radio_off(&self) -> bool {
        self.station.power.as_ref().is_some_and(|power| !power.value)
    }

    /// Whether it says, with its radio on, that it is on no network; silence does not.
    #[must_use]
    pub fn on_none(&self) -> bool {
        !self.radio_off() && self.station.connected.as_ref().is_some_and(|connected| !connected.value)
    }

    /// The network and the address on it.
    fn on(&self) -> Option<(&Ssid, IpAddr)> {
        self.on_without(&[])
    }

    /// The same; the address is none of these either.
    fn on_without(&self, others: &[IpAddr]) -> Option<(&Ssid, IpAddr)> {
        let address = self.useful_addresses().find(|ip| !others.contains(ip));
        Some((self.associated()?, address?))
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
    /// What another adapter had, where later nobody says whose an address is.
    elsewhere: Vec<IpAddr>,
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
        let elsewhere = if before.undivided { before.elsewhere.clone() } else { Vec::new() };
        Self { on: before.on().map(|(ssid, _)| ssid.clone()), elsewhere }
    }

    /// Judges a later one. A network that the printer left in between counts again.
    pub fn judge(&mut self, snapshot: &Snapshot, wanted: &Wanted) -> Verdict {
        if self.on.as_ref().is_some_and(|before| snapshot.denies(before)) {
            self.on = None;
        }
        let on = match self.elsewhere.as_slice() {
            [] => snapshot.on(),
            before => snapshot.on_without(before),
        };
        match (on, wanted) {
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::wifi::station::{Address, Fact, Origin};

    fn told<T>(value: T) -> Option<Fact<T>> {
        Some(Fact { value, source: "here" })
    }

    /// As IPP tells it.
    fn undivided(on: bool, addresses: &[&str]) -> Snapshot {
        let addresses: Vec<IpAddr> = addresses.iter().map(|ip| ip.parse().unwrap()).collect();
        let address = |ip: &IpAddr| Address { ip: *ip, gateway: None, origin: Origin::Untold };
        let of_station = addresses.iter().filter(|_| on).map(|ip| Fact { value: address(ip), source: "here" });
        let station = StationState {
            connected: told(on),
            ssid: told(Ssid::new("Home").unwrap()),
            addresses: of_station.collect(),
            ..StationState::default()
        };
        let elsewhere = if on { Vec::new() } else { addresses };
        Snapshot { station, elsewhere, undivided: true, ..Snapshot::default() }
    }

    #[test]
    fn an_address_of_before_is_another_adapters() {
        let home = Ssid::new("Home").unwrap();
        let wanted = Wanted::Network(home.clone());
        let mut baseline = Baseline::take(&undivided(false, &["192.0.2.7"]));
        assert_eq!(baseline.judge(&undivided(true, &["192.0.2.7"]), &wanted), Verdict::NotYet);
        let both = undivided(true, &["192.0.2.7", "192.0.2.57"]);
        assert_eq!(baseline.judge(&both, &wanted), Verdict::Joined(home.clone(), "192.0.2.57".parse().unwrap()));
        let mut on_another = Baseline::take(&undivided(true, &["192.0.2.7"]));
        assert_eq!(
            on_another.judge(&undivided(true, &["192.0.2.7"]), &wanted),
            Verdict::Unchanged(home, "192.0.2.7".parse().unwrap())
        );
    }

    #[test]
    fn on_the_network_without_an_address_is_no_success() {
        let silent = undivided(true, &[]);
        assert!(silent.address_untold() && !undivided(true, &["169.254.0.1"]).address_untold());
        assert!(!undivided(false, &[]).address_untold());
        assert!(!Snapshot { undivided: false, ..silent.clone() }.address_untold());
        let mut baseline = Baseline::take(&undivided(false, &[]));
        assert_eq!(baseline.judge(&silent, &Wanted::Another), Verdict::NotYet);
    }
}
