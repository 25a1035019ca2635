//! Who a printer is, whichever socket it is plugged into.

use std::fmt;

/// The name of a printer on D-Bus paths and the command line: `[a-z0-9_]+`, the same after every replug.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PrinterId(String);

impl PrinterId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PrinterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
