//! A failure of a set-up: what happened, whose it is, what to do next.
//!
//! ```
//! use plugprint::blame::Party;
//! use plugprint::setup::diagnosis::{Failure, Step};
//! use plugprint::wps::pin::Half;
//!
//! let wrong = Failure::of_registrar(Some(8), Some(18)).unwrap();
//! assert_eq!(wrong, Failure::WrongPin { half: Some(Half::First) });
//! assert_eq!(wrong.error(), "WrongPin");
//!
//! let late = Failure::TimedOut { step: Step::PushButton };
//! assert_eq!(late.explain().whose, Party::Caller);
//! ```

use std::fmt;
use std::net::IpAddr;

use super::flow::Key;
use super::success::Complaint;
use crate::blame::Party;
use crate::wifi::{Security, Ssid};
use crate::wps::pin::{self, Half};

/// What a set-up was doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Asking the printer what it is connected to.
    Look,
    /// Switching its radio on.
    PowerOn,
    /// Letting it look for networks.
    Scan,
    /// Giving it the network.
    WriteProfile,
    /// Waiting until it is on the network.
    Verify,
    /// Reading its PIN.
    ReadPin,
    /// Giving it a PIN.
    WritePin,
    /// Printing its network report.
    PrintReport,
    /// Waiting for a person's answer.
    Ask,
    /// Waiting for printer and registrar to find each other by PIN.
    Enrol,
    /// Waiting for two buttons.
    PushButton,
    /// Waiting for what a person does on the printer's panel.
    Guide,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Look => "telling what it is connected to",
            Self::PowerOn => "switching its radio on",
            Self::Scan => "looking for networks",
            Self::WriteProfile => "taking the network's name and password",
            Self::Verify => "connecting to the network",
            Self::ReadPin => "giving its WPS PIN",
            Self::WritePin => "taking a WPS PIN",
            Self::PrintReport => "printing its network report",
            Self::Ask => "waiting for an answer",
            Self::Enrol => "connecting by WPS PIN",
            Self::PushButton => "connecting by WPS push button",
            Self::Guide => "being set up on its panel",
        })
    }
}

/// Why a printer did not get onto the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The printer's PIN was no longer good.
    PinExpired,
    /// Printer and registrar have different PINs; which half, where they told.
    WrongPin {
        /// The half that differs.
        half: Option<Half>,
    },
    /// What a person typed, or the printer gave, is no PIN.
    InvalidPin(pin::Error),
    /// The printer says that the passphrase is wrong.
    WrongPassphrase,
    /// What was given can't be a passphrase of such a network.
    UnusablePassphrase,
    /// The printer does not see this network.
    NetworkNotFound(Ssid),
    /// It sees it too weakly.
    TooWeak,
    /// The network only speaks what the printer can't.
    UnsupportedSecurity(Security),
    /// The network is to have a password, and the one of this name that the printer hears is open: it may be another
    /// one.
    HeardOpen(Ssid),
    /// The registrar admitted the printer, which then did not join; a WPA3-only router does this (reproduced with
    /// hostapd 2.10).
    AdmittedOnly,
    /// The network is on a band that the printer has no radio for.
    UnsupportedBand,
    /// The registrar takes nobody for now.
    RegistrarLocked,
    /// The registrar can't be reached.
    RegistrarUnreachable,
    /// Two devices tried push button at the same time.
    SessionOverlap,
    /// The registrar failed otherwise; its Wi-Fi Simple Configuration error.
    Registrar(u16),
    /// On the network, without an address there; which unusable one it has, if any.
    NoAddress(Option<IpAddr>),
    /// It says that it is on this network, and tells no address: whether others can reach it is not known.
    AddressUntold(Ssid),
    /// It finds this network, and says that it can't join it, not why.
    CannotJoin(Ssid),
    /// It went on with the network that it had before.
    StayedOn(Ssid),
    /// A network cable is plugged into it, and it turns its Wi-Fi off for that.
    Cable,
    /// The router seems to let only known devices in.
    Filtered,
    /// The printer's radio does not come on, or is faulty.
    Radio,
    /// The printer said no.
    PrinterRejected {
        /// To what.
        step: Step,
        /// HTTP status; from 0x0400 on, where HTTP has none, IPP's (RFC 8011, appendix B.1).
        status: u16,
    },
    /// It has no such resource.
    NotExposed(Step),
    /// What it answered can't be understood.
    Unreadable(Step),
    /// It wants its administrator's password, and none was given.
    AuthRequired,
    /// The printer let nobody in for what it was shown: a wrong password, a wrong PIN, or a button that was not pressed.
    AuthFailed(Key),
    /// It asks for the administrator's password in a way that is not safe or not known.
    AuthUnsupported,
    /// It left USB and did not come back in time.
    Unplugged,
    /// It stopped answering over USB.
    Silent(Step),
    /// Time is up.
    TimedOut {
        /// For what.
        step: Step,
    },
    /// Whoever asked wants it no more.
    Canceled {
        /// The network had been sent to the printer already.
        written: bool,
    },
    /// Nobody is there to be asked.
    NoPrompter,
    /// No route is possible.
    NoRoute,
}

/// A failure in words: sentences, without any secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// What happened.
    pub what: String,
    /// Whose it is.
    pub whose: Party,
    /// What to do next.
    pub next: String,
}

impl Failure {
    /// What a registrar's failure means, by the message type at which it stopped and the Configuration Error (Wi-Fi
    /// Simple Configuration 2.0, 12, attribute 0x1009; the numbers as in hostap \[C\]). `None` where it is none: error
    /// 0, and no half of a PIN refused.
    #[must_use]
    pub fn of_registrar(message: Option<u16>, config_error: Option<u16>) -> Option<Self> {
        let half = message.and_then(Half::of_message);
        Some(match config_error.unwrap_or_default() {
            0 if half.is_none() => return None,
            0 | 18 => Self::WrongPin { half },
            3 | 4 | 19 => Self::UnsupportedBand,
            5 => Self::TooWeak,
            6 | 7 => Self::AdmittedOnly,
            8..=10 => Self::NoAddress(None),
            11 => Self::RegistrarUnreachable,
            12 => Self::SessionOverlap,
            15 => Self::RegistrarLocked,
            16 | 17 => Self::TimedOut { step: Step::Enrol },
            other => Self::Registrar(other),
        })
    }

    /// What the printer's own diagnosis means, `VsaCodes.xml`: rule numbers of severity warning or critical
    /// \[C: HPLIP's own texts for them\]. The one that says most is taken; `None` where none says why.
    #[must_use]
    pub fn of_rules(rules: &[u32], wanted: &Ssid) -> Option<Self> {
        let has = |among: &[u32]| rules.iter().any(|rule| among.contains(rule));
        Some(if has(&[603, 600, 602]) {
            Self::WrongPassphrase
        } else if has(&[0, 1]) {
            Self::Cable
        } else if has(&[2, 4]) {
            Self::Radio
        } else if has(&[201, 203, 204]) {
            Self::NetworkNotFound(wanted.clone())
        } else if has(&[400, 401]) {
            Self::TooWeak
        } else if has(&[604, 605, 606]) {
            Self::UnsupportedSecurity(Security::Unknown(String::new()))
        } else if has(&[100]) {
            Self::Filtered
        } else {
            return None;
        })
    }

    /// What the printer says of the network that it was told. `None` where it says nothing against it.
    #[must_use]
    pub fn of_complaint(complaint: Complaint, wanted: &Ssid) -> Option<Self> {
        Some(match complaint {
            Complaint::Nothing => return None,
            Complaint::WrongPassphrase => Self::WrongPassphrase,
            Complaint::NotVisible => Self::NetworkNotFound(wanted.clone()),
            Complaint::CannotJoin => Self::CannotJoin(wanted.clone()),
        })
    }

    /// The last part of the D-Bus error's name.
    #[must_use]
    pub fn error(&self) -> &'static str {
        match self {
            Self::PinExpired => "PinExpired",
            Self::WrongPin { .. } => "WrongPin",
            Self::InvalidPin(_) => "InvalidPin",
            Self::WrongPassphrase => "WrongPassphrase",
            Self::UnusablePassphrase => "InvalidArguments",
            Self::NetworkNotFound(_) => "NetworkNotFound",
            Self::UnsupportedSecurity(_) | Self::AdmittedOnly => "UnsupportedSecurity",
            Self::UnsupportedBand => "UnsupportedBand",
            Self::RegistrarLocked => "RegistrarLocked",
            Self::RegistrarUnreachable => "RegistrarUnreachable",
            Self::SessionOverlap => "SessionOverlap",
            Self::NoAddress(_) | Self::AddressUntold(_) => "NoAddress",
            Self::PrinterRejected { .. } => "PrinterRejected",
            Self::NotExposed(_) | Self::NoRoute | Self::AuthUnsupported => "NotSupported",
            Self::Unreadable(_) => "ProtocolError",
            Self::AuthRequired => "PrinterAuthRequired",
            Self::AuthFailed(_) => "PrinterAuthFailed",
            Self::Unplugged => "Disconnected",
            Self::Silent(_) | Self::TimedOut { .. } => "Timeout",
            Self::Canceled { .. } => "Canceled",
            Self::NoPrompter => "NoPrompter",
            Self::HeardOpen(_)
            | Self::TooWeak
            | Self::Registrar(_)
            | Self::CannotJoin(_)
            | Self::StayedOn(_)
            | Self::Cable
            | Self::Filtered
            | Self::Radio => "Failed",
        }
    }

    /// Whether the next route may do better: this one can't be gone on this printer or with this registrar, or needs
    /// somebody who is not there. Where a person has to put something right first, or took back the request, it can't.
    #[must_use]
    pub fn leads_on(&self) -> bool {
        matches!(
            self,
            Self::NotExposed(_)
                | Self::Unreadable(_)
                | Self::PrinterRejected { .. }
                | Self::AuthUnsupported
                | Self::AuthRequired
                | Self::NoPrompter
                | Self::RegistrarUnreachable
                | Self::RegistrarLocked
                | Self::InvalidPin(_)
        )
    }

    /// In words.
    #[must_use]
    pub fn explain(&self) -> Diagnosis {
        let (what, whose, next) = self.words();
        Diagnosis { what, whose, next: next.to_owned() }
    }

    fn words(&self) -> (String, Party, &'static str) {
        const AGAIN: &str = "Try again.";
        match self {
            Self::PinExpired => (
                "The printer's WPS PIN was not used in time and is no longer good.".into(),
                Party::Caller,
                "Start again; the printer makes a new PIN. Have the router's page open before you do.",
            ),
            Self::WrongPin { half } => (
                match half {
                    None => "The printer did not accept the WPS PIN.".into(),
                    Some(Half::First) => "The printer did not accept the first half of the WPS PIN.".into(),
                    Some(Half::Second) => "The printer did not accept the second half of the WPS PIN.".into(),
                },
                Party::Caller,
                "This PIN is used up. Start again with a new one, and compare each digit if you read it from paper.",
            ),
            Self::InvalidPin(why) => (
                format!("That is no WPS PIN: {why}."),
                why.whose(),
                "Read the PIN again: 8 digits, beside the words WPS PIN.",
            ),
            Self::WrongPassphrase => (
                "The printer found the network, but its password is wrong.".into(),
                Party::Caller,
                "Check the network's password, capitals too, and try again.",
            ),
            Self::UnusablePassphrase => (
                "This can't be the password of a Wi-Fi network: it has 8 to 63 characters.".into(),
                Party::Caller,
                "Type the network's password again.",
            ),
            Self::NetworkNotFound(ssid) => (
                format!("The printer does not find the network {ssid}."),
                Party::Network,
                "Check the name, capitals too. Move the printer closer to the router, and see that the router sends on 2.4 GHz.",
            ),
            Self::TooWeak => (
                "The network is too weak where the printer stands.".into(),
                Party::Network,
                "Move the printer closer to the router.",
            ),
            Self::UnsupportedSecurity(security) => (
                match security {
                    Security::Wpa3Personal => "The network takes WPA3 only, which this printer can't.".into(),
                    Security::Enterprise => "The network wants a login for each user (WPA Enterprise), which can't be given to this printer.".into(),
                    Security::Wep => "The network is protected by WEP, which can't be given to this printer.".into(),
                    _ => "The printer can't do this network's kind of protection.".into(),
                },
                Party::Network,
                "Set the router to WPA2, or to WPA2 and WPA3 together, or use a guest network that does.",
            ),
            Self::HeardOpen(ssid) => (
                format!("The network {ssid} is to have a password, but the one of this name that the printer hears is open. It may be another one, so nothing was sent."),
                Party::Network,
                "Look at the router's settings. If the network is meant to be open, try again without a password.",
            ),
            Self::AdmittedOnly => (
                "The router let the printer in by WPS, but the printer did not join. Routers that take WPA3 only do this.".into(),
                Party::Network,
                "Set the router to WPA2, or to WPA2 and WPA3 together, and try again.",
            ),
            Self::UnsupportedBand => (
                "The network is on a band that this printer can't receive; most printers only have 2.4 GHz.".into(),
                Party::Network,
                "Turn on the router's 2.4 GHz band, with the same name or another, and try again.",
            ),
            Self::RegistrarLocked => (
                "The router has locked WPS, as it does after several wrong PINs.".into(),
                Party::Network,
                "Wait a few minutes or restart the router. Or give the printer the network's password instead: --route join.",
            ),
            Self::RegistrarUnreachable => (
                "What lets the printer into the network, the WPS registrar, can't be reached.".into(),
                Party::Network,
                "See that the access point runs and that WPS is on. Or type the PIN at the router: --route typed.",
            ),
            Self::SessionOverlap => (
                "Two devices asked for WPS at the same time, so the router refused both.".into(),
                Party::Network,
                "Wait 2 minutes, see that nobody else presses a WPS button, and try again.",
            ),
            Self::Registrar(error) => (
                format!("WPS failed with error {error}."),
                Party::Network,
                "Try again. Or give the printer the network's password instead: --route join.",
            ),
            Self::NoAddress(address) => (
                match address {
                    Some(ip) => format!("The printer is on the network but got no address there; it took {ip}, which nobody can reach."),
                    None => "The printer is on the network but got no address there.".into(),
                },
                Party::Network,
                "See that the router's DHCP server is on and has addresses left. Restart the router if in doubt.",
            ),
            Self::AddressUntold(ssid) => (
                format!("The printer says that it is on the network {ssid}, but not at which address, so it is not known whether it can be reached there."),
                Party::Printer,
                "Look for it in a print dialog, or among the devices that the router shows. If it is there, nothing is left to do.",
            ),
            Self::CannotJoin(ssid) => (
                format!("The printer finds the network {ssid}, but can't join it, and does not say why. Most often the password is wrong."),
                Party::Network,
                "Check the network's password, capitals too, and try again. See that the router takes WPA2 and new devices.",
            ),
            Self::StayedOn(ssid) => (
                format!("The printer stayed on the network {ssid}."),
                Party::Printer,
                "Restore the network settings on the printer's panel, then try again.",
            ),
            Self::Cable => (
                "A network cable is plugged into the printer, which turns its Wi-Fi off for that.".into(),
                Party::Caller,
                "Unplug the network cable from the printer and try again.",
            ),
            Self::Filtered => (
                "The router does not let the printer in; it seems to admit known devices only.".into(),
                Party::Network,
                "Look for a filter of MAC addresses at the router and add the printer's.",
            ),
            Self::Radio => (
                "The printer's Wi-Fi radio does not come on.".into(),
                Party::Printer,
                "Switch it on with the printer's Wireless button, or switch the printer off and on, then try again.",
            ),
            Self::PrinterRejected { step, status } => (
                match status {
                    ..0x0400 => format!("The printer refused {step} (HTTP status {status})."),
                    _ => format!("The printer refused {step} (IPP status 0x{status:04x})."),
                },
                Party::Printer,
                "Look whether its panel shows why. Try another way: --route button or --route guided.",
            ),
            Self::NotExposed(step) => (
                format!("This printer has no way of {step} over USB."),
                Party::Printer,
                "Try another way: --route button or --route guided.",
            ),
            Self::Unreadable(step) => (
                format!("The printer answered {step} with something that can't be understood."),
                Party::Printer,
                "Make a support bundle and report it. Try another way: --route button or --route guided.",
            ),
            Self::AuthRequired => (
                "The printer wants its administrator's password.".into(),
                Party::Caller,
                "Give it the password that was set on its web page; on some models it is the PIN on the label inside.",
            ),
            Self::AuthFailed(Key::Password) => (
                "The printer did not accept the administrator's password.".into(),
                Party::Caller,
                "Check the password; printers may lock after several wrong ones.",
            ),
            Self::AuthFailed(Key::LabelPin) => (
                "The printer did not accept the PIN of its label.".into(),
                Party::Caller,
                "Compare each digit with the printer's label; printers may lock after several wrong ones.",
            ),
            Self::AuthFailed(Key::Button) => (
                "The printer let nobody in: its lit button was not pressed in time, or it did not count that.".into(),
                Party::Caller,
                "Try again, and press the button while it is lit.",
            ),
            Self::AuthUnsupported => (
                "The printer asks for its administrator's password in a way that is not safe or not known.".into(),
                Party::Printer,
                "Remove the password on the printer's own page. Or try another way: --route button or --route guided.",
            ),
            Self::Unplugged => (
                "The printer left USB and did not come back within a minute.".into(),
                Party::Printer,
                "Plug it in and switch it on, then try again.",
            ),
            Self::Silent(step) => (
                format!("The printer stopped answering over USB while {step}."),
                Party::Printer,
                "Switch it off and on, then try again.",
            ),
            Self::TimedOut { step: Step::PushButton } => (
                "Within 2 minutes the printer and the router did not find each other.".into(),
                Party::Caller,
                "Try again: press the printer's button first, then the router's within 2 minutes.",
            ),
            Self::TimedOut { step: Step::Ask } => ("Nobody answered in time.".into(), Party::Caller, AGAIN),
            Self::TimedOut { step } => (
                format!("Time ran out while the printer was {step}."),
                Party::Network,
                "Move the printer closer to the router and try again.",
            ),
            Self::Canceled { written } => (
                if *written {
                    "It was canceled. The network had been sent to the printer already, which may still join it.".into()
                } else {
                    "It was canceled. Nothing was written to the printer.".into()
                },
                Party::Caller,
                AGAIN,
            ),
            Self::NoPrompter => (
                "There is nobody to ask: no program of yours takes questions.".into(),
                Party::Caller,
                "Use plugprint setup on a terminal, or a desktop program that registers a prompter.",
            ),
            Self::NoRoute => (
                "There is no way known to get this printer onto the network.".into(),
                Party::Printer,
                "See what was left out, and why: plugprint setup --explain.",
            ),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Diagnosis { what, next, .. } = self.explain();
        write!(f, "{what} {next}")
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    #[test]
    fn every_failure_says_what_whose_and_what_next() {
        let home = Ssid::new("Ho\u{1b}me").unwrap();
        for failure in [
            Failure::PinExpired,
            Failure::WrongPin { half: Some(Half::First) },
            Failure::WrongPin { half: Some(Half::Second) },
            Failure::InvalidPin(pin::Error::Checksum),
            Failure::WrongPassphrase,
            Failure::UnusablePassphrase,
            Failure::NetworkNotFound(home.clone()),
            Failure::TooWeak,
            Failure::UnsupportedSecurity(Security::Wpa3Personal),
            Failure::UnsupportedSecurity(Security::Unknown("\u{1b}".into())),
            Failure::HeardOpen(home.clone()),
            Failure::AdmittedOnly,
            Failure::UnsupportedBand,
            Failure::RegistrarLocked,
            Failure::RegistrarUnreachable,
            Failure::SessionOverlap,
            Failure::Registrar(14),
            Failure::NoAddress("169.254.1.1".parse().ok()),
            Failure::StayedOn(home),
            Failure::Cable,
            Failure::Filtered,
            Failure::Radio,
            Failure::PrinterRejected { step: Step::WriteProfile, status: 500 },
            Failure::NotExposed(Step::ReadPin),
            Failure::Unreadable(Step::Scan),
            Failure::AuthRequired,
            Failure::AuthFailed(Key::Password),
            Failure::AuthFailed(Key::LabelPin),
            Failure::AuthFailed(Key::Button),
            Failure::AuthUnsupported,
            Failure::Unplugged,
            Failure::Silent(Step::Verify),
            Failure::TimedOut { step: Step::Enrol },
            Failure::TimedOut { step: Step::PushButton },
            Failure::Canceled { written: true },
            Failure::NoPrompter,
            Failure::NoRoute,
        ] {
            let Diagnosis { what, next, .. } = failure.explain();
            for text in [&what, &next] {
                assert!(text.ends_with('.') && text.len() > 8 && !text.contains('\u{1b}'), "{text}");
            }
            assert!(failure.error().bytes().all(|b| b.is_ascii_alphabetic()), "{failure:?}");
        }
        let filled = Failure::NoAddress("169.254.1.1".parse().ok()).to_string();
        assert!(filled.contains("169.254.1.1") && filled.contains("DHCP"), "{filled}");
    }

    #[test]
    fn of_a_password_is_spoken_only_where_it_was_one() {
        for (key, word) in [(Key::Password, "password"), (Key::LabelPin, "PIN"), (Key::Button, "button")] {
            let text = Failure::AuthFailed(key).to_string();
            assert!(text.contains(word) && (key == Key::Password) == text.contains("password"), "{text}");
        }
    }

    #[test]
    fn whose_they_are() {
        for (failure, whose) in [
            (Failure::WrongPin { half: None }, Party::Caller),
            (Failure::WrongPassphrase, Party::Caller),
            (Failure::RegistrarLocked, Party::Network),
            (Failure::AdmittedOnly, Party::Network),
            (Failure::NoAddress(None), Party::Network),
            (Failure::Unplugged, Party::Printer),
            (Failure::Silent(Step::Scan), Party::Printer),
        ] {
            assert_eq!(failure.explain().whose, whose, "{failure:?}");
        }
    }

    #[test]
    fn the_most_telling_rule_is_taken() {
        let home = Ssid::new("Home").unwrap();
        assert_eq!(Failure::of_rules(&[400, 603], &home), Some(Failure::WrongPassphrase));
        assert_eq!(Failure::of_rules(&[200, 500], &home), None);
        assert_eq!(Failure::of_rules(&[], &home), None);
    }
}
