//! `org.plugprint1.Wifi`, on printers that can. Which network a printer is on is nobody's business: its name is in
//! no property, only in the result of a job whose starter polkit has let in.

use std::sync::Arc;

use zbus::message::Header;
use zbus::{OwnedFd, interface};

use crate::agent::ErrorKind;
use crate::agent::view::{Associated, PrinterView, Task, WifiView};
use crate::dbus::authorize::Action;
use crate::dbus::descriptor;
use crate::dbus::error::Error;
use crate::dbus::mirror::{Property, Told};
use crate::dbus::options::{Options, Reader, shown};
use crate::dbus::printer::read_start;
use crate::dbus::{Room, Started};
use crate::setup::flow::Target;
use crate::wifi::{Credentials, Security, Ssid, passphrase};

pub(crate) struct Wifi {
    room: Arc<Room>,
    told: Told<PrinterView>,
}

impl Wifi {
    pub(crate) fn new(room: Arc<Room>, told: Told<PrinterView>) -> Self {
        Self { room, told }
    }

    async fn simple(
        &self,
        header: &Header<'_>,
        action: Action,
        task: Task,
        options: Options,
    ) -> Result<Started, Error> {
        let options = read_start(options)?;
        let printer = self.told.get();
        let admitted = self.room.admit(header, action, &printer, &[]).await?;
        self.room.start(admitted, &printer.id, task, options).await
    }
}

#[interface(name = "org.plugprint1.Wifi", introspection_docs = false)]
impl Wifi {
    #[zbus(out_args("job"))]
    async fn get_network(&self, options: Options, #[zbus(header)] header: Header<'_>) -> Result<Started, Error> {
        self.simple(&header, Action::Query, Task::GetNetwork, options).await
    }

    #[zbus(out_args("job"))]
    async fn scan(&self, options: Options, #[zbus(header)] header: Header<'_>) -> Result<Started, Error> {
        self.simple(&header, Action::Query, Task::Scan, options).await
    }

    #[zbus(out_args("job"))]
    async fn join(
        &self,
        ssid: Vec<u8>,
        security: &str,
        options: Options,
        #[zbus(header)] header: Header<'_>,
    ) -> Result<Started, Error> {
        let mut reader = Reader::new(options);
        let hidden = reader.boolean("hidden")?.unwrap_or(false);
        let options = reader.start()?;
        reader.end()?;
        let target =
            Target { ssid: Some(read_ssid(&ssid)?), security: read_security(security)?, hidden, ..Target::default() };
        let printer = self.told.get();
        let admitted = self.room.admit(&header, Action::Configure, &printer, &[]).await?;
        self.room.start(admitted, &printer.id, Task::Join(Box::new(target)), options).await
    }

    #[zbus(out_args("job"))]
    async fn join_with_secret(
        &self,
        ssid: Vec<u8>,
        security: &str,
        secret: OwnedFd,
        options: Options,
        #[zbus(header)] header: Header<'_>,
    ) -> Result<Started, Error> {
        let mut reader = Reader::new(options);
        let hidden = reader.boolean("hidden")?.unwrap_or(false);
        let options = reader.start()?;
        reader.end()?;
        let (ssid, security) = (read_ssid(&ssid)?, read_security(security)?);
        let printer = self.told.get();
        let (admitted, held) = self.room.admit_with_descriptor(&header, Action::Configure, &printer, &[]).await?;
        let bytes = descriptor::sealed(&secret)?;
        drop((secret, held));
        let phrase = passphrase::parse(&bytes)
            .map_err(|why| Error::new(ErrorKind::InvalidArguments, why.whose(), sentence(&why)))?;
        if let Some(security) = &security {
            let whole = Credentials {
                ssid: ssid.clone(),
                security: security.clone(),
                passphrase: Some(phrase.clone()),
                hidden,
            };
            whole.check().map_err(|why| Error::new(ErrorKind::InvalidArguments, why.whose(), sentence(&why)))?;
        }
        let target = Target { ssid: Some(ssid), security, hidden, passphrase: Some(phrase), ..Target::default() };
        self.room.start(admitted, &printer.id, Task::Join(Box::new(target)), options).await
    }

    #[zbus(out_args("job"))]
    async fn set_power(
        &self,
        power: bool,
        options: Options,
        #[zbus(header)] header: Header<'_>,
    ) -> Result<Started, Error> {
        self.simple(&header, Action::Configure, Task::SetPower(power), options).await
    }

    #[zbus(out_args("job"))]
    async fn reset_network(&self, options: Options, #[zbus(header)] header: Header<'_>) -> Result<Started, Error> {
        self.simple(&header, Action::Configure, Task::ResetNetwork, options).await
    }

    #[zbus(property)]
    fn power(&self) -> bool {
        self.told.get().wifi.as_ref().is_some_and(power)
    }

    #[zbus(property)]
    fn associated(&self) -> &'static str {
        self.told.get().wifi.as_ref().map_or("unknown", associated)
    }

    #[zbus(property)]
    fn signal_strength(&self) -> i16 {
        self.told.get().wifi.as_ref().map_or(0, signal)
    }

    #[zbus(property)]
    fn addresses(&self) -> Vec<String> {
        self.told.get().wifi.as_ref().map(addresses).unwrap_or_default()
    }
}

/// What changes, in a fixed order.
pub(crate) fn properties(view: &WifiView) -> Vec<Property> {
    vec![
        ("Power", power(view).into()),
        ("Associated", associated(view).into()),
        ("SignalStrength", signal(view).into()),
        ("Addresses", addresses(view).into()),
    ]
}

fn power(view: &WifiView) -> bool {
    view.power.unwrap_or(false)
}

fn associated(view: &WifiView) -> &'static str {
    match view.associated {
        Associated::Unknown => "unknown",
        Associated::No => "no",
        Associated::Joining => "joining",
        Associated::Yes => "yes",
    }
}

/// 0 where it is not known: no receiver measures 1 mW.
fn signal(view: &WifiView) -> i16 {
    view.signal_dbm.unwrap_or(0)
}

fn addresses(view: &WifiView) -> Vec<String> {
    view.addresses.iter().map(ToString::to_string).collect()
}

/// The name of a network that is to be joined.
pub(crate) fn read_ssid(bytes: &[u8]) -> Result<Ssid, Error> {
    match Ssid::new(bytes) {
        Ok(ssid) if !ssid.is_empty() => Ok(ssid),
        _ => Err(Error::invalid(format!("A network's name has 1 to {} bytes.", Ssid::MAX))),
    }
}

/// How a network is secured; `None` for the empty word, which leaves it to the printer's scan.
pub(crate) fn read_security(name: &str) -> Result<Option<Security>, Error> {
    if name.is_empty() {
        return Ok(None);
    }
    match Security::from_name(name) {
        Security::Unknown(_) => Err(Error::invalid(format!(
            "Unknown security \"{}\". There are: open, owe, wep, wpa-psk, wpa-wpa2-psk, wpa2-psk, wpa2-psk-sae, sae, \
             enterprise; empty where it is not known.",
            shown(name)
        ))),
        known => Ok(Some(known)),
    }
}

/// A reason as a sentence.
pub(crate) fn sentence(why: &dyn std::fmt::Display) -> String {
    let why = why.to_string();
    let mut letters = why.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}
