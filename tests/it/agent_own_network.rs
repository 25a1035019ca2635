//! A set-up for which nobody named a network: that of this computer, if its owner agrees.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::BoxFuture;
use plugprint::agent::prompt::Prompter as _;
use plugprint::agent::view::{JobResult, StartOptions, Task, WpsMethod};
use plugprint::agent::{ErrorKind, Failure, Host};
use plugprint::emulator::radio::PASSPHRASE;
use plugprint::emulator::{Model, Printer};
use plugprint::setup::flow::Target;
use plugprint::setup::route::Route;
use plugprint::wifi::host::{HostNetwork, Unknown};
use plugprint::wifi::{Band, Security};
use plugprint::wps::registrar::Registrar;
use plugprint::wps::registrar::manual::Router;

use crate::prompts::{Answer, Person, by, fresh, only, setup, ssid, target};
use crate::scene::{Scene, anna};

/// A computer on this network.
#[derive(Debug)]
struct Computer(Result<HostNetwork, Unknown>, AtomicUsize);

impl Host for Computer {
    fn registrars(&self) -> Vec<Arc<dyn Registrar>> {
        Vec::new()
    }

    fn router(&self) -> Option<Router> {
        None
    }

    fn network(&self) -> BoxFuture<'_, Result<HostNetwork, Unknown>> {
        self.1.fetch_add(1, Ordering::Relaxed);
        Box::pin(async { self.0.clone() })
    }
}

fn on(name: &str, security: Security) -> HostNetwork {
    HostNetwork {
        ssid: ssid(name),
        security,
        bands: vec![Band::Band2_4],
        signal_percent: Some(80),
        wps: None,
        hidden: None,
        connection: "profile-7".to_owned(),
    }
}

fn computer(network: Result<HostNetwork, Unknown>) -> Arc<Computer> {
    Arc::new(Computer(network, AtomicUsize::new(0)))
}

/// What comes of `plugprint setup`, what the person was asked, and the printer.
async fn set_up(
    network: Result<HostNetwork, Unknown>,
    person: &Arc<Person>,
    target: Target,
) -> (Result<JobResult, Failure>, Vec<String>, Printer) {
    let scene = Scene::on(computer(network));
    let (printer, id) = scene.ready(Model::LaserJet, fresh()).await;
    let result = scene.run_with(&id, setup(target), person.options()).await;
    (result, person.heard(), printer)
}

fn joined(result: Result<JobResult, Failure>) -> String {
    let JobResult::Joined { ssid, already: false, .. } = result.unwrap() else { panic!("another result") };
    ssid.to_string()
}

fn wrote(printer: &Printer) -> bool {
    printer.requests().iter().any(|request| request.starts_with("PUT"))
}

#[tokio::test(start_paused = true)]
async fn it_is_offered_by_name_and_joined() {
    let person = Person::new().answers("confirm-network", Answer::Does).types("enter-passphrase", PASSPHRASE);
    let home = on("Emulated Network", Security::Wpa2Personal);
    let (result, heard, _) = set_up(Ok(home), &person, Target::default()).await;
    assert_eq!(joined(result), "Emulated Network");
    assert_eq!(
        heard,
        [
            "confirm-network Emulated Network",
            "enter-passphrase for Emulated Network, kept as profile-7",
            "release: done"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn whose_owner_does_not_agree_is_asked_for_nothing_else() {
    for (answer, kind) in [
        (Answer::Refuses, Some(ErrorKind::Canceled)),
        (Answer::Declines, Some(ErrorKind::Canceled)),
        // Ways that need nobody's secret may be tried then.
        (Answer::Leaves, None),
    ] {
        let person = Person::new().answers("confirm-network", answer);
        let home = on("Emulated Network", Security::Wpa2Personal);
        let (result, heard, printer) = set_up(Ok(home), &person, Target::default()).await;
        let failure = result.unwrap_err();
        assert_eq!(failure.kind, kind.unwrap_or(failure.kind));
        assert_eq!(heard[0], "confirm-network Emulated Network");
        assert!(!heard.iter().any(|asked| asked.starts_with("enter-")), "{heard:?}");
        assert!(!wrote(&printer));
    }
}

#[tokio::test(start_paused = true)]
async fn an_open_network_needs_no_secret() {
    let person = Person::new().answers("confirm-network", Answer::Does);
    let (result, heard, _) = set_up(Ok(on("Emulated Guests", Security::Open)), &person, Target::default()).await;
    assert_eq!(joined(result), "Emulated Guests");
    assert_eq!(heard, ["confirm-network Emulated Guests", "release: done"]);
}

#[tokio::test(start_paused = true)]
async fn a_network_that_hides_its_name() {
    // Its owner's own program says so, or everybody may know.
    for (told, known) in [(true, None), (false, Some(true))] {
        let person = Person::new().answers("confirm-network", Answer::Does).types("enter-passphrase", PASSPHRASE);
        let network = HostNetwork { hidden: known, ..on("Emulated Hidden", Security::Wpa2Personal) };
        let (result, ..) = set_up(Ok(network), &person, Target { hidden: told, ..Target::default() }).await;
        assert_eq!(joined(result), "Emulated Hidden");
    }
}

#[tokio::test(start_paused = true)]
async fn networks_that_a_printer_can_t_have_are_refused_before_anybody_is_asked() {
    let five = HostNetwork { bands: vec![Band::Band5], ..on("Emulated 5 GHz", Security::Wpa2Personal) };
    for (network, kind, says) in [
        (on("Emulated Enterprise", Security::Enterprise), ErrorKind::UnsupportedSecurity, "Enterprise"),
        // The printer may take it for another one of this name: what this computer says of it counts.
        (on("Emulated Network", Security::Enterprise), ErrorKind::UnsupportedSecurity, "Enterprise"),
        (on("Emulated WPA3", Security::Wpa3Personal), ErrorKind::UnsupportedSecurity, "WPA3"),
        (five, ErrorKind::UnsupportedBand, "2.4 GHz"),
        (on("Emulated Guests", Security::Wpa2Personal), ErrorKind::Failed, "open"),
    ] {
        let person = Person::new();
        let scene = Scene::on(computer(Ok(network.clone())));
        let (printer, id) = scene.ready(Model::Inkjet, fresh()).await;
        let task = by(Target::default(), only(Route::Join));
        let failure = scene.run_with(&id, task, person.options()).await.unwrap_err();
        assert_eq!(failure.kind, kind, "{network:?}: {}", failure.message);
        assert!(failure.message.contains(says), "{}", failure.message);
        assert!(person.heard().iter().all(|heard| heard.starts_with("release")), "{:?}", person.heard());
        assert!(!wrote(&printer));
    }
}

#[tokio::test(start_paused = true)]
async fn which_network_it_would_be_is_explained() {
    for (network, possible, says) in [
        (Ok(on("Emulated Network", Security::Wpa2Personal)), true, "\"Emulated Network\" and its password"),
        (Ok(on("Emulated Enterprise", Security::Enterprise)), false, "WPA Enterprise"),
        (Err(Unknown::NotOnWifi), false, "this computer is on no Wi-Fi network"),
        (Err(Unknown::Absent), false, "NetworkManager does not run"),
    ] {
        let scene = Scene::on(computer(network));
        let (_, id) = scene.ready(Model::LaserJet, fresh()).await;
        let Task::Setup(mut task) = setup(Target::default()) else { panic!() };
        task.explain = true;
        let result = scene.run_with(&id, Task::Setup(task), Person::new().options()).await.unwrap();
        let JobResult::Routes(offers) = result else { panic!() };
        let join = offers.iter().find(|offer| offer.route == Route::Join).unwrap();
        assert_eq!(join.way.is_some(), possible);
        assert!(join.reason.contains(says), "{join:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn it_is_looked_up_only_where_it_is_meant() {
    let own = || Ok(on("Emulated WPA", Security::WpaPersonal));
    for (task, looks) in [
        (setup(Target::default()), 1),
        (by(Target::default(), only(Route::Join)), 1),
        // It may be the one that was named.
        (setup(target("Emulated Network")), 1),
        (by(Target::default(), only(Route::Typed)), 0),
        (Task::StartWps(WpsMethod::ReadPin), 0),
    ] {
        let computer = computer(own());
        let scene = Scene::on(Arc::clone(&computer) as _);
        let (_, id) = scene.ready(Model::LaserJet, fresh()).await;
        let person = Person::new();
        assert!(person.is_there());
        let options = StartOptions { experimental: true, ..person.options() };
        let job = scene.handle.start(id, task, anna(), options).await.unwrap();
        scene.until("what it does then", |view| (view.jobs[&job].stage != "looking").then_some(())).await;
        assert_eq!(computer.1.load(Ordering::Relaxed), looks);
    }
}
