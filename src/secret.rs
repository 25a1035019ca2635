//! PINs, passphrases and passwords. They are wiped when dropped; nothing prints, compares or serialises them by accident.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

/// A WPS PIN: 4 or 8 ASCII digits. It is a string, because leading zeros matter.
///
/// Made by [`wps::pin`](crate::wps::pin), which knows the rules; seen only through [`Pin::expose`].
///
/// ```
/// let pin = plugprint::wps::pin::parse("1234 5670").unwrap();
/// assert_eq!(format!("{pin:?}"), "Pin([redacted])");
/// assert_eq!(pin.expose(), "12345670");
/// ```
///
/// It can't be formatted for people,
/// ```compile_fail,E0277
/// let pin = plugprint::wps::pin::parse("1234 5670").unwrap();
/// println!("{pin}");
/// ```
/// nor serialised,
/// ```compile_fail,E0277
/// let pin = plugprint::wps::pin::parse("1234 5670").unwrap();
/// serde_json::to_string(&pin);
/// ```
/// nor compared, which would take a time that depends on its digits.
/// ```compile_fail,E0369
/// let pin = plugprint::wps::pin::parse("1234 5670").unwrap();
/// pin == pin.clone();
/// ```
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Pin(String);

impl Pin {
    /// Wraps digits that have been checked.
    #[must_use]
    pub fn new(digits: String) -> Self {
        Self(digits)
    }

    /// The digits. Call it where they leave for the one who asked, and nowhere else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pin([redacted])")
    }
}

/// A Wi-Fi passphrase, or the key itself as 64 hexadecimal digits: bytes.
///
/// Made by [`wifi::passphrase`](crate::wifi::passphrase), which knows the rules; seen only through
/// [`Passphrase::expose`].
///
/// ```
/// let passphrase = plugprint::wifi::passphrase::parse(b"correct horse").unwrap();
/// assert_eq!(format!("{passphrase:?}"), "Passphrase([redacted])");
/// assert_eq!(passphrase.expose(), b"correct horse");
/// ```
///
/// It can't be formatted for people,
/// ```compile_fail,E0277
/// let passphrase = plugprint::wifi::passphrase::parse(b"correct horse").unwrap();
/// println!("{passphrase}");
/// ```
/// nor serialised,
/// ```compile_fail,E0277
/// let passphrase = plugprint::wifi::passphrase::parse(b"correct horse").unwrap();
/// serde_json::to_string(&passphrase);
/// ```
/// nor compared, which would take a time that depends on its characters.
/// ```compile_fail,E0369
/// let passphrase = plugprint::wifi::passphrase::parse(b"correct horse").unwrap();
/// passphrase == passphrase.clone();
/// ```
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Passphrase(Vec<u8>);

impl Passphrase {
    /// Wraps bytes that have been checked.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes. Call it where they leave for the printer or the registrar, and nowhere else.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase([redacted])")
    }
}

/// The administrator's password of a printer: bytes, as they were typed.
///
/// ```
/// let password = plugprint::secret::Password::new(b"open sesame".to_vec());
/// assert_eq!(format!("{password:?}"), "Password([redacted])");
/// assert_eq!(password.expose(), b"open sesame");
/// ```
///
/// It can't be formatted for people,
/// ```compile_fail,E0277
/// let password = plugprint::secret::Password::new(Vec::new());
/// println!("{password}");
/// ```
/// nor serialised,
/// ```compile_fail,E0277
/// let password = plugprint::secret::Password::new(Vec::new());
/// serde_json::to_string(&password);
/// ```
/// nor compared, which would take a time that depends on its characters.
/// ```compile_fail,E0369
/// let password = plugprint::secret::Password::new(Vec::new());
/// password == password.clone();
/// ```
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Password(Vec<u8>);

impl Password {
    /// Wraps what was typed.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes. Call it where the printer's challenge is answered, and nowhere else.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password([redacted])")
    }
}

/// What a printer gives to whom it has let in, to be shown with each request. It lives as long as the job that asked
/// for it.
///
/// ```
/// let token = plugprint::secret::Token::new("eyJh".to_owned());
/// assert_eq!(format!("{token:?}"), "Token([redacted])");
/// assert_eq!(token.expose(), "eyJh");
/// ```
///
/// It can't be formatted for people,
/// ```compile_fail,E0277
/// let token = plugprint::secret::Token::new(String::new());
/// println!("{token}");
/// ```
/// nor serialised,
/// ```compile_fail,E0277
/// let token = plugprint::secret::Token::new(String::new());
/// serde_json::to_string(&token);
/// ```
/// nor compared.
/// ```compile_fail,E0369
/// let token = plugprint::secret::Token::new(String::new());
/// token == token.clone();
/// ```
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Token(String);

impl Token {
    /// Wraps what the printer gave.
    #[must_use]
    pub fn new(token: String) -> Self {
        Self(token)
    }

    /// The token. Call it where a request is sent to the printer that gave it, and nowhere else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token([redacted])")
    }
}
