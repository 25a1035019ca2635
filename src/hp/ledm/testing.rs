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

use super::{IPDYN, Ledm, Transport, xml};
use crate::http::{self, Call, HeaderMap, Method, Reply, StatusCode};

/// A document of our own, `tests/data/ledm`.
pub(super) fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/ledm").join(name)).unwrap()
}

/// What a real printer sent; `None` where the captures are not at hand.
pub(super) fn capture(name: &str) -> Option<Vec<u8>> {
    let Some(captures) = std::env::var_os("PLUGPRINT_CAPTURES") else {
        eprintln!("skipped: PLUGPRINT_CAPTURES is not set");
        return None;
    };
    Some(std::fs::read(Path::new(&captures).join("ledm").join(name)).unwrap())
}

/// Hands the parser this document cut off at each byte, with bytes changed, and plain noise: it must come to an
/// end with a value, and must not take a document that was cut off for a whole one.
pub(super) fn never_panics<E>(name: &str, parse: impl Fn(&[u8]) -> Result<(), E>) {
    let whole = fixture(name);
    assert!(parse(&whole).is_ok(), "{name} itself");
    let end = whole.iter().rposition(|b| *b == b'>').unwrap();
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
    runner
        .run(&prop::collection::vec(any::<u8>(), 0..512), |noise| {
            let _ = parse(&noise);
            Ok(())
        })
        .unwrap();
    runner
        .run(&"(<[a-z/!?:= \"&;]{0,8}>?|[a-z0-9]{0,4}){0,64}", |markup| {
            let _ = parse(markup.as_bytes());
            Ok(())
        })
        .unwrap();
}

/// A request, and what comes of it.
type Line = (&'static str, Result<Reply, http::Error>);

/// A printer that expects these requests in this order, and no others.
#[derive(Clone, Default)]
pub(super) struct Script(Arc<Mutex<VecDeque<Line>>>);

impl Script {
    pub(super) fn answers(self, request: &'static str, status: u16, body: impl Into<Bytes>) -> Self {
        let status = StatusCode::from_u16(status).unwrap();
        let reply = Reply { status, headers: HeaderMap::new(), body: body.into() };
        self.0.lock().unwrap().push_back((request, Ok(reply)));
        self
    }

    pub(super) fn fails(self, request: &'static str, error: http::Error) -> Self {
        self.0.lock().unwrap().push_back((request, Err(error)));
        self
    }

    pub(super) fn ledm(&self) -> Ledm<Self> {
        Ledm::new(self.clone())
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
            assert_eq!(call.content_type, Some("text/xml; charset=utf-8"));
            let document = xml::parse(&call.body).unwrap();
            if call.method == Method::POST {
                assert!(!call.repeatable, "a print is never sent again");
                request += &format!(" {}/{}", document.local(), document.value(IPDYN, "JobType").unwrap());
            } else {
                // Its root, and each text in it.
                request += &format!(" {}", document.local());
                for element in document.descendants().filter(|element| element.children().next().is_none()) {
                    request += &format!(" {}={}", element.local(), element.text());
                }
            }
        }
        let (expected, answer) = self.0.lock().unwrap().pop_front().unwrap_or_else(|| panic!("unexpected: {request}"));
        assert_eq!(request, expected);
        std::future::ready(answer)
    }
}
