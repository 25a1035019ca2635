//! The station's task: one order, event or answer after the other.

use std::future::pending;
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until};

use super::super::{Association, Failure, Hushed, Impostor, Lease, Lost, Origin, Profile, Security, Start, State};
use super::control::Control;
use super::words::{self, Event};
use super::{Order, Shared, dhcp};

/// After so long without an event wpa_supplicant is asked whether it is still there.
const QUIET: Duration = Duration::from_secs(10);
/// Another scan is under way: ours is asked for again.
const BUSY: Duration = Duration::from_millis(500);
/// It has failed, and still tells the registrar so (WSC_NACK).
const FAREWELL: Duration = Duration::from_secs(1);
/// So many further passes of a scan that hears nobody at all: an answer that comes late is missed.
pub(super) const PASSES: u32 = 2;
/// So many scans that hear no such network mean that it is not there; one may miss it.
const MISSES: u8 = 2;

pub(super) struct Station {
    shared: Arc<Shared>,
    control: Control,
    /// Asks for an address for this association.
    address: Option<JoinHandle<Option<Lease>>>,
    /// WPS waits for a registrar until then.
    enrolling: Option<Instant>,
    /// WPS has failed so, and is over then.
    failing: Option<(Instant, Failure)>,
    /// The scan that somebody waits for is asked for then.
    scan_at: Option<Instant>,
    /// The scan that somebody waits for is under way.
    scanning: bool,
    /// So many passes of it have heard nobody.
    deaf: u32,
    misses: u8,
    /// wpa_supplicant's id of the profile.
    network: Option<u16>,
    quiet: Instant,
}

/// When it is time; never without one.
async fn at(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => pending().await,
    }
}

impl Station {
    pub(super) fn new(shared: Arc<Shared>, control: Control) -> Self {
        let quiet = Instant::now() + QUIET;
        Self {
            shared,
            control,
            address: None,
            enrolling: None,
            failing: None,
            scan_at: None,
            scanning: false,
            deaf: 0,
            misses: 0,
            network: None,
            quiet,
        }
    }

    /// Until the printer is gone (`Ok`) or wpa_supplicant is.
    pub(super) async fn serve(mut self, orders: &mut mpsc::Receiver<Order>) -> io::Result<()> {
        self.begin().await?;
        loop {
            tokio::select! {
                order = orders.recv() => match order {
                    Some(order) => self.obey(order).await?,
                    None => return Ok(()),
                },
                datagram = self.control.event() => {
                    self.quiet = Instant::now() + QUIET;
                    if let Some(event) = words::event(&datagram?) {
                        self.on(event).await?;
                    }
                }
                lease = async {
                    match &mut self.address {
                        Some(asked) => asked.await,
                        None => pending().await,
                    }
                } => {
                    self.address = None;
                    self.addressed(lease.ok().flatten());
                }
                () = at(self.failing.map(|(time, _)| time)) => {
                    if let Some((_, failure)) = self.failing {
                        self.end_enrolment(failure).await?;
                    }
                }
                () = at(self.enrolling) => self.end_enrolment(Failure::NoRegistrar).await?,
                () = at(self.scan_at) => self.scan().await?,
                () = sleep_until(self.quiet) => {
                    self.control.ask("PING").await?;
                    self.quiet = Instant::now() + QUIET;
                }
            }
        }
    }

    /// Takes over what wpa_supplicant is at, or has it do what was last asked for.
    async fn begin(&mut self) -> io::Result<()> {
        let (on, profile) = {
            let work = self.shared.work();
            (work.on, work.profile.clone())
        };
        if !on {
            return self.control.tell("DISCONNECT").await.map(drop);
        }
        self.scan_at = Some(Instant::now());
        let status = words::status(&self.control.ask("STATUS").await?);
        match (status.at, profile) {
            (Some(at), _) => self.associated(at, status.id).await,
            (None, Some(profile)) => self.join(profile).await,
            (None, None) => Ok(()),
        }
    }

    async fn obey(&mut self, order: Order) -> io::Result<()> {
        let (on, profile) = {
            let work = self.shared.work();
            (work.on, work.profile.clone())
        };
        match order {
            Order::Switch if on => {
                self.scan_at = Some(Instant::now());
                match profile {
                    Some(profile) => self.join(profile).await,
                    None => Ok(()),
                }
            }
            Order::Switch => {
                self.forget();
                self.scan_at = None;
                self.control.tell("WPS_CANCEL").await?;
                self.control.tell("DISCONNECT").await.map(drop)
            }
            Order::Scan => self.scan().await,
            Order::Join => match profile.filter(|_| on) {
                Some(profile) => self.join(profile).await,
                None => Ok(()),
            },
            Order::Forget => {
                self.forget();
                self.network = None;
                self.control.tell("WPS_CANCEL").await?;
                self.control.tell("REMOVE_NETWORK all").await.map(drop)
            }
            Order::Enrol(start) if on => self.enrol(start).await,
            Order::Enrol(_) => Ok(()),
        }
    }

    /// Nothing that was going on counts any more.
    fn forget(&mut self) {
        if let Some(asked) = self.address.take() {
            asked.abort();
        }
        self.enrolling = None;
        self.failing = None;
        self.misses = 0;
    }

    fn fail(&self, failure: Failure) {
        self.shared.work().failure = Some(failure);
        self.shared.set(State::Failed(failure));
    }

    async fn scan(&mut self) -> io::Result<()> {
        self.scan_at = None;
        if !self.shared.work().on || self.scanning {
            return Ok(());
        }
        // What an earlier scan heard is not to be told, unless something is going on that needs it.
        if matches!(self.shared.state(), State::Idle | State::Joined(..)) {
            self.control.tell("BSS_FLUSH 0").await?;
        }
        let wanted = self.shared.work().scan.as_ref().and_then(|asked| asked.wanted.clone());
        let directed = wanted.map(|ssid| format!(" ssid {}", hex(&ssid))).unwrap_or_default();
        if self.control.tell(&format!("SCAN TYPE=ONLY{directed}")).await? {
            self.scanning = true;
        } else {
            self.scan_at = Some(Instant::now() + BUSY);
        }
        Ok(())
    }

    async fn join(&mut self, profile: Profile) -> io::Result<()> {
        self.forget();
        self.control.tell("WPS_CANCEL").await?;
        if matches!(self.shared.options.impostor, Some(Impostor::SoftAp | Impostor::Ethernet)) {
            self.shared.set(State::Idle);
            return self.control.tell("DISCONNECT").await.map(drop);
        }
        let ssid = profile.ssid.clone();
        self.shared.set(State::Associating(ssid));
        // One that a registrar gave is known to wpa_supplicant only.
        let selected = match (&profile, self.network) {
            (Profile { security: Security::Wpa3 | Security::Enterprise, .. }, _) => false,
            (Profile { passphrase: None, security, .. }, Some(id)) if *security != Security::Open => {
                self.control.tell(&format!("SELECT_NETWORK {id}")).await?
            }
            _ => self.configure(&profile).await?,
        };
        if !selected {
            self.fail(Failure::Unsupported);
        }
        Ok(())
    }

    /// Makes it wpa_supplicant's only network.
    async fn configure(&mut self, profile: &Profile) -> io::Result<bool> {
        self.control.tell("REMOVE_NETWORK all").await?;
        let Ok(id) = self.control.ask("ADD_NETWORK").await?.trim_end().parse::<u16>() else { return Ok(false) };
        self.network = Some(id);
        let mut settings = vec![
            format!("ssid {}", hex(&profile.ssid)),
            // Asks for it by name, so that a hidden one answers.
            "scan_ssid 1".to_owned(),
            format!("key_mgmt {}", if profile.security == Security::Open { "NONE" } else { "WPA-PSK" }),
        ];
        match &profile.passphrase {
            Some(Hushed(key)) if key.len() == 64 => settings.push(format!("psk {key}")),
            Some(Hushed(passphrase)) => settings.push(format!("psk \"{passphrase}\"")),
            None => {}
        }
        for setting in settings {
            if !self.control.tell(&format!("SET_NETWORK {id} {setting}")).await? {
                return Ok(false);
            }
        }
        self.control.tell(&format!("SELECT_NETWORK {id}")).await
    }

    async fn enrol(&mut self, start: Start) -> io::Result<()> {
        self.forget();
        self.control.tell("WPS_CANCEL").await?;
        if self.shared.options.impostor.is_some() {
            return self.end_enrolment(Failure::NoRegistrar).await;
        }
        self.shared.set(State::Enrolling);
        let (reply, expected) = match start {
            Start::Pin(Hushed(pin)) => (self.control.ask(&format!("WPS_PIN any {pin}")).await?, pin),
            Start::Button => (self.control.ask("WPS_PBC").await?, "OK".to_owned()),
        };
        match reply.trim_end() {
            "FAIL-PBC-OVERLAP" => self.end_enrolment(Failure::Overlap).await,
            reply if reply == expected => {
                self.enrolling = Some(Instant::now() + self.shared.options.walk);
                Ok(())
            }
            _ => self.end_enrolment(Failure::NoRegistrar).await,
        }
    }

    /// WPS came to nothing; the printer goes back to what it had.
    async fn end_enrolment(&mut self, failure: Failure) -> io::Result<()> {
        self.forget();
        self.control.tell("WPS_CANCEL").await?;
        self.fail(failure);
        let profile = self.shared.work().profile.clone();
        if let (Some(profile), Some(id)) = (profile, self.network)
            && self.control.tell(&format!("SELECT_NETWORK {id}")).await?
        {
            self.shared.set(State::Associating(profile.ssid));
        }
        Ok(())
    }

    async fn on(&mut self, event: Event) -> io::Result<()> {
        let enrolling = self.enrolling.is_some();
        let associating = match self.shared.state() {
            State::Associating(ssid) if !enrolling => Some(ssid),
            _ => None,
        };
        match event {
            Event::ScanResults if self.scanning => self.scanned().await,
            Event::Connected if !enrolling => self.connected().await,
            Event::Disconnected if !enrolling => {
                if let Some(at) = self.shared.state().association() {
                    self.forget();
                    self.shared.set(State::Associating(at.ssid.clone()));
                }
                Ok(())
            }
            Event::NetworkNotFound => match associating {
                Some(ssid) => self.missed(&ssid).await,
                None => Ok(()),
            },
            Event::WrongKey if associating.is_some() => {
                self.fail(Failure::WrongPassphrase);
                Ok(())
            }
            Event::Rejected if associating.is_some() => {
                self.fail(Failure::Refused);
                Ok(())
            }
            Event::WpsSuccess if enrolling => self.enrolled().await,
            Event::WpsFailed(failure) if enrolling => {
                self.failing.get_or_insert((Instant::now() + FAREWELL, failure));
                Ok(())
            }
            Event::Overlap if enrolling => self.end_enrolment(Failure::Overlap).await,
            Event::Terminating => Err(io::Error::other("it ends")),
            _ => Ok(()),
        }
    }

    async fn scanned(&mut self) -> io::Result<()> {
        let reply = self.control.ask("SCAN_RESULTS").await?;
        self.scanning = false;
        let results = words::scan_results(&reply);
        if results.is_empty() && self.deaf < PASSES {
            self.deaf += 1;
            self.scan_at = Some(Instant::now() + BUSY);
            return Ok(());
        }
        self.deaf = 0;
        let mut work = self.shared.work();
        work.heard = results.into_iter().filter_map(|heard| self.shared.hears(heard)).collect();
        if let Some(asked) = &mut work.scan {
            asked.done = true;
        }
        Ok(())
    }

    /// No such network; or one that the profile doesn't fit.
    async fn missed(&mut self, ssid: &[u8]) -> io::Result<()> {
        self.misses += 1;
        if self.misses < MISSES {
            return Ok(());
        }
        self.misses = 0;
        let heard = words::scan_results(&self.control.ask("SCAN_RESULTS").await?);
        let mut heard = heard.into_iter().filter_map(|heard| self.shared.hears(heard)).map(|heard| heard.ssid);
        self.fail(if heard.clone().any(|it| it == ssid) {
            Failure::Unsupported
        } else if heard.any(|it| it.eq_ignore_ascii_case(ssid)) {
            Failure::OtherCase
        } else {
            Failure::NotFound
        });
        Ok(())
    }

    async fn connected(&mut self) -> io::Result<()> {
        let status = words::status(&self.control.ask("STATUS").await?);
        let Some(at) = status.at else { return Ok(()) };
        let (on, stale) = {
            let work = self.shared.work();
            (work.on, work.profile.as_ref().is_some_and(|profile| profile.ssid != at.ssid))
        };
        if !on {
            return self.control.tell("DISCONNECT").await.map(drop);
        }
        // The news of an association that it was told to leave since.
        if stale { Ok(()) } else { self.associated(at, status.id).await }
    }

    async fn associated(&mut self, mut at: Association, id: Option<u16>) -> io::Result<()> {
        self.forget();
        self.network = id.or(self.network);
        if let Some(dbm) = words::signal(&self.control.ask("SIGNAL_POLL").await?) {
            at.dbm = dbm;
        }
        {
            let mut work = self.shared.work();
            work.failure = None;
            work.profile.get_or_insert_with(|| Profile {
                ssid: at.ssid.clone(),
                security: at.security,
                passphrase: None,
            });
        }
        self.shared.set(State::ObtainingAddress(at));
        let (program, patience) = (self.shared.options.dhcp.clone(), self.shared.options.patience);
        self.address = Some(tokio::spawn(async move {
            match program {
                Some(program) => dhcp::ask(&program).await,
                None => {
                    sleep(patience).await;
                    None
                }
            }
        }));
        Ok(())
    }

    /// DHCP has come to its end.
    fn addressed(&self, lease: Option<Lease>) {
        let State::ObtainingAddress(at) = self.shared.state() else { return };
        let own = |address, mask, origin| {
            let (address, mask) = (Ipv4Addr::from(address), Ipv4Addr::from(mask));
            Some(Lease { address, mask, gateway: None, dns: None, origin })
        };
        let lease = lease.or_else(|| match self.shared.options.lost {
            Lost::AutoIp => own([169, 254, 77, 192], [255, 255, 0, 0], Origin::AutoIp),
            Lost::Fallback => own([192, 0, 0, 192], [255, 255, 255, 0], Origin::Fallback),
            Lost::Nothing => None,
        });
        if let Some(lease) = lease {
            self.shared.set(State::Joined(at, lease));
        }
    }

    /// The registrar has given a profile, which wpa_supplicant joins by itself.
    async fn enrolled(&mut self) -> io::Result<()> {
        self.forget();
        let Some((id, ssid)) = words::enabled(&self.control.ask("LIST_NETWORKS").await?) else {
            return self.end_enrolment(Failure::NoRegistrar).await;
        };
        self.network = Some(id);
        let profile = Profile { ssid: ssid.clone(), security: Security::Wpa2, passphrase: None };
        self.shared.work().profile = Some(profile);
        self.shared.set(State::Associating(ssid));
        Ok(())
    }
}

impl Drop for Station {
    fn drop(&mut self) {
        self.forget();
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
