//! Who a printer is, whichever socket it is plugged into.

use std::fmt::{self, Write as _};

use crate::usb::Topology;

/// The longest escaped serial number that is used whole; a longer one is cut and gets a digest.
const MAX_SERIAL: usize = 64;
/// What stays of a longer one in front of its digest.
const KEPT_OF_LONG_SERIAL: usize = 40;

/// The name of a printer on D-Bus paths and the command line: `[a-z0-9_]+`, the same after every replug.
///
/// ```
/// use plugprint::printer::identity::PrinterId;
/// use plugprint::usb::Topology;
///
/// let named = PrinterId::new(0x03f0, 0x002a, "CN12-x", &Topology { bus: 1, ports: vec![2, 3] });
/// assert_eq!(named.as_str(), "03f0_002a_cn12_2d_78");
/// let nameless = PrinterId::new(0x03f0, 0x002a, "", &Topology { bus: 1, ports: vec![2, 3] });
/// assert_eq!(nameless.as_str(), "03f0_002a_at_1_2_3");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PrinterId(String);

impl PrinterId {
    /// The id of a device: by its serial number where it has a usable one, else by the socket that it is in.
    #[must_use]
    pub fn new(vendor_id: u16, product_id: u16, serial: &str, topology: &Topology) -> Self {
        let mut id = format!("{vendor_id:04x}_{product_id:04x}_");
        match usable(serial) {
            Some(serial) => id.push_str(&escape(serial)),
            None => push_topology(&mut id, topology),
        }
        Self(id)
    }

    /// The id of a second device that claims the same serial number: its socket is added.
    #[must_use]
    pub fn at(&self, topology: &Topology) -> Self {
        let mut id = format!("{}_", self.0);
        push_topology(&mut id, topology);
        Self(id)
    }

    /// The id of this text, where it has the form of one.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let fits = (1..=256).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        fits.then(|| Self(text.to_owned()))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PrinterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A serial number that can tell one device from another: printable, and not only zeros or blanks, which
/// some devices ship with.
fn usable(serial: &str) -> Option<&str> {
    let serial = serial.trim();
    let telling = serial.chars().any(|c| c != '0' && !c.is_whitespace());
    (telling && !serial.chars().any(char::is_control)).then_some(serial)
}

fn push_topology(id: &mut String, topology: &Topology) {
    let _ = write!(id, "at_{}", topology.bus);
    for port in &topology.ports {
        let _ = write!(id, "_{port}");
    }
}

/// Capital letters and digits, which serial numbers are made of (USB Mass Storage Bulk-Only Transport 4.1.1
/// even demands it), become small ones; every other byte, small letters too, becomes `_` and two hexadecimal
/// digits, so that two serial numbers never become one id. An `A` in front of `T` is written out as well:
/// `at_` begins a topology.
fn escape(serial: &str) -> String {
    let mut out = String::new();
    for (i, byte) in serial.bytes().enumerate() {
        if (byte.is_ascii_uppercase() || byte.is_ascii_digit()) && !(i == 0 && serial.starts_with("AT")) {
            out.push(char::from(byte.to_ascii_lowercase()));
        } else {
            let _ = write!(out, "_{byte:02x}");
        }
    }
    if out.len() > MAX_SERIAL {
        out.truncate(KEPT_OF_LONG_SERIAL);
        // "_z" is no escape, so this can't look like a serial number that was short enough.
        let _ = write!(out, "_z{:016x}", fnv1a(serial.as_bytes()));
    }
    out
}

/// The digest must be the same in every version of this program, which the standard library's hash isn't.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn socket() -> Topology {
        Topology { bus: 1, ports: vec![4, 1] }
    }

    fn id(serial: &str) -> PrinterId {
        PrinterId::new(0x03f0, 0xbb11, serial, &socket())
    }

    #[test]
    fn a_serial_number_names_the_printer_in_every_socket() {
        let here = id("CN78K1234506X9");
        let there = PrinterId::new(0x03f0, 0xbb11, "CN78K1234506X9", &Topology { bus: 9, ports: vec![7] });
        assert_eq!(here.as_str(), "03f0_bb11_cn78k1234506x9");
        assert_eq!(here, there);
    }

    #[test]
    fn a_serial_number_that_tells_nothing_apart_is_none() {
        for serial in ["", "   ", "0", "000000000000", "\u{1}\u{2}"] {
            assert_eq!(id(serial).as_str(), "03f0_bb11_at_1_4_1", "{serial:?}");
        }
    }

    #[test]
    fn a_serial_number_cannot_pass_for_a_socket() {
        assert_ne!(id("AT_1_4_1"), id(""));
        assert_ne!(id("AT"), id("").at(&socket()));
        assert!(!id("AT14").as_str().contains("_at"));
    }

    #[test]
    fn a_twin_is_told_apart_by_its_socket() {
        let twin = id("VNB3").at(&Topology { bus: 2, ports: vec![1] });
        assert_eq!(twin.as_str(), "03f0_bb11_vnb3_at_2_1");
    }

    proptest! {
        #[test]
        fn every_id_fits_a_bus_path(serial in any::<String>(), ports in proptest::collection::vec(any::<u8>(), 0..9)) {
            let topology = Topology { bus: 3, ports };
            let id = PrinterId::new(1, 2, &serial, &topology);
            for id in [id.at(&topology), id] {
                prop_assert!(id.as_str().len() <= 160);
                prop_assert_eq!(PrinterId::from_text(id.as_str()), Some(id));
            }
        }

        #[test]
        fn two_serial_numbers_never_become_one_id(a in "\\PC{1,80}", b in "\\PC{1,80}") {
            prop_assume!(usable(&a).is_some() && usable(&b).is_some() && a.trim() != b.trim());
            prop_assert_ne!(id(&a), id(&b));
        }

        #[test]
        fn letters_that_differ_only_in_case_stay_apart(a in "[A-Za-z]{1,20}") {
            let swapped: String = a.chars()
                .map(|c| if c.is_uppercase() { c.to_ascii_lowercase() } else { c.to_ascii_uppercase() })
                .collect();
            prop_assert_ne!(id(&a), id(&swapped));
        }
    }
}
