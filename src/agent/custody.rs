//! Who has a printer: us, its legacy driver by the user's wish, or whoever asked us to let go of it for a while.
//!
//! ```text
//!             SetMode, Inhibit: the task that attends to the printer lets go where no exchange runs
//!  driven ────────────────────────────────────────────────────────────────────────▶ let go
//!     ▲ └── an exchange does not end in time: Busy, and it is driven as before          │
//!     └──────────────── driverless again, and every hold given back ◀──────────────────┘
//! ```
//!
//! Holds are of a printer, not of one stay on the bus: new firmware makes it leave and come back.

use std::collections::BTreeMap;

use tokio::sync::{oneshot, watch};

use crate::agent::event::{Event, HoldId};
use crate::agent::handle::{Hold, Holder};
use crate::agent::registry::{Aside, Condition, Entry, Registry};
use crate::agent::view::{Mode, State, Transport};
use crate::agent::{ErrorKind, Failure, fault};
use crate::blame::Party;
use crate::printer::identity::PrinterId;

/// Holds on one printer at once.
const MOST_HOLDS: usize = 16;
/// Holds in all.
const MOST_HOLDS_IN_ALL: usize = 256;

/// What the task that attends to a printer is to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Stance {
    /// It is not known yet which printer it is.
    #[default]
    Undecided,
    /// Drive it.
    Drive,
    /// Let go of it, or leave it alone.
    LetGo,
}

/// Who has, or wants, each printer: also those that are not plugged in now.
#[derive(Default)]
pub(super) struct Custody {
    holds: BTreeMap<PrinterId, BTreeMap<HoldId, Holder>>,
    given: u64,
}

impl Custody {
    /// The hold that was given first.
    fn holder(&self, printer: &PrinterId) -> Option<&Holder> {
        self.holds.get(printer)?.values().next()
    }

    fn add(&mut self, printer: &PrinterId, holder: Holder) -> Option<HoldId> {
        let all: usize = self.holds.values().map(BTreeMap::len).sum();
        if all >= MOST_HOLDS_IN_ALL || self.holds.get(printer).is_some_and(|holds| holds.len() >= MOST_HOLDS) {
            return None;
        }
        self.given += 1;
        let id = HoldId(self.given);
        self.holds.entry(printer.clone()).or_default().insert(id, holder);
        Some(id)
    }

    fn remove(&mut self, printer: &PrinterId, id: HoldId) -> Option<Holder> {
        let holds = self.holds.get_mut(printer)?;
        let holder = holds.remove(&id);
        if holds.is_empty() {
            self.holds.remove(printer);
        }
        holder
    }
}

/// Who waits until a printer was let go.
pub(super) enum Waiting {
    Mode(Mode, oneshot::Sender<Result<(), Failure>>),
    Hold(HoldId, oneshot::Sender<Result<Hold, Failure>>),
}

impl Waiting {
    /// It will not be.
    pub(super) fn refuse(self, why: Failure) {
        match self {
            Self::Mode(_, reply) => drop(reply.send(Err(why))),
            Self::Hold(_, reply) => drop(reply.send(Err(why))),
        }
    }
}

impl Registry {
    pub(super) fn set_mode(&mut self, printer: &PrinterId, mode: Mode, reply: oneshot::Sender<Result<(), Failure>>) {
        let before = self.modes.of(printer);
        let waiting = Waiting::Mode(mode, reply);
        match self.printers.get_mut(printer) {
            None => waiting.refuse(not_found()),
            Some(entry) if before == Mode::Driverless && mode != before && !entry.is_let_go() => {
                self.ask_to_let_go(printer, waiting);
            }
            Some(_) => {
                self.settle(printer, waiting);
                self.decide(printer);
            }
        }
    }

    pub(super) fn inhibit(
        &mut self,
        printer: &PrinterId,
        holder: Holder,
        reply: oneshot::Sender<Result<Hold, Failure>>,
    ) {
        let Some(entry) = self.printers.get(printer) else {
            return drop(reply.send(Err(not_found())));
        };
        let let_go = entry.is_let_go();
        let Some(id) = self.custody.add(printer, holder) else {
            return drop(reply.send(Err(Failure::new(
                ErrorKind::Busy,
                Party::Caller,
                "Too many programs hold this printer already. Try again when one of them has ended.",
            ))));
        };
        let waiting = Waiting::Hold(id, reply);
        if let_go {
            self.settle(printer, waiting);
            self.decide(printer);
        } else {
            self.ask_to_let_go(printer, waiting);
        }
    }

    fn ask_to_let_go(&mut self, printer: &PrinterId, waiting: Waiting) {
        let Some(entry) = self.printers.get_mut(printer) else { return waiting.refuse(not_found()) };
        if let Some(job) = entry.job.as_ref().and_then(|job| self.jobs.get(job)) {
            let why = Failure::new(
                ErrorKind::Busy,
                Party::Caller,
                format!(
                    "The printer is busy with job {} ({}) of user {}. Wait until it has finished, or cancel it.",
                    job.view.id, job.view.kind, job.view.started_by.uid
                ),
            );
            return self.refuse(printer, waiting, why);
        }
        entry.waiting.push(waiting);
        entry.stance.send_replace(Stance::LetGo);
    }

    pub(super) fn refuse(&mut self, printer: &PrinterId, waiting: Waiting, why: Failure) {
        if let Waiting::Hold(id, _) = &waiting {
            self.custody.remove(printer, *id);
        }
        waiting.refuse(why);
    }

    /// What was asked for is so now.
    fn settle(&mut self, printer: &PrinterId, waiting: Waiting) {
        match waiting {
            Waiting::Mode(mode, reply) => {
                tracing::info!(%printer, mode = mode.name(), "its mode was set");
                let saved = self.modes.set(printer, mode);
                tokio::spawn(async move {
                    let saved = saved.await;
                    let _ = reply.send(saved.map_err(|error| {
                        Failure::new(
                            ErrorKind::Failed,
                            Party::Host,
                            format!("The mode holds until the service stops: it can't be written down ({error}). Look at the service's folder of state, then try again."),
                        )
                    }));
                });
            }
            Waiting::Hold(id, reply) => {
                let (hold, given_back) = Hold::new();
                let (news, printer) = (self.news.clone(), printer.clone());
                tokio::spawn(async move {
                    let _ = given_back.await;
                    let _ = news.send(Event::GivenBack(printer, id));
                });
                // Where nobody takes it, it is given back by that.
                let _ = reply.send(Ok(hold));
            }
        }
    }

    /// The attending task has let go.
    pub(super) fn let_go(&mut self, printer: &PrinterId) {
        let Some(entry) = self.printers.get_mut(printer) else { return };
        entry.pool = None;
        let facts = entry.known_facts();
        entry.condition = Condition::Aside(Aside::default(), facts);
        let waiting = std::mem::take(&mut entry.waiting);
        for waiting in waiting {
            self.settle(printer, waiting);
        }
        self.decide(printer);
    }

    /// The attending task could not let go.
    pub(super) fn still_in_use(&mut self, printer: &PrinterId) {
        let waiting = self.printers.get_mut(printer).map(|entry| std::mem::take(&mut entry.waiting));
        for waiting in waiting.into_iter().flatten() {
            let why = Failure::new(
                ErrorKind::Busy,
                Party::Caller,
                "Somebody is printing or scanning with it. Try again when they have finished.",
            );
            self.refuse(printer, waiting, why);
        }
        self.decide(printer);
    }

    /// A hold has ended.
    pub(super) fn given_back(&mut self, printer: &PrinterId, id: HoldId) {
        if let Some(holder) = self.custody.remove(printer, id) {
            tracing::info!(%printer, who = holder.who, "was given back");
        }
        self.decide(printer);
    }

    /// Tells the attending task what to do, and the view why.
    pub(super) fn decide(&mut self, printer: &PrinterId) {
        let mode = self.modes.of(printer);
        let holder = self.custody.holder(printer);
        let Some(entry) = self.printers.get_mut(printer) else { return };
        entry.mode = mode;
        let why = match (mode, holder) {
            (Mode::Driverless, None) => None,
            (_, Some(holder)) => Some(held(holder)),
            (mode, None) => Some(left_alone(mode)),
        };
        let wanted = if why.is_some() || !entry.waiting.is_empty() { Stance::LetGo } else { Stance::Drive };
        entry.stance.send_if_modified(|stance| std::mem::replace(stance, wanted) != wanted);
        if let (Some(failure), true) = (why, entry.pool.is_none() && !matches!(entry.condition, Condition::Mute(_))) {
            let facts = entry.known_facts();
            let aside = Aside { state: State::Inhibited, transport: Transport::Usb, failure };
            entry.condition = Condition::Aside(aside, facts);
        }
    }
}

impl Entry {
    /// Whether nothing of it is held here.
    fn is_let_go(&self) -> bool {
        self.pool.is_none() && self.waiting.is_empty()
    }
}

/// A new channel to an attending task.
pub(super) fn stance() -> watch::Sender<Stance> {
    watch::Sender::new(Stance::default())
}

fn held(holder: &Holder) -> Failure {
    let why = if holder.why.is_empty() { String::new() } else { format!(" ({})", holder.why) };
    Failure::new(
        ErrorKind::Busy,
        Party::Host,
        format!("{}{why} of user {} has the printer now. It comes back when that ends.", holder.who, holder.uid),
    )
}

fn left_alone(mode: Mode) -> Failure {
    let whom = match mode {
        Mode::Legacy => "left to its legacy driver",
        Mode::Driverless | Mode::Ignore => "ignored",
    };
    Failure::new(
        ErrorKind::NotSupported,
        Party::Caller,
        format!("The printer is {whom}, as somebody wished. `plugprint mode PRINTER driverless` brings it back."),
    )
}

fn not_found() -> Failure {
    Failure::new(
        ErrorKind::NotFound,
        Party::Caller,
        "No such printer is plugged in. Look at the cable, and whether it is switched on.",
    )
}

/// The printer went while somebody waited for it.
pub(super) fn went() -> Failure {
    fault::of_usb(&crate::usb::Error::Gone)
}
