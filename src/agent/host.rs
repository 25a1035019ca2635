//! What this computer has around it that a set-up can use: registrars, and the router of its own network.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use crate::agent::ipp_usb;
use crate::wps::registrar::manual::{Manual, Router};
use crate::wps::registrar::{Registrar, hostapd};

/// Where hostapd's control sockets are, on most systems.
const HOSTAPD: [&str; 2] = ["/run/hostapd", "/var/run/hostapd"];

/// This computer's surroundings; tests bring their own.
pub trait Host: fmt::Debug + Send + Sync + 'static {
    /// The registrars that can be driven, as they are now.
    fn registrars(&self) -> Vec<Arc<dyn Registrar>>;

    /// The router of this computer's own network, where it has one.
    fn router(&self) -> Option<Router>;

    /// Where ipp-usb keeps its control socket; `None` where there can be no ipp-usb.
    fn ipp_usb(&self) -> Option<PathBuf> {
        None
    }
}

/// The computer that this runs on.
#[derive(Clone, Copy, Debug, Default)]
pub struct ThisHost;

impl Host for ThisHost {
    fn registrars(&self) -> Vec<Arc<dyn Registrar>> {
        match hostapd::discover(&HOSTAPD) {
            Ok(found) => found.into_iter().map(|one| Arc::new(one) as Arc<dyn Registrar>).collect(),
            Err(error) => {
                tracing::debug!(%error, "no access point of this computer's own");
                Vec::new()
            }
        }
    }

    fn router(&self) -> Option<Router> {
        Manual::default().router()
    }

    fn ipp_usb(&self) -> Option<PathBuf> {
        Some(ipp_usb::FOLDER.into())
    }
}

/// A computer with nothing around it.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoHost;

impl Host for NoHost {
    fn registrars(&self) -> Vec<Arc<dyn Registrar>> {
        Vec::new()
    }

    fn router(&self) -> Option<Router> {
        None
    }
}
