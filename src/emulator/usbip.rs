//! Serves a printer over TCP, so that stock `usbip attach` plugs it in (Linux
//! `Documentation/usb/usbip_protocol.rst`). USB/IP has neither authentication nor encryption: loopback only.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, OwnedMutexGuard, Semaphore};
use tokio::time::timeout;

use super::descriptors::Descriptors;
use super::function::Gadget;
use super::printer::Printer;
use super::urb;

/// USB/IP's registered port.
pub const PORT: u16 = 3240;
/// How the one device is named: `usbip attach -r 127.0.0.1 -b 1-1`.
pub const BUS_ID: &str = "1-1";

const VERSION: u16 = 0x0111;
const REQ_DEVLIST: u16 = 0x8005;
const REP_DEVLIST: u16 = 0x0005;
const REQ_IMPORT: u16 = 0x8003;
const REP_IMPORT: u16 = 0x0003;
/// ST_NA and ST_DEV_BUSY of usbip_common.h.
const NOT_AVAILABLE: u32 = 1;
const DEVICE_BUSY: u32 = 2;
/// A client that has not said what it wants by then is gone.
const PATIENCE: Duration = Duration::from_secs(5);
/// Connections at the same time; more are closed at once.
const CONNECTIONS: usize = 8;

/// The server's socket.
///
/// # Errors
/// [`io::ErrorKind::PermissionDenied`] for an address that is not loopback; what bind says.
pub async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    if !address.ip().is_loopback() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "USB/IP is served on loopback only"));
    }
    TcpListener::bind(address).await
}

/// Serves until the socket breaks. Dropping the future pulls the cable.
///
/// # Errors
/// What accept says.
pub async fn serve(listener: TcpListener, printer: Printer) -> io::Result<()> {
    let attached = Arc::new(Mutex::new(()));
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (stream, _) = accepted?;
                let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
                let (printer, attached) = (printer.clone(), Arc::clone(&attached));
                connections.spawn(async move {
                    let _place = place;
                    if let Err(error) = answer(stream, &printer, attached).await {
                        tracing::debug!(%error, "a USB/IP client went away");
                    }
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// What a client asks first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Request {
    List,
    Import(String),
}

/// What is not a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Malformed {
    #[error("USB/IP version {0:#06x}")]
    Version(u16),
    #[error("unknown USB/IP operation {0:#06x}")]
    Operation(u16),
}

impl Request {
    /// The operation of a header, and how many bytes belong to it.
    pub fn operation(header: [u8; 8]) -> Result<(u16, usize), Malformed> {
        let [v0, v1, c0, c1, ..] = header;
        let (version, code) = (u16::from_be_bytes([v0, v1]), u16::from_be_bytes([c0, c1]));
        match (version, code) {
            (VERSION, REQ_DEVLIST) => Ok((code, 0)),
            (VERSION, REQ_IMPORT) => Ok((code, 32)),
            (VERSION, _) => Err(Malformed::Operation(code)),
            _ => Err(Malformed::Version(version)),
        }
    }

    pub fn parse(operation: u16, body: &[u8]) -> Self {
        if operation == REQ_DEVLIST {
            return Self::List;
        }
        let name = body.split(|byte| *byte == 0).next().unwrap_or_default();
        Self::Import(String::from_utf8_lossy(name).into_owned())
    }
}

async fn answer(mut stream: TcpStream, printer: &Printer, attached: Arc<Mutex<()>>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let request = timeout(PATIENCE, async {
        let mut header = [0; 8];
        stream.read_exact(&mut header).await?;
        let (operation, length) = Request::operation(header).map_err(|error| io::Error::other(error.to_string()))?;
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await?;
        Ok::<_, io::Error>(Request::parse(operation, &body))
    })
    .await??;
    match request {
        Request::List => {
            let free = attached.try_lock().is_ok();
            stream.write_all(&list(printer, free)).await?;
            stream.shutdown().await
        }
        Request::Import(name) => match import(&name, attached) {
            Err(status) => {
                stream.write_all(&head(REP_IMPORT, status)).await?;
                stream.shutdown().await
            }
            Ok(_attached) => {
                let gadget = Gadget::start(printer);
                let mut reply = head(REP_IMPORT, 0).to_vec();
                reply.extend(device(&gadget.descriptors));
                stream.write_all(&reply).await?;
                urb::serve(stream, gadget).await
            }
        },
    }
}

fn import(name: &str, attached: Arc<Mutex<()>>) -> Result<OwnedMutexGuard<()>, u32> {
    if name != BUS_ID {
        return Err(NOT_AVAILABLE);
    }
    attached.try_lock_owned().map_err(|_| DEVICE_BUSY)
}

fn head(code: u16, status: u32) -> [u8; 8] {
    let ([v0, v1], [c0, c1], [s0, s1, s2, s3]) = (VERSION.to_be_bytes(), code.to_be_bytes(), status.to_be_bytes());
    [v0, v1, c0, c1, s0, s1, s2, s3]
}

fn padded(text: &str, length: usize) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    bytes.resize(length, 0);
    bytes
}

/// `struct usbip_usb_device`.
fn device(descriptors: &Descriptors) -> Vec<u8> {
    let mut bytes = padded("/sys/devices/plugprint/usb1/1-1", 256);
    bytes.extend(padded(BUS_ID, 32));
    for word in [1_u32, 2, 3] {
        bytes.extend(word.to_be_bytes()); // bus, device, speed (high)
    }
    for half in [descriptors.vendor_id(), descriptors.product_id(), 0x0100] {
        bytes.extend(half.to_be_bytes());
    }
    let interfaces = descriptors.layout.first().map_or(0, Vec::len);
    let count = |length: usize| u8::try_from(length).unwrap_or(u8::MAX);
    bytes.extend([0, 0, 0, 1, count(descriptors.layout.len()), count(interfaces)]);
    bytes
}

fn list(printer: &Printer, free: bool) -> Vec<u8> {
    let mut bytes = head(REP_DEVLIST, 0).to_vec();
    bytes.extend(u32::from(free).to_be_bytes());
    if free {
        let descriptors = Descriptors::new(printer.facts(), printer.options());
        bytes.extend(device(&descriptors));
        for alternates in descriptors.layout.first().into_iter().flatten() {
            let (class, subclass, protocol) = alternates.first().map_or((0, 0, 0), |alternate| alternate.class);
            bytes.extend([class, subclass, protocol, 0]);
        }
    }
    bytes
}
