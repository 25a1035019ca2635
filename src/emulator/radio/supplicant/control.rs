//! The control socket: Unix datagrams, a command in one, its reply in another; events on a second one (hostap
//! `src/common/wpa_ctrl.c` \[C\]). Our end has a path: wpa_supplicant may live in another network namespace, where a
//! made-up address of ours means nothing.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::net::UnixDatagram;
use tokio::time::{Instant, timeout_at};

/// wpa_supplicant's own buffer for a reply, in bytes.
const LARGEST: usize = 4096;
/// It answers at once, or not at all.
const PATIENCE: Duration = Duration::from_secs(10);

struct End {
    socket: UnixDatagram,
    own: PathBuf,
}

impl End {
    fn open(peer: &Path) -> io::Result<Self> {
        let own = std::env::temp_dir().join(format!("plugprint-emulator-{:016x}", rand::random::<u64>()));
        let end = Self { socket: UnixDatagram::bind(&own)?, own };
        end.socket.connect(peer)?;
        Ok(end)
    }

    async fn receive(&self) -> io::Result<Vec<u8>> {
        let mut buffer = vec![0; LARGEST];
        let length = self.socket.recv(&mut buffer).await?;
        buffer.truncate(length);
        Ok(buffer)
    }

    /// Sends a command, which may carry a secret, and waits for its reply.
    async fn ask(&self, command: &str) -> io::Result<String> {
        let until = Instant::now() + PATIENCE;
        timeout_at(until, self.socket.send(command.as_bytes())).await??;
        loop {
            let reply = timeout_at(until, self.receive()).await??;
            if reply.first() != Some(&b'<') {
                return Ok(String::from_utf8_lossy(&reply).into_owned());
            }
        }
    }
}

impl Drop for End {
    fn drop(&mut self) {
        let _gone_already = std::fs::remove_file(&self.own);
    }
}

/// A connection to a wpa_supplicant.
pub(super) struct Control {
    commands: End,
    events: End,
}

impl Control {
    /// # Errors
    /// Where nobody listens there, or it doesn't answer as one.
    pub async fn open(path: &Path) -> io::Result<Self> {
        let control = Self { commands: End::open(path)?, events: End::open(path)? };
        if control.events.ask("ATTACH").await?.trim_end() != "OK" {
            return Err(io::Error::other("it lets nobody attach"));
        }
        Ok(control)
    }

    /// # Errors
    /// Where it has ended, or doesn't answer in time.
    pub async fn ask(&self, command: &str) -> io::Result<String> {
        // What came too late belongs to nobody.
        let mut late = [0; 1];
        while self.commands.socket.try_recv(&mut late).is_ok() {}
        self.commands.ask(command).await
    }

    /// Whether it says OK to a command.
    pub async fn tell(&self, command: &str) -> io::Result<bool> {
        Ok(self.ask(command).await?.trim_end() == "OK")
    }

    /// The next event. Can be dropped without loss.
    pub async fn event(&self) -> io::Result<Vec<u8>> {
        self.events.receive().await
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        let _it_notices_by_itself = self.events.socket.try_send(b"DETACH");
    }
}
