//! What the tests of all protocols share: fixtures, captures, the ways to damage a document, and a printer that goes by
//! a script.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::VecDeque;
use std::future::Future;
use std::marker::PhantomData;
use std::path::Path;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::ledm::Transport;
use crate::http::{self, Call, HeaderMap, Reply, StatusCode};

/// A document of our own, below `tests/data`.
pub(super) fn fixture(protocol: &str, name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(protocol).join(name)).unwrap()
}

/// What a real printer sent; `None` where the captures are not at hand.
pub(super) fn capture(protocol: &str, name: &str) -> Option<Vec<u8>> {
    let Some(captures) = std::env::var_os("PLUGPRINT_CAPTURES") else {
        eprintln!("skipped: PLUGPRINT_CAPTURES is not set");
        return None;
    };
    Some(std::fs::read(Path::new(&captures).join(protocol).join(name)).unwrap())
}

/// Hands the parser this document cut off at each byte, with bytes changed, and plain noise: it must come to an end
/// with a value, and must not take a document for a whole one that was cut off before its last `closing`.
pub(super) fn never_panics<E>(whole: &[u8], closing: u8, parse: impl Fn(&[u8]) -> Result<(), E>) -> TestRunner {
    assert!(parse(whole).is_ok(), "the document itself");
    let end = whole.iter().rposition(|b| *b == closing).unwrap();
    for cut in 0..=end {
        assert!(parse(&whole[..cut]).is_err(), "cut off at {cut} it was taken for whole");
    }
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(128) });
    let changes = prop::collection::vec((0..whole.len(), any::<u8>()), 1..8);
    runner
        .run(&changes, |changes| {
            let mut damaged = whole.to_vec();
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
}

/// How a request is written down in a script, where its method and path don't say it all.
pub(super) trait Told {
    /// What follows them. Fails where the protocol's own rules are broken.
    fn rest(call: &Call) -> String;
}

/// A request, and what comes of it.
type Line = (String, Result<Reply, http::Error>);

/// A printer that expects these requests in this order, and no others.
pub(super) struct Script<P>(Arc<Mutex<VecDeque<Line>>>, PhantomData<fn() -> P>);

impl<P> Clone for Script<P> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0), PhantomData)
    }
}

impl<P> Default for Script<P> {
    fn default() -> Self {
        Self(Arc::default(), PhantomData)
    }
}

impl<P> Script<P> {
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

    pub(super) fn is_over(&self) {
        let rest = self.0.lock().unwrap();
        assert!(rest.is_empty(), "not asked for: {:?}", rest.iter().map(|(request, _)| request).collect::<Vec<_>>());
    }
}

impl<P: Told> Transport for Script<P> {
    fn fetch(&self, call: Call) -> impl Future<Output = Result<Reply, http::Error>> + Send {
        let request = format!("{} {}{}", call.method, call.path, P::rest(&call));
        let (expected, answer) = self.0.lock().unwrap().pop_front().unwrap_or_else(|| panic!("unexpected: {request}"));
        assert_eq!(request, expected);
        std::future::ready(answer)
    }
}
