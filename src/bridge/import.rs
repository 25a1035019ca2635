//! What ipp-usb has assigned: `/var/ipp-usb/dev/IDENT.state`, an INI file with `http-port` and `dns-sd-name` in
//! `[device]`. IDENT is made of the vendor id, in newer versions the product id, the serial number and the product's
//! name, joined by `-`; every character but ASCII letters, digits, `-` and `_` is written as `-` [C ipp-usb].

use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

use super::ports::Asker;

/// Files that are looked at.
const MOST_FILES: usize = 1024;
/// The largest file, in bytes.
const LIMIT: u64 = 16 << 10;

/// What one file says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Imported {
    pub(super) port: u16,
    pub(super) name: String,
}

/// The printer's file, where ipp-usb has driven it. One without a serial number can't be told from its twin.
pub(super) fn find(folder: &Path, asker: &Asker<'_>) -> Option<Imported> {
    if asker.serial_number.is_empty() {
        return None;
    }
    let serial: String = asker.serial_number.chars().map(escape).collect();
    let with_product = format!("{:04x}-{:04x}-{serial}-", asker.vendor_id, asker.product_id);
    let without = format!("{:04x}-{serial}-", asker.vendor_id);
    let mut names: Vec<_> = fs::read_dir(folder)
        .ok()?
        .take(MOST_FILES)
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".state") && (name.starts_with(&with_product) || name.starts_with(&without)))
        .collect();
    names.sort();
    names.iter().find_map(|name| {
        let mut text = Vec::new();
        File::open(folder.join(name)).ok()?.take(LIMIT).read_to_end(&mut text).ok()?;
        parse(&String::from_utf8_lossy(&text))
    })
}

fn escape(c: char) -> char {
    if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '-' }
}

fn parse(text: &str) -> Option<Imported> {
    let mut section = String::new();
    let (mut port, mut name) = (None, String::new());
    for line in text.lines().map(str::trim) {
        if let Some(inner) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            inner.trim().clone_into(&mut section);
        } else if let Some((key, value)) = line.split_once('=')
            && section == "device"
        {
            let value = value.trim();
            let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
            match key.trim() {
                "http-port" => port = value.parse().ok().filter(|port| *port != 0),
                "dns-sd-name" if name.is_empty() => value.clone_into(&mut name),
                // What it was published as: the one that people see.
                "dns-sd-override" if !value.is_empty() => value.clone_into(&mut name),
                _ => {}
            }
        }
    }
    // It is written without that until it was published for the first time.
    if !name.is_empty() && !name.contains(" (USB") {
        name.push_str(" (USB)");
    }
    Some(Imported { port: port?, name })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn both_forms_of_its_file_names_are_known() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, port: u16| {
            fs::write(folder.path().join(name), format!("; a comment\n[device]\nhttp-port = {port}\n")).unwrap();
        };
        write("03f0-CN-1-2-ENVY-5000.state", 60001);
        write("03f0-0011-VN3-LaserJet.state", 60002);
        write("04a9-0011-CN_OTHER-X.state", 60003);
        let port = |product_id, serial_number| {
            find(folder.path(), &Asker { vendor_id: 0x03f0, product_id, serial_number }).map(|found| found.port)
        };
        assert_eq!(port(0x7712, "CN/1 2"), Some(60001));
        assert_eq!(port(0x0011, "VN3"), Some(60002));
        assert_eq!(port(0x0012, "VN3"), None);
        assert_eq!(port(0x0011, "VN"), None);
        assert_eq!(port(0x0011, ""), None);
        assert_eq!(port(0x0011, "CN_OTHER"), None);
    }

    #[test]
    fn a_file_without_a_port_says_nothing() {
        assert_eq!(parse("[device]\nhttp-port = 0\n"), None);
        assert_eq!(parse("[other]\nhttp-port = 60000\n"), None);
        assert_eq!(parse("http-port"), None);
        let named = parse("[device]\nhttp-port=60000\ndns-sd-name = \"X (USB)\"\ndns-sd-override = \"X (USB 1)\"\n");
        assert_eq!(named, Some(Imported { port: 60000, name: "X (USB 1)".to_owned() }));
    }
}
