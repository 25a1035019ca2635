//! The device, lent for what is no exchange.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedRwLockReadGuard, OwnedSemaphorePermit};
use tokio::time::{Instant, timeout_at};
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::{Inner, Pool};
use crate::http::Error;
use crate::usb;

/// The device of a pool, for a while. As long as this is held nobody lets go of the device, or does anything to the
/// whole of it.
pub struct Loan {
    inner: Arc<Inner>,
    _in_use: OwnedRwLockReadGuard<()>,
    _permit: OwnedSemaphorePermit,
    _task: TaskTrackerToken,
}

impl Pool {
    /// Lends the device for something that is no exchange, in turn with those that are.
    ///
    /// # Errors
    /// [`Error::Occupied`] after `patience`; why the pool has ended.
    pub async fn lend(&self, patience: Duration) -> Result<Loan, Error> {
        let inner = &self.0;
        let until = Instant::now() + patience;
        let occupied = |_| Error::Occupied { after: patience };
        let permit = timeout_at(until, Arc::clone(&inner.permits).acquire_owned()).await.map_err(occupied)?;
        let permit = permit.map_err(|_| inner.ended())?;
        let in_use = timeout_at(until, Arc::clone(&inner.in_use).read_owned()).await.map_err(occupied)?;
        // It may have ended while others used it.
        if let Some(error) = inner.state().ended() {
            return Err(error);
        }
        Ok(Loan { inner: Arc::clone(inner), _in_use: in_use, _permit: permit, _task: inner.tasks.token() })
    }
}

impl Loan {
    /// The device.
    #[must_use]
    pub fn device(&self) -> &dyn usb::Device {
        &*self.inner.device
    }

    /// Ends when the device has to be given back at once.
    pub async fn recalled(&self) {
        self.inner.closing.cancelled().await;
    }

    /// What happened on the cable: where the device is gone, everybody is told.
    pub fn note(&self, error: &usb::Error) {
        self.inner.note_gone(&Error::Usb(error.clone()));
    }
}
