//! What there is: which network, which registrar, and so which ways.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::timeout;

use super::super::Work;
use super::{Errand, by_pin};
use crate::agent::view::WpsMethod;
use crate::agent::{ErrorKind, Failure, fault};
use crate::blame::Party;
use crate::printer::buttons;
use crate::printer::probe::Facts;
use crate::setup::diagnosis;
use crate::setup::flow::Target;
use crate::setup::route::{self, Abilities, Offer, Own, Route, Source, Surroundings, Way, Wish};
use crate::wifi::host::{HostNetwork, Unknown};
use crate::wifi::{Band, Security};
use crate::wps::registrar::{self, Access, Registrar};

/// The longest that looking around may take.
pub(super) const LOOK: Duration = Duration::from_secs(15);
/// Registrars that are asked.
const MAX_REGISTRARS: usize = 16;

/// What was found.
pub(super) struct Survey {
    /// The network that is wanted; this computer's own, where nobody named one.
    pub(super) target: Target,
    /// All routes, best first.
    pub(super) offers: Vec<Offer>,
    /// The registrar that leads to the wanted network.
    pub(super) registrar: Option<(Arc<dyn Registrar>, Access)>,
    /// How the network is secured that WPS can't lead to, where nothing else stands in the way.
    beyond: Option<Security>,
}

/// Looks around. Nothing is changed.
pub(super) async fn look(work: &Work, errand: &Errand) -> Survey {
    let Errand { wish, method, facts, .. } = errand;
    let mut target = errand.target.clone();
    let (found, own) = tokio::join!(probe(work), own_network(work, errand));
    let (mut own_facts, mut beside, mut unknown) = (None, None, None);
    match own {
        Some(Ok(network)) if target.ssid.as_ref() == Some(&network.ssid) => {
            target.band = target.band.or(network.band());
            beside = Some(facts_of(&network));
            // Whoever named it may know better.
            if target.security.is_none() {
                target.security = Some(network.security);
            } else if let Some(beside) = &mut beside {
                beside.enterprise = target.security == Some(Security::Enterprise);
                beside.wpa3_only = target.security == Some(Security::Wpa3Personal);
            }
        }
        // A name says which network is meant; what this computer sees of another one does not matter.
        Some(_) if target.ssid.is_some() => {}
        Some(Ok(network)) => {
            own_facts = Some(facts_of(&network));
            target.band = network.band();
            target.ask_first = true;
            let HostNetwork { ssid, security, hidden, connection, .. } = network;
            target.ssid = Some(ssid);
            target.security = Some(security);
            target.hidden |= hidden.unwrap_or(false);
            target.connection = Some(connection);
        }
        Some(Err(why)) => unknown = Some(why),
        None => {}
    }
    let found = choose(found, &target);
    let known = target.security.clone().or_else(|| found.refused.clone().filter(|_| target.ssid.is_some()));
    let security = known.filter(beyond_wps);
    let prompter = work.prompter.as_ref().is_some_and(|prompter| prompter.is_there());
    let here = Surroundings {
        network: target.ssid.is_some(),
        own: own_facts,
        beside,
        unknown,
        beyond_wps: security.is_some(),
        registrar: found.registrar.is_some(),
        push_button: found.registrar.is_some(),
        prompter,
    };
    let printer = abilities(facts);
    let offers = offers(&printer, wish, *method, &here);
    // Would there be a way if the network were another?
    let could = Surroundings { own: None, beside: None, beyond_wps: false, registrar: true, push_button: true, ..here };
    let beyond =
        security.or(found.refused).filter(|_| !route::ways(&self::offers(&printer, wish, *method, &could)).is_empty());
    Survey { target, offers, registrar: found.registrar, beyond }
}

/// This computer's own network: where nobody named one and one has to be known, or where it may be the one that was
/// named.
async fn own_network(work: &Work, errand: &Errand) -> Option<Result<HostNetwork, Unknown>> {
    let unnamed = errand.method.is_none() && errand.wish.route.is_none_or(|route| route == Route::Join);
    if errand.target.ssid.is_none() && !unnamed {
        return None;
    }
    let network = timeout(LOOK, work.host.network()).await.unwrap_or(Err(Unknown::Silent));
    match &network {
        Ok(network) => {
            tracing::info!(job = %work.job, security = network.security.name(), "this computer's own network")
        }
        Err(why) => tracing::info!(job = %work.job, %why, "this computer's own network is not known"),
    }
    Some(network)
}

fn facts_of(network: &HostNetwork) -> Own {
    Own {
        ssid: network.ssid.clone(),
        enterprise: network.security == Security::Enterprise,
        open: network.security == Security::Open,
        wpa3_only: network.security == Security::Wpa3Personal,
        signal_percent: network.signal_percent,
        only_on: network.band().filter(|band| *band != Band::Band2_4),
        wps: network.wps.map(|wps| wps.offered),
    }
}

impl Survey {
    /// The ways, best first.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) fn ways(&self) -> Result<Vec<Way>, Failure> {
        let ways = route::ways(&self.offers);
        if !ways.is_empty() {
            return Ok(ways);
        }
        if let Some(security) = &self.beyond {
            return Err(fault::of_setup(&diagnosis::Failure::UnsupportedSecurity(security.clone())));
        }
        let mut reasons: Vec<(&str, Vec<Route>)> = Vec::new();
        for offer in &self.offers {
            match reasons.iter_mut().find(|(reason, _)| *reason == offer.reason) {
                Some((_, routes)) => routes.push(offer.route),
                None => reasons.push((&offer.reason, vec![offer.route])),
            }
        }
        let reasons: Vec<String> = reasons
            .into_iter()
            .map(|(reason, routes)| {
                let routes: Vec<&str> = routes.into_iter().map(Route::name).collect();
                format!("{}: {reason}", routes.join(", "))
            })
            .collect();
        let message = format!("There is no way known to get this printer onto the network. {}.", reasons.join(". "));
        Err(Failure::new(ErrorKind::NotSupported, Party::Printer, message))
    }
}

/// What the printer can do towards it.
fn abilities(facts: &Facts) -> Abilities {
    Abilities { panel: facts.family.map(buttons::wireless_setup), ..Abilities::of(&facts.capabilities) }
}

/// All routes; where WPS was asked for in one way, the others are left out.
fn offers(printer: &Abilities, wish: &Wish, method: Option<WpsMethod>, here: &Surroundings) -> Vec<Offer> {
    let Some(method) = method else { return route::routes(printer, wish, here) };
    let wish = Wish {
        route: (method == WpsMethod::PushButton).then_some(Route::Button),
        from_paper: method == WpsMethod::PaperPin,
        generate: method == WpsMethod::WritePin,
        ..*wish
    };
    let mut offers = route::routes(printer, &wish, here);
    for offer in &mut offers {
        let source = match offer.way {
            Some(Way::Pin(source) | Way::Typed(source)) => Some(source),
            _ => None,
        };
        let left_out = match method {
            WpsMethod::PushButton => false,
            _ if !by_pin(offer.route) => {
                offer.reason = format!("only WPS by {} was asked for", method.name());
                true
            }
            WpsMethod::ReadPin if source.is_some_and(|source| source != Source::Pulled) => {
                "it is not known that this printer gives its PIN over USB".clone_into(&mut offer.reason);
                true
            }
            _ => false,
        };
        if left_out {
            offer.way = None;
        }
    }
    offers
}

/// Networks that WPS can't lead to ([`Security::takes_wps`]); what is not known may be.
fn beyond_wps(security: &Security) -> bool {
    matches!(security, Security::Wep | Security::EnhancedOpen | Security::Wpa3Personal | Security::Enterprise)
}

/// The registrars that answer, with the networks that they admit to.
async fn probe(work: &Work) -> Vec<(Arc<dyn Registrar>, Access)> {
    let mut asked = JoinSet::new();
    for (place, registrar) in work.host.registrars().into_iter().take(MAX_REGISTRARS).enumerate() {
        asked.spawn(async move {
            let offer = timeout(LOOK, registrar.probe()).await;
            (place, registrar, offer)
        });
    }
    let mut found = Vec::new();
    while let Some(asked) = asked.join_next().await {
        match asked {
            Ok((place, registrar, Ok(Ok(registrar::Offer::Driven(access))))) => found.push((place, registrar, access)),
            Ok((_, registrar, Ok(Err(error)))) => tracing::info!(?registrar, %error, "a registrar can't be used"),
            Ok((_, registrar, Err(_))) => tracing::info!(?registrar, "a registrar does not answer"),
            Ok((_, _, Ok(Ok(registrar::Offer::ByHand { .. })))) | Err(_) => {}
        }
    }
    found.sort_by_key(|(place, ..)| *place);
    found.into_iter().map(|(_, registrar, access)| (registrar, access)).collect()
}

/// Which registrar is used.
struct Chosen {
    registrar: Option<(Arc<dyn Registrar>, Access)>,
    /// How the network is secured of one that would have been, if WPS could lead there.
    refused: Option<Security>,
}

/// The registrar of the wanted network; where any will do, the first whose network WPS can lead to.
fn choose(found: Vec<(Arc<dyn Registrar>, Access)>, target: &Target) -> Chosen {
    let mut chosen = Chosen { registrar: None, refused: None };
    for (registrar, access) in found {
        if target.ssid.as_ref().is_some_and(|wanted| *wanted != access.ssid) {
            continue;
        }
        // There is no WPA2 on 6 GHz.
        let security = if access.band == Some(Band::Band6) { Security::Wpa3Personal } else { access.security.clone() };
        if beyond_wps(&security) {
            chosen.refused.get_or_insert(security);
        } else if chosen.registrar.is_none() {
            chosen.registrar = Some((registrar, access));
        }
    }
    if chosen.registrar.is_some() {
        chosen.refused = None;
    }
    chosen
}
