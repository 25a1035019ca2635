//! The administrator's password on writes: HTTP Digest (RFC 7616) with MD5 and `qop=auth`, user `admin` \[C\].
//! MD5 is written here, so that nothing is shared with the agent's side.

use std::collections::VecDeque;

use rand::RngExt;

const REALM: &str = "emulated";
const USER: &str = "admin";
/// Nonces that are remembered.
const NONCES: usize = 16;

/// What was given out, with the highest count seen for each.
#[derive(Default)]
pub(in crate::emulator) struct Nonces {
    given: VecDeque<(String, u32)>,
    /// Answers that were wrong.
    pub refused: u32,
}

/// What an Authorization header is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::emulator) enum Verdict {
    Good,
    Bad,
    /// The password is right, the nonce is not, or was used with this count before.
    Stale,
}

impl Nonces {
    /// A value for WWW-Authenticate.
    pub fn challenge(&mut self, stale: bool) -> String {
        let nonce = format!("{:032x}", rand::rng().random::<u128>());
        let stale = if stale { ", stale=true" } else { "" };
        let challenge = format!(r#"Digest realm="{REALM}", nonce="{nonce}", qop="auth", algorithm=MD5{stale}"#);
        if self.given.len() == NONCES {
            self.given.pop_front();
        }
        self.given.push_back((nonce, 0));
        challenge
    }

    /// Checks an Authorization header for this request.
    pub fn check(&mut self, password: &str, method: &str, uri: &str, header: &str) -> Verdict {
        let verdict = self.verdict(password, method, uri, header);
        if verdict == Verdict::Bad && !header.is_empty() {
            self.refused += 1;
        }
        verdict
    }

    fn verdict(&mut self, password: &str, method: &str, uri: &str, header: &str) -> Verdict {
        let Some(given) = header.strip_prefix("Digest ").map(parameters) else { return Verdict::Bad };
        let get = |name: &str| {
            given.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value.as_str())
        };
        let (nonce, nc, cnonce) = (get("nonce"), get("nc"), get("cnonce"));
        let plain = get("username") == USER && get("realm") == REALM && get("uri") == uri && get("qop") == "auth";
        let algorithm = get("algorithm");
        if !plain || cnonce.is_empty() || !(algorithm.is_empty() || algorithm.eq_ignore_ascii_case("MD5")) {
            return Verdict::Bad;
        }
        let Some(count) = Some(nc).filter(|nc| nc.len() == 8).and_then(|nc| u32::from_str_radix(nc, 16).ok()) else {
            return Verdict::Bad;
        };
        let secret = md5(format!("{USER}:{REALM}:{password}").as_bytes());
        let request = md5(format!("{method}:{uri}").as_bytes());
        let wanted = md5(format!("{secret}:{nonce}:{nc}:{cnonce}:auth:{request}").as_bytes());
        if !wanted.eq_ignore_ascii_case(get("response")) {
            return Verdict::Bad;
        }
        match self.given.iter_mut().find(|(known, _)| known == nonce) {
            Some((_, last)) if count > *last => {
                *last = count;
                Verdict::Good
            }
            _ => Verdict::Stale,
        }
    }
}

/// `a=b, c="d, e"`, without escapes, which nobody sends here.
fn parameters(text: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let mut rest = text;
    while let Some((name, after)) = rest.split_once('=') {
        let name = name.trim_matches([',', ' ']).to_owned();
        let (value, more) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => after.split_once(',').unwrap_or((after, "")),
        };
        all.push((name, value.trim().to_owned()));
        rest = more;
    }
    all
}

/// RFC 1321, in hexadecimal.
pub(in crate::emulator) fn md5(message: &[u8]) -> String {
    const SHIFTS: [[u32; 4]; 4] = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]];
    let mut padded = message.to_vec();
    padded.push(0x80);
    padded.resize(padded.len().next_multiple_of(64), 0);
    if padded.len() - message.len() < 9 {
        padded.resize(padded.len() + 64, 0);
    }
    let bits = (message.len() as u64).wrapping_mul(8).to_le_bytes();
    padded.truncate(padded.len() - 8);
    padded.extend_from_slice(&bits);
    let mut sum: [u32; 4] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
    for block in padded.chunks_exact(64) {
        let words: Vec<u32> = block
            .chunks_exact(4)
            .map(|word| word.iter().rev().fold(0, |sum, byte| sum << 8 | u32::from(*byte)))
            .collect();
        let [mut a, mut b, mut c, mut d] = sum;
        for (round, shifts) in SHIFTS.iter().enumerate() {
            for step in 0..16 {
                let (mixed, word) = match round {
                    0 => ((b & c) | (!b & d), step),
                    1 => ((d & b) | (!d & c), (5 * step + 1) % 16),
                    2 => (b ^ c ^ d, (3 * step + 5) % 16),
                    _ => (c ^ (b | !d), 7 * step % 16),
                };
                let turn = (16 * round + step + 1) as f64;
                let constant = (turn.sin().abs() * 4_294_967_296.0) as u32;
                let sum = a
                    .wrapping_add(mixed)
                    .wrapping_add(constant)
                    .wrapping_add(words.get(word).copied().unwrap_or_default());
                let shift = shifts.get(step % 4).copied().unwrap_or_default();
                (a, d, c) = (d, c, b);
                b = b.wrapping_add(sum.rotate_left(shift));
            }
        }
        for (sum, add) in sum.iter_mut().zip([a, b, c, d]) {
            *sum = sum.wrapping_add(add);
        }
    }
    sum.iter().flat_map(|word| word.to_le_bytes()).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;

    #[test]
    fn the_test_suite_of_rfc_1321() {
        for (message, sum) in [
            ("", "d41d8cd98f00b204e9800998ecf8427e"),
            ("abc", "900150983cd24fb0d6963f7d28e17f72"),
            ("abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"),
            (
                "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
                "57edf4a22be3c955ac49da2e2107b67a",
            ),
        ] {
            assert_eq!(md5(message.as_bytes()), sum);
        }
        for length in 54..66 {
            assert_eq!(md5(&vec![b'x'; length]).len(), 32);
        }
    }

    #[test]
    fn a_nonce_is_good_once_for_each_count() {
        let mut nonces = Nonces::default();
        let challenge = nonces.challenge(false);
        let nonce = challenge.split('"').nth(3).unwrap().to_owned();
        let header = |password: &str, nonce: &str, nc: &str| {
            let secret = md5(format!("admin:emulated:{password}").as_bytes());
            let request = md5(b"PUT:/a");
            let response = md5(format!("{secret}:{nonce}:{nc}:c:auth:{request}").as_bytes());
            format!(
                r#"Digest username="admin", realm="emulated", nonce="{nonce}", uri="/a", qop=auth, nc={nc}, cnonce="c", response="{response}""#
            )
        };
        let mut check = |header: &str| nonces.check("right", "PUT", "/a", header);
        assert_eq!(check(&header("right", &nonce, "00000001")), Verdict::Good);
        assert_eq!(check(&header("right", &nonce, "00000001")), Verdict::Stale);
        assert_eq!(check(&header("right", &nonce, "00000002")), Verdict::Good);
        assert_eq!(check(&header("right", "another", "00000001")), Verdict::Stale);
        assert_eq!(check(&header("wrong", &nonce, "00000003")), Verdict::Bad);
        assert_eq!(check("Basic YWRtaW46cmlnaHQ="), Verdict::Bad);
        assert_eq!(check(""), Verdict::Bad);
        assert_eq!(nonces.refused, 2);
    }
}
