//! Everything that can happen to the agent.

use std::sync::Arc;

use crate::agent::Failure;
use crate::agent::handle::Request;
use crate::agent::registry::Aside;
use crate::agent::view::{BootTime, JobId, JobResult};
use crate::printer::identity::PrinterId;
use crate::printer::probe::{Facts, Recognised};
use crate::wifi::station::StationState;
use crate::{http, usb};

/// One stay of a device on the bus, from plug to unplug. What a task still has to say about an earlier stay
/// is recognised by this number and dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Visit(pub(super) u64);

/// One hold on a printer that somebody was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct HoldId(pub(super) u64);

/// Whatever reaches the one task that owns the registry.
pub(super) enum Event {
    /// A device has come or gone.
    Hotplug(usb::Hotplug),
    /// A face asks.
    Request(Request),
    /// The task that attends to one device has something to say.
    Device(Visit, DeviceNews),
    /// A job's task has something to say.
    Job(JobId, JobNews),
    /// Who held a printer has given it back.
    GivenBack(PrinterId, HoldId),
    /// A deadline of the registry has passed.
    Due,
}

/// What an attending task finds out.
pub(super) enum DeviceNews {
    /// The device can't be reached through HTTP, now or ever: it is none of our business.
    NotAPrinter,
    /// It is a printer; its capabilities are not known yet.
    Recognised(Box<Recognised>),
    /// From now on it is driven, over these links.
    Driving(http::Pool),
    /// It was let go as the registry wished: nothing of it is claimed or open any more.
    LetGo,
    /// It could not be let go: an exchange did not end in time. It is driven as before.
    StillInUse,
    /// It is not driven, and this says why. It will be by itself once that has changed.
    Aside(Box<Aside>),
    /// It is being asked what it can do.
    Asking,
    /// It could not say what it can do. It will be asked again by itself.
    Trouble(Trouble),
    /// It said what it can do.
    Probed(Arc<Facts>),
    /// It went silent and is being brought back, or that is over.
    Recovering(bool),
    /// It was found out that it stands only one link in use at a time.
    OneLink,
}

/// A probe that failed.
pub(super) struct Trouble {
    /// Why.
    pub(super) failure: Failure,
    /// Whether it is worth calling it failed, or it may only be starting.
    pub(super) lasting: bool,
}

/// What a job's task is told of the cable while it runs.
pub(super) enum Cable {
    /// The printer has left USB.
    Unplugged,
    /// It is back, and has said what it can do.
    Replugged(http::Pool, Arc<Facts>),
}

/// What a job's task tells.
pub(super) enum JobNews {
    /// It goes on.
    Stage(Stage),
    /// What the printer says of its station, by the way.
    Station(Box<StationState>),
    /// It is over.
    Finished(Result<JobResult, Failure>),
}

/// Where a job is.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Stage {
    /// As in [`crate::agent::view::JobView::stage`].
    pub(super) name: &'static str,
    /// 0 to 1.
    pub(super) progress: Option<f64>,
    /// What the user should do now.
    pub(super) user_action: &'static str,
    /// When this stage ends.
    pub(super) deadline: Option<BootTime>,
    /// Whether Cancel can still help.
    pub(super) cancelable: bool,
}
