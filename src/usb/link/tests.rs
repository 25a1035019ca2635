#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::yield_now;

use super::*;
use crate::emulator::pipe::{HostPipe, PrinterPipe};
use crate::usb::BoxFuture;

const QUIET: Duration = Duration::from_millis(300);
const LIMIT: Duration = Duration::from_secs(5);

fn plugged() -> (Link, PrinterPipe) {
    let printer = PrinterPipe::default();
    (Link::new(Box::new(printer.claim().unwrap())), printer)
}

async fn chunk(link: &mut Link) -> Result<Chunk, Error> {
    poll_fn(|cx| link.poll_chunk(cx)).await
}

async fn write(link: &mut Link, bytes: &[u8]) -> Result<usize, Error> {
    poll_fn(|cx| link.poll_write_bytes(cx, bytes)).await
}

async fn flush(link: &mut Link) -> Result<(), Error> {
    poll_fn(|cx| link.poll_flush_out(cx)).await
}

/// Lets everything that can run now run once, and says whether this was ready.
async fn now_or_pending<T>(future: impl Future<Output = T>) -> Option<T> {
    tokio::select! { biased; done = future => Some(done), () = yield_now() => None }
}

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|i| u8::try_from((i * 7 + i / 251) % 256).unwrap()).collect()
}

#[tokio::test]
async fn an_answer_ends_with_a_short_packet_and_says_so() {
    let (mut link, printer) = plugged();
    let (_, read) = tokio::join!(printer.send(b"HTTP/1.1 200 OK\r\n"), chunk(&mut link));
    assert_eq!(read.unwrap(), Chunk { bytes: Bytes::from_static(b"HTTP/1.1 200 OK\r\n"), end: End::Short });
}

#[tokio::test]
async fn an_answer_of_whole_packets_ends_with_a_zero_length_packet() {
    let (mut link, printer) = plugged();
    let sending = async {
        printer.send(&pattern(1024)).await;
        printer.send(&[]).await;
    };
    let (_, read) = tokio::join!(sending, chunk(&mut link));
    let read = read.unwrap();
    assert_eq!((read.bytes.len(), read.end), (1024, End::Zero));

    let (_, read) = tokio::join!(printer.send(&[]), chunk(&mut link));
    assert_eq!(read.unwrap(), Chunk { bytes: Bytes::new(), end: End::Zero });
}

#[tokio::test]
async fn reading_goes_deep_with_volume_and_back_after_the_exchange() {
    let printer = PrinterPipe::default();
    let watched = Watched::new(printer.claim().unwrap());
    let in_flight = Arc::clone(&watched.submitted_in);
    let mut link = Link::new(Box::new(watched));
    let data = pattern(600 * 1024 + 5);
    let reading = async {
        let mut got = Vec::new();
        while got.len() < data.len() {
            let chunk = chunk(&mut link).await.unwrap();
            if got.is_empty() {
                assert_eq!((chunk.bytes.len(), chunk.end), (SMALL, End::Full));
            }
            got.extend_from_slice(&chunk.bytes);
        }
        got
    };
    let (_, got) = tokio::join!(printer.send(&data), reading);
    assert!(got == data);
    assert!(now_or_pending(chunk(&mut link)).await.is_none());
    assert_eq!(in_flight.load(Ordering::Relaxed), DEEP);

    link.quiesce().await.unwrap();
    assert_eq!(in_flight.load(Ordering::Relaxed), 0);
    assert!(link.reading.shelf.lock().unwrap().buffers.is_empty());
    assert!(now_or_pending(chunk(&mut link)).await.is_none());
    assert_eq!(in_flight.load(Ordering::Relaxed), 1, "the next exchange begins with one small transfer");
}

#[tokio::test]
async fn a_printer_that_ends_every_write_with_a_short_packet_is_read_deep_too() {
    let (mut link, printer) = plugged();
    for _ in 0..=VOLUME / 8_000 {
        let data = pattern(8_000);
        let (_, read) = tokio::join!(printer.send(&data), chunk(&mut link));
        assert_eq!(read.unwrap().end, End::Short);
    }
    assert!(now_or_pending(chunk(&mut link)).await.is_none());
    assert_eq!(link.pipe.pending(Direction::In), DEEP);
}

#[tokio::test]
async fn buffers_are_used_again() {
    let (mut link, printer) = plugged();
    let data = pattern(5_001);
    let (_, first) = tokio::join!(printer.send(&data), chunk(&mut link));
    let first = first.unwrap();
    let address = first.bytes.as_ptr();
    drop(first);
    let (_, second) = tokio::join!(printer.send(&data), chunk(&mut link));
    assert_eq!(second.unwrap().bytes.as_ptr(), address);
}

#[tokio::test]
async fn a_cancel_keeps_what_had_arrived() {
    let (mut link, printer) = plugged();
    assert!(now_or_pending(chunk(&mut link)).await.is_none());
    // Two whole packets do not end the transfer: they are in its buffer when it is cancelled.
    printer.send(&pattern(1024)).await;
    link.quiesce().await.unwrap();
    assert_eq!(link.pipe.pending(Direction::In), 0);
    let (_, rest) = tokio::join!(printer.send(b"rest"), async {
        let kept = chunk(&mut link).await.unwrap();
        assert_eq!((kept.bytes.as_ref(), kept.end), (pattern(1024).as_slice(), End::Full));
        chunk(&mut link).await.unwrap()
    });
    assert_eq!(rest.bytes.as_ref(), b"rest");
}

#[tokio::test]
async fn a_quiesce_dropped_halfway_loses_nothing() {
    let (mut link, printer) = plugged();
    assert!(now_or_pending(chunk(&mut link)).await.is_none());
    printer.send(&pattern(512)).await;
    // Polled once and dropped: the completions are there, but nobody took them.
    link.recall_in();
    assert_eq!(chunk(&mut link).await.unwrap().bytes.as_ref(), pattern(512));
}

#[tokio::test]
async fn a_stall_is_said_until_it_is_cleared() {
    let (mut link, printer) = plugged();
    assert!(now_or_pending(chunk(&mut link)).await.is_none());
    printer.send(&pattern(512)).await;
    printer.stall(Direction::In);
    assert_eq!(chunk(&mut link).await.unwrap().bytes.len(), 512, "what came before the stall");
    assert_eq!(chunk(&mut link).await, Err(Error::Stalled));
    assert_eq!(chunk(&mut link).await, Err(Error::Stalled));
    link.clear_halt().await.unwrap();
    let (_, read) = tokio::join!(printer.send(b"again"), chunk(&mut link));
    assert_eq!(read.unwrap().bytes.as_ref(), b"again");
}

#[tokio::test]
async fn a_stalled_write_takes_back_what_is_queued_behind_it() {
    let (mut link, printer) = plugged();
    for _ in 0..DEEP {
        assert_eq!(write(&mut link, &pattern(LARGE)).await, Ok(LARGE));
    }
    assert!(now_or_pending(write(&mut link, b"one too many")).await.is_none(), "back-pressure");
    printer.stall(Direction::Out);
    assert_eq!(write(&mut link, b"x").await, Err(Error::Stalled));
    assert_eq!(link.pipe.pending(Direction::Out), 0);
    assert_eq!(flush(&mut link).await, Err(Error::Stalled));
    link.clear_halt().await.unwrap();
    assert_eq!(write(&mut link, b"GET").await, Ok(3));
    let (taken, flushed) = tokio::join!(printer.receive(64), flush(&mut link));
    assert_eq!((taken.as_deref(), flushed), (Some(b"GET".as_slice()), Ok(())));
}

#[tokio::test]
async fn a_write_goes_on_when_the_printer_has_taken_one_transfer() {
    let (mut link, printer) = plugged();
    let data = pattern(DEEP * LARGE + 100);
    let mut rest = data.as_slice();
    while let Some(Ok(taken)) = now_or_pending(write(&mut link, rest)).await {
        rest = &rest[taken..];
    }
    assert_eq!(rest.len(), 100);
    let mut got = printer.receive(LARGE).await.unwrap();
    assert_eq!(write(&mut link, rest).await, Ok(100));
    assert!(now_or_pending(flush(&mut link)).await.is_none());
    while got.len() < data.len() {
        got.extend(printer.receive(LARGE).await.unwrap());
    }
    assert_eq!(flush(&mut link).await, Ok(()));
    assert!(got == data);
    assert_eq!(link.sent(), data.len() as u64);
}

#[tokio::test]
async fn pulling_the_cable_ends_everything_at_each_point() {
    // Before anything.
    let (mut link, printer) = plugged();
    printer.unplug();
    assert_eq!(chunk(&mut link).await, Err(Error::Gone));
    assert_eq!(write(&mut link, b"GET").await, Err(Error::Gone));

    // While reading, with bytes on the way.
    let (mut link, printer) = plugged();
    assert!(now_or_pending(chunk(&mut link)).await.is_none());
    printer.send(&pattern(512)).await;
    printer.unplug();
    assert_eq!(chunk(&mut link).await.unwrap().bytes.len(), 512);
    assert_eq!(chunk(&mut link).await, Err(Error::Gone));

    // While writing.
    let (mut link, printer) = plugged();
    assert_eq!(write(&mut link, &pattern(100)).await, Ok(100));
    assert!(now_or_pending(flush(&mut link)).await.is_none());
    printer.unplug();
    assert_eq!(flush(&mut link).await, Err(Error::Gone));

    // While draining, aborting, clearing.
    let (mut link, printer) = plugged();
    assert!(now_or_pending(chunk(&mut link)).await.is_none());
    printer.unplug();
    assert_eq!(link.drain(QUIET, LIMIT).await, Err(DrainError::Usb(Error::Gone)));
    link.abort().await;
    assert_eq!(link.clear_halt().await, Err(Error::Gone));
    assert_eq!(chunk(&mut link).await, Err(Error::Gone));
}

#[tokio::test(start_paused = true)]
async fn draining_waits_for_quiet() {
    let (mut link, printer) = plugged();
    let began = Instant::now();
    let stale = async {
        printer.send(&pattern(700)).await;
        tokio::time::sleep(Duration::from_millis(250)).await;
        printer.send(b"late").await;
    };
    let (_, drained) = tokio::join!(stale, link.drain(QUIET, LIMIT));
    assert_eq!(drained, Ok(704));
    assert_eq!(began.elapsed().as_millis(), 550);
    assert_eq!(link.pipe.pending(Direction::In), 0);
}

#[tokio::test(start_paused = true)]
async fn draining_an_endless_printer_ends() {
    let (mut link, printer) = plugged();
    let began = Instant::now();
    let babbling = async {
        loop {
            printer.send(&pattern(100)).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let drained = tokio::select! { drained = link.drain(QUIET, LIMIT) => drained, () = babbling => unreachable!() };
    assert!(matches!(drained, Err(DrainError::Endless { discarded }) if discarded >= 4_900), "{drained:?}");
    assert_eq!(began.elapsed().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn draining_a_printer_that_never_pauses_lets_others_run_and_ends() {
    let (mut link, printer) = plugged();
    let babbling = tokio::spawn(async move {
        loop {
            printer.send(&pattern(SMALL)).await;
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
    assert!(matches!(link.drain(QUIET, LIMIT).await, Err(DrainError::Endless { .. })));
    babbling.abort();
}

#[tokio::test(start_paused = true)]
async fn empty_packets_without_end_are_asked_for_ever_more_slowly() {
    let printer = PrinterPipe::default();
    let watched = Watched::new(printer.claim().unwrap());
    let asked = Arc::clone(&watched.asked_in);
    let mut link = Link::new(Box::new(watched));
    let silent = async {
        loop {
            printer.send(&[]).await;
        }
    };
    let minute = async {
        let deadline = Instant::now() + Duration::from_secs(60);
        while let Ok(read) = tokio::time::timeout_at(deadline, chunk(&mut link)).await {
            assert_eq!(read.unwrap().bytes.len(), 0);
        }
    };
    tokio::select! { () = minute => (), () = silent => unreachable!() }
    assert!(asked.load(Ordering::Relaxed) < 100, "{asked:?}");
}

#[tokio::test]
async fn dropping_a_link_gives_the_interface_back() {
    let (mut link, printer) = plugged();
    assert!(now_or_pending(chunk(&mut link)).await.is_none());
    assert_eq!(write(&mut link, b"half a request").await, Ok(14));
    assert_eq!(printer.claim().err(), Some(Error::Busy));
    drop(link);
    assert!(printer.claim().is_ok());
}

#[tokio::test]
async fn as_a_stream_it_skips_zero_length_packets_and_never_ends() {
    let (mut link, printer) = plugged();
    let talk = async {
        printer.send(b"abc").await;
        printer.send(&[]).await;
        printer.send(b"defg").await;
        assert_eq!(printer.receive(2).await.unwrap(), b"GE");
        assert_eq!(printer.receive(64).await.unwrap(), b"T");
    };
    let listen = async {
        let mut two = [0; 2];
        link.read_exact(&mut two).await.unwrap();
        let mut five = [0; 5];
        link.read_exact(&mut five).await.unwrap();
        assert_eq!((&two, &five), (b"ab", b"cdefg"));
        link.write_all(b"GET").await.unwrap();
        link.flush().await.unwrap();
    };
    tokio::join!(talk, listen);
    printer.unplug();
    let error = link.read_u8().await.unwrap_err();
    assert_eq!(error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()), Some(&Error::Gone));
}

/// Every submission beyond a budget of bytes is refused, as usbfs does when its 16 MiB are used up.
struct Rationed {
    pipe: HostPipe,
    budget: Arc<AtomicUsize>,
    held: [VecDeque<usize>; 2],
}

impl Rationed {
    fn held(&self) -> usize {
        self.held.iter().flatten().sum()
    }
}

impl Pipe for Rationed {
    fn max_packet(&self, direction: Direction) -> usize {
        self.pipe.max_packet(direction)
    }
    fn submit(&mut self, direction: Direction, buffer: Vec<u8>) -> Result<(), (Vec<u8>, Error)> {
        if self.held() + buffer.len() > self.budget.load(Ordering::Relaxed) {
            return Err((buffer, Error::NoMemory));
        }
        self.held[direction as usize].push_back(buffer.len());
        self.pipe.submit(direction, buffer)
    }
    fn poll_complete(&mut self, direction: Direction, cx: &mut Context<'_>) -> Poll<Completion> {
        let completion = ready!(self.pipe.poll_complete(direction, cx));
        self.held[direction as usize].pop_front();
        Poll::Ready(completion)
    }
    fn pending(&self, direction: Direction) -> usize {
        self.pipe.pending(direction)
    }
    fn cancel(&mut self, direction: Direction) {
        self.pipe.cancel(direction);
    }
    fn clear_halt(&mut self, direction: Direction) -> BoxFuture<'_, Result<(), Error>> {
        self.pipe.clear_halt(direction)
    }
}

fn rationed(budget: usize) -> (Link, PrinterPipe, Arc<AtomicUsize>) {
    let printer = PrinterPipe::default();
    let budget = Arc::new(AtomicUsize::new(budget));
    let pipe = Rationed { pipe: printer.claim().unwrap(), budget: Arc::clone(&budget), held: Default::default() };
    (Link::new(Box::new(pipe)), printer, budget)
}

#[tokio::test(start_paused = true)]
async fn without_memory_it_goes_on_with_fewer_and_smaller_transfers() {
    for budget in [SMALLEST, SMALL, LARGE, 2 * LARGE, 3 * LARGE + 1] {
        let (mut link, printer, _) = rationed(budget);
        let data = pattern(500_001);
        let reading = async {
            let mut got = Vec::new();
            while got.len() < data.len() {
                got.extend_from_slice(&chunk(&mut link).await.unwrap().bytes);
            }
            link.quiesce().await.unwrap();
            got
        };
        let (_, got) = tokio::join!(printer.send(&data), reading);
        assert!(got == data, "{budget}");

        let writing = async {
            let mut rest = data.as_slice();
            while !rest.is_empty() {
                let taken = write(&mut link, rest).await.unwrap();
                rest = &rest[taken..];
            }
            flush(&mut link).await.unwrap();
        };
        let taking = async {
            let mut got = Vec::new();
            while got.len() < data.len() {
                got.extend(printer.receive(LARGE).await.unwrap());
            }
            got
        };
        let (got, ()) = tokio::join!(taking, writing);
        assert!(got == data, "{budget}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_any_memory_it_waits_two_seconds_and_says_so() {
    let (mut link, printer, budget) = rationed(0);
    let began = Instant::now();
    assert_eq!(write(&mut link, b"GET").await, Err(Error::NoMemory));
    assert_eq!(began.elapsed().as_secs(), 2);
    assert_eq!(chunk(&mut link).await, Err(Error::NoMemory));
    link.abort().await;

    let (_, read) = tokio::join!(
        async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            budget.store(LARGE, Ordering::Relaxed);
            printer.send(b"ok").await;
        },
        chunk(&mut link)
    );
    assert_eq!(read.unwrap().bytes.as_ref(), b"ok");
}

/// Counts the IN transfers: in flight, and ever.
struct Watched {
    pipe: HostPipe,
    submitted_in: Arc<AtomicUsize>,
    asked_in: Arc<AtomicUsize>,
}

impl Watched {
    fn new(pipe: HostPipe) -> Self {
        Self { pipe, submitted_in: Arc::default(), asked_in: Arc::default() }
    }
}

impl Pipe for Watched {
    fn max_packet(&self, direction: Direction) -> usize {
        self.pipe.max_packet(direction)
    }
    fn submit(&mut self, direction: Direction, buffer: Vec<u8>) -> Result<(), (Vec<u8>, Error)> {
        self.pipe.submit(direction, buffer)?;
        if direction == Direction::In {
            self.submitted_in.fetch_add(1, Ordering::Relaxed);
            self.asked_in.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }
    fn poll_complete(&mut self, direction: Direction, cx: &mut Context<'_>) -> Poll<Completion> {
        let completion = ready!(self.pipe.poll_complete(direction, cx));
        if direction == Direction::In {
            self.submitted_in.fetch_sub(1, Ordering::Relaxed);
        }
        Poll::Ready(completion)
    }
    fn pending(&self, direction: Direction) -> usize {
        self.pipe.pending(direction)
    }
    fn cancel(&mut self, direction: Direction) {
        self.pipe.cancel(direction);
    }
    fn clear_halt(&mut self, direction: Direction) -> BoxFuture<'_, Result<(), Error>> {
        self.pipe.clear_halt(direction)
    }
}

#[tokio::test]
async fn pieces_leave_as_one_transfer_and_nothing_of_them_stays() {
    let (mut link, printer) = plugged();
    let pieces = [b"PUT ".as_slice(), b"", b"a passphrase", b" and more"].map(IoSlice::new);
    let written = poll_fn(|cx| link.poll_write_pieces(cx, &pieces, 20)).await;
    assert_eq!(written, Ok(20));
    assert_eq!(printer.receive(LARGE).await.unwrap(), b"PUT a passphrase and");
    flush(&mut link).await.unwrap();
    let kept = std::mem::take(&mut link.writing.shelf.lock().unwrap().buffers);
    assert_eq!(kept, [[0; 20]]);

    // Also of what the printer did not take.
    write(&mut link, b"a passphrase").await.unwrap();
    link.recall_out();
    poll_fn(|cx| link.poll_recalled_out(cx)).await;
    assert_eq!(link.writing.shelf.lock().unwrap().buffers, [[0; 12]]);
}

#[tokio::test(start_paused = true)]
async fn a_zero_length_packet_follows_what_fills_its_packets() {
    let printer = PrinterPipe::default();
    let sending = Sending { zero_packets: true, ..Sending::default() };
    let mut link = Link::with_sending(Box::new(printer.claim().unwrap()), sending);
    write(&mut link, &pattern(1024)).await.unwrap();
    let (flushed, taken) = tokio::join!(flush(&mut link), async {
        [printer.receive(LARGE).await.unwrap().len(), printer.receive(LARGE).await.unwrap().len()]
    });
    assert_eq!((flushed, taken), (Ok(()), [1024, 0]));
    // Also between two writes; and none after a short packet.
    write(&mut link, &pattern(512)).await.unwrap();
    write(&mut link, &pattern(100)).await.unwrap();
    let mut taken = Vec::new();
    for _ in 0..3 {
        taken.push(printer.receive(LARGE).await.unwrap().len());
    }
    assert_eq!(taken, [512, 0, 100]);
    flush(&mut link).await.unwrap();
    assert_eq!(link.sent(), 1636);
}

#[tokio::test(start_paused = true)]
async fn large_transfers_are_spaced_and_small_ones_are_not() {
    let printer = PrinterPipe::default();
    let sending = Sending { delay: Duration::from_millis(100), threshold: 1000, zero_packets: false };
    let mut link = Link::with_sending(Box::new(printer.claim().unwrap()), sending);
    let taking = tokio::spawn(async move { while printer.receive(LARGE).await.is_some() {} });
    for (size, expected) in [(1000, 0), (1001, 200)] {
        let begun = Instant::now();
        for _ in 0..3 {
            write(&mut link, &pattern(size)).await.unwrap();
        }
        assert_eq!(begun.elapsed().as_millis(), expected, "{size}");
        flush(&mut link).await.unwrap();
    }
    taking.abort();
}
