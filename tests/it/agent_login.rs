//! A printer whose administrator has set a password: what is asked for, and how often it is tried.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::sync::Arc;

use plugprint::agent::view::{JobResult, StartOptions, Task};
use plugprint::agent::{ErrorKind, Failure};
use plugprint::blame::Party;
use plugprint::emulator::radio::PASSPHRASE;
use plugprint::emulator::{Model, Options, Printer};

use crate::prompts::{Answer, Person, fresh, setup, target};
use crate::scene::{Scene, anna};

const PASSWORD: &str = "Open-Sesame-4711";

fn locked() -> Options {
    let mut options = fresh();
    options.radio.password = Some(PASSWORD.into());
    options
}

/// How it ended, what the person was asked, and how many passwords the printer has refused.
async fn run(task: Task, person: Option<Arc<Person>>) -> (Result<JobResult, Failure>, Vec<String>, Printer) {
    let scene = Scene::new();
    let (printer, id) = scene.ready(Model::Inkjet, locked()).await;
    let prompter = person.clone().map(|person| person as _);
    let options = StartOptions { prompter, ..StartOptions::default() };
    let job = scene.handle.start(id, task, anna(), options).await.unwrap();
    let outcome = scene.outcome(&job).await;
    (outcome, person.map(|person| person.heard()).unwrap_or_default(), printer)
}

fn home() -> Task {
    setup(target("Emulated Network"))
}

fn knows(password: &str) -> Option<Arc<Person>> {
    Some(Person::new().types("enter-passphrase", PASSPHRASE).types("enter-admin-password", password))
}

const ASKED: [&str; 3] = ["enter-passphrase for Emulated Network", "enter-admin-password", "release: done"];

#[tokio::test(start_paused = true)]
async fn with_the_password_it_joins() {
    let (outcome, asked, printer) = run(home(), knows(PASSWORD)).await;
    assert!(matches!(outcome, Ok(JobResult::Joined { already: false, .. })), "{outcome:?}");
    assert_eq!(asked, ASKED);
    assert_eq!(printer.refused_logins(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_is_tried_once() {
    for wrong in ["a guess", "Open-Sesame-4711 "] {
        let (outcome, asked, printer) = run(home(), knows(wrong)).await;
        let failure = outcome.unwrap_err();
        assert_eq!((failure.kind, failure.whose), (ErrorKind::PrinterAuthFailed, Party::Caller));
        assert!(!failure.message.contains(wrong) && !format!("{failure:?}").contains(wrong), "{failure:?}");
        assert_eq!(asked[..2], ASKED[..2]);
        assert_eq!(printer.refused_logins(), 1);
        assert!(printer.station().association().is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_password_it_says_what_is_missing() {
    let leaves = Person::new().types("enter-passphrase", PASSPHRASE).answers("enter-admin-password", Answer::Leaves);
    let (outcome, _, printer) = run(home(), Some(leaves)).await;
    assert_eq!(outcome.unwrap_err().kind, ErrorKind::PrinterAuthRequired);
    assert_eq!(printer.refused_logins(), 0);
}

#[tokio::test(start_paused = true)]
async fn one_step_logs_in_too() {
    let off = || Task::SetPower(false);
    let (outcome, asked, printer) = run(off(), Some(Person::new().types("enter-admin-password", PASSWORD))).await;
    assert!(matches!(outcome, Ok(JobResult::Done)), "{outcome:?}");
    assert_eq!(
        (asked.as_slice(), printer.refused_logins()),
        (["enter-admin-password", "release: done"].map(str::to_owned).as_slice(), 0)
    );

    let (outcome, _, printer) = run(off(), Some(Person::new().types("enter-admin-password", "a guess"))).await;
    assert_eq!(outcome.unwrap_err().kind, ErrorKind::PrinterAuthFailed);
    assert_eq!(printer.refused_logins(), 1);

    let (outcome, _, printer) = run(off(), None).await;
    assert_eq!(outcome.unwrap_err().kind, ErrorKind::PrinterAuthRequired);
    assert_eq!(printer.refused_logins(), 0);
}
