//! A real radio: a wpa_supplicant, over its control socket. It scans, associates and enrols; this says what an HP
//! printer makes of it. Where wpa_supplicant ends, the radio hears nothing until it is back.
//!
//! ```text
//! dyn Radio ─ orders ─▶ Station ─ commands ─▶ wpa_supplicant
//!     ▲                    │  ◀── events ────
//!     └── state, heard ────┘──▶ a DHCP client, each time it is associated
//! ```

mod control;
mod dhcp;
mod station;
#[cfg(test)]
mod tests;
mod words;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep};

use super::{Failure, Heard, Impostor, Options, Profile, Radio, Scan, Security, Start, State};
use control::Control;
use station::Station;

/// For how long a scan's result is given again before another one starts.
const FRESH: Duration = Duration::from_secs(20);
/// A scan that takes longer is started again.
const LONGEST_SCAN: Duration = Duration::from_secs(30);
/// Until the next look whether wpa_supplicant is back.
const BACK: Duration = Duration::from_secs(1);
/// Orders that wait; a radio that is so far behind takes no more.
const ORDERS: usize = 16;

/// What the radio is to do.
enum Order {
    Switch,
    Scan,
    Join,
    Forget,
    Enrol(Start),
}

struct Asked {
    /// A network's name, where only that one is asked for.
    wanted: Option<Vec<u8>>,
    since: Instant,
    done: bool,
}

struct Work {
    on: bool,
    profile: Option<Profile>,
    failure: Option<Failure>,
    heard: Vec<Heard>,
    scan: Option<Asked>,
}

/// What the station's task and its callers share.
struct Shared {
    options: Options,
    state: watch::Sender<State>,
    work: Mutex<Work>,
}

impl Shared {
    fn work(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self) -> State {
        self.state.borrow().clone()
    }

    fn set(&self, state: State) {
        self.state.send_replace(state);
    }

    /// As this printer hears it.
    fn hears(&self, mut heard: Heard) -> Option<Heard> {
        heard.security = match heard.security {
            Security::Wpa2Wpa3 => Security::Wpa2,
            Security::Wpa3 if self.options.wpa3_as_wpa2 => Security::Wpa2,
            other => other,
        };
        (self.options.five_ghz || heard.channel <= 14).then_some(heard)
    }
}

/// The radio behind a wpa_supplicant. Dropping it lets go of the socket; wpa_supplicant stays as it is.
pub(in crate::emulator) struct Supplicant {
    shared: Arc<Shared>,
    orders: mpsc::Sender<Order>,
}

impl Supplicant {
    /// Must be called inside a tokio runtime.
    pub(in crate::emulator) fn new(options: Options) -> Self {
        let on = options.powered;
        let shared = Arc::new(Shared {
            options,
            state: watch::Sender::new(if on { State::Idle } else { State::Off }),
            work: Mutex::new(Work { on, profile: None, failure: None, heard: Vec::new(), scan: None }),
        });
        let (orders, taken) = mpsc::channel(ORDERS);
        tokio::spawn(run(Arc::clone(&shared), taken));
        Self { shared, orders }
    }

    fn order(&self, order: Order) -> bool {
        let taken = self.orders.try_send(order).is_ok();
        if !taken {
            tracing::warn!("the emulated radio is too far behind its orders");
        }
        taken
    }
}

/// Until the printer is gone.
async fn run(shared: Arc<Shared>, mut orders: mpsc::Receiver<Order>) {
    let Some(path) = shared.options.supplicant.clone() else { return };
    let mut told = false;
    while !orders.is_closed() {
        let ended = match Control::open(&path).await {
            Ok(control) => {
                told = false;
                Station::new(Arc::clone(&shared), control).serve(&mut orders).await
            }
            Err(error) => Err(error),
        };
        match ended {
            Ok(()) => return,
            Err(error) if !told => {
                tracing::warn!(%error, path = %path.display(), "no wpa_supplicant");
                told = true;
            }
            Err(_) => {}
        }
        {
            let mut work = shared.work();
            work.scan = None;
            work.heard.clear();
            shared.set(if work.on { State::Idle } else { State::Off });
        }
        sleep(BACK).await;
    }
}

impl Radio for Supplicant {
    fn switch(&self, on: bool) {
        {
            let mut work = self.shared.work();
            if work.on == on {
                return;
            }
            work.on = on;
            work.scan = None;
            self.shared.set(match &work.profile {
                _ if !on => State::Off,
                Some(profile) => State::Associating(profile.ssid.clone()),
                None => State::Idle,
            });
        }
        self.order(Order::Switch);
    }

    fn is_on(&self) -> bool {
        self.shared.work().on
    }

    fn scan(&self, wanted: Option<&[u8]>) -> Scan {
        let mut work = self.shared.work();
        if !work.on {
            return Scan::Done(Vec::new());
        }
        match &work.scan {
            Some(asked) if asked.wanted.as_deref() == wanted && asked.done && asked.since.elapsed() < FRESH => {
                let heard = work.heard.iter().filter(|heard| wanted.is_none_or(|wanted| heard.ssid == wanted));
                return Scan::Done(heard.cloned().collect());
            }
            Some(asked) if asked.wanted.as_deref() == wanted && !asked.done && asked.since.elapsed() < LONGEST_SCAN => {
            }
            _ => {
                let asked = Asked { wanted: wanted.map(<[u8]>::to_vec), since: Instant::now(), done: false };
                work.scan = self.order(Order::Scan).then_some(asked);
            }
        }
        Scan::Running
    }

    fn around(&self) -> Vec<Heard> {
        self.shared.work().heard.clone()
    }

    fn join(&self, profile: Profile) {
        if self.shared.options.impostor == Some(Impostor::OldAssociation) {
            return;
        }
        {
            let mut work = self.shared.work();
            if !self.shared.options.keeps_diagnosis {
                work.failure = None;
            }
            let ssid = profile.ssid.clone();
            work.profile = Some(profile);
            if !work.on {
                return;
            }
            self.shared.set(State::Associating(ssid));
        }
        self.order(Order::Join);
    }

    fn forget(&self) {
        {
            let mut work = self.shared.work();
            (work.profile, work.failure) = (None, None);
            self.shared.set(if work.on { State::Idle } else { State::Off });
        }
        self.order(Order::Forget);
    }

    fn profile(&self) -> Option<Profile> {
        self.shared.work().profile.clone()
    }

    fn enrol(&self, start: Start) {
        {
            let mut work = self.shared.work();
            if !work.on {
                return;
            }
            work.failure = None;
            // A station that looks for a registrar leaves its network.
            self.shared.set(State::Enrolling);
        }
        self.order(Order::Enrol(start));
    }

    /// The router is a real one: whoever wants to type there does so.
    fn at_router(&self, _: Start) -> bool {
        false
    }

    fn state(&self) -> State {
        self.shared.state()
    }

    fn watch(&self) -> watch::Receiver<State> {
        self.shared.state.subscribe()
    }

    fn failure(&self) -> Option<Failure> {
        self.shared.work().failure
    }
}
