//! Clients that leave, printers that fail: seen from both sides.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::time::Duration;

use futures_util::future::join_all;
use plugprint::bridge::Limits;
use plugprint::emulator::{Model, Options};
use tokio::time::Instant;

use crate::bridge_rules::book;
use crate::bridge_support::{Bridged, offered, soon};
use crate::scene::fault;

const LENGTH: usize = 300_000;

/// A client leaves an upload after so many bytes of its body.
async fn leave(house: &Bridged, chunked: bool, after: usize, abruptly: bool) {
    let mut wire = house.connect().await;
    let framing = if chunked { "Transfer-Encoding: chunked".to_owned() } else { format!("Content-Length: {LENGTH}") };
    wire.send(format!("POST /Emulator/Sink HTTP/1.1\r\nHost: localhost:{}\r\n{framing}\r\n\r\n", house.port)).await;
    let mut left = after;
    while left > 0 {
        let piece = vec![b'x'; left.min(10_000)];
        left -= piece.len();
        if chunked {
            wire.send(format!("{:x}\r\n", piece.len())).await;
        }
        wire.send(&piece).await;
        if chunked {
            wire.send("\r\n").await;
        }
    }
    if abruptly {
        // A reset instead of an end.
        rustix::net::sockopt::set_socket_linger(&wire.stream, Some(Duration::ZERO)).unwrap();
    }
    drop(wire);
}

/// The documents that the printer took for whole.
fn complete(house: &Bridged) -> usize {
    house.asked().iter().filter(|asked| asked.starts_with("whole ")).count()
}

#[tokio::test]
async fn an_upload_that_was_left_is_never_a_whole_document() {
    let ways = [(false, false), (false, true), (true, false), (true, true)];
    join_all(ways.map(|(chunked, abruptly)| uploads_that_are_left(chunked, abruptly))).await;
}

async fn uploads_that_are_left(chunked: bool, abruptly: bool) {
    let house = Bridged::new().await;
    house.someone.is(0);
    for after in [0, 1, 100, 16_000, 32_767, 32_768, 40_000, 65_536, 131_072, 290_000, LENGTH - 1] {
        leave(&house, chunked, after, abruptly).await;
        // The next one is served.
        let reply = house.get("/DevMgmt/ProductStatusDyn.xml").await;
        assert_eq!(reply.status, 200, "{after} {chunked} {abruptly}: {}", reply.head);
    }
    assert_eq!(complete(&house), 0, "{:?}", house.asked());
    let whole = house
        .ask(&format!(
            "POST /Emulator/Sink HTTP/1.1\r\nHost: localhost\r\nContent-Length: 40000\r\n\r\n{}",
            "x".repeat(40_000)
        ))
        .await;
    assert_eq!((whole.status, whole.text().as_str()), (200, "40000"));
    assert_eq!(complete(&house), 1);
    house.close().await;
}

#[tokio::test]
async fn a_download_that_was_left_gives_its_link_back() {
    let house = Bridged::new().await;
    for _ in 0..6 {
        let mut wire = house.connect().await;
        wire.send(format!("GET /Emulator/Source/3000000 HTTP/1.1\r\nHost: localhost:{}\r\n\r\n", house.port)).await;
        assert!(soon(wire.head()).await.starts_with("HTTP/1.1 200"));
        drop(wire);
    }
    let reply = house.get("/DevMgmt/ProductStatusDyn.xml").await;
    assert_eq!(reply.status, 200);
    house.close().await;
}

#[tokio::test]
async fn a_slow_client_is_sent_away_once_others_wait() {
    let limits = Limits { progress: Duration::from_millis(300), link: Duration::from_secs(20), ..Limits::default() };
    let house = Bridged::with(Model::LaserJet, Options::default(), limits).await;
    house.someone.is(0);
    let mut slow = house.connect().await;
    slow.send(format!(
        "POST /Emulator/Sink HTTP/1.1\r\nHost: localhost\r\nContent-Length: {LENGTH}\r\n\r\n{}",
        "x".repeat(50_000)
    ))
    .await;
    while !house.asked().contains(&"POST /Emulator/Sink".to_owned()) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let begun = Instant::now();
    let reply = house.get("/DevMgmt/ProductStatusDyn.xml").await;
    assert_eq!(reply.status, 200, "after {:?}", begun.elapsed());
    assert_eq!(complete(&house), 0);
    house.close().await;
}

#[tokio::test]
async fn a_request_that_finds_no_link_is_told_when_to_come_back() {
    let limits = Limits { link: Duration::from_millis(200), ..Limits::default() };
    let house = Bridged::with(Model::LaserJet, Options::default(), limits).await;
    house.printer.set_fault(fault("hang"));
    let mut hung = house.connect().await;
    hung.send("GET /DevMgmt/ProductStatusDyn.xml HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    while house.asked().iter().filter(|asked| asked.contains("ProductStatus")).count() == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let reply = house.get("/").await;
    assert_eq!(reply.status, 503);
    assert_eq!(reply.header("retry-after"), Some("5"));
    house.close().await;
}

/// The printer has this request.
async fn has(house: &Bridged, request: &str, count: usize) {
    let mut seen = 0;
    while seen < count {
        seen += house.asked().iter().filter(|asked| asked.starts_with(request)).count();
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn on_two_links_a_document_under_way_keeps_neither_a_scan_nor_a_status_waiting() {
    let limits = Limits { link: Duration::from_secs(4), ..Limits::default() };
    let house = Bridged::knowing_with(book("[*]\nusb-max-interfaces = 2\n"), limits).await;
    house.someone.is(0);
    let mut print = house.connect().await;
    let begun = format!("POST /Emulator/Sink HTTP/1.1\r\nHost: localhost\r\nContent-Length: {LENGTH}\r\n\r\n");
    print.send(format!("{begun}{}", "x".repeat(50_000))).await;
    has(&house, "POST /Emulator/Sink", 1).await;
    let status = || async { house.get("/DevMgmt/ProductStatusDyn.xml").await.status };
    assert_eq!(status().await, 200);
    // One document at a time.
    let sink = format!("{begun}{}", "x".repeat(LENGTH));
    let (another, beside) = tokio::join!(house.ask(&sink), status());
    assert_eq!((another.status, another.header("retry-after"), beside), (503, Some("5"), 200));
    // A page that does not come yet has the last link.
    house.printer.set_fault(fault("hang@document"));
    let mut scan = house.connect().await;
    scan.send("GET /eSCL/ScanJobs/1/NextDocument HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    has(&house, "GET /eSCL/ScanJobs/1/NextDocument", 1).await;
    let asked = Instant::now();
    let reply = house.get("/DevMgmt/ProductStatusDyn.xml").await;
    assert_eq!((reply.status, reply.header("retry-after")), (503, Some("5")));
    assert!(asked.elapsed() < Duration::from_secs(20), "{:?}", asked.elapsed());
    house.printer.set_fault(None);
    print.send("x".repeat(LENGTH - 50_000)).await;
    assert_eq!(soon(print.reply()).await.text(), LENGTH.to_string());
    assert_eq!(status().await, 200);
    house.close().await;
}

#[tokio::test]
async fn documents_whose_clients_have_left_do_not_take_the_last_link_either() {
    let limits = Limits { link: Duration::from_secs(2), ..Limits::default() };
    let house = Bridged::with(Model::Inkjet, Options::default(), limits).await;
    house.someone.is(0);
    house.printer.set_fault(fault("hang-upload@other"));
    let sink = format!("POST /DevMgmt/Other.xml HTTP/1.1\r\nHost: localhost\r\nContent-Length: {LENGTH}\r\n\r\n");
    let sink = sink + &"x".repeat(LENGTH);
    for _ in 0..2 {
        let mut wire = house.connect().await;
        wire.send(&sink).await;
        has(&house, "POST /DevMgmt/Other.xml", 1).await;
    }
    assert_eq!(house.ask(&sink).await.status, 503);
    assert_eq!(house.get("/DevMgmt/ProductStatusDyn.xml").await.status, 200);
    house.close().await;
}

#[tokio::test]
async fn an_unplugged_printer_ends_what_is_under_way_and_comes_back() {
    let house = Bridged::new().await;
    let mut wire = house.connect().await;
    wire.send(format!("GET /Emulator/Source/100000000 HTTP/1.1\r\nHost: localhost:{}\r\n\r\n", house.port)).await;
    assert!(soon(wire.head()).await.starts_with("HTTP/1.1 200"));
    let port = house.port;
    house.printer.unplug();
    let reply = soon(wire.rest()).await;
    assert!(reply < 100_000_000);
    house.scene.until_gone(&house.id).await;
    soon(async {
        while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
    house.scene.bus.plug(&house.printer);
    let (id, port) = offered(&house.scene).await;
    assert_eq!(id, house.id);
    let mut wire = crate::bridge_support::Wire::connect(port).await;
    wire.send("GET /DevMgmt/ProductStatusDyn.xml HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert_eq!(soon(wire.reply()).await.status, 200);
    house.close().await;
}

#[tokio::test]
async fn a_truncated_answer_is_not_passed_off_as_a_whole_one() {
    for name in ["truncated@status", "unplug-body@status"] {
        let house = Bridged::new().await;
        house.printer.set_fault(fault(name));
        let mut wire = house.connect().await;
        wire.send("GET /DevMgmt/ProductStatusDyn.xml HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
        if name.starts_with("unplug") {
            let reply = soon(wire.reply()).await;
            assert!(reply.status != 200 || !reply.whole, "{name}: {}", reply.head);
        }
        drop(wire);
        house.close().await;
    }
}
