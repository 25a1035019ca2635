//! `GET /IoMgmt/IoMgmtManifest.xml`: the resources of the network adapters.
//!
//! Resources are nested, and their paths are relative to each other \[C: its existence and nesting\]. No whole
//! document was ever published \[NF\]; read are only the elements that the adapters document has too.
//!
//! ```
//! use plugprint::hp::ledm::manifest;
//!
//! let paths = manifest::parse(br#"<man:Manifest xmlns:man="http://www.hp.com/schemas/imaging/con/ledm/manifest/2009/03/24"
//!         xmlns:map="http://www.hp.com/schemas/imaging/con/ledm/resourcemap/2009/01/27"
//!         xmlns:dd="http://www.hp.com/schemas/imaging/con/dictionaries/1.0/">
//!     <map:ResourceMap><map:ResourceNode>
//!         <map:ResourceLink><dd:ResourceURI>/IoMgmt/Adapters/wifi0</dd:ResourceURI></map:ResourceLink>
//!         <map:ResourceMap><map:ResourceNode>
//!             <map:ResourceLink><dd:ResourceURI>/WPS/Pin</dd:ResourceURI></map:ResourceLink>
//!         </map:ResourceNode></map:ResourceMap>
//!     </map:ResourceNode></map:ResourceMap>
//! </man:Manifest>"#).unwrap();
//! assert_eq!(paths[1].as_str(), "/IoMgmt/Adapters/wifi0/WPS/Pin");
//! ```

use super::resource::ResourceUri;
use super::xml::{self, Element};
use super::{DD, MANIFEST, MAP};

/// Where it is.
pub const PATH: &str = "/IoMgmt/IoMgmtManifest.xml";

/// The most paths that are kept.
const MAX_PATHS: usize = 1024;

/// Reads the paths of all resources, each whole, in document order. What makes no path is left out, with
/// everything below it.
///
/// # Errors
/// Where it is not well-formed, too much, or another document.
pub fn parse(document: &[u8]) -> Result<Vec<ResourceUri>, xml::Error> {
    let root = xml::parse_as(document, MANIFEST, "Manifest")?;
    let mut paths = Vec::new();
    // The nodes still to be read, the next one last, each with the path of the one that it is in.
    let mut waiting: Vec<(&Element, Option<ResourceUri>)> = Vec::new();
    enqueue(&root, None, &mut waiting);
    while let Some((node, parent)) = waiting.pop() {
        let link = node.child(MAP, "ResourceLink");
        let here = match (link.and_then(|link| link.value(DD, "ResourceURI")), &parent) {
            // A node without a link of its own only groups others.
            (None, _) => parent,
            (Some(path), Some(parent)) if link.and_then(|link| link.value(MAP, "Base")) != Some("Root") => {
                let Some(path) = parent.join(path) else { continue };
                Some(path)
            }
            (Some(path), _) => {
                let Some(path) = ResourceUri::parse(path) else { continue };
                Some(path)
            }
        };
        if let (Some(_), Some(path)) = (link, &here) {
            paths.push(path.clone());
            if paths.len() >= MAX_PATHS {
                break;
            }
        }
        enqueue(node, here.as_ref(), &mut waiting);
    }
    Ok(paths)
}

fn enqueue<'a>(
    element: &'a Element,
    path: Option<&ResourceUri>,
    waiting: &mut Vec<(&'a Element, Option<ResourceUri>)>,
) {
    let nodes: Vec<_> = element.all(MAP, "ResourceMap").flat_map(|map| map.all(MAP, "ResourceNode")).collect();
    waiting.extend(nodes.into_iter().rev().map(|node| (node, path.cloned())));
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::super::testing::{fixture, never_panics};
    use super::*;

    #[test]
    fn nested_paths_are_put_together() {
        let paths = parse(&fixture("io-manifest.xml")).unwrap();
        let paths: Vec<_> = paths.iter().map(ResourceUri::as_str).collect();
        assert_eq!(
            paths,
            [
                "/IoMgmt/Adapters",
                "/IoMgmt/Adapters/wifi0",
                "/IoMgmt/Adapters/wifi0/WPS",
                "/IoMgmt/Adapters/wifi0/WPS/Pin",
                "/IoMgmt/IoConfig.xml",
            ],
            "what leads elsewhere is left out with what is below it"
        );
    }

    #[test]
    fn damaged_documents_end_in_a_value() {
        never_panics("io-manifest.xml", |bytes| parse(bytes).map(drop));
    }
}
