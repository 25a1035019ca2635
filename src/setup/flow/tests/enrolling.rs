//! The ways by WPS and by the panel.

use super::*;
use crate::setup::route::Source;
use crate::wps::pin::Half;

pub(super) const PAPER: Source = Source::Paper(ReportKind::Wireless);
const NOTHING: [&str; 0] = [];

fn some_pin() -> Pin {
    pin::parse("12345670").unwrap()
}

/// A PIN that was read over USB and given to a registrar; the printer is on no network.
pub(super) fn pulled(kind: Kind, lifetime: Option<u64>) -> Scene {
    pulled_of(&[Way::Pin(Source::Pulled)], kind, lifetime)
}

fn pulled_of(ways: &[Way], kind: Kind, lifetime: Option<u64>) -> Scene {
    let (mut scene, shown) = Scene::before(home(), ways, alone());
    assert_eq!(shown, ["printer: read pin"]);
    let until = lifetime.unwrap_or(if kind == Kind::Static { 600 } else { 120 }).min(300);
    let lifetime = lifetime.map(seconds);
    let shown = scene.printer(Ok(Answer::Pin { pin: some_pin(), kind, lifetime }));
    assert_eq!(shown, [format!("registrar: enrol until {until}"), "printer: look".into()]);
    scene.station(alone());
    scene
}

#[test]
fn a_pulled_pin() {
    let mut scene = pulled(Kind::Dynamic, None);
    scene.now = seconds(4);
    assert_eq!(scene.registrar(News::Seen), ["printer: look"]);
    assert_eq!(scene.registrar(News::Succeeded), ["registrar: cancel", "printer: look"]);
    assert_eq!(scene.outcome, None, "what a registrar says is no success");
    assert_eq!(scene.station(on("Home", "192.0.2.7")), ["joined Home 192.0.2.7"]);
}

#[test]
fn reading_the_pin_did_not_begin_so_a_person_does() {
    let mut scene = pulled(Kind::Dynamic, None);
    scene.at(9);
    assert_eq!(scene.at(10), ["person: StartWpsOnPanel until 120"]);
    assert_eq!(scene.person(Ok(Reply::Yes)), NOTHING);
    // Nobody to ask is no failure here: the printer may have begun.
    let mut scene = pulled(Kind::Dynamic, None);
    scene.at(10);
    assert_eq!(scene.person(Err(Unanswered::NoPrompter)), NOTHING);
    // It begins while the person is on the way.
    let mut scene = pulled(Kind::Dynamic, None);
    scene.at(10);
    assert_eq!(scene.registrar(News::Seen), ["withdraw"]);
}

#[test]
fn a_registrar_is_told_again_in_time() {
    let mut scene = pulled(Kind::Static, None);
    scene.registrar(News::Seen);
    assert_eq!(scene.go_on(&alone()), ["registrar: again until 300"]);
    assert_eq!(scene.now, seconds(100));
    let shown = scene.go_on(&alone());
    assert_eq!(shown[0], "registrar: again until 300");
    assert_eq!(scene.now, seconds(200));
}

#[test]
fn a_registrar_s_success_without_the_printer_s_word() {
    let mut scene = pulled(Kind::Dynamic, None);
    scene.registrar(News::Succeeded);
    assert_eq!(scene.go_on(&alone()), ["printer: diagnose"]);
    scene.printer(Err(Trouble::NotExposed));
    assert_eq!(scene.failure(), Failure::AdmittedOnly);
    assert_eq!(scene.failure().error(), "UnsupportedSecurity");
}

#[test]
fn a_pin_that_expires() {
    let mut scene = pulled(Kind::Dynamic, Some(90));
    scene.registrar(News::Seen);
    assert_eq!(scene.go_on(&alone()), ["registrar: cancel", "printer: look"], "one last look");
    assert_eq!(scene.now, seconds(90));
    assert_eq!(scene.go_on(&alone()), ["printer: diagnose"]);
    assert_eq!(scene.now, seconds(105));
    scene.printer(Ok(Answer::Rules(vec![])));
    assert_eq!(scene.failure(), Failure::PinExpired);
    // In the last moment it went onto the network; then its address is waited for.
    for (address, end) in [("192.0.2.7", "joined Home 192.0.2.7"), ("169.254.1.1", "printer: diagnose")] {
        let mut scene = pulled(Kind::Dynamic, Some(90));
        scene.registrar(News::Seen);
        assert_eq!(scene.go_on(&on("Home", "")), ["registrar: cancel", "printer: look"]);
        scene.station(on("Home", ""));
        scene.at(140);
        assert_eq!(scene.go_on(&on("Home", address)), [end]);
        if scene.outcome.is_none() {
            assert_eq!(scene.now, seconds(150));
            scene.printer(Ok(Answer::Rules(vec![])));
            assert_eq!(scene.failure(), Failure::NoAddress(Some("169.254.1.1".parse().unwrap())));
        }
    }
}

#[test]
fn what_a_registrar_s_failure_is() {
    let failed = |message, config_error| News::Failed { message, config_error };
    for (news, failure) in [
        (failed(Some(8), Some(18)), Failure::WrongPin { half: Some(Half::First) }),
        (failed(Some(10), Some(18)), Failure::WrongPin { half: Some(Half::Second) }),
        (failed(None, Some(18)), Failure::WrongPin { half: None }),
        (failed(None, Some(4)), Failure::UnsupportedBand),
        (failed(None, Some(5)), Failure::TooWeak),
        (failed(None, Some(7)), Failure::AdmittedOnly),
        (failed(None, Some(8)), Failure::NoAddress(None)),
        (failed(None, Some(12)), Failure::SessionOverlap),
        (failed(None, Some(15)), Failure::RegistrarLocked),
        (failed(None, Some(16)), Failure::TimedOut { step: Step::Enrol }),
        (failed(None, Some(14)), Failure::Registrar(14)),
        (News::Overlap, Failure::SessionOverlap),
        (News::Locked, Failure::RegistrarLocked),
        (News::Unreachable, Failure::RegistrarUnreachable),
        (News::TimedOut, Failure::TimedOut { step: Step::Enrol }),
    ] {
        let mut scene = pulled(Kind::Dynamic, None);
        scene.registrar(News::Seen);
        let shown = scene.registrar(news);
        assert_eq!(shown, ["registrar: cancel".to_owned(), format!("failed {}", failure.error())]);
        assert_eq!(scene.failure(), failure);
    }
    let mut scene = pulled(Kind::Dynamic, None);
    assert_eq!(scene.registrar(failed(Some(11), Some(0))), NOTHING, "a stop without an error is none");
}

#[test]
fn a_static_pin_that_failed_is_not_tried_in_any_way() {
    let ways =
        [Way::Pin(Source::Pulled), Way::Typed(Source::Pulled), Way::Typed(PAPER), Way::Button { registrar: false }];
    let wrong = || News::Failed { message: Some(8), config_error: Some(18) };
    let mut scene = pulled_of(&ways, Kind::Static, None);
    scene.registrar(News::Seen);
    assert_eq!(
        scene.registrar(wrong()),
        ["registrar: cancel", "next: button after WrongPin", "person: PressPrinterButton until 600", "printer: look"]
    );
    let mut scene = pulled_of(&ways, Kind::Dynamic, None);
    assert_eq!(scene.registrar(wrong()), ["registrar: cancel", "failed WrongPin"], "a new one takes a new attempt");
}

#[test]
fn a_pin_that_no_registrar_was_given_can_be_typed() {
    let ways = [Way::Pin(Source::Pulled), Way::Typed(Source::Pulled)];
    let mut scene = pulled_of(&ways, Kind::Dynamic, None);
    assert_eq!(
        scene.registrar(News::Unreachable),
        [
            "registrar: cancel",
            "next: typed after RegistrarUnreachable",
            "show pin until 120",
            "person: TypePinAtRouter until 120",
            "printer: look"
        ]
    );
    // Once the two have met, it is used up, and another is read.
    let mut scene = pulled_of(&ways, Kind::Dynamic, None);
    scene.registrar(News::Seen);
    let shown = scene.registrar(News::Unreachable);
    assert_eq!(shown[2..], ["printer: read pin"]);
}

#[test]
fn a_pin_that_the_printer_saw_is_not_taken_a_second_time() {
    let pulled = Source::Pulled;
    let mut scene = pulled_of(&[Way::Pin(pulled), Way::Pin(pulled), Way::Typed(pulled)], Kind::Dynamic, None);
    let shown = scene.registrar(News::Unreachable);
    assert_eq!(shown[0], "registrar: cancel");
    assert!(shown.contains(&"registrar: enrol until 120".to_owned()), "never given, so as good as new: {shown:?}");
    scene.registrar(News::Seen);
    let shown = scene.registrar(News::Unreachable);
    assert_eq!(shown.last().map(String::as_str), Some("printer: read pin"), "a new one: {shown:?}");
    assert!(!shown.iter().any(|line| line.starts_with("show pin")), "{shown:?}");
}

#[test]
fn news_of_a_registrar_that_was_told_to_stop() {
    let ways = [Way::Pin(Source::Pulled), Way::Button { registrar: true }];
    let mut scene = pulled_of(&ways, Kind::Dynamic, None);
    let before = scene.registrar.unwrap();
    scene.registrar(News::Locked);
    let shown = scene.person(Ok(Reply::Yes));
    assert_eq!(shown, ["registrar: push button until 120", "printer: look"]);
    assert_eq!(scene.tell(Event::Registrar(before, News::Succeeded)), NOTHING);
}

#[test]
fn a_pin_from_paper() {
    let (mut scene, shown) = Scene::before(home(), &[Way::Pin(PAPER)], alone());
    assert_eq!(shown, ["printer: print wireless"]);
    scene.now = seconds(40);
    assert_eq!(scene.printer(Ok(Answer::Done)), ["person: paper pin until 640"]);
    scene.now = seconds(100);
    assert_eq!(scene.person(Ok(typed("1234 5678"))), ["person: paper pin until 700"], "its checksum is wrong");
    assert_eq!(scene.person(Ok(typed("1234 5670"))), ["registrar: enrol until 400", "printer: look"]);
    assert_eq!(scene.station(on("Home", "192.0.2.7")), ["registrar: cancel", "joined Home 192.0.2.7"]);

    let (mut scene, _) = Scene::before(home(), &[Way::Pin(PAPER)], alone());
    scene.printer(Ok(Answer::Done));
    scene.person(Ok(typed("1234 5678")));
    scene.person(Ok(typed("wlan")));
    assert_eq!(scene.person(Ok(Reply::Secret(Typed::new(Zeroizing::new(vec![0xff]))))), ["failed InvalidPin"]);
}

#[test]
fn a_new_pin_is_given_to_the_printer_once() {
    let (flow, actions) = Flow::start(
        Plan { target: home(), ways: vec![Way::Pin(Source::Generated)], new_pin: Some(some_pin()), registrar: None },
        Duration::ZERO,
    );
    let mut scene = Scene::of(flow);
    scene.note(actions);
    assert_eq!(scene.station(alone()), ["printer: write pin"]);
    assert_eq!(scene.printer(Ok(Answer::Done)), ["registrar: enrol until 300", "printer: look"]);
    // Without one there is no such way.
    let (_, shown) = Scene::before(home(), &[Way::Pin(Source::Generated)], alone());
    assert_eq!(shown, ["failed NotSupported"]);
}

#[test]
fn a_printer_that_gives_no_pin_leads_to_paper() {
    for trouble in [Trouble::NotExposed, Trouble::Refused(404), Trouble::InvalidPin(pin::Error::Checksum)] {
        let (mut scene, _) = Scene::before(home(), &[Way::Pin(Source::Pulled), Way::Typed(PAPER)], alone());
        let shown = scene.printer(Err(trouble));
        assert_eq!(shown[1..], ["printer: print wireless"]);
    }
    let (mut scene, _) = Scene::before(home(), &[Way::Pin(Source::Pulled), Way::Typed(PAPER)], alone());
    assert_eq!(scene.at(60), ["failed Timeout"], "a printer that hangs is not asked for more");
    assert_eq!(scene.failure(), Failure::Silent(Step::ReadPin));
}

#[test]
fn typed_at_the_router() {
    let (mut scene, _) = Scene::before(home(), &[Way::Typed(Source::Pulled)], alone());
    let shown = scene.printer(Ok(Answer::Pin { pin: some_pin(), kind: Kind::Unknown, lifetime: None }));
    assert_eq!(shown, ["show pin until 120", "person: TypePinAtRouter until 120", "printer: look"]);
    assert_eq!(scene.person(Ok(Reply::Yes)), NOTHING);
    assert_eq!(scene.go_on(&alone()), ["printer: diagnose"]);
    assert_eq!(scene.now, seconds(135));
    scene.printer(Ok(Answer::Rules(vec![])));
    assert_eq!(scene.failure(), Failure::PinExpired);
}

#[test]
fn two_buttons() {
    let (mut scene, shown) = Scene::before(home(), &[Way::Button { registrar: false }], alone());
    assert_eq!(shown, ["person: PressPrinterButton until 600", "printer: look"]);
    scene.station(alone());
    scene.now = seconds(50);
    assert_eq!(scene.person(Ok(Reply::Yes)), ["person: PressRouterButton until 170", "printer: look"]);
    scene.station(alone());
    assert_eq!(scene.person(Ok(Reply::Yes)), NOTHING);
    assert_eq!(scene.go_on(&alone()), ["printer: diagnose"]);
    assert_eq!(scene.now, seconds(185), "the walk time, and a last look");
    scene.printer(Ok(Answer::Rules(vec![])));
    assert_eq!(scene.failure(), Failure::TimedOut { step: Step::PushButton });
}

#[test]
fn a_registrar_presses_the_second_button() {
    let (mut scene, _) = Scene::before(home(), &[Way::Button { registrar: true }], alone());
    scene.station(alone());
    assert_eq!(scene.person(Ok(Reply::Yes)), ["registrar: push button until 120", "printer: look"]);
    assert_eq!(scene.registrar(News::Overlap), ["registrar: cancel", "failed SessionOverlap"]);
}

#[test]
fn any_network_will_do_but_the_one_of_before() {
    let anywhere = || Scene::before(Target::default(), &[Way::Button { registrar: false }], on("Old", "192.0.2.7")).0;
    for impostor in [on("Old", "192.0.2.7"), on("DIRECT-5A-HP", "192.168.223.1"), on("New", "169.254.1.1")] {
        let mut scene = anywhere();
        assert_eq!(scene.station(impostor), NOTHING);
    }
    assert_eq!(anywhere().station(on("New", "192.0.2.8")), ["withdraw", "joined New 192.0.2.8"]);
    // It left it, and was let in again.
    let mut scene = anywhere();
    scene.station(alone());
    scene.at(3);
    assert_eq!(scene.station(on("Old", "192.0.2.7")), ["withdraw", "joined Old 192.0.2.7"]);
    // A look that tells nothing is not a leaving.
    let mut scene = anywhere();
    scene.station(Snapshot::default());
    scene.at(3);
    assert_eq!(scene.station(on("Old", "192.0.2.7")), NOTHING);
}

#[test]
fn steps_on_the_panel() {
    let (mut scene, shown) = Scene::before(home(), &[Way::Guided(&["Open Setup", "Choose Home"])], alone());
    assert_eq!(shown, ["person: Panel(\"Open Setup\") until 600", "printer: look"]);
    scene.station(alone());
    assert_eq!(scene.person(Ok(Reply::Yes)), ["person: Panel(\"Choose Home\") until 600"]);
    assert_eq!(scene.person(Ok(Reply::Yes)), ["printer: look"]);
    assert_eq!(scene.station(on("Home", "192.0.2.7")), ["joined Home 192.0.2.7"]);

    let (mut scene, _) = Scene::before(home(), &[Way::Guided(&["Open Setup"])], alone());
    assert_eq!(scene.person(Ok(Reply::No)), ["failed Canceled"]);
    let (mut scene, _) = Scene::before(home(), &[Way::Guided(&["Open Setup"])], alone());
    assert_eq!(scene.person(Err(Unanswered::NoPrompter)), ["failed NoPrompter"]);
    let (_, shown) = Scene::before(home(), &[Way::Guided(&[])], alone());
    assert_eq!(shown, ["failed NotSupported"]);
    let (_, shown) = Scene::start(home(), &[]);
    assert_eq!(shown, ["failed NotSupported"]);
}

#[test]
fn a_radio_that_only_a_person_can_switch_on_stops_no_button() {
    let ways = [Way::Button { registrar: false }];
    let (mut scene, shown) = Scene::before(home(), &ways, off());
    assert_eq!(shown, ["printer: power on"]);
    let shown = scene.printer(Err(Trouble::NotExposed));
    assert_eq!(shown[0], "person: PressPrinterButton until 600");
    let (mut scene, _) = Scene::before(home(), &[Way::Join], off());
    assert_eq!(scene.printer(Err(Trouble::NotExposed)), ["failed NotSupported"]);
}

#[test]
fn canceled_while_a_registrar_works() {
    let mut scene = pulled(Kind::Dynamic, None);
    scene.at(10);
    assert_eq!(scene.tell(Event::Cancel), ["withdraw", "registrar: cancel", "failed Canceled"]);
}
