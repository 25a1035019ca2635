//! Transcripts: each line is what happens and what is done then, in the words of [`Scene`].
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod always;
mod enrolling;
mod joining;
mod usb;
mod verifying;

use std::time::Duration;

use zeroize::Zeroizing;

use super::limits::seconds;
use super::*;
use crate::printer::capability::ReportKind;
use crate::setup::diagnosis::Step;
use crate::setup::success::Complaint;
use crate::wifi::station::{Address, Fact, Origin, StationState};
use crate::wifi::{Network, passphrase};
use crate::wps::pin;

pub(super) fn ssid(name: &str) -> Ssid {
    Ssid::new(name).unwrap()
}

fn told<T>(value: T) -> Option<Fact<T>> {
    Some(Fact { value, source: "test" })
}

/// A station that is switched on and connected to nothing.
pub(super) fn alone() -> Snapshot {
    let station = StationState { power: told(true), connected: told(false), ..StationState::default() };
    Snapshot { station, ..Snapshot::default() }
}

/// A station whose radio is off.
pub(super) fn off() -> Snapshot {
    let station = StationState { power: told(false), connected: told(false), ..StationState::default() };
    Snapshot { station, ..Snapshot::default() }
}

/// A station on a network, with this address.
pub(super) fn on(name: &str, address: &str) -> Snapshot {
    let mut snapshot = alone();
    snapshot.station.connected = told(true);
    snapshot.station.ssid = told(ssid(name));
    if !address.is_empty() {
        let ip = address.parse().unwrap();
        let origin = if address.starts_with("169.254") { Origin::SelfAssigned } else { Origin::Dhcp };
        snapshot.station.addresses = vec![Fact { value: Address { ip, gateway: None, origin }, source: "test" }];
    }
    snapshot
}

pub(super) fn network(name: &str, security: Security, channel: u16) -> Network {
    Network { ssid: ssid(name), bssid: None, security, channel: Some(channel), signal_dbm: Some(-50), wps: None }
}

pub(super) fn home() -> Target {
    Target {
        ssid: Some(ssid("Home")),
        security: Some(Security::Wpa2Personal),
        passphrase: Some(passphrase::parse(b"correct horse").unwrap()),
        ..Target::default()
    }
}

pub(super) fn typed(text: &str) -> Reply {
    Reply::Secret(Typed::new(Zeroizing::new(text.as_bytes().to_vec())))
}

pub(super) struct Scene {
    flow: Option<Flow>,
    pub(super) now: Duration,
    asked: Option<Ticket>,
    person: Option<Ticket>,
    registrar: Option<Ticket>,
    pub(super) outcome: Option<Outcome>,
    /// What the printer says at once when it is asked why it is not there; `None`: nobody knows how to ask.
    pub(super) complains: Option<Result<Complaint, Trouble>>,
    why: Option<Ticket>,
    /// When it was asked that.
    pub(super) asked_why: Vec<u64>,
}

impl Scene {
    pub(super) fn start(target: Target, ways: &[Way]) -> (Self, Vec<String>) {
        let (flow, actions) =
            Flow::start(Plan { target, ways: ways.to_vec(), new_pin: None, registrar: None }, Duration::ZERO);
        let mut scene = Self::of(flow);
        let shown = scene.note(actions);
        (scene, shown)
    }

    pub(super) fn of(flow: Flow) -> Self {
        Self {
            flow: Some(flow),
            now: Duration::ZERO,
            asked: None,
            person: None,
            registrar: None,
            outcome: None,
            complains: None,
            why: None,
            asked_why: Vec::new(),
        }
    }

    /// Begins, and answers the first look.
    pub(super) fn before(target: Target, ways: &[Way], snapshot: Snapshot) -> (Self, Vec<String>) {
        let (mut scene, first) = Self::start(target, ways);
        assert_eq!(first, ["printer: look"]);
        let shown = scene.station(snapshot);
        (scene, shown)
    }

    fn note(&mut self, actions: Vec<Action>) -> Vec<String> {
        assert!(self.outcome.is_none() || actions.is_empty(), "nothing follows the end: {actions:?}");
        actions.into_iter().filter_map(|action| self.show(action)).collect()
    }

    fn show(&mut self, action: Action) -> Option<String> {
        Some(match action {
            Action::Stage(..) => return None,
            Action::Printer(ticket, Request::ReadComplaint) => {
                self.why = Some(ticket);
                return None;
            }
            Action::Printer(ticket, request) => {
                self.asked = Some(ticket);
                match request {
                    Request::ReadStation => "printer: look".into(),
                    Request::LightButton => "printer: light button".into(),
                    Request::PowerOn => "printer: power on".into(),
                    Request::Scan(None) => "printer: scan".into(),
                    Request::Scan(Some(ssid)) => format!("printer: scan for {ssid}"),
                    Request::WriteProfile(c) => format!(
                        "printer: join {} {}{}{}",
                        c.ssid,
                        c.security.name(),
                        if c.passphrase.is_some() { " with passphrase" } else { "" },
                        if c.hidden { " hidden" } else { "" }
                    ),
                    Request::ReadVsaCodes => "printer: diagnose".into(),
                    Request::ReadComplaint => "printer: why".into(),
                    Request::ReadPin => "printer: read pin".into(),
                    Request::WritePin(_) => "printer: write pin".into(),
                    Request::PrintReport(report) => format!("printer: print {}", report.name()),
                }
            }
            Action::LogIn(Key::Password, _) => "log in".into(),
            Action::LogIn(key, _) => format!("log in by {key:?}"),
            Action::Person(ticket, question, until) => {
                self.person = Some(ticket);
                let question = match question {
                    Question::Passphrase(ssid) => format!("passphrase of {ssid}"),
                    Question::OwnPassphrase { ssid, connection } => format!("passphrase of {ssid}, from {connection}"),
                    Question::PaperPin => "paper pin".into(),
                    Question::AdminPassword => "admin password".into(),
                    Question::LabelPin => "label pin".into(),
                    Question::ShareNetwork { ssid, open } => format!("share {}{ssid}", if open { "open " } else { "" }),
                    Question::Act(act) => format!("{act:?}"),
                };
                format!("person: {question} until {}", until.as_secs())
            }
            Action::Withdraw(ticket) => {
                assert_eq!(self.person.take(), Some(ticket));
                "withdraw".into()
            }
            Action::DisplayPin(_, until) => format!("show pin until {}", until.as_secs()),
            Action::Registrar(ticket, order) => {
                self.registrar = Some(ticket);
                match order {
                    Order::Enrol(_, until) => format!("registrar: enrol until {}", until.as_secs()),
                    Order::Again(_, until) => format!("registrar: again until {}", until.as_secs()),
                    Order::PushButton(until) => format!("registrar: push button until {}", until.as_secs()),
                    Order::Cancel => "registrar: cancel".into(),
                }
            }
            Action::NextWay(way, failure) => format!("next: {} after {}", way.route(), failure.error()),
            Action::Finish(outcome) => {
                let shown = match &outcome {
                    Outcome::Joined(ssid, ip) => format!("joined {ssid} {ip}"),
                    Outcome::AlreadyOn(ssid, ip) => format!("already on {ssid} {ip}"),
                    Outcome::Failed(failure) => format!("failed {}", failure.error()),
                };
                self.outcome = Some(outcome);
                shown
            }
        })
    }

    pub(super) fn tell(&mut self, event: Event) -> Vec<String> {
        let (flow, actions) = self.flow.take().unwrap().on(event, self.now);
        self.flow = Some(flow);
        let mut shown = self.note(actions);
        if let Some(ticket) = self.why.take() {
            self.asked_why.push(self.now.as_secs());
            let answer = match self.complains.clone() {
                None => Err(Trouble::NoWay),
                Some(Err(Trouble::Silent)) => return shown,
                Some(complains) => complains.map(Answer::Complaint),
            };
            shown.extend(self.tell(Event::Printer(ticket, answer)));
        }
        shown
    }

    pub(super) fn printer(&mut self, answer: Result<Answer, Trouble>) -> Vec<String> {
        let ticket = self.asked.take().expect("the printer was asked");
        self.tell(Event::Printer(ticket, answer))
    }

    pub(super) fn station(&mut self, snapshot: Snapshot) -> Vec<String> {
        self.printer(Ok(Answer::Station(Box::new(snapshot))))
    }

    pub(super) fn person(&mut self, answer: Result<Reply, Unanswered>) -> Vec<String> {
        let ticket = self.person.take().expect("a person was asked");
        self.tell(Event::Person(ticket, answer))
    }

    pub(super) fn registrar(&mut self, news: News) -> Vec<String> {
        self.tell(Event::Registrar(self.registrar.expect("a registrar was told"), news))
    }

    pub(super) fn wake_at(&self) -> Option<Duration> {
        self.flow.as_ref().unwrap().wake_at()
    }

    /// At this second, and not woken before.
    pub(super) fn at(&mut self, second: u64) -> Vec<String> {
        self.now = Duration::from_secs(second);
        self.tell(Event::Tick)
    }

    /// The printer goes on saying the same until it is over, or something else happens than looking.
    pub(super) fn go_on(&mut self, snapshot: &Snapshot) -> Vec<String> {
        for _ in 0..10_000 {
            let shown = if self.asked.is_some() {
                self.station(snapshot.clone())
            } else {
                self.now = self.wake_at().expect("it is not over").max(self.now);
                self.tell(Event::Tick)
            };
            if !shown.is_empty() && shown != ["printer: look"] {
                return shown;
            }
        }
        panic!("it never ends");
    }

    pub(super) fn failure(&self) -> Failure {
        match &self.outcome {
            Some(Outcome::Failed(failure)) => failure.clone(),
            other => panic!("{other:?}"),
        }
    }
}
