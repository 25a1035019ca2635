//! The way onto a network by its name and passphrase: what the agent does with the printer, and what it says of it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::time::Duration;

use plugprint::agent::view::{Associated, JobResult, StartOptions, Task};
use plugprint::agent::{ErrorKind, Failure};
use plugprint::emulator::radio::{Impostor, Lost, PASSPHRASE};
use plugprint::emulator::{Model, Options};
use plugprint::setup::flow::Target;
use plugprint::setup::route::{Route, Wish};
use plugprint::wifi::{Band, Security, passphrase};
use tokio::time::sleep;

use crate::prompts::{Answer, Person, by, fresh, setup, target};
use crate::scene::{Scene, anna, fault, timed};

/// The network with its passphrase.
fn given(name: &str) -> Target {
    Target { passphrase: Some(passphrase::parse(PASSPHRASE.as_bytes()).unwrap()), ..target(name) }
}

fn joined(result: Result<JobResult, Failure>) -> (String, String, bool) {
    let JobResult::Joined { ssid, address, already } = result.unwrap() else { panic!("another result") };
    (ssid.to_string(), address.to_string(), already)
}

/// Runs a set-up that fails; nobody can be asked.
async fn fails(model: Model, options: Options, target: Target) -> (ErrorKind, String, Duration) {
    let scene = Scene::new();
    let (_, id) = scene.ready(model, options).await;
    let (result, took) = timed(scene.run(&id, setup(target))).await;
    let failure = result.unwrap_err();
    assert!(!failure.message.contains(PASSPHRASE));
    (failure.kind, failure.message, took)
}

/// A printer that is on no network, and takes its time to get onto one.
fn slow_to_join() -> Options {
    let mut options = fresh();
    options.radio.join_time = Duration::from_secs(30);
    options
}

#[tokio::test(start_paused = true)]
async fn a_printer_joins_with_a_passphrase_that_is_asked_for() {
    for model in [Model::Inkjet, Model::LaserJet] {
        let scene = Scene::new();
        let (printer, id) = scene.ready(model, fresh()).await;
        let person = Person::new().types("enter-passphrase", PASSPHRASE);
        let (result, took) = timed(scene.run_with(&id, setup(target("Emulated Network")), person.options())).await;
        let JobResult::Joined { ssid, address, already } = result.unwrap() else { panic!() };
        assert_eq!((ssid.to_string().as_str(), already), ("Emulated Network", false));
        assert_eq!(Some(address.to_string()), printer.station().lease().map(|lease| lease.address.to_string()));
        assert!(took < Duration::from_secs(60), "{took:?}");
        assert_eq!(person.heard(), ["enter-passphrase for Emulated Network", "release: done"]);
        let wifi = scene.view().printers[&id].wifi.clone().unwrap();
        assert_eq!((wifi.associated, wifi.addresses.as_slice()), (Associated::Yes, [address].as_slice()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_set_up_tells_where_it_is() {
    let scene = Scene::new();
    let (printer, id) = scene.ready(Model::Inkjet, slow_to_join()).await;
    let person = Person::new();
    let options = person.options();
    let job = scene.handle.start(id.clone(), setup(target("Emulated Network")), anna(), options).await.unwrap();
    assert_eq!(scene.job(&job).kind, "setup");
    assert!(scene.until_stage(&job, "scanning").await.cancelable);
    let asking = scene.until_stage(&job, "asking").await;
    assert_eq!((asking.user_action, asking.cancelable), ("enter-passphrase", true));
    assert!(asking.deadline.is_some());
    // Meanwhile nobody else gets at the printer.
    let busy = scene.handle.start(id.clone(), Task::Scan, anna(), StartOptions::default()).await.unwrap_err();
    assert_eq!(busy.kind, ErrorKind::Busy);
    scene.handle.cancel(job.clone(), anna()).await.unwrap();
    let failure = scene.outcome(&job).await.unwrap_err();
    assert_eq!(failure.kind, ErrorKind::Canceled);
    assert!(failure.message.contains("Nothing was written"), "{}", failure.message);
    assert_eq!(
        person.heard(),
        ["enter-passphrase for Emulated Network", "taken back: enter-passphrase", "release: Canceled"]
    );

    printer.set_fault(fault("late@join"));
    let job = scene.start(&id, setup(given("Emulated Network"))).await;
    assert!(!scene.until_stage(&job, "joining").await.cancelable, "what is written is written");
    scene.until_stage(&job, "verifying").await;
    assert_eq!(scene.view().printers[&id].wifi.as_ref().unwrap().associated, Associated::Joining);
    joined(scene.outcome(&job).await);
    assert_eq!(scene.job(&job).stage, "done");
}

#[tokio::test(start_paused = true)]
async fn a_passphrase_that_was_given_is_asked_of_nobody() {
    for (model, name) in [
        (Model::Inkjet, "Emulated WPA"),
        (Model::LaserJet, "Emulated WPA2 and WPA3"),
        (Model::Inkjet, "Emulated Guests"),
        (Model::LaserJet, "Emulated, exactly 32 bytes long."),
    ] {
        let scene = Scene::new();
        let (_, id) = scene.ready(model, fresh()).await;
        let target = if name.ends_with("Guests") { target(name) } else { given(name) };
        assert_eq!(joined(scene.run(&id, Task::Join(Box::new(target))).await).0, name);
    }
}

#[tokio::test(start_paused = true)]
async fn a_printer_that_is_there_already_is_left_alone() {
    let scene = Scene::new();
    let (printer, id) = scene.ready(Model::Inkjet, Options::default()).await;
    printer.take_requests();
    assert!(joined(scene.run(&id, setup(given("Emulated Network"))).await).2);
    assert!(printer.requests().iter().all(|request| request.starts_with("GET ")), "{:?}", printer.requests());
}

#[tokio::test(start_paused = true)]
async fn a_wrong_passphrase_is_told_and_the_next_attempt_joins() {
    let scene = Scene::new();
    let (_, id) = scene.ready(Model::Inkjet, fresh()).await;
    let wrong = Person::new().types("enter-passphrase", "short").types("enter-passphrase", "correct horse");
    let (result, took) = timed(scene.run_with(&id, setup(target("Emulated Network")), wrong.options())).await;
    let failure = result.unwrap_err();
    assert_eq!(failure.kind, ErrorKind::WrongPassphrase, "{}", failure.message);
    assert!(!failure.message.contains("horse"));
    assert!((Duration::from_secs(30)..Duration::from_secs(60)).contains(&took), "{took:?}");
    assert_eq!(wrong.heard().iter().filter(|asked| asked.starts_with("enter")).count(), 2, "what can't be one");
    assert!(!joined(scene.run(&id, setup(given("Emulated Network"))).await).2);
}

/// These go on to tell what came of the last attempt until they are on a network, and take their time for that.
#[tokio::test(start_paused = true)]
async fn what_is_left_of_a_wrong_passphrase_does_not_end_the_next_attempt() {
    for (model, kind, told) in [
        (Model::Inkjet, ErrorKind::WrongPassphrase, 80..110),
        (Model::LaserJet, ErrorKind::WrongPassphrase, 80..110),
        (Model::Cdm, ErrorKind::WrongPassphrase, 80..110),
        (Model::IppWifi, ErrorKind::Failed, 95..120),
    ] {
        let scene = Scene::new();
        let mut options = fresh();
        options.radio.keeps_diagnosis = true;
        options.radio.join_time = Duration::from_secs(50);
        options.cdm.full_adapter = Some(true);
        let (_, id) = scene.ready(model, options).await;
        let wrong = passphrase::parse(b"correct horse").unwrap();
        let wrong = Target { passphrase: Some(wrong), ..target("Emulated Network") };
        let (result, took) = timed(scene.run(&id, Task::Join(Box::new(wrong)))).await;
        let failure = result.unwrap_err();
        assert_eq!(failure.kind, kind, "{model:?}: {}", failure.message);
        assert!(told.contains(&took.as_secs()), "{model:?}: {took:?}");
        let (result, took) = timed(scene.run(&id, Task::Join(Box::new(given("Emulated Network"))))).await;
        assert!(!joined(result).2 && took > Duration::from_secs(50), "{model:?}: {took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn networks_that_are_not_there_or_can_t_be_joined() {
    let five = Target { band: Some(Band::Band5), ..given("Emulated 5 GHz") };
    for (target, kind) in [
        (given("Nobody's"), ErrorKind::NetworkNotFound),
        (given("emulated network"), ErrorKind::NetworkNotFound),
        (five, ErrorKind::UnsupportedBand),
        (given("Emulated WPA3"), ErrorKind::UnsupportedSecurity),
        (given("Emulated Enterprise"), ErrorKind::UnsupportedSecurity),
        (given("Emulated Guests"), ErrorKind::Failed),
    ] {
        let scene = Scene::new();
        let (printer, id) = scene.ready(Model::Inkjet, fresh()).await;
        let failure = scene.run(&id, setup(target.clone())).await.unwrap_err();
        assert_eq!(failure.kind, kind, "{target:?}: {}", failure.message);
        assert!(!printer.requests().iter().any(|request| request.starts_with("PUT")), "{target:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_network_that_hides_its_name() {
    for hidden in [false, true] {
        let scene = Scene::new();
        let (_, id) = scene.ready(Model::LaserJet, fresh()).await;
        let security = hidden.then_some(Security::Wpa2Personal);
        let target = Target { hidden, security, ..given("Emulated Hidden") };
        assert_eq!(joined(scene.run(&id, setup(target)).await).0, "Emulated Hidden");
    }
}

#[tokio::test(start_paused = true)]
async fn impostors_of_success() {
    let with = |impostor| {
        let mut options = fresh();
        options.radio.impostor = Some(impostor);
        options
    };
    let lost = |lost| {
        let mut options = fresh();
        options.radio.lost = lost;
        options
    };
    let old = Options { connected: true, ..with(Impostor::OldAssociation) };
    for model in [Model::Inkjet, Model::LaserJet] {
        for (options, name, kind, says) in [
            (old.clone(), "Emulated WPA", ErrorKind::Failed, "stayed on the network Emulated Network"),
            (with(Impostor::SoftAp), "Emulated Network", ErrorKind::Timeout, ""),
            (with(Impostor::Ethernet), "Emulated Network", ErrorKind::Failed, "network cable"),
            (lost(Lost::AutoIp), "Emulated Silence", ErrorKind::NoAddress, "169.254.57.57"),
            (lost(Lost::Fallback), "Emulated Silence", ErrorKind::NoAddress, "192.0.0.192"),
            (lost(Lost::Nothing), "Emulated Silence", ErrorKind::NoAddress, "got no address"),
            (fresh(), "Emulated Far", ErrorKind::Failed, "too weak"),
            (fresh(), "Emulated Filter", ErrorKind::Failed, "MAC addresses"),
        ] {
            let (got, message, took) = fails(model, options, given(name)).await;
            assert_eq!(got, kind, "{model:?} {name}: {message}");
            assert!(message.contains(says), "{model:?} {name}: {message}");
            assert!(took < Duration::from_secs(180), "{model:?} {name}: {took:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_network_of_this_computer_is_shared_with_consent_only() {
    let shared = || Target { ask_first: true, ..given("Emulated Network") };
    for (answer, joins) in [(Answer::Does, true), (Answer::Refuses, false), (Answer::Declines, false)] {
        let scene = Scene::new();
        let (printer, id) = scene.ready(Model::Inkjet, fresh()).await;
        let person = Person::new().answers("confirm-network", answer);
        let result = scene.run_with(&id, setup(shared()), person.options()).await;
        assert_eq!(result.is_ok(), joins);
        assert_eq!(printer.requests().iter().any(|request| request.starts_with("PUT")), joins);
        assert!(joins || result.unwrap_err().kind == ErrorKind::Canceled);
    }
}

#[tokio::test(start_paused = true)]
async fn the_administrator_s_password_is_asked_for_once() {
    let locked = || {
        let mut options = fresh();
        options.radio.password = Some("open sesame".into());
        options
    };
    for (password, ends) in [("open sesame", None), ("open barley", Some(ErrorKind::PrinterAuthFailed))] {
        let scene = Scene::new();
        let (_, id) = scene.ready(Model::Inkjet, locked()).await;
        let person = Person::new().types("enter-admin-password", password);
        let result = scene.run_with(&id, setup(given("Emulated Network")), person.options()).await;
        assert_eq!(result.as_ref().err().map(|failure| failure.kind), ends, "{result:?}");
        assert_eq!(person.heard().iter().filter(|asked| asked.starts_with("enter")).count(), 1);

        let scene = Scene::new();
        let (printer, id) = scene.ready(Model::Inkjet, locked()).await;
        let person = Person::new().types("enter-admin-password", password);
        let result = scene.run_with(&id, Task::SetPower(false), person.options()).await;
        assert_eq!(result.as_ref().err().map(|failure| failure.kind), ends, "{result:?}");
        assert_eq!(scene.view().printers[&id].wifi.as_ref().unwrap().power, Some(ends.is_some()));
        drop(printer);
    }
    let (kind, message, _) = fails(Model::Inkjet, locked(), given("Emulated Network")).await;
    assert_eq!(kind, ErrorKind::PrinterAuthRequired, "{message}");
}

#[tokio::test(start_paused = true)]
async fn without_anybody_to_ask() {
    let (kind, message, _) = fails(Model::Inkjet, fresh(), target("Emulated Network")).await;
    assert_eq!(kind, ErrorKind::NoPrompter, "{message}");
    let (kind, message, _) = fails(Model::Inkjet, fresh(), Target::default()).await;
    assert_eq!(kind, ErrorKind::NotSupported);
    for reason in ["join: which network", "--ssid", "button: ", "typed, guided: there is nobody", "pin: "] {
        assert!(message.contains(reason) || reason == "typed, guided: there is nobody", "{reason}: {message}");
    }
    let scene = Scene::new();
    let (_, id) = scene.ready(Model::Inkjet, fresh()).await;
    let leaves = Person::new().answers("enter-passphrase", Answer::Leaves);
    let failure = scene.run_with(&id, setup(target("Emulated Network")), leaves.options()).await.unwrap_err();
    assert_eq!(failure.kind, ErrorKind::NoPrompter);
    // And one who never answers is not waited for without an end.
    let person = Person::new();
    let (result, took) = timed(scene.run_with(&id, setup(target("Emulated Network")), person.options())).await;
    assert_eq!(result.unwrap_err().kind, ErrorKind::Timeout);
    assert!(took < Duration::from_secs(360), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn explained_and_not_done() {
    let scene = Scene::new();
    let (printer, id) = scene.ready(Model::LaserJet, fresh()).await;
    let before = printer.requests().len();
    let Task::Setup(mut task) = setup(given("Emulated Network")) else { panic!() };
    task.explain = true;
    let JobResult::Routes(offers) = scene.run(&id, Task::Setup(task)).await.unwrap() else { panic!() };
    assert_eq!(offers.iter().map(|offer| offer.route).collect::<Vec<_>>(), Route::ALL);
    assert!(offers[0].way.is_some() && offers.iter().all(|offer| !offer.reason.is_empty()), "{offers:?}");
    assert_eq!(printer.requests().len(), before, "the printer was not even asked");
}

#[tokio::test(start_paused = true)]
async fn canceled_after_the_write_it_says_so() {
    for leaves in [false, true] {
        let scene = Scene::new();
        let (printer, id) = scene.ready(Model::Inkjet, slow_to_join()).await;
        printer.set_fault(fault("late@join"));
        let job = scene.start(&id, setup(given("Emulated Network"))).await;
        if leaves {
            scene.until_stage(&job, "joining").await;
            scene.handle.caller_left(anna().bus_name).await;
        } else {
            scene.until_stage(&job, "verifying").await;
            scene.handle.cancel(job.clone(), anna()).await.unwrap();
        }
        let failure = scene.outcome(&job).await.unwrap_err();
        assert_eq!(failure.kind, ErrorKind::Canceled);
        assert!(failure.message.contains("had been sent"), "{}", failure.message);
        assert!(printer.requests().iter().any(|request| request.starts_with("PUT")));
        // The next one finds what the first one did.
        sleep(Duration::from_secs(40)).await;
        assert!(joined(scene.run(&id, setup(given("Emulated Network"))).await).2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_printer_that_fails_at_a_step_ends_in_time_and_the_next_attempt_joins() {
    for (name, kinds) in [
        ("hang@adapters", ["Timeout"].as_slice()),
        ("hang@scan", &["Timeout"]),
        ("working-forever@scan", &["Timeout"]),
        ("garbage@scan", &["Timeout", "ProtocolError"]),
        ("broken-xml@scan", &["ProtocolError"]),
        ("huge-xml@scan", &["ProtocolError"]),
        ("not-found@scan", &["NotSupported"]),
        ("server-error@join", &["PrinterRejected"]),
        ("forbidden@join", &["PrinterRejected"]),
        ("busy-forever@join", &["PrinterRejected", "Timeout"]),
        ("unplug@scan", &["Disconnected"]),
    ] {
        let scene = Scene::new();
        let (printer, id) = scene.ready(Model::Inkjet, fresh()).await;
        printer.set_fault(fault(name));
        let (result, took) = timed(scene.run(&id, setup(given("Emulated Network")))).await;
        let failure = result.expect_err(name);
        assert!(kinds.contains(&failure.kind.name()), "{name}: {:?} {}", failure.kind, failure.message);
        assert!(took <= Duration::from_secs(240), "{name}: {took:?}");
        printer.set_fault(None);
        if !scene.view().printers.contains_key(&id) {
            scene.bus.plug(&printer);
            scene.until_ready(&printer).await;
        }
        sleep(Duration::from_secs(130)).await;
        joined(scene.run(&id, setup(given("Emulated Network"))).await);
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_whose_answer_is_lost_is_looked_at_and_not_repeated() {
    for name in ["hang@join", "truncated@join", "stall@join"] {
        let scene = Scene::new();
        let (printer, id) = scene.ready(Model::Inkjet, fresh()).await;
        printer.set_fault(fault(name));
        let result = scene.run(&id, setup(given("Emulated Network"))).await;
        let writes = printer.requests().iter().filter(|request| request.starts_with("PUT")).count();
        assert!(writes <= 1, "{name}: {:?}", printer.requests());
        if let Err(failure) = result {
            assert!(["Timeout", "ProtocolError"].contains(&failure.kind.name()), "{name}: {}", failure.message);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn one_step_each() {
    let scene = Scene::new();
    let (printer, id) = scene.ready(Model::Inkjet, Options::default()).await;
    let JobResult::Networks(networks) = scene.run(&id, Task::Scan).await.unwrap() else { panic!() };
    assert!(networks.iter().any(|network| network.ssid.to_string() == "Emulated Network"), "{networks:?}");
    let JobResult::Network(state) = scene.run(&id, Task::GetNetwork).await.unwrap() else { panic!() };
    assert!(state.is_on(&crate::prompts::ssid("Emulated Network")) && state.address().is_some(), "{state:?}");
    assert!(scene.view().printers[&id].wifi.as_ref().unwrap().addresses.len() == 1);
    scene.run(&id, Task::SetPower(false)).await.unwrap();
    let wifi = scene.view().printers[&id].wifi.clone().unwrap();
    assert_eq!((wifi.power, wifi.associated), (Some(false), Associated::No));
    let failure = scene.run(&id, Task::ResetNetwork).await.unwrap_err();
    assert_eq!(failure.kind, ErrorKind::NotSupported);
    assert!(failure.message.contains("panel"), "{}", failure.message);
    // Join alone does not go another way.
    let wish = Wish { route: Some(Route::Pin), ..Wish::default() };
    assert_eq!(scene.run(&id, by(given("Emulated Network"), wish)).await.unwrap_err().kind, ErrorKind::NotSupported);
    drop(printer);
}
