//! Being let in: a printer that answers 401 gives a token to whoever presses its button, types the PIN on its label, or
//! knows the administrator's password \[C: HPLIP\]. The PIN on the label is for this and nothing else: no WPS PIN
//! \[C: Smart Tank 580-590, `pinLabelLocation: cartridgeAccessArea`\].
//!
//! ```
//! use plugprint::hp::cdm::tokens;
//!
//! let ways = tokens::parse(br#"{"version": "1.0.0", "pushbuttonEnabled": "true", "pinLabelEnabled": "false"}"#).unwrap();
//! assert!(ways.push_button && !ways.label_pin);
//! ```

use std::fmt;

use rand::RngExt;
use zeroize::Zeroizing;

use super::json::{self, Value};
use crate::http::{Authorize, Call, HeaderValue};
use crate::secret::{Password, Token};

/// Which ways there are \[C: HPLIP\].
pub const CONFIG: &str = "/cdm/remoteAuthentication/v1/config";
/// Lights the button \[C: HPLIP\].
pub const PUSH_BUTTONS: &str = "/cdm/remoteAuthentication/v1/pushbuttons";
/// Gives a token for a pressed button, or the label's PIN \[C: HPLIP\].
pub const TOKENS: &str = "/cdm/remoteAuthentication/v1/tokens";
/// Gives a token for the administrator's password \[C: HPLIP\].
pub const OAUTH: &str = "/cdm/oauth2/v1/token";

/// How long the button can be pressed, in seconds \[C: HPLIP asks for this\].
pub const PRESS_SECONDS: u64 = 30;

/// The longest token that is taken, in bytes; it has to fit into a header.
const MAX_TOKEN: usize = 8 * 1024;

/// The ways in which the printer lets somebody in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ways {
    /// Press its button when it is lit.
    pub push_button: bool,
    /// Type the PIN that is on its label.
    pub label_pin: bool,
    /// Type its administrator's password.
    pub password: bool,
}

/// Reads `config`. Whether the password helps is told by the list of services.
///
/// # Errors
/// Where it is not well-formed, or too much.
pub fn parse(document: &[u8]) -> Result<Ways, json::Error> {
    let document = json::parse(document)?;
    let enabled = |name| document.member(name).and_then(Value::boolean) == Some(true);
    Ok(Ways { push_button: enabled("pushbuttonEnabled"), label_pin: enabled("pinLabelEnabled"), password: false })
}

/// A button that was lit: 36 characters, which tell this request from others. It opens nothing without the button.
#[derive(Clone, PartialEq, Eq)]
pub struct Session(String);

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Session([redacted])")
    }
}

impl Session {
    /// A new one, of the form 8-4-4-4-12 \[C: HPLIP\].
    pub(super) fn new() -> Self {
        let mut random = rand::rng();
        let groups = [8, 4, 4, 4, 12].map(|digits| {
            (0..digits).filter_map(|_| char::from_digit(random.random_range(0..16), 16)).collect::<String>()
        });
        Self(groups.join("-"))
    }

    /// The one that the printer's answer names, which need not be ours.
    pub(super) fn read(answer: &[u8]) -> Result<Self, json::Error> {
        let answer = json::parse(answer)?;
        let id = answer.word("pushbuttonSessionId").filter(|id| {
            (1..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        });
        let id = id.ok_or(json::Error::Content { what: "it names no session" })?;
        Ok(Self(id.to_owned()))
    }

    /// Lights the button.
    pub(super) fn begin(&self) -> String {
        let Self(id) = self;
        format!(r#"{{"version":"1.0.0","pushbuttonTimeout":"{PRESS_SECONDS}","pushbuttonSessionId":"{id}"}}"#)
    }

    /// Asks for the token of a button that was pressed.
    pub(super) fn grant(&self) -> Zeroizing<Vec<u8>> {
        granted("pushbuttonSessionId", &self.0)
    }
}

/// Asks for the token of the label's PIN. `None` where what was typed is no text.
pub(super) fn label_pin(pin: &Password) -> Option<Zeroizing<Vec<u8>>> {
    Some(granted("pin", str::from_utf8(pin.expose()).ok()?))
}

/// Asks for the token of the administrator. `None` where what was typed is no text.
pub(super) fn password(password: &Password) -> Option<Zeroizing<Vec<u8>>> {
    let password = str::from_utf8(password.expose()).ok()?;
    Some(compose(&[r#"{"grant_type":"password","username":"admin","password":""#, r#""}"#], password))
}

fn granted(kind: &str, code: &str) -> Zeroizing<Vec<u8>> {
    let head = format!(r#"{{"version":"1.0.0","grantType":"{kind}","code":""#);
    compose(&[&head, r#""}"#], code)
}

/// What goes around a secret, with the secret in it; of its size from the start, so that no half of it stays behind.
fn compose(around: &[&str; 2], secret: &str) -> Zeroizing<Vec<u8>> {
    let [head, tail] = around;
    // Each character takes six at most.
    let capacity = head.len() + tail.len() + 6 * secret.len();
    let mut document = Zeroizing::new(Vec::with_capacity(capacity));
    document.extend_from_slice(head.as_bytes());
    json::escape(secret, |piece| document.extend_from_slice(piece.as_bytes()));
    document.extend_from_slice(tail.as_bytes());
    debug_assert!(document.len() <= capacity, "a copy was left behind");
    document
}

/// Reads the answer: `token` \[C\], or `access_token` where a password was given \[C\].
pub(super) fn read(answer: &[u8], member: &str) -> Result<Token, json::Error> {
    let none = json::Error::Content { what: "it has no token" };
    let token = json::secret_text(answer, member)?.ok_or(none.clone())?;
    let sound = (1..=MAX_TOKEN).contains(&token.len()) && token.bytes().all(|b| b.is_ascii_graphic());
    if sound { Ok(Token::new(token.to_string())) } else { Err(none) }
}

/// The token with each request.
pub(super) struct Bearer(pub(super) Token);

impl Authorize for Bearer {
    fn authorization(&self, _: &Call) -> Option<HeaderValue> {
        let mut value = Zeroizing::new(String::with_capacity(8 + self.0.expose().len()));
        value.push_str("Bearer ");
        value.push_str(self.0.expose());
        HeaderValue::try_from(value.as_str()).ok()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use proptest::prelude::*;

    use super::super::testing::{fixture, never_panics};
    use super::*;

    fn text(document: &[u8]) -> &str {
        std::str::from_utf8(document).unwrap()
    }

    #[test]
    fn what_is_sent() {
        let session = Session("12345678-1234-1234-1234-1234567890ab".into());
        assert_eq!(
            session.begin(),
            r#"{"version":"1.0.0","pushbuttonTimeout":"30","pushbuttonSessionId":"12345678-1234-1234-1234-1234567890ab"}"#
        );
        assert_eq!(
            text(&session.grant()),
            r#"{"version":"1.0.0","grantType":"pushbuttonSessionId","code":"12345678-1234-1234-1234-1234567890ab"}"#
        );
        let typed = |typed: &str| Password::new(typed.as_bytes().to_vec());
        let pin = label_pin(&typed("12345678")).unwrap();
        assert_eq!(text(&pin), r#"{"version":"1.0.0","grantType":"pin","code":"12345678"}"#);
        let password = password(&typed("a\"b\\c")).unwrap();
        assert_eq!(text(&password), r#"{"grant_type":"password","username":"admin","password":"a\"b\\c"}"#);
        assert!(label_pin(&Password::new(vec![0xff])).is_none());
    }

    #[test]
    fn what_is_answered() {
        let token = read(br#"{"version":"1.0.0","token":"abc.def"}"#, "token").unwrap();
        assert_eq!(token.expose(), "abc.def");
        for answer in ["{}", r#"{"token":""}"#, r#"{"token":"a b"}"#, r#"{"token":7}"#, r#"{"access_token":"a"}"#, ""] {
            assert!(read(answer.as_bytes(), "token").is_err(), "{answer}");
        }
        assert_eq!(Session::read(br#"{"pushbuttonSessionId":"ab-1"}"#).unwrap().0, "ab-1");
        assert!(Session::read(br#"{"pushbuttonSessionId":"\""}"#).is_err());
    }

    #[test]
    fn a_new_session_has_the_known_form() {
        let Session(id) = Session::new();
        let lengths: Vec<_> = id.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
        assert_ne!(Session::new(), Session::new());
    }

    proptest! {
        #[test]
        fn a_refusal_shows_no_token(token in "[ -~]{4,40}") {
            let answer = serde_json::json!({"token": format!("{token}\u{7f}")}).to_string();
            let error = read(answer.as_bytes(), "token").unwrap_err();
            let shown = format!("{error} {error:?}");
            prop_assert!(!shown.contains(&token));
        }
    }

    #[test]
    fn damaged_documents_end_in_a_value() {
        assert!(parse(&fixture("authentication.json")).unwrap().label_pin);
        never_panics("authentication.json", |bytes| parse(bytes).map(drop));
    }
}
