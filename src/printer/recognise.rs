//! What a device is, by its descriptors, its strings and its IEEE 1284 id.

use std::time::Duration;

use crate::hp::pml;
use crate::http::Reset;
use crate::printer::identity::PrinterId;
use crate::printer::quirks::{self, Book, Quirks};
use crate::printer::text::clean;
use crate::usb::descriptor::{self, BasicCapabilities, Function, HP};
use crate::usb::raw::Port;
use crate::usb::{self, Arrival, Device, device_id::DeviceId};

/// A printer that has just been switched on may leave a string unanswered. Its serial number is asked for so
/// often, because its identity hangs on it.
const SERIAL_ATTEMPTS: u32 = 3;
const BETWEEN_ATTEMPTS: Duration = Duration::from_secs(1);

/// What is left of an HP printer that has no HTTP over USB.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Legacy {
    /// Its configuration page, by PML.
    Pml(pml::Page),
    /// Nothing: its device id does not say that it understands that, so nothing is ever written to it.
    Nothing,
}

/// What a device's descriptors and strings say. Texts are cleaned.
#[derive(Clone, Debug)]
pub struct Recognised {
    /// Who it is.
    pub id: PrinterId,
    /// Manufacturer; never empty.
    pub manufacturer: String,
    /// Model, without the manufacturer; never empty.
    pub model: String,
    /// Serial number; empty where it has none.
    pub serial_number: String,
    /// idVendor.
    pub vendor_id: u16,
    /// The ways to reach HTTP, best first.
    pub functions: Vec<Function>,
    /// What there is instead, where there is none.
    pub legacy: Option<Legacy>,
    /// Why it can't be spoken to as it is, and what to do.
    pub mute: Option<String>,
    /// What its descriptors say that it is; `None`: nothing.
    pub basic: Option<BasicCapabilities>,
    /// What is known of this model that does not follow from any specification.
    pub quirks: Quirks,
}

/// A fresh LaserJet of 2010 to 2013 is a CD-ROM with its Windows driver until it is told to become a printer.
/// usb_modeswitch does that (seen with a P1102, 03f0:002a [C: hplip question 130081 on Launchpad, and its
/// message for usb_modeswitch in several reports]).
const SMART_INSTALL: &str = "The printer shows itself as a CD-ROM with its Windows driver (HP Smart Install) and can't print yet. \
     Install usb_modeswitch with its data package, then plug the printer in again: it becomes a printer by itself.";

/// Looks at a device. `None`: it is no printer that can be reached through HTTP, nor an old one of HP's. What the book says of its numbers
/// counts before it is asked anything. A reset that they wish is made where `may_reset` says so, which is asked then and not
/// otherwise: a device may leave the bus by it, and come again.
///
/// # Errors
/// The cable's: [`usb::Error::Gone`], [`usb::Error::Timeout`], [`usb::Error::Malformed`] …
pub async fn recognise(
    device: &dyn Device,
    arrival: &Arrival,
    book: &Book,
    may_reset: impl FnOnce() -> bool + Send,
) -> Result<Option<Recognised>, usb::Error> {
    let described = descriptor::parse(device.raw_descriptors())?;
    let functions = described.functions();
    let cd_rom = functions.is_empty() && described.smart_install();
    // Other makers' printers without HTTP are none of our business: their drivers have them.
    let old = functions.is_empty() && described.vendor_id == HP && described.printer_class();
    if functions.is_empty() && !cd_rom && !old {
        return Ok(None);
    }
    let by_number = book.of(arrival.vendor_id, arrival.product_id, None);
    let reset = by_number.manner.init_reset == Reset::Hard && !by_number.blacklisted && may_reset();
    if reset {
        tracing::info!(address = %arrival.address, "is reset before it is asked, by a quirk");
        device.reset().await?;
    }
    let mut strings = usb::strings(device).await?;
    for _ in 1..SERIAL_ATTEMPTS {
        if described.serial == 0 || strings.serial.is_some() {
            break;
        }
        tokio::time::sleep(BETWEEN_ATTEMPTS).await;
        strings = usb::strings(device).await?;
    }
    // HP sells memory sticks and disc drives too: only a device that calls itself a LaserJet is one in disguise.
    if cd_rom && !strings.product.as_deref().is_some_and(|product| product.contains("LaserJet")) {
        return Ok(None);
    }
    let device_id = match functions.first() {
        Some(function) => match usb::device_id(device, function).await {
            Ok(device_id) => device_id,
            Err(usb::Error::Gone) => return Err(usb::Error::Gone),
            // Many vendor interfaces don't know the request: the strings have to do.
            Err(_) => DeviceId::default(),
        },
        None => DeviceId::default(),
    };
    let (device_id, legacy) = match Port::of(&described) {
        Some(port) if old => {
            let device_id = old_device_id(device, port).await?;
            let language = pml::Language::of(&device_id);
            let page = language.map(|language| Legacy::Pml(pml::Page::new(port, language)));
            (device_id, Some(page.unwrap_or(Legacy::Nothing)))
        }
        _ => (device_id, old.then_some(Legacy::Nothing)),
    };
    let manufacturer = by_number.manufacturer.as_deref().or(strings.manufacturer.as_deref()).unwrap_or_default();
    let product = by_number.model.as_deref().or(strings.product.as_deref()).unwrap_or_default();
    let name = quirks::full_name(manufacturer, product);
    let mut quirks = book.of(arrival.vendor_id, arrival.product_id, Some(&name));
    if reset {
        quirks.manner.init_reset = Reset::None;
    }
    let mute = match quirks.source("blacklist") {
        Some(source) if quirks.blacklisted => {
            Some(format!("It is left alone, because {source} says so (blacklist = true)."))
        }
        _ => cd_rom.then(|| SMART_INSTALL.to_owned()),
    };
    let basic = described.info().and_then(|info| info.capabilities);
    Ok(Some(Recognised { basic, legacy, ..named(arrival, functions, &strings, &device_id, quirks, mute) }))
}

/// It decides whether anything is ever written, so a printer that is only starting is asked again.
async fn old_device_id(device: &dyn Device, port: Port) -> Result<DeviceId, usb::Error> {
    for attempt in 1..=SERIAL_ATTEMPTS {
        match port.device_id(device).await {
            Ok(device_id) => return Ok(device_id),
            Err(usb::Error::Gone) => return Err(usb::Error::Gone),
            Err(_) if attempt < SERIAL_ATTEMPTS => tokio::time::sleep(BETWEEN_ATTEMPTS).await,
            Err(_) => {}
        }
    }
    Ok(DeviceId::default())
}

fn named(
    arrival: &Arrival,
    functions: Vec<Function>,
    strings: &usb::Strings,
    device_id: &DeviceId,
    quirks: Quirks,
    mute: Option<String>,
) -> Recognised {
    let first = |candidates: [&Option<String>; 3], otherwise: &str| {
        candidates
            .into_iter()
            .flatten()
            .map(|text| clean(text))
            .find(|text| !text.is_empty())
            .unwrap_or_else(|| otherwise.to_owned())
    };
    let manufacturer = [&quirks.manufacturer, &device_id.manufacturer, &strings.manufacturer];
    let manufacturer = match first(manufacturer, "Unknown").as_str() {
        // The same maker, spelled differently by device id and string descriptor [C: P1102, DeskJet].
        "Hewlett-Packard" | "hp" => "HP".to_owned(),
        other => other.to_owned(),
    };
    let model = first([&quirks.model, &device_id.model, &strings.product], "USB printer");
    let model = ["Hewlett-Packard", manufacturer.as_str()]
        .into_iter()
        .find_map(|prefix| model.strip_prefix(prefix)?.strip_prefix(' ').map(str::to_owned))
        .unwrap_or(model);
    let serial = strings.serial.as_deref().unwrap_or_default();
    let shown = strings.serial.as_deref().or(device_id.serial.as_deref()).unwrap_or_default();
    Recognised {
        // The device id's serial number is not part of the identity: GET_DEVICE_ID is refused now and then.
        id: PrinterId::new(arrival.vendor_id, arrival.product_id, serial, &arrival.topology),
        manufacturer,
        model,
        serial_number: clean(shown),
        vendor_id: arrival.vendor_id,
        functions,
        legacy: None,
        mute,
        quirks,
        basic: None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::usb::{Address, BoxFuture, ControlIn, Error, Pipe, Topology};

    /// A device that answers its strings, and nothing else.
    struct Device {
        raw: Vec<u8>,
        strings: [&'static str; 3],
        /// How often the serial number's request goes unanswered.
        deaf: AtomicU32,
    }

    impl Device {
        fn of(hex: &str, strings: [&'static str; 3]) -> Self {
            let raw = hex
                .lines()
                .filter_map(|line| line.split('#').next())
                .flat_map(str::split_whitespace)
                .map(|byte| u8::from_str_radix(byte, 16).unwrap())
                .collect();
            Self { raw, strings, deaf: AtomicU32::new(0) }
        }
    }

    impl usb::Device for Device {
        fn raw_descriptors(&self) -> &[u8] {
            &self.raw
        }

        fn configuration(&self) -> BoxFuture<'_, Result<u8, Error>> {
            Box::pin(async { Ok(1) })
        }

        fn control_in(&self, request: ControlIn, _: Duration) -> BoxFuture<'_, Result<Vec<u8>, Error>> {
            Box::pin(async move {
                let index = usize::from(request.value & 0xff);
                let described = descriptor::parse(&self.raw).unwrap();
                let order = [described.manufacturer, described.product, described.serial];
                let text = match (request.request_type, index) {
                    (0x80, 0) => return Ok(vec![4, 3, 9, 4]),
                    (0x80, _) => order.iter().position(|i| usize::from(*i) == index).map(|i| (i, self.strings[i])),
                    _ => None,
                };
                let Some((which, text)) = text else { return Err(Error::Stalled) };
                if which == 2 && self.deaf.load(Ordering::Relaxed) > 0 {
                    self.deaf.fetch_sub(1, Ordering::Relaxed);
                    return Err(Error::Timeout);
                }
                let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
                Ok([vec![u8::try_from(units.len() + 2).unwrap(), 3], units].concat())
            })
        }

        fn claim(&self, _: Function) -> BoxFuture<'_, Result<Box<dyn Pipe>, Error>> {
            Box::pin(async { Err(Error::Busy) })
        }

        fn reset(&self) -> BoxFuture<'_, Result<(), Error>> {
            Box::pin(async { Ok(()) })
        }
    }

    const MARVELL: &str = include_str!("../../tests/data/usb/laserjet-marvell.hex");
    const CD_ROM: &str = include_str!("../../tests/data/usb/smart-install.hex");

    async fn look(device: &Device) -> Option<Recognised> {
        let arrival = Arrival {
            address: Address { bus: 1, device: 7 },
            topology: Topology { bus: 1, ports: vec![2] },
            vendor_id: 0x03f0,
            product_id: 0x002a,
        };
        recognise(device, &arrival, &Book::default(), || true).await.unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_laserjet_by_its_strings_where_it_has_no_device_id() {
        let device = Device::of(MARVELL, ["Hewlett-Packard", "HP LaserJet Professional P1102w", "VNB3X12345"]);
        let it = look(&device).await.unwrap();
        assert_eq!((it.manufacturer.as_str(), it.model.as_str()), ("HP", "LaserJet Professional P1102w"));
        assert_eq!(it.id.as_str(), "03f0_002a_vnb3x12345");
        assert_eq!(it.serial_number, "VNB3X12345");
        assert_eq!(it.mute, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_serial_number_that_comes_late_still_names_it() {
        let device = Device::of(MARVELL, ["Hewlett-Packard", "HP LaserJet", "VNB3X12345"]);
        device.deaf.store(2, Ordering::Relaxed);
        assert_eq!(look(&device).await.unwrap().id.as_str(), "03f0_002a_vnb3x12345");
        device.deaf.store(3, Ordering::Relaxed);
        assert_eq!(look(&device).await.unwrap().id.as_str(), "03f0_002a_at_1_2");
    }

    #[tokio::test(start_paused = true)]
    async fn a_laserjet_that_is_still_a_cd_rom_says_what_to_do() {
        let device = Device::of(CD_ROM, ["Hewlett-Packard", "HP LaserJet Professional P1102", "000000000Q80SI1c"]);
        let it = look(&device).await.unwrap();
        assert!(it.mute.unwrap().contains("usb_modeswitch"));
        assert!(it.functions.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_memory_stick_of_the_same_maker_is_no_printer() {
        let device = Device::of(CD_ROM, ["HP", "v165w", "0123456789ABCDEF"]);
        assert!(look(&device).await.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_device_says_reaches_nobody_unclean() {
        let device = Device::of(MARVELL, ["\u{202e}Evil\u{200b}", "Laser\u{2066}Jet", "A\u{202e}B"]);
        let it = look(&device).await.unwrap();
        assert_eq!((it.manufacturer.as_str(), it.model.as_str()), ("Evil", "LaserJet"));
        assert_eq!(it.serial_number, "AB");
        assert_eq!(it.id.as_str(), "03f0_002a_a_e2_80_aeb");
    }
}
