//! All in-memory tests, in one binary.

#[cfg(feature = "emulator")]
mod agent_custody;
#[cfg(feature = "emulator")]
mod agent_documents;
#[cfg(feature = "emulator")]
mod agent_evidence;
#[cfg(feature = "emulator")]
mod agent_jobs;
#[cfg(feature = "emulator")]
mod agent_login;
#[cfg(feature = "emulator")]
mod agent_own_network;
#[cfg(feature = "emulator")]
mod agent_plugging;
#[cfg(feature = "emulator")]
mod agent_printing;
#[cfg(feature = "emulator")]
mod agent_recovery;
#[cfg(feature = "emulator")]
mod agent_setup;
#[cfg(feature = "emulator")]
mod agent_setup_usb;
#[cfg(feature = "emulator")]
mod agent_setup_wps;
#[cfg(feature = "emulator")]
mod bridge_access;
#[cfg(feature = "emulator")]
mod bridge_dnssd;
#[cfg(feature = "emulator")]
mod bridge_faults;
#[cfg(feature = "emulator")]
mod bridge_relay;
#[cfg(feature = "emulator")]
mod bridge_rules;
#[cfg(feature = "emulator")]
mod bridge_support;
#[cfg(feature = "emulator")]
mod cdm_paths;
#[cfg(feature = "emulator")]
mod cli_bundle;
#[cfg(feature = "emulator")]
mod cli_commands;
#[cfg(feature = "emulator")]
mod cli_demo;
#[cfg(feature = "emulator")]
mod cli_emulate;
mod cli_interfaces;
#[cfg(feature = "emulator")]
mod cli_onto_wifi;
#[cfg(feature = "emulator")]
mod cli_setup;
#[cfg(feature = "emulator")]
mod cli_terminal;
#[cfg(feature = "emulator")]
mod cli_wifi;
#[cfg(feature = "emulator")]
mod dbus_api;
#[cfg(feature = "emulator")]
mod dbus_authorization;
#[cfg(feature = "emulator")]
mod dbus_helper;
#[cfg(feature = "emulator")]
mod dbus_interfaces;
#[cfg(feature = "emulator")]
mod dbus_polkit;
#[cfg(feature = "emulator")]
mod dbus_prompter;
#[cfg(feature = "emulator")]
mod dbus_secrets;
#[cfg(feature = "emulator")]
mod dbus_setup;
#[cfg(feature = "emulator")]
mod dbus_sleep;
#[cfg(feature = "emulator")]
mod dbus_support;
#[cfg(feature = "emulator")]
mod dnssd_avahi;
#[cfg(feature = "emulator")]
mod ipp_wifi;
mod ledm_radio;
#[cfg(feature = "emulator")]
mod legacy;
#[cfg(feature = "emulator")]
mod networkmanager;
#[cfg(feature = "emulator")]
mod prompts;
#[cfg(feature = "emulator")]
mod readme_models;
mod scene;
mod storeys;
#[cfg(feature = "emulator")]
mod wifi_host;
