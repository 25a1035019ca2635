//! Somebody whose answers are known beforehand: for the demonstration, which tells what they type.

use std::collections::VecDeque;
use std::convert::Infallible;

use futures_util::future::BoxFuture;
use tokio::sync::mpsc;
use zeroize::Zeroizing;

use super::super::exit::Error;
use super::super::output::Output;
use super::super::progress;
use super::super::prompter::{Answer, Ask, Question, Refusal, What};
use super::Desk;
use super::words::{label, sentence};

/// Answers each question for a secret with the next one, and everything else with yes.
pub struct Scripted {
    output: Output,
    secrets: VecDeque<&'static str>,
}

impl Scripted {
    /// With these secrets, in order.
    #[must_use]
    pub fn new(output: Output, secrets: impl IntoIterator<Item = &'static str>) -> Self {
        Self { output, secrets: secrets.into_iter().collect() }
    }

    fn tell(&self, text: &str) -> Result<(), Error> {
        if self.output.is_json() || text.is_empty() {
            return Ok(());
        }
        if self.output.has_status_line() {
            progress::wipe();
        }
        self.output.line(text)
    }

    fn answer(&mut self, question: Question) -> Result<(), Error> {
        self.tell(&sentence(&question.what, &question.about))?;
        let answer = match &question.what {
            What::Secret(kind) => match self.secrets.pop_front() {
                Some(secret) => {
                    self.tell(&format!("{} (you type it; it is not shown): ********", label(kind, &question.about)))?;
                    Ok(Answer::Secret(Zeroizing::new(secret.as_bytes().to_owned())))
                }
                None => Err(Refusal::nobody()),
            },
            What::Action(_) => {
                self.tell("(You do it, and press Enter.)")?;
                Ok(Answer::Done)
            }
            What::Confirmation(_) => {
                self.tell("Is that all right? y")?;
                Ok(Answer::Confirmed(true))
            }
        };
        question.answer(answer);
        Ok(())
    }
}

impl Desk for Scripted {
    fn attend<'a>(&'a mut self, asks: &'a mut mpsc::Receiver<Ask>) -> BoxFuture<'a, Result<Infallible, Error>> {
        Box::pin(async move {
            loop {
                match asks.recv().await {
                    Some(Ask::Question(question)) => self.answer(question)?,
                    Some(Ask::Fetched(fetched)) => self.tell(&super::words::fetched(fetched))?,
                    Some(Ask::Pin(_) | Ask::Withdraw(_)) => {}
                    None => std::future::pending().await,
                }
            }
        })
    }
}
