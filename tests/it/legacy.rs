//! Printers without HTTP: what is sent to them, byte for byte, and what is told of it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use plugprint::agent::view::{JobResult, Mode, StartOptions, State, Task, Transport, WpsMethod};
use plugprint::agent::{self, Failure, NoHost, RuntimeClock, Settings};
use plugprint::emulator::{self, Model, Options, PmlEnvelope, PmlValue, Printer};
use plugprint::hp::pml::Job;
use plugprint::printer::capability::{Capability, Evidence, ReportKind};
use plugprint::printer::identity::PrinterId;
use plugprint::setup::flow::Target;
use plugprint::setup::route::Wish;
use plugprint::usb::descriptor::{self, Channel, Function};
use plugprint::usb::{
    self, Address, BoxFuture, Bus as _, Completion, ControlIn, ControlOut, Device, Direction, Error, Hotplug, Pipe,
};
use plugprint::wifi::passphrase;
use plugprint::wps::pin;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::prompts::{by, setup, target};
use crate::scene::{Scene, anna, fault, printed, timed};

const STATUS: Task = Task::PrintReport(ReportKind::Status);

fn experimental() -> StartOptions {
    StartOptions { experimental: true, ..StartOptions::default() }
}

fn sent(result: Result<JobResult, Failure>) -> &'static str {
    match result {
        Ok(JobResult::Sent { pages, note }) => {
            assert_eq!(pages, ["print-internal-page=3"]);
            note
        }
        other => panic!("not sent, but {other:?}"),
    }
}

async fn log_of(options: Options, times: u32) -> (Vec<String>, usize) {
    let scene = Scene::new();
    let (printer, id) = scene.ready(Model::Legacy, options).await;
    for _ in 0..times {
        sent(scene.run_with(&id, STATUS, experimental()).await);
        sleep(Duration::from_secs(60)).await;
    }
    (printer.take_requests(), printed(&printer).len())
}

#[tokio::test(start_paused = true)]
async fn a_page_is_asked_for_and_nobody_is_told_what_becomes_of_it() {
    let scene = Scene::new();
    let (printer, id) = scene.ready(Model::Legacy, Options::default()).await;
    let seen = scene.view().printers[&id].clone();
    assert_eq!((seen.manufacturer.as_str(), seen.model.as_str()), ("HP", "LaserJet Emulated 1000"));
    let assumed = [Capability::ReportNetwork, Capability::ReportStatus].map(|what| (what, Evidence::Assumed));
    assert_eq!(seen.capabilities, assumed.into());
    assert!(seen.state_reason.contains("no HTTP over USB"), "{}", seen.state_reason);
    assert_eq!((seen.transport, seen.addresses.as_ref()), (Transport::Legacy, None));
    assert!(seen.wifi.is_none() && seen.wps.is_none());

    let note = sent(scene.run_with(&id, STATUS, experimental()).await);
    assert!(note.contains("does not tell whether the page comes out"), "{note}");
    assert_eq!(scene.until_ready(&printer).await, id);
    sleep(Duration::from_secs(30)).await;
    assert_eq!(printed(&printer), ["configurationPage"]);
    assert_eq!(printer.take_requests(), ["DMCMD print-internal-page=3 in 1 bytes"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_only_assumed_wants_the_word() {
    let scene = Scene::new();
    let (printer, id) = scene.ready(Model::Legacy, Options::default()).await;
    for kind in [ReportKind::Status, ReportKind::Network] {
        let refused = scene.run(&id, Task::PrintReport(kind)).await.unwrap_err();
        assert_eq!(refused.kind.name(), "NotSupported");
        assert!(refused.message.contains("only assumed"), "{}", refused.message);
    }
    let buttons = ["wireless", "information"].map(str::to_owned).to_vec();
    let refused = scene.run_with(&id, Task::PressButtons { buttons, hold_ms: 0 }, experimental()).await.unwrap_err();
    assert!(refused.message.contains("not known what the buttons of this printer do"), "{}", refused.message);
    assert!(printer.requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn who_asks_again_asks_in_the_other_form() {
    let short = "DMCMD print-internal-page=3 in 1 bytes";
    let long = "DMCMD print-internal-page=3 in 4 bytes";
    for (pml_value, pages) in [(PmlValue::Both, 2), (PmlValue::Short, 1), (PmlValue::Long, 1), (PmlValue::Neither, 0)] {
        let (log, printed) = log_of(Options { pml_value, ..Options::default() }, 2).await;
        assert_eq!((log.as_slice(), printed), ([short, long].map(str::to_owned).as_slice(), pages), "{pml_value:?}");
    }
    let inkjet = Options { pml_envelope: PmlEnvelope::Pcl3Gui, ..Options::default() };
    let (log, printed) = log_of(inkjet, 2).await;
    assert_eq!(log, ["PCL3GUI print-internal-page=3 in 1 bytes", "PCL3GUI print-internal-page=3 in 4 bytes"]);
    assert_eq!(printed, 2);
}

#[tokio::test(start_paused = true)]
async fn a_printer_whose_device_id_says_nothing_is_not_written_to() {
    for device_id in ["", "MFG:HP;CMD:PCL3GUI;", "MFG:Canon;CMD:PJL,PML;", "MFG:HP;MDL:PJL;"] {
        let scene = Scene::new();
        let options = Options { device_id: Some(device_id.to_owned()), ..Options::default() };
        let (printer, id) = scene.ready(Model::Legacy, options).await;
        let seen = scene.view().printers[&id].clone();
        assert!(seen.capabilities.is_empty() && seen.reports.is_empty(), "{device_id}");
        assert!(seen.state_reason.contains("plugprint sends nothing to it"), "{}", seen.state_reason);
        let refused = scene.run_with(&id, STATUS, experimental()).await.unwrap_err();
        assert_eq!(refused.kind.name(), "NotSupported", "{}", refused.message);
        assert!(printer.requests().is_empty());
    }
}

/// Its interface, as another program takes it.
async fn taken(bus: &emulator::Bus, address: Address) -> Box<dyn Pipe> {
    let device = bus.open(address).await.unwrap();
    let endpoint = |address| descriptor::Endpoint { address, max_packet: 512 };
    let (configuration, interface, alternate, channel) = (1, 0, 0, Channel::Printer);
    let (bulk_in, bulk_out) = (endpoint(0x81), endpoint(1));
    device.claim(Function { configuration, interface, alternate, channel, bulk_in, bulk_out }).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn it_is_claimed_for_a_moment_only_and_another_program_is_told_of() {
    let scene = Scene::new();
    let printer = scene.printer(Model::Legacy, Options::default());
    let address = scene.bus.plug(&printer);
    let id = scene.until_ready(&printer).await;
    let theirs = taken(&scene.bus, address).await;
    let refused = scene.run_with(&id, STATUS, experimental()).await.unwrap_err();
    assert_eq!(refused.kind.name(), "ClaimedElsewhere");
    assert!(refused.message.contains("a print job of CUPS"), "{}", refused.message);
    drop(theirs);
    sent(scene.run_with(&id, STATUS, experimental()).await);
    drop(taken(&scene.bus, address).await);
    sleep(Duration::from_secs(30)).await;
    // The attempt that was refused had not used up the first form.
    assert_eq!(printer.take_requests(), ["DMCMD print-internal-page=3 in 1 bytes"]);
    assert_eq!(printed(&printer).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_printer_that_takes_nothing_is_given_nothing_later() {
    let scene = Scene::new();
    let (printer, id) = scene.ready(Model::Legacy, Options { fault: fault("deaf"), ..Options::default() }).await;
    let (result, took) = timed(scene.run_with(&id, STATUS, experimental())).await;
    let refused = result.unwrap_err();
    assert_eq!(refused.kind.name(), "PrinterNotReady");
    assert!(refused.message.contains("took nothing"), "{}", refused.message);
    assert!((Duration::from_secs(30)..Duration::from_secs(40)).contains(&took), "{took:?}");
    printer.set_fault(None);
    sleep(Duration::from_secs(60)).await;
    assert!(printer.requests().is_empty() && printed(&printer).is_empty());
    sent(scene.run_with(&id, STATUS, experimental()).await);
}

#[tokio::test(start_paused = true)]
async fn it_is_left_to_its_driver_and_comes_back() {
    let scene = Scene::new();
    let (printer, id) = scene.ready(Model::Legacy, Options::default()).await;
    scene.handle.set_mode(id.clone(), Mode::Legacy).await.unwrap();
    scene.until_state(&printer, State::Inhibited).await;
    assert_eq!(scene.run_with(&id, STATUS, experimental()).await.unwrap_err().kind.name(), "NotSupported");
    scene.handle.set_mode(id.clone(), Mode::Driverless).await.unwrap();
    scene.until_ready(&printer).await;
    scene.handle.sleep().await;
    scene.handle.wake().await;
    scene.until_ready(&printer).await;
    sent(scene.run_with(&id, STATUS, experimental()).await);
    printer.unplug();
    scene.until_gone(&id).await;
}

/// What went over the cable.
#[derive(Clone, Default)]
struct Tape(Arc<Mutex<Vec<Wrote>>>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Wrote {
    Control(ControlIn),
    ControlOut(ControlOut),
    Bulk(Vec<u8>),
    Reset,
}

impl Tape {
    fn note(&self, wrote: Wrote) {
        self.0.lock().unwrap().push(wrote);
    }

    fn all(&self) -> Vec<Wrote> {
        self.0.lock().unwrap().clone()
    }
}

/// A bus, a device and a pipe that note all that leaves.
struct Taped<T>(T, Tape);

impl usb::Bus for Taped<emulator::Bus> {
    fn watch(&self) -> mpsc::UnboundedReceiver<Hotplug> {
        self.0.watch()
    }

    fn open(&self, address: Address) -> BoxFuture<'_, Result<Arc<dyn Device>, Error>> {
        Box::pin(async move { Ok(Arc::new(Taped(self.0.open(address).await?, self.1.clone())) as Arc<dyn Device>) })
    }
}

impl Device for Taped<Arc<dyn Device>> {
    fn raw_descriptors(&self) -> &[u8] {
        self.0.raw_descriptors()
    }

    fn configuration(&self) -> BoxFuture<'_, Result<u8, Error>> {
        self.0.configuration()
    }

    fn control_in(&self, request: ControlIn, timeout: Duration) -> BoxFuture<'_, Result<Vec<u8>, Error>> {
        self.1.note(Wrote::Control(request));
        self.0.control_in(request, timeout)
    }

    fn control_out(&self, request: ControlOut, timeout: Duration) -> BoxFuture<'_, Result<(), Error>> {
        self.1.note(Wrote::ControlOut(request));
        self.0.control_out(request, timeout)
    }

    fn claim(&self, interface: Function) -> BoxFuture<'_, Result<Box<dyn Pipe>, Error>> {
        Box::pin(async move { Ok(Box::new(Taped(self.0.claim(interface).await?, self.1.clone())) as Box<dyn Pipe>) })
    }

    fn reset(&self) -> BoxFuture<'_, Result<(), Error>> {
        self.1.note(Wrote::Reset);
        self.0.reset()
    }
}

impl Pipe for Taped<Box<dyn Pipe>> {
    fn max_packet(&self, direction: Direction) -> usize {
        self.0.max_packet(direction)
    }

    fn submit(&mut self, direction: Direction, buffer: Vec<u8>) -> Result<(), (Vec<u8>, Error)> {
        if direction == Direction::Out {
            self.1.note(Wrote::Bulk(buffer.clone()));
        }
        self.0.submit(direction, buffer)
    }

    fn poll_complete(&mut self, direction: Direction, cx: &mut Context<'_>) -> Poll<Completion> {
        self.0.poll_complete(direction, cx)
    }

    fn pending(&self, direction: Direction) -> usize {
        self.0.pending(direction)
    }

    fn cancel(&mut self, direction: Direction) {
        self.0.cancel(direction);
    }

    fn clear_halt(&mut self, direction: Direction) -> BoxFuture<'_, Result<(), Error>> {
        self.0.clear_halt(direction)
    }

    fn select(&mut self) -> BoxFuture<'_, Result<(), Error>> {
        self.0.select()
    }
}

/// Everything that anybody can ask a printer for.
fn everything() -> Vec<Task> {
    let network = || Target {
        passphrase: Some(passphrase::parse(b"correct horse battery").unwrap()),
        ..target("Emulated Network")
    };
    let wish = || Wish { experimental: true, ..Wish::default() };
    let press = |buttons: &[&str], hold_ms| Task::PressButtons {
        buttons: buttons.iter().map(|button| (*button).to_owned()).collect(),
        hold_ms,
    };
    let mut all = vec![
        Task::Refresh,
        Task::CollectDocuments,
        Task::ReadPin,
        setup(network()),
        by(network(), wish()),
        Task::Join(Box::new(network())),
        Task::WritePin(pin::parse("12345670").unwrap()),
        Task::Scan,
        Task::GetNetwork,
        Task::SetPower(true),
        Task::SetPower(false),
        Task::ResetNetwork,
        Task::Identify(None),
        press(&["wireless", "information"], 0),
        press(&["information"], 0),
        press(&["wireless", "cancel"], 5000),
    ];
    all.extend(ReportKind::ALL.map(Task::PrintReport));
    all.extend(WpsMethod::ALL.map(Task::StartWps));
    // A task that is not known here is not tried here: put it above.
    for task in &all {
        match task {
            Task::PrintReport(_)
            | Task::PressButtons { .. }
            | Task::ReadPin
            | Task::Refresh
            | Task::CollectDocuments
            | Task::Setup(_)
            | Task::Join(_)
            | Task::StartWps(_)
            | Task::WritePin(_)
            | Task::Scan
            | Task::GetNetwork
            | Task::SetPower(_)
            | Task::Identify(_)
            | Task::ResetNetwork => {}
        }
    }
    all
}

/// Asks a printer for everything, twice, and gives what went over the cable.
async fn ask_for_everything(model: Model, options: Options) -> Vec<Wrote> {
    let folder = tempfile::tempdir().unwrap();
    let printer = Printer::new(model, Options { pages: folder.path().to_owned(), ..options });
    let (bus, tape) = (emulator::Bus::new(), Tape::default());
    bus.plug(&printer);
    let shutdown = CancellationToken::new();
    let taped = Arc::new(Taped(bus, tape.clone()));
    let settings = Settings::on(Arc::new(NoHost));
    let (handle, agent) = agent::start(taped, Arc::new(RuntimeClock::new()), settings, shutdown.clone());
    let mut view = handle.view();
    let ready = |id: &mut Option<PrinterId>, view: &agent::view::View| {
        *id = view.printers.values().find(|seen| seen.state == State::Ready).map(|seen| seen.id.clone());
        id.is_some()
    };
    let mut id = None;
    view.wait_for(|view| ready(&mut id, view)).await.unwrap();
    let id = id.unwrap();
    // Nobody who carries other programs' requests is given anything.
    assert!(timeout(Duration::from_secs(3600), handle.links(id.clone())).await.is_err());
    for task in everything().into_iter().chain(everything()) {
        let what = task.kind();
        let Ok(job) = handle.start(id.clone(), task, anna(), experimental()).await else { continue };
        let ended = view.wait_for(|view| view.jobs.get(&job).is_some_and(|job| job.outcome.is_some()));
        assert!(timeout(Duration::from_secs(4 * 3600), ended).await.is_ok(), "{what} goes on");
        view.wait_for(|view| view.printers[&id].state == State::Ready).await.unwrap();
        sleep(Duration::from_secs(30)).await;
    }
    assert!(handle.open_pages(id.clone(), 1000).await.is_err());
    handle.set_mode(id.clone(), Mode::Ignore).await.unwrap();
    handle.set_mode(id.clone(), Mode::Driverless).await.unwrap();
    handle.sleep().await;
    handle.wake().await;
    view.wait_for(|view| view.printers[&id].state == State::Ready).await.unwrap();
    shutdown.cancel();
    agent.await.unwrap();
    assert!(printer.requests().iter().all(|line| !line.starts_with("unexpected")), "{:?}", printer.requests());
    tape.all()
}

fn has_http(model: Model) -> bool {
    model != Model::Legacy
}

#[tokio::test(start_paused = true)]
async fn no_byte_leaves_but_the_known_jobs() {
    let mut devices = vec![Options::default()];
    for setting in ["pml=short", "pml=long", "pml=ignored", "pml=pcl3gui", "device-id=empty"] {
        let mut options = Options::default();
        options.set(setting).unwrap();
        devices.push(options);
    }
    for id in ["MFG:Brother;CMD:PJL;", "MFG:HP;CMD:;", "MFG:HP;MDL:x;CMD:PJL;SN:1;"] {
        devices.push(Options { device_id: Some(id.to_owned()), ..Options::default() });
    }
    for model in Model::ALL.iter().copied().filter(|model| !has_http(*model)) {
        for options in &devices {
            let says_nothing = options.device_id.as_deref().is_some_and(|id| !id.contains("MFG:HP;MDL:x"));
            let tape = ask_for_everything(model, options.clone()).await;
            let mut jobs = 0;
            for wrote in &tape {
                match wrote {
                    Wrote::Bulk(bytes) => {
                        assert!(Job::ALL.iter().any(|job| job.bytes() == bytes), "{}", bytes.escape_ascii());
                        jobs += 1;
                    }
                    // Standard GET_DESCRIPTOR, and the class's GET_DEVICE_ID: both read, and have no effect.
                    Wrote::Control(ControlIn { request_type: 0x80, request: 6, .. })
                    | Wrote::Control(ControlIn { request_type: 0xa1, request: 0, .. }) => {}
                    other => panic!("{other:?}"),
                }
            }
            // Two reports, each asked for twice.
            assert_eq!(jobs, if says_nothing { 0 } else { 4 }, "{:?}", options.device_id);
        }
    }
}

#[test]
fn the_models_without_http_are_those() {
    for model in Model::ALL {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let raw = runtime.block_on(async {
            let bus = emulator::Bus::new();
            let address = bus.plug(&Printer::new(*model, Options::default()));
            bus.open(address).await.unwrap().raw_descriptors().to_vec()
        });
        let functions = descriptor::parse(&raw).unwrap().functions();
        assert_eq!(!functions.is_empty(), has_http(*model), "{}", model.name());
    }
}

/// Only `hp::pml` names what writes to an old printer interface, besides the look at a device.
#[test]
fn nobody_else_names_the_old_interface() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                if text.contains("usb::raw") || text.contains("Channel::Printer") {
                    found.push(path.strip_prefix(&root).unwrap().display().to_string());
                }
            }
        }
    }
    found.sort();
    assert_eq!(found, ["hp/pml.rs", "printer/recognise.rs", "usb/raw.rs"]);
}
