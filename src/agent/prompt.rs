//! Asking a person. Who that is, and over which wire, is a face's business; a job only holds this end.

use std::fmt;
use std::future::Future;
use std::pin::Pin as Pinned;

use crate::agent::view::{BootTime, JobId};
use crate::secret::Pin;
pub use crate::setup::flow::{Act, Question, Reply, Typed, Unanswered};
use crate::wps::registrar::manual::Router;

/// A boxed future, so that [`Prompter`] can be used as an object.
pub type BoxFuture<'a, T> = Pinned<Box<dyn Future<Output = T> + Send + 'a>>;

/// Somebody who can be asked on behalf of one job's starter.
pub trait Prompter: fmt::Debug + Send + Sync + 'static {
    /// Whether there is somebody now.
    fn is_there(&self) -> bool;

    /// Asks, and waits for the answer. Dropping the future takes the question back.
    fn ask<'a>(&'a self, job: &'a JobId, ask: Ask) -> BoxFuture<'a, Result<Reply, Unanswered>>;

    /// Shows a PIN until then. Returns when it is shown.
    fn display_pin<'a>(&'a self, job: &'a JobId, shown: Shown) -> BoxFuture<'a, Result<(), Unanswered>>;

    /// Says that nothing is asked or shown any more, and why.
    fn release<'a>(&'a self, job: &'a JobId, reason: &'a str) -> BoxFuture<'a, ()>;
}

/// One question.
#[derive(Clone, Debug)]
pub struct Ask {
    /// What is asked.
    pub question: Question,
    /// Until when it can be answered.
    pub deadline: BootTime,
    /// The router of this computer's network, for what is done there.
    pub router: Option<Router>,
}

/// A PIN to be shown.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The PIN.
    pub pin: Pin,
    /// Until when it is good.
    pub deadline: BootTime,
    /// The router where it is typed.
    pub router: Option<Router>,
}
