//! Paper, ink and type: a page as an image of 100 dots per inch.

use std::io::{BufWriter, Write as _};
use std::path::Path;

use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster, get_raster_width};

pub(super) use super::report::compose;

/// The sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Paper {
    A4,
    Letter,
}

impl Paper {
    /// Width and height in dots at 100 dpi.
    fn size(self) -> (usize, usize) {
        match self {
            Self::A4 => (827, 1169),
            Self::Letter => (850, 1100),
        }
    }
}

const WHITE: u8 = 255;
pub(super) const BLACK: u8 = 0;
pub(super) const GREY: u8 = 90;
const BAND: u8 = 226;
const RULE: u8 = 150;
const MARGIN: usize = 58;
/// Where values begin, from the left margin.
const VALUES: usize = 300;
const LINE: usize = 21;

/// How a piece of text looks.
#[derive(Clone, Copy)]
pub(super) struct Type {
    weight: FontWeight,
    size: RasterHeight,
}

pub(super) const TITLE: Type = Type { weight: FontWeight::Bold, size: RasterHeight::Size32 };
pub(super) const SUBTITLE: Type = Type { weight: FontWeight::Regular, size: RasterHeight::Size20 };
pub(super) const HEADING: Type = Type { weight: FontWeight::Bold, size: RasterHeight::Size20 };
pub(super) const TEXT: Type = Type { weight: FontWeight::Regular, size: RasterHeight::Size16 };
pub(super) const STRONG: Type = Type { weight: FontWeight::Bold, size: RasterHeight::Size16 };

impl Type {
    fn width(self, text: &str) -> usize {
        text.chars().count() * get_raster_width(self.weight, self.size)
    }
}

/// A sheet that is being printed, from the top down.
pub(super) struct Page {
    width: usize,
    height: usize,
    dots: Vec<u8>,
    /// The next free line.
    y: usize,
    /// Its fields, to be read without eyes.
    fields: Vec<String>,
}

impl Page {
    pub fn new(paper: Paper) -> Self {
        let (width, height) = paper.size();
        Self { width, height, dots: vec![WHITE; width * height], y: MARGIN, fields: Vec::new() }
    }

    fn dot(&mut self, x: usize, y: usize, shade: u8) {
        if x < self.width
            && let Some(dot) = self.dots.get_mut(y * self.width + x)
        {
            *dot = (*dot).min(shade);
        }
    }

    fn fill(&mut self, (x, y): (usize, usize), (width, height): (usize, usize), shade: u8) {
        for row in y..y + height {
            for column in x..x + width {
                self.dot(column, row, shade);
            }
        }
    }

    fn frame(&mut self, (x, y): (usize, usize), (width, height): (usize, usize), shade: u8) {
        self.fill((x, y), (width, 1), shade);
        self.fill((x, y + height - 1), (width, 1), shade);
        self.fill((x, y), (1, height), shade);
        self.fill((x + width - 1, y), (1, height), shade);
    }

    fn text(&mut self, (x, y): (usize, usize), text: &str, font: Type, ink: u8) {
        let advance = get_raster_width(font.weight, font.size);
        for (at, character) in text.chars().enumerate() {
            let Some(raster) =
                get_raster(character, font.weight, font.size).or_else(|| get_raster('?', font.weight, font.size))
            else {
                continue;
            };
            for (row, line) in raster.rows().enumerate() {
                for (column, intensity) in line.iter().enumerate() {
                    if *intensity > 0 {
                        let shade = 255 - u16::from(*intensity) * u16::from(255 - ink) / 255;
                        self.dot(x + at * advance + column, y + row, u8::try_from(shade).unwrap_or(0));
                    }
                }
            }
        }
    }

    /// What its fields say, a line for each.
    pub fn text_of_fields(&self) -> String {
        self.fields.join("\n")
    }

    fn inner(&self) -> usize {
        self.width - 2 * MARGIN
    }

    /// The head of the sheet: what it is, whose it is, and a rule.
    pub fn head(&mut self, title: &str, product: &str, number: &str) {
        self.text((MARGIN, self.y), title, TITLE, BLACK);
        self.y += 42;
        self.text((MARGIN, self.y), product, SUBTITLE, BLACK);
        let right = MARGIN + self.inner();
        self.text((right.saturating_sub(SUBTITLE.width(number)), self.y), number, SUBTITLE, GREY);
        self.y += 30;
        self.fill((MARGIN, self.y), (self.inner(), 3), BLACK);
        self.y += 16;
    }

    /// A section's heading on a grey band.
    pub fn section(&mut self, heading: &str) {
        self.y += 8;
        self.fill((MARGIN, self.y), (self.inner(), 26), BAND);
        self.fill((MARGIN, self.y), (5, 26), BLACK);
        self.text((MARGIN + 14, self.y + 3), heading, HEADING, BLACK);
        self.y += 33;
    }

    /// A field: what, and its value, which is broken into lines where it is long.
    pub fn field(&mut self, name: &str, value: &str) {
        self.fields.push(format!("{name}: {value}"));
        self.text((MARGIN + 14, self.y), name, TEXT, BLACK);
        let columns = (self.inner() - VALUES) / get_raster_width(STRONG.weight, STRONG.size);
        for line in wrap(value, columns) {
            self.text((MARGIN + VALUES, self.y), &line, STRONG, BLACK);
            self.y += LINE;
        }
    }

    /// A paragraph over the whole width.
    pub fn paragraph(&mut self, text: &str) {
        let columns = (self.inner() - 14) / get_raster_width(TEXT.weight, TEXT.size);
        for line in wrap(text, columns) {
            self.text((MARGIN + 14, self.y), &line, TEXT, BLACK);
            self.y += LINE;
        }
    }

    /// A table: columns as (heading, width in hundredths of the page), then rows; the last column is strong.
    pub fn table(&mut self, columns: &[(&str, usize)], rows: &[&[&str]]) {
        let (left, width) = (MARGIN + 14, self.inner() - 14);
        let top = self.y;
        let height = (rows.len() + 1) * (LINE + 6);
        self.fill((left, top), (width, LINE + 6), BAND);
        let head: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
        for (at, row) in std::iter::once(head.as_slice()).chain(rows.iter().copied()).enumerate() {
            let mut x = left;
            for ((cell, (_, share)), column) in row.iter().zip(columns).zip(1..) {
                let font = if at == 0 || column == columns.len() { STRONG } else { TEXT };
                self.text((x + 8, self.y + 5), cell, font, BLACK);
                x += width * share / 100;
            }
            self.y += LINE + 6;
            self.fill((left, self.y), (width, 1), RULE);
        }
        let mut x = left;
        for (_, share) in columns.iter().take(columns.len() - 1) {
            x += width * share / 100;
            self.fill((x, top), (1, height), RULE);
        }
        self.frame((left, top), (width, height + 1), BLACK);
        self.y += 12;
    }

    /// A result in a frame of its own.
    pub fn verdict(&mut self, text: &str) {
        self.y += 2;
        let height = 40;
        self.frame((MARGIN, self.y), (self.inner(), height), BLACK);
        self.frame((MARGIN + 1, self.y + 1), (self.inner() - 2, height - 2), BLACK);
        self.text((MARGIN + 16, self.y + 10), text, HEADING, BLACK);
        self.y += height + 10;
    }

    /// Bars of ink in shades, as a status report has them.
    pub fn bars(&mut self, shades: &[(&str, u8)]) {
        let width = (self.inner() - 14) / shades.len().max(1);
        for (at, (name, shade)) in shades.iter().enumerate() {
            let x = MARGIN + 14 + at * width;
            self.fill((x, self.y), (width - 12, 46), *shade);
            self.frame((x, self.y), (width - 12, 46), BLACK);
            self.text((x, self.y + 52), name, TEXT, GREY);
        }
        self.y += 52 + LINE + 4;
    }

    /// The foot, and the sheet's outer frame.
    pub fn foot(&mut self, text: &str) {
        let y = self.height - MARGIN;
        self.fill((MARGIN, y - 8), (self.inner(), 1), RULE);
        let x = (self.width.saturating_sub(TEXT.width(text))) / 2;
        self.text((x, y), text, TEXT, GREY);
        self.frame((22, 22), (self.width - 44, self.height - 44), RULE);
    }

    #[cfg(test)]
    pub fn overflows(&self) -> bool {
        self.y > self.height - MARGIN - 8
    }
}

/// Lines of at most `columns` characters, broken at spaces where there are any.
fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut length = 0;
    for word in text.split(' ') {
        let mut word: Vec<char> = word.chars().collect();
        if length > 0 && length + 1 + word.len() > columns {
            lines.push(std::mem::take(&mut line));
            length = 0;
        }
        if length > 0 {
            line.push(' ');
            length += 1;
        }
        while length + word.len() > columns {
            line.extend(word.drain(..columns - length));
            lines.push(std::mem::take(&mut line));
            length = 0;
        }
        length += word.len();
        line.extend(word);
    }
    lines.push(line);
    lines
}

/// Writes the page as PNG. It is complete when it has its name.
pub(super) fn write(path: &Path, page: &Page) -> std::io::Result<()> {
    let unfinished = path.with_extension("png.part");
    let file = BufWriter::new(std::fs::File::create(&unfinished)?);
    let (width, height) = (u32::try_from(page.width), u32::try_from(page.height));
    let mut encoder = png::Encoder::new(file, width.unwrap_or(1), height.unwrap_or(1));
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    // 100 dots per inch.
    encoder.set_pixel_dims(Some(png::PixelDimensions { xppu: 3937, yppu: 3937, unit: png::Unit::Meter }));
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&page.dots)?;
    writer.finish()?;
    std::fs::File::open(&unfinished)?.flush()?;
    std::fs::rename(unfinished, path)
}
