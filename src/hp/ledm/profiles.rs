//! `GET <adapter>/Profiles`: which profiles an adapter has. Some models can't be written at `Profiles/Active`, but at
//! what this collection names, `Profiles/1` \[C: LaserJet M28w\].
//!
//! No whole document was ever published \[NF\]; read are the links that every LEDM collection has.
//!
//! ```
//! use plugprint::hp::ledm::profiles;
//! use plugprint::hp::ledm::resource::ResourceUri;
//!
//! let adapter = ResourceUri::parse("/IoMgmt/Adapters/wifi0").unwrap();
//! let paths = profiles::parse(br#"<io:Profiles
//!         xmlns:io="http://www.hp.com/schemas/imaging/con/ledm/iomgmt/2008/11/30"
//!         xmlns:map="http://www.hp.com/schemas/imaging/con/ledm/resourcemap/2009/01/27"
//!         xmlns:dd="http://www.hp.com/schemas/imaging/con/dictionaries/1.0/">
//!     <map:ResourceLink><dd:ResourceURI>/IoMgmt/Adapters/wifi0/Profiles/1</dd:ResourceURI></map:ResourceLink>
//! </io:Profiles>"#, &adapter).unwrap();
//! assert_eq!(paths[0].as_str(), "/IoMgmt/Adapters/wifi0/Profiles/1");
//! ```

use super::resource::ResourceUri;
use super::xml;
use super::{DD, IO};

/// The resource, below an adapter's own.
pub const BELOW_ADAPTER: &str = "/Profiles";

/// The most profiles that are kept.
const MAX_PROFILES: usize = 16;

/// Reads the paths of this adapter's profiles, in document order. A relative one is taken below the collection.
/// What leads elsewhere, to another adapter's profiles too, is left out.
///
/// # Errors
/// Where it is not well-formed, too much, or another document.
pub fn parse(document: &[u8], adapter: &ResourceUri) -> Result<Vec<ResourceUri>, xml::Error> {
    let root = xml::parse_as(document, IO, "Profiles")?;
    let Some(collection) = adapter.join(BELOW_ADAPTER) else { return Ok(Vec::new()) };
    let folder = format!("{collection}/");
    Ok(root
        .descendants()
        .filter(|element| element.is(DD, "ResourceURI"))
        .filter_map(|element| {
            let path = element.text();
            if path.starts_with("/IoMgmt/") { ResourceUri::parse(path) } else { collection.join(path) }
        })
        .filter(|path| path.is_under(&folder))
        .take(MAX_PROFILES)
        .collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::super::testing::{fixture, never_panics};
    use super::*;

    fn adapter() -> ResourceUri {
        ResourceUri::parse("/IoMgmt/Adapters/wifi0").unwrap()
    }

    fn paths(link: &str) -> Vec<String> {
        let document = String::from_utf8(fixture("profiles.xml")).unwrap();
        let document = document.replace("/IoMgmt/Adapters/wifi0/Profiles/1", link);
        parse(document.as_bytes(), &adapter()).unwrap().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_laserjet_names_its_only_profile() {
        for link in ["/IoMgmt/Adapters/wifi0/Profiles/1", "/1", "1"] {
            assert_eq!(paths(link), ["/IoMgmt/Adapters/wifi0/Profiles/1"], "{link}");
        }
    }

    #[test]
    fn a_path_that_leads_elsewhere_is_left_out() {
        for link in [
            "",
            "/",
            "/IoMgmt/Adapters/wifi1/Profiles/1",
            "/IoMgmt/Adapters/wifi0",
            "/IoMgmt/Adapters/wifi0/Profiles",
            "/IoMgmt/Adapters/wifi0/Profiles/../../wifi1",
            "http://example.net/IoMgmt/Adapters/wifi0/Profiles/1",
            "../1",
        ] {
            assert_eq!(paths(link), [""; 0], "{link}");
        }
    }

    #[test]
    fn damaged_documents_end_in_a_value() {
        never_panics("profiles.xml", |bytes| parse(bytes, &adapter()).map(drop));
    }
}
