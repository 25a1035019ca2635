//! What stands on the pages that the printer composes itself. Layouts after the reports that HP's printers
//! print; addresses are from the documentation ranges, the network is fictional.

use super::ledm::{ADDRESS, ADDRESS_V6, BSSID, CHANNEL, DNS, GATEWAY, SIGNAL_DBM, SSID, SUBNET, hostname};
use super::page::Page;
use super::printer::Printer;

/// The page that a job type asks for.
pub(super) fn compose(printer: &Printer, job_type: &str) -> Page {
    let facts = printer.facts();
    let mut page = Page::new(facts.paper);
    let title = title(job_type);
    page.head(title.as_str(), &format!("HP {}", facts.product), &format!("SN {}", printer.serial()));
    match job_type {
        "wirelessNetworkPage" => wireless(printer, &mut page),
        "networkSummary" | "networkDiagnosticPage" => network(printer, &mut page),
        "configurationPage" | "extendedConfigurationPage" => status(printer, &mut page),
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
        "networkSummary" => "Network Configuration Page".to_owned(),
        "networkDiagnosticPage" => "Network Diagnostic Page".to_owned(),
        "configurationPage" => "Printer Status Report".to_owned(),
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

fn mac(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":")
}

fn general(printer: &Printer, page: &mut Page) {
    let facts = printer.facts();
    page.section("General Information");
    page.field("Network Status", if printer.options().connected { "Ready" } else { "Offline" });
    page.field("Active Connection Type", if printer.options().connected { "Wireless" } else { "None" });
    page.field("Hostname", &hostname(printer));
    page.field("Serial Number", printer.serial());
    page.field("Product Number", facts.product_number);
    page.field("Firmware Version", facts.firmware.0);
}

fn station(printer: &Printer, page: &mut Page) {
    let facts = printer.facts();
    page.section("802.11 Wireless");
    page.field("Hardware Address (MAC)", &mac(&facts.mac));
    if printer.options().connected {
        page.field("Status", "Connected");
        page.field("Network Name (SSID)", SSID);
        page.field("Communication Mode", "Infrastructure");
        page.field("Access Point (BSSID)", &mac(&BSSID));
        page.field("Channel", &CHANNEL.to_string());
        page.field("Signal Strength", &format!("Good ({SIGNAL_DBM} dBm)"));
        page.field("Authentication Type", "WPA2-PSK");
        page.field("Encryption", "AES (CCMP)");
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
    if printer.options().connected {
        page.field("IP Address", ADDRESS);
        page.field("Subnet Mask", SUBNET);
        page.field("Default Gateway", GATEWAY);
        page.field("DNS Server", DNS);
        page.field("Configuration Source", "DHCP");
        page.section("IPv6");
        page.field("Global Address", ADDRESS_V6);
        page.field("Configuration Source", "Router Advertisement");
    } else {
        page.field("IP Address", "None");
    }
    let (name, _) = printer.facts().soft_ap;
    page.section("Wi-Fi Direct");
    page.field("Status", "On");
    page.field("Interface", name);
    page.field("Name", &format!("DIRECT-EM-HP {}", printer.facts().product));
}

fn wireless(printer: &Printer, page: &mut Page) {
    let connected = printer.options().connected;
    page.verdict(if connected {
        "Result: the printer is connected to the wireless network."
    } else {
        "Result: the printer is NOT connected to a wireless network."
    });
    page.section("Diagnostics Results");
    let joined = if connected { "PASS" } else { "FAIL" };
    let later = if connected { "PASS" } else { "NOT RUN" };
    page.table(
        &[("Test", 62), ("Found", 22), ("Result", 16)],
        &[
            &["Wireless radio is on", "On", "PASS"],
            &["No Ethernet cable is connected", "None", "PASS"],
            &["Network name (SSID) found", if connected { "1 match" } else { "Not set" }, joined],
            &["Connected to the network", if connected { "Yes" } else { "No" }, joined],
            &["Signal strength", if connected { "-52 dBm" } else { "" }, later],
            &["Security settings agree", if connected { "WPA2-PSK" } else { "" }, later],
            &["IP address from DHCP", if connected { ADDRESS } else { "" }, later],
            &["Default gateway answers", if connected { GATEWAY } else { "" }, later],
            &["DNS server answers", if connected { DNS } else { "" }, later],
        ],
    );
    station(printer, page);
    page.section("Networks Detected");
    page.table(
        &[("Network name", 46), ("Channel", 15), ("Security", 21), ("Signal", 18)],
        &[
            &[SSID, "6", "WPA2", "-52 dBm"],
            &["Example Guest", "6", "none", "-57 dBm"],
            &["Neighbour 2", "11", "WPA2/WPA3", "-81 dBm"],
        ],
    );
}

fn status(printer: &Printer, page: &mut Page) {
    let facts = printer.facts();
    general(printer, page);
    page.section("Printer");
    page.field("Model", &format!("HP {}", facts.product));
    page.field("UUID", facts.uuid);
    page.field("Printer Status", printer.blocked().unwrap_or("Ready"));
    page.field("Pages Printed", &(printer.pages().len() + 1).to_string());
    page.field("Connected by", "USB");
    page.section("Supplies");
    if facts.wants_xhr {
        page.bars(&[("Cyan", 170), ("Magenta", 140), ("Yellow", 225), ("Black", 0)]);
    } else {
        page.bars(&[("25 %", 210), ("50 %", 150), ("75 %", 85), ("Black 100 %", 0)]);
    }
    station(printer, page);
}
