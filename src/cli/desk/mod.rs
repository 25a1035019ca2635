//! Who answers what the service asks on behalf of our job: a person at the terminal, a program that reads our
//! `--json`, or a passphrase that came through standard input.

pub mod browser;
mod dialogue;
mod person;
mod program;
#[cfg(feature = "emulator")]
pub mod scripted;
mod words;

use std::convert::Infallible;

use tokio::sync::mpsc;

use crate::wifi::passphrase;

use super::exit::Error;
use super::output::Output;
use super::prompter::{Answer, Ask, Question, Refusal, What};
use super::terminal::{self, Line, Lines};

/// Somebody who answers.
pub trait Desk: Send {
    /// Answers until this is dropped.
    fn attend<'a>(
        &'a mut self,
        asks: &'a mut mpsc::Receiver<Ask>,
    ) -> futures_util::future::BoxFuture<'a, Result<Infallible, Error>>;
}

/// Who can answer here; nobody, where neither a terminal nor a program is.
///
/// # Errors
/// What is wrong with what standard input has, with `--stdin`.
pub async fn here(output: Output, stdin: bool) -> Result<Option<Box<dyn Desk>>, Error> {
    if stdin {
        return Ok(Some(Box::new(Piped(Some(piped_passphrase().await?)))));
    }
    if output.is_json() {
        return Ok(Some(Box::new(dialogue::Dialogue::new(program::Program::new(output))?)));
    }
    if terminal::has_person() {
        return Ok(Some(Box::new(dialogue::Dialogue::new(person::Person::new(output))?)));
    }
    Ok(None)
}

/// The first line of standard input, which must be a passphrase.
///
/// # Errors
/// [`Error::Usage`] where it is none.
pub async fn piped_passphrase() -> Result<Line, Error> {
    let line = Lines::new().next().await.map_err(Error::file("reading the password from standard input"))?;
    let line =
        line.ok_or_else(|| Error::Usage("Standard input is empty; its first line must be the password.".into()))?;
    passphrase::parse(&line).map_err(|error| Error::Usage(format!("The password can't be one: {error}.")))?;
    Ok(line)
}

/// `--stdin`: the passphrase is answered once, and nothing else.
struct Piped(Option<Line>);

impl Piped {
    fn answer(&mut self, question: Question) {
        let answer = match &question.what {
            What::Secret(kind) if kind == "passphrase" => self.0.take().map(Answer::Secret),
            _ => None,
        };
        question.answer(answer.ok_or_else(Refusal::nobody));
    }
}

impl Desk for Piped {
    fn attend<'a>(
        &'a mut self,
        asks: &'a mut mpsc::Receiver<Ask>,
    ) -> futures_util::future::BoxFuture<'a, Result<Infallible, Error>> {
        Box::pin(async move {
            loop {
                match asks.recv().await {
                    Some(Ask::Question(question)) => self.answer(question),
                    Some(Ask::Pin(_) | Ask::Fetched(_) | Ask::Withdraw(_)) => {}
                    None => std::future::pending().await,
                }
            }
        })
    }
}
