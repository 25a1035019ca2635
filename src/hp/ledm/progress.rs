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

/// How long a printer may stay ready after it took a job before we believe that the page is out without having
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
}

/// One page from the moment that the printer took the job.
#[derive(Clone, Debug, Default)]
pub struct Printing {
    seen: bool,
}

impl Printing {
    /// What this status means, so long after the printer took the job.
    pub fn on(&mut self, status: &Status, since_taken: Duration) -> Stage {
        if status.processing() {
            self.seen = true;
            return Stage::Printing;
        }
        match status.may_print() {
            Ok(()) if self.seen || since_taken >= SETTLING => Stage::Out,
            Ok(()) => Stage::Waiting,
            // Waking up, warming up: not yet our page, and nothing for the user to do.
            Err(blocking) if blocking.passes && blocking.category != Some(Category::CancelJob) => Stage::Waiting,
            Err(blocking) => Stage::Stopped(blocking),
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
    fn a_page_that_is_cancelled_on_the_panel() {
        assert_eq!(transcript(&[(1, "processing"), (3, "cancelJob")])[1], "stopped: it is cancelling a job");
    }
}
