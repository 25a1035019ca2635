//! What the flow asks the printer, as LEDM calls, and what their failures mean to it.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::super::plan::Page;
use super::super::{Work, connect, print};
use crate::agent::event::Event;
use crate::agent::{ErrorKind, Failure, fault};
use crate::hp::ledm::adapters::Adapter;
use crate::hp::ledm::network::{CommunicationMode, WifiNetwork};
use crate::hp::ledm::station::SetError;
use crate::hp::ledm::vsa_codes::Severity;
use crate::hp::ledm::{self, Ledm, wifi_networks};
use crate::http;
use crate::printer::capability::ReportKind;
use crate::printer::probe::{Facts, Pages};
use crate::setup::diagnosis;
use crate::setup::flow::{Answer, Request, Ticket, Trouble, Typed};
use crate::setup::success::Snapshot;
use crate::wifi::{Credentials, Ssid};
use crate::wps::pin::{self, Kind};

/// A printer that is gone is told by the bus. Where the bus does not agree for so long, it only does not answer.
const BUS_AGREES: Duration = Duration::from_secs(5);

/// What came of a question.
pub(super) struct Answered {
    pub(super) ticket: Ticket,
    pub(super) answer: Result<Answer, Trouble>,
    /// What a scan brought, in the printer's own words.
    pub(super) heard: Option<Vec<WifiNetwork>>,
    /// The failure in full, where there is one.
    pub(super) excuse: Option<Failure>,
}

/// The printer, as it is asked.
pub(super) struct Party {
    pool: http::Pool,
    ledm: Ledm,
    password: Option<Typed>,
    station: Option<Adapter>,
    pages: BTreeMap<ReportKind, Pages>,
    job_url: ledm::resource::ResourceUri,
    heard: Vec<WifiNetwork>,
}

impl Party {
    pub(super) fn new(work: &Work, facts: &Facts) -> Self {
        Self {
            pool: work.pool.clone(),
            ledm: work.ledm(),
            password: None,
            station: facts.station.clone(),
            pages: facts.pages.clone(),
            job_url: facts.job_url.clone(),
            heard: Vec::new(),
        }
    }

    /// It is back, on other links.
    pub(super) fn replugged(&mut self, pool: http::Pool, facts: &Facts) {
        self.pool = pool;
        self.ledm = connect(&self.pool, self.password.as_ref());
        if facts.station.is_some() {
            self.station.clone_from(&facts.station);
        }
    }

    /// From now on as its administrator.
    pub(super) fn log_in(&mut self, password: Typed) {
        self.password = Some(password);
        self.ledm = connect(&self.pool, self.password.as_ref());
    }

    /// What it hears; what it heard before and does not now may still be there.
    pub(super) fn heard(&mut self, heard: Vec<WifiNetwork>) {
        if !heard.is_empty() {
            self.heard = heard;
        }
    }

    /// Asks.
    pub(super) fn ask(
        &self,
        work: &Work,
        page: &mpsc::UnboundedSender<Event>,
        ticket: Ticket,
        request: Request,
    ) -> impl Future<Output = Answered> + Send + 'static {
        let printing = match &request {
            Request::PrintReport(kind) => self.pages.get(kind).map(|pages| Printing {
                // How the page goes is a part of this job only: told to it, and not for it.
                work: Work {
                    pool: self.pool.clone(),
                    ledm: self.ledm.clone(),
                    news: page.clone(),
                    stop: CancellationToken::new(),
                    ..work.clone()
                },
                page: Page { job_url: self.job_url.clone(), candidates: pages.candidates.clone() },
            }),
            _ => None,
        };
        let heard = match &request {
            Request::WriteProfile(credentials) => {
                wifi_networks::best(&self.heard, &credentials.ssid, &credentials.security).cloned()
            }
            _ => None,
        };
        let (ledm, station) = (self.ledm.clone(), self.station.clone());
        async move {
            let asked = match (request, station) {
                (Request::ReadStation, _) => look(&ledm).await,
                (Request::PrintReport(_), _) => match printing {
                    Some(printing) => printing.print().await,
                    None => Asked::told(Trouble::NotExposed),
                },
                (_, None) => Asked::told(Trouble::NotExposed),
                (request, Some(station)) => of_station(&ledm, &station, request, heard.as_ref()).await,
            };
            if asked.gone {
                sleep(BUS_AGREES).await;
            }
            let Asked { answer, heard, excuse, .. } = asked;
            Answered { ticket, answer, heard, excuse }
        }
    }
}

/// What came of a call.
struct Asked {
    answer: Result<Answer, Trouble>,
    heard: Option<Vec<WifiNetwork>>,
    excuse: Option<Failure>,
    /// It seems to have left USB.
    gone: bool,
}

impl Asked {
    fn answered(answer: Answer) -> Self {
        Self { answer: Ok(answer), heard: None, excuse: None, gone: false }
    }

    fn told(trouble: Trouble) -> Self {
        Self { answer: Err(trouble), heard: None, excuse: None, gone: false }
    }

    fn failed(error: &ledm::Error) -> Self {
        let excuse = Some(fault::of_ledm(error));
        Self { answer: Err(trouble(error)), heard: None, excuse, gone: is_gone(error) }
    }

    fn set(made: Result<(), SetError>) -> Self {
        match made {
            Ok(()) => Self::answered(Answer::Done),
            // It may have been made: what the printer says next will show.
            Err(SetError::Unconfirmed(cause)) => Self { gone: lost(&cause), ..Self::answered(Answer::Done) },
            Err(SetError::Ledm(error)) => Self::failed(&error),
            Err(SetError::UnsupportedSecurity(security) | SetError::HeardSecured(security)) => {
                Self::told(Trouble::Unfit(diagnosis::Failure::UnsupportedSecurity(security)))
            }
            Err(SetError::HeardOpen) => Self::told(Trouble::Unfit(diagnosis::Failure::HeardOpen(Ssid::default()))),
            Err(SetError::Unfit(_)) => Self::told(Trouble::Unfit(diagnosis::Failure::UnusablePassphrase)),
        }
    }
}

async fn look(ledm: &Ledm) -> Asked {
    match snapshot(ledm).await {
        Ok(Some(snapshot)) => Asked::answered(Answer::Station(Box::new(snapshot))),
        Ok(None) => Asked::told(Trouble::NotExposed),
        Err(error) => Asked::failed(&error),
    }
}

/// What the printer says of its connections. `None`: it has no station.
pub(in super::super) async fn snapshot(ledm: &Ledm) -> Result<Option<Snapshot>, ledm::Error> {
    let adapters = ledm.adapters().await?;
    let Some(station) = ledm.station_state_in(&adapters).await? else { return Ok(None) };
    // Where there is no address to be mistaken for the station's, the others don't matter.
    let elsewhere = match station.address() {
        Some(_) => ledm.addresses_elsewhere(&adapters).await?,
        None => Vec::new(),
    };
    let cable = adapters.adapters.iter().any(Adapter::has_cable);
    Ok(Some(Snapshot { station, elsewhere, cable }))
}

async fn of_station(ledm: &Ledm, station: &Adapter, request: Request, heard: Option<&WifiNetwork>) -> Asked {
    match request {
        Request::PowerOn => Asked::set(ledm.power(station, true).await),
        Request::Scan(directed) => match ledm.scan(station, directed.as_ref()).await {
            Ok(heard) => {
                // The printer's own, and others of its kind, are nothing to be joined.
                let networks = heard.iter().filter(|one| one.mode != Some(CommunicationMode::AdHoc));
                let networks = networks.map(WifiNetwork::network).collect();
                Asked { heard: Some(heard), ..Asked::answered(Answer::Networks(networks)) }
            }
            Err(error) => Asked::failed(&error),
        },
        Request::WriteProfile(credentials) => join(ledm, station, &credentials, heard).await,
        Request::ReadVsaCodes => match ledm.vsa_codes(station).await {
            Ok(codes) => {
                let told = codes.iter().filter(|code| matches!(code.severity, Severity::Warning | Severity::Critical));
                Asked::answered(Answer::Rules(told.map(|code| u32::from(code.rule)).collect()))
            }
            Err(error) => Asked::failed(&error),
        },
        Request::ReadPin => match ledm.wps_pin(station).await {
            Ok(pin) => Asked::answered(Answer::Pin { pin, kind: Kind::Unknown, lifetime: None }),
            Err(error) => Asked::failed(&error),
        },
        Request::WritePin(pin) => Asked::set(ledm.give_wps_pin(station, &pin).await),
        Request::ReadStation | Request::PrintReport(_) => Asked::told(Trouble::NotExposed),
    }
}

async fn join(ledm: &Ledm, station: &Adapter, credentials: &Credentials, heard: Option<&WifiNetwork>) -> Asked {
    let asked = Asked::set(ledm.join(station, credentials, heard).await);
    match asked.answer {
        Err(Trouble::Unfit(diagnosis::Failure::HeardOpen(_))) => {
            Asked::told(Trouble::Unfit(diagnosis::Failure::HeardOpen(credentials.ssid.clone())))
        }
        _ => asked,
    }
}

/// One page.
struct Printing {
    work: Work,
    page: Page,
}

impl Printing {
    async fn print(self) -> Asked {
        let Err(failure) = print::print(&self.work, &[self.page]).await else {
            return Asked::answered(Answer::Done);
        };
        let trouble = match failure.kind {
            ErrorKind::NotSupported => Trouble::NotExposed,
            ErrorKind::PrinterAuthRequired | ErrorKind::PrinterAuthFailed => Trouble::AuthRequired,
            _ => Trouble::Silent,
        };
        let gone = failure.kind == ErrorKind::Disconnected;
        Asked { gone, excuse: Some(failure), ..Asked::told(trouble) }
    }
}

/// What a failed call means to the flow.
fn trouble(error: &ledm::Error) -> Trouble {
    match error {
        ledm::Error::Http(http::Error::Malformed(_) | http::Error::TooLarge { .. }) => Trouble::Unreadable,
        ledm::Error::Http(_) | ledm::Error::Uncertain(_) => Trouble::Silent,
        ledm::Error::Busy => Trouble::Refused(503),
        ledm::Error::AuthRequired | ledm::Error::AuthFailed => Trouble::AuthRequired,
        ledm::Error::AuthUnsupported => Trouble::Unfit(diagnosis::Failure::AuthUnsupported),
        ledm::Error::NotExposed { .. } => Trouble::NotExposed,
        ledm::Error::Refused { status, .. } => Trouble::Refused(*status),
        ledm::Error::Document { .. } => Trouble::Unreadable,
        ledm::Error::NoPin => Trouble::InvalidPin(pin::Error::Length),
        ledm::Error::Pin(error) => Trouble::InvalidPin(*error),
    }
}

fn is_gone(error: &ledm::Error) -> bool {
    matches!(error, ledm::Error::Http(cause) | ledm::Error::Uncertain(cause) if lost(cause))
}

fn lost(error: &http::Error) -> bool {
    error.is_gone() || matches!(error, http::Error::Closed)
}
