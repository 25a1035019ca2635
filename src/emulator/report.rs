//! What stands on the pages that the printer composes itself. Layouts after the reports that HP's printers
//! print; addresses are from the documentation ranges, the network is fictional.

use super::ledm::{ADDRESS_V6, hostname};
use super::page::Page;
use super::printer::Printer;
use super::radio::{Association, Heard, Lease, Origin, Security, State};

/// The page that a job type asks for.
pub(super) fn compose(printer: &Printer, job_type: &str) -> Page {
    let facts = printer.facts();
    let mut page = Page::new(facts.paper);
    let title = title(job_type);
    page.head(title.as_str(), &facts.full_name(), &format!("SN {}", printer.serial()));
    match job_type {
        "wirelessNetworkPage" => wireless(printer, &mut page),
        "networkSummary" | "networkDiagnosticPage" | "networkConfigurationReport" | "networkSummaryPage" => {
            network(printer, &mut page)
        }
        "configurationPage" | "extendedConfigurationPage" | "configurationReport" => status(printer, &mut page),
        _ => {
            general(printer, &mut page);
            page.section("Report");
            page.paragraph("This report has no content on an emulated printer.");
        }
    }
    page.foot("Composed by plugprint's emulated printer. No such product exists.");
    page
}

fn title(job_type: &str) -> String {
    match job_type {
        "wirelessNetworkPage" => "Wireless Network Test Report".to_owned(),
        "networkSummary" | "networkConfigurationReport" => "Network Configuration Page".to_owned(),
        "networkDiagnosticPage" => "Network Diagnostic Page".to_owned(),
        "configurationPage" | "configurationReport" => "Printer Status Report".to_owned(),
        // Any other token by its own words: demoPage is "Demo Page".
        other => {
            let mut words = String::new();
            for character in other.chars() {
                if character.is_ascii_uppercase() {
                    words.push(' ');
                }
                if words.is_empty() { words.push(character.to_ascii_uppercase()) } else { words.push(character) }
            }
            words
        }
    }
}

/// The network's name; what is no text is shown as such.
fn name(at: &Association) -> String {
    String::from_utf8_lossy(&at.ssid).into_owned()
}

fn security(at: &Association) -> &'static str {
    word(at.security)
}

fn word(security: Security) -> &'static str {
    match security {
        Security::Open => "None",
        Security::Wpa => "WPA-PSK",
        Security::Wpa3 => "WPA3-SAE",
        Security::Wpa2 | Security::Wpa2Wpa3 => "WPA2-PSK",
        Security::Enterprise => "802.1X",
    }
}

fn connected(printer: &Printer) -> bool {
    printer.station().lease().is_some()
}

fn mac(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":")
}

fn general(printer: &Printer, page: &mut Page) {
    let facts = printer.facts();
    page.section("General Information");
    if facts.station.is_empty() {
        page.field("Serial Number", printer.serial());
        page.field("Product Number", facts.product_number);
        page.field("Firmware Version", facts.firmware.0);
        return;
    }
    page.field("Network Status", if connected(printer) { "Ready" } else { "Offline" });
    page.field("Active Connection Type", if connected(printer) { "Wireless" } else { "None" });
    page.field("Hostname", &hostname(printer));
    page.field("Serial Number", printer.serial());
    page.field("Product Number", facts.product_number);
    page.field("Firmware Version", facts.firmware.0);
}

fn station(printer: &Printer, page: &mut Page) {
    let facts = printer.facts();
    page.section("802.11 Wireless");
    page.field("Hardware Address (MAC)", &mac(&facts.mac));
    if let Some(at) = printer.station().association() {
        page.field("Status", "Connected");
        page.field("Network Name (SSID)", &name(at));
        page.field("Communication Mode", "Infrastructure");
        page.field("Access Point (BSSID)", &mac(&at.bssid));
        page.field("Channel", &at.channel.to_string());
        page.field("Signal Strength", &format!("{} ({} dBm)", if at.dbm > -70 { "Good" } else { "Poor" }, at.dbm));
        page.field("Authentication Type", security(at));
        page.field("Encryption", if at.security == Security::Open { "None" } else { "AES (CCMP)" });
    } else {
        page.field("Status", "Not connected");
        page.field("Network Name (SSID)", "Not set");
    }
    if let Some(pin) = printer.shown_pin() {
        let (first, last) = pin.split_at_checked(4).unwrap_or((&pin, ""));
        page.field("WPS PIN", &format!("{first} {last}"));
    }
}

fn network(printer: &Printer, page: &mut Page) {
    general(printer, page);
    station(printer, page);
    page.section("IPv4");
    if let Some(lease) = printer.station().lease() {
        page.field("IP Address", &lease.address.to_string());
        page.field("Subnet Mask", &lease.mask.to_string());
        page.field("Default Gateway", &lease.gateway.map_or_else(|| "None".to_owned(), |gateway| gateway.to_string()));
        page.field("DNS Server", &lease.dns.map_or_else(|| "None".to_owned(), |dns| dns.to_string()));
        page.field("Configuration Source", if lease.origin == Origin::Dhcp { "DHCP" } else { "Auto IP" });
        if lease.origin == Origin::Dhcp {
            page.section("IPv6");
            page.field("Global Address", ADDRESS_V6);
            page.field("Configuration Source", "Router Advertisement");
        }
    } else {
        page.field("IP Address", "None");
    }
    let (name, _) = printer.facts().soft_ap;
    page.section("Wi-Fi Direct");
    page.field("Status", "On");
    page.field("Interface", name);
    page.field("Name", &format!("DIRECT-EM-HP {}", printer.facts().product));
}

/// What the radio hears, as far as the page has room.
fn strongest(printer: &Printer) -> Vec<Heard> {
    const ROOM: usize = 6;
    let mut heard = if printer.radio().is_on() { printer.radio().around() } else { Vec::new() };
    heard.sort_by_key(|heard| std::cmp::Reverse(heard.dbm));
    heard.truncate(ROOM);
    heard
}

fn wireless(printer: &Printer, page: &mut Page) {
    let state = printer.station();
    let (at, lease) = (state.association(), state.lease());
    page.verdict(if lease.is_some() {
        "Result: the printer is connected to the wireless network."
    } else {
        "Result: the printer is NOT connected to a wireless network."
    });
    page.section("Diagnostics Results");
    let on = state != State::Off;
    let (joined, later) = (if at.is_some() { "PASS" } else { "FAIL" }, if at.is_some() { "PASS" } else { "NOT RUN" });
    let text = |value: Option<String>| value.unwrap_or_default();
    let addressed = |known: bool| match (at, known) {
        (None, _) => "NOT RUN",
        (Some(_), true) => "PASS",
        (Some(_), false) => "FAIL",
    };
    let of = |field: fn(&Lease) -> Option<std::net::Ipv4Addr>| lease.and_then(field);
    let dhcp = lease.is_some_and(|lease| lease.origin == Origin::Dhcp);
    let (gateway, dns) = (of(|lease| lease.gateway), of(|lease| lease.dns));
    page.table(
        &[("Test", 62), ("Found", 22), ("Result", 16)],
        &[
            &["Wireless radio is on", if on { "On" } else { "Off" }, if on { "PASS" } else { "FAIL" }],
            &["No Ethernet cable is connected", "None", "PASS"],
            &["Network name (SSID) found", if at.is_some() { "1 match" } else { "Not set" }, joined],
            &["Connected to the network", if at.is_some() { "Yes" } else { "No" }, joined],
            &["Signal strength", &text(at.map(|at| format!("{} dBm", at.dbm))), later],
            &["Security settings agree", at.map_or("", security), later],
            &["IP address from DHCP", &text(lease.map(|lease| lease.address.to_string())), addressed(dhcp)],
            &["Default gateway answers", &text(gateway.map(|it| it.to_string())), addressed(gateway.is_some())],
            &["DNS server answers", &text(dns.map(|it| it.to_string())), addressed(dns.is_some())],
        ],
    );
    station(printer, page);
    page.section("Networks Detected");
    let rows: Vec<[String; 4]> = strongest(printer)
        .iter()
        .map(|heard| {
            let name = if heard.ssid.is_empty() { "(hidden)".into() } else { String::from_utf8_lossy(&heard.ssid) };
            [
                name.into_owned(),
                heard.channel.to_string(),
                word(heard.security).to_owned(),
                format!("{} dBm", heard.dbm),
            ]
        })
        .collect();
    let rows: Vec<[&str; 4]> = rows.iter().map(|row| row.each_ref().map(String::as_str)).collect();
    let rows: Vec<&[&str]> = rows.iter().map(<[&str; 4]>::as_slice).collect();
    page.table(&[("Network name", 46), ("Channel", 15), ("Security", 21), ("Signal", 18)], &rows);
}

fn status(printer: &Printer, page: &mut Page) {
    let facts = printer.facts();
    general(printer, page);
    page.section("Printer");
    page.field("Model", &facts.full_name());
    if !facts.uuid.is_empty() {
        page.field("UUID", facts.uuid);
    }
    page.field("Printer Status", printer.blocked().unwrap_or("Ready"));
    page.field("Pages Printed", &(printer.pages().len() + 1).to_string());
    page.field("Connected by", "USB");
    page.section("Supplies");
    if facts.wants_xhr {
        page.bars(&[("Cyan", 170), ("Magenta", 140), ("Yellow", 225), ("Black", 0)]);
    } else {
        page.bars(&[("25 %", 210), ("50 %", 150), ("75 %", 85), ("Black 100 %", 0)]);
    }
    if !facts.station.is_empty() {
        station(printer, page);
    }
}
