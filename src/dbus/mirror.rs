//! The agent's picture, as objects on the bus. One task compares what the bus has been told with what is, and
//! tells the difference; nothing is polled.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use tokio::sync::{Notify, watch};
use zbus::names::InterfaceName;
use zbus::object_server::{Interface, SignalEmitter};
use zbus::{Connection, ObjectPath, OwnedObjectPath, Variant, fdo};

use crate::agent::view::{JobId, JobView, PrinterView, View};
use crate::dbus::callers::Presence;
use crate::dbus::job::Job;
use crate::dbus::printer::Printer;
use crate::dbus::wifi::Wifi;
use crate::dbus::wps::Wps;
use crate::dbus::{Room, job, job_path, printer, printer_path, wifi, wps};
use crate::printer::identity::PrinterId;

/// A property's name and value.
pub(crate) type Property = (&'static str, Variant<'static>);

/// What the bus has been told about one object. The object's getters answer from here, so that a property never
/// runs ahead of its signal.
pub(crate) struct Told<T>(Arc<RwLock<Arc<T>>>);

impl<T> Clone for Told<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Told<T> {
    pub(crate) fn new(value: Arc<T>) -> Self {
        Self(Arc::new(RwLock::new(value)))
    }

    pub(crate) fn get(&self) -> Arc<T> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn set(&self, value: Arc<T>) -> Arc<T> {
        std::mem::replace(&mut self.0.write().unwrap_or_else(PoisonError::into_inner), value)
    }
}

/// Callers who have not yet been given the path of a job they are starting. What happens to such a job is told
/// after the reply, so that nobody hears of the end of a job before its name.
#[derive(Default)]
pub(crate) struct Holds {
    held: Mutex<HashMap<String, usize>>,
    released: Notify,
}

impl Holds {
    pub(crate) fn hold(self: &Arc<Self>, bus_name: &str) -> Hold {
        *self.lock().entry(bus_name.to_owned()).or_default() += 1;
        Hold { holds: Arc::clone(self), bus_name: bus_name.to_owned() }
    }

    fn holds(&self, bus_name: &str) -> bool {
        self.lock().contains_key(bus_name)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, usize>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends when it is dropped: once the reply has left.
pub(crate) struct Hold {
    holds: Arc<Holds>,
    bus_name: String,
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut held = self.holds.lock();
        if let Some(count) = held.get_mut(&self.bus_name) {
            *count -= 1;
            if *count == 0 {
                held.remove(&self.bus_name);
            }
        }
        drop(held);
        self.holds.released.notify_one();
    }
}

struct ShownPrinter {
    path: OwnedObjectPath,
    told: Told<PrinterView>,
}

struct ShownJob {
    path: OwnedObjectPath,
    told: Told<JobView>,
    completed: bool,
    /// Lets the agent know when the starter leaves: a running job may end then, a result is forgotten.
    _presence: Option<Arc<Presence>>,
}

/// What is on the bus now.
pub(crate) struct Mirror {
    connection: Connection,
    room: Arc<Room>,
    printers: BTreeMap<PrinterId, ShownPrinter>,
    jobs: BTreeMap<JobId, ShownJob>,
    shown_jobs: watch::Sender<BTreeSet<JobId>>,
}

impl Mirror {
    pub(crate) fn new(connection: Connection, room: Arc<Room>, shown_jobs: watch::Sender<BTreeSet<JobId>>) -> Self {
        Self { connection, room, printers: BTreeMap::new(), jobs: BTreeMap::new(), shown_jobs }
    }

    /// Follows the agent until it is gone.
    pub(crate) async fn follow(&mut self, view: &mut watch::Receiver<Arc<View>>) {
        loop {
            tokio::select! {
                changed = view.changed() => if changed.is_err() { return },
                () = self.room.holds.released.notified() => {}
            }
            let now = Arc::clone(&view.borrow_and_update());
            self.show(&now).await;
        }
    }

    /// Makes the bus show this picture. What the bus does not take is logged and tried again at the next change.
    pub(crate) async fn show(&mut self, now: &View) {
        // Printers that come are told before the jobs that name them, and jobs go before their printers.
        self.drop_jobs(now).await;
        self.drop_printers(now).await;
        for (id, view) in &now.printers {
            if let Err(error) = self.show_printer(id, view).await {
                tracing::warn!(printer = %id, %error, "the bus did not take a printer's object or change");
            }
        }
        for (id, view) in &now.jobs {
            if let Err(error) = self.show_job(id, view).await {
                tracing::warn!(job = %id, %error, "the bus did not take a job's object or change");
            }
        }
        let shown: BTreeSet<JobId> = self.jobs.keys().cloned().collect();
        self.shown_jobs.send_if_modified(|old| {
            let changed = *old != shown;
            if changed {
                *old = shown;
            }
            changed
        });
    }

    /// Takes everything off the bus.
    pub(crate) async fn clear(&mut self) {
        self.show(&View::default()).await;
    }

    async fn drop_jobs(&mut self, now: &View) {
        // A name can come back for another job once the first is forgotten, and both within one change.
        let gone: Vec<JobId> = self
            .jobs
            .iter()
            .filter(|(id, shown)| now.jobs.get(*id).is_none_or(|view| !job::same(&shown.told.get(), view)))
            .map(|(id, _)| id.clone())
            .collect();
        for id in gone {
            if let Some(shown) = self.jobs.remove(&id) {
                self.remove::<Job>(&shown.path).await;
            }
        }
    }

    async fn drop_printers(&mut self, now: &View) {
        // Where a property changes that clients were promised would not, it is another printer.
        let gone: Vec<PrinterId> = self
            .printers
            .iter()
            .filter(|(id, shown)| {
                now.printers
                    .get(*id)
                    .is_none_or(|view| printer::constants(view) != printer::constants(&shown.told.get()))
            })
            .map(|(id, _)| id.clone())
            .collect();
        for id in gone {
            if let Some(shown) = self.printers.remove(&id) {
                if shown.told.get().wifi.is_some() {
                    self.remove::<Wifi>(&shown.path).await;
                }
                if shown.told.get().wps.is_some() {
                    self.remove::<Wps>(&shown.path).await;
                }
                self.remove::<Printer>(&shown.path).await;
            }
        }
    }

    async fn show_printer(&mut self, id: &PrinterId, view: &Arc<PrinterView>) -> zbus::Result<()> {
        let server = self.connection.object_server();
        let Some(shown) = self.printers.get(id) else {
            let path = printer_path(id)?;
            let told = Told::new(Arc::clone(view));
            server.at(&path, Printer::new(Arc::clone(&self.room), told.clone())).await?;
            if view.wifi.is_some() {
                server.at(&path, Wifi::new(Arc::clone(&self.room), told.clone())).await?;
            }
            if view.wps.is_some() {
                server.at(&path, Wps::new(Arc::clone(&self.room), told.clone())).await?;
            }
            self.printers.insert(id.clone(), ShownPrinter { path, told });
            return Ok(());
        };
        if Arc::ptr_eq(&shown.told.get(), view) {
            return Ok(());
        }
        let old = shown.told.set(Arc::clone(view));
        self.changed::<Printer>(&shown.path, printer::properties(&old), printer::properties(view)).await?;
        match (&old.wifi, &view.wifi) {
            (None, Some(_)) => {
                server.at(&shown.path, Wifi::new(Arc::clone(&self.room), shown.told.clone())).await?;
            }
            (Some(_), None) => self.remove::<Wifi>(&shown.path).await,
            (Some(old), Some(new)) => {
                self.changed::<Wifi>(&shown.path, wifi::properties(old), wifi::properties(new)).await?;
            }
            (None, None) => {}
        }
        match (&old.wps, &view.wps) {
            (None, Some(_)) => {
                server.at(&shown.path, Wps::new(Arc::clone(&self.room), shown.told.clone())).await?;
            }
            (Some(_), None) => self.remove::<Wps>(&shown.path).await,
            (Some(old), Some(new)) => {
                self.changed::<Wps>(&shown.path, wps::properties(old), wps::properties(new)).await?;
            }
            (None, None) => {}
        }
        Ok(())
    }

    async fn show_job(&mut self, id: &JobId, view: &Arc<JobView>) -> zbus::Result<()> {
        if !self.jobs.contains_key(id) {
            let path = job_path(id)?;
            let told = Told::new(Arc::clone(view));
            self.connection.object_server().at(&path, Job::new(Arc::clone(&self.room), told.clone())).await?;
            let presence = self.room.callers.present(&view.started_by.bus_name);
            self.jobs.insert(id.clone(), ShownJob { path, told, completed: false, _presence: presence });
        }
        if self.room.holds.holds(&view.started_by.bus_name) {
            return Ok(());
        }
        let Some(shown) = self.jobs.get(id) else { return Ok(()) };
        let old = shown.told.set(Arc::clone(view));
        let path = shown.path.clone();
        let completed = shown.completed;
        self.changed::<Job>(&path, job::properties(&old), job::properties(view)).await?;
        if let (Some(outcome), false) = (&view.outcome, completed) {
            if let Some(shown) = self.jobs.get_mut(id) {
                shown.completed = true;
            }
            let emitter = SignalEmitter::new(&self.connection, &path)?;
            job::completed(&emitter, outcome).await?;
        }
        Ok(())
    }

    /// One PropertiesChanged for all that differs.
    async fn changed<I: Interface>(
        &self,
        path: &ObjectPath<'_>,
        old: Vec<Property>,
        new: Vec<Property>,
    ) -> zbus::Result<()> {
        let changed: HashMap<&str, Variant<'_>> =
            new.into_iter().zip(old).filter(|(new, old)| new != old).map(|(new, _)| new).collect();
        if changed.is_empty() {
            return Ok(());
        }
        let name: InterfaceName<'static> = I::name();
        let emitter = SignalEmitter::new(&self.connection, path)?;
        fdo::Properties::properties_changed(&emitter, name, changed, [].as_slice().into()).await
    }

    async fn remove<I: Interface>(&self, path: &ObjectPath<'_>) {
        if let Err(error) = self.connection.object_server().remove::<I, _>(path).await {
            tracing::warn!(%path, %error, "an object could not be taken off the bus");
        }
    }
}
