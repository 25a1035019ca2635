//! org.freedesktop.Avahi.Server, as far as it is used here.

use zbus::OwnedObjectPath;

#[zbus::proxy(
    interface = "org.freedesktop.Avahi.Server",
    default_service = "org.freedesktop.Avahi",
    default_path = "/"
)]
pub(super) trait Server {
    #[zbus(no_autostart)]
    fn get_state(&self) -> zbus::Result<i32>;
    #[zbus(no_autostart)]
    fn get_host_name(&self) -> zbus::Result<String>;
    #[zbus(no_autostart)]
    fn get_host_name_fqdn(&self) -> zbus::Result<String>;
    #[zbus(no_autostart)]
    fn get_domain_name(&self) -> zbus::Result<String>;
    #[zbus(no_autostart)]
    fn entry_group_new(&self) -> zbus::Result<OwnedObjectPath>;
    #[zbus(signal)]
    fn state_changed(&self, state: i32, error: &str) -> zbus::Result<()>;
}
