//! The calls for reports and for being let in, as transcripts.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::time::Duration;

use super::testing::{Script, fixture};
use super::tokens::Ways;
use super::*;
use crate::secret::Password;

const SERVICES: &str = "GET /cdm/servicesDiscovery";
const PRINT: &str = "PATCH /cdm/report/v1/print \
    {\"version\":\"1.1.0\",\"reportId\":\"wirelessNetworkPage\",\"state\":\"processing\"}";
const CONFIG: &str = "GET /cdm/remoteAuthentication/v1/config";
const TOKENS: &str = "/cdm/remoteAuthentication/v1/tokens";

/// One whose services name the ways in, too.
fn guarded(script: &Script) -> Cdm<Script> {
    let mut document = String::from_utf8(fixture("services.json")).unwrap();
    let post = r#""hints": [{"method": "post"}]"#;
    let link = |path: &str| format!(r#"{{"href": "{path}", {post}}}"#);
    let links = [tokens::PUSH_BUTTONS, tokens::TOKENS, tokens::OAUTH].map(link).join(",");
    let service = format!(r#"{{"links": [{{"href": "{}"}}, {links}]}},"#, tokens::CONFIG);
    document = document.replacen("\"services\": [", &format!("\"services\": [{service}"), 1);
    Cdm::with_services(script.clone(), services::parse(document.as_bytes()).unwrap())
}

fn typed(secret: &str) -> Password {
    Password::new(secret.as_bytes().to_vec())
}

#[tokio::test]
async fn a_printer_with_and_without_cdm() {
    let script = Script::default().answers(SERVICES, 200, fixture("services.json"));
    assert_eq!(Cdm::discover(script.clone()).await.unwrap().unwrap().services().len(), 10);
    script.is_over();
    let without = Script::default().answers(SERVICES, 404, "");
    assert!(Cdm::discover(without).await.unwrap().is_none());
    let other = Script::default().answers(SERVICES, 200, "<html>");
    assert!(matches!(Cdm::discover(other).await, Err(Error::Document { .. })));
}

#[tokio::test]
async fn a_report() {
    let script = Script::default()
        .answers("GET /cdm/report/v1/reports", 200, fixture("reports.json"))
        .answers(PRINT, 204, "")
        .answers("GET /cdm/report/v1/print", 200, fixture("print.json"))
        .answers("GET /cdm/alert/v1/alerts", 200, fixture("alerts.json"));
    let cdm = script.cdm();
    let reports = cdm.reports().await.unwrap().unwrap();
    assert!(cdm.prints(&reports));
    let version = reports.version(Page::WirelessNetworkPage).unwrap();
    cdm.print(Page::WirelessNetworkPage, version).await.unwrap();
    assert_eq!(cdm.print_progress().await.unwrap(), Progress::new("idle", "success"));
    assert_eq!(cdm.alerts().await.unwrap().all().len(), 2);
    script.is_over();
}

#[tokio::test]
async fn a_report_is_sent_once() {
    let version = Version::parse("1.1.0").unwrap();
    let lost = http::Error::NoAnswer { after: Duration::from_secs(60) };
    let print = async |script: &Script| {
        let printed = script.cdm().print(Page::WirelessNetworkPage, &version).await;
        script.is_over();
        printed
    };
    assert_eq!(print(&Script::default().fails(PRINT, lost.clone())).await, Err(Error::Uncertain(lost)));
    let busy = http::Error::StillBusy { after: Duration::ZERO };
    assert_eq!(print(&Script::default().fails(PRINT, busy)).await, Err(Error::Busy));
    let refused = Error::Refused { resource: "report", status: 400 };
    assert_eq!(print(&Script::default().answers(PRINT, 400, "")).await, Err(refused));
    assert_eq!(print(&Script::default().answers(PRINT, 401, "")).await, Err(Error::NotLetIn));
    let held = http::Error::ClaimedElsewhere;
    assert_eq!(print(&Script::default().fails(PRINT, held.clone())).await, Err(Error::Http(held)));
}

#[tokio::test]
async fn what_is_not_named_is_not_asked() {
    let nothing = Cdm::with_services(Script::default(), Services::default());
    assert_eq!(nothing.reports().await, Ok(None));
    assert_eq!(nothing.alerts().await, Ok(Alerts::default()));
    assert_eq!(nothing.ways().await, Ok(Ways::default()));
    assert!(matches!(nothing.adapters().await, Err(Error::NotExposed { .. })));
    assert!(matches!(nothing.scan().await, Err(Error::NotExposed { .. })));
    assert!(matches!(nothing.light_button().await, Err(Error::NotExposed { .. })));
    assert!(!nothing.joins() && !nothing.prints(&Reports::default()));
}

#[tokio::test]
async fn by_the_button() {
    // The answer names another session than ours; the tokens are asked for with that one.
    let grant =
        format!("POST {TOKENS} {{\"version\":\"1.0.0\",\"grantType\":\"pushbuttonSessionId\",\"code\":\"its-own\"}}");
    let script = Script::default()
        .answers(CONFIG, 200, fixture("authentication.json"))
        .answers(grant.clone(), 409, "")
        .answers(grant, 201, r#"{"version":"1.0.0","token":"canary-token"}"#)
        .answers("GET /cdm/alert/v1/alerts [Bearer canary-token]", 200, fixture("alerts.json"));
    let cdm = guarded(&script);
    assert_eq!(cdm.ways().await, Ok(Ways { push_button: true, label_pin: true, password: true }));
    let session = tokens::Session::read(br#"{"pushbuttonSessionId":"its-own"}"#).unwrap();
    assert!(cdm.button_token(&session).await.unwrap().is_none());
    let token = cdm.button_token(&session).await.unwrap().unwrap();
    assert!(!format!("{token:?} {session:?}").contains("canary"));
    cdm.let_in(token).alerts().await.unwrap();
    script.is_over();
}

#[tokio::test]
async fn by_the_label_and_by_the_password() {
    let label = |pin: &str| format!("POST {TOKENS} {{\"version\":\"1.0.0\",\"grantType\":\"pin\",\"code\":\"{pin}\"}}");
    let script =
        Script::default().answers(label("12345678"), 201, r#"{"token":"a.b"}"#).answers(label("87654321"), 409, "");
    assert_eq!(guarded(&script).label_token(&typed("12345678")).await.unwrap().expose(), "a.b");
    assert_eq!(guarded(&script).label_token(&typed("87654321")).await.err(), Some(Error::AuthFailed));
    script.is_over();

    let oauth =
        "POST /cdm/oauth2/v1/token {\"grant_type\":\"password\",\"username\":\"admin\",\"password\":\"open sesame\"}";
    let script = Script::default().answers(oauth, 200, r#"{"access_token":"c.d","token_type":"Bearer"}"#).answers(
        oauth,
        400,
        r#"{"error":"invalid_grant"}"#,
    );
    assert_eq!(guarded(&script).password_token(&typed("open sesame")).await.unwrap().expose(), "c.d");
    assert_eq!(guarded(&script).password_token(&typed("open sesame")).await.err(), Some(Error::AuthFailed));
    script.is_over();
}

#[tokio::test]
async fn a_token_that_is_good_no_more() {
    let script = Script::default().answers("GET /cdm/alert/v1/alerts [Bearer old]", 401, "");
    let cdm = script.cdm().let_in(Token::new("old".into()));
    assert_eq!(cdm.alerts().await, Err(Error::AuthFailed));
}
