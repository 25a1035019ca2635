//! Wi-Fi: the words that every route to a network shares. Pure; nothing here talks to anybody.
//!
//! ```
//! use plugprint::wifi::{Band, Credentials, Security, Ssid, passphrase};
//!
//! let home = Credentials {
//!     ssid: Ssid::new("Home").unwrap(),
//!     security: Security::Wpa2Personal,
//!     passphrase: Some(passphrase::parse(b"correct horse").unwrap()),
//!     hidden: false,
//! };
//! assert_eq!(home.check(), Ok(()));
//! assert_eq!(home.ssid.to_hex(), "486f6d65");
//! assert_eq!(Band::of_channel(6), Some(Band::Band2_4));
//! assert!(!format!("{home:?}").contains("horse"));
//! ```

pub mod host;
pub mod passphrase;
mod security;
mod ssid;
pub mod station;

use std::fmt;

pub use self::security::Security;
pub use self::ssid::{Ssid, TooLong};
use crate::blame::Party;
use crate::secret::Passphrase;

/// The frequency band of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Band {
    /// 2.4 GHz. The only one that many printers have.
    Band2_4,
    /// 5 GHz.
    Band5,
    /// 6 GHz, where there is neither WPA2 nor WPS (Wi-Fi Alliance: WPA3 is mandatory there).
    Band6,
}

impl Band {
    /// The band of a channel (IEEE 802.11, annex E). The 6 GHz band numbers its channels from 1 again, so it can't
    /// be told from a number: a channel that 2.4 or 5 GHz has is taken for theirs. `None` for all other numbers,
    /// among them 0, which a printer without a connection reports \[C: ENVY Photo 7830\].
    #[must_use]
    pub fn of_channel(channel: u16) -> Option<Self> {
        match channel {
            1..=14 => Some(Self::Band2_4),
            32..=177 => Some(Self::Band5),
            _ => None,
        }
    }

    /// The band of a centre frequency in MHz (IEEE 802.11, annex E).
    #[must_use]
    pub fn of_frequency(mhz: u32) -> Option<Self> {
        match mhz {
            2401..=2495 => Some(Self::Band2_4),
            5150..=5895 => Some(Self::Band5),
            5925..=7125 => Some(Self::Band6),
            _ => None,
        }
    }
}

impl fmt::Display for Band {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Band2_4 => "2.4 GHz",
            Self::Band5 => "5 GHz",
            Self::Band6 => "6 GHz",
        })
    }
}

/// A network as somebody hears it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// Its name; empty where it hides it.
    pub ssid: Ssid,
    /// The access point's address.
    pub bssid: Option<[u8; 6]>,
    /// How it is secured.
    pub security: Security,
    /// Its channel.
    pub channel: Option<u16>,
    /// How strong it is heard, in dBm.
    pub signal_dbm: Option<i16>,
    /// Whether WPS can be used.
    pub wps: Option<bool>,
}

impl Network {
    /// Its band, as far as the channel tells ([`Band::of_channel`]).
    #[must_use]
    pub fn band(&self) -> Option<Band> {
        self.channel.and_then(Band::of_channel)
    }
}

/// What it takes to join a network.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The network's name.
    pub ssid: Ssid,
    /// How it is secured.
    pub security: Security,
    /// Its passphrase; `None` where it is open.
    pub passphrase: Option<Passphrase>,
    /// Whether it hides its name, so that a scan does not list it.
    pub hidden: bool,
}

/// Why nobody can join with these credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// A network that is joined has a name.
    #[error("the network's name is missing")]
    NoName,
    /// The network is secured by a passphrase, and there is none.
    #[error("the network's passphrase is missing")]
    NoPassphrase,
    /// There is a passphrase, and the network is said to be open: one of the two is wrong, and a secret is not sent
    /// for nothing.
    #[error("a passphrase was given, but the network is open")]
    NeedlessPassphrase,
}

impl Unfit {
    /// Whose failure it is.
    #[must_use]
    pub fn whose(self) -> Party {
        Party::Caller
    }
}

impl Credentials {
    /// Whether they are whole. Says nothing of what a printer is able to do ([`Security`]).
    ///
    /// # Errors
    /// What is missing, or too much.
    pub fn check(&self) -> Result<(), Unfit> {
        match (&self.passphrase, &self.security) {
            _ if self.ssid.is_empty() => Err(Unfit::NoName),
            (None, security) if security.takes_passphrase() => Err(Unfit::NoPassphrase),
            (Some(_), Security::Open | Security::EnhancedOpen) => Err(Unfit::NeedlessPassphrase),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    #[test]
    fn bands() {
        for (channel, band) in [
            (0, None),
            (1, Some(Band::Band2_4)),
            (14, Some(Band::Band2_4)),
            (15, None),
            (36, Some(Band::Band5)),
            (177, Some(Band::Band5)),
            (233, None),
        ] {
            assert_eq!(Band::of_channel(channel), band, "{channel}");
        }
        assert_eq!(Band::of_frequency(2484), Some(Band::Band2_4));
        assert_eq!(Band::of_frequency(5180), Some(Band::Band5));
        assert_eq!(Band::of_frequency(5955), Some(Band::Band6));
        assert_eq!(Band::of_frequency(60_000), None);
    }

    #[test]
    fn credentials_are_whole_or_say_what_is_missing() {
        let with = |ssid: &str, security, passphrase: Option<&[u8]>| {
            let passphrase = passphrase.map(|phrase| passphrase::parse(phrase).unwrap());
            Credentials { ssid: Ssid::new(ssid).unwrap(), security, passphrase, hidden: false }.check()
        };
        assert_eq!(with("Home", Security::Open, None), Ok(()));
        assert_eq!(with("Home", Security::Wpa2Personal, Some(b"12345678")), Ok(()));
        assert_eq!(with("", Security::Open, None), Err(Unfit::NoName));
        assert_eq!(with("Home", Security::WpaPersonal, None), Err(Unfit::NoPassphrase));
        assert_eq!(with("Home", Security::Open, Some(b"12345678")), Err(Unfit::NeedlessPassphrase));
    }
}
