//! The jobs and how they go on: nothing runs, a job's state is worked out when somebody asks (RFC 8011, 5.3.7).

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::message::{Attribute, Value};

/// multiple-operation-time-out: how long an open job waits for its next operation, in seconds.
pub(super) const PATIENCE_SECONDS: i32 = 120;
const PATIENCE: Duration = Duration::from_secs(120);
/// Jobs that are remembered; of these at most [`WAITING`] not yet over.
const REMEMBERED: usize = 200;
const WAITING: usize = 16;

/// job-state (RFC 8011, 5.3.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::emulator) enum JobState {
    Pending = 3,
    Processing = 5,
    Stopped = 6,
    Canceled = 7,
    Aborted = 8,
    Completed = 9,
}

impl JobState {
    /// Nothing more will happen to it.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Canceled | Self::Aborted | Self::Completed)
    }

    /// In words, as in the note beside the document.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Processing => "processing",
            Self::Stopped => "stopped",
            Self::Canceled => "canceled",
            Self::Aborted => "aborted",
            Self::Completed => "complete",
        }
    }
}

#[derive(Clone, Debug)]
enum Stage {
    /// Made by Create-Job; no document yet.
    Open {
        since: Instant,
    },
    /// The document is on its way.
    Receiving,
    /// It has all it needs.
    Printing {
        from: Instant,
        until: Instant,
    },
    Over(JobState, &'static str),
}

/// How the reception of a document ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::emulator) struct Outcome {
    /// Everything has come, and could be read.
    pub complete: bool,
    /// Why not.
    pub problem: Option<String>,
    /// Octets of the document, as they came.
    pub octets: u64,
    pub pages: u32,
}

/// One job.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub id: i32,
    pub fax: bool,
    pub user: String,
    pub name: String,
    /// The job template attributes that it was made with.
    pub attributes: Vec<Attribute>,
    /// printer-up-time at each; `None` has not come yet.
    pub created: i32,
    pub processing: Option<i32>,
    pub completed: Option<i32>,
    pub outcome: Outcome,
    stage: Stage,
}

/// Why an operation on a job can't be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// No such job.
    NotFound,
    /// Not in this state.
    NotPossible,
    /// It has its one document.
    SecondDocument,
    /// Somebody canceled it.
    Canceled,
    /// Somebody else's.
    NotYours,
    /// Too many jobs wait.
    Busy,
}

/// Every job that is remembered, and the clock they live by.
pub(in crate::emulator) struct Queue {
    jobs: Vec<Job>,
    last: i32,
    boot: (Instant, SystemTime),
    /// When the engine is free again.
    free: Option<Instant>,
}

impl Default for Queue {
    fn default() -> Self {
        Self { jobs: Vec::new(), last: 0, boot: (Instant::now(), SystemTime::now()), free: None }
    }
}

impl Queue {
    /// When the printer was switched on.
    pub fn boot(&self) -> SystemTime {
        self.boot.1
    }

    /// printer-up-time: seconds, from 1 (RFC 8011, 5.4.29).
    pub fn up_time(&self) -> i32 {
        i32::try_from(self.boot.0.elapsed().as_secs()).unwrap_or(i32::MAX - 1).saturating_add(1)
    }

    /// Works out what has happened by now. While the printer is blocked, nothing is finished.
    fn settle(&mut self, blocked: bool) {
        let now = Instant::now();
        let up_time = self.up_time();
        for job in &mut self.jobs {
            match job.stage {
                Stage::Open { since } if now.duration_since(since) >= PATIENCE => {
                    job.end(JobState::Aborted, "job-canceled-at-device", up_time);
                }
                Stage::Printing { from, .. } if now >= from && job.processing.is_none() => {
                    job.processing = Some(up_time)
                }
                _ => {}
            }
            if let Stage::Printing { until, .. } = job.stage
                && now >= until
                && !blocked
            {
                job.end(JobState::Completed, "job-completed-successfully", up_time);
            }
        }
        while self.jobs.len() > REMEMBERED {
            let Some(at) = self.jobs.iter().position(|job| matches!(job.stage, Stage::Over(..))) else { break };
            self.jobs.remove(at);
        }
    }

    /// How many are not over.
    pub fn active(&self, blocked: bool) -> usize {
        self.jobs.iter().filter(|job| !job.state(blocked).is_over()).count()
    }

    /// All jobs, oldest first, as they are now.
    pub(super) fn all(&mut self, blocked: bool) -> &[Job] {
        self.settle(blocked);
        &self.jobs
    }

    pub(super) fn get(&mut self, id: i32, blocked: bool) -> Option<&Job> {
        self.settle(blocked);
        self.jobs.iter().find(|job| job.id == id)
    }

    /// Makes a job: open, until its document comes.
    pub(super) fn create(
        &mut self,
        fax: bool,
        user: String,
        name: String,
        attributes: Vec<Attribute>,
        blocked: bool,
    ) -> Result<i32, Refusal> {
        self.settle(blocked);
        if self.active(blocked) >= WAITING {
            return Err(Refusal::Busy);
        }
        self.last = self.last.wrapping_add(1).max(1);
        let (id, created) = (self.last, self.up_time());
        let stage = Stage::Open { since: Instant::now() };
        self.jobs.push(Job {
            id,
            fax,
            user,
            name,
            attributes,
            created,
            processing: None,
            completed: None,
            outcome: Outcome::default(),
            stage,
        });
        Ok(id)
    }

    fn find(&mut self, id: i32) -> Result<&mut Job, Refusal> {
        self.jobs.iter_mut().find(|job| job.id == id).ok_or(Refusal::NotFound)
    }

    /// Its document begins.
    pub(super) fn receive(&mut self, id: i32, user: &str, blocked: bool) -> Result<(), Refusal> {
        self.settle(blocked);
        let up_time = self.up_time();
        let job = self.find(id)?;
        if job.user != user {
            return Err(Refusal::NotYours);
        }
        match job.stage {
            Stage::Open { .. } => {
                job.stage = Stage::Receiving;
                job.processing = Some(up_time);
                Ok(())
            }
            Stage::Over(JobState::Canceled, _) => Err(Refusal::Canceled),
            Stage::Over(..) => Err(Refusal::NotPossible),
            Stage::Receiving | Stage::Printing { .. } => Err(Refusal::SecondDocument),
        }
    }

    /// Its document has ended, one way or the other. What the job is now.
    pub(super) fn received(&mut self, id: i32, outcome: Outcome, time: Duration) -> JobState {
        let (now, up_time) = (Instant::now(), self.up_time());
        let from = self.free.filter(|free| *free > now).unwrap_or(now);
        let Ok(job) = self.find(id) else { return JobState::Aborted };
        if !matches!(job.stage, Stage::Receiving) {
            job.outcome = outcome;
            return job.state(false);
        }
        let complete = outcome.complete;
        job.outcome = outcome;
        if !complete {
            // RFC 8011, 5.3.8: submission-interrupted is for what did not come to its end.
            job.end(JobState::Aborted, "submission-interrupted", up_time);
            return JobState::Aborted;
        }
        let until = from + time;
        job.stage = Stage::Printing { from, until };
        self.free = Some(until);
        JobState::Completed
    }

    /// Close-Job, or Send-Document with last-document and no data: nothing more comes (PWG 5100.11, 4.4).
    pub(super) fn close(&mut self, id: i32, user: &str, blocked: bool) -> Result<(), Refusal> {
        self.settle(blocked);
        let up_time = self.up_time();
        let job = self.find(id)?;
        match job.stage {
            _ if job.user != user => Err(Refusal::NotYours),
            Stage::Open { .. } => {
                // A job without a document has nothing to print.
                job.end(JobState::Completed, "job-completed-successfully", up_time);
                Ok(())
            }
            Stage::Receiving | Stage::Printing { .. } => Ok(()),
            Stage::Over(JobState::Canceled, _) => Err(Refusal::Canceled),
            Stage::Over(..) => Err(Refusal::NotPossible),
        }
    }

    pub(super) fn cancel(&mut self, id: i32, user: &str, blocked: bool) -> Result<(), Refusal> {
        self.settle(blocked);
        let up_time = self.up_time();
        let job = self.find(id)?;
        match job.stage {
            _ if job.user != user => Err(Refusal::NotYours),
            Stage::Over(..) => Err(Refusal::NotPossible),
            _ => {
                job.end(JobState::Canceled, "job-canceled-by-user", up_time);
                Ok(())
            }
        }
    }

    /// Of the user's jobs, those that are not over.
    pub(super) fn cancelable(&mut self, user: &str, blocked: bool) -> Vec<i32> {
        self.settle(blocked);
        self.jobs.iter().filter(|job| job.user == user && !job.state(blocked).is_over()).map(|job| job.id).collect()
    }
}

impl Job {
    fn end(&mut self, state: JobState, reason: &'static str, up_time: i32) {
        self.stage = Stage::Over(state, reason);
        self.completed = Some(up_time);
    }

    /// As it was when the queue was last settled.
    pub fn state(&self, blocked: bool) -> JobState {
        match self.stage {
            Stage::Open { .. } => JobState::Pending,
            Stage::Receiving => JobState::Processing,
            Stage::Over(state, _) => state,
            Stage::Printing { .. } if blocked => JobState::Stopped,
            Stage::Printing { from, .. } if Instant::now() < from => JobState::Pending,
            Stage::Printing { until, .. } if Instant::now() < until => JobState::Processing,
            Stage::Printing { .. } => JobState::Completed,
        }
    }

    /// job-state-reasons (RFC 8011, 5.3.8).
    pub fn reason(&self, blocked: bool) -> &'static str {
        match (&self.stage, self.state(blocked)) {
            (Stage::Over(_, reason), _) => reason,
            (Stage::Open { .. } | Stage::Receiving, _) => "job-incoming",
            (_, JobState::Stopped) => "printer-stopped",
            (_, JobState::Processing) => "job-printing",
            (_, JobState::Completed) => "job-completed-successfully",
            _ => "none",
        }
    }

    /// Its attributes for a client that reached the printer by `uri` (RFC 8011, 5.3).
    pub fn attributes(&self, uri: &str, up_time: i32, blocked: bool) -> Vec<Attribute> {
        let one = super::attributes::one;
        let time = |at: Option<i32>| at.map_or(Value::NO_VALUE, Value::Integer);
        let number = |value: u64| Value::Integer(i32::try_from(value).unwrap_or(i32::MAX));
        let state = self.state(blocked);
        let done = if state == JobState::Completed { u64::from(self.outcome.pages) } else { 0 };
        let documents = u64::from(self.outcome.octets > 0);
        let mut all = vec![
            one("job-id", Value::Integer(self.id)),
            one("job-uri", Value::Uri(format!("{uri}/{}", self.id))),
            one("job-printer-uri", Value::Uri(uri.to_owned())),
            one("job-name", Value::Name(self.name.clone())),
            one("job-originating-user-name", Value::Name(self.user.clone())),
            one("job-state", Value::Enum(state as i32)),
            one("job-state-reasons", Value::Keyword(self.reason(blocked).to_owned())),
            one("job-state-message", Value::Text(state.word().to_owned())),
            one("time-at-creation", Value::Integer(self.created)),
            one("time-at-processing", time(self.processing)),
            one("time-at-completed", time(self.completed)),
            one("job-printer-up-time", Value::Integer(up_time)),
            one("number-of-documents", number(documents)),
            one("job-k-octets", number(self.outcome.octets.div_ceil(1024))),
            one("job-impressions", number(u64::from(self.outcome.pages))),
            one("job-impressions-completed", number(done)),
            one("job-media-sheets-completed", number(done)),
        ];
        all.extend(self.attributes.iter().cloned());
        all
    }
}
