//! Reading the WPS PIN: one GET for one request of a user, because it may make a new PIN or open a session [I].

use std::time::Duration;

use tokio::time::timeout;

use super::Work;
use crate::agent::Failure;
use crate::agent::event::JobNews;
use crate::agent::fault;
use crate::agent::view::{JobResult, PinKind};

/// The longest that reading may take.
pub(super) const READ: Duration = Duration::from_secs(60);

/// How long a PIN is good where the printer does not say: the walk time of the Wi-Fi Simple Configuration
/// specification (2 minutes); what the web says of HP's printers is 90 s to 10 minutes (hp.md 8).
const WALK_TIME: Duration = Duration::from_secs(120);

pub(super) async fn read(work: &Work) -> Result<JobResult, Failure> {
    work.tell(JobNews::Stage(work.enter("reading-pin", READ)));
    let reading = work.unless_stopped("The printer may have made a new PIN.", timeout(READ, work.control.wps_pin()));
    let pin = reading.await?.map_err(|_| fault::too_late("The printer did not give its PIN", READ))?;
    let pin = pin.map_err(|error| fault::of_pin(&error))?;
    Ok(JobResult::Pin {
        pin,
        deadline: work.clock.now().after(WALK_TIME),
        deadline_source: "walk-time",
        kind: PinKind::Unknown,
    })
}
