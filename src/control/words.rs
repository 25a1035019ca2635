//! What comes back, in words that all protocols share.

use std::fmt;

use tokio::time::Instant;

use crate::blame::Party;
use crate::hp;
use crate::hp::cdm;
use crate::hp::ledm::network::{CommunicationMode, WifiNetwork};
use crate::hp::ledm::progress::Printing;
use crate::http;
use crate::ipp;
use crate::printer::probe::Sheet;
use crate::wifi::Network;

/// Why a printer did not tell or do what it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// HP's protocols.
    #[error(transparent)]
    Hp(#[from] hp::Error),
    /// IPP.
    #[error(transparent)]
    Ipp(#[from] ipp::Error),
    /// Nothing was sent.
    #[error("it is not known that this printer {0}")]
    NoWay(&'static str),
}

impl Error {
    /// Whose failure it is.
    #[must_use]
    pub fn whose(&self) -> Party {
        match self {
            Self::Hp(error) => error.whose(),
            Self::Ipp(error) => error.whose(),
            Self::NoWay(_) => Party::Printer,
        }
    }

    /// The printer has no such thing. Nothing was done.
    #[must_use]
    pub fn lacks(&self) -> bool {
        matches!(self, Self::Hp(hp::Error::NotExposed { .. }) | Self::NoWay(_))
    }

    /// It wants its administrator's password, and was given none.
    #[must_use]
    pub fn wants_password(&self) -> bool {
        matches!(self, Self::Hp(hp::Error::AuthRequired))
    }

    /// It does this only for whom it has let in, and nobody has been ([`Key`]).
    #[must_use]
    pub fn wants_key(&self) -> bool {
        matches!(self, Self::Hp(hp::Error::NotLetIn))
    }

    /// What happened on the cable, where that was it.
    #[must_use]
    pub fn on_the_cable(&self) -> Option<&http::Error> {
        match self {
            Self::Hp(hp::Error::Http(error) | hp::Error::Uncertain(error)) => Some(error),
            Self::Ipp(ipp::Error::Http(error) | ipp::Error::Unconfirmed(error)) => Some(error),
            Self::Hp(_) | Self::Ipp(_) | Self::NoWay(_) => None,
        }
    }

    /// The answer came to harm on its way; asking again costs nothing.
    #[must_use]
    pub fn garbled(&self) -> bool {
        matches!(
            self,
            Self::Hp(hp::Error::Http(http::Error::Truncated | http::Error::Malformed(_)))
                | Self::Ipp(ipp::Error::Http(http::Error::Truncated | http::Error::Malformed(_)))
        )
    }
}

/// Why a setting was not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetError {
    /// HP's protocols.
    #[error(transparent)]
    Hp(#[from] hp::SetError),
    /// It could not be asked.
    #[error(transparent)]
    Asked(#[from] Error),
}

impl SetError {
    /// It wants its administrator's password, and was given none.
    #[must_use]
    pub fn wants_password(&self) -> bool {
        matches!(self.of_hp(), Some(hp::Error::AuthRequired))
    }

    /// It does this only for whom it has let in, and nobody has been ([`Key`]).
    #[must_use]
    pub fn wants_key(&self) -> bool {
        matches!(self.of_hp(), Some(hp::Error::NotLetIn))
    }

    /// What a call in HP's protocols ended in.
    fn of_hp(&self) -> Option<&hp::Error> {
        match self {
            Self::Hp(hp::SetError::Hp(error)) | Self::Asked(Error::Hp(error)) => Some(error),
            Self::Hp(_) | Self::Asked(_) => None,
        }
    }
}

/// Why the printer would not print now: shown, a clause about the printer, such as "it is out of paper".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocking {
    /// The clause.
    pub words: String,
    /// Whether it goes away by itself, as a job that is printing does.
    pub passes: bool,
    /// What somebody can do so that the page comes out: the job's `UserAction`. `None` where it won't.
    pub user_action: Option<&'static str>,
}

impl fmt::Display for Blocking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

/// How far a page is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The printer took the job, and does not show it yet.
    Waiting,
    /// The printer is at it.
    Printing,
    /// Something is in the way; it goes on once that is dealt with.
    Stopped(Blocking),
    /// The page is out.
    Out,
    /// The printer took the job, and never tells what becomes of it.
    Untold,
    /// Somebody ended the job at the panel.
    Canceled,
}

/// A page that the printer has taken.
#[derive(Clone, Debug)]
pub enum Progress {
    /// Judged by the status of the whole printer.
    Ledm {
        /// How far it was.
        page: Printing,
        /// When the printer took it.
        since: Instant,
    },
    /// Judged by what it says of its reports.
    Cdm(super::cdm::Printing),
    /// The printer tells nothing.
    Untold,
}

impl Progress {
    /// The printer has just taken this page.
    #[must_use]
    pub fn of(sheet: &Sheet) -> Self {
        match sheet {
            Sheet::Ledm(_) => Self::Ledm { page: Printing::default(), since: Instant::now() },
            Sheet::Cdm(_) => Self::Cdm(super::cdm::Printing::now()),
            Sheet::Pml(_) => Self::Untold,
        }
    }
}

/// What a printer hears, in its own words, which some want back with the network that they are given.
#[derive(Clone, Debug)]
pub enum Heard {
    /// LEDM's.
    Ledm(Vec<WifiNetwork>),
    /// CDM's.
    Cdm(Vec<cdm::wifi_networks::Heard>),
    /// Nothing yet.
    Nothing,
}

impl Heard {
    /// The networks that can be joined: the printer's own access point, and others of its kind, are not among them.
    #[must_use]
    pub fn networks(&self) -> Vec<Network> {
        match self {
            Self::Ledm(heard) => heard
                .iter()
                .filter(|network| network.mode != Some(CommunicationMode::AdHoc))
                .map(WifiNetwork::network)
                .collect(),
            Self::Cdm(heard) => {
                heard.iter().filter(|network| !network.ad_hoc).map(cdm::wifi_networks::Heard::network).collect()
            }
            Self::Nothing => Vec::new(),
        }
    }

    /// Whether it heard nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Ledm(heard) => heard.is_empty(),
            Self::Cdm(heard) => heard.is_empty(),
            Self::Nothing => true,
        }
    }
}
