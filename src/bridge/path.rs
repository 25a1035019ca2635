//! What a path means, so that two ways of writing it can't mean two things to us and to the printer.

use ::http::uri::PathAndQuery;

/// A path as the rules of [`super::access`] see it: its segments, in small letters, decoded, without parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Path {
    segments: Vec<String>,
    /// The query, in small letters, decoded; empty for none.
    query: String,
}

/// The longest path with its query, in bytes.
const LIMIT: usize = 8 << 10;

/// Why a path is not passed on. No browser and no print system writes such a one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Ambiguous {
    #[error("The path does not begin with a slash.")]
    NoSlash,
    #[error("The path is too long.")]
    TooLong,
    #[error("The path goes up with \"..\", or holds \".\".")]
    Dots,
    #[error("The path holds an escaped slash, backslash, percent sign, question mark, hash or control character.")]
    Escaped,
    #[error("The path holds a broken escape, or bytes that are no ASCII.")]
    Broken,
}

impl Path {
    /// Reads the path and query of a request.
    ///
    /// # Errors
    /// [`Ambiguous`]: servers differ in what it means.
    pub(super) fn parse(path: &str, query: Option<&str>) -> Result<Self, Ambiguous> {
        if path.len() + query.map_or(0, str::len) > LIMIT {
            return Err(Ambiguous::TooLong);
        }
        let rest = path.strip_prefix('/').ok_or(Ambiguous::NoSlash)?;
        let mut segments = Vec::new();
        for segment in rest.split('/') {
            // RFC 3986, 3.3: what follows a semicolon are parameters of the segment; some servers drop them.
            let name = decode(segment)?;
            let name = name.split(';').next().unwrap_or_default();
            let dots = name.chars().all(|c| c == '.' || c.is_whitespace());
            if !name.is_empty() && dots {
                return Err(Ambiguous::Dots);
            }
            // Some file systems do not see dots and blanks at the end of a name.
            let name = name.trim_matches(|c: char| c.is_whitespace()).trim_end_matches(['.', ' ']);
            if !name.is_empty() {
                segments.push(name.to_lowercase());
            }
        }
        let query = query.map_or_else(String::new, |query| decode_loosely(query).to_lowercase());
        Ok(Self { segments, query })
    }

    /// What the printer is asked: to some servers a path that begins with two slashes is a host and a path (RFC
    /// 3986, 4.2), so it is shown one.
    pub(super) fn target(path_and_query: &str) -> Option<PathAndQuery> {
        format!("/{}", path_and_query.trim_start_matches('/')).parse().ok()
    }

    /// The segments.
    pub(super) fn segments(&self) -> &[String] {
        &self.segments
    }

    /// Whether it is in this tree.
    pub(super) fn is_below(&self, tree: &[&str]) -> bool {
        self.segments.len() >= tree.len() && tree.iter().zip(&self.segments).all(|(tree, segment)| tree == segment)
    }

    /// Whether a segment, or the query, holds this word.
    pub(super) fn says(&self, word: &str) -> bool {
        self.query.contains(word) || self.segments.iter().any(|segment| segment.contains(word))
    }
}

fn decode(segment: &str) -> Result<String, Ambiguous> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        let byte = if byte == b'%' {
            let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
            let (Some(high), Some(low)) = (digit(rest.next()), digit(rest.next())) else {
                return Err(Ambiguous::Broken);
            };
            let byte = u8::try_from(high * 16 + low).map_err(|_| Ambiguous::Broken)?;
            if matches!(byte, b'/' | b'%' | b'?' | b'#') {
                return Err(Ambiguous::Escaped);
            }
            byte
        } else {
            byte
        };
        if byte == b'\\' || byte.is_ascii_control() {
            return Err(Ambiguous::Escaped);
        }
        bytes.push(byte);
    }
    // Servers differ in which letters beyond ASCII they take for the same; no printer's path has one.
    String::from_utf8(bytes).ok().filter(|segment| segment.is_ascii()).ok_or(Ambiguous::Broken)
}

/// A query is only searched for words; what can't be decoded stays as it is.
fn decode_loosely(query: &str) -> String {
    let mut out = query.to_owned();
    for _ in 0..2 {
        let mut bytes = Vec::with_capacity(out.len());
        let mut at = 0;
        let raw = out.as_bytes();
        while let Some(&byte) = raw.get(at) {
            let pair = raw.get(at + 1..at + 3).and_then(|pair| std::str::from_utf8(pair).ok());
            match pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
                Some(decoded) if byte == b'%' => {
                    bytes.push(decoded);
                    at += 3;
                }
                _ => {
                    bytes.push(byte);
                    at += 1;
                }
            }
        }
        out = String::from_utf8_lossy(&bytes).into_owned();
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    fn segments(path: &str) -> Vec<String> {
        Path::parse(path, None).unwrap().segments
    }

    #[test]
    fn many_ways_of_writing_are_one_path() {
        for path in [
            "/IoMgmt/Adapters/wifi0/WPS/Pin",
            "//IoMgmt///Adapters/wifi0/WPS/Pin/",
            "/iomgmt/ADAPTERS/WIFI0/wps/pin",
            "/IoMgmt/Adapters/wifi0/WPS/Pin;session=1",
            "/IoMgmt;a/Adapters;b/wifi0/WPS/Pin",
            "/IoMgmt/Adapters/wifi0/WPS/Pin.",
            "/IoMgmt/Adapters/wifi0/WPS/Pin%20",
            "/IoMgmt/Adapters/wifi0/%57%50%53/P%69n",
            "/IoMgmt/Adapters/wifi0/WPS/Pin%3bx",
        ] {
            assert_eq!(segments(path), ["iomgmt", "adapters", "wifi0", "wps", "pin"], "{path}");
        }
    }

    #[test]
    fn what_servers_understand_differently_is_none() {
        for (path, why) in [
            ("IoMgmt", Ambiguous::NoSlash),
            ("*", Ambiguous::NoSlash),
            ("/ipp/../IoMgmt", Ambiguous::Dots),
            ("/ipp/%2e%2e/IoMgmt", Ambiguous::Dots),
            ("/ipp/..;/IoMgmt", Ambiguous::Dots),
            ("/./IoMgmt", Ambiguous::Dots),
            ("/ipp/...%20/x", Ambiguous::Dots),
            ("/ipp%2fIoMgmt", Ambiguous::Escaped),
            ("/ipp%5c..%5cIoMgmt", Ambiguous::Escaped),
            ("/ipp\\IoMgmt", Ambiguous::Escaped),
            ("/%2570in", Ambiguous::Escaped),
            ("/cdm/ioConfig%3f/v2", Ambiguous::Escaped),
            ("/cdm/ioConfig%23/v2", Ambiguous::Escaped),
            ("/IoMgmt%00", Ambiguous::Escaped),
            ("/IoMgmt%0d%0a", Ambiguous::Escaped),
            ("/Io%4", Ambiguous::Broken),
            ("/Io%zzMgmt", Ambiguous::Broken),
            ("/%c0%afIoMgmt", Ambiguous::Broken),
            ("/\u{131}oMgmt", Ambiguous::Broken),
            ("/%c4%b1oMgmt", Ambiguous::Broken),
        ] {
            assert_eq!(Path::parse(path, None), Err(why), "{path}");
        }
        assert_eq!(Path::parse(&format!("/{}", "a".repeat(LIMIT)), None), Err(Ambiguous::TooLong));
    }

    #[test]
    fn the_printer_is_shown_one_slash() {
        for (asked, shown) in [("/a//b?c//d", "/a//b?c//d"), ("//localhost/x", "/localhost/x"), ("///", "/")] {
            assert_eq!(Path::target(asked).unwrap(), shown);
        }
    }

    #[test]
    fn a_query_is_searched_decoded() {
        let path = Path::parse("/hp/device/set.html", Some("tab=Networking&menu=Net%57i%72eless")).unwrap();
        assert!(path.says("wireless") && !path.says("password"));
        assert!(Path::parse("/x", Some("%2557PS")).unwrap().says("wps"));
    }

    proptest! {
        #[test]
        fn nothing_panics(path in any::<String>(), query in any::<Option<String>>()) {
            let _ = Path::parse(&path, query.as_deref());
        }

        /// However a segment is escaped, spelled and padded with slashes and parameters, it is found.
        #[test]
        fn no_spelling_hides_a_segment(
            spelled in proptest::collection::vec((0_usize..5, any::<bool>(), 0_usize..3, "(;[a-z=]{0,4})?[.]{0,2}"), 5),
        ) {
            let names = ["IoMgmt", "Adapters", "Wifi0", "WPS", "Pin"];
            let mut path = String::new();
            for (name, (escaped, upper, slashes, tail)) in names.iter().zip(spelled) {
                path.push_str(&"/".repeat(slashes + 1));
                for (at, c) in name.chars().enumerate() {
                    let c = if upper { c.to_ascii_uppercase() } else { c };
                    if at == escaped { path.push_str(&format!("%{:02X}", u32::from(c))) } else { path.push(c) }
                }
                path.push_str(&tail);
            }
            prop_assert_eq!(segments(&path), ["iomgmt", "adapters", "wifi0", "wps", "pin"]);
        }

        #[test]
        fn what_is_accepted_has_no_dots_left_and_no_slash(path in "/[a-zA-Z0-9%./;\\\\ ]{0,40}") {
            if let Ok(path) = Path::parse(&path, None) {
                for segment in path.segments() {
                    prop_assert!(!segment.is_empty() && !segment.contains(['/', '\\', '%']));
                    prop_assert!(segment.chars().any(|c| c != '.'));
                }
            }
        }
    }
}
