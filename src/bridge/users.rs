//! Who may print, scan, fax and look at pages, where the administrator has said so.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use nix::unistd::{Group, Uid, User, getgrouplist};
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, timeout};

use crate::config::rules::Account;
use crate::config::{Operation, Rules};

/// How long an answer about a user counts, as in ipp-usb: a change of groups soon does.
const FRESH: Duration = Duration::from_secs(2);
/// How long a directory service may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Users that are asked about at once: a directory service that hangs holds so many threads and no more.
const AT_ONCE: usize = 4;
/// Users that are remembered.
const MOST_KNOWN: usize = 64;
/// Groups of a user whose names are looked up.
const MOST_GROUPS: usize = 1024;

/// Tells what a user is called. May take its time.
pub trait Accounts: Send + Sync + 'static {
    /// Names and groups. Of a user that is nowhere written down only the number is known.
    fn of(&self, uid: u32) -> Account;
}

/// As this computer is set up: `/etc/passwd`, and whatever nsswitch.conf(5) names.
#[derive(Clone, Copy, Debug, Default)]
pub struct NameService;

impl Accounts for NameService {
    fn of(&self, uid: u32) -> Account {
        let mut account = Account { names: vec![uid.to_string()], groups: Vec::new() };
        let user = match User::from_uid(Uid::from_raw(uid)) {
            Ok(Some(user)) => user,
            Ok(None) => return account,
            Err(error) => {
                tracing::debug!(uid, %error, "a user can't be looked up");
                return account;
            }
        };
        let mut groups = match CString::new(user.name.as_str()).map(|name| getgrouplist(&name, user.gid)) {
            Ok(Ok(groups)) => groups,
            Ok(Err(_)) | Err(_) => vec![user.gid],
        };
        groups.truncate(MOST_GROUPS);
        account.names.push(user.name);
        for gid in groups {
            account.groups.push(gid.to_string());
            if let Ok(Some(group)) = Group::from_gid(gid) {
                account.groups.push(group.name);
            }
        }
        account
    }
}

/// The rules as they are at the moment, and who is who.
pub struct Users {
    rules: watch::Receiver<Option<Rules>>,
    accounts: Arc<dyn Accounts>,
    places: Arc<Semaphore>,
    known: Mutex<BTreeMap<u32, (Instant, Arc<Account>)>>,
}

/// What the rules say to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Allowed,
    Refused,
    /// It depends on who asks, and that can't be told.
    Unknown,
}

impl Users {
    /// These rules, as they are whenever somebody asks; `None`: everybody may.
    #[must_use]
    pub fn new(rules: watch::Receiver<Option<Rules>>, accounts: Arc<dyn Accounts>) -> Self {
        Self { rules, accounts, places: Arc::new(Semaphore::new(AT_ONCE)), known: Mutex::default() }
    }

    /// No rules: everybody may.
    #[must_use]
    pub fn everybody() -> Self {
        Self::new(watch::channel(None).1, Arc::new(NameService))
    }

    /// Whether who asks may do this. `uid` is asked only where it matters. Root may: it could take the cable.
    pub(super) async fn may(&self, operation: Operation, uid: impl AsyncFnOnce() -> Option<u32>) -> Verdict {
        let Some(rules) = self.rules.borrow().clone() else { return Verdict::Allowed };
        if rules.open(operation) {
            return Verdict::Allowed;
        }
        let account = match uid().await {
            Some(0) => return Verdict::Allowed,
            Some(uid) => self.account(uid).await,
            None => None,
        };
        match account {
            Some(account) if rules.allow(operation, &account) => Verdict::Allowed,
            Some(_) => Verdict::Refused,
            None => Verdict::Unknown,
        }
    }

    /// `None`: nobody answered in time.
    async fn account(&self, uid: u32) -> Option<Arc<Account>> {
        let known = self.known().get(&uid).filter(|(since, _)| since.elapsed() < FRESH).map(|(_, who)| Arc::clone(who));
        if known.is_some() {
            return known;
        }
        let looked_up = async {
            let place = Arc::clone(&self.places).acquire_owned().await.ok()?;
            let accounts = Arc::clone(&self.accounts);
            let look = move || {
                let account = accounts.of(uid);
                // Not before the thread is free again.
                drop(place);
                account
            };
            tokio::task::spawn_blocking(look).await.ok().map(Arc::new)
        };
        let account = timeout(PATIENCE, looked_up).await.ok().flatten();
        let Some(account) = account else {
            tracing::warn!(uid, "it can't be told what a user is called");
            return None;
        };
        let mut known = self.known();
        known.retain(|_, (since, _)| since.elapsed() < FRESH);
        if known.len() < MOST_KNOWN {
            known.insert(uid, (Instant::now(), Arc::clone(&account)));
        }
        Some(account)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, BTreeMap<u32, (Instant, Arc<Account>)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn this_computer_knows_root() {
        let root = NameService.of(0);
        assert_eq!(root.names, ["0", "root"]);
        assert!(root.groups.contains(&"0".to_owned()) && root.groups.contains(&"root".to_owned()));
    }

    #[test]
    fn a_user_that_is_nowhere_written_down_is_a_number() {
        assert_eq!(NameService.of(3_999_999_999), Account { names: vec!["3999999999".into()], groups: vec![] });
    }

    /// Never answers.
    struct Hung;

    impl Accounts for Hung {
        fn of(&self, _: u32) -> Account {
            loop {
                std::thread::park();
            }
        }
    }

    #[test]
    fn a_directory_that_hangs_ends_in_a_refusal() {
        // The threads are left behind.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let (_rules, watched) = watch::channel(Some(Rules::default()));
            let users = Arc::new(Users::new(watched, Arc::new(Hung)));
            let asked = (1..=3 * AT_ONCE as u32).map(|uid| {
                let users = Arc::clone(&users);
                tokio::spawn(async move { users.may(Operation::Print, async || Some(uid)).await })
            });
            // A blocking thread keeps the paused clock from running by itself.
            let asked: Vec<_> = asked.collect();
            tokio::task::yield_now().await;
            tokio::time::advance(PATIENCE * 2).await;
            for verdict in asked {
                assert_eq!(verdict.await.unwrap(), Verdict::Unknown);
            }
            assert_eq!(users.may(Operation::Print, async || None).await, Verdict::Unknown);
            assert_eq!(users.may(Operation::Print, async || Some(0)).await, Verdict::Allowed);
        });
        runtime.shutdown_background();
    }
}
