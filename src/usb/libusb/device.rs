//! One opened device: control requests, and who sits on which of its interfaces.

use std::collections::BTreeMap;
use std::fs::File;
use std::future::poll_fn;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusb::{Context, UsbContext};

use super::pipe::BulkPipe;
use super::transfer::{Kind, Queue, SETUP, order, setup};
use super::{Handle, Lease, blocking, translate};
use crate::usb::descriptor::{self, Function};
use crate::usb::{
    Address, BoxFuture, Completion, ControlIn, ControlOut, Device, Error, GET_DESCRIPTOR, Pipe, Topology,
};

/// How long a claim waits for an earlier pipe of the same interface to be released.
const RELEASE_PATIENCE: Duration = Duration::from_secs(5);
/// For descriptors that sysfs does not have.
const DESCRIPTOR_TIMEOUT: Duration = Duration::from_secs(2);
/// The most that the kernel says of a device: its own descriptor, and one configuration of any length (USB 2.0, 9.6).
const MOST_DESCRIPTORS: u64 = 18 + 65_535;
/// For how long a device counts as one that just came: less than an idle link is kept for, so
/// that none of its interfaces has been ours, let go, and somebody else's meanwhile.
const JUST: Duration = Duration::from_secs(2);
/// The kernel's driver for printers. It only offers `/dev/usb/lpN`, and steps aside for us.
const USBLP: &str = "usblp";

/// Why a device could not be opened.
pub(super) enum Refused {
    /// Its node is not there or not ours: udev may not have got to it yet.
    Node(Error),
    /// It will not be different later.
    Finally(Error),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Finally(error)
    }
}

/// Where the kernel describes a device.
pub(super) fn sysfs(topology: &Topology) -> PathBuf {
    Path::new("/sys/bus/usb/devices").join(topology.to_string())
}

/// The descriptors that the kernel keeps of a device. Their file says that it has 64 KiB, however little is in it.
pub(super) fn descriptors(sysfs: &Path) -> io::Result<Vec<u8>> {
    let mut read = Vec::with_capacity(1024);
    File::open(sysfs.join("descriptors"))?.take(MOST_DESCRIPTORS).read_to_end(&mut read)?;
    read.shrink_to_fit();
    Ok(read)
}

/// Opens the device. Blocks.
pub(super) fn open(
    context: &Context,
    address: Address,
    lease: Lease,
    arrived: Option<Instant>,
) -> Result<UsbDevice, Refused> {
    let devices = context.devices().map_err(translate)?;
    let found = devices.iter().find(|d| (d.bus_number(), d.address()) == (address.bus, address.device));
    let device = found.ok_or(Error::Gone)?;
    let ports = device.port_numbers().map_err(translate)?;
    let sysfs = sysfs(&Topology { bus: address.bus, ports });
    let raw = device.open().map_err(translate).map_err(|error| match error {
        Error::AccessDenied => Refused::Node(error),
        Error::Gone if sysfs.is_dir() => Refused::Node(error),
        error => Refused::Finally(error),
    })?;
    // Where the platform can't, there are no kernel drivers to detach.
    let _ = raw.set_auto_detach_kernel_driver(true);
    let handle = Arc::new(Handle { raw, _lease: lease });
    let raw_descriptors = match descriptors(&sysfs) {
        Ok(raw) => raw,
        Err(_) => ask_for_descriptors(&handle)?,
    };
    let described = descriptor::parse(&raw_descriptors).map_err(Error::from)?;
    Ok(UsbDevice {
        shared: Arc::new(Shared {
            handle,
            sysfs,
            raw_descriptors,
            described,
            seats: Mutex::default(),
            left: Condvar::new(),
            work: Mutex::default(),
            resets: AtomicU64::new(0),
            arrived,
        }),
    })
}

fn ask_for_descriptors(handle: &Handle) -> Result<Vec<u8>, Error> {
    let ask = |kind: u16, length: usize| {
        let mut buffer = vec![0; length];
        let read = handle.raw.read_control(0x80, GET_DESCRIPTOR, kind, 0, &mut buffer, DESCRIPTOR_TIMEOUT);
        buffer.truncate(read.map_err(translate)?);
        Ok::<_, Error>(buffer)
    };
    let mut raw = ask(0x0100, 18)?;
    for index in 0..raw.get(17).copied().unwrap_or(0).min(8) {
        let kind = 0x0200 | u16::from(index);
        if let [_, _, low, high, ..] = *ask(kind, 9)? {
            raw.extend(ask(kind, u16::from_le_bytes([low, high]).into())?);
        }
    }
    Ok(raw)
}

/// Whether an interface is in use by a live pipe, or by one that is being released.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sitting {
    Here,
    Leaving,
}

#[derive(Default)]
struct Seats {
    taken: BTreeMap<u8, Sitting>,
    /// The configuration to go back to with the last pipe, so that the kernel's driver that we displaced comes back.
    former_configuration: Option<u8>,
}

struct Shared {
    handle: Arc<Handle>,
    sysfs: PathBuf,
    raw_descriptors: Vec<u8>,
    described: descriptor::Device,
    /// Held for moments only.
    seats: Mutex<Seats>,
    left: Condvar,
    /// Held while the device is told something about its interfaces, which may take seconds.
    work: Mutex<()>,
    /// Pipes of before a reset are dead.
    resets: AtomicU64,
    /// When it came, if we saw it come.
    arrived: Option<Instant>,
}

impl Shared {
    fn seats(&self) -> MutexGuard<'_, Seats> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) -> MutexGuard<'_, ()> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a refusal means; a device that is gone refuses in several ways.
    fn refused(&self, error: rusb::Error) -> Error {
        match translate(error) {
            Error::Other(_) | Error::Malformed(_) if !self.sysfs.is_dir() => Error::Gone,
            error => error,
        }
    }

    /// Takes the interface for a pipe, waiting for one that is about to leave.
    fn sit(self: &Arc<Self>, interface: u8) -> Result<Seat, Error> {
        let leaving = |seats: &mut Seats| seats.taken.get(&interface) == Some(&Sitting::Leaving);
        let (mut seats, _) = self
            .left
            .wait_timeout_while(self.seats(), RELEASE_PATIENCE, leaving)
            .unwrap_or_else(PoisonError::into_inner);
        if seats.taken.contains_key(&interface) {
            return Err(Error::Busy);
        }
        seats.taken.insert(interface, Sitting::Here);
        let resets = self.resets.load(Ordering::Acquire);
        Ok(Seat { shared: Arc::clone(self), interface, claimed: false, resets })
    }

    fn claim(self: &Arc<Self>, function: Function) -> Result<BulkPipe, Error> {
        let mut seat = self.sit(function.interface)?;
        let work = self.work();
        self.configure(function.configuration)?;
        self.handle.raw.claim_interface(function.interface).map_err(|e| self.refused(e))?;
        seat.claimed = true;
        if let Err(error) = self.select(&function) {
            // The seat is given back on the way out, which takes the same lock.
            drop(work);
            return Err(error);
        }
        drop(work);
        Ok(BulkPipe::new(&function, seat))
    }

    /// Selects the alternate setting. Some printers stall SET_INTERFACE where there is nothing to choose.
    fn select(&self, function: &Function) -> Result<(), Error> {
        if function.alternate == 0 && !self.described.alternates(function) {
            return Ok(());
        }
        let selected = self.handle.raw.set_alternate_setting(function.interface, function.alternate);
        selected.map_err(|e| self.refused(e))
    }

    /// Sets the configuration if it is not the active one, and nothing else of the device is in use.
    fn configure(&self, wanted: u8) -> Result<(), Error> {
        let active = self.handle.raw.active_configuration().map_err(|e| self.refused(e))?;
        if active == wanted {
            return Ok(());
        }
        // The one who asks has taken a seat already.
        if self.seats().taken.len() > 1 {
            return Err(Error::Busy);
        }
        let bound = self.bound();
        if bound.iter().any(|(_, driver)| driver != USBLP) {
            return Err(Error::Busy);
        }
        for (interface, _) in &bound {
            self.handle.raw.detach_kernel_driver(*interface).map_err(|e| self.refused(e))?;
        }
        match self.handle.raw.set_active_configuration(wanted) {
            Ok(()) => {
                if !bound.is_empty() {
                    self.seats().former_configuration.get_or_insert(active);
                }
                Ok(())
            }
            Err(error) => {
                for (interface, _) in bound {
                    let _ = self.handle.raw.attach_kernel_driver(interface);
                }
                Err(self.refused(error))
            }
        }
    }

    /// Interfaces of the active configuration that a driver is bound to, by the kernel's names; another program's claim
    /// shows as `usbfs`.
    fn bound(&self) -> Vec<(u8, String)> {
        let Ok(entries) = std::fs::read_dir(&self.sysfs) else { return Vec::new() };
        let bound = |entry: std::fs::DirEntry| {
            // `1-2.3:1.0` is interface 0 of configuration 1.
            let name = entry.file_name().into_string().ok()?;
            let (_, interface) = name.rsplit_once(':')?.1.split_once('.')?;
            let driver = std::fs::read_link(entry.path().join("driver")).ok()?;
            Some((interface.parse().ok()?, driver.file_name()?.to_str()?.to_owned()))
        };
        entries.flatten().filter_map(bound).collect()
    }
}

/// An interface that is ours until this is dropped, which blocks.
pub(super) struct Seat {
    shared: Arc<Shared>,
    interface: u8,
    claimed: bool,
    resets: u64,
}

impl Seat {
    pub(super) fn handle(&self) -> &Arc<Handle> {
        &self.shared.handle
    }

    /// Selects the alternate setting once more.
    pub(super) fn select(&self, function: Function) -> BoxFuture<'static, Result<(), Error>> {
        if !self.valid() {
            return Box::pin(async { Err(Error::Gone) });
        }
        let shared = Arc::clone(&self.shared);
        Box::pin(blocking(move || {
            let _work = shared.work();
            shared.select(&function)
        }))
    }

    /// Whether the device was not reset since.
    pub(super) fn valid(&self) -> bool {
        self.resets == self.shared.resets.load(Ordering::Acquire)
    }

    /// Says that it is about to be dropped: who wants the interface waits for that.
    pub(super) fn leave(&self) {
        self.shared.seats().taken.insert(self.interface, Sitting::Leaving);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let shared = &self.shared;
        if self.claimed {
            let work = shared.work();
            // The kernel's driver comes back with it. Nothing is left to do when the device is gone.
            let _ = shared.handle.raw.release_interface(self.interface);
            let former = {
                let mut seats = shared.seats();
                if seats.taken.len() == 1 { seats.former_configuration.take() } else { None }
            };
            if let Some(former) = former {
                let _ = shared.handle.raw.set_active_configuration(former);
            }
            drop(work);
        }
        shared.seats().taken.remove(&self.interface);
        shared.left.notify_all();
    }
}

/// One opened device.
pub(super) struct UsbDevice {
    shared: Arc<Shared>,
}

impl UsbDevice {
    /// A control transfer that is there with its setup packet.
    async fn control(&self, buffer: Vec<u8>, timeout: Duration) -> Result<Completion, Error> {
        // When this future ends early the queue cancels, and waits for libusb on a thread of its own.
        let queue = Queue::new(Arc::clone(&self.shared.handle), 0, Kind::Control);
        queue.submit(buffer).map_err(|(_, error)| error)?;
        let completed = tokio::time::timeout(timeout, poll_fn(|cx| queue.poll_complete(cx)));
        let completion = completed.await.map_err(|_| Error::Timeout)?;
        completion.status.clone()?;
        Ok(completion)
    }
}

impl Device for UsbDevice {
    fn raw_descriptors(&self) -> &[u8] {
        &self.shared.raw_descriptors
    }

    fn configuration(&self) -> BoxFuture<'_, Result<u8, Error>> {
        let shared = Arc::clone(&self.shared);
        Box::pin(blocking(move || shared.handle.raw.active_configuration().map_err(|e| shared.refused(e))))
    }

    fn control_in(&self, request: ControlIn, timeout: Duration) -> BoxFuture<'_, Result<Vec<u8>, Error>> {
        Box::pin(async move {
            let completion = self.control(setup(request), timeout).await?;
            let mut answer = completion.buffer;
            answer.truncate(SETUP + completion.actual);
            Ok(answer.split_off(SETUP.min(answer.len())))
        })
    }

    fn control_out(&self, request: ControlOut, timeout: Duration) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async move {
            self.control(order(request), timeout).await?;
            Ok(())
        })
    }

    fn others(&self) -> BoxFuture<'_, Vec<String>> {
        let shared = Arc::clone(&self.shared);
        Box::pin(async move {
            let foreign = blocking(move || {
                let ours: Vec<u8> = shared.seats().taken.keys().copied().collect();
                let bound = shared.bound().into_iter();
                let foreign = bound.filter(|(at, driver)| !ours.contains(at) && driver != USBLP);
                Ok::<_, Error>(foreign.map(|(_, driver)| driver).collect())
            });
            foreign.await.unwrap_or_default()
        })
    }

    fn claim(&self, interface: Function) -> BoxFuture<'_, Result<Box<dyn Pipe>, Error>> {
        let shared = Arc::clone(&self.shared);
        Box::pin(blocking(move || Ok(Box::new(shared.claim(interface)?) as Box<dyn Pipe>)))
    }

    fn released(&self) -> BoxFuture<'_, ()> {
        let shared = Arc::clone(&self.shared);
        Box::pin(async move {
            let leaving = |seats: &Seats| seats.taken.values().any(|sitting| *sitting == Sitting::Leaving);
            if leaving(&shared.seats()) {
                let wait = move || {
                    let left = shared.left.wait_timeout_while(shared.seats(), RELEASE_PATIENCE, |seats| leaving(seats));
                    drop(left);
                    Ok::<_, Error>(())
                };
                let _ = blocking(wait).await;
            }
        })
    }

    fn just_came(&self) -> bool {
        self.shared.arrived.is_some_and(|arrived| arrived.elapsed() < JUST)
    }

    fn reset(&self) -> BoxFuture<'_, Result<(), Error>> {
        let shared = Arc::clone(&self.shared);
        Box::pin(blocking(move || {
            shared.resets.fetch_add(1, Ordering::AcqRel);
            let _work = shared.work();
            shared.handle.raw.reset().map_err(|error| match error {
                // libusb says this when the device must be enumerated anew.
                rusb::Error::NotFound => Error::Gone,
                error => shared.refused(error),
            })
        }))
    }
}
