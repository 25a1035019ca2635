//! The printer's HTTP server on one interface. IPP over USB 1.0, 6.2: HTTP/1.1, Host is localhost, nobody closes
//! a connection.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::http::request::Parts;
use hyper::service::service_fn;
use hyper::{HeaderMap, Method, Request, Response};

use crate::usb::Direction;

use super::faults::{Kind, Resource};
use super::function::Gadget;
use super::ledm::{self, Reply};
use super::model::Speech;
use super::options::Framing;
use super::pipe::PrinterPipe;
use super::printer::Printer;
use super::script::{self, Step};
use super::stream::{Control, Cutter, PipeStream};
use super::{cdm, escl, ipp, pml, services, web};

/// The longest document that the printer reads, in bytes.
const REQUEST: usize = 64 * 1024;
const LATE: Duration = Duration::from_secs(8);
/// How long an answer takes while others must not come.
const CROWDED: Duration = Duration::from_secs(1);
/// Where tests and benches read and write large bodies. Not a resource of any printer.
const SOURCE: &str = "/Emulator/Source/";
const SINK: &str = "/Emulator/Sink";
/// From this length on a chunk holds more, in bytes.
const LARGE: usize = 64 * 1024;
static ZEROS: [u8; 64 * 1024] = [0; 64 * 1024];

/// Speaks on an interface until the cable is pulled.
pub(super) async fn serve(gadget: Arc<Gadget>, interface: usize) {
    let Some(pipe) = gadget.pipe(interface).cloned() else { return };
    while !pipe.is_unplugged() {
        let epoch = pipe.epoch();
        tokio::select! {
            biased;
            () = pipe.over(epoch) => {}
            () = speak(&gadget, interface, &pipe) => {}
        }
    }
}

async fn speak(gadget: &Arc<Gadget>, interface: usize, pipe: &PrinterPipe) {
    match gadget.speech(interface) {
        Some(Speech::Http) if !gadget.stuck() => {
            while !pipe.is_unplugged() {
                let seized = seized(gadget);
                match seized {
                    None => tokio::select! {
                        biased;
                        () = until(gadget, |kind| matches!(kind, Some(Kind::Deaf | Kind::Babble))) => {}
                        () = answer_all(gadget, pipe) => {}
                    },
                    Some(Kind::Babble) => tokio::select! {
                        biased;
                        () = until(gadget, |kind| kind != Some(Kind::Babble)) => {}
                        () = script::play(vec![Step::Forever(Bytes::from_static(&[b'~'; 4096]))], gadget, pipe) => {}
                    },
                    Some(kind) => until(gadget, |now| now != Some(kind)).await,
                }
            }
        }
        Some(Speech::Pjl) => pml::listen(gadget, pipe).await,
        // A page description, or what a CD-ROM drive is asked: taken, and thrown away.
        Some(Speech::Raw | Speech::Storage) => while pipe.receive(64 * 1024).await.is_some() {},
        Some(Speech::Http) | None => std::future::pending().await,
    }
}

/// Faults that take the whole interface, not one request.
fn seized(gadget: &Gadget) -> Option<Kind> {
    gadget.printer.fault().map(|fault| fault.kind).filter(|kind| matches!(kind, Kind::Deaf | Kind::Babble))
}

async fn until(gadget: &Gadget, condition: impl Fn(Option<Kind>) -> bool) {
    let mut changes = gadget.printer.changes();
    while !condition(seized(gadget)) {
        if changes.changed().await.is_err() {
            return;
        }
    }
}

/// What a handler leaves instead of a response.
pub(super) type Slot = Arc<Mutex<Option<Vec<Step>>>>;

#[derive(Debug, thiserror::Error)]
#[error("a script answers")]
pub(super) struct Scripted;

async fn answer_all(gadget: &Arc<Gadget>, pipe: &PrinterPipe) {
    loop {
        let control = Arc::new(Control::default());
        let slot = Slot::default();
        let desk = Desk { printer: gadget.printer.clone(), pipe: Some(pipe.clone()) };
        let service = service_fn(|request| answer(desk.clone(), request, Arc::clone(&control), Arc::clone(&slot)));
        let served = hyper::server::conn::http1::Builder::new()
            .title_case_headers(true)
            .header_read_timeout(None)
            .auto_date_header(false)
            .serve_connection(PipeStream::new(pipe.clone(), Arc::clone(&control), gadget.printer.clone()), service)
            .await;
        let script = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
        match script {
            Some(script) => script::play(script, gadget, pipe).await,
            None => {
                if let Err(error) = served {
                    tracing::debug!(%error, "the emulated printer could not read a request");
                }
            }
        }
        if pipe.is_unplugged() {
            return;
        }
    }
}

/// Who is asked, and how strictly.
#[derive(Clone)]
pub(super) struct Desk {
    pub printer: Printer,
    /// The cable's end, which takes only requests for `localhost`; `None` is TCP.
    pub pipe: Option<PrinterPipe>,
}

impl Desk {
    /// Writes a whole response past the server, which goes on reading the request.
    fn interject(&self, reply: &Reply) {
        if let Some(pipe) = &self.pipe {
            let mut cutter = Cutter::new(pipe.clone());
            cutter.write(reply.head(Some(reply.body.len())).as_bytes());
            cutter.write(&reply.body);
            cutter.flush(true);
        }
    }
}

/// Answers a request, or leaves in `slot` what is to be played instead.
pub(super) async fn answer(
    desk: Desk,
    request: Request<Incoming>,
    control: Arc<Control>,
    slot: Slot,
) -> Result<Response<Outgoing>, Scripted> {
    let printer = &desk.printer;
    let (head, body) = request.into_parts();
    let path = head.uri.path().to_owned();
    printer.log(format!("{} {path}", head.method));
    if let Some(length) = path.strip_prefix(SOURCE).and_then(|length| length.parse().ok()) {
        return Ok(Response::new(Outgoing { zeros: length, ..Outgoing::new(control) }));
    }
    if path == SINK {
        let text = match drain(body).await {
            Some(length) => {
                printer.log(format!("whole {length}"));
                length.to_string()
            }
            None => return Err(Scripted),
        };
        return Ok(Response::new(Outgoing { parts: [text.into()].into(), ..Outgoing::new(control) }));
    }
    let resource = services::resource(&path)
        .or_else(|| cdm::resource(printer, &head.method, &path))
        .unwrap_or_else(|| ledm::resource(printer, &head.method, &path));
    let fault = printer.fault_at(resource);
    let guest = (fault == Some(Kind::Crowded)).then(|| printer.enter());
    if let Some(guest) = &guest {
        if guest.late {
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(vec![Step::Hang]);
            return Err(Scripted);
        }
        tokio::time::sleep(CROWDED).await;
    }
    let refused = refused(desk.pipe.is_some(), &head.method, &head.headers, resource, fault);
    let Some(reply) = reply(&desk, &head, &path, resource, fault, refused, body).await else {
        return Err(Scripted);
    };
    let script = |steps| {
        *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(steps);
        Err(Scripted)
    };
    match fault {
        Some(Kind::Hang) => return script(vec![Step::Hang]),
        Some(Kind::Wedged) => return script(vec![Step::Wedge]),
        Some(Kind::Deadlocked) => return script(vec![Step::Deadlock]),
        Some(Kind::Unplug) => return script(vec![Step::Unplug]),
        Some(Kind::Stall) => return script(vec![Step::Stall(Direction::In), Step::Hang]),
        Some(Kind::StallOut) => return script(vec![Step::Stall(Direction::Out), Step::Hang]),
        Some(Kind::Late) => tokio::time::sleep(LATE).await,
        _ => {}
    }
    let reply = match fault {
        Some(Kind::BrokenXml) => reply.with_body(|body| body.slice(..body.len() / 2)),
        Some(Kind::NamedMembers) if matches!(resource, Resource::Ipp | Resource::Fax) => {
            reply.with_body(ipp::with_named_members)
        }
        Some(Kind::DeepXml) => {
            let opening = if cdm::is_json(&reply) { "[" } else { "<a>" };
            reply.with_body(|_| opening.repeat(10_000).into())
        }
        Some(Kind::HugeXml) => reply.with_body(|_| {
            let mut huge = b"<?xml version=\"1.0\"?>\n<huge>".to_vec();
            huge.resize(16 * 1024 * 1024, b' ');
            huge.into()
        }),
        _ => reply,
    };
    let without_body = head.method == Method::HEAD;
    let framing = match fault {
        Some(Kind::Chunked) => Framing::Chunked,
        Some(Kind::Gzip) => Framing::Gzip,
        // A page is scanned while it is sent [C].
        _ if resource == Resource::Document => Framing::Chunked,
        _ => match printer.options().framing {
            Framing::Length if cdm::zips(printer, &reply) => Framing::Gzip,
            framing => framing,
        },
    };
    match fault.and_then(|kind| odd(kind, &reply, without_body)) {
        Some(steps) => script(steps),
        None => Ok(reply.respond(control, framing)),
    }
}

/// What is answered, once the request's body has been read; `None` when that broke off.
async fn reply(
    desk: &Desk,
    head: &Parts,
    path: &str,
    resource: Resource,
    fault: Option<Kind>,
    refused: Option<Reply>,
    body: Incoming,
) -> Option<Reply> {
    let (printer, method, headers) = (&desk.printer, &head.method, &head.headers);
    if matches!(resource, Resource::Ipp | Resource::Fax) {
        let refused = refused.or_else(|| ipp::refused(method, headers));
        return match refused {
            Some(reply) => drain(body).await.map(|_| reply),
            None => {
                let say = |reply: Reply| desk.interject(&reply);
                let interject: Option<ipp::Interject<'_>> = if desk.pipe.is_some() { Some(&say) } else { None };
                ipp::answer(printer, resource == Resource::Fax, &authority(headers), body, fault, interject).await
            }
        };
    }
    if fault == Some(Kind::HangUpload) {
        let _unread = body;
        return std::future::pending().await;
    }
    let body = match Limited::new(body, REQUEST).collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => return Some(Reply::status(413)),
    };
    if refused.is_some() {
        return refused;
    }
    Some(match resource {
        Resource::Escl | Resource::Document => escl::answer(printer, method, path, &authority(headers), &body).await,
        Resource::Web => web::answer(printer, method, path, headers),
        _ if cdm::has(printer, path) => cdm::answer(printer, method, path, headers, &body).await,
        _ => ledm::answer(printer, method, path, headers, &body),
    })
}

/// The authority that the client believes it talks to, for the URIs that the printer gives out.
fn authority(headers: &HeaderMap) -> String {
    let host = headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or_default();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".:-[]".contains(&byte);
    if !host.is_empty() && host.len() < 128 && host.bytes().all(plain) {
        host.to_owned()
    } else {
        "localhost".to_owned()
    }
}

async fn drain(mut body: Incoming) -> Option<u64> {
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        length += frame.ok()?.data_ref().map_or(0, |data| data.len() as u64);
    }
    Some(length)
}

/// What the printer refuses before it looks at the resource.
fn refused(
    strict: bool,
    method: &Method,
    headers: &HeaderMap,
    resource: Resource,
    fault: Option<Kind>,
) -> Option<Reply> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    // IPP over USB 1.0, 6.2; OKI's printers refuse others [C].
    let host = text("host").unwrap_or_default();
    if strict && host.split_once(':').map_or(host, |(name, _)| name) != "localhost" {
        return Some(Reply::status(400));
    }
    let status = match fault? {
        Kind::Busy | Kind::BusyForever => 503,
        Kind::Working | Kind::WorkingForever if method == Method::GET => 202,
        Kind::AuthRequired => 401,
        Kind::Forbidden => 403,
        Kind::NotFound => 404,
        Kind::ServerError => 500,
        Kind::PinMissing if resource == Resource::Pin => 404,
        Kind::PinDenied if resource == Resource::Pin => 401,
        _ => return None,
    };
    Some(Reply::status(status))
}

/// The faults that a well-behaved server can't commit.
fn odd(kind: Kind, reply: &Reply, without_body: bool) -> Option<Vec<Step>> {
    let head = reply.head(Some(reply.body.len()));
    let body = if without_body { Bytes::new() } else { reply.body.clone() };
    let whole = || Bytes::from([head.as_bytes(), &body].concat());
    let half = || whole().slice(..head.len() + body.len() / 2);
    // The whole response as one chunk, without the last.
    let chunk = |body: &Bytes| {
        let head = reply.head(None);
        let head = head.trim_end();
        let size = format!("{head}\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n", body.len());
        Bytes::from([size.as_bytes(), body, b"\r\n"].concat())
    };
    Some(match kind {
        Kind::HangHead => vec![Step::Bytes(whole().slice(..head.len() / 2)), Step::End, Step::Hang],
        Kind::HangBody => vec![Step::Bytes(half()), Step::End, Step::Hang],
        Kind::Truncated => vec![Step::Bytes(half()), Step::End],
        Kind::UnplugBody => vec![Step::Bytes(half()), Step::End, Step::Taken, Step::Unplug],
        Kind::UnplugAfter => {
            vec![Step::Bytes(whole()), Step::End, Step::Taken, Step::Unplug]
        }
        Kind::HangAfter => vec![Step::Bytes(whole()), Step::End, Step::Hang],
        Kind::TruncatedChunk => vec![Step::Bytes(chunk(&body).slice(..chunk(&body).len() / 2)), Step::End],
        Kind::NoLastChunk => vec![Step::Bytes(chunk(&body)), Step::End],
        Kind::ZeroLength => vec![
            Step::Zero,
            Step::Bytes(half()),
            Step::Zero,
            Step::Bytes(whole().slice(half().len()..)),
            Step::End,
            Step::Zero,
        ],
        Kind::Doubled => vec![
            Step::Bytes(Bytes::from_static(b"HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Length: 0\r\n\r\n")),
            Step::Bytes(whole()),
            Step::End,
        ],
        Kind::Interim => {
            vec![Step::Bytes(Bytes::from_static(b"HTTP/1.1 100 Continue\r\n\r\n")), Step::Bytes(whole()), Step::End]
        }
        Kind::Endless => vec![
            Step::Bytes(Bytes::from_static(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n",
            )),
            Step::Forever([b"1000\r\n".as_slice(), &[b' '; 0x1000], b"\r\n"].concat().into()),
        ],
        Kind::EndlessHead => vec![
            Step::Bytes(Bytes::from_static(b"HTTP/1.1 200 OK\r\n")),
            Step::Forever("X-More: and more\r\n".repeat(128).into()),
        ],
        Kind::Garbage => vec![Step::Bytes("\u{1b}%-12345X@PJL\r\n".repeat(20).into()), Step::End],
        Kind::NoLength => vec![Step::Bytes(reply.head(None).into()), Step::Bytes(body), Step::End],
        Kind::Ragged => vec![Step::Pieces(whole(), 100, Duration::ZERO)],
        Kind::Slow => vec![Step::Pieces(whole(), 64, Duration::from_millis(100))],
        _ => return None,
    })
}

impl Reply {
    /// The head as bytes on the wire; without a length where `length` is `None`.
    fn head(&self, length: Option<usize>) -> String {
        let reason = hyper::StatusCode::from_u16(self.status).ok().and_then(|status| status.canonical_reason());
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason.unwrap_or("Unknown"));
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if let Some(length) = length {
            head.push_str(&format!("Content-Length: {length}\r\n"));
        }
        head + "\r\n"
    }

    fn respond(self, control: Arc<Control>, framing: Framing) -> Response<Outgoing> {
        let mut builder = Response::builder().status(self.status);
        for (name, value) in &self.headers {
            builder = builder.header(*name, value);
        }
        let mut body = Outgoing::new(control);
        match framing {
            Framing::Length => body.parts.push_back(self.body),
            _ if self.body.is_empty() => body.parts.push_back(self.body),
            Framing::Chunked => {
                body.sized = false;
                let size = if self.body.len() > LARGE { 16 * 1024 } else { 700 };
                let parts = (0..self.body.len()).step_by(size);
                body.parts.extend(parts.map(|at| self.body.slice(at..self.body.len().min(at + size))));
            }
            Framing::Gzip => {
                builder = builder.header("Content-Encoding", "gzip");
                body.parts.push_back(gzip(&self.body));
            }
        }
        builder.body(body).unwrap_or_default()
    }
}

fn gzip(body: &[u8]) -> Bytes {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    // Writing to a Vec can't fail.
    let _ = encoder.write_all(body);
    encoder.finish().unwrap_or_default().into()
}

/// A response body; tells the stream when it has been taken to its end.
#[derive(Default)]
pub(super) struct Outgoing {
    parts: VecDeque<Bytes>,
    /// This many zero bytes after the parts.
    zeros: u64,
    /// Its length is announced.
    sized: bool,
    _ending: Ending,
}

impl Outgoing {
    fn new(control: Arc<Control>) -> Self {
        Self { parts: VecDeque::new(), zeros: 0, sized: true, _ending: Ending(control) }
    }

    fn length(&self) -> u64 {
        self.parts.iter().map(|part| part.len() as u64).sum::<u64>() + self.zeros
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(part) = self.parts.pop_front() {
            return Poll::Ready(Some(Ok(Frame::data(part))));
        }
        if self.zeros == 0 {
            return Poll::Ready(None);
        }
        let length = usize::try_from(self.zeros).unwrap_or(usize::MAX).min(ZEROS.len());
        self.zeros -= length as u64;
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(ZEROS.get(..length).unwrap_or_default())))))
    }

    fn is_end_stream(&self) -> bool {
        self.length() == 0
    }

    fn size_hint(&self) -> SizeHint {
        if self.sized { SizeHint::with_exact(self.length()) } else { SizeHint::default() }
    }
}

/// hyper drops a body when its last byte is in hyper's own buffer, before it flushes.
#[derive(Default)]
struct Ending(Arc<Control>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.ended.store(true, Ordering::Relaxed);
    }
}
