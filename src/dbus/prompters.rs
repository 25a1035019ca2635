//! Who can be asked: the clients' own `org.plugprint1.Prompter` objects, one for each connection.
//!
//! A job's starter is asked first. Where that connection has no prompter, one of the same session of the same user
//! may be asked: a desktop's helper answers for the command line beside it. Nobody else's is: another user's
//! prompter would be given this user's secrets, and one in another session (over ssh, on another seat) is not in
//! front of the same person.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::{CancellationToken, DropGuard};
use zbus::names::OwnedUniqueName;
use zbus::{Connection, OwnedObjectPath};

use crate::agent::ErrorKind;
use crate::agent::view::Caller;
use crate::blame::Party;
use crate::dbus::callers::Presence;
use crate::dbus::descriptor::Desk;
use crate::dbus::error::Error;
use crate::dbus::session::Session;

/// Prompters of one user.
const USER_LIMIT: usize = 16;
/// Prompters of all users.
const LIMIT: usize = 256;

struct Registered {
    uid: u32,
    target: Target,
    session: Option<Session>,
    /// Tells those who wait for its answer that it is here no more.
    _gone: DropGuard,
    /// Keeps the watch on its owner, which takes it from here when the owner leaves.
    _presence: Arc<Presence>,
}

/// A prompter as it is called.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// Its owner's unique name: nobody else can have it, now or later.
    pub(crate) owner: OwnedUniqueName,
    /// Its object.
    pub(crate) path: OwnedObjectPath,
    /// Resolves when it is registered no more.
    pub(crate) gone: CancellationToken,
}

/// The prompters that are registered.
pub(crate) struct Prompters {
    pub(crate) connection: Connection,
    /// The places for what they answer.
    pub(crate) desk: Desk,
    registered: Mutex<BTreeMap<String, Registered>>,
}

impl Prompters {
    pub(crate) fn new(connection: Connection, desk: Desk) -> Self {
        Self { connection, desk, registered: Mutex::default() }
    }

    /// Remembers a connection's prompter; a second one takes the place of the first, which is returned.
    pub(crate) fn register(
        &self,
        owner: (&Caller, OwnedUniqueName),
        path: OwnedObjectPath,
        session: Option<Session>,
        presence: Arc<Presence>,
    ) -> Result<Option<Target>, Error> {
        let (caller, name) = owner;
        let mut prompters = self.lock();
        let others = || prompters.iter().filter(|(name, _)| **name != caller.bus_name);
        if others().count() >= LIMIT || others().filter(|(_, p)| p.uid == caller.uid).count() >= USER_LIMIT {
            return Err(Error::new(ErrorKind::Busy, Party::Caller, "Too many prompters are registered already."));
        }
        if presence.is_gone() {
            return Ok(None);
        }
        let gone = CancellationToken::new();
        let registered = Registered {
            uid: caller.uid,
            target: Target { owner: name, path, gone: gone.clone() },
            session,
            _gone: gone.drop_guard(),
            _presence: presence,
        };
        let before = prompters.insert(caller.bus_name.clone(), registered);
        Ok(before.map(|before| before.target.clone()))
    }

    /// Forgets a connection's prompter.
    pub(crate) fn unregister(&self, owner: &Caller, path: &OwnedObjectPath) -> Result<(), Error> {
        let mut prompters = self.lock();
        if prompters.get(&owner.bus_name).is_none_or(|prompter| prompter.target.path != *path) {
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

    /// Forgets all, and returns them.
    pub(crate) fn forget_all(&self) -> Vec<Target> {
        std::mem::take(&mut *self.lock()).into_values().map(|prompter| prompter.target.clone()).collect()
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.lock().len()
    }

    /// The one to be asked for this caller, now.
    pub(crate) fn of(&self, starter: &Caller, session: Option<&Session>) -> Option<Target> {
        let prompters = self.lock();
        if let Some(own) = prompters.get(&starter.bus_name) {
            return Some(own.target.clone());
        }
        let session = session?;
        let beside = prompters
            .values()
            .find(|prompter| prompter.uid == starter.uid && prompter.session.as_ref() == Some(session));
        beside.map(|prompter| prompter.target.clone())
    }

    /// Whether it could matter which session this caller is in.
    pub(crate) fn session_matters(&self, starter: &Caller) -> bool {
        let prompters = self.lock();
        !prompters.contains_key(&starter.bus_name)
            && prompters.values().any(|prompter| prompter.uid == starter.uid && prompter.session.is_some())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Registered>> {
        self.registered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
