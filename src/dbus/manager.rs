//! `org.plugprint1.Manager`.

use std::sync::Arc;

use zbus::message::Header;
use zbus::{ObjectPath, OwnedObjectPath, interface};

use crate::agent::ErrorKind;
use crate::agent::view::{PrinterView, View};
use crate::blame::Party;
use crate::dbus::error::Error;
use crate::dbus::options::{self, Options};
use crate::dbus::{API_LEVEL, Room, printer_path, prompt, session};

/// Longest URI that is looked at.
const URI_LIMIT: usize = 1024;

pub(crate) struct Manager {
    room: Arc<Room>,
}

impl Manager {
    pub(crate) fn new(room: Arc<Room>) -> Self {
        Self { room }
    }
}

#[interface(name = "org.plugprint1.Manager", introspection_docs = false)]
impl Manager {
    #[zbus(out_args("printer"))]
    async fn get_printer_by_uri(&self, uri: &str, options: Options) -> Result<OwnedObjectPath, Error> {
        options::none(options)?;
        let view = self.room.handle.view().borrow().clone();
        path(by_uri(&view, uri)?)
    }

    #[zbus(out_args("printer"))]
    async fn get_printer_by_usb(&self, bus: u32, address: u32, options: Options) -> Result<OwnedObjectPath, Error> {
        options::none(options)?;
        let view = self.room.handle.view().borrow().clone();
        let found = view
            .printers
            .values()
            .find(|printer| u32::from(printer.address.bus) == bus && u32::from(printer.address.device) == address)
            .ok_or_else(|| not_found(format!("No printer is plugged in at USB bus {bus}, address {address}.")))?;
        path(found)
    }

    async fn register_prompter(
        &self,
        prompter: ObjectPath<'_>,
        options: Options,
        #[zbus(header)] header: Header<'_>,
    ) -> Result<(), Error> {
        options::none(options)?;
        let (caller, name) = self.room.callers.identify(&header).await?;
        let presence = self.room.callers.presence(&name).await?;
        let session = session::of(&self.room.prompters.connection, &name, caller.uid).await;
        let before = self.room.prompters.register((&caller, name), prompter.into_owned().into(), session, presence)?;
        if let Some(before) = before {
            prompt::release(&self.room.prompters.connection, &before).await;
        }
        tracing::debug!(caller = caller.bus_name, count = self.room.prompters.count(), "a prompter was registered");
        Ok(())
    }

    async fn unregister_prompter(
        &self,
        prompter: ObjectPath<'_>,
        options: Options,
        #[zbus(header)] header: Header<'_>,
    ) -> Result<(), Error> {
        options::none(options)?;
        let caller = self.room.caller(&header).await?;
        self.room.prompters.unregister(&caller, &prompter.into_owned().into())
    }

    #[zbus(property(emits_changed_signal = "const"))]
    fn version(&self) -> &'static str {
        env!("CARGO_PKG_VERSION")
    }

    #[zbus(property(emits_changed_signal = "const"))]
    fn api_level(&self) -> u32 {
        API_LEVEL
    }
}

fn path(printer: &PrinterView) -> Result<OwnedObjectPath, Error> {
    printer_path(&printer.id).map_err(|error| Error::internal(format!("The printer's id is no path: {error}")))
}

fn not_found(message: String) -> Error {
    Error::new(ErrorKind::NotFound, Party::Caller, message)
}

/// What a URI says about which printer it means.
#[derive(Debug, PartialEq, Eq)]
enum Clue {
    Serial(String),
    Uuid(String),
    /// Where the printer is offered on this computer.
    Port(u16),
}

/// The printer that a device URI of CUPS or HPLIP leads to: by `serial=` (`usb://HP/…?serial=…`,
/// `hp:/usb/…?serial=…`) or `uuid=` (`ipps://….local/?uuid=…`, as DNS-SD destinations have it), or by the port
/// on this computer where it is offered.
fn by_uri<'a>(view: &'a View, uri: &str) -> Result<&'a PrinterView, Error> {
    let clues = clues(uri)?;
    let mut found = view.printers.values().filter(|printer| {
        clues.iter().any(|clue| match clue {
            Clue::Serial(serial) => !printer.serial_number.is_empty() && printer.serial_number == *serial,
            Clue::Port(port) => printer
                .addresses
                .as_ref()
                .is_some_and(|addresses| local_port(&addresses.admin_uri).is_some_and(|own| own == *port)),
            Clue::Uuid(uuid) => !printer.uuid.is_empty() && bare_uuid(&printer.uuid) == bare_uuid(uuid),
        })
    });
    match (found.next(), found.next()) {
        (Some(printer), None) => Ok(printer),
        (Some(_), Some(_)) => Err(not_found("More than one printer has the serial number in this URI.".into())),
        (None, _) if clues.is_empty() => Err(not_found(
            "The URI names neither a serial number nor a UUID nor a port of this computer, so it can't be told which printer it leads to.".into(),
        )),
        (None, _) => Err(not_found("No printer with the URI's serial number or UUID is plugged in.".into())),
    }
}

fn bare_uuid(uuid: &str) -> String {
    uuid.strip_prefix("urn:uuid:").unwrap_or(uuid).to_ascii_lowercase()
}

fn clues(uri: &str) -> Result<Vec<Clue>, Error> {
    if uri.len() > URI_LIMIT {
        return Err(Error::invalid(format!("The URI is longer than {URI_LIMIT} bytes.")));
    }
    if uri.split_once(':').is_none_or(|(scheme, _)| !is_scheme(scheme)) {
        return Err(Error::invalid("This is no URI: it has no scheme, such as usb: or ipp:."));
    }
    let query = uri.split_once('?').map_or("", |(_, query)| query);
    let query = query.split_once('#').map_or(query, |(query, _)| query);
    let port = local_port(uri).map(Clue::Port);
    Ok(query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .filter_map(|(name, value)| {
            let value = percent_decoded(value)?;
            match name {
                "serial" if !value.is_empty() => Some(Clue::Serial(value)),
                "uuid" if !value.is_empty() => Some(Clue::Uuid(value)),
                _ => None,
            }
        })
        .chain(port)
        .collect())
}

/// The port of a URI that leads to this computer's loopback.
fn local_port(uri: &str) -> Option<u16> {
    let (scheme, rest) = uri.split_once("://")?;
    if !["ipp", "http"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
        return None;
    }
    let (authority, _) = rest.split_once(['/', '?', '#']).unwrap_or((rest, ""));
    let (host, port) = authority.rsplit_once(':')?;
    let here = ["localhost", "127.0.0.1", "[::1]"].iter().any(|own| host.eq_ignore_ascii_case(own));
    port.parse().ok().filter(|_| here)
}

fn is_scheme(scheme: &str) -> bool {
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let high = char::from(bytes.next()?).to_digit(16)?;
            let low = char::from(bytes.next()?).to_digit(16)?;
            decoded.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            decoded.push(byte);
        }
    }
    String::from_utf8(decoded).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    #[test]
    fn device_uris_name_a_serial_number_or_a_uuid() {
        let serial = |text: &str| vec![Clue::Serial(text.into())];
        assert_eq!(clues("usb://HP/LaserJet%20200?serial=VNB%2F3&interface=1").unwrap(), serial("VNB/3"));
        assert_eq!(clues("hp:/usb/ENVY_5000_series?serial=TH82").unwrap(), serial("TH82"));
        assert_eq!(
            clues("ipps://HP%20ENVY._ipps._tcp.local/?uuid=1c852a4d-b800-1f08-abcd-a0d3c1e4b0a1").unwrap(),
            vec![Clue::Uuid("1c852a4d-b800-1f08-abcd-a0d3c1e4b0a1".into())]
        );
        assert_eq!(clues("ipp://localhost:60000/ipp/print").unwrap(), vec![Clue::Port(60000)]);
        assert_eq!(clues("ipp://printer.example:60000/ipp/print").unwrap(), vec![]);
    }

    #[test]
    fn what_is_no_uri_is_refused() {
        for text in ["", "printer", "1usb://x", "us b:x", "://x", &format!("usb://{}", "x".repeat(URI_LIMIT))] {
            assert!(clues(text).is_err(), "{text}");
        }
        assert_eq!(clues("usb://x?serial=%").unwrap(), vec![]);
        assert_eq!(clues("usb://x?serial=%zz&serial=%ff&serial=").unwrap(), vec![]);
    }
}
