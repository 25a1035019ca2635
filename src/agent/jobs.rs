//! Jobs: who may have one, what becomes of it, and who may see its result.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::agent::event::{Cable, JobNews, Stage};
use crate::agent::handle::Request;
use crate::agent::procedure::{self, Plan};
use crate::agent::registry::{Condition, Registry};
use crate::agent::view::{BootTime, Caller, JobId, JobResult, JobView, StartOptions, Task, WifiView};
use crate::agent::{ErrorKind, Failure};
use crate::blame::Party;
use crate::control::Control;
use crate::printer::identity::PrinterId;
use crate::printer::probe::Facts;

/// Jobs that one user may have running.
const RUNNING_PER_USER: usize = 16;
/// Finished jobs that are remembered for one user; the oldest goes first.
const FINISHED_PER_USER: usize = 32;
/// Jobs in all.
const MAX_JOBS: usize = 512;
/// How long a finished job is remembered.
const REMEMBERED: Duration = Duration::from_secs(5 * 60);
/// A procedure keeps its own deadlines; one that has not ended this long after them is ended from outside.
const GRACE: Duration = Duration::from_secs(30);

/// One job.
pub(super) struct Job {
    pub(super) view: JobView,
    keep: bool,
    phase: Phase,
}

/// ```text
///  Running ──Finished, deadline, unplugged──▶ Finished ──five minutes──▶ (gone)
/// ```
enum Phase {
    Running {
        /// Asks the procedure to end where it can.
        stop: CancellationToken,
        /// The procedure's task; a refresh has none, the device's own task does it.
        task: Option<AbortHandle>,
        /// When it is ended from outside.
        due: Instant,
        /// A task that goes on where the printer leaves USB hears of it here.
        line: Option<mpsc::UnboundedSender<Cable>>,
        /// The printer is off USB.
        away: bool,
    },
    Finished {
        result: Result<JobResult, Failure>,
        /// When it is forgotten.
        due: Instant,
        /// When the PIN in the result is forgotten.
        pin_due: Option<Instant>,
    },
}

impl Job {
    fn is_running(&self) -> bool {
        matches!(self.phase, Phase::Running { .. })
    }

    fn admits(&self, caller: &Caller) -> bool {
        caller.uid == 0 || caller.bus_name == self.view.started_by.bus_name
    }

    fn due(&self) -> Instant {
        match &self.phase {
            Phase::Running { due, .. } => *due,
            Phase::Finished { due, pin_due, .. } => pin_due.map_or(*due, |pin| pin.min(*due)),
        }
    }

    fn forgotten_at(&self) -> Option<Instant> {
        match &self.phase {
            Phase::Running { .. } => None,
            Phase::Finished { due, .. } => Some(*due),
        }
    }
}

impl Registry {
    /// When something here ends by itself, next.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.jobs.values().map(Job::due).min()
    }

    /// Does what is asked for, publishes, then replies: the asker finds its job in the view.
    pub(super) fn request(&mut self, request: Request) {
        match request {
            Request::Start { printer, task, caller, options, reply } => {
                let job = self.start(&printer, &task, caller, options);
                self.publish();
                let _ = reply.send(job);
            }
            Request::Cancel { job, caller, reply } => {
                let heard = self.of(&job, &caller).map(|_| ());
                if heard.is_ok() {
                    self.cancel(&job);
                }
                self.publish();
                let _ = reply.send(heard);
            }
            Request::Keep { job, caller, keep, reply } => {
                let _ = reply.send(self.of(&job, &caller).map(|job| job.keep = keep));
            }
            Request::GetResult { job, caller, reply } => {
                let now = self.clock.now();
                let _ = reply.send(self.of(&job, &caller).and_then(|job| result(job, now)));
            }
            Request::Links { printer, reply } => {
                self.ask_links(&printer, reply);
            }
            Request::Bridged { printer, addresses } => {
                self.bridged(&printer, addresses);
                self.publish();
            }
            Request::OpenPages { printer, uid, reply } => {
                let _ = reply.send(self.open_pages(&printer, uid));
            }
            Request::PagesOpen { printer, uid, reply } => {
                let _ = reply.send(Ok(self.pages_open(&printer, uid)));
            }
            Request::SetMode { printer, mode, reply } => {
                self.set_mode(&printer, mode, reply);
                self.publish();
            }
            Request::Inhibit { printer, holder, reply } => {
                self.inhibit(&printer, holder, reply);
                self.publish();
            }
            Request::Sleep { reply } => self.sleep(reply),
            Request::Wake => {
                self.wake();
                self.publish();
            }
            Request::CallerLeft { bus_name } => {
                self.caller_left(&bus_name);
                self.publish();
            }
        }
    }

    fn of(&mut self, id: &JobId, caller: &Caller) -> Result<&mut Job, Failure> {
        let job = self.jobs.get_mut(id).ok_or_else(|| {
            refused(ErrorKind::NotFound, "There is no such job. Finished jobs are remembered for five minutes.")
        })?;
        if job.admits(caller) {
            Ok(job)
        } else {
            Err(refused(
                ErrorKind::NotAuthorized,
                "This job belongs to somebody else. Only who started it, and root, may do this.",
            ))
        }
    }

    fn start(
        &mut self,
        printer: &PrinterId,
        task: &Task,
        caller: Caller,
        options: StartOptions,
    ) -> Result<JobId, Failure> {
        let entry = self.printers.get(printer).ok_or_else(|| {
            refused(
                ErrorKind::NotFound,
                "No such printer is plugged in. Look at the cable, and whether it is switched on.",
            )
        })?;
        if let Some(job) = entry.job.as_ref().and_then(|job| self.jobs.get(job)) {
            return Err(Failure::new(
                ErrorKind::Busy,
                Party::Caller,
                format!(
                    "The printer is busy with job {} ({}, {}) of user {}. Wait until it has finished, or cancel it.",
                    job.view.id, job.view.kind, job.view.stage, job.view.started_by.uid
                ),
            ));
        }
        if !entry.waiting.is_empty() {
            return Err(Failure::new(
                ErrorKind::Busy,
                Party::Caller,
                "The printer is being handed to another program. Try again when it is back.",
            ));
        }
        let plan = match (&entry.condition, task) {
            (Condition::Mute(why), _) => return Err(why.clone()),
            (Condition::Aside(aside, _), _) => return Err(aside.failure.clone()),
            (Condition::Ready(_) | Condition::Probing(_) | Condition::Troubled(..), Task::Refresh) => Plan::Refresh,
            // A printer that makes no sense is the one whose documents are wanted most.
            (Condition::Ready(_) | Condition::Troubled(..), Task::CollectDocuments) => procedure::collect(entry)?,
            (Condition::Troubled(trouble, _), _) => return Err(trouble.failure.clone()),
            (Condition::Probing(_), _) => {
                return Err(Failure::new(
                    ErrorKind::PrinterNotReady,
                    Party::Printer,
                    "The printer is still being asked what it can do. Try again in a moment.",
                ));
            }
            (Condition::Ready(facts), task) => procedure::plan(facts, task, options.experimental)?,
        };
        self.make_room(caller.uid)?;
        let id = self.job_id(options.handle_token)?;

        let limit = plan.limit();
        let stage = plan.first_stage(self.clock.now());
        let stop = CancellationToken::new();
        let (line, cable) = mpsc::unbounded_channel();
        let line = plan.outlives_unplugging().then_some(line);
        let Some(entry) = self.printers.get_mut(printer) else {
            return Err(refused(ErrorKind::NotFound, "No such printer is plugged in."));
        };
        let handle = match (plan, &entry.pool) {
            (Plan::Refresh, _) | (_, None) => {
                // One that is being probed needs no second time.
                if !matches!(entry.condition, Condition::Probing(_)) {
                    entry.again.notify_one();
                }
                None
            }
            (plan, Some(pool)) => {
                let facts = match &entry.condition {
                    Condition::Ready(facts) | Condition::Troubled(_, Some(facts)) => Arc::clone(facts),
                    _ => Arc::new(Facts::nothing()),
                };
                let work = procedure::Work {
                    job: id.clone(),
                    pool: pool.clone(),
                    control: Control::new(pool.clone(), facts),
                    clock: Arc::clone(&self.clock),
                    host: Arc::clone(&self.settings.host),
                    prompter: options.prompter,
                    news: self.news.clone(),
                    stop: stop.clone(),
                };
                Some(self.tasks.spawn(procedure::run(plan, work, cable)).abort_handle())
            }
        };
        entry.job = Some(id.clone());
        tracing::info!(job = %id, printer = %printer, kind = task.kind(), uid = caller.uid, "started");
        let view = JobView {
            id: id.clone(),
            kind: task.kind(),
            printer: printer.clone(),
            stage: stage.name,
            progress: stage.progress,
            user_action: stage.user_action,
            deadline: stage.deadline,
            started_by: caller,
            cancelable: stage.cancelable,
            outcome: None,
        };
        // A page that came out is of use without the one who asked for it; a PIN is not.
        let keep = options.keep.unwrap_or(matches!(task, Task::PrintReport(_) | Task::PressButtons { .. }));
        let due = Instant::now() + limit + GRACE;
        let phase = Phase::Running { stop, task: handle, due, line, away: false };
        self.jobs.insert(id.clone(), Job { view, keep, phase });
        Ok(id)
    }

    /// Bounds what one user, and all together, can make us remember.
    fn make_room(&mut self, uid: u32) -> Result<(), Failure> {
        let running = self.jobs.values().filter(|job| job.is_running() && job.view.started_by.uid == uid).count();
        if running >= RUNNING_PER_USER {
            return Err(refused(
                ErrorKind::Busy,
                "You have too many jobs running. Wait until one has finished, or cancel it.",
            ));
        }
        while self.finished_of(Some(uid)).count() >= FINISHED_PER_USER {
            self.forget_oldest(Some(uid));
        }
        while self.jobs.len() >= MAX_JOBS {
            if self.finished_of(None).next().is_none() {
                return Err(refused(ErrorKind::Busy, "There are too many jobs. Try again when some have finished."));
            }
            self.forget_oldest(None);
        }
        Ok(())
    }

    fn finished_of(&self, uid: Option<u32>) -> impl Iterator<Item = (&JobId, &Job)> {
        self.jobs
            .iter()
            .filter(move |(_, job)| !job.is_running() && uid.is_none_or(|uid| job.view.started_by.uid == uid))
    }

    fn forget_oldest(&mut self, uid: Option<u32>) {
        // Not by when something in them ends: a PIN that has just been read ends before a report of a minute ago.
        let oldest = self.finished_of(uid).min_by_key(|(_, job)| job.forgotten_at()).map(|(id, _)| id.clone());
        if let Some(id) = oldest {
            self.jobs.remove(&id);
        }
    }

    fn job_id(&mut self, token: Option<String>) -> Result<JobId, Failure> {
        let Some(token) = token else {
            loop {
                self.jobs_started += 1;
                let id = JobId(format!("j{}", self.jobs_started));
                if !self.jobs.contains_key(&id) {
                    return Ok(id);
                }
            }
        };
        let fits =
            (1..=64).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !fits {
            return Err(refused(
                ErrorKind::InvalidArguments,
                "handle_token must be 1 to 64 letters, digits or underscores.",
            ));
        }
        let id = JobId(token);
        if self.jobs.contains_key(&id) {
            return Err(refused(ErrorKind::InvalidArguments, "This handle_token is taken. Use another one."));
        }
        Ok(id)
    }

    /// Asks a job to end. A write that is on its way to the printer is completed first.
    fn cancel(&mut self, id: &JobId) {
        let Some(job) = self.jobs.get(id) else { return };
        let Phase::Running { stop, task, .. } = &job.phase else { return };
        stop.cancel();
        if task.is_none() {
            self.finish(id, Err(procedure::canceled("Nothing was changed.")));
        }
    }

    fn caller_left(&mut self, bus_name: &str) {
        let left: Vec<JobId> = self
            .jobs
            .iter()
            .filter(|(_, job)| !job.keep && job.view.started_by.bus_name == bus_name)
            .map(|(id, _)| id.clone())
            .collect();
        for id in left {
            self.cancel(&id);
            if let Some(job) = self.jobs.get_mut(&id) {
                forget_pin(job, "The one who asked for the PIN has left.");
            }
        }
    }

    pub(super) fn job_news(&mut self, id: &JobId, news: JobNews) {
        match news {
            JobNews::Finished(result) => self.finish(id, result),
            JobNews::Station(state) => {
                let printer = self.jobs.get(id).filter(|job| job.is_running()).map(|job| &job.view.printer);
                if let Some(entry) = printer.and_then(|printer| self.printers.get_mut(printer)) {
                    entry.wifi = Some(WifiView::of(&state, true));
                }
            }
            JobNews::Stage(stage) => {
                let Some(job) = self.jobs.get_mut(id).filter(|job| job.is_running()) else { return };
                let Stage { name, progress, user_action, deadline, cancelable } = stage;
                let view = &mut job.view;
                (view.stage, view.progress, view.user_action) = (name, progress, user_action);
                (view.deadline, view.cancelable) = (deadline, cancelable);
            }
        }
    }

    /// The printer has said what it can do, or never will: a refresh that waits for it is over.
    pub(super) fn refreshed(&mut self, printer: &PrinterId, result: Result<JobResult, Failure>) {
        let Some(job) = self.printers.get(printer).and_then(|entry| entry.job.clone()) else { return };
        if self.jobs.get(&job).is_some_and(|job| job.view.kind == Task::Refresh.kind()) {
            self.finish(&job, result);
        }
    }

    /// The printer of this job has left USB. Whether the job ends, or waits for it to come back.
    pub(super) fn unplugged(&mut self, id: &JobId) -> bool {
        match self.jobs.get_mut(id).map(|job| &mut job.phase) {
            Some(Phase::Running { line: Some(line), away, .. }) if line.send(Cable::Unplugged).is_ok() => {
                *away = true;
                false
            }
            _ => true,
        }
    }

    /// The job that waits for this printer to come back.
    pub(super) fn waiting_for(&self, printer: &PrinterId) -> Option<JobId> {
        let waits = |job: &Job| matches!(job.phase, Phase::Running { away: true, .. }) && job.view.printer == *printer;
        self.jobs.iter().find(|(_, job)| waits(job)).map(|(id, _)| id.clone())
    }

    /// The printer is back and has said what it can do: the job that waits for it goes on.
    pub(super) fn replugged(&mut self, printer: &PrinterId) {
        let Some(entry) = self.printers.get(printer) else { return };
        let (Some(id), Some(pool), Condition::Ready(facts)) = (&entry.job, &entry.pool, &entry.condition) else {
            return;
        };
        if let Some(Phase::Running { line: Some(line), away, .. }) = self.jobs.get_mut(id).map(|job| &mut job.phase)
            && *away
        {
            *away = false;
            let _ = line.send(Cable::Replugged(pool.clone(), Arc::clone(facts)));
        }
    }

    /// Ends a running job. What its task still says is not heard.
    pub(super) fn finish(&mut self, id: &JobId, result: Result<JobResult, Failure>) {
        let now = Instant::now();
        let pin_due = match &result {
            Ok(JobResult::Pin { deadline, .. }) => Some(now + self.clock.now().until(*deadline)),
            Ok(_) | Err(_) => None,
        };
        let Some(job) = self.jobs.get_mut(id) else { return };
        let Phase::Running { task, stop, line, .. } = &job.phase else { return };
        match (task, line) {
            // It has a registrar to tell, and a person; where the agent stops it has two seconds for that.
            (Some(_), Some(_)) => stop.cancel(),
            (Some(task), None) => task.abort(),
            (None, _) => {}
        }
        match &result {
            Ok(_) => tracing::info!(job = %id, "finished"),
            Err(failure) => {
                tracing::info!(job = %id, error = failure.kind.name(), message = failure.message, "failed");
            }
        }
        let view = &mut job.view;
        view.stage = "done";
        view.user_action = "";
        view.cancelable = false;
        view.deadline = match &result {
            Ok(JobResult::Pin { deadline, .. }) => Some(*deadline),
            Ok(_) | Err(_) => None,
        };
        if result.is_ok() {
            view.progress = Some(1.0);
        }
        view.outcome = Some(result.as_ref().map(|_| ()).map_err(Clone::clone));
        job.phase = Phase::Finished { result, due: now + REMEMBERED, pin_due };
        if let Some(entry) = self.printers.get_mut(&job.view.printer)
            && entry.job.as_ref() == Some(id)
        {
            entry.job = None;
        }
    }

    pub(super) fn end_all_jobs(&mut self, why: &Failure) {
        let running: Vec<JobId> =
            self.jobs.iter().filter(|(_, job)| job.is_running()).map(|(id, _)| id.clone()).collect();
        for id in running {
            self.finish(&id, Err(why.clone()));
        }
        for job in self.jobs.values_mut() {
            forget_pin(job, "The service was stopped.");
        }
    }

    /// Ends and forgets what is over.
    pub(super) fn due(&mut self) {
        let now = Instant::now();
        let over: Vec<JobId> = self.jobs.iter().filter(|(_, job)| job.due() <= now).map(|(id, _)| id.clone()).collect();
        for id in over {
            let Some(job) = self.jobs.get_mut(&id) else { continue };
            match &job.phase {
                Phase::Running { .. } => self.finish(
                    &id,
                    Err(Failure::new(
                        ErrorKind::Timeout,
                        Party::Printer,
                        "The printer did not finish in time. Look at its panel, then try again.",
                    )),
                ),
                Phase::Finished { due, .. } if *due <= now => {
                    self.jobs.remove(&id);
                }
                Phase::Finished { .. } => forget_pin(job, "Its time is over."),
            }
        }
    }
}

fn result(job: &mut Job, now: BootTime) -> Result<JobResult, Failure> {
    // Our timers stand still while the computer sleeps; a PIN's lifetime doesn't.
    if let Phase::Finished { result: Ok(JobResult::Pin { deadline, .. }), .. } = &job.phase
        && *deadline <= now
    {
        forget_pin(job, "Its time is over.");
    }
    match &job.phase {
        Phase::Running { .. } => {
            Err(refused(ErrorKind::Busy, "The job is still running. Wait for its Completed signal."))
        }
        Phase::Finished { result, .. } => result.clone(),
    }
}

/// Drops the PIN of a finished job: its memory is wiped.
fn forget_pin(job: &mut Job, why: &str) {
    if let Phase::Finished { result, pin_due, .. } = &mut job.phase
        && matches!(result, Ok(JobResult::Pin { .. }))
    {
        *pin_due = None;
        *result = Err(Failure::new(
            ErrorKind::PinExpired,
            Party::Caller,
            format!("The PIN was forgotten. {why} Read it again."),
        ));
        job.view.deadline = None;
    }
}

fn refused(kind: ErrorKind, message: &str) -> Failure {
    Failure::new(kind, Party::Caller, message)
}
