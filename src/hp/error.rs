//! Why an HP printer did not do or tell what it was asked for: the same words for LEDM and CDM, which are both HTTP.

use bytes::Bytes;
use zeroize::Zeroize;

use super::cdm::json;
use super::ledm::xml;
use crate::blame::Party;
use crate::http::{self, StatusCode};
use crate::wifi::{Security, Unfit};
use crate::wps::pin;

/// Why a call to an HP printer gave nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The exchange failed.
    #[error(transparent)]
    Http(#[from] http::Error),
    /// The exchange failed after the printer may have taken the job. Look whether a page comes before you try again.
    #[error("the connection failed while the job was sent, and the page may come out all the same: {0}")]
    Uncertain(http::Error),
    /// The printer is busy and has done nothing. Try again later.
    #[error("the printer is busy and has done nothing")]
    Busy,
    /// The printer wants an administrator's password first.
    #[error("the printer asks for its administrator's password")]
    AuthRequired,
    /// The printer does not take the administrator's password that it was given.
    #[error("the printer does not take this administrator's password")]
    AuthFailed,
    /// The printer wants a login of a kind that is not done: the only one that HP's take is Digest \[C\], and a
    /// password is never sent as it is (Basic).
    #[error("the printer asks for its administrator's password in a way that is not safe or not known")]
    AuthUnsupported,
    /// The printer wants to know first that somebody may: by its button, the PIN on its label, or a password.
    #[error("the printer does this only for whom it has let in")]
    NotLetIn,
    /// This model does not have what was asked for, or its firmware hides it.
    #[error("this printer has no {resource} (HTTP status {status})")]
    NotExposed {
        /// What was asked for.
        resource: &'static str,
        /// 404, 405, 410 or 501.
        status: u16,
    },
    /// The printer refused, or failed at it.
    #[error("the printer refused the {resource} (HTTP status {status})")]
    Refused {
        /// What was asked for.
        resource: &'static str,
        /// Any other status.
        status: u16,
    },
    /// A document that can't be read.
    #[error("the printer's {resource} can't be used: {detail}")]
    Document {
        /// Which one.
        resource: &'static str,
        /// What is wrong with it.
        detail: Detail,
    },
    /// The printer gave a document without a PIN.
    #[error("the printer gave no PIN")]
    NoPin,
    /// The printer gave something that is no PIN.
    #[error("what the printer gave is no WPS PIN: {0}")]
    Pin(pin::Error),
}

impl Error {
    /// Whose failure it is.
    #[must_use]
    pub fn whose(&self) -> Party {
        match self {
            Self::Http(error) | Self::Uncertain(error) => error.whose(),
            Self::AuthRequired | Self::AuthFailed | Self::NotLetIn => Party::Caller,
            Self::AuthUnsupported
            | Self::Busy
            | Self::NotExposed { .. }
            | Self::Refused { .. }
            | Self::Document { .. }
            | Self::NoPin
            | Self::Pin(_) => Party::Printer,
        }
    }

    /// What a status says that is no success, and not 401 [C: hp.md 1, seen by several tools].
    pub(super) fn of(resource: &'static str, status: StatusCode) -> Self {
        let number = status.as_u16();
        match number {
            503 => Self::Busy,
            404 | 405 | 410 | 501 => Self::NotExposed { resource, status: number },
            _ => Self::Refused { resource, status: number },
        }
    }
}

/// What is wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Detail {
    /// LEDM's are XML.
    #[error(transparent)]
    Xml(#[from] xml::Error),
    /// CDM's are JSON.
    #[error(transparent)]
    Json(#[from] json::Error),
}

/// Why a setting was not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetError {
    /// The printer refused it, or could not be asked.
    #[error(transparent)]
    Hp(#[from] Error),
    /// The connection failed after the setting had begun to leave: the printer may have made it. One that switches
    /// its radio on may drop off USB for a while \[C: DeskJet 3750\].
    #[error("the connection failed while the setting was sent, and the printer may have made it: {0}")]
    Unconfirmed(http::Error),
    /// Nobody can join with these credentials. Nothing was sent.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// The printer can't be given a network that is secured so. Nothing was sent.
    #[error("a printer can't be set up for a network that is secured by {0}")]
    UnsupportedSecurity(Security),
    /// The network that the printer hears is open, but a passphrase was given: it may be another one of the same
    /// name. Nothing was sent.
    #[error("the network of this name that the printer hears is open, and not the one that the passphrase is for")]
    HeardOpen,
    /// The network that the printer hears wants a passphrase. Nothing was sent.
    #[error("the network that the printer hears is secured by {0}, and there is no passphrase for it")]
    HeardSecured(Security),
}

impl SetError {
    /// Whose failure it is.
    #[must_use]
    pub fn whose(&self) -> Party {
        match self {
            Self::Hp(error) => error.whose(),
            Self::Unconfirmed(error) => error.whose(),
            Self::Unfit(error) => error.whose(),
            Self::UnsupportedSecurity(_) => Party::Printer,
            Self::HeardOpen => Party::Network,
            Self::HeardSecured(_) => Party::Caller,
        }
    }
}

/// A document that can't be had is as good as one that is not there; a printer that can't be reached is not.
pub(super) fn reached<D>(found: Result<Option<D>, Error>) -> Result<Option<D>, Error> {
    match found {
        Err(Error::Http(error)) => Err(Error::Http(error)),
        found => Ok(found.ok().flatten()),
    }
}

/// Whether a call failed before a byte of it left.
pub(super) fn never_left(error: &http::Error) -> bool {
    matches!(
        error,
        http::Error::ClaimedElsewhere | http::Error::Occupied { .. } | http::Error::Unsendable(_) | http::Error::Closed
    )
}

/// Overwrites a body that held a secret, as far as we are the only ones who hold it.
pub(super) fn wipe(body: Bytes) {
    if let Ok(mut body) = body.try_into_mut() {
        body.as_mut().zeroize();
    }
}
