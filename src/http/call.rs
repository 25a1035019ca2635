//! What a caller asks for, and how long it will wait.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ::http::{HeaderMap, HeaderValue, Method, StatusCode};
use bytes::Bytes;

/// The deadlines of one streaming exchange. A printer that is out of paper may refuse to take more bytes for
/// hours, and is right to: only the caller knows whether that is so, hence `upload` is optional.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// How long to wait for a free link.
    pub link: Duration,
    /// How long the printer may take no byte of the request; `None`: for ever.
    pub upload: Option<Duration>,
    /// From the last byte of the request to the whole head of the response.
    pub head: Duration,
    /// How long the response may pause while its reader waits.
    pub body: Duration,
    /// The whole exchange, from the moment it has a link; `None`: no limit.
    pub total: Option<Duration>,
}

impl Default for Deadlines {
    /// 30 s for a link, the head and each pause (the timeout that a DeskJet 3750 was driven with over USB [C]),
    /// no limit to the upload nor to the whole.
    fn default() -> Self {
        let each = Duration::from_secs(30);
        Self { link: each, upload: None, head: each, body: each, total: None }
    }
}

/// How long a [`Call`] may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// One exchange: its upload, the wait for its head, each pause of its body.
    pub answer: Duration,
    /// Everything, with the wait for a link, 202 repeats and 503 back-off.
    pub total: Duration,
}

impl Patience {
    /// For a GET: 30 s for an answer [C DeskJet 3750 over USB], 90 s in all [I].
    pub const READ: Self = Self { answer: Duration::from_secs(30), total: Duration::from_secs(90) };
    /// For a PUT or POST: 60 s for an answer [C DeskJet 3750 over USB], 120 s in all [I].
    pub const WRITE: Self = Self { answer: Duration::from_secs(60), total: Duration::from_secs(120) };
}

/// Who asks, as the printer wants to know it.
pub trait Authorize: Send + Sync {
    /// The value of `Authorization` for one exchange of this call; asked anew for each, because a printer may take no
    /// value twice. `None`: there can be none, and the call fails.
    fn authorization(&self, call: &Call) -> Option<HeaderValue>;
}

/// One request for a small document.
#[derive(Clone)]
pub struct Call {
    /// The method.
    pub method: Method,
    /// The path, with its query if any, as it is written into the request line.
    pub path: String,
    /// `Content-Type` of the body.
    pub content_type: Option<&'static str>,
    /// The body; no `Content-Length` is sent where a GET has none.
    pub body: Bytes,
    /// How long it may take.
    pub patience: Patience,
    /// The largest response body, in bytes after unpacking.
    pub limit: usize,
    /// Whether doing it twice is the same as doing it once. Only then is it sent again, after 503 or a
    /// response that came to harm. A print never is.
    pub repeatable: bool,
    /// Who asks; `None`: nobody in particular.
    pub authorize: Option<Arc<dyn Authorize>>,
}

impl Call {
    /// The largest document taken by default: the largest seen of a real device has 103 kB.
    pub const LIMIT: usize = 4 << 20;

    /// Reads a document.
    #[must_use]
    pub fn get(path: impl Into<String>) -> Self {
        Self {
            method: Method::GET,
            path: path.into(),
            content_type: None,
            body: Bytes::new(),
            patience: Patience::READ,
            limit: Self::LIMIT,
            repeatable: true,
            authorize: None,
        }
    }

    /// Sends a document that has an effect each time, such as a page that is printed: never repeated.
    #[must_use]
    pub fn post(path: impl Into<String>, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self {
            method: Method::POST,
            content_type: Some(content_type),
            body: body.into(),
            patience: Patience::WRITE,
            repeatable: false,
            ..Self::get(path)
        }
    }

    /// Sets a document. Repeated only after a 503, which says that nothing was done.
    #[must_use]
    pub fn put(path: impl Into<String>, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self { method: Method::PUT, ..Self::post(path, content_type, body) }.repeatable(true)
    }

    /// Sets how long it may take.
    #[must_use]
    pub fn patience(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }

    /// Sets the largest response body in bytes.
    #[must_use]
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Says whether doing it twice is the same as doing it once.
    #[must_use]
    pub fn repeatable(mut self, repeatable: bool) -> Self {
        self.repeatable = repeatable;
        self
    }

    /// Sets who asks.
    #[must_use]
    pub fn authorize(mut self, authorize: Option<Arc<dyn Authorize>>) -> Self {
        self.authorize = authorize;
        self
    }
}

impl fmt::Debug for Call {
    /// Without what it carries, which may be a passphrase.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Call({} {}, {} bytes)", self.method, self.path, self.body.len())
    }
}

/// A whole response, unpacked. Any status that is not 202 or 503 comes back as it is.
#[derive(Clone)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The headers; `Content-Encoding` and `Content-Length` speak of the packed body.
    pub headers: HeaderMap,
    /// The body after unpacking.
    pub body: Bytes,
}

impl fmt::Debug for Reply {
    /// Without what it carries, which may be a PIN.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reply({}, {} bytes)", self.status, self.body.len())
    }
}
