//! How many of a printer's links are in use at once, as what happens teaches it.

use std::sync::atomic::Ordering;
use std::sync::{MutexGuard, PoisonError};

use tokio::sync::OwnedSemaphorePermit;
use tracing::{info, warn};

use super::Inner;
use crate::http::crowd::{Fate, Verdict};
use crate::http::error::Error;
use crate::http::exchange::Outcome;
use crate::http::recovery::Debt;
use crate::usb;

/// Permits that are taken out of use, so that one exchange runs at a time.
#[derive(Default)]
pub(super) struct Withheld {
    /// These are.
    taken: usize,
    /// These will be, when their exchanges end.
    owed: usize,
}

/// A permit on its way back.
pub(super) struct Turnstile<'a> {
    pub(super) inner: &'a Inner,
    pub(super) permit: Option<OwnedSemaphorePermit>,
}

impl Drop for Turnstile<'_> {
    fn drop(&mut self) {
        let Some(permit) = self.permit.take() else { return };
        let mut withheld = self.inner.withheld();
        if withheld.owed > 0 {
            withheld.owed -= 1;
            withheld.taken += 1;
            permit.forget();
        }
    }
}

impl Inner {
    fn withheld(&self) -> MutexGuard<'_, Withheld> {
        self.withheld.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What an exchange says about how many the printer stands at once, and about how it fares. Gives how often in a
    /// row, with this one, the printer gave no answer that it owed: 0 where that is not so now.
    pub(super) fn judge(&self, number: u64, outcome: &Outcome) -> u32 {
        // What it says wrongly it says; and who comes from a start may break off what he says for a while.
        let owing = match outcome {
            Outcome::Dirty { error: Error::NoAnswer { .. }, debt, .. } => !matches!(debt, Debt::Request { .. }),
            Outcome::Dirty { error: Error::Usb(error), .. } => {
                !matches!(error, usb::Error::Gone | usb::Error::Canceled)
            }
            Outcome::Clean(_) | Outcome::Dirty { .. } => false,
        };
        let failures = if owing { self.restraint.failed() } else { 0 };
        let fate = match outcome {
            Outcome::Clean(_) => {
                self.answered.store(true, Ordering::Relaxed);
                self.restraint.well();
                Fate::Well
            }
            Outcome::Dirty { error: Error::Usb(usb::Error::Gone | usb::Error::Canceled), .. } => Fate::Neither,
            Outcome::Dirty { error: Error::Usb(_), .. } => Fate::Failed,
            // A printer that takes no more of a request may be out of paper.
            Outcome::Dirty { error: Error::NoAnswer { .. }, debt: Debt::Request { .. }, .. } => Fate::Neither,
            Outcome::Dirty { error: Error::NoAnswer { .. } | Error::Truncated | Error::Malformed(_), .. } => {
                Fate::Failed
            }
            Outcome::Dirty { .. } => Fate::Neither,
        };
        let verdict = self.crowd().end(number, fate);
        match verdict {
            Verdict::AsBefore => {}
            Verdict::Alone => {
                info!("an exchange failed while another one ran; now one at a time, to see whether that helps");
                self.one_at_a_time();
            }
            Verdict::Together => {
                info!("as many exchanges at once as there are links again");
                let taken = {
                    let mut withheld = self.withheld();
                    withheld.owed = 0;
                    std::mem::take(&mut withheld.taken)
                };
                self.permits.add_permits(taken);
            }
            Verdict::Learned => {
                warn!(
                    "the printer fails when two of its links are in use, and does not with one: it gets one at a time"
                );
                self.one_at_a_time();
                self.learned.send_replace(true);
            }
        }
        failures
    }

    fn one_at_a_time(&self) {
        let mut withheld = self.withheld();
        withheld.owed = self.links.saturating_sub(1).saturating_sub(withheld.taken);
        while withheld.owed > 0
            && let Ok(permit) = self.permits.try_acquire()
        {
            permit.forget();
            withheld.owed -= 1;
            withheld.taken += 1;
        }
    }
}
