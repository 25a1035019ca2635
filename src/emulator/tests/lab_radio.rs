//! The printer with a real radio, among real access points: `tests/lab/scenarios/radio` starts them and runs these
//! one by one.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::super::radio::{Failure, Lost, State};
use super::radio::{hex, profile};
use super::*;

const LIMIT: Duration = Duration::from_secs(60);
const STATION: &str = "/IoMgmt/Adapters/wifi0";
const PASSPHRASE: &str = "correct horse battery";

async fn real(change: impl FnOnce(&mut Options)) -> (Lab, Link) {
    let lab = lab(Model::LaserJet, |options| {
        options.radio.supplicant = Some("/run/wpa-printer1/wlan1".into());
        options.radio.dhcp = Some("/run/printer1-dhcp".into());
        change(options);
    })
    .await;
    let link = lab.link().await;
    // As it was left, nothing is to be seen of it.
    assert!(
        Command::new("wpa_cli").args(["-p", "/run/wpa-printer1", "remove_network", "all"]).status().unwrap().success()
    );
    sleep(Duration::from_secs(1)).await;
    (lab, link)
}

async fn until<T>(lab: &Lab, wanted: impl Fn(&State) -> Option<T>) -> T {
    let mut states = lab.printer.watch_station();
    let found = timeout(LIMIT, async {
        loop {
            let state = states.borrow_and_update().clone();
            println!("{state:?}");
            if let Some(found) = wanted(&state) {
                return found;
            }
            states.changed().await.unwrap();
        }
    });
    found.await.unwrap_or_else(|_| panic!("{:?}", lab.printer.station()))
}

fn address(state: &State) -> Option<String> {
    state.lease().map(|lease| lease.address.to_string())
}

fn failure(state: &State) -> Option<Failure> {
    match state {
        State::Failed(failure) => Some(*failure),
        _ => None,
    }
}

/// What a person types at the router's page.
fn type_at_router(pin: &str) {
    let output =
        Command::new("hostapd_cli").args(["-p", "/run/hostapd", "-i", "wlan0", "wps_pin", "any", pin]).output();
    assert!(output.unwrap().status.success());
}

fn answers(address: &str) -> bool {
    Command::new("busybox").args(["ping", "-c", "1", "-W", "5", address]).status().unwrap().success()
}

async fn join(link: &mut Link, ssid: &str, encryption: &str, passphrase: &str) {
    let document = profile(ssid.as_bytes(), encryption, Some(passphrase));
    let response = link.put(&format!("{STATION}/Profiles/1"), &document).await;
    assert_eq!(status_line(&response), "HTTP/1.1 204 No Content");
}

#[tokio::test]
#[ignore = "needs the lab's radios"]
async fn it_scans_joins_and_is_reached() {
    let (lab, mut link) = real(|_| {}).await;
    let networks = link.scan(&format!("{STATION}/WifiNetworks")).await;
    println!("{networks}");
    for ssid in ["lab-net", "lab-sae"] {
        assert!(
            networks.contains(&format!("<wifi:SSID>{}</wifi:SSID>", hex(ssid.as_bytes()).to_uppercase())),
            "{ssid}"
        );
    }
    join(&mut link, "lab-net", "WPA2_PSK", PASSPHRASE).await;
    let address = until(&lab, address).await;
    assert!(address.starts_with("192.0.2."), "{address}");
    assert!(link.get("/DevMgmt/IOConfigDyn.xml").await.contains(&address));
    assert!(answers(&address));
    // Its radio is switched off, and on.
    let power = |word: &str| {
        format!(
            "<io:Adapter xmlns:io=\"http://www.hp.com/schemas/imaging/con/ledm/iomgmt/2008/11/30\" xmlns:dd=\"http://www.hp.com/schemas/imaging/con/dictionaries/1.0/\"><io:HardwareConfig><dd:Power>{word}</dd:Power></io:HardwareConfig></io:Adapter>"
        )
    };
    link.put(STATION, &power("off")).await;
    assert_eq!(lab.printer.station(), State::Off);
    link.put(STATION, &power("on")).await;
    until(&lab, self::address).await;
}

#[tokio::test]
#[ignore = "needs the lab's radios"]
async fn what_goes_wrong() {
    let (lab, mut link) = real(|_| {}).await;
    join(&mut link, "lab-net", "WPA2_PSK", "a wrong passphrase").await;
    assert_eq!(until(&lab, failure).await, Failure::WrongPassphrase);
    assert!(link.get(&format!("{STATION}/VsaCodes.xml")).await.contains("<wifi:RuleNumber>603</wifi:RuleNumber>"));
    join(&mut link, "lab-nets", "WPA2_PSK", PASSPHRASE).await;
    assert_eq!(until(&lab, failure).await, Failure::NotFound);
    join(&mut link, "LAB-NET", "WPA2_PSK", PASSPHRASE).await;
    assert_eq!(until(&lab, failure).await, Failure::OtherCase);
    join(&mut link, "lab-net", "WPA2_PSK", PASSPHRASE).await;
    until(&lab, address).await;
}

#[tokio::test]
#[ignore = "needs the lab's radios"]
async fn it_is_enrolled() {
    let (lab, mut link) = real(|_| {}).await;
    link.get(&format!("{STATION}/WPS/Pin")).await;
    assert_eq!(lab.printer.station(), State::Enrolling);
    type_at_router(&lab.printer.pin().unwrap());
    assert!(answers(&until(&lab, address).await));
}

#[tokio::test]
#[ignore = "needs the lab's radios"]
async fn it_is_not_enrolled() {
    let (lab, mut link) = real(|_| {}).await;
    for (typed, expected) in [("0000", Failure::FirstHalf), ("second", Failure::SecondHalf)] {
        link.get(&format!("{STATION}/WPS/Pin")).await;
        let pin = lab.printer.pin().unwrap();
        let other = if pin.ends_with('0') { "1" } else { "0" };
        type_at_router(&match typed {
            "second" => format!("{}{other}", &pin[..7]),
            _ => "00000000".to_owned(),
        });
        assert_eq!(until(&lab, failure).await, expected);
    }
    // A button, at both sides.
    lab.printer.hold_wireless();
    let pushed = Command::new("hostapd_cli").args(["-p", "/run/hostapd", "-i", "wlan0", "wps_pbc"]).status();
    assert!(pushed.unwrap().success());
    until(&lab, address).await;
}

#[tokio::test]
#[ignore = "needs the lab's radios"]
async fn without_dhcp() {
    assert!(Path::new("/run/no-dhcp").exists());
    let (lab, mut link) = real(|options| options.radio.lost = Lost::Fallback).await;
    join(&mut link, "lab-net", "WPA2_PSK", PASSPHRASE).await;
    assert_eq!(until(&lab, address).await, "192.0.0.192");
}
