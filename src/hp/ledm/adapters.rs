//! `GET /IoMgmt/Adapters`: the printer's network adapters and what they are connected to.
//!
//! Names differ in case from model to model, `Wifi0` on inkjets and `wifi0` on LaserJets \[C\], so paths are always
//! taken from the document. Beside the *station*, which joins a network, there may be the printer's own access
//! point for Wi-Fi Direct: it must never be taken for the station.
//!
//! ```
//! use plugprint::hp::ledm::adapters;
//! use plugprint::wifi::Ssid;
//!
//! let adapters = adapters::parse(br#"<io:Adapters xmlns:io="http://www.hp.com/schemas/imaging/con/ledm/iomgmt/2008/11/30"
//!         xmlns:dd="http://www.hp.com/schemas/imaging/con/dictionaries/1.0/"
//!         xmlns:map="http://www.hp.com/schemas/imaging/con/ledm/resourcemap/2009/01/27"
//!         xmlns:wifi="http://www.hp.com/schemas/imaging/con/wifi/2009/06/26">
//!     <io:Adapter>
//!         <map:ResourceNode><map:ResourceLink>
//!             <dd:ResourceURI>/IoMgmt/Adapters/wifi0</dd:ResourceURI>
//!         </map:ResourceLink></map:ResourceNode>
//!         <io:HardwareConfig>
//!             <dd:Name>wifi0</dd:Name>
//!             <dd:DeviceConnectivityPortType>wifiEmbedded</dd:DeviceConnectivityPortType>
//!             <dd:IsConnected>true</dd:IsConnected>
//!             <io:WifiNetwork><wifi:SSID>486f6d65</wifi:SSID></io:WifiNetwork>
//!         </io:HardwareConfig>
//!     </io:Adapter>
//! </io:Adapters>"#).unwrap();
//! let station = adapters.station().unwrap();
//! assert_eq!(station.uri.as_str(), "/IoMgmt/Adapters/wifi0");
//! assert_eq!(station.network.as_ref().unwrap().ssid.known(), Ssid::new("Home").ok().as_ref());
//! ```

use super::network;
pub use super::network::{CommunicationMode, Ssid, WifiNetwork, WpsSupport};
use super::resource::ResourceUri;
use super::token::{boolean, mac, shown, tokens};
use super::xml::{self, Element};
use super::{DD, IO, MAP};

/// Where it is.
pub const PATH: &str = "/IoMgmt/Adapters";

/// The most adapters that are kept. The most seen is 4 \[C: ENVY Photo 7830\].
const MAX_ADAPTERS: usize = 32;

tokens! {
    /// What an adapter is, `io:IoMgmtResourceType` \[C: ENVY Photo 7830\]. LaserJets leave it out \[C: M255dw\].
    pub enum ResourceType {
        /// A network cable.
        Ethernet = "EthernetAdapter",
        /// The Wi-Fi station.
        Wifi = "WifiAdapter",
        /// The printer's own access point, for Wi-Fi Direct.
        AccessPoint = "AccessPointAdapter",
        /// The USB socket.
        Usb = "USBAdapter",
    }
}

tokens! {
    /// What an adapter connects to, `dd:DeviceConnectivityPortType` \[C\].
    pub enum PortType {
        /// A network cable.
        Ethernet = "ethernet",
        /// A radio inside.
        WifiEmbedded = "wifiEmbedded",
        /// A radio that was added.
        WifiAccessory = "wifiAccessory",
        /// The USB socket.
        Usb = "usb",
    }
}

impl PortType {
    /// Whether it is a radio.
    #[must_use]
    pub fn is_wifi(&self) -> bool {
        matches!(self, Self::WifiEmbedded | Self::WifiAccessory)
    }
}

tokens! {
    /// Whether a radio is on, `dd:Power` \[C\].
    pub enum Power {
        /// It is.
        On = "on",
        /// It is not.
        Off = "off",
    }
}

/// One adapter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adapter {
    /// Its resource. Always under `/IoMgmt/`.
    pub uri: ResourceUri,
    /// `dd:Name`, which may differ from the last part of the path \[C: M255dw, `wifiUAP` at `wifi1`\].
    pub name: String,
    /// What it is; `None` where the printer does not say.
    pub resource_type: Option<ResourceType>,
    /// What it connects to; `None` where the printer does not say.
    pub port: Option<PortType>,
    /// Whether it is on; `None` where the printer does not say.
    pub power: Option<Power>,
    /// Whether an administrator switched it off.
    pub admin_disabled: Option<bool>,
    /// Whether it is connected to a network.
    pub connected: Option<bool>,
    /// Whether this very request came through it.
    pub carries_request: Option<bool>,
    /// `dd:MacAddress`; `None` where it is not 12 hexadecimal digits.
    pub mac: Option<[u8; 6]>,
    /// What a radio is connected to.
    pub network: Option<WifiNetwork>,
    /// The resources below it that the document names, such as `…/Profiles`.
    pub children: Vec<ResourceUri>,
}

impl Adapter {
    /// Whether it is the printer's own access point, or otherwise not made for joining a network.
    #[must_use]
    pub fn is_access_point(&self) -> bool {
        self.resource_type == Some(ResourceType::AccessPoint)
            || self.name.eq_ignore_ascii_case("wifiUAP")
            || self.network.as_ref().is_some_and(|network| network.mode == Some(CommunicationMode::AdHoc))
    }

    /// Whether it is the USB socket.
    #[must_use]
    pub fn is_usb(&self) -> bool {
        self.resource_type == Some(ResourceType::Usb) || self.port == Some(PortType::Usb)
    }

    /// Whether it is a network cable's socket with a cable in it.
    #[must_use]
    pub fn has_cable(&self) -> bool {
        let ethernet = self.resource_type == Some(ResourceType::Ethernet) || self.port == Some(PortType::Ethernet);
        ethernet && self.connected == Some(true)
    }

    /// Whether it can be the station.
    fn may_be_station(&self) -> bool {
        !self.is_access_point()
            && match &self.port {
                Some(port) => port.is_wifi(),
                None => self.resource_type == Some(ResourceType::Wifi),
            }
    }
}

/// All adapters of a printer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Adapters {
    /// In the printer's order. Those without a usable path are left out.
    pub adapters: Vec<Adapter>,
}

impl Adapters {
    /// The adapter that joins a Wi-Fi network: the one that says so, else the one called `?ifi0`, else the first
    /// radio. The printer's own access point is never it.
    #[must_use]
    pub fn station(&self) -> Option<&Adapter> {
        let candidates = || self.adapters.iter().filter(|adapter| adapter.may_be_station());
        let called_0 = |adapter: &&Adapter| {
            adapter.uri.as_str().rsplit('/').next().is_some_and(|name| name.eq_ignore_ascii_case("wifi0"))
        };
        candidates()
            .find(|adapter| adapter.resource_type == Some(ResourceType::Wifi))
            .or_else(|| candidates().find(called_0))
            .or_else(|| candidates().next())
    }
}

/// Reads the document.
///
/// # Errors
/// Where it is not well-formed, too much, or another document. Some models are said to answer in JSON \[C\]; that
/// is not well-formed XML.
pub fn parse(document: &[u8]) -> Result<Adapters, xml::Error> {
    let root = xml::parse_as(document, IO, "Adapters")?;
    Ok(Adapters { adapters: root.all(IO, "Adapter").filter_map(adapter).take(MAX_ADAPTERS).collect() })
}

fn adapter(element: &Element) -> Option<Adapter> {
    let node = element.child(MAP, "ResourceNode");
    let hardware = element.child(IO, "HardwareConfig")?;
    let name = hardware.value(DD, "Name").unwrap_or_default();
    let uri = match node.and_then(link) {
        Some(path) => ResourceUri::parse(path).filter(|uri| uri.is_under(ResourceUri::IO_MGMT))?,
        // The Ethernet adapter of an M255dw has no resource node [C].
        None => ResourceUri::fixed(PATH).join(name)?,
    };
    let children = node
        .into_iter()
        .flat_map(|node| node.all(MAP, "ResourceMap"))
        .flat_map(|map| map.all(MAP, "ResourceNode"))
        .filter_map(|child| uri.join(link(child)?))
        .take(MAX_ADAPTERS)
        .collect();
    Some(Adapter {
        resource_type: node
            .and_then(|node| node.child(MAP, "ResourceType"))
            .and_then(|kind| kind.value(IO, "IoMgmtResourceType"))
            .map(ResourceType::from_word),
        port: hardware.value(DD, "DeviceConnectivityPortType").map(PortType::from_word),
        power: hardware.value(DD, "Power").map(Power::from_word),
        admin_disabled: hardware.value(DD, "AdminDisabled").and_then(boolean),
        connected: hardware.value(DD, "IsConnected").and_then(boolean),
        carries_request: hardware.value(IO, "IsCurrentRequestInterface").and_then(boolean),
        mac: hardware.value(DD, "MacAddress").and_then(mac),
        network: hardware.child(IO, "WifiNetwork").map(network::read),
        name: shown(name),
        uri,
        children,
    })
}

fn link(node: &Element) -> Option<&str> {
    node.child(MAP, "ResourceLink")?.value(DD, "ResourceURI")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::super::testing::{capture, fixture, never_panics};
    use super::*;

    #[test]
    fn the_envy_photo_7830() {
        let Some(document) = capture("envy-photo-7830-adapters.xml") else { return };
        let adapters = parse(&document).unwrap();
        let uris: Vec<_> = adapters.adapters.iter().map(|a| a.uri.as_str()).collect();
        assert_eq!(
            uris,
            ["/IoMgmt/Adapters/Eth0", "/IoMgmt/Adapters/Wifi0", "/IoMgmt/Adapters/Wifi1", "/IoMgmt/Adapters/Usb0"]
        );
        let station = adapters.station().unwrap();
        assert_eq!(station.name, "Wifi0");
        assert_eq!(station.power, Some(Power::Off));
        assert_eq!(station.connected, Some(false));
        let network = station.network.as_ref().unwrap();
        assert_eq!(network.ssid, Ssid::Unreadable("REDACTED".into()));
        assert_eq!(network.wps, Some(WpsSupport::Enabled));
        assert_eq!(network.dbm, None);
        assert!(adapters.adapters[2].is_access_point());
        assert_eq!(adapters.adapters[0].carries_request, Some(true));
    }

    #[test]
    fn a_laserjet_without_resource_types() {
        let adapters = parse(&fixture("adapters-laserjet.xml")).unwrap();
        assert_eq!(adapters.adapters.len(), 3);
        assert_eq!(adapters.adapters[0].uri.as_str(), "/IoMgmt/Adapters/eth0", "made from its name");
        let station = adapters.station().unwrap();
        assert_eq!(station.uri.as_str(), "/IoMgmt/Adapters/wifi0");
        assert_eq!(station.mac, Some([2, 0, 0, 0, 0, 1]));
        assert_eq!(station.children[0].as_str(), "/IoMgmt/Adapters/wifi0/Profiles");
        let network = station.network.as_ref().unwrap();
        assert_eq!(network.ssid.to_string(), "Tübingen");
        assert_eq!(network.signal_strength, Some(6));
        assert_eq!(adapters.adapters[2].name, "wifiUAP");
        assert!(adapters.adapters[2].is_access_point());
    }

    #[test]
    fn the_access_point_is_never_the_station() {
        let laserjet = String::from_utf8(fixture("adapters-laserjet.xml")).unwrap();
        // The same printer with its station taken away: only the access point is left.
        let without = laserjet.replacen("wifiEmbedded", "other", 1);
        assert_eq!(parse(without.as_bytes()).unwrap().station(), None);
        // Any one sign of an access point is enough.
        for (from, to) in [("<dd:Name>wifiUAP<", "<dd:Name>wifi1<"), ("adHoc", "infrastructure")] {
            let one_sign = without.replace(from, to);
            assert_eq!(parse(one_sign.as_bytes()).unwrap().station(), None, "{from}");
        }
    }

    #[test]
    fn a_path_that_leads_elsewhere_is_left_out() {
        let laserjet = String::from_utf8(fixture("adapters-laserjet.xml")).unwrap();
        for elsewhere in ["/OOBE/Config", "http://example.net/IoMgmt/Adapters/wifi0", "/IoMgmt/../DevMgmt", "wifi0"] {
            let adapters = parse(laserjet.replace("/IoMgmt/Adapters/wifi0", elsewhere).as_bytes()).unwrap();
            assert_eq!(adapters.adapters.len(), 2, "{elsewhere}");
            assert_eq!(adapters.station(), None, "{elsewhere}");
        }
    }

    #[test]
    fn damaged_documents_end_in_a_value() {
        never_panics("adapters-laserjet.xml", |bytes| parse(bytes).map(|adapters| drop(adapters.station().cloned())));
    }
}
