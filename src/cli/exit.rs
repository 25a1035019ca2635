//! How a command ends: the exit status, in one place, and the error that leads there.

use std::process::ExitCode;

/// The exit statuses of `plugprint`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// The printer or the network refused or failed.
    Failed = 1,
    /// Wrong usage.
    Usage = 2,
    /// No such printer, or more than one.
    NoSuchPrinter = 3,
    /// This printer can't.
    NotSupported = 4,
    /// Not allowed.
    NotAllowed = 5,
    /// Timed out or expired.
    TimedOut = 6,
    /// The service can't be reached.
    Unreachable = 7,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// The prefix of the service's error names.
const PREFIX: &str = "org.plugprint1.Error.";

/// Why a command ended without doing what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What was typed makes no sense. Clap finds most of these; this is for the rest.
    #[error("{0}")]
    Usage(String),
    /// Nothing that fits is plugged in.
    #[error("{0}")]
    NoSuchPrinter(String),
    /// The service answered with an error, or a job ended with one.
    #[error("{message}")]
    Service {
        /// The D-Bus error name, whole.
        name: String,
        /// What the service says happened, and what to do.
        message: String,
    },
    /// The service, or the bus, isn't there, or has gone.
    #[error("{0}")]
    Unreachable(String),
    /// The user stopped it.
    #[error("{0}")]
    Interrupted(String),
    /// The command has already told what the matter is.
    #[error("failed")]
    Said(Exit),
    /// A program that was run for the user ended with this status.
    #[error("the program ended with status {0}")]
    Program(u8),
    /// A file or a terminal of this computer.
    #[error("{what}: {source}")]
    File {
        /// What was tried, on which path.
        what: String,
        /// The system's reason.
        source: std::io::Error,
    },
    /// Nobody reads our output any more.
    #[error("the output was closed")]
    OutputClosed,
}

impl Error {
    /// The exit status that this error leads to.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) => Exit::Usage,
            Self::NoSuchPrinter(_) => Exit::NoSuchPrinter,
            Self::Service { name, .. } => exit_for_name(name),
            Self::Unreachable(_) => Exit::Unreachable,
            Self::Said(exit) => *exit,
            Self::Interrupted(_) | Self::Program(_) | Self::File { .. } | Self::OutputClosed => Exit::Failed,
        }
    }

    /// A short name that scripts can compare: the service's own where it gave one.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Usage(_) => "Usage",
            Self::NoSuchPrinter(_) => "NotFound",
            Self::Service { name, .. } => name.strip_prefix(PREFIX).unwrap_or(name),
            Self::Unreachable(_) => "ServiceUnreachable",
            Self::Interrupted(_) => "Canceled",
            Self::Said(_) | Self::Program(_) | Self::File { .. } | Self::OutputClosed => "Failed",
        }
    }

    /// The error of a job that did not succeed. The name may come with or without its prefix.
    #[must_use]
    pub fn of_job(name: &str, message: &str) -> Self {
        let name = if name.contains('.') { name.to_owned() } else { format!("{PREFIX}{name}") };
        Self::Service { name, message: message.to_owned() }
    }

    /// A file error with what was tried.
    pub fn file(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |source| Self::File { what, source }
    }
}

/// Both name spaces in one table: ours, and the bus's own. Whatever is not listed is a plain failure.
fn exit_for_name(name: &str) -> Exit {
    if let Some(ours) = name.strip_prefix(PREFIX) {
        return match ours {
            "NotAuthorized" => Exit::NotAllowed,
            "NotFound" => Exit::NoSuchPrinter,
            "NotSupported" => Exit::NotSupported,
            "InvalidArguments" => Exit::Usage,
            "Timeout" | "PinExpired" => Exit::TimedOut,
            _ => Exit::Failed,
        };
    }
    match name.strip_prefix("org.freedesktop.DBus.Error.").unwrap_or_default() {
        "AccessDenied" | "InteractiveAuthorizationRequired" | "AuthFailed" => Exit::NotAllowed,
        "UnknownObject" => Exit::NoSuchPrinter,
        "UnknownInterface" | "UnknownMethod" | "UnknownProperty" => Exit::NotSupported,
        "InvalidArgs" => Exit::Usage,
        // The bus says these for a service that is absent, can't be started, or went away before it answered.
        "ServiceUnknown" | "NameHasNoOwner" | "NoReply" | "Disconnected" | "NoServer" | "NoNetwork" | "TimedOut"
        | "Timeout" => Exit::Unreachable,
        spawn if spawn.starts_with("Spawn.") => Exit::Unreachable,
        _ => Exit::Failed,
    }
}

impl From<zbus::Error> for Error {
    fn from(error: zbus::Error) -> Self {
        match error {
            zbus::Error::MethodError(name, message, _) => Self::of_bus(name.as_str(), message.unwrap_or_default()),
            zbus::Error::FDO(error) => (*error).into(),
            zbus::Error::InputOutput(_) | zbus::Error::Connection(..) | zbus::Error::Handshake(_) => {
                Self::Unreachable(format!("The message bus can't be reached: {error}."))
            }
            zbus::Error::Address(_) => Self::Unreachable(format!("The message bus's address makes no sense: {error}.")),
            other => Self::Service {
                name: "org.freedesktop.DBus.Error.InconsistentMessage".to_owned(),
                message: format!("The service answered with something unexpected: {other}."),
            },
        }
    }
}

impl From<zbus::fdo::Error> for Error {
    fn from(error: zbus::fdo::Error) -> Self {
        match error {
            zbus::fdo::Error::ZBus(error) => error.into(),
            error => {
                use zbus::DBusError as _;
                let message = error.description().unwrap_or_default().to_owned();
                Self::of_bus(error.name().as_str(), message)
            }
        }
    }
}

impl Error {
    /// The bus is there, and the service isn't.
    #[must_use]
    pub fn unreachable(why: &str) -> Self {
        Self::Unreachable(format!(
            "The service plugprintd can't be reached: {}. Is it installed? Try: systemctl status plugprintd",
            why.trim_end_matches('.')
        ))
    }

    /// An error reply: what people should read depends on who could not be asked.
    fn of_bus(name: &str, message: String) -> Self {
        let (name, message) = (super::output::plain(name), super::output::plain(&message));
        match exit_for_name(&name) {
            Exit::Unreachable => Self::unreachable(&message),
            Exit::NotAllowed if message.is_empty() => {
                Self::Service { name, message: "You are not allowed to do this.".to_owned() }
            }
            _ if message.is_empty() => {
                let message = format!("The service refused: {name}.");
                Self::Service { name, message }
            }
            _ => Self::Service { name, message },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_name_leads_to_the_status_that_the_table_promises() {
        for (name, exit) in [
            ("org.plugprint1.Error.PrinterNotReady", Exit::Failed),
            ("org.plugprint1.Error.Disconnected", Exit::Failed),
            ("org.plugprint1.Error.Canceled", Exit::Failed),
            ("org.plugprint1.Error.InvalidArguments", Exit::Usage),
            ("org.plugprint1.Error.NotFound", Exit::NoSuchPrinter),
            ("org.plugprint1.Error.NotSupported", Exit::NotSupported),
            ("org.plugprint1.Error.NotAuthorized", Exit::NotAllowed),
            ("org.plugprint1.Error.Timeout", Exit::TimedOut),
            ("org.plugprint1.Error.PinExpired", Exit::TimedOut),
            ("org.plugprint1.Error.ProtocolError", Exit::Failed),
            ("org.plugprint1.Error.PrinterRejected", Exit::Failed),
            ("org.plugprint1.Error.PrinterAuthRequired", Exit::Failed),
            ("org.plugprint1.Error.PrinterAuthFailed", Exit::Failed),
            ("org.plugprint1.Error.InvalidPin", Exit::Failed),
            ("org.plugprint1.Error.NoPrompter", Exit::Failed),
            ("org.plugprint1.Error.WrongPin", Exit::Failed),
            ("org.plugprint1.Error.WrongPassphrase", Exit::Failed),
            ("org.plugprint1.Error.NetworkNotFound", Exit::Failed),
            // The network's, and not the printer's: another network would do.
            ("org.plugprint1.Error.UnsupportedSecurity", Exit::Failed),
            ("org.plugprint1.Error.UnsupportedBand", Exit::Failed),
            ("org.plugprint1.Error.RegistrarLocked", Exit::Failed),
            ("org.plugprint1.Error.RegistrarUnreachable", Exit::Failed),
            ("org.plugprint1.Error.SessionOverlap", Exit::Failed),
            ("org.plugprint1.Error.NoAddress", Exit::Failed),
            ("org.plugprint1.Error.ClaimedElsewhere", Exit::Failed),
            ("org.plugprint1.Error.Busy", Exit::Failed),
            ("org.plugprint1.Error.FromTheFuture", Exit::Failed),
            ("org.freedesktop.DBus.Error.AccessDenied", Exit::NotAllowed),
            ("org.freedesktop.DBus.Error.UnknownObject", Exit::NoSuchPrinter),
            ("org.freedesktop.DBus.Error.NoReply", Exit::Unreachable),
            ("org.freedesktop.DBus.Error.Spawn.ChildExited", Exit::Unreachable),
            ("com.example.Else", Exit::Failed),
        ] {
            let error = Error::Service { name: name.to_owned(), message: String::new() };
            assert_eq!(error.exit(), exit, "{name}");
        }
    }

    #[test]
    fn a_jobs_error_may_come_without_its_prefix() {
        assert_eq!(Error::of_job("Timeout", "").exit(), Exit::TimedOut);
        assert_eq!(Error::of_job("org.plugprint1.Error.Timeout", "").name(), "Timeout");
    }
}
