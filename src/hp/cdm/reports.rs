//! `GET /cdm/report/v1/reports`: the pages that the printer composes itself \[C: Smart Tank 580-590\].
//!
//! The list mixes reports with maintenance (`cleaningPage`, `ribSmearCleaningPage`, …), which costs ink. So what may
//! be sent is not a text but a [`Page`], and there are no others than those.
//!
//! ```
//! use plugprint::hp::cdm::reports::{self, Page};
//!
//! let reports = reports::parse(br#"{"version": "1.0.0", "reports": [
//!     {"version": "1.0.0", "reportId": "cleaningPage", "category": "service", "printable": "true"},
//!     {"version": "1.0.0", "reportId": "wirelessNetworkPage", "category": "status", "printable": "true"}
//! ], "links": [{"href": "/cdm/report/v1/print", "rel": "print", "hints": [{"method": "get"}, {"method": "patch"}]}]}"#)
//! .unwrap();
//! assert_eq!(reports.pages().collect::<Vec<_>>(), [Page::WirelessNetworkPage]); // never the cleaning page
//! ```

use std::fmt;

use super::json::{self, Value};
use super::services::Link;

/// Where it is.
pub const PATH: &str = "/cdm/report/v1/reports";

/// The most entries that are looked at. The longest list seen has 19 \[C: Smart Tank 580-590\].
const MAX_REPORTS: usize = 256;

/// The pages that this program ever sends. Maintenance and what is not known are not among them, and can't be: there
/// is no other way to make one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Page {
    /// "Wireless Test Page" \[C: Smart Tank 580-590\].
    WirelessNetworkPage,
    /// "Network Configuration Report" \[C\].
    NetworkConfigurationReport,
    /// "Network Summary Page" \[C\].
    NetworkSummaryPage,
    /// "Printer Status Report" \[C\].
    ConfigurationReport,
}

impl Page {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::WirelessNetworkPage,
        Self::NetworkConfigurationReport,
        Self::NetworkSummaryPage,
        Self::ConfigurationReport,
    ];

    /// The printer's `reportId`.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::WirelessNetworkPage => "wirelessNetworkPage",
            Self::NetworkConfigurationReport => "networkConfigurationReport",
            Self::NetworkSummaryPage => "networkSummaryPage",
            Self::ConfigurationReport => "configurationReport",
        }
    }

    /// The one of this `reportId`; `None` for everything that is never sent.
    #[must_use]
    pub fn of(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|page| page.id() == id)
    }
}

impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// The version of an entry, which is given back when it is printed \[C\]: digits and points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version(String);

impl Version {
    /// Takes a version of the document; `None` for what is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let sound = (1..=16).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        sound.then(|| Self(text.to_owned()))
    }

    /// As the printer wrote it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What the printer can print by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reports {
    listed: Vec<(Page, Version)>,
    /// Where a page is asked for, as the document's own links say.
    pub print: Option<Link>,
}

impl Reports {
    /// The pages that may be printed now, in the printer's order.
    pub fn pages(&self) -> impl Iterator<Item = Page> {
        self.listed.iter().map(|(page, _)| *page)
    }

    /// The version to give back with this page; `None` where the printer does not list it.
    #[must_use]
    pub fn version(&self, page: Page) -> Option<&Version> {
        self.listed.iter().find(|(listed, _)| *listed == page).map(|(_, version)| version)
    }
}

/// Reads the list. What is not printable now, has no version, or is none of [`Page`] is left out.
///
/// # Errors
/// Where it is not well-formed, too much, or has no `reports`.
pub fn parse(document: &[u8]) -> Result<Reports, json::Error> {
    let document = json::parse(document)?;
    let list = document.member("reports").ok_or(json::Error::Content { what: "it has no list of reports" })?;
    let listed = list.entries().iter().take(MAX_REPORTS).filter_map(entry).collect();
    let print = Link::all(&document).find(|link| link.href.as_str() == super::print::PATH);
    Ok(Reports { listed, print })
}

fn entry(entry: &Value) -> Option<(Page, Version)> {
    let printable = entry.member("printable").and_then(Value::boolean) != Some(false);
    let page = Page::of(entry.word("reportId")?)?;
    // Maintenance under the name of a report is none [I].
    let service = entry.word("category") == Some("service");
    let version = Version::parse(entry.word("version")?)?;
    (printable && !service).then_some((page, version))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use proptest::prelude::*;

    use super::super::services::Method;
    use super::super::testing::{capture, never_panics};
    use super::*;

    #[test]
    fn a_real_list() {
        let Some(document) = capture("smart-tank-580-590-reports.json") else { return };
        let reports = parse(&document).unwrap();
        let pages: Vec<_> = reports.pages().map(Page::id).collect();
        assert_eq!(
            pages,
            ["configurationReport", "networkConfigurationReport", "networkSummaryPage", "wirelessNetworkPage"]
        );
        assert_eq!(reports.version(Page::WirelessNetworkPage).unwrap().as_str(), "1.0.0");
        assert!(reports.print.unwrap().methods.allow(Method::Patch));
    }

    #[test]
    fn what_can_not_be_printed_is_not_offered() {
        let entries = [
            r#"{"version":"1.0.0","reportId":"wirelessNetworkPage","printable":"false"}"#,
            r#"{"version":"1.0.0","reportId":"networkSummaryPage","printable":false}"#,
            r#"{"version":"\"","reportId":"networkConfigurationReport","printable":"true"}"#,
            r#"{"reportId":"configurationReport","printable":"true"}"#,
            r#"{"version":"1.0.0","reportId":"configurationReport","category":"service"}"#,
            r#"{"version":"1.0.0","reportId":"cleaningPage","category":"status"}"#,
            "7",
        ];
        let reports = parse(format!(r#"{{"reports":[{}]}}"#, entries.join(",")).as_bytes()).unwrap();
        assert_eq!(reports, Reports::default());
        assert_eq!(parse(br#"{"reports": {}}"#).unwrap(), Reports::default());
        assert!(parse(b"{}").is_err());
    }

    #[test]
    fn the_link_must_be_the_known_one() {
        let reports = parse(br#"{"reports":[],"links":[{"href":"/cdm/reset/v1/systemReset","rel":"print"}]}"#).unwrap();
        assert_eq!(reports.print, None);
    }

    proptest! {
        #[test]
        fn nothing_but_reports_has_an_id(id in "[a-zA-Z]{1,30}|cleaningPage(Level[1-3])?|alignmentPage|ribSmearCleaningPage") {
            let known = ["wirelessNetworkPage", "networkConfigurationReport", "networkSummaryPage", "configurationReport"];
            prop_assert_eq!(Page::of(&id).is_some(), known.contains(&id.as_str()));
        }
    }

    #[test]
    fn damaged_documents_end_in_a_value() {
        never_panics("reports.json", |bytes| parse(bytes).map(drop));
    }
}
