//! Printing by IPP over HTTP (RFC 8010, RFC 8011), as IPP Everywhere wants it (PWG 5100.14), and fax (PWG 5100.15).
//!
//! A request's attributes are read into memory, bounded; its document never is: it flows through a thread that
//! unpacks it, writes it to a file, counts its pages and draws them.

mod attributes;
mod clock;
mod jobs;
mod message;
mod operations;
mod spool;
#[cfg(test)]
mod tests;
mod wifi;
#[cfg(test)]
mod wifi_tests;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Body;
use hyper::{HeaderMap, Method};

use self::attributes::View;
use self::message::{Message, Scanner};
use self::operations::{Course, status};
use super::faults::Kind;
use super::ledm::Reply;
use super::printer::Printer;

pub(super) use jobs::Queue;
pub use wifi::{Options, Setting, Shown, Told};

/// What is no IPP request: another method, another kind of content (RFC 8010, 4.1).
pub(super) fn refused(method: &Method, headers: &HeaderMap) -> Option<Reply> {
    if *method != Method::POST {
        return Some(Reply { headers: vec![("Allow", "POST".to_owned())], ..Reply::status(405) });
    }
    let kind = headers.get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    (!kind.eq_ignore_ascii_case("application/ipp")).then(|| Reply::status(415))
}

/// The same answer as a Pantum M7300FDW encodes it \[C\]: what a collection has is named attributes.
pub(super) fn with_named_members(answer: &Bytes) -> Bytes {
    message::with_named_members(answer).map_or_else(|| answer.clone(), Bytes::from)
}

/// Says something before the request has ended, past the HTTP server.
pub(super) type Interject<'a> = &'a (dyn Fn(Reply) + Send + Sync);

/// Answers a POST to `/ipp/print`, or to `/ipp/faxout` where `fax` is true. `None`: the client did not send what it
/// announced, or has its answer already.
pub(super) async fn answer<B>(
    printer: &Printer,
    fax: bool,
    host: &str,
    mut body: B,
    fault: Option<Kind>,
    interject: Option<Interject<'_>>,
) -> Option<Reply>
where
    B: Body<Data = Bytes> + Unpin + Send + 'static,
    B::Error: Send,
{
    let Some(print) = printer.facts().services.print.filter(|_| !fax || printer.facts().services.fax) else {
        return finish(body, Reply::status(404)).await;
    };
    let view = View { printer, print, host, fax };
    let (head, rest) = match head(&mut body).await {
        Head::Whole(head, rest) => (head, rest),
        Head::Malformed(start) => {
            // Without its first eight octets it is no IPP request (RFC 8010, 3.4.2).
            let reply = Message::start(&start).map(|start| operations::bare(start, status::BAD_REQUEST));
            return finish(body, reply.map_or_else(|| Reply::status(400), message)).await;
        }
        Head::BrokenOff => return None,
    };
    let first = next(&mut body, rest).await?;
    match operations::begin(view, &head, !first.is_empty()) {
        Err(_) => finish(body, Reply::status(400)).await,
        Ok(Course::Answer(answer)) => finish(body, message(answer)).await,
        Ok(Course::Document(pending)) => {
            let reception = spool::receive(printer, pending.paperwork.clone());
            match fault {
                Some(Kind::Early | Kind::EarlyDeaf) if interject.is_some() => {
                    if let Some(interject) = interject {
                        interject(message(pending.answer(view, None)));
                    }
                    if fault == Some(Kind::EarlyDeaf) {
                        let _unread = (body, reception);
                        return std::future::pending().await;
                    }
                    take(reception, first, body).await;
                    None
                }
                Some(Kind::HangUpload) => {
                    let _half = reception.push(first).await;
                    std::future::pending().await
                }
                _ => {
                    let ended = take(reception, first, body).await?;
                    Some(message(pending.answer(view, Some(ended))))
                }
            }
        }
    }
}

/// The whole document, until it has been dealt with; `None` when it broke off.
async fn take<B>(reception: spool::Reception, first: Bytes, mut body: B) -> Option<(jobs::JobState, jobs::Outcome)>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Send,
{
    reception.push(first).await;
    while let Some(frame) = body.frame().await {
        // A body that ends without its last chunk, or before its length, is an error here: the reception is
        // dropped without an end, and the job with it.
        if let Ok(data) = frame.ok()?.into_data() {
            reception.push(data).await;
        }
    }
    reception.finish().await
}

enum Head {
    /// The attributes, and what of the document came with them.
    Whole(Bytes, Bytes),
    Malformed(Bytes),
    BrokenOff,
}

async fn head<B: Body<Data = Bytes> + Unpin>(body: &mut B) -> Head {
    let (mut bytes, mut scanner) = (BytesMut::new(), Scanner::default());
    loop {
        match scanner.head(&bytes) {
            Ok(Some(end)) => {
                let head = bytes.split_to(end).freeze();
                return Head::Whole(head, bytes.freeze());
            }
            Ok(None) => {}
            Err(_) => return Head::Malformed(bytes.freeze()),
        }
        match body.frame().await {
            None => return Head::Malformed(bytes.freeze()),
            Some(Err(_)) => return Head::BrokenOff,
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    bytes.extend_from_slice(&data);
                }
            }
        }
    }
}

/// The document's first bytes; empty where none follow. `None` when the body broke off.
async fn next<B: Body<Data = Bytes> + Unpin>(body: &mut B, rest: Bytes) -> Option<Bytes> {
    if !rest.is_empty() {
        return Some(rest);
    }
    while let Some(frame) = body.frame().await {
        match frame.ok()?.into_data() {
            Ok(data) if !data.is_empty() => return Some(data),
            _ => {}
        }
    }
    Some(Bytes::new())
}

/// Reads what is left of a request before it is answered: over USB nobody closes a connection.
async fn finish<B: Body<Data = Bytes> + Unpin>(mut body: B, reply: Reply) -> Option<Reply> {
    while let Some(frame) = body.frame().await {
        if frame.is_err() {
            return None;
        }
    }
    Some(reply)
}

/// An IPP message as a response (RFC 8010, 3.4.3).
fn message(message: Vec<u8>) -> Reply {
    let headers = vec![("Content-Type", "application/ipp".to_owned()), ("Cache-Control", "no-cache".to_owned())];
    Reply { status: 200, headers, body: message.into() }
}
