//! Questions one after the other, each answered by a line of standard input.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior};

use crate::wifi::host::networkmanager::Withheld;
use crate::wifi::passphrase;
use crate::wps::pin;

use super::super::exit::Error;
use super::super::job::Interrupts;
use super::super::progress;
use super::super::prompter::{Answer, Ask, Question, Refusal, Shown, What};
use super::super::terminal::{Line, Lines};
use super::Desk;

/// Who does what was asked, and says so, may cross with the service, which has noticed by itself and asks the next thing.
const CROSSING: Duration = Duration::from_secs(3);

/// How a question and a PIN are shown, and how what is typed is meant.
pub trait Face: Send {
    /// A question is next. `again`: the same was answered just before, and that was not it.
    ///
    /// # Errors
    /// What the terminal or the output says.
    fn open(&mut self, question: &Question, again: bool) -> Result<(), Error>;

    /// A PIN is to be seen from now on.
    ///
    /// # Errors
    /// As [`Face::open`].
    fn pin(&mut self, shown: &Shown) -> Result<(), Error>;

    /// The password of this computer's own network was fetched, or why not.
    ///
    /// # Errors
    /// As [`Face::open`].
    fn fetched(&mut self, fetched: Result<(), Withheld>) -> Result<(), Error>;

    /// A second has passed: what is open, what is shown.
    fn draw(&mut self, question: Option<&Question>, shown: Option<&Shown>);

    /// What was typed is no answer, and why.
    ///
    /// # Errors
    /// As [`Face::open`].
    fn hint(&mut self, why: &str) -> Result<(), Error>;

    /// The question is over: answered, or taken back.
    ///
    /// # Errors
    /// As [`Face::open`].
    fn close(&mut self, question: &Question, answer: Option<&Answer>) -> Result<(), Error>;

    /// Nothing is open or shown any more.
    fn rest(&mut self);

    /// A line that is meant for us and not for the service; whether it was.
    fn takes(&mut self, line: &[u8], url: &str) -> bool;

    /// What an empty line, or the end of the input, means for a secret.
    fn nothing(&self, ended: bool) -> Option<Refusal>;
}

/// What is asked and shown, and by whom it is answered.
pub struct Dialogue<F> {
    face: F,
    lines: Lines,
    interrupts: Interrupts,
    waiting: VecDeque<Question>,
    current: Option<Question>,
    shown: Option<Shown>,
    /// What was answered last.
    last: Option<What>,
    /// Until then an empty line may still be the answer to an action that was taken back.
    crossing: Option<Instant>,
    /// Calls up to this one were taken back.
    withdrawn: u32,
    /// Standard input has ended.
    deaf: bool,
}

impl<F: Face> Dialogue<F> {
    /// Nothing is asked yet.
    ///
    /// # Errors
    /// The system's.
    pub fn new(face: F) -> Result<Self, Error> {
        Ok(Self {
            face,
            lines: Lines::new(),
            interrupts: Interrupts::new()?,
            waiting: VecDeque::new(),
            current: None,
            shown: None,
            last: None,
            crossing: None,
            withdrawn: 0,
            deaf: false,
        })
    }

    async fn run(&mut self, asks: &mut mpsc::Receiver<Ask>) -> Result<Infallible, Error> {
        let mut tick = tokio::time::interval(Duration::from_secs(1));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            self.next()?;
            let busy = self.current.is_some() || self.shown.is_some();
            tokio::select! {
                ask = asks.recv() => match ask {
                    Some(ask) => self.hear(ask)?,
                    None => return std::future::pending().await,
                },
                line = self.lines.next(), if busy && !self.deaf => self.typed(line)?,
                _ = tick.tick(), if busy => self.tick(),
                () = self.interrupts.next(), if busy => self.give_up(u32::MAX, false)?,
            }
        }
    }

    /// Opens the next question when none is open.
    fn next(&mut self) -> Result<(), Error> {
        if self.current.is_none()
            && let Some(question) = self.waiting.pop_front()
        {
            let again = self.last.as_ref() == Some(&question.what) && matches!(question.what, What::Secret(_));
            self.face.open(&question, again)?;
            self.current = Some(question);
            self.draw();
            if self.deaf {
                self.end_with(Err(self.face.nothing(true).unwrap_or_else(Refusal::nobody)))?;
            }
        }
        Ok(())
    }

    fn hear(&mut self, ask: Ask) -> Result<(), Error> {
        match ask {
            Ask::Question(question) if question.serial < self.withdrawn => question.answer(Err(Refusal::declined())),
            Ask::Question(question) => self.waiting.push_back(question),
            Ask::Pin(shown) if shown.serial < self.withdrawn => {}
            Ask::Pin(shown) => {
                self.face.pin(&shown)?;
                self.shown = Some(shown);
                self.draw();
            }
            Ask::Fetched(fetched) => self.face.fetched(fetched)?,
            Ask::Withdraw(serial) => {
                self.withdrawn = self.withdrawn.max(serial);
                self.give_up(serial, true)?;
            }
        }
        Ok(())
    }

    /// Ends what was asked and shown before this call.
    fn give_up(&mut self, serial: u32, withdrawn: bool) -> Result<(), Error> {
        let (old, kept) = std::mem::take(&mut self.waiting).into_iter().partition(|question| question.serial < serial);
        self.waiting = kept;
        for question in Vec::from(old) {
            question.answer(Err(Refusal::declined()));
        }
        self.shown.take_if(|shown| shown.serial < serial);
        if let Some(question) = self.current.as_ref().filter(|question| question.serial < serial) {
            if withdrawn && matches!(question.what, What::Action(_)) {
                self.crossing = Some(Instant::now() + CROSSING);
            }
            self.end_with(Err(Refusal::declined()))?;
        }
        if !withdrawn {
            self.last = None;
        }
        self.rest();
        Ok(())
    }

    fn end_with(&mut self, answer: Result<Answer, Refusal>) -> Result<(), Error> {
        if let Some(question) = self.current.take() {
            let closed = self.face.close(&question, answer.as_ref().ok());
            self.last = answer.is_ok().then(|| question.what.clone());
            question.answer(answer);
            closed?;
        }
        self.rest();
        Ok(())
    }

    fn rest(&mut self) {
        if self.current.is_none() && self.shown.is_none() {
            self.face.rest();
        } else {
            self.draw();
        }
    }

    fn tick(&mut self) {
        let gone = |shown: &mut Shown| progress::seconds_until(shown.about.deadline) == Some(0);
        if self.shown.take_if(gone).is_some() {
            self.rest();
        }
        self.draw();
    }

    fn draw(&mut self) {
        if self.current.is_some() || self.shown.is_some() {
            self.face.draw(self.current.as_ref(), self.shown.as_ref());
        }
    }

    fn typed(&mut self, line: std::io::Result<Option<Line>>) -> Result<(), Error> {
        let line = match line {
            Ok(Some(line)) => line,
            Ok(None) => {
                let refusal = self.face.nothing(true);
                self.deaf = refusal.is_some() || self.current.is_none();
                return match refusal {
                    Some(refusal) => self.end_with(Err(refusal)),
                    None => self.end_with(Err(Refusal::declined())),
                };
            }
            Err(error) if error.kind() == std::io::ErrorKind::InvalidData => return self.hint(&error.to_string()),
            Err(_) => {
                self.deaf = true;
                return self.end_with(Err(Refusal::nobody()));
            }
        };
        let about = self.current.as_ref().map(|question| &question.about).or(self.shown.as_ref().map(|s| &s.about));
        if about.is_some_and(|about| self.face.takes(&line, &about.router_url)) {
            return Ok(());
        }
        let crossed = line.is_empty() && self.crossing.take().is_some_and(|until| Instant::now() < until);
        let Some(question) = &self.current else { return Ok(()) };
        match &question.what {
            _ if crossed => self.hint("this came before it was asked"),
            What::Secret(_) if line.is_empty() => match self.face.nothing(false) {
                Some(refusal) => self.end_with(Err(refusal)),
                None => self.hint("nothing was typed"),
            },
            What::Secret(kind) => match flaw(kind, &line) {
                Some(flaw) => self.hint(&flaw),
                None => self.end_with(Ok(Answer::Secret(line))),
            },
            What::Action(_) => self.end_with(Ok(Answer::Done)),
            What::Confirmation(_) => {
                let word = line.trim_ascii().to_ascii_lowercase();
                let yes = matches!(word.as_slice(), b"y" | b"yes" | b"true");
                self.end_with(Ok(Answer::Confirmed(yes)))
            }
        }
    }

    fn hint(&mut self, why: &str) -> Result<(), Error> {
        self.face.hint(why)?;
        self.draw();
        Ok(())
    }
}

/// Why this can't be such a secret.
fn flaw(kind: &str, line: &[u8]) -> Option<String> {
    match kind {
        "passphrase" => passphrase::parse(line).err().map(|error| error.to_string()),
        // The one on the label is no WPS PIN: nothing is known of its digits.
        "paper-pin" => match std::str::from_utf8(line) {
            Ok(text) => pin::parse(text).err(),
            Err(_) => Some(pin::Error::NotDigits),
        }
        .map(|error| error.to_string()),
        _ => None,
    }
}

impl<F: Face> Desk for Dialogue<F> {
    fn attend<'a>(&'a mut self, asks: &'a mut mpsc::Receiver<Ask>) -> BoxFuture<'a, Result<Infallible, Error>> {
        Box::pin(self.run(asks))
    }
}
