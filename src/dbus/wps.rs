//! `org.plugprint1.Wps`, on printers that can.

use std::sync::Arc;

use zbus::message::Header;
use zbus::{OwnedFd, OwnedObjectPath, interface};

use crate::agent::view::{PinKind, PrinterView, Task, WpsView};
use crate::dbus::authorize::Action;
use crate::dbus::error::Error;
use crate::dbus::mirror::{Property, Told};
use crate::dbus::options::{Options, Reader, shown};
use crate::dbus::printer::not_yet;
use crate::dbus::{Room, Started};

/// The ways into a network that WPS has.
const METHODS: [&str; 4] = ["read-pin", "write-pin", "paper-pin", "push-button"];

pub(crate) struct Wps {
    room: Arc<Room>,
    told: Told<PrinterView>,
}

impl Wps {
    pub(crate) fn new(room: Arc<Room>, told: Told<PrinterView>) -> Self {
        Self { room, told }
    }
}

#[interface(name = "org.plugprint1.Wps", introspection_docs = false)]
impl Wps {
    #[zbus(out_args("job"))]
    async fn read_pin(&self, options: Options, #[zbus(header)] header: Header<'_>) -> Result<Started, Error> {
        let mut reader = Reader::new(options);
        let options = reader.start()?;
        reader.end()?;
        let printer = self.told.get();
        let admitted = self.room.admit(&header, Action::ReadPin, &printer, &[]).await?;
        self.room.start(admitted, &printer.id, Task::ReadPin, options).await
    }

    #[zbus(out_args("job"))]
    async fn write_pin(
        &self,
        pin: OwnedFd,
        options: Options,
        #[zbus(header)] header: Header<'_>,
    ) -> Result<OwnedObjectPath, Error> {
        // Closed unread: a secret is not taken for what can't be done with it.
        drop(pin);
        let mut reader = Reader::new(options);
        reader.start()?;
        reader.end()?;
        self.room.admit(&header, Action::Configure, &self.told.get(), &[]).await?;
        Err(not_yet("give a printer a WPS PIN"))
    }

    #[zbus(out_args("job"))]
    async fn start(
        &self,
        method: &str,
        options: Options,
        #[zbus(header)] header: Header<'_>,
    ) -> Result<OwnedObjectPath, Error> {
        let mut reader = Reader::new(options);
        reader.start()?;
        reader.end()?;
        if !METHODS.contains(&method) {
            return Err(Error::invalid(format!(
                "Unknown WPS method \"{}\". There are: {}.",
                shown(method),
                METHODS.join(", ")
            )));
        }
        self.room.admit(&header, Action::Configure, &self.told.get(), &[("wps-method", method)]).await?;
        Err(not_yet("start WPS on a printer"))
    }

    #[zbus(property)]
    fn methods(&self) -> Vec<String> {
        self.told.get().wps.as_ref().map(methods).unwrap_or_default()
    }

    #[zbus(property)]
    fn pin_kind(&self) -> &'static str {
        self.told.get().wps.as_ref().map_or("unknown", |wps| pin_kind(wps.pin_kind))
    }
}

/// What changes, in a fixed order.
pub(crate) fn properties(view: &WpsView) -> Vec<Property> {
    vec![("Methods", methods(view).into()), ("PinKind", pin_kind(view.pin_kind).into())]
}

fn methods(view: &WpsView) -> Vec<String> {
    view.methods.iter().map(|method| (*method).to_owned()).collect()
}

/// How long a PIN lives, as D-Bus says it.
pub(crate) fn pin_kind(kind: PinKind) -> &'static str {
    match kind {
        PinKind::Static => "static",
        PinKind::Dynamic => "dynamic",
        PinKind::Unknown => "unknown",
    }
}
