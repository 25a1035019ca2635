//! The rules of a WPS PIN.
//!
//! A PIN has 8 digits, the last of which is a checksum over the other seven, or 4 digits without one; no other
//! length exists (Wi-Fi Simple Configuration 2.0, 7.4; hostap's `wps_pin_valid` and `WPS_CHECK_PIN` \[C\]). It is a
//! string of digits and not a number: leading zeros count. People write it in groups, so separators are ignored.
//!
//! ```
//! use plugprint::wps::pin;
//!
//! let read_from_paper = pin::parse("1234-5670").unwrap();
//! assert_eq!(read_from_paper.expose(), "12345670");
//! assert_eq!(*pin::grouped(&read_from_paper), "1234 5670");
//!
//! assert!(pin::parse("0000 0017").is_ok()); // leading zeros are digits like others
//! assert!(pin::parse("1234").is_ok()); // four digits have no checksum
//! assert_eq!(pin::parse("12345678").unwrap_err(), pin::Error::Checksum);
//! assert_eq!(pin::checksum(&[1, 2, 3, 4, 5, 6, 7]), 0);
//! ```

use rand::{CryptoRng, RngExt};
use zeroize::Zeroizing;

use crate::blame::Party;
use crate::secret::Pin;

/// Longer input is refused before it is looked at, in bytes: eight digits, and a generous separator after each.
const MAX_INPUT: usize = 64;

/// How long a PIN lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// On a label, or for ever. Whoever runs the protocol against it learns its halves, so one that failed is not
    /// tried again (wps.md 1 \[C\]).
    Static,
    /// Made anew for each session.
    Dynamic,
    /// The printer does not say. It is treated as [`Kind::Dynamic`].
    Unknown,
}

/// Which half of a PIN a registrar and an enrollee did not agree on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Half {
    /// The first: message M4 was refused, `WPS-FAIL msg=8`.
    First,
    /// The second: message M6 was refused, `WPS-FAIL msg=10`.
    Second,
}

impl Half {
    /// The half that a failure at this message type shows to be wrong (Wi-Fi Simple Configuration 2.0, 12: M4 is 8,
    /// M6 is 10; hostap \[C\]).
    #[must_use]
    pub fn of_message(message: u16) -> Option<Self> {
        match message {
            8 => Some(Self::First),
            10 => Some(Self::Second),
            _ => None,
        }
    }
}

/// Why a text is no PIN. It never repeats the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Something else than digits, spaces and dashes.
    #[error("a WPS PIN has only digits, besides spaces and dashes between them")]
    NotDigits,
    /// Neither 4 nor 8 digits.
    #[error("a WPS PIN has 8 digits, or 4")]
    Length,
    /// The eighth digit does not fit the other seven: a digit was mistyped, or it is another kind of number.
    #[error("the last digit does not fit the others; check each digit again")]
    Checksum,
}

impl Error {
    /// Whose failure it is: of the one who gave the text.
    #[must_use]
    pub fn whose(self) -> Party {
        Party::Caller
    }
}

/// Reads a PIN as people and printers write it: spaces and dashes are dropped, then 8 digits with a checksum or
/// 4 without one remain.
///
/// # Errors
/// What is wrong with it; see [`Error`].
pub fn parse(text: &str) -> Result<Pin, Error> {
    if text.len() > MAX_INPUT {
        return Err(Error::Length);
    }
    // Sized once, so that no half-filled copy stays behind in freed memory.
    let mut digits = Zeroizing::new(String::with_capacity(MAX_INPUT));
    for c in text.chars().filter(|&c| !separates(c)) {
        if !c.is_ascii_digit() {
            return Err(Error::NotDigits);
        }
        digits.push(c);
    }
    match digits.as_bytes() {
        [_, _, _, _] => {}
        [first @ .., last] if first.len() == 7 => {
            let mut values = Zeroizing::new([0u8; 7]);
            for (value, digit) in values.iter_mut().zip(first) {
                *value = digit - b'0';
            }
            if checksum(&values) != last - b'0' {
                return Err(Error::Checksum);
            }
        }
        _ => return Err(Error::Length),
    }
    Ok(Pin::new(digits.as_str().to_owned()))
}

/// A new PIN: seven random digits and their checksum, each equally likely, and never one that printers and tools
/// ship as an example (`12345670`, `00000000`).
///
/// ```
/// use plugprint::wps::pin;
///
/// let pin = pin::generate(&mut rand::rng());
/// assert!(pin::parse(pin.expose()).is_ok());
/// ```
#[must_use]
pub fn generate(rng: &mut impl CryptoRng) -> Pin {
    loop {
        let mut digits = Zeroizing::new([0u8; 7]);
        // `random_range` draws again where a remainder would favour some.
        let mut rest = rng.random_range(0..10_000_000_u32);
        for digit in digits.iter_mut().rev() {
            *digit = u8::try_from(rest % 10).unwrap_or_default();
            rest /= 10;
        }
        let mut text = String::with_capacity(8);
        text.extend(digits.iter().chain([&checksum(&digits)]).map(|digit| char::from(b'0' + digit)));
        let pin = Pin::new(text);
        if !matches!(pin.expose(), "12345670" | "00000000") {
            return pin;
        }
    }
}

/// What people put between the groups: white space, hyphens and the dashes that word processors make of them.
fn separates(c: char) -> bool {
    c.is_whitespace() || matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

/// The eighth digit for these seven (values 0 to 9): `3·(d1+d3+d5+d7) + d2+d4+d6 + d8` is a multiple of ten
/// (hostap `wps_pin_checksum` \[C\]).
#[must_use]
pub fn checksum(digits: &[u8; 7]) -> u8 {
    let sum: u32 = digits.iter().enumerate().map(|(i, &digit)| u32::from(digit) * if i % 2 == 0 { 3 } else { 1 }).sum();
    u8::try_from((10 - sum % 10) % 10).unwrap_or_default()
}

/// The PIN as it is easiest to read out: `1234 5670`; four digits stay together.
#[must_use]
pub fn grouped(pin: &Pin) -> Zeroizing<String> {
    let digits = pin.expose();
    let mut text = String::with_capacity(digits.len() + 1);
    match digits.split_at_checked(4) {
        Some((front, back)) if !back.is_empty() => {
            text.push_str(front);
            text.push(' ');
            text.push_str(back);
        }
        _ => text.push_str(digits),
    }
    Zeroizing::new(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_published_vectors() {
        // The first three are hostap's own; the others were computed by hand from the rule.
        for valid in [
            "12345670", "19283746", "00000000", "00000017", "99999995", "76543210", "20172527", "48251747", "31415927",
            "1234", "0000",
        ] {
            assert_eq!(parse(valid).unwrap().expose(), valid);
        }
        for (invalid, why) in [
            ("12345678", Error::Checksum),
            ("1234567", Error::Length),
            ("123456789", Error::Length),
            ("1234567a", Error::NotDigits),
            ("123", Error::Length),
            ("", Error::Length),
            ("١٢٣٤", Error::NotDigits),
            ("1234 567O", Error::NotDigits),
        ] {
            assert_eq!(parse(invalid).unwrap_err(), why, "{invalid}");
        }
    }

    #[test]
    fn separators_of_all_kinds_are_dropped() {
        for written in
            ["1234-5670", "1234 5670", " 12 34 56 70\n", "1234\u{2011}5670", "1234\u{a0}5670", "1-2-3-4-5-6-7-0"]
        {
            assert_eq!(parse(written).unwrap().expose(), "12345670");
        }
        assert_eq!(parse(&format!("1234{}5670", " ".repeat(1000))).unwrap_err(), Error::Length);
    }

    #[test]
    fn grouped_in_fours() {
        assert_eq!(*grouped(&parse("00000017").unwrap()), "0000 0017");
        assert_eq!(*grouped(&parse("0017").unwrap()), "0017");
    }

    /// Gives these numbers, and then their count.
    struct Dice(Vec<u32>);

    impl rand::TryRng for Dice {
        type Error = std::convert::Infallible;

        fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
            Ok(self.0.remove(0))
        }

        fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
            Ok(u64::from(self.0.remove(0)))
        }

        fn try_fill_bytes(&mut self, _: &mut [u8]) -> Result<(), Self::Error> {
            panic!("digits are drawn as numbers")
        }
    }

    impl rand::TryCryptoRng for Dice {}

    /// A draw from which `random_range` makes this number: it maps 32 bits to the range by multiplication.
    fn draw(number: u32) -> u32 {
        u32::try_from(((u64::from(number) << 32) + (1 << 31)) / 10_000_000).unwrap()
    }

    #[test]
    fn a_new_pin_is_never_an_example() {
        let mut dice = Dice(vec![draw(1_234_567), draw(0), draw(1), draw(9_999_999)]);
        assert_eq!(generate(&mut dice).expose(), "00000017", "the first two are left out; zeros in front stay");
        assert_eq!(dice.0.len(), 1);
        assert_eq!(generate(&mut dice).expose(), "99999995");
    }

    #[test]
    fn new_pins_differ_and_use_every_digit_everywhere() {
        let mut seen = [[false; 10]; 8];
        let mut pins = std::collections::HashSet::new();
        for _ in 0..2000 {
            let pin = generate(&mut rand::rng());
            assert!(parse(pin.expose()).is_ok());
            for (place, digit) in pin.expose().bytes().enumerate() {
                seen[place][usize::from(digit - b'0')] = true;
            }
            pins.insert(pin.expose().to_owned());
        }
        assert!(seen.iter().flatten().all(|seen| *seen));
        assert!(pins.len() > 1950, "{} of 2000", pins.len());
    }

    #[test]
    fn which_half_was_wrong() {
        assert_eq!(Half::of_message(8), Some(Half::First));
        assert_eq!(Half::of_message(10), Some(Half::Second));
        assert_eq!(Half::of_message(11), None);
    }

    proptest! {
        #[test]
        fn seven_digits_have_exactly_one_eighth(digits in prop::array::uniform7(0u8..10)) {
            let right = checksum(&digits);
            let front: String = digits.iter().map(|d| char::from(b'0' + d)).collect();
            for last in 0..10 {
                let parsed = parse(&format!("{front}{last}"));
                if last == right {
                    let pin = parsed.unwrap();
                    prop_assert_eq!(pin.expose(), format!("{front}{right}"));
                    let again = parse(&grouped(&pin)).unwrap();
                    prop_assert_eq!(again.expose(), pin.expose());
                } else {
                    prop_assert_eq!(parsed.unwrap_err(), Error::Checksum);
                }
            }
        }

        #[test]
        fn one_wrong_digit_is_always_noticed(digits in prop::array::uniform7(0u8..10), at in 0usize..7, by in 1u8..10) {
            let mut wrong = digits;
            wrong[at] = (wrong[at] + by) % 10;
            prop_assert_ne!(checksum(&digits), checksum(&wrong));
        }

        #[test]
        fn four_digits_are_taken_as_they_are(digits in "[0-9]{4}") {
            let pin = parse(&digits).unwrap();
            prop_assert_eq!(pin.expose(), digits);
        }

        #[test]
        fn whatever_is_accepted_is_a_pin(text in "\\PC{0,80}") {
            if let Ok(pin) = parse(&text) {
                prop_assert!(matches!(pin.expose().len(), 4 | 8));
                prop_assert!(pin.expose().bytes().all(|b| b.is_ascii_digit()));
            }
        }
    }
}
