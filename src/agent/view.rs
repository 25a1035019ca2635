//! What the faces see: a picture of all printers and jobs, replaced whole whenever something changes.
//! It holds no secret.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use crate::agent::Failure;
use crate::agent::handle::Addresses;
use crate::agent::prompt::Prompter;
use crate::ipp::identify::Action;
use crate::printer::capability::{Capabilities, ReportKind};
use crate::printer::identity::PrinterId;
use crate::secret::Pin;
use crate::setup::flow::Target;
use crate::setup::route::{Offer, Wish};
use crate::usb;
use crate::wifi::station::StationState;
use crate::wifi::{Network, Ssid};
pub use crate::wps::pin::Kind as PinKind;

/// All printers and jobs at one moment.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// Printers that are plugged in.
    pub printers: BTreeMap<PrinterId, Arc<PrinterView>>,
    /// Jobs, running and finished within the last five minutes.
    pub jobs: BTreeMap<JobId, Arc<JobView>>,
}

/// What a printer is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "states are described in dbus/, where clients look")]
pub enum State {
    Probing,
    Ready,
    Busy,
    Recovering,
    Inhibited,
    Failed,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Probing => "probing",
            Self::Ready => "ready",
            Self::Busy => "busy",
            Self::Recovering => "recovering",
            Self::Inhibited => "inhibited",
            Self::Failed => "failed",
        })
    }
}

/// Who drives a printer: remembered for each, in the folder of state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// plugprint: IPP over USB, reports, Wi-Fi.
    #[default]
    Driverless,
    /// The drivers that there were before: the kernel's usblp, CUPS's usb backend, HPLIP.
    Legacy,
    /// Nobody that plugprint knows of.
    Ignore,
}

impl Mode {
    /// All.
    pub const ALL: [Self; 3] = [Self::Driverless, Self::Legacy, Self::Ignore];

    /// The name on D-Bus and the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Driverless => "driverless",
            Self::Legacy => "legacy",
            Self::Ignore => "ignore",
        }
    }

    /// The mode of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.name() == name)
    }
}

/// How a printer is spoken to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transport {
    /// Over its own interfaces.
    #[default]
    Usb,
    /// ipp-usb drives it.
    IppUsb,
    /// Over its old printer interface, which has no HTTP: its driver in CUPS prints on it.
    Legacy,
}

impl Transport {
    /// The name on D-Bus.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Usb => "usb",
            Self::IppUsb => "ipp-usb",
            Self::Legacy => "legacy",
        }
    }
}

/// What the `.Wps` interface shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WpsView {
    /// `read-pin`, `write-pin`, `paper-pin`, `push-button`.
    pub methods: Vec<&'static str>,
    /// How long a PIN lives.
    pub pin_kind: PinKind,
}

/// What the `.Wifi` interface shows: what the station said of itself the last time that it was asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WifiView {
    /// Whether its radio is on; `None` where it does not say.
    pub power: Option<bool>,
    /// Whether it is on a network.
    pub associated: Associated,
    /// The signal in dBm.
    pub signal_dbm: Option<i16>,
    /// Its addresses on that network.
    pub addresses: Vec<IpAddr>,
}

impl WifiView {
    /// What a station says. `whole`: its addresses were asked for too, so that none means none.
    #[must_use]
    pub fn of(state: &StationState, whole: bool) -> Self {
        let power = state.power.map(|power| power.value);
        Self {
            power,
            associated: match state.connected.map(|connected| connected.value) {
                _ if power == Some(false) => Associated::No,
                None => Associated::Unknown,
                Some(false) => Associated::No,
                Some(true) if whole && state.address().is_none() => Associated::Joining,
                Some(true) => Associated::Yes,
            },
            signal_dbm: state.signal_dbm.map(|signal| signal.value),
            addresses: state.addresses.iter().map(|address| address.value.ip).collect(),
        }
    }
}

/// Whether a station is on a network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Associated {
    /// It does not say.
    #[default]
    Unknown,
    /// It is on none.
    No,
    /// It is on its way: a set-up is under way, or it has no address yet.
    Joining,
    /// It is on one.
    Yes,
}

/// One printer. Texts that a printer chose are cleaned of control characters and bounded before they get here.
#[derive(Clone, Debug, PartialEq)]
pub struct PrinterView {
    /// Its id.
    pub id: PrinterId,
    /// Manufacturer, as the device says.
    pub manufacturer: String,
    /// Model.
    pub model: String,
    /// Serial number; empty where it has none.
    pub serial_number: String,
    /// UUID; empty where unknown.
    pub uuid: String,
    /// idVendor.
    pub vendor_id: u16,
    /// idProduct.
    pub product_id: u16,
    /// Where it is plugged in now.
    pub address: usb::Address,
    /// What it is doing.
    pub state: State,
    /// Why, in a sentence for people; empty when there is nothing to say.
    pub state_reason: String,
    /// Who drives it.
    pub mode: Mode,
    /// How it is spoken to.
    pub transport: Transport,
    /// What it can be asked for.
    pub capabilities: Capabilities,
    /// The reports it can print.
    pub reports: Vec<ReportKind>,
    /// Wi-Fi, where it can.
    pub wifi: Option<WifiView>,
    /// WPS, where it can.
    pub wps: Option<WpsView>,
    /// Where programs of this computer find it; `None` where nothing offers it to them.
    pub addresses: Option<Addresses>,
    /// What is known of this model that follows from no specification, in words, each with the place where it is
    /// written; by the parameter's name.
    pub quirks: BTreeMap<String, String>,
    /// The job that is using it.
    pub current_job: Option<JobId>,
}

/// A job's name: `[A-Za-z0-9_]+`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(pub String);

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a client can ask a printer for that takes a while.
#[derive(Clone, Debug)]
pub enum Task {
    /// Print one report.
    PrintReport(ReportKind),
    /// Do what this combination of buttons does on the panel.
    PressButtons {
        /// Names as on the panel, lower case: `wireless`, `information`.
        buttons: Vec<String>,
        /// How long they are held; zero for a press. Milliseconds.
        hold_ms: u32,
    },
    /// Let it show which one it is: in this way, else in the least disturbing.
    Identify(Option<Action>),
    /// Read the WPS PIN.
    ReadPin,
    /// Probe again.
    Refresh,
    /// Read the documents in which it says what it can, without what is private in them.
    CollectDocuments,
    /// The whole way onto a network.
    Setup(Box<Setup>),
    /// Give the printer this network: the route `join` and no other.
    Join(Box<Target>),
    /// Begin WPS on it, in this way and no other.
    StartWps(WpsMethod),
    /// Give it this WPS PIN.
    WritePin(Pin),
    /// Let it listen for networks.
    Scan,
    /// Ask it which network it is on.
    GetNetwork,
    /// Switch its radio on or off.
    SetPower(bool),
    /// Make it forget its network.
    ResetNetwork,
}

/// How a printer is to get onto a network.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Where to, as far as the caller says.
    pub target: Target,
    /// Which ways may be gone.
    pub wish: Wish,
    /// Only tell which ways there are, and go none.
    pub explain: bool,
}

/// The ways into a network that WPS has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WpsMethod {
    /// The PIN that is read over USB.
    ReadPin,
    /// A new PIN that is given to the printer.
    WritePin,
    /// The PIN that the printer prints.
    PaperPin,
    /// Two buttons.
    PushButton,
}

impl WpsMethod {
    /// All.
    pub const ALL: [Self; 4] = [Self::ReadPin, Self::WritePin, Self::PaperPin, Self::PushButton];

    /// The name on D-Bus.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ReadPin => "read-pin",
            Self::WritePin => "write-pin",
            Self::PaperPin => "paper-pin",
            Self::PushButton => "push-button",
        }
    }

    /// The method of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }
}

impl Task {
    /// The job's Kind on D-Bus.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::PrintReport(_) => "print-report",
            Self::PressButtons { .. } => "press-buttons",
            Self::Identify(_) => "identify",
            Self::ReadPin => "read-pin",
            Self::Refresh => "refresh",
            Self::CollectDocuments => "collect-documents",
            Self::Setup(_) => "setup",
            Self::Join(_) => "join",
            Self::StartWps(_) => "start-wps",
            Self::WritePin(_) => "write-pin",
            Self::Scan => "scan",
            Self::GetNetwork => "get-network",
            Self::SetPower(_) => "set-power",
            Self::ResetNetwork => "reset-network",
        }
    }
}

/// Who started a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Unique name on the bus.
    pub bus_name: String,
    /// User id.
    pub uid: u32,
}

/// How a job is to be started.
#[derive(Clone, Debug, Default)]
pub struct StartOptions {
    /// Whether the job outlives its starter's connection; reports do where this is not said.
    pub keep: Option<bool>,
    /// The last part of the job's path, so that a client can listen before it calls. `[A-Za-z0-9_]{1,64}`.
    pub handle_token: Option<String>,
    /// Whether capabilities that are only `assumed` may be used.
    pub experimental: bool,
    /// Who can be asked for what only a person knows or can do.
    pub prompter: Option<Arc<dyn Prompter>>,
}

/// A moment, in CLOCK_BOOTTIME microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BootTime(pub u64);

/// A job as everybody may see it.
#[derive(Clone, Debug, PartialEq)]
pub struct JobView {
    /// Its id.
    pub id: JobId,
    /// [`Task::kind`].
    pub kind: &'static str,
    /// The printer it is about.
    pub printer: PrinterId,
    /// What it is doing: `waiting`, `checking`, `printing`, `reading-pin`, `probing`, `collecting`, `looking`,
    /// `powering-on`, `scanning`, `asking`, `joining`, `verifying`, `writing-pin`, `enrolling`, `pushing-button`,
    /// `guiding`, `away`, `setting`, `identifying`, `done`.
    pub stage: &'static str,
    /// 0 to 1; `None` when unknown.
    pub progress: Option<f64>,
    /// What the user should do now; empty for nothing.
    pub user_action: &'static str,
    /// When the present stage ends.
    pub deadline: Option<BootTime>,
    /// Who started it.
    pub started_by: Caller,
    /// Whether Cancel can still help.
    pub cancelable: bool,
    /// How it ended.
    pub outcome: Option<Result<(), Failure>>,
}

/// What a finished job has for its starter, and for nobody else.
#[derive(Clone, Debug)]
pub enum JobResult {
    /// Nothing but that it is done.
    Done,
    /// The pages that came out, in order: the printer's own names for them.
    Printed {
        /// Job types, as the printer names them.
        pages: Vec<String>,
    },
    /// It shows which one it is.
    Identified {
        /// How.
        action: Action,
    },
    /// The pages that were sent to a printer that does not tell whether they come out.
    Sent {
        /// As above.
        pages: Vec<String>,
        /// What to do, in words.
        note: &'static str,
    },
    /// Its documents, without what is private in them.
    Documents {
        /// By path: the document, or in words what came instead of it.
        documents: BTreeMap<String, String>,
    },
    /// The printer is on this network.
    Joined {
        /// The network.
        ssid: Ssid,
        /// The printer's address there.
        address: IpAddr,
        /// It was there before; nothing was written.
        already: bool,
    },
    /// The ways onto a network, best first, and those that are left out, each with its reason.
    Routes(Vec<Offer>),
    /// The networks that the printer hears.
    Networks(Vec<Network>),
    /// What the station says of itself.
    Network(Box<StationState>),
    /// A WPS PIN.
    Pin {
        /// The PIN.
        pin: Pin,
        /// Until when it should be used.
        deadline: BootTime,
        /// Where that lifetime comes from: `printer` or `walk-time`.
        deadline_source: &'static str,
        /// How long it lives.
        kind: PinKind,
    },
}
