//! What can be chosen about an emulated printer: above all, for each inferred behaviour, its second variant.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::faults::Fault;
use super::{cdm, ipp, radio};

/// As what the device shows itself on the bus.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Personality {
    /// A printer.
    #[default]
    Printer,
    /// HP's "Smart Install": a CD-ROM with a driver for another system, and no printer yet \[C, HPLIP\].
    SmartInstall,
    /// The active configuration has the old printer class only; a second one has IPP over USB. Seen on
    /// printers that ipp-usb switches \[C\].
    SecondConfiguration,
}

/// Which root element `InternalPrintDyn.xml` takes. Both are in the field \[C\]; which model takes which is
/// inferred.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PrintRoot {
    /// Either.
    #[default]
    Both,
    /// `ipdyn:InternalPrintDyn` only; the other gets 400.
    A,
    /// `ipcap:InternalPrintCap` only, as HPLIP sends it; the other gets 400.
    B,
}

/// How the WPS PIN lives. Which models have which is inferred.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PinKind {
    /// A new one at every GET, as a device with a display must have (WSC 2.0).
    #[default]
    Dynamic,
    /// The label's: always the same.
    Static,
}

/// What `WPS/Pin` answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PinAccess {
    /// As the model does.
    #[default]
    Model,
    /// 404, whatever the model (a patched LaserJet, inferred).
    NotFound,
    /// 401 (a patched LaserJet, the other inference).
    Unauthorized,
}

/// In how many bytes the value of PML's `print-internal-page` may come. HPLIP composes it in one by Python 2 and in four
/// by Python 3 \[C\]; which printer takes which is inferred.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PmlValue {
    /// Either.
    #[default]
    Both,
    /// One byte only; the other is ignored.
    Short,
    /// Four bytes only; the other is ignored.
    Long,
    /// Whatever comes is ignored.
    Neither,
}

/// Which envelope a printer without HTTP takes PML in \[both C, which printer takes which I\].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PmlEnvelope {
    /// `@PJL DMCMD`, as laser printers do.
    #[default]
    Pjl,
    /// A command of PCL3GUI, as inkjets do; the device id says PCL3GUI then.
    Pcl3Gui,
}

/// How responses are framed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Framing {
    /// Content-Length \[C\].
    #[default]
    Length,
    /// Transfer-Encoding: chunked \[C\].
    Chunked,
    /// Content-Encoding: gzip even where nobody asked \[C, Smart Tank 580-590\].
    Gzip,
}

/// What an emulated printer is asked to be. [`Options::default`] writes pages to a folder below the system's
/// temporary one and answers as the model does.
#[derive(Clone, Debug)]
pub struct Options {
    /// The folder where printed pages go as PNG images; created when the first one is printed.
    pub pages: PathBuf,
    /// The folder where documents that are printed by IPP go, and copies of what is scanned; `None` keeps nothing.
    pub jobs: Option<PathBuf>,
    /// Emulated time from the end of a document to its last page.
    pub document_time: Duration,
    /// Sheets that lie in the document feeder at the beginning of each scan.
    pub feeder_sheets: u32,
    /// A fault from the beginning; it can be changed later.
    pub fault: Option<Fault>,
    /// Another serial number than the model's.
    pub serial: Option<String>,
    /// No iSerialNumber at all, unless `serial` is set.
    pub serial_missing: bool,
    /// As what it shows itself.
    pub personality: Personality,
    /// Still in its out-of-box set-up: `dd:OobePhase` is not `setupComplete` \[the element C, other values I\].
    pub out_of_box: bool,
    /// Emulated time for one page.
    pub page_time: Duration,
    /// The status says `processing` while a page is printed. A short page may never show it \[C\].
    pub shows_processing: bool,
    /// The printer rests in `inPowerSave` instead of `ready` \[C, both allow printing\].
    pub power_save: bool,
    /// Which root element starts a page.
    pub print_root: PrintRoot,
    /// How the WPS PIN lives.
    pub pin_kind: PinKind,
    /// What `WPS/Pin` answers.
    pub pin_access: PinAccess,
    /// Pages with a wireless section show the WPS PIN \[I, model dependent\].
    pub pin_on_page: bool,
    /// Documents that are served instead of the model's own, by path: what other models may say.
    pub documents: BTreeMap<String, String>,
    /// How responses are framed.
    pub framing: Framing,
    /// The station is associated to the emulated network: the first of [`radio::Options::networks`].
    pub connected: bool,
    /// How the radio behaves.
    pub radio: radio::Options,
    /// How the Wi-Fi attributes of IPP behave.
    pub ipp: ipp::Options,
    /// Which value of `print-internal-page` a printer without HTTP takes.
    pub pml_value: PmlValue,
    /// In which envelope.
    pub pml_envelope: PmlEnvelope,
    /// Its IEEE 1284 device id, instead of the model's own; it may be empty.
    pub device_id: Option<String>,
    /// How CDM behaves.
    pub cdm: cdm::Options,
    /// Selecting an alternate setting empties the FIFOs and ends an unfinished exchange, as Linux gadgets do;
    /// otherwise only SOFT_RESET and a re-enumeration do.
    pub select_resets: bool,
}

/// What is no setting.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no such setting; known are {} {} {} {}, with whole seconds in place of SECONDS",
    Options::SETTINGS.join(" "),
    ipp::Options::SETTINGS.join(" "),
    cdm::Options::SETTINGS.join(" "),
    radio::Options::SETTINGS.join(" ")
)]
pub struct UnknownSetting;

impl Options {
    /// What [`Options::set`] knows besides those of the radio ([`radio::Options::SETTINGS`]), CDM and IPP.
    pub const SETTINGS: &'static [&'static str] = &[
        "connected=yes",
        "connected=no",
        "pin=dynamic",
        "pin=static",
        "pin-on-page=yes",
        "pin-resource=missing",
        "pin-resource=denied",
        "pml=short",
        "pml=long",
        "pml=ignored",
        "pml=pcl3gui",
        "device-id=empty",
    ];

    /// Sets one thing about the printer by its name, `KEY=VALUE`.
    ///
    /// # Errors
    /// [`UnknownSetting`], which names all that can be set.
    pub fn set(&mut self, setting: &str) -> Result<(), UnknownSetting> {
        match setting {
            "connected=yes" => self.connected = true,
            "connected=no" => self.connected = false,
            "pin=dynamic" => self.pin_kind = PinKind::Dynamic,
            "pin=static" => self.pin_kind = PinKind::Static,
            "pin-on-page=yes" => self.pin_on_page = true,
            "pin-resource=missing" => self.pin_access = PinAccess::NotFound,
            "pin-resource=denied" => self.pin_access = PinAccess::Unauthorized,
            "pml=short" => self.pml_value = PmlValue::Short,
            "pml=long" => self.pml_value = PmlValue::Long,
            "pml=ignored" => self.pml_value = PmlValue::Neither,
            "pml=pcl3gui" => self.pml_envelope = PmlEnvelope::Pcl3Gui,
            "device-id=empty" => self.device_id = Some(String::new()),
            _ if self.ipp.set(setting) => {}
            _ if setting.starts_with("cdm-") => return self.cdm.set(setting).map_err(|_| UnknownSetting),
            _ => return self.radio.set(setting).map_err(|_| UnknownSetting),
        }
        Ok(())
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            pages: std::env::temp_dir().join("plugprint-pages"),
            jobs: None,
            document_time: Duration::from_millis(500),
            feeder_sheets: 3,
            fault: None,
            serial: None,
            serial_missing: false,
            personality: Personality::default(),
            out_of_box: false,
            page_time: Duration::from_secs(3),
            shows_processing: true,
            power_save: false,
            print_root: PrintRoot::default(),
            pin_kind: PinKind::default(),
            pin_access: PinAccess::default(),
            pin_on_page: false,
            documents: BTreeMap::new(),
            framing: Framing::default(),
            connected: true,
            radio: radio::Options::default(),
            ipp: ipp::Options::default(),
            pml_value: PmlValue::default(),
            pml_envelope: PmlEnvelope::default(),
            device_id: None,
            cdm: cdm::Options::default(),
            select_resets: true,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn every_setting_is_known_by_its_name() {
        let mut options = Options::default();
        for setting in Options::SETTINGS.iter().chain(ipp::Options::SETTINGS) {
            options.set(setting).unwrap();
        }
        options.set("power=off").unwrap();
        assert_eq!((options.connected, options.pin_on_page, options.radio.powered), (false, true, false));
        assert_eq!((options.pin_kind, options.pin_access), (PinKind::Static, PinAccess::Unauthorized));
        assert_eq!(options.set("connected"), Err(UnknownSetting));
        let text = UnknownSetting.to_string();
        assert!(text.contains("connected=no") && text.contains("impostor=ethernet"), "{text}");
    }
}
