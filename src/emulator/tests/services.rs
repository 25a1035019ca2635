//! Printing, scanning and the web pages, as bytes over the cable.

use std::time::Duration;

use super::super::{escl, raster};
use super::*;

fn attribute(tag: u8, name: &str, value: &[u8]) -> Vec<u8> {
    let length = |bytes: &[u8]| u16::try_from(bytes.len()).unwrap().to_be_bytes();
    [&[tag][..], &length(name.as_bytes()), name.as_bytes(), &length(value), value].concat()
}

/// A request as ipptool sends it, without its document.
fn request(operation: u16, more: &[(u8, &str, &[u8])]) -> Vec<u8> {
    let mut bytes = vec![2, 0];
    bytes.extend(operation.to_be_bytes());
    bytes.extend([0, 0, 0, 9, 1]);
    bytes.extend(attribute(0x47, "attributes-charset", b"utf-8"));
    bytes.extend(attribute(0x48, "attributes-natural-language", b"en"));
    bytes.extend(attribute(0x45, "printer-uri", b"ipp://localhost/ipp/print"));
    bytes.extend(attribute(0x42, "requesting-user-name", b"ada"));
    for (tag, name, value) in more {
        bytes.extend(attribute(*tag, name, value));
    }
    bytes.push(3);
    bytes
}

const HEAD: &str = "POST /ipp/print HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/ipp\r\n";

impl Link {
    async fn bytes(&mut self) -> Vec<u8> {
        let mut all = Vec::new();
        loop {
            let part = self.receive(4096).await.unwrap();
            all.extend_from_slice(&part);
            if part.len() < 4096 {
                return all;
            }
        }
    }

    /// The IPP answer's status code, and the answer.
    async fn ipp(&mut self, body: &[u8]) -> (u16, Vec<u8>) {
        self.send(&[format!("{HEAD}Content-Length: {}\r\n\r\n", body.len()).as_bytes(), body].concat()).await;
        self.answer().await
    }

    async fn answer(&mut self) -> (u16, Vec<u8>) {
        let response = self.bytes().await;
        let at = response.windows(4).position(|end| end == b"\r\n\r\n").unwrap() + 4;
        let head = String::from_utf8_lossy(&response[..at]).into_owned();
        assert!(head.starts_with("HTTP/1.1 200 OK") && head.contains("Content-Type: application/ipp"), "{head}");
        let message = response[at..].to_vec();
        assert_eq!(message[..2], [2, 0]);
        assert_eq!(message[4..9], [0, 0, 0, 9, 1], "the request's id, then the operation attributes");
        (u16::from_be_bytes([message[2], message[3]]), message)
    }
}

fn says(message: &[u8], text: &str) -> bool {
    message.windows(text.len()).any(|part| part == text.as_bytes())
}

/// The four octets after an attribute's name and length.
fn number(message: &[u8], name: &str) -> i32 {
    let at = message.windows(name.len()).position(|part| part == name.as_bytes()).unwrap() + name.len() + 2;
    i32::from_be_bytes(message[at..at + 4].try_into().unwrap())
}

fn document() -> Vec<u8> {
    [&b"RaS2"[..], &raster::tests::page(), &raster::tests::page()].concat()
}

struct Desk {
    lab: Lab,
    jobs: tempfile::TempDir,
}

async fn desk(model: Model, change: impl FnOnce(&mut Options)) -> Desk {
    let jobs = tempfile::tempdir().unwrap();
    let folder = jobs.path().to_owned();
    let lab = lab(model, |options| {
        options.jobs = Some(folder);
        change(options);
    })
    .await;
    Desk { lab, jobs }
}

impl Desk {
    fn note(&self, job: u32) -> Option<String> {
        std::fs::read_to_string(self.jobs.path().join(format!("job-{job:04}.txt"))).ok()
    }

    /// The note of a job whose document was cut off: another thread writes it.
    async fn cut_off(&self, job: u32) -> String {
        for _ in 0..2000 {
            if let Some(note) = self.note(job) {
                return note;
            }
            // A thread, not the paused clock, is waited for.
            tokio::task::spawn_blocking(|| std::thread::sleep(Duration::from_millis(5))).await.unwrap();
        }
        panic!("job {job} has no note")
    }
}

#[tokio::test(start_paused = true)]
async fn print_job_is_printed_in_time() {
    let desk = desk(Model::Inkjet, |_| {}).await;
    let mut link = desk.lab.link().await;
    let begin = request(2, &[(0x42, "job-name", b"two pages"), (0x49, "document-format", b"image/pwg-raster")]);
    let (status, answer) = link.ipp(&[begin, document()].concat()).await;
    assert_eq!((status, number(&answer, "job-id"), number(&answer, "job-state")), (0, 1, 5));
    let note = desk.note(1).unwrap();
    assert!(note.starts_with("state: complete\njob-id: 1\nservice: print\njob-name: two pages\n"), "{note}");
    assert!(note.contains("pages: 2\npage 1: 4x4 at 300x300 dpi, rgb"), "{note}");
    assert_eq!(std::fs::read(desk.jobs.path().join("job-0001.pwg")).unwrap(), document());
    assert!(desk.jobs.path().join("job-0001-page-2.png").exists());
    let ask = request(9, &[(0x21, "job-id", &[0, 0, 0, 1])]);
    assert_eq!(number(&link.ipp(&ask).await.1, "job-state"), 5);
    tokio::time::sleep(Duration::from_millis(500)).await;
    let (_, answer) = link.ipp(&ask).await;
    assert_eq!((number(&answer, "job-state"), number(&answer, "job-impressions-completed")), (9, 2));
    // Too late to cancel.
    assert_eq!(link.ipp(&request(8, &[(0x21, "job-id", &[0, 0, 0, 1])])).await.0, 0x0404);
}

#[tokio::test(start_paused = true)]
async fn create_job_and_its_one_document() {
    let desk = desk(Model::OfficeJet, |_| {}).await;
    let mut link = desk.lab.link().await;
    let one: (u8, &str, &[u8]) = (0x21, "job-id", &[0, 0, 0, 1]);
    let last: (u8, &str, &[u8]) = (0x22, "last-document", &[1]);
    let (status, answer) = link.ipp(&request(5, &[])).await;
    assert_eq!((status, number(&answer, "job-state")), (0, 3));
    let pdf = b"%PDF-1.4\n<</Type/Page>>\n%%EOF\n".to_vec();
    assert_eq!(link.ipp(&[request(6, &[one]), pdf.clone()].concat()).await.0, 0x0400, "no last-document");
    let gzip: (u8, &str, &[u8]) = (0x44, "compression", b"gzip");
    let packed = {
        use std::io::Write as _;
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&pdf).unwrap();
        encoder.finish().unwrap()
    };
    assert_eq!(link.ipp(&[request(6, &[one, gzip, last]), packed].concat()).await.0, 0);
    assert!(desk.note(1).unwrap().starts_with("state: complete"));
    assert_eq!(std::fs::read(desk.jobs.path().join("job-0001.pdf")).unwrap(), pdf);
    assert_eq!(link.ipp(&[request(6, &[one, last]), pdf].concat()).await.0, 0x0509, "a second document");
    assert_eq!(link.ipp(&request(0x3b, &[one])).await.0, 0, "Close-Job");
    // An open job that nobody goes on with is aborted.
    assert_eq!(link.ipp(&request(5, &[])).await.0, 0);
    tokio::time::sleep(Duration::from_secs(121)).await;
    assert_eq!(number(&link.ipp(&request(9, &[(0x21, "job-id", &[0, 0, 0, 2])])).await.1, "job-state"), 8);
}

#[tokio::test(start_paused = true)]
async fn a_document_that_breaks_off_is_never_complete() {
    let desk = desk(Model::Inkjet, |_| {}).await;
    let whole = [request(2, &[]), document()].concat();
    // A chunked body, left after any of its chunks and before its last one.
    for (job, sent) in (1..).zip([request(2, &[]).len() + 1, whole.len() - 5, whole.len()]) {
        let mut link = desk.lab.link().await;
        let chunk = format!("{HEAD}Transfer-Encoding: chunked\r\n\r\n{sent:x}\r\n");
        link.send(&[chunk.as_bytes(), &whole[..sent], b"\r\n"].concat()).await;
        tokio::task::yield_now().await;
        drop(link);
        // Claiming again resets the interface.
        let mut link = desk.lab.link().await;
        let note = desk.cut_off(job).await;
        assert!(note.starts_with("state: aborted\n") && note.contains("problem: the document breaks off"), "{note}");
        let id = u8::try_from(job).unwrap();
        let (_, answer) = link.ipp(&request(9, &[(0x21, "job-id", &[0, 0, 0, id])])).await;
        assert_eq!(number(&answer, "job-state"), 8);
        assert!(says(&answer, "submission-interrupted"));
    }
    // All came, but it is not what it says.
    let mut link = desk.lab.link().await;
    let (status, _) = link.ipp(&whole[..whole.len() - 5]).await;
    assert_eq!(status, 0x0411);
    assert!(desk.note(4).unwrap().starts_with("state: aborted\n"));
}

#[tokio::test(start_paused = true)]
async fn attributes_that_are_asked_for() {
    let desk = desk(Model::Inkjet, |_| {}).await;
    let mut link = desk.lab.link().await;
    let (status, answer) = link.ipp(&request(0x0b, &[])).await;
    assert_eq!(status, 0);
    for name in ["urf-supported", "printer-uuid", "media-col-ready", "printer-device-id", "ipp-everywhere"] {
        assert!(says(&answer, name), "{name}");
    }
    assert!(!says(&answer, "media-col-database"));
    let (_, answer) = link.ipp(&request(0x0b, &[(0x44, "requested-attributes", b"media-col-database")])).await;
    assert!(says(&answer, "media-col-database") && !says(&answer, "printer-uuid"));
    let (_, answer) = link.ipp(&request(0x0b, &[(0x44, "requested-attributes", b"job-template")])).await;
    assert!(says(&answer, "sides-supported") && !says(&answer, "printer-uuid"));
    // What it refuses.
    assert_eq!(link.ipp(&request(0x03, &[])).await.0, 0x0501, "Print-URI");
    assert_eq!(link.ipp(&request(0x04, &[(0x49, "document-format", b"text/plain")])).await.0, 0x040a);
    assert_eq!(link.ipp(&request(0x04, &[(0x44, "compression", b"lzma")])).await.0, 0x040f);
    assert_eq!(link.ipp(&request(0x09, &[(0x21, "job-id", &[0, 0, 0, 99])])).await.0, 0x0406);
    let mut old = request(0x0b, &[]);
    old[0] = 0;
    assert_eq!(link.ipp(&old).await.0, 0x0503);
    let broken = [&request(0x0b, &[])[..40], &[3]].concat();
    assert_eq!(link.ipp(&broken).await.0, 0x0400);
    assert!(link.post("/ipp/print", "Content-Type: text/plain\r\n", "x").await.starts_with("HTTP/1.1 415"));
    assert!(link.get("/ipp/print").await.starts_with("HTTP/1.1 405"));
    assert!(link.post("/ipp/faxout", "Content-Type: application/ipp\r\n", "x").await.starts_with("HTTP/1.1 404"));
}

#[tokio::test(start_paused = true)]
async fn jobs_wait_while_there_is_no_paper() {
    let desk = desk(Model::Mono, |options| options.fault = Fault::from_name("out-of-paper")).await;
    let mut link = desk.lab.link().await;
    assert_eq!(link.ipp(&[request(2, &[]), document()].concat()).await.0, 0);
    tokio::time::sleep(Duration::from_secs(60)).await;
    let ask = request(9, &[(0x21, "job-id", &[0, 0, 0, 1])]);
    assert_eq!(number(&link.ipp(&ask).await.1, "job-state"), 6);
    assert!(says(&link.ipp(&request(0x0b, &[])).await.1, "media-empty-error"));
    desk.lab.printer.set_fault(None);
    assert_eq!(number(&link.ipp(&ask).await.1, "job-state"), 9);
}

#[tokio::test(start_paused = true)]
async fn an_early_response_while_the_document_still_comes() {
    let desk = desk(Model::Inkjet, |options| options.fault = Fault::from_name("early-response@ipp")).await;
    let mut link = desk.lab.link().await;
    let whole = [request(2, &[]), document()].concat();
    let (now, later) = whole.split_at(whole.len() - 8);
    let head = format!("{HEAD}Content-Length: {}\r\n\r\n", whole.len());
    link.send(&[head.as_bytes(), now].concat()).await;
    let (status, answer) = link.answer().await;
    assert_eq!((status, number(&answer, "job-state")), (0, 5));
    link.send(later).await;
    assert!(desk.cut_off(1).await.starts_with("state: complete\n"));
    desk.lab.printer.set_fault(None);
    assert_eq!(link.ipp(&request(0x0b, &[])).await.0, 0, "the link goes on");
}

#[tokio::test(start_paused = true)]
async fn scans_from_the_glass_and_from_the_feeder() {
    let desk = desk(Model::OfficeJet, |_| {}).await;
    let mut link = desk.lab.link().await;
    let settings = |source| escl::tests::document(source, "image/png", 75, (200, 200));
    for (job, source, pages) in [(1, "Platen", 1), (2, "Feeder", 3)] {
        let response = link.post("/eSCL/ScanJobs", "Content-Type: text/xml\r\n", &settings(source)).await;
        assert!(response.starts_with("HTTP/1.1 201 Created"), "{response}");
        assert!(response.contains(&format!("Location: http://localhost/eSCL/ScanJobs/{job}\r\n")), "{response}");
        let busy = link.post("/eSCL/ScanJobs", "Content-Type: text/xml\r\n", &settings(source)).await;
        assert!(busy.starts_with("HTTP/1.1 503"), "one at a time");
        assert!(link.get("/eSCL/ScannerStatus").await.contains("<pwg:State>Processing<"));
        let info = link.get(&format!("/eSCL/ScanJobs/{job}/ScanImageInfo")).await;
        assert!(info.contains("<scan:ActualWidth>50<"), "{info}");
        for page in 1..=pages {
            let get = format!("GET /eSCL/ScanJobs/{job}/NextDocument HTTP/1.1\r\nHost: localhost\r\n\r\n");
            link.send(get.as_bytes()).await;
            let response = link.bytes().await;
            assert!(says(&response, "Content-Type: image/png") && says(&response, "Transfer-Encoding: chunked"));
            assert!(response.ends_with(b"0\r\n\r\n"));
            assert!(desk.jobs.path().join(format!("scan-{job:04}-page-{page}.png")).exists());
        }
        assert!(link.get(&format!("/eSCL/ScanJobs/{job}/NextDocument")).await.starts_with("HTTP/1.1 404"));
        let empty = link.get("/eSCL/ScannerStatus").await.contains("ScannerAdfEmpty");
        assert_eq!(empty, source == "Feeder");
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(link.get("/eSCL/ScannerStatus").await.contains("ScannerAdfLoaded"));
    let capabilities = link.get("/eSCL/ScannerCapabilities").await;
    assert!(capabilities.contains("AdfSimplexInputCaps") && capabilities.contains("image/jpeg"));
}

#[tokio::test(start_paused = true)]
async fn a_scan_that_is_canceled_or_forgotten() {
    let desk = desk(Model::Inkjet, |_| {}).await;
    let mut link = desk.lab.link().await;
    let settings = |source| escl::tests::document(source, "image/jpeg", 75, (200, 200));
    let xml = "Content-Type: text/xml\r\n";
    assert!(link.post("/eSCL/ScanJobs", xml, &settings("Feeder")).await.starts_with("HTTP/1.1 409"), "it has none");
    assert!(link.post("/eSCL/ScanJobs", xml, "<x/>").await.starts_with("HTTP/1.1 400"));
    assert!(link.post("/eSCL/ScanJobs", xml, &settings("Platen")).await.starts_with("HTTP/1.1 201"));
    link.send(b"DELETE /eSCL/ScanJobs/1 HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert!(link.response().await.starts_with("HTTP/1.1 200"));
    assert!(link.get("/eSCL/ScanJobs/1/NextDocument").await.starts_with("HTTP/1.1 410"));
    assert!(link.post("/eSCL/ScanJobs", xml, &settings("Platen")).await.starts_with("HTTP/1.1 201"));
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(link.get("/eSCL/ScannerStatus").await.contains("<pwg:JobState>Aborted<"));
    assert!(link.post("/eSCL/ScanJobs", xml, &settings("Platen")).await.starts_with("HTTP/1.1 201"));
}

#[tokio::test(start_paused = true)]
async fn web_pages() {
    let lab = lab(Model::Inkjet, |_| {}).await;
    let mut link = lab.link().await;
    assert!(link.get("/").await.contains("<h1>HP DeskJet Emulated 3000 series</h1>"));
    assert!(link.get("/old/index.html").await.contains("Location: ../index.html\r\n"));
    assert!(link.get("/hp/device/info.html").await.contains("Location: http://localhost/index.html\r\n"));
    let style = link.get("/style.css").await;
    assert!(style.contains("ETag: \"emulated-1\"\r\n") || style.contains("Etag: \"emulated-1\"\r\n"), "{style}");
    link.send(b"GET /style.css HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: \"emulated-1\"\r\n\r\n").await;
    let unchanged = link.response().await;
    assert!(unchanged.starts_with("HTTP/1.1 304") && unchanged.ends_with("\r\n\r\n"), "{unchanged}");
    link.send(b"HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    let head = link.response().await;
    assert!(head.contains("Content-Length: 3") && head.ends_with("\r\n\r\n"), "{head}");
    let nothing = link.get("/nothing").await;
    assert!(nothing.starts_with("HTTP/1.1 204") && nothing.ends_with("\r\n\r\n"), "{nothing}");
    assert!(link.get("/settings/security.html").await.starts_with("HTTP/1.1 401"));
    assert!(link.get("/").await.starts_with("HTTP/1.1 200"), "and the link goes on");
}

#[tokio::test(start_paused = true)]
async fn chunks_that_break_off() {
    for (name, end) in [("truncated-chunk@web", ""), ("no-last-chunk@web", "</html>\n\r\n")] {
        let lab = lab(Model::Inkjet, |options| options.fault = Fault::from_name(name)).await;
        let mut link = lab.link().await;
        let response = link.get("/").await;
        assert!(response.contains("Transfer-Encoding: chunked\r\n") && !response.ends_with("0\r\n\r\n"), "{response}");
        assert!(response.ends_with(end), "{response}");
    }
    let lab = lab(Model::Inkjet, |options| options.fault = Fault::from_name("zero-length@web")).await;
    let mut link = lab.link().await;
    link.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert_eq!(link.receive(4096).await.unwrap(), b"");
    assert!(!link.receive(4096).await.unwrap().is_empty());
    assert_eq!(link.receive(4096).await.unwrap(), b"");
}

#[tokio::test]
async fn the_same_printer_on_a_port() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let printer = Printer::new(Model::Mono, Options::default());
    let listener = tcp::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(tcp::serve(listener, printer.clone()));
    let get = async || {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let request = format!("GET / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).await.unwrap();
        response
    };
    assert!(get().await.contains("LaserJet Emulated M100"));
    printer.set_fault(Fault::from_name("truncated"));
    assert!(!get().await.contains("</html>"));
    assert!(tcp::bind("192.0.2.1:0".parse().unwrap()).await.is_err());
    server.abort();
}
