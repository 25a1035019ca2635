//! A printer that does something only for its administrator, or for whom it has let in.

use std::time::Duration;

use super::limits::{ASK, PRESS};
use super::state::State;
use super::words::{Act, Action, Answer, Key, Question, Trouble, Typed};
use super::{Flow, Open};
use crate::setup::diagnosis::{Failure, Step};

impl Flow {
    /// The printer wants to be shown something. A person is asked for it once; a printer that still wants it was shown
    /// the wrong one.
    pub(super) fn locked(&mut self, then: State, key: Key, now: Duration) {
        if let Some(shown) = self.shown {
            return self.fail_for_good(Failure::AuthFailed(shown));
        }
        if let State::Writing { .. } = then {
            self.written = false;
        }
        let then = Box::new(then);
        let question = match key {
            Key::Button => {
                let open = Some(self.ask(Question::Act(Act::PressLitButton), PRESS, now));
                let asked = self.asked(PRESS, now);
                return self.enter(State::PressingButton { asked, open, then });
            }
            Key::LabelPin => Question::LabelPin,
            Key::Password => Question::AdminPassword,
        };
        let open = self.ask(question, ASK, now);
        self.enter(State::AskingPassword { open, key, then });
    }

    /// Shows it to the printer, and asks again for what it wanted it for.
    pub(super) fn show(&mut self, key: Key, typed: Typed, then: State, now: Duration) {
        self.shown = Some(key);
        self.actions.push(Action::LogIn(key, typed));
        self.state = then;
        self.send_again(now);
    }

    /// What came of the button.
    pub(super) fn pressed(&mut self, answer: Result<Answer, Trouble>, open: Option<Open>, then: State, now: Duration) {
        if let Some(open) = open {
            self.actions.push(Action::Withdraw(open.ticket));
        }
        match answer {
            Ok(_) => {
                self.shown = Some(Key::Button);
                self.state = then;
                self.send_again(now);
            }
            Err(Trouble::AuthRequired | Trouble::NotLetIn(_)) => self.fail_for_good(Failure::AuthFailed(Key::Button)),
            Err(trouble) => self.fail_for_good(trouble.at(Step::Ask)),
        }
    }
}
