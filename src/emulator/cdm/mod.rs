//! HP's CDM as the printer serves it: JSON below `/cdm`. Shapes after captures of a Smart Tank 580-590 and HPLIP's
//! requests \[C\]; values are our own.
//!
//! Strict in what it receives: a body that is not exactly what is known to work is 400 without a body \[C\], a method
//! that no hint names is 405 with `Allow` \[C\], a path of another version is 404 \[C\].
//!
//! ```text
//! http ─ cdm ┬ access      who may: tokens by button, label and password
//!            ├ documents   what it says about itself, reports
//!            └ network     adapters, scan, profile, reset ─ dyn Radio
//! ```

mod access;
mod documents;
mod network;
mod options;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use hyper::{HeaderMap, Method};
use serde_json::{Map, Value, json};

use super::faults::Resource;
use super::ledm::Reply;
use super::printer::Printer;
use super::radio::Heard;

pub use options::{Booleans, Extent, Options, Reset, Unknown, Wants, Ways};

/// The PIN on the label of every model that has one. It lets in; it is not a WPS PIN \[C\].
pub const LABEL_PIN: &str = "24681357";

/// From a report's request until it is accepted. On hardware 3.1 s were measured \[C\].
const ACCEPTING: Duration = Duration::from_secs(1);

/// A page that it prints about itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Report {
    pub id: &'static str,
    pub name: &'static str,
    /// `status`, or `service` for what is maintenance.
    pub category: &'static str,
    pub printable: bool,
}

const fn status(id: &'static str, name: &'static str) -> Report {
    Report { id, name, category: "status", printable: true }
}

const fn service(id: &'static str, name: &'static str, printable: bool) -> Report {
    Report { id, name, category: "service", printable }
}

/// What a model has of CDM.
#[derive(Debug)]
pub(super) struct Facts {
    pub reports: &'static [Report],
    /// It has LEDM as well, and little of this.
    pub hybrid: bool,
    /// Writes want a token.
    pub token: bool,
    /// Documents come zipped though nobody asked \[C, Smart Tank 580-590 over its network\].
    pub zips: bool,
}

/// Pure CDM, and nobody is asked who he is \[C, Smart Tank 580-590\].
pub(super) static OPEN: Facts = Facts { reports: &REPORTS, hybrid: false, token: false, zips: true };
/// Pure CDM with token authentication \[C, HPLIP\].
pub(super) static TOKEN: Facts = Facts { reports: &OFFICE_REPORTS, hybrid: false, token: true, zips: false };
/// A printer with LEDM and a few documents here \[C, Smart Tank 750\].
pub(super) static HYBRID: Facts = Facts { reports: &REPORTS, hybrid: true, token: false, zips: false };

/// Those of a Smart Tank 580-590 \[C\], a few left out.
static REPORTS: [Report; 9] = [
    service("alignmentPage", "Alignment Page", true),
    service("cleaningPage", "Cleaning Page", false),
    service("cleaningVerificationPage", "Cleaning Verification Page", true),
    status("configurationReport", "Printer Status Report"),
    status("diagnosticsReport", "Diagnostics Report"),
    status("networkConfigurationReport", "Network Configuration Report"),
    status("networkSummaryPage", "Network Summary Page"),
    status("wirelessNetworkPage", "Wireless Test Page"),
    status("wifiDirectGuide", "WiFi Direct Guide"),
];

/// Fewer, and none of the wireless ones \[I\].
static OFFICE_REPORTS: [Report; 4] = [
    service("cleaningPage", "Cleaning Page", true),
    status("configurationReport", "Configuration Report"),
    status("networkSummaryPage", "Network Summary"),
    status("eventLog", "Event Log"),
];

/// What CDM remembers.
#[derive(Default)]
pub(super) struct State(Mutex<Memory>);

#[derive(Default)]
struct Memory {
    /// What the last report was, and what kept it from coming out.
    report: Option<(&'static str, Option<&'static str>)>,
    /// A report has been asked for and not been accepted yet.
    accepting: bool,
    /// A scan that was asked for: how often it could have been over.
    scan: Option<u8>,
    heard: Vec<Heard>,
    access: access::Memory,
    resets: u32,
}

impl State {
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody presses the lit button; `false` where none is lit.
    pub(super) fn press(&self) -> bool {
        self.memory().access.press()
    }

    /// How often the network was reset.
    pub(super) fn resets(&self) -> u32 {
        self.memory().resets
    }
}

/// Whether a path belongs here, on this model.
pub(super) fn has(printer: &Printer, path: &str) -> bool {
    printer.facts().cdm.is_some() && path.starts_with("/cdm/")
}

/// Which resource a request is for, for faults.
pub(super) fn resource(printer: &Printer, method: &Method, path: &str) -> Option<Resource> {
    let path = has(printer, path).then(|| path.strip_prefix("/cdm/")).flatten()?;
    let reads = matches!(*method, Method::GET | Method::HEAD);
    Some(match path {
        "servicesDiscovery" => Resource::Discovery,
        "report/v1/reports" => Resource::Capabilities,
        "report/v1/print" => Resource::Print,
        "alert/v1/alerts" | "system/v1/status" => Resource::Status,
        "system/v1/identity" => Resource::Config,
        "ioConfig/v2/capabilities" => Resource::Manifest,
        "ioConfig/v2/wirelessConfig" if reads => Resource::Profiles,
        "ioConfig/v2/wirelessConfig" => Resource::Join,
        "ioConfig/v2/networkReset" => Resource::Reset,
        _ if path.starts_with("ioConfig/v2/wifiScan") => Resource::Scan,
        _ if path.starts_with("ioConfig/v2/adapterConfigs") && reads => Resource::Adapters,
        _ if path.starts_with("ioConfig/v2/adapterConfigs") => Resource::Power,
        _ if path.starts_with("remoteAuthentication/") || path.starts_with("oauth2/") => Resource::Tokens,
        _ => Resource::Other,
    })
}

/// The methods that a path takes; none where there is no such path.
fn methods(printer: &Printer, path: &str) -> &'static [&'static str] {
    let Some(facts) = printer.facts().cdm else { return &[] };
    let extent = if facts.hybrid { Some(printer.options().cdm.extent) } else { None };
    let reports = matches!(extent, None | Some(Extent::Reports | Extent::Network));
    let network = matches!(extent, None | Some(Extent::Network));
    let reset = printer.options().cdm.reset;
    match path {
        "servicesDiscovery" if extent != Some(Extent::Undiscovered) => &["get"],
        "system/v1/identity" | "system/v1/status" | "security/v1/deviceAdminConfig" => &["get"],
        "controlPanel/v1/configuration" | "print/v1/printModeConfiguration" if facts.hybrid => &["get"],
        "alert/v1/alerts" | "report/v1/reports" if reports => &["get"],
        "report/v1/print" if reports => &["get", "patch"],
        "ioConfig/v2/capabilities" | "ioConfig/v2/adapterConfigs" | "ioConfig/v2/wifiScan/wifiNetworks" if network => {
            &["get"]
        }
        "ioConfig/v2/wifiScan" if network => &["get", "patch"],
        "ioConfig/v2/wirelessConfig" if network => &["get", "put", "patch"],
        "ioConfig/v2/wirelessConfig/constraints" if network => &["get"],
        "ioConfig/v2/networkReset" if network => match reset {
            Reset::Patch | Reset::Choice | Reset::Unexplained => &["patch"],
            Reset::Put => &["get", "put"],
            Reset::Missing => &[],
        },
        "ioConfig/v2/networkReset/constraints" if network && !matches!(reset, Reset::Unexplained | Reset::Missing) => {
            &["get"]
        }
        "remoteAuthentication/v1/config" if facts.token => &["get"],
        "remoteAuthentication/v1/pushbuttons" | "remoteAuthentication/v1/tokens" | "oauth2/v1/token" if facts.token => {
            &["post"]
        }
        _ if network => match network::below_station(printer, path) {
            Some("") => &["get", "patch"],
            Some("/constraints") => &["get"],
            _ => &[],
        },
        _ => &[],
    }
}

/// What the printer answers.
pub(super) async fn answer(printer: &Printer, method: &Method, path: &str, headers: &HeaderMap, body: &[u8]) -> Reply {
    let own = printer.options().documents.get(path);
    let path = path.strip_prefix("/cdm/").unwrap_or_default();
    let methods = methods(printer, path);
    if methods.is_empty() {
        return refused(404);
    }
    let reads = matches!(*method, Method::GET | Method::HEAD);
    let asked = if reads { "get".to_owned() } else { method.as_str().to_ascii_lowercase() };
    if !methods.contains(&asked.as_str()) {
        let allow = methods.join(", ").to_ascii_uppercase();
        return Reply { headers: vec![("Allow", allow)], ..refused(405) };
    }
    if let Some(status) = access::refused(printer, path, !reads, headers) {
        return refused(status);
    }
    if reads {
        return match own {
            Some(text) => of_json(printer, 200, text.clone()),
            None => match read(printer, path) {
                Some(document) => document_of(printer, 200, &document),
                None => refused(404),
            },
        };
    }
    let kind = headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if kind.split(';').next().map(str::trim) != Some("application/json") {
        return refused(415);
    }
    let Ok(Value::Object(body)) = serde_json::from_slice(body) else { return refused(400) };
    match path {
        "report/v1/print" => documents::print(printer, &body).await,
        "ioConfig/v2/wifiScan" => network::scan(printer, &body),
        "ioConfig/v2/wirelessConfig" => network::join(printer, *method == Method::PUT, body),
        "ioConfig/v2/networkReset" => network::reset(printer, &body),
        "remoteAuthentication/v1/pushbuttons" => access::button(printer, &body).await,
        "remoteAuthentication/v1/tokens" => access::token(printer, &body),
        "oauth2/v1/token" => access::password(printer, &body),
        _ => network::power(printer, &body),
    }
}

fn read(printer: &Printer, path: &str) -> Option<Value> {
    Some(match path {
        "servicesDiscovery" => documents::discovery(printer),
        "system/v1/identity" => documents::identity(printer),
        "system/v1/status" => documents::status(printer),
        "security/v1/deviceAdminConfig" => documents::admin(printer),
        "alert/v1/alerts" => documents::alerts(printer),
        "report/v1/reports" => documents::reports(printer),
        "report/v1/print" => documents::printing(printer),
        "controlPanel/v1/configuration" => json!({ "version": "1.0.0", "language": "en-US" }),
        "print/v1/printModeConfiguration" => {
            json!({ "version": "1.0.0", "quietPrintModeEnabled": boolean(printer, false) })
        }
        "remoteAuthentication/v1/config" => access::config(printer),
        _ => return network::read(printer, path),
    })
}

/// A status without a body \[C\].
fn refused(status: u16) -> Reply {
    let headers = if status == 401 { vec![("WWW-Authenticate", "Bearer".to_owned())] } else { Vec::new() };
    Reply { status, headers, body: Bytes::new() }
}

fn of_json(printer: &Printer, status: u16, text: String) -> Reply {
    let headers = vec![("Server", printer.facts().server.to_owned()), ("Content-Type", "application/json".to_owned())];
    Reply { status, headers, body: text.into() }
}

fn document_of(printer: &Printer, status: u16, document: &Value) -> Reply {
    of_json(printer, status, document.to_string())
}

/// Whether a reply comes zipped though nobody asked.
pub(super) fn zips(printer: &Printer, reply: &Reply) -> bool {
    printer.facts().cdm.is_some_and(|facts| facts.zips) && !printer.options().cdm.plain && is_json(reply)
}

/// Whether a reply is one of ours.
pub(super) fn is_json(reply: &Reply) -> bool {
    reply.headers.iter().any(|(name, value)| *name == "Content-Type" && value == "application/json")
}

/// As this printer writes booleans.
fn boolean(printer: &Printer, value: bool) -> Value {
    match (printer.options().cdm.booleans, value) {
        (Booleans::Text, true) => "true".into(),
        (Booleans::Text, false) => "false".into(),
        (Booleans::Words, true) => "enabled".into(),
        (Booleans::Words, false) => "disabled".into(),
        (Booleans::Json, value) => value.into(),
    }
}

/// As this printer writes numbers.
fn number(printer: &Printer, value: i64) -> Value {
    if printer.options().cdm.text_numbers { value.to_string().into() } else { value.into() }
}

/// The texts of exactly these members; `None` where one is missing, no text, or more are there.
fn texts<'a, const N: usize>(body: &'a Map<String, Value>, names: [&str; N]) -> Option<[&'a str; N]> {
    if body.len() != N {
        return None;
    }
    let mut all = [""; N];
    for (place, name) in all.iter_mut().zip(names) {
        *place = body.get(name)?.as_str()?;
    }
    Some(all)
}

/// A link as the report document has them \[C\].
fn link(href: &str, rel: &str, methods: &[&str]) -> Value {
    let hints: Vec<Value> = methods.iter().map(|method| json!({ "method": method })).collect();
    json!({ "href": href, "rel": rel, "hints": hints })
}

/// Constraints of some members: their legal values. Form of HP's class Validator \[C\].
fn constraints(of: &[(&str, &[Value])]) -> Value {
    let validators: Vec<Value> = of
        .iter()
        .map(|(name, values)| {
            let options: Vec<Value> = values.iter().map(|value| json!({ "seValue": value })).collect();
            json!({ "propertyPointer": name, "options": options })
        })
        .collect();
    json!({ "version": "1.0.0", "validators": validators })
}
