//! Who may ask what through the bridge: every protected resource, by every method, under every spelling; foreign
//! hosts and sites.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use plugprint::bridge::Limits;
use plugprint::emulator::{Model, Options};

use crate::bridge_support::{Bridged, NOBODY};

#[tokio::test]
async fn the_wps_pin_stays_in() {
    let house = Bridged::with(Model::LaserJet, Options::default(), Limits::default()).await;
    let spellings = [
        "/IoMgmt/Adapters/wifi0/WPS/Pin",
        "//IoMgmt//Adapters/wifi0/WPS/Pin",
        "/iomgmt/adapters/WIFI0/wps/pin",
        "/IoMgmt/Adapters/wifi0/W%50S/Pin",
        "/IoMgmt/Adapters/wifi0/WPS/Pin;x=1",
        "/IoMgmt/Adapters/wifi0/WPS/Pin/",
        "/IoMgmt/Adapters/wifi0/WPS/Pin?x",
        "/IoMgmt/Adapters/wifi0/WPS/Pin.",
        "/eSCL/../IoMgmt/Adapters/wifi0/WPS/Pin",
        "/eSCL/%2e%2e/IoMgmt/Adapters/wifi0/WPS/Pin",
        "/eSCL/..%2fIoMgmt/Adapters/wifi0/WPS/Pin",
        "/eSCL\\..\\IoMgmt/Adapters/wifi0/WPS/Pin",
    ];
    for uid in [1000, NOBODY] {
        house.someone.is(uid);
        for path in spellings {
            for method in ["GET", "HEAD", "OPTIONS", "PUT", "POST", "DELETE", "PATCH"] {
                let request = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
                let mut wire = house.connect().await;
                wire.send(request).await;
                let reply = wire.reply_to(method).await;
                assert!(matches!(reply.status, 400 | 403), "{method} {path}: {}", reply.head);
            }
            let absolute = format!("GET http://localhost{path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
            assert!(matches!(house.ask(&absolute).await.status, 400 | 403), "{path}");
        }
    }
    assert_eq!(house.printer.pin_reads(), 0);
    assert!(!house.asked().iter().any(|asked| asked.to_lowercase().contains("wps")), "{:?}", house.asked());

    house.someone.is(0);
    let reply = house.get("/IoMgmt/Adapters/wifi0/WPS/Pin").await;
    assert_eq!(reply.status, 200);
    assert!(reply.text().contains(&house.printer.pin().unwrap()));
    house.close().await;
}

#[tokio::test]
async fn pages_are_opened_to_one_user_and_to_no_other() {
    let house = Bridged::new().await;
    let path = "/IoMgmt/Adapters/Wifi0/Profiles/Active";
    assert_eq!(house.get(path).await.status, 403);
    let uri = house.scene.handle.open_pages(house.id.clone(), 1000).await.unwrap();
    assert_eq!(uri, format!("http://localhost:{}/", house.port));
    assert_eq!(house.get(path).await.status, 200);
    for other in [1001, NOBODY] {
        house.someone.is(other);
        assert_eq!(house.get(path).await.status, 403);
    }
    house.close().await;
}

#[tokio::test]
async fn a_job_of_the_printers_own_is_not_started_around_polkit() {
    let house = Bridged::new().await;
    house.printer.take_requests();
    let body = "<?xml version=\"1.0\"?><x/>";
    for kind in ["text/xml", "application/ipp", "text/plain"] {
        let reply = house
            .ask(&format!(
                "POST /DevMgmt/InternalPrintDyn.xml HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            ))
            .await;
        assert_eq!(reply.status, 403, "{kind}");
    }
    assert!(!house.asked().iter().any(|asked| asked.starts_with("POST")));
    house.close().await;
}

#[tokio::test]
async fn an_ipp_operation_that_sets_up_the_printer_needs_leave() {
    let house = Bridged::new().await;
    house.printer.take_requests();
    let ipp = async |operation: u8, more: &str| {
        let mut wire = house.connect().await;
        let body = [2, 0, 0, operation, 0, 0, 0, 1, 3];
        wire.send(format!(
            "POST /ipp/print HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/ipp\r\n{more}Content-Length: {}\r\n\r\n",
            body.len()
        ))
        .await;
        wire.send(body).await;
        wire.reply().await.status
    };
    assert_eq!(ipp(0x13, "").await, 403, "Set-Printer-Attributes");
    assert_eq!(ipp(0x0b, "Content-Encoding: gzip\r\n").await, 403, "what can't be looked into");
    assert!(!house.asked().iter().any(|asked| asked.starts_with("POST")));
    // What the printer says to it is its own matter.
    assert_ne!(ipp(0x0b, "").await, 403, "Get-Printer-Attributes");
    assert!(house.asked().contains(&"POST /ipp/print".to_owned()));
    house.close().await;
}

/// Set-Printer-Attributes (RFC 3380, 4.1) of a network, as a client would send it.
fn set_network() -> Vec<u8> {
    let mut message = vec![2, 0, 0, 0x13, 0, 0, 0, 1, 1];
    for (tag, name, value) in [
        (0x47, "attributes-charset", "utf-8"),
        (0x48, "attributes-natural-language", "en"),
        (0x45, "printer-uri", "ipp://localhost/ipp/print"),
        (0x04, "", ""),
        (0x42, "printer-wifi-ssid", "Emulated Guests"),
        (0x30, "printer-wifi-password", "a password of others"),
    ] {
        message.push(tag);
        if tag != 0x04 {
            for text in [name, value] {
                message.extend(u16::try_from(text.len()).unwrap().to_be_bytes());
                message.extend(text.as_bytes());
            }
        }
    }
    message.push(3);
    message
}

#[tokio::test]
async fn a_network_is_not_set_by_ipp_around_polkit() {
    use plugprint::bridge::Limits;
    use plugprint::emulator::{Model, Options};

    let house = Bridged::with(Model::IppWifi, Options::default(), Limits::default()).await;
    let (before, message) = (house.asked().len(), set_network());
    let (begin, rest) = message.split_at(3);
    let chunks = [
        format!("{:x}\r\n", begin.len()).as_bytes(),
        begin,
        b"\r\n",
        format!("{:x}\r\n", rest.len()).as_bytes(),
        rest,
        b"\r\n0\r\n\r\n",
    ]
    .concat();
    for path in ["/ipp/print", "/ipp/print/", "/ipp", "/ipp/faxout", "/ipp/system", "/"] {
        for (framing, body) in [
            (format!("Content-Length: {}", message.len()), &message),
            ("Transfer-Encoding: chunked".to_owned(), &chunks),
        ] {
            let mut wire = house.connect().await;
            let head = format!(
                "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/ipp\r\n{framing}\r\n\r\n"
            );
            wire.send(head).await;
            wire.send(body).await;
            assert_eq!(wire.reply().await.status, 403, "{path} {framing}");
        }
    }
    assert!(!house.asked()[before..].iter().any(|asked| asked.starts_with("POST") || asked.starts_with("SET")));
    assert!(!house.printer.requests().iter().any(|asked| asked.starts_with("SET")));
    house.close().await;
}

#[tokio::test]
async fn foreign_names_and_sites_are_refused_and_the_own_ones_are_not() {
    let house = Bridged::new().await;
    let port = house.port;
    let ask = async |fields: &str| {
        house.ask(&format!("GET /DevMgmt/ProductStatusDyn.xml HTTP/1.1\r\n{fields}\r\n\r\n")).await.status
    };
    for (fields, status) in [
        (format!("Host: localhost:{port}"), 200),
        (format!("Host: 127.0.0.1:{port}"), 200),
        (format!("Host: [::1]:{port}"), 200),
        (format!("Host: desk.local:{port}"), 200),
        ("Host: DESK.example.org".into(), 200),
        ("Host: localhost:9999".into(), 200),
        ("Host: attacker.example".into(), 421),
        (format!("Host: localhost.attacker.example:{port}"), 421),
        ("Host: 192.0.2.1".into(), 421),
        ("Host: user@localhost".into(), 400),
        ("Host: localhost\r\nHost: attacker.example".into(), 400),
        ("X-Host: localhost".into(), 400),
        (format!("Host: localhost:{port}\r\nOrigin: http://localhost:{port}"), 200),
        (format!("Host: localhost:{port}\r\nOrigin: http://localhost:{}", port.wrapping_add(1)), 403),
        (format!("Host: localhost:{port}\r\nOrigin: http://attacker.example"), 403),
        (format!("Host: localhost:{port}\r\nOrigin: null"), 403),
        (format!("Host: localhost:{port}\r\nReferer: http://localhost:{port}/index.html"), 200),
        (format!("Host: localhost:{port}\r\nReferer: http://attacker.example/x"), 403),
        (format!("Host: localhost:{port}\r\nSec-Fetch-Site: cross-site"), 403),
        (format!("Host: localhost:{port}\r\nSec-Fetch-Site: same-origin"), 200),
        // A person followed a link.
        (
            format!(
                "Host: localhost:{port}\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\nReferer: http://x.example/"
            ),
            200,
        ),
        (
            format!(
                "Host: localhost:{port}\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: iframe"
            ),
            403,
        ),
        (format!("Host: localhost:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket"), 501),
    ] {
        assert_eq!(ask(&fields).await, status, "{fields}");
    }
    for (line, status) in [
        (format!("GET http://localhost:{port}/DevMgmt/ProductStatusDyn.xml"), 200),
        ("GET http://attacker.example/".into(), 421),
        (format!("GET https://localhost:{port}/"), 421),
        (format!("CONNECT localhost:{port}"), 405),
        ("TRACE /".into(), 405),
        ("OPTIONS *".into(), 400),
    ] {
        let reply = house.ask(&format!("{line} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n")).await;
        assert_eq!(reply.status, status, "{line}");
    }
    house.close().await;
}
