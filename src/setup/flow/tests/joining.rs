//! The way `join`, and what is no success of it.

use super::*;

/// Through scan and write, for the network "Home", until it is verified.
pub(super) fn written(before: Snapshot) -> Scene {
    let (mut scene, shown) = Scene::before(home(), &[Way::Join], before.clone());
    assert_eq!(shown, ["printer: scan"]);
    assert_eq!(scanned(&mut scene), ["printer: look"]);
    assert_eq!(scene.station(before), ["printer: join Home wpa2-psk with passphrase"]);
    assert_eq!(scene.printer(Ok(Answer::Done)), ["printer: look"]);
    scene
}

fn scanned(scene: &mut Scene) -> Vec<String> {
    scene.printer(Ok(Answer::Networks(vec![network("Home", Security::Wpa2Personal, 6)])))
}

#[test]
fn a_printer_with_its_radio_off_joins() {
    let (mut scene, shown) = Scene::before(home(), &[Way::Join], off());
    assert_eq!(shown, ["printer: power on"]);
    assert_eq!(scene.printer(Ok(Answer::Done)), ["printer: look"]);
    assert_eq!(scene.station(off()), [""; 0]);
    assert_eq!(scene.wake_at(), Some(seconds(3)));
    assert_eq!(scene.at(3), ["printer: look"]);
    assert_eq!(scene.station(alone()), ["printer: scan"]);
    assert_eq!(scanned(&mut scene), ["printer: look"]);
    assert_eq!(scene.station(alone()), ["printer: join Home wpa2-psk with passphrase"]);
    assert_eq!(scene.printer(Ok(Answer::Done)), ["printer: look"]);
    assert_eq!(scene.station(alone()), [""; 0]);
    assert_eq!(scene.at(6), ["printer: look"]);
    assert_eq!(scene.station(on("Home", "")), [""; 0], "no address yet");
    assert_eq!(scene.at(9), ["printer: look"]);
    assert_eq!(scene.station(on("Home", "192.0.2.7")), ["joined Home 192.0.2.7"]);
    assert_eq!(scene.wake_at(), None);
    assert_eq!(scene.tell(Event::Unplugged), [""; 0]);
}

#[test]
fn the_stages_are_told_with_their_ends() {
    let (flow, actions) =
        Flow::start(Plan { target: home(), ways: vec![Way::Join], new_pin: None, registrar: None }, seconds(7));
    let [Action::Stage(Step::Look, until), Action::Printer(ticket, Request::ReadStation)] = actions[..] else {
        panic!("{actions:?}")
    };
    assert_eq!(until, seconds(37));
    let (_, actions) = flow.on(Event::Printer(ticket, Ok(Answer::Station(Box::new(alone())))), seconds(8));
    assert!(matches!(actions[..], [Action::Stage(Step::Scan, _), Action::Printer(_, Request::Scan(None))]));
}

#[test]
fn a_printer_that_is_there_already_is_left_alone() {
    let (scene, shown) = Scene::before(home(), &[Way::Join], on("Home", "192.0.2.7"));
    assert_eq!(shown, ["already on Home 192.0.2.7"]);
    assert_eq!(scene.wake_at(), None);
}

#[test]
fn a_radio_that_finds_its_network_again_needs_no_write() {
    let (mut scene, _) = Scene::before(home(), &[Way::Join], off());
    assert_eq!(scene.printer(Ok(Answer::Done)), ["printer: look"]);
    assert_eq!(scene.station(alone()), ["printer: scan"]);
    assert_eq!(scanned(&mut scene), ["printer: look"]);
    assert_eq!(scene.station(on("Home", "192.0.2.7")), ["joined Home 192.0.2.7"]);
}

/// Each says the same until time is up; the end comes on its minute.
#[test]
fn impostors_of_success() {
    let other_adapter = Snapshot { elsewhere: vec!["192.0.2.7".parse().unwrap()], ..on("Home", "192.0.2.7") };
    let ethernet = Snapshot { elsewhere: vec!["192.0.2.7".parse().unwrap()], cable: true, ..alone() };
    let mut not_connected = on("Home", "192.0.2.7");
    not_connected.station.connected = told(false);
    let mut silent = on("Home", "192.0.2.7");
    silent.station.connected = None;
    let mut switched_off = on("Home", "192.0.2.7");
    switched_off.station.power = told(false);
    let mut zero = on("Home", "");
    zero.station.addresses = vec![Fact {
        value: Address { ip: "0.0.0.0".parse().unwrap(), gateway: None, origin: Origin::Dhcp },
        source: "",
    }];
    let late = Failure::TimedOut { step: Step::Verify };
    let ip = |text: &str| Some(text.parse().unwrap());
    for (what, snapshot, failure) in [
        ("the association of before", on("Old", "192.0.2.7"), Failure::StayedOn(ssid("Old"))),
        ("another network", on("home", "192.0.2.7"), Failure::StayedOn(ssid("home"))),
        ("an address of its own", on("Home", "169.254.3.4"), Failure::NoAddress(ip("169.254.3.4"))),
        ("HP's address without DHCP", on("Home", "192.0.0.192"), Failure::NoAddress(ip("192.0.0.192"))),
        ("no address", on("Home", ""), Failure::NoAddress(None)),
        ("0.0.0.0", zero, Failure::NoAddress(ip("0.0.0.0"))),
        ("its own access point", on("DIRECT-5A-HP", "192.168.223.1"), Failure::StayedOn(ssid("DIRECT-5A-HP"))),
        ("another adapter's address", other_adapter, Failure::NoAddress(None)),
        ("Ethernet", ethernet, Failure::Cable),
        ("a profile without a connection", not_connected, late.clone()),
        ("a connection that is not told", silent, late),
        ("a radio that is off", switched_off, Failure::Radio),
    ] {
        let mut scene = written(if snapshot.associated() == Some(&ssid("Old")) { snapshot.clone() } else { alone() });
        assert_eq!(scene.go_on(&snapshot), ["printer: diagnose"], "{what}");
        assert_eq!(scene.now, seconds(120), "{what}");
        scene.printer(Ok(Answer::Rules(vec![])));
        assert_eq!(scene.failure(), failure, "{what}");
    }
}

#[test]
fn an_answer_from_before_the_write_is_not_judged_after_it() {
    let (mut scene, _) = Scene::before(home(), &[Way::Join], alone());
    scanned(&mut scene);
    let before = scene.asked.unwrap();
    scene.station(alone());
    scene.printer(Ok(Answer::Done));
    let stale = Event::Printer(before, Ok(Answer::Station(Box::new(on("Home", "192.0.2.7")))));
    assert_eq!(scene.tell(stale), [""; 0]);
    assert_eq!(scene.outcome, None);
}

#[test]
fn the_printer_s_own_diagnosis() {
    for (rules, failure) in [
        (vec![603, 201], Failure::WrongPassphrase),
        (vec![201], Failure::NetworkNotFound(ssid("Home"))),
        (vec![400], Failure::TooWeak),
        (vec![0], Failure::Cable),
        (vec![2], Failure::Radio),
        (vec![100], Failure::Filtered),
        (vec![200, 7], Failure::TimedOut { step: Step::Verify }),
    ] {
        let mut scene = written(alone());
        assert_eq!(scene.go_on(&alone()), ["printer: diagnose"]);
        scene.printer(Ok(Answer::Rules(rules)));
        assert_eq!(scene.failure(), failure);
    }
    // Without one, and behind a password, it is not known.
    for answer in [Err(Trouble::NotExposed), Err(Trouble::AuthRequired), Err(Trouble::Silent)] {
        let mut scene = written(alone());
        scene.go_on(&alone());
        scene.printer(answer);
        assert_eq!(scene.failure(), Failure::TimedOut { step: Step::Verify });
    }
}

#[test]
fn which_networks_it_is_given() {
    let heard = |networks: Vec<Network>, target: Target| {
        let (mut scene, _) = Scene::before(target, &[Way::Join], alone());
        let mut shown = scene.printer(Ok(Answer::Networks(networks.clone())));
        if shown == ["printer: scan for Home"] {
            shown = scene.printer(Ok(Answer::Networks(networks)));
        }
        (scene, shown)
    };
    // The strongest that it can.
    let mut weak = network("Home", Security::WpaPersonal, 1);
    weak.signal_dbm = Some(-80);
    let wpa3 = Network { signal_dbm: Some(-30), ..network("Home", Security::Wpa3Personal, 11) };
    let (mut scene, shown) = heard(vec![weak, network("Home", Security::Wpa2Personal, 6), wpa3.clone()], home());
    assert_eq!(shown, ["printer: look"]);
    assert_eq!(scene.station(alone()), ["printer: join Home wpa2-psk with passphrase"]);

    let open = || network("Home", Security::Open, 6);
    let (mut scene, _) = heard(vec![open()], Target { passphrase: None, security: None, ..home() });
    assert_eq!(scene.station(alone()), ["printer: join Home open"]);
    // Another one of the same name is not joined instead.
    for secured in [Target { security: None, ..home() }, Target { passphrase: None, ..home() }] {
        let (scene, _) = heard(vec![open()], secured);
        assert_eq!(scene.failure(), Failure::HeardOpen(ssid("Home")));
    }
    let stronger = Network { signal_dbm: Some(-20), ..open() };
    let (mut scene, _) = heard(vec![stronger, network("Home", Security::Wpa2Personal, 1)], home());
    assert_eq!(scene.station(alone()), ["printer: join Home wpa2-psk with passphrase"]);

    let (scene, _) = heard(vec![wpa3], home());
    assert_eq!(scene.failure(), Failure::UnsupportedSecurity(Security::Wpa3Personal));
    for security in [Security::Wep, Security::Enterprise, Security::EnhancedOpen] {
        let (scene, _) = heard(vec![network("Home", security.clone(), 6)], home());
        assert_eq!(scene.failure(), Failure::UnsupportedSecurity(security));
    }
    // The printer has no word for it, and this computer has.
    let unknown = network("Home", Security::Unknown("?".into()), 6);
    let wpa3 = Target { security: Some(Security::Wpa3Personal), ..home() };
    let (scene, _) = heard(vec![unknown.clone()], wpa3);
    assert_eq!(scene.failure(), Failure::UnsupportedSecurity(Security::Wpa3Personal));
    let (_, shown) = heard(vec![unknown], home());
    assert_eq!(shown, ["printer: look"]);

    let (scene, _) = heard(vec![network("home", Security::Open, 6)], home());
    assert_eq!(scene.failure(), Failure::NetworkNotFound(ssid("Home")));
    let (mut scene, _) = heard(vec![], Target { hidden: true, ..home() });
    assert_eq!(scene.station(alone()), ["printer: join Home wpa2-psk with passphrase hidden"]);

    let five = || Target { band: Some(Band::Band5), ..home() };
    let (scene, _) = heard(vec![network("Other", Security::Open, 6)], five());
    assert_eq!(scene.failure(), Failure::UnsupportedBand);
    let (scene, _) = heard(vec![network("Other", Security::Open, 36)], five());
    assert_eq!(scene.failure(), Failure::NetworkNotFound(ssid("Home")), "it hears 5 GHz");
}

#[test]
fn a_passphrase_is_asked_for_three_times_at_most() {
    let (mut scene, _) = Scene::before(Target { passphrase: None, ..home() }, &[Way::Join], alone());
    assert_eq!(scanned(&mut scene), ["person: passphrase of Home until 300"]);
    assert_eq!(scene.person(Ok(typed("short"))), ["person: passphrase of Home until 300"]);
    assert_eq!(scene.person(Ok(typed("long enough"))), ["printer: look"]);

    let (mut scene, _) = Scene::before(Target { passphrase: None, ..home() }, &[Way::Join], alone());
    scanned(&mut scene);
    scene.person(Ok(typed("short")));
    scene.person(Ok(typed("short")));
    assert_eq!(scene.person(Ok(typed("short"))), ["failed InvalidArguments"]);
}

#[test]
fn without_whoever_has_the_secret_another_way_may_do() {
    use crate::setup::route::Source;
    let pulled = Way::Pin(Source::Pulled);
    let (mut scene, _) = Scene::before(Target { passphrase: None, ..home() }, &[Way::Join, pulled], alone());
    scanned(&mut scene);
    let next = scene.person(Err(Unanswered::NoPrompter));
    assert_eq!(next.last().map(String::as_str), Some("printer: read pin"), "{next:?}");
    // Where it needs somebody, too, that is what is told.
    let (mut scene, _) =
        Scene::before(Target { passphrase: None, ..home() }, &[Way::Join, Way::Guided(&["Open Setup"])], alone());
    scanned(&mut scene);
    scene.person(Err(Unanswered::NoPrompter));
    assert_eq!(scene.person(Err(Unanswered::NoPrompter)), ["failed NoPrompter"]);
    // Who declines wants no other way either.
    let (mut scene, _) = Scene::before(Target { passphrase: None, ..home() }, &[Way::Join, pulled], alone());
    scanned(&mut scene);
    assert_eq!(scene.person(Err(Unanswered::Declined)), ["failed Canceled"]);
}

#[test]
fn nobody_answers_or_somebody_declines() {
    for (answer, shown) in
        [(Err(Unanswered::NoPrompter), "failed NoPrompter"), (Err(Unanswered::Declined), "failed Canceled")]
    {
        let (mut scene, _) = Scene::before(Target { passphrase: None, ..home() }, &[Way::Join], alone());
        scanned(&mut scene);
        assert_eq!(scene.person(answer), [shown]);
    }
    let (mut scene, _) = Scene::before(Target { passphrase: None, ..home() }, &[Way::Join], alone());
    scanned(&mut scene);
    assert_eq!(scene.wake_at(), Some(seconds(300)));
    assert_eq!(scene.at(300), ["withdraw", "failed Timeout"]);
}

#[test]
fn this_computer_s_own_network_is_given_with_consent() {
    let ask = || Target { ask_first: true, ..home() };
    let (mut scene, _) = Scene::before(ask(), &[Way::Join], alone());
    assert_eq!(scanned(&mut scene), ["person: share Home until 300"]);
    assert_eq!(scene.person(Ok(Reply::Yes)), ["printer: look"]);
    let (mut scene, _) = Scene::before(ask(), &[Way::Join], alone());
    scanned(&mut scene);
    assert_eq!(scene.person(Ok(Reply::No)), ["failed Canceled"]);
}

/// This computer's own network, of which it keeps the passphrase.
fn own() -> Target {
    Target { ask_first: true, connection: Some("profile 7".into()), passphrase: None, ..home() }
}

#[test]
fn the_passphrase_of_this_computer_s_own_network_is_asked_for_after_consent() {
    let (mut scene, _) = Scene::before(own(), &[Way::Join], alone());
    assert_eq!(scanned(&mut scene), ["person: share Home until 300"]);
    assert_eq!(scene.person(Ok(Reply::Yes)), ["person: passphrase of Home, from profile 7 until 300"]);
    // What is kept there is none: then it is typed, and not fetched again.
    assert_eq!(scene.person(Ok(typed("short"))), ["person: passphrase of Home until 300"]);
    assert_eq!(scene.person(Ok(typed("correct horse"))), ["printer: look"]);
    assert_eq!(scene.station(alone()), ["printer: join Home wpa2-psk with passphrase"]);

    for (no, failed) in [
        (Ok(Reply::No), "failed Canceled"),
        (Err(Unanswered::Declined), "failed Canceled"),
        (Err(Unanswered::NoPrompter), "failed NoPrompter"),
    ] {
        let (mut scene, _) = Scene::before(own(), &[Way::Join], alone());
        scanned(&mut scene);
        assert_eq!(scene.person(no), [failed]);
    }
}

#[test]
fn an_open_network_of_this_computer_s_own_is_joined_with_consent() {
    let target = || Target { security: Some(Security::Open), ..own() };
    let (mut scene, _) = Scene::before(target(), &[Way::Join], alone());
    let open = || Ok(Answer::Networks(vec![network("Home", Security::Open, 6)]));
    assert_eq!(scene.printer(open()), ["person: share open Home until 300"]);
    assert_eq!(scene.person(Ok(Reply::Yes)), ["printer: look"]);
    assert_eq!(scene.station(alone()), ["printer: join Home open"]);
    // One that is open here and not for the printer, or the other way round, is not the same.
    let (mut scene, _) = Scene::before(own(), &[Way::Join], alone());
    assert_eq!(scene.printer(open()), ["failed Failed"]);
    assert_eq!(scene.failure(), Failure::HeardOpen(ssid("Home")));
}

#[test]
fn what_can_t_be_given_is_not_asked_for() {
    for security in [Security::Enterprise, Security::Wpa3Personal] {
        let (mut scene, _) = Scene::before(own(), &[Way::Join], alone());
        let heard = vec![network("Home", security.clone(), 6)];
        assert_eq!(scene.printer(Ok(Answer::Networks(heard))), ["failed UnsupportedSecurity"]);
        // The printer has no word for it.
        let target = Target { security: Some(security), ..own() };
        let (mut scene, _) = Scene::before(target, &[Way::Join], alone());
        let heard = vec![network("Home", Security::Unknown("other".into()), 6)];
        assert_eq!(scene.printer(Ok(Answer::Networks(heard))), ["failed UnsupportedSecurity"]);
    }
}

#[test]
fn ways_that_need_no_passphrase_may_lead_elsewhere_than_this_computer_is() {
    let guided = || [Way::Guided(&["Open Setup"])];
    let led_to = |target: Target, name: &str| {
        let (mut scene, _) = Scene::before(target, &guided(), alone());
        scene.station(alone());
        scene.person(Ok(Reply::Yes));
        scene.station(on(name, "192.0.2.7"))
    };
    assert_eq!(led_to(own(), "Home 2.4"), ["joined Home 2.4 192.0.2.7"]);
    assert_eq!(led_to(home(), "Home 2.4"), [""; 0], "that one was named");
}

#[test]
fn a_printer_that_hangs_ends_each_step_in_time() {
    let hangs = |mut scene: Scene, second: u64, failure: Failure| {
        assert_eq!(scene.wake_at(), Some(seconds(second)));
        assert_eq!(scene.at(second - 1), [""; 0]);
        assert_eq!(scene.at(second), ["failed Timeout"]);
        assert_eq!(scene.failure(), failure);
    };
    hangs(Scene::start(home(), &[Way::Join]).0, 30, Failure::Silent(Step::Look));
    hangs(Scene::before(home(), &[Way::Join], off()).0, 60, Failure::Silent(Step::PowerOn));
    let (mut scene, _) = Scene::before(home(), &[Way::Join], alone());
    scanned(&mut scene);
    hangs(scene, 30, Failure::Silent(Step::Look));
    hangs(Scene::before(home(), &[Way::Join], alone()).0, 90, Failure::Silent(Step::Scan));
    // One that answers nothing while its radio comes on.
    let (mut scene, _) = Scene::before(home(), &[Way::Join], off());
    scene.printer(Ok(Answer::Done));
    while scene.outcome.is_none() {
        let next = scene.wake_at().unwrap();
        scene.at(next.as_secs());
    }
    assert_eq!((scene.failure(), scene.now), (Failure::Silent(Step::PowerOn), seconds(60)));
    // A radio that does not come on.
    let (mut scene, _) = Scene::before(home(), &[Way::Join], off());
    scene.printer(Ok(Answer::Done));
    assert_eq!(scene.go_on(&off()), ["failed Failed"]);
    assert_eq!((scene.failure(), scene.now), (Failure::Radio, seconds(60)));
    // A write that is not answered may have been taken: it is verified, not repeated.
    let (mut scene, _) = Scene::before(home(), &[Way::Join], alone());
    scanned(&mut scene);
    scene.station(alone());
    assert_eq!(scene.at(60), ["printer: look"]);
    assert_eq!(scene.at(90), [""; 0], "a look that is not answered is given up");
    assert_eq!(scene.at(93), ["printer: look"]);
    assert_eq!(scene.at(123), [""; 0]);
    assert_eq!(scene.at(126), ["printer: look"]);
    assert_eq!(scene.at(180), ["failed Timeout"]);
    assert_eq!(scene.failure(), Failure::Silent(Step::Verify));
}

#[test]
fn a_printer_that_refuses_leads_to_the_next_way() {
    let (mut scene, _) = Scene::before(home(), &[Way::Join, Way::Button { registrar: false }], alone());
    scanned(&mut scene);
    scene.station(alone());
    assert_eq!(
        scene.printer(Err(Trouble::Refused(500))),
        ["next: button after PrinterRejected", "person: PressPrinterButton until 600", "printer: look"]
    );
    let (mut scene, _) = Scene::before(home(), &[Way::Join], alone());
    scanned(&mut scene);
    scene.station(alone());
    assert_eq!(scene.printer(Err(Trouble::Refused(500))), ["failed PrinterRejected"]);
    assert_eq!(scene.failure(), Failure::PrinterRejected { step: Step::WriteProfile, status: 500 });
}

#[test]
fn the_administrator_s_password_is_asked_for_once_and_never_guessed() {
    let refused = || {
        let (mut scene, _) = Scene::before(home(), &[Way::Join], alone());
        scanned(&mut scene);
        scene.station(alone());
        assert_eq!(scene.printer(Err(Trouble::AuthRequired)), ["person: admin password until 300"]);
        scene
    };
    let mut scene = refused();
    let again = "printer: join Home wpa2-psk with passphrase";
    assert_eq!(scene.person(Ok(typed("12345678"))), ["log in", again]);
    assert_eq!(scene.printer(Ok(Answer::Done)), ["printer: look"]);
    let mut scene = refused();
    scene.person(Ok(typed("wrong")));
    assert_eq!(scene.printer(Err(Trouble::AuthRequired)), ["failed PrinterAuthFailed"]);
    assert_eq!(refused().person(Err(Unanswered::NoPrompter)), ["failed PrinterAuthRequired"]);
    let mut scene = refused();
    scene.person(Err(Unanswered::Declined));
    assert_eq!(scene.failure(), Failure::Canceled { written: false }, "it was refused");
}

#[test]
fn a_printer_that_lets_in_by_its_label_or_its_button() {
    let refused = |key| {
        let (mut scene, _) = Scene::before(home(), &[Way::Join], alone());
        scanned(&mut scene);
        scene.station(alone());
        let asks = scene.printer(Err(Trouble::NotLetIn(key)));
        (scene, asks)
    };
    let again = "printer: join Home wpa2-psk with passphrase";
    let (mut scene, asks) = refused(Key::LabelPin);
    assert_eq!(asks, ["person: label pin until 300"]);
    assert_eq!(scene.person(Ok(typed("12345678"))), ["log in by LabelPin", again]);
    // The printer names the next way in, or none: what failed is what it was shown.
    assert_eq!(scene.printer(Err(Trouble::AuthRequired)), ["failed PrinterAuthFailed"]);
    assert_eq!(scene.failure(), Failure::AuthFailed(Key::LabelPin));

    let (mut scene, asks) = refused(Key::Button);
    assert_eq!(asks, ["person: PressLitButton until 75", "printer: light button"]);
    assert_eq!(scene.printer(Ok(Answer::Done)), ["withdraw", again], "nobody has to say that it is done");
    let (mut scene, _) = refused(Key::Button);
    assert_eq!(scene.person(Ok(Reply::Yes)), [""; 0]);
    assert_eq!(scene.printer(Ok(Answer::Done)), [again]);
    let (mut scene, _) = refused(Key::Button);
    assert_eq!(scene.printer(Err(Trouble::AuthRequired)), ["withdraw", "failed PrinterAuthFailed"]);
    assert_eq!(scene.failure(), Failure::AuthFailed(Key::Button));
    let (mut scene, _) = refused(Key::Button);
    assert_eq!(scene.person(Err(Unanswered::NoPrompter)), ["failed PrinterAuthRequired"]);
    let (mut scene, _) = refused(Key::Button);
    scene.person(Err(Unanswered::Declined));
    assert_eq!(scene.failure(), Failure::Canceled { written: false });
}

#[test]
fn a_write_is_not_cut() {
    let writing = || {
        let (mut scene, _) = Scene::before(home(), &[Way::Join], alone());
        scanned(&mut scene);
        scene.station(alone());
        assert_eq!(scene.tell(Event::Cancel), [""; 0]);
        scene
    };
    let mut scene = writing();
    assert_eq!(scene.printer(Ok(Answer::Done)), ["failed Canceled"]);
    assert_eq!(scene.failure(), Failure::Canceled { written: true });
    assert_eq!(writing().printer(Err(Trouble::AuthRequired)), ["failed Canceled"]);
    assert_eq!(writing().at(60), ["failed Canceled"]);
    assert_eq!(writing().tell(Event::Unplugged), ["failed Canceled"]);
    let (mut scene, _) = Scene::before(home(), &[Way::Join], alone());
    assert_eq!(scene.tell(Event::Cancel), ["failed Canceled"]);
    assert_eq!(scene.failure(), Failure::Canceled { written: false });
}

#[test]
fn the_printer_s_own_diagnosis_is_asked_for_when_time_is_up_and_not_before() {
    let mut scene = written(alone());
    scene.station(alone());
    assert_eq!(scene.go_on(&alone()), ["printer: diagnose"]);
    assert_eq!(scene.now, seconds(120));
    assert_eq!(scene.printer(Ok(Answer::Rules(vec![603]))), ["failed WrongPassphrase"]);
}

#[test]
fn a_registrar_s_own_network_is_the_target_where_no_other_is_named() {
    let start = |ssid, before: Snapshot, way: Way| {
        let target = Target { ssid, ..Target::default() };
        let plan = Plan { target, ways: vec![way], new_pin: None, registrar: Some(self::ssid("Home")) };
        let (flow, actions) = Flow::start(plan, Duration::ZERO);
        let Some(Action::Printer(ticket, Request::ReadStation)) = actions.last() else { panic!("{actions:?}") };
        flow.on(Event::Printer(*ticket, Ok(Answer::Station(Box::new(before)))), Duration::ZERO).1
    };
    let there = |actions: &[Action]| matches!(actions, [Action::Finish(Outcome::AlreadyOn(..))]);
    let pin = Way::Pin(crate::setup::route::Source::Pulled);
    assert!(there(&start(None, on("Home", "192.0.2.7"), pin)));
    assert!(!there(&start(None, on("Other", "192.0.2.7"), pin)));
    assert!(!there(&start(Some(self::ssid("Other")), on("Home", "192.0.2.7"), pin)));
    // What a person does at the router may lead elsewhere.
    assert!(!there(&start(None, on("Home", "192.0.2.7"), Way::Button { registrar: false })));
}
