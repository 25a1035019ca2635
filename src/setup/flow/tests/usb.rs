//! A printer that leaves USB, and comes back or does not.

use super::*;

const NOTHING: [&str; 0] = [];

#[test]
fn it_drops_when_its_radio_comes_on() {
    let (mut scene, shown) = Scene::before(home(), &[Way::Join], off());
    assert_eq!(shown, ["printer: power on"]);
    scene.at(2);
    assert_eq!(scene.tell(Event::Unplugged), NOTHING);
    assert_eq!(scene.wake_at(), Some(seconds(62)));
    assert_eq!(scene.at(61), NOTHING, "what it was asked for is not due any more");
    assert_eq!(scene.tell(Event::Replugged), ["printer: look"], "it is not told twice");
    assert_eq!(scene.station(alone()), ["printer: scan"]);
}

#[test]
fn it_drops_for_good() {
    for (before, second) in [(off(), 60), (alone(), 60)] {
        let (mut scene, _) = Scene::before(home(), &[Way::Join], before);
        scene.tell(Event::Unplugged);
        scene.tell(Event::Unplugged);
        assert_eq!(scene.at(second - 1), NOTHING);
        assert_eq!(scene.at(second), ["failed Disconnected"]);
        assert_eq!(scene.tell(Event::Replugged), NOTHING);
    }
}

#[test]
fn it_drops_while_the_network_is_written() {
    let (mut scene, _) = Scene::before(home(), &[Way::Join], alone());
    scene.printer(Ok(Answer::Networks(vec![network("Home", Security::Wpa2Personal, 6)])));
    assert_eq!(scene.station(alone()), ["printer: join Home wpa2-psk with passphrase"]);
    assert_eq!(scene.printer(Err(Trouble::Gone)), NOTHING);
    assert_eq!(scene.at(59), NOTHING);
    assert_eq!(scene.tell(Event::Replugged), ["printer: look"], "it may have been taken: looked at, not written again");
    assert_eq!(scene.station(on("Home", "192.0.2.7")), ["joined Home 192.0.2.7"]);
}

#[test]
fn it_drops_while_it_joins() {
    let mut scene = super::joining::written(alone());
    scene.at(119);
    scene.tell(Event::Unplugged);
    assert_eq!(scene.at(170), NOTHING);
    assert_eq!(scene.tell(Event::Replugged), ["printer: look"]);
    assert_eq!(scene.station(alone()), NOTHING, "time that it was away is not held against it");
    assert_eq!(scene.at(173), ["printer: look"]);
    assert_eq!(scene.station(on("Home", "192.0.2.7")), ["joined Home 192.0.2.7"]);
}

#[test]
fn it_drops_in_front_of_each_question() {
    let (mut scene, _) = Scene::start(home(), &[Way::Join]);
    scene.tell(Event::Unplugged);
    assert_eq!(scene.tell(Event::Replugged), ["printer: look"]);
    assert_eq!(scene.station(alone()), ["printer: scan"]);
    scene.tell(Event::Unplugged);
    assert_eq!(scene.tell(Event::Replugged), ["printer: scan"]);
    assert_eq!(scene.tell(Event::Replugged), NOTHING, "once is enough");
}

#[test]
fn a_person_may_answer_meanwhile() {
    let (mut scene, _) = Scene::before(Target { passphrase: None, ..home() }, &[Way::Join], alone());
    scene.printer(Ok(Answer::Networks(vec![network("Home", Security::Wpa2Personal, 6)])));
    scene.tell(Event::Unplugged);
    assert_eq!(scene.person(Ok(typed("correct horse"))), NOTHING);
    assert_eq!(scene.tell(Event::Replugged), ["printer: look"]);
    assert_eq!(scene.station(alone()), ["printer: join Home wpa2-psk with passphrase"]);
}

#[test]
fn a_login_meanwhile_lets_the_write_be_sent_after_it() {
    let (mut scene, _) = Scene::before(home(), &[Way::Join], alone());
    scene.printer(Ok(Answer::Networks(vec![network("Home", Security::Wpa2Personal, 6)])));
    scene.station(alone());
    scene.printer(Err(Trouble::AuthRequired));
    scene.tell(Event::Unplugged);
    assert_eq!(scene.person(Ok(typed("secret"))), ["log in"]);
    assert_eq!(scene.tell(Event::Replugged), ["printer: join Home wpa2-psk with passphrase"]);
}

#[test]
fn a_page_is_never_printed_twice() {
    let (mut scene, shown) = Scene::before(home(), &[Way::Pin(super::enrolling::PAPER)], alone());
    assert_eq!(shown, ["printer: print wireless"]);
    scene.tell(Event::Unplugged);
    assert_eq!(scene.tell(Event::Replugged), ["person: paper pin until 600"]);
}

#[test]
fn a_registrar_holds_the_pin_while_it_is_away() {
    let mut scene = super::enrolling::pulled(Kind::Dynamic, Some(300));
    scene.at(90);
    scene.tell(Event::Unplugged);
    assert_eq!(scene.wake_at(), Some(seconds(100)));
    assert_eq!(scene.at(100), ["registrar: again until 300"]);
    assert_eq!(scene.at(140), NOTHING);
    assert_eq!(scene.tell(Event::Replugged), ["printer: look"]);
    assert_eq!(scene.station(on("Home", "192.0.2.7")), ["withdraw", "registrar: cancel", "joined Home 192.0.2.7"]);
}
