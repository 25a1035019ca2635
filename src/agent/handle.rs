//! What a face holds: ask, and watch.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};

use crate::agent::Failure;
use crate::agent::view::{Caller, JobId, JobResult, Mode, StartOptions, Task, View};
use crate::http;
use crate::printer::identity::PrinterId;
use crate::printer::quirks::Quirks;
use crate::usb::descriptor::BasicCapabilities;

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
    /// A face wants to speak to a printer itself.
    Links {
        /// Which printer.
        printer: PrinterId,
        /// Its links.
        reply: oneshot::Sender<Result<Links, Failure>>,
    },
    /// A printer can be reached under these addresses now.
    Bridged {
        /// Which printer.
        printer: PrinterId,
        /// Where; `None`: nowhere any more.
        addresses: Option<Addresses>,
    },
    /// Open the protected pages of a printer to one user, for a while.
    OpenPages {
        /// Which printer.
        printer: PrinterId,
        /// To whom.
        uid: u32,
        /// Where they are.
        reply: oneshot::Sender<Result<String, Failure>>,
    },
    /// Whether a printer's protected pages are open to this user.
    PagesOpen {
        /// Which printer.
        printer: PrinterId,
        /// To whom.
        uid: u32,
        /// Whether.
        reply: oneshot::Sender<Result<bool, Failure>>,
    },
    /// Say who drives a printer, from now on.
    SetMode {
        /// Which printer.
        printer: PrinterId,
        /// Who.
        mode: Mode,
        /// When it is so.
        reply: oneshot::Sender<Result<(), Failure>>,
    },
    /// Let go of a printer, as long as somebody wants it for something else.
    Inhibit {
        /// Which printer.
        printer: PrinterId,
        /// Who wants it, and why.
        holder: Holder,
        /// When nothing of it is held here any more.
        reply: oneshot::Sender<Result<Hold, Failure>>,
    },
    /// The computer goes to sleep.
    Sleep {
        /// When every link is given back.
        reply: oneshot::Sender<Result<(), Failure>>,
    },
    /// It is awake again.
    Wake,
    /// A connection has left the bus.
    CallerLeft {
        /// Its unique name.
        bus_name: String,
    },
}

/// Who wants a printer for something else. Texts for people, bounded and cleaned by the face.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The program.
    pub who: String,
    /// What for.
    pub why: String,
    /// For which user.
    pub uid: u32,
}

/// A printer is let go as long as this lives, also where it is unplugged and comes back.
#[derive(Debug)]
pub struct Hold {
    /// Nothing is ever sent: that it is dropped says it.
    _given_back: oneshot::Sender<Infallible>,
}

impl Hold {
    /// A hold, and what ends when it does.
    pub(super) fn new() -> (Self, oneshot::Receiver<Infallible>) {
        let (sender, receiver) = oneshot::channel();
        (Self { _given_back: sender }, receiver)
    }
}

/// How a face speaks to a printer itself.
#[derive(Clone)]
pub struct Links {
    /// Its links. The pool ends when the printer is unplugged.
    pub pool: http::Pool,
    /// Whether these links are made for printing: IPP over USB, and not a channel of the maker's own.
    pub ipp: bool,
    /// What its descriptors say that it is; `None`: nothing.
    pub basic: Option<BasicCapabilities>,
    /// Which port of its hub it is in.
    pub socket: u8,
    /// What is known of this model that does not follow from any specification.
    pub quirks: Quirks,
}

impl fmt::Debug for Links {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Links").field("ipp", &self.ipp).finish_non_exhaustive()
    }
}

/// Where programs of this computer find a printer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addresses {
    /// Where they print; empty where the printer does not take IPP.
    pub uri: String,
    /// Its own web pages.
    pub admin_uri: String,
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

    /// A printer's links, for a face that speaks to it itself.
    ///
    /// # Errors
    /// `NotFound`; `PrinterNotReady` while it is not known what it is; why it failed, where it did.
    pub async fn links(&self, printer: PrinterId) -> Result<Links, Failure> {
        self.ask(|reply| Request::Links { printer, reply }).await
    }

    /// Tells where a printer can be reached now; `None`: nowhere any more.
    pub async fn bridged(&self, printer: PrinterId, addresses: Option<Addresses>) {
        let _ = self.requests.send(Request::Bridged { printer, addresses }).await;
    }

    /// Opens the protected pages of a printer to one user, for ten minutes. Gives their address.
    ///
    /// # Errors
    /// `NotFound`; `NotSupported` where the printer has no address.
    pub async fn open_pages(&self, printer: PrinterId, uid: u32) -> Result<String, Failure> {
        self.ask(|reply| Request::OpenPages { printer, uid, reply }).await
    }

    /// Whether a printer's protected pages are open to this user. Root's are not asked about here.
    pub async fn pages_open(&self, printer: PrinterId, uid: u32) -> bool {
        self.ask(|reply| Request::PagesOpen { printer, uid, reply }).await.unwrap_or(false)
    }

    /// Says who drives a printer, and remembers it. It is so when this returns.
    ///
    /// # Errors
    /// `NotFound`; `Busy` while a job or an exchange is under way; `Failed` where it can't be remembered.
    pub async fn set_mode(&self, printer: PrinterId, mode: Mode) -> Result<(), Failure> {
        self.ask(|reply| Request::SetMode { printer, mode, reply }).await
    }

    /// Lets go of a printer until the hold is dropped. Nothing of it is claimed any more when this returns.
    ///
    /// # Errors
    /// `NotFound`; `Busy` while a job or an exchange is under way; `Disconnected`.
    pub async fn inhibit(&self, printer: PrinterId, holder: Holder) -> Result<Hold, Failure> {
        self.ask(|reply| Request::Inhibit { printer, holder, reply }).await
    }

    /// Tells that the computer goes to sleep; when this returns the printers' links are given back. Exchanges wait until
    /// [`Handle::wake`].
    pub async fn sleep(&self) {
        let _ = self.ask(|reply| Request::Sleep { reply }).await;
    }

    /// Tells that it is awake.
    pub async fn wake(&self) {
        let _ = self.requests.send(Request::Wake).await;
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
