//! What a face holds: ask, and watch.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};

use crate::agent::Failure;
use crate::agent::view::{Caller, JobId, JobResult, StartOptions, Task, View};
use crate::printer::identity::PrinterId;

/// A request of a face. The reply says whether it was taken, not how it ended.
#[derive(Debug)]
pub enum Request {
    /// Start a task on a printer.
    Start {
        /// Which printer.
        printer: PrinterId,
        /// What to do.
        task: Task,
        /// For whom.
        caller: Caller,
        /// How.
        options: StartOptions,
        /// The job.
        reply: oneshot::Sender<Result<JobId, Failure>>,
    },
    /// Cancel a job.
    Cancel {
        /// Which job.
        job: JobId,
        /// Who asks.
        caller: Caller,
        /// Whether it was heard.
        reply: oneshot::Sender<Result<(), Failure>>,
    },
    /// Say whether a job outlives its starter's connection.
    Keep {
        /// Which job.
        job: JobId,
        /// Who asks.
        caller: Caller,
        /// The wish.
        keep: bool,
        /// Whether it was heard.
        reply: oneshot::Sender<Result<(), Failure>>,
    },
    /// Take a job's result.
    GetResult {
        /// Which job.
        job: JobId,
        /// Who asks: the starter's connection, or root.
        caller: Caller,
        /// The result.
        reply: oneshot::Sender<Result<JobResult, Failure>>,
    },
    /// A connection has left the bus.
    CallerLeft {
        /// Its unique name.
        bus_name: String,
    },
}

/// A cheap clone for each face.
#[derive(Clone)]
pub struct Handle {
    requests: mpsc::Sender<Request>,
    view: watch::Receiver<Arc<View>>,
}

impl Handle {
    /// The faces' end of the agent.
    #[must_use]
    pub fn new(requests: mpsc::Sender<Request>, view: watch::Receiver<Arc<View>>) -> Self {
        Self { requests, view }
    }

    /// The picture as it changes.
    #[must_use]
    pub fn view(&self) -> watch::Receiver<Arc<View>> {
        self.view.clone()
    }

    /// Starts a task; the job is in the view before this returns.
    ///
    /// # Errors
    /// `NotFound`, `NotSupported`, `Busy`, `PrinterNotReady`, `InvalidArguments`.
    pub async fn start(
        &self,
        printer: PrinterId,
        task: Task,
        caller: Caller,
        options: StartOptions,
    ) -> Result<JobId, Failure> {
        self.ask(|reply| Request::Start { printer, task, caller, options, reply }).await
    }

    /// Cancels a job. A write that was already sent to the printer is not cut.
    ///
    /// # Errors
    /// `NotFound`; `NotAuthorized` for anybody but the starter and root.
    pub async fn cancel(&self, job: JobId, caller: Caller) -> Result<(), Failure> {
        self.ask(|reply| Request::Cancel { job, caller, reply }).await
    }

    /// Says whether a job outlives its starter's connection.
    ///
    /// # Errors
    /// As [`Handle::cancel`].
    pub async fn keep(&self, job: JobId, caller: Caller, keep: bool) -> Result<(), Failure> {
        self.ask(|reply| Request::Keep { job, caller, keep, reply }).await
    }

    /// A finished job's result.
    ///
    /// # Errors
    /// As [`Handle::cancel`]; `Busy` while it runs; the job's own failure.
    pub async fn result(&self, job: JobId, caller: Caller) -> Result<JobResult, Failure> {
        self.ask(|reply| Request::GetResult { job, caller, reply }).await
    }

    /// Tells that a connection has left the bus: its jobs end, unless they are kept.
    pub async fn caller_left(&self, bus_name: String) {
        let _ = self.requests.send(Request::CallerLeft { bus_name }).await;
    }

    async fn ask<T>(&self, request: impl FnOnce(oneshot::Sender<Result<T, Failure>>) -> Request) -> Result<T, Failure> {
        let (reply, answer) = oneshot::channel();
        let stopping = || {
            Failure::new(
                crate::agent::ErrorKind::Failed,
                crate::blame::Party::Agent,
                "The service is stopping. Try again in a moment.",
            )
        };
        self.requests.send(request(reply)).await.map_err(|_| stopping())?;
        answer.await.map_err(|_| stopping())?
    }
}
