//! `GET <adapter>/WPS/Pin`: the printer's WPS PIN.
//!
//! Confirmed for LaserJet Pro printers (P1102w, M1217nfw, CP1025nw) with firmware of before mid-2013 only \[C:
//! CVE-2013-4807, Tenable plugin 69282\]; for all others nobody has published an answer \[NF\]. Reading it may make a
//! new PIN, or open a session \[I\]: ask once for each request of a user, never to find out whether it is there.
//!
//! The namespaces were never published, so the two elements are known by their local names.
//!
//! ```
//! use plugprint::hp::ledm::wps_pin;
//!
//! let pin = wps_pin::parse(br#"<io:WpsSession xmlns:io="urn:io" xmlns:wifi="urn:wifi">
//!     <wifi:WpsPin>12345670</wifi:WpsPin>
//! </io:WpsSession>"#).unwrap();
//! assert_eq!(pin.expose(), "12345670");
//! ```

use zeroize::Zeroizing;

use super::xml::{self, Namespace};
use super::{IO_WRITTEN, PROLOGUE, WIFI_WRITTEN};
use crate::secret::Pin;
use crate::wps::pin;

/// The resource, below an adapter's own.
pub const BELOW_ADAPTER: &str = "/WPS/Pin";

/// Why no PIN came out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It can't be read.
    #[error(transparent)]
    Document(#[from] xml::Error),
    /// There is no PIN in it.
    #[error("it holds no PIN")]
    NoPin,
    /// What is in it is no PIN.
    #[error("what it gives is no WPS PIN: {0}")]
    Pin(#[from] pin::Error),
}

/// Reads the document.
///
/// # Errors
/// See [`Error`].
pub fn parse(document: &[u8]) -> Result<Pin, Error> {
    let root = xml::parse_as(document, Namespace::ANY, "WpsSession")?;
    let text = root.descendants().find(|element| element.is(Namespace::ANY, "WpsPin")).map(xml::Element::text);
    match text {
        Some(text) if !text.is_empty() => Ok(pin::parse(text)?),
        _ => Err(Error::NoPin),
    }
}

/// The longest document that [`compose`] writes, in bytes.
const CAPACITY: usize = 512;

/// Writes the document that gives the printer this PIN. That it is the same as the one that is read is inferred \[I\].
/// It is wiped when it is dropped.
pub(super) fn compose(pin: &Pin) -> Zeroizing<Vec<u8>> {
    // Sized once, so that no half of it stays behind in freed memory.
    let mut document = Zeroizing::new(Vec::with_capacity(CAPACITY));
    let parts = [
        PROLOGUE,
        "<io:WpsSession xmlns:io=\"",
        IO_WRITTEN,
        "\" xmlns:wifi=\"",
        WIFI_WRITTEN,
        "\"><wifi:WpsPin>",
        pin.expose(),
        "</wifi:WpsPin></io:WpsSession>",
    ];
    parts.iter().for_each(|part| document.extend_from_slice(part.as_bytes()));
    debug_assert!(document.len() <= CAPACITY, "a copy was left behind");
    document
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::super::testing::{fixture, never_panics};
    use super::*;

    #[test]
    fn a_laserjet_of_2012() {
        assert_eq!(parse(&fixture("wps-pin.xml")).unwrap().expose(), "00000017");
    }

    #[test]
    fn what_is_written_is_read() {
        let document = compose(&pin::parse("00000017").unwrap());
        assert_eq!(parse(&document).unwrap().expose(), "00000017");
        assert_eq!(document.capacity(), CAPACITY);
    }

    #[test]
    fn no_pin_and_a_wrong_one() {
        let document = String::from_utf8(fixture("wps-pin.xml")).unwrap();
        assert_eq!(parse(document.replace("0000-0017", "").as_bytes()).unwrap_err(), Error::NoPin);
        assert_eq!(parse(document.replace("WpsPin", "Wps").as_bytes()).unwrap_err(), Error::NoPin);
        let wrong = parse(document.replace("0000-0017", "00000018").as_bytes()).unwrap_err();
        assert_eq!(wrong, Error::Pin(pin::Error::Checksum));
        assert!(!wrong.to_string().contains("0001"), "{wrong}");
        let login = b"<html><body>12345670</body></html>";
        assert!(matches!(parse(login).unwrap_err(), Error::Document(xml::Error::Root { .. })));
    }

    #[test]
    fn neither_the_tree_nor_an_error_shows_the_digits() {
        let document = fixture("wps-pin.xml");
        assert!(!format!("{:?}", xml::parse(&document).unwrap()).contains("0017"));
        let cut = &document[..document.len() - 20];
        assert!(!format!("{:?}", parse(cut).unwrap_err()).contains("0017"));
    }

    #[test]
    fn damaged_documents_end_in_a_value() {
        never_panics("wps-pin.xml", |bytes| parse(bytes).map(drop));
    }
}
