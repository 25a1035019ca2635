//! The whole way onto a network: carries out what the pure [`flow`](crate::setup::flow) says, and tells it what
//! came of it.
//!
//! ```text
//!            ┌──────────── Event ────────────┐
//!  line ─────┤ (unplugged, replugged, cancel)│
//!  printer ──┤ one task for each question    ├──▶ Flow ──Action──▶ the same, the other way
//!  person ───┤ one task for each question    │
//!  registrar ┘ one task, which takes orders  │
//!  time ─────────────────────────────────────┘
//! ```
//!
//! Nothing here judges: what a failure means, and whether the printer is on the network, the flow says.

mod ask;
mod registrar;
mod survey;
mod words;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{sleep, timeout};

use self::ask::{Answered, Party};
use super::Work;
use crate::agent::event::{Cable, Event as Heard, JobNews, Stage};
use crate::agent::prompt::{Ask, Shown};
use crate::agent::view::{BootTime, JobResult, WpsMethod};
use crate::agent::{ErrorKind, Failure, fault};
use crate::printer::probe::Facts;
use crate::setup::diagnosis::{self, Step};
use crate::setup::flow::{
    self, AWAY, Action, Event, Flow, ONE_WAY, Outcome, Question, Reply, Request, Target, Ticket, Unanswered,
};
use crate::setup::route::{Route, Source, Way, Wish};
use crate::wps::pin;

/// The longest that a set-up takes, each route once, with all questions.
pub(super) const LIMIT: Duration = ONE_WAY.saturating_mul(5);
/// The longest sleep: our timers stand still while the computer sleeps, deadlines don't.
const NAP: Duration = Duration::from_secs(20);
/// How long a prompter may take to hear that nothing is asked any more.
const RELEASE: Duration = Duration::from_secs(2);

/// What is to be done.
pub(crate) struct Errand {
    pub(crate) target: Target,
    pub(crate) wish: Wish,
    /// By WPS, in this way and no other.
    pub(crate) method: Option<WpsMethod>,
    /// Only tell which ways there are.
    pub(crate) explain: bool,
    pub(crate) facts: Arc<Facts>,
}

pub(super) async fn run(
    work: &Work,
    errand: Errand,
    line: mpsc::UnboundedReceiver<Cable>,
) -> Result<JobResult, Failure> {
    work.tell(JobNews::Stage(work.enter("looking", survey::LOOK)));
    let survey = work.unless_stopped("Nothing was changed.", survey::look(work, &errand)).await?;
    if errand.explain {
        return Ok(JobResult::Routes(survey.offers));
    }
    let ways = survey.ways().inspect_err(|failure| {
        tracing::info!(job = %work.job, error = failure.kind.name(), "no way onto the network");
    })?;
    tracing::info!(job = %work.job, ways = ?ways.iter().map(|way| way.route().name()).collect::<Vec<_>>(), "set-up begins");
    let generated = |way: &Way| matches!(way, Way::Pin(Source::Generated) | Way::Typed(Source::Generated));
    let new_pin = ways.iter().any(generated).then(|| pin::generate(&mut rand::rng()));
    let target = survey.target;
    let desk = survey.registrar.map(|(registrar, access)| (registrar, access.ssid)).unzip();
    let plan = flow::Plan { target, ways, new_pin, registrar: desk.1 };
    let mut driver = Driver::new(work, line, desk.0.map(|one| registrar::Desk::open(one, &work.clock)));
    let outcome = driver.drive(plan).await;
    driver.close(&outcome).await
}

/// What is under way.
struct Driver<'a> {
    work: &'a Work,
    printer: Party,
    line: mpsc::UnboundedReceiver<Cable>,
    /// Questions to the printer. Writes among them are not taken back.
    questions: JoinSet<Answered>,
    /// The last question that can be: a new one takes its place.
    reading: Option<AbortHandle>,
    /// Questions to a person.
    asked: JoinSet<(Ticket, Result<Reply, Unanswered>)>,
    /// The one that is open, and what the person is to do.
    open: Option<(Ticket, AbortHandle, &'static str)>,
    /// A PIN that is shown before the next question is asked.
    shown: Option<Shown>,
    /// How a page goes, and what somebody is to do so that it comes out.
    page: (mpsc::UnboundedSender<Heard>, mpsc::UnboundedReceiver<Heard>),
    at_page: &'static str,
    desk: Option<registrar::Desk>,
    step: (Step, BootTime),
    /// Until when the printer may come back.
    away: Option<BootTime>,
    canceled: bool,
    told: Option<Stage>,
    /// Why the printer gave its last answer, where there is more to say of it than the flow knows.
    excuse: Option<Failure>,
}

impl<'a> Driver<'a> {
    fn new(work: &'a Work, line: mpsc::UnboundedReceiver<Cable>, desk: Option<registrar::Desk>) -> Self {
        Self {
            work,
            printer: Party::new(work),
            line,
            questions: JoinSet::new(),
            reading: None,
            asked: JoinSet::new(),
            open: None,
            shown: None,
            page: mpsc::unbounded_channel(),
            at_page: "",
            desk,
            step: (Step::Look, work.clock.now()),
            away: None,
            canceled: false,
            told: None,
            excuse: None,
        }
    }

    fn now(&self) -> Duration {
        Duration::from_micros(self.work.clock.now().0)
    }

    /// Goes on until it is over.
    async fn drive(&mut self, plan: flow::Plan) -> Outcome {
        let (mut flow, mut actions) = Flow::start(plan, self.now());
        loop {
            if let Some(outcome) = self.carry_out(actions).await {
                return outcome;
            }
            self.tell_stage();
            let rest = flow.wake_at().unwrap_or_default().saturating_sub(self.now());
            let event = self.next(rest.min(NAP)).await;
            (flow, actions) = flow.on(event, self.now());
        }
    }

    /// What happens next, at the latest that time has passed.
    async fn next(&mut self, rest: Duration) -> Event {
        let work = self.work;
        tokio::select! {
            biased;
            () = work.stop.cancelled(), if !self.canceled => {
                self.canceled = true;
                Event::Cancel
            }
            Some(cable) = self.line.recv() => self.plugged(cable),
            Some(answered) = self.questions.join_next() => match answered {
                Ok(answered) => self.answered(answered),
                // It was taken back, or its task broke: then time runs out for it.
                Err(_) => Event::Tick,
            },
            Some(answered) = self.asked.join_next() => match answered {
                Ok((ticket, reply)) => {
                    self.open = self.open.take().filter(|(open, ..)| *open != ticket);
                    Event::Person(ticket, reply)
                }
                Err(_) => Event::Tick,
            },
            Some(heard) = self.page.1.recv() => {
                if let Heard::Job(_, JobNews::Stage(stage)) = heard {
                    self.at_page = stage.user_action;
                }
                Event::Tick
            }
            Some((ticket, news)) = registrar::next(&mut self.desk) => Event::Registrar(ticket, news),
            () = sleep(rest) => Event::Tick,
        }
    }

    fn plugged(&mut self, cable: Cable) -> Event {
        match cable {
            Cable::Unplugged => {
                self.away = Some(self.work.clock.now().after(AWAY));
                // What was sent is sent; nobody will answer any more.
                self.questions.abort_all();
                Event::Unplugged
            }
            Cable::Replugged(pool, facts) => {
                self.away = None;
                self.printer.replugged(pool, &facts);
                Event::Replugged
            }
        }
    }

    fn answered(&mut self, answered: Answered) -> Event {
        let Answered { ticket, answer, heard, excuse } = answered;
        self.excuse = excuse;
        self.at_page = "";
        if let Some(heard) = heard {
            self.printer.heard(heard);
        }
        if let Ok(flow::Answer::Station(snapshot)) = &answer {
            self.work.tell(JobNews::Station(Box::new(snapshot.station.clone())));
        }
        Event::Printer(ticket, answer)
    }

    /// Begins what is to be done; `Some` at the end.
    async fn carry_out(&mut self, actions: Vec<Action>) -> Option<Outcome> {
        for action in actions {
            match action {
                Action::Printer(ticket, request) => self.ask_printer(ticket, request),
                Action::LogIn(key, typed) => self.printer.log_in(key, &typed).await,
                Action::Person(ticket, question, until) => self.ask_person(ticket, question, at(until)),
                Action::Withdraw(ticket) => {
                    if let Some((_, question, _)) = self.open.take_if(|(open, ..)| *open == ticket) {
                        question.abort();
                    }
                }
                Action::DisplayPin(pin, until) => {
                    self.shown = Some(Shown { pin, deadline: at(until), router: self.work.host.router() });
                }
                Action::Registrar(ticket, order) => {
                    if let Some(desk) = &self.desk {
                        desk.tell(ticket, order);
                    }
                }
                Action::Stage(step, until) => self.step = (step, at(until)),
                Action::NextWay(way, failure) => {
                    let (route, error) = (way.route().name(), failure.error());
                    tracing::info!(job = %self.work.job, route, error, "the way before did not lead there; next way");
                }
                Action::Finish(outcome) => return Some(outcome),
            }
        }
        None
    }

    fn ask_printer(&mut self, ticket: Ticket, request: Request) {
        if let Some(reading) = self.reading.take() {
            reading.abort();
        }
        let writes = matches!(
            request,
            Request::PowerOn | Request::WriteProfile(_) | Request::WritePin(_) | Request::PrintReport(_)
        );
        let question = self.questions.spawn(self.printer.ask(self.work, &self.page.0, ticket, request));
        self.reading = (!writes).then_some(question);
    }

    fn ask_person(&mut self, ticket: Ticket, question: Question, deadline: BootTime) {
        let action = words::user_action(&question);
        let (job, prompter, shown) = (self.work.job.clone(), self.work.prompter.clone(), self.shown.take());
        let ask =
            Ask { router: words::at_router(&question).then(|| self.work.host.router()).flatten(), question, deadline };
        let task = self.asked.spawn(async move {
            let Some(prompter) = prompter.filter(|prompter| prompter.is_there()) else {
                return (ticket, Err(Unanswered::NoPrompter));
            };
            if let Some(shown) = shown
                && let Err(why) = prompter.display_pin(&job, shown).await
            {
                return (ticket, Err(why));
            }
            (ticket, prompter.ask(&job, ask).await)
        });
        self.open = Some((ticket, task, action));
    }

    /// Tells where it is, if that has changed.
    fn tell_stage(&mut self) {
        let (step, until) = self.step;
        let (name, deadline) = match self.away {
            Some(until) => ("away", until),
            None => (words::stage(step), until),
        };
        let stage = Stage {
            name,
            progress: None,
            user_action: self.open.as_ref().map_or(self.at_page, |(_, _, action)| action),
            deadline: Some(deadline),
            // What is being written is written.
            cancelable: !self.canceled && step != Step::WriteProfile,
        };
        if self.told.as_ref() != Some(&stage) {
            self.work.tell(JobNews::Stage(stage.clone()));
            self.told = Some(stage);
        }
    }

    /// Takes back what is still open, and says how it went.
    async fn close(self, outcome: &Outcome) -> Result<JobResult, Failure> {
        let Self { work, desk, excuse, mut questions, mut asked, .. } = self;
        // A person hears that a question is taken back before that nothing is asked any more.
        asked.shutdown().await;
        questions.shutdown().await;
        if let Some(desk) = desk {
            desk.close().await;
        }
        let result = match outcome {
            Outcome::Joined(ssid, address) => Ok((ssid, address, false)),
            Outcome::AlreadyOn(ssid, address) => Ok((ssid, address, true)),
            Outcome::Failed(failure) => Err(failed(failure, excuse)),
        };
        if let Some(prompter) = work.prompter.as_ref().filter(|prompter| prompter.is_there()) {
            let reason = result.as_ref().map_or_else(|failure: &Failure| failure.kind.name(), |_| "done");
            let _too_late = timeout(RELEASE, prompter.release(&work.job, reason)).await;
        }
        let (ssid, address, already) = result?;
        Ok(JobResult::Joined { ssid: ssid.clone(), address: *address, already })
    }
}

fn at(time: Duration) -> BootTime {
    BootTime(u64::try_from(time.as_micros()).unwrap_or(u64::MAX))
}

/// A failure as the faces tell it. Where the printer could not be asked for a reason of its own, that reason is told.
fn failed(failure: &diagnosis::Failure, excuse: Option<Failure>) -> Failure {
    use diagnosis::Failure as Said;
    let printing = matches!(failure, Said::Silent(Step::PrintReport) | Said::NotExposed(Step::PrintReport));
    let unheard = matches!(failure, Said::Silent(_));
    let tells = |excuse: &Failure| {
        printing
            || unheard
                && matches!(excuse.kind, ErrorKind::ClaimedElsewhere | ErrorKind::PrinterNotReady | ErrorKind::Busy)
    };
    excuse.filter(tells).unwrap_or_else(|| fault::of_setup(failure))
}

/// The routes that WPS has.
fn by_pin(route: Route) -> bool {
    matches!(route, Route::Pin | Route::Typed)
}
