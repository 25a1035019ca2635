//! `plugprint pin`: the printer's WPS PIN on its way to a person. It is shown for as long as it is good, on
//! the terminal that asked for it, and nowhere else.

pub mod write;

use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use serde_json::json;
use zbus::Variant;
use zeroize::Zeroizing;

use crate::secret;
use crate::wps::pin;

use super::args::Which;
use super::client::Client;
use super::exit::{Error, Exit};
use super::job::{self, Interrupts, Outcome};
use super::output::Output;
use super::printers::Printer;
use super::progress;
use super::properties::Properties;
use super::proxy::WpsProxy;
use super::terminal::{self, Lines};

/// A PIN as the service gave it.
struct Found {
    pin: secret::Pin,
    deadline: u64,
    deadline_source: String,
    kind: String,
}

/// Asks the printer for its PIN and shows it. `ticks` ends the countdown early, for a demonstration.
///
/// # Errors
/// [`Error::NoSuchPrinter`]; `NotSupported` where the printer has no such resource; as [`job::run`].
pub async fn read(client: &Client, which: &Which, ticks: Option<u32>) -> Result<(), Error> {
    let (owner, printer) = client.printer(which.printer.as_deref()).await?;
    if printer.wps.is_none() {
        return Err(cannot(&printer));
    }
    let proxy = proxy(client, &printer).await?;
    client.output.note(format_args!("Asking {} for its WPS PIN …", printer.name()));
    let outcome = job::run(client, &owner, async |options| proxy.read_pin(options).await).await?;
    let found = found(outcome)?;
    show(client.output, &printer, &found, ticks).await
}

async fn proxy<'a>(client: &'a Client, printer: &Printer) -> Result<WpsProxy<'a>, Error> {
    let builder = WpsProxy::builder(client.connection()).path(printer.path.clone());
    Ok(builder.cache_properties(zbus::proxy::CacheProperties::No).build().await?)
}

fn cannot(printer: &Printer) -> Error {
    Error::of_job(
        "NotSupported",
        &format!(
            "{} does not give its WPS PIN over USB. Some models print it: plugprint report --kind wireless",
            printer.name()
        ),
    )
}

fn found(mut outcome: Outcome) -> Result<Found, Error> {
    let pin = match outcome.remove("pin").as_deref() {
        Some(Variant::Str(text)) => pin::parse(text.as_str()),
        _ => Err(pin::Error::Length),
    };
    let pin =
        pin.map_err(|error| Error::of_job("InvalidPin", &format!("What the service gave is no WPS PIN: {error}.")))?;
    let rest = Properties::new(outcome);
    Ok(Found {
        pin,
        deadline: rest.number("deadline"),
        deadline_source: rest.text("deadline-source"),
        kind: rest.text("pin-kind"),
    })
}

async fn show(output: Output, printer: &Printer, found: &Found, ticks: Option<u32>) -> Result<(), Error> {
    let left = progress::seconds_until(found.deadline);
    if output.is_json() {
        return output.json(&json!({
            "printer": printer.id(),
            "pin": found.pin.expose(),
            "deadline": found.deadline,
            "deadline_source": found.deadline_source,
            "seconds_left": left,
            "pin_kind": found.kind,
        }));
    }
    output.note("This is the printer's PIN; type it at the router, where a client is added by WPS PIN.");
    if let Some(left) = left {
        output.note(format_args!("Use it within {}: {}.", progress::minutes(left), source(&found.deadline_source)));
    }
    if found.kind == "static" {
        output.note("It is a fixed PIN: it stays the same after that, too.");
    }
    let grouped = pin::grouped(&found.pin);
    if !output.is_terminal() {
        // A pipe gets the digits and nothing else; who watches a demonstration, the ticks as well.
        match ticks {
            None => return output.line(found.pin.expose()),
            Some(ticks) => {
                for _ in 0..ticks {
                    let left = progress::seconds_until(found.deadline).unwrap_or_default();
                    output.line(format_args!("    {}   {} left", *grouped, progress::minutes(left)))?;
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
                return Ok(());
            }
        }
    }
    match left {
        None => output.line(format_args!("\n    {}\n", *grouped)),
        Some(_) => count_down(&grouped, found.deadline, ticks).await,
    }
}

fn source(name: &str) -> &'static str {
    match name {
        "printer" => "the printer gives it that long",
        "walk-time" => "that is the walk time of WPS; the printer names no time of its own",
        _ => "the service gives it that long",
    }
}

/// Shows the PIN with the time that is left, until there is none or the user has had enough; then wipes it.
async fn count_down(grouped: &str, deadline: u64, ticks: Option<u32>) -> Result<(), Error> {
    let mut interrupts = Interrupts::new()?;
    let mut line = Wiped;
    let mut shown = 0;
    while let Some(left) = progress::seconds_until(deadline).filter(|left| *left > 0) {
        if ticks.is_some_and(|ticks| shown >= ticks) {
            return Ok(());
        }
        shown += 1;
        line.write(&format!("    {grouped}   {} left (Ctrl-C hides it)", progress::minutes(left)))?;
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
            () = interrupts.next() => return Ok(()),
        }
    }
    drop(line);
    Output::new(false).line("The PIN has expired, and is hidden. Read a new one when the router is ready for it.")
}

/// A line on the terminal that is empty again when this is dropped.
struct Wiped;

impl Wiped {
    fn write(&mut self, text: &str) -> Result<(), Error> {
        let line = Zeroizing::new(format!("\r\x1b[2K{text}"));
        let mut out = std::io::stdout().lock();
        out.write_all(line.as_bytes()).and_then(|()| out.flush()).map_err(|_| Error::OutputClosed)
    }
}

impl Drop for Wiped {
    fn drop(&mut self) {
        let mut out = std::io::stdout().lock();
        let _ = out.write_all(b"\r\x1b[2K").and_then(|()| out.flush());
    }
}

/// Says whether a PIN can be right. It comes from the terminal, without echo, or from standard input.
///
/// # Errors
/// [`Error::Said`] when it can't be; [`Error::Interrupted`].
pub async fn check(output: Output) -> Result<(), Error> {
    let typed = ask(output).await?;
    let verdict = pin::parse(&typed);
    drop(typed);
    match verdict {
        Ok(pin) => {
            let digits = pin.expose().len();
            if output.is_json() {
                return output.json(&json!({ "valid": true, "digits": digits, "checksum": digits == 8 }));
            }
            output.line(match digits {
                4 => "valid: 4 digits, which have no checksum",
                _ => "valid: 8 digits, and the last one fits the others",
            })
        }
        Err(error) => {
            if output.is_json() {
                output.json(&json!({ "valid": false, "reason": error.to_string() }))?;
            } else {
                output.line(format_args!("invalid: {error}"))?;
            }
            Err(Error::Said(Exit::Failed))
        }
    }
}

/// A PIN as it is typed.
async fn ask(output: Output) -> Result<Zeroizing<String>, Error> {
    let line = if std::io::stdin().is_terminal() {
        terminal::ask_unseen(output, "PIN").await?
    } else {
        let read = Lines::new().next().await;
        read.map_err(Error::file("reading the PIN from standard input"))?.unwrap_or_default()
    };
    Ok(text(&line))
}

/// What was typed as text; something that is no PIN where it is none.
fn text(line: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(std::str::from_utf8(line).unwrap_or("?").to_owned())
}
