//! A link: one claimed interface as a byte stream in both directions, with the ends of the IN transfers kept visible.
//!
//! Transfers and their buffers exist only while somebody reads or writes: usbfs gives all programs together 16 MiB.
//! Reading begins with one small transfer, as most answers are small, and goes deeper once volume comes.

mod shelf;
mod stream;

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::IoSlice;
use std::pin::Pin;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use tokio::task::coop::poll_proceed;
use tokio::time::{Instant, Sleep, timeout};
use zeroize::Zeroize;

use super::{Completion, Direction, Error, Pipe};
use shelf::{Filled, SharedShelf, Shelf, shelve};

/// The first IN transfer of an exchange, in bytes: a status document fits.
const SMALL: usize = 16 * 1024;
/// A transfer when volume comes, in bytes.
const LARGE: usize = 64 * 1024;
/// Transfers in flight in one direction when volume comes.
const DEEP: usize = 4;
/// Bytes that must have come since the last [`Link::quiesce`] before reading goes deep without a full transfer:
/// some printers end each of their writes with a short packet.
const VOLUME: usize = 32 * 1024;
/// The smallest transfer tried when the kernel has no memory, in bytes.
const SMALLEST: usize = 4 * 1024;
/// Attempts, and the time between them, when the kernel has no memory and nothing of ours is in flight.
const HUNGRY_ATTEMPTS: u32 = 40;
const HUNGRY_PAUSE: Duration = Duration::from_millis(50);
/// Answers up to this size are copied out of their transfer buffer, so that a small answer does not keep a large buffer.
const COPIED: usize = 2 * 1024;
/// Some printers answer every IN with a zero-length packet while they have nothing to say. `ipp-usb` waits
/// 10 ms then, and 1.25 times longer each time up to a second (usbtransport.go).
const EMPTY_PAUSE: Duration = Duration::from_millis(10);
const EMPTY_PAUSE_MAX: Duration = Duration::from_secs(1);

/// How the IN transfer that carried some bytes ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The printer did not end it: the buffer was full, or we cancelled it. More may follow at once.
    Full,
    /// A packet shorter than wMaxPacketSize.
    Short,
    /// A zero-length packet.
    Zero,
}

/// What one IN transfer brought. `bytes` is empty for a lone zero-length packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// The bytes, in the order of the wire.
    pub bytes: Bytes,
    /// How the transfer ended.
    pub end: End,
}

/// Why [`Link::drain`] could not empty the link.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DrainError {
    /// The printer was still sending after the limit.
    #[error("the printer kept sending: {discarded} bytes were discarded and more came")]
    Endless {
        /// Bytes read and thrown away.
        discarded: usize,
    },
    /// The cable failed.
    #[error(transparent)]
    Usb(#[from] Error),
}

/// How OUT transfers leave; the default is as fast as can be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sending {
    /// The pause after a transfer of more than `threshold` bytes; one is in flight at a time then.
    pub delay: Duration,
    /// In bytes.
    pub threshold: usize,
    /// A zero-length packet follows each transfer that is a multiple of the packet size.
    pub zero_packets: bool,
}

/// How one direction is doing.
struct Flow {
    /// Transfers that may be in flight.
    depth: usize,
    /// Bytes of a transfer.
    size: usize,
    /// The kernel refused more than this many at once.
    ceiling: usize,
    /// The error that ended this direction, until [`Link::abort`] or [`Link::clear_halt`].
    failed: Option<Error>,
    /// Cancelled by us: completions only bring home what had arrived.
    recalled: bool,
    /// When to try again: the kernel had no memory, or the printer sends empty packets.
    pause: Option<Pin<Box<Sleep>>>,
    hungry: u32,
    shelf: SharedShelf,
}

impl Flow {
    fn new(depth: usize, size: usize) -> Self {
        Self {
            depth,
            size,
            ceiling: DEEP,
            failed: None,
            recalled: false,
            pause: None,
            hungry: 0,
            shelf: SharedShelf::default(),
        }
    }

    fn poll_pause(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(cx));
            self.pause = None;
        }
        Poll::Ready(())
    }

    /// The kernel refused a transfer: fewer, then smaller, then later. An error when none of it helps.
    fn starve(&mut self, in_flight: usize) -> Result<(), Error> {
        if in_flight > 0 {
            self.ceiling = in_flight;
        } else if self.size > SMALLEST {
            self.size = (self.size / 2).max(SMALLEST);
        } else if self.hungry < HUNGRY_ATTEMPTS {
            self.hungry += 1;
            self.pause = Some(Box::pin(tokio::time::sleep(HUNGRY_PAUSE)));
        } else {
            return Err(Error::NoMemory);
        }
        Ok(())
    }

    fn take_buffer(&self) -> Vec<u8> {
        let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.open = true;
        shelf.buffers.pop().unwrap_or_default()
    }

    fn close_shelf(&mut self) {
        let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        *shelf = Shelf::default();
    }
}

/// One claimed interface as a byte stream in both directions. Dropping it cancels what is in flight and releases
/// the interface.
pub struct Link {
    pipe: Box<dyn Pipe>,
    reading: Flow,
    writing: Flow,
    /// What has arrived and was not read.
    arrived: VecDeque<Chunk>,
    /// Bytes that came since the last quiesce.
    volume: usize,
    /// Zero-length packets in a row.
    empty: u32,
    empty_pause: Duration,
    sent: u64,
    sending: Sending,
    /// A zero-length packet is due.
    zero_due: bool,
}

impl Link {
    /// A link over a freshly claimed interface. Nothing is submitted yet.
    pub fn new(pipe: Box<dyn Pipe>) -> Self {
        Self::with_sending(pipe, Sending::default())
    }

    /// Likewise, to a printer that wants its bytes in a manner of its own.
    pub fn with_sending(pipe: Box<dyn Pipe>, sending: Sending) -> Self {
        let depth = if sending.delay.is_zero() { DEEP } else { 1 };
        Self {
            pipe,
            reading: Flow::new(1, SMALL),
            writing: Flow::new(depth, LARGE),
            sending,
            zero_due: false,
            arrived: VecDeque::new(),
            volume: 0,
            empty: 0,
            empty_pause: EMPTY_PAUSE,
            sent: 0,
        }
    }

    /// Bytes that the printer has taken since the link was made. What is in flight is not counted until it completes.
    pub fn sent(&self) -> u64 {
        self.sent
    }

    /// The next bytes of the printer, as one IN transfer brought them. A zero-length packet is a chunk without bytes.
    /// While it is called it keeps transfers in flight; [`Link::quiesce`] takes them back.
    ///
    /// # Errors
    /// Any [`usb::Error`](Error); the same one again until [`Link::abort`] or [`Link::clear_halt`].
    pub fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Result<Chunk, Error>> {
        // A printer that never pauses must not keep the other tasks of this thread from running.
        let coop = ready!(poll_proceed(cx));
        loop {
            if let Some(chunk) = self.arrived.pop_front() {
                coop.made_progress();
                return Poll::Ready(Ok(chunk));
            }
            if self.reading.recalled {
                ready!(self.poll_recalled_in(cx));
                continue;
            }
            if let Some(error) = &self.reading.failed {
                let error = error.clone();
                if self.pipe.pending(Direction::In) > 0 {
                    self.recall_in();
                    continue;
                }
                return Poll::Ready(Err(error));
            }
            self.request(cx);
            if self.reading.failed.is_some() {
                continue;
            }
            if self.pipe.pending(Direction::In) == 0 {
                // Only a pause leaves nothing in flight, and it has taken the waker.
                return Poll::Pending;
            }
            let completion = ready!(self.pipe.poll_complete(Direction::In, cx));
            self.take_in(completion);
        }
    }

    /// Keeps as many IN transfers in flight as are useful now.
    fn request(&mut self, cx: &mut Context<'_>) {
        loop {
            let in_flight = self.pipe.pending(Direction::In);
            if in_flight >= self.reading.depth.min(self.reading.ceiling) || self.reading.poll_pause(cx).is_pending() {
                return;
            }
            let packet = self.pipe.max_packet(Direction::In).max(1);
            // A transfer that is not a multiple of the packet size ends in an overflow.
            let size = (self.reading.size / packet).max(1) * packet;
            let mut buffer = self.reading.take_buffer();
            buffer.resize(size, 0);
            match self.pipe.submit(Direction::In, buffer) {
                Ok(()) => self.reading.hungry = 0,
                Err((buffer, Error::NoMemory)) => {
                    shelve(&self.reading.shelf, buffer);
                    if let Err(error) = self.reading.starve(in_flight) {
                        self.reading.failed = Some(error);
                        return;
                    }
                }
                Err((_, error)) => {
                    self.reading.failed = Some(error);
                    return;
                }
            }
        }
    }

    fn take_in(&mut self, completion: Completion) {
        let Completion { buffer, actual, status } = completion;
        let packet = self.pipe.max_packet(Direction::In).max(1);
        let actual = actual.min(buffer.len());
        let end = if !actual.is_multiple_of(packet) {
            End::Short
        } else if actual == buffer.len() || status.is_err() {
            End::Full
        } else {
            End::Zero
        };
        let ended_by_printer = status.is_ok();
        match status {
            Err(Error::Canceled) | Ok(()) => {}
            Err(error) => {
                if self.reading.failed.is_none() {
                    self.reading.failed = Some(error);
                }
            }
        }
        self.pace(actual, end, ended_by_printer);
        let bytes = if actual <= COPIED {
            let bytes = Bytes::copy_from_slice(buffer.get(..actual).unwrap_or_default());
            shelve(&self.reading.shelf, buffer);
            bytes
        } else {
            Bytes::from_owner(Filled { buffer, length: actual, shelf: Arc::clone(&self.reading.shelf) })
        };
        if !bytes.is_empty() || ended_by_printer {
            self.arrived.push_back(Chunk { bytes, end });
        }
    }

    /// Reads deeper when volume comes, and slower when only empty packets do.
    fn pace(&mut self, actual: usize, end: End, ended_by_printer: bool) {
        if actual == 0 {
            if ended_by_printer {
                self.empty = self.empty.saturating_add(1);
                // One empty packet is the regular end of an answer whose length is a multiple of the packet's.
                if self.empty > 1 {
                    self.reading.depth = 1;
                    self.reading.pause = Some(Box::pin(tokio::time::sleep(self.empty_pause)));
                    self.empty_pause = (self.empty_pause * 5 / 4).min(EMPTY_PAUSE_MAX);
                }
            }
            return;
        }
        self.empty = 0;
        self.empty_pause = EMPTY_PAUSE;
        self.volume = self.volume.saturating_add(actual);
        if (end == End::Full && ended_by_printer) || self.volume >= VOLUME {
            self.reading.depth = DEEP;
            // A size that had to shrink for want of memory stays small until the exchange is over.
            if self.reading.size == SMALL && self.reading.ceiling == DEEP {
                self.reading.size = LARGE;
            }
        }
    }

    fn recall_in(&mut self) {
        if self.pipe.pending(Direction::In) > 0 {
            self.reading.recalled = true;
            self.pipe.cancel(Direction::In);
        }
    }

    fn poll_recalled_in(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.pipe.pending(Direction::In) > 0 {
            let completion = ready!(self.pipe.poll_complete(Direction::In, cx));
            // What follows a failed transfer has a hole before it.
            if self.reading.failed.is_none() {
                self.take_in(completion);
            }
        }
        self.reading.recalled = false;
        Poll::Ready(())
    }

    /// Hands bytes to the printer; returns how many were taken into a transfer. Pending while enough are in flight.
    ///
    /// # Errors
    /// The first error of any OUT transfer, also of one that was taken earlier; the same one again until
    /// [`Link::abort`] or [`Link::clear_halt`].
    pub fn poll_write_bytes(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize, Error>> {
        self.poll_write_pieces(cx, &[IoSlice::new(bytes)], bytes.len())
    }

    /// The same of several pieces, which become one transfer; at most this many bytes of them.
    ///
    /// # Errors
    /// As [`Link::poll_write_bytes`].
    pub fn poll_write_pieces(
        &mut self,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
        most: usize,
    ) -> Poll<Result<usize, Error>> {
        let all = pieces.iter().fold(0_usize, |all, piece| all.saturating_add(piece.len())).min(most);
        if all == 0 {
            return Poll::Ready(Ok(0));
        }
        loop {
            self.collect_out(cx);
            if let Some(error) = &self.writing.failed {
                let error = error.clone();
                if !self.writing.recalled {
                    self.recall_out();
                }
                ready!(self.poll_recalled_out(cx));
                return Poll::Ready(Err(error));
            }
            if self.writing.recalled {
                ready!(self.poll_recalled_out(cx));
            }
            ready!(self.poll_zero_packet(cx));
            if self.writing.failed.is_some() {
                continue;
            }
            let in_flight = self.pipe.pending(Direction::Out);
            if in_flight >= self.writing.depth.min(self.writing.ceiling) {
                // collect_out has left the waker with the oldest of them.
                return Poll::Pending;
            }
            let now = all.min(self.writing.size);
            let mut buffer = self.writing.take_buffer();
            buffer.clear();
            // At once: a buffer that grows leaves an unwiped one behind.
            buffer.reserve(now);
            for piece in pieces {
                let left = now - buffer.len();
                buffer.extend_from_slice(piece.get(..left).unwrap_or(piece));
            }
            match self.pipe.submit(Direction::Out, buffer) {
                Ok(()) => {
                    self.writing.hungry = 0;
                    self.zero_due =
                        self.sending.zero_packets && now.is_multiple_of(self.pipe.max_packet(Direction::Out).max(1));
                    if !self.sending.delay.is_zero() && now > self.sending.threshold {
                        self.writing.pause = Some(Box::pin(tokio::time::sleep(self.sending.delay)));
                    }
                    return Poll::Ready(Ok(now));
                }
                Err((buffer, error)) => {
                    self.shelve_out(buffer);
                    let error = match error {
                        Error::NoMemory => self.writing.starve(in_flight).err(),
                        error => Some(error),
                    };
                    self.writing.failed = error.or(self.writing.failed.take());
                }
            }
        }
    }

    /// Ready when the next transfer may leave: after a pause, and the zero-length packet of the one before.
    fn poll_zero_packet(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.zero_due {
            match self.pipe.submit(Direction::Out, Vec::new()) {
                Ok(()) => self.zero_due = false,
                Err((_, Error::NoMemory)) => match self.writing.starve(self.pipe.pending(Direction::Out)) {
                    // What is in flight has the waker.
                    Ok(()) if self.pipe.pending(Direction::Out) > 0 => return Poll::Pending,
                    Ok(()) => {}
                    Err(error) => self.writing.failed = Some(error),
                },
                Err((_, error)) => self.writing.failed = Some(error),
            }
        }
        self.writing.poll_pause(cx)
    }

    /// Wipes what was on its way to the printer: a passphrase may be in it, and a document is nobody's business either.
    fn shelve_out(&self, mut buffer: Vec<u8>) {
        if buffer.len() <= SMALL {
            buffer.as_mut_slice().zeroize();
        } else {
            // A secret is never that long; byte for byte this would cost as much as all copies together.
            buffer.fill(0);
            std::hint::black_box(buffer.as_mut_slice());
        }
        shelve(&self.writing.shelf, buffer);
    }

    /// Takes the OUT transfers that have ended.
    fn collect_out(&mut self, cx: &mut Context<'_>) {
        while self.pipe.pending(Direction::Out) > 0 {
            let Poll::Ready(Completion { buffer, actual, status }) = self.pipe.poll_complete(Direction::Out, cx) else {
                return;
            };
            self.sent = self.sent.saturating_add(actual as u64);
            self.shelve_out(buffer);
            match status {
                Ok(()) => {}
                Err(Error::Canceled) if self.writing.recalled => {}
                Err(error) => {
                    if self.writing.failed.is_none() {
                        self.writing.failed = Some(error);
                        // What is queued behind it would reach the printer with a hole before it.
                        self.recall_out();
                    }
                }
            }
        }
    }

    fn recall_out(&mut self) {
        if self.pipe.pending(Direction::Out) > 0 {
            self.writing.recalled = true;
            self.pipe.cancel(Direction::Out);
        }
    }

    fn poll_recalled_out(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.collect_out(cx);
        if self.pipe.pending(Direction::Out) > 0 {
            return Poll::Pending;
        }
        self.writing.recalled = false;
        Poll::Ready(())
    }

    /// Ready when every OUT transfer has ended: the printer has taken all bytes.
    ///
    /// # Errors
    /// As [`Link::poll_write_bytes`].
    pub fn poll_flush_out(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.collect_out(cx);
        while self.zero_due && !self.writing.recalled && self.writing.failed.is_none() {
            ready!(self.poll_zero_packet(cx));
        }
        self.collect_out(cx);
        if self.pipe.pending(Direction::Out) > 0 {
            return Poll::Pending;
        }
        self.writing.recalled = false;
        if let Some(error) = &self.writing.failed {
            return Poll::Ready(Err(error.clone()));
        }
        self.writing.ceiling = DEEP;
        self.writing.size = LARGE;
        Poll::Ready(Ok(()))
    }

    /// Takes the pending IN transfers back. What had arrived is kept for the next [`Link::poll_chunk`]; no other
    /// buffer is held afterwards. May be dropped at any point and called again.
    ///
    /// # Errors
    /// The error that an IN transfer ended with.
    pub async fn quiesce(&mut self) -> Result<(), Error> {
        self.recall_in();
        poll_fn(|cx| self.poll_recalled_in(cx)).await;
        self.reading.depth = 1;
        self.reading.size = SMALL;
        self.reading.ceiling = DEEP;
        self.reading.hungry = 0;
        self.volume = 0;
        self.reading.close_shelf();
        if self.pipe.pending(Direction::Out) == 0 {
            self.writing.close_shelf();
        }
        self.reading.failed.clone().map_or(Ok(()), Err)
    }

    /// Reads and discards until `quiet` has passed without a byte. Nothing is in flight afterwards.
    ///
    /// # Errors
    /// [`DrainError::Endless`] when bytes still come after `limit`, or the error of the cable.
    pub async fn drain(&mut self, quiet: Duration, limit: Duration) -> Result<usize, DrainError> {
        let limit = Instant::now() + limit;
        let mut discarded = 0_usize;
        let mut quiet_from = Instant::now();
        loop {
            if Instant::now() >= limit {
                self.quiesce().await?;
                return Err(DrainError::Endless { discarded });
            }
            let deadline = (quiet_from + quiet).min(limit);
            match timeout(deadline - Instant::now(), poll_fn(|cx| self.poll_chunk(cx))).await {
                Ok(Ok(chunk)) => {
                    if !chunk.bytes.is_empty() {
                        discarded = discarded.saturating_add(chunk.bytes.len());
                        quiet_from = Instant::now();
                    }
                }
                Ok(Err(error)) => return Err(error.into()),
                Err(_) if Instant::now() >= limit && deadline < quiet_from + quiet => {}
                Err(_) => {
                    self.quiesce().await?;
                    // Bytes may have come in the moment of the cancel.
                    if self.arrived.iter().all(|chunk| chunk.bytes.is_empty()) {
                        self.arrived.clear();
                        return Ok(discarded);
                    }
                }
            }
        }
    }

    /// Cancels both directions, waits for the completions, and forgets earlier errors. What had arrived stays for
    /// the next [`Link::poll_chunk`] or [`Link::drain`]. May be dropped at any point and called again.
    pub async fn abort(&mut self) {
        self.recall_out();
        let _ = self.quiesce().await;
        poll_fn(|cx| self.poll_recalled_out(cx)).await;
        self.writing.close_shelf();
        self.writing.pause = None;
        self.zero_due = false;
        self.writing.hungry = 0;
        self.reading.failed = None;
        self.writing.failed = None;
    }

    /// Ends a stall in both directions and resets their data toggles, after [`Link::abort`].
    ///
    /// # Errors
    /// The first error of either direction; both are tried.
    pub async fn clear_halt(&mut self) -> Result<(), Error> {
        self.abort().await;
        let inward = self.pipe.clear_halt(Direction::In).await;
        let outward = self.pipe.clear_halt(Direction::Out).await;
        inward.and(outward)
    }

    /// Selects the alternate setting once more, after [`Link::abort`].
    ///
    /// # Errors
    /// As [`Pipe::select`].
    pub async fn select(&mut self) -> Result<(), Error> {
        self.abort().await;
        self.pipe.select().await
    }
}

#[cfg(all(test, feature = "emulator"))]
mod tests;
