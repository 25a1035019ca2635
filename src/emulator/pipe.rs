//! The two ends of an emulated bulk pair: the host's is a [`usb::Pipe`], the printer's takes what was sent out
//! and answers what is asked for, packet by packet, as a device controller does.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::usb::{self, BoxFuture, Completion, Direction, Error};

/// wMaxPacketSize of a bulk endpoint at high speed (USB 2.0, 5.8.3).
pub const MAX_PACKET: usize = 512;

#[derive(Default)]
struct Shared {
    /// IN transfers that the host has queued and the printer has not filled.
    requested: VecDeque<(Vec<u8>, usize)>,
    /// OUT transfers that the host has queued, and how much of each the printer has taken.
    sent: VecDeque<(Vec<u8>, usize)>,
    done_in: VecDeque<Completion>,
    done_out: VecDeque<Completion>,
    /// What the printer has written and the host not yet asked for: whole transfers, an empty one is a
    /// zero-length packet.
    outbox: VecDeque<Vec<u8>>,
    halted: Option<Direction>,
    unplugged: bool,
    claimed: bool,
    host_in: Option<Waker>,
    host_out: Option<Waker>,
    printer: Option<Waker>,
    printer_out: Option<Waker>,
}

impl Shared {
    fn queue(&mut self, direction: Direction) -> &mut VecDeque<(Vec<u8>, usize)> {
        match direction {
            Direction::In => &mut self.requested,
            Direction::Out => &mut self.sent,
        }
    }

    fn complete(&mut self, direction: Direction, completion: Completion) {
        let (done, waker) = match direction {
            Direction::In => (&mut self.done_in, &mut self.host_in),
            Direction::Out => (&mut self.done_out, &mut self.host_out),
        };
        done.push_back(completion);
        if let Some(waker) = waker.take() {
            waker.wake();
        }
    }

    fn fail_all(&mut self, direction: Direction, error: &Error) {
        while let Some((buffer, actual)) = self.queue(direction).pop_front() {
            self.complete(direction, Completion { buffer, actual, status: Err(error.clone()) });
        }
    }

    /// Moves what the printer has written into the transfers that the host has queued. A transfer ends when
    /// it is full, or after a short or zero-length packet.
    fn deliver(&mut self) {
        while !self.requested.is_empty() && !self.outbox.is_empty() {
            let (Some((mut buffer, filled)), Some(chunk)) = (self.requested.pop_front(), self.outbox.pop_front())
            else {
                break;
            };
            let taken = chunk.len().min(buffer.len() - filled);
            let (now, later) = chunk.split_at(taken);
            let end = filled + taken;
            if let Some(space) = buffer.get_mut(filled..end) {
                space.copy_from_slice(now);
            }
            if !later.is_empty() {
                self.outbox.push_front(later.to_vec());
            }
            let short = later.is_empty() && chunk.len() % MAX_PACKET != 0 || chunk.is_empty();
            if end == buffer.len() || short {
                self.complete(Direction::In, Completion { buffer, actual: end, status: Ok(()) });
            } else {
                self.requested.push_front((buffer, end));
            }
        }
        if let Some(waker) = self.printer_out.take() {
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

impl usb::Pipe for HostPipe {
    fn max_packet(&self, _direction: Direction) -> usize {
        MAX_PACKET
    }

    fn submit(&mut self, direction: Direction, buffer: Vec<u8>) -> Result<(), (Vec<u8>, Error)> {
        let mut shared = lock(&self.0);
        if shared.unplugged {
            return Err((buffer, Error::Gone));
        }
        if shared.halted == Some(direction) {
            shared.complete(direction, Completion { buffer, actual: 0, status: Err(Error::Stalled) });
            return Ok(());
        }
        shared.queue(direction).push_back((buffer, 0));
        match direction {
            Direction::In => shared.deliver(),
            Direction::Out => {
                if let Some(waker) = shared.printer.take() {
                    waker.wake();
                }
            }
        }
        Ok(())
    }

    fn poll_complete(&mut self, direction: Direction, cx: &mut Context<'_>) -> Poll<Completion> {
        let mut shared = lock(&self.0);
        let (done, waker) = match direction {
            Direction::In => (shared.done_in.pop_front(), &mut shared.host_in),
            Direction::Out => (shared.done_out.pop_front(), &mut shared.host_out),
        };
        match done {
            Some(completion) => Poll::Ready(completion),
            None => {
                *waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    fn pending(&self, direction: Direction) -> usize {
        let shared = lock(&self.0);
        match direction {
            Direction::In => shared.requested.len() + shared.done_in.len(),
            Direction::Out => shared.sent.len() + shared.done_out.len(),
        }
    }

    fn cancel(&mut self, direction: Direction) {
        lock(&self.0).fail_all(direction, &Error::Canceled);
    }

    fn clear_halt(&mut self, direction: Direction) -> BoxFuture<'_, Result<(), Error>> {
        let mut shared = lock(&self.0);
        if shared.halted == Some(direction) {
            shared.halted = None;
        }
        let gone = shared.unplugged;
        Box::pin(async move { if gone { Err(Error::Gone) } else { Ok(()) } })
    }
}

impl Drop for HostPipe {
    fn drop(&mut self) {
        let mut shared = lock(&self.0);
        shared.claimed = false;
        shared.requested.clear();
        shared.sent.clear();
        shared.done_in.clear();
        shared.done_out.clear();
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

    /// The next bytes that the host sends, at most `max`; `None` once the cable is out.
    pub async fn receive(&self, max: usize) -> Option<Vec<u8>> {
        poll_fn(|cx| {
            let mut shared = lock(&self.0);
            let Some((buffer, taken)) = shared.sent.pop_front() else {
                if shared.unplugged {
                    return Poll::Ready(None);
                }
                shared.printer = Some(cx.waker().clone());
                return Poll::Pending;
            };
            let end = buffer.len().min(taken + max);
            let bytes = buffer.get(taken..end).unwrap_or_default().to_vec();
            if end == buffer.len() {
                shared.complete(Direction::Out, Completion { actual: end, buffer, status: Ok(()) });
            } else {
                shared.sent.push_front((buffer, end));
            }
            Poll::Ready(Some(bytes))
        })
        .await
    }

    /// Offers bytes to the host and waits until it has asked for all of them, as a device controller's FIFO
    /// does. A length that is a multiple of [`MAX_PACKET`] does not end the host's transfer; an empty slice is
    /// a zero-length packet, which does.
    pub async fn send(&self, bytes: &[u8]) {
        {
            let mut shared = lock(&self.0);
            shared.outbox.push_back(bytes.to_vec());
            shared.deliver();
        }
        poll_fn(|cx| {
            let mut shared = lock(&self.0);
            if shared.outbox.is_empty() || shared.unplugged {
                Poll::Ready(())
            } else {
                shared.printer_out = Some(cx.waker().clone());
                Poll::Pending
            }
        })
        .await;
    }

    /// Halts an endpoint until the host clears it.
    pub fn stall(&self, direction: Direction) {
        let mut shared = lock(&self.0);
        shared.halted = Some(direction);
        shared.fail_all(direction, &Error::Stalled);
    }

    /// Pulls the cable: everything pending fails, and so does everything that follows.
    pub fn unplug(&self) {
        let mut shared = lock(&self.0);
        shared.unplugged = true;
        shared.fail_all(Direction::In, &Error::Gone);
        shared.fail_all(Direction::Out, &Error::Gone);
        for waker in [shared.printer.take(), shared.printer_out.take()].into_iter().flatten() {
            waker.wake();
        }
    }
}
