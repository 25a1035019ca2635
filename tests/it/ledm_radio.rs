//! HP's Wi-Fi resources, the agent's side against the emulated printer's.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::time::Duration;

use plugprint::emulator::radio::PASSPHRASE;
use plugprint::emulator::{Bus, Model, Options, Printer};
use plugprint::hp::ledm::Ledm;
use plugprint::http::Pool;
use plugprint::usb::{Bus as _, descriptor};
use plugprint::wifi::{Credentials, Security, Ssid, passphrase};

async fn ledm(model: Model) -> (Bus, Ledm<Pool>) {
    let mut options = Options { connected: false, ..Options::default() };
    options.radio.powered = false;
    let bus = Bus::new();
    let address = bus.plug(&Printer::new(model, options));
    let device = bus.open(address).await.unwrap();
    let functions = descriptor::parse(device.raw_descriptors()).unwrap().functions();
    (bus, Ledm::new(Pool::new(device, functions)))
}

#[tokio::test(start_paused = true)]
async fn a_printer_is_switched_on_scans_and_joins() {
    for (model, name, hidden) in [
        (Model::Inkjet, b"Emulated Network".as_slice(), false),
        (Model::LaserJet, b"Emulated Network", false),
        (Model::Inkjet, b"Emulated Hidden", true),
        (Model::LaserJet, b"Caf\xe9 \x00\xff", false),
    ] {
        let (_bus, ledm) = ledm(model).await;
        let station = ledm.adapters().await.unwrap().station().unwrap().clone();
        ledm.power(&station, true).await.unwrap();
        let wanted = Ssid::new(name).unwrap();
        let networks = ledm.scan(&station, None).await.unwrap();
        let heard = networks.iter().find(|network| network.ssid.known() == Some(&wanted));
        assert_eq!(heard.is_some(), !hidden);
        let credentials = Credentials {
            ssid: wanted.clone(),
            security: Security::Wpa2Personal,
            passphrase: Some(passphrase::parse(PASSPHRASE.as_bytes()).unwrap()),
            hidden,
        };
        ledm.join(&station, &credentials, heard).await.unwrap();
        tokio::time::sleep(Duration::from_secs(10)).await;
        let state = ledm.station_state().await.unwrap().unwrap();
        assert!(state.is_on(&wanted), "{model:?}: {state:?}");
        assert!(state.address().is_some(), "{model:?}: {state:?}");
    }
}
