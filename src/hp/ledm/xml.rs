//! A bounded XML reader for what a printer sends.
//!
//! Elements are matched by namespace and local name, whatever the prefix: one model writes `psdyn:Status`, the
//! next `ns0:Status` for the same thing \[C: Smart Tank 750, LaserJet M182nw\]. Revisions of a namespace differ in
//! their date only (`…/productconfigdyn/2007/11/05` and `…/2009/03/16` in one document \[C: ENVY Photo 7830\]), so
//! the date is not compared. There is no DTD, no entity but XML's own five, and a limit to everything.
//!
//! ```
//! use plugprint::hp::ledm::xml::{self, Namespace};
//!
//! const DD: Namespace = Namespace::of("http://www.hp.com/schemas/imaging/con/dictionaries/");
//! let document = br#"<x:A xmlns:x="urn:x" xmlns:ns2="http://www.hp.com/schemas/imaging/con/dictionaries/1.0/">
//!     <ns2:Power> on </ns2:Power>
//! </x:A>"#;
//! let root = xml::parse(document).unwrap();
//! assert_eq!(root.value(DD, "Power"), Some("on"));
//! ```

use std::fmt;
use std::sync::Arc;

use quick_xml::NsReader;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::ResolveResult;
use zeroize::Zeroizing;

/// The largest document that is read, in bytes. The largest seen has 13 KiB \[C: Smart Tank 750 discovery tree\].
pub const MAX_BYTES: usize = 512 * 1024;
/// How deep elements may be nested. The deepest seen is 8 \[C: LaserJet M182nw IOConfigDyn\].
pub const MAX_DEPTH: usize = 32;
/// How many elements a document may have.
pub const MAX_ELEMENTS: usize = 16 * 1024;
/// How long the text of one element may be, in bytes.
pub const MAX_TEXT: usize = 16 * 1024;
/// How long a name or a namespace may be, in bytes.
pub const MAX_NAME: usize = 256;
/// How many namespaces may be bound at one place, and how many different ones a document may use.
pub const MAX_NAMESPACES: usize = 64;

/// A family of namespaces: one for each date at which HP revised a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Namespace(&'static str);

impl Namespace {
    /// Matches every element, in whichever namespace or in none.
    pub const ANY: Self = Self("");

    /// The family whose namespaces begin with this text, and end in a date or version (digits, `.` and `/`).
    #[must_use]
    pub const fn of(stem: &'static str) -> Self {
        Self(stem)
    }

    fn matches(self, namespace: Option<&str>) -> bool {
        if self == Self::ANY {
            return true;
        }
        namespace
            .and_then(|uri| uri.strip_prefix(self.0))
            .is_some_and(|revision| revision.bytes().all(|b| b.is_ascii_digit() || b == b'/' || b == b'.'))
    }
}

/// Why a document can't be used. It never repeats what the document says: that may be a secret, or meant for a
/// terminal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not well-formed, or it ends too early.
    #[error("not well-formed XML at byte {offset}")]
    Syntax {
        /// Where, in bytes from the beginning.
        offset: u64,
    },
    /// It has a document type definition, which no printer needs.
    #[error("it has a document type definition")]
    Doctype,
    /// It uses an entity that XML itself does not define.
    #[error("it uses an entity at byte {offset}")]
    Entity {
        /// Where, in bytes from the beginning.
        offset: u64,
    },
    /// There is too much of something.
    #[error("more than {limit} {what}")]
    TooMuch {
        /// Of what.
        what: &'static str,
        /// The most that is read.
        limit: usize,
    },
    /// The outermost element is another one.
    #[error("it is not a {expected} document")]
    Root {
        /// The local name that was expected.
        expected: &'static str,
    },
    /// Something that it can't do without is missing or can't be.
    #[error("{what}")]
    Content {
        /// What, as a clause.
        what: &'static str,
    },
}

/// An element with what is in it. Attributes are not kept: LEDM says nothing in them that is needed here.
#[derive(Clone)]
pub struct Element {
    namespace: Option<Arc<str>>,
    local: String,
    // Wiped, because one of these documents is a PIN.
    text: Zeroizing<String>,
    children: Vec<Element>,
}

impl Element {
    /// Whether it is the element of this name.
    #[must_use]
    pub fn is(&self, namespace: Namespace, local: &str) -> bool {
        self.local == local && namespace.matches(self.namespace.as_deref())
    }

    /// The local name.
    #[must_use]
    pub fn local(&self) -> &str {
        &self.local
    }

    /// Its own text, without the white space around it.
    #[must_use]
    pub fn text(&self) -> &str {
        self.text.trim()
    }

    /// All children.
    pub fn children(&self) -> impl Iterator<Item = &Self> {
        self.children.iter()
    }

    /// The children of this name, in document order.
    pub fn all(&self, namespace: Namespace, local: &'static str) -> impl Iterator<Item = &Self> {
        self.children.iter().filter(move |child| child.is(namespace, local))
    }

    /// The first child of this name.
    #[must_use]
    pub fn child(&self, namespace: Namespace, local: &'static str) -> Option<&Self> {
        self.all(namespace, local).next()
    }

    /// The text of the first child of this name, if it has any.
    #[must_use]
    pub fn value(&self, namespace: Namespace, local: &'static str) -> Option<&str> {
        self.child(namespace, local).map(Self::text).filter(|text| !text.is_empty())
    }

    /// This element and everything in it, in document order.
    pub fn descendants(&self) -> impl Iterator<Item = &Self> {
        let mut waiting = vec![self];
        std::iter::from_fn(move || {
            let next = waiting.pop()?;
            waiting.extend(next.children.iter().rev());
            Some(next)
        })
    }
}

impl fmt::Debug for Element {
    /// The names, and never the text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Element").field("local", &self.local).field("children", &self.children).finish_non_exhaustive()
    }
}

/// Reads a document and makes sure which one it is.
///
/// # Errors
/// See [`Error`].
pub fn parse_as(document: &[u8], namespace: Namespace, root: &'static str) -> Result<Element, Error> {
    let element = parse(document)?;
    if element.is(namespace, root) { Ok(element) } else { Err(Error::Root { expected: root }) }
}

/// Reads a document.
///
/// Bytes that are not UTF-8 become replacement characters: a location that somebody entered in another encoding
/// does not make the whole document unreadable.
///
/// # Errors
/// See [`Error`].
pub fn parse(document: &[u8]) -> Result<Element, Error> {
    if document.len() > MAX_BYTES {
        return Err(Error::TooMuch { what: "bytes", limit: MAX_BYTES });
    }
    let text = Zeroizing::new(String::from_utf8_lossy(document).into_owned());
    let mut reader = NsReader::from_str(text.strip_prefix('\u{feff}').unwrap_or(&text));
    reader.resolver_mut().set_max_namespace_bindings(MAX_NAMESPACES);
    let mut tree = Tree::default();
    loop {
        let offset = reader.buffer_position();
        let syntax = Error::Syntax { offset };
        match reader.read_event().map_err(|_| Error::Syntax { offset: reader.error_position() })? {
            Event::Start(start) => {
                let namespace = tree.namespace_of(&reader, &start)?;
                tree.open(namespace, start.local_name().as_ref(), syntax)?;
            }
            Event::Empty(start) => {
                let namespace = tree.namespace_of(&reader, &start)?;
                tree.open(namespace, start.local_name().as_ref(), syntax.clone())?;
                tree.close(syntax)?;
            }
            Event::End(_) => tree.close(syntax)?,
            Event::Text(text) => tree.text(&text, syntax)?,
            Event::CData(text) => tree.text(&text, syntax)?,
            Event::GeneralRef(reference) => {
                let entity = Error::Entity { offset };
                let c = match reference.resolve_char_ref().map_err(|_| entity.clone())? {
                    Some(c) => c,
                    None => predefined(&reference).ok_or(entity)?,
                };
                tree.text(c.encode_utf8(&mut [0; 4]), syntax)?;
            }
            Event::DocType(_) => return Err(Error::Doctype),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof => return tree.finish(syntax),
        }
    }
}

/// The entities of XML 1.0, 4.6.
pub(super) fn predefined(name: &str) -> Option<char> {
    Some(match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "apos" => '\'',
        "quot" => '"',
        _ => return None,
    })
}

#[derive(Default)]
struct Tree {
    /// From the root to where we are.
    open: Vec<Element>,
    root: Option<Element>,
    elements: usize,
    namespaces: Vec<Arc<str>>,
}

impl Tree {
    fn namespace_of(&mut self, reader: &NsReader<&[u8]>, start: &BytesStart<'_>) -> Result<Option<Arc<str>>, Error> {
        let (ResolveResult::Bound(bound), _) = reader.resolver().resolve_element(start.name()) else {
            return Ok(None);
        };
        if bound.0.len() > MAX_NAME {
            return Err(Error::TooMuch { what: "bytes in a namespace", limit: MAX_NAME });
        }
        if let Some(known) = self.namespaces.iter().find(|known| ***known == *bound.0) {
            return Ok(Some(known.clone()));
        }
        if self.namespaces.len() >= MAX_NAMESPACES {
            return Err(Error::TooMuch { what: "namespaces", limit: MAX_NAMESPACES });
        }
        let namespace: Arc<str> = bound.0.into();
        self.namespaces.push(namespace.clone());
        Ok(Some(namespace))
    }

    fn open(&mut self, namespace: Option<Arc<str>>, local: &str, syntax: Error) -> Result<(), Error> {
        if self.open.is_empty() && self.root.is_some() {
            return Err(syntax);
        }
        if local.len() > MAX_NAME {
            return Err(Error::TooMuch { what: "bytes in a name", limit: MAX_NAME });
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(Error::TooMuch { what: "levels", limit: MAX_DEPTH });
        }
        self.elements += 1;
        if self.elements > MAX_ELEMENTS {
            return Err(Error::TooMuch { what: "elements", limit: MAX_ELEMENTS });
        }
        self.open.push(Element {
            namespace,
            local: local.to_owned(),
            text: Zeroizing::default(),
            children: Vec::new(),
        });
        Ok(())
    }

    fn text(&mut self, text: &str, syntax: Error) -> Result<(), Error> {
        let blank = text.chars().all(char::is_whitespace);
        match self.open.last_mut() {
            // The indentation between elements is nobody's text.
            Some(element) if blank && element.text.is_empty() => Ok(()),
            Some(element) if element.text.len() + text.len() > MAX_TEXT => {
                Err(Error::TooMuch { what: "bytes of text in one element", limit: MAX_TEXT })
            }
            Some(element) => {
                element.text.push_str(text);
                Ok(())
            }
            None if blank => Ok(()),
            None => Err(syntax),
        }
    }

    fn close(&mut self, syntax: Error) -> Result<(), Error> {
        let element = self.open.pop().ok_or(syntax)?;
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.root = Some(element),
        }
        Ok(())
    }

    fn finish(self, syntax: Error) -> Result<Element, Error> {
        if self.open.is_empty() { self.root.ok_or(syntax) } else { Err(syntax) }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use proptest::prelude::*;

    use super::*;

    const NS: Namespace = Namespace::of("urn:x/");

    fn text_of(document: &str) -> Result<String, Error> {
        parse(document.as_bytes()).map(|root| root.text().to_owned())
    }

    #[test]
    fn any_prefix_and_any_date_but_no_other_namespace() {
        for document in [
            r#"<a:A xmlns:a="urn:x/2008/11/30"/>"#,
            r#"<ns0:A xmlns:ns0="urn:x/2009/01/01"/>"#,
            r#"<A xmlns="urn:x/1.0/"/>"#,
            r#"<A xmlns="urn:x/"></A>"#,
        ] {
            assert!(parse_as(document.as_bytes(), NS, "A").is_ok(), "{document}");
        }
        for document in [
            "<A/>",
            r#"<a:A xmlns:b="urn:x/1"/>"#,
            r#"<A xmlns="urn:y/1"/>"#,
            r#"<A xmlns="urn:x/more/2008"/>"#,
            r#"<B xmlns="urn:x/1"/>"#,
        ] {
            assert_eq!(
                parse_as(document.as_bytes(), NS, "A").unwrap_err(),
                Error::Root { expected: "A" },
                "{document}"
            );
        }
        assert!(parse_as(b"<A/>", Namespace::ANY, "A").is_ok());
    }

    #[test]
    fn an_inner_declaration_ends_with_its_element() {
        let document = br#"<p:A xmlns:p="urn:x/1"><p:B xmlns:p="urn:y/1"/><p:B>here</p:B></p:A>"#;
        let root = parse_as(document, NS, "A").unwrap();
        assert_eq!(root.value(NS, "B"), Some("here"));
        assert_eq!(root.children().count(), 2);
    }

    #[test]
    fn text_of_all_kinds() {
        assert_eq!(text_of("<a>\n  b c\t</a>").unwrap(), "b c");
        assert_eq!(text_of("<a>&lt;&#98;&#x63;&amp; &quot;d&apos;&gt;</a>").unwrap(), "<bc& \"d'>");
        assert_eq!(text_of("<a>b<![CDATA[<c>&d;]]>e</a>").unwrap(), "b<c>&d;e");
        assert_eq!(text_of("<a>b<!-- no -->c<?no no?></a>").unwrap(), "bc");
        assert_eq!(text_of("\u{feff}<?xml version=\"1.0\"?><a>b</a>\n").unwrap(), "b");
        assert_eq!(parse(b"<a>Stra\xdfe</a>").unwrap().text(), "Stra\u{fffd}e");
    }

    #[test]
    fn no_definitions_and_no_entities_of_theirs() {
        let laughs = r#"<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;">]><a>&c;</a>"#;
        assert_eq!(text_of(laughs).unwrap_err(), Error::Doctype);
        assert!(matches!(text_of("<a>&nbsp;</a>").unwrap_err(), Error::Entity { .. }));
        assert!(matches!(text_of("<a>&#0;</a>").unwrap_err(), Error::Entity { .. }));
        assert!(matches!(text_of("<a>&#x110000;</a>").unwrap_err(), Error::Entity { .. }));
    }

    #[test]
    fn what_is_not_well_formed() {
        for document in [
            "",
            " ",
            "text",
            "<a",
            "<a>",
            "<a><b></a>",
            "<a></b>",
            "</a>",
            "<a/><b/>",
            "<a/>text",
            "<a>&</a>",
            "<a b='/>",
        ] {
            assert!(matches!(text_of(document), Err(Error::Syntax { .. })), "{document}: {:?}", text_of(document));
        }
    }

    #[test]
    fn a_limit_to_everything() {
        let too_much = |document: String| match text_of(&document) {
            Err(Error::TooMuch { what, .. }) => what,
            other => panic!("{other:?}"),
        };
        assert_eq!(too_much(" ".repeat(MAX_BYTES + 1)), "bytes");
        assert!(text_of(&format!("{}{}", "<a>".repeat(MAX_DEPTH), "</a>".repeat(MAX_DEPTH))).is_ok());
        assert_eq!(too_much("<a>".repeat(MAX_DEPTH + 1)), "levels");
        assert_eq!(too_much(format!("<a>{}</a>", "<b/>".repeat(MAX_ELEMENTS))), "elements");
        assert_eq!(too_much(format!("<a>{}</a>", "x".repeat(MAX_TEXT + 1))), "bytes of text in one element");
        assert_eq!(too_much(format!("<{}/>", "a".repeat(MAX_NAME + 1))), "bytes in a name");
        assert_eq!(too_much(format!("<a xmlns='{}'/>", "a".repeat(MAX_NAME + 1))), "bytes in a namespace");
        let many: String = (0..=MAX_NAMESPACES).map(|i| format!("<b xmlns='urn:{i}'/>")).collect();
        assert_eq!(too_much(format!("<a>{many}</a>")), "namespaces");
        let at_once: String = (0..=MAX_NAMESPACES).map(|i| format!(" xmlns:n{i}='urn:{i}'")).collect();
        assert!(text_of(&format!("<a{at_once}/>")).is_err());
    }

    #[test]
    fn large_documents_are_read_in_no_time() {
        let began = std::time::Instant::now();
        let attributes: String = (0..40_000).map(|i| format!(" a{i}='1'")).collect();
        assert!(text_of(&format!("<a{attributes}/>")).is_ok());
        assert!(text_of(&format!("<a b='{}'/>", "x".repeat(MAX_BYTES - 100))).is_ok());
        assert!(text_of(&format!("<a>{}</a>", "<!---->".repeat(70_000))).is_ok());
        let prefixes: String =
            (0..MAX_NAMESPACES).map(|i| format!(" xmlns:{}{i}='urn:{i}'", "n".repeat(200))).collect();
        assert!(text_of(&format!("<a{prefixes}>{}</a>", "<b/>".repeat(MAX_ELEMENTS - 1))).is_ok());
        assert!(began.elapsed() < std::time::Duration::from_secs(10), "{:?}", began.elapsed());
    }

    proptest! {
        #[test]
        fn any_bytes_end_in_a_value(document in prop::collection::vec(any::<u8>(), 0..256)) {
            let _ = parse(&document);
        }

        #[test]
        fn any_markup_ends_in_a_value(document in "(<[/!?]?[a-c:]{0,3}( x(mlns)?(:a)?=['\"][a-c]{0,2}['\"])?/?>|&#?[a-c0-9]{0,3};?|[a-c ]|\\]\\]>|<!\\[CDATA\\[|<!--|-->){0,40}") {
            let _ = parse(document.as_bytes());
        }

        #[test]
        fn any_text_comes_back(text in "[^\\p{C}]{0,64}") {
            let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            prop_assert_eq!(text_of(&format!("<a>{escaped}</a>")).unwrap(), text.trim());
        }
    }
}
