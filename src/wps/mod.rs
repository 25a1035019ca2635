//! Wi-Fi Protected Setup: what a PIN is.

pub mod pin;
