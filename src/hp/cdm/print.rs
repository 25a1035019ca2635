//! `/cdm/report/v1/print`: asks for a page by `PATCH`, and tells by `GET` how it goes \[C: Smart Tank 580-590, from what
//! the printer's own web pages send\].
//!
//! ```
//! use std::time::Duration;
//! use plugprint::hp::cdm::alerts::Alerts;
//! use plugprint::hp::cdm::print::{Printing, Progress, Stage};
//!
//! let says = |state, result| Progress::new(state, result);
//! let mut page = Printing::after(&says("idle", "failure"));
//! let none = Alerts::default();
//! assert_eq!(page.on(&says("processing", "failure"), &none, Duration::from_secs(1)), Stage::Printing);
//! assert_eq!(page.on(&says("idle", "success"), &none, Duration::from_secs(9)), Stage::Out);
//! ```

use std::time::Duration;

use super::alerts::{Alerts, Obstacle};
use super::json::{self, Value};
use super::reports::{Page, Version};
use crate::hp::ledm::token::tokens;

/// Where it is \[C\].
pub const PATH: &str = "/cdm/report/v1/print";

/// How long a printer must be idle after it took a page before we believe that the page is out without having been
/// seen printing \[I\].
pub const SETTLING: Duration = Duration::from_secs(15);

tokens! {
    /// `state` \[C\].
    #[expect(missing_docs, reason = "the printer's own words")]
    pub enum State {
        Idle = "idle",
        Processing = "processing",
    }
}

tokens! {
    /// `lastResult` \[C\].
    #[expect(missing_docs, reason = "the printer's own words")]
    pub enum Outcome {
        Success = "success",
        Failure = "failure",
        Canceled = "cancelled",
    }
}

/// How the last page goes, or went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Whether it is at one.
    pub state: State,
    /// What became of the last one; `None` where there was none.
    pub last: Option<Outcome>,
    /// `failureReason`, in the printer's words.
    pub reason: Option<String>,
}

impl Progress {
    /// From the printer's words.
    #[must_use]
    pub fn new(state: &str, last: &str) -> Self {
        Self { state: State::from_word(state), last: Some(Outcome::from_word(last)), reason: None }
    }
}

/// Reads the document.
///
/// # Errors
/// Where it is not well-formed, too much, or has no `state`.
pub fn parse(document: &[u8]) -> Result<Progress, json::Error> {
    let document = json::parse(document)?;
    let state = document.word("state").ok_or(json::Error::Content { what: "it does not say whether it prints" })?;
    Ok(Progress {
        state: State::from_word(state),
        last: document.word("lastResult").map(Outcome::from_word),
        reason: document.member("failureReason").and_then(Value::text).and_then(reason),
    })
}

fn reason(text: &str) -> Option<String> {
    let said = crate::hp::ledm::token::unknown(text);
    (!matches!(said.as_str(), "" | "none")).then_some(said)
}

/// Asks for this page. All three members are needed \[C\].
#[must_use]
pub fn compose(page: Page, version: &Version) -> String {
    // Neither has a character that would have to be escaped.
    format!("{{\"version\":\"{}\",\"reportId\":\"{page}\",\"state\":\"processing\"}}", version.as_str())
}

/// How far a page is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The printer took it, and does not show it yet.
    Waiting,
    /// The printer is at it.
    Printing,
    /// Something is in the way; it goes on once that is dealt with.
    Stopped(Obstacle),
    /// The page is out.
    Out,
    /// Somebody ended it at the panel.
    Canceled,
    /// The printer gave up, for this reason where it says one.
    Failed(Option<String>),
}

/// One page from the moment that the printer took it.
#[derive(Clone, Debug)]
pub struct Printing {
    /// What the printer said of the page before this one.
    before: (Option<Outcome>, Option<String>),
    seen: bool,
    idle_since: Option<Duration>,
    over: Option<Stage>,
}

impl Printing {
    /// A page that was asked for when the printer said this.
    #[must_use]
    pub fn after(before: &Progress) -> Self {
        let before = (before.last.clone(), before.reason.clone());
        Self { before, seen: false, idle_since: None, over: None }
    }

    /// What this means, so long after the printer took the page.
    pub fn on(&mut self, says: &Progress, alerts: &Alerts, since_taken: Duration) -> Stage {
        if let Some(over) = &self.over {
            return over.clone();
        }
        let obstacle = alerts.obstacle().filter(|obstacle| !obstacle.passes);
        if says.state != State::Idle {
            // An unknown word is none for "idle" [I].
            (self.seen, self.idle_since) = (true, None);
            return obstacle.map_or(Stage::Printing, Stage::Stopped);
        }
        // The result is this page's where the printer was seen at it, or where it is another than before.
        let own = self.seen || (says.last.clone(), says.reason.clone()) != self.before;
        let stage = match &says.last {
            Some(Outcome::Canceled) if own => Stage::Canceled,
            Some(Outcome::Failure) if own => Stage::Failed(says.reason.clone()),
            _ if own => Stage::Out,
            _ => match (obstacle, self.idle_since) {
                // Whoever loads paper, and whose page is out before we ask again, has been quick: it settles anew.
                (Some(obstacle), _) => {
                    self.idle_since = None;
                    return Stage::Stopped(obstacle);
                }
                (None, Some(since)) if since_taken.saturating_sub(since) >= SETTLING => Stage::Out,
                (None, since) => {
                    self.idle_since = since.or(Some(since_taken));
                    return Stage::Waiting;
                }
            },
        };
        self.over = Some(stage.clone());
        stage
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::super::alerts;
    use super::super::testing::{fixture, never_panics};
    use super::*;

    fn says(words: &str) -> Progress {
        let mut words = words.split(' ');
        let state = State::from_word(words.next().unwrap());
        Progress { state, last: words.next().map(Outcome::from_word), reason: words.next().map(str::to_owned) }
    }

    fn transcript(before: &str, then: &[(u64, &str, &str)]) -> Vec<Stage> {
        let mut page = Printing::after(&says(before));
        then.iter()
            .map(|(second, words, alert)| {
                let document = format!(r#"{{"alerts":[{{"category":"{alert}","severity":"error"}}]}}"#);
                let alerts = match *alert {
                    "" => Alerts::default(),
                    _ => alerts::parse(document.as_bytes()).unwrap(),
                };
                page.on(&says(words), &alerts, Duration::from_secs(*second))
            })
            .collect()
    }

    #[test]
    fn a_page_like_most() {
        let then = [(0, "processing success", ""), (5, "processing success", ""), (8, "idle success", "")];
        assert_eq!(transcript("idle success", &then), [Stage::Printing, Stage::Printing, Stage::Out]);
    }

    #[test]
    fn a_page_too_short_to_be_seen() {
        let then = [(0, "idle success", ""), (14, "idle success", ""), (15, "idle success", "")];
        assert_eq!(transcript("idle success", &then), [Stage::Waiting, Stage::Waiting, Stage::Out]);
        assert_eq!(transcript("idle failure x", &[(1, "idle success", "")]), [Stage::Out]);
        assert_eq!(transcript("idle", &[(1, "idle success", "")]), [Stage::Out]);
    }

    #[test]
    fn the_failure_of_a_page_before_is_not_this_ones() {
        let then = [(0, "idle failure jam", ""), (15, "idle failure jam", "")];
        assert_eq!(transcript("idle failure jam", &then), [Stage::Waiting, Stage::Out]);
    }

    #[test]
    fn a_page_that_fails_or_is_canceled() {
        let failed = transcript("idle success", &[(0, "processing success", ""), (4, "idle failure outOfMedia", "")]);
        assert_eq!(failed[1], Stage::Failed(Some("outOfMedia".into())));
        let canceled = transcript("idle success", &[(3, "idle cancelled", ""), (9, "idle success", "")]);
        assert_eq!(canceled, [Stage::Canceled, Stage::Canceled]);
    }

    #[test]
    fn a_page_that_waits_for_paper() {
        let then = [(1, "processing success", "trayEmpty"), (60, "processing success", ""), (66, "idle success", "")];
        let stages = transcript("idle success", &then);
        assert!(matches!(&stages[0], Stage::Stopped(obstacle) if obstacle.to_string() == "it is out of paper"));
        assert_eq!(stages[1..], [Stage::Printing, Stage::Out]);
        let then = [(1, "idle success", "trayEmpty"), (60, "idle success", ""), (75, "idle success", "")];
        assert_eq!(transcript("idle success", &then)[1..], [Stage::Waiting, Stage::Out]);
    }

    #[test]
    fn what_is_sent() {
        let version = Version::parse("1.0.0").unwrap();
        assert_eq!(
            compose(Page::NetworkConfigurationReport, &version),
            r#"{"version":"1.0.0","reportId":"networkConfigurationReport","state":"processing"}"#
        );
    }

    #[test]
    fn what_is_said() {
        let progress = parse(&fixture("print.json")).unwrap();
        assert_eq!(progress, Progress::new("idle", "success"));
        assert!(parse(b"{}").is_err());
    }

    #[test]
    fn damaged_documents_end_in_a_value() {
        never_panics("print.json", |bytes| parse(bytes).map(drop));
    }
}
