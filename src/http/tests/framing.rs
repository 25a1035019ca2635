//! The inlet by itself, and the counting of chunks.
use super::*;

use bytes::Bytes;
use proptest::prelude::*;

use crate::http::chunked::Chunked;
use crate::http::framing::{Asked, Inlet, Stage};
use crate::usb::link::{Chunk, End};

fn push(inlet: &mut Inlet, bytes: &[u8]) -> Result<Vec<u8>, Error> {
    inlet.push(Chunk { bytes: Bytes::copy_from_slice(bytes), end: End::Short })?;
    let mut seen = Vec::new();
    loop {
        let bytes = inlet.take(usize::MAX);
        if bytes.is_empty() {
            return Ok(seen);
        }
        seen.extend_from_slice(&bytes);
    }
}

proptest! {
    /// However it is cut into transfers, the same response comes through, to the same end.
    #[test]
    fn cuts_do_not_matter(
        sizes in prop::collection::vec(1_usize..200, 1..8),
        trailer in any::<bool>(),
        cuts in prop::collection::vec(1_usize..50, 1..40),
    ) {
        let mut whole = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n".to_vec();
        for size in &sizes {
            whole.extend(format!("{size:X}\r\n").bytes());
            whole.extend(std::iter::repeat_n(b'\n', *size));
            whole.extend(b"\r\n");
        }
        whole.extend(if trailer { &b"0\r\nX: y\r\n\r\n"[..] } else { b"0\r\n\r\n" });

        let mut inlet = Inlet::new(Asked::Get);
        let (mut seen, mut rest) = (Vec::new(), &whole[..]);
        for cut in cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            prop_assert_ne!(inlet.stage(), Stage::Ended);
            let (now, later) = rest.split_at((*cut).min(rest.len()));
            seen.extend(push(&mut inlet, now).unwrap());
            rest = later;
        }
        prop_assert_eq!(seen, whole);
        prop_assert!(inlet.complete().is_some());
    }

    /// Any bytes at all: the inlet says something, and passes on no more than it got.
    #[test]
    fn soup_is_survived(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..10)) {
        let mut inlet = Inlet::new(Asked::Other);
        let (mut given, mut seen) = (0, 0);
        for piece in pieces {
            given += piece.len();
            match push(&mut inlet, &piece) {
                Ok(bytes) => seen += bytes.len(),
                Err(_) => break,
            }
            if inlet.quiet().is_some() {
                inlet.on_quiet();
            }
        }
        prop_assert!(seen <= given);
    }
}

#[test]
fn the_end_is_exactly_where_it_is() {
    let mut chunked = Chunked::new();
    assert_eq!(chunked.advance(b"3\r\nabc\r\n0\r\n\r\nHTTP/1.1").unwrap(), 13);
    assert!(chunked.ended());
}

#[test]
fn broken_chunks_are_refused() {
    for bytes in [&b"\r\n"[..], b"x\r\n", b"3\r\nabcd", b"3\nabc", b"11111111111111111\r\n", b"0\r\n\n", b"3;x\nabc"] {
        assert!(Chunked::new().advance(bytes).is_err(), "{bytes:?}");
    }
    assert!(Chunked::new().advance(&[b"1;".as_slice(), &[b'x'; 20_000]].concat()).is_err());
}

#[test]
fn excess_is_no_proof_of_an_end() {
    let mut inlet = Inlet::new(Asked::Get);
    push(&mut inlet, b"HTTP/1.1 404 Not Found\r\nContent-Length: 1\r\n\r\nxy").unwrap();
    assert_eq!(inlet.stage(), Stage::Ended);
    assert!(inlet.complete().is_none());
}
