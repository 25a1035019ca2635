//! Who may do what: asked of polkit about the caller's own name on the bus, before anything is done.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use plugprint::agent::view::Mode;
use plugprint::dbus;
use zbus::{Fd, Message};

use crate::dbus_polkit::Answer;
use crate::dbus_support::*;

/// A method that needs authorization, the action it needs, and what comes of it once it is allowed.
pub struct Case {
    pub method: &'static str,
    pub interface: &'static str,
    pub action: &'static str,
    then: &'static str,
}

pub const CASES: [Case; 18] = [
    Case { method: "PrintReport", interface: PRINTER, action: "print-report", then: "job" },
    Case { method: "PressButtons", interface: PRINTER, action: "print-report", then: "job" },
    Case { method: "Identify", interface: PRINTER, action: "print-report", then: "job" },
    Case { method: "Refresh", interface: PRINTER, action: "query", then: "job" },
    Case { method: "CollectDocuments", interface: PRINTER, action: "query", then: "job" },
    Case { method: "Setup", interface: PRINTER, action: "configure", then: "job" },
    Case { method: "OpenAdminPages", interface: PRINTER, action: "configure", then: "uri" },
    Case { method: "SetMode", interface: PRINTER, action: "manage-device", then: "nothing" },
    Case { method: "Inhibit", interface: PRINTER, action: "manage-device", then: "Busy" },
    Case { method: "ReadPin", interface: WPS, action: "read-pin", then: "job" },
    Case { method: "WritePin", interface: WPS, action: "configure", then: "job" },
    Case { method: "Start", interface: WPS, action: "configure", then: "job" },
    Case { method: "GetNetwork", interface: WIFI, action: "query", then: "job" },
    Case { method: "Scan", interface: WIFI, action: "query", then: "job" },
    Case { method: "Join", interface: WIFI, action: "configure", then: "job" },
    Case { method: "JoinWithSecret", interface: WIFI, action: "configure", then: "job" },
    Case { method: "SetPower", interface: WIFI, action: "configure", then: "job" },
    Case { method: "ResetNetwork", interface: WIFI, action: "configure", then: "job" },
];

async fn call(client: &Client, case: &Case, interactive: bool) -> Result<Message, zbus::Error> {
    let none = || options([]);
    macro_rules! with {
        ($body:expr) => {
            if interactive {
                client.call_interactively(LASERJET, case.interface, case.method, $body).await
            } else {
                client.call(LASERJET, case.interface, case.method, $body).await
            }
        };
    }
    match case.method {
        "PrintReport" => with!(&("network", none())),
        "PressButtons" => with!(&(vec!["wireless", "information"], none())),
        "SetMode" => with!(&("legacy", none())),
        "Inhibit" => with!(&("a test", "to see who may", none())),
        "Start" => with!(&("push-button", none())),
        "WritePin" => {
            let pin = sealed(PIN.as_bytes());
            with!(&(Fd::from(&pin), none()))
        }
        "Join" => with!(&(b"Home".to_vec(), "", none())),
        "JoinWithSecret" => {
            let secret = sealed(b"correct horse");
            with!(&(b"Home".to_vec(), "wpa2-psk", Fd::from(&secret), none()))
        }
        "SetPower" => with!(&(true, none())),
        _ => with!(&(none(),)),
    }
}

#[tokio::test]
async fn every_method_asks_about_its_caller_and_obeys() {
    for interactive in [false, true] {
        for answer in [Answer::Yes, Answer::No, Answer::AfterPassword, Answer::Dismissed] {
            let mut house = House::open(answer).await;
            for (asked, case) in CASES.iter().enumerate() {
                let client = house.client().await;
                let result = call(&client, case, interactive).await;

                let question = soon(house.polkit.asked_times(asked + 1)).await.unwrap();
                assert_eq!(question.action, format!("org.plugprint1.{}", case.action), "{}", case.method);
                assert_eq!(question.subject_kind, "system-bus-name");
                assert_eq!(question.subject_name, client.name(), "{}", case.method);
                assert_eq!(question.interactive, interactive, "{}", case.method);
                assert_eq!(question.details["printer"], "HP LaserJet Professional P1102w");
                assert_eq!(question.details["printer-id"], "03f0_002a_vnb3r12345");
                assert_eq!(question.details["method"], case.method);
                assert!(!question.cancellation.is_empty());

                let allowed = answer == Answer::Yes || (answer == Answer::AfterPassword && interactive);
                if !allowed {
                    let (name, message) = error_of(result);
                    assert_eq!(name, "NotAuthorized", "{}", case.method);
                    let reason = match answer {
                        Answer::Dismissed if interactive => "dismissed",
                        Answer::No => "policy",
                        _ => "Authentication is required",
                    };
                    assert!(message.contains(reason), "{}: {message}", case.method);
                    assert!(house.asked_nothing(), "{} reached the agent", case.method);
                } else if case.then == "job" {
                    assert!(path_of(&result.unwrap()).as_str().starts_with("/org/plugprint1/jobs/"), "{}", case.method);
                    house.asked().await;
                    house.paint(|view| view.jobs.clear());
                } else if case.then == "uri" {
                    let uri: String = result.unwrap().body().deserialize().unwrap();
                    assert_eq!(uri, "http://localhost:60000/");
                    assert!(matches!(house.asked().await, Asked::OpenPages { .. }));
                } else if case.then == "nothing" {
                    result.unwrap();
                    assert!(matches!(house.asked().await, Asked::SetMode { mode: Mode::Legacy }));
                } else if case.then == "Busy" {
                    assert_eq!(error_of(result).0, "Busy");
                    assert!(matches!(house.asked().await, Asked::Inhibit { holder } if holder.who == "a test"));
                } else {
                    let (name, message) = error_of(result);
                    assert_eq!(name, case.then, "{}", case.method);
                    assert!(message.contains("can't"), "{}: {message}", case.method);
                    assert!(house.asked_nothing(), "{} reached the agent", case.method);
                }
            }
            house.close().await.unwrap();
        }
    }
}

#[tokio::test]
async fn buttons_that_print_no_report_need_leave_to_change_the_set_up() {
    let house = House::open(Answer::No).await;
    let client = house.client().await;
    for (buttons, hold) in [(vec!["wireless"], 3000_u32), (vec!["wireless", "information"], 3000), (vec!["unknown"], 0)]
    {
        let asked = house.polkit.asked().len();
        let options = options([("hold", hold.into())]);
        let answer = client.call(LASERJET, PRINTER, "PressButtons", &(buttons.clone(), options)).await;
        assert_eq!(error_of(answer).0, "NotAuthorized");
        let question = soon(house.polkit.asked_times(asked + 1)).await.unwrap();
        assert_eq!(question.action, "org.plugprint1.configure", "{buttons:?}");
        assert_eq!(question.details["buttons"], buttons.join("+"));
    }
    house.close().await.unwrap();
}

#[tokio::test]
async fn looking_needs_no_authorization() {
    let house = House::open(Answer::No).await;
    let client = house.client().await;
    client.property(LASERJET, PRINTER, "State").await;
    client.call(dbus::ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", &()).await.unwrap();
    client.call(dbus::ROOT, MANAGER, "GetPrinterByUsb", &(1_u32, 4_u32, options([]))).await.unwrap();
    assert_eq!(house.polkit.asked(), []);
    house.close().await.unwrap();
}

#[tokio::test]
async fn a_question_is_taken_back_when_its_caller_leaves() {
    let mut house = House::open(Answer::Never).await;
    let client = house.client().await;
    let call = Message::method_call(LASERJET, "ReadPin")
        .destination(dbus::NAME)
        .interface(WPS)
        .with_flags(zbus::message::Flags::ALLOW_INTERACTIVE_AUTH)
        .build(&(options([]),))
        .unwrap();
    client.connection.send(&call).await.unwrap();
    let question = soon(house.polkit.asked_times(1)).await.unwrap();
    client.connection.close().await.unwrap();
    soon(house.polkit.cancelled(&question.cancellation)).await;
    // The agent is told that somebody left, and nothing else.
    assert!(matches!(house.asked().await, Asked::CallerLeft { .. }));
    assert!(house.asked_nothing());
    house.close().await.unwrap();
}

#[tokio::test]
async fn one_user_can_not_fill_the_screen_with_questions() {
    let house = House::open(Answer::Never).await;
    let client = house.client().await;
    let refresh = || {
        Message::method_call(LASERJET, "Refresh")
            .destination(dbus::NAME)
            .interface(PRINTER)
            .build(&(options([]),))
            .unwrap()
    };
    for _ in 0..8 {
        client.connection.send(&refresh()).await.unwrap();
    }
    soon(house.polkit.asked_times(8)).await.unwrap();
    assert_eq!(error_of(client.call(LASERJET, PRINTER, "Refresh", &(options([]),)).await).0, "Busy");
    house.close().await.unwrap();
}

#[tokio::test]
async fn without_polkit_root_alone_goes_on() {
    let house = House::open(Answer::Absent).await;
    let client = house.client().await;
    let answer = client.call(LASERJET, PRINTER, "PrintReport", &("network", options([]))).await;
    // The caller's user is this test's: both kinds of machine say something.
    if rustix::process::geteuid().is_root() {
        path_of(&answer.unwrap());
    } else {
        let (name, message) = error_of(answer);
        assert_eq!(name, "NotAuthorized");
        assert!(message.contains("only root"), "{message}");
    }
    house.close().await.unwrap();
}

#[tokio::test]
async fn a_job_answers_its_starter() {
    let mut house = House::open(Answer::Yes).await;
    let (starter, stranger) = (house.client().await, house.client().await);
    let job = starter.print_report().await;
    house.asked().await;
    let mut refused = 0;
    for (method, keep) in [("Cancel", None), ("GetResult", None), ("Keep", Some(true))] {
        let answer = match keep {
            None => stranger.call(&job, JOB, method, &(options([]),)).await,
            Some(keep) => stranger.call(&job, JOB, method, &(keep, options([]))).await,
        };
        match answer {
            Ok(_) => assert!(rustix::process::geteuid().is_root(), "{method} let a stranger in"),
            Err(error) => {
                assert_eq!(error_of::<()>(Err(error)).0, "NotAuthorized");
                refused += 1;
            }
        }
    }
    assert!(refused == 3 || rustix::process::geteuid().is_root());
    house.close().await.unwrap();
}
