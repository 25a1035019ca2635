//! Malformed IPP answers said properly, for printers of which a quirk file says that they need it
//! (`buggy-ipp-responses = sanitize`). Nothing else passes through here.

use ::http::{HeaderMap, HeaderValue, header};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;

use super::relay::length;
use crate::http::{Error, ResponseBody};
use crate::ipp::compose::compose;
use crate::ipp::guard::{self, Limits};
use crate::ipp::request::CONTENT_TYPE;

/// Whether this is an IPP answer that can be looked into.
pub(super) fn is_meant(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let packed = headers.get(header::CONTENT_ENCODING).is_some_and(|coding| coding != "identity");
    kind.eq_ignore_ascii_case(CONTENT_TYPE) && !packed
}

/// What is to be said before the rest of the answer, and that rest. An answer is gathered up to the guard's limit; one
/// that is sound, or makes no sense, is passed on as it is.
///
/// # Errors
/// The printer's, where it breaks off meanwhile.
pub(super) async fn sanitize(headers: &mut HeaderMap, mut body: ResponseBody) -> Result<(Bytes, ResponseBody), Error> {
    let limits = Limits::default();
    let mut gathered = BytesMut::new();
    while gathered.len() < limits.size {
        let Some(frame) = body.frame().await else { break };
        if let Ok(data) = frame?.into_data() {
            gathered.extend_from_slice(&data);
        }
    }
    let said = gathered.freeze();
    let message = match guard::parse(&said, limits) {
        Ok(message) => message,
        Err(error) => {
            tracing::debug!(%error, "an IPP answer can't be sanitized");
            return Ok((said, body));
        }
    };
    let (Some(proper), Some((was, document))) = (compose(&message), said.split_at_checked(message.length)) else {
        return Ok((said, body));
    };
    if proper == was {
        return Ok((said, body));
    }
    tracing::debug!(was = was.len(), is = proper.len(), "an IPP answer was sanitized");
    let all = length(headers).map(|all| all.saturating_sub(was.len() as u64) + proper.len() as u64);
    if let Some(all) = all {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(all));
    }
    Ok(([&proper, document].concat().into(), body))
}
