//! scan:ScanSettings (eSCL 2.97, 7): what a client wants scanned. Read strictly and within bounds.

use quick_xml::NsReader;
use quick_xml::events::Event;
use quick_xml::name::ResolveResult;

pub(super) const SCAN: &str = "http://schemas.hp.com/imaging/escl/2011/05/03";
pub(super) const PWG: &str = "http://www.pwg.org/schemas/2010/12/sm";

/// Elements of one document, and elements in elements.
const ELEMENTS: usize = 200;
const DEPTH: usize = 8;

/// The glass and the feeder's path, in three-hundredths of an inch: Letter's width, A4's and Legal's height.
pub(super) const MIN: u32 = 8;
pub(super) const WIDTH: u32 = 2550;
pub(super) const PLATEN_HEIGHT: u32 = 3508;
pub(super) const FEEDER_HEIGHT: u32 = 4200;
pub(super) const RESOLUTIONS: [u32; 5] = [75, 100, 200, 300, 600];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Platen,
    Feeder,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Color {
    Rgb24,
    Grayscale8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// Without loss: what was drawn is what arrives.
    Png,
    Jpeg,
}

impl Format {
    pub fn mime(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
        }
    }
}

/// A scan: where and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    pub source: Source,
    pub color: Color,
    pub format: Format,
    /// Dots per inch, the same both ways.
    pub resolution: u32,
    /// Left, top, width and height in three-hundredths of an inch.
    pub region: (u32, u32, u32, u32),
}

impl Settings {
    /// Inside the scanner, at a resolution that it has.
    pub fn possible(&self) -> bool {
        let (x, y, width, height) = self.region;
        let tall = if self.source == Source::Platen { PLATEN_HEIGHT } else { FEEDER_HEIGHT };
        RESOLUTIONS.contains(&self.resolution)
            && width >= MIN
            && height >= MIN
            && x.checked_add(width).is_some_and(|right| right <= WIDTH)
            && y.checked_add(height).is_some_and(|bottom| bottom <= tall)
    }

    /// A length in three-hundredths of an inch as dots.
    pub fn dots(&self, length: u32) -> u32 {
        u32::try_from(u64::from(length) * u64::from(self.resolution) / 300).unwrap_or(u32::MAX)
    }

    /// Width and height in dots.
    pub fn size(&self) -> (u32, u32) {
        (self.dots(self.region.2), self.dots(self.region.3))
    }
}

/// Reads ScanSettings; `None` where it is none, or asks for what eSCL does not have.
pub(super) fn read(document: &[u8]) -> Option<Settings> {
    let text = std::str::from_utf8(document).ok()?;
    let mut reader = NsReader::from_str(text);
    let mut path: Vec<String> = Vec::new();
    let mut values: Vec<(String, String)> = Vec::new();
    let mut elements = 0;
    let mut root = false;
    loop {
        let (namespace, event) = reader.read_resolved_event().ok()?;
        match event {
            Event::Start(element) => {
                elements += 1;
                let ResolveResult::Bound(namespace) = namespace else { return None };
                if ![SCAN, PWG].contains(&namespace.as_ref()) || path.len() >= DEPTH || elements > ELEMENTS {
                    return None;
                }
                let name = element.local_name().as_ref().to_owned();
                if path.is_empty() {
                    root = name == "ScanSettings";
                }
                values.push((name.clone(), String::new()));
                path.push(name);
            }
            Event::End(_) => {
                path.pop();
            }
            Event::Text(text) => {
                if let Some((name, value)) = values.last_mut()
                    && path.last() == Some(name)
                {
                    value.push_str(text.xml10_content().trim());
                }
            }
            Event::DocType(_) | Event::GeneralRef(_) | Event::CData(_) => return None,
            Event::Eof => break,
            _ => {}
        }
    }
    let get = |name: &str| values.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let number = |name: &str| get(name).map(str::parse::<u32>);
    if !root || !path.is_empty() {
        return None;
    }
    let resolution = number("XResolution").unwrap_or(Ok(300)).ok()?;
    if number("YResolution").unwrap_or(Ok(300)).ok()? != resolution {
        return None;
    }
    let source = match get("InputSource") {
        None | Some("Platen") => Source::Platen,
        Some("Feeder") => Source::Feeder,
        Some(_) => return None,
    };
    let tall = if source == Source::Platen { PLATEN_HEIGHT } else { FEEDER_HEIGHT };
    Some(Settings {
        source,
        color: match get("ColorMode") {
            None | Some("RGB24") => Color::Rgb24,
            Some("Grayscale8") => Color::Grayscale8,
            Some(_) => return None,
        },
        format: match get("DocumentFormatExt").or_else(|| get("DocumentFormat")) {
            Some("image/png") => Format::Png,
            None | Some("image/jpeg") => Format::Jpeg,
            Some(_) => return None,
        },
        resolution,
        region: (
            number("XOffset").unwrap_or(Ok(0)).ok()?,
            number("YOffset").unwrap_or(Ok(0)).ok()?,
            number("Width").unwrap_or(Ok(WIDTH)).ok()?,
            number("Height").unwrap_or(Ok(tall)).ok()?,
        ),
    })
}
