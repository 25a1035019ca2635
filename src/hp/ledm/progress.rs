//! Whether the page is out, from what the printer says about itself while it prints.
//!
//! There is no job to ask about: the `POST` of an internal page gives nothing back. What there is, is the status of
//! the whole printer. It turns to `processing` and back to `ready`; but a short page may never show
//! `processing` at all \[C\]. So a printer that stays ready for [`SETTLING`] counts as done.
//!
//! ```
//! use std::time::Duration;
//! use plugprint::hp::ledm::product_status::{Category, Status};
//! use plugprint::hp::ledm::progress::{Printing, Stage};
//!
//! let says = |category| Status { categories: vec![category], ..Status::default() };
//! let mut page = Printing::default();
//! assert_eq!(page.on(&says(Category::Ready), Duration::from_secs(1)), Stage::Waiting);
//! assert_eq!(page.on(&says(Category::Processing), Duration::from_secs(3)), Stage::Printing);
//! assert_eq!(page.on(&says(Category::Ready), Duration::from_secs(9)), Stage::Out);
//! ```

use std::time::Duration;

use super::product_status::{Blocking, Category, Status};

/// How long a printer must stay ready after it took a job before we believe that the page is out without having
/// been seen printing \[I\].
pub const SETTLING: Duration = Duration::from_secs(15);

/// How far a page is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The printer took the job, and does not show it yet.
    Waiting,
    /// The printer is at it.
    Printing,
    /// Something is in the way; it goes on once that is dealt with.
    Stopped(Blocking),
    /// The page is out.
    Out,
    /// Somebody ended the job at the panel.
    Canceled,
}

/// One page from the moment that the printer took the job.
///
/// ```text
///            processing             ready
///  Waiting ────────────▶ Printing ────────▶ Out
///   │  ▲ ╲ stopped          │  ▲             ▲
///   │  │  ╲         stopped │  │ processing  │
///   │  │   ▼                ▼  │             │
///   │  └── Stopped ◀────────┴──┘             │
///   └───────── ready for SETTLING ───────────┘
/// ```
/// `cancelJob`, then anything else, is `Canceled` from everywhere.
#[derive(Clone, Debug, Default)]
pub struct Printing(State);

#[derive(Clone, Debug)]
enum State {
    Waiting { ready_since: Option<Duration> },
    Printing,
    Stopped(Blocking),
    Canceling,
    Over(Stage),
}

impl Default for State {
    fn default() -> Self {
        Self::Waiting { ready_since: None }
    }
}

impl Printing {
    /// What this status means, so long after the printer took the job.
    pub fn on(&mut self, status: &Status, since_taken: Duration) -> Stage {
        let canceling = status.categories.contains(&Category::CancelJob);
        self.0 = match (std::mem::take(&mut self.0), status.may_print()) {
            (State::Over(stage), _) => State::Over(stage),
            _ if canceling => State::Canceling,
            (State::Canceling, _) => State::Over(Stage::Canceled),
            // A page that waits for paper is still "processing" to some [I].
            (_, Err(blocking)) if !blocking.passes => State::Stopped(blocking),
            _ if status.processing() => State::Printing,
            (State::Printing, Ok(())) => State::Over(Stage::Out),
            (State::Waiting { ready_since: Some(since) }, Ok(())) if since_taken.saturating_sub(since) >= SETTLING => {
                State::Over(Stage::Out)
            }
            (State::Waiting { ready_since: Some(since) }, Ok(())) => State::Waiting { ready_since: Some(since) },
            // Whoever loads paper, and whose page is out before we ask again, has been quick: it settles anew.
            (State::Waiting { ready_since: None } | State::Stopped(_), Ok(())) => {
                State::Waiting { ready_since: Some(since_taken) }
            }
            // Waking up, warming up: nothing for the user to do.
            (State::Printing, Err(_)) => State::Printing,
            (State::Waiting { .. } | State::Stopped(_), Err(_)) => State::Waiting { ready_since: None },
        };
        match &self.0 {
            State::Waiting { .. } => Stage::Waiting,
            State::Printing | State::Canceling => Stage::Printing,
            State::Stopped(blocking) => Stage::Stopped(blocking.clone()),
            State::Over(stage) => stage.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    fn transcript(says: &[(u64, &str)]) -> Vec<String> {
        let mut page = Printing::default();
        says.iter()
            .map(|(second, word)| {
                let status = Status { categories: vec![Category::from_word(word)], alerts: Vec::new() };
                match page.on(&status, Duration::from_secs(*second)) {
                    Stage::Stopped(blocking) => format!("stopped: {blocking}"),
                    stage => format!("{stage:?}").to_lowercase(),
                }
            })
            .collect()
    }

    #[test]
    fn a_page_like_most() {
        let says = [(0, "ready"), (2, "processing"), (6, "processing"), (8, "ready")];
        assert_eq!(transcript(&says), ["waiting", "printing", "printing", "out"]);
    }

    #[test]
    fn a_page_from_sleep() {
        let says =
            [(0, "inPowerSave"), (2, "initializing"), (20, "initializing"), (22, "processing"), (30, "inPowerSave")];
        assert_eq!(transcript(&says), ["waiting", "waiting", "waiting", "printing", "out"]);
    }

    #[test]
    fn a_page_too_short_to_be_seen() {
        assert_eq!(transcript(&[(0, "ready"), (14, "ready"), (15, "ready")]), ["waiting", "waiting", "out"]);
    }

    #[test]
    fn a_page_that_waits_for_paper() {
        let says = [(1, "processing"), (3, "trayEmptyOrOpen"), (60, "processing"), (65, "ready")];
        assert_eq!(
            transcript(&says),
            ["printing", "stopped: it is out of paper, or a tray is open", "printing", "out"]
        );
    }

    #[test]
    fn a_page_that_waits_for_paper_while_it_is_processed() {
        let mut page = Printing::default();
        for order in [["processing", "trayEmpty"], ["trayEmpty", "processing"]] {
            let status = Status { categories: order.map(Category::from_word).to_vec(), alerts: Vec::new() };
            assert!(matches!(page.on(&status, Duration::from_secs(1)), Stage::Stopped(_)), "{order:?}");
        }
    }

    #[test]
    fn a_page_that_came_out_as_soon_as_there_was_paper() {
        let says = [(1, "trayEmptyOrOpen"), (60, "ready"), (61, "ready"), (75, "ready")];
        assert_eq!(transcript(&says)[1..], ["waiting", "waiting", "out"]);
    }

    #[test]
    fn a_printer_that_warms_up_is_not_taken_for_one_that_is_done() {
        let says = [(0, "ready"), (3, "initializing"), (20, "ready"), (34, "ready"), (35, "ready")];
        assert_eq!(transcript(&says), ["waiting", "waiting", "waiting", "waiting", "out"]);
    }

    #[test]
    fn a_page_that_is_canceled_at_the_panel_is_not_out() {
        let says = [(1, "processing"), (3, "cancelJob"), (5, "ready"), (6, "ready")];
        assert_eq!(transcript(&says), ["printing", "printing", "canceled", "canceled"]);
    }
}
