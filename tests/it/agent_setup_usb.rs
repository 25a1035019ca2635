//! A printer that leaves USB while it is set up, and comes back or does not.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::time::Duration;

use plugprint::agent::ErrorKind;
use plugprint::agent::view::{JobResult, StartOptions, Task};
use plugprint::emulator::radio::{PASSPHRASE, Switching};
use plugprint::emulator::{Fault, Model, Options};
use plugprint::setup::flow::Target;
use plugprint::wifi::passphrase;
use tokio::time::sleep;

use crate::prompts::{fresh, setup, target};
use crate::scene::{Scene, anna, fault, timed};

fn home() -> Target {
    Target { passphrase: Some(passphrase::parse(PASSPHRASE.as_bytes()).unwrap()), ..target("Emulated Network") }
}

fn switched_off(switching: Switching) -> Options {
    let mut options = fresh();
    options.radio.powered = false;
    options.radio.switching = switching;
    options
}

/// So that this stage lasts long enough to be seen.
fn slow_at(stage: &str) -> Option<Fault> {
    match stage {
        "looking" => fault("late@adapters"),
        "scanning" => fault("late@scan"),
        "joining" => fault("late@join"),
        _ => None,
    }
}

#[tokio::test(start_paused = true)]
async fn a_radio_that_is_off_is_switched_on() {
    for model in [Model::Inkjet, Model::LaserJet] {
        let scene = Scene::new();
        let (printer, id) = scene.ready(model, switched_off(Switching::Stays)).await;
        printer.set_fault(fault("late@power"));
        let job = scene.start(&id, setup(home())).await;
        scene.until_stage(&job, "powering-on").await;
        assert!(matches!(scene.outcome(&job).await, Ok(JobResult::Joined { already: false, .. })));
    }
}

#[tokio::test(start_paused = true)]
async fn it_drops_off_when_its_radio_comes_on_and_returns() {
    for seconds in [2, 20, 50] {
        let scene = Scene::new();
        let (printer, id) =
            scene.ready(Model::Inkjet, switched_off(Switching::Returns(Duration::from_secs(seconds)))).await;
        let job = scene.start(&id, setup(home())).await;
        let away = scene.until_stage(&job, "away").await;
        assert!(away.outcome.is_none() && away.deadline.is_some() && away.cancelable);
        // From the moment that it is known again it belongs to the job.
        scene.until("it back", |view| view.printers.get(&id).map(|_| ())).await;
        assert_eq!(scene.view().printers[&id].current_job, Some(job.clone()));
        let busy = scene.handle.start(id.clone(), Task::Scan, anna(), StartOptions::default()).await.unwrap_err();
        assert!(matches!(busy.kind, ErrorKind::Busy | ErrorKind::PrinterNotReady), "{busy:?}");
        let result = scene.outcome(&job).await;
        assert!(matches!(result, Ok(JobResult::Joined { already: false, .. })), "{seconds}: {result:?}");
        let switches = printer
            .requests()
            .iter()
            .filter(|request| request.starts_with("PUT") && !request.contains("Profiles"))
            .count();
        assert_eq!(switches, 1, "{:?}", printer.requests());
        assert_eq!(scene.view().printers[&id].current_job, None);
        scene.run(&id, Task::GetNetwork).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn it_drops_off_and_never_returns() {
    let scene = Scene::new();
    let (printer, id) = scene.ready(Model::Inkjet, switched_off(Switching::Gone)).await;
    let (result, took) = timed(scene.run(&id, setup(home()))).await;
    let failure = result.unwrap_err();
    assert_eq!(failure.kind, ErrorKind::Disconnected, "{}", failure.message);
    assert!((Duration::from_secs(60)..Duration::from_secs(63)).contains(&took), "{took:?}");
    // Whoever plugs it in again can go on.
    scene.bus.plug(&printer);
    scene.until_ready(&printer).await;
    assert!(scene.run(&id, setup(home())).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn it_is_pulled_at_each_step_and_plugged_in_again() {
    for stage in ["looking", "scanning", "joining", "verifying"] {
        let scene = Scene::new();
        let (printer, id) = scene.ready(Model::Inkjet, fresh()).await;
        printer.set_fault(slow_at(stage));
        let job = scene.start(&id, setup(home())).await;
        scene.until_stage(&job, stage).await;
        printer.unplug();
        scene.until_stage(&job, "away").await;
        printer.set_fault(None);
        sleep(Duration::from_secs(30)).await;
        scene.bus.plug(&printer);
        let result = scene.outcome(&job).await;
        // A write that was cut may not have been taken: it is looked at, and not repeated.
        assert!(result.is_ok() || stage == "joining", "{stage}: {result:?}");
        let writes = printer.requests().iter().filter(|request| request.starts_with("PUT")).count();
        assert!(writes <= 1, "{stage}: {:?}", printer.requests());
        assert!(scene.run(&id, setup(home())).await.is_ok(), "{stage}");
    }
}

#[tokio::test(start_paused = true)]
async fn canceled_while_it_is_away() {
    let scene = Scene::new();
    let (_, id) = scene.ready(Model::Inkjet, switched_off(Switching::Gone)).await;
    let job = scene.start(&id, setup(home())).await;
    scene.until_stage(&job, "away").await;
    let (failure, took) = timed(async {
        scene.handle.cancel(job.clone(), anna()).await.unwrap();
        scene.outcome(&job).await.unwrap_err()
    })
    .await;
    assert_eq!(failure.kind, ErrorKind::Canceled);
    assert!(took < Duration::from_secs(1), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn other_jobs_end_at_once() {
    let scene = Scene::new();
    let (printer, id) = scene.ready(Model::Inkjet, Options::default()).await;
    printer.set_fault(fault("unplug@scan"));
    let (result, took) = timed(scene.run(&id, Task::Scan)).await;
    assert_eq!(result.unwrap_err().kind, ErrorKind::Disconnected);
    assert!(took < Duration::from_secs(1), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_it_within_two_seconds() {
    for stage in ["looking", "scanning", "joining", "verifying"] {
        let scene = Scene::new();
        let (printer, id) = scene.ready(Model::Inkjet, fresh()).await;
        printer.set_fault(slow_at(stage));
        let job = scene.start(&id, setup(home())).await;
        scene.until_stage(&job, stage).await;
        scene.shutdown.cancel();
        let (ended, took) = timed(scene.agent).await;
        ended.unwrap();
        assert!(took <= Duration::from_secs(2), "{stage}: {took:?}");
    }
}
