//! The Wi-Fi attributes, message by message.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::time::Duration;

use tokio::time::sleep;

use super::super::model::Model;
use super::super::options::Options;
use super::super::printer::Printer;
use super::super::radio::PASSPHRASE;
use super::attributes::{View, one};
use super::message::{Attribute, Group, Message, OPERATION, PRINTER, UNSUPPORTED, Value};
use super::operations::{Course, begin};

fn printer(model: Model, settings: &[&str]) -> Printer {
    let mut options = Options::default();
    for setting in settings {
        options.set(setting).unwrap();
    }
    Printer::new(model, options)
}

fn ask(printer: &Printer, code: u16, more: Vec<Attribute>, group: Vec<Attribute>) -> Message {
    let mut attributes = vec![
        one("attributes-charset", Value::Charset("utf-8".to_owned())),
        one("attributes-natural-language", Value::Language("en".to_owned())),
        one("printer-uri", Value::Uri("ipp://localhost/ipp/print".to_owned())),
    ];
    attributes.extend(more);
    let mut groups = vec![Group { tag: OPERATION, attributes }];
    if !group.is_empty() {
        groups.push(Group { tag: PRINTER, attributes: group });
    }
    let request = Message { version: (2, 0), code, request_id: 1, groups }.write();
    let view = View { printer, print: printer.facts().services.print.unwrap(), host: "localhost", fax: false };
    let Course::Answer(answer) = begin(view, &request, false).unwrap() else { panic!("a document?") };
    Message::read(&answer).unwrap()
}

fn set(printer: &Printer, ssid: &str, password: &str) -> Message {
    let attributes = vec![
        one("printer-wifi-ssid", Value::Name(ssid.to_owned())),
        one("printer-wifi-password", Value::Octets(password.as_bytes().to_vec())),
    ];
    ask(printer, 0x0013, Vec::new(), attributes)
}

/// Name, state and printer-uri-supported.
fn shown(printer: &Printer) -> (String, i32, usize) {
    let answer = ask(printer, 0x000b, Vec::new(), Vec::new());
    let group = &answer.groups[1];
    let Value::Enum(state) = group.get("printer-wifi-state").unwrap().values[0] else { panic!() };
    let uris = group.get("printer-uri-supported").unwrap().values.len();
    assert_eq!(group.get("uri-security-supported").unwrap().values.len(), uris);
    assert_eq!(group.get("uri-authentication-supported").unwrap().values.len(), uris);
    assert!(group.get("printer-wifi-password").is_none());
    (group.text("printer-wifi-ssid").unwrap().to_owned(), state, uris)
}

fn reasons(printer: &Printer) -> Vec<String> {
    let answer = ask(printer, 0x000b, Vec::new(), Vec::new());
    let reasons = &answer.groups[1].get("printer-state-reasons").unwrap().values;
    reasons.iter().map(|reason| reason.text().unwrap().to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn onto_a_network() {
    let printer = printer(Model::IppWifi, &["connected=no"]);
    assert_eq!(shown(&printer), (String::new(), 4, 1));
    assert_eq!(reasons(&printer), ["wifi-not-configured-report"]);
    assert_eq!(set(&printer, "Emulated Network", PASSPHRASE).code, 0);
    assert_eq!(shown(&printer), ("Emulated Network".to_owned(), 7, 1));
    sleep(Duration::from_millis(3500)).await;
    assert_eq!(shown(&printer), ("Emulated Network".to_owned(), 8, 1), "associated, no address yet");
    sleep(Duration::from_secs(3)).await;
    assert_eq!(shown(&printer), ("Emulated Network".to_owned(), 8, 2));
    assert_eq!(reasons(&printer), ["none"]);
    assert!(printer.requests().contains(&"SET printer-wifi-ssid printer-wifi-password".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn what_goes_wrong_shows_in_the_state() {
    for (settings, ssid, password, state) in [
        (&["connected=no"][..], "Emulated Network", "wrong passphrase", 6),
        (&["connected=no"], "Nobody's Network", PASSPHRASE, 5),
        (&["connected=no", "power=off"], "Emulated Network", PASSPHRASE, 3),
        (&["connected=no", "power=off", "ipp-set=switches-on"], "Emulated Network", PASSPHRASE, 8),
        (&["connected=no", "ipp-state=stays-joining"], "Emulated Network", PASSPHRASE, 7),
        (&["connected=no"], "Emulated Guests", "", 8),
    ] {
        let printer = printer(Model::IppWifi, settings);
        assert_eq!(set(&printer, ssid, password).code, 0, "{settings:?}");
        sleep(Duration::from_secs(10)).await;
        assert_eq!(shown(&printer).1, state, "{settings:?} {ssid}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_may_set_it() {
    for (model, settings, status) in [
        (Model::Inkjet, &[][..], 0x0413),
        (Model::Ipp, &[], 0x0413),
        (Model::IppWifi, &[], 0),
        (Model::IppWifi, &["ipp-set=denied"], 0x0403),
        (Model::IppWifi, &["ipp-set=unsupported"], 0x040b),
        (Model::Ipp, &["ipp-set=initial-setup"], 0x0413),
        (Model::Ipp, &["ipp-set=initial-setup", "connected=no"], 0),
    ] {
        let printer = printer(model, settings);
        let answer = set(&printer, "Emulated Guests", "");
        assert_eq!(answer.code, status, "{model:?} {settings:?}");
        if status == 0x0413 {
            assert_eq!(answer.groups[1].tag, UNSUPPORTED);
            assert_eq!(answer.groups[1].attributes[0], one("printer-wifi-ssid", Value::NOT_SETTABLE));
        }
    }
    let printer = printer(Model::IppWifi, &[]);
    for (name, value, status) in [
        ("printer-wifi-ssid", Value::Keyword("Emulated-Guests".to_owned()), 0x040b),
        ("printer-wifi-ssid", Value::Name("x".repeat(33)), 0x040b),
        ("printer-wifi-password", Value::Name(PASSPHRASE.to_owned()), 0x040b),
        ("printer-wifi-password", Value::Octets(PASSPHRASE.into()), 0x040e),
        ("printer-wifi-state", Value::Enum(8), 0x0413),
        ("printer-location", Value::Text("here".to_owned()), 0),
    ] {
        assert_eq!(ask(&printer, 0x0013, Vec::new(), vec![one(name, value)]).code, status, "{name}");
    }
    assert_eq!(ask(&printer, 0x0013, Vec::new(), Vec::new()).code, 0x0400);
}

#[tokio::test(start_paused = true)]
async fn variants_of_what_is_shown() {
    let list = |printer: &Printer, name: &str| {
        let answer = ask(printer, 0x000b, Vec::new(), Vec::new());
        let values = answer.groups[1].get(name).map(|list| list.values.clone()).unwrap_or_default();
        values.iter().map(|value| value.text().unwrap().to_owned()).collect::<Vec<_>>().join(" ")
    };
    let settable = |printer: &Printer| list(printer, "printer-settable-attributes-supported");
    assert_eq!(settable(&printer(Model::Inkjet, &[])), "none");
    assert!(settable(&printer(Model::IppWifi, &[])).ends_with("printer-wifi-password printer-wifi-ssid"));
    assert_eq!(settable(&printer(Model::IppWifi, &["ipp-set=initial-setup"])), "");
    let short = printer(Model::IppWifi, &["ipp-list=short"]);
    assert_eq!(settable(&short), "");
    assert!(list(&short, "printer-settable-attributes").contains("printer-wifi-ssid"));

    assert_eq!(shown(&printer(Model::IppWifi, &["ipp-address=never"])).2, 1);
    assert_eq!(shown(&printer(Model::Ipp, &[])).2, 1);
    assert_eq!(shown(&printer(Model::Ipp, &["ipp-address=always"])).2, 2);
    assert_eq!(shown(&printer(Model::IppWifi, &["connected=no", "impostor=ethernet"])), (String::new(), 4, 2));

    let shy = printer(Model::IppWifi, &["connected=no", "ipp-state=name-when-on"]);
    set(&shy, "Emulated Network", PASSPHRASE);
    assert_eq!(shown(&shy).0, "");
    let late = printer(Model::IppWifi, &["connected=no", "ipp-state=addressed"]);
    set(&late, "Emulated Network", PASSPHRASE);
    sleep(Duration::from_millis(3500)).await;
    assert_eq!((shown(&late).1, shown(&shy).0), (7, "Emulated Network".to_owned()));
}

#[tokio::test]
async fn it_shows_itself() {
    let printer = printer(Model::Ipp, &[]);
    let ask = |actions: &[&str]| {
        let actions: Vec<Value> = actions.iter().map(|action| Value::Keyword((*action).to_owned())).collect();
        let actions = (!actions.is_empty()).then(|| Attribute::new("identify-actions", actions));
        ask(&printer, 0x003c, actions.into_iter().collect(), Vec::new()).code
    };
    assert_eq!((ask(&[]), ask(&["sound"]), ask(&["display"])), (0, 0, 0x040b));
    assert_eq!(printer.requests(), ["IDENTIFY flash", "IDENTIFY sound"]);
}
