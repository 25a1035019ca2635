//! The station's calls: scan, radio, join, and what it says of itself afterwards.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, sleep};

use super::adapters::{self, Adapter, Adapters};
use super::network_reset::{self, Described};
use super::services::Method;
use super::wifi_networks::{self, Heard};
use super::wireless_config::{self, Words};
use super::{Cdm, document, json, patch};
use crate::hp::error::{Error, SetError, never_left};
use crate::hp::ledm::Transport;
use crate::http::{self, Call};
use crate::wifi::station::StationState;
use crate::wifi::{Credentials, Security};

/// How long a scan may take, and how far apart it is asked whether it is over. HPLIP asks without a limit \[C\].
const SCAN: Duration = Duration::from_secs(40);
const ASK: Duration = Duration::from_secs(1);

const RADIO: &str = "switch of its radio";
const SCANNER: &str = "scan of Wi-Fi networks";
const PROFILE: &str = "Wi-Fi profile";
const RESET: &str = "reset of its network settings";

impl<T: Transport> Cdm<T> {
    /// Its network adapters.
    ///
    /// # Errors
    /// See [`Error`]; [`Error::NotExposed`] also where its list of services does not name them.
    pub async fn adapters(&self) -> Result<Adapters, Error> {
        const RESOURCE: &str = "list of network adapters";
        self.named(RESOURCE, adapters::PATH, &[Method::Get])?;
        self.get(RESOURCE, adapters::PATH, adapters::parse).await
    }

    /// What the station hears. It listens for up to 40 s.
    ///
    /// # Errors
    /// See [`Error`]; [`http::Error::StillWorking`] where it never comes to an end.
    pub async fn scan(&self) -> Result<Vec<Heard>, Error> {
        self.named(SCANNER, wifi_networks::PATH, &[Method::Get, Method::Patch])?;
        let began = Instant::now();
        let status = self.send(patch(wifi_networks::PATH, wifi_networks::START)).await?;
        if !status.is_success() {
            return Err(Error::of(SCANNER, status));
        }
        while !self.get(SCANNER, wifi_networks::PATH, wifi_networks::is_over).await? {
            if began.elapsed() >= SCAN {
                return Err(http::Error::StillWorking { after: began.elapsed() }.into());
            }
            sleep(ASK).await;
        }
        // What belongs to a resource that is named is asked for as HPLIP does [C], named or not.
        match self.get("list of Wi-Fi networks", wifi_networks::LIST, wifi_networks::parse).await {
            // Nothing heard [I].
            Err(Error::Refused { status: 204, .. }) => Ok(Vec::new()),
            heard => heard,
        }
    }

    /// Whether the adapter may be switched: its own link says so, or the list of services. `None`: neither says which
    /// methods there are; HPLIP switches it all the same \[C\].
    #[must_use]
    pub fn switches(&self, station: &Adapter) -> Option<bool> {
        let link = station.link.as_ref()?;
        if link.methods.allow(Method::Patch) || self.services.allows(link.href.as_str(), Method::Patch) {
            return Some(true);
        }
        if link.hinted || self.services.names(link.href.as_str()) { Some(false) } else { None }
    }

    /// Switches the station's radio on or off.
    ///
    /// # Errors
    /// See [`SetError`]; [`SetError::Unconfirmed`] where the printer went away over it.
    pub async fn power(&self, station: &Adapter, on: bool) -> Result<(), SetError> {
        let missing = || Error::NotExposed { resource: RADIO, status: 405 };
        if station.is_access_point() || self.switches(station) == Some(false) {
            return Err(missing().into());
        }
        let link = station.link.as_ref().ok_or_else(missing)?;
        self.set(RADIO, patch(link.href.as_str(), station.switch(on))).await
    }

    /// Whether a network can be set.
    #[must_use]
    pub fn joins(&self) -> bool {
        self.services.allows(wireless_config::PATH, Method::Get)
            && self.services.allows(wireless_config::PATH, Method::Patch)
    }

    /// Sets the station to join this network. `heard` is the network's entry in the printer's own scan
    /// ([`wifi_networks::best`]), whose words for its security are given back to it \[C: HPLIP\]; without one, as for a
    /// hidden network, the words are those that were seen stored.
    ///
    /// Returns when the printer has taken the profile, which says nothing of whether it gets onto the network.
    ///
    /// # Errors
    /// See [`SetError`].
    pub async fn join(&self, credentials: &Credentials, heard: Option<&Heard>) -> Result<(), SetError> {
        self.named(PROFILE, wireless_config::PATH, &[Method::Get, Method::Patch])?;
        let words = words(credentials, heard)?;
        let config = self.get(PROFILE, wireless_config::PATH, wireless_config::parse).await?;
        let unnameable =
            || document(PROFILE, json::Error::Content { what: "this network's name can't be written in it" });
        let setting = wireless_config::compose(&config, &credentials.ssid, &words, credentials.passphrase.as_ref());
        let setting = setting.ok_or_else(unnameable)?;
        // Wiped when the last one who holds it lets go.
        self.set(PROFILE, patch(wireless_config::PATH, Bytes::from_owner(setting))).await
    }

    /// What it takes to make the printer forget its network, as it describes it itself. `None`: it does not, or leaves
    /// something open.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn described_reset(&self) -> Result<Option<Described>, Error> {
        if network_reset::method(&self.services).is_none() {
            return Ok(None);
        }
        // Every resource may have constraints [C]; they belong to it, named or not.
        let found = self.get("limits of its network reset", network_reset::CONSTRAINTS, network_reset::parse).await;
        match found {
            Ok(described) => Ok(described),
            Err(Error::NotExposed { .. } | Error::Document { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Makes the printer forget its network, where it describes how.
    ///
    /// # Errors
    /// See [`SetError`]; [`Error::NotExposed`] where it does not.
    pub async fn reset_network(&self) -> Result<(), SetError> {
        let missing = || Error::NotExposed { resource: RESET, status: 405 };
        let method = network_reset::method(&self.services).ok_or_else(missing)?;
        let described = self.described_reset().await?.ok_or_else(missing)?;
        let method = match method {
            Method::Patch => http::Method::PATCH,
            Method::Post => http::Method::POST,
            Method::Put => http::Method::PUT,
            Method::Get | Method::Delete => return Err(missing().into()),
        };
        let call = Call { method, ..patch(network_reset::PATH, described.body()) }.repeatable(false);
        self.set(RESET, call).await
    }

    /// What the station says of itself now. `None`: the printer has no station.
    ///
    /// # Errors
    /// See [`Error`]. Only the adapters have to be there.
    pub async fn station_state(&self) -> Result<Option<StationState>, Error> {
        self.station_state_in(&self.adapters().await?).await
    }

    /// The same, where the list of adapters was just read.
    ///
    /// # Errors
    /// As [`Cdm::station_state`].
    pub async fn station_state_in(&self, adapters: &Adapters) -> Result<Option<StationState>, Error> {
        let Some(station) = adapters.station() else { return Ok(None) };
        let state = station.state();
        if state.ssid.is_some() || state.connected.is_none_or(|connected| !connected.value) {
            return Ok(Some(state));
        }
        let config = match self.read(PROFILE, wireless_config::PATH, wireless_config::parse).await {
            Err(error @ Error::Http(_)) => return Err(error),
            config => config.ok().flatten(),
        };
        let ssid = config.and_then(|config| config.ssid());
        Ok(Some(adapters::with_profile(state, ssid.as_ref())))
    }

    /// Whether the list of services names it with these methods.
    fn named(&self, resource: &'static str, path: &str, methods: &[Method]) -> Result<(), Error> {
        let named = methods.iter().all(|method| self.services.allows(path, *method));
        if named { Ok(()) } else { Err(Error::NotExposed { resource, status: 404 }) }
    }

    async fn set(&self, resource: &'static str, call: Call) -> Result<(), SetError> {
        match self.send(call).await {
            // Every success is one [C: HPLIP takes 200, 202 and 204].
            Ok(status) if status.is_success() => Ok(()),
            Ok(status) => Err(Error::of(resource, status).into()),
            Err(Error::Http(error)) if !never_left(&error) => Err(SetError::Unconfirmed(error)),
            Err(error) => Err(error.into()),
        }
    }
}

/// The words for the network's security, as the printer writes them.
fn words(credentials: &Credentials, heard: Option<&Heard>) -> Result<Words, SetError> {
    credentials.check()?;
    // An entry without the words says nothing.
    let words = heard.and_then(|network| Some((network.security(), Words::of(network)?)));
    let security = words.as_ref().map_or_else(|| credentials.security.clone(), |(security, _)| security.clone());
    match (&security, &credentials.passphrase) {
        (Security::Open, None) => {}
        (Security::Open, Some(_)) => return Err(SetError::HeardOpen),
        (Security::Wep | Security::EnhancedOpen | Security::Enterprise | Security::Unknown(_), _) => {
            return Err(SetError::UnsupportedSecurity(security));
        }
        // A printer that hears WPA3 and says so has a word for it [I]; to one that does not, there is nothing to say.
        (Security::Wpa3Personal, _) if words.is_none() => return Err(SetError::UnsupportedSecurity(security)),
        (_, None) => return Err(SetError::HeardSecured(security)),
        (_, Some(_)) => {}
    }
    Ok(words.map_or_else(|| Words::usual(credentials.passphrase.is_none()), |(_, words)| words))
}
