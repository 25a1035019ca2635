//! The device as it hangs on a bus: what its control endpoint answers, and which of its bulk pairs speaks
//! what. One of these is made at each plugging in; the memory bus and USB/IP share it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use crate::usb::Direction;

use super::descriptors::{Descriptors, endpoint_out};
use super::faults::Kind;
use super::http;
use super::model::Speech;
use super::pipe::PrinterPipe;
use super::printer::Printer;

/// The eight bytes of a SETUP packet (USB 2.0, 9.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Setup {
    pub request_type: u8,
    pub request: u8,
    pub value: u16,
    pub index: u16,
    pub length: u16,
}

impl Setup {
    pub fn from_bytes(bytes: [u8; 8]) -> Self {
        let [request_type, request, v0, v1, i0, i1, l0, l1] = bytes;
        Self {
            request_type,
            request,
            value: u16::from_le_bytes([v0, v1]),
            index: u16::from_le_bytes([i0, i1]),
            length: u16::from_le_bytes([l0, l1]),
        }
    }
}

/// The control endpoint does not know the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stalled;

struct Settings {
    /// bConfigurationValue; 0 is unconfigured.
    configuration: u8,
    /// The selected alternate setting of each interface.
    alternates: Vec<u8>,
}

/// One plugged-in device.
pub(super) struct Gadget {
    pub printer: Printer,
    pub descriptors: Descriptors,
    settings: Mutex<Settings>,
    /// By bInterfaceNumber.
    pipes: Vec<PrinterPipe>,
    pub unplugged: CancellationToken,
    /// Nothing but a new configuration brings the HTTP server back.
    pub wedged: AtomicBool,
    /// Nothing but SOFT_RESET or a new configuration does.
    pub deadlocked: AtomicBool,
}

const GET_STATUS: u8 = 0;
const CLEAR_FEATURE: u8 = 1;
const SET_FEATURE: u8 = 3;
const GET_DESCRIPTOR: u8 = 6;
const GET_CONFIGURATION: u8 = 8;
const SET_CONFIGURATION: u8 = 9;
const GET_INTERFACE: u8 = 10;
const SET_INTERFACE: u8 = 11;
/// USB Printer Class 1.1, 4.2.
const GET_DEVICE_ID: u8 = 0;
const GET_PORT_STATUS: u8 = 1;
const SOFT_RESET: u8 = 2;

/// What an interrupted reader left in the FIFO: the end of an older document.
const STALE: &[u8] = b"ategory>ready</pscat:StatusCategory>\r\n</psdyn:Status></psdyn:ProductStatusDyn>\r\n";

impl Gadget {
    /// Makes the device and starts what speaks on its bulk pairs. Must be called inside a tokio runtime.
    pub fn start(printer: &Printer) -> Arc<Self> {
        let descriptors = Descriptors::new(printer.facts(), printer.options());
        let interfaces = descriptors.layout.iter().map(Vec::len).max().unwrap_or(0);
        let gadget = Arc::new(Self {
            printer: printer.clone(),
            descriptors,
            settings: Mutex::new(Settings { configuration: 1, alternates: vec![0; interfaces] }),
            pipes: (0..interfaces).map(|_| PrinterPipe::default()).collect(),
            unplugged: CancellationToken::new(),
            wedged: AtomicBool::new(false),
            deadlocked: AtomicBool::new(false),
        });
        printer.plugged(&gadget);
        for interface in 0..interfaces {
            tokio::spawn(http::serve(Arc::clone(&gadget), interface));
        }
        gadget
    }

    fn settings(&self) -> MutexGuard<'_, Settings> {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The bulk pair of an interface.
    pub fn pipe(&self, interface: usize) -> Option<&PrinterPipe> {
        self.pipes.get(interface)
    }

    pub fn pipes(&self) -> &[PrinterPipe] {
        &self.pipes
    }

    /// The interface and direction of an endpoint address.
    pub fn endpoint(&self, address: u8) -> Option<(usize, Direction)> {
        let direction = if address & 0x80 == 0 { Direction::Out } else { Direction::In };
        (0..self.pipes.len()).find(|at| endpoint_out(*at) == address & 0x0f).map(|at| (at, direction))
    }

    /// bConfigurationValue of the active configuration.
    pub fn configuration(&self) -> u8 {
        self.settings().configuration
    }

    /// What speaks on an interface as it is set now.
    pub fn speech(&self, interface: usize) -> Option<Speech> {
        let settings = self.settings();
        let alternates = self.descriptors.layout.get(usize::from(settings.configuration).checked_sub(1)?)?;
        let setting = settings.alternates.get(interface).copied()?;
        Some(alternates.get(interface)?.get(usize::from(setting))?.speech)
    }

    /// SET_CONFIGURATION: alternate settings 0, FIFOs empty, and firmware that was stuck starts over.
    pub fn set_configuration(&self, value: u8) -> Result<(), Stalled> {
        if usize::from(value) > self.descriptors.layout.len() {
            return Err(Stalled);
        }
        {
            let mut settings = self.settings();
            settings.configuration = value;
            settings.alternates.fill(0);
        }
        self.wedged.store(false, Ordering::Relaxed);
        self.deadlocked.store(false, Ordering::Relaxed);
        for at in 0..self.pipes.len() {
            self.restart(at);
        }
        Ok(())
    }

    /// SET_INTERFACE.
    pub fn set_interface(&self, interface: usize, setting: u8) -> Result<(), Stalled> {
        let before = self.speech(interface);
        {
            let mut settings = self.settings();
            let known = usize::from(settings.configuration)
                .checked_sub(1)
                .and_then(|at| self.descriptors.layout.get(at))
                .and_then(|interfaces| interfaces.get(interface))
                .is_some_and(|alternates| usize::from(setting) < alternates.len());
            match settings.alternates.get_mut(interface) {
                Some(current) if known => *current = setting,
                _ => return Err(Stalled),
            }
        }
        if self.printer.options().select_resets || self.speech(interface) != before {
            self.restart(interface);
        }
        Ok(())
    }

    /// Whether the HTTP server answers nobody, also after its interface was claimed anew.
    pub fn stuck(&self) -> bool {
        self.wedged.load(Ordering::Relaxed) || self.deadlocked.load(Ordering::Relaxed)
    }

    fn restart(&self, interface: usize) {
        if let Some(pipe) = self.pipe(interface) {
            pipe.reset();
            self.soil(interface);
        }
    }

    /// Puts the bytes of [`Kind::Stale`] into an HTTP interface's FIFO, while that fault is on.
    pub fn soil(&self, interface: usize) {
        if self.printer.fault().is_some_and(|fault| fault.kind == Kind::Stale)
            && self.speech(interface) == Some(Speech::Http)
            && let Some(pipe) = self.pipe(interface)
        {
            pipe.push(Bytes::from_static(STALE));
        }
    }

    /// Pulls the cable.
    pub fn unplug(&self) {
        self.unplugged.cancel();
        for pipe in &self.pipes {
            pipe.unplug();
        }
    }

    /// A control transfer. What comes back is cut to wLength by the caller's controller; here too.
    pub fn control(&self, setup: Setup) -> Result<Vec<u8>, Stalled> {
        let mut bytes = self.answer(setup)?;
        bytes.truncate(usize::from(setup.length));
        Ok(bytes)
    }

    fn answer(&self, setup: Setup) -> Result<Vec<u8>, Stalled> {
        let [low, high] = setup.value.to_le_bytes();
        let [index_low, index_high] = setup.index.to_le_bytes();
        let interface = usize::from(index_low);
        match (setup.request_type, setup.request) {
            (0x80 | 0x81, GET_DESCRIPTOR) => self.descriptors.get(high, low).ok_or(Stalled),
            (0x80, GET_STATUS) => Ok(vec![1, 0]), // self-powered
            (0x81, GET_STATUS) => Ok(vec![0, 0]),
            (0x82, GET_STATUS) => {
                let (at, direction) = self.endpoint(index_low).ok_or(Stalled)?;
                Ok(vec![u8::from(self.pipe(at).ok_or(Stalled)?.halted(direction)), 0])
            }
            (0x80, GET_CONFIGURATION) => Ok(vec![self.configuration()]),
            (0x00, SET_CONFIGURATION) => self.set_configuration(low).map(|()| Vec::new()),
            (0x81, GET_INTERFACE) => {
                self.settings().alternates.get(interface).map(|setting| vec![*setting]).ok_or(Stalled)
            }
            (0x01, SET_INTERFACE) => self.set_interface(interface, low).map(|()| Vec::new()),
            (0x02, CLEAR_FEATURE) if setup.value == 0 => {
                let (at, direction) = self.endpoint(index_low).ok_or(Stalled)?;
                self.pipe(at).ok_or(Stalled)?.clear_halt(direction);
                Ok(Vec::new())
            }
            (0x02, SET_FEATURE) if setup.value == 0 => {
                let (at, direction) = self.endpoint(index_low).ok_or(Stalled)?;
                self.pipe(at).ok_or(Stalled)?.stall(direction);
                Ok(Vec::new())
            }
            (0x00, CLEAR_FEATURE | SET_FEATURE) if setup.value == 1 => Ok(Vec::new()), // remote wake-up
            // The interface is the high byte here, the alternate setting the low one (USB Printer Class 1.1,
            // 4.2.1).
            (0xa1, GET_DEVICE_ID) if self.pipe(usize::from(index_high)).is_some() => Ok(self.descriptors.device_id()),
            (0xa1, GET_PORT_STATUS) => Ok(vec![self.printer.port_status()]),
            // Drivers before version 1.1 of the class send it to "other" (4.2.3).
            (0x21 | 0x23, SOFT_RESET) if self.pipe(interface).is_some() => {
                self.printer.log(format!("SOFT_RESET {interface}"));
                let stuck = self.deadlocked.swap(false, Ordering::Relaxed);
                for at in 0..self.pipes.len() {
                    // The server that was stuck is one for all its interfaces.
                    if at == interface || (stuck && self.speech(at) == Some(Speech::Http)) {
                        self.restart(at);
                    }
                }
                Ok(Vec::new())
            }
            _ => Err(Stalled),
        }
    }
}
