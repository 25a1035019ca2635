//! The enumerations of LEDM: words that we know, and any other word as it came.

/// How much of an unknown word is kept, in characters.
pub(in crate::hp) const MAX_UNKNOWN: usize = 64;

/// Keeps an unknown word, cut to a bearable length.
pub(in crate::hp) fn unknown(word: &str) -> String {
    word.chars().take(MAX_UNKNOWN).collect()
}

/// Makes an enum of words, with `Unknown(String)` for all others.
macro_rules! tokens {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$vmeta:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$vmeta])* $variant,)+
            /// Another word, as the printer wrote it (cut to 64 characters). Escape it before it is shown.
            Unknown(String),
        }

        impl $name {
            /// Reads the printer's word.
            #[must_use]
            pub fn from_word(word: &str) -> Self {
                match word {
                    $($word => Self::$variant,)+
                    other => Self::Unknown($crate::hp::ledm::token::unknown(other)),
                }
            }

            /// The printer's word.
            #[must_use]
            pub fn as_word(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)+
                    Self::Unknown(word) => word,
                }
            }
        }
    };
}
pub(in crate::hp) use tokens;

/// `true` or `false`; anything else is not known.
pub(in crate::hp) fn boolean(word: &str) -> Option<bool> {
    match word {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// A text that a printer chose, as it may be shown: control characters are dropped, and it is cut to 128 characters.
pub(in crate::hp) fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() && !bidi(*c)).take(128).collect()
}

/// Characters that turn the direction of what follows, so that a text shows as another one (Unicode TR 36, 2.2).
fn bidi(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A hardware address: 12 hexadecimal digits, with or without separators. `None` for zeros, which are nobody's.
pub(in crate::hp) fn mac(text: &str) -> Option<[u8; 6]> {
    let value = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let mut digits = text.bytes().filter(|b| !matches!(b, b':' | b'-')).map(value);
    let mut mac = [0; 6];
    for byte in &mut mac {
        *byte = digits.next()?? << 4 | digits.next()??;
    }
    (digits.next().is_none() && mac != [0; 6]).then_some(mac)
}
