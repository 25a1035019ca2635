//! The router's own page, in the user's browser. Only ever on their wish.

use std::process::{Command, Stdio};

/// Whether this address can be opened here: it is one of the web, and there is a display whose user we are.
#[must_use]
pub fn can_open(url: &str) -> bool {
    let is_address = url.starts_with("http://") || url.starts_with("https://");
    let harmless = |b: u8| b.is_ascii_alphanumeric() || b"-._~:/?#[]@%&=".contains(&b);
    is_address
        && url.bytes().all(harmless)
        && !rustix::process::geteuid().is_root()
        && ["WAYLAND_DISPLAY", "DISPLAY"]
            .iter()
            .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// Opens it; whether the browser could be asked to.
#[must_use]
pub fn open(url: &str) -> bool {
    let mut command = Command::new("xdg-open");
    command.arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let Ok(mut child) = command.spawn() else { return false };
    // It is waited for, so that it does not stay behind as a zombie.
    std::thread::spawn(move || child.wait());
    true
}
