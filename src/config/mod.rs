//! What the administrator of this computer wrote: `/etc/plugprint/plugprint.toml`.
//!
//! A mistake is reported with its line, and everything else counts; only who may use a printer is the narrower for
//! one.

pub mod ini;
mod read;
pub mod rules;

use std::fmt;
use std::io;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use rules::{Operation, Rules};

use crate::store;

/// Where the configuration is.
pub const FILE: &str = "/etc/plugprint/plugprint.toml";
/// ipp-usb's, whose user rules count where ours says nothing about users.
pub const IPP_USB: &str = "/etc/ipp-usb/ipp-usb.conf";
/// Where the files of quirks are, in this order: of two equally good definitions the first counts.
pub const QUIRKS: [&str; 4] =
    ["/etc/plugprint/quirks", "/etc/ipp-usb/quirks", "/usr/share/plugprint/quirks", "/usr/share/ipp-usb/quirks"];

/// How the service is to behave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// `log`: what to log, in the words of `--log`; `None` where it is not said.
    pub log: Option<String>,
    /// `bridge.enable`: whether printers are offered on ports of the loopback addresses.
    pub bridge: bool,
    /// `bridge.ports`: the ports that printers get.
    pub ports: RangeInclusive<u16>,
    /// `bridge.ipv6`: whether they are offered on `::1` too.
    pub ipv6: bool,
    /// `dns-sd.enable`: whether they are announced.
    pub dns_sd: bool,
    /// `quirks.folders`: where the files of quirks are.
    pub quirks: Vec<PathBuf>,
    /// `users`: who may do what; `None`: everybody everything that is not protected.
    pub rules: Option<Rules>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            log: None,
            bridge: true,
            ports: 60000..=65535,
            ipv6: true,
            dns_sd: true,
            quirks: QUIRKS.iter().map(PathBuf::from).collect(),
            rules: None,
        }
    }
}

/// A mistake in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// The file.
    pub file: Arc<Path>,
    /// The line, from 1; 0 where it is about the whole file.
    pub line: u32,
    /// What is wrong, and what was done about it.
    pub what: String,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file.display(), self.what),
            line => write!(f, "{}:{line}: {}", self.file.display(), self.what),
        }
    }
}

/// What of a new configuration counts only from the next start on, in the words of the file.
#[must_use]
pub fn for_the_next_start(old: &Config, new: &Config) -> Vec<&'static str> {
    [
        ("bridge.enable", old.bridge != new.bridge),
        ("bridge.ports", old.ports != new.ports),
        ("bridge.ipv6", old.ipv6 != new.ipv6),
        ("dns-sd.enable", old.dns_sd != new.dns_sd),
    ]
    .into_iter()
    .filter_map(|(name, changed)| changed.then_some(name))
    .collect()
}

impl Config {
    /// Reads `file`, and where it says nothing about users, `ipp_usb`. Files that are not there say nothing. Gives
    /// what is right in them, and the complaints about the rest.
    ///
    /// # Errors
    /// `file` is there and can't be read.
    pub fn load(file: &Path, ipp_usb: &Path) -> Result<(Self, Vec<Complaint>), Complaint> {
        let named: Arc<Path> = file.into();
        let mut complaints = Vec::new();
        let mut config = match text(file) {
            Ok(text) => read::config(&named, &text, &mut complaints),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::default(),
            Err(error) => return Err(Complaint { file: named, line: 0, what: error.to_string() }),
        };
        if config.rules.is_none() {
            let named: Arc<Path> = ipp_usb.into();
            match store::bytes(ipp_usb) {
                Ok(bytes) => config.rules = rules::of_ipp_usb(&named, &bytes, &mut complaints),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    let what = format!("{error}; nobody knows whom it keeps out, so only root is let in");
                    complaints.push(Complaint { file: named, line: 0, what });
                    config.rules = Some(Rules::default());
                }
            }
        }
        Ok((config, complaints))
    }

    /// What counts when the file can't be read: nobody knows whom it keeps out, so only root is let in.
    #[must_use]
    pub fn closed() -> Self {
        Self { rules: Some(Rules::default()), ..Self::default() }
    }
}

fn text(file: &Path) -> io::Result<String> {
    String::from_utf8(store::bytes(file)?).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8"))
}
