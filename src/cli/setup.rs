//! `plugprint setup`: the whole way onto the network.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use serde_json::json;
use zbus::Variant;

use crate::wifi::Ssid;
use crate::wifi::host::networkmanager;

use super::args::{Route, Setup};
use super::client::Client;
use super::desk::{self, Desk};
use super::exit::Error;
use super::job::{self, Order, Outcome};
use super::output::Output;
use super::printers::Printer;
use super::properties::Properties;
use super::proxy::Options;
use super::report;

/// Brings the printer onto the network, or says which ways there are.
///
/// # Errors
/// [`Error::Usage`]; [`Error::NoSuchPrinter`]; as [`job::run`].
pub async fn run(client: &Client, setup: &Setup) -> Result<(), Error> {
    // Who is here matters for which ways there are, though nothing is asked for an explanation.
    let desk = desk::here(client.output, setup.stdin && !setup.explain).await?;
    run_with(client, setup, desk).await
}

/// The same, with who answers.
///
/// # Errors
/// As [`run`].
pub async fn run_with(client: &Client, setup: &Setup, desk: Option<Box<dyn Desk>>) -> Result<(), Error> {
    let mut wishes = wishes(setup)?;
    if own_network_hides(client, setup).await {
        wishes.insert("hidden", true.into());
    }
    let (owner, printer) = client.printer(setup.which.printer.as_deref()).await?;
    let proxy = report::proxy(client, &printer).await?;
    let order = if setup.explain { Order::new() } else { Order::new().told() };
    if !setup.explain {
        client.output.note(format_args!("Setting up the Wi-Fi of {} …", printer.name()));
    }
    let nobody = desk.is_none() && !setup.explain;
    let outcome = job::run_with(client, &owner, &order, desk, async |options| {
        let mut options = options.clone();
        options.extend(wishes);
        proxy.setup(&options).await
    })
    .await
    .map_err(|error| if nobody { nobody_asked(error) } else { error })?;
    if setup.explain { explain(client.output, &printer, outcome) } else { joined(client.output, &printer, outcome) }
}

/// Whether this computer's own network, where it is meant, hides its name: that is for its owner to know, and not for the
/// service. Nothing secret is asked for.
async fn own_network_hides(client: &Client, setup: &Setup) -> bool {
    let meant = setup.network.ssid.is_none() && setup.route.is_none_or(|route| route == Route::Join);
    meant && networkmanager::look(client.connection()).await.is_ok_and(|network| network.hidden == Some(true))
}

/// What `--stdin` is for, where it was missed.
fn nobody_asked(error: Error) -> Error {
    match error {
        Error::Service { name, message } if name.ends_with(".NoPrompter") => Error::Service {
            name,
            message: format!("{message} Run it in a terminal, or give the network's password with --stdin."),
        },
        other => other,
    }
}

fn wishes(setup: &Setup) -> Result<Options<'static>, Error> {
    let mut options = Options::new();
    if let Some(route) = setup.route {
        options.insert("route", route.name().into());
    }
    if let Some(name) = &setup.network.ssid {
        options.insert("ssid", Variant::from(ssid(name)?.as_bytes().to_vec()));
    }
    if let Some(security) = &setup.network.security {
        options.insert("security", security.clone().into());
    }
    let truths = [
        ("hidden", setup.network.hidden),
        ("from-paper", setup.from_paper),
        ("generate", setup.generate),
        ("explain", setup.explain),
    ];
    options.extend(truths.into_iter().filter(|(_, is)| *is).map(|(name, _)| (name, true.into())));
    Ok(options)
}

/// The name of a network as it was typed: bytes, of no encoding.
///
/// # Errors
/// [`Error::Usage`] where it can't be one.
pub fn ssid(typed: &OsStr) -> Result<Ssid, Error> {
    match Ssid::new(typed.as_bytes()) {
        Ok(ssid) if !ssid.is_empty() => Ok(ssid),
        Ok(_) => Err(Error::Usage("The network's name is empty.".to_owned())),
        Err(error) => Err(Error::Usage(format!("That is no network's name: {error}."))),
    }
}

/// Tells that the printer is on the network, and what to do now.
///
/// # Errors
/// [`Error::OutputClosed`].
pub fn joined(output: Output, printer: &Printer, outcome: Outcome) -> Result<(), Error> {
    let result = Properties::new(outcome);
    let ssid = result.bytes("ssid").and_then(|bytes| Ssid::new(bytes).ok()).unwrap_or_default();
    let (address, already) = (result.text("address"), result.truth("already").unwrap_or_default());
    if output.is_json() {
        return output.json(&json!({
            "event": if already { "already-joined" } else { "joined" },
            "printer": printer.id(),
            "ssid": ssid.to_string(),
            "ssid_hex": ssid.to_hex(),
            "address": address,
            "already": already,
        }));
    }
    if already {
        output.line(format_args!("It is on {ssid} already. The printer's address is {address}."))?;
    } else {
        output.line(format_args!("Joined {ssid}. The printer's address is {address}."))?;
    }
    let host = if address.contains(':') { format!("[{address}]") } else { address };
    output.note(format_args!("Its own page: http://{host}/"));
    output.note(
        "Computers on that network can add it now, under Printers in their settings; the cable may be unplugged.",
    );
    Ok(())
}

/// The ways in order, each with its reason.
fn explain(output: Output, printer: &Printer, outcome: Outcome) -> Result<(), Error> {
    let rows: Vec<Vec<String>> =
        Properties::new(outcome).rows("routes").into_iter().filter(|row| row.len() == 4).collect();
    if output.is_json() {
        let routes: Vec<_> = rows
            .iter()
            .filter_map(|row| match row.as_slice() {
                [route, possible, how, reason] => {
                    Some(json!({ "route": route, "possible": possible == "true", "how": how, "reason": reason }))
                }
                _ => None,
            })
            .collect();
        return output.json(&json!({ "printer": printer.id(), "routes": routes }));
    }
    let mut first = true;
    let mut table = Vec::new();
    for row in rows {
        if let [route, possible, how, reason] = row.as_slice() {
            let possible = possible == "true";
            let verdict = match (possible, first) {
                (true, true) => "taken first",
                (true, false) => "possible",
                (false, _) => "left out",
            };
            first &= !possible;
            table.push(vec![route.clone(), verdict.to_owned(), how.clone(), reason.clone()]);
        }
    }
    if first {
        output.note(format_args!("There is no way to set up the Wi-Fi of {} from here:", printer.name()));
    }
    output.table(&["ROUTE", "", "HOW", "WHY"], &table)
}
