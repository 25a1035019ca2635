//! Connections: accepting them, and what holds one up.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, OnceCell, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::gate::Client;
use super::lanes::Lanes;
use super::listen::Listeners;
use super::{FAREWELL, Limits, Room, relay};
use crate::agent::handle::Links;
use crate::http::Pool;
use crate::printer::identity::PrinterId;
use crate::printer::quirks::Quirks;

/// The most header fields of a request.
const MAX_HEADERS: usize = 100;
/// The largest head of a request, in bytes.
const HEAD: usize = 32 << 10;
/// The most of a body that waits in our memory in either direction, in bytes.
const BUFFER: usize = 64 << 10;
/// The pause after a connection could not be accepted, as when the process has too many files open.
const BREATH: Duration = Duration::from_millis(200);

/// One printer, as its clients see it.
pub(super) struct Bridge {
    pub(super) room: Arc<Room>,
    pub(super) printer: PrinterId,
    pub(super) pool: Pool,
    pub(super) quirks: Quirks,
    pub(super) port: u16,
    pub(super) lanes: Arc<Lanes>,
    connections: Arc<Semaphore>,
}

impl Bridge {
    pub(super) fn new(room: Arc<Room>, printer: PrinterId, links: Links, port: u16) -> Self {
        let Links { pool, quirks, .. } = links;
        let lanes = Arc::new(Lanes::new(pool.links()));
        let connections = Arc::new(Semaphore::new(room.limits.connections));
        Self { room, printer, pool, quirks, port, lanes, connections }
    }
}

/// Accepts connections until `stop`, then lets them end.
pub(super) async fn accept(bridge: Arc<Bridge>, listeners: Listeners, stop: CancellationToken) {
    let tasks = TaskTracker::new();
    // Also when this future is dropped because the printer is gone.
    let leaving = stop.child_token();
    let _leave = leaving.clone().drop_guard();
    let both = async {
        tokio::join!(
            accept_on(&bridge, listeners.v4.as_ref(), &tasks, &leaving),
            accept_on(&bridge, listeners.v6.as_ref(), &tasks, &leaving)
        )
    };
    stop.run_until_cancelled(both).await;
}

async fn accept_on(
    bridge: &Arc<Bridge>,
    listener: Option<&TcpListener>,
    tasks: &TaskTracker,
    leaving: &CancellationToken,
) {
    let Some(listener) = listener else { return };
    loop {
        // A place first: who has none waits in the kernel's queue.
        let Ok(here) = Arc::clone(&bridge.connections).acquire_owned().await else { return };
        let Ok(anywhere) = Arc::clone(&bridge.room.connections).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, remote)) => {
                let places = (here, anywhere);
                tasks.spawn(connection(Arc::clone(bridge), stream, remote, places, leaving.clone()));
            }
            Err(error) => {
                tracing::debug!(printer = %bridge.printer, %error, "a connection could not be accepted");
                sleep(BREATH).await;
            }
        }
    }
}

/// Serves one connection to its end.
async fn connection(
    bridge: Arc<Bridge>,
    stream: TcpStream,
    remote: SocketAddr,
    _places: (OwnedSemaphorePermit, OwnedSemaphorePermit),
    leaving: CancellationToken,
) {
    let Ok(local) = stream.local_addr() else { return };
    if !remote.ip().is_loopback() {
        return;
    }
    let _ = stream.set_nodelay(true);
    let limits = bridge.room.limits;
    let lanes = Arc::clone(&bridge.lanes);
    let client = Arc::new(Client { local, remote, uid: OnceCell::new() });
    let meter = Arc::new(Meter::default());
    let service = service_fn(|request| {
        let answer = relay::answer(Arc::clone(&bridge), Arc::clone(&client), request);
        async { Ok::<_, Infallible>(answer.await) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .title_case_headers(true)
        .max_headers(MAX_HEADERS)
        .max_header_size(HEAD)
        .max_buf_size(BUFFER)
        .auto_date_header(false)
        .serve_connection(TokioIo::new(Metered { stream, meter: Arc::clone(&meter) }), service);
    let mut served = std::pin::pin!(served);
    let outcome = tokio::select! {
        outcome = served.as_mut() => outcome,
        () = meter.stalled(&limits, &lanes) => {
            tracing::debug!(printer = %bridge.printer, "a client takes nothing more");
            return;
        }
        () = leaving.cancelled() => {
            served.as_mut().graceful_shutdown();
            tokio::select! {
                outcome = served.as_mut() => outcome,
                () = sleep(FAREWELL) => return,
            }
        }
    };
    if let Err(error) = outcome {
        tracing::debug!(printer = %bridge.printer, %error, "a connection has ended");
    }
}

/// Since when a client has not taken what we want to send.
#[derive(Default)]
struct Meter {
    since: Mutex<Option<Instant>>,
    blocked: Notify,
}

impl Meter {
    fn since(&self) -> Option<Instant> {
        *self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, pending: bool) {
        let mut since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        match (pending, *since) {
            (true, None) => {
                *since = Some(Instant::now());
                self.blocked.notify_one();
            }
            (false, Some(_)) => *since = None,
            _ => {}
        }
    }

    /// Ends when the client has taken nothing for too long. No timer runs while it takes everything.
    async fn stalled(&self, limits: &Limits, lanes: &Lanes) {
        loop {
            let Some(since) = self.since() else {
                self.blocked.notified().await;
                continue;
            };
            let waited = since.elapsed();
            if waited >= limits.patience || (waited >= limits.progress && lanes.contended()) {
                return;
            }
            let due = if waited >= limits.progress { Instant::now() } else { since };
            sleep_until(due + limits.progress).await;
        }
    }
}

/// The client's socket, with a look at whether it takes what we write.
struct Metered {
    stream: TcpStream,
    meter: Arc<Meter>,
}

impl AsyncRead for Metered {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Metered {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.meter.note(polled.is_pending());
        polled
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.meter.note(polled.is_pending());
        polled
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
