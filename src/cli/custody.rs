//! `plugprint mode`, `plugprint release`, `plugprint open`: who has the printer, and its own pages.

use std::os::unix::process::ExitStatusExt as _;

use serde_json::json;
use tokio::process::Command;

use super::args::{Mode, Release, Which};
use super::client::Client;
use super::desk::browser;
use super::exit::Error;
use super::job::Interrupts;
use super::output::plain;
use super::printers::{self, Printer};
use super::report::proxy;
use super::terminal::Lines;
use super::ttyagent::TtyAgent;

/// Says who drives a printer.
///
/// # Errors
/// [`Error::NoSuchPrinter`]; what the service answers.
pub async fn mode(client: &Client, args: &Mode) -> Result<(), Error> {
    let printer = found(client, &args.which).await?;
    let proxy = proxy(client, &printer).await?;
    let agent = TtyAgent::start(client.output).await;
    let done = proxy.set_mode(args.mode.name(), &client.options()).await;
    agent.stop().await;
    done?;
    if client.output.is_json() {
        return client.output.json(&json!({ "printer": printer.id(), "mode": args.mode.name() }));
    }
    client.output.line(format_args!("{}: {}", printer.name(), args.mode.name()))
}

/// Holds a printer for another program.
///
/// # Errors
/// As [`mode`]; [`Error::Program`] with the program's own status.
pub async fn release(client: &Client, args: &Release) -> Result<(), Error> {
    let printer = found(client, &args.which).await?;
    let owner = client.inventory().await?.owner;
    let service_left = client.departure(&owner).await?;
    let who = match args.command.first() {
        Some(program) => plain(&program.to_string_lossy()).chars().take(60).collect(),
        None => "plugprint release".to_owned(),
    };
    let proxy = proxy(client, &printer).await?;
    // From here on Ctrl-C ends the hold in order, and is the program's own affair while one runs.
    let mut interrupts = Interrupts::new()?;
    let agent = TtyAgent::start(client.output).await;
    let lock = proxy.inhibit(&who, "plugprint release", &client.options()).await;
    agent.stop().await;
    let lock = lock?;
    let output = client.output;
    if output.is_json() {
        output.json(&json!({ "event": "released", "printer": printer.id() }))?;
    }
    let ended = if let Some((program, arguments)) = args.command.split_first() {
        output.note(format_args!("{} is free for {who} …", printer.name()));
        run(program, arguments, &mut interrupts).await
    } else {
        output.note(format_args!("{} is free. Enter or Ctrl-C takes it back.", printer.name()));
        let mut lines = Lines::new();
        tokio::select! {
            () = interrupts.next() => Ok(()),
            _ = lines.next() => Ok(()),
            left = service_left => Err(left),
        }
    };
    drop(lock);
    ended
}

/// Runs a program to its end; signals reach it by itself, where it is in the foreground with us.
async fn run(
    program: &std::ffi::OsStr,
    arguments: &[std::ffi::OsString],
    interrupts: &mut Interrupts,
) -> Result<(), Error> {
    let name = plain(&program.to_string_lossy());
    let mut child = Command::new(program).args(arguments).spawn().map_err(Error::file(name.clone()))?;
    let status = loop {
        tokio::select! {
            status = child.wait() => break status.map_err(Error::file(name))?,
            () = interrupts.next() => {}
        }
    };
    match status.code().or_else(|| status.signal().map(|signal| 128 + signal)) {
        Some(0) => Ok(()),
        status => Err(Error::Program(status.and_then(|status| u8::try_from(status).ok()).unwrap_or(1))),
    }
}

/// Opens a printer's own pages.
///
/// # Errors
/// As [`mode`].
pub async fn open(client: &Client, which: &Which) -> Result<(), Error> {
    let printer = found(client, which).await?;
    let proxy = proxy(client, &printer).await?;
    let agent = TtyAgent::start(client.output).await;
    let address = proxy.open_admin_pages(&client.options()).await;
    agent.stop().await;
    let address = plain(&address?);
    let opened = !client.output.is_json() && browser::can_open(&address) && browser::open(&address);
    if client.output.is_json() {
        return client.output.json(&json!({ "printer": printer.id(), "address": address }));
    }
    client.output.line(&address)?;
    client.output.note(if opened {
        "They are open to you for ten minutes, and were given to your browser."
    } else {
        "They are open to you for ten minutes."
    });
    Ok(())
}

/// The printer that is meant, also where it can't be asked anything.
async fn found(client: &Client, which: &Which) -> Result<Printer, Error> {
    printers::choose(client.inventory().await?.printers, which.printer.as_deref())
}
