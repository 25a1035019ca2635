//! The ways by WPS, and by the panel: with a registrar of the test's own, and with a person at the router.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use plugprint::agent::view::{JobResult, Task, WpsMethod};
use plugprint::agent::{ErrorKind, Failure, Host};
use plugprint::emulator::radio::{Enrolment, PASSPHRASE};
use plugprint::emulator::{Model, Options, PinAccess, Printer};
use plugprint::secret::Pin;
use plugprint::setup::flow::Target;
use plugprint::setup::route::{Route, Wish};
use plugprint::wifi::{Band, Security};
use plugprint::wps::registrar::manual::Router;
use plugprint::wps::registrar::{Access, BoxFuture, Error, Event, Mac, Offer, Registrar, Started, event};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use crate::prompts::{Answer, Person, by, fresh, only, ssid, target};
use crate::scene::{Scene, anna, printed};

/// An access point on this computer, as far as the agent can see. What it is given it types at the emulated router.
#[derive(Clone, Debug, Default)]
pub struct Desk(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    security: Option<Security>,
    printer: Option<Printer>,
    /// Said after each PIN, a second apart.
    says: Vec<&'static str>,
    deaf: bool,
    orders: Vec<String>,
    listeners: Vec<mpsc::Sender<Event>>,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Desk")
    }
}

impl Desk {
    fn says(says: &[&'static str]) -> Self {
        let desk = Self::default();
        desk.0.lock().unwrap().says = says.to_vec();
        desk
    }

    fn for_printer(&self, printer: &Printer) {
        self.0.lock().unwrap().printer = Some(printer.clone());
    }

    fn orders(&self) -> Vec<String> {
        self.0.lock().unwrap().orders.clone()
    }

    fn say(&self, lines: Vec<&'static str>) {
        let desk = self.clone();
        tokio::spawn(async move {
            for line in lines {
                sleep(Duration::from_secs(1)).await;
                let listeners = desk.0.lock().unwrap().listeners.clone();
                for listener in listeners {
                    let _ = listener.send(event::parse(line.as_bytes())).await;
                }
            }
        });
    }
}

impl Registrar for Desk {
    fn probe(&self) -> BoxFuture<'_, Result<Offer, Error>> {
        let security = self.0.lock().unwrap().security.clone().unwrap_or(Security::Wpa2Personal);
        Box::pin(async {
            Ok(Offer::Driven(Access {
                interface: "wlan0".to_owned(),
                ssid: ssid("Emulated Network"),
                bssid: None,
                security,
                channel: Some(6),
                band: Some(Band::Band2_4),
            }))
        })
    }

    fn start_pin<'a>(
        &'a self,
        pin: &'a Pin,
        lasts: Duration,
        only: Option<Mac>,
    ) -> BoxFuture<'a, Result<Started, Error>> {
        Box::pin(async move {
            assert_eq!(only, None);
            let (printer, says) = {
                let mut inner = self.0.lock().unwrap();
                inner.orders.push(format!("pin for {} s", lasts.as_secs()));
                if inner.deaf {
                    return Err(Error::NoAnswer { after: Duration::from_secs(5) });
                }
                (inner.printer.clone(), inner.says.clone())
            };
            if let Some(printer) = printer {
                assert!(printer.type_at_router(pin.expose()));
            }
            self.say(says);
            Ok(Started::Driven)
        })
    }

    fn start_button(&self) -> BoxFuture<'_, Result<Started, Error>> {
        Box::pin(async {
            let printer = {
                let mut inner = self.0.lock().unwrap();
                inner.orders.push("button".to_owned());
                inner.printer.clone()
            };
            assert!(printer.unwrap().push_at_router());
            Ok(Started::Driven)
        })
    }

    fn cancel(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async {
            self.0.lock().unwrap().orders.push("cancel".to_owned());
            // As hostapd does: our own cancel comes back.
            self.say(vec!["<3>WPS-CANCEL", "<3>WPS-FAIL msg=8 config_error=18"]);
            Ok(())
        })
    }

    fn events(&self) -> BoxFuture<'_, Result<mpsc::Receiver<Event>, Error>> {
        Box::pin(async {
            let (tell, hear) = mpsc::channel(16);
            self.0.lock().unwrap().listeners.push(tell);
            Ok(hear)
        })
    }
}

impl Host for Desk {
    fn registrars(&self) -> Vec<Arc<dyn Registrar>> {
        vec![Arc::new(self.clone())]
    }

    fn router(&self) -> Option<Router> {
        None
    }
}

const SEEN: &str =
    "<3>WPS-ENROLLEE-SEEN 02:00:00:00:01:00 572cf82f-c957-5653-9b16-b5cfb298abf1 3-0050F204-1 0x4388 0 1 [HP]";
const SUCCESS: [&str; 2] = [SEEN, "<3>WPS-SUCCESS "];

/// A scene with an access point, and a printer that is on no network.
async fn scene(
    desk: &Desk,
    model: Model,
    options: Options,
) -> (Scene, Printer, plugprint::printer::identity::PrinterId) {
    let scene = Scene::on(Arc::new(desk.clone()));
    let (printer, id) = scene.ready(model, options).await;
    desk.for_printer(&printer);
    (scene, printer, id)
}

fn joined(result: Result<JobResult, Failure>) -> String {
    let JobResult::Joined { ssid, already: false, .. } = result.unwrap() else { panic!("another result") };
    ssid.to_string()
}

fn left_enrolment(enrolment: Enrolment) -> Options {
    let mut options = fresh();
    options.radio.enrolment = enrolment;
    options
}

#[tokio::test(start_paused = true)]
async fn a_pin_that_is_read_over_usb_is_given_to_our_own_access_point() {
    for task in [by(Target::default(), only(Route::Pin)), Task::StartWps(WpsMethod::ReadPin)] {
        let desk = Desk::says(&SUCCESS);
        let (scene, printer, id) = scene(&desk, Model::LaserJet, fresh()).await;
        let person = Person::new();
        assert_eq!(joined(scene.run_with(&id, task, person.options()).await), "Emulated Network");
        assert_eq!(printer.pin_reads(), 1);
        assert_eq!(desk.orders(), ["pin for 120 s", "cancel"]);
        assert_eq!(person.heard(), ["release: done"]);
    }
}

#[tokio::test(start_paused = true)]
async fn where_reading_does_not_begin_it_a_person_starts_it_on_the_panel() {
    let desk = Desk::default();
    let (scene, printer, id) = scene(&desk, Model::LaserJet, left_enrolment(Enrolment::AtPanel)).await;
    let person = Person::new().answers("start-wps-on-panel", Answer::Acts(Box::new(move || printer.press_wps())));
    let job = scene.handle.start(id.clone(), by(Target::default(), only(Route::Pin)), anna(), person.options()).await;
    let job = job.unwrap();
    scene.until_stage(&job, "enrolling").await;
    assert_eq!(joined(scene.outcome(&job).await), "Emulated Network");
    assert_eq!(person.heard()[0], "start-wps-on-panel");
}

#[tokio::test(start_paused = true)]
async fn what_a_registrar_says_is_no_success() {
    let desk = Desk::says(&SUCCESS);
    let (scene, _, id) = scene(&desk, Model::LaserJet, left_enrolment(Enrolment::AtPanel)).await;
    let failure = scene.run(&id, by(Target::default(), only(Route::Pin))).await.unwrap_err();
    assert_eq!(failure.kind, ErrorKind::UnsupportedSecurity, "{}", failure.message);
}

#[tokio::test(start_paused = true)]
async fn what_goes_wrong_at_the_registrar() {
    for (says, kind, part) in [
        ("<3>WPS-FAIL msg=8 config_error=18", ErrorKind::WrongPin, "first half"),
        ("<3>WPS-FAIL msg=10 config_error=18", ErrorKind::WrongPin, "second half"),
        ("<3>WPS-FAIL msg=11 config_error=15", ErrorKind::RegistrarLocked, ""),
        ("<3>WPS-OVERLAP-DETECTED ", ErrorKind::SessionOverlap, ""),
        ("<3>CTRL-EVENT-TERMINATING ", ErrorKind::RegistrarUnreachable, ""),
    ] {
        let desk = Desk::says(&[says]);
        let (scene, _, id) = scene(&desk, Model::LaserJet, left_enrolment(Enrolment::AtPanel)).await;
        let failure = scene.run(&id, by(Target::default(), only(Route::Pin))).await.unwrap_err();
        assert_eq!(failure.kind, kind, "{says}: {}", failure.message);
        assert!(failure.message.contains(part), "{says}: {}", failure.message);
        assert_eq!(desk.orders().last().map(String::as_str), Some("cancel"), "{says}");
    }
    // Nobody came.
    let desk = Desk::default();
    let (scene, _, id) = scene(&desk, Model::LaserJet, left_enrolment(Enrolment::AtPanel)).await;
    let failure = scene.run(&id, by(Target::default(), only(Route::Pin))).await.unwrap_err();
    assert_eq!(failure.kind, ErrorKind::PinExpired, "{}", failure.message);
    assert_eq!(desk.orders(), ["pin for 120 s", "pin for 20 s", "cancel"]);
}

#[tokio::test(start_paused = true)]
async fn a_registrar_that_does_not_answer_leads_to_the_router_with_the_same_pin() {
    let desk = Desk::default();
    desk.0.lock().unwrap().deaf = true;
    let (scene, printer, id) = scene(&desk, Model::LaserJet, fresh()).await;
    let typed = printer.clone();
    let person = Person::new().answers(
        "type-pin-at-router",
        Answer::Acts(Box::new(move || assert!(typed.type_at_router(&typed.pin().unwrap())))),
    );
    assert_eq!(
        joined(scene.run_with(&id, Task::StartWps(WpsMethod::ReadPin), person.options()).await),
        "Emulated Network"
    );
    assert_eq!(printer.pin_reads(), 1);
    assert_eq!(person.heard()[..2], ["pin shown", "type-pin-at-router"]);
}

#[tokio::test(start_paused = true)]
async fn a_network_that_wps_can_t_lead_to() {
    for target in [Target::default(), target("Emulated Network")] {
        let desk = Desk::default();
        desk.0.lock().unwrap().security = Some(Security::Wpa3Personal);
        let (scene, printer, id) = scene(&desk, Model::LaserJet, fresh()).await;
        let failure = scene.run(&id, by(target, only(Route::Pin))).await.unwrap_err();
        assert_eq!(failure.kind, ErrorKind::UnsupportedSecurity, "{}", failure.message);
        assert_eq!(printer.pin_reads(), 0);
    }
    // The access point of another network is none of ours.
    let desk = Desk::default();
    let (scene, _, id) = scene(&desk, Model::LaserJet, fresh()).await;
    let failure = scene.run(&id, by(target("Emulated WPA"), only(Route::Pin))).await.unwrap_err();
    assert_eq!(failure.kind, ErrorKind::NotSupported, "{}", failure.message);
    assert!(failure.message.contains("no registrar"), "{}", failure.message);
}

#[tokio::test(start_paused = true)]
async fn canceled_while_the_registrar_works_it_is_told() {
    for stops in [false, true] {
        let desk = Desk::default();
        let (scene, _, id) = scene(&desk, Model::LaserJet, left_enrolment(Enrolment::AtPanel)).await;
        let job = scene.start(&id, by(Target::default(), only(Route::Pin))).await;
        scene.until_stage(&job, "enrolling").await;
        sleep(Duration::from_secs(3)).await;
        assert_eq!(desk.orders(), ["pin for 120 s"]);
        if stops {
            scene.shutdown.cancel();
            timeout(Duration::from_secs(2), scene.agent).await.unwrap().unwrap();
        } else {
            scene.handle.cancel(job.clone(), anna()).await.unwrap();
            assert_eq!(scene.outcome(&job).await.unwrap_err().kind, ErrorKind::Canceled);
        }
        assert_eq!(desk.orders(), ["pin for 120 s", "cancel"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_pin_from_paper_that_was_mistyped_is_asked_for_again() {
    let desk = Desk::says(&SUCCESS);
    let options = Options { pin_access: PinAccess::NotFound, pin_on_page: true, ..left_enrolment(Enrolment::AtPanel) };
    let (scene, printer, id) = scene(&desk, Model::LaserJet, options).await;
    // The paper shows the PIN that the panel's WPS uses; nobody reads it here before it is printed.
    printer.press_wps();
    let pin = printer.pin().unwrap();
    let last = if pin.ends_with('9') { '0' } else { '9' };
    let person = Person::new()
        .types("enter-paper-pin", &format!("{}{last}", &pin[..7]))
        .types("enter-paper-pin", &format!("{} {}", &pin[..4], &pin[4..]));
    let wish = Wish { from_paper: true, ..only(Route::Pin) };
    let job = scene.handle.start(id.clone(), by(Target::default(), wish), anna(), person.options()).await.unwrap();
    assert_eq!(joined(scene.outcome(&job).await), "Emulated Network");
    assert_eq!(printed(&printer).len(), 1);
    assert_eq!(person.heard(), ["enter-paper-pin", "enter-paper-pin", "release: done"]);
    assert!(!format!("{:?}", scene.view()).contains(&pin));
}

#[tokio::test(start_paused = true)]
async fn paper_that_is_missing_is_asked_for() {
    let desk = Desk::default();
    let (scene, printer, id) = scene(&desk, Model::LaserJet, fresh()).await;
    printer.set_fault(crate::scene::fault("out-of-paper"));
    let wish = Wish { from_paper: true, ..only(Route::Pin) };
    let failure = scene.run_with(&id, by(Target::default(), wish), Person::new().options()).await.unwrap_err();
    assert_eq!(failure.kind, ErrorKind::PrinterNotReady, "{}", failure.message);
    printer.set_fault(crate::scene::fault("runs-out"));
    let job = scene.handle.start(id, by(Target::default(), wish), anna(), Person::new().options()).await.unwrap();
    scene
        .until("paper is wanted", |view| view.jobs.get(&job).filter(|job| job.user_action == "load-paper").map(|_| ()))
        .await;
    assert_eq!(scene.job(&job).stage, "printing");
}

#[tokio::test(start_paused = true)]
async fn a_pin_that_a_person_types_at_the_router() {
    let scene = Scene::new();
    let (printer, id) = scene.ready(Model::LaserJet, fresh()).await;
    let typed = printer.clone();
    let person = Person::new().answers(
        "type-pin-at-router",
        Answer::Acts(Box::new(move || assert!(typed.type_at_router(&typed.pin().unwrap())))),
    );
    let result = scene.run_with(&id, by(Target::default(), only(Route::Typed)), person.options()).await;
    assert_eq!(joined(result), "Emulated Network");
    assert_eq!(person.shown(), [printer.pin().unwrap()]);
    assert_eq!(person.heard(), ["pin shown", "type-pin-at-router", "release: done"]);
    // Nobody types it.
    let scene = Scene::new();
    let (_, id) = scene.ready(Model::LaserJet, fresh()).await;
    let person = Person::new();
    let result = scene.run_with(&id, by(Target::default(), only(Route::Typed)), person.options()).await;
    assert_eq!(result.unwrap_err().kind, ErrorKind::PinExpired);
    assert_eq!(person.heard()[2], "taken back: type-pin-at-router");
}

#[tokio::test(start_paused = true)]
async fn two_buttons() {
    for own in [false, true] {
        let desk = Desk::default();
        let (scene, printer, id) = match own {
            true => scene(&desk, Model::Inkjet, fresh()).await,
            false => {
                let scene = Scene::new();
                let (printer, id) = scene.ready(Model::Inkjet, fresh()).await;
                (scene, printer, id)
            }
        };
        let (first, second) = (printer.clone(), printer.clone());
        let person = Person::new()
            .answers("press-printer-button", Answer::Acts(Box::new(move || first.hold_wireless())))
            .answers("press-router-button", Answer::Acts(Box::new(move || assert!(second.push_at_router()))));
        let mut options = person.options();
        options.experimental = true;
        let result = scene.run_with(&id, Task::StartWps(WpsMethod::PushButton), options).await;
        assert_eq!(joined(result), "Emulated Network");
        assert_eq!(desk.orders(), if own { &["button", "cancel"][..] } else { &[] });
        assert_eq!(person.heard().contains(&"press-router-button".to_owned()), !own);
    }
}

#[tokio::test(start_paused = true)]
async fn led_through_the_panel() {
    let scene = Scene::new();
    let (printer, id) = scene.ready(Model::Inkjet, fresh()).await;
    let done = printer.clone();
    let person = Person::new()
        .answers("follow-panel", Answer::Does)
        .answers(
            "follow-panel",
            Answer::Acts(Box::new(move || {
                done.hold_wireless();
                assert!(done.push_at_router());
            })),
        )
        .answers("follow-panel", Answer::Does);
    let result = scene.run_with(&id, by(Target::default(), only(Route::Guided)), person.options()).await;
    assert_eq!(joined(result), "Emulated Network");
}

#[tokio::test(start_paused = true)]
async fn neither_passphrase_nor_pin_is_seen() {
    let desk = Desk::says(&SUCCESS);
    let (scene, printer, id) = scene(&desk, Model::LaserJet, fresh()).await;
    let job = scene.start(&id, by(Target::default(), only(Route::Pin))).await;
    scene.until_stage(&job, "enrolling").await;
    let pin = printer.pin().unwrap();
    assert!(!format!("{:?}", scene.view()).contains(&pin));
    scene.outcome(&job).await.unwrap();
    let task = by(
        Target { passphrase: plugprint::wifi::passphrase::parse(PASSPHRASE.as_bytes()).ok(), ..target("Emulated WPA") },
        Wish::default(),
    );
    assert!(!format!("{task:?}").contains(PASSPHRASE));
    scene.run(&id, task).await.unwrap();
    assert!(!format!("{:?}", scene.view()).contains(PASSPHRASE));
}
