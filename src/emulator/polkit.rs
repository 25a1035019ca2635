//! A stand-in for polkit's authority, for a bus that has none. It shows what it is: its `BackendName` says so,
//! and each of its decisions is one that the caller of [`serve`] has written down.

use std::collections::HashMap;
use std::fmt;

use zbus::{OwnedVariant, fdo};

/// polkit's name on the bus.
pub const NAME: &str = "org.freedesktop.PolicyKit1";
/// What its `BackendName` says.
pub const BACKEND: &str = "plugprint's stand-in: it asks nobody";

const PATH: &str = "/org/freedesktop/PolicyKit1/Authority";

/// AllowUserInteraction, of CheckAuthorizationFlags (polkit, org.freedesktop.PolicyKit1.Authority).
const ALLOW_USER_INTERACTION: u32 = 1;

/// Who wants to do what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The action's id.
    pub action: String,
    /// `system-bus-name`, `unix-process`, `unix-session`.
    pub subject_kind: String,
    /// The name on the bus; empty for another kind of subject.
    pub bus_name: String,
    /// Whether a person may be asked.
    pub interactive: bool,
    /// What a dialog would show.
    pub details: HashMap<String, String>,
}

/// What is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Authorized.
    Yes,
    /// Not authorized.
    No,
    /// Not authorized now; a person who is asked could change that.
    Challenge,
    /// A person was asked, and closed the dialog.
    Dismissed,
}

type Decide = Box<dyn Fn(&Question) -> Verdict + Send + Sync>;

struct Authority(Decide);

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(BACKEND)
    }
}

#[zbus::interface(name = "org.freedesktop.PolicyKit1.Authority")]
impl Authority {
    async fn check_authorization(
        &self,
        subject: (String, HashMap<String, OwnedVariant>),
        action_id: String,
        details: HashMap<String, String>,
        flags: u32,
        _cancellation_id: String,
    ) -> fdo::Result<((bool, bool, HashMap<String, String>),)> {
        let (subject_kind, about) = subject;
        let bus_name = match about.get("name").map(std::ops::Deref::deref) {
            Some(zbus::Variant::Str(name)) => name.to_string(),
            _ => String::new(),
        };
        let interactive = flags & ALLOW_USER_INTERACTION != 0;
        let verdict = (self.0)(&Question { action: action_id, subject_kind, bus_name, interactive, details });
        let mut more = HashMap::new();
        if verdict == Verdict::Dismissed {
            more.insert("polkit.dismissed".to_owned(), "true".to_owned());
        }
        Ok(((verdict == Verdict::Yes, verdict == Verdict::Challenge, more),))
    }

    async fn cancel_check_authorization(&self, _cancellation_id: String) {}

    #[zbus(property(emits_changed_signal = "const"))]
    fn backend_name(&self) -> &str {
        BACKEND
    }

    #[zbus(property(emits_changed_signal = "const"))]
    fn backend_version(&self) -> &str {
        env!("CARGO_PKG_VERSION")
    }

    #[zbus(property(emits_changed_signal = "const"))]
    fn backend_features(&self) -> u32 {
        0
    }
}

/// Takes polkit's name on this connection's bus, and answers by `decide`.
///
/// # Errors
/// zbus's: the name is taken, the connection is gone.
pub async fn serve(
    connection: &zbus::Connection,
    decide: impl Fn(&Question) -> Verdict + Send + Sync + 'static,
) -> zbus::Result<()> {
    connection.object_server().at(PATH, Authority(Box::new(decide))).await?;
    connection.request_name(NAME).await
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
    use super::*;
    use crate::emulator::broker::Broker;
    use zbus_polkit::policykit1::{AuthorityProxy, CheckAuthorizationFlags, Subject};

    #[tokio::test]
    async fn polkits_own_client_understands_each_verdict() {
        let broker = Broker::start().await.unwrap();
        let authority = broker.connect().await.unwrap();
        serve(&authority, |question| {
            assert_eq!((question.subject_kind.as_str(), question.bus_name.as_str()), ("system-bus-name", ":1.7"));
            match (question.action.as_str(), question.interactive) {
                ("allowed", _) => Verdict::Yes,
                ("asked", true) => Verdict::Dismissed,
                ("asked", false) => Verdict::Challenge,
                _ => Verdict::No,
            }
        })
        .await
        .unwrap();

        let client = broker.connect().await.unwrap();
        let proxy = AuthorityProxy::new(&client).await.unwrap();
        let message = zbus::Message::method_call("/", "Any").sender(":1.7").build(&()).unwrap();
        let subject = Subject::new_for_message_header(&message.header()).unwrap();
        let ask = async |action: &str, interactive: bool| {
            let flags = if interactive { CheckAuthorizationFlags::ALLOW_USER_INTERACTION } else { Default::default() };
            let result = proxy.check_authorization(&subject, action, &HashMap::new(), flags, "").await.unwrap();
            (result.is_authorized, result.is_challenge, result.details.contains_key("polkit.dismissed"))
        };
        assert_eq!(ask("allowed", false).await, (true, false, false));
        assert_eq!(ask("asked", false).await, (false, true, false));
        assert_eq!(ask("asked", true).await, (false, false, true));
        assert_eq!(ask("other", true).await, (false, false, false));
        assert_eq!(proxy.backend_name().await.unwrap(), BACKEND);
    }
}
