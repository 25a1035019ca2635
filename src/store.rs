//! Small files in which something is remembered over a restart: read within bounds, replaced whole or not at all.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

/// The largest file that is read, in bytes.
const FILE_LIMIT: u64 = 1 << 20;

/// A file's bytes, if they are not too many.
///
/// # Errors
/// Whatever the file system says; [`io::ErrorKind::FileTooLarge`] above 1 MiB; [`io::ErrorKind::InvalidInput`] for what
/// is no ordinary file.
pub fn bytes(file: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // Opening a pipe would wait for who writes into it.
    if !fs::metadata(file)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no ordinary file"));
    }
    File::open(file)?.take(FILE_LIMIT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > FILE_LIMIT {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is too large"));
    }
    Ok(bytes)
}

/// What a file holds; what is no UTF-8 in it is replaced.
///
/// # Errors
/// As [`bytes`].
pub fn read(file: &Path) -> io::Result<String> {
    Ok(String::from_utf8_lossy(&bytes(file)?).into_owned())
}

/// What is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Save {
    /// Where.
    pub file: PathBuf,
    /// All that the file will hold.
    pub text: String,
}

impl Save {
    /// All or nothing, also when the power fails: a new file, on the disk, in the old one's place. It waits for the
    /// disk: not for a task that others wait for.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn write(&self) -> io::Result<()> {
        let folder = self.file.parent().unwrap_or(Path::new("."));
        let new = self.file.with_extension("new");
        let mut file = File::create(&new)?;
        file.write_all(self.text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, &self.file)?;
        File::open(folder)?.sync_all()
    }
}
