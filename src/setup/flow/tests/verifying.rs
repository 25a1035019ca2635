//! What the printer says of the network that it was given, and when it is believed.

use super::joining::written;
use super::*;

/// Said with the station, as in IPP and CDM.
fn saying(complaint: Complaint) -> Snapshot {
    Snapshot { complaint: Some(complaint), ..alone() }
}

/// Looks every 3 s; each time the station is as said by `says`, until something is shown.
fn look_until(scene: &mut Scene, mut says: impl FnMut(&mut Scene, u64) -> Snapshot) -> Vec<String> {
    loop {
        let second = scene.now.as_secs();
        let shown = if scene.asked.is_some() {
            let snapshot = says(scene, second);
            scene.station(snapshot)
        } else {
            scene.now = scene.wake_at().expect("it is not over").max(scene.now);
            scene.tell(Event::Tick)
        };
        if !shown.is_empty() && shown != ["printer: look"] {
            return shown;
        }
    }
}

/// Says it apart from its station, as in LEDM: `says` of the second.
fn asked_apart(says: impl Fn(u64) -> Option<Complaint>) -> Scene {
    let mut scene = written(alone());
    look_until(&mut scene, |scene, second| {
        scene.complains = says(second).map(Ok);
        alone()
    });
    scene
}

fn from(second: u64, complaint: Complaint) -> impl Fn(u64) -> Option<Complaint> {
    move |now| Some(if now < second { Complaint::Nothing } else { complaint })
}

#[test]
fn a_wrong_passphrase_is_told_when_it_is_sure() {
    let scene = asked_apart(from(5, Complaint::WrongPassphrase));
    assert_eq!(scene.asked_why, [0, 6, 12, 18, 24, 30, 36], "not at each look");
    assert_eq!((scene.failure(), scene.now), (Failure::WrongPassphrase, seconds(39)), "after one more look");

    let mut scene = written(alone());
    let shown = look_until(&mut scene, |_, second| {
        saying(if second < 5 { Complaint::Nothing } else { Complaint::WrongPassphrase })
    });
    assert_eq!((shown, scene.now), (vec!["failed WrongPassphrase".to_owned()], seconds(36)));
    assert_eq!(scene.asked_why, [0; 0], "it was said");
}

#[test]
fn one_that_does_not_say_why_is_waited_for_longer() {
    let mut scene = written(alone());
    look_until(&mut scene, |_, second| saying(if second < 5 { Complaint::Nothing } else { Complaint::CannotJoin }));
    assert_eq!((scene.failure(), scene.now), (Failure::CannotJoin(ssid("Home")), seconds(51)));
}

/// The password was wrong before and is right now; the printer goes on to say what it said of the last attempt.
#[test]
fn a_complaint_of_before_is_not_believed() {
    for apart in [true, false] {
        for complaint in [Complaint::WrongPassphrase, Complaint::CannotJoin] {
            // For as long as it takes.
            let mut scene = written(alone());
            let shown = look_until(&mut scene, |scene, second| {
                scene.complains = apart.then_some(Ok(complaint));
                match second {
                    ..110 if apart => alone(),
                    ..110 => saying(complaint),
                    _ => on("Home", "192.0.2.7"),
                }
            });
            assert_eq!(shown, ["joined Home 192.0.2.7"]);
        }
    }
    // It goes once the printer is at it; what it says then is new.
    let stale = |second| match second {
        ..9 | 15.. => Some(Complaint::WrongPassphrase),
        _ => Some(Complaint::Nothing),
    };
    let scene = asked_apart(stale);
    assert_eq!((scene.failure(), scene.now), (Failure::WrongPassphrase, seconds(51)));
    assert_eq!(scene.asked_why, [0, 6, 12, 18, 24, 30, 36, 42, 48]);
}

#[test]
fn a_complaint_of_before_that_nobody_believes_ends_as_it_always_did() {
    let mut scene = written(alone());
    scene.complains = Some(Ok(Complaint::WrongPassphrase));
    assert_eq!(scene.go_on(&alone()), ["printer: diagnose"]);
    assert_eq!(scene.now, seconds(120));
    // It is gone by now: it was not of this attempt.
    scene.printer(Ok(Answer::Rules(vec![])));
    assert_eq!(scene.failure(), Failure::TimedOut { step: Step::Verify });

    let mut scene = written(alone());
    look_until(&mut scene, |_, second| saying(if second < 9 { Complaint::CannotJoin } else { Complaint::Nothing }));
    assert_eq!(scene.now, seconds(120));
    scene.printer(Ok(Answer::Rules(vec![])));
    assert_eq!(scene.failure(), Failure::TimedOut { step: Step::Verify }, "it was at it until the end");
}

#[test]
fn a_complaint_that_comes_and_goes_is_not_believed_and_success_counts() {
    // A handshake that fails by chance, twice, and then gets in.
    let flaps = |second: u64| match second {
        ..6 | 18..30 | 48.. => Complaint::Nothing,
        _ => Complaint::WrongPassphrase,
    };
    let mut scene = written(alone());
    let shown = look_until(&mut scene, |scene, second| {
        scene.complains = Some(Ok(flaps(second)));
        if second < 60 { alone() } else { on("Home", "192.0.2.7") }
    });
    assert_eq!(shown, ["joined Home 192.0.2.7"]);
    // For ever: time is up as always, and what was said of this attempt is told.
    let scene = &mut written(alone());
    let shown = look_until(scene, |_, second| {
        saying(if second / 10 % 2 == 0 { Complaint::Nothing } else { Complaint::WrongPassphrase })
    });
    assert_eq!((shown, scene.now), (vec!["printer: diagnose".to_owned()], seconds(120)));
    scene.printer(Ok(Answer::Rules(vec![])));
    assert_eq!(scene.failure(), Failure::WrongPassphrase);
    // Success in the last moment.
    let mut scene = written(alone());
    let shown = look_until(&mut scene, |_, second| match second {
        ..5 => saying(Complaint::Nothing),
        5..36 => saying(Complaint::WrongPassphrase),
        _ => Snapshot { complaint: Some(Complaint::WrongPassphrase), ..on("Home", "192.0.2.7") },
    });
    assert_eq!(shown, ["joined Home 192.0.2.7"]);
}

#[test]
fn what_may_cure_itself_is_waited_for() {
    for complaint in [Complaint::Nothing, Complaint::NotVisible] {
        let scene = asked_apart_to_the_end(complaint, &alone());
        assert_eq!(scene.now, seconds(120), "{complaint:?}");
    }
}

/// A new complaint that stands, of a printer whose station says this.
fn asked_apart_to_the_end(complaint: Complaint, station: &Snapshot) -> Scene {
    let mut scene = written(alone());
    let shown = look_until(&mut scene, |scene, second| {
        scene.complains = Some(Ok(if second < 5 { Complaint::Nothing } else { complaint }));
        if second < 5 { alone() } else { station.clone() }
    });
    assert_eq!(shown, ["printer: diagnose"]);
    scene
}

#[test]
fn a_station_that_is_somewhere_or_does_not_say_is_waited_for() {
    let mut silent = alone();
    silent.station.connected = None;
    for station in [on("Home", ""), on("Home", "169.254.3.4"), on("Old", "192.0.2.7"), off(), silent] {
        let scene = asked_apart_to_the_end(Complaint::WrongPassphrase, &station);
        assert_eq!(scene.now, seconds(120), "{station:?}");
    }
}

#[test]
fn a_printer_that_does_not_say_why_is_asked_once() {
    for trouble in [Trouble::NoWay, Trouble::NotExposed, Trouble::AuthRequired, Trouble::Unreadable] {
        let mut scene = written(alone());
        scene.complains = Some(Err(trouble));
        assert_eq!(scene.go_on(&alone()), ["printer: diagnose"]);
        assert_eq!((scene.now, &scene.asked_why[..]), (seconds(120), &[0][..]));
    }
    // One that hangs then: the looks go on after 10 s, and success counts.
    let mut scene = written(alone());
    scene.complains = Some(Err(Trouble::Silent));
    assert_eq!(scene.station(alone()), [""; 0]);
    assert_eq!(scene.at(9), [""; 0]);
    assert_eq!(scene.at(10), [""; 0]);
    assert_eq!(scene.at(13), ["printer: look"]);
    assert_eq!(scene.station(on("Home", "192.0.2.7")), ["joined Home 192.0.2.7"]);
    assert_eq!(scene.asked_why, [0]);
}

#[test]
fn what_was_not_heard_breaks_it_off() {
    // A look that was not answered.
    let mut scene = written(alone());
    look_until(&mut scene, |_, second| {
        saying(if second < 5 { Complaint::Nothing } else { Complaint::WrongPassphrase })
    });
    assert_eq!(scene.now, seconds(36));
    let mut scene = written(alone());
    let shown = look_until(&mut scene, |scene, second| {
        if second == 21 {
            assert_eq!(scene.printer(Err(Trouble::Silent)), [""; 0]);
            assert_eq!(scene.at(24), ["printer: look"]);
        }
        saying(if second < 5 { Complaint::Nothing } else { Complaint::WrongPassphrase })
    });
    assert_eq!((shown, scene.now), (vec!["failed WrongPassphrase".to_owned()], seconds(54)));
    // Off USB, and back with what it remembers: it may be another attempt's.
    let mut scene = written(alone());
    let shown = look_until(&mut scene, |scene, second| {
        if second == 21 {
            assert_eq!(scene.tell(Event::Unplugged), [""; 0]);
            scene.now = seconds(24);
            assert_eq!(scene.tell(Event::Replugged), ["printer: look"]);
        }
        saying(if second < 5 { Complaint::Nothing } else { Complaint::WrongPassphrase })
    });
    assert_eq!((shown, scene.now), (vec!["printer: diagnose".to_owned()], seconds(120)));
}

#[test]
fn the_same_said_in_quick_succession_or_after_a_long_sleep_is_not_enough() {
    let mut scene = written(alone());
    assert_eq!(scene.station(saying(Complaint::Nothing)), [""; 0]);
    assert_eq!(scene.at(3), ["printer: look"]);
    assert_eq!(scene.station(saying(Complaint::WrongPassphrase)), [""; 0]);
    // The computer slept.
    for second in [100, 103, 106] {
        assert_eq!(scene.outcome, None);
        assert_eq!(scene.at(second), ["printer: look"]);
        scene.station(saying(Complaint::WrongPassphrase));
    }
    assert_eq!((scene.failure(), scene.now), (Failure::WrongPassphrase, seconds(106)));
}

/// What a printer says of the way before is nothing to the ways by WPS.
#[test]
fn other_ways_than_being_given_the_network_are_not_ended() {
    let (mut scene, _) = Scene::before(home(), &[Way::Guided(&["Open Setup"])], alone());
    scene.station(alone());
    scene.person(Ok(Reply::Yes));
    look_until(&mut scene, |scene, second| {
        scene.complains = Some(Ok(Complaint::WrongPassphrase));
        saying(if second < 5 { Complaint::Nothing } else { Complaint::WrongPassphrase })
    });
    assert_eq!((scene.now, &scene.asked_why[..]), (seconds(120), &[][..]));
}
