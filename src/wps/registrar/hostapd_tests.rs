#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{SocketAddr, UnixDatagram as StdDatagram};
use std::sync::Arc;

use proptest::prelude::*;
use tempfile::TempDir;
use tokio::io::Interest;
use tokio::net::UnixDatagram;

use super::*;

/// The other end: answers as its script says, and shows what it was asked.
struct Peer {
    folder: TempDir,
    datagrams: UnixDatagram,
    /// The same socket, for the addresses that only the standard library can write to.
    plain: StdDatagram,
}

impl Peer {
    fn new() -> (Self, Hostapd) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wlan0");
        let plain = StdDatagram::bind(&path).unwrap();
        plain.set_nonblocking(true).unwrap();
        let datagrams = UnixDatagram::from_std(plain.try_clone().unwrap()).unwrap();
        (Self { folder, datagrams, plain }, Hostapd::at(&path))
    }

    async fn asked(&self) -> (String, SocketAddr) {
        let mut buffer = [0; 512];
        let (length, from) =
            self.datagrams.async_io(Interest::READABLE, || self.plain.recv_from(&mut buffer)).await.unwrap();
        (String::from_utf8_lossy(&buffer[..length]).into_owned(), from)
    }

    fn send(&self, to: &SocketAddr, bytes: impl AsRef<[u8]>) {
        self.plain.send_to_addr(bytes.as_ref(), to).unwrap();
    }

    /// Expects this command, and answers it.
    async fn answers(&self, command: &str, reply: impl AsRef<[u8]>) -> SocketAddr {
        let (asked, from) = self.asked().await;
        assert_eq!(asked, command);
        self.send(&from, reply);
        from
    }
}

fn some_pin() -> Pin {
    pin::parse("12345670").unwrap()
}

const STATUS: &str =
    "state=ENABLED\nphy=phy0\nfreq=2412\nnum_sta_non_erp=0\nchannel=1\nbss[0]=wlan0\nssid[0]=lab-net\n";
const CONFIG: &str = "bssid=02:00:00:00:00:00\nssid=Caf\\xc3\\xa9 \\\"1\\\"\nwps_state=configured\n\
     passphrase=correct horse battery\nwpa=2\nkey_mgmt=WPA-PSK \ngroup_cipher=CCMP\nrsn_pairwise_cipher=CCMP\n";

#[tokio::test(start_paused = true)]
async fn the_network_that_it_admits_to() {
    let (peer, hostapd) = Peer::new();
    let script = async {
        peer.answers("PING", "PONG\n").await;
        peer.answers("STATUS", STATUS).await;
        peer.answers("GET_CONFIG", CONFIG).await
    };
    let (offer, address) = tokio::join!(hostapd.probe(), script);
    let Ok(Offer::Driven(access)) = offer else { panic!("{offer:?}") };
    assert_eq!(access.ssid.as_bytes(), "Café \"1\"".as_bytes());
    assert_eq!((access.security, access.channel, access.band), (Security::Wpa2Personal, Some(1), Some(Band::Band2_4)));
    assert_eq!(access.bssid, Some(Mac([2, 0, 0, 0, 0, 0])));
    assert!(address.as_abstract_name().is_some(), "our address is in no file system");
}

#[tokio::test(start_paused = true)]
async fn an_access_point_that_can_admit_nobody() {
    for (status, config, expected) in [
        ("state=DFS\n", None, Error::NotServing { interface: "wlan0".into(), state: "DFS".into() }),
        (STATUS, Some("ssid=a\nwps_state=disabled\n"), Error::WpsOff { interface: "wlan0".into() }),
        (STATUS, Some("ssid=a\nwpa=2\n"), Error::WpsOff { interface: "wlan0".into() }),
        (STATUS, Some("ssid=a\nwps_state=not configured\n"), Error::WpsUnconfigured { interface: "wlan0".into() }),
        (STATUS, Some("wps_state=configured\n"), Error::Malformed { command: "GET_CONFIG" }),
        (STATUS, Some("FAIL\n"), Error::Refused { command: "GET_CONFIG" }),
        ("UNKNOWN COMMAND\n", None, Error::NotBuiltIn { command: "STATUS" }),
    ] {
        let (peer, hostapd) = Peer::new();
        let script = async {
            peer.answers("PING", "PONG\n").await;
            peer.answers("STATUS", status).await;
            if let Some(config) = config {
                peer.answers("GET_CONFIG", config).await;
            }
        };
        let (offer, ()) = tokio::join!(hostapd.probe(), script);
        assert_eq!(offer.unwrap_err(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_pin_is_given_with_its_time_and_the_one_device() {
    let (peer, hostapd) = Peer::new();
    let pin = some_pin();
    let (started, _) = tokio::join!(
        hostapd.start_pin(&pin, Duration::from_secs(300), None),
        peer.answers("WPS_PIN any 12345670 300", "12345670")
    );
    // hostapd_cli shows the PIN back to whoever asked for a random one; here it would be no answer.
    assert_eq!(started, Err(Error::Malformed { command: "WPS_PIN" }));

    let only = Some(Mac([2, 0, 0, 0, 1, 0]));
    let (started, _) = tokio::join!(
        hostapd.start_pin(&pin, Duration::ZERO, only),
        peer.answers("WPS_PIN any 12345670 1 02:00:00:00:01:00", "OK\n")
    );
    assert_eq!(started, Ok(Started::Driven));

    let (refused, _) = tokio::join!(
        hostapd.start_pin(&pin, Duration::from_secs(300), None),
        peer.answers("WPS_PIN any 12345670 300", "FAIL\n")
    );
    let refused = refused.unwrap_err();
    assert_eq!(refused.to_string(), "hostapd refused WPS_PIN");
    assert!(!format!("{refused:?} {hostapd:?}").contains("1234"));
}

#[tokio::test(start_paused = true)]
async fn the_button_and_what_is_in_its_way() {
    let (peer, hostapd) = Peer::new();
    let (started, _) = tokio::join!(hostapd.start_button(), peer.answers("WPS_PBC", "OK\n"));
    assert_eq!(started, Ok(Started::Driven));

    let (started, _) = tokio::join!(hostapd.start_button(), peer.answers("WPS_PBC", "FAIL-PBC-OVERLAP\n"));
    assert_eq!(started, Err(Error::Overlap));

    for (status, expected) in [
        ("PBC Status: Overlap\nLast WPS result: None\n", Error::Overlap),
        ("PBC Status: Disabled\nLast WPS result: None\n", Error::Refused { command: "WPS_PBC" }),
    ] {
        let script = async {
            peer.answers("WPS_PBC", "FAIL\n").await;
            peer.answers("WPS_GET_STATUS", status).await;
        };
        let (started, ()) = tokio::join!(hostapd.start_button(), script);
        assert_eq!(started, Err(expected));
    }
}

#[tokio::test(start_paused = true)]
async fn a_pin_that_is_no_longer_advertised_is_forgotten_all_the_same() {
    let (peer, hostapd) = Peer::new();
    for reply in ["OK\n", "FAIL\n"] {
        let (nothing, _) = tokio::join!(hostapd.cancel(), peer.answers("WPS_CANCEL", reply));
        assert_eq!(nothing, Ok(()), "nothing goes on");
    }

    let pin = some_pin();
    let (started, _) = tokio::join!(
        hostapd.start_pin(&pin, Duration::from_secs(300), None),
        peer.answers("WPS_PIN any 12345670 300", "OK\n")
    );
    started.unwrap();
    tokio::time::advance(Duration::from_secs(150)).await;
    let script = async {
        peer.answers("WPS_CANCEL", "OK\n").await;
        let (command, from) = peer.asked().await;
        let decoy = command.strip_prefix("WPS_PIN any ").unwrap().strip_suffix(" 1").unwrap().to_owned();
        assert_ne!(decoy, "12345670");
        pin::parse(&decoy).unwrap();
        peer.send(&from, "OK\n");
        peer.answers("WPS_CANCEL", "OK\n").await;
    };
    let (forgotten, ()) = tokio::join!(hostapd.cancel(), script);
    assert_eq!(forgotten, Ok(()));

    let (nothing, _) = tokio::join!(hostapd.cancel(), peer.answers("WPS_CANCEL", "OK\n"));
    assert_eq!(nothing, Ok(()), "once is enough");
}

#[tokio::test(start_paused = true)]
async fn events_come_until_nobody_wants_them() {
    let (peer, hostapd) = Peer::new();
    let (events, to) = tokio::join!(hostapd.events(), peer.answers("ATTACH", "OK\n"));
    let mut events = events.unwrap();
    for line in ["<3>WPS-PBC-ACTIVE ", "PONG\n", "<2>WPS-SUCCESS ", "\u{0}\u{1}garbage"] {
        peer.send(&to, line);
    }
    peer.send(&to, "<3>WPS-FAIL msg=8 config_error=18");
    assert!(matches!(events.recv().await, Some(Event::PbcActive)));
    assert!(matches!(events.recv().await, Some(Event::Success)));
    assert!(matches!(events.recv().await, Some(Event::Fail(_))));
    drop(events);
    assert_eq!(peer.asked().await.0, "DETACH");
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_events_is_bounded_and_counted() {
    let (peer, hostapd) = Peer::new();
    let (events, to) = tokio::join!(hostapd.events(), peer.answers("ATTACH", "OK\n"));
    let mut events = events.unwrap();
    let flood = vec![b'x'; MAX_FLOOD];
    for _ in 0..400 {
        // The kernel holds a few; each is taken before the next is sent.
        while peer.plain.send_to_addr(&[b"<3>WPS-X ".as_slice(), &flood].concat(), &to).is_err() {
            tokio::task::yield_now().await;
        }
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut seen = 0;
    while events.try_recv().is_ok() {
        seen += 1;
    }
    assert_eq!(seen, 256);
    peer.send(&to, "<3>WPS-SUCCESS ");
    assert!(matches!(events.recv().await, Some(Event::Missed(144))));
    assert!(matches!(events.recv().await, Some(Event::Success)));
}
const MAX_FLOOD: usize = 60_000;

#[tokio::test(start_paused = true)]
async fn silence_is_asked_about_and_an_end_is_told() {
    let (peer, hostapd) = Peer::new();
    let (events, to) = tokio::join!(hostapd.events(), peer.answers("ATTACH", "OK\n"));
    let mut events = events.unwrap();
    // Ten quiet seconds later, and again, it shows that it lives.
    peer.answers("PING", "PONG\n").await;
    peer.answers("PING", "PONG\n").await;
    // Then it says that it goes.
    peer.send(&to, "<3>CTRL-EVENT-TERMINATING ");
    let Some(Event::Gone(error)) = events.recv().await else { panic!() };
    assert!(matches!(error, Error::Gone { .. }) && error.is_unreachable());
    assert!(events.recv().await.is_none());
    assert_eq!(peer.asked().await.0, "DETACH");

    let (events, _) = tokio::join!(hostapd.events(), peer.answers("ATTACH", "OK\n"));
    let mut events = events.unwrap();
    assert_eq!(peer.asked().await.0, "PING"); // and no answer
    assert!(matches!(events.recv().await, Some(Event::Gone(Error::NoAnswer { .. }))));
    assert!(events.recv().await.is_none());
    assert_eq!(peer.asked().await.0, "DETACH");

    let (events, _) = tokio::join!(hostapd.events(), peer.answers("ATTACH", "OK\n"));
    let mut events = events.unwrap();
    drop(peer); // killed
    assert!(matches!(events.recv().await, Some(Event::Gone(Error::Gone { .. }))));
}

#[tokio::test(start_paused = true)]
async fn who_is_to_blame_when_it_is_not_reached() {
    let (peer, hostapd) = Peer::new();
    let (silence, _) = tokio::join!(hostapd.cancel(), peer.asked());
    assert_eq!(silence, Err(Error::NoAnswer { after: PATIENCE }));
    assert_eq!(silence.unwrap_err().whose(), crate::blame::Party::Network);

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wlan0");
    let missing = Hostapd::at(&path).probe().await.unwrap_err();
    assert_eq!(missing, Error::NotRunning { path: path.clone() });
    assert_eq!(missing.whose(), crate::blame::Party::Host);

    drop(StdDatagram::bind(&path).unwrap()); // its file stays behind, as after a crash
    assert_eq!(Hostapd::at(&path).probe().await, Err(Error::Gone { path: path.clone() }));

    let long = folder.path().join("x".repeat(120));
    assert!(matches!(Hostapd::at(&long).probe().await, Err(Error::Io { .. })));

    if !rustix::process::geteuid().is_root() {
        let _socket = StdDatagram::bind(folder.path().join("wlan1")).unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o000)).unwrap();
        assert_eq!(Hostapd::at(&path).probe().await, Err(Error::Denied { path: path.clone() }));
        let denied = discover(&[folder.path()]).unwrap_err();
        assert_eq!(denied, Error::Denied { path: folder.path().to_owned() });
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
    }
    let denied = Error::Denied { path };
    assert!(denied.to_string().contains("ctrl_interface_group=plugprint"));
}

#[tokio::test]
async fn the_access_points_of_this_computer() {
    let (peer, _) = Peer::new();
    let folder = peer.folder.path();
    let _others = ["wlan1", "global"].map(|name| StdDatagram::bind(folder.join(name)).unwrap());
    std::fs::write(folder.join("notes"), "no socket").unwrap();
    let found = discover(&[folder.join("missing").as_path(), folder, folder]).unwrap();
    assert_eq!(found.iter().map(Hostapd::interface).collect::<Vec<_>>(), ["wlan0", "wlan1"]);
    let missing = folder.join("missing");
    assert_eq!(discover(&[&missing]).unwrap_err(), Error::NotRunning { path: missing });
}

#[test]
fn how_the_network_is_secured() {
    for (config, expected) in [
        ("ssid=a\n", Security::Open),
        ("key_mgmt=WPA-PSK \nrsn_pairwise_cipher=CCMP\n", Security::Wpa2Personal),
        ("key_mgmt=WPA-PSK \nwpa_pairwise_cipher=TKIP\n", Security::WpaPersonal),
        ("key_mgmt=WPA-PSK \nrsn_pairwise_cipher=CCMP\nwpa_pairwise_cipher=TKIP\n", Security::WpaWpa2Personal),
        ("key_mgmt=WPA-PSK SAE\nrsn_pairwise_cipher=CCMP\n", Security::Wpa2Wpa3Personal),
        ("key_mgmt=SAE \nrsn_pairwise_cipher=CCMP\n", Security::Wpa3Personal),
        ("key_mgmt=WPA-EAP \nrsn_pairwise_cipher=CCMP\n", Security::Enterprise),
        ("key_mgmt=OWE \n", Security::EnhancedOpen),
        ("key_mgmt=DPP \n", Security::Unknown("DPP ".into())),
    ] {
        assert_eq!(security(config.as_bytes()), expected, "{config}");
    }
}

/// `printf_encode` of hostap, written from its description.
fn escape(bytes: &[u8]) -> String {
    let one = |&byte: &u8| match byte {
        b'"' => "\\\"".to_owned(),
        b'\\' => "\\\\".to_owned(),
        0x1b => "\\e".to_owned(),
        b'\n' => "\\n".to_owned(),
        b'\r' => "\\r".to_owned(),
        b'\t' => "\\t".to_owned(),
        32..=126 => char::from(byte).to_string(),
        _ => format!("\\x{byte:02x}"),
    };
    bytes.iter().map(one).collect()
}

proptest! {
    #[test]
    fn any_name_of_a_network_comes_back(bytes in prop::collection::vec(any::<u8>(), 0..=32)) {
        prop_assert_eq!(unescape(escape(&bytes).as_bytes()), Some(bytes));
    }

    #[test]
    fn any_reply_ends_in_a_value(reply in prop::collection::vec(any::<u8>(), 0..5000)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let (peer, hostapd) = Peer::new();
            let peer = Arc::new(peer);
            let other = Arc::clone(&peer);
            let answering = tokio::spawn(async move {
                loop {
                    let (_, from) = other.asked().await;
                    let _too_late = other.plain.send_to_addr(&reply, &from);
                }
            });
            drop((hostapd.probe().await, hostapd.start_button().await));
            answering.abort();
        });
    }
}

#[test]
fn a_decoy_is_a_pin() {
    let decoys: Vec<String> = (0..50).map(|_| decoy().expose().to_owned()).collect();
    assert!(decoys.iter().all(|decoy| pin::parse(decoy).is_ok()));
    assert!(decoys.iter().any(|decoy| *decoy != decoys[0]));
}
