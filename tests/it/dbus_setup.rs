//! How a set-up is asked for, and what its results are on the wire.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::HashMap;

use plugprint::agent::view::{Associated, JobResult, Setup, Task, WpsMethod};
use plugprint::printer::capability::ReportKind;
use plugprint::setup::route::{Offer, Route, Source, Way};
use plugprint::wifi::station::{Address, Fact, Origin, StationState};
use plugprint::wifi::{Network, Security, Ssid};
use zbus::{Message, OwnedVariant, Variant};

use crate::dbus_polkit::Answer;
use crate::dbus_support::*;

async fn setup<const N: usize>(
    client: &Client,
    entries: [(&'static str, Variant<'static>); N],
) -> Result<Message, zbus::Error> {
    client.call(LASERJET, PRINTER, "Setup", &(options(entries),)).await
}

async fn started(house: &mut House) -> Setup {
    let Asked::Start { task: Task::Setup(setup), options, .. } = house.asked().await else { panic!() };
    assert_eq!(options.experimental, setup.wish.experimental);
    assert_eq!(options.keep, None);
    house.paint(|view| view.jobs.clear());
    *setup
}

#[tokio::test]
async fn a_set_up_is_asked_for_with_its_options() {
    let mut house = House::open(Answer::Yes).await;
    let client = house.client().await;
    setup(&client, []).await.unwrap();
    let plain = started(&mut house).await;
    assert_eq!((plain.explain, plain.target.ssid, plain.target.security, plain.wish.route), (false, None, None, None));

    setup(
        &client,
        [
            ("route", "pin".into()),
            ("from-paper", true.into()),
            ("ssid", b"Home".to_vec().into()),
            ("security", "wpa2-psk".into()),
            ("hidden", true.into()),
            ("experimental", true.into()),
        ],
    )
    .await
    .unwrap();
    let full = started(&mut house).await;
    assert_eq!((full.wish.route, full.wish.from_paper, full.wish.generate), (Some(Route::Pin), true, false));
    assert_eq!(full.target.ssid, Some(Ssid::new("Home").unwrap()));
    assert_eq!((full.target.security, full.target.hidden), (Some(Security::Wpa2Personal), true));
    assert!(full.wish.experimental && !full.target.ask_first && full.target.passphrase.is_none());
    let question = house.polkit.asked().pop().unwrap();
    assert_eq!((question.action.as_str(), question.details["route"].as_str()), ("org.plugprint1.configure", "pin"));
    assert!(!format!("{question:?}").contains("Home"), "which network it is stays out of polkit's log");
    house.close().await.unwrap();
}

#[tokio::test]
async fn to_explain_is_to_ask() {
    let mut house = House::open(Answer::Yes).await;
    let client = house.client().await;
    setup(&client, [("explain", true.into())]).await.unwrap();
    assert!(started(&mut house).await.explain);
    assert_eq!(house.polkit.asked().pop().unwrap().action, "org.plugprint1.query");
    setup(&client, [("explain", false.into())]).await.unwrap();
    assert!(!started(&mut house).await.explain);
    assert_eq!(house.polkit.asked().pop().unwrap().action, "org.plugprint1.configure");
    house.close().await.unwrap();
}

#[tokio::test]
async fn a_set_up_that_makes_no_sense_is_refused_before_anybody_is_asked() {
    let mut house = House::open(Answer::Yes).await;
    let client = house.client().await;
    for answer in [
        setup(&client, [("route", "magic".into())]).await,
        setup(&client, [("ssid", Vec::<u8>::new().into())]).await,
        setup(&client, [("ssid", vec![b'x'; 33].into())]).await,
        setup(&client, [("ssid", "Home".into())]).await,
        setup(&client, [("security", "wpa2-psk".into())]).await,
        setup(&client, [("hidden", "yes".into())]).await,
        setup(&client, [("ssid", b"Home".to_vec().into()), ("security", "wpa9".into())]).await,
        setup(&client, [("from-paper", true.into()), ("generate", true.into())]).await,
        setup(&client, [("passphrase", "correct horse".into())]).await,
        client.call(LASERJET, WIFI, "Join", &(Vec::<u8>::new(), "", options([]))).await,
        client.call(LASERJET, WIFI, "Join", &(b"Home".to_vec(), "wpa9", options([]))).await,
        client.call(LASERJET, WIFI, "Scan", &(options([("hidden", true.into())]),)).await,
        client.call(LASERJET, WPS, "Start", &("magic", options([]))).await,
    ] {
        assert_eq!(error_of(answer).0, "InvalidArguments");
    }
    assert_eq!(house.polkit.asked(), []);
    assert!(house.asked_nothing());

    for method in WpsMethod::ALL {
        client.call(LASERJET, WPS, "Start", &(method.name(), options([]))).await.unwrap();
        let Asked::Start { task: Task::StartWps(asked), .. } = house.asked().await else { panic!() };
        assert_eq!(asked, method);
        assert_eq!(house.polkit.asked().pop().unwrap().details["wps-method"], method.name());
        house.paint(|view| view.jobs.clear());
    }
    house.close().await.unwrap();
}

async fn result(house: &mut House, result: JobResult) -> Dictionary {
    let client = house.client().await;
    let job = path_of(&client.call(LASERJET, WIFI, "Scan", &(options([]),)).await.unwrap());
    house.will_give(result);
    let answer = client.call(&job, JOB, "GetResult", &(options([]),)).await.unwrap().body().deserialize().unwrap();
    house.paint(|view| view.jobs.clear());
    answer
}

fn text(value: &OwnedVariant) -> &str {
    value.try_into().unwrap()
}

#[tokio::test]
async fn results_of_a_set_up() {
    let mut house = House::open(Answer::Yes).await;
    let home = Ssid::new(b"B\xfcro").unwrap();

    let address = "192.0.2.7".parse().unwrap();
    let joined = result(&mut house, JobResult::Joined { ssid: home.clone(), address, already: true }).await;
    assert_eq!(Vec::<u8>::try_from(joined["ssid"].clone()).unwrap(), b"B\xfcro");
    assert_eq!((text(&joined["ssid-text"]), text(&joined["address"])), (r"B\xfcro", "192.0.2.7"));
    assert!(bool::try_from(&joined["already"]).unwrap());

    let offer = |route, way, reason: &str| Offer { route, way, reason: reason.into() };
    let offers = vec![
        offer(Route::Join, Some(Way::Join), "it takes it"),
        offer(Route::Button, Some(Way::Button { registrar: true }), "a"),
        offer(Route::Pin, Some(Way::Pin(Source::Paper(ReportKind::Network))), "b"),
        offer(Route::Typed, None, "nobody is there"),
    ];
    let routes = result(&mut house, JobResult::Routes(offers)).await;
    assert_eq!(routes["routes"].value_signature(), "a(sbss)");
    let routes: Vec<(String, bool, String, String)> = routes["routes"].clone().try_into().unwrap();
    let row = |route: &str, possible, how: &str, why: &str| (route.into(), possible, how.into(), why.into());
    assert_eq!(
        routes,
        [
            row("join", true, "profile", "it takes it"),
            row("button", true, "registrar", "a"),
            row("pin", true, "paper", "b"),
            row("typed", false, "", "nobody is there")
        ]
    );

    let network = Network {
        ssid: home.clone(),
        bssid: Some([2, 0, 0, 0, 1, 0xff]),
        security: Security::Wpa2Personal,
        channel: Some(6),
        signal_dbm: Some(-40),
        wps: Some(true),
    };
    let unknown = Network {
        ssid: Ssid::default(),
        bssid: None,
        security: Security::Unknown("\u{1b}[2J".into()),
        channel: None,
        signal_dbm: None,
        wps: None,
    };
    let networks = result(&mut house, JobResult::Networks(vec![network, unknown])).await;
    assert_eq!(networks["networks"].value_signature(), "aa{sv}");
    let networks: Vec<HashMap<String, OwnedVariant>> = networks["networks"].clone().try_into().unwrap();
    assert_eq!(networks[0].len(), 8, "{networks:?}");
    assert_eq!((text(&networks[0]["bssid"]), text(&networks[0]["band"])), ("02:00:00:00:01:ff", "2.4GHz"));
    assert_eq!(u16::try_from(&networks[0]["channel"]).unwrap(), 6);
    assert_eq!(i16::try_from(&networks[0]["signal"]).unwrap(), -40);
    assert_eq!(text(&networks[0]["security"]), "wpa2-psk");
    assert_eq!(networks[1].len(), 3, "{networks:?}");
    assert!(!text(&networks[1]["security"]).contains('\u{1b}'));
    house.close().await.unwrap();
}

#[tokio::test]
async fn a_network_is_told_as_far_as_the_printer_told_it() {
    let mut house = House::open(Answer::Yes).await;
    let nothing = result(&mut house, JobResult::Network(Box::default())).await;
    assert!(nothing.is_empty(), "{nothing:?}");
    fn told<T>(value: T) -> Option<Fact<T>> {
        Some(Fact { value, source: "here" })
    }
    let address = Address { ip: "192.0.2.7".parse().unwrap(), gateway: None, origin: Origin::Dhcp };
    let state = StationState {
        power: told(true),
        connected: told(true),
        ssid: told(Ssid::new("Home").unwrap()),
        bssid: told([2, 0, 0, 0, 0, 1]),
        channel: told(36),
        signal_dbm: told(-61),
        addresses: vec![Fact { value: address, source: "here" }],
        hostname: told("HP1234".into()),
    };
    let all = result(&mut house, JobResult::Network(Box::new(state))).await;
    let mut names: Vec<&str> = all.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        ["addresses", "associated", "bssid", "channel", "hostname", "power", "signal", "ssid", "ssid-text"]
    );
    assert_eq!(Vec::<String>::try_from(all["addresses"].clone()).unwrap(), ["192.0.2.7"]);
    house.close().await.unwrap();
}

#[tokio::test]
async fn wifi_comes_changes_and_goes() {
    let house = House::open(Answer::No).await;
    let client = house.client().await;
    let mut heard = client.listen().await;
    assert_eq!(client.property(LASERJET, WIFI, "SignalStrength").await, Variant::from(-54_i16).try_into().unwrap());

    house.paint_printer(|printer| {
        let wifi = printer.wifi.as_mut().unwrap();
        (wifi.power, wifi.associated, wifi.signal_dbm) = (None, Associated::Joining, None);
    });
    let (interface, changed, _): (String, Dictionary, Vec<String>) =
        signal(&mut heard, "PropertiesChanged").await.body().deserialize().unwrap();
    assert_eq!(interface, WIFI);
    assert_eq!(changed.len(), 3, "{changed:?}");
    assert_eq!(text(&changed["Associated"]), "joining");
    assert!(!bool::try_from(&changed["Power"]).unwrap());
    assert_eq!(i16::try_from(&changed["SignalStrength"]).unwrap(), 0);

    house.paint_printer(|printer| printer.wifi = None);
    let (path, interfaces): (String, Vec<String>) = {
        let (path, interfaces): (zbus::OwnedObjectPath, Vec<String>) =
            signal(&mut heard, "InterfacesRemoved").await.body().deserialize().unwrap();
        (path.to_string(), interfaces)
    };
    assert_eq!((path.as_str(), interfaces), (LASERJET, vec![WIFI.to_owned()]));
    assert_eq!(house.polkit.asked(), [], "looking needs no authorization");
    house.close().await.unwrap();
}
