//! The name of a network.

use std::fmt;
use std::fmt::Write as _;

/// The name of a network: any bytes, 0 to 32 of them (IEEE 802.11, 9.4.2.2). No encoding is promised, so it is never
/// taken for text; an empty one is that of a network that hides its name.
///
/// ```
/// use plugprint::wifi::Ssid;
///
/// assert_eq!(Ssid::new("Büro").unwrap().to_string(), "Büro");
/// assert_eq!(Ssid::new(b"\xff\x1b[2J\\").unwrap().to_string(), r"\xff\x1b[2J\\");
/// assert_eq!(Ssid::from_hex("486F6d65").unwrap().as_bytes(), b"Home");
/// assert!(Ssid::new([b'a'; 33]).is_err());
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ssid(Vec<u8>);

/// A name of more than 32 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a network's name has at most {} bytes", Ssid::MAX)]
pub struct TooLong;

impl Ssid {
    /// The most bytes that a name has.
    pub const MAX: usize = 32;

    /// Takes these bytes.
    ///
    /// # Errors
    /// Where there are more than 32.
    pub fn new(bytes: impl AsRef<[u8]>) -> Result<Self, TooLong> {
        let bytes = bytes.as_ref();
        if bytes.len() > Self::MAX { Err(TooLong) } else { Ok(Self(bytes.to_owned())) }
    }

    /// Reads hexadecimal digits, in whichever case; `None` for anything else.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        if !digits.len().is_multiple_of(2) || digits.len() > 2 * Self::MAX {
            return None;
        }
        let value = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
        let byte = |pair: &[u8]| match pair {
            [high, low] => Some(value(*high)? << 4 | value(*low)?),
            _ => None,
        };
        digits.chunks_exact(2).map(byte).collect::<Option<_>>().map(Self)
    }

    /// Its bytes as lower-case hexadecimal digits.
    #[must_use]
    pub fn to_hex(&self) -> String {
        self.0.iter().fold(String::with_capacity(2 * Self::MAX), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }

    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether there is no name: the network hides it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Ssid {
    /// Fit for a terminal, and different for different names: what is no printable character of UTF-8 is written as
    /// `\xNN`, a backslash as `\\`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            for c in chunk.valid().chars() {
                match c {
                    '\\' => f.write_str(r"\\")?,
                    c if deceives(c) => escape(c.encode_utf8(&mut [0; 4]).as_bytes(), f)?,
                    c => f.write_char(c)?,
                }
            }
            escape(chunk.invalid(), f)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Ssid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ssid({self})")
    }
}

fn escape(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "\\x{byte:02x}"))
}

/// Characters that steer a terminal, turn the direction of what follows, or can't be seen (Unicode TR 36, 2).
fn deceives(c: char) -> bool {
    c.is_control()
        || c.is_whitespace() && c != ' '
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}')
        || matches!(c, '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{3164}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}')
        || matches!(c, '\u{fff9}'..='\u{fffb}' | '\u{e000}'..='\u{f8ff}' | '\u{e0000}'..='\u{10ffff}')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_shown() {
        for (name, shown) in [
            (&b"Caf\xc3\xa9 2.4"[..], "Café 2.4"),
            (b"", ""),
            (b"Stra\xdfe", r"Stra\xdfe"),
            (b"a\r\nb\0", r"a\x0d\x0ab\x00"),
            (b"\xe2\x80\xaeA", r"\xe2\x80\xaeA"),
            (br"\xff", r"\\xff"),
        ] {
            assert_eq!(Ssid::new(name).unwrap().to_string(), shown);
        }
    }

    #[test]
    fn what_is_no_hexadecimal_name() {
        for text in ["0", "0g", "+1", "ä", "48 6f", &"41".repeat(33)] {
            assert_eq!(Ssid::from_hex(text), None, "{text}");
        }
        assert_eq!(Ssid::from_hex(""), Some(Ssid::default()));
    }

    proptest! {
        #[test]
        fn every_name_survives_and_shows_as_itself_alone(
            one in prop::collection::vec(any::<u8>(), 0..=32),
            other in prop::collection::vec(any::<u8>(), 0..=32),
        ) {
            let (one, other) = (Ssid::new(one).unwrap(), Ssid::new(other).unwrap());
            prop_assert_eq!(Ssid::from_hex(&one.to_hex()), Some(one.clone()));
            prop_assert!(one.to_string().chars().all(|c| !deceives(c)));
            prop_assert_eq!(one == other, one.to_string() == other.to_string());
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,70}") {
            let _ = Ssid::from_hex(&text);
        }
    }
}
