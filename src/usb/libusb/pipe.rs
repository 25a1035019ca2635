//! The bulk pair of one claimed interface.

use std::sync::Arc;
use std::task::{Context, Poll};

use super::device::Seat;
use super::transfer::{Kind, Queue};
use super::{apart, blocking, translate};
use crate::usb::descriptor::{Endpoint, Function};
use crate::usb::{BoxFuture, Completion, Direction, Error, Pipe};

/// One endpoint and its transfers.
struct End {
    endpoint: Endpoint,
    queue: Queue,
}

/// A claimed interface. `None` only while it is being dropped.
pub(super) struct BulkPipe {
    inward: Option<End>,
    outward: Option<End>,
    function: Function,
    seat: Option<Seat>,
}

impl BulkPipe {
    pub(super) fn new(function: &Function, seat: Seat) -> Self {
        let end = |endpoint: Endpoint| {
            Some(End { endpoint, queue: Queue::new(Arc::clone(seat.handle()), endpoint.address, Kind::Bulk) })
        };
        Self { inward: end(function.bulk_in), outward: end(function.bulk_out), function: *function, seat: Some(seat) }
    }

    fn end(&self, direction: Direction) -> Option<&End> {
        match direction {
            Direction::In => self.inward.as_ref(),
            Direction::Out => self.outward.as_ref(),
        }
    }
}

impl Pipe for BulkPipe {
    fn max_packet(&self, direction: Direction) -> usize {
        self.end(direction).map_or(0, |end| end.endpoint.max_packet.into())
    }

    fn submit(&mut self, direction: Direction, buffer: Vec<u8>) -> Result<(), (Vec<u8>, Error)> {
        match self.end(direction) {
            Some(end) if self.seat.as_ref().is_some_and(Seat::valid) => end.queue.submit(buffer),
            _ => Err((buffer, Error::Gone)),
        }
    }

    fn poll_complete(&mut self, direction: Direction, cx: &mut Context<'_>) -> Poll<Completion> {
        self.end(direction).map_or(Poll::Pending, |end| end.queue.poll_complete(cx))
    }

    fn pending(&self, direction: Direction) -> usize {
        self.end(direction).map_or(0, |end| end.queue.pending())
    }

    fn cancel(&mut self, direction: Direction) {
        if let Some(end) = self.end(direction) {
            end.queue.cancel();
        }
    }

    fn clear_halt(&mut self, direction: Direction) -> BoxFuture<'_, Result<(), Error>> {
        let Some((seat, end)) = self.seat.as_ref().zip(self.end(direction)) else {
            return Box::pin(async { Err(Error::Gone) });
        };
        let (handle, address) = (Arc::clone(seat.handle()), end.endpoint.address);
        Box::pin(blocking(move || handle.raw.clear_halt(address).map_err(translate)))
    }

    fn select(&mut self) -> BoxFuture<'_, Result<(), Error>> {
        match &self.seat {
            Some(seat) => seat.select(self.function),
            None => Box::pin(async { Err(Error::Gone) }),
        }
    }
}

impl Drop for BulkPipe {
    fn drop(&mut self) {
        let (inward, outward, seat) = (self.inward.take(), self.outward.take(), self.seat.take());
        if let Some(seat) = &seat {
            seat.leave();
        }
        apart("usb-release", move || {
            for end in [&inward, &outward].into_iter().flatten() {
                end.queue.settle();
            }
            drop((inward, outward, seat));
        });
    }
}
