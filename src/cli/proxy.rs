//! The service as its clients see it: one proxy per interface that the command line uses. They are written by
//! hand from the documented interfaces, and a test compares both.

use std::collections::HashMap;

use zbus::{Fd, ObjectPath, OwnedFd, OwnedObjectPath, OwnedVariant, Variant};

/// The service's name on the bus.
pub const SERVICE: &str = "org.plugprint1";
/// The object that manages all others.
pub const ROOT: &str = "/org/plugprint1";
/// Interface names, as they appear among an object's interfaces.
pub const PRINTER: &str = "org.plugprint1.Printer";
/// See [`PRINTER`].
pub const WPS: &str = "org.plugprint1.Wps";
/// See [`PRINTER`].
pub const WIFI: &str = "org.plugprint1.Wifi";
/// See [`PRINTER`].
pub const JOB: &str = "org.plugprint1.Job";
/// See [`PRINTER`].
pub const MANAGER: &str = "org.plugprint1.Manager";

/// The options that every method ends in.
pub type Options<'a> = HashMap<&'a str, Variant<'a>>;

/// The service as a whole.
#[zbus::proxy(interface = "org.plugprint1.Manager", default_service = "org.plugprint1", assume_defaults = false)]
pub trait Manager {
    /// Who can be asked for the jobs that this connection starts.
    fn register_prompter(&self, prompter: &ObjectPath<'_>, options: &Options<'_>) -> zbus::Result<()>;

    /// Nobody any more.
    fn unregister_prompter(&self, prompter: &ObjectPath<'_>, options: &Options<'_>) -> zbus::Result<()>;
}

/// One printer. Calls may ask the user for a password, through polkit's agent.
#[zbus::proxy(interface = "org.plugprint1.Printer", default_service = "org.plugprint1", assume_defaults = false)]
pub trait Printer {
    /// Brings it onto the network.
    #[zbus(allow_interactive_auth)]
    fn setup(&self, options: &Options<'_>) -> zbus::Result<OwnedObjectPath>;

    /// Prints a report of this kind.
    #[zbus(allow_interactive_auth)]
    fn print_report(&self, kind: &str, options: &Options<'_>) -> zbus::Result<OwnedObjectPath>;

    /// Does what this combination of buttons does on the panel.
    #[zbus(allow_interactive_auth)]
    fn press_buttons(&self, buttons: &[String], options: &Options<'_>) -> zbus::Result<OwnedObjectPath>;

    /// Lets it show which one it is.
    #[zbus(allow_interactive_auth)]
    fn identify(&self, options: &Options<'_>) -> zbus::Result<OwnedObjectPath>;

    /// Says who drives it.
    #[zbus(allow_interactive_auth)]
    fn set_mode(&self, mode: &str, options: &Options<'_>) -> zbus::Result<()>;

    /// Lets go of it as long as the descriptor is open.
    #[zbus(allow_interactive_auth)]
    fn inhibit(&self, who: &str, why: &str, options: &Options<'_>) -> zbus::Result<OwnedFd>;

    /// Opens its own pages to this user for a while.
    #[zbus(allow_interactive_auth)]
    fn open_admin_pages(&self, options: &Options<'_>) -> zbus::Result<String>;

    /// Reads its documents, without what is private in them.
    #[zbus(allow_interactive_auth)]
    fn collect_documents(&self, options: &Options<'_>) -> zbus::Result<OwnedObjectPath>;
}

/// A printer's WPS.
#[zbus::proxy(interface = "org.plugprint1.Wps", default_service = "org.plugprint1", assume_defaults = false)]
pub trait Wps {
    /// Reads the PIN.
    #[zbus(allow_interactive_auth)]
    fn read_pin(&self, options: &Options<'_>) -> zbus::Result<OwnedObjectPath>;

    /// Gives it a PIN.
    #[zbus(allow_interactive_auth)]
    fn write_pin(&self, pin: Fd<'_>, options: &Options<'_>) -> zbus::Result<OwnedObjectPath>;
}

/// A printer's Wi-Fi.
#[zbus::proxy(interface = "org.plugprint1.Wifi", default_service = "org.plugprint1", assume_defaults = false)]
pub trait Wifi {
    /// Asks which network it is on.
    #[zbus(allow_interactive_auth)]
    fn get_network(&self, options: &Options<'_>) -> zbus::Result<OwnedObjectPath>;

    /// Lets it listen for networks.
    #[zbus(allow_interactive_auth)]
    fn scan(&self, options: &Options<'_>) -> zbus::Result<OwnedObjectPath>;

    /// Gives it a network; its passphrase is asked for.
    #[zbus(allow_interactive_auth)]
    fn join(&self, ssid: &[u8], security: &str, options: &Options<'_>) -> zbus::Result<OwnedObjectPath>;

    /// Gives it a network and its passphrase.
    #[zbus(allow_interactive_auth)]
    fn join_with_secret(
        &self,
        ssid: &[u8],
        security: &str,
        secret: Fd<'_>,
        options: &Options<'_>,
    ) -> zbus::Result<OwnedObjectPath>;

    /// Switches its radio.
    #[zbus(allow_interactive_auth)]
    fn set_power(&self, on: bool, options: &Options<'_>) -> zbus::Result<OwnedObjectPath>;

    /// Makes it forget its network.
    #[zbus(allow_interactive_auth)]
    fn reset_network(&self, options: &Options<'_>) -> zbus::Result<OwnedObjectPath>;
}

/// A job.
#[zbus::proxy(interface = "org.plugprint1.Job", default_service = "org.plugprint1", assume_defaults = false)]
pub trait Job {
    /// Cancels it.
    fn cancel(&self, options: &Options<'_>) -> zbus::Result<()>;

    /// What it has for its starter.
    fn get_result(&self, options: &Options<'_>) -> zbus::Result<HashMap<String, OwnedVariant>>;

    /// It has ended.
    #[zbus(signal)]
    fn completed(&self, success: bool, error: &str, message: &str) -> zbus::Result<()>;
}
