//! What the printer says about itself: the attributes that IPP Everywhere asks for (PWG 5100.14, 5.2), with the
//! values of a small HP printer.

use super::super::printer::Printer;
use super::super::services::{Paper, Print};
use super::clock;
use super::message::{Attribute, Value};
use super::operations::Operation;
use super::wifi;

/// Which attributes describe how a job may be (RFC 8011, 5.2; PWG 5100.7): `x` of x-default and x-supported.
const TEMPLATE: &[&str] = &[
    "copies",
    "feed-orientation",
    "finishings",
    "media",
    "media-bottom-margin",
    "media-col",
    "media-left-margin",
    "media-right-margin",
    "media-size",
    "media-source",
    "media-top-margin",
    "media-type",
    "multiple-document-handling",
    "orientation-requested",
    "output-bin",
    "overrides",
    "page-ranges",
    "print-color-mode",
    "print-content-optimize",
    "print-quality",
    "print-rendering-intent",
    "print-scaling",
    "printer-resolution",
    "sides",
];

/// What can be said of a job when it is made.
pub(super) const CREATION: &[&str] = &[
    "copies",
    "finishings",
    "ipp-attribute-fidelity",
    "job-name",
    "media",
    "media-col",
    "multiple-document-handling",
    "orientation-requested",
    "output-bin",
    "overrides",
    "page-ranges",
    "print-color-mode",
    "print-content-optimize",
    "print-quality",
    "print-rendering-intent",
    "print-scaling",
    "printer-resolution",
    "sides",
];

/// For whom, and through which door.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub printer: &'a Printer,
    /// What the model prints.
    pub print: &'a Print,
    /// The authority that the client reached the printer by.
    pub host: &'a str,
    /// `/ipp/faxout` instead of `/ipp/print`.
    pub fax: bool,
}

impl View<'_> {
    /// The path of the printer's URI.
    pub fn path(&self) -> &'static str {
        if self.fax { "/ipp/faxout" } else { "/ipp/print" }
    }

    pub fn uri(&self) -> String {
        format!("ipp://{}{}", self.host, self.path())
    }
}

/// `requested-attributes` (RFC 8011, 4.2.5.1). `media-col-database` comes only where it is named
/// (PWG 5100.7, 6.3.1).
pub(super) fn requested(wanted: Option<&Attribute>, attributes: Vec<Attribute>) -> Vec<Attribute> {
    let names: Vec<&str> =
        wanted.map_or_else(|| vec!["all"], |wanted| wanted.values.iter().filter_map(Value::text).collect());
    let asked = |attribute: &Attribute| {
        names.iter().any(|name| match *name {
            _ if *name == attribute.name => true,
            "all" => attribute.name != "media-col-database",
            "job-template" => is_template(&attribute.name) && attribute.name != "media-col-database",
            "printer-description" => !is_template(&attribute.name),
            _ => false,
        })
    };
    attributes.into_iter().filter(asked).collect()
}

fn is_template(name: &str) -> bool {
    ["-default", "-supported", "-ready", "-database"]
        .iter()
        .filter_map(|suffix| name.strip_suffix(suffix))
        .any(|base| TEMPLATE.contains(&base))
}

pub(super) fn keywords(name: &str, values: &[&str]) -> Attribute {
    Attribute::new(name, values.iter().map(|value| Value::Keyword((*value).to_owned())).collect())
}

pub(super) fn one(name: &str, value: Value) -> Attribute {
    Attribute::new(name, vec![value])
}

fn text(name: &str, value: &str) -> Attribute {
    one(name, Value::Text(value.to_owned()))
}

fn integers(name: &str, values: &[i32]) -> Attribute {
    Attribute::new(name, values.iter().map(|value| Value::Integer(*value)).collect())
}

fn enums(name: &str, values: &[i32]) -> Attribute {
    Attribute::new(name, values.iter().map(|value| Value::Enum(*value)).collect())
}

fn dpi(name: &str, values: &[i32]) -> Attribute {
    Attribute::new(name, values.iter().map(|value| Value::Resolution(*value, *value, 3)).collect())
}

fn yes(name: &str) -> Attribute {
    one(name, Value::Boolean(true))
}

/// In hundredths of a millimetre (PWG 5100.7, 6.3.1.13).
fn size(paper: &Paper) -> Value {
    Value::Collection(vec![
        one("x-dimension", Value::Integer(paper.width)),
        one("y-dimension", Value::Integer(paper.height)),
    ])
}

/// The narrowest margin of a sheet that is not printed to its edge, in hundredths of a millimetre.
const MARGIN: i32 = 296;

fn media_col(paper: &Paper, margin: i32, source: &str, kind: &str) -> Value {
    let mut members = vec![
        one("media-key", Value::Keyword(format!("{}_{source}_{kind}_{margin}", paper.name))),
        one("media-size", size(paper)),
        one("media-size-name", Value::Keyword(paper.name.to_owned())),
    ];
    for side in ["bottom", "left", "right", "top"] {
        members.push(one(&format!("media-{side}-margin"), Value::Integer(margin)));
    }
    members.push(one("media-source", Value::Keyword(source.to_owned())));
    members.push(one("media-type", Value::Keyword(kind.to_owned())));
    Value::Collection(members)
}

/// Everything, in a fixed order.
pub(super) fn all(view: View<'_>) -> Vec<Attribute> {
    let mut attributes = description(view);
    attributes.extend(status(view));
    attributes.extend(documents(view));
    attributes.extend(template(view));
    attributes.extend(media(view));
    if view.fax {
        attributes.extend([
            Attribute::new("destination-uri-schemes-supported", vec![Value::UriScheme("tel".to_owned())]),
            keywords("destination-uris-supported", &["destination-uri"]),
        ]);
    }
    attributes
}

fn description(view: View<'_>) -> Vec<Attribute> {
    let facts = view.printer.facts();
    let http = |path: &str| Value::Uri(format!("http://{}{path}", view.host));
    let product = facts.full_name();
    let feature = if view.fax { "faxout" } else { "ipp-everywhere" };
    let operations: Vec<i32> =
        Operation::ALL.iter().filter(|operation| operation.offered(view.fax)).map(|op| i32::from(op.id())).collect();
    // Under the name that the client used first.
    let own = wifi::addresses(view.printer).into_iter().map(|address| format!("ipp://{address}{}", view.path()));
    let uris: Vec<String> = std::iter::once(view.uri()).chain(own).collect();
    let language = |name: &str| one(name, Value::Language("en".to_owned()));
    vec![
        Attribute::new("printer-uri-supported", uris.iter().cloned().map(Value::Uri).collect()),
        keywords("uri-security-supported", &vec!["none"; uris.len()]),
        keywords("uri-authentication-supported", &vec!["requesting-user-name"; uris.len()]),
        one("printer-name", Value::Name(super::super::ledm::hostname(view.printer))),
        text("printer-info", &product),
        text("printer-make-and-model", &product),
        text("printer-location", ""),
        one("printer-geo-location", Value::Uri("geo:0,0".to_owned())),
        text("printer-organization", ""),
        text("printer-organizational-unit", ""),
        one("printer-dns-sd-name", Value::Name(format!("{product} [{}]", hex_tail(view.printer)))),
        text("printer-device-id", &view.printer.device_id()),
        one("printer-uuid", Value::Uri(format!("urn:uuid:{}", facts.uuid))),
        one("printer-more-info", http("/")),
        one("printer-supply-info-uri", http("/supplies.html")),
        Attribute::new("printer-icons", vec![http("/icon-128.png")]),
        keywords("printer-kind", if view.print.color { &["document", "photo"] } else { &["document"] }),
        keywords("ipp-versions-supported", &["1.0", "1.1", "2.0"]),
        keywords("ipp-features-supported", &[feature]),
        enums("operations-supported", &operations),
        one("charset-configured", Value::Charset("utf-8".to_owned())),
        Attribute::new(
            "charset-supported",
            vec![Value::Charset("us-ascii".to_owned()), Value::Charset("utf-8".to_owned())],
        ),
        language("natural-language-configured"),
        language("generated-natural-language-supported"),
        one("color-supported", Value::Boolean(view.print.color)),
        integers("pages-per-minute", &[20]),
        keywords("identify-actions-default", facts.identify.get(..1).unwrap_or_default()),
        keywords("identify-actions-supported", facts.identify),
        keywords("printer-get-attributes-supported", &["document-format"]),
        keywords("which-jobs-supported", &["completed", "not-completed", "all"]),
        yes("job-ids-supported"),
        one("preferred-attributes-supported", Value::Boolean(false)),
        one("multiple-document-jobs-supported", Value::Boolean(false)),
        integers("multiple-operation-time-out", &[super::jobs::PATIENCE_SECONDS]),
        keywords("multiple-operation-time-out-action", &["abort-job"]),
        keywords("pdl-override-supported", &["attempted"]),
        keywords("job-creation-attributes-supported", CREATION),
        text("mopria-certified", "1.3"),
        one("printer-firmware-name", Value::Name("emulated".to_owned())),
        text("printer-firmware-string-version", facts.firmware.0),
    ]
    .into_iter()
    .chain(view.print.color.then(|| integers("pages-per-minute-color", &[10])))
    .chain(wifi::attributes(view))
    .collect()
}

/// The last three bytes of the station's address, as HP's printers name themselves.
fn hex_tail(printer: &Printer) -> String {
    super::super::ledm::hex(printer.facts().mac.get(3..).unwrap_or_default())
}

/// printer-state-reasons for what the status document says (RFC 8011, 5.4.12).
fn reason(printer: &Printer) -> &'static str {
    match printer.blocked() {
        None => "none",
        Some("trayEmptyOrOpen") => "media-empty-error",
        Some("closeDoorOrCover") => "cover-open-error",
        Some("jamInPrinter") => "media-jam-error",
        Some("initializing") => "starting-up",
        Some(_) => "other-error",
    }
}

/// All of printer-state-reasons.
fn reasons(printer: &Printer) -> Vec<&'static str> {
    match (reason(printer), wifi::unconfigured(printer)) {
        (reason, false) => vec![reason],
        ("none", true) => vec!["wifi-not-configured-report"],
        (reason, true) => vec![reason, "wifi-not-configured-report"],
    }
}

fn status(view: View<'_>) -> Vec<Attribute> {
    let printer = view.printer;
    let queue = printer.services().jobs();
    let active = queue.active(printer.blocked().is_some());
    let (state, message) = match (printer.blocked(), active) {
        (Some(_), _) => (5, "stopped"),
        (None, 1..) => (4, "processing"),
        (None, 0) => (3, "idle"),
    };
    let (boot, up_time) = (queue.boot(), queue.up_time());
    drop(queue);
    let supplies: &[(&str, &str, i32)] = if view.print.color {
        &[("black ink", "#000000", 70), ("tri-color ink", "#00FFFF#FF00FF#FFFF00", 45)]
    } else {
        &[("black toner", "#000000", 80)]
    };
    let kind = if view.print.color { "ink-cartridge" } else { "toner-cartridge" };
    let supply = |(name, _, level): &(&str, &str, i32)| {
        let colorant = name.split(' ').next().unwrap_or_default();
        let kind = kind.replace("-c", "C");
        let row = format!(
            "type={kind};maxcapacity=100;level={level};class=supplyThatIsConsumed;unit=percent;colorantname={colorant};"
        );
        Value::Octets(row.into_bytes())
    };
    vec![
        enums("printer-state", &[state]),
        keywords("printer-state-reasons", &reasons(printer)),
        text("printer-state-message", message),
        yes("printer-is-accepting-jobs"),
        integers("queued-job-count", &[i32::try_from(active).unwrap_or(i32::MAX)]),
        integers("printer-up-time", &[up_time]),
        one("printer-current-time", clock::now()),
        integers("printer-state-change-time", &[1]),
        one("printer-state-change-date-time", clock::date_time(boot)),
        integers("printer-config-change-time", &[1]),
        one("printer-config-change-date-time", clock::date_time(boot)),
        Attribute::new("printer-supply", supplies.iter().map(supply).collect()),
        Attribute::new(
            "printer-supply-description",
            supplies.iter().map(|(name, ..)| Value::Text((*name).to_owned())).collect(),
        ),
        Attribute::new("marker-names", supplies.iter().map(|(name, ..)| Value::Name((*name).to_owned())).collect()),
        Attribute::new("marker-colors", supplies.iter().map(|row| Value::Name(row.1.to_owned())).collect()),
        keywords("marker-types", &vec![kind; supplies.len()]),
        integers("marker-levels", &supplies.iter().map(|row| row.2).collect::<Vec<_>>()),
        integers("marker-low-levels", &vec![10; supplies.len()]),
        integers("marker-high-levels", &vec![100; supplies.len()]),
    ]
}

/// Formats and what the raster formats may be (PWG 5102.4; urf-supported as captured from an OfficeJet \[C\]).
fn documents(view: View<'_>) -> Vec<Attribute> {
    let print = view.print;
    let formats = print.formats.iter().map(|format| Value::MimeType((*format).to_owned())).collect();
    let mut urf = vec!["V1.4".to_owned(), "CP99".to_owned(), "W8".to_owned()];
    if print.color {
        urf.push("SRGB24".to_owned());
    }
    let range: Vec<String> = print.resolutions.iter().map(ToString::to_string).collect();
    urf.push(format!("RS{}", range.join("-")));
    urf.extend(["MT1-8", "PQ3-4-5", "IS1", "OB10", "FN3"].map(str::to_owned));
    if print.duplex {
        urf.push("DM1".to_owned());
    }
    let types: &[&str] = if print.color { &["black_1", "sgray_8", "srgb_8"] } else { &["black_1", "sgray_8"] };
    vec![
        one("document-format-default", Value::MimeType("application/octet-stream".to_owned())),
        Attribute::new("document-format-supported", formats),
        keywords("compression-supported", &["none", "deflate", "gzip"]),
        keywords("urf-supported", &urf.iter().map(String::as_str).collect::<Vec<_>>()),
        keywords("pwg-raster-document-type-supported", types),
        dpi("pwg-raster-document-resolution-supported", print.resolutions),
        keywords("pwg-raster-document-sheet-back", &["normal"]),
        one("job-k-octets-supported", Value::Range(0, i32::MAX)),
        one("jpeg-k-octets-supported", Value::Range(0, 65_536)),
        one("jpeg-x-dimension-supported", Value::Range(0, 32_767)),
        one("jpeg-y-dimension-supported", Value::Range(0, 32_767)),
    ]
}

fn template(view: View<'_>) -> Vec<Attribute> {
    let print = view.print;
    let first = print.resolutions.first().copied().unwrap_or(300);
    let (modes, mode): (&[&str], _) =
        if print.color { (&["auto", "color", "monochrome"], "auto") } else { (&["auto", "monochrome"], "monochrome") };
    let sides: &[&str] =
        if print.duplex { &["one-sided", "two-sided-long-edge", "two-sided-short-edge"] } else { &["one-sided"] };
    let bin = if print.color { "face-up" } else { "face-down" };
    let mut all = vec![
        integers("copies-default", &[1]),
        one("copies-supported", Value::Range(1, if view.fax { 1 } else { 99 })),
        enums("finishings-default", &[3]),
        enums("finishings-supported", &[3]),
        keywords("multiple-document-handling-default", &["separate-documents-collated-copies"]),
        keywords(
            "multiple-document-handling-supported",
            &["separate-documents-uncollated-copies", "separate-documents-collated-copies"],
        ),
        enums("orientation-requested-default", &[3]),
        enums("orientation-requested-supported", &[3, 4, 5, 6]),
        keywords("output-bin-default", &[bin]),
        keywords("output-bin-supported", &[bin]),
        keywords("overrides-supported", &["document-number", "pages"]),
        one("page-ranges-supported", Value::Boolean(print.formats.contains(&"application/pdf"))),
        keywords("print-color-mode-default", &[mode]),
        keywords("print-color-mode-supported", modes),
        keywords("print-content-optimize-default", &["auto"]),
        keywords("print-content-optimize-supported", &["auto", "graphic", "photo", "text", "text-and-graphic"]),
        enums("print-quality-default", &[4]),
        enums("print-quality-supported", &[3, 4, 5]),
        keywords("print-rendering-intent-default", &["auto"]),
        keywords("print-rendering-intent-supported", &["auto", "perceptual"]),
        keywords("print-scaling-default", &["auto"]),
        keywords("print-scaling-supported", &["auto", "auto-fit", "fill", "fit", "none"]),
        dpi("printer-resolution-default", &[first]),
        dpi("printer-resolution-supported", print.resolutions),
        keywords("sides-default", &["one-sided"]),
        keywords("sides-supported", sides),
    ];
    if view.fax {
        all.retain(|attribute| !attribute.name.starts_with("sides-"));
    }
    all
}

fn media(view: View<'_>) -> Vec<Attribute> {
    let print = view.print;
    let ready = print.ready;
    let names: Vec<&str> = print.papers.iter().map(|paper| paper.name).chain(CUSTOM.map(|(name, ..)| name)).collect();
    let margins: &[i32] = if print.color { &[0, MARGIN] } else { &[MARGIN] };
    let kinds: &[&str] =
        if print.color { &["stationery", "photographic-glossy"] } else { &["stationery", "labels", "envelope"] };
    let mut database: Vec<Value> =
        print.papers.iter().map(|paper| media_col(paper, MARGIN, "main", "stationery")).collect();
    let borderless = print.papers.iter().filter(|paper| print.color && paper.photo);
    database.extend(borderless.map(|paper| media_col(paper, 0, "main", "photographic-glossy")));
    let [(_, small_x, small_y), (_, large_x, large_y)] = CUSTOM;
    let custom = Value::Collection(vec![
        one("x-dimension", Value::Range(small_x, large_x)),
        one("y-dimension", Value::Range(small_y, large_y)),
    ]);
    let mut all = vec![
        keywords("media-default", &[ready.name]),
        keywords("media-ready", &[ready.name]),
        keywords("media-supported", &names),
        keywords(
            "media-col-supported",
            &[
                "media-bottom-margin",
                "media-key",
                "media-left-margin",
                "media-right-margin",
                "media-size",
                "media-size-name",
                "media-source",
                "media-top-margin",
                "media-type",
            ],
        ),
        one("media-col-default", media_col(ready, MARGIN, "main", "stationery")),
        one("media-col-ready", media_col(ready, MARGIN, "main", "stationery")),
        Attribute::new("media-col-database", database),
        Attribute::new("media-size-supported", print.papers.iter().map(size).chain([custom]).collect()),
        keywords("media-source-supported", &["auto", "main"]),
        keywords("media-type-supported", kinds),
    ];
    let keys: Vec<Value> = all
        .iter()
        .filter(|attribute| attribute.name == "media-col-database")
        .flat_map(|attribute| &attribute.values)
        .filter_map(|value| match value {
            Value::Collection(members) => members.first()?.values.first().cloned(),
            _ => None,
        })
        .collect();
    all.push(Attribute::new("media-key-supported", keys));
    for side in ["bottom", "left", "right", "top"] {
        all.push(integers(&format!("media-{side}-margin-supported"), margins));
    }
    all
}

/// The smallest and the largest sheet of no named size: self-describing name, width, height.
const CUSTOM: [(&str, i32, i32); 2] =
    [("custom_min_76.2x127mm", 7620, 12_700), ("custom_max_215.9x355.6mm", 21_590, 35_560)];
