//! The states, each with what it needs and no more.

use std::time::Duration;

use super::words::{Act, Key, Question, Request, Ticket};
use crate::printer::capability::ReportKind;
use crate::secret::Pin;
use crate::setup::diagnosis::{Failure, Step};
use crate::wifi::{Credentials, Security, Ssid};
use crate::wps::pin::Kind;

/// See the drawing in [`flow`](super).
#[derive(Debug)]
pub(super) enum State {
    Looking(Asked),
    PoweringOn(Asked),
    /// The radio was told to come on, and comes.
    Warming {
        poll: Poll,
        until: Duration,
        /// The printer answered at least once.
        heard: bool,
    },
    Scanning {
        asked: Asked,
        /// For the network's name, because it was not among the others.
        directed: Option<Ssid>,
        /// Whether one of the networks heard was on another band than 2.4 GHz.
        other_band: bool,
    },
    Consenting {
        open: Open,
        credentials: Credentials,
    },
    AskingPassphrase {
        open: Open,
        ssid: Ssid,
        security: Security,
        hidden: bool,
        tries: u32,
    },
    /// One more look, just before the write.
    Checking {
        asked: Asked,
        credentials: Credentials,
    },
    Writing {
        asked: Asked,
        credentials: Credentials,
        /// Not wanted any more; but a write is not cut.
        canceled: bool,
    },
    ReadingPin(Asked),
    Printing {
        asked: Asked,
        report: ReportKind,
    },
    AskingPin {
        open: Open,
        tries: u32,
    },
    WritingPin {
        asked: Asked,
        pin: Pin,
    },
    Enrolling {
        by: Enrolment,
        poll: Poll,
        until: Duration,
        open: Option<Open>,
    },
    Verifying {
        poll: Poll,
        until: Duration,
        /// The printer answered at least once.
        heard: bool,
        /// A registrar says that it let the printer in.
        admitted: bool,
        /// What it is if the printer is not on the network by then.
        otherwise: Option<Failure>,
    },
    /// It did not join; it may know why.
    Inquiring {
        asked: Asked,
        admitted: bool,
        otherwise: Option<Failure>,
    },
    /// The printer wants its administrator's password before it does this.
    AskingPassword {
        open: Open,
        key: Key,
        then: Box<State>,
    },
    /// The printer has lit its button, and lets in whoever presses it.
    PressingButton {
        asked: Asked,
        /// Until the person says that it is done.
        open: Option<Open>,
        then: Box<State>,
    },
    Finished,
}

/// What the printer and its network meet by.
#[derive(Debug)]
pub(super) enum Enrolment {
    /// A registrar that was given the PIN.
    Pin { registrar: Ticket, held: Held, again_at: Duration, ask_at: Option<Duration>, seen: bool },
    /// The printer's button, which has not been pressed.
    FirstButton,
    /// The router's button, or a registrar's.
    SecondButton { registrar: Option<Ticket> },
    /// A person who types the PIN at the router.
    Typed { kind: Kind },
    /// A person at the printer's panel, who has these steps to go.
    Panel { steps: &'static [&'static str] },
}

/// A PIN that was not used yet.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) pin: Pin,
    pub(super) kind: Kind,
    pub(super) good_until: Duration,
}

/// A question that the printer has to answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    pub(super) ticket: Ticket,
    pub(super) until: Duration,
    /// It was away when the question came up.
    pub(super) sent: bool,
}

/// A question that a person has to answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Open {
    pub(super) ticket: Ticket,
    pub(super) until: Duration,
}

/// Looking at the printer again and again.
#[derive(Clone, Copy, Debug)]
pub(super) enum Poll {
    Due(Duration),
    Asked(Asked),
}

impl Poll {
    /// When something has to be done about it.
    fn wake_at(&self) -> Duration {
        match self {
            Self::Due(at) => *at,
            Self::Asked(asked) => asked.until,
        }
    }

    pub(super) fn ticket(&self) -> Option<Ticket> {
        match self {
            Self::Due(_) => None,
            Self::Asked(asked) => Some(asked.ticket),
        }
    }
}

/// The states that stand on a question to the printer, borrowed as `$state` is.
macro_rules! asked_of {
    ($state:expr) => {
        match $state {
            State::Looking(asked)
            | State::PoweringOn(asked)
            | State::Scanning { asked, .. }
            | State::Checking { asked, .. }
            | State::Writing { asked, .. }
            | State::ReadingPin(asked)
            | State::Printing { asked, .. }
            | State::WritingPin { asked, .. }
            | State::Inquiring { asked, .. }
            | State::PressingButton { asked, .. } => Some(asked),
            _ => None,
        }
    };
}

/// The states that look again and again, borrowed as `$state` is.
macro_rules! poll_of {
    ($state:expr) => {
        match $state {
            State::Warming { poll, .. } | State::Enrolling { poll, .. } | State::Verifying { poll, .. } => Some(poll),
            _ => None,
        }
    };
}

impl State {
    /// What is being done, for people.
    pub(super) fn step(&self) -> Step {
        match self {
            Self::Looking(_) | Self::Checking { .. } | Self::Finished => Step::Look,
            Self::PoweringOn(_) | Self::Warming { .. } => Step::PowerOn,
            Self::Scanning { .. } => Step::Scan,
            Self::Consenting { .. }
            | Self::AskingPassphrase { .. }
            | Self::AskingPin { .. }
            | Self::AskingPassword { .. }
            | Self::PressingButton { .. } => Step::Ask,
            Self::Writing { .. } => Step::WriteProfile,
            Self::ReadingPin(_) => Step::ReadPin,
            Self::Printing { .. } => Step::PrintReport,
            Self::WritingPin { .. } => Step::WritePin,
            Self::Enrolling { by, .. } => match by {
                Enrolment::Pin { .. } | Enrolment::Typed { .. } => Step::Enrol,
                Enrolment::FirstButton | Enrolment::SecondButton { .. } => Step::PushButton,
                Enrolment::Panel { .. } => Step::Guide,
            },
            Self::Verifying { .. } | Self::Inquiring { .. } => Step::Verify,
        }
    }

    /// The question to the printer that this state stands on.
    pub(super) fn asked(&self) -> Option<&Asked> {
        asked_of!(self)
    }

    /// The question to the printer that this state stands on, to be asked anew.
    pub(super) fn asked_mut(&mut self) -> Option<&mut Asked> {
        asked_of!(self)
    }

    /// The same question in words, to be sent once more.
    pub(super) fn request(&self) -> Option<Request> {
        Some(match self {
            Self::Looking(_) | Self::Checking { .. } => Request::ReadStation,
            Self::PressingButton { .. } => Request::LightButton,
            Self::PoweringOn(_) => Request::PowerOn,
            Self::Scanning { directed, .. } => Request::Scan(directed.clone()),
            Self::Writing { credentials, .. } => Request::WriteProfile(credentials.clone()),
            Self::ReadingPin(_) => Request::ReadPin,
            Self::Printing { report, .. } => Request::PrintReport(*report),
            Self::WritingPin { pin, .. } => Request::WritePin(pin.clone()),
            Self::Inquiring { .. } => Request::ReadVsaCodes,
            _ => return None,
        })
    }

    /// How long its question may take.
    pub(super) fn patience(&self) -> Duration {
        match self {
            Self::PressingButton { .. } => super::PRESS,
            Self::PoweringOn(_) => super::POWER,
            Self::Scanning { .. } => super::SCAN,
            Self::Writing { .. } => super::WRITE,
            Self::ReadingPin(_) | Self::WritingPin { .. } => super::PIN,
            Self::Printing { .. } => super::PRINT,
            _ => super::LOOK,
        }
    }

    /// Looking again and again, where this state does.
    pub(super) fn poll(&self) -> Option<&Poll> {
        poll_of!(self)
    }

    /// Looking again and again, where this state does, to go on with.
    pub(super) fn poll_mut(&mut self) -> Option<&mut Poll> {
        poll_of!(self)
    }

    /// The question to a person that is open.
    pub(super) fn open(&self) -> Option<Open> {
        match self {
            Self::Consenting { open, .. }
            | Self::AskingPassphrase { open, .. }
            | Self::AskingPin { open, .. }
            | Self::AskingPassword { open, .. } => Some(*open),
            Self::Enrolling { open, .. } | Self::PressingButton { open, .. } => *open,
            _ => None,
        }
    }

    /// The registrar that is at work.
    pub(super) fn registrar(&self) -> Option<Ticket> {
        match self {
            Self::Enrolling { by: Enrolment::Pin { registrar, .. }, .. } => Some(*registrar),
            Self::Enrolling { by: Enrolment::SecondButton { registrar }, .. } => *registrar,
            _ => None,
        }
    }

    /// When this state ends if nothing happens.
    pub(super) fn until(&self) -> Option<Duration> {
        match self {
            Self::Warming { until, .. } | Self::Enrolling { until, .. } | Self::Verifying { until, .. } => Some(*until),
            _ => self.asked().map(|asked| asked.until).or_else(|| Some(self.open()?.until)),
        }
    }

    /// When it has to be woken, at the latest. `away`: the printer can't be asked.
    pub(super) fn wake_at(&self, away: bool) -> Option<Duration> {
        let mut at = if away { None } else { self.until() };
        let mut also = |other: Duration| at = Some(at.map_or(other, |at| at.min(other)));
        if let Self::Enrolling { by: Enrolment::Pin { again_at, ask_at, .. }, .. } = self {
            also(*again_at);
            ask_at.iter().for_each(|ask_at| also(*ask_at));
        }
        if let Some(poll) = self.poll().filter(|_| !away) {
            also(poll.wake_at());
        }
        at
    }
}

impl Enrolment {
    /// What it is when nobody came in time.
    pub(super) fn too_late(&self) -> Failure {
        match self {
            Self::Pin { held: Held { kind: Kind::Static, .. }, .. } | Self::Typed { kind: Kind::Static } => {
                Failure::TimedOut { step: Step::Enrol }
            }
            Self::Pin { .. } | Self::Typed { .. } => Failure::PinExpired,
            Self::FirstButton | Self::SecondButton { .. } => Failure::TimedOut { step: Step::PushButton },
            Self::Panel { .. } => Failure::TimedOut { step: Step::Guide },
        }
    }
}

/// What a person at the panel is asked next.
pub(super) fn panel(step: &'static str) -> Question {
    Question::Act(Act::Panel(step))
}
