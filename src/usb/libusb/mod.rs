//! The real USB, through libusb. This folder is the only one that names rusb.
//!
//! One thread for each context sits in libusb's event loop and runs its callbacks; it has nothing to do while nothing
//! happens. Whatever else may block (open, claim, clear halt, reset) runs on a blocking thread of its own, so that one
//! hung device holds up nobody else.

mod device;
mod hotplug;
mod node;
mod pipe;
mod transfer;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rusb::{Context, DeviceHandle, UsbContext};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::{Address, BoxFuture, Bus, Device, Error, Hotplug};

/// How often [`Bus::open`] looks whether udev has set a new node's permissions, where it can't be told, and where it
/// should be. The kernel's own announcement, which the vendored libusb listens to, comes before udev has run its rules:
/// on a busy computer half a minute before.
const PERMISSION_PAUSE: Duration = Duration::from_millis(50);
const PERMISSION_RECHECK: Duration = Duration::from_secs(1);
/// When it says that it waits, and looks no more unless it is told.
const PERMISSION_PATIENCE: Duration = Duration::from_secs(3);

/// All USB devices of this computer that may be printers.
#[derive(Default)]
pub struct Libusb {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    /// Set by the event thread while it runs: `None` until there is USB at all.
    context: Mutex<Option<Context>>,
    stopping: CancellationToken,
    /// Everything that needs the event thread: open devices.
    open: TaskTracker,
    arrivals: Arc<Arrivals>,
}

/// When those devices came that came while we watched. What was there before is not in it.
#[derive(Default)]
struct Arrivals(Mutex<Option<HashMap<Address, Instant>>>);

impl Arrivals {
    /// From now on, or no more.
    fn watch(&self, watching: bool) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = watching.then(HashMap::new);
    }

    fn arrived(&self, address: Address) {
        if let Some(seen) = self.0.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            seen.insert(address, Instant::now());
        }
    }

    fn left(&self, address: Address) {
        if let Some(seen) = self.0.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            seen.remove(&address);
        }
    }

    fn of(&self, address: Address) -> Option<Instant> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).as_ref()?.get(&address).copied()
    }
}

impl Shared {
    fn context(&self) -> Option<Context> {
        self.context.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_context(&self, context: Option<Context>) {
        *self.context.lock().unwrap_or_else(PoisonError::into_inner) = context;
    }
}

impl Libusb {
    /// Touches nothing yet: USB is looked for when [`Bus::watch`] is called.
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends [`Bus::watch`] and waits until every device is closed and its kernel drivers are back. Who holds devices
    /// or pipes drops them before.
    pub async fn close(&self) {
        self.stop();
        self.shared.open.close();
        self.shared.open.wait().await;
    }

    fn stop(&self) {
        self.shared.stopping.cancel();
        if let Some(context) = self.shared.context() {
            context.interrupt_handle_events();
        }
    }
}

impl Drop for Libusb {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Bus for Libusb {
    fn watch(&self) -> mpsc::UnboundedReceiver<Hotplug> {
        let (events, receiver) = mpsc::unbounded_channel();
        tokio::spawn(hotplug::run(Arc::clone(&self.shared), events));
        receiver
    }

    fn open(&self, address: Address) -> BoxFuture<'_, Result<Arc<dyn Device>, Error>> {
        Box::pin(async move {
            let deadline = tokio::time::Instant::now() + PERMISSION_PATIENCE;
            let mut said = false;
            loop {
                // Watched before the attempt, so that nothing is missed in between.
                let node = node::Node::watch(address);
                let context = self.shared.context().ok_or(Error::Gone)?;
                let lease = Lease { _open: self.shared.open.token(), _nudge: Nudge(context.clone()) };
                let arrived = self.shared.arrivals.of(address);
                let opened = blocking(move || device::open(&context, address, lease, arrived)).await;
                let waiting_for_udev = match opened {
                    Ok(device) => return Ok(Arc::new(device) as Arc<dyn Device>),
                    Err(device::Refused::Node(error)) => error,
                    Err(device::Refused::Finally(error)) => return Err(error),
                };
                let late = tokio::time::Instant::now() >= deadline;
                let told = match node {
                    Ok(node) if late => {
                        if !std::mem::replace(&mut said, true) {
                            tracing::warn!(%address, error = %waiting_for_udev, "waiting until a USB device may be opened");
                        }
                        node.changed().await
                    }
                    Ok(node) => timeout(PERMISSION_RECHECK, node.changed()).await.unwrap_or(Ok(())),
                    Err(error) => Err(error),
                };
                match told {
                    Ok(()) => {}
                    Err(_) if late => return Err(waiting_for_udev),
                    Err(_) => tokio::time::sleep(PERMISSION_PAUSE).await,
                }
            }
        })
    }
}

/// An open device. It is closed on a thread of its own, or on whichever drops the last reference, but never in a
/// libusb callback: libusb holds a lock there that closing needs.
struct Handle {
    raw: DeviceHandle<Context>,
    // After the handle: the event thread is needed until it is closed.
    _lease: Lease,
}

/// Keeps the event thread running, and makes it look again when this is dropped.
struct Lease {
    _open: TaskTrackerToken,
    _nudge: Nudge,
}

/// Wakes the event thread when dropped, so that it can see whether it is still needed.
struct Nudge(Context);

impl Drop for Nudge {
    fn drop(&mut self) {
        self.0.interrupt_handle_events();
    }
}

/// Runs what may block on a thread where it may.
async fn blocking<T: Send + 'static, E: From<Error> + Send + 'static>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, E> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(_) => Err(Error::Other("the runtime is shutting down".into()).into()),
    }
}

/// Runs what may block for long, and must happen even while the runtime shuts down, on a thread of its own.
fn apart(name: &str, work: impl FnOnce() + Send + 'static) {
    let work = Arc::new(Mutex::new(Some(work)));
    let theirs = Arc::clone(&work);
    if std::thread::Builder::new().name(name.into()).spawn(move || run_once(&theirs)).is_err() {
        run_once(&work);
    }
}

fn run_once(work: &Mutex<Option<impl FnOnce()>>) {
    let work = work.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(work) = work {
        work();
    }
}

/// What libusb's codes mean to us. Called nowhere but in this folder.
fn translate(error: rusb::Error) -> Error {
    match error {
        rusb::Error::NoDevice => Error::Gone,
        rusb::Error::Access => Error::AccessDenied,
        rusb::Error::Busy => Error::Busy,
        rusb::Error::Pipe => Error::Stalled,
        rusb::Error::Timeout => Error::Timeout,
        rusb::Error::Interrupted => Error::Canceled,
        rusb::Error::Overflow => Error::Overflow,
        rusb::Error::NoMem => Error::NoMemory,
        rusb::Error::NotFound => Error::Malformed("the device has no such interface, setting or endpoint"),
        rusb::Error::BadDescriptor => Error::Malformed("a descriptor does not hold together"),
        rusb::Error::Io | rusb::Error::InvalidParam | rusb::Error::NotSupported | rusb::Error::Other => {
            Error::Other(error.to_string())
        }
    }
}

#[cfg(test)]
mod tests;
