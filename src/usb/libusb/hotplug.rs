//! Arrivals and departures. libusb's callback only sends; what comes is looked at elsewhere.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use rusb::{Context, HotplugBuilder, UsbContext};
use tokio::sync::{mpsc, oneshot};

use super::{Arrivals, Shared, device, node};
use crate::usb::{Address, Arrival, Hotplug, Topology, descriptor};

/// When USB is there but libusb can't use it, or where it can't be watched for: the time between attempts.
const FIRST_RETRY: Duration = Duration::from_secs(1);
const LAST_RETRY: Duration = Duration::from_secs(60);
/// libusb counts milliseconds in an int; its own default of 60 s would wake an idle agent every minute.
const FOREVER: Duration = Duration::from_secs(20 * 24 * 3600);
/// Time before the event loop goes on after an error that is not ours to understand.
const AFTER_ERROR: Duration = Duration::from_millis(100);

/// Waits for USB, then reports what may be a printer, until it is stopped or nobody listens.
pub(super) async fn run(shared: Arc<Shared>, events: mpsc::UnboundedSender<Hotplug>) {
    let stopping = shared.stopping.clone();
    let sort = async {
        let raw = start(&shared).await;
        sort(raw, &events).await;
    };
    tokio::select! {
        () = stopping.cancelled() => {}
        () = events.closed() => {}
        () = sort => {}
    }
}

/// Starts a context and its event thread, as soon as there is USB.
async fn start(shared: &Arc<Shared>) -> mpsc::UnboundedReceiver<Hotplug> {
    let mut retry = FIRST_RETRY;
    let mut said = false;
    loop {
        // Watched before the attempt, so that nothing is missed in between.
        let watch = node::watch_all();
        let (sender, receiver) = mpsc::unbounded_channel();
        let (started, outcome) = oneshot::channel();
        let theirs = Arc::clone(shared);
        let thread = std::thread::Builder::new().name("usb-events".into());
        let spawned = thread.spawn(move || event_thread(&theirs, sender, started));
        let error = match (spawned, outcome.await) {
            (Ok(_), Ok(Ok(()))) => return receiver,
            (_, Ok(Err(error))) => error.to_string(),
            (Err(error), _) => error.to_string(),
            (Ok(_), Err(_)) => "its thread ended".into(),
        };
        if !std::mem::replace(&mut said, true) {
            tracing::info!(error, "no USB on this computer yet; waiting for it");
        }
        match watch {
            // Something was created: a node, or a folder on the way to one.
            Ok(watch) if !node::exist() => {
                let _ = watch.readable().await;
            }
            _ => {
                tokio::time::sleep(retry).await;
                retry = (retry * 2).min(LAST_RETRY);
            }
        }
    }
}

/// Owns a context: sits in libusb's event loop until it is stopped and the last device is closed.
fn event_thread(shared: &Shared, sender: mpsc::UnboundedSender<Hotplug>, started: oneshot::Sender<rusb::Result<()>>) {
    // Registered and unregistered on this thread: libusb does not wait for a running callback when it unregisters.
    let registered = Context::new().and_then(|context| {
        let mut builder = HotplugBuilder::new();
        builder.enumerate(true);
        let reporter = Reporter { events: sender, arrivals: Arc::clone(&shared.arrivals) };
        let registration = builder.register(context.clone(), Box::new(reporter))?;
        shared.arrivals.watch(true);
        Ok((context, registration))
    });
    let (context, registration) = match registered {
        Ok(registered) => registered,
        Err(error) => {
            let _ = started.send(Err(error));
            return;
        }
    };
    // From here on whoever stops us finds the context and interrupts, or has stopped us before and we see it.
    shared.set_context(Some(context.clone()));
    // Nobody waits for this when the bus was stopped meanwhile.
    let _ = started.send(Ok(()));
    while !(shared.stopping.is_cancelled() && shared.open.is_empty()) {
        match context.handle_events(Some(FOREVER)) {
            Ok(()) | Err(rusb::Error::Interrupted) => {}
            Err(error) => {
                tracing::warn!(%error, "USB events");
                std::thread::sleep(AFTER_ERROR);
            }
        }
    }
    shared.set_context(None);
    shared.arrivals.watch(false);
    drop(registration);
}

struct Reporter {
    events: mpsc::UnboundedSender<Hotplug>,
    arrivals: Arc<Arrivals>,
}

fn address<T: UsbContext>(device: &rusb::Device<T>) -> Address {
    Address { bus: device.bus_number(), device: device.address() }
}

impl rusb::Hotplug<Context> for Reporter {
    fn device_arrived(&mut self, device: rusb::Device<Context>) {
        let (Ok(described), Ok(ports)) = (device.device_descriptor(), device.port_numbers()) else { return };
        self.arrivals.arrived(address(&device));
        // Nobody listens any more when this fails.
        let _ = self.events.send(Hotplug::Arrived(Arrival {
            address: address(&device),
            topology: Topology { bus: device.bus_number(), ports },
            vendor_id: described.vendor_id(),
            product_id: described.product_id(),
        }));
    }

    fn device_left(&mut self, device: rusb::Device<Context>) {
        self.arrivals.left(address(&device));
        let _ = self.events.send(Hotplug::Departed(address(&device)));
    }
}

/// Passes on what may be a printer, once: a device that comes while the callback is registered is reported twice.
async fn sort(mut raw: mpsc::UnboundedReceiver<Hotplug>, events: &mpsc::UnboundedSender<Hotplug>) {
    let mut present: HashSet<Address> = HashSet::new();
    while let Some(event) = raw.recv().await {
        let passed_on = match &event {
            Hotplug::Arrived(arrival) => {
                !present.contains(&arrival.address) && may_be_printer(&arrival.topology).await && {
                    present.insert(arrival.address)
                }
            }
            Hotplug::Departed(address) => present.remove(address),
        };
        if passed_on && events.send(event).is_err() {
            return;
        }
    }
}

/// By the descriptors that the kernel keeps: nobody's keyboard is opened. What can't be read is passed on.
async fn may_be_printer(topology: &Topology) -> bool {
    if topology.ports.is_empty() {
        return false;
    }
    let sysfs = device::sysfs(topology);
    let Ok(Ok(raw)) = tokio::task::spawn_blocking(move || device::descriptors(&sysfs)).await else { return true };
    descriptor::parse(&raw).is_ok_and(|d| d.printer_class() || d.smart_install() || !d.functions().is_empty())
}
