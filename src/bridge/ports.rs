//! Which printer has which port: remembered, so that what was set up with a printer's address goes on working.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use super::import;
use crate::printer::identity::PrinterId;
use crate::store::{self, Save};

/// The ports that printers get; ipp-usb's, so that what was set up for it goes on working.
pub const RANGE: RangeInclusive<u16> = 60000..=65535;
/// Where ipp-usb keeps its assignments.
pub const IPP_USB: &str = "/var/ipp-usb/dev";
/// Printers that are remembered.
const MOST: usize = 4096;
/// The longest name, in bytes: a DNS-SD instance name (RFC 6763, 4.1.1).
const NAME: usize = 63;

const HEADER: &str =
    "# plugprint: the port of each printer that was plugged in, and its name on the network, if it has one.\n";

/// A line.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    port: u16,
    name: String,
}

/// The assignments.
pub struct Ports {
    file: Option<PathBuf>,
    imports: Option<PathBuf>,
    range: RangeInclusive<u16>,
    known: BTreeMap<PrinterId, Entry>,
}

/// What ipp-usb would know a printer by.
pub(super) struct Asker<'a> {
    pub(super) vendor_id: u16,
    pub(super) product_id: u16,
    pub(super) serial_number: &'a str,
}

impl Ports {
    /// Nothing is remembered. A range of only 0: whatever port is free.
    #[must_use]
    pub fn unremembered(range: RangeInclusive<u16>) -> Self {
        Self { file: None, imports: None, range, known: BTreeMap::new() }
    }

    /// Remembered in this file. One that can't be understood is kept aside, and what can be is used.
    #[must_use]
    pub fn remembered(file: PathBuf, imports: Option<PathBuf>, range: RangeInclusive<u16>) -> Self {
        let (known, whole) = match store::read(&file) {
            Ok(text) => parse(&text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => (BTreeMap::new(), true),
            Err(error) => {
                tracing::warn!(file = %file.display(), %error, "the printers' ports can't be read");
                (BTreeMap::new(), false)
            }
        };
        if !whole {
            let aside = file.with_extension("unreadable");
            match fs::copy(&file, &aside) {
                Ok(_) => tracing::warn!(
                    file = %file.display(), aside = %aside.display(), understood = known.len(),
                    "not all of the printers' ports can be understood; the file is kept aside"
                ),
                Err(error) => tracing::warn!(%error, "the printers' ports can't be kept aside"),
            }
        }
        Self { file: Some(file), imports, range, known }
    }

    /// The ports to try for this printer, best first: the one that it had, here or with ipp-usb; those that no
    /// other printer has; at last any.
    pub(super) fn candidates(&mut self, printer: &PrinterId, asker: &Asker<'_>) -> Vec<u16> {
        if !self.known.contains_key(printer)
            && let Some(imported) = self.imports.as_deref().and_then(|folder| import::find(folder, asker))
            && self.range.contains(&imported.port)
            && !self.known.values().any(|entry| entry.port == imported.port)
            && self.known.len() < MOST
        {
            tracing::info!(%printer, port = imported.port, "the port that it had with ipp-usb");
            let name = fit(&imported.name);
            self.known.insert(printer.clone(), Entry { port: imported.port, name });
        }
        if *self.range.end() == 0 {
            return vec![0];
        }
        let own = self.known.get(printer).map(|entry| entry.port).filter(|port| self.range.contains(port));
        let reserved: Vec<u16> = self.known.values().map(|entry| entry.port).collect();
        let (taken, free): (Vec<u16>, Vec<u16>) = self.range.clone().partition(|port| reserved.contains(port));
        own.into_iter().chain(free).chain(taken.into_iter().filter(|port| Some(*port) != own)).collect()
    }

    /// Remembers a port for a printer that has none, or whose own has become another's. One that is only taken by
    /// another program for a while stays its own.
    pub(super) fn keep(&mut self, printer: &PrinterId, port: u16) -> Option<Save> {
        if !self.known.contains_key(printer) {
            if self.known.len() >= MOST {
                tracing::warn!(%printer, "too many printers to remember all their ports");
                return None;
            }
            self.known.insert(printer.clone(), Entry { port, name: String::new() });
        }
        Some(Save { file: self.file.clone()?, text: self.text() })
    }

    /// The name that this printer had, and those of all others.
    pub(super) fn names(&self, printer: &PrinterId) -> (Option<String>, BTreeSet<String>) {
        let named = |entry: &Entry| (!entry.name.is_empty()).then(|| entry.name.clone());
        let others = self.known.iter().filter(|(id, _)| *id != printer).filter_map(|(_, entry)| named(entry));
        (self.known.get(printer).and_then(named), others.collect())
    }

    /// Remembers the name of a printer that has none.
    pub(super) fn call(&mut self, printer: &PrinterId, name: &str) -> Option<Save> {
        let entry = self.known.get_mut(printer).filter(|entry| entry.name.is_empty())?;
        entry.name = fit(name);
        Some(Save { file: self.file.clone()?, text: self.text() })
    }

    fn text(&self) -> String {
        let mut text = HEADER.to_owned();
        for (id, Entry { port, name }) in &self.known {
            let _ = match name.as_str() {
                "" => writeln!(text, "{id} {port}"),
                name => writeln!(text, "{id} {port} {name}"),
            };
        }
        text
    }
}

/// A name as a line can hold it.
fn fit(name: &str) -> String {
    let mut name = name.trim().to_owned();
    name.retain(|c| !c.is_control());
    while name.len() > NAME {
        name.pop();
    }
    name
}

/// What could be understood, and whether that is all.
fn parse(text: &str) -> (BTreeMap<PrinterId, Entry>, bool) {
    let mut known = BTreeMap::<PrinterId, Entry>::new();
    let mut whole = true;
    for line in text.lines() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        match entry(line) {
            Some((id, entry))
                if known.len() < MOST
                    && !known.contains_key(&id)
                    && known.values().all(|other| other.port != entry.port) =>
            {
                known.insert(id, entry);
            }
            _ => whole = false,
        }
    }
    (known, whole)
}

fn entry(line: &str) -> Option<(PrinterId, Entry)> {
    let mut words = line.splitn(3, ' ');
    let id = PrinterId::from_text(words.next()?)?;
    let port = words.next()?.parse().ok().filter(|port| *port != 0)?;
    let name = words.next().unwrap_or_default();
    (fit(name) == name).then(|| (id, Entry { port, name: name.to_owned() }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use proptest::prelude::*;

    use super::*;

    fn id(text: &str) -> PrinterId {
        PrinterId::from_text(text).unwrap()
    }

    fn asker(serial_number: &str) -> Asker<'_> {
        Asker { vendor_id: 0x03f0, product_id: 0x1234, serial_number }
    }

    #[test]
    fn a_printer_keeps_its_port() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ports");
        let mut ports = Ports::remembered(file.clone(), None, 60000..=60005);
        assert_eq!(ports.candidates(&id("a"), &asker("A"))[0], 60000);
        ports.keep(&id("a"), 60000).unwrap().write().unwrap();
        assert_eq!(ports.candidates(&id("b"), &asker("B"))[0], 60001);
        ports.keep(&id("b"), 60002).unwrap().write().unwrap();

        let mut ports = Ports::remembered(file, None, 60000..=60005);
        assert_eq!(ports.candidates(&id("b"), &asker("B")), [60002, 60001, 60003, 60004, 60005, 60000]);
        // Taken by another program for once: the line stays.
        let save = ports.keep(&id("b"), 60003).unwrap();
        assert_eq!(save.text, format!("{HEADER}a 60000\nb 60002\n"));
    }

    #[test]
    fn what_was_set_up_with_ipp_usb_goes_on_working() {
        let folder = tempfile::tempdir().unwrap();
        let state = "[device]\nhttp-port = 60007\ndns-sd-name = \"My Printer (USB)\"\n";
        fs::write(folder.path().join("03f0-1234-CN78-ENVY.state"), state).unwrap();
        let file = folder.path().join("ports");
        let mut ports = Ports::remembered(file, Some(folder.path().into()), 60000..=60010);
        assert_eq!(ports.candidates(&id("a"), &asker("OTHER"))[0], 60000);
        assert_eq!(ports.candidates(&id("b"), &asker("CN78"))[0], 60007);
        let save = ports.keep(&id("b"), 60007).unwrap();
        assert_eq!(save.text, format!("{HEADER}b 60007 My Printer (USB)\n"));
    }

    #[test]
    fn a_file_that_is_not_understood_is_kept_aside() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ports");
        let broken = "a 60003\nwhat is this\nb 60003\nc 99999\nD 60004\n\u{fffd}\n";
        fs::write(&file, broken).unwrap();
        let mut ports = Ports::remembered(file.clone(), None, 60000..=60005);
        assert_eq!(ports.candidates(&id("a"), &asker("A"))[0], 60003);
        assert_eq!(fs::read_to_string(folder.path().join("ports.unreadable")).unwrap(), broken);
        assert_eq!(fs::read_to_string(&file).unwrap(), broken);
    }

    proptest! {
        #[test]
        fn any_file_is_read(text in "[a-c ]{0,4} ?[0-9]{0,6}( [^\n]{0,70})?(\n.{0,20}){0,3}") {
            let (known, _) = parse(&text);
            let ports = Ports { file: None, imports: None, range: RANGE, known };
            prop_assert_eq!(parse(&ports.text()), (ports.known, true));
        }
    }
}
