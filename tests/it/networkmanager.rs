//! A NetworkManager that is none: it says what a test says, and notes who asks for secrets.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use plugprint::emulator::broker::Broker;
use plugprint::wifi::host::networkmanager::NAME;
use zbus::message::Header;
use zbus::{Connection, ObjectPath, OwnedObjectPath, OwnedVariant, Variant, interface};

pub const UUID: &str = "6cbab77b-91dd-4080-8d77-45dd030a6e18";
const PROFILE: &str = "/org/freedesktop/NetworkManager/Settings/3";
const DEVICE: &str = "/org/freedesktop/NetworkManager/Devices/7";
const ACTIVE: &str = "/org/freedesktop/NetworkManager/ActiveConnection/1";

type Section = HashMap<String, OwnedVariant>;
type Sections = HashMap<String, Section>;

/// What an access point says of itself.
#[derive(Clone, Debug)]
pub struct Point {
    pub ssid: Vec<u8>,
    pub mhz: u32,
    pub flags: u32,
    pub wpa: u32,
    pub rsn: u32,
    pub address: &'static str,
}

impl Point {
    /// WPA2 with a passphrase on channel 1, as hostapd 2.10 was seen by NetworkManager 1.42.
    pub fn home() -> Self {
        Self { ssid: b"Home".to_vec(), mhz: 2412, flags: 0x3, wpa: 0, rsn: 0x188, address: "02:00:00:00:00:00" }
    }
}

/// How GetSecrets ends.
#[derive(Clone, Copy, Debug)]
pub enum Secret {
    Psk(&'static str),
    /// No agent of the session has it.
    None,
    Error(&'static str),
}

/// What there is.
#[derive(Clone, Debug)]
pub struct Script {
    /// The first one is that of this computer.
    pub points: Vec<Point>,
    /// NMDeviceState.
    pub state: u32,
    /// NM80211Mode.
    pub mode: u32,
    pub hidden: bool,
    /// `key-mgmt` of the profile; none where there is no such section.
    pub management: Option<&'static str>,
    pub enterprise: bool,
    /// Whether GetSettings is refused: another user's profile.
    pub private: bool,
    pub secret: Secret,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            points: vec![Point::home()],
            state: 100,
            mode: 2,
            hidden: false,
            management: Some("wpa-psk"),
            enterprise: false,
            private: false,
            secret: Secret::Psk("correct horse battery"),
        }
    }
}

/// Its other end.
pub struct NetworkManager {
    _connection: Connection,
    calls: Arc<Mutex<Vec<String>>>,
}

impl NetworkManager {
    pub async fn on(broker: &Broker, script: Script) -> Self {
        let connection = broker.connect().await.unwrap();
        let calls = Arc::new(Mutex::new(Vec::new()));
        let server = connection.object_server();
        server.at("/org/freedesktop", Objects(script.clone())).await.unwrap();
        server.at("/org/freedesktop/NetworkManager/Settings", Settings).await.unwrap();
        server.at(PROFILE, Profile { script, calls: Arc::clone(&calls) }).await.unwrap();
        connection.request_name(NAME).await.unwrap();
        Self { _connection: connection, calls }
    }

    /// Who asked for what of the profile.
    pub fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }
}

#[derive(Debug, zbus::DBusError)]
#[zbus(prefix = "org.freedesktop.NetworkManager")]
enum Refusal {
    #[zbus(error)]
    ZBus(zbus::Error),
    #[zbus(name = "Settings.PermissionDenied")]
    PermissionDenied(String),
    #[zbus(name = "AgentManager.NoSecrets")]
    NoSecrets(String),
    #[zbus(name = "Settings.InvalidConnection")]
    InvalidConnection(String),
}

fn value<'a>(value: impl Into<Variant<'a>>) -> OwnedVariant {
    value.into().try_into_owned().unwrap()
}

fn section<const N: usize>(entries: [(&str, OwnedVariant); N]) -> Section {
    entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn at(path: &str) -> Variant<'static> {
    Variant::from(ObjectPath::try_from(path.to_owned()).unwrap())
}

struct Objects(Script);

#[interface(name = "org.freedesktop.DBus.ObjectManager", introspection_docs = false)]
impl Objects {
    fn get_managed_objects(&self) -> HashMap<OwnedObjectPath, Sections> {
        let Script { points, state, mode, .. } = &self.0;
        let mut objects = HashMap::new();
        let mut add = |path: &str, interfaces: Vec<(&str, Section)>| {
            let interfaces = interfaces.into_iter().map(|(name, section)| (name.to_owned(), section)).collect();
            objects.insert(OwnedObjectPath::try_from(path.to_owned()).unwrap(), interfaces);
        };
        add("/org/freedesktop/NetworkManager", vec![(NAME, section([("PrimaryConnection", value(at(ACTIVE)))]))]);
        let point = |nth: usize| format!("/org/freedesktop/NetworkManager/AccessPoint/{nth}");
        let here = if points.is_empty() { "/".to_owned() } else { point(0) };
        add(
            DEVICE,
            vec![
                (
                    "org.freedesktop.NetworkManager.Device",
                    section([("State", value(*state)), ("ActiveConnection", value(at(ACTIVE)))]),
                ),
                (
                    "org.freedesktop.NetworkManager.Device.Wireless",
                    section([("Mode", value(*mode)), ("ActiveAccessPoint", value(at(&here)))]),
                ),
            ],
        );
        add(
            ACTIVE,
            vec![(
                "org.freedesktop.NetworkManager.Connection.Active",
                section([("Uuid", value(UUID)), ("Connection", value(at(PROFILE)))]),
            )],
        );
        for (nth, one) in points.iter().enumerate() {
            let says = section([
                ("Ssid", value(one.ssid.clone())),
                ("Frequency", value(one.mhz)),
                ("Flags", value(one.flags)),
                ("WpaFlags", value(one.wpa)),
                ("RsnFlags", value(one.rsn)),
                ("Strength", value(90_u8)),
                ("HwAddress", value(one.address)),
            ]);
            add(&point(nth), vec![("org.freedesktop.NetworkManager.AccessPoint", says)]);
        }
        objects
    }
}

struct Settings;

#[interface(name = "org.freedesktop.NetworkManager.Settings", introspection_docs = false)]
impl Settings {
    fn get_connection_by_uuid(&self, uuid: &str) -> Result<OwnedObjectPath, Refusal> {
        if uuid == UUID {
            Ok(OwnedObjectPath::try_from(PROFILE).unwrap())
        } else {
            Err(Refusal::InvalidConnection("No connection with the UUID was found.".to_owned()))
        }
    }
}

struct Profile {
    script: Script,
    calls: Arc<Mutex<Vec<String>>>,
}

impl Profile {
    fn note(&self, header: &Header<'_>) {
        let (member, sender) = (header.member().unwrap(), header.sender().unwrap());
        self.calls.lock().unwrap().push(format!("{member} {sender}"));
    }
}

#[interface(name = "org.freedesktop.NetworkManager.Settings.Connection", introspection_docs = false)]
impl Profile {
    fn get_settings(&self, #[zbus(header)] header: Header<'_>) -> Result<Sections, Refusal> {
        self.note(&header);
        let Script { points, hidden, management, enterprise, private, .. } = &self.script;
        if *private {
            return Err(Refusal::PermissionDenied("uid 990 has no permission to perform this operation".to_owned()));
        }
        let ssid = points.first().map(|point| point.ssid.clone()).unwrap_or_default();
        let mut sections = HashMap::from([(
            "802-11-wireless".to_owned(),
            section([("ssid", value(ssid)), ("hidden", value(*hidden))]),
        )]);
        if let Some(management) = management {
            sections.insert("802-11-wireless-security".to_owned(), section([("key-mgmt", value(*management))]));
        }
        if *enterprise {
            sections.insert("802-1x".to_owned(), section([("identity", value("alice"))]));
        }
        Ok(sections)
    }

    fn get_secrets(&self, name: &str, #[zbus(header)] header: Header<'_>) -> Result<Sections, Refusal> {
        self.note(&header);
        assert_eq!(name, "802-11-wireless-security");
        let psk = match self.script.secret {
            Secret::Psk(psk) => section([("psk", value(psk))]),
            Secret::None => Section::new(),
            Secret::Error("PermissionDenied") => return Err(Refusal::PermissionDenied("not authorized".to_owned())),
            Secret::Error(_) => return Err(Refusal::NoSecrets("No agents were available".to_owned())),
        };
        Ok(HashMap::from([(name.to_owned(), psk), ("connection".to_owned(), Section::new())]))
    }
}
