//! libusb for real. Most of it needs a kernel with `vhci_hcd` and root, which the lab has (`tests/lab/run usb`).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod gadget;

use std::future::poll_fn;
use std::path::Path;
use std::time::{Duration, Instant};

use gadget::Gadget;
use tokio::sync::mpsc::UnboundedReceiver;

use super::*;
use crate::usb::descriptor::{self, Function};
use crate::usb::link::{DrainError, End, Link};
use crate::usb::{Arrival, ControlIn, Device, Direction, device_id, strings};

const PATIENCE: Duration = Duration::from_secs(10);

fn fixture(text: &str) -> Vec<u8> {
    let words = text.lines().flat_map(|line| line.split('#').next().unwrap().split_whitespace());
    words.map(|word| u8::from_str_radix(word, 16).unwrap()).collect()
}

fn alternate() -> Vec<u8> {
    fixture(include_str!("../../../../tests/data/usb/inkjet-alternate.hex"))
}

fn inactive() -> Vec<u8> {
    fixture(include_str!("../../../../tests/data/usb/inkjet-inactive.hex"))
}

async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("not in time")
}

/// The next device in a port of the first hub.
async fn arrival(events: &mut UnboundedReceiver<Hotplug>, port: u8) -> Arrival {
    loop {
        match within(events.recv()).await {
            Some(Hotplug::Arrived(arrival)) if arrival.topology.ports == [port + 1] => return arrival,
            Some(_) => {}
            None => panic!("the bus was stopped"),
        }
    }
}

/// Pulls the cable, and waits until that is known: the next test shall not see this device any more.
async fn depart(gadget: &Gadget, events: &mut UnboundedReceiver<Hotplug>, address: Address) {
    gadget.unplug();
    while within(events.recv()).await != Some(Hotplug::Departed(address)) {}
}

/// Waits for what another program, here the kernel, does.
async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "{what}");
        tokio::task::yield_now().await;
    }
}

/// A gadget, plugged, opened, and its ways to HTTP.
struct Scene {
    bus: Libusb,
    events: UnboundedReceiver<Hotplug>,
    gadget: Gadget,
    arrival: Arrival,
    device: Arc<dyn Device>,
    functions: Vec<Function>,
}

impl Scene {
    async fn new(port: u8, descriptors: &[u8]) -> Self {
        let bus = Libusb::new();
        let mut events = bus.watch();
        let gadget = Gadget::plug(port, descriptors);
        let arrival = arrival(&mut events, port).await;
        let device = within(bus.open(arrival.address)).await.unwrap();
        assert_eq!(device.raw_descriptors(), descriptors);
        let functions = descriptor::parse(device.raw_descriptors()).unwrap().functions();
        Self { bus, events, gadget, arrival, device, functions }
    }

    async fn link(&self, function: usize) -> Link {
        Link::new(within(self.device.claim(self.functions[function])).await.unwrap())
    }

    /// The kernel's driver of an interface.
    fn driver(&self, configuration: u8, interface: u8) -> Option<String> {
        let topology = &self.arrival.topology;
        let path = device::sysfs(topology).join(format!("{topology}:{configuration}.{interface}/driver"));
        Some(std::fs::read_link(path).ok()?.file_name()?.to_str()?.to_owned())
    }

    async fn end(mut self) {
        drop(self.device);
        depart(&self.gadget, &mut self.events, self.arrival.address).await;
        within(self.bus.close()).await;
    }
}

/// `length` bytes, a multiple of 8, in which each word of 8 counts on from `from`.
fn counted(from: usize, length: usize) -> Vec<u8> {
    (from / 8..(from + length) / 8).flat_map(|word| (word as u64).to_le_bytes()).collect()
}

async fn write_all(link: &mut Link, mut bytes: &[u8]) -> Result<(), Error> {
    while !bytes.is_empty() {
        let taken = poll_fn(|cx| link.poll_write_bytes(cx, bytes)).await?;
        bytes = &bytes[taken..];
    }
    poll_fn(|cx| link.poll_flush_out(cx)).await
}

#[tokio::test]
async fn without_usb_it_waits_and_stops() {
    let bus = Libusb::new();
    let events = bus.watch();
    tokio::task::yield_now().await;
    within(bus.close()).await;
    drop(events);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the lab's kernel"]
async fn a_request_and_its_answer() {
    let scene = Scene::new(0, &alternate()).await;
    assert_eq!(scene.arrival.vendor_id, descriptor::HP);
    assert_eq!(scene.device.configuration().await, Ok(1));
    let strings = strings(&*scene.device).await.unwrap();
    assert_eq!((strings.product.as_deref(), strings.serial.as_deref()), (Some("Gadget"), Some("SN0000001")));
    let id = device_id(&*scene.device, &scene.functions[0]).await.unwrap();
    assert_eq!(id.model.as_deref(), Some("Gadget"));

    until("usblp binds", || scene.driver(1, 0).as_deref() == Some("usblp")).await;
    let mut link = scene.link(0).await;
    assert_eq!(scene.driver(1, 0).as_deref(), Some("usbfs"));
    assert_eq!(scene.device.claim(scene.functions[0]).await.err(), Some(Error::Busy));

    write_all(&mut link, b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    assert_eq!(scene.gadget.received(), b"GET / HTTP/1.1\r\n\r\n");
    scene.gadget.send(2, b"HTTP/1.1 204 No Content\r\n\r\n", true);
    let chunk = within(poll_fn(|cx| link.poll_chunk(cx))).await.unwrap();
    assert_eq!((chunk.bytes.as_ref(), chunk.end), (b"HTTP/1.1 204 No Content\r\n\r\n".as_slice(), End::Short));
    scene.gadget.send(2, &counted(0, 1024), true);
    let chunk = within(poll_fn(|cx| link.poll_chunk(cx))).await.unwrap();
    assert_eq!((chunk.bytes.as_ref(), chunk.end), (counted(0, 1024).as_slice(), End::Zero));

    // Let go and take again at once, then let go: the kernel's driver comes back.
    drop(link);
    let link = scene.link(0).await;
    drop(link);
    until("usblp comes back", || scene.driver(1, 0).as_deref() == Some("usblp")).await;
    assert_eq!(scene.gadget.set_configurations(), [1], "the kernel's own, and none of ours");
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the lab's kernel"]
async fn sixty_four_mebibytes_each_way() {
    const VOLUME: usize = 64 << 20;
    let scene = Scene::new(1, &alternate()).await;
    let mut link = scene.link(0).await;
    let data = counted(0, VOLUME);

    let begun = Instant::now();
    write_all(&mut link, &data).await.unwrap();
    println!("OUT {:.0} MB/s", VOLUME as f64 / 1e6 / begun.elapsed().as_secs_f64());
    assert!(scene.gadget.received() == data);

    scene.gadget.send(2, &data, true);
    let begun = Instant::now();
    let mut got = Vec::with_capacity(VOLUME);
    while got.len() < VOLUME {
        got.extend_from_slice(&within(poll_fn(|cx| link.poll_chunk(cx))).await.unwrap().bytes);
    }
    println!("IN  {:.0} MB/s", VOLUME as f64 / 1e6 / begun.elapsed().as_secs_f64());
    assert!(got == data);
    drop(link);
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the lab's kernel"]
async fn cancels_lose_nothing() {
    let scene = Scene::new(2, &alternate()).await;
    let mut link = scene.link(0).await;
    let (mut sent, mut got) = (0, Vec::new());
    for round in 0..500 {
        // Sent while a cancel is on its way, before it, or after it.
        let length = 8 * (1 + round * 37 % 4000);
        let reading = async {
            let _ = tokio::time::timeout(Duration::from_micros(round as u64 % 7 * 50), async {
                loop {
                    got.extend_from_slice(&poll_fn(|cx| link.poll_chunk(cx)).await.unwrap().bytes);
                }
            })
            .await;
            within(link.quiesce()).await.unwrap();
        };
        let ((), ()) = tokio::join!(reading, async {
            scene.gadget.send(2, &counted(sent, length), true);
        });
        sent += length;
        assert_eq!(scene.gadget.in_flight(2).0, 0, "nothing is left in flight");
    }
    while got.len() < sent {
        got.extend_from_slice(&within(poll_fn(|cx| link.poll_chunk(cx))).await.unwrap().bytes);
    }
    assert!(got == counted(0, sent));
    println!("{} transfers were unlinked", scene.gadget.unlinked());
    assert_eq!(within(link.drain(Duration::from_millis(50), PATIENCE)).await, Ok(0));
    drop(link);
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the lab's kernel"]
async fn the_cable_is_pulled_with_everything_in_flight_and_plugged_again() {
    for round in 0..8 {
        let Scene { bus, mut events, gadget, arrival: first, device, functions } = Scene::new(3, &alternate()).await;
        let mut link = Link::new(within(device.claim(functions[0])).await.unwrap());
        let second = Link::new(within(device.claim(functions[1])).await.unwrap());
        gadget.deaf(true);
        // Volume, so that reading goes deep; then both directions fill up.
        gadget.send(2, &counted(0, 64 << 10), true);
        let mut got = 0;
        while got < 64 << 10 {
            got += within(poll_fn(|cx| link.poll_chunk(cx))).await.unwrap().bytes.len();
        }
        let data = counted(0, 1 << 20);
        {
            let mut stuck = Box::pin(async {
                let mut rest = data.as_slice();
                loop {
                    tokio::select! {
                        biased;
                        taken = poll_fn(|cx| link.poll_write_bytes(cx, rest)) => rest = &rest[taken.unwrap()..],
                        () = tokio::task::yield_now() => return,
                    }
                }
            });
            within(&mut stuck).await;
        }
        assert!(poll_once(|cx| link.poll_chunk(cx).is_pending()).await);
        until("all is in flight", || gadget.in_flight(2) == (4, 4, 0)).await;
        gadget.mute(true);
        let control = {
            let device = Arc::clone(&device);
            tokio::spawn(async move { strings(&*device).await })
        };
        until("the control request too", || gadget.in_flight(2).2 == 1).await;

        if round % 2 == 0 {
            gadget.unplug();
            assert_eq!(within(poll_fn(|cx| link.poll_chunk(cx))).await, Err(Error::Gone));
            assert_eq!(within(write_all(&mut link, b"GET")).await, Err(Error::Gone));
            assert_eq!(within(control).await.unwrap().err(), Some(Error::Gone));
            assert_eq!(
                within(link.drain(Duration::from_millis(50), PATIENCE)).await,
                Err(DrainError::Usb(Error::Gone))
            );
            assert_eq!(within(events.recv()).await, Some(Hotplug::Departed(first.address)));
            assert_eq!(within(device.claim(functions[2])).await.err(), Some(Error::Gone));
            assert_eq!(bus.open(first.address).await.err(), Some(Error::Gone));
            drop((link, second));
        } else {
            // Dropped in the middle of everything; only then unplugged.
            control.abort();
            drop((link, second));
            until("the control request is taken back", || gadget.in_flight(2).2 == 0).await;
            // usblp comes back and asks for the device id; a silent printer would hold up the kernel's hub thread.
            gadget.mute(false);
            depart(&gadget, &mut events, first.address).await;
        }
        drop(device);

        let again = Gadget::plug(4, &alternate());
        let second = arrival(&mut events, 4).await;
        assert_ne!(second.address, first.address);
        let device = within(bus.open(second.address)).await.unwrap();
        let mut link = Link::new(within(device.claim(functions[0])).await.unwrap());
        write_all(&mut link, b"GET").await.unwrap();
        assert_eq!(again.received(), b"GET");
        drop((link, device));
        depart(&again, &mut events, second.address).await;
        within(bus.close()).await;
    }
}

/// Calls a poll function once, with a waker of this task.
async fn poll_once<T>(mut poll: impl FnMut(&mut std::task::Context<'_>) -> T) -> T {
    poll_fn(|cx| std::task::Poll::Ready(poll(cx))).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the lab's kernel"]
async fn a_hung_printer_times_out_and_holds_up_nobody() {
    let hung = Scene::new(5, &alternate()).await;
    hung.gadget.mute(true);
    let waiting = {
        let device = Arc::clone(&hung.device);
        let request = ControlIn { request_type: 0x80, request: 6, value: 0x0302, index: 0x0409, length: 255 };
        tokio::spawn(async move { device.control_in(request, Duration::from_millis(700)).await })
    };
    until("it hangs", || hung.gadget.in_flight(2).2 == 1).await;

    let other = Gadget::plug(6, &alternate());
    let bus = Libusb::new();
    let mut events = bus.watch();
    let address = arrival(&mut events, 6).await.address;
    let device = within(bus.open(address)).await.unwrap();
    let mut link = Link::new(within(device.claim(hung.functions[0])).await.unwrap());
    write_all(&mut link, b"GET").await.unwrap();
    assert_eq!(other.received_length(), 3);
    assert!(!waiting.is_finished());

    assert_eq!(within(waiting).await.unwrap(), Err(Error::Timeout));
    until("the request is taken back", || hung.gadget.in_flight(2).2 == 0).await;
    hung.gadget.mute(false);
    assert!(strings(&*hung.device).await.is_ok());

    // Another program has the interface.
    assert_eq!(within(hung.bus.open(address)).await.unwrap().claim(hung.functions[0]).await.err(), Some(Error::Busy));
    drop((link, device));
    depart(&other, &mut events, address).await;
    within(bus.close()).await;
    hung.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the lab's kernel"]
async fn a_stall_is_cleared() {
    let scene = Scene::new(7, &alternate()).await;
    let mut link = scene.link(1).await;
    for (address, direction) in [(0x84, Direction::In), (0x03, Direction::Out)] {
        scene.gadget.stall(address);
        match direction {
            Direction::In => assert_eq!(within(poll_fn(|cx| link.poll_chunk(cx))).await, Err(Error::Stalled)),
            Direction::Out => assert_eq!(within(write_all(&mut link, b"GET")).await, Err(Error::Stalled)),
        }
        within(link.clear_halt()).await.unwrap();
    }
    write_all(&mut link, b"GET").await.unwrap();
    scene.gadget.send(4, b"ok", true);
    assert_eq!(within(poll_fn(|cx| link.poll_chunk(cx))).await.unwrap().bytes.as_ref(), b"ok");
    drop(link);
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the lab's kernel"]
async fn an_inactive_configuration_is_set_and_set_back() {
    let scene = Scene::new(8, &inactive()).await;
    until("usblp binds", || scene.driver(1, 0).as_deref() == Some("usblp")).await;
    let mut link = scene.link(0).await;
    let second = scene.link(1).await;
    assert_eq!(scene.device.configuration().await, Ok(2));
    // In the other configuration: not while this one is in use.
    assert_eq!(scene.device.claim(scene.functions[2]).await.err(), Some(Error::Busy));
    write_all(&mut link, b"GET").await.unwrap();
    drop((link, second));
    until("usblp comes back", || scene.driver(1, 0).as_deref() == Some("usblp")).await;
    assert_eq!(scene.gadget.set_configurations(), [1, 2, 1]);

    // Another program holds an interface of the active configuration.
    let other = Libusb::new();
    let mut events = other.watch();
    let device = within(other.open(arrival(&mut events, 8).await.address)).await.unwrap();
    let held = within(device.claim(scene.functions[2])).await.unwrap();
    assert_eq!(scene.device.claim(scene.functions[0]).await.err(), Some(Error::Busy));
    assert_eq!(scene.driver(1, 0).as_deref(), Some("usblp"), "left alone");
    drop((held, device));
    within(other.close()).await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the lab's kernel"]
async fn a_reset_ends_the_pipes() {
    let scene = Scene::new(9, &alternate()).await;
    let mut link = scene.link(0).await;
    assert!(poll_once(|cx| link.poll_chunk(cx).is_pending()).await);
    let _ = within(scene.device.reset()).await;
    assert_eq!(within(poll_fn(|cx| link.poll_chunk(cx))).await, Err(Error::Gone));
    drop(link);
    let mut link = scene.link(0).await;
    write_all(&mut link, b"GET").await.unwrap();
    drop(link);
    scene.end().await;
}

/// How often the threads of this process other than `tokio` and the test's own have gone to sleep.
fn sleeps() -> Vec<(String, u64)> {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap().flatten();
    let status = |path: &Path| std::fs::read_to_string(path.join("status")).unwrap_or_default();
    let field = |text: &str, name: &str| {
        text.lines().find_map(|l| Some(l.strip_prefix(name)?.trim().to_owned())).unwrap_or_default()
    };
    let mut all: Vec<_> = tasks
        .map(|task| status(&task.path()))
        .map(|text| (field(&text, "Name:"), field(&text, "voluntary_ctxt_switches:").parse().unwrap_or(0)))
        .collect();
    all.sort();
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the lab's kernel"]
async fn idle_is_idle() {
    let scene = Scene::new(10, &alternate()).await;
    drop(scene.link(0).await);
    // Threads that wait for more work end 10 s after the last.
    std::thread::sleep(Duration::from_secs(12));
    let before = sleeps();
    std::thread::sleep(Duration::from_secs(20));
    let after = sleeps();
    println!("{before:?}\n{after:?}");
    let woken: u64 = after.iter().map(|(_, n)| n).sum::<u64>() - before.iter().map(|(_, n)| n).sum::<u64>();
    assert!(woken <= 1, "only the one that measures: {woken}");
    scene.end().await;
}
