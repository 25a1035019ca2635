//! USB descriptors, as bytes and as values. Pure.
//!
//! Only what cannot be read at all is refused: printers ship with descriptors that are too long, too short or of
//! unknown types, and still print.

/// HP's idVendor.
pub const HP: u16 = 0x03f0;

/// Descriptor types (USB 2.0, table 9-5), and the two that this file knows besides.
const DEVICE: u8 = 0x01;
const CONFIGURATION: u8 = 0x02;
const INTERFACE: u8 = 0x04;
const ENDPOINT: u8 = 0x05;
/// Device info descriptor (USB Print Interface Class, IPP Protocol Specification 1.0, 4.3).
const DEVICE_INFO: u8 = 0x21;

/// Linux keeps no more configurations of a device (USB_MAXCONFIG, drivers/usb/core/config.c).
const MAX_CONFIGURATIONS: usize = 8;
/// Alternate settings of all interfaces of one configuration that are kept.
const MAX_SETTINGS: usize = 256;
/// Endpoints of one alternate setting (USB 2.0, 5.3.1.2: 15 in each direction).
const MAX_ENDPOINTS: usize = 30;
/// wTotalLength is 16 bits wide.
const MAX_RAW: usize = 18 + MAX_CONFIGURATIONS * u16::MAX as usize;

const PRINTER_CLASS: u8 = 0x07;
const MASS_STORAGE_CLASS: u8 = 0x08;

/// What an interface speaks, by its class, subclass and protocol (protocols of HP's channels: hp.md 1). In order of
/// preference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// 07/01/04: IPP over USB, which is HTTP (USB Print Interface Class, IPP Protocol Specification 1.0).
    IppUsb,
    /// ff/09/01: HP's alternate IPP channel.
    HpIpp2,
    /// ff/04/01: HP's EWS and LEDM channel.
    HpEwsLedm,
    /// ff/cc/00: HP's LEDM channel on newer inkjets.
    HpLedmScan,
    /// ff/02/10: HP's channel on the Marvell LaserJets (P1102w's generation).
    HpMarvellEws,
    /// 07/01/02: a printer's old interface, where no HTTP is spoken. Never among [`Device::functions`].
    Printer,
}

impl Channel {
    /// The channel of an interface, if HTTP is spoken there. HP's own triples mean nothing on other vendors' devices.
    pub fn of(vendor_id: u16, class: u8, subclass: u8, protocol: u8) -> Option<Self> {
        match (vendor_id, class, subclass, protocol) {
            (_, PRINTER_CLASS, 0x01, 0x04) => Some(Self::IppUsb),
            (HP, 0xff, 0x09, 0x01) => Some(Self::HpIpp2),
            (HP, 0xff, 0x04, 0x01) => Some(Self::HpEwsLedm),
            (HP, 0xff, 0xcc, 0x00) => Some(Self::HpLedmScan),
            (HP, 0xff, 0x02, 0x10) => Some(Self::HpMarvellEws),
            _ => None,
        }
    }
}

/// A bulk endpoint of a [`Function`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// bEndpointAddress, direction bit included.
    pub address: u8,
    /// wMaxPacketSize in bytes.
    pub max_packet: u16,
}

/// One way to reach HTTP on the device: an alternate setting of an interface, with its bulk pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Function {
    /// bConfigurationValue it belongs to.
    pub configuration: u8,
    /// bInterfaceNumber.
    pub interface: u8,
    /// bAlternateSetting.
    pub alternate: u8,
    /// What it speaks.
    pub channel: Channel,
    /// Its bulk IN endpoint.
    pub bulk_in: Endpoint,
    /// Its bulk OUT endpoint.
    pub bulk_out: Endpoint,
}

/// Why bytes are not a device's descriptors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// No device descriptor of at least 18 bytes at the beginning.
    #[error("no device descriptor")]
    NoDevice,
    /// More bytes than eight configurations can have.
    #[error("more descriptors than a device can have")]
    TooLong,
}

impl From<Malformed> for super::Error {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(match malformed {
            Malformed::NoDevice => "no device descriptor",
            Malformed::TooLong => "more descriptors than a device can have",
        })
    }
}

/// How an endpoint transfers (USB 2.0, table 9-13).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransferType {
    /// Control.
    Control,
    /// Isochronous.
    Isochronous,
    /// Bulk.
    Bulk,
    /// Interrupt.
    Interrupt,
}

/// What a printer says that it can do, in its device info descriptor (specification as above, 4.3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BasicCapabilities(pub u16);

impl BasicCapabilities {
    /// Bit 0: it prints.
    pub fn print(self) -> bool {
        self.0 & 1 != 0
    }
    /// Bit 1: it scans.
    pub fn scan(self) -> bool {
        self.0 & 1 << 1 != 0
    }
    /// Bit 2: it sends faxes.
    pub fn fax(self) -> bool {
        self.0 & 1 << 2 != 0
    }
    /// Bit 4: any HTTP/1.1 goes over USB, so its web pages and LEDM can be reached there.
    pub fn any_http(self) -> bool {
        self.0 & 1 << 4 != 0
    }
    /// Bits 5 and 6: 0 no authentication, 1 by user name, 2 reserved, 3 negotiable.
    pub fn authentication(self) -> u8 {
        (self.0 >> 5 & 0b11) as u8
    }
}

/// The device info descriptor of an IPP-over-USB interface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeviceInfo {
    /// Its version byte; 1 on the devices seen (usbutils pull request 78).
    pub release: u8,
    /// What the printer can do; `None` where that element is missing.
    pub capabilities: Option<BasicCapabilities>,
    /// String index of the supported IPP versions; 0 where missing.
    pub ipp_versions: u8,
    /// String index of the printer's UUID; 0 where missing.
    pub uuid: u8,
}

impl DeviceInfo {
    /// Reads a device info descriptor, bLength included: a version, a count, and that many type-length-value elements.
    /// Returns what could be read.
    pub fn parse(raw: &[u8]) -> Option<Self> {
        let &[length, DEVICE_INFO, release, count, ..] = raw else { return None };
        let mut rest = raw.get(4..usize::from(length).min(raw.len())).unwrap_or_default();
        let mut info = Self { release, ..Self::default() };
        for _ in 0..count {
            let &[kind, size, ref more @ ..] = rest else { break };
            let (value, after) = more.split_at(more.len().min(size.into()));
            if kind == 0
                && let [low, high, strings @ ..] = value
            {
                info.capabilities = Some(BasicCapabilities(u16::from_le_bytes([*low, *high])));
                info.ipp_versions = strings.first().copied().unwrap_or(0);
                info.uuid = strings.get(1).copied().unwrap_or(0);
            }
            rest = after;
        }
        Some(info)
    }
}

/// Any endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndpointDescriptor {
    /// Address and packet size.
    pub endpoint: Endpoint,
    /// How it transfers.
    pub kind: TransferType,
}

/// One alternate setting of an interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// bInterfaceNumber.
    pub interface: u8,
    /// bAlternateSetting.
    pub alternate: u8,
    /// bInterfaceClass.
    pub class: u8,
    /// bInterfaceSubClass.
    pub subclass: u8,
    /// bInterfaceProtocol.
    pub protocol: u8,
    /// String index of its name; 0 where it has none.
    pub name: u8,
    /// Its endpoints; endpoint 0 is not listed.
    pub endpoints: Vec<EndpointDescriptor>,
    /// The device info descriptor, on an IPP-over-USB interface that has one.
    pub info: Option<DeviceInfo>,
}

impl Setting {
    /// Type 0x21 means something else in other classes (on a keyboard, the HID descriptor).
    fn carries_device_info(&self) -> bool {
        (self.class, self.subclass, self.protocol) == (PRINTER_CLASS, 0x01, 0x04) || self.class == 0xff
    }

    /// The first bulk endpoint towards the host, or towards the device.
    pub(super) fn bulk(&self, inward: bool) -> Option<Endpoint> {
        self.endpoints
            .iter()
            .find(|e| e.kind == TransferType::Bulk && (e.endpoint.address & 0x80 != 0) == inward)
            .map(|e| e.endpoint)
    }
}

/// One configuration with its interfaces' alternate settings, in the order of the descriptors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Configuration {
    /// bConfigurationValue.
    pub value: u8,
    /// String index of its name; 0 where it has none.
    pub name: u8,
    /// Alternate settings of all interfaces.
    pub settings: Vec<Setting>,
    /// The descriptors ended early or held a length that cannot be; what came before is here.
    pub damaged: bool,
}

/// A device descriptor and all that follows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// idVendor.
    pub vendor_id: u16,
    /// idProduct.
    pub product_id: u16,
    /// bcdDevice: the device's release, in binary-coded decimal.
    pub release: u16,
    /// bDeviceClass; 0 where each interface has its own.
    pub class: u8,
    /// String index of the manufacturer's name; 0 where it has none.
    pub manufacturer: u8,
    /// String index of the product's name; 0 where it has none.
    pub product: u8,
    /// String index of the serial number; 0 where it has none.
    pub serial: u8,
    /// Its configurations.
    pub configurations: Vec<Configuration>,
}

/// Reads a device descriptor and the configurations behind it, as Linux shows them in
/// `/sys/bus/usb/devices/*/descriptors`.
///
/// # Errors
/// [`Malformed`], only where there is no device descriptor or impossibly much; damage behind it is marked in the
/// configuration it is found in.
pub fn parse(raw: &[u8]) -> Result<Device, Malformed> {
    if raw.len() > MAX_RAW {
        return Err(Malformed::TooLong);
    }
    let &[
        length @ 18..=u8::MAX,
        DEVICE,
        _,
        _,
        class,
        _,
        _,
        _,
        v0,
        v1,
        p0,
        p1,
        r0,
        r1,
        manufacturer,
        product,
        serial,
        _count,
        ..,
    ] = raw
    else {
        return Err(Malformed::NoDevice);
    };
    let mut device = Device {
        vendor_id: u16::from_le_bytes([v0, v1]),
        product_id: u16::from_le_bytes([p0, p1]),
        release: u16::from_le_bytes([r0, r1]),
        class,
        manufacturer,
        product,
        serial,
        configurations: Vec::new(),
    };
    let mut rest = raw.get(length.into()..).unwrap_or_default();
    // bNumConfigurations may promise more than the kernel could read; the bytes decide.
    while device.configurations.len() < MAX_CONFIGURATIONS {
        let &[length @ 9..=u8::MAX, CONFIGURATION, t0, t1, _, value, name, ..] = rest else { break };
        let total = usize::from(u16::from_le_bytes([t0, t1])).max(length.into());
        let (own, after) = rest.split_at(total.min(rest.len()));
        let (settings, complete) = settings(own.get(length.into()..).unwrap_or_default());
        device.configurations.push(Configuration {
            value,
            name,
            settings,
            damaged: !complete || own.len() < total || usize::from(length) > own.len(),
        });
        rest = after;
    }
    Ok(device)
}

/// The alternate settings in the bytes behind a configuration descriptor, and whether all could be read.
fn settings(mut rest: &[u8]) -> (Vec<Setting>, bool) {
    let mut settings: Vec<Setting> = Vec::new();
    while !rest.is_empty() {
        let &[length @ 2..=u8::MAX, kind, ..] = rest else { return (settings, false) };
        let (own, after) = rest.split_at(rest.len().min(length.into()));
        if own.len() < length.into() {
            return (settings, false);
        }
        rest = after;
        match (kind, own) {
            (INTERFACE, &[_, _, interface, alternate, _, class, subclass, protocol, name, ..]) => {
                if settings.len() == MAX_SETTINGS {
                    return (settings, false);
                }
                settings.push(Setting {
                    interface,
                    alternate,
                    class,
                    subclass,
                    protocol,
                    name,
                    endpoints: Vec::new(),
                    info: None,
                });
            }
            (ENDPOINT, &[_, _, address, attributes, m0, m1, ..]) => {
                let Some(setting) = settings.last_mut() else { continue };
                if setting.endpoints.len() < MAX_ENDPOINTS {
                    setting.endpoints.push(EndpointDescriptor {
                        // Bits 12..11 are the extra transactions of a microframe (USB 2.0, table 9-13).
                        endpoint: Endpoint { address, max_packet: u16::from_le_bytes([m0, m1]) & 0x07ff },
                        kind: match attributes & 0b11 {
                            0 => TransferType::Control,
                            1 => TransferType::Isochronous,
                            2 => TransferType::Bulk,
                            _ => TransferType::Interrupt,
                        },
                    });
                }
            }
            (DEVICE_INFO, own) => {
                if let Some(setting) = settings.last_mut()
                    && setting.carries_device_info()
                    && setting.info.is_none()
                {
                    setting.info = DeviceInfo::parse(own);
                }
            }
            _ => {}
        }
    }
    (settings, true)
}

impl Device {
    fn settings(&self) -> impl Iterator<Item = (&Configuration, &Setting)> {
        self.configurations.iter().flat_map(|c| c.settings.iter().map(move |s| (c, s)))
    }

    /// Every way to reach HTTP, best first: by [`Channel`], then as the descriptors list them. One interface gives one
    /// function for each channel of each configuration; those without a usable bulk pair give none.
    pub fn functions(&self) -> Vec<Function> {
        let mut functions: Vec<Function> = Vec::new();
        for (configuration, setting) in self.settings() {
            let Some(channel) = Channel::of(self.vendor_id, setting.class, setting.subclass, setting.protocol) else {
                continue;
            };
            let (Some(bulk_in), Some(bulk_out)) = (setting.bulk(true), setting.bulk(false)) else { continue };
            let function = Function {
                configuration: configuration.value,
                interface: setting.interface,
                alternate: setting.alternate,
                channel,
                bulk_in,
                bulk_out,
            };
            let known = |f: &Function| {
                (f.configuration, f.interface, f.channel) == (function.configuration, function.interface, channel)
            };
            if bulk_in.max_packet > 0 && bulk_out.max_packet > 0 && !functions.iter().any(known) {
                functions.push(function);
            }
        }
        functions.sort_by_key(|f| f.channel);
        functions
    }

    /// HP's "Smart Install": a fresh LaserJet shows itself as a CD-ROM with its Windows driver (mass storage 08/06/50
    /// only) until it is told to become a printer.
    pub fn smart_install(&self) -> bool {
        self.vendor_id == HP
            && self.settings().next().is_some()
            && self.settings().all(|(_, s)| (s.class, s.subclass, s.protocol) == (MASS_STORAGE_CLASS, 0x06, 0x50))
    }

    /// Whether any interface is of the printer class, whatever it speaks.
    pub fn printer_class(&self) -> bool {
        self.settings().any(|(_, s)| s.class == PRINTER_CLASS)
    }

    /// What the first device info descriptor says.
    pub fn info(&self) -> Option<DeviceInfo> {
        self.settings().find_map(|(_, s)| s.info)
    }

    /// Whether the interface of a function has more than one alternate setting, so that one must be selected.
    pub fn alternates(&self, function: &Function) -> bool {
        let own = |(c, s): &(&Configuration, &Setting)| {
            (c.value, s.interface) == (function.configuration, function.interface)
        };
        self.settings().filter(own).count() > 1
    }

    /// Where GET_DEVICE_ID can be asked in a configuration: the configuration's index, and the interface and alternate
    /// setting of its first printer-class interface (USB Printing Devices 1.1, 4.2.1).
    pub fn device_id_target(&self, configuration: u8) -> Option<(u8, u8, u8)> {
        let (index, found) = self.configurations.iter().enumerate().find(|(_, c)| c.value == configuration)?;
        let setting = found.settings.iter().find(|s| s.class == PRINTER_CLASS)?;
        Some((u8::try_from(index).ok()?, setting.interface, setting.alternate))
    }
}

#[cfg(test)]
mod tests;
