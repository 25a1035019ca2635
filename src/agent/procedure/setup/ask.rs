//! What the flow asks the printer, and what the failures of it mean to the flow.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::super::plan::Page;
use super::super::{Work, print};
use crate::agent::event::Event;
use crate::agent::{ErrorKind, Failure, fault};
use crate::control::{self, Control, Heard, SetError};
use crate::hp;
use crate::http;
use crate::ipp;
use crate::printer::probe::{Facts, Sheet};
use crate::secret::Password;
use crate::setup::diagnosis;
use crate::setup::flow::{Answer, Key, Request, Ticket, Trouble, Typed};
use crate::wifi::{Credentials, Ssid};
use crate::wps::pin::{self, Kind};

/// A printer that is gone is told by the bus. Where the bus does not agree for so long, it only does not answer.
const BUS_AGREES: Duration = Duration::from_secs(5);

/// What came of a question.
pub(super) struct Answered {
    pub(super) ticket: Ticket,
    pub(super) answer: Result<Answer, Trouble>,
    /// What a scan brought, in the printer's own words.
    pub(super) heard: Option<Heard>,
    /// The failure in full, where there is one.
    pub(super) excuse: Option<Failure>,
}

/// The printer, as it is asked.
pub(super) struct Party {
    pool: http::Pool,
    control: Control,
    heard: Heard,
}

impl Party {
    pub(super) fn new(work: &Work) -> Self {
        Self { pool: work.pool.clone(), control: work.control.clone(), heard: Heard::Nothing }
    }

    /// It is back, on other links.
    pub(super) fn replugged(&mut self, pool: http::Pool, facts: &Arc<Facts>) {
        self.control = self.control.replugged(pool.clone(), facts);
        self.pool = pool;
    }

    /// From now on, this is shown to it.
    pub(super) async fn log_in(&mut self, key: Key, typed: &Typed) {
        let secret = Password::new(typed.expose().to_vec());
        match key {
            Key::Password => self.control = self.control.logged_in(secret),
            Key::LabelPin | Key::Button => self.control.show(key, secret).await,
        }
    }

    /// What it hears; what it heard before and does not now may still be there.
    pub(super) fn heard(&mut self, heard: Heard) {
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
            Request::PrintReport(kind) => Some(Printing {
                // How the page goes is a part of this job only: told to it, and not for it.
                work: Work {
                    pool: self.pool.clone(),
                    control: self.control.clone(),
                    news: page.clone(),
                    stop: CancellationToken::new(),
                    ..work.clone()
                },
                sheets: self.control.sheets(*kind).to_vec(),
            }),
            _ => None,
        };
        let (control, heard) = (self.control.clone(), self.heard.clone());
        async move {
            let asked = match printing {
                Some(printing) => printing.print().await,
                None => ask(&control, request, &heard).await,
            };
            if asked.gone {
                sleep(BUS_AGREES).await;
            }
            let Asked { mut answer, heard, mut excuse, .. } = asked;
            if let Err(Trouble::NotLetIn(_)) = answer {
                answer = Err(match control.key().await {
                    Ok(key) => Trouble::NotLetIn(key),
                    Err(error) => {
                        excuse = Some(fault::of_asked(&error));
                        trouble(&error)
                    }
                });
            }
            Answered { ticket, answer, heard, excuse }
        }
    }
}

/// What came of a call.
struct Asked {
    answer: Result<Answer, Trouble>,
    heard: Option<Heard>,
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

    fn failed(error: &control::Error) -> Self {
        let excuse = Some(fault::of_asked(error));
        let gone = error.on_the_cable().is_some_and(lost);
        Self { answer: Err(trouble(error)), heard: None, excuse, gone }
    }

    fn set(made: Result<(), SetError>) -> Self {
        let failed = match made {
            Ok(()) => return Self::answered(Answer::Done),
            Err(SetError::Asked(control::Error::Ipp(ipp::Error::Unconfirmed(cause)))) => {
                return Self { gone: lost(&cause), ..Self::answered(Answer::Done) };
            }
            Err(SetError::Asked(error)) => return Self::failed(&error),
            Err(SetError::Hp(failed)) => failed,
        };
        match failed {
            // It may have been made: what the printer says next will show.
            hp::SetError::Unconfirmed(cause) => Self { gone: lost(&cause), ..Self::answered(Answer::Done) },
            hp::SetError::Hp(error) => Self::failed(&error.into()),
            hp::SetError::UnsupportedSecurity(security) | hp::SetError::HeardSecured(security) => {
                Self::told(Trouble::Unfit(diagnosis::Failure::UnsupportedSecurity(security)))
            }
            hp::SetError::HeardOpen => Self::told(Trouble::Unfit(diagnosis::Failure::HeardOpen(Ssid::default()))),
            hp::SetError::Unfit(_) => Self::told(Trouble::Unfit(diagnosis::Failure::UnusablePassphrase)),
        }
    }
}

async fn ask(control: &Control, request: Request, heard: &Heard) -> Asked {
    match request {
        Request::ReadStation => match control.snapshot().await {
            Ok(Some(snapshot)) => Asked::answered(Answer::Station(Box::new(snapshot))),
            Ok(None) => Asked::told(Trouble::NotExposed),
            Err(error) => Asked::failed(&error),
        },
        Request::LightButton => match control.wait_for_button().await {
            Ok(()) => Asked::answered(Answer::Done),
            Err(error) => Asked::failed(&error),
        },
        Request::PowerOn => Asked::set(control.power(true).await),
        Request::Scan(directed) => match control.scan(directed.as_ref()).await {
            Ok(heard) => {
                let networks = heard.networks();
                Asked { heard: Some(heard), ..Asked::answered(Answer::Networks(networks)) }
            }
            Err(error) => Asked::failed(&error),
        },
        Request::WriteProfile(credentials) => join(control, &credentials, heard).await,
        Request::ReadVsaCodes => match control.rules().await {
            Ok(rules) => Asked::answered(Answer::Rules(rules)),
            Err(error) => Asked::failed(&error),
        },
        Request::ReadComplaint => match control.complaint().await {
            Ok(complaint) => Asked::answered(Answer::Complaint(complaint)),
            Err(error) => Asked::failed(&error),
        },
        Request::ReadPin => match control.wps_pin().await {
            Ok(pin) => Asked::answered(Answer::Pin { pin, kind: Kind::Unknown, lifetime: None }),
            Err(error) => Asked::failed(&error),
        },
        Request::WritePin(pin) => Asked::set(control.give_wps_pin(&pin).await),
        Request::PrintReport(_) => Asked::told(Trouble::NotExposed),
    }
}

async fn join(control: &Control, credentials: &Credentials, heard: &Heard) -> Asked {
    let asked = Asked::set(control.join(credentials, heard).await);
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
    sheets: Vec<Sheet>,
}

impl Printing {
    async fn print(self) -> Asked {
        let by_key = matches!(self.sheets.first(), Some(Sheet::Cdm(_)));
        let Err(failure) = print::print(&self.work, &[Page(self.sheets)]).await else {
            return Asked::answered(Answer::Done);
        };
        let trouble = match failure.kind {
            ErrorKind::NotSupported => Trouble::NotExposed,
            ErrorKind::PrinterAuthRequired if by_key => Trouble::NotLetIn(Key::Password),
            ErrorKind::PrinterAuthRequired | ErrorKind::PrinterAuthFailed => Trouble::AuthRequired,
            _ => Trouble::Silent,
        };
        let gone = failure.kind == ErrorKind::Disconnected;
        Asked { gone, excuse: Some(failure), ..Asked::told(trouble) }
    }
}

/// What a failed call means to the flow.
fn trouble(error: &control::Error) -> Trouble {
    let error = match error {
        control::Error::Hp(error) => error,
        control::Error::Ipp(error) => return trouble_by_ipp(error),
        control::Error::NoWay(_) => return Trouble::NoWay,
    };
    match error {
        hp::Error::Http(http::Error::Malformed(_) | http::Error::TooLarge { .. }) => Trouble::Unreadable,
        hp::Error::Http(_) | hp::Error::Uncertain(_) => Trouble::Silent,
        hp::Error::Busy => Trouble::Refused(503),
        // What lets in is asked for by who hears of it.
        hp::Error::NotLetIn => Trouble::NotLetIn(Key::Password),
        hp::Error::AuthRequired | hp::Error::AuthFailed => Trouble::AuthRequired,
        hp::Error::AuthUnsupported => Trouble::Unfit(diagnosis::Failure::AuthUnsupported),
        hp::Error::NotExposed { .. } => Trouble::NotExposed,
        hp::Error::Refused { status, .. } => Trouble::Refused(*status),
        hp::Error::Document { .. } => Trouble::Unreadable,
        hp::Error::NoPin => Trouble::InvalidPin(pin::Error::Length),
        hp::Error::Pin(error) => Trouble::InvalidPin(*error),
    }
}

fn trouble_by_ipp(error: &ipp::Error) -> Trouble {
    match error {
        ipp::Error::Http(http::Error::Malformed(_) | http::Error::TooLarge { .. }) | ipp::Error::Unreadable(_) => {
            Trouble::Unreadable
        }
        ipp::Error::Http(http::Error::StillBusy { .. }) => Trouble::Refused(503),
        ipp::Error::Http(_) | ipp::Error::Unconfirmed(_) => Trouble::Silent,
        ipp::Error::Status { status: 404 } | ipp::Error::NameIsNoText => Trouble::NotExposed,
        ipp::Error::Status { status } | ipp::Error::Refused { status } => Trouble::Refused(*status),
    }
}

fn lost(error: &http::Error) -> bool {
    error.is_gone() || matches!(error, http::Error::Closed)
}
