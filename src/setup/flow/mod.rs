//! The way onto the network as a state machine. It is handed events and time, and says what is to be done; it
//! fetches nothing, and each of its waits has an end.
//!
//! ```text
//!   Looking ──▶ already on the wanted network ────────────────────────────────────────▶ Finished: already on
//!      │
//!      ├─ radio off ─▶ PoweringOn ─▶ Warming ─┐                  (Away: USB lost, for 60 s at most, over all states)
//!      ▼                                      ▼
//!   one way after the other ◀────────── a failure that leads on
//!      │
//!      ├─ join ───▶ Scanning ─▶ Consenting / AskingPassphrase ─▶ Checking ─▶ Writing ───────▶ Verifying
//!      ├─ pin ────▶ ReadingPin ────────────────┐                                                 ▲
//!      │            Printing ─▶ AskingPin ─────┼─▶ Enrolling (registrar, again every 100 s) ─────┤
//!      ├─ typed ──▶ WritingPin ────────────────┘   Enrolling (a person types it) ────────────────┤
//!      ├─ button ─────────────────────────────────▶ Enrolling (two buttons, 120 s) ──────────────┤
//!      └─ guided ─────────────────────────────────▶ Enrolling (steps on the panel) ──────────────┘
//!
//!   Verifying ─▶ Finished: joined                          AskingPassword ─▶ back to the state that needs it
//!       ├─ the printer says for sure that it can't ─▶ Finished: failed
//!       └─ too late ─▶ Inquiring ─▶ Finished: failed
//! ```
//!
//! ```
//! use std::time::Duration;
//! use plugprint::setup::flow::{Action, Event, Flow, Outcome, Plan, Request, Target};
//! use plugprint::setup::diagnosis::{Failure, Step};
//! use plugprint::setup::route::Way;
//!
//! let plan = Plan { target: Target::default(), ways: vec![Way::Guided(&["open the panel"])], new_pin: None, registrar: None };
//! let (flow, actions) = Flow::start(plan, Duration::ZERO);
//! assert!(matches!(actions[..], [Action::Stage(Step::Look, _), Action::Printer(_, Request::ReadStation)]));
//! let at = flow.wake_at().unwrap();
//! let (flow, actions) = flow.on(Event::Tick, at); // it said nothing
//! let [Action::Finish(Outcome::Failed(failure))] = &actions[..] else { panic!("{actions:?}") };
//! assert_eq!(*failure, Failure::Silent(Step::Look));
//! assert_eq!(flow.wake_at(), None);
//! ```

mod away;
mod enrol;
mod entry;
mod join;
mod limits;
mod state;
#[cfg(test)]
mod tests;
mod verify;
mod words;

use std::collections::VecDeque;
use std::time::Duration;

use self::limits::{
    ADDRESS, AGAIN, ASK, ERRAND, HOLD, LAST_LOOK, LOOK, PATIENCE, PIN, POWER, PRESS, PRINT, SCAN, TRIES, VERIFY, WRITE,
};
pub use self::limits::{AWAY, ONE_WAY, WALK};
use self::state::{Asked, Held, Open, Poll, State};
use self::verify::Why;
pub use self::words::{
    Act, Action, Answer, Event, Key, News, Order, Outcome, Question, Reply, Request, Ticket, Trouble, Typed, Unanswered,
};
use super::diagnosis::Failure;
use super::route::Way;
use super::success::{Baseline, Snapshot, Verdict, Wanted};
use crate::secret::{Passphrase, Pin};
use crate::wifi::{Band, Security, Ssid};
use crate::wps::pin::Kind;

/// What is wanted, and the ways to it.
#[derive(Debug)]
pub struct Plan {
    /// Where to.
    pub target: Target,
    /// How, best first; from [`route`](super::route).
    pub ways: Vec<Way>,
    /// A fresh PIN, where one of the ways needs it.
    pub new_pin: Option<Pin>,
    /// The network that the registrar admits to. Where no other is wanted, the ways that use the registrar are judged
    /// by it.
    pub registrar: Option<Ssid>,
}

/// The network that is wanted, as far as it is known.
#[derive(Clone, Debug, Default)]
pub struct Target {
    /// Its name; without it, any other network than the one before will do, which the way decides.
    pub ssid: Option<Ssid>,
    /// How it is secured, as this computer hears it.
    pub security: Option<Security>,
    /// Its band, as this computer hears it.
    pub band: Option<Band>,
    /// Whether it hides its name.
    pub hidden: bool,
    /// Its passphrase, where it was given.
    pub passphrase: Option<Passphrase>,
    /// It is this computer's own network, which nobody named: ask before it is given away. Ways that need no passphrase
    /// may lead to another one.
    pub ask_first: bool,
    /// The name of the profile in which this computer keeps the passphrase, for the prompter.
    pub connection: Option<String>,
}

/// One attempt.
#[derive(Debug)]
pub struct Flow {
    state: State,
    target: Target,
    ways: VecDeque<Way>,
    new_pin: Option<Pin>,
    /// See [`Plan::registrar`].
    admits_to: Option<Ssid>,
    /// The PIN that a registrar which could not be reached was never given.
    unused: Option<Held>,
    /// A static PIN failed, and is not tried in any other way.
    burnt: bool,
    /// The way that is gone now.
    way: Way,
    /// The printer is off USB, and may be back until then.
    away: Option<Duration>,
    /// Before anything was done.
    baseline: Option<Baseline>,
    last: Snapshot,
    /// What it says of the network that it was given.
    why: Why,
    /// What the printer was shown so that it lets somebody in.
    shown: Option<Key>,
    /// The network was written to the printer.
    written: bool,
    ends_by: Duration,
    ticket: u64,
    actions: Vec<Action>,
}

impl Flow {
    /// Begins at `now`, a time of a clock that goes on while the computer sleeps.
    #[must_use]
    pub fn start(plan: Plan, now: Duration) -> (Self, Vec<Action>) {
        let ways = u32::try_from(plan.ways.len()).unwrap_or(u32::MAX);
        let mut ways_left = VecDeque::from(plan.ways);
        let way = ways_left.pop_front();
        let mut flow = Self {
            state: State::Finished,
            target: plan.target,
            ways: ways_left,
            new_pin: plan.new_pin,
            admits_to: plan.registrar,
            unused: None,
            burnt: false,
            way: way.unwrap_or(Way::Join),
            away: None,
            baseline: None,
            last: Snapshot::default(),
            why: Why::default(),
            shown: None,
            written: false,
            ends_by: now + ONE_WAY.saturating_mul(ways),
            ticket: 0,
            actions: Vec::new(),
        };
        match way {
            None => flow.actions.push(Action::Finish(Outcome::Failed(Failure::NoRoute))),
            Some(_) => {
                let asked = flow.asked(LOOK, now);
                flow.enter(State::Looking(asked));
            }
        }
        let actions = std::mem::take(&mut flow.actions);
        (flow, actions)
    }

    /// What happens, and what is to be done then.
    #[must_use]
    pub fn on(mut self, event: Event, now: Duration) -> (Self, Vec<Action>) {
        if !matches!(self.state, State::Finished) {
            self.hear(event, now);
            self.pass(now);
        }
        let actions = std::mem::take(&mut self.actions);
        (self, actions)
    }

    /// When [`Event::Tick`] is due; `None` when it is over.
    #[must_use]
    pub fn wake_at(&self) -> Option<Duration> {
        if matches!(self.state, State::Finished) {
            return None;
        }
        let at = self.state.wake_at(self.away.is_some()).into_iter().chain(self.away).min();
        Some(at.map_or(self.ends_by, |at| at.min(self.ends_by)))
    }

    /// When it will be over, whatever happens.
    #[must_use]
    pub fn ends_by(&self) -> Duration {
        self.ends_by
    }

    fn hear(&mut self, event: Event, now: Duration) {
        match event {
            Event::Cancel => self.cancel(),
            Event::Unplugged => self.lose(now),
            Event::Replugged => self.resume(now),
            Event::Printer(ticket, Err(Trouble::Gone)) if self.waits_for(ticket) => self.lose(now),
            Event::Printer(ticket, answer) if self.waits_for(ticket) && self.away.is_none() => {
                self.hear_printer(answer, now);
            }
            Event::Person(ticket, answer) if self.state.open().is_some_and(|open| open.ticket == ticket) => {
                self.hear_person(answer, now);
            }
            Event::Registrar(ticket, news) if self.state.registrar() == Some(ticket) => {
                self.hear_registrar(&news, now);
            }
            // An answer to a question that is no longer open, or the time alone.
            Event::Printer(..) | Event::Person(..) | Event::Registrar(..) | Event::Tick => {}
        }
    }

    fn waits_for(&self, ticket: Ticket) -> bool {
        self.state.asked().map(|asked| asked.ticket).or_else(|| self.state.poll()?.ticket()) == Some(ticket)
    }

    fn hear_printer(&mut self, answer: Result<Answer, Trouble>, now: Duration) {
        if self.state.poll().is_some() {
            return self.looked_again(answer, now);
        }
        let step = self.state.step();
        match (self.take(), answer) {
            // Whatever it said: nobody wants to know any more, and it was not cut.
            (State::Writing { canceled: true, .. }, _) => self.fail_for_good(Failure::Canceled { written: true }),
            // What it does not tell is not asked for with a password: the failure is known without it.
            (State::Inquiring { admitted, otherwise, .. }, answer) => {
                let rules = if let Ok(Answer::Rules(rules)) = answer { rules } else { Vec::new() };
                self.conclude(&rules, admitted, otherwise, now);
            }
            (State::PressingButton { open, then, .. }, answer) => self.pressed(answer, open, *then, now),
            (state, Err(Trouble::AuthRequired)) => self.locked(state, Key::Password, now),
            (state, Err(Trouble::NotLetIn(key))) => self.locked(state, key, now),
            (State::Looking(_), Ok(Answer::Station(snapshot))) => self.looked(*snapshot, now),
            (State::PoweringOn(_), Ok(_)) => self.warm(now),
            // What can do without a write may do without the radio too: a person can switch it on.
            (State::PoweringOn(_), Err(Trouble::NotExposed | Trouble::Refused(_)))
                if !matches!(self.way, Way::Join) =>
            {
                self.go(now);
            }
            // Being given a network may switch it on, where nothing else does [I].
            (State::PoweringOn(_), Err(Trouble::NoWay)) => self.go(now),
            (State::Scanning { directed, other_band, .. }, Ok(Answer::Networks(networks))) => {
                self.scanned(&networks, directed, other_band, now);
            }
            (State::Scanning { .. }, Err(Trouble::NoWay)) => self.unheard(now),
            (State::Checking { credentials, .. }, Ok(Answer::Station(snapshot))) => {
                self.checked(*snapshot, credentials, now);
            }
            (State::Writing { .. }, Ok(_)) => self.verify(VERIFY, false, None, now),
            (State::ReadingPin(_), Ok(Answer::Pin { pin, kind, lifetime })) => {
                let good_until = now + lifetime.unwrap_or(if kind == Kind::Static { ERRAND } else { WALK }).min(ERRAND);
                self.enrol(Held { pin, kind, good_until }, now);
            }
            (State::ReadingPin(_), Err(Trouble::InvalidPin(why))) => self.fail(Failure::InvalidPin(why), now),
            (State::Printing { .. }, Ok(_)) => self.ask_paper(0, now),
            (State::WritingPin { pin, .. }, Ok(_)) => {
                self.enrol(Held { pin, kind: Kind::Dynamic, good_until: now + HOLD }, now);
            }
            (_, Err(trouble)) => self.fail(trouble.at(step), now),
            // It answered another question than the one that it was asked.
            (_, Ok(_)) => self.fail(Failure::Unreadable(step), now),
        }
    }

    /// The first look: what is there already is no success of this attempt.
    fn looked(&mut self, snapshot: Snapshot, now: Duration) {
        let mut baseline = Baseline::take(&snapshot);
        let verdict = baseline.judge(&snapshot, &self.wanted());
        let off = snapshot.radio_off();
        // It would be given what it has; and nobody would know more then.
        let untold = snapshot.address_untold() && snapshot.associated() == self.destination();
        self.baseline = Some(baseline);
        self.last = snapshot;
        match verdict {
            Verdict::NotYet if untold => {
                let on = self.last.associated().cloned().unwrap_or_default();
                self.fail_for_good(Failure::AddressUntold(on));
            }
            Verdict::Unchanged(ssid, address) if self.destination() == Some(&ssid) => {
                self.finish(Outcome::AlreadyOn(ssid, address));
            }
            Verdict::Unchanged(..) | Verdict::Joined(..) | Verdict::NotYet if off => {
                let asked = self.asked(POWER, now);
                self.enter(State::PoweringOn(asked));
            }
            Verdict::Unchanged(..) | Verdict::Joined(..) | Verdict::NotYet => self.go(now),
        }
    }

    fn warm(&mut self, now: Duration) {
        self.enter(State::Warming { poll: Poll::Due(now), until: now + POWER, heard: false });
    }

    /// Judges a snapshot, remembers it, and ends where the printer is on the network.
    fn joined(&mut self, snapshot: Snapshot) -> bool {
        let wanted = self.wanted();
        let verdict = self.baseline.as_mut().map(|baseline| baseline.judge(&snapshot, &wanted));
        self.last = snapshot;
        if let Some(Verdict::Joined(ssid, address)) = verdict {
            self.finish(Outcome::Joined(ssid, address));
            return true;
        }
        false
    }

    fn wanted(&self) -> Wanted {
        self.destination().cloned().map_or(Wanted::Another, Wanted::Network)
    }

    /// The network that the way leads to, where that is known.
    fn destination(&self) -> Option<&Ssid> {
        let by_registrar = matches!(self.way, Way::Pin(_) | Way::Button { registrar: true });
        let wanted = self.target.ssid.as_ref().filter(|_| matches!(self.way, Way::Join) || !self.target.ask_first);
        wanted.or(self.admits_to.as_ref().filter(|_| by_registrar))
    }

    /// Whether the station is connected to the wanted network, with an address or without.
    fn associated(&self) -> bool {
        match (self.destination(), self.last.associated()) {
            (Some(wanted), Some(ssid)) => wanted == ssid,
            _ => false,
        }
    }

    fn hear_person(&mut self, answer: Result<Reply, Unanswered>, now: Duration) {
        if let State::Enrolling { .. } = self.state {
            return self.hear_helper(&answer, now);
        }
        match (self.take(), answer) {
            // A way that needs nobody's secret may do without whoever would have it.
            (State::AskingPassword { .. } | State::PressingButton { .. }, Err(Unanswered::NoPrompter)) => {
                self.fail(Failure::AuthRequired, now);
            }
            (State::AskingPassword { .. } | State::PressingButton { .. }, Ok(Reply::No)) => {
                self.fail_for_good(Failure::AuthRequired);
            }
            (State::AskingPassphrase { .. }, Err(Unanswered::NoPrompter)) => self.fail(Failure::NoPrompter, now),
            (_, Err(Unanswered::NoPrompter)) => self.fail_for_good(Failure::NoPrompter),
            (_, Err(Unanswered::Declined)) => self.fail_for_good(Failure::Canceled { written: self.written }),
            (State::Consenting { credentials, .. }, Ok(Reply::Yes)) => self.consented(credentials, now),
            (State::AskingPassphrase { ssid, security, hidden, tries, .. }, Ok(Reply::Secret(typed))) => {
                self.passphrase(&typed, ssid, security, hidden, tries, now);
            }
            (State::AskingPin { tries, .. }, Ok(Reply::Secret(typed))) => self.paper_pin(&typed, tries, now),
            // The printer says so when it has seen it.
            (State::PressingButton { asked, then, .. }, Ok(Reply::Yes)) => {
                self.state = State::PressingButton { asked, open: None, then };
            }
            (State::AskingPassword { key, then, .. }, Ok(Reply::Secret(typed))) => self.show(key, typed, *then, now),
            // No, or no answer to the question.
            (_, Ok(_)) => self.fail_for_good(Failure::Canceled { written: self.written }),
        }
    }

    fn cancel(&mut self) {
        match &mut self.state {
            // A write that was sent is not cut; its answer, or its time, ends it.
            State::Writing { canceled, asked, .. } if asked.sent && self.away.is_none() => *canceled = true,
            _ => self.fail_for_good(Failure::Canceled { written: self.written }),
        }
    }

    /// Time passes.
    fn pass(&mut self, now: Duration) {
        if matches!(self.state, State::Finished) {
            return;
        }
        if now >= self.ends_by {
            let step = self.state.step();
            return self.fail_for_good(Failure::TimedOut { step });
        }
        self.accompany(now);
        if let Some(until) = self.away {
            if now >= until {
                self.fail_for_good(Failure::Unplugged);
            }
            return;
        }
        if self.state.until().is_some_and(|until| now >= until) {
            self.expire(now);
        }
        match self.state.poll() {
            Some(Poll::Due(at)) if now >= *at => {
                let asked = self.asked(LOOK, now);
                self.actions.push(Action::Printer(asked.ticket, Request::ReadStation));
                if let Some(poll) = self.state.poll_mut() {
                    *poll = Poll::Asked(Asked { sent: true, ..asked });
                }
            }
            Some(Poll::Asked(asked)) if now >= asked.until => self.looked_again(Err(Trouble::Silent), now),
            _ => {}
        }
    }

    /// The state's time is up.
    fn expire(&mut self, now: Duration) {
        let step = self.state.step();
        match self.take() {
            State::Writing { canceled: true, .. } => self.fail_for_good(Failure::Canceled { written: true }),
            // The printer may have taken it all the same.
            State::Writing { .. } => self.verify(VERIFY, false, None, now),
            State::Warming { heard: true, .. } => self.fail(Failure::Radio, now),
            State::Enrolling { by, poll, until, open } => {
                let otherwise = by.too_late();
                self.state = State::Enrolling { by, poll, until, open };
                let lasts = if self.associated() { ADDRESS } else { LAST_LOOK };
                self.verify(lasts, false, Some(otherwise), now);
            }
            State::Warming { heard: false, .. } | State::Verifying { heard: false, otherwise: None, .. } => {
                self.fail(Failure::Silent(step), now)
            }
            State::Verifying { admitted, otherwise, .. } => {
                let asked = self.asked(LOOK, now);
                self.enter(State::Inquiring { asked, admitted, otherwise });
            }
            State::Inquiring { admitted, otherwise, .. } => self.conclude(&[], admitted, otherwise, now),
            state => {
                let failure = if state.open().is_some() { Failure::TimedOut { step } } else { Failure::Silent(step) };
                self.state = state;
                self.fail_for_good(failure);
            }
        }
    }

    /// This way failed so; the next one may do, where that can help.
    fn fail(&mut self, failure: Failure, now: Duration) {
        let leads_on = failure.leads_on() || self.burnt && matches!(failure, Failure::WrongPin { .. });
        let next = if leads_on { self.next_way() } else { None };
        match next {
            Some(way) => {
                self.hush();
                self.way = way;
                self.actions.push(Action::NextWay(way, failure));
                self.go(now);
            }
            None => self.fail_for_good(failure),
        }
    }

    fn next_way(&mut self) -> Option<Way> {
        while let Some(way) = self.ways.pop_front() {
            if !(self.burnt && way.needs_pin()) {
                return Some(way);
            }
        }
        None
    }

    /// Begins the way that is on.
    fn go(&mut self, now: Duration) {
        match self.way {
            Way::Join => self.begin_join(now),
            Way::Pin(source) | Way::Typed(source) => self.begin_pin(source, now),
            Way::Button { .. } => self.begin_buttons(now),
            Way::Guided(steps) => self.begin_panel(steps, now),
        }
    }

    fn fail_for_good(&mut self, failure: Failure) {
        self.finish(Outcome::Failed(failure));
    }

    fn finish(&mut self, outcome: Outcome) {
        self.hush();
        self.state = State::Finished;
        self.away = None;
        self.unused = None;
        self.new_pin = None;
        self.target.passphrase = None;
        self.actions.push(Action::Finish(outcome));
    }

    /// Takes back what is still open towards people and registrars.
    fn hush(&mut self) {
        if let Some(open) = self.state.open() {
            self.actions.push(Action::Withdraw(open.ticket));
        }
        if let Some(registrar) = self.state.registrar() {
            self.actions.push(Action::Registrar(registrar, Order::Cancel));
        }
    }

    /// Takes the state to make the next one of it. What was open in it has been answered.
    fn take(&mut self) -> State {
        std::mem::replace(&mut self.state, State::Finished)
    }

    /// Goes into a state, and asks the printer what it stands on.
    fn enter(&mut self, state: State) {
        self.state = state;
        if let Some(until) = self.state.until() {
            self.actions.push(Action::Stage(self.state.step(), until));
        }
        self.send();
    }

    fn send_again(&mut self, now: Duration) {
        if self.state.asked().is_none() {
            return;
        }
        let asked = self.asked(self.state.patience(), now);
        if let Some(place) = self.state.asked_mut() {
            *place = asked;
        }
        self.send();
    }

    fn send(&mut self) {
        if self.away.is_some() {
            return;
        }
        let Some(request) = self.state.request() else { return };
        self.written |= matches!(request, Request::WriteProfile(_));
        if let Some(asked) = self.state.asked_mut() {
            asked.sent = true;
            self.actions.push(Action::Printer(asked.ticket, request));
        }
    }

    fn asked(&mut self, lasts: Duration, now: Duration) -> Asked {
        Asked { ticket: self.next_ticket(), until: now + lasts, sent: false }
    }

    fn ask(&mut self, question: Question, lasts: Duration, now: Duration) -> Open {
        let open = Open { ticket: self.next_ticket(), until: now + lasts };
        self.actions.push(Action::Person(open.ticket, question, open.until));
        open
    }

    fn next_ticket(&mut self) -> Ticket {
        self.ticket += 1;
        Ticket(self.ticket)
    }
}
