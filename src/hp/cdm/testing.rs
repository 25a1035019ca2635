//! What the tests of all documents share, for CDM.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use proptest::prelude::*;

use super::services::{self, Services};
use super::{Cdm, print};
use crate::hp::testing::{self, Told};
use crate::http::{Call, Method};

/// A document of our own, `tests/data/cdm`.
pub(super) fn fixture(name: &str) -> Vec<u8> {
    testing::fixture("cdm", name)
}

/// What a real printer sent; `None` where the captures are not at hand.
pub(super) fn capture(name: &str) -> Option<Vec<u8>> {
    testing::capture("cdm", name)
}

/// As [`testing::never_panics`]; sound JSON in which one value is another one, too.
pub(super) fn never_panics<E>(name: &str, parse: impl Fn(&[u8]) -> Result<(), E>) {
    let whole = fixture(name);
    let mut runner = testing::never_panics(&whole, b'}', &parse);
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
}

/// The resources of the tank printer in the fixtures.
pub(super) fn tank() -> Services {
    services::parse(&fixture("services.json")).unwrap()
}

/// A printer that goes by a script.
pub(super) type Script = testing::Script<InCdm>;

pub(super) struct InCdm;

impl Script {
    pub(super) fn cdm(&self) -> Cdm<Self> {
        Cdm::with_services(self.clone(), tank())
    }
}

impl Told for InCdm {
    fn rest(call: &Call) -> String {
        let mut rest = String::new();
        if call.method != Method::GET {
            assert_eq!(call.content_type, Some("application/json"));
            let body = std::str::from_utf8(&call.body).unwrap();
            let _: serde_json::Value = serde_json::from_str(body).unwrap();
            rest += &format!(" {body}");
            assert!(!(call.path == print::PATH && call.repeatable), "a print is never sent again");
        }
        if let Some(authorize) = &call.authorize {
            rest += &format!(" [{}]", authorize.authorization(call).unwrap().to_str().unwrap());
        }
        rest
    }
}
