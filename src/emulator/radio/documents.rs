//! The documents that show the radio. Shapes after a capture of an ENVY Photo 7830 and HPLIP \[C\].

use super::super::ledm::{ADDRESS, DD, DNS, GATEWAY, IO, MAP, PROLOGUE, SUBNET, VERSION, WIFI, hex, hostname};
use super::super::printer::Printer;
use super::resources::written_profile;
use super::{Association, Failure, Heard, Impostor, Lease, Origin, Security, State};

const DD3: &str = r#"xmlns:dd3="http://www.hp.com/schemas/imaging/con/dictionaries/2009/04/06""#;

/// wifi:EncryptionType in a scan, and so in a profile. `none`, `WPA`, `WPA2`, `WPA_PSK` and `WPA2_PSK` are seen
/// \[C, HPLIP\]; which model says which, and the other words, are inferred.
pub(super) fn word(printer: &Printer, security: Security) -> &'static str {
    spelt(printer.facts().wants_xhr, security)
}

fn spelt(inkjet: bool, security: Security) -> &'static str {
    match security {
        Security::Open => "none",
        Security::Wpa if inkjet => "WPA",
        Security::Wpa => "WPA_PSK",
        Security::Wpa2 | Security::Wpa2Wpa3 if inkjet => "WPA2",
        Security::Wpa2 | Security::Wpa2Wpa3 => "WPA2_PSK",
        Security::Wpa3 if inkjet => "WPA3",
        Security::Wpa3 => "WPA3_SAE",
        Security::Enterprise => "WPA2_Enterprise",
    }
}

/// What a word means in a profile, in either spelling: for a network that hides, nobody was told which. Nobody
/// joins 802.1X by a profile.
pub(super) fn security(text: &str) -> Option<Security> {
    [Security::Open, Security::Wpa, Security::Wpa2, Security::Wpa3]
        .into_iter()
        .find(|security| [true, false].iter().any(|inkjet| spelt(*inkjet, *security) == text))
}

/// The word of the Adapters and Profile documents \[C, ENVY Photo 7830: WPA2\].
fn short_word(security: Security) -> &'static str {
    match security {
        Security::Open => "none",
        Security::Wpa => "WPA",
        Security::Wpa3 => "WPA3",
        _ => "WPA2",
    }
}

fn authentication(encryption: &'static str) -> &'static str {
    if encryption == "none" { "open" } else { encryption }
}

/// io:SignalInfo/wifi:SignalStrength, 0 to 5.
fn strength(dbm: i16) -> u8 {
    match dbm {
        -50.. => 5,
        -60.. => 4,
        -70.. => 3,
        -80.. => 2,
        -90.. => 1,
        _ => 0,
    }
}

fn network(ssid: &str, at: Option<(&[u8; 6], u16, i16)>, encryption: &'static str, wps: &str) -> String {
    let (bssid, channel, strength, dbm) =
        at.map_or((String::new(), 0, 0, 0), |(bssid, channel, dbm)| (hex(bssid), channel, strength(dbm), dbm));
    let authentication = authentication(encryption);
    format!(
        "\t\t\t<io:WifiNetwork>\n\t\t\t\t<wifi:SSID>{ssid}</wifi:SSID>\n\t\t\t\t<wifi:BSSID>{bssid}</wifi:BSSID>\n\t\t\t\t<wifi:CommunicationMode>infrastructure</wifi:CommunicationMode>\n\t\t\t\t<wifi:Channel>{channel}</wifi:Channel>\n\t\t\t\t<io:SignalInfo>\n\t\t\t\t\t<wifi:SignalStrength>{strength}</wifi:SignalStrength>\n\t\t\t\t\t<wifi:dBm>{dbm}</wifi:dBm>\n\t\t\t\t</io:SignalInfo>\n\t\t\t\t<wifi:EncryptionType>{encryption}</wifi:EncryptionType>\n{wps}\t\t\t\t<wifi:AuthenticationMode>{authentication}</wifi:AuthenticationMode>\n\t\t\t</io:WifiNetwork>\n"
    )
}

const WPS: &str = "\t\t\t\t<wifi:WpsSupport>enabled</wifi:WpsSupport>\n";

/// io:WifiNetworks. A hidden network's name is empty on the inkjet and `0` on the LaserJet \[C that both occur,
/// HPLIP\].
pub(super) fn networks(printer: &Printer, heard: &[Heard]) -> String {
    let inkjet = printer.facts().wants_xhr;
    let all: String = heard
        .iter()
        .map(|heard| {
            let ssid = match heard.ssid.as_slice() {
                [] if inkjet => String::new(),
                [] => "0".to_owned(),
                ssid => hex(ssid),
            };
            let wps = if heard.wps && printer.facts().wps_support { WPS } else { "" };
            network(&ssid, Some((&heard.bssid, heard.channel, heard.dbm)), word(printer, heard.security), wps)
        })
        .collect();
    format!("{PROLOGUE}<io:WifiNetworks {IO} {DD} {WIFI}>\n{VERSION}{all}</io:WifiNetworks>\n")
}

fn adapter(segment: &str, kind: &str, hardware: &str) -> String {
    format!(
        "\t<io:Adapter>\n\t\t<map:ResourceNode>\n\t\t\t<map:ResourceLink>\n\t\t\t\t<dd:ResourceURI>/IoMgmt/Adapters/{segment}</dd:ResourceURI>\n\t\t\t\t<map:Base>Root</map:Base>\n\t\t\t</map:ResourceLink>\n\t\t\t<map:ResourceType>\n\t\t\t\t<io:IoMgmtResourceType>{kind}</io:IoMgmtResourceType>\n\t\t\t</map:ResourceType>\n\t\t</map:ResourceNode>\n\t\t<io:HardwareConfig>\n{hardware}\t\t</io:HardwareConfig>\n\t</io:Adapter>\n"
    )
}

/// What the station shows as its network: where it is, or else where it was told to go.
fn shown(printer: &Printer, state: &State) -> (String, Option<Association>, &'static str) {
    match (state.association(), printer.radio().profile()) {
        (Some(at), _) => (hex(&at.ssid), Some(at.clone()), short_word(at.security)),
        (None, Some(profile)) => (hex(&profile.ssid), None, short_word(profile.security)),
        (None, None) => (String::new(), None, "WPA2"),
    }
}

fn impostor(printer: &Printer) -> Option<Impostor> {
    printer.options().radio.impostor
}

/// The Ethernet adapter, where there is one, and whether a cable is in it.
fn ethernet(printer: &Printer) -> Option<(&'static str, bool)> {
    let cable = impostor(printer) == Some(Impostor::Ethernet);
    let own = if printer.facts().wants_xhr { "Eth0" } else { "eth0" };
    printer.facts().ethernet.or(cable.then_some(own)).map(|name| (name, cable))
}

/// io:Adapters.
pub(in crate::emulator) fn adapters(printer: &Printer) -> String {
    let facts = printer.facts();
    let state = printer.radio().state();
    let mut all = String::new();
    // The soft-AP comes before the station here, so that "the first Wi-Fi adapter" is a wrong rule.
    let (name, segment) = facts.soft_ap;
    let mut ap_mac = facts.mac;
    if let Some(first) = ap_mac.first_mut() {
        *first |= 0x10;
    }
    let disguise = match (impostor(printer), printer.radio().profile()) {
        (Some(Impostor::SoftAp), Some(profile)) => {
            network(&hex(&profile.ssid), Some((&ap_mac, 6, -30)), short_word(profile.security), "")
        }
        _ => String::new(),
    };
    all += &adapter(
        segment,
        "AccessPointAdapter",
        &format!(
            "\t\t\t<dd:Power>on</dd:Power>\n\t\t\t<dd:Name>{name}</dd:Name>\n\t\t\t<dd:DeviceConnectivityPortType>wifiEmbedded</dd:DeviceConnectivityPortType>\n\t\t\t<dd:MacAddress>{}</dd:MacAddress>\n{disguise}\t\t\t<dd:IsConnected>true</dd:IsConnected>\n",
            hex(&ap_mac)
        ),
    );
    if let Some((name, cable)) = ethernet(printer) {
        all += &adapter(
            name,
            "EthernetAdapter",
            &format!(
                "\t\t\t<dd:Power>on</dd:Power>\n\t\t\t<dd:Name>{name}</dd:Name>\n\t\t\t<dd:DeviceConnectivityPortType>ethernet</dd:DeviceConnectivityPortType>\n\t\t\t<dd:IsConnected>{cable}</dd:IsConnected>\n"
            ),
        );
    }
    let (ssid, at, encryption) = shown(printer, &state);
    let wps = if facts.wps_support { WPS } else { "" };
    let network = network(&ssid, at.as_ref().map(|at| (&at.bssid, at.channel, at.dbm)), encryption, wps);
    all += &adapter(
        facts.station,
        "WifiAdapter",
        &format!(
            "\t\t\t<dd:Power>{power}</dd:Power>\n\t\t\t<dd:AdminDisabled>false</dd:AdminDisabled>\n\t\t\t<dd:Name>{name}</dd:Name>\n\t\t\t<dd:DeviceConnectivityPortType>wifiEmbedded</dd:DeviceConnectivityPortType>\n\t\t\t<dd:MacAddress>{mac}</dd:MacAddress>\n{network}\t\t\t<dd:IsConnected>{connected}</dd:IsConnected>\n\t\t\t<io:IsCurrentRequestInterface>false</io:IsCurrentRequestInterface>\n",
            power = if printer.radio().is_on() { "on" } else { "off" },
            name = facts.station,
            mac = hex(&facts.mac),
            connected = at.is_some(),
        ),
    );
    if facts.wants_xhr {
        all += &adapter(
            "Usb0",
            "USBAdapter",
            "\t\t\t<dd:Power>on</dd:Power>\n\t\t\t<dd:Name>Usb0</dd:Name>\n\t\t\t<dd:DeviceConnectivityPortType>usb</dd:DeviceConnectivityPortType>\n\t\t\t<dd:IsConnected>true</dd:IsConnected>\n",
        );
    }
    format!("{PROLOGUE}<io:Adapters {IO} {DD} {MAP} {WIFI}>\n{VERSION}{all}</io:Adapters>\n")
}

/// dd:ConfigMethod. The word beside 192.0.0.192 is inferred, and says the worst: that DHCP gave it.
fn method(lease: &Lease) -> &'static str {
    match lease.origin {
        Origin::Dhcp | Origin::Fallback => "DHCPv4",
        Origin::AutoIp => "AutoIP",
    }
}

fn or_zero(address: Option<std::net::Ipv4Addr>) -> String {
    address.map_or_else(|| "0.0.0.0".to_owned(), |address| address.to_string())
}

/// io:Protocols of the station.
pub(in crate::emulator) fn protocols(printer: &Printer) -> String {
    let state = printer.radio().state();
    let addresses = match state.lease() {
        Some(lease) => format!(
            "\t\t\t<io:IPv4Addresses>\n\t\t\t\t<io:IPv4Address>\n\t\t\t\t\t<dd:IPv4Address>{}</dd:IPv4Address>\n\t\t\t\t\t<dd:SubnetMask>{}</dd:SubnetMask>\n\t\t\t\t\t<dd:DefaultGateway>{}</dd:DefaultGateway>\n\t\t\t\t\t<dd:ConfigMethod>{}</dd:ConfigMethod>\n\t\t\t\t</io:IPv4Address>\n\t\t\t</io:IPv4Addresses>\n",
            lease.address,
            lease.mask,
            or_zero(lease.gateway),
            method(lease)
        ),
        None => "\t\t\t<io:IPv4Addresses/>\n".to_owned(),
    };
    let dns = state.lease().map_or_else(|| DNS.to_owned(), |lease| or_zero(lease.dns));
    format!(
        "{PROLOGUE}<io:Protocols {IO} {DD}>\n{VERSION}\t<io:Protocol>\n\t\t<io:Addresses>\n{addresses}\t\t</io:Addresses>\n\t\t<dd:DNSServerIPAddress>{dns}</dd:DNSServerIPAddress>\n\t\t<dd:SecondaryDNSServerIPAddress>::</dd:SecondaryDNSServerIPAddress>\n\t</io:Protocol>\n</io:Protocols>\n"
    )
}

/// The collection of profiles, with the one that is written.
pub(super) fn profiles(printer: &Printer) -> String {
    let (station, name) = (printer.facts().station, written_profile(printer));
    format!(
        "{PROLOGUE}<io:Profiles {IO} {DD} {MAP}>\n{VERSION}\t<io:Profile>\n\t\t<map:ResourceNode>\n\t\t\t<map:ResourceLink>\n\t\t\t\t<dd:ResourceURI>/IoMgmt/Adapters/{station}/Profiles/{name}</dd:ResourceURI>\n\t\t\t</map:ResourceLink>\n\t\t</map:ResourceNode>\n\t</io:Profile>\n</io:Profiles>\n"
    )
}

/// io:Profile, without the passphrase.
pub(super) fn profile(printer: &Printer) -> String {
    let state = printer.radio().state();
    let (ssid, _, encryption) = shown(printer, &state);
    let network = state.lease().map_or_else(String::new, |lease| {
        format!(
            "\t\t\t<dd:IPAddress>{}</dd:IPAddress>\n\t\t\t<dd:SubnetMask>{}</dd:SubnetMask>\n\t\t\t<dd:DefaultGateway>{}</dd:DefaultGateway>\n\t\t\t<dd:DNSServerIPAddress>{}</dd:DNSServerIPAddress>\n\t\t\t<dd:ConfigMethod>{}</dd:ConfigMethod>\n",
            lease.address,
            lease.mask,
            or_zero(lease.gateway),
            or_zero(lease.dns),
            method(lease)
        )
    });
    let authentication = authentication(encryption);
    format!(
        "{PROLOGUE}<io:Profile {IO} {DD} {WIFI}>\n{VERSION}\t<io:AdapterProfile>\n\t\t<io:WifiProfile>\n\t\t\t<wifi:SSID>{ssid}</wifi:SSID>\n\t\t\t<wifi:CommunicationMode>infrastructure</wifi:CommunicationMode>\n\t\t\t<wifi:EncryptionType>{encryption}</wifi:EncryptionType>\n\t\t\t<wifi:AuthenticationMode>{authentication}</wifi:AuthenticationMode>\n\t\t</io:WifiProfile>\n\t</io:AdapterProfile>\n\t<io:NetworkProfile>\n\t\t<io:IPv4Network>\n{network}\t\t</io:IPv4Network>\n\t</io:NetworkProfile>\n</io:Profile>\n"
    )
}

fn config(port: &str, name: &str, lease: Option<(String, String, String, &str)>) -> String {
    let status = if lease.is_some() { "ready" } else { "notReady" };
    let addresses = lease.map_or_else(String::new, |(address, mask, gateway, method)| {
        format!(
            "\t\t\t\t<dd3:IPConfig>\n\t\t\t\t\t<dd:DefaultGateway>{gateway}</dd:DefaultGateway>\n\t\t\t\t\t<dd:IPAddress>{address}</dd:IPAddress>\n\t\t\t\t\t<dd:IPConfigMethod>{method}</dd:IPConfigMethod>\n\t\t\t\t\t<dd:SubnetMask>{mask}</dd:SubnetMask>\n\t\t\t\t</dd3:IPConfig>\n"
        )
    });
    format!(
        "\t<dd3:IOAdaptorConfig>\n\t\t<dd:DeviceConnectivityPortType>{port}</dd:DeviceConnectivityPortType>\n\t\t<dd3:NetworkAdaptorConfig>\n\t\t\t<dd3:CurrentHostname>{name}</dd3:CurrentHostname>\n\t\t\t<dd3:IPVersionConfig>\n{addresses}\t\t\t\t<dd:NetworkStatus>{status}</dd:NetworkStatus>\n\t\t\t</dd3:IPVersionConfig>\n\t\t</dd3:NetworkAdaptorConfig>\n\t</dd3:IOAdaptorConfig>\n"
    )
}

/// IOConfigDyn: every adapter's address, without the networks' names \[C, LaserJet M182nw\].
pub(in crate::emulator) fn io_config_dyn(printer: &Printer) -> String {
    let state = printer.radio().state();
    let name = hostname(printer);
    let wired = ethernet(printer).map_or_else(String::new, |(_, cable)| {
        let lease = (ADDRESS.to_owned(), SUBNET.to_owned(), GATEWAY.to_owned(), "DHCP");
        config("ethernet", &name, cable.then_some(lease))
    });
    let lease = state.lease().map(|lease| {
        (
            lease.address.to_string(),
            lease.mask.to_string(),
            or_zero(lease.gateway),
            method(lease).trim_end_matches("v4"),
        )
    });
    let station = config("wifiEmbedded", &name, lease);
    format!(
        "{PROLOGUE}<iocfg:IOConfigDyn xmlns:iocfg=\"http://www.hp.com/schemas/imaging/con/ledm/ioconfigdyn/2009/03/17\" {DD} {DD3}>\n{VERSION}{wired}{station}</iocfg:IOConfigDyn>\n"
    )
}

/// io:VsaCodes: what the printer thinks is wrong. The numbers are HPLIP's \[C\]; which failure gives which is
/// inferred. WPS failures give none: no number is about WPS.
pub(in crate::emulator) fn vsa_codes(printer: &Printer) -> String {
    let radio = printer.radio();
    let mut rules = Vec::new();
    if impostor(printer) == Some(Impostor::Ethernet) {
        let around = radio.around();
        let known = radio.profile().is_some_and(|profile| around.iter().any(|heard| heard.ssid == profile.ssid));
        rules.push(u16::from(known));
    }
    if !radio.is_on() {
        rules.push(2);
    }
    rules.extend_from_slice(match radio.failure() {
        Some(Failure::NotFound) => &[201],
        Some(Failure::OtherCase) => &[203],
        Some(Failure::WrongPassphrase) => &[603],
        Some(Failure::Unsupported) => &[604],
        Some(Failure::Refused) => &[100],
        Some(Failure::TooWeak) => &[400, 401],
        _ => &[],
    });
    let codes: String = rules.iter().map(|rule| format!("\t<wifi:VsaCode>\n\t\t<dd:Severity>critical</dd:Severity>\n\t\t<wifi:RuleNumber>{rule}</wifi:RuleNumber>\n\t</wifi:VsaCode>\n")).collect();
    format!("{PROLOGUE}<io:VsaCodes {IO} {DD} {WIFI}>\n{VERSION}{codes}</io:VsaCodes>\n")
}
