//! The printer in memory. It can be plugged into the agent directly, or into a real kernel through USB/IP.

pub mod broker;
pub mod pipe;
pub mod polkit;
