//! A program that reads our `--json`: each question is an object on standard output, and the next line of standard
//! input its answer.

use serde_json::{Value, json};

use crate::wifi::host::networkmanager::Withheld;

use super::super::exit::Error;
use super::super::output::Output;
use super::super::progress;
use super::super::prompter::{About, Answer, Question, Refusal, Shown, What};
use super::dialogue::Face;
use super::words::sentence;

/// Reads one object a line, and writes one answer a line.
pub struct Program {
    output: Output,
}

impl Program {
    /// On these outputs.
    #[must_use]
    pub fn new(output: Output) -> Self {
        Self { output }
    }
}

fn about(about: &About) -> serde_json::Map<String, Value> {
    let mut object = serde_json::Map::new();
    if let Some(ssid) = &about.ssid {
        object.insert("ssid".to_owned(), ssid.to_string().into());
        object.insert("ssid_hex".to_owned(), ssid.to_hex().into());
    }
    object.insert("deadline".to_owned(), about.deadline.into());
    object.insert("seconds_left".to_owned(), progress::seconds_until(about.deadline).into());
    for (name, text) in [("router", &about.router), ("router_url", &about.router_url)] {
        if !text.is_empty() {
            object.insert(name.to_owned(), text.clone().into());
        }
    }
    object
}

impl Face for Program {
    fn open(&mut self, question: &Question, again: bool) -> Result<(), Error> {
        let mut object = about(&question.about);
        let (kind, what) = match &question.what {
            What::Secret(what) => ("secret", what),
            What::Action(what) => ("action", what),
            What::Confirmation(what) => ("confirmation", what),
        };
        object.insert("event".to_owned(), "prompt".into());
        object.insert("kind".to_owned(), kind.into());
        object.insert("what".to_owned(), what.clone().into());
        object.insert("text".to_owned(), sentence(&question.what, &question.about).into());
        object.insert("again".to_owned(), again.into());
        self.output.json(&object.into())
    }

    fn pin(&mut self, shown: &Shown) -> Result<(), Error> {
        let mut object = about(&shown.about);
        object.insert("event".to_owned(), "display-pin".into());
        object.insert("pin".to_owned(), shown.pin.expose().into());
        self.output.json(&object.into())
    }

    fn fetched(&mut self, fetched: Result<(), Withheld>) -> Result<(), Error> {
        self.output.json(&json!({
            "event": "own-password",
            "fetched": fetched.is_ok(),
            "reason": fetched.err().map(|why| why.to_string()),
        }))
    }

    fn draw(&mut self, _question: Option<&Question>, _shown: Option<&Shown>) {}

    fn hint(&mut self, why: &str) -> Result<(), Error> {
        self.output.json(&json!({ "event": "prompt-again", "reason": why }))
    }

    fn close(&mut self, _question: &Question, answer: Option<&Answer>) -> Result<(), Error> {
        match answer {
            Some(_) => Ok(()),
            None => self.output.json(&json!({ "event": "prompt-withdrawn" })),
        }
    }

    fn rest(&mut self) {}

    fn takes(&mut self, _line: &[u8], _url: &str) -> bool {
        false
    }

    fn nothing(&self, ended: bool) -> Option<Refusal> {
        Some(if ended { Refusal::nobody() } else { Refusal::declined() })
    }
}
