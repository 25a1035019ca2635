//! Settings and the picture.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use proptest::prelude::*;

use super::settings::*;

/// What sane-airscan sends, with these settings.
pub(in crate::emulator) fn document(source: &str, mime: &str, resolution: u32, size: (u32, u32)) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<scan:ScanSettings xmlns:pwg=\"{PWG}\" xmlns:scan=\"{SCAN}\"><pwg:Version>2.0</pwg:Version><pwg:ScanRegions><pwg:ScanRegion><pwg:ContentRegionUnits>escl:ThreeHundredthsOfInches</pwg:ContentRegionUnits><pwg:XOffset>0</pwg:XOffset><pwg:YOffset>0</pwg:YOffset><pwg:Width>{}</pwg:Width><pwg:Height>{}</pwg:Height></pwg:ScanRegion></pwg:ScanRegions><pwg:InputSource>{source}</pwg:InputSource><scan:ColorMode>RGB24</scan:ColorMode><pwg:DocumentFormat>{mime}</pwg:DocumentFormat><scan:DocumentFormatExt>{mime}</scan:DocumentFormatExt><scan:XResolution>{resolution}</scan:XResolution><scan:YResolution>{resolution}</scan:YResolution></scan:ScanSettings>",
        size.0, size.1
    )
}

#[test]
fn settings_are_read() {
    let settings = read(document("Feeder", "image/png", 200, (2550, 3300)).as_bytes()).unwrap();
    let region = (0, 0, 2550, 3300);
    let expected =
        Settings { source: Source::Feeder, color: Color::Rgb24, format: Format::Png, resolution: 200, region };
    assert_eq!(settings, expected);
    assert!(settings.possible());
    assert_eq!(settings.size(), (1700, 2200));
}

#[test]
fn what_is_no_settings() {
    let good = document("Platen", "image/jpeg", 300, (100, 100));
    assert!(read(good.as_bytes()).is_some());
    for (from, to) in [
        ("ScanSettings", "ScanSetting"),
        ("Platen", "Camera"),
        ("RGB24", "RGB48"),
        ("image/jpeg", "image/webp"),
        ("<scan:XResolution>300", "<scan:XResolution>600"),
        (PWG, "http://example.com/"),
        ("<pwg:Version>2.0", "<pwg:Version>&x;"),
        ("<pwg:Width>100", "<pwg:Width>-1"),
    ] {
        assert!(read(good.replace(from, to).as_bytes()).is_none(), "{to}");
    }
    let deep = good.replace("<pwg:Version>", &format!("{}<pwg:Version>", "<pwg:A>".repeat(100)));
    assert!(read(deep.as_bytes()).is_none());
    let impossible =
        |resolution, size| !read(document("Platen", "image/png", resolution, size).as_bytes()).unwrap().possible();
    assert!(impossible(301, (100, 100)));
    assert!(impossible(300, (2551, 100)));
    assert!(impossible(300, (100, u32::MAX)));
    assert!(impossible(300, (1, 100)));
}

#[test]
fn the_picture_is_the_same_wherever_it_is_cut() {
    let scan = |region| {
        let (source, color, format) = (Source::Platen, Color::Rgb24, Format::Png);
        let settings = Settings { source, color, format, resolution: 100, region };
        let mut lines = Vec::new();
        for y in 0..settings.size().1 {
            let mut row = Vec::new();
            super::picture::line(&settings, 1, y, &mut row);
            lines.push(row);
        }
        lines
    };
    let whole = scan((0, 0, 1500, 1500));
    let part = scan((600, 300, 600, 900));
    for (y, row) in part.iter().enumerate() {
        assert_eq!(row[..], whole[y + 100][200 * 3..400 * 3], "{y}");
    }
    assert_ne!(whole[10][..], whole[400][..]);
}

#[test]
fn what_is_sent_is_every_line_of_the_picture() {
    let (source, color, format) = (Source::Feeder, Color::Rgb24, Format::Png);
    for (resolution, page) in [(75, 1), (300, 2), (600, 3)] {
        let settings = Settings { source, color, format, resolution, region: (580, 170, 60, 1000) };
        let image = super::picture::scan(&settings, page, None).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(image)).read_info().unwrap();
        for y in 0..settings.size().1 {
            let mut expected = Vec::new();
            super::picture::line(&settings, page, y, &mut expected);
            assert_eq!(reader.next_row().unwrap().unwrap().data(), expected, "line {y} at {resolution}");
        }
    }
}

#[test]
fn a_jpeg_has_its_marks() {
    let (source, color, format) = (Source::Platen, Color::Grayscale8, Format::Jpeg);
    let settings = Settings { source, color, format, resolution: 75, region: (0, 0, 200, 100) };
    let jpeg = super::picture::scan(&settings, 1, None).unwrap();
    assert!(jpeg.starts_with(b"\xff\xd8\xff\xe0\0\x10JFIF\0") && jpeg.ends_with(b"\xff\xd9"));
    let frame = jpeg.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
    assert_eq!(jpeg[frame + 4..frame + 9], [8, 0, 25, 0, 50]);
}

proptest! {
    #[test]
    fn any_document_is_settings_or_refused(text in "(<|>|/|scan:|pwg:|ScanSettings|Width| |\"|=|xmlns|[0-9]{1,9}|&|;){0,60}") {
        let _ = read(text.as_bytes());
    }
}
