//! What the agent itself asks over IPP: Get-Printer-Attributes, Set-Printer-Attributes for a network and nothing else,
//! and Identify-Printer.

use zeroize::Zeroizing;

use super::identify::{Action, IDENTIFY_PRINTER};
use crate::secret::Passphrase;

/// `Content-Type` of a request (RFC 8010, 4.1).
pub const CONTENT_TYPE: &str = "application/ipp";

const OPERATION_ATTRIBUTES: u8 = 0x01;
const END_OF_ATTRIBUTES: u8 = 0x03;
const PRINTER_ATTRIBUTES: u8 = 0x04;
const OCTET_STRING: u8 = 0x30;
const NAME: u8 = 0x42;
const KEYWORD: u8 = 0x44;
const URI: u8 = 0x45;
const CHARSET: u8 = 0x47;
const NATURAL_LANGUAGE: u8 = 0x48;

/// Get-Printer-Attributes (RFC 8011, 4.2.5) in version 2.0, for these attributes.
#[must_use]
pub fn get_printer_attributes(uri: &str, attributes: &[&str]) -> Vec<u8> {
    let mut message = Vec::new();
    begin(&mut message, 0x000b, uri);
    for (at, attribute) in attributes.iter().enumerate() {
        // Further values of an attribute have no name (RFC 8010, 3.1.5).
        add(&mut message, KEYWORD, if at == 0 { "requested-attributes" } else { "" }, attribute);
    }
    message.push(END_OF_ATTRIBUTES);
    message
}

/// Set-Printer-Attributes (RFC 3380, 4.1) of printer-wifi-ssid and printer-wifi-password, which are a name and an
/// octetString \[C: CUPS's documentation, PAPPL's ipptool test\]. An open network has an empty password, so that the one
/// of before does not stay \[I; PAPPL takes it so, C\]. The message is wiped when it is dropped.
#[must_use]
pub fn set_network(uri: &str, ssid: &str, passphrase: Option<&Passphrase>) -> Zeroizing<Vec<u8>> {
    let mut message = Zeroizing::new(Vec::with_capacity(CAPACITY + uri.len()));
    begin(&mut message, 0x0013, uri);
    message.push(PRINTER_ATTRIBUTES);
    add(&mut message, NAME, "printer-wifi-ssid", ssid);
    add(&mut message, OCTET_STRING, "printer-wifi-password", passphrase.map_or(&[][..], Passphrase::expose));
    message.push(END_OF_ATTRIBUTES);
    debug_assert!(message.len() <= CAPACITY + uri.len(), "a copy was left behind");
    message
}

/// More than [`set_network`] needs beside its URI: a vector that grows would leave a copy of the password behind.
const CAPACITY: usize = 512;

/// Identify-Printer (PWG 5100.13, 4.1), in this way.
#[must_use]
pub fn identify_printer(uri: &str, action: Action) -> Vec<u8> {
    let mut message = Vec::new();
    begin(&mut message, IDENTIFY_PRINTER, uri);
    add(&mut message, KEYWORD, "identify-actions", action.name());
    message.push(END_OF_ATTRIBUTES);
    message
}

/// Version 2.0, the operation, request 1, and the operation attributes that every request begins with.
fn begin(message: &mut Vec<u8>, operation: u16, uri: &str) {
    message.extend_from_slice(&[2, 0]);
    message.extend_from_slice(&operation.to_be_bytes());
    message.extend_from_slice(&[0, 0, 0, 1, OPERATION_ATTRIBUTES]);
    add(message, CHARSET, "attributes-charset", "utf-8");
    add(message, NATURAL_LANGUAGE, "attributes-natural-language", "en-US");
    add(message, URI, "printer-uri", uri);
}

fn add(message: &mut Vec<u8>, tag: u8, name: &str, value: impl AsRef<[u8]>) {
    message.push(tag);
    for bytes in [name.as_bytes(), value.as_ref()] {
        // All of them are ours, and far shorter than that.
        let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
        message.extend_from_slice(&length.to_be_bytes());
        message.extend_from_slice(bytes.get(..usize::from(length)).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

    use super::super::guard::{self, Limits, Value};
    use super::*;

    #[test]
    fn the_request_is_what_it_says() {
        let request = get_printer_attributes("ipp://localhost/ipp/print", &["printer-uuid", "printer-kind"]);
        let message = guard::parse(&request, Limits::default()).unwrap();
        assert_eq!((message.version, message.code, message.length), ((2, 0), 0x000b, request.len()));
        let attributes = &message.groups[0].attributes;
        let names: Vec<_> = attributes.iter().map(|attribute| attribute.name.as_str()).collect();
        assert_eq!(names, ["attributes-charset", "attributes-natural-language", "printer-uri", "requested-attributes"]);
        let text = |text: &str| Value::Text { tag: KEYWORD, language: None, text: text.to_owned() };
        assert_eq!(attributes[3].values, [text("printer-uuid"), text("printer-kind")]);
    }

    #[test]
    fn a_network_is_given_whole() {
        let passphrase = crate::wifi::passphrase::parse(b"correct horse").unwrap();
        for (passphrase, expected) in [(Some(&passphrase), &b"correct horse"[..]), (None, b"")] {
            let request = set_network("ipp://localhost/ipp/print", "Caf\u{e9}", passphrase);
            let message = guard::parse(&request, Limits::default()).unwrap();
            assert_eq!((message.code, message.groups.len(), message.groups[1].tag), (0x0013, 2, 0x04));
            assert_eq!(message.groups[0].attributes[2].name, "printer-uri");
            let [ssid, password] = &message.groups[1].attributes[..] else { panic!("{message:?}") };
            let name = Value::Text { tag: NAME, language: None, text: "Caf\u{e9}".to_owned() };
            assert_eq!((ssid.name.as_str(), &ssid.values[..]), ("printer-wifi-ssid", &[name][..]));
            let octets = Value::Octets { tag: OCTET_STRING, bytes: expected.to_vec() };
            assert_eq!((password.name.as_str(), &password.values[..]), ("printer-wifi-password", &[octets][..]));
        }
    }

    #[test]
    fn the_longest_network_leaves_no_copy_behind() {
        let passphrase = crate::wifi::passphrase::parse(&[b'a'; 64]).unwrap();
        let uri = "ipp://localhost/ipp/print";
        let request = set_network(uri, &"x".repeat(32), Some(&passphrase));
        assert!(request.len() <= CAPACITY + uri.len() && request.capacity() >= CAPACITY);
    }

    #[test]
    fn it_is_told_how_to_show_itself() {
        let request = identify_printer("ipp://localhost/ipp/print", Action::Sound);
        let message = guard::parse(&request, Limits::default()).unwrap();
        assert_eq!((message.code, message.groups.len()), (0x003c, 1));
        let action = &message.groups[0].attributes[3];
        let sound = Value::Text { tag: KEYWORD, language: None, text: "sound".to_owned() };
        assert_eq!((action.name.as_str(), &action.values[..]), ("identify-actions", &[sound][..]));
    }
}
