//! Against a wpa_supplicant that is a script: what it is told, and what comes of what it says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use tokio::net::UnixDatagram;
use tokio::time::timeout;

use super::super::{Association, Hushed, Lost, Origin};
use super::station::PASSES;
use super::*;

const LIMIT: Duration = Duration::from_secs(20);
const SCAN: &str = "bssid / frequency / signal level / flags / ssid\n\
    02:00:00:00:00:00\t2412\t-30\t[WPA2-PSK-CCMP][WPS][ESS]\tlab-net\n\
    02:00:00:00:01:00\t2437\t-40\t[WPA2-SAE-CCMP][WPS][ESS]\tnew-net\n\
    02:00:00:00:02:00\t5180\t-40\t[WPA2-PSK-CCMP][ESS]\tfive\n";
const ON_LAB_NET: &str =
    "bssid=02:00:00:00:00:00\nfreq=2412\nssid=lab-net\nid=7\nkey_mgmt=WPA2-PSK\nwpa_state=COMPLETED\n";

/// The other end of the control socket.
struct Fake {
    socket: UnixDatagram,
    path: PathBuf,
    folder: tempfile::TempDir,
    events: Option<PathBuf>,
    status: &'static str,
    results: &'static str,
}

impl Fake {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wlan1");
        let socket = UnixDatagram::bind(&path).unwrap();
        Self { socket, path, folder, events: None, status: "wpa_state=INACTIVE\n", results: SCAN }
    }

    fn radio(&self, change: impl FnOnce(&mut Options)) -> Supplicant {
        let mut options = Options { supplicant: Some(self.path.clone()), ..Options::default() };
        change(&mut options);
        Supplicant::new(options)
    }

    /// Answers until this command came; gives it whole.
    async fn until(&mut self, wanted: &str) -> String {
        let answering = async {
            loop {
                let command = self.answer().await;
                if command.starts_with(wanted) {
                    return command;
                }
            }
        };
        timeout(LIMIT, answering).await.unwrap_or_else(|_| panic!("no {wanted}"))
    }

    async fn answer(&mut self) -> String {
        let mut buffer = [0; 4096];
        let (length, from) = self.socket.recv_from(&mut buffer).await.unwrap();
        let command = String::from_utf8(buffer[..length].to_vec()).unwrap();
        let from = from.as_pathname().unwrap().to_owned();
        let reply = match command.split(' ').next().unwrap() {
            "ATTACH" => {
                self.events = Some(from.clone());
                "OK\n"
            }
            "STATUS" => self.status,
            "SIGNAL_POLL" => "RSSI=-33\n",
            "SCAN_RESULTS" => self.results,
            "ADD_NETWORK" => "7\n",
            "LIST_NETWORKS" => "network id / ssid / bssid / flags\n7\tlab-net\tany\t[CURRENT]\n",
            "WPS_PIN" => command.rsplit(' ').next().unwrap(),
            "WPS_CANCEL" => "FAIL\n",
            _ => "OK\n",
        };
        // DETACH has nobody who waits for its reply.
        let _gone = self.socket.send_to(reply.as_bytes(), &from).await;
        command
    }

    async fn say(&self, event: &str) {
        self.socket.send_to(format!("<3>{event}").as_bytes(), self.events.as_ref().unwrap()).await.unwrap();
    }

    /// Answers until the radio is in this state.
    async fn becomes<T>(&mut self, radio: &Supplicant, wanted: impl Fn(&State) -> Option<T>) -> T {
        let mut states = radio.watch();
        let waiting = async {
            loop {
                if let Some(found) = wanted(&states.borrow_and_update()) {
                    return found;
                }
                tokio::select! {
                    changed = states.changed() => changed.unwrap(),
                    _ = self.answer() => {}
                }
            }
        };
        let state = timeout(LIMIT, waiting).await;
        state.unwrap_or_else(|_| panic!("{:?}", radio.state()))
    }

    /// A DHCP client that writes this.
    fn dhcp(&self, text: &str) -> PathBuf {
        let path = self.folder.path().join("dhcp");
        std::fs::write(&path, format!("#!/bin/sh\nprintf '{text}'\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path
    }
}

fn failed(expected: Failure) -> impl Fn(&State) -> Option<()> {
    move |state| (*state == State::Failed(expected)).then_some(())
}

fn joined(state: &State) -> Option<(Association, super::super::Lease)> {
    match state {
        State::Joined(at, lease) => Some((at.clone(), *lease)),
        _ => None,
    }
}

fn profile(ssid: &str) -> Profile {
    Profile { ssid: ssid.into(), security: Security::Wpa2, passphrase: Some(Hushed("say \"friend\"".to_owned())) }
}

#[tokio::test]
async fn it_lists_what_the_station_hears() {
    let mut fake = Fake::new();
    let radio = fake.radio(|_| {});
    assert_eq!(fake.until("SCAN").await, "SCAN TYPE=ONLY");
    assert_eq!(radio.scan(None), Scan::Running);
    fake.say("CTRL-EVENT-SCAN-RESULTS ").await;
    fake.until("SCAN_RESULTS").await;
    let heard = timeout(LIMIT, async {
        loop {
            tokio::select! {
                _ = fake.answer() => {}
                () = sleep(Duration::from_millis(10)) => {}
            }
            if let Scan::Done(heard) = radio.scan(None) {
                return heard;
            }
        }
    });
    let heard: Vec<_> = heard.await.unwrap().into_iter().map(|heard| (heard.ssid, heard.security)).collect();
    assert_eq!(heard, [(b"lab-net".to_vec(), Security::Wpa2), (b"new-net".to_vec(), Security::Wpa3)], "no 5 GHz");
    assert_eq!(radio.around().len(), 2);
    // A hidden network is called by its name.
    assert_eq!(radio.scan(Some(b"hidden")), Scan::Running);
    assert_eq!(fake.until("SCAN").await, "SCAN TYPE=ONLY ssid 68696464656e");
}

#[tokio::test]
async fn a_scan_that_hears_nobody_is_done_again() {
    let mut fake = Fake::new();
    fake.results = "bssid / frequency / signal level / flags / ssid\n";
    let radio = fake.radio(|_| {});
    assert_eq!(fake.until("SCAN").await, "SCAN TYPE=ONLY");
    assert_eq!(radio.scan(None), Scan::Running);
    for _ in 0..PASSES {
        fake.say("CTRL-EVENT-SCAN-RESULTS ").await;
        fake.until("SCAN_RESULTS").await;
        assert_eq!(fake.until("SCAN").await, "SCAN TYPE=ONLY");
        assert_eq!(radio.scan(None), Scan::Running);
    }
    fake.say("CTRL-EVENT-SCAN-RESULTS ").await;
    fake.until("SCAN_RESULTS").await;
    let done = timeout(LIMIT, async {
        while radio.scan(None) == Scan::Running {
            tokio::task::yield_now().await;
        }
    });
    done.await.unwrap();
    assert_eq!(radio.scan(None), Scan::Done(Vec::new()), "it is told at last");
}

#[tokio::test]
async fn it_joins_and_asks_for_an_address() {
    let mut fake = Fake::new();
    let dhcp = fake.dhcp("ip=192.0.2.57\\nsubnet=255.255.255.0\\nrouter=192.0.2.1\\n");
    let radio = fake.radio(|options| options.dhcp = Some(dhcp));
    fake.until("STATUS").await;
    radio.join(profile("lab-net"));
    assert_eq!(radio.state(), State::Associating(b"lab-net".to_vec()));
    fake.until("REMOVE_NETWORK all").await;
    assert_eq!(fake.until("SET_NETWORK 7 ssid").await, "SET_NETWORK 7 ssid 6c61622d6e6574");
    fake.until("SET_NETWORK 7 scan_ssid 1").await;
    fake.until("SET_NETWORK 7 key_mgmt WPA-PSK").await;
    assert_eq!(fake.until("SET_NETWORK 7 psk").await, "SET_NETWORK 7 psk \"say \"friend\"\"");
    fake.until("SELECT_NETWORK 7").await;
    fake.status = ON_LAB_NET;
    fake.say("CTRL-EVENT-CONNECTED - Connection to 02:00:00:00:00:00 completed [id=7 id_str=]").await;
    let (at, lease) = fake.becomes(&radio, joined).await;
    assert_eq!((at.ssid.as_slice(), at.channel, at.dbm), (&b"lab-net"[..], 1, -33));
    assert_eq!((lease.address.to_string().as_str(), lease.origin), ("192.0.2.57", Origin::Dhcp));
    // Switched off, it says so at once, and what comes later changes nothing.
    radio.switch(false);
    assert_eq!(radio.state(), State::Off);
    fake.until("DISCONNECT").await;
    fake.say("CTRL-EVENT-CONNECTED").await;
    fake.until("DISCONNECT").await;
    assert_eq!(radio.state(), State::Off);
    // On again, it goes where it was.
    radio.switch(true);
    fake.until("SELECT_NETWORK 7").await;
    fake.say("CTRL-EVENT-CONNECTED").await;
    fake.becomes(&radio, joined).await;
}

#[tokio::test]
async fn without_dhcp_it_takes_an_address_of_its_own() {
    for (lost, expected) in [(Lost::AutoIp, "169.254.77.192"), (Lost::Fallback, "192.0.0.192")] {
        let mut fake = Fake::new();
        let dhcp = fake.dhcp("");
        fake.status = ON_LAB_NET;
        let radio = fake.radio(|options| {
            options.dhcp = Some(dhcp);
            options.lost = lost;
        });
        let (_, lease) = fake.becomes(&radio, joined).await;
        assert_eq!(lease.address.to_string(), expected);
        assert_ne!(lease.origin, Origin::Dhcp);
    }
}

#[tokio::test]
async fn what_goes_wrong_is_told_apart() {
    let missing = ["CTRL-EVENT-NETWORK-NOT-FOUND "; 2].as_slice();
    let wrong_key = "CTRL-EVENT-SSID-TEMP-DISABLED id=7 ssid=\"lab-net\" auth_failures=1 duration=10 reason=WRONG_KEY";
    for (ssid, events, expected) in [
        ("nowhere", missing, Failure::NotFound),
        ("LAB-net", missing, Failure::OtherCase),
        ("new-net", missing, Failure::Unsupported),
        ("five", missing, Failure::NotFound),
        ("lab-net", &[wrong_key], Failure::WrongPassphrase),
        ("lab-net", &["CTRL-EVENT-AUTH-REJECT 02:00:00:00:00:00 auth_type=0 status_code=1"], Failure::Refused),
    ] {
        let mut fake = Fake::new();
        let radio = fake.radio(|_| {});
        fake.until("STATUS").await;
        radio.join(profile(ssid));
        fake.until("SELECT_NETWORK").await;
        for event in events {
            fake.say(event).await;
        }
        fake.becomes(&radio, failed(expected)).await;
        assert_eq!(radio.failure(), Some(expected));
    }
}

#[tokio::test]
async fn a_registrar_lets_it_in() {
    let mut fake = Fake::new();
    let dhcp = fake.dhcp("ip=192.0.2.57\\n");
    let radio = fake.radio(|options| options.dhcp = Some(dhcp));
    fake.until("STATUS").await;
    radio.enrol(Start::Pin(Hushed("12345670".to_owned())));
    assert_eq!(fake.until("WPS_PIN").await, "WPS_PIN any 12345670");
    assert_eq!(radio.state(), State::Enrolling);
    // Nobody has its PIN yet: nothing to worry about.
    fake.say("WPS-M2D dev_password_id=0 config_error=0").await;
    fake.say("CTRL-EVENT-NETWORK-NOT-FOUND ").await;
    fake.say("WPS-SUCCESS ").await;
    fake.until("LIST_NETWORKS").await;
    fake.status = ON_LAB_NET;
    fake.say("CTRL-EVENT-CONNECTED").await;
    let (at, _) = fake.becomes(&radio, joined).await;
    assert_eq!(at.ssid, b"lab-net");
    assert_eq!(radio.profile().map(|profile| profile.ssid), Some(b"lab-net".to_vec()));
}

#[tokio::test]
async fn a_registrar_does_not() {
    for (event, expected) in [
        ("WPS-FAIL msg=8 config_error=18", Failure::FirstHalf),
        ("WPS-FAIL msg=10 config_error=18", Failure::SecondHalf),
        ("WPS-OVERLAP-DETECTED ", Failure::Overlap),
    ] {
        let mut fake = Fake::new();
        let radio = fake.radio(|_| {});
        fake.until("STATUS").await;
        radio.enrol(Start::Button);
        fake.until("WPS_PBC").await;
        fake.say(event).await;
        fake.becomes(&radio, failed(expected)).await;
    }
    let mut fake = Fake::new();
    let radio = fake.radio(|options| options.walk = Duration::from_millis(50));
    fake.until("STATUS").await;
    radio.enrol(Start::Button);
    fake.becomes(&radio, failed(Failure::NoRegistrar)).await;
}

#[tokio::test]
async fn wpa_supplicant_ends_and_comes_back() {
    let mut fake = Fake::new();
    fake.status = ON_LAB_NET;
    let dhcp = fake.dhcp("ip=192.0.2.57\\n");
    let radio = fake.radio(|options| options.dhcp = Some(dhcp));
    fake.becomes(&radio, joined).await;
    fake.say("CTRL-EVENT-TERMINATING ").await;
    fake.becomes(&radio, |state| (*state == State::Idle).then_some(())).await;
    fake.until("ATTACH").await;
    fake.becomes(&radio, joined).await;
}

#[tokio::test]
async fn garbage_changes_nothing() {
    let mut fake = Fake::new();
    let radio = fake.radio(|_| {});
    fake.until("STATUS").await;
    for garbage in ["", "\u{0}", "WPS-FAIL msg=999999 config_error=-1", "CTRL-EVENT-CONNECTED", "\u{fffd}\u{7f} = ="] {
        fake.say(garbage).await;
    }
    radio.join(profile("lab-net"));
    fake.until("SELECT_NETWORK").await;
    assert_eq!(radio.state(), State::Associating(b"lab-net".to_vec()));
}
