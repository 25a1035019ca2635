//! What shows by its form that it is private, wherever it stands in a text.

use std::net::Ipv6Addr;

use crate::wps::pin;

/// So many hexadecimal digits in a row are an address, a key, or a network's name as LEDM writes it.
const HEX: usize = 10;

/// Whether something in this text looks private.
pub(super) fn is_private(text: &str) -> bool {
    text.contains('@')
        || text.split(|c: char| !c.is_ascii_hexdigit()).any(|run| run.len() >= HEX)
        || [':', '-', '.', ' ', '_'].iter().any(|separator| is_hardware_address(text, *separator))
        || is_ipv4(text)
        || text.split(|c: char| !c.is_ascii_hexdigit() && c != ':' && c != '.').any(is_ipv6)
        || holds_pin(text)
}

/// Six pairs (`02:00:5e:10:00:01`), or three fours (`0200.5e10.0001`; in a UUID too).
fn is_hardware_address(text: &str, separator: char) -> bool {
    let pieces: Vec<&str> = text.split(separator).collect();
    [(6, 2), (3, 4)].iter().any(|&(count, digits)| {
        pieces.windows(count).any(|window| {
            let hex = |piece: &[u8]| piece.iter().all(u8::is_ascii_hexdigit);
            window.iter().enumerate().all(|(at, piece)| {
                let piece = piece.as_bytes();
                let run = if at == 0 {
                    piece.len().checked_sub(digits).and_then(|from| piece.get(from..))
                } else if at == count - 1 {
                    piece.get(..digits)
                } else {
                    Some(piece).filter(|piece| piece.len() == digits)
                };
                run.is_some_and(hex)
            })
        })
    })
}

fn is_ipv4(text: &str) -> bool {
    let pieces: Vec<&str> = text.split('.').collect();
    pieces.windows(4).any(|window| {
        let [first, second, third, last] = window else { return false };
        let middle = |piece: &str| (1..=3).contains(&piece.len()) && piece.bytes().all(|b| b.is_ascii_digit());
        first.ends_with(|c: char| c.is_ascii_digit())
            && middle(second)
            && middle(third)
            && last.starts_with(|c: char| c.is_ascii_digit())
    })
}

fn is_ipv6(piece: &str) -> bool {
    let piece = piece.trim_matches('.');
    piece.matches(':').count() >= 2
        && (piece.contains("::")
            || piece.trim_matches(':').parse::<Ipv6Addr>().is_ok()
            || piece.split(':').count() >= 8)
}

/// Eight digits with the right checksum, in one piece or with spaces and dashes between them.
fn holds_pin(text: &str) -> bool {
    let joined: String = text
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}'))
        .collect();
    [text, &joined]
        .iter()
        .any(|text| text.split(|c: char| !c.is_ascii_digit()).any(|run| run.len() == 8 && pin::parse(run).is_ok()))
}
