//! Paths of resources, as a printer's own documents name them.
//!
//! A path decides what is asked of the printer next, so it is checked before it is used: absolute, without host,
//! query or `..`, of few kinds of characters, and in the part of the tree where such a resource belongs.
//!
//! ```
//! use plugprint::hp::ledm::resource::ResourceUri;
//!
//! let adapter = ResourceUri::parse("/IoMgmt/Adapters/Wifi0").unwrap();
//! assert!(adapter.is_under(ResourceUri::IO_MGMT));
//! assert_eq!(adapter.join("/WPS/Pin").unwrap().as_str(), "/IoMgmt/Adapters/Wifi0/WPS/Pin");
//! assert!(ResourceUri::parse("http://example.net/IoMgmt").is_none());
//! assert!(ResourceUri::parse("/IoMgmt/../hp/device").is_none());
//! ```

use std::fmt;

/// The longest path that is used, in bytes. A printer announces 128 as its own limit \[C: Smart Tank 750
/// ProductStatusCap\].
const MAX_PATH: usize = 256;

/// A path on the printer that may be asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ResourceUri(String);

impl ResourceUri {
    /// Where device management lives.
    pub const DEV_MGMT: &'static str = "/DevMgmt/";
    /// Where network adapters live.
    pub const IO_MGMT: &'static str = "/IoMgmt/";

    /// Takes a path of a document; `None` for what is no plain absolute path.
    #[must_use]
    pub fn parse(path: &str) -> Option<Self> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'_' | b'-' | b'.' | b'~' | b'=');
        let segments = path.strip_prefix('/')?;
        let sound = path.len() <= MAX_PATH
            && path.bytes().all(plain)
            && segments.split('/').all(|segment| !matches!(segment, "" | "." | ".."));
        sound.then(|| Self(path.to_owned()))
    }

    /// A path that is written in this program.
    pub(super) fn fixed(path: &'static str) -> Self {
        Self(path.to_owned())
    }

    /// Whether it lies in this folder (which ends in `/`).
    #[must_use]
    pub fn is_under(&self, folder: &str) -> bool {
        self.0.starts_with(folder)
    }

    /// The path of a child, which may begin with `/` as the documents write it. `None` where that makes no path.
    #[must_use]
    pub fn join(&self, relative: &str) -> Option<Self> {
        let relative = relative.strip_prefix('/').unwrap_or(relative);
        Self::parse(&format!("{self}/{relative}"))
    }

    /// The path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ResourceUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_plain_path() {
        let long = format!("/{}", "a".repeat(MAX_PATH));
        for path in [
            "",
            "/",
            "//host/path",
            "a/b",
            "/a//b",
            "/a/",
            "/a/./b",
            "/a/../b",
            "/..",
            "/a?b",
            "/a#b",
            "/a%2e%2e/b",
            "/a b",
            "/a\r\nHost: x",
            "/a\\b",
            "/ä",
            "http://host/a",
            &long,
        ] {
            assert_eq!(ResourceUri::parse(path), None, "{path}");
        }
    }

    #[test]
    fn a_folder_is_not_a_prefix_of_a_name() {
        let lookalike = ResourceUri::parse("/DevMgmtX/Job.xml").unwrap();
        assert!(!lookalike.is_under(ResourceUri::DEV_MGMT));
    }

    proptest! {
        #[test]
        fn what_is_taken_can_stand_in_a_request_line(path in "(/[a-zA-Z0-9._~%?# =-]{0,8}){0,6}", child in "\\PC{0,16}") {
            if let Some(uri) = ResourceUri::parse(&path) {
                prop_assert!(uri.as_str().starts_with('/') && uri.as_str().split('/').all(|segment| segment != ".."));
                prop_assert!(uri.as_str().bytes().all(|b| b.is_ascii_graphic() && !b"?#%\\".contains(&b)));
                if let Some(joined) = uri.join(&child) {
                    prop_assert!(joined.as_str().starts_with(uri.as_str()));
                }
            }
        }
    }
}
