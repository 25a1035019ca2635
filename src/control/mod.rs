//! What a printer is asked and told, in whichever protocol it understands: one call each, whether it is LEDM or another
//! that carries it out. Which protocol that is, is known from the probe ([`Facts`]), for each capability by itself: a
//! printer may speak two, and each well in another part.
//!
//! Whether a thing may be asked for is decided by the caller; a call for what the printer is not known to do ends in
//! [`Error::NoWay`], and nothing is sent.

mod cdm;
mod ipp;
mod ledm;
mod pml;
mod words;

use std::sync::Arc;
use std::time::Duration;

use self::cdm::Access;
pub use self::words::{Blocking, Error, Heard, Progress, SetError, Stage};
use crate::hp::cdm::Cdm;
use crate::hp::ledm::Ledm;
use crate::http;
use crate::ipp::Ipp;
use crate::ipp::identify::Action;
use crate::printer::capability::{Capability, ReportKind};
use crate::printer::probe::{Facts, Protocol, Sheet};
use crate::secret::{Password, Pin};
pub use crate::setup::flow::Key;
use crate::setup::success::{Complaint, Snapshot};
use crate::wifi::{Credentials, Ssid};

/// How long the button of [`Control::wait_for_button`] can be pressed.
pub const PRESS: Duration = Duration::from_secs(crate::hp::cdm::tokens::PRESS_SECONDS);

/// A printer, as its agent speaks to it. Clones speak to the same one, with the same password.
#[derive(Clone)]
pub struct Control {
    facts: Arc<Facts>,
    pool: http::Pool,
    ledm: Ledm,
    ipp: Ipp,
    cdm: Option<Cdm>,
    password: Option<Password>,
    access: Access,
}

impl Control {
    /// Speaks through these links to the printer of which this is known.
    #[must_use]
    pub fn new(pool: http::Pool, facts: Arc<Facts>) -> Self {
        let cdm = facts.services.as_ref().map(|services| Cdm::with_services(pool.clone(), Arc::clone(services)));
        let (ledm, ipp) = (Ledm::new(pool.clone()), Ipp::new(pool.clone()));
        Self { facts, pool, ledm, ipp, cdm, password: None, access: Access::default() }
    }

    /// The same printer, for its administrator. The password is tried once, because a printer may lock.
    #[must_use]
    pub fn logged_in(&self, password: Password) -> Self {
        let ledm = self.ledm.logged_in(password.clone());
        let access = Access::typed(Key::Password, password.clone());
        Self { ledm, access, password: Some(password), ..self.clone() }
    }

    /// From now on, this is shown to a printer that lets somebody in; by its clones, too. It is tried once.
    pub async fn show(&self, key: Key, secret: Password) {
        self.access.show(key, secret).await;
    }

    /// What lets somebody in where a call ended in [`Error::wants_key`].
    ///
    /// # Errors
    /// See [`Error`]; where the printer names no way.
    pub async fn key(&self) -> Result<Key, Error> {
        cdm::key(self.cdm()?).await
    }

    /// Lights the printer's button, and waits until somebody has pressed it, for [`PRESS`] at most. Then this one and
    /// its clones are let in.
    ///
    /// # Errors
    /// See [`Error`]; where nobody did.
    pub async fn wait_for_button(&self) -> Result<(), Error> {
        cdm::wait_for_button(self.cdm()?, &self.access).await
    }

    /// The same printer after it was away: on other links, and with what is known of it now. Who was its administrator
    /// still is.
    #[must_use]
    pub fn replugged(&self, pool: http::Pool, facts: &Arc<Facts>) -> Self {
        let knows_station = facts.capabilities.contains_key(&Capability::WifiStatus);
        let facts = Arc::clone(if knows_station { facts } else { &self.facts });
        let control = Self::new(pool, facts);
        let control = match &self.password {
            Some(password) => control.logged_in(password.clone()),
            None => control,
        };
        Self { access: self.access.clone(), ..control }
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
            Sheet::Cdm(_) => cdm::may_print(self.cdm()?, &self.access).await,
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
            Sheet::Cdm(page) => cdm::print(self.cdm()?, &self.access, *page).await,
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
            Progress::Cdm(page) => cdm::progress(self.cdm()?, &self.access, page).await,
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
            Some(Protocol::Cdm) => cdm::snapshot(self.cdm()?, &self.access).await,
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
            Some(Protocol::Cdm) => cdm::scan(self.cdm()?, &self.access).await,
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
            Some(Protocol::Cdm) => cdm::power(self.cdm()?, &self.access, on).await,
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
            Some(Protocol::Cdm) => cdm::join(self.cdm()?, &self.access, credentials, heard).await,
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
            Some(Protocol::Cdm) => cdm::rules(self.cdm()?, &self.access).await,
            Some(Protocol::Ipp | Protocol::Pml) | None => Ok(Vec::new()),
        }
    }

    /// What it says of the network that it was told, where it does not say it in its [`snapshot`](Self::snapshot).
    ///
    /// # Errors
    /// See [`Error`]; [`Error::NoWay`] where it says it there, or not at all, and nothing is sent.
    pub async fn complaint(&self) -> Result<Complaint, Error> {
        match self.by(Capability::WifiJoin) {
            Some(Protocol::Ledm) => ledm::complaint(&self.ledm, self.station()?).await,
            Some(Protocol::Cdm | Protocol::Ipp | Protocol::Pml) | None => {
                Err(Error::NoWay("says why it is not on a network"))
            }
        }
    }

    /// Its WPS PIN. Only ever on a user's request, and once for each: asking may make a new PIN.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn wps_pin(&self) -> Result<Pin, Error> {
        match self.by(Capability::ReadPin) {
            Some(Protocol::Ledm) => Ok(self.ledm.wps_pin(self.station()?).await?),
            _ => Err(Error::NoWay("gives its WPS PIN")),
        }
    }

    /// Gives it this WPS PIN.
    ///
    /// # Errors
    /// See [`SetError`].
    pub async fn give_wps_pin(&self, pin: &Pin) -> Result<(), SetError> {
        match self.by(Capability::WritePin) {
            Some(Protocol::Ledm) => Ok(self.ledm.give_wps_pin(self.station()?, pin).await?),
            _ => Err(Error::NoWay("takes a WPS PIN").into()),
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

    /// Makes it forget its network, as it describes that itself.
    ///
    /// # Errors
    /// See [`SetError`].
    pub async fn reset_network(&self) -> Result<(), SetError> {
        match self.by(Capability::WifiReset) {
            Some(Protocol::Cdm) => cdm::reset_network(self.cdm()?, &self.access).await,
            _ => Err(Error::NoWay("forgets its network on request").into()),
        }
    }

    fn cdm(&self) -> Result<&Cdm, Error> {
        self.cdm.as_ref().ok_or(Error::NoWay("speaks CDM"))
    }

    fn station(&self) -> Result<&crate::hp::ledm::adapters::Adapter, Error> {
        self.facts.station.as_ref().ok_or(Error::NoWay("has a Wi-Fi adapter"))
    }
}
