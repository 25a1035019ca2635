//! What the tests of all documents share, for LEDM.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use super::{IPDYN, Ledm, xml};
use crate::hp::testing::{self, Told};
use crate::http::{Call, Method};

/// A document of our own, `tests/data/ledm`.
pub(super) fn fixture(name: &str) -> Vec<u8> {
    testing::fixture("ledm", name)
}

/// What a real printer sent; `None` where the captures are not at hand.
pub(super) fn capture(name: &str) -> Option<Vec<u8>> {
    testing::capture("ledm", name)
}

/// As [`testing::never_panics`]; markup that is none, too.
pub(super) fn never_panics<E>(name: &str, parse: impl Fn(&[u8]) -> Result<(), E>) {
    testing::never_panics(&fixture(name), b'>', &parse)
        .run(&"(<[a-z/!?:= \"&;]{0,8}>?|[a-z0-9]{0,4}){0,64}", |markup| {
            let _ = parse(markup.as_bytes());
            Ok(())
        })
        .unwrap();
}

/// A printer that goes by a script.
pub(super) type Script = testing::Script<InLedm>;

pub(super) struct InLedm;

impl Script {
    pub(super) fn ledm(&self) -> Ledm<Self> {
        Ledm::new(self.clone())
    }
}

impl Told for InLedm {
    fn rest(call: &Call) -> String {
        if call.method == Method::GET {
            return String::new();
        }
        assert_eq!(call.content_type, Some("text/xml; charset=utf-8"));
        let document = xml::parse(&call.body).unwrap();
        if call.method == Method::POST {
            assert!(!call.repeatable, "a print is never sent again");
            return format!(" {}/{}", document.local(), document.value(IPDYN, "JobType").unwrap());
        }
        // Its root, and each text in it.
        let texts = document.descendants().filter(|element| element.children().next().is_none());
        let texts = texts.map(|element| format!(" {}={}", element.local(), element.text()));
        format!(" {}{}", document.local(), texts.collect::<String>())
    }
}
