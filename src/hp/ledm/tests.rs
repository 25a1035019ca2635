//! The calls, as transcripts: what goes to the printer, and what it answers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::time::Duration;

use super::address::Address;
use super::testing::{Script, fixture};
use super::*;
use crate::blame::Party;
use crate::usb;
use crate::wps::pin;

fn laserjet() -> Adapters {
    adapters::parse(&fixture("adapters-laserjet.xml")).unwrap()
}

const DYN: &str = "POST /DevMgmt/InternalPrintDyn.xml InternalPrintDyn/networkSummary";
const CAP: &str = "POST /DevMgmt/InternalPrintDyn.xml InternalPrintCap/networkSummary";

async fn print(script: &Script) -> Result<(), Error> {
    let printed = script.ledm().print(&internal_print::default_job_url(), Printable::NetworkSummary).await;
    script.is_over();
    printed
}

#[tokio::test]
async fn a_probe_reads_and_never_writes() {
    let script = Script::default()
        .answers("GET /DevMgmt/DiscoveryTree.xml", 200, fixture("discovery-tree.xml"))
        .answers("GET /DevMgmt/ProductConfigDyn.xml", 200, fixture("product-config.xml"))
        .answers("GET /DevMgmt/InternalPrintCap.xml", 200, fixture("internal-print-cap.xml"))
        .answers("GET /DevMgmt/ProductStatusDyn.xml", 200, fixture("product-status-photo-tray.xml"))
        .answers("GET /IoMgmt/Adapters", 200, fixture("adapters-laserjet.xml"));
    let ledm = script.ledm();
    assert!(ledm.discovery().await.unwrap().unwrap().serves("hpLedmIoMgmt"));
    assert_eq!(ledm.product_config().await.unwrap().unwrap().serial_number, "EX00000042");
    assert!(ledm.internal_print().await.unwrap().unwrap().offers(Printable::NetworkSummary));
    assert!(ledm.product_status().await.unwrap().ready());
    assert!(ledm.adapters().await.unwrap().station().is_some());
    script.is_over();
}

#[tokio::test]
async fn what_is_not_there_and_what_is_not_to_be_had() {
    for absent in [404, 405, 410, 501] {
        let script = Script::default().answers("GET /DevMgmt/DiscoveryTree.xml", absent, "");
        assert_eq!(script.ledm().discovery().await, Ok(None), "{absent}");
    }
    let ask = |status, body: &'static str| {
        let script = Script::default().answers("GET /DevMgmt/ProductStatusDyn.xml", status, body);
        async move { script.ledm().product_status().await.unwrap_err() }
    };
    assert!(matches!(ask(404, "").await, Error::NotExposed { status: 404, .. }));
    assert_eq!(ask(401, "").await, Error::AuthRequired);
    assert!(matches!(ask(403, "").await, Error::Refused { status: 403, .. }));
    assert!(matches!(ask(500, "").await, Error::Refused { status: 500, .. }));
    assert!(matches!(ask(302, "").await, Error::Refused { status: 302, .. }));
    let login = ask(200, "<html/>").await;
    assert_eq!(login.to_string(), "the printer's product status can't be used: it is not a ProductStatusDyn document");
    assert_eq!(login.whose(), Party::Printer);
}

#[tokio::test]
async fn every_success_is_one() {
    for taken in [200, 201, 202, 204] {
        assert_eq!(print(&Script::default().answers(DYN, taken, "")).await, Ok(()), "{taken}");
    }
    let working = http::Error::StillWorking { after: Duration::ZERO };
    assert_eq!(print(&Script::default().fails(DYN, working)).await, Ok(()));
}

#[tokio::test]
async fn the_other_form_is_tried_at_400_and_only_then() {
    assert_eq!(print(&Script::default().answers(DYN, 400, "").answers(CAP, 201, "")).await, Ok(()));
    let neither = print(&Script::default().answers(DYN, 400, "").answers(CAP, 400, "")).await;
    assert!(matches!(neither, Err(Error::Refused { status: 400, .. })));
    for (status, expected) in [
        (401, Error::AuthRequired),
        (403, Error::Refused { resource: "internal page", status: 403 }),
        (404, Error::NotExposed { resource: "internal page", status: 404 }),
        (405, Error::NotExposed { resource: "internal page", status: 405 }),
        (500, Error::Refused { resource: "internal page", status: 500 }),
        (503, Error::Busy),
    ] {
        assert_eq!(print(&Script::default().answers(DYN, status, "")).await, Err(expected));
    }
}

#[tokio::test]
async fn a_print_that_may_have_been_taken_says_so_and_is_not_sent_again() {
    for error in [
        http::Error::NoAnswer { after: Duration::from_secs(60) },
        http::Error::Truncated,
        http::Error::Usb(usb::Error::Gone),
    ] {
        assert_eq!(print(&Script::default().fails(DYN, error.clone())).await, Err(Error::Uncertain(error)));
    }
    for error in [http::Error::ClaimedElsewhere, http::Error::Closed] {
        assert_eq!(print(&Script::default().fails(DYN, error.clone())).await, Err(Error::Http(error)));
    }
    let busy = http::Error::StillBusy { after: Duration::ZERO };
    assert_eq!(print(&Script::default().fails(DYN, busy)).await, Err(Error::Busy));
}

#[tokio::test]
async fn the_pin_is_asked_for_once_at_the_path_that_the_printer_gave() {
    const PIN: &str = "GET /IoMgmt/Adapters/wifi0/WPS/Pin";
    let adapters = laserjet();
    let station = adapters.station().unwrap();

    let script = Script::default().answers(PIN, 200, fixture("wps-pin.xml"));
    assert_eq!(script.ledm().wps_pin(station).await.unwrap().expose(), "00000017");
    script.is_over();

    for (status, body, expected) in [
        (404, "", Error::NotExposed { resource: "WPS PIN resource", status: 404 }),
        (405, "", Error::NotExposed { resource: "WPS PIN resource", status: 405 }),
        (401, "", Error::AuthRequired),
        (503, "", Error::Busy),
        (200, "<WpsSession/>", Error::NoPin),
        (200, "<WpsSession><WpsPin>12345678</WpsPin></WpsSession>", Error::Pin(pin::Error::Checksum)),
    ] {
        let script = Script::default().answers(PIN, status, body);
        assert_eq!(script.ledm().wps_pin(station).await.unwrap_err(), expected);
        script.is_over();
    }
}

#[tokio::test]
async fn the_access_point_is_not_asked_for_a_pin() {
    let adapters = laserjet();
    let access_point = adapters.adapters.iter().find(|adapter| adapter.is_access_point()).unwrap();
    assert!(matches!(Script::default().ledm().wps_pin(access_point).await, Err(Error::NotExposed { .. })));
}

#[tokio::test]
async fn addresses_come_from_the_first_document_that_has_them() {
    const PROTOCOLS: &str = "GET /IoMgmt/Adapters/wifi0/Protocols";
    const ACTIVE: &str = "GET /IoMgmt/Adapters/wifi0/Profiles/Active";
    const IO_CONFIG: &str = "GET /DevMgmt/IOConfigDyn.xml";
    let adapters = laserjet();
    let station = adapters.station().unwrap();
    let ip = |addresses: Vec<Address>| addresses.iter().map(|address| address.ip.to_string()).collect::<Vec<_>>();

    let inkjet = Script::default().answers(PROTOCOLS, 200, fixture("protocols.xml"));
    assert_eq!(ip(inkjet.ledm().addresses(station).await.unwrap()), ["192.0.2.7"]);
    inkjet.is_over();

    let without_protocols =
        Script::default().answers(PROTOCOLS, 500, "").answers(ACTIVE, 200, fixture("profile-active.xml"));
    assert_eq!(ip(without_protocols.ledm().addresses(station).await.unwrap()), ["192.0.2.7"]);
    without_protocols.is_over();

    let laserjet = Script::default().answers(PROTOCOLS, 404, "").answers(ACTIVE, 200, "not XML").answers(
        IO_CONFIG,
        200,
        fixture("io-config.xml"),
    );
    assert_eq!(ip(laserjet.ledm().addresses(station).await.unwrap()), ["192.0.2.7"]);
    laserjet.is_over();

    let silent = Script::default().answers(PROTOCOLS, 404, "").answers(ACTIVE, 404, "").answers(IO_CONFIG, 401, "");
    assert_eq!(ip(silent.ledm().addresses(station).await.unwrap()), [""; 0]);
    silent.is_over();

    let gone = Script::default().fails(PROTOCOLS, http::Error::Usb(usb::Error::Gone));
    assert_eq!(gone.ledm().addresses(station).await, Err(Error::Http(http::Error::Usb(usb::Error::Gone))));
}

#[tokio::test]
async fn documents_are_read_from_a_closed_list() {
    use super::documents::{Answer, Resource, learn, written};
    use super::redact::Redactor;

    let script = Script::default()
        .answers("GET /DevMgmt/DiscoveryTree.xml", 200, fixture("discovery-tree.xml"))
        .answers("GET /DevMgmt/InternalPrintCap.xml", 200, "{\"pin\": \"76543210\"}")
        .answers("GET /DevMgmt/InternalPrintManifest.xml", 404, "76543210")
        .answers("GET /DevMgmt/ProductConfigDyn.xml", 200, "<A><SerialNumber>Zebra</SerialNumber></A>")
        .answers("GET /DevMgmt/ProductStatusDyn.xml", 401, "76543210")
        .answers("GET /IoMgmt/IoMgmtManifest.xml", 200, "<A><JobType>myZEBRA</JobType></A>")
        .fails("GET /IoMgmt/IoMgmtCap.xml", http::Error::Truncated)
        .answers("GET /IoMgmt/Adapters", 200, fixture("adapters-laserjet.xml"));
    let mut answers = Vec::new();
    for resource in Resource::ALL {
        assert!(!resource.path().contains("WPS") && !resource.path().contains("Profile"));
        let answer = script.ledm().document(resource).await;
        answers.push((resource, answer.unwrap_or_else(|error| Answer::Other(error.to_string()))));
    }
    script.is_over();
    let mut redactor = Redactor::default();
    learn(&mut redactor, &answers);
    let texts: Vec<String> = written(&redactor, answers).into_iter().map(|(_, text)| text).collect();
    assert!(texts[0].contains("/IoMgmt/IoMgmtManifest.xml"), "{}", texts[0]);
    assert!(texts[1].starts_with("HTTP 200, of no stated type, 19 bytes, left out"), "{}", texts[1]);
    assert!(texts[2].starts_with("HTTP 404"), "{}", texts[2]);
    assert_eq!(texts[4], "HTTP 401, of no stated type, 8 bytes, left out");
    assert_eq!(texts[5], "<A>\n  <JobType>[private]</JobType>\n</A>\n");
    assert_eq!(texts[6], "the printer's answer stopped in the middle");
    assert!(texts.iter().all(|text| !text.to_lowercase().contains("zebra") && !text.contains("76543210")), "{texts:?}");
}
