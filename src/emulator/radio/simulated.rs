//! A radio without a radio: the neighbourhood is data, and everything takes its time by tokio's clock.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep};

use super::enrolment::{self, Act};
use super::{
    Association, Failure, Heard, Impostor, Lease, Lost, Network, Options, Origin, Profile, Radio, Registrar, Scan,
    Security, Start, State,
};

/// For how long a scan's result is given again before another one starts.
const FRESH: Duration = Duration::from_secs(20);
/// Below this a station does not stay associated (rule 400 of HP's network test \[C, HPLIP\]).
const WEAKEST_DBM: i16 = -85;

struct Work {
    on: bool,
    profile: Option<Profile>,
    failure: Option<Failure>,
    attempt: Option<AbortHandle>,
    enrolment: Option<AbortHandle>,
    /// What was asked for, and since when.
    scan: Option<(Option<Vec<u8>>, Instant)>,
}

pub(super) struct Inner {
    pub options: Options,
    state: watch::Sender<State>,
    work: Mutex<Work>,
    /// What was last done at the router.
    pub router: watch::Sender<Option<Act>>,
}

/// A simulated radio. Clones are the same.
#[derive(Clone)]
pub(in crate::emulator) struct Simulated(pub(super) Arc<Inner>);

impl Network {
    /// How a scan shows its security.
    pub(super) fn shown(&self, options: &Options) -> Security {
        match self.security {
            Security::Wpa2Wpa3 => Security::Wpa2,
            Security::Wpa3 if options.wpa3_as_wpa2 => Security::Wpa2,
            other => other,
        }
    }

    fn association(&self) -> Association {
        Association {
            ssid: self.ssid.clone(),
            bssid: self.bssid,
            channel: self.channel,
            dbm: self.dbm,
            security: self.security,
        }
    }

    /// The profile that its registrar hands out.
    pub(super) fn credential(&self, options: &Options) -> Profile {
        Profile {
            ssid: self.ssid.clone(),
            security: self.shown(options),
            passphrase: (self.security != Security::Open).then(|| self.passphrase.clone()),
        }
    }
}

impl Simulated {
    /// A radio; associated to the first network, or to none.
    pub(in crate::emulator) fn new(options: Options, connected: bool) -> Self {
        let home = options.networks.first().filter(|_| connected);
        let profile = home.map(|home| home.credential(&options));
        let state = match home {
            _ if !options.powered => State::Off,
            None => State::Idle,
            Some(home) => match home.lease() {
                Some(lease) => State::Joined(home.association(), lease),
                None => State::ObtainingAddress(home.association()),
            },
        };
        let on = options.powered;
        Self(Arc::new(Inner {
            options,
            state: watch::Sender::new(state),
            work: Mutex::new(Work { on, profile, failure: None, attempt: None, enrolment: None, scan: None }),
            router: watch::Sender::new(None),
        }))
    }
}

impl Inner {
    fn work(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set(&self, state: State) {
        self.state.send_replace(state);
    }

    pub(super) fn state(&self) -> State {
        self.state.borrow().clone()
    }

    pub(super) fn fail(&self, failure: Failure) {
        self.work().failure = Some(failure);
    }

    fn hears(&self, network: &Network) -> bool {
        network.is_2_4_ghz() || self.options.five_ghz
    }

    /// Who answers when this name is called, or any.
    fn heard(&self, wanted: Option<&[u8]>) -> Vec<Heard> {
        let heard = self.options.networks.iter().filter(|network| self.hears(network)).filter_map(|network| {
            let answers = wanted == Some(network.ssid.as_slice());
            if wanted.is_some() && !answers {
                return None;
            }
            Some(Heard {
                ssid: if network.hidden && !answers { Vec::new() } else { network.ssid.clone() },
                bssid: network.bssid,
                channel: network.channel,
                dbm: network.dbm,
                security: network.shown(&self.options),
                wps: network.registrar != Registrar::None,
            })
        });
        heard.collect()
    }

    /// Joins by this profile, from now on.
    pub(super) fn begin(self: &Arc<Self>, profile: Profile) {
        let mut work = self.work();
        if let Some(attempt) = work.attempt.take() {
            attempt.abort();
        }
        if !self.options.keeps_diagnosis {
            work.failure = None;
        }
        work.profile = Some(profile.clone());
        if !work.on {
            return;
        }
        if matches!(self.options.impostor, Some(Impostor::SoftAp | Impostor::Ethernet)) {
            self.set(State::Idle);
            return;
        }
        self.set(State::Associating(profile.ssid.clone()));
        let inner = Arc::clone(self);
        work.attempt = Some(
            tokio::spawn(async move {
                let state = inner.attempt(&profile).await;
                if let State::Failed(failure) = state {
                    inner.fail(failure);
                }
                inner.set(state);
            })
            .abort_handle(),
        );
    }

    async fn attempt(&self, profile: &Profile) -> State {
        sleep(self.options.join_time).await;
        let network = match self.find(profile) {
            Ok(network) => network,
            Err(failure) => return State::Failed(failure),
        };
        let association = network.association();
        self.work().failure = None;
        self.set(State::ObtainingAddress(association.clone()));
        if let Some(lease) = network.lease() {
            sleep(self.options.address_time).await;
            return State::Joined(association, lease);
        }
        sleep(self.options.patience).await;
        let (address, origin) = match self.options.lost {
            Lost::AutoIp => (Ipv4Addr::new(169, 254, 57, 57), Origin::AutoIp),
            Lost::Fallback => (Ipv4Addr::new(192, 0, 0, 192), Origin::Fallback),
            Lost::Nothing => return State::ObtainingAddress(association),
        };
        let mask = match origin {
            Origin::AutoIp => Ipv4Addr::new(255, 255, 0, 0),
            _ => Ipv4Addr::new(255, 255, 255, 0),
        };
        State::Joined(association, Lease { address, mask, gateway: None, dns: None, origin })
    }

    fn find(&self, profile: &Profile) -> Result<&Network, Failure> {
        let named = |network: &&Network| network.ssid == profile.ssid && self.hears(network);
        let Some(network) = self.options.networks.iter().filter(named).max_by_key(|network| network.dbm) else {
            let alike = |network: &Network| self.hears(network) && network.ssid.eq_ignore_ascii_case(&profile.ssid);
            return Err(if self.options.networks.iter().any(alike) { Failure::OtherCase } else { Failure::NotFound });
        };
        let able = match network.security {
            Security::Enterprise => false,
            Security::Wpa3 => self.options.wpa3,
            _ => network.shown(&self.options) == profile.security,
        };
        if !able {
            return Err(Failure::Unsupported);
        }
        if network.refuses {
            return Err(Failure::Refused);
        }
        if network.dbm < WEAKEST_DBM {
            return Err(Failure::TooWeak);
        }
        if network.security != Security::Open && profile.passphrase.as_ref() != Some(&network.passphrase) {
            return Err(Failure::WrongPassphrase);
        }
        Ok(network)
    }
}

impl Radio for Simulated {
    fn switch(&self, on: bool) {
        let profile = {
            let mut work = self.0.work();
            if work.on == on {
                return;
            }
            work.on = on;
            work.scan = None;
            for task in [work.attempt.take(), work.enrolment.take()].into_iter().flatten() {
                task.abort();
            }
            self.0.set(if on { State::Idle } else { State::Off });
            work.profile.clone().filter(|_| on)
        };
        if let Some(profile) = profile {
            self.0.begin(profile);
        }
    }

    fn is_on(&self) -> bool {
        self.0.work().on
    }

    fn scan(&self, wanted: Option<&[u8]>) -> Scan {
        let mut work = self.0.work();
        if !work.on {
            return Scan::Done(Vec::new());
        }
        let time = self.0.options.scan_time;
        match &work.scan {
            Some((asked, since)) if asked.as_deref() == wanted && since.elapsed() < time + FRESH => {
                if since.elapsed() < time {
                    return Scan::Running;
                }
            }
            _ => {
                work.scan = Some((wanted.map(<[u8]>::to_vec), Instant::now()));
                return Scan::Running;
            }
        }
        Scan::Done(self.0.heard(wanted))
    }

    fn around(&self) -> Vec<Heard> {
        self.0.heard(None)
    }

    fn join(&self, profile: Profile) {
        if self.0.options.impostor == Some(Impostor::OldAssociation) {
            return;
        }
        if let Some(enrolment) = self.0.work().enrolment.take() {
            enrolment.abort();
        }
        self.0.begin(profile);
    }

    fn forget(&self) {
        let mut work = self.0.work();
        for task in [work.attempt.take(), work.enrolment.take()].into_iter().flatten() {
            task.abort();
        }
        (work.profile, work.failure) = (None, None);
        self.0.set(if work.on { State::Idle } else { State::Off });
    }

    fn profile(&self) -> Option<Profile> {
        self.0.work().profile.clone()
    }

    fn enrol(&self, start: Start) {
        let mut work = self.0.work();
        if !work.on {
            return;
        }
        let task = tokio::spawn(enrolment::run(Arc::clone(&self.0), start)).abort_handle();
        if let Some(before) = work.enrolment.replace(task) {
            before.abort();
        }
    }

    fn at_router(&self, act: Start) -> bool {
        let able = self.0.options.networks.iter().any(|network| network.registrar != Registrar::None);
        if able {
            self.0.router.send_replace(Some(Act::new(act)));
        }
        able
    }

    fn state(&self) -> State {
        self.0.state()
    }

    fn watch(&self) -> watch::Receiver<State> {
        self.0.state.subscribe()
    }

    fn failure(&self) -> Option<Failure> {
        self.0.work().failure
    }
}
