//! From a recognised printer to what it can be asked for. Nothing here writes, and nothing GETs a resource that
//! may have a side effect.

mod cdm;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::hp::cdm::reports::Page;
use crate::hp::cdm::services::Services;
use crate::hp::ledm::adapters::{Adapter, WpsSupport};
use crate::hp::ledm::discovery::Tree;
use crate::hp::ledm::internal_print::{self, Printable};
use crate::hp::ledm::manifest;
use crate::hp::ledm::resource::ResourceUri;
use crate::hp::ledm::station;
use crate::hp::ledm::{Error, Ledm};
use crate::hp::pml;
use crate::http;
use crate::ipp::identify::Action;
use crate::ipp::station::Station;
use crate::printer::buttons::Family;
use crate::printer::capability::{Capabilities, Capability, Evidence, ReportKind};
use crate::printer::driverless::{self, Told};
use crate::printer::reports;
use crate::printer::text::clean;
use crate::usb::descriptor::{Channel, HP};
use crate::wifi::station::StationState;

pub use crate::printer::recognise::{Legacy, Recognised, recognise};

/// What a printer can be asked for, and what is needed to do so.
#[derive(Clone, Debug)]
pub struct Facts {
    /// With the evidence for each.
    pub capabilities: Capabilities,
    /// In which protocol each of them is asked for.
    pub protocols: BTreeMap<Capability, Protocol>,
    /// The reports it can print; those that are only assumed too.
    pub reports: Vec<ReportKind>,
    /// The pages that stand for each of them.
    pub pages: BTreeMap<ReportKind, Pages>,
    /// Where a page is asked for.
    pub job_url: ResourceUri,
    /// What CDM serves; `None` where there is none.
    pub services: Option<Arc<Services>>,
    /// Whose panel it has.
    pub family: Option<Family>,
    /// The adapter that joins networks.
    pub station: Option<Adapter>,
    /// What the list of adapters, or IPP, says of it.
    pub wifi: Option<StationState>,
    /// How it can show which one it is, the least disturbing first.
    pub identify: Vec<Action>,
    /// Its UUID; empty where it does not say.
    pub uuid: String,
    /// What its user should know, in a sentence; empty for nothing.
    pub remark: String,
}

/// A language in which a printer is spoken to about its pages and its network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// HP's XML documents.
    Ledm,
    /// HP's JSON documents.
    Cdm,
    /// The Internet Printing Protocol, as every maker's printers speak it over USB.
    Ipp,
    /// HP's management language of before HTTP, within a print job.
    Pml,
}

/// A page that the printer composes itself, as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sheet {
    /// By LEDM's internal print.
    Ledm(Printable),
    /// By CDM's reports.
    Cdm(Page),
    /// By PML's `print-internal-page`.
    Pml(pml::Page),
}

impl Sheet {
    /// What its own protocol calls it.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Ledm(page) => page.token(),
            Self::Cdm(page) => page.id(),
            Self::Pml(_) => "print-internal-page=3",
        }
    }
}

/// What one protocol offers of a printer.
#[derive(Clone, Debug, Default)]
pub struct Offered {
    /// With the evidence for each; those of reports too.
    pub capabilities: Capabilities,
    /// The pages that stand for its reports.
    pub pages: BTreeMap<ReportKind, Pages>,
}

/// The pages that can stand for one report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pages {
    /// Best first; never empty.
    pub candidates: Vec<Sheet>,
    /// How we know of them.
    pub evidence: Evidence,
}

const NOT_HP: &str = "CUPS can print on it; plugprint can't ask it for reports or its WPS PIN, because it speaks neither HP's LEDM nor HP's CDM.";
const OLD: &str = "It has no HTTP over USB, so it prints with its own driver in CUPS. plugprint can ask it for its configuration page, and is not told whether that comes out.";
const UNKNOWN_OLD: &str = "It has no HTTP over USB, so it prints with its own driver in CUPS. Its device id does not say that it is HP's and understands PJL, so plugprint sends nothing to it.";
/// Every other word than `setupComplete` means that it has not been set up [I].
const OUT_OF_BOX: &str = "The printer says that it has not been set up yet: follow the steps on its panel first (paper, cartridges, alignment). Reports may come out only after that.";

/// Asks a printer what it can do. `None`: it answers every request with 404.
///
/// # Errors
/// When it can't be reached, is busy, or its list of pages makes no sense. Other documents that it won't give, or
/// that make no sense, only cost what would have been learnt from them.
pub async fn inquire(recognised: &Recognised, pool: &http::Pool) -> Result<Option<Facts>, Error> {
    if let Some(legacy) = &recognised.legacy {
        return Ok(Some(Facts::without_http(legacy)));
    }
    let mut facts = Facts::nothing();
    // LEDM is HP's: what another maker's printer does with a request for it, nobody knows.
    if recognised.vendor_id != HP {
        return without_ledm(recognised, pool).await;
    }
    let ledm = Ledm::new(pool.clone());
    let tree = match ledm.discovery().await {
        Err(error @ Error::Http(_)) => return Err(error),
        tree => tree,
    };
    // The tree of a model that has this list does not name it [C: Smart Tank 750].
    let listed = ledm.internal_print().await?;
    let tree = match (tree, &listed) {
        (Ok(None) | Err(Error::Refused { .. } | Error::AuthRequired | Error::AuthUnsupported), None) => {
            return without_ledm(recognised, pool).await;
        }
        (Err(error), None) => return Err(error),
        (tree, Some(_)) => tree.ok().flatten(),
        (Ok(tree @ Some(_)), None) => tree,
    };
    facts.family = Some(Family::LedmInternalPrint);
    if let Some(listed) = &listed {
        facts.job_url = listed.job_url.clone();
    }
    let job_types = listed.as_ref().map(|listed| listed.job_types.as_slice());
    let mut offered = Offered::default();
    for (kind, evidence) in reports::available(job_types) {
        let candidates = reports::candidates(kind, job_types);
        let candidates = candidates.iter().map(|candidate| Sheet::Ledm(candidate.page)).collect();
        offered.capabilities.insert(kind.capability(), evidence);
        offered.pages.insert(kind, Pages { candidates, evidence });
    }
    let mut firmware = String::new();
    if let Some(config) = optional(ledm.product_config().await)?.flatten() {
        firmware.clone_from(&config.firmware);
        facts.uuid = clean(&config.uuid);
        if config.out_of_box() {
            OUT_OF_BOX.clone_into(&mut facts.remark);
        }
    }
    if let Some(adapters) = optional(ledm.adapters().await)? {
        facts.station = adapters.station().cloned();
        facts.wifi = station::state_of(&adapters);
    }
    if let Some(station) = &facts.station {
        let listed = lists_wps_pin(&ledm, tree.as_ref()).await?;
        let found = of_station(station, read_pin(station, recognised, &firmware, listed), &offered.capabilities);
        offered.capabilities.extend(found);
    }
    facts.add(Protocol::Ledm, offered);
    // A printer with LEDM may have a part of CDM, too [C: Smart Tank 750]; what that costs is no matter of LEDM's.
    match cdm::inquire(pool).await {
        Ok(Some(found)) => facts.take_cdm(found),
        Ok(None) => {}
        Err(error) => tracing::warn!(%error, "what this printer has of CDM is left out"),
    }
    facts.show_itself(recognised, pool).await;
    Ok(Some(facts))
}

impl Facts {
    /// What is known of an old printer without asking it anything. That the value 3 is the configuration page is
    /// confirmed, and that it takes our job is not \[I\]; on printers with a network card that page, or one after it,
    /// shows the network \[K\].
    fn without_http(legacy: &Legacy) -> Self {
        let Legacy::Pml(page) = legacy else {
            return Self { remark: UNKNOWN_OLD.to_owned(), ..Self::nothing() };
        };
        let mut facts = Self { remark: OLD.to_owned(), ..Self::nothing() };
        let mut offered = Offered::default();
        for kind in [ReportKind::Network, ReportKind::Status] {
            let candidates = vec![Sheet::Pml(page.clone())];
            offered.capabilities.insert(kind.capability(), Evidence::Assumed);
            offered.pages.insert(kind, Pages { candidates, evidence: Evidence::Assumed });
        }
        facts.add(Protocol::Pml, offered);
        facts
    }

    /// Takes over what this protocol offers, where nothing better is known: of two protocols that can do the same, the one
    /// with the better evidence does it, and the first where both are equally good.
    fn add(&mut self, protocol: Protocol, offered: Offered) {
        let Offered { capabilities, mut pages } = offered;
        for (capability, evidence) in capabilities {
            if self.capabilities.get(&capability).is_some_and(|known| *known >= evidence) {
                continue;
            }
            self.capabilities.insert(capability, evidence);
            self.protocols.insert(capability, protocol);
            if let Some(kind) = ReportKind::ALL.into_iter().find(|kind| kind.capability() == capability)
                && let Some(found) = pages.remove(&kind)
            {
                self.pages.insert(kind, found);
            }
        }
        self.reports = ReportKind::ALL.into_iter().filter(|kind| self.pages.contains_key(kind)).collect();
    }

    /// Asks a printer of the maker's own protocol for what that one has no request for: to show which one it is.
    async fn show_itself(&mut self, recognised: &Recognised, pool: &http::Pool) {
        if !takes_ipp(recognised) {
            return;
        }
        self.identify = driverless::identify(pool).await;
        if !self.identify.is_empty() {
            let capabilities = Capabilities::from([(Capability::Identify, Evidence::Listed)]);
            self.add(Protocol::Ipp, Offered { capabilities, ..Offered::default() });
        }
    }

    /// What is known of a printer that was not asked, or told nothing.
    #[must_use]
    pub fn nothing() -> Self {
        Self {
            capabilities: Capabilities::new(),
            protocols: BTreeMap::new(),
            reports: Vec::new(),
            pages: BTreeMap::new(),
            job_url: internal_print::default_job_url(),
            services: None,
            family: None,
            station: None,
            wifi: None,
            identify: Vec::new(),
            uuid: String::new(),
            remark: String::new(),
        }
    }
}

async fn without_ledm(recognised: &Recognised, pool: &http::Pool) -> Result<Option<Facts>, Error> {
    let mut facts = Facts::nothing();
    // CDM is HP's as well.
    if recognised.vendor_id == HP
        && let Some(found) = cdm::inquire(pool).await?
    {
        facts.take_cdm(found);
    } else {
        NOT_HP.clone_into(&mut facts.remark);
    }
    if takes_ipp(recognised) {
        match driverless::ask(pool).await? {
            driverless::Answer::Printer(told) => facts.take(&told),
            driverless::Answer::Nothing if facts.services.is_none() => return Ok(None),
            driverless::Answer::Other | driverless::Answer::Nothing => {}
        }
    }
    Ok(Some(facts))
}

/// What a printer says by IPP whose LEDM makes no sense, or does not answer: it prints all the same. `why` is told to
/// its user. `None` where it does not answer so either.
pub async fn by_ipp(recognised: &Recognised, pool: &http::Pool, why: &str) -> Option<Facts> {
    if !takes_ipp(recognised) {
        return None;
    }
    let Ok(driverless::Answer::Printer(told)) = driverless::ask(pool).await else { return None };
    let mut facts =
        Facts { remark: format!("CUPS can print on it. Nothing else is known of it: {why}"), ..Facts::nothing() };
    facts.take(&told);
    Some(facts)
}

impl Facts {
    fn take_cdm(&mut self, found: cdm::Found) {
        let tells = |facts: &Self| facts.protocols.get(&Capability::WifiStatus) == Some(&Protocol::Cdm);
        self.add(Protocol::Cdm, found.offered);
        self.services = Some(Arc::new(found.services));
        if tells(self) {
            self.wifi = found.wifi;
        }
    }

    fn take(&mut self, told: &Told) {
        self.add(Protocol::Ipp, told.offered());
        self.identify.clone_from(&told.identify);
        if self.wifi.is_none() {
            self.wifi = told.station.as_ref().map(Station::state);
        }
        self.uuid = clean(told.attributes.uuid.as_deref().unwrap_or_default());
    }
}

/// Whether its best way is made for IPP, and not a channel of the maker's own.
fn takes_ipp(recognised: &Recognised) -> bool {
    let best = recognised.functions.first().map(|function| function.channel);
    matches!(best, Some(Channel::IppUsb | Channel::HpIpp2))
}

/// What a printer with this station can be asked for, besides its reports.
fn of_station(station: &Adapter, read_pin: Option<Evidence>, reports: &Capabilities) -> Capabilities {
    let mut found = Capabilities::from([
        (Capability::WifiStatus, Evidence::Listed),
        // Tools do this with every LEDM printer that has a station [C: HPLIP, DeskJet 3750].
        (Capability::WifiScan, Evidence::Confirmed),
        (Capability::WifiJoin, Evidence::Confirmed),
        (Capability::WifiPower, Evidence::Confirmed),
    ]);
    if let Some(evidence) = read_pin {
        found.insert(Capability::ReadPin, evidence);
        // That the resource can be written, too [I].
        found.insert(Capability::WritePin, Evidence::Assumed);
    }
    // That a report shows the PIN is told by weak sources only, and differs from model to model [I].
    if [ReportKind::Wireless, ReportKind::Network].iter().any(|kind| reports.contains_key(&kind.capability())) {
        found.insert(Capability::PaperPin, Evidence::Assumed);
    }
    // What the element means [I], and that holding the button starts it [I].
    if station.network.as_ref().is_some_and(|network| network.wps == Some(WpsSupport::Enabled)) {
        found.insert(Capability::PushButton, Evidence::Assumed);
    }
    found
}

/// What was learnt from a document that it may refuse to give. A printer that can't be reached is another matter.
fn optional<T>(answer: Result<T, Error>) -> Result<Option<T>, Error> {
    match answer {
        Ok(document) => Ok(Some(document)),
        Err(Error::Http(error)) => Err(Error::Http(error)),
        Err(error) => {
            tracing::warn!(%error, "a document is left out");
            Ok(None)
        }
    }
}

/// How we know that the WPS PIN can be read, without asking for it: asking may make a new one [I]. Confirmed are
/// LaserJet Pros on the Marvell channel, P1102w's generation, with firmware of before mid-2013 [C: Tenable plugin
/// 69282, CVE-2013-4807]; later firmware was to close that, and other LaserJets, which name their station `wifi0`, may
/// have kept it [I]. For inkjets (`Wifi0`) nothing was found [NF].
fn read_pin(station: &Adapter, recognised: &Recognised, firmware: &str, listed: bool) -> Option<Evidence> {
    let laserjet = station.uri.as_str().ends_with("/wifi0");
    let marvell = recognised.functions.iter().any(|function| function.channel == Channel::HpMarvellEws);
    match (listed, laserjet, marvell && is_before_the_fix(firmware)) {
        (true, _, _) => Some(Evidence::Listed),
        (false, true, true) => Some(Evidence::Confirmed),
        (false, true, false) => Some(Evidence::Assumed),
        (false, false, _) => None,
    }
}

/// Whether this firmware is of before 26 July 2013, when the leak was closed [C: Tenable plugin 69282]. These LaserJets
/// number their firmware by its day.
fn is_before_the_fix(firmware: &str) -> bool {
    // Digits of the same number compare as the days do.
    let is_a_day = firmware.len() == 8 && firmware.bytes().all(|byte| byte.is_ascii_digit());
    is_a_day && ("20000101".."20130726").contains(&firmware)
}

/// Whether the manifest of network resources names `WPS/Pin`.
async fn lists_wps_pin(ledm: &Ledm, tree: Option<&Tree>) -> Result<bool, Error> {
    if !tree.is_some_and(|tree| tree.names(manifest::PATH)) {
        return Ok(false);
    }
    let paths = optional(ledm.io_manifest().await)?.flatten().unwrap_or_default();
    Ok(paths.iter().any(|path| path.as_str().to_ascii_lowercase().ends_with("/wps/pin")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn firmware_by_its_day() {
        for (firmware, before) in [
            ("20130112", true),
            ("20130725", true),
            ("20130726", false),
            ("20140612", false),
            ("", false),
            ("EXAMPLE003.2420A.00", false),
            ("00000000", false),
            ("+2013011", false),
        ] {
            assert_eq!(is_before_the_fix(firmware), before, "{firmware}");
        }
    }
}
