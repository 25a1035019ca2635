//! What a client of the D-Bus API sees.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::StreamExt as _;
use plugprint::agent::view::{JobId, State, Task};
use plugprint::agent::{ErrorKind, Failure};
use plugprint::blame::Party;
use plugprint::dbus;
use plugprint::printer::capability::ReportKind;
use zbus::fdo::ManagedObjects;
use zbus::message::Type;
use zbus::{Message, OwnedObjectPath, Variant};

use crate::dbus_polkit::Answer;
use crate::dbus_support::*;

#[tokio::test]
async fn a_printer_is_an_object_with_all_that_is_known_of_it() {
    let house = House::open(Answer::Yes).await;
    let client = house.client().await;

    let all: Dictionary = client
        .call(LASERJET, "org.freedesktop.DBus.Properties", "GetAll", &(PRINTER,))
        .await
        .unwrap()
        .body()
        .deserialize()
        .unwrap();
    let text = |name: &str| <&str>::try_from(&all[name]).unwrap().to_owned();

    assert_eq!(text("Id"), "03f0_002a_vnb3r12345");
    assert_eq!(text("Model"), "HP LaserJet Professional P1102w");
    assert_eq!(text("State"), "ready");
    assert_eq!(all["VendorId"], Variant::from(0x03f0_u16).try_into().unwrap());
    assert_eq!(all["UsbAddress"], Variant::from(4_u32).try_into().unwrap());
    let capabilities: BTreeMap<String, String> = all["Capabilities"].clone().try_into().unwrap();
    assert_eq!(
        capabilities,
        BTreeMap::from([("read-pin".into(), "confirmed".into()), ("report-network".into(), "listed".into()),])
    );
    let none: OwnedObjectPath = all["CurrentJob"].clone().try_into().unwrap();
    assert_eq!(none.as_str(), "/");
    house.close().await.unwrap();
}

#[tokio::test]
async fn printers_are_found_by_what_other_programs_call_them() {
    let house = House::open(Answer::Yes).await;
    let client = house.client().await;
    let by_uri = async |uri: &str| client.call(dbus::ROOT, MANAGER, "GetPrinterByUri", &(uri, options([]))).await;

    for uri in [
        "usb://HP/LaserJet%20Professional%20P1102w?serial=VNB3R12345",
        "hp:/usb/HP_LaserJet_Professional_P1102w?serial=VNB3R12345",
        "ipp://localhost:60000/ipp/print",
        "http://127.0.0.1:60000/",
        "ipp://HP%20LaserJet._ipp._tcp.local/?uuid=434E4633-3531-3130-3232-D48564B8A0C1",
    ] {
        assert_eq!(path_of(&by_uri(uri).await.unwrap()).as_str(), LASERJET, "{uri}");
    }
    assert_eq!(error_of(by_uri("usb://HP/LaserJet?serial=OTHER").await).0, "NotFound");
    assert_eq!(error_of(by_uri("ipp://localhost:60001/ipp/print").await).0, "NotFound");
    assert_eq!(error_of(by_uri("no uri").await).0, "InvalidArguments");

    let by_usb = async |bus: u32, address: u32| {
        client.call(dbus::ROOT, MANAGER, "GetPrinterByUsb", &(bus, address, options([]))).await
    };
    assert_eq!(path_of(&by_usb(1, 4).await.unwrap()).as_str(), LASERJET);
    assert_eq!(error_of(by_usb(1, 260).await).0, "NotFound");
    house.close().await.unwrap();
}

#[tokio::test]
async fn what_changes_is_told_once_and_only_what_changes() {
    let house = House::open(Answer::Yes).await;
    let client = house.client().await;
    let mut heard = client.listen().await;

    house.paint_printer(|printer| {
        printer.state = State::Failed;
        printer.state_reason = "It does not answer.".into();
    });
    let (interface, changed, invalidated): (String, Dictionary, Vec<String>) =
        signal(&mut heard, "PropertiesChanged").await.body().deserialize().unwrap();
    assert_eq!(interface, PRINTER);
    assert_eq!(<&str>::try_from(&changed["State"]).unwrap(), "failed");
    assert_eq!(<&str>::try_from(&changed["StateReason"]).unwrap(), "It does not answer.");
    assert_eq!(changed.len(), 2, "{changed:?}");
    assert!(invalidated.is_empty());
    house.close().await.unwrap();
}

#[tokio::test]
async fn objects_and_interfaces_come_and_go_with_what_they_stand_for() {
    let house = House::open(Answer::Yes).await;
    let client = house.client().await;
    let mut heard = client.listen().await;

    house.paint_printer(|printer| printer.wps = None);
    let (path, interfaces): (OwnedObjectPath, Vec<String>) =
        signal(&mut heard, "InterfacesRemoved").await.body().deserialize().unwrap();
    assert_eq!((path.as_str(), interfaces), (LASERJET, vec![WPS.to_owned()]));

    house.paint(|view| view.printers.clear());
    for gone in [WIFI, PRINTER] {
        let (path, interfaces): (OwnedObjectPath, Vec<String>) =
            signal(&mut heard, "InterfacesRemoved").await.body().deserialize().unwrap();
        assert_eq!((path.as_str(), interfaces), (LASERJET, vec![gone.to_owned()]));
    }

    house.paint(|view| {
        view.printers.insert(laserjet(), Arc::new(printer()));
    });
    for _ in [PRINTER, WIFI, WPS] {
        signal(&mut heard, "InterfacesAdded").await;
    }
    let objects: ManagedObjects = client
        .call(dbus::ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", &())
        .await
        .unwrap()
        .body()
        .deserialize()
        .unwrap();
    let interfaces = &objects[&OwnedObjectPath::try_from(LASERJET).unwrap()];
    let mut names: Vec<&str> = interfaces.keys().map(|name| name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, [PRINTER, WIFI, WPS]);
    house.close().await.unwrap();
}

#[tokio::test]
async fn another_serial_number_is_another_printer() {
    let house = House::open(Answer::Yes).await;
    let client = house.client().await;
    let mut heard = client.listen().await;
    house.paint_printer(|printer| printer.serial_number = "OTHER".into());
    signal(&mut heard, "InterfacesRemoved").await;
    signal(&mut heard, "InterfacesAdded").await;
    house.close().await.unwrap();
}

#[tokio::test]
async fn a_report_is_a_job_from_the_call_to_its_end() {
    let mut house = House::open(Answer::Yes).await;
    let client = house.client().await;
    let mut heard = client.listen().await;

    let job = path_of(
        &client
            .call(
                LASERJET,
                PRINTER,
                "PrintReport",
                &("network", options([("handle_token", "mine_1".into()), ("keep", true.into())])),
            )
            .await
            .unwrap(),
    );
    assert_eq!(job.as_str(), "/org/plugprint1/jobs/mine_1");
    let Asked::Start { task, caller, options } = house.asked().await else { panic!() };
    assert!(matches!(task, Task::PrintReport(ReportKind::Network)));
    assert_eq!(caller.bus_name, client.name());
    assert_eq!(
        (options.keep, options.handle_token.as_deref(), options.experimental),
        (Some(true), Some("mine_1"), false)
    );

    // The object is there when the reply is.
    assert_eq!(client.property(&job, JOB, "Kind").await, Variant::from("print-report").try_into().unwrap());
    assert_eq!(client.property(&job, JOB, "Progress").await, Variant::from(-1.0).try_into().unwrap());

    house.paint_job("mine_1", |job| (job.stage, job.progress) = ("printing", Some(0.5)));
    let (_, changed, _): (String, Dictionary, Vec<String>) =
        signal(&mut heard, "PropertiesChanged").await.body().deserialize().unwrap();
    assert_eq!(<&str>::try_from(&changed["Stage"]).unwrap(), "printing");

    house.finish_job("mine_1", Ok(()));
    let completed = signal(&mut heard, "Completed").await;
    assert_eq!(completed.header().path().unwrap().as_str(), job.as_str());
    let (success, error, message): (bool, String, String) = completed.body().deserialize().unwrap();
    assert_eq!((success, error.as_str(), message.as_str()), (true, "", ""));
    assert_eq!(client.property(&job, JOB, "Outcome").await, Variant::from("success").try_into().unwrap());
    house.close().await.unwrap();
}

#[tokio::test]
async fn a_failure_has_a_name_and_a_sentence() {
    let house = House::open(Answer::Yes).await;
    let client = house.client().await;
    let mut heard = client.listen().await;
    let job = client.print_report().await;
    let failure = Failure::new(ErrorKind::PrinterNotReady, Party::Printer, "The printer has no paper. Put some in.");
    house.finish_job("j1", Err(failure));
    let (success, error, message): (bool, String, String) =
        signal(&mut heard, "Completed").await.body().deserialize().unwrap();
    assert_eq!(
        (success, error.as_str(), message.as_str()),
        (false, "org.plugprint1.Error.PrinterNotReady", "The printer has no paper. Put some in.")
    );
    let outcome = client.property(&job, JOB, "Outcome").await;
    assert_eq!(<&str>::try_from(&outcome).unwrap(), "org.plugprint1.Error.PrinterNotReady");
    house.close().await.unwrap();
}

/// A job that is over before its starter knows its name must still be seen to end by a client that listens
/// from the reply on.
#[tokio::test]
async fn the_reply_comes_first_and_the_end_after_it() {
    let house = House::open(Answer::Yes).await;
    let client = house.client().await;
    for round in 0..20 {
        let mut heard = client.listen().await;
        let call = Message::method_call(LASERJET, "PrintReport")
            .destination(dbus::NAME)
            .interface(PRINTER)
            .build(&("network", options([("handle_token", format!("over_{round}").into())])))
            .unwrap();
        client.connection.send(&call).await.unwrap();
        let mut order = Vec::new();
        while !order.contains(&"completed") {
            let message = soon(heard.next()).await.unwrap().unwrap();
            match message.message_type() {
                Type::MethodReturn if message.header().reply_serial() == Some(call.primary_header().serial_num()) => {
                    order.push("reply");
                }
                Type::Signal if message.header().member().is_some_and(|m| *m == "Completed") => order.push("completed"),
                _ => {}
            }
        }
        assert_eq!(order, ["reply", "completed"]);
    }
    house.close().await.unwrap();
}

#[tokio::test]
async fn a_pin_leaves_in_the_result_and_nowhere_else() {
    let house = House::open(Answer::Yes).await;
    let client = house.client().await;
    let mut heard = client.listen().await;
    let job = path_of(&client.call(LASERJET, WPS, "ReadPin", &(options([]),)).await.unwrap());
    house.finish_job("j1", Ok(()));

    let mut told = Vec::new();
    loop {
        let message = soon(heard.next()).await.unwrap().unwrap();
        told.extend_from_slice(message.data().bytes());
        if message.header().member().is_some_and(|m| *m == "Completed") {
            break;
        }
    }
    let everything =
        client.call(dbus::ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", &()).await.unwrap();
    told.extend_from_slice(everything.data().bytes());
    assert!(!told.windows(PIN.len()).any(|bytes| bytes == PIN.as_bytes()));

    let result: Dictionary =
        client.call(&job, JOB, "GetResult", &(options([]),)).await.unwrap().body().deserialize().unwrap();
    assert_eq!(<&str>::try_from(&result["pin"]).unwrap(), PIN);
    assert_eq!(u64::try_from(&result["deadline"]).unwrap(), 120_000_000);
    assert_eq!(<&str>::try_from(&result["deadline-source"]).unwrap(), "walk-time");
    assert_eq!(<&str>::try_from(&result["pin-kind"]).unwrap(), "dynamic");
    house.close().await.unwrap();
}

#[tokio::test]
async fn the_agent_hears_who_left() {
    let mut house = House::open(Answer::Yes).await;
    let client = house.client().await;
    let name = client.name();
    client.print_report().await;
    let Asked::Start { .. } = house.asked().await else { panic!() };
    client.connection.close().await.unwrap();
    assert_eq!(house.asked().await, Asked::CallerLeft { bus_name: name });
    house.close().await.unwrap();
}

#[tokio::test]
async fn a_job_can_be_cancelled_and_kept_by_its_starter() {
    let mut house = House::open(Answer::Yes).await;
    let client = house.client().await;
    let job = client.print_report().await;
    let Asked::Start { caller, .. } = house.asked().await else { panic!() };
    client.call(&job, JOB, "Keep", &(false, options([]))).await.unwrap();
    assert_eq!(house.asked().await, Asked::Keep { job: JobId("j1".into()), keep: false });
    client.call(&job, JOB, "Cancel", &(options([]),)).await.unwrap();
    assert_eq!(house.asked().await, Asked::Cancel { job: JobId("j1".into()), caller });
    house.close().await.unwrap();
}

#[tokio::test]
async fn mistakes_are_told_as_such() {
    let mut house = House::open(Answer::Yes).await;
    let client = house.client().await;
    let print = async |kind: &str, options| client.call(LASERJET, PRINTER, "PrintReport", &(kind, options)).await;
    let (name, message) = error_of(print("netwrok", options([])).await);
    assert_eq!(name, "InvalidArguments");
    assert!(message.contains("network, wireless, status"), "{message}");
    assert_eq!(error_of(print("network", options([("keeep", true.into())])).await).0, "InvalidArguments");
    assert_eq!(error_of(print("network", options([("keep", "yes".into())])).await).0, "InvalidArguments");

    let press =
        async |buttons: Vec<&str>, options| client.call(LASERJET, PRINTER, "PressButtons", &(buttons, options)).await;
    for buttons in [vec![], vec!["a", "b", "c", "d", "e"], vec!["Wireless"], vec![""], vec!["x/y"]] {
        assert_eq!(error_of(press(buttons.clone(), options([])).await).0, "InvalidArguments", "{buttons:?}");
    }
    assert_eq!(error_of(press(vec!["wireless"], options([("hold", u32::MAX.into())])).await).0, "InvalidArguments");
    assert!(house.asked_nothing());
    house.close().await.unwrap();
}

#[tokio::test]
async fn a_prompter_belongs_to_its_connection() {
    let house = House::open(Answer::Yes).await;
    let client = house.client().await;
    let prompter = OwnedObjectPath::try_from("/prompter").unwrap();
    let call =
        async |client: &Client, method: &str| client.call(dbus::ROOT, MANAGER, method, &(&prompter, options([]))).await;
    assert_eq!(error_of(call(&client, "UnregisterPrompter").await).0, "NotFound");
    call(&client, "RegisterPrompter").await.unwrap();
    call(&client, "RegisterPrompter").await.unwrap();
    let stranger = house.client().await;
    assert_eq!(error_of(call(&stranger, "UnregisterPrompter").await).0, "NotFound");
    call(&client, "UnregisterPrompter").await.unwrap();
    assert_eq!(error_of(call(&client, "UnregisterPrompter").await).0, "NotFound");

    // One user's connections can't take all the room there is.
    let mut crowd = Vec::new();
    for _ in 0..16 {
        let member = house.client().await;
        call(&member, "RegisterPrompter").await.unwrap();
        crowd.push(member);
    }
    assert_eq!(error_of(call(&client, "RegisterPrompter").await).0, "Busy");
    house.close().await.unwrap();
}

#[tokio::test]
async fn a_stop_gives_the_name_back() {
    let mut house = House::open(Answer::Yes).await;
    let client = house.client().await;
    let bus = zbus::fdo::DBusProxy::new(&client.connection).await.unwrap();
    assert!(bus.name_has_owner(dbus::NAME.try_into().unwrap()).await.unwrap());
    house.stop().await.unwrap();
    assert!(!bus.name_has_owner(dbus::NAME.try_into().unwrap()).await.unwrap());
}
