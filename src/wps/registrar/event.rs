//! What hostapd and wpa_supplicant report on their control sockets, as values. Pure: a datagram in, an [`Event`] out.
//!
//! Names and fields are hostap's own (`src/common/wpa_ctrl.h`, `src/ap/wps_hostapd.c` \[C\]). The names of devices in
//! them come over the air from anybody; they are cut short and have no control characters.
//!
//! ```
//! use plugprint::wps::registrar::event::{Bearing, ConfigError, Event, Half, parse};
//!
//! let event = parse(b"<3>WPS-FAIL msg=10 config_error=18");
//! let Event::Fail(failure) = &event else { panic!() };
//! assert_eq!(failure.config_error, ConfigError::DevicePasswordAuthFailure);
//! assert_eq!(failure.wrong_half(), Some(Half::Second));
//! assert_eq!(event.bearing(), Bearing::Failed);
//!
//! assert_eq!(parse(b"<3>WPS-M2D dev_password_id=0 config_error=0").bearing(), Bearing::Normal);
//! ```

use std::fmt;

use super::Error;

/// A longer datagram is not looked at, in bytes.
pub const MAX_DATAGRAM: usize = 64 * 1024;
/// What is kept of a text, in characters.
const MAX_TEXT: usize = 256;
/// WPS's own type identifiers (Wi-Fi Simple Configuration 2.0, 12, Primary Device Type).
const WPS_OUI: u32 = 0x0050_f204;
/// The category of printers, scanners, faxes and copiers in that table.
const PRINTERS: u16 = 3;

/// A MAC address.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Mac(pub [u8; 6]);

impl Mac {
    /// Reads `02:00:00:00:01:00`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 6];
        let mut groups = text.split(':');
        for byte in &mut bytes {
            *byte = hex_byte(groups.next()?)?;
        }
        groups.next().is_none().then_some(Self(bytes))
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An enrollee's UUID-E.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Uuid(pub [u8; 16]);

impl Uuid {
    fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if bytes.len() != 36 || [8, 13, 18, 23].iter().any(|&at| bytes.get(at) != Some(&b'-')) {
            return None;
        }
        let mut digits = text.chars().filter(|&c| c != '-');
        let mut uuid = [0; 16];
        for byte in &mut uuid {
            let (high, low) = (digits.next()?.to_digit(16)?, digits.next()?.to_digit(16)?);
            *byte = u8::try_from(high << 4 | low).ok()?;
        }
        digits.next().is_none().then_some(Self(uuid))
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, byte) in self.0.iter().enumerate() {
            write!(f, "{}{byte:02x}", if matches!(i, 4 | 6 | 8 | 10) { "-" } else { "" })?;
        }
        Ok(())
    }
}

impl fmt::Debug for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Primary Device Type, `3-0050F204-1` for a printer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceType {
    /// Category.
    pub category: u16,
    /// Whose table the numbers are of; 0050F204 is WPS's own.
    pub oui: u32,
    /// Sub category.
    pub sub: u16,
}

impl DeviceType {
    fn parse(text: &str) -> Option<Self> {
        let (category, rest) = text.split_once('-')?;
        let (oui, sub) = rest.split_once('-')?;
        let oui = (oui.len() == 8 && oui.bytes().all(|b| b.is_ascii_hexdigit()))
            .then(|| u32::from_str_radix(oui, 16).ok())
            .flatten()?;
        Some(Self { category: decimal(category)?, oui, sub: decimal(sub)? })
    }

    /// Whether the device calls itself a printer (or a scanner, fax or copier).
    #[must_use]
    pub fn is_printer(self) -> bool {
        self.oui == WPS_OUI && self.category == PRINTERS
    }
}

/// What an enrollee says of itself, in the words that came over the air.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Description {
    /// Device Name.
    pub name: String,
    /// Manufacturer.
    pub manufacturer: String,
    /// Model Name.
    pub model: String,
    /// Model Number.
    pub number: String,
    /// Serial Number.
    pub serial: String,
    /// Primary Device Type, where it is one.
    pub device_type: Option<DeviceType>,
}

/// Configuration Error (Wi-Fi Simple Configuration 2.0, 12; hostap `enum wps_config_error` \[C\]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfigError {
    /// 0.
    None,
    /// 1: the out-of-band channel could not be read.
    OobRead,
    /// 2: what was decrypted is damaged.
    DecryptionCrc,
    /// 3: the enrollee can't use the 2.4 GHz channel.
    Channel24NotSupported,
    /// 4: the enrollee can't use the 5 GHz channel.
    Channel50NotSupported,
    /// 5.
    SignalTooWeak,
    /// 6.
    NetworkAuthFailure,
    /// 7.
    NetworkAssocFailure,
    /// 8.
    NoDhcpResponse,
    /// 9.
    DhcpConfigFailed,
    /// 10.
    IpConflict,
    /// 11.
    NoRegistrar,
    /// 12: two enrollees had their button pressed.
    SessionOverlap,
    /// 13.
    RogueActivity,
    /// 14.
    DeviceBusy,
    /// 15: the access point is locked against registrars from outside.
    SetupLocked,
    /// 16: an answer did not come in time.
    MessageTimeout,
    /// 17: the whole took too long.
    SessionTimeout,
    /// 18: the PIN is wrong.
    DevicePasswordAuthFailure,
    /// 19.
    Channel60NotSupported,
    /// 20.
    PublicKeyHashMismatch,
    /// Another number.
    Unknown(u16),
}

impl From<u16> for ConfigError {
    fn from(number: u16) -> Self {
        match number {
            0 => Self::None,
            1 => Self::OobRead,
            2 => Self::DecryptionCrc,
            3 => Self::Channel24NotSupported,
            4 => Self::Channel50NotSupported,
            5 => Self::SignalTooWeak,
            6 => Self::NetworkAuthFailure,
            7 => Self::NetworkAssocFailure,
            8 => Self::NoDhcpResponse,
            9 => Self::DhcpConfigFailed,
            10 => Self::IpConflict,
            11 => Self::NoRegistrar,
            12 => Self::SessionOverlap,
            13 => Self::RogueActivity,
            14 => Self::DeviceBusy,
            15 => Self::SetupLocked,
            16 => Self::MessageTimeout,
            17 => Self::SessionTimeout,
            18 => Self::DevicePasswordAuthFailure,
            19 => Self::Channel60NotSupported,
            20 => Self::PublicKeyHashMismatch,
            other => Self::Unknown(other),
        }
    }
}

impl ConfigError {
    /// Its number on the air.
    #[must_use]
    pub fn number(self) -> u16 {
        match self {
            Self::None => 0,
            Self::OobRead => 1,
            Self::DecryptionCrc => 2,
            Self::Channel24NotSupported => 3,
            Self::Channel50NotSupported => 4,
            Self::SignalTooWeak => 5,
            Self::NetworkAuthFailure => 6,
            Self::NetworkAssocFailure => 7,
            Self::NoDhcpResponse => 8,
            Self::DhcpConfigFailed => 9,
            Self::IpConflict => 10,
            Self::NoRegistrar => 11,
            Self::SessionOverlap => 12,
            Self::RogueActivity => 13,
            Self::DeviceBusy => 14,
            Self::SetupLocked => 15,
            Self::MessageTimeout => 16,
            Self::SessionTimeout => 17,
            Self::DevicePasswordAuthFailure => 18,
            Self::Channel60NotSupported => 19,
            Self::PublicKeyHashMismatch => 20,
            Self::Unknown(other) => other,
        }
    }
}

/// Which half of the PIN did not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// Digits 1 to 4. hostapd lets the enrollee try this PIN once more.
    First,
    /// Digits 5 to 8. hostapd has forgotten the PIN.
    Second,
}

/// An enrolment that was broken off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The message at which it ended: WPS's message type, 4 = M1 … 12 = M8, 13 = ACK, 14 = NACK, 15 = Done.
    pub message: u16,
    /// Why.
    pub config_error: ConfigError,
    /// hostap's own reason: 1 TKIP only, 2 WEP, 3 authentication.
    pub reason: Option<u16>,
}

impl Failure {
    /// The half of the PIN that was wrong, where that is what failed: the registrar's M4 is refused for the
    /// first half, its M6 for the second (hostap reports the message it was waiting for, 8 and 10; seen on
    /// hostapd 2.10 \[C\]).
    #[must_use]
    pub fn wrong_half(&self) -> Option<Half> {
        match (self.config_error, self.message) {
            (ConfigError::DevicePasswordAuthFailure, 7 | 8) => Some(Half::First),
            (ConfigError::DevicePasswordAuthFailure, 9 | 10) => Some(Half::Second),
            _ => None,
        }
    }
}

/// What happened at the registrar.
#[derive(Debug)]
pub enum Event {
    /// An enrollee asks for a PIN that the registrar does not have (yet, or no more).
    PinNeeded {
        /// UUID-E.
        uuid: Uuid,
        /// The enrollee's MAC address.
        mac: Mac,
        /// What it says of itself.
        enrollee: Box<Description>,
    },
    /// An enrollee announced itself in a probe request.
    EnrolleeSeen {
        /// Its MAC address.
        mac: Mac,
        /// UUID-E.
        uuid: Uuid,
        /// What kind of device it calls itself.
        device_type: Option<DeviceType>,
        /// Config Methods, bits.
        config_methods: u16,
        /// Device Password ID: 0 PIN, 4 button, 5 registrar-specified.
        password_id: u16,
        /// Device Name.
        name: String,
    },
    /// This enrollee was given the network's credentials. Whether it joins is another matter.
    RegSuccess {
        /// Its MAC address.
        mac: Mac,
        /// UUID-E.
        uuid: Uuid,
    },
    /// An enrolment came to its end.
    Success,
    /// An enrolment was broken off.
    Fail(Failure),
    /// The enrolment took too long, or nobody came while the button was active.
    Timeout,
    /// The button is active, for 120 s.
    PbcActive,
    /// The button is no longer active.
    PbcDisable,
    /// Two enrollees had their button pressed within 120 s: nobody is admitted.
    Overlap,
    /// A PIN is active.
    PinActive,
    /// Somebody called it off; we too, by [`cancel`](super::Registrar::cancel).
    Cancel,
    /// A registrar that has no PIN for this enrollee answered it.
    M2d {
        /// Device Password ID.
        password_id: u16,
        /// 15: the access point is locked as well.
        config_error: ConfigError,
    },
    /// The access point locked itself against registrars from outside. A PIN typed in here still works.
    SetupLocked,
    /// It no longer is.
    SetupUnlocked,
    /// A station has joined the network: associated, and keys exchanged.
    StationJoined(Mac),
    /// A station has left the network.
    StationLeft(Mac),
    /// An EAP exchange ended in failure. Every enrolment does, also the successful one.
    EapFailure,
    /// hostapd says that it ends.
    Terminating,
    /// Another report. Only its name is kept, because some carry keys.
    Unknown {
        /// Its first word; empty where there was none that could be one.
        name: String,
        /// How long the rest is, in bytes.
        length: usize,
    },
    /// So many events were lost, because nobody fetched them.
    Missed(u64),
    /// The registrar does not answer any more. It is the last event.
    Gone(Error),
}

/// What an event means to a set-up that waits for one enrollee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bearing {
    /// It happens in runs that succeed; it says nothing.
    Normal,
    /// It goes on.
    Progress,
    /// The registrar has done its part. Success is what the printer says, not this.
    Succeeded,
    /// This attempt is over.
    Failed,
}

impl Event {
    /// What it means. `PinNeeded`, `M2d` and `EapFailure` are normal: they come first, or last, in runs that
    /// succeed too (seen on hostapd 2.10 \[C\]). `PinNeeded` from the expected enrollee *after* a failure says that
    /// the PIN is used up.
    #[must_use]
    pub fn bearing(&self) -> Bearing {
        match self {
            Self::PinNeeded { .. }
            | Self::M2d { .. }
            | Self::EapFailure
            | Self::Unknown { .. }
            | Self::Missed(_)
            | Self::PbcDisable
            | Self::PinActive
            | Self::SetupLocked
            | Self::SetupUnlocked
            | Self::StationLeft(_) => Bearing::Normal,
            Self::EnrolleeSeen { .. } | Self::PbcActive | Self::StationJoined(_) => Bearing::Progress,
            Self::RegSuccess { .. } | Self::Success => Bearing::Succeeded,
            Self::Fail(_) | Self::Timeout | Self::Overlap | Self::Cancel | Self::Terminating | Self::Gone(_) => {
                Bearing::Failed
            }
        }
    }
}

/// Whether a datagram is an event and not a reply: events begin with their priority, `<3>`, or with the interface
/// they are about.
#[must_use]
pub fn is_event(datagram: &[u8]) -> bool {
    datagram.starts_with(b"<") || datagram.starts_with(b"IFNAME=")
}

/// Reads one event. Whatever is not understood survives as [`Event::Unknown`].
#[must_use]
pub fn parse(datagram: &[u8]) -> Event {
    let text = datagram.get(..MAX_DATAGRAM).unwrap_or(datagram);
    let text = String::from_utf8_lossy(text);
    let mut text = text.trim_end_matches(['\n', '\0']);
    if let Some((_, rest)) = text.strip_prefix("IFNAME=").and_then(|rest| rest.split_once(' ')) {
        text = rest;
    }
    if let Some((priority, rest)) = text.strip_prefix('<').and_then(|rest| rest.split_once('>'))
        && priority.len() <= 2
        && priority.bytes().all(|b| b.is_ascii_digit())
    {
        text = rest;
    }
    let (name, rest) = text.split_once(' ').unwrap_or((text, ""));
    known(name, rest.trim_start()).unwrap_or_else(|| Event::Unknown { name: event_name(name), length: rest.len() })
}

fn known(name: &str, rest: &str) -> Option<Event> {
    Some(match name {
        "WPS-PIN-NEEDED" => {
            let mut words = rest.splitn(3, ' ');
            Event::PinNeeded {
                uuid: Uuid::parse(words.next()?)?,
                mac: Mac::parse(words.next()?)?,
                enrollee: Box::new(description(words.next().unwrap_or_default())),
            }
        }
        "WPS-ENROLLEE-SEEN" => {
            let mut words = rest.splitn(7, ' ');
            let (mac, uuid) = (Mac::parse(words.next()?)?, Uuid::parse(words.next()?)?);
            let device_type = DeviceType::parse(words.next()?);
            let config_methods = u16::from_str_radix(words.next()?.strip_prefix("0x")?, 16).ok()?;
            let password_id = decimal(words.next()?)?;
            let _request_type: u8 = decimal(words.next()?)?;
            let name = printable(bracketed(words.next().unwrap_or_default()));
            Event::EnrolleeSeen { mac, uuid, device_type, config_methods, password_id, name }
        }
        "WPS-REG-SUCCESS" => {
            let (mac, uuid) = rest.split_once(' ')?;
            Event::RegSuccess { mac: Mac::parse(mac)?, uuid: Uuid::parse(uuid.trim_end())? }
        }
        "WPS-SUCCESS" => Event::Success,
        "WPS-FAIL" => Event::Fail(Failure {
            message: field(rest, "msg=")?,
            config_error: field(rest, "config_error=")?.into(),
            reason: field(rest, "reason="),
        }),
        "WPS-TIMEOUT" => Event::Timeout,
        "WPS-PBC-ACTIVE" => Event::PbcActive,
        "WPS-PBC-DISABLE" => Event::PbcDisable,
        "WPS-OVERLAP-DETECTED" => Event::Overlap,
        "WPS-PIN-ACTIVE" => Event::PinActive,
        "WPS-CANCEL" => Event::Cancel,
        "WPS-M2D" => Event::M2d {
            password_id: field(rest, "dev_password_id=")?,
            config_error: field(rest, "config_error=")?.into(),
        },
        "WPS-AP-SETUP-LOCKED" => Event::SetupLocked,
        "WPS-AP-SETUP-UNLOCKED" => Event::SetupUnlocked,
        "AP-STA-CONNECTED" => Event::StationJoined(Mac::parse(rest.split(' ').next()?)?),
        "AP-STA-DISCONNECTED" => Event::StationLeft(Mac::parse(rest.split(' ').next()?)?),
        "CTRL-EVENT-EAP-FAILURE" | "CTRL-EVENT-EAP-FAILURE2" => Event::EapFailure,
        "CTRL-EVENT-TERMINATING" => Event::Terminating,
        _ => return None,
    })
}

/// `[name|manufacturer|model name|model number|serial|type]`; hostapd escapes nothing, so a `|` too many is the
/// name's.
fn description(text: &str) -> Description {
    let mut fields = bracketed(text).rsplitn(6, '|');
    let mut next = || fields.next().unwrap_or_default();
    let device_type = DeviceType::parse(next());
    let (serial, number, model) = (printable(next()), printable(next()), printable(next()));
    let (manufacturer, name) = (printable(next()), printable(next()));
    Description { name, manufacturer, model, number, serial, device_type }
}

fn bracketed(text: &str) -> &str {
    let text = text.trim();
    text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text)
}

/// The number behind `key`, as a word of its own.
fn field(text: &str, key: &str) -> Option<u16> {
    text.split(' ').find_map(|word| decimal(word.strip_prefix(key)?))
}

/// A decimal number, of digits only.
fn decimal<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

fn hex_byte(text: &str) -> Option<u8> {
    (text.len() == 2 && text.bytes().all(|b| b.is_ascii_hexdigit()))
        .then(|| u8::from_str_radix(text, 16).ok())
        .flatten()
}

/// What came over the air, fit for a log or a terminal.
fn printable(text: &str) -> String {
    let clean = text.chars().take(MAX_TEXT).map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c });
    clean.collect::<String>().trim().to_owned()
}

/// A word that can be an event's name. Anything else may be a value, and is not kept.
fn event_name(word: &str) -> String {
    let is_name = (3..=64).contains(&word.len())
        && word.contains('-')
        && word.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-');
    if is_name { word.to_owned() } else { String::new() }
}

#[cfg(test)]
#[path = "event_tests.rs"]
mod tests;
