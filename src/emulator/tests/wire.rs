//! The device below HTTP: control requests, transfers, the memory bus, USB/IP.

use std::time::Duration;

use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::usb::ControlIn;

async fn control(lab: &Lab, request_type: u8, request: u8, value: u16, index: u16) -> Result<Vec<u8>, Error> {
    let request = ControlIn { request_type, request, value, index, length: 255 };
    lab.device.control_in(request, Duration::from_secs(1)).await
}

#[tokio::test(start_paused = true)]
async fn what_the_device_says_about_itself() {
    let lab = lab(Model::Inkjet, |options| options.serial = Some("ABC<1>".to_owned())).await;
    let raw = lab.device.raw_descriptors();
    assert_eq!(raw[..4], [18, 1, 0, 2]);
    assert_eq!(raw[8..12], [0xf0, 0x03, 0xe1, 0xf0]);
    let total = usize::from(u16::from_le_bytes([raw[20], raw[21]]));
    assert_eq!(raw.len(), 18 + total, "wTotalLength");
    let mut at = 18;
    let mut alternates = Vec::new();
    while at < raw.len() {
        if raw[at + 1] == 4 {
            alternates.push((raw[at + 2], raw[at + 3], raw[at + 5], raw[at + 6], raw[at + 7]));
        }
        at += usize::from(raw[at]);
    }
    let ipp: Vec<_> = alternates.iter().filter(|at| (at.2, at.3, at.4) == (7, 1, 4)).collect();
    assert!(ipp.len() >= 2 && ipp.iter().all(|at| at.1 == 1), "{alternates:?}");
    assert!(alternates.contains(&(0, 0, 7, 1, 2)));
    assert_eq!(control(&lab, 0x80, 6, 0x2100, 0).await.unwrap(), [10, 0x21, 1, 1, 0, 4, 0x13, 0, 0, 0]);
    let serial = control(&lab, 0x80, 6, 0x0303, 0x0409).await.unwrap();
    assert_eq!(serial[..4], [14, 3, b'A', 0]);
    let id = control(&lab, 0xa1, 0, 0, 0).await.unwrap();
    assert!(id.len() <= 255 && id[2..].starts_with(b"MFG:HP;MDL:DeskJet Emulated"));
    assert_eq!(control(&lab, 0xa1, 1, 0, 0).await.unwrap(), [0x18]);
    assert_eq!(control(&lab, 0x80, 6, 0x0f00, 0).await, Err(Error::Stalled), "no BOS at 2.00");
    assert_eq!(control(&lab, 0xa1, 0, 0, 0x0900).await, Err(Error::Stalled), "no interface 9");
}

#[tokio::test(start_paused = true)]
async fn a_claim_is_exclusive_and_alternates_speak_differently() {
    let lab = lab(Model::Inkjet, |_| {}).await;
    let link = lab.link().await;
    assert_eq!(lab.device.claim(function(0, 0)).await.err(), Some(Error::Busy));
    drop(link);
    assert_eq!(lab.device.claim(function(0, 9)).await.err(), Some(Error::Malformed("no such alternate setting")));
    let mut raw = Link(lab.device.claim(function(0, 0)).await.unwrap());
    raw.send(b"\x1b%-12345X@PJL INFO ID\r\n").await;
    assert!(tokio::time::timeout(Duration::from_secs(60), raw.receive(512)).await.is_err(), "07/01/02 is silent");
    drop(raw);
    let mut second = Link(lab.device.claim(function(1, 1)).await.unwrap());
    assert!(second.get("/DevMgmt/DiscoveryTree.xml").await.starts_with("HTTP/1.1 200"), "interfaces are independent");
}

#[tokio::test(start_paused = true)]
async fn smart_install_and_a_second_configuration() {
    let cd = lab(Model::LaserJet, |options| options.personality = Personality::SmartInstall).await;
    assert!(cd.device.raw_descriptors().windows(3).any(|class| class == [8, 6, 0x50]));
    assert!(!cd.device.raw_descriptors().windows(3).any(|class| class == [7, 1, 2]));
    let two = lab(Model::Inkjet, |options| options.personality = Personality::SecondConfiguration).await;
    assert_eq!(two.device.configuration().await, Ok(1));
    let held = two.device.claim(function(0, 0)).await.unwrap();
    let ipp = Function { configuration: 2, ..function(1, 0) };
    assert_eq!(two.device.claim(ipp).await.err(), Some(Error::Busy), "not while another interface is in use");
    drop(held);
    let mut link = Link(two.device.claim(ipp).await.unwrap());
    assert_eq!(two.device.configuration().await, Ok(2));
    assert!(link.get("/DevMgmt/DiscoveryTree.xml").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test(start_paused = true)]
async fn a_response_that_fills_its_last_packet_ends_with_an_empty_one() {
    let lab = lab(Model::Inkjet, |_| {}).await;
    let mut link = lab.link().await;
    let mut seen = false;
    for length in 1..=512_usize {
        link.send(format!("GET /Emulator/Source/{length} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes()).await;
        let first = link.receive(512).await.unwrap();
        if first.len() == 512 {
            let rest = link.receive(512).await.unwrap();
            seen |= rest.is_empty();
            assert!(rest.len() < 512);
        }
    }
    assert!(seen, "one of the lengths fills the packet");
}

#[tokio::test(start_paused = true)]
async fn a_large_body_each_way() {
    let lab = lab(Model::Inkjet, |_| {}).await;
    let mut link = lab.link().await;
    link.send(b"GET /Emulator/Source/3000000 HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    let mut bytes = 0;
    while bytes < 3_000_000 {
        bytes += link.receive(64 * 1024).await.unwrap().len();
    }
    link.send(b"POST /Emulator/Sink HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3000000\r\n\r\n").await;
    for _ in 0..30 {
        link.send(&[7; 100_000]).await;
    }
    assert!(link.response().await.ends_with("\r\n3000000"));
}

fn submit(seqnum: u32, direction: u32, endpoint: u32, length: u32, setup: [u8; 8]) -> Vec<u8> {
    let words = [1, seqnum, 0x0001_0002, direction, endpoint, 0, length, 0, 0, 0];
    let mut bytes: Vec<u8> = words.iter().flat_map(|word: &u32| word.to_be_bytes()).collect();
    bytes.extend(setup);
    bytes
}

fn unlink(seqnum: u32, victim: u32) -> Vec<u8> {
    let words = [2, seqnum, 0x0001_0002, 0, 0, victim, 0, 0, 0, 0, 0, 0];
    words.iter().flat_map(|word: &u32| word.to_be_bytes()).collect()
}

/// Command, seqnum, status, actual length.
async fn reply(stream: &mut (impl AsyncReadExt + Unpin)) -> (u32, u32, i32, u32) {
    let mut header = [0; 48];
    stream.read_exact(&mut header).await.unwrap();
    let word = |at: usize| u32::from_be_bytes(header[at * 4..at * 4 + 4].try_into().unwrap());
    (word(0), word(1), word(5) as i32, word(6))
}

#[tokio::test]
async fn urbs() {
    let printer = Printer::new(Model::LaserJet, Options::default());
    let (mut host, device) = tokio::io::duplex(1 << 20);
    let gadget = function::Gadget::start(&printer);
    let served = tokio::spawn(urb::serve(device, gadget));
    host.write_all(&submit(1, 1, 0, 18, [0x80, 6, 0, 1, 0, 0, 18, 0])).await.unwrap();
    assert_eq!(reply(&mut host).await, (3, 1, 0, 18));
    let mut descriptor = [0; 18];
    host.read_exact(&mut descriptor).await.unwrap();
    assert_eq!(descriptor[8..12], [0xf0, 0x03, 0xe2, 0xf0]);

    // An IN transfer waits; unlinked before anything came, it ends with ECONNRESET.
    host.write_all(&submit(2, 1, 2, 512, [0; 8])).await.unwrap();
    host.write_all(&unlink(3, 2)).await.unwrap();
    assert_eq!(reply(&mut host).await, (4, 3, -104, 0));

    let request = b"GET /DevMgmt/ProductStatusDyn.xml HTTP/1.1\r\nHost: localhost\r\n\r\n";
    host.write_all(&submit(4, 1, 2, 16384, [0; 8])).await.unwrap();
    host.write_all(&submit(5, 0, 2, request.len() as u32, [0; 8])).await.unwrap();
    host.write_all(request).await.unwrap();
    assert_eq!(reply(&mut host).await, (3, 5, 0, request.len() as u32));
    let (command, seqnum, status, actual) = reply(&mut host).await;
    assert_eq!((command, seqnum, status), (3, 4, 0));
    let mut response = vec![0; actual as usize];
    host.read_exact(&mut response).await.unwrap();
    assert!(response.starts_with(b"HTTP/1.1 200 OK"));

    // Unlinked too late: it has been returned already.
    host.write_all(&unlink(6, 4)).await.unwrap();
    assert_eq!(reply(&mut host).await, (4, 6, 0, 0));
    // No such endpoint.
    host.write_all(&submit(7, 1, 9, 512, [0; 8])).await.unwrap();
    assert_eq!(reply(&mut host).await, (3, 7, -32, 0));
    // A halt, and its end by CLEAR_FEATURE.
    printer.set_fault(Some(Kind::Stall.into()));
    host.write_all(&submit(8, 0, 2, request.len() as u32, [0; 8])).await.unwrap();
    host.write_all(request).await.unwrap();
    assert_eq!(reply(&mut host).await, (3, 8, 0, request.len() as u32));
    host.write_all(&submit(9, 1, 2, 512, [0; 8])).await.unwrap();
    assert_eq!(reply(&mut host).await, (3, 9, -32, 0));
    host.write_all(&submit(10, 0, 0, 0, [0x02, 1, 0, 0, 0x82, 0, 0, 0])).await.unwrap();
    assert_eq!(reply(&mut host).await, (3, 10, 0, 0));
    // The host lets go: an unplug, and the end.
    drop(host);
    served.await.unwrap().unwrap();
}

#[tokio::test]
async fn usbip_attach() {
    assert!(usbip::bind("192.0.2.1:0".parse().unwrap()).await.is_err(), "loopback only");
    let listener = usbip::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = listener.local_addr().unwrap();
    let printer = Printer::new(Model::Inkjet, Options::default());
    let server = tokio::spawn(usbip::serve(listener, printer));
    let connect = || tokio::net::TcpStream::connect(address);

    let mut list = connect().await.unwrap();
    list.write_all(&[1, 0x11, 0x80, 5, 0, 0, 0, 0]).await.unwrap();
    let mut bytes = Vec::new();
    list.read_to_end(&mut bytes).await.unwrap();
    assert_eq!(bytes.len(), 8 + 4 + 312 + 3 * 4);
    assert_eq!(bytes[bytes.len() - 12..][..4], [7, 1, 2, 0]);

    let mut import = vec![1, 0x11, 0x80, 3, 0, 0, 0, 0];
    import.extend(b"1-1");
    import.resize(40, 0);
    let mut first = connect().await.unwrap();
    first.write_all(&import).await.unwrap();
    let mut bytes = vec![0; 8 + 312];
    first.read_exact(&mut bytes).await.unwrap();
    assert_eq!(bytes[..8], [1, 0x11, 0, 3, 0, 0, 0, 0]);
    first.write_all(&submit(1, 1, 0, 18, [0x80, 6, 0, 1, 0, 0, 18, 0])).await.unwrap();
    assert_eq!(reply(&mut first).await, (3, 1, 0, 18));

    let mut second = connect().await.unwrap();
    second.write_all(&import).await.unwrap();
    let mut bytes = Vec::new();
    second.read_to_end(&mut bytes).await.unwrap();
    assert_eq!(bytes, [1, 0x11, 0, 3, 0, 0, 0, 2], "busy");
    let mut hostile = connect().await.unwrap();
    hostile.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let mut bytes = Vec::new();
    let _ = hostile.read_to_end(&mut bytes).await;
    assert!(bytes.is_empty());
    server.abort();
}

proptest! {
    #[test]
    fn any_header_is_a_command_or_refused(bytes in proptest::collection::vec(any::<u8>(), 48)) {
        let header: [u8; 48] = bytes.try_into().unwrap();
        if let Ok(command) = urb::Command::parse(&header) {
            prop_assert!(command.payload() <= 16 * 1024 * 1024);
        }
    }

    #[test]
    fn any_submit_is_understood(seqnum: u32, direction in 0..2_u32, endpoint in 0..16_u32, length in 0..1_u32 << 24, setup: [u8; 8]) {
        let header: [u8; 48] = submit(seqnum, direction, endpoint, length, setup).try_into().unwrap();
        let command = urb::Command::parse(&header).unwrap();
        prop_assert_eq!(command.payload(), if direction == 0 { length as usize } else { 0 });
    }

    #[test]
    fn any_operation_is_known_or_refused(header: [u8; 8], body in proptest::collection::vec(any::<u8>(), 32)) {
        if let Ok((operation, length)) = usbip::Request::operation(header) {
            prop_assert!(length <= 32);
            let _ = usbip::Request::parse(operation, &body);
        }
    }

    #[test]
    fn any_control_request_ends(setup: [u8; 8]) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let printer = Printer::new(Model::Inkjet, Options::default());
            let gadget = function::Gadget::start(&printer);
            let setup = function::Setup::from_bytes(setup);
            if let Ok(bytes) = gadget.control(setup) {
                assert!(bytes.len() <= usize::from(setup.length));
            }
        });
    }

    #[test]
    fn any_document_is_a_request_or_refused(document in ".{0,300}") {
        let _ = request::internal_print(document.as_bytes());
    }
}
