//! What is published of a printer: the services and TXT records of ipp-usb, so that CUPS, cups-browsed and sane-airscan
//! treat it as they always did [C ipp-usb 0.9.23, both programs' records compared in the lab].

use super::facts::{Answer, Facts};
use crate::agent::view::PrinterView;
use crate::bridge::authority::Authority;
use crate::ipp::description::Description;
use crate::printer::text::clean;
use crate::usb::device_id;

/// The longest string of a TXT record, `key=` included (RFC 6763, 6.1).
const TXT: usize = 255;

/// One service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Service {
    /// Its type.
    pub(super) kind: &'static str,
    /// Its subtypes.
    pub(super) subtypes: &'static [&'static str],
    /// The name of the instance, where it is not the printer's.
    pub(super) instance: Option<String>,
    /// Its port.
    pub(super) port: u16,
    /// `key=value` each.
    pub(super) txt: Vec<Vec<u8>>,
}

impl Service {
    fn new(kind: &'static str, port: u16, txt: Txt) -> Self {
        Self { kind, subtypes: &[], instance: None, port, txt: txt.0 }
    }
}

/// Everything that is published of a printer. `socket`: the port of its hub that it is in.
pub(super) fn services(printer: &PrinterView, socket: u8, port: u16, facts: &Facts) -> Vec<Service> {
    let mut services = Vec::new();
    let unsaid = Description::default();
    let description = match &facts.print {
        Answer::Said(description) => Some(description),
        Answer::Nothing => Some(&unsaid),
        Answer::No => None,
    };
    if let Some(description) = description {
        // The flagship of a printer's services is published even where there is no LPD, and with port 0 then
        // (Bonjour Printing 1.2.1, 4.2.3).
        services.push(Service::new("_printer._tcp", 0, Txt::default().usb(printer)));
        let txt = printing(printer, port, description, facts).usb(printer);
        services.push(Service { subtypes: &["_universal._sub._ipp._tcp"], ..Service::new("_ipp._tcp", port, txt) });
    }
    if let Answer::Said(scanner) = &facts.scan {
        let mut txt = Txt::default();
        let sources: Vec<_> = [(scanner.platen, "platen"), (scanner.feeder, "adf")]
            .iter()
            .filter(|(has, _)| *has)
            .map(|(_, is)| *is)
            .collect();
        let web = |own: &Option<String>, printers: Option<&String>| own.as_ref().or(printers).cloned();
        txt.add("duplex", flag(scanner.duplex));
        txt.add("is", &sources.join(","));
        txt.add("cs", &scanner.colors.iter().copied().collect::<Vec<_>>().join(","));
        let uuid = description.and_then(|printer| printer.uuid.clone());
        txt.known(
            "UUID",
            uuid.or_else(|| scanner.uuid.as_deref().and_then(uuid_of)).as_deref().unwrap_or(&printer.uuid),
        );
        txt.url("adminurl", port, web(&scanner.admin, description.and_then(|printer| printer.more_info.as_ref())));
        txt.url("representation", port, web(&scanner.icon, description.and_then(|printer| printer.icon.as_ref())));
        txt.words("pdl", scanner.formats.iter());
        txt.add("ty", &printer.model);
        txt.add("rs", "eSCL");
        txt.known("vers", &word(&scanner.version));
        txt.add("txtvers", "1");
        services.push(Service::new("_uscan._tcp", port, txt.usb(printer)));
    }
    services.push(Service::new("_http._tcp", port, Txt::default()));
    // Tells drivers of other kinds that this device is driven by its IPP interfaces. One that isn't is theirs.
    if description.is_some() {
        let instance = format!("{:02X}{socket:02x}", printer.address.bus);
        services.push(Service { instance: Some(instance), ..Service::new("_ipp-usb._tcp", port, Txt::default()) });
    }
    services
}

fn printing(printer: &PrinterView, port: u16, said: &Description, facts: &Facts) -> Txt {
    let id = device_id::parse(said.device_id.as_deref().unwrap_or_default().as_bytes());
    let silent = *said == Description::default();
    let usb = |said: Option<String>, seen: &str| match said {
        None if silent => seen.to_owned(),
        said => said.unwrap_or_default(),
    };
    let product = match said.make_and_model.as_deref().map(clean) {
        None if silent => by_usb(printer),
        product => product.unwrap_or_default(),
    };
    let mut txt = Txt::default();
    txt.add("air", "none");
    txt.known("mopria-certified", &clean(said.mopria.as_deref().unwrap_or_default()));
    txt.add("rp", "ipp/print");
    txt.add("priority", "50");
    txt.words("kind", said.kinds.iter());
    if let Some(largest) = said.largest {
        txt.add("PaperMax", paper(largest));
    }
    if said.urf.is_empty() {
        txt.known("URF", &clean(id.get("URF").unwrap_or_default()));
    } else {
        txt.words("URF", said.urf.iter());
    }
    txt.known("UUID", said.uuid.as_deref().unwrap_or(&printer.uuid));
    if let Some(color) = said.color {
        txt.add("Color", flag(color));
    }
    if let Some(duplex) = said.duplex {
        txt.add("Duplex", flag(duplex));
    }
    txt.add("note", &clean(said.location.as_deref().unwrap_or_default()));
    txt.add("qtotal", "1");
    txt.known("usb_MDL", &clean(&usb(id.model.clone(), &printer.model)));
    txt.known("usb_MFG", &clean(&usb(id.manufacturer.clone(), &printer.manufacturer)));
    txt.words("usb_CMD", id.commands.iter());
    if !product.is_empty() {
        txt.add("ty", &product);
        txt.add("product", &format!("({product})"));
    }
    txt.words("pdl", said.formats.iter());
    txt.add("txtvers", "1");
    txt.url("adminurl", port, said.more_info.clone());
    let fax = matches!(facts.fax, Answer::Said(()));
    txt.add("Fax", flag(fax));
    if fax {
        txt.add("rfo", "ipp/faxout");
    }
    txt.add("Scan", flag(matches!(facts.scan, Answer::Said(_))));
    txt
}

/// What a printer is called by its strings: the manufacturer once.
pub(super) fn by_usb(printer: &PrinterView) -> String {
    if printer.model.starts_with(&printer.manufacturer) {
        printer.model.clone()
    } else {
        format!("{} {}", printer.manufacturer, printer.model)
    }
}

fn flag(yes: bool) -> &'static str {
    if yes { "T" } else { "F" }
}

/// `PaperMax` (Bonjour Printing 1.2.1, 9.2.6) of the widest and the longest sheet, in hundredths of a millimetre.
fn paper(largest: (i32, i32)) -> &'static str {
    /// From large to small: the sheet of the United States, and ISO's.
    const CLASSES: [(&str, [(i32, i32); 2]); 3] = [
        ("isoC-A2", [(43_180, 55_880), (42_000, 59_400)]),
        ("tabloid-A3", [(27_940, 43_180), (29_700, 42_000)]),
        ("legal-A4", [(21_590, 35_560), (21_000, 29_700)]),
    ];
    let less = |a: (i32, i32), b: (i32, i32)| a.0 <= b.0 && a.1 <= b.1 && a != b;
    if CLASSES.iter().take(1).any(|(_, sheets)| sheets.iter().any(|sheet| less(*sheet, largest))) {
        return ">isoC-A2";
    }
    CLASSES
        .iter()
        .find(|(_, sheets)| sheets.iter().any(|sheet| !less(largest, *sheet)))
        .map_or("<legal-A4", |(class, _)| class)
}

/// A keyword, a MIME type, a version: printable ASCII without the comma that separates it from the next.
fn word(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_graphic() && *c != ',').take(TXT).collect()
}

/// Any of the ways in which people write a UUID.
fn uuid_of(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let digits = lower.strip_prefix("urn:").unwrap_or(&lower);
    let digits = digits.strip_prefix("uuid:").unwrap_or(digits);
    let digits: String = digits.chars().filter(char::is_ascii_hexdigit).take(33).collect();
    let part = |from, to| digits.get(from..to);
    (digits.len() == 32).then_some(())?;
    Some(format!("{}-{}-{}-{}-{}", part(0, 8)?, part(8, 12)?, part(12, 16)?, part(16, 20)?, part(20, 32)?))
}

/// A TXT record.
#[derive(Clone, Debug, Default)]
struct Txt(Vec<Vec<u8>>);

impl Txt {
    fn add(&mut self, key: &str, value: &str) {
        let mut string = format!("{key}={value}");
        while string.len() > TXT {
            string.pop();
        }
        self.0.push(string.into_bytes());
    }

    /// Where there is something to say.
    fn known(&mut self, key: &str, value: &str) {
        if !value.is_empty() {
            self.add(key, value);
        }
    }

    /// A list, as many of it as have room.
    fn words<'a>(&mut self, key: &str, words: impl Iterator<Item = &'a String>) {
        let mut value = String::new();
        for word in words.map(|text| word(text)).filter(|word| !word.is_empty()) {
            if key.len() + 1 + value.len() + 1 + word.len() > TXT + usize::from(value.is_empty()) {
                break;
            }
            if !value.is_empty() {
                value.push(',');
            }
            value.push_str(&word);
        }
        self.known(key, &value);
    }

    /// A page of the printer's, where this computer finds it.
    fn url(&mut self, key: &str, port: u16, said: Option<String>) {
        let Some(said) = said.filter(|said| said.bytes().all(|byte| byte.is_ascii_graphic())) else { return };
        // Its own web server may speak TLS, too; ours does not.
        let plain = match said.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => format!("http://{rest}"),
            _ => said,
        };
        let Some((_, path)) = Authority::of_url(&plain) else { return };
        let url = format!("http://localhost:{port}{path}");
        // Half an address is none.
        if key.len() + 1 + url.len() <= TXT {
            self.add(key, &url);
        }
    }

    /// What drivers find the device by.
    fn usb(mut self, printer: &PrinterView) -> Self {
        self.add("usb_SER", &printer.serial_number);
        self.add("usb_HWID", &format!("{:04x}&{:04x}", printer.vendor_id, printer.product_id));
        self
    }
}

#[cfg(test)]
#[path = "records_tests.rs"]
mod tests;
