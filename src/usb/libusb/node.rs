//! Device nodes: when they come, and when udev has said whose they are.

use std::io;
use std::path::Path;

use rustix::fs::inotify;
use tokio::net::unix::pipe;

use crate::usb::Address;

/// Where the kernel's devtmpfs has the device nodes. It is not there before the first host controller is.
const NODES: &str = "/dev/bus/usb";
/// The fixed part of an announcement, and where in it the length of the name is that follows (inotify(7)).
const HEAD: usize = 16;
const LENGTH: usize = 12;

/// Whether there are any.
pub(super) fn exist() -> bool {
    std::fs::read_dir(NODES).is_ok_and(|mut entries| entries.next().is_some())
}

/// Becomes readable when something is created in the deepest folder that exists on the way to the nodes.
///
/// # Errors
/// Those of inotify(7).
pub(super) fn watch_all() -> io::Result<pipe::Receiver> {
    let folder = Path::new(NODES).ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("/"));
    watch(folder, inotify::WatchFlags::CREATE | inotify::WatchFlags::MOVED_TO)
}

fn watch(folder: &Path, what: inotify::WatchFlags) -> io::Result<pipe::Receiver> {
    let watch = inotify::init(inotify::CreateFlags::NONBLOCK | inotify::CreateFlags::CLOEXEC)?;
    inotify::add_watch(&watch, folder, what)?;
    // It is read like a pipe, and a pipe's end needs none of the unsafe code of AsyncFd.
    pipe::Receiver::from_owned_fd_unchecked(watch)
}

/// Watches the node of one device.
pub(super) struct Node {
    announcements: pipe::Receiver,
    name: String,
}

impl Node {
    /// Watches its folder, as long as this exists: a node that nobody may read yet can't be watched itself.
    ///
    /// # Errors
    /// Those of inotify(7); where it is the first device of its bus, the folder may not be there yet.
    pub(super) fn watch(address: Address) -> io::Result<Self> {
        let folder = Path::new(NODES).join(format!("{:03}", address.bus));
        let what = inotify::WatchFlags::CREATE | inotify::WatchFlags::ATTRIB | inotify::WatchFlags::DELETE;
        Ok(Self { announcements: watch(&folder, what)?, name: format!("{:03}", address.device) })
    }

    /// Returns when it has come, gone, or got another owner or mode since it is watched, whatever becomes of others.
    ///
    /// # Errors
    /// The kernel's, where it can't tell.
    pub(super) async fn changed(&self) -> io::Result<()> {
        let mut read = [0; 1024];
        loop {
            self.announcements.readable().await?;
            match self.announcements.try_read(&mut read) {
                Ok(length) if concerns(read.get(..length).unwrap_or_default(), &self.name) => return Ok(()),
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// Whether any of these announcements is about this name. One without a name is about all of them.
fn concerns(mut announcements: &[u8], name: &str) -> bool {
    while let Some((head, rest)) = announcements.split_at_checked(HEAD) {
        let length = head.get(LENGTH..).and_then(|length| length.try_into().ok()).map_or(0, u32::from_ne_bytes);
        let Some((padded, rest)) = usize::try_from(length).ok().and_then(|length| rest.split_at_checked(length)) else {
            return true;
        };
        let said = padded.split(|byte| *byte == 0).next().unwrap_or_default();
        if said.is_empty() || said == name.as_bytes() {
            return true;
        }
        announcements = rest;
    }
    false
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::os::unix::fs::PermissionsExt;
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    fn announcement(name: &str) -> Vec<u8> {
        let length = if name.is_empty() { 0 } else { 16 };
        let mut bytes = vec![7; LENGTH];
        bytes.extend(u32::to_ne_bytes(length));
        bytes.extend(name.bytes().chain([0; 16]).take(length as usize));
        bytes
    }

    #[test]
    fn only_its_own_name_and_none_concern_a_node() {
        let [a, b, none] = ["007", "008", ""].map(announcement);
        assert!(concerns(&a, "007") && !concerns(&b, "007"));
        assert!(concerns(&[b.clone(), a].concat(), "007"));
        assert!(concerns(&[b, none].concat(), "007"), "the kernel has lost some");
        assert!(!concerns(&[], "007"));
    }

    #[tokio::test(start_paused = true)]
    async fn another_mode_is_told_and_that_of_another_node_is_not() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["007", "008"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let mode = |name: &str, mode| {
            let allowed = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(folder.path().join(name), allowed).unwrap();
        };
        let announcements = watch(folder.path(), inotify::WatchFlags::ATTRIB).unwrap();
        let node = Node { announcements, name: "007".into() };
        mode("008", 0o600);
        assert!(timeout(Duration::from_secs(1), node.changed()).await.is_err());
        mode("007", 0o660);
        node.changed().await.unwrap();
    }
}
