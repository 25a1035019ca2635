//! `plugprint list`

use super::client::Client;
use super::exit::Error;

/// Shows what is plugged in: one line each.
///
/// # Errors
/// As [`Client::inventory`].
pub async fn run(client: &Client) -> Result<(), Error> {
    let output = client.output;
    let printers = client.inventory().await?.printers;
    if output.is_json() {
        return printers.iter().try_for_each(|printer| output.json(&printer.json()));
    }
    if printers.is_empty() {
        output.note("No printer is plugged in.");
        return Ok(());
    }
    let rows: Vec<Vec<String>> = printers
        .iter()
        .map(|printer| vec![printer.id(), printer.name(), printer.state(), printer.usb(), printer.serial()])
        .collect();
    output.table(&["ID", "PRINTER", "STATE", "USB", "SERIAL NUMBER"], &rows)?;
    if output.is_terminal() {
        for printer in &printers {
            let reason = printer.properties.text("StateReason");
            if !reason.is_empty() {
                output.line(format_args!("\n{}: {reason}", printer.id()))?;
            }
        }
    }
    Ok(())
}
