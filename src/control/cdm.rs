//! The same in CDM, and how a printer of its kind lets somebody in.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync;
use tokio::time::{Instant, sleep};

use super::{Blocking, Error, Heard, Key, SetError, Stage};
use crate::hp;
use crate::hp::cdm::adapters::{Association, Kind};
use crate::hp::cdm::alerts::{Alerts, Obstacle};
use crate::hp::cdm::print::{self, Progress, State};
use crate::hp::cdm::reports::Page;
use crate::hp::cdm::tokens::PRESS_SECONDS;
use crate::hp::cdm::{Cdm, wifi_networks};
use crate::secret::{Password, Token};
use crate::setup::success::{Complaint, Snapshot};
use crate::wifi::Credentials;

/// Between two questions whether the button was pressed.
const PRESSED: Duration = Duration::from_secs(1);
/// What was pressed in the last moment counts.
const LATE: Duration = Duration::from_secs(5);

/// What one job has to show to the printer, and what the printer said before its last page. Clones share it; it ends
/// with the job.
#[derive(Clone, Default)]
pub(super) struct Access {
    entry: Arc<sync::Mutex<Entry>>,
    before: Arc<Mutex<Option<Progress>>>,
}

#[derive(Default)]
enum Entry {
    /// Nobody has shown anything.
    #[default]
    Nothing,
    /// Typed, and not sent yet.
    Typed(Key, Password),
    /// The printer gave this for it.
    Token(Token),
    /// It was not what the printer wants, and is not sent again.
    Refused,
}

impl Access {
    /// With this, which somebody typed.
    pub(super) fn typed(key: Key, secret: Password) -> Self {
        Self { entry: Arc::new(sync::Mutex::new(Entry::Typed(key, secret))), before: Arc::default() }
    }

    /// From now on with this.
    pub(super) async fn show(&self, key: Key, secret: Password) {
        *self.entry.lock().await = Entry::Typed(key, secret);
    }

    /// The printer for whoever has this. What was typed is sent for a token at the first need, and once.
    async fn enter(&self, cdm: &Cdm) -> Result<Cdm, Error> {
        let mut entry = self.entry.lock().await;
        let granted = match &*entry {
            Entry::Nothing => return Ok(cdm.clone()),
            Entry::Token(token) => return Ok(cdm.let_in(token.clone())),
            Entry::Refused => return Err(hp::Error::AuthFailed.into()),
            Entry::Typed(Key::LabelPin, pin) => cdm.label_token(pin).await,
            Entry::Typed(_, password) => cdm.password_token(password).await,
        };
        match granted {
            Ok(token) => {
                *entry = Entry::Token(token.clone());
                Ok(cdm.let_in(token))
            }
            Err(error) => {
                *entry = Entry::Refused;
                Err(error.into())
            }
        }
    }

    fn before(&self) -> MutexGuard<'_, Option<Progress>> {
        self.before.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What it takes to be let in: the button first, which nobody has to look up \[C: HPLIP's order\].
pub(super) async fn key(cdm: &Cdm) -> Result<Key, Error> {
    let ways = cdm.ways().await?;
    if ways.push_button {
        Ok(Key::Button)
    } else if ways.label_pin {
        Ok(Key::LabelPin)
    } else if ways.password {
        Ok(Key::Password)
    } else {
        Err(hp::Error::AuthUnsupported.into())
    }
}

/// Lights the button, and waits until it is pressed. Some answer only then \[I\].
pub(super) async fn wait_for_button(cdm: &Cdm, access: &Access) -> Result<(), Error> {
    let mut entry = access.entry.lock().await;
    let session = cdm.light_button().await?;
    let until = Instant::now() + Duration::from_secs(PRESS_SECONDS) + LATE;
    loop {
        if let Some(token) = cdm.button_token(&session).await? {
            *entry = Entry::Token(token);
            return Ok(());
        }
        if Instant::now() >= until {
            return Err(hp::Error::AuthFailed.into());
        }
        sleep(PRESSED).await;
    }
}

pub(super) async fn may_print(cdm: &Cdm, access: &Access) -> Result<Result<(), Blocking>, Error> {
    let cdm = access.enter(cdm).await?;
    let progress = cdm.print_progress().await?;
    let busy = progress.state != State::Idle;
    *access.before() = Some(progress);
    if busy {
        let words = "it is busy with another report".to_owned();
        return Ok(Err(Blocking { words, passes: true, user_action: None }));
    }
    Ok(cdm.alerts().await?.obstacle().map_or(Ok(()), |obstacle| Err(of(&obstacle))))
}

/// The list of reports is read anew for each page: its entry's version is given back, and what is not on it is not
/// asked for.
pub(super) async fn print(cdm: &Cdm, access: &Access, page: Page) -> Result<(), Error> {
    let missing = || hp::Error::NotExposed { resource: "report", status: 404 };
    let cdm = access.enter(cdm).await?;
    let reports = cdm.reports().await?.filter(|reports| cdm.prints(reports)).ok_or_else(missing)?;
    let version = reports.version(page).ok_or_else(missing)?;
    Ok(cdm.print(page, version).await?)
}

/// A page that the printer has taken.
#[derive(Clone, Debug)]
pub struct Printing {
    since: Instant,
    page: Option<print::Printing>,
}

impl Printing {
    /// Just now.
    pub(super) fn now() -> Self {
        Self { since: Instant::now(), page: None }
    }
}

pub(super) async fn progress(cdm: &Cdm, access: &Access, printing: &mut Printing) -> Result<Stage, Error> {
    let cdm = access.enter(cdm).await?;
    let says = cdm.print_progress().await?;
    // What can't be read says of no obstacle.
    let alerts = match cdm.alerts().await {
        Err(error @ hp::Error::Http(_)) => return Err(error.into()),
        alerts => alerts.unwrap_or_else(|_| Alerts::default()),
    };
    let before = access.before().clone();
    let page = printing.page.get_or_insert_with(|| print::Printing::after(before.as_ref().unwrap_or(&says)));
    Ok(match page.on(&says, &alerts, printing.since.elapsed()) {
        print::Stage::Waiting => Stage::Waiting,
        print::Stage::Printing => Stage::Printing,
        print::Stage::Stopped(obstacle) => Stage::Stopped(of(&obstacle)),
        print::Stage::Out => Stage::Out,
        print::Stage::Canceled => Stage::Canceled,
        print::Stage::Failed(reason) => {
            let words = match reason {
                Some(reason) => format!("it gave up ('{}')", reason.escape_default()),
                None => "it gave up and does not say why".to_owned(),
            };
            Stage::Stopped(Blocking { words, passes: false, user_action: None })
        }
    })
}

pub(super) async fn snapshot(cdm: &Cdm, access: &Access) -> Result<Option<Snapshot>, Error> {
    let cdm = access.enter(cdm).await?;
    let adapters = cdm.adapters().await?;
    let Some(station) = cdm.station_state_in(&adapters).await? else { return Ok(None) };
    let cable = adapters.adapters.iter().any(|adapter| {
        let ethernet = adapter.kind == Some(Kind::WiredEthernet) || adapter.name.starts_with("eth");
        ethernet && adapter.state().connected.is_some_and(|connected| connected.value)
    });
    let association = adapters.station().and_then(|adapter| adapter.association.as_ref());
    let complaint = association.map(|association| match association {
        Association::InvalidPassPhrase => Complaint::WrongPassphrase,
        // A network that is not found may still be.
        _ => Complaint::Nothing,
    });
    Ok(Some(Snapshot { station, elsewhere: adapters.addresses_elsewhere(), cable, complaint, ..Snapshot::default() }))
}

pub(super) async fn scan(cdm: &Cdm, access: &Access) -> Result<Heard, Error> {
    Ok(Heard::Cdm(access.enter(cdm).await?.scan().await?))
}

pub(super) async fn power(cdm: &Cdm, access: &Access, on: bool) -> Result<(), SetError> {
    let cdm = access.enter(cdm).await?;
    let adapters = cdm.adapters().await.map_err(Error::from)?;
    let station = adapters.station().ok_or(Error::NoWay("has a Wi-Fi adapter"))?;
    Ok(cdm.power(station, on).await?)
}

pub(super) async fn join(cdm: &Cdm, access: &Access, credentials: &Credentials, heard: &Heard) -> Result<(), SetError> {
    let heard = match heard {
        Heard::Cdm(heard) => wifi_networks::best(heard, &credentials.ssid, &credentials.security),
        _ => None,
    };
    Ok(access.enter(cdm).await?.join(credentials, heard).await?)
}

pub(super) async fn reset_network(cdm: &Cdm, access: &Access) -> Result<(), SetError> {
    Ok(access.enter(cdm).await?.reset_network().await?)
}

/// What its association says, by the number that LEDM has for it: 603 is a wrong passphrase, 201 a network that was not
/// found.
pub(super) async fn rules(cdm: &Cdm, access: &Access) -> Result<Vec<u32>, Error> {
    let adapters = access.enter(cdm).await?.adapters().await?;
    let association = adapters.station().and_then(|station| station.association.as_ref());
    Ok(match association {
        Some(Association::InvalidPassPhrase) => vec![603],
        Some(Association::NoCompatibleNetwork) => vec![201],
        _ => Vec::new(),
    })
}

fn of(obstacle: &Obstacle) -> Blocking {
    let user_action = obstacle.category.as_ref().and_then(super::ledm::user_action);
    Blocking { words: obstacle.to_string(), passes: obstacle.passes, user_action }
}
