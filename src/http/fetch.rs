//! Small documents: one call, however many exchanges it takes.

use std::io::Read;
use std::time::Duration;

use ::http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use bytes::{Bytes, BytesMut};
use flate2::read::MultiGzDecoder;
use http_body_util::BodyExt;
use rand::RngExt;
use tokio::time::{Instant, sleep, timeout_at};
use tracing::debug;

use super::body::RequestBody;
use super::call::{Call, Deadlines, Reply};
use super::error::Error;
use super::pool::Pool;
use crate::usb;

/// Between repeats of a GET that is answered with 202: at first, and at most [I].
const WORKING: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(3));
/// Between repeats after 503: at first, and at most, before jitter [I].
const BUSY: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(8));
/// How often, and how long apart, a claim is tried while another program holds the interfaces. A printer that was just
/// plugged in is held for moments by others; a DeskJet 3750 needed 8 tries 3 s apart [C hp.md 1].
const CLAIMED: (u32, Duration) = (4, Duration::from_secs(1));
/// What a printer's Retry-After may ask for at most, in seconds.
const RETRY_AFTER_MOST: u64 = 3600;

/// Why the next attempt is made.
enum Again {
    Busy(Option<Duration>),
    Working,
    Claimed,
    Harmed(Error),
}

pub(super) async fn fetch(pool: &Pool, call: Call) -> Result<Reply, Error> {
    let begun = Instant::now();
    let deadline = begun + call.patience.total;
    let mut busy = BUSY.0;
    let mut working = WORKING.0;
    let mut claims = 0;
    let mut harmed = false;
    let mut said = None;
    loop {
        let asked = Instant::now();
        let attempt = match timeout_at(deadline, attempt(pool, &call, deadline)).await {
            Ok(attempt) => attempt,
            Err(_) => Err(Error::NoAnswer { after: call.patience.total }),
        };
        let again = match attempt {
            Ok(reply) if reply.status == StatusCode::SERVICE_UNAVAILABLE => Again::Busy(retry_after(&reply.headers)),
            Ok(reply) if reply.status == StatusCode::ACCEPTED && call.method == Method::GET => Again::Working,
            Ok(reply) => return Ok(reply),
            Err(Error::ClaimedElsewhere) => Again::Claimed,
            // Patience ended before this attempt had a fair chance: what was said before is the reason.
            Err(Error::NoAnswer { .. } | Error::Occupied { .. })
                if asked.elapsed() < call.patience.answer
                    && Instant::now() >= deadline
                    && let Some(said) = said =>
            {
                return Err(said);
            }
            Err(error) => Again::Harmed(error),
        };
        let (pause, give_up) = match again {
            Again::Busy(asked) => {
                let pause = busy.mul_f64(rand::rng().random_range(0.5..1.0)).max(asked.unwrap_or_default());
                busy = (busy * 2).min(BUSY.1);
                let give_up = Error::StillBusy { after: begun.elapsed() };
                if !call.repeatable {
                    return Err(give_up);
                }
                (pause, give_up)
            }
            Again::Working => {
                let pause = working;
                working = working.mul_f32(1.5).min(WORKING.1);
                (pause, Error::StillWorking { after: begun.elapsed() })
            }
            Again::Claimed => {
                claims += 1;
                if claims >= CLAIMED.0 {
                    return Err(Error::ClaimedElsewhere);
                }
                (CLAIMED.1, Error::ClaimedElsewhere)
            }
            Again::Harmed(error) => {
                let worth_it = call.method == Method::GET && call.repeatable && !harmed && may_heal(&error);
                if !worth_it {
                    return Err(error);
                }
                harmed = true;
                (Duration::ZERO, error)
            }
        };
        if Instant::now() + pause >= deadline {
            return Err(give_up);
        }
        said = Some(give_up.clone());
        debug!(path = call.path, pause_ms = pause.as_millis() as u64, because = %give_up, "calling again");
        tokio::select! {
            () = sleep(pause) => {}
            error = pool.closed() => return Err(error),
        }
    }
}

/// Whether the same GET may well succeed now that the link was recovered.
fn may_heal(error: &Error) -> bool {
    matches!(
        error,
        Error::Malformed(_)
            | Error::Truncated
            | Error::Usb(usb::Error::Stalled | usb::Error::Overflow | usb::Error::Other(_))
    )
}

/// Retry-After in seconds; a date is not honoured, printers have no right time when they start.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse::<u64>().ok()?;
    Some(Duration::from_secs(seconds.min(RETRY_AFTER_MOST)))
}

/// One exchange, its body read whole.
async fn attempt(pool: &Pool, call: &Call, deadline: Instant) -> Result<Reply, Error> {
    let answer = call.patience.answer;
    let deadlines = Deadlines {
        link: deadline.saturating_duration_since(Instant::now()),
        upload: Some(answer),
        head: answer,
        body: answer,
        total: Some(call.patience.total),
    };
    let response = pool.exchange(compose(call)?, deadlines).await?;
    let (head, mut body) = response.into_parts();
    let mut packed = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = match frame {
            // Some printers break off what they say while they start (ipp-usb's issues 32 and 64); the status is said.
            Err(Error::Truncated) if matches!(head.status.as_u16(), 404 | 503) => {
                return Ok(Reply { status: head.status, headers: head.headers, body: Bytes::new() });
            }
            frame => frame?,
        };
        if let Ok(data) = frame.into_data() {
            if packed.len() + data.len() > call.limit {
                return Err(Error::TooLarge { limit: call.limit });
            }
            packed.extend_from_slice(&data);
        }
    }
    let body = unpack(&head.headers, packed.freeze(), call.limit)?;
    Ok(Reply { status: head.status, headers: head.headers, body })
}

/// What printers are known to want [C hp.md 1]: `Host: localhost` (IPP over USB 1.0, 6.2), and with a write the three
/// headers without which the nginx-based EWS of the ENVY Photo 7800 refuses it.
fn compose(call: &Call) -> Result<Request<RequestBody>, Error> {
    let mut request = Request::builder()
        .method(call.method.clone())
        .uri(call.path.as_str())
        .header(header::HOST, "localhost")
        .header(header::USER_AGENT, concat!("plugprint/", env!("CARGO_PKG_VERSION")))
        .header(header::ACCEPT_ENCODING, "identity");
    if let Some(content_type) = call.content_type {
        request = request.header(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    if !call.method.is_safe() {
        request = request
            .header("X-Requested-With", "XMLHttpRequest")
            .header(header::ORIGIN, "http://localhost")
            .header(header::REFERER, "http://localhost/");
    }
    if let Some(authorize) = &call.authorize {
        let mut value = authorize
            .authorization(call)
            .ok_or_else(|| Error::Unsendable("there is no answer to what the printer asks for".into()))?;
        value.set_sensitive(true);
        request = request.header(header::AUTHORIZATION, value);
    }
    request.body(RequestBody::full(call.body.clone())).map_err(|error| Error::Unsendable(error.to_string()))
}

/// Newer firmware answers with gzip even if not asked [C hp.md 1]. What unpacks to more than the limit is refused
/// before it is there.
fn unpack(headers: &HeaderMap, packed: Bytes, limit: usize) -> Result<Bytes, Error> {
    let coding = headers.get(header::CONTENT_ENCODING).map_or(&b"identity"[..], HeaderValue::as_bytes).trim_ascii();
    if packed.is_empty() || coding.is_empty() || coding.eq_ignore_ascii_case(b"identity") {
        return Ok(packed);
    }
    if !coding.eq_ignore_ascii_case(b"gzip") && !coding.eq_ignore_ascii_case(b"x-gzip") {
        return Err(Error::Malformed("a Content-Encoding that nobody asked for".into()));
    }
    let mut unpacked = Vec::new();
    let mut bounded = MultiGzDecoder::new(&packed[..]).take(limit as u64 + 1);
    bounded.read_to_end(&mut unpacked).map_err(|error| Error::Malformed(format!("gzip: {error}")))?;
    if unpacked.len() > limit { Err(Error::TooLarge { limit }) } else { Ok(unpacked.into()) }
}
