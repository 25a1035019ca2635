//! `GET /DevMgmt/ProductStatusDyn.xml`: what the printer is doing, and what is in its way.
//!
//! A printer reports several states at once, and a warning beside the state that counts: an ENVY Photo 7830 with an
//! empty photo tray says `trayEmpty` *and* `inPowerSave`, and prints on plain paper all the same. Its alert table
//! says how serious each is \[C\].
//!
//! ```
//! use plugprint::hp::ledm::product_status;
//!
//! let document = |state: &str| format!(r#"<ns0:ProductStatusDyn
//!         xmlns:ns0="http://www.hp.com/schemas/imaging/con/ledm/productstatusdyn/2007/10/31"
//!         xmlns:ns3="http://www.hp.com/schemas/imaging/con/ledm/productstatuscategories/2007/10/31">
//!     <ns0:Status><ns3:StatusCategory>{state}</ns3:StatusCategory></ns0:Status>
//! </ns0:ProductStatusDyn>"#);
//!
//! let asleep = product_status::parse(document("inPowerSave").as_bytes()).unwrap();
//! assert!(asleep.may_print().is_ok());
//!
//! let empty = product_status::parse(document("trayEmptyOrOpen").as_bytes()).unwrap();
//! assert_eq!(empty.may_print().unwrap_err().to_string(), "it is out of paper, or a tray is open");
//! ```

use std::fmt;

use super::token::tokens;
use super::xml;
use super::{AD, PSCAT, PSDYN};

/// Where it is.
pub const PATH: &str = "/DevMgmt/ProductStatusDyn.xml";

/// The most states and alerts that are kept.
const MAX_ENTRIES: usize = 64;

tokens! {
    /// A state of the printer, `pscat:StatusCategory`. The words are those of a Smart Tank 750's own list \[C:
    /// ProductStatusCap\] and of the tools that watch such printers \[C\].
    #[expect(missing_docs, reason = "the printer's own words; those in its way are explained by `Blocking`")]
    pub enum Category {
        Ready = "ready",
        InPowerSave = "inPowerSave",
        Processing = "processing",
        Copying = "copying",
        ScanProcessing = "scanProcessing",
        Initializing = "initializing",
        InkSystemInitializing = "inkSystemInitializing",
        Calibrating = "calibrating",
        CancelJob = "cancelJob",
        ShuttingDown = "shuttingDown",
        Off = "off",
        TrayEmpty = "trayEmpty",
        TrayEmptyOrOpen = "trayEmptyOrOpen",
        TrayOpen = "trayOpen",
        JamInPrinter = "jamInPrinter",
        CarriageJam = "carriageJam",
        CloseDoorOrCover = "closeDoorOrCover",
        OutputBinFull = "outputBinFull",
        HardError = "hardError",
        PrinterError = "printerError",
        SizeMismatchInTray = "sizeMismatchInTray",
        ImproperOrientationInTray = "improperOrientationInTray",
        MediaTooShortToPrint = "mediaTooShortToPrint",
        CartridgeMissing = "cartridgeMissing",
        CartridgeFailure = "cartridgeFailure",
        CartridgeInWrongOrder = "cartridgeInWrongOrder",
        IncompatibleConsumable = "incompatibleConsumable",
        ReplaceCartridgeOut = "replaceCartridgeOut",
        SupplyForwardIncompatible = "supplyForwardIncompatible",
        AntiTheftEnabledSupplyDetected = "antiTheftEnabledSupplyDetected",
        ShaidElectricalFailure = "shaidElectricalFailure",
        CartridgeLow = "cartridgeLow",
        CartridgeVeryLow = "cartridgeVeryLow",
        CalibrationRequired = "calibrationRequired",
        GenuineHp = "genuineHP",
        NonHpSupplyDetected = "nonHPSupplyDetected",
        UsedConsumable = "usedConsumable",
        ImproperShutdown = "improperShutdown",
    }
}

tokens! {
    /// How serious an alert is, `ad:Severity` \[C: Smart Tank 750 ProductStatusCap, ENVY Photo 7830\].
    #[expect(missing_docs, reason = "the printer's own words")]
    pub enum Severity {
        Info = "Info",
        Warning = "Warning",
        StrictWarning = "StrictWarning",
        Error = "Error",
    }
}

/// One row of the alert table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// What it is about, in the words of [`Category`].
    pub about: Category,
    /// How serious it is; `None` where the printer does not say.
    pub severity: Option<Severity>,
}

/// What the printer is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Its states, in its order. Usually one.
    pub categories: Vec<Category>,
    /// Its alerts.
    pub alerts: Vec<Alert>,
}

/// Why the printer would not print now: a clause about the printer, such as "it is out of paper".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocking {
    /// The state that is in the way; `None` where the printer names none at all.
    pub category: Option<Category>,
    /// Whether it goes away by itself, as a job that is printing does.
    pub passes: bool,
}

impl fmt::Display for Blocking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.category {
            None => f.write_str("it does not say that it is ready"),
            Some(category) => match words(category) {
                Some((words, _)) => f.write_str(words),
                None => write!(f, "it reports '{}'", category.as_word().escape_default()),
            },
        }
    }
}

/// What keeps it from printing, in words, and whether that passes by itself; `None` for what does not.
fn words(category: &Category) -> Option<(&'static str, bool)> {
    Some(match category {
        Category::Processing => ("it is busy with another job", true),
        Category::Copying => ("it is copying", true),
        Category::ScanProcessing => ("it is scanning", true),
        Category::Initializing => ("it is starting up", true),
        Category::InkSystemInitializing => ("it is preparing its ink system", true),
        Category::Calibrating => ("it is calibrating itself", true),
        Category::CancelJob => ("it is cancelling a job", true),
        Category::ShuttingDown => ("it is shutting down", false),
        Category::Off => ("it is switched off", false),
        Category::TrayEmpty => ("it is out of paper", false),
        Category::TrayEmptyOrOpen => ("it is out of paper, or a tray is open", false),
        Category::TrayOpen => ("a paper tray is open", false),
        Category::JamInPrinter => ("paper is jammed in it", false),
        Category::CarriageJam => ("its print carriage is jammed", false),
        Category::CloseDoorOrCover => ("a door or cover is open", false),
        Category::OutputBinFull => ("its output tray is full", false),
        Category::HardError => ("it has a hardware error; switch it off and on again", false),
        Category::PrinterError => ("it has an error; switch it off and on again", false),
        Category::SizeMismatchInTray => ("the paper in the tray has another size than it is set to", false),
        Category::ImproperOrientationInTray => ("the paper in the tray lies the wrong way round", false),
        Category::MediaTooShortToPrint => ("the paper in the tray is too short", false),
        Category::CartridgeMissing => ("a cartridge is missing", false),
        Category::CartridgeFailure => ("a cartridge has failed", false),
        Category::CartridgeInWrongOrder => ("the cartridges are in the wrong places", false),
        Category::IncompatibleConsumable | Category::SupplyForwardIncompatible => {
            ("a cartridge does not fit this printer", false)
        }
        Category::ReplaceCartridgeOut => ("a cartridge is empty", false),
        Category::AntiTheftEnabledSupplyDetected => ("a cartridge is locked to another printer", false),
        Category::ShaidElectricalFailure => ("a cartridge has no electrical contact", false),
        Category::Ready
        | Category::InPowerSave
        | Category::CartridgeLow
        | Category::CartridgeVeryLow
        | Category::CalibrationRequired
        | Category::GenuineHp
        | Category::NonHpSupplyDetected
        | Category::UsedConsumable
        | Category::ImproperShutdown
        | Category::Unknown(_) => return None,
    })
}

impl Status {
    /// Whether it says that it is ready or asleep: the states in which a job may be sent \[C\].
    #[must_use]
    pub fn ready(&self) -> bool {
        self.categories.iter().any(|state| matches!(state, Category::Ready | Category::InPowerSave))
    }

    /// Whether it is printing.
    #[must_use]
    pub fn processing(&self) -> bool {
        self.categories.contains(&Category::Processing)
    }

    /// What keeps it from printing although it may say that it is ready; the first such state, and what does not
    /// pass by itself before what does.
    ///
    /// A state counts unless the alert table calls it information or a warning. Of a state that is not known,
    /// only the alert table can say that it is an error.
    #[must_use]
    pub fn blocking(&self) -> Option<Blocking> {
        let in_the_way = self.categories.iter().filter_map(|state| {
            let severity = self.alerts.iter().find(|alert| alert.about == *state).and_then(|a| a.severity.as_ref());
            let passes = match (words(state), severity) {
                (Some((_, passes)), None | Some(Severity::StrictWarning | Severity::Error | Severity::Unknown(_))) => {
                    passes
                }
                (None, Some(Severity::Error)) => false,
                _ => return None,
            };
            Some(Blocking { category: Some(state.clone()), passes })
        });
        in_the_way.min_by_key(|blocking| blocking.passes)
    }

    /// Whether a job may be sent now.
    ///
    /// # Errors
    /// What is in the way: see [`Status::blocking`]; or that it is not ready without saying why.
    pub fn may_print(&self) -> Result<(), Blocking> {
        if let Some(blocking) = self.blocking() {
            return Err(blocking);
        }
        if self.ready() {
            return Ok(());
        }
        Err(Blocking { category: self.categories.first().cloned(), passes: false })
    }
}

/// Reads the document.
///
/// # Errors
/// Where it is not well-formed, too much, or another document.
pub fn parse(document: &[u8]) -> Result<Status, xml::Error> {
    let root = xml::parse_as(document, PSDYN, "ProductStatusDyn")?;
    let categories = root
        .all(PSDYN, "Status")
        .filter_map(|status| status.value(PSCAT, "StatusCategory"))
        .map(Category::from_word)
        .take(MAX_ENTRIES)
        .collect();
    let alerts = root
        .all(PSDYN, "AlertTable")
        .flat_map(|table| table.all(PSDYN, "Alert"))
        .filter_map(|alert| {
            Some(Alert {
                about: Category::from_word(alert.value(AD, "ProductStatusAlertID")?),
                severity: alert.value(AD, "Severity").map(Severity::from_word),
            })
        })
        .take(MAX_ENTRIES)
        .collect();
    Ok(Status { categories, alerts })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::super::testing::{fixture, never_panics};
    use super::*;

    fn status(states: &[&str], alerts: &[(&str, &str)]) -> Status {
        Status {
            categories: states.iter().map(|word| Category::from_word(word)).collect(),
            alerts: alerts
                .iter()
                .map(|(about, severity)| Alert {
                    about: Category::from_word(about),
                    severity: Some(Severity::from_word(severity)),
                })
                .collect(),
        }
    }

    fn reason(states: &[&str], alerts: &[(&str, &str)]) -> String {
        match status(states, alerts).may_print() {
            Ok(()) => "prints".to_owned(),
            Err(blocking) => blocking.to_string(),
        }
    }

    #[test]
    fn an_empty_photo_tray_is_a_warning_and_no_obstacle() {
        let status = parse(&fixture("product-status-photo-tray.xml")).unwrap();
        assert_eq!(status.categories, [Category::TrayEmpty, Category::InPowerSave]);
        assert_eq!(status.alerts.len(), 2);
        assert_eq!(status.may_print(), Ok(()));
    }

    #[test]
    fn what_is_in_the_way_is_said_in_words() {
        assert_eq!(reason(&["ready"], &[]), "prints");
        assert_eq!(reason(&["inPowerSave"], &[]), "prints");
        assert_eq!(reason(&["trayEmptyOrOpen"], &[]), "it is out of paper, or a tray is open");
        assert_eq!(reason(&["closeDoorOrCover"], &[]), "a door or cover is open");
        assert_eq!(reason(&["jamInPrinter", "ready"], &[]), "paper is jammed in it");
        assert_eq!(reason(&["outputBinFull"], &[]), "its output tray is full");
        assert_eq!(reason(&["shuttingDown"], &[]), "it is shutting down");
        assert_eq!(reason(&["hardError"], &[]), "it has a hardware error; switch it off and on again");
        assert_eq!(reason(&["ready", "trayEmpty"], &[("trayEmpty", "Error")]), "it is out of paper");
        assert_eq!(reason(&["cartridgeLow", "ready"], &[("cartridgeLow", "Warning")]), "prints");
        assert_eq!(reason(&[], &[]), "it does not say that it is ready");
    }

    #[test]
    fn a_state_that_nobody_knows_blocks_only_where_it_stands_alone_or_is_an_error() {
        assert_eq!(reason(&["lampWarming", "ready"], &[]), "prints");
        assert_eq!(reason(&["lampWarming"], &[]), "it reports 'lampWarming'");
        assert_eq!(reason(&["lampWarming", "ready"], &[("lampWarming", "Error")]), "it reports 'lampWarming'");
        assert_eq!(reason(&["\u{1b}[31m"], &[]), r"it reports '\u{1b}[31m'");
    }

    #[test]
    fn a_job_passes_by_itself_and_a_jam_does_not() {
        assert!(status(&["processing"], &[]).may_print().unwrap_err().passes);
        assert!(!status(&["jamInPrinter"], &[]).may_print().unwrap_err().passes);
    }

    #[test]
    fn words_survive_a_round_trip() {
        for word in ["ready", "genuineHP", "lampWarming"] {
            assert_eq!(Category::from_word(word).as_word(), word);
        }
    }

    #[test]
    fn damaged_documents_end_in_a_value() {
        never_panics("product-status-photo-tray.xml", |bytes| parse(bytes).map(drop));
    }
}
