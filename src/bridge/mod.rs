//! The bridge: other programs of this computer reach a printer through HTTP on a port of its own, on the loopback
//! addresses and nowhere else. CUPS prints, SANE scans, a browser looks at the printer's pages.
//!
//! ```text
//!  client ─TCP─▶ listen ─▶ serve: hyper's server ─▶ gate: whose Host, whose Origin, which resource, which user
//!                                                     │
//!                              lanes: documents never take the last link
//!                                                     ▼
//!                              relay: http::Pool::exchange, streaming both ways
//! ```
//!
//! One task for each printer that is ready. It never holds a link by itself: a link is taken when a request has
//! begun, and given back by the exchange.

mod access;
mod authority;
mod body;
mod dnssd;
mod gate;
mod headers;
mod import;
mod lanes;
mod listen;
mod path;
mod peer;
pub mod ports;
mod refusal;
mod relay;
mod sanitize;
mod serve;
mod users;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::agent::Handle;
use crate::agent::handle::{Addresses, Links};
use crate::agent::view::{PrinterView, State, View};
use crate::printer::identity::PrinterId;
use crate::usb;

pub use authority::Names;
pub use peer::{Peers, SocketDiag};
pub use ports::Ports;
pub use users::{Accounts, NameService, Users};

/// How long a task of a printer rests that ended although the printer is still there.
const REST: Duration = Duration::from_millis(500);
/// How long connections have to end by themselves when their listener is closed.
const FAREWELL: Duration = Duration::from_millis(300);

/// How the bridge behaves towards its clients.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections to one printer at once; further ones wait in the kernel's queue.
    pub connections: usize,
    /// Connections to all printers together.
    pub all_connections: usize,
    /// How long a client may take for the head of its request, and be idle between two.
    pub head: Duration,
    /// How long a client may take for a body of which no link knows yet.
    pub gather: Duration,
    /// How long a client that holds a link may neither send nor take a byte while others wait for one.
    pub progress: Duration,
    /// The same while nobody waits: a filter of CUPS may compute a page for minutes.
    pub patience: Duration,
    /// How long a request waits for a link before it is told to come back later.
    pub link: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 256,
            all_connections: 1024,
            head: Duration::from_secs(60),
            gather: Duration::from_secs(60),
            progress: Duration::from_secs(60),
            patience: Duration::from_secs(600),
            link: Duration::from_secs(30),
        }
    }
}

/// What the bridge is given.
pub struct Options {
    /// Which printer has which port.
    pub ports: Ports,
    /// Under which names this computer is known.
    pub names: Names,
    /// Who is at the other end of a connection.
    pub peers: Arc<dyn Peers>,
    /// How it behaves towards its clients.
    pub limits: Limits,
    /// Who may do what.
    pub users: Users,
    /// Whether printers are offered on `::1` too.
    pub ipv6: bool,
    /// The bus on which Avahi is that announces the printers; `None`: nobody does.
    pub avahi: Option<zbus::Connection>,
}

/// What all printers' tasks share.
struct Room {
    handle: Handle,
    ports: Mutex<Ports>,
    names: Names,
    peers: Arc<dyn Peers>,
    limits: Limits,
    users: Users,
    ipv6: bool,
    connections: Arc<Semaphore>,
    announcer: Option<dnssd::Announcer>,
}

impl Room {
    fn ports(&self) -> std::sync::MutexGuard<'_, Ports> {
        self.ports.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Offers every printer that is ready, until `shutdown` or until the agent is gone.
pub async fn serve(handle: Handle, options: Options, shutdown: CancellationToken) {
    let Options { ports, names, peers, limits, users, ipv6, avahi } = options;
    let announcer = avahi.map(|bus| dnssd::Announcer::new(bus, names.clone(), shutdown.clone()));
    let mut view = handle.view();
    let room = Arc::new(Room {
        handle,
        ports: Mutex::new(ports),
        names,
        peers,
        limits,
        users,
        ipv6,
        connections: Arc::new(Semaphore::new(limits.all_connections)),
        announcer,
    });
    let mut tasks = JoinSet::new();
    let mut running = BTreeMap::<PrinterId, Running>::new();
    loop {
        let now = Arc::clone(&view.borrow_and_update());
        for (id, task) in &running {
            if wanted(&now, id).is_none_or(|printer| printer.address != task.address) {
                task.stop.cancel();
            }
        }
        for (id, printer) in &now.printers {
            if wanted(&now, id).is_some() && !running.contains_key(id) {
                let stop = shutdown.child_token();
                tasks.spawn(offer(Arc::clone(&room), Arc::clone(printer), stop.clone()));
                running.insert(id.clone(), Running { address: printer.address, stop });
            }
        }
        tokio::select! {
            changed = view.changed() => if changed.is_err() { break },
            Some(ended) = tasks.join_next() => match ended {
                Ok(id) => { running.remove(&id); }
                Err(error) => tracing::error!(%error, "a printer's bridge has failed"),
            },
            () = shutdown.cancelled() => break,
        }
    }
    for task in running.values() {
        task.stop.cancel();
    }
    while tasks.join_next().await.is_some() {}
}

struct Running {
    address: usb::Address,
    stop: CancellationToken,
}

/// The printer, where it is one that is to be offered. Its port does not wait for what it says of its set-up, and being
/// asked again does not take it away; one that has never answered has none.
fn wanted<'a>(view: &'a View, id: &PrinterId) -> Option<&'a PrinterView> {
    let printer = view.printers.get(id)?;
    match printer.state {
        State::Ready | State::Busy | State::Recovering => Some(printer),
        State::Probing => (printer.addresses.is_some() || printer.state_reason.is_empty()).then_some(printer),
        State::Inhibited | State::Failed => None,
    }
}

/// Offers one printer until it is gone.
async fn offer(room: Arc<Room>, printer: Arc<PrinterView>, stop: CancellationToken) -> PrinterId {
    let id = printer.id.clone();
    let announced = Announced { tasks: TaskTracker::new(), stop: stop.child_token() };
    if stop.run_until_cancelled(open(&room, &printer, &stop, &announced)).await.is_some() {
        announced.stop.cancel();
        // It ended by itself; the view may not show why yet.
        stop.run_until_cancelled(tokio::time::sleep(REST)).await;
    }
    // Its name is free before it is offered anew.
    announced.tasks.close();
    announced.tasks.wait().await;
    room.handle.bridged(id.clone(), None).await;
    id
}

/// What makes a printer known. It has to be taken back, so it is not only dropped.
struct Announced {
    tasks: TaskTracker,
    stop: CancellationToken,
}

async fn open(room: &Arc<Room>, printer: &Arc<PrinterView>, stop: &CancellationToken, announced: &Announced) {
    let links = match room.handle.links(printer.id.clone()).await {
        Ok(links) => links,
        Err(failure) => {
            tracing::debug!(printer = %printer.id, reason = failure.message, "is not offered");
            return;
        }
    };
    let listeners = match listen::open(room, printer).await {
        Ok(listeners) => listeners,
        Err(error) => {
            tracing::error!(printer = %printer.id, %error, "no port for a printer");
            // Nothing will change soon; the next change of the printer tries again.
            links.pool.closed().await;
            return;
        }
    };
    let port = listeners.port;
    tracing::info!(printer = %printer.id, port, "offered on the loopback addresses");
    let addresses = addresses(&links, port);
    room.handle.bridged(printer.id.clone(), Some(addresses)).await;
    let pool = links.pool.clone();
    let bridge = Arc::new(serve::Bridge::new(Arc::clone(room), printer.id.clone(), links.clone(), port));
    let announcing = dnssd::announce(Arc::clone(room), Arc::clone(printer), links, port, announced.stop.clone());
    announced.tasks.spawn(announcing);
    tokio::select! {
        () = serve::accept(bridge, listeners, stop.clone()) => {}
        _ = pool.closed() => {}
    }
}

fn addresses(links: &Links, port: u16) -> Addresses {
    Addresses {
        uri: if links.ipp { format!("ipp://localhost:{port}/ipp/print") } else { String::new() },
        admin_uri: format!("http://localhost:{port}/"),
    }
}
