//! `GET /cdm/ioConfig/v2/adapterConfigs`: the network adapters, each under its name (`wifi0`, `eth0` …) \[C: HPLIP\].
//! What belongs to which member is HPLIP's \[C\]; further words are those of HP's own classes \[C: the Workpath services
//! for "Dune", AdapterConfig and WirelessStationConfig\].
//!
//! ```
//! use plugprint::hp::cdm::adapters;
//!
//! let adapters = adapters::parse(br#"{"wifi0": {"adapterName": "wifi0", "enabled": "true",
//!     "connectionState": "connected", "ipv4": {"address": {"ip": "192.0.2.7", "requestedConfigMethod": "dhcpv4"}},
//!     "links": [{"href": "/cdm/ioConfig/v2/adapterConfigs/wifi0", "hints": [{"method": "patch"}]}]}}"#).unwrap();
//! let station = adapters.station().unwrap();
//! assert_eq!(station.state().address().unwrap().value.ip.to_string(), "192.0.2.7");
//! ```

use std::net::{IpAddr, Ipv4Addr};

use super::json::{self, Value};
use super::services::Link;
use super::wifi_networks::{self, Heard};
use crate::hp::ledm::token::{mac, shown, tokens, unknown};
use crate::wifi::Ssid;
use crate::wifi::station::{Address, Fact, Origin, Source, StationState};

/// Where it is \[C: HPLIP\].
pub const PATH: &str = "/cdm/ioConfig/v2/adapterConfigs";
/// Where an adapter's own resource may lie: nothing else is ever written to for it.
const FOLDER: &str = "/cdm/ioConfig/";

/// The names of Wi-Fi adapters \[C: HPLIP; HP's class AdapterConfig\].
const WIFI: [&str; 2] = ["wifi0", "wifi1"];
/// The most adapters that are kept. HP's class names five.
const MAX_ADAPTERS: usize = 16;

const TOLD_BY: Source = "adapterConfigs";

tokens! {
    /// `adapterType` \[C: HP's class AdapterConfig\].
    #[expect(missing_docs, reason = "the printer's own words")]
    pub enum Kind {
        WiredEthernet = "wiredEthernet",
        WifiAccessPoint = "wifiAccessPoint",
        WifiStation = "wifiStation",
        UsbHost = "usbHost",
        UsbDevice = "usbDevice",
        Ble = "ble",
        NotSaid = "unknown",
    }
}

tokens! {
    /// `connectionState`: `connected` \[C: HPLIP\], the others \[C: HP's class AdapterConfig\].
    #[expect(missing_docs, reason = "the printer's own words")]
    pub enum Connection {
        Associating = "associating",
        AcquiringAddress = "acquiringAddress",
        Connected = "connected",
        ConnectedLocal = "connectedLocal",
        ConnectedLocalMisspelt = "connctedLocal",
        ConnectedInternet = "connectedInternet",
        Disabled = "disabled",
        Disconnected = "disconnected",
        Off = "off",
        NotConfigured = "notConfigured",
        NotSaid = "unknown",
    }
}

impl Connection {
    /// Whether it stands; `None` where the word does not tell.
    #[must_use]
    pub fn stands(&self) -> Option<bool> {
        match self {
            Self::Connected | Self::ConnectedLocal | Self::ConnectedLocalMisspelt | Self::ConnectedInternet => {
                Some(true)
            }
            Self::Associating
            | Self::AcquiringAddress
            | Self::Disabled
            | Self::Disconnected
            | Self::Off
            | Self::NotConfigured => Some(false),
            Self::NotSaid | Self::Unknown(_) => None,
        }
    }
}

tokens! {
    /// `wifiStationConfig.associationState` \[C: HP's class WirelessStationConfig\].
    #[expect(missing_docs, reason = "the printer's own words")]
    pub enum Association {
        NotConfigured = "notConfigured",
        Disabled = "disabled",
        NoCompatibleNetwork = "noCompatibleNetwork",
        InvalidPassPhrase = "invalidPassPhrase",
        OtherError = "otherError",
        Associating = "associating",
        Associated = "associated",
    }
}

/// How a boolean is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Spelling {
    /// `"true"` \[C\].
    #[default]
    Text,
    /// `"enabled"` \[C: hp.md 4\].
    Words,
    /// `true` \[I\].
    Itself,
}

impl Spelling {
    fn of(value: Option<&Value>) -> Self {
        match value {
            Some(Value::Boolean(_)) => Self::Itself,
            Some(value) if matches!(value.text(), Some("enabled" | "disabled")) => Self::Words,
            _ => Self::Text,
        }
    }
}

/// A network adapter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adapter {
    /// The name under which it stands.
    pub name: String,
    /// What it is, where the printer says so.
    pub kind: Option<Kind>,
    /// Its own resource, which switches it; `None` where it names none that may be used.
    pub link: Option<Link>,
    /// Whether it is on.
    pub enabled: Option<bool>,
    /// How it says so.
    pub spelling: Spelling,
    /// Its connection.
    pub connection: Option<Connection>,
    /// What became of its last attempt to join.
    pub association: Option<Association>,
    /// The network that it is on, or is set to.
    pub network: Option<Heard>,
    /// Its IPv4 address.
    pub address: Option<Address>,
    /// The name that it has on the network, fit to be shown.
    pub hostname: Option<String>,
    /// Its hardware address.
    pub mac: Option<[u8; 6]>,
}

impl Adapter {
    /// Whether it is the printer's own access point (Wi-Fi Direct), which is never set up.
    #[must_use]
    pub fn is_access_point(&self) -> bool {
        self.kind == Some(Kind::WifiAccessPoint)
            || self.name.eq_ignore_ascii_case("wifiUAP")
            || self.network.as_ref().is_some_and(|network| network.ad_hoc)
    }

    fn is_station(&self) -> bool {
        let kind = matches!(self.kind, None | Some(Kind::WifiStation | Kind::NotSaid));
        kind && WIFI.contains(&self.name.as_str()) && !self.is_access_point()
    }

    /// Switches it, in the printer's own kind of booleans. `"true"` is HPLIP's \[C\]; nobody has published that an
    /// adapter can be switched off so \[I\].
    #[must_use]
    pub fn switch(&self, on: bool) -> &'static str {
        match (self.spelling, on) {
            (Spelling::Text, true) => r#"{"enabled":"true"}"#,
            (Spelling::Text, false) => r#"{"enabled":"false"}"#,
            (Spelling::Words, true) => r#"{"enabled":"enabled"}"#,
            (Spelling::Words, false) => r#"{"enabled":"disabled"}"#,
            (Spelling::Itself, true) => r#"{"enabled":true}"#,
            (Spelling::Itself, false) => r#"{"enabled":false}"#,
        }
    }

    /// What the document says of it.
    #[must_use]
    pub fn state(&self) -> StationState {
        fn told<T>(value: T) -> Fact<T> {
            Fact { value, source: TOLD_BY }
        }
        let off = matches!(self.connection, Some(Connection::Disabled | Connection::Off));
        let power = if off { Some(false) } else { self.enabled };
        let network = self.network.as_ref();
        let mut state = StationState {
            power: power.map(told),
            connected: self.connection.as_ref().and_then(Connection::stands).map(told),
            ssid: network.map(|network| network.ssid.clone()).filter(|ssid| !ssid.is_empty()).map(told),
            bssid: network.and_then(|network| network.bssid).map(told),
            channel: network.and_then(|network| network.channel).map(told),
            signal_dbm: network.and_then(|network| network.dbm).map(told),
            ..StationState::default()
        };
        if power != Some(false) {
            state.addresses = self.address.into_iter().map(told).collect();
            state.hostname = self.hostname.clone().map(told);
        }
        state
    }
}

/// All of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Adapters {
    /// In the order of their names.
    pub adapters: Vec<Adapter>,
}

impl Adapters {
    /// The adapter that joins networks: one that says that it does before one that does not say.
    #[must_use]
    pub fn station(&self) -> Option<&Adapter> {
        let stations = || self.adapters.iter().filter(|adapter| adapter.is_station());
        stations().find(|adapter| adapter.kind == Some(Kind::WifiStation)).or_else(|| stations().next())
    }

    /// The addresses of all adapters but the station.
    #[must_use]
    pub fn addresses_elsewhere(&self) -> Vec<IpAddr> {
        let station = self.station().map(|station| &station.name);
        let others = self.adapters.iter().filter(|adapter| Some(&adapter.name) != station);
        others.filter_map(|adapter| adapter.address.map(|address| address.ip)).collect()
    }
}

/// Reads the document. Members that are no adapters are left out.
///
/// # Errors
/// Where it is not well-formed, or too much.
pub fn parse(document: &[u8]) -> Result<Adapters, json::Error> {
    let document = json::parse(document)?;
    let adapters = document.members().filter_map(|(name, value)| adapter(name, value)).take(MAX_ADAPTERS).collect();
    Ok(Adapters { adapters })
}

fn adapter(name: &str, value: &Value) -> Option<Adapter> {
    let named = value.word("adapterName");
    if named.is_none() && value.member("connectionState").is_none() && value.member("ipv4").is_none() {
        return None;
    }
    let station = value.member("wifiStationConfig");
    Some(Adapter {
        name: unknown(name),
        kind: match value.word("adapterType").map(Kind::from_word) {
            // What calls itself so is the printer's own access point, whatever it stands under [C: LEDM's wifiUAP].
            _ if named.is_some_and(|named| named.eq_ignore_ascii_case("wifiUAP")) => Some(Kind::WifiAccessPoint),
            kind => kind,
        },
        link: Link::all(value).find(|link| link.href.is_under(FOLDER)),
        enabled: match value.member("adminEnabled").and_then(Value::boolean) {
            Some(false) => Some(false),
            _ => value.member("enabled").and_then(Value::boolean),
        },
        spelling: Spelling::of(value.member("enabled")),
        connection: value.word("connectionState").map(Connection::from_word),
        association: station.and_then(|station| station.word("associationState")).map(Association::from_word),
        network: station.and_then(|station| station.member("wirelessNetwork")).map(wifi_networks::read),
        address: value.member("ipv4").and_then(address),
        hostname: value
            .at(&["identity", "hostname"])
            .and_then(|hostname| hostname.word("name"))
            .map(shown)
            .filter(|name| !name.is_empty()),
        mac: value.word("macAddress").and_then(mac),
    })
}

fn address(ipv4: &Value) -> Option<Address> {
    if ipv4.member("enabled").and_then(Value::boolean) == Some(false) {
        return None;
    }
    let address = ipv4.member("address")?;
    let parse =
        |name| address.word(name).and_then(|text| text.parse::<Ipv4Addr>().ok()).filter(|ip| !ip.is_unspecified());
    let method = address.word("activeConfigMethod").or_else(|| address.word("requestedConfigMethod"));
    let method = method.map(str::to_ascii_lowercase);
    Some(Address {
        ip: parse("ip")?.into(),
        gateway: parse("gateway").map(Into::into),
        origin: match method.as_deref() {
            Some("dhcpv4" | "bootp") => Origin::Dhcp,
            Some("manual") => Origin::Manual,
            Some("autoip") => Origin::SelfAssigned,
            Some(word) if word.contains("dhcp") => Origin::Dhcp,
            _ => Origin::Untold,
        },
    })
}

/// The station's network where the adapter itself does not say: that of the profile that it is set to. Only for one
/// that is connected, because a profile says nothing of whether anybody is.
pub(super) fn with_profile(mut state: StationState, profile: Option<&Ssid>) -> StationState {
    if state.ssid.is_none() && state.connected.is_some_and(|connected| connected.value) {
        state.ssid =
            profile.filter(|ssid| !ssid.is_empty()).map(|ssid| Fact { value: ssid.clone(), source: "wirelessConfig" });
    }
    state
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::super::services::Method;
    use super::super::testing::{fixture, never_panics};
    use super::*;

    fn of(document: &str) -> Adapters {
        parse(document.as_bytes()).unwrap()
    }

    #[test]
    fn a_tank_printer_on_a_network() {
        let adapters = parse(&fixture("adapters.json")).unwrap();
        let names: Vec<_> = adapters.adapters.iter().map(|adapter| adapter.name.as_str()).collect();
        assert_eq!(names, ["eth0", "wifi0", "wifi1"]);
        let station = adapters.station().unwrap();
        assert_eq!(station.name, "wifi0");
        let link = station.link.as_ref().unwrap();
        assert_eq!(link.href.as_str(), "/cdm/ioConfig/v2/adapterConfigs/wifi0");
        assert!(link.methods.allow(Method::Patch));
        let state = station.state();
        assert!(state.power.unwrap().value);
        assert!(state.is_on(&Ssid::new("Example").unwrap()));
        assert_eq!(state.address().unwrap().value.origin, Origin::Dhcp);
        assert_eq!(state.hostname.unwrap().value, "printer");
        assert_eq!(adapters.addresses_elsewhere(), ["192.168.223.1".parse::<IpAddr>().unwrap()]);
    }

    #[test]
    fn the_soft_access_point_is_no_station() {
        for access_point in [
            r#"{"wifi1":{"adapterName":"wifi1","adapterType":"wifiAccessPoint"}}"#,
            r#"{"wifi1":{"adapterName":"wifiUAP"}}"#,
            r#"{"wifiUAP":{"adapterName":"wifi1"}}"#,
            r#"{"wifi0":{"adapterName":"wifi0","wifiStationConfig":{"wirelessNetwork":{"communicationMode":"adhoc"}}}}"#,
            r#"{"eth0":{"adapterName":"eth0"}}"#,
            r#"{"wifi0":{"adapterName":"wifi0","adapterType":"wiredEthernet"}}"#,
            r#"{"version":"1.0.0"}"#,
        ] {
            assert_eq!(of(access_point).station(), None, "{access_point}");
        }
        let both =
            of(r#"{"wifi0":{"adapterName":"wifi0"},"wifi1":{"adapterName":"wifi1","adapterType":"wifiStation"}}"#);
        assert_eq!(both.station().unwrap().name, "wifi1", "one that says so");
        let untold = of(r#"{"wifi1":{"adapterName":"wifi1"}}"#);
        assert_eq!(untold.station().unwrap().name, "wifi1");
    }

    #[test]
    fn an_adapter_is_never_switched_elsewhere() {
        for href in
            ["/cdm/reset/v1/systemReset", "/IoMgmt/Adapters", "/cdm/ioConfig/../reset", "http://x/cdm/ioConfig/a"]
        {
            let adapters = of(&format!(r#"{{"wifi0":{{"adapterName":"wifi0","links":[{{"href":"{href}"}}]}}}}"#));
            assert_eq!(adapters.station().unwrap().link, None, "{href}");
        }
    }

    #[test]
    fn a_radio_that_is_off_has_no_address() {
        for off in
            [r#""enabled":"false""#, r#""enabled":false"#, r#""adminEnabled":"false""#, r#""connectionState":"off""#]
        {
            let adapters = of(&format!(
                r#"{{"wifi0":{{"adapterName":"wifi0",{off},"ipv4":{{"address":{{"ip":"192.0.2.7"}}}}}}}}"#
            ));
            let state = adapters.station().unwrap().state();
            assert_eq!((state.power.unwrap().value, state.addresses.len()), (false, 0), "{off}");
        }
    }

    #[test]
    fn it_is_switched_in_its_own_words() {
        for (says, on, off) in [
            (r#""true""#, r#"{"enabled":"true"}"#, r#"{"enabled":"false"}"#),
            (r#""disabled""#, r#"{"enabled":"enabled"}"#, r#"{"enabled":"disabled"}"#),
            ("true", r#"{"enabled":true}"#, r#"{"enabled":false}"#),
            ("null", r#"{"enabled":"true"}"#, r#"{"enabled":"false"}"#),
        ] {
            let adapters = of(&format!(r#"{{"wifi0":{{"adapterName":"wifi0","enabled":{says}}}}}"#));
            let station = adapters.station().unwrap();
            assert_eq!((station.switch(true), station.switch(false)), (on, off), "{says}");
        }
    }

    #[test]
    fn where_an_address_comes_from() {
        let origin = |method: &str| {
            let document = format!(
                r#"{{"wifi0":{{"adapterName":"wifi0","ipv4":{{"enabled":"true","address":{{"ip":"192.0.2.7","gateway":"0.0.0.0",{method}}}}}}}}}"#
            );
            let address = of(&document).station().unwrap().address.unwrap();
            assert_eq!(address.gateway, None);
            address.origin
        };
        assert_eq!(origin(r#""requestedConfigMethod":"dhcpv4""#), Origin::Dhcp);
        assert_eq!(origin(r#""requestedConfigMethod":"dhcpv4","activeConfigMethod":"autoip""#), Origin::SelfAssigned);
        assert_eq!(origin(r#""requestedConfigMethod":"manual""#), Origin::Manual);
        assert_eq!(origin(r#""x":1"#), Origin::Untold);
    }

    #[test]
    fn a_profile_names_the_network_of_one_that_is_connected() {
        let home = Ssid::new("Home").unwrap();
        let connected =
            of(r#"{"wifi0":{"adapterName":"wifi0","connectionState":"connected"}}"#).station().unwrap().state();
        assert!(with_profile(connected.clone(), Some(&home)).is_on(&home));
        assert_eq!(with_profile(connected, None).ssid, None);
        let joining =
            of(r#"{"wifi0":{"adapterName":"wifi0","connectionState":"associating"}}"#).station().unwrap().state();
        assert_eq!(with_profile(joining, Some(&home)).ssid, None);
    }

    #[test]
    fn damaged_documents_end_in_a_value() {
        never_panics("adapters.json", |bytes| parse(bytes).map(drop));
    }
}
