//! The agent's own requests, to the printer's `/ipp/print` over USB. Answers are read by [`guard`] only.

use std::time::Duration;

use bytes::Bytes;
use zeroize::Zeroize;

use super::guard::{self, Limits, Message, Reject};
use super::identify::Action;
use super::request;
use crate::blame::Party;
use crate::http::{self, Call, Patience, StatusCode};
use crate::wifi::Credentials;

/// Where printers answer (IPP Everywhere, PWG 5100.14, 4.2.4; IPP over USB 1.0, 6).
const PATH: &str = "/ipp/print";
/// printer-uri: the printer is this computer's, so to speak.
const URI: &str = "ipp://localhost/ipp/print";
/// For the whole of an answer; one that is starting says 503 meanwhile.
const PATIENCE: Patience = Patience { answer: Duration::from_secs(15), total: Duration::from_secs(30) };
/// A printer may answer only when it is on the network (PAPPL's waits for its own tool \[C\]).
const SETTING: Patience = Patience { answer: Duration::from_secs(45), total: Duration::from_secs(55) };
/// The largest answer with attributes that is read, in bytes; real ones have up to 100 KiB (a Xerox B235's).
const LIMIT: usize = 1 << 20;

/// Why a printer did not tell or do it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The cable, or HTTP.
    #[error(transparent)]
    Http(#[from] http::Error),
    /// It answered with an HTTP status, and no IPP.
    #[error("the printer answered the IPP request with HTTP status {status}")]
    Status {
        /// HTTP status.
        status: u16,
    },
    /// It said no.
    #[error("the printer refused the request with IPP status 0x{status:04x}{}", meaning(*.status))]
    Refused {
        /// status-code, from 0x0400 on (RFC 8011, appendix B.1; RFC 3380, 7).
        status: u16,
    },
    /// Its answer is no IPP.
    #[error("the printer's answer can't be understood: {0}")]
    Unreadable(#[from] Reject),
    /// The name of a network is text in IPP, and this one is none. Nothing was sent.
    #[error("the network's name is not text, and IPP has no other way to say it")]
    NameIsNoText,
    /// It left before it answered; it may have done it all the same.
    #[error("the printer may have taken the network; {0}")]
    Unconfirmed(http::Error),
}

impl Error {
    /// Whose failure it is.
    #[must_use]
    pub fn whose(&self) -> Party {
        match self {
            Self::Http(error) | Self::Unconfirmed(error) => error.whose(),
            Self::Status { .. } | Self::Refused { .. } | Self::Unreadable(_) => Party::Printer,
            Self::NameIsNoText => Party::Network,
        }
    }
}

/// What the commoner status-codes mean (RFC 8011, appendix B.1; RFC 3380, 7.1).
fn meaning(status: u16) -> &'static str {
    match status {
        0x0401..=0x0403 => ", which means that not everybody may do this",
        0x0404 => ", which means that it is not possible now",
        0x040b => ", which means that it does not take this value",
        0x0413 => ", which means that it can't be set",
        0x0501 => ", which means that it does not know the request",
        0x0507 => ", which means that it is busy",
        _ => "",
    }
}

/// A printer, spoken to by IPP. Clones speak to the same one.
#[derive(Clone)]
pub struct Ipp {
    pool: http::Pool,
}

impl Ipp {
    /// Speaks through these links.
    #[must_use]
    pub fn new(pool: http::Pool) -> Self {
        Self { pool }
    }

    /// Get-Printer-Attributes, for these.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn attributes(&self, requested: &[&str]) -> Result<Message, Error> {
        let request = request::get_printer_attributes(URI, requested);
        let call = Call::post(PATH, request::CONTENT_TYPE, request).limit(LIMIT).patience(PATIENCE).repeatable(true);
        let body = self.send(call).await?;
        let message = guard::parse(&body, Limits::default())?;
        good(message.code).map(|()| message)
    }

    /// Set-Printer-Attributes: gives it this network. It is sent once, and again only after 503, which says that nothing
    /// was done. Returns when the printer has taken it, which says nothing of whether it gets there.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn set_network(&self, credentials: &Credentials) -> Result<(), Error> {
        let name = std::str::from_utf8(credentials.ssid.as_bytes()).map_err(|_| Error::NameIsNoText)?;
        // Wiped when the last one who holds it lets go.
        let request = Bytes::from_owner(request::set_network(URI, name, credentials.passphrase.as_ref()));
        let call = Call::post(PATH, request::CONTENT_TYPE, request).limit(LIMIT).patience(SETTING);
        let body = match self.send(call).await {
            Err(Error::Http(error)) if may_have_left(&error) => return Err(Error::Unconfirmed(error)),
            answer => answer?,
        };
        // A refusal may come with what was refused, and is not taken apart: it would be copied.
        let code = guard::check(&body, Limits::default()).map(|()| status_code(&body));
        if let Ok(mut body) = body.try_into_mut() {
            body.as_mut().zeroize();
        }
        good(code?)
    }

    /// Identify-Printer, in this way.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn identify(&self, action: Action) -> Result<(), Error> {
        let request = request::identify_printer(URI, action);
        let call = Call::post(PATH, request::CONTENT_TYPE, request).limit(LIMIT).patience(PATIENCE);
        let body = self.send(call).await?;
        guard::check(&body, Limits::default())?;
        good(status_code(&body))
    }

    async fn send(&self, call: Call) -> Result<Bytes, Error> {
        let reply = self.pool.fetch(call).await?;
        if reply.status == StatusCode::OK {
            Ok(reply.body)
        } else {
            Err(Error::Status { status: reply.status.as_u16() })
        }
    }
}

/// Of a message that was checked.
fn status_code(message: &[u8]) -> u16 {
    match message {
        [_, _, high, low, ..] => u16::from_be_bytes([*high, *low]),
        _ => u16::MAX,
    }
}

fn good(status: u16) -> Result<(), Error> {
    if status < 0x0100 { Ok(()) } else { Err(Error::Refused { status }) }
}

/// Whether a request that failed so may have reached the printer.
fn may_have_left(error: &http::Error) -> bool {
    !matches!(
        error,
        http::Error::ClaimedElsewhere
            | http::Error::Occupied { .. }
            | http::Error::Unsendable(_)
            | http::Error::Closed
            | http::Error::StillBusy { .. }
    )
}
