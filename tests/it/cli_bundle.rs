//! A support bundle of an emulated printer, the whole way: printer, agent, bus, command line, file.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::process::Stdio;
use std::sync::Arc;

use futures_util::StreamExt as _;
use plugprint::agent::{self, KernelClock};
use plugprint::dbus;
use plugprint::emulator::broker::Broker;
use plugprint::emulator::{Bus, Model, Options, Printer};
use tokio::process::Command;
use tokio_util::sync::CancellationToken;

use crate::dbus_polkit::{Answer, StandIn};
use crate::dbus_support::soon;

const SERIAL: &str = "CNB7CANARY";
const PIN: &str = "76543210";
const PASSPHRASE: &str = "sesame-canary";
/// The emulator's own network, `Emulated Network`, as LEDM writes it, and the printer's addresses.
const SSID: &str = "456D756C61746564204E6574776F726B";

/// A document that no emulated model has, with a secret in each kind of place.
fn capabilities() -> String {
    format!(
        r#"<?xml version="1.0"?><!-- {PIN} -->
<iocap:IoCapabilities xmlns:iocap="urn:example:iocap" xmlns:wifi="http://www.hp.com/schemas/imaging/con/wifi/2009/06/26">
  <iocap:WpsMethods>
    <iocap:WpsMethodType last="{PIN}">pushButton</iocap:WpsMethodType>
    <iocap:WpsResourceURI>/IoMgmt/Adapters/wifi0/WPS/Push</iocap:WpsResourceURI>
    <wifi:WpsPin>{PIN}</wifi:WpsPin>
    <iocap:Remark>PIN {PIN}, of {serial}</iocap:Remark>
    <iocap:KeyInfo><iocap:Inner>{PASSPHRASE}</iocap:Inner></iocap:KeyInfo>
    <iocap:Unheard>{PASSPHRASE}</iocap:Unheard>
    <iocap:LastMode>{SSID}</iocap:LastMode>
    <iocap:NickType>{SERIAL}</iocap:NickType>
  </iocap:WpsMethods>
</iocap:IoCapabilities>"#,
        serial = SERIAL.to_lowercase(),
    )
}

#[tokio::test]
async fn the_bundle_holds_the_documents_and_nothing_private() {
    let broker = Broker::start().await.unwrap();
    let authority = broker.connect().await.unwrap();
    let polkit = StandIn::serve(&authority, Answer::Yes).await.unwrap();
    let watcher = broker.connect().await.unwrap();
    let names = zbus::fdo::DBusProxy::new(&watcher).await.unwrap();
    let mut named = names.receive_name_owner_changed_with_args(&[(0, dbus::NAME)]).await.unwrap();

    let folder = tempfile::tempdir().unwrap();
    let printer = Printer::new(
        Model::LaserJet,
        Options {
            pages: folder.path().to_owned(),
            serial: Some(SERIAL.to_owned()),
            documents: BTreeMap::from([
                ("/IoMgmt/IoMgmtCap.xml".to_owned(), capabilities()),
                ("/DevMgmt/InternalPrintManifest.xml".to_owned(), format!("{{\"pin\": \"{PIN}\"}}")),
            ]),
            ..Options::default()
        },
    );
    let bus = Bus::new();
    bus.plug(&printer);
    let stop = CancellationToken::new();
    let (handle, agent) = agent::start(
        Arc::new(bus.clone()),
        Arc::new(KernelClock),
        agent::Settings::on(Arc::new(agent::NoHost)),
        stop.clone(),
    );
    let service = tokio::spawn(dbus::serve(broker.connect().await.unwrap(), handle, stop.clone()));
    soon(named.next()).await.unwrap();

    let mut command = Command::new(env!("CARGO_BIN_EXE_plugprint"));
    command.args(["--bus-address", broker.address(), "support-bundle", "--output", "bundle.txt"]);
    command.current_dir(folder.path()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let end = soon(command.kill_on_drop(true).output()).await.unwrap();
    assert!(end.status.success(), "{end:?}");
    let bundle = std::fs::read_to_string(folder.path().join("bundle.txt")).unwrap();

    for there in [
        "-- /DevMgmt/DiscoveryTree.xml",
        "<ledm:ManifestURI>/IoMgmt/IoMgmtManifest.xml</ledm:ManifestURI>",
        "<n3:JobType>networkSummary</n3:JobType>",
        "<pscat:StatusCategory>ready</pscat:StatusCategory>",
        "<dd:ResourceURI>/IoMgmt/Adapters/wifi0</dd:ResourceURI>",
        "<dd:SerialNumber>[private]</dd:SerialNumber>",
        "<wifi:SSID>[private]</wifi:SSID>",
        // What nobody has published, as a printer that has it would say it.
        "<iocap:WpsMethodType last=\"[private]\">pushButton</iocap:WpsMethodType>",
        "<iocap:WpsResourceURI>/IoMgmt/Adapters/wifi0/WPS/Push</iocap:WpsResourceURI>",
        "-- /DevMgmt/InternalPrintManifest.xml\nHTTP 200, text/xml, 19 bytes, left out",
        "== the service's log ==",
    ] {
        assert!(bundle.contains(there), "{there} is not in\n{bundle}");
    }
    let folded = bundle.to_lowercase();
    for private in [SERIAL, PIN, PASSPHRASE, SSID, "Emulated Network", "02005E"] {
        assert!(!folded.contains(&private.to_lowercase()), "{private} is in\n{bundle}");
    }
    // Reading the PIN may open a session: it was not even asked for.
    assert_eq!(printer.pin_reads(), 0);
    assert!(polkit.asked_times(1).await.unwrap().action.ends_with(".query"));

    stop.cancel();
    soon(agent).await.unwrap();
    soon(service).await.unwrap().unwrap();
}
