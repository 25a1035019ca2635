//! The registry: the only mutable map of the house. It is owned by one task, and nothing here waits.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::agent::admission::Admission;
use crate::agent::attend::{self, Attendance};
use crate::agent::custody::{self, Custody, Stance, Waiting};
use crate::agent::event::{DeviceNews, Event, Trouble, Visit};
use crate::agent::jobs::Job;
use crate::agent::memory::{self, Memory};
use crate::agent::modes::Modes;
use crate::agent::view::{
    Associated, JobId, JobResult, Mode, PinKind, PrinterView, State, Transport, View, WifiView, WpsView,
};
use crate::agent::{Clock, ErrorKind, Failure, Settings, ipp_usb};
use crate::blame::Party;
use crate::http;
use crate::printer::capability::Capability;
use crate::printer::identity::PrinterId;
use crate::printer::probe::{Facts, Recognised};
use crate::usb::{self, Address, Arrival, Hotplug};

/// Printers at once; a computer with more has a hub for a living.
pub(super) const MAX_PRINTERS: usize = 64;
/// Devices that are being looked at or are printers.
const MAX_VISITS: usize = 256;

/// How long an exchange that is under way may take to end before the computer's sleep.
const SLEEP_GRACE: Duration = Duration::from_secs(3);

/// The ways of WPS.
const WPS: [Capability; 4] = [Capability::ReadPin, Capability::WritePin, Capability::PaperPin, Capability::PushButton];

/// A device on the bus that is, or may be, a printer.
struct Guest {
    visit: Visit,
    arrival: Arrival,
    gone: CancellationToken,
    again: Arc<Notify>,
    stance: watch::Sender<Stance>,
    printer: Option<PrinterId>,
}

/// A printer.
pub(super) struct Entry {
    pub(super) arrival: Arrival,
    pub(super) recognised: Recognised,
    pub(super) pool: Option<http::Pool>,
    pub(super) condition: Condition,
    /// It went silent and is being brought back.
    recovering: bool,
    pub(super) job: Option<JobId>,
    /// What its station said of itself the last time.
    pub(super) wifi: Option<WifiView>,
    pub(super) again: Arc<Notify>,
    pub(super) admission: Admission,
    pub(super) mode: Mode,
    /// What the attending task is told.
    pub(super) stance: watch::Sender<Stance>,
    /// Who waits until it was let go.
    pub(super) waiting: Vec<Waiting>,
}

/// What is known of what it can do.
///
/// ```text
///  Probing ──facts──▶ Ready ──Refresh──▶ Probing
///     │ ▲
///     ▼ │ by itself, with back-off
///  Troubled          Mute: it has no HTTP as it is (Smart Install)
///
///  any of them ──let go──▶ Aside ──driven again──▶ Probing
/// ```
pub(super) enum Condition {
    /// It is being asked; with what it said the last time.
    Probing(Option<Arc<Facts>>),
    /// It could not say; it is asked again. With what it said the last time.
    Troubled(Trouble, Option<Arc<Facts>>),
    /// It has said.
    Ready(Arc<Facts>),
    /// There is nothing to ask until somebody does what the reason says.
    Mute(Failure),
    /// It is not driven; with what it said the last time.
    Aside(Aside, Option<Arc<Facts>>),
}

/// Why a printer is not driven, and what that looks like.
pub(super) struct Aside {
    pub(super) state: State,
    pub(super) transport: Transport,
    /// What is said to those who want something of it.
    pub(super) failure: Failure,
}

impl Default for Aside {
    /// Nothing keeps it from being driven; it will be in a moment.
    fn default() -> Self {
        let failure = Failure::new(
            ErrorKind::PrinterNotReady,
            Party::Agent,
            "The printer was given back just now. Try again in a moment.",
        );
        Self { state: State::Probing, transport: Transport::Usb, failure }
    }
}

/// All that the agent knows.
pub(super) struct Registry {
    bus: Arc<dyn usb::Bus>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) settings: Settings,
    pub(super) news: mpsc::UnboundedSender<Event>,
    publish: watch::Sender<Arc<View>>,
    pub(super) tasks: TaskTracker,
    guests: BTreeMap<Address, Guest>,
    pub(super) printers: BTreeMap<PrinterId, Entry>,
    pub(super) jobs: BTreeMap<JobId, Job>,
    pub(super) custody: Custody,
    pub(super) modes: Modes,
    ipp_usb: watch::Receiver<Option<bool>>,
    visits: u64,
    memory: Memory,
    pub(super) jobs_started: u64,
}

impl Registry {
    pub(super) fn new(
        bus: Arc<dyn usb::Bus>,
        clock: Arc<dyn Clock>,
        settings: Settings,
        news: mpsc::UnboundedSender<Event>,
        publish: watch::Sender<Arc<View>>,
    ) -> Self {
        let ipp_usb = ipp_usb::watched(settings.ipp_usb.clone());
        let modes = Modes::remembered(settings.state.as_deref());
        Self {
            bus,
            clock,
            memory: Memory::of(settings.state.clone()),
            settings,
            news,
            publish,
            tasks: TaskTracker::new(),
            guests: BTreeMap::new(),
            printers: BTreeMap::new(),
            jobs: BTreeMap::new(),
            custody: Custody::default(),
            modes,
            ipp_usb,
            visits: 0,
            jobs_started: 0,
        }
    }

    /// Takes one event in, and publishes what has changed by it.
    pub(super) fn on(&mut self, event: Event) {
        match event {
            Event::Hotplug(Hotplug::Arrived(arrival)) => self.arrived(arrival),
            Event::Hotplug(Hotplug::Departed(address)) => self.departed(address),
            Event::Device(visit, news) => self.device(visit, news),
            Event::Job(job, news) => self.job_news(&job, news),
            Event::GivenBack(printer, hold) => self.given_back(&printer, hold),
            Event::Due => self.due(),
            // Publishes by itself, between what it did and its reply.
            Event::Request(request) => return self.request(request),
        }
        self.publish();
    }

    /// Ends every job and every device's task, and gives what is left to wait for.
    pub(super) fn stop(&mut self) -> TaskTracker {
        for guest in self.guests.values() {
            guest.gone.cancel();
        }
        self.end_all_jobs(&Failure::new(
            ErrorKind::Canceled,
            Party::Agent,
            "The service was stopped. Start it again, look at the printer, then try again.",
        ));
        self.publish();
        self.tasks.close();
        self.tasks.clone()
    }

    fn arrived(&mut self, arrival: Arrival) {
        // The same address again without a departure in between: the first one must have gone unnoticed.
        self.departed(arrival.address);
        if self.guests.len() >= MAX_VISITS {
            tracing::warn!(address = %arrival.address, "too many USB devices at once; this one is ignored");
            return;
        }
        self.visits += 1;
        let guest = Guest {
            visit: Visit(self.visits),
            gone: CancellationToken::new(),
            again: Arc::new(Notify::new()),
            stance: custody::stance(),
            printer: None,
            arrival,
        };
        self.tasks.spawn(attend::attend(Attendance {
            visit: guest.visit,
            arrival: guest.arrival.clone(),
            bus: Arc::clone(&self.bus),
            news: self.news.clone(),
            gone: guest.gone.clone(),
            again: Arc::clone(&guest.again),
            quirks: self.settings.quirks.clone(),
            stance: guest.stance.subscribe(),
            memory: self.memory.clone(),
            ipp_usb: self.ipp_usb.clone(),
            rivalry: false,
        }));
        self.guests.insert(guest.arrival.address, guest);
    }

    /// The computer goes to sleep: every link is given back. `done` is dropped when that is so.
    pub(super) fn sleep(&mut self, done: oneshot::Sender<Result<(), Failure>>) {
        let pools: Vec<_> = self.printers.values().filter_map(|entry| entry.pool.clone()).collect();
        self.tasks.spawn(async move {
            futures_util::future::join_all(pools.iter().map(|pool| pool.rest(SLEEP_GRACE))).await;
            let _ = done.send(Ok(()));
        });
    }

    /// The computer is awake: every printer that is still there is looked at again.
    pub(super) fn wake(&mut self) {
        let mut lost = Vec::new();
        for entry in self.printers.values() {
            match &entry.pool {
                // The device did not outlive it, and the kernel gave it no new number.
                Some(pool) if pool.is_closed() => lost.push(entry.arrival.clone()),
                Some(pool) => {
                    pool.resume();
                    entry.again.notify_one();
                }
                None => {}
            }
        }
        for arrival in lost {
            self.arrived(arrival);
        }
    }

    fn departed(&mut self, address: Address) {
        let Some(guest) = self.guests.remove(&address) else { return };
        guest.gone.cancel();
        let Some(id) = guest.printer else { return };
        tracing::info!(printer = %id, "unplugged");
        let Some(entry) = self.printers.remove(&id) else { return };
        for waiting in entry.waiting {
            self.refuse(&id, waiting, custody::went());
        }
        if let Some(job) = entry.job
            && self.unplugged(&job)
        {
            self.finish(
                &job,
                Err(Failure::new(
                    ErrorKind::Disconnected,
                    Party::Host,
                    "The printer was unplugged or switched off. Plug it in again, look whether a page came out, then try again.",
                )),
            );
        }
    }

    fn device(&mut self, visit: Visit, news: DeviceNews) {
        let Some(guest) = self.guests.values_mut().find(|guest| guest.visit == visit) else { return };
        match (news, &guest.printer) {
            (DeviceNews::NotAPrinter, None) => {
                let address = guest.arrival.address;
                self.guests.remove(&address);
            }
            (DeviceNews::Recognised(recognised), None) => self.recognised(visit, *recognised),
            (DeviceNews::Driving(pool), Some(id)) => {
                let id = id.clone();
                if let Some(entry) = self.printers.get_mut(&id) {
                    entry.pool = Some(pool);
                    entry.recovering = false;
                    entry.condition = Condition::Probing(entry.known_facts());
                }
                self.give_links(&id);
            }
            (DeviceNews::LetGo, Some(id)) => {
                let id = id.clone();
                self.let_go(&id);
            }
            (DeviceNews::StillInUse, Some(id)) => {
                let id = id.clone();
                self.still_in_use(&id);
            }
            (DeviceNews::Aside(aside), Some(id)) => {
                let id = id.clone();
                tracing::info!(printer = %id, reason = aside.failure.message, "is not driven");
                self.let_go(&id);
                // Other jobs notice by themselves that the links have ended.
                self.refreshed(&id, Err(aside.failure.clone()));
                if let Some(entry) = self.printers.get_mut(&id)
                    && *entry.stance.borrow() == Stance::Drive
                {
                    let facts = entry.known_facts();
                    entry.condition = Condition::Aside(*aside, facts);
                }
            }
            (DeviceNews::NotAPrinter | DeviceNews::Recognised(..), Some(_)) => {}
            (DeviceNews::Asking, Some(id)) => {
                if let Some(entry) = self.printers.get_mut(id)
                    && let Condition::Ready(facts) = &entry.condition
                {
                    entry.condition = Condition::Probing(Some(Arc::clone(facts)));
                }
            }
            (DeviceNews::Trouble(trouble), Some(id)) => {
                tracing::info!(printer = %id, reason = trouble.failure.message, "could not be probed");
                if let Some(entry) = self.printers.get_mut(id) {
                    let known = entry.facts().map(Arc::clone);
                    entry.condition = Condition::Troubled(trouble, known);
                }
            }
            (DeviceNews::Probed(facts), Some(id)) => {
                let id = id.clone();
                if let Some(entry) = self.printers.get_mut(&id) {
                    tracing::info!(printer = %id, reports = facts.reports.len(), "ready");
                    entry.wifi = facts.wifi.as_ref().map(|state| WifiView::of(state, false));
                    entry.condition = Condition::Ready(facts);
                }
                self.refreshed(&id, Ok(JobResult::Done));
                self.replugged(&id);
            }
            (DeviceNews::Recovering(recovering), Some(id)) => {
                if let Some(entry) = self.printers.get_mut(id) {
                    entry.recovering = recovering;
                }
            }
            (DeviceNews::OneLink, Some(id)) => {
                let Some(entry) = self.printers.get_mut(id) else { return };
                memory::one_link(&mut entry.recognised.quirks);
                // By the name that it has in any socket.
                if let Some(save) = self.memory.learn_one_link(&entry.recognised.id) {
                    self.tasks.spawn_blocking(move || {
                        if let Err(error) = save.write() {
                            tracing::warn!(%error, file = %save.file.display(), "what was found out can't be remembered");
                        }
                    });
                }
            }
            (_, None) => {}
        }
    }

    fn recognised(&mut self, visit: Visit, recognised: Recognised) {
        let Some(guest) = self.guests.values_mut().find(|guest| guest.visit == visit) else { return };
        let mut id = recognised.id.clone();
        if self.printers.contains_key(&id) {
            id = id.at(&guest.arrival.topology);
        }
        if self.printers.len() >= MAX_PRINTERS || self.printers.contains_key(&id) {
            tracing::warn!(printer = %id, "too many printers at once; this one is ignored");
            guest.gone.cancel();
            let address = guest.arrival.address;
            self.guests.remove(&address);
            return;
        }
        tracing::info!(printer = %id, address = %guest.arrival.address, model = recognised.model, "plugged in");
        guest.printer = Some(id.clone());
        let (arrival, again, stance) = (guest.arrival.clone(), Arc::clone(&guest.again), guest.stance.clone());
        let entry = Entry {
            arrival,
            condition: match &recognised.mute {
                Some(why) if recognised.quirks.blacklisted => {
                    Condition::Mute(Failure::new(ErrorKind::NotSupported, Party::Host, why))
                }
                Some(why) => Condition::Mute(Failure::new(ErrorKind::PrinterNotReady, Party::Printer, why)),
                None => Condition::Probing(None),
            },
            recovering: false,
            recognised,
            pool: None,
            job: self.waiting_for(&id),
            wifi: None,
            again,
            admission: Admission::default(),
            mode: Mode::default(),
            stance,
            waiting: Vec::new(),
        };
        self.printers.insert(id.clone(), entry);
        self.decide(&id);
    }

    /// Replaces the view where something in it has changed. What has not changed stays the same `Arc`.
    pub(super) fn publish(&self) {
        let old = Arc::clone(&self.publish.borrow());
        let mut changed = false;
        let mut view = View::default();
        for (id, entry) in &self.printers {
            let stage = entry.job.as_ref().and_then(|job| self.jobs.get(job)).map_or("", |job| job.view.stage);
            let now = entry.view(id, stage);
            let kept = old.printers.get(id).filter(|before| ***before == now);
            changed |= kept.is_none();
            view.printers.insert(id.clone(), kept.map_or_else(|| Arc::new(now), Arc::clone));
        }
        for (id, job) in &self.jobs {
            let kept = old.jobs.get(id).filter(|before| ***before == job.view);
            changed |= kept.is_none();
            view.jobs.insert(id.clone(), kept.map_or_else(|| Arc::new(job.view.clone()), Arc::clone));
        }
        changed |= old.printers.len() != view.printers.len() || old.jobs.len() != view.jobs.len();
        if changed {
            self.publish.send_replace(Arc::new(view));
        }
    }
}

impl Entry {
    /// What it said it can do, the last time that it said so.
    fn facts(&self) -> Option<&Arc<Facts>> {
        match &self.condition {
            Condition::Ready(facts) => Some(facts),
            Condition::Probing(known) | Condition::Troubled(_, known) | Condition::Aside(_, known) => known.as_ref(),
            Condition::Mute(_) => None,
        }
    }

    /// The same, to be kept.
    pub(super) fn known_facts(&self) -> Option<Arc<Facts>> {
        self.facts().map(Arc::clone)
    }

    fn view(&self, id: &PrinterId, stage: &str) -> PrinterView {
        let facts = self.facts();
        let (state, state_reason) = match &self.condition {
            Condition::Probing(_) => (State::Probing, String::new()),
            Condition::Troubled(trouble, _) if trouble.lasting => (State::Failed, trouble.failure.message.clone()),
            Condition::Troubled(trouble, _) => (State::Probing, trouble.failure.message.clone()),
            Condition::Mute(why) => (State::Failed, why.message.clone()),
            Condition::Aside(aside, _) => (aside.state, aside.failure.message.clone()),
            Condition::Ready(facts) if self.job.is_some() => (State::Busy, facts.remark.clone()),
            Condition::Ready(_) if self.recovering => {
                (State::Recovering, "The printer went silent, and is being brought back.".to_owned())
            }
            Condition::Ready(facts) => (State::Ready, facts.remark.clone()),
        };
        PrinterView {
            id: id.clone(),
            manufacturer: self.recognised.manufacturer.clone(),
            model: self.recognised.model.clone(),
            serial_number: self.recognised.serial_number.clone(),
            uuid: facts.map(|facts| facts.uuid.clone()).unwrap_or_default(),
            vendor_id: self.arrival.vendor_id,
            product_id: self.arrival.product_id,
            address: self.arrival.address,
            state,
            state_reason,
            mode: self.mode,
            transport: match &self.condition {
                _ if self.recognised.legacy.is_some() => Transport::Legacy,
                Condition::Aside(aside, _) => aside.transport,
                _ => Transport::Usb,
            },
            capabilities: facts.map(|facts| facts.capabilities.clone()).unwrap_or_default(),
            reports: facts.map(|facts| facts.reports.clone()).unwrap_or_default(),
            wifi: facts.filter(|facts| facts.capabilities.contains_key(&Capability::WifiStatus)).map(|_| {
                let mut wifi = self.wifi.clone().unwrap_or_default();
                // What it says meanwhile may be of the network before.
                if matches!(stage, "joining" | "verifying") {
                    wifi.associated = Associated::Joining;
                }
                wifi
            }),
            wps: facts
                .map(|facts| WPS.into_iter().filter(|way| facts.capabilities.contains_key(way)))
                .map(|ways| ways.map(Capability::name).collect::<Vec<_>>())
                .filter(|methods| !methods.is_empty())
                .map(|methods| WpsView { methods, pin_kind: PinKind::Unknown }),
            addresses: self.admission.addresses.clone(),
            quirks: self.recognised.quirks.in_words(),
            current_job: self.job.clone(),
        }
    }
}
