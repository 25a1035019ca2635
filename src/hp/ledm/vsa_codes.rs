//! `GET <adapter>/VsaCodes.xml`: what the printer itself makes of its wireless troubles \[C: HPLIP, a real log\]. The
//! meaning of the rule numbers is \[C: HPLIP's own texts\].
//!
//! The document says nothing of when a rule was found broken: it may speak of an earlier attempt. It explains a
//! failure that is known otherwise, and never is one itself.
//!
//! ```
//! use plugprint::hp::ledm::vsa_codes::{self, Finding};
//!
//! let codes = vsa_codes::parse(br#"<io:VsaCodes
//!         xmlns:io="http://www.hp.com/schemas/imaging/con/ledm/iomgmt/2008/11/30"
//!         xmlns:wifi="http://www.hp.com/schemas/imaging/con/wifi/2009/06/26"
//!         xmlns:dd="http://www.hp.com/schemas/imaging/con/dictionaries/1.0/">
//!     <wifi:VsaCode><dd:Severity>critical</dd:Severity><wifi:RuleNumber>603</wifi:RuleNumber></wifi:VsaCode>
//! </io:VsaCodes>"#).unwrap();
//! assert_eq!(vsa_codes::explanation(&codes), Some(Finding::WrongPassphrase));
//! ```

use super::xml;
use super::{DD, IO, WIFI};
use crate::blame::Party;

/// The resource, below an adapter's own.
pub const BELOW_ADAPTER: &str = "/VsaCodes.xml";

/// The most codes that are kept.
const MAX_CODES: usize = 64;

/// How bad it is, `dd:Severity`: known by how the word begins \[C: HPLIP\].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Another word, or none.
    Unknown,
    /// `info…`
    Info,
    /// `warn…`
    Warning,
    /// `crit…`
    Critical,
}

impl Severity {
    /// Reads the printer's word.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        match word.get(..4).map(str::to_ascii_lowercase).as_deref() {
            Some("info") => Self::Info,
            Some("warn") => Self::Warning,
            Some("crit") => Self::Critical,
            _ => Self::Unknown,
        }
    }
}

/// One rule that the printer found broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VsaCode {
    /// How bad it is.
    pub severity: Severity,
    /// `wifi:RuleNumber`.
    pub rule: u16,
}

impl VsaCode {
    /// What the rule says.
    #[must_use]
    pub fn finding(self) -> Finding {
        Finding::of(self.rule)
    }
}

/// What a rule number says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    /// 0, and 1 where a matching network was found all the same.
    #[error("a network cable is plugged into the printer, and keeps its Wi-Fi off")]
    EthernetCable,
    /// 2
    #[error("the printer's Wi-Fi is switched off")]
    AdapterOff,
    /// 3
    #[error("the network hides its name")]
    HiddenNetwork,
    /// 4
    #[error("the printer's Wi-Fi adapter is faulty")]
    AdapterFault,
    /// 100
    #[error("the router may let known devices in only (a filter of MAC or IP addresses)")]
    AddressFilter,
    /// 101
    #[error("the router's settings contradict each other")]
    RouterInconsistent,
    /// 200
    #[error("the network still has the name that its router came with, as others may have")]
    DefaultName,
    /// 201
    #[error("the printer does not find the network")]
    NetworkNotFound,
    /// 202
    #[error("the printer found nobody in the network, which is one without an access point")]
    NobodyThere,
    /// 203
    #[error("there is a network whose name differs in capital and small letters only")]
    NameDiffers,
    /// 204
    #[error("the printer has no network name set")]
    NoName,
    /// 300 to 303
    #[error("the network is of a kind that does not work well with this printer")]
    Incompatible,
    /// 400
    #[error("the signal is weak (less than -85 dBm)")]
    WeakSignal,
    /// 401
    #[error("the signal is weak, and the printer is not connected")]
    WeakAndUnconnected,
    /// 500, 501
    #[error("several access points have this name")]
    SeveralAccessPoints,
    /// 600 to 602
    #[error("the WEP key is wrong, or no data come through with it")]
    WepKey,
    /// 603
    #[error("the passphrase is wrong")]
    WrongPassphrase,
    /// 604 to 606
    #[error("the printer is set to another encryption or authentication than usual")]
    UnusualSecurity,
    /// Any other.
    #[error("the printer gives its wireless trouble the number {0}")]
    Unknown(u16),
}

impl Finding {
    /// What this rule says.
    #[must_use]
    pub fn of(rule: u16) -> Self {
        match rule {
            0 | 1 => Self::EthernetCable,
            2 => Self::AdapterOff,
            3 => Self::HiddenNetwork,
            4 => Self::AdapterFault,
            100 => Self::AddressFilter,
            101 => Self::RouterInconsistent,
            200 => Self::DefaultName,
            201 => Self::NetworkNotFound,
            202 => Self::NobodyThere,
            203 => Self::NameDiffers,
            204 => Self::NoName,
            300..=303 => Self::Incompatible,
            400 => Self::WeakSignal,
            401 => Self::WeakAndUnconnected,
            500 | 501 => Self::SeveralAccessPoints,
            600..=602 => Self::WepKey,
            603 => Self::WrongPassphrase,
            604..=606 => Self::UnusualSecurity,
            other => Self::Unknown(other),
        }
    }

    /// Whose it is.
    #[must_use]
    pub fn whose(self) -> Party {
        match self {
            Self::AdapterOff | Self::AdapterFault | Self::UnusualSecurity | Self::Unknown(_) => Party::Printer,
            Self::EthernetCable | Self::WepKey | Self::WrongPassphrase | Self::NoName | Self::NameDiffers => {
                Party::Caller
            }
            Self::HiddenNetwork
            | Self::AddressFilter
            | Self::RouterInconsistent
            | Self::DefaultName
            | Self::NetworkNotFound
            | Self::NobodyThere
            | Self::Incompatible
            | Self::WeakSignal
            | Self::WeakAndUnconnected
            | Self::SeveralAccessPoints => Party::Network,
        }
    }

    /// How well it explains that a printer did not get onto a network, 0 for not at all. A wrong passphrase is more
    /// telling than a weak signal, whichever the printer calls worse \[I\].
    fn weight(self) -> u8 {
        match self {
            Self::WrongPassphrase | Self::WepKey => 9,
            Self::EthernetCable | Self::AdapterOff | Self::AdapterFault => 8,
            Self::NetworkNotFound | Self::NameDiffers | Self::NoName => 7,
            Self::WeakAndUnconnected => 6,
            Self::AddressFilter | Self::RouterInconsistent | Self::UnusualSecurity => 5,
            Self::WeakSignal => 4,
            Self::Incompatible | Self::NobodyThere => 3,
            Self::HiddenNetwork => 2,
            Self::Unknown(_) => 1,
            Self::DefaultName | Self::SeveralAccessPoints => 0,
        }
    }
}

/// What best explains that the printer did not get onto a network; `None` where nothing does. What is said as mere
/// information explains nothing.
#[must_use]
pub fn explanation(codes: &[VsaCode]) -> Option<Finding> {
    codes
        .iter()
        .filter(|code| code.severity != Severity::Info && code.finding().weight() > 0)
        .max_by_key(|code| (code.finding().weight(), code.severity))
        .map(|code| code.finding())
}

/// Reads the document. A code without a number is left out.
///
/// # Errors
/// Where it is not well-formed, too much, or another document.
pub fn parse(document: &[u8]) -> Result<Vec<VsaCode>, xml::Error> {
    let root = xml::parse_as(document, IO, "VsaCodes")?;
    Ok(root
        .all(WIFI, "VsaCode")
        .filter_map(|code| {
            let severity = Severity::from_word(code.value(DD, "Severity").unwrap_or_default());
            Some(VsaCode { severity, rule: code.value(WIFI, "RuleNumber")?.parse().ok()? })
        })
        .take(MAX_CODES)
        .collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use proptest::prelude::*;

    use super::super::testing::{fixture, never_panics};
    use super::*;

    #[test]
    fn a_wrong_passphrase_among_others() {
        let codes = parse(&fixture("vsa-codes.xml")).unwrap();
        let told: Vec<_> = codes.iter().map(|code| (code.severity, code.rule)).collect();
        assert_eq!(told, [(Severity::Info, 500), (Severity::Warning, 400), (Severity::Critical, 603)]);
        assert_eq!(explanation(&codes), Some(Finding::WrongPassphrase));
        assert_eq!(explanation(&codes[..2]), Some(Finding::WeakSignal));
        assert_eq!(explanation(&codes[..1]), None);
        assert_eq!(explanation(&[]), None);
    }

    #[test]
    fn the_rules() {
        for (rule, finding) in [
            (0, Finding::EthernetCable),
            (1, Finding::EthernetCable),
            (2, Finding::AdapterOff),
            (201, Finding::NetworkNotFound),
            (303, Finding::Incompatible),
            (401, Finding::WeakAndUnconnected),
            (603, Finding::WrongPassphrase),
            (606, Finding::UnusualSecurity),
            (607, Finding::Unknown(607)),
        ] {
            assert_eq!(Finding::of(rule), finding, "{rule}");
        }
    }

    #[test]
    fn severities() {
        for (word, severity) in [
            ("info", Severity::Info),
            ("Informational", Severity::Info),
            ("warning", Severity::Warning),
            ("CRITICAL", Severity::Critical),
            ("", Severity::Unknown),
            ("crì", Severity::Unknown),
        ] {
            assert_eq!(Severity::from_word(word), severity, "{word}");
        }
    }

    proptest! {
        #[test]
        fn any_number_and_any_word_mean_something(rule in any::<u16>(), word in "\\PC{0,8}") {
            let code = VsaCode { severity: Severity::from_word(&word), rule };
            prop_assert!(!code.finding().to_string().is_empty());
            prop_assert_eq!(explanation(&[code]).is_none(), code.severity == Severity::Info
                || matches!(code.finding(), Finding::DefaultName | Finding::SeveralAccessPoints));
        }
    }

    #[test]
    fn damaged_documents_end_in_a_value() {
        never_panics("vsa-codes.xml", |bytes| parse(bytes).map(drop));
    }
}
