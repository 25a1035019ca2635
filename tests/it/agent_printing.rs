//! A report is asked for, and comes out, or does not.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::time::Duration;

use plugprint::agent::Failure;
use plugprint::agent::view::{JobResult, State, Task};
use plugprint::emulator::{Model, Options, PrintRoot};
use plugprint::printer::capability::ReportKind;

use crate::scene::{Scene, anna, fault, printed, timed};

const NETWORK: Task = Task::PrintReport(ReportKind::Network);

fn pages(result: Result<JobResult, Failure>) -> Vec<String> {
    match result {
        Ok(JobResult::Printed { pages }) => pages,
        other => panic!("no pages, but {other:?}"),
    }
}

fn refusal(result: Result<JobResult, Failure>) -> (&'static str, String) {
    match result {
        Err(failure) => (failure.kind.name(), failure.message),
        Ok(result) => panic!("no failure, but {result:?}"),
    }
}

fn wireless_and_information() -> Task {
    Task::PressButtons { buttons: vec!["wireless".to_owned(), "information".to_owned()], hold_ms: 0 }
}

#[tokio::test(start_paused = true)]
async fn each_report_comes_out() {
    for model in [Model::Inkjet, Model::LaserJet] {
        let scene = Scene::new();
        let (printer, id) = scene.ready(model, Options::default()).await;
        for (kind, page) in [
            (ReportKind::Network, "networkSummary"),
            (ReportKind::Wireless, "wirelessNetworkPage"),
            (ReportKind::Status, "configurationPage"),
        ] {
            assert_eq!(pages(scene.run(&id, Task::PrintReport(kind)).await), [page]);
            assert_eq!(printed(&printer).last().map(String::as_str), Some(page));
        }
        assert_eq!(printed(&printer).len(), 3);
        assert!(printer.pages().iter().all(|page| page.path.exists()));
        assert_eq!(scene.until_ready(&printer).await, id);
    }
}

#[tokio::test(start_paused = true)]
async fn a_job_tells_how_it_goes() {
    let scene = Scene::new();
    let (printer, id) = scene.ready(Model::Inkjet, Options::default()).await;
    printer.set_fault(fault("late@status"));
    let job = scene.start(&id, NETWORK).await;
    let seen = scene.job(&job);
    assert_eq!((seen.kind, seen.stage, seen.progress), ("print-report", "checking", Some(0.0)));
    assert_eq!(scene.view().printers[&id].state, State::Busy);
    assert_eq!(scene.view().printers[&id].current_job.as_ref(), Some(&job));

    let printing = scene.until_stage(&job, "printing").await;
    assert!(printing.deadline > seen.deadline);
    scene.outcome(&job).await.unwrap();
    let done = scene.job(&job);
    assert_eq!((done.stage, done.progress, done.cancelable), ("done", Some(1.0), false));
    assert_eq!(scene.view().printers[&id].state, State::Ready);
    assert_eq!(scene.view().printers[&id].current_job, None);
}

#[tokio::test(start_paused = true)]
async fn wireless_and_information_print_what_the_panel_would() {
    let scene = Scene::new();
    let (printer, id) = scene.ready(Model::Inkjet, Options::default()).await;
    let result = scene.run(&id, wireless_and_information()).await;
    assert_eq!(pages(result), ["wirelessNetworkPage", "networkSummary"]);
    assert_eq!(printed(&printer), ["wirelessNetworkPage", "networkSummary"]);
}

#[tokio::test(start_paused = true)]
async fn buttons_that_only_the_panel_has_are_refused() {
    let scene = Scene::new();
    let (printer, id) = scene.ready(Model::Inkjet, Options::default()).await;
    let held = Task::PressButtons { buttons: vec!["wireless".to_owned()], hold_ms: 3000 };
    let (kind, message) = refusal(scene.run(&id, held).await);
    assert_eq!(kind, "NotSupported");
    assert!(message.contains("only be pressed on the printer itself"), "{message}");
    let unknown = Task::PressButtons { buttons: vec!["turbo".to_owned()], hold_ms: 0 };
    assert_eq!(refusal(scene.run(&id, unknown).await).0, "InvalidArguments");
    assert!(printed(&printer).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_page_that_never_shows_in_the_status_counts_as_out_after_a_while() {
    let scene = Scene::new();
    let options = Options { shows_processing: false, ..Options::default() };
    let (printer, id) = scene.ready(Model::Inkjet, options).await;
    let (result, took) = timed(scene.run(&id, NETWORK)).await;
    assert_eq!(pages(result), ["networkSummary"]);
    assert_eq!(printed(&printer), ["networkSummary"]);
    assert!((Duration::from_secs(15)..Duration::from_secs(25)).contains(&took), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn either_form_of_the_job_prints_one_page() {
    for print_root in [PrintRoot::A, PrintRoot::B] {
        let scene = Scene::new();
        let (printer, id) = scene.ready(Model::LaserJet, Options { print_root, ..Options::default() }).await;
        scene.run(&id, NETWORK).await.unwrap();
        assert_eq!(printed(&printer), ["networkSummary"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_sleeping_printer_prints() {
    let scene = Scene::new();
    let (printer, id) = scene.ready(Model::Inkjet, Options { power_save: true, ..Options::default() }).await;
    scene.run(&id, NETWORK).await.unwrap();
    assert_eq!(printed(&printer), ["networkSummary"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_in_the_way_is_told_in_the_printers_words_and_nothing_is_sent() {
    for (name, words) in [
        ("out-of-paper", "out of paper"),
        ("door-open", "door or cover is open"),
        ("paper-jam", "jammed"),
        ("hard-error", "hardware error"),
        ("initializing", "starting up"),
    ] {
        let scene = Scene::new();
        let (printer, id) = scene.ready(Model::Inkjet, Options::default()).await;
        printer.take_requests();
        printer.set_fault(fault(name));
        let ((kind, message), took) = timed(async { refusal(scene.run(&id, NETWORK).await) }).await;
        assert_eq!(kind, "PrinterNotReady", "{name}");
        assert!(message.contains(words), "{name}: {message}");
        // Starting up passes by itself, and is waited for a while.
        let at_most = if name == "initializing" { 35 } else { 5 };
        assert!(took < Duration::from_secs(at_most), "{name}: {took:?}");
        assert!(!printer.requests().iter().any(|request| request.starts_with("POST")), "{name}");
        printer.set_fault(None);
        scene.run(&id, NETWORK).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn paper_that_runs_out_is_asked_for_and_the_page_comes_after_all() {
    let scene = Scene::new();
    let (printer, id) = scene.ready(Model::Inkjet, Options { fault: fault("runs-out"), ..Options::default() }).await;
    let job = scene.start(&id, NETWORK).await;
    scene
        .until("the wish for paper", |view| {
            (view.jobs[&job].user_action == "load-paper" && view.jobs[&job].stage == "printing").then_some(())
        })
        .await;
    assert!(printed(&printer).is_empty());
    tokio::time::sleep(Duration::from_secs(120)).await;
    assert_eq!(scene.job(&job).outcome, None);
    printer.set_fault(None);
    assert_eq!(pages(scene.outcome(&job).await), ["networkSummary"]);
    assert_eq!(scene.job(&job).user_action, "");
    assert_eq!(printed(&printer), ["networkSummary"]);
}

#[tokio::test(start_paused = true)]
async fn paper_that_nobody_brings_ends_at_the_deadline() {
    let scene = Scene::new();
    let (_, id) = scene.ready(Model::Inkjet, Options { fault: fault("runs-out"), ..Options::default() }).await;
    let ((kind, message), took) = timed(async { refusal(scene.run(&id, NETWORK).await) }).await;
    assert_eq!(kind, "Timeout");
    assert!(message.contains("out of paper"), "{message}");
    assert!((Duration::from_secs(600)..Duration::from_secs(640)).contains(&took), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn busy_for_a_minute_is_waited_for_or_told() {
    for at in ["", "@status", "@print"] {
        let scene = Scene::new();
        let (printer, id) = scene.ready(Model::LaserJet, Options::default()).await;
        printer.set_fault(fault(&format!("busy{at}")));
        match scene.run(&id, NETWORK).await {
            Ok(_) => assert_eq!(printed(&printer), ["networkSummary"], "{at}"),
            Err(failure) => {
                assert_eq!(failure.kind.name(), "PrinterNotReady", "{at}: {failure}");
                assert!(printed(&printer).is_empty(), "{at}");
            }
        }
        printer.set_fault(None);
        scene.run(&id, NETWORK).await.unwrap();
    }
}

/// Each fault at each request of a print (but for endless answers, which never let the paused clock go on): a named error within the deadline, and the next attempt prints.
#[tokio::test(start_paused = true)]
async fn after_each_fault_the_next_attempt_prints() {
    let timeout = ["Timeout"].as_slice();
    let protocol = ["ProtocolError", "Timeout"].as_slice();
    let gone = ["Disconnected"].as_slice();
    for (kind, errors) in [
        ("hang", timeout),
        ("hang-head", protocol),
        ("hang-body", protocol),
        ("wedged", timeout),
        ("deaf", timeout),
        ("working-forever", timeout),
        ("truncated", protocol),
        ("garbage", protocol),
        ("stall", protocol),
        ("stall-out", protocol),
        ("unplug", gone),
        ("unplug-body", gone),
        ("unplug-after", gone),
        ("auth-required", ["PrinterAuthRequired"].as_slice()),
        ("forbidden", ["PrinterRejected"].as_slice()),
        ("server-error", ["PrinterRejected"].as_slice()),
        ("not-found", ["NotSupported"].as_slice()),
    ] {
        for at in ["status", "print"] {
            let name = format!("{kind}@{at}");
            let scene = Scene::new();
            let (printer, id) = scene.ready(Model::LaserJet, Options::default()).await;
            printer.set_fault(fault(&name));
            let (result, took) = timed(scene.run(&id, NETWORK)).await;
            if let Err(failure) = &result {
                assert!(errors.contains(&failure.kind.name()), "{name}: {} {failure}", failure.kind.name());
                assert!(failure.message.len() > 40, "{name} says what to do: {failure}");
            } else {
                // The printer took the job before the fault, or the fault passed by asking once more.
                assert!(!printed(&printer).is_empty(), "{name}");
            }
            assert!(took < Duration::from_secs(300), "{name}: {took:?}");

            printer.set_fault(None);
            if kind.starts_with("unplug") || kind == "wedged" {
                printer.unplug();
                scene.until_gone(&id).await;
                scene.bus.plug(&printer);
                assert_eq!(scene.until_ready(&printer).await, id, "{name}");
            }
            let before = printed(&printer).len();
            // A page of the first attempt may still be in the engine.
            tokio::time::sleep(Duration::from_secs(60)).await;
            scene.run(&id, NETWORK).await.unwrap_or_else(|failure| panic!("{name}, then: {failure}"));
            assert!(printed(&printer).len() > before, "{name}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_only_looks_odd_does_no_harm() {
    for name in ["doubled", "interim", "stale", "chunked", "gzip", "no-length", "ragged", "slow", "late", "working"] {
        let scene = Scene::new();
        let (printer, id) = scene.ready(Model::LaserJet, Options { fault: fault(name), ..Options::default() }).await;
        let result = scene.run(&id, NETWORK).await;
        assert_eq!(pages(result), ["networkSummary"], "{name}");
        assert_eq!(printed(&printer), ["networkSummary"], "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn unplugged_while_it_prints_the_job_ends_at_once() {
    let scene = Scene::new();
    let (printer, id) = scene.ready(Model::Inkjet, Options::default()).await;
    let job = scene.start(&id, NETWORK).await;
    scene.until_stage(&job, "printing").await;
    printer.unplug();
    let ((kind, message), took) = timed(async { refusal(scene.outcome(&job).await) }).await;
    assert_eq!(kind, "Disconnected");
    assert!(message.contains("Plug it in again"), "{message}");
    assert_eq!(took, Duration::ZERO);
    scene.until_gone(&id).await;

    scene.bus.plug(&printer);
    assert_eq!(scene.until_ready(&printer).await, id);
    scene.run(&id, NETWORK).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn canceled_before_it_is_sent_nothing_is_printed() {
    let scene = Scene::new();
    let (printer, id) = scene.ready(Model::Inkjet, Options::default()).await;
    printer.take_requests();
    printer.set_fault(fault("hang@status"));
    let job = scene.start(&id, NETWORK).await;
    scene.handle.cancel(job.clone(), anna()).await.unwrap();
    let ((kind, message), took) = timed(async { refusal(scene.outcome(&job).await) }).await;
    assert_eq!(kind, "Canceled");
    assert!(message.contains("Nothing was sent"), "{message}");
    assert_eq!(took, Duration::ZERO);
    assert!(!printer.requests().iter().any(|request| request.starts_with("POST")));
}

#[tokio::test(start_paused = true)]
async fn a_job_on_its_way_to_the_printer_is_not_cut() {
    let scene = Scene::new();
    let (printer, id) = scene.ready(Model::Inkjet, Options::default()).await;
    printer.set_fault(fault("late@print"));
    let job = scene.start(&id, NETWORK).await;
    let sending = scene.until_stage(&job, "printing").await;
    assert!(!sending.cancelable);
    scene.handle.cancel(job.clone(), anna()).await.unwrap();
    let (kind, message) = refusal(scene.outcome(&job).await);
    assert_eq!(kind, "Canceled");
    assert!(message.contains("already sent"), "{message}");
    printer.watch_pages().wait_for(|pages| !pages.is_empty()).await.unwrap();
    assert_eq!(printed(&printer), ["networkSummary"]);
}
