//! What lies on the glass and in the feeder: a picture worked out dot by dot, the same at every scan, so that a
//! client's file can be compared with it. Whoever turns, shifts, scales or cuts it is found out.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::ops::Range;
use std::path::Path;

use super::settings::{Color, Format, Settings};

/// Where the noise is, both ways, in hundredths of an inch.
const NOISE: Range<u32> = 200..350;

/// Dots in hundredths of an inch.
fn hundredths(resolution: u32, dots: u32) -> u32 {
    dots * 100 / resolution
}

/// The picture as a client gets it. `copy` gets the same dots as PNG, whatever the client's format.
pub(super) fn scan(settings: &Settings, page: u32, copy: Option<&Path>) -> io::Result<Vec<u8>> {
    let mut image = Vec::new();
    match settings.format {
        Format::Png => encode(settings, page, &mut image)?,
        Format::Jpeg => super::jpeg::encode(settings, page, &mut image)?,
    }
    if let Some(copy) = copy {
        if let Some(folder) = copy.parent() {
            fs::create_dir_all(folder)?;
        }
        let unfinished = copy.with_extension("png.new");
        match settings.format {
            Format::Png => fs::write(&unfinished, &image)?,
            Format::Jpeg => encode(settings, page, BufWriter::new(File::create(&unfinished)?))?,
        }
        fs::rename(unfinished, copy)?;
    }
    Ok(image)
}

fn encode(settings: &Settings, page: u32, to: impl Write) -> io::Result<()> {
    let (width, height) = settings.size();
    let mut encoder = png::Encoder::new(to, width, height);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    encoder.set_color(match settings.color {
        Color::Rgb24 => png::ColorType::Rgb,
        Color::Grayscale8 => png::ColorType::Grayscale,
    });
    let meter = u32::try_from(u64::from(settings.resolution) * 10_000 / 254).unwrap_or(0);
    encoder.set_pixel_dims(Some(png::PixelDimensions { xppu: meter, yppu: meter, unit: png::Unit::Meter }));
    let mut writer = encoder.write_header()?;
    let mut lines = writer.stream_writer()?;
    let (mut row, mut drawn) = (Vec::new(), None);
    for y in 0..height {
        // Lines that show the same hundredth of an inch are the same, but for the noise.
        let down = hundredths(settings.resolution, settings.dots(settings.region.1) + y);
        if drawn != Some(down) || NOISE.contains(&down) {
            line(settings, page, y, &mut row);
            drawn = Some(down);
        }
        lines.write_all(&row)?;
    }
    lines.finish()?;
    Ok(writer.finish()?)
}

/// One line of the region.
pub(super) fn line(settings: &Settings, page: u32, y: u32, row: &mut Vec<u8>) {
    row.clear();
    let (width, _) = settings.size();
    let (left, top) = (settings.dots(settings.region.0), settings.dots(settings.region.1));
    for x in 0..width {
        let dot = dot(settings.resolution, page, left + x, top + y);
        match settings.color {
            Color::Rgb24 => row.extend(dot),
            Color::Grayscale8 => {
                // Rec. 601, in whole numbers.
                let [red, green, blue] = dot.map(u32::from);
                row.push(u8::try_from((red * 299 + green * 587 + blue * 114) / 1000).unwrap_or(255));
            }
        }
    }
}

/// One dot of the whole sheet, by its place at this resolution: a gradient of two colours; over it a grid every
/// half inch; as many black bars at the top as the page's number; noise in a square that nothing compresses;
/// its upper corners red and green.
fn dot(resolution: u32, page: u32, x: u32, y: u32) -> [u8; 3] {
    let (across, down) = (hundredths(resolution, x), hundredths(resolution, y));
    let byte = |value: u32| u8::try_from(value & 0xff).unwrap_or(0);
    let corner = |near: u32| near < 40;
    if corner(across) && corner(down) {
        return [255, 0, 0];
    }
    if across >= 800 && corner(down) {
        return [0, 160, 0];
    }
    if (100..150).contains(&down) && across >= 100 && (across - 100) / 50 < page * 2 && ((across - 100) / 50) % 2 == 0 {
        return [0, 0, 0];
    }
    if NOISE.contains(&across) && NOISE.contains(&down) {
        let mut noise = x.wrapping_mul(0x9e37_79b1) ^ y.wrapping_mul(0x85eb_ca77) ^ page;
        noise ^= noise >> 15;
        noise = noise.wrapping_mul(0x2c1b_3c6d);
        noise ^= noise >> 12;
        return [byte(noise), byte(noise >> 8), byte(noise >> 16)];
    }
    if across % 50 == 0 || down % 50 == 0 {
        return [40, 40, 40];
    }
    [byte(255 - across * 180 / 850), byte(255 - down * 160 / 1400), byte(120 + (across + down) / 20)]
}
