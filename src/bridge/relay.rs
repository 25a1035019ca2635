//! One request and its answer, through.

use std::sync::Arc;
use std::time::Duration;

use ::http::{HeaderMap, Method, Request, Response, StatusCode, Version, header};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use tokio::time::{Instant, timeout};

use super::access::{self, Purpose};
use super::body::{Answer, Document};
use super::gate::{self, Client};
use super::headers;
use super::lanes::Kind;
use super::path::Path;
use super::refusal::Refusal;
use super::sanitize;
use super::serve::Bridge;
use crate::http::{Deadlines, Held, RequestBody};

/// What is read of a body before a link is taken, in bytes; a smaller one is read whole.
const BEGINNING: usize = 32 << 10;
/// The longest answer to a small request: a printer may calculate, or ask its cloud.
const ANSWER: Duration = Duration::from_secs(60);
/// The longest pause in what a printer has begun to say. It has composed it before.
const PAUSE: Duration = Duration::from_secs(30);
/// The least that is left to a request to get a link when its lane is free: the link may have to be claimed first.
const LINK_LEAST: Duration = Duration::from_secs(5);
/// How long a printer may be writing what it was sent for its set-up, which may be new firmware: nothing that it
/// answers or does not answer says whether it is [I].
const FLASHING: Duration = Duration::from_secs(30 * 60);
/// A page is scanned before a byte of it comes; at a high resolution that takes minutes.
const SCAN: Duration = Duration::from_secs(10 * 60);
/// What was printed is answered when the printer is done with it; out of paper, that may be tomorrow. Who asked
/// gives up before, and then nobody waits for it.
const PRINT: Duration = Duration::from_secs(24 * 60 * 60);

/// Answers a request, from the printer or by a refusal.
pub(super) async fn answer(bridge: Arc<Bridge>, client: Arc<Client>, request: Request<Incoming>) -> Response<Answer> {
    let method = request.method().clone();
    // Without the query, which may hold anything.
    let path = request.uri().path().to_owned();
    let response = relay(&bridge, &client, request).await.unwrap_or_else(|refusal| {
        tracing::debug!(printer = %bridge.printer, %method, path, status = refusal.status().as_u16(), "refused");
        refusal.into_response()
    });
    tracing::trace!(printer = %bridge.printer, %method, path, status = response.status().as_u16(), "answered");
    response
}

async fn relay(bridge: &Arc<Bridge>, client: &Client, request: Request<Incoming>) -> Result<Response<Answer>, Refusal> {
    let (mut head, body) = request.into_parts();
    let admitted = gate::admit(bridge, client, &head).await?;
    let gathered = gather(bridge, body).await?;
    let reading = matches!(head.method, Method::GET | Method::HEAD | Method::OPTIONS);
    if matches!(admitted.purpose, Purpose::Print | Purpose::Fax) && !(reading && gathered.beginning().is_empty()) {
        check_operation(bridge, client, &head.headers, &gathered).await?;
    }
    let purpose = admitted.purpose;
    let waits_for_page = purpose == Purpose::Scan && head.method == Method::GET && is_page(head.uri.path());
    let document = matches!(purpose, Purpose::Print | Purpose::Fax) && access::brings_document(gathered.beginning());
    let streaming = matches!(gathered, Gathered::Streaming { .. });
    let kind = match () {
        () if streaming || document => Kind::Upload,
        () if waits_for_page => Kind::Download,
        () => Kind::Small,
    };

    let limit = bridge.room.limits.link;
    let asked = Instant::now();
    let place = Arc::new(bridge.lanes.enter(kind, limit).await.ok_or_else(Refusal::busy)?);
    let limit = limit.saturating_sub(asked.elapsed()).max(LINK_LEAST.min(limit));
    let (patience, pause) = match purpose {
        _ if document => (PRINT, PAUSE),
        // A page is sent while it is scanned.
        Purpose::Scan if waits_for_page => (SCAN, SCAN),
        _ => (ANSWER, PAUSE),
    };
    // Out of paper a printer may take no more of a document for hours; a small request is no matter of paper.
    let upload = (kind != Kind::Upload).then_some(ANSWER);
    let deadlines = Deadlines { link: limit, upload, head: patience, body: pause, total: None };

    headers::to_printer(&mut head.headers, bridge.port);
    if bridge.quirks.sanitize_ipp && matches!(purpose, Purpose::Print | Purpose::Fax) {
        // What comes packed can't be looked into.
        head.headers.remove(header::ACCEPT_ENCODING);
    }
    let target = head.uri.path_and_query().and_then(|asked| Path::target(asked.as_str()));
    head.uri = target.ok_or_else(|| Refusal::bad("The request has no path."))?.into();
    let is_head = head.method == Method::HEAD;
    let body = match gathered {
        Gathered::Whole(bytes) => RequestBody::full(bytes),
        Gathered::Streaming { beginning, rest } => {
            RequestBody::stream(Document::new(beginning, rest, Arc::clone(&bridge.lanes), bridge.room.limits))
        }
    };
    if streaming && purpose == Purpose::Protected {
        bridge.pool.spare(FLASHING);
    }
    // A document that its client has left keeps its link busy for a while, and its lane as long.
    head.extensions.insert(Held(Arc::clone(&place) as _));
    let response = bridge.pool.exchange(Request::from_parts(head, body), deadlines).await?;

    let (mut head, body) = response.into_parts();
    if head.status == StatusCode::SWITCHING_PROTOCOLS {
        return Err(Refusal::new(StatusCode::BAD_GATEWAY, "The printer wants to speak another protocol."));
    }
    head.version = Version::HTTP_11;
    headers::to_client(&mut head.headers, head.status, &admitted.authority);
    let bodiless = is_head || matches!(head.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    let body = if bodiless {
        // hyper passes the length on that a HEAD was told.
        Answer::text(Bytes::new())
    } else if bridge.quirks.sanitize_ipp && sanitize::is_meant(&head.headers) {
        let (beginning, rest) = sanitize::sanitize(&mut head.headers, body).await?;
        Answer::printer(beginning, rest, length(&head.headers), place)
    } else {
        Answer::printer(Bytes::new(), body, length(&head.headers), place)
    };
    Ok(Response::from_parts(head, body))
}

/// eSCL: `/eSCL/ScanJobs/ID/NextDocument`; LEDM: `/Scan/Jobs/ID/Pages/N`.
fn is_page(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    path.contains("nextdocument") || path.contains("/pages/")
}

pub(super) fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.trim().parse().ok()
}

/// What is here of a request's body when it is worth a link.
enum Gathered {
    Whole(Bytes),
    Streaming { beginning: Bytes, rest: Incoming },
}

impl Gathered {
    fn beginning(&self) -> &[u8] {
        match self {
            Self::Whole(bytes) => bytes,
            Self::Streaming { beginning, .. } => beginning,
        }
    }
}

/// Reads a body's beginning: whoever sends slowly holds no link meanwhile.
async fn gather(bridge: &Bridge, mut body: Incoming) -> Result<Gathered, Refusal> {
    if body.is_end_stream() {
        return Ok(Gathered::Whole(Bytes::new()));
    }
    let limits = &bridge.room.limits;
    let small = body.size_hint().exact().is_some_and(|length| length <= BEGINNING as u64);
    let each = if small { limits.gather } else { limits.patience };
    let mut beginning = BytesMut::new();
    let deadline = tokio::time::Instant::now() + limits.patience;
    while !body.is_end_stream() && beginning.len() < BEGINNING {
        let next = tokio::time::timeout_at(deadline, timeout(each, body.frame())).await;
        match next {
            Ok(Ok(Some(Ok(frame)))) => {
                if let Ok(data) = frame.into_data() {
                    beginning.extend_from_slice(&data);
                }
            }
            Ok(Ok(None)) => return Ok(Gathered::Whole(beginning.freeze())),
            Ok(Ok(Some(Err(_)))) => return Err(Refusal::bad("The request ended before its end.")),
            Ok(Err(_)) | Err(_) => return Err(Refusal::late()),
        }
    }
    let beginning = beginning.freeze();
    if body.is_end_stream() {
        return Ok(Gathered::Whole(beginning));
    }
    Ok(Gathered::Streaming { beginning, rest: body })
}

/// Which operation an IPP request asks for decides who may.
async fn check_operation(
    bridge: &Bridge,
    client: &Client,
    headers: &HeaderMap,
    gathered: &Gathered,
) -> Result<(), Refusal> {
    // What is packed can't be looked into.
    let packed = headers.get(header::CONTENT_ENCODING).is_some_and(|coding| coding != "identity");
    match access::ipp(gathered.beginning()) {
        Some(true) if !packed => Ok(()),
        Some(_) => gate::let_in(&bridge.room, &bridge.printer, client).await,
        None if gathered.beginning().is_empty() => Err(Refusal::bad("There is no IPP request in this body.")),
        None => Err(Refusal::bad("This is no IPP request.")),
    }
}
