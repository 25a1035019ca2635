//! Exchanges as transcripts: what the host asks, what the printer answers, byte for byte. Time is paused, so that a
//! test of a 30 s deadline takes none.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod faults;
mod framing;
mod ladder;
mod manner;
mod persistence;
mod rest;
mod soup;
mod transcripts;
mod uploads;

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Sleep, sleep};

use super::*;
use crate::emulator::pipe::{HostPipe, PrinterPipe};
use crate::usb::descriptor::{Channel, Endpoint, Function};
use crate::usb::{self, BoxFuture, ControlIn, ControlOut, Direction};

/// A device of nothing but bulk pairs; the test plays the printer.
pub(super) struct Bench {
    pub(super) interfaces: Vec<PrinterPipe>,
    /// Another program holds these.
    pub(super) held: Mutex<Vec<u8>>,
    pub(super) claims: AtomicUsize,
    pub(super) resets: Arc<AtomicUsize>,
    /// bmRequestType of each SOFT_RESET that came.
    pub(super) soft_resets: Mutex<Vec<u8>>,
    /// Those that it knows.
    pub(super) soft_resettable: Mutex<Vec<u8>>,
    /// Drivers on other interfaces.
    pub(super) others: Mutex<Vec<String>>,
    pub(super) resettable: AtomicBool,
    /// The host learns only after [`LATE`] that a transfer of its was taken, as on a busy host controller.
    pub(super) late: AtomicBool,
}

/// What a test gives exchanges to end when it closes a pool.
pub(super) const GRACE: Duration = Duration::from_secs(5);

/// How late the news of an OUT transfer can be.
pub(super) const LATE: Duration = Duration::from_millis(5);

/// A pipe that a reset of the device kills, as the kernel does it.
struct Mortal<P> {
    pipe: P,
    born: usize,
    resets: Arc<AtomicUsize>,
}

impl<P: usb::Pipe> usb::Pipe for Mortal<P> {
    fn max_packet(&self, direction: Direction) -> usize {
        self.pipe.max_packet(direction)
    }

    fn submit(&mut self, direction: Direction, buffer: Vec<u8>) -> Result<(), (Vec<u8>, usb::Error)> {
        if self.resets.load(Ordering::SeqCst) != self.born {
            return Err((buffer, usb::Error::Gone));
        }
        self.pipe.submit(direction, buffer)
    }

    fn poll_complete(&mut self, direction: Direction, cx: &mut Context<'_>) -> Poll<usb::Completion> {
        self.pipe.poll_complete(direction, cx)
    }

    fn pending(&self, direction: Direction) -> usize {
        self.pipe.pending(direction)
    }

    fn cancel(&mut self, direction: Direction) {
        self.pipe.cancel(direction);
    }

    fn clear_halt(&mut self, direction: Direction) -> BoxFuture<'_, Result<(), usb::Error>> {
        self.pipe.clear_halt(direction)
    }
}

/// A pipe whose OUT transfers are reported [`LATE`].
struct LatePipe {
    pipe: HostPipe,
    taken: Option<(usb::Completion, Pin<Box<Sleep>>)>,
}

impl usb::Pipe for LatePipe {
    fn max_packet(&self, direction: Direction) -> usize {
        self.pipe.max_packet(direction)
    }

    fn submit(&mut self, direction: Direction, buffer: Vec<u8>) -> Result<(), (Vec<u8>, usb::Error)> {
        self.pipe.submit(direction, buffer)
    }

    fn poll_complete(&mut self, direction: Direction, cx: &mut Context<'_>) -> Poll<usb::Completion> {
        if direction == Direction::In {
            return self.pipe.poll_complete(direction, cx);
        }
        if self.taken.is_none() {
            let completion = ready!(self.pipe.poll_complete(direction, cx));
            self.taken = Some((completion, Box::pin(sleep(LATE))));
        }
        let (_, late) = self.taken.as_mut().unwrap();
        ready!(late.as_mut().poll(cx));
        Poll::Ready(self.taken.take().unwrap().0)
    }

    fn pending(&self, direction: Direction) -> usize {
        let taken = direction == Direction::Out && self.taken.is_some();
        self.pipe.pending(direction) + usize::from(taken)
    }

    fn cancel(&mut self, direction: Direction) {
        self.pipe.cancel(direction);
    }

    fn clear_halt(&mut self, direction: Direction) -> BoxFuture<'_, Result<(), usb::Error>> {
        self.pipe.clear_halt(direction)
    }
}

impl usb::Device for Bench {
    fn raw_descriptors(&self) -> &[u8] {
        &[]
    }

    fn configuration(&self) -> BoxFuture<'_, Result<u8, usb::Error>> {
        Box::pin(async { Ok(1) })
    }

    fn control_in(&self, _: ControlIn, _: Duration) -> BoxFuture<'_, Result<Vec<u8>, usb::Error>> {
        Box::pin(async { Err(usb::Error::Stalled) })
    }

    fn control_out(&self, request: ControlOut, _: Duration) -> BoxFuture<'_, Result<(), usb::Error>> {
        Box::pin(async move {
            assert_eq!((request.request, request.value), (2, 0), "nothing else is ever sent");
            assert!(self.interfaces[usize::from(request.index)].claimed(), "usbfs takes it from the claimer only");
            self.soft_resets.lock().unwrap().push(request.request_type);
            let known = self.soft_resettable.lock().unwrap().contains(&request.request_type);
            if known { Ok(()) } else { Err(usb::Error::Stalled) }
        })
    }

    fn others(&self) -> BoxFuture<'_, Vec<String>> {
        Box::pin(async { self.others.lock().unwrap().clone() })
    }

    fn claim(&self, function: Function) -> BoxFuture<'_, Result<Box<dyn usb::Pipe>, usb::Error>> {
        Box::pin(async move {
            if self.held.lock().unwrap().contains(&function.interface) {
                return Err(usb::Error::Busy);
            }
            self.claims.fetch_add(1, Ordering::SeqCst);
            let pipe = self.interfaces[usize::from(function.interface)].claim()?;
            if self.late.load(Ordering::SeqCst) {
                return Ok(Box::new(LatePipe { pipe, taken: None }) as Box<dyn usb::Pipe>);
            }
            let resets = Arc::clone(&self.resets);
            Ok(Box::new(Mortal { pipe, born: resets.load(Ordering::SeqCst), resets }) as Box<dyn usb::Pipe>)
        })
    }

    fn reset(&self) -> BoxFuture<'_, Result<(), usb::Error>> {
        Box::pin(async {
            if !self.resettable.load(Ordering::SeqCst) {
                return Err(usb::Error::Other("no reset here".into()));
            }
            self.resets.fetch_add(1, Ordering::SeqCst);
            Ok(())
        })
    }
}

pub(super) fn function(interface: u8, channel: Channel) -> Function {
    let endpoint = |address| Endpoint { address, max_packet: 512 };
    Function {
        configuration: 1,
        interface,
        alternate: 1,
        channel,
        bulk_in: endpoint(0x81 + interface),
        bulk_out: endpoint(0x01 + interface),
    }
}

/// A printer with one interface, and a pool of it.
pub(super) fn plugged() -> (Arc<Bench>, PrinterPipe, Pool) {
    let (bench, pool) = plugged_with(&[Channel::IppUsb]);
    let printer = bench.interfaces[0].clone();
    (bench, printer, pool)
}

pub(super) fn plugged_with(channels: &[Channel]) -> (Arc<Bench>, Pool) {
    plugged_in_manner(channels, Manner::default())
}

pub(super) fn plugged_in_manner(channels: &[Channel], manner: Manner) -> (Arc<Bench>, Pool) {
    let bench = Arc::new(Bench {
        interfaces: channels.iter().map(|_| PrinterPipe::default()).collect(),
        held: Mutex::default(),
        claims: AtomicUsize::new(0),
        resets: Arc::default(),
        soft_resets: Mutex::default(),
        soft_resettable: Mutex::new(vec![0x21, 0x23]),
        others: Mutex::default(),
        resettable: AtomicBool::new(true),
        late: AtomicBool::new(false),
    });
    let functions = (0..).zip(channels).map(|(at, channel)| function(at, *channel)).collect();
    let pool = Pool::with_manner(Arc::clone(&bench) as Arc<dyn usb::Device>, functions, manner);
    (bench, pool)
}

/// What the host sends, up to the end of the head.
pub(super) async fn head(printer: &PrinterPipe) -> Vec<u8> {
    let mut seen = Vec::new();
    while !seen.ends_with(b"\r\n\r\n") {
        seen.extend(printer.receive(1).await.expect("the cable is in"));
    }
    seen
}

/// A whole request, as its head says how long it is.
pub(super) async fn request(printer: &PrinterPipe) -> String {
    let mut seen = head(printer).await;
    let text = String::from_utf8(seen.clone()).unwrap();
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name).map(str::trim));
    if field("Transfer-Encoding:") == Some("chunked") {
        while !seen.ends_with(b"\r\n0\r\n\r\n") {
            seen.extend(printer.receive(1).await.expect("the cable is in"));
        }
    } else {
        let mut left = field("Content-Length:").map_or(0, |length| length.parse::<usize>().unwrap());
        while left > 0 {
            let more = printer.receive(left).await.expect("the cable is in");
            left -= more.len();
            seen.extend(more);
        }
    }
    String::from_utf8_lossy(&seen).into_owned()
}

/// Takes one request and gives these transfers as the answer.
pub(super) async fn answer(printer: &PrinterPipe, transfers: &[&[u8]]) -> String {
    let request = request(printer).await;
    for transfer in transfers {
        printer.send(transfer).await;
    }
    request
}

/// The question that the ladder asks, answered.
pub(super) async fn answer_question(printer: &PrinterPipe) {
    let question = answer(printer, &[b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n"]).await;
    assert!(question.starts_with("HEAD / HTTP/1.1\r\n"), "{question}");
}

/// One GET and its answer, to see that a link is good again.
pub(super) async fn works(printer: &PrinterPipe, pool: &Pool) {
    let (reply, _) = tokio::join!(
        pool.fetch(Call::get("/after")),
        answer(printer, &[b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood"])
    );
    assert_eq!(reply.unwrap().body, "good");
}

pub(super) fn short() -> Patience {
    Patience { answer: Duration::from_secs(5), total: Duration::from_secs(20) }
}

/// One call, and the transfers that answer it. Gives the reply, and the request as the printer saw it.
pub(super) async fn ask(
    pool: &Pool,
    printer: &PrinterPipe,
    call: Call,
    transfers: &[&[u8]],
) -> (Result<Reply, Error>, String) {
    tokio::join!(pool.fetch(call), answer(printer, transfers))
}
