//! The way onto a network: what the agent does with the printer, and what it says of it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::sync::Arc;
use std::time::Duration;

use plugprint::agent::view::{Associated, JobResult, StartOptions};
use plugprint::emulator::Model;
use plugprint::emulator::radio::PASSPHRASE;

use crate::prompts::{Person, fresh, setup, target};
use crate::scene::{Scene, anna, timed};

#[tokio::test(start_paused = true)]
async fn a_printer_joins_with_a_passphrase_that_is_asked_for() {
    for model in [Model::Inkjet, Model::LaserJet] {
        let scene = Scene::new();
        let (printer, id) = scene.ready(model, fresh()).await;
        let person = Person::new().types("enter-passphrase", PASSPHRASE);
        let options = StartOptions { prompter: Some(Arc::clone(&person) as _), ..StartOptions::default() };
        let job = scene.handle.start(id.clone(), setup(target("Emulated Network")), anna(), options).await.unwrap();
        let (result, took) = timed(scene.outcome(&job)).await;
        let JobResult::Joined { ssid, address, already } = result.unwrap() else { panic!() };
        assert_eq!((ssid.to_string().as_str(), already), ("Emulated Network", false));
        assert_eq!(Some(address.to_string()), printer.station().lease().map(|lease| lease.address.to_string()));
        assert!(took < Duration::from_secs(60), "{took:?}");
        assert_eq!(person.heard(), ["enter-passphrase for Emulated Network", "release: done"]);
        let wifi = scene.view().printers[&id].wifi.clone().unwrap();
        assert_eq!((wifi.associated, wifi.addresses.as_slice()), (Associated::Yes, [address].as_slice()));
    }
}
