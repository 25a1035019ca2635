//! The built `plugprint` against the real D-Bus room on a bus of its own: what it prints, and how it ends.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::process::{Output, Stdio};
use std::sync::Arc;

use plugprint::agent::view::{JobResult, PrinterView, State, Task};
use plugprint::agent::{ErrorKind, Failure};
use plugprint::blame::Party;
use plugprint::emulator::broker::Broker;
use plugprint::ipp::identify::Action;
use plugprint::printer::capability::ReportKind;
use plugprint::printer::identity::PrinterId;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::dbus_polkit::Answer;
use crate::dbus_support::{Asked, House, PIN, laserjet, printer, signal, soon};

pub const DONE: i32 = 0;
pub const FAILED: i32 = 1;
pub const USAGE: i32 = 2;
pub const NO_SUCH_PRINTER: i32 = 3;
pub const NOT_SUPPORTED: i32 = 4;
pub const NOT_ALLOWED: i32 = 5;
pub const TIMED_OUT: i32 = 6;
pub const UNREACHABLE: i32 = 7;

/// `plugprint` with these words, on pipes.
pub fn plugprint(address: &str, words: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_plugprint"));
    command.arg("--bus-address").arg(address).args(words.split_whitespace());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

pub fn started(house: &House, words: &str) -> Child {
    plugprint(house.broker.address(), words).spawn().unwrap()
}

pub async fn ended(child: Child) -> Ended {
    let Output { status, stdout, stderr } = soon(child.wait_with_output()).await.unwrap();
    Ended {
        code: status.code().expect("it was not killed"),
        out: String::from_utf8(stdout).unwrap(),
        err: String::from_utf8(stderr).unwrap(),
    }
}

pub async fn run(house: &House, words: &str) -> Ended {
    ended(started(house, words)).await
}

#[derive(Debug)]
pub struct Ended {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ended {
    #[track_caller]
    pub fn with(&self, code: i32, out: &str) -> &Self {
        assert_eq!((self.code, self.out.as_str()), (code, out), "{self:?}");
        self
    }

    #[track_caller]
    pub fn saying(&self, words: &str) -> &Self {
        assert!(self.err.contains(words), "{self:?}");
        self
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("one object: {self:?}"))
    }
}

/// The token of the job that the command line has just asked for.
async fn job_of(house: &mut House, task: &Task) -> String {
    loop {
        match house.asked().await {
            Asked::Start { task: asked, options, .. } => {
                assert_eq!((format!("{asked:?}"), options.keep), (format!("{task:?}"), Some(false)));
                return options.handle_token.expect("the command line names its job");
            }
            // The last command's end.
            Asked::GetResult { .. } | Asked::CallerLeft { .. } => {}
            other => panic!("{other:?}"),
        }
    }
}

/// Waits until the bus shows what `paint` painted.
pub async fn shown(house: &House, how: &str, paint: impl FnOnce(&House)) {
    let client = house.client().await;
    let mut signals = client.listen().await;
    paint(house);
    signal(&mut signals, how).await;
}

pub fn interrupt(child: &Child) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
}

fn envy() -> PrinterView {
    PrinterView {
        id: PrinterId::from_text("03f0_1234_th1").unwrap(),
        manufacturer: "HP".into(),
        model: "ENVY\u{1b}[2J 5000".into(),
        serial_number: "TH1".into(),
        wps: None,
        ..printer()
    }
}

#[tokio::test]
async fn list_and_show() {
    let house = House::open(Answer::Yes).await;
    let line = "03f0_002a_vnb3r12345\tHP LaserJet Professional P1102w\tready\t001/004\tVNB3R12345\n";
    run(&house, "list").await.with(DONE, line);
    run(&house, "show p1102").await.with(
        DONE,
        "printer: HP LaserJet Professional P1102w\n\
         id: 03f0_002a_vnb3r12345\n\
         serial number: VNB3R12345\n\
         uuid: 434e4633-3531-3130-3232-d48564b8a0c1\n\
         usb: 001/004 (03f0:002a)\n\
         transport: usb\n\
         mode: driverless\n\
         prints at: ipp://localhost:60000/ipp/print\n\
         pages: http://localhost:60000/\n\
         state: ready\n\
         reports: network\n\
         wps: read-pin\n\
         wps pin: dynamic\n\
         capability read-pin: confirmed\n\
         capability report-network: listed\n\
         quirk init-delay: 1 (/etc/plugprint/quirks/own.conf:2)\n",
    );
    let shown = run(&house, "--json show").await.json();
    assert_eq!(shown["id"], laserjet().as_str());
    assert_eq!(shown["capabilities"]["read-pin"], "confirmed");
    assert_eq!(shown["quirks"]["init-delay"], "1 (/etc/plugprint/quirks/own.conf:2)");
    assert_eq!(shown["usb_address"], 4);
}

/// No capability without the word for how it is known, in each form in which it is shown.
#[tokio::test]
async fn every_capability_has_its_evidence() {
    use plugprint::printer::capability::{Capability, Evidence};
    let house = House::open(Answer::Yes).await;
    let each = [
        (Capability::ReportNetwork, Evidence::Listed, "listed"),
        (Capability::WifiJoin, Evidence::Confirmed, "confirmed"),
        (Capability::PushButton, Evidence::Assumed, "assumed"),
    ];
    shown(&house, "PropertiesChanged", |house| {
        house.paint_printer(|printer| {
            printer.capabilities = each.iter().map(|(capability, evidence, _)| (*capability, *evidence)).collect();
        });
    })
    .await;
    let text = run(&house, "show").await.out;
    let json = run(&house, "--json show").await.json();
    assert_eq!(json["capabilities"].as_object().unwrap().len(), each.len());
    for (capability, _, word) in each {
        assert!(text.contains(&format!("capability {}: {word}\n", capability.name())), "{text}");
        assert_eq!(json["capabilities"][capability.name()], word);
    }
}

#[tokio::test]
async fn which_printer_is_meant() {
    let mut house = House::open(Answer::Yes).await;
    shown(&house, "InterfacesAdded", |house| {
        house.paint(|view| drop(view.printers.insert(envy().id, Arc::new(envy()))));
    })
    .await;
    run(&house, "show").await.with(NO_SUCH_PRINTER, "").saying("03f0_1234_th1");
    run(&house, "show hp").await.with(NO_SUCH_PRINTER, "").saying("fits more than one");
    run(&house, "report officejet").await.with(NO_SUCH_PRINTER, "").saying("officejet");
    let error = run(&house, "--json report officejet").await;
    assert_eq!((error.code, error.json()["error"].as_str()), (NO_SUCH_PRINTER, Some("NotFound")));

    let shown = run(&house, "show TH1").await;
    assert!(shown.out.contains("ENVY") && !shown.out.contains('\u{1b}'), "{shown:?}");
    assert!(house.asked_nothing());

    let client = house.client().await;
    let mut signals = client.listen().await;
    house.paint(|view| view.printers.clear());
    // Each printer goes, and the first one's WPS with it.
    for _ in 0..2 {
        signal(&mut signals, "InterfacesRemoved").await;
    }
    run(&house, "list").await.with(DONE, "").saying("No printer is plugged in");
    run(&house, "report").await.with(NO_SUCH_PRINTER, "").saying("No printer is plugged in");
}

#[tokio::test]
async fn a_report_is_followed_to_its_end() {
    let mut house = House::open(Answer::Yes).await;
    let child = started(&house, "report --kind wireless");
    let job = job_of(&mut house, &Task::PrintReport(ReportKind::Wireless)).await;
    house.paint_job(&job, |job| (job.stage, job.progress) = ("printing", Some(0.5)));
    house.finish_job(&job, Ok(()));
    ended(child)
        .await
        .with(DONE, "Printed by HP LaserJet Professional P1102w.\n")
        .saying("wireless network test report");
}

#[tokio::test]
async fn buttons_by_the_panels_own_words() {
    let mut house = House::open(Answer::Yes).await;
    let child = started(&house, "--json buttons p1102 Wireless+Information --hold 2.5");
    let buttons = vec!["wireless".to_owned(), "information".to_owned()];
    let job = job_of(&mut house, &Task::PressButtons { buttons, hold_ms: 2500 }).await;
    house.finish_job(&job, Ok(()));
    let end = ended(child).await;
    assert_eq!((end.code, end.json()["printer"].as_str()), (DONE, Some(laserjet().as_str())));
}

#[tokio::test]
async fn a_printer_shows_which_one_it_is() {
    let mut house = House::open(Answer::Yes).await;
    house.will_give(JobResult::Identified { action: Action::Sound });
    for (words, action, out) in [
        ("identify p1102", None, "HP LaserJet Professional P1102w beeps.\n"),
        ("identify --action sound", Some(Action::Sound), "HP LaserJet Professional P1102w beeps.\n"),
    ] {
        let child = started(&house, words);
        let job = job_of(&mut house, &Task::Identify(action)).await;
        house.finish_job(&job, Ok(()));
        ended(child).await.with(DONE, out);
    }
    run(&house, "identify --action dance").await.saying("dance");
}

#[tokio::test]
async fn how_a_job_fails_is_how_the_command_ends() {
    let mut house = House::open(Answer::Yes).await;
    for (kind, code) in [
        (ErrorKind::PrinterNotReady, FAILED),
        (ErrorKind::Disconnected, FAILED),
        (ErrorKind::NotSupported, NOT_SUPPORTED),
        (ErrorKind::Timeout, TIMED_OUT),
    ] {
        let child = started(&house, "report");
        let job = job_of(&mut house, &Task::PrintReport(ReportKind::Network)).await;
        house.finish_job(&job, Err(Failure::new(kind, Party::Printer, "The cover is open.\u{1b}[2J Close it.")));
        let end = ended(child).await;
        end.with(code, "").saying("plugprint: The cover is open.\\u{1b}[2J Close it.");
    }
}

#[tokio::test]
async fn ctrl_c_cancels_the_job() {
    let mut house = House::open(Answer::Yes).await;
    let child = started(&house, "report");
    let job = job_of(&mut house, &Task::PrintReport(ReportKind::Network)).await;
    interrupt(&child);
    assert!(matches!(house.asked().await, Asked::Cancel { job: canceled, .. } if canceled.0 == job));
    house.finish_job(&job, Err(Failure::new(ErrorKind::Canceled, Party::Caller, "Cancelled.")));
    ended(child).await.with(FAILED, "").saying("Cancelling");
}

#[tokio::test]
async fn not_allowed() {
    let mut house = House::open(Answer::No).await;
    run(&house, "report").await.with(NOT_ALLOWED, "");
    run(&house, "pin read").await.with(NOT_ALLOWED, "");
    assert!(house.asked_nothing());
}

#[tokio::test]
async fn the_service_is_not_there_or_leaves() {
    let broker = Broker::start().await.unwrap();
    let alone = ended(plugprint(broker.address(), "list").spawn().unwrap()).await;
    alone.with(UNREACHABLE, "").saying("plugprintd");
    let nowhere = ended(plugprint("unix:path=/nonexistent/bus", "list").spawn().unwrap()).await;
    nowhere.with(UNREACHABLE, "").saying("message bus");
    let nonsense = ended(plugprint("nonsense", "list").spawn().unwrap()).await;
    assert_eq!(nonsense.code, UNREACHABLE, "{nonsense:?}");

    let mut house = House::open(Answer::Yes).await;
    let child = started(&house, "report");
    job_of(&mut house, &Task::PrintReport(ReportKind::Network)).await;
    house.close().await.unwrap();
    ended(child).await.with(UNREACHABLE, "");
}

#[tokio::test]
async fn a_pin_is_printed_once_and_nowhere_else() {
    let mut house = House::open(Answer::Yes).await;
    let child = started(&house, "pin read");
    let job = job_of(&mut house, &Task::ReadPin).await;
    house.finish_job(&job, Ok(()));
    let end = ended(child).await;
    end.with(DONE, &format!("{PIN}\n")).saying("the printer's PIN; type it at the router");
    assert!(!end.err.contains(PIN) && !end.err.contains("1234 5670"), "{end:?}");

    let child = started(&house, "--json pin read");
    let job = job_of(&mut house, &Task::ReadPin).await;
    house.finish_job(&job, Ok(()));
    let object = ended(child).await.json();
    assert_eq!((object["pin"].as_str(), object["deadline"].as_u64()), (Some(PIN), Some(120_000_000)));
}

#[tokio::test]
async fn a_printer_without_a_pin_to_read() {
    let mut house = House::open(Answer::Yes).await;
    shown(&house, "InterfacesRemoved", |house| house.paint_printer(|printer| printer.wps = None)).await;
    run(&house, "pin read").await.with(NOT_SUPPORTED, "").saying("does not give its WPS PIN");
    assert!(house.asked_nothing());
}

#[tokio::test]
async fn a_printer_that_was_just_plugged_in_is_waited_for() {
    let mut house = House::open(Answer::Yes).await;
    shown(&house, "PropertiesChanged", |house| house.paint_printer(|printer| printer.state = State::Probing)).await;
    let child = {
        let mut child = started(&house, "report");
        let mut err = BufReader::new(child.stderr.take().unwrap()).lines();
        let waiting = soon(err.next_line()).await.unwrap().unwrap();
        assert!(waiting.contains("plugged in just now"), "{waiting}");
        child
    };
    assert!(house.asked_nothing());
    house.paint_printer(|printer| printer.state = State::Ready);
    let job = job_of(&mut house, &Task::PrintReport(ReportKind::Network)).await;
    house.finish_job(&job, Ok(()));
    assert_eq!(ended(child).await.code, DONE);
}

#[tokio::test]
async fn wrong_usage() {
    for words in ["", "repport", "report --kind colour", "buttons", "pin check 12345670", "pin read a b"] {
        let end = ended(plugprint("unix:path=/nonexistent/bus", words).spawn().unwrap()).await;
        assert_eq!((end.code, end.out.as_str()), (USAGE, ""), "{words}: {end:?}");
    }
    let help = ended(plugprint("unix:path=/nonexistent/bus", "--help").spawn().unwrap()).await;
    assert!(help.code == DONE && help.out.contains("Exit status"), "{help:?}");
}

#[tokio::test]
async fn a_pin_is_checked_without_a_service() {
    for (typed, code, said) in [
        ("12345670\n", DONE, "valid: 8 digits, and the last one fits the others\n"),
        ("0000-0017", DONE, "valid: 8 digits, and the last one fits the others\n"),
        ("1234\n", DONE, "valid: 4 digits, which have no checksum\n"),
        ("12345678\n", FAILED, "invalid: the last digit does not fit the others; check each digit again\n"),
        ("1234567a\n", FAILED, "invalid: a WPS PIN has only digits, besides spaces and dashes between them\n"),
        ("", FAILED, "invalid: a WPS PIN has 8 digits, or 4\n"),
    ] {
        let mut command = plugprint("unix:path=/nonexistent/bus", "pin check");
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(typed.as_bytes()).await.unwrap();
        ended(child).await.with(code, said);
    }
}

#[tokio::test]
async fn a_support_bundle_names_nobody() {
    let mut house = House::open(Answer::Yes).await;
    let folder = tempfile::tempdir().unwrap();
    let mut command = plugprint(house.broker.address(), "support-bundle");
    let child = command.current_dir(folder.path()).spawn().unwrap();
    let job = job_of(&mut house, &Task::CollectDocuments).await;
    house.finish_job(&job, Err(Failure::new(ErrorKind::PrinterNotReady, Party::Printer, "VNB3R12345 is asleep.")));
    let end = ended(child).await;
    end.with(DONE, "plugprint-support-hp-laserjet-professional-p1102w.txt\n").saying("sent to nobody");
    let text = std::fs::read_to_string(folder.path().join(end.out.trim())).unwrap();
    assert!(text.contains("HP LaserJet Professional P1102w") && text.contains("can report-network"), "{text}");
    for private in ["VNB3R12345", "vnb3r12345", "434e4633-3531-3130-3232-d48564b8a0c1"] {
        assert!(!text.contains(private), "{private} is in\n{text}");
    }
    assert!(text.contains("left out: [serial number] is asleep."), "{text}");
}

#[tokio::test]
async fn a_support_bundle_holds_what_its_writer_may_know() {
    let mut house = House::open(Answer::No).await;
    let end = run(&house, "support-bundle --output -").await;
    assert!(end.code == DONE && end.out.contains("can report-network"), "{end:?}");
    assert!(end.out.contains("\nleft out: ") && end.out.contains("org.plugprint1.query"), "{end:?}");
    end.saying("Without the printer's own documents");
    assert!(house.asked_nothing());
}

#[tokio::test]
async fn monitor_tells_what_happens() {
    let house = House::open(Answer::Yes).await;
    let mut child = started(&house, "--json monitor");
    let mut events = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = async || -> serde_json::Value {
        serde_json::from_str(&soon(events.next_line()).await.unwrap().unwrap()).unwrap()
    };
    assert_eq!(next().await["event"], "printer-present");
    house.paint_printer(|printer| printer.state = State::Busy);
    let changed = next().await;
    assert_eq!((&changed["event"], &changed["changed"]["State"]), (&"printer-changed".into(), &"busy".into()));
    house.paint(|view| {
        view.printers.insert(envy().id, Arc::new(envy()));
    });
    let added = next().await;
    assert_eq!((&added["event"], &added["printer"]["serial_number"]), (&"printer-added".into(), &"TH1".into()));
    house.paint(|view| {
        view.printers.remove(&envy().id);
    });
    assert_eq!(next().await["event"], "printer-removed");
    interrupt(&child);
    ended(child).await.with(DONE, "");
}
