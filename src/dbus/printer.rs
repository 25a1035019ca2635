//! `org.plugprint1.Printer`.

use std::collections::BTreeMap;
use std::sync::Arc;

use zbus::message::Header;
use zbus::{OwnedFd, OwnedObjectPath, Variant, interface};

use crate::agent::handle::Holder;
use crate::agent::view::{Mode, PrinterView, Setup, Task};
use crate::dbus::authorize::Action;
use crate::dbus::error::Error;
use crate::dbus::mirror::{Property, Told};
use crate::dbus::options::{self, Options, Reader, shown};
use crate::dbus::wifi::{read_security, read_ssid};
use crate::dbus::{Room, Started, job_path, lock};
use crate::ipp::identify;
use crate::printer::buttons;
use crate::printer::capability::ReportKind;
use crate::printer::text::clean;
use crate::setup::flow::Target;
use crate::setup::route::{Route, Wish};

/// Most buttons in one combination; no panel asks for more fingers.
const BUTTONS_LIMIT: usize = 4;
/// Longest name of a button.
const BUTTON_LIMIT: usize = 32;
/// Longest hold, milliseconds.
const HOLD_LIMIT: u32 = 60_000;
/// Longest name of who holds a printer, and longest reason, bytes.
const HOLDER_LIMIT: usize = 256;

pub(crate) struct Printer {
    room: Arc<Room>,
    told: Told<PrinterView>,
}

impl Printer {
    pub(crate) fn new(room: Arc<Room>, told: Told<PrinterView>) -> Self {
        Self { room, told }
    }
}

/// The option `action` of Identify.
fn read_action(name: &str) -> Result<identify::Action, Error> {
    identify::Action::from_name(name).ok_or_else(|| {
        let known = identify::Action::ALL.map(identify::Action::name).join(", ");
        Error::invalid(format!("Unknown action \"{}\". There are: {known}.", shown(name)))
    })
}

#[interface(name = "org.plugprint1.Printer", introspection_docs = false)]
impl Printer {
    #[zbus(out_args("job"))]
    async fn setup(&self, options: Options, #[zbus(header)] header: Header<'_>) -> Result<Started, Error> {
        let mut reader = Reader::new(options);
        let options = reader.start()?;
        let setup = read_setup(&mut reader, options.experimental)?;
        reader.end()?;
        let printer = self.told.get();
        // Saying which ways there are changes nothing, and asks for no more than looking does.
        let action = if setup.explain { Action::Query } else { Action::Configure };
        let details: Vec<_> = setup.wish.route.iter().map(|route| ("route", route.name())).collect();
        let admitted = self.room.admit(&header, action, &printer, &details).await?;
        self.room.start(admitted, &printer.id, Task::Setup(Box::new(setup)), options).await
    }

    #[zbus(out_args("job"))]
    async fn print_report(
        &self,
        kind: &str,
        options: Options,
        #[zbus(header)] header: Header<'_>,
    ) -> Result<Started, Error> {
        let options = read_start(options)?;
        let report = ReportKind::from_name(kind).ok_or_else(|| {
            Error::invalid(format!(
                "Unknown kind of report \"{}\". There are: {}.",
                shown(kind),
                ReportKind::ALL.map(ReportKind::name).join(", ")
            ))
        })?;
        let printer = self.told.get();
        let admitted = self.room.admit(&header, Action::PrintReport, &printer, &[("report", report.name())]).await?;
        self.room.start(admitted, &printer.id, Task::PrintReport(report), options).await
    }

    #[zbus(out_args("job"))]
    async fn press_buttons(
        &self,
        buttons: Vec<String>,
        options: Options,
        #[zbus(header)] header: Header<'_>,
    ) -> Result<Started, Error> {
        let mut reader = Reader::new(options);
        let hold_ms = reader.unsigned("hold")?.unwrap_or(0);
        let options = reader.start()?;
        reader.end()?;
        if hold_ms > HOLD_LIMIT {
            return Err(Error::invalid(format!("Buttons can be held for {HOLD_LIMIT} milliseconds at most.")));
        }
        if !(1..=BUTTONS_LIMIT).contains(&buttons.len()) || !buttons.iter().all(|button| is_button(button)) {
            return Err(Error::invalid(format!(
                "A combination is 1 to {BUTTONS_LIMIT} names of buttons, each of lower-case letters, digits and dashes."
            )));
        }
        let printer = self.told.get();
        let combination = buttons.join("+");
        let action = buttons_action(&buttons, hold_ms);
        let admitted = self.room.admit(&header, action, &printer, &[("buttons", &combination)]).await?;
        self.room.start(admitted, &printer.id, Task::PressButtons { buttons, hold_ms }, options).await
    }

    #[zbus(out_args("job"))]
    async fn identify(&self, options: Options, #[zbus(header)] header: Header<'_>) -> Result<Started, Error> {
        let mut reader = Reader::new(options);
        let options = reader.start()?;
        let action = reader.string("action")?.map(|name| read_action(&name)).transpose()?;
        reader.end()?;
        let printer = self.told.get();
        let admitted = self.room.admit(&header, Action::PrintReport, &printer, &[]).await?;
        self.room.start(admitted, &printer.id, Task::Identify(action), options).await
    }

    #[zbus(out_args("job"))]
    async fn refresh(&self, options: Options, #[zbus(header)] header: Header<'_>) -> Result<Started, Error> {
        let options = read_start(options)?;
        let printer = self.told.get();
        let admitted = self.room.admit(&header, Action::Query, &printer, &[]).await?;
        self.room.start(admitted, &printer.id, Task::Refresh, options).await
    }

    #[zbus(out_args("job"))]
    async fn collect_documents(&self, options: Options, #[zbus(header)] header: Header<'_>) -> Result<Started, Error> {
        let options = read_start(options)?;
        let printer = self.told.get();
        let admitted = self.room.admit(&header, Action::Query, &printer, &[]).await?;
        self.room.start(admitted, &printer.id, Task::CollectDocuments, options).await
    }

    async fn set_mode(&self, mode: &str, options: Options, #[zbus(header)] header: Header<'_>) -> Result<(), Error> {
        options::none(options)?;
        let mode = Mode::from_name(mode).ok_or_else(|| {
            Error::invalid(format!(
                "Unknown mode \"{}\". There are: {}.",
                shown(mode),
                Mode::ALL.map(Mode::name).join(", ")
            ))
        })?;
        let printer = self.told.get();
        self.room.admit(&header, Action::ManageDevice, &printer, &[("mode", mode.name())]).await?;
        Ok(self.room.handle.set_mode(printer.id.clone(), mode).await?)
    }

    #[zbus(out_args("lock"))]
    async fn inhibit(
        &self,
        who: &str,
        why: &str,
        options: Options,
        #[zbus(header)] header: Header<'_>,
    ) -> Result<OwnedFd, Error> {
        options::none(options)?;
        let (who, why) = (clean(who), clean(why));
        if who.is_empty() || who.len() > HOLDER_LIMIT || why.len() > HOLDER_LIMIT {
            return Err(Error::invalid("Say who wants the printer, and why, in at most 256 bytes each."));
        }
        let printer = self.told.get();
        let admitted =
            self.room.admit(&header, Action::ManageDevice, &printer, &[("who", &who), ("why", &why)]).await?;
        let holder = Holder { who, why, uid: admitted.caller.uid };
        let hold = self.room.handle.inhibit(printer.id.clone(), holder).await?;
        lock::on(hold).map_err(|error| Error::internal(format!("No descriptor could be made for it: {error}.")))
    }

    #[zbus(out_args("uri"))]
    async fn open_admin_pages(&self, options: Options, #[zbus(header)] header: Header<'_>) -> Result<String, Error> {
        options::none(options)?;
        let printer = self.told.get();
        let admitted = self.room.admit(&header, Action::Configure, &printer, &[]).await?;
        Ok(self.room.handle.open_pages(printer.id.clone(), admitted.caller.uid).await?)
    }

    #[zbus(property(emits_changed_signal = "const"))]
    fn id(&self) -> String {
        self.told.get().id.to_string()
    }

    #[zbus(property)]
    fn manufacturer(&self) -> String {
        self.told.get().manufacturer.clone()
    }

    #[zbus(property)]
    fn model(&self) -> String {
        self.told.get().model.clone()
    }

    #[zbus(property(emits_changed_signal = "const"))]
    fn serial_number(&self) -> String {
        self.told.get().serial_number.clone()
    }

    #[zbus(property)]
    fn uuid(&self) -> String {
        self.told.get().uuid.clone()
    }

    #[zbus(property(emits_changed_signal = "const"))]
    fn vendor_id(&self) -> u16 {
        self.told.get().vendor_id
    }

    #[zbus(property(emits_changed_signal = "const"))]
    fn product_id(&self) -> u16 {
        self.told.get().product_id
    }

    #[zbus(property)]
    fn usb_bus(&self) -> u32 {
        self.told.get().address.bus.into()
    }

    #[zbus(property)]
    fn usb_address(&self) -> u32 {
        self.told.get().address.device.into()
    }

    #[zbus(property)]
    fn state(&self) -> String {
        self.told.get().state.to_string()
    }

    #[zbus(property)]
    fn state_reason(&self) -> String {
        self.told.get().state_reason.clone()
    }

    #[zbus(property)]
    fn mode(&self) -> &'static str {
        self.told.get().mode.name()
    }

    #[zbus(property)]
    fn capabilities(&self) -> BTreeMap<String, String> {
        capabilities(&self.told.get())
    }

    #[zbus(property)]
    fn quirks(&self) -> BTreeMap<String, String> {
        quirks(&self.told.get())
    }

    #[zbus(property)]
    fn reports(&self) -> Vec<String> {
        reports(&self.told.get())
    }

    #[zbus(property)]
    fn transport(&self) -> &'static str {
        self.told.get().transport.name()
    }

    #[zbus(property)]
    fn uri(&self) -> String {
        uri(&self.told.get())
    }

    #[zbus(property)]
    fn admin_uri(&self) -> String {
        admin_uri(&self.told.get())
    }

    #[zbus(property)]
    fn cups_queues(&self) -> Vec<String> {
        Vec::new()
    }

    #[zbus(property)]
    fn current_job(&self) -> OwnedObjectPath {
        current_job(&self.told.get())
    }
}

/// What changes while a printer is plugged in, in a fixed order.
pub(crate) fn properties(view: &PrinterView) -> Vec<Property> {
    vec![
        ("Manufacturer", view.manufacturer.clone().into()),
        ("Model", view.model.clone().into()),
        ("Uuid", view.uuid.clone().into()),
        ("UsbBus", u32::from(view.address.bus).into()),
        ("UsbAddress", u32::from(view.address.device).into()),
        ("State", view.state.to_string().into()),
        ("StateReason", view.state_reason.clone().into()),
        ("Mode", view.mode.name().into()),
        ("Capabilities", capabilities(view).into()),
        ("Quirks", quirks(view).into()),
        ("Reports", reports(view).into()),
        ("Transport", view.transport.name().into()),
        ("Uri", uri(view).into()),
        ("AdminUri", admin_uri(view).into()),
        ("CurrentJob", Variant::from(current_job(view).into_inner())),
    ]
}

/// What clients are promised does not change: where it does, it is another printer.
pub(crate) fn constants(view: &PrinterView) -> (&str, &str, u16, u16) {
    (view.id.as_str(), &view.serial_number, view.vendor_id, view.product_id)
}

fn capabilities(view: &PrinterView) -> BTreeMap<String, String> {
    view.capabilities.iter().map(|(what, how)| (what.name().to_owned(), how.to_string())).collect()
}

fn quirks(view: &PrinterView) -> BTreeMap<String, String> {
    view.quirks.clone()
}

fn reports(view: &PrinterView) -> Vec<String> {
    view.reports.iter().map(|report| report.name().to_owned()).collect()
}

fn uri(view: &PrinterView) -> String {
    view.addresses.as_ref().map(|addresses| addresses.uri.clone()).unwrap_or_default()
}

fn admin_uri(view: &PrinterView) -> String {
    view.addresses.as_ref().map(|addresses| addresses.admin_uri.clone()).unwrap_or_default()
}

/// `/` where there is none: D-Bus has no empty path.
fn current_job(view: &PrinterView) -> OwnedObjectPath {
    view.current_job.as_ref().and_then(|job| job_path(job).ok()).unwrap_or_default()
}

fn read_setup(reader: &mut Reader, experimental: bool) -> Result<Setup, Error> {
    let route = match reader.string("route")? {
        None => None,
        Some(name) => Some(Route::from_name(&name).ok_or_else(|| {
            Error::invalid(format!(
                "Unknown route \"{}\". There are: {}.",
                shown(&name),
                Route::ALL.map(Route::name).join(", ")
            ))
        })?),
    };
    let ssid = reader.bytes("ssid")?.map(|bytes| read_ssid(&bytes)).transpose()?;
    let security = reader.string("security")?.map(|name| read_security(&name)).transpose()?.flatten();
    let hidden = reader.boolean("hidden")?.unwrap_or(false);
    let from_paper = reader.boolean("from-paper")?.unwrap_or(false);
    let generate = reader.boolean("generate")?.unwrap_or(false);
    let explain = reader.boolean("explain")?.unwrap_or(false);
    if ssid.is_none() && security.is_some() {
        return Err(Error::invalid("The option security is about a network: name it with ssid."));
    }
    if from_paper && generate {
        return Err(Error::invalid(
            "A PIN comes from the paper or is made anew: from-paper and generate exclude each other.",
        ));
    }
    Ok(Setup {
        target: Target { ssid, security, hidden, ..Target::default() },
        wish: Wish { route, from_paper, generate, experimental },
        explain,
    })
}

pub(crate) fn read_start(options: Options) -> Result<crate::agent::view::StartOptions, Error> {
    let mut reader = Reader::new(options);
    let start = reader.start()?;
    reader.end()?;
    Ok(start)
}

fn is_button(name: &str) -> bool {
    (1..=BUTTON_LIMIT).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// A combination that is known to print a report may be pressed by whoever may print one. Every other may change
/// the printer's set-up, or is not known at all, and needs leave for that: a later version may do it.
fn buttons_action(buttons: &[String], hold_ms: u32) -> Action {
    match buttons::lookup(buttons::Family::LedmInternalPrint, buttons, hold_ms).map(|row| row.action) {
        Ok(buttons::Action::Reports(_)) => Action::PrintReport,
        Ok(buttons::Action::PanelOnly(_)) | Err(_) => Action::Configure,
    }
}
