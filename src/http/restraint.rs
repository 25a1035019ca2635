//! How far recovery may go now. Pure: it is told how exchanges end, and the time.
//!
//! A printer that leaves requests unanswered in a row, whoever asks and on whichever link, is met with ever more force
//! until it gives a good answer. One that is dead is not reset for ever: after a few times without a good answer in
//! between there is a pause before the next, doubled each time. And while new firmware may be written nothing is done
//! to the device.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Requests in a row without an answer, after which the gentle steps are not tried any more: a printer may answer the
/// ladder's question and nothing else.
const PATIENCE: u32 = 4;
/// So many resets in a row need no pause between them: whoever tries again now may be served now.
const AT_ONCE: u32 = 4;
/// After these until the next.
const PAUSE: Duration = Duration::from_secs(60);
/// The longest pause between two.
const PAUSE_MOST: Duration = Duration::from_secs(30 * 60);

/// With which step of the ladder to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Force {
    /// The first.
    Gentle,
    /// SOFT_RESET.
    Soft,
    /// A reset of the port.
    Hard,
}

#[derive(Debug, Default)]
struct Record {
    /// Requests without an answer since the last good one.
    failures: u32,
    /// How often, since then, something was done to the whole device, and when at last.
    resets: u32,
    last: Option<Instant>,
    /// Nothing is done to the device before this.
    spared: Option<Instant>,
}

impl Record {
    fn may_reset(&self, now: Instant) -> bool {
        let pause = match self.resets.checked_sub(AT_ONCE) {
            None => Duration::ZERO,
            Some(doubled) => PAUSE.saturating_mul(1 << doubled.min(6)).min(PAUSE_MOST),
        };
        self.spared.is_none_or(|until| until <= now)
            && self.last.is_none_or(|last| now.saturating_duration_since(last) >= pause)
    }
}

/// What is remembered of one device for this. A cheap clone: all clones are the same, so that it can outlive the stay on
/// the bus that a reset ends.
#[derive(Clone, Default)]
pub struct Restraint(Arc<Mutex<Record>>);

impl Restraint {
    fn record(&self) -> MutexGuard<'_, Record> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An exchange came to a good end.
    pub(super) fn well(&self) {
        let mut record = self.record();
        *record = Record { spared: record.spared, ..Record::default() };
    }

    /// The printer owed an answer and gave none. Gives how often that was so in a row.
    pub(super) fn failed(&self) -> u32 {
        let mut record = self.record();
        record.failures = record.failures.saturating_add(1);
        record.failures
    }

    /// With which step to begin.
    pub(super) fn force(&self, now: Instant) -> Force {
        let record = self.record();
        match record.resets {
            _ if record.failures < PATIENCE || !record.may_reset(now) => Force::Gentle,
            0 => Force::Soft,
            _ => Force::Hard,
        }
    }

    /// Whether something may be done to the whole device.
    pub(super) fn may_reset(&self, now: Instant) -> bool {
        self.record().may_reset(now)
    }

    /// It is done.
    pub(super) fn reset(&self, now: Instant) {
        let mut record = self.record();
        record.resets = record.resets.saturating_add(1);
        record.last = Some(now);
    }

    /// Nothing is done to the whole device for so long, also if it answers nothing: it may be writing its firmware.
    pub(super) fn spare(&self, until: Instant) {
        let mut record = self.record();
        record.spared = record.spared.max(Some(until));
    }
}

impl fmt::Debug for Restraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.record().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn failures_in_a_row_are_met_with_more_force_until_a_good_answer() {
        let (restraint, now) = (Restraint::default(), Instant::now());
        let forces: Vec<Force> = (0..5)
            .map(|_| {
                restraint.failed();
                restraint.force(now)
            })
            .collect();
        assert_eq!(forces, [Force::Gentle, Force::Gentle, Force::Gentle, Force::Soft, Force::Soft]);
        restraint.reset(now);
        assert_eq!(restraint.force(now), Force::Hard);
        (1..AT_ONCE).for_each(|_| restraint.reset(now));
        assert_eq!(restraint.force(now), Force::Gentle, "nothing before the pause is over");
        assert_eq!(restraint.force(now + MINUTE), Force::Hard);
        restraint.well();
        assert_eq!(restraint.force(now + MINUTE), Force::Gentle);
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_is_dead_is_reset_ever_less_often() {
        let (restraint, begun) = (Restraint::default(), Instant::now());
        let mut resets = Vec::new();
        for minute in 0..=150 {
            let now = begun + minute * MINUTE;
            if restraint.may_reset(now) {
                restraint.reset(now);
                resets.push(minute);
            }
        }
        assert_eq!(resets, [0, 1, 2, 3, 4, 6, 10, 18, 34, 64, 94, 124]);
        restraint.well();
        assert!(restraint.may_reset(begun + 124 * MINUTE));
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_may_be_writing_its_firmware_is_spared_whatever_it_answers() {
        let (restraint, now) = (Restraint::default(), Instant::now());
        restraint.spare(now + 30 * MINUTE);
        restraint.spare(now + MINUTE);
        for _ in 0..9 {
            restraint.failed();
        }
        restraint.well();
        assert!(!restraint.may_reset(now + 29 * MINUTE));
        assert!(restraint.may_reset(now + 30 * MINUTE));
    }
}
