//! An access point on this computer: hostapd, driven over its control socket.
//!
//! Commands and replies are those of hostapd 2.10 (`hostapd/ctrl_iface.c`, `src/wps/wps_registrar.c` \[C\]):
//!
//! * `WPS_PIN any PIN SECONDS [MAC]`. "any" binds the PIN to the first enrollee that comes; giving another such PIN
//!   drops the one that nobody has used. Its checksum is not looked at: a [`Pin`] has been checked by our own rules.
//! * `WPS_PBC`. Refused where two enrollees had their button pressed; `WPS_GET_STATUS` then says `Overlap`.
//! * `WPS_CANCEL` says OK in any case, and forgets a PIN only while it is advertised; see `forget`.
//! * `GET_CONFIG` tells the network's password besides its name: it is read into memory that is wiped.

use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use rand::RngExt;
use tokio::sync::mpsc;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::{Access, BoxFuture, Error, Event, Mac, Offer, Registrar, Started, ctrl};
use crate::secret::Pin;
use crate::wifi::{Band, Security, Ssid};
use crate::wps::pin;

/// Where hostapd's control sockets are (`ctrl_interface` of Debian's, Fedora's and hostap's own example).
pub const FOLDERS: [&str; 2] = ["/run/hostapd", "/var/run/hostapd"];
/// How long an answer may take. hostapd answers from its one loop, in which a scan or a key exchange may be.
const PATIENCE: Duration = Duration::from_secs(5);
/// Sockets of one folder that are looked at.
const MAX_SOCKETS: usize = 64;
/// The least that hostapd is told for a PIN, in seconds: 0 would mean for ever.
const MIN_TIMEOUT: u64 = 1;
/// The longest, in seconds. The PIN of no known printer lives longer.
const MAX_TIMEOUT: u64 = 3600;

/// One access point of hostapd's.
#[derive(Debug)]
pub struct Hostapd {
    socket: PathBuf,
    interface: String,
    patience: Duration,
    /// Until when the PIN that it was given is valid.
    pin_until: Mutex<Option<Instant>>,
}

/// The access points whose control sockets are in these folders, by interface. hostapd need not be alive behind them:
/// [`Registrar::probe`] tells.
///
/// # Errors
/// [`Error::Denied`] where a folder may not be read; [`Error::NotRunning`] where there is none.
pub fn discover<P: AsRef<Path>>(folders: &[P]) -> Result<Vec<Hostapd>, Error> {
    let mut found: Vec<Hostapd> = Vec::new();
    let mut trouble = None;
    for folder in folders {
        let folder = folder.as_ref();
        match sockets(folder) {
            Ok(sockets) => {
                for socket in sockets {
                    // /var/run is usually the same place as /run.
                    let access_point = Hostapd::at(&socket);
                    if !found.iter().any(|known| known.interface == access_point.interface) {
                        found.push(access_point);
                    }
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                trouble.get_or_insert(Error::Denied { path: folder.to_owned() });
            }
            Err(error) => {
                trouble.get_or_insert(Error::Io { path: folder.to_owned(), kind: error.kind() });
            }
        }
    }
    if found.is_empty() {
        let path = folders.first().map(|folder| folder.as_ref().to_owned()).unwrap_or_default();
        return Err(trouble.unwrap_or(Error::NotRunning { path }));
    }
    found.sort_by(|a, b| a.interface.cmp(&b.interface));
    Ok(found)
}

/// The sockets in a folder. The one of all access points together ("global") answers no `GET_CONFIG` and is left out.
fn sockets(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut sockets = Vec::new();
    for entry in std::fs::read_dir(folder)?.take(MAX_SOCKETS) {
        let entry = entry?;
        if entry.file_type()?.is_socket() && entry.file_name() != "global" {
            sockets.push(entry.path());
        }
    }
    Ok(sockets)
}

impl Hostapd {
    /// The access point with this control socket, as `/run/hostapd/wlan0`.
    #[must_use]
    pub fn at(socket: &Path) -> Self {
        let name = socket.file_name().unwrap_or_default().to_string_lossy();
        let interface = name.chars().filter(|c| !c.is_control()).collect();
        Self { socket: socket.to_owned(), interface, patience: PATIENCE, pin_until: Mutex::new(None) }
    }

    /// The access point's interface.
    #[must_use]
    pub fn interface(&self) -> &str {
        &self.interface
    }

    async fn ask(&self, name: &'static str, command: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        ctrl::ask(&self.socket, name, command, self.patience).await
    }

    async fn tell(&self, command: &'static str) -> Result<(), Error> {
        ctrl::expect_ok(command, &self.ask(command, command.as_bytes()).await?)
    }

    /// A reply of `key=value` lines.
    async fn document(&self, command: &'static str) -> Result<Zeroizing<Vec<u8>>, Error> {
        let reply = self.ask(command, command.as_bytes()).await?;
        if reply.contains(&b'=') {
            return Ok(reply);
        }
        ctrl::expect_ok(command, &reply)?;
        Err(Error::Malformed { command })
    }

    async fn access(&self) -> Result<Access, Error> {
        self.tell("PING").await?;
        let status = self.document("STATUS").await?;
        let state = value(&status, "state").unwrap_or_default();
        if state != b"ENABLED" {
            let state = String::from_utf8_lossy(state).chars().filter(|c| c.is_ascii_graphic()).take(32).collect();
            return Err(Error::NotServing { interface: self.interface.clone(), state });
        }
        let config = self.document("GET_CONFIG").await?;
        match value(&config, "wps_state") {
            Some(b"configured") => {}
            Some(b"not configured") => return Err(Error::WpsUnconfigured { interface: self.interface.clone() }),
            _ => return Err(Error::WpsOff { interface: self.interface.clone() }),
        }
        let malformed = Error::Malformed { command: "GET_CONFIG" };
        let ssid =
            value(&config, "ssid").and_then(unescape).and_then(|bytes| Ssid::new(bytes).ok()).ok_or(malformed)?;
        let number = |key| value(&status, key).and_then(|text| std::str::from_utf8(text).ok()?.parse::<u32>().ok());
        Ok(Access {
            interface: self.interface.clone(),
            ssid,
            bssid: value(&config, "bssid").and_then(|text| Mac::parse(std::str::from_utf8(text).ok()?)),
            security: security(&config),
            channel: number("channel").and_then(|channel| u16::try_from(channel).ok()),
            band: number("freq").and_then(Band::of_frequency),
        })
    }

    async fn give_pin(&self, pin: &Pin, seconds: u64, only: Option<Mac>) -> Result<(), Error> {
        let only = only.map(|mac| format!(" {mac}")).unwrap_or_default();
        // Sized before the PIN goes in, so that no copy of it stays behind in freed memory.
        let mut command = Zeroizing::new(Vec::with_capacity(64));
        for part in ["WPS_PIN any ", pin.expose(), " ", &seconds.to_string(), &only] {
            command.extend_from_slice(part.as_bytes());
        }
        ctrl::expect_ok("WPS_PIN", &self.ask("WPS_PIN", &command).await?)
    }

    /// `WPS_CANCEL` says OK, and forgets a PIN only while it is advertised, that is for 120 s; afterwards the PIN
    /// stays valid to its end. So another PIN, which nobody knows, takes its place for a moment, and is cancelled.
    async fn forget(&self) -> Result<(), Error> {
        let until = *self.pin_until.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match self.tell("WPS_CANCEL").await {
            Ok(()) | Err(Error::Refused { .. }) => {} // nothing goes on
            Err(error) => return Err(error),
        }
        if until.is_some_and(|until| Instant::now() < until) {
            self.give_pin(&decoy(), MIN_TIMEOUT, None).await?;
            self.tell("WPS_CANCEL").await?;
        }
        self.remember(None);
        Ok(())
    }

    fn remember(&self, until: Option<Instant>) {
        *self.pin_until.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = until;
    }
}

impl Registrar for Hostapd {
    fn probe(&self) -> BoxFuture<'_, Result<Offer, Error>> {
        Box::pin(async { self.access().await.map(Offer::Driven) })
    }

    fn start_pin<'a>(
        &'a self,
        pin: &'a Pin,
        timeout: Duration,
        only: Option<Mac>,
    ) -> BoxFuture<'a, Result<Started, Error>> {
        Box::pin(async move {
            let seconds = timeout.as_secs().clamp(MIN_TIMEOUT, MAX_TIMEOUT);
            // Also where no answer comes: it may have been taken.
            self.remember(Some(Instant::now() + Duration::from_secs(seconds)));
            self.give_pin(pin, seconds, only).await?;
            Ok(Started::Driven)
        })
    }

    fn start_button(&self) -> BoxFuture<'_, Result<Started, Error>> {
        Box::pin(async {
            match self.tell("WPS_PBC").await {
                Ok(()) => Ok(Started::Driven),
                Err(refused @ Error::Refused { .. }) => {
                    let status = self.ask("WPS_GET_STATUS", b"WPS_GET_STATUS").await?;
                    let overlap = status.split(|&b| b == b'\n').any(|line| line == b"PBC Status: Overlap");
                    Err(if overlap { Error::Overlap } else { refused })
                }
                Err(error) => Err(error),
            }
        })
    }

    fn cancel(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(self.forget())
    }

    fn events(&self) -> BoxFuture<'_, Result<mpsc::Receiver<Event>, Error>> {
        Box::pin(ctrl::events(&self.socket, self.patience))
    }
}

/// A valid PIN that nobody is told.
fn decoy() -> Pin {
    let mut digits = Zeroizing::new([0u8; 7]);
    let mut rng = rand::rng();
    for digit in digits.iter_mut() {
        *digit = rng.random_range(0..10);
    }
    let mut text = String::with_capacity(8);
    for digit in digits.iter().copied().chain([pin::checksum(&digits)]) {
        text.push(char::from(b'0' + digit));
    }
    Pin::new(text)
}

/// The value of the first line `key=value`.
fn value<'a>(document: &'a [u8], key: &str) -> Option<&'a [u8]> {
    document.split(|&b| b == b'\n').find_map(|line| line.strip_prefix(key.as_bytes())?.strip_prefix(b"="))
}

/// Bytes as hostap prints them (`printf_encode` in `src/utils/common.c` \[C\]): `\\`, `\"`, `\e`, `\n`, `\r`, `\t`, `\xHH`.
fn unescape(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    while let Some(&byte) = rest.next() {
        bytes.push(match byte {
            b'\\' => match rest.next()? {
                b'x' => {
                    let mut digit = || char::from(*rest.next()?).to_digit(16);
                    u8::try_from(digit()? << 4 | digit()?).ok()?
                }
                b'e' => 0x1b,
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                &literal @ (b'\\' | b'"') => literal,
                _ => return None,
            },
            byte => byte,
        });
    }
    Some(bytes)
}

/// From `wpa` (bits: 1 WPA, 2 RSN) and the words of `key_mgmt`.
fn security(config: &[u8]) -> Security {
    let keys = value(config, "key_mgmt").unwrap_or_default();
    let has = |name: &str| keys.split(|&b| b == b' ').any(|word| word == name.as_bytes());
    let psk = ["WPA-PSK", "FT-PSK", "WPA-PSK-SHA256"].iter().any(|name| has(name));
    let sae = ["SAE", "FT-SAE", "SAE-EXT-KEY", "FT-SAE-EXT-KEY"].iter().any(|name| has(name));
    let old = value(config, "wpa_pairwise_cipher").is_some();
    let new = value(config, "rsn_pairwise_cipher").is_some();
    match (psk, sae) {
        (true, true) => Security::Wpa2Wpa3Personal,
        (false, true) => Security::Wpa3Personal,
        (true, false) if old && new => Security::WpaWpa2Personal,
        (true, false) if old => Security::WpaPersonal,
        (true, false) => Security::Wpa2Personal,
        (false, false) if has("OWE") => Security::EnhancedOpen,
        (false, false) if keys.windows(3).any(|word| word == b"EAP") => Security::Enterprise,
        (false, false) if keys.is_empty() => Security::Open,
        (false, false) => Security::Unknown(String::from_utf8_lossy(keys).chars().take(64).collect()),
    }
}

#[cfg(test)]
#[path = "hostapd_tests.rs"]
mod tests;
