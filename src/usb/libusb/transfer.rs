//! libusb's asynchronous transfers: several in flight on one endpoint, taken in order, cancellable.
//!
//! rusb has none (its issue 62), so this file speaks to libusb's C interface. It is the only one that does, and the
//! only one with unsafe code.
//!
//! Who owns what:
//! * The buffer of a transfer in flight belongs to its [`Ticket`], which libusb carries as user data. libusb calls back
//!   exactly once for each successful submission, also after a cancel or an unplug, and the callback takes the ticket.
//! * The `libusb_transfer` itself is freed by the callback, or, while a cancel may still look at it, by that cancel.
//! * The device handle outlives every transfer: a [`Queue`] holds it, and hands it to a thread that waits for the
//!   callbacks when it is dropped before them. The callback never closes a handle.

#![allow(unsafe_code, reason = "libusb's asynchronous transfers have no safe interface")]

use std::collections::VecDeque;
use std::ffi::{c_int, c_void};
use std::ptr::NonNull;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use rusb::constants;
use rusb::ffi;

use super::{Handle, apart, translate};
use crate::usb::{Completion, ControlIn, ControlOut, Error};

/// bmRequestType, bRequest, wValue, wIndex, wLength stand before the data of a control transfer (USB 2.0, 9.3).
pub(super) const SETUP: usize = 8;

/// What an endpoint transfers.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Bulk,
    Control,
}

/// A `libusb_transfer` between its allocation and its freeing.
struct Transfer(NonNull<ffi::libusb_transfer>);

// SAFETY: libusb allows a transfer to be submitted, cancelled and freed from any thread; who may free it is settled
// under the lock of `Board`.
unsafe impl Send for Transfer {}

/// What libusb carries for us while a transfer is in flight.
struct Ticket {
    buffer: Vec<u8>,
    board: Arc<Board>,
}

struct Flight {
    /// Which transfer it is; only compared, never followed, once `completion` is there.
    transfer: Transfer,
    completion: Option<Completion>,
}

#[derive(Default)]
struct State {
    /// In the order of submission.
    flights: VecDeque<Flight>,
    /// Cancels that are looking at transfers now.
    cancels: usize,
    /// Transfers that landed during a cancel.
    to_free: Vec<Transfer>,
    waker: Option<Waker>,
    /// Threads that wait in [`Queue::settle`].
    settling: usize,
}

/// Where submitters, the callback and cancels meet. The lock is never held across a call that waits for a device.
#[derive(Default)]
struct Board {
    state: Mutex<State>,
    landed: Condvar,
}

impl Board {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The transfers of one endpoint.
pub(super) struct Queue {
    handle: Arc<Handle>,
    endpoint: u8,
    kind: Kind,
    board: Arc<Board>,
}

impl Queue {
    pub(super) fn new(handle: Arc<Handle>, endpoint: u8, kind: Kind) -> Self {
        Self { handle, endpoint, kind, board: Arc::default() }
    }

    /// Puts a transfer behind those in flight. The buffer comes back with an error.
    pub(super) fn submit(&self, buffer: Vec<u8>) -> Result<(), (Vec<u8>, Error)> {
        let length = match c_int::try_from(buffer.len()) {
            Ok(length) if matches!(self.kind, Kind::Bulk) || buffer.len() >= SETUP => length,
            _ => return Err((buffer, Error::Other("a transfer of an impossible size".into()))),
        };
        // SAFETY: allocates a transfer without isochronous packets; it has no precondition.
        let Some(transfer) = NonNull::new(unsafe { ffi::libusb_alloc_transfer(0) }) else {
            return Err((buffer, Error::NoMemory));
        };
        let mut ticket = Box::new(Ticket { buffer, board: Arc::clone(&self.board) });
        let data = ticket.buffer.as_mut_ptr();
        let ticket = Box::into_raw(ticket);
        // SAFETY: `transfer` was allocated above and nobody else knows it. `data` points to `length` bytes which the
        // ticket keeps in place until the callback takes it. No timeout: we cancel.
        unsafe {
            let fields = transfer.as_ptr();
            (*fields).dev_handle = self.handle.raw.as_raw();
            (*fields).endpoint = self.endpoint;
            (*fields).transfer_type = match self.kind {
                Kind::Bulk => constants::LIBUSB_TRANSFER_TYPE_BULK,
                Kind::Control => constants::LIBUSB_TRANSFER_TYPE_CONTROL,
            };
            (*fields).timeout = 0;
            (*fields).buffer = data;
            (*fields).length = length;
            (*fields).callback = landed;
            (*fields).user_data = ticket.cast::<c_void>();
        }
        // Held across the submission: the callback may come before it returns, and must find its flight.
        // libusb calls back with none of the locks that a submission takes.
        let mut state = self.board.lock();
        // SAFETY: all fields are set, and the handle is open as long as `self.handle` is.
        let code = unsafe { ffi::libusb_submit_transfer(transfer.as_ptr()) };
        if code == 0 {
            state.flights.push_back(Flight { transfer: Transfer(transfer), completion: None });
            return Ok(());
        }
        drop(state);
        // SAFETY: a submission that failed is not called back, so both are still ours, and nobody else knows them.
        let ticket = unsafe {
            ffi::libusb_free_transfer(transfer.as_ptr());
            Box::from_raw(ticket)
        };
        Err((ticket.buffer, translate(call_error(code))))
    }

    /// The oldest transfer, when it has ended.
    pub(super) fn poll_complete(&self, cx: &mut Context<'_>) -> Poll<Completion> {
        let mut state = self.board.lock();
        if state.flights.front().is_some_and(|flight| flight.completion.is_some())
            && let Some(Flight { completion: Some(completion), .. }) = state.flights.pop_front()
        {
            return Poll::Ready(completion);
        }
        if !state.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            state.waker = Some(cx.waker().clone());
        }
        Poll::Pending
    }

    /// Transfers submitted and not taken from [`Queue::poll_complete`].
    pub(super) fn pending(&self) -> usize {
        self.board.lock().flights.len()
    }

    /// Begins to cancel what is in flight now; each transfer still completes. The kernel waits for the host controller
    /// here, which is short unless the controller is in trouble, so this happens on a thread that may wait.
    pub(super) fn cancel(&self) {
        let Some(recall) = Recall::new(&self.board) else { return };
        // The handle is closed there if the queue goes meanwhile: not a place where libusb calls back.
        let handle = Arc::clone(&self.handle);
        let work = move || {
            recall.run();
            drop(handle);
        };
        match tokio::runtime::Handle::try_current() {
            // Dropped without running when the runtime is going down; a recall that did not run frees and forgets.
            Ok(runtime) => drop(runtime.spawn_blocking(work)),
            Err(_) => work(),
        }
    }

    /// Cancels and waits until nothing is in flight. Blocks.
    pub(super) fn settle(&self) {
        loop {
            if let Some(recall) = Recall::new(&self.board) {
                recall.run();
            }
            let mut state = self.board.lock();
            if state.flights.iter().all(|flight| flight.completion.is_some()) {
                return;
            }
            state.settling += 1;
            state = self.board.landed.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.settling -= 1;
            drop(state);
        }
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        if self.board.lock().flights.iter().any(|flight| flight.completion.is_none()) {
            let rest = Self::with_board(Arc::clone(&self.handle), self.endpoint, self.kind, Arc::clone(&self.board));
            apart("usb-settle", move || rest.settle());
        }
    }
}

impl Queue {
    fn with_board(handle: Arc<Handle>, endpoint: u8, kind: Kind, board: Arc<Board>) -> Self {
        Self { handle, endpoint, kind, board }
    }
}

/// A cancel of the transfers that were in flight when it was made.
struct Recall {
    board: Arc<Board>,
    transfers: Vec<Transfer>,
}

impl Recall {
    fn new(board: &Arc<Board>) -> Option<Self> {
        let mut state = board.lock();
        let transfers: Vec<Transfer> = state
            .flights
            .iter()
            .filter(|flight| flight.completion.is_none())
            .map(|flight| Transfer(flight.transfer.0))
            .collect();
        if transfers.is_empty() {
            return None;
        }
        state.cancels += 1;
        drop(state);
        Some(Self { board: Arc::clone(board), transfers })
    }

    fn run(self) {
        // The youngest first: otherwise the device could begin with one that is about to be cancelled too.
        for transfer in self.transfers.iter().rev() {
            // SAFETY: it was in flight when `cancels` was raised, and is not freed before that is lowered again. One
            // that has landed meanwhile makes libusb answer "not found". No lock of ours is held.
            let _ = unsafe { ffi::libusb_cancel_transfer(transfer.0.as_ptr()) };
        }
    }
}

impl Drop for Recall {
    fn drop(&mut self) {
        let mut state = self.board.lock();
        state.cancels -= 1;
        let to_free = if state.cancels == 0 { std::mem::take(&mut state.to_free) } else { Vec::new() };
        drop(state);
        for transfer in to_free {
            // SAFETY: it has landed, its flight is marked so that no new cancel takes it, and the last cancel that
            // could know it is this one.
            unsafe { ffi::libusb_free_transfer(transfer.0.as_ptr()) };
        }
    }
}

/// libusb's callback, on the event thread. libusb holds its list of open devices locked: nothing is closed here.
extern "system" fn landed(transfer: *mut ffi::libusb_transfer) {
    let Some(transfer) = NonNull::new(transfer) else { return };
    // SAFETY: libusb hands back the transfer that was submitted, with its user data, once; the ticket was leaked for
    // exactly this. libusb has written `actual_length` bytes at most into the buffer and does not touch it any more.
    let (status, actual, ticket) = unsafe {
        let fields = transfer.as_ptr();
        ((*fields).status, (*fields).actual_length, Box::from_raw((*fields).user_data.cast::<Ticket>()))
    };
    let Ticket { buffer, board } = *ticket;
    let actual = usize::try_from(actual).unwrap_or(0).min(buffer.len());
    let mut state = board.lock();
    if let Some(flight) = state.flights.iter_mut().find(|f| f.transfer.0 == transfer && f.completion.is_none()) {
        flight.completion = Some(Completion { buffer, actual, status: transfer_status(status) });
    }
    let kept = state.cancels > 0;
    if kept {
        state.to_free.push(Transfer(transfer));
    }
    let waker = state.waker.take();
    // A notification costs a system call, also where nobody waits.
    let awaited = state.settling > 0;
    drop(state);
    if !kept {
        // SAFETY: libusb allows freeing in the callback. Its flight is marked as landed, so no cancel takes it any
        // more, and none had taken it before.
        unsafe { ffi::libusb_free_transfer(transfer.as_ptr()) };
    }
    if awaited {
        board.landed.notify_all();
    }
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// The buffer of a control transfer that reads: the setup packet, and room for the data.
pub(super) fn setup(request: ControlIn) -> Vec<u8> {
    let mut buffer = Vec::with_capacity(SETUP + usize::from(request.length));
    buffer.extend([request.request_type | constants::LIBUSB_ENDPOINT_IN, request.request]);
    for word in [request.value, request.index, request.length] {
        buffer.extend(word.to_le_bytes());
    }
    buffer.resize(SETUP + usize::from(request.length), 0);
    buffer
}

/// The buffer of a control transfer that tells something and has no data.
pub(super) fn order(request: ControlOut) -> Vec<u8> {
    let mut buffer = Vec::with_capacity(SETUP);
    buffer.extend([request.request_type & !constants::LIBUSB_ENDPOINT_IN, request.request]);
    for word in [request.value, request.index, 0] {
        buffer.extend(word.to_le_bytes());
    }
    buffer
}

fn call_error(code: c_int) -> rusb::Error {
    match code {
        constants::LIBUSB_ERROR_NO_DEVICE => rusb::Error::NoDevice,
        constants::LIBUSB_ERROR_ACCESS => rusb::Error::Access,
        constants::LIBUSB_ERROR_BUSY => rusb::Error::Busy,
        constants::LIBUSB_ERROR_NO_MEM => rusb::Error::NoMem,
        constants::LIBUSB_ERROR_PIPE => rusb::Error::Pipe,
        constants::LIBUSB_ERROR_NOT_FOUND => rusb::Error::NotFound,
        constants::LIBUSB_ERROR_INVALID_PARAM => rusb::Error::InvalidParam,
        constants::LIBUSB_ERROR_NOT_SUPPORTED => rusb::Error::NotSupported,
        constants::LIBUSB_ERROR_IO => rusb::Error::Io,
        _ => rusb::Error::Other,
    }
}

fn transfer_status(status: c_int) -> Result<(), Error> {
    Err(translate(match status {
        constants::LIBUSB_TRANSFER_COMPLETED => return Ok(()),
        constants::LIBUSB_TRANSFER_TIMED_OUT => rusb::Error::Timeout,
        constants::LIBUSB_TRANSFER_CANCELLED => rusb::Error::Interrupted,
        constants::LIBUSB_TRANSFER_STALL => rusb::Error::Pipe,
        constants::LIBUSB_TRANSFER_NO_DEVICE => rusb::Error::NoDevice,
        constants::LIBUSB_TRANSFER_OVERFLOW => rusb::Error::Overflow,
        _ => rusb::Error::Io,
    }))
}
