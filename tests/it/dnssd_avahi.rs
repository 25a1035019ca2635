//! An Avahi that is none: it publishes nothing, and remembers what it is told. It can have names already, say that one
//! collides afterwards, and go and come back.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

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

    fn get_domain_name(&self) -> String {
        "local".to_owned()
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
    fn add_record(
        &self,
        interface: i32,
        protocol: i32,
        flags: u32,
        name: String,
        class: u16,
        kind: u16,
        _ttl: u32,
        data: Vec<u8>,
    ) -> Result<(), Refused> {
        const PTR: u16 = 12;
        const SRV: u16 = 33;
        assert_eq!((interface, protocol, class), (1, -1, 1), "not only on the loopback interface");
        if kind == PTR {
            assert_eq!(flags, 0, "a type may be others' as well: {name}");
            self.published.send_modify(|published| {
                published
                    .subtypes
                    .extend(name.strip_suffix(".local").filter(|name| name.contains("._sub.")).map(str::to_owned));
            });
            return Ok(());
        }
        assert_eq!(flags, 3, "a name of one's own, without the second that it takes to ask who else has it: {name}");
        let (name, kind_of_service) = split(&name);
        let mut refused = self.published.borrow().taken.contains(&name);
        self.published.send_modify(|published| {
            let whose = |one: &Service| (&one.0, &one.1) == (&name, &kind_of_service);
            if kind == SRV {
                refused |= published.groups.values().flatten().any(whose);
                if !refused {
                    assert!(data.ends_with(b"\x05study\x05local\0"), "of another computer: {data:?}");
                    let port = u16::from_be_bytes([data[4], data[5]]);
                    let group = published.groups.get_mut(&self.path).unwrap();
                    group.push((name.clone(), kind_of_service.clone(), port, Vec::new()));
                }
            } else {
                let mut group = published.groups.get_mut(&self.path).unwrap().iter_mut();
                group.find(|one| whose(one)).expect("facts of a service that is there").3 = strings(&data);
            }
        });
        if refused { Err(Refused::CollisionError("Local name collision".to_owned())) } else { Ok(()) }
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

/// An instance's name, and its type, out of a record's name.
fn split(name: &str) -> (String, String) {
    let (label, rest) = name.split_once("._").unwrap();
    let mut bytes = Vec::new();
    let mut rest_of_label = label.bytes();
    while let Some(byte) = rest_of_label.next() {
        bytes.push(match (byte, rest_of_label.clone().next()) {
            (b'\\', Some(b'0'..=b'9')) => {
                let digits: Vec<u8> = rest_of_label.by_ref().take(3).collect();
                String::from_utf8(digits).unwrap().parse().unwrap()
            }
            (b'\\', _) => rest_of_label.next().unwrap(),
            _ => byte,
        });
    }
    (String::from_utf8(bytes).unwrap(), format!("_{}", rest.strip_suffix(".local").unwrap()))
}

/// What a TXT record says.
fn strings(mut data: &[u8]) -> Vec<String> {
    let mut strings = Vec::new();
    while let Some((length, rest)) = data.split_first() {
        let (string, rest) = rest.split_at((*length).into());
        strings.push(String::from_utf8(string.to_vec()).unwrap());
        data = rest;
    }
    strings
}

/// A broker with an Avahi on it.
pub async fn house() -> (Broker, Avahi) {
    let broker = soon(Broker::start()).await.unwrap();
    let avahi = soon(Avahi::on(&broker)).await;
    (broker, avahi)
}
