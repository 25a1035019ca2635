//! What can go wrong between a request and its whole response.

use std::time::Duration;

use crate::blame::Party;
use crate::usb;

/// Why an exchange gave no whole response.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The cable failed. [`usb::Error::Gone`]: the printer was unplugged; every pending exchange ends so at once.
    #[error(transparent)]
    Usb(#[from] usb::Error),
    /// Every interface of this printer is held by another program. It has to let go first.
    #[error("another program holds the printer's USB interfaces")]
    ClaimedElsewhere,
    /// All links were in use, or recovering, for as long as the caller would wait. Trying later helps.
    #[error("all connections to the printer were in use for {} s", .after.as_secs())]
    Occupied {
        /// How long we waited.
        after: Duration,
    },
    /// The printer did not take the request, or gave no response to it.
    #[error("the printer gave no answer within {} s", .after.as_secs())]
    NoAnswer {
        /// How long we waited.
        after: Duration,
    },
    /// The response stopped before the end that its head had announced.
    #[error("the printer's answer stopped in the middle")]
    Truncated,
    /// The response went on for longer than the whole exchange may take.
    #[error("the printer's answer did not end within {} s", .after.as_secs())]
    Endless {
        /// How long we read.
        after: Duration,
    },
    /// The response is not HTTP/1.1, or contradicts itself.
    #[error("the printer's answer is not valid HTTP: {0}")]
    Malformed(String),
    /// The body is larger than the caller takes.
    #[error("the printer's answer is larger than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes after unpacking.
        limit: usize,
    },
    /// 503 until the caller's patience ended [C hp.md 1]: the printer is busy.
    #[error("the printer was still busy after {} s", .after.as_secs())]
    StillBusy {
        /// How long we tried.
        after: Duration,
    },
    /// 202 until the caller's patience ended [C hp.md 1]: the printer is still working on it.
    #[error("the printer was still working on it after {} s", .after.as_secs())]
    StillWorking {
        /// How long we asked.
        after: Duration,
    },
    /// The request can't be sent: no origin-form path, or a header that can't be written.
    #[error("the request can't be sent: {0}")]
    Unsendable(String),
    /// The request body failed before its end. What was sent is left incomplete on purpose, so that the
    /// printer can't take it for a whole document.
    #[error("the upload was aborted: {0}")]
    Aborted(String),
    /// The pool was closed: the printer was let go, or is gone.
    #[error("the connection to the printer was closed")]
    Closed,
}

impl Error {
    /// Whose failure it is.
    #[must_use]
    pub fn whose(&self) -> Party {
        match self {
            Self::Usb(error) => error.whose(),
            Self::ClaimedElsewhere => Party::Host,
            Self::Occupied { .. } => Party::Agent,
            Self::NoAnswer { .. }
            | Self::Truncated
            | Self::Endless { .. }
            | Self::Malformed(_)
            | Self::TooLarge { .. }
            | Self::StillBusy { .. }
            | Self::StillWorking { .. } => Party::Printer,
            Self::Unsendable(_) | Self::Aborted(_) | Self::Closed => Party::Caller,
        }
    }

    /// The printer was unplugged.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        matches!(self, Self::Usb(usb::Error::Gone))
    }
}
