//! HP's LEDM resources as the printer serves them. Shapes after captures of an ENVY Photo 7830 and a Smart
//! Tank 750 \[C\]; values are our own, addresses are from the documentation ranges (RFC 5737, RFC 3849).

use bytes::Bytes;
use hyper::{HeaderMap, Method};
use quick_xml::escape::escape;

use super::faults::Resource;
use super::options::{PinAccess, PrintRoot};
use super::printer::Printer;
use super::radio::{documents, resources};
use super::request::{self, Root};

/// The emulated network's name.
pub(super) const SSID: &str = "Emulated Network";
pub(super) const BSSID: [u8; 6] = [0x02, 0x00, 0x5e, 0x10, 0x00, 0x01];
pub(super) const ADDRESS: &str = "192.0.2.57";
pub(super) const SUBNET: &str = "255.255.255.0";
pub(super) const GATEWAY: &str = "192.0.2.1";
pub(super) const DNS: &str = "192.0.2.53";
pub(super) const ADDRESS_V6: &str = "2001:db8::57";
pub(super) const CHANNEL: u8 = 6;
pub(super) const SIGNAL_DBM: i8 = -52;

pub(super) const DD: &str = r#"xmlns:dd="http://www.hp.com/schemas/imaging/con/dictionaries/1.0/""#;
pub(super) const IO: &str = r#"xmlns:io="http://www.hp.com/schemas/imaging/con/ledm/iomgmt/2008/11/30""#;
pub(super) const MAP: &str = r#"xmlns:map="http://www.hp.com/schemas/imaging/con/ledm/resourcemap/2009/01/27""#;
pub(super) const WIFI: &str = r#"xmlns:wifi="http://www.hp.com/schemas/imaging/con/wifi/2009/06/26""#;
pub(super) const PROLOGUE: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- THIS DATA SUBJECT TO DISCLAIMER(S) INCLUDED WITH THE PRODUCT OF ORIGIN. -->\n";
pub(super) const VERSION: &str =
    "\t<dd:Version>\n\t\t<dd:Revision>EMULATED.1</dd:Revision>\n\t\t<dd:Date>2026-01-15</dd:Date>\n\t</dd:Version>\n";

/// A response before it is framed.
pub(super) struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Bytes,
}

impl Reply {
    pub fn status(status: u16) -> Self {
        let mut headers = Vec::new();
        if status == 401 {
            // [C: Digest, user admin]
            headers.push((
                "WWW-Authenticate",
                r#"Digest realm="emulated", nonce="0123456789abcdef", qop="auth""#.to_owned(),
            ));
        }
        Self { status, headers, body: Bytes::new() }
    }

    /// 401 with this challenge.
    pub fn challenge(challenge: String) -> Self {
        Self { status: 401, headers: vec![("WWW-Authenticate", challenge)], body: Bytes::new() }
    }

    pub fn document(printer: &Printer, body: String) -> Self {
        let headers = vec![
            ("Server", printer.facts().server.to_owned()),
            ("Content-Type", "text/xml".to_owned()),
            ("Cache-Control", "must-revalidate, max-age=0".to_owned()),
            ("Pragma", "no-cache".to_owned()),
        ];
        Self { status: 200, headers, body: body.into() }
    }

    pub fn with_body(mut self, change: impl FnOnce(&Bytes) -> Bytes) -> Self {
        if self.status == 200 && !self.body.is_empty() {
            self.body = change(&self.body);
        }
        self
    }
}

/// The path below the station's URI; its case counts \[C\].
pub(super) fn below_station<'a>(printer: &Printer, path: &'a str) -> Option<&'a str> {
    path.strip_prefix("/IoMgmt/Adapters/")?.strip_prefix(printer.facts().station)?.strip_prefix('/')
}

/// Which resource a request is for, for faults. A wrong adapter name is none.
pub(super) fn resource(printer: &Printer, method: &Method, path: &str) -> Resource {
    match path {
        "/DevMgmt/DiscoveryTree.xml" => Resource::Discovery,
        "/DevMgmt/InternalPrintCap.xml" => Resource::Capabilities,
        "/DevMgmt/InternalPrintDyn.xml" => Resource::Print,
        "/DevMgmt/ProductStatusDyn.xml" => Resource::Status,
        "/DevMgmt/ProductConfigDyn.xml" => Resource::Config,
        "/IoMgmt/Adapters" => Resource::Adapters,
        "/IoMgmt/IoMgmtManifest.xml" | "/IoMgmt/IoMgmtCap.xml" => Resource::Manifest,
        _ => match below_station(printer, path) {
            Some("Protocols") => Resource::Protocols,
            Some("WPS/Pin") => Resource::Pin,
            Some("VsaCodes.xml") => Resource::Diagnosis,
            Some(profiles) if profiles.starts_with("Profiles/") && *method == Method::PUT => Resource::Join,
            Some(profiles) if profiles.starts_with("Profiles") => Resource::Profiles,
            Some(networks) if networks.starts_with("WifiNetworks") => Resource::Scan,
            None if path.strip_prefix("/IoMgmt/Adapters/") == Some(printer.facts().station) => Resource::Power,
            _ => Resource::Other,
        },
    }
}

/// What the printer answers.
pub(super) fn answer(printer: &Printer, method: &Method, path: &str, headers: &HeaderMap, body: &[u8]) -> Reply {
    if !printer.facts().ledm {
        return Reply::status(404);
    }
    let resource = resource(printer, method, path);
    match resource {
        Resource::Print => {
            return match *method {
                Method::POST => internal_print(printer, path, headers, body),
                // It is write-only and answers so [C, Smart Tank 750].
                Method::GET | Method::HEAD => Reply::status(404),
                _ => Reply::status(405),
            };
        }
        Resource::Power => return resources::power(printer, method, path, headers, body),
        Resource::Scan => return resources::scan(printer, method, path),
        Resource::Profiles | Resource::Join => return resources::profiles(printer, method, path, headers, body),
        // Reading may do something; asking for it in another way must not.
        Resource::Pin if *method != Method::GET => {
            return Reply::status(if has_pin(printer) { 405 } else { 404 });
        }
        _ => {}
    }
    let own = printer.options().documents.get(path).map(|text| Reply::document(printer, text.clone()));
    let Some(document) = own.or_else(|| document(printer, resource, path)) else {
        return Reply::status(404);
    };
    match *method {
        Method::GET | Method::HEAD => document,
        _ => Reply::status(405),
    }
}

fn document(printer: &Printer, resource: Resource, path: &str) -> Option<Reply> {
    let facts = printer.facts();
    let text = match resource {
        Resource::Discovery => discovery(printer),
        Resource::Capabilities => capabilities(printer),
        Resource::Status => status(printer),
        Resource::Config => config(printer),
        Resource::Adapters => documents::adapters(printer),
        Resource::Protocols if facts.wants_xhr => documents::protocols(printer),
        // LaserJets may answer 500 [C].
        Resource::Protocols => return Some(Reply::status(500)),
        Resource::Diagnosis => documents::vsa_codes(printer),
        Resource::Manifest if path == "/IoMgmt/IoMgmtManifest.xml" => manifest(printer),
        Resource::Pin => return pin(printer),
        _ => match path {
            "/IoMgmt/IoConfig.xml" => io_config(printer),
            "/DevMgmt/IOConfigDyn.xml" => documents::io_config_dyn(printer),
            _ => return None,
        },
    };
    Some(Reply::document(printer, text))
}

fn internal_print(printer: &Printer, path: &str, headers: &HeaderMap, body: &[u8]) -> Reply {
    if let Some(refused) = resources::refused(printer, &Method::POST, path, headers) {
        return refused;
    }
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if text("content-type").split(';').next().map(str::trim) != Some("text/xml") {
        return Reply::status(415);
    }
    let Some((root, job_type)) = request::internal_print(body) else {
        return Reply::status(400);
    };
    let taken = match printer.options().print_root {
        PrintRoot::Both => true,
        PrintRoot::A => root == Root::A,
        PrintRoot::B => root == Root::B,
    };
    if !taken || !printer.facts().job_types.contains(&job_type.as_str()) {
        return Reply::status(400);
    }
    if !printer.print(&job_type) {
        return Reply::status(503);
    }
    // [C: 201, queued]
    Reply {
        status: 201,
        headers: vec![
            ("Server", printer.facts().server.to_owned()),
            ("Location", "http://localhost/Jobs/JobList/1".to_owned()),
        ],
        body: Bytes::new(),
    }
}

fn discovery(printer: &Printer) -> String {
    // Resource, type, schema [C, ENVY Photo 7830].
    let mut trees = vec![
        ("/DevMgmt/ProductStatusDyn.xml", "hpLedmProductStatusDyn", "productstatusdyn/2007/10/31"),
        ("/DevMgmt/ProductConfigDyn.xml", "hpLedmProductConfigDyn", "productconfigdyn/2009/03/16"),
    ];
    if !printer.facts().hides_internal_print {
        trees.push(("/DevMgmt/InternalPrintCap.xml", "hpLedmInternalPrintCap", "internalprintcap/2008/03/21"));
        trees.push(("/DevMgmt/InternalPrintDyn.xml", "hpLedmInternalPrintDyn", "internalprintdyn/2008/03/21"));
    }
    let trees: String = trees.iter().map(|(uri, kind, schema)| format!("\t<ledm:SupportedTree>\n\t\t<dd:ResourceURI>{uri}</dd:ResourceURI>\n\t\t<dd:ResourceType>ledm:{kind}</dd:ResourceType>\n\t\t<dd:Revision>http://www.hp.com/schemas/imaging/con/ledm/{schema}</dd:Revision>\n\t</ledm:SupportedTree>\n")).collect();
    format!(
        "{PROLOGUE}<ledm:DiscoveryTree xmlns:ledm=\"http://www.hp.com/schemas/imaging/con/ledm/2007/09/21\" {DD}>\n{VERSION}{trees}\t<ledm:SupportedIfc>\n\t\t<ledm:ManifestURI>/IoMgmt/IoMgmtManifest.xml</ledm:ManifestURI>\n\t\t<dd:ResourceType>ledm:hpLedmIoMgmt</dd:ResourceType>\n\t\t<dd:Revision>http://www.hp.com/schemas/imaging/con/ledm/manifest/2009/03/24</dd:Revision>\n\t</ledm:SupportedIfc>\n</ledm:DiscoveryTree>\n"
    )
}

fn capabilities(printer: &Printer) -> String {
    // The prefixes are not the usual ones on a Smart Tank 750 [C]; here neither.
    let types: String =
        printer.facts().job_types.iter().map(|name| format!("\t\t<n3:JobType>{name}</n3:JobType>\n")).collect();
    format!(
        "<n0:InternalPrintCap xmlns:n0=\"{}\" xmlns:n2=\"http://www.hp.com/schemas/imaging/con/dictionaries/1.0/\" xmlns:n3=\"{}\">\n\t<n2:Version>\n\t\t<n2:Revision>EMULATED.1</n2:Revision>\n\t\t<n2:Date>2026-01-15</n2:Date>\n\t</n2:Version>\n\t<n0:JobUrl access=\"readOnly\">/DevMgmt/InternalPrintDyn.xml</n0:JobUrl>\n\t<n0:JobTypesSupport>\n{types}\t</n0:JobTypesSupport>\n</n0:InternalPrintCap>\n",
        request::IPCAP,
        request::IPDYN,
    )
}

fn status(printer: &Printer) -> String {
    let rows: String = printer.status().iter().map(|category| format!("\t<psdyn:Status>\n\t\t<pscat:StatusCategory>{category}</pscat:StatusCategory>\n\t\t<locid:StringId>65540</locid:StringId>\n\t</psdyn:Status>\n")).collect();
    let alerts: String = printer.blocked().map(|category| format!("\t\t<psdyn:Alert>\n\t\t\t<ad:ProductStatusAlertID>{category}</ad:ProductStatusAlertID>\n\t\t\t<dd:SequenceNumber>1</dd:SequenceNumber>\n\t\t\t<ad:Severity>Error</ad:Severity>\n\t\t\t<ad:AlertPriority>1</ad:AlertPriority>\n\t\t</psdyn:Alert>\n")).unwrap_or_default();
    format!(
        "{PROLOGUE}<psdyn:ProductStatusDyn {DD} xmlns:ad=\"http://www.hp.com/schemas/imaging/con/ledm/alertdetails/2007/10/31\" xmlns:pscat=\"http://www.hp.com/schemas/imaging/con/ledm/productstatuscategories/2007/10/31\" xmlns:locid=\"http://www.hp.com/schemas/imaging/con/ledm/localizationids/2007/10/31\" xmlns:psdyn=\"http://www.hp.com/schemas/imaging/con/ledm/productstatusdyn/2007/10/31\">\n{VERSION}{rows}\t<psdyn:AlertTable>\n\t\t<dd:ModificationNumber>1</dd:ModificationNumber>\n{alerts}\t</psdyn:AlertTable>\n</psdyn:ProductStatusDyn>\n"
    )
}

fn config(printer: &Printer) -> String {
    let facts = printer.facts();
    let (firmware, date) = facts.firmware;
    let phase = if printer.options().out_of_box { "insertInk" } else { "setupComplete" };
    format!(
        "{PROLOGUE}<prdcfgdyn2:ProductConfigDyn {DD} xmlns:prdcfgdyn2=\"http://www.hp.com/schemas/imaging/con/ledm/productconfigdyn/2009/03/16\" xmlns:prdcfgdyn=\"http://www.hp.com/schemas/imaging/con/ledm/productconfigdyn/2007/11/05\">\n{VERSION}\t<prdcfgdyn:ProductInformation>\n\t\t<dd:Version>\n\t\t\t<dd:Revision>{firmware}</dd:Revision>\n\t\t\t<dd:Date>{date}</dd:Date>\n\t\t</dd:Version>\n\t\t<dd:MakeAndModel>{product}</dd:MakeAndModel>\n\t\t<dd:MakeAndModelFamily>{product}</dd:MakeAndModelFamily>\n\t\t<dd:UUID>{uuid}</dd:UUID>\n\t\t<dd:SerialNumber>{serial}</dd:SerialNumber>\n\t\t<dd:ProductNumber>{number}</dd:ProductNumber>\n\t\t<dd:PasswordStatus>notSet</dd:PasswordStatus>\n\t\t<prdcfgdyn:Manufacturer>\n\t\t\t<dd:Name>HP</dd:Name>\n\t\t</prdcfgdyn:Manufacturer>\n\t</prdcfgdyn:ProductInformation>\n\t<prdcfgdyn2:ProductSettings>\n\t\t<dd:OobePhase>{phase}</dd:OobePhase>\n\t</prdcfgdyn2:ProductSettings>\n</prdcfgdyn2:ProductConfigDyn>\n",
        product = facts.product,
        uuid = facts.uuid,
        serial = escape(printer.serial()),
        number = facts.product_number,
    )
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

fn manifest(printer: &Printer) -> String {
    // That it nests, with relative URIs, is seen [C, M28w]; the rest of its content is not public.
    format!(
        "{PROLOGUE}<man:Manifest xmlns:man=\"http://www.hp.com/schemas/imaging/con/ledm/manifest/2009/03/24\" {MAP} {DD} {IO}>\n{VERSION}\t<map:ResourceMap>\n\t\t<map:ResourceNode>\n\t\t\t<map:ResourceLink>\n\t\t\t\t<dd:ResourceURI>/IoMgmt</dd:ResourceURI>\n\t\t\t</map:ResourceLink>\n\t\t\t<map:ResourceMap>\n\t\t\t\t<map:ResourceNode>\n\t\t\t\t\t<map:ResourceLink>\n\t\t\t\t\t\t<dd:ResourceURI>/Adapters</dd:ResourceURI>\n\t\t\t\t\t</map:ResourceLink>\n\t\t\t\t\t<map:ResourceMap>\n\t\t\t\t\t\t<map:ResourceNode>\n\t\t\t\t\t\t\t<map:ResourceLink>\n\t\t\t\t\t\t\t\t<dd:ResourceURI>/{}</dd:ResourceURI>\n\t\t\t\t\t\t\t</map:ResourceLink>\n\t\t\t\t\t\t</map:ResourceNode>\n\t\t\t\t\t</map:ResourceMap>\n\t\t\t\t</map:ResourceNode>\n\t\t\t</map:ResourceMap>\n\t\t</map:ResourceNode>\n\t</map:ResourceMap>\n</man:Manifest>\n",
        printer.facts().station
    )
}

fn io_config(printer: &Printer) -> String {
    format!(
        "{PROLOGUE}<io:IoConfig {IO} {DD} xmlns:dd3=\"http://www.hp.com/schemas/imaging/con/dictionaries/2009/04/06\">\n{VERSION}\t<io:IoDeviceConfig>\n\t\t<dd3:Hostname>{}</dd3:Hostname>\n\t</io:IoDeviceConfig>\n</io:IoConfig>\n",
        hostname(printer)
    )
}

/// The maker and the last three bytes of the station's address, as HP's printers name themselves.
pub(super) fn hostname(printer: &Printer) -> String {
    format!("{}{}", printer.facts().maker, hex(printer.facts().mac.get(3..).unwrap_or_default()))
}

fn has_pin(printer: &Printer) -> bool {
    printer.options().pin_access == PinAccess::Model && printer.facts().wps_pin
}

fn pin(printer: &Printer) -> Option<Reply> {
    if printer.options().pin_access == PinAccess::Unauthorized {
        return Some(Reply::status(401));
    }
    if !has_pin(printer) {
        return None;
    }
    let pin = printer.read_pin();
    resources::pin_was_read(printer, &pin);
    // Root, first attribute and element as in CVE-2013-4807's check [C].
    let document = format!(
        "{PROLOGUE}<io:WpsSession {IO} {DD} {WIFI}>\n{VERSION}\t<wifi:WpsPin>{pin}</wifi:WpsPin>\n</io:WpsSession>\n"
    );
    Some(Reply::document(printer, document))
}
