//! What a combination of buttons does on the printer's panel, and how the same is asked for over USB.
//!
//! The combination is never sent: a printer knows no command for it. What it does on the panel is looked up here,
//! and that is done instead. So a combination whose effect can't be had otherwise is refused, and says so.
//!
//! ```
//! use plugprint::printer::buttons::{Action, Family, lookup};
//! use plugprint::printer::capability::ReportKind;
//!
//! let pressed = ["wireless".to_owned(), "information".to_owned()];
//! let row = lookup(Family::LedmInternalPrint, &pressed, 0).unwrap();
//! assert_eq!(row.action, Action::Reports(&[ReportKind::Wireless, ReportKind::Network]));
//!
//! let refused = lookup(Family::LedmInternalPrint, &["cancel".to_owned()], 0).unwrap_err();
//! assert!(refused.to_string().contains("wireless+information"));
//! ```

use std::fmt;

use crate::printer::capability::{Evidence, ReportKind};

/// Printers whose panels are known to do the same, told apart by what a probe can find out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// An HP printer that prints internal pages through LEDM.
    LedmInternalPrint,
}

/// A button, by what is printed beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Button {
    /// The radio waves.
    Wireless,
    /// The letter i.
    Information,
    /// The cross.
    Cancel,
    /// The arrow in a circle, also called Go.
    Resume,
}

impl Button {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Wireless => "wireless",
            Self::Information => "information",
            Self::Cancel => "cancel",
            Self::Resume => "resume",
        }
    }

    /// The button that people call so.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name.trim().to_ascii_lowercase().as_str() {
            "wireless" | "wifi" | "wi-fi" => Self::Wireless,
            "information" | "info" | "i" => Self::Information,
            "cancel" | "x" => Self::Cancel,
            "resume" | "go" => Self::Resume,
            _ => return None,
        })
    }
}

/// How long the buttons are down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// Pressed and let go: less than a second.
    Press,
    /// Held for at least so many milliseconds.
    AtLeast(u32),
}

impl Hold {
    fn covers(self, hold_ms: u32) -> bool {
        match self {
            Self::Press => hold_ms < 1000,
            Self::AtLeast(least) => hold_ms >= least,
        }
    }
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Press => Ok(()),
            Self::AtLeast(least) => write!(f, " held for {} s", least / 1000),
        }
    }
}

/// What a combination does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It prints these reports, in this order.
    Reports(&'static [ReportKind]),
    /// It does this, which only the panel itself can.
    PanelOnly(&'static str),
}

/// One combination of one family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Whose panel.
    pub family: Family,
    /// Which buttons, in the order of [`Button`].
    pub buttons: &'static [Button],
    /// How long.
    pub hold: Hold,
    /// What it does.
    pub action: Action,
    /// How we know that this is what the combination does.
    pub evidence: Evidence,
    /// Where we know it from.
    pub source: &'static str,
}

impl fmt::Display for Row {
    /// As a person would type it: `wireless+information`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, button) in self.buttons.iter().enumerate() {
            write!(f, "{}{}", if i == 0 { "" } else { "+" }, button.name())?;
        }
        write!(f, "{}", self.hold)
    }
}

/// All that is known. No manual of HP's own was found \[NF\]: the sources are other people's, and each says how sure
/// it is.
pub const TABLE: &[Row] = &[
    Row {
        family: Family::LedmInternalPrint,
        buttons: &[Button::Wireless, Button::Information],
        hold: Hold::Press,
        action: Action::Reports(&[ReportKind::Wireless, ReportKind::Network]),
        evidence: Evidence::Confirmed,
        source: "wireless test report and network configuration page, told for a DeskJet 3630 [C]; the pages' own \
                 names are in a Smart Tank 750's list [C]",
    },
    Row {
        family: Family::LedmInternalPrint,
        buttons: &[Button::Information],
        hold: Hold::Press,
        action: Action::Reports(&[ReportKind::Status]),
        evidence: Evidence::Assumed,
        source: "an information page on DeskJet and ENVY printers with this button; which page it is, is inferred [I]",
    },
    Row {
        family: Family::LedmInternalPrint,
        buttons: &[Button::Resume],
        hold: Hold::AtLeast(3000),
        action: Action::Reports(&[ReportKind::Status]),
        evidence: Evidence::Assumed,
        source: "a configuration page on LaserJets without a display [I]",
    },
    Row {
        family: Family::LedmInternalPrint,
        buttons: &[Button::Wireless],
        hold: Hold::AtLeast(3000),
        action: Action::PanelOnly("it starts joining a network by WPS push button"),
        evidence: Evidence::Assumed,
        source: "DeskJet and ENVY printers [I]; no request for it was ever published [NF]",
    },
    Row {
        family: Family::LedmInternalPrint,
        buttons: &[Button::Wireless, Button::Information],
        hold: Hold::AtLeast(3000),
        action: Action::PanelOnly("it starts joining a network by WPS PIN, and prints the PIN"),
        evidence: Evidence::Assumed,
        source: "told for some OfficeJet and DeskJet printers [I]; no request for it was ever published [NF]",
    },
    Row {
        family: Family::LedmInternalPrint,
        buttons: &[Button::Wireless, Button::Cancel],
        hold: Hold::AtLeast(3000),
        action: Action::PanelOnly("it forgets the printer's network settings"),
        evidence: Evidence::Assumed,
        source: "told for DeskJet 2500 printers [I]; no request for it was ever published [NF]",
    },
];

/// What a person does on the panel to bring the printer onto a network, step by step. Told for touch screens and for
/// panels with a Wireless button by weak sources only; HP's own manuals were not found \[I\].
#[must_use]
pub fn wireless_setup(family: Family) -> (&'static [&'static str], Evidence) {
    match family {
        Family::LedmInternalPrint => (
            &[
                "On the printer's panel open Wireless, or Setup and then Network or Wireless. A printer without a \
                 screen has a Wireless button: hold it for 3 seconds, until its light blinks.",
                "Choose Wireless Setup Wizard, or Wi-Fi Protected Setup where there is no wizard.",
                "Choose your network and enter its password, or press the router's WPS button within 2 minutes.",
            ],
            Evidence::Assumed,
        ),
    }
}

/// Why a combination is not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A button that is not known. It holds the name as it came: escape it before it is shown.
    #[error("there is no button called '{}'; known are wireless, information, cancel and resume", .0.escape_default())]
    UnknownButton(String),
    /// Nothing is known about this combination on this printer.
    #[error("it is not known what these buttons do on this printer; known are: {}", .known.join(", "))]
    UnknownCombination {
        /// The combinations that can be done, as one would type them.
        known: Vec<String>,
    },
    /// It is known, and can only be done on the panel.
    #[error("{combination} can only be pressed on the printer itself: {effect}")]
    PanelOnly {
        /// The combination, as one would type it.
        combination: String,
        /// What it does there.
        effect: &'static str,
    },
}

/// The combinations of a family that can be done.
pub fn known(family: Family) -> impl Iterator<Item = &'static Row> {
    TABLE.iter().filter(move |row| row.family == family && matches!(row.action, Action::Reports(_)))
}

/// What these buttons do, in whichever order they are named, held for `hold_ms` milliseconds (0: pressed).
///
/// The evidence is the row's; whether the printer has the reports is another question
/// ([`reports`](crate::printer::reports)).
///
/// # Errors
/// See [`Refusal`].
pub fn lookup(family: Family, buttons: &[String], hold_ms: u32) -> Result<&'static Row, Refusal> {
    let mut pressed = Vec::new();
    for name in buttons.iter().take(16) {
        let unknown = || Refusal::UnknownButton(name.chars().take(32).collect());
        pressed.push(Button::from_name(name).ok_or_else(unknown)?);
    }
    pressed.sort_unstable();
    pressed.dedup();
    let row = TABLE.iter().find(|row| row.family == family && row.buttons == pressed && row.hold.covers(hold_ms));
    match row {
        Some(Row { action: Action::PanelOnly(effect), .. }) => {
            let combination = row.map(ToString::to_string).unwrap_or_default();
            Err(Refusal::PanelOnly { combination, effect })
        }
        Some(row) => Ok(row),
        None => Err(Refusal::UnknownCombination { known: known(family).map(ToString::to_string).collect() }),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use proptest::prelude::*;

    use super::*;

    fn press(combination: &str, hold_ms: u32) -> Result<Action, String> {
        let buttons: Vec<_> = combination.split('+').map(str::to_owned).collect();
        lookup(Family::LedmInternalPrint, &buttons, hold_ms).map(|row| row.action).map_err(|why| why.to_string())
    }

    #[test]
    fn wireless_and_information_print_what_the_panel_would() {
        let both = Ok(Action::Reports(&[ReportKind::Wireless, ReportKind::Network]));
        for written in ["wireless+information", "information+wireless", "wifi+i", "Wi-Fi + Info", "i+wireless+i"] {
            assert_eq!(press(written, 0), both, "{written}");
        }
        assert_eq!(press("wireless+information", 999), both);
        assert_eq!(press("information", 0), Ok(Action::Reports(&[ReportKind::Status])));
        assert_eq!(press("resume", 3000), Ok(Action::Reports(&[ReportKind::Status])));
    }

    #[test]
    fn what_only_the_panel_can_do_is_refused_with_its_reason() {
        assert_eq!(
            press("wireless+cancel", 5000).unwrap_err(),
            "wireless+cancel held for 3 s can only be pressed on the printer itself: it forgets the printer's network \
             settings"
        );
        assert!(press("wireless+information", 3000).unwrap_err().contains("WPS PIN"));
    }

    #[test]
    fn what_nobody_knows_is_refused_with_what_is_known() {
        let known = "it is not known what these buttons do on this printer; known are: wireless+information, \
                     information, resume held for 3 s";
        assert_eq!(press("wireless", 0).unwrap_err(), known);
        assert_eq!(press("wireless+information", 2000).unwrap_err(), known);
        assert_eq!(press("resume+cancel", 0).unwrap_err(), known);
        assert_eq!(
            press("\u{1b}[2J", 0).unwrap_err(),
            r"there is no button called '\u{1b}[2J'; known are wireless, information, cancel and resume"
        );
        assert!(lookup(Family::LedmInternalPrint, &[], 0).is_err());
    }

    #[test]
    fn the_table_is_in_order() {
        for (i, row) in TABLE.iter().enumerate() {
            assert!(row.buttons.is_sorted() && !row.buttons.is_empty(), "{row}");
            assert!(!row.source.is_empty(), "{row}");
            let same = |other: &&Row| other.buttons == row.buttons && other.hold == row.hold;
            assert_eq!(TABLE.iter().position(|other| same(&other)), Some(i), "{row} twice");
            for button in row.buttons {
                assert_eq!(Button::from_name(button.name()), Some(*button));
            }
        }
    }

    proptest! {
        #[test]
        fn any_press_ends_in_a_value(buttons in prop::collection::vec("\\PC{0,12}|wireless|information", 0..20), hold in any::<u32>()) {
            match lookup(Family::LedmInternalPrint, &buttons, hold) {
                Ok(row) => prop_assert!(matches!(row.action, Action::Reports(_))),
                Err(refusal) => prop_assert!(refusal.to_string().chars().all(|c| !c.is_control())),
            }
        }
    }
}
