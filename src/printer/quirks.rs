//! What is known of single models that does not follow from any specification, each with the place where it is written.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use crate::http::Manner;

/// All quirks of all models, as the files have them. A cheap clone.
#[derive(Clone, Debug, Default)]
pub struct Book(Arc<Vec<()>>);

/// The quirks of one printer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quirks {
    /// By the parameter's name in the file: its value as written, and where that is.
    pub written: BTreeMap<String, Quirk>,
    /// It is left alone.
    pub blacklisted: bool,
    /// The manufacturer that it is to be known by.
    pub manufacturer: Option<String>,
    /// The model that it is to be known by.
    pub model: Option<String>,
    /// It is not offered for scanning.
    pub no_scan: bool,
    /// It is not offered for faxing.
    pub no_fax: bool,
    /// How it is spoken to.
    pub manner: Manner,
}

/// One parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quirk {
    /// As written.
    pub value: String,
    /// Where.
    pub source: Source,
}

/// Where a quirk comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A line of a file; lines count from 1.
    File(PathBuf, usize),
    /// The agent found it out by itself, and remembers it.
    Learned,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file, line) => write!(f, "{}:{line}", file.display()),
            Self::Learned => f.write_str("learned"),
        }
    }
}

impl Book {
    /// The quirks of a printer; `model` is not known before its descriptors are read.
    #[must_use]
    pub fn of(&self, vendor_id: u16, product_id: u16, model: Option<&str>) -> Quirks {
        let _ = (&self.0, vendor_id, product_id, model);
        Quirks::default()
    }
}
