//! A printer shows which one it is.

use std::time::Duration;

use tokio::time::timeout;

use super::Work;
use crate::agent::event::JobNews;
use crate::agent::view::JobResult;
use crate::agent::{Failure, fault};
use crate::ipp::identify::Action;

/// The longest that it may take until the printer has understood.
pub(super) const IDENTIFY: Duration = Duration::from_secs(40);

pub(super) async fn identify(work: &Work, action: Action) -> Result<JobResult, Failure> {
    work.tell(JobNews::Stage(work.enter("identifying", IDENTIFY)));
    let told = work.unless_stopped("The printer may show itself all the same.", async {
        timeout(IDENTIFY, work.control.identify(action)).await
    });
    match told.await? {
        Ok(Ok(())) => Ok(JobResult::Identified { action }),
        Ok(Err(error)) => Err(fault::of_asked(&error)),
        Err(_) => Err(fault::too_late("The printer did not show itself", IDENTIFY)),
    }
}
