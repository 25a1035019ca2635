//! What is known of single models that does not follow from any specification, each with the place where it is written.
//!
//! The files are ipp-usb's, read unchanged: sections for a model's name with `*`, `?` and `\`, or for `vvvv:pppp` and
//! `vvvv:*`; in them one parameter to a line. Of several sections that match, the most exact counts, for each parameter
//! by itself: the very device, then the name with the most characters that are no wildcards, then the vendor, then `*`;
//! of equally exact ones the first [C ipp-usb, quirks.go and ipp-usb(8)].

mod file;
mod pattern;
mod value;

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::config::Complaint;
use crate::http::Manner;
use crate::printer::text::clean;

use file::Section;
use pattern::Weight;
use value::Value;

/// Its folders are called so, in /etc and /usr/share: its own files are there.
const IPP_USB: &str = "ipp-usb";
/// Files of one folder that are read.
const MOST_FILES: usize = 256;

/// All quirks of all models, as the files have them. A cheap clone; all clones are the same book.
#[derive(Clone, Debug, Default)]
pub struct Book(Arc<Mutex<Arc<Vec<Section>>>>);

/// The quirks of one printer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quirks {
    /// By the parameter's name in the file: its value as written, and where that is.
    pub written: BTreeMap<String, Quirk>,
    /// It is left alone.
    pub blacklisted: bool,
    /// ipp-usb leaves it alone, by its own files.
    pub ignored_by_ipp_usb: bool,
    /// The manufacturer that it is to be known by.
    pub manufacturer: Option<String>,
    /// The model that it is to be known by.
    pub model: Option<String>,
    /// It is not offered for scanning.
    pub no_scan: bool,
    /// It is not offered for faxing.
    pub no_fax: bool,
    /// What an IPP answer says of itself does not count while it is found out what the printer is.
    pub ignore_ipp_status: bool,
    /// Its malformed IPP answers reach clients as they should have been.
    pub sanitize_ipp: bool,
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
            Self::Learned => f.write_str("found out: with several links it does not answer"),
        }
    }
}

impl Book {
    fn new(sections: Vec<Section>) -> Self {
        Self(Arc::new(Mutex::new(Arc::new(sections))))
    }

    fn sections(&self) -> Arc<Vec<Section>> {
        Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// From now on it says what the other says. Who has asked before keeps the answer.
    pub fn become_as(&self, other: &Self) {
        let sections = other.sections();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = sections;
    }

    /// Reads all files `*.conf` of these folders, in the order of the folders and of the names. A folder that is not
    /// there is empty. Gives what is right in them, and the complaints about the rest.
    #[must_use]
    pub fn read(folders: &[PathBuf]) -> (Self, Vec<Complaint>) {
        let (mut sections, mut complaints) = (Vec::new(), Vec::new());
        for folder in folders {
            let about =
                |file: &Path, error: &io::Error| Complaint { file: file.into(), line: 0, what: error.to_string() };
            let files = match files(folder) {
                Ok(files) => files,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => {
                    complaints.push(about(folder, &error));
                    continue;
                }
            };
            for file in files {
                match crate::store::bytes(&file) {
                    Ok(bytes) => file::parse(&file.into(), &bytes, &mut sections, &mut complaints),
                    Err(error) => complaints.push(about(&file, &error)),
                }
            }
        }
        (Self::new(sections), complaints)
    }

    /// The quirks in this text, as if it were this file's.
    #[must_use]
    pub fn parse(file: &Path, bytes: &[u8]) -> (Self, Vec<Complaint>) {
        let (mut sections, mut complaints) = (Vec::new(), Vec::new());
        file::parse(&file.into(), bytes, &mut sections, &mut complaints);
        (Self::new(sections), complaints)
    }

    /// The quirks of a printer. `name` is what [`full_name`] makes of its strings; it is not known before they are read,
    /// and then only sections for the very device and the vendor count.
    #[must_use]
    pub fn of(&self, vendor_id: u16, product_id: u16, name: Option<&str>) -> Quirks {
        let mut best = BTreeMap::<&str, (Weight, &file::Entry)>::new();
        let mut theirs: Option<(Weight, &file::Entry)> = None;
        let sections = self.sections();
        for section in sections.iter() {
            let Some(weight) = section.pattern.weigh(vendor_id, product_id, name) else { continue };
            for entry in &section.entries {
                let better = best.get(entry.name.as_str()).is_none_or(|(before, _)| weight > *before);
                if better {
                    best.insert(&entry.name, (weight, entry));
                }
                if matches!(entry.value, Value::Blacklist(_))
                    && entry.file.components().any(|part| part.as_os_str() == IPP_USB)
                    && theirs.is_none_or(|(before, _)| weight > before)
                {
                    theirs = Some((weight, entry));
                }
            }
        }
        let ignored_by_ipp_usb = theirs.is_some_and(|(_, entry)| entry.value == Value::Blacklist(true));
        let mut quirks = Quirks { ignored_by_ipp_usb, ..Quirks::default() };
        for (_, entry) in best.into_values() {
            quirks.apply(entry);
        }
        quirks
    }
}

impl Quirks {
    fn apply(&mut self, entry: &file::Entry) {
        match &entry.value {
            Value::Blacklist(yes) => self.blacklisted = *yes,
            Value::Manufacturer(name) => self.manufacturer.clone_from(name),
            Value::Model(name) => self.model.clone_from(name),
            Value::DisableScan(yes) => self.no_scan = *yes,
            Value::DisableFax(yes) => self.no_fax = *yes,
            Value::IgnoreIppStatus(yes) => self.ignore_ipp_status = *yes,
            Value::SanitizeIpp(yes) => self.sanitize_ipp = *yes,
            Value::Header(name, value) => self.manner.headers.push((name.clone(), value.clone())),
            Value::MostLinks(most) => self.manner.most_links = *most,
            Value::InitDelay(delay) => self.manner.init_delay = *delay,
            Value::InitTimeout(timeout) => self.manner.init_timeout = *timeout,
            Value::InitReset(reset) => self.manner.init_reset = *reset,
            Value::RequestDelay(delay) => self.manner.request_delay = *delay,
            Value::SendDelay(delay) => self.manner.send_delay = *delay,
            Value::SendDelayThreshold(bytes) => self.manner.send_delay_threshold = *bytes,
            Value::ZlpSend(yes) => self.manner.zlp_send = *yes,
            Value::ZlpRecvHack(yes) => self.manner.zlp_recv_hack = *yes,
            Value::Idle => {}
        }
        let source = Source::File(entry.file.to_path_buf(), entry.line as usize);
        self.written.insert(entry.name.clone(), Quirk { value: clean(&entry.written), source });
    }

    /// All of them as people read them: by name, the value and in brackets where it is written; where it is read but
    /// not needed here, why.
    #[must_use]
    pub fn in_words(&self) -> BTreeMap<String, String> {
        let words = |(name, quirk): (&String, &Quirk)| {
            let value = if quirk.value.is_empty() { "\"\"" } else { &quirk.value };
            let needless = value::not_needed(name, &quirk.value).map(|why| format!("; not needed here: {why}"));
            (name.clone(), format!("{value} ({}){}", quirk.source, needless.unwrap_or_default()))
        };
        self.written.iter().map(words).collect()
    }

    /// Where a parameter is written.
    #[must_use]
    pub fn source(&self, name: &str) -> Option<&Source> {
        self.written.get(name).map(|quirk| &quirk.source)
    }
}

/// What ipp-usb compares with a section's name: the product's string, with the manufacturer's before it where it does
/// not begin with that already [C ipp-usb, usbcommon.go].
#[must_use]
pub fn full_name(manufacturer: &str, product: &str) -> String {
    let (manufacturer, product) = (manufacturer.trim(), product.trim());
    if product.starts_with(manufacturer) { product.to_owned() } else { format!("{manufacturer} {product}") }
}

/// The files of a folder, by name.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)?.take(MOST_FILES * 4).filter_map(Result::ok).map(|entry| entry.path());
    let mut files: Vec<PathBuf> = entries.filter(|file| file.extension().is_some_and(|end| end == "conf")).collect();
    files.retain(|file| file.is_file());
    files.sort();
    files.truncate(MOST_FILES);
    Ok(files)
}

#[cfg(test)]
mod tests;
