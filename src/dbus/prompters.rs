//! Who can be asked: the clients' own `org.plugprint1.Prompter` objects, one for each connection.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use zbus::OwnedObjectPath;

use crate::agent::ErrorKind;
use crate::agent::view::Caller;
use crate::blame::Party;
use crate::dbus::callers::Presence;
use crate::dbus::error::Error;

/// Prompters of one user.
const USER_LIMIT: usize = 16;
/// Prompters of all users.
const LIMIT: usize = 256;

struct Prompter {
    uid: u32,
    path: OwnedObjectPath,
    /// Keeps the watch on its owner, which takes it from here when the owner leaves.
    _presence: Arc<Presence>,
}

/// The prompters that are registered.
#[derive(Default)]
pub(crate) struct Prompters(Mutex<BTreeMap<String, Prompter>>);

impl Prompters {
    /// Remembers a connection's prompter; a second one takes the place of the first.
    pub(crate) fn register(&self, owner: &Caller, path: OwnedObjectPath, presence: Arc<Presence>) -> Result<(), Error> {
        let mut prompters = self.lock();
        let others = || prompters.iter().filter(|(name, _)| **name != owner.bus_name);
        if others().count() >= LIMIT || others().filter(|(_, p)| p.uid == owner.uid).count() >= USER_LIMIT {
            return Err(Error::new(ErrorKind::Busy, Party::Caller, "Too many prompters are registered already."));
        }
        if presence.is_gone() {
            return Ok(());
        }
        prompters.insert(owner.bus_name.clone(), Prompter { uid: owner.uid, path, _presence: presence });
        Ok(())
    }

    /// Forgets a connection's prompter.
    pub(crate) fn unregister(&self, owner: &Caller, path: &OwnedObjectPath) -> Result<(), Error> {
        let mut prompters = self.lock();
        if prompters.get(&owner.bus_name).is_none_or(|prompter| prompter.path != *path) {
            return Err(Error::new(
                ErrorKind::NotFound,
                Party::Caller,
                "This connection has no prompter registered at that path.",
            ));
        }
        prompters.remove(&owner.bus_name);
        Ok(())
    }

    /// Forgets what a connection that left had registered.
    pub(crate) fn forget(&self, bus_name: &str) {
        self.lock().remove(bus_name);
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Prompter>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
