//! What time it is. Deadlines that clients see are CLOCK_BOOTTIME, which goes on while the computer sleeps,
//! as a router's walk time does.

use std::time::Duration;

use crate::agent::view::BootTime;

/// The agent's clock; tests bring their own.
pub trait Clock: Send + Sync + 'static {
    /// The present moment.
    fn now(&self) -> BootTime;
}

/// The kernel's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct KernelClock;

impl Clock for KernelClock {
    fn now(&self) -> BootTime {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
        let micros = u64::try_from(now.tv_nsec).unwrap_or(0) / 1000;
        BootTime(seconds.saturating_mul(1_000_000).saturating_add(micros))
    }
}

/// Tokio's clock, which a test can pause: it began to run when this was made.
#[derive(Clone, Copy, Debug)]
pub struct RuntimeClock {
    began: tokio::time::Instant,
}

impl RuntimeClock {
    /// A clock that shows one second now: 0 means "unknown" to clients.
    #[must_use]
    pub fn new() -> Self {
        Self { began: tokio::time::Instant::now() }
    }
}

impl Default for RuntimeClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for RuntimeClock {
    fn now(&self) -> BootTime {
        BootTime(1_000_000).after(self.began.elapsed())
    }
}

impl BootTime {
    /// This much later.
    #[must_use]
    pub fn after(self, later: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(later.as_micros()).unwrap_or(u64::MAX)))
    }

    /// How long from here to `later`; zero when that is over.
    #[must_use]
    pub fn until(self, later: Self) -> Duration {
        Duration::from_micros(later.0.saturating_sub(self.0))
    }
}
