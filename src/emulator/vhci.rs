//! Plugs a printer into this kernel: one end of a socket pair is handed to `vhci_hcd`, the other answers USB/IP.
//! Needs root and the module. Ending the process is an unplug.

use std::fs;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream as StdStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::net::UnixStream;
use tokio::task::JoinHandle;

use super::function::Gadget;
use super::printer::Printer;
use super::urb;

const CONTROLLER: &str = "/sys/devices/platform/vhci_hcd.0";
/// Speed 3 is high (`enum usb_device_speed`).
const HIGH_SPEED: u32 = 3;
/// VDEV_ST_NULL: nothing is in the port.
const FREE: &str = "004";
/// The kernel has up to 128 controllers; it tells of the others in `status.1` and so on.
const CONTROLLERS: usize = 128;

/// Why a printer could not be plugged in.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no vhci here.
    #[error("this kernel has no virtual USB host controller; `modprobe vhci-hcd` gives one ({0})")]
    NoController(#[source] io::Error),
    /// All high-speed ports are taken.
    #[error("all high-speed ports of the virtual USB host controller are taken")]
    NoPort,
    /// The kernel refused.
    #[error("the kernel does not take the printer at port {port}; this needs root ({source})")]
    Refused {
        /// The port that was tried.
        port: u32,
        /// What it said.
        source: io::Error,
    },
    /// The socket pair.
    #[error("no socket pair: {0}")]
    Socket(#[source] io::Error),
}

/// How often a port may turn out to be taken.
const ATTEMPTS: u32 = 16;

/// A printer in a port. Dropping it is an unplug.
#[derive(Debug)]
pub struct Plugged {
    port: u32,
    task: JoinHandle<()>,
    gadget: Handle,
}

struct Handle(Arc<Gadget>);

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Gadget")
    }
}

impl Plugged {
    /// The controller's port.
    #[must_use]
    pub fn port(&self) -> u32 {
        self.port
    }

    /// Resolves when the printer is no longer plugged in: by a fault, or because the kernel let it go.
    pub async fn unplugged(&self) {
        self.gadget.0.unplugged.cancelled().await;
    }

    /// Pulls the cable.
    pub fn unplug(self) {}
}

impl Drop for Plugged {
    fn drop(&mut self) {
        self.gadget.0.unplug();
        self.task.abort();
    }
}

/// Plugs the printer into the first free high-speed port. Must be called inside a tokio runtime.
///
/// # Errors
/// [`Error`]; the printer is then not plugged in.
pub fn plug(printer: &Printer) -> Result<Plugged, Error> {
    plug_at(Path::new(CONTROLLER), printer)
}

fn plug_at(controller: &Path, printer: &Printer) -> Result<Plugged, Error> {
    let (kernel, ours) = StdStream::pair().map_err(Error::Socket)?;
    ours.set_nonblocking(true).map_err(Error::Socket)?;
    let ours = UnixStream::from_std(ours).map_err(Error::Socket)?;
    let gadget = Gadget::start(printer);
    let port = match attach(controller, &kernel) {
        Ok(port) => port,
        Err(error) => {
            gadget.unplug();
            return Err(error);
        }
    };
    // The kernel holds its own reference now.
    drop(kernel);
    let device = Arc::clone(&gadget);
    let task = tokio::spawn(async move {
        if let Err(error) = urb::serve(ours, device).await {
            tracing::warn!(%error, "the kernel's end of the emulated cable broke");
        }
    });
    Ok(Plugged { port, task, gadget: Handle(gadget) })
}

/// Hands the kernel its end of the cable, at a free port. Another emulator may take that port between the look and
/// the attempt; then there is another look.
fn attach(controller: &Path, cable: &StdStream) -> Result<u32, Error> {
    let mut attempts = 0;
    loop {
        let port = free_port(controller)?;
        // The device id is only a name here; 0 is none.
        let line = format!("{port} {} {} {HIGH_SPEED}", cable.as_raw_fd(), 0x0001_0000 | (port + 2));
        match fs::write(controller.join("attach"), line) {
            Ok(()) => return Ok(port),
            Err(source) if source.kind() == io::ErrorKind::ResourceBusy && attempts < ATTEMPTS => attempts += 1,
            Err(source) => return Err(Error::Refused { port, source }),
        }
    }
}

fn free_port(controller: &Path) -> Result<u32, Error> {
    let mut text = fs::read_to_string(controller.join("status")).map_err(Error::NoController)?;
    for number in 1..CONTROLLERS {
        let path: PathBuf = controller.join(format!("status.{number}"));
        match fs::read_to_string(path) {
            Ok(more) => text.push_str(&more),
            Err(_) => break,
        }
    }
    find_free(&text).ok_or(Error::NoPort)
}

/// The first free high-speed port in the kernel's table: `hub port sta spd dev sockfd local_busid`.
fn find_free(table: &str) -> Option<u32> {
    table.lines().find_map(|line| {
        let mut fields = line.split_whitespace();
        let (hub, port, state) = (fields.next()?, fields.next()?, fields.next()?);
        if hub == "hs" && state == FREE { port.parse().ok() } else { None }
    })
}

#[cfg(test)]
mod tests {
    use super::find_free;

    #[test]
    fn the_first_free_high_speed_port() {
        let table = "hub port sta spd dev      sockfd local_busid\n\
                     hs  0000 006 003 00010002 000005 1-1\n\
                     hs  0001 004 000 00000000 000000 0-0\n\
                     ss  0008 004 000 00000000 000000 0-0\n";
        assert_eq!(find_free(table), Some(1));
        assert_eq!(find_free("hub port sta\nss 0008 004\n"), None);
        assert_eq!(find_free("hs"), None);
    }
}
