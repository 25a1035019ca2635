//! The link as tokio's stream, with errors as its own.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Link;
use crate::usb::Error;

impl AsyncRead for Link {
    /// Zero-length packets are skipped: they do not end the stream, and nothing does but an error.
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if buf.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        loop {
            let mut chunk = ready!(self.poll_chunk(cx))?;
            if chunk.bytes.is_empty() {
                continue;
            }
            let now = chunk.bytes.split_to(chunk.bytes.len().min(buf.remaining()));
            buf.put_slice(&now);
            if !chunk.bytes.is_empty() {
                self.arrived.push_front(chunk);
            }
            return Poll::Ready(Ok(()));
        }
    }
}

impl AsyncWrite for Link {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_bytes(cx, buf).map_err(Into::into)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush_out(cx).map_err(Into::into)
    }

    /// USB has no end of stream: this only flushes, and the link outlives it.
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        let kind = match error {
            Error::Gone => io::ErrorKind::NotConnected,
            Error::AccessDenied => io::ErrorKind::PermissionDenied,
            Error::Busy => io::ErrorKind::ResourceBusy,
            Error::Stalled => io::ErrorKind::BrokenPipe,
            Error::Timeout => io::ErrorKind::TimedOut,
            Error::Canceled => io::ErrorKind::ConnectionAborted,
            Error::NoMemory => io::ErrorKind::OutOfMemory,
            Error::Overflow | Error::Malformed(_) => io::ErrorKind::InvalidData,
            Error::Other(_) => io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}
