//! What a scanner says that it can (eSCL 2.97, 8.1), as far as it is announced.

use std::collections::BTreeSet;

use crate::hp::ledm::xml::{self, Element, Namespace};

/// A scanner. Nothing is cleaned yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Scanner {
    /// pwg:Version.
    pub(super) version: String,
    /// `color`, `grayscale`, `binary`.
    pub(super) colors: BTreeSet<&'static str>,
    /// MIME types.
    pub(super) formats: BTreeSet<String>,
    /// A glass.
    pub(super) platen: bool,
    /// A feeder.
    pub(super) feeder: bool,
    /// Both sides in one go.
    pub(super) duplex: bool,
    /// scan:UUID.
    pub(super) uuid: Option<String>,
    /// scan:AdminURI.
    pub(super) admin: Option<String>,
    /// scan:IconURI.
    pub(super) icon: Option<String>,
}

/// Formats that are kept.
const MOST_FORMATS: usize = 64;

/// Reads scan:ScannerCapabilities. `None`: it is none, or what nobody could scan with.
pub(super) fn read(document: &[u8]) -> Option<Scanner> {
    const ANY: Namespace = Namespace::ANY;
    let root = xml::parse_as(document, ANY, "ScannerCapabilities").ok()?;
    let text = |name| root.value(ANY, name).map(str::to_owned);
    let mut scanner = Scanner {
        version: text("Version")?,
        uuid: text("UUID"),
        admin: text("AdminURI"),
        icon: text("IconURI"),
        ..Scanner::default()
    };
    if let Some(platen) = root.child(ANY, "Platen") {
        scanner.platen = true;
        scanner.add(platen.child(ANY, "PlatenInputCaps"));
    }
    if let Some(feeder) = root.child(ANY, "Adf") {
        scanner.feeder = true;
        scanner.add(feeder.child(ANY, "AdfSimplexInputCaps"));
        let both = feeder.child(ANY, "AdfDuplexInputCaps");
        scanner.duplex = both.is_some();
        scanner.add(both);
    }
    let usable = (scanner.platen || scanner.feeder) && !scanner.colors.is_empty() && !scanner.formats.is_empty();
    usable.then_some(scanner)
}

impl Scanner {
    fn add(&mut self, source: Option<&Element>) {
        for element in source.into_iter().flat_map(Element::descendants) {
            match element.local() {
                "ColorMode" => {
                    let mode = element.text().to_ascii_lowercase();
                    let colors = [("rgb", "color"), ("grayscale", "grayscale"), ("blackandwhite", "binary")];
                    self.colors
                        .extend(colors.iter().find(|(prefix, _)| mode.starts_with(prefix)).map(|(_, name)| name));
                }
                "DocumentFormat" | "DocumentFormatExt"
                    if !element.text().is_empty() && self.formats.len() < MOST_FORMATS =>
                {
                    self.formats.insert(element.text().to_owned());
                }
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    const CAPABILITIES: &str = r#"<?xml version="1.0"?>
<scan:ScannerCapabilities xmlns:scan="http://schemas.hp.com/imaging/escl/2011/05/03" xmlns:pwg="http://www.pwg.org/schemas/2010/12/sm">
<pwg:Version>2.63</pwg:Version><scan:UUID>abc</scan:UUID><scan:AdminURI>http://localhost/a?b&amp;c</scan:AdminURI>
<scan:Platen><scan:PlatenInputCaps><scan:SettingProfiles><scan:SettingProfile>
  <scan:ColorModes><scan:ColorMode>BlackAndWhite1</scan:ColorMode><scan:ColorMode>RGB24</scan:ColorMode></scan:ColorModes>
  <scan:DocumentFormats><pwg:DocumentFormat>image/jpeg</pwg:DocumentFormat><scan:DocumentFormatExt>application/pdf</scan:DocumentFormatExt></scan:DocumentFormats>
</scan:SettingProfile></scan:SettingProfiles></scan:PlatenInputCaps></scan:Platen>
<scan:Adf><scan:AdfSimplexInputCaps/><scan:AdfDuplexInputCaps/></scan:Adf>
</scan:ScannerCapabilities>"#;

    #[test]
    fn a_scanner_says_what_it_can() {
        let scanner = read(CAPABILITIES.as_bytes()).unwrap();
        assert_eq!(scanner.version, "2.63");
        assert_eq!(scanner.colors, BTreeSet::from(["binary", "color"]));
        assert_eq!(scanner.formats, BTreeSet::from(["application/pdf".to_owned(), "image/jpeg".to_owned()]));
        assert_eq!((scanner.platen, scanner.feeder, scanner.duplex), (true, true, true));
        assert_eq!(scanner.admin.as_deref(), Some("http://localhost/a?b&c"));
        assert_eq!(scanner.icon, None);
    }

    #[test]
    fn what_nobody_could_scan_with_is_no_scanner() {
        for without in ["<pwg:Version>2.63</pwg:Version>", "RGB24", "image/jpeg"] {
            let document = CAPABILITIES
                .replace(without, "")
                .replace("BlackAndWhite1", "unheard-of")
                .replace("application/pdf", "");
            assert_eq!(read(document.as_bytes()), None, "{without}");
        }
        assert_eq!(read(b"<html>404</html>"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(document in any::<Vec<u8>>(), cut in 0..CAPABILITIES.len()) {
            let _ = read(&document);
            prop_assert_eq!(read(CAPABILITIES.as_bytes().get(..cut).unwrap_or_default()), None);
        }
    }
}
