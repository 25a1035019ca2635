//! The station's calls, as transcripts.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::time::Duration;

use super::adapters::{Adapter, Adapters};
use super::network::WifiNetwork;
use super::testing::{Script, capture, fixture};
use super::vsa_codes::{Finding, explanation};
use super::*;
use crate::blame::Party;
use crate::usb;
use crate::wifi::{Credentials, Security, Ssid, passphrase, station::Origin};

const SCAN: &str = "GET /IoMgmt/Adapters/wifi0/WifiNetworks";
const ADAPTERS: &str = "GET /IoMgmt/Adapters";
const PROTOCOLS: &str = "GET /IoMgmt/Adapters/wifi0/Protocols";
const ACTIVE: &str = "GET /IoMgmt/Adapters/wifi0/Profiles/Active";
const PROFILES: &str = "GET /IoMgmt/Adapters/wifi0/Profiles";
const IO_CONFIG: &str = "GET /DevMgmt/IOConfigDyn.xml";
const IO_DEVICE: &str = "GET /IoMgmt/IoConfig.xml";

const INKJET_ON: &str = "PUT /IoMgmt/Adapters/wifi0 Adapters Power=on";
const LASERJET_ON: &str = "PUT /IoMgmt/Adapters/wifi0 Adapter Power=on";

const JOIN: &str = "PUT /IoMgmt/Adapters/wifi0/Profiles/Active Profile SSID=4578616d706c65 CommunicationMode=infrastructure \
    EncryptionType=WPA2_PSK AuthenticationMode=WPA2_PSK RsnEncryption=AESOrTKIP RsnAuthorization=autoWPA \
    PassPhrase=636f727265637420686f727365";
const JOIN_AT_1: &str = "PUT /IoMgmt/Adapters/wifi0/Profiles/1 Profile SSID=4578616d706c65 CommunicationMode=infrastructure \
    EncryptionType=WPA2_PSK AuthenticationMode=WPA2_PSK RsnEncryption=AESOrTKIP RsnAuthorization=autoWPA \
    PassPhrase=636f727265637420686f727365";

fn adapters() -> Adapters {
    adapters::parse(&fixture("adapters-laserjet.xml")).unwrap()
}

fn station() -> Adapter {
    adapters().station().unwrap().clone()
}

fn access_point() -> Adapter {
    adapters().adapters.into_iter().find(Adapter::is_access_point).unwrap()
}

fn heard() -> Vec<WifiNetwork> {
    wifi_networks::parse(&fixture("wifi-networks.xml")).unwrap()
}

fn to(name: &str, security: Security, phrase: Option<&str>) -> Credentials {
    let passphrase = phrase.map(|phrase| passphrase::parse(phrase.as_bytes()).unwrap());
    Credentials { ssid: Ssid::new(name).unwrap(), security, passphrase, hidden: false }
}

fn example() -> Credentials {
    to("Example", Security::Wpa2Personal, Some("correct horse"))
}

async fn join(script: &Script, credentials: &Credentials, network: Option<&WifiNetwork>) -> Result<(), SetError> {
    let joined = script.ledm().join(&station(), credentials, network).await;
    script.is_over();
    joined
}

async fn join_example(script: &Script) -> Result<(), SetError> {
    join(script, &example(), Some(&heard()[0])).await
}

async fn power(script: &Script) -> Result<(), SetError> {
    let set = script.ledm().power(&station(), true).await;
    script.is_over();
    set
}

#[tokio::test]
async fn a_scan_of_all_and_of_one() {
    let script = Script::default().answers(SCAN, 200, fixture("wifi-networks.xml"));
    assert_eq!(script.ledm().scan(&station(), None).await.unwrap().len(), 7);
    let directed = "GET /IoMgmt/Adapters/wifi0/WifiNetworks/SSID=T%C3%BC%20%2F%2E%2E";
    let script = Script::default().answers(directed, 200, fixture("wifi-networks.xml"));
    script.ledm().scan(&station(), Some(&Ssid::new("Tü /..").unwrap())).await.unwrap();
    script.is_over();
}

#[tokio::test]
async fn a_radio_that_is_off_hears_nothing() {
    for (status, body) in [(200, ""), (200, "\r\n"), (204, "")] {
        let script = Script::default().answers(SCAN, status, body);
        assert_eq!(script.ledm().scan(&station(), None).await, Ok(vec![]), "{status}");
    }
    let script = Script::default().answers(SCAN, 500, "");
    assert!(matches!(script.ledm().scan(&station(), None).await, Err(Error::Refused { status: 500, .. })));
    let working = http::Error::StillWorking { after: Duration::from_secs(40) };
    let script = Script::default().fails(SCAN, working.clone());
    assert_eq!(script.ledm().scan(&station(), None).await, Err(Error::Http(working)));
}

#[tokio::test]
async fn the_radio_is_switched_in_the_form_that_the_model_takes() {
    for status in [200, 202, 204] {
        assert_eq!(power(&Script::default().answers(INKJET_ON, status, "")).await, Ok(()), "{status}");
    }
    for status in [400, 404, 405] {
        let script = Script::default().answers(INKJET_ON, status, "").answers(LASERJET_ON, 204, "");
        assert_eq!(power(&script).await, Ok(()), "{status}");
    }
    let neither = Script::default().answers(INKJET_ON, 400, "").answers(LASERJET_ON, 400, "");
    assert!(matches!(power(&neither).await, Err(SetError::Hp(Error::Refused { status: 400, .. }))));
    // No refusal of the form.
    for (status, expected) in [
        (401, Error::AuthRequired),
        (403, Error::Refused { resource: "switch of its radio", status: 403 }),
        (500, Error::Refused { resource: "switch of its radio", status: 500 }),
    ] {
        assert_eq!(power(&Script::default().answers(INKJET_ON, status, "")).await, Err(SetError::Hp(expected)));
    }
}

#[tokio::test]
async fn a_printer_that_goes_away_over_a_setting_may_have_made_it() {
    for error in [http::Error::Usb(usb::Error::Gone), http::Error::NoAnswer { after: Duration::from_secs(60) }] {
        let script = Script::default().fails(INKJET_ON, error.clone());
        assert_eq!(power(&script).await, Err(SetError::Unconfirmed(error.clone())));
        let script = Script::default().fails(JOIN, error.clone());
        assert_eq!(join_example(&script).await, Err(SetError::Unconfirmed(error)));
    }
    let busy = http::Error::StillBusy { after: Duration::ZERO };
    assert_eq!(power(&Script::default().fails(INKJET_ON, busy)).await, Err(SetError::Hp(Error::Busy)));
    let held = http::Error::ClaimedElsewhere;
    let script = Script::default().fails(INKJET_ON, held.clone());
    assert_eq!(power(&script).await, Err(SetError::Hp(Error::Http(held))));
}

#[tokio::test]
async fn a_network_is_joined_in_the_words_of_the_scan() {
    assert_eq!(join_example(&Script::default().answers(JOIN, 204, "")).await, Ok(()));
    let open = "PUT /IoMgmt/Adapters/wifi0/Profiles/Active Profile SSID=54c3bc62696e67656e \
        CommunicationMode=infrastructure EncryptionType=none AuthenticationMode=open";
    let script = Script::default().answers(open, 200, "");
    assert_eq!(join(&script, &to("Tübingen", Security::Open, None), Some(&heard()[1])).await, Ok(()));
    let wpa = "PUT /IoMgmt/Adapters/wifi0/Profiles/Active Profile SSID=4578616d706c65 CommunicationMode=infrastructure \
        EncryptionType=WPA_PSK AuthenticationMode=WPA_PSK RsnEncryption=AESOrTKIP RsnAuthorization=autoWPA \
        PassPhrase=3132333435363738";
    let credentials = to("Example", Security::WpaPersonal, Some("12345678"));
    let script = Script::default().answers(wpa, 200, "");
    assert_eq!(join(&script, &credentials, Some(&heard()[5])).await, Ok(()));
    // Nothing heard, as of a hidden network.
    let script = Script::default().answers(wpa, 200, "");
    assert_eq!(join(&script, &credentials, None).await, Ok(()));
    assert_eq!(join(&Script::default().answers(JOIN, 200, ""), &example(), None).await, Ok(()));
    // An entry that does not say.
    assert_eq!(join(&Script::default().answers(JOIN, 200, ""), &example(), Some(&heard()[2])).await, Ok(()));
}

#[tokio::test]
async fn another_profile_is_written_where_the_active_one_cannot_be() {
    for status in [400, 404, 405] {
        let script = Script::default()
            .answers(JOIN, status, "")
            .answers(PROFILES, 200, fixture("profiles.xml"))
            .answers(JOIN_AT_1, 200, "");
        assert_eq!(join_example(&script).await, Ok(()), "{status}");
    }
    let only_active = String::from_utf8(fixture("profiles.xml")).unwrap().replace("Profiles/1", "Profiles/Active");
    for (status, body) in [(200, only_active.as_str()), (404, ""), (500, ""), (200, "<html/>")] {
        let script = Script::default().answers(JOIN, 404, "").answers(PROFILES, status, body.to_owned());
        let refused = Error::NotExposed { resource: "Wi-Fi profile", status: 404 };
        assert_eq!(join_example(&script).await, Err(SetError::Hp(refused)), "{status}");
    }
    for (status, expected) in [
        (401, Error::AuthRequired),
        (403, Error::Refused { resource: "Wi-Fi profile", status: 403 }),
        (500, Error::Refused { resource: "Wi-Fi profile", status: 500 }),
    ] {
        let script = Script::default().answers(JOIN, status, "");
        assert_eq!(join_example(&script).await, Err(SetError::Hp(expected)));
    }
}

#[tokio::test]
async fn nothing_is_sent_for_a_network_that_can_not_be_joined() {
    let nothing = Script::default();
    let secured =
        |word: &str| WifiNetwork { encryption: Some(word.into()), authentication: None, ..heard()[0].clone() };
    for (word, security) in [
        ("WEP", Security::Wep),
        ("WPA3_SAE", Security::Wpa3Personal),
        ("WPA2_ENTERPRISE", Security::Enterprise),
        ("OWE", Security::EnhancedOpen),
    ] {
        let refused = join(&nothing, &example(), Some(&secured(word))).await.unwrap_err();
        assert_eq!(refused, SetError::UnsupportedSecurity(security.clone()), "{word}");
        assert_eq!(refused.whose(), Party::Printer);
        let phrase = security.takes_passphrase().then_some("correct horse");
        if security != Security::Wep && security != Security::Enterprise {
            let refused = join(&nothing, &to("Example", security.clone(), phrase), None).await.unwrap_err();
            assert_eq!(refused, SetError::UnsupportedSecurity(security));
        }
    }
    assert_eq!(join(&nothing, &example(), Some(&secured("none"))).await, Err(SetError::HeardOpen));
    let open = to("Example", Security::Open, None);
    let secured_there = SetError::HeardSecured(Security::Wpa2Personal);
    assert_eq!(join(&nothing, &open, Some(&heard()[0])).await, Err(secured_there));
    let breaking = secured("WPA2\"><wifi:PassPhrase>");
    assert!(matches!(join(&nothing, &example(), Some(&breaking)).await, Err(SetError::UnsupportedSecurity(_))));
    let nameless = to("", Security::Open, None);
    assert!(matches!(join(&nothing, &nameless, None).await, Err(SetError::Unfit(_))));
}

#[tokio::test]
async fn a_word_of_the_printer_that_nobody_knows_is_given_back() {
    const MAGIC: &str = "PUT /IoMgmt/Adapters/wifi0/Profiles/Active Profile SSID=4578616d706c65 \
        CommunicationMode=infrastructure EncryptionType=MAGIC AuthenticationMode=MAGIC RsnEncryption=AESOrTKIP \
        RsnAuthorization=autoWPA PassPhrase=636f727265637420686f727365";
    let magic = WifiNetwork { encryption: Some("MAGIC".into()), ..heard()[0].clone() };
    assert_eq!(join(&Script::default().answers(MAGIC, 200, ""), &example(), Some(&magic)).await, Ok(()));
}

#[tokio::test]
async fn the_access_point_is_never_set_up() {
    let ledm = Script::default().ledm();
    assert!(matches!(ledm.power(&access_point(), true).await, Err(SetError::Hp(Error::NotExposed { .. }))));
    let joined = ledm.join(&access_point(), &example(), None).await;
    assert!(matches!(joined, Err(SetError::Hp(Error::NotExposed { .. }))));
}

#[tokio::test]
async fn what_the_station_says_of_itself() {
    let script = Script::default()
        .answers(ADAPTERS, 200, fixture("adapters-laserjet.xml"))
        .answers(PROTOCOLS, 200, fixture("protocols.xml"))
        .answers(IO_DEVICE, 200, fixture("io-device-config.xml"));
    let state = script.ledm().station_state().await.unwrap().unwrap();
    script.is_over();
    assert!(state.is_on(&Ssid::new("Tübingen").unwrap()));
    assert_eq!(state.ssid.as_ref().unwrap().source, "Adapters");
    assert_eq!(state.bssid.unwrap().value, [2, 0, 0, 0, 0, 0x99]);
    let address = state.address().unwrap();
    assert_eq!((address.value.ip.to_string().as_str(), address.source), ("192.0.2.7", "Protocols"));
    assert_eq!(address.value.origin, Origin::Dhcp);
    assert_eq!(address.value.gateway.unwrap().to_string(), "192.0.2.1");
    assert_eq!(state.hostname.unwrap().value, "HPEXAMPLE");
}

#[tokio::test]
async fn impostors_of_success() {
    let protocols = String::from_utf8(fixture("protocols.xml")).unwrap();
    // An address that nobody can reach, or that the printer gave to itself.
    for (from, to) in [("192.0.2.7", "169.254.7.8"), ("192.0.2.7", "192.0.0.192"), (">DHCP<", ">AUTOIP<")] {
        let script = Script::default().answers(ADAPTERS, 200, fixture("adapters-laserjet.xml")).answers(
            PROTOCOLS,
            200,
            protocols.replace(from, to),
        );
        let state = script.ledm().station_state().await.unwrap().unwrap();
        script.is_over();
        assert_eq!((state.addresses.len(), state.address()), (1, None), "{to}");
    }
    // The address of the access point, which has the same kind of port.
    let io_config = String::from_utf8(fixture("io-config.xml")).unwrap();
    let two =
        io_config.replace("<ns2:DeviceConnectivityPortType>usb<", "<ns2:DeviceConnectivityPortType>wifiEmbedded<");
    let ethernet = io_config.replace("wifiEmbedded", "ethernet");
    for document in [two, ethernet] {
        let script = Script::default()
            .answers(ADAPTERS, 200, fixture("adapters-laserjet.xml"))
            .answers(PROTOCOLS, 404, "")
            .answers(ACTIVE, 404, "")
            .answers(IO_CONFIG, 200, document);
        let state = script.ledm().station_state().await.unwrap().unwrap();
        script.is_over();
        assert!(state.addresses.is_empty());
    }
    // A radio that is off: what else is told is old.
    let off = String::from_utf8(fixture("adapters-laserjet.xml")).unwrap().replacen(">on<", ">off<", 1);
    let script = Script::default().answers(ADAPTERS, 200, off);
    let state = script.ledm().station_state().await.unwrap().unwrap();
    script.is_over();
    assert!(!state.is_on(&Ssid::new("Tübingen").unwrap()));
    assert!(state.addresses.is_empty());
}

#[tokio::test]
async fn a_printer_without_a_station_has_no_state() {
    let none = String::from_utf8(fixture("adapters-laserjet.xml")).unwrap().replace("wifiEmbedded", "ethernet");
    let script = Script::default().answers(ADAPTERS, 200, none);
    assert_eq!(script.ledm().station_state().await, Ok(None));
    let gone = http::Error::Usb(usb::Error::Gone);
    let script =
        Script::default().answers(ADAPTERS, 200, fixture("adapters-laserjet.xml")).fails(PROTOCOLS, gone.clone());
    assert_eq!(script.ledm().station_state().await, Err(Error::Http(gone)));
}

#[tokio::test]
async fn the_envy_photo_7830_on_its_cable_is_on_no_wifi() {
    let Some(document) = capture("envy-photo-7830-adapters.xml") else { return };
    let state = station::state_of(&adapters::parse(&document).unwrap()).unwrap();
    assert_eq!(state.power.map(|fact| fact.value), Some(false));
    assert_eq!(state.connected.map(|fact| fact.value), Some(false), "neither its cable nor its own access point");
    assert_eq!((state.ssid.clone(), state.bssid, state.channel, state.signal_dbm), (None, None, None, None));
    assert_eq!(state.address(), None);
    let script = Script::default().answers(ADAPTERS, 200, document);
    assert_eq!(script.ledm().station_state().await, Ok(Some(state)));
    script.is_over();
}

#[tokio::test]
async fn what_the_printer_makes_of_its_troubles() {
    const VSA: &str = "GET /IoMgmt/Adapters/wifi0/VsaCodes.xml";
    let script = Script::default().answers(VSA, 200, fixture("vsa-codes.xml"));
    let codes = script.ledm().vsa_codes(&station()).await.unwrap();
    assert_eq!(explanation(&codes), Some(Finding::WrongPassphrase));
    for (status, body) in [(404, ""), (500, ""), (401, ""), (200, "<html/>")] {
        let script = Script::default().answers(VSA, status, body);
        assert_eq!(script.ledm().vsa_codes(&station()).await, Ok(vec![]), "{status}");
    }
}

#[test]
fn no_call_shows_what_it_carries() {
    let call = Call::put("/IoMgmt/Adapters/wifi0/Profiles/Active", XML, "636f7272656374");
    assert_eq!(format!("{call:?}"), "Call(PUT /IoMgmt/Adapters/wifi0/Profiles/Active, 14 bytes)");
}
