//! `/cdm/ioConfig/v2/networkReset`: that it is there and takes writes is \[C: a tool's notes on it\]; which method, and
//! with which body, nobody has published \[NF\]. So nothing is sent but what the printer itself describes: one method in
//! its hints, and in `<uri>/constraints` one property that has one value. The form of constraints is that of HP's own
//! classes \[C: the Workpath services for "Dune", commonglossary.Validator\].
//!
//! ```
//! use plugprint::hp::cdm::network_reset;
//!
//! let described = network_reset::parse(br#"{"validators": [{"resourceGun": "networkReset", "propertyPointer": "state",
//!     "options": [{"seValue": "processing"}]}]}"#).unwrap();
//! assert_eq!(described.unwrap().body(), r#"{"state":"processing"}"#);
//! ```

use super::json::{self, Value};
use super::services::{Method, Services};

/// Where it is \[C\].
pub const PATH: &str = "/cdm/ioConfig/v2/networkReset";
/// What it takes.
pub const CONSTRAINTS: &str = "/cdm/ioConfig/v2/networkReset/constraints";

/// What the printer says that a reset takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    property: String,
    /// As it stands in a document.
    value: String,
}

impl Described {
    /// The body of the request.
    #[must_use]
    pub fn body(&self) -> String {
        // Neither has a character that would have to be escaped.
        format!("{{\"{}\":{}}}", self.property, self.value)
    }
}

/// The one method that writes; `None` where the printer does not name the resource, or names several.
#[must_use]
pub fn method(services: &Services) -> Option<Method> {
    let mut writes =
        [Method::Patch, Method::Post, Method::Put].into_iter().filter(|method| services.allows(PATH, *method));
    writes.next().filter(|_| writes.next().is_none())
}

/// Reads the constraints. `None` where they leave anything open: several properties, several values, a pattern.
///
/// # Errors
/// Where they are not well-formed, too much, or have no `validators`.
pub fn parse(document: &[u8]) -> Result<Option<Described>, json::Error> {
    let document = json::parse(document)?;
    let list = document.member("validators").ok_or(json::Error::Content { what: "it has no list of validators" })?;
    let mut writable = list
        .entries()
        .iter()
        .filter(|validator| !is(validator, "disabled", true) && !is(validator, "supported", false));
    let (Some(validator), None) = (writable.next(), writable.next()) else { return Ok(None) };
    // `idle` is the state of a resource that does nothing [C: of the report's].
    let options = validator.member("options").map(Value::entries).unwrap_or_default();
    let mut values = options.iter().filter(|option| option.member("disabled").and_then(Value::boolean) != Some(true));
    let mut values = values.by_ref().map(value).filter(|value| value.as_deref() != Some("\"idle\""));
    let (Some(Some(value)), None) = (values.next(), values.next()) else { return Ok(None) };
    let property =
        validator.word("propertyPointer").map(|pointer| pointer.trim_start_matches("$.").trim_start_matches('/'));
    Ok(property.filter(|property| plain(property)).map(|property| Described { property: property.to_owned(), value }))
}

/// The value of an option, in whichever of its members it stands; `None` for what is no plain word.
fn value(option: &Value) -> Option<String> {
    match ["seValue", "sbValue", "sValue"].into_iter().find_map(|member| option.member(member))? {
        Value::Boolean(value) => Some(value.to_string()),
        Value::Text(word) => plain(word).then(|| format!("\"{}\"", word.as_str())),
        _ => None,
    }
}

fn is(validator: &Value, member: &str, what: bool) -> bool {
    validator.at(&[member, "value"]).and_then(Value::boolean) == Some(what)
}

fn plain(word: &str) -> bool {
    (1..=64).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::super::services;
    use super::super::testing::{fixture, never_panics};
    use super::*;

    fn described(validators: &str) -> Option<String> {
        parse(format!(r#"{{"validators":[{validators}]}}"#).as_bytes()).unwrap().map(|described| described.body())
    }

    #[test]
    fn what_leaves_nothing_open() {
        assert_eq!(
            described(r#"{"propertyPointer":"$.state","options":[{"seValue":"idle"},{"seValue":"processing"}]}"#)
                .unwrap(),
            r#"{"state":"processing"}"#
        );
        let beside = r#"{"propertyPointer":"/reset","options":[{"sbValue":"true"}]},{"propertyPointer":"x","disabled":{"value":"true"}}"#;
        assert_eq!(described(beside).unwrap(), r#"{"reset":"true"}"#);
        let itself = r#"{"propertyPointer":"reset","options":[{"seValue":true}]}"#;
        assert_eq!(described(itself).unwrap(), r#"{"reset":true}"#);
    }

    #[test]
    fn what_leaves_something_open() {
        for validators in [
            "",
            r#"{"propertyPointer":"state"}"#,
            r#"{"propertyPointer":"state","options":[]}"#,
            r#"{"propertyPointer":"state","options":[{"seValue":"soft"},{"seValue":"hard"}]}"#,
            r#"{"propertyPointer":"state","options":[{"seValue":"processing","disabled":"true"}]}"#,
            r#"{"propertyPointer":"a","options":[{"seValue":"b"}]},{"propertyPointer":"c","options":[{"seValue":"d"}]}"#,
            r#"{"propertyPointer":"a/b","options":[{"seValue":"c"}]}"#,
            r#"{"propertyPointer":"state","options":[{"seValue":"a\",\"b\":\"c"}]}"#,
            r#"{"options":[{"seValue":"processing"}]}"#,
        ] {
            assert_eq!(described(validators), None, "{validators}");
        }
        assert!(parse(b"{}").is_err());
    }

    #[test]
    fn which_method() {
        let method = |methods: &str| {
            let hints: Vec<_> = methods.split(' ').map(|method| format!(r#"{{"method":"{method}"}}"#)).collect();
            let document =
                format!(r#"{{"services":[{{"links":[{{"href":"{PATH}","hints":[{}]}}]}}]}}"#, hints.join(","));
            super::method(&services::parse(document.as_bytes()).unwrap())
        };
        assert_eq!(method("get patch"), Some(Method::Patch));
        assert_eq!(method("post"), Some(Method::Post));
        assert_eq!(method("patch put"), None, "either could be meant");
        assert_eq!(method("get"), None);
    }

    #[test]
    fn damaged_documents_end_in_a_value() {
        assert!(parse(&fixture("network-reset-constraints.json")).unwrap().is_some());
        never_panics("network-reset-constraints.json", |bytes| parse(bytes).map(drop));
    }
}
