//! The one who acts: one task owns the registry; whatever can happen reaches it as one event.
//!
//! ```text
//!  usb::Bus ──Hotplug──▶ ┌──────────┐ ──View──▶ faces
//!  faces ────Request───▶ │ registry │
//!  attend (one task for  │          │ ──spawns──▶ attend: open, recognise, probe, again after a failure
//!  each device) ─Device─▶│          │ ──spawns──▶ procedure: one job's steps, told by Job events
//!  procedure ─────Job──▶ └──────────┘
//! ```
//!
//! The owning task never waits for a printer. A slow or hung one delays neither another, nor a removal, nor
//! a stop.

mod admission;
mod attend;
pub mod clock;
mod custody;
mod event;
pub mod failure;
mod fault;
pub mod handle;
pub mod host;
pub mod ipp_usb;
mod jobs;
mod memory;
mod modes;
mod procedure;
pub mod prompt;
mod registry;
pub mod view;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

pub use clock::{Clock, KernelClock, RuntimeClock};
pub use failure::{ErrorKind, Failure};
pub use handle::Handle;
pub use host::{Host, NoHost, ThisHost};

use crate::agent::event::Event;
use crate::agent::registry::Registry;
use crate::agent::view::View;
use crate::printer::quirks::Book;
use crate::usb;

/// Requests that wait for the registry before a face has to wait too.
const REQUESTS: usize = 64;

/// How long a stop may take: links are drained and interfaces given back within it.
const STOP: Duration = Duration::from_secs(2);

/// What the agent is given of this computer.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What a set-up can use around it.
    pub host: Arc<dyn Host>,
    /// What is known of single models.
    pub quirks: Book,
    /// The folder in which it remembers things over a restart; `None`: it does not.
    pub state: Option<PathBuf>,
    /// Where ipp-usb has its control socket ([`ipp_usb::FOLDER`]); `None`: there is no ipp-usb.
    pub ipp_usb: Option<PathBuf>,
}

impl Settings {
    /// On this computer, knowing no quirks and remembering nothing.
    #[must_use]
    pub fn on(host: Arc<dyn Host>) -> Self {
        let ipp_usb = host.ipp_usb();
        Self { host, quirks: Book::default(), state: None, ipp_usb }
    }
}

/// Starts the agent on this bus. It ends within two seconds after `shutdown`, with every job finished and
/// every interface given back.
///
/// Needs to be called within a tokio runtime.
pub fn start(
    bus: Arc<dyn usb::Bus>,
    clock: Arc<dyn Clock>,
    settings: Settings,
    shutdown: CancellationToken,
) -> (Handle, JoinHandle<()>) {
    let (requests, incoming) = mpsc::channel(REQUESTS);
    let (publish, view) = watch::channel(Arc::new(View::default()));
    let (news_in, news) = mpsc::unbounded_channel();
    let hotplug = bus.watch();
    let registry = Registry::new(bus, clock, settings, news_in, publish);
    let task = tokio::spawn(run(hotplug, registry, incoming, news, shutdown));
    (Handle::new(requests, view), task)
}

async fn run(
    mut hotplug: mpsc::UnboundedReceiver<usb::Hotplug>,
    mut registry: Registry,
    mut requests: mpsc::Receiver<handle::Request>,
    mut news: mpsc::UnboundedReceiver<Event>,
    shutdown: CancellationToken,
) {
    let mut watching = true;
    loop {
        let due = registry.next_due();
        let event = tokio::select! {
            biased;
            () = shutdown.cancelled() => break,
            change = hotplug.recv(), if watching => match change {
                Some(change) => Event::Hotplug(change),
                None => {
                    tracing::warn!("the USB bus reports nothing any more");
                    watching = false;
                    continue;
                }
            },
            Some(event) = news.recv() => event,
            Some(request) = requests.recv() => Event::Request(request),
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => Event::Due,
        };
        registry.on(event);
    }
    requests.close();
    let tasks = registry.stop();
    if timeout(STOP, tasks.wait()).await.is_err() {
        tracing::warn!("a printer did not let go in time; its interface is released all the same");
    }
}
