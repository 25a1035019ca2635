//! Who else may speak to a printer: the faces that carry other programs' requests to it, and the users to whom its
//! protected pages are open.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::agent::handle::{Addresses, Links};
use crate::agent::registry::{Condition, Registry};
use crate::agent::view::BootTime;
use crate::agent::{ErrorKind, Failure};
use crate::blame::Party;
use crate::printer::identity::PrinterId;
use crate::usb::descriptor::Channel;

/// How long OpenAdminPages opens them.
const OPEN: Duration = Duration::from_secs(10 * 60);
/// Users at once to whom one printer's pages are open.
const MOST_USERS: usize = 64;

/// Of one printer, for one stay on the bus.
#[derive(Default)]
pub(super) struct Admission {
    /// Where it can be reached.
    pub(super) addresses: Option<Addresses>,
    /// Until when its protected pages are open, by user.
    open: BTreeMap<u32, BootTime>,
    /// Who wants to speak to it once it is ours.
    asked: Vec<oneshot::Sender<Result<Links, Failure>>>,
}

impl Admission {
    fn wait(&mut self, reply: oneshot::Sender<Result<Links, Failure>>) {
        self.asked.retain(|asked| !asked.is_closed());
        self.asked.push(reply);
    }
}

impl Registry {
    /// Answers with the printer's links, now or once it is ours to drive.
    pub(super) fn ask_links(&mut self, printer: &PrinterId, reply: oneshot::Sender<Result<Links, Failure>>) {
        match self.printers.get_mut(printer) {
            Some(entry) if entry.pool.is_none() && matches!(entry.condition, Condition::Probing(_)) => {
                entry.admission.wait(reply);
            }
            // It never has any. Who waits for them is told nothing until the printer goes, so that nobody asks again.
            Some(entry) if entry.recognised.legacy.is_some() => entry.admission.wait(reply),
            _ => drop(reply.send(self.links(printer))),
        }
    }

    /// It is ours to drive now.
    pub(super) fn give_links(&mut self, printer: &PrinterId) {
        let Some(entry) = self.printers.get_mut(printer).filter(|entry| entry.recognised.legacy.is_none()) else {
            return;
        };
        for reply in std::mem::take(&mut entry.admission.asked) {
            // Nobody waits for it any more when this fails.
            let _ = reply.send(self.links(printer));
        }
    }

    fn links(&self, printer: &PrinterId) -> Result<Links, Failure> {
        let entry = self.printers.get(printer).ok_or_else(not_found)?;
        match &entry.condition {
            Condition::Mute(why) => return Err(why.clone()),
            Condition::Aside(aside, _) => return Err(aside.failure.clone()),
            Condition::Troubled(trouble, _) if trouble.lasting => return Err(trouble.failure.clone()),
            Condition::Troubled(trouble, None) => return Err(trouble.failure.clone()),
            Condition::Ready(_) | Condition::Probing(_) | Condition::Troubled(_, Some(_)) => {}
        }
        let pool = entry.pool.clone().ok_or_else(not_found)?;
        let best = entry.recognised.functions.first().map(|function| function.channel);
        Ok(Links {
            pool,
            ipp: matches!(best, Some(Channel::IppUsb | Channel::HpIpp2)),
            basic: entry.recognised.basic,
            socket: entry.arrival.topology.ports.last().copied().unwrap_or_default(),
            quirks: entry.recognised.quirks.clone(),
        })
    }

    pub(super) fn bridged(&mut self, printer: &PrinterId, addresses: Option<Addresses>) {
        if let Some(entry) = self.printers.get_mut(printer) {
            entry.admission.addresses = addresses;
        }
    }

    pub(super) fn open_pages(&mut self, printer: &PrinterId, uid: u32) -> Result<String, Failure> {
        let now = self.clock.now();
        let entry = self.printers.get_mut(printer).ok_or_else(not_found)?;
        let Some(addresses) = &entry.admission.addresses else {
            return Err(Failure::new(
                ErrorKind::NotSupported,
                Party::Agent,
                "The printer's own pages can't be reached now. Look at its state, then try again.",
            ));
        };
        let open = &mut entry.admission.open;
        open.retain(|_, until| *until > now);
        if open.len() >= MOST_USERS && !open.contains_key(&uid) {
            return Err(Failure::new(
                ErrorKind::Busy,
                Party::Caller,
                "Too many users have them open. Try again later.",
            ));
        }
        open.insert(uid, now.after(OPEN));
        tracing::info!(%printer, uid, "the protected pages are open to a user for ten minutes");
        Ok(addresses.admin_uri.clone())
    }

    pub(super) fn pages_open(&self, printer: &PrinterId, uid: u32) -> bool {
        let now = self.clock.now();
        self.printers.get(printer).and_then(|entry| entry.admission.open.get(&uid)).is_some_and(|until| *until > now)
    }
}

fn not_found() -> Failure {
    Failure::new(
        ErrorKind::NotFound,
        Party::Caller,
        "No such printer is plugged in. Look at the cable, and whether it is switched on.",
    )
}
