//! USB descriptors, as bytes and as values. Pure.

/// What an interface speaks, by its class, subclass and protocol (protocols of HP's channels: hp.md 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// 07/01/04: IPP over USB, which is HTTP (USB Print Interface Class, IPP Protocol Specification 1.0).
    IppUsb,
    /// ff/04/01: HP's EWS and LEDM channel.
    HpEwsLedm,
    /// ff/cc/00: HP's LEDM channel on newer inkjets.
    HpLedmScan,
    /// ff/09/01: HP's alternate IPP channel.
    HpIpp2,
    /// ff/02/10: HP's channel on the Marvell LaserJets (P1102w's generation).
    HpMarvellEws,
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
