//! The memory bus: printers are plugged in and out without a kernel.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::mpsc;

use crate::usb::descriptor::Function;
use crate::usb::{
    self, Address, Arrival, BoxFuture, Completion, ControlIn, ControlOut, Device, Direction, Error, Hotplug, Pipe,
    Topology,
};

use super::function::{Gadget, Setup};
use super::pipe::HostPipe;
use super::printer::Printer;

struct Socket {
    port: u8,
    gadget: Arc<Gadget>,
}

#[derive(Default)]
struct State {
    devices: BTreeMap<Address, Socket>,
    watchers: Vec<mpsc::UnboundedSender<Hotplug>>,
    last_device: u8,
}

impl State {
    fn tell(&mut self, event: &Hotplug) {
        self.watchers.retain(|watcher| watcher.send(event.clone()).is_ok());
    }
}

/// A [`usb::Bus`] in memory. Clones are the same bus.
#[derive(Clone, Default)]
pub struct Bus(Arc<Mutex<State>>);

/// Its bus number.
const BUS: u8 = 1;

fn arrival(address: Address, socket: &Socket) -> Arrival {
    Arrival {
        address,
        topology: Topology { bus: BUS, ports: vec![socket.port] },
        vendor_id: socket.gadget.descriptors.vendor_id(),
        product_id: socket.gadget.descriptors.product_id(),
    }
}

impl Bus {
    /// A bus with nothing on it.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Plugs a printer into the first free socket. The same socket has the same topology, the address is a
    /// new one each time. Must be called inside a tokio runtime.
    pub fn plug(&self, printer: &Printer) -> Address {
        let port = {
            let state = self.state();
            (1..=u8::MAX).find(|port| state.devices.values().all(|socket| socket.port != *port)).unwrap_or(u8::MAX)
        };
        self.plug_into(printer, port)
    }

    /// Plugs a printer into this socket, counted from 1.
    pub fn plug_into(&self, printer: &Printer, port: u8) -> Address {
        let gadget = Gadget::start(printer);
        let unplugged = gadget.unplugged.clone();
        let address = {
            let mut state = self.state();
            let mut address = Address { bus: BUS, device: state.last_device };
            // As the kernel does: the next number, from 2 on (1 is the root hub), around at 127.
            for _ in 0..127 {
                address.device = if address.device >= 127 { 2 } else { address.device.max(1) + 1 };
                if !state.devices.contains_key(&address) {
                    break;
                }
            }
            state.last_device = address.device;
            let socket = Socket { port, gadget };
            let event = Hotplug::Arrived(arrival(address, &socket));
            state.devices.insert(address, socket);
            state.tell(&event);
            address
        };
        let bus = self.clone();
        tokio::spawn(async move {
            unplugged.cancelled().await;
            let departed = bus.depart(address);
            if let Some(Socket { port, gadget }) = departed
                && let Some(at) = gadget.printer.take_return()
            {
                tokio::time::sleep_until(at).await;
                bus.plug_into(&gadget.printer, port);
            }
        });
        address
    }

    fn depart(&self, address: Address) -> Option<Socket> {
        let mut state = self.state();
        let socket = state.devices.remove(&address)?;
        state.tell(&Hotplug::Departed(address));
        Some(socket)
    }

    /// Pulls a cable. Nothing happens where none is.
    pub fn unplug(&self, address: Address) {
        if let Some(socket) = self.depart(address) {
            socket.gadget.unplug();
        }
    }
}

impl usb::Bus for Bus {
    fn watch(&self) -> mpsc::UnboundedReceiver<Hotplug> {
        let (sender, receiver) = mpsc::unbounded_channel();
        let mut state = self.state();
        for (address, socket) in &state.devices {
            let _ = sender.send(Hotplug::Arrived(arrival(*address, socket)));
        }
        state.watchers.push(sender);
        receiver
    }

    fn open(&self, address: Address) -> BoxFuture<'_, Result<Arc<dyn Device>, Error>> {
        Box::pin(async move {
            let state = self.state();
            let socket = state.devices.get(&address).ok_or(Error::Gone)?;
            let raw = socket.gadget.descriptors.raw();
            let device =
                Plugged { bus: self.clone(), address, port: socket.port, raw, gadget: Arc::clone(&socket.gadget) };
            Ok(Arc::new(device) as Arc<dyn Device>)
        })
    }
}

/// A device that was opened.
struct Plugged {
    bus: Bus,
    address: Address,
    port: u8,
    raw: Vec<u8>,
    gadget: Arc<Gadget>,
}

impl Plugged {
    fn here(&self) -> Result<(), Error> {
        if self.gadget.unplugged.is_cancelled() { Err(Error::Gone) } else { Ok(()) }
    }
}

impl Device for Plugged {
    fn raw_descriptors(&self) -> &[u8] {
        &self.raw
    }

    fn configuration(&self) -> BoxFuture<'_, Result<u8, Error>> {
        Box::pin(async move {
            self.here()?;
            Ok(self.gadget.configuration())
        })
    }

    fn control_in(&self, request: ControlIn, _timeout: Duration) -> BoxFuture<'_, Result<Vec<u8>, Error>> {
        Box::pin(async move {
            self.here()?;
            let ControlIn { request_type, request, value, index, length } = request;
            if request_type & 0x80 == 0 {
                return Err(Error::Stalled);
            }
            self.gadget.control(Setup { request_type, request, value, index, length }).map_err(|_| Error::Stalled)
        })
    }

    fn control_out(&self, request: ControlOut, _timeout: Duration) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async move {
            self.here()?;
            let ControlOut { request_type, request, value, index } = request;
            if request_type & 0x80 != 0 {
                return Err(Error::Stalled);
            }
            let setup = Setup { request_type, request, value, index, length: 0 };
            self.gadget.control(setup).map(|_| ()).map_err(|_| Error::Stalled)
        })
    }

    fn claim(&self, function: Function) -> BoxFuture<'_, Result<Box<dyn Pipe>, Error>> {
        Box::pin(async move {
            self.here()?;
            let interface = usize::from(function.interface);
            if self.gadget.configuration() != function.configuration {
                if self.gadget.pipes().iter().any(super::pipe::PrinterPipe::claimed) {
                    return Err(Error::Busy);
                }
                let unknown = Error::Malformed("no such configuration");
                self.gadget.set_configuration(function.configuration).map_err(|_| unknown)?;
            }
            let pipe = self.gadget.pipe(interface).ok_or(Error::Malformed("no such interface"))?;
            let host = pipe.claim()?;
            self.gadget
                .set_interface(interface, function.alternate)
                .map_err(|_| Error::Malformed("no such alternate setting"))?;
            Ok(Box::new(Claimed { host, interface, setting: function.alternate, gadget: Arc::clone(&self.gadget) })
                as Box<dyn Pipe>)
        })
    }

    fn reset(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async move {
            self.here()?;
            // The device is enumerated again in the same socket, under a new address.
            let printer = self.gadget.printer.clone();
            self.bus.unplug(self.address);
            self.bus.plug_into(&printer, self.port);
            Ok(())
        })
    }
}

/// A claimed interface. When it is let go the kernel selects alternate setting 0 again, where another was
/// selected (`usb_unbind_interface`).
struct Claimed {
    host: HostPipe,
    interface: usize,
    setting: u8,
    gadget: Arc<Gadget>,
}

impl Drop for Claimed {
    fn drop(&mut self) {
        if self.setting != 0 {
            let _ = self.gadget.set_interface(self.interface, 0);
        }
    }
}

impl Pipe for Claimed {
    fn max_packet(&self, direction: Direction) -> usize {
        self.host.max_packet(direction)
    }

    fn submit(&mut self, direction: Direction, buffer: Vec<u8>) -> Result<(), (Vec<u8>, Error)> {
        self.host.submit(direction, buffer)
    }

    fn poll_complete(&mut self, direction: Direction, cx: &mut Context<'_>) -> Poll<Completion> {
        self.host.poll_complete(direction, cx)
    }

    fn pending(&self, direction: Direction) -> usize {
        self.host.pending(direction)
    }

    fn cancel(&mut self, direction: Direction) {
        self.host.cancel(direction);
    }

    fn clear_halt(&mut self, direction: Direction) -> BoxFuture<'_, Result<(), Error>> {
        self.host.clear_halt(direction)
    }

    fn select(&mut self) -> BoxFuture<'_, Result<(), Error>> {
        let selected = self.gadget.set_interface(self.interface, self.setting).map_err(|_| Error::Stalled);
        Box::pin(async move { selected })
    }
}
