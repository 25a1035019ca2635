//! Secrets that come by file descriptor, so that they lie in no message. Whoever sends a descriptor chooses what is
//! behind it: a pipe that nobody writes to, a device without end, a file on a file system of their own that answers
//! when it likes. So it is looked at before it is read, no more is read than a secret has, and nothing that can
//! make a read wait is read where others would wait too.
//!
//! * A caller's ([`sealed`]) is a memfd that nobody can change any more. It is the only kind whose content can be
//!   taken in one look, at once: no other process has a part in it.
//! * A prompter's ([`told`]) may also be a pipe, or a memfd without seals: a person types into it, and the wait is
//!   bounded anyway.

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::fs::{FileType, OFlags, SealFlags, fcntl_get_seals, fcntl_getfl, fstat};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, SpliceFlags, pipe_with, splice};
use tokio::net::unix::pipe::Receiver;
use zeroize::Zeroizing;

use crate::agent::ErrorKind;
use crate::blame::Party;
use crate::dbus::error::Error;

/// The longest secret, in bytes: a passphrase has 64 at most, an administrator's password may have more.
pub(crate) const LIMIT: usize = 256;
/// Descriptors of one user that may be held at a time.
const USER_LIMIT: usize = 4;
/// Descriptors of all users that may be held at a time.
const TOTAL_LIMIT: usize = 32;

/// Why a descriptor is not read. It says nothing of what is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    #[error("it is no memfd")]
    NoMemory,
    #[error("the memfd is not sealed against writing, shrinking and growing")]
    Unsealed,
    #[error("it is neither a memfd nor a pipe")]
    Neither,
    #[error("it is empty")]
    Empty,
    #[error("it holds more than {LIMIT} bytes")]
    TooLong,
    #[error("it can't be read")]
    Unreadable,
    #[error("it was not written to its end in time")]
    Late,
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        Self::invalid(format!(
            "The descriptor is not taken: {refused}. Send a memfd with the secret and nothing else, sealed with \
             F_SEAL_WRITE, F_SEAL_SHRINK and F_SEAL_GROW."
        ))
    }
}

/// Reads a sealed memfd from its beginning, wherever its offset is. Never waits.
///
/// Asked for are `F_SEAL_WRITE` (no write, no hole punched, no writable mapping: it can't be set while there is
/// one; `F_SEAL_FUTURE_WRITE` would leave those that there are), `F_SEAL_SHRINK` and `F_SEAL_GROW` (the size that
/// was checked is the size that is read). Seals are for ever, so what is true when we look stays true.
/// `F_SEAL_SEAL` is not asked for: more seals do no harm.
pub(crate) fn sealed(descriptor: impl AsFd) -> Result<Zeroizing<Vec<u8>>, Refused> {
    // Before anything else: only files that live in memory have seals, and asking for them reaches no file system
    // of somebody else's, as fstat would.
    let seals = fcntl_get_seals(&descriptor).map_err(|_| Refused::NoMemory)?;
    let size = memory_size(&descriptor)?;
    if !seals.contains(SealFlags::WRITE | SealFlags::SHRINK | SealFlags::GROW) {
        return Err(Refused::Unsealed);
    }
    match size {
        0 => Err(Refused::Empty),
        1..=LIMIT => read_memory(&descriptor),
        _ => Err(Refused::TooLong),
    }
}

/// The size of a file that is in memory and has no name anywhere.
fn memory_size(descriptor: impl AsFd) -> Result<usize, Refused> {
    let stat = fstat(descriptor).map_err(|_| Refused::NoMemory)?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile || stat.st_nlink != 0 {
        return Err(Refused::NoMemory);
    }
    Ok(usize::try_from(stat.st_size).unwrap_or(usize::MAX))
}

/// At most [`LIMIT`] bytes from the beginning. One byte more is asked for, so that it shows when there is more.
fn read_memory(descriptor: impl AsFd) -> Result<Zeroizing<Vec<u8>>, Refused> {
    let mut bytes = Zeroizing::new(vec![0; LIMIT + 1]);
    let mut filled = 0;
    while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match rustix::io::pread(&descriptor, rest, filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(Errno::INTR) => {}
            Err(_) => return Err(Refused::Unreadable),
        }
    }
    within(bytes, filled)
}

fn within(mut bytes: Zeroizing<Vec<u8>>, filled: usize) -> Result<Zeroizing<Vec<u8>>, Refused> {
    if filled > LIMIT {
        return Err(Refused::TooLong);
    }
    // The rest is zeros: nothing of the secret is cut off unwiped.
    bytes.truncate(filled);
    Ok(bytes)
}

/// Reads what a prompter sent: a memfd from its beginning, or a pipe to its end.
///
/// Even a read that "does not block" can wait, where the other end holds the pipe's lock or has spliced a file of
/// its own file system into it. So each read is done in a thread of its own, which keeps `held` until it is back.
pub(crate) async fn told(descriptor: OwnedFd, patience: Duration, held: Held) -> Result<Zeroizing<Vec<u8>>, Refused> {
    let descriptor = Arc::new(descriptor);
    let held = Arc::new(held);
    tokio::time::timeout(patience, read_to_end(descriptor, held)).await.unwrap_or(Err(Refused::Late))
}

async fn read_to_end(descriptor: Arc<OwnedFd>, held: Arc<Held>) -> Result<Zeroizing<Vec<u8>>, Refused> {
    let looked = apart(&descriptor, &held, |descriptor| {
        if fcntl_get_seals(descriptor).is_ok() {
            memory_size(descriptor)?;
            return read_memory(descriptor).map(Some);
        }
        let stat = fstat(descriptor).map_err(|_| Refused::Neither)?;
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::Fifo => match fcntl_getfl(descriptor) {
                // The other end, and O_PATH, would never become readable.
                Ok(flags) if flags.intersects(OFlags::WRONLY | OFlags::PATH) => Err(Refused::Unreadable),
                Ok(_) => Ok(None),
                Err(_) => Err(Refused::Unreadable),
            },
            _ => Err(Refused::Neither),
        }
    });
    if let Some(bytes) = looked.await? {
        return Ok(bytes);
    }
    let watched = descriptor.try_clone().map_err(|_| Refused::Unreadable)?;
    let watch = Receiver::from_owned_fd_unchecked(watched).map_err(|_| Refused::Unreadable)?;
    let mut bytes = Zeroizing::new(vec![0; LIMIT + 1]);
    let mut filled = 0;
    loop {
        watch.readable().await.map_err(|_| Refused::Unreadable)?;
        // Forgotten before the pipe is emptied, so that whatever comes after that is noticed.
        let _ = watch.try_io(|| Err::<(), _>(io::ErrorKind::WouldBlock.into()));
        loop {
            match apart(&descriptor, &held, take_from_pipe).await? {
                Taken::Nothing => break,
                Taken::End => return within(bytes, filled),
                Taken::Bytes(taken) => {
                    let place = bytes.get_mut(filled..filled + taken.len()).ok_or(Refused::TooLong)?;
                    place.copy_from_slice(&taken);
                    filled += taken.len();
                    if filled > LIMIT {
                        return Err(Refused::TooLong);
                    }
                }
            }
        }
    }
}

enum Taken {
    Bytes(Zeroizing<Vec<u8>>),
    Nothing,
    End,
}

/// Takes what is in a pipe. `O_NONBLOCK` is the description's, which the other side shares and can take away
/// between a look and a read; `SPLICE_F_NONBLOCK` is the call's own. So it goes through a pipe of ours.
fn take_from_pipe(pipe: &OwnedFd) -> Result<Taken, Refused> {
    let (mine, into) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK).map_err(|_| Refused::Unreadable)?;
    let moved = loop {
        match splice(pipe, None, &into, None, LIMIT + 1, SpliceFlags::NONBLOCK) {
            Ok(0) => return Ok(Taken::End),
            Ok(moved) => break moved,
            Err(Errno::AGAIN) => return Ok(Taken::Nothing),
            Err(Errno::INTR) => {}
            Err(_) => return Err(Refused::Unreadable),
        }
    };
    let mut bytes = Zeroizing::new(vec![0; moved]);
    let mut filled = 0;
    while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match rustix::io::read(&mine, rest) {
            Ok(0) => return Err(Refused::Unreadable),
            Ok(read) => filled += read,
            Err(Errno::INTR) => {}
            Err(_) => return Err(Refused::Unreadable),
        }
    }
    Ok(Taken::Bytes(bytes))
}

async fn apart<T: Send + 'static>(
    descriptor: &Arc<OwnedFd>,
    held: &Arc<Held>,
    work: impl FnOnce(&OwnedFd) -> Result<T, Refused> + Send + 'static,
) -> Result<T, Refused> {
    let (descriptor, held) = (Arc::clone(descriptor), Arc::clone(held));
    let done = tokio::task::spawn_blocking(move || {
        let done = work(&descriptor);
        drop(descriptor);
        drop(held);
        done
    });
    done.await.unwrap_or(Err(Refused::Unreadable))
}

/// Counts the descriptors that are held, so that nobody makes us hold more than we may have.
#[derive(Clone, Debug, Default)]
pub(crate) struct Desk(Arc<Mutex<HashMap<u32, usize>>>);

/// One descriptor's place.
#[derive(Debug)]
pub(crate) struct Held {
    desk: Desk,
    uid: u32,
}

impl Desk {
    /// A place for a descriptor of this user, where there is one.
    pub(crate) fn hold(&self, uid: u32) -> Option<Held> {
        let mut places = self.lock();
        let total: usize = places.values().sum();
        let own = places.entry(uid).or_default();
        if *own >= USER_LIMIT || total >= TOTAL_LIMIT {
            if *own == 0 {
                places.remove(&uid);
            }
            return None;
        }
        *own += 1;
        Some(Held { desk: self.clone(), uid })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<u32, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut places = self.desk.lock();
        if let Some(count) = places.get_mut(&self.uid) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                places.remove(&self.uid);
            }
        }
    }
}

/// What is said where there is no place.
pub(crate) fn too_many() -> Error {
    Error::new(
        ErrorKind::Busy,
        Party::Caller,
        "Too many calls with a secret wait already. Answer the questions on the screen first.",
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use std::fs::File;
    use std::io::{Seek as _, SeekFrom, Write as _};

    use rustix::fs::{MemfdFlags, Mode, fcntl_add_seals, memfd_create, open};

    use super::*;

    const ALL: SealFlags = SealFlags::WRITE.union(SealFlags::SHRINK).union(SealFlags::GROW);
    const SOON: Duration = Duration::from_secs(20);

    fn memfd(content: &[u8], seals: SealFlags) -> OwnedFd {
        let memfd = memfd_create("secret", MemfdFlags::ALLOW_SEALING | MemfdFlags::CLOEXEC).unwrap();
        let mut file = File::from(memfd);
        file.write_all(content).unwrap();
        fcntl_add_seals(&file, seals).unwrap();
        file.into()
    }

    fn pipe() -> (OwnedFd, File) {
        let (read, write) = pipe_with(PipeFlags::CLOEXEC).unwrap();
        (read, File::from(write))
    }

    #[test]
    fn a_sealed_memfd_is_read_from_its_beginning() {
        let mut file = File::from(memfd(b"correct horse", ALL));
        assert_eq!(*sealed(&file).unwrap(), b"correct horse");
        file.seek(SeekFrom::Start(1 << 40)).unwrap();
        assert_eq!(*sealed(&file).unwrap(), b"correct horse", "its offset is the caller's");
        assert_eq!(*sealed(memfd(b"x", ALL | SealFlags::SEAL)).unwrap(), b"x");
        assert_eq!(sealed(memfd(&[b'x'; LIMIT], ALL)).unwrap().len(), LIMIT);
    }

    #[test]
    fn everything_else_is_refused_unread() {
        let folder = tempfile::tempdir().unwrap();
        let on_disk = folder.path().join("secret");
        std::fs::write(&on_disk, "correct horse").unwrap();
        let (read, _write) = pipe();
        let path_only = open(&on_disk, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).unwrap();
        let (socket, _peer) = std::os::unix::net::UnixStream::pair().unwrap();
        for (what, descriptor) in [
            ("a pipe", read),
            ("a socket", socket.into()),
            ("/dev/zero", File::open("/dev/zero").unwrap().into()),
            ("/dev/null", File::open("/dev/null").unwrap().into()),
            ("a file on disk", File::open(&on_disk).unwrap().into()),
            ("a folder", File::open(folder.path()).unwrap().into()),
            ("O_PATH", path_only),
            ("/proc", File::open("/proc/self/status").unwrap().into()),
        ] {
            assert_eq!(sealed(descriptor).unwrap_err(), Refused::NoMemory, "{what}");
        }
        for seals in [
            SealFlags::empty(),
            SealFlags::SHRINK | SealFlags::GROW,
            SealFlags::WRITE | SealFlags::GROW,
            SealFlags::WRITE | SealFlags::SHRINK,
            SealFlags::FUTURE_WRITE | SealFlags::SHRINK | SealFlags::GROW,
        ] {
            assert_eq!(sealed(memfd(b"correct horse", seals)).unwrap_err(), Refused::Unsealed, "{seals:?}");
        }
        assert_eq!(sealed(memfd(b"", ALL)).unwrap_err(), Refused::Empty);
        assert_eq!(sealed(memfd(&[b'x'; LIMIT + 1], ALL)).unwrap_err(), Refused::TooLong);
        let huge = memfd_create("huge", MemfdFlags::ALLOW_SEALING).unwrap();
        rustix::fs::ftruncate(&huge, 1 << 50).unwrap();
        fcntl_add_seals(&huge, ALL).unwrap();
        assert_eq!(sealed(huge).unwrap_err(), Refused::TooLong);
        let memfd = memfd(b"correct horse", ALL);
        let name = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&memfd));
        let path_only = open(name, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).unwrap();
        assert_eq!(sealed(path_only).unwrap_err(), Refused::NoMemory);
    }

    async fn heard(descriptor: OwnedFd, patience: Duration) -> Result<Vec<u8>, Refused> {
        told(descriptor, patience, Desk::default().hold(1000).unwrap()).await.map(|bytes| bytes.to_vec())
    }

    #[tokio::test]
    async fn a_prompter_may_send_a_memfd_or_a_pipe() {
        assert_eq!(heard(memfd(b"correct horse", ALL), SOON).await.unwrap(), b"correct horse");
        assert_eq!(heard(memfd(b"correct horse", SealFlags::empty()), SOON).await.unwrap(), b"correct horse");
        assert_eq!(heard(memfd(&[b'x'; 300], ALL), SOON).await.unwrap_err(), Refused::TooLong);

        let (read, mut write) = pipe();
        let hears = tokio::spawn(heard(read, SOON));
        write.write_all(b"correct ").unwrap();
        tokio::task::yield_now().await;
        write.write_all(b"horse\n").unwrap();
        drop(write);
        assert_eq!(hears.await.unwrap().unwrap(), b"correct horse\n");

        let (read, mut write) = pipe();
        write.write_all(&[b'x'; 4096]).unwrap();
        assert_eq!(heard(read, SOON).await.unwrap_err(), Refused::TooLong, "though it is not closed");
    }

    #[tokio::test]
    async fn a_pipe_without_an_end_is_left_alone_after_a_while() {
        let (read, mut write) = pipe();
        write.write_all(b"correct").unwrap();
        let desk = Desk::default();
        let held = desk.hold(1000).unwrap();
        assert_eq!(told(read, Duration::from_millis(100), held).await.unwrap_err(), Refused::Late);
        assert!(desk.lock().is_empty(), "its place is free again");
        assert!(write.write_all(b"x").is_err(), "it is closed");
    }

    #[tokio::test]
    async fn a_prompter_sends_nothing_else() {
        let (socket, _peer) = std::os::unix::net::UnixStream::pair().unwrap();
        let on_disk = tempfile::NamedTempFile::new().unwrap();
        let (_read, write) = pipe();
        for (descriptor, why) in [
            (socket.into(), Refused::Neither),
            (File::open("/dev/zero").unwrap().into(), Refused::Neither),
            (File::open("/dev/null").unwrap().into(), Refused::Neither),
            (on_disk.reopen().unwrap().into(), Refused::Neither),
            (write.into(), Refused::Unreadable),
        ] {
            assert_eq!(heard(descriptor, SOON).await.unwrap_err(), why);
        }
    }

    #[test]
    fn one_user_does_not_take_all_places() {
        let desk = Desk::default();
        let mut held: Vec<Held> = (0..USER_LIMIT).map(|_| desk.hold(1000).unwrap()).collect();
        assert!(desk.hold(1000).is_none());
        held.extend((1..TOTAL_LIMIT / USER_LIMIT).flat_map(|user| {
            let desk = desk.clone();
            (0..USER_LIMIT).map(move |_| desk.hold(2000 + u32::try_from(user).unwrap()).unwrap())
        }));
        assert!(desk.hold(3000).is_none());
        held.pop();
        assert!(desk.hold(3000).is_some());
    }
}
