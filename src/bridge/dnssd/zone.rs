//! The resource records of a service (RFC 6763), one by one, as Avahi's `AddRecord` takes them.
//!
//! `AddService` would make the same ones, and have Avahi ask the network for a second whether somebody else has the name
//! (RFC 6762, 8.1). On the loopback interface that is Avahi itself, which refuses a name of this computer's at once.

use super::records::Service;

/// `AVAHI_PUBLISH_UNIQUE`: nobody else may have a record of this name and type.
const UNIQUE: u32 = 1;
/// `AVAHI_PUBLISH_NO_PROBE`: nobody else is asked whether they have one.
const NO_PROBE: u32 = 2;
/// How long a record with this computer's name, and any other one, may be kept, in seconds (RFC 6762, 10).
const TTL: (u32, u32) = (120, 75 * 60);

/// The types (RFC 1035, 3.2.2; RFC 2782).
const PTR: u16 = 12;
const TXT: u16 = 16;
const SRV: u16 = 33;

/// One resource record of class IN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// Its name, as Avahi writes one.
    pub(super) name: String,
    /// Its type.
    pub(super) kind: u16,
    /// Avahi's flags for it.
    pub(super) flags: u32,
    /// In seconds.
    pub(super) ttl: u32,
    /// What it says.
    pub(super) data: Vec<u8>,
}

/// How Avahi calls this computer, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Home {
    host: Name,
    domain: Name,
}

impl Home {
    /// `None` for what is no domain name.
    pub(super) fn new(host: &str, domain: &str) -> Option<Self> {
        Some(Self { host: Name::parse(host)?, domain: Name::parse(domain)? })
    }

    /// The service, under this name. The first record is the one that says that the name is another's.
    pub(super) fn records(&self, instance: &str, service: &Service) -> Vec<Record> {
        let kind = self.domain.below(service.kind);
        let instance = kind.with(instance);
        let location = [&[0, 0, 0, 0], &service.port.to_be_bytes()[..], &self.host.wire()].concat();
        let pointer =
            |from: &Name, to: &Name| Record { name: from.text(), kind: PTR, flags: 0, ttl: TTL.1, data: to.wire() };
        let mut records = vec![
            Record { name: instance.text(), kind: SRV, flags: UNIQUE | NO_PROBE, ttl: TTL.0, data: location },
            Record {
                name: instance.text(),
                kind: TXT,
                flags: UNIQUE | NO_PROBE,
                ttl: TTL.1,
                data: strings(&service.txt),
            },
            pointer(&kind, &instance),
            pointer(&self.domain.below("_services._dns-sd._udp"), &kind),
        ];
        records.extend(service.subtypes.iter().map(|subtype| pointer(&self.domain.below(subtype), &instance)));
        records
    }
}

/// A domain name: its labels, of 1 to 63 bytes each.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Name(Vec<Vec<u8>>);

impl Name {
    fn parse(text: &str) -> Option<Self> {
        let labels: Vec<_> =
            text.strip_suffix('.').unwrap_or(text).split('.').map(|label| label.as_bytes().to_vec()).collect();
        let fits = text.len() <= 128 && labels.iter().all(|label| (1..=63).contains(&label.len()));
        fits.then_some(Self(labels))
    }

    /// With one more label before it.
    fn with(&self, label: &str) -> Self {
        Self([vec![label.as_bytes().to_vec()], self.0.clone()].concat())
    }

    /// With the labels of a type before it.
    fn below(&self, kind: &str) -> Self {
        kind.rsplit('.').fold(self.clone(), |name, label| name.with(label))
    }

    /// As Avahi writes it: whatever is neither letter, digit, hyphen nor underscore is escaped.
    fn text(&self) -> String {
        let byte = |byte: &u8| match byte {
            byte if byte.is_ascii_alphanumeric() || b"-_".contains(byte) => char::from(*byte).to_string(),
            b'.' | b'\\' => format!("\\{}", char::from(*byte)),
            byte => format!("\\{byte:03}"),
        };
        self.0.iter().map(|label| label.iter().map(byte).collect()).collect::<Vec<String>>().join(".")
    }

    /// As it is sent (RFC 1035, 3.1).
    fn wire(&self) -> Vec<u8> {
        let mut wire = Vec::new();
        for label in &self.0 {
            string(&mut wire, label);
        }
        wire.push(0);
        wire
    }
}

/// The data of a TXT record; one without strings has an empty one (RFC 6763, 6.1).
fn strings(txt: &[Vec<u8>]) -> Vec<u8> {
    let mut data = Vec::new();
    for one in txt {
        string(&mut data, one);
    }
    if data.is_empty() {
        data.push(0);
    }
    data
}

/// Its length in one byte, and as much of it as that can count.
fn string(data: &mut Vec<u8>, bytes: &[u8]) {
    let length = u8::try_from(bytes.len()).unwrap_or(u8::MAX);
    data.push(length);
    data.extend(bytes.iter().take(length.into()));
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;

    fn scanner() -> Service {
        Service {
            kind: "_uscan._tcp",
            subtypes: &[],
            instance: None,
            port: 60000,
            txt: vec![b"is=platen".to_vec(), b"txtvers=1".to_vec()],
        }
    }

    #[test]
    fn a_service_is_an_address_its_facts_and_two_pointers() {
        let records = Home::new("study.local", "local").unwrap().records("ENVY 5000 (USB)", &scanner());
        let seen: Vec<_> =
            records.iter().map(|record| (record.name.as_str(), record.kind, record.flags, record.ttl)).collect();
        let name = r"ENVY\0325000\032\040USB\041._uscan._tcp.local";
        assert_eq!(
            seen,
            [
                (name, SRV, UNIQUE | NO_PROBE, 120),
                (name, TXT, UNIQUE | NO_PROBE, 4500),
                ("_uscan._tcp.local", PTR, 0, 4500),
                ("_services._dns-sd._udp.local", PTR, 0, 4500),
            ]
        );
        assert_eq!(records[0].data, b"\0\0\0\0\xea\x60\x05study\x05local\0");
        assert_eq!(records[1].data, b"\x09is=platen\x09txtvers=1");
        assert_eq!(records[2].data, b"\x0fENVY 5000 (USB)\x06_uscan\x04_tcp\x05local\0");
        assert_eq!(records[3].data, b"\x06_uscan\x04_tcp\x05local\0");
    }

    #[test]
    fn a_subtype_points_to_the_service() {
        let service = Service { subtypes: &["_universal._sub._ipp._tcp"], kind: "_ipp._tcp", txt: vec![], ..scanner() };
        let records = Home::new("study.local", "local").unwrap().records("A.\\é", &service);
        assert_eq!(records[0].name, r"A\.\\\195\169._ipp._tcp.local");
        assert_eq!(records[1].data, [0]);
        assert_eq!(records[4].name, "_universal._sub._ipp._tcp.local");
        assert_eq!(records[4].data, records[2].data);
    }

    #[test]
    fn what_is_no_name_makes_no_records() {
        let long = "x".repeat(64);
        for host in ["", "study..local", &long, &"a.".repeat(100)] {
            assert_eq!(Home::new(host, "local"), None, "{host}");
        }
    }
}
