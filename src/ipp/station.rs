//! A printer's Wi-Fi by IPP: printer-wifi-ssid, printer-wifi-state, and whether they can be set.
//!
//! They are Apple's extension, which CUPS documents ("CUPS Implementation of IPP": printer-wifi-password,
//! printer-wifi-ssid, printer-wifi-state) and PAPPL serves \[C\]; HP's printers and Xerox's tell name and state
//! \[C: OfficeJet 6830, B235\].
//!
//! IPP tells no address of the station. Where printer-uri-supported or printer-more-info names one that is not the one
//! that the printer was asked by, it is the printer's, but not said of which adapter \[I\]: it is taken for the station's
//! only while the state is `on`, and never if it was told before that.

use std::net::IpAddr;

use super::attributes::{text, values};
use super::guard::{Message, Value};
use crate::http::Uri;
use crate::wifi::Ssid;
use crate::wifi::station::{Address, Fact, Origin, Reach, StationState};

/// The attributes that a [`Station`] is made of.
pub const ATTRIBUTES: &[&str] = &[
    "operations-supported",
    "printer-more-info",
    "printer-settable-attributes",
    "printer-settable-attributes-supported",
    "printer-state-reasons",
    "printer-uri-supported",
    "printer-wifi-ssid",
    "printer-wifi-state",
];

/// Values of one attribute that are looked at.
const MOST_VALUES: usize = 256;
/// Addresses that are kept.
const MOST_ADDRESSES: usize = 16;
/// Set-Printer-Attributes (RFC 3380, 4.1).
const SET_PRINTER_ATTRIBUTES: i32 = 0x0013;

/// printer-wifi-state (CUPS, PAPPL \[C\]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WifiState {
    /// 3: switched off, or there is none (LaserJet M477fdw \[C\]).
    Off,
    /// 4: it was told no network.
    NotConfigured,
    /// 5: it does not find its network.
    NotVisible,
    /// 6: it finds its network, and does not get in.
    CannotJoin,
    /// 7: it is at it.
    Joining,
    /// 8: it is on its network. Whether it has an address there is not said.
    On,
    /// A number that CUPS does not document.
    Unknown(i32),
}

/// Whether the network can be set by Set-Printer-Attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settable {
    /// The printer lists both attributes.
    Listed,
    /// It is in its initial set-up, where CUPS's documentation has printers take them from an unauthenticated client
    /// over USB. No printer is known that does \[I\].
    InitialSetup,
    /// No.
    No,
}

/// What the printer says of its station.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Station {
    /// printer-wifi-state.
    pub state: Option<WifiState>,
    /// printer-wifi-ssid, where it is a name: also of a network that it only was told.
    pub ssid: Option<Ssid>,
    /// Whether a network can be given to it.
    pub settable: Settable,
    /// The addresses of the printer that it tells, whichever adapter they belong to.
    pub addresses: Vec<IpAddr>,
}

impl Station {
    /// Reads the printer groups of a response. `None`: the printer tells neither name nor state.
    #[must_use]
    pub fn read(response: &Message) -> Option<Self> {
        let find = |name| values(response, name);
        let state = find("printer-wifi-state").iter().find_map(|value| match *value {
            Value::Enum(3) => Some(WifiState::Off),
            Value::Enum(4) => Some(WifiState::NotConfigured),
            Value::Enum(5) => Some(WifiState::NotVisible),
            Value::Enum(6) => Some(WifiState::CannotJoin),
            Value::Enum(7) => Some(WifiState::Joining),
            Value::Enum(8) => Some(WifiState::On),
            Value::Enum(other) => Some(WifiState::Unknown(other)),
            _ => None,
        });
        let named = find("printer-wifi-ssid");
        if state.is_none() && named.is_empty() {
            return None;
        }
        let ssid = named.iter().find_map(text).and_then(|name| Ssid::new(name).ok()).filter(|name| !name.is_empty());
        let uris = find("printer-uri-supported").iter().chain(find("printer-more-info"));
        let mut addresses: Vec<IpAddr> = uris.take(MOST_ADDRESSES).filter_map(text).filter_map(address).collect();
        addresses.dedup();
        Some(Self { state, ssid, settable: settable(response), addresses })
    }

    /// In words that all protocols share. Addresses are told with it only while it is on its network.
    #[must_use]
    pub fn state(&self) -> StationState {
        fn told<T>(value: T) -> Fact<T> {
            Fact { value, source: "printer-wifi-state" }
        }
        let (power, connected) = match self.state {
            Some(WifiState::Off) => (Some(false), Some(false)),
            Some(WifiState::NotConfigured) => (None, Some(false)),
            Some(WifiState::NotVisible | WifiState::CannotJoin | WifiState::Joining) => (Some(true), Some(false)),
            Some(WifiState::On) => (Some(true), Some(true)),
            Some(WifiState::Unknown(_)) | None => (None, None),
        };
        let addresses = self.addresses.iter().filter(|_| self.state == Some(WifiState::On));
        let address = |ip: &IpAddr| Address { ip: *ip, gateway: None, origin: Origin::Untold };
        StationState {
            power: power.map(told),
            connected: connected.map(told),
            ssid: self.ssid.clone().map(|value| Fact { value, source: "printer-wifi-ssid" }),
            addresses: addresses.map(|ip| Fact { value: address(ip), source: "printer-uri-supported" }).collect(),
            ..StationState::default()
        }
    }
}

fn settable(response: &Message) -> Settable {
    let all = |name| values(response, name).iter().take(MOST_VALUES);
    let mut operations = all("operations-supported").peekable();
    let can_set = |value: &Value| *value == Value::Enum(SET_PRINTER_ATTRIBUTES);
    if operations.peek().is_some() && !operations.any(can_set) {
        return Settable::No;
    }
    // RFC 3380, 6.2, and as PAPPL calls it [C].
    let lists = ["printer-settable-attributes-supported", "printer-settable-attributes"];
    let listed: Vec<&str> = lists.into_iter().flat_map(|name| all(name).filter_map(text)).collect();
    if ["printer-wifi-ssid", "printer-wifi-password"].iter().all(|wanted| listed.contains(wanted)) {
        return Settable::Listed;
    }
    // HP's printers say so, and mean it [C: hp.md 7.4].
    if listed.contains(&"none") {
        return Settable::No;
    }
    // The keyword with and without its severity (RFC 8011, 5.4.12).
    let unconfigured = all("printer-state-reasons")
        .filter_map(text)
        .any(|reason| matches!(reason, "wifi-not-configured-report" | "wifi-not-configured"));
    if unconfigured { Settable::InitialSetup } else { Settable::No }
}

/// The address in a URI, where its host is one, and not this computer's.
fn address(uri: &str) -> Option<IpAddr> {
    let uri: Uri = uri.parse().ok()?;
    if !matches!(uri.scheme_str()?, "ipp" | "ipps" | "http" | "https") {
        return None;
    }
    let host = uri.host()?;
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let address: IpAddr = host.parse().ok()?;
    (!matches!(Reach::of(address), Reach::Impossible | Reach::Unset)).then_some(address)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use proptest::prelude::*;

    use super::super::guard::{self, Attribute, Group, Limits};
    use super::*;

    fn keyword(text: &str) -> Value {
        Value::Text { tag: 0x44, language: None, text: text.to_owned() }
    }

    fn answer(attributes: &[(&str, &[Value])]) -> Message {
        let attributes = attributes
            .iter()
            .map(|(name, values)| Attribute { name: (*name).to_owned(), values: values.to_vec() })
            .collect();
        Message { version: (2, 0), code: 0, request_id: 1, groups: vec![Group { tag: 4, attributes }], length: 0 }
    }

    fn told(state: i32, ssid: &str, more: &[(&str, &[Value])]) -> Station {
        let (state, ssid) = ([Value::Enum(state)], [keyword(ssid)]);
        let own: [(&str, &[Value]); 2] = [("printer-wifi-state", &state), ("printer-wifi-ssid", &ssid)];
        Station::read(&answer(&[&own, more].concat())).unwrap()
    }

    #[test]
    fn what_each_state_says() {
        for (number, state, power, connected) in [
            (3, WifiState::Off, Some(false), Some(false)),
            (4, WifiState::NotConfigured, None, Some(false)),
            (5, WifiState::NotVisible, Some(true), Some(false)),
            (6, WifiState::CannotJoin, Some(true), Some(false)),
            (7, WifiState::Joining, Some(true), Some(false)),
            (8, WifiState::On, Some(true), Some(true)),
            (9, WifiState::Unknown(9), None, None),
        ] {
            let station = told(number, "Home", &[]);
            assert_eq!(station.state, Some(state));
            let said = station.state();
            assert_eq!(said.power.map(|fact| fact.value), power, "{number}");
            assert_eq!(said.connected.map(|fact| fact.value), connected, "{number}");
            assert_eq!(said.is_on(&Ssid::new("Home").unwrap()), number == 8);
        }
        assert_eq!(told(3, "", &[]).ssid, None);
        assert_eq!(told(8, &"x".repeat(33), &[]).ssid, None);
        assert_eq!(Station::read(&answer(&[("printer-state", &[Value::Enum(3)])])), None);
    }

    #[test]
    fn an_address_counts_only_while_it_is_on_the_network() {
        let uris = [
            "ipp://localhost/ipp/print",
            "ipp://127.0.0.1:60000/ipp/print",
            "ipp://printer.local/ipp/print",
            "ipps://192.0.2.57:631/ipp/print",
            "ipp://[2001:db8::57]/ipp/print",
            "192.0.2.99",
            "not a uri",
        ]
        .map(keyword);
        let told = |state| told(state, "Home", &[("printer-uri-supported", &uris)]);
        assert_eq!(told(7).addresses.len(), 2);
        assert_eq!(told(7).state().addresses, []);
        let on = told(8).state();
        assert_eq!(on.address().unwrap().value.ip.to_string(), "192.0.2.57");
        assert_eq!((on.addresses.len(), on.addresses[0].source), (2, "printer-uri-supported"));
    }

    #[test]
    fn whether_it_can_be_set() {
        let list = "printer-settable-attributes-supported";
        let both = [keyword("printer-info"), keyword("printer-wifi-ssid"), keyword("printer-wifi-password")];
        let one = [keyword("printer-wifi-ssid")];
        let none = [keyword("none")];
        let fresh: (&str, &[Value]) = ("printer-state-reasons", &[keyword("wifi-not-configured-report")]);
        let set = [Value::Enum(0x0002), Value::Enum(0x0013)];
        for (more, settable) in [
            (&[(list, &both[..])][..], Settable::Listed),
            (&[("printer-settable-attributes", &both[..])], Settable::Listed),
            (&[(list, &both[..]), ("operations-supported", &set[..])], Settable::Listed),
            (&[(list, &both[..]), ("operations-supported", &set[..1])], Settable::No),
            (&[(list, &one[..])], Settable::No),
            (&[(list, &one[..]), fresh], Settable::InitialSetup),
            (&[(list, &none[..]), fresh], Settable::No),
            (&[fresh], Settable::InitialSetup),
            (&[], Settable::No),
        ] {
            assert_eq!(told(4, "", more).settable, settable, "{more:?}");
        }
    }

    #[test]
    fn real_printers() {
        let Some(folder) = std::env::var_os("PLUGPRINT_CAPTURES") else {
            println!("skipped: PLUGPRINT_CAPTURES is not set");
            return;
        };
        let read = |name: &str| {
            let bytes = std::fs::read(std::path::Path::new(&folder).join("ipp").join(name)).unwrap();
            Station::read(&guard::parse(&bytes, Limits::default()).unwrap())
        };
        let hp = read("hp6830.ipp").unwrap();
        assert_eq!((hp.state, hp.settable), (Some(WifiState::On), Settable::No));
        assert_eq!(hp.ssid.unwrap().to_string(), "TheBigWifi");
        assert_eq!(hp.addresses, Vec::<IpAddr>::new());
        let xerox = read("xerox-b235.ipp").unwrap();
        assert_eq!((xerox.state, xerox.settable), (Some(WifiState::On), Settable::No));
        assert_eq!(xerox.addresses[0].to_string(), "192.168.1.100");
        assert_eq!(read("brother-mfcj5320dw.ipp"), None);
    }

    proptest! {
        #[test]
        fn any_answer_ends(state in any::<i32>(), name in ".{0,40}", uri in ".{0,60}", host in "[0-9a-f.:\\[\\]%]{0,30}") {
            let uris = [keyword(&uri), keyword(&format!("ipp://{host}/ipp/print"))];
            let station = told(state, &name, &[("printer-uri-supported", &uris)]);
            let _ = station.state();
        }
    }
}
