//! Who has a printer: us, another program that holds it, its legacy driver.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::path::Path;
use std::time::Duration;

use plugprint::agent::handle::Holder;
use plugprint::agent::view::{Mode, State, Task};
use plugprint::agent::{self, Failure};
use plugprint::emulator::{Model, Options};
use plugprint::http::Call;
use plugprint::printer::capability::ReportKind;
use plugprint::printer::identity::PrinterId;
use tokio::time::sleep;

use crate::scene::{Scene, fault, printed, timed};

const STATUS: Task = Task::PrintReport(ReportKind::Status);

fn toolbox() -> Holder {
    Holder { who: "hp-toolbox".to_owned(), why: "cleaning".to_owned(), uid: 1000 }
}

fn kind<T>(result: Result<T, Failure>) -> &'static str {
    result.map(|_| ()).unwrap_err().kind.name()
}

/// An agent that remembers things in this folder.
fn remembering(folder: &Path) -> Scene {
    Scene::with(agent::Settings {
        state: Some(folder.into()),
        ..agent::Settings::on(std::sync::Arc::new(agent::NoHost))
    })
}

#[tokio::test(start_paused = true)]
async fn it_is_let_go_as_long_as_somebody_holds_it() {
    let scene = Scene::new();
    let (printer, id) = scene.ready(Model::Inkjet, Options::default()).await;
    let links = scene.handle.links(id.clone()).await.unwrap();

    let hold = scene.handle.inhibit(id.clone(), toolbox()).await.unwrap();
    let seen = scene.until_state(&printer, State::Inhibited).await;
    assert!(seen.state_reason.contains("hp-toolbox (cleaning) of user 1000"), "{}", seen.state_reason);
    assert!(!seen.capabilities.is_empty(), "what it can do is known still");
    // Who had links of before has none any more, and nobody gets new ones.
    assert!(links.pool.fetch(Call::get("/")).await.is_err());
    assert_eq!(kind(scene.handle.links(id.clone()).await), "Busy");
    assert_eq!(kind(scene.run(&id, STATUS).await), "Busy");
    let asked = printer.requests().len();
    sleep(Duration::from_secs(600)).await;
    assert_eq!(printer.requests().len(), asked, "nothing asks it meanwhile");

    let second = scene.handle.inhibit(id.clone(), Holder { who: "fwupd".to_owned(), ..toolbox() }).await.unwrap();
    drop(hold);
    let told = |view: &agent::view::View| {
        let seen = &view.printers[&id];
        (seen.state == State::Inhibited && seen.state_reason.contains("fwupd")).then_some(())
    };
    scene.until("the other one holds it", told).await;
    drop(second);
    scene.until_ready(&printer).await;
    scene.run(&id, STATUS).await.unwrap();
    assert_eq!(printed(&printer), ["configurationPage"]);
}

#[tokio::test(start_paused = true)]
async fn an_exchange_is_waited_for_and_then_it_is_busy() {
    let scene = Scene::new();
    // At 64 bytes each 100 ms it takes half a minute.
    let long = [("/DevMgmt/Long.xml".to_owned(), format!("<long>{}</long>", "x".repeat(20_000)))];
    let options = Options { documents: long.into(), ..Options::default() };
    let (printer, id) = scene.ready(Model::Inkjet, options).await;
    let pool = scene.handle.links(id.clone()).await.unwrap().pool;

    // Eight seconds are waited for.
    printer.set_fault(fault("late"));
    let asking = tokio::spawn({
        let pool = pool.clone();
        async move { pool.fetch(Call::get("/DevMgmt/ProductStatusDyn.xml")).await }
    });
    sleep(Duration::from_millis(100)).await;
    let (held, took) = timed(scene.handle.inhibit(id.clone(), toolbox())).await;
    assert!((Duration::from_secs(7)..Duration::from_secs(10)).contains(&took), "{took:?}");
    assert!(asking.await.unwrap().is_ok(), "what was under way came to its end");
    printer.set_fault(None);
    drop(held);
    scene.until_ready(&printer).await;

    // More is not: it goes on as if nothing had been asked.
    let pool = scene.handle.links(id.clone()).await.unwrap().pool;
    printer.set_fault(fault("slow"));
    let asking = tokio::spawn({
        let pool = pool.clone();
        async move { pool.fetch(Call::get("/DevMgmt/Long.xml")).await }
    });
    sleep(Duration::from_millis(100)).await;
    let mode = scene.handle.set_mode(id.clone(), Mode::Legacy);
    let (mode, hold) = tokio::join!(mode, scene.handle.inhibit(id.clone(), toolbox()));
    assert_eq!((kind(mode), kind(hold)), ("Busy", "Busy"));
    assert_eq!(scene.view().printers[&id].state, State::Ready);
    assert_eq!(scene.view().printers[&id].mode, Mode::Driverless);
    printer.set_fault(None);
    assert_eq!(asking.await.unwrap().unwrap().body.len(), 20_013);
    scene.run(&id, STATUS).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn while_a_job_runs_nobody_else_gets_it() {
    let scene = Scene::new();
    let (_, id) = scene.ready(Model::Inkjet, Options::default()).await;
    let job = scene.start(&id, STATUS).await;
    assert_eq!(kind(scene.handle.inhibit(id.clone(), toolbox()).await), "Busy");
    assert_eq!(kind(scene.handle.set_mode(id.clone(), Mode::Ignore).await), "Busy");
    scene.outcome(&job).await.unwrap();
    let _hold = scene.handle.inhibit(id.clone(), toolbox()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_hold_outlives_the_cable() {
    let scene = Scene::new();
    let (printer, id) = scene.ready(Model::Inkjet, Options::default()).await;
    let hold = scene.handle.inhibit(id.clone(), toolbox()).await.unwrap();
    // New firmware lets it come back.
    printer.unplug();
    scene.until_gone(&id).await;
    let asked = printer.requests().len();
    scene.bus.plug(&printer);
    scene.until_state(&printer, State::Inhibited).await;
    sleep(Duration::from_secs(60)).await;
    assert_eq!(printer.requests().len(), asked);
    drop(hold);
    scene.until_ready(&printer).await;
}

#[tokio::test(start_paused = true)]
async fn one_that_leaves_while_somebody_waits_for_it_is_gone() {
    let scene = Scene::new();
    let (printer, id) = scene.ready(Model::Inkjet, Options::default()).await;
    let pool = scene.handle.links(id.clone()).await.unwrap().pool;
    printer.set_fault(fault("late"));
    let asking = tokio::spawn(async move { pool.fetch(Call::get("/DevMgmt/ProductStatusDyn.xml")).await });
    sleep(Duration::from_millis(100)).await;
    let waiting = tokio::spawn({
        let (handle, id) = (scene.handle.clone(), id.clone());
        async move { handle.inhibit(id, toolbox()).await }
    });
    sleep(Duration::from_secs(1)).await;
    printer.unplug();
    assert_eq!(kind(waiting.await.unwrap()), "Disconnected");
    assert!(asking.await.unwrap().is_err());
}

#[tokio::test(start_paused = true)]
async fn a_mode_is_remembered_over_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let id = {
        let scene = remembering(folder.path());
        let (printer, id) = scene.ready(Model::Inkjet, Options::default()).await;
        assert_eq!(scene.view().printers[&id].mode, Mode::Driverless);
        scene.handle.set_mode(id.clone(), Mode::Legacy).await.unwrap();
        let seen = scene.until_state(&printer, State::Inhibited).await;
        assert_eq!(seen.mode, Mode::Legacy);
        assert!(seen.state_reason.contains("legacy driver"), "{}", seen.state_reason);
        assert_eq!(kind(scene.run(&id, STATUS).await), "NotSupported");
        scene.shutdown.cancel();
        scene.agent.await.unwrap();
        id
    };
    let remembered = std::fs::read_to_string(folder.path().join("modes")).unwrap();
    assert!(remembered.ends_with(&format!("\n{id} legacy\n")), "{remembered}");

    let scene = remembering(folder.path());
    let printer = scene.printer(Model::Inkjet, Options::default());
    scene.bus.plug(&printer);
    scene.until_state(&printer, State::Inhibited).await;
    sleep(Duration::from_secs(60)).await;
    assert_eq!(printer.requests(), [""; 0], "nobody speaks to it");
    scene.handle.set_mode(id.clone(), Mode::Ignore).await.unwrap();
    assert_eq!(scene.view().printers[&id].mode, Mode::Ignore);
    assert!(scene.view().printers[&id].state_reason.contains("ignored"));
    scene.handle.set_mode(id.clone(), Mode::Driverless).await.unwrap();
    scene.until_ready(&printer).await;
    assert!(!std::fs::read_to_string(folder.path().join("modes")).unwrap().contains(id.as_str()));
}

#[tokio::test(start_paused = true)]
async fn a_mode_that_can_not_be_written_down_is_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let scene = remembering(&folder.path().join("not-there"));
    let (printer, id) = scene.ready(Model::Inkjet, Options::default()).await;
    let failure = scene.handle.set_mode(id, Mode::Legacy).await.unwrap_err();
    assert!(failure.message.contains("until the service stops"), "{failure}");
    scene.until_state(&printer, State::Inhibited).await;
}

#[tokio::test(start_paused = true)]
async fn not_everybody_can_hold_it_at_once() {
    let scene = Scene::new();
    let (_, id) = scene.ready(Model::Inkjet, Options::default()).await;
    let mut holds = Vec::new();
    for _ in 0..16 {
        holds.push(scene.handle.inhibit(id.clone(), toolbox()).await.unwrap());
    }
    assert_eq!(kind(scene.handle.inhibit(id.clone(), toolbox()).await), "Busy");
    let nobody = PrinterId::from_text("nobody").unwrap();
    assert_eq!(kind(scene.handle.inhibit(nobody.clone(), toolbox()).await), "NotFound");
    assert_eq!(kind(scene.handle.set_mode(nobody, Mode::Legacy).await), "NotFound");
}

#[tokio::test(start_paused = true)]
async fn one_that_answers_everything_with_404_is_left_to_its_legacy_driver() {
    let scene = Scene::new();
    let printer = scene.printer(Model::Inkjet, Options { fault: fault("not-found"), ..Options::default() });
    scene.bus.plug(&printer);
    let seen = scene.until_state(&printer, State::Failed).await;
    assert!(seen.state_reason.contains("404") && seen.state_reason.contains("legacy driver"), "{}", seen.state_reason);
    let asked = printer.requests().len();
    sleep(Duration::from_secs(3600)).await;
    assert_eq!(printer.requests().len(), asked, "it is not asked again");
    assert_eq!(kind(scene.run(&seen.id, Task::Refresh).await), "NotSupported");
    assert_eq!(kind(scene.handle.links(seen.id.clone()).await), "NotSupported");
    // A hold, or a mode, and it says the same again.
    drop(scene.handle.inhibit(seen.id.clone(), toolbox()).await.unwrap());
    assert!(scene.until_state(&printer, State::Failed).await.state_reason.contains("404"));

    printer.unplug();
    scene.until_gone(&seen.id).await;
    printer.set_fault(None);
    scene.bus.plug(&printer);
    scene.until_ready(&printer).await;
}

#[tokio::test(start_paused = true)]
async fn one_whose_ledm_makes_no_sense_prints_all_the_same() {
    let scene = Scene::new();
    let printer =
        scene.printer(Model::Inkjet, Options { fault: fault("broken-xml@capabilities"), ..Options::default() });
    scene.bus.plug(&printer);
    let seen = scene.until_state(&printer, State::Ready).await;
    assert_eq!(
        seen.capabilities.keys().map(|what| what.name()).collect::<Vec<_>>(),
        ["wifi-status", "identify", "print"]
    );
    assert!(seen.state_reason.starts_with("CUPS can print on it."), "{}", seen.state_reason);
    assert!(!seen.uuid.is_empty());
    assert!(scene.handle.links(seen.id.clone()).await.unwrap().ipp);
    // Asked again, it may have come to its senses.
    printer.set_fault(None);
    scene.run(&seen.id, Task::Refresh).await.unwrap();
    assert!(scene.view().printers[&seen.id].reports.contains(&ReportKind::Network));
}
