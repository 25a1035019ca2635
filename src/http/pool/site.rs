//! The pool, as the ladder sees it.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout};
use tracing::debug;

use super::Inner;
use crate::http::recovery::Site;
use crate::usb;
use crate::usb::descriptor::Function;
use crate::usb::link::Sending;

/// How long whoever has to do something to the whole device waits for the others to end; new exchanges wait too.
const ALONE: Duration = Duration::from_secs(2);

/// One slot, as the ladder sees it.
pub(super) struct At<'a> {
    pub(super) inner: &'a Inner,
    pub(super) function: Function,
}

impl Site for At<'_> {
    fn device(&self) -> &dyn usb::Device {
        &*self.inner.device
    }

    fn function(&self) -> Function {
        self.function
    }

    fn sending(&self) -> Sending {
        self.inner.sending()
    }

    fn generation(&self) -> u64 {
        self.inner.state().generation()
    }

    async fn step(&self) -> impl Send {
        self.inner.steps.read().await
    }

    async fn alone(&self) -> Option<impl Send> {
        // Exchanges that hang end soon; those that go well may take hours.
        let in_use = timeout(ALONE, self.inner.in_use.write()).await.ok()?;
        let others = self.inner.device.others().await;
        if !others.is_empty() {
            debug!(?others, "another driver holds an interface of the device");
            return None;
        }
        Some((in_use, self.inner.steps.write().await))
    }

    fn may_reset(&self) -> bool {
        self.inner.restraint.may_reset(Instant::now())
    }

    fn note_reset(&self) {
        self.inner.restraint.reset(Instant::now());
    }

    fn port_was_reset(&self, since: u64) -> bool {
        self.inner.state().port_was_reset(since)
    }

    fn begin_generation(&self, port: bool) -> u64 {
        let (idle, generation) = self.inner.state().begin_generation(port);
        // Not under the lock: a release may take a while in the kernel.
        drop(idle);
        generation
    }

    fn trouble(&self) -> impl Send {
        Trouble::new(&self.inner.troubles)
    }
}

/// A link that is being brought back.
struct Trouble<'a>(&'a watch::Sender<usize>);

impl<'a> Trouble<'a> {
    fn new(troubles: &'a watch::Sender<usize>) -> Self {
        troubles.send_modify(|count| *count += 1);
        Self(troubles)
    }
}

impl Drop for Trouble<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count = count.saturating_sub(1));
    }
}
