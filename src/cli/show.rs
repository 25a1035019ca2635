//! `plugprint show`

use std::collections::BTreeMap;

use super::args::Which;
use super::client::Client;
use super::exit::Error;
use super::printers;

/// Shows one printer in full.
///
/// # Errors
/// As [`Client::inventory`]; [`Error::NoSuchPrinter`].
pub async fn run(client: &Client, which: &Which) -> Result<(), Error> {
    let output = client.output;
    let printer = printers::choose(client.inventory().await?.printers, which.printer.as_deref())?;
    if output.is_json() {
        return output.json(&printer.json());
    }
    let p = &printer.properties;
    let (vendor, product) = (p.number("VendorId"), p.number("ProductId"));
    let mut facts = vec![
        ("printer", printer.name()),
        ("id", printer.id()),
        ("serial number", printer.serial()),
        ("uuid", p.text("Uuid")),
        ("usb", format!("{} ({vendor:04x}:{product:04x})", printer.usb())),
        ("transport", p.text("Transport")),
        ("mode", p.text("Mode")),
        ("prints at", p.text("Uri")),
        ("pages", p.text("AdminUri")),
        ("state", printer.state()),
        ("reason", p.text("StateReason")),
        ("reports", p.texts("Reports").join(", ")),
    ];
    if let Some(wps) = &printer.wps {
        facts.push(("wps", wps.texts("Methods").join(", ")));
        facts.push(("wps pin", wps.text("PinKind")));
    }
    facts.push(("job", p.text("CurrentJob")));
    facts.retain(|(_, value)| !value.is_empty() && value != "/");
    output.facts(&facts)?;

    let (capabilities, quirks) = (printer.capabilities(), p.map("Quirks"));
    if !output.is_terminal() {
        capabilities.iter().try_for_each(|(name, how)| output.line(format_args!("capability {name}: {how}")))?;
        return quirks.iter().try_for_each(|(name, value)| output.line(format_args!("quirk {name}: {value}")));
    }
    let columns = |title: &str, rows: BTreeMap<String, String>| {
        output.line(format_args!("\n{title}"))?;
        let width = rows.keys().map(|name| name.chars().count()).max().unwrap_or_default();
        rows.iter().try_for_each(|(name, text)| output.line(format_args!("  {name:width$}  {text}")))
    };
    if capabilities.is_empty() {
        output.line("\nNothing is known that it can be asked for.")?;
    } else {
        let known = capabilities.into_iter().map(|(name, how)| (name, in_words(&how))).collect();
        columns("what it can do, and how we know", known)?;
    }
    if quirks.is_empty() {
        return Ok(());
    }
    columns("quirks of this model, and where they are written", quirks)
}

/// What a kind of evidence means.
#[must_use]
pub fn in_words(evidence: &str) -> String {
    match evidence {
        "listed" => "listed: the printer's own documents name it".to_owned(),
        "confirmed" => "confirmed: seen working on printers of this kind".to_owned(),
        "assumed" => "assumed: nobody has seen it work; needs --experimental".to_owned(),
        other => other.to_owned(),
    }
}
