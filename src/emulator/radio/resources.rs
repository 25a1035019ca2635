//! The resources that read and write the radio.

use std::time::Duration;

use hyper::{HeaderMap, Method};

use super::super::ledm::{Reply, below_station};
use super::super::printer::Printer;
use super::digest::Verdict;
use super::documents;
use super::request::{self, Form};
use super::{Enrolment, Offline, PowerForm, ProfileForm, Scan, Start, Switching};

/// From the answer until the device drops off.
const DROP: Duration = Duration::from_millis(500);

/// What the printer answers to a write where it does not even look at the document: a request that is not from
/// its own pages, another type, no password.
pub(in crate::emulator) fn refused(
    printer: &Printer,
    method: &Method,
    path: &str,
    headers: &HeaderMap,
) -> Option<Reply> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if printer.facts().wants_xhr
        && (text("x-requested-with") != "XMLHttpRequest"
            || text("origin") != "http://localhost"
            || !text("referer").starts_with("http://localhost/"))
    {
        return Some(Reply::status(403));
    }
    let password = &printer.options().radio.password.as_ref()?.0;
    printer.with_nonces(|nonces| {
        let verdict = nonces.check(password, method.as_str(), path, text("authorization"));
        (verdict != Verdict::Good).then(|| Reply::challenge(nonces.challenge(verdict == Verdict::Stale)))
    })
}

fn is_xml(headers: &HeaderMap) -> bool {
    let kind = headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.split(';').next().map(str::trim) == Some("text/xml")
}

/// 200 on the inkjet, 204 on the LaserJet: both are in the field \[C, HPLIP\], which where is inferred.
fn done(printer: &Printer) -> Reply {
    Reply::status(if printer.facts().wants_xhr { 200 } else { 204 })
}

/// `PUT /IoMgmt/Adapters/<station>`: the radio's switch. GET is 405 \[C, M28w\].
pub(in crate::emulator) fn power(
    printer: &Printer,
    method: &Method,
    path: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Reply {
    if *method != Method::PUT {
        return Reply::status(405);
    }
    if let Some(refused) = refused(printer, method, path, headers) {
        return refused;
    }
    if !is_xml(headers) {
        return Reply::status(415);
    }
    let wanted = match printer.options().radio.power_form {
        PowerForm::Model if printer.facts().wants_xhr => Form::Adapters,
        PowerForm::Adapters => Form::Adapters,
        PowerForm::Model | PowerForm::Adapter => Form::Adapter,
    };
    let on = match request::power(body) {
        Some((form, on)) if form == wanted => on,
        _ => return Reply::status(400),
    };
    switch(printer, on);
    done(printer)
}

/// Switches the radio, with what that does on USB.
pub(in crate::emulator) fn switch(printer: &Printer, on: bool) {
    let switched_on = on && !printer.radio().is_on();
    printer.radio().switch(on);
    if !switched_on {
        return;
    }
    let back = match printer.options().radio.switching {
        Switching::Stays => return,
        Switching::Returns(after) => Some(after),
        Switching::Gone => None,
    };
    let printer = printer.clone();
    tokio::spawn(async move {
        tokio::time::sleep(DROP).await;
        printer.drop_off(back);
    });
}

/// `GET <station>/WifiNetworks`, `GET <station>/WifiNetworks/SSID=<ssid>`.
pub(in crate::emulator) fn scan(printer: &Printer, method: &Method, path: &str) -> Reply {
    let wanted = match below_station(printer, path).and_then(|below| below.strip_prefix("WifiNetworks")) {
        Some("") => None,
        Some(below) => match below.strip_prefix("/SSID=").and_then(request::unescape) {
            Some(ssid) if (1..=32).contains(&ssid.len()) => Some(ssid),
            _ => return Reply::status(404),
        },
        None => return Reply::status(404),
    };
    if !matches!(*method, Method::GET | Method::HEAD) {
        return Reply::status(405);
    }
    if !printer.radio().is_on() {
        match printer.options().radio.offline {
            Offline::Model if printer.facts().wants_xhr => {}
            Offline::Model => return Reply::status(500),
            Offline::EmptyBody => return Reply::status(200),
        }
    }
    match printer.radio().scan(wanted.as_deref()) {
        Scan::Running => Reply::status(202),
        Scan::Done(heard) => Reply::document(printer, documents::networks(printer, &heard)),
    }
}

/// Which profile is written, and so is named in the collection.
pub(in crate::emulator) fn written_profile(printer: &Printer) -> &'static str {
    match printer.options().radio.profile_form {
        ProfileForm::Model if printer.facts().wants_xhr => "Active",
        _ => "1",
    }
}

/// Whether a profile reads under this name.
fn reads(printer: &Printer, name: &str) -> bool {
    name == written_profile(printer)
        || name == "Active" && printer.options().radio.profile_form != ProfileForm::NumberedOnly
}

/// `GET <station>/Profiles` and `GET`, `PUT` of one.
pub(in crate::emulator) fn profiles(
    printer: &Printer,
    method: &Method,
    path: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Reply {
    let below = below_station(printer, path).unwrap_or_default();
    let name = below.strip_prefix("Profiles/");
    match name {
        None if below != "Profiles" => return Reply::status(404),
        Some(name) if !reads(printer, name) => return Reply::status(404),
        _ => {}
    }
    match (method, name) {
        (&(Method::GET | Method::HEAD), None) => Reply::document(printer, documents::profiles(printer)),
        (&(Method::GET | Method::HEAD), Some(_)) => Reply::document(printer, documents::profile(printer)),
        (&Method::PUT, Some(name)) if name == written_profile(printer) => join(printer, method, path, headers, body),
        _ => Reply::status(405),
    }
}

fn join(printer: &Printer, method: &Method, path: &str, headers: &HeaderMap, body: &[u8]) -> Reply {
    if let Some(refused) = refused(printer, method, path, headers) {
        return refused;
    }
    if !is_xml(headers) {
        return Reply::status(415);
    }
    let Some((profile, word)) = request::profile(body, documents::security) else {
        return Reply::status(400);
    };
    // What a scan has shown must be said in the same words.
    let around = printer.radio().around();
    let mut shown = around.iter().filter(|heard| heard.ssid == profile.ssid).peekable();
    if shown.peek().is_some() && !shown.any(|heard| documents::word(printer, heard.security) == word) {
        return Reply::status(400);
    }
    printer.radio().join(profile);
    done(printer)
}

/// What reading the PIN does besides.
pub(in crate::emulator) fn pin_was_read(printer: &Printer, pin: &str) {
    if printer.options().radio.enrolment == Enrolment::ByReading && !pin.is_empty() {
        printer.radio().enrol(Start::Pin(pin.into()));
    }
}
