//! One step each: scan, ask, switch, give a PIN.

use std::time::Duration;

use tokio::time::timeout;

use super::setup::snapshot;
use super::{Work, connect};
use crate::agent::event::JobNews;
use crate::agent::prompt::{Ask, Question, Reply, Typed, Unanswered};
use crate::agent::view::JobResult;
use crate::agent::{ErrorKind, Failure, fault};
use crate::blame::Party;
use crate::hp::ledm::adapters::Adapter;
use crate::hp::ledm::network::{CommunicationMode, WifiNetwork};
use crate::hp::ledm::station::SetError;
use crate::hp::ledm::{self, Ledm};
use crate::secret::Pin;

/// The longest that one step may take.
const STEP: Duration = Duration::from_secs(120);
/// The longest that somebody may take to find the administrator's password.
const ASK: Duration = Duration::from_secs(300);
/// All of it: the step, the question, and the step again.
pub(super) const LIMIT: Duration = Duration::from_secs(2 * 120 + 300);

pub(super) async fn scan(work: &Work, station: &Adapter) -> Result<JobResult, Failure> {
    let heard =
        step(work, "scanning", "Nothing was changed.", |ledm| async move { Ok(ledm.scan(station, None).await?) });
    let networks = heard.await?;
    // The printer's own access point, and others of its kind, are nothing to be joined.
    let networks = networks.iter().filter(|network| network.mode != Some(CommunicationMode::AdHoc));
    Ok(JobResult::Networks(networks.map(WifiNetwork::network).collect()))
}

pub(super) async fn get_network(work: &Work) -> Result<JobResult, Failure> {
    let found = step(work, "looking", "Nothing was changed.", |ledm| async move { Ok(snapshot(&ledm).await?) });
    let Some(snapshot) = found.await? else {
        return Err(Failure::new(
            ErrorKind::NotSupported,
            Party::Printer,
            "The printer tells of no Wi-Fi adapter any more. Ask it again with refresh.",
        ));
    };
    let mut state = snapshot.station;
    // What another adapter has is not the station's.
    state.addresses.retain(|address| !snapshot.elsewhere.contains(&address.value.ip));
    work.tell(JobNews::Station(Box::new(state.clone())));
    Ok(JobResult::Network(Box::new(state)))
}

pub(super) async fn set_power(work: &Work, station: &Adapter, on: bool) -> Result<JobResult, Failure> {
    let made = step(work, "setting", "The printer may have done it all the same.", |ledm| async move {
        ledm.power(station, on).await
    });
    made.await?;
    // What it says of itself now is for the view; the setting was taken in any case.
    if let Ok(Ok(Ok(Some(state)))) = work.unless_stopped("", timeout(STEP, work.ledm().station_state())).await {
        work.tell(JobNews::Station(Box::new(state)));
    }
    Ok(JobResult::Done)
}

pub(super) async fn write_pin(work: &Work, station: &Adapter, pin: &Pin) -> Result<JobResult, Failure> {
    let made = step(work, "writing-pin", "The printer may have taken the PIN all the same.", |ledm| async move {
        ledm.give_wps_pin(station, pin).await
    });
    made.await?;
    Ok(JobResult::Done)
}

/// Does it; where the printer wants its administrator's password, once more with it.
async fn step<T, F: Future<Output = Result<T, SetError>>>(
    work: &Work,
    stage: &'static str,
    about_it: &str,
    call: impl Fn(Ledm) -> F,
) -> Result<T, Failure> {
    let attempt = async |ledm: Ledm| -> Result<Result<T, SetError>, Failure> {
        work.tell(JobNews::Stage(work.enter(stage, STEP)));
        work.unless_stopped(about_it, timeout(STEP, call(ledm)))
            .await?
            .map_err(|_| fault::too_late("The printer did not do it", STEP))
    };
    let refused = match attempt(work.ledm()).await? {
        Err(SetError::Ledm(error @ ledm::Error::AuthRequired)) => error,
        done => return done.map_err(|error| fault::of_set(&error)),
    };
    let Some(password) = ask_password(work).await? else { return Err(fault::of_ledm(&refused)) };
    match attempt(connect(&work.pool, Some(&password))).await? {
        Err(SetError::Ledm(error)) => Err(fault::of_ledm(&error)),
        done => done.map_err(|error| fault::of_set(&error)),
    }
}

/// Asks a person, where there is one, and says so.
async fn ask_password(work: &Work) -> Result<Option<Typed>, Failure> {
    const NOTHING: &str = "Nothing was changed.";
    let Some(prompter) = work.prompter.as_ref().filter(|prompter| prompter.is_there()) else { return Ok(None) };
    let mut stage = work.enter("asking", ASK);
    stage.user_action = "enter-admin-password";
    work.tell(JobNews::Stage(stage));
    let deadline = work.clock.now().after(ASK);
    let ask = Ask { question: Question::AdminPassword, deadline, router: None };
    let answer = work.unless_stopped(NOTHING, timeout(ASK, prompter.ask(&work.job, ask))).await?;
    let reply = match answer {
        Ok(Ok(Reply::Secret(password))) => Some(password),
        Ok(Ok(Reply::Yes | Reply::No) | Err(Unanswered::NoPrompter)) => None,
        Ok(Err(Unanswered::Declined)) => return Err(super::canceled(NOTHING)),
        Err(_) => {
            return Err(Failure::new(ErrorKind::Timeout, Party::Caller, "Nobody answered in time. Try again."));
        }
    };
    let _too_late = timeout(Duration::from_secs(2), prompter.release(&work.job, "done")).await;
    Ok(reply)
}
