//! May this caller? polkit answers, about the caller's name on the bus and nothing else: process ids are reused,
//! unique names are not.
//!
//! Whoever can't be decided about is refused. Where polkit can't be asked, root alone may go on: root needs no
//! service to reach the printer.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use zbus::Connection;
use zbus::message::{Flags, Header};
use zbus::proxy::CacheProperties;
use zbus_polkit::policykit1::{AuthorityProxy, CheckAuthorizationFlags, Subject};

use crate::agent::view::{Caller, JobView};
use crate::agent::{ErrorKind, Failure};
use crate::blame::Party;
use crate::dbus::callers::Presence;
use crate::dbus::error::Error;

/// How long polkit may take when nobody is asked.
const SILENT: Duration = Duration::from_secs(25);
/// How long polkit may take when somebody is asked for a password.
const INTERACTIVE: Duration = Duration::from_secs(300);
/// Questions about one user that may be open at a time.
const USER_LIMIT: usize = 8;
/// Questions about all users that may be open at a time.
const LIMIT: usize = 64;

/// What polkit is asked about: one action for each risk, not for each method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Let the printer print a page about itself.
    PrintReport,
    /// Ask the printer for its state, or to look for networks.
    Query,
    /// Read the WPS PIN, which lets its holder join the printer to a network.
    ReadPin,
    /// Change the printer's network set-up.
    Configure,
    /// Decide which program uses the printer.
    ManageDevice,
}

impl Action {
    /// All actions.
    pub const ALL: [Self; 5] = [Self::PrintReport, Self::Query, Self::ReadPin, Self::Configure, Self::ManageDevice];

    /// The action's id, as in `org.plugprint1.policy`.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::PrintReport => "org.plugprint1.print-report",
            Self::Query => "org.plugprint1.query",
            Self::ReadPin => "org.plugprint1.read-pin",
            Self::Configure => "org.plugprint1.configure",
            Self::ManageDevice => "org.plugprint1.manage-device",
        }
    }
}

/// What came of asking.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    Answered { authorized: bool, challenge: bool, dismissed: bool },
    NoAnswer { after: Duration },
    CallerLeft,
    Stopping,
    Unreachable { why: String },
}

/// One question.
pub(crate) struct Question<'a> {
    pub action: Action,
    pub caller: &'a Caller,
    pub presence: &'a Presence,
    /// What a policy rule or an authentication dialog may want to know: `printer`, `printer-id`, `method`, …
    pub details: HashMap<&'a str, &'a str>,
}

/// The one who asks polkit.
pub(crate) struct Authority {
    connection: Connection,
    stop: CancellationToken,
    next: AtomicU64,
    open: Mutex<HashMap<u32, usize>>,
}

impl Authority {
    pub(crate) fn new(connection: Connection, stop: CancellationToken) -> Self {
        Self { connection, stop, next: AtomicU64::new(1), open: Mutex::new(HashMap::new()) }
    }

    /// Asks polkit; interactively only where the message allows it.
    pub(crate) async fn check(&self, header: &Header<'_>, question: Question<'_>) -> Result<(), Error> {
        let _open = self.open(question.caller.uid)?;
        let interactive = header.primary().flags().contains(Flags::ALLOW_INTERACTIVE_AUTH);
        let outcome = self.ask(header, &question, interactive).await;
        verdict(question.action, question.caller.uid, interactive, outcome).map_err(Error::from)
    }

    async fn ask(&self, header: &Header<'_>, question: &Question<'_>, interactive: bool) -> Outcome {
        let unreachable = |why: String| Outcome::Unreachable { why };
        let subject = match Subject::new_for_message_header(header) {
            Ok(subject) => subject,
            Err(error) => return unreachable(error.to_string()),
        };
        let polkit = AuthorityProxy::builder(&self.connection).cache_properties(CacheProperties::No).build().await;
        let polkit = match polkit {
            Ok(polkit) => polkit,
            Err(error) => return unreachable(error.to_string()),
        };
        let id = format!("plugprint-{}", self.next.fetch_add(1, Ordering::Relaxed));
        let (flags, limit) = if interactive {
            (CheckAuthorizationFlags::ALLOW_USER_INTERACTION, INTERACTIVE)
        } else {
            (CheckAuthorizationFlags::empty(), SILENT)
        };
        let check = polkit.check_authorization(&subject, question.action.id(), &question.details, flags, &id);
        let given_up = tokio::select! {
            answer = check => return match answer {
                Ok(answer) => Outcome::Answered {
                    authorized: answer.is_authorized,
                    challenge: answer.is_challenge,
                    dismissed: answer.details.get("polkit.dismissed").is_some_and(|value| !value.is_empty()),
                },
                Err(error) => unreachable(error.to_string()),
            },
            () = tokio::time::sleep(limit) => Outcome::NoAnswer { after: limit },
            () = question.presence.gone() => Outcome::CallerLeft,
            () = self.stop.cancelled() => Outcome::Stopping,
        };
        // Takes the dialog off the screen. Nobody waits for what polkit says to this.
        tokio::spawn(async move {
            let _ = tokio::time::timeout(Duration::from_secs(5), polkit.cancel_check_authorization(&id)).await;
        });
        given_up
    }

    fn open(&self, uid: u32) -> Result<Open<'_>, Error> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let total: usize = open.values().sum();
        let own = open.entry(uid).or_default();
        if *own >= USER_LIMIT || total >= LIMIT {
            return Err(Error::new(
                ErrorKind::Busy,
                Party::Caller,
                "Too many requests wait for authorization. Answer the questions on the screen first.",
            ));
        }
        *own += 1;
        Ok(Open { authority: self, uid })
    }
}

/// Counts one open question.
struct Open<'a> {
    authority: &'a Authority,
    uid: u32,
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        let mut open = self.authority.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.uid) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                open.remove(&self.uid);
            }
        }
    }
}

fn verdict(action: Action, uid: u32, interactive: bool, outcome: Outcome) -> Result<(), Failure> {
    let refused = |party, message: String| Err(Failure::new(ErrorKind::NotAuthorized, party, message));
    match outcome {
        Outcome::Answered { authorized: true, .. } => Ok(()),
        Outcome::Answered { dismissed: true, .. } => refused(Party::Caller, "The authentication was dismissed.".into()),
        Outcome::Answered { challenge: true, .. } if interactive => refused(
            Party::Host,
            "Authentication is required, and no authentication agent could ask for it. \
             Start one (on a terminal: pkttyagent), or ask as an administrator."
                .into(),
        ),
        Outcome::Answered { challenge: true, .. } => refused(
            Party::Caller,
            "Authentication is required. Ask again and allow interactive authorization, or ask as an administrator."
                .into(),
        ),
        Outcome::Answered { .. } => {
            refused(Party::Caller, format!("This computer's policy does not allow it ({}).", action.id()))
        }
        Outcome::NoAnswer { after } => {
            refused(Party::Host, format!("polkit did not decide within {} seconds. Try again.", after.as_secs()))
        }
        Outcome::CallerLeft => refused(Party::Caller, "The caller has left the bus.".into()),
        Outcome::Stopping => refused(Party::Agent, "The service is stopping. Try again in a moment.".into()),
        Outcome::Unreachable { .. } if uid == 0 => Ok(()),
        Outcome::Unreachable { why } => {
            tracing::warn!(action = action.id(), %why, "polkit can't be asked: only root may go on");
            refused(
                Party::Host,
                "polkit can't be asked on this computer, so only root may do this. Install or start polkit.".into(),
            )
        }
    }
}

/// A job answers its starter's connection, and root.
pub(crate) fn starter(caller: &Caller, job: &JobView) -> Result<(), Error> {
    if caller.uid == 0 || caller.bus_name == job.started_by.bus_name {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::NotAuthorized,
        Party::Caller,
        "Only the connection that started this job, and root, may do this.",
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    const ALICE: u32 = 1000;

    fn said(authorized: bool, challenge: bool, dismissed: bool) -> Outcome {
        Outcome::Answered { authorized, challenge, dismissed }
    }

    fn message(uid: u32, interactive: bool, outcome: Outcome) -> String {
        let failure = verdict(Action::ReadPin, uid, interactive, outcome).unwrap_err();
        assert_eq!(failure.kind, ErrorKind::NotAuthorized);
        failure.message
    }

    #[test]
    fn polkit_decides() {
        assert_eq!(verdict(Action::ReadPin, ALICE, false, said(true, false, false)), Ok(()));
        assert!(message(ALICE, false, said(false, false, false)).contains("org.plugprint1.read-pin"));
        assert!(message(ALICE, false, said(false, true, false)).contains("allow interactive authorization"));
        assert!(message(ALICE, true, said(false, true, false)).contains("pkttyagent"));
        assert!(message(ALICE, true, said(false, true, true)).contains("dismissed"));
    }

    #[test]
    fn polkit_decides_about_root_too() {
        assert!(message(0, false, said(false, false, false)).contains("policy"));
    }

    #[test]
    fn without_polkit_only_root_may() {
        let unreachable = || Outcome::Unreachable { why: "org.freedesktop.DBus.Error.ServiceUnknown".into() };
        assert_eq!(verdict(Action::PrintReport, 0, false, unreachable()), Ok(()));
        assert!(message(ALICE, false, unreachable()).contains("only root"));
        assert!(message(ALICE, true, unreachable()).contains("only root"));
    }

    #[test]
    fn no_answer_is_no() {
        assert!(message(0, false, Outcome::NoAnswer { after: SILENT }).contains("25 seconds"));
        assert!(message(0, true, Outcome::CallerLeft).contains("left"));
        assert!(message(0, true, Outcome::Stopping).contains("stopping"));
    }
}
