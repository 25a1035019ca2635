//! What a printer is to the one who uses it: an identity that survives unplugging, capabilities with the
//! evidence for each, and what its buttons do.

pub mod buttons;
pub mod capability;
mod driverless;
pub mod identity;
pub mod probe;
pub mod quirks;
mod recognise;
pub mod reports;
pub mod text;
