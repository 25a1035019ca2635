//! The ways by WPS and by the panel: the printer and its network meet, and the printer tells when they have.

use std::time::Duration;

use super::state::{Enrolment, Held, Open, Poll, State, panel};
use super::words::{Act, Action, News, Order, Question, Reply, Typed, Unanswered};
use super::{AGAIN, ERRAND, Flow, HOLD, PATIENCE, PIN, PRINT, TRIES, VERIFY, WALK};
use crate::setup::diagnosis::{Failure, Step};
use crate::setup::route::{Source, Way};
use crate::wps::pin::{self, Kind};

impl Flow {
    pub(super) fn begin_pin(&mut self, source: Source, now: Duration) {
        if let Some(held) = self.unused.take().filter(|held| now < held.good_until) {
            return self.enrol(held, now);
        }
        match source {
            Source::Pulled => {
                let asked = self.asked(PIN, now);
                self.enter(State::ReadingPin(asked));
            }
            Source::Paper(report) => {
                let asked = self.asked(PRINT, now);
                self.enter(State::Printing { asked, report });
            }
            Source::Generated => match self.new_pin.take() {
                Some(pin) => {
                    let asked = self.asked(PIN, now);
                    self.enter(State::WritingPin { asked, pin });
                }
                None => self.fail(Failure::NotExposed(Step::WritePin), now),
            },
        }
    }

    pub(super) fn ask_paper(&mut self, tries: u32, now: Duration) {
        let open = self.ask(Question::PaperPin, ERRAND, now);
        self.enter(State::AskingPin { open, tries });
    }

    /// What was read from the paper; its checksum shows most slips, and then it is asked for again.
    pub(super) fn paper_pin(&mut self, typed: &Typed, tries: u32, now: Duration) {
        let text = std::str::from_utf8(typed.expose()).map_err(|_| pin::Error::NotDigits);
        match text.and_then(pin::parse) {
            Ok(pin) => self.enrol(Held { pin, kind: Kind::Unknown, good_until: now + HOLD }, now),
            Err(_) if tries + 1 < TRIES => self.ask_paper(tries + 1, now),
            Err(why) => self.fail_for_good(Failure::InvalidPin(why)),
        }
    }

    /// Uses a PIN: hands it to the registrar, or shows it to a person.
    pub(super) fn enrol(&mut self, held: Held, now: Duration) {
        let poll = Poll::Due(now);
        if let Way::Typed(_) = self.way {
            let Held { pin, kind, good_until: until } = held;
            self.actions.push(Action::DisplayPin(pin, until));
            let open = self.ask(Question::Act(Act::TypePinAtRouter), until.saturating_sub(now), now);
            return self.enter(State::Enrolling { by: Enrolment::Typed { kind }, poll, until, open: Some(open) });
        }
        let until = held.good_until.min(now + HOLD);
        let registrar = self.next_ticket();
        self.actions.push(Action::Registrar(registrar, Order::Enrol(held.pin.clone(), until)));
        let (again_at, ask_at) = (now + AGAIN, Some(now + PATIENCE));
        let by = Enrolment::Pin { registrar, held, again_at, ask_at, seen: false };
        self.enter(State::Enrolling { by, poll, until, open: None });
    }

    pub(super) fn begin_buttons(&mut self, now: Duration) {
        let open = Some(self.ask(Question::Act(Act::PressPrinterButton), ERRAND, now));
        let poll = Poll::Due(now);
        self.enter(State::Enrolling { by: Enrolment::FirstButton, poll, until: now + ERRAND, open });
    }

    /// The printer's button was pressed, and from now on there are two minutes.
    fn second_button(&mut self, now: Duration) {
        let (poll, until) = (Poll::Due(now), now + WALK);
        let (registrar, open) = if let Way::Button { registrar: true } = self.way {
            let registrar = self.next_ticket();
            self.actions.push(Action::Registrar(registrar, Order::PushButton(until)));
            (Some(registrar), None)
        } else {
            (None, Some(self.ask(Question::Act(Act::PressRouterButton), WALK, now)))
        };
        self.enter(State::Enrolling { by: Enrolment::SecondButton { registrar }, poll, until, open });
    }

    pub(super) fn begin_panel(&mut self, steps: &'static [&'static str], now: Duration) {
        let (poll, until) = (Poll::Due(now), now + ERRAND);
        let Some((first, steps)) = steps.split_first() else {
            return self.fail(Failure::NotExposed(Step::Guide), now);
        };
        let open = Some(self.ask(panel(first), ERRAND, now));
        self.enter(State::Enrolling { by: Enrolment::Panel { steps }, poll, until, open });
    }

    /// A person who helps the two to meet.
    pub(super) fn hear_helper(&mut self, answer: &Result<Reply, Unanswered>, now: Duration) {
        let State::Enrolling { by, open, until, .. } = &mut self.state else { return };
        let until = *until;
        *open = None; // it is answered
        match (by, answer) {
            (_, Err(Unanswered::Declined) | Ok(Reply::No)) => {
                self.fail_for_good(Failure::Canceled { written: self.written });
            }
            // The printer may do without a person here, and the PIN may have been shown already.
            (Enrolment::Pin { .. }, Err(Unanswered::NoPrompter)) => {}
            (_, Err(Unanswered::NoPrompter)) => self.fail_for_good(Failure::NoPrompter),
            (Enrolment::FirstButton, Ok(_)) => self.second_button(now),
            (Enrolment::Panel { steps }, Ok(_)) => match steps.split_first() {
                Some((next, rest)) => {
                    *steps = rest;
                    let open = self.ask(panel(next), until.saturating_sub(now), now);
                    self.reopen(open);
                }
                None => self.verify(VERIFY, false, Some(Failure::TimedOut { step: Step::Guide }), now),
            },
            (Enrolment::Pin { .. } | Enrolment::Typed { .. } | Enrolment::SecondButton { .. }, Ok(_)) => {}
        }
    }

    fn reopen(&mut self, asked: Open) {
        if let State::Enrolling { open, .. } = &mut self.state {
            *open = Some(asked);
        }
    }

    /// What the registrar says moves things on or ends them; that the printer joined, only the printer says.
    pub(super) fn hear_registrar(&mut self, news: &News, now: Duration) {
        let step = self.state.step();
        let failure = match news {
            News::Seen => {
                let State::Enrolling { by: Enrolment::Pin { ask_at, seen, .. }, open, .. } = &mut self.state else {
                    return;
                };
                (*seen, *ask_at) = (true, None);
                if let Some(open) = open.take() {
                    self.actions.push(Action::Withdraw(open.ticket));
                }
                return;
            }
            News::Succeeded => return self.verify(VERIFY, true, None, now),
            News::Failed { message, config_error } => match Failure::of_registrar(*message, *config_error) {
                Some(failure) => failure,
                None => return,
            },
            News::TimedOut => Failure::TimedOut { step },
            News::Overlap => Failure::SessionOverlap,
            News::Locked => Failure::RegistrarLocked,
            News::Unreachable => Failure::RegistrarUnreachable,
        };
        if let State::Enrolling { by: Enrolment::Pin { held, seen, .. }, .. } = &self.state {
            match failure {
                // It never met the printer: the PIN is as good as new.
                Failure::RegistrarLocked | Failure::RegistrarUnreachable if !*seen => self.unused = Some(held.clone()),
                // Each failure tells a listener more of a PIN that stays.
                _ => self.burnt |= held.kind == Kind::Static,
            }
        }
        self.fail(failure, now);
    }

    /// What goes on beside the looking, also while the printer is off USB.
    pub(super) fn accompany(&mut self, now: Duration) {
        let State::Enrolling { by: Enrolment::Pin { registrar, held, again_at, ask_at, .. }, until, .. } =
            &mut self.state
        else {
            return;
        };
        let until = *until;
        if now >= until {
            *again_at = until + AGAIN;
            *ask_at = None;
            return;
        }
        if now >= *again_at {
            *again_at = now + AGAIN;
            self.actions.push(Action::Registrar(*registrar, Order::Again(held.pin.clone(), until)));
        }
        if ask_at.take_if(|at| now >= *at).is_some() {
            let open = self.ask(Question::Act(Act::StartWpsOnPanel), until.saturating_sub(now), now);
            self.reopen(open);
        }
    }
}
