//! `plugprint pin write`: a PIN on its way to the printer, made here or typed; it is in no message and no argument.

use serde_json::json;

use crate::secret;
use crate::wps::pin;

use super::super::args::WritePin;
use super::super::client::Client;
use super::super::exit::Error;
use super::super::job;
use super::super::memfd;
use super::super::output::Output;
use super::super::terminal::{self, Lines};
use super::text;

/// Gives the printer a PIN. One that was made here is shown once the printer has it, and never again.
///
/// # Errors
/// [`Error::Usage`] where what was typed is no PIN; [`Error::NoSuchPrinter`]; `NotSupported`; as [`job::run`].
pub async fn run(client: &Client, args: &WritePin) -> Result<(), Error> {
    let output = client.output;
    let (owner, printer) = client.printer(args.which.printer.as_deref()).await?;
    if printer.wps.is_none() {
        let text = format!("It is not known that {} takes a WPS PIN over USB.", printer.name());
        return Err(Error::of_job("NotSupported", &text));
    }
    let pin = match (args.generate, args.stdin) {
        (true, _) => pin::generate(&mut rand::rng()),
        (false, true) => piped().await?,
        (false, false) => typed(output).await?,
    };
    let proxy = super::proxy(client, &printer).await?;
    output.note(format_args!("Giving {} a WPS PIN …", printer.name()));
    let file = memfd::sealed(pin.expose().as_bytes())?;
    job::run(client, &owner, async |options| proxy.write_pin(file.into(), options).await).await?;
    if output.is_json() {
        let shown = args.generate.then(|| pin.expose());
        return output.json(&json!({ "printer": printer.id(), "written": true, "pin": shown }));
    }
    if !args.generate {
        return output.line(format_args!("{} has the PIN.", printer.name()));
    }
    output.note("The printer has this PIN now; type it at the router. It is not shown again.");
    if output.is_terminal() {
        output.line(format_args!("\n    {}\n", *pin::grouped(&pin)))
    } else {
        output.line(pin.expose())
    }
}

async fn piped() -> Result<secret::Pin, Error> {
    let line = Lines::new().next().await.map_err(Error::file("reading the PIN from standard input"))?;
    parsed(&line.unwrap_or_default())
}

/// Typed twice, because nobody sees what they type.
async fn typed(output: Output) -> Result<secret::Pin, Error> {
    if !terminal::has_person() {
        return Err(Error::Usage("Without a terminal: --stdin reads the PIN, --generate makes one.".to_owned()));
    }
    loop {
        let first = match parsed(&terminal::ask_unseen(output, "New PIN, 8 digits").await?) {
            Ok(pin) => pin,
            Err(error) => {
                output.note(error);
                continue;
            }
        };
        let second = parsed(&terminal::ask_unseen(output, "Once more").await?);
        match second {
            Ok(second) if second.expose() == first.expose() => return Ok(first),
            _ => output.note("The two differ. From the beginning:"),
        }
    }
}

fn parsed(line: &[u8]) -> Result<secret::Pin, Error> {
    pin::parse(&text(line)).map_err(|error| Error::Usage(format!("That is no WPS PIN: {error}.")))
}
