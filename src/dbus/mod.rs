//! The D-Bus API: the agent's [`Handle`](crate::agent::Handle) on a bus, and nothing else.
//!
//! Name `org.plugprint1`, root `/org/plugprint1` with an ObjectManager. What each interface means is written in
//! the XML files in `dbus/`; a test holds them and what is exported against each other.
//!
//! * Every method knows who calls ([`callers`]) and asks polkit before any work ([`authorize`]).
//! * The picture of printers and jobs is mirrored, never polled ([`mirror`]).
//! * A PIN leaves through `Job.GetResult`, to the job's starter and root, and through the prompter that is to show
//!   it ([`prompt`]), and nowhere else. A secret comes in by a descriptor, never in a message ([`descriptor`]).

pub mod authorize;
mod callers;
mod descriptor;
pub mod error;
mod job;
mod lock;
mod manager;
mod mirror;
mod options;
mod printer;
mod prompt;
mod prompters;
mod session;
mod sleep;
mod wifi;
mod wps;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use serde::{Serialize, Serializer};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use zbus::message::Header;
use zbus::names::OwnedUniqueName;
use zbus::{Connection, OwnedObjectPath, Signature, Type, fdo};

use crate::agent::Handle;
use crate::agent::view::{Caller, JobId, JobView, PrinterView, StartOptions, Task};
use crate::dbus::authorize::{Action, Authority, Question};
use crate::dbus::callers::{Callers, OnLeave, Presence};
use crate::dbus::descriptor::{Desk, Held};
use crate::dbus::error::Error;
use crate::dbus::manager::Manager;
use crate::dbus::mirror::{Hold, Holds, Mirror};
use crate::dbus::prompt::Asker;
use crate::dbus::prompters::Prompters;
use crate::printer::identity::PrinterId;

/// The name on the bus.
pub const NAME: &str = "org.plugprint1";
/// The object with the Manager and the ObjectManager.
pub const ROOT: &str = "/org/plugprint1";
/// Grows with every addition to the API: a method, a property, an option.
pub const API_LEVEL: u32 = 2;

/// How long a started job may take to appear on the bus. It is in the agent's picture before the start returns.
const APPEARANCE: Duration = Duration::from_secs(5);

/// Why the service could not begin, or had to end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// Another process has the name, or the bus policy does not let us have it.
    #[error("can't own the name {NAME} on the bus: {0}. Is another plugprintd running, is its bus policy installed?")]
    Name(#[source] zbus::Error),
    /// The bus did not take our objects.
    #[error("can't offer objects on the bus: {0}")]
    Objects(#[source] zbus::Error),
    /// The bus has gone.
    #[error("the connection to the bus was closed")]
    Closed,
}

/// What the interfaces share.
pub(crate) struct Room {
    handle: Handle,
    authority: Authority,
    callers: Callers,
    prompters: Arc<Prompters>,
    desk: Desk,
    holds: Arc<Holds>,
    shown_jobs: watch::Receiver<BTreeSet<JobId>>,
}

/// A path element that the bus accepts, or an error: ids come from other rooms.
fn element_path(kind: &str, element: &str) -> zbus::Result<OwnedObjectPath> {
    OwnedObjectPath::try_from(format!("{ROOT}/{kind}/{element}"))
}

pub(crate) fn printer_path(id: &PrinterId) -> zbus::Result<OwnedObjectPath> {
    element_path("printers", id.as_str())
}

pub(crate) fn job_path(id: &JobId) -> zbus::Result<OwnedObjectPath> {
    element_path("jobs", &id.0)
}

/// The path of a job that has just been started. While it exists, what happens to the caller's jobs is not
/// told; zbus drops it once the reply is on its way.
pub(crate) struct Started {
    path: OwnedObjectPath,
    _hold: Hold,
}

impl Serialize for Started {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.path.serialize(serializer)
    }
}

impl Type for Started {
    const SIGNATURE: &'static Signature = OwnedObjectPath::SIGNATURE;
}

/// A caller who was let in.
pub(crate) struct Admitted {
    caller: Caller,
    name: OwnedUniqueName,
    presence: Arc<Presence>,
}

impl Room {
    /// Who calls: for methods that need no authorization, and those that ask for their own.
    async fn caller(&self, header: &Header<'_>) -> Result<Caller, Error> {
        Ok(self.callers.identify(header).await?.0)
    }

    /// Lets a caller in, or not. Nothing may be done for them before.
    async fn admit(
        &self,
        header: &Header<'_>,
        action: Action,
        printer: &PrinterView,
        details: &[(&'static str, &str)],
    ) -> Result<Admitted, Error> {
        let identified = self.callers.identify(header).await?;
        self.check(header, identified, action, printer, details).await
    }

    /// The same for a call with a secret's descriptor, which keeps its place among those that are held from here
    /// until it has been read. It is looked at by nobody before polkit has spoken: of one who may not do this,
    /// nothing is taken, whatever it is.
    async fn admit_with_descriptor(
        &self,
        header: &Header<'_>,
        action: Action,
        printer: &PrinterView,
        details: &[(&'static str, &str)],
    ) -> Result<(Admitted, Held), Error> {
        let identified = self.callers.identify(header).await?;
        let held = self.desk.hold(identified.0.uid).ok_or_else(descriptor::too_many)?;
        Ok((self.check(header, identified, action, printer, details).await?, held))
    }

    async fn check(
        &self,
        header: &Header<'_>,
        (caller, name): (Caller, OwnedUniqueName),
        action: Action,
        printer: &PrinterView,
        details: &[(&'static str, &str)],
    ) -> Result<Admitted, Error> {
        let presence = self.callers.presence(&name).await?;
        let model = printer_name(printer);
        let mut all = HashMap::from([("printer", model.as_str()), ("printer-id", printer.id.as_str())]);
        if let Some(member) = header.member() {
            all.insert("method", member.as_str());
        }
        all.extend(details.iter().copied());
        let question = Question { action, caller: &caller, presence: &presence, details: all };
        self.authority.check(header, question).await?;
        Ok(Admitted { caller, name, presence })
    }

    /// Starts a task for a caller who was let in, and waits until its job is on the bus.
    async fn start(
        &self,
        admitted: Admitted,
        printer: &PrinterId,
        task: Task,
        mut options: StartOptions,
    ) -> Result<Started, Error> {
        let Admitted { caller, name, presence } = admitted;
        options.prompter = Some(Arc::new(Asker::new(Arc::clone(&self.prompters), caller.clone(), name).await));
        let hold = self.holds.hold(&caller.bus_name);
        let job = self.handle.start(printer.clone(), task, caller.clone(), options).await?;
        if presence.is_gone() {
            // The agent heard of the caller's leaving before it heard of the job.
            self.handle.caller_left(caller.bus_name).await;
        }
        let mut shown = self.shown_jobs.clone();
        let shown = tokio::time::timeout(APPEARANCE, shown.wait_for(|jobs| jobs.contains(&job))).await;
        if !matches!(shown, Ok(Ok(_))) {
            return Err(Error::internal("The job was started, but its object did not appear on the bus."));
        }
        let path = job_path(&job).map_err(|error| Error::internal(format!("The job's name is no path: {error}")))?;
        Ok(Started { path, _hold: hold })
    }

    /// Who calls about a job, where they may.
    async fn starter(&self, header: &Header<'_>, job: &JobView) -> Result<Caller, Error> {
        let caller = self.caller(header).await?;
        authorize::starter(&caller, job)?;
        Ok(caller)
    }
}

/// How a printer is named to people: manufacturer and model, each once.
fn printer_name(printer: &PrinterView) -> String {
    if printer.manufacturer.is_empty() || printer.model.starts_with(&printer.manufacturer) {
        printer.model.clone()
    } else {
        format!("{} {}", printer.manufacturer, printer.model)
    }
}

/// Serves the agent on a bus until `stop`, then gives the name back and takes the objects down.
///
/// # Errors
/// Where the name or the objects are not accepted, and when the bus goes away.
pub async fn serve(connection: Connection, handle: Handle, stop: CancellationToken) -> Result<(), ServeError> {
    let prompters = Arc::new(Prompters::new(connection.clone(), Desk::default()));
    let on_leave: OnLeave = {
        let (handle, prompters) = (handle.clone(), Arc::clone(&prompters));
        Arc::new(move |bus_name| {
            let (handle, prompters) = (handle.clone(), Arc::clone(&prompters));
            Box::pin(async move {
                prompters.forget(&bus_name);
                handle.caller_left(bus_name).await;
            })
        })
    };
    let mut view = handle.view();
    let sleeper = handle.clone();
    let (shown_jobs, shown) = watch::channel(BTreeSet::new());
    let room = Arc::new(Room {
        handle,
        authority: Authority::new(connection.clone(), stop.clone()),
        callers: Callers::new(connection.clone(), on_leave),
        prompters: Arc::clone(&prompters),
        desk: Desk::default(),
        holds: Arc::default(),
        shown_jobs: shown,
    });

    let server = connection.object_server();
    server.at(ROOT, fdo::ObjectManager).await.map_err(ServeError::Objects)?;
    server.at(ROOT, Manager::new(Arc::clone(&room))).await.map_err(ServeError::Objects)?;
    let mut mirror = Mirror::new(connection.clone(), room, shown_jobs);
    let now = Arc::clone(&view.borrow_and_update());
    mirror.show(&now).await;

    let result = match connection.request_name(NAME).await {
        Err(error) => Err(ServeError::Name(error)),
        Ok(()) => tokio::select! {
            () = mirror.follow(&mut view) => Ok(()),
            () = sleep::follow(&connection, &sleeper) => Ok(()),
            () = connection.closed() => Err(ServeError::Closed),
            () = stop.cancelled() => Ok(()),
        },
    };
    if !connection.is_closed() {
        // New callers are not to meet half a service. The objects also hold what holds the connection.
        let _ = connection.release_name(NAME).await;
        for prompter in prompters.forget_all() {
            prompt::release(&connection, &prompter).await;
        }
    }
    mirror.clear().await;
    let _ = server.remove::<Manager, _>(ROOT).await;
    let _ = server.remove::<fdo::ObjectManager, _>(ROOT).await;
    result
}
