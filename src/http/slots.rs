//! Which of a printer's interfaces are claimed, lent, resting. Pure: handed events and time.
//!
//! ```text
//!  released ──claim──▶ lent ◀──lend── idle ──2 s──▶ released
//!     ▲                 │ └──────────▶ ▲
//!     └── quarantined ◀─┘ could not be recovered; tried again by the next exchange, after a pause
//! ```

use std::time::Duration;

use tokio::time::Instant;

use super::error::Error;
use super::recovery::{Debt, Drained};
use crate::usb;
use crate::usb::descriptor::Function;

/// The first pause before a link that could not be recovered is tried again; doubled each time.
const QUARANTINE: Duration = Duration::from_secs(1);
/// The longest such pause.
const QUARANTINE_MOST: Duration = Duration::from_secs(15);

/// One interface of the printer.
struct Slot {
    function: Function,
    status: Status,
    quarantine: Option<Quarantine>,
    /// Its last exchange ended without the printer having taken a byte.
    deaf: bool,
}

enum Status {
    Released,
    Lent,
    Idle { link: Drained, since: Instant },
}

/// What an exchange left behind that could not be cleared.
#[derive(Clone, Copy)]
struct Quarantine {
    debt: Debt,
    failures: u32,
    until: Instant,
}

/// How to get a link. The slot is lent from then on.
pub(super) enum Choice {
    /// Take this one.
    Idle(usize, Drained),
    /// Claim this function.
    Claim(usize, Function),
    /// Claim it, and settle the debt.
    Reclaim(usize, Function, Debt),
    /// There is none before this moment.
    Wait(Instant),
}

/// All interfaces of the printer, best first.
pub(super) struct State {
    slots: Vec<Slot>,
    /// Why nothing works any more.
    ended: Option<Error>,
    /// Counts what was done to the whole device: links of before are dead.
    generation: u64,
    /// That of the last reset of the port.
    port_reset: u64,
    /// A task waits to let idle links go.
    pub(super) reaping: bool,
}

impl State {
    pub(super) fn new(functions: Vec<Function>) -> Self {
        let mut slots = Vec::<Slot>::new();
        for function in functions {
            // Of several ways through one interface only the best is taken: they exclude each other.
            let known = |slot: &Slot| {
                (slot.function.configuration, slot.function.interface) == (function.configuration, function.interface)
            };
            if !slots.iter().any(known) {
                slots.push(Slot { function, status: Status::Released, quarantine: None, deaf: false });
            }
        }
        Self { slots, ended: None, generation: 0, port_reset: 0, reaping: false }
    }

    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    /// Whether the port was reset after this generation: whatever the printer had of a request then is forgotten.
    pub(super) fn port_was_reset(&self, since: u64) -> bool {
        self.port_reset > since
    }

    /// Something is done to the whole device; `port`: the port is reset. Gives the idle links, which are dead by
    /// that, and the new generation.
    #[must_use]
    pub(super) fn begin_generation(&mut self, port: bool) -> (Vec<Drained>, u64) {
        self.generation += 1;
        if port {
            self.port_reset = self.generation;
        }
        (self.take_idle(None), self.generation)
    }

    /// How many functions are as good as the best.
    pub(super) fn alike(&self) -> usize {
        let kind = |slot: &Slot| (slot.function.channel, slot.function.configuration);
        let best = self.slots.first().map(kind);
        self.slots.iter().filter(|slot| Some(kind(slot)) == best).count()
    }

    pub(super) fn end(&mut self, why: Error) {
        self.ended.get_or_insert(why);
    }

    pub(super) fn ended(&self) -> Option<Error> {
        self.ended.clone()
    }

    /// An idle link, else an interface to claim, else one whose rest is over. `busy`: those that another
    /// program turned out to hold. The clock is looked at only where one rests.
    ///
    /// # Errors
    /// Why there is none, and none to come.
    pub(super) fn choose(&mut self, busy: &[usize], now: impl Fn() -> Instant) -> Result<Choice, Error> {
        if let Some(error) = &self.ended {
            return Err(error.clone());
        }
        for (at, slot) in self.slots.iter_mut().enumerate() {
            if matches!(slot.status, Status::Idle { .. })
                && let Status::Idle { link, .. } = std::mem::replace(&mut slot.status, Status::Lent)
            {
                return Ok(Choice::Idle(at, link));
            }
        }
        // Interfaces of two configurations can't be claimed together.
        let configuration = self
            .slots
            .iter()
            .find(|slot| !matches!(slot.status, Status::Released))
            .map(|slot| slot.function.configuration);
        let mut rest = None::<Instant>;
        let mut due = None;
        for (at, slot) in self.slots.iter_mut().enumerate() {
            let free = matches!(slot.status, Status::Released)
                && !busy.contains(&at)
                && configuration.is_none_or(|configuration| configuration == slot.function.configuration);
            match slot.quarantine {
                _ if !free => {}
                None => {
                    slot.status = Status::Lent;
                    return Ok(Choice::Claim(at, slot.function));
                }
                Some(quarantine) if quarantine.until <= now() => due = due.or(Some((at, quarantine.debt))),
                Some(quarantine) => rest = Some(rest.map_or(quarantine.until, |rest| rest.min(quarantine.until))),
            }
        }
        if let Some((at, debt)) = due
            && let Some(slot) = self.slots.get_mut(at)
        {
            slot.status = Status::Lent;
            return Ok(Choice::Reclaim(at, slot.function, debt));
        }
        match rest {
            Some(until) => Ok(Choice::Wait(until)),
            None if self.slots.is_empty() => Err(usb::Error::Malformed("no interface that speaks HTTP").into()),
            None => Err(Error::ClaimedElsewhere),
        }
    }

    pub(super) fn function(&self, slot: usize) -> Option<Function> {
        self.slots.get(slot).map(|slot| slot.function)
    }

    /// The link is released.
    pub(super) fn let_go(&mut self, slot: usize) {
        if let Some(slot) = self.slots.get_mut(slot) {
            slot.status = Status::Released;
        }
    }

    /// An exchange ended; `deaf`: without the printer having taken a byte of it. Says whether that was so before, too.
    pub(super) fn was_deaf(&mut self, slot: usize, deaf: bool) -> bool {
        self.slots.get_mut(slot).is_some_and(|slot| std::mem::replace(&mut slot.deaf, deaf))
    }

    /// Back from an exchange. Gives the link to be dropped where the pool has ended, or the link is of an earlier
    /// generation.
    #[must_use]
    pub(super) fn give_back(&mut self, slot: usize, link: Drained, generation: u64, now: Instant) -> Option<Drained> {
        let ended = self.ended.is_some() || self.generation != generation;
        let Some(slot) = self.slots.get_mut(slot) else { return Some(link) };
        slot.quarantine = None;
        if ended {
            slot.status = Status::Released;
            return Some(link);
        }
        slot.status = Status::Idle { link, since: now };
        None
    }

    /// Claimed, and empty.
    pub(super) fn recovered(&mut self, slot: usize) {
        if let Some(slot) = self.slots.get_mut(slot) {
            slot.quarantine = None;
        }
    }

    /// A fresh claim did not bring an empty link: the next try climbs the ladder.
    pub(super) fn suspect(&mut self, slot: usize, now: Instant) {
        if let Some(slot) = self.slots.get_mut(slot) {
            slot.status = Status::Released;
            slot.quarantine = Some(Quarantine { debt: Debt::Bytes, failures: 0, until: now });
        }
    }

    /// The ladder did not help. Gives the pause until the next try.
    pub(super) fn quarantine(&mut self, slot: usize, debt: Debt, now: Instant) -> Duration {
        let Some(slot) = self.slots.get_mut(slot) else { return Duration::ZERO };
        let failures = slot.quarantine.map_or(0, |quarantine| quarantine.failures).saturating_add(1);
        let pause = QUARANTINE.saturating_mul(1 << (failures - 1).min(6)).min(QUARANTINE_MOST);
        slot.status = Status::Released;
        slot.quarantine = Some(Quarantine { debt, failures, until: now + pause });
        pause
    }

    /// Since when the link that is idle for longest is so.
    pub(super) fn idle_since(&self) -> Option<Instant> {
        let since = |slot: &Slot| match slot.status {
            Status::Idle { since, .. } => Some(since),
            Status::Released | Status::Lent => None,
        };
        self.slots.iter().filter_map(since).min()
    }

    /// Takes the links that are idle since `before` or earlier, or all.
    pub(super) fn take_idle(&mut self, before: Option<Instant>) -> Vec<Drained> {
        let mut taken = Vec::new();
        for slot in &mut self.slots {
            match std::mem::replace(&mut slot.status, Status::Released) {
                Status::Idle { link, since } if before.is_none_or(|before| since <= before) => taken.push(link),
                status => slot.status = status,
            }
        }
        taken
    }
}
