//! The administrator's login, as transcripts: which nonce a call answers, and for which time.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::VecDeque;
use std::sync::Mutex;

use bytes::Bytes;
use http_auth::PasswordParams;
use proptest::prelude::*;
use tokio::task::yield_now;

use super::testing::fixture;
use super::*;
use crate::http::{HeaderMap, HeaderValue, Method};

/// A challenge of this nonce.
fn digest(nonce: &str) -> String {
    format!(r#"Digest realm="hp", nonce="{nonce}", qop="auth", algorithm=MD5"#)
}

fn stale(nonce: &str) -> String {
    digest(nonce) + ", stale=true"
}

fn reply(status: u16, challenge: &str) -> Reply {
    let mut headers = HeaderMap::new();
    if !challenge.is_empty() {
        headers.insert(header::WWW_AUTHENTICATE, challenge.parse().unwrap());
    }
    Reply { status: StatusCode::from_u16(status).unwrap(), headers, body: Bytes::new() }
}

/// The parts of an answer.
fn part<'a>(answer: &'a str, name: &str) -> &'a str {
    let after = answer.split_once(&format!("{name}=")).unwrap_or_else(|| panic!("no {name} in {answer}")).1;
    after.split(',').next().unwrap().trim_matches('"')
}

/// A call as the transcripts show it: `PUT /a`, or `PUT /a n1 2` with the second answer to `n1`.
fn shown(call: &Call) -> String {
    let line = format!("{} {}", call.method, call.path);
    let Some(authorize) = &call.authorize else { return line };
    let value = authorize.authorization(call).unwrap();
    let value = value.to_str().unwrap();
    assert!(value.starts_with("Digest username=\"admin\", realm=\"hp\", ") && !value.contains("sesame"), "{value}");
    assert_eq!(part(value, "uri"), call.path);
    format!("{line} {} {}", part(value, "nonce"), part(value, "nc").trim_start_matches('0'))
}

/// A printer that expects these calls in this order, and no others.
struct Script(Mutex<VecDeque<(&'static str, Result<Reply, http::Error>)>>);

impl Script {
    fn new<const N: usize>(lines: [(&'static str, u16, &str); N]) -> Self {
        let lines = lines.map(|(call, status, challenge)| (call, Ok(reply(status, challenge))));
        Self(Mutex::new(lines.into()))
    }

    fn fails(self, call: &'static str, error: http::Error) -> Self {
        self.0.lock().unwrap().push_back((call, Err(error)));
        self
    }
}

impl Transport for Script {
    fn fetch(&self, call: Call) -> impl Future<Output = Result<Reply, http::Error>> + Send {
        let shown = shown(&call);
        let (expected, answer) = self.0.lock().unwrap().pop_front().unwrap_or_else(|| panic!("unexpected: {shown}"));
        assert_eq!(shown, expected);
        std::future::ready(answer)
    }
}

fn admin() -> Arc<Login> {
    Arc::new(Login::new(Password::new(b"open sesame".to_vec())))
}

fn put(path: &str) -> Call {
    Call::put(path, XML, "<a/>")
}

/// Makes these calls one after the other: the statuses, or why there was none.
async fn calls<const N: usize>(script: Script, calls: [Call; N]) -> [String; N] {
    let login = admin();
    let mut outcomes = [const { String::new() }; N];
    for (outcome, call) in outcomes.iter_mut().zip(calls) {
        *outcome = match login.fetch(&script, call).await {
            Ok(reply) => reply.status.as_str().to_owned(),
            Err(unanswered) => format!("{unanswered:?}"),
        };
    }
    assert!(script.0.lock().unwrap().is_empty(), "not asked for");
    outcomes
}

#[tokio::test]
async fn a_challenge_is_answered_once_and_kept_for_further_writes() {
    let script = Script::new([
        ("GET /a", 200, ""),
        ("PUT /a", 401, &digest("n1")),
        ("PUT /a n1 1", 204, ""),
        ("PUT /b n1 2", 200, ""),
        ("GET /b", 200, ""),
        ("POST /c n1 3", 201, ""),
    ]);
    let page = Call::post("/c", XML, "<page/>");
    let outcomes = calls(script, [Call::get("/a"), put("/a"), put("/b"), Call::get("/b"), page]).await;
    assert_eq!(outcomes, ["200", "204", "200", "200", "201"]);
}

#[tokio::test]
async fn a_document_that_is_not_open_is_asked_for_again_with_the_answer() {
    let script = Script::new([("GET /pin", 401, &digest("n1")), ("GET /pin n1 1", 200, "")]);
    assert_eq!(calls(script, [Call::get("/pin")]).await, ["200"]);
}

#[tokio::test]
async fn a_password_that_was_refused_is_never_tried_again() {
    let script = Script::new([
        ("PUT /a", 401, &digest("n1")),
        ("PUT /a n1 1", 401, &digest("n2")),
        ("PUT /a", 401, &digest("n3")),
        ("GET /open", 200, ""),
        ("GET /closed", 401, &digest("n4")),
    ]);
    let outcomes = calls(script, [put("/a"), put("/a"), Call::get("/open"), Call::get("/closed")]).await;
    assert_eq!(outcomes, ["Refused", "Refused", "200", "Refused"]);
}

#[tokio::test]
async fn a_refusal_without_a_challenge_is_one_too() {
    let script = Script::new([("PUT /a", 401, &digest("n1")), ("PUT /a n1 1", 401, ""), ("PUT /a", 401, "")]);
    assert_eq!(calls(script, [put("/a"), put("/a")]).await, ["Refused", "Refused"]);
}

#[tokio::test]
async fn a_stale_nonce_is_followed_once() {
    let script = Script::new([
        ("PUT /a", 401, &digest("n1")),
        ("PUT /a n1 1", 401, &stale("n2")),
        ("PUT /a n2 1", 200, ""),
        ("PUT /b n2 2", 401, &stale("n3")),
        ("PUT /b n3 1", 200, ""),
    ]);
    assert_eq!(calls(script, [put("/a"), put("/b")]).await, ["200", "200"]);

    let script = Script::new([
        ("PUT /a", 401, &digest("n1")),
        ("PUT /a n1 1", 401, &stale("n2")),
        ("PUT /a n2 1", 401, &stale("n3")),
    ]);
    assert_eq!(calls(script, [put("/a")]).await, ["Unknown"]);

    let script = Script::new([
        ("PUT /a", 401, &digest("n1")),
        ("PUT /a n1 1", 401, &stale("n2")),
        ("PUT /a n2 1", 401, &digest("n3")),
        ("PUT /a", 401, &digest("n4")),
    ]);
    assert_eq!(calls(script, [put("/a"), put("/a")]).await, ["Refused", "Refused"]);
}

/// Not all say `stale` of what they have forgotten.
#[tokio::test]
async fn a_password_that_was_taken_is_good_for_one_more_answer() {
    let script = Script::new([
        ("PUT /a", 401, &digest("n1")),
        ("PUT /a n1 1", 200, ""),
        ("PUT /a n1 2", 401, &digest("n2")),
        ("PUT /a n2 1", 200, ""),
        // The administrator has changed it.
        ("PUT /a n2 2", 401, &digest("n3")),
        ("PUT /a n3 1", 401, &digest("n4")),
        ("PUT /a", 401, &digest("n5")),
    ]);
    assert_eq!(calls(script, [put("/a"), put("/a"), put("/a"), put("/a")]).await, ["200", "200", "Refused", "Refused"]);

    // The same nonce: it was looked at, and refused.
    let script = Script::new([
        ("PUT /a", 401, &digest("n1")),
        ("PUT /a n1 1", 200, ""),
        ("PUT /a n1 2", 401, &digest("n1")),
        ("PUT /a", 401, &digest("n1")),
    ]);
    assert_eq!(calls(script, [put("/a"), put("/a"), put("/a")]).await, ["200", "Refused", "Refused"]);
}

#[tokio::test]
async fn what_was_not_let_in_proves_nothing() {
    for status in [403, 500] {
        let script = Script::new([
            ("PUT /a", 401, &digest("n1")),
            ("PUT /a n1 1", status, ""),
            ("PUT /a", 401, &digest("n2")),
            ("PUT /a n2 1", 401, &digest("n3")),
        ]);
        assert_eq!(calls(script, [put("/a"), put("/a")]).await, [&status.to_string(), "Refused"]);
    }
}

#[tokio::test]
async fn basic_is_not_answered_nor_what_is_not_known() {
    let long = format!("{}, domain=\"{}\"", digest("n1"), "/".repeat(2048));
    for challenge in [
        r#"Basic realm="hp""#,
        r#"Negotiate"#,
        r#"Digest realm="hp", nonce="n1", qop="auth", algorithm=MD5-sess"#,
        r#"Digest realm="hp", nonce="n1", qop="auth", algorithm=SHA-512-256"#,
        r#"Digest realm="hp", nonce="n1", qop="else""#,
        r#"Digest realm="hp", nonce="n1", qop="auth-int""#,
        r#"Digest realm="hp", nonce="", qop="auth""#,
        r#"Digest realm="hp", qop="auth""#,
        r#"Digest nonce="n1", qop="auth""#,
        r#"Digest realm="hp", nonce="n1", nonce="n2""#,
        &long,
        "",
    ] {
        let script = Script::new([("PUT /a", 401, challenge)]);
        assert_eq!(calls(script, [put("/a")]).await, ["Unknown"], "{challenge}");
    }
    let both = format!(r#"Basic realm="hp", {}"#, digest("n1"));
    let script = Script::new([("PUT /a", 401, &both), ("PUT /a n1 1", 200, "")]);
    assert_eq!(calls(script, [put("/a")]).await, ["200"]);
}

#[tokio::test]
async fn what_is_no_text_is_never_sent() {
    for typed in [&b""[..], b"\xff\xfe"] {
        let login = Arc::new(Login::new(Password::new(typed.to_vec())));
        let script = Script::new([("PUT /a", 401, &digest("n1"))]);
        assert!(matches!(login.fetch(&script, put("/a")).await, Err(Unanswered::Refused)));
    }
}

#[tokio::test]
async fn a_cable_that_fails_is_no_refusal() {
    let script = Script::new([("PUT /a", 401, &digest("n1"))]).fails("PUT /a n1 1", http::Error::Truncated);
    assert_eq!(calls(script, [put("/a")]).await, ["Http(Truncated)"]);
}

/// A printer that takes this password or none; it forgets no nonce.
#[derive(Clone, Default)]
struct Locked {
    takes: bool,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Transport for Locked {
    async fn fetch(&self, call: Call) -> Result<Reply, http::Error> {
        let answered = call.authorize.is_some();
        self.seen.lock().unwrap().push(shown(&call));
        yield_now().await;
        Ok(if answered && self.takes { reply(200, "") } else { reply(401, &digest("n1")) })
    }
}

#[tokio::test]
async fn of_many_calls_at_once_one_tries_the_password() {
    for (takes, answered) in [(false, 1), (true, 4)] {
        let (printer, login) = (Locked { takes, ..Locked::default() }, admin());
        let all = ["/a", "/b", "/c", "/d"].map(|path| login.fetch(&printer, put(path)));
        for outcome in futures_util::future::join_all(all).await {
            match outcome {
                Ok(reply) => assert!(takes && reply.status == 200),
                Err(unanswered) => assert!(!takes && matches!(unanswered, Unanswered::Refused)),
            }
        }
        let seen = printer.seen.lock().unwrap();
        assert_eq!(seen.iter().filter(|call| call.contains(" n1 ")).count(), answered, "{seen:?}");
    }
}

#[tokio::test]
async fn the_calls_tell_a_missing_password_from_a_wrong_one() {
    let adapters = adapters::parse(&fixture("adapters-laserjet.xml")).unwrap();
    let station = adapters.station().unwrap();
    for (takes, password, power, page) in [
        (true, None, Err(Error::AuthRequired.into()), Err(Error::AuthRequired)),
        (false, Some("a guess"), Err(Error::AuthFailed.into()), Err(Error::AuthFailed)),
        (true, Some("open sesame"), Ok(()), Ok(())),
    ] {
        let printer = Locked { takes, ..Locked::default() };
        let ledm = Ledm::new(printer.clone());
        let ledm = password.map_or(ledm.clone(), |password| ledm.logged_in(Password::new(password.into())));
        assert_eq!(ledm.power(station, true).await, power);
        assert_eq!(ledm.print(&internal_print::default_job_url(), Printable::NetworkSummary).await, page);
        let tries = printer.seen.lock().unwrap().iter().filter(|call| call.contains(" n1 ")).count();
        assert_eq!(
            tries,
            match (takes, password) {
                (_, None) => 0,
                (false, _) => 1,
                (true, _) => 2,
            }
        );
    }
}

/// Nobody is asked for a password that can't be given.
#[tokio::test]
async fn a_login_that_is_not_done_is_told_before_anybody_is_asked() {
    for (challenge, expected) in [
        (r#"Basic realm="hp""#, Error::AuthUnsupported),
        (&digest("n1"), Error::AuthRequired),
        ("", Error::AuthRequired),
    ] {
        let ledm = Ledm::new(Script::new([("GET /DevMgmt/ProductStatusDyn.xml", 401, challenge)]));
        assert_eq!(ledm.product_status().await.unwrap_err(), expected);
    }
}

/// RFC 7616, 3.9.1.
const RFC_7616: &str = r#"Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=SHA-256, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS""#;

fn headers<'a>(challenges: impl IntoIterator<Item = &'a str>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for challenge in challenges {
        headers.append(header::WWW_AUTHENTICATE, HeaderValue::from_str(challenge).unwrap());
    }
    headers
}

#[test]
fn the_examples_of_rfc_7616() {
    let md5 = RFC_7616.replace("SHA-256", "MD5");
    for (challenges, response) in [
        (vec![RFC_7616, &md5], "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        (vec![&md5, RFC_7616], "8ca523f5e9506fed4657c9700eebdbec"),
        (vec![&md5.replace("MD5", "\"md5\"")], "8ca523f5e9506fed4657c9700eebdbec"),
        (vec![&format!("{RFC_7616}, {md5}")], "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        (vec![&format!("{}, {md5}", RFC_7616.replace("SHA-256", "SHA-1"))], "8ca523f5e9506fed4657c9700eebdbec"),
    ] {
        let challenge = Challenge::of(&headers(challenges)).unwrap();
        let params = PasswordParams {
            username: "Mufasa",
            password: "Circle of Life",
            uri: "/dir/index.html",
            method: "GET",
            body: None,
        };
        let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
        let answer = challenge.client().respond_with_testing_cnonce(&params, cnonce).unwrap();
        assert_eq!(part(&answer, "response"), response);
        assert_eq!((part(&answer, "qop"), part(&answer, "nc")), ("auth", "00000001"));
        assert_eq!(part(&answer, "opaque"), "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS");
    }
}

/// RFC 2069; the value is from another implementation of MD5.
#[test]
fn a_challenge_of_before_1999() {
    let challenge = Challenge::of(&headers([r#"Digest realm="hp", nonce="n1""#])).unwrap();
    let params =
        PasswordParams { username: "admin", password: "open sesame", uri: "/IoMgmt/a", method: "PUT", body: None };
    let answer = challenge.client().respond(&params).unwrap();
    assert_eq!(part(&answer, "response"), "1b408ef13f68063d6974b76354c30d37");
}

#[test]
fn nothing_shows_the_password_nor_the_answer() {
    struct Fixed;
    impl http::Authorize for Fixed {
        fn authorization(&self, _: &Call) -> Option<HeaderValue> {
            Some(HeaderValue::from_static("Digest response=canary"))
        }
    }
    let call = put("/a").authorize(Some(Arc::new(Fixed)));
    assert_eq!(format!("{call:?}"), "Call(PUT /a, 4 bytes)");
}

proptest! {
    #[test]
    fn a_hostile_challenge_ends_in_a_value(
        values in prop::collection::vec(prop_oneof![
            "[ -~\t]{0,80}",
            "(Digest|Basic|, ?|[a-z]{1,9}|=|\"|\\\\|realm=\"[ -~]{0,8}\"|nonce=\"?[ -~]{0,8}\"?|qop=\"?auth(-int)?\"?|stale=TRUE|algorithm=(md5|SHA-256|MD5-sess|x)| ){0,24}",
        ], 0..12),
        path in "/[!-~]{0,20}",
        body in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        let Some(challenge) = Challenge::of(&headers(values.iter().map(String::as_str))) else { return Ok(()) };
        prop_assert!(!challenge.nonce.is_empty() && challenge.nonce.len() <= 2048);
        let call = Call { method: Method::PUT, ..Call::post(path, XML, body) };
        let answer = login::Answer { login: admin(), challenge: Arc::new(challenge) };
        for nc in ["00000001", "00000002"] {
            let Some(value) = http::Authorize::authorization(&answer, &call) else { continue };
            let value = value.to_str().unwrap();
            prop_assert!(value.starts_with("Digest ") && value.len() < 4 * 2048 && !value.contains("sesame"));
            prop_assert!(!value.contains("nc=") || part(value, "nc") == nc || value.matches("nc=").count() > 1);
        }
    }
}
