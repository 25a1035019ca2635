//! What each job does, step by step. A procedure runs in a task of its own and holds no state of the agent: it
//! is given a printer's pool, and tells how it goes.

mod collect;
mod entry;
mod identify;
mod pin;
mod plan;
mod print;
mod setup;
mod wifi;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

pub(super) use self::collect::plan as collect;
pub(super) use self::plan::{Plan, plan};
use crate::agent::event::{Cable, Event, JobNews, Stage};
use crate::agent::prompt::Prompter;
use crate::agent::view::{JobId, JobResult};
use crate::agent::{Clock, ErrorKind, Failure, Host};
use crate::blame::Party;
use crate::control::Control;
use crate::http;

/// What a procedure works with.
#[derive(Clone)]
pub(super) struct Work {
    pub(super) job: JobId,
    pub(super) pool: http::Pool,
    pub(super) control: Control,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) host: Arc<dyn Host>,
    /// Who can be asked.
    pub(super) prompter: Option<Arc<dyn Prompter>>,
    pub(super) news: mpsc::UnboundedSender<Event>,
    /// Somebody wants it to end.
    pub(super) stop: CancellationToken,
}

impl Work {
    fn tell(&self, news: JobNews) {
        // The registry listens as long as the agent runs; after that nobody needs to know.
        let _ = self.news.send(Event::Job(self.job.clone(), news));
    }

    /// The next stage, which ends after so long.
    fn enter(&self, name: &'static str, lasts: Duration) -> Stage {
        let deadline = Some(self.clock.now().after(lasts));
        Stage { name, progress: None, user_action: "", deadline, cancelable: true }
    }

    /// Waits for something that may be cut short at any time.
    async fn unless_stopped<T>(&self, what_about_it: &str, doing: impl Future<Output = T>) -> Result<T, Failure> {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Err(canceled(what_about_it)),
            done = doing => Ok(done),
        }
    }
}

/// Runs a plan to its end and tells it.
pub(super) async fn run(plan: Plan, work: Work, line: mpsc::UnboundedReceiver<Cable>) {
    let last_word = LastWord { work: &work, told: false };
    let result = match plan {
        Plan::Refresh => Ok(JobResult::Done),
        Plan::Print(pages) => print::print(&work, &pages).await,
        Plan::Collect(private) => collect::collect(&work, &private).await,
        Plan::Identify(action) => identify::identify(&work, action).await,
        Plan::ReadPin => pin::read(&work).await,
        Plan::Setup(errand) => setup::run(&work, *errand, line).await,
        Plan::Scan => wifi::scan(&work).await,
        Plan::GetNetwork => wifi::get_network(&work).await,
        Plan::SetPower(on) => wifi::set_power(&work, on).await,
        Plan::WritePin(pin) => wifi::write_pin(&work, &pin).await,
        Plan::ResetNetwork => wifi::reset_network(&work).await,
    };
    last_word.say(result);
}

/// Says that the job has ended, also when its procedure panics.
struct LastWord<'a> {
    work: &'a Work,
    told: bool,
}

impl LastWord<'_> {
    fn say(mut self, result: Result<JobResult, Failure>) {
        self.told = true;
        self.work.tell(JobNews::Finished(result));
    }
}

impl Drop for LastWord<'_> {
    fn drop(&mut self) {
        if !self.told {
            let failure = "The job ended by a fault in plugprint; report it. Look at the printer before you try again.";
            self.work.tell(JobNews::Finished(Err(Failure::new(ErrorKind::Failed, Party::Agent, failure))));
        }
    }
}

/// A job that was ended on request.
pub(super) fn canceled(what_about_it: &str) -> Failure {
    Failure::new(ErrorKind::Canceled, Party::Caller, format!("The job was canceled. {what_about_it}"))
}
