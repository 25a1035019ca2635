//! What a printer offers in CDM. Only `GET`, and only of what its list of services names.

use super::{Offered, Pages, Sheet};
use crate::hp::Error;
use crate::hp::cdm::adapters::{self, Adapters};
use crate::hp::cdm::reports::{Page, Reports};
use crate::hp::cdm::services::{Method, Services};
use crate::hp::cdm::{Cdm, print, wifi_networks};
use crate::http;
use crate::printer::capability::{Capability, Evidence, ReportKind};
use crate::wifi::station::StationState;

/// What was found.
pub(super) struct Found {
    pub(super) offered: Offered,
    pub(super) services: Services,
    /// What its list of adapters says of its station.
    pub(super) wifi: Option<StationState>,
}

/// `None`: it has no CDM.
///
/// # Errors
/// When it can't be reached. What it won't tell only costs what would have been learnt from it.
pub(super) async fn inquire(pool: &http::Pool) -> Result<Option<Found>, Error> {
    let Some(cdm) = optional(Cdm::discover(pool.clone()).await)?.flatten() else { return Ok(None) };
    let services = cdm.services().clone();
    let mut offered = Offered::default();
    reports(&mut offered, guarded(cdm.reports().await)?.map(Option::unwrap_or_default), &cdm);
    let adapters = if services.allows(adapters::PATH, Method::Get) {
        guarded(cdm.adapters().await)?
    } else {
        Told::Known(Adapters::default())
    };
    let station = match &adapters {
        Told::Known(adapters) => adapters.station(),
        Told::Guarded => None,
    };
    if station.is_some() || matches!(adapters, Told::Guarded) {
        let mut may = |capability, evidence: Option<Evidence>| {
            if let Some(evidence) = evidence {
                offered.capabilities.insert(capability, evidence);
            }
        };
        may(Capability::WifiStatus, Some(Evidence::Listed));
        // The list names the resources; what is to be said to them is HPLIP's [C].
        let scans = [Method::Get, Method::Patch].iter().all(|method| services.allows(wifi_networks::PATH, *method));
        may(Capability::WifiScan, scans.then_some(Evidence::Confirmed));
        may(Capability::WifiJoin, cdm.joins().then_some(Evidence::Confirmed));
        // HPLIP switches every adapter at its own link [C]. Where that does not say how it is used [I]; one that can't be
        // seen yet is looked at before it is used.
        let switches = match station.map(|station| (cdm.switches(station), station.link.is_some())) {
            Some((Some(true), _)) | None => Some(Evidence::Confirmed),
            Some((None, true)) => Some(Evidence::Assumed),
            Some((Some(false), _) | (None, false)) => None,
        };
        may(Capability::WifiPower, switches);
        // The button starts it, as with LEDM [I].
        let wps = station.and_then(|station| station.network.as_ref()).is_some_and(|network| network.wps == Some(true));
        may(Capability::PushButton, wps.then_some(Evidence::Assumed));
        // Described by itself, and tried by nobody [NF].
        let described = optional(cdm.described_reset().await)?.flatten().is_some();
        may(Capability::WifiReset, described.then_some(Evidence::Assumed));
    }
    let wifi = match adapters {
        Told::Known(adapters) => optional(cdm.station_state_in(&adapters).await)?.flatten(),
        Told::Guarded => None,
    };
    Ok(Some(Found { offered, services, wifi }))
}

/// The reports that it lists; where it lists them only for whom it has let in, those that others of its kind have, of
/// which none is sent that is not on its list then \[I\].
fn reports(offered: &mut Offered, told: Told<Reports>, cdm: &Cdm) {
    let listed = |page: &Page| match &told {
        Told::Known(reports) => cdm.prints(reports) && reports.version(*page).is_some(),
        Told::Guarded => cdm.services().allows(print::PATH, Method::Patch),
    };
    let evidence = if matches!(told, Told::Guarded) { Evidence::Assumed } else { Evidence::Listed };
    for kind in ReportKind::ALL {
        let candidates: Vec<_> = usual(kind).iter().copied().filter(listed).map(Sheet::Cdm).collect();
        if !candidates.is_empty() {
            offered.capabilities.insert(kind.capability(), evidence);
            offered.pages.insert(kind, Pages { candidates, evidence });
        }
    }
    // That a report shows the PIN is told by weak sources only, and differs from model to model [I].
    if [ReportKind::Wireless, ReportKind::Network].iter().any(|kind| offered.pages.contains_key(kind)) {
        offered.capabilities.insert(Capability::PaperPin, Evidence::Assumed);
    }
}

/// The pages of a report: their names are \[C: Smart Tank 580-590\], their order \[I\].
fn usual(kind: ReportKind) -> &'static [Page] {
    match kind {
        ReportKind::Wireless => &[Page::WirelessNetworkPage],
        ReportKind::Network => &[Page::NetworkConfigurationReport, Page::NetworkSummaryPage, Page::ConfigurationReport],
        ReportKind::Status => &[Page::ConfigurationReport],
    }
}

/// What a document says.
enum Told<D> {
    Known(D),
    /// It is told only to whom the printer has let in.
    Guarded,
}

impl<D> Told<D> {
    fn map<E>(self, with: impl FnOnce(D) -> E) -> Told<E> {
        match self {
            Self::Known(document) => Told::Known(with(document)),
            Self::Guarded => Told::Guarded,
        }
    }
}

fn guarded<D: Default>(answer: Result<D, Error>) -> Result<Told<D>, Error> {
    match answer {
        Err(Error::NotLetIn) => Ok(Told::Guarded),
        answer => Ok(Told::Known(optional(answer)?.unwrap_or_default())),
    }
}

/// What was learnt from a document that it may refuse to give. A printer that can't be reached is another matter.
fn optional<D>(answer: Result<D, Error>) -> Result<Option<D>, Error> {
    super::optional(answer)
}
