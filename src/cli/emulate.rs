//! `plugprint emulate`: an emulated printer on this kernel's bus, or offered to it over USB/IP.
//!
//! While it runs it takes orders, one per line on standard input: `fault NAME` and `fault none`, `unplug` and `replug`,
//! `panel` (what the printer's panel shows), `quit`.

use std::future::pending;
use std::io::BufRead as _;

use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use super::args::Emulate;
use super::exit::Error;
use super::output::Output;
use crate::emulator::{Fault, Model, Options, Order, Printer, Resource, usbip, vhci};

/// Plugs the printer in and stays until it is told to quit. Ending it pulls the cable.
///
/// # Errors
/// [`Error::Usage`] for a name that nothing has; [`Error::File`] where the kernel or the address does not take it.
pub async fn run(output: Output, args: &Emulate) -> Result<(), Error> {
    if args.model == "list" {
        return list(output);
    }
    let Some(model) = Model::from_name(&args.model) else {
        return Err(Error::Usage(format!("There is no model {:?}. See: plugprint emulate list", args.model)));
    };
    let fault = match &args.fault {
        Some(name) => Some(
            Fault::from_name(name)
                .ok_or_else(|| Error::Usage(format!("There is no fault {name:?}. See: plugprint emulate list")))?,
        ),
        None => None,
    };
    let options = Options { pages: args.pages.clone(), fault, serial: args.serial.clone(), ..Options::default() };
    let printer = Printer::new(model, options);
    output.line(format_args!("{}, serial number {}", model.product(), printer.serial()))?;
    match args.usbip {
        Some(address) => {
            let socket = usbip::bind(address).await.map_err(Error::file(format!("listening on {address}")))?;
            let address = socket.local_addr().map_err(Error::file("the socket"))?;
            output.line(format_args!("USB/IP at {address}, bus id {}", usbip::BUS_ID))?;
            let server = usbip::serve(socket, printer.clone());
            tokio::select! {
                broken = server => broken.map_err(Error::file("serving USB/IP")),
                ended = attend(output, &printer, None) => ended,
            }
        }
        None => {
            let plugged = plug(output, &printer)?;
            attend(output, &printer, Some(plugged)).await
        }
    }
}

fn plug(output: Output, printer: &Printer) -> Result<vhci::Plugged, Error> {
    let plugged = vhci::plug(printer)
        .map_err(|error| Error::File { what: "plugging in".to_owned(), source: std::io::Error::other(error) })?;
    output.line(format_args!("plugged in at port {}", plugged.port()))?;
    Ok(plugged)
}

/// Tells what happens, and does what it is told.
async fn attend(output: Output, printer: &Printer, mut plugged: Option<vhci::Plugged>) -> Result<(), Error> {
    let stop = |kind| signal(kind).map_err(Error::file("waiting for signals"));
    let (mut terminated, mut interrupted) = (stop(SignalKind::terminate())?, stop(SignalKind::interrupt())?);
    let mut pages = printer.watch_pages();
    let mut told = 0;
    let mut orders = lines();
    loop {
        let unplugged = async {
            match &plugged {
                Some(plugged) => plugged.unplugged().await,
                None => pending().await,
            }
        };
        let line = tokio::select! {
            _ = terminated.recv() => return Ok(()),
            _ = interrupted.recv() => return Ok(()),
            () = unplugged => {
                plugged = None;
                output.line("unplugged")?;
                continue;
            }
            Ok(()) = pages.changed() => {
                for page in pages.borrow_and_update().iter().skip(told) {
                    told += 1;
                    if output.is_json() {
                        output.json(&json!({ "page": page.path, "jobType": page.job_type, "number": page.number }))?;
                    } else {
                        output.line(format_args!("page {}: {}, {}", page.number, page.job_type, page.path.display()))?;
                    }
                }
                continue;
            }
            Some(line) = orders.recv() => line,
        };
        if line.trim() == "panel" {
            output.line(format_args!("panel: PIN {}", printer.pin().unwrap_or_else(|| "none".to_owned())))?;
            continue;
        }
        match Order::parse(&line) {
            Ok(None) => {}
            Ok(Some(Order::Fault(fault))) => {
                printer.set_fault(fault);
                output.line(format_args!(
                    "fault: {}",
                    fault.map_or_else(|| "none".to_owned(), |fault| fault.to_string())
                ))?;
            }
            Ok(Some(Order::Unplug)) => printer.unplug(),
            Ok(Some(Order::Replug)) if plugged.is_none() => plugged = Some(plug(output, printer)?),
            Ok(Some(Order::Replug)) => output.note("It is plugged in already."),
            Ok(Some(Order::Quit)) => return Ok(()),
            Err(unknown) => output.note(unknown),
        }
    }
}

fn list(output: Output) -> Result<(), Error> {
    let models: Vec<_> =
        Model::ALL.iter().map(|model| vec![model.name().to_owned(), model.description().to_owned()]).collect();
    output.table(&["MODEL", "WHAT IT IS"], &models)?;
    let faults: Vec<_> = Fault::ALL.iter().map(Fault::name).collect();
    output.line(format_args!("\nfaults: {}", faults.join(" ")))?;
    let resources: Vec<_> = Resource::ALL.iter().map(|resource| resource.name()).collect();
    output.line(format_args!("at one resource only, FAULT@RESOURCE: {}", resources.join(" ")))
}

/// Lines of standard input. A thread of its own reads them: it may wait for ever and must not hold up the end.
fn lines() -> mpsc::Receiver<String> {
    let (lines, received) = mpsc::channel(16);
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if lines.blocking_send(line).is_err() {
                break;
            }
        }
    });
    received
}
