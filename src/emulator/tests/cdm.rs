//! CDM over raw bytes: discovered, read, written, and refused.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

use super::super::cdm::LABEL_PIN;
use super::super::radio::{Failure, PASSPHRASE, State};
use super::*;

const REPORTS: &str = "/cdm/report/v1/reports";
const PRINT: &str = "/cdm/report/v1/print";
const ADAPTERS: &str = "/cdm/ioConfig/v2/adapterConfigs";
const STATION: &str = "/cdm/ioConfig/v2/adapterConfigs/wifi0";
const SCAN: &str = "/cdm/ioConfig/v2/wifiScan";
const NETWORKS: &str = "/cdm/ioConfig/v2/wifiScan/wifiNetworks";
const WIRELESS: &str = "/cdm/ioConfig/v2/wirelessConfig";
const RESET: &str = "/cdm/ioConfig/v2/networkReset";
const TOKENS: &str = "/cdm/remoteAuthentication/v1/tokens";
const BUTTONS: &str = "/cdm/remoteAuthentication/v1/pushbuttons";
const SESSION: &str = "12345678-1234-1234-1234-1234567890ab";

impl Link {
    async fn json(&mut self, method: &str, path: &str, token: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let authorization = if token.is_empty() { String::new() } else { format!("Authorization: {token}\r\n") };
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{authorization}Content-Length: {length}\r\n\r\n"
        );
        self.send(format!("{head}{body}").as_bytes()).await;
        let response = self.response().await;
        let status = response.split(' ').nth(1).unwrap().parse().unwrap();
        let body = response.split_once("\r\n\r\n").unwrap().1;
        (status, if body.is_empty() { Value::Null } else { serde_json::from_str(body).unwrap() })
    }

    async fn read(&mut self, path: &str) -> Value {
        let (status, document) = self.json("GET", path, "", &Value::Null).await;
        assert_eq!(status, 200, "{path}");
        document
    }

    async fn patch(&mut self, path: &str, body: &Value) -> u16 {
        self.json("PATCH", path, "", body).await.0
    }
}

/// A printer whose documents are not zipped, on no network.
async fn alone(model: Model, settings: &[&str]) -> (Lab, Link) {
    let lab = lab(model, |options| {
        options.cdm.plain = true;
        options.connected = false;
        settings.iter().for_each(|setting| options.set(setting).unwrap());
    })
    .await;
    let link = lab.link().await;
    (lab, link)
}

fn start(id: &str) -> Value {
    json!({ "version": "1.0.1", "reportId": id, "state": "processing" })
}

/// A profile as HPLIP sends it.
fn profile(ssid: &str, authentication: &str, encryption: &str, version: &str, passphrase: Option<&str>) -> Value {
    let mut profile = json!({
        "ssid": ssid,
        "authenticationMode": authentication,
        "encryptionType": encryption,
        "wpaVersionPreference": version,
    });
    if let Some(passphrase) = passphrase {
        profile["passPhrase"] = passphrase.into();
    }
    json!({ "band": "band2pt4Ghz", "preferredProfile": "wlanProfile1", "wlanProfile1": profile })
}

fn home() -> Value {
    profile("Emulated Network", "wpaPersonal", "aesOrTkip", "auto", Some(PASSPHRASE))
}

async fn settled(lab: &Lab) -> State {
    let mut states = lab.printer.watch_station();
    states.wait_for(|state| matches!(state, State::Joined(..) | State::Failed(_))).await.unwrap().clone()
}

fn hrefs(discovery: &Value) -> Vec<String> {
    let services = discovery["services"].as_array().unwrap();
    let links = services.iter().flat_map(|service| service["links"].as_array().unwrap());
    links.map(|link| link["href"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn it_is_discovered_and_has_no_ledm() {
    let (_lab, mut link) = alone(Model::Cdm, &[]).await;
    for ledm in ["/DevMgmt/DiscoveryTree.xml", "/DevMgmt/InternalPrintCap.xml", "/IoMgmt/Adapters"] {
        assert_eq!(status_line(&link.get(ledm).await), "HTTP/1.1 404 Not Found", "{ledm}");
    }
    let discovery = link.read("/cdm/servicesDiscovery").await;
    let hrefs = hrefs(&discovery);
    for known in [REPORTS, PRINT, ADAPTERS, SCAN, WIRELESS, RESET, "/cdm/alert/v1/alerts"] {
        assert!(hrefs.iter().any(|href| href == known), "{known}: {hrefs:?}");
    }
    assert!(!discovery.to_string().to_ascii_lowercase().contains("wps"));
    assert!(!hrefs.iter().any(|href| href.contains("remoteAuthentication") || href.contains("LEDM")));
    // What is discovered is there, and every hint is meant.
    for href in &hrefs {
        let (status, _) = link.json("GET", href, "", &Value::Null).await;
        assert!(status == 200 || status == 405 && *href == RESET, "{href}: {status}");
    }
    let identity = link.read("/cdm/system/v1/identity").await;
    assert_eq!(identity["makeAndModel"]["name"], "Smart Tank Emulated 580 series");
    assert_eq!(identity["serialNumber"], "EMU0000006");
}

#[tokio::test(start_paused = true)]
async fn what_is_refused() {
    let (lab, mut link) = alone(Model::Cdm, &[]).await;
    for (method, path, status) in [
        ("GET", "/cdm/report/v2/reports", 404),
        ("GET", "/cdm/ioConfig/v1/adapterConfigs", 404),
        ("GET", "/cdm/ioConfig/v2/adapterConfigs/wifi1", 404),
        ("GET", TOKENS, 404),
        ("POST", PRINT, 405),
        ("PATCH", REPORTS, 405),
        ("PUT", STATION, 405),
    ] {
        assert_eq!(link.json(method, path, "", &json!({})).await, (status, Value::Null), "{method} {path}");
    }
    let response = link.post(PRINT, "Content-Type: application/json\r\n", "{}").await;
    assert!(response.contains("Allow: GET, PATCH\r\n"), "{response}");
    let body = start("configurationReport").to_string();
    let length = body.len();
    link.send(format!("PATCH {PRINT} HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/xml\r\nContent-Length: {length}\r\n\r\n{body}").as_bytes()).await;
    assert_eq!(status_line(&link.response().await), "HTTP/1.1 415 Unsupported Media Type");
    for body in [
        json!({}),
        json!({ "reportId": "configurationReport" }),
        json!({ "reportId": "configurationReport", "state": "processing" }),
        json!({ "version": "1.0.0", "reportId": "configurationReport", "state": "processing" }), // the document's own
        json!({ "version": "1.0.1", "reportId": "configurationReport", "state": "idle" }),
        json!({ "version": "1.0.1", "reportId": "configurationReport", "state": "processing", "copies": "2" }),
        start("configurationPage"), // LEDM's word
        json!(["processing"]),
    ] {
        assert_eq!(link.json("PATCH", PRINT, "", &body).await, (400, Value::Null), "{body}");
    }
    // The right password is no help where nobody asks for one.
    assert_eq!(link.json("GET", REPORTS, "Basic YWRtaW46cmlnaHQ=", &Value::Null).await.0, 401);
    assert!(lab.printer.pages().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_report_is_printed() {
    let (lab, mut link) = alone(Model::Cdm, &[]).await;
    assert_eq!(link.read(PRINT).await, json!({ "version": "1.0.0", "state": "idle" }));
    let begun = Instant::now();
    assert_eq!(link.patch(PRINT, &start("wirelessNetworkPage")).await, 204);
    assert!(begun.elapsed() >= Duration::from_secs(1), "it takes its time");
    let running = link.read(PRINT).await;
    assert_eq!((&running["state"], &running["lastResult"]), (&json!("processing"), &Value::Null));
    let (status, busy) = link.json("PATCH", PRINT, "", &start("networkConfigurationReport")).await;
    assert_eq!((status, &busy["errors"][0]["code"]), (409, &json!("busy")));
    lab.printer.watch_pages().wait_for(|pages| pages.len() == 1).await.unwrap();
    sleep(Duration::from_millis(10)).await;
    let done = link.read(PRINT).await;
    assert_eq!((&done["state"], &done["lastResult"]), (&json!("idle"), &json!("success")));
    assert_eq!(done["reportId"], "wirelessNetworkPage");
    assert_eq!(lab.printer.pages()[0].job_type, "wirelessNetworkPage");
    assert!(lab.printer.pages()[0].text.0.contains("Network Name (SSID)"));
}

#[tokio::test(start_paused = true)]
async fn a_report_that_does_not_come_out() {
    let (lab, mut link) = alone(Model::Cdm, &[]).await;
    lab.printer.set_fault(Some(Kind::HardError.into()));
    assert_eq!(link.patch(PRINT, &start("configurationReport")).await, 204);
    let failed = link.read(PRINT).await;
    assert_eq!((&failed["lastResult"], &failed["failureReason"]), (&json!("failure"), &json!("hardError")));
    // Without paper it waits, and says so.
    lab.printer.set_fault(Some(Kind::OutOfPaper.into()));
    assert_eq!(link.patch(PRINT, &start("configurationReport")).await, 204);
    sleep(Duration::from_secs(60)).await;
    assert_eq!(link.read(PRINT).await["state"], "processing");
    let alerts = link.read("/cdm/alert/v1/alerts").await;
    assert_eq!(alerts["alerts"][0]["severity"], "information");
    assert_eq!(alerts["alerts"][1]["category"], "trayEmpty");
    lab.printer.set_fault(None);
    lab.printer.watch_pages().wait_for(|pages| pages.len() == 1).await.unwrap();
    assert_eq!(link.read("/cdm/alert/v1/alerts").await["alerts"].as_array().unwrap().len(), 1);

    let (lab, mut link) = alone(Model::Cdm, &["cdm-print=waits", "cdm-alerts=other"]).await;
    assert_eq!(link.patch(PRINT, &start("configurationReport")).await, 204);
    assert_eq!(lab.printer.pages().len(), 1, "the answer came after the page");
    lab.printer.set_fault(Some(Kind::DoorOpen.into()));
    assert_eq!(link.read("/cdm/alert/v1/alerts").await["alerts"][1]["category"], "emulatedCover");
}

#[tokio::test(start_paused = true)]
async fn scan_join_and_an_address() {
    let (lab, mut link) = alone(Model::Cdm, &[]).await;
    let undirected = json!({ "state": "scanProcessing", "scanType": "undirected" });
    assert_eq!(link.patch(SCAN, &json!({ "state": "scanProcessing" })).await, 400);
    assert_eq!(link.patch(SCAN, &undirected).await, 204);
    assert_eq!(link.read(SCAN).await["state"], "scanProcessing");
    assert_eq!(link.json("GET", NETWORKS, "", &Value::Null).await.0, 404);
    sleep(Duration::from_secs(5)).await;
    assert_eq!(link.read(SCAN).await["state"], "readyToScan");
    let networks = link.read(NETWORKS).await;
    let found = |ssid: &str| {
        networks["wifiNetworkList"].as_array().unwrap().iter().find(|network| network["ssid"] == ssid).cloned()
    };
    let network = found("Emulated Network").unwrap();
    assert_eq!((&network["wpaVersion"], &network["signalStrength"]["dBm"]), (&json!("wpa2"), &json!(-52)));
    assert_eq!(found("Emulated Guests").unwrap()["authenticationMode"], "open");
    assert_eq!(found("Emulated 5 GHz"), None);
    assert!(found("").is_some(), "a hidden one");

    let before = link.read(WIRELESS).await;
    assert_eq!((&before["preferredProfile"], &before["wlanProfile1"]), (&json!("wlanProfile1"), &Value::Null));
    assert_eq!(link.read(ADAPTERS).await["wifi0"]["connectionState"], "notConfigured");
    assert_eq!(link.patch(WIRELESS, &home()).await, 204);
    assert_eq!(link.read(STATION).await["connectionState"], "associating");
    assert!(matches!(settled(&lab).await, State::Joined(..)));
    let adapters = link.read(ADAPTERS).await;
    assert_eq!(adapters["wifi0"]["connectionState"], "connected");
    assert_eq!(adapters["wifi0"]["ipv4"]["address"]["ip"], "192.0.2.57");
    assert_eq!(adapters["wifi0"]["links"][0]["href"], STATION);
    assert_eq!(adapters["eth0"]["connectionState"], "disconnected");
    // It gives the passphrase away [C].
    assert_eq!(link.read(WIRELESS).await["wlanProfile1"]["passPhrase"], PASSPHRASE);
}

#[tokio::test(start_paused = true)]
async fn profiles_good_and_bad() {
    let (lab, mut link) = alone(Model::Cdm, &[]).await;
    let mut with_version = home();
    with_version["version"] = "2.0.0".into();
    let mut with_more = home();
    with_more["wlanProfile1"]["hidden"] = "true".into();
    for body in [
        json!({}),
        with_version.clone(),
        with_more,
        profile("", "wpaPersonal", "aesOrTkip", "auto", Some(PASSPHRASE)),
        profile("Emulated Network", "wpaPersonal", "aesOrTkip", "auto", None),
        profile("Emulated Network", "wpaPersonal", "aesOrTkip", "auto", Some("7 chars")),
        profile("Emulated Network", "wpaPersonal", "AES", "auto", Some(PASSPHRASE)),
        profile("Emulated Network", "wpaPersonal", "aesOrTkip", "wpa", Some(PASSPHRASE)),
        profile("Emulated Network", "open", "none", "auto", None),
        profile("Emulated Guests", "open", "none", "auto", Some(PASSPHRASE)),
        profile("Emulated Enterprise", "wpaEnterprise", "aesOrTkip", "wpa2", Some(PASSPHRASE)),
    ] {
        assert_eq!(link.json("PATCH", WIRELESS, "", &body).await, (400, Value::Null), "{body}");
    }
    assert_eq!(lab.printer.station(), State::Idle);
    for (ssid, authentication, encryption, version, passphrase) in [
        ("Emulated Guests", "open", "none", "auto", None),
        ("Emulated WPA", "wpaPersonal", "aesOrTkip", "wpa", Some(PASSPHRASE)),
        ("Emulated Network", "wpaPersonal", "aesOrTkip", "wpa2", Some(PASSPHRASE)),
        ("Emulated Hidden", "wpaPersonal", "aesOrTkip", "auto", Some(PASSPHRASE)),
    ] {
        let body = profile(ssid, authentication, encryption, version, passphrase);
        assert_eq!(link.patch(WIRELESS, &body).await, 204, "{ssid}");
        assert!(matches!(settled(&lab).await, State::Joined(..)), "{ssid}");
    }
    assert_eq!(link.json("PUT", WIRELESS, "", &home()).await.0, 400);
    assert_eq!(link.json("PUT", WIRELESS, "", &with_version).await.0, 204);
    settled(&lab).await;
    let wrong = profile("Emulated Network", "wpaPersonal", "aesOrTkip", "auto", Some("another passphrase"));
    assert_eq!(link.patch(WIRELESS, &wrong).await, 204);
    assert_eq!(settled(&lab).await, State::Failed(Failure::WrongPassphrase));
    let station = link.read(STATION).await;
    assert_eq!((&station["connectionState"], &station["wifiStationConfig"]), (&json!("disconnected"), &Value::Null));
}

#[tokio::test(start_paused = true)]
async fn a_station_that_tells_what_became_of_it() {
    let (lab, mut link) = alone(Model::Cdm, &["cdm-adapter=full"]).await;
    let told = async |link: &mut Link| link.read(STATION).await["wifiStationConfig"]["associationState"].clone();
    assert_eq!(told(&mut link).await, "notConfigured");
    for (ssid, passphrase, word) in [
        ("Emulated Network", "another passphrase", "invalidPassPhrase"),
        ("No such network", PASSPHRASE, "noCompatibleNetwork"),
        ("Emulated Filter", PASSPHRASE, "otherError"),
        ("Emulated Network", PASSPHRASE, "associated"),
    ] {
        let body = profile(ssid, "wpaPersonal", "aesOrTkip", "auto", Some(passphrase));
        assert_eq!(link.patch(WIRELESS, &body).await, 204);
        assert_eq!(told(&mut link).await, "associating");
        settled(&lab).await;
        assert_eq!(told(&mut link).await, word);
    }
    assert_eq!(link.read(STATION).await["wifiStationConfig"]["wirelessNetwork"]["ssid"], "Emulated Network");
}

#[tokio::test(start_paused = true)]
async fn its_radio_is_switched() {
    let words = [
        (&[][..], json!("true"), json!("false")),
        (&["cdm-booleans=json"], json!(true), json!(false)),
        (&["cdm-booleans=words"], json!("enabled"), json!("disabled")),
        (&["cdm-off=disabled"], json!("true"), json!("disabled")),
    ];
    for (settings, on, off) in words {
        let (lab, mut link) = alone(Model::Cdm, settings).await;
        let constraints = link.read(&format!("{STATION}/constraints")).await;
        let legal: Vec<Value> = constraints["validators"][0]["options"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["seValue"].clone())
            .collect();
        assert_eq!(legal, [on.clone(), off.clone()]);
        assert_eq!(link.patch(STATION, &json!({ "enabled": "off" })).await, 400);
        assert_eq!(link.patch(STATION, &json!({ "enabled": off })).await, 204);
        assert_eq!((lab.printer.station(), &link.read(STATION).await["enabled"]), (State::Off, &off));
        assert_eq!(link.patch(STATION, &json!({ "enabled": on })).await, 204);
        assert_eq!((lab.printer.station(), &link.read(STATION).await["enabled"]), (State::Idle, &on));
    }
}

#[tokio::test(start_paused = true)]
async fn variants_of_the_scan() {
    let settings = ["cdm-scan=second-look", "cdm-station=wifi1", "cdm-numbers=text", "cdm-security=combined"];
    let (lab, mut link) = alone(Model::Cdm, &settings).await;
    assert_eq!(link.patch(SCAN, &json!({ "state": "scanProcessing", "scanType": "undirected" })).await, 204);
    sleep(Duration::from_secs(5)).await;
    assert_eq!(link.read(SCAN).await["state"], "scanProcessing");
    assert_eq!(link.read(SCAN).await["state"], "readyToScan");
    let network = link.read(NETWORKS).await["wifiNetworkList"][0].clone();
    assert_eq!((&network["channel"], &network["authenticationMode"]), (&json!("6"), &json!("wpaOrWpa2")));
    assert_eq!(network["wpaVersion"], Value::Null);
    assert!(link.read(ADAPTERS).await["wifi1"].is_object());
    assert_eq!(link.patch(WIRELESS, &home()).await, 400);
    let combined = profile("Emulated Network", "auto", "aesOrTkip", "auto", Some(PASSPHRASE));
    assert_eq!(link.patch(WIRELESS, &combined).await, 204);
    assert!(matches!(settled(&lab).await, State::Joined(..)));
}

#[tokio::test(start_paused = true)]
async fn its_network_is_reset_as_its_constraints_say() {
    for (settings, method, body, status) in [
        (&[][..], "PATCH", json!({ "reset": "true" }), 204),
        (&[], "PATCH", json!({}), 400),
        (&[], "PUT", json!({ "reset": "true" }), 405),
        (&["cdm-reset=put"], "PUT", json!({ "operation": "restoreNetworkDefaults" }), 204),
        (&["cdm-reset=put"], "PATCH", json!({ "reset": "true" }), 405),
        (&["cdm-reset=choice"], "PATCH", json!({ "resetType": "everything" }), 400),
        (&["cdm-reset=unexplained"], "PATCH", json!({}), 400),
        (&["cdm-reset=missing"], "PATCH", json!({ "reset": "true" }), 404),
    ] {
        let (lab, mut link) = alone(Model::Cdm, settings).await;
        link.patch(WIRELESS, &home()).await;
        settled(&lab).await;
        assert_eq!(link.json(method, RESET, "", &body).await.0, status, "{settings:?} {method} {body}");
        let forgotten = link.read(WIRELESS).await["wlanProfile1"].is_null() && lab.printer.station() == State::Idle;
        assert_eq!((forgotten, lab.printer.network_resets()), (status == 204, u32::from(status == 204)));
    }
}

#[tokio::test(start_paused = true)]
async fn writing_wants_a_token() {
    let (_lab, mut link) = alone(Model::CdmToken, &["password=Sesame"]).await;
    for (method, path) in
        [("GET", ADAPTERS), ("GET", STATION), ("PATCH", STATION), ("PATCH", WIRELESS), ("PATCH", PRINT)]
    {
        assert_eq!(link.json(method, path, "", &json!({})).await, (401, Value::Null), "{method} {path}");
        assert_eq!(link.json(method, path, "Bearer 0123", &json!({})).await.0, 401);
    }
    assert_eq!(link.read(REPORTS).await["reports"][1]["reportId"], "configurationReport");
    let config = link.read("/cdm/remoteAuthentication/v1/config").await;
    assert_eq!((&config["pushbuttonEnabled"], &config["pinLabelEnabled"]), (&json!("true"), &json!("true")));

    // The label's PIN.
    let pin = |code: &str| json!({ "version": "1.0.0", "grantType": "pin", "code": code });
    assert_eq!(link.json("POST", TOKENS, "", &json!({})).await, (500, Value::Null));
    assert_eq!(link.json("POST", TOKENS, "", &pin("12345678")).await, (409, Value::Null));
    let (status, granted) = link.json("POST", TOKENS, "", &pin(LABEL_PIN)).await;
    assert_eq!(status, 201);
    let bearer = format!("Bearer {}", granted["token"].as_str().unwrap());
    assert_eq!(link.json("GET", ADAPTERS, &bearer, &Value::Null).await.0, 200);
    assert_eq!(link.json("PATCH", PRINT, &bearer, &start("configurationReport")).await.0, 204);
    sleep(Duration::from_secs(601)).await;
    assert_eq!(link.json("GET", ADAPTERS, &bearer, &Value::Null).await.0, 401, "it has expired");

    // The administrator's password.
    let password = |password: &str| json!({ "grant_type": "password", "username": "admin", "password": password });
    let (status, error) = link.json("POST", "/cdm/oauth2/v1/token", "", &password("Simsim")).await;
    assert_eq!((status, &error["error"]), (400, &json!("invalid_grant")));
    let (status, granted) = link.json("POST", "/cdm/oauth2/v1/token", "", &password("Sesame")).await;
    assert_eq!(status, 200);
    let bearer = format!("Bearer {}", granted["access_token"].as_str().unwrap());
    assert_eq!(link.json("PATCH", WIRELESS, &bearer, &home()).await.0, 204);
}

#[tokio::test(start_paused = true)]
async fn the_button_lets_in() {
    let lit = json!({ "version": "1.0.0", "pushbuttonTimeout": "30", "pushbuttonSessionId": SESSION });
    let token = json!({ "version": "1.0.0", "grantType": "pushbuttonSessionId", "code": SESSION });
    let (lab, mut link) = alone(Model::CdmToken, &[]).await;
    assert!(!lab.printer.press_lit_button(), "none is lit");
    let other = json!({ "version": "1.0.0", "pushbuttonTimeout": "30", "pushbuttonSessionId": "1" });
    assert_eq!(link.json("POST", BUTTONS, "", &other).await.0, 400);
    let (status, asked) = link.json("POST", BUTTONS, "", &lit).await;
    assert_eq!((status, &asked["pushbuttonSessionId"]), (201, &json!(SESSION)));
    assert_eq!(link.json("POST", TOKENS, "", &token).await, (409, Value::Null), "nobody has pressed it");
    assert!(lab.printer.press_lit_button());
    let (status, granted) = link.json("POST", TOKENS, "", &token).await;
    assert_eq!(status, 201);
    let bearer = format!("Bearer {}", granted["token"].as_str().unwrap());
    assert_eq!(link.json("GET", ADAPTERS, &bearer, &Value::Null).await.0, 200);
    assert_eq!(link.json("POST", TOKENS, "", &token).await.0, 409, "once only");
    // It goes out.
    link.json("POST", BUTTONS, "", &lit).await;
    sleep(Duration::from_secs(31)).await;
    assert!(!lab.printer.press_lit_button());
    assert_eq!(link.json("POST", TOKENS, "", &token).await.0, 409);

    // One that answers only when it was pressed.
    let (_lab, mut link) = alone(Model::CdmToken, &["cdm-button=waited-for", "cdm-button=5"]).await;
    let begun = Instant::now();
    let asked = timeout(Duration::from_secs(20), link.json("POST", BUTTONS, "", &lit)).await.unwrap();
    assert!(asked.0 == 201 && begun.elapsed() >= Duration::from_secs(5));
    assert_eq!(link.json("POST", TOKENS, "", &token).await.0, 201);
    let (_lab, mut link) = alone(Model::CdmToken, &["cdm-button=waited-for"]).await;
    assert_eq!(link.json("POST", BUTTONS, "", &lit).await.0, 409);
}

#[tokio::test(start_paused = true)]
async fn variants_of_what_wants_a_token() {
    let (_lab, mut link) = alone(Model::CdmToken, &["cdm-wants=everything"]).await;
    assert_eq!(link.json("GET", REPORTS, "", &Value::Null).await.0, 401);
    link.read("/cdm/servicesDiscovery").await;
    link.read("/cdm/system/v1/identity").await;
    let (_lab, mut link) = alone(Model::CdmToken, &["cdm-wants=network", "cdm-ways=button"]).await;
    assert_eq!(link.patch(PRINT, &start("configurationReport")).await, 204);
    assert_eq!(link.patch(WIRELESS, &home()).await, 401);
    let pin = json!({ "version": "1.0.0", "grantType": "pin", "code": LABEL_PIN });
    assert_eq!(link.json("POST", TOKENS, "", &pin).await.0, 409, "that way is closed");
}

#[tokio::test(start_paused = true)]
async fn a_hybrid_has_a_little() {
    let (_lab, mut link) = alone(Model::Hybrid, &[]).await;
    assert!(link.get("/DevMgmt/DiscoveryTree.xml").await.contains("DiscoveryTree"));
    let hrefs = hrefs(&link.read("/cdm/servicesDiscovery").await);
    assert!(hrefs.iter().any(|href| href == "/cdm/print/v1/printModeConfiguration"), "{hrefs:?}");
    for path in [REPORTS, PRINT, ADAPTERS, STATION, WIRELESS] {
        assert_eq!(link.json("GET", path, "", &Value::Null).await.0, 404, "{path}");
    }
    let (_lab, mut link) = alone(Model::Hybrid, &["cdm-extent=undiscovered"]).await;
    assert_eq!(link.json("GET", "/cdm/servicesDiscovery", "", &Value::Null).await.0, 404);
    link.read("/cdm/system/v1/identity").await;
    let (_lab, mut link) = alone(Model::Hybrid, &["cdm-extent=reports"]).await;
    assert!(!link.read(REPORTS).await["reports"].as_array().unwrap().is_empty());
    assert_eq!(link.json("GET", ADAPTERS, "", &Value::Null).await.0, 404);
    let (_lab, mut link) = alone(Model::Hybrid, &["cdm-extent=network"]).await;
    link.read(ADAPTERS).await;
    // A printer with LEDM only has none of it.
    let (_lab, mut link) = alone(Model::Inkjet, &[]).await;
    assert_eq!(status_line(&link.get("/cdm/servicesDiscovery").await), "HTTP/1.1 404 Not Found");
}

#[tokio::test(start_paused = true)]
async fn it_zips_though_nobody_asked() {
    for (plain, zipped) in [(false, true), (true, false)] {
        let lab = lab(Model::Cdm, |options| options.cdm.plain = plain).await;
        let mut link = lab.link().await;
        link.send(format!("GET {REPORTS} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes()).await;
        let bytes = link.receive(64 * 1024).await.unwrap();
        let at = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
        let head = std::str::from_utf8(&bytes[..at]).unwrap();
        assert_eq!(head.contains("Content-Encoding: gzip\r\n"), zipped, "{head}");
        if zipped {
            let document: Value = serde_json::from_reader(flate2::read::GzDecoder::new(&bytes[at..])).unwrap();
            assert_eq!(document["reports"][0]["reportId"], "alignmentPage");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_patched_laserjet() {
    for (settings, status) in
        [(&[][..], "HTTP/1.1 404 Not Found"), (&["pin-resource=denied"], "HTTP/1.1 401 Unauthorized")]
    {
        let (_lab, mut link) = alone(Model::Patched, settings).await;
        assert!(link.get("/IoMgmt/Adapters").await.contains("<dd:Name>wifi0</dd:Name>"));
        assert_eq!(status_line(&link.get("/IoMgmt/Adapters/wifi0/WPS/Pin").await), status);
    }
}

#[tokio::test(start_paused = true)]
async fn every_report_fits_on_its_sheet() {
    for model in [Model::Cdm, Model::CdmToken] {
        for connected in [true, false] {
            let printer = Printer::new(model, Options { connected, ..Options::default() });
            for report in model.facts().cdm.unwrap().reports {
                assert!(!page::compose(&printer, report.id).overflows(), "{}", report.id);
            }
        }
    }
}

/// The members of a document as paths, those of a list's elements together.
fn shape(value: &Value, path: &str, all: &mut std::collections::BTreeSet<String>) {
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| {
            let path = format!("{path}/{name}");
            all.insert(path.clone());
            shape(value, &path, all);
        }),
        Value::Array(values) => values.iter().for_each(|value| shape(value, path, all)),
        Value::String(_) => {
            all.insert(format!("{path}: text"));
        }
        _ => {
            all.insert(format!("{path}: no text"));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn shapes_are_those_of_the_captures() {
    let Some(folder) = std::env::var_os("PLUGPRINT_CAPTURES").map(std::path::PathBuf::from) else {
        println!("skipped: PLUGPRINT_CAPTURES is not set");
        return;
    };
    let lab = lab(Model::Cdm, |options| options.cdm.plain = true).await;
    let mut link = lab.link().await;
    for (path, capture) in
        [(REPORTS, "cdm/smart-tank-580-590-reports.json"), (WIRELESS, "cdm/smart-tank-580-590-wireless-config.json")]
    {
        let (mut real, mut ours) = Default::default();
        let text = std::fs::read_to_string(folder.join(capture)).unwrap();
        shape(&serde_json::from_str(&text).unwrap(), "", &mut real);
        shape(&link.read(path).await, "", &mut ours);
        assert_eq!(ours, real, "{path}");
    }
}
