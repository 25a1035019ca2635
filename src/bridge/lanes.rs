//! Who may take a link when several want one: where there are several links, one stays free for small requests, so
//! that a print or a scan never makes the printer look dead.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// The lanes of one printer.
pub(super) struct Lanes {
    links: usize,
    /// Requests that may hold a link for long.
    long: Arc<Semaphore>,
    /// Requests that have a link, or wait for one.
    inside: AtomicUsize,
    /// Of these, how many wait for a lane of those that may hold a link for long.
    waiting: AtomicUsize,
}

/// A request's place, from when it has begun until its answer has ended.
pub(super) struct Place {
    lanes: Arc<Lanes>,
    _long: Option<OwnedSemaphorePermit>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.lanes.inside.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Lanes {
    pub(super) fn new(links: usize) -> Self {
        let long = Arc::new(Semaphore::new(links.saturating_sub(1).max(1)));
        Self { links, long, inside: AtomicUsize::new(0), waiting: AtomicUsize::new(0) }
    }

    /// A place for a request; for one that may hold a link for long, when there is one. `None`: not in time.
    pub(super) async fn enter(self: &Arc<Self>, long: bool, limit: Duration) -> Option<Place> {
        self.inside.fetch_add(1, Ordering::Relaxed);
        let mut place = Place { lanes: Arc::clone(self), _long: None };
        if long {
            let _waiting = Waiting::new(&self.waiting);
            place._long = Some(timeout(limit, Arc::clone(&self.long).acquire_owned()).await.ok()?.ok()?);
        }
        Some(place)
    }

    /// Somebody waits for a link, or for a lane.
    pub(super) fn contended(&self) -> bool {
        self.inside.load(Ordering::Relaxed) > self.links || self.waiting.load(Ordering::Relaxed) > 0
    }
}

/// Counted as long as it is there.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_millis(10);

    #[tokio::test(start_paused = true)]
    async fn one_link_stays_free_for_what_is_small() {
        let lanes = Arc::new(Lanes::new(3));
        let first = lanes.enter(true, SOON).await;
        let second = lanes.enter(true, SOON).await;
        assert!(first.is_some() && second.is_some());
        assert!(lanes.enter(true, SOON).await.is_none());
        let small = lanes.enter(false, SOON).await;
        assert!(small.is_some() && !lanes.contended());
        let another = lanes.enter(false, SOON).await;
        assert!(lanes.contended());
        drop((another, first));
        assert!(!lanes.contended());
        assert!(lanes.enter(true, SOON).await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_a_lane_is_noticed_though_a_link_is_free() {
        let lanes = Arc::new(Lanes::new(3));
        let held = (lanes.enter(true, SOON).await, lanes.enter(true, SOON).await);
        assert!(!lanes.contended());
        let third = lanes.enter(true, SOON);
        tokio::select! {
            biased;
            place = third => assert!(place.is_none()),
            () = async { assert!(lanes.contended()) } => {}
        }
        assert!(!lanes.contended());
        drop(held);
    }

    #[tokio::test(start_paused = true)]
    async fn a_printer_with_one_link_can_be_printed_on() {
        let lanes = Arc::new(Lanes::new(1));
        assert!(lanes.enter(true, SOON).await.is_some());
    }
}
