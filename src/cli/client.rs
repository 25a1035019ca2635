//! The connection to the service, and what is asked of it before anything else.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::StreamExt as _;
use zbus::fdo::DBusProxy;
use zbus::message::Type;
use zbus::names::{BusName, OwnedInterfaceName, OwnedUniqueName, WellKnownName};
use zbus::{Connection, MatchRule, MessageStream, OwnedObjectPath, OwnedVariant};

use super::exit::Error;
use super::output::{Output, plain};
use super::printers::{self, Printer};
use super::properties::Properties;
use super::proxy::{self, Options};

/// Longer than dbus-daemon gives a service to start (25 s), so that its own words arrive first.
const ANSWER: Duration = Duration::from_secs(30);

type Interfaces = HashMap<OwnedInterfaceName, HashMap<String, OwnedVariant>>;
type Objects = HashMap<OwnedObjectPath, Interfaces>;

/// A connection to the bus on which the service is, and how the command was called.
pub struct Client {
    connection: Connection,
    /// Where to write.
    pub output: Output,
    /// Whether `--experimental` was given.
    pub experimental: bool,
}

/// Everything that the service shows at one moment.
pub struct Inventory {
    /// The service's unique name: signals of anybody else are not listened to.
    pub owner: OwnedUniqueName,
    /// What is plugged in, by id.
    pub printers: Vec<Printer>,
    /// Running and finished jobs, by path.
    pub jobs: Vec<(String, Properties)>,
    /// What the manager says about itself.
    pub manager: Properties,
}

impl Client {
    /// Connects to the system bus, or to the one at this address.
    ///
    /// # Errors
    /// [`Error::Unreachable`].
    pub async fn connect(address: Option<&str>, output: Output, experimental: bool) -> Result<Self, Error> {
        let builder = match address {
            Some(address) => zbus::connection::Builder::address(address),
            None => zbus::connection::Builder::system(),
        };
        let connection = tokio::time::timeout(ANSWER, builder.build())
            .await
            .map_err(|_| Error::Unreachable("The message bus does not answer.".to_owned()))?
            .map_err(|error| Error::Unreachable(format!("The message bus can't be reached: {error}.")))?;
        Ok(Self { connection, output, experimental })
    }

    /// The connection itself.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The options that every call carries.
    #[must_use]
    pub fn options(&self) -> Options<'static> {
        let mut options = Options::new();
        if self.experimental {
            options.insert("experimental", true.into());
        }
        options
    }

    /// Everything that the service shows. The bus starts the service if need be.
    ///
    /// # Errors
    /// [`Error::Unreachable`]; what the service answers.
    pub async fn inventory(&self) -> Result<Inventory, Error> {
        let ask = async {
            let owner = self.owner().await?;
            let interface = Some("org.freedesktop.DBus.ObjectManager");
            let call = self.connection.call_method(Some(&*owner), proxy::ROOT, interface, "GetManagedObjects", &());
            Ok::<_, Error>((owner.clone(), call.await?.body().deserialize::<Objects>()?))
        };
        let (owner, objects) = tokio::time::timeout(ANSWER, ask)
            .await
            .map_err(|_| Error::Unreachable("The service plugprintd does not answer.".to_owned()))??;
        let mut inventory = Inventory { owner, printers: Vec::new(), jobs: Vec::new(), manager: Properties::default() };
        for (path, interfaces) in objects {
            inventory.add(plain(path.as_str()), interfaces);
        }
        inventory.printers.sort_by_cached_key(Printer::id);
        inventory.jobs.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(inventory)
    }

    /// Who has the service's name; the bus starts the service if nobody has.
    async fn owner(&self) -> Result<OwnedUniqueName, Error> {
        let bus = DBusProxy::new(&self.connection).await?;
        let name = BusName::try_from(proxy::SERVICE)?;
        match bus.get_name_owner(name.clone()).await {
            Err(zbus::fdo::Error::NameHasNoOwner(_)) => {}
            owner => return Ok(owner?),
        }
        let service = WellKnownName::try_from(proxy::SERVICE)?;
        bus.start_service_by_name(service, 0).await.map_err(|error| match Error::from(error) {
            Error::Service { message, .. } => Error::unreachable(&message),
            other => other,
        })?;
        Ok(bus.get_name_owner(name).await?)
    }

    /// The printer that is meant, once the service has got to know it.
    ///
    /// # Errors
    /// [`Error::NoSuchPrinter`]; as [`Client::inventory`].
    pub async fn printer(&self, wanted: Option<&str>) -> Result<(OwnedUniqueName, Printer), Error> {
        let inventory = self.inventory().await?;
        let printer = printers::choose(inventory.printers, wanted)?;
        if printer.state() != "probing" {
            return Ok((inventory.owner, printer));
        }
        let mut signals = self.signals_below(&inventory.owner, &printer.path).await?;
        let known = async {
            loop {
                let inventory = self.inventory().await?;
                let now = inventory.printers.into_iter().find(|candidate| candidate.path == printer.path);
                match now {
                    None => return Err(Error::NoSuchPrinter("The printer was unplugged.".to_owned())),
                    Some(printer) if printer.state() != "probing" => return Ok((inventory.owner, printer)),
                    Some(_) => {}
                }
                if signals.next().await.is_none() {
                    return Err(Error::Unreachable("The connection to the message bus is gone.".to_owned()));
                }
            }
        };
        self.output.note("The printer was plugged in just now; waiting until it is known …");
        tokio::time::timeout(Duration::from_secs(60), known)
            .await
            .map_err(|_| Error::of_job("Timeout", "The printer is still being asked what it can do."))?
    }

    /// The properties of one interface of one object.
    ///
    /// # Errors
    /// What the service answers.
    pub async fn properties(&self, path: &str, interface: &str) -> Result<Properties, Error> {
        let properties = Some("org.freedesktop.DBus.Properties");
        let reply = self.connection.call_method(Some(proxy::SERVICE), path, properties, "GetAll", &interface).await?;
        Ok(Properties::new(reply.body().deserialize()?))
    }

    /// Signals of the service's objects at and below this path.
    ///
    /// # Errors
    /// What the bus answers.
    pub async fn signals_below(&self, owner: &OwnedUniqueName, path: &str) -> Result<MessageStream, Error> {
        let rule = MatchRule::builder()
            .msg_type(Type::Signal)
            .sender(owner.clone())
            .path_namespace(path.to_owned())
            .build()?;
        Ok(MessageStream::for_match_rule(rule, &self.connection, None).await?)
    }

    /// Ends when the service leaves the bus, or the bus itself goes.
    ///
    /// # Errors
    /// What the bus answers.
    pub async fn departure(
        &self,
        owner: &OwnedUniqueName,
    ) -> Result<impl Future<Output = Error> + Send + use<>, Error> {
        let rule = MatchRule::builder()
            .msg_type(Type::Signal)
            .sender("org.freedesktop.DBus")
            .interface("org.freedesktop.DBus")
            .member("NameOwnerChanged")
            .arg(0, proxy::SERVICE)
            .build()?;
        let mut changes = MessageStream::for_match_rule(rule, &self.connection, None).await?;
        let owner = owner.clone();
        Ok(async move {
            while let Some(Ok(message)) = changes.next().await {
                let body = message.body();
                if let Ok((proxy::SERVICE, old, _)) = body.deserialize::<(&str, &str, &str)>()
                    && old == owner.as_str()
                {
                    return Error::Unreachable("The service plugprintd has left the bus.".to_owned());
                }
            }
            Error::Unreachable("The connection to the message bus is gone.".to_owned())
        })
    }
}

impl Inventory {
    fn add(&mut self, path: String, mut interfaces: Interfaces) {
        let mut take = |name: &str| {
            let key = interfaces.keys().find(|key| key.as_str() == name).cloned()?;
            interfaces.remove(&key).map(Properties::new)
        };
        if let Some(properties) = take(proxy::PRINTER) {
            self.printers.push(Printer { path, properties, wps: take(proxy::WPS), wifi: take(proxy::WIFI) });
        } else if let Some(properties) = take(proxy::JOB) {
            self.jobs.push((path, properties));
        } else if let Some(properties) = take(proxy::MANAGER) {
            self.manager = properties;
        }
    }
}
