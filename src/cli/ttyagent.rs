//! polkit's agent for a terminal: it asks for a password where no desktop does, over ssh for instance. It is
//! started for the one call that may need it, and stopped as soon as that call has been answered.

use std::io::IsTerminal as _;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::process::Stdio;
use std::time::Duration;

use rustix::io::FdFlags;
use rustix::process::{Pid, Signal};
use tokio::process::{Child, Command};

use super::output::Output;

/// How long the agent may take to register, and to go away.
const PATIENCE: Duration = Duration::from_secs(3);

/// A running `pkttyagent`, or nothing: where there is no terminal, where we are root, where it isn't installed.
#[derive(Debug)]
pub struct TtyAgent(Option<Child>);

impl TtyAgent {
    /// Starts it, and waits until it has registered for this process. With `--fallback` a desktop's own agent
    /// goes first.
    pub async fn start(output: Output) -> Self {
        let person = std::io::stdin().is_terminal() && std::io::stderr().is_terminal() && !output.is_json();
        if !person || rustix::process::geteuid().is_root() {
            return Self(None);
        }
        Self(spawn().await.ok())
    }

    /// Stops it and waits, so that it can put the terminal back in order.
    pub async fn stop(mut self) {
        let Some(mut child) = self.0.take() else { return };
        terminate(&child);
        if tokio::time::timeout(PATIENCE, child.wait()).await.is_err() {
            let _ = child.kill().await;
        }
    }
}

impl Drop for TtyAgent {
    fn drop(&mut self) {
        if let Some(child) = &self.0 {
            terminate(child);
        }
    }
}

fn terminate(child: &Child) {
    let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    if let Some(pid) = pid {
        let _ = rustix::process::kill_process(pid, Signal::TERM);
    }
}

/// The write end of the pipe stays open in the agent until it has registered (`--notify-fd`).
async fn spawn() -> std::io::Result<Child> {
    let (read, write) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
    rustix::io::fcntl_setfd(&write, FdFlags::empty())?;
    let child = Command::new("pkttyagent")
        .arg("--process")
        .arg(std::process::id().to_string())
        .arg("--notify-fd")
        .arg(write.as_raw_fd().to_string())
        .arg("--fallback")
        .stdout(Stdio::null())
        .spawn();
    drop(write);
    let child = child?;
    let _ = tokio::time::timeout(PATIENCE, end_of(read)).await;
    Ok(child)
}

/// Reads until the other end is closed.
async fn end_of(pipe: OwnedFd) -> std::io::Result<()> {
    use tokio::io::AsyncReadExt as _;
    let mut pipe = tokio::net::unix::pipe::Receiver::from_owned_fd(pipe)?;
    let mut nothing = [0; 8];
    while pipe.read(&mut nothing).await? > 0 {}
    Ok(())
}
