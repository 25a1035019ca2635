//! A printer is announced while it is there, whatever becomes of Avahi, and under a name that nobody else has.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use plugprint::emulator::Model;
use plugprint::emulator::broker::Broker;

use crate::bridge_support::{Bridged, soon};
use crate::dnssd_avahi::{Avahi, house};

const NAME: &str = "HP OfficeJet Emulated 9000 series [103003]";

async fn bridged(broker: &Broker) -> Bridged {
    let avahi = broker.connect().await.unwrap();
    Bridged::announced(Model::OfficeJet, avahi).await
}

fn usb(n: &str) -> String {
    format!("{NAME} (USB{n})")
}

#[tokio::test]
async fn a_printer_is_announced_while_it_is_there() {
    let (broker, avahi) = house().await;
    let bridged = bridged(&broker).await;
    let published = avahi.until_named(&usb("")).await;
    let kinds: Vec<_> = published.found().into_iter().map(|(_, kind)| kind).collect();
    for kind in ["_http._tcp", "_ipp-usb._tcp", "_ipp._tcp", "_printer._tcp", "_uscan._tcp"] {
        assert!(kinds.iter().any(|one| one == kind), "{kinds:?}");
    }
    assert_eq!(published.subtypes.iter().collect::<Vec<_>>(), ["_universal._sub._ipp._tcp"]);
    let txt = published.txt("_ipp._tcp");
    for string in ["rp=ipp/print", "Scan=T", "Fax=T", "rfo=ipp/faxout", "usb_SER=EMU0000003"] {
        assert!(txt.iter().any(|one| one == string), "{string} is not in {txt:?}");
    }
    assert!(txt.contains(&format!("adminurl=http://localhost:{}/", bridged.port)), "{txt:?}");

    // What Avahi calls this computer is this computer.
    let host = format!("GET / HTTP/1.1\r\nHost: study.local:{}\r\n\r\n", bridged.port);
    assert_eq!(bridged.ask(&host).await.status, 200);

    bridged.scene.bus.unplug(bridged.scene.view().printers[&bridged.id].address);
    avahi.until("nothing is found", |published| published.groups.is_empty()).await;
    bridged.scene.bus.plug(&bridged.printer);
    avahi.until_named(&usb("")).await;
    bridged.close().await;
    avahi.until("nothing is found", |published| published.groups.is_empty()).await;
}

#[tokio::test]
async fn a_name_that_is_taken_is_not_used() {
    let (broker, avahi) = house().await;
    avahi.is_taken(&usb(""), false);
    avahi.is_taken(&usb(" 1"), true);
    let bridged = bridged(&broker).await;
    let published = avahi.until_named(&usb(" 2")).await;
    assert_eq!(published.groups.len(), 1, "{published:#?}");
    bridged.close().await;
}

#[tokio::test]
async fn avahi_may_come_late_and_start_again() {
    let broker = soon(Broker::start()).await.unwrap();
    let bridged = bridged(&broker).await;
    assert_eq!(bridged.get("/").await.status, 200);
    let mut avahi = soon(Avahi::on(&broker)).await;
    avahi.until_named(&usb("")).await;
    avahi.restart(&broker).await;
    avahi.until_named(&usb("")).await;
    bridged.close().await;
}
