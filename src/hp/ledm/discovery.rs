//! `GET /DevMgmt/DiscoveryTree.xml`: what an LEDM printer says that it serves.
//!
//! A 200 here is how LEDM is recognised; printers of HP's newer protocol answer 404 \[C\]. The list is not complete:
//! a model that serves `InternalPrintCap.xml` does not name it here, only the manifest beside it \[C: Smart Tank 750\].
//!
//! ```
//! use plugprint::hp::ledm::discovery;
//!
//! let tree = discovery::parse(br#"<ledm:DiscoveryTree xmlns:ledm="http://www.hp.com/schemas/imaging/con/ledm/2007/09/21"
//!         xmlns:dd="http://www.hp.com/schemas/imaging/con/dictionaries/1.0/">
//!     <ledm:SupportedTree>
//!         <dd:ResourceURI>/DevMgmt/ProductStatusDyn.xml</dd:ResourceURI>
//!         <dd:ResourceType>ledm:hpLedmProductStatusDyn</dd:ResourceType>
//!     </ledm:SupportedTree>
//!     <ledm:SupportedIfc>
//!         <ledm:ManifestURI>/IoMgmt/IoMgmtManifest.xml</ledm:ManifestURI>
//!         <dd:ResourceType>ledm:hpLedmIoMgmt</dd:ResourceType>
//!     </ledm:SupportedIfc>
//! </ledm:DiscoveryTree>"#).unwrap();
//! assert!(tree.serves("hpLedmProductStatusDyn"));
//! assert_eq!(tree.manifests[0].uri.as_str(), "/IoMgmt/IoMgmtManifest.xml");
//! ```

use super::resource::ResourceUri;
use super::token::unknown;
use super::xml::{self, Element, Namespace};
use super::{DD, LEDM};

/// Where it is.
pub const PATH: &str = "/DevMgmt/DiscoveryTree.xml";

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// Where the resource or manifest is.
    pub uri: ResourceUri,
    /// What it is, without the prefix: `hpLedmProductStatusDyn`. Empty where the printer does not say.
    pub kind: String,
}

/// What the printer says that it serves. Entries without a usable path are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    /// `SupportedTree`: single documents.
    pub resources: Vec<Resource>,
    /// `SupportedIfc`: manifests, which list more documents.
    pub manifests: Vec<Resource>,
    /// `SupportedFeature`: other protocols, such as `/ipp/print`.
    pub features: Vec<Resource>,
}

impl Tree {
    /// Whether an entry of this kind is there, e.g. `hpLedmIoMgmt`.
    #[must_use]
    pub fn serves(&self, kind: &str) -> bool {
        self.entries().any(|entry| entry.kind == kind)
    }

    /// Whether this path is there.
    #[must_use]
    pub fn names(&self, path: &str) -> bool {
        self.entries().any(|entry| entry.uri.as_str() == path)
    }

    fn entries(&self) -> impl Iterator<Item = &Resource> {
        self.resources.iter().chain(&self.manifests).chain(&self.features)
    }
}

/// Reads the document.
///
/// # Errors
/// Where it is not well-formed, too much, or another document.
pub fn parse(document: &[u8]) -> Result<Tree, xml::Error> {
    let root = xml::parse_as(document, LEDM, "DiscoveryTree")?;
    Ok(Tree {
        resources: entries(&root, "SupportedTree", DD, "ResourceURI"),
        manifests: entries(&root, "SupportedIfc", LEDM, "ManifestURI"),
        features: entries(&root, "SupportedFeature", DD, "ResourceURI"),
    })
}

fn entries(root: &Element, list: &'static str, namespace: Namespace, uri: &'static str) -> Vec<Resource> {
    root.all(LEDM, list)
        .filter_map(|entry| {
            let kind = entry.value(DD, "ResourceType").unwrap_or_default();
            Some(Resource {
                uri: ResourceUri::parse(entry.value(namespace, uri)?)?,
                kind: unknown(kind.rsplit(':').next().unwrap_or(kind)),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::super::testing::{fixture, never_panics};
    use super::*;

    #[test]
    fn an_inkjet() {
        let tree = parse(&fixture("discovery-tree.xml")).unwrap();
        assert_eq!(tree.resources.len(), 2, "what leads to another host is left out");
        assert_eq!(tree.manifests.len(), 2);
        assert!(tree.serves("hpLedmInternalPrintManifest"));
        assert!(!tree.serves("hpLedmElsewhere"));
        assert!(tree.names("/ipp/print"));
        assert!(!tree.names("/DevMgmt/InternalPrintCap.xml"), "as on the real one, the list itself is not named");
    }

    #[test]
    fn another_document_is_not_taken_for_it() {
        let login = b"<html xmlns=\"http://www.w3.org/1999/xhtml\"><body/></html>";
        assert_eq!(parse(login).unwrap_err(), xml::Error::Root { expected: "DiscoveryTree" });
        let elsewhere =
            String::from_utf8(fixture("discovery-tree.xml")).unwrap().replace("con/ledm/2007", "con/x/2007");
        assert!(matches!(parse(elsewhere.as_bytes()), Err(xml::Error::Root { .. })));
    }

    #[test]
    fn damaged_documents_end_in_a_value() {
        never_panics("discovery-tree.xml", |bytes| parse(bytes).map(drop));
    }
}
