//! Waiting until the printer is on the network, and believing it when it says that it won't be.
//!
//! Printers keep what they say of a network, so it may be said of an attempt before this one; they say it while they
//! try again; and a handshake that came to nothing by chance looks like a wrong passphrase. So a complaint ends the
//! waiting before its time only where
//!
//! - it is of a kind that does not cure itself: a wrong passphrase, or that the network can't be joined. What is said of
//!   the signal, of addresses, or of a network that is not found may pass;
//! - since the network was written, the printer was heard not to complain of it;
//! - it has stood for a while, asked for several times, and nothing else was said or left unanswered between;
//! - at each look, also at the last one, the printer said that it is on no network.
//!
//! Everything else waits until time is up, and success counts at any moment.

use std::time::Duration;

use super::Flow;
use super::limits::{POLL, STANDS, STANDS_UNSAID, TIMES, WHY, WHY_PATIENCE};
use super::state::{Asked, Poll, State};
use super::words::{Action, Answer, Request, Ticket, Trouble};
use crate::setup::diagnosis::{Failure, Step};
use crate::setup::route::Way;
use crate::setup::success::Complaint;

/// What the printer says of the network that it was given.
#[derive(Debug, Default)]
pub(super) struct Why {
    /// The question for it, apart from the station.
    asked: Option<Ticket>,
    /// Not asked before then.
    ask_at: Duration,
    /// It says it with its station or not at all; or did not answer once, and is left alone.
    untold: bool,
    /// It was heard not to complain: what it says from then on is about this attempt.
    fresh: bool,
    /// Its last complaint. It may be at it again since.
    last: Option<Complaint>,
    standing: Option<Standing>,
}

/// What it says again and again.
#[derive(Debug)]
struct Standing {
    complaint: Complaint,
    since: Duration,
    last: Duration,
    times: u32,
}

impl Why {
    fn hear(&mut self, complaint: Complaint, now: Duration) {
        match complaint {
            Complaint::Nothing if !self.fresh => {
                self.fresh = true;
                self.last = None;
            }
            // It may be what it says of the attempt before.
            Complaint::WrongPassphrase if !self.fresh => {}
            Complaint::Nothing => {}
            _ => self.last = Some(complaint),
        }
        match (&mut self.standing, complaint) {
            (Some(standing), _) if standing.complaint == complaint => {
                standing.last = now;
                standing.times += 1;
            }
            (_, Complaint::WrongPassphrase | Complaint::CannotJoin) if self.fresh => {
                self.standing = Some(Standing { complaint, since: now, last: now, times: 1 });
            }
            (standing, _) => *standing = None,
        }
    }

    /// What it says for sure.
    fn sure(&self) -> Option<Complaint> {
        let Standing { complaint, since, last, times } = self.standing.as_ref()?;
        let stands = if *complaint == Complaint::WrongPassphrase { STANDS } else { STANDS_UNSAID };
        (*times >= TIMES && *last >= *since + stands).then_some(*complaint)
    }
}

impl Flow {
    pub(super) fn verify(&mut self, lasts: Duration, admitted: bool, otherwise: Option<Failure>, now: Duration) {
        self.hush();
        self.why = Why::default();
        let poll = Poll::Due(now);
        self.enter(State::Verifying { poll, until: now + lasts, heard: false, admitted, otherwise });
    }

    /// An answer while it is looked at again and again, or that there was none.
    pub(super) fn looked_again(&mut self, answer: Result<Answer, Trouble>, now: Duration) {
        let ticket = self.state.poll().and_then(Poll::ticket);
        if let Some(poll) = self.state.poll_mut() {
            *poll = Poll::Due(now + POLL);
        }
        if ticket.is_some() && self.why.asked == ticket {
            match answer {
                Ok(Answer::Complaint(complaint)) => self.why.hear(complaint, now),
                _ => (self.why.untold, self.why.standing) = (true, None),
            }
            return;
        }
        // A look that fails is no failure of the way; the next one may do.
        let Ok(Answer::Station(snapshot)) = answer else {
            self.why.standing = None;
            return;
        };
        if let State::Verifying { heard, .. } | State::Warming { heard, .. } = &mut self.state {
            *heard = true;
        }
        let off = snapshot.radio_off();
        if self.joined(*snapshot) {
            return;
        }
        match self.state {
            State::Warming { .. } if !off => self.go(now),
            State::Verifying { .. } if self.written => self.wonder(now),
            _ => {}
        }
    }

    /// It is not there yet: hears what it says of that, and asks.
    fn wonder(&mut self, now: Duration) {
        let told = self.last.complaint;
        if let Some(complaint) = told {
            self.why.hear(complaint, now);
        }
        if !self.last.on_none() {
            // Waiting for its address, say.
            self.why.standing = None;
            return;
        }
        if !matches!(self.way, Way::Join) {
            return;
        }
        if let Some(complaint) = self.why.sure() {
            let wanted = self.destination().cloned().unwrap_or_default();
            if let Some(failure) = Failure::of_complaint(complaint, &wanted) {
                return self.fail(failure, now);
            }
        }
        if told.is_some() || self.why.untold || now < self.why.ask_at {
            return;
        }
        self.why.ask_at = now + WHY;
        let asked = Asked { sent: true, ..self.asked(WHY_PATIENCE, now) };
        self.why.asked = Some(asked.ticket);
        self.actions.push(Action::Printer(asked.ticket, Request::ReadComplaint));
        if let Some(poll) = self.state.poll_mut() {
            *poll = Poll::Asked(asked);
        }
    }

    /// What can be said of a printer that did not join.
    pub(super) fn conclude(&mut self, rules: &[u32], admitted: bool, otherwise: Option<Failure>, now: Duration) {
        let wanted = self.destination().cloned().unwrap_or_default();
        let failure = if self.associated() && self.last.address_untold() {
            Failure::AddressUntold(wanted)
        } else if self.associated() {
            Failure::NoAddress(self.last.useless_address())
        } else if let Some(failure) = otherwise {
            failure
        } else if let Some(failure) = Failure::of_rules(rules, &wanted) {
            failure
        } else if self.last.cable {
            Failure::Cable
        } else if let Some(failure) = self.why.last.and_then(|last| Failure::of_complaint(last, &wanted)) {
            failure
        } else if admitted {
            Failure::AdmittedOnly
        } else if self.last.radio_off() {
            Failure::Radio
        } else if let Some(ssid) = self.last.associated() {
            Failure::StayedOn(ssid.clone())
        } else {
            Failure::TimedOut { step: Step::Verify }
        };
        self.fail(failure, now);
    }
}
