//! The network that this computer itself is on: what can be known of it without any secret, and, for its owner, the
//! secret.

pub mod networkmanager;

use super::{Band, Security, Ssid};

/// The Wi-Fi network that this computer is on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostNetwork {
    /// Its name.
    pub ssid: Ssid,
    /// How it is secured, by what its access point says and, where that may be read, by what this computer uses.
    pub security: Security,
    /// The bands on which access points of this name are heard, that of this computer's own first. Empty: not known.
    pub bands: Vec<Band>,
    /// How strong it is heard, in percent, as desktops show it.
    pub signal_percent: Option<u8>,
    /// What its access point says of WPS; `None`: not known.
    pub wps: Option<Wps>,
    /// Whether it hides its name; `None`: only its owner may know.
    pub hidden: Option<bool>,
    /// The name of the profile that has its secret.
    pub connection: String,
}

impl HostNetwork {
    /// The band on which it is best looked for: the one that every printer has, if it is heard there.
    #[must_use]
    pub fn band(&self) -> Option<Band> {
        self.bands.iter().copied().find(|band| *band == Band::Band2_4).or_else(|| self.bands.first().copied())
    }
}

/// What an access point says of WPS in its beacons.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wps {
    /// It offers WPS.
    pub offered: bool,
    /// Its button has been pressed just now.
    pub button: bool,
    /// It waits for a PIN just now.
    pub pin: bool,
}

/// Why it is not known which network this computer is on. In words that continue a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unknown {
    /// There is no system bus, or it does not let us in.
    #[error("the system bus can't be reached")]
    NoBus,
    /// Nobody has its name on the bus.
    #[error("NetworkManager does not run on this computer")]
    Absent,
    /// It does not answer, or with an error.
    #[error("NetworkManager does not answer")]
    Silent,
    /// Its answer makes no sense.
    #[error("NetworkManager's answer makes no sense")]
    Unreadable,
    /// There is no Wi-Fi, it is off, or another network is used.
    #[error("this computer is on no Wi-Fi network")]
    NotOnWifi,
    /// It is an access point, or a member of a network without one.
    #[error("this computer's Wi-Fi is an access point itself")]
    AccessPoint,
}
