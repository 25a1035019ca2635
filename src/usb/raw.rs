//! The old printer class, 07/01/02: what is written to it is printed or obeyed as it is, without any framing around it
//! (USB Printing Devices 1.1, 3). So nothing of the house writes there but what [`hp::pml`](crate::hp::pml) has: a test
//! looks for who names this room.

use std::time::Duration;

use super::descriptor::{self, Channel, Function};
use super::link::Link;
use super::{Device, Error, device_id};

/// What the kernel may take to lend the interface.
const CLAIM: Duration = Duration::from_secs(5);
const PRINTER: (u8, u8, u8) = (0x07, 0x01, 0x02);

/// The old printer interface of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Port(Function);

impl Port {
    /// The first one that the descriptors list.
    #[must_use]
    pub fn of(device: &descriptor::Device) -> Option<Self> {
        let settings = device.configurations.iter().flat_map(|c| c.settings.iter().map(move |s| (c.value, s)));
        settings.into_iter().find_map(|(configuration, setting)| {
            let (bulk_in, bulk_out) = (setting.bulk(true)?, setting.bulk(false)?);
            let usable = (setting.class, setting.subclass, setting.protocol) == PRINTER
                && bulk_in.max_packet > 0
                && bulk_out.max_packet > 0;
            usable.then_some(Self(Function {
                configuration,
                interface: setting.interface,
                alternate: setting.alternate,
                channel: Channel::Printer,
                bulk_in,
                bulk_out,
            }))
        })
    }

    /// What the printer says that it is. Reading it has no effect, and the kernel lets it pass while another driver
    /// holds the interface.
    ///
    /// # Errors
    /// As [`usb::device_id`](super::device_id()).
    pub async fn device_id(&self, device: &dyn Device) -> Result<device_id::DeviceId, Error> {
        super::device_id(device, &self.0).await
    }

    /// Claims it: usblp is detached, and comes back when the link is dropped.
    ///
    /// # Errors
    /// [`Error::Busy`] where another program holds it: CUPS's usb backend does so while it prints.
    pub async fn claim(&self, device: &dyn Device) -> Result<Link, Error> {
        let claimed = tokio::time::timeout(CLAIM, device.claim(self.0)).await;
        Ok(Link::new(claimed.unwrap_or(Err(Error::Timeout))?))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    fn described(protocols: &[u8]) -> descriptor::Device {
        let mut raw = vec![18, 1, 0, 2, 0, 0, 0, 64, 0xf0, 3, 1, 0, 0, 1, 0, 0, 0, 1];
        let total = u8::try_from(9 + 23 * protocols.len()).unwrap();
        raw.extend([9, 2, total, 0, 1, 1, 0, 0xc0, 1]);
        for (alternate, protocol) in protocols.iter().enumerate() {
            raw.extend([9, 4, 0, u8::try_from(alternate).unwrap(), 2, 7, 1, *protocol, 0]);
            raw.extend([7, 5, 0x01, 2, 64, 0, 0, 7, 5, 0x82, 2, 64, 0, 0]);
        }
        descriptor::parse(&raw).unwrap()
    }

    #[test]
    fn the_bidirectional_one_is_taken_and_no_other() {
        let found = Port::of(&described(&[1, 2, 3])).unwrap();
        assert_eq!((found.0.interface, found.0.alternate, found.0.bulk_out.address), (0, 1, 1));
        // 07/01/03 is IEEE 1284.4, which has packets of its own.
        assert_eq!(Port::of(&described(&[1, 3])), None);
        assert!(described(&[2]).functions().is_empty());
    }
}
