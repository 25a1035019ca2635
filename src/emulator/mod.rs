//! The printer in memory. It can be plugged into the agent directly ([`Bus`]), or into a real kernel through
//! USB/IP ([`vhci`], [`usbip`]); it is the same printer everywhere.
//!
//! It composes and parses everything by itself and shares nothing with the agent's side but the USB traits,
//! so that no guess is made once and believed twice.
//!
//! ```text
//! Bus (memory) ─┐                        ┌ pipe ─ http ─ ledm, cdm, ipp, escl, web ─┐
//! vhci ─ urb ───┼─ function (the device) ┤                                     ├─ printer ─ page
//! usbip ─ urb ──┘                        ├ pipe ─ pml ──────────────────────────┘
//!                                        └ descriptors
//! ```

pub mod broker;
mod bus;
pub mod cdm;
mod control;
mod descriptors;
mod escl;
mod faults;
mod function;
mod http;
pub mod ipp;
mod ledm;
mod model;
mod options;
mod page;
pub mod pipe;
mod pml;
pub mod polkit;
mod printer;
pub mod radio;
mod raster;
mod report;
mod request;
mod script;
mod services;
mod stream;
pub mod tcp;
#[cfg(test)]
mod tests;
mod urb;
pub mod usbip;
pub mod vhci;
mod web;

pub use bus::Bus;
pub use control::{Button, Order, Unknown};
pub use faults::{Fault, Kind, Resource};
pub use ipp::{Options as IppOptions, Setting as IppSetting, Shown as IppShown, Told as IppTold};
pub use model::{Model, VENDOR};
pub use options::{
    Framing, Options, Personality, PinAccess, PinKind, PmlEnvelope, PmlValue, PrintRoot, UnknownSetting,
};
pub use printer::{PrintedPage, Printer};
