//! The same in IPP, whoever made the printer.

use super::{Error, SetError};
use crate::ipp::Ipp;
use crate::ipp::identify::Action;
use crate::ipp::station::{ATTRIBUTES, Station, WifiState};
use crate::setup::success::{Complaint, Snapshot};
use crate::wifi::Credentials;

pub(super) async fn snapshot(ipp: &Ipp) -> Result<Option<Snapshot>, Error> {
    let answer = ipp.attributes(ATTRIBUTES).await?;
    Ok(Station::read(&answer).as_ref().map(of))
}

/// What it tells while its station is on no network is an address of something else.
fn of(station: &Station) -> Snapshot {
    let on = station.state == Some(WifiState::On);
    Snapshot {
        station: station.state(),
        elsewhere: if on { Vec::new() } else { station.addresses.clone() },
        cable: false,
        undivided: true,
        complaint: station.state.map(|state| match state {
            WifiState::NotVisible => Complaint::NotVisible,
            WifiState::CannotJoin => Complaint::CannotJoin,
            WifiState::Off | WifiState::NotConfigured | WifiState::Joining | WifiState::On | WifiState::Unknown(_) => {
                Complaint::Nothing
            }
        }),
    }
}

pub(super) async fn join(ipp: &Ipp, credentials: &Credentials) -> Result<(), SetError> {
    Ok(ipp.set_network(credentials).await.map_err(Error::Ipp)?)
}

pub(super) async fn identify(ipp: &Ipp, action: Action) -> Result<(), Error> {
    Ok(ipp.identify(action).await?)
}
