//! The printer itself: what outlives the cable. Its status over time, the pages it has printed, its PIN, and
//! the fault that is on.

use std::collections::VecDeque;
use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use rand::RngExt;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::cdm;
use super::descriptors::Descriptors;
use super::faults::{Fault, Kind, Resource};
use super::function::Gadget;
use super::model::{Facts, Model};
use super::options::{Options, PinKind};
use super::page;
use super::radio::digest::Nonces;
use super::radio::{self, Hushed, Radio, Simulated, Start, Supplicant};
use super::services;

/// From the request to the first sign of `processing`.
const LEAD: Duration = Duration::from_millis(400);
/// [`Kind::Busy`] ends by itself.
const BUSY: Duration = Duration::from_secs(60);
/// [`Kind::Working`] ends by itself.
const WORKING: Duration = Duration::from_secs(5);
/// Requests that are remembered.
const LOG: usize = 4096;
/// Jobs that wait for the engine at the same time; more get 503.
const QUEUE: usize = 8;

/// A page that came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrintedPage {
    /// The image, PNG.
    pub path: PathBuf,
    /// The token that asked for it, such as `networkSummary`.
    pub job_type: String,
    /// Counts from 1 over the printer's life.
    pub number: u32,
    /// Its fields, as `name: value` lines; the PIN may be among them.
    pub text: Hushed,
}

struct State {
    fault: Option<(Fault, Instant)>,
    /// Pages in the queue or in the engine.
    jobs: usize,
    processing: bool,
    /// The paper ran out and nobody has lifted the fault yet.
    ran_out: bool,
    pin: Option<String>,
    pin_reads: u32,
    requests: VecDeque<String>,
    gadgets: Vec<Weak<Gadget>>,
    /// It dropped off by itself, and comes back then.
    back_at: Option<Instant>,
    nonces: Nonces,
}

struct Inner {
    model: Model,
    options: Options,
    state: Mutex<State>,
    pages: watch::Sender<Vec<PrintedPage>>,
    /// Counts what may let a waiting page go on.
    changed: watch::Sender<u64>,
    engine: tokio::sync::Mutex<u32>,
    radio: Box<dyn Radio>,
    services: services::State,
    cdm: cdm::State,
    /// Requests that are being answered, while [`Kind::Crowded`] is on.
    guests: AtomicUsize,
}

/// A request that is being answered.
pub(super) struct Guest<'a> {
    printer: &'a Printer,
    /// There was another one before it.
    pub late: bool,
}

impl Drop for Guest<'_> {
    fn drop(&mut self) {
        self.printer.0.guests.fetch_sub(1, Ordering::AcqRel);
    }
}

/// An emulated printer. Clones are the same printer.
#[derive(Clone)]
pub struct Printer(Arc<Inner>);

impl fmt::Debug for Printer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Printer").field("model", &self.0.model).finish_non_exhaustive()
    }
}

impl Printer {
    /// A printer that is switched on and not plugged in. One with a real radio must be made inside a tokio runtime.
    #[must_use]
    pub fn new(model: Model, options: Options) -> Self {
        let state = State {
            fault: None,
            jobs: 0,
            processing: false,
            ran_out: false,
            pin: None,
            pin_reads: 0,
            requests: VecDeque::new(),
            gadgets: Vec::new(),
            back_at: None,
            nonces: Nonces::default(),
        };
        let radio: Box<dyn Radio> = match options.radio.supplicant {
            Some(_) => Box::new(Supplicant::new(options.radio.clone())),
            None => Box::new(Simulated::new(options.radio.clone(), options.connected)),
        };
        let fault = options.fault;
        let printer = Self(Arc::new(Inner {
            model,
            options,
            state: Mutex::new(state),
            pages: watch::Sender::new(Vec::new()),
            changed: watch::Sender::new(0),
            engine: tokio::sync::Mutex::new(0),
            radio,
            services: services::State::default(),
            cdm: cdm::State::default(),
            guests: AtomicUsize::new(0),
        }));
        printer.set_fault(fault);
        printer
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What it is.
    #[must_use]
    pub fn model(&self) -> Model {
        self.0.model
    }

    /// What it was asked to be.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.0.options
    }

    pub(super) fn facts(&self) -> &'static Facts {
        self.0.model.facts()
    }

    /// Its serial number.
    #[must_use]
    pub fn serial(&self) -> &str {
        self.0.options.serial.as_deref().unwrap_or(self.facts().serial)
    }

    /// The pages that have come out, oldest first.
    #[must_use]
    pub fn pages(&self) -> Vec<PrintedPage> {
        self.0.pages.borrow().clone()
    }

    /// The same, to be waited on.
    #[must_use]
    pub fn watch_pages(&self) -> watch::Receiver<Vec<PrintedPage>> {
        self.0.pages.subscribe()
    }

    /// Every request that arrived, as `METHOD PATH`, oldest first; the last 4096.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        self.state().requests.iter().cloned().collect()
    }

    /// Every request since this was last asked, oldest first; they are forgotten.
    pub fn take_requests(&self) -> Vec<String> {
        self.state().requests.drain(..).collect()
    }

    /// The PIN on its panel: the last one that `WPS/Pin` or a page showed.
    #[must_use]
    pub fn pin(&self) -> Option<String> {
        self.state().pin.clone()
    }

    /// How often `WPS/Pin` was read.
    #[must_use]
    pub fn pin_reads(&self) -> u32 {
        self.state().pin_reads
    }

    /// The fault that is on.
    #[must_use]
    pub fn fault(&self) -> Option<Fault> {
        self.state().fault.map(|(fault, _)| fault)
    }

    /// Puts a fault on, or lifts it. What is hanging already stays so until the host resets the interface.
    pub fn set_fault(&self, fault: Option<Fault>) {
        let gadgets: Vec<_> = {
            let mut state = self.state();
            state.fault = fault.map(|fault| (fault, Instant::now()));
            state.ran_out = false;
            state.gadgets.iter().filter_map(Weak::upgrade).collect()
        };
        self.0.changed.send_modify(|count| *count += 1);
        for gadget in gadgets {
            for interface in 0..gadget.pipes().len() {
                gadget.soil(interface);
            }
        }
    }

    /// Resolves at each change of the fault.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.0.changed.subscribe()
    }

    /// Pulls every cable of this printer.
    pub fn unplug(&self) {
        let gadgets: Vec<_> = self.state().gadgets.drain(..).filter_map(|gadget| gadget.upgrade()).collect();
        for gadget in gadgets {
            gadget.unplug();
        }
    }

    /// The device drops off the bus by itself; it comes back after this time, or not.
    pub(super) fn drop_off(&self, back: Option<Duration>) {
        self.state().back_at = back.map(|after| Instant::now() + after);
        self.unplug();
    }

    /// When the device, gone from the bus, comes back by itself. Whoever plugs it asks, once.
    pub fn take_return(&self) -> Option<Instant> {
        self.state().back_at.take()
    }

    pub(super) fn radio(&self) -> &dyn Radio {
        &*self.0.radio
    }

    /// A request begins to be answered, until what is returned is dropped.
    pub(super) fn enter(&self) -> Guest<'_> {
        Guest { late: self.0.guests.fetch_add(1, Ordering::AcqRel) > 0, printer: self }
    }

    /// What its other services remember: jobs, scans.
    pub(super) fn services(&self) -> &services::State {
        &self.0.services
    }

    /// What its CDM remembers.
    pub(super) fn cdm(&self) -> &cdm::State {
        &self.0.cdm
    }

    /// A page is in the queue or in the engine.
    pub(super) fn is_printing(&self) -> bool {
        self.state().jobs > 0
    }

    /// Its IEEE 1284 device id.
    pub(super) fn device_id(&self) -> String {
        Descriptors::new(self.facts(), self.options()).device_id_text().to_owned()
    }

    pub(super) fn with_nonces<T>(&self, check: impl FnOnce(&mut Nonces) -> T) -> T {
        check(&mut self.state().nonces)
    }

    /// How often somebody logged in with a wrong password.
    #[must_use]
    pub fn refused_logins(&self) -> u32 {
        self.with_nonces(|nonces| nonces.refused)
    }

    /// What its station is doing.
    #[must_use]
    pub fn station(&self) -> radio::State {
        self.radio().state()
    }

    /// The same, to be waited on.
    #[must_use]
    pub fn watch_station(&self) -> watch::Receiver<radio::State> {
        self.radio().watch()
    }

    /// Somebody starts WPS on the panel, with the PIN that the panel shows. Must be called inside a tokio runtime.
    pub fn press_wps(&self) {
        let pin = self.state().pin.get_or_insert_with(new_pin).clone();
        self.radio().enrol(Start::Pin(Hushed(pin)));
    }

    /// Somebody holds the printer's Wireless button: WPS by push button. Must be called inside a tokio runtime.
    pub fn hold_wireless(&self) {
        self.radio().enrol(Start::Button);
    }

    /// Somebody presses the button that is lit, to let in whoever asked for it. `false` where none is lit.
    pub fn press_lit_button(&self) -> bool {
        self.cdm().press()
    }

    /// How often its network was reset.
    #[must_use]
    pub fn network_resets(&self) -> u32 {
        self.cdm().resets()
    }

    /// Somebody types a PIN at the router. `false` where no router has a registrar.
    pub fn type_at_router(&self, pin: &str) -> bool {
        self.radio().at_router(Start::Pin(pin.into()))
    }

    /// Somebody pushes the router's WPS button. `false` where no router has a registrar.
    pub fn push_at_router(&self) -> bool {
        self.radio().at_router(Start::Button)
    }

    pub(super) fn plugged(&self, gadget: &Arc<Gadget>) {
        let mut state = self.state();
        state.gadgets.retain(|known| known.strong_count() > 0);
        state.gadgets.push(Arc::downgrade(gadget));
    }

    pub(super) fn log(&self, request: String) {
        let mut state = self.state();
        if state.requests.len() == LOG {
            state.requests.pop_front();
        }
        state.requests.push_back(request);
    }

    /// The kind of fault that is on for this resource now. Those that end by themselves are over in time.
    pub(super) fn fault_at(&self, resource: Resource) -> Option<Kind> {
        let (fault, since) = self.state().fault?;
        if fault.at.is_some_and(|at| at != resource) {
            return None;
        }
        let over = match fault.kind {
            Kind::Busy => since.elapsed() >= BUSY,
            Kind::Working => since.elapsed() >= WORKING,
            _ => false,
        };
        (!over).then_some(fault.kind)
    }

    /// The StatusCategory that keeps pages from coming out.
    pub(super) fn blocked(&self) -> Option<&'static str> {
        let state = self.state();
        match state.fault?.0.kind {
            Kind::OutOfPaper => Some("trayEmptyOrOpen"),
            Kind::RunsOut if state.ran_out => Some("trayEmptyOrOpen"),
            Kind::DoorOpen => Some("closeDoorOrCover"),
            Kind::PaperJam => Some("jamInPrinter"),
            Kind::HardError => Some("hardError"),
            Kind::Initializing => Some("initializing"),
            _ => None,
        }
    }

    /// All StatusCategory values, as the status document shows them.
    pub(super) fn status(&self) -> Vec<&'static str> {
        let mut all: Vec<_> = self.blocked().into_iter().collect();
        if self.state().processing && self.options().shows_processing {
            all.push("processing");
        } else if all.is_empty() {
            all.push(if self.options().power_save { "inPowerSave" } else { "ready" });
        }
        all
    }

    /// GET_PORT_STATUS: not an error 0x08, selected 0x10, paper empty 0x20 (USB Printer Class 1.1, 4.2.2).
    pub(super) fn port_status(&self) -> u8 {
        match self.blocked() {
            None => 0x18,
            Some("trayEmptyOrOpen") => 0x30,
            Some(_) => 0x10,
        }
    }

    /// The PIN that `WPS/Pin` shows now.
    pub(super) fn read_pin(&self) -> String {
        let mut state = self.state();
        state.pin_reads += 1;
        match state.fault.map(|(fault, _)| fault.kind) {
            Some(Kind::PinInvalid) => return "12345678".to_owned(),
            Some(Kind::PinEmpty) => return String::new(),
            Some(Kind::PinShort) => return "0492".to_owned(),
            _ => {}
        }
        if state.pin.is_none() || self.options().pin_kind == PinKind::Dynamic {
            state.pin = Some(new_pin());
        }
        state.pin.clone().unwrap_or_default()
    }

    /// The PIN for a page, without counting as a read.
    pub(super) fn shown_pin(&self) -> Option<String> {
        self.options().pin_on_page.then(|| self.state().pin.get_or_insert_with(new_pin).clone())
    }

    /// Queues a page; `false` when the queue is full. It comes out over emulated time.
    pub(super) fn print(&self, job_type: &str) -> bool {
        {
            let mut state = self.state();
            if state.jobs >= QUEUE {
                return false;
            }
            state.jobs += 1;
        }
        let (printer, job_type) = (self.clone(), job_type.to_owned());
        tokio::spawn(async move {
            printer.run(&job_type).await;
            printer.state().jobs -= 1;
        });
        true
    }

    async fn run(&self, job_type: &str) {
        let mut count = self.0.engine.lock().await;
        sleep(LEAD).await;
        self.unblocked().await;
        self.state().processing = true;
        sleep(self.options().page_time / 2).await;
        if self.fault().is_some_and(|fault| fault.kind == Kind::RunsOut) {
            self.state().ran_out = true;
            self.unblocked().await;
        }
        sleep(self.options().page_time / 2).await;
        *count += 1;
        match self.compose(job_type, *count) {
            Ok((path, text)) => {
                let page = PrintedPage { path, job_type: job_type.to_owned(), number: *count, text };
                self.0.pages.send_modify(|pages| pages.push(page));
            }
            Err(error) => tracing::error!(%error, job_type, "the emulated page can't be written"),
        }
        self.state().processing = false;
    }

    async fn unblocked(&self) {
        let mut changes = self.changes();
        while self.blocked().is_some() {
            if changes.changed().await.is_err() {
                return;
            }
        }
    }

    fn compose(&self, job_type: &str, number: u32) -> std::io::Result<(PathBuf, Hushed)> {
        std::fs::create_dir_all(&self.options().pages)?;
        let path = self.options().pages.join(format!("{}-{number:03}-{job_type}.png", self.facts().name));
        let page = page::compose(self, job_type);
        page::write(&path, &page)?;
        Ok((path, Hushed(page.text_of_fields())))
    }
}

/// Seven random digits and their checksum (WSC 2.0, 7.4.1). Written here a second time on purpose.
fn new_pin() -> String {
    let first: u32 = rand::rng().random_range(1_000_000..10_000_000);
    let mut sum = 0;
    let mut rest = first;
    let mut weight = 3;
    while rest > 0 {
        sum += weight * (rest % 10);
        weight = 4 - weight;
        rest /= 10;
    }
    format!("{first}{}", (10 - sum % 10) % 10)
}
