//! Under which names this computer is asked, so that a page of somebody else's can't make a browser speak to the
//! printer under a name of its own (DNS rebinding).

use std::collections::BTreeSet;
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, PoisonError, RwLock};

/// The longest host name (RFC 1035, 2.3.4), with room for a port.
const LIMIT: usize = 262;

/// The names of this computer, beside `localhost` and the loopback addresses. Clones are the same set.
#[derive(Clone, Debug, Default)]
pub struct Names(Arc<RwLock<BTreeSet<String>>>);

impl Names {
    /// The name that the kernel has for this computer, and how it is called in its domain and on mDNS: Avahi
    /// resolves a service of the loopback interface to `NAME.local`.
    #[must_use]
    pub fn of_this_computer() -> Self {
        let names = Self::default();
        let uname = rustix::system::uname();
        if let Ok(name) = uname.nodename().to_str() {
            names.add(name);
        }
        names
    }

    /// Adds a name of this computer, alone and in `.local`.
    pub fn add(&self, name: &str) {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        let (short, _) = name.split_once('.').unwrap_or((&name, ""));
        if short.is_empty() || short.parse::<u64>().is_ok() {
            return;
        }
        let mut names = self.0.write().unwrap_or_else(PoisonError::into_inner);
        names.insert(short.to_owned());
        names.insert(format!("{short}.local"));
        names.insert(name);
    }

    fn contains(&self, name: &str) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).contains(name)
    }
}

/// A host, and the port where one was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Authority {
    host: Host,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Host {
    Name(String),
    V4(Ipv4Addr),
    V6(Ipv6Addr),
}

impl Authority {
    /// Reads what stands in `Host`. `None`: it is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.len() > LIMIT {
            return None;
        }
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (address, rest) = rest.split_once(']')?;
                (Host::V6(address.parse().ok()?), rest.strip_prefix(':').or((rest.is_empty()).then_some(""))?)
            }
            None => {
                let (host, port) = text.split_once(':').unwrap_or((text, ""));
                let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
                let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
                if name.is_empty() || !name.bytes().all(fits) {
                    return None;
                }
                (name.parse().map_or(Host::Name(name), Host::V4), port)
            }
        };
        let port = match port {
            "" => None,
            port if port.bytes().all(|byte| byte.is_ascii_digit()) => Some(port.parse().ok()?),
            _ => return None,
        };
        Some(Self { host, port })
    }

    /// Reads an `http` URL or an origin; gives what stands behind the authority, too. `None`: another scheme, or none.
    pub(super) fn of_url(url: &str) -> Option<(Self, &str)> {
        let (scheme, rest) = url.split_once("://")?;
        if !scheme.eq_ignore_ascii_case("http") {
            return None;
        }
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(end)?;
        Some((Self::parse(authority)?, path))
    }

    /// Whether it is this computer. The port does not matter: the request has reached us, and somebody may have
    /// carried it through another one.
    pub(super) fn is_here(&self, names: &Names) -> bool {
        match &self.host {
            Host::Name(name) => name == "localhost" || names.contains(name),
            Host::V4(address) => address.is_loopback(),
            Host::V6(address) => address.is_loopback(),
        }
    }

    /// Whether it is the computer's own loopback, as a printer at the other end of a cable calls itself.
    pub(super) fn is_loopback(&self) -> bool {
        self.is_here(&Names::default())
    }

    /// The same host and port (RFC 6454, 5); 80 where none is written.
    pub(super) fn is_same_origin(&self, other: &Self) -> bool {
        self.host == other.host && self.port.unwrap_or(80) == other.port.unwrap_or(80)
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Name(name) => f.write_str(name)?,
            Host::V4(address) => address.fmt(f)?,
            Host::V6(address) => write!(f, "[{address}]")?,
        }
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    fn here(host: &str) -> bool {
        let names = Names::default();
        names.add("Desk.example.org");
        Authority::parse(host).is_some_and(|authority| authority.is_here(&names))
    }

    #[test]
    fn this_computer_has_many_names() {
        for host in [
            "localhost",
            "LOCALHOST:60000",
            "localhost.:60000",
            "localhost:",
            "127.0.0.1:60000",
            "127.3.2.1",
            "[::1]:60000",
            "[0:0:0:0:0:0:0:1]",
            "desk",
            "desk.local:60000",
            "DESK.example.org.",
        ] {
            assert!(here(host), "{host}");
        }
    }

    #[test]
    fn others_are_not_it() {
        for host in [
            "",
            ":60000",
            "attacker.example",
            "localhost.attacker.example",
            "127.0.0.1.attacker.example",
            "desk.attacker.example",
            "0.0.0.0",
            "0",
            "2130706433",
            "0x7f.1",
            "127.1",
            "[::]",
            "[::ffff:127.0.0.1]",
            "[::1",
            "[::1]60000",
            "::1",
            "user@localhost",
            "localhost@attacker.example",
            "localhost:60000:1",
            "localhost:x",
            "localhost:+80",
            "localhost/",
            "local host",
            "192.168.1.2",
        ] {
            assert!(!here(host), "{host}");
        }
    }

    #[test]
    fn an_origin_is_host_and_port() {
        let (origin, rest) = Authority::of_url("http://localhost:60000/x?y").unwrap();
        assert_eq!(rest, "/x?y");
        assert!(origin.is_same_origin(&Authority::parse("localhost:60000").unwrap()));
        assert!(!origin.is_same_origin(&Authority::parse("localhost:60001").unwrap()));
        assert!(!origin.is_same_origin(&Authority::parse("127.0.0.1:60000").unwrap()));
        let (origin, _) = Authority::of_url("http://localhost").unwrap();
        assert!(origin.is_same_origin(&Authority::parse("localhost:80").unwrap()));
        for none in ["null", "https://localhost:60000", "file:///x", "http://", "http://a@localhost", "localhost"] {
            assert_eq!(Authority::of_url(none), None, "{none}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics_and_what_is_read_is_written_the_same(text in "[a-zA-Z0-9:.\\[\\]@/-]{0,30}") {
            if let Some(authority) = Authority::parse(&text) {
                prop_assert_eq!(Authority::parse(&authority.to_string()), Some(authority));
            }
            let _ = Authority::of_url(&text);
        }
    }
}
