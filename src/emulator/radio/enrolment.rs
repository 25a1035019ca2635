//! WPS, the printer as the enrollee and a router as the registrar. Not the protocol (M1 to M8), but what it comes
//! to: which half of a PIN was wrong, when a PIN is used up, and when nobody answers.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use super::simulated::Inner;
use super::{Admin, Failure, Hushed, Impostor, Registrar, Start, State, Typed};

/// For how long a router announces that it has a PIN, or that its button was pushed (WSC 2.0, walk time).
const ANNOUNCED: Duration = Duration::from_secs(120);
/// What M1 to M8 take.
const EXCHANGE: Duration = Duration::from_secs(2);

/// What was done at the router.
#[derive(Clone, Debug)]
pub(super) struct Act {
    what: Start,
    at: Instant,
    /// How often it may still be tried: a PIN whose first half failed is good for one more try, one whose
    /// second half failed for none, as hostapd has it.
    tries: u8,
}

impl Act {
    pub fn new(what: Start) -> Self {
        Self { what, at: Instant::now(), tries: 2 }
    }

    fn stands(&self) -> bool {
        self.tries > 0 && self.at.elapsed() < ANNOUNCED
    }
}

/// Waits for a registrar and takes what it gives.
pub(super) async fn run(inner: Arc<Inner>, start: Start) {
    if matches!(inner.state(), State::Idle | State::Failed(_)) {
        inner.set(State::Enrolling);
    }
    let met = tokio::select! {
        met = timeout(inner.options.walk, meet(&inner, &start)) => met.unwrap_or(Err(Failure::NoRegistrar)),
        () = administrator(&inner, &start) => return,
    };
    match met {
        Ok(_) if inner.options.impostor == Some(Impostor::OldAssociation) => {}
        Ok(profile) => inner.begin(profile),
        Err(failure) => {
            inner.fail(failure);
            if inner.state() == State::Enrolling {
                inner.set(State::Failed(failure));
            }
        }
    }
}

/// Who acts at the router by himself. Never ends.
async fn administrator(inner: &Inner, start: &Start) {
    if let Admin::Acts(after, typed) = inner.options.admin {
        sleep(after).await;
        let what = match start {
            Start::Button => Start::Button,
            Start::Pin(Hushed(pin)) => Start::Pin(Hushed(match typed {
                Typed::Right => pin.clone(),
                Typed::WrongFirstHalf => other_digit(pin, 0),
                Typed::WrongSecondHalf => other_digit(pin, pin.len().saturating_sub(1)),
            })),
        };
        inner.router.send_replace(Some(Act::new(what)));
    }
    pending::<()>().await;
}

/// The digits with another one at this place.
fn other_digit(pin: &str, at: usize) -> String {
    let other = |digit| if digit == '9' { '0' } else { '9' };
    pin.chars().enumerate().map(|(place, digit)| if place == at { other(digit) } else { digit }).collect()
}

async fn meet(inner: &Inner, start: &Start) -> Result<super::Profile, Failure> {
    let mut router = inner.router.subscribe();
    loop {
        let act = router.borrow_and_update().clone().filter(Act::stands);
        if let Some(act) = act
            && let Some(result) = exchange(inner, start, &act.what).await
        {
            return result;
        }
        if router.changed().await.is_err() {
            return Err(Failure::NoRegistrar);
        }
    }
}

/// `None` where the two don't mean each other, such as a PIN and a button.
async fn exchange(inner: &Inner, start: &Start, act: &Start) -> Option<Result<super::Profile, Failure>> {
    let network = inner.options.networks.iter().find(|network| network.registrar != Registrar::None)?;
    let result = match (start, act) {
        _ if network.registrar == Registrar::Locked => Err(Failure::Locked),
        (Start::Button, Start::Button) if network.registrar == Registrar::Crowded => Err(Failure::Overlap),
        (Start::Button, Start::Button) => Ok(()),
        (Start::Pin(Hushed(shown)), Start::Pin(Hushed(typed))) => compare(shown, typed),
        _ => return None,
    };
    sleep(EXCHANGE).await;
    let tries_lost = match result {
        Err(Failure::FirstHalf) => 1,
        _ => 2,
    };
    inner.router.send_modify(|act| {
        if let Some(act) = act {
            act.tries = act.tries.saturating_sub(tries_lost);
        }
    });
    Some(result.map(|()| network.credential(&inner.options)))
}

/// PSK1 is of the first half, which has the extra digit of an odd length; PSK2 of the second (WSC 2.0, 7.4).
fn compare(shown: &str, typed: &str) -> Result<(), Failure> {
    let halves = |pin: &str| {
        let middle = pin.len().div_ceil(2);
        pin.split_at_checked(middle).map(|(first, second)| (first.to_owned(), second.to_owned()))
    };
    match (halves(shown), halves(typed)) {
        (Some(shown), Some(typed)) if shown == typed => Ok(()),
        (Some(shown), Some(typed)) if shown.0 == typed.0 => Err(Failure::SecondHalf),
        _ => Err(Failure::FirstHalf),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves() {
        assert_eq!(compare("12345670", "12345670"), Ok(()));
        assert_eq!(compare("12345670", &other_digit("12345670", 0)), Err(Failure::FirstHalf));
        assert_eq!(compare("12345670", &other_digit("12345670", 7)), Err(Failure::SecondHalf));
        assert_eq!(compare("1234", "1243"), Err(Failure::SecondHalf));
        assert_eq!(compare("12345670", ""), Err(Failure::FirstHalf));
        assert_eq!(other_digit("00000009", 7), "00000000");
    }
}
