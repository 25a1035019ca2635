//! The trailing `a{sv}` of every method.
//!
//! An option that this version does not know is refused, not ignored: a client that asks for `keep` and
//! misspells it, or that needs an option of a later version, must not be told that all is well. Clients that
//! want to run with several versions look at the Manager's `ApiLevel`.

use std::collections::HashMap;

use zbus::{OwnedVariant, Variant};

use crate::agent::view::StartOptions;
use crate::dbus::error::Error;

/// A method's options as they arrive.
pub(crate) type Options = HashMap<String, OwnedVariant>;

/// Longest `handle_token`.
const TOKEN_LIMIT: usize = 64;

/// Takes options by name; what is left over at the end is refused.
pub(crate) struct Reader(Options);

impl Reader {
    pub(crate) fn new(options: Options) -> Self {
        Self(options)
    }

    /// A boolean option.
    pub(crate) fn boolean(&mut self, name: &str) -> Result<Option<bool>, Error> {
        match self.0.remove(name).as_deref() {
            None => Ok(None),
            Some(Variant::Bool(value)) => Ok(Some(*value)),
            Some(_) => Err(Error::invalid(format!("The option {name} must be a boolean (b)."))),
        }
    }

    /// An unsigned option.
    pub(crate) fn unsigned(&mut self, name: &str) -> Result<Option<u32>, Error> {
        match self.0.remove(name).as_deref() {
            None => Ok(None),
            Some(Variant::U32(value)) => Ok(Some(*value)),
            Some(_) => Err(Error::invalid(format!("The option {name} must be an unsigned integer (u)."))),
        }
    }

    /// A string option.
    pub(crate) fn string(&mut self, name: &str) -> Result<Option<String>, Error> {
        match self.0.remove(name).as_deref() {
            None => Ok(None),
            Some(Variant::Str(value)) => Ok(Some(value.as_str().to_owned())),
            Some(_) => Err(Error::invalid(format!("The option {name} must be a string (s)."))),
        }
    }

    /// An option of bytes, whatever they are.
    pub(crate) fn bytes(&mut self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let Some(value) = self.0.remove(name) else { return Ok(None) };
        let bytes = Vec::<u8>::try_from(value);
        bytes.map(Some).map_err(|_| Error::invalid(format!("The option {name} must be bytes (ay).")))
    }

    /// The options of every method that starts a job: `keep`, `handle_token`, `experimental`.
    pub(crate) fn start(&mut self) -> Result<StartOptions, Error> {
        let keep = self.boolean("keep")?;
        let experimental = self.boolean("experimental")?.unwrap_or(false);
        let handle_token = match self.0.remove("handle_token").as_deref() {
            None => None,
            Some(Variant::Str(token)) if is_token(token) => Some(token.as_str().to_owned()),
            Some(_) => {
                return Err(Error::invalid(format!(
                    "The option handle_token must be a string of 1 to {TOKEN_LIMIT} letters, digits and underscores."
                )));
            }
        };
        Ok(StartOptions { keep, handle_token, experimental, prompter: None })
    }

    /// That nothing is left over.
    pub(crate) fn end(self) -> Result<(), Error> {
        match self.0.keys().min() {
            None => Ok(()),
            Some(name) => Err(Error::invalid(format!(
                "Unknown option \"{}\". The Manager's ApiLevel says which options there are.",
                shown(name)
            ))),
        }
    }
}

/// For methods that know no option.
pub(crate) fn none(options: Options) -> Result<(), Error> {
    Reader::new(options).end()
}

/// A caller's text as an error may repeat it: short, and nothing but printable ASCII.
pub(crate) fn shown(text: &str) -> String {
    text.chars().take(40).map(|c| if c == ' ' || c.is_ascii_graphic() { c } else { '?' }).collect()
}

fn is_token(token: &str) -> bool {
    (1..=TOKEN_LIMIT).contains(&token.len()) && token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;
    use crate::agent::ErrorKind;

    fn options<const N: usize>(entries: [(&str, Variant<'static>); N]) -> Options {
        entries.into_iter().map(|(name, value)| (name.to_owned(), value.try_into().unwrap())).collect()
    }

    #[test]
    fn options_of_a_start_are_taken_by_name_and_type() {
        let mut reader = Reader::new(options([
            ("keep", true.into()),
            ("experimental", true.into()),
            ("handle_token", "mine_1".into()),
        ]));
        let start = reader.start().unwrap();
        assert_eq!((start.keep, start.handle_token.as_deref(), start.experimental), (Some(true), Some("mine_1"), true));
        reader.end().unwrap();
        let start = Reader::new(Options::new()).start().unwrap();
        assert_eq!((start.keep, start.handle_token, start.experimental), (None, None, false));
    }

    #[test]
    fn an_unknown_option_is_refused_and_shown_harmlessly() {
        let error = none(options([("keeep\u{1b}[2J", true.into())])).unwrap_err();
        assert_eq!(error.failure().kind, ErrorKind::InvalidArguments);
        assert!(error.failure().message.contains("\"keeep?[2J\""), "{error}");
    }

    #[test]
    fn a_wrong_type_is_refused() {
        for entry in
            [("keep", Variant::from("yes")), ("handle_token", Variant::from(7_u32)), ("hold", Variant::from(true))]
        {
            let mut reader = Reader::new(options([entry]));
            let refused = reader.start().is_err() || reader.unsigned("hold").is_err();
            assert!(refused);
        }
    }

    #[test]
    fn a_handle_token_is_one_path_element() {
        for token in ["", "a/b", "a.b", "ä", &"x".repeat(65)] {
            assert!(Reader::new(options([("handle_token", token.to_owned().into())])).start().is_err(), "{token}");
        }
        assert!(Reader::new(options([("handle_token", "x".repeat(64).into())])).start().is_ok());
    }
}
