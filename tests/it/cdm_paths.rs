//! Printers that speak CDM: reports, Wi-Fi, and being let in, through the whole agent.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::sync::Arc;

use plugprint::agent::view::{JobResult, StartOptions, State, Task};
use plugprint::agent::{ErrorKind, Failure};
use plugprint::emulator::radio::PASSPHRASE;
use plugprint::emulator::{Model, Options, Printer};
use plugprint::printer::capability::{Capability, Evidence, ReportKind};

use crate::prompts::{Answer, Person, fresh, setup, target};
use crate::scene::{Scene, anna, printed};

/// The PIN on the label of every emulated model that has one.
const LABEL: &str = plugprint::emulator::cdm::LABEL_PIN;

fn with(options: Options, settings: &[&str]) -> Options {
    let mut options = options;
    for setting in settings {
        options.cdm.set(setting).unwrap();
    }
    options
}

/// How it ended, and what the person was asked.
async fn run(
    model: Model,
    options: Options,
    task: Task,
    person: Option<Arc<Person>>,
    experimental: bool,
) -> (Result<JobResult, Failure>, Vec<String>, Printer) {
    let scene = Scene::new();
    let (printer, id) = scene.ready(model, options).await;
    let prompter = person.clone().map(|person| person as _);
    let start = StartOptions { prompter, experimental, ..StartOptions::default() };
    let outcome = match scene.handle.start(id, task, anna(), start).await {
        Ok(job) => scene.outcome(&job).await,
        Err(failure) => Err(failure),
    };
    (outcome, person.map(|person| person.heard()).unwrap_or_default(), printer)
}

fn home() -> Task {
    setup(target("Emulated Network"))
}

fn knows() -> Arc<Person> {
    Person::new().types("enter-passphrase", PASSPHRASE)
}

/// One who is asked for this first.
fn shows(action: &str, text: &str) -> Arc<Person> {
    Person::new().types(action, text).types("enter-passphrase", PASSPHRASE)
}

fn joined(outcome: &Result<JobResult, Failure>) -> bool {
    matches!(outcome, Ok(JobResult::Joined { already: false, .. }))
}

#[tokio::test(start_paused = true)]
async fn an_open_printer_says_what_it_can_do() {
    let scene = Scene::new();
    let (_, id) = scene.ready(Model::Cdm, fresh()).await;
    let view = scene.view().printers[&id].clone();
    assert_eq!(view.state, State::Ready);
    for (capability, evidence) in [
        (Capability::ReportNetwork, Evidence::Listed),
        (Capability::ReportWireless, Evidence::Listed),
        (Capability::ReportStatus, Evidence::Listed),
        (Capability::WifiStatus, Evidence::Listed),
        (Capability::WifiScan, Evidence::Confirmed),
        (Capability::WifiJoin, Evidence::Confirmed),
        (Capability::WifiPower, Evidence::Confirmed),
        (Capability::WifiReset, Evidence::Assumed),
        (Capability::Print, Evidence::Listed),
    ] {
        assert_eq!(view.capabilities.get(&capability), Some(&evidence), "{}", capability.name());
    }
    for never in [Capability::ReadPin, Capability::WritePin] {
        assert_eq!(view.capabilities.get(&never), None, "{}", never.name());
    }
}

#[tokio::test(start_paused = true)]
async fn its_reports_come_out() {
    let scene = Scene::new();
    let (printer, id) = scene.ready(Model::Cdm, Options::default()).await;
    for (kind, page) in [
        (ReportKind::Network, "networkConfigurationReport"),
        (ReportKind::Wireless, "wirelessNetworkPage"),
        (ReportKind::Status, "configurationReport"),
    ] {
        let result = scene.run(&id, Task::PrintReport(kind)).await;
        assert!(matches!(&result, Ok(JobResult::Printed { pages }) if pages == &[page]), "{result:?}");
        assert_eq!(printed(&printer).last().map(String::as_str), Some(page));
    }
    assert_eq!(printed(&printer).len(), 3, "each once");
}

#[tokio::test(start_paused = true)]
async fn it_is_asked_what_it_hears_and_where_it_is() {
    let (outcome, _, _) = run(Model::Cdm, fresh(), Task::Scan, None, false).await;
    let Ok(JobResult::Networks(networks)) = outcome else { panic!("{outcome:?}") };
    assert!(networks.iter().any(|network| network.ssid.to_string() == "Emulated Network"), "{networks:?}");
    let (outcome, _, _) = run(Model::Cdm, Options::default(), Task::GetNetwork, None, false).await;
    let Ok(JobResult::Network(state)) = outcome else { panic!("{outcome:?}") };
    assert_eq!(state.ssid.as_ref().unwrap().value.to_string(), "Emulated Network");
    assert!(state.address().is_some());
    assert!(!format!("{state:?}").contains(PASSPHRASE));
}

#[tokio::test(start_paused = true)]
async fn it_joins_however_it_writes_its_documents() {
    for settings in [
        &[][..],
        &["cdm-booleans=words"],
        &["cdm-booleans=json"],
        &["cdm-numbers=text"],
        &["cdm-station=wifi1"],
        &["cdm-scan=second-look"],
        &["cdm-security=combined"],
        &["cdm-plain=yes"],
    ] {
        let (outcome, asked, _) = run(Model::Cdm, with(fresh(), settings), home(), Some(knows()), false).await;
        assert!(joined(&outcome), "{settings:?}: {outcome:?}");
        assert_eq!(asked, ["enter-passphrase for Emulated Network", "release: done"], "{settings:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_passphrase_is_no_success_and_is_in_no_word() {
    let person = Person::new().types("enter-passphrase", "wrong-canary-5");
    let (outcome, asked, _) = run(Model::Cdm, fresh(), home(), Some(person), false).await;
    let failure = outcome.unwrap_err();
    assert!(!format!("{failure:?} {asked:?}").contains("canary"), "{failure:?}");
}

#[tokio::test(start_paused = true)]
async fn what_nobody_has_published_is_an_experiment() {
    for (task, done) in [(Task::SetPower(false), 0), (Task::ResetNetwork, 1)] {
        let (outcome, _, printer) = run(Model::Cdm, Options::default(), task.clone(), None, false).await;
        assert_eq!(outcome.unwrap_err().kind, ErrorKind::NotSupported);
        assert_eq!(printer.network_resets(), 0);
        let (outcome, _, printer) = run(Model::Cdm, Options::default(), task, None, true).await;
        assert!(matches!(outcome, Ok(JobResult::Done)), "{outcome:?}");
        assert_eq!(printer.network_resets(), done);
    }
    let (outcome, _, _) = run(Model::Cdm, fresh(), Task::SetPower(true), None, false).await;
    assert!(matches!(outcome, Ok(JobResult::Done)), "HPLIP switches it on: {outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn a_reset_that_leaves_something_open_is_not_offered() {
    for settings in ["cdm-reset=choice", "cdm-reset=unexplained", "cdm-reset=missing"] {
        let options = with(Options::default(), &[settings]);
        let (outcome, _, printer) = run(Model::Cdm, options, Task::ResetNetwork, None, true).await;
        assert_eq!(outcome.unwrap_err().kind, ErrorKind::NotSupported, "{settings}");
        assert_eq!(printer.network_resets(), 0);
    }
    let options = with(Options::default(), &["cdm-reset=put"]);
    let (outcome, _, printer) = run(Model::Cdm, options, Task::ResetNetwork, None, true).await;
    assert!(matches!(outcome, Ok(JobResult::Done)), "{outcome:?}");
    assert_eq!(printer.network_resets(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_pin_on_the_label_lets_in() {
    let options = || with(fresh(), &["cdm-ways=label"]);
    let person = shows("enter-label-pin", LABEL);
    let (outcome, asked, _) = run(Model::CdmToken, options(), home(), Some(person), false).await;
    assert!(joined(&outcome), "{outcome:?}");
    assert_eq!(asked.iter().filter(|asked| *asked == "enter-label-pin").count(), 1, "{asked:?}");

    let person = shows("enter-label-pin", "11111111");
    let (outcome, asked, printer) = run(Model::CdmToken, options(), home(), Some(person), false).await;
    let failure = outcome.unwrap_err();
    assert_eq!(failure.kind, ErrorKind::PrinterAuthFailed);
    assert!(!format!("{failure:?}").contains("11111111"));
    assert_eq!(asked.iter().filter(|asked| *asked == "enter-label-pin").count(), 1, "never a second one: {asked:?}");
    assert!(printer.station().association().is_none());
}

#[tokio::test(start_paused = true)]
async fn the_button_lets_in_when_it_is_pressed() {
    for settings in
        [&["cdm-ways=button", "cdm-button=4"][..], &["cdm-ways=button", "cdm-button=4", "cdm-button=waited-for"]]
    {
        let person = knows().answers("press-printer-button", Answer::Waits);
        let (outcome, asked, _) = run(Model::CdmToken, with(fresh(), settings), home(), Some(person), false).await;
        assert!(joined(&outcome), "{settings:?}: {outcome:?} {asked:?}");
        assert!(asked.contains(&"taken back: press-printer-button".to_owned()), "the printer notices it: {asked:?}");
    }
    let person = knows().answers("press-printer-button", Answer::Does);
    let (outcome, _, _) = run(Model::CdmToken, with(fresh(), &["cdm-ways=button"]), home(), Some(person), false).await;
    assert_eq!(outcome.unwrap_err().kind, ErrorKind::PrinterAuthFailed, "who says so has not pressed it");
}

#[tokio::test(start_paused = true)]
async fn the_administrator_s_password_lets_in() {
    let mut options = with(fresh(), &["cdm-ways=none"]);
    options.radio.password = Some("Open-Sesame-4711".into());
    let person = shows("enter-admin-password", "Open-Sesame-4711");
    let (outcome, _, _) = run(Model::CdmToken, options.clone(), home(), Some(person), false).await;
    assert!(joined(&outcome), "{outcome:?}");
    let person = shows("enter-admin-password", "a-guess-4711");
    let (outcome, _, _) = run(Model::CdmToken, options, home(), Some(person), false).await;
    let failure = outcome.unwrap_err();
    assert_eq!(failure.kind, ErrorKind::PrinterAuthFailed);
    assert!(!format!("{failure:?}").contains("a-guess"));
}

#[tokio::test(start_paused = true)]
async fn one_step_and_a_report_let_in_too() {
    let label = || with(fresh(), &["cdm-ways=label"]);
    let pin = || Some(Person::new().types("enter-label-pin", LABEL));
    let (outcome, asked, _) = run(Model::CdmToken, label(), Task::Scan, pin(), false).await;
    assert!(matches!(outcome, Ok(JobResult::Networks(_))), "{outcome:?}");
    assert_eq!(asked, ["enter-label-pin", "release: done"]);

    let status = Task::PrintReport(ReportKind::Status);
    let (outcome, asked, printer) = run(Model::CdmToken, label(), status.clone(), pin(), false).await;
    assert!(matches!(outcome, Ok(JobResult::Printed { .. })), "{outcome:?}");
    assert_eq!(
        (asked.as_slice(), printed(&printer).len()),
        (&["enter-label-pin".to_owned(), "release: done".to_owned()][..], 1)
    );

    let (outcome, _, printer) = run(Model::CdmToken, label(), status, None, false).await;
    assert_eq!(outcome.unwrap_err().kind, ErrorKind::PrinterAuthRequired, "there is nobody to ask");
    assert!(printed(&printer).is_empty());

    let button = with(fresh(), &["cdm-ways=button", "cdm-button=3"]);
    let person = Person::new().answers("press-printer-button", Answer::Waits);
    let (outcome, _, _) = run(Model::CdmToken, button, Task::Scan, Some(person), false).await;
    assert!(matches!(outcome, Ok(JobResult::Networks(_))), "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn of_a_printer_that_speaks_both_the_better_evidence_counts() {
    for settings in [&[][..], &["cdm-extent=undiscovered"], &["cdm-extent=reports"], &["cdm-extent=network"]] {
        let scene = Scene::new();
        let (printer, id) = scene.ready(Model::Hybrid, with(fresh(), settings)).await;
        let result = scene.run(&id, Task::PrintReport(ReportKind::Network)).await;
        assert!(
            matches!(&result, Ok(JobResult::Printed { pages }) if pages == &["networkSummary"]),
            "{settings:?}: {result:?}"
        );
        assert_eq!(printed(&printer), ["networkSummary"]);
        let reset = scene.view().printers[&id].capabilities.get(&Capability::WifiReset).copied();
        assert_eq!(reset.is_some(), settings == ["cdm-extent=network"], "what only CDM has, is CDM's");
        let person = knows();
        let options = StartOptions { prompter: Some(person as _), ..StartOptions::default() };
        let outcome = scene.run_with(&id, home(), options).await;
        assert!(joined(&outcome), "{settings:?}: {outcome:?}");
    }
}
