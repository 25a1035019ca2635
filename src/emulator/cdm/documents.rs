//! What the printer says about itself, and the reports that it prints.

use serde_json::{Map, Value, json};
use tokio::time::sleep;

use super::super::ledm::Reply;
use super::super::printer::Printer;
use super::{ACCEPTING, Extent, Report, boolean, document_of, link, methods, number, refused, texts};

/// Service, version, and its resources.
const SERVICES: [(&str, u8, &str, &[&str]); 9] = [
    ("system", 1, "1.4.0", &["identity", "status"]),
    ("security", 1, "1.1.1", &["deviceAdminConfig"]),
    ("controlPanel", 1, "1.0.0", &["configuration"]),
    ("print", 1, "1.0.0", &["printModeConfiguration"]),
    ("alert", 1, "1.1.0", &["alerts"]),
    ("report", 1, "1.0.0", &["reports", "print"]),
    (
        "ioConfig",
        2,
        "2.1.0",
        &[
            "capabilities",
            "adapterConfigs",
            "wifiScan",
            "wirelessConfig",
            "wirelessConfig/constraints",
            "networkReset",
            "networkReset/constraints",
        ],
    ),
    ("remoteAuthentication", 1, "1.0.0", &["config", "pushbuttons", "tokens"]),
    ("oauth2", 1, "1.0.0", &["token"]),
];

/// `services[]` with `serviceGun`, `version` and `links[]` \[C\]. A resource that belongs to another, such as
/// `wifiScan/wifiNetworks` and each adapter, is not in it: what it belongs to leads there.
pub(super) fn discovery(printer: &Printer) -> Value {
    let services: Vec<Value> = SERVICES
        .iter()
        .filter_map(|(service, major, version, resources)| {
            let links: Vec<Value> = resources
                .iter()
                .filter_map(|resource| {
                    let path = format!("{service}/v{major}/{resource}");
                    let methods = methods(printer, &path);
                    (!methods.is_empty()).then(|| link(&format!("/cdm/{path}"), resource, methods))
                })
                .collect();
            let gun = format!("com.hp.cdm.service.{service}.version.{major}");
            (!links.is_empty()).then(|| json!({ "version": version, "serviceGun": gun, "links": links }))
        })
        .collect();
    json!({ "version": "1.1.0", "services": services })
}

/// Members of a Smart Tank 580-590 \[C\].
pub(super) fn identity(printer: &Printer) -> Value {
    let facts = printer.facts();
    let (firmware, date) = facts.firmware;
    json!({
        "version": "1.0.0",
        "deviceUuid": facts.uuid,
        "firmwareDateCode": date.replace('-', ""),
        "firmwareVersion": firmware,
        "makeAndModel": { "base": facts.product, "family": facts.product, "name": facts.product },
        "manufacturer": "HP",
        "productNumber": facts.product_number,
        "serialNumber": printer.serial(),
    })
}

/// `inPowerSave` is seen \[C\]; the other words are LEDM's \[I\].
pub(super) fn status(printer: &Printer) -> Value {
    json!({ "version": "1.0.0", "status": printer.status().last().copied().unwrap_or("ready") })
}

/// On an open model `passwordSet` was seen as true, and nothing asked for it \[C\].
pub(super) fn admin(printer: &Printer) -> Value {
    json!({
        "version": "1.1.1",
        "passwordByDefaultSupported": boolean(printer, true),
        "configuredByUser": boolean(printer, printer.options().radio.password.is_some()),
        "passwordSet": boolean(printer, true),
    })
}

/// What is told of what stands in the way: category \[C: HP's class for alerts\], stringId.
fn blocking(printer: &Printer) -> Option<(&'static str, i64)> {
    let other = printer.options().cdm.other_alerts;
    Some(match printer.blocked()? {
        "trayEmptyOrOpen" if other => ("emulatedTray", 66_001),
        "closeDoorOrCover" if other => ("emulatedCover", 66_002),
        _ if other => ("emulatedTrouble", 66_003),
        "trayEmptyOrOpen" => ("trayEmpty", 65_571),
        "closeDoorOrCover" => ("doorOpen", 65_545),
        "jamInPrinter" => ("jamInPrinter", 65_558),
        "initializing" => ("engineInitializing", 65_540),
        _ => ("printerError", 65_550),
    })
}

/// There is always one that is mere information \[C, genuineHPsupply\].
pub(super) fn alerts(printer: &Printer) -> Value {
    let alert = |id: i64, category: &str, severity: &str, priority: i64, string: i64| {
        json!({
            "id": number(printer, id),
            "category": category,
            "sequenceNum": number(printer, 1),
            "severity": severity,
            "priority": number(printer, priority),
            "stringId": number(printer, string),
        })
    };
    let mut alerts = vec![alert(31_719_425, "genuineHPsupply", "information", 400, 66_020)];
    if let Some((category, string)) = blocking(printer) {
        let severity = if printer.options().cdm.other_alerts { "critical" } else { "error" };
        alerts.push(alert(31_719_500, category, severity, 100, string));
    }
    json!({ "version": "1.1.0", "alerts": alerts })
}

fn all(printer: &Printer) -> &'static [Report] {
    match printer.facts().cdm {
        Some(facts) if !facts.hybrid => facts.reports,
        Some(facts) if matches!(printer.options().cdm.extent, Extent::Reports | Extent::Network) => facts.reports,
        _ => &[],
    }
}

/// The version of every report. It is not the document's \[C that each has its own; that they differ I\].
const REPORT_VERSION: &str = "1.0.1";

pub(super) fn reports(printer: &Printer) -> Value {
    let reports: Vec<Value> = all(printer)
        .iter()
        .map(|report| {
            json!({
                "version": REPORT_VERSION,
                "reportId": report.id,
                "localizedName": report.name,
                "category": report.category,
                "printable": boolean(printer, report.printable),
            })
        })
        .collect();
    let link = link("/cdm/report/v1/print", "print", &["get", "patch"]);
    json!({ "version": "1.0.0", "reports": reports, "links": [link] })
}

/// State and what became of the last one \[C\].
pub(super) fn printing(printer: &Printer) -> Value {
    let memory = printer.cdm().memory();
    let processing = memory.accepting || printer.is_printing();
    let mut document = json!({ "version": "1.0.0", "state": if processing { "processing" } else { "idle" } });
    if let (Some((id, failed)), Some(document)) = (memory.report, document.as_object_mut()) {
        document.insert("reportId".to_owned(), id.into());
        if !processing {
            let result = if failed.is_some() { "failure" } else { "success" };
            document.insert("lastResult".to_owned(), result.into());
        }
        if let (false, Some(reason)) = (processing, failed) {
            document.insert("failureReason".to_owned(), reason.into());
        }
    }
    document
}

/// `PATCH report/v1/print` \[C: its three members, from the device's own web pages\].
pub(super) async fn print(printer: &Printer, body: &Map<String, Value>) -> Reply {
    let Some([version, id, state]) = texts(body, ["version", "reportId", "state"]) else { return refused(400) };
    let report = all(printer).iter().find(|report| report.id == id);
    let Some(report) = report.filter(|_| version == REPORT_VERSION && state == "processing") else {
        return refused(400);
    };
    {
        let mut memory = printer.cdm().memory();
        if memory.accepting || printer.is_printing() {
            // [C, with this body]
            let busy = json!({
                "version": "1.0.0",
                "errors": [{ "code": "busy", "message": "Resource is busy" }],
                "httpStatusCode": 409,
            });
            return document_of(printer, 409, &busy);
        }
        memory.report = Some((report.id, None));
        memory.accepting = true;
    }
    sleep(ACCEPTING).await;
    // Paper is waited for; a defect is not.
    let broken = printer.blocked().filter(|reason| *reason == "hardError");
    let mut pages = printer.watch_pages();
    let before = pages.borrow().len();
    let printed = broken.is_none() && printer.print(report.id);
    {
        let mut memory = printer.cdm().memory();
        memory.accepting = false;
        if !printed {
            memory.report = Some((report.id, Some(broken.unwrap_or("busy"))));
        }
    }
    if printed && printer.options().cdm.waits_for_page {
        let _gone = pages.wait_for(|pages| pages.len() > before).await;
    }
    Reply { status: 204, ..refused(204) }
}
