//! A printer that is off USB for a while, as one may be while its radio comes on.

use std::time::Duration;

use super::Flow;
use super::limits::{ADDRESS, AWAY, HOLD, LOOK, VERIFY};
use super::state::{Held, Poll, State};
use super::verify::Why;
use crate::setup::diagnosis::Failure;
use crate::wps::pin::Kind;

impl Flow {
    /// Off USB.
    pub(super) fn lose(&mut self, now: Duration) {
        if let State::Writing { canceled: true, .. } = self.state {
            return self.fail_for_good(Failure::Canceled { written: true });
        }
        self.away = self.away.or(Some(now + AWAY));
        // It may have been switched off and on, and then tells what it remembers.
        self.why = Why::default();
        if let Some(poll) = self.state.poll_mut() {
            *poll = Poll::Due(now);
        }
    }

    /// Back on USB: on from where it was, and nothing twice that may have been done already.
    pub(super) fn resume(&mut self, now: Duration) {
        if self.away.take().is_none() {
            return;
        }
        let sent = self.state.asked().is_some_and(|asked| asked.sent);
        match self.take() {
            State::Writing { .. } if sent => self.verify(VERIFY, false, None, now),
            State::PoweringOn(_) if sent => self.warm(now),
            State::Printing { .. } if sent => self.ask_paper(0, now),
            State::WritingPin { pin, .. } if sent => {
                self.enrol(Held { pin, kind: Kind::Dynamic, good_until: now + HOLD }, now);
            }
            // Time that it was away is not held against it; a PIN's and a person's goes on.
            State::Verifying { until, heard, admitted, otherwise, .. } => {
                let until = until.max(now + ADDRESS);
                self.state = State::Verifying { poll: Poll::Due(now), until, heard, admitted, otherwise };
            }
            State::Warming { until, heard, .. } => {
                self.state = State::Warming { poll: Poll::Due(now), until: until.max(now + LOOK), heard };
            }
            state => {
                self.state = state;
                self.send_again(now);
            }
        }
    }
}
