//! plugprint: plug a printer in over USB, and its network report, its WPS PIN and the Wi-Fi come out.
//!
//! # A walk through the house
//!
//! Requests fall, facts rise. A lower storey never names a higher one; faces never name each other.
//! A test reads every path in the source and fails when this is broken (`tests/it/storeys.rs`).
//!
//! | storey | rooms | what it does |
//! |---|---|---|
//! | 0 | [`secret`], [`blame`], [`store`], [`config`] | PINs and passphrases: wiped on drop, never printed; whose failure it is; small files; what the administrator wrote |
//! | 1 | [`usb`], [`http`] | bytes to and from a printer: one claimed interface is a link, one request and its response an exchange |
//! | 2 | [`ipp`], [`hp`], [`wps`], [`wifi`] | what one says to a printer: documents are pure, calls are few |
//! | 3 | [`printer`], [`control`], [`setup`] | meaning: identity, capabilities with their evidence, what a button combination does; one call for one thing, whatever the protocol; the ways onto the network |
//! | 4 | [`agent`] | the one who acts: one task owns the registry, everything that can happen is one event |
//! | 5 | [`dbus`], [`cli`], [`bridge`] | faces: each holds an [`agent::Handle`] or a bus connection, nothing else |
//!
//! Beside it stands `emulator`, the printer in memory, which the demo, the tests and the lab plug in.
//!
//! # Words
//!
//! * **link**: one claimed USB interface (class 7/1/4, or one of HP's), a byte stream in both directions
//! * **exchange**: one HTTP request and its response on one link. The link comes back only when the response is read to its end
//! * **printer**: what the links of one USB device lead to; its identity survives unplugging
//! * **report**: a page that the printer composes itself (network configuration, wireless test, status)
//! * **capability**: one thing this printer can be asked for, with the evidence for it
//! * **route**: one way to get the printer onto the network
//! * **registrar**: who admits the printer to the network by its WPS PIN: a router, hostapd
//! * **job**: one long-running request of a client, with stage, progress, deadline, outcome

pub mod agent;
pub mod blame;
pub mod bridge;
pub mod cli;
pub mod config;
pub mod control;
pub mod dbus;
#[cfg(feature = "emulator")]
pub mod emulator;
pub mod hp;
pub mod http;
pub mod ipp;
pub mod printer;
pub mod secret;
pub mod setup;
pub mod store;
pub mod usb;
pub mod wifi;
pub mod wps;
