//! The built `plugprint` against the whole service and the emulated printer: the way onto the network as its user
//! goes it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use plugprint::agent::view::State;
use plugprint::agent::{self, KernelClock};
use plugprint::dbus;
use plugprint::emulator::broker::Broker;
use plugprint::emulator::{Bus, Model, Options, Printer, radio};
use tokio::io::AsyncWriteExt as _;
use tokio_util::sync::CancellationToken;
use tokio_util::sync::DropGuard;

use crate::cli_commands::{DONE, Ended, FAILED, ended, plugprint};
use crate::dbus_polkit::{Answer, StandIn};
use crate::dbus_support::soon;

/// A printer on no network, plugged into a service on a bus of its own.
struct Desk {
    broker: Broker,
    _polkit: (zbus::Connection, StandIn),
    _printer: Printer,
    _stop: DropGuard,
}

impl Desk {
    async fn with(change: impl FnOnce(&mut Options)) -> Self {
        let broker = Broker::start().await.unwrap();
        let connection = broker.connect().await.unwrap();
        let polkit = StandIn::serve(&connection, Answer::Yes).await.unwrap();
        let mut options = Options { connected: false, ..Options::default() };
        let moment = Duration::from_millis(100);
        (options.radio.scan_time, options.radio.join_time, options.radio.address_time) = (moment, moment, moment);
        change(&mut options);
        let printer = Printer::new(Model::LaserJet, options);
        let (bus, stop) = (Bus::new(), CancellationToken::new());
        bus.plug(&printer);
        let (handle, _) = agent::start(
            Arc::new(bus),
            Arc::new(KernelClock),
            agent::Settings::on(Arc::new(agent::NoHost)),
            stop.clone(),
        );
        let mut view = handle.view();
        tokio::spawn(dbus::serve(broker.connect().await.unwrap(), handle, stop.clone()));
        let ready = view.wait_for(|view| view.printers.values().any(|printer| printer.state == State::Ready));
        soon(ready).await.unwrap();
        let bus = zbus::fdo::DBusProxy::new(&connection).await.unwrap();
        while !bus.name_has_owner(dbus::NAME.try_into().unwrap()).await.unwrap() {
            tokio::task::yield_now().await;
        }
        Self { broker, _polkit: (connection, polkit), _printer: printer, _stop: stop.drop_guard() }
    }

    /// Runs `plugprint` and types this.
    async fn run(&self, words: &[&str], typed: &str) -> Ended {
        let mut command = plugprint(self.broker.address(), "");
        let mut child = command.args(words).stdin(Stdio::piped()).spawn().unwrap();
        // Not everybody reads it.
        let _ = child.stdin.take().unwrap().write_all(typed.as_bytes()).await;
        ended(child).await
    }
}

const SETUP: [&str; 3] = ["setup", "--ssid", "Emulated Network"];
const JOINED: &str = "Joined Emulated Network. The printer's address is 192.0.2.57.\n";

fn passphrase() -> String {
    format!("{}\n", radio::PASSPHRASE)
}

#[tokio::test]
async fn a_printer_whose_radio_is_off_joins_and_says_so_itself() {
    let desk = Desk::with(|options| options.radio.powered = false).await;
    let end = desk.run(&[&SETUP[..], &["--stdin"]].concat(), &passphrase()).await;
    end.with(DONE, JOINED).saying("switching the printer's radio on").saying("http://192.0.2.57/");
    let status = desk.run(&["wifi", "status"], "").await;
    assert!(status.out.contains("network: Emulated Network\n") && status.out.contains("192.0.2.57"), "{status:?}");
    let again = desk.run(&[&SETUP[..], &["--stdin"]].concat(), &passphrase()).await;
    again.with(DONE, "It is on Emulated Network already. The printer's address is 192.0.2.57.\n");
}

#[tokio::test]
async fn a_network_that_is_not_there_is_named_and_the_next_attempt_works() {
    let desk = Desk::with(|_| ()).await;
    let end = desk.run(&["setup", "--ssid", "emulated network", "--stdin"], "CanaryPassphrase-4714\n").await;
    end.with(FAILED, "").saying("The printer does not find the network emulated network. Check the name, capitals too");
    assert!(!end.err.contains("Canary"), "{end:?}");
    desk.run(&[&SETUP[..], &["--stdin"]].concat(), &passphrase()).await.with(DONE, JOINED);
}

#[tokio::test]
async fn nobody_is_there_to_be_asked() {
    let desk = Desk::with(|_| ()).await;
    let end = desk.run(&[&SETUP[..], &["--route", "join"]].concat(), "").await;
    end.with(FAILED, "").saying("--stdin");
}

#[tokio::test]
async fn a_program_answers() {
    let desk = Desk::with(|_| ()).await;
    let end = desk.run(&[&["--json"], &SETUP[..]].concat(), &passphrase()).await;
    let events: Vec<serde_json::Value> = end.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let prompt = events.iter().find(|event| event["event"] == "prompt").unwrap_or_else(|| panic!("{end:?}"));
    assert_eq!((&prompt["what"], &prompt["ssid"]), (&"passphrase".into(), &"Emulated Network".into()));
    let last = events.last().unwrap();
    assert_eq!((end.code, &last["event"], &last["address"]), (DONE, &"joined".into(), &"192.0.2.57".into()));
    assert!(!end.out.contains(radio::PASSPHRASE), "{end:?}");
}

#[tokio::test]
async fn the_ways_and_what_each_needs() {
    let desk = Desk::with(|_| ()).await;
    let end = desk.run(&["setup", "--explain"], "").await;
    let rows: Vec<Vec<&str>> = end.out.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!(rows.iter().map(|row| row[0]).collect::<Vec<_>>(), ["join", "button", "pin", "typed", "guided"]);
    assert_eq!(rows[0][1], "left out");
    assert!(rows[0][3].contains("--ssid"), "{end:?}");
    let end = desk.run(&[&SETUP[..], &["--explain"]].concat(), "").await;
    assert!(end.code == DONE && end.out.starts_with("join\ttaken first\t"), "{end:?}");
}

#[tokio::test]
async fn what_it_hears_and_an_open_network() {
    let desk = Desk::with(|_| ()).await;
    let heard = desk.run(&["wifi", "scan"], "").await;
    assert!(heard.out.contains("Emulated Guests\topen\t1 (2.4 GHz)\t"), "{heard:?}");
    assert!(heard.out.contains("Caf\\xe9 \\x00\\xff\tWPA2\t"), "{heard:?}");
    let end = desk.run(&["wifi", "join", "--ssid", "Emulated Guests", "--security", "open"], "").await;
    end.with(DONE, "Joined Emulated Guests. The printer's address is 198.51.100.2.\n");
}
