//! A PolicyKit1 that is none. Other than the demo's stand-in it remembers what it was asked, can leave a question
//! open until it is cancelled, and can behave as if it were not there.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use tokio::sync::watch;
use zbus::{Connection, OwnedVariant, interface};

/// The name that polkitd has on the system bus.
pub const NAME: &str = "org.freedesktop.PolicyKit1";
/// The object that polkitd has there.
pub const PATH: &str = "/org/freedesktop/PolicyKit1/Authority";
/// What it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Yes.
    Yes,
    /// No.
    No,
    /// Authentication is needed: yes where interaction is allowed, as if the user had given the password.
    AfterPassword,
    /// Authentication is needed, and the user closes the dialog.
    Dismissed,
    /// A dialog that nobody answers, until it is cancelled.
    Never,
    /// What the bus says where nobody has polkit's name.
    Absent,
}

/// What it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The subject's kind; `system-bus-name` is the race-free one.
    pub subject_kind: String,
    /// The subject's `name`: a unique name on the bus.
    pub subject_name: String,
    /// The action's id.
    pub action: String,
    /// The details for rules and dialogs.
    pub details: BTreeMap<String, String>,
    /// Whether the user may be asked.
    pub interactive: bool,
    /// The id by which the question can be cancelled.
    pub cancellation: String,
}

#[derive(Debug, Default)]
struct Log {
    asked: Vec<Question>,
    cancelled: Vec<String>,
}

#[derive(Debug)]
struct State {
    answer: Answer,
    log: watch::Sender<Log>,
}

/// The stand-in's other end: what it is to answer, and what it was asked.
#[derive(Clone, Debug)]
pub struct StandIn(Arc<State>);

impl StandIn {
    /// Takes polkitd's name on a bus; it answers until the connection is closed.
    ///
    /// # Errors
    /// Where the name is taken.
    pub async fn serve(connection: &Connection, answer: Answer) -> zbus::Result<Self> {
        let state = Arc::new(State { answer, log: watch::Sender::default() });
        connection.object_server().at(PATH, Authority(Arc::clone(&state))).await?;
        connection.request_name(NAME).await?;
        Ok(Self(state))
    }

    /// All that it was asked so far.
    #[must_use]
    pub fn asked(&self) -> Vec<Question> {
        self.0.log.borrow().asked.clone()
    }

    /// Waits until it has been asked this often, and gives the last question.
    pub async fn asked_times(&self, times: usize) -> Option<Question> {
        let mut log = self.0.log.subscribe();
        let log = log.wait_for(|log| log.asked.len() >= times).await.ok()?;
        log.asked.last().cloned()
    }

    /// Waits until this question has been cancelled.
    pub async fn cancelled(&self, cancellation: &str) {
        let mut log = self.0.log.subscribe();
        let _ = log.wait_for(|log| log.cancelled.iter().any(|id| id == cancellation)).await;
    }
}

struct Authority(Arc<State>);

type Subject = (String, HashMap<String, OwnedVariant>);
type Verdict = (bool, bool, HashMap<String, String>);

#[interface(name = "org.freedesktop.PolicyKit1.Authority", introspection_docs = false)]
impl Authority {
    #[zbus(out_args("result"))]
    async fn check_authorization(
        &self,
        subject: Subject,
        action_id: String,
        details: HashMap<String, String>,
        flags: u32,
        cancellation_id: String,
    ) -> zbus::fdo::Result<(Verdict,)> {
        let interactive = flags & 1 != 0;
        let name = subject.1.get("name").and_then(|name| <&str>::try_from(name).ok()).unwrap_or_default().to_owned();
        let mut log = self.0.log.subscribe();
        self.0.log.send_modify(|log| {
            log.asked.push(Question {
                subject_kind: subject.0,
                subject_name: name,
                action: action_id,
                details: details.into_iter().collect(),
                interactive,
                cancellation: cancellation_id.clone(),
            });
        });
        let mut said = HashMap::new();
        let (authorized, challenge) = match self.0.answer {
            Answer::Yes => (true, false),
            Answer::No => (false, false),
            Answer::AfterPassword => (interactive, !interactive),
            Answer::Dismissed => {
                if interactive {
                    said.insert("polkit.dismissed".to_owned(), "true".to_owned());
                }
                (false, true)
            }
            Answer::Absent => {
                return Err(zbus::fdo::Error::ServiceUnknown(format!("The name {NAME} was not provided")));
            }
            Answer::Never => {
                let _ = log.wait_for(|log| log.cancelled.contains(&cancellation_id)).await;
                return Err(zbus::fdo::Error::Failed("the check was cancelled".into()));
            }
        };
        Ok(((authorized, challenge, said),))
    }

    async fn cancel_check_authorization(&self, cancellation_id: String) {
        self.0.log.send_modify(|log| log.cancelled.push(cancellation_id));
    }
}
