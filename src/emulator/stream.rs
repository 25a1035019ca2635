//! The printer's end of a bulk pair as a byte stream for hyper's server, and the cutting of what it writes
//! into transfers: whole packets as they come, a short or zero-length packet where a response ends.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use hyper::rt::{Read, ReadBufCursor, Write};

use super::faults::Kind;
use super::pipe::{MAX_PACKET, PrinterPipe};
use super::printer::Printer;

/// Cuts a byte stream into segments of whole packets.
pub(super) struct Cutter {
    pipe: PrinterPipe,
    /// Less than a packet, waiting for more.
    tail: Vec<u8>,
    /// Whole packets have left since the host's transfer was last ended.
    open: bool,
}

impl Cutter {
    pub fn new(pipe: PrinterPipe) -> Self {
        Self { pipe, tail: Vec::with_capacity(MAX_PACKET), open: false }
    }

    pub fn write(&mut self, mut bytes: &[u8]) {
        if !self.tail.is_empty() {
            let (fits, rest) = bytes.split_at(bytes.len().min(MAX_PACKET - self.tail.len()));
            self.tail.extend_from_slice(fits);
            bytes = rest;
            if self.tail.len() < MAX_PACKET {
                return;
            }
            self.pipe.push(Bytes::copy_from_slice(&self.tail));
            self.tail.clear();
            self.open = true;
        }
        let (whole, rest) = bytes.split_at(bytes.len() - bytes.len() % MAX_PACKET);
        if !whole.is_empty() {
            self.pipe.push(Bytes::copy_from_slice(whole));
            self.open = true;
        }
        self.tail.extend_from_slice(rest);
    }

    /// Sends what is left as a short packet; ends the host's transfer in any case where `end` is true.
    pub fn flush(&mut self, end: bool) {
        if !self.tail.is_empty() {
            self.pipe.push(Bytes::copy_from_slice(&self.tail));
            self.tail.clear();
            self.open = false;
        } else if end && self.open {
            self.pipe.push(Bytes::new());
            self.open = false;
        }
    }

    /// Waits until the host has taken enough for more to be written.
    pub async fn room(&self) {
        poll_fn(|cx| self.pipe.poll_room(cx)).await;
    }
}

/// What a handler and the stream under it tell each other.
#[derive(Default)]
pub(super) struct Control {
    /// The response's last byte has been given to hyper: the next flush ends the transfer.
    pub ended: AtomicBool,
}

/// [`hyper::rt::Read`] and [`hyper::rt::Write`] over a bulk pair.
pub(super) struct PipeStream {
    pipe: PrinterPipe,
    cutter: Cutter,
    control: Arc<Control>,
    printer: Printer,
    /// What has come of a request whose transfer has not ended, and whether it has.
    withheld: BytesMut,
    terminated: bool,
}

/// What is withheld at most, in bytes.
const PATIENCE: usize = 1 << 20;

impl PipeStream {
    pub fn new(pipe: PrinterPipe, control: Arc<Control>, printer: Printer) -> Self {
        let cutter = Cutter::new(pipe.clone());
        Self { pipe, cutter, control, printer, withheld: BytesMut::new(), terminated: false }
    }

    /// Reads as [`Kind::Unterminated`] does, which hears nothing of a request before its transfer has ended.
    fn poll_terminated(&mut self, cx: &mut Context<'_>, buf: &mut ReadBufCursor<'_>) -> Poll<()> {
        while self.withheld.is_empty() || !self.terminated {
            let withheld = &mut self.withheld;
            let received = ready!(self.pipe.poll_receive(cx, PATIENCE, |bytes| {
                withheld.extend_from_slice(bytes);
                bytes.len()
            }));
            let Some(length) = received else { return Poll::Ready(()) };
            if length == 0 {
                self.printer.log("a zero-length packet".into());
            }
            self.terminated = length == 0 || !length.is_multiple_of(MAX_PACKET) || self.withheld.len() >= PATIENCE;
        }
        let now = self.withheld.split_to(self.withheld.len().min(buf.remaining()));
        buf.put_slice(&now);
        Poll::Ready(())
    }
}

impl Read for PipeStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, mut buf: ReadBufCursor<'_>) -> Poll<std::io::Result<()>> {
        let this = self.get_mut();
        let unterminated = this.printer.fault().is_some_and(|fault| fault.kind == Kind::Unterminated);
        if unterminated || !this.withheld.is_empty() {
            return this.poll_terminated(cx, &mut buf).map(Ok);
        }
        let room = buf.remaining();
        // An empty transfer (a zero-length packet) is not the end of the stream.
        while ready!(this.pipe.poll_receive(cx, room, |bytes| {
            buf.put_slice(bytes);
            bytes.is_empty()
        })) == Some(true)
        {}
        Poll::Ready(Ok(()))
    }
}

impl Write for PipeStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<std::io::Result<usize>> {
        let this = self.get_mut();
        ready!(this.pipe.poll_room(cx));
        if this.pipe.is_unplugged() {
            return Poll::Ready(Err(std::io::ErrorKind::BrokenPipe.into()));
        }
        this.cutter.write(buf);
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        let this = self.get_mut();
        let ended = this.control.ended.swap(false, Ordering::Relaxed);
        this.cutter.flush(ended);
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        self.poll_flush(cx)
    }
}
