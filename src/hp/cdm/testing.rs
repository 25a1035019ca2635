//! What the tests of all documents share: fixtures, captures, the ways to damage a document, and a printer that goes
//! by a script.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::VecDeque;
use std::future::Future;
use std::path::Path;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::services::{self, Services};
use super::{Cdm, Transport};
use crate::http::{self, Call, HeaderMap, Method, Reply, StatusCode};

/// A document of our own, `tests/data/cdm`.
pub(super) fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/cdm").join(name)).unwrap()
}

/// What a real printer sent; `None` where the captures are not at hand.
pub(super) fn capture(name: &str) -> Option<Vec<u8>> {
    let Some(captures) = std::env::var_os("PLUGPRINT_CAPTURES") else {
        eprintln!("skipped: PLUGPRINT_CAPTURES is not set");
        return None;
    };
    Some(std::fs::read(Path::new(&captures).join("cdm").join(name)).unwrap())
}

/// Hands the parser this document cut off at each byte, with bytes changed, and plain noise: it must come to an end
/// with a value, and must not take a document that was cut off for a whole one.
pub(super) fn never_panics<E>(name: &str, parse: impl Fn(&[u8]) -> Result<(), E>) {
    let whole = fixture(name);
    assert!(parse(&whole).is_ok(), "{name} itself");
    let end = whole.iter().rposition(|b| *b == b'}').unwrap();
    for cut in 0..=end {
        assert!(parse(&whole[..cut]).is_err(), "{name} cut off at {cut} was taken for whole");
    }
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(128) });
    let changes = prop::collection::vec((0..whole.len(), any::<u8>()), 1..8);
    runner
        .run(&changes, |changes| {
            let mut damaged = whole.clone();
            for (at, byte) in changes {
                damaged[at] = byte;
            }
            let _ = parse(&damaged);
            Ok(())
        })
        .unwrap();
    // Sound JSON in which every value is another one.
    let words = prop_oneof![Just("null"), Just("7"), Just("[]"), Just("{}"), Just("true"), Just("\"\""), Just("[{}]")];
    let text = String::from_utf8(whole).unwrap();
    let names: Vec<_> = text.match_indices(':').map(|(at, _)| at).collect();
    runner
        .run(&(0..names.len(), words), |(which, word)| {
            let (head, _) = text.split_at(names[which] + 1);
            let open: String = head.chars().fold(String::new(), |mut open, c| {
                match c {
                    '{' => open.insert(0, '}'),
                    '[' => open.insert(0, ']'),
                    '}' | ']' => drop(open.remove(0)),
                    _ => {}
                }
                open
            });
            let _ = parse(format!("{head}{word}{open}").as_bytes());
            Ok(())
        })
        .unwrap();
    runner
        .run(&prop::collection::vec(any::<u8>(), 0..512), |noise| {
            let _ = parse(&noise);
            Ok(())
        })
        .unwrap();
}

/// The resources of the tank printer in the fixtures.
pub(super) fn tank() -> Services {
    services::parse(&fixture("services.json")).unwrap()
}

/// A request, and what comes of it.
type Line = (String, Result<Reply, http::Error>);

/// A printer that expects these requests in this order, and no others.
#[derive(Clone, Default)]
pub(super) struct Script(Arc<Mutex<VecDeque<Line>>>);

impl Script {
    pub(super) fn answers(self, request: impl Into<String>, status: u16, body: impl Into<Bytes>) -> Self {
        let status = StatusCode::from_u16(status).unwrap();
        let reply = Reply { status, headers: HeaderMap::new(), body: body.into() };
        self.0.lock().unwrap().push_back((request.into(), Ok(reply)));
        self
    }

    pub(super) fn fails(self, request: impl Into<String>, error: http::Error) -> Self {
        self.0.lock().unwrap().push_back((request.into(), Err(error)));
        self
    }

    pub(super) fn cdm(&self) -> Cdm<Self> {
        Cdm::with_services(self.clone(), tank())
    }

    pub(super) fn is_over(&self) {
        let rest = self.0.lock().unwrap();
        assert!(rest.is_empty(), "not asked for: {:?}", rest.iter().map(|(request, _)| request).collect::<Vec<_>>());
    }
}

impl Transport for Script {
    fn fetch(&self, call: Call) -> impl Future<Output = Result<Reply, http::Error>> + Send {
        let mut request = format!("{} {}", call.method, call.path);
        if call.method != Method::GET {
            assert_eq!(call.content_type, Some("application/json"));
            let body = std::str::from_utf8(&call.body).unwrap();
            let _: serde_json::Value = serde_json::from_str(body).unwrap();
            request += &format!(" {body}");
            let print = call.path == super::print::PATH;
            assert!(!(print && call.repeatable), "a print is never sent again");
        }
        if let Some(authorize) = &call.authorize {
            request += &format!(" [{}]", authorize.authorization(&call).unwrap().to_str().unwrap());
        }
        let (expected, answer) = self.0.lock().unwrap().pop_front().unwrap_or_else(|| panic!("unexpected: {request}"));
        assert_eq!(request, expected);
        std::future::ready(answer)
    }
}
