//! Identify-Printer (PWG 5100.13, 4.1): a printer shows which one it is.

use std::fmt;

use super::attributes::{text, values};
use super::guard::{Message, Value};

/// The attributes that tell of it.
pub const ATTRIBUTES: &[&str] = &["identify-actions-supported", "operations-supported"];

/// operation-id (PWG 5100.13, 10.2).
pub(super) const IDENTIFY_PRINTER: u16 = 0x003c;
/// Values of one attribute that are looked at.
const MOST_VALUES: usize = 256;

/// What it can do (PWG 5100.13, 5.1.1). `speak` is left out: it has nothing to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Blinks.
    Flash,
    /// Shows something on its panel.
    Display,
    /// Beeps.
    Sound,
}

impl Action {
    /// All, the least disturbing first.
    pub const ALL: [Self; 3] = [Self::Flash, Self::Display, Self::Sound];

    /// The keyword.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Flash => "flash",
            Self::Display => "display",
            Self::Sound => "sound",
        }
    }

    /// The action of this keyword.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.name() == name)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What this printer can do, the least disturbing first. Empty where it does not list the operation.
#[must_use]
pub fn actions(response: &Message) -> Vec<Action> {
    let listed = |value: &Value| *value == Value::Enum(i32::from(IDENTIFY_PRINTER));
    if !values(response, "operations-supported").iter().take(MOST_VALUES).any(listed) {
        return Vec::new();
    }
    let supported = values(response, "identify-actions-supported").iter().take(MOST_VALUES);
    let mut actions: Vec<Action> = supported.filter_map(text).filter_map(Action::from_name).collect();
    actions.sort();
    actions.dedup();
    actions
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::guard::{self, Limits};
    use super::*;

    #[test]
    fn names_go_both_ways() {
        for action in Action::ALL {
            assert_eq!(Action::from_name(action.name()), Some(action));
        }
        assert_eq!(Action::from_name("speak"), None);
    }

    #[test]
    fn real_printers() {
        let Some(folder) = std::env::var_os("PLUGPRINT_CAPTURES") else {
            println!("skipped: PLUGPRINT_CAPTURES is not set");
            return;
        };
        for (name, expected) in [
            ("hp6830.ipp", &[Action::Display, Action::Sound][..]),
            ("brother-mfcj5320dw.ipp", &[Action::Flash, Action::Sound]),
            ("epsonxp6000.ipp", &[Action::Flash]),
            ("xerox-b235.ipp", &[Action::Display, Action::Sound]),
        ] {
            let bytes = std::fs::read(std::path::Path::new(&folder).join("ipp").join(name)).unwrap();
            assert_eq!(actions(&guard::parse(&bytes, Limits::default()).unwrap()), expected, "{name}");
        }
    }
}
