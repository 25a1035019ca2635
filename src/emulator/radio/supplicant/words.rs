//! What wpa_supplicant says, read: `wpa_supplicant/ctrl_iface.c` and `src/common/wpa_ctrl.h` of hostap 2.10 \[C\].
//! Nothing here trusts a byte: what is no such line is `None`.

use std::net::Ipv4Addr;

use super::super::{Association, Failure, Heard, Lease, Origin, Security};

/// The most networks that are kept of one scan.
const MOST: usize = 64;
/// The signal where none is told.
const UNKNOWN_DBM: i16 = -60;

/// What an event means for a station.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// Associated, with keys.
    Connected,
    Disconnected,
    ScanResults,
    /// A scan found no network that its profile fits.
    NetworkNotFound,
    /// The four-way handshake failed, as a wrong passphrase makes it.
    WrongKey,
    /// The access point refuses.
    Rejected,
    WpsSuccess,
    WpsFailed(Failure),
    Overlap,
    /// wpa_supplicant ends.
    Terminating,
}

/// Reads an event; `None` for those that mean nothing here.
pub(super) fn event(datagram: &[u8]) -> Option<Event> {
    let text = String::from_utf8_lossy(datagram);
    // A priority comes first: `<3>`.
    let (priority, rest) = text.strip_prefix('<')?.split_once('>')?;
    if priority.is_empty() || !priority.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (name, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let number = |key: &str| {
        let mut words = rest.split_whitespace();
        words.find_map(|word| word.strip_prefix(key)?.strip_prefix('=')?.parse::<u16>().ok())
    };
    Some(match name.trim_end() {
        "CTRL-EVENT-CONNECTED" => Event::Connected,
        "CTRL-EVENT-DISCONNECTED" => Event::Disconnected,
        "CTRL-EVENT-SCAN-RESULTS" => Event::ScanResults,
        "CTRL-EVENT-NETWORK-NOT-FOUND" => Event::NetworkNotFound,
        "CTRL-EVENT-SSID-TEMP-DISABLED" if rest.ends_with("reason=WRONG_KEY") => Event::WrongKey,
        "CTRL-EVENT-ASSOC-REJECT" | "CTRL-EVENT-AUTH-REJECT" => Event::Rejected,
        "CTRL-EVENT-TERMINATING" => Event::Terminating,
        "WPS-SUCCESS" => Event::WpsSuccess,
        "WPS-OVERLAP-DETECTED" => Event::Overlap,
        // The message that was refused, and WSC's Config Error (WSC 2.0, 12).
        "WPS-FAIL" => Event::WpsFailed(match (number("msg"), number("config_error")) {
            (_, Some(12)) => Failure::Overlap,
            (_, Some(15)) => Failure::Locked,
            (Some(..=8), Some(18)) => Failure::FirstHalf,
            (_, Some(18)) => Failure::SecondHalf,
            _ => Failure::NoRegistrar,
        }),
        _ => return None,
    })
}

/// Undoes `printf_encode` of hostap's `src/utils/common.c`.
pub(super) fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        bytes.push(match rest.next()? {
            b'e' => 0x1b,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'x' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                u8::try_from(digit()? << 4 | digit()?).ok()?
            }
            plain @ (b'\\' | b'"') => plain,
            _ => return None,
        });
    }
    Some(bytes)
}

fn ssid(text: &str) -> Option<Vec<u8>> {
    unescape(text).filter(|ssid| ssid.len() <= 32)
}

pub(super) fn mac(text: &str) -> Option<[u8; 6]> {
    let mut bytes = [0; 6];
    let mut parts = text.split(':');
    for byte in &mut bytes {
        *byte = parts.next().filter(|part| part.len() == 2).and_then(|part| u8::from_str_radix(part, 16).ok())?;
    }
    parts.next().is_none().then_some(bytes)
}

/// The channel at this frequency in MHz (IEEE 802.11, annex E).
fn channel(frequency: u16) -> Option<u16> {
    match frequency {
        2412..=2472 => Some((frequency - 2407) / 5),
        2484 => Some(14),
        5005..=5900 => Some((frequency - 5000) / 5),
        _ => None,
    }
}

/// `None` for what this printer doesn't list, such as WEP.
fn security(flags: &str) -> Option<Security> {
    let mut psk = None;
    let mut sae = false;
    for flag in flags.split(['[', ']']) {
        let Some((protocol, rest)) = flag.split_once('-') else {
            match flag {
                "WEP" => return None,
                _ => continue,
            }
        };
        let keys = || rest.split(['+', '-']);
        match protocol {
            "WPA" | "WPA2" | "RSN" if keys().any(|key| key == "EAP") => return Some(Security::Enterprise),
            "WPA" if keys().any(|key| key == "PSK") => psk = psk.or(Some(Security::Wpa)),
            "WPA2" | "RSN" => {
                if keys().any(|key| key == "PSK") {
                    psk = Some(Security::Wpa2);
                }
                sae |= keys().any(|key| key == "SAE");
            }
            "OWE" => return None,
            _ => {}
        }
    }
    Some(match (psk, sae) {
        (None, false) => Security::Open,
        (None, true) => Security::Wpa3,
        (Some(_), true) => Security::Wpa2Wpa3,
        (Some(psk), false) => psk,
    })
}

/// The reply to SCAN_RESULTS, strongest first as wpa_supplicant has them. A reply that was cut short loses its last
/// line.
pub(super) fn scan_results(reply: &str) -> Vec<Heard> {
    reply.lines().filter_map(heard).take(MOST).collect()
}

/// `bssid <tab> frequency <tab> signal level <tab> flags <tab> ssid`
fn heard(line: &str) -> Option<Heard> {
    let mut fields = line.splitn(5, '\t');
    let mut next = || fields.next();
    let (bssid, frequency, dbm, flags) = (mac(next()?)?, next()?.parse().ok()?, next()?.parse().ok()?, next()?);
    let ssid = ssid(next()?)?;
    Some(Heard {
        // A hidden network's name is empty, or as many zeros.
        ssid: if ssid.iter().all(|byte| *byte == 0) { Vec::new() } else { ssid },
        bssid,
        channel: channel(frequency)?,
        dbm,
        security: security(flags)?,
        wps: flags.contains("[WPS"),
    })
}

/// What STATUS says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Status {
    /// Where it is associated, with keys agreed on.
    pub at: Option<Association>,
    /// Its interface's address.
    pub address: Option<Ipv4Addr>,
    /// The network's id.
    pub id: Option<u16>,
}

/// The value of a `key=value` line.
fn field<'a>(reply: &'a str, key: &str) -> Option<&'a str> {
    reply.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('=')).map(str::trim_end)
}

/// The reply to STATUS. The signal is not in it.
pub(super) fn status(reply: &str) -> Status {
    let get = |key| field(reply, key);
    let association = || {
        Some(Association {
            ssid: ssid(get("ssid")?)?,
            bssid: mac(get("bssid")?)?,
            channel: channel(get("freq")?.parse().ok()?)?,
            dbm: UNKNOWN_DBM,
            security: match get("key_mgmt") {
                Some("NONE") => Security::Open,
                Some("WPA-PSK") => Security::Wpa,
                Some("SAE") => Security::Wpa3,
                _ => Security::Wpa2,
            },
        })
    };
    Status {
        at: (get("wpa_state") == Some("COMPLETED")).then(association).flatten(),
        address: get("ip_address").and_then(|address| address.parse().ok()),
        id: get("id").and_then(|id| id.parse().ok()),
    }
}

/// The reply to SIGNAL_POLL.
pub(super) fn signal(reply: &str) -> Option<i16> {
    // 0 and -9999 are "unknown".
    field(reply, "RSSI")?.parse().ok().filter(|dbm| (-120..0).contains(dbm))
}

/// The network that is not disabled, of the reply to LIST_NETWORKS: `id <tab> ssid <tab> bssid <tab> flags`.
pub(super) fn enabled(reply: &str) -> Option<(u16, Vec<u8>)> {
    reply.lines().filter(|line| !line.contains("[DISABLED]")).find_map(|line| {
        let mut fields = line.split('\t');
        Some((fields.next()?.parse().ok()?, ssid(fields.next()?).filter(|ssid| !ssid.is_empty())?))
    })
}

/// What a DHCP client's hook has written: `ip`, `subnet`, `router`, `dns`, as udhcpc names them; the first of a list.
pub(super) fn lease(text: &str) -> Option<Lease> {
    let address = |key| field(text, key).and_then(|list| list.split_whitespace().next()?.parse().ok());
    Some(Lease {
        address: address("ip")?,
        mask: address("subnet").unwrap_or(Ipv4Addr::new(255, 255, 255, 0)),
        gateway: address("router"),
        dns: address("dns"),
        origin: Origin::Dhcp,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn events() {
        for (text, expected) in [
            (
                "<3>CTRL-EVENT-CONNECTED - Connection to 02:00:00:00:00:00 completed [id=0 id_str=]",
                Some(Event::Connected),
            ),
            ("<3>CTRL-EVENT-DISCONNECTED bssid=02:00:00:00:00:00 reason=3", Some(Event::Disconnected)),
            ("<3>CTRL-EVENT-SCAN-RESULTS ", Some(Event::ScanResults)),
            (
                "<3>CTRL-EVENT-SSID-TEMP-DISABLED id=0 ssid=\"lab\" auth_failures=1 duration=10 reason=WRONG_KEY",
                Some(Event::WrongKey),
            ),
            ("<3>CTRL-EVENT-SSID-TEMP-DISABLED id=0 ssid=\"lab\" auth_failures=1 duration=10 reason=CONN_FAILED", None),
            ("<3>WPS-FAIL msg=8 config_error=18", Some(Event::WpsFailed(Failure::FirstHalf))),
            ("<3>WPS-FAIL msg=10 config_error=18", Some(Event::WpsFailed(Failure::SecondHalf))),
            ("<3>WPS-FAIL msg=5 config_error=15", Some(Event::WpsFailed(Failure::Locked))),
            ("<3>WPS-FAIL", Some(Event::WpsFailed(Failure::NoRegistrar))),
            ("<3>WPS-M2D dev_password_id=0 config_error=0", None),
            ("CTRL-EVENT-CONNECTED", None),
            ("<x>CTRL-EVENT-CONNECTED", None),
        ] {
            assert_eq!(event(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn a_scan() {
        let reply = "bssid / frequency / signal level / flags / ssid\n\
            02:00:00:00:00:00\t2412\t-30\t[WPA2-PSK-CCMP][WPS][ESS]\tlab-net\n\
            02:00:00:00:01:00\t2462\t-41\t[WPA-PSK-TKIP][ESS]\tCaf\\xe9 \\x00\\\\\n\
            02:00:00:00:02:00\t5180\t-50\t[WPA2-SAE-CCMP][ESS]\tfive\n\
            02:00:00:00:03:00\t2437\t-50\t[WPA2-PSK+SAE-CCMP][ESS]\t\\x00\\x00\n\
            02:00:00:00:04:00\t2437\t-50\t[WEP][ESS]\told\n\
            02:00:00:00:05:00\t2437\t-50\t[WPA2-EAP-CCMP][ESS]\toffice\n\
            02:00:00:00:06:00\t2437\t-50\t[ESS]\tguests\n\
            02:00:00:00:07:00\t2437\t-50\t[ES";
        let heard = scan_results(reply);
        let short: Vec<_> = heard.iter().map(|it| (it.ssid.as_slice(), it.channel, it.security, it.wps)).collect();
        assert_eq!(
            short,
            [
                (&b"lab-net"[..], 1, Security::Wpa2, true),
                (b"Caf\xe9 \x00\\", 11, Security::Wpa, false),
                (b"five", 36, Security::Wpa3, false),
                (b"", 6, Security::Wpa2Wpa3, false),
                (b"office", 6, Security::Enterprise, false),
                (b"guests", 6, Security::Open, false),
            ]
        );
        assert_eq!(heard[0].dbm, -30);
    }

    #[test]
    fn a_state() {
        let reply = "bssid=02:00:00:00:00:00\nfreq=2412\nssid=lab-net\nid=3\nmode=station\npairwise_cipher=CCMP\n\
            key_mgmt=WPA2-PSK\nwpa_state=COMPLETED\nip_address=192.0.2.57\naddress=02:00:00:00:01:00\n";
        let it = status(reply);
        assert_eq!(it.at.as_ref().map(|at| (at.ssid.as_slice(), at.channel)), Some((&b"lab-net"[..], 1)));
        assert_eq!((it.address, it.id), Some(Ipv4Addr::new(192, 0, 2, 57)).map(|it| (Some(it), Some(3))).unwrap());
        assert_eq!(status(&reply.replace("COMPLETED", "ASSOCIATED")).at, None);
        assert_eq!(signal("RSSI=-30\nLINKSPEED=1\n"), Some(-30));
        assert_eq!(signal("RSSI=-9999\n"), None);
        let list = "network id / ssid / bssid / flags\n0\told\tany\t[DISABLED]\n1\tlab-net\tany\t[CURRENT]\n";
        assert_eq!(enabled(list), Some((1, b"lab-net".to_vec())));
    }

    #[test]
    fn a_lease() {
        let it = lease("ip=192.0.2.57\nsubnet=255.255.255.128\nrouter=192.0.2.1 192.0.2.2\ndns=\n").unwrap();
        assert_eq!((it.address, it.mask), (Ipv4Addr::new(192, 0, 2, 57), Ipv4Addr::new(255, 255, 255, 128)));
        assert_eq!((it.gateway, it.dns), (Some(Ipv4Addr::new(192, 0, 2, 1)), None));
        assert_eq!(lease("ip=none\n"), None);
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read(text in "\\PC*|(<3>|[a-z_]+=|[0-9a-f]{2}:|[\\[\\]+\\-\t\n\\\\x]|[A-Z0-9-]+)*") {
            event(text.as_bytes());
            scan_results(&text);
            status(&text);
            signal(&text);
            enabled(&text);
            lease(&text);
        }

        #[test]
        fn whatever_bytes_come_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            event(&bytes);
            scan_results(&String::from_utf8_lossy(&bytes));
        }
    }
}
