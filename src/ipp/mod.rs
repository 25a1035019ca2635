//! IPP (RFC 8010, RFC 8011) as far as the agent itself speaks it.
//!
//! A printer's bytes are read by [`guard`], a bounded decoder that keeps the order of everything, and seen
//! through [`attributes`], [`description`], [`station`] and [`identify`], typed views of the few attributes that this house
//! relies on; [`client`] asks for them. [`compose`] says a printer's message as it should have been said. The `ipp` crate
//! meets only bytes that [`guard::check`] has passed: alone it panics, overflows its stack or takes seconds
//! on some messages, and it loses values of some collections.

pub mod attributes;
pub mod client;
pub mod compose;
pub mod description;
pub mod guard;
pub mod identify;
pub mod request;
pub mod station;

pub use self::client::{Error, Ipp};
