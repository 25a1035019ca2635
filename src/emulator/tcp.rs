//! The printer's HTTP server on a TCP port, for tests that want the printer without a cable: IPP and eSCL clients
//! can be pointed at it. Faults work as far as TCP can show them: where USB would hang or stall, it hangs; responses are never early.

use std::future::pending;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError};

use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::http::{self, Desk, Slot};
use super::printer::Printer;
use super::script::Step;
use super::stream::Control;

/// Connections at the same time; more wait.
const CONNECTIONS: usize = 64;

/// Opens the port.
///
/// # Errors
/// What the system says, and [`std::io::ErrorKind::InvalidInput`] for an address that others can reach.
pub async fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    if !address.ip().is_loopback() {
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, "only a loopback address is served"));
    }
    TcpListener::bind(address).await
}

/// Serves until the listener fails; dropping it ends every connection.
///
/// # Errors
/// What accepting a connection fails with.
pub async fn serve(listener: TcpListener, printer: Printer) -> std::io::Result<()> {
    let mut connections = JoinSet::new();
    loop {
        while connections.len() >= CONNECTIONS {
            connections.join_next().await;
        }
        let (stream, _) = listener.accept().await?;
        connections.spawn(speak(stream, printer.clone()));
        while connections.try_join_next().is_some() {}
    }
}

async fn speak(mut stream: TcpStream, printer: Printer) {
    let _ = stream.set_nodelay(true);
    let (control, slot) = (Arc::new(Control::default()), Slot::default());
    let desk = Desk { printer, pipe: None };
    let service = service_fn(|request| http::answer(desk.clone(), request, Arc::clone(&control), Arc::clone(&slot)));
    let served = hyper::server::conn::http1::Builder::new()
        .title_case_headers(true)
        .header_read_timeout(None)
        .auto_date_header(false)
        .serve_connection(TokioIo::new(&mut stream), service)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "the emulated printer ends a connection");
    }
    let script = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
    // A client that has gone makes writing fail; then there is nothing more to play.
    let _ = play(script.unwrap_or_default(), &mut stream).await;
}

async fn play(steps: Vec<Step>, stream: &mut TcpStream) -> std::io::Result<()> {
    for step in steps {
        match step {
            Step::Bytes(bytes) => stream.write_all(&bytes).await?,
            Step::Pieces(mut bytes, length, apart) => {
                while !bytes.is_empty() {
                    stream.write_all(&bytes.split_to(bytes.len().min(length))).await?;
                    tokio::time::sleep(apart).await;
                }
            }
            Step::Forever(bytes) => loop {
                stream.write_all(&bytes).await?;
            },
            Step::Hang | Step::Wedge | Step::Deadlock | Step::Stall(_) => pending().await,
            // Nothing on TCP shows where a transfer ends.
            Step::End | Step::Zero | Step::Taken => {}
            Step::Unplug => return Ok(()),
        }
    }
    stream.shutdown().await
}
