//! The registrar that is a person at the router's own page. There is nothing to drive; what we can do is say where
//! that page is: at the gateway of this computer's default route, as the kernel tells it.
//!
//! ```
//! use plugprint::wps::registrar::manual;
//!
//! let table = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n\
//!              wlan0\t00000000\t0101A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n";
//! # if cfg!(target_endian = "little") {
//! let router = manual::default_route(table).unwrap();
//! assert_eq!(router.to_string(), "192.168.1.1");
//! assert_eq!(router.url().unwrap(), "http://192.168.1.1/");
//! # }
//! ```

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::mpsc;

use super::{BoxFuture, Error, Event, Mac, Offer, Registrar, Started};
use crate::secret::Pin;

/// What is read of a routing table, in bytes: the default routes of any table that people have are within.
const MAX_TABLE: u64 = 1 << 20;
/// Flags of a route (Linux, `include/uapi/linux/route.h`): it is up, it has a gateway, it refuses.
const UP: u32 = 0x0001;
const GATEWAY: u32 = 0x0002;
const REJECT: u32 = 0x0200;

/// The router of this computer's own network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Router {
    /// Its address.
    pub address: IpAddr,
    /// The interface that leads to it.
    pub interface: String,
}

impl Router {
    /// Where its own page should be. `None` for a link-local address: browsers don't take an interface.
    #[must_use]
    pub fn url(&self) -> Option<String> {
        match self.address {
            IpAddr::V4(address) => Some(format!("http://{address}/")),
            IpAddr::V6(address) if is_link_local(address) => None,
            IpAddr::V6(address) => Some(format!("http://[{address}]/")),
        }
    }
}

impl fmt::Display for Router {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.address {
            IpAddr::V6(address) if is_link_local(address) => write!(f, "{address}%{}", self.interface),
            address => write!(f, "{address}"),
        }
    }
}

fn is_link_local(address: Ipv6Addr) -> bool {
    address.segments().first().is_some_and(|first| first & 0xffc0 == 0xfe80)
}

/// The gateway of the best default route in `/proc/net/route`, the lowest metric winning as in the kernel.
#[must_use]
pub fn default_route(table: &str) -> Option<Router> {
    best(table.lines().skip(1).filter_map(|line| {
        let mut words = line.split_ascii_whitespace();
        let interface = words.next()?;
        // Addresses are printed as the number that their bytes make in this computer's order.
        let destination = hex(words.next()?, 8)?;
        let gateway = Ipv4Addr::from(u32::try_from(hex(words.next()?, 8)?).ok()?.to_ne_bytes());
        let flags = hex(words.next()?, 4)?;
        let metric: u32 = words.nth(2)?.parse().ok()?;
        let mask = hex(words.next()?, 8)?;
        let leads = leads_out(u32::try_from(flags).ok()?) && destination == 0 && mask == 0 && !gateway.is_unspecified();
        leads.then(|| (metric, Router { address: gateway.into(), interface: interface.to_owned() }))
    }))
}

/// The gateway of the best default route in `/proc/net/ipv6_route`.
#[must_use]
pub fn default_route6(table: &str) -> Option<Router> {
    best(table.lines().filter_map(|line| {
        let mut words = line.split_ascii_whitespace();
        let (destination, length) = (hex(words.next()?, 32)?, hex(words.next()?, 2)?);
        let gateway = Ipv6Addr::from(hex(words.nth(2)?, 32)?);
        let metric = u32::try_from(hex(words.next()?, 8)?).ok()?;
        let flags = u32::try_from(hex(words.nth(2)?, 8)?).ok()?;
        let interface = words.next()?;
        let leads = leads_out(flags) && destination == 0 && length == 0 && !gateway.is_unspecified();
        leads.then(|| (metric, Router { address: gateway.into(), interface: interface.to_owned() }))
    }))
}

fn leads_out(flags: u32) -> bool {
    flags & (UP | GATEWAY | REJECT) == UP | GATEWAY
}

/// The first of those with the lowest metric.
fn best(routes: impl Iterator<Item = (u32, Router)>) -> Option<Router> {
    routes.min_by_key(|(metric, _)| *metric).map(|(_, router)| router)
}

fn hex(text: &str, digits: usize) -> Option<u128> {
    (text.len() == digits && text.bytes().all(|b| b.is_ascii_hexdigit()))
        .then(|| u128::from_str_radix(text, 16).ok())
        .flatten()
}

/// A person at the router.
#[derive(Clone, Debug)]
pub struct Manual {
    /// Where the kernel's tables are: `route` and `ipv6_route`.
    tables: PathBuf,
}

impl Default for Manual {
    fn default() -> Self {
        // Not /proc/net: a service may see the processes' folders in /proc and nothing else.
        Self::with_tables(Path::new("/proc/self/net"))
    }
}

impl Manual {
    /// Looks into another folder for the routing tables.
    #[must_use]
    pub fn with_tables(folder: &Path) -> Self {
        Self { tables: folder.to_owned() }
    }

    /// The router of this computer's network; by IPv4 where there is such a route, because its page has an address
    /// then that can be typed. `None` where there is no default route with a gateway.
    #[must_use]
    pub fn router(&self) -> Option<Router> {
        default_route(&read(&self.tables.join("route")))
            .or_else(|| default_route6(&read(&self.tables.join("ipv6_route"))))
    }
}

/// A table, or nothing where it can't be read: then there is no such route to be told.
fn read(path: &Path) -> String {
    let mut bytes = Vec::new();
    if let Ok(file) = File::open(path) {
        let _incomplete = file.take(MAX_TABLE).read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

impl Registrar for Manual {
    fn probe(&self) -> BoxFuture<'_, Result<Offer, Error>> {
        Box::pin(async { Ok(Offer::ByHand { router: self.router() }) })
    }

    fn start_pin<'a>(&'a self, _: &'a Pin, _: Duration, _: Option<Mac>) -> BoxFuture<'a, Result<Started, Error>> {
        Box::pin(async { Ok(Started::ByHand) })
    }

    fn start_button(&self) -> BoxFuture<'_, Result<Started, Error>> {
        Box::pin(async { Ok(Started::ByHand) })
    }

    fn cancel(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async { Ok(()) })
    }

    fn events(&self) -> BoxFuture<'_, Result<mpsc::Receiver<Event>, Error>> {
        Box::pin(async { Ok(mpsc::channel(1).1) })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use proptest::prelude::*;

    use super::*;

    const HEAD: &str = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n";

    /// A row as the kernel prints it on this computer.
    fn row(interface: &str, destination: [u8; 4], gateway: [u8; 4], flags: u16, metric: u32, mask: [u8; 4]) -> String {
        let [destination, gateway, mask] = [destination, gateway, mask].map(u32::from_ne_bytes);
        format!("{interface}\t{destination:08X}\t{gateway:08X}\t{flags:04X}\t0\t0\t{metric}\t{mask:08X}\t0\t0\t0\n")
    }

    const ANY: [u8; 4] = [0; 4];

    #[test]
    fn the_lowest_metric_wins() {
        let table = HEAD.to_owned()
            + &row("wlan0", ANY, [192, 168, 178, 1], 3, 600, ANY)
            + &row("eth0", ANY, [10, 0, 0, 138], 3, 100, ANY)
            + &row("eth0", [10, 0, 0, 0], ANY, 1, 100, [255, 255, 255, 0]);
        let router = default_route(&table).unwrap();
        assert_eq!((router.interface.as_str(), router.url().unwrap().as_str()), ("eth0", "http://10.0.0.138/"));
    }

    #[test]
    fn routes_that_lead_to_no_router() {
        for (what, row) in [
            ("a default route without a gateway, as of a mobile modem", row("wwan0", ANY, ANY, 1, 0, ANY)),
            ("a half of the world, as of a VPN", row("tun0", ANY, [10, 8, 0, 1], 3, 0, [128, 0, 0, 0])),
            ("a route that refuses", row("*", ANY, [10, 8, 0, 1], 0x203, 0, ANY)),
            ("a route that is down", row("eth0", ANY, [10, 8, 0, 1], 2, 0, ANY)),
            ("half a line", "eth0\t00000000\t0101A8C0\t0003\t0\t0\n".to_owned()),
        ] {
            assert_eq!(default_route(&(HEAD.to_owned() + &row)), None, "{what}");
        }
        assert_eq!(default_route(""), None);
    }

    #[test]
    fn over_ipv6_the_router_has_a_link_local_address() {
        let zero = "0".repeat(32);
        let table = format!(
            "{zero} 00 {zero} 00 fe80000000000000021122fffe334455 00000400 00000001 00000000 00450003 wlan0\n\
             fe800000000000000000000000000000 40 {zero} 00 {zero} 00000100 00000001 00000000 00000001 wlan0\n\
             {zero} 00 {zero} 00 {zero} ffffffff 00000001 00000000 00200200       lo\n"
        );
        let router = default_route6(&table).unwrap();
        assert_eq!((router.to_string().as_str(), router.url()), ("fe80::211:22ff:fe33:4455%wlan0", None));
        let global = table.replace("fe80000000000000021122fffe334455", "20010db8000000000000000000000001");
        assert_eq!(default_route6(&global).unwrap().url().unwrap(), "http://[2001:db8::1]/");
    }

    #[tokio::test]
    async fn nothing_is_driven() {
        let folder = tempfile::tempdir().unwrap();
        let manual = Manual::with_tables(folder.path());
        assert_eq!(manual.probe().await, Ok(Offer::ByHand { router: None }));
        std::fs::write(folder.path().join("route"), HEAD.to_owned() + &row("eth0", ANY, [10, 0, 0, 1], 3, 0, ANY))
            .unwrap();
        let Ok(Offer::ByHand { router: Some(router) }) = manual.probe().await else { panic!() };
        assert_eq!(router.to_string(), "10.0.0.1");
        let pin = crate::wps::pin::parse("12345670").unwrap();
        assert_eq!(manual.start_pin(&pin, Duration::from_secs(120), None).await, Ok(Started::ByHand));
        assert!(manual.events().await.unwrap().recv().await.is_none());
    }

    proptest! {
        #[test]
        fn any_gateway_is_found(gateway in any::<[u8; 4]>(), metric in any::<u32>()) {
            let router = default_route(&(HEAD.to_owned() + &row("eth0", ANY, gateway, 3, metric, ANY)));
            prop_assert_eq!(router.map(|router| router.address), (gateway != ANY).then(|| IpAddr::from(gateway)));
        }

        #[test]
        fn any_text_ends_in_a_value(text in "\\PC{0,400}", rows in "([0-9A-F]{1,33}[ \t\n]){0,60}") {
            drop((default_route(&text), default_route6(&text), default_route(&rows), default_route6(&rows)));
        }
    }
}
