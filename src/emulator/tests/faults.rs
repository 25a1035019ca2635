//! Each fault, seen from the host's end of the cable.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::*;

const STATUS: &str = "/DevMgmt/ProductStatusDyn.xml";
const GET: &[u8] = b"GET /DevMgmt/ProductStatusDyn.xml HTTP/1.1\r\nHost: localhost\r\n\r\n";
/// Long enough to be sure that nothing comes.
const EVER: Duration = Duration::from_secs(3600);

async fn faulty(kind: Kind) -> (Lab, Link) {
    let lab = lab(Model::Inkjet, |options| options.fault = Some(kind.into())).await;
    let link = lab.link().await;
    (lab, link)
}

#[tokio::test(start_paused = true)]
async fn a_hang_ends_when_the_interface_is_claimed_again() {
    for kind in [Kind::Hang, Kind::HangHead, Kind::HangBody, Kind::Truncated] {
        let (lab, mut link) = faulty(kind).await;
        link.send(GET).await;
        if kind != Kind::Hang {
            let part = link.response().await;
            assert!(part.starts_with("HTTP/1.1 200 OK") && !part.ends_with("</psdyn:ProductStatusDyn>\n"));
        }
        assert!(timeout(EVER, link.receive(512)).await.is_err(), "{kind:?}");
        lab.printer.set_fault(None);
        drop(link);
        assert!(lab.link().await.get(STATUS).await.contains(">ready<"), "{kind:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn wedged_firmware_needs_a_new_enumeration() {
    let (lab, mut link) = faulty(Kind::Wedged).await;
    link.send(GET).await;
    assert!(timeout(EVER, link.receive(512)).await.is_err());
    lab.printer.set_fault(None);
    drop(link);
    let mut link = lab.link().await;
    link.0.submit(Direction::Out, GET.to_vec()).unwrap();
    assert!(timeout(EVER, link.receive(512)).await.is_err(), "claiming does not help");
    let mut events = lab.bus.watch();
    assert!(matches!(events.recv().await, Some(usb::Hotplug::Arrived(_))));
    lab.device.reset().await.unwrap();
    assert_eq!(events.recv().await, Some(usb::Hotplug::Departed(lab.address)));
    let Some(usb::Hotplug::Arrived(arrival)) = events.recv().await else { panic!("not back") };
    assert_ne!(arrival.address, lab.address);
    assert_eq!(link.receive(512).await, Err(Error::Gone));
    let device = lab.bus.open(arrival.address).await.unwrap();
    let mut link = Link(device.claim(function(0, 1)).await.unwrap());
    assert!(link.get(STATUS).await.contains(">ready<"));
}

#[tokio::test(start_paused = true)]
async fn busy_for_a_minute() {
    let (_lab, mut link) = faulty(Kind::Busy).await;
    let begin = Instant::now();
    while status_line(&link.get(STATUS).await) == "HTTP/1.1 503 Service Unavailable" {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(begin.elapsed().as_secs(), 60);
    let (_lab, mut link) = faulty(Kind::Working).await;
    assert_eq!(status_line(&link.get(STATUS).await), "HTTP/1.1 202 Accepted");
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(status_line(&link.get(STATUS).await), "HTTP/1.1 200 OK");
}

#[tokio::test(start_paused = true)]
async fn odd_responses() {
    let (_lab, mut link) = faulty(Kind::Doubled).await;
    let response = link.get(STATUS).await;
    assert!(response.starts_with("HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\n"));
    assert!(link.get(STATUS).await.ends_with("</psdyn:ProductStatusDyn>\n"), "and again on the same link");

    let (_lab, mut link) = faulty(Kind::Interim).await;
    assert!(link.get(STATUS).await.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"));

    let (_lab, mut link) = faulty(Kind::NoLength).await;
    let response = link.get(STATUS).await;
    assert!(!response.contains("Content-Length") && !response.contains("chunked"), "{response}");
    assert!(response.ends_with("</psdyn:ProductStatusDyn>\n"));

    let (_lab, mut link) = faulty(Kind::Garbage).await;
    assert!(!link.get(STATUS).await.contains("HTTP"));

    let (_lab, mut link) = faulty(Kind::Ragged).await;
    link.send(GET).await;
    assert_eq!(link.receive(4096).await.unwrap().len(), 100);

    let (_lab, mut link) = faulty(Kind::Endless).await;
    link.send(GET).await;
    let mut bytes = 0;
    while bytes < 4 * 1024 * 1024 {
        bytes += link.receive(64 * 1024).await.unwrap().len();
    }
}

#[tokio::test(start_paused = true)]
async fn stale_bytes_lie_there_at_the_claim() {
    let (lab, mut link) = faulty(Kind::Stale).await;
    let stale = String::from_utf8(link.receive(4096).await.unwrap()).unwrap();
    assert!(stale.ends_with("</psdyn:ProductStatusDyn>\r\n"), "{stale}");
    assert!(link.get(STATUS).await.starts_with("HTTP/1.1 200 OK"));
    lab.printer.set_fault(Some(Kind::Babble.into()));
    for _ in 0..100 {
        assert_eq!(link.receive(16 * 1024).await.unwrap().len(), 16 * 1024);
    }
    lab.printer.set_fault(None);
    drop(link);
    assert!(lab.link().await.get(STATUS).await.starts_with("HTTP/1.1 200 OK"));
}

#[tokio::test(start_paused = true)]
async fn halted_and_deaf_endpoints() {
    let (lab, mut link) = faulty(Kind::Stall).await;
    link.send(GET).await;
    assert_eq!(link.receive(512).await, Err(Error::Stalled));
    assert_eq!(link.receive(512).await, Err(Error::Stalled), "until it is cleared");
    link.0.clear_halt(Direction::In).await.unwrap();
    lab.printer.set_fault(None);
    drop(link);
    assert!(lab.link().await.get(STATUS).await.starts_with("HTTP/1.1 200 OK"));

    let (lab, mut link) = faulty(Kind::Deaf).await;
    assert!(timeout(EVER, link.send(GET)).await.is_err());
    lab.printer.set_fault(None);
    assert!(link.response().await.starts_with("HTTP/1.1 200 OK"), "it hears again and answers");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_fills_its_packets_may_need_a_zero_length_one() {
    let (_lab, mut link) = faulty(Kind::Unterminated).await;
    let get = |length: usize| {
        let mut get = GET.strip_suffix(b"\r\n").unwrap().to_vec();
        get.extend(b"X: ".iter().chain(&vec![b'x'; length - get.len() - 7]).chain(b"\r\n\r\n"));
        assert_eq!(get.len(), length);
        get
    };
    link.send(&get(511)).await;
    assert!(link.response().await.starts_with("HTTP/1.1 200 OK"), "a short packet ends it");
    assert!(link.get(STATUS).await.starts_with("HTTP/1.1 200 OK"), "and the next one");
    link.send(&get(512)).await;
    assert!(timeout(EVER, link.receive(512)).await.is_err(), "nothing has ended it");
    link.send(b"").await;
    assert!(link.response().await.starts_with("HTTP/1.1 200 OK"));
}

#[tokio::test(start_paused = true)]
async fn the_cable_is_pulled() {
    for (name, received) in [("unplug@status", false), ("unplug-body@status", true), ("unplug-after@status", true)] {
        let lab = lab(Model::Inkjet, |options| options.fault = Fault::from_name(name)).await;
        let mut events = lab.bus.watch();
        let mut link = lab.link().await;
        assert!(link.get("/IoMgmt/Adapters").await.starts_with("HTTP/1.1 200 OK"), "another resource is well");
        link.send(GET).await;
        if received {
            assert!(link.response().await.starts_with("HTTP/1.1 200 OK"));
        }
        assert_eq!(link.receive(512).await, Err(Error::Gone), "{name}");
        assert!(matches!(events.recv().await, Some(usb::Hotplug::Arrived(_))));
        assert_eq!(events.recv().await, Some(usb::Hotplug::Departed(lab.address)));
        lab.printer.set_fault(None);
        let address = lab.bus.plug(&lab.printer);
        let device = lab.bus.open(address).await.unwrap();
        assert!(Link(device.claim(function(0, 1)).await.unwrap()).get(STATUS).await.contains(">ready<"));
    }
}
