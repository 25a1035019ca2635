//! A person whose answers are written down beforehand, and the words of a set-up.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use plugprint::agent::prompt::{Act, Ask, BoxFuture, Prompter, Question, Reply, Shown, Typed, Unanswered};
use plugprint::agent::view::{JobId, Setup, StartOptions, Task};
use plugprint::emulator::Options;
use plugprint::setup::flow::Target;
use plugprint::setup::route::{Route, Wish};
use plugprint::wifi::Ssid;
use zeroize::Zeroizing;

/// A printer that is on no network.
pub fn fresh() -> Options {
    Options { connected: false, ..Options::default() }
}

pub fn ssid(name: impl AsRef<[u8]>) -> Ssid {
    Ssid::new(name).unwrap()
}

/// This network, of which nothing else is known.
pub fn target(name: impl AsRef<[u8]>) -> Target {
    Target { ssid: Some(ssid(name)), ..Target::default() }
}

/// The whole way to it.
pub fn setup(target: Target) -> Task {
    by(target, Wish::default())
}

/// The way to it that is wished for.
pub fn by(target: Target, wish: Wish) -> Task {
    Task::Setup(Box::new(Setup { target, wish, explain: false }))
}

/// This route and no other, what is only assumed too.
pub fn only(route: Route) -> Wish {
    Wish { route: Some(route), experimental: true, ..Wish::default() }
}

/// What a person does when asked.
pub enum Answer {
    Types(String),
    Does,
    /// Does this, and says so.
    Acts(Box<dyn FnOnce() + Send>),
    Refuses,
    Declines,
    Leaves,
    /// Never answers.
    Waits,
}

/// A person.
pub struct Person {
    script: Mutex<VecDeque<(String, Answer)>>,
    heard: Mutex<Vec<String>>,
    /// The PINs that were shown.
    shown: Mutex<Vec<String>>,
}

impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Person")
    }
}

impl Person {
    pub fn new() -> Arc<Self> {
        Arc::new(Self { script: Mutex::default(), heard: Mutex::default(), shown: Mutex::default() })
    }

    /// How a job of this person is started.
    pub fn options(self: &Arc<Self>) -> StartOptions {
        StartOptions { prompter: Some(Arc::clone(self) as _), ..StartOptions::default() }
    }

    /// Answers so when asked for this; questions that are not in the script are never answered.
    pub fn answers(self: Arc<Self>, action: &str, answer: Answer) -> Arc<Self> {
        self.script.lock().unwrap().push_back((action.to_owned(), answer));
        self
    }

    pub fn types(self: Arc<Self>, action: &str, text: &str) -> Arc<Self> {
        self.answers(action, Answer::Types(text.to_owned()))
    }

    /// What it was asked, in order. What begins with `taken back` was.
    pub fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }

    pub fn shown(&self) -> Vec<String> {
        self.shown.lock().unwrap().clone()
    }

    fn note(&self, what: String) {
        self.heard.lock().unwrap().push(what);
    }
}

fn named(question: &Question) -> (&'static str, String) {
    match question {
        Question::Passphrase(ssid) => ("enter-passphrase", format!("enter-passphrase for {ssid}")),
        Question::OwnPassphrase { ssid, connection } => {
            ("enter-passphrase", format!("enter-passphrase for {ssid}, kept as {connection}"))
        }
        Question::PaperPin => ("enter-paper-pin", "enter-paper-pin".to_owned()),
        Question::AdminPassword => ("enter-admin-password", "enter-admin-password".to_owned()),
        Question::LabelPin => ("enter-label-pin", "enter-label-pin".to_owned()),
        Question::ShareNetwork { ssid, .. } => ("confirm-network", format!("confirm-network {ssid}")),
        Question::Act(act) => {
            let name = match act {
                Act::StartWpsOnPanel => "start-wps-on-panel",
                Act::TypePinAtRouter => "type-pin-at-router",
                Act::PressPrinterButton | Act::PressLitButton => "press-printer-button",
                Act::PressRouterButton => "press-router-button",
                Act::Panel(_) => "follow-panel",
            };
            (name, name.to_owned())
        }
    }
}

/// Notes that a question was taken back, unless it was answered.
struct Open<'a>(&'a Person, Option<&'static str>);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        if let Some(name) = self.1 {
            self.0.note(format!("taken back: {name}"));
        }
    }
}

impl Prompter for Person {
    fn is_there(&self) -> bool {
        true
    }

    fn ask<'a>(&'a self, _: &'a JobId, ask: Ask) -> BoxFuture<'a, Result<Reply, Unanswered>> {
        Box::pin(async move {
            let (name, shown) = named(&ask.question);
            self.note(shown);
            let answer = {
                let mut script = self.script.lock().unwrap();
                match script.front() {
                    Some((wanted, _)) if wanted == name => script.pop_front().unwrap().1,
                    _ => Answer::Waits,
                }
            };
            let mut open = Open(self, Some(name));
            if matches!(answer, Answer::Waits) {
                std::future::pending::<()>().await;
            }
            open.1 = None;
            match answer {
                Answer::Types(text) => Ok(Reply::Secret(Typed::new(Zeroizing::new(text.into_bytes())))),
                Answer::Does => Ok(Reply::Yes),
                Answer::Acts(act) => {
                    act();
                    Ok(Reply::Yes)
                }
                Answer::Refuses => Ok(Reply::No),
                Answer::Declines => Err(Unanswered::Declined),
                Answer::Leaves | Answer::Waits => Err(Unanswered::NoPrompter),
            }
        })
    }

    fn display_pin<'a>(&'a self, _: &'a JobId, shown: Shown) -> BoxFuture<'a, Result<(), Unanswered>> {
        Box::pin(async move {
            self.note("pin shown".to_owned());
            self.shown.lock().unwrap().push(shown.pin.expose().to_owned());
            Ok(())
        })
    }

    fn release<'a>(&'a self, _: &'a JobId, reason: &'a str) -> BoxFuture<'a, ()> {
        Box::pin(async move { self.note(format!("release: {reason}")) })
    }
}
