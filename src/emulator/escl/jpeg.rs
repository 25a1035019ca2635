//! A plain JPEG writer (ITU-T T.81, baseline, no subsampling) for clients that take nothing else. All quantization
//! steps are 1, so that little is lost; the Huffman codes are all of one length, so that the tables are short.

use std::f32::consts::PI;
use std::io::{self, Write};

use super::picture::line;
use super::settings::{Color, Settings};

/// Zigzag order (T.81, Figure 5): where the k-th coefficient is in the block.
const ZIGZAG: [usize; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21,
    28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54,
    47, 55, 62, 63,
];

/// Bits of a DC symbol and of an AC symbol.
const DC_BITS: u32 = 4;
const AC_BITS: u32 = 8;

/// The AC symbols: end of block, sixteen zeros, and every run of up to 15 zeros before a value of 1 to 10 bits.
fn ac_symbols() -> Vec<u8> {
    let runs = (0..16u8).flat_map(|run| (1..=10u8).map(move |bits| run << 4 | bits));
    [0x00, 0xf0].into_iter().chain(runs).collect()
}

pub(super) fn encode(settings: &Settings, page: u32, to: &mut Vec<u8>) -> io::Result<()> {
    let (width, height) = settings.size();
    let components: u8 = if settings.color == Color::Rgb24 { 3 } else { 1 };
    heads(width, height, components, to)?;
    let symbols = ac_symbols();
    let mut codes = [0u32; 256];
    for (code, symbol) in (0..).zip(&symbols) {
        if let Some(place) = codes.get_mut(usize::from(*symbol)) {
            *place = code;
        }
    }
    let cosines: [[f32; 8]; 8] = std::array::from_fn(|u| {
        std::array::from_fn(|x| {
            let scale = if u == 0 { (1.0f32 / 8.0).sqrt() } else { 0.5 };
            scale * ((2 * x + 1) as f32 * u as f32 * PI / 16.0).cos()
        })
    });
    let mut bits = Bits { to, held: 0, count: 0 };
    let mut last = [0i32; 3];
    let (mut rows, mut row) = (vec![Vec::new(); 8], Vec::new());
    for top in (0..height).step_by(8) {
        for (at, kept) in (0..8).zip(&mut rows) {
            // Past the edge the last line and the last dot go on.
            line(settings, page, (top + at).min(height - 1), &mut row);
            kept.clone_from(&row);
        }
        for left in (0..width).step_by(8) {
            for (component, last) in (0..usize::from(components)).zip(&mut last) {
                let samples: [[f32; 8]; 8] = std::array::from_fn(|y| {
                    std::array::from_fn(|x| {
                        let column = (left as usize + x).min(width as usize - 1);
                        let dots = rows.get(y).map_or(&[][..], Vec::as_slice);
                        sample(dots, column, component, components)
                    })
                });
                block(&samples, &cosines, &codes, last, &mut bits);
            }
        }
    }
    bits.finish();
    to.extend([0xff, 0xd9]);
    Ok(())
}

/// One component of a dot, around 0 (JFIF 1.02: ITU-R BT.601, full range).
fn sample(row: &[u8], column: usize, component: usize, components: u8) -> f32 {
    let at = |offset: usize| row.get(column * usize::from(components) + offset).copied().map_or(0.0, f32::from);
    if components == 1 {
        return at(0) - 128.0;
    }
    let (red, green, blue) = (at(0), at(1), at(2));
    match component {
        0 => 0.299 * red + 0.587 * green + 0.114 * blue - 128.0,
        1 => -0.168_736 * red - 0.331_264 * green + 0.5 * blue,
        _ => 0.5 * red - 0.418_688 * green - 0.081_312 * blue,
    }
}

/// Everything in front of the coded blocks.
fn heads(width: u32, height: u32, components: u8, to: &mut Vec<u8>) -> io::Result<()> {
    let short = |value: u32| {
        u16::try_from(value).map(u16::to_be_bytes).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))
    };
    let mut segment = |marker: u8, content: &[u8]| -> io::Result<()> {
        to.write_all(&[0xff, marker])?;
        if marker != 0xd8 {
            to.write_all(&short(u32::try_from(content.len() + 2).unwrap_or(u32::MAX))?)?;
        }
        to.write_all(content)
    };
    segment(0xd8, &[])?;
    segment(0xe0, b"JFIF\0\x01\x02\0\0\x01\0\x01\0\0")?;
    segment(0xdb, &[&[0u8][..], &[1; 64]].concat())?;
    let mut frame = vec![8];
    frame.extend(short(height)?);
    frame.extend(short(width)?);
    frame.push(components);
    frame.extend((1..=components).flat_map(|id| [id, 0x11, 0]));
    segment(0xc0, &frame)?;
    for (class, bits, symbols) in [(0x00, DC_BITS, (0..12).collect()), (0x10, AC_BITS, ac_symbols())] {
        let counts =
            (1..=16u32).map(|length| if length == bits { u8::try_from(symbols.len()).unwrap_or(0) } else { 0 });
        let mut table: Vec<u8> = vec![class];
        table.extend(counts);
        table.extend(symbols);
        segment(0xc4, &table)?;
    }
    let mut scan = vec![components];
    scan.extend((1..=components).flat_map(|id| [id, 0]));
    scan.extend([0, 63, 0]);
    segment(0xda, &scan)
}

fn block(samples: &[[f32; 8]; 8], cosines: &[[f32; 8]; 8], codes: &[u32; 256], last: &mut i32, bits: &mut Bits<'_>) {
    let dot = |one: &[f32; 8], other: &[f32; 8]| one.iter().zip(other).map(|(a, b)| a * b).sum::<f32>();
    // Along the lines, then along the columns.
    let half: [[f32; 8]; 8] = std::array::from_fn(|u| std::array::from_fn(|y| dot(pick(cosines, u), pick(samples, y))));
    let coefficient = |at: usize| {
        let value = dot(pick(cosines, at / 8), pick(&half, at % 8)).round();
        (value.clamp(-1024.0, 1023.0)) as i32
    };
    let mut zeros = 0;
    for (k, at) in ZIGZAG.iter().enumerate() {
        let value = coefficient(*at);
        if k == 0 {
            let difference = value - *last;
            *last = value;
            let size = size(difference);
            bits.push(size, DC_BITS);
            bits.value(difference, size);
        } else if value == 0 {
            zeros += 1;
        } else {
            let value = value.clamp(-1023, 1023);
            while zeros > 15 {
                bits.push(code(codes, 0xf0), AC_BITS);
                zeros -= 16;
            }
            let size = size(value);
            bits.push(code(codes, zeros << 4 | size), AC_BITS);
            bits.value(value, size);
            zeros = 0;
        }
    }
    if zeros > 0 {
        bits.push(code(codes, 0), AC_BITS);
    }
}

fn pick(rows: &[[f32; 8]; 8], at: usize) -> &[f32; 8] {
    const NOTHING: [f32; 8] = [0.0; 8];
    rows.get(at).unwrap_or(&NOTHING)
}

fn code(codes: &[u32; 256], symbol: u32) -> u32 {
    codes.get(symbol as usize).copied().unwrap_or(0)
}

/// How many bits a value needs (T.81, Table F.1).
fn size(value: i32) -> u32 {
    32 - value.unsigned_abs().leading_zeros()
}

struct Bits<'a> {
    to: &'a mut Vec<u8>,
    held: u32,
    count: u32,
}

impl Bits<'_> {
    fn push(&mut self, value: u32, length: u32) {
        for at in (0..length).rev() {
            self.held = self.held << 1 | (value >> at & 1);
            self.count += 1;
            if self.count == 8 {
                let byte = u8::try_from(self.held & 0xff).unwrap_or(0);
                self.to.push(byte);
                // A zero is stuffed after 0xff (T.81, F.1.2.3).
                if byte == 0xff {
                    self.to.push(0);
                }
                (self.held, self.count) = (0, 0);
            }
        }
    }

    /// The value's own bits: one's complement where it is negative (T.81, F.1.2.1).
    fn value(&mut self, value: i32, size: u32) {
        let own = if value < 0 { value - 1 } else { value };
        self.push(own.cast_unsigned() & ((1 << size) - 1), size);
    }

    /// Fills the last byte with ones.
    fn finish(&mut self) {
        if self.count > 0 {
            self.push(0x7f, 8 - self.count);
        }
    }
}
