//! The documents of every model, as a support bundle has them: nothing private is in them, and nothing is asked for
//! them that may have an effect.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;

use plugprint::agent::ErrorKind;
use plugprint::agent::view::{JobResult, Task};
use plugprint::emulator::radio::PASSPHRASE;
use plugprint::emulator::{Model, Options};

use crate::scene::Scene;

const SERIAL: &str = "CNB7CANARY";
const HP: u16 = 0x03f0;

/// The documents of a printer that is on a network, and all that was asked of it for them.
async fn collected(model: Model) -> Option<(BTreeMap<String, String>, Vec<String>, Vec<String>)> {
    let mut options = Options { serial: Some(SERIAL.to_owned()), ..Options::default() };
    options.radio.password = Some("open sesame".into());
    let scene = Scene::new();
    let (printer, id) = scene.ready(model, options).await;
    let uuid = scene.view().printers[&id].uuid.clone();
    printer.take_requests();
    match scene.run(&id, Task::CollectDocuments).await {
        Ok(JobResult::Documents { documents }) => {
            let mut private = vec![uuid.replace('-', ""), uuid];
            private.extend(printer.pin());
            private.retain(|text| !text.is_empty());
            Some((documents, printer.take_requests(), private))
        }
        Ok(other) => panic!("{model:?}: {other:?}"),
        Err(failure) => {
            assert_eq!(failure.kind, ErrorKind::NotSupported, "{model:?}: {}", failure.message);
            None
        }
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_private_is_in_the_documents_of_any_model() {
    let hex = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    let mut with_cdm = Vec::new();
    for model in Model::ALL.iter().copied() {
        let Some((documents, requests, private)) = collected(model).await else {
            assert!(model.vendor_id() != HP || model == Model::Legacy, "{model:?}");
            continue;
        };
        let all: String = documents.iter().map(|(path, text)| format!("-- {path}\n{text}\n")).collect();
        let folded = all.to_lowercase();
        // Its number; the network with its password; its addresses on it and its name there.
        let network = "Emulated Network";
        let fixed =
            [SERIAL, network, &hex(network), PASSPHRASE, &hex(PASSPHRASE), "02005e", "192.0.2.", "HP1030", "sesame"];
        for text in fixed.into_iter().chain(private.iter().map(String::as_str)) {
            assert!(!folded.contains(&text.to_lowercase()), "{model:?}: {text} is in\n{all}");
        }
        for request in &requests {
            assert!(request.starts_with("GET "), "{model:?}: {request}");
            for may_have_an_effect in ["WPS", "Profile", "wirelessConfig", "oauth", "token", "pushbutton"] {
                assert!(!request.contains(may_have_an_effect), "{model:?}: {request}");
            }
        }
        if documents.keys().any(|path| path.starts_with("/cdm/ioConfig/")) {
            with_cdm.push(model);
        }
        let list = &documents["/cdm/servicesDiscovery"];
        assert_eq!(list.starts_with("HTTP 404"), !list.contains("\"href\""), "{model:?}: {list}");
    }
    assert!(with_cdm.contains(&Model::Cdm), "{with_cdm:?}");
    let (documents, ..) = collected(Model::Cdm).await.unwrap();
    let adapters = &documents["/cdm/ioConfig/v2/adapterConfigs"];
    for kept in ["\"ip\": \"[private]\"", "\"connectionState\": \"connected\"", "\"method\": \"patch\""] {
        assert!(adapters.contains(kept), "{kept} is not in\n{adapters}");
    }
    // What is wanted most of a Dune is what nobody has published: what its reset takes.
    assert!(documents.contains_key("/cdm/ioConfig/v2/networkReset/constraints"), "{:?}", documents.keys());
}
