//! The way `join`: the printer is given the network's name and passphrase.

use std::time::Duration;

use super::state::State;
use super::words::{Question, Typed};
use super::{ASK, Flow, SCAN, TRIES, WRITE};
use crate::setup::diagnosis::{Failure, Step};
use crate::setup::success::Snapshot;
use crate::wifi::{Band, Credentials, Network, Security, Ssid, passphrase};

impl Flow {
    pub(super) fn begin_join(&mut self, now: Duration) {
        let asked = self.asked(SCAN, now);
        self.enter(State::Scanning { asked, directed: None, other_band: false });
    }

    /// Chooses the network among those that the printer hears.
    pub(super) fn scanned(&mut self, networks: &[Network], directed: Option<Ssid>, other_band: bool, now: Duration) {
        let Some(wanted) = self.target.ssid.clone() else {
            // Which network it is to be given has to be known; the ways by WPS can do without.
            return self.fail(Failure::NotExposed(Step::WriteProfile), now);
        };
        let heard = networks.iter().filter(|network| network.ssid == wanted);
        // Of several access points the strongest that the printer can join.
        let secured =
            self.target.passphrase.is_some() || self.target.security.as_ref().is_some_and(Security::takes_passphrase);
        let fits = |network: &Network| possible(&network.security) && !(secured && network.security == Security::Open);
        let best = heard.max_by_key(|network| (fits(network), possible(&network.security), network.signal_dbm));
        let other_band = other_band || networks.iter().any(|n| n.band().is_some_and(|band| band != Band::Band2_4));
        let security = match (best, &self.target.security) {
            (Some(network), _) if matches!(network.security, Security::Unknown(_)) => {
                // A printer may have no word for what it can't do; this computer's own eyes decide then.
                match &self.target.security {
                    Some(security) if !possible(security) => security.clone(),
                    _ => network.security.clone(),
                }
            }
            (Some(network), _) => network.security.clone(),
            (None, _) if directed.is_none() => {
                let asked = self.asked(SCAN, now);
                return self.enter(State::Scanning { asked, directed: Some(wanted), other_band });
            }
            (None, Some(security)) if self.target.hidden => security.clone(),
            // This computer hears it where the printer has no ears.
            (None, _) if self.target.band.is_some_and(|band| band != Band::Band2_4) && !other_band => {
                return self.fail_for_good(Failure::UnsupportedBand);
            }
            (None, _) => return self.fail_for_good(Failure::NetworkNotFound(wanted)),
        };
        if !possible(&security) {
            return self.fail_for_good(Failure::UnsupportedSecurity(security));
        }
        let hidden = best.is_none();
        if security == Security::Open && secured {
            return self.fail_for_good(Failure::HeardOpen(wanted));
        }
        self.found(wanted, security, hidden, now);
    }

    /// The printer can't say what it hears: it is given what was asked for, and tells later what came of it.
    pub(super) fn unheard(&mut self, now: Duration) {
        let Some(wanted) = self.target.ssid.clone() else {
            return self.fail(Failure::NotExposed(Step::WriteProfile), now);
        };
        let security = self.target.security.clone().unwrap_or_else(|| Security::Unknown(String::new()));
        if !possible(&security) {
            return self.fail_for_good(Failure::UnsupportedSecurity(security));
        }
        let hidden = self.target.hidden;
        self.found(wanted, security, hidden, now);
    }

    /// The network is known; its passphrase may have to be asked for.
    fn found(&mut self, wanted: Ssid, security: Security, hidden: bool, now: Duration) {
        let passphrase = self.target.passphrase.take().filter(|_| security != Security::Open);
        let credentials = Credentials { ssid: wanted.clone(), security, passphrase, hidden };
        if self.target.ask_first {
            let question = Question::ShareNetwork { ssid: wanted, open: credentials.security == Security::Open };
            let open = self.ask(question, ASK, now);
            return self.enter(State::Consenting { open, credentials });
        }
        self.consented(credentials, now);
    }

    /// The printer may have this network.
    pub(super) fn consented(&mut self, credentials: Credentials, now: Duration) {
        if credentials.passphrase.is_some() || credentials.security == Security::Open {
            return self.check(credentials, now);
        }
        let Credentials { ssid, security, hidden, .. } = credentials;
        self.ask_passphrase(ssid, security, hidden, 0, now);
    }

    fn ask_passphrase(&mut self, ssid: Ssid, security: Security, hidden: bool, tries: u32, now: Duration) {
        // Where this computer has it, its owner's own program may fetch it; what could not be used is typed.
        let question = match self.target.connection.take().filter(|_| self.target.ask_first) {
            Some(connection) => Question::OwnPassphrase { ssid: ssid.clone(), connection },
            None => Question::Passphrase(ssid.clone()),
        };
        let open = self.ask(question, ASK, now);
        self.enter(State::AskingPassphrase { open, ssid, security, hidden, tries });
    }

    /// What was typed; what can't be a passphrase is asked for again.
    pub(super) fn passphrase(
        &mut self,
        typed: &Typed,
        ssid: Ssid,
        security: Security,
        hidden: bool,
        tries: u32,
        now: Duration,
    ) {
        match passphrase::parse(typed.expose()) {
            Ok(passphrase) => self.check(Credentials { ssid, security, passphrase: Some(passphrase), hidden }, now),
            Err(_) if tries + 1 < TRIES => self.ask_passphrase(ssid, security, hidden, tries + 1, now),
            Err(_) => self.fail_for_good(Failure::UnusablePassphrase),
        }
    }

    /// One more look: a radio that came on may have found its old network, and nothing is written for nothing.
    pub(super) fn check(&mut self, credentials: Credentials, now: Duration) {
        let asked = self.asked(super::LOOK, now);
        self.enter(State::Checking { asked, credentials });
    }

    pub(super) fn checked(&mut self, snapshot: Snapshot, credentials: Credentials, now: Duration) {
        if self.joined(snapshot) {
            return;
        }
        let asked = self.asked(WRITE, now);
        self.enter(State::Writing { asked, credentials, canceled: false });
    }
}

/// Whether a printer can be given such a network: what HPLIP writes, and what is not known at all \[C\]. The shape of
/// WEP was never published, WPA3 alone is in no printer's list.
fn possible(security: &Security) -> bool {
    match security {
        Security::Open
        | Security::WpaPersonal
        | Security::WpaWpa2Personal
        | Security::Wpa2Personal
        | Security::Wpa2Wpa3Personal
        | Security::Unknown(_) => true,
        Security::EnhancedOpen | Security::Wep | Security::Wpa3Personal | Security::Enterprise => false,
    }
}
