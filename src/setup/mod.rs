//! From a cable to a printer that is on the Wi-Fi: which way, how it goes, and what went wrong.
//!
//! Everything here is pure. [`route`] puts the ways in order, [`flow`] takes one after the other, handed events and
//! time, [`success`] judges what the printer says, and [`diagnosis`] turns a failure into words.

pub mod diagnosis;
pub mod flow;
pub mod route;
pub mod success;
