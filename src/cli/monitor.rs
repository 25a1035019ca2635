//! `plugprint monitor`

use std::collections::{BTreeMap, HashMap};
use std::time::{Instant, SystemTime};

use futures_util::StreamExt as _;
use serde_json::{Value, json};
use zbus::names::OwnedInterfaceName;
use zbus::{Message, OwnedObjectPath, OwnedVariant};

use super::client::Client;
use super::exit::Error;
use super::job::{Interrupts, stage_in_words};
use super::output::{Output, plain};
use super::printers::Printer;
use super::properties::Properties;
use super::proxy;

/// Shows events as they happen, until Ctrl-C.
///
/// # Errors
/// As [`Client::inventory`]; [`Error::Unreachable`] when the service goes.
pub async fn run(client: &Client) -> Result<(), Error> {
    let mut interrupts = Interrupts::new()?;
    let inventory = client.inventory().await?;
    // Listening begins before the picture is taken again, so that nothing falls between the two.
    let mut signals = client.signals_below(&inventory.owner, proxy::ROOT).await?;
    let departure = client.departure(&inventory.owner).await?;
    tokio::pin!(departure);
    let mut monitor =
        Monitor { output: client.output, began: Instant::now(), printers: BTreeMap::new(), jobs: BTreeMap::new() };
    for printer in client.inventory().await?.printers {
        monitor.printer("plugged in", "printer-present", printer)?;
    }
    client.output.note("Watching; Ctrl-C ends it.");
    loop {
        tokio::select! {
            message = signals.next() => match message {
                Some(message) => monitor.hear(&message?)?,
                None => return Err(Error::Unreachable("The connection to the message bus is gone.".to_owned())),
            },
            error = &mut departure => return Err(error),
            () = interrupts.next() => return Ok(()),
        }
    }
}

struct Monitor {
    output: Output,
    began: Instant,
    printers: BTreeMap<String, Printer>,
    jobs: BTreeMap<String, Properties>,
}

impl Monitor {
    fn hear(&mut self, message: &Message) -> Result<(), Error> {
        let header = message.header();
        let (Some(path), Some(member)) = (header.path(), header.member()) else { return Ok(()) };
        let (path, body) = (plain(path.as_str()), message.body());
        match member.as_str() {
            "InterfacesAdded" => {
                type Added = (OwnedObjectPath, HashMap<OwnedInterfaceName, HashMap<String, OwnedVariant>>);
                let Ok((path, interfaces)) = body.deserialize::<Added>() else { return Ok(()) };
                let mut interfaces: HashMap<String, Properties> = interfaces
                    .into_iter()
                    .map(|(name, properties)| (name.to_string(), Properties::new(properties)))
                    .collect();
                self.added(plain(path.as_str()), &mut interfaces)
            }
            "InterfacesRemoved" => match body.deserialize::<(OwnedObjectPath, Vec<String>)>() {
                Ok((path, interfaces)) => self.removed(&plain(path.as_str()), &interfaces),
                Err(_) => Ok(()),
            },
            "PropertiesChanged" => {
                type Changed = (String, HashMap<String, OwnedVariant>, Vec<String>);
                match body.deserialize::<Changed>() {
                    Ok((interface, changed, _)) => self.changed(&path, &interface, changed),
                    Err(_) => Ok(()),
                }
            }
            "Completed" => match body.deserialize::<(bool, &str, &str)>() {
                Ok((success, error, text)) => self.completed(&path, success, &plain(error), &plain(text)),
                Err(_) => Ok(()),
            },
            _ => Ok(()),
        }
    }

    fn added(&mut self, path: String, interfaces: &mut HashMap<String, Properties>) -> Result<(), Error> {
        let wps = interfaces.remove(proxy::WPS);
        let wifi = interfaces.remove(proxy::WIFI);
        if let Some(properties) = interfaces.remove(proxy::PRINTER) {
            return self.printer("plugged in", "printer-added", Printer { path, properties, wps, wifi });
        }
        if let (Some(wps), Some(printer)) = (wps, self.printers.get_mut(&path)) {
            printer.wps = Some(wps);
        }
        if let (Some(wifi), Some(printer)) = (wifi, self.printers.get_mut(&path)) {
            printer.wifi = Some(wifi);
        }
        let Some(properties) = interfaces.remove(proxy::JOB) else { return Ok(()) };
        let what = properties.text("Kind");
        let text = format!("{what} on {}", self.printer_name(&properties.text("Printer")));
        let object = json!({ "job": path, "kind": what, "printer": properties.text("Printer") });
        self.jobs.insert(path.clone(), properties);
        self.tell("job started", "job-added", &last(&path), &text, object)
    }

    fn removed(&mut self, path: &str, interfaces: &[String]) -> Result<(), Error> {
        self.jobs.remove(path);
        if !interfaces.iter().any(|name| name == proxy::PRINTER) {
            return Ok(());
        }
        let Some(printer) = self.printers.remove(path) else { return Ok(()) };
        let object = json!({ "id": printer.id(), "path": path });
        self.tell("unplugged", "printer-removed", &printer.id(), &printer.name(), object)
    }

    fn changed(&mut self, path: &str, interface: &str, changed: HashMap<String, OwnedVariant>) -> Result<(), Error> {
        let changed = Properties::new(changed);
        let object = json!({ "path": path, "interface": interface, "changed": changed.json() });
        if interface == proxy::JOB {
            let Some(job) = self.jobs.get_mut(path) else { return Ok(()) };
            let before = job.text("Stage");
            job.take(changed);
            let now = job.text("Stage");
            if now == before && !self.output.is_json() {
                return Ok(());
            }
            return self.tell("job", "job-changed", &last(path), &stage_in_words(&now), object);
        }
        let Some(printer) = self.printers.get_mut(path) else { return Ok(()) };
        let told = match interface {
            proxy::PRINTER => {
                let before = in_short(printer);
                printer.properties.take(changed);
                let now = in_short(printer);
                (now != before).then_some(now)
            }
            _ => None,
        };
        if told.is_none() && !self.output.is_json() {
            return Ok(());
        }
        let id = printer.id();
        self.tell("printer", "printer-changed", &id, &told.unwrap_or_default(), object)
    }

    fn completed(&mut self, path: &str, success: bool, error: &str, text: &str) -> Result<(), Error> {
        let object = json!({ "job": path, "success": success, "error": error, "message": text });
        let (what, text) = if success { ("job done", "") } else { ("job failed", text) };
        self.tell(what, "job-completed", &last(path), text, object)
    }

    fn printer(&mut self, what: &str, event: &str, printer: Printer) -> Result<(), Error> {
        let (id, text) = (printer.id(), format!("{}, {}", printer.name(), in_short(&printer)));
        let object = json!({ "printer": printer.json() });
        self.printers.insert(printer.path.clone(), printer);
        self.tell(what, event, &id, &text, object)
    }

    fn printer_name(&self, path: &str) -> String {
        self.printers.get(path).map_or_else(|| last(path), Printer::name)
    }

    /// `{"time":…,"event":…, …}`, or columns: seconds since the beginning, what, which, more.
    fn tell(&self, what: &str, event: &str, id: &str, text: &str, mut object: Value) -> Result<(), Error> {
        if self.output.is_json() {
            let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            if let Value::Object(fields) = &mut object {
                fields.insert("event".to_owned(), event.into());
                fields.insert("time".to_owned(), since_1970.as_secs_f64().into());
            }
            return self.output.json(&object);
        }
        let seconds = self.began.elapsed().as_secs_f64();
        if self.output.is_terminal() {
            self.output.line(format!("{seconds:9.3}  {what:11}  {id}  {text}").trim_end())
        } else {
            self.output.line(format_args!("{seconds:.3}\t{event}\t{id}\t{text}"))
        }
    }
}

fn in_short(printer: &Printer) -> String {
    let reason = printer.properties.text("StateReason");
    if reason.is_empty() { printer.state() } else { format!("{}: {reason}", printer.state()) }
}

fn last(path: &str) -> String {
    path.rsplit('/').next().unwrap_or_default().to_owned()
}
