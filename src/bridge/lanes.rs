//! Who may take a link when several want one. Where there are several, one stays free for what is small or comes from
//! the printer: no number of documents makes the printer look dead, and none keeps a scan waiting. A document may be on
//! its way for hours, out of paper; a page of the scanner ends.
//!
//! ```text
//!  links  documents  pages of a scanner  status, web pages
//!    1        1              1           one after the other; who waits too long is told when to come back
//!    2        1              1           beside either; beside both, when the page has come
//!    3      1 or 2           2           always, but beside two documents and a page
//! ```

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// What a request may do to the link that it gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Sends a document, for as long as the printer takes it.
    Upload,
    /// Waits for a page.
    Download,
    /// Neither.
    Small,
}

/// The lanes of one printer.
pub(super) struct Lanes {
    links: usize,
    uploads: Arc<Semaphore>,
    downloads: Arc<Semaphore>,
    /// Requests that have a link, or wait for one.
    inside: AtomicUsize,
    /// Of these, how many wait for a lane.
    waiting: AtomicUsize,
}

/// A request's place, from when it has begun until its answer has ended and no link is busy with it any more.
pub(super) struct Place {
    lanes: Arc<Lanes>,
    _lane: Option<OwnedSemaphorePermit>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.lanes.inside.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Lanes {
    pub(super) fn new(links: usize) -> Self {
        let lane = || Arc::new(Semaphore::new(links.saturating_sub(1).max(1)));
        Self { links, uploads: lane(), downloads: lane(), inside: AtomicUsize::new(0), waiting: AtomicUsize::new(0) }
    }

    /// A place for a request; for one that may hold a link for long, when there is one. `None`: not in time.
    pub(super) async fn enter(self: &Arc<Self>, kind: Kind, limit: Duration) -> Option<Place> {
        self.inside.fetch_add(1, Ordering::Relaxed);
        let mut place = Place { lanes: Arc::clone(self), _lane: None };
        let lane = match kind {
            Kind::Upload => &self.uploads,
            Kind::Download => &self.downloads,
            Kind::Small => return Some(place),
        };
        let _waiting = Waiting::new(&self.waiting);
        place._lane = Some(timeout(limit, Arc::clone(lane).acquire_owned()).await.ok()?.ok()?);
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
        let first = lanes.enter(Kind::Upload, SOON).await;
        let second = lanes.enter(Kind::Upload, SOON).await;
        assert!(first.is_some() && second.is_some());
        assert!(lanes.enter(Kind::Upload, SOON).await.is_none());
        let small = lanes.enter(Kind::Small, SOON).await;
        assert!(small.is_some() && !lanes.contended());
        let another = lanes.enter(Kind::Small, SOON).await;
        assert!(lanes.contended());
        drop((another, first));
        assert!(!lanes.contended());
        assert!(lanes.enter(Kind::Upload, SOON).await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_a_lane_is_noticed_though_a_link_is_free() {
        let lanes = Arc::new(Lanes::new(3));
        let held = (lanes.enter(Kind::Upload, SOON).await, lanes.enter(Kind::Upload, SOON).await);
        assert!(!lanes.contended());
        let third = lanes.enter(Kind::Upload, SOON);
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
        assert!(lanes.enter(Kind::Upload, SOON).await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn on_two_links_documents_leave_one_to_the_scanner() {
        let lanes = Arc::new(Lanes::new(2));
        let print = lanes.enter(Kind::Upload, SOON).await;
        assert!(print.is_some());
        assert!(lanes.enter(Kind::Upload, SOON).await.is_none());
        let page = lanes.enter(Kind::Download, SOON).await;
        assert!(page.is_some() && !lanes.contended());
        assert!(lanes.enter(Kind::Download, SOON).await.is_none());
        drop(page);
        let status = lanes.enter(Kind::Small, SOON).await;
        assert!(status.is_some() && !lanes.contended());
    }
}
