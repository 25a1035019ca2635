//! What the agent says when it can't: a name that clients can rely on, whose failure it is, and what to do.

use crate::blame::Party;

/// The names of DESIGN's D-Bus errors, `org.plugprint1.Error.*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is described in dbus/, where clients look")]
pub enum ErrorKind {
    Failed,
    NotAuthorized,
    NotFound,
    NotSupported,
    Busy,
    Disconnected,
    ClaimedElsewhere,
    ProtocolError,
    PrinterRejected,
    PrinterNotReady,
    PrinterAuthRequired,
    PrinterAuthFailed,
    InvalidPin,
    InvalidArguments,
    NoPrompter,
    Canceled,
    Timeout,
    PinExpired,
    WrongPin,
    WrongPassphrase,
    NetworkNotFound,
    UnsupportedSecurity,
    UnsupportedBand,
    RegistrarLocked,
    RegistrarUnreachable,
    SessionOverlap,
    NoAddress,
}

impl ErrorKind {
    /// All.
    pub const ALL: [Self; 27] = [
        Self::Failed,
        Self::NotAuthorized,
        Self::NotFound,
        Self::NotSupported,
        Self::Busy,
        Self::Disconnected,
        Self::ClaimedElsewhere,
        Self::ProtocolError,
        Self::PrinterRejected,
        Self::PrinterNotReady,
        Self::PrinterAuthRequired,
        Self::PrinterAuthFailed,
        Self::InvalidPin,
        Self::InvalidArguments,
        Self::NoPrompter,
        Self::Canceled,
        Self::Timeout,
        Self::PinExpired,
        Self::WrongPin,
        Self::WrongPassphrase,
        Self::NetworkNotFound,
        Self::UnsupportedSecurity,
        Self::UnsupportedBand,
        Self::RegistrarLocked,
        Self::RegistrarUnreachable,
        Self::SessionOverlap,
        Self::NoAddress,
    ];

    /// The kind of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The last part of the D-Bus error name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Failed => "Failed",
            Self::NotAuthorized => "NotAuthorized",
            Self::NotFound => "NotFound",
            Self::NotSupported => "NotSupported",
            Self::Busy => "Busy",
            Self::Disconnected => "Disconnected",
            Self::ClaimedElsewhere => "ClaimedElsewhere",
            Self::ProtocolError => "ProtocolError",
            Self::PrinterRejected => "PrinterRejected",
            Self::PrinterNotReady => "PrinterNotReady",
            Self::PrinterAuthRequired => "PrinterAuthRequired",
            Self::PrinterAuthFailed => "PrinterAuthFailed",
            Self::InvalidPin => "InvalidPin",
            Self::InvalidArguments => "InvalidArguments",
            Self::NoPrompter => "NoPrompter",
            Self::Canceled => "Canceled",
            Self::Timeout => "Timeout",
            Self::PinExpired => "PinExpired",
            Self::WrongPin => "WrongPin",
            Self::WrongPassphrase => "WrongPassphrase",
            Self::NetworkNotFound => "NetworkNotFound",
            Self::UnsupportedSecurity => "UnsupportedSecurity",
            Self::UnsupportedBand => "UnsupportedBand",
            Self::RegistrarLocked => "RegistrarLocked",
            Self::RegistrarUnreachable => "RegistrarUnreachable",
            Self::SessionOverlap => "SessionOverlap",
            Self::NoAddress => "NoAddress",
        }
    }
}

/// A failure as the faces tell it. `message` says what happened and what to do, in sentences for people; it
/// never holds a secret, and nothing of a printer's own text unescaped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// What clients decide by.
    pub kind: ErrorKind,
    /// Whose failure it is.
    pub whose: Party,
    /// What happened, and what to do next.
    pub message: String,
}

impl Failure {
    /// A failure of this kind.
    pub fn new(kind: ErrorKind, whose: Party, message: impl Into<String>) -> Self {
        Self { kind, whose, message: message.into() }
    }
}
