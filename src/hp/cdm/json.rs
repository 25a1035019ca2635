//! A bounded JSON reader for what a printer sends.
//!
//! Values are texts, booleans too (`"true"`) \[C: Smart Tank 580-590\]; some firmware may write real ones, so both are
//! read. The passphrases and passwords that some documents carry \[C: wirelessConfig of the Smart Tank 580-590 does\] are
//! not read at all: what has such a name is left out while the document is parsed, before it is copied anywhere.
//!
//! ```
//! use plugprint::hp::cdm::json;
//!
//! let document = json::parse(br#"{"enabled": "true", "channel": 6, "passPhrase": "correct horse"}"#).unwrap();
//! assert_eq!(document.member("enabled").and_then(json::Value::boolean), Some(true));
//! assert_eq!(document.member("channel").and_then(json::Value::number), Some(6));
//! assert!(document.member("passPhrase").is_none());
//! ```

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use zeroize::Zeroizing;

/// The largest document that is read, in bytes. 89 links \[C: Smart Tank 580-590\] take a tenth of it.
pub const MAX_BYTES: usize = 512 * 1024;
/// How deep objects and lists may be nested.
pub const MAX_DEPTH: usize = 32;
/// How many values a document may have.
pub const MAX_VALUES: usize = 32 * 1024;
/// How long a text may be, in bytes.
pub const MAX_TEXT: usize = 16 * 1024;
/// How long a name may be, in bytes.
pub const MAX_NAME: usize = 256;

/// Why a document can't be used. It never repeats what the document says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not well-formed, or it ends too early, or one object says a thing twice.
    #[error("not well-formed JSON at line {line}, column {column}")]
    Syntax {
        /// Where, from 1.
        line: usize,
        /// Where, from 1.
        column: usize,
    },
    /// There is too much of something.
    #[error("more than {limit} {what}")]
    TooMuch {
        /// Of what.
        what: &'static str,
        /// The most that is read.
        limit: usize,
    },
    /// Something that it can't do without is missing or can't be.
    #[error("{what}")]
    Content {
        /// What, as a clause.
        what: &'static str,
    },
}

/// A value of a document. It can't be printed: what a printer says may be anything.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    /// `null`.
    Null,
    /// `true` or `false` themselves.
    Boolean(bool),
    /// A number without a fraction.
    Number(i64),
    /// A number with one, or too large for anything.
    OtherNumber,
    /// A text.
    Text(Zeroizing<String>),
    /// A list.
    List(Vec<Value>),
    /// An object.
    Object(BTreeMap<String, Value>),
}

impl Value {
    /// The member of this name; `None` also where this is no object.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&Value> {
        match self {
            Self::Object(members) => members.get(name),
            _ => None,
        }
    }

    /// The member at the end of these names.
    #[must_use]
    pub fn at(&self, names: &[&str]) -> Option<&Value> {
        names.iter().try_fold(self, |value, name| value.member(name))
    }

    /// The members, in the order of their names; none where this is no object.
    pub fn members(&self) -> impl Iterator<Item = (&str, &Value)> {
        let members = match self {
            Self::Object(members) => Some(members),
            _ => None,
        };
        members.into_iter().flatten().map(|(name, value)| (name.as_str(), value))
    }

    /// The entries of a list; none where this is no list.
    #[must_use]
    pub fn entries(&self) -> &[Value] {
        match self {
            Self::List(entries) => entries,
            _ => &[],
        }
    }

    /// The text, without the white space around it.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text.trim()),
            _ => None,
        }
    }

    /// The text as it is: white space is part of a network's name.
    #[must_use]
    pub fn verbatim(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The text of the member of this name; `None` also for an empty one.
    #[must_use]
    pub fn word(&self, name: &str) -> Option<&str> {
        self.member(name).and_then(Value::text).filter(|text| !text.is_empty())
    }

    /// A boolean, as a text \[C\] or as itself; `enabled` and `disabled` stand for them, too \[C: hp.md 4\].
    #[must_use]
    pub fn boolean(&self) -> Option<bool> {
        match self {
            Self::Boolean(value) => Some(*value),
            Self::Text(text) => match text.trim() {
                "true" | "enabled" => Some(true),
                "false" | "disabled" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }

    /// A whole number, as itself or as a text.
    #[must_use]
    pub fn number(&self) -> Option<i64> {
        match self {
            Self::Number(value) => Some(*value),
            Self::Text(text) => text.trim().parse().ok(),
            _ => None,
        }
    }
}

/// Reads a document, whose outermost value is an object.
///
/// # Errors
/// See [`Error`].
pub fn parse(document: &[u8]) -> Result<Value, Error> {
    if document.len() > MAX_BYTES {
        return Err(Error::TooMuch { what: "bytes", limit: MAX_BYTES });
    }
    let mut bounds = Bounds { values: 0, excess: None };
    let mut reader = serde_json::Deserializer::from_slice(document);
    let read = Reading { bounds: &mut bounds, depth: 0 }.deserialize(&mut reader);
    let read = read.and_then(|value| reader.end().map(|()| value));
    let value = read.map_err(|error| {
        bounds.excess.take().unwrap_or(Error::Syntax { line: error.line(), column: error.column() })
    })?;
    match value {
        Value::Object(_) => Ok(value),
        _ => Err(Error::Content { what: "it is no JSON object" }),
    }
}

/// Whether what has this name may be a secret, which is not read.
fn secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["passphrase", "password", "passwd", "wepkey", "psk", "secret", "token"].iter().any(|word| name.contains(word))
}

struct Bounds {
    values: usize,
    excess: Option<Error>,
}

impl Bounds {
    fn check<E: serde::de::Error>(&mut self, fits: bool, what: &'static str, limit: usize) -> Result<(), E> {
        if fits {
            return Ok(());
        }
        self.excess = Some(Error::TooMuch { what, limit });
        Err(E::custom(what))
    }
}

struct Reading<'a> {
    bounds: &'a mut Bounds,
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Reading<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.bounds.values += 1;
        self.bounds.check(self.bounds.values <= MAX_VALUES, "values", MAX_VALUES)?;
        self.bounds.check(self.depth <= MAX_DEPTH, "levels", MAX_DEPTH)?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reading<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Boolean(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(i64::try_from(value).map_or(Value::OtherNumber, Value::Number))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value, E> {
        Ok(Value::OtherNumber)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Value, E> {
        self.bounds.check(text.len() <= MAX_TEXT, "bytes in one text", MAX_TEXT)?;
        Ok(Value::Text(Zeroizing::new(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = list.next_element_seed(Reading { bounds: self.bounds, depth: self.depth + 1 })? {
            entries.push(entry);
        }
        Ok(Value::List(entries))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        let mut members = BTreeMap::new();
        while let Some(name) = object.next_key::<String>()? {
            self.bounds.check(name.len() <= MAX_NAME, "bytes in one name", MAX_NAME)?;
            if secret(&name) {
                object.next_value::<IgnoredAny>()?;
                continue;
            }
            let value = object.next_value_seed(Reading { bounds: self.bounds, depth: self.depth + 1 })?;
            if members.insert(name, value).is_some() {
                return Err(A::Error::custom("said twice"));
            }
        }
        Ok(Value::Object(members))
    }
}

/// The one secret that is wanted: a text of the outermost object, such as `token`. `None` where it is not there.
///
/// # Errors
/// [`Error::Syntax`].
pub(super) fn secret_text(document: &[u8], name: &str) -> Result<Option<Zeroizing<String>>, Error> {
    struct Wanted<'a>(&'a str);
    impl<'de> Visitor<'de> for Wanted<'_> {
        type Value = Option<Zeroizing<String>>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
            let mut found = None;
            while let Some(name) = object.next_key::<std::borrow::Cow<'de, str>>()? {
                if name == self.0 {
                    // Borrowed from the document, so that no other copy of it is made.
                    let text: &'de str = object.next_value()?;
                    found = Some(Zeroizing::new(text.to_owned()));
                } else {
                    object.next_value::<IgnoredAny>()?;
                }
            }
            Ok(found)
        }
    }
    if document.len() > MAX_BYTES {
        return Err(Error::TooMuch { what: "bytes", limit: MAX_BYTES });
    }
    let mut reader = serde_json::Deserializer::from_slice(document);
    let found = serde::Deserializer::deserialize_map(&mut reader, Wanted(name));
    found
        .and_then(|found| reader.end().map(|()| found))
        .map_err(|error| Error::Syntax { line: error.line(), column: error.column() })
}

/// Writes text into a JSON string, without the quotes around it (RFC 8259, 7). `write` takes it piece by piece, so
/// that a secret is copied nowhere else.
pub(super) fn escape(text: &str, mut write: impl FnMut(&str)) {
    let mut plain = 0;
    for (at, c) in text.char_indices() {
        let escaped = match c {
            '"' => "\\\"".to_owned(),
            '\\' => "\\\\".to_owned(),
            c if c < ' ' => format!("\\u{:04x}", u32::from(c)),
            _ => continue,
        };
        write(text.get(plain..at).unwrap_or_default());
        write(&escaped);
        plain = at + c.len_utf8();
    }
    write(text.get(plain..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use proptest::prelude::*;

    use super::*;

    fn read(document: &str) -> Result<Value, Error> {
        parse(document.as_bytes())
    }

    #[test]
    fn values_in_the_ways_that_they_are_written() {
        let document = read(
            r#"{"a": "true", "b": true, "c": "disabled", "d": "6", "e": -6, "f": 1.5, "g": null, "h": ["x", {"i": " y "}],
                "j": 18446744073709551615, "k": ""}"#,
        )
        .unwrap();
        let of = |name| document.member(name).unwrap();
        assert_eq!((of("a").boolean(), of("b").boolean(), of("c").boolean()), (Some(true), Some(true), Some(false)));
        assert_eq!((of("d").number(), of("e").number(), of("f").number()), (Some(6), Some(-6), None));
        assert!(of("g") == &Value::Null && of("j") == &Value::OtherNumber);
        assert_eq!(of("h").entries()[1].word("i"), Some("y"));
        assert_eq!((document.word("k"), document.word("nothing")), (None, None));
        assert_eq!(document.at(&["h", "i"]).map(|_| ()), None);
    }

    #[test]
    fn a_secret_is_not_read_wherever_it_is() {
        let document = read(
            r#"{"passPhrase": "hunter22", "x": {"wepKey": "hunter22", "list": [{"Password": {"deep": "hunter22"}}]},
                "accessToken": "hunter22", "left": "over"}"#,
        )
        .unwrap();
        fn texts(value: &Value, found: &mut Vec<String>) {
            found.extend(value.text().map(str::to_owned));
            value.entries().iter().for_each(|entry| texts(entry, found));
            value.members().for_each(|(_, member)| texts(member, found));
        }
        let mut found = Vec::new();
        texts(&document, &mut found);
        assert_eq!(found, ["over"]);
    }

    #[test]
    fn too_much() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(40), "]".repeat(40));
        assert_eq!(read(&deep).err(), Some(Error::TooMuch { what: "levels", limit: MAX_DEPTH }));
        let many = format!("{{\"a\":[{}0]}}", "0,".repeat(MAX_VALUES));
        assert_eq!(read(&many).err(), Some(Error::TooMuch { what: "values", limit: MAX_VALUES }));
        let long = format!("{{\"a\":\"{}\"}}", "x".repeat(MAX_TEXT + 1));
        assert_eq!(read(&long).err(), Some(Error::TooMuch { what: "bytes in one text", limit: MAX_TEXT }));
        let name = format!("{{\"{}\":1}}", "x".repeat(MAX_NAME + 1));
        assert_eq!(read(&name).err(), Some(Error::TooMuch { what: "bytes in one name", limit: MAX_NAME }));
        let large = format!("{{}}{}", " ".repeat(MAX_BYTES));
        assert_eq!(read(&large).err(), Some(Error::TooMuch { what: "bytes", limit: MAX_BYTES }));
    }

    #[test]
    fn what_is_no_object() {
        for document in ["", "[]", "\"a\"", "{", "{}{}", "{\"a\":1,\"a\":1}", "<html>", "null", "{'a':1}"] {
            assert!(read(document).is_err(), "{document}");
        }
    }

    #[test]
    fn a_secret_that_is_wanted() {
        let token =
            |document: &str| secret_text(document.as_bytes(), "token").map(|token| token.map(|t| t.to_string()));
        assert_eq!(token(r#"{"version":"1.0.0","token":"abc"}"#), Ok(Some("abc".into())));
        assert_eq!(token(r#"{"version":"1.0.0"}"#), Ok(None));
        assert!(token(r#"{"token":{"a":1}}"#).is_err());
        assert!(token("").is_err());
    }

    proptest! {
        #[test]
        fn noise_comes_to_an_end(noise in "[{}\\[\\]\",:a-z0-9\\\\. ]{0,64}") {
            let _ = (read(&noise), secret_text(noise.as_bytes(), "a"));
        }

        #[test]
        fn any_text_survives_its_writing(text in "\\PC{0,20}[\"\\\\\u{0}-\u{1f}]{0,4}\\PC{0,20}") {
            let mut document = String::from("{\"a\":\"");
            escape(&text, |piece| document.push_str(piece));
            document.push_str("\"}");
            let expected: serde_json::Value = serde_json::json!({"a": text});
            prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&document).unwrap(), expected);
        }
    }
}
