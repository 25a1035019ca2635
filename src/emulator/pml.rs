//! A printer that knows no HTTP: what it understands of PJL, and of PML within it.
//!
//! Understood is one request, `print-internal-page` (OID 1.1.5.2) set to 3, in either envelope:
//!
//! ```text
//! PJL      UEL "@PJL" CR LF  "@PJL DMCMD ASCIIHEX=" '"' hex '"' CR LF  UEL
//! PCL3GUI  ESC E  UEL  "@PJL JOB NAME=" … LF  "@PJL ENTER LANGUAGE=PCL3GUI" LF
//!          ESC E  ESC & b length W "PML " packet  ESC E  "@PJL EOJ" LF  ESC E  UEL
//! ```
//!
//! OID, packet and `DMCMD` are seen in tools, the second envelope is HPLIP's \[C\]; that a printer takes this packet in
//! the first one is inferred \[I\]. Whatever else arrives is no matter of taste on a real printer: it prints it, or
//! obeys. So it is logged as unexpected.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::faults::Kind;
use super::function::Gadget;
use super::options::{PmlEnvelope, PmlValue};
use super::pipe::PrinterPipe;
use super::printer::Printer;

const UEL: &[u8] = b"\x1b%-12345X";
const ESC_E: &[u8] = b"\x1bE";
/// The longest job that is looked at, in bytes.
const JOB: usize = 1024;
/// A job that does not go on for so long has ended.
const PATIENCE: Duration = Duration::from_secs(2);
/// In the log, for what nobody should have sent.
const UNEXPECTED: &str = "unexpected";

/// What a job asks for.
#[derive(Debug, PartialEq, Eq)]
struct Asked {
    envelope: PmlEnvelope,
    /// In how many bytes the value came.
    bytes: usize,
}

/// Why bytes are no job that is understood.
#[derive(Debug, PartialEq, Eq)]
enum Bad {
    /// They may become one.
    Short,
    /// They never will.
    Wrong,
}

/// Takes jobs until the cable is pulled or the interface starts over.
pub(super) async fn listen(gadget: &Arc<Gadget>, pipe: &PrinterPipe) {
    let printer = &gadget.printer;
    let mut job: Vec<u8> = Vec::new();
    loop {
        while printer.fault().is_some_and(|fault| fault.kind == Kind::Deaf) {
            if printer.changes().changed().await.is_err() {
                return;
            }
        }
        let next = pipe.receive(JOB);
        let bytes = if job.is_empty() { Ok(next.await) } else { timeout(PATIENCE, next).await };
        match bytes {
            Ok(None) => return,
            Ok(Some(bytes)) => job.extend(bytes),
            Err(_) => {
                unexpected(printer, &job);
                job.clear();
            }
        }
        while !job.is_empty() {
            match understand(&job) {
                Ok((asked, length)) => {
                    obey(printer, &asked);
                    job.drain(..length);
                }
                Err(Bad::Short) if job.len() < JOB => break,
                Err(Bad::Short | Bad::Wrong) => {
                    unexpected(printer, &job);
                    job.clear();
                }
            }
        }
    }
}

fn unexpected(printer: &Printer, bytes: &[u8]) {
    let begin = bytes.get(..64).unwrap_or(bytes);
    printer.log(format!("{UNEXPECTED} {} bytes: {}", bytes.len(), begin.escape_ascii()));
}

fn obey(printer: &Printer, asked: &Asked) {
    let options = printer.options();
    let taken = match options.pml_value {
        PmlValue::Both => true,
        PmlValue::Short => asked.bytes == 1,
        PmlValue::Long => asked.bytes == 4,
        PmlValue::Neither => false,
    };
    let envelope = match asked.envelope {
        PmlEnvelope::Pjl => "DMCMD",
        PmlEnvelope::Pcl3Gui => "PCL3GUI",
    };
    printer.log(format!("{envelope} print-internal-page=3 in {} bytes", asked.bytes));
    if taken && asked.envelope == options.pml_envelope {
        printer.print("configurationPage");
    }
}

/// The first job in these bytes, and its length.
fn understand(bytes: &[u8]) -> Result<(Asked, usize), Bad> {
    let mut rest = bytes;
    let (envelope, packet) = if starts(bytes, ESC_E)? {
        take(&mut rest, ESC_E)?;
        take(&mut rest, UEL)?;
        take(&mut rest, b"@PJL JOB NAME=\"")?;
        until(&mut rest, b"\"\n")?;
        take(&mut rest, b"@PJL ENTER LANGUAGE=PCL3GUI\n")?;
        take(&mut rest, ESC_E)?;
        take(&mut rest, b"\x1b&b")?;
        let length = until(&mut rest, b"W")?;
        let length: usize = std::str::from_utf8(length).ok().and_then(|text| text.parse().ok()).ok_or(Bad::Wrong)?;
        if length > 64 {
            return Err(Bad::Wrong);
        }
        let (mut command, after) = rest.split_at_checked(length).ok_or(Bad::Short)?;
        rest = after;
        take(&mut command, b"PML ")?;
        take(&mut rest, ESC_E)?;
        take(&mut rest, b"@PJL EOJ\n")?;
        take(&mut rest, ESC_E)?;
        take(&mut rest, UEL)?;
        (PmlEnvelope::Pcl3Gui, command.to_vec())
    } else {
        take(&mut rest, UEL)?;
        take(&mut rest, b"@PJL\r\n")?;
        take(&mut rest, b"@PJL DMCMD ASCIIHEX=\"")?;
        let digits = until(&mut rest, b"\"\r\n")?;
        take(&mut rest, UEL)?;
        (PmlEnvelope::Pjl, hex(digits).ok_or(Bad::Wrong)?)
    };
    let value = internal_page_3(&packet).ok_or(Bad::Wrong)?;
    Ok((Asked { envelope, bytes: value }, bytes.len() - rest.len()))
}

/// Whether `rest` begins so, as far as there is enough of it.
fn starts(rest: &[u8], expected: &[u8]) -> Result<bool, Bad> {
    let seen = rest.len().min(expected.len());
    match (rest.get(..seen) == expected.get(..seen), seen == expected.len()) {
        (false, _) => Ok(false),
        (true, true) => Ok(true),
        (true, false) => Err(Bad::Short),
    }
}

fn take(rest: &mut &[u8], expected: &[u8]) -> Result<(), Bad> {
    if !starts(rest, expected)? {
        return Err(Bad::Wrong);
    }
    *rest = rest.get(expected.len()..).unwrap_or_default();
    Ok(())
}

/// What comes before `end`, on one line; `end` is taken too.
fn until<'a>(rest: &mut &'a [u8], end: &[u8]) -> Result<&'a [u8], Bad> {
    const LINE: usize = 80;
    let line = rest.get(..LINE).unwrap_or(rest);
    let Some(at) = line.windows(end.len()).position(|window| window == end) else {
        return Err(if rest.len() < LINE { Bad::Short } else { Bad::Wrong });
    };
    let (before, after) = rest.split_at(at);
    *rest = after.get(end.len()..).unwrap_or_default();
    Ok(before)
}

fn hex(digits: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, []) = digits.as_chunks::<2>() else { return None };
    pairs.iter().map(|[high, low]| Some(digit(high)? << 4 | digit(low)?)).collect()
}

/// In how many bytes this PML packet sets `print-internal-page` to 3: SET, the type and length of the OID, the OID,
/// the type of an enumeration, its length, its value with the highest byte first.
fn internal_page_3(packet: &[u8]) -> Option<usize> {
    const SET: u8 = 0x04;
    const OID: u8 = 0x00;
    const ENUMERATION: u8 = 0x04;
    let [SET, OID, 4, 1, 1, 5, 2, ENUMERATION, length, value @ ..] = packet else { return None };
    (usize::from(*length) == value.len()).then_some(())?;
    matches!(value, [3] | [0, 0, 0, 3]).then_some(value.len())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    const LASER: &[u8] = b"\x1b%-12345X@PJL\r\n@PJL DMCMD ASCIIHEX=\"04000401010502040103\"\r\n\x1b%-12345X";
    const INKJET: &[u8] = b"\x1bE\x1b%-12345X@PJL JOB NAME=\"unnamed\"\n@PJL ENTER LANGUAGE=PCL3GUI\n\x1bE\x1b&b17WPML \x04\0\x04\x01\x01\x05\x02\x04\x04\0\0\0\x03\x1bE@PJL EOJ\n\x1bE\x1b%-12345X";

    #[test]
    fn a_job_in_either_envelope() {
        let laser = Asked { envelope: PmlEnvelope::Pjl, bytes: 1 };
        let inkjet = Asked { envelope: PmlEnvelope::Pcl3Gui, bytes: 4 };
        assert_eq!(understand(LASER), Ok((laser, LASER.len())));
        assert_eq!(understand(&[INKJET, LASER].concat()), Ok((inkjet, INKJET.len())));
    }

    #[test]
    fn a_job_in_pieces_is_waited_for() {
        for job in [LASER, INKJET] {
            for length in 0..job.len() {
                assert_eq!(understand(&job[..length]), Err(Bad::Short), "{length}");
            }
        }
    }

    #[test]
    fn no_byte_may_be_another() {
        for job in [LASER, INKJET] {
            for at in 0..job.len() {
                let mut other = job.to_vec();
                other[at] ^= 1;
                // The job's name is anybody's; so is a hexadecimal digit's case.
                let name = (job == INKJET && (26..33).contains(&at)).then_some(());
                assert!(understand(&other).is_err() || name.is_some(), "{at}: {}", other.escape_ascii());
            }
        }
        assert_eq!(understand(b"%!PS\n"), Err(Bad::Wrong));
    }
}
