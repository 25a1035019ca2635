//! What the tests of all documents share: fixtures, captures, and the ways to damage a document.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

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
