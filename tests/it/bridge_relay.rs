//! What a client sees of a printer through the bridge, and the printer of its clients.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use plugprint::agent::view::State;
use plugprint::bridge::Limits;
use plugprint::emulator::{Model, Options};
use tokio::io::AsyncReadExt as _;

use crate::bridge_support::{Bridged, Wire, soon};
use crate::scene::fault;

#[tokio::test]
async fn a_port_does_not_wait_for_what_the_printer_says_of_itself() {
    let options = Options { fault: fault("hang@discovery"), ..Options::default() };
    let house = Bridged::with(Model::Inkjet, options, Limits::default()).await;
    assert_eq!(house.scene.view().printers[&house.id].state, State::Probing);
    assert_eq!(house.get("/style.css").await.status, 200);
    house.close().await;
}

#[tokio::test]
async fn a_printers_documents_are_read_on_both_loopback_addresses() {
    let house = Bridged::new().await;
    let reply = house.get("/DevMgmt/ProductStatusDyn.xml").await;
    assert_eq!((reply.status, reply.whole), (200, true), "{}", reply.head);
    assert!(reply.text().contains("ProductStatusDyn"));
    assert!(reply.head.contains("\r\nContent-Length: "), "{}", reply.head);

    let mut wire = Wire::at(("::1", house.port)).await;
    for _ in 0..3 {
        wire.send(format!("GET /DevMgmt/ProductStatusDyn.xml HTTP/1.1\r\nHost: [::1]:{}\r\n\r\n", house.port)).await;
        assert_eq!(soon(wire.reply()).await.body, reply.body);
    }
    assert!(house.asked().contains(&"GET /DevMgmt/ProductStatusDyn.xml".to_owned()));
    house.close().await;
}

#[tokio::test]
async fn an_ipp_usb_printer_has_an_address_to_print_at_and_a_laserjet_has_pages_only() {
    for (model, ipp) in [(Model::Inkjet, true), (Model::LaserJet, false)] {
        let house = Bridged::with(model, Options::default(), Limits::default()).await;
        let view = house.scene.view();
        let addresses = view.printers[&house.id].addresses.clone().unwrap();
        assert_eq!(addresses.admin_uri, format!("http://localhost:{}/", house.port));
        let expected = if ipp { format!("ipp://localhost:{}/ipp/print", house.port) } else { String::new() };
        assert_eq!(addresses.uri, expected);
        house.close().await;
    }
}

#[tokio::test]
async fn a_head_has_a_length_and_no_body() {
    let house = Bridged::new().await;
    let mut wire = house.connect().await;
    for _ in 0..3 {
        wire.send(format!("HEAD /DevMgmt/ProductStatusDyn.xml HTTP/1.1\r\nHost: localhost:{}\r\n\r\n", house.port))
            .await;
        let reply = soon(wire.reply_to("HEAD")).await;
        assert_eq!(reply.status, 200);
    }
    wire.send(format!("GET /nowhere HTTP/1.1\r\nHost: localhost:{}\r\n\r\n", house.port)).await;
    assert_eq!(soon(wire.reply()).await.status, 404);
    house.close().await;
}

/// Sends 50 MB in one way or the other; the printer counts them.
async fn upload(house: &Bridged, chunked: bool) -> String {
    const LENGTH: usize = 50_000_000;
    let mut wire = house.connect().await;
    let framing = if chunked { "Transfer-Encoding: chunked".to_owned() } else { format!("Content-Length: {LENGTH}") };
    wire.send(format!(
        "POST /Emulator/Sink HTTP/1.1\r\nHost: localhost:{}\r\nExpect: 100-continue\r\n{framing}\r\n\r\n",
        house.port
    ))
    .await;
    assert!(soon(wire.head()).await.starts_with("HTTP/1.1 100 Continue\r\n"));
    let piece = vec![b'x'; 50_000];
    for _ in 0..LENGTH / piece.len() {
        if chunked {
            wire.send(format!("{:x}\r\n", piece.len())).await;
        }
        wire.send(&piece).await;
        if chunked {
            wire.send("\r\n").await;
        }
    }
    if chunked {
        wire.send("0\r\n\r\n").await;
    }
    let reply = soon(wire.reply()).await;
    assert_eq!(reply.status, 200, "{}", reply.head);
    reply.text()
}

#[tokio::test]
async fn large_uploads_come_through_whole() {
    let house = Bridged::new().await;
    house.someone.is(0);
    for chunked in [false, true] {
        assert_eq!(upload(&house, chunked).await, "50000000");
    }
    house.close().await;
}

#[tokio::test]
async fn a_large_download_comes_through_whole() {
    let house = Bridged::new().await;
    let reply = house.get("/Emulator/Source/50000000").await;
    assert_eq!((reply.status, reply.body.len(), reply.whole), (200, 50_000_000, true));
    house.close().await;
}

#[tokio::test]
async fn a_client_that_does_not_read_stops_the_printer_and_not_the_memory() {
    let house = Bridged::new().await;
    let mut wire = house.connect().await;
    wire.send(format!("GET /Emulator/Source/1000000000 HTTP/1.1\r\nHost: localhost:{}\r\n\r\n", house.port)).await;
    assert!(soon(wire.head()).await.contains("Content-Length: 1000000000"));
    // Everybody else is served meanwhile.
    for _ in 0..20 {
        assert_eq!(house.get("/DevMgmt/ProductStatusDyn.xml").await.status, 200);
    }
    let grown = resident() / 1024;
    assert!(grown < 300, "{grown} MiB");
    drop(wire);
    house.close().await;
}

/// KiB of this process.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[tokio::test]
async fn two_hundred_clients_are_served_on_three_links() {
    let house = Bridged::new().await;
    let request = format!("GET /DevMgmt/ProductStatusDyn.xml HTTP/1.1\r\nHost: localhost:{}\r\n\r\n", house.port);
    let mut wires = Vec::new();
    for _ in 0..200 {
        let mut wire = house.connect().await;
        wire.send(&request).await;
        wires.push(wire);
    }
    for wire in &mut wires {
        assert_eq!(soon(wire.reply()).await.status, 200);
    }
    house.close().await;
}

#[tokio::test]
async fn a_client_that_says_nothing_is_sent_away() {
    let limits = Limits { head: std::time::Duration::from_millis(200), ..Limits::default() };
    let house = Bridged::with(Model::Inkjet, Options::default(), limits).await;
    for beginning in ["", "GET / HTTP/1.1\r\nHost: loc"] {
        let mut wire = house.connect().await;
        wire.send(beginning).await;
        let mut rest = Vec::new();
        soon(wire.stream.read_to_end(&mut rest)).await.unwrap();
        assert!(!rest.starts_with(b"HTTP/1.1 200"));
    }
    house.close().await;
}

#[tokio::test]
async fn a_head_is_bounded() {
    let house = Bridged::new().await;
    let many = "X-More: and more\r\n".repeat(101);
    let long = format!("X-Long: {}\r\n", "x".repeat(70_000));
    for headers in [many, long] {
        let mut wire = house.connect().await;
        let request = format!("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n");
        // It may close before it has read everything.
        let _ = tokio::io::AsyncWriteExt::write_all(&mut wire.stream, request.as_bytes()).await;
        let mut answer = Vec::new();
        let _ = soon(wire.stream.read_to_end(&mut answer)).await;
        assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 431"), "{}", String::from_utf8_lossy(&answer));
    }
    house.close().await;
}
