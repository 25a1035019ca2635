//! Where a chunked body ends (RFC 9112, 7.1). hyper decodes it; this only counts along.

use super::error::Error;

/// The most bytes of chunk extensions and trailers in one body.
const AROUND_LIMIT: usize = 16 << 10;

/// A place in a chunked body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    SizeStart,
    Size,
    SizeSpace,
    Extension,
    SizeLf,
    Data,
    DataCr,
    DataLf,
    /// At the start of a trailer line, or of the empty line that ends the body.
    Line,
    Trailer,
    TrailerLf,
    LastLf,
    Ended,
}

/// Follows a chunked body through its bytes.
#[derive(Debug)]
pub(super) struct Chunked {
    at: At,
    size: u64,
    around: usize,
}

impl Chunked {
    pub(super) fn new() -> Self {
        Self { at: At::SizeStart, size: 0, around: 0 }
    }

    pub(super) fn ended(&self) -> bool {
        self.at == At::Ended
    }

    /// Goes on through these bytes. Gives how many of them belong to the body.
    pub(super) fn advance(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        let mut rest = bytes;
        while !self.ended() {
            if self.at == At::Data {
                let now = usize::try_from(self.size).map_or(rest.len(), |size| size.min(rest.len()));
                self.size -= now as u64;
                rest = rest.get(now..).unwrap_or_default();
                if self.size > 0 {
                    break;
                }
                self.at = At::DataCr;
            }
            let Some((byte, after)) = rest.split_first() else { break };
            self.step(*byte)?;
            rest = after;
        }
        Ok(bytes.len() - rest.len())
    }

    fn step(&mut self, byte: u8) -> Result<(), Error> {
        self.at = match (self.at, byte) {
            (At::SizeStart | At::Size, digit) if digit.is_ascii_hexdigit() => {
                let digit = char::from(digit).to_digit(16).unwrap_or_default();
                let shifted = if self.at == At::SizeStart { Some(0) } else { self.size.checked_mul(16) };
                self.size = shifted.ok_or_else(|| malformed("a chunk size beyond 64 bits"))? + u64::from(digit);
                At::Size
            }
            (At::Size | At::SizeSpace, b' ' | b'\t') => At::SizeSpace,
            (At::Size | At::SizeSpace, b';') => At::Extension,
            (At::Size | At::SizeSpace | At::Extension, b'\r') => At::SizeLf,
            (At::Extension, other) if other != b'\n' => {
                self.count()?;
                At::Extension
            }
            (At::SizeLf, b'\n') if self.size == 0 => At::Line,
            (At::SizeLf, b'\n') => At::Data,
            (At::DataCr, b'\r') => At::DataLf,
            (At::DataLf, b'\n') => At::SizeStart,
            (At::Line, b'\r') => At::LastLf,
            (At::Trailer, b'\r') => At::TrailerLf,
            (At::Line | At::Trailer, other) if other != b'\n' => {
                self.count()?;
                At::Trailer
            }
            (At::TrailerLf, b'\n') => At::Line,
            (At::LastLf, b'\n') => At::Ended,
            _ => return Err(malformed("a broken chunk")),
        };
        Ok(())
    }

    fn count(&mut self) -> Result<(), Error> {
        self.around += 1;
        if self.around > AROUND_LIMIT { Err(malformed("chunk extensions or trailers without end")) } else { Ok(()) }
    }
}

fn malformed(what: &str) -> Error {
    Error::Malformed(what.into())
}
