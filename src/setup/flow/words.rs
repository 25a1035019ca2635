//! What the flow is told and what it asks for.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::printer::capability::ReportKind;
use crate::secret::Pin;
use crate::setup::diagnosis::{Failure, Step};
use crate::setup::route::Way;
use crate::setup::success::{Complaint, Snapshot};
use crate::wifi::{Credentials, Network, Ssid};
use crate::wps::pin::Kind;

/// Which question an answer belongs to. An answer to another one than the last is not heard: a snapshot that was
/// asked for before a write must not be judged after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket(pub(super) u64);

/// What happens. `now` comes beside it.
#[derive(Debug)]
pub enum Event {
    /// The printer answered, or did not.
    Printer(Ticket, Result<Answer, Trouble>),
    /// A person answered, or did not.
    Person(Ticket, Result<Reply, Unanswered>),
    /// What a registrar says. It is never proof that the printer joined.
    Registrar(Ticket, News),
    /// The printer left USB.
    Unplugged,
    /// It came back and can be asked again.
    Replugged,
    /// Time passes; see [`Flow::wake_at`](super::Flow::wake_at).
    Tick,
    /// Whoever asked wants it no more.
    Cancel,
}

/// What the printer answered.
#[derive(Debug)]
pub enum Answer {
    /// It took what it was given.
    Done,
    /// What it is connected to.
    Station(Box<Snapshot>),
    /// The networks that it hears.
    Networks(Vec<Network>),
    /// The numbers of its own diagnosis, of severity warning and critical.
    Rules(Vec<u32>),
    /// What it says of the network that it was told.
    Complaint(Complaint),
    /// Its PIN.
    Pin {
        /// The PIN.
        pin: Pin,
        /// How long it stays the same.
        kind: Kind,
        /// How long it is good, where the printer says so.
        lifetime: Option<Duration>,
    },
}

/// Why the printer did not do what it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It left USB, as the bus says too; [`Event::Replugged`] follows if it comes back.
    Gone,
    /// No answer, or none that ended.
    Silent,
    /// It said no, with this HTTP or IPP status; see [`Failure::PrinterRejected`].
    Refused(u16),
    /// It was not asked: it is not known how.
    NoWay,
    /// It has no such resource.
    NotExposed,
    /// Its answer can't be understood.
    Unreadable,
    /// Its answer was no PIN.
    InvalidPin(crate::wps::pin::Error),
    /// It wants its administrator's password, or another one than it was given.
    AuthRequired,
    /// It does this only for whom it has let in, and this lets in.
    NotLetIn(Key),
    /// It was not asked at all, because what it was to be given does not fit what it hears.
    Unfit(Failure),
}

impl Trouble {
    /// The failure that it is for what was being done.
    pub(super) fn at(self, step: Step) -> Failure {
        match self {
            Self::Gone => Failure::Unplugged,
            Self::Silent => Failure::Silent(step),
            Self::Refused(status) => Failure::PrinterRejected { step, status },
            Self::NotExposed | Self::NoWay => Failure::NotExposed(step),
            Self::Unreadable => Failure::Unreadable(step),
            Self::InvalidPin(why) => Failure::InvalidPin(why),
            Self::AuthRequired | Self::NotLetIn(_) => Failure::AuthRequired,
            Self::Unfit(failure) => failure,
        }
    }
}

/// What lets somebody in at a printer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// A button on it, which is lit for that.
    Button,
    /// The PIN on its label: no WPS PIN.
    LabelPin,
    /// Its administrator's password.
    Password,
}

/// What a person answered.
#[derive(Debug)]
pub enum Reply {
    /// What was asked for.
    Secret(Typed),
    /// It is done; yes.
    Yes,
    /// No.
    No,
}

/// Why nobody answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unanswered {
    /// There is nobody to ask.
    NoPrompter,
    /// The person does not want to.
    Declined,
}

/// What a person typed, as it came. Nothing shows it.
#[derive(Clone)]
pub struct Typed(Zeroizing<Vec<u8>>);

impl Typed {
    /// Wraps it.
    #[must_use]
    pub fn new(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes)
    }

    /// The bytes. Call it where they become what they are, and nowhere else.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Typed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Typed([redacted])")
    }
}

/// What a registrar says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// A device that wants in is there.
    Seen,
    /// It let one in.
    Succeeded,
    /// It failed, at this message type, with this Configuration Error.
    Failed {
        /// The message type, `msg=`.
        message: Option<u16>,
        /// `config_error=`.
        config_error: Option<u16>,
    },
    /// Nobody came, or somebody stopped halfway.
    TimedOut,
    /// Two devices used push button at once.
    Overlap,
    /// It takes nobody for now.
    Locked,
    /// It can't be reached.
    Unreachable,
}

/// What is to be done. Each question is answered once, with its ticket.
#[derive(Debug)]
pub enum Action {
    /// Ask the printer.
    Printer(Ticket, Request),
    /// Show this to the printer from now on. Never for [`Key::Button`].
    LogIn(Key, Typed),
    /// Ask a person, who may answer until this time.
    Person(Ticket, Question, Duration),
    /// This question needs no answer any more.
    Withdraw(Ticket),
    /// Show the PIN until this time.
    DisplayPin(Pin, Duration),
    /// Tell the registrar; its news come with the ticket.
    Registrar(Ticket, Order),
    /// This is being done now, until this time at the latest.
    Stage(Step, Duration),
    /// The next way is tried, because the one before failed so.
    NextWay(Way, Failure),
    /// It is over. Nothing follows.
    Finish(Outcome),
}

/// What the printer is asked.
#[derive(Clone, Debug)]
pub enum Request {
    /// What it is connected to.
    ReadStation,
    /// To light its button, and to let in whoever presses it.
    LightButton,
    /// To switch its radio on.
    PowerOn,
    /// To look for networks; for this one, where it is named.
    Scan(Option<Ssid>),
    /// To join this network. Sent once, and again only where the printer had asked for its password first.
    WriteProfile(Credentials),
    /// For its own diagnosis.
    ReadVsaCodes,
    /// What it says of the network that it was told, where it does not say it with its station.
    ReadComplaint,
    /// For its PIN, which may begin a WPS session \[I\].
    ReadPin,
    /// To take this PIN.
    WritePin(Pin),
    /// To print this report.
    PrintReport(ReportKind),
}

/// What a person is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// The network's passphrase.
    Passphrase(Ssid),
    /// The passphrase of this computer's own network, after [`Question::ShareNetwork`]: from where this computer keeps
    /// it, or from a person.
    OwnPassphrase {
        /// The network.
        ssid: Ssid,
        /// The name of the profile that has it.
        connection: String,
    },
    /// The PIN on the paper.
    PaperPin,
    /// The administrator's password of the printer.
    AdminPassword,
    /// The PIN on the printer's label, which lets in.
    LabelPin,
    /// Whether the printer may have this computer's own network.
    ShareNetwork {
        /// The network.
        ssid: Ssid,
        /// It is open: there is no passphrase.
        open: bool,
    },
    /// To do something; yes when it is done.
    Act(Act),
}

/// What a person is asked to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Start WPS by PIN on the printer's panel, where reading the PIN did not.
    StartWpsOnPanel,
    /// Type the PIN at the router.
    TypePinAtRouter,
    /// Hold the printer's Wireless button for 3 seconds or more.
    PressPrinterButton,
    /// Press the printer's button that is lit.
    PressLitButton,
    /// Press the router's WPS button.
    PressRouterButton,
    /// Go through this step on the printer's panel.
    Panel(&'static str),
}

/// What a registrar is told.
#[derive(Clone, Debug)]
pub enum Order {
    /// Let the printer with this PIN in, until this time.
    Enrol(Pin, Duration),
    /// The same once more, because it is told to others for 120 s only (the walk time).
    Again(Pin, Duration),
    /// Let in who presses a button, until this time.
    PushButton(Duration),
    /// No more.
    Cancel,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The printer joined this network and has this address.
    Joined(Ssid, IpAddr),
    /// It was there before; nothing was written.
    AlreadyOn(Ssid, IpAddr),
    /// It is not on the network.
    Failed(Failure),
}
