//! Asking a person through a client's `org.plugprint1.Prompter`.
//!
//! A call goes to the unique name of the connection that registered the object, starts nothing, and is answered by
//! that connection alone: what others send as an answer is not looked at. A prompter that says nothing, or
//! something else than what was asked, is as good as none. What it says in an error is not repeated anywhere: it
//! may be what a person has typed.
//!
//! The messages hold secrets by nature. zbus shows of a message its header and its body's signature, and is built
//! without its logging; nothing here logs more than names.

use std::collections::HashMap;
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio_util::sync::CancellationToken;
use zbus::message::{Flags, Type};
use zbus::names::OwnedUniqueName;
use zbus::{Connection, MatchRule, Message, MessageStream, OwnedObjectPath, Variant};
use zeroize::Zeroizing;

use crate::agent::prompt::{Act, Ask, BoxFuture, Prompter, Question, Reply, Shown, Typed, Unanswered};
use crate::agent::view::{BootTime, Caller, JobId};
use crate::agent::{Clock as _, ErrorKind, KernelClock};
use crate::dbus::descriptor;
use crate::dbus::error::full_name;
use crate::dbus::job_path;
use crate::dbus::prompters::{Prompters, Target};
use crate::dbus::session::{self, Session};
use crate::wps::registrar::manual::Router;

const INTERFACE: &str = "org.plugprint1.Prompter";
/// The longest that a person is waited for, whatever the deadline.
const LONGEST: Duration = Duration::from_secs(60 * 60);
/// How long a client may take to put a PIN on the screen.
const SHOWING: Duration = Duration::from_secs(25);
/// Replies of one prompter that wait to be looked at.
const QUEUE: NonZeroUsize = NonZeroUsize::new(8).unwrap();

/// The one who asks on behalf of one job's starter.
pub(crate) struct Asker {
    prompters: Arc<Prompters>,
    starter: Caller,
    name: OwnedUniqueName,
    session: Mutex<Option<Session>>,
    /// Where the job's PIN is on a screen.
    shown: Mutex<Option<Target>>,
    /// Cancel takes back whatever is open for a job, so it is sent before the next question is.
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl fmt::Debug for Asker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asker").field("starter", &self.starter).finish_non_exhaustive()
    }
}

impl Asker {
    pub(crate) async fn new(prompters: Arc<Prompters>, starter: Caller, name: OwnedUniqueName) -> Self {
        let asker =
            Self { prompters, starter, name, session: Mutex::default(), shown: Mutex::default(), turn: Arc::default() };
        asker.learn_session().await;
        asker
    }

    /// Finds out the starter's session, where it is not known and could matter.
    async fn learn_session(&self) {
        if lock(&self.session).is_none() && self.prompters.session_matters(&self.starter) {
            let session = session::of(&self.prompters.connection, &self.name, self.starter.uid).await;
            *lock(&self.session) = session;
        }
    }

    fn target(&self) -> Option<Target> {
        let session = lock(&self.session).clone();
        self.prompters.of(&self.starter, session.as_ref())
    }

    async fn ask(&self, job: &JobId, ask: Ask) -> Result<Reply, Unanswered> {
        self.learn_session().await;
        let target = self.target().ok_or(Unanswered::NoPrompter)?;
        let conversation = Conversation::new(Arc::clone(&self.prompters), target, self.starter.uid, job)?;
        let withdrawn = CancellationToken::new();
        let _withdraw = withdrawn.clone().drop_guard();
        // In a task of its own: whoever drops this future must not cut a message in two, and the prompter is
        // told that its answer is not needed any more.
        let turn = Arc::clone(&self.turn);
        let asked = tokio::spawn(async move {
            tokio::select! {
                biased;
                () = withdrawn.cancelled() => Err(Unanswered::NoPrompter),
                _turn = turn.lock() => conversation.ask(&ask, &withdrawn).await,
            }
        });
        asked.await.unwrap_or(Err(Unanswered::NoPrompter))
    }

    async fn display(&self, job: &JobId, shown: Shown) -> Result<(), Unanswered> {
        self.learn_session().await;
        let target = self.target().ok_or(Unanswered::NoPrompter)?;
        let conversation = Conversation::new(Arc::clone(&self.prompters), target.clone(), self.starter.uid, job)?;
        *lock(&self.shown) = Some(target);
        let turn = Arc::clone(&self.turn);
        let told = tokio::spawn(async move {
            let _turn = turn.lock().await;
            conversation.display(&shown).await
        });
        told.await.unwrap_or(Err(Unanswered::NoPrompter))
    }
}

impl Prompter for Asker {
    fn is_there(&self) -> bool {
        self.target().is_some()
    }

    fn ask<'a>(&'a self, job: &'a JobId, ask: Ask) -> BoxFuture<'a, Result<Reply, Unanswered>> {
        Box::pin(self.ask(job, ask))
    }

    fn display_pin<'a>(&'a self, job: &'a JobId, shown: Shown) -> BoxFuture<'a, Result<(), Unanswered>> {
        Box::pin(self.display(job, shown))
    }

    fn release<'a>(&'a self, job: &'a JobId, reason: &'a str) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let Some(target) = lock(&self.shown).take() else { return };
            let Ok(conversation) = Conversation::new(Arc::clone(&self.prompters), target, self.starter.uid, job) else {
                return;
            };
            let reason = if reason == "done" { "It is done.".to_owned() } else { format!("It ended: {reason}.") };
            let turn = Arc::clone(&self.turn);
            let taken_back = tokio::spawn(async move {
                let _turn = turn.lock().await;
                conversation.cancel(&reason).await;
            });
            let _ = taken_back.await;
        })
    }
}

/// Tells a prompter that it has been forgotten.
pub(crate) async fn release(connection: &Connection, target: &Target) {
    let none: HashMap<&str, Variant<'_>> = HashMap::new();
    if let Ok(message) = call(target, "Release", Flags::NO_REPLY_EXPECTED, &(none,)) {
        let _ = connection.send(&message).await;
    }
}

/// One question to one prompter.
struct Conversation {
    prompters: Arc<Prompters>,
    target: Target,
    uid: u32,
    job: OwnedObjectPath,
}

impl Conversation {
    fn new(prompters: Arc<Prompters>, target: Target, uid: u32, job: &JobId) -> Result<Self, Unanswered> {
        let job = job_path(job).map_err(|_| Unanswered::NoPrompter)?;
        Ok(Self { prompters, target, uid, job })
    }

    async fn ask(&self, ask: &Ask, withdrawn: &CancellationToken) -> Result<Reply, Unanswered> {
        let patience = patience(ask.deadline, LONGEST);
        let asked = tokio::select! {
            biased;
            () = withdrawn.cancelled() => Err(Some("The question is no longer open.")),
            () = self.target.gone.cancelled() => Err(None),
            answer = tokio::time::timeout(patience, self.put(ask, patience)) => answer.map_err(|_| Some("Time is up.")),
        };
        match asked {
            Ok(answer) => answer,
            Err(why) => {
                if let Some(reason) = why {
                    self.cancel(reason).await;
                }
                Err(Unanswered::NoPrompter)
            }
        }
    }

    async fn put(&self, ask: &Ask, patience: Duration) -> Result<Reply, Unanswered> {
        let began = tokio::time::Instant::now();
        let (kind, text) = words(&ask.question);
        let job = &self.job;
        let mut options: HashMap<&str, Variant<'_>> = HashMap::from([("text", Variant::from(text))]);
        if ask.deadline != BootTime(0) {
            options.insert("deadline", ask.deadline.0.into());
        }
        add_router(&mut options, ask.router.as_ref());
        match &ask.question {
            Question::Passphrase(ssid) => {
                options.insert("ssid", ssid.as_bytes().to_vec().into());
            }
            Question::OwnPassphrase { ssid, connection } => {
                options.insert("ssid", ssid.as_bytes().to_vec().into());
                options.insert("connection", connection.as_str().into());
            }
            Question::ShareNetwork { ssid, open } => {
                options.insert("ssid", ssid.as_bytes().to_vec().into());
                options.insert("open", (*open).into());
            }
            Question::Act(Act::Panel(step)) => {
                options.insert("step", (*step).into());
            }
            Question::PaperPin | Question::AdminPassword | Question::LabelPin | Question::Act(_) => {}
        }
        match &ask.question {
            Question::Passphrase(_)
            | Question::OwnPassphrase { .. }
            | Question::PaperPin
            | Question::AdminPassword
            | Question::LabelPin => {
                let reply = self.call("RequestSecret", &(job, kind, options)).await?;
                self.secret(reply, patience.saturating_sub(began.elapsed())).await
            }
            Question::ShareNetwork { .. } => {
                let reply = self.call("RequestConfirmation", &(job, kind, options)).await?;
                match reply.body().deserialize::<bool>() {
                    Ok(true) => Ok(Reply::Yes),
                    Ok(false) => Ok(Reply::No),
                    Err(_) => Err(self.rubbish()),
                }
            }
            Question::Act(_) => {
                let reply = self.call("RequestAction", &(job, kind, ask.deadline.0, options)).await?;
                reply.body().deserialize::<()>().map(|()| Reply::Yes).map_err(|_| self.rubbish())
            }
        }
    }

    async fn secret(&self, reply: Message, patience: Duration) -> Result<Reply, Unanswered> {
        let descriptor: zbus::OwnedFd = reply.body().deserialize().map_err(|_| self.rubbish())?;
        // It holds the same descriptor once more, and whatever others came with it.
        drop(reply);
        let held = self.prompters.desk.hold(self.uid).ok_or(Unanswered::NoPrompter)?;
        let read = descriptor::told(descriptor.into(), patience, held).await;
        let bytes = read.map_err(|refused| {
            tracing::info!(prompter = %self.target.owner, %refused, "a prompter's secret was not read");
            Unanswered::NoPrompter
        })?;
        Ok(Reply::Secret(Typed::new(without_end_of_line(bytes))))
    }

    async fn display(&self, shown: &Shown) -> Result<(), Unanswered> {
        let mut options = HashMap::from([("text", Variant::from("Type this PIN at the router."))]);
        add_router(&mut options, shown.router.as_ref());
        let body = (&self.job, shown.pin.expose(), shown.deadline.0, options);
        let displayed = tokio::select! {
            () = self.target.gone.cancelled() => return Err(Unanswered::NoPrompter),
            displayed = tokio::time::timeout(patience(shown.deadline, SHOWING), self.call("DisplayPin", &body)) => displayed,
        };
        displayed.unwrap_or(Err(Unanswered::NoPrompter)).map(|_| ())
    }

    async fn cancel(&self, reason: &str) {
        if self.target.gone.is_cancelled() {
            return;
        }
        let none: HashMap<&str, Variant<'_>> = HashMap::new();
        if let Ok(message) = call(&self.target, "Cancel", Flags::NO_REPLY_EXPECTED, &(&self.job, reason, none)) {
            let _ = self.prompters.connection.send(&message).await;
        }
    }

    /// Calls, and waits for what this prompter answers.
    async fn call<B>(&self, method: &str, body: &B) -> Result<Message, Unanswered>
    where
        B: serde::Serialize + zbus::DynamicType,
    {
        match self.exchange(method, body).await {
            Ok(reply) => Ok(reply),
            Err(Failed::Declined) => Err(Unanswered::Declined),
            Err(Failed::Error(name)) => {
                tracing::info!(prompter = %self.target.owner, method, error = name, "a prompter can't");
                Err(Unanswered::NoPrompter)
            }
            Err(Failed::Bus) => Err(Unanswered::NoPrompter),
        }
    }

    async fn exchange<B>(&self, method: &str, body: &B) -> Result<Message, Failed>
    where
        B: serde::Serialize + zbus::DynamicType,
    {
        let connection = &self.prompters.connection;
        let replies = async |kind| {
            let rule = MatchRule::builder().msg_type(kind).sender(self.target.owner.as_ref()).build()?;
            // Kept in this process: for what is sent to us alone the bus needs no rule.
            MessageStream::for_match_rule(rule, connection, Some(QUEUE)).await
        };
        let message = call(&self.target, method, Flags::empty(), body).map_err(|_| Failed::Bus)?;
        let serial = message.primary_header().serial_num();
        let returns = replies(Type::MethodReturn).await.map_err(|_: zbus::Error| Failed::Bus)?;
        let errors = replies(Type::Error).await.map_err(|_| Failed::Bus)?;
        // A message is sent whole, whatever becomes of the one who waits for its answer.
        let sending = connection.clone();
        let sent = tokio::spawn(async move { sending.send(&message).await });
        if !matches!(sent.await, Ok(Ok(()))) {
            return Err(Failed::Bus);
        }
        let mut answers = futures_util::stream::select(returns, errors);
        while let Some(answer) = answers.next().await {
            let answer = answer.map_err(|_| Failed::Bus)?;
            let header = answer.header();
            if header.reply_serial() != Some(serial) {
                continue;
            }
            if answer.message_type() == Type::MethodReturn {
                drop(header);
                return Ok(answer);
            }
            let name = header.error_name().map(|name| name.to_string()).unwrap_or_default();
            return Err(if name == full_name(ErrorKind::Canceled) { Failed::Declined } else { Failed::Error(name) });
        }
        Err(Failed::Bus)
    }

    fn rubbish(&self) -> Unanswered {
        tracing::info!(prompter = %self.target.owner, "a prompter's answer makes no sense");
        Unanswered::NoPrompter
    }
}

/// Why a call brought no answer.
enum Failed {
    Declined,
    /// The error's name.
    Error(String),
    Bus,
}

fn call<B>(target: &Target, method: &str, flags: Flags, body: &B) -> zbus::Result<Message>
where
    B: serde::Serialize + zbus::DynamicType,
{
    Message::method_call(&target.path, method)
        .destination(target.owner.as_ref())
        .interface(INTERFACE)
        .with_flags(flags | Flags::NO_AUTO_START)
        .build(body)
}

/// What is asked: its name on D-Bus, and a sentence for people.
fn words(question: &Question) -> (&'static str, String) {
    let (name, text) = match question {
        Question::Passphrase(ssid) | Question::OwnPassphrase { ssid, .. } => {
            ("passphrase", format!("What is the password of the Wi-Fi network \"{ssid}\"?"))
        }
        Question::PaperPin => ("paper-pin", "What is the WPS PIN on the page that the printer has printed?".to_owned()),
        Question::LabelPin => (
            "label-pin",
            "What is the PIN on the printer's label? It is inside, where the cartridges are; it is no WPS PIN."
                .to_owned(),
        ),
        Question::AdminPassword => ("admin-password", "What is the printer's administrator password?".to_owned()),
        Question::ShareNetwork { ssid, open: false } => (
            "share-network",
            format!("May the printer have this computer's Wi-Fi network \"{ssid}\" and its password?"),
        ),
        Question::ShareNetwork { ssid, open: true } => (
            "share-network",
            format!("May the printer join this computer's Wi-Fi network \"{ssid}\", which is open to everybody?"),
        ),
        Question::Act(act) => {
            let (name, text) = match act {
                Act::StartWpsOnPanel => ("start-wps-on-panel", "Start WPS by PIN on the printer's panel."),
                Act::TypePinAtRouter => ("type-pin-at-router", "Type the printer's PIN at the router."),
                Act::PressPrinterButton => (
                    "press-printer-button",
                    "Hold the printer's Wireless button for 3 seconds, until its light blinks.",
                ),
                Act::PressLitButton => ("press-printer-button", "Press the button that is lit on the printer."),
                Act::PressRouterButton => ("press-router-button", "Press the router's WPS button."),
                Act::Panel(step) => ("follow-panel", *step),
            };
            (name, text.to_owned())
        }
    };
    (name, text)
}

fn add_router(options: &mut HashMap<&str, Variant<'_>>, router: Option<&Router>) {
    let Some(router) = router else { return };
    options.insert("router", router.to_string().into());
    if let Some(url) = router.url() {
        options.insert("router-url", url.into());
    }
}

/// How long until then, and no longer than `most`; a deadline of 0 is none.
fn patience(deadline: BootTime, most: Duration) -> Duration {
    if deadline == BootTime(0) { most } else { KernelClock.now().until(deadline).min(most) }
}

/// What was typed without the end of the line that ended it.
fn without_end_of_line(mut bytes: Zeroizing<Vec<u8>>) -> Zeroizing<Vec<u8>> {
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
    }
    bytes
}

fn lock<T>(what: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}
