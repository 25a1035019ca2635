//! Which page of the printer's own makes up a report.
//!
//! A printer that lists its internal pages is asked for nothing that it does not list. One that has no such list is
//! asked for the usual ones only where the user wants to try: that is inferred, and so it is `assumed`.
//!
//! ```
//! use plugprint::hp::ledm::internal_print::{JobType, Printable};
//! use plugprint::printer::capability::{Evidence, ReportKind};
//! use plugprint::printer::reports;
//!
//! let listed = ["cleaningPage", "networkDiagnosticPage", "configurationPage"].map(|t| JobType::parse(t).unwrap());
//! let network = reports::candidates(ReportKind::Network, Some(&listed));
//! assert_eq!(network[0].page, Printable::NetworkDiagnosticPage); // this printer has no networkSummary
//! assert_eq!(network[0].evidence, Evidence::Listed);
//! assert!(reports::candidates(ReportKind::Wireless, Some(&listed)).is_empty());
//! ```

use crate::hp::ledm::internal_print::{JobType, Printable};
use crate::printer::capability::{Evidence, ReportKind};

/// One page that can stand for a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The page.
    pub page: Printable,
    /// How we know that this printer has it.
    pub evidence: Evidence,
}

/// The pages that can stand for a report, best first. The next one is for when the printer answers that it does
/// not have the one before (404, 405), and never for a job that may have been taken.
///
/// `listed` is what the printer lists, or `None` where it has no list. Empty: this printer can't.
#[must_use]
pub fn candidates(kind: ReportKind, listed: Option<&[JobType]>) -> Vec<Candidate> {
    match listed {
        Some(listed) => usual(kind)
            .iter()
            .filter(|page| listed.iter().any(|job_type| job_type.as_str() == page.token()))
            .map(|page| Candidate { page: *page, evidence: Evidence::Listed })
            .collect(),
        None => without_list(kind).iter().map(|page| Candidate { page: *page, evidence: Evidence::Assumed }).collect(),
    }
}

/// The reports that this printer has, with the evidence for each.
#[must_use]
pub fn available(listed: Option<&[JobType]>) -> Vec<(ReportKind, Evidence)> {
    ReportKind::ALL
        .into_iter()
        .filter_map(|kind| candidates(kind, listed).first().map(|candidate| (kind, candidate.evidence)))
        .collect()
}

/// The pages of a report where the printer lists them: the tokens are \[C\], their order \[I\]. A `networkSummary` is
/// the network configuration page; HP's own program shows `networkDiagnosticPage` under that name \[C\]; and a
/// `configurationPage`, which every model has, tells the address \[C\].
fn usual(kind: ReportKind) -> &'static [Printable] {
    match kind {
        ReportKind::Wireless => &[Printable::WirelessNetworkPage],
        ReportKind::Network => {
            &[Printable::NetworkSummary, Printable::NetworkDiagnosticPage, Printable::ConfigurationPage]
        }
        ReportKind::Status => &[Printable::ConfigurationPage],
    }
}

/// The pages to try where the printer has no list \[I\].
fn without_list(kind: ReportKind) -> &'static [Printable] {
    match kind {
        ReportKind::Wireless => &[Printable::WirelessNetworkPage],
        ReportKind::Network => &[Printable::NetworkSummary, Printable::ConfigurationPage],
        ReportKind::Status => &[Printable::ConfigurationPage],
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use proptest::prelude::*;

    use super::*;

    fn listed(tokens: &[&str]) -> Vec<JobType> {
        tokens.iter().map(|token| JobType::parse(token).unwrap()).collect()
    }

    fn pages(kind: ReportKind, tokens: &[&str]) -> Vec<&'static str> {
        candidates(kind, Some(&listed(tokens))).iter().map(|candidate| candidate.page.token()).collect()
    }

    #[test]
    fn a_printer_that_lists_all_of_them() {
        let all = ["configurationPage", "networkDiagnosticPage", "networkSummary", "wirelessNetworkPage"];
        assert_eq!(pages(ReportKind::Wireless, &all), ["wirelessNetworkPage"]);
        let network = ["networkSummary", "networkDiagnosticPage", "configurationPage"];
        assert_eq!(pages(ReportKind::Network, &all), network);
        assert_eq!(pages(ReportKind::Status, &all), ["configurationPage"]);
    }

    #[test]
    fn the_network_report_falls_back() {
        assert_eq!(
            pages(ReportKind::Network, &["configurationPage", "networkDiagnosticPage"]),
            ["networkDiagnosticPage", "configurationPage"]
        );
        assert_eq!(pages(ReportKind::Network, &["configurationPage"]), ["configurationPage"]);
    }

    #[test]
    fn a_printer_with_maintenance_only_has_no_report() {
        assert!(available(Some(&listed(&["cleaningPage", "alignmentPage"]))).is_empty());
    }

    #[test]
    fn without_a_list_everything_is_assumed() {
        assert_eq!(available(None), ReportKind::ALL.map(|kind| (kind, Evidence::Assumed)));
    }

    proptest! {
        #[test]
        fn only_what_is_listed_is_offered(tokens in prop::collection::vec("[a-zA-Z]{1,24}|networkSummary|configurationPage", 0..8)) {
            let listed: Vec<_> = tokens.iter().filter_map(|token| JobType::parse(token)).collect();
            for kind in ReportKind::ALL {
                for candidate in candidates(kind, Some(&listed)) {
                    prop_assert!(tokens.iter().any(|token| token == candidate.page.token()));
                }
            }
        }
    }
}
