//! `plugprint demo`: the whole story without a printer, and without root, USB or a message bus.
//!
//! What is real in it: the agent, the D-Bus service with its authorization, and the very commands below. What
//! is not: the printer and its network (the emulator), the message bus (one in this process), and polkit, whose
//! stand-in says yes to everything and is named as such.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use serde_json::json;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use zbus::fdo::DBusProxy;

use crate::agent::{self, KernelClock};
use crate::emulator::broker::Broker;
use crate::emulator::{self, Model, PrintedPage, polkit, radio};

use super::args::{Buttons, Combination, Demo, Kind, Network, Report, Setup, Which};
use super::client::Client;
use super::desk::Desk;
use super::desk::scripted::Scripted;
use super::exit::Error;
use super::job::Interrupts;
use super::output::Output;
use super::{Service, list, pin, proxy, report, setup, show, wifi};

/// Longer than it may take on a slow machine; nothing here waits for a person.
const LONGEST: Duration = Duration::from_secs(60);

/// How long the emulated engine takes for a page.
const PAGE: Duration = Duration::from_millis(1200);

/// How long the emulated radio takes for a scan, for joining, for an address.
const STEP: Duration = Duration::from_secs(1);

/// How many seconds of the PIN's countdown are shown.
const TICKS: u32 = 3;

/// Tells the story.
///
/// # Errors
/// As the commands it runs; [`Error::File`]; [`Error::Interrupted`].
pub async fn run(demo: &Demo, output: Output, service: Service) -> Result<(), Error> {
    let mut interrupts = Interrupts::new()?;
    tokio::select! {
        told = tokio::time::timeout(LONGEST, tell(demo, output, service)) => told
            .map_err(|_| Error::of_job("Timeout", "The demonstration took too long."))?,
        () = interrupts.next() => Err(Error::Interrupted("The demonstration was stopped.".to_owned())),
    }
}

async fn tell(demo: &Demo, output: Output, service: Service) -> Result<(), Error> {
    let pages = &demo.pages;
    std::fs::create_dir_all(pages).map_err(Error::file(format!("making the folder {}", pages.display())))?;
    let pages = std::fs::canonicalize(pages).map_err(Error::file(format!("finding the folder {}", pages.display())))?;
    let narrator = Narrator { output };
    narrator.say(
        "This is plugprint without a printer. Everything runs inside this program: an emulated printer,\n\
         the agent, its D-Bus service, a message bus of its own, and a stand-in for polkit that says yes\n\
         to everything. The commands are the real ones, over the real D-Bus interfaces.",
    )?;

    let stage = Stage::set(output, service).await?;
    let printer = emulator::Printer::new(Model::LaserJet, as_delivered(&pages));

    narrator.act("A printer is plugged in", "plugged-in")?;
    let address = stage.bus.plug(&printer);
    stage.until(|printers| printers.iter().any(|printer| printer.state() != "probing")).await?;
    narrator.command("list")?;
    list::run(&stage.client).await?;

    narrator.act("It has been recognised: what can it be asked for, and how do we know?", "recognised")?;
    narrator.command("show")?;
    show::run(&stage.client, &Which::default()).await?;

    narrator.act("It prints a report about its network", "report")?;
    narrator.command("report --kind network")?;
    let wanted = Report { which: Which::default(), kind: Kind::Network };
    report::run(&stage.client, &wanted).await?;
    let mut seen = narrator.pages(&printer.pages(), 0)?;

    narrator
        .act("Wireless and Information, pressed together on the panel, print two pages; so does this", "buttons")?;
    narrator.command("buttons laserjet wireless+information")?;
    let wanted = Buttons {
        which: Which { printer: Some("laserjet".to_owned()) },
        buttons: Combination(vec!["wireless".to_owned(), "information".to_owned()]),
        hold: None,
    };
    report::press(&stage.client, &wanted).await?;
    seen = narrator.pages(&printer.pages(), seen)?;

    narrator.act("It gives its WPS PIN over the cable", "pin")?;
    narrator.command("pin read")?;
    pin::read(&stage.client, &Which::default(), Some(TICKS)).await?;
    narrator.say("(The countdown would go on; the demonstration does not wait for its end.)")?;

    narrator.act("The cable is pulled", "unplugged")?;
    stage.bus.unplug(address);
    stage.until(<[_]>::is_empty).await?;
    narrator.command("list")?;
    list::run(&stage.client).await?;

    narrator.act("And plugged in again: another address, the same printer", "plugged-in-again")?;
    stage.bus.plug(&printer);
    stage.until(|printers| printers.iter().any(|printer| printer.state() != "probing")).await?;
    narrator.command("list")?;
    list::run(&stage.client).await?;

    seen = set_up(&stage.client, narrator, &printer, seen).await?;

    narrator.end(&pages, seen)?;
    stage.strike().await
}

/// A printer on no network, whose radio is off.
fn as_delivered(pages: &Path) -> emulator::Options {
    let mut options = emulator::Options {
        pages: pages.to_owned(),
        page_time: PAGE,
        connected: false,
        ..emulator::Options::default()
    };
    options.radio.powered = false;
    // A real one takes several seconds for each.
    (options.radio.scan_time, options.radio.join_time, options.radio.address_time) = (STEP, STEP, STEP);
    options
}

/// From which ways there are to a printer on the network, as it says itself; gives the number of all pages.
async fn set_up(client: &Client, narrator: Narrator, printer: &emulator::Printer, seen: usize) -> Result<usize, Error> {
    let ssid = radio::neighbourhood().first().map(|home| home.ssid.clone()).unwrap_or_default();
    let words = format!("setup --ssid \"{}\"", String::from_utf8_lossy(&ssid));
    let mut setup =
        Setup { network: Network { ssid: Some(OsString::from_vec(ssid)), ..Network::default() }, ..Setup::default() };

    narrator.act("It is to get onto the Wi-Fi: which ways are there?", "routes")?;
    narrator.command(&format!("{words} --explain"))?;
    setup.explain = true;
    let you = || Some(Box::new(Scripted::new(client.output, [radio::PASSPHRASE])) as Box<dyn Desk>);
    setup::run_with(client, &setup, you()).await?;

    narrator.act("The first: the printer is told the network's name and password over the cable", "setup")?;
    narrator.command(&words)?;
    setup.explain = false;
    setup::run_with(client, &setup, you()).await?;

    narrator.act("What the printer says of it: over the cable, and on paper", "joined-as-it-says")?;
    narrator.command("wifi status")?;
    wifi::status(client, &Which::default()).await?;
    narrator.command("report --kind wireless")?;
    report::run(client, &Report { which: Which::default(), kind: Kind::Wireless }).await?;
    narrator.pages(&printer.pages(), seen)
}

/// What stands behind the commands.
struct Stage {
    client: Client,
    bus: emulator::Bus,
    stop: CancellationToken,
    agent: JoinHandle<()>,
    service: JoinHandle<Result<(), String>>,
    /// Holds the stand-in's name.
    _polkit: zbus::Connection,
    _broker: Broker,
}

impl Stage {
    async fn set(output: Output, service: Service) -> Result<Self, Error> {
        let broker = Broker::start().await.map_err(Error::file("starting a message bus in this process"))?;
        let authority = broker.connect().await?;
        polkit::serve(&authority, |_| polkit::Verdict::Yes).await?;

        let client = Client::connect(Some(broker.address()), output, false).await?;
        let names = DBusProxy::new(client.connection()).await?;
        let mut named = names.receive_name_owner_changed_with_args(&[(0, proxy::SERVICE)]).await?;

        let (bus, stop) = (emulator::Bus::new(), CancellationToken::new());
        let (handle, agent) = agent::start(
            Arc::new(bus.clone()),
            Arc::new(KernelClock),
            agent::Settings::on(Arc::new(agent::NoHost)),
            stop.clone(),
        );
        let service = tokio::spawn(service(broker.connect().await?, handle, stop.clone()));
        if named.next().await.is_none() {
            return Err(Error::unreachable("it did not start"));
        }
        Ok(Self { client, bus, stop, agent, service, _polkit: authority, _broker: broker })
    }

    /// Waits until the bus shows this.
    async fn until(&self, fits: impl Fn(&[super::printers::Printer]) -> bool) -> Result<(), Error> {
        let owner = self.client.inventory().await?.owner;
        let mut signals = self.client.signals_below(&owner, proxy::ROOT).await?;
        while !fits(&self.client.inventory().await?.printers) {
            if signals.next().await.is_none() {
                return Err(Error::unreachable("it went away"));
            }
        }
        Ok(())
    }

    async fn strike(self) -> Result<(), Error> {
        self.stop.cancel();
        let _ = self.agent.await;
        match self.service.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(Error::unreachable(&error)),
            Err(error) => Err(Error::unreachable(&error.to_string())),
        }
    }
}

/// Who tells what is going on between the commands.
#[derive(Clone, Copy)]
struct Narrator {
    output: Output,
}

impl Narrator {
    fn say(self, text: &str) -> Result<(), Error> {
        if self.output.is_json() { Ok(()) } else { self.output.line(text) }
    }

    fn act(self, title: &str, event: &str) -> Result<(), Error> {
        if self.output.is_json() {
            return self.output.json(&json!({ "event": event }));
        }
        self.output.line(format_args!("\n-- {title}"))
    }

    fn command(self, words: &str) -> Result<(), Error> {
        self.say(&format!("$ plugprint {words}"))
    }

    /// Says where the pages from the given one on are; gives the number of all.
    fn pages(self, pages: &[PrintedPage], from: usize) -> Result<usize, Error> {
        for page in pages.iter().skip(from) {
            if self.output.is_json() {
                self.output.json(&json!({ "event": "page", "job_type": page.job_type, "file": page.path }))?;
            } else {
                self.output.line(format_args!("Page {} ({}): {}", page.number, page.job_type, page.path.display()))?;
            }
        }
        Ok(pages.len())
    }

    fn end(self, folder: &Path, pages: usize) -> Result<(), Error> {
        self.say(&format!("\nThat was all. The {pages} printed pages are pictures in {}.", folder.display()))
    }
}
