//! The two ends of an emulated bulk pair: the host's is a [`usb::Pipe`], the printer's takes what was sent out
//! and answers what is asked for, packet by packet, as a device controller does.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;

use crate::usb::{self, BoxFuture, Completion, Direction, Error};

/// wMaxPacketSize of a bulk endpoint at high speed (USB 2.0, 5.8.3).
pub const MAX_PACKET: usize = 512;

/// What the printer may have written before the host asked for it, in bytes; then it waits.
const OUTBOX: usize = 128 * 1024;

struct Transfer {
    tag: u64,
    buffer: Vec<u8>,
    /// Bytes that have crossed the wire.
    moved: usize,
}

#[derive(Default)]
struct Lane {
    queued: VecDeque<Transfer>,
    done: VecDeque<(u64, Completion)>,
    halted: bool,
    host: Option<Waker>,
}

impl Lane {
    fn complete(&mut self, transfer: Transfer, status: Result<(), Error>) {
        let Transfer { tag, buffer, moved } = transfer;
        self.done.push_back((tag, Completion { buffer, actual: moved, status }));
        if let Some(waker) = self.host.take() {
            waker.wake();
        }
    }

    fn fail_all(&mut self, error: &Error) {
        while let Some(transfer) = self.queued.pop_front() {
            self.complete(transfer, Err(error.clone()));
        }
    }
}

#[derive(Default)]
struct Shared {
    /// Device to host.
    reading: Lane,
    /// Host to device.
    writing: Lane,
    /// What the printer has written and the host not yet asked for. A segment whose length is no multiple of
    /// the packet size ends in a short packet, an empty one is a zero-length packet.
    outbox: VecDeque<Bytes>,
    outbox_bytes: usize,
    unplugged: bool,
    claimed: bool,
    /// Counts what makes the printer forget an unfinished exchange: a new alternate setting, SOFT_RESET.
    epoch: u64,
    receiver: Option<Waker>,
    sender: Option<Waker>,
    /// Who waits for a reset or for the cable to be pulled.
    watcher: Option<Waker>,
}

impl Shared {
    fn lane(&mut self, direction: Direction) -> &mut Lane {
        match direction {
            Direction::In => &mut self.reading,
            Direction::Out => &mut self.writing,
        }
    }

    fn wake_printer(&mut self) {
        for waker in [self.receiver.take(), self.sender.take(), self.watcher.take()].into_iter().flatten() {
            waker.wake();
        }
    }

    /// Moves what the printer has written into the transfers that the host has queued. A transfer ends when
    /// it is full, or after a short or zero-length packet.
    fn deliver(&mut self) {
        while !self.reading.queued.is_empty() && !self.outbox.is_empty() && !self.reading.halted {
            let (Some(mut transfer), Some(mut segment)) = (self.reading.queued.pop_front(), self.outbox.pop_front())
            else {
                break;
            };
            let short = segment.len() % MAX_PACKET != 0 || segment.is_empty();
            let taken = segment.len().min(transfer.buffer.len() - transfer.moved);
            let now = segment.split_to(taken);
            let end = transfer.moved + taken;
            if let Some(space) = transfer.buffer.get_mut(transfer.moved..end) {
                space.copy_from_slice(&now);
            }
            transfer.moved = end;
            self.outbox_bytes -= taken;
            let whole = segment.is_empty();
            if !whole {
                self.outbox.push_front(segment);
            }
            if end == transfer.buffer.len() || (whole && short) {
                self.reading.complete(transfer, Ok(()));
            } else {
                self.reading.queued.push_front(transfer);
            }
        }
        if self.outbox_bytes < OUTBOX
            && let Some(waker) = self.sender.take()
        {
            waker.wake();
        }
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The host's end.
pub struct HostPipe(Arc<Mutex<Shared>>);

/// The printer's end.
#[derive(Clone, Default)]
pub struct PrinterPipe(Arc<Mutex<Shared>>);

impl HostPipe {
    /// [`usb::Pipe::submit`] with a name for the transfer, by which it can be withdrawn alone.
    ///
    /// # Errors
    /// [`Error::Gone`]; the buffer comes back with it.
    pub fn submit_tagged(&self, direction: Direction, tag: u64, buffer: Vec<u8>) -> Result<(), (Vec<u8>, Error)> {
        let mut shared = lock(&self.0);
        if shared.unplugged {
            return Err((buffer, Error::Gone));
        }
        let lane = shared.lane(direction);
        let transfer = Transfer { tag, buffer, moved: 0 };
        if lane.halted {
            lane.complete(transfer, Err(Error::Stalled));
            return Ok(());
        }
        lane.queued.push_back(transfer);
        match direction {
            Direction::In => shared.deliver(),
            Direction::Out => {
                if let Some(waker) = shared.receiver.take() {
                    waker.wake();
                }
            }
        }
        Ok(())
    }

    /// The oldest transfer that has ended, with its name.
    pub fn poll_complete_tagged(&self, direction: Direction, cx: &mut Context<'_>) -> Poll<(u64, Completion)> {
        let mut shared = lock(&self.0);
        let lane = shared.lane(direction);
        match lane.done.pop_front() {
            Some(done) => Poll::Ready(done),
            None => {
                lane.host = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    /// Takes back the transfer of this name, with what it carried; `None` when it has ended by itself.
    pub fn withdraw(&self, direction: Direction, tag: u64) -> Option<Completion> {
        let mut shared = lock(&self.0);
        let lane = shared.lane(direction);
        let at = lane.queued.iter().position(|transfer| transfer.tag == tag)?;
        let Transfer { buffer, moved, .. } = lane.queued.remove(at)?;
        Some(Completion { buffer, actual: moved, status: Err(Error::Canceled) })
    }
}

impl usb::Pipe for HostPipe {
    fn max_packet(&self, _direction: Direction) -> usize {
        MAX_PACKET
    }

    fn submit(&mut self, direction: Direction, buffer: Vec<u8>) -> Result<(), (Vec<u8>, Error)> {
        self.submit_tagged(direction, 0, buffer)
    }

    fn poll_complete(&mut self, direction: Direction, cx: &mut Context<'_>) -> Poll<Completion> {
        self.poll_complete_tagged(direction, cx).map(|(_, completion)| completion)
    }

    fn pending(&self, direction: Direction) -> usize {
        let mut shared = lock(&self.0);
        let lane = shared.lane(direction);
        lane.queued.len() + lane.done.len()
    }

    fn cancel(&mut self, direction: Direction) {
        lock(&self.0).lane(direction).fail_all(&Error::Canceled);
    }

    fn clear_halt(&mut self, direction: Direction) -> BoxFuture<'_, Result<(), Error>> {
        let gone = {
            let mut shared = lock(&self.0);
            shared.lane(direction).halted = false;
            shared.unplugged
        };
        Box::pin(async move { if gone { Err(Error::Gone) } else { Ok(()) } })
    }
}

impl Drop for HostPipe {
    fn drop(&mut self) {
        let mut shared = lock(&self.0);
        shared.claimed = false;
        for direction in [Direction::In, Direction::Out] {
            let lane = shared.lane(direction);
            lane.queued.clear();
            lane.done.clear();
            lane.host = None;
        }
    }
}

impl PrinterPipe {
    /// The host's end; one at a time, as the kernel lends an interface. What the printer has written and
    /// nobody read stays for the next one, as in a real FIFO.
    ///
    /// # Errors
    /// [`Error::Busy`] while there is another, [`Error::Gone`] after [`PrinterPipe::unplug`].
    pub fn claim(&self) -> Result<HostPipe, Error> {
        let mut shared = lock(&self.0);
        if shared.unplugged {
            return Err(Error::Gone);
        }
        if std::mem::replace(&mut shared.claimed, true) {
            return Err(Error::Busy);
        }
        Ok(HostPipe(Arc::clone(&self.0)))
    }

    /// Whether a host end is out.
    #[must_use]
    pub fn claimed(&self) -> bool {
        lock(&self.0).claimed
    }

    /// How often the printer was made to forget an unfinished exchange.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        lock(&self.0).epoch
    }

    /// Whether the cable is out.
    #[must_use]
    pub fn is_unplugged(&self) -> bool {
        lock(&self.0).unplugged
    }

    /// Hands over bytes that the host has sent, at most `max`, without copying them; `None` once the cable is
    /// out.
    pub fn poll_receive<T>(&self, cx: &mut Context<'_>, max: usize, take: impl FnOnce(&[u8]) -> T) -> Poll<Option<T>> {
        let mut shared = lock(&self.0);
        let Some(mut transfer) = shared.writing.queued.pop_front() else {
            if shared.unplugged {
                return Poll::Ready(None);
            }
            shared.receiver = Some(cx.waker().clone());
            return Poll::Pending;
        };
        let end = transfer.buffer.len().min(transfer.moved + max);
        let taken = take(transfer.buffer.get(transfer.moved..end).unwrap_or_default());
        transfer.moved = end;
        if end == transfer.buffer.len() {
            shared.writing.complete(transfer, Ok(()));
        } else {
            shared.writing.queued.push_front(transfer);
        }
        Poll::Ready(Some(taken))
    }

    /// The next bytes that the host sends, at most `max`; `None` once the cable is out.
    pub async fn receive(&self, max: usize) -> Option<Vec<u8>> {
        poll_fn(|cx| self.poll_receive(cx, max, <[u8]>::to_vec)).await
    }

    /// Ready when the printer may write more.
    pub fn poll_room(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut shared = lock(&self.0);
        if shared.outbox_bytes < OUTBOX || shared.unplugged {
            return Poll::Ready(());
        }
        shared.sender = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Offers bytes to the host. A length that is a multiple of [`MAX_PACKET`] does not end the host's
    /// transfer; an empty segment is a zero-length packet, which does.
    pub fn push(&self, segment: Bytes) {
        let mut shared = lock(&self.0);
        if shared.unplugged {
            return;
        }
        shared.outbox_bytes += segment.len();
        shared.outbox.push_back(segment);
        shared.deliver();
    }

    /// [`PrinterPipe::push`], then [`PrinterPipe::taken`].
    pub async fn send(&self, bytes: &[u8]) {
        self.push(Bytes::copy_from_slice(bytes));
        self.taken().await;
    }

    /// Waits until the host has asked for all that was written, or the cable is out.
    pub async fn taken(&self) {
        poll_fn(|cx| {
            let mut shared = lock(&self.0);
            if shared.outbox.is_empty() || shared.unplugged {
                return Poll::Ready(());
            }
            shared.sender = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }

    /// Halts an endpoint until the host clears it.
    pub fn stall(&self, direction: Direction) {
        let mut shared = lock(&self.0);
        let lane = shared.lane(direction);
        lane.halted = true;
        lane.fail_all(&Error::Stalled);
    }

    /// Ends a halt: CLEAR_FEATURE(ENDPOINT_HALT).
    pub fn clear_halt(&self, direction: Direction) {
        let mut shared = lock(&self.0);
        shared.lane(direction).halted = false;
        shared.deliver();
    }

    /// Whether the endpoint is halted.
    #[must_use]
    pub fn halted(&self, direction: Direction) -> bool {
        lock(&self.0).lane(direction).halted
    }

    /// Empties the FIFOs, ends halts, and starts a new epoch: what a device controller does when an alternate
    /// setting is selected, and at SOFT_RESET (USB Printer Class 1.1, 4.2.3).
    pub fn reset(&self) {
        let mut shared = lock(&self.0);
        shared.outbox.clear();
        shared.outbox_bytes = 0;
        shared.reading.halted = false;
        shared.writing.halted = false;
        shared.epoch += 1;
        shared.wake_printer();
    }

    /// Resolves when `epoch` is over, or the cable is out.
    pub async fn over(&self, epoch: u64) {
        poll_fn(|cx| {
            let mut shared = lock(&self.0);
            if shared.epoch != epoch || shared.unplugged {
                return Poll::Ready(());
            }
            shared.watcher = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }

    /// Pulls the cable: everything pending fails, and so does everything that follows.
    pub fn unplug(&self) {
        let mut shared = lock(&self.0);
        shared.unplugged = true;
        shared.outbox.clear();
        shared.outbox_bytes = 0;
        shared.reading.fail_all(&Error::Gone);
        shared.writing.fail_all(&Error::Gone);
        shared.wake_printer();
    }
}
