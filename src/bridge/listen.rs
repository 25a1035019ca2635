//! A printer's port: the same on both loopback addresses, the same after every plug.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::AsFd;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpSocket};

use super::Room;
use super::ports::Asker;
use crate::agent::view::PrinterView;
use crate::store::Save;

/// Connections that may wait in the kernel.
const BACKLOG: u32 = 256;

/// One port, on 127.0.0.1, on ::1, or on both. Never on a wildcard.
pub(super) struct Listeners {
    pub(super) port: u16,
    pub(super) v4: Option<TcpListener>,
    pub(super) v6: Option<TcpListener>,
}

/// Opens the printer's port: the one it had, else the first that is free.
///
/// # Errors
/// There is none.
pub(super) async fn open(room: &Arc<Room>, printer: &PrinterView) -> io::Result<Listeners> {
    let asker =
        Asker { vendor_id: printer.vendor_id, product_id: printer.product_id, serial_number: &printer.serial_number };
    let candidates = room.ports().candidates(&printer.id, &asker);
    let mut last = io::Error::from(io::ErrorKind::AddrInUse);
    for port in candidates {
        match bind(port, room.ipv6) {
            Ok(listeners) => {
                // Under the lock, so that two printers that come at the same time do not get one line.
                let save = room.ports().keep(&printer.id, listeners.port);
                if let Some(save) = save {
                    write(room, save).await;
                }
                return Ok(listeners);
            }
            Err(error) => {
                tracing::debug!(port, %error, "a port can't be had");
                last = error;
            }
        }
    }
    Err(last)
}

/// Writes it down, without holding up anybody else.
pub(super) async fn write(room: &Arc<Room>, save: Save) {
    let room = Arc::clone(room);
    // The disk may take its time.
    let _ = tokio::task::spawn_blocking(move || {
        if let Err(error) = save.write() {
            tracing::warn!(%error, "the printers' ports can't be remembered");
        }
        drop(room);
    })
    .await;
}

/// # Errors
/// Neither address can be had, or one is taken by somebody else.
fn bind(port: u16, ipv6: bool) -> io::Result<Listeners> {
    let v4 = bind_one(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port));
    let port = match &v4 {
        Ok(listener) => listener.local_addr()?.port(),
        Err(error) if missing(error) => port,
        Err(_) => return v4.map(|_| Listeners { port, v4: None, v6: None }),
    };
    if !ipv6 {
        return v4.map(|listener| Listeners { port, v4: Some(listener), v6: None });
    }
    let v6 = bind_one(SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), port));
    match (v4, v6) {
        (v4, Ok(listener)) => Ok(Listeners { port: listener.local_addr()?.port(), v4: v4.ok(), v6: Some(listener) }),
        (Ok(listener), Err(error)) if missing(&error) => Ok(Listeners { port, v4: Some(listener), v6: None }),
        (_, Err(error)) => Err(error),
    }
}

/// This computer does not have such an address.
fn missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::AddrNotAvailable | io::ErrorKind::Unsupported)
        || error.raw_os_error() == Some(rustix::io::Errno::AFNOSUPPORT.raw_os_error())
}

fn bind_one(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => {
            let socket = TcpSocket::new_v6()?;
            rustix::net::sockopt::set_ipv6_v6only(socket.as_fd(), true)?;
            socket
        }
    };
    // Only what waits for its last packets stands back; a listener of somebody else's is respected.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[tokio::test]
    async fn both_addresses_have_the_same_port_and_nobody_elses_is_taken() {
        let first = bind(0, true).unwrap();
        assert!(first.v4.is_some() && first.port != 0);
        let taken = bind(first.port, true).map(|listeners| listeners.port).unwrap_err();
        assert_eq!(taken.kind(), io::ErrorKind::AddrInUse);
        for listener in [first.v4, first.v6].into_iter().flatten() {
            let address = listener.local_addr().unwrap();
            assert!(address.ip().is_loopback() && address.port() == first.port, "{address}");
        }
    }

    #[tokio::test]
    async fn a_port_that_is_taken_on_one_address_is_not_used_on_the_other() {
        let taken = TcpListener::bind("[::1]:0").await.unwrap();
        let port = taken.local_addr().unwrap().port();
        assert!(bind(port, true).is_err());
        let only = bind(port, false).unwrap();
        assert!(only.v4.is_some() && only.v6.is_none());
    }
}
