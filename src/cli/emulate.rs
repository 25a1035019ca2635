//! `plugprint emulate`: the emulated printer in a real kernel, or served to one. It takes orders on standard
//! input, one a line, and says on standard output what happens and where each page is that it prints.

use std::fmt::Display;
use std::net::SocketAddr;

use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::emulator::{
    Button, Fault, Kind, Model, Options, Order, PrintedPage, Printer, Resource, cdm, ipp, radio, tcp, usbip, vhci,
};

use super::args::Emulate;
use super::exit::Error;
use super::job::Interrupts;
use super::output::{Output, plain};

/// The most that is read of one order, in bytes.
const LONGEST_ORDER: u64 = 256;

/// Runs an emulated printer until `quit` or Ctrl-C. Ending it pulls the cable.
///
/// # Errors
/// [`Error::Usage`] for a model or fault that doesn't exist, with the list; [`Error::File`] where the kernel
/// or the network says no.
pub async fn run(args: &Emulate, output: Output) -> Result<(), Error> {
    if args.model == "list" {
        return list(output);
    }
    let model = Model::from_name(&args.model).ok_or_else(|| no_such("model", &args.model))?;
    let fault = match &args.fault {
        Some(name) => Some(Fault::from_name(name).ok_or_else(|| no_such("fault", name))?),
        None => None,
    };
    std::fs::create_dir_all(&args.pages).map_err(Error::file(format!("making the folder {}", args.pages.display())))?;
    if let Some(count) = args.count {
        return super::crowd::run(args, model, fault, count.into(), output).await;
    }
    let serial = args.serial.clone();
    let mut options =
        Options { pages: args.pages.clone(), jobs: args.jobs.clone(), fault, serial, ..Options::default() };
    for setting in &args.radio {
        // The setting itself may be a password.
        options.set(setting).map_err(|error| Error::Usage(format!("--radio: {error}.")))?;
    }
    for document in &args.document {
        let Some((path, text)) = document.split_once('=').filter(|(path, _)| path.starts_with('/')) else {
            return Err(Error::Usage("--document takes a path, =, and a text.".to_owned()));
        };
        options.documents.insert(path.to_owned(), text.to_owned());
    }
    let printer = Printer::new(model, options);
    let mut interrupts = Interrupts::new()?;
    let mut orders = orders();
    let mut pages = printer.watch_pages();
    let mut station = printer.watch_station();
    let mut told = 0;
    let mut back_at = None;
    let mut emulation = Emulation { cable: Cable::Out, served_at: args.usbip, http_at: args.http, printer, output };
    emulation.plug().await?;
    loop {
        tokio::select! {
            Ok(()) = pages.changed() => {
                let pages = pages.borrow_and_update().clone();
                pages.iter().skip(told).try_for_each(|page| emulation.page(page))?;
                told = pages.len();
            }
            Ok(()) = station.changed() => {
                let state = station.borrow_and_update().clone();
                emulation.station(&state)?;
            }
            Some(line) = orders.recv() => if emulation.obey(&line).await? { return Ok(()) },
            () = emulation.cable.gone() => {
                back_at = emulation.printer.take_return();
                emulation.unplug()?;
            }
            () = tokio::time::sleep_until(back_at.unwrap_or_else(Instant::now)), if back_at.is_some() => {
                back_at = None;
                if matches!(emulation.cable, Cable::Out) {
                    emulation.plug().await?;
                }
            }
            () = interrupts.next() => return Ok(()),
        }
    }
}

fn no_such(what: &str, name: &str) -> Error {
    Error::Usage(format!("There is no {what} \"{}\". `plugprint emulate list` shows them.", plain(name)))
}

/// A printer, and where it is plugged in.
struct Emulation {
    cable: Cable,
    served_at: Option<SocketAddr>,
    http_at: Option<SocketAddr>,
    printer: Printer,
    output: Output,
}

impl Emulation {
    /// Does what a line says; true when it says to quit.
    async fn obey(&mut self, line: &str) -> Result<bool, Error> {
        if line.trim() == "panel" {
            let pin = self.printer.pin();
            let shown = pin.as_deref().unwrap_or("none");
            self.say(format_args!("panel: PIN {shown}"), json!({ "event": "panel", "pin": pin }))?;
            return Ok(false);
        }
        if line.trim() == "paper" {
            let pages = self.printer.pages();
            let text = pages.last().map_or("nothing printed", |page| page.text.0.as_str());
            text.lines().try_for_each(|line| {
                self.say(format_args!("paper: {}", plain(line)), json!({ "event": "paper", "line": line }))
            })?;
            return Ok(false);
        }
        if line.trim() == "requests" {
            let requests = self.printer.take_requests();
            requests.iter().try_for_each(|request| {
                self.say(format_args!("request: {}", plain(request)), json!({ "event": "request", "line": request }))
            })?;
            self.say(
                format_args!("requests: {}", requests.len()),
                json!({ "event": "requests", "count": requests.len() }),
            )?;
            return Ok(false);
        }
        match Order::parse(line) {
            Ok(None) => {}
            Ok(Some(Order::Quit)) => return Ok(true),
            Ok(Some(Order::Fault(fault))) => {
                self.printer.set_fault(fault);
                let name = fault.map_or_else(|| "none".to_owned(), |fault| fault.to_string());
                self.say(format_args!("fault: {name}"), json!({ "event": "fault", "name": name }))?;
            }
            Ok(Some(Order::Unplug)) => self.unplug()?,
            Ok(Some(Order::Press(button))) => {
                let mut name = match button {
                    Button::Wps => "wps",
                    Button::Wireless => "wireless",
                    Button::Lit => "lit",
                };
                match button {
                    Button::Wps => self.printer.press_wps(),
                    Button::Wireless => self.printer.hold_wireless(),
                    Button::Lit if !self.printer.press_lit_button() => name = "nothing is lit",
                    Button::Lit => {}
                }
                self.say(format_args!("pressed: {name}"), json!({ "event": "pressed", "button": name }))?;
            }
            Ok(Some(Order::Type(pin))) => {
                let taken = self.printer.type_at_router(&pin.0);
                self.say(format_args!("typed: {taken}"), json!({ "event": "typed", "taken": taken }))?;
            }
            Ok(Some(Order::Push)) => {
                let taken = self.printer.push_at_router();
                self.say(format_args!("pushed: {taken}"), json!({ "event": "pushed", "taken": taken }))?;
            }
            Ok(Some(Order::Replug)) => {
                self.cable = Cable::Out;
                self.printer.unplug();
                self.plug().await?;
            }
            Err(unknown) => {
                let text = plain(&unknown.to_string());
                self.say(format_args!("error: {text}"), json!({ "event": "error", "message": text }))?;
            }
        }
        Ok(false)
    }

    async fn plug(&mut self) -> Result<(), Error> {
        let printer = &self.printer;
        let name = format!("HP {}, serial number {}", printer.model().product(), printer.serial());
        let mut object = json!({ "event": "plugged-in", "serial_number": printer.serial() });
        let (text, key, value) = match (self.http_at, self.served_at) {
            (Some(address), _) => {
                let what = format!("serving HTTP at {address}");
                let listener = tcp::bind(address).await.map_err(Error::file(what.clone()))?;
                let address = listener.local_addr().map_err(Error::file(what))?;
                self.http_at = Some(address);
                self.cable = Cable::Served(tokio::spawn(tcp::serve(listener, printer.clone())));
                (format!("HTTP at http://{address}/: {name}"), "http", address.to_string().into())
            }
            (None, None) => {
                let plugged = vhci::plug(printer).map_err(|error| {
                    Error::of_job("Failed", &format!("The printer can't be plugged into this kernel: {error}."))
                })?;
                let port = plugged.port();
                self.cable = Cable::Kernel(plugged);
                (format!("plugged in at port {port}: {name}"), "port", Value::from(port))
            }
            (None, Some(address)) => {
                let what = format!("serving USB/IP at {address}");
                let listener = usbip::bind(address).await.map_err(Error::file(what.clone()))?;
                let address = listener.local_addr().map_err(Error::file(what))?;
                self.cable = Cable::Served(tokio::spawn(usbip::serve(listener, printer.clone())));
                let attach =
                    format!("usbip --tcp-port {} attach -r {} -b {}", address.port(), address.ip(), usbip::BUS_ID);
                (
                    format!("served at {address}: {name}\nattach it with: {attach}"),
                    "address",
                    address.to_string().into(),
                )
            }
        };
        if let Value::Object(fields) = &mut object {
            fields.insert(key.to_owned(), value);
        }
        self.say(text, object)
    }

    fn unplug(&mut self) -> Result<(), Error> {
        self.cable = Cable::Out;
        self.printer.unplug();
        self.say("unplugged", json!({ "event": "unplugged" }))
    }

    fn station(&self, state: &radio::State) -> Result<(), Error> {
        let name = |ssid: &[u8]| plain(&String::from_utf8_lossy(ssid));
        let text = match state {
            radio::State::Off => "off".to_owned(),
            radio::State::Idle => "idle".to_owned(),
            radio::State::Associating(ssid) => format!("joining {}", name(ssid)),
            radio::State::Enrolling => "waiting for a registrar".to_owned(),
            radio::State::ObtainingAddress(at) => format!("associated to {}", name(&at.ssid)),
            radio::State::Joined(at, lease) => format!("at {} on {}", lease.address, name(&at.ssid)),
            radio::State::Failed(failure) => format!("failed, {failure:?}"),
        };
        self.say(format_args!("station: {text}"), json!({ "event": "station", "state": text }))
    }

    fn page(&self, page: &PrintedPage) -> Result<(), Error> {
        let object = json!({ "event": "page", "number": page.number, "job_type": page.job_type, "file": page.path });
        self.say(format_args!("page {}: {}, {}", page.number, page.job_type, page.path.display()), object)
    }

    #[expect(clippy::needless_pass_by_value, reason = "it is made where it is passed")]
    fn say(&self, text: impl Display, object: Value) -> Result<(), Error> {
        if self.output.is_json() { self.output.json(&object) } else { self.output.line(text) }
    }
}

/// Where the printer is plugged in. Dropping it pulls the cable.
enum Cable {
    /// Nowhere.
    Out,
    /// Into this kernel.
    Kernel(vhci::Plugged),
    /// Served over USB/IP.
    Served(JoinHandle<std::io::Result<()>>),
}

impl Cable {
    /// Ends when the printer is no longer plugged in, by a fault or because the other side let it go.
    async fn gone(&mut self) {
        match self {
            Self::Out => std::future::pending().await,
            Self::Kernel(plugged) => plugged.unplugged().await,
            Self::Served(task) => drop(task.await),
        }
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        if let Self::Served(task) = self {
            task.abort();
        }
    }
}

/// Orders from standard input; none any more after its end. A thread of its own reads them: a terminal can't
/// be made to stop waiting, and must not keep the program from ending.
pub(super) fn orders() -> mpsc::Receiver<String> {
    let (send, receive) = mpsc::channel(4);
    std::thread::spawn(move || {
        use std::io::{BufRead as _, Read as _};
        loop {
            let mut line = String::new();
            match std::io::stdin().lock().take(LONGEST_ORDER).read_line(&mut line) {
                Ok(1..) if send.blocking_send(line).is_ok() => {}
                _ => return,
            }
        }
    });
    receive
}

/// The models, the faults, and where faults can be.
fn list(output: Output) -> Result<(), Error> {
    let faults: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
    let resources: Vec<&str> = Resource::ALL.iter().map(|resource| resource.name()).collect();
    let settings: Vec<&str> =
        [Options::SETTINGS, ipp::Options::SETTINGS, cdm::Options::SETTINGS, radio::Options::SETTINGS].concat();
    if output.is_json() {
        let model = |model: &Model| json!({ "name": model.name(), "description": model.description() });
        let models: Vec<Value> = Model::ALL.iter().map(model).collect();
        return output.json(&json!({ "models": models, "faults": faults, "resources": resources, "radio": settings }));
    }
    for model in Model::ALL {
        output.line(format_args!("model {}: {}", model.name(), model.description()))?;
    }
    output.line(format_args!("faults: {}", faults.join(" ")))?;
    output.line(format_args!("at one resource only, FAULT@RESOURCE: {}", resources.join(" ")))?;
    output.line(format_args!("--radio: {}", settings.join(" ")))
}
