//! Wi-Fi Protected Setup: what a PIN is, and who admits a printer that knows it.

pub mod pin;
pub mod registrar;
