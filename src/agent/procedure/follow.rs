//! When is a page out? The printer only says what it is doing, whenever it is asked. Pure: handed what was
//! seen and when.

use std::time::Duration;

use tokio::time::Instant;

/// How long a printer that was sent a page may stay `ready` before the page counts as out. A short page may
/// never show `processing` between two questions (hp.md 2.2 [C]); how long a printer takes to begin is not
/// known [I].
const SETTLED: Duration = Duration::from_secs(6);

/// What the printer was seen doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// It works on a job.
    Processing,
    /// It has nothing to do.
    Ready,
    /// It waits for somebody to do this.
    Held(&'static str),
    /// It says none of these: warming up, initializing, a word that we don't know.
    Other,
    /// Somebody ends the job at its panel.
    Canceling,
}

/// What that means for the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It was taken, and has not been seen in work.
    Waiting,
    /// It is coming.
    Printing,
    /// It comes when somebody has done this.
    Held(&'static str),
    /// It lies in the tray, as far as the printer tells.
    Out,
    /// It was ended at the panel.
    Canceled,
}

/// ```text
///            processing              ready
///  Waiting ─────────────▶ Printing ─────────▶ Out
///   │  ▲ ╲                 │   ▲               ▲
///   │  │  ╲ held      held │   │ processing    │
///   │  │   ▼               ▼   │               │
///   │  └── Held ◀─────────────┴┘               │
///   │   anything else                          │
///   └──────────── ready for SETTLED ───────────┘
/// ```
/// `canceling`, followed by anything else, ends it from everywhere.
#[derive(Debug)]
pub(super) struct Follow(State);

#[derive(Debug)]
enum State {
    Waiting { ready_since: Option<Instant> },
    Printing,
    Held(&'static str),
    Canceling,
    Over(Verdict),
}

impl Follow {
    /// The page has just been taken.
    pub(super) fn new() -> Self {
        Self(State::Waiting { ready_since: None })
    }

    /// Takes in what was seen.
    pub(super) fn on(&mut self, seen: Seen, now: Instant) -> Verdict {
        self.0 = match (&self.0, seen) {
            (State::Over(verdict), _) => State::Over(*verdict),
            (_, Seen::Canceling) => State::Canceling,
            (State::Canceling, _) => State::Over(Verdict::Canceled),
            (_, Seen::Processing) => State::Printing,
            (_, Seen::Held(what)) => State::Held(what),
            (State::Printing, Seen::Ready) => State::Over(Verdict::Out),
            (State::Printing, Seen::Other) => State::Printing,
            (State::Waiting { ready_since: Some(since) }, Seen::Ready) if now.duration_since(*since) >= SETTLED => {
                State::Over(Verdict::Out)
            }
            (State::Waiting { ready_since: Some(since) }, Seen::Ready) => State::Waiting { ready_since: Some(*since) },
            // Whoever loads paper and whose page is out before we ask again has been quick: it has to settle too.
            (State::Waiting { ready_since: None } | State::Held(_), Seen::Ready) => {
                State::Waiting { ready_since: Some(now) }
            }
            (State::Waiting { .. } | State::Held(_), Seen::Other) => State::Waiting { ready_since: None },
        };
        match &self.0 {
            State::Waiting { .. } => Verdict::Waiting,
            State::Printing | State::Canceling => Verdict::Printing,
            State::Held(what) => Verdict::Held(what),
            State::Over(verdict) => *verdict,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAPER: Seen = Seen::Held("load-paper");

    /// One question each second.
    fn follow(seen: &[Seen]) -> Vec<Verdict> {
        let began = Instant::now();
        let mut follow = Follow::new();
        let seconds = (0..).map(|second| began + Duration::from_secs(second));
        seen.iter().zip(seconds).map(|(seen, now)| follow.on(*seen, now)).collect()
    }

    #[test]
    fn a_page_that_was_seen_in_work_is_out_when_the_printer_is_ready() {
        assert_eq!(
            follow(&[Seen::Ready, Seen::Processing, Seen::Processing, Seen::Other, Seen::Ready]),
            [Verdict::Waiting, Verdict::Printing, Verdict::Printing, Verdict::Printing, Verdict::Out]
        );
    }

    #[test]
    fn a_page_that_was_never_seen_in_work_is_out_when_the_printer_has_stayed_ready() {
        let verdicts = follow(&[Seen::Ready; 8]);
        assert_eq!(verdicts.iter().position(|verdict| *verdict == Verdict::Out), Some(6));
    }

    #[test]
    fn a_printer_that_warms_up_is_not_taken_for_one_that_is_done() {
        let mut seen = vec![Seen::Ready, Seen::Ready, Seen::Ready];
        seen.extend([Seen::Other; 10]);
        seen.extend([Seen::Ready; 6]);
        assert!(!follow(&seen).contains(&Verdict::Out));
    }

    #[test]
    fn out_of_paper_holds_the_page_until_somebody_loads_some() {
        assert_eq!(
            follow(&[Seen::Processing, PAPER, PAPER, Seen::Processing, Seen::Ready]),
            [
                Verdict::Printing,
                Verdict::Held("load-paper"),
                Verdict::Held("load-paper"),
                Verdict::Printing,
                Verdict::Out
            ]
        );
        assert_eq!(follow(&[PAPER, Seen::Ready, Seen::Ready]).last(), Some(&Verdict::Waiting));
    }

    #[test]
    fn a_page_ended_at_the_panel_is_not_out() {
        assert_eq!(
            follow(&[Seen::Processing, Seen::Canceling, Seen::Ready, Seen::Ready]),
            [Verdict::Printing, Verdict::Printing, Verdict::Canceled, Verdict::Canceled]
        );
    }
}
