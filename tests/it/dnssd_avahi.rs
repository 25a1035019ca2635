//! An Avahi that is none: it publishes nothing, and remembers what it is told. It can have names already, say that one
//! collides afterwards, and go and come back.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use plugprint::emulator::broker::Broker;
use tokio::sync::watch;
use zbus::object_server::SignalEmitter;
use zbus::{Connection, OwnedObjectPath, interface};

use crate::bridge_support::soon;

const NAME: &str = "org.freedesktop.Avahi";

/// A service: instance, type, port, and its TXT record in order.
pub type Service = (String, String, u16, Vec<String>);

#[derive(Clone, Debug, Default)]
pub struct Published {
    /// By the group's path.
    pub groups: BTreeMap<String, Vec<Service>>,
    pub subtypes: BTreeSet<String>,
    committed: BTreeSet<String>,
    /// Names of others on this computer.
    taken: BTreeSet<String>,
    /// Names of others that it hears of only when it has asked around.
    heard: BTreeSet<String>,
    count: u32,
}

impl Published {
    /// What anybody would find: instances and types.
    pub fn found(&self) -> Vec<(String, String)> {
        let mut found: Vec<_> = self
            .groups
            .iter()
            .filter(|(path, _)| self.committed.contains(*path))
            .flat_map(|(_, services)| services)
            .map(|(name, kind, ..)| (name.clone(), kind.clone()))
            .collect();
        found.sort();
        found
    }

    /// The TXT record of the one service of this type.
    pub fn txt(&self, kind: &str) -> Vec<String> {
        let mut all = self.groups.values().flatten().filter(|service| service.1 == kind);
        let (Some(service), None) = (all.next(), all.next()) else { panic!("not one {kind}: {self:#?}") };
        service.3.clone()
    }
}

/// Its other end.
pub struct Avahi {
    pub published: Arc<watch::Sender<Published>>,
    connection: Connection,
}

impl Avahi {
    pub async fn on(broker: &Broker) -> Self {
        let published = Arc::new(watch::Sender::new(Published::default()));
        Self { connection: Self::connect(broker, &published).await, published }
    }

    async fn connect(broker: &Broker, published: &Arc<watch::Sender<Published>>) -> Connection {
        let connection = broker.connect().await.unwrap();
        connection.object_server().at("/", Server(Arc::clone(published))).await.unwrap();
        connection.request_name(NAME).await.unwrap();
        connection
    }

    /// It ends, and everything that it published; then another one is there.
    pub async fn restart(&mut self, broker: &Broker) {
        self.connection.release_name(NAME).await.unwrap();
        self.published.send_modify(|published| {
            published.groups.clear();
            published.committed.clear();
        });
        self.connection = Self::connect(broker, &self.published).await;
    }

    /// Somebody else has this name already; `heard`: that shows only later.
    pub fn is_taken(&self, name: &str, heard: bool) {
        self.published.send_modify(|published| {
            let names = if heard { &mut published.heard } else { &mut published.taken };
            names.insert(name.to_owned());
        });
    }

    /// Waits until what anybody would find is so.
    pub async fn until(&self, what: &str, mut so: impl FnMut(&Published) -> bool) -> Published {
        let mut seen = self.published.subscribe();
        let found = tokio::time::timeout(std::time::Duration::from_secs(30), seen.wait_for(|published| so(published)));
        match found.await {
            Ok(Ok(published)) => published.clone(),
            _ => panic!("never so: {what}; it is {:#?}", self.published.borrow()),
        }
    }

    /// Waits until the printer is there under this name.
    pub async fn until_named(&self, name: &str) -> Published {
        self.until(name, |published| published.found().contains(&(name.to_owned(), "_ipp._tcp".to_owned()))).await
    }
}

struct Server(Arc<watch::Sender<Published>>);

#[interface(name = "org.freedesktop.Avahi.Server", introspection_docs = false)]
impl Server {
    fn get_state(&self) -> i32 {
        2
    }

    fn get_host_name(&self) -> String {
        "study".to_owned()
    }

    fn get_host_name_fqdn(&self) -> String {
        "study.local".to_owned()
    }

    async fn entry_group_new(&self, #[zbus(object_server)] objects: &zbus::ObjectServer) -> OwnedObjectPath {
        let mut path = String::new();
        self.0.send_modify(|published| {
            published.count += 1;
            path = format!("/Client0/EntryGroup{}", published.count);
            published.groups.insert(path.clone(), Vec::new());
        });
        let group = Group { published: Arc::clone(&self.0), path: path.clone() };
        objects.at(path.as_str(), group).await.unwrap();
        OwnedObjectPath::try_from(path).unwrap()
    }

    #[zbus(signal)]
    async fn state_changed(emitter: &SignalEmitter<'_>, state: i32, error: &str) -> zbus::Result<()>;
}

struct Group {
    published: Arc<watch::Sender<Published>>,
    path: String,
}

#[derive(Debug, zbus::DBusError)]
#[zbus(prefix = "org.freedesktop.Avahi")]
enum Refused {
    #[zbus(error)]
    ZBus(zbus::Error),
    CollisionError(String),
}

#[interface(name = "org.freedesktop.Avahi.EntryGroup", introspection_docs = false)]
impl Group {
    #[allow(clippy::too_many_arguments)]
    fn add_service(
        &self,
        interface: i32,
        protocol: i32,
        flags: u32,
        name: String,
        kind: String,
        _domain: String,
        _host: String,
        port: u16,
        txt: Vec<Vec<u8>>,
    ) -> Result<(), Refused> {
        assert_eq!((interface, protocol, flags), (1, -1, 0), "not only on the loopback interface");
        let mut refused = self.published.borrow().taken.contains(&name);
        self.published.send_modify(|published| {
            refused |= published.groups.values().flatten().any(|one| (&one.0, &one.1) == (&name, &kind));
            if !refused {
                let txt = txt.into_iter().map(|string| String::from_utf8(string).unwrap()).collect();
                published.groups.get_mut(&self.path).unwrap().push((name, kind, port, txt));
            }
        });
        if refused { Err(Refused::CollisionError("Local name collision".to_owned())) } else { Ok(()) }
    }

    #[allow(clippy::too_many_arguments)]
    fn add_service_subtype(
        &self,
        _interface: i32,
        _protocol: i32,
        _flags: u32,
        _name: String,
        _kind: String,
        _domain: String,
        subtype: String,
    ) {
        self.published.send_modify(|published| {
            published.subtypes.insert(subtype);
        });
    }

    async fn commit(&self, #[zbus(signal_emitter)] emitter: SignalEmitter<'_>) {
        let mut collides = false;
        self.published.send_modify(|published| {
            collides = published.groups[&self.path].iter().any(|service| published.heard.contains(&service.0));
            if !collides {
                published.committed.insert(self.path.clone());
            }
        });
        for state in [1, if collides { 3 } else { 2 }] {
            Self::state_changed(&emitter, state, "").await.unwrap();
        }
    }

    async fn free(&self, #[zbus(object_server)] objects: &zbus::ObjectServer) {
        self.published.send_modify(|published| {
            published.groups.remove(&self.path);
            published.committed.remove(&self.path);
        });
        let _ = objects;
    }

    #[zbus(signal)]
    async fn state_changed(emitter: &SignalEmitter<'_>, state: i32, error: &str) -> zbus::Result<()>;
}

/// A broker with an Avahi on it.
pub async fn house() -> (Broker, Avahi) {
    let broker = soon(Broker::start()).await.unwrap();
    let avahi = soon(Avahi::on(&broker)).await;
    (broker, avahi)
}
