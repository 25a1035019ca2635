//! A secret on its way to the service: in memory that nobody can change any more, as a descriptor, so that it is in
//! no message.

use std::os::fd::OwnedFd;

use rustix::fs::{MemfdFlags, SealFlags};

use super::exit::Error;

/// The bytes in a sealed memfd, which is read from its beginning.
///
/// # Errors
/// The system's.
pub fn sealed(secret: &[u8]) -> Result<OwnedFd, Error> {
    let attempt = || {
        let file = rustix::fs::memfd_create("plugprint-secret", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
        let mut rest = secret;
        while !rest.is_empty() {
            let written = rustix::io::write(&file, rest)?;
            rest = rest.get(written..).unwrap_or_default();
        }
        rustix::fs::fcntl_add_seals(&file, SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL)?;
        rustix::fs::seek(&file, rustix::fs::SeekFrom::Start(0))?;
        Ok(file)
    };
    attempt().map_err(|error: rustix::io::Errno| Error::file("making a sealed memory file")(error.into()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::io::{Read as _, Write as _};

    use super::*;

    #[test]
    fn it_is_read_whole_and_never_written_again() {
        let mut file = std::fs::File::from(sealed(b"correct horse").unwrap());
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        assert_eq!(text, "correct horse");
        assert!(file.write(b"x").is_err());
        let seals = rustix::fs::fcntl_get_seals(&file).unwrap();
        assert!(seals.contains(SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL));
    }
}
