//! A printer behind the bridge: the memory bus at one end, real loopback sockets on ports that nobody else has at
//! the other. Time is real, because sockets are.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use plugprint::agent;
use plugprint::agent::view::State;
use plugprint::bridge::{self, Accounts, Limits, Names, Peers, Ports, Users};
use plugprint::config::Rules;
use plugprint::config::rules::Account;
use plugprint::emulator::{Model, Options, Printer};
use plugprint::printer::identity::PrinterId;
use plugprint::printer::quirks::Book;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::scene::Scene;

/// Nothing here takes this long, unless it hangs.
const HANG: Duration = Duration::from_secs(60);

pub async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(HANG, what).await.expect("this should have happened long ago")
}

/// Whoever the test says that asks.
pub struct Someone(AtomicU32);

/// The uid that stands for somebody who can't be identified.
pub const NOBODY: u32 = u32::MAX;

impl Someone {
    pub fn is(&self, uid: u32) {
        self.0.store(uid, Ordering::SeqCst);
    }
}

impl Peers for Someone {
    fn uid(&self, _: SocketAddr, _: SocketAddr) -> Option<u32> {
        Some(self.0.load(Ordering::SeqCst)).filter(|uid| *uid != NOBODY)
    }
}

/// Alice, who is in the group lp, and Bertha, who is not; 1002 is written down nowhere.
struct TheTwo;

impl Accounts for TheTwo {
    fn of(&self, uid: u32) -> Account {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        match uid {
            1000 => Account { names: owned(&["1000", "alice"]), groups: owned(&["1000", "alice", "7", "lp"]) },
            1001 => Account { names: owned(&["1001", "bertha"]), groups: owned(&["1001", "bertha"]) },
            uid => Account { names: vec![uid.to_string()], groups: vec![] },
        }
    }
}

pub struct Bridged {
    pub rules: watch::Sender<Option<Rules>>,
    pub scene: Scene,
    pub printer: Printer,
    pub id: PrinterId,
    pub port: u16,
    pub someone: Arc<Someone>,
    stop: CancellationToken,
    bridge: JoinHandle<()>,
}

impl Bridged {
    pub async fn new() -> Self {
        Self::with(Model::Inkjet, Options::default(), Limits::default()).await
    }

    pub async fn with(model: Model, options: Options, limits: Limits) -> Self {
        Self::on(Scene::new(), model, options, limits, None).await
    }

    /// Announced by the Avahi on this bus.
    pub async fn announced(model: Model, bus: zbus::Connection) -> Self {
        Self::on(Scene::new(), model, Options::default(), Limits::default(), Some(bus)).await
    }

    /// An inkjet on a computer that knows these quirks.
    pub async fn knowing(quirks: Book) -> Self {
        Self::knowing_with(quirks, Limits::default()).await
    }

    pub async fn knowing_with(quirks: Book, limits: Limits) -> Self {
        let settings = agent::Settings { quirks, ..agent::Settings::on(Arc::new(agent::NoHost)) };
        Self::on(Scene::with(settings), Model::Inkjet, Options::default(), limits, None).await
    }

    async fn on(scene: Scene, model: Model, options: Options, limits: Limits, avahi: Option<zbus::Connection>) -> Self {
        // One that has a fault from the beginning may never be through with what it is asked.
        let asked_for_ever = options.fault.is_some();
        let printer = scene.printer(model, options);
        scene.bus.plug(&printer);
        let (stop, someone) = (CancellationToken::new(), Arc::new(Someone(AtomicU32::new(1000))));
        let names = Names::default();
        names.add("desk.example.org");
        let rules = watch::Sender::new(None);
        let users = Users::new(rules.subscribe(), Arc::new(TheTwo));
        let options = bridge::Options {
            ports: Ports::unremembered(0..=0),
            names,
            peers: Arc::clone(&someone) as _,
            limits,
            users,
            ipv6: true,
            avahi,
        };
        let bridge = tokio::spawn(bridge::serve(scene.handle.clone(), options, stop.clone()));
        let (id, port) = if asked_for_ever { open(&scene, false).await } else { offered(&scene).await };
        Self { rules, scene, printer, id, port, someone, stop, bridge }
    }

    pub async fn close(self) {
        self.stop.cancel();
        soon(self.bridge).await.unwrap();
        self.scene.shutdown.cancel();
        soon(self.scene.agent).await.unwrap();
    }

    pub async fn connect(&self) -> Wire {
        Wire::connect(self.port).await
    }

    /// One request on a connection of its own.
    pub async fn ask(&self, request: &str) -> Reply {
        soon(async {
            let mut wire = self.connect().await;
            wire.send(request).await;
            wire.reply().await
        })
        .await
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: localhost:{}\r\n\r\n", self.port)).await
    }

    /// What the printer was asked from now on.
    pub fn asked(&self) -> Vec<String> {
        self.printer.requests()
    }
}

/// Waits until the printer is ready, and has a port.
pub async fn offered(scene: &Scene) -> (PrinterId, u16) {
    open(scene, true).await
}

async fn open(scene: &Scene, ready: bool) -> (PrinterId, u16) {
    scene
        .until("an address", |view| {
            view.printers.values().filter(|printer| !ready || printer.state == State::Ready).find_map(|printer| {
                let uri = &printer.addresses.as_ref()?.admin_uri;
                let port = uri.trim_end_matches('/').rsplit(':').next()?.parse().ok()?;
                Some((printer.id.clone(), port))
            })
        })
        .await
}

/// A client's connection.
pub struct Wire {
    pub stream: TcpStream,
    buffer: Vec<u8>,
}

#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
    /// The body came to its end.
    pub whole: bool,
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (field, value) = line.split_once(':')?;
            field.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Wire {
    pub async fn connect(port: u16) -> Self {
        Self::at(("127.0.0.1", port)).await
    }

    pub async fn at(address: (&str, u16)) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, buffer: Vec::new() }
    }

    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
    }

    async fn more(&mut self) -> usize {
        let mut piece = vec![0; 64 << 10];
        let length = self.stream.read(&mut piece).await.unwrap_or(0);
        self.buffer.extend_from_slice(&piece[..length]);
        length
    }

    /// How many bytes still come until the end.
    pub async fn rest(&mut self) -> usize {
        let mut length = self.buffer.len();
        let mut piece = vec![0; 64 << 10];
        while let Ok(more @ 1..) = self.stream.read(&mut piece).await {
            length += more;
        }
        length
    }

    /// The next head, with 1xx among them.
    pub async fn head(&mut self) -> String {
        loop {
            if let Some(end) = self.buffer.windows(4).position(|end| end == b"\r\n\r\n") {
                let head: Vec<u8> = self.buffer.drain(..end + 4).collect();
                return String::from_utf8(head).unwrap();
            }
            if self.more().await == 0 {
                assert!(self.buffer.is_empty(), "half a head: {:?}", String::from_utf8_lossy(&self.buffer));
                return String::new();
            }
        }
    }

    pub async fn reply(&mut self) -> Reply {
        self.reply_to("GET").await
    }

    pub async fn reply_to(&mut self, method: &str) -> Reply {
        let mut head = self.head().await;
        while head.starts_with("HTTP/1.1 100") {
            head = self.head().await;
        }
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        let mut reply = Reply { status, head, body: Vec::new(), whole: true };
        if method == "HEAD" || matches!(status, 0 | 204 | 304) {
            return reply;
        }
        if reply.header("transfer-encoding") == Some("chunked") {
            loop {
                while !self.buffer.windows(2).any(|end| end == b"\r\n") {
                    if self.more().await == 0 {
                        reply.whole = false;
                        return reply;
                    }
                }
                let end = self.buffer.windows(2).position(|end| end == b"\r\n").unwrap();
                let size = usize::from_str_radix(std::str::from_utf8(&self.buffer[..end]).unwrap(), 16).unwrap();
                while self.buffer.len() < end + 2 + size + 2 {
                    if self.more().await == 0 {
                        reply.whole = false;
                        return reply;
                    }
                }
                reply.body.extend_from_slice(&self.buffer[end + 2..end + 2 + size]);
                self.buffer.drain(..end + 2 + size + 2);
                if size == 0 {
                    return reply;
                }
            }
        }
        let length = reply.header("content-length").expect("a length").parse::<usize>().unwrap();
        while self.buffer.len() < length {
            if self.more().await == 0 {
                reply.whole = false;
                break;
            }
        }
        let length = length.min(self.buffer.len());
        reply.body = self.buffer.drain(..length).collect();
        reply
    }
}
