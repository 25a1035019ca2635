//! `plugprint doctor`: what keeps a printer from working, and what to do.

use std::path::Path;

use serde_json::json;

use super::args::Which;
use super::client::Client;
use super::exit::{Error, Exit};
use super::printers::{self, Printer};

/// What is wrong, or worth knowing.
#[derive(Debug, PartialEq, Eq)]
struct Finding {
    /// For programs.
    name: &'static str,
    /// Whether nothing works with it.
    serious: bool,
    /// What it is, and what to do.
    text: String,
}

/// Says what is wrong; ends with 0 where nothing is.
///
/// # Errors
/// [`Error::Said`] with what it is; [`Error::NoSuchPrinter`] where several are plugged in and none is named.
pub async fn run(client: Result<Client, Error>, which: &Which) -> Result<(), Error> {
    let client = client?;
    let output = client.output;
    let inventory = client.inventory().await?;
    if inventory.printers.is_empty() {
        let findings = unseen(Path::new("/sys/bus/usb/devices"));
        if !findings.is_empty() {
            return tell(&client, "no printer that plugprint can use", &findings, Exit::NoSuchPrinter);
        }
    }
    let printers = match (&which.printer, inventory.printers.len()) {
        (None, 1..) => inventory.printers,
        (wanted, _) => vec![printers::choose(inventory.printers, wanted.as_deref())?],
    };
    let mut worst = Ok(());
    for printer in printers {
        let findings = of(&printer);
        let told = tell(&client, &printer.name(), &findings, Exit::Failed);
        if findings.is_empty() && !output.is_json() {
            output.line(format_args!("{}: nothing is wrong.", printer.name()))?;
        }
        worst = worst.and(told);
    }
    worst
}

fn tell(client: &Client, about: &str, findings: &[Finding], exit: Exit) -> Result<(), Error> {
    let output = client.output;
    if output.is_json() {
        let findings: Vec<_> = findings
            .iter()
            .map(|found| json!({ "name": found.name, "serious": found.serious, "text": found.text }))
            .collect();
        output.json(&json!({ "printer": about, "findings": findings }))?;
    } else {
        for found in findings {
            output.line(format_args!("{about}: {}", found.text))?;
        }
    }
    if findings.iter().any(|found| found.serious) { Err(Error::Said(exit)) } else { Ok(()) }
}

/// What the service says of a printer.
fn of(printer: &Printer) -> Vec<Finding> {
    let p = &printer.properties;
    let (state, reason, mode) = (printer.state(), p.text("StateReason"), p.text("Mode"));
    let mut found = Vec::new();
    let mut add = |name, serious, text: String| found.push(Finding { name, serious, text });
    match (state.as_str(), mode.as_str(), p.text("Transport").as_str()) {
        (_, "legacy" | "ignore", _) => add("mode", true, reason),
        ("inhibited", _, _) => add("inhibited", true, reason),
        (_, _, "ipp-usb") => {
            add("ipp-usb", state != "ready" && state != "busy", with(reason, "ipp-usb drives the printer."))
        }
        ("failed", _, _) => add("failed", true, with(reason, "The printer failed, and nothing more is known.")),
        ("probing", _, _) => add("probing", true, with(reason, "The printer is still being asked what it can do.")),
        _ if !reason.is_empty() => add("remark", false, reason),
        _ => {}
    }
    // One without HTTP is not offered; CUPS's own usb backend has it.
    if state == "ready" && p.text("AdminUri").is_empty() && p.text("Transport") != "legacy" {
        add(
            "not-offered",
            true,
            "The printer is not offered to CUPS and SANE: `journalctl -u plugprintd` says why.".to_owned(),
        );
    }
    found
}

fn with(text: String, otherwise: &str) -> String {
    if text.is_empty() { otherwise.to_owned() } else { text }
}

/// Printers that the kernel sees and the service does not show.
fn unseen(devices: &Path) -> Vec<Finding> {
    let Ok(entries) = std::fs::read_dir(devices) else { return Vec::new() };
    let mut found = Vec::new();
    for device in entries.flatten().map(|entry| entry.path()) {
        let Some(ways) = interfaces(&device) else { continue };
        let read = |name: &str| std::fs::read_to_string(device.join(name)).unwrap_or_default().trim().to_owned();
        let name = super::output::plain(&read("product"));
        let name = if name.is_empty() { format!("{}:{}", read("idVendor"), read("idProduct")) } else { name };
        if ways.iter().any(|way| way == "070104") {
            let text = format!(
                "{name} is plugged in, and the service does not see it: it may not open it. Are plugprint's udev rules installed, and is its user in the group lp? Plug the printer in again after a change."
            );
            found.push(Finding { name: "access", serious: true, text });
        } else if ways.iter().any(|way| way.starts_with("0701")) {
            let text = format!("{name} is plugged in, and does not speak IPP over USB: it needs its legacy driver.");
            found.push(Finding { name: "legacy-only", serious: false, text });
        }
    }
    found
}

/// Class, subclass and protocol of the interfaces of a device, as they are set now.
fn interfaces(device: &Path) -> Option<Vec<String>> {
    let own = device.file_name()?.to_str()?.to_owned();
    if own.contains(':') {
        return None;
    }
    let read = |path: &Path| Some(std::fs::read_to_string(path).ok()?.trim().to_owned());
    let entries = std::fs::read_dir(device).ok()?.flatten().map(|entry| entry.path());
    let is_own =
        |path: &Path| path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(&own));
    Some(
        entries
            .filter(|path| is_own(path))
            .filter_map(|path| {
                let part = |name: &str| read(&path.join(name));
                Some([part("bInterfaceClass")?, part("bInterfaceSubClass")?, part("bInterfaceProtocol")?].concat())
            })
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use std::collections::HashMap;
    use std::fs;

    use zbus::{OwnedVariant, Variant};

    use super::*;
    use crate::cli::properties::Properties;

    fn printer(properties: &[(&str, &str)]) -> Printer {
        let all: HashMap<String, OwnedVariant> = properties
            .iter()
            .map(|(name, value)| ((*name).to_owned(), OwnedVariant::try_from(Variant::from(*value)).unwrap()))
            .collect();
        Printer { properties: Properties::new(all), ..Printer::default() }
    }

    #[test]
    fn each_trouble_has_its_name() {
        for (properties, name, serious) in [
            (&[("State", "inhibited"), ("Mode", "legacy"), ("StateReason", "left")][..], "mode", true),
            (&[("State", "inhibited"), ("Mode", "driverless"), ("StateReason", "held")], "inhibited", true),
            (&[("State", "failed"), ("Transport", "ipp-usb")], "ipp-usb", true),
            (&[("State", "ready"), ("Transport", "ipp-usb"), ("AdminUri", "http://x/")], "ipp-usb", false),
            (&[("State", "ready"), ("Transport", "legacy"), ("StateReason", "It has no HTTP.")], "remark", false),
            (&[("State", "failed"), ("StateReason", "Another program holds it.")], "failed", true),
            (&[("State", "ready")], "not-offered", true),
            (&[("State", "ready"), ("AdminUri", "http://x/"), ("StateReason", "new")], "remark", false),
        ] {
            let found = of(&printer(properties));
            assert_eq!((found.len(), found[0].name, found[0].serious), (1, name, serious), "{properties:?}");
            assert!(!found[0].text.is_empty() || name == "mode");
        }
        assert_eq!(of(&printer(&[("State", "ready"), ("AdminUri", "http://x/")])), []);
    }

    #[test]
    fn a_printer_that_the_service_may_not_open_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let interface = |device: &str, class: [&str; 3]| {
            let path = folder.path().join(device).join(format!("{device}:1.0"));
            fs::create_dir_all(&path).unwrap();
            for (name, value) in ["bInterfaceClass", "bInterfaceSubClass", "bInterfaceProtocol"].into_iter().zip(class)
            {
                fs::write(path.join(name), format!("{value}\n")).unwrap();
            }
            fs::write(folder.path().join(device).join("product"), "ENVY\u{1b}[2J 5000\n").unwrap();
        };
        interface("1-1", ["07", "01", "04"]);
        interface("1-2", ["03", "01", "02"]);
        let found = unseen(folder.path());
        assert_eq!((found.len(), found[0].name), (1, "access"));
        assert!(found[0].text.starts_with("ENVY"), "{}", found[0].text);
        assert!(!found[0].text.contains('\u{1b}'));
    }
}
