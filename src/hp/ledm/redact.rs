//! A printer's documents without what is private in them, so that they can be given away and learnt from.
//!
//! The structure stays: elements, attributes, namespaces. A text stays only where it is known to be harmless;
//! everything else is replaced by its shape. The rules, in this order:
//!
//! 1. **Names.** Whatever is in an element or attribute whose local name speaks of a secret, of an address, of a
//!    person or of this one device (`PassPhrase`, `WpsPin`, `SSID`, `SerialNumber`, `UUID` …) becomes `[private]`,
//!    with everything below it; but for a plain switch (`true`, `enabled`, `notSet` …).
//! 2. **Known.** What stood in such a place anywhere in the printer's documents, and what the caller knows to be
//!    private, is private wherever else it stands: in any case, with any separators, and as hexadecimal digits.
//! 3. **Patterns.** Ten or more hexadecimal digits in a row, hardware addresses, UUIDs, IPv4 and IPv6 addresses,
//!    eight digits that pass the checksum of a WPS PIN, and e-mail addresses are private.
//! 4. **Kept** are: words of LEDM's own vocabulary; numbers of up to three digits, longer ones where the element
//!    measures or counts; single words where the element's name says that it holds one of a list (`…Type`,
//!    `…Mode`, `…Status` …); paths and schema URIs where it says that it holds one; dates, versions, model names.
//! 5. **All else** becomes `[text, 23 characters]`, `[4 digits]` or `[8 hexadecimal digits]`.
//!
//! Comments and processing instructions are dropped. Nothing is fetched, written or remembered here.
//!
//! ```
//! use plugprint::hp::ledm::redact::{Document, Redactor};
//!
//! let document = Document::read(br#"<A><Power>on</Power><Note>call Anna</Note><SSID>486F6D65</SSID></A>"#).unwrap();
//! let text = Redactor::default().write(&document);
//! assert_eq!(text, "<A>\n  <Power>on</Power>\n  <Note>[text, 9 characters]</Note>\n  <SSID>[private]</SSID>\n</A>\n");
//! ```

mod patterns;
#[cfg(test)]
mod tests;
pub(in crate::hp) mod words;

use std::fmt::Write as _;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use zeroize::Zeroizing;

use super::xml::{self, Error};

/// The longest redacted document, in bytes; the rest is cut off, and that is said.
pub const MAX_WRITTEN: usize = 256 * 1024;
/// How many attributes one element may have.
const MAX_ATTRIBUTES: usize = 64;
/// How many private values are remembered.
const MAX_KNOWN: usize = 512;
/// Shorter values are not looked for elsewhere, in letters and digits: they would be found everywhere.
const SHORTEST: usize = 4;

pub(in crate::hp) const PRIVATE: &str = "[private]";

/// A document as it came, with attributes and prefixes. It may hold secrets: its texts are wiped, and there is no
/// way to print it but [`Redactor::write`].
pub struct Document(Node);

struct Node {
    name: String,
    attributes: Vec<(String, Zeroizing<String>)>,
    text: Zeroizing<String>,
    children: Vec<Node>,
}

/// What is private, as far as it is known.
#[derive(Default)]
pub struct Redactor {
    /// Lower-case letters and digits only.
    known: Vec<Zeroizing<String>>,
}

impl Document {
    /// Reads a document, with the limits of [`xml::parse`].
    ///
    /// # Errors
    /// As [`xml::parse`]; they repeat nothing of the document.
    pub fn read(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > xml::MAX_BYTES {
            return Err(Error::TooMuch { what: "bytes", limit: xml::MAX_BYTES });
        }
        let text = Zeroizing::new(String::from_utf8_lossy(bytes).into_owned());
        let mut reader = Reader::from_str(text.strip_prefix('\u{feff}').unwrap_or(&text));
        let mut open: Vec<Node> = Vec::new();
        let mut root = None;
        let mut elements = 0;
        loop {
            let offset = reader.buffer_position();
            let syntax = Error::Syntax { offset };
            match reader.read_event().map_err(|_| Error::Syntax { offset: reader.error_position() })? {
                event @ (Event::Start(_) | Event::Empty(_)) => {
                    let (start, empty) = match &event {
                        Event::Start(start) => (start, false),
                        Event::Empty(start) => (start, true),
                        _ => return Err(syntax),
                    };
                    elements += 1;
                    if elements > xml::MAX_ELEMENTS {
                        return Err(Error::TooMuch { what: "elements", limit: xml::MAX_ELEMENTS });
                    }
                    if open.len() >= xml::MAX_DEPTH {
                        return Err(Error::TooMuch { what: "levels", limit: xml::MAX_DEPTH });
                    }
                    if open.is_empty() && root.is_some() {
                        return Err(syntax);
                    }
                    open.push(Node::of(start, offset)?);
                    if empty {
                        close(&mut open, &mut root, syntax)?;
                    }
                }
                Event::End(_) => close(&mut open, &mut root, syntax)?,
                Event::Text(text) => add(&mut open, &text, syntax)?,
                Event::CData(text) => add(&mut open, &text, syntax)?,
                Event::GeneralRef(reference) => {
                    let entity = Error::Entity { offset };
                    let c = match reference.resolve_char_ref().map_err(|_| entity.clone())? {
                        Some(c) => c,
                        None => xml::predefined(&reference).ok_or(entity)?,
                    };
                    add(&mut open, c.encode_utf8(&mut [0; 4]), syntax)?;
                }
                Event::DocType(_) => return Err(Error::Doctype),
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
                Event::Eof if open.is_empty() => return root.map(Self).ok_or(syntax),
                Event::Eof => return Err(syntax),
            }
        }
    }
}

impl Node {
    fn of(start: &BytesStart<'_>, offset: u64) -> Result<Self, Error> {
        let name = start.name().as_ref().to_owned();
        if name.len() > xml::MAX_NAME {
            return Err(Error::TooMuch { what: "bytes in a name", limit: xml::MAX_NAME });
        }
        let mut attributes = Vec::new();
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|_| Error::Syntax { offset })?;
            let name: &str = attribute.key.as_ref();
            if attributes.len() >= MAX_ATTRIBUTES {
                return Err(Error::TooMuch { what: "attributes", limit: MAX_ATTRIBUTES });
            }
            if name.len() > xml::MAX_NAME {
                return Err(Error::TooMuch { what: "bytes in a name", limit: xml::MAX_NAME });
            }
            if attribute.value.len() > xml::MAX_TEXT {
                return Err(Error::TooMuch { what: "bytes in an attribute", limit: xml::MAX_TEXT });
            }
            // What stands for a character may hide one from the rules.
            let value = quick_xml::escape::unescape(&attribute.value).map_err(|_| Error::Entity { offset })?;
            attributes.push((name.to_owned(), Zeroizing::new(value.into_owned())));
        }
        Ok(Self { name, attributes, text: Zeroizing::default(), children: Vec::new() })
    }
}

fn add(open: &mut [Node], text: &str, syntax: Error) -> Result<(), Error> {
    match open.last_mut() {
        Some(node) if node.text.len() + text.len() > xml::MAX_TEXT => {
            Err(Error::TooMuch { what: "bytes of text in one element", limit: xml::MAX_TEXT })
        }
        Some(node) => {
            node.text.push_str(text);
            Ok(())
        }
        None if text.chars().all(char::is_whitespace) => Ok(()),
        None => Err(syntax),
    }
}

fn close(open: &mut Vec<Node>, root: &mut Option<Node>, syntax: Error) -> Result<(), Error> {
    let node = open.pop().ok_or(syntax)?;
    match open.last_mut() {
        Some(parent) => parent.children.push(node),
        None => *root = Some(node),
    }
    Ok(())
}

impl Redactor {
    /// From now on this is private wherever it stands, as it is and as hexadecimal digits.
    pub fn know(&mut self, secret: &str) {
        let secret = secret.trim();
        if words::is_vocabulary(secret) {
            return;
        }
        let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        let bytes: Option<Vec<u8>> = secret
            .is_ascii()
            .then(|| secret.as_bytes().chunks(2))
            .into_iter()
            .flatten()
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2)?, 16).ok())
            .collect();
        let decoded = bytes.and_then(|bytes| String::from_utf8(bytes).ok()).filter(|text| !words::is_vocabulary(text));
        for form in [secret, &hex, decoded.as_deref().unwrap_or_default()] {
            let plain = bare(form);
            if plain.chars().count() >= SHORTEST && self.known.len() < MAX_KNOWN && !self.known.contains(&plain) {
                self.known.push(plain);
            }
        }
    }

    /// Remembers what stands in the private places of this document, for all that are written from now on.
    pub fn learn(&mut self, document: &Document) {
        self.learn_node(&document.0, false);
    }

    fn learn_node(&mut self, node: &Node, private: bool) {
        let private = private || words::is_private(local(&node.name));
        for (name, value) in &node.attributes {
            if (private && !is_declaration(name)) || words::is_private(local(name)) {
                self.know(value);
            }
        }
        if private {
            self.know(&node.text);
        }
        for child in &node.children {
            self.learn_node(child, private);
        }
    }

    /// The document without what is private, indented, one element a line.
    #[must_use]
    pub fn write(&self, document: &Document) -> String {
        let mut out = String::new();
        self.node(&mut out, &document.0, 0, false);
        if out.len() > MAX_WRITTEN {
            let end = (0..=MAX_WRITTEN).rev().find(|at| out.is_char_boundary(*at)).unwrap_or_default();
            out.truncate(end);
            out.push_str("\n[cut off here]\n");
        }
        out
    }

    fn node(&self, out: &mut String, node: &Node, depth: usize, private: bool) {
        if out.len() > MAX_WRITTEN {
            return;
        }
        let private = private || words::is_private(local(&node.name));
        let name = self.name(&node.name);
        let _ = write!(out, "{:indent$}<{name}", "", indent = depth * 2);
        for (key, value) in &node.attributes {
            let shown = if is_declaration(key) {
                self.namespace(value)
            } else {
                self.text(local(key), value, private || words::is_private(local(key)))
            };
            let _ = write!(out, " {}=\"{}\"", self.name(key), quick_xml::escape::escape(&shown));
        }
        let text = self.text(local(&node.name), &node.text, private);
        let text = quick_xml::escape::escape(&text);
        match (text.is_empty(), node.children.is_empty()) {
            (true, true) => out.push_str("/>\n"),
            (false, true) => {
                let _ = writeln!(out, ">{text}</{name}>");
            }
            (_, false) => {
                out.push_str(">\n");
                if !text.is_empty() {
                    let _ = writeln!(out, "{:indent$}{text}", "", indent = depth * 2 + 2);
                }
                for child in &node.children {
                    self.node(out, child, depth + 1, private);
                }
                let _ = writeln!(out, "{:indent$}</{name}>", "", indent = depth * 2);
            }
        }
    }

    /// A name is the structure, unless it is made to look like something else.
    pub(in crate::hp) fn name<'a>(&self, name: &'a str) -> &'a str {
        let plain = name.len() <= 96
            && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b':'))
            && name.bytes().filter(u8::is_ascii_digit).count() <= 6;
        if plain && !self.is_private(name) { name } else { "unusual-name" }
    }

    fn namespace(&self, value: &str) -> String {
        if words::is_schema(value) && !self.is_private(value) { value.to_owned() } else { shape(value) }
    }

    fn text(&self, name: &str, text: &str, private: bool) -> String {
        let text = text.trim();
        let kept = if private {
            words::is_switch(text)
        } else if words::is_date(name, text) {
            true
        } else if self.is_private(text) {
            return PRIVATE.to_owned();
        } else {
            words::is_vocabulary(text) || words::is_harmless(name, text)
        };
        match (text.is_empty() || kept, private) {
            (true, _) => text.to_owned(),
            (false, true) => PRIVATE.to_owned(),
            (false, false) => shape(text),
        }
    }

    pub(in crate::hp) fn is_private(&self, text: &str) -> bool {
        let plain = bare(text);
        self.known.iter().any(|known| plain.contains(known.as_str())) || patterns::is_private(text)
    }
}

/// Letters and digits only, in lower case: how a value is compared.
fn bare(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect())
}

fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

fn is_declaration(attribute: &str) -> bool {
    attribute == "xmlns" || attribute.starts_with("xmlns:")
}

pub(in crate::hp) fn shape(text: &str) -> String {
    let text = text.trim();
    let count = text.chars().count();
    if text.is_empty() {
        String::new()
    } else if text.bytes().all(|b| b.is_ascii_digit()) {
        format!("[{count} digits]")
    } else if text.bytes().all(|b| b.is_ascii_hexdigit()) {
        format!("[{count} hexadecimal digits]")
    } else {
        format!("[text, {count} characters]")
    }
}
