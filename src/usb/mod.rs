//! USB as the rest of the house sees it: a [`Bus`] that reports arrivals, a [`Device`] that answers control
//! requests, and a [`Pipe`], the bulk pair of one claimed interface.
//!
//! Two things implement these traits: `libusb` (the real one) and the emulator.

pub mod descriptor;
pub mod device_id;
pub mod libusb;
pub mod link;
pub mod raw;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::mpsc;

use crate::blame::Party;

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

    /// Opens a device; waits while udev has not yet set the node's permissions, for as long as the device is there.
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

/// A control request without data, from host to device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ControlOut {
    /// bmRequestType; bit 7 is not set.
    pub request_type: u8,
    /// bRequest.
    pub request: u8,
    /// wValue.
    pub value: u16,
    /// wIndex.
    pub index: u16,
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

    /// A control transfer on endpoint 0 that tells the device something. A class request to an interface needs that
    /// interface to be claimed.
    ///
    /// # Errors
    /// [`Error::Stalled`] where the device does not know the request; [`Error::Timeout`]; [`Error::Gone`].
    fn control_out(&self, _request: ControlOut, _timeout: Duration) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async { Err(Error::Stalled) })
    }

    /// Which drivers are bound to interfaces of the device that are not ours, by the kernel's names; another program
    /// shows as `usbfs`. The kernel's driver for printers is not among them: it steps aside for us, and outlives a reset.
    fn others(&self) -> BoxFuture<'_, Vec<String>> {
        Box::pin(async { Vec::new() })
    }

    /// Claims an interface, selects its alternate setting, and gives its bulk pair. A kernel driver that is
    /// bound to it is detached, and comes back when the pipe is dropped. Another configuration than the
    /// active one is set only where nothing else of the device is bound.
    ///
    /// # Errors
    /// [`Error::Busy`] where another program holds the interface.
    fn claim(&self, interface: descriptor::Function) -> BoxFuture<'_, Result<Box<dyn Pipe>, Error>>;

    /// Whether it came to the bus moments ago, while we watched: no program can have left it in the middle of an
    /// exchange.
    fn just_came(&self) -> bool {
        false
    }

    /// Resets the port: every pipe of the device dies, and the device may come back under a new address.
    fn reset(&self) -> BoxFuture<'_, Result<(), Error>>;

    /// Waits until every pipe that was dropped has given its interface back.
    fn released(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
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

    /// Selects the interface's alternate setting once more, which starts its endpoints over. Nothing may be pending.
    ///
    /// # Errors
    /// [`Error::Stalled`] where the device knows no SET_INTERFACE, because there is nothing to choose.
    fn select(&mut self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async { Err(Error::Stalled) })
    }
}

/// How long a printer may take to answer a standard or class request on endpoint 0 (USB 2.0, 9.2.6.4, allows 5 s).
const CONTROL_TIMEOUT: Duration = Duration::from_secs(5);
/// Standard request (USB 2.0, table 9-4).
const GET_DESCRIPTOR: u8 = 6;
/// Descriptor type (USB 2.0, table 9-5).
const STRING_DESCRIPTOR: u16 = 3;
/// Class request (USB Printing Devices 1.1, table 1), and its two recipients.
const SOFT_RESET: u8 = 2;
const CLASS_TO_INTERFACE: u8 = 0x21;
const CLASS_TO_OTHER: u8 = 0x23;
/// U.S. English, which every device that has strings has in practice.
const ENGLISH: u16 = 0x0409;

/// The names that a device gives itself. Printable, without surrounding space, never empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Strings {
    /// iManufacturer.
    pub manufacturer: Option<String>,
    /// iProduct.
    pub product: Option<String>,
    /// iSerialNumber.
    pub serial: Option<String>,
}

/// Asks for the device's strings. One that the device refuses or garbles is missing.
///
/// # Errors
/// [`Error::Gone`] and whatever else keeps the device from answering; [`Error::Malformed`].
pub async fn strings(device: &dyn Device) -> Result<Strings, Error> {
    let described = descriptor::parse(device.raw_descriptors())?;
    if (described.manufacturer, described.product, described.serial) == (0, 0, 0) {
        return Ok(Strings::default());
    }
    let languages = string_descriptor(device, 0, 0).await?.unwrap_or_default();
    let first = languages.chunks_exact(2).next().and_then(|pair| pair.try_into().ok()).map(u16::from_le_bytes);
    let english = languages.chunks_exact(2).any(|pair| pair == ENGLISH.to_le_bytes());
    let language = if english { ENGLISH } else { first.unwrap_or(ENGLISH) };
    Ok(Strings {
        manufacturer: string(device, described.manufacturer, language).await?,
        product: string(device, described.product, language).await?,
        serial: string(device, described.serial, language).await?,
    })
}

async fn string(device: &dyn Device, index: u8, language: u16) -> Result<Option<String>, Error> {
    let Some(raw) = string_descriptor(device, index, language).await? else { return Ok(None) };
    let units = raw.chunks_exact(2).filter_map(|pair| pair.try_into().ok()).map(u16::from_le_bytes);
    let text: String = char::decode_utf16(units)
        .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
        .filter(|c| !c.is_control())
        .collect();
    let text = text.trim();
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

/// What a string descriptor holds behind its two bytes of head; `None` where the device has no such.
async fn string_descriptor(device: &dyn Device, index: u8, language: u16) -> Result<Option<Vec<u8>>, Error> {
    if index == 0 && language != 0 {
        return Ok(None);
    }
    let request = ControlIn {
        request_type: 0x80,
        request: GET_DESCRIPTOR,
        value: STRING_DESCRIPTOR << 8 | u16::from(index),
        index: language,
        length: 255,
    };
    match device.control_in(request, CONTROL_TIMEOUT).await {
        Ok(raw) => Ok(match *raw {
            [length, 3, ref text @ ..] => {
                Some(text.get(..usize::from(length).saturating_sub(2)).unwrap_or(text).to_vec())
            }
            _ => None,
        }),
        // A device that stalls or ignores one of these requests may still answer the next.
        Err(Error::Stalled | Error::Timeout | Error::Overflow) => Ok(None),
        Err(error) => Err(error),
    }
}

/// GET_DEVICE_ID (USB Printing Devices 1.1, 4.2.1), asked of the first printer-class interface in the function's
/// configuration: the kernel lets that pass while another driver holds the interface.
///
/// # Errors
/// [`Error::Malformed`] where that configuration has no printer-class interface; [`Error::Stalled`] where the device
/// does not know the request.
pub async fn device_id(device: &dyn Device, function: &descriptor::Function) -> Result<device_id::DeviceId, Error> {
    let described = descriptor::parse(device.raw_descriptors())?;
    let (configuration, interface, alternate) = described
        .device_id_target(function.configuration)
        .ok_or(Error::Malformed("no printer-class interface to ask for a device id"))?;
    let request = ControlIn {
        request_type: 0xa1,
        request: 0,
        value: configuration.into(),
        index: u16::from(interface) << 8 | u16::from(alternate),
        length: 1023,
    };
    Ok(device_id::parse_answer(&device.control_in(request, CONTROL_TIMEOUT).await?))
}

/// SOFT_RESET (USB Printing Devices 1.1, 4.2.3): empties the printer's buffers and sets its bulk endpoints to their
/// default state; many printers start the whole function over. The interface is claimed, and nothing is pending on it.
///
/// Version 1.0 of the class gave the recipient as "other" by mistake. Devices of both kinds are about, so the second
/// form is tried where the first one is refused (CUPS's USB backend and Linux's usblp send the second).
///
/// # Errors
/// [`Error::Stalled`] where the device knows neither; [`Error::Timeout`]; [`Error::Gone`].
pub async fn soft_reset(device: &dyn Device, interface: u8) -> Result<(), Error> {
    let request = |request_type| ControlOut { request_type, request: SOFT_RESET, value: 0, index: interface.into() };
    match device.control_out(request(CLASS_TO_INTERFACE), CONTROL_TIMEOUT).await {
        Err(Error::Stalled | Error::Timeout) => device.control_out(request(CLASS_TO_OTHER), CONTROL_TIMEOUT).await,
        outcome => outcome,
    }
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

impl Error {
    /// Whose failure it is.
    pub fn whose(&self) -> Party {
        match self {
            Self::Gone | Self::Stalled | Self::Timeout | Self::Overflow | Self::Malformed(_) => Party::Printer,
            Self::AccessDenied | Self::Busy | Self::NoMemory | Self::Other(_) => Party::Host,
            Self::Canceled => Party::Agent,
        }
    }
}

#[cfg(test)]
mod tests;
