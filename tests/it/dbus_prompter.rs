//! Asking a person: whom, how, and what comes of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use plugprint::agent::prompt::{Act, Ask, Prompter, Question, Reply, Shown, Unanswered};
use plugprint::agent::view::{BootTime, JobId};
use plugprint::agent::{Clock as _, KernelClock};
use plugprint::secret::Pin;
use plugprint::wifi::Ssid;
use plugprint::wps::registrar::manual::Router;
use zbus::{Message, OwnedObjectPath};

use crate::dbus_helper::*;
use crate::dbus_polkit::Answer;
use crate::dbus_support::*;

const JOB_PATH: &str = "/org/plugprint1/jobs/j1";

/// The prompter that the agent is given for a job of this client.
pub async fn prompter_for(house: &mut House, client: &Client) -> Arc<dyn Prompter> {
    let job = client.call(LASERJET, WIFI, "Scan", &(options([]),)).await.unwrap();
    assert_eq!(path_of(&job).as_str(), JOB_PATH);
    loop {
        match house.asked().await {
            Asked::Start { options, .. } => {
                house.paint(|view| view.jobs.clear());
                return options.prompter.unwrap();
            }
            Asked::CallerLeft { .. } => {}
            asked => panic!("{asked:?}"),
        }
    }
}

pub fn in_time(patience: Duration) -> BootTime {
    KernelClock.now().after(patience)
}

pub fn ask(question: Question) -> Ask {
    let router = Router { address: "192.0.2.1".parse().unwrap(), interface: "wlan0".into() };
    Ask { question, deadline: in_time(Duration::from_secs(60)), router: Some(router) }
}

pub fn job() -> JobId {
    JobId("j1".into())
}

fn home() -> Ssid {
    Ssid::new(b"Home \xff").unwrap()
}

/// What an answer is, with the secret in it.
fn plain(answer: Result<Reply, Unanswered>) -> Result<Vec<u8>, Unanswered> {
    answer.map(|reply| match reply {
        Reply::Secret(typed) => typed.expose().to_vec(),
        Reply::Yes => b"yes".to_vec(),
        Reply::No => b"no".to_vec(),
    })
}

async fn asked(prompter: &Arc<dyn Prompter>, question: Question) -> Result<Vec<u8>, Unanswered> {
    plain(soon(prompter.ask(&job(), ask(question))).await)
}

#[tokio::test]
async fn the_starters_own_prompter_is_asked_and_answers() {
    let mut house = House::open(Answer::Yes).await;
    let client = house.client().await;
    let mut hears = Helper::register(&client, Will::Tell(b"correct horse\n\n")).await;
    let prompter = prompter_for(&mut house, &client).await;
    assert!(prompter.is_there());

    assert_eq!(asked(&prompter, Question::Passphrase(home())).await.unwrap(), b"correct horse\n", "one newline is cut");
    let (call, about) = heard(&mut hears, 1).await;
    assert_eq!(call, format!("RequestSecret {JOB_PATH} passphrase"));
    assert_eq!(Vec::<u8>::try_from(about["ssid"].clone()).unwrap(), b"Home \xff");
    assert_eq!(<&str>::try_from(&about["text"]).unwrap(), "What is the password of the Wi-Fi network \"Home \\xff\"?");
    assert_eq!(<&str>::try_from(&about["router"]).unwrap(), "192.0.2.1");
    assert_eq!(<&str>::try_from(&about["router-url"]).unwrap(), "http://192.0.2.1/");
    assert!(u64::try_from(&about["deadline"]).unwrap() > KernelClock.now().0);

    let mut times = 1;
    for (question, call) in [
        (Question::PaperPin, "RequestSecret /org/plugprint1/jobs/j1 paper-pin"),
        (Question::AdminPassword, "RequestSecret /org/plugprint1/jobs/j1 admin-password"),
        (
            Question::ShareNetwork { ssid: home(), open: false },
            "RequestConfirmation /org/plugprint1/jobs/j1 share-network",
        ),
        (Question::Act(Act::StartWpsOnPanel), "RequestAction /org/plugprint1/jobs/j1 start-wps-on-panel"),
        (Question::Act(Act::TypePinAtRouter), "RequestAction /org/plugprint1/jobs/j1 type-pin-at-router"),
        (Question::Act(Act::PressPrinterButton), "RequestAction /org/plugprint1/jobs/j1 press-printer-button"),
        (Question::Act(Act::PressRouterButton), "RequestAction /org/plugprint1/jobs/j1 press-router-button"),
        (Question::Act(Act::Panel("Open the panel.")), "RequestAction /org/plugprint1/jobs/j1 follow-panel"),
    ] {
        let answer = asked(&prompter, question).await.unwrap();
        times += 1;
        let (heard, about) = heard(&mut hears, times).await;
        assert_eq!(heard, call);
        assert_eq!(answer == b"yes", !heard.starts_with("RequestSecret"), "{heard}");
        assert_eq!(about.contains_key("step"), heard.ends_with("follow-panel"), "{heard}");
    }

    let pin = Pin::new(PIN.into());
    let shown = Shown { pin, deadline: in_time(Duration::from_secs(60)), router: None };
    soon(prompter.display_pin(&job(), shown)).await.unwrap();
    assert_eq!(heard(&mut hears, times + 1).await.0, format!("DisplayPin {JOB_PATH} {PIN}"));
    soon(prompter.release(&job(), "done")).await;
    assert_eq!(heard(&mut hears, times + 2).await.0, format!("Cancel {JOB_PATH} It is done."));
    soon(prompter.release(&job(), "done")).await;

    house.close().await.unwrap();
    assert_eq!(heard(&mut hears, times + 3).await.0, "Release", "nothing is taken back twice; a stop forgets it");
}

#[tokio::test]
async fn of_this_computer_s_own_network_it_is_said_where_its_password_is_kept() {
    let mut house = House::open(Answer::Yes).await;
    let client = house.client().await;
    let mut hears = Helper::register(&client, Will::Tell(b"correct horse")).await;
    let prompter = prompter_for(&mut house, &client).await;
    for (times, open) in [(1, false), (2, true)] {
        asked(&prompter, Question::ShareNetwork { ssid: home(), open }).await.unwrap();
        let (_, about) = heard(&mut hears, times).await;
        assert_eq!(bool::try_from(&about["open"]).unwrap(), open);
        assert_eq!(<&str>::try_from(&about["text"]).unwrap().contains("password"), !open, "{about:?}");
        assert!(!about.contains_key("connection"), "not before it was agreed to");
    }
    let own = Question::OwnPassphrase { ssid: home(), connection: "profile-7".into() };
    assert_eq!(asked(&prompter, own).await.unwrap(), b"correct horse");
    let (call, about) = heard(&mut hears, 3).await;
    assert_eq!(call, format!("RequestSecret {JOB_PATH} passphrase"), "as any other passphrase");
    assert_eq!(<&str>::try_from(&about["connection"]).unwrap(), "profile-7");
    house.close().await.unwrap();
}

#[tokio::test]
async fn what_a_prompter_answers_is_what_is_heard() {
    for (will, answer) in [
        (Will::TellByPipe(b"correct horse\n"), Ok(b"correct horse".to_vec())),
        (Will::Tell(b" "), Ok(b" ".to_vec())),
        (Will::Decline, Err(Unanswered::Declined)),
        (Will::Fail("CanaryPassphrase-in-an-error"), Err(Unanswered::NoPrompter)),
        (Will::Open("/"), Err(Unanswered::NoPrompter)),
        (Will::Open("/dev/zero"), Err(Unanswered::NoPrompter)),
        (Will::Tell(&[b'x'; 257]), Err(Unanswered::NoPrompter)),
        (Will::TellByPipe(&[b'x'; 4096]), Err(Unanswered::NoPrompter)),
    ] {
        let mut house = House::open(Answer::Yes).await;
        let client = house.client().await;
        Helper::register(&client, will).await;
        let prompter = prompter_for(&mut house, &client).await;
        assert_eq!(asked(&prompter, Question::PaperPin).await, answer, "{will:?}");
        house.close().await.unwrap();
    }
    let mut house = House::open(Answer::Yes).await;
    let client = house.client().await;
    Helper::register(&client, Will::SayNo).await;
    let prompter = prompter_for(&mut house, &client).await;
    assert_eq!(asked(&prompter, Question::ShareNetwork { ssid: home(), open: false }).await.unwrap(), b"no");
    house.close().await.unwrap();
}

#[tokio::test]
async fn an_answer_of_another_type_is_none() {
    let mut house = House::open(Answer::Yes).await;
    let client = house.client().await;
    client.connection.object_server().at(PATH, Confused).await.unwrap();
    register(&client).await;
    let prompter = prompter_for(&mut house, &client).await;
    for question in [
        Question::PaperPin,
        Question::ShareNetwork { ssid: home(), open: false },
        Question::Act(Act::PressRouterButton),
    ] {
        assert_eq!(asked(&prompter, question.clone()).await, Err(Unanswered::NoPrompter), "{question:?}");
    }
    house.close().await.unwrap();
}

#[tokio::test]
async fn a_prompter_that_hangs_is_left_alone_at_the_deadline() {
    for will in [Will::Hang, Will::PipeWithoutEnd] {
        let mut house = House::open(Answer::Yes).await;
        let client = house.client().await;
        let mut hears = Helper::register(&client, will).await;
        let prompter = prompter_for(&mut house, &client).await;
        let began = Instant::now();
        let ask = Ask { deadline: in_time(Duration::from_millis(300)), ..ask(Question::PaperPin) };
        assert_eq!(plain(soon(prompter.ask(&job(), ask)).await), Err(Unanswered::NoPrompter), "{will:?}");
        assert!(began.elapsed() >= Duration::from_millis(300), "{will:?}");
        if will == Will::Hang {
            assert_eq!(heard(&mut hears, 2).await.0, format!("Cancel {JOB_PATH} Time is up."));
        }
        house.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_question_that_is_dropped_is_taken_back_before_the_next_is_asked() {
    let mut house = House::open(Answer::Yes).await;
    let client = house.client().await;
    let mut hears = Helper::register(&client, Will::Hang).await;
    let prompter = prompter_for(&mut house, &client).await;
    for round in 0..10 {
        let (prompter, job) = (Arc::clone(&prompter), job());
        let question = tokio::spawn(async move { prompter.ask(&job, ask(Question::PaperPin)).await.is_ok() });
        heard(&mut hears, 2 * round + 1).await;
        question.abort();
    }
    let all = soon(hears.wait_for(|heard| heard.len() == 20)).await.unwrap().clone();
    for (place, (call, _)) in all.iter().enumerate() {
        let taken_back = format!("Cancel {JOB_PATH} The question is no longer open.");
        assert_eq!(*call == taken_back, place % 2 == 1, "{place}: {call}");
    }
    house.close().await.unwrap();
}

#[tokio::test]
async fn a_prompter_that_leaves_is_not_waited_for() {
    let mut house = House::open(Answer::Yes).await;
    for unregisters in [false, true] {
        let client = house.client().await;
        let mut hears = Helper::register(&client, Will::Hang).await;
        let prompter = prompter_for(&mut house, &client).await;
        let question = {
            let (prompter, job) = (Arc::clone(&prompter), job());
            tokio::spawn(async move { plain(prompter.ask(&job, ask(Question::PaperPin)).await) })
        };
        heard(&mut hears, 1).await;
        if unregisters {
            let path = OwnedObjectPath::try_from(PATH).unwrap();
            client.call(plugprint::dbus::ROOT, MANAGER, "UnregisterPrompter", &(path, options([]))).await.unwrap();
        } else {
            client.connection.close().await.unwrap();
            assert!(matches!(house.asked().await, Asked::CallerLeft { .. }));
        }
        assert_eq!(soon(question).await.unwrap(), Err(Unanswered::NoPrompter));
        assert!(!prompter.is_there());
        assert_eq!(asked(&prompter, Question::PaperPin).await, Err(Unanswered::NoPrompter));
    }
    house.close().await.unwrap();
}

#[tokio::test]
async fn another_connections_prompter_is_not_asked_where_no_session_is_known() {
    let mut house = House::open(Answer::Yes).await;
    let (client, beside) = (house.client().await, house.client().await);
    let hears = Helper::register(&beside, Will::Tell(b"correct horse")).await;
    let prompter = prompter_for(&mut house, &client).await;
    assert!(!prompter.is_there());
    assert_eq!(asked(&prompter, Question::PaperPin).await, Err(Unanswered::NoPrompter));
    assert!(hears.borrow().is_empty());
    house.close().await.unwrap();
}

#[tokio::test]
async fn one_of_the_same_session_is_asked_and_the_own_one_first() {
    let mut house = House::open(Answer::Yes).await;
    let login = house.client().await;
    Login::serve(&login.connection, &["c1"]).await;
    let (client, beside) = (house.client().await, house.client().await);
    let theirs = Helper::register(&beside, Will::Tell(b"from beside")).await;
    let prompter = prompter_for(&mut house, &client).await;
    assert!(prompter.is_there());
    assert_eq!(asked(&prompter, Question::PaperPin).await.unwrap(), b"from beside");
    Helper::register(&client, Will::Tell(b"from here")).await;
    assert_eq!(asked(&prompter, Question::PaperPin).await.unwrap(), b"from here");
    assert_eq!(theirs.borrow().len(), 1);
    house.close().await.unwrap();
}

#[tokio::test]
async fn one_of_another_session_is_not_asked() {
    let mut house = House::open(Answer::Yes).await;
    let login = house.client().await;
    Login::serve(&login.connection, &["c1", "c2"]).await;
    let (client, beside) = (house.client().await, house.client().await);
    let theirs = Helper::register(&beside, Will::Tell(b"from beside")).await;
    let prompter = prompter_for(&mut house, &client).await;
    assert!(!prompter.is_there());
    assert_eq!(asked(&prompter, Question::PaperPin).await, Err(Unanswered::NoPrompter));
    assert!(theirs.borrow().is_empty());
    house.close().await.unwrap();
}

/// Somebody who knows the call's number answers it.
#[tokio::test]
async fn nobody_else_can_answer() {
    let mut house = House::open(Answer::Yes).await;
    let (client, stranger) = (house.client().await, house.client().await);
    let mut calls = zbus::MessageStream::from(&client.connection);
    let mut hears = Helper::register(&client, Will::Hang).await;
    let prompter = prompter_for(&mut house, &client).await;
    let question = {
        let (prompter, job) = (Arc::clone(&prompter), job());
        let ask = Ask {
            deadline: in_time(Duration::from_secs(2)),
            ..ask(Question::ShareNetwork { ssid: home(), open: false })
        };
        tokio::spawn(async move { plain(prompter.ask(&job, ask).await) })
    };
    heard(&mut hears, 1).await;
    let call = soon(async {
        loop {
            let message = futures_util::StreamExt::next(&mut calls).await.unwrap().unwrap();
            if message.header().member().is_some_and(|member| *member == "RequestConfirmation") {
                return message;
            }
        }
    })
    .await;
    assert!(call.header().primary().flags().contains(zbus::message::Flags::NO_AUTO_START));
    let yes = Message::method_return(&call.header()).build(&(true,)).unwrap();
    stranger.connection.send(&yes).await.unwrap();
    assert_eq!(soon(question).await.unwrap(), Err(Unanswered::NoPrompter));
    house.close().await.unwrap();
}
