//! `PUT <adapter>`: switches a radio on or off \[C: HPLIP, DeskJet 3750\].
//!
//! There are two forms of the same document, and a model takes one of them.

use std::fmt::Write as _;

use super::adapters::Power;

/// The form of the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// `io:Adapters` around the adapter, as inkjets take it.
    Inkjet,
    /// The adapter alone, as LaserJets take it.
    LaserJet,
}

/// Writes the document.
pub(super) fn compose(on: bool, form: Form) -> String {
    let power = if on { Power::On } else { Power::Off };
    let (open, close) = match form {
        Form::Inkjet => ("io:Adapters", "</io:Adapter></io:Adapters>"),
        Form::LaserJet => ("io:Adapter", "</io:Adapter>"),
    };
    let inner = if form == Form::Inkjet { "<io:Adapter>" } else { "" };
    let mut document = String::from(super::PROLOGUE);
    let _ = write!(
        document,
        "<{open} xmlns:io=\"{}\" xmlns:dd=\"{}\">{inner}\
         <io:HardwareConfig><dd:Power>{}</dd:Power></io:HardwareConfig>{close}",
        super::IO_WRITTEN,
        super::DD_WRITTEN,
        power.as_word(),
    );
    document
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::super::{DD, IO, xml};
    use super::*;

    #[test]
    fn both_forms() {
        let inkjet = xml::parse_as(compose(true, Form::Inkjet).as_bytes(), IO, "Adapters").unwrap();
        let hardware = inkjet.child(IO, "Adapter").unwrap().child(IO, "HardwareConfig").unwrap();
        assert_eq!(hardware.value(DD, "Power"), Some("on"));
        let laserjet = xml::parse_as(compose(false, Form::LaserJet).as_bytes(), IO, "Adapter").unwrap();
        assert_eq!(laserjet.child(IO, "HardwareConfig").unwrap().value(DD, "Power"), Some("off"));
    }
}
