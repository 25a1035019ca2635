//! A bus, a stand-in PolicyKit1 and an agent whose picture the test paints.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::dbus_polkit::{Answer, StandIn};
use futures_util::StreamExt as _;
use plugprint::agent::handle::{Addresses, Holder, Request};
use plugprint::agent::view::{
    Associated, BootTime, Caller, JobId, JobResult, JobView, Mode, PinKind, PrinterView, StartOptions, State, Task,
    Transport, View, WifiView, WpsView,
};
use plugprint::agent::{ErrorKind, Failure, Handle};
use plugprint::blame::Party;
use plugprint::dbus;
use plugprint::emulator::broker::Broker;
use plugprint::printer::capability::{Capability, Evidence, ReportKind};
use plugprint::printer::identity::PrinterId;
use plugprint::secret::Pin;
use plugprint::usb::Address;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use zbus::message::{Flags, Type};
use zbus::{Connection, MatchRule, Message, MessageStream, OwnedObjectPath, OwnedVariant, Variant};

/// Nothing here takes this long, unless it hangs.
const HANG: Duration = Duration::from_secs(20);

/// A canary: it must show up in one message only.
pub const PIN: &str = "12345670";

pub type Dictionary = HashMap<String, OwnedVariant>;

/// Fails the test instead of hanging it.
pub async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(HANG, what).await.expect("this should have happened long ago")
}

pub fn options<const N: usize>(
    entries: [(&'static str, Variant<'static>); N],
) -> HashMap<&'static str, Variant<'static>> {
    entries.into_iter().collect()
}

pub fn laserjet() -> PrinterId {
    PrinterId::from_text("03f0_002a_vnb3r12345").unwrap()
}

pub const LASERJET: &str = "/org/plugprint1/printers/03f0_002a_vnb3r12345";

/// A printer that can do everything, as the agent would show it.
pub fn printer() -> PrinterView {
    PrinterView {
        quirks: [("init-delay".to_owned(), "1 (/etc/plugprint/quirks/own.conf:2)".to_owned())].into(),
        id: laserjet(),
        manufacturer: "HP".into(),
        model: "HP LaserJet Professional P1102w".into(),
        serial_number: "VNB3R12345".into(),
        uuid: "434e4633-3531-3130-3232-d48564b8a0c1".into(),
        vendor_id: 0x03f0,
        product_id: 0x002a,
        address: Address { bus: 1, device: 4 },
        state: State::Ready,
        state_reason: String::new(),
        mode: Mode::Driverless,
        transport: Transport::Usb,
        capabilities: BTreeMap::from([
            (Capability::ReportNetwork, Evidence::Listed),
            (Capability::ReadPin, Evidence::Confirmed),
        ]),
        reports: vec![ReportKind::Network],
        wifi: Some(WifiView {
            power: Some(true),
            associated: Associated::Yes,
            signal_dbm: Some(-54),
            addresses: vec!["192.0.2.7".parse().unwrap()],
        }),
        wps: Some(WpsView { methods: vec!["read-pin"], pin_kind: PinKind::Dynamic }),
        addresses: Some(Addresses {
            uri: "ipp://localhost:60000/ipp/print".into(),
            admin_uri: "http://localhost:60000/".into(),
        }),
        current_job: None,
    }
}

/// A memfd with this in it, as callers of `JoinWithSecret` and `WritePin` send it.
pub fn sealed(content: &[u8]) -> File {
    use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
    let memfd = memfd_create("secret", MemfdFlags::ALLOW_SEALING | MemfdFlags::CLOEXEC).unwrap();
    let mut memfd = File::from(memfd);
    memfd.write_all(content).unwrap();
    fcntl_add_seals(&memfd, SealFlags::WRITE | SealFlags::SHRINK | SealFlags::GROW).unwrap();
    memfd
}

/// What the pretended agent was asked.
#[derive(Debug)]
#[expect(dead_code, reason = "compared as a whole")]
pub enum Asked {
    Start { task: Task, caller: Caller, options: StartOptions },
    Cancel { job: JobId, caller: Caller },
    Keep { job: JobId, keep: bool },
    GetResult { job: JobId },
    SetMode { mode: Mode },
    Inhibit { holder: Holder },
    OpenPages { uid: u32 },
    CallerLeft { bus_name: String },
    Sleep,
    Wake,
}

impl PartialEq for Asked {
    fn eq(&self, other: &Self) -> bool {
        format!("{self:?}") == format!("{other:?}")
    }
}

/// The service on a bus of its own.
pub struct House {
    pub broker: Broker,
    pub polkit: StandIn,
    /// Has polkit's name.
    _polkit_connection: Connection,
    view: Arc<watch::Sender<Arc<View>>>,
    asked: mpsc::UnboundedReceiver<Asked>,
    /// What finished jobs have for their starter; a PIN, unless a test says otherwise.
    result: Arc<Mutex<JobResult>>,
    stop: CancellationToken,
    served: JoinHandle<Result<(), dbus::ServeError>>,
}

impl House {
    pub async fn open(answer: Answer) -> Self {
        let broker = Broker::start().await.unwrap();
        let polkit_connection = broker.connect().await.unwrap();
        let polkit = StandIn::serve(&polkit_connection, answer).await.unwrap();

        let mut picture = View::default();
        picture.printers.insert(laserjet(), Arc::new(printer()));
        let (view, seen) = watch::channel(Arc::new(picture));
        let view = Arc::new(view);
        let (requests, incoming) = mpsc::channel(16);
        let (tell, asked) = mpsc::unbounded_channel();
        let result = Arc::new(Mutex::new(JobResult::Pin {
            pin: Pin::new(PIN.into()),
            deadline: BootTime(120_000_000),
            deadline_source: "walk-time",
            kind: PinKind::Dynamic,
        }));
        tokio::spawn(pretend(incoming, Arc::clone(&view), Arc::clone(&result), tell));

        let stop = CancellationToken::new();
        let connection = broker.connect().await.unwrap();
        let served = tokio::spawn(dbus::serve(connection, Handle::new(requests, seen), stop.clone()));
        let house = Self { broker, polkit, _polkit_connection: polkit_connection, view, asked, result, stop, served };
        let client = house.client().await;
        soon(client.waits_for_service()).await;
        house
    }

    pub async fn client(&self) -> Client {
        Client { connection: self.broker.connect().await.unwrap() }
    }

    /// What the agent hears next.
    pub async fn asked(&mut self) -> Asked {
        soon(self.asked.recv()).await.unwrap()
    }

    /// Whether the agent has not been asked anything since.
    pub fn asked_nothing(&mut self) -> bool {
        self.asked.try_recv().is_err()
    }

    /// Paints the picture anew.
    pub fn paint(&self, change: impl FnOnce(&mut View)) {
        repaint(&self.view, change);
    }

    pub fn paint_printer(&self, change: impl FnOnce(&mut PrinterView)) {
        self.paint(|view| {
            let mut printer = PrinterView::clone(&view.printers[&laserjet()]);
            change(&mut printer);
            view.printers.insert(laserjet(), Arc::new(printer));
        });
    }

    pub fn paint_job(&self, id: &str, change: impl FnOnce(&mut JobView)) {
        let id = JobId(id.into());
        self.paint(|view| {
            let mut job = JobView::clone(&view.jobs[&id]);
            change(&mut job);
            view.jobs.insert(id, Arc::new(job));
        });
    }

    /// What finished jobs have for their starter from now on.
    pub fn will_give(&self, result: JobResult) {
        *self.result.lock().unwrap() = result;
    }

    /// Ends the job well.
    pub fn finish_job(&self, id: &str, outcome: Result<(), Failure>) {
        self.paint_job(id, |job| {
            (job.stage, job.progress, job.cancelable, job.outcome) = ("done", Some(1.0), false, Some(outcome));
        });
    }

    pub async fn close(mut self) -> Result<(), dbus::ServeError> {
        self.stop().await
    }

    /// Stops the service; the bus goes on.
    pub async fn stop(&mut self) -> Result<(), dbus::ServeError> {
        self.stop.cancel();
        soon(&mut self.served).await.unwrap()
    }
}

fn repaint(view: &watch::Sender<Arc<View>>, change: impl FnOnce(&mut View)) {
    view.send_modify(|view| {
        let mut picture = View::clone(view);
        change(&mut picture);
        *view = Arc::new(picture);
    });
}

/// An agent that takes everything: a job is in the picture before its start is answered; one whose token says
/// so is over by then.
async fn pretend(
    mut requests: mpsc::Receiver<Request>,
    view: Arc<watch::Sender<Arc<View>>>,
    result: Arc<Mutex<JobResult>>,
    tell: mpsc::UnboundedSender<Asked>,
) {
    while let Some(request) = requests.recv().await {
        let (asked, answer): (Asked, Box<dyn FnOnce() + Send>) = match request {
            Request::Start { printer, task, caller, options, reply } => {
                let id = JobId(options.handle_token.clone().unwrap_or_else(|| "j1".into()));
                let over = id.0.starts_with("over");
                let job = JobView {
                    id: id.clone(),
                    kind: task.kind(),
                    printer,
                    stage: if over { "done" } else { "waiting" },
                    progress: None,
                    user_action: "",
                    deadline: None,
                    started_by: caller.clone(),
                    cancelable: !over,
                    outcome: over.then_some(Ok(())),
                };
                repaint(&view, |view| {
                    view.jobs.insert(id.clone(), Arc::new(job));
                });
                (Asked::Start { task, caller, options }, Box::new(move || drop(reply.send(Ok(id)))))
            }
            Request::Cancel { job, caller, reply } => {
                (Asked::Cancel { job, caller }, Box::new(move || drop(reply.send(Ok(())))))
            }
            Request::Keep { job, keep, reply, .. } => {
                (Asked::Keep { job, keep }, Box::new(move || drop(reply.send(Ok(())))))
            }
            Request::GetResult { job, reply, .. } => {
                let result = result.lock().unwrap().clone();
                (Asked::GetResult { job }, Box::new(move || drop(reply.send(Ok(result)))))
            }
            Request::OpenPages { uid, reply, .. } => {
                (Asked::OpenPages { uid }, Box::new(move || drop(reply.send(Ok("http://localhost:60000/".to_owned())))))
            }
            Request::SetMode { mode, reply, .. } => {
                (Asked::SetMode { mode }, Box::new(move || drop(reply.send(Ok(())))))
            }
            // A hold is made by the real agent only.
            Request::Inhibit { holder, reply, .. } => {
                let failure = Failure::new(ErrorKind::Busy, Party::Caller, "It can't be had now.");
                (Asked::Inhibit { holder }, Box::new(move || drop(reply.send(Err(failure)))))
            }
            // Only the bridge asks these.
            Request::Links { .. } | Request::Bridged { .. } | Request::PagesOpen { .. } => continue,
            Request::Sleep { reply } => (Asked::Sleep, Box::new(move || drop(reply.send(Ok(()))))),
            Request::Wake => (Asked::Wake, Box::new(|| ())),
            Request::CallerLeft { bus_name } => (Asked::CallerLeft { bus_name }, Box::new(|| ())),
        };
        let _ = tell.send(asked);
        answer();
    }
}

/// One connection of a client.
pub struct Client {
    pub connection: Connection,
}

impl Client {
    pub fn name(&self) -> String {
        self.connection.unique_name().unwrap().to_string()
    }

    async fn waits_for_service(&self) {
        let bus = zbus::fdo::DBusProxy::new(&self.connection).await.unwrap();
        let mut changes = bus.receive_name_owner_changed_with_args(&[(0, dbus::NAME)]).await.unwrap();
        if !bus.name_has_owner(dbus::NAME.try_into().unwrap()).await.unwrap() {
            changes.next().await;
        }
    }

    /// Calls a method of the service, as a client without the ALLOW_INTERACTIVE_AUTHORIZATION flag does.
    pub async fn call<B>(&self, path: &str, interface: &str, method: &str, body: &B) -> Result<Message, zbus::Error>
    where
        B: serde::Serialize + zbus::DynamicType,
    {
        soon(self.connection.call_method(Some(dbus::NAME), path, Some(interface), method, body)).await
    }

    /// The same with the flag.
    pub async fn call_interactively<B>(
        &self,
        path: &str,
        interface: &str,
        method: &str,
        body: &B,
    ) -> Result<Message, zbus::Error>
    where
        B: serde::Serialize + zbus::DynamicType,
    {
        let call = Message::method_call(path, method)
            .destination(dbus::NAME)
            .interface(interface)
            .with_flags(Flags::ALLOW_INTERACTIVE_AUTH)
            .build(body)
            .unwrap();
        let mut answers = MessageStream::from(&self.connection);
        self.connection.send(&call).await.unwrap();
        let serial = call.primary_header().serial_num();
        soon(async {
            loop {
                let message = answers.next().await.unwrap().unwrap();
                if message.header().reply_serial() == Some(serial) {
                    return match message.message_type() {
                        Type::Error => Err(message.into()),
                        _ => Ok(message),
                    };
                }
            }
        })
        .await
    }

    pub async fn property(&self, path: &str, interface: &str, name: &str) -> OwnedVariant {
        self.call(path, "org.freedesktop.DBus.Properties", "Get", &(interface, name))
            .await
            .unwrap()
            .body()
            .deserialize()
            .unwrap()
    }

    pub async fn print_report(&self) -> OwnedObjectPath {
        path_of(&self.call(LASERJET, PRINTER, "PrintReport", &("network", options([]))).await.unwrap())
    }

    /// Everything that the service says to everybody, and answers to this client, in order.
    pub async fn listen(&self) -> MessageStream {
        let rule = MatchRule::builder().msg_type(Type::Signal).path_namespace(dbus::ROOT).build().unwrap();
        let bus = zbus::fdo::DBusProxy::new(&self.connection).await.unwrap();
        bus.add_match_rule(rule).await.unwrap();
        MessageStream::from(&self.connection)
    }
}

/// The next signal of this name.
pub async fn signal(stream: &mut MessageStream, name: &str) -> Message {
    soon(async {
        loop {
            let message = stream.next().await.unwrap().unwrap();
            if message.message_type() == Type::Signal && message.header().member().is_some_and(|m| *m == name) {
                return message;
            }
        }
    })
    .await
}

pub const MANAGER: &str = "org.plugprint1.Manager";
pub const PRINTER: &str = "org.plugprint1.Printer";
pub const WIFI: &str = "org.plugprint1.Wifi";
pub const PROMPTER: &str = "org.plugprint1.Prompter";
pub const WPS: &str = "org.plugprint1.Wps";
pub const JOB: &str = "org.plugprint1.Job";

pub fn path_of(answer: &Message) -> OwnedObjectPath {
    answer.body().deserialize().unwrap()
}

/// The last part of an error's name, and what it says.
pub fn error_of<T: std::fmt::Debug>(answer: Result<T, zbus::Error>) -> (String, String) {
    match answer.unwrap_err() {
        zbus::Error::MethodError(name, message, _) => {
            let name = name.as_str();
            let short = name.strip_prefix("org.plugprint1.Error.").unwrap_or(name);
            (short.to_owned(), message.unwrap_or_default())
        }
        other => panic!("no answer of the service: {other}"),
    }
}
