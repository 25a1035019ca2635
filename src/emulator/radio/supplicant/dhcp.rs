//! The printer's DHCP client: a program that is started each time the station is associated, and that writes what it
//! was given to its standard output.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::process::Command;
use tokio::time::timeout;

use super::super::Lease;
use super::words;

/// The most that is read of its output, in bytes.
const LARGEST: u64 = 4096;
/// A program that is not done then is ended.
const PATIENCE: Duration = Duration::from_secs(120);

/// Runs it to its end. `None`: there is no address to be had. Dropping the future ends the program.
pub(super) async fn ask(program: &Path) -> Option<Lease> {
    let mut child = Command::new(program)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .inspect_err(|error| tracing::warn!(%error, program = %program.display(), "no DHCP client"))
        .ok()?;
    let output = child.stdout.take()?;
    let mut text = String::new();
    timeout(PATIENCE, output.take(LARGEST).read_to_string(&mut text)).await.ok()?.ok()?;
    words::lease(&text)
}
