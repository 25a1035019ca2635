//! A client's prompter that does as the test says, and a logind that is none.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::HashMap;
use std::fs::File;
use std::io::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};

use plugprint::dbus;
use rustix::pipe::{PipeFlags, pipe_with};
use tokio::sync::watch;
use zbus::{Connection, ObjectPath, OwnedFd, OwnedObjectPath, OwnedVariant, interface};

use crate::dbus_support::*;

pub const PATH: &str = "/prompter";

/// What a prompter does when it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Will {
    /// Gives this secret in a memfd; says yes.
    Tell(&'static [u8]),
    /// Gives this secret through a pipe.
    TellByPipe(&'static [u8]),
    /// Gives the end of a pipe that nobody ever closes.
    PipeWithoutEnd,
    /// Gives a descriptor of this.
    Open(&'static str),
    /// Says no.
    SayNo,
    /// The person does not want to.
    Decline,
    /// Something else went wrong, and it says too much about that.
    Fail(&'static str),
    /// Nothing, ever.
    Hang,
}

#[derive(Debug, zbus::DBusError)]
#[zbus(prefix = "org.plugprint1.Error")]
pub enum Refusal {
    #[zbus(error)]
    ZBus(zbus::Error),
    Canceled(String),
    Failed(String),
}

/// A call that a prompter heard: its name and arguments, and its options by name.
pub type Heard = (String, HashMap<String, OwnedVariant>);

pub struct Helper {
    will: Will,
    heard: watch::Sender<Vec<Heard>>,
}

impl Helper {
    /// Registers a prompter of this client, and gives what it hears.
    pub async fn register(client: &Client, will: Will) -> watch::Receiver<Vec<Heard>> {
        let (heard, hears) = watch::channel(Vec::new());
        client.connection.object_server().at(PATH, Self { will, heard }).await.unwrap();
        register(client).await;
        hears
    }

    fn hear(&self, what: String, options: HashMap<String, OwnedVariant>) {
        self.heard.send_modify(|heard| heard.push((what, options)));
    }

    async fn answer(&self) -> Result<(), Refusal> {
        match self.will {
            Will::Decline => Err(Refusal::Canceled("not today".into())),
            Will::Fail(why) => Err(Refusal::Failed(why.into())),
            Will::Hang => std::future::pending().await,
            _ => Ok(()),
        }
    }
}

/// Registers the object that this client has.
pub async fn register(client: &Client) {
    let path = OwnedObjectPath::try_from(PATH).unwrap();
    client.call(dbus::ROOT, MANAGER, "RegisterPrompter", &(path, options([]))).await.unwrap();
}

/// Waits until a prompter has heard this many calls, and gives the last.
pub async fn heard(hears: &mut watch::Receiver<Vec<Heard>>, times: usize) -> Heard {
    soon(hears.wait_for(|heard| heard.len() >= times)).await.unwrap().last().unwrap().clone()
}

type Told = HashMap<String, OwnedVariant>;

#[interface(name = "org.plugprint1.Prompter", introspection_docs = false)]
impl Helper {
    async fn request_secret(&self, job: ObjectPath<'_>, kind: &str, options: Told) -> Result<OwnedFd, Refusal> {
        self.hear(format!("RequestSecret {job} {kind}"), options);
        self.answer().await?;
        let pipe = || pipe_with(PipeFlags::CLOEXEC).unwrap();
        Ok(match self.will {
            Will::TellByPipe(secret) => {
                let (read, write) = pipe();
                File::from(write).write_all(secret).unwrap();
                read.into()
            }
            Will::PipeWithoutEnd => {
                let (read, write) = pipe();
                std::mem::forget(write);
                read.into()
            }
            Will::Open(path) => std::os::fd::OwnedFd::from(File::open(path).unwrap()).into(),
            Will::Tell(secret) => std::os::fd::OwnedFd::from(sealed(secret)).into(),
            _ => unreachable!(),
        })
    }

    async fn request_action(
        &self,
        job: ObjectPath<'_>,
        what: &str,
        deadline: u64,
        options: Told,
    ) -> Result<(), Refusal> {
        assert_ne!(deadline, 0);
        self.hear(format!("RequestAction {job} {what}"), options);
        self.answer().await
    }

    async fn request_confirmation(&self, job: ObjectPath<'_>, question: &str, options: Told) -> Result<bool, Refusal> {
        self.hear(format!("RequestConfirmation {job} {question}"), options);
        self.answer().await?;
        Ok(self.will != Will::SayNo)
    }

    async fn display_pin(&self, job: ObjectPath<'_>, pin: &str, deadline: u64, options: Told) -> Result<(), Refusal> {
        assert_ne!(deadline, 0);
        self.hear(format!("DisplayPin {job} {pin}"), options);
        self.answer().await
    }

    async fn cancel(&self, job: ObjectPath<'_>, reason: &str, options: Told) {
        self.hear(format!("Cancel {job} {reason}"), options);
    }

    async fn release(&self, options: Told) {
        self.hear("Release".into(), options);
    }
}

/// A prompter whose answers are of the wrong types.
pub struct Confused;

#[interface(name = "org.plugprint1.Prompter", introspection_docs = false)]
impl Confused {
    async fn request_secret(&self, _job: ObjectPath<'_>, _kind: &str, _options: Told) -> String {
        "CanaryPassphrase-in-a-message".into()
    }

    async fn request_action(&self, _job: ObjectPath<'_>, _what: &str, _deadline: u64, _options: Told) -> u32 {
        7
    }

    async fn request_confirmation(&self, _job: ObjectPath<'_>, _question: &str, _options: Told) -> (bool, bool) {
        (true, true)
    }
}

/// A logind: each process that it is asked about is in the next of these sessions, the last one for ever.
pub struct Login {
    sessions: &'static [&'static str],
    asked: AtomicUsize,
}

impl Login {
    /// Takes logind's name on the bus.
    pub async fn serve(connection: &Connection, sessions: &'static [&'static str]) {
        let login = Self { sessions, asked: AtomicUsize::new(0) };
        connection.object_server().at("/org/freedesktop/login1", login).await.unwrap();
        connection.request_name("org.freedesktop.login1").await.unwrap();
    }
}

#[interface(name = "org.freedesktop.login1.Manager", introspection_docs = false)]
impl Login {
    #[zbus(name = "GetSessionByPID")]
    async fn get_session_by_pid(&self, process: u32) -> OwnedObjectPath {
        assert_eq!(process, std::process::id());
        let asked = self.asked.fetch_add(1, Ordering::Relaxed).min(self.sessions.len() - 1);
        OwnedObjectPath::try_from(format!("/org/freedesktop/login1/session/{}", self.sessions[asked])).unwrap()
    }
}
