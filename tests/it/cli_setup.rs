//! The built `plugprint setup` against the real D-Bus room, whose agent the test plays: what it asks for, whom it
//! asks, and how it ends.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::process::Stdio;
use std::sync::Arc;

use plugprint::agent::prompt::{Act, Ask, Prompter, Question, Reply, Shown, Unanswered};
use plugprint::agent::view::{BootTime, JobId, JobResult, Setup, StartOptions, Task};
use plugprint::agent::{ErrorKind, Failure};
use plugprint::blame::Party;
use plugprint::setup::route::{Offer, Route, Way};
use plugprint::wifi::{Security, Ssid};
use plugprint::wps::pin;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout};

use crate::cli_commands::{DONE, FAILED, TIMED_OUT, USAGE, ended, interrupt, plugprint, run, started};
use crate::dbus_polkit::Answer;
use crate::dbus_support::{Asked, House, options, soon};
use crate::networkmanager::{NetworkManager, Script, Secret, UUID};

/// A canary.
const SECRET: &str = "CanaryPassphrase-4711";

/// `plugprint` with its standard input open.
pub fn open(house: &House, words: &str) -> Child {
    plugprint(house.broker.address(), words).stdin(Stdio::piped()).spawn().unwrap()
}

/// The job that the command line has asked for, and whom the agent can ask for it.
pub async fn start_of(house: &mut House) -> (JobId, Task, StartOptions) {
    loop {
        match house.asked().await {
            Asked::Start { task, options, .. } => {
                let job = JobId(options.handle_token.clone().expect("the command line names its job"));
                return (job, task, options);
            }
            Asked::GetResult { .. } | Asked::CallerLeft { .. } => {}
            other => panic!("{other:?}"),
        }
    }
}

async fn setup_of(house: &mut House) -> (JobId, Setup, Arc<dyn Prompter>) {
    match start_of(house).await {
        (job, Task::Setup(setup), options) => (job, *setup, options.prompter.expect("somebody to ask")),
        other => panic!("{other:?}"),
    }
}

fn home() -> Ssid {
    Ssid::new("Home").unwrap()
}

fn ask(question: Question) -> Ask {
    Ask { question, deadline: BootTime(0), router: None }
}

fn joined(already: bool) -> JobResult {
    JobResult::Joined { ssid: home(), address: "192.0.2.17".parse().unwrap(), already }
}

/// A program that reads `--json` and answers.
struct Program {
    child: Child,
    events: Lines<BufReader<ChildStdout>>,
    answers: Option<ChildStdin>,
}

impl Program {
    fn of(mut child: Child) -> Self {
        let events = BufReader::new(child.stdout.take().unwrap()).lines();
        let answers = child.stdin.take();
        Self { child, events, answers }
    }

    /// The next event that is no stage.
    async fn hears(&mut self) -> Value {
        loop {
            let line = soon(self.events.next_line()).await.unwrap().expect("another event");
            let event: Value = serde_json::from_str(&line).unwrap();
            if event["event"] != "stage" {
                return event;
            }
        }
    }

    async fn says(&mut self, line: &str) {
        let stdin = self.answers.as_mut().unwrap();
        stdin.write_all(format!("{line}\n").as_bytes()).await.unwrap();
    }

    async fn code(self) -> i32 {
        ended(self.child).await.code
    }
}

#[tokio::test]
async fn what_was_typed_is_what_the_agent_is_asked_for() {
    let mut house = House::open(Answer::Yes).await;
    let child =
        started(&house, "setup --ssid Home --security wpa2-psk --hidden --route pin --from-paper --experimental");
    let (job, setup, _) = setup_of(&mut house).await;
    assert_eq!((setup.target.ssid, setup.target.security), (Some(home()), Some(Security::Wpa2Personal)));
    assert!(setup.target.hidden && setup.target.passphrase.is_none());
    assert_eq!((setup.wish.route, setup.wish.from_paper, setup.wish.generate), (Some(Route::Pin), true, false));
    assert!(setup.wish.experimental && !setup.explain);
    house.will_give(joined(false));
    house.finish_job(&job.0, Ok(()));
    let end = ended(child).await;
    end.with(DONE, "Joined Home. The printer's address is 192.0.2.17.\n").saying("http://192.0.2.17/");
}

#[tokio::test]
async fn a_printer_that_is_on_the_network_already() {
    let mut house = House::open(Answer::Yes).await;
    let child = started(&house, "setup --ssid Home");
    let (job, ..) = setup_of(&mut house).await;
    house.will_give(joined(true));
    house.finish_job(&job.0, Ok(()));
    ended(child).await.with(DONE, "It is on Home already. The printer's address is 192.0.2.17.\n");
}

#[tokio::test]
async fn the_password_comes_from_the_first_line_of_standard_input() {
    let mut house = House::open(Answer::Yes).await;
    let mut child = open(&house, "setup --ssid Home --stdin");
    let typed = format!("{SECRET}\nand this is nobody's\n");
    child.stdin.take().unwrap().write_all(typed.as_bytes()).await.unwrap();
    let (job, _, prompter) = setup_of(&mut house).await;
    assert!(prompter.is_there());
    match soon(prompter.ask(&job, ask(Question::Passphrase(home())))).await {
        Ok(Reply::Secret(secret)) => assert_eq!(secret.expose(), SECRET.as_bytes()),
        other => panic!("{other:?}"),
    }
    let again = soon(prompter.ask(&job, ask(Question::Passphrase(home())))).await;
    assert!(matches!(again, Err(Unanswered::NoPrompter)), "it is given once: {again:?}");
    let password = soon(prompter.ask(&job, ask(Question::AdminPassword))).await;
    assert!(matches!(password, Err(Unanswered::NoPrompter)), "{password:?}");

    let wrong = "The printer found the network, but its password is wrong. Check it.";
    house.finish_job(&job.0, Err(Failure::new(ErrorKind::WrongPassphrase, Party::Caller, wrong)));
    let end = ended(child).await;
    end.with(FAILED, "").saying(wrong);
    assert!(!end.err.contains(SECRET), "{end:?}");
}

#[tokio::test]
async fn what_can_be_no_password_is_not_sent() {
    let mut house = House::open(Answer::Yes).await;
    for (typed, why) in [("short\n", "at least 8"), ("", "empty")] {
        let mut child = open(&house, "setup --ssid Home --stdin");
        child.stdin.take().unwrap().write_all(typed.as_bytes()).await.unwrap();
        ended(child).await.with(USAGE, "").saying(why);
    }
    let name = "x".repeat(33);
    run(&house, &format!("setup --ssid {name}")).await.with(USAGE, "").saying("at most 32 bytes");
    assert!(house.asked_nothing());
}

#[tokio::test]
async fn without_a_terminal_nobody_can_be_asked() {
    let mut house = House::open(Answer::Yes).await;
    let child = started(&house, "setup --ssid Home");
    let (job, _, prompter) = setup_of(&mut house).await;
    assert!(!prompter.is_there());
    house.finish_job(&job.0, Err(Failure::new(ErrorKind::NoPrompter, Party::Caller, "Nobody is there to be asked.")));
    ended(child).await.with(FAILED, "").saying("Nobody is there to be asked. Run it in a terminal, or give");
}

#[tokio::test]
async fn how_a_set_up_fails_is_how_the_command_ends() {
    let mut house = House::open(Answer::Yes).await;
    for (kind, code) in [
        (ErrorKind::WrongPin, FAILED),
        (ErrorKind::NetworkNotFound, FAILED),
        (ErrorKind::NoAddress, FAILED),
        (ErrorKind::PinExpired, TIMED_OUT),
        (ErrorKind::Timeout, TIMED_OUT),
    ] {
        let child = started(&house, "--json setup --ssid Home");
        let (job, ..) = setup_of(&mut house).await;
        house.finish_job(&job.0, Err(Failure::new(kind, Party::Network, "It did not.")));
        let end = ended(child).await;
        let last: Value = serde_json::from_str(end.out.lines().last().unwrap()).unwrap();
        assert_eq!((end.code, &last["error"]), (code, &json!(kind.name())), "{end:?}");
    }
}

#[tokio::test]
async fn the_ways_are_explained() {
    let mut house = House::open(Answer::Yes).await;
    let reason = "which network it is to join is not known; name it with --ssid";
    let offers = vec![
        Offer { route: Route::Join, way: None, reason: reason.into() },
        Offer { route: Route::Button, way: Some(Way::Button { registrar: false }), reason: "two buttons".into() },
        Offer { route: Route::Guided, way: Some(Way::Guided(&[])), reason: "its panel".into() },
    ];
    house.will_give(JobResult::Routes(offers));
    for words in ["setup --explain", "--json setup --explain"] {
        let child = started(&house, words);
        let (job, setup, _) = setup_of(&mut house).await;
        assert!(setup.explain);
        house.finish_job(&job.0, Ok(()));
        let end = ended(child).await;
        if words.starts_with("--json") {
            let routes = end.json()["routes"].clone();
            assert_eq!((&routes[0]["possible"], &routes[0]["reason"]), (&json!(false), &json!(reason)));
            assert_eq!((&routes[1]["route"], &routes[1]["possible"]), (&json!("button"), &json!(true)));
        } else {
            let rows: Vec<Vec<&str>> = end.out.lines().map(|line| line.split('\t').collect()).collect();
            assert_eq!((rows[0][0], rows[0][1], rows[0][3]), ("join", "left out", reason), "{end:?}");
            assert_eq!((rows[1][0], rows[1][1], rows[1][3]), ("button", "taken first", "two buttons"));
            assert_eq!((rows[2][0], rows[2][1]), ("guided", "possible"));
        }
    }
}

#[tokio::test]
async fn a_program_is_asked_and_answers() {
    let mut house = House::open(Answer::Yes).await;
    let mut program = Program::of(open(&house, "--json setup --ssid Home"));
    let (job, _, prompter) = setup_of(&mut house).await;

    let share = prompter.ask(&job, ask(Question::ShareNetwork { ssid: home(), open: false }));
    let answers = async {
        let event = program.hears().await;
        assert_eq!((&event["kind"], &event["what"]), (&json!("confirmation"), &json!("share-network")), "{event}");
        program.says("y").await;
    };
    let (reply, ()) = tokio::join!(soon(share), answers);
    assert!(matches!(reply, Ok(Reply::Yes)), "{reply:?}");

    let secret = prompter.ask(&job, ask(Question::Passphrase(home())));
    let answers = async {
        let event = program.hears().await;
        assert_eq!((&event["event"], &event["kind"]), (&json!("prompt"), &json!("secret")));
        assert_eq!((&event["what"], &event["ssid"]), (&json!("passphrase"), &json!("Home")));
        program.says("short").await;
        assert_eq!(program.hears().await["event"], "prompt-again");
        program.says(SECRET).await;
    };
    let (reply, ()) = tokio::join!(soon(secret), answers);
    assert!(matches!(reply, Ok(Reply::Secret(secret)) if secret.expose() == SECRET.as_bytes()));

    let paper = prompter.ask(&job, ask(Question::PaperPin));
    let answers = async {
        assert_eq!(program.hears().await["what"], "paper-pin");
        program.says("1234 5678").await;
        let event = program.hears().await;
        assert!(event["reason"].as_str().unwrap().contains("last digit"), "{event}");
        program.says("1234 5670").await;
    };
    let (reply, ()) = tokio::join!(soon(paper), answers);
    assert!(matches!(reply, Ok(Reply::Secret(pin)) if pin.expose() == b"1234 5670"));

    let password = prompter.ask(&job, ask(Question::AdminPassword));
    let answers = async {
        assert_eq!(program.hears().await["what"], "admin-password");
        program.says("").await;
    };
    let (reply, ()) = tokio::join!(soon(password), answers);
    assert!(matches!(reply, Err(Unanswered::Declined)), "an empty line declines: {reply:?}");

    house.will_give(joined(false));
    house.finish_job(&job.0, Ok(()));
    loop {
        let event = program.hears().await;
        if event["event"] == "joined" {
            assert_eq!((&event["ssid"], &event["address"]), (&json!("Home"), &json!("192.0.2.17")));
            break;
        }
        assert_eq!(event["event"], "prompt-withdrawn");
    }
    assert_eq!(program.code().await, DONE);
}

/// A printer may want to be shown something before it does anything.
#[tokio::test]
async fn who_asks_a_printer_for_one_thing_is_there_to_be_asked() {
    for words in ["identify", "buttons wireless+information", "wifi power off", "wifi reset --yes"] {
        let mut house = House::open(Answer::Yes).await;
        let mut program = Program::of(open(&house, &format!("--json {words}")));
        let (job, _, options) = start_of(&mut house).await;
        let prompter = options.prompter.expect(words);
        let label = prompter.ask(&job, ask(Question::LabelPin));
        let answers = async {
            assert_eq!(program.hears().await["what"], "label-pin", "{words}");
            program.says("24681357").await;
        };
        let (reply, ()) = tokio::join!(soon(label), answers);
        assert!(matches!(reply, Ok(Reply::Secret(pin)) if pin.expose() == b"24681357"), "{words}");
        house.finish_job(&job.0, Err(Failure::new(ErrorKind::PrinterAuthFailed, Party::Caller, "That was not it.")));
        assert_eq!(program.code().await, FAILED, "{words}");
    }
}

fn own(ssid: Ssid, connection: &str) -> Question {
    Question::OwnPassphrase { ssid, connection: connection.into() }
}

#[tokio::test]
async fn the_password_of_this_computer_s_own_network_is_fetched_after_consent() {
    let mut house = House::open(Answer::Yes).await;
    let script = Script { secret: Secret::Psk(SECRET), hidden: true, ..Script::default() };
    let manager = NetworkManager::on(&house.broker, script).await;
    let mut program = Program::of(open(&house, "--json setup"));
    let (job, setup, prompter) = setup_of(&mut house).await;
    assert_eq!((setup.target.ssid, setup.target.hidden), (None, true), "its owner knows that it hides its name");
    let secrets = || manager.calls().iter().filter(|call| call.starts_with("GetSecrets ")).count();

    // Nobody has agreed to anything yet; then somebody does not; then to another network.
    for (agreed, answer) in [(None, ""), (Some(home()), "n"), (Some(Ssid::new("Other").unwrap()), "y")] {
        if let Some(ssid) = agreed {
            let share = prompter.ask(&job, ask(Question::ShareNetwork { ssid, open: false }));
            let answers = async {
                assert_eq!(program.hears().await["what"], "share-network");
                program.says(answer).await;
            };
            tokio::join!(soon(share), answers).0.unwrap();
        }
        let question = prompter.ask(&job, ask(own(home(), UUID)));
        let answers = async {
            assert_eq!(program.hears().await["what"], "passphrase");
            program.says("typed by hand").await;
        };
        let (reply, ()) = tokio::join!(soon(question), answers);
        assert!(matches!(reply, Ok(Reply::Secret(typed)) if typed.expose() == b"typed by hand"));
        assert_eq!(secrets(), 0, "after {answer:?}");
    }

    // Agreed: fetched once, and asked for in any other case.
    let share = prompter.ask(&job, ask(Question::ShareNetwork { ssid: home(), open: false }));
    let answers = async {
        assert_eq!(program.hears().await["ssid"], "Home");
        program.says("y").await;
    };
    tokio::join!(soon(share), answers).0.unwrap();
    let (reply, event) = tokio::join!(soon(prompter.ask(&job, ask(own(home(), UUID)))), program.hears());
    assert!(matches!(reply, Ok(Reply::Secret(secret)) if secret.expose() == SECRET.as_bytes()));
    assert_eq!((&event["event"], &event["fetched"]), (&json!("own-password"), &json!(true)), "{event}");
    assert_eq!(secrets(), 1);
    let question = prompter.ask(&job, ask(own(home(), UUID)));
    let answers = async {
        assert_eq!(program.hears().await["what"], "passphrase");
        program.says("").await;
    };
    assert!(tokio::join!(soon(question), answers).0.is_err());
    assert_eq!(secrets(), 1);
    house.finish_job(&job.0, Err(Failure::new(ErrorKind::Canceled, Party::Caller, "Cancelled.")));
    assert_eq!(program.hears().await["event"], "prompt-withdrawn");
    assert_eq!(program.hears().await["error"], "Canceled");
}

#[tokio::test]
async fn what_networkmanager_does_not_give_is_typed_and_what_no_printer_may_have_is_not() {
    for (script, types) in [
        (Script { secret: Secret::None, ..Script::default() }, true),
        (Script { secret: Secret::Error("PermissionDenied"), ..Script::default() }, true),
        (Script { enterprise: true, ..Script::default() }, false),
    ] {
        let mut house = House::open(Answer::Yes).await;
        let _manager = NetworkManager::on(&house.broker, script).await;
        let mut program = Program::of(open(&house, "--json setup"));
        let (job, _, prompter) = setup_of(&mut house).await;
        let share = prompter.ask(&job, ask(Question::ShareNetwork { ssid: home(), open: false }));
        let answers = async {
            program.hears().await;
            program.says("y").await;
        };
        tokio::join!(soon(share), answers).0.unwrap();
        let question = prompter.ask(&job, ask(own(home(), UUID)));
        let answers = async {
            let event = program.hears().await;
            assert_eq!((&event["event"], &event["fetched"]), (&json!("own-password"), &json!(false)), "{event}");
            assert!(!event["reason"].as_str().unwrap().is_empty());
            if types {
                assert_eq!(program.hears().await["what"], "passphrase");
                program.says(SECRET).await;
            }
        };
        let (reply, ()) = tokio::join!(soon(question), answers);
        match reply {
            Ok(Reply::Secret(secret)) => assert!(types && secret.expose() == SECRET.as_bytes()),
            Err(Unanswered::Declined) => assert!(!types),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_pin_is_shown_to_who_asked_and_typed_at_the_router() {
    let mut house = House::open(Answer::Yes).await;
    let mut program = Program::of(open(&house, "--json setup --route typed"));
    let (job, _, prompter) = setup_of(&mut house).await;
    let pin = pin::parse("94229882").unwrap();
    soon(prompter.display_pin(&job, Shown { pin, deadline: BootTime(u64::MAX), router: None })).await.unwrap();
    let event = program.hears().await;
    assert_eq!((&event["event"], &event["pin"]), (&json!("display-pin"), &json!("94229882")));

    let typed = prompter.ask(&job, ask(Question::Act(Act::TypePinAtRouter)));
    let answers = async {
        let event = program.hears().await;
        assert_eq!((&event["kind"], &event["what"]), (&json!("action"), &json!("type-pin-at-router")));
        program.says("done").await;
    };
    let (reply, ()) = tokio::join!(soon(typed), answers);
    assert!(matches!(reply, Ok(Reply::Yes)), "{reply:?}");
    house.will_give(joined(false));
    house.finish_job(&job.0, Ok(()));
    assert_eq!(program.hears().await["event"], "joined");
    assert_eq!(program.code().await, DONE);
}

#[tokio::test]
async fn what_was_done_and_said_as_the_service_noticed_it_does_not_decline_the_next_question() {
    let mut house = House::open(Answer::Yes).await;
    let mut program = Program::of(open(&house, "--json setup --ssid Home"));
    let (job, _, prompter) = setup_of(&mut house).await;
    let press = {
        let (prompter, job) = (Arc::clone(&prompter), job.clone());
        tokio::spawn(async move { prompter.ask(&job, ask(Question::Act(Act::PressLitButton))).await })
    };
    assert_eq!(program.hears().await["what"], "press-printer-button");
    press.abort();
    assert_eq!(program.hears().await["event"], "prompt-withdrawn");
    let next = prompter.ask(&job, ask(Question::Passphrase(home())));
    let answers = async {
        assert_eq!(program.hears().await["what"], "passphrase");
        program.says("").await;
        assert_eq!(program.hears().await["event"], "prompt-again");
        program.says(SECRET).await;
    };
    let (reply, ()) = tokio::join!(soon(next), answers);
    assert!(matches!(reply, Ok(Reply::Secret(secret)) if secret.expose() == SECRET.as_bytes()));
    // Once only: from now on an empty line is what it says.
    let next = prompter.ask(&job, ask(Question::AdminPassword));
    let answers = async {
        assert_eq!(program.hears().await["what"], "admin-password");
        program.says("").await;
    };
    assert!(tokio::join!(soon(next), answers).0.is_err());
}

#[tokio::test]
async fn a_question_that_is_taken_back_is_closed() {
    let mut house = House::open(Answer::Yes).await;
    let mut program = Program::of(open(&house, "--json setup --ssid Home"));
    let (job, _, prompter) = setup_of(&mut house).await;
    let question = {
        let prompter = Arc::clone(&prompter);
        let job = job.clone();
        tokio::spawn(async move { prompter.ask(&job, ask(Question::Passphrase(home()))).await })
    };
    assert_eq!(program.hears().await["what"], "passphrase");
    question.abort();
    assert_eq!(program.hears().await["event"], "prompt-withdrawn");
    // What comes too late answers the next question, where it makes no sense.
    let next = prompter.ask(&job, ask(Question::PaperPin));
    let answers = async {
        assert_eq!(program.hears().await["what"], "paper-pin");
        program.says("12345670").await;
    };
    let (reply, ()) = tokio::join!(soon(next), answers);
    assert!(matches!(reply, Ok(Reply::Secret(_))), "{reply:?}");
    house.finish_job(&job.0, Err(Failure::new(ErrorKind::Timeout, Party::Caller, "Too late.")));
    assert_eq!(program.hears().await["error"], "Timeout");
    assert_eq!(program.code().await, TIMED_OUT);
}

#[tokio::test]
async fn a_program_that_stops_answering_is_nobody() {
    let mut house = House::open(Answer::Yes).await;
    let mut program = Program::of(open(&house, "--json setup --ssid Home"));
    let (job, _, prompter) = setup_of(&mut house).await;
    program.answers = None;
    let reply = soon(prompter.ask(&job, ask(Question::Passphrase(home())))).await;
    assert!(matches!(reply, Err(Unanswered::NoPrompter)), "{reply:?}");
    let reply = soon(prompter.ask(&job, ask(Question::Act(Act::PressRouterButton)))).await;
    assert!(matches!(reply, Err(Unanswered::NoPrompter)), "{reply:?}");
    interrupt(&program.child);
    assert!(matches!(house.asked().await, Asked::Cancel { job: canceled, .. } if canceled == job));
    house.finish_job(&job.0, Err(Failure::new(ErrorKind::Canceled, Party::Caller, "Cancelled.")));
    assert_eq!(program.code().await, FAILED);
}

#[tokio::test]
async fn only_the_service_may_ask_and_only_for_this_job() {
    let mut house = House::open(Answer::Yes).await;
    let client = house.client().await;
    let child = open(&house, "--json setup --ssid Home");
    let (job, _, prompter) = setup_of(&mut house).await;
    let command_line = match prompter_of(&client.connection).await.as_slice() {
        [one] => one.clone(),
        other => panic!("{other:?}"),
    };
    let path = format!("/org/plugprint1/jobs/{job}");
    let body = (zbus::OwnedObjectPath::try_from(path).unwrap(), "passphrase", options([]));
    let call = client.connection.call_method(
        Some(command_line.as_str()),
        "/org/plugprint1/cli/prompter",
        Some("org.plugprint1.Prompter"),
        "RequestSecret",
        &body,
    );
    let (name, _) = crate::dbus_support::error_of(soon(call).await);
    assert_eq!(name, "NotAuthorized");
    let other = soon(prompter.ask(&JobId("another".into()), ask(Question::Passphrase(home())))).await;
    assert!(matches!(other, Err(Unanswered::NoPrompter)), "{other:?}");
    house.finish_job(&job.0, Err(Failure::new(ErrorKind::Canceled, Party::Caller, "Cancelled.")));
    let end = ended(child).await;
    assert!(!end.out.contains("prompt"), "{end:?}");
}

/// Who on the bus has a prompter object: all that is neither the service, nor polkit, nor we.
async fn prompter_of(connection: &zbus::Connection) -> Vec<String> {
    let bus = zbus::fdo::DBusProxy::new(connection).await.unwrap();
    let mut found = Vec::new();
    for name in bus.list_names().await.unwrap() {
        let call = connection.call_method(
            Some(name.as_str()),
            "/org/plugprint1/cli/prompter",
            Some("org.freedesktop.DBus.Peer"),
            "Ping",
            &(),
        );
        let introspect = connection.call_method(
            Some(name.as_str()),
            "/org/plugprint1/cli/prompter",
            Some("org.freedesktop.DBus.Introspectable"),
            "Introspect",
            &(),
        );
        if name.as_str().starts_with(':')
            && tokio::time::timeout(std::time::Duration::from_secs(2), call).await.is_ok_and(|answer| answer.is_ok())
            && introspect.await.is_ok_and(|answer| {
                answer.body().deserialize::<String>().is_ok_and(|xml| xml.contains("org.plugprint1.Prompter"))
            })
        {
            found.push(name.to_string());
        }
    }
    found
}
