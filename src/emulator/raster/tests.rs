//! Rasters made here, read back.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use proptest::prelude::*;

use super::*;

/// A page header of PWG raster, `space` and bits as in PWG 5102.4, Table 8.
pub(in crate::emulator) fn header(width: u32, height: u32, space: u32, bits: u32) -> Vec<u8> {
    let mut header = vec![0; 1796];
    header[..9].copy_from_slice(b"PwgRaster");
    let line = (width * bits).div_ceil(8);
    let color = bits.min(8);
    for (at, value) in [
        (272, 1),
        (276, 300),
        (280, 300),
        (372, width),
        (376, height),
        (384, color),
        (388, bits),
        (392, line),
        (400, space),
    ] {
        header[at..at + 4].copy_from_slice(&u32::to_be_bytes(value));
    }
    header
}

/// Two lines of four dots, three times over: white to the end, then red, and two that differ.
pub(in crate::emulator) fn page() -> Vec<u8> {
    let mut bytes = header(4, 4, 19, 24);
    bytes.extend([2, 128]);
    bytes.extend([0, 1, 255, 0, 0, 255, 1, 2, 3, 4, 5, 6]);
    bytes
}

fn read_all(format: Format, document: &[u8], folder: Option<&std::path::Path>) -> (io::Result<()>, Vec<Page>) {
    let mut pages = Vec::new();
    let file = |number: usize| folder.map(|folder| folder.join(format!("{number}.png")));
    (read(format, &mut &*document, file, &mut pages), pages)
}

#[test]
fn pwg_pages_and_their_dots() {
    let folder = tempfile::tempdir().unwrap();
    let document = [&b"RaS2"[..], &page(), &page()].concat();
    let (result, pages) = read_all(Format::of("", &document), &document, Some(folder.path()));
    result.unwrap();
    assert_eq!(pages.len(), 2);
    assert_eq!(pages[0].to_string(), "4x4 at 300x300 dpi, rgb, two-sided-long-edge");
    let image = std::io::BufReader::new(File::open(folder.path().join("2.png")).unwrap());
    let mut reader = png::Decoder::new(image).read_info().unwrap();
    let mut dots = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut dots).unwrap();
    assert_eq!(dots[..36], [255; 36]);
    assert_eq!(dots[36..], [255, 0, 0, 255, 0, 0, 1, 2, 3, 4, 5, 6]);
}

#[test]
fn every_cut_is_noticed() {
    let document = [&b"RaS2"[..], &page(), &page()].concat();
    let first = 4 + page().len();
    for length in 0..document.len() {
        let (result, pages) = read_all(Format::Pwg, &document[..length], None);
        // Between two pages a PWG raster may end; only HTTP knows better.
        assert_eq!(result.is_ok(), length == first, "{length}");
        assert_eq!(pages.len(), usize::from(length >= first), "{length}");
    }
}

#[test]
fn urf_knows_its_number_of_pages() {
    let mut document = b"UNIRAST\0\0\0\0\x01".to_vec();
    let mut header = vec![8, 4, 1, 4];
    header.resize(32, 0);
    for (at, value) in [(12, 3u32), (16, 2), (20, 600)] {
        header[at..at + 4].copy_from_slice(&value.to_be_bytes());
    }
    document.extend(header);
    document.extend([1, 254, 7, 8, 9]);
    let (result, pages) = read_all(Format::of("", &document), &document, None);
    result.unwrap();
    assert_eq!(pages[0].to_string(), "3x2 at 600x600 dpi, gray, one-sided");
    document[11] = 2;
    assert!(read_all(Format::Urf, &document, None).0.is_err());
}

#[test]
fn what_no_printer_takes() {
    let with = |at: usize, value: u32| {
        let mut page = page();
        page[at..at + 4].copy_from_slice(&value.to_be_bytes());
        read_all(Format::Pwg, &[&b"RaS2"[..], &page].concat(), None).0.unwrap_err().to_string()
    };
    assert_eq!(with(372, 5), "cupsBytesPerLine does not fit the width");
    assert_eq!(with(376, u32::MAX), "a page that is too large, or too many of them");
    assert_eq!(with(376, 2), "a line is repeated past the end of its page");
    assert_eq!(with(388, 7), "a colour space that no printer has");
    let mut long = page();
    long[1797] = 5;
    let long = [&b"RaS2"[..], &long].concat();
    assert_eq!(read_all(Format::Pwg, &long, None).0.unwrap_err().to_string(), "a line has too many dots");
}

#[test]
fn pdf_and_jpeg() {
    let pdf = format!("%PDF-1.4\n<</Type /Pages>>{}<</Type/Page>>\n<< /Type /Page /X 1>>\n%%EOF\n", " ".repeat(70_000));
    let (result, pages) = read_all(Format::of("", pdf.as_bytes()), pdf.as_bytes(), None);
    result.unwrap();
    assert_eq!(pages.len(), 2);
    assert!(read_all(Format::Pdf, &pdf.as_bytes()[..pdf.len() - 10], None).0.is_err());
    let jpeg = b"\xff\xd8\xff\xe0...\xff\xd9";
    assert_eq!(Format::of("application/octet-stream", jpeg), Format::Jpeg);
    assert!(read_all(Format::Jpeg, jpeg, None).0.is_ok());
    assert!(read_all(Format::Jpeg, &jpeg[..6], None).0.is_err());
}

proptest! {
    #[test]
    fn any_bitmap_ends(bytes in proptest::collection::vec(any::<u8>(), 0..300), width in 1u32..40, height in 1u32..40) {
        let document = [&b"RaS2"[..], &header(width, height, 18, 8), &bytes].concat();
        let _ = read_all(Format::Pwg, &document, None);
    }

    #[test]
    fn any_bytes_end(bytes in proptest::collection::vec(any::<u8>(), 0..3000)) {
        for format in [Format::Pwg, Format::Urf, Format::Pdf, Format::Jpeg, Format::Other] {
            let _ = read_all(format, &bytes, None);
        }
        let _ = read_all(Format::Urf, &[&b"UNIRAST\0\0\0\0\0"[..], &bytes].concat(), None);
    }
}
