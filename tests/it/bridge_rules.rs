//! What the administrator wrote: who may do what through the bridge, and what is known of single models.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use plugprint::agent;
use plugprint::agent::view::State;
use plugprint::config::{Config, Rules};
use plugprint::emulator::{Model, Options, Printer};
use plugprint::printer::quirks::Book;
use plugprint::usb;

use crate::bridge_support::{Bridged, NOBODY, Reply, soon};
use crate::scene::{Scene, fault};

/// As a file says it.
fn rules(users: &str) -> Option<Rules> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plugprint.toml");
    std::fs::write(&file, format!("[users]\n{users}\n")).unwrap();
    let (config, complaints) = Config::load(&file, Path::new("/nonexistent")).unwrap();
    assert_eq!(complaints, []);
    config.rules
}

pub fn book(text: &str) -> Book {
    let (book, complaints) = Book::parse(Path::new("/etc/plugprint/quirks/own.conf"), text.as_bytes());
    assert_eq!(complaints, []);
    book
}

/// print, fax, scan, config: whether this user gets through to the printer.
async fn may(house: &Bridged, uid: u32) -> [bool; 4] {
    house.someone.is(uid);
    let post = |path: &str| {
        let body = "\u{2}\0\0\u{b}\0\0\0\u{1}\u{3}";
        format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/ipp\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let mut through = [false; 4];
    let requests =
        [post("/ipp/print"), post("/ipp/faxout"), get("/eSCL/ScannerStatus"), get("/DevMgmt/ProductStatusDyn.xml")];
    for (through, request) in through.iter_mut().zip(requests) {
        let before = house.asked().len();
        let reply = house.ask(&request).await;
        *through = house.asked().len() > before;
        assert_eq!(*through, reply.status != 403, "{request}: {}", reply.head);
    }
    through
}

#[tokio::test]
async fn each_user_may_what_the_rules_say_and_a_new_rule_counts_at_once() {
    let house = Bridged::new().await;
    assert_eq!(may(&house, 1001).await, [true; 4], "without rules everybody may");
    assert_eq!(may(&house, NOBODY).await, [true; 4]);

    house.rules.send_replace(rules("'print, fax' = '@lp'\nscan = '*'\nconfig = ['bertha', '1002']"));
    assert_eq!(may(&house, 1000).await, [true, true, true, false], "alice is in lp");
    assert_eq!(may(&house, 1001).await, [false, false, true, true], "bertha is not");
    assert_eq!(may(&house, 1002).await, [false, false, true, true], "one who has no name");
    assert_eq!(may(&house, 1003).await, [false, false, true, false]);
    assert_eq!(may(&house, NOBODY).await, [false, false, true, false], "who can't be told is refused");
    assert_eq!(may(&house, 0).await, [true; 4], "root could take the cable");

    house.rules.send_replace(rules("print = 'bertha'"));
    assert_eq!(may(&house, 1000).await, [false; 4]);
    assert_eq!(may(&house, 1001).await, [true, false, false, false]);
    house.rules.send_replace(None);
    assert_eq!(may(&house, 1000).await, [true; 4]);
    house.close().await;
}

#[tokio::test]
async fn no_rule_opens_what_is_protected() {
    let house = Bridged::new().await;
    house.rules.send_replace(rules("all = '*'"));
    let path = "/IoMgmt/Adapters/Wifi0/Profiles/Active";
    assert_eq!(house.get(path).await.status, 403);
    // Whom polkit let in needs no rule.
    house.rules.send_replace(rules("print = '@nobody'"));
    house.scene.handle.open_pages(house.id.clone(), 1000).await.unwrap();
    assert_eq!(house.get(path).await.status, 200);
    house.close().await;
}

#[tokio::test]
async fn what_a_quirk_switches_off_is_not_there() {
    let house = Bridged::knowing(book("[*DeskJet*]\ndisable-scan = true\n[03f0:*]\ndisable-fax = true\n")).await;
    for path in ["/eSCL/ScannerCapabilities", "/Scan/Status", "/ipp/faxout"] {
        let before = house.asked().len();
        assert_eq!(house.get(path).await.status, 404, "{path}");
        assert_eq!(house.asked().len(), before, "{path}");
    }
    assert_eq!(house.get("/DevMgmt/ProductStatusDyn.xml").await.status, 200);
    let quirks = &house.scene.view().printers[&house.id].quirks;
    assert_eq!(quirks["disable-scan"], "true (/etc/plugprint/quirks/own.conf:2)");
    assert_eq!(quirks["disable-fax"], "true (/etc/plugprint/quirks/own.conf:4)");
    house.close().await;
}

/// The first that is seen of a printer with these quirks that has come to a rest.
async fn seen(quirks: Book) -> agent::view::PrinterView {
    let scene = Scene::with(agent::Settings { quirks, ..agent::Settings::on(Arc::new(agent::NoHost)) });
    let printer = scene.printer(Model::Inkjet, Options::default());
    scene.bus.plug(&printer);
    let view = scene
        .until("a printer at rest", |view| {
            view.printers.values().find(|printer| printer.state != State::Probing).map(|printer| (**printer).clone())
        })
        .await;
    assert!(view.state != State::Failed || printer.requests().is_empty(), "{:?}", printer.requests());
    scene.shutdown.cancel();
    view
}

#[tokio::test]
async fn a_printer_on_the_blacklist_is_left_alone_and_says_why() {
    for section in ["*DeskJet Emulated*", "03f0:f0e1"] {
        let view = seen(book(&format!("[{section}]\nblacklist = true\n"))).await;
        assert_eq!(view.state, State::Failed);
        assert_eq!(
            view.state_reason,
            "It is left alone, because /etc/plugprint/quirks/own.conf:2 says so (blacklist = true)."
        );
    }
    let view = seen(book("[*]\nblacklist = true\n[03f0:f0e1]\nblacklist = false\n")).await;
    assert_eq!(view.state, State::Ready);
}

#[tokio::test]
async fn a_printer_is_known_by_the_name_that_its_numbers_give_it() {
    let text =
        "[03f0:f0e1]\nmfg = Xerox\nmodel = B210\n[Xerox B210]\nrequest-delay = 1\n[*DeskJet*]\nblacklist = true\n";
    let view = seen(book(text)).await;
    assert_eq!((view.manufacturer.as_str(), view.model.as_str()), ("Xerox", "B210"));
    assert_eq!(view.quirks["request-delay"], "1 (/etc/plugprint/quirks/own.conf:5)");
    assert_eq!(view.state, State::Ready);
}

#[tokio::test]
async fn a_book_that_is_read_anew_counts_for_who_is_plugged_in_then() {
    let quirks = book("[*]\ninit-delay = 1\n");
    let settings = agent::Settings { quirks: quirks.clone(), ..agent::Settings::on(Arc::new(agent::NoHost)) };
    let scene = Scene::with(settings);
    let (printer, id) = scene.ready(Model::Inkjet, Options::default()).await;
    assert_eq!(scene.view().printers[&id].quirks["init-delay"], "1 (/etc/plugprint/quirks/own.conf:2)");
    quirks.become_as(&book("\n[*]\ninit-delay = 2\n"));
    printer.unplug();
    scene.until("it is gone", |view| view.printers.is_empty().then_some(())).await;
    scene.bus.plug(&printer);
    scene.until_ready(&printer).await;
    assert_eq!(scene.view().printers[&id].quirks["init-delay"], "2 (/etc/plugprint/quirks/own.conf:3)");
    scene.shutdown.cancel();
}

/// A computer that knows these quirks.
fn resetting(quirks: &str) -> Scene {
    Scene::with(agent::Settings { quirks: book(quirks), ..agent::Settings::on(Arc::new(agent::NoHost)) })
}

/// A reset on the memory bus is a re-enumeration: the printer has a new address after it.
async fn address_at_rest(scene: &Scene, printer: &Printer) -> u8 {
    // One that is reset for ever takes no time here, so that no deadline would end it.
    let mut seen = usb::Bus::watch(&scene.bus);
    let for_ever = async {
        for _ in 0..50 {
            seen.recv().await;
        }
    };
    tokio::select! {
        _ = scene.until_ready(printer) => {}
        () = for_ever => panic!("it is reset again and again"),
    }
    tokio::time::sleep(Duration::from_secs(10)).await;
    let id = scene.until_ready(printer).await;
    scene.view().printers[&id].address.device
}

#[tokio::test(start_paused = true)]
async fn a_printer_that_leaves_the_bus_at_its_reset_is_reset_once() {
    for section in ["03f0:f0e1", "03f0:*", "*DeskJet Emulated*"] {
        let scene = resetting(&format!("[{section}]\ninit-reset = hard\n"));
        let printer = scene.printer(Model::Inkjet, Options::default());
        let plugged = scene.bus.plug_into(&printer, 4).device;
        let address = address_at_rest(&scene, &printer).await;
        assert_eq!(address, plugged + 1, "{section}: one reset");

        // As one that goes off by itself a while after its reset does.
        printer.unplug();
        scene.until("it is gone", |view| view.printers.is_empty().then_some(())).await;
        tokio::time::sleep(Duration::from_secs(90)).await;
        let plugged = scene.bus.plug_into(&printer, 4).device;
        assert_eq!(address_at_rest(&scene, &printer).await, plugged, "{section}: no other reset");

        printer.unplug();
        scene.until("it is gone", |view| view.printers.is_empty().then_some(())).await;
        tokio::time::sleep(Duration::from_secs(10 * 60)).await;
        let plugged = scene.bus.plug_into(&printer, 4).device;
        assert_eq!(address_at_rest(&scene, &printer).await, plugged + 1, "{section}: plugged in anew");
        scene.shutdown.cancel();
    }
}

#[tokio::test(start_paused = true)]
async fn another_printer_in_the_socket_of_one_that_was_reset_is_reset_too() {
    let scene = resetting("[03f0:f0e1]\ninit-reset = hard\n");
    for serial in ["ONE", "ANOTHER"] {
        let printer = scene.printer(Model::Inkjet, Options { serial: Some(serial.to_owned()), ..Options::default() });
        let plugged = scene.bus.plug_into(&printer, 4).device;
        assert_eq!(address_at_rest(&scene, &printer).await, plugged + 1, "{serial}");
        printer.unplug();
        scene.until("it is gone", |view| view.printers.is_empty().then_some(())).await;
    }
    scene.shutdown.cancel();
}

/// Get-Printer-Attributes for collections in collections.
async fn described(house: &Bridged) -> Reply {
    let mut body = b"\x02\0\0\x0b\0\0\0\x01\x01".to_vec();
    for (tag, name, value) in [
        (0x47, "attributes-charset", "utf-8"),
        (0x48, "attributes-natural-language", "en"),
        (0x45, "printer-uri", "ipp://localhost/ipp/print"),
        (0x44, "requested-attributes", "media-col-database"),
        (0x44, "", "media-col-default"),
    ] {
        body.push(tag);
        for part in [name, value] {
            body.extend(u16::try_from(part.len()).unwrap().to_be_bytes());
            body.extend(part.as_bytes());
        }
    }
    body.push(3);
    let mut wire = house.connect().await;
    wire.send(format!(
        "POST /ipp/print HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/ipp\r\nAccept-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
        body.len()
    ))
    .await;
    wire.send(&body).await;
    let reply = soon(wire.reply()).await;
    assert_eq!((reply.status, reply.whole), (200, true), "{}", reply.head);
    reply
}

#[tokio::test]
async fn malformed_answers_are_said_properly_where_a_quirk_wants_it() {
    let plain = Bridged::knowing(book("[*DeskJet*]\nbuggy-ipp-responses = allow\n")).await;
    let sound = described(&plain).await.body;
    plain.printer.set_fault(fault("named-members"));
    let malformed = described(&plain).await.body;
    assert!(malformed.len() < sound.len(), "as the printer gives it");
    let words = plain.scene.view().printers[&plain.id].quirks["buggy-ipp-responses"].clone();
    assert!(words.contains("; not needed here: "), "{words}");
    plain.close().await;

    let house = Bridged::knowing(book("[*DeskJet*]\nbuggy-ipp-responses = sanitize\n")).await;
    for name in [None, Some("named-members"), Some("chunked"), Some("ragged")] {
        house.printer.set_fault(name.and_then(fault));
        let reply = described(&house).await;
        assert!(reply.body == sound, "{name:?}: {} bytes instead of {}", reply.body.len(), sound.len());
        assert_eq!(reply.header("content-length").is_none(), name == Some("chunked"), "{}", reply.head);
    }
    let words = &house.scene.view().printers[&house.id].quirks["buggy-ipp-responses"];
    assert_eq!(words, "sanitize (/etc/plugprint/quirks/own.conf:2)");
    // What breaks off is no answer, neither a half nor a whole one.
    house.printer.set_fault(fault("unplug-body"));
    let get_printer_attributes = "\u{2}\0\0\u{b}\0\0\0\u{1}\u{3}";
    let reply = house
        .ask(&format!(
            "POST /ipp/print HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/ipp\r\nContent-Length: 9\r\n\r\n{get_printer_attributes}"
        ))
        .await;
    assert!(matches!(reply.status, 502 | 504), "{}", reply.head);
    house.close().await;
}
