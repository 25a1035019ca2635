//! What each job does, step by step.

mod follow;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::agent::event::{Event, JobNews, Stage};
use crate::agent::view::{BootTime, JobId, JobResult, Task};
use crate::agent::{Clock, ErrorKind, Failure};
use crate::blame::Party;
use crate::http;
use crate::printer::probe::Facts;

/// A task, found possible on this printer.
pub(super) enum Plan {
    /// Ask it again what it can do; the device's own task does that.
    Refresh,
    /// To come.
    Nothing,
}

impl Plan {
    /// The longest that it may take.
    pub(super) fn limit(&self) -> Duration {
        Duration::from_secs(120)
    }

    /// Where it begins.
    pub(super) fn first_stage(&self, now: BootTime) -> Stage {
        let name = match self {
            Self::Refresh => "probing",
            Self::Nothing => "checking",
        };
        Stage { name, progress: None, user_action: "", deadline: Some(now.after(self.limit())), cancelable: true }
    }
}

/// What a procedure works with.
pub(super) struct Work {
    pub(super) job: JobId,
    pub(super) pool: http::Pool,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) news: mpsc::UnboundedSender<Event>,
    pub(super) stop: CancellationToken,
}

/// Whether this printer can do it, and how.
pub(super) fn plan(_facts: &Facts, _task: &Task, _experimental: bool) -> Result<Plan, Failure> {
    Ok(Plan::Nothing)
}

/// Runs a plan to its end and tells it.
pub(super) async fn run(_plan: Plan, work: Work) {
    let _ = (&work.pool, &work.clock, &work.stop);
    let result: Result<JobResult, Failure> =
        Err(Failure::new(ErrorKind::NotSupported, Party::Agent, "This can't be done yet."));
    let _ = work.news.send(Event::Job(work.job, JobNews::Finished(result)));
}

/// A job that was ended on request.
pub(super) fn canceled(what_about_it: &str) -> Failure {
    Failure::new(ErrorKind::Canceled, Party::Caller, format!("The job was canceled. {what_about_it}"))
}
