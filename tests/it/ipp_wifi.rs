//! Printers of any maker, by IPP alone: what they say of their Wi-Fi, how they are given a network, how they show
//! which one they are.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::time::Duration;

use plugprint::agent::view::{JobResult, PrinterView, StartOptions, Task};
use plugprint::agent::{ErrorKind, Failure};
use plugprint::emulator::radio::PASSPHRASE;
use plugprint::emulator::{Model, Options, Printer};
use plugprint::ipp::identify::Action;
use plugprint::printer::capability::{Capability, Evidence};
use plugprint::printer::identity::PrinterId;
use plugprint::setup::flow::Target;
use plugprint::wifi::{Security, passphrase};

use crate::prompts::{Person, setup, target};
use crate::scene::{Scene, anna, timed};

const WIFI: Model = Model::IppWifi;
const FRESH: &[&str] = &["connected=no"];

fn options(settings: &[&str]) -> Options {
    let mut options = Options { page_time: Duration::from_millis(100), ..Options::default() };
    for setting in settings {
        options.set(setting).unwrap();
    }
    options
}

fn given(ssid: &str) -> Target {
    Target { passphrase: Some(passphrase::parse(PASSPHRASE.as_bytes()).unwrap()), ..target(ssid) }
}

async fn ready(model: Model, settings: &[&str]) -> (Scene, Printer, PrinterId) {
    let scene = Scene::new();
    let (printer, id) = scene.ready(model, options(settings)).await;
    (scene, printer, id)
}

fn seen(scene: &Scene, id: &PrinterId) -> PrinterView {
    PrinterView::clone(&scene.view().printers[id])
}

/// What a printer with these settings makes of a network that it is given with its password, and how long that takes.
async fn asked_to_join(model: Model, settings: &[&str], target: Target) -> (Result<JobResult, Failure>, Printer, u64) {
    let (scene, printer, id) = ready(model, settings).await;
    let options = StartOptions { experimental: settings.contains(&"ipp-set=initial-setup"), ..StartOptions::default() };
    let job = scene.handle.start(id.clone(), Task::Join(Box::new(target)), anna(), options).await;
    match job {
        Ok(job) => {
            let (result, took) = timed(scene.outcome(&job)).await;
            (result, printer, took.as_secs())
        }
        Err(failure) => (Err(failure), printer, 0),
    }
}

fn sets(printer: &Printer) -> usize {
    printer.requests().iter().filter(|request| request.starts_with("SET ")).count()
}

#[tokio::test(start_paused = true)]
async fn what_they_can_be_asked_for() {
    use Capability::{Identify, Print, WifiJoin, WifiStatus};
    for (model, settings, join) in [
        (Model::Ipp, &[][..], None),
        (WIFI, &[], Some(Evidence::Listed)),
        (WIFI, &["ipp-list=short"], Some(Evidence::Listed)),
        (WIFI, &["ipp-set=initial-setup"], None),
        (WIFI, &["ipp-set=initial-setup", "connected=no"], Some(Evidence::Assumed)),
        // It says that nothing can be set.
        (Model::Ipp, FRESH, None),
    ] {
        let (scene, printer, id) = ready(model, settings).await;
        let view = seen(&scene, &id);
        let mut expected =
            vec![(Identify, Evidence::Listed), (Print, Evidence::Listed), (WifiStatus, Evidence::Listed)];
        expected.extend(join.map(|evidence| (WifiJoin, evidence)));
        expected.sort();
        let mut found: Vec<_> =
            view.capabilities.iter().map(|(capability, evidence)| (*capability, *evidence)).collect();
        found.sort();
        assert_eq!(found, expected, "{model:?} {settings:?}");
        assert_ne!(view.vendor_id, 0x03f0);
        let asked = printer.requests();
        assert!(asked.iter().all(|request| request == "POST /ipp/print"), "{asked:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn which_network_they_are_on() {
    for (model, settings, ssid, connected, addresses) in [
        (WIFI, &[][..], Some("Emulated Network"), Some(true), &["192.0.2.57"][..]),
        (Model::Ipp, &[], Some("Emulated Network"), Some(true), &[]),
        (WIFI, FRESH, None, Some(false), &[]),
        (WIFI, &["power=off"], Some("Emulated Network"), Some(false), &[]),
        // The cable's is not the station's.
        (WIFI, &["connected=no", "impostor=ethernet"], None, Some(false), &[]),
    ] {
        let (scene, _, id) = ready(model, settings).await;
        let JobResult::Network(state) = scene.run(&id, Task::GetNetwork).await.unwrap() else { panic!() };
        assert_eq!(state.ssid.map(|fact| fact.value.to_string()).as_deref(), ssid, "{model:?} {settings:?}");
        assert_eq!(state.connected.map(|fact| fact.value), connected);
        let told: Vec<String> = state.addresses.iter().map(|address| address.value.ip.to_string()).collect();
        assert_eq!(told, addresses, "{model:?} {settings:?}");
        // What IPP has no words for.
        for task in [Task::Scan, Task::SetPower(true), Task::ReadPin] {
            assert_eq!(scene.run(&id, task).await.unwrap_err().kind, ErrorKind::NotSupported);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn they_join_the_network_that_they_are_given() {
    for (settings, target) in [
        (FRESH, given("Emulated Network")),
        (&["connected=no", "ipp-list=short"], given("Emulated Network")),
        (&["connected=no", "ipp-state=addressed"], given("Emulated Network")),
        (&["connected=no", "ipp-state=name-when-on"], given("Emulated Network")),
        (&["connected=no", "power=off", "ipp-set=switches-on"], given("Emulated Network")),
        (&["connected=no", "ipp-set=initial-setup"], given("Emulated Network")),
        // From another one.
        (&[], given("Emulated WPA")),
        (FRESH, Target { security: Some(Security::Open), ..target("Emulated Guests") }),
    ] {
        let wanted = target.ssid.clone().unwrap();
        let (result, printer, took) = asked_to_join(WIFI, settings, target).await;
        let result = result.unwrap_or_else(|failure| panic!("{settings:?} {wanted}: {}", failure.message));
        let JobResult::Joined { ssid, address, already } = result else { panic!() };
        assert_eq!((ssid, already), (wanted, false), "{settings:?}");
        assert_eq!(printer.station().lease().unwrap().address.to_string(), address.to_string());
        assert_eq!(sets(&printer), 1, "{settings:?}");
        assert!(took < 30, "{settings:?}: {took} s");
    }
    // Nothing is written to one that is there.
    let (result, printer, _) = asked_to_join(WIFI, &[], given("Emulated Network")).await;
    assert!(matches!(result, Ok(JobResult::Joined { already: true, .. })));
    assert_eq!(sets(&printer), 0);
}

#[tokio::test(start_paused = true)]
async fn the_password_is_asked_for_where_it_was_not_given() {
    let (scene, printer, id) = ready(WIFI, FRESH).await;
    let person = Person::new().types("enter-passphrase", PASSPHRASE);
    let result = scene.run_with(&id, setup(target("Emulated Network")), person.options()).await;
    assert!(matches!(result, Ok(JobResult::Joined { already: false, .. })));
    assert_eq!(person.heard(), ["enter-passphrase for Emulated Network", "release: done"]);
    assert_eq!(sets(&printer), 1);
}

#[tokio::test(start_paused = true)]
async fn what_goes_wrong_is_told_as_what_it_is() {
    let wrong =
        || Target { passphrase: Some(passphrase::parse(b"wrong passphrase").unwrap()), ..target("Emulated Network") };
    let home = || given("Emulated Network");
    for (model, settings, target, kind, words, writes) in [
        (WIFI, FRESH, wrong(), ErrorKind::Failed, "can't join it", 1),
        (WIFI, FRESH, given("Nobody's Network"), ErrorKind::NetworkNotFound, "does not find", 1),
        (WIFI, &["connected=no", "power=off"], home(), ErrorKind::Failed, "radio does not come on", 1),
        (WIFI, &["connected=no", "ipp-set=denied"], home(), ErrorKind::PrinterRejected, "IPP status 0x0403", 0),
        (WIFI, &["connected=no", "ipp-set=unsupported"], home(), ErrorKind::PrinterRejected, "IPP status 0x040b", 0),
        (
            WIFI,
            &["connected=no", "ipp-state=stays-joining"],
            home(),
            ErrorKind::Timeout,
            "connecting to the network",
            1,
        ),
        (WIFI, &["connected=no", "ipp-address=never"], home(), ErrorKind::NoAddress, "not at which address", 1),
        (WIFI, &["ipp-address=never"], home(), ErrorKind::NoAddress, "not at which address", 0),
        // It takes it and stays where it is: on none, beside a cable whose address is not the station's.
        (WIFI, &["connected=no", "impostor=ethernet"], home(), ErrorKind::NetworkNotFound, "does not find", 1),
        (WIFI, &["impostor=old-association"], given("Emulated WPA"), ErrorKind::Failed, "stayed on", 1),
        (Model::Ipp, FRESH, home(), ErrorKind::NotSupported, "takes a network over USB", 0),
        (Model::Ipp, &["connected=no", "ipp-set=denied"], home(), ErrorKind::NotSupported, "takes a network", 0),
    ] {
        let (result, printer, _) = asked_to_join(model, settings, target).await;
        let Err(failure) = result else { panic!("{settings:?}: it worked") };
        assert_eq!(failure.kind, kind, "{settings:?}: {}", failure.message);
        assert!(failure.message.contains(words), "{settings:?}: {}", failure.message);
        assert!(!failure.message.contains(PASSPHRASE) && !failure.message.contains("wrong passphrase"));
        assert_eq!(sets(&printer), writes, "{settings:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_dhcp_nothing_is_proved() {
    for (settings, words) in
        [(&["connected=no", "lost=auto-ip"], "169.254."), (&["connected=no", "lost=fallback"], "192.0.0.192")]
    {
        let (result, _, _) = asked_to_join(WIFI, settings, given("Emulated Silence")).await;
        let Err(failure) = result else { panic!("{settings:?}: it worked") };
        assert_eq!(failure.kind, ErrorKind::NoAddress, "{}", failure.message);
        assert!(failure.message.contains(words), "{}", failure.message);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_only_assumed_takes_an_experiment() {
    let (scene, printer, id) = ready(WIFI, &["connected=no", "ipp-set=initial-setup"]).await;
    let failure = scene.run(&id, Task::Join(Box::new(given("Emulated Network")))).await.unwrap_err();
    assert_eq!(failure.kind, ErrorKind::NotSupported);
    assert!(failure.message.contains("--experimental"), "{}", failure.message);
    assert_eq!(sets(&printer), 0);
}

#[tokio::test(start_paused = true)]
async fn they_show_which_one_they_are() {
    let (scene, printer, id) = ready(Model::Ipp, &[]).await;
    printer.take_requests();
    let JobResult::Identified { action } = scene.run(&id, Task::Identify(None)).await.unwrap() else { panic!() };
    assert_eq!(action, Action::Flash);
    let JobResult::Identified { action } = scene.run(&id, Task::Identify(Some(Action::Sound))).await.unwrap() else {
        panic!()
    };
    assert_eq!(action, Action::Sound);
    let shown: Vec<String> = printer.requests().into_iter().filter(|it| it.starts_with("IDENTIFY")).collect();
    assert_eq!(shown, ["IDENTIFY flash", "IDENTIFY sound"]);
    let failure = scene.run(&id, Task::Identify(Some(Action::Display))).await.unwrap_err();
    assert_eq!(failure.kind, ErrorKind::NotSupported);
    assert!(failure.message.contains("flash, sound"), "{}", failure.message);
}

#[tokio::test(start_paused = true)]
async fn those_that_speak_their_makers_protocol_too_show_it_by_ipp() {
    let (scene, printer, id) = ready(Model::Inkjet, &[]).await;
    let view = seen(&scene, &id);
    assert_eq!(view.capabilities.get(&Capability::Identify), Some(&Evidence::Listed));
    assert!(!view.capabilities.contains_key(&Capability::Print));
    scene.run(&id, Task::Identify(Some(Action::Display))).await.unwrap();
    assert_eq!(printer.requests().last().unwrap(), "IDENTIFY display");
    // What its own protocol says and does is not IPP's.
    printer.take_requests();
    scene.run(&id, Task::GetNetwork).await.unwrap();
    assert!(!printer.requests().iter().any(|request| request.contains("/ipp")), "{:?}", printer.requests());
}

#[tokio::test(start_paused = true)]
async fn a_printer_without_ipp_shows_nothing() {
    let (scene, printer, id) = ready(Model::LaserJet, &[]).await;
    assert_eq!(scene.run(&id, Task::Identify(None)).await.unwrap_err().kind, ErrorKind::NotSupported);
    assert!(!printer.requests().iter().any(|request| request.contains("/ipp")), "{:?}", printer.requests());
}
