//! Which resource is whose. The bridge must be no way round polkit: what sets up the network, holds secrets or
//! makes the printer do maintenance is protected, reading included. The rules are data, per protocol.
//!
//! What is protected is open to root, and to a user whom OpenAdminPages let in.

use ::http::Method;

use super::path::Path;
use crate::config::Operation;

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Printing through IPP. Which operation decides: [`ipp`].
    Print,
    /// Faxing through IPP. Likewise.
    Fax,
    /// Scanning.
    Scan,
    /// Reading what is open: status, supplies, web pages.
    Page,
    /// Everything that D-Bus protects.
    Protected,
}

impl Purpose {
    /// What a rule about users calls it.
    pub(super) fn operation(self) -> Operation {
        match self {
            Self::Print => Operation::Print,
            Self::Fax => Operation::Fax,
            Self::Scan => Operation::Scan,
            Self::Page | Self::Protected => Operation::Config,
        }
    }
}

/// Trees where requests of every method are for one purpose, most telling first.
const TREES: &[(&[&str], Purpose)] = &[
    // IPP over USB 1.0, 6.2.
    (&["ipp", "faxout"], Purpose::Fax),
    (&["ipp"], Purpose::Print),
    // eSCL 2.97, 5: capabilities, status, jobs.
    (&["escl"], Purpose::Scan),
    // LEDM's own scanning, and the list in which its jobs are cancelled [C HPLIP].
    (&["scan"], Purpose::Scan),
    (&["jobs", "joblist"], Purpose::Scan),
    // Out-of-box set-up: GET and PUT [C hp.md 3].
    (&["oobe"], Purpose::Protected),
    // Registration with HP's cloud: its claim codes are credentials [I].
    (&["eprint"], Purpose::Protected),
    // What the printer does: restart, reset, maintenance [C existence, I content].
    (&["productactions"], Purpose::Protected),
    // An internal print job; reading it is answered with 404 [C hp.md 2.2].
    (&["devmgmt", "internalprintdyn.xml"], Purpose::Protected),
    // CDM by service: network and wireless configuration with the passphrase in clear [C hp.md 4.3], automatic
    // wireless connection, tokens and passwords, printing of reports.
    (&["cdm", "ioconfig"], Purpose::Protected),
    (&["cdm", "awc"], Purpose::Protected),
    (&["cdm", "ble"], Purpose::Protected),
    (&["cdm", "network"], Purpose::Protected),
    (&["cdm", "remoteauthentication"], Purpose::Protected),
    (&["cdm", "oauth2"], Purpose::Protected),
    (&["cdm", "devicesetup"], Purpose::Protected),
    (&["cdm", "report", "v1", "print"], Purpose::Protected),
];

/// Below `/IoMgmt/Adapters/NAME` everything is the set-up of one network adapter: radio, profiles with the
/// passphrase, scanning, WPS [C hp.md 3, 5].
const ADAPTER: &[&str] = &["iomgmt", "adapters"];

/// Words that name what is protected, in whatever tree, in a segment or in the query: `/DevMgmt/NetAppsSecureDyn.xml`
/// holds the Wi-Fi Direct passphrase [C hp.md 3.7], an old LaserJet's `/set_config_network_Wireless.html` the key.
const WORDS: &[&str] = &[
    "wps",
    "wifi",
    "wi-fi",
    "wireless",
    "wlan",
    "passphrase",
    "passwd",
    "password",
    "secur",
    "secret",
    "token",
    "credential",
    "certificate",
    "oauth",
    "authchk",
    "networkreset",
    "factoryreset",
];

/// What a request is for. Writing is protected everywhere but in the trees that say otherwise: a set-up path that
/// nobody has heard of is no way in.
pub(super) fn purpose(method: &Method, path: &Path) -> Purpose {
    if let Some((_, purpose)) = TREES.iter().find(|(tree, _)| path.is_below(tree)) {
        return *purpose;
    }
    if path.is_below(ADAPTER) && path.segments().len() > ADAPTER.len() {
        return Purpose::Protected;
    }
    if WORDS.iter().any(|word| path.says(word)) {
        return Purpose::Protected;
    }
    match *method {
        Method::GET | Method::HEAD | Method::OPTIONS => Purpose::Page,
        _ => Purpose::Protected,
    }
}

/// IPP operations that only concern jobs and documents, or only read (RFC 8011, 5.4.15; PWG 5100.5, .11, .13; the
/// IANA registry). Others pause or set up the printer for everybody, as Set-Printer-Attributes with
/// `printer-wifi-password` [C hp.md 7.4] does; a maker's own (0x4000 and above) may do anything.
const IPP_OPEN: &[u16] = &[
    0x0002, // Print-Job
    0x0003, // Print-URI
    0x0004, // Validate-Job
    0x0005, // Create-Job
    0x0006, // Send-Document
    0x0007, // Send-URI
    0x0008, // Cancel-Job
    0x0009, // Get-Job-Attributes
    0x000a, // Get-Jobs
    0x000b, // Get-Printer-Attributes
    0x000c, // Hold-Job
    0x000d, // Release-Job
    0x000e, // Restart-Job
    0x0014, // Set-Job-Attributes
    0x0015, // Get-Printer-Supported-Values
    0x0016, // Create-Printer-Subscriptions
    0x0017, // Create-Job-Subscriptions
    0x0018, // Get-Subscription-Attributes
    0x0019, // Get-Subscriptions
    0x001a, // Renew-Subscription
    0x001b, // Cancel-Subscription
    0x001c, // Get-Notifications
    0x002b, // Reprocess-Job
    0x002c, // Cancel-Current-Job
    0x002d, // Suspend-Current-Job
    0x002e, // Resume-Job
    0x002f, // Promote-Job
    0x0030, // Schedule-Job-After
    0x0033, // Cancel-Document
    0x0034, // Get-Document-Attributes
    0x0035, // Get-Documents
    0x0036, // Delete-Document
    0x0037, // Set-Document-Attributes
    0x0039, // Cancel-My-Jobs
    0x003a, // Resubmit-Job
    0x003b, // Close-Job
    0x003c, // Identify-Printer
    0x003d, // Validate-Document
    0x003e, // Add-Document-Images
];

/// Whether an IPP request with this beginning is open (RFC 8010, 3.1.1: version, then the operation). `None`: it is
/// too short to be one.
pub(super) fn ipp(beginning: &[u8]) -> Option<bool> {
    let operation = beginning.get(2..4)?;
    let operation = operation.iter().fold(0, |number: u16, byte| number << 8 | u16::from(*byte));
    beginning.get(7)?;
    Some(IPP_OPEN.contains(&operation))
}

/// Whether an IPP request with this beginning brings a document, or has the printer fetch one; others are answered
/// without anything being printed first.
pub(super) fn brings_document(beginning: &[u8]) -> bool {
    // Print-Job, Print-URI, Send-Document, Send-URI.
    matches!(beginning.get(2..4), Some([0, 0x02 | 0x03 | 0x06 | 0x07]))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn of(method: Method, target: &str) -> Purpose {
        let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
        purpose(&method, &Path::parse(path, query).unwrap())
    }

    #[test]
    fn printing_scanning_and_looking_are_open() {
        for (method, path, expected) in [
            (Method::POST, "/ipp/print", Purpose::Print),
            (Method::POST, "/ipp/faxout", Purpose::Fax),
            (Method::POST, "/eSCL/ScanJobs", Purpose::Scan),
            (Method::DELETE, "/eSCL/ScanJobs/a-b", Purpose::Scan),
            (Method::GET, "/eSCL/ScanJobs/wifi/NextDocument", Purpose::Scan),
            (Method::POST, "/Scan/Jobs", Purpose::Scan),
            (Method::GET, "/", Purpose::Page),
            (Method::GET, "/DevMgmt/ProductStatusDyn.xml", Purpose::Page),
            (Method::GET, "/DevMgmt/DiscoveryTree.xml", Purpose::Page),
            (Method::GET, "/DevMgmt/InternalPrintCap.xml", Purpose::Page),
            (Method::GET, "/IoMgmt/Adapters", Purpose::Page),
            (Method::GET, "/cdm/system/v1/identity", Purpose::Page),
            (Method::HEAD, "/framework/Unified.js", Purpose::Page),
        ] {
            assert_eq!(of(method.clone(), path), expected, "{method} {path}");
        }
    }

    #[test]
    fn what_dbus_protects_is_protected_by_every_method() {
        for path in [
            "/IoMgmt/Adapters/wifi0/WPS/Pin",
            "/IoMgmt/Adapters/Wifi0/Profiles/Active",
            "/IoMgmt/Adapters/Wifi0/WifiNetworks/SSID=home",
            "/IoMgmt/Adapters/Eth0",
            "/DevMgmt/InternalPrintDyn.xml",
            "/DevMgmt/NetAppsSecureDyn.xml",
            "/OOBE/Config",
            "/AuthChk",
            "/cdm/ioConfig/v2/wirelessConfig",
            "/cdm/ioConfig/v2/networkReset",
            "/cdm/remoteAuthentication/v1/tokens",
            "/cdm/oauth2/v1/token",
            "/cdm/report/v1/print",
            "/set_config_network_Wireless.html",
            "/hp/device/info.html?menu=NetWireless",
        ] {
            for method in ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE", "PROPFIND"] {
                let method = Method::from_bytes(method.as_bytes()).unwrap();
                assert_eq!(of(method.clone(), path), Purpose::Protected, "{method} {path}");
            }
        }
    }

    #[test]
    fn writing_is_protected_where_nobody_has_said_otherwise() {
        for path in ["/", "/DevMgmt/Unheard.xml", "/IoMgmt/IoConfig.xml", "/cdm/new/v1/thing", "/form.html", "/iPPx"] {
            for method in [Method::PUT, Method::POST, Method::PATCH, Method::DELETE] {
                assert_eq!(of(method.clone(), path), Purpose::Protected, "{method} {path}");
            }
        }
    }

    #[test]
    fn an_operation_that_sets_up_the_printer_is_protected() {
        let message = |operation: u16| [&[2, 0][..], &operation.to_be_bytes(), &[0, 0, 0, 1, 1]].concat();
        for open in [0x0002, 0x0006, 0x000b, 0x003c] {
            assert_eq!(ipp(&message(open)), Some(true), "{open:#06x}");
        }
        for protected in [0, 0x0001, 0x0010, 0x0013, 0x0029, 0x4001, 0xffff] {
            assert_eq!(ipp(&message(protected)), Some(false), "{protected:#06x}");
        }
        assert_eq!(ipp(&[2, 0, 0, 0x0b, 0, 0, 0]), None);
        assert!(brings_document(&message(0x0006)) && !brings_document(&message(0x000b)) && !brings_document(&[2]));
    }
}
