//! A person at the terminal.

use zeroize::Zeroizing;

use crate::wifi::host::networkmanager::Withheld;
use crate::wps::pin;

use super::super::exit::Error;
use super::super::output::Output;
use super::super::progress::{self, Board};
use super::super::prompter::{About, Answer, Question, Refusal, Shown, What};
use super::super::terminal::Quiet;
use super::browser;
use super::dialogue::Face;
use super::words::{self, label, sentence};

/// Sees standard error and types on standard input, unseen.
pub struct Person {
    output: Output,
    board: Board,
    quiet: Option<Quiet>,
    hint: String,
}

impl Person {
    /// Nothing is on the terminal yet.
    #[must_use]
    pub fn new(output: Output) -> Self {
        Self { output, board: Board::default(), quiet: None, hint: String::new() }
    }

    fn quiet(&mut self) -> Result<(), Error> {
        match &self.quiet {
            Some(quiet) => quiet.flush(),
            None => self.quiet = Some(Quiet::new()?),
        }
        Ok(())
    }

    fn note(&mut self, text: &str) {
        self.board.clear();
        if !text.is_empty() {
            // A status line may be there.
            self.output.note(format_args!("\r\x1b[2K{text}"));
        }
    }
}

impl Face for Person {
    fn open(&mut self, question: &Question, again: bool) -> Result<(), Error> {
        self.hint.clear();
        self.note(&sentence(&question.what, &question.about));
        if again {
            self.note("That was not it; once more.");
        }
        self.quiet()
    }

    fn pin(&mut self, shown: &Shown) -> Result<(), Error> {
        self.note("This is the printer's WPS PIN. Type it at the router, where a client is added by WPS PIN.");
        let (router, url) = (&shown.about.router, &shown.about.router_url);
        match (router.is_empty(), url.is_empty()) {
            (_, false) => self.note(&format!("The router's own page should be at {url}")),
            (false, true) => self.note(&format!("The router's address is {router}")),
            (true, true) => {}
        }
        self.quiet()
    }

    fn fetched(&mut self, fetched: Result<(), Withheld>) -> Result<(), Error> {
        self.note(&words::fetched(fetched));
        Ok(())
    }

    fn draw(&mut self, question: Option<&Question>, shown: Option<&Shown>) {
        let mut lines: Vec<Zeroizing<String>> = Vec::new();
        let mut bold = None;
        if let Some(shown) = shown {
            lines.push(Zeroizing::default());
            bold = Some(lines.len());
            lines.push(Zeroizing::new(format!("    {}", *pin::grouped(&shown.pin))));
            lines.push(Zeroizing::default());
        }
        if !self.hint.is_empty() {
            lines.push(Zeroizing::new(self.hint.clone()));
        }
        let about = question.map(|question| &question.about).or(shown.map(|shown| &shown.about));
        if let Some(about) = about {
            lines.push(Zeroizing::new(prompt(question.map(|question| &question.what), about)));
        }
        self.board.show(&lines, bold);
    }

    fn hint(&mut self, why: &str) -> Result<(), Error> {
        self.hint = format!("That can't be it: {why}.");
        Ok(())
    }

    fn close(&mut self, question: &Question, answer: Option<&Answer>) -> Result<(), Error> {
        self.hint.clear();
        match (answer, &question.what) {
            (Some(Answer::Secret(_)), What::Secret(kind)) => {
                self.note(&format!("{}: ********", label(kind, &question.about)));
            }
            (Some(Answer::Confirmed(false)), What::Confirmation(what)) if what == "share-network" => {
                self.note("No. Its password was not looked at. Another network can be named with --ssid.");
            }
            (Some(Answer::Confirmed(yes)), _) => self.note(if *yes { "Yes." } else { "No." }),
            _ => self.board.clear(),
        }
        Ok(())
    }

    fn rest(&mut self) {
        self.board.clear();
        self.quiet = None;
    }

    fn takes(&mut self, line: &[u8], url: &str) -> bool {
        let wanted = line.trim_ascii().eq_ignore_ascii_case(b"o") && browser::can_open(url);
        if wanted && !browser::open(url) {
            self.hint = "The browser did not start.".to_owned();
        }
        wanted
    }

    fn nothing(&self, _ended: bool) -> Option<Refusal> {
        None
    }
}

/// The line behind which the cursor stays.
fn prompt(what: Option<&What>, about: &About) -> String {
    let left = match progress::seconds_until(about.deadline) {
        None => String::new(),
        Some(0) => "time is up".to_owned(),
        Some(seconds) => format!("{} left", progress::minutes(seconds)),
    };
    let mut remarks = vec![left];
    let text = match what {
        Some(What::Secret(kind)) => {
            remarks.insert(0, "not shown".to_owned());
            label(kind, about)
        }
        Some(What::Action(_)) => "Press Enter when that is done".to_owned(),
        Some(What::Confirmation(_)) => "Is that all right? y or n".to_owned(),
        None => "Waiting for the router".to_owned(),
    };
    if !matches!(what, Some(What::Secret(_) | What::Confirmation(_))) && browser::can_open(&about.router_url) {
        remarks.push("o and Enter: open the router's page".to_owned());
    }
    remarks.retain(|remark| !remark.is_empty());
    if remarks.is_empty() { format!("{text}: ") } else { format!("{text} ({}): ", remarks.join("; ")) }
}
