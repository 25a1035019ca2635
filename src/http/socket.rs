//! A link as hyper sees it: the response without what does not belong to it, and an end where USB has none.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Buf;
use hyper::rt::{Read, ReadBufCursor, Write};
use tokio::time::Instant;

use super::body::Progress;
use super::error::Error;
use super::framing::{Inlet, Stage};
use crate::usb::link::Link;

/// The largest piece handed to the link at once: what it sends as one transfer.
const TRANSFER: usize = 64 << 10;
/// The smallest rest that may be left for a transfer of its own.
const REST: usize = 4 << 10;

/// What the exchange's task and hyper's side of the link share. Both run in one task; the lock is never contended.
pub(super) struct Core {
    /// The time as of the current turn of the exchange's task: a turn is short, and the clock is a system call where
    /// the kernel has no page for it.
    pub(super) now: Instant,
    /// Away while the task quiesces it.
    pub(super) link: Option<Box<Link>>,
    pub(super) inlet: Inlet,
    /// Why the socket failed, in our words: hyper's own error would not say.
    pub(super) fault: Option<Error>,
    /// Since when hyper has been waiting for a byte of the printer; `None` while it has enough to do.
    pub(super) read_wait: Option<Instant>,
    /// Since when the printer has taken no byte that hyper wants to send.
    pub(super) write_wait: Option<Instant>,
    /// hyper asked for more than the response has.
    pub(super) overread: Option<Instant>,
    /// What had arrived in an unfinished transfer was fetched since the last byte came.
    pub(super) harvested: bool,
    /// When whoever asked has gone.
    pub(super) deserted: Option<Instant>,
    /// When the printer had taken the whole request.
    pub(super) uploaded: Option<Instant>,
    /// When the final head was through.
    pub(super) headed: Option<Instant>,
    /// Where the request's own head ends, counted in bytes handed to the link.
    pub(super) head_length: Option<u64>,
    /// Bytes handed to the link.
    pub(super) handed: u64,
    taken: u64,
    line_ends: u8,
    progress: Arc<Progress>,
}

impl Core {
    pub(super) fn new(link: Box<Link>, inlet: Inlet, progress: Arc<Progress>) -> Self {
        Self {
            now: Instant::now(),
            taken: link.sent(),
            link: Some(link),
            inlet,
            fault: None,
            read_wait: None,
            write_wait: None,
            overread: None,
            harvested: false,
            deserted: None,
            uploaded: None,
            headed: None,
            head_length: None,
            handed: 0,
            line_ends: 0,
            progress,
        }
    }

    fn fail(&mut self, error: Error) -> io::Error {
        self.fault.get_or_insert(error);
        io::ErrorKind::Other.into()
    }

    /// Since when the printer keeps hyper waiting, after an attempt to send.
    fn note_write(&mut self, pending: bool) {
        let taken = self.link.as_ref().map_or(self.taken, |link| link.sent());
        if taken != self.taken {
            self.taken = taken;
            self.write_wait = None;
        }
        if pending {
            self.write_wait.get_or_insert(self.now);
        } else {
            self.write_wait = None;
        }
    }

    /// Finds where the head of the request ends, so that an abort knows what of the body is missing.
    fn note_handed(&mut self, bytes: &[u8]) {
        if self.head_length.is_none() {
            for (at, byte) in (1_u64..).zip(bytes) {
                self.line_ends = match (self.line_ends, byte) {
                    (0 | 2, b'\r') => self.line_ends + 1,
                    (1 | 3, b'\n') => self.line_ends + 1,
                    (_, b'\r') => 1,
                    _ => 0,
                };
                if self.line_ends == 4 {
                    self.head_length = Some(self.handed + at);
                    break;
                }
            }
        }
        self.handed += bytes.len() as u64;
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        loop {
            let bytes = self.inlet.take(buf.remaining());
            if !bytes.is_empty() {
                buf.put_slice(&bytes);
                self.read_wait = None;
                return Poll::Ready(Ok(()));
            }
            if self.inlet.eof() || buf.remaining() == 0 {
                return Poll::Ready(Ok(()));
            }
            if self.inlet.stage() == Stage::Ended {
                // What would come now belongs to no response.
                self.overread.get_or_insert(self.now);
                return Poll::Pending;
            }
            let Some(link) = &mut self.link else { return Poll::Pending };
            let Poll::Ready(chunk) = link.poll_chunk(cx) else {
                self.read_wait.get_or_insert(self.now);
                return Poll::Pending;
            };
            let pushed = chunk.map_err(Error::from).and_then(|chunk| {
                if chunk.bytes.has_remaining() {
                    self.read_wait = None;
                    self.harvested = false;
                }
                self.inlet.push(chunk)
            });
            if let Err(error) = pushed {
                return Poll::Ready(Err(self.fail(error)));
            }
            if self.headed.is_none() && self.inlet.stage() != Stage::Head {
                self.headed = Some(self.now);
            }
        }
    }

    /// What hyper has gathered, as one transfer.
    fn poll_write(&mut self, cx: &mut Context<'_>, pieces: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let Some(link) = &mut self.link else { return Poll::Pending };
        // No transfer of a few bytes: a printer lost pages over a lone "\r\n" [C ipp-usb#95].
        let now = match pieces.iter().map(|piece| piece.len()).sum() {
            length if length <= TRANSFER => length,
            length => TRANSFER.min(length - REST),
        };
        let polled = link.poll_write_pieces(cx, pieces, now);
        self.note_write(polled.is_pending());
        match polled {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Ok(count)) => {
                let mut left = count;
                for piece in pieces {
                    let now = piece.get(..left).unwrap_or(piece);
                    self.note_handed(now);
                    left -= now.len();
                }
                Poll::Ready(Ok(count))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(self.fail(error.into()))),
        }
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(link) = &mut self.link else { return Poll::Pending };
        let polled = link.poll_flush_out(cx);
        self.note_write(polled.is_pending());
        match polled {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Ok(())) => {
                if self.uploaded.is_none() && self.handed > 0 && self.progress.ended.load(Ordering::Acquire) {
                    self.uploaded = Some(self.now);
                }
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(self.fail(error.into()))),
        }
    }
}

/// hyper's end.
#[derive(Clone)]
pub(super) struct Socket(Arc<Mutex<Core>>);

impl Socket {
    pub(super) fn new(core: Core) -> Self {
        Self(Arc::new(Mutex::new(core)))
    }

    pub(super) fn core(&self) -> MutexGuard<'_, Core> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Read for Socket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, mut buf: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        self.core().poll_read(cx, &mut buf)
    }
}

impl Write for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.core().poll_write(cx, &[IoSlice::new(bytes)])
    }

    /// So that hyper hands the body on as it is: otherwise it copies what may be a passphrase, and nobody wipes that.
    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.core().poll_write(cx, pieces)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.core().poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
