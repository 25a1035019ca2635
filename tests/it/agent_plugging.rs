//! A printer comes and goes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::time::Duration;

use plugprint::agent::view::{Associated, State, Task};
use plugprint::emulator::{Model, Options, Personality};
use plugprint::printer::capability::{Capability, Evidence, ReportKind};
use tokio::time::{Instant, sleep, timeout};

use crate::scene::{Scene, fault, printed, timed};

#[tokio::test(start_paused = true)]
async fn an_inkjet_is_recognised() {
    let scene = Scene::new();
    let printer = scene.printer(Model::Inkjet, Options::default());
    let address = scene.bus.plug(&printer);

    let seen = scene.until_state(&printer, State::Probing).await;
    assert_eq!(seen.id.as_str(), "03f0_f0e1_emu0000001");
    assert_eq!(seen.address, address);
    assert_eq!((seen.manufacturer.as_str(), seen.model.as_str()), ("HP", "DeskJet Emulated 3000 series"));

    let seen = scene.until_state(&printer, State::Ready).await;
    assert_eq!(seen.state_reason, "");
    assert_eq!(seen.reports, ReportKind::ALL);
    for listed in
        [Capability::ReportNetwork, Capability::ReportWireless, Capability::ReportStatus, Capability::WifiStatus]
    {
        assert_eq!(seen.capabilities.get(&listed), Some(&Evidence::Listed), "{listed:?}");
    }
    // Nothing is known of a PIN resource on inkjets, and a probe does not try.
    assert!(!seen.capabilities.contains_key(&Capability::ReadPin));
    assert_eq!(seen.wps.unwrap().methods, ["paper-pin", "push-button"]);
    for known in [Capability::WifiScan, Capability::WifiJoin, Capability::WifiPower] {
        assert_eq!(seen.capabilities.get(&known), Some(&Evidence::Confirmed), "{known:?}");
    }
    for inferred in [Capability::PaperPin, Capability::PushButton] {
        assert_eq!(seen.capabilities.get(&inferred), Some(&Evidence::Assumed), "{inferred:?}");
    }
    let wifi = seen.wifi.unwrap();
    assert_eq!((wifi.power, wifi.associated), (Some(true), Associated::Yes));
    assert!(!seen.uuid.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_laserjet_is_recognised_without_touching_its_pin() {
    let scene = Scene::new();
    let (printer, id) = scene.ready(Model::LaserJet, Options::default()).await;
    let seen = &scene.view().printers[&id];
    assert_eq!(seen.id.as_str(), "03f0_f0e2_emu0000002");
    assert!(seen.capabilities[&Capability::ReadPin] >= Evidence::Confirmed);
    assert_eq!(seen.wps.as_ref().unwrap().methods, ["read-pin", "write-pin", "paper-pin"]);
    assert_eq!(seen.capabilities[&Capability::WritePin], Evidence::Assumed);
    assert_eq!(printer.pin_reads(), 0);
    assert!(printer.requests().iter().all(|request| request.starts_with("GET ")), "{:?}", printer.requests());
}

#[tokio::test(start_paused = true)]
async fn it_keeps_its_name_in_another_socket() {
    let scene = Scene::new();
    let (printer, id) = scene.ready(Model::Inkjet, Options::default()).await;
    printer.unplug();
    scene.until_gone(&id).await;
    scene.bus.plug_into(&printer, 7);
    assert_eq!(scene.until_ready(&printer).await, id);
}

#[tokio::test(start_paused = true)]
async fn without_a_serial_number_the_socket_names_it() {
    let scene = Scene::new();
    let printer = scene.printer(Model::Inkjet, Options { serial_missing: true, ..Options::default() });
    let address = scene.bus.plug_into(&printer, 3);
    let id = scene.until("it", |view| view.printers.keys().next().cloned()).await;
    assert_eq!(id.as_str(), "03f0_f0e1_at_1_3");
    scene.bus.unplug(address);
    scene.until_gone(&id).await;
    scene.bus.plug_into(&printer, 3);
    scene.until("the same again", |view| view.printers.contains_key(&id).then_some(())).await;
}

#[tokio::test(start_paused = true)]
async fn twins_are_told_apart_by_their_sockets() {
    let scene = Scene::new();
    let options = || Options { serial: Some("SAME".to_owned()), ..Options::default() };
    let first = scene.printer(Model::Inkjet, options());
    scene.bus.plug_into(&first, 1);
    scene.until_ready(&first).await;
    let second = scene.printer(Model::Inkjet, options());
    scene.bus.plug_into(&second, 2);
    let names = scene
        .until("both ready", |view| {
            let ready = view.printers.values().filter(|seen| seen.state == State::Ready).count();
            (ready == 2).then(|| view.printers.keys().map(ToString::to_string).collect::<Vec<_>>())
        })
        .await;
    assert_eq!(names, ["03f0_f0e1_same", "03f0_f0e1_same_at_1_2"]);
}

#[tokio::test(start_paused = true)]
async fn a_cd_rom_that_will_be_a_printer_says_what_to_do() {
    let scene = Scene::new();
    let options = Options { personality: Personality::SmartInstall, ..Options::default() };
    let printer = scene.printer(Model::LaserJet, options);
    scene.bus.plug(&printer);
    let seen = scene.until_state(&printer, State::Failed).await;
    assert!(seen.state_reason.contains("Smart Install"), "{}", seen.state_reason);
    assert!(seen.state_reason.contains("usb_modeswitch"), "{}", seen.state_reason);
    let failure = scene.run(&seen.id, Task::PrintReport(ReportKind::Network)).await.unwrap_err();
    assert_eq!((failure.kind.name(), failure.message), ("PrinterNotReady", seen.state_reason));
}

#[tokio::test(start_paused = true)]
async fn a_printer_fresh_from_its_box_says_so() {
    let scene = Scene::new();
    let (_, id) = scene.ready(Model::Inkjet, Options { out_of_box: true, ..Options::default() }).await;
    assert!(scene.view().printers[&id].state_reason.contains("set up"));
}

#[tokio::test(start_paused = true)]
async fn http_in_an_inactive_configuration_is_found() {
    let scene = Scene::new();
    let options = Options { personality: Personality::SecondConfiguration, ..Options::default() };
    let (printer, id) = scene.ready(Model::Inkjet, options).await;
    scene.run(&id, Task::PrintReport(ReportKind::Status)).await.unwrap();
    assert_eq!(printed(&printer), ["configurationPage"]);
}

#[tokio::test(start_paused = true)]
async fn one_that_is_busy_for_a_minute_is_asked_again_by_itself() {
    let scene = Scene::new();
    let printer = scene.printer(Model::Inkjet, Options { fault: fault("busy"), ..Options::default() });
    let (_, took) = timed(async {
        scene.bus.plug(&printer);
        scene.until_ready(&printer).await
    })
    .await;
    assert!((Duration::from_secs(60)..Duration::from_secs(150)).contains(&took), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn one_that_stays_busy_says_why_and_is_not_given_up() {
    let scene = Scene::new();
    let printer = scene.printer(Model::Inkjet, Options { fault: fault("busy-forever"), ..Options::default() });
    scene.bus.plug(&printer);
    let waiting = scene
        .until("a reason", |view| view.printers.values().find(|seen| !seen.state_reason.is_empty()).cloned())
        .await;
    assert_eq!(waiting.state, State::Probing);
    assert!(waiting.state_reason.contains("busy"), "{}", waiting.state_reason);
    scene.until_state(&printer, State::Failed).await;
    printer.set_fault(None);
    scene.until_ready(&printer).await;
}

#[tokio::test(start_paused = true)]
async fn a_failed_one_is_asked_again_at_once_when_somebody_wants_it() {
    let scene = Scene::new();
    let printer = scene.printer(Model::Inkjet, Options { fault: fault("auth-required"), ..Options::default() });
    scene.bus.plug(&printer);
    let seen = scene.until_state(&printer, State::Failed).await;
    printer.set_fault(None);
    let (refreshed, took) = timed(scene.run(&seen.id, Task::Refresh)).await;
    refreshed.unwrap();
    assert!(took < Duration::from_secs(20), "{took:?}");
    scene.until_ready(&printer).await;
}

#[tokio::test(start_paused = true)]
async fn a_hung_printer_delays_no_other() {
    let alone = {
        let scene = Scene::new();
        let printer = scene.printer(Model::LaserJet, Options::default());
        timed(async {
            scene.bus.plug(&printer);
            scene.until_ready(&printer).await
        })
        .await
        .1
    };
    let scene = Scene::new();
    for port in 1..=8 {
        let hung = Options { fault: fault("hang"), serial: Some(format!("HUNG{port}")), ..Options::default() };
        scene.bus.plug(&scene.printer(Model::Inkjet, hung));
    }
    let printer = scene.printer(Model::LaserJet, Options::default());
    let (id, took) = timed(async {
        scene.bus.plug(&printer);
        scene.until_ready(&printer).await
    })
    .await;
    assert_eq!(took, alone);
    scene.run(&id, Task::PrintReport(ReportKind::Status)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn unplugged_at_any_moment_of_the_probe_it_is_gone_at_once_and_comes_back() {
    for resource in ["discovery", "capabilities", "config", "adapters", "manifest"] {
        for kind in ["unplug", "unplug-body", "unplug-after"] {
            let scene = Scene::new();
            let name = format!("{kind}@{resource}");
            let printer = scene.printer(Model::LaserJet, Options { fault: fault(&name), ..Options::default() });
            scene.bus.plug(&printer);
            let seen = scene.until_state(&printer, State::Probing).await;
            let (_, took) = timed(scene.until_gone(&seen.id)).await;
            assert!(took < Duration::from_secs(5), "{name}: {took:?}");
            printer.set_fault(None);
            scene.bus.plug(&printer);
            assert_eq!(scene.until_ready(&printer).await, seen.id, "{name}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_takes_two_seconds_at_most_whatever_hangs() {
    let scene = Scene::new();
    let (_, id) = scene.ready(Model::LaserJet, Options::default()).await;
    let hung = scene.printer(Model::Inkjet, Options { fault: fault("hang-body"), ..Options::default() });
    scene.bus.plug(&hung);
    scene.until_state(&hung, State::Probing).await;
    let job = scene.start(&id, Task::PrintReport(ReportKind::Network)).await;
    scene.until_stage(&job, "printing").await;

    let view = scene.handle.view();
    scene.shutdown.cancel();
    let began = Instant::now();
    timeout(Duration::from_secs(10), scene.agent).await.unwrap().unwrap();
    assert!(began.elapsed() <= Duration::from_secs(2), "{:?}", began.elapsed());
    let failure = view.borrow().jobs[&job].outcome.clone().unwrap().unwrap_err();
    assert_eq!(failure.kind.name(), "Canceled");
}

#[tokio::test(start_paused = true)]
async fn an_idle_agent_does_nothing() {
    let scene = Scene::new();
    let (printer, _) = scene.ready(Model::Inkjet, Options::default()).await;
    let asked = printer.requests().len();
    sleep(Duration::from_secs(24 * 60 * 60)).await;
    assert_eq!(printer.requests().len(), asked);
}
