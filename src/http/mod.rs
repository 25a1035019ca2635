//! HTTP/1.1 over links: exchanges, and the pool of a printer's links.
//!
//! USB has no connection that could be closed: whatever the printer still has to say to one request comes out in
//! front of the answer to the next one. So one request and its response are an *exchange* on one link, and
//! the link comes back to the [`Pool`] only when the response was read to its end, or after the recovery
//! ladder has shown that the printer is at the start of a message again.
//!
//! ```text
//!  Pool ── lends a link ──▶ exchange (a task of ours; the caller may leave at any time)
//!   ▲                        │  hyper's client ◀──▶ socket ◀── framing ──▶ usb::link::Link
//!   └──── Drained ◀──────────┴─▶ recovery: drain, clear halt, claim again, reset ─▶ else quarantine
//! ```
//!
//! [`Pool::exchange`] streams in both directions. [`Pool::fetch`] is for small documents: it repeats what a
//! printer asks to repeat (202, 503), unpacks gzip, and bounds everything in size and time.

mod body;
mod call;
mod chunked;
mod crowd;
mod error;
mod exchange;
mod fetch;
mod framing;
mod manner;
mod pool;
mod recovery;
mod restraint;
mod slots;
mod socket;

pub use body::{BoxError, RequestBody, ResponseBody};
pub use call::{Authorize, Call, Deadlines, Patience, Reply};
pub use error::Error;
pub use manner::{Manner, Reset};
pub use pool::{Held, Pool};
pub use restraint::Restraint;

pub use ::http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, header};

#[cfg(all(test, feature = "emulator"))]
mod tests;
