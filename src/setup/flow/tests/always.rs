//! Whatever happens, in whichever order.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::setup::route::Source;

/// What may happen; which question it answers is chosen when it does.
#[derive(Clone, Debug)]
enum Deed {
    Printer { stale: bool, answer: u8 },
    Person { stale: bool, answer: u8 },
    Registrar { stale: bool, news: u8 },
    Unplugged,
    Replugged,
    Cancel,
    Wait(u64),
    Wake,
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        12 => (prop::bool::weighted(0.1), 0u8..22).prop_map(|(stale, answer)| Deed::Printer { stale, answer }),
        4 => (prop::bool::weighted(0.1), 0u8..7).prop_map(|(stale, answer)| Deed::Person { stale, answer }),
        2 => (prop::bool::weighted(0.1), 0u8..12).prop_map(|(stale, news)| Deed::Registrar { stale, news }),
        1 => Just(Deed::Unplugged),
        2 => Just(Deed::Replugged),
        1 => prop::bool::weighted(0.1).prop_map(|cancel| if cancel { Deed::Cancel } else { Deed::Wake }),
        2 => (0u64..700).prop_map(Deed::Wait),
        5 => Just(Deed::Wake),
    ]
}

fn answer(which: u8) -> Result<Answer, Trouble> {
    Ok(match which {
        0 => Answer::Done,
        1 => Answer::Station(Box::new(alone())),
        2 => Answer::Station(Box::new(off())),
        3 => Answer::Station(Box::new(on("Home", ""))),
        4 => Answer::Station(Box::new(on("Old", "192.0.2.7"))),
        5 => Answer::Station(Box::new(on("Home", "169.254.1.1"))),
        6 => Answer::Station(Box::new(on("Home", "192.0.0.192"))),
        7 => Answer::Networks(vec![network("Home", Security::Wpa2Personal, 6)]),
        8 => Answer::Networks(vec![]),
        9 => Answer::Rules(vec![603]),
        10 => Answer::Pin { pin: pin::parse("12345670").unwrap(), kind: Kind::Static, lifetime: None },
        11 => Answer::Pin { pin: pin::parse("1234").unwrap(), kind: Kind::Dynamic, lifetime: Some(seconds(90)) },
        12 => return Err(Trouble::Gone),
        13 => return Err(Trouble::Silent),
        14 => return Err(Trouble::Refused(500)),
        15 => return Err(Trouble::NotExposed),
        16 => return Err(Trouble::AuthRequired),
        17 => return Err(Trouble::Unreadable),
        18 => Answer::Networks(vec![network("Home", Security::Open, 6)]),
        19 => return Err(Trouble::NotLetIn(Key::Button)),
        20 => return Err(Trouble::NotLetIn(Key::LabelPin)),
        _ => Answer::Done,
    })
}

fn reply(which: u8) -> Result<Reply, Unanswered> {
    Ok(match which {
        0 | 1 => Reply::Yes,
        2 => typed("12345670"),
        3 => typed("nonsense"),
        4 => Reply::No,
        5 => return Err(Unanswered::NoPrompter),
        _ => return Err(Unanswered::Declined),
    })
}

fn news(which: u8) -> News {
    match which {
        0..4 => News::Seen,
        4 => News::Succeeded,
        5 => News::Failed { message: Some(8), config_error: Some(18) },
        6 => News::Failed { message: Some(10), config_error: Some(18) },
        7 => News::Failed { message: None, config_error: None },
        8 => News::TimedOut,
        9 => News::Overlap,
        10 => News::Locked,
        _ => News::Unreachable,
    }
}

/// Who keeps the books.
#[derive(Default)]
struct Books {
    asked: Vec<Ticket>,
    persons: Vec<Ticket>,
    registrars: Vec<Ticket>,
    /// When each registrar was told last.
    told: BTreeMap<Ticket, Duration>,
    stopped: Vec<Ticket>,
    writes: u32,
    logins: u32,
    buttons: u32,
    pins: u32,
    uses: u32,
    refused_for_login: u32,
    finished: Option<Outcome>,
    away: bool,
}

impl Books {
    fn note(&mut self, actions: &[Action], now: Duration) {
        for action in actions {
            assert!(self.finished.is_none(), "nothing follows the end: {action:?}");
            match action {
                Action::Printer(ticket, request) => {
                    assert!(!self.away, "nothing is asked of a printer that is away");
                    self.asked.push(*ticket);
                    self.writes += u32::from(matches!(request, Request::WriteProfile(_)));
                    self.buttons += u32::from(matches!(request, Request::LightButton));
                }
                Action::LogIn(..) => self.logins += 1,
                Action::Person(ticket, _, until) => {
                    assert!(*until >= now);
                    self.persons.push(*ticket);
                }
                Action::Registrar(ticket, order) => match order {
                    Order::Enrol(..) | Order::PushButton(_) => {
                        assert!(!self.registrars.contains(ticket));
                        self.registrars.push(*ticket);
                        self.told.insert(*ticket, now);
                        self.uses += u32::from(matches!(order, Order::Enrol(..)));
                    }
                    Order::Again(_, until) => {
                        assert!(!self.stopped.contains(ticket), "told again after it was to stop");
                        assert!(now < *until);
                        self.told.insert(*ticket, now);
                    }
                    Order::Cancel => self.stopped.push(*ticket),
                },
                Action::DisplayPin(..) => self.uses += 1,
                Action::Finish(outcome) => self.finished = Some(outcome.clone()),
                Action::Withdraw(_) | Action::Stage(..) | Action::NextWay(..) => {}
            }
        }
    }
}

fn pick(tickets: &[Ticket], stale: bool) -> Option<Ticket> {
    if stale { tickets.first() } else { tickets.last() }.copied()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    #[test]
    fn it_ends_in_time_and_does_nothing_twice(
        deeds in prop::collection::vec(deed(), 0..60),
        known in any::<bool>(),
        given in any::<bool>(),
        first in 0usize..7,
    ) {
        let all = [
            Way::Join, Way::Pin(Source::Pulled), Way::Pin(super::enrolling::PAPER), Way::Pin(Source::Generated),
            Way::Typed(Source::Pulled), Way::Button { registrar: true }, Way::Guided(&["a", "b"]),
        ];
        let mut target = if known { home() } else { Target::default() };
        if !given {
            target.passphrase = None;
        }
        let new_pin = Some(pin::parse("00000017").unwrap());
        let plan = Plan { target, ways: all[first..].to_vec(), new_pin, registrar: None };
        let mut now = seconds(1000);
        let (mut flow, actions) = Flow::start(plan, now);
        let ends_by = flow.ends_by();
        let mut books = Books::default();
        books.note(&actions, now);
        // What was left over is followed by time alone.
        let more = std::iter::repeat_n(Deed::Wake, 100_000);
        for deed in deeds.into_iter().chain(more) {
            if books.finished.is_some() {
                break;
            }
            let wake_at = flow.wake_at().expect("it is not over");
            prop_assert!(wake_at <= ends_by);
            let event = match deed {
                Deed::Printer { stale, answer: which } => {
                    let Some(ticket) = pick(&books.asked, stale) else { continue };
                    let answer = answer(which);
                    if matches!(answer, Err(Trouble::AuthRequired | Trouble::NotLetIn(_))) {
                        books.refused_for_login += 1;
                    }
                    if matches!(answer, Err(Trouble::Gone)) && !stale {
                        books.away = flow.away.is_some() || flow.waits_for(ticket);
                    }
                    if matches!(answer, Ok(Answer::Pin { .. })) {
                        books.pins += 1;
                    }
                    Event::Printer(ticket, answer)
                }
                Deed::Person { stale, answer } => {
                    let Some(ticket) = pick(&books.persons, stale) else { continue };
                    books.pins += 1; // it may be one
                    Event::Person(ticket, reply(answer))
                }
                Deed::Registrar { stale, news: which } => {
                    let Some(ticket) = pick(&books.registrars, stale) else { continue };
                    Event::Registrar(ticket, news(which))
                }
                Deed::Unplugged => {
                    books.away = true;
                    Event::Unplugged
                }
                Deed::Replugged => {
                    books.away = false;
                    Event::Replugged
                }
                Deed::Cancel => Event::Cancel,
                // Woken when it asked for it, as the one who drives it does.
                Deed::Wait(by) => {
                    now = (now + seconds(by)).min(wake_at).max(now);
                    Event::Tick
                }
                Deed::Wake => {
                    now = wake_at.max(now);
                    Event::Tick
                }
            };
            let (next, actions) = flow.on(event, now);
            flow = next;
            books.note(&actions, now);
            prop_assert!(books.finished.is_some() || flow.wake_at().expect("not over") > now, "it would spin");
            if let Some(working) = flow.state.registrar() {
                prop_assert!(now - books.told[&working] <= seconds(110) || !matches!(flow.way, Way::Pin(_)));
            }
        }
        prop_assert!(books.finished.is_some());
        prop_assert!(now <= ends_by);
        prop_assert!(flow.wake_at().is_none());
        prop_assert!(books.writes <= 1 + books.logins + books.buttons, "the network is written once, and once more after a login");
        prop_assert!(books.logins <= 1);
        prop_assert!(books.logins <= books.refused_for_login);
        prop_assert!(books.uses <= 2 * (books.pins + 1));
        for registrar in &books.registrars {
            prop_assert!(books.stopped.contains(registrar), "no registrar is left at work");
        }
        prop_assert!(!known || !matches!(books.finished, Some(Outcome::Joined(..))), "it was on no network but the old one");
    }

    #[test]
    fn a_clock_that_jumps_ends_it(deeds in prop::collection::vec((0u64..4000, any::<bool>()), 0..40)) {
        let (mut flow, _) = Flow::start(Plan { target: home(), ways: vec![Way::Join], new_pin: None, registrar: None }, Duration::ZERO);
        let mut now = Duration::ZERO;
        for (by, back) in deeds {
            now = if back { now.saturating_sub(seconds(by)) } else { now + seconds(by) };
            (flow, _) = flow.on(Event::Tick, now);
        }
        let (flow, _) = flow.on(Event::Tick, seconds(1_000_000));
        prop_assert_eq!(flow.wake_at(), None);
    }
}
