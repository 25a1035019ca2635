//! `org.plugprint1.Wps`, on printers that can.

use std::sync::Arc;

use zbus::message::Header;
use zbus::{OwnedFd, interface};

use crate::agent::ErrorKind;
use crate::agent::view::{PinKind, PrinterView, Task, WpsMethod, WpsView};
use crate::dbus::authorize::Action;
use crate::dbus::descriptor;
use crate::dbus::error::Error;
use crate::dbus::mirror::{Property, Told};
use crate::dbus::options::{Options, shown};
use crate::dbus::printer::read_start;
use crate::dbus::wifi::sentence;
use crate::dbus::{Room, Started};
use crate::wps::pin;

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
        let options = read_start(options)?;
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
    ) -> Result<Started, Error> {
        let options = read_start(options)?;
        let printer = self.told.get();
        let (admitted, held) = self.room.admit_with_descriptor(&header, Action::Configure, &printer, &[]).await?;
        let bytes = descriptor::sealed(&pin)?;
        drop((pin, held));
        let read = std::str::from_utf8(&bytes).map_err(|_| pin::Error::NotDigits).and_then(pin::parse);
        let pin = read.map_err(|why| Error::new(ErrorKind::InvalidPin, why.whose(), sentence(&why)))?;
        drop(bytes);
        self.room.start(admitted, &printer.id, Task::WritePin(pin), options).await
    }

    #[zbus(out_args("job"))]
    async fn start(
        &self,
        method: &str,
        options: Options,
        #[zbus(header)] header: Header<'_>,
    ) -> Result<Started, Error> {
        let options = read_start(options)?;
        let method = WpsMethod::from_name(method).ok_or_else(|| {
            Error::invalid(format!(
                "Unknown WPS method \"{}\". There are: {}.",
                shown(method),
                WpsMethod::ALL.map(WpsMethod::name).join(", ")
            ))
        })?;
        let printer = self.told.get();
        let details = [("wps-method", method.name())];
        let admitted = self.room.admit(&header, Action::Configure, &printer, &details).await?;
        self.room.start(admitted, &printer.id, Task::StartWps(method), options).await
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
