//! `org.plugprint1.Job`. Its methods answer the starter's connection, and root.

use std::collections::HashMap;
use std::sync::Arc;

use serde::ser::{Serialize, SerializeMap, Serializer};
use zbus::message::Header;
use zbus::object_server::SignalEmitter;
use zbus::{OwnedObjectPath, Signature, Type, Variant, interface};

use crate::agent::Failure;
use crate::agent::view::{JobResult, JobView};
use crate::dbus::error::{Error, full_name};
use crate::dbus::mirror::{Property, Told};
use crate::dbus::options::{self, Options};
use crate::dbus::wps::pin_kind;
use crate::dbus::{Room, printer_path};
use crate::setup::route::{Offer, Source, Way};
use crate::wifi::station::StationState;
use crate::wifi::{Band, Network, Security, Ssid};

/// The Outcome of a job that did what it was asked for.
const SUCCESS: &str = "success";

pub(crate) struct Job {
    room: Arc<Room>,
    told: Told<JobView>,
}

impl Job {
    pub(crate) fn new(room: Arc<Room>, told: Told<JobView>) -> Self {
        Self { room, told }
    }
}

#[interface(name = "org.plugprint1.Job", introspection_docs = false)]
impl Job {
    async fn cancel(&self, options: Options, #[zbus(header)] header: Header<'_>) -> Result<(), Error> {
        let job = self.told.get();
        let caller = self.room.starter(&header, &job).await?;
        options::none(options)?;
        Ok(self.room.handle.cancel(job.id.clone(), caller).await?)
    }

    async fn keep(&self, keep: bool, options: Options, #[zbus(header)] header: Header<'_>) -> Result<(), Error> {
        let job = self.told.get();
        let caller = self.room.starter(&header, &job).await?;
        options::none(options)?;
        Ok(self.room.handle.keep(job.id.clone(), caller, keep).await?)
    }

    #[zbus(out_args("result"))]
    async fn get_result(&self, options: Options, #[zbus(header)] header: Header<'_>) -> Result<Answer, Error> {
        let job = self.told.get();
        let caller = self.room.starter(&header, &job).await?;
        options::none(options)?;
        Ok(Answer(self.room.handle.result(job.id.clone(), caller).await?))
    }

    #[zbus(signal)]
    async fn completed(emitter: &SignalEmitter<'_>, success: bool, error: &str, message: &str) -> zbus::Result<()>;

    #[zbus(property(emits_changed_signal = "const"))]
    fn kind(&self) -> &'static str {
        self.told.get().kind
    }

    #[zbus(property(emits_changed_signal = "const"))]
    fn printer(&self) -> OwnedObjectPath {
        printer_path(&self.told.get().printer).unwrap_or_default()
    }

    #[zbus(property)]
    fn stage(&self) -> &'static str {
        self.told.get().stage
    }

    #[zbus(property)]
    fn progress(&self) -> f64 {
        progress(&self.told.get())
    }

    #[zbus(property)]
    fn user_action(&self) -> &'static str {
        self.told.get().user_action
    }

    #[zbus(property)]
    fn deadline(&self) -> u64 {
        deadline(&self.told.get())
    }

    #[zbus(property(emits_changed_signal = "const"))]
    fn started_by(&self) -> u32 {
        self.told.get().started_by.uid
    }

    #[zbus(property)]
    fn cancelable(&self) -> bool {
        self.told.get().cancelable
    }

    #[zbus(property)]
    fn finished(&self) -> bool {
        self.told.get().outcome.is_some()
    }

    #[zbus(property)]
    fn outcome(&self) -> String {
        outcome(&self.told.get())
    }
}

/// Tells everybody that a job has ended, and how.
pub(crate) async fn completed(emitter: &SignalEmitter<'_>, outcome: &Result<(), Failure>) -> zbus::Result<()> {
    match outcome {
        Ok(()) => Job::completed(emitter, true, "", "").await,
        Err(failure) => Job::completed(emitter, false, &full_name(failure.kind), &failure.message).await,
    }
}

/// What changes, in a fixed order.
pub(crate) fn properties(view: &JobView) -> Vec<Property> {
    vec![
        ("Stage", view.stage.into()),
        ("Progress", progress(view).into()),
        ("UserAction", view.user_action.into()),
        ("Deadline", deadline(view).into()),
        ("Cancelable", view.cancelable.into()),
        ("Finished", view.outcome.is_some().into()),
        ("Outcome", outcome(view).into()),
    ]
}

/// Whether the later of two pictures can be of the same job.
pub(crate) fn same(earlier: &JobView, later: &JobView) -> bool {
    earlier.kind == later.kind
        && earlier.printer == later.printer
        && earlier.started_by == later.started_by
        && (earlier.outcome.is_none() || later.outcome.is_some())
}

fn progress(view: &JobView) -> f64 {
    view.progress.unwrap_or(-1.0)
}

fn deadline(view: &JobView) -> u64 {
    view.deadline.map_or(0, |deadline| deadline.0)
}

fn outcome(view: &JobView) -> String {
    match &view.outcome {
        None => String::new(),
        Some(Ok(())) => SUCCESS.to_owned(),
        Some(Err(failure)) => full_name(failure.kind),
    }
}

/// A result on its way out. It is written from where it lies, so that a PIN is not copied into values that
/// nobody wipes; the message itself is the one copy that D-Bus needs.
struct Answer(JobResult);

impl Type for Answer {
    const SIGNATURE: &'static Signature = Options::SIGNATURE;
}

impl Serialize for Answer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut entries = serializer.serialize_map(None)?;
        match &self.0 {
            JobResult::Done => {}
            JobResult::Joined { ssid, address, already } => {
                add_ssid(&mut entries, ssid)?;
                entries.serialize_entry("address", &Variant::from(address.to_string()))?;
                entries.serialize_entry("already", &Variant::from(*already))?;
            }
            JobResult::Identified { action } => {
                entries.serialize_entry("action", &Variant::from(action.name()))?;
            }
            JobResult::Routes(offers) => entries.serialize_entry("routes", &routes(offers))?,
            JobResult::Networks(networks) => {
                let networks: Vec<_> = networks.iter().map(network).collect();
                entries.serialize_entry("networks", &Variant::from(networks))?;
            }
            JobResult::Network(state) => add_station(&mut entries, state)?,
            JobResult::Printed { pages } => entries.serialize_entry("pages", &Variant::from(pages.clone()))?,
            JobResult::Sent { pages, note } => {
                entries.serialize_entry("pages", &Variant::from(pages.clone()))?;
                entries.serialize_entry("note", &Variant::from(*note))?;
            }
            JobResult::Documents { documents } => {
                entries.serialize_entry("documents", &Variant::from(documents.clone()))?;
            }
            JobResult::Pin { pin, deadline, deadline_source, kind } => {
                entries.serialize_entry("pin", &Variant::from(pin.expose()))?;
                entries.serialize_entry("deadline", &Variant::from(deadline.0))?;
                entries.serialize_entry("deadline-source", &Variant::from(*deadline_source))?;
                entries.serialize_entry("pin-kind", &Variant::from(pin_kind(*kind)))?;
            }
        }
        entries.end()
    }
}

/// A network's name as it is, and as it can be shown: it need not be text.
fn add_ssid<M: SerializeMap>(entries: &mut M, ssid: &Ssid) -> Result<(), M::Error> {
    entries.serialize_entry("ssid", &Variant::from(ssid.as_bytes().to_vec()))?;
    entries.serialize_entry("ssid-text", &Variant::from(ssid.to_string()))
}

fn add_station<M: SerializeMap>(entries: &mut M, state: &StationState) -> Result<(), M::Error> {
    let StationState { power, connected, ssid, bssid, channel, signal_dbm, addresses, hostname } = state;
    if let Some(power) = power {
        entries.serialize_entry("power", &Variant::from(power.value))?;
    }
    if let Some(connected) = connected {
        entries.serialize_entry("associated", &Variant::from(connected.value))?;
    }
    if let Some(ssid) = ssid {
        add_ssid(entries, &ssid.value)?;
    }
    if let Some(bssid) = bssid {
        entries.serialize_entry("bssid", &Variant::from(mac(&bssid.value)))?;
    }
    if let Some(channel) = channel {
        entries.serialize_entry("channel", &Variant::from(channel.value))?;
    }
    if let Some(signal) = signal_dbm {
        entries.serialize_entry("signal", &Variant::from(signal.value))?;
    }
    if !addresses.is_empty() {
        let addresses: Vec<String> = addresses.iter().map(|address| address.value.ip.to_string()).collect();
        entries.serialize_entry("addresses", &Variant::from(addresses))?;
    }
    if let Some(hostname) = hostname {
        entries.serialize_entry("hostname", &Variant::from(hostname.value.clone()))?;
    }
    Ok(())
}

fn routes(offers: &[Offer]) -> Variant<'static> {
    let routes: Vec<(String, bool, String, String)> = offers
        .iter()
        .map(|Offer { route, way, reason }| {
            (route.name().to_owned(), way.is_some(), how(*way).to_owned(), reason.clone())
        })
        .collect();
    Variant::from(routes)
}

/// How a route is gone, in one word; empty where it is left out.
fn how(way: Option<Way>) -> &'static str {
    match way {
        None => "",
        Some(Way::Join) => "profile",
        Some(Way::Button { registrar: true }) => "registrar",
        Some(Way::Button { registrar: false }) => "by-hand",
        Some(Way::Pin(source) | Way::Typed(source)) => match source {
            Source::Pulled => "pulled",
            Source::Paper(_) => "paper",
            Source::Generated => "generated",
        },
        Some(Way::Guided(_)) => "panel",
    }
}

fn network(network: &Network) -> HashMap<&'static str, Variant<'static>> {
    let mut entries = HashMap::from([
        ("ssid", Variant::from(network.ssid.as_bytes().to_vec())),
        ("ssid-text", Variant::from(network.ssid.to_string())),
        (
            "security",
            Variant::from(match &network.security {
                // A printer's own word.
                word @ Security::Unknown(_) => word.to_string(),
                known => known.name().to_owned(),
            }),
        ),
    ]);
    if let Some(bssid) = &network.bssid {
        entries.insert("bssid", mac(bssid).into());
    }
    if let Some(channel) = network.channel {
        entries.insert("channel", channel.into());
    }
    if let Some(band) = network.band() {
        let band = match band {
            Band::Band2_4 => "2.4GHz",
            Band::Band5 => "5GHz",
            Band::Band6 => "6GHz",
        };
        entries.insert("band", band.into());
    }
    if let Some(signal) = network.signal_dbm {
        entries.insert("signal", signal.into());
    }
    if let Some(wps) = network.wps {
        entries.insert("wps", wps.into());
    }
    entries
}

fn mac(bytes: &[u8; 6]) -> String {
    bytes.map(|byte| format!("{byte:02x}")).join(":")
}
