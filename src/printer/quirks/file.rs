//! One file of quirks.

use std::path::Path;
use std::sync::Arc;

use super::pattern::Pattern;
use super::value::{self, Value};
use crate::config::Complaint;
use crate::config::ini::{self, Kind};

/// Complaints about one file; who has made so many mistakes will not read more.
const MOST_COMPLAINTS: usize = 64;

/// A section of a file.
#[derive(Clone, Debug)]
pub(super) struct Section {
    pub(super) pattern: Pattern,
    pub(super) entries: Vec<Entry>,
}

/// A line of a section.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) value: Value,
    pub(super) written: String,
    pub(super) file: Arc<Path>,
    pub(super) line: u32,
}

/// Adds a file's sections to those that were read before.
pub(super) fn parse(file: &Arc<Path>, bytes: &[u8], sections: &mut Vec<Section>, complaints: &mut Vec<Complaint>) {
    let already = complaints.len();
    let mut complain = |line, what: String| {
        if complaints.len() - already < MOST_COMPLAINTS {
            complaints.push(Complaint { file: Arc::clone(file), line, what });
        }
    };
    let mut here: Option<Section> = None;
    // What follows a head that could not be read is of nobody.
    let mut lost = false;
    for ini::Item { line, kind } in ini::parse(bytes) {
        let head = match kind {
            Kind::Section(name) => Pattern::parse(&name),
            Kind::BadSection(why) => Err(why),
            Kind::Entry { key, value } => {
                match &mut here {
                    Some(section) => match entry(file, line, &key, &value, section) {
                        Ok(entry) => section.entries.push(entry),
                        Err(what) => complain(line, what),
                    },
                    None if lost => {}
                    None => complain(line, "this is in no section; it is ignored".to_owned()),
                }
                continue;
            }
            Kind::Bad(why) => {
                complain(line, format!("{why}; the line is ignored"));
                continue;
            }
        };
        sections.extend(here.take());
        lost = head.is_err();
        match head {
            Ok(pattern) => here = Some(Section { pattern, entries: Vec::new() }),
            Err(why) => complain(line, format!("{why}; the section is left out")),
        }
    }
    sections.extend(here);
}

fn entry(file: &Arc<Path>, line: u32, key: &str, text: &str, section: &Section) -> Result<Entry, String> {
    // Header fields know no case.
    let lower = key.to_ascii_lowercase();
    let name = if lower.starts_with("http-") { lower } else { key.to_owned() };
    if let Some(before) = section.entries.iter().find(|entry| entry.name == name) {
        return Err(format!("this was said in line {} already; that counts", before.line));
    }
    match value::parse(&name, text, section.pattern.by_number()) {
        Ok(Some(value)) => Ok(Entry { name, value, written: text.to_owned(), file: Arc::clone(file), line }),
        Ok(None) => {
            let name: String = name.chars().filter(|c| !c.is_control()).take(64).collect();
            Err(format!("this version knows no \"{name}\"; it is ignored"))
        }
        Err(wanted) => Err(format!("this must be {wanted}; it is ignored")),
    }
}
