//! NetworkManager, over D-Bus; wpa_supplicant or iwd is behind it (its D-Bus reference, 1.42).
//!
//! What everybody may read comes in one call. The secret of a profile is given to its owner's own programs only, and
//! only where polkit agrees: asked for by the user's own command line, never by the service.

use std::collections::HashMap;
use std::time::Duration;

use zbus::fdo::DBusProxy;
use zbus::names::{BusName, OwnedInterfaceName};
use zbus::proxy::CacheProperties;
use zbus::{Connection, Message, OwnedObjectPath, OwnedVariant, Variant};

use super::{HostNetwork, Unknown, Wps};
use crate::secret::Passphrase;
use crate::wifi::{Band, Security, Ssid, passphrase};

/// Its name on the system bus.
pub const NAME: &str = "org.freedesktop.NetworkManager";
/// Where its ObjectManager is, by which libnm too learns everything.
const OBJECTS: &str = "/org/freedesktop";
const MANAGER: &str = "/org/freedesktop/NetworkManager";
const SETTINGS: &str = "/org/freedesktop/NetworkManager/Settings";

const DEVICE: &str = "org.freedesktop.NetworkManager.Device";
const WIRELESS: &str = "org.freedesktop.NetworkManager.Device.Wireless";
const ACCESS_POINT: &str = "org.freedesktop.NetworkManager.AccessPoint";
const ACTIVE: &str = "org.freedesktop.NetworkManager.Connection.Active";
const PROFILES: &str = "org.freedesktop.NetworkManager.Settings";
const PROFILE: &str = "org.freedesktop.NetworkManager.Settings.Connection";

/// A profile's sections.
const SECTION_WIRELESS: &str = "802-11-wireless";
const SECTION_SECURITY: &str = "802-11-wireless-security";
const SECTION_ENTERPRISE: &str = "802-1x";

/// How long it may take to say where this computer is.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long it may take to give the secret: polkit may ask the user for a password first.
const SECRET_PATIENCE: Duration = Duration::from_secs(120);
/// Access points that are looked at. wpa_supplicant remembers 200 of each interface.
const MAX_ACCESS_POINTS: usize = 1024;

/// NM_DEVICE_STATE_ACTIVATED.
const ACTIVATED: u32 = 100;
/// NM_802_11_MODE_INFRA: a station of an access point.
const INFRASTRUCTURE: u32 = 2;

/// NM80211ApFlags.
mod flags {
    pub(super) const PRIVACY: u32 = 0x1;
    pub(super) const WPS: u32 = 0x2;
    pub(super) const WPS_BUTTON: u32 = 0x4;
    pub(super) const WPS_PIN: u32 = 0x8;
}

/// NM80211ApSecurityFlags.
mod keys {
    pub(super) const PSK: u32 = 0x100;
    pub(super) const ENTERPRISE: u32 = 0x200 | 0x2000;
    pub(super) const SAE: u32 = 0x400;
    pub(super) const OWE: u32 = 0x800;
}

type Properties = HashMap<String, OwnedVariant>;
type Objects = HashMap<OwnedObjectPath, HashMap<OwnedInterfaceName, Properties>>;
type Profile = HashMap<String, Properties>;

/// The network that this computer is on, without any secret. Whoever asks may: what is told to its owner only
/// ([`HostNetwork::hidden`]) stays unknown for others.
///
/// # Errors
/// Why it is not known.
pub async fn look(connection: &Connection) -> Result<HostNetwork, Unknown> {
    let looked = async {
        if !runs(connection).await? {
            return Err(Unknown::Absent);
        }
        let objects = "org.freedesktop.DBus.ObjectManager";
        let objects = call(connection, OBJECTS, objects, "GetManagedObjects", &()).await?;
        let objects: Objects = objects.body().deserialize().map_err(|_| Unknown::Unreadable)?;
        let (mut network, path) = read(&objects)?;
        // Refused where the profile belongs to another user.
        if let Ok(profile) = call(connection, path.as_str(), PROFILE, "GetSettings", &()).await
            && let Ok(profile) = profile.body().deserialize::<Profile>()
        {
            refine(&mut network, &profile);
        }
        Ok(network)
    };
    tokio::time::timeout(PATIENCE, looked).await.unwrap_or(Err(Unknown::Silent))
}

/// Why NetworkManager did not give a passphrase. In words that continue a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Withheld {
    /// It does not run, or does not answer.
    #[error("NetworkManager does not answer")]
    Silent,
    /// The profile is no longer there, or is another network's.
    #[error("NetworkManager knows no such network")]
    NoProfile,
    /// This user may not have it.
    #[error("NetworkManager does not let you have it")]
    NotAllowed,
    /// Each user of the network has a password of their own.
    #[error("it is WPA Enterprise: its password is yours alone, and no printer may have it")]
    Enterprise,
    /// The network has no passphrase.
    #[error("the network has no such password")]
    NoPassphrase,
    /// The keyring of the session has to be asked for it, and does not have it, is locked, or is not there.
    #[error("neither NetworkManager nor this session's keyring has it")]
    NotStored,
    /// What is stored is no passphrase.
    #[error("what NetworkManager has is none: {0}")]
    Unusable(passphrase::Error),
}

/// The passphrase of this profile, which must be that of this network. Call it as its owner, after the owner agreed.
///
/// What is kept of it is wiped; the message that it came in is zbus's, and is freed as it is.
///
/// # Errors
/// Why it can't be had; a person can still type it, except where it is [`Withheld::Enterprise`].
pub async fn passphrase(connection: &Connection, profile: &str, ssid: &Ssid) -> Result<Passphrase, Withheld> {
    let path = tokio::time::timeout(PATIENCE, find(connection, profile, ssid)).await;
    let path = path.unwrap_or(Err(Withheld::Silent))?;
    let ask = ask(connection, path.as_str(), PROFILE, "GetSecrets", &SECTION_SECURITY);
    let reply = match tokio::time::timeout(SECRET_PATIENCE, ask).await {
        Ok(Ok(reply)) => reply,
        Ok(Err(error)) => return Err(withheld(&error)),
        Err(_) => return Err(Withheld::Silent),
    };
    let body = reply.body();
    let sections: HashMap<&str, HashMap<&str, Variant<'_>>> = body.deserialize().map_err(|_| Withheld::NotStored)?;
    match sections.get(SECTION_SECURITY).and_then(|section| section.get("psk")) {
        Some(Variant::Str(psk)) if !psk.as_str().is_empty() => {
            passphrase::parse(psk.as_str().as_bytes()).map_err(Withheld::Unusable)
        }
        _ => Err(Withheld::NotStored),
    }
}

/// The profile's path, where it is that of this network and has a passphrase.
async fn find(connection: &Connection, uuid: &str, ssid: &Ssid) -> Result<OwnedObjectPath, Withheld> {
    if !runs(connection).await.map_err(|_| Withheld::Silent)? {
        return Err(Withheld::Silent);
    }
    let found = ask(connection, SETTINGS, PROFILES, "GetConnectionByUuid", &uuid).await;
    let path: OwnedObjectPath = match found.map_err(|error| withheld(&error)) {
        Ok(found) => found.body().deserialize().map_err(|_| Withheld::Silent)?,
        Err(Withheld::NotStored) => return Err(Withheld::NoProfile),
        Err(why) => return Err(why),
    };
    let profile = ask(connection, path.as_str(), PROFILE, "GetSettings", &()).await;
    let profile = profile.map_err(|error| withheld(&error))?;
    let profile: Profile = profile.body().deserialize().map_err(|_| Withheld::Silent)?;
    if bytes(&profile, SECTION_WIRELESS, "ssid").as_deref() != Some(ssid.as_bytes()) {
        return Err(Withheld::NoProfile);
    }
    match method(&profile) {
        Method::Enterprise => Err(Withheld::Enterprise),
        Method::Passphrase => Ok(path),
        Method::Other => Err(Withheld::NoPassphrase),
    }
}

/// How this computer itself is let in.
enum Method {
    Passphrase,
    Enterprise,
    Other,
}

fn method(profile: &Profile) -> Method {
    let management = profile.get(SECTION_SECURITY).and_then(|section| text(section, "key-mgmt"));
    match management {
        _ if profile.contains_key(SECTION_ENTERPRISE) => Method::Enterprise,
        Some(management) if management.starts_with("wpa-eap") || management == "ieee8021x" => Method::Enterprise,
        Some("wpa-psk" | "sae") => Method::Passphrase,
        _ => Method::Other,
    }
}

/// What the objects say; and the profile's path.
fn read(objects: &Objects) -> Result<(HostNetwork, OwnedObjectPath), Unknown> {
    let primary = objects
        .iter()
        .find(|(path, _)| path.as_str() == MANAGER)
        .and_then(|(_, interfaces)| path(of(interfaces, NAME)?, "PrimaryConnection"));
    let mut stations: Vec<(&OwnedObjectPath, &Properties, &Properties)> = objects
        .iter()
        .filter_map(|(path, interfaces)| Some((path, of(interfaces, DEVICE)?, of(interfaces, WIRELESS)?)))
        .filter(|(_, device, _)| number(device, "State") == Some(ACTIVATED))
        .collect();
    if stations.is_empty() {
        return Err(Unknown::NotOnWifi);
    }
    stations.retain(|(_, _, wireless)| number(wireless, "Mode") == Some(INFRASTRUCTURE));
    // Where there are several, the one that leads to the world.
    let leads = |device: &Properties| path(device, "ActiveConnection").is_some_and(|active| Some(active) == primary);
    stations.sort_by_key(|(path, device, _)| (!leads(device), path.as_str().to_owned()));
    let (_, device, wireless) = stations.first().ok_or(Unknown::AccessPoint)?;

    let active = path(device, "ActiveConnection").and_then(|active| object(objects, active, ACTIVE));
    let active = active.ok_or(Unknown::Unreadable)?;
    let point = path(wireless, "ActiveAccessPoint").filter(|point| *point != "/").ok_or(Unknown::NotOnWifi)?;
    let point = object(objects, point, ACCESS_POINT).ok_or(Unknown::Unreadable)?;
    let ssid = ssid(point).filter(|ssid| !ssid.is_empty()).ok_or(Unknown::Unreadable)?;

    let near = objects.values().take(MAX_ACCESS_POINTS).filter_map(|interfaces| of(interfaces, ACCESS_POINT));
    let alike = near.filter(|other| self::ssid(other).as_ref() == Some(&ssid));
    let mut bands = Vec::new();
    for band in std::iter::once(point).chain(alike).filter_map(band) {
        if !bands.contains(&band) {
            bands.push(band);
        }
    }
    let says = number(point, "Flags").unwrap_or_default();
    let network = HostNetwork {
        security: security(point),
        bands,
        signal_percent: byte(point, "Strength").filter(|percent| *percent <= 100),
        // Behind iwd access points are made up, and say nothing.
        wps: (!is_made_up(point)).then_some(Wps {
            offered: says & flags::WPS != 0,
            button: says & flags::WPS_BUTTON != 0,
            pin: says & flags::WPS_PIN != 0,
        }),
        hidden: None,
        connection: text(active, "Uuid").ok_or(Unknown::Unreadable)?.to_owned(),
        ssid,
    };
    let profile = path(active, "Connection").ok_or(Unknown::Unreadable)?;
    Ok((network, OwnedObjectPath::try_from(profile.to_owned()).map_err(|_| Unknown::Unreadable)?))
}

/// What its profile adds, where it may be read.
fn refine(network: &mut HostNetwork, profile: &Profile) {
    let hidden = profile.get(SECTION_WIRELESS).and_then(|section| section.get("hidden"));
    network.hidden = Some(matches!(hidden.map(|value| &**value), Some(Variant::Bool(true))));
    if matches!(method(profile), Method::Enterprise) {
        network.security = Security::Enterprise;
    }
}

/// How an access point is secured. One that takes both a shared passphrase and users with names counts as the latter:
/// which of the two this computer uses is its owner's to know.
fn security(point: &Properties) -> Security {
    let of = |name| number(point, name).unwrap_or_default();
    let (wpa, rsn) = (of("WpaFlags"), of("RsnFlags"));
    let either = wpa | rsn;
    if either & keys::ENTERPRISE != 0 {
        return Security::Enterprise;
    }
    match (wpa & keys::PSK != 0, rsn & keys::PSK != 0, either & keys::SAE != 0) {
        (_, true, true) | (true, _, true) => Security::Wpa2Wpa3Personal,
        (false, false, true) => Security::Wpa3Personal,
        (true, true, false) => Security::WpaWpa2Personal,
        (false, true, false) => Security::Wpa2Personal,
        (true, false, false) => Security::WpaPersonal,
        (false, false, false) if either & keys::OWE != 0 => Security::EnhancedOpen,
        (false, false, false) if of("Flags") & flags::PRIVACY != 0 => Security::Wep,
        (false, false, false) => Security::Open,
    }
}

fn band(point: &Properties) -> Option<Band> {
    if is_made_up(point) { None } else { number(point, "Frequency").and_then(Band::of_frequency) }
}

/// iwd tells of networks, not of access points; NetworkManager makes up one for each, with an address of this kind and
/// always the same frequency (its `nm-device-iwd.c`).
fn is_made_up(point: &Properties) -> bool {
    number(point, "Frequency") == Some(2417) && text(point, "HwAddress").is_some_and(|at| at.starts_with("00:01:02:"))
}

fn ssid(point: &Properties) -> Option<Ssid> {
    Ssid::new(point.get("Ssid").and_then(as_bytes)?).ok()
}

fn bytes(profile: &Profile, section: &str, name: &str) -> Option<Vec<u8>> {
    profile.get(section)?.get(name).and_then(as_bytes)
}

fn as_bytes(value: &OwnedVariant) -> Option<Vec<u8>> {
    Vec::<u8>::try_from(value.try_clone().ok()?).ok()
}

fn of<'a>(interfaces: &'a HashMap<OwnedInterfaceName, Properties>, name: &str) -> Option<&'a Properties> {
    interfaces.iter().find(|(interface, _)| interface.as_str() == name).map(|(_, properties)| properties)
}

fn object<'a>(objects: &'a Objects, path: &str, interface: &str) -> Option<&'a Properties> {
    let (_, interfaces) = objects.iter().find(|(at, _)| at.as_str() == path)?;
    of(interfaces, interface)
}

fn number(properties: &Properties, name: &str) -> Option<u32> {
    match properties.get(name).map(|value| &**value) {
        Some(Variant::U32(number)) => Some(*number),
        _ => None,
    }
}

fn byte(properties: &Properties, name: &str) -> Option<u8> {
    match properties.get(name).map(|value| &**value) {
        Some(Variant::U8(number)) => Some(*number),
        _ => None,
    }
}

fn text<'a>(properties: &'a Properties, name: &str) -> Option<&'a str> {
    match properties.get(name).map(|value| &**value) {
        Some(Variant::Str(text)) => Some(text.as_str()),
        _ => None,
    }
}

fn path<'a>(properties: &'a Properties, name: &str) -> Option<&'a str> {
    match properties.get(name).map(|value| &**value) {
        Some(Variant::ObjectPath(path)) => Some(path.as_str()),
        _ => None,
    }
}

/// Not every bus answers a call to a name that nobody has.
async fn runs(connection: &Connection) -> Result<bool, Unknown> {
    let bus = DBusProxy::builder(connection).cache_properties(CacheProperties::No).build().await;
    let name = BusName::try_from(NAME).map_err(|_| Unknown::NoBus)?;
    bus.map_err(|_| Unknown::NoBus)?.name_has_owner(name).await.map_err(|_| Unknown::NoBus)
}

async fn ask<B>(connection: &Connection, path: &str, interface: &str, method: &str, body: &B) -> zbus::Result<Message>
where
    B: serde::Serialize + zbus::DynamicType,
{
    connection.call_method(Some(NAME), path, Some(interface), method, body).await
}

/// What an error of its means. Its text is not repeated: it is for the log of its own.
fn withheld(error: &zbus::Error) -> Withheld {
    let zbus::Error::MethodError(name, ..) = error else { return Withheld::Silent };
    match name.as_str() {
        name if name.ends_with(".PermissionDenied") || name.ends_with(".AccessDenied") => Withheld::NotAllowed,
        name if name.ends_with(".Error.NoReply") || name.ends_with(".Error.ServiceUnknown") => Withheld::Silent,
        _ => Withheld::NotStored,
    }
}

async fn call<B>(
    connection: &Connection,
    path: &str,
    interface: &str,
    method: &str,
    body: &B,
) -> Result<Message, Unknown>
where
    B: serde::Serialize + zbus::DynamicType,
{
    ask(connection, path, interface, method, body).await.map_err(|error| {
        tracing::debug!(method, %error, "NetworkManager does not say it");
        Unknown::Silent
    })
}
