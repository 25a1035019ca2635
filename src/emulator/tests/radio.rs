//! The radio, over raw bytes: switched, scanned, told to join, and what it says then.

use std::time::Duration;

use tokio::time::sleep;

use super::super::radio::digest::md5;
use super::super::radio::{
    Admin, Dhcp, Enrolment, Failure, Impostor, Lost, PASSPHRASE, ProfileForm, Registrar, State, Switching, Typed,
};
use super::*;

const NAMESPACES: &str = r#"xmlns:io="http://www.hp.com/schemas/imaging/con/ledm/iomgmt/2008/11/30" xmlns:wifi="http://www.hp.com/schemas/imaging/con/wifi/2009/06/26" xmlns:dd="http://www.hp.com/schemas/imaging/con/dictionaries/1.0/""#;

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) fn profile(ssid: &[u8], encryption: &str, passphrase: Option<&str>) -> String {
    let key = passphrase.map_or(String::new(), |passphrase| {
        format!(
            "<io:KeyInfo><io:WpaPassPhraseInfo><wifi:RsnEncryption>AESOrTKIP</wifi:RsnEncryption><wifi:RsnAuthorization>autoWPA</wifi:RsnAuthorization><wifi:PassPhrase>{}</wifi:PassPhrase></io:WpaPassPhraseInfo></io:KeyInfo>",
            hex(passphrase.as_bytes())
        )
    });
    let authentication = if encryption == "none" { "open" } else { encryption };
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<io:Profile {NAMESPACES}>\n <io:AdapterProfile><io:WifiProfile><wifi:SSID>{}</wifi:SSID><wifi:CommunicationMode>infrastructure</wifi:CommunicationMode><wifi:EncryptionType>{encryption}</wifi:EncryptionType><wifi:AuthenticationMode>{authentication}</wifi:AuthenticationMode>{key}</io:WifiProfile></io:AdapterProfile>\n</io:Profile>",
        hex(ssid)
    )
}

fn form_1(word: &str) -> String {
    format!(
        "<io:Adapters {NAMESPACES}><io:Adapter><io:HardwareConfig><dd:Power>{word}</dd:Power></io:HardwareConfig></io:Adapter></io:Adapters>"
    )
}

fn form_2(word: &str) -> String {
    format!("<io:Adapter {NAMESPACES}><io:HardwareConfig><dd:Power>{word}</dd:Power></io:HardwareConfig></io:Adapter>")
}

impl Link {
    pub(super) async fn put(&mut self, path: &str, body: &str) -> String {
        self.put_with(path, "", body).await
    }

    async fn put_with(&mut self, path: &str, headers: &str, body: &str) -> String {
        let length = body.len();
        let head =
            format!("PUT {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n{XHR}{headers}\r\n{body}");
        self.send(head.as_bytes()).await;
        self.response().await
    }

    /// Asks again while the printer says 202.
    pub(super) async fn scan(&mut self, path: &str) -> String {
        for _ in 0..10 {
            let response = self.get(path).await;
            if status_line(&response) != "HTTP/1.1 202 Accepted" {
                return response;
            }
            sleep(Duration::from_secs(1)).await;
        }
        panic!("202 without end");
    }
}

/// An inkjet that is on no network.
async fn alone(change: impl FnOnce(&mut super::super::radio::Options)) -> Lab {
    lab(Model::Inkjet, |options| {
        options.connected = false;
        change(&mut options.radio);
    })
    .await
}

const ACTIVE: &str = "/IoMgmt/Adapters/Wifi0/Profiles/Active";
const SCAN: &str = "/IoMgmt/Adapters/Wifi0/WifiNetworks";
const PROTOCOLS: &str = "/IoMgmt/Adapters/Wifi0/Protocols";
const VSA: &str = "/IoMgmt/Adapters/Wifi0/VsaCodes.xml";
const HOME: &[u8] = b"Emulated Network";

async fn settled(lab: &Lab) -> State {
    let mut states = lab.printer.watch_station();
    let done = |state: &State| matches!(state, State::Joined(..) | State::Failed(_));
    states.wait_for(done).await.unwrap().clone()
}

#[tokio::test(start_paused = true)]
async fn scan_join_and_an_address() {
    let lab = alone(|_| {}).await;
    let mut link = lab.link().await;
    assert_eq!(status_line(&link.get(SCAN).await), "HTTP/1.1 202 Accepted");
    let networks = link.scan(SCAN).await;
    assert!(networks.contains(&format!("<wifi:SSID>{}</wifi:SSID>", hex(HOME).to_uppercase())), "{networks}");
    assert!(networks.contains("<wifi:SSID></wifi:SSID>"), "a hidden one");
    assert!(!networks.contains("<wifi:Channel>36</wifi:Channel>"), "5 GHz is not heard");
    assert!(networks.contains("<wifi:SSID>436166E92000FF</wifi:SSID>"), "bytes that are no text");
    assert!(!link.get("/IoMgmt/Adapters").await.contains("<dd:IsConnected>true</dd:IsConnected>\n\t\t\t<io:IsCurrent"));

    let response = link.put(ACTIVE, &profile(HOME, "WPA2", Some(PASSPHRASE))).await;
    assert_eq!(status_line(&response), "HTTP/1.1 200 OK");
    let adapters = link.get("/IoMgmt/Adapters").await;
    assert!(
        adapters.contains("<dd:IsConnected>false</dd:IsConnected>\n\t\t\t<io:IsCurrent"),
        "not at once: {adapters}"
    );
    sleep(Duration::from_millis(3500)).await;
    assert!(matches!(lab.printer.station(), State::ObtainingAddress(_)));
    assert!(link.get(PROTOCOLS).await.contains("<io:IPv4Addresses/>"));
    assert!(matches!(settled(&lab).await, State::Joined(..)));
    let adapters = link.get("/IoMgmt/Adapters").await;
    assert!(adapters.contains("<dd:IsConnected>true</dd:IsConnected>\n\t\t\t<io:IsCurrent"), "{adapters}");
    assert!(link.get(PROTOCOLS).await.contains("<dd:IPv4Address>192.0.2.57</dd:IPv4Address>"));
    assert!(link.get(ACTIVE).await.contains("<dd:IPAddress>192.0.2.57</dd:IPAddress>"));
    assert!(link.get("/DevMgmt/IOConfigDyn.xml").await.contains("<dd:IPAddress>192.0.2.57</dd:IPAddress>"));
    assert!(!link.get(VSA).await.contains("RuleNumber"));
    assert!(!link.get(ACTIVE).await.contains("PassPhrase"));
}

#[tokio::test(start_paused = true)]
async fn networks_of_every_kind() {
    for (ssid, encryption, passphrase, address) in [
        (b"Emulated Guests".as_slice(), "none", None, "198.51.100.2"),
        (b"Emulated WPA", "WPA", Some(PASSPHRASE), "198.51.100.3"),
        (b"Emulated WPA2 and WPA3", "WPA2", Some(PASSPHRASE), "198.51.100.4"),
        (b"Emulated Hidden", "WPA2", Some(PASSPHRASE), "198.51.100.7"),
        (b"Emulated Hidden", "WPA2_PSK", Some(PASSPHRASE), "198.51.100.7"), // the scan told no word
        (b"Caf\xe9 \x00\xff", "WPA2", Some(PASSPHRASE), "198.51.100.8"),
        (b"Emulated, exactly 32 bytes long.", "WPA2", Some(PASSPHRASE), "198.51.100.9"),
    ] {
        let lab = alone(|_| {}).await;
        let mut link = lab.link().await;
        let response = link.put(ACTIVE, &profile(ssid, encryption, passphrase)).await;
        assert_eq!(status_line(&response), "HTTP/1.1 200 OK");
        assert_eq!(settled(&lab).await.lease().map(|lease| lease.address.to_string()).as_deref(), Some(address));
    }
}

#[tokio::test(start_paused = true)]
async fn failures_and_the_numbers_for_them() {
    for (ssid, encryption, passphrase, failure, rule) in [
        (HOME, "WPA2", Some("another passphrase"), Failure::WrongPassphrase, "603"),
        (b"No such network", "WPA2", Some(PASSPHRASE), Failure::NotFound, "201"),
        (b"EMULATED network", "WPA2", Some(PASSPHRASE), Failure::OtherCase, "203"),
        (b"Emulated 5 GHz", "WPA2", Some(PASSPHRASE), Failure::NotFound, "201"),
        (b"Emulated WPA3", "WPA3", Some(PASSPHRASE), Failure::Unsupported, "604"),
        (b"Emulated Filter", "WPA2", Some(PASSPHRASE), Failure::Refused, "100"),
        (b"Emulated Far", "WPA2", Some(PASSPHRASE), Failure::TooWeak, "401"),
    ] {
        let lab = alone(|_| {}).await;
        let mut link = lab.link().await;
        let response = link.put(ACTIVE, &profile(ssid, encryption, passphrase)).await;
        assert_eq!(status_line(&response), "HTTP/1.1 200 OK");
        assert_eq!(settled(&lab).await, State::Failed(failure));
        let codes = link.get(VSA).await;
        assert!(codes.contains(&format!("<wifi:RuleNumber>{rule}</wifi:RuleNumber>")), "{failure:?}: {codes}");
        // The next attempt works.
        link.put(ACTIVE, &profile(HOME, "WPA2", Some(PASSPHRASE))).await;
        assert!(matches!(settled(&lab).await, State::Joined(..)), "{failure:?}");
        assert!(!link.get(VSA).await.contains("RuleNumber"));
    }
}

#[tokio::test(start_paused = true)]
async fn profiles_that_are_refused() {
    let lab = alone(|_| {}).await;
    let mut link = lab.link().await;
    let good = profile(HOME, "WPA2", Some(PASSPHRASE));
    for wrong in [
        String::new(),
        good.replace("2009/06/26", "2009/06/27"),
        good.replace("io:WifiProfile", "wifi:WifiProfile"),
        good.replace(&hex(HOME), "Emulated Network"),
        good.replace(&hex(HOME), ""),
        good.replace(&hex(HOME), &"41".repeat(33)),
        good.replace("infrastructure", "adHoc"),
        good.replace("AESOrTKIP", "AES"),
        good.replace("</io:WifiProfile>", "<wifi:Channel>6</wifi:Channel></io:WifiProfile>"),
        good.replace("<wifi:CommunicationMode>", "<wifi:SSID>41</wifi:SSID><wifi:CommunicationMode>"),
        good.replace("</io:Profile>", ""),
        profile(HOME, "WPA2", None),
        profile(HOME, "WPA2", Some("7 chars")),
        profile(HOME, "WPA2", Some(&"x".repeat(64))),
        profile(HOME, "WPA2_PSK", Some(PASSPHRASE)), // the LaserJet's word
        profile(HOME, "WPA", Some(PASSPHRASE)),      // not what the scan shows
        profile(HOME, "none", None),
        profile(b"Emulated Guests", "none", Some(PASSPHRASE)),
        profile(b"Emulated Enterprise", "WPA2_Enterprise", Some(PASSPHRASE)),
    ] {
        assert_eq!(status_line(&link.put(ACTIVE, &wrong).await), "HTTP/1.1 400 Bad Request", "{wrong}");
    }
    link.send(format!("PUT {ACTIVE} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n").as_bytes()).await;
    assert_eq!(status_line(&link.response().await), "HTTP/1.1 403 Forbidden");
    for path in
        ["/IoMgmt/Adapters/Wifi0/Profiles/1", "/IoMgmt/Adapters/Wifi1/Profiles/Active", "/IoMgmt/Adapters/Wifi1"]
    {
        assert_eq!(status_line(&link.put(path, &good).await), "HTTP/1.1 404 Not Found", "{path}");
    }
    assert_eq!(lab.printer.station(), State::Idle);
}

#[tokio::test(start_paused = true)]
async fn a_laserjet_takes_the_other_forms() {
    let radio = "/IoMgmt/Adapters/wifi0";
    let scan = "/IoMgmt/Adapters/wifi0/WifiNetworks";
    let lab = lab(Model::LaserJet, |options| {
        options.connected = false;
        options.radio.powered = false;
        options.radio.profile_form = ProfileForm::NumberedOnly;
    })
    .await;
    let mut link = lab.link().await;
    let response = link.get(scan).await;
    assert!(response.starts_with("HTTP/1.1 500") && response.ends_with("\r\n\r\n"), "fails, with an empty body");
    assert_eq!(status_line(&link.get(radio).await), "HTTP/1.1 405 Method Not Allowed");
    assert_eq!(status_line(&link.put(radio, &form_1("on")).await), "HTTP/1.1 400 Bad Request");
    assert_eq!(status_line(&link.put(radio, &form_2("maybe")).await), "HTTP/1.1 400 Bad Request");
    assert_eq!(status_line(&link.put(radio, &form_2("on")).await), "HTTP/1.1 204 No Content");
    let networks = link.scan(scan).await;
    assert!(networks.contains("<wifi:SSID>0</wifi:SSID>"), "a hidden one: {networks}");
    assert!(link.get(&format!("{radio}/Profiles")).await.contains("/IoMgmt/Adapters/wifi0/Profiles/1<"));
    let home = profile(HOME, "WPA2_PSK", Some(PASSPHRASE));
    let active = format!("{radio}/Profiles/Active");
    assert_eq!(status_line(&link.put(&active, &home).await), "HTTP/1.1 404 Not Found");
    let first = format!("{radio}/Profiles/1");
    assert_eq!(status_line(&link.put(&first, &home).await), "HTTP/1.1 204 No Content");
    assert!(matches!(settled(&lab).await, State::Joined(..)));
    assert!(link.get(&first).await.contains("<dd:IPAddress>192.0.2.57</dd:IPAddress>"));
}

#[tokio::test(start_paused = true)]
async fn a_directed_scan_finds_a_hidden_network() {
    let lab = alone(|_| {}).await;
    let mut link = lab.link().await;
    let networks = link.scan(&format!("{SCAN}/SSID=Emulated%20Hidden")).await;
    assert_eq!(networks.matches("<io:WifiNetwork>").count(), 1, "{networks}");
    assert!(networks.contains(&hex(b"Emulated Hidden").to_uppercase()));
    let networks = link.scan(&format!("{SCAN}/SSID=Caf%E9%20%00%FF")).await;
    assert_eq!(networks.matches("<io:WifiNetwork>").count(), 1, "{networks}");
    assert!(!link.scan(&format!("{SCAN}/SSID=Nothing")).await.contains("<io:WifiNetwork>"));
    assert_eq!(status_line(&link.get(&format!("{SCAN}/SSID=%")).await), "HTTP/1.1 404 Not Found");
}

#[tokio::test(start_paused = true)]
async fn switched_off_it_leaves_and_comes_back() {
    let lab = lab(Model::Inkjet, |_| {}).await;
    let mut link = lab.link().await;
    let radio = "/IoMgmt/Adapters/Wifi0";
    assert_eq!(status_line(&link.put(radio, &form_2("off")).await), "HTTP/1.1 400 Bad Request");
    assert_eq!(status_line(&link.put(radio, &form_1("off")).await), "HTTP/1.1 200 OK");
    assert!(link.get("/IoMgmt/Adapters").await.contains("<dd:Power>off</dd:Power>"));
    assert!(link.get(VSA).await.contains("<wifi:RuleNumber>2</wifi:RuleNumber>"));
    assert!(!link.get(SCAN).await.contains("<io:WifiNetwork>"), "empty, and at once");
    link.put(radio, &form_1("on")).await;
    assert!(settled(&lab).await.lease().is_some(), "to the profile that it kept");
}

#[tokio::test(start_paused = true)]
async fn it_drops_off_the_bus_when_switched_on_and_comes_back() {
    for (switching, returns) in [(Switching::Returns(Duration::from_secs(30)), true), (Switching::Gone, false)] {
        let lab = alone(|radio| {
            radio.powered = false;
            radio.switching = switching;
        })
        .await;
        let mut events = lab.bus.watch();
        assert!(matches!(events.recv().await, Some(usb::Hotplug::Arrived(_))));
        let response = lab.link().await.put("/IoMgmt/Adapters/Wifi0", &form_1("on")).await;
        assert_eq!(status_line(&response), "HTTP/1.1 200 OK");
        assert_eq!(events.recv().await, Some(usb::Hotplug::Departed(lab.address)));
        let back = tokio::time::timeout(Duration::from_secs(60), events.recv()).await;
        assert_eq!(matches!(back, Ok(Some(usb::Hotplug::Arrived(_)))), returns, "{back:?}");
        assert_eq!(lab.printer.station(), State::Idle, "the radio is on");
    }
}

#[tokio::test(start_paused = true)]
async fn impostors_of_success() {
    let station_connected = "<dd:IsConnected>true</dd:IsConnected>\n\t\t\t<io:IsCurrent";
    // The old association.
    let lab = lab(Model::Inkjet, |options| options.radio.impostor = Some(Impostor::OldAssociation)).await;
    let mut link = lab.link().await;
    let guests = profile(b"Emulated Guests", "none", None);
    assert_eq!(status_line(&link.put(ACTIVE, &guests).await), "HTTP/1.1 200 OK");
    sleep(Duration::from_secs(60)).await;
    let adapters = link.get("/IoMgmt/Adapters").await;
    assert!(adapters.contains(station_connected) && adapters.contains(&hex(HOME).to_uppercase()), "{adapters}");

    for impostor in [Impostor::SoftAp, Impostor::Ethernet] {
        let lab = alone(|radio| radio.impostor = Some(impostor)).await;
        let mut link = lab.link().await;
        link.put(ACTIVE, &profile(HOME, "WPA2", Some(PASSPHRASE))).await;
        sleep(Duration::from_secs(60)).await;
        let adapters = link.get("/IoMgmt/Adapters").await;
        assert!(!adapters.contains(station_connected), "{adapters}");
        let wired = adapters.contains("<dd:Name>Eth0</dd:Name>");
        assert_eq!(wired, impostor == Impostor::Ethernet, "{adapters}");
        assert_eq!(adapters.matches("<io:WifiNetwork>").count(), if wired { 1 } else { 2 }, "{adapters}");
        let addresses = link.get("/DevMgmt/IOConfigDyn.xml").await;
        assert_eq!(addresses.contains("<dd:IPAddress>"), wired, "{addresses}");
    }

    for (lost, address) in
        [(Lost::AutoIp, Some("169.254.57.57")), (Lost::Fallback, Some("192.0.0.192")), (Lost::Nothing, None)]
    {
        let lab = alone(|radio| radio.lost = lost).await;
        let mut link = lab.link().await;
        link.put(ACTIVE, &profile(b"Emulated Silence", "WPA2", Some(PASSPHRASE))).await;
        sleep(Duration::from_secs(60)).await;
        let protocols = link.get(PROTOCOLS).await;
        assert_eq!(protocols.contains("<dd:IPv4Address>"), address.is_some(), "{protocols}");
        assert!(protocols.contains(address.unwrap_or("<io:IPv4Addresses/>")), "{protocols}");
        assert!(link.get("/IoMgmt/Adapters").await.contains(station_connected));
    }
}

/// A LaserJet that is on no network.
async fn enrollee(change: impl FnOnce(&mut super::super::radio::Options)) -> (Lab, Link) {
    let lab = lab(Model::LaserJet, |options| {
        options.connected = false;
        change(&mut options.radio);
    })
    .await;
    let link = lab.link().await;
    (lab, link)
}

const PIN: &str = "/IoMgmt/Adapters/wifi0/WPS/Pin";

#[tokio::test(start_paused = true)]
async fn wps_starts_by_reading_the_pin_or_at_the_panel() {
    let (lab, mut link) = enrollee(|_| {}).await;
    link.get(PIN).await;
    sleep(Duration::from_secs(30)).await;
    assert_eq!(lab.printer.station(), State::Enrolling);
    assert!(lab.printer.type_at_router(&lab.printer.pin().unwrap()));
    assert!(matches!(settled(&lab).await, State::Joined(..)));

    let (lab, mut link) = enrollee(|radio| radio.enrolment = Enrolment::AtPanel).await;
    link.get(PIN).await;
    assert!(lab.printer.type_at_router(&lab.printer.pin().unwrap()));
    sleep(Duration::from_secs(30)).await;
    assert_eq!(lab.printer.station(), State::Idle, "reading starts nothing here");
    lab.printer.press_wps();
    assert!(matches!(settled(&lab).await, State::Joined(..)), "the router waits for two minutes");
}

#[tokio::test(start_paused = true)]
async fn how_wps_fails() {
    let acts = |typed| Admin::Acts(Duration::from_secs(5), typed);
    for (admin, registrar, failure) in [
        (acts(Typed::WrongFirstHalf), Registrar::Ready, Failure::FirstHalf),
        (acts(Typed::WrongSecondHalf), Registrar::Ready, Failure::SecondHalf),
        (acts(Typed::Right), Registrar::Locked, Failure::Locked),
        (acts(Typed::Right), Registrar::None, Failure::NoRegistrar),
        (Admin::Absent, Registrar::Ready, Failure::NoRegistrar),
    ] {
        let (lab, mut link) = enrollee(|radio| {
            radio.admin = admin;
            radio.networks[0].registrar = registrar;
        })
        .await;
        link.get(PIN).await;
        assert_eq!(settled(&lab).await, State::Failed(failure));
        let codes = link.get("/IoMgmt/Adapters/wifi0/VsaCodes.xml").await;
        assert!(!codes.contains("RuleNumber"), "no number is about WPS");
    }
    // A button beside another one, and alone.
    for (registrar, failure) in [(Registrar::Crowded, Some(Failure::Overlap)), (Registrar::Ready, None)] {
        let (lab, _link) = enrollee(|radio| radio.networks[0].registrar = registrar).await;
        lab.printer.hold_wireless();
        lab.printer.push_at_router();
        match failure {
            Some(failure) => assert_eq!(settled(&lab).await, State::Failed(failure)),
            None => assert!(matches!(settled(&lab).await, State::Joined(..))),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_pin_is_used_up_as_hostapd_uses_it_up() {
    let (lab, mut link) = enrollee(|_| {}).await;
    link.get(PIN).await;
    let pin = lab.printer.pin().unwrap();
    let wrong_first = format!("{}{}", if pin.starts_with('9') { "1" } else { "9" }, &pin[1..]);
    lab.printer.type_at_router(&wrong_first);
    assert_eq!(settled(&lab).await, State::Failed(Failure::FirstHalf));
    // Good for one more try, with a printer that has another PIN.
    link.get(PIN).await;
    assert_eq!(settled(&lab).await, State::Failed(Failure::FirstHalf));
    link.get(PIN).await;
    sleep(Duration::from_secs(60)).await;
    assert_eq!(lab.printer.station(), State::Enrolling, "and not for a third");
}

#[tokio::test(start_paused = true)]
async fn reading_the_pin_leaves_an_association_alone() {
    let lab = lab(Model::LaserJet, |_| {}).await;
    let mut link = lab.link().await;
    link.get(PIN).await;
    sleep(Duration::from_secs(300)).await;
    assert!(matches!(lab.printer.station(), State::Joined(..)));
}

#[tokio::test(start_paused = true)]
async fn a_wpa3_only_router_succeeds_and_the_printer_does_not() {
    let (lab, mut link) = enrollee(|radio| {
        radio.admin = Admin::Acts(Duration::from_secs(1), Typed::Right);
        radio.networks[0].security = super::super::radio::Security::Wpa3;
    })
    .await;
    link.get(PIN).await;
    assert_eq!(settled(&lab).await, State::Failed(Failure::Unsupported));
}

#[tokio::test(start_paused = true)]
async fn writes_need_the_administrators_password() {
    let lab = alone(|radio| radio.password = Some("a password".into())).await;
    let mut link = lab.link().await;
    let home = profile(HOME, "WPA2", Some(PASSPHRASE));
    assert_eq!(status_line(&link.get(ACTIVE).await), "HTTP/1.1 200 OK");
    let asked = link.put(ACTIVE, &home).await;
    assert_eq!(status_line(&asked), "HTTP/1.1 401 Unauthorized");
    let nonce = asked.split_once("nonce=\"").unwrap().1.split('"').next().unwrap().to_owned();
    let header = |password: &str| {
        let secret = md5(format!("admin:emulated:{password}").as_bytes());
        let request = md5(format!("PUT:{ACTIVE}").as_bytes());
        let response = md5(format!("{secret}:{nonce}:00000001:abc:auth:{request}").as_bytes());
        format!(
            "Authorization: Digest username=\"admin\", realm=\"emulated\", nonce=\"{nonce}\", uri=\"{ACTIVE}\", qop=auth, nc=00000001, cnonce=\"abc\", response=\"{response}\"\r\n"
        )
    };
    let wrong = link.put_with(ACTIVE, &header("a guess"), &home).await;
    assert_eq!(status_line(&wrong), "HTTP/1.1 401 Unauthorized");
    assert!(!wrong.contains("stale"), "{wrong}");
    assert_eq!(status_line(&link.put_with(ACTIVE, &header("a password"), &home).await), "HTTP/1.1 200 OK");
    let again = link.put_with(ACTIVE, &header("a password"), &home).await;
    assert!(again.contains("stale=true"), "{again}");
    assert!(matches!(settled(&lab).await, State::Joined(..)));
}

#[tokio::test(start_paused = true)]
async fn faults_at_the_steps_of_joining() {
    let lab = alone(|_| {}).await;
    let mut link = lab.link().await;
    for (fault, path, body) in [
        ("server-error@power", "/IoMgmt/Adapters/Wifi0", form_1("off")),
        ("server-error@join", ACTIVE, profile(HOME, "WPA2", Some(PASSPHRASE))),
    ] {
        lab.printer.set_fault(Fault::from_name(fault));
        assert_eq!(status_line(&link.put(path, &body).await), "HTTP/1.1 500 Internal Server Error");
        assert_eq!(status_line(&link.get(ACTIVE).await), "HTTP/1.1 200 OK", "reading goes on");
    }
    for (fault, path) in [("busy@scan", SCAN), ("busy@diagnosis", VSA)] {
        lab.printer.set_fault(Fault::from_name(fault));
        assert_eq!(status_line(&link.get(path).await), "HTTP/1.1 503 Service Unavailable");
    }
    assert_eq!(lab.printer.station(), State::Idle);
}

#[test]
fn no_secret_is_shown() {
    let mut options = Options::default();
    options.radio.password = Some("canary password".into());
    let shown = format!("{options:?}");
    assert!(!shown.contains(PASSPHRASE) && !shown.contains("canary"));
    assert!(options.radio.networks.iter().any(|network| network.dhcp == Dhcp::Silent));
}
