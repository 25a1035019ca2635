//! Against a real hostapd and a real enrollee, on the lab's simulated radios: `tests/lab/scenarios/registrar` starts
//! them and runs these one by one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::mpsc;
use zeroize::Zeroizing;

use super::event::{Bearing, ConfigError, Half};
use super::hostapd::{Hostapd, discover};
use super::*;
use crate::wps::pin;

const RIGHT: &str = "12345670";
const LIMIT: Duration = Duration::from_secs(60);

/// A wpa_supplicant, over its control socket.
struct Enrollee {
    socket: PathBuf,
    mac: Mac,
}

impl Enrollee {
    async fn new(interface: &str) -> Self {
        let socket = PathBuf::from("/run/wpa").join(interface);
        let mut enrollee = Self { socket, mac: Mac([0; 6]) };
        enrollee.tell("WPS_CANCEL").await;
        enrollee.tell("REMOVE_NETWORK all").await;
        enrollee.mac = Mac::parse(&enrollee.status("address").await.unwrap()).unwrap();
        enrollee
    }

    async fn tell(&self, command: &str) -> Zeroizing<Vec<u8>> {
        ctrl::ask(&self.socket, "", command.as_bytes(), LIMIT).await.unwrap()
    }

    async fn status(&self, key: &str) -> Option<String> {
        let reply = self.tell("STATUS").await;
        let text = std::str::from_utf8(&reply).unwrap();
        text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('=').map(str::to_owned))
    }

    async fn has_joined(&self) -> bool {
        self.status("wpa_state").await.as_deref() == Some("COMPLETED")
    }
}

async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(LIMIT, future).await.expect("in time")
}

/// The access point, with nothing going on, and its events.
async fn access_point() -> (Hostapd, mpsc::Receiver<Event>) {
    let found = discover(&hostapd::FOLDERS).unwrap();
    let [access_point] = <[Hostapd; 1]>::try_from(found).unwrap();
    access_point.cancel().await.unwrap();
    let events = access_point.events().await.unwrap();
    (access_point, events)
}

/// Passes over what happens until this does; shows all of it.
async fn until<T>(events: &mut mpsc::Receiver<Event>, mut wanted: impl FnMut(&Event) -> Option<T>) -> T {
    within(async {
        loop {
            let event = events.recv().await.expect("events");
            println!("{event:?}");
            if let Some(found) = wanted(&event) {
                return found;
            }
        }
    })
    .await
}

/// It has joined, as the access point sees it and as it sees itself, and nothing on the way was fatal.
async fn joins(events: &mut mpsc::Receiver<Event>, enrollee: &Enrollee) {
    let mut admitted = false;
    until(events, |event| {
        assert_ne!(event.bearing(), Bearing::Failed, "{event:?}");
        match event {
            Event::RegSuccess { mac, .. } if *mac == enrollee.mac => admitted = true,
            // The first association carries the enrolment and is no joining.
            Event::StationJoined(mac) if *mac == enrollee.mac && admitted => return Some(()),
            _ => {}
        }
        None
    })
    .await;
    within(async {
        while !enrollee.has_joined().await {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    })
    .await;
    assert_eq!(enrollee.status("ssid").await.as_deref(), Some("lab-net"));
}

/// It is told that its PIN is not known here.
async fn is_not_admitted(events: &mut mpsc::Receiver<Event>, enrollee: &Enrollee) {
    until(events, |event| {
        assert!(!matches!(event, Event::RegSuccess { .. }), "{event:?}");
        match event {
            Event::PinNeeded { mac, enrollee: it, .. } if *mac == enrollee.mac => {
                assert!(it.device_type.unwrap().is_printer());
                Some(())
            }
            _ => None,
        }
    })
    .await;
    assert!(!enrollee.has_joined().await);
}

#[tokio::test]
#[ignore = "needs the lab's radios"]
async fn the_network_is_known() {
    let found = discover(&hostapd::FOLDERS).unwrap();
    let Offer::Driven(access) = found[0].probe().await.unwrap() else { panic!() };
    assert_eq!((access.interface.as_str(), access.ssid.as_bytes()), ("wlan0", b"lab-net".as_slice()));
    assert_eq!((access.security, access.channel, access.band), (Security::Wpa2Personal, Some(1), Some(Band::Band2_4)));
    assert!(access.bssid.is_some());
}

#[tokio::test]
#[ignore = "needs the lab's radios"]
async fn an_enrollee_is_admitted_by_pin() {
    let (access_point, mut events) = access_point().await;
    let enrollee = Enrollee::new("wlan1").await;
    // It comes before its PIN does: that is normal.
    enrollee.tell(&format!("WPS_PIN any {RIGHT}")).await;
    is_not_admitted(&mut events, &enrollee).await;
    let pin = pin::parse(RIGHT).unwrap();
    // Given again, as one does while the printer is waited for.
    for _ in 0..2 {
        assert_eq!(access_point.start_pin(&pin, Duration::from_secs(120), None).await, Ok(Started::Driven));
    }
    joins(&mut events, &enrollee).await;
    // It is used up.
    let enrollee = Enrollee::new("wlan1").await;
    enrollee.tell(&format!("WPS_PIN any {RIGHT}")).await;
    is_not_admitted(&mut events, &enrollee).await;
    Enrollee::new("wlan1").await;
}

#[tokio::test]
#[ignore = "needs the lab's radios"]
async fn only_the_one_device() {
    let (access_point, mut events) = access_point().await;
    let enrollee = Enrollee::new("wlan1").await;
    let pin = pin::parse(RIGHT).unwrap();
    access_point.start_pin(&pin, Duration::from_secs(120), Some(enrollee.mac)).await.unwrap();
    enrollee.tell(&format!("WPS_PIN any {RIGHT}")).await;
    joins(&mut events, &enrollee).await;
    Enrollee::new("wlan1").await;
}

async fn fails_at(typed: &str, half: Half) {
    let (access_point, mut events) = access_point().await;
    let enrollee = Enrollee::new("wlan1").await;
    access_point.start_pin(&pin::parse(RIGHT).unwrap(), Duration::from_secs(120), None).await.unwrap();
    enrollee.tell(&format!("WPS_PIN any {typed}")).await;
    let failure = until(&mut events, |event| match event {
        Event::Fail(failure) => Some(*failure),
        _ => None,
    })
    .await;
    assert_eq!(failure.config_error, ConfigError::DevicePasswordAuthFailure);
    assert_eq!(failure.wrong_half(), Some(half));
    assert!(!enrollee.has_joined().await);
    access_point.cancel().await.unwrap();
    Enrollee::new("wlan1").await;
}

#[tokio::test]
#[ignore = "needs the lab's radios"]
async fn the_first_half_is_wrong() {
    fails_at("99995678", Half::First).await;
}

#[tokio::test]
#[ignore = "needs the lab's radios"]
async fn the_second_half_is_wrong() {
    fails_at("12349999", Half::Second).await;
}

#[tokio::test]
#[ignore = "needs the lab's radios"]
async fn nobody_is_admitted_after_a_cancel() {
    let (access_point, mut events) = access_point().await;
    let pin = pin::parse(RIGHT).unwrap();
    for advertised in [true, false] {
        let enrollee = Enrollee::new("wlan1").await;
        access_point.start_pin(&pin, Duration::from_secs(300), None).await.unwrap();
        if !advertised {
            // What 120 s do as well: the PIN is valid, and no longer advertised.
            access_point.start_button().await.unwrap();
            let socket = PathBuf::from("/run/hostapd/wlan0");
            let reply = ctrl::ask(&socket, "", b"WPS_CANCEL", LIMIT).await.unwrap();
            assert_eq!(reply.trim_ascii(), b"OK");
        }
        access_point.cancel().await.unwrap();
        enrollee.tell(&format!("WPS_PIN any {RIGHT}")).await;
        is_not_admitted(&mut events, &enrollee).await;
    }
    Enrollee::new("wlan1").await;
}

#[tokio::test]
#[ignore = "needs the lab's radios"]
async fn an_enrollee_is_admitted_by_its_button() {
    let (access_point, mut events) = access_point().await;
    let enrollee = Enrollee::new("wlan1").await;
    access_point.start_button().await.unwrap();
    until(&mut events, |event| matches!(event, Event::PbcActive).then_some(())).await;
    enrollee.tell("WPS_PBC").await;
    joins(&mut events, &enrollee).await;
    Enrollee::new("wlan1").await;
}

#[tokio::test]
#[ignore = "needs the lab's radios"]
async fn two_buttons_overlap() {
    let (access_point, mut events) = access_point().await;
    // Not wlan1, just admitted by its button: hostapd does not count that one's for a while.
    let enrollees = [Enrollee::new("wlan2").await, Enrollee::new("wlan3").await];
    let mut pressed = Vec::new();
    for enrollee in &enrollees {
        enrollee.tell("WPS_PBC").await;
    }
    until(&mut events, |event| {
        if let Event::EnrolleeSeen { mac, password_id: 4, .. } = event
            && !pressed.contains(mac)
        {
            pressed.push(*mac);
        }
        (pressed.len() == 2).then_some(())
    })
    .await;
    assert_eq!(access_point.start_button().await, Err(Error::Overlap));
    until(&mut events, |event| matches!(event, Event::Overlap).then_some(())).await;
    for interface in ["wlan2", "wlan3"] {
        Enrollee::new(interface).await;
    }
}

#[tokio::test]
#[ignore = "needs the lab's radios"]
async fn another_user_is_denied() {
    let denied = discover(&hostapd::FOLDERS).unwrap_err();
    assert!(matches!(denied, Error::Denied { .. }), "{denied:?}");
    let denied = Hostapd::at(&PathBuf::from("/run/hostapd/wlan0")).probe().await.unwrap_err();
    assert!(matches!(denied, Error::Denied { .. }), "{denied:?}");
}

/// Ends hostapd without its doing.
#[tokio::test]
#[ignore = "needs the lab's radios"]
async fn it_is_killed() {
    let (access_point, mut events) = access_point().await;
    let begun = tokio::time::Instant::now();
    let process = std::fs::read_to_string("/run/hostapd.pid").unwrap().trim().parse().unwrap();
    let process = rustix::process::Pid::from_raw(process).unwrap();
    rustix::process::kill_process(process, rustix::process::Signal::KILL).unwrap();
    let gone = until(&mut events, |event| match event {
        Event::Gone(error) => Some(error.clone()),
        _ => None,
    })
    .await;
    println!("noticed after {:?}: {gone}", begun.elapsed());
    assert!(gone.is_unreachable());
    let pin = pin::parse(RIGHT).unwrap();
    let error = access_point.start_pin(&pin, Duration::from_secs(120), None).await.unwrap_err();
    assert!(matches!(error, Error::Gone { .. }), "{error:?}");
    assert_eq!(access_point.probe().await.unwrap_err(), error);
}

#[tokio::test]
#[ignore = "needs the lab's radios"]
async fn it_does_not_run() {
    let missing = Hostapd::at(&PathBuf::from("/run/hostapd/wlan0")).probe().await.unwrap_err();
    assert!(matches!(missing, Error::NotRunning { .. }), "{missing:?}");
}
