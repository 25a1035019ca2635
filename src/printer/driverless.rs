//! What a printer says by IPP over USB, where it does not speak its maker's own protocol.

use std::time::Duration;

use crate::http::{self, Call, Patience, StatusCode};
use crate::ipp::attributes::PrinterAttributes;
use crate::ipp::guard;

/// For the whole of an answer; one that is starting says 503 meanwhile.
const PATIENCE: Patience = Patience { answer: Duration::from_secs(15), total: Duration::from_secs(30) };
/// The largest answer with attributes that is read, in bytes; real ones have up to 100 KiB (a Xerox B235's).
const LIMIT: usize = 1 << 20;
/// What is asked for.
const REQUESTED: [&str; 4] = ["printer-uuid", "printer-make-and-model", "printer-device-id", "printer-state"];

/// What answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// IPP.
    Printer(Box<PrinterAttributes>),
    /// No IPP, but something: web pages, or a scanner.
    Other,
    /// Every request with 404: it has the interfaces and nothing behind them (ipp-usb's issue 51, sane-airscan's 68).
    Nothing,
}

/// Asks. Nothing is done by it.
///
/// # Errors
/// Where it can't be reached, or gives no answer.
pub(super) async fn ask(pool: &http::Pool) -> Result<Answer, http::Error> {
    let call = Call::post("/ipp/print", "application/ipp", request()).limit(LIMIT).patience(PATIENCE).repeatable(true);
    let reply = pool.fetch(call).await?;
    if reply.status.is_success()
        && let Ok(message) = guard::parse(&reply.body, guard::Limits::default())
        && let Ok(attributes) = PrinterAttributes::read(&message)
    {
        return Ok(Answer::Printer(Box::new(attributes)));
    }
    if reply.status != StatusCode::NOT_FOUND {
        return Ok(Answer::Other);
    }
    for path in ["/eSCL/ScannerCapabilities", "/"] {
        let reply = pool.fetch(Call::get(path).limit(LIMIT).patience(PATIENCE)).await?;
        if reply.status != StatusCode::NOT_FOUND {
            return Ok(Answer::Other);
        }
    }
    Ok(Answer::Nothing)
}

/// Get-Printer-Attributes (RFC 8011, 4.2.5) in IPP 2.0.
fn request() -> Vec<u8> {
    const CHARSET: u8 = 0x47;
    const LANGUAGE: u8 = 0x48;
    const URI: u8 = 0x45;
    const KEYWORD: u8 = 0x44;
    // Version, operation, request-id; the group of operation attributes.
    let mut message = vec![2, 0, 0x00, 0x0b, 0, 0, 0, 1, 0x01];
    let mut attribute = |tag: u8, name: &str, value: &str| {
        message.push(tag);
        for text in [name, value] {
            message.extend(u16::try_from(text.len()).unwrap_or(0).to_be_bytes());
            message.extend(text.as_bytes());
        }
    };
    attribute(CHARSET, "attributes-charset", "utf-8");
    attribute(LANGUAGE, "attributes-natural-language", "en");
    attribute(URI, "printer-uri", "ipp://localhost/ipp/print");
    for (i, keyword) in REQUESTED.into_iter().enumerate() {
        // Further values of one attribute have no name.
        attribute(KEYWORD, if i == 0 { "requested-attributes" } else { "" }, keyword);
    }
    message.push(0x03);
    message
}
