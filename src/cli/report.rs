//! `plugprint report`, `plugprint identify` and `plugprint buttons`

use serde_json::json;

use super::args::{Buttons, Identify, Report};
use super::client::Client;
use super::exit::Error;
use super::job::{self, Outcome};
use super::printers::Printer;
use super::properties::Properties;
use super::proxy::PrinterProxy;

/// Lets the printer print a report.
///
/// # Errors
/// [`Error::NoSuchPrinter`]; as [`job::run`].
pub async fn run(client: &Client, report: &Report) -> Result<(), Error> {
    let (owner, printer) = client.printer(report.which.printer.as_deref()).await?;
    let proxy = proxy(client, &printer).await?;
    let kind = report.kind;
    client.output.note(format_args!("Asking {} for its {} …", printer.name(), kind.words()));
    let outcome = job::run_here(client, &owner, async |options| proxy.print_report(kind.name(), options).await).await?;
    tell(client, &printer, outcome)
}

/// Lets the printer show which one it is.
///
/// # Errors
/// As [`run`].
pub async fn identify(client: &Client, args: &Identify) -> Result<(), Error> {
    let (owner, printer) = client.printer(args.which.printer.as_deref()).await?;
    let proxy = proxy(client, &printer).await?;
    let outcome = job::run_here(client, &owner, async |options| {
        let mut options = options.clone();
        if let Some(action) = args.action {
            options.insert("action", action.name().into());
        }
        proxy.identify(&options).await
    })
    .await?;
    let action = Properties::new(outcome).text("action");
    if client.output.is_json() {
        return client.output.json(&json!({ "printer": printer.id(), "action": action }));
    }
    let shows = match action.as_str() {
        "flash" => "blinks",
        "display" => "shows it on its panel",
        "sound" => "beeps",
        _ => "shows itself",
    };
    client.output.line(format_args!("{} {shows}.", printer.name()))
}

/// Does what a combination of buttons does.
///
/// # Errors
/// As [`run`].
pub async fn press(client: &Client, buttons: &Buttons) -> Result<(), Error> {
    let (owner, printer) = client.printer(buttons.which.printer.as_deref()).await?;
    let proxy = proxy(client, &printer).await?;
    let hold_ms = buttons.hold.map(|hold| u32::try_from(hold.as_millis()).unwrap_or(u32::MAX));
    client.output.note(format_args!(
        "{} {} on {} …",
        if hold_ms.is_some() { "Holding" } else { "Pressing" },
        buttons.buttons.0.join("+"),
        printer.name()
    ));
    let outcome = job::run_here(client, &owner, async |options| {
        let mut options = options.clone();
        if let Some(hold_ms) = hold_ms {
            options.insert("hold", hold_ms.into());
        }
        proxy.press_buttons(&buttons.buttons.0, &options).await
    })
    .await?;
    tell(client, &printer, outcome)
}

/// The printer on the bus.
///
/// # Errors
/// What the bus answers.
pub async fn proxy<'a>(client: &'a Client, printer: &Printer) -> Result<PrinterProxy<'a>, Error> {
    Ok(PrinterProxy::builder(client.connection())
        .path(printer.path.clone())
        .cache_properties(zbus::proxy::CacheProperties::No)
        .build()
        .await?)
}

fn tell(client: &Client, printer: &Printer, outcome: Outcome) -> Result<(), Error> {
    let output = client.output;
    let outcome = Properties::new(outcome);
    let (pages, note) = (outcome.texts("pages"), outcome.text("note"));
    if output.is_json() && note.is_empty() {
        return output.json(&json!({ "printer": printer.id(), "printed": pages }));
    }
    if output.is_json() {
        return output.json(&json!({ "printer": printer.id(), "sent": pages, "note": note }));
    }
    if !note.is_empty() {
        return output.line(format_args!("Sent to {}: {}. {note}", printer.name(), pages.join(", ")));
    }
    match pages.as_slice() {
        [] => output.line(format_args!("Printed by {}.", printer.name())),
        pages => output.line(format_args!("Printed by {}: {}", printer.name(), pages.join(", "))),
    }
}
