//! What the printer answers, resource by resource.

use std::collections::BTreeSet;

use quick_xml::events::Event;
use quick_xml::name::ResolveResult;
use quick_xml::reader::NsReader;

use super::*;

const PRINT: &str = "/DevMgmt/InternalPrintDyn.xml";

#[tokio::test(start_paused = true)]
async fn the_discovery_tree_of_the_inkjet_is_silent_about_internal_print() {
    let lab = lab(Model::Inkjet, |_| {}).await;
    let mut link = lab.link().await;
    let response = link.get("/DevMgmt/DiscoveryTree.xml").await;
    assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
    assert!(response.contains("<ledm:ManifestURI>/IoMgmt/IoMgmtManifest.xml</ledm:ManifestURI>"));
    assert!(response.ends_with("</ledm:DiscoveryTree>\n"));
    assert!(!response.contains("InternalPrint"));
    let response = link.get("/DevMgmt/InternalPrintCap.xml").await;
    assert!(response.contains("<n3:JobType>wirelessNetworkPage</n3:JobType>"), "{response}");
}

#[tokio::test(start_paused = true)]
async fn what_the_printer_refuses() {
    let lab = lab(Model::Inkjet, |_| {}).await;
    let mut link = lab.link().await;
    link.send(b"GET /DevMgmt/DiscoveryTree.xml HTTP/1.1\r\nHost: printer.example\r\n\r\n").await;
    assert_eq!(status_line(&link.response().await), "HTTP/1.1 400 Bad Request");
    for (path, expected) in [
        ("/IoMgmt/Adapters/wifi0/Protocols", "HTTP/1.1 404 Not Found"), // case counts
        ("/IoMgmt/Adapters/Wifi0/Protocols", "HTTP/1.1 200 OK"),
        ("/IoMgmt/Adapters/Wifi0/WPS/Pin", "HTTP/1.1 404 Not Found"),
        (PRINT, "HTTP/1.1 404 Not Found"), // write-only
        ("/cdm/servicesDiscovery", "HTTP/1.1 404 Not Found"),
    ] {
        assert_eq!(status_line(&link.get(path).await), expected, "{path}");
    }
    for (headers, body, expected) in [
        ("Content-Type: text/xml\r\n", root_a("networkSummary"), "HTTP/1.1 403 Forbidden"),
        (XHR, root_a("faxAllFaxReports"), "HTTP/1.1 400 Bad Request"),
        (XHR, root_a("networkSummary").replace("internalprintdyn", "internalprint"), "HTTP/1.1 400 Bad Request"),
        (XHR, root_a("network Summary"), "HTTP/1.1 400 Bad Request"),
        (XHR, String::new(), "HTTP/1.1 400 Bad Request"),
        (XHR, root_a("networkSummary"), "HTTP/1.1 201 Created"),
        (XHR, root_b("networkSummary"), "HTTP/1.1 201 Created"),
    ] {
        assert_eq!(status_line(&link.post(PRINT, headers, &body).await), expected, "{body}");
    }
    assert_eq!(lab.printer.pin_reads(), 0);
    assert_eq!(lab.printer.requests().last().unwrap(), "POST /DevMgmt/InternalPrintDyn.xml");
}

#[tokio::test(start_paused = true)]
async fn a_laserjet_that_wants_root_b() {
    let lab = lab(Model::LaserJet, |options| options.print_root = PrintRoot::B).await;
    let mut link = lab.link().await;
    let plain = "Content-Type: text/xml\r\n";
    let refused = link.post(PRINT, plain, &root_a("networkSummary")).await;
    assert_eq!(status_line(&refused), "HTTP/1.1 400 Bad Request");
    let taken = link.post(PRINT, plain, &root_b("networkSummary")).await;
    assert_eq!(status_line(&taken), "HTTP/1.1 201 Created");
}

fn pin_of(response: &str) -> String {
    let (_, rest) = response.split_once("<wifi:WpsPin>").expect(response);
    rest.split_once("</wifi:WpsPin>").unwrap().0.to_owned()
}

#[tokio::test(start_paused = true)]
async fn the_wps_pin_dynamic_static_and_patched() {
    let path = "/IoMgmt/Adapters/wifi0/WPS/Pin";
    let dynamic = lab(Model::LaserJet, |_| {}).await;
    let mut link = dynamic.link().await;
    let pins: BTreeSet<_> = [pin_of(&link.get(path).await), pin_of(&link.get(path).await)].into();
    assert_eq!((pins.len(), dynamic.printer.pin_reads()), (2, 2), "a new one at every GET");
    for pin in pins {
        let digits: Vec<u32> = pin.chars().map(|digit| digit.to_digit(10).unwrap()).collect();
        assert_eq!(digits.len(), 8);
        let sum: u32 = digits.iter().zip([3, 1, 3, 1, 3, 1, 3, 1]).map(|(digit, weight)| digit * weight).sum();
        assert_eq!(sum % 10, 0);
    }
    let label = lab(Model::LaserJet, |options| options.pin_kind = PinKind::Static).await;
    let mut link = label.link().await;
    assert_eq!(pin_of(&link.get(path).await), pin_of(&link.get(path).await));
    for (access, expected) in
        [(PinAccess::NotFound, "HTTP/1.1 404 Not Found"), (PinAccess::Unauthorized, "HTTP/1.1 401 Unauthorized")]
    {
        let patched = lab(Model::LaserJet, |options| options.pin_access = access).await;
        assert_eq!(status_line(&patched.link().await.get(path).await), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn chunked_and_gzip() {
    let chunked = lab(Model::Inkjet, |options| options.framing = Framing::Chunked).await;
    let response = chunked.link().await.get("/IoMgmt/Adapters").await;
    assert!(response.contains("Transfer-Encoding: chunked\r\n"), "{response}");
    assert!(response.ends_with("\r\n0\r\n\r\n"));
    let zipped = lab(Model::Inkjet, |options| options.framing = Framing::Gzip).await;
    let mut link = zipped.link().await;
    link.send(b"GET /IoMgmt/Adapters HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    let bytes = link.receive(64 * 1024).await.unwrap();
    let at = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    let head = std::str::from_utf8(&bytes[..at]).unwrap();
    assert!(head.contains("Content-Encoding: gzip\r\n"), "{head}");
    let mut text = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&bytes[at..]), &mut text).unwrap();
    assert!(text.contains("<dd:Name>Wifi0</dd:Name>"));
}

/// Every element of a document as (namespace, path of local names).
fn shape(document: &str) -> BTreeSet<(String, String)> {
    let mut reader = NsReader::from_str(document);
    let mut path: Vec<String> = Vec::new();
    let mut shape = BTreeSet::new();
    loop {
        let (namespace, event) = reader.read_resolved_event().unwrap();
        let namespace = match namespace {
            ResolveResult::Bound(namespace) => namespace.as_ref().to_owned(),
            _ => String::new(),
        };
        match event {
            Event::Start(element) => {
                path.push(element.local_name().as_ref().to_owned());
                shape.insert((namespace, path.join("/")));
            }
            Event::Empty(element) => {
                let name = element.local_name();
                shape.insert((namespace, format!("{}/{}", path.join("/"), name.as_ref())));
            }
            Event::End(_) => {
                path.pop();
            }
            Event::Eof => return shape,
            _ => {}
        }
    }
}

#[tokio::test(start_paused = true)]
async fn shapes_are_those_of_the_captures() {
    let Some(folder) = std::env::var_os("PLUGPRINT_CAPTURES").map(std::path::PathBuf::from) else {
        println!("skipped: PLUGPRINT_CAPTURES is not set");
        return;
    };
    let lab = lab(Model::Inkjet, |_| {}).await;
    let mut link = lab.link().await;
    for (path, capture) in [
        ("/IoMgmt/Adapters", "ledm/envy-photo-7830-adapters.xml"),
        ("/DevMgmt/InternalPrintCap.xml", "ledm/smart-tank-750-internal-print-cap.xml"),
    ] {
        let real = shape(&std::fs::read_to_string(folder.join(capture)).unwrap());
        let response = link.get(path).await;
        let ours = shape(response.split_once("\r\n\r\n").unwrap().1);
        let invented: Vec<_> = ours.difference(&real).collect();
        assert!(invented.is_empty(), "{path}: not on hardware: {invented:?}");
        assert!(ours.len() * 10 >= real.len() * 8, "{path}: {} of {} elements", ours.len(), real.len());
    }
}
