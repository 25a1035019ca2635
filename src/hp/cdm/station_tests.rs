//! The station's calls, as transcripts.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::time::Duration;

use super::adapters::{Adapter, Adapters};
use super::testing::{Script, fixture};
use super::wifi_networks::Heard;
use super::*;
use crate::hp::SetError;
use crate::usb;
use crate::wifi::{Credentials, Security, Ssid, passphrase};

const ADAPTERS: &str = "GET /cdm/ioConfig/v2/adapterConfigs";
const START: &str = "PATCH /cdm/ioConfig/v2/wifiScan {\"state\":\"scanProcessing\",\"scanType\":\"undirected\"}";
const ASK: &str = "GET /cdm/ioConfig/v2/wifiScan";
const LIST: &str = "GET /cdm/ioConfig/v2/wifiScan/wifiNetworks";
const BUSY: &str = r#"{"version":"1.0.0","state":"scanProcessing"}"#;
const OVER: &str = r#"{"version":"1.0.0","state":"readyToScan"}"#;
const CONFIG: &str = "GET /cdm/ioConfig/v2/wirelessConfig";
const JOIN: &str = "PATCH /cdm/ioConfig/v2/wirelessConfig {\"band\":\"band2pt4Ghz\",\"preferredProfile\":\"wlanProfile1\",\
    \"wlanProfile1\":{\"activeProfile\":\"true\",\"ssid\":\"Example\",\"authenticationMode\":\"wpaPersonal\",\
    \"encryptionType\":\"aes\",\"wpaVersionPreference\":\"wpa2\",\"passPhrase\":\"correct horse\"}}";
const ON: &str = "PATCH /cdm/ioConfig/v2/adapterConfigs/wifi0 {\"enabled\":\"true\"}";
/// The passphrase that the fixture's `wirelessConfig` returns.
const CANARY: &str = "stored-canary-77";

fn station() -> Adapter {
    adapters::parse(&fixture("adapters.json")).unwrap().station().unwrap().clone()
}

fn heard() -> Vec<Heard> {
    wifi_networks::parse(&fixture("wifi-networks.json")).unwrap()
}

fn to(name: &str, security: Security, phrase: Option<&str>) -> Credentials {
    let passphrase = phrase.map(|phrase| passphrase::parse(phrase.as_bytes()).unwrap());
    Credentials { ssid: Ssid::new(name).unwrap(), security, passphrase, hidden: false }
}

fn example() -> Credentials {
    to("Example", Security::Wpa2Personal, Some("correct horse"))
}

async fn join(script: &Script, credentials: &Credentials, network: Option<&Heard>) -> Result<(), SetError> {
    let joined = script.cdm().join(credentials, network).await;
    script.is_over();
    joined
}

#[tokio::test(start_paused = true)]
async fn a_scan() {
    let script = Script::default()
        .answers(START, 204, "")
        .answers(ASK, 200, BUSY)
        .answers(ASK, 200, BUSY)
        .answers(ASK, 200, OVER)
        .answers(LIST, 200, fixture("wifi-networks.json"));
    assert_eq!(script.cdm().scan().await.unwrap().len(), 5);
    script.is_over();
}

#[tokio::test(start_paused = true)]
async fn a_scan_that_never_ends() {
    let mut script = Script::default().answers(START, 204, "");
    for _ in 0..=40 {
        script = script.answers(ASK, 200, BUSY);
    }
    let scanned = script.cdm().scan().await;
    assert!(matches!(scanned, Err(Error::Http(http::Error::StillWorking { .. }))), "{scanned:?}");
    script.is_over();
}

#[tokio::test]
async fn the_radio_is_switched_at_the_adapters_own_resource() {
    for status in [200, 202, 204] {
        let script = Script::default().answers(ON, status, "");
        assert_eq!(script.cdm().power(&station(), true).await, Ok(()), "{status}");
        script.is_over();
    }
    let gone = http::Error::Usb(usb::Error::Gone);
    let script = Script::default().fails(ON, gone.clone());
    assert_eq!(script.cdm().power(&station(), true).await, Err(SetError::Unconfirmed(gone)));
}

#[tokio::test]
async fn what_is_not_hinted_is_not_switched() {
    let all: Adapters = adapters::parse(&fixture("adapters.json")).unwrap();
    let access_point = all.adapters.iter().find(|adapter| adapter.is_access_point()).unwrap();
    let document = r#"{"wifi0":{"adapterName":"wifi0","links":[{"href":"/cdm/ioConfig/v2/adapterConfigs/wifi0","hints":[{"method":"get"}]}]}}"#;
    let read_only = adapters::parse(document.as_bytes()).unwrap();
    for adapter in [access_point, read_only.station().unwrap()] {
        let switched = Script::default().cdm().power(adapter, true).await;
        assert!(matches!(switched, Err(SetError::Hp(Error::NotExposed { .. }))), "{switched:?}");
    }
}

#[tokio::test]
async fn a_network_is_joined_in_the_words_of_the_scan() {
    let script = Script::default().answers(CONFIG, 200, fixture("wireless-config.json")).answers(JOIN, 204, "");
    assert_eq!(join(&script, &example(), Some(&heard()[0])).await, Ok(()));
}

#[tokio::test]
async fn credentials_that_do_not_fit_are_not_sent() {
    let script = Script::default();
    let open = to("Tübingen", Security::Wpa2Personal, Some("correct horse"));
    assert_eq!(join(&script, &open, Some(&heard()[1])).await, Err(SetError::HeardOpen));
    let without = to("Example", Security::Open, None);
    let secured = Err(SetError::HeardSecured(Security::Wpa2Personal));
    assert_eq!(join(&script, &without, Some(&heard()[0])).await, secured);
    let unheard = to("Example", Security::Wpa3Personal, Some("correct horse"));
    let unsupported = Err(SetError::UnsupportedSecurity(Security::Wpa3Personal));
    assert_eq!(join(&script, &unheard, None).await, unsupported);
}

#[tokio::test]
async fn what_the_printer_has_stored_is_in_no_refusal() {
    for (status, body) in [(400, ""), (404, ""), (401, ""), (500, CANARY)] {
        let script =
            Script::default().answers(CONFIG, 200, fixture("wireless-config.json")).answers(JOIN, status, body);
        let refused = join(&script, &example(), Some(&heard()[0])).await.unwrap_err();
        let shown = format!("{refused} {refused:?}");
        assert!(!shown.contains(CANARY) && !shown.contains("horse"), "{shown}");
    }
    let broken =
        String::from_utf8(fixture("wireless-config.json")).unwrap().replace("preferredProfile", "otherProfile");
    let script = Script::default().answers(CONFIG, 200, broken);
    let refused = join(&script, &example(), None).await.unwrap_err();
    assert!(matches!(refused, SetError::Hp(Error::Document { .. })));
    assert!(!format!("{refused} {refused:?}").contains(CANARY));
}

#[tokio::test]
async fn the_station_says_on_which_network_it_is() {
    let script = Script::default().answers(ADAPTERS, 200, fixture("adapters.json"));
    let state = script.cdm().station_state().await.unwrap().unwrap();
    assert_eq!(state.ssid.unwrap().source, "adapterConfigs");
    script.is_over();

    let sparse = r#"{"wifi0":{"adapterName":"wifi0","enabled":"true","connectionState":"connected"}}"#;
    let script = Script::default().answers(ADAPTERS, 200, sparse).answers(CONFIG, 200, fixture("wireless-config.json"));
    let state = script.cdm().station_state().await.unwrap().unwrap();
    assert!(state.is_on(&Ssid::new("Old network").unwrap()));
    assert!(!format!("{state:?}").contains(CANARY));
    script.is_over();
}

#[tokio::test]
async fn a_reset_only_as_the_printer_describes_it() {
    let constraints = "GET /cdm/ioConfig/v2/networkReset/constraints";
    let script = Script::default().answers(constraints, 200, fixture("network-reset-constraints.json")).answers(
        "PATCH /cdm/ioConfig/v2/networkReset {\"state\":\"processing\"}",
        204,
        "",
    );
    assert_eq!(script.cdm().reset_network().await, Ok(()));
    script.is_over();
    for open in [r#"{"validators":[]}"#, "{}", ""] {
        let script = Script::default().answers(constraints, 200, open);
        let refused = script.cdm().reset_network().await;
        assert!(matches!(refused, Err(SetError::Hp(Error::NotExposed { .. }))), "{open}");
        script.is_over();
    }
}

#[tokio::test]
async fn a_wrong_version_is_not_there() {
    let script = Script::default().answers(ADAPTERS, 404, "");
    assert!(matches!(script.cdm().station_state().await, Err(Error::NotExposed { status: 404, .. })));
    let lost = http::Error::NoAnswer { after: Duration::from_secs(30) };
    let script = Script::default().fails(ADAPTERS, lost.clone());
    assert_eq!(script.cdm().station_state().await, Err(Error::Http(lost)));
}
