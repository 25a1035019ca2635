//! What a failure further down means to the one who asked: its name, whose it is, what to do.

use crate::agent::{ErrorKind, Failure};
use crate::http;
use crate::usb;

/// A failure on the cable.
pub(super) fn of_usb(error: &usb::Error) -> Failure {
    let (kind, message) = match error {
        usb::Error::Gone => (
            ErrorKind::Disconnected,
            "The printer was unplugged or switched off. Plug it in again, look whether a page came out, then try again.".to_owned(),
        ),
        usb::Error::AccessDenied => (
            ErrorKind::Failed,
            "The service may not open the printer's USB device. Install plugprint's udev rules, or put its user into the group lp; then plug the printer in again.".to_owned(),
        ),
        usb::Error::Busy => (ErrorKind::ClaimedElsewhere, CLAIMED.to_owned()),
        usb::Error::Timeout => (
            ErrorKind::Timeout,
            "The printer did not answer on USB in time. Switch it off and on again, then try again.".to_owned(),
        ),
        usb::Error::Stalled | usb::Error::Overflow | usb::Error::Malformed(_) => (
            ErrorKind::ProtocolError,
            format!("The printer broke the rules of USB ({error}). Plug it in again, then try again."),
        ),
        usb::Error::NoMemory => (
            ErrorKind::Failed,
            "The kernel has no memory left for USB transfers. Stop other programs that use USB, then try again.".to_owned(),
        ),
        usb::Error::Canceled => (ErrorKind::Canceled, "The request to the printer was canceled. Try again.".to_owned()),
        usb::Error::Other(_) => (
            ErrorKind::Failed,
            format!("USB failed ({error}). Plug the printer in again, if possible into another socket, then try again."),
        ),
    };
    Failure::new(kind, http::Error::Usb(error.clone()).whose(), message)
}

const CLAIMED: &str = "Another program holds the printer's USB interface. Stop it (ipp-usb, a virtual machine, a scanner program), then try again.";

/// A failure of one exchange.
pub(super) fn of_http(error: &http::Error) -> Failure {
    let (kind, message) = match error {
        http::Error::Usb(error) => return of_usb(error),
        http::Error::ClaimedElsewhere => (ErrorKind::ClaimedElsewhere, CLAIMED.to_owned()),
        http::Error::Occupied { after } => (
            ErrorKind::Busy,
            format!(
                "All connections to the printer were in use for {}. Try again when other work on it has ended.",
                seconds(*after)
            ),
        ),
        http::Error::NoAnswer { after } => (
            ErrorKind::Timeout,
            format!(
                "The printer gave no answer within {}. Look at its panel; if nothing is wrong there, switch it off and on again.",
                seconds(*after)
            ),
        ),
        http::Error::Endless { after } => (
            ErrorKind::Timeout,
            format!("The printer's answer did not end within {}. Switch it off and on again.", seconds(*after)),
        ),
        http::Error::StillWorking { after } => (
            ErrorKind::Timeout,
            format!("The printer was still working on it after {}. Try again in a minute.", seconds(*after)),
        ),
        http::Error::StillBusy { after } => (
            ErrorKind::PrinterNotReady,
            format!(
                "The printer said for {} that it is busy. It may still be starting; try again in a minute.",
                seconds(*after)
            ),
        ),
        http::Error::Truncated | http::Error::Malformed(_) | http::Error::TooLarge { .. } => (
            ErrorKind::ProtocolError,
            format!("The answer could not be used: {error}. Try again; if it stays so, send us a support bundle."),
        ),
        http::Error::Unsendable(_) | http::Error::Aborted(_) => (
            ErrorKind::Failed,
            format!("The request could not be sent: {error}. This is a fault in plugprint; report it."),
        ),
        http::Error::Closed => (
            ErrorKind::Disconnected,
            "The connection to the printer was closed. Plug it in again, then try again.".to_owned(),
        ),
    };
    Failure::new(kind, error.whose(), message)
}

fn seconds(duration: std::time::Duration) -> String {
    match duration.as_secs() {
        0 => "a moment".to_owned(),
        1 => "a second".to_owned(),
        seconds => format!("{seconds} seconds"),
    }
}

/// Whether a printer that has just been switched on fails so: busy for several seconds, silent, or answering
/// with what was left in its buffers (seen on a DeskJet 3750 [C]).
pub(super) fn may_be_starting(failure: &Failure) -> bool {
    matches!(failure.kind, ErrorKind::Timeout | ErrorKind::PrinterNotReady | ErrorKind::ProtocolError)
}
