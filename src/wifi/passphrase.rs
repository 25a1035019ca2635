//! The rules of a passphrase, in one place: IEEE 802.11, annex J.4.1 (WPA2-2004 H.4.1). 8 to 63 characters, each of
//! them printable ASCII (32 to 126), or 64 hexadecimal digits, which are the key itself.
//!
//! Nothing is trimmed: a space at the end is part of the passphrase. Others than these are used in the field, but
//! what a device makes of them differs from one to the next; they are refused with the reason.
//!
//! ```
//! use plugprint::wifi::passphrase;
//!
//! assert!(passphrase::parse(b"correct horse").is_ok());
//! assert!(passphrase::is_raw_key(&passphrase::parse(&[b'a'; 64]).unwrap()));
//! assert_eq!(passphrase::parse(b"short").unwrap_err(), passphrase::Error::TooShort);
//! ```

use crate::blame::Party;
use crate::secret::Passphrase;

/// The fewest characters.
pub const MIN: usize = 8;
/// The most characters.
pub const MAX: usize = 63;
/// The digits of a raw key.
pub const RAW_KEY: usize = 64;

/// Why it is no passphrase. It never repeats any of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Fewer than 8 characters.
    #[error("a Wi-Fi passphrase has at least {MIN} characters")]
    TooShort,
    /// More than 63 characters, and not 64 hexadecimal digits.
    #[error("a Wi-Fi passphrase has at most {MAX} characters")]
    TooLong,
    /// 64 characters, but not all of them hexadecimal digits.
    #[error("a Wi-Fi key of {RAW_KEY} characters has hexadecimal digits only")]
    NotHexadecimal,
    /// A character that IEEE 802.11 does not allow: a letter outside ASCII, a tabulator, the end of a line.
    #[error("a Wi-Fi passphrase has only the letters, digits and signs of ASCII")]
    NotAscii,
}

impl Error {
    /// Whose failure it is: of the one who gave it.
    #[must_use]
    pub fn whose(self) -> Party {
        Party::Caller
    }
}

/// Takes these bytes for a passphrase.
///
/// # Errors
/// What is wrong with them; see [`Error`].
pub fn parse(bytes: &[u8]) -> Result<Passphrase, Error> {
    if bytes.len() > RAW_KEY {
        return Err(Error::TooLong);
    }
    if !bytes.iter().all(|b| (b' '..=b'~').contains(b)) {
        return Err(Error::NotAscii);
    }
    match bytes.len() {
        ..MIN => Err(Error::TooShort),
        RAW_KEY if !bytes.iter().all(u8::is_ascii_hexdigit) => Err(Error::NotHexadecimal),
        _ => Ok(Passphrase::new(bytes.to_owned())),
    }
}

/// Whether it is the key itself, as 64 hexadecimal digits. SAE can't use one.
#[must_use]
pub fn is_raw_key(passphrase: &Passphrase) -> bool {
    passphrase.expose().len() == RAW_KEY
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_rules() {
        let verdict = |bytes: &[u8]| parse(bytes).map(|taken| taken.expose() == bytes);
        assert_eq!(verdict(b"12345678"), Ok(true));
        assert_eq!(verdict(b" spaces! "), Ok(true), "nothing is trimmed");
        assert_eq!(verdict(&[b'~'; 63]), Ok(true));
        assert_eq!(verdict(&[b'F'; 64]), Ok(true));
        assert_eq!(verdict(b""), Err(Error::TooShort));
        assert_eq!(verdict(b"1234567"), Err(Error::TooShort));
        assert_eq!(verdict(&[b'g'; 64]), Err(Error::NotHexadecimal));
        assert_eq!(verdict(&[b'a'; 65]), Err(Error::TooLong));
        assert_eq!(verdict("pässwort".as_bytes()), Err(Error::NotAscii));
        assert_eq!(verdict(b"12345678\n"), Err(Error::NotAscii));
        assert_eq!(verdict(b"12345678\0"), Err(Error::NotAscii));
    }

    proptest! {
        #[test]
        fn neither_a_passphrase_nor_a_refusal_shows_it(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            match parse(&bytes) {
                Ok(taken) => {
                    prop_assert_eq!(taken.expose(), &bytes[..]);
                    prop_assert_eq!(format!("{taken:?}"), "Passphrase([redacted])");
                }
                Err(error) => prop_assert!([
                    Error::TooShort, Error::TooLong, Error::NotHexadecimal, Error::NotAscii
                ].contains(&error)),
            }
        }
    }
}
