//! PINs and passphrases. They are wiped when dropped; nothing prints, compares or serialises them by accident.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

/// A WPS PIN: 4 or 8 ASCII digits. It is a string, because leading zeros matter.
///
/// Made by `wps::pin`, which knows the rules; seen only through [`Pin::expose`].
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
