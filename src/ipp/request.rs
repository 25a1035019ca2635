//! What the agent itself asks over IPP: nothing but Get-Printer-Attributes.

/// `Content-Type` of a request (RFC 8010, 4.1).
pub const CONTENT_TYPE: &str = "application/ipp";

const OPERATION_ATTRIBUTES: u8 = 0x01;
const END_OF_ATTRIBUTES: u8 = 0x03;
const KEYWORD: u8 = 0x44;
const URI: u8 = 0x45;
const CHARSET: u8 = 0x47;
const NATURAL_LANGUAGE: u8 = 0x48;

/// Get-Printer-Attributes (RFC 8011, 4.2.5) in version 2.0, for these attributes.
#[must_use]
pub fn get_printer_attributes(uri: &str, attributes: &[&str]) -> Vec<u8> {
    let mut message = vec![2, 0, 0x00, 0x0b, 0, 0, 0, 1, OPERATION_ATTRIBUTES];
    add(&mut message, CHARSET, "attributes-charset", "utf-8");
    add(&mut message, NATURAL_LANGUAGE, "attributes-natural-language", "en-US");
    add(&mut message, URI, "printer-uri", uri);
    for (at, attribute) in attributes.iter().enumerate() {
        // Further values of an attribute have no name (RFC 8010, 3.1.5).
        add(&mut message, KEYWORD, if at == 0 { "requested-attributes" } else { "" }, attribute);
    }
    message.push(END_OF_ATTRIBUTES);
    message
}

fn add(message: &mut Vec<u8>, tag: u8, name: &str, value: &str) {
    message.push(tag);
    for text in [name, value] {
        // All of them are ours, and far shorter than that.
        let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
        message.extend_from_slice(&length.to_be_bytes());
        message.extend_from_slice(text.as_bytes().get(..usize::from(length)).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

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
}
