#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::super::escl::Scanner;
use super::*;
use crate::agent::view::{Mode, State, Transport};
use crate::printer::identity::PrinterId;
use crate::usb::Address;

fn printer() -> PrinterView {
    PrinterView {
        id: PrinterId::from_text("03f0_7712_cn1").unwrap(),
        manufacturer: "HP".into(),
        model: "ENVY 5000 series".into(),
        serial_number: "CN1".into(),
        uuid: String::new(),
        vendor_id: 0x03f0,
        product_id: 0x7712,
        address: Address { bus: 1, device: 4 },
        state: State::Ready,
        state_reason: String::new(),
        mode: Mode::Driverless,
        transport: Transport::Usb,
        capabilities: BTreeMap::default(),
        reports: Vec::new(),
        wifi: None,
        wps: None,
        addresses: None,
        current_job: None,
        quirks: Default::default(),
    }
}

fn said() -> Description {
    let list = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    Description {
        dns_sd_name: Some("HP ENVY 5000 series [AABBCC]".into()),
        make_and_model: Some("HP ENVY 5000 series".into()),
        location: Some("in the \u{1b}[31mstudy".into()),
        device_id: Some("MFG:HP;MDL:ENVY 5000 series;CMD:PCL3GUI,PJL;URF:CP1,MT1;".into()),
        uuid: Some("1c852a4d-b800-1f08-abcd-3c2c30aa02d5".into()),
        more_info: Some("https://192.0.2.1:443/#hId-pgInfo".into()),
        icon: Some("http://localhost/icon.png".into()),
        kinds: list(&["document", "photo"]),
        formats: list(&["application/pdf", "image/urf"]),
        mopria: Some("1.3".into()),
        color: Some(true),
        duplex: Some(true),
        largest: Some((21_590, 35_560)),
        ..Description::default()
    }
}

fn facts(print: Answer<Description>) -> Facts {
    Facts { print, fax: Answer::No, scan: Answer::No }
}

/// Type and TXT of each service.
fn published(facts: &Facts) -> BTreeMap<&'static str, BTreeMap<String, String>> {
    let pair = |string: &Vec<u8>| {
        let string = String::from_utf8(string.clone()).unwrap();
        let (key, value) = string.split_once('=').unwrap();
        (key.to_owned(), value.to_owned())
    };
    services(&printer(), 2, 60001, facts)
        .iter()
        .map(|service| (service.kind, service.txt.iter().map(pair).collect()))
        .collect()
}

fn txt(record: &BTreeMap<String, String>) -> Vec<String> {
    record.iter().map(|(key, value)| format!("{key}={value}")).collect()
}

#[test]
fn a_printer_is_published_as_ipp_usb_publishes_it() {
    let services = published(&facts(Answer::Said(said())));
    assert_eq!(
        services.keys().copied().collect::<Vec<_>>(),
        ["_http._tcp", "_ipp-usb._tcp", "_ipp._tcp", "_printer._tcp"]
    );
    assert_eq!(
        txt(&services["_ipp._tcp"]),
        [
            "Color=T",
            "Duplex=T",
            "Fax=F",
            "PaperMax=legal-A4",
            "Scan=F",
            "URF=CP1,MT1",
            "UUID=1c852a4d-b800-1f08-abcd-3c2c30aa02d5",
            "adminurl=http://localhost:60001/#hId-pgInfo",
            "air=none",
            "kind=document,photo",
            "mopria-certified=1.3",
            "note=in the [31mstudy",
            "pdl=application/pdf,image/urf",
            "priority=50",
            "product=(HP ENVY 5000 series)",
            "qtotal=1",
            "rp=ipp/print",
            "txtvers=1",
            "ty=HP ENVY 5000 series",
            "usb_CMD=PCL3GUI,PJL",
            "usb_HWID=03f0&7712",
            "usb_MDL=ENVY 5000 series",
            "usb_MFG=HP",
            "usb_SER=CN1",
        ]
    );
    assert_eq!(txt(&services["_printer._tcp"]), ["usb_HWID=03f0&7712", "usb_SER=CN1"]);
    assert!(services["_http._tcp"].is_empty());
}

#[test]
fn a_scanner_is_published_beside_it() {
    let scanner = Scanner {
        version: "2.63".into(),
        colors: BTreeSet::from(["grayscale", "color"]),
        formats: BTreeSet::from(["image/jpeg".into(), "application/pdf".into()]),
        platen: true,
        feeder: true,
        duplex: false,
        uuid: Some("URN:UUID:1C852A4DB8001F08ABCD3C2C30AA02D5".into()),
        admin: None,
        icon: None,
    };
    let mut known = facts(Answer::Said(Description { uuid: None, ..said() }));
    known.scan = Answer::Said(scanner);
    let services = published(&known);
    assert_eq!(services["_ipp._tcp"]["Scan"], "T");
    assert_eq!(
        txt(&services["_uscan._tcp"]),
        [
            "UUID=1c852a4d-b800-1f08-abcd-3c2c30aa02d5",
            "adminurl=http://localhost:60001/#hId-pgInfo",
            "cs=color,grayscale",
            "duplex=F",
            "is=platen,adf",
            "pdl=application/pdf,image/jpeg",
            "representation=http://localhost:60001/icon.png",
            "rs=eSCL",
            "txtvers=1",
            "ty=ENVY 5000 series",
            "usb_HWID=03f0&7712",
            "usb_SER=CN1",
            "vers=2.63",
        ]
    );
}

#[test]
fn the_bus_and_the_port_of_the_hub_name_the_device() {
    let services = services(&printer(), 0x1f, 60001, &facts(Answer::Said(said())));
    let one = |kind| services.iter().find(|service| service.kind == kind).unwrap();
    assert_eq!(one("_ipp-usb._tcp").instance.as_deref(), Some("011f"));
    assert_eq!((one("_printer._tcp").port, one("_ipp._tcp").port), (0, 60001));
    assert_eq!(one("_ipp._tcp").subtypes, ["_universal._sub._ipp._tcp"]);
}

#[test]
fn a_printer_that_does_not_answer_is_what_its_descriptors_say() {
    let services = published(&facts(Answer::Nothing));
    let record = &services["_ipp._tcp"];
    assert_eq!(record["ty"], "HP ENVY 5000 series");
    assert_eq!((record["usb_MFG"].as_str(), record["usb_MDL"].as_str()), ("HP", "ENVY 5000 series"));
    assert!(!record.contains_key("pdl") && !record.contains_key("UUID") && !record.contains_key("Color"));
}

#[test]
fn one_that_is_no_ipp_printer_leaves_the_device_to_other_drivers() {
    assert_eq!(published(&facts(Answer::No)).keys().copied().collect::<Vec<_>>(), ["_http._tcp"]);
}

#[test]
fn a_list_that_is_too_long_ends_with_a_whole_word() {
    let mut long = said();
    long.formats = (0..40).map(|n| format!("application/vnd.number-{n:02}")).collect();
    let services = published(&facts(Answer::Said(long)));
    let pdl = &services["_ipp._tcp"]["pdl"];
    assert!((230..=251).contains(&pdl.len()) && pdl.ends_with("-08"), "{pdl}");
}

#[test]
fn paper_has_the_class_of_the_largest_sheet() {
    let sizes = [(20_999, 29_700), (21_000, 29_700), (29_700, 42_000), (42_000, 59_400), (43_180, 59_400)];
    assert_eq!(sizes.map(paper), ["<legal-A4", "legal-A4", "tabloid-A3", "isoC-A2", ">isoC-A2"]);
}

proptest! {
    #[test]
    fn whatever_a_printer_says_fits_a_record(text in "\\PC{0,400}|[\\x00-\\x7f]{0,300}", url in "https?://[ -~]{0,300}") {
        let some = || Some(text.clone());
        let description = Description {
            dns_sd_name: some(), info: some(), make_and_model: some(), location: some(), device_id: some(),
            more_info: Some(url), icon: some(), mopria: some(),
            kinds: vec![text.clone(); 3], formats: vec![text.clone(); 9], urf: vec![text.clone()],
            ..Description::default()
        };
        for service in services(&printer(), 1, 60000, &facts(Answer::Said(description))) {
            for string in service.txt {
                prop_assert!(string.len() <= TXT);
                let string = String::from_utf8(string).unwrap();
                prop_assert!(!string.chars().any(char::is_control));
                if let Some(url) = string.strip_prefix("adminurl=") {
                    prop_assert!(url.starts_with("http://localhost:60000"), "{}", url);
                }
            }
        }
    }
}
