//! What a printer is asked and told, in whichever protocol it understands: one call each, whether it is LEDM or another
//! that carries it out. Which protocol that is, is known from the probe ([`Facts`]), for each capability by itself: a
//! printer may speak two, and each well in another part.
//!
//! Whether a thing may be asked for is decided by the caller; a call for what the printer is not known to do ends in
//! [`Error::NoWay`], and nothing is sent.

mod ipp;
mod ledm;
mod pml;
mod words;

use std::sync::Arc;

pub use self::words::{Blocking, Error, Heard, Progress, SetError, Stage};
use crate::hp::ledm::Ledm;
use crate::http;
use crate::ipp::Ipp;
use crate::ipp::identify::Action;
use crate::printer::capability::{Capability, ReportKind};
use crate::printer::probe::{Facts, Protocol, Sheet};
use crate::secret::{Password, Pin};
use crate::setup::success::Snapshot;
use crate::wifi::{Credentials, Ssid};

/// A printer, as its agent speaks to it. Clones speak to the same one, with the same password.
#[derive(Clone)]
pub struct Control {
    facts: Arc<Facts>,
    pool: http::Pool,
    ledm: Ledm,
    ipp: Ipp,
    password: Option<Password>,
}

impl Control {
    /// Speaks through these links to the printer of which this is known.
    #[must_use]
    pub fn new(pool: http::Pool, facts: Arc<Facts>) -> Self {
        Self { facts, ledm: Ledm::new(pool.clone()), ipp: Ipp::new(pool.clone()), pool, password: None }
    }

    /// The same printer, for its administrator. The password is tried once, because a printer may lock.
    #[must_use]
    pub fn logged_in(&self, password: Password) -> Self {
        let ledm = self.ledm.logged_in(password.clone());
        let (pool, ipp) = (self.pool.clone(), self.ipp.clone());
        Self { facts: Arc::clone(&self.facts), pool, ledm, ipp, password: Some(password) }
    }

    /// The same printer after it was away: on other links, and with what is known of it now. Who was its administrator
    /// still is.
    #[must_use]
    pub fn replugged(&self, pool: http::Pool, facts: &Arc<Facts>) -> Self {
        let knows_station = facts.capabilities.contains_key(&Capability::WifiStatus);
        let facts = Arc::clone(if knows_station { facts } else { &self.facts });
        let control = Self::new(pool, facts);
        match &self.password {
            Some(password) => control.logged_in(password.clone()),
            None => control,
        }
    }

    /// The pages that stand for this report, best first. Empty where it has none.
    #[must_use]
    pub fn sheets(&self, kind: ReportKind) -> &[Sheet] {
        self.facts.pages.get(&kind).map_or(&[], |pages| &pages.candidates)
    }

    fn by(&self, capability: Capability) -> Option<Protocol> {
        self.facts.protocols.get(&capability).copied()
    }

    /// What keeps it from printing this page, where something does.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn may_print(&self, sheet: &Sheet) -> Result<Result<(), Blocking>, Error> {
        match sheet {
            Sheet::Ledm(_) => ledm::may_print(&self.ledm).await,
            // It does not tell.
            Sheet::Pml(_) => Ok(Ok(())),
        }
    }

    /// Prints one page. Returns when the printer has taken the job; [`progress`](Self::progress) tells when it is out.
    /// The job is sent once.
    ///
    /// # Errors
    /// See [`Error`]; [`Error::lacks`] where the printer says that it has no such page, and so printed nothing.
    pub async fn print(&self, sheet: &Sheet) -> Result<(), Error> {
        match sheet {
            Sheet::Ledm(page) => Ok(self.ledm.print(&self.facts.job_url, *page).await?),
            Sheet::Pml(page) => pml::print(&self.pool, page).await,
        }
    }

    /// How far the page is that was sent last.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn progress(&self, page: &mut Progress) -> Result<Stage, Error> {
        match page {
            Progress::Ledm { page, since } => ledm::progress(&self.ledm, page, *since).await,
            Progress::Untold => Ok(Stage::Untold),
        }
    }

    /// What it says of its connections. `None`: it has no station.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn snapshot(&self) -> Result<Option<Snapshot>, Error> {
        match self.by(Capability::WifiStatus) {
            Some(Protocol::Ledm) => ledm::snapshot(&self.ledm).await,
            Some(Protocol::Ipp) => ipp::snapshot(&self.ipp).await,
            Some(Protocol::Pml) | None => Err(Error::NoWay("tells what it is connected to")),
        }
    }

    /// The networks that it hears, or this one, which may hide its name.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn scan(&self, directed: Option<&Ssid>) -> Result<Heard, Error> {
        match self.by(Capability::WifiScan) {
            Some(Protocol::Ledm) => Ok(Heard::Ledm(self.ledm.scan(self.station()?, directed).await?)),
            Some(Protocol::Ipp | Protocol::Pml) | None => Err(Error::NoWay("tells which networks it hears")),
        }
    }

    /// Switches its radio.
    ///
    /// # Errors
    /// See [`SetError`].
    pub async fn power(&self, on: bool) -> Result<(), SetError> {
        match self.by(Capability::WifiPower) {
            Some(Protocol::Ledm) => Ok(self.ledm.power(self.station()?, on).await?),
            Some(Protocol::Ipp | Protocol::Pml) | None => Err(Error::NoWay("lets its radio be switched").into()),
        }
    }

    /// Gives it this network. `heard` is what it heard before, in its own words. Returns when it has taken it, which says
    /// nothing of whether it gets there.
    ///
    /// # Errors
    /// See [`SetError`].
    pub async fn join(&self, credentials: &Credentials, heard: &Heard) -> Result<(), SetError> {
        match self.by(Capability::WifiJoin) {
            Some(Protocol::Ledm) => ledm::join(&self.ledm, self.station()?, credentials, heard).await,
            Some(Protocol::Ipp) => ipp::join(&self.ipp, credentials).await,
            Some(Protocol::Pml) | None => Err(Error::NoWay("takes a network").into()),
        }
    }

    /// The numbers of its own diagnosis of its wireless troubles, of severity warning and critical (HP's VSA rules).
    /// Empty where it has none.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn rules(&self) -> Result<Vec<u32>, Error> {
        match self.by(Capability::WifiJoin) {
            Some(Protocol::Ledm) => ledm::rules(&self.ledm, self.station()?).await,
            Some(Protocol::Ipp | Protocol::Pml) | None => Ok(Vec::new()),
        }
    }

    /// Its WPS PIN. Only ever on a user's request, and once for each: asking may make a new PIN.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn wps_pin(&self) -> Result<Pin, Error> {
        match self.by(Capability::ReadPin) {
            Some(Protocol::Ledm) => Ok(self.ledm.wps_pin(self.station()?).await?),
            Some(Protocol::Ipp | Protocol::Pml) | None => Err(Error::NoWay("gives its WPS PIN")),
        }
    }

    /// Gives it this WPS PIN.
    ///
    /// # Errors
    /// See [`SetError`].
    pub async fn give_wps_pin(&self, pin: &Pin) -> Result<(), SetError> {
        match self.by(Capability::WritePin) {
            Some(Protocol::Ledm) => Ok(self.ledm.give_wps_pin(self.station()?, pin).await?),
            Some(Protocol::Ipp | Protocol::Pml) | None => Err(Error::NoWay("takes a WPS PIN").into()),
        }
    }

    /// Lets it show which one it is, in this way.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn identify(&self, action: Action) -> Result<(), Error> {
        match self.by(Capability::Identify) {
            Some(Protocol::Ipp) => ipp::identify(&self.ipp, action).await,
            _ => Err(Error::NoWay("can show which one it is")),
        }
    }

    fn station(&self) -> Result<&crate::hp::ledm::adapters::Adapter, Error> {
        self.facts.station.as_ref().ok_or(Error::NoWay("has a Wi-Fi adapter"))
    }
}
