//! The descriptor that stands for a hold on a printer.

use std::io;

use rustix::pipe::{PipeFlags, pipe_with};
use tokio::io::Interest;
use tokio::net::unix::pipe::Sender;
use zbus::OwnedFd;

use crate::agent::handle::Hold;

/// A descriptor with which this hold ends: when the last copy of it is closed. It is the reading end of a pipe into
/// which nothing is ever written; nothing that its owner does with it wakes us up before that.
///
/// # Errors
/// Where there are no descriptors left.
pub(crate) fn on(hold: Hold) -> io::Result<OwnedFd> {
    let (theirs, ours) = pipe_with(PipeFlags::CLOEXEC)?;
    let ours = Sender::from_owned_fd(ours)?;
    tokio::spawn(async move {
        let _ = ours.ready(Interest::ERROR).await;
        drop(hold);
    });
    Ok(theirs.into())
}
