//! The run lengths that PWG raster and URF share (PWG 5102.4, 4.4): a repetition count in front of each line,
//! in it runs of equal dots and runs of different ones.

use std::io::{self, Read};

use super::invalid;

/// Lines of one bitmap, unpacked one after the other.
pub(super) struct Rows<'a, R> {
    document: &'a mut R,
    /// Dots as they were read.
    buffer: Vec<u8>,
    row: Vec<u8>,
    /// Octets of a dot; of eight dots where a dot is a bit.
    dot: usize,
    /// How often the line that was unpacked last is still to be given.
    repeats: u32,
    left: u32,
    blank: u8,
}

impl<'a, R: Read> Rows<'a, R> {
    pub fn new(document: &'a mut R, line: usize, dot: usize, height: u32, blank: u8) -> Self {
        Self { document, buffer: Vec::new(), row: vec![blank; line], dot, repeats: 0, left: height, blank }
    }

    fn exactly(&mut self, length: usize) -> io::Result<&[u8]> {
        self.buffer.resize(length, 0);
        self.document.read_exact(&mut self.buffer)?;
        Ok(&self.buffer)
    }

    fn byte(&mut self) -> io::Result<u8> {
        let mut byte = [0];
        self.document.read_exact(&mut byte)?;
        let [byte] = byte;
        Ok(byte)
    }

    /// The next line; `None` after the last.
    pub fn next(&mut self) -> io::Result<Option<&[u8]>> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        if self.repeats > 0 {
            self.repeats -= 1;
        } else {
            self.repeats = u32::from(self.byte()?);
            if self.repeats > self.left {
                return Err(invalid("a line is repeated past the end of its page"));
            }
            self.unpack()?;
        }
        Ok(Some(&self.row))
    }

    fn unpack(&mut self) -> io::Result<()> {
        let (mut at, dot) = (0, self.dot);
        let long = || invalid("a line has too many dots");
        while at < self.row.len() {
            let control = self.byte()?;
            match control {
                // The rest of the line is blank.
                128 => {
                    let blank = self.blank;
                    self.row.get_mut(at..).ok_or_else(long)?.fill(blank);
                    at = self.row.len();
                }
                0..=127 => {
                    let end = at + (usize::from(control) + 1) * dot;
                    self.exactly(dot)?;
                    let space = self.row.get_mut(at..end).ok_or_else(long)?;
                    for to in space.chunks_exact_mut(dot) {
                        to.copy_from_slice(&self.buffer);
                    }
                    at = end;
                }
                129..=255 => {
                    let length = (257 - usize::from(control)) * dot;
                    let end = at + length;
                    self.row.get_mut(at..end).ok_or_else(long)?;
                    self.exactly(length)?;
                    self.row.get_mut(at..end).ok_or_else(long)?.copy_from_slice(&self.buffer);
                    at = end;
                }
            }
        }
        Ok(())
    }
}
