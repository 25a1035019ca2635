//! What a printer can be asked for, and how we know.

use std::collections::BTreeMap;
use std::fmt;

/// One thing a printer can be asked for. The names are those of the D-Bus property `Capabilities`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Capability {
    /// Prints its network configuration page.
    ReportNetwork,
    /// Prints its wireless test report.
    ReportWireless,
    /// Prints its status or configuration report.
    ReportStatus,
    /// Tells the state of its Wi-Fi station.
    WifiStatus,
    /// Tells which networks it hears.
    WifiScan,
    /// Takes a network's name and passphrase.
    WifiJoin,
    /// Lets its radio be switched.
    WifiPower,
    /// Forgets its network on request.
    WifiReset,
    /// Gives its WPS PIN on request.
    ReadPin,
    /// Takes a WPS PIN.
    WritePin,
    /// Prints its WPS PIN on a report.
    PaperPin,
    /// Can WPS by push button.
    PushButton,
    /// Shows which one it is: blinks, beeps, or says so on its panel.
    Identify,
    /// Prints by IPP. Asked of printers that speak nothing else that is known here.
    Print,
}

impl Capability {
    /// The name on D-Bus and the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ReportNetwork => "report-network",
            Self::ReportWireless => "report-wireless",
            Self::ReportStatus => "report-status",
            Self::WifiStatus => "wifi-status",
            Self::WifiScan => "wifi-scan",
            Self::WifiJoin => "wifi-join",
            Self::WifiPower => "wifi-power",
            Self::WifiReset => "wifi-reset",
            Self::ReadPin => "read-pin",
            Self::WritePin => "write-pin",
            Self::PaperPin => "paper-pin",
            Self::PushButton => "push-button",
            Self::Identify => "identify",
            Self::Print => "print",
        }
    }
}

/// How we know of a capability.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Evidence {
    /// Inferred; off unless the user asks for it.
    Assumed,
    /// A public capture, or a tool that works on hardware.
    Confirmed,
    /// The device's own capability document names it.
    Listed,
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Assumed => "assumed",
            Self::Confirmed => "confirmed",
            Self::Listed => "listed",
        })
    }
}

/// All that one printer can be asked for.
pub type Capabilities = BTreeMap<Capability, Evidence>;

/// A kind of report, as a person asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReportKind {
    /// The network configuration page.
    Network,
    /// The wireless test report.
    Wireless,
    /// The printer status report.
    Status,
}

impl ReportKind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Network, Self::Wireless, Self::Status];

    /// The name on D-Bus and the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Wireless => "wireless",
            Self::Status => "status",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The capability that stands for it.
    #[must_use]
    pub fn capability(self) -> Capability {
        match self {
            Self::Network => Capability::ReportNetwork,
            Self::Wireless => Capability::ReportWireless,
            Self::Status => Capability::ReportStatus,
        }
    }
}
