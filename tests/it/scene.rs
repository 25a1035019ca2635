//! A scene: the memory bus, an agent on it, and whoever asks it. Time is the paused clock's, so that minutes pass
//! as soon as everybody waits.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::sync::Arc;
use std::time::Duration;

use plugprint::agent::view::{Caller, JobId, JobResult, JobView, PrinterView, StartOptions, State, Task, View};
use plugprint::agent::{self, Failure, Handle, RuntimeClock};
use plugprint::emulator::{Bus, Fault, Model, Options, Printer};
use plugprint::printer::identity::PrinterId;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

/// Longer than any deadline of the agent; the clock is paused.
const EVER: Duration = Duration::from_secs(60 * 60);

pub struct Scene {
    pub bus: Bus,
    pub handle: Handle,
    pub shutdown: CancellationToken,
    pub agent: JoinHandle<()>,
    pages: tempfile::TempDir,
}

/// The user who asks, unless a test says otherwise.
pub fn anna() -> Caller {
    Caller { bus_name: ":1.10".to_owned(), uid: 1000 }
}

impl Scene {
    /// An agent on an empty bus.
    pub fn new() -> Self {
        Self::on(Arc::new(agent::NoHost))
    }

    /// The same, on a computer with this around it.
    pub fn on(host: Arc<dyn agent::Host>) -> Self {
        Self::with(agent::Settings::on(host))
    }

    /// The same, with these settings.
    pub fn with(settings: agent::Settings) -> Self {
        let bus = Bus::new();
        let shutdown = CancellationToken::new();
        let (handle, agent) =
            agent::start(Arc::new(bus.clone()), Arc::new(RuntimeClock::new()), settings, shutdown.clone());
        Self { bus, handle, shutdown, agent, pages: tempfile::tempdir().unwrap() }
    }

    /// A printer that is switched on and not plugged in.
    pub fn printer(&self, model: Model, options: Options) -> Printer {
        Printer::new(model, Options { pages: self.pages.path().to_owned(), ..options })
    }

    /// The same, plugged in, and ready.
    pub async fn ready(&self, model: Model, options: Options) -> (Printer, PrinterId) {
        let printer = self.printer(model, options);
        self.bus.plug(&printer);
        let id = self.until_ready(&printer).await;
        (printer, id)
    }

    pub fn view(&self) -> Arc<View> {
        Arc::clone(&self.handle.view().borrow())
    }

    /// Waits until the view shows something.
    pub async fn until<T>(&self, what: &str, mut shows: impl FnMut(&View) -> Option<T>) -> T {
        let mut view = self.handle.view();
        let mut found = None;
        let waiting = view.wait_for(|view| {
            found = shows(view);
            found.is_some()
        });
        let seen = timeout(EVER, waiting).await;
        assert!(matches!(seen, Ok(Ok(_))), "never seen: {what}; it is {:#?}", self.view());
        found.unwrap()
    }

    /// Waits until this printer, by its serial number, is in a state.
    pub async fn until_state(&self, printer: &Printer, state: State) -> PrinterView {
        let what = format!("{} {state}", printer.serial());
        self.until(&what, |view| {
            view.printers
                .values()
                .find(|seen| seen.serial_number == printer.serial() && seen.state == state)
                .map(|seen| PrinterView::clone(seen))
        })
        .await
    }

    pub async fn until_ready(&self, printer: &Printer) -> PrinterId {
        self.until_state(printer, State::Ready).await.id
    }

    pub async fn until_gone(&self, id: &PrinterId) {
        self.until("the printer gone", |view| (!view.printers.contains_key(id)).then_some(())).await;
    }

    pub fn job(&self, id: &JobId) -> JobView {
        JobView::clone(&self.view().jobs[id])
    }

    pub async fn until_stage(&self, id: &JobId, stage: &str) -> JobView {
        self.until(stage, |view| view.jobs.get(id).filter(|job| job.stage == stage).map(|job| JobView::clone(job)))
            .await
    }

    pub async fn start(&self, printer: &PrinterId, task: Task) -> JobId {
        self.handle.start(printer.clone(), task, anna(), StartOptions::default()).await.unwrap()
    }

    /// Waits until a job has ended.
    pub async fn outcome(&self, id: &JobId) -> Result<JobResult, Failure> {
        let outcome = self.until("the job's end", |view| view.jobs.get(id).and_then(|job| job.outcome.clone())).await;
        let result = self.handle.result(id.clone(), anna()).await;
        assert_eq!(outcome, result.as_ref().map(|_| ()).map_err(Clone::clone));
        result
    }

    /// The same, for anna with these options.
    pub async fn run_with(&self, printer: &PrinterId, task: Task, options: StartOptions) -> Result<JobResult, Failure> {
        let job = self.handle.start(printer.clone(), task, anna(), options).await?;
        self.outcome(&job).await
    }

    /// Starts a job and waits for its end.
    pub async fn run(&self, printer: &PrinterId, task: Task) -> Result<JobResult, Failure> {
        let job = self.handle.start(printer.clone(), task, anna(), StartOptions::default()).await?;
        self.outcome(&job).await
    }
}

/// The job types of what came out of a printer, in order.
pub fn printed(printer: &Printer) -> Vec<String> {
    printer.pages().iter().map(|page| page.job_type.to_string()).collect()
}

pub fn fault(name: &str) -> Option<Fault> {
    Some(Fault::from_name(name).unwrap_or_else(|| panic!("no fault is called {name}")))
}

/// How long something takes, by the paused clock.
pub async fn timed<T>(doing: impl Future<Output = T>) -> (T, Duration) {
    let began = Instant::now();
    let done = doing.await;
    (done, began.elapsed())
}
