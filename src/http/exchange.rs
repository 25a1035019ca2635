//! One request and its response on one link.
//!
//! A task of ours drives it, not the caller: whoever asked may leave at any time, and the response is read to its
//! end all the same. hyper speaks HTTP, [`Socket`] is the link as hyper sees it, and [`watch`] looks at the clock.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use ::http::{HeaderValue, Method, Request, Response, Uri, Version, header};
use bytes::Bytes;
use futures_util::FutureExt;
use http_body_util::BodyExt;
use hyper::body::{Frame, Incoming};
use hyper::client::conn::http1;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, Sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::body::{Fate, Progress, RequestBody, ResponseBody, Upload};
use super::call::Deadlines;
use super::error::Error;
use super::framing::{Asked, HEAD_LIMIT, Inlet, MAX_HEADERS, Stage};
use super::manner::Manner;
use super::recovery::{Debt, Drained, discard_stale};
use super::socket::{Core, Socket};
use crate::usb::link::Link;

/// How long a response is drained for nobody, and how long a request body may starve when nobody waits.
const DESERTED: Duration = Duration::from_secs(10);
/// How long the answer to a request that was sent whole may take when nobody waits for it any more. Who prints may be
/// ready to wait for a day; when he has left, his link is not lost for that long.
const UNANSWERED: Duration = Duration::from_secs(60);
/// How long a printer that has already answered may take no byte of the rest of the upload.
const ANSWERED: Duration = Duration::from_secs(5);
/// Without a byte for so long in the middle of a response, we look whether some lie in an unfinished transfer: a
/// write that is a multiple of the packet size, without a zero-length packet, does not end it.
const HARVEST: Duration = Duration::from_secs(1);
/// How long the news that the request was taken may come behind the whole answer.
const NEWS: Duration = Duration::from_secs(1);
/// How long cancelled transfers may take to come back.
const ABORT: Duration = Duration::from_secs(3);

/// Who waits for the head of a response.
pub(super) type HeadSender = oneshot::Sender<Result<Response<ResponseBody>, Error>>;

/// How an exchange left its link.
pub(super) enum Outcome {
    /// The response was read to its end.
    Clean(Drained),
    /// It was not; whoever asked knows. The link is gone when its transfers could not be taken back.
    Dirty { link: Option<Box<Link>>, debt: Debt, error: Error },
}

/// A request as it goes out: the path in origin form, with `Host`.
pub(super) struct Outgoing {
    request: Request<RequestBody>,
    asked: Asked,
    length: Option<u64>,
    lenient: bool,
}

impl Outgoing {
    /// # Errors
    /// [`Error::Unsendable`].
    pub(super) fn new(mut request: Request<RequestBody>) -> Result<Self, Error> {
        let path = request.uri().path_and_query().map_or("", |path| path.as_str());
        let asked = match *request.method() {
            Method::CONNECT => return Err(Error::Unsendable("CONNECT".into())),
            Method::GET => Asked::Get,
            Method::HEAD => Asked::Head,
            _ => Asked::Other,
        };
        if !path.starts_with('/') {
            return Err(Error::Unsendable("the path does not begin with a slash".into()));
        }
        let path = path.parse::<Uri>().map_err(|error| Error::Unsendable(error.to_string()))?;
        *request.uri_mut() = path;
        *request.version_mut() = Version::HTTP_11;
        let body = request.body().length();
        let headers = request.headers_mut();
        // Nobody here waits for a 100, and nothing can be upgraded.
        for name in [header::EXPECT, header::UPGRADE, header::CONNECTION, header::TRANSFER_ENCODING] {
            headers.remove(name);
        }
        headers.entry(header::HOST).or_insert(HeaderValue::from_static("localhost"));
        let declared = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        let length = body.or(declared);
        match body {
            Some(0) if asked == Asked::Other => {
                headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
            }
            Some(_) => {
                headers.remove(header::CONTENT_LENGTH);
            }
            None if declared.is_none() => {
                headers.remove(header::CONTENT_LENGTH);
            }
            None => {}
        }
        Ok(Self { request, asked, length, lenient: false })
    }

    /// Says it as this printer wants it said. How long the body is stays ours to say.
    pub(super) fn in_manner(&mut self, manner: &Manner, first: bool) {
        self.lenient = first && manner.zlp_recv_hack;
        let headers = self.request.headers_mut();
        for (name, value) in &manner.headers {
            if [header::CONTENT_LENGTH, header::TRANSFER_ENCODING].contains(name) {
                continue;
            }
            match value {
                Some(value) => drop(headers.insert(name, value.clone())),
                None => drop(headers.remove(name)),
            }
        }
    }

    /// What is asked for, without the query.
    pub(super) fn what(&self) -> String {
        format!("{} {}", self.request.method(), self.request.uri().path())
    }
}

/// What the task, the pump and the caller have in common.
struct Reader {
    head: Mutex<Option<HeadSender>>,
    fate: Fate,
}

impl Reader {
    fn take_head(&self) -> Option<HeadSender> {
        self.head.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Whoever waited for the head has gone before it came.
    fn poll_deserted(&self, cx: &mut Context<'_>) -> bool {
        let mut head = self.head.lock().unwrap_or_else(PoisonError::into_inner);
        head.as_mut().is_some_and(|sender| sender.poll_closed(cx).is_ready())
    }

    fn fail(&self, error: &Error) {
        let _ = self.fate.set(Err(error.clone()));
        if let Some(head) = self.take_head() {
            let _ = head.send(Err(error.clone()));
        }
    }
}

/// Runs one exchange. `head` gets the head of the response as soon as it is there, or the error.
pub(super) async fn run(
    link: Drained,
    outgoing: Outgoing,
    deadlines: Deadlines,
    head: HeadSender,
    closing: &CancellationToken,
) -> Outcome {
    let Outgoing { request, asked, length, lenient } = outgoing;
    let reader = Arc::new(Reader { head: Mutex::new(Some(head)), fate: Fate::default() });
    let mut link = link.into_link();
    match discard_stale(&mut link).await {
        Ok(0) => {}
        Ok(discarded) => debug!(discarded, "stale bytes before the request"),
        Err(error) => {
            reader.fail(&error);
            return Outcome::Dirty { link: Some(link), debt: Debt::Bytes, error };
        }
    }

    let before = link.sent();
    let progress = Arc::new(Progress::default());
    let socket = Socket::new(Core::new(link, Inlet::new(asked).lenient(lenient), Arc::clone(&progress)));
    let request = request.map(|body| Upload::new(body, length, Arc::clone(&progress)));
    let error = match converse(&socket, request, &deadlines, &reader, &progress, closing).await {
        Ok(()) => Error::Malformed("bytes before the end of the request or after the end of the answer".into()),
        Err(error) => {
            reader.fail(&error);
            error
        }
    };

    let (link, complete, stage, head_length, handed, stale) = {
        let mut core = socket.core();
        let stage = core.inlet.stage();
        (core.link.take(), core.inlet.complete(), stage, core.head_length, core.handed, core.inlet.stale())
    };
    if stale > 0 {
        debug!(stale, "stale bytes before the answer");
    }
    let Some(mut link) = link else {
        return Outcome::Dirty { link: None, debt: Debt::Answer, error };
    };
    if complete.is_some() && progress.ended.load(Ordering::Acquire) {
        // The answer may overtake the news that the printer has taken the end of the request.
        let _ = timeout(NEWS, poll_fn(|cx| link.poll_flush_out(cx))).await;
    }
    let all_sent = |link: &Link| {
        let sent = link.sent().saturating_sub(before);
        progress.ended.load(Ordering::Acquire) && sent == handed && head_length.is_some()
    };
    if let Some(complete) = complete
        && all_sent(&link)
        && reader.fate.get().is_none_or(Result::is_ok)
    {
        return match link.quiesce().await {
            Ok(()) => Outcome::Clean(Drained::after(link, complete)),
            Err(error) => Outcome::Dirty { link: Some(link), debt: Debt::Bytes, error: error.into() },
        };
    }
    if timeout(ABORT, link.abort()).await.is_err() {
        return Outcome::Dirty { link: None, debt: Debt::request(Some(0)), error };
    }
    let sent = link.sent().saturating_sub(before);
    let debt = match head_length {
        _ if sent == 0 => Debt::Bytes,
        _ if all_sent(&link) && stage == Stage::Ended => Debt::Bytes,
        _ if all_sent(&link) => Debt::Answer,
        Some(head) if sent >= head => Debt::request(length.map(|length| length.saturating_sub(sent - head))),
        // A part of a head: what comes next would become a field of it. Without a body that is harmless.
        _ if length == Some(0) => Debt::Answer,
        _ => Debt::request(Some(0)),
    };
    Outcome::Dirty { link: Some(link), debt, error }
}

type Conversation = Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>;

/// hyper's client on the socket, and the frames on their way to the reader, under the clock.
async fn converse(
    socket: &Socket,
    request: Request<Upload>,
    deadlines: &Deadlines,
    reader: &Arc<Reader>,
    progress: &Arc<Progress>,
    closing: &CancellationToken,
) -> Result<(), Error> {
    let (mut sender, mut connection) = http1::Builder::new()
        .title_case_headers(true)
        .max_headers(MAX_HEADERS)
        .max_buf_size(2 * HEAD_LIMIT)
        .handshake(socket.clone())
        .await
        .map_err(|error| Error::Unsendable(error.to_string()))?;
    let answer = sender.send_request(request);
    // Without a sender hyper ends as soon as request and response are through.
    drop(sender);
    let mut connection: Conversation =
        Box::pin(async move { poll_fn(|cx| connection.poll_without_shutdown(cx)).await });
    let mut pump: Conversation = Box::pin(pump(socket.clone(), answer, Arc::clone(reader)));

    let mut clock = Clock { socket, deadlines, reader, progress, started: socket.core().now, sleep: None };
    let mut pumped = None;
    let watched = loop {
        let happened = tokio::select! {
            biased;
            happened = poll_fn(|cx| clock.watch(cx, &mut connection, &mut pump, &mut pumped)) => happened,
            () = closing.cancelled() => Happened::Late(Error::Closed),
        };
        match happened {
            Happened::Ended(result) => break result.map_err(|error| translate(socket, progress, &error)),
            Happened::Late(error) => break Err(error),
            Happened::Paused => {
                let link = socket.core().link.take();
                if let Some(mut link) = link {
                    let quiesced = link.quiesce().await;
                    let mut core = socket.core();
                    core.link = Some(link);
                    core.harvested = true;
                    if let Err(error) = quiesced {
                        break Err(error.into());
                    }
                }
            }
        }
    };
    match (watched, pumped) {
        (Err(error), _) => Err(error),
        (Ok(()), Some(result)) => result.map_err(|error| translate(socket, progress, &error)),
        (Ok(()), None) => {
            // The printer has said everything; the reader takes its time with the rest.
            tokio::spawn(pump);
            Ok(())
        }
    }
}

/// Hands head and frames to the reader; reads on without one.
async fn pump(
    socket: Socket,
    answer: impl Future<Output = hyper::Result<Response<Incoming>>>,
    reader: Arc<Reader>,
) -> hyper::Result<()> {
    let (head, mut incoming) = answer.await?.into_parts();
    let (frames, receiver) = mpsc::channel::<Frame<Bytes>>(2);
    let body = ResponseBody::new(receiver, Arc::clone(&reader.fate));
    let mut frames =
        reader.take_head().and_then(|sender| sender.send(Ok(Response::from_parts(head, body))).ok()).map(|()| frames);
    loop {
        let desert = || socket.core().deserted.get_or_insert_with(Instant::now).elapsed();
        let frame = match &frames {
            Some(sender) => tokio::select! {
                biased;
                frame = incoming.frame() => frame,
                () = sender.closed() => {
                    desert();
                    frames = None;
                    continue;
                }
            },
            None => {
                desert();
                incoming.frame().await
            }
        };
        match frame {
            Some(Ok(frame)) => {
                if let Some(sender) = &frames
                    && sender.send(frame).await.is_err()
                {
                    desert();
                    frames = None;
                }
            }
            Some(Err(error)) => return Err(error),
            None => {
                let _ = reader.fate.set(Ok(()));
                return Ok(());
            }
        }
    }
}

/// What hyper's error was, in our words.
fn translate(socket: &Socket, progress: &Progress, error: &hyper::Error) -> Error {
    if let Some(fault) = socket.core().fault.clone() {
        return fault;
    }
    let source = std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string);
    if progress.failed.load(Ordering::Acquire) || error.is_body_write_aborted() {
        Error::Aborted(source)
    } else if error.is_user() {
        Error::Unsendable(source)
    } else if error.is_incomplete_message() || ended_early(error) {
        Error::Truncated
    } else {
        Error::Malformed(error.to_string())
    }
}

/// The stream ended before the body's length was reached.
fn ended_early(error: &hyper::Error) -> bool {
    let source = std::error::Error::source(error).and_then(|source| source.downcast_ref::<io::Error>());
    source.is_some_and(|source| source.kind() == io::ErrorKind::UnexpectedEof)
}

enum Happened {
    /// hyper is through.
    Ended(hyper::Result<()>),
    /// No byte for a while: see whether some lie in an unfinished transfer.
    Paused,
    /// A deadline has passed.
    Late(Error),
}

enum Due {
    Quiet,
    Harvest,
    Late(Error),
}

struct Clock<'a> {
    socket: &'a Socket,
    deadlines: &'a Deadlines,
    reader: &'a Reader,
    progress: &'a Progress,
    started: Instant,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Clock<'_> {
    fn watch(
        &mut self,
        cx: &mut Context<'_>,
        connection: &mut Conversation,
        pump: &mut Conversation,
        pumped: &mut Option<hyper::Result<()>>,
    ) -> Poll<Happened> {
        loop {
            let now = Instant::now();
            self.socket.core().now = now;
            let ended = connection.poll_unpin(cx);
            if pumped.is_none()
                && let Poll::Ready(result) = pump.poll_unpin(cx)
            {
                *pumped = Some(result);
            }
            if let Poll::Ready(result) = ended {
                return Poll::Ready(Happened::Ended(result));
            }
            if self.reader.poll_deserted(cx) {
                self.socket.core().deserted.get_or_insert(now);
            }
            let Some((at, due)) = self.due() else { return Poll::Pending };
            if at > now {
                let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(at)));
                // A later deadline is looked at when the earlier one wakes us.
                if sleep.deadline() > at || sleep.is_elapsed() {
                    sleep.as_mut().reset(at);
                }
                if sleep.as_mut().poll(cx).is_pending() {
                    return Poll::Pending;
                }
                continue;
            }
            match due {
                Due::Quiet => {
                    let mut core = self.socket.core();
                    core.inlet.on_quiet();
                    core.read_wait = None;
                }
                Due::Harvest => return Poll::Ready(Happened::Paused),
                Due::Late(error) => return Poll::Ready(Happened::Late(error)),
            }
        }
    }

    /// What comes next if nothing else does.
    fn due(&self) -> Option<(Instant, Due)> {
        let Deadlines { upload, head, body, total, .. } = *self.deadlines;
        let core = self.socket.core();
        let stage = core.inlet.stage();
        let begun = stage != Stage::Head || core.inlet.begun();
        let mut dues = Vec::<(Instant, Due)>::with_capacity(6);

        if let Some(total) = total {
            let error = if begun { Error::Endless { after: total } } else { Error::NoAnswer { after: total } };
            dues.push((self.started + total, Due::Late(error)));
        }
        if let Some(since) = core.read_wait {
            if let Some(quiet) = core.inlet.quiet() {
                dues.push((since + quiet, Due::Quiet));
            }
            if begun && stage != Stage::Ended && !core.harvested {
                dues.push((since + HARVEST, Due::Harvest));
            }
            if stage == Stage::Body {
                dues.push((since + body, Due::Late(Error::Truncated)));
            }
        }
        match core.uploaded {
            Some(uploaded) if stage == Stage::Head => {
                let error = if begun { Error::Truncated } else { Error::NoAnswer { after: head } };
                let due = if core.harvested { Due::Late(error) } else { Due::Harvest };
                let left = core.deserted.map(|deserted| deserted.max(uploaded) + UNANSWERED);
                dues.push((left.map_or(uploaded + head, |left| left.min(uploaded + head)), due));
            }
            Some(_) => {
                if let Some(since) = core.overread {
                    dues.push((since + body, Due::Late(Error::Malformed("its end is unclear".into()))));
                }
            }
            None => {
                let patience = match stage {
                    Stage::Ended => Some(upload.map_or(ANSWERED, |upload| upload.min(ANSWERED))),
                    _ if core.deserted.is_some() => Some(upload.unwrap_or(Deadlines::default().head)),
                    _ => upload,
                };
                if let (Some(since), Some(patience)) = (core.write_wait, patience) {
                    dues.push((since + patience, Due::Late(Error::NoAnswer { after: patience })));
                }
            }
        }
        if let Some(deserted) = core.deserted {
            let starved = core.uploaded.is_none() && self.progress.starved.load(Ordering::Acquire);
            if let Some(headed) = core.headed {
                dues.push((deserted.max(headed) + DESERTED, Due::Late(Error::Endless { after: DESERTED })));
            } else if starved {
                dues.push((deserted + DESERTED, Due::Late(Error::Aborted("nobody goes on with it".into()))));
            }
        }
        dues.into_iter().min_by_key(|(at, _)| *at)
    }
}
