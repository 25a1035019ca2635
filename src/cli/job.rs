//! Starting a job and following it to its end.
//!
//! The client names the job (`handle_token`) and listens at its path before it asks for it, so that nothing
//! that the job says can be missed, however quickly it ends.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::StreamExt as _;
use serde_json::json;
use tokio::signal::unix::{Signal, SignalKind, signal};
use zbus::names::OwnedUniqueName;
use zbus::{Message, OwnedObjectPath, OwnedVariant};

use super::client::Client;
use super::desk::{self, Desk};
use super::exit::Error;
use super::output::{Output, plain};
use super::progress::{self, StatusLine};
use super::prompter::Registered;
use super::properties::Properties;
use super::proxy::{self, JobProxy, Options};
use super::ttyagent::TtyAgent;

/// How long a cancelled job may take to end before we stop waiting for it.
const LAST_WORDS: Duration = Duration::from_secs(15);

/// The user's wish to stop: Ctrl-C, or SIGTERM.
pub struct Interrupts {
    int: Signal,
    term: Signal,
}

impl Interrupts {
    /// From now on these signals no longer end the process by themselves.
    ///
    /// # Errors
    /// The system's.
    pub fn new() -> Result<Self, Error> {
        let listen = |kind| signal(kind).map_err(Error::file("listening to signals"));
        Ok(Self { int: listen(SignalKind::interrupt())?, term: listen(SignalKind::terminate())? })
    }

    /// The next one.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.int.recv() => {}
            _ = self.term.recv() => {}
        }
    }
}

/// What a finished job has for its starter, as it came: it may hold a secret, so it is not printed as it is.
pub type Outcome = HashMap<String, OwnedVariant>;

/// A job that is to be started, under a name that we chose.
#[derive(Debug)]
pub struct Order {
    token: String,
    path: String,
    /// Its stages are told one after the other, and not only shown while they last.
    told: bool,
}

impl Order {
    /// A name that nobody has.
    #[must_use]
    pub fn new() -> Self {
        let token = format!("cli_{}_{:016x}", std::process::id(), rand::random::<u64>());
        Self { path: format!("{}/jobs/{token}", proxy::ROOT), token, told: false }
    }

    /// The same, for a job of many stages, which are told.
    #[must_use]
    pub fn told(self) -> Self {
        Self { told: true, ..self }
    }
}

/// Starts a job by `start`, shows how it goes, and gives what it has for us.
///
/// On Ctrl-C the job is cancelled, and what became of it is said.
///
/// # Errors
/// What the service answers; how the job failed; [`Error::Interrupted`]; [`Error::Unreachable`] when the
/// service goes.
pub async fn run(
    client: &Client,
    owner: &OwnedUniqueName,
    start: impl AsyncFnOnce(&Options<'_>) -> zbus::Result<OwnedObjectPath>,
) -> Result<Outcome, Error> {
    follow(client, owner, &Order::new(), start).await
}

/// The same, with whoever is here to answer: a printer may want to know who asks.
///
/// # Errors
/// As [`run_with`].
pub async fn run_here(
    client: &Client,
    owner: &OwnedUniqueName,
    start: impl AsyncFnOnce(&Options<'_>) -> zbus::Result<OwnedObjectPath>,
) -> Result<Outcome, Error> {
    let desk = desk::here(client.output, false).await?;
    run_with(client, owner, &Order::new(), desk, start).await
}

/// The same, with somebody who answers what the job asks.
///
/// # Errors
/// As [`run`]; what the terminal or the output says.
pub async fn run_with(
    client: &Client,
    owner: &OwnedUniqueName,
    order: &Order,
    desk: Option<Box<dyn Desk>>,
    start: impl AsyncFnOnce(&Options<'_>) -> zbus::Result<OwnedObjectPath>,
) -> Result<Outcome, Error> {
    let Some(mut desk) = desk else { return follow(client, owner, order, start).await };
    let mut prompter = Registered::new(client, owner, &order.path).await?;
    let outcome = {
        let job = follow(client, owner, order, start);
        tokio::select! {
            outcome = job => outcome,
            Err(error) = desk.attend(&mut prompter.asks) => Err(error),
        }
    };
    // Wipes what it shows, and gives the terminal back.
    drop(desk);
    prompter.end().await;
    outcome
}

async fn follow(
    client: &Client,
    owner: &OwnedUniqueName,
    order: &Order,
    start: impl AsyncFnOnce(&Options<'_>) -> zbus::Result<OwnedObjectPath>,
) -> Result<Outcome, Error> {
    let Order { token, path, told } = order;
    let mut interrupts = Interrupts::new()?;
    let mut signals = client.signals_below(owner, path).await?;
    let departure = client.departure(owner).await?;
    tokio::pin!(departure);

    let mut options = client.options();
    options.insert("handle_token", token.as_str().into());
    // Until the printer has been sent something, our leaving ends the job, whatever made us leave.
    options.insert("keep", false.into());
    let agent = TtyAgent::start(client.output).await;
    let mut canceled = false;
    let started = {
        let start = start(&options);
        tokio::pin!(start);
        loop {
            tokio::select! {
                started = &mut start => break started,
                error = &mut departure => return Err(error),
                () = interrupts.next() => {
                    // It may have begun without our having heard of it.
                    let begun = !canceled && job_at(client, path).await?.cancel(&Options::new()).await.is_ok();
                    if !begun {
                        let text = "Stopped before the printer was asked for anything.";
                        return Err(Error::Interrupted(text.to_owned()));
                    }
                    client.output.note("Cancelling …");
                    canceled = true;
                }
            }
        }
    };
    agent.stop().await;
    let started = started?;
    let job = job_at(client, started.as_str()).await?;
    if started.as_str() != path.as_str() {
        // A service that chose another name: what it said before this moment is lost, its properties are not.
        signals = client.signals_below(owner, started.as_str()).await?;
    }

    let mut view = tokio::select! {
        view = JobLine::new(client, started.as_str(), *told) => view,
        error = &mut departure => return Err(error),
    };
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    let give_up = tokio::time::sleep(if canceled { LAST_WORDS } else { Duration::MAX });
    tokio::pin!(give_up);
    loop {
        tokio::select! {
            message = signals.next() => {
                let Some(message) = message else {
                    return Err(Error::Unreachable("The connection to the message bus is gone.".to_owned()));
                };
                match view.hear(&message?) {
                    None => {}
                    Some(Ok(())) => break,
                    Some(Err(error)) => return Err(error),
                }
            }
            error = &mut departure => return Err(error),
            _ = tick.tick() => view.draw(),
            () = &mut give_up => {
                return Err(Error::Interrupted(
                    "The job was cancelled, but it has not ended yet; `plugprint monitor` shows it.".to_owned(),
                ));
            }
            () = interrupts.next() => {
                if canceled {
                    return Err(Error::Interrupted("Stopped without waiting for the job's end.".to_owned()));
                }
                canceled = true;
                view.line.clear();
                client.output.note("Cancelling …");
                if let Err(error) = job.cancel(&Options::new()).await {
                    let reason = Error::from(error);
                    return Err(Error::Interrupted(format!("Stopped watching. The job goes on: {reason}")));
                }
                give_up.as_mut().reset(tokio::time::Instant::now() + LAST_WORDS);
            }
        }
    }
    view.line.clear();
    let none = Options::new();
    tokio::select! {
        result = job.get_result(&none) => Ok(result?),
        error = &mut departure => Err(error),
    }
}

async fn job_at<'a>(client: &'a Client, path: &str) -> Result<JobProxy<'a>, Error> {
    let builder = JobProxy::builder(client.connection()).path(path.to_owned());
    Ok(builder.cache_properties(zbus::proxy::CacheProperties::No).build().await?)
}

/// The job as the terminal shows it.
struct JobLine {
    properties: Properties,
    line: StatusLine,
    output: Output,
    /// The stage that was told last, where stages are told.
    told: Option<String>,
}

impl JobLine {
    async fn new(client: &Client, path: &str, told: bool) -> Self {
        let properties = client.properties(path, proxy::JOB).await.unwrap_or_default();
        let told = told.then(String::new);
        let mut view = Self { properties, line: StatusLine::new(client.output), output: client.output, told };
        view.tell();
        view.draw();
        view
    }

    /// Tells a stage that has begun.
    fn tell(&mut self) {
        let stage = self.properties.text("Stage");
        let Some(told) = self.told.as_mut().filter(|told| **told != stage) else { return };
        if self.output.is_json() {
            let object = json!({ "event": "stage", "stage": stage, "deadline": self.properties.number("Deadline") });
            let _ = self.output.json(&object);
        } else if progress::is_taken() {
            // Once the question is answered.
            return;
        } else if !matches!(stage.as_str(), "" | "asking" | "done") {
            self.line.clear();
            self.output.note(format_args!("  {} …", stage_in_words(&stage)));
        }
        *told = stage;
    }

    fn draw(&mut self) {
        if !self.line.enabled() {
            return;
        }
        self.tell();
        let mut text = stage_in_words(&self.properties.text("Stage"));
        let action = self.properties.text("UserAction");
        if !action.is_empty() {
            text = format!("{text} — now: {}", action.replace('-', " "));
        }
        if self.told.is_some() {
            text.clear();
        }
        let bar = progress::bar(self.properties.fraction("Progress"));
        let left = progress::seconds_until(self.properties.number("Deadline"))
            .map(|seconds| format!("at most {} more", progress::minutes(seconds)))
            .unwrap_or_default();
        let parts: Vec<String> = [text, bar, left].into_iter().filter(|part| !part.is_empty()).collect();
        match parts.is_empty() {
            true => self.line.clear(),
            false => self.line.show(&format!("{}{}", if self.told.is_some() { "    " } else { "" }, parts.join("  "))),
        }
    }

    /// Takes in a signal; the end of the job when this is it.
    fn hear(&mut self, message: &Message) -> Option<Result<(), Error>> {
        let header = message.header();
        let (Some(interface), Some(member)) = (header.interface(), header.member()) else { return None };
        let body = message.body();
        match (interface.as_str(), member.as_str()) {
            ("org.freedesktop.DBus.Properties", "PropertiesChanged") => {
                let (interface, changed, _invalidated): (String, HashMap<String, OwnedVariant>, Vec<String>) =
                    body.deserialize().ok()?;
                if interface == proxy::JOB {
                    self.properties.update(changed);
                    self.tell();
                    self.draw();
                }
                None
            }
            (proxy::JOB, "Completed") => Some(match body.deserialize::<(bool, &str, &str)>() {
                Ok((true, _, _)) => Ok(()),
                Ok((false, error, text)) => Err(Error::of_job(&plain(error), &plain(text))),
                Err(error) => Err(error.into()),
            }),
            _ => None,
        }
    }
}

/// What a stage is, for people; a stage that we don't know is shown as it is.
#[must_use]
pub fn stage_in_words(stage: &str) -> String {
    match stage {
        "" => "started".to_owned(),
        "waiting" => "waiting for the printer to be free".to_owned(),
        "checking" => "asking the printer whether it is ready".to_owned(),
        "printing" => "the printer is printing".to_owned(),
        "reading-pin" => "asking the printer for its PIN".to_owned(),
        "collecting" => "reading the printer's documents".to_owned(),
        "probing" => "asking the printer what it can do".to_owned(),
        "looking" => "asking the printer which network it is on".to_owned(),
        "powering-on" => "switching the printer's radio on".to_owned(),
        "scanning" => "letting the printer listen for networks".to_owned(),
        "asking" => "waiting for your answer".to_owned(),
        "joining" => "giving the printer the network".to_owned(),
        "verifying" => "waiting until the printer is on the network and has an address".to_owned(),
        "writing-pin" => "giving the printer a WPS PIN".to_owned(),
        "enrolling" => "waiting for the printer and the router to find each other by PIN".to_owned(),
        "pushing-button" => "waiting for the two buttons, the printer's and the router's".to_owned(),
        "guiding" => "going through the printer's panel".to_owned(),
        "away" => "the printer has left USB; waiting for it to come back".to_owned(),
        "setting" => "telling the printer".to_owned(),
        other => other.replace('-', " "),
    }
}
