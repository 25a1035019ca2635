//! The station by IPP: printer-wifi-ssid, printer-wifi-state and printer-wifi-password, Apple's extension as CUPS
//! documents it ("CUPS Implementation of IPP") and PAPPL serves it, and Set-Printer-Attributes (RFC 3380, 4.1).
//!
//! Nobody has published how a printer behaves over USB when it is set up so: all that is not in those two is
//! inferred, and has a variant in [`Options`].

use std::net::Ipv4Addr;

use super::super::ledm::ADDRESS;
use super::super::printer::Printer;
use super::super::radio::{Failure, Hushed, Impostor, Profile, Security, State};
use super::attributes::{View, keywords, one};
use super::message::{Attribute, Message, PRINTER, Value};
use super::operations::{No, status};

/// What Set-Printer-Attributes does with the Wi-Fi attributes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Setting {
    /// As the model lists them.
    #[default]
    Model,
    /// Takes them only until a network has been set \[CUPS's documentation: that it may be so\], and never says what can
    /// be set, as Xerox's B235 does not \[C\].
    InitialSetup,
    /// Lists them, and answers client-error-not-authorized \[I\].
    Denied,
    /// Lists them, and answers client-error-attributes-or-values-not-supported, as PAPPL does for a network that it
    /// can't join \[C, PAPPL\].
    Unsupported,
}

/// What printer-wifi-state and printer-wifi-ssid show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shown {
    /// `on` as soon as the station is associated, and the network that it was told \[I\].
    #[default]
    Associated,
    /// `on` only with an address \[I\].
    Addressed,
    /// `joining` for ever, whatever happens \[I\].
    StaysJoining,
    /// As `Associated`, but the network's name is empty until then \[I\].
    NameWhenOn,
}

/// Whether its own address stands in printer-uri-supported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Told {
    /// As the model does.
    #[default]
    Model,
    /// It does \[I\].
    Always,
    /// Only the name that the client used \[I\].
    Never,
}

/// How the Wi-Fi attributes behave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// What setting them does.
    pub setting: Setting,
    /// What reading them shows.
    pub shown: Shown,
    /// Whether the station's address is told.
    pub told: Told,
    /// Being given a network switches the radio on. Otherwise it stays off, and the network is remembered \[I\].
    pub switches_on: bool,
    /// What can be set is listed in `printer-settable-attributes`, without the `-supported` of RFC 3380 \[C, PAPPL\].
    pub short_list: bool,
}

impl Options {
    /// What [`Options::set`] knows.
    pub const SETTINGS: &'static [&'static str] = &[
        "ipp-set=model",
        "ipp-set=initial-setup",
        "ipp-set=denied",
        "ipp-set=unsupported",
        "ipp-set=switches-on",
        "ipp-state=associated",
        "ipp-state=addressed",
        "ipp-state=stays-joining",
        "ipp-state=name-when-on",
        "ipp-address=always",
        "ipp-address=never",
        "ipp-list=short",
    ];

    /// Sets one thing by its name; `false` where there is none of it.
    pub(in crate::emulator) fn set(&mut self, setting: &str) -> bool {
        match setting {
            "ipp-set=model" => self.setting = Setting::Model,
            "ipp-set=initial-setup" => self.setting = Setting::InitialSetup,
            "ipp-set=denied" => self.setting = Setting::Denied,
            "ipp-set=unsupported" => self.setting = Setting::Unsupported,
            "ipp-set=switches-on" => self.switches_on = true,
            "ipp-state=associated" => self.shown = Shown::Associated,
            "ipp-state=addressed" => self.shown = Shown::Addressed,
            "ipp-state=stays-joining" => self.shown = Shown::StaysJoining,
            "ipp-state=name-when-on" => self.shown = Shown::NameWhenOn,
            "ipp-address=always" => self.told = Told::Always,
            "ipp-address=never" => self.told = Told::Never,
            "ipp-list=short" => self.short_list = true,
            _ => return false,
        }
        true
    }
}

/// printer-wifi-state.
const OFF: i32 = 3;
const NOT_CONFIGURED: i32 = 4;
const NOT_VISIBLE: i32 = 5;
const CANNOT_JOIN: i32 = 6;
const JOINING: i32 = 7;
const ON: i32 = 8;

/// The most octets of a name (RFC 8011, 5.1.3), and of an octetString (5.1.12).
const NAME: usize = 255;
const OCTETS: usize = 1023;

fn state(printer: &Printer) -> i32 {
    let shown = printer.options().ipp.shown;
    match printer.radio().state() {
        State::Off => OFF,
        State::Idle if printer.radio().profile().is_none() => NOT_CONFIGURED,
        State::Idle => NOT_VISIBLE,
        State::Failed(Failure::NotFound | Failure::OtherCase | Failure::TooWeak) => NOT_VISIBLE,
        State::Failed(_) => CANNOT_JOIN,
        State::ObtainingAddress(_) | State::Joined(..) if shown == Shown::StaysJoining => JOINING,
        State::ObtainingAddress(_) if shown == Shown::Addressed => JOINING,
        State::ObtainingAddress(_) | State::Joined(..) => ON,
        State::Associating(_)
            if printer.options().radio.keeps_diagnosis
                && printer.radio().failure() == Some(Failure::WrongPassphrase) =>
        {
            CANNOT_JOIN
        }
        State::Associating(_) | State::Enrolling => JOINING,
    }
}

/// What a printer with a station says of it: HP's do, with nothing settable \[C, OfficeJet 6830\]; Xerox's B235 does,
/// and says nothing of what is settable \[C\].
pub(super) fn attributes(view: View<'_>) -> Vec<Attribute> {
    let printer = view.printer;
    let state = state(printer);
    let ssid = match (printer.radio().state().association(), printer.radio().profile()) {
        _ if printer.options().ipp.shown == Shown::NameWhenOn && state != ON => Vec::new(),
        (Some(at), _) => at.ssid.clone(),
        (None, profile) => profile.map_or_else(Vec::new, |profile| profile.ssid),
    };
    let list = if printer.options().ipp.short_list {
        "printer-settable-attributes"
    } else {
        "printer-settable-attributes-supported"
    };
    let settable = printer.facts().settable;
    let listed = keywords(list, if settable.is_empty() { &["none"] } else { settable });
    let mut attributes = vec![
        one("printer-wifi-ssid", Value::Name(String::from_utf8_lossy(&ssid).into_owned())),
        one("printer-wifi-state", Value::Enum(state)),
    ];
    if printer.options().ipp.setting != Setting::InitialSetup {
        attributes.push(listed);
    }
    attributes
}

/// Nobody has told it a network yet: then `wifi-not-configured-report` is among printer-state-reasons \[C, CUPS's
/// documentation\].
pub(super) fn unconfigured(printer: &Printer) -> bool {
    printer.radio().profile().is_none()
}

/// Its own addresses, where it tells them: the station's, and a cable's.
pub(super) fn addresses(printer: &Printer) -> Vec<Ipv4Addr> {
    let told = match printer.options().ipp.told {
        Told::Model => printer.facts().tells_address,
        told => told == Told::Always,
    };
    let cable = (printer.options().radio.impostor == Some(Impostor::Ethernet)).then(|| ADDRESS.parse().ok()).flatten();
    let station = printer.radio().state().lease().map(|lease| lease.address);
    cable.into_iter().chain(station).filter(|_| told).collect()
}

/// Set-Printer-Attributes: all of it or nothing (RFC 3380, 4.1.3).
pub(super) fn set(view: View<'_>, request: &Message) -> Result<(), No> {
    let printer = view.printer;
    let options = printer.options().ipp;
    let [_, group] = request.groups.as_slice() else { return Err(status::BAD_REQUEST.into()) };
    if group.tag != PRINTER || group.attributes.is_empty() {
        return Err(status::BAD_REQUEST.into());
    }
    let wifi = ["printer-wifi-ssid", "printer-wifi-password"];
    let takes = |name: &str| match options.setting {
        Setting::InitialSetup => wifi.contains(&name) && unconfigured(printer),
        _ => printer.facts().settable.contains(&name),
    };
    let not_settable: Vec<Attribute> = group
        .attributes
        .iter()
        .filter(|attribute| !takes(&attribute.name))
        .map(|attribute| one(&attribute.name, Value::NOT_SETTABLE))
        .collect();
    if !not_settable.is_empty() {
        return Err(No { status: status::NOT_SETTABLE, unsupported: not_settable });
    }
    match options.setting {
        Setting::Denied => return Err(status::NOT_AUTHORIZED.into()),
        // The password is not sent back.
        Setting::Unsupported => return Err(status::ATTRIBUTES_OR_VALUES.into()),
        Setting::Model | Setting::InitialSetup => {}
    }
    let (mut ssid, mut password) = (None, None);
    for attribute in &group.attributes {
        match (attribute.name.as_str(), attribute.values.as_slice()) {
            ("printer-wifi-ssid", [Value::Name(name)]) if (1..=32).contains(&name.len()) && name.len() <= NAME => {
                ssid = Some(name.clone().into_bytes());
            }
            ("printer-wifi-password", [Value::Octets(octets)]) if octets.len() <= OCTETS => {
                let text = String::from_utf8(octets.clone()).map_err(|_| status::ATTRIBUTES_OR_VALUES)?;
                password = Some(text);
            }
            ("printer-wifi-ssid" | "printer-wifi-password", _) => return Err(status::ATTRIBUTES_OR_VALUES.into()),
            _ => {}
        }
    }
    printer.log(format!("SET {}", names(&group.attributes)));
    match (ssid, password) {
        (Some(ssid), password) => {
            join(printer, ssid, password.filter(|password| !password.is_empty()));
            Ok(())
        }
        // A password without its network, as PAPPL would take it, joins nothing here.
        (None, Some(_)) => Err(status::CONFLICTING.into()),
        (None, None) => Ok(()),
    }
}

fn names(attributes: &[Attribute]) -> String {
    attributes.iter().map(|attribute| attribute.name.as_str()).collect::<Vec<_>>().join(" ")
}

fn join(printer: &Printer, ssid: Vec<u8>, password: Option<String>) {
    if printer.options().ipp.switches_on {
        printer.radio().switch(true);
    }
    // Nobody tells it how the network is secured: it has heard so, or goes by the password.
    let heard = printer.radio().around().into_iter().find(|heard| heard.ssid == ssid).map(|heard| heard.security);
    let security = heard.unwrap_or(if password.is_some() { Security::Wpa2 } else { Security::Open });
    let passphrase = password.filter(|_| security != Security::Open).map(Hushed);
    printer.radio().join(Profile { ssid, security, passphrase });
}
