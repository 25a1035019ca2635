//! USB as the rest of the house sees it: a [`Bus`] that reports arrivals, a [`Device`] that answers control
//! requests, and a [`Pipe`], the bulk pair of one claimed interface.
//!
//! Two things implement these traits: `libusb` (the real one) and the emulator.

pub mod descriptor;
pub mod device_id;
pub mod libusb;
pub mod link;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::mpsc;

/// A boxed future, so that the traits below can be used as objects.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Where a device is on the bus until it is unplugged: the kernel's bus and device numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// Bus number, as in `/dev/bus/usb/BBB`.
    pub bus: u8,
    /// Device number on that bus; a new one after every re-enumeration.
    pub device: u8,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:03}/{:03}", self.bus, self.device)
    }
}

/// The hub ports that lead to a device, from the root hub outwards. The same socket gives the same topology.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Topology {
    /// Bus number.
    pub bus: u8,
    /// Port numbers; empty for a root hub.
    pub ports: Vec<u8>,
}

impl fmt::Display for Topology {
    /// As the kernel names it in sysfs: `1-2.3`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.bus)?;
        for (i, port) in self.ports.iter().enumerate() {
            write!(f, "{}{port}", if i == 0 { '-' } else { '.' })?;
        }
        Ok(())
    }
}

/// A device that has come, before anybody opened it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Where it is now.
    pub address: Address,
    /// Which socket it is in.
    pub topology: Topology,
    /// idVendor.
    pub vendor_id: u16,
    /// idProduct.
    pub product_id: u16,
}

/// What hotplug reports. It only reports: nothing is opened where this is noticed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hotplug {
    /// A device has come. Devices that are there from the beginning come first.
    Arrived(Arrival),
    /// The device at this address is gone.
    Departed(Address),
}

/// All USB devices of this computer.
pub trait Bus: Send + Sync + 'static {
    /// Arrivals and departures from now on, devices already present first. Where there is no USB at all the
    /// stream stays silent and tries again by itself. Called once.
    fn watch(&self) -> mpsc::UnboundedReceiver<Hotplug>;

    /// Opens a device; retries while udev has not yet set the node's permissions.
    ///
    /// # Errors
    /// [`Error::Gone`], [`Error::AccessDenied`].
    fn open(&self, address: Address) -> BoxFuture<'_, Result<Arc<dyn Device>, Error>>;
}

/// A control request that reads (device to host).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ControlIn {
    /// bmRequestType; bit 7 is set.
    pub request_type: u8,
    /// bRequest.
    pub request: u8,
    /// wValue.
    pub value: u16,
    /// wIndex.
    pub index: u16,
    /// wLength: at most this many bytes come back.
    pub length: u16,
}

/// One opened device.
pub trait Device: Send + Sync + 'static {
    /// The device descriptor followed by every configuration with all that belongs to it, as the kernel
    /// cached them when the device was enumerated.
    fn raw_descriptors(&self) -> &[u8];

    /// bConfigurationValue of the active configuration; 0 when the device is unconfigured.
    fn configuration(&self) -> BoxFuture<'_, Result<u8, Error>>;

    /// A control transfer on endpoint 0.
    ///
    /// # Errors
    /// [`Error::Stalled`] where the device does not know the request; [`Error::Timeout`]; [`Error::Gone`].
    fn control_in(&self, request: ControlIn, timeout: Duration) -> BoxFuture<'_, Result<Vec<u8>, Error>>;

    /// Claims an interface, selects its alternate setting, and gives its bulk pair. A kernel driver that is
    /// bound to it is detached, and comes back when the pipe is dropped. Another configuration than the
    /// active one is set only where nothing else of the device is bound.
    ///
    /// # Errors
    /// [`Error::Busy`] where another program holds the interface.
    fn claim(&self, interface: descriptor::Function) -> BoxFuture<'_, Result<Box<dyn Pipe>, Error>>;

    /// Resets the port: every pipe of the device dies, and the device may come back under a new address.
    fn reset(&self) -> BoxFuture<'_, Result<(), Error>>;
}

/// The direction of a bulk endpoint, as the host sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Device to host.
    In,
    /// Host to device.
    Out,
}

/// A bulk transfer that ended. What arrived before an error is there: `buffer` is valid up to `actual`.
#[derive(Debug)]
pub struct Completion {
    /// The buffer that was submitted, given back. For IN its length is what was asked for.
    pub buffer: Vec<u8>,
    /// Bytes that really crossed the wire.
    pub actual: usize,
    /// How it ended. [`Error::Canceled`] after [`Pipe::cancel`].
    pub status: Result<(), Error>,
}

/// The bulk pair of one claimed interface: transfers are queued, and complete in order for each direction.
/// Dropping it cancels what is pending, releases the interface and gives it back to the kernel's driver.
pub trait Pipe: Send + 'static {
    /// wMaxPacketSize of the endpoint.
    fn max_packet(&self, direction: Direction) -> usize;

    /// Queues a transfer. OUT sends all of `buffer`; IN reads at most `buffer.len()`, which is a multiple of
    /// the packet size.
    ///
    /// # Errors
    /// [`Error::NoMemory`] when usbfs has no more for transfers: wait for a pending one, then try again.
    /// The buffer comes back with the error.
    fn submit(&mut self, direction: Direction, buffer: Vec<u8>) -> Result<(), (Vec<u8>, Error)>;

    /// The oldest transfer of this direction, when it has ended. Pending for ever where none was submitted.
    fn poll_complete(&mut self, direction: Direction, cx: &mut Context<'_>) -> Poll<Completion>;

    /// Transfers submitted and not yet taken from [`Pipe::poll_complete`].
    fn pending(&self, direction: Direction) -> usize;

    /// Cancels all pending transfers of this direction. Each still completes, with what had arrived.
    fn cancel(&mut self, direction: Direction);

    /// CLEAR_FEATURE(ENDPOINT_HALT): ends a stall and resets the data toggle. Nothing may be pending.
    fn clear_halt(&mut self, direction: Direction) -> BoxFuture<'_, Result<(), Error>>;
}

/// What can go wrong on the cable. libusb's codes become these in one place (`libusb`).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The device was unplugged.
    #[error("the printer was unplugged")]
    Gone,
    /// The device node can't be opened: our user is not in its group.
    #[error("no permission to open the USB device")]
    AccessDenied,
    /// Another program holds the interface.
    #[error("another program is using the printer's USB interface")]
    Busy,
    /// The endpoint is halted, or the control request is unknown. [`Pipe::clear_halt`] ends it.
    #[error("the printer stalled the transfer")]
    Stalled,
    /// The control request was not answered in time.
    #[error("the printer did not answer in time")]
    Timeout,
    /// The transfer was cancelled by us.
    #[error("the transfer was cancelled")]
    Canceled,
    /// The device sent more than was asked for.
    #[error("the printer sent more than it was asked for")]
    Overflow,
    /// The kernel has no more memory for transfers.
    #[error("the kernel has no more memory for USB transfers")]
    NoMemory,
    /// The device has no such interface, or a descriptor does not hold together.
    #[error("unexpected USB descriptor: {0}")]
    Malformed(&'static str),
    /// Any other code of libusb.
    #[error("USB error: {0}")]
    Other(String),
}
