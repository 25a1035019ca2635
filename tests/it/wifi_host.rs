//! This computer's own network, as NetworkManager tells it, and its secret, as its owner may have it.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use plugprint::emulator::broker::Broker;
use plugprint::wifi::host::networkmanager::{self, Withheld};
use plugprint::wifi::host::{HostNetwork, Unknown, Wps};
use plugprint::wifi::{Band, Security, Ssid, passphrase};

use crate::networkmanager::{NetworkManager, Point, Script, Secret, UUID};

async fn looked(script: Script) -> Result<HostNetwork, Unknown> {
    let broker = Broker::start().await.unwrap();
    let _manager = NetworkManager::on(&broker, script).await;
    networkmanager::look(&broker.connect().await.unwrap()).await
}

async fn told(script: Script, uuid: &str, ssid: &str) -> (Result<Vec<u8>, Withheld>, Vec<String>) {
    let broker = Broker::start().await.unwrap();
    let manager = NetworkManager::on(&broker, script).await;
    let told = networkmanager::passphrase(&broker.connect().await.unwrap(), uuid, &Ssid::new(ssid).unwrap()).await;
    let calls = manager.calls().iter().map(|call| call.split(' ').next().unwrap().to_owned()).collect();
    (told.map(|passphrase| passphrase.expose().to_vec()), calls)
}

#[tokio::test]
async fn a_network_as_everybody_may_know_it() {
    let network = looked(Script::default()).await.unwrap();
    assert_eq!(
        network,
        HostNetwork {
            ssid: Ssid::new("Home").unwrap(),
            security: Security::Wpa2Personal,
            bands: vec![Band::Band2_4],
            signal_percent: Some(90),
            wps: Some(Wps { offered: true, button: false, pin: false }),
            hidden: Some(false),
            connection: UUID.to_owned(),
        }
    );
    // Another user's profile: what its owner alone may know stays unknown.
    let network = looked(Script { private: true, hidden: true, ..Script::default() }).await.unwrap();
    assert_eq!((network.hidden, network.security), (None, Security::Wpa2Personal));
    assert_eq!(looked(Script { hidden: true, ..Script::default() }).await.unwrap().hidden, Some(true));
}

#[tokio::test]
async fn what_an_access_point_s_flags_mean() {
    for (flags, wpa, rsn, security) in [
        (0x0, 0, 0, Security::Open),
        (0x1, 0, 0, Security::Wep),
        (0x1, 0x144, 0, Security::WpaPersonal),
        (0x1, 0x144, 0x188, Security::WpaWpa2Personal),
        (0x1, 0, 0x588, Security::Wpa2Wpa3Personal),
        (0x1, 0, 0x488, Security::Wpa3Personal),
        (0x0, 0, 0x888, Security::EnhancedOpen),
        (0x0, 0, 0x1000, Security::Open),
        (0x1, 0, 0x288, Security::Enterprise),
        (0x1, 0, 0x2088, Security::Enterprise),
        (0x1, 0, 0x388, Security::Enterprise),
    ] {
        let points = vec![Point { flags, wpa, rsn, ..Point::home() }];
        assert_eq!(looked(Script { points, ..Script::default() }).await.unwrap().security, security, "{rsn:x}");
    }
    let eap = Script { management: Some("wpa-eap"), ..Script::default() };
    assert_eq!(looked(eap).await.unwrap().security, Security::Enterprise, "as this computer uses it");
}

#[tokio::test]
async fn on_which_bands_it_is_heard() {
    let far = |mhz, name: &str| Point { mhz, ssid: name.into(), address: "02:00:00:00:00:07", ..Point::home() };
    for (points, bands, best) in [
        (vec![far(5180, "Home")], vec![Band::Band5], Some(Band::Band5)),
        (vec![far(5180, "Home"), far(2437, "Other")], vec![Band::Band5], Some(Band::Band5)),
        (vec![far(5180, "Home"), far(2437, "Home")], vec![Band::Band5, Band::Band2_4], Some(Band::Band2_4)),
        (vec![far(6135, "Home"), far(5180, "Home")], vec![Band::Band6, Band::Band5], Some(Band::Band6)),
        (vec![far(1, "Home")], vec![], None),
        // As NetworkManager makes one up where iwd is behind it.
        (vec![Point { mhz: 2417, address: "00:01:02:00:00:05", ..Point::home() }], vec![], None),
    ] {
        let network = looked(Script { points: points.clone(), ..Script::default() }).await.unwrap();
        assert_eq!((&network.bands, network.band()), (&bands, best), "{points:?}");
        assert_eq!(network.wps.is_none(), points[0].address.starts_with("00:01:02"));
    }
}

#[tokio::test]
async fn why_it_is_not_known() {
    for (script, why) in [
        (Script { state: 30, ..Script::default() }, Unknown::NotOnWifi),
        (Script { mode: 3, ..Script::default() }, Unknown::AccessPoint),
        (Script { mode: 1, ..Script::default() }, Unknown::AccessPoint),
        (Script { points: vec![], ..Script::default() }, Unknown::NotOnWifi),
        (
            Script { points: vec![Point { ssid: vec![b'x'; 33], ..Point::home() }], ..Script::default() },
            Unknown::Unreadable,
        ),
        (Script { points: vec![Point { ssid: vec![], ..Point::home() }], ..Script::default() }, Unknown::Unreadable),
    ] {
        assert_eq!(looked(script.clone()).await, Err(why), "{script:?}");
    }
    let broker = Broker::start().await.unwrap();
    assert_eq!(networkmanager::look(&broker.connect().await.unwrap()).await, Err(Unknown::Absent));
}

#[tokio::test]
async fn its_secret_is_given_to_its_owner() {
    let (told, calls) = told(Script::default(), UUID, "Home").await;
    assert_eq!(
        (told.as_deref(), calls),
        (Ok(&b"correct horse battery"[..]), vec!["GetSettings".into(), "GetSecrets".into()])
    );
    let key = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789ABCDEF";
    let (told, _) = self::told(Script { secret: Secret::Psk(key), ..Script::default() }, UUID, "Home").await;
    assert_eq!(told.as_deref(), Ok(key.as_bytes()), "the key itself");
}

#[tokio::test]
async fn a_secret_that_is_not_given() {
    for (secret, why) in [
        (Secret::None, Withheld::NotStored),
        (Secret::Psk(""), Withheld::NotStored),
        (Secret::Error("NoSecrets"), Withheld::NotStored),
        (Secret::Error("PermissionDenied"), Withheld::NotAllowed),
        (Secret::Psk("short"), Withheld::Unusable(passphrase::Error::TooShort)),
    ] {
        let (told, _) = told(Script { secret, ..Script::default() }, UUID, "Home").await;
        assert_eq!(told, Err(why), "{secret:?}");
    }
    let broker = Broker::start().await.unwrap();
    let alone = networkmanager::passphrase(&broker.connect().await.unwrap(), UUID, &Ssid::new("Home").unwrap()).await;
    assert_eq!(alone.unwrap_err(), Withheld::Silent);
}

#[tokio::test]
async fn a_secret_that_is_not_even_asked_for() {
    for (script, uuid, ssid, why) in [
        (Script::default(), "0", "Home", Withheld::NoProfile),
        (Script::default(), UUID, "home", Withheld::NoProfile),
        (Script { private: true, ..Script::default() }, UUID, "Home", Withheld::NotAllowed),
        (Script { enterprise: true, ..Script::default() }, UUID, "Home", Withheld::Enterprise),
        (Script { management: Some("wpa-eap-suite-b-192"), ..Script::default() }, UUID, "Home", Withheld::Enterprise),
        (Script { management: Some("ieee8021x"), ..Script::default() }, UUID, "Home", Withheld::Enterprise),
        (Script { management: Some("none"), ..Script::default() }, UUID, "Home", Withheld::NoPassphrase),
        (Script { management: Some("owe"), ..Script::default() }, UUID, "Home", Withheld::NoPassphrase),
        (Script { management: None, ..Script::default() }, UUID, "Home", Withheld::NoPassphrase),
    ] {
        let (told, calls) = told(script.clone(), uuid, ssid).await;
        assert_eq!(told, Err(why), "{script:?}");
        assert!(!calls.iter().any(|call| call == "GetSecrets"), "{script:?}: {calls:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_networkmanager_that_does_not_answer_is_not_waited_for() {
    let broker = Broker::start().await.unwrap();
    let mute = broker.connect().await.unwrap();
    mute.request_name(networkmanager::NAME).await.unwrap();
    // Nobody serves anything there: an error, at once or in time.
    let connection = broker.connect().await.unwrap();
    assert_eq!(networkmanager::look(&connection).await, Err(Unknown::Silent));
}
