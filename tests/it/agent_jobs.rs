//! Whose job it is, and the WPS PIN, which is nobody else's business.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::time::Duration;

use plugprint::agent::view::{Caller, JobId, JobResult, StartOptions, Task};
use plugprint::agent::{Clock, RuntimeClock};
use plugprint::emulator::{Model, Options, PinAccess, PinKind};
use plugprint::printer::capability::ReportKind;
use tokio::time::sleep;

use crate::scene::{Scene, anna, fault, printed, timed};

const NETWORK: Task = Task::PrintReport(ReportKind::Network);

fn bert() -> Caller {
    Caller { bus_name: ":1.20".to_owned(), uid: 1001 }
}

fn root() -> Caller {
    Caller { bus_name: ":1.30".to_owned(), uid: 0 }
}

#[tokio::test(start_paused = true)]
async fn the_pin_comes_to_the_one_who_asked() {
    let scene = Scene::new();
    let clock = RuntimeClock::new();
    let (printer, id) = scene.ready(Model::LaserJet, Options::default()).await;
    let job = scene.start(&id, Task::ReadPin).await;
    let JobResult::Pin { pin, deadline, deadline_source, .. } = scene.outcome(&job).await.unwrap() else { panic!() };
    assert!(plugprint::wps::pin::parse(pin.expose()).is_ok());
    assert_eq!(deadline_source, "walk-time");
    let left = clock.now().until(deadline);
    assert!((Duration::from_secs(110)..=Duration::from_secs(121)).contains(&left), "{left:?}");
    assert_eq!(printer.pin_reads(), 1);
    // Neither the picture that everybody sees nor the job's debug form holds it.
    assert!(!format!("{:?}", scene.view()).contains(pin.expose()));

    let (kind, _) = named(scene.handle.result(job.clone(), bert()).await);
    assert_eq!(kind, "NotAuthorized");
    let stranger = Caller { bus_name: ":1.99".to_owned(), ..anna() };
    assert_eq!(named(scene.handle.result(job.clone(), stranger).await).0, "NotAuthorized");
    assert!(scene.handle.result(job.clone(), root()).await.is_ok());
}

fn named<T: std::fmt::Debug>(result: Result<T, plugprint::agent::Failure>) -> (&'static str, String) {
    let failure = result.unwrap_err();
    (failure.kind.name(), failure.message)
}

#[tokio::test(start_paused = true)]
async fn a_pin_is_forgotten_when_its_time_is_over() {
    let scene = Scene::new();
    let (_, id) = scene.ready(Model::LaserJet, Options::default()).await;
    let job = scene.start(&id, Task::ReadPin).await;
    scene.outcome(&job).await.unwrap();
    sleep(Duration::from_secs(119)).await;
    assert!(scene.handle.result(job.clone(), anna()).await.is_ok());
    sleep(Duration::from_secs(2)).await;
    assert_eq!(named(scene.handle.result(job.clone(), anna()).await).0, "PinExpired");
}

#[tokio::test(start_paused = true)]
async fn a_pin_is_forgotten_when_the_one_who_asked_leaves() {
    let scene = Scene::new();
    let (_, id) = scene.ready(Model::LaserJet, Options::default()).await;
    let job = scene.start(&id, Task::ReadPin).await;
    scene.outcome(&job).await.unwrap();
    scene.handle.caller_left(anna().bus_name).await;
    assert_eq!(named(scene.handle.result(job, root()).await).0, "PinExpired");
}

#[tokio::test(start_paused = true)]
async fn a_pin_just_read_outlives_the_results_before_it() {
    let scene = Scene::new();
    let (_, id) = scene.ready(Model::LaserJet, Options::default()).await;
    let mut earlier = Vec::new();
    // As many as are remembered for one user; the PIN's own two minutes end before theirs.
    for _ in 0..32 {
        let job = scene.start(&id, Task::GetNetwork).await;
        scene.outcome(&job).await.unwrap();
        earlier.push(job);
    }
    let pin = scene.start(&id, Task::ReadPin).await;
    scene.outcome(&pin).await.unwrap();
    scene.run(&id, Task::GetNetwork).await.unwrap();
    assert!(matches!(scene.handle.result(pin, anna()).await, Ok(JobResult::Pin { .. })));
    assert_eq!(named(scene.handle.result(earlier.swap_remove(0), anna()).await).0, "NotFound");
}

#[tokio::test(start_paused = true)]
async fn each_request_for_the_pin_asks_the_printer_once() {
    for pin_kind in [PinKind::Dynamic, PinKind::Static] {
        let scene = Scene::new();
        let (printer, id) = scene.ready(Model::LaserJet, Options { pin_kind, ..Options::default() }).await;
        for reads in 1..=3 {
            scene.run(&id, Task::ReadPin).await.unwrap();
            assert_eq!(printer.pin_reads(), reads);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn printers_without_a_pin_say_so() {
    let scene = Scene::new();
    let (inkjet, id) = scene.ready(Model::Inkjet, Options::default()).await;
    assert_eq!(named(scene.run(&id, Task::ReadPin).await).0, "NotSupported");
    assert!(!inkjet.requests().iter().any(|request| request.contains("WPS")));
    for (pin_access, kind) in [(PinAccess::NotFound, "NotSupported"), (PinAccess::Unauthorized, "PrinterAuthRequired")]
    {
        let scene = Scene::new();
        let (_, id) = scene.ready(Model::LaserJet, Options { pin_access, ..Options::default() }).await;
        assert_eq!(named(scene.run(&id, Task::ReadPin).await).0, kind);
    }
}

#[tokio::test(start_paused = true)]
async fn a_pin_that_goes_wrong_is_named_and_the_next_one_comes() {
    for (name, kinds) in [
        ("pin-invalid", ["InvalidPin"].as_slice()),
        ("pin-empty", &["PrinterRejected"]),
        ("pin-missing", &["NotSupported"]),
        ("pin-denied", &["PrinterAuthRequired"]),
        ("hang@pin", &["Timeout"]),
        ("hang-body@pin", &["ProtocolError", "Timeout"]),
        ("busy-forever@pin", &["PrinterNotReady", "Timeout"]),
        ("truncated@pin", &["ProtocolError", "Timeout"]),
        ("broken-xml@pin", &["ProtocolError"]),
        ("deep-xml@pin", &["ProtocolError"]),
        ("huge-xml@pin", &["ProtocolError"]),
    ] {
        let scene = Scene::new();
        let (printer, id) = scene.ready(Model::LaserJet, Options::default()).await;
        printer.set_fault(fault(name));
        let ((kind, message), took) = timed(async { named(scene.run(&id, Task::ReadPin).await) }).await;
        assert!(kinds.contains(&kind), "{name}: {kind} {message}");
        assert!(took <= Duration::from_secs(60), "{name}: {took:?}");
        printer.set_fault(None);
        sleep(Duration::from_secs(30)).await;
        scene.run(&id, Task::ReadPin).await.unwrap_or_else(|failure| panic!("{name}, then: {failure}"));
    }
}

#[tokio::test(start_paused = true)]
async fn unplugged_while_the_pin_is_read() {
    for name in ["unplug@pin", "unplug-body@pin"] {
        let scene = Scene::new();
        let (printer, id) = scene.ready(Model::LaserJet, Options::default()).await;
        printer.set_fault(fault(name));
        let ((kind, _), took) = timed(async { named(scene.run(&id, Task::ReadPin).await) }).await;
        assert_eq!(kind, "Disconnected", "{name}");
        assert!(took < Duration::from_secs(1), "{name}: {took:?}");
        scene.until_gone(&id).await;
        printer.set_fault(None);
        scene.bus.plug(&printer);
        assert_eq!(scene.until_ready(&printer).await, id);
        scene.run(&id, Task::ReadPin).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn one_job_at_a_time_and_the_second_hears_whose_it_is() {
    let scene = Scene::new();
    let (printer, id) = scene.ready(Model::Inkjet, Options::default()).await;
    let job = scene.start(&id, NETWORK).await;
    let second = scene.handle.start(id.clone(), NETWORK, bert(), StartOptions::default()).await;
    let (kind, message) = named(second);
    assert_eq!(kind, "Busy");
    assert!(message.contains("print-report") && message.contains("user 1000"), "{message}");
    scene.outcome(&job).await.unwrap();
    assert_eq!(printed(&printer).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn only_the_starter_and_root_may_cancel() {
    let scene = Scene::new();
    let (printer, id) = scene.ready(Model::Inkjet, Options::default()).await;
    printer.set_fault(fault("hang@status"));
    let job = scene.start(&id, NETWORK).await;
    assert_eq!(named(scene.handle.cancel(job.clone(), bert()).await).0, "NotAuthorized");
    assert_eq!(named(scene.handle.keep(job.clone(), bert(), false).await).0, "NotAuthorized");
    assert_eq!(named(scene.handle.result(job.clone(), anna()).await).0, "Busy");
    assert_eq!(named(scene.handle.cancel(JobId("nothing".to_owned()), root()).await).0, "NotFound");
    scene.handle.cancel(job.clone(), root()).await.unwrap();
    assert_eq!(scene.outcome(&job).await.unwrap_err().kind.name(), "Canceled");
}

#[tokio::test(start_paused = true)]
async fn a_report_is_kept_when_its_starter_leaves_and_other_jobs_end() {
    let scene = Scene::new();
    let (printer, id) = scene.ready(Model::LaserJet, Options::default()).await;
    let report = scene.start(&id, NETWORK).await;
    scene.handle.caller_left(anna().bus_name).await;
    scene.outcome(&report).await.unwrap();
    assert_eq!(printed(&printer), ["networkSummary"]);

    printer.set_fault(fault("hang@pin"));
    let pin = scene.start(&id, Task::ReadPin).await;
    scene.handle.caller_left(anna().bus_name).await;
    assert_eq!(scene.outcome(&pin).await.unwrap_err().kind.name(), "Canceled");
}

#[tokio::test(start_paused = true)]
async fn keep_is_as_the_starter_says() {
    let scene = Scene::new();
    let (printer, id) = scene.ready(Model::LaserJet, Options::default()).await;
    printer.set_fault(fault("hang@status"));
    let options = StartOptions { keep: Some(false), ..StartOptions::default() };
    let job = scene.handle.start(id.clone(), NETWORK, anna(), options).await.unwrap();
    scene.handle.caller_left(bert().bus_name).await;
    assert_eq!(scene.job(&job).outcome, None);
    scene.handle.caller_left(anna().bus_name).await;
    assert_eq!(scene.outcome(&job).await.unwrap_err().kind.name(), "Canceled");

    printer.set_fault(None);
    sleep(Duration::from_secs(60)).await;
    let options = StartOptions { keep: Some(false), ..StartOptions::default() };
    let job = scene.handle.start(id, NETWORK, anna(), options).await.unwrap();
    scene.handle.keep(job.clone(), anna(), true).await.unwrap();
    scene.handle.caller_left(anna().bus_name).await;
    scene.outcome(&job).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_job_is_called_as_its_starter_wishes() {
    let scene = Scene::new();
    let (_, id) = scene.ready(Model::Inkjet, Options::default()).await;
    let called = |token: &str| StartOptions { handle_token: Some(token.to_owned()), ..StartOptions::default() };
    for wrong in ["", "a/b", "ä", &"x".repeat(65)] {
        let refused = scene.handle.start(id.clone(), NETWORK, anna(), called(wrong)).await;
        assert_eq!(named(refused).0, "InvalidArguments", "{wrong:?}");
    }
    let job = scene.handle.start(id.clone(), NETWORK, anna(), called("mine_1")).await.unwrap();
    assert_eq!(job.0, "mine_1");
    scene.outcome(&job).await.unwrap();
    let again = scene.handle.start(id, NETWORK, bert(), called("mine_1")).await;
    assert_eq!(named(again).0, "InvalidArguments");
}

#[tokio::test(start_paused = true)]
async fn a_finished_job_is_remembered_for_five_minutes() {
    let scene = Scene::new();
    let (_, id) = scene.ready(Model::Inkjet, Options::default()).await;
    let job = scene.start(&id, NETWORK).await;
    scene.outcome(&job).await.unwrap();
    sleep(Duration::from_secs(295)).await;
    assert!(scene.view().jobs.contains_key(&job));
    sleep(Duration::from_secs(6)).await;
    assert!(!scene.view().jobs.contains_key(&job));
    assert_eq!(named(scene.handle.result(job, anna()).await).0, "NotFound");
}

#[tokio::test(start_paused = true)]
async fn finished_jobs_are_bounded_for_each_user() {
    let scene = Scene::new();
    let (_, id) = scene.ready(Model::Inkjet, Options::default()).await;
    let berts = scene.handle.start(id.clone(), Task::Refresh, bert(), StartOptions::default()).await.unwrap();
    scene.until("the end", |view| view.jobs[&berts].outcome.clone()).await.unwrap();
    for _ in 0..40 {
        scene.run(&id, Task::Refresh).await.unwrap();
    }
    let view = scene.view();
    assert_eq!(view.jobs.values().filter(|job| job.started_by == anna()).count(), 32);
    assert!(view.jobs.contains_key(&berts));
}

#[tokio::test(start_paused = true)]
async fn running_jobs_are_bounded_for_each_user() {
    let scene = Scene::new();
    let mut ids = Vec::new();
    for number in 0..17 {
        let serial = Some(format!("N{number}"));
        let (printer, id) = scene.ready(Model::Inkjet, Options { serial, ..Options::default() }).await;
        printer.set_fault(fault("hang@status"));
        ids.push(id);
    }
    for id in &ids[..16] {
        scene.start(id, NETWORK).await;
    }
    let (kind, message) = named(scene.handle.start(ids[16].clone(), NETWORK, anna(), StartOptions::default()).await);
    assert_eq!(kind, "Busy");
    assert!(message.contains("too many"), "{message}");
    scene.handle.start(ids[16].clone(), NETWORK, bert(), StartOptions::default()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_is_only_assumed_needs_the_option() {
    let scene = Scene::new();
    let (printer, id) =
        scene.ready(Model::LaserJet, Options { fault: fault("not-found@capabilities"), ..Options::default() }).await;
    let (kind, message) = named(scene.run(&id, NETWORK).await);
    assert_eq!(kind, "NotSupported");
    assert!(message.contains("experimental"), "{message}");
    let options = StartOptions { experimental: true, ..StartOptions::default() };
    let job = scene.handle.start(id, NETWORK, anna(), options).await.unwrap();
    scene.outcome(&job).await.unwrap();
    assert_eq!(printed(&printer), ["networkSummary"]);
}
