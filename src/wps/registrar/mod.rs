//! Registrars: who admits a printer to the network by its WPS PIN, or by its button.
//!
//! | registrar | how it is driven |
//! |---|---|
//! | [`manual`] | not at all: a person types the PIN into the router's own page. We know the router's address |
//! | [`hostapd`] | an access point on this computer, over its control socket |
//!
//! What a registrar says is not success: one whose network is WPA3-only reports success and the enrollee never joins
//! (seen on hostapd 2.10 \[C\]). Success is what the printer says.
//!
//! A PIN is *advertised* for 120 s only (walk time, hostap `WPS_PBC_WALK_TIME` \[C\]), however long it is valid.
//! Whoever waits longer gives it again, at the latest after [`REISSUE`]; the caller's clock says when.

mod ctrl;
pub mod event;
pub mod hostapd;
pub mod manual;

#[cfg(test)]
mod lab;

use std::fmt;
use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::mpsc;

pub use self::event::{Event, Mac};
use crate::blame::Party;
use crate::secret::Pin;
use crate::wifi::{Band, Security, Ssid};

/// A boxed future, so that [`Registrar`] can be used as an object.
pub type BoxFuture<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// How often a PIN is given again while the printer is waited for: before the registrar stops advertising it.
pub const REISSUE: Duration = Duration::from_secs(110);

/// Somebody who admits printers to a network.
pub trait Registrar: fmt::Debug + Send + Sync + 'static {
    /// Whether it is there, and for which network.
    ///
    /// # Errors
    /// Why it can't be used; see [`Error`].
    fn probe(&self) -> BoxFuture<'_, Result<Offer, Error>>;

    /// Admits whoever knows this PIN, for so long, and only the device `only` where that is known. Giving the same
    /// PIN again renews it.
    ///
    /// # Errors
    /// See [`Error`].
    fn start_pin<'a>(
        &'a self,
        pin: &'a Pin,
        timeout: Duration,
        only: Option<Mac>,
    ) -> BoxFuture<'a, Result<Started, Error>>;

    /// Admits the one enrollee whose button is pressed within 120 s.
    ///
    /// # Errors
    /// [`Error::Overlap`] where two were pressed; see [`Error`].
    fn start_button(&self) -> BoxFuture<'_, Result<Started, Error>>;

    /// Admits nobody any more. Nothing going on is fine.
    ///
    /// # Errors
    /// See [`Error`].
    fn cancel(&self) -> BoxFuture<'_, Result<(), Error>>;

    /// What happens from now on. The stream ends after [`Event::Gone`]; one who reports nothing ends it at once.
    ///
    /// # Errors
    /// See [`Error`].
    fn events(&self) -> BoxFuture<'_, Result<mpsc::Receiver<Event>, Error>>;
}

/// Who does it now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Started {
    /// The registrar has been told.
    Driven,
    /// Nobody has been told: a person has to do it at the router.
    ByHand,
}

/// What a registrar offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Offer {
    /// A person types the PIN, or presses the button.
    ByHand {
        /// The router, where this computer knows one.
        router: Option<manual::Router>,
    },
    /// It can be driven.
    Driven(Access),
}

/// The network that a driven registrar admits to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// The access point's interface, as `wlan0`.
    pub interface: String,
    /// The network's name.
    pub ssid: Ssid,
    /// The access point's address.
    pub bssid: Option<Mac>,
    /// How it is secured. With [`Security::Wpa3Personal`] WPS reports success and nobody joins.
    pub security: Security,
    /// Its channel.
    pub channel: Option<u16>,
    /// Its band.
    pub band: Option<Band>,
}

/// Why a registrar can't be used. Nothing of what was sent is in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is no control socket.
    #[error("no access point's control socket at {}: start hostapd, with ctrl_interface set", path.display())]
    NotRunning {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The control socket is there, and not for us.
    #[error(
        "no permission for hostapd's control socket {}: set ctrl_interface_group=plugprint in hostapd's configuration",
        path.display()
    )]
    Denied {
        /// Which socket, or its folder.
        path: PathBuf,
    },
    /// Nobody listens at the control socket (any more).
    #[error("hostapd is gone from its control socket {}: start it again", path.display())]
    Gone {
        /// Which socket.
        path: PathBuf,
    },
    /// It does not answer.
    #[error("hostapd did not answer within {} s: look at its log, or restart it", after.as_secs())]
    NoAnswer {
        /// How long was waited.
        after: Duration,
    },
    /// WPS is switched off, or not built in.
    #[error(
        "WPS is off on {interface}: set wps_state=2 and eap_server=1 in hostapd's configuration, or type the password"
    )]
    WpsOff {
        /// The access point's interface.
        interface: String,
    },
    /// WPS is on in the state in which the first enrollee makes the access point give itself another password.
    #[error("WPS on {interface} is not configured and would change the network's password: set wps_state=2")]
    WpsUnconfigured {
        /// The access point's interface.
        interface: String,
    },
    /// The access point is not on the air.
    #[error("the access point on {interface} is not in operation: hostapd is in state {state}")]
    NotServing {
        /// The access point's interface.
        interface: String,
        /// In hostapd's words: `DISABLED`, `DFS`, …
        state: String,
    },
    /// Two enrollees have had their button pressed.
    #[error("two devices had their WPS button pressed: wait two minutes, then press it on the printer only")]
    Overlap,
    /// It said no.
    #[error("hostapd refused {command}")]
    Refused {
        /// The command's name, without what it was about.
        command: &'static str,
    },
    /// It does not know the command.
    #[error("this hostapd does not know {command}: it was built without it")]
    NotBuiltIn {
        /// The command's name.
        command: &'static str,
    },
    /// It answered something else.
    #[error("hostapd's answer to {command} is not what it should be")]
    Malformed {
        /// The command's name.
        command: &'static str,
    },
    /// The operating system did.
    #[error("hostapd's control socket {}: {kind}", path.display())]
    Io {
        /// Which socket.
        path: PathBuf,
        /// What happened.
        kind: std::io::ErrorKind,
    },
}

impl Error {
    /// Whose failure it is.
    #[must_use]
    pub fn whose(&self) -> Party {
        match self {
            Self::NotRunning { .. } | Self::Denied { .. } | Self::Io { .. } => Party::Host,
            _ => Party::Network,
        }
    }

    /// Whether the registrar was not even reached.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        matches!(
            self,
            Self::NotRunning { .. }
                | Self::Denied { .. }
                | Self::Gone { .. }
                | Self::NoAnswer { .. }
                | Self::NotServing { .. }
                | Self::Io { .. }
        )
    }
}
