//! Answers that are the bridge's own.

use std::time::Duration;

use ::http::{HeaderValue, Response, StatusCode, header};
use bytes::Bytes;

use super::body::Answer;
use crate::http;

/// A request that is not carried to the printer, or that the printer did not answer.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    text: String,
    retry_after: Option<Duration>,
    /// Nothing more is to be read from this client.
    close: bool,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Self { status, text: text.into(), retry_after: None, close: false }
    }

    pub(super) fn forbidden(text: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, text)
    }

    pub(super) fn bad(text: impl Into<String>) -> Self {
        Self { close: true, ..Self::new(StatusCode::BAD_REQUEST, text) }
    }

    /// The client took too long.
    pub(super) fn late() -> Self {
        Self { close: true, ..Self::new(StatusCode::REQUEST_TIMEOUT, "The request took too long to come.") }
    }

    /// All links are in use.
    pub(super) fn busy() -> Self {
        let text = "All connections to the printer are in use. Try again in a few seconds.";
        Self { retry_after: Some(Duration::from_secs(5)), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, text) }
    }

    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    pub(super) fn into_response(self) -> Response<Answer> {
        let mut response = Response::new(Answer::text(Bytes::from(self.text + "\n")));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(after) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(after.as_secs()));
        }
        if self.close {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

impl From<http::Error> for Refusal {
    fn from(error: http::Error) -> Self {
        let text = format!("plugprint: {error}.");
        match &error {
            http::Error::Occupied { .. } => Self::busy(),
            http::Error::ClaimedElsewhere => {
                Self { retry_after: Some(Duration::from_secs(10)), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, text) }
            }
            http::Error::NoAnswer { .. } | http::Error::StillBusy { .. } | http::Error::StillWorking { .. } => {
                Self::new(StatusCode::GATEWAY_TIMEOUT, text)
            }
            http::Error::Unsendable(_) | http::Error::Aborted(_) => Self::bad(text),
            http::Error::Usb(_) | http::Error::Closed => {
                Self { close: true, ..Self::new(StatusCode::BAD_GATEWAY, text) }
            }
            http::Error::Truncated
            | http::Error::Endless { .. }
            | http::Error::Malformed(_)
            | http::Error::TooLarge { .. } => Self::new(StatusCode::BAD_GATEWAY, text),
        }
    }
}
