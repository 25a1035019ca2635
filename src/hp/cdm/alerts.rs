//! `GET /cdm/alert/v1/alerts`: what is in the printer's way \[C: Smart Tank 580-590\]. The words of `category` are those
//! of HP's own classes for it \[C: the Workpath services for "Dune", package com.hp.ws.cdm.alert\].
//!
//! ```
//! use plugprint::hp::cdm::alerts;
//!
//! let alerts = alerts::parse(br#"{"alerts": [{"id": 7, "category": "doorOpen", "severity": "error"}]}"#).unwrap();
//! assert_eq!(alerts.obstacle().unwrap().to_string(), "a door or cover is open");
//! ```

use std::fmt;

use super::json::{self, Value};
use crate::hp::ledm::product_status::Category;
use crate::hp::ledm::token::unknown;

/// Where it is \[C\].
pub const PATH: &str = "/cdm/alert/v1/alerts";

/// The most alerts that are kept.
const MAX_ALERTS: usize = 64;

/// One alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// What it is about, in the printer's word.
    pub category: String,
    /// How serious it is, in the printer's word. Which words there are is not known \[NF\].
    pub severity: Option<String>,
}

/// All of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Alerts(Vec<Alert>);

/// What keeps the printer from printing: a clause about it, such as "it is out of paper".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// The same in the words that LEDM has for it; `None` where it has none.
    pub category: Option<Category>,
    /// Whether it goes away by itself.
    pub passes: bool,
    words: String,
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

/// What keeps it from printing, as LEDM would say it, in words, and whether that passes by itself. `None` for what
/// does not.
fn known(category: &str) -> Option<(Option<Category>, &'static str, bool)> {
    Some(match category {
        "outOfMedia"
        | "allTraysEmpty"
        | "trayEmpty"
        | "trayMediaEmpty"
        | "singleTrayLop"
        | "allTrayLop"
        | "mediaInputIntrayOutOfMedia"
        | "mediaLoadFlow" => (Some(Category::TrayEmpty), "it is out of paper", false),
        "trayOpen" | "trayDetached" => (Some(Category::TrayOpen), "a paper tray is open", false),
        "doorOpen" | "doorOpenOobe" => (Some(Category::CloseDoorOrCover), "a door or cover is open", false),
        "jamInPrinter" | "stallInPrinter" => (Some(Category::JamInPrinter), "paper is jammed in it", false),
        "mediaOutbinFull" | "mediaOutputDeviceFull" => {
            (Some(Category::OutputBinFull), "its output tray is full", false)
        }
        "sizeError" | "sizeErrorPrompt" | "sizeType" | "outOfMediaMismatch" | "mediaMismatchSizeFlow" => {
            (Some(Category::SizeMismatchInTray), "the paper in the tray has another size than it is set to", false)
        }
        "cartridgeMissing" => (Some(Category::CartridgeMissing), "a cartridge is missing", false),
        "cartridgeError" | "cartridgeReseat" => (Some(Category::CartridgeFailure), "a cartridge has failed", false),
        "cartridgeWrongModel" | "cartridgeWrongRegion" | "cartridgeForwardIncompatible" => {
            (Some(Category::IncompatibleConsumable), "a cartridge does not fit this printer", false)
        }
        "outOfInk" | "cartridgeEndOfLife" => (Some(Category::ReplaceCartridgeOut), "a cartridge is empty", false),
        "printerError" | "printerFailure" | "systemEventError" => {
            (Some(Category::PrinterError), "it has an error; switch it off and on again", false)
        }
        "calibrationInProgress" => (Some(Category::Calibrating), "it is calibrating itself", true),
        "engineInitializing" | "idsStartupRoutineInProgress" => {
            (Some(Category::Initializing), "it is starting up", true)
        }
        "printerCoolingDown" | "trayLifting" | "idsBusy" => (None, "it is preparing itself", true),
        _ => return None,
    })
}

impl Alerts {
    /// What keeps it from printing; what does not pass by itself before what does.
    ///
    /// Something known counts unless the printer calls it information or a warning; something that is not known,
    /// only where it calls it an error \[I\].
    #[must_use]
    pub fn obstacle(&self) -> Option<Obstacle> {
        let in_the_way = self.0.iter().filter_map(|alert| {
            let severity = alert.severity.as_deref().unwrap_or_default().to_ascii_lowercase();
            let harmless = severity.starts_with("info") || severity.starts_with("warn");
            let severe = ["error", "critical", "fatal"].iter().any(|word| severity.starts_with(word));
            match known(&alert.category) {
                Some((category, words, passes)) if !harmless => {
                    Some(Obstacle { category, passes, words: words.to_owned() })
                }
                None if severe => {
                    let words = format!("it reports '{}'", alert.category.escape_default());
                    Some(Obstacle { category: None, passes: false, words })
                }
                _ => None,
            }
        });
        in_the_way.min_by_key(|obstacle| obstacle.passes)
    }

    /// The alerts, in the printer's order.
    #[must_use]
    pub fn all(&self) -> &[Alert] {
        &self.0
    }
}

/// Reads the document.
///
/// # Errors
/// Where it is not well-formed, too much, or has no `alerts`.
pub fn parse(document: &[u8]) -> Result<Alerts, json::Error> {
    let document = json::parse(document)?;
    let list = document.member("alerts").ok_or(json::Error::Content { what: "it has no list of alerts" })?;
    let alerts = list.entries().iter().filter_map(|alert| {
        let severity = alert.member("severity").and_then(Value::text).map(unknown);
        Some(Alert { category: unknown(alert.word("category")?), severity })
    });
    Ok(Alerts(alerts.take(MAX_ALERTS).collect()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::super::testing::{fixture, never_panics};
    use super::*;

    fn obstacle(alerts: &[(&str, &str)]) -> String {
        let alerts = alerts.iter().map(|(category, severity)| Alert {
            category: (*category).to_owned(),
            severity: Some((*severity).to_owned()).filter(|severity| !severity.is_empty()),
        });
        Alerts(alerts.collect()).obstacle().map_or_else(|| "prints".to_owned(), |obstacle| obstacle.to_string())
    }

    #[test]
    fn what_is_in_the_way_is_said_in_words() {
        assert_eq!(obstacle(&[]), "prints");
        assert_eq!(obstacle(&[("cartridgeLow", "warning")]), "prints");
        assert_eq!(obstacle(&[("cartridgeLow", "warning"), ("trayEmpty", "error")]), "it is out of paper");
        assert_eq!(obstacle(&[("trayEmpty", "warning")]), "prints", "another tray has paper");
        assert_eq!(obstacle(&[("jamInPrinter", "")]), "paper is jammed in it");
        assert_eq!(obstacle(&[("calibrationInProgress", "info")]), "prints");
        assert_eq!(obstacle(&[("engineInitializing", ""), ("doorOpen", "")]), "a door or cover is open");
        assert_eq!(obstacle(&[("\u{1b}[31m", "error")]), r"it reports '\u{1b}[31m'");
        assert_eq!(obstacle(&[("lampWarming", "")]), "prints");
    }

    #[test]
    fn a_list() {
        let alerts = parse(&fixture("alerts.json")).unwrap();
        assert_eq!(alerts.all().len(), 2);
        assert_eq!(alerts.obstacle().unwrap().category, Some(Category::TrayEmpty));
        assert!(parse(b"{}").is_err());
    }

    #[test]
    fn damaged_documents_end_in_a_value() {
        never_panics("alerts.json", |bytes| parse(bytes).map(drop));
    }
}
