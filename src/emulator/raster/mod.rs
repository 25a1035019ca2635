//! What printers are sent, read far enough to count its pages and to look at them: PWG raster (PWG 5102.4), URF
//! (Apple raster, no public specification \[C, cups-filters\]), and for the rest where their pages begin.

mod rows;
#[cfg(test)]
pub(super) mod tests;

use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufWriter, Read};
use std::path::PathBuf;

use self::rows::Rows;

/// Limits of one document: pages; dots of a page, both ways.
const PAGES: usize = 2000;
const DOTS: u32 = 40_000;
/// The largest page as dots times bytes: A3 at 1200 dpi in 16-bit colour is far below.
const PAGE: u64 = 4 << 30;

/// What a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Pwg,
    Urf,
    Pdf,
    Jpeg,
    PostScript,
    /// Something else.
    Other,
}

impl Format {
    /// What its first octets say; where they say nothing, what the client says.
    pub fn of(said: &str, start: &[u8]) -> Self {
        const STARTS: [(&[u8], Format); 6] = [
            (b"RaS2", Format::Pwg),
            (b"UNIRAST\0", Format::Urf),
            (b"%PDF-", Format::Pdf),
            (b"\xff\xd8\xff", Format::Jpeg),
            (b"%!", Format::PostScript),
            (b"\x1b%-12345", Format::Other),
        ];
        let known = STARTS.iter().find(|(magic, _)| start.starts_with(magic)).map(|(_, format)| *format);
        known.unwrap_or(match said {
            "image/pwg-raster" => Self::Pwg,
            "image/urf" => Self::Urf,
            "application/pdf" => Self::Pdf,
            "image/jpeg" => Self::Jpeg,
            _ => Self::Other,
        })
    }

    /// How its file's name ends.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Pwg => "pwg",
            Self::Urf => "urf",
            Self::Pdf => "pdf",
            Self::Jpeg => "jpg",
            Self::PostScript => "ps",
            Self::Other => "prn",
        }
    }
}

/// What dots are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Space {
    Gray,
    Rgb,
    /// One bit, 1 is black.
    Black,
    /// Counted, not drawn: bytes of one dot.
    Other(usize),
}

/// A page that was read to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Page {
    pub width: u32,
    pub height: u32,
    /// Dots per inch, across and along the feed.
    pub resolution: (u32, u32),
    pub space: Space,
    /// Whether its back side is used too, and is turned over the short edge.
    pub duplex: bool,
    pub tumble: bool,
}

impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.width == 0 {
            return f.write_str("not looked at");
        }
        let space = match self.space {
            Space::Gray => "gray".to_owned(),
            Space::Rgb => "rgb".to_owned(),
            Space::Black => "black".to_owned(),
            Space::Other(bytes) => format!("{bytes} bytes a dot"),
        };
        let sides = match (self.duplex, self.tumble) {
            (false, _) => "one-sided",
            (true, false) => "two-sided-long-edge",
            (true, true) => "two-sided-short-edge",
        };
        let (across, along) = self.resolution;
        write!(f, "{}x{} at {across}x{along} dpi, {space}, {sides}", self.width, self.height)
    }
}

fn invalid(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// Reads a document's pages, drawing each that can be drawn where `file` says.
pub(super) fn read(
    format: Format,
    document: &mut impl Read,
    file: impl Fn(usize) -> Option<PathBuf>,
    pages: &mut Vec<Page>,
) -> io::Result<()> {
    match format {
        Format::Pwg => pwg(document, file, pages),
        Format::Urf => urf(document, file, pages),
        Format::Pdf => count(document, pages),
        Format::Jpeg => {
            let mut end = Tail::default();
            io::copy(document, &mut end)?;
            // EOI; some cameras add zeros after it.
            if !end.0.windows(2).any(|pair| pair == [0xff, 0xd9]) {
                return Err(invalid("a JPEG image that breaks off"));
            }
            pages.push(unseen());
            Ok(())
        }
        Format::PostScript | Format::Other => {
            if io::copy(document, &mut io::sink())? > 0 {
                pages.push(unseen());
            }
            Ok(())
        }
    }
}

/// A page of which only is known that it is there.
fn unseen() -> Page {
    Page { width: 0, height: 0, resolution: (0, 0), space: Space::Other(0), duplex: false, tumble: false }
}

/// The last bytes that were written.
#[derive(Default)]
struct Tail(Vec<u8>);

impl io::Write for Tail {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(bytes);
        let surplus = self.0.len().saturating_sub(1024);
        self.0.drain(..surplus);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// PDF: `/Type /Page` objects, those in compressed object streams not counted (ISO 32000-1, 7.7.3.3). A document
/// without `%%EOF` near its end breaks off (7.5.5).
fn count(document: &mut impl Read, pages: &mut Vec<Page>) -> io::Result<()> {
    let mut window: Vec<u8> = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    let (mut seen, mut end) = (0usize, Tail::default());
    loop {
        let length = document.read(&mut buffer)?;
        let new = buffer.get(..length).unwrap_or_default();
        io::copy(&mut &*new, &mut end)?;
        window.extend_from_slice(new);
        // What could be the beginning of another one stays for the next round.
        let settled = if length == 0 { window.len() } else { window.len().saturating_sub(32) };
        seen += (0..settled).filter(|at| window.get(*at..).is_some_and(is_page)).count();
        window.drain(..settled);
        if length == 0 {
            break;
        }
    }
    if !end.0.windows(5).any(|part| part == b"%%EOF") {
        return Err(invalid("a PDF that breaks off"));
    }
    pages.extend(std::iter::repeat_n(unseen(), seen.clamp(1, PAGES)));
    Ok(())
}

fn is_page(text: &[u8]) -> bool {
    let Some(rest) = text.strip_prefix(b"/Type") else { return false };
    let rest = rest.trim_ascii_start();
    rest.strip_prefix(b"/Page").is_some_and(|after| !after.first().is_some_and(u8::is_ascii_alphanumeric))
}

/// All of a fixed size, or nothing where the document ends before it begins.
fn header<const SIZE: usize>(document: &mut impl Read) -> io::Result<Option<[u8; SIZE]>> {
    let mut header = [0; SIZE];
    let mut length = 0;
    while let Some(space) = header.get_mut(length..).filter(|space| !space.is_empty()) {
        match document.read(space)? {
            0 if length == 0 => return Ok(None),
            0 => return Err(invalid("a page header breaks off")),
            more => length += more,
        }
    }
    Ok(Some(header))
}

fn word(header: &[u8], at: usize) -> u32 {
    header.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_be_bytes)
}

/// PWG 5102.4, 4.3: a synchronisation word, then a header of 1796 octets and a bitmap for each page.
fn pwg(document: &mut impl Read, file: impl Fn(usize) -> Option<PathBuf>, pages: &mut Vec<Page>) -> io::Result<()> {
    if header::<4>(document)?.as_ref() != Some(b"RaS2") {
        return Err(invalid("no PWG raster"));
    }
    while let Some(header) = header::<1796>(document)? {
        if !header.starts_with(b"PwgRaster\0") {
            return Err(invalid("a page does not begin with PwgRaster"));
        }
        let (colors, bits) = (word(&header, 384), word(&header, 388));
        // 3 is black, 18 sGray, 1 and 19 RGB (Table 8).
        let space = match (word(&header, 400), colors, bits) {
            (3, 1, 1) => Space::Black,
            (18, 8, 8) => Space::Gray,
            (1 | 19 | 20, 8, 24) => Space::Rgb,
            (_, 8, bits @ 8..=120) | (_, 16, bits @ 16..=240) if bits % 8 == 0 => Space::Other(bits as usize / 8),
            _ => return Err(invalid("a colour space that no printer has")),
        };
        let page = Page {
            width: word(&header, 372),
            height: word(&header, 376),
            resolution: (word(&header, 276), word(&header, 280)),
            space,
            duplex: word(&header, 272) == 1,
            tumble: word(&header, 368) == 1,
        };
        let line = match space {
            Space::Black => page.width.div_ceil(8),
            _ => page.width.saturating_mul(bits / 8),
        };
        if word(&header, 392) != line {
            return Err(invalid("cupsBytesPerLine does not fit the width"));
        }
        draw(document, page, 0xff, &file, pages)?;
    }
    nonempty(pages)
}

/// `UNIRAST`, the number of pages, then a header of 32 octets and a bitmap for each.
fn urf(document: &mut impl Read, file: impl Fn(usize) -> Option<PathBuf>, pages: &mut Vec<Page>) -> io::Result<()> {
    let start = header::<12>(document)?.filter(|start| start.starts_with(b"UNIRAST\0"));
    let announced = start.map(|start| word(&start, 8)).ok_or(invalid("no URF"))?;
    while let Some(header) = header::<32>(document)? {
        let [bits, space, duplex, ..] = header;
        let space = match (bits, space) {
            (8, 0 | 4) => Space::Gray,
            (24, 1 | 3 | 5) => Space::Rgb,
            (8..=64, _) if bits % 8 == 0 => Space::Other(usize::from(bits) / 8),
            _ => return Err(invalid("a colour space that no printer has")),
        };
        let resolution = word(&header, 20);
        let page = Page {
            width: word(&header, 12),
            height: word(&header, 16),
            resolution: (resolution, resolution),
            space,
            // 1 is one side, 2 short edge, 3 long edge.
            duplex: matches!(duplex, 2 | 3),
            tumble: duplex == 2,
        };
        draw(document, page, 0xff, &file, pages)?;
    }
    // 0 is "unknown" for who streams.
    if announced != 0 && usize::try_from(announced) != Ok(pages.len()) {
        return Err(invalid("another number of pages than its head says"));
    }
    nonempty(pages)
}

fn nonempty(pages: &[Page]) -> io::Result<()> {
    if pages.is_empty() { Err(invalid("a document without a page")) } else { Ok(()) }
}

/// Reads a page's bitmap to its end, and draws it. The image appears under its name when it is whole.
fn draw(
    document: &mut impl Read,
    page: Page,
    blank: u8,
    file: &impl Fn(usize) -> Option<PathBuf>,
    pages: &mut Vec<Page>,
) -> io::Result<()> {
    let dot = match page.space {
        Space::Rgb => 3,
        Space::Other(bytes) => bytes,
        Space::Gray | Space::Black => 1,
    };
    let sane = (1..=DOTS).contains(&page.width) && (1..=DOTS * 4).contains(&page.height);
    if !sane || u64::from(page.width) * u64::from(page.height) * dot as u64 > PAGE || pages.len() >= PAGES {
        return Err(invalid("a page that is too large, or too many of them"));
    }
    let width = usize::try_from(page.width).unwrap_or(usize::MAX);
    let line = if page.space == Space::Black { width.div_ceil(8) } else { width * dot };
    // Nothing is blank ink, where 1 is black.
    let blank = if page.space == Space::Black { 0 } else { blank };
    let mut rows = Rows::new(document, line, dot, page.height, blank);
    let path = file(pages.len() + 1).filter(|_| !matches!(page.space, Space::Other(_)));
    match path {
        None => while rows.next()?.is_some() {},
        Some(path) => {
            let unfinished = path.with_extension("png.new");
            let image = BufWriter::new(File::create(&unfinished)?);
            let mut encoder = png::Encoder::new(image, page.width, page.height);
            encoder.set_compression(png::Compression::Fastest);
            encoder.set_depth(if page.space == Space::Black { png::BitDepth::One } else { png::BitDepth::Eight });
            encoder.set_color(if page.space == Space::Rgb { png::ColorType::Rgb } else { png::ColorType::Grayscale });
            let meter = |dpi: u32| u32::try_from(u64::from(dpi) * 10_000 / 254).unwrap_or(0);
            let (xppu, yppu) = (meter(page.resolution.0), meter(page.resolution.1));
            encoder.set_pixel_dims(Some(png::PixelDimensions { xppu, yppu, unit: png::Unit::Meter }));
            let mut writer = encoder.write_header()?.into_stream_writer()?;
            let mut inverted = Vec::new();
            while let Some(row) = rows.next()? {
                if page.space == Space::Black {
                    inverted.clear();
                    inverted.extend(row.iter().map(|bits| !bits));
                    io::Write::write_all(&mut writer, &inverted)?;
                } else {
                    io::Write::write_all(&mut writer, row)?;
                }
            }
            writer.finish()?;
            fs::rename(unfinished, path)?;
        }
    }
    pages.push(page);
    Ok(())
}
