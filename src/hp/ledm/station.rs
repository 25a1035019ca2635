//! The station's calls: scan, radio, join, and what it says of itself afterwards.

use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;

use super::adapters::{Adapter, Power};
use super::address::Address;
use super::network::WifiNetwork;
use super::radio::Form;
use super::resource::ResourceUri;
use super::vsa_codes::VsaCode;
use super::{
    Error, Ledm, SetError, Transport, XML, adapters, io_config, io_device, profile, profiles, protocols, radio,
    vsa_codes, wifi_networks, wps_pin, xml,
};
use crate::hp::error::{never_left, reached, wipe};
use crate::http::{self, Call, Patience, StatusCode};
use crate::secret::Pin;
use crate::wifi::station::{Fact, Source, StationState};
use crate::wifi::{Credentials, Security, Ssid};

/// A scan: 202 is asked again for as long as ten times 3 s \[C: HPLIP\], and one answer may take its time.
const SCAN: Patience = Patience { answer: Duration::from_secs(30), total: Duration::from_secs(40) };

/// Adapters beside the station that are asked for their addresses. The most seen is 3 [C: ENVY Photo 7830].
const MAX_OTHERS: usize = 8;

impl<T: Transport> Ledm<T> {
    /// What the station hears: all networks, or this one, which may hide its name. It listens for up to 30 s.
    /// Empty also where the answer is, as from a radio that is off \[C: LaserJet M28w\].
    ///
    /// # Errors
    /// See [`Error`]; [`http::Error::StillWorking`] where it never comes to an end.
    pub async fn scan(&self, station: &Adapter, directed: Option<&Ssid>) -> Result<Vec<WifiNetwork>, Error> {
        const RESOURCE: &str = "list of Wi-Fi networks";
        let path = wifi_networks::path(&station.uri, directed);
        let reply = self.fetch(Call::get(path).limit(xml::MAX_BYTES).patience(SCAN)).await?;
        match reply.status {
            StatusCode::NO_CONTENT => Ok(Vec::new()),
            StatusCode::OK if reply.body.trim_ascii().is_empty() => Ok(Vec::new()),
            StatusCode::OK => wifi_networks::parse(&reply.body)
                .map_err(|detail| Error::Document { resource: RESOURCE, detail: detail.into() }),
            status => Err(Error::of(RESOURCE, status)),
        }
    }

    /// Switches the station's radio on or off. The second form of the document is sent only where the first one was
    /// refused (4xx) \[C: HPLIP\], and not where the printer wants a password.
    ///
    /// # Errors
    /// See [`SetError`]; [`SetError::Unconfirmed`] where the printer went away over it.
    pub async fn power(&self, station: &Adapter, on: bool) -> Result<(), SetError> {
        const RESOURCE: &str = "switch of its radio";
        refuse_access_point(station, RESOURCE)?;
        let first = self.set(&station.uri, radio::compose(on, Form::Inkjet).into()).await?;
        let status = match first {
            StatusCode::FORBIDDEN => first,
            status if status.is_client_error() => {
                self.set(&station.uri, radio::compose(on, Form::LaserJet).into()).await?
            }
            status => status,
        };
        made(RESOURCE, status)
    }

    /// Sets the station to join this network. `heard` is the network's entry in the printer's own scan
    /// ([`wifi_networks::best`]), whose words for its security are given back to it \[C: HPLIP\]; without one, as for a
    /// hidden network, the words are those that most printers use.
    ///
    /// Returns when the printer has taken the profile, which says nothing of whether it gets onto the network.
    /// `Profiles/Active` is written \[C: HPLIP, DeskJet 3750\]; where it can't be, the first other profile that the
    /// printer names \[C: LaserJet M28w\].
    ///
    /// # Errors
    /// See [`SetError`].
    pub async fn join(
        &self,
        station: &Adapter,
        credentials: &Credentials,
        heard: Option<&WifiNetwork>,
    ) -> Result<(), SetError> {
        const RESOURCE: &str = "Wi-Fi profile";
        refuse_access_point(station, RESOURCE)?;
        let encryption = encryption(credentials, heard)?;
        let document = profile::compose(&credentials.ssid, encryption, credentials.passphrase.as_ref())
            .ok_or_else(|| SetError::UnsupportedSecurity(Security::from_name(encryption)))?;
        // Wiped when the last one who holds it lets go.
        let document = Bytes::from_owner(document);
        let no_path = || Error::NotExposed { resource: RESOURCE, status: 404 };
        let active = station.uri.join(profile::BELOW_ADAPTER).ok_or_else(no_path)?;
        let status = self.set(&active, document.clone()).await?;
        let elsewhere = matches!(status.as_u16(), 400 | 404 | 405 | 409 | 410 | 501);
        let status = match elsewhere {
            true => match self.other_profile(&station.uri, &active).await? {
                Some(other) => self.set(&other, document).await?,
                None => status,
            },
            false => status,
        };
        made(RESOURCE, status)
    }

    /// Gives the station this WPS PIN. Nobody has published that a printer takes one \[I\]: for experiments only.
    ///
    /// # Errors
    /// See [`SetError`].
    pub async fn give_wps_pin(&self, station: &Adapter, pin: &Pin) -> Result<(), SetError> {
        const RESOURCE: &str = "WPS PIN resource";
        refuse_access_point(station, RESOURCE)?;
        let no_path = || Error::NotExposed { resource: RESOURCE, status: 404 };
        let uri = station.uri.join(wps_pin::BELOW_ADAPTER).ok_or_else(no_path)?;
        made(RESOURCE, self.set(&uri, Bytes::from_owner(wps_pin::compose(pin))).await?)
    }

    async fn other_profile(&self, adapter: &ResourceUri, active: &ResourceUri) -> Result<Option<ResourceUri>, Error> {
        let Some(collection) = adapter.join(profiles::BELOW_ADAPTER) else { return Ok(None) };
        let found =
            self.read("list of Wi-Fi profiles", collection.as_str(), |document| profiles::parse(document, adapter));
        let paths = reached(found.await)?.unwrap_or_default();
        Ok(paths.into_iter().find(|path| path != active))
    }

    /// Sends a setting once; again only after 503, which says that nothing was done.
    async fn set(&self, uri: &ResourceUri, document: Bytes) -> Result<StatusCode, SetError> {
        match self.fetch(Call::put(uri.as_str(), XML, document).limit(xml::MAX_BYTES)).await {
            Ok(reply) => {
                // Some answer with what they were told.
                wipe(reply.body);
                Ok(reply.status)
            }
            Err(Error::Http(http::Error::StillWorking { .. })) => Ok(StatusCode::ACCEPTED),
            Err(Error::Http(http::Error::StillBusy { .. })) => Err(Error::Busy.into()),
            Err(Error::Http(error)) if !never_left(&error) => Err(SetError::Unconfirmed(error)),
            Err(error) => Err(error.into()),
        }
    }

    /// What the printer makes of its wireless troubles. Empty where it does not say.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn vsa_codes(&self, station: &Adapter) -> Result<Vec<VsaCode>, Error> {
        let Some(uri) = station.uri.join(vsa_codes::BELOW_ADAPTER) else { return Ok(Vec::new()) };
        let found = self.read("list of wireless troubles", uri.as_str(), vsa_codes::parse).await;
        Ok(reached(found)?.unwrap_or_default())
    }

    /// What the station says of itself now. `None`: the printer has no station.
    ///
    /// # Errors
    /// See [`Error`]. Only the adapters have to be there; what other documents would tell is left out without them.
    pub async fn station_state(&self) -> Result<Option<StationState>, Error> {
        self.station_state_in(&self.adapters().await?).await
    }

    /// The same, where the list of adapters was just read.
    ///
    /// # Errors
    /// As [`Ledm::station_state`].
    pub async fn station_state_in(&self, adapters: &adapters::Adapters) -> Result<Option<StationState>, Error> {
        let Some(station) = adapters.station() else { return Ok(None) };
        let mut state = of_adapter(station);
        if state.power.is_some_and(|power| !power.value) {
            // What other documents still tell is of a former connection.
            return Ok(Some(state));
        }
        if let Some((addresses, source)) = self.told_addresses(station).await? {
            state.addresses = addresses.iter().map(|address| Fact { value: address.of_station(), source }).collect();
        }
        if state.address().is_some() {
            let found = reached(self.read("host name", io_device::PATH, io_device::parse).await)?;
            state.hostname = found.flatten().map(|value| Fact { value, source: "IoConfig" });
        }
        Ok(Some(state))
    }

    /// The IPv4 addresses of this adapter: from its protocols, else its active profile, else the printer's I/O
    /// configuration \[C: HPLIP\]. Empty where it has none, and where none of the three documents is to be had.
    ///
    /// # Errors
    /// [`Error::Http`], when the printer can't be reached.
    pub async fn addresses(&self, adapter: &Adapter) -> Result<Vec<Address>, Error> {
        Ok(self.told_addresses(adapter).await?.map(|(addresses, _)| addresses).unwrap_or_default())
    }

    /// The addresses of all adapters but the station: Ethernet, and the printer's own access point.
    ///
    /// # Errors
    /// [`Error::Http`], when the printer can't be reached.
    pub async fn addresses_elsewhere(&self, adapters: &adapters::Adapters) -> Result<Vec<IpAddr>, Error> {
        let Some(station) = adapters.station() else { return Ok(Vec::new()) };
        let others = adapters.adapters.iter().filter(|other| other.uri != station.uri && !other.is_usb());
        let mut addresses = Vec::new();
        for other in others.take(MAX_OTHERS) {
            let Some(uri) = other.uri.join(protocols::BELOW_ADAPTER) else { continue };
            let found = reached(self.read("adapter's protocols", uri.as_str(), protocols::parse).await)?;
            addresses.extend(found.unwrap_or_default().iter().map(|address| IpAddr::from(address.ip)));
        }
        let found = reached(self.read("I/O configuration", io_config::PATH, io_config::parse).await)?;
        let adaptors = found.unwrap_or_default();
        let own = station.port.as_ref().and_then(|port| io_config::find(&adaptors, port, station.mac));
        // Without knowing which of them is the station, one of the same kind may be it.
        let other = |adaptor: &&io_config::Adaptor| match own {
            Some(own) => own != *adaptor,
            None => Some(&adaptor.port) != station.port.as_ref(),
        };
        let told = adaptors.iter().filter(other).flat_map(|adaptor| &adaptor.addresses);
        addresses.extend(told.map(|address| IpAddr::from(address.ip)));
        Ok(addresses)
    }

    /// The addresses with the document that told them; never an empty list.
    async fn told_addresses(&self, adapter: &Adapter) -> Result<Option<(Vec<Address>, Source)>, Error> {
        if let Some(uri) = adapter.uri.join(protocols::BELOW_ADAPTER) {
            let found = self.read("adapter's protocols", uri.as_str(), protocols::parse).await;
            if let Some(addresses) = reached(found)?.filter(|addresses| !addresses.is_empty()) {
                return Ok(Some((addresses, "Protocols")));
            }
        }
        if let Some(uri) = adapter.uri.join(profile::BELOW_ADAPTER) {
            let found = self.read("active profile", uri.as_str(), profile::parse).await;
            if let Some(address) = reached(found)?.flatten() {
                return Ok(Some((vec![address], "Profiles/Active")));
            }
        }
        let found = reached(self.read("I/O configuration", io_config::PATH, io_config::parse).await)?;
        let (Some(adaptors), Some(port)) = (found, &adapter.port) else { return Ok(None) };
        let addresses = io_config::find(&adaptors, port, adapter.mac).map(|adaptor| adaptor.addresses.clone());
        Ok(addresses.filter(|addresses| !addresses.is_empty()).map(|addresses| (addresses, "IOConfigDyn")))
    }
}

/// The printer's own access point is never set up.
fn refuse_access_point(station: &Adapter, resource: &'static str) -> Result<(), Error> {
    if station.is_access_point() { Err(Error::NotExposed { resource, status: 404 }) } else { Ok(()) }
}

/// Every success is one; the bodies say nothing \[C: HPLIP takes 200 and 204\].
fn made(resource: &'static str, status: StatusCode) -> Result<(), SetError> {
    if status.is_success() { Ok(()) } else { Err(Error::of(resource, status).into()) }
}

/// The word for the network's security, as the printer writes it.
fn encryption<'a>(credentials: &Credentials, heard: Option<&'a WifiNetwork>) -> Result<&'a str, SetError> {
    credentials.check()?;
    // An entry without the word says nothing.
    let heard = heard.filter(|network| network.encryption.is_some());
    let security = heard.map_or_else(|| credentials.security.clone(), WifiNetwork::security);
    match (&security, &credentials.passphrase) {
        (Security::Open, None) => return Ok(profile::NONE),
        (Security::Open, Some(_)) => return Err(SetError::HeardOpen),
        (Security::Wep | Security::EnhancedOpen | Security::Wpa3Personal | Security::Enterprise, _) => {
            return Err(SetError::UnsupportedSecurity(security));
        }
        (Security::Unknown(_), None) => return Err(SetError::UnsupportedSecurity(security)),
        (_, None) => return Err(SetError::HeardSecured(security)),
        (_, Some(_)) => {}
    }
    match (heard.and_then(|network| network.encryption.as_deref()), security) {
        (Some(word), _) => Ok(word),
        (None, Security::WpaPersonal) => Ok("WPA_PSK"),
        (None, Security::Unknown(word)) => Err(SetError::UnsupportedSecurity(Security::Unknown(word))),
        (None, _) => Ok("WPA2_PSK"),
    }
}

/// What the adapters document says.
fn of_adapter(station: &Adapter) -> StationState {
    fn told<T>(value: T) -> Fact<T> {
        Fact { value, source: "Adapters" }
    }
    debug_assert!(!station.is_access_point());
    let network = station.network.as_ref();
    let power = match &station.power {
        _ if station.admin_disabled == Some(true) => Some(false),
        Some(Power::On) => Some(true),
        Some(Power::Off) => Some(false),
        Some(Power::Unknown(_)) | None => None,
    };
    StationState {
        power: power.map(told),
        connected: station.connected.map(told),
        ssid: network.and_then(|network| network.ssid.known().cloned()).map(told),
        bssid: network.and_then(|network| network.bssid).map(told),
        channel: network.and_then(|network| network.channel).filter(|channel| *channel != 0).map(told),
        signal_dbm: network.and_then(|network| network.dbm).map(told),
        ..StationState::default()
    }
}

/// What a list of adapters says of its station, without what other documents would add; `None` where it has none.
#[must_use]
pub fn state_of(adapters: &adapters::Adapters) -> Option<StationState> {
    adapters.station().map(of_adapter)
}
