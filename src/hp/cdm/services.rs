//! `GET /cdm/servicesDiscovery`: which resources the printer has, and how each may be used. Nothing that is not in it
//! is asked for, and no method that it does not name is used. A Smart Tank 580-590 names 31 services with 89 links
//! \[C\].
//!
//! ```
//! use plugprint::hp::cdm::services::{self, Method};
//!
//! let services = services::parse(br#"{"version": "1.0.0", "services": [{"links": [
//!     {"rel": "wifiScan", "href": "/cdm/ioConfig/v2/wifiScan", "hints": [{"method": "get"}, {"method": "patch"}]}
//! ]}]}"#).unwrap();
//! assert!(services.allows("/cdm/ioConfig/v2/wifiScan", Method::Patch));
//! assert!(!services.allows("/cdm/ioConfig/v2/wifiScan", Method::Post));
//! assert!(!services.allows("/cdm/ioConfig/v2/networkReset", Method::Get));
//! ```

use std::collections::BTreeMap;

use super::json::{self, Value};
use crate::hp::ledm::resource::ResourceUri;

/// Where it is.
pub const PATH: &str = "/cdm/servicesDiscovery";
/// Where every resource of CDM lives.
pub const FOLDER: &str = "/cdm/";

/// The most resources that are kept.
const MAX_RESOURCES: usize = 1024;

/// What may be done with a resource, `hints[].method`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the methods of HTTP")]
pub enum Method {
    Get,
    Patch,
    Post,
    Put,
    Delete,
}

impl Method {
    fn of(word: &str) -> Option<Self> {
        let known = [
            ("get", Self::Get),
            ("patch", Self::Patch),
            ("post", Self::Post),
            ("put", Self::Put),
            ("delete", Self::Delete),
        ];
        known.into_iter().find(|(name, _)| word.eq_ignore_ascii_case(name)).map(|(_, method)| method)
    }
}

/// The methods that are allowed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Methods(u8);

impl Methods {
    /// Whether this one is.
    #[must_use]
    pub fn allow(self, method: Method) -> bool {
        self.0 & Self::bit(method) != 0
    }

    fn bit(method: Method) -> u8 {
        1 << method as u8
    }

    /// All that the hints name. A link without hints may be read, and nothing else: HP's own description says that
    /// the method is left out where it follows from the kind of resource, which is not known here.
    fn read(hints: Option<&Value>) -> Self {
        let Some(hints) = hints else { return Self(Self::bit(Method::Get)) };
        let words = hints.entries().iter().filter_map(|hint| hint.word("method"));
        Self(words.filter_map(Method::of).fold(0, |bits, method| bits | Self::bit(method)))
    }

    fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// A resource, and what may be done with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Where it is; always under `/cdm/`.
    pub href: ResourceUri,
    /// What may be done.
    pub methods: Methods,
    /// Whether it says so, and the methods are no assumption.
    pub hinted: bool,
}

impl Link {
    /// Reads `{"href", "rel", "hints"}` \[C: links of the list of reports\]; `None` where it leads elsewhere, or is a
    /// template.
    pub(super) fn read(link: &Value) -> Option<Self> {
        let href = path(link.word("href")?)?;
        let hints = link.member("hints");
        Some(Self { href, methods: Methods::read(hints), hinted: hints.is_some() })
    }

    /// The links of an object, in its order.
    pub(super) fn all(of: &Value) -> impl Iterator<Item = Self> {
        of.member("links").map(Value::entries).unwrap_or_default().iter().filter_map(Self::read)
    }
}

/// A path that may be asked for: plain, absolute, below `/cdm/`.
#[must_use]
pub fn path(href: &str) -> Option<ResourceUri> {
    ResourceUri::parse(href.strip_suffix('/').unwrap_or(href)).filter(|uri| uri.is_under(FOLDER))
}

/// The resources of a printer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Services(BTreeMap<String, Methods>);

impl Services {
    /// Whether the printer names this resource and allows this to be done with it.
    #[must_use]
    pub fn allows(&self, path: &str, method: Method) -> bool {
        self.0.get(path).is_some_and(|methods| methods.allow(method))
    }

    /// Whether the printer names this resource.
    #[must_use]
    pub fn names(&self, path: &str) -> bool {
        self.0.contains_key(path)
    }

    /// How many it names.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it names none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Its paths, in alphabetical order.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    fn collect(&mut self, value: &Value) {
        if self.0.len() >= MAX_RESOURCES {
            return;
        }
        if value.member("href").is_some()
            && let Some(link) = Link::read(value)
        {
            let known = self.0.entry(link.href.as_str().to_owned()).or_default();
            *known = known.and(link.methods);
        }
        value.entries().iter().for_each(|entry| self.collect(entry));
        value.members().for_each(|(_, member)| self.collect(member));
    }
}

/// Reads the document. Links are taken wherever in a service they stand, because nobody has published a whole one.
///
/// # Errors
/// Where it is not well-formed, too much, or has no `services`, without which it is no CDM \[C\].
pub fn parse(document: &[u8]) -> Result<Services, json::Error> {
    let document = json::parse(document)?;
    let list = document.member("services").ok_or(json::Error::Content { what: "it has no list of services" })?;
    let mut services = Services::default();
    services.collect(list);
    Ok(services)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::super::testing::{fixture, never_panics};
    use super::*;

    #[test]
    fn what_a_tank_printer_names() {
        let services = parse(&fixture("services.json")).unwrap();
        assert!(services.allows("/cdm/ioConfig/v2/wirelessConfig", Method::Patch));
        assert!(services.allows("/cdm/ioConfig/v2/adapterConfigs", Method::Get));
        assert!(!services.allows("/cdm/ioConfig/v2/adapterConfigs", Method::Patch));
        assert!(!services.names("/cdm/oauth2/v1/token"));
    }

    #[test]
    fn what_leads_elsewhere_is_left_out() {
        let document = br#"{"services": [{"links": [
            {"href": "http://192.0.2.1/cdm/a"}, {"href": "//192.0.2.1/cdm/a"}, {"href": "/cdm/../DevMgmt/x"}, {"href": "/DevMgmt/x"},
            {"href": "/cdm/a?b"}, {"hrefTemplate": "/cdm/{id}"}, {"href": 5}, {"href": "/cdm/"}, {"href": "/cdm/fine/"},
            {"href": "/cdm/nothing", "hints": []}, {"href": "/cdm/odd", "hints": [{"method": "PATCH"}, {"method": "melt"}]}
        ]}]}"#;
        let services = parse(document).unwrap();
        assert_eq!(services.paths().collect::<Vec<_>>(), ["/cdm/fine", "/cdm/nothing", "/cdm/odd"]);
        assert!(services.allows("/cdm/fine", Method::Get) && !services.allows("/cdm/fine", Method::Patch));
        assert!(!services.allows("/cdm/nothing", Method::Get));
        assert!(services.allows("/cdm/odd", Method::Patch) && !services.allows("/cdm/odd", Method::Get));
    }

    #[test]
    fn a_list_without_an_end() {
        let links: Vec<_> = (0..3000).map(|n| format!(r#"{{"href": "/cdm/a/v1/r{n}"}}"#)).collect();
        let services = parse(format!(r#"{{"services": [{{"links": [{}]}}]}}"#, links.join(",")).as_bytes()).unwrap();
        assert_eq!(services.len(), MAX_RESOURCES);
    }

    #[test]
    fn another_document() {
        assert!(parse(b"{}").is_err());
        assert!(parse(br#"{"services": "none"}"#).unwrap().is_empty());
    }

    #[test]
    fn damaged_documents_end_in_a_value() {
        never_panics("services.json", |bytes| parse(bytes).map(drop));
    }
}
