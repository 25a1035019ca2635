//! `plugprint` on a terminal: what a person sees, and what they don't. The terminal is that of `script`
//! (util-linux); where it is missing, these tests say so and are skipped.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::process::Stdio;
use std::sync::Arc;

use plugprint::agent::prompt::{Act, Ask, Prompter, Question, Reply, Shown, Unanswered};
use plugprint::agent::view::{BootTime, JobId, JobResult};
use plugprint::agent::{ErrorKind, Failure};
use plugprint::blame::Party;
use plugprint::wifi::Ssid;
use plugprint::wps::pin;
use plugprint::wps::registrar::manual::Router;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::cli_setup::start_of;
use crate::dbus_polkit::Answer;
use crate::dbus_support::{Asked, House, soon};

/// A canary.
const SECRET: &str = "CanaryPassphrase-4713";

/// A person at a terminal.
struct Person {
    child: Child,
    keys: ChildStdin,
    screen: ChildStdout,
    /// All that has been on the screen.
    seen: String,
    read: usize,
}

impl Person {
    /// Runs `plugprint` with these words, and shows how the terminal is left.
    fn runs(house: &House, words: &str) -> Option<Self> {
        let plugprint = env!("CARGO_BIN_EXE_plugprint");
        let line =
            format!("trap : INT; {plugprint} --bus-address {} {words}; echo ended $?; stty -a", house.broker.address());
        let mut command = Command::new("script");
        command.args(["--quiet", "--command", &line, "/dev/null"]).env("SHELL", "/bin/sh").env_remove("DISPLAY");
        command.env_remove("WAYLAND_DISPLAY");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let Ok(mut child) = command.spawn() else {
            println!("skipped: script (util-linux) is not installed");
            return None;
        };
        let (keys, screen) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Some(Self { child, keys, screen, seen: String::new(), read: 0 })
    }

    /// Waits until this is on the screen, after what was waited for before.
    async fn sees(&mut self, text: &str) {
        soon(async {
            loop {
                if let Some(at) = self.seen[self.read..].find(text) {
                    self.read += at + text.len();
                    return;
                }
                let mut buffer = [0; 1024];
                let count = self.screen.read(&mut buffer).await.unwrap();
                assert!(count > 0, "never seen: {text:?}\n{}", self.seen);
                self.seen.push_str(&String::from_utf8_lossy(&buffer[..count]));
            }
        })
        .await;
    }

    async fn types(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).await.unwrap();
        self.keys.flush().await.unwrap();
    }

    /// Waits until the command has ended so, with the terminal as it was.
    async fn has_ended(&mut self, code: i32) {
        self.sees(&format!("ended {code}")).await;
        self.sees(" icanon").await;
        self.sees(" echo ").await;
        soon(self.child.wait()).await.unwrap();
    }
}

async fn prompter_of(house: &mut House) -> (JobId, Arc<dyn Prompter>) {
    let (job, _, options) = start_of(house).await;
    (job, options.prompter.unwrap())
}

fn home() -> Ssid {
    Ssid::new("Home\u{1b}[2J").unwrap()
}

fn ask(question: Question) -> Ask {
    Ask { question, deadline: BootTime(0), router: None }
}

#[tokio::test]
async fn a_password_is_typed_and_never_seen() {
    let mut house = House::open(Answer::Yes).await;
    let Some(mut person) = Person::runs(&house, "setup --ssid Home") else { return };
    let (job, prompter) = prompter_of(&mut house).await;

    let secret = prompter.ask(&job, ask(Question::Passphrase(home())));
    let typing = async {
        person.sees("Password of the network \"Home\\x1b[2J\" (not shown").await;
        person.types("short\r").await;
        person.sees("at least 8 characters").await;
        person.types(&format!("{SECRET}\r")).await;
        person.sees("********").await;
    };
    let (reply, ()) = tokio::join!(soon(secret), typing);
    assert!(matches!(reply, Ok(Reply::Secret(secret)) if secret.expose() == SECRET.as_bytes()));

    let share = prompter.ask(&job, ask(Question::ShareNetwork { ssid: home(), open: false }));
    let typing = async {
        person.sees("y or n").await;
        person.types("n\r").await;
        person.sees("No. Its password was not looked at.").await;
    };
    let (reply, ()) = tokio::join!(soon(share), typing);
    assert!(matches!(reply, Ok(Reply::No)), "{reply:?}");

    house.will_give(JobResult::Joined { ssid: home(), address: "192.0.2.17".parse().unwrap(), already: false });
    house.finish_job(&job.0, Ok(()));
    person.sees("Joined Home\\x1b[2J. The printer's address is 192.0.2.17.").await;
    person.has_ended(0).await;
    assert!(!person.seen.contains("Canary") && !person.seen.contains("short\r"), "{}", person.seen);
}

#[tokio::test]
async fn a_pin_is_shown_with_the_router_until_it_is_typed_there() {
    let mut house = House::open(Answer::Yes).await;
    let Some(mut person) = Person::runs(&house, "setup --route typed") else { return };
    let (job, prompter) = prompter_of(&mut house).await;
    let router = Router { address: "192.0.2.1".parse().unwrap(), interface: "wlan0".into() };
    let shown = Shown { pin: pin::parse("94229882").unwrap(), deadline: BootTime(0), router: Some(router.clone()) };
    soon(prompter.display_pin(&job, shown)).await.unwrap();
    person.sees("http://192.0.2.1/").await;
    person.sees("9422 9882").await;

    let typed = prompter
        .ask(&job, Ask { question: Question::Act(Act::TypePinAtRouter), deadline: BootTime(0), router: Some(router) });
    let typing = async {
        person.sees("Press Enter when that is done").await;
        person.types("\r").await;
    };
    let (reply, ()) = tokio::join!(soon(typed), typing);
    assert!(matches!(reply, Ok(Reply::Yes)), "{reply:?}");
    house.will_give(JobResult::Joined { ssid: home(), address: "192.0.2.17".parse().unwrap(), already: false });
    house.finish_job(&job.0, Ok(()));
    // The board with the PIN is wiped before the end is told.
    person.sees("\u{1b}[J").await;
    person.sees("Joined").await;
    person.has_ended(0).await;
}

#[tokio::test]
async fn ctrl_c_gives_the_terminal_back() {
    let mut house = House::open(Answer::Yes).await;
    let Some(mut person) = Person::runs(&house, "setup --ssid Home") else { return };
    let (job, prompter) = prompter_of(&mut house).await;
    let secret = prompter.ask(&job, ask(Question::Passphrase(home())));
    let typing = async {
        person.sees("not shown").await;
        person.types("half a pass").await;
        person.types("\u{3}").await;
    };
    let (reply, ()) = tokio::join!(soon(secret), typing);
    assert!(matches!(reply, Err(Unanswered::Declined)), "{reply:?}");
    assert!(matches!(house.asked().await, Asked::Cancel { job: canceled, .. } if canceled == job));
    house.finish_job(&job.0, Err(Failure::new(ErrorKind::Canceled, Party::Caller, "Cancelled.")));
    person.has_ended(1).await;
    assert!(!person.seen.contains("half a pass"), "{}", person.seen);
}
