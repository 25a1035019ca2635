//! Tables: printer, wish and surroundings, and the routes that they give.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use super::*;

const STEPS: &[&str] = &["Open Setup"];

fn everything(evidence: Evidence) -> Abilities {
    Abilities {
        status: Some(Evidence::Confirmed),
        join: Some(evidence),
        read_pin: Some(evidence),
        write_pin: Some(evidence),
        paper: Some((ReportKind::Wireless, evidence)),
        button: Some(evidence),
        panel: Some((STEPS, evidence)),
    }
}

const HERE: Surroundings = Surroundings {
    network: true,
    own: None,
    beside: None,
    unknown: None,
    beyond_wps: false,
    registrar: true,
    push_button: false,
    prompter: true,
};

#[test]
fn all_of_them_best_first() {
    let offers = routes(&everything(Evidence::Confirmed), &Wish::default(), &HERE);
    assert_eq!(
        ways(&offers),
        [
            Way::Join,
            Way::Button { registrar: false },
            Way::Pin(Source::Pulled),
            Way::Typed(Source::Pulled),
            Way::Guided(STEPS)
        ]
    );
    assert_eq!(offers.iter().map(|offer| offer.route).collect::<Vec<_>>(), Route::ALL);
    let from_paper = Wish { from_paper: true, route: Some(Route::Pin), ..Wish::default() };
    let offers = routes(&everything(Evidence::Confirmed), &from_paper, &HERE);
    assert_eq!(ways(&offers), [Way::Pin(Source::Paper(ReportKind::Wireless))]);
    assert_eq!(offers[1].reason, "only pin was asked for");
}

/// What is known first, what is assumed after it, what is left out last; otherwise the order of the list.
#[test]
fn evidence_decides_the_order() {
    use Evidence::{Assumed, Confirmed, Listed};
    use Route::{Button, Guided, Join, Pin, Typed};
    let with = |join, button, read_pin, panel| Abilities {
        status: Some(Listed),
        join,
        button,
        read_pin,
        panel: Option::map(panel, |evidence| (STEPS, evidence)),
        ..Abilities::default()
    };
    for (printer, experimental, possible, first) in [
        (with(Some(Listed), Some(Confirmed), Some(Listed), Some(Confirmed)), true, 5, [Join, Button, Pin]),
        (with(Some(Assumed), Some(Assumed), Some(Confirmed), Some(Assumed)), true, 5, [Pin, Typed, Join]),
        (with(Some(Assumed), Some(Assumed), Some(Confirmed), Some(Assumed)), false, 2, [Pin, Typed, Join]),
        (with(Some(Confirmed), Some(Assumed), Some(Assumed), None), true, 4, [Join, Button, Pin]),
        (with(Some(Confirmed), Some(Assumed), None, Some(Listed)), true, 3, [Join, Guided, Button]),
        (with(None, Some(Assumed), None, Some(Listed)), true, 2, [Guided, Button, Join]),
        (with(None, None, None, None), true, 0, [Join, Button, Pin]),
    ] {
        let wish = Wish { experimental, ..Wish::default() };
        let offers = routes(&printer, &wish, &HERE);
        let order: Vec<Route> = offers.iter().map(|offer| offer.route).collect();
        assert_eq!((order.len(), ways(&offers).len()), (5, possible), "{offers:?}");
        assert_eq!(order[..3], first, "{offers:?}");
        for offer in &offers {
            let said = ["(listed)", "(confirmed)", "(assumed)"].iter().any(|word| offer.reason.contains(word));
            assert_eq!(said, offer.way.is_some(), "{offer:?}");
        }
    }
    // That it worked must be known as well: the weaker of the two is what it rests on.
    let vague = Abilities { status: Some(Assumed), ..with(Some(Listed), None, None, None) };
    let wish = Wish { experimental: true, ..Wish::default() };
    assert!(routes(&vague, &wish, &HERE)[0].reason.ends_with("(assumed)"));
    assert_eq!(ways(&routes(&vague, &Wish::default(), &HERE)), []);
}

/// What this computer hears of the network is told, and refuses nothing but what is certain.
#[test]
fn what_this_computer_hears_is_told() {
    let home = || Own { ssid: Ssid::new("Home").unwrap(), ..Own::default() };
    let enterprise = Own { enterprise: true, ..home() };
    let five = Own { only_on: Some(Band::Band5), ..home() };
    let six = Own { only_on: Some(Band::Band6), wpa3_only: true, ..home() };
    let (weak, strong) = (Own { signal_percent: Some(20), ..home() }, Own { signal_percent: Some(31), ..home() });
    let (silent, offering) = (Own { wps: Some(false), ..home() }, Own { wps: Some(true), ..home() });
    let join = "over USB (confirmed)";
    let agree = "network \"Home\" and its password over USB, if you agree (confirmed)";
    let pin = "gives its PIN over USB (confirmed)";
    for (own, route, possible, named, unnamed) in [
        (home(), Route::Join, true, join, agree),
        (Own { open: true, ..home() }, Route::Join, true, join, "\"Home\" over USB, if you agree (confirmed)"),
        (enterprise.clone(), Route::Join, false, "its user's alone", "its user's alone"),
        (enterprise, Route::Pin, true, pin, pin),
        (five.clone(), Route::Join, true, "on 5 GHz only", "this one has it does not say"),
        (five, Route::Pin, true, "on 5 GHz only", pin),
        (six.clone(), Route::Join, true, "on 6 GHz only", "WPA3 only, which no printer is known"),
        (weak, Route::Join, true, "weak here (20 %)", "weak here (20 %)"),
        (strong, Route::Join, true, join, agree),
        (silent.clone(), Route::Pin, true, "no WPS just now", pin),
        (silent, Route::Join, true, join, agree),
        (offering, Route::Typed, true, pin, pin),
        (six, Route::Guided, true, "leads onto a network (confirmed)", "leads onto a network (confirmed)"),
    ] {
        for (here, says) in [
            (Surroundings { beside: Some(own.clone()), ..HERE }, named),
            (Surroundings { own: Some(own.clone()), ..HERE }, unnamed),
        ] {
            let offers = routes(&everything(Evidence::Confirmed), &Wish::default(), &here);
            let offer = offers.into_iter().find(|offer| offer.route == route).unwrap();
            assert_eq!(offer.way.is_some(), possible, "{own:?} {offer:?}");
            let exact = says.ends_with("(confirmed)");
            assert!(
                if exact { offer.reason.ends_with(says) } else { offer.reason.contains(says) },
                "{own:?} {offer:?}"
            );
        }
    }
    // Without anybody to ask, nobody can agree.
    let nobody = Surroundings { own: Some(home()), prompter: false, ..HERE };
    let offers = routes(&everything(Evidence::Confirmed), &Wish::default(), &nobody);
    assert!(offers.iter().find(|offer| offer.route == Route::Join).unwrap().way.is_none());
}

#[test]
fn what_is_assumed_takes_an_experiment() {
    let assumed = everything(Evidence::Assumed);
    let offers = routes(&assumed, &Wish::default(), &HERE);
    assert_eq!(ways(&offers), []);
    assert!(offers.iter().all(|offer| offer.reason.contains("--experimental")), "{offers:?}");
    let experimental = Wish { experimental: true, ..Wish::default() };
    assert_eq!(ways(&routes(&assumed, &experimental, &HERE)).len(), 5);
    let generate = Wish { generate: true, route: Some(Route::Pin), ..Wish::default() };
    assert_eq!(ways(&routes(&assumed, &generate, &HERE)), []);
    let generate = Wish { experimental: true, ..generate };
    assert_eq!(ways(&routes(&assumed, &generate, &HERE)), [Way::Pin(Source::Generated)]);
}

#[test]
fn what_is_left_out_says_why() {
    let reason = |route: Route, printer: &Abilities, here: &Surroundings| {
        let offers = routes(printer, &Wish::default(), here);
        let offer = offers.into_iter().find(|offer| offer.route == route).unwrap();
        assert_eq!(offer.way, None, "{offer:?}");
        offer.reason
    };
    let all = everything(Evidence::Listed);
    assert!(reason(Route::Join, &all, &Surroundings { network: false, ..HERE }).contains("--ssid"));
    assert!(reason(Route::Pin, &all, &Surroundings { registrar: false, ..HERE }).contains("no registrar"));
    assert!(reason(Route::Pin, &all, &Surroundings { beyond_wps: true, ..HERE }).contains("WPS can't"));
    assert!(reason(Route::Guided, &all, &Surroundings { prompter: false, ..HERE }).contains("nobody"));
    let mute = Abilities { status: None, ..everything(Evidence::Listed) };
    for route in Route::ALL {
        assert!(reason(route, &mute, &HERE).contains("nobody would know"), "{route}");
    }
    let nothing = Abilities { status: Some(Evidence::Listed), ..Abilities::default() };
    assert!(reason(Route::Pin, &nothing, &HERE).contains("gives its PIN over USB; it is not known"));
}

#[test]
fn this_computer_s_own_network() {
    // What is left out is told after what can be done.
    let route_join = |offers: Vec<Offer>| offers.into_iter().find(|offer| offer.route == Route::Join).unwrap();
    let join = |own: Own, prompter| {
        let here = Surroundings { own: Some(own), prompter, ..HERE };
        route_join(routes(&everything(Evidence::Listed), &Wish::default(), &here))
    };
    let own = || Own { ssid: Ssid::new("Home").unwrap(), ..Own::default() };
    let offer = join(own(), true);
    assert_eq!(offer.way, Some(Way::Join));
    assert!(offer.reason.contains("own network \"Home\" and its password over USB, if you agree"), "{offer:?}");
    let open = join(Own { open: true, ..own() }, true);
    assert!(open.way.is_some() && !open.reason.contains("password"), "{open:?}");
    let five = join(Own { only_on: Some(Band::Band5), ..own() }, true);
    assert!(five.way.is_some() && five.reason.contains("on 5 GHz only"), "{five:?}");
    let enterprise = join(Own { enterprise: true, ..own() }, true);
    assert!(enterprise.way.is_none() && enterprise.reason.contains("WPA Enterprise"), "{enterprise:?}");
    let alone = join(own(), false);
    assert!(alone.way.is_none() && alone.reason.contains("nobody to say whether"), "{alone:?}");
    let here = Surroundings { network: false, unknown: Some(Unknown::Absent), ..HERE };
    let unknown = route_join(routes(&everything(Evidence::Listed), &Wish::default(), &here));
    assert!(unknown.way.is_none() && unknown.reason.contains("(NetworkManager does not run"), "{unknown:?}");
}

#[test]
fn capabilities_of_a_probe() {
    let capabilities = Capabilities::from([
        (Capability::WifiStatus, Evidence::Listed),
        (Capability::ReportNetwork, Evidence::Confirmed),
    ]);
    let abilities = Abilities::of(&capabilities);
    assert_eq!(abilities.paper, None, "nothing says that the PIN is on the page");
    assert_eq!((abilities.status, abilities.read_pin), (Some(Evidence::Listed), None));
    let with_pin = |evidence| {
        let mut capabilities = capabilities.clone();
        capabilities.insert(Capability::PaperPin, evidence);
        Abilities::of(&capabilities).paper
    };
    assert_eq!(with_pin(Evidence::Listed), Some((ReportKind::Network, Evidence::Confirmed)));
    assert_eq!(with_pin(Evidence::Assumed), Some((ReportKind::Network, Evidence::Assumed)));
}

#[test]
fn names_go_both_ways() {
    for route in Route::ALL {
        assert_eq!(Route::from_name(route.name()), Some(route));
    }
    assert_eq!(Route::from_name("magic"), None);
}
