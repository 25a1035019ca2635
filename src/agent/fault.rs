//! What a failure further down means to the one who asked: its name, whose it is, what to do.

use std::time::Duration;

use crate::agent::{ErrorKind, Failure};
use crate::blame::Party;
use crate::control::{self, SetError};
use crate::hp;
use crate::http;
use crate::ipp;
use crate::setup::diagnosis;
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

const CLAIMED: &str = "Another program holds the printer's USB interface. Stop it, or wait for it (ipp-usb, a print job of CUPS, a virtual machine, a scanner program), then try again.";

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

/// A failure of one call that reads.
pub(super) fn of_asked(error: &control::Error) -> Failure {
    match error {
        control::Error::Hp(error) => of_hp(error),
        control::Error::Ipp(error) => of_ipp(error),
        control::Error::NoWay(_) => {
            let message = format!("This can't be had: {error}. Use the printer's panel.");
            Failure::new(ErrorKind::NotSupported, error.whose(), message)
        }
    }
}

/// A failure of one request by IPP.
fn of_ipp(error: &ipp::Error) -> Failure {
    let (kind, next) = match error {
        ipp::Error::Http(error) | ipp::Error::Unconfirmed(error) => return of_http(error),
        ipp::Error::Refused { status: 0x0507 } => (ErrorKind::PrinterNotReady, "Try again when it has finished."),
        ipp::Error::Refused { status: 0x0501 } | ipp::Error::Status { status: 404 } | ipp::Error::NameIsNoText => {
            (ErrorKind::NotSupported, "Use the printer's panel.")
        }
        ipp::Error::Refused { .. } | ipp::Error::Status { .. } => {
            (ErrorKind::PrinterRejected, "Look whether its panel shows why.")
        }
        ipp::Error::Unreadable(_) => (ErrorKind::ProtocolError, "Try again; if it stays so, send us a support bundle."),
    };
    Failure::new(kind, error.whose(), format!("It did not work: {error}. {next}"))
}

/// A failure of one call in HP's protocols that reads.
pub(super) fn of_hp(error: &hp::Error) -> Failure {
    let (kind, message) = match error {
        hp::Error::Http(error) => return of_http(error),
        hp::Error::Uncertain(cause) => {
            let cause = of_http(cause);
            let message = format!(
                "The connection failed while the page was sent, and the page may come out all the same: look before you try again. {}",
                cause.message
            );
            return Failure { message, ..cause };
        }
        hp::Error::Busy => (
            ErrorKind::PrinterNotReady,
            "The printer is busy and took nothing. Try again when it has finished.".to_owned(),
        ),
        hp::Error::AuthRequired => (
            ErrorKind::PrinterAuthRequired,
            "The printer asks for its administrator's password. Remove it on the printer's own page, or use the printer's panel.".to_owned(),
        ),
        hp::Error::NotLetIn => (
            ErrorKind::PrinterAuthRequired,
            "The printer does this only for whom it has let in: by its button, the PIN on its label, or its administrator's password. Try again where somebody can be asked.".to_owned(),
        ),
        hp::Error::AuthFailed => (
            ErrorKind::PrinterAuthFailed,
            "The printer let nobody in for what it was shown: its administrator's password, the PIN on its label, or a press of its lit button. It was shown that once, as a printer may lock. Look it up, then try again.".to_owned(),
        ),
        hp::Error::AuthUnsupported => (
            ErrorKind::NotSupported,
            "The printer asks for its administrator's password in a way that is not safe or not known. Remove it on the printer's own page, or use the printer's panel.".to_owned(),
        ),
        hp::Error::NotExposed { .. } => {
            (ErrorKind::NotSupported, format!("This can't be had from this model: {error}. Use the printer's panel."))
        }
        hp::Error::Refused { .. } => {
            (ErrorKind::PrinterRejected, format!("The printer refused: {error}. Look at its panel, then try again."))
        }
        hp::Error::Document { .. } => {
            (ErrorKind::ProtocolError, format!("The printer's answer makes no sense: {error}. Try again; if it stays so, send us a support bundle."))
        }
        hp::Error::NoPin => (
            ErrorKind::PrinterRejected,
            "The printer gave no PIN. Switch its Wi-Fi on, then try again; or print its network report and look for the PIN on the paper.".to_owned(),
        ),
        hp::Error::Pin(_) => (
            ErrorKind::InvalidPin,
            format!("What the printer gave can't be used: {error}. Read it again, or use the printer's panel."),
        ),
    };
    Failure::new(kind, error.whose(), message)
}

/// A failure to print. A page that was sent when the cable failed is not known to be lost.
pub(super) fn of_print(error: &control::Error) -> Failure {
    match error {
        error if error.lacks() => Failure::new(
            ErrorKind::NotSupported,
            error.whose(),
            format!(
                "The printer does not print this page: {error}. Nothing was printed; try another report, or the printer's panel."
            ),
        ),
        error => of_asked(error),
    }
}

/// A failure to read the PIN.
pub(super) fn of_pin(error: &control::Error) -> Failure {
    match error {
        error if error.lacks() => Failure::new(
            ErrorKind::NotSupported,
            error.whose(),
            format!(
                "The printer does not give its WPS PIN over USB: {error}. Print its network report: on some models the PIN is on the paper."
            ),
        ),
        error => of_asked(error),
    }
}

/// A setting that was not made.
pub(super) fn of_set(error: &SetError) -> Failure {
    let error = match error {
        SetError::Hp(error) => error,
        SetError::Asked(error) => return of_asked(error),
    };
    let (kind, next) = match error {
        hp::SetError::Hp(error) => return of_hp(error),
        hp::SetError::Unconfirmed(cause) => {
            let cause = of_http(cause);
            let message = format!(
                "The connection failed while the setting was sent, and the printer may have made it: look before you try again. {}",
                cause.message
            );
            return Failure { message, ..cause };
        }
        hp::SetError::Unfit(_) => (ErrorKind::InvalidArguments, "Look at the network's name and password."),
        hp::SetError::UnsupportedSecurity(_) | hp::SetError::HeardSecured(_) => {
            (ErrorKind::UnsupportedSecurity, "Look at the router's settings.")
        }
        hp::SetError::HeardOpen => (ErrorKind::Failed, "Look at the router's settings."),
    };
    Failure::new(kind, error.whose(), format!("Nothing was sent: {error}. {next}"))
}

/// Why a set-up did not get the printer onto the network.
pub(super) fn of_setup(failure: &diagnosis::Failure) -> Failure {
    let diagnosis::Diagnosis { what, whose, next } = failure.explain();
    // A test holds every name against the kinds.
    let kind = ErrorKind::from_name(failure.error()).unwrap_or(ErrorKind::Failed);
    Failure::new(kind, whose, format!("{what} {next}"))
}

/// Something of the printer's that took too long.
pub(super) fn too_late(what: &str, after: Duration) -> Failure {
    let message = format!(
        "{what} within {}. Look at its panel; if nothing is wrong there, switch it off and on again.",
        seconds(after)
    );
    Failure::new(ErrorKind::Timeout, Party::Printer, message)
}

fn seconds(duration: Duration) -> String {
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    #[test]
    fn names_go_both_ways() {
        for kind in ErrorKind::ALL {
            assert_eq!(ErrorKind::from_name(kind.name()), Some(kind));
        }
    }

    #[test]
    fn a_set_up_that_failed_has_a_name_of_ours() {
        use diagnosis::{Failure as Said, Step};
        for said in [
            Said::PinExpired,
            Said::WrongPin { half: None },
            Said::InvalidPin(crate::wps::pin::Error::Length),
            Said::WrongPassphrase,
            Said::UnusablePassphrase,
            Said::NetworkNotFound(crate::wifi::Ssid::default()),
            Said::AdmittedOnly,
            Said::UnsupportedBand,
            Said::RegistrarLocked,
            Said::RegistrarUnreachable,
            Said::SessionOverlap,
            Said::NoAddress(None),
            Said::PrinterRejected { step: Step::Scan, status: 500 },
            Said::NoRoute,
            Said::Unreadable(Step::Scan),
            Said::AuthRequired,
            Said::AuthFailed(crate::setup::flow::Key::LabelPin),
            Said::Unplugged,
            Said::Silent(Step::Scan),
            Said::Canceled { written: false },
            Said::NoPrompter,
            Said::Radio,
            Said::AddressUntold(crate::wifi::Ssid::default()),
            Said::CannotJoin(crate::wifi::Ssid::default()),
        ] {
            assert_eq!(of_setup(&said).kind.name(), said.error(), "{said:?}");
        }
    }
}
