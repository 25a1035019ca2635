//! What this computer has around it that a set-up can use: registrars, and the router of its own network.

use std::fmt;
use std::future::ready;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::timeout;

use crate::agent::ipp_usb;
use crate::wifi::host::{HostNetwork, Unknown, networkmanager};
use crate::wps::registrar::manual::{Manual, Router};
use crate::wps::registrar::{Registrar, hostapd};

/// Where hostapd's control sockets are, on most systems.
const HOSTAPD: [&str; 2] = ["/run/hostapd", "/var/run/hostapd"];

/// How long the system bus may take to let us in.
const BUS: Duration = Duration::from_secs(3);

/// This computer's surroundings; tests bring their own.
pub trait Host: fmt::Debug + Send + Sync + 'static {
    /// The registrars that can be driven, as they are now.
    fn registrars(&self) -> Vec<Arc<dyn Registrar>>;

    /// The router of this computer's own network, where it has one.
    fn router(&self) -> Option<Router>;

    /// The Wi-Fi network that this computer is on now, as it may be known without its owner. Asked for when a set-up
    /// begins, and not watched.
    fn network(&self) -> BoxFuture<'_, Result<HostNetwork, Unknown>> {
        Box::pin(ready(Err(Unknown::Absent)))
    }

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

    fn network(&self) -> BoxFuture<'_, Result<HostNetwork, Unknown>> {
        Box::pin(async {
            // A connection for this alone: nothing of NetworkManager's is heard while nobody wants to know.
            match timeout(BUS, zbus::Connection::system()).await {
                Ok(Ok(bus)) => networkmanager::look(&bus).await,
                Ok(Err(_)) | Err(_) => Err(Unknown::NoBus),
            }
        })
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
