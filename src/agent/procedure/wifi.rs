//! One step each: scan, ask, switch, give a PIN.

use std::time::Duration;

use tokio::time::timeout;

use super::{Work, entry};
use crate::agent::event::JobNews;
use crate::agent::view::JobResult;
use crate::agent::{ErrorKind, Failure, fault};
use crate::blame::Party;
use crate::control::{Control, SetError};
use crate::secret::Pin;

/// The longest that one step may take.
const STEP: Duration = Duration::from_secs(120);
/// All of it: the step, the question, and the step again.
pub(super) const LIMIT: Duration = Duration::from_secs(2 * 120 + 300);

pub(super) async fn scan(work: &Work) -> Result<JobResult, Failure> {
    let heard = step(work, "scanning", "Nothing was changed.", |printer| async move { Ok(printer.scan(None).await?) });
    Ok(JobResult::Networks(heard.await?.networks()))
}

pub(super) async fn get_network(work: &Work) -> Result<JobResult, Failure> {
    let found = step(work, "looking", "Nothing was changed.", |printer| async move { Ok(printer.snapshot().await?) });
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

pub(super) async fn set_power(work: &Work, on: bool) -> Result<JobResult, Failure> {
    let made = step(work, "setting", "The printer may have done it all the same.", |printer| async move {
        printer.power(on).await
    });
    made.await?;
    show_station(work).await;
    Ok(JobResult::Done)
}

pub(super) async fn write_pin(work: &Work, pin: &Pin) -> Result<JobResult, Failure> {
    let made = step(work, "writing-pin", "The printer may have taken the PIN all the same.", |printer| async move {
        printer.give_wps_pin(pin).await
    });
    made.await?;
    Ok(JobResult::Done)
}

pub(super) async fn reset_network(work: &Work) -> Result<JobResult, Failure> {
    let made = step(work, "setting", "The printer may have done it all the same.", |printer| async move {
        printer.reset_network().await
    });
    made.await?;
    show_station(work).await;
    Ok(JobResult::Done)
}

/// What it says of itself after a setting is for the view; the setting was taken in any case.
async fn show_station(work: &Work) {
    if let Ok(Ok(Ok(Some(snapshot)))) = work.unless_stopped("", timeout(STEP, work.control.snapshot())).await {
        work.tell(JobNews::Station(Box::new(snapshot.station)));
    }
}

/// Does it; where the printer wants to be shown something first, once more with that.
async fn step<T, F: Future<Output = Result<T, SetError>>>(
    work: &Work,
    stage: &'static str,
    about_it: &str,
    call: impl Fn(Control) -> F,
) -> Result<T, Failure> {
    let attempt = async |printer: Control| -> Result<Result<T, SetError>, Failure> {
        work.tell(JobNews::Stage(work.enter(stage, STEP)));
        work.unless_stopped(about_it, timeout(STEP, call(printer)))
            .await?
            .map_err(|_| fault::too_late("The printer did not do it", STEP))
    };
    let refused = match attempt(work.control.clone()).await? {
        Err(error) if error.wants_password() || error.wants_key() => error,
        done => return done.map_err(|error| fault::of_set(&error)),
    };
    let let_in = if refused.wants_key() { entry::let_in(work).await? } else { entry::log_in(work).await? };
    let Some(printer) = let_in else { return Err(fault::of_set(&refused)) };
    attempt(printer).await?.map_err(|error| fault::of_set(&error))
}
