//! What is only assumed of a printer is not asked of it without `experimental`, whatever its agent is told to do; and
//! nothing is shown of a printer without saying how that is known. All models, all tasks.
//!
//! What a request for something assumed looks like is learnt from the printers themselves: it is what arrives there
//! when it is asked for with `experimental`, and never otherwise.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use plugprint::agent::view::{PrinterView, StartOptions, Task, WpsMethod};
use plugprint::agent::{ErrorKind, Failure, Host};
use plugprint::emulator::radio::PASSPHRASE;
use plugprint::emulator::{Model, Printer};
use plugprint::printer::buttons;
use plugprint::printer::capability::{Capability, Evidence, ReportKind};
use plugprint::printer::identity::PrinterId;
use plugprint::secret::Pin;
use plugprint::setup::flow::Target;
use plugprint::setup::route::{Route, Wish};
use plugprint::wifi::passphrase;
use plugprint::wps::registrar::Registrar;
use plugprint::wps::registrar::manual::Router;

use crate::agent_setup_wps::Desk;
use crate::prompts::{Person, by, fresh, target};
use crate::scene::{Scene, anna, printed};

/// A computer with an access point of its own: so no way is left out because there is nobody who could admit a printer.
#[derive(Debug)]
struct AccessPoint;

impl Host for AccessPoint {
    fn registrars(&self) -> Vec<Arc<dyn Registrar>> {
        vec![Arc::new(Desk::default())]
    }

    fn router(&self) -> Option<Router> {
        None
    }
}

/// A printer, and what arrives there.
struct Watched {
    scene: Scene,
    printer: Printer,
    id: PrinterId,
    pages: usize,
}

impl Watched {
    async fn new(model: Model) -> Self {
        let scene = Scene::on(Arc::new(AccessPoint));
        let (printer, id) = scene.ready(model, fresh()).await;
        printer.take_requests();
        Self { scene, printer, id, pages: 0 }
    }

    fn seen(&self) -> PrinterView {
        PrinterView::clone(&self.scene.view().printers[&self.id])
    }

    fn of(&self, wanted: impl Fn(Evidence) -> bool) -> Vec<Capability> {
        self.seen().capabilities.into_iter().filter(|(_, evidence)| wanted(*evidence)).map(|(one, _)| one).collect()
    }

    /// Does it, and tells what arrived at the printer, what came out of it, and what a person was asked.
    async fn run(&mut self, task: Task, experimental: bool) -> (Result<(), Failure>, BTreeSet<String>) {
        let person = Person::new();
        let options = StartOptions { experimental, ..person.options() };
        let result = match self.scene.handle.start(self.id.clone(), task, anna(), options).await {
            Ok(job) => self.scene.outcome(&job).await.map(drop),
            Err(failure) => Err(failure),
        };
        let pages = printed(&self.printer);
        let came_out = pages[self.pages..].iter().map(|page| format!("printed {page}"));
        let mut trace: BTreeSet<String> = self.printer.take_requests().into_iter().chain(came_out).collect();
        self.pages = pages.len();
        trace.extend(person.heard().into_iter().filter(|asked| !asked.starts_with("release")));
        (result, trace)
    }
}

/// A network that is in the printer's neighbourhood, with its password.
fn home() -> Target {
    Target { passphrase: passphrase::parse(PASSPHRASE.as_bytes()).ok(), ..target("Emulated Network") }
}

/// How a capability is asked for, and nothing else with it. Whatever is new here has to be answered for.
fn tasks_for(capability: Capability) -> Vec<Task> {
    match capability {
        Capability::ReportNetwork => vec![Task::PrintReport(ReportKind::Network)],
        Capability::ReportWireless => vec![Task::PrintReport(ReportKind::Wireless)],
        Capability::ReportStatus => vec![Task::PrintReport(ReportKind::Status)],
        Capability::WifiStatus => vec![Task::GetNetwork],
        Capability::WifiScan => vec![Task::Scan],
        Capability::WifiJoin => vec![Task::Join(Box::new(home()))],
        Capability::WifiPower => vec![Task::SetPower(true)],
        Capability::WifiReset => vec![Task::ResetNetwork],
        Capability::ReadPin => vec![Task::ReadPin, Task::StartWps(WpsMethod::ReadPin)],
        Capability::WritePin => {
            vec![Task::WritePin(Pin::new("94229882".to_owned())), Task::StartWps(WpsMethod::WritePin)]
        }
        Capability::PaperPin => vec![Task::StartWps(WpsMethod::PaperPin)],
        Capability::PushButton => vec![Task::StartWps(WpsMethod::PushButton)],
        Capability::Identify => vec![Task::Identify(None)],
        // Programs print through the bridge; no job of the agent's does.
        Capability::Print => vec![],
    }
}

/// All that can be asked for in which one capability stands for another, or several together.
fn whole_ways() -> Vec<(String, Task)> {
    let mut tasks = vec![
        ("refresh".to_owned(), Task::Refresh),
        ("documents".to_owned(), Task::CollectDocuments),
        ("join".to_owned(), Task::Join(Box::new(target("Emulated Network")))),
    ];
    for route in Route::ALL.into_iter().map(Some).chain([None]) {
        for (from_paper, generate) in [(false, false), (true, false), (false, true)] {
            for target in [home(), Target::default()] {
                let wish = Wish { route, from_paper, generate, ..Wish::default() };
                tasks.push((format!("{wish:?}"), by(target, wish)));
            }
        }
    }
    for row in buttons::TABLE {
        let hold_ms = if row.hold == buttons::Hold::Press { 0 } else { 20_000 };
        let buttons = row.buttons.iter().map(|button| button.name().to_owned()).collect();
        tasks.push((format!("buttons {row}"), Task::PressButtons { buttons, hold_ms }));
    }
    tasks
}

/// What arrives when each of these is asked for with `experimental`, and does not when what is known is asked for.
async fn signatures(model: Model) -> BTreeMap<Capability, BTreeSet<String>> {
    let mut printer = Watched::new(model).await;
    // A printer's descriptions of itself are read before anything is known of it.
    let (_, mut usual) = printer.run(Task::Refresh, false).await;
    usual.retain(|request| request.starts_with("GET ") && !request.contains("WPS"));
    for capability in printer.of(|evidence| evidence != Evidence::Assumed) {
        for task in tasks_for(capability) {
            usual.append(&mut printer.run(task, false).await.1);
        }
    }
    let mut signatures = BTreeMap::new();
    for capability in printer.of(|evidence| evidence == Evidence::Assumed) {
        // A printer that has joined needs no other way: a new one each time.
        let mut printer = Watched::new(model).await;
        let mut learnt = BTreeSet::new();
        for task in tasks_for(capability) {
            let (result, mut trace) = printer.run(task, true).await;
            let message = result.err().map(|failure| failure.message).unwrap_or_default();
            assert!(!message.contains("experimental"), "{model:?} {capability:?}: {message}");
            learnt.append(&mut trace);
        }
        signatures.insert(capability, &learnt - &usual);
    }
    signatures
}

#[tokio::test(start_paused = true)]
async fn what_is_assumed_is_not_asked_of_a_printer_without_experimental() {
    let mut assumed = BTreeSet::new();
    for model in Model::ALL.iter().copied() {
        let signatures = signatures(model).await;
        let mut printer = Watched::new(model).await;
        // One by one: it is refused, and nothing at all arrives.
        for capability in signatures.keys() {
            assumed.insert((model.name(), capability.name()));
            for task in tasks_for(*capability) {
                let what = format!("{model:?} {task:?}");
                let (result, trace) = printer.run(task, false).await;
                let failure = result.unwrap_err();
                assert_eq!(failure.kind, ErrorKind::NotSupported, "{what}: {}", failure.message);
                assert!(failure.message.contains("experimental"), "{what}: {}", failure.message);
                assert!(trace.is_empty(), "{what}: {trace:?}");
            }
        }
        // All together: none of it is among what arrives.
        for (what, task) in whole_ways() {
            let (_, trace) = printer.run(task, false).await;
            for (capability, signature) in &signatures {
                let told: Vec<&String> = trace.intersection(signature).collect();
                assert!(told.is_empty(), "{model:?}, {what}: {} is only assumed, and yet {told:?}", capability.name());
            }
            assert!(!trace.contains("follow-panel"), "{model:?}, {what}: what its panel offers is only assumed");
        }
    }
    // The models differ in what is known of them; without these the test would show little.
    for (model, capability) in [("laserjet", "write-pin"), ("laserjet", "paper-pin"), ("inkjet", "push-button")] {
        assert!(assumed.contains(&(model, capability)), "{assumed:?}");
    }
}

/// That the requests are told apart at all: reading and writing a PIN, printing it, and pressing buttons.
#[tokio::test(start_paused = true)]
async fn what_is_assumed_can_be_recognised_when_it_is_asked() {
    let laserjet = signatures(Model::LaserJet).await;
    assert!(
        laserjet[&Capability::WritePin]
            .iter()
            .any(|request| request.starts_with("PUT") && request.ends_with("/WPS/Pin")),
        "{laserjet:?}"
    );
    assert!(laserjet[&Capability::PaperPin].contains("enter-paper-pin"), "{laserjet:?}");
    let inkjet = signatures(Model::Inkjet).await;
    assert!(inkjet[&Capability::PushButton].contains("press-printer-button"), "{inkjet:?}");
}

/// What is shown of a printer besides its capabilities follows from them, each of which has its evidence.
#[tokio::test(start_paused = true)]
async fn nothing_is_shown_of_a_printer_without_its_evidence() {
    for model in Model::ALL.iter().copied() {
        let seen = Watched::new(model).await.seen();
        let has = |capability: Capability| seen.capabilities.contains_key(&capability);
        for kind in ReportKind::ALL {
            assert_eq!(seen.reports.contains(&kind), has(kind.capability()), "{model:?} {kind:?}");
        }
        let names: Vec<&str> = seen.capabilities.keys().map(|capability| capability.name()).collect();
        for method in seen.wps.iter().flat_map(|wps| wps.methods.iter()) {
            assert!(names.contains(method), "{model:?} {method}");
        }
        assert_eq!(seen.wifi.is_some(), names.iter().any(|name| name.starts_with("wifi-")), "{model:?}");
        if let Some(wifi) = &seen.wifi
            && !has(Capability::WifiStatus)
        {
            assert_eq!(wifi.power, None, "{model:?}");
        }
    }
}
