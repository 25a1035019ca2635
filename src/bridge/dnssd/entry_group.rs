//! org.freedesktop.Avahi.EntryGroup, as far as it is used here.

#[zbus::proxy(
    interface = "org.freedesktop.Avahi.EntryGroup",
    default_service = "org.freedesktop.Avahi",
    assume_defaults = false
)]
pub(super) trait EntryGroup {
    #[zbus(no_autostart)]
    #[allow(clippy::too_many_arguments)]
    fn add_record(
        &self,
        interface: i32,
        protocol: i32,
        flags: u32,
        name: &str,
        class: u16,
        kind: u16,
        ttl: u32,
        data: &[u8],
    ) -> zbus::Result<()>;
    #[zbus(no_autostart)]
    fn commit(&self) -> zbus::Result<()>;
    #[zbus(no_autostart)]
    fn free(&self) -> zbus::Result<()>;
    #[zbus(signal)]
    fn state_changed(&self, state: i32, error: &str) -> zbus::Result<()>;
}
