//! Our own `org.plugprint1.Prompter`: what the service asks for our job, handed on to who answers.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use tokio::sync::{mpsc, oneshot};
use zbus::message::Header;
use zbus::names::OwnedUniqueName;
use zbus::{Connection, ObjectPath, OwnedFd, OwnedVariant, interface};
use zeroize::Zeroizing;

use crate::secret;
use crate::wifi::Ssid;
use crate::wifi::host::networkmanager::{self, Withheld};
use crate::wps::pin;

use super::client::Client;
use super::exit::Error;
use super::memfd;
use super::output::plain;
use super::properties::Properties;
use super::proxy::{self, ManagerProxy, Options};

/// Where the object is on our connection.
const PATH: &str = "/org/plugprint1/cli/prompter";

/// What the service wants.
#[derive(Debug)]
pub enum Ask {
    /// An answer.
    Question(Question),
    /// A PIN to be seen.
    Pin(Shown),
    /// The password of this computer's own network was fetched from where it is kept, or why not.
    Fetched(Result<(), Withheld>),
    /// Whatever was asked or shown before this call is taken back. Calls are counted as the service numbers them,
    /// because they may overtake each other on their way here.
    Withdraw(u32),
}

/// A question.
#[derive(Debug)]
pub struct Question {
    /// What is asked.
    pub what: What,
    /// What belongs to it.
    pub about: About,
    /// The number of the call.
    pub serial: u32,
    reply: oneshot::Sender<Result<Answer, Refusal>>,
}

/// The kinds of questions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// For a secret of this kind.
    Secret(String),
    /// To do this.
    Action(String),
    /// For a yes to this.
    Confirmation(String),
}

/// What the service tells beside a question.
#[derive(Debug, Default)]
pub struct About {
    /// The network.
    pub ssid: Option<Ssid>,
    /// A sentence for people.
    pub text: String,
    /// Until when, CLOCK_BOOTTIME microseconds; 0 when unknown.
    pub deadline: u64,
    /// The router's address.
    pub router: String,
    /// Its page.
    pub router_url: String,
    /// The step at the printer's panel.
    pub step: String,
    /// The network is open.
    pub open: bool,
    /// The profile in which this computer keeps the network's password; empty where it is not this computer's own.
    pub connection: String,
}

/// A PIN, and what belongs to it.
#[derive(Debug)]
pub struct Shown {
    /// The PIN.
    pub pin: secret::Pin,
    /// What belongs to it.
    pub about: About,
    /// The number of the call.
    pub serial: u32,
}

/// An answer.
pub enum Answer {
    /// The secret.
    Secret(Zeroizing<Vec<u8>>),
    /// It is done.
    Done,
    /// Yes, or no.
    Confirmed(bool),
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Secret(_) => "Secret([redacted])",
            Self::Done => "Done",
            Self::Confirmed(true) => "Confirmed(true)",
            Self::Confirmed(false) => "Confirmed(false)",
        })
    }
}

/// Why there is no answer.
#[derive(Debug, zbus::DBusError)]
#[zbus(prefix = "org.plugprint1.Error")]
pub enum Refusal {
    /// The bus's own.
    #[zbus(error)]
    ZBus(zbus::Error),
    /// The person does not want to.
    Canceled(String),
    /// Nobody is here who could.
    NoPrompter(String),
    /// Whoever called has no business here.
    NotAuthorized(String),
}

impl Refusal {
    /// The person does not want to.
    #[must_use]
    pub fn declined() -> Self {
        Self::Canceled("The user does not want to.".to_owned())
    }

    /// Nobody is here who could answer this.
    #[must_use]
    pub fn nobody() -> Self {
        Self::NoPrompter("Nobody is here who could answer that.".to_owned())
    }
}

impl Question {
    /// Answers it. Nobody may wait for the answer any more.
    pub fn answer(self, answer: Result<Answer, Refusal>) {
        let _ = self.reply.send(answer);
    }
}

impl About {
    fn of(options: HashMap<String, OwnedVariant>, deadline: Option<u64>) -> Self {
        let options = Properties::new(options);
        Self {
            ssid: options.bytes("ssid").and_then(|bytes| Ssid::new(bytes).ok()),
            text: options.text("text"),
            deadline: deadline.unwrap_or_else(|| options.number("deadline")),
            router: options.text("router"),
            router_url: options.text("router-url"),
            step: options.text("step"),
            open: options.truth("open").unwrap_or_default(),
            connection: options.text("connection"),
        }
    }

    /// The network's name, for people; empty where it is not said.
    #[must_use]
    pub fn network(&self) -> String {
        self.ssid.as_ref().map(ToString::to_string).unwrap_or_default()
    }
}

/// The object on the bus.
struct Prompter {
    /// The service: others may not ask.
    owner: OwnedUniqueName,
    /// Our job: it may not be asked for others, either.
    job: String,
    asks: mpsc::Sender<Ask>,
    /// Where NetworkManager is, too.
    bus: Connection,
    /// The network of this computer that the user has agreed to share, until its password was asked for once.
    agreed: Mutex<Option<Ssid>>,
}

impl Prompter {
    fn admit(&self, header: &Header<'_>, job: Option<&ObjectPath<'_>>) -> Result<(), Refusal> {
        let from_service = header.sender().is_some_and(|sender| *sender == self.owner);
        if from_service && job.is_none_or(|job| job.as_str() == self.job) {
            return Ok(());
        }
        Err(Refusal::NotAuthorized("This prompter answers plugprintd, and for its own job.".to_owned()))
    }

    async fn tell(&self, ask: Ask) -> Result<(), Refusal> {
        self.asks.send(ask).await.map_err(|_| Refusal::nobody())
    }

    /// The password of this computer's own network, from where it is kept, where the user has agreed to exactly this.
    /// `None`: it has to be asked for.
    async fn fetch(&self, kind: &str, about: &About) -> Result<Option<secret::Passphrase>, Refusal> {
        let agreed = self.agreed.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (Some(ssid), "passphrase", false) = (&about.ssid, kind, about.connection.is_empty()) else {
            return Ok(None);
        };
        if agreed.as_ref() != Some(ssid) {
            return Ok(None);
        }
        let fetched = networkmanager::passphrase(&self.bus, &about.connection, ssid).await;
        self.tell(Ask::Fetched(fetched.as_ref().map(|_| ()).map_err(|why| *why))).await?;
        match fetched {
            Ok(passphrase) => Ok(Some(passphrase)),
            Err(Withheld::Enterprise) => Err(Refusal::declined()),
            Err(_) => Ok(None),
        }
    }

    async fn ask(&self, header: &Header<'_>, what: What, about: About) -> Result<Answer, Refusal> {
        let (reply, answer) = oneshot::channel();
        self.tell(Ask::Question(Question { what, about, serial: serial(header), reply })).await?;
        answer.await.unwrap_or_else(|_| Err(Refusal::nobody()))
    }
}

fn serial(header: &Header<'_>) -> u32 {
    header.primary().serial_num().get()
}

type Told = HashMap<String, OwnedVariant>;

#[interface(name = "org.plugprint1.Prompter", introspection_docs = false)]
impl Prompter {
    #[zbus(out_args("secret"))]
    async fn request_secret(
        &self,
        job: ObjectPath<'_>,
        kind: &str,
        options: Told,
        #[zbus(header)] header: Header<'_>,
    ) -> Result<OwnedFd, Refusal> {
        self.admit(&header, Some(&job))?;
        let about = About::of(options, None);
        let sealed = match self.fetch(kind, &about).await? {
            Some(passphrase) => memfd::sealed(passphrase.expose()),
            None => match self.ask(&header, What::Secret(plain(kind)), about).await? {
                Answer::Secret(secret) => memfd::sealed(&secret),
                Answer::Done | Answer::Confirmed(_) => return Err(Refusal::nobody()),
            },
        };
        sealed.map(Into::into).map_err(|error| Refusal::NoPrompter(error.to_string()))
    }

    async fn request_action(
        &self,
        job: ObjectPath<'_>,
        what: &str,
        deadline: u64,
        options: Told,
        #[zbus(header)] header: Header<'_>,
    ) -> Result<(), Refusal> {
        self.admit(&header, Some(&job))?;
        self.ask(&header, What::Action(plain(what)), About::of(options, Some(deadline))).await.map(|_| ())
    }

    #[zbus(out_args("confirmed"))]
    async fn request_confirmation(
        &self,
        job: ObjectPath<'_>,
        question: &str,
        options: Told,
        #[zbus(header)] header: Header<'_>,
    ) -> Result<bool, Refusal> {
        self.admit(&header, Some(&job))?;
        let about = About::of(options, None);
        let shared = about.ssid.clone().filter(|_| question == "share-network");
        let answer = self.ask(&header, What::Confirmation(plain(question)), about).await?;
        let yes = matches!(answer, Answer::Confirmed(true));
        if yes && shared.is_some() {
            *self.agreed.lock().unwrap_or_else(PoisonError::into_inner) = shared;
        }
        Ok(yes)
    }

    async fn display_pin(
        &self,
        job: ObjectPath<'_>,
        pin: &str,
        deadline: u64,
        options: Told,
        #[zbus(header)] header: Header<'_>,
    ) -> Result<(), Refusal> {
        self.admit(&header, Some(&job))?;
        let pin = pin::parse(pin).map_err(|_| Refusal::nobody())?;
        self.tell(Ask::Pin(Shown { pin, about: About::of(options, Some(deadline)), serial: serial(&header) })).await
    }

    async fn cancel(
        &self,
        job: ObjectPath<'_>,
        _reason: &str,
        _options: Told,
        #[zbus(header)] header: Header<'_>,
    ) -> Result<(), Refusal> {
        self.admit(&header, Some(&job))?;
        self.tell(Ask::Withdraw(serial(&header))).await
    }

    async fn release(&self, _options: Told, #[zbus(header)] header: Header<'_>) -> Result<(), Refusal> {
        self.admit(&header, None)?;
        self.tell(Ask::Withdraw(serial(&header))).await
    }
}

/// A prompter that the service knows.
pub struct Registered {
    connection: Connection,
    /// What is asked.
    pub asks: mpsc::Receiver<Ask>,
}

impl Registered {
    /// Registers a prompter for one job, which is asked for afterwards.
    ///
    /// # Errors
    /// What the service or the bus answers.
    pub async fn new(client: &Client, owner: &OwnedUniqueName, job: &str) -> Result<Self, Error> {
        let (tell, asks) = mpsc::channel(8);
        let connection = client.connection().clone();
        let (bus, agreed) = (connection.clone(), Mutex::default());
        let prompter = Prompter { owner: owner.clone(), job: job.to_owned(), asks: tell, bus, agreed };
        connection.object_server().at(PATH, prompter).await?;
        let registered = Self { connection, asks };
        registered.manager().await?.register_prompter(&ObjectPath::try_from(PATH)?, &Options::new()).await?;
        Ok(registered)
    }

    async fn manager(&self) -> Result<ManagerProxy<'static>, Error> {
        let builder = ManagerProxy::builder(&self.connection).path(proxy::ROOT);
        Ok(builder.cache_properties(zbus::proxy::CacheProperties::No).build().await?)
    }

    /// Takes it back. A service that has gone meanwhile has forgotten it anyway.
    pub async fn end(self) {
        if let (Ok(manager), Ok(path)) = (self.manager().await, ObjectPath::try_from(PATH)) {
            let _ = manager.unregister_prompter(&path, &Options::new()).await;
        }
        let _ = self.connection.object_server().remove::<Prompter, _>(PATH).await;
    }
}
