//! `plugprint support-bundle`: what is known about a printer, in one text file that its owner can read before
//! deciding whom to give it to. Nothing is sent anywhere.
//!
//! It holds what the bus shows to everybody, what this computer shows to everybody about the USB device, the
//! printer's own documents (which the service has redacted; ours comes on top), and the service's log, as far as
//! the user may read it. A part that can't be had is said to be missing, and costs none of the others.

use std::fmt::Write as _;
use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::json;
use zbus::names::OwnedUniqueName;

use super::args::SupportBundle;
use super::client::Client;
use super::exit::Error;
use super::job;
use super::output::plain;
use super::printers::{self, Printer};
use super::properties::Properties;
use super::proxy::PrinterProxy;
use super::redact::Redactor;
use super::show;

/// The most that is read from one file or from the log, in bytes.
const LONGEST: u64 = 64 * 1024;

/// How long reading the log may take.
const PATIENCE: Duration = Duration::from_secs(5);

const USB_DEVICES: &str = "/sys/bus/usb/devices";

/// One part of the bundle: its title, and its lines.
struct Section {
    title: &'static str,
    text: String,
}

/// Writes the bundle, and says what is in it.
///
/// # Errors
/// As [`Client::inventory`]; [`Error::File`].
pub async fn run(client: &Client, args: &SupportBundle) -> Result<(), Error> {
    let output = client.output;
    let inventory = client.inventory().await?;
    let mut printer = printers::choose(inventory.printers, args.which.printer.as_deref())?;
    if printer.state() == "probing"
        && let Ok((_, known)) = client.printer(Some(&printer.id())).await
    {
        printer = known;
    }

    output.note(format_args!("Asking {} for its documents …", printer.name()));
    let documents = documents(client, &inventory.owner, &printer).await?;

    let mut redactor = Redactor::default();
    redactor.know(&printer.serial(), "serial number");
    redactor.know(&printer.properties.text("Uuid"), "UUID");
    redactor.know(&printer.id(), "printer id");
    if let Ok(name) = fs::read_to_string("/proc/sys/kernel/hostname") {
        redactor.know(&name, "this computer's name");
    }
    let mut sections = vec![
        Section { title: "versions", text: versions(&inventory.manager) },
        Section { title: "printer, as the service shows it", text: about(&printer) },
        Section { title: "jobs", text: jobs(&inventory.jobs, &printer) },
        Section {
            title: "USB device, as the kernel shows it to everybody",
            text: usb(&printer, Path::new(USB_DEVICES)),
        },
        Section { title: "the printer's own documents, redacted by the service", text: documents },
        Section { title: "the service's log", text: log().await },
    ];
    for section in &mut sections {
        section.text = redactor.clean(&section.text);
    }
    let bundle = compose(&sections, &redactor);

    if args.output.as_deref() == Some(Path::new("-")) {
        return output.line(bundle.trim_end());
    }
    let path = args.output.clone().unwrap_or_else(|| new_name(&printer));
    write(&path, &bundle)?;
    let masked: Vec<String> = redactor.counts().iter().map(|(what, count)| format!("{count} × {what}")).collect();
    if output.is_json() {
        return output.json(&json!({
            "file": path,
            "bytes": bundle.len(),
            "sections": sections.iter().map(|section| section.title).collect::<Vec<_>>(),
            "masked": redactor.counts(),
        }));
    }
    output.line(path.display())?;
    output.note(format_args!("{} bytes of plain text. In it:", bundle.len()));
    for section in &sections {
        output.note(format_args!("  {} ({} lines)", section.title, section.text.lines().count()));
    }
    output.note(format_args!("Masked: {}.", if masked.is_empty() { "nothing".to_owned() } else { masked.join(", ") }));
    output.note("It was sent to nobody. Read it before you give it to anybody.");
    Ok(())
}

fn compose(sections: &[Section], redactor: &Redactor) -> String {
    let mut text = "plugprint support bundle\n\
        Serial numbers, UUIDs, hardware addresses, network names and PINs are masked: [what it was].\n\
        In the printer's own documents every text is masked that is not known to be harmless.\n"
        .to_owned();
    for (what, count) in redactor.counts() {
        let _ = writeln!(text, "masked: {what}, {count} times");
    }
    for section in sections {
        let _ = write!(text, "\n== {} ==\n{}\n", section.title, section.text);
    }
    text
}

fn versions(manager: &Properties) -> String {
    let mut text = format!("plugprint {}\n", env!("CARGO_PKG_VERSION"));
    let _ = writeln!(text, "plugprintd {} (API level {})", manager.text("Version"), manager.number("ApiLevel"));
    let uname = rustix::system::uname();
    let _ = writeln!(text, "Linux {} {}", uname.release().to_string_lossy(), uname.machine().to_string_lossy());
    let system = fs::read_to_string("/etc/os-release").unwrap_or_default();
    if let Some(name) = system.lines().find_map(|line| line.strip_prefix("PRETTY_NAME=")) {
        let _ = writeln!(text, "{}", plain(name.trim_matches('"')));
    }
    text
}

fn about(printer: &Printer) -> String {
    let p = &printer.properties;
    let mut text = format!(
        "manufacturer: {}\nmodel: {}\nserial number: {}\nUUID: {}\nUSB: {:04x}:{:04x} at {}\nstate: {}\n",
        p.text("Manufacturer"),
        p.text("Model"),
        printer.serial(),
        p.text("Uuid"),
        p.number("VendorId"),
        p.number("ProductId"),
        printer.usb(),
        printer.state(),
    );
    let _ = writeln!(text, "reason: {}", p.text("StateReason"));
    let _ = writeln!(text, "transport: {}", p.text("Transport"));
    let _ = writeln!(text, "reports: {}", p.texts("Reports").join(", "));
    if let Some(wps) = &printer.wps {
        let _ = writeln!(text, "WPS methods: {} ({})", wps.texts("Methods").join(", "), wps.text("PinKind"));
    }
    for (name, evidence) in printer.capabilities() {
        let _ = writeln!(text, "can {name} ({})", show::in_words(&evidence));
    }
    text
}

fn jobs(jobs: &[(String, Properties)], printer: &Printer) -> String {
    let mut text = String::new();
    for (_, job) in jobs.iter().filter(|(_, job)| job.text("Printer") == printer.path) {
        let outcome = job.text("Outcome");
        let ended = if outcome.is_empty() { "running" } else { &outcome };
        let _ = writeln!(text, "{}: {}, {ended}", job.text("Kind"), job.text("Stage"));
    }
    if text.is_empty() { "none in the last minutes".to_owned() } else { text }
}

/// The printer's documents, or why there are none.
///
/// # Errors
/// When the user stops it, or the service goes.
async fn documents(client: &Client, owner: &OwnedUniqueName, printer: &Printer) -> Result<String, Error> {
    let proxy = PrinterProxy::builder(client.connection())
        .path(printer.path.clone())
        .cache_properties(zbus::proxy::CacheProperties::No)
        .build()
        .await?;
    let why = match job::run(client, owner, async |options| proxy.collect_documents(options).await).await {
        Ok(outcome) => {
            let documents = Properties::new(outcome).lines("documents");
            let written = documents.iter().map(|(path, lines)| format!("-- {path}\n{}\n", lines.join("\n")));
            let text: Vec<String> = written.collect();
            if !text.is_empty() {
                return Ok(text.join("\n"));
            }
            "The service gave none.".to_owned()
        }
        Err(error @ (Error::Interrupted(_) | Error::Unreachable(_) | Error::OutputClosed)) => return Err(error),
        Err(error) if error.name() == "org.freedesktop.DBus.Error.UnknownMethod" => {
            "This version of the service can't collect them.".to_owned()
        }
        Err(error) => error.to_string(),
    };
    client.output.note(format_args!("Without the printer's own documents: {why}"));
    Ok(format!("left out: {why}"))
}

/// The device's files that everybody may read: descriptors in hexadecimal, ids, speed, interfaces with drivers.
fn usb(printer: &Printer, devices: &Path) -> String {
    let (bus, address) = (printer.properties.number("UsbBus"), printer.properties.number("UsbAddress"));
    let number = |folder: &Path, name| readable(&folder.join(name)).and_then(|text| text.trim().parse::<u64>().ok());
    let folders: Vec<PathBuf> =
        fs::read_dir(devices).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    let device = folders
        .iter()
        .find(|folder| number(folder, "busnum") == Some(bus) && number(folder, "devnum") == Some(address));
    let Some(device) = device else { return "the kernel has no such device (any more)".to_owned() };
    let name = device.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut text = format!("device {}\n", plain(&name));
    for file in [
        "idVendor",
        "idProduct",
        "bcdDevice",
        "version",
        "speed",
        "bConfigurationValue",
        "bNumConfigurations",
        "manufacturer",
        "product",
        "authorized",
        "quirks",
        "power/control",
        "power/runtime_status",
    ] {
        if let Some(value) = readable(&device.join(file)) {
            let _ = writeln!(text, "{file}: {}", plain(value.trim()));
        }
    }
    let prefix = format!("{name}:");
    let mut interfaces: Vec<&PathBuf> = folders
        .iter()
        .filter(|path| path.file_name().is_some_and(|n| n.to_string_lossy().starts_with(&prefix)))
        .collect();
    interfaces.sort();
    for interface in interfaces {
        let value = |file| readable(&interface.join(file)).map(|text| plain(text.trim())).unwrap_or_default();
        let driver = fs::read_link(interface.join("driver")).ok();
        let driver = driver.and_then(|link| Some(link.file_name()?.to_string_lossy().into_owned()));
        let _ = writeln!(
            text,
            "interface {} alternate {}: class {}/{}/{}, driver {}",
            value("bInterfaceNumber"),
            value("bAlternateSetting"),
            value("bInterfaceClass"),
            value("bInterfaceSubClass"),
            value("bInterfaceProtocol"),
            plain(&driver.unwrap_or_else(|| "none".to_owned())),
        );
        if let Some(id) = readable(&interface.join("ieee1284_id")) {
            let _ = writeln!(text, "device id: {}", plain(id.trim()));
        }
    }
    let bytes = read(&device.join("descriptors")).unwrap_or_default();
    let _ = writeln!(text, "descriptors, {} bytes:", bytes.len());
    for row in bytes.chunks(16) {
        let hex: Vec<String> = row.iter().map(|byte| format!("{byte:02x}")).collect();
        let _ = writeln!(text, "  {}", hex.join(" "));
    }
    text
}

/// A file's bytes, if everybody may read it. Whoever runs this with more rights bundles no more than others.
fn read(path: &Path) -> Option<Vec<u8>> {
    let file = fs::File::open(path).ok()?;
    let metadata = file.metadata().ok()?;
    if !metadata.is_file() || metadata.permissions().mode() & 0o004 == 0 {
        return None;
    }
    let mut bytes = Vec::new();
    file.take(LONGEST).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

fn readable(path: &Path) -> Option<String> {
    read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// The service's last lines, without their time and host.
async fn log() -> String {
    let mut journalctl = tokio::process::Command::new("journalctl");
    journalctl
        .args(["--unit=plugprintd.service", "--boot", "--lines=200", "--output=cat", "--no-pager", "--quiet"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    match tokio::time::timeout(PATIENCE, journalctl.output()).await {
        Ok(Ok(done)) if done.status.success() && !done.stdout.is_empty() => {
            let text = String::from_utf8_lossy(&done.stdout);
            let text: Vec<String> = text.lines().map(plain).collect();
            let text = text.join("\n");
            let kept = text.char_indices().rev().map(|(at, _)| at).find(|at| text.len() - at >= LONGEST as usize);
            text.get(kept.unwrap_or_default()..).unwrap_or_default().to_owned()
        }
        _ => "nothing that you may read (members of the group systemd-journal see more)".to_owned(),
    }
}

/// `plugprint-support-MODEL.txt` in this folder, with a number if there is one already.
fn new_name(printer: &Printer) -> PathBuf {
    let model: String = printer
        .name()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
        .take(60)
        .collect();
    let stem = format!("plugprint-support-{}", model.trim_matches('-'));
    (1..1000)
        .map(|n| PathBuf::from(if n == 1 { format!("{stem}.txt") } else { format!("{stem}-{n}.txt") }))
        .find(|path| !path.exists())
        .unwrap_or_else(|| PathBuf::from(format!("{stem}.txt")))
}

/// A new file that only its owner reads; an existing one stays as it is.
fn write(path: &Path, text: &str) -> Result<(), Error> {
    let open = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    open.and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(Error::file(format!("writing {}", path.display())))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
    use super::*;
    use std::collections::HashMap;
    use zbus::{OwnedVariant, Variant};

    #[test]
    fn the_device_is_found_by_its_numbers_and_what_is_not_for_everybody_is_left_out() {
        let sysfs = tempfile::tempdir().unwrap();
        let device = sysfs.path().join("1-2");
        let interface = sysfs.path().join("1-2:1.0");
        for folder in [&device, &interface] {
            fs::create_dir(folder).unwrap();
        }
        fs::write(device.join("busnum"), "1\n").unwrap();
        fs::write(device.join("devnum"), "4\n").unwrap();
        fs::write(device.join("product"), "ENVY\u{1b}[2J\n").unwrap();
        fs::write(device.join("speed"), "480\n").unwrap();
        fs::set_permissions(device.join("speed"), fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(device.join("descriptors"), [0x12, 0x01, 0x00]).unwrap();
        fs::write(interface.join("bInterfaceClass"), "07\n").unwrap();
        fs::write(interface.join("ieee1284_id"), "MFG:HP;SN:CN123;\n").unwrap();

        let number = |n: u32| OwnedVariant::try_from(Variant::from(n)).unwrap();
        let properties = HashMap::from([("UsbBus".to_owned(), number(1)), ("UsbAddress".to_owned(), number(4))]);
        let mut printer = Printer { properties: Properties::new(properties), ..Printer::default() };
        let text = usb(&printer, sysfs.path());
        assert!(text.contains("product: ENVY\\u{1b}[2J") && text.contains("  12 01 00"), "{text}");
        assert!(text.contains("class 07//") && text.contains("driver none"), "{text}");
        assert!(!text.contains("480"), "{text}");
        assert!(Redactor::default().clean(&text).contains("SN:[serial number];"), "{text}");

        printer.properties.update(HashMap::from([("UsbAddress".to_owned(), number(5))]));
        assert!(usb(&printer, sysfs.path()).contains("no such device"));
    }

    #[test]
    fn an_existing_file_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bundle.txt");
        write(&path, "one").unwrap();
        assert!(write(&path, "two").is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "one");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
