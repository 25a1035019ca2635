//! The bytes by which the emulated device describes itself (USB 2.0, 9.6; USB Printer Class 1.1;
//! IPP over USB 1.0, 4.3; IEEE 1284 device id).

use super::model::{Alternate, CD_ROM, Facts, IPP_USB, PRINTER};
use super::options::{Options, Personality, PmlEnvelope};

const DEVICE: u8 = 1;
const CONFIGURATION: u8 = 2;
const STRING: u8 = 3;
const INTERFACE: u8 = 4;
const ENDPOINT: u8 = 5;
const DEVICE_QUALIFIER: u8 = 6;
const OTHER_SPEED: u8 = 7;
/// Device info descriptor of IPP over USB.
const DEVICE_INFO: u8 = 0x21;

const MANUFACTURER_INDEX: u8 = 1;
const PRODUCT_INDEX: u8 = 2;
const SERIAL_INDEX: u8 = 3;

/// bMaxPower in units of 2 mA: a printer has its own supply.
const POWER: u8 = 1;

/// One configuration: interfaces, each with its alternate settings.
pub(super) type Interfaces = Vec<Vec<Alternate>>;

/// The descriptors of one device.
pub(super) struct Descriptors {
    device: Vec<u8>,
    /// By bConfigurationValue - 1.
    configurations: Vec<Vec<u8>>,
    pub layout: Vec<Interfaces>,
    info: Option<Vec<u8>>,
    strings: [String; 3],
    device_id: String,
}

/// Bulk OUT of an interface is 1 + its number, bulk IN the same with the direction bit.
pub(super) fn endpoint_out(interface: usize) -> u8 {
    u8::try_from(interface).unwrap_or(0) + 1
}

impl Descriptors {
    pub fn new(facts: &Facts, options: &Options) -> Self {
        let layout: Vec<Interfaces> = match options.personality {
            Personality::Printer => vec![facts.interfaces.iter().map(|alternates| alternates.to_vec()).collect()],
            Personality::SmartInstall => vec![vec![vec![CD_ROM]]],
            Personality::SecondConfiguration => {
                vec![vec![vec![PRINTER]], vec![vec![IPP_USB], vec![IPP_USB]]]
            }
        };
        let info = facts.basic_capabilities.or(match options.personality {
            Personality::SecondConfiguration => Some(0x0011),
            _ => None,
        });
        let info = info.filter(|_| options.personality != Personality::SmartInstall).map(|capabilities| {
            let [low, high] = capabilities.to_le_bytes();
            // bLength, type, version 1.0 as one byte, one TLV: basic capabilities, 4 bytes, then no string for
            // the IPP versions and none for the UUID. The form of lsusb's test device [C].
            vec![10, DEVICE_INFO, 1, 1, 0, 4, low, high, 0, 0]
        });
        let [vendor_low, vendor_high] = facts.vendor_id.to_le_bytes();
        let product = match options.personality {
            // The CD-ROM has a product id of its own, as on hardware [C, HPLIP's table].
            Personality::SmartInstall => facts.product_id + 0x0100,
            _ => facts.product_id,
        };
        let [product_low, product_high] = product.to_le_bytes();
        let serial = if options.serial.is_some() || !options.serial_missing { SERIAL_INDEX } else { 0 };
        let device = vec![
            18,
            DEVICE,
            0x00,
            0x02, // USB 2.00
            0,
            0,
            0, // class is in the interfaces
            64,
            vendor_low,
            vendor_high,
            product_low,
            product_high,
            0x00,
            0x01, // bcdDevice 1.00
            MANUFACTURER_INDEX,
            PRODUCT_INDEX,
            serial,
            u8::try_from(layout.len()).unwrap_or(1),
        ];
        let configurations =
            layout.iter().enumerate().map(|(at, interfaces)| configuration(at, interfaces, info.as_deref())).collect();
        let serial = options.serial.clone().unwrap_or_else(|| facts.serial.to_owned());
        let commands = match options.pml_envelope {
            PmlEnvelope::Pjl => facts.commands,
            PmlEnvelope::Pcl3Gui => "PCL3GUI,PJL,PML,DESKJET",
        };
        let maker = facts.maker;
        let device_id = options.device_id.clone().unwrap_or_else(|| {
            format!(
                "MFG:{maker};MDL:{};CMD:{commands};CLS:PRINTER;DES:{};CID:{}EMULATED;{}SN:{serial};",
                facts.product,
                facts.product_number,
                maker.to_uppercase(),
                facts.device_id_more
            )
        });
        let strings = [maker.to_owned(), facts.product.to_owned(), serial];
        Self { device, configurations, layout, info, strings, device_id }
    }

    /// The device descriptor followed by all configurations, as the kernel caches them.
    pub fn raw(&self) -> Vec<u8> {
        let mut bytes = self.device.clone();
        for configuration in &self.configurations {
            bytes.extend_from_slice(configuration);
        }
        bytes
    }

    pub fn vendor_id(&self) -> u16 {
        self.half(8)
    }

    pub fn product_id(&self) -> u16 {
        self.half(10)
    }

    /// Two bytes of the device descriptor.
    fn half(&self, at: usize) -> u16 {
        let byte = |at: usize| self.device.get(at).copied().unwrap_or_default();
        u16::from_le_bytes([byte(at), byte(at + 1)])
    }

    /// The answer to GET_DESCRIPTOR; `None` stalls.
    pub fn get(&self, kind: u8, index: u8) -> Option<Vec<u8>> {
        match kind {
            DEVICE => Some(self.device.clone()),
            CONFIGURATION => self.configurations.get(usize::from(index)).cloned(),
            OTHER_SPEED => {
                let mut bytes = self.configurations.get(usize::from(index)).cloned()?;
                *bytes.get_mut(1)? = OTHER_SPEED;
                Some(bytes)
            }
            DEVICE_QUALIFIER => Some(vec![10, DEVICE_QUALIFIER, 0x00, 0x02, 0, 0, 0, 64, *self.device.get(17)?, 0]),
            DEVICE_INFO => self.info.clone(),
            STRING if index == 0 => Some(vec![4, STRING, 0x09, 0x04]), // English (United States)
            STRING => {
                let text = self.strings.get(usize::from(index) - 1)?;
                let units: Vec<u8> = text.encode_utf16().take(126).flat_map(u16::to_le_bytes).collect();
                let mut bytes = vec![u8::try_from(units.len() + 2).ok()?, STRING];
                bytes.extend(units);
                Some(bytes)
            }
            _ => None,
        }
    }

    /// The IEEE 1284 device id as text.
    pub fn device_id_text(&self) -> &str {
        &self.device_id
    }

    /// The IEEE 1284 device id with its length in front, which counts itself, big-endian (USB Printer Class
    /// 1.1, 4.2.1).
    pub fn device_id(&self) -> Vec<u8> {
        let length = u16::try_from(self.device_id.len() + 2).unwrap_or(u16::MAX);
        let mut bytes = length.to_be_bytes().to_vec();
        bytes.extend_from_slice(self.device_id.as_bytes());
        bytes
    }
}

fn configuration(at: usize, interfaces: &Interfaces, info: Option<&[u8]>) -> Vec<u8> {
    let value = u8::try_from(at + 1).unwrap_or(1);
    let count = u8::try_from(interfaces.len()).unwrap_or(0);
    let mut bytes = vec![9, CONFIGURATION, 0, 0, count, value, 0, 0xc0, POWER];
    for (number, alternates) in interfaces.iter().enumerate() {
        let out = endpoint_out(number);
        for (setting, alternate) in alternates.iter().enumerate() {
            let (class, subclass, protocol) = alternate.class;
            let (number, setting) = (out - 1, u8::try_from(setting).unwrap_or(0));
            bytes.extend([9, INTERFACE, number, setting, 2, class, subclass, protocol, 0]);
            if let Some(info) = info.filter(|_| alternate.class == IPP_USB.class) {
                bytes.extend(info);
            }
            for address in [out, out | 0x80] {
                let [low, high] = u16::try_from(super::pipe::MAX_PACKET).unwrap_or(512).to_le_bytes();
                bytes.extend([7, ENDPOINT, address, 2, low, high, 0]);
            }
        }
    }
    let total = u16::try_from(bytes.len()).unwrap_or(u16::MAX).to_le_bytes();
    for (space, byte) in bytes.iter_mut().skip(2).zip(total) {
        *space = byte;
    }
    bytes
}
