//! Bodies in both directions.

use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes, BytesMut};
use http_body_util::BodyExt;
use http_body_util::combinators::BoxBody;
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::mpsc;

use super::error::Error;

/// Any error of a request body's source.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The body of a request. One of known length is sent with `Content-Length`, a stream without is sent chunked.
pub struct RequestBody(Source);

enum Source {
    Whole(Bytes),
    Stream(BoxBody<Bytes, BoxError>),
}

impl RequestBody {
    /// No body.
    #[must_use]
    pub fn empty() -> Self {
        Self(Source::Whole(Bytes::new()))
    }

    /// A body that is all there.
    #[must_use]
    pub fn full(bytes: impl Into<Bytes>) -> Self {
        Self(Source::Whole(bytes.into()))
    }

    /// A body that is still coming. If it ends in an error, the upload is aborted: the printer never sees its end.
    pub fn stream<B>(body: B) -> Self
    where
        B: Body<Data = Bytes> + Send + Sync + 'static,
        B::Error: Into<BoxError>,
    {
        Self(Source::Stream(BodyExt::boxed(body.map_err(Into::into))))
    }
}

impl RequestBody {
    /// How many bytes it has, where that is known.
    pub(super) fn length(&self) -> Option<u64> {
        match &self.0 {
            Source::Whole(bytes) => Some(bytes.len() as u64),
            Source::Stream(stream) => stream.size_hint().exact(),
        }
    }
}

impl<T: Into<Bytes>> From<T> for RequestBody {
    fn from(bytes: T) -> Self {
        Self::full(bytes)
    }
}

impl fmt::Debug for RequestBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Source::Whole(bytes) => write!(f, "RequestBody({} bytes)", bytes.len()),
            Source::Stream(_) => f.write_str("RequestBody(stream)"),
        }
    }
}

/// Where the source of an upload stands, seen from the exchange.
#[derive(Default)]
pub(super) struct Progress {
    /// The source has given everything.
    pub(super) ended: AtomicBool,
    /// The source waits for whoever feeds it.
    pub(super) starved: AtomicBool,
    /// The source ended in an error.
    pub(super) failed: AtomicBool,
}

/// What hyper sends: the source, cut and gathered into pieces that fill one transfer together with their chunk
/// frame. A printer lost pages when chunk frames came as transfers of their own, `"\r\n"` alone [C ipp-usb#95].
/// The last piece is held until the source has ended, so that it leaves together with the last chunk.
pub(super) struct Upload {
    source: Source,
    gathered: BytesMut,
    source_ended: bool,
    /// What the request's head says of a stream.
    declared: Option<u64>,
    drawn: u64,
    progress: Arc<Progress>,
}

/// The data of one piece; with `"3ff0\r\n"` before and `"\r\n"` after it, it fills 16 KiB to the last 8 bytes,
/// which leaves room for the last chunk, `"0\r\n\r\n"`.
const PIECE: usize = (16 << 10) - 16;

impl Upload {
    pub(super) fn new(body: RequestBody, declared: Option<u64>, progress: Arc<Progress>) -> Self {
        let source_ended = match &body.0 {
            Source::Whole(_) => true,
            Source::Stream(body) => body.is_end_stream(),
        };
        let upload = Self { source: body.0, gathered: BytesMut::new(), source_ended, declared, drawn: 0, progress };
        upload.note_end();
        upload
    }

    fn note_end(&self) {
        if self.is_end_stream() {
            self.progress.ended.store(true, Ordering::Release);
        }
    }

    fn take_piece(&mut self) -> Bytes {
        let length = self.gathered.len().min(PIECE);
        self.gathered.split_to(length).freeze()
    }

    /// Gathers until there are two pieces, or the source has ended.
    fn poll_gather(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let Source::Stream(stream) = &mut self.source else { return Poll::Ready(None) };
        while !self.source_ended && self.gathered.len() <= PIECE {
            let polled = Pin::new(&mut *stream).poll_frame(cx);
            self.progress.starved.store(polled.is_pending(), Ordering::Release);
            match ready!(polled) {
                Some(Ok(frame)) => {
                    // Trailers of a request mean nothing to a printer.
                    if let Ok(data) = frame.into_data() {
                        self.drawn = self.drawn.saturating_add(data.len() as u64);
                        self.gathered.extend_from_slice(&data);
                    }
                    self.source_ended = stream.is_end_stream();
                }
                Some(Err(error)) => {
                    self.progress.failed.store(true, Ordering::Release);
                    return Poll::Ready(Some(Err(error)));
                }
                None => self.source_ended = true,
            }
        }
        // hyper would send a body of another length than its head says, and only close behind it.
        let wrong = match self.declared {
            Some(declared) if self.source_ended => self.drawn != declared,
            Some(declared) => self.drawn > declared,
            None => false,
        };
        if wrong {
            self.progress.failed.store(true, Ordering::Release);
            return Poll::Ready(Some(Err("the body has another length than its head says".into())));
        }
        if self.gathered.is_empty() {
            return Poll::Ready(None);
        }
        Poll::Ready(Some(Ok(Frame::data(self.take_piece()))))
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = match &mut self.source {
            Source::Whole(bytes) if !bytes.has_remaining() => None,
            Source::Whole(bytes) => {
                let length = bytes.len().min(PIECE + 16);
                Some(Ok(Frame::data(bytes.split_to(length))))
            }
            Source::Stream(_) => ready!(self.poll_gather(cx)),
        };
        if frame.is_none() {
            self.progress.ended.store(true, Ordering::Release);
        } else {
            self.note_end();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            Source::Whole(bytes) => bytes.is_empty(),
            Source::Stream(_) => {
                let whole = self.declared.is_none_or(|declared| declared == self.drawn);
                self.source_ended && self.gathered.is_empty() && whole
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Source::Stream(stream) => {
                let mut hint = stream.size_hint();
                let held = self.gathered.len() as u64;
                match hint.exact() {
                    Some(exact) => hint = SizeHint::with_exact(exact.saturating_add(held)),
                    None => hint = SizeHint::default(),
                }
                hint
            }
        }
    }
}

/// How a response ended; empty while it has not.
pub(super) type Fate = Arc<OnceLock<Result<(), Error>>>;

/// The body of a response. It may be dropped at any time: the exchange goes on reading without it.
#[derive(Debug)]
pub struct ResponseBody {
    frames: mpsc::Receiver<Frame<Bytes>>,
    fate: Fate,
    ended: bool,
}

impl ResponseBody {
    pub(super) fn new(frames: mpsc::Receiver<Frame<Bytes>>, fate: Fate) -> Self {
        Self { frames, fate, ended: false }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        if let Some(frame) = ready!(self.frames.poll_recv(cx)) {
            return Poll::Ready(Some(Ok(frame)));
        }
        self.ended = true;
        Poll::Ready(match self.fate.get() {
            Some(Ok(())) => None,
            Some(Err(error)) => Some(Err(error.clone())),
            // The task is gone without a word, as when the runtime stops: not an end that one may believe.
            None => Some(Err(Error::Closed)),
        })
    }

    fn is_end_stream(&self) -> bool {
        self.ended
    }
}
