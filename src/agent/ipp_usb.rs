//! ipp-usb, the other program that drives IPP over USB: while it runs, its printers are its own.
//!
//! It answers a printer that it can't claim with a reset of the port, again every two seconds; so there is no asking
//! who was first. That it runs is known by its control socket, which it opens before it looks at any printer and
//! closes after it has let go of the last one [C ipp-usb 0.9.23]: as long as a connection to it stays open, it runs.
//! This needs neither root nor systemd, and no timer.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use tokio::io::AsyncReadExt as _;
use tokio::net::UnixStream;
use tokio::sync::{mpsc, watch};

use crate::agent::registry::Aside;
use crate::agent::view::{State, Transport};
use crate::agent::{ErrorKind, Failure};
use crate::blame::Party;
use crate::printer::probe::Recognised;
use crate::usb::Address;
use crate::usb::descriptor::Channel;

/// Where it keeps its socket and its state.
pub const FOLDER: &str = "/var/ipp-usb";
/// How long it may take to start where systemd starts it for the same plug.
pub(super) const START: Duration = Duration::from_secs(5);

/// Whether it runs, as that changes; `None` until it is known for the first time.
pub(super) fn watched(folder: Option<PathBuf>) -> watch::Receiver<Option<bool>> {
    let (tell, told) = watch::channel(folder.is_none().then_some(false));
    if let Some(folder) = folder {
        tokio::spawn(follow(folder, tell));
    }
    told
}

async fn follow(folder: PathBuf, tell: watch::Sender<Option<bool>>) {
    loop {
        // Before the attempt to connect, so that nothing is missed in between.
        let changes = changes(&folder);
        if let Ok(mut socket) = UnixStream::connect(folder.join("ctrl")).await {
            tracing::info!("ipp-usb runs: its printers are left to it");
            let _ = tell.send(Some(true));
            // It says nothing unasked.
            let mut byte = [0];
            while matches!(socket.read(&mut byte).await, Ok(1..)) {}
            tracing::info!("ipp-usb has gone: its printers are taken over");
        }
        let _ = tell.send(Some(false));
        let changed = async {
            match changes {
                Ok(mut changes) => drop(changes.recv().await),
                Err(error) => {
                    tracing::warn!(%error, "it can't be seen when ipp-usb starts");
                    std::future::pending().await
                }
            }
        };
        tokio::select! {
            () = changed => {}
            () = tell.closed() => return,
        }
    }
}

/// Whenever something happens in this folder, or to the nearest one above that is there. In a thread of its own, which
/// ends with the first event after this was dropped.
fn changes(folder: &Path) -> io::Result<mpsc::UnboundedReceiver<()>> {
    let notices = inotify::init(CreateFlags::CLOEXEC)?;
    // The socket is made, and only then opened to everybody: that is an attribute.
    let what = WatchFlags::CREATE | WatchFlags::MOVED_TO | WatchFlags::ATTRIB | WatchFlags::DELETE_SELF;
    let mut watched = Some(folder);
    while let Some(folder) = watched {
        match inotify::add_watch(&notices, folder, what | WatchFlags::ONLYDIR) {
            Ok(_) => break,
            Err(rustix::io::Errno::NOENT) => watched = folder.parent(),
            Err(error) => return Err(error.into()),
        }
    }
    let (tell, told) = mpsc::unbounded_channel();
    std::thread::Builder::new().name("ipp-usb-watch".to_owned()).spawn(move || {
        let mut events = [0_u8; 4096];
        while matches!(rustix::io::read(&notices, &mut events), Ok(1..)) && tell.send(()).is_ok() {}
    })?;
    Ok(told)
}

/// Whether this is a printer that it drives: two or more interfaces with IPP over USB in one configuration, and its own
/// files do not tell it to leave it alone. HP's ff/09/01 counts where the installed version knows it, which its udev rule
/// shows: it marks the device then.
pub(super) fn drives(root: &Path, recognised: &Recognised, address: Address) -> bool {
    if recognised.quirks.ignored_by_ipp_usb {
        return false;
    }
    let has_two = |channels: &[Channel]| {
        let ways = recognised.functions.iter().filter(|function| channels.contains(&function.channel));
        let mut ways: Vec<_> = ways.map(|function| (function.configuration, function.interface)).collect();
        ways.sort_unstable();
        ways.dedup();
        ways.windows(2).any(|pair| matches!(pair, [(one, _), (other, _)] if one == other))
    };
    has_two(&[Channel::IppUsb]) || (has_two(&[Channel::IppUsb, Channel::HpIpp2]) && is_wanted(root, address))
}

/// Whether its udev rule asks systemd for it when this device is plugged in: udev's own record of the device says so.
fn is_wanted(root: &Path, address: Address) -> bool {
    // USB devices have the character major 189 (Documentation/admin-guide/devices.txt).
    let minor = (u32::from(address.bus).saturating_sub(1)) * 128 + u32::from(address.device).saturating_sub(1);
    fs::read_to_string(root.join(format!("run/udev/data/c189:{minor}"))).is_ok_and(|record| {
        record.lines().any(|line| line.starts_with("E:SYSTEMD_WANTS=") && line.contains("ipp-usb.service"))
    })
}

/// Whether systemd starts it, or has just started it, because this device was plugged in: its udev rule says so in
/// udev's own record of the device, and nobody has masked its unit.
pub(super) fn is_coming(root: &Path, address: Address) -> bool {
    if !root.join("run/systemd/system").is_dir() {
        return false;
    }
    let unit = ["etc/systemd/system", "run/systemd/system", "usr/lib/systemd/system", "lib/systemd/system"]
        .iter()
        .find_map(|folder| fs::canonicalize(root.join(folder).join("ipp-usb.service")).ok());
    is_wanted(root, address) && unit.is_some_and(|unit| unit != Path::new("/dev/null"))
}

/// What a printer of its looks like here.
pub(super) fn aside() -> Aside {
    let failure = Failure::new(
        ErrorKind::ClaimedElsewhere,
        Party::Host,
        "ipp-usb drives this printer: CUPS and SANE reach it through that, and plugprint keeps its hands off. For reports, the WPS PIN and the Wi-Fi: `systemctl stop ipp-usb`, and `systemctl mask ipp-usb` so that it stays so.",
    );
    Aside { state: State::Failed, transport: Transport::IppUsb, failure }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use tokio::net::UnixListener;
    use tokio::time::timeout;

    use super::*;
    use crate::printer::identity::PrinterId;
    use crate::printer::quirks::Quirks;
    use crate::usb::Topology;
    use crate::usb::descriptor::{Endpoint, Function};

    async fn becomes(told: &mut watch::Receiver<Option<bool>>, runs: bool) {
        timeout(Duration::from_secs(10), told.wait_for(|now| *now == Some(runs))).await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn it_is_seen_to_start_and_to_stop() {
        let top = tempfile::tempdir().unwrap();
        let folder = top.path().join("ipp-usb");
        let mut told = watched(Some(folder.clone()));
        becomes(&mut told, false).await;
        for _ in 0..3 {
            let _ = fs::create_dir(&folder);
            let _ = fs::remove_file(folder.join("ctrl"));
            let socket = UnixListener::bind(folder.join("ctrl")).unwrap();
            let (connection, _) = timeout(Duration::from_secs(10), socket.accept()).await.unwrap().unwrap();
            becomes(&mut told, true).await;
            drop(socket);
            drop(connection);
            becomes(&mut told, false).await;
        }
    }

    #[test]
    fn it_is_coming_where_udev_asks_systemd_for_it() {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| root.path().join(path);
        let address = Address { bus: 3, device: 5 };
        for folder in ["run/udev/data", "run/systemd/system", "etc/systemd/system", "usr/lib/systemd/system"] {
            fs::create_dir_all(at(folder)).unwrap();
        }
        fs::write(at("usr/lib/systemd/system/ipp-usb.service"), "[Unit]\n").unwrap();
        assert!(!is_coming(root.path(), address), "no record");
        let record = "E:ID_USB_INTERFACES=:070104:\nE:SYSTEMD_WANTS=plugprintd.service ipp-usb.service\n";
        fs::write(at("run/udev/data/c189:260"), record).unwrap();
        assert!(is_coming(root.path(), address));
        assert!(!is_coming(root.path(), Address { bus: 1, device: 5 }), "another device");
        std::os::unix::fs::symlink("/dev/null", at("etc/systemd/system/ipp-usb.service")).unwrap();
        assert!(!is_coming(root.path(), address), "masked");
        fs::remove_file(at("etc/systemd/system/ipp-usb.service")).unwrap();
        fs::remove_dir(at("run/systemd/system")).unwrap();
        assert!(!is_coming(root.path(), address), "no systemd");
    }

    #[test]
    fn it_drives_what_its_version_and_its_files_say() {
        let root = tempfile::tempdir().unwrap();
        let address = Address { bus: 1, device: 9 };
        let function = |interface, channel| {
            let endpoint = |address| Endpoint { address, max_packet: 512 };
            Function {
                configuration: 1,
                interface,
                alternate: 0,
                channel,
                bulk_in: endpoint(0x81),
                bulk_out: endpoint(1),
            }
        };
        let printer = |channels: &[Channel]| Recognised {
            id: PrinterId::new(0x03f0, 1, "X", &Topology { bus: 1, ports: vec![1] }),
            manufacturer: "HP".to_owned(),
            model: "M426".to_owned(),
            serial_number: "X".to_owned(),
            vendor_id: 0x03f0,
            functions: (0..).zip(channels).map(|(interface, channel)| function(interface, *channel)).collect(),
            legacy: None,
            mute: None,
            basic: None,
            quirks: Quirks::default(),
        };
        let drives = |printer: &Recognised| drives(root.path(), printer, address);
        assert!(drives(&printer(&[Channel::IppUsb, Channel::IppUsb])));
        assert!(!drives(&printer(&[Channel::IppUsb, Channel::HpEwsLedm])), "one is too few");
        let special = printer(&[Channel::HpIpp2, Channel::HpIpp2]);
        assert!(!drives(&special), "a version that does not know it");
        fs::create_dir_all(root.path().join("run/udev/data")).unwrap();
        fs::write(root.path().join("run/udev/data/c189:8"), "E:SYSTEMD_WANTS=ipp-usb.service\n").unwrap();
        assert!(drives(&special));
        let mut ignored = printer(&[Channel::IppUsb, Channel::IppUsb]);
        ignored.quirks.ignored_by_ipp_usb = true;
        assert!(!drives(&ignored));
    }
}
