//! The printer's radio: what it hears, what it joins, and how that goes. [`Radio`] is the seam: the simulated
//! one lives in a neighbourhood that is data; the other drives a real one.
//!
//! ```text
//! ledm ─ documents, request, digest ─ dyn Radio ─┬ simulated ─ neighbourhood
//!                                                └ supplicant ─ wpa_supplicant
//! ```

pub(super) mod digest;
pub(super) mod documents;
mod enrolment;
mod neighbourhood;
mod options;
pub(super) mod request;
pub(super) mod resources;
mod simulated;
mod supplicant;

use std::fmt;
use std::net::Ipv4Addr;

use tokio::sync::watch;

pub use neighbourhood::{Admin, Dhcp, Network, PASSPHRASE, Registrar, Security, Typed, neighbourhood};
pub use options::{Enrolment, Impostor, Lost, Offline, Options, PowerForm, ProfileForm, Switching, Unknown};
pub(super) use simulated::Simulated;
pub(super) use supplicant::Supplicant;

/// Characters that neither `Debug` nor anything else shows.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Hushed(pub String);

impl fmt::Debug for Hushed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hushed]")
    }
}

impl From<&str> for Hushed {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// What the printer was told to join.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The network's name, any bytes.
    pub ssid: Vec<u8>,
    /// How it is secured, as a scan shows it.
    pub security: Security,
    /// The passphrase; `None` for an open network.
    pub passphrase: Option<Hushed>,
}

/// How WPS was started at the printer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// With this PIN.
    Pin(Hushed),
    /// With the push button.
    Button,
}

/// Something that the radio hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// Its name; empty where it is hidden.
    pub ssid: Vec<u8>,
    /// Its access point.
    pub bssid: [u8; 6],
    /// Its channel.
    pub channel: u16,
    /// Its signal.
    pub dbm: i16,
    /// How it is secured.
    pub security: Security,
    /// It offers WPS.
    pub wps: bool,
}

/// What a scan gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scan {
    /// Nothing yet: ask again.
    Running,
    /// What was heard.
    Done(Vec<Heard>),
}

/// Where an address comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A DHCP server.
    Dhcp,
    /// 169.254.x.x, chosen by the printer itself (RFC 3927).
    AutoIp,
    /// 192.0.0.192, HP's own when DHCP failed.
    Fallback,
}

/// An IPv4 address with what belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The address.
    pub address: Ipv4Addr,
    /// Its mask.
    pub mask: Ipv4Addr,
    /// The router.
    pub gateway: Option<Ipv4Addr>,
    /// The name server.
    pub dns: Option<Ipv4Addr>,
    /// Where it comes from.
    pub origin: Origin,
}

/// Why it did not come to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// No such network in reach.
    NotFound,
    /// One that differs only in case.
    OtherCase,
    /// The passphrase is wrong.
    WrongPassphrase,
    /// The printer can't do what secures it.
    Unsupported,
    /// The access point refuses this station.
    Refused,
    /// Too far away.
    TooWeak,
    /// The first half of the PIN was wrong (WSC Config Error 18 after M4).
    FirstHalf,
    /// The second half of the PIN was wrong (WSC Config Error 18 after M6).
    SecondHalf,
    /// The registrar is locked (WSC Config Error 15).
    Locked,
    /// Two push buttons at the same time (WSC Config Error 12).
    Overlap,
    /// No registrar had the PIN in time.
    NoRegistrar,
}

/// The access point that the station is associated to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Association {
    /// The network's name.
    pub ssid: Vec<u8>,
    /// The access point.
    pub bssid: [u8; 6],
    /// Its channel.
    pub channel: u16,
    /// Its signal.
    pub dbm: i16,
    /// How it is secured.
    pub security: Security,
}

/// What the station is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Switched off.
    Off,
    /// On, and nothing to join.
    Idle,
    /// Looking for this network and agreeing on keys.
    Associating(Vec<u8>),
    /// Waiting for a WPS registrar, with nothing to go back to.
    Enrolling,
    /// Associated, asking for an address.
    ObtainingAddress(Association),
    /// Associated, with an address of whatever worth.
    Joined(Association, Lease),
    /// It came to nothing.
    Failed(Failure),
}

impl State {
    /// The association, with or without an address.
    #[must_use]
    pub fn association(&self) -> Option<&Association> {
        match self {
            Self::ObtainingAddress(association) | Self::Joined(association, _) => Some(association),
            _ => None,
        }
    }

    /// The address.
    #[must_use]
    pub fn lease(&self) -> Option<&Lease> {
        match self {
            Self::Joined(_, lease) => Some(lease),
            _ => None,
        }
    }
}

/// A station's radio. Nothing here waits: what takes time shows in [`Radio::watch`].
pub(super) trait Radio: Send + Sync {
    /// Switches it on or off.
    fn switch(&self, on: bool);
    /// Whether it is on.
    fn is_on(&self) -> bool;
    /// Starts a scan or gives what one found; with a name, asks for that network, hidden ones too.
    fn scan(&self, wanted: Option<&[u8]>) -> Scan;
    /// What it has heard lately, as its pages and its memory have it.
    fn around(&self) -> Vec<Heard>;
    /// Keeps this profile and, where the radio is on, joins it.
    fn join(&self, profile: Profile);
    /// Forgets the profile, and leaves the network.
    fn forget(&self);
    /// The profile that is kept.
    fn profile(&self) -> Option<Profile>;
    /// Starts WPS. A second start replaces the first.
    fn enrol(&self, start: Start);
    /// Somebody types a PIN at the router, or pushes its button. `false` where there is no such router.
    fn at_router(&self, act: Start) -> bool;
    /// What it is doing.
    fn state(&self) -> State;
    /// The same, to be waited on.
    fn watch(&self) -> watch::Receiver<State>;
    /// What the last attempt to join came to, also after the radio was switched off.
    fn failure(&self) -> Option<Failure>;
}
