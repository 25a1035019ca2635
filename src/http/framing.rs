//! Where a response begins and where it ends. Pure: handed bytes and silence, it says what hyper may see.
//!
//! It stands between a link and hyper's client because USB is not a connection:
//! * bytes left over from before come in front of the status line [C hp.md 1] and are dropped;
//! * an empty `200` may be followed by the real response [C hp.md 1, seen on an nginx-based EWS];
//! * a body without a length ends with no close: a zero-length packet, or a short packet and silence, stands for it [I];
//! * only who counts knows that a response was read to its end, and that the link may be lent again.

use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};

use super::chunked::Chunked;
use super::error::Error;
use crate::usb::link::{Chunk, End};

/// Silence that ends what has no other end. 300 ms is what drivers of real devices take for quiet [C hp.md 1].
pub(super) const QUIET: Duration = Duration::from_millis(300);
/// The same after a transfer that the printer did not end: more should come, unless its last write was a multiple
/// of the packet size and it sends no zero-length packets [I].
const LONG_QUIET: Duration = Duration::from_secs(5);
/// The largest head, in bytes.
pub(super) const HEAD_LIMIT: usize = 64 << 10;
/// The most header fields in a head.
pub(super) const MAX_HEADERS: usize = 128;
/// The most stale bytes before a head.
const STALE_LIMIT: usize = 1 << 20;
/// The most 1xx responses before the final one.
const INFORMATIONAL_LIMIT: u8 = 32;
/// The length of `HTTP/1.1 200`.
const STATUS_LENGTH: usize = 12;

/// Proof that a response was read to its end and that nothing followed it. Only [`Inlet::complete`] makes one.
#[derive(Debug)]
pub(super) struct Complete(());

/// How far a response has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// No final head yet.
    Head,
    /// The head is through, the body is not.
    Body,
    /// Everything is through.
    Ended,
}

/// One exchange's way in.
pub(super) struct Inlet {
    phase: Phase,
    request: Asked,
    /// What hyper may read: at most one head and the bytes of one chunk.
    out: [Bytes; 2],
    stale: usize,
    informational: u8,
    doubled: bool,
    /// A zero-length packet and silence end a body before its length does.
    lenient: bool,
    /// The last transfer was a lone zero-length packet.
    zeroed: bool,
}

/// What of the request matters to the length of its response (RFC 9112, 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Get,
    Head,
    Other,
}

enum Phase {
    /// Looking for a head. What is here is not yet a whole one.
    Seeking(BytesMut),
    /// An empty 200 was read; it is the response unless another head follows.
    Held {
        head: Bytes,
        following: BytesMut,
    },
    Length(u64),
    Chunked(Chunked),
    /// A body without a length. `short`: the last transfer ended short, so silence now means the end.
    UntilQuiet {
        any: bool,
        short: bool,
    },
    Ended {
        excess: bool,
        eof: bool,
    },
}

enum Measure {
    Length(u64),
    Chunked,
    UntilQuiet,
}

struct Head {
    length: usize,
    status: u16,
    measure: Measure,
}

impl Inlet {
    pub(super) fn new(request: Asked) -> Self {
        Self {
            phase: Phase::Seeking(BytesMut::new()),
            request,
            out: [Bytes::new(), Bytes::new()],
            stale: 0,
            informational: 0,
            doubled: false,
            lenient: false,
            zeroed: false,
        }
    }

    /// Likewise, of a printer that breaks off bodies while it starts, and sends a zero-length packet then (ipp-usb's
    /// quirk `zlp-recv-hack`).
    pub(super) fn lenient(self, lenient: bool) -> Self {
        Self { lenient, ..self }
    }

    pub(super) fn stage(&self) -> Stage {
        match self.phase {
            Phase::Seeking(_) | Phase::Held { .. } => Stage::Head,
            Phase::Length(_) | Phase::Chunked(_) | Phase::UntilQuiet { .. } => Stage::Body,
            Phase::Ended { .. } => Stage::Ended,
        }
    }

    /// Something that may become a head has arrived.
    pub(super) fn begun(&self) -> bool {
        !matches!(&self.phase, Phase::Seeking(buffer) if buffer.is_empty())
    }

    /// Stale bytes that were dropped before the head.
    pub(super) fn stale(&self) -> usize {
        self.stale
    }

    /// Takes what hyper may see next, at most `limit` bytes. Empty: nothing now.
    pub(super) fn take(&mut self, limit: usize) -> Bytes {
        for bytes in &mut self.out {
            if !bytes.is_empty() {
                return bytes.split_to(bytes.len().min(limit));
            }
        }
        Bytes::new()
    }

    /// The body had no length and has ended: hyper is to see the end of the stream.
    pub(super) fn eof(&self) -> bool {
        matches!(self.phase, Phase::Ended { eof: true, .. })
    }

    /// How much silence would mean something now.
    pub(super) fn quiet(&self) -> Option<Duration> {
        match &self.phase {
            Phase::Held { .. } if self.request == Asked::Get => Some(QUIET),
            Phase::Held { .. } => Some(Duration::ZERO),
            Phase::UntilQuiet { short: true, .. } => Some(QUIET),
            Phase::UntilQuiet { short: false, .. } => Some(LONG_QUIET),
            Phase::Length(_) | Phase::Chunked(_) if self.lenient && self.zeroed => Some(LONG_QUIET),
            _ => None,
        }
    }

    /// There was as much silence as [`Inlet::quiet`] asked for.
    pub(super) fn on_quiet(&mut self) {
        match &mut self.phase {
            Phase::Held { head, following } => {
                let (head, excess) = (std::mem::take(head), !following.is_empty());
                self.show(head);
                self.phase = Phase::Ended { excess, eof: false };
            }
            Phase::UntilQuiet { .. } => self.phase = Phase::Ended { excess: false, eof: true },
            Phase::Length(_) | Phase::Chunked(_) if self.lenient && self.zeroed => {
                self.phase = Phase::Ended { excess: false, eof: true };
            }
            _ => {}
        }
    }

    /// Proof that nothing of this response is left, and that nothing else was there.
    pub(super) fn complete(&self) -> Option<Complete> {
        match self.phase {
            Phase::Ended { excess: false, .. } => Some(Complete(())),
            _ => None,
        }
    }

    /// What an IN transfer brought. To be called when [`Inlet::take`] has given everything.
    ///
    /// # Errors
    /// [`Error::Malformed`]: what came can't be, or become, an HTTP response.
    pub(super) fn push(&mut self, chunk: Chunk) -> Result<(), Error> {
        let Chunk { bytes, end } = chunk;
        self.zeroed = matches!(end, End::Zero);
        match &mut self.phase {
            Phase::Seeking(buffer) => {
                buffer.extend_from_slice(&bytes);
                self.seek(&end)
            }
            Phase::Held { following, .. } => {
                following.extend_from_slice(&bytes);
                self.resume_held(&end)
            }
            _ => self.measure(bytes, &end),
        }
    }

    fn show(&mut self, bytes: Bytes) {
        let [first, second] = &mut self.out;
        if first.is_empty() && second.is_empty() {
            *first = bytes;
        } else if second.is_empty() {
            *second = bytes;
        } else {
            // Not reached when `take` is called as it should be; still, no byte is lost.
            let mut joined = BytesMut::from(&second[..]);
            joined.extend_from_slice(&bytes);
            *second = joined.freeze();
        }
    }

    fn seek(&mut self, end: &End) -> Result<(), Error> {
        loop {
            let Phase::Seeking(buffer) = &mut self.phase else { return Ok(()) };
            let skip = head_start(buffer);
            buffer.advance(skip);
            self.stale += skip;
            if self.stale > STALE_LIMIT {
                return Err(Error::Malformed(format!("no status line in {STALE_LIMIT} bytes")));
            }
            if buffer.len() < STATUS_LENGTH {
                return Ok(());
            }
            let Some(head) = parse_head(buffer, self.request)? else {
                if buffer.len() > HEAD_LIMIT {
                    return Err(Error::Malformed(format!("a head of more than {HEAD_LIMIT} bytes")));
                }
                return Ok(());
            };
            let bytes = buffer.split_to(head.length).freeze();
            let rest = std::mem::take(buffer);
            match head.status {
                101 => return Err(Error::Malformed("101 to a request that asked for no upgrade".into())),
                100..=199 => {
                    self.informational += 1;
                    if self.informational > INFORMATIONAL_LIMIT {
                        return Err(Error::Malformed("1xx without end".into()));
                    }
                    self.phase = Phase::Seeking(rest);
                }
                200 if matches!(head.measure, Measure::Length(0)) && self.request != Asked::Head && !self.doubled => {
                    self.phase = Phase::Held { head: bytes, following: rest };
                    return self.resume_held(end);
                }
                _ => return self.begin(bytes, &head.measure, rest.freeze(), end),
            }
        }
    }

    /// Whether what follows an empty 200 is the real response.
    fn resume_held(&mut self, end: &End) -> Result<(), Error> {
        let Phase::Held { following, .. } = &mut self.phase else { return Ok(()) };
        match match_status(following) {
            Match::Partly => Ok(()),
            Match::No => {
                self.on_quiet();
                Ok(())
            }
            Match::Yes => {
                self.doubled = true;
                self.phase = Phase::Seeking(std::mem::take(following));
                self.seek(end)
            }
        }
    }

    fn begin(&mut self, head: Bytes, measure: &Measure, rest: Bytes, end: &End) -> Result<(), Error> {
        self.show(head);
        self.phase = match measure {
            Measure::Length(0) => Phase::Ended { excess: !rest.is_empty(), eof: false },
            Measure::Length(length) => Phase::Length(*length),
            Measure::Chunked => Phase::Chunked(Chunked::new()),
            Measure::UntilQuiet => Phase::UntilQuiet { any: false, short: !matches!(end, End::Full) },
        };
        if rest.is_empty() { Ok(()) } else { self.measure(rest, end) }
    }

    fn measure(&mut self, mut bytes: Bytes, end: &End) -> Result<(), Error> {
        match &mut self.phase {
            Phase::Length(left) => {
                let now = usize::try_from(*left).map_or(bytes.len(), |left| left.min(bytes.len()));
                let body = bytes.split_to(now);
                *left -= now as u64;
                if *left == 0 {
                    self.phase = Phase::Ended { excess: !bytes.is_empty(), eof: false };
                }
                self.show(body);
            }
            Phase::Chunked(chunked) => {
                let now = chunked.advance(&bytes)?;
                let ended = chunked.ended();
                let body = bytes.split_to(now);
                if ended {
                    self.phase = Phase::Ended { excess: !bytes.is_empty(), eof: false };
                }
                self.show(body);
            }
            Phase::UntilQuiet { any, short } => {
                // A zero-length packet right behind the head only ends the head's transfer.
                let ended = matches!(end, End::Zero) && (*any || !bytes.is_empty());
                *any |= !bytes.is_empty();
                *short = !matches!(end, End::Full);
                if ended {
                    self.phase = Phase::Ended { excess: false, eof: true };
                }
                self.show(bytes);
            }
            Phase::Ended { excess, .. } => *excess |= !bytes.is_empty(),
            Phase::Seeking(_) | Phase::Held { .. } => {}
        }
        Ok(())
    }
}

enum Match {
    Yes,
    Partly,
    No,
}

/// Whether these bytes begin as `HTTP/1.1 200` does.
fn match_status(bytes: &[u8]) -> Match {
    const START: &[u8] = b"HTTP/1.";
    for (at, byte) in bytes.iter().take(STATUS_LENGTH).enumerate() {
        let fits = match at {
            7 | 9..=11 => byte.is_ascii_digit(),
            8 => *byte == b' ',
            _ => START.get(at) == Some(byte),
        };
        if !fits {
            return Match::No;
        }
    }
    if bytes.len() < STATUS_LENGTH { Match::Partly } else { Match::Yes }
}

/// How many bytes come before the first one that begins a status line, or may do so when more has come.
fn head_start(bytes: &[u8]) -> usize {
    (0..bytes.len())
        .find(|&at| bytes.get(at..).is_some_and(|rest| !matches!(match_status(rest), Match::No)))
        .unwrap_or(bytes.len())
}

/// Whether a status line begins anywhere in these bytes.
pub(super) fn contains_status(bytes: &[u8]) -> bool {
    bytes.windows(STATUS_LENGTH).any(|window| matches!(match_status(window), Match::Yes))
}

/// The head at the front of the buffer; `None`: not whole yet.
fn parse_head(buffer: &[u8], request: Asked) -> Result<Option<Head>, Error> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut response = httparse::Response::new(&mut fields);
    let length = match response.parse(buffer) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(error) => return Err(Error::Malformed(error.to_string())),
    };
    let status = response.code.unwrap_or_default();
    let measure = if request == Asked::Head || matches!(status, 100..=199 | 204 | 304) {
        Measure::Length(0)
    } else {
        measure_of(response.headers)?
    };
    Ok(Some(Head { length, status, measure }))
}

/// RFC 9112, 6.3. Two lengths that differ are refused: nobody could say where the response ends.
fn measure_of(fields: &[httparse::Header<'_>]) -> Result<Measure, Error> {
    let mut codings = fields.iter().filter(|field| field.name.eq_ignore_ascii_case("transfer-encoding")).peekable();
    if codings.peek().is_some() {
        let last = codings.last().and_then(|field| field.value.rsplit(|byte| *byte == b',').next());
        let chunked = last.is_some_and(|coding| coding.trim_ascii().eq_ignore_ascii_case(b"chunked"));
        return Ok(if chunked { Measure::Chunked } else { Measure::UntilQuiet });
    }
    let mut length = None;
    for field in fields.iter().filter(|field| field.name.eq_ignore_ascii_case("content-length")) {
        for value in field.value.split(|byte| *byte == b',') {
            let digits = value.trim_ascii();
            let parsed = std::str::from_utf8(digits)
                .ok()
                .filter(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
                .and_then(|digits| digits.parse::<u64>().ok())
                .ok_or_else(|| Error::Malformed("a Content-Length that is no number".into()))?;
            if length.is_some_and(|length| length != parsed) {
                return Err(Error::Malformed("two Content-Lengths that differ".into()));
            }
            length = Some(parsed);
        }
    }
    Ok(length.map_or(Measure::UntilQuiet, Measure::Length))
}
