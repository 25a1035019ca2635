//! Pages that the printer composes itself: `GET /DevMgmt/InternalPrintCap.xml` lists them, a `POST` to
//! `/DevMgmt/InternalPrintDyn.xml` prints one \[C: Smart Tank 750; HPLIP\].
//!
//! The list mixes reports with maintenance (`cleaningPage`, `ribSmearCleaningPage`, …), which costs ink. So what may
//! be sent is not a text but a [`Printable`], and there are no others than those.
//!
//! ```
//! use plugprint::hp::ledm::internal_print::{self, Printable, Root};
//!
//! let listed = internal_print::parse(br#"<a:InternalPrintCap
//!         xmlns:a="http://www.hp.com/schemas/imaging/con/ledm/internalprintcap/2008/03/21"
//!         xmlns:b="http://www.hp.com/schemas/imaging/con/ledm/internalprintdyn/2008/03/21">
//!     <a:JobUrl access="readOnly">/DevMgmt/InternalPrintDyn.xml</a:JobUrl>
//!     <a:JobTypesSupport>
//!         <b:JobType>cleaningPage</b:JobType>
//!         <b:JobType>wirelessNetworkPage</b:JobType>
//!     </a:JobTypesSupport>
//! </a:InternalPrintCap>"#).unwrap();
//!
//! assert!(listed.offers(Printable::WirelessNetworkPage));
//! let printable: Vec<_> = listed.job_types.iter().filter_map(Printable::of).collect();
//! assert_eq!(printable, [Printable::WirelessNetworkPage]); // never the cleaning page
//! assert!(internal_print::compose(printable[0], Root::Dyn).contains("<ipdyn:JobType>wirelessNetworkPage<"));
//! ```

use std::fmt;

use super::resource::ResourceUri;
use super::xml;
use super::{IPCAP, IPDYN};

/// Where the list is. Ask for it even where the discovery tree does not name it \[C: Smart Tank 750\].
pub const PATH: &str = "/DevMgmt/InternalPrintCap.xml";
/// Where a job is sent, unless the list says otherwise \[C\]. It answers nothing to a GET \[C\].
pub const JOB_PATH: &str = "/DevMgmt/InternalPrintDyn.xml";

/// The most job types that are kept. The longest list seen has 19 \[C: Smart Tank 750\].
const MAX_JOB_TYPES: usize = 256;

/// A job type as the printer names it: 1 to 64 ASCII letters and digits. It is a name and no permission:
/// only a [`Printable`] can be sent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobType(String);

impl JobType {
    /// Takes a token of the document; `None` for what can't be one.
    #[must_use]
    pub fn parse(token: &str) -> Option<Self> {
        let sound = (1..=64).contains(&token.len()) && token.bytes().all(|b| b.is_ascii_alphanumeric());
        sound.then(|| Self(token.to_owned()))
    }

    /// The token.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for JobType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The job types that this program ever sends. Maintenance and what is not known are not among them, and can't be:
/// there is no other way to make one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Printable {
    /// The wireless network test report \[C: its label in HP's own program\].
    WirelessNetworkPage,
    /// The network configuration page: addresses and settings \[C\].
    NetworkSummary,
    /// A network test, which HP's own program labels "Network Configuration" \[C\].
    NetworkDiagnosticPage,
    /// The printer status or configuration report; every model seen has it \[C\].
    ConfigurationPage,
}

impl Printable {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::WirelessNetworkPage, Self::NetworkSummary, Self::NetworkDiagnosticPage, Self::ConfigurationPage];

    /// The printer's token.
    #[must_use]
    pub fn token(self) -> &'static str {
        match self {
            Self::WirelessNetworkPage => "wirelessNetworkPage",
            Self::NetworkSummary => "networkSummary",
            Self::NetworkDiagnosticPage => "networkDiagnosticPage",
            Self::ConfigurationPage => "configurationPage",
        }
    }

    /// The one that this job type is; `None` for everything that is never sent.
    #[must_use]
    pub fn of(job_type: &JobType) -> Option<Self> {
        Self::ALL.into_iter().find(|printable| printable.token() == job_type.as_str())
    }
}

impl fmt::Display for Printable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.token())
    }
}

/// What the printer can print by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Where a job is sent. Always under `/DevMgmt/`.
    pub job_url: ResourceUri,
    /// The job types it lists, in its order.
    pub job_types: Vec<JobType>,
}

impl Capabilities {
    /// Whether the printer lists this page.
    #[must_use]
    pub fn offers(&self, page: Printable) -> bool {
        self.job_types.iter().any(|job_type| job_type.as_str() == page.token())
    }
}

/// Where a job goes when there is no list.
#[must_use]
pub fn default_job_url() -> ResourceUri {
    ResourceUri::fixed(JOB_PATH)
}

/// Reads the list. Tokens that can't be job types are left out.
///
/// # Errors
/// Where it is not well-formed, too much, or another document; where its `JobUrl` leads out of `/DevMgmt/`.
pub fn parse(document: &[u8]) -> Result<Capabilities, xml::Error> {
    let root = xml::parse_as(document, IPCAP, "InternalPrintCap")?;
    let job_url = match root.value(IPCAP, "JobUrl") {
        None => default_job_url(),
        Some(path) => ResourceUri::parse(path)
            .filter(|uri| uri.is_under(ResourceUri::DEV_MGMT))
            .ok_or(xml::Error::Content { what: "its JobUrl is no path under /DevMgmt/" })?,
    };
    let job_types = root
        .all(IPCAP, "JobTypesSupport")
        .flat_map(|list| list.all(IPDYN, "JobType"))
        .filter_map(|job_type| JobType::parse(job_type.text()))
        .take(MAX_JOB_TYPES)
        .collect();
    Ok(Capabilities { job_url, job_types })
}

/// The outermost element of a job. Both are accepted in the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Root {
    /// `ipdyn:InternalPrintDyn`, the first choice \[C\].
    Dyn,
    /// `ipcap:InternalPrintCap`, as HPLIP sends it \[C\].
    Cap,
}

/// Writes a job.
#[must_use]
pub fn compose(page: Printable, root: Root) -> String {
    let name = match root {
        Root::Dyn => "ipdyn:InternalPrintDyn",
        Root::Cap => "ipcap:InternalPrintCap",
    };
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{name} \
         xmlns:ipcap=\"http://www.hp.com/schemas/imaging/con/ledm/internalprintcap/2008/03/21\" \
         xmlns:ipdyn=\"http://www.hp.com/schemas/imaging/con/ledm/internalprintdyn/2008/03/21\">\
         <ipdyn:JobType>{page}</ipdyn:JobType></{name}>\n"
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::super::testing::{capture, fixture, never_panics};
    use super::*;

    #[test]
    fn the_smart_tank_750_lists_nineteen() {
        let Some(document) = capture("smart-tank-750-internal-print-cap.xml") else { return };
        let listed = parse(&document).unwrap();
        assert_eq!(listed.job_url.as_str(), JOB_PATH);
        assert_eq!(listed.job_types.len(), 19);
        assert_eq!(listed.job_types[0].as_str(), "cleaningPage");
        for page in Printable::ALL {
            assert!(listed.offers(page), "{page}");
        }
    }

    #[test]
    fn maintenance_is_never_printable() {
        let listed = parse(&fixture("internal-print-cap.xml")).unwrap();
        let maintenance: Vec<_> = listed
            .job_types
            .iter()
            .map(JobType::as_str)
            .filter(|token| ["lean", "alib", "lign", "mear", "fax"].iter().any(|part| token.contains(part)))
            .collect();
        assert_eq!(maintenance.len(), 7, "{maintenance:?}");
        for token in maintenance.into_iter().chain(["servicePage", "somethingNew", "WirelessNetworkPage"]) {
            assert_eq!(Printable::of(&JobType::parse(token).unwrap()), None, "{token}");
        }
    }

    #[test]
    fn a_job_reads_as_what_was_meant() {
        for page in Printable::ALL {
            let job = compose(page, Root::Dyn);
            let root = xml::parse_as(job.as_bytes(), IPDYN, "InternalPrintDyn").unwrap();
            assert_eq!(root.value(IPDYN, "JobType"), Some(page.token()));
            let job = compose(page, Root::Cap);
            let root = xml::parse_as(job.as_bytes(), IPCAP, "InternalPrintCap").unwrap();
            assert_eq!(root.value(IPDYN, "JobType"), Some(page.token()));
            assert_eq!(root.children().count(), 1);
        }
    }

    #[test]
    fn a_job_url_that_leads_elsewhere_is_refused() {
        let listed = String::from_utf8(fixture("internal-print-cap.xml")).unwrap();
        for elsewhere in [
            "/FirmwareUpdate/WebFWUpdate",
            "http://example.net/DevMgmt/x",
            "/DevMgmt/../OOBE/Config",
            "DevMgmt",
            "/DevMgmt",
        ] {
            let document = listed.replace(JOB_PATH, elsewhere);
            assert!(matches!(parse(document.as_bytes()), Err(xml::Error::Content { .. })), "{elsewhere}");
        }
        let without = listed.replace(JOB_PATH, "");
        assert_eq!(parse(without.as_bytes()).unwrap().job_url.as_str(), JOB_PATH);
    }

    #[test]
    fn what_is_no_token_is_left_out() {
        for token in ["", "a b", "a<b", "../x", &"x".repeat(65), "größe"] {
            assert_eq!(JobType::parse(token), None, "{token}");
        }
    }

    #[test]
    fn damaged_documents_end_in_a_value() {
        never_panics("internal-print-cap.xml", |bytes| parse(bytes).map(drop));
    }
}
