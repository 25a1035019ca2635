//! A [`Failure`] as D-Bus tells it: `org.plugprint1.Error.*` and a sentence for people.

use zbus::message::Header;
use zbus::names::ErrorName;
use zbus::{DBusError, Message};

use crate::agent::{ErrorKind, Failure};
use crate::blame::Party;

/// What every error name begins with.
pub const PREFIX: &str = "org.plugprint1.Error";

/// What a method of ours answers when it can't.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{failure}")]
pub struct Error {
    name: String,
    failure: Failure,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, whose: Party, message: impl Into<String>) -> Self {
        Failure::new(kind, whose, message).into()
    }

    /// The caller's own mistake.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidArguments, Party::Caller, message)
    }

    /// The service's own failure.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Failed, Party::Agent, message)
    }

    /// What failed.
    #[must_use]
    pub fn failure(&self) -> &Failure {
        &self.failure
    }
}

/// The full D-Bus name of a kind of failure.
#[must_use]
pub fn full_name(kind: ErrorKind) -> String {
    format!("{PREFIX}.{}", kind.name())
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self { name: full_name(failure.kind), failure }
    }
}

impl DBusError for Error {
    fn create_reply(&self, call: &Header<'_>) -> zbus::Result<Message> {
        Message::error(call, self.name()).build(&(&self.failure.message,))
    }

    fn name(&self) -> ErrorName<'_> {
        ErrorName::from_str_unchecked(&self.name)
    }

    fn description(&self) -> Option<&str> {
        Some(&self.failure.message)
    }
}
