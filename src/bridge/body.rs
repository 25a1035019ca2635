//! Bodies on their way through, with an eye on whoever holds a link and does nothing with it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep, sleep};

use super::Limits;
use super::lanes::{Lanes, Place};
use crate::http::{BoxError, Error, ResponseBody};

/// The least that a client has to send within its time: a byte a minute is no progress.
const LEAST: usize = 1024;

/// The body of an answer to a client.
pub(super) struct Answer(Source);

enum Source {
    Text(Bytes),
    Printer {
        /// What is here of it already.
        beginning: Bytes,
        body: ResponseBody,
        left: Option<u64>,
        /// Given back with the end of the body.
        _place: Arc<Place>,
    },
}

impl Answer {
    pub(super) fn text(text: Bytes) -> Self {
        Self(Source::Text(text))
    }

    /// What the printer says, of this length where that is known, behind what is here of it already.
    pub(super) fn printer(beginning: Bytes, body: ResponseBody, length: Option<u64>, place: Arc<Place>) -> Self {
        Self(Source::Printer { beginning, body, left: length, _place: place })
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        match &mut self.0 {
            Source::Text(text) if text.is_empty() => Poll::Ready(None),
            Source::Text(text) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(text))))),
            Source::Printer { beginning, body, left, .. } => {
                let frame = if beginning.is_empty() {
                    ready!(Pin::new(body).poll_frame(cx))
                } else {
                    Some(Ok(Frame::data(std::mem::take(beginning))))
                };
                if let (Some(Ok(frame)), Some(left)) = (&frame, left) {
                    *left = left.saturating_sub(frame.data_ref().map_or(0, |data| data.len() as u64));
                }
                Poll::Ready(frame)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Source::Text(text) => text.is_empty(),
            // Only the body itself knows whether the printer has said everything.
            Source::Printer { beginning, body, .. } => beginning.is_empty() && body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Source::Text(text) => SizeHint::with_exact(text.len() as u64),
            Source::Printer { left, .. } => left.map_or_else(SizeHint::default, SizeHint::with_exact),
        }
    }
}

/// A document that is still coming, behind what came before a link was taken. It ends in an error where the client
/// leaves before its end: hyper tells, also when it drops the connection with the body unread.
pub(super) struct Document {
    beginning: Bytes,
    rest: Incoming,
    lanes: Arc<Lanes>,
    limits: Limits,
    watch: Option<Watch>,
}

/// Since when a client has been expected to send something; `None` while it sends.
struct Watch {
    since: Option<Instant>,
    came: usize,
    /// Kept from one wait to the next: it is set anew only when it wakes us.
    sleep: Pin<Box<Sleep>>,
}

impl Document {
    pub(super) fn new(beginning: Bytes, rest: Incoming, lanes: Arc<Lanes>, limits: Limits) -> Self {
        Self { beginning, rest, lanes, limits, watch: None }
    }

    /// Whether the client has done nothing for too long.
    fn poll_late(&mut self, cx: &mut Context<'_>) -> bool {
        let progress = self.limits.progress;
        let watch = self.watch.get_or_insert_with(|| Watch { since: None, came: 0, sleep: Box::pin(sleep(progress)) });
        let since = *watch.since.get_or_insert_with(Instant::now);
        while watch.sleep.as_mut().poll(cx).is_ready() {
            let waited = since.elapsed();
            if waited >= self.limits.patience || (waited >= progress && self.lanes.contended()) {
                return true;
            }
            let from = if waited >= progress { Instant::now() } else { since };
            watch.sleep.as_mut().reset(from + progress);
        }
        false
    }
}

impl Body for Document {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if !self.beginning.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.beginning)))));
        }
        let Poll::Ready(frame) = Pin::new(&mut self.rest).poll_frame(cx) else {
            if self.poll_late(cx) {
                return Poll::Ready(Some(Err("the client sent nothing more".into())));
            }
            return Poll::Pending;
        };
        let length = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref()).map_or(0, Bytes::len);
        if let Some(watch) = &mut self.watch {
            watch.came += length;
            if watch.came >= LEAST {
                watch.came = 0;
                watch.since = None;
            }
        }
        Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.beginning.is_empty() && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        match self.rest.size_hint().exact() {
            Some(rest) => SizeHint::with_exact(rest.saturating_add(self.beginning.len() as u64)),
            None => SizeHint::default(),
        }
    }
}
