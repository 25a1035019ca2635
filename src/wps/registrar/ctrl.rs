//! The control socket of hostapd (and of wpa_supplicant, which has the same): Unix datagrams, a command in one, its
//! reply in another (hostap `src/common/wpa_ctrl.c` \[C\]).
//!
//! Our end has an address that the kernel makes up (autobind, `unix(7)`), so there is no file of ours to be found,
//! and a service with a /tmp of its own is reached as well. It is connected, so that nobody but the peer can send to
//! it. Each command has a socket of its own: a reply that comes too late reaches nobody.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use tokio::net::UnixDatagram;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};
use zeroize::Zeroizing;

use super::Error;
use super::event::{self, Event, MAX_DATAGRAM};

/// A longer reply is malformed, in bytes (hostapd's own buffer for one has as many).
const MAX_REPLY: usize = 4096;
/// Events that wait for the one who asked for them; further ones are counted and lost.
const MAX_WAITING: usize = 256;
/// After so long without any event the other side is asked whether it is still there.
const QUIET: Duration = Duration::from_secs(10);

/// One end of a control connection.
#[derive(Debug)]
pub(super) struct Socket {
    datagrams: UnixDatagram,
    path: PathBuf,
    attached: bool,
}

impl Socket {
    pub(super) fn connect(path: &Path) -> Result<Self, Error> {
        let datagrams = connected(path).map_err(|error| explain(&error, path))?;
        Ok(Self { datagrams, path: path.to_owned(), attached: false })
    }

    /// Sends a command and waits for its reply; both may carry secrets. `name` is what errors may say of it.
    async fn ask(&self, name: &'static str, command: &[u8], patience: Duration) -> Result<Zeroizing<Vec<u8>>, Error> {
        let until = Instant::now() + patience;
        let no_answer = |_| Error::NoAnswer { after: patience };
        self.at(timeout_at(until, self.datagrams.send(command)).await.map_err(no_answer)?)?;
        loop {
            // One byte more than is taken shows that there was more.
            let reply = timeout_at(until, self.receive(MAX_REPLY + 1)).await.map_err(no_answer)??;
            match reply.len() {
                _ if event::is_event(&reply) => {}
                ..=MAX_REPLY => return Ok(reply),
                _ => return Err(Error::Malformed { command: name }),
            }
        }
    }

    async fn receive(&self, limit: usize) -> Result<Zeroizing<Vec<u8>>, Error> {
        let mut buffer = Zeroizing::new(vec![0; limit]);
        let length = self.at(self.datagrams.recv(&mut buffer).await)?;
        buffer.truncate(length);
        Ok(buffer)
    }

    fn at<T>(&self, result: io::Result<T>) -> Result<T, Error> {
        result.map_err(|error| explain(&error, &self.path))
    }

    /// From now on events come here.
    async fn attach(&mut self, patience: Duration) -> Result<(), Error> {
        // Even where the answer is lost the other side may have done it.
        self.attached = true;
        expect_ok("ATTACH", &self.ask("ATTACH", b"ATTACH", patience).await?)
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.attached {
            // hostapd notices by itself, after several events, where this does not reach it.
            let _unsent = self.datagrams.try_send(b"DETACH");
        }
    }
}

fn connected(path: &Path) -> io::Result<UnixDatagram> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::DGRAM, flags, None)?;
    rustix::net::bind(&socket, &SocketAddrUnix::new_unnamed())?;
    rustix::net::connect(&socket, &SocketAddrUnix::new(path)?)?;
    UnixDatagram::from_std(socket.into())
}

fn explain(error: &io::Error, path: &Path) -> Error {
    let path = path.to_owned();
    match error.kind() {
        io::ErrorKind::NotFound => Error::NotRunning { path },
        io::ErrorKind::PermissionDenied => Error::Denied { path },
        io::ErrorKind::ConnectionRefused
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::NotConnected
        | io::ErrorKind::BrokenPipe => Error::Gone { path },
        kind => Error::Io { path, kind },
    }
}

/// Sends one command on a socket of its own.
pub(super) async fn ask(
    path: &Path,
    name: &'static str,
    command: &[u8],
    patience: Duration,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    Socket::connect(path)?.ask(name, command, patience).await
}

/// The reply to a command that either does something or does not.
pub(super) fn expect_ok(command: &'static str, reply: &[u8]) -> Result<(), Error> {
    match reply.trim_ascii() {
        b"OK" | b"PONG" => Ok(()),
        b"FAIL-PBC-OVERLAP" => Err(Error::Overlap),
        b"UNKNOWN COMMAND" => Err(Error::NotBuiltIn { command }),
        reply if reply.starts_with(b"FAIL") => Err(Error::Refused { command }),
        _ => Err(Error::Malformed { command }),
    }
}

/// Subscribes to events. They come until the receiver is dropped, or the other side is gone.
pub(super) async fn events(path: &Path, patience: Duration) -> Result<mpsc::Receiver<Event>, Error> {
    let mut socket = Socket::connect(path)?;
    socket.attach(patience).await?;
    let (sender, receiver) = mpsc::channel(MAX_WAITING);
    tokio::spawn(async move {
        let gone = tokio::select! {
            gone = forward(&socket, &sender, patience) => gone,
            () = sender.closed() => return,
        };
        // The last one waits for its place: without it a reader would wait for ever.
        let _nobody = sender.send(Event::Gone(gone)).await;
    });
    Ok(receiver)
}

/// Forwards events until the other side is gone.
async fn forward(socket: &Socket, sender: &mpsc::Sender<Event>, patience: Duration) -> Error {
    let mut missed = 0;
    let mut asked = false;
    loop {
        let datagram = match timeout(if asked { patience } else { QUIET }, socket.receive(MAX_DATAGRAM)).await {
            Ok(Ok(datagram)) => datagram,
            Ok(Err(error)) => return error,
            Err(_) if asked => return Error::NoAnswer { after: patience },
            // Nothing tells a datagram socket that its peer has ended.
            Err(_) => match socket.at(socket.datagrams.try_send(b"PING")) {
                Ok(_) => {
                    asked = true;
                    continue;
                }
                Err(error) => return error,
            },
        };
        asked = false;
        if !event::is_event(&datagram) {
            continue;
        }
        let event = event::parse(&datagram);
        if matches!(event, Event::Terminating) {
            return Error::Gone { path: socket.path.clone() };
        }
        if missed > 0 && sender.try_send(Event::Missed(missed)).is_ok() {
            missed = 0;
        }
        if sender.try_send(event).is_err() {
            missed += 1;
        }
    }
}
