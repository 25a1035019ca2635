//! What a failure further down means to the one who asked: its name, whose it is, what to do.

use crate::agent::{ErrorKind, Failure};
use crate::blame::Party;
use crate::http;

pub(super) fn of_probe(error: &http::Error) -> Failure {
    Failure::new(ErrorKind::Failed, Party::Printer, error.to_string())
}

/// Whether a printer that has just been switched on fails so.
pub(super) fn may_be_starting(failure: &Failure) -> bool {
    matches!(failure.kind, ErrorKind::Timeout | ErrorKind::PrinterNotReady | ErrorKind::ProtocolError)
}
