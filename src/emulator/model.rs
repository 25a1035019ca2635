//! What the emulated printers are, as data. None is a product that exists: most have HP's vendor id, so that the
//! agent's rules for HP are exercised, and product ids of ours; others have ids that anybody may test with. All names
//! say "Emulated".
//!
//! Marks: \[C\] seen on hardware or in a capture of it, \[I\] inferred. Every \[I\] has a second variant in
//! [`Options`](super::Options).

use super::cdm;
use super::page::Paper;
use super::services::{self, Services};

/// One emulated model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Model {
    /// An inkjet all-in-one of the ENVY and Smart Tank kind.
    Inkjet,
    /// A monochrome laser printer of the P1102w kind, with firmware of before mid-2013.
    LaserJet,
    /// An office all-in-one of the OfficeJet kind: PDF, both sides, document feeder, fax.
    OfficeJet,
    /// A monochrome laser printer that does nothing but print, by IPP.
    Mono,
    /// Another maker's inkjet: IPP and eSCL, and no way to set its Wi-Fi up.
    Ipp,
    /// The same, and its Wi-Fi can be set up by IPP.
    IppWifi,
    /// A monochrome laser printer of before IPP over USB: the old printer class, and PJL on it.
    Legacy,
    /// A LaserJet whose firmware no longer tells its WPS PIN.
    Patched,
    /// An ink tank printer of the Smart Tank 580-590 kind: CDM, and no LEDM.
    Cdm,
    /// An office laser printer with CDM, that wants to know who writes.
    CdmToken,
    /// An ink tank printer of the Smart Tank 750 kind: LEDM, and a little of CDM.
    Hybrid,
}

/// What speaks on an alternate setting's bulk pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Speech {
    /// HTTP/1.1, bare.
    Http,
    /// A page description; the printer takes it and says nothing.
    Raw,
    /// PJL, and nothing but what [`pml`](super::pml) knows of it; the printer says nothing.
    Pjl,
    /// Bulk-only mass storage: the driver CD of "Smart Install".
    Storage,
}

/// bInterfaceClass, bInterfaceSubClass, bInterfaceProtocol, and what speaks there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Alternate {
    pub class: (u8, u8, u8),
    pub speech: Speech,
}

const fn alternate(class: u8, subclass: u8, protocol: u8, speech: Speech) -> Alternate {
    Alternate { class: (class, subclass, protocol), speech }
}

/// 07/01/02, the bidirectional printer class that usblp and the CUPS usb back end take.
pub(super) const PRINTER: Alternate = alternate(7, 1, 2, Speech::Raw);
/// The same, where it is all there is.
const PRINTER_ONLY: Alternate = alternate(7, 1, 2, Speech::Pjl);
/// 07/01/04, IPP over USB.
pub(super) const IPP_USB: Alternate = alternate(7, 1, 4, Speech::Http);
/// ff/cc/00, HP's LEDM channel on newer inkjets \[C, DeskJet 3750\].
const LEDM_SCAN: Alternate = alternate(0xff, 0xcc, 0, Speech::Http);
/// ff/04/01, HP's EWS and LEDM channel \[C, HPLIP\].
const EWS_LEDM: Alternate = alternate(0xff, 4, 1, Speech::Http);
/// ff/02/10, HP's channel on the Marvell LaserJets \[C, HPLIP\].
const MARVELL_EWS: Alternate = alternate(0xff, 2, 0x10, Speech::Http);
/// 08/06/50, the CD-ROM that "Smart Install" shows instead of a printer \[C, HPLIP\].
pub(super) const CD_ROM: Alternate = alternate(8, 6, 0x50, Speech::Storage);

/// The unvarying facts of a model.
pub(super) struct Facts {
    pub name: &'static str,
    pub description: &'static str,
    pub vendor_id: u16,
    /// iManufacturer, and what stands before the product's name.
    pub maker: &'static str,
    pub product_id: u16,
    pub product: &'static str,
    /// CMD of the IEEE 1284 device id.
    pub commands: &'static str,
    /// What follows in it: where LEDM is, in HP's own words \[C, models.dat's printers; form I\].
    pub device_id_more: &'static str,
    pub serial: &'static str,
    pub product_number: &'static str,
    pub firmware: (&'static str, &'static str),
    pub uuid: &'static str,
    /// Interfaces, each with its alternate settings.
    pub interfaces: &'static [&'static [Alternate]],
    /// wBasicCapabilities of descriptor 0x21 (IPP over USB 1.0, 4.3): print 1, scan 2, fax 4, any HTTP 0x10.
    /// `None` where there is no 07/01/04.
    pub basic_capabilities: Option<u16>,
    /// Speaks LEDM. Where not, all its resources are 404.
    pub ledm: bool,
    /// What it has of CDM's.
    pub cdm: Option<&'static cdm::Facts>,
    /// What it offers besides.
    pub services: &'static Services,
    /// identify-actions-supported; the first is the default.
    pub identify: &'static [&'static str],
    /// printer-settable-attributes-supported; empty is `none`, as HP's printers say \[C, OfficeJet 6830\].
    pub settable: &'static [&'static str],
    /// Its own address stands in printer-uri-supported, whoever asks \[I\].
    pub tells_address: bool,
    /// The station's name and path segment; empty where it has none. Its case differs between the lines \[C\].
    pub station: &'static str,
    /// The soft-AP's dd:Name and path segment. On LaserJets the name differs from the path \[C\].
    pub soft_ap: (&'static str, &'static str),
    pub ethernet: Option<&'static str>,
    /// wifi:WpsSupport is shown inside the station's network \[C, ENVY Photo 7830\].
    pub wps_support: bool,
    /// `WPS/Pin` answers \[C only for LaserJet Pro firmware of before mid-2013, CVE-2013-4807\].
    pub wps_pin: bool,
    /// POST needs X-Requested-With, Origin and Referer \[C, nginx EWS of the ENVY Photo 7800\].
    pub wants_xhr: bool,
    /// InternalPrintCap is missing from the discovery tree although it is served \[C, Smart Tank 750\].
    pub hides_internal_print: bool,
    /// ipcap:JobTypesSupport, in the device's order.
    pub job_types: &'static [&'static str],
    pub server: &'static str,
    pub mac: [u8; 6],
    pub paper: Paper,
}

impl Facts {
    /// Maker and model.
    pub fn full_name(&self) -> String {
        format!("{} {}", self.maker, self.product)
    }
}

static INKJET: Facts = INKJET_FACTS;

const INKJET_FACTS: Facts = Facts {
    name: "inkjet",
    description: "inkjet all-in-one, IPP over USB in alternate setting 1, no WPS/Pin resource",
    vendor_id: VENDOR,
    maker: "HP",
    product_id: 0xf0e1,
    product: "DeskJet Emulated 3000 series",
    commands: "PCL3GUI,PJL,Automatic,JPEG,PCLM,AppleRaster,PWGRaster,URF,DW-PCL,DESKJET,DYN",
    device_id_more: "LEDMDIS:USB#FF#CC#00,USB#07#01#02,USB#FF#04#01;",
    serial: "EMU0000001",
    product_number: "EMU01A",
    firmware: ("EMUINKNN001.0000A.00", "2026-01-15"),
    uuid: "1c852a4d-b800-1f08-abcd-02005e103001",
    interfaces: &[&[PRINTER, IPP_USB], &[LEDM_SCAN, IPP_USB], &[EWS_LEDM, IPP_USB]],
    basic_capabilities: Some(0x0013),
    ledm: true,
    cdm: None,
    services: &services::INKJET,
    identify: &["display", "flash"],
    settable: &[],
    tells_address: false,
    station: "Wifi0",
    soft_ap: ("Wifi1", "Wifi1"),
    ethernet: None,
    wps_support: true,
    wps_pin: false,
    wants_xhr: true,
    hides_internal_print: true,
    job_types: &[
        "cleaningPage",
        "cleaningPageLevel2",
        "cleaningVerificationPage",
        "configurationPage",
        "wifiDirectGuide",
        "diagnosticsPage",
        "networkSummary",
        "networkDiagnosticPage",
        "wirelessNetworkPage",
        "wifiDirectPinCodePage",
        "pqDiagnosticsPage",
        "eventLogReport",
        "webAccessReport",
        "privacyReport",
    ],
    server: "nginx",
    mac: [0x02, 0x00, 0x5e, 0x10, 0x30, 0x01],
    paper: Paper::A4,
};

static LASERJET: Facts = LASERJET_FACTS;

const LASERJET_FACTS: Facts = Facts {
    name: "laserjet",
    description: "monochrome laser printer on HP's Marvell channel, WPS/Pin answers",
    vendor_id: VENDOR,
    maker: "HP",
    product_id: 0xf0e2,
    product: "LaserJet Emulated P1000w",
    commands: "ACL,PJL,ZJS",
    device_id_more: "",
    serial: "EMU0000002",
    product_number: "EMU02A",
    firmware: ("20130112", "2013-01-12"),
    uuid: "1c852a4d-b800-1f08-abcd-02005e103002",
    interfaces: &[&[PRINTER], &[MARVELL_EWS]],
    basic_capabilities: None,
    ledm: true,
    cdm: None,
    services: &services::NONE,
    identify: &[],
    settable: &[],
    tells_address: false,
    station: "wifi0",
    soft_ap: ("wifiUAP", "wifi1"),
    ethernet: None,
    wps_support: false,
    wps_pin: true,
    wants_xhr: false,
    hides_internal_print: false,
    job_types: &[
        "cleaningPage",
        "configurationPage",
        "demoPage",
        "networkSummary",
        "suppliesStatusPage",
        "wirelessNetworkPage",
    ],
    server: "Virata-EmWeb/R6_2_1",
    mac: [0x02, 0x00, 0x5e, 0x10, 0x30, 0x02],
    paper: Paper::Letter,
};

static OFFICEJET: Facts = Facts {
    name: "officejet",
    description: "office all-in-one with PDF, both sides, feeder and fax",
    product_id: 0xf0e3,
    product: "OfficeJet Emulated 9000 series",
    commands: "PCL3GUI,PJL,Automatic,JPEG,PDF,AppleRaster,PWGRaster,URF,DW-PCL,DESKJET,DYN",
    serial: "EMU0000003",
    product_number: "EMU03A",
    firmware: ("EMUOFFNN001.0000A.00", "2026-01-15"),
    uuid: "1c852a4d-b800-1f08-abcd-02005e103003",
    basic_capabilities: Some(0x0017),
    services: &services::OFFICE,
    mac: [0x02, 0x00, 0x5e, 0x10, 0x30, 0x03],
    ..INKJET_FACTS
};

static MONO: Facts = Facts {
    name: "mono",
    description: "monochrome laser printer that only prints, by IPP over USB",
    product_id: 0xf0e4,
    product: "LaserJet Emulated M100",
    commands: "PJL,JPEG,AppleRaster,PWGRaster,URF",
    device_id_more: "",
    serial: "EMU0000004",
    product_number: "EMU04A",
    firmware: ("20260115", "2026-01-15"),
    uuid: "1c852a4d-b800-1f08-abcd-02005e103004",
    interfaces: &[&[PRINTER, IPP_USB], &[IPP_USB]],
    basic_capabilities: Some(0x0011),
    services: &services::MONO,
    job_types: &["configurationPage", "networkSummary"],
    mac: [0x02, 0x00, 0x5e, 0x10, 0x30, 0x04],
    paper: Paper::Letter,
    ..INKJET_FACTS
};

static IPP: Facts = IPP_FACTS;

const IPP_FACTS: Facts = Facts {
    name: "ipp",
    description: "another maker's inkjet: IPP and eSCL over USB, Wi-Fi shown and not settable",
    vendor_id: ANYBODY,
    maker: "Emuprint",
    product_id: 0x0001,
    product: "Emulated P1",
    commands: "JPEG,AppleRaster,PWGRaster,URF",
    device_id_more: "",
    serial: "EMU0000101",
    product_number: "EMU101",
    firmware: ("1.0.0", "2026-01-15"),
    uuid: "1c852a4d-b800-1f08-abcd-02005e103101",
    interfaces: &[&[PRINTER, IPP_USB], &[PRINTER, IPP_USB]],
    basic_capabilities: Some(0x0013),
    ledm: false,
    // Two actions, and no display \[C, Brother MFC-J5320DW\].
    identify: &["flash", "sound"],
    station: "",
    wps_support: false,
    wants_xhr: false,
    job_types: &[],
    server: "emuprint",
    mac: [0x02, 0x00, 0x5e, 0x10, 0x31, 0x01],
    ..INKJET_FACTS
};

static IPP_WIFI: Facts = Facts {
    name: "ipp-wifi",
    description: "the same, with Wi-Fi that can be set up by IPP",
    product_id: 0x0002,
    product: "Emulated P2w",
    serial: "EMU0000102",
    product_number: "EMU102",
    uuid: "1c852a4d-b800-1f08-abcd-02005e103102",
    settable: &["printer-geo-location", "printer-location", "printer-wifi-password", "printer-wifi-ssid"],
    tells_address: true,
    mac: [0x02, 0x00, 0x5e, 0x10, 0x31, 0x02],
    ..IPP_FACTS
};

static LEGACY: Facts = Facts {
    name: "legacy",
    description: "monochrome laser printer without HTTP: PJL on the old printer class",
    product_id: 0xf0ea,
    product: "LaserJet Emulated 1000",
    commands: "PJL,PML,PCL,POSTSCRIPT",
    serial: "EMU0000010",
    product_number: "EMU10A",
    firmware: ("20050115", "2005-01-15"),
    uuid: "",
    interfaces: &[&[PRINTER_ONLY]],
    ledm: false,
    station: "",
    soft_ap: ("", ""),
    wps_pin: false,
    job_types: &["configurationPage"],
    server: "",
    mac: [0; 6],
    ..LASERJET_FACTS
};

static PATCHED: Facts = Facts {
    name: "patched",
    description: "the laserjet with later firmware: WPS/Pin is gone",
    product_id: 0xf0e5,
    product: "LaserJet Emulated P1001w",
    serial: "EMU0000005",
    product_number: "EMU05A",
    firmware: ("20140612", "2014-06-12"),
    uuid: "1c852a4d-b800-1f08-abcd-02005e103005",
    wps_pin: false,
    mac: [0x02, 0x00, 0x5e, 0x10, 0x30, 0x05],
    ..LASERJET_FACTS
};

static CDM: Facts = CDM_FACTS;

const CDM_FACTS: Facts = Facts {
    name: "cdm",
    description: "ink tank all-in-one with CDM, no LEDM, open to everybody",
    product_id: 0xf0e6,
    product: "Smart Tank Emulated 580 series",
    device_id_more: "",
    serial: "EMU0000006",
    product_number: "EMU06A",
    firmware: ("EMUCDMNN001.0000A.00", "2026-01-15"),
    uuid: "1c852a4d-b800-1f08-abcd-02005e103006",
    interfaces: &[&[PRINTER, IPP_USB], &[EWS_LEDM, IPP_USB]],
    ledm: false,
    cdm: Some(&cdm::OPEN),
    job_types: &[],
    mac: [0x02, 0x00, 0x5e, 0x10, 0x30, 0x06],
    ..INKJET_FACTS
};

static CDM_TOKEN: Facts = Facts {
    name: "cdm-token",
    description: "office laser printer with CDM, no LEDM; writes want a token",
    product_id: 0xf0e7,
    product: "LaserJet Emulated 4000",
    commands: "PJL,PDF,JPEG,AppleRaster,PWGRaster,URF",
    serial: "EMU0000007",
    product_number: "EMU07A",
    uuid: "1c852a4d-b800-1f08-abcd-02005e103007",
    basic_capabilities: Some(0x0011),
    cdm: Some(&cdm::TOKEN),
    services: &services::MONO,
    mac: [0x02, 0x00, 0x5e, 0x10, 0x30, 0x07],
    paper: Paper::Letter,
    ..CDM_FACTS
};

static HYBRID: Facts = Facts {
    name: "hybrid",
    description: "ink tank all-in-one with LEDM and a few CDM documents",
    product_id: 0xf0e8,
    product: "Smart Tank Emulated 750 series",
    serial: "EMU0000008",
    product_number: "EMU08A",
    firmware: ("EMUHYBNN001.0000A.00", "2026-01-15"),
    uuid: "1c852a4d-b800-1f08-abcd-02005e103008",
    cdm: Some(&cdm::HYBRID),
    mac: [0x02, 0x00, 0x5e, 0x10, 0x30, 0x08],
    ..INKJET_FACTS
};

/// HP's idVendor: most models have it, because the agent's rules for HP are what they test.
pub const VENDOR: u16 = 0x03f0;
/// idVendor of pid.codes, whose product ids 0001 to 0010 are for tests.
const ANYBODY: u16 = 0x1209;

impl Model {
    /// Every model, in the order a list shows them.
    pub const ALL: &'static [Self] = &[
        Self::Inkjet,
        Self::LaserJet,
        Self::OfficeJet,
        Self::Mono,
        Self::Ipp,
        Self::IppWifi,
        Self::Legacy,
        Self::Patched,
        Self::Cdm,
        Self::CdmToken,
        Self::Hybrid,
    ];

    /// The model of this name, as [`Model::name`] gives it.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|model| model.name() == name)
    }

    /// How it is named on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.facts().name
    }

    /// What it is, in half a line.
    #[must_use]
    pub fn description(self) -> &'static str {
        self.facts().description
    }

    /// What the device calls itself, without the manufacturer.
    #[must_use]
    pub fn product(self) -> &'static str {
        self.facts().product
    }

    /// idVendor.
    #[must_use]
    pub fn vendor_id(self) -> u16 {
        self.facts().vendor_id
    }

    /// idProduct. Our own; see the module's words.
    #[must_use]
    pub fn product_id(self) -> u16 {
        self.facts().product_id
    }

    /// iSerialNumber, unless [`Options::serial`](super::Options::serial) says otherwise.
    #[must_use]
    pub fn serial(self) -> &'static str {
        self.facts().serial
    }

    pub(super) fn facts(self) -> &'static Facts {
        match self {
            Self::Inkjet => &INKJET,
            Self::LaserJet => &LASERJET,
            Self::OfficeJet => &OFFICEJET,
            Self::Mono => &MONO,
            Self::Ipp => &IPP,
            Self::IppWifi => &IPP_WIFI,
            Self::Legacy => &LEGACY,
            Self::Patched => &PATCHED,
            Self::Cdm => &CDM,
            Self::CdmToken => &CDM_TOKEN,
            Self::Hybrid => &HYBRID,
        }
    }
}
