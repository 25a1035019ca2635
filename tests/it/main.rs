//! All in-memory tests, in one binary.

#[cfg(feature = "emulator")]
mod cli_commands;
#[cfg(feature = "emulator")]
mod cli_demo;
mod cli_interfaces;
#[cfg(feature = "emulator")]
mod dbus_api;
#[cfg(feature = "emulator")]
mod dbus_authorization;
#[cfg(feature = "emulator")]
mod dbus_interfaces;
#[cfg(feature = "emulator")]
mod dbus_polkit;
#[cfg(feature = "emulator")]
mod dbus_support;
mod storeys;
