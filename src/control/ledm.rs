//! The same in LEDM.

use tokio::time::Instant;

use super::{Blocking, Error, Heard, SetError, Stage};
use crate::hp::ledm::adapters::Adapter;
use crate::hp::ledm::product_status::{self, Category};
use crate::hp::ledm::progress::{self, Printing};
use crate::hp::ledm::vsa_codes::{Finding, Severity, VsaCode};
use crate::hp::ledm::{Ledm, wifi_networks};
use crate::setup::success::{Complaint, Snapshot};
use crate::wifi::Credentials;

pub(super) async fn may_print(ledm: &Ledm) -> Result<Result<(), Blocking>, Error> {
    Ok(ledm.product_status().await?.may_print().map_err(|blocking| of(&blocking)))
}

pub(super) async fn progress(ledm: &Ledm, page: &mut Printing, since: Instant) -> Result<Stage, Error> {
    let status = ledm.product_status().await?;
    Ok(match page.on(&status, since.elapsed()) {
        progress::Stage::Waiting => Stage::Waiting,
        progress::Stage::Printing => Stage::Printing,
        progress::Stage::Stopped(blocking) => Stage::Stopped(of(&blocking)),
        progress::Stage::Out => Stage::Out,
        progress::Stage::Canceled => Stage::Canceled,
    })
}

pub(super) async fn snapshot(ledm: &Ledm) -> Result<Option<Snapshot>, Error> {
    let adapters = ledm.adapters().await?;
    let Some(station) = ledm.station_state_in(&adapters).await? else { return Ok(None) };
    // Where there is no address to be mistaken for the station's, the others don't matter.
    let elsewhere = match station.address() {
        Some(_) => ledm.addresses_elsewhere(&adapters).await?,
        None => Vec::new(),
    };
    let cable = adapters.adapters.iter().any(Adapter::has_cable);
    Ok(Some(Snapshot { station, elsewhere, cable, ..Snapshot::default() }))
}

pub(super) async fn join(
    ledm: &Ledm,
    station: &Adapter,
    credentials: &Credentials,
    heard: &Heard,
) -> Result<(), SetError> {
    let heard = match heard {
        Heard::Ledm(heard) => wifi_networks::best(heard, &credentials.ssid, &credentials.security),
        _ => None,
    };
    Ok(ledm.join(station, credentials, heard).await?)
}

pub(super) async fn rules(ledm: &Ledm, station: &Adapter) -> Result<Vec<u32>, Error> {
    let codes = ledm.vsa_codes(station).await?;
    let told = codes.iter().filter(|code| matches!(code.severity, Severity::Warning | Severity::Critical));
    Ok(told.map(|code| u32::from(code.rule)).collect())
}

/// Rule 603 \[C: HPLIP\], where the printer calls it critical; a warning may be meant for what could be. The other rules
/// speak of what passes, or of what was never given to it (WEP).
pub(super) async fn complaint(ledm: &Ledm, station: &Adapter) -> Result<Complaint, Error> {
    let codes = ledm.vsa_codes(station).await?;
    let wrong = |code: &VsaCode| code.severity == Severity::Critical && code.finding() == Finding::WrongPassphrase;
    Ok(if codes.iter().any(wrong) { Complaint::WrongPassphrase } else { Complaint::Nothing })
}

fn of(blocking: &product_status::Blocking) -> Blocking {
    Blocking {
        words: blocking.to_string(),
        passes: blocking.passes,
        user_action: blocking.category.as_ref().and_then(user_action),
    }
}

/// What somebody can do so that the page comes out; `None` where it won't.
pub(super) fn user_action(in_the_way: &Category) -> Option<&'static str> {
    Some(match in_the_way {
        Category::TrayEmpty | Category::TrayEmptyOrOpen => "load-paper",
        Category::TrayOpen => "close-tray",
        Category::JamInPrinter | Category::CarriageJam => "clear-jam",
        Category::CloseDoorOrCover => "close-door",
        Category::OutputBinFull => "empty-output-tray",
        Category::SizeMismatchInTray | Category::ImproperOrientationInTray | Category::MediaTooShortToPrint => {
            "check-paper"
        }
        Category::CartridgeMissing
        | Category::CartridgeFailure
        | Category::CartridgeInWrongOrder
        | Category::IncompatibleConsumable
        | Category::ReplaceCartridgeOut
        | Category::SupplyForwardIncompatible
        | Category::AntiTheftEnabledSupplyDetected
        | Category::ShaidElectricalFailure => "check-cartridges",
        _ => return None,
    })
}
