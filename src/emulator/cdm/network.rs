//! Adapters, scan, profile and reset: `ioConfig`.

use serde_json::{Map, Value, json};

use super::super::ledm::{Reply, hostname};
use super::super::printer::Printer;
use super::super::radio::{
    Failure, Heard, Hushed, Impostor, Offline, Origin, Profile, Scan, Security, State, resources,
};
use super::{Reset, boolean, constraints, link, number, refused, texts};

const ADAPTERS: &str = "ioConfig/v2/adapterConfigs";

fn station(printer: &Printer) -> &'static str {
    if printer.options().cdm.station_is_wifi1 { "wifi1" } else { "wifi0" }
}

/// What follows the station's own path.
pub(super) fn below_station<'a>(printer: &Printer, path: &'a str) -> Option<&'a str> {
    path.strip_prefix(ADAPTERS)?.strip_prefix('/')?.strip_prefix(station(printer))
}

pub(super) fn read(printer: &Printer, path: &str) -> Option<Value> {
    Some(match path {
        "ioConfig/v2/capabilities" => capabilities(printer),
        ADAPTERS => adapters(printer),
        "ioConfig/v2/wifiScan" => scanning(printer),
        "ioConfig/v2/wifiScan/wifiNetworks" => networks(printer)?,
        "ioConfig/v2/wirelessConfig" => wireless(printer),
        "ioConfig/v2/wirelessConfig/constraints" => constraints(&[
            ("authenticationMode", &["open".into(), "wpaPersonal".into()]),
            ("wpaVersionPreference", &["auto".into(), "wpa".into(), "wpa2".into()]),
        ]),
        "ioConfig/v2/networkReset" => json!({ "version": "1.0.0", "operation": "none" }),
        "ioConfig/v2/networkReset/constraints" => match printer.options().cdm.reset {
            Reset::Put => constraints(&[("operation", &["restoreNetworkDefaults".into()])]),
            Reset::Choice => constraints(&[("resetType", &["networkOnly".into(), "everything".into()])]),
            _ => constraints(&[("reset", &[boolean(printer, true)])]),
        },
        _ => match below_station(printer, path)? {
            "" => adapter(printer),
            "/constraints" => constraints(&[("enabled", &[switched(printer, true), switched(printer, false)])]),
            _ => return None,
        },
    })
}

/// Members of a Smart Tank 580-590 \[C\]; nothing about WPS \[C\].
fn capabilities(printer: &Printer) -> Value {
    json!({
        "version": "2.1.0",
        "bootpSupported": boolean(printer, false),
        "interfaceIdentityCfgSupported": boolean(printer, false),
        "interfaceIpCtrlSupported": boolean(printer, true),
        "networkSwitchEnabled": boolean(printer, false),
        "preferredDnsConfigMethodSupported": boolean(printer, true),
    })
}

/// An adapter's `enabled`.
fn switched(printer: &Printer, on: bool) -> Value {
    if !on && printer.options().cdm.off_is_disabled { "disabled".into() } else { boolean(printer, on) }
}

fn address(printer: &Printer, at: Option<[String; 4]>, method: &str) -> Value {
    let [ip, subnet, gateway, dns] = at.unwrap_or_else(|| ["0.0.0.0", "0.0.0.0", "0.0.0.0", "::"].map(str::to_owned));
    json!({
        "enabled": boolean(printer, true),
        "address": { "ip": ip, "subnet": subnet, "gateway": gateway, "requestedConfigMethod": "dhcpv4", "activeConfigMethod": method },
        "dnsServer": { "primary": { "address": dns }, "secondary": { "address": "::" } },
    })
}

/// Members that HPLIP reads, words of HP's class AdapterConfig \[both C\]; which printer has which of them is inferred.
fn adapter(printer: &Printer) -> Value {
    let name = station(printer);
    let state = printer.station();
    let connection = match &state {
        State::Joined(..) => "connected",
        State::Associating(_) | State::Enrolling => "associating",
        State::ObtainingAddress(_) => "acquiringAddress",
        State::Off => "off",
        State::Idle if printer.radio().profile().is_none() => "notConfigured",
        State::Idle | State::Failed(_) => "disconnected",
    };
    let lease = state.lease().map(|lease| {
        let or_none = |address: Option<std::net::Ipv4Addr>| address.map_or("0.0.0.0".to_owned(), |at| at.to_string());
        let dns = lease.dns.map_or("::".to_owned(), |at| at.to_string());
        ([lease.address.to_string(), lease.mask.to_string(), or_none(lease.gateway), dns], lease.origin)
    });
    let method = match &lease {
        Some((_, Origin::AutoIp)) => "autoip",
        _ => "dhcpv4",
    };
    let mut document = json!({
        "version": "2.1.0",
        "adapterName": name,
        "enabled": switched(printer, printer.radio().is_on()),
        "connectionState": connection,
        "identity": { "hostname": { "name": hostname(printer) } },
        "ipv4": address(printer, lease.map(|(lease, _)| lease), method),
        "links": [link(&format!("/cdm/{ADAPTERS}/{name}"), "self", &["get", "patch"])],
    });
    let token = printer.facts().cdm.is_some_and(|facts| facts.token);
    if printer.options().cdm.full_adapter.unwrap_or(token)
        && let Some(document) = document.as_object_mut()
    {
        document.insert("adapterType".to_owned(), "wifiStation".into());
        document.insert("wifiStationConfig".to_owned(), association(printer, &state));
    }
    document
}

/// What became of the last attempt \[C: HP's class WirelessStationConfig\].
fn association(printer: &Printer, state: &State) -> Value {
    let word = match (state, printer.radio().failure()) {
        (State::Off, _) => "disabled",
        (State::Joined(..) | State::ObtainingAddress(_), _) => "associated",
        (State::Associating(_), Some(Failure::WrongPassphrase)) if printer.options().radio.keeps_diagnosis => {
            "invalidPassPhrase"
        }
        (State::Associating(_) | State::Enrolling, _) => "associating",
        (_, Some(Failure::WrongPassphrase)) => "invalidPassPhrase",
        (_, Some(Failure::NotFound | Failure::OtherCase | Failure::Unsupported)) => "noCompatibleNetwork",
        (_, Some(_)) => "otherError",
        (_, None) => "notConfigured",
    };
    let mut document = json!({ "associationState": word });
    if let (Some(at), Some(document)) = (state.association(), document.as_object_mut()) {
        let heard = Heard {
            ssid: at.ssid.clone(),
            bssid: at.bssid,
            channel: at.channel,
            dbm: at.dbm,
            security: at.security,
            wps: false,
        };
        document.insert("wirelessNetwork".to_owned(), network(printer, &heard));
    }
    document
}

/// An object with a member for each adapter \[C\]. There is a socket for a cable too \[C, adapterStats\].
fn adapters(printer: &Printer) -> Value {
    let cable = printer.options().radio.impostor == Some(Impostor::Ethernet);
    let at = cable.then(|| ["192.0.2.99", "255.255.255.0", "192.0.2.1", "192.0.2.53"].map(str::to_owned));
    json!({
        "version": "2.1.0",
        "eth0": {
            "adapterName": "eth0",
            "enabled": boolean(printer, true),
            "connectionState": if cable { "connected" } else { "disconnected" },
            "identity": { "hostname": { "name": hostname(printer) } },
            "ipv4": address(printer, at, "dhcpv4"),
            "links": [link(&format!("/cdm/{ADAPTERS}/eth0"), "self", &["get", "patch"])],
        },
        (station(printer)): adapter(printer),
    })
}

/// `PATCH adapterConfigs/<station>` \[C: on; off I\].
pub(super) fn power(printer: &Printer, body: &Map<String, Value>) -> Reply {
    let on = match body.get("enabled") {
        Some(value) if body.len() == 1 && *value == switched(printer, true) => true,
        Some(value) if body.len() == 1 && *value == switched(printer, false) => false,
        _ => return refused(400),
    };
    resources::switch(printer, on);
    refused(204)
}

/// Whether a scan is on; notices that it has ended.
fn scans(printer: &Printer) -> bool {
    let looks = if printer.options().cdm.slow_scan { 2 } else { 1 };
    let Some(seen) = printer.cdm().memory().scan else { return false };
    let Scan::Done(heard) = printer.radio().scan(None) else { return true };
    let mut memory = printer.cdm().memory();
    memory.scan = (seen + 1 < looks).then_some(seen + 1);
    if memory.scan.is_none() {
        memory.heard = heard;
    }
    memory.scan.is_some()
}

/// `readyToScan` and `scanProcessing` \[C\].
fn scanning(printer: &Printer) -> Value {
    let state = if scans(printer) { "scanProcessing" } else { "readyToScan" };
    json!({
        "version": "2.1.0",
        "state": state,
        "scanType": "undirected",
        "links": [link("/cdm/ioConfig/v2/wifiScan/wifiNetworks", "wifiNetworks", &["get"])],
    })
}

/// `PATCH wifiScan` \[C\].
pub(super) fn scan(printer: &Printer, body: &Map<String, Value>) -> Reply {
    if texts(body, ["state", "scanType"]) != Some(["scanProcessing", "undirected"]) {
        return refused(400);
    }
    if !printer.radio().is_on() && printer.options().radio.offline == Offline::EmptyBody {
        return refused(409);
    }
    {
        let mut memory = printer.cdm().memory();
        memory.scan = Some(0);
        memory.heard.clear();
    }
    let _begun = printer.radio().scan(None);
    refused(204)
}

/// authenticationMode, encryptionType and wpaVersion. `wpaPersonal` and `aesOrTkip` are seen in a profile \[C\]; the
/// rest is inferred.
fn words(printer: &Printer, security: Security) -> (&'static str, &'static str, Option<&'static str>) {
    let combined = printer.options().cdm.combined_security;
    match security {
        Security::Open => ("open", "none", None),
        Security::Wpa | Security::Wpa2 | Security::Wpa2Wpa3 if combined => ("wpaOrWpa2", "aesOrTkip", None),
        Security::Wpa => ("wpaPersonal", "aesOrTkip", Some("wpa")),
        Security::Wpa2 | Security::Wpa2Wpa3 => ("wpaPersonal", "aesOrTkip", Some("wpa2")),
        Security::Wpa3 => ("wpaPersonal", "aes", Some("wpa3")),
        Security::Enterprise => ("wpaEnterprise", "aesOrTkip", Some("wpa2")),
    }
}

fn networks(printer: &Printer) -> Option<Value> {
    if scans(printer) {
        return None;
    }
    let heard = printer.cdm().memory().heard.clone();
    let all: Vec<Value> = heard.iter().map(|heard| network(printer, heard)).collect();
    Some(json!({ "version": "2.1.0", "wifiNetworkList": all }))
}

/// Members that HPLIP reads; the name is text \[C\].
fn network(printer: &Printer, heard: &Heard) -> Value {
    let (authentication, encryption, version) = words(printer, heard.security);
    let bssid = heard.bssid.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":");
    let strength = i64::from((heard.dbm + 100) / 10).clamp(0, 5);
    let mut network = json!({
        "ssid": String::from_utf8_lossy(&heard.ssid),
        "bssid": bssid,
        "channel": number(printer, heard.channel.into()),
        "communicationMode": "infrastructure",
        "authenticationMode": authentication,
        "encryptionType": encryption,
        "signalStrength": { "dBm": number(printer, heard.dbm.into()), "signalStrength": number(printer, strength) },
    });
    if let (Some(version), Some(network)) = (version, network.as_object_mut()) {
        network.insert("wpaVersion".to_owned(), version.into());
    }
    network
}

/// The profile, with its passphrase in clear \[C, Smart Tank 580-590\].
fn wireless(printer: &Printer) -> Value {
    let band = if printer.options().radio.five_ghz { "auto" } else { "band2pt4Ghz" };
    let mut document = json!({ "version": "2.0.0", "band": band, "preferredProfile": "wlanProfile1" });
    let profile = printer.radio().profile().map(|profile| {
        let open = profile.security == Security::Open;
        let mut shown = json!({
            "activeProfile": boolean(printer, true),
            "ssid": String::from_utf8_lossy(&profile.ssid),
            "authenticationMode": if open { "open" } else { "wpaPersonal" },
            "encryptionType": if open { "none" } else { "aesOrTkip" },
            "wpaVersionPreference": "auto",
        });
        if let (Some(Hushed(passphrase)), Some(shown)) = (profile.passphrase, shown.as_object_mut()) {
            shown.insert("passPhrase".to_owned(), passphrase.into());
        }
        shown
    });
    if let (Some(profile), Some(document)) = (profile, document.as_object_mut()) {
        document.insert("wlanProfile1".to_owned(), profile);
    }
    document
}

/// What a profile asks for; `None` where it is not one that is known to work.
fn asked(printer: &Printer, profile: &Map<String, Value>) -> Option<Profile> {
    const MEMBERS: [&str; 6] =
        ["activeProfile", "ssid", "authenticationMode", "encryptionType", "wpaVersionPreference", "passPhrase"];
    if !profile.keys().all(|key| MEMBERS.contains(&key.as_str())) {
        return None;
    }
    if profile.get("activeProfile").is_some_and(|active| *active != boolean(printer, true)) {
        return None;
    }
    let text = |name: &str| match profile.get(name) {
        None | Some(Value::Null) => Some(None),
        Some(value) => value.as_str().map(Some),
    };
    let ssid = text("ssid")?.filter(|ssid| (1..=32).contains(&ssid.len()))?;
    let (authentication, encryption) = (text("authenticationMode")??, text("encryptionType")??);
    let (version, passphrase) = (text("wpaVersionPreference")?, text("passPhrase")?);
    let around = printer.radio().around();
    let mut heard = around.iter().filter(|heard| heard.ssid == ssid.as_bytes()).peekable();
    let known = heard.peek().is_some();
    // What a scan has shown must be said in the same words; `auto` stands for either version.
    let fits = |heard: &&Heard| {
        let (wanted, cipher, shown) = words(printer, heard.security);
        let wanted = if wanted == "wpaOrWpa2" { "auto" } else { wanted };
        let same = authentication == wanted && encryption == cipher;
        same && (version.is_none_or(|version| version == "auto") || shown.is_none() || version == shown)
    };
    let security = match (heard.find(fits), authentication) {
        (Some(heard), "open" | "wpaPersonal" | "auto") => heard.security,
        (Some(_), _) => return None,
        (None, _) if known => return None,
        (None, "open") if encryption == "none" => Security::Open,
        (None, "wpaPersonal" | "auto") if version == Some("wpa") => Security::Wpa,
        (None, "wpaPersonal" | "auto") => Security::Wpa2,
        _ => return None,
    };
    let passphrase = passphrase.filter(|text| !text.is_empty());
    let good = |text: &str| {
        (8..=63).contains(&text.len()) || text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    match (security, passphrase) {
        (Security::Open, Some(_)) => return None,
        (Security::Open, None) => {}
        (_, passphrase) if passphrase.is_some_and(good) => {}
        _ => return None,
    }
    Some(Profile { ssid: ssid.as_bytes().to_vec(), security, passphrase: passphrase.map(Hushed::from) })
}

/// `PATCH wirelessConfig`, without `version` as HPLIP sends it \[C; that it is refused with one, I\]; `PUT` with.
pub(super) fn join(printer: &Printer, whole: bool, mut body: Map<String, Value>) -> Reply {
    if body.remove("version").is_some() != whole {
        return refused(400);
    }
    body.remove("band");
    let name = body.remove("preferredProfile");
    let name = name.as_ref().map_or(Some("wlanProfile1"), Value::as_str);
    let Some(Value::Object(profile)) = name.and_then(|name| body.remove(name)) else { return refused(400) };
    match asked(printer, &profile) {
        Some(profile) if body.is_empty() => {
            printer.radio().join(profile);
            refused(204)
        }
        _ => refused(400),
    }
}

/// The network is forgotten \[its request I\].
pub(super) fn reset(printer: &Printer, body: &Map<String, Value>) -> Reply {
    let good = body.len() == 1
        && match printer.options().cdm.reset {
            Reset::Put => body.get("operation") == Some(&"restoreNetworkDefaults".into()),
            Reset::Choice => body.get("resetType") == Some(&"networkOnly".into()),
            _ => body.get("reset") == Some(&boolean(printer, true)),
        };
    if !good {
        return refused(400);
    }
    printer.radio().forget();
    printer.cdm().memory().resets += 1;
    refused(204)
}
