//! The built `plugprint wifi` and `plugprint pin write` against the real D-Bus room, whose agent the test plays.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use plugprint::agent::view::{JobResult, Task, WpsView};
use plugprint::wifi::station::{Fact, StationState};
use plugprint::wifi::{Network, Security, Ssid};
use plugprint::wps::pin::{self, Kind};
use serde_json::json;
use tokio::io::AsyncWriteExt as _;

use crate::cli_commands::{DONE, NOT_SUPPORTED, USAGE, ended, run, shown, started};
use crate::cli_setup::{open, start_of};
use crate::dbus_polkit::Answer;
use crate::dbus_support::House;

/// A canary.
const SECRET: &str = "CanaryPassphrase-4712";

#[tokio::test]
async fn the_networks_that_it_hears() {
    let mut house = House::open(Answer::Yes).await;
    let network = |name: &[u8], security, channel, dbm, wps| Network {
        ssid: Ssid::new(name).unwrap(),
        bssid: None,
        security,
        channel,
        signal_dbm: dbm,
        wps,
    };
    house.will_give(JobResult::Networks(vec![
        network(b"Far", Security::Open, Some(1), Some(-88), None),
        network(b"Caf\xe9\x1b[2J", Security::Wpa2Personal, Some(6), Some(-40), Some(true)),
        network(b"", Security::Wpa3Personal, Some(36), Some(-70), Some(false)),
    ]));
    let child = started(&house, "wifi scan");
    let (job, task, _) = start_of(&mut house).await;
    assert!(matches!(task, Task::Scan));
    house.finish_job(&job.0, Ok(()));
    ended(child).await.with(
        DONE,
        "Caf\\xe9\\x1b[2J\tWPA2\t6 (2.4 GHz)\t-40 dBm\tWPS\n\
         (hidden)\tWPA3\t36 (5 GHz)\t-70 dBm\t-\n\
         Far\topen\t1 (2.4 GHz)\t-88 dBm\t\n",
    );

    let child = started(&house, "--json wifi scan");
    let (job, ..) = start_of(&mut house).await;
    house.finish_job(&job.0, Ok(()));
    let networks = ended(child).await.json()["networks"].clone();
    assert_eq!((&networks[0]["ssid_hex"], &networks[0]["wps"]), (&json!("436166e91b5b324a"), &json!(true)));
    assert_eq!((&networks[1]["ssid"], &networks[1]["band"]), (&json!(null), &json!("5GHz")));
}

#[tokio::test]
async fn what_it_is_on() {
    let mut house = House::open(Answer::Yes).await;
    let source = "Test.xml";
    house.will_give(JobResult::Network(Box::new(StationState {
        power: Some(Fact { value: true, source }),
        connected: Some(Fact { value: true, source }),
        ssid: Some(Fact { value: Ssid::new("Home").unwrap(), source }),
        channel: Some(Fact { value: 6, source }),
        signal_dbm: Some(Fact { value: -52, source }),
        ..StationState::default()
    })));
    let child = started(&house, "wifi status");
    let (job, task, _) = start_of(&mut house).await;
    assert!(matches!(task, Task::GetNetwork));
    house.finish_job(&job.0, Ok(()));
    ended(child)
        .await
        .with(DONE, "radio: on\non a network: yes\nnetwork: Home\nchannel: 6 (2.4 GHz)\nsignal: -52 dBm\n");
}

#[tokio::test]
async fn a_password_reaches_the_agent_by_a_descriptor() {
    let mut house = House::open(Answer::Yes).await;
    let mut child = open(&house, "wifi join --ssid Home --security wpa2-psk --stdin");
    child.stdin.take().unwrap().write_all(format!("{SECRET}\n").as_bytes()).await.unwrap();
    let (job, task, _) = start_of(&mut house).await;
    let Task::Join(target) = task else { panic!("{task:?}") };
    assert_eq!((target.ssid, target.security), (Some(Ssid::new("Home").unwrap()), Some(Security::Wpa2Personal)));
    assert_eq!(target.passphrase.unwrap().expose(), SECRET.as_bytes());
    let home = Ssid::new("Home").unwrap();
    house.will_give(JobResult::Joined { ssid: home, address: "2001:db8::7".parse().unwrap(), already: false });
    house.finish_job(&job.0, Ok(()));
    let end = ended(child).await;
    end.with(DONE, "Joined Home. The printer's address is 2001:db8::7.\n").saying("http://[2001:db8::7]/");
    assert!(!end.err.contains(SECRET), "{end:?}");
}

#[tokio::test]
async fn an_open_network_needs_no_password() {
    let mut house = House::open(Answer::Yes).await;
    let child = started(&house, "wifi join --ssid Guests --security open");
    let (job, task, _) = start_of(&mut house).await;
    let Task::Join(target) = task else { panic!("{task:?}") };
    assert!(target.passphrase.is_none() && target.security == Some(Security::Open));
    let guests = Ssid::new("Guests").unwrap();
    house.will_give(JobResult::Joined { ssid: guests, address: "192.0.2.9".parse().unwrap(), already: false });
    house.finish_job(&job.0, Ok(()));
    ended(child).await.with(DONE, "Joined Guests. The printer's address is 192.0.2.9.\n");
    run(&house, "wifi join --ssid Home").await.with(USAGE, "").saying("--stdin");
    run(&house, "wifi join --ssid Guests --security open --stdin").await.with(USAGE, "");
}

#[tokio::test]
async fn its_radio_and_its_memory() {
    let mut house = House::open(Answer::Yes).await;
    house.will_give(JobResult::Done);
    let child = started(&house, "wifi power off");
    let (job, task, _) = start_of(&mut house).await;
    assert!(matches!(task, Task::SetPower(false)), "{task:?}");
    house.finish_job(&job.0, Ok(()));
    ended(child).await.with(DONE, "The radio of HP LaserJet Professional P1102w is off.\n");

    run(&house, "wifi reset").await.with(USAGE, "").saying("--yes");
    let child = started(&house, "wifi reset --yes");
    let (job, task, _) = start_of(&mut house).await;
    assert!(matches!(task, Task::ResetNetwork), "{task:?}");
    house.finish_job(&job.0, Ok(()));
    ended(child).await.with(DONE, "HP LaserJet Professional P1102w has forgotten its network.\n");
}

#[tokio::test]
async fn a_printer_that_tells_nothing_of_its_wifi() {
    let mut house = House::open(Answer::Yes).await;
    shown(&house, "InterfacesRemoved", |house| house.paint_printer(|printer| printer.wifi = None)).await;
    for words in ["wifi status", "wifi scan", "wifi power on", "wifi join --ssid Guests --security open"] {
        run(&house, words).await.with(NOT_SUPPORTED, "").saying("tells of its Wi-Fi");
    }
    assert!(house.asked_nothing());
}

#[tokio::test]
async fn a_pin_is_written() {
    let mut house = House::open(Answer::Yes).await;
    house.paint_printer(|printer| {
        printer.wps = Some(WpsView { methods: vec!["read-pin", "write-pin"], pin_kind: Kind::Dynamic });
    });
    house.will_give(JobResult::Done);
    let mut child = open(&house, "pin write --stdin --experimental");
    child.stdin.take().unwrap().write_all(b"9422-9882\n").await.unwrap();
    let (job, task, options) = start_of(&mut house).await;
    let Task::WritePin(written) = task else { panic!("{task:?}") };
    assert_eq!((written.expose(), options.experimental), ("94229882", true));
    house.finish_job(&job.0, Ok(()));
    ended(child).await.with(DONE, "HP LaserJet Professional P1102w has the PIN.\n");

    let child = started(&house, "pin write --generate --experimental");
    let (job, task, _) = start_of(&mut house).await;
    let Task::WritePin(written) = task else { panic!("{task:?}") };
    assert!(pin::parse(written.expose()).is_ok());
    house.finish_job(&job.0, Ok(()));
    ended(child).await.with(DONE, &format!("{}\n", written.expose())).saying("not shown again");

    let mut child = open(&house, "pin write --stdin");
    child.stdin.take().unwrap().write_all(b"94229883\n").await.unwrap();
    let end = ended(child).await;
    end.with(USAGE, "").saying("last digit");
    assert!(!end.err.contains("94229883"), "{end:?}");
    run(&house, "pin write").await.with(USAGE, "").saying("--generate");
}
