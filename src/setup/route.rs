//! Which ways onto the network there are for this printer, best first, each with its reason; those that are left out
//! say why.
//!
//! ```
//! use plugprint::printer::capability::Evidence;
//! use plugprint::setup::route::{Abilities, Route, Surroundings, Way, Wish, routes};
//!
//! let printer = Abilities {
//!     status: Some(Evidence::Confirmed),
//!     join: Some(Evidence::Confirmed),
//!     ..Abilities::default()
//! };
//! let here = Surroundings { network: true, prompter: true, ..Surroundings::default() };
//! let offers = routes(&printer, &Wish::default(), &here);
//! assert_eq!(offers[0].route, Route::Join);
//! assert_eq!(offers[0].way, Some(Way::Join));
//! assert_eq!(offers[0].reason, "the printer takes the network's name and password over USB (confirmed)");
//! ```

use std::fmt::{self, Write as _};

use crate::printer::capability::{Capabilities, Capability, Evidence, ReportKind};
use crate::wifi::host::Unknown;
use crate::wifi::{Band, Ssid};

/// A kind of way, as a person asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Route {
    /// The printer is given the network.
    Join,
    /// WPS by push button.
    Button,
    /// WPS by PIN, through a registrar that we can reach.
    Pin,
    /// WPS by PIN, which a person types at the router.
    Typed,
    /// A person at the printer's panel.
    Guided,
}

impl Route {
    /// All, best first.
    pub const ALL: [Self; 5] = [Self::Join, Self::Button, Self::Pin, Self::Typed, Self::Guided];

    /// The name on D-Bus and the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Join => "join",
            Self::Button => "button",
            Self::Pin => "pin",
            Self::Typed => "typed",
            Self::Guided => "guided",
        }
    }

    /// The route of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|route| route.name() == name)
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Where a PIN comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// Read over USB.
    Pulled,
    /// Printed on this report, and typed in by a person.
    Paper(ReportKind),
    /// Made here, and given to the printer.
    Generated,
}

/// A way that can be gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Way {
    /// See [`Route::Join`].
    Join,
    /// See [`Route::Button`].
    Button {
        /// A registrar presses the network's button; else a person does.
        registrar: bool,
    },
    /// See [`Route::Pin`].
    Pin(Source),
    /// See [`Route::Typed`].
    Typed(Source),
    /// See [`Route::Guided`]: these steps.
    Guided(&'static [&'static str]),
}

impl Way {
    /// Its route.
    #[must_use]
    pub fn route(self) -> Route {
        match self {
            Self::Join => Route::Join,
            Self::Button { .. } => Route::Button,
            Self::Pin(_) => Route::Pin,
            Self::Typed(_) => Route::Typed,
            Self::Guided(_) => Route::Guided,
        }
    }

    /// Whether the printer's PIN is used.
    #[must_use]
    pub fn needs_pin(self) -> bool {
        matches!(self, Self::Pin(_) | Self::Typed(_))
    }
}

/// What the printer can do towards it, with the evidence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Abilities {
    /// It says over USB what its station is connected to. Without this nobody knows whether a way succeeded.
    pub status: Option<Evidence>,
    /// It takes a network over USB.
    pub join: Option<Evidence>,
    /// It gives its PIN over USB.
    pub read_pin: Option<Evidence>,
    /// It takes a PIN over USB.
    pub write_pin: Option<Evidence>,
    /// It prints a report that shows the PIN.
    pub paper: Option<(ReportKind, Evidence)>,
    /// It can WPS by push button.
    pub button: Option<Evidence>,
    /// What a person does at its panel.
    pub panel: Option<(&'static [&'static str], Evidence)>,
}

impl Abilities {
    /// What a probe's capabilities tell. What its panel offers is for the caller to add.
    #[must_use]
    pub fn of(capabilities: &Capabilities) -> Self {
        let has = |capability| capabilities.get(&capability).copied();
        let paper = [ReportKind::Wireless, ReportKind::Network];
        // That it prints the report is one thing, that the PIN is on it another.
        let paper =
            paper.into_iter().find_map(|kind| Some((kind, has(kind.capability())?.min(has(Capability::PaperPin)?))));
        Self {
            status: has(Capability::WifiStatus),
            join: has(Capability::WifiJoin),
            read_pin: has(Capability::ReadPin),
            write_pin: has(Capability::WritePin),
            button: has(Capability::PushButton),
            paper,
            panel: None,
        }
    }
}

/// What is around the printer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// The wanted network's name is known: it was given, or this computer is on it.
    pub network: bool,
    /// It is this computer's own network, which nobody named; what this computer says of it.
    pub own: Option<Own>,
    /// The network was named, and this computer is on it; what it says of it.
    pub beside: Option<Own>,
    /// Why this computer's own network is not known, where nobody named one.
    pub unknown: Option<Unknown>,
    /// WPS can't lead to the wanted network: it is WPA3 only, WEP, or for users with names.
    pub beyond_wps: bool,
    /// A registrar that takes a PIN is reachable.
    pub registrar: bool,
    /// A registrar that takes a push button is reachable.
    pub push_button: bool,
    /// There is somebody to ask.
    pub prompter: bool,
}

/// What this computer says of its own network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Own {
    /// Its name.
    pub ssid: Ssid,
    /// Each of its users has a password of their own, which no printer may have.
    pub enterprise: bool,
    /// It has no password.
    pub open: bool,
    /// It is heard on this band and not on 2.4 GHz, which is the only one of many printers.
    pub only_on: Option<Band>,
    /// It takes WPA3 and nothing else.
    pub wpa3_only: bool,
    /// How strong this computer hears it, in percent.
    pub signal_percent: Option<u8>,
    /// Whether its access point offers WPS; `None`: not known.
    pub wps: Option<bool>,
}

/// At or below this a desktop shows a network as weak, in percent.
const WEAK: u8 = 30;

impl Own {
    /// What there is to mind about it, as far as this computer can tell; the printer stands elsewhere, and does not say
    /// what its radio can. So this is told, and decides nothing.
    fn caveats(&self, by_wps: bool) -> String {
        let mut caveats = String::new();
        if let Some(band) = self.only_on {
            let _ = write!(
                caveats,
                "; it is heard here on {band} only, where many printers hear nothing: which bands this one has it does not say"
            );
        }
        if self.wpa3_only {
            caveats += "; it takes WPA3 only, which no printer is known to have been given in this way";
        }
        if let Some(percent) = self.signal_percent.filter(|percent| *percent <= WEAK) {
            let _ = write!(caveats, "; it is weak here ({percent} %), and may be weaker where the printer stands");
        }
        if by_wps && self.wps == Some(false) {
            caveats += "; its access point offers no WPS just now, and its owner may have to allow it first";
        }
        caveats
    }
}

/// What whoever asked wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// This route and no other.
    pub route: Option<Route>,
    /// The PIN from the paper, though it could be read over USB.
    pub from_paper: bool,
    /// A new PIN, given to the printer.
    pub generate: bool,
    /// What is only assumed, too.
    pub experimental: bool,
}

/// What there is to say of one route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The route.
    pub route: Route,
    /// How it is gone; `None` where it is left out.
    pub way: Option<Way>,
    /// Why it is possible, or why it is left out.
    pub reason: String,
}

/// All routes, best first: those that rest on what is known before those that rest on what is only assumed, and last
/// those that are left out; otherwise in the order of [`Route::ALL`].
#[must_use]
pub fn routes(printer: &Abilities, wish: &Wish, here: &Surroundings) -> Vec<Offer> {
    let mut offers: Vec<(u8, Offer)> = Route::ALL
        .into_iter()
        .map(|route| match way(route, printer, wish, here) {
            Ok(Found { way, evidence, reason }) => {
                let place = if evidence == Evidence::Assumed { 1 } else { 0 };
                (
                    place,
                    Offer { route, way: Some(way), reason: format!("{reason} ({evidence}){}", caveats(route, here)) },
                )
            }
            Err(reason) => (2, Offer { route, way: None, reason }),
        })
        .collect();
    offers.sort_by_key(|(place, _)| *place);
    offers.into_iter().map(|(_, offer)| offer).collect()
}

/// What there is to mind about the network that this route leads to, where that is known.
fn caveats(route: Route, here: &Surroundings) -> String {
    let by_wps = matches!(route, Route::Button | Route::Pin | Route::Typed);
    // By WPS the printer may get onto another network than this computer's, where nobody named one.
    let known = if by_wps { here.beside.as_ref() } else { here.own.as_ref().or(here.beside.as_ref()) };
    known.filter(|_| route != Route::Guided).map(|own| own.caveats(by_wps)).unwrap_or_default()
}

/// A way that can be gone, and what it rests on.
struct Found {
    way: Way,
    /// The weakest of what it needs.
    evidence: Evidence,
    reason: String,
}

/// The ways of these offers, best first.
#[must_use]
pub fn ways(offers: &[Offer]) -> Vec<Way> {
    offers.iter().filter_map(|offer| offer.way).collect()
}

fn way(route: Route, printer: &Abilities, wish: &Wish, here: &Surroundings) -> Result<Found, String> {
    if let Some(only) = wish.route.filter(|only| *only != route) {
        return Err(format!("only {only} was asked for"));
    }
    let status =
        known(printer.status, wish, "tells over USB whether it is on a network, so nobody would know that it worked")?;
    if here.beyond_wps && matches!(route, Route::Button | Route::Pin | Route::Typed) {
        return Err("WPS can't lead to a network that is protected like this one".to_owned());
    }
    let ask = |what: &str| if here.prompter { Ok(()) } else { Err(format!("there is nobody to {what}")) };
    let found = |way, evidence: Evidence, reason: &str| Found {
        way,
        evidence: evidence.min(status),
        reason: reason.to_owned(),
    };
    match route {
        Route::Join => {
            let join = known(printer.join, wish, "takes a network over USB")?;
            if !here.network {
                let why = here.unknown.map(|why| format!(" ({why})")).unwrap_or_default();
                return Err(format!("which network it is to join is not known{why}; name it with --ssid"));
            }
            if let Some(beside) = &here.beside
                && beside.enterprise
            {
                return Err(enterprise(&beside.ssid));
            }
            match &here.own {
                None => Ok(found(Way::Join, join, "the printer takes the network's name and password over USB")),
                Some(own) => {
                    let reason = share(own)?;
                    ask("say whether the printer may have this computer's own network; name one with --ssid")?;
                    Ok(found(Way::Join, join, &reason))
                }
            }
        }
        Route::Button => {
            let button = known(printer.button, wish, "can WPS by push button")?;
            ask("press the printer's button")?;
            let registrar = here.push_button;
            let reason = if registrar {
                "a button on the printer is enough; the network's own is pressed for you"
            } else {
                "two buttons are enough: the printer's and the router's"
            };
            Ok(found(Way::Button { registrar }, button, reason))
        }
        Route::Pin => {
            let (source, evidence, reason) = source(printer, wish, here)?;
            if !here.registrar {
                return Err("no registrar that takes the PIN can be reached from here".to_owned());
            }
            Ok(found(Way::Pin(source), evidence, reason))
        }
        Route::Typed => {
            ask("type the PIN at the router")?;
            let (source, evidence, reason) = source(printer, wish, here)?;
            Ok(found(Way::Typed(source), evidence, reason))
        }
        Route::Guided => {
            ask("go through the panel")?;
            let panel = known(printer.panel.map(|(_, evidence)| evidence), wish, "has a panel whose steps are known")?;
            match printer.panel {
                Some((steps, _)) => Ok(found(Way::Guided(steps), panel, "its panel leads onto a network")),
                None => Err("it is not known what its panel offers".to_owned()),
            }
        }
    }
}

/// What it means to give this computer's own network away, where that can be done at all.
fn share(own: &Own) -> Result<String, String> {
    let Own { ssid, .. } = own;
    if own.enterprise {
        return Err(enterprise(ssid));
    }
    let password = if own.open { "" } else { " and its password" };
    Ok(format!("the printer takes this computer's own network \"{ssid}\"{password} over USB, if you agree"))
}

fn enterprise(ssid: &Ssid) -> String {
    format!(
        "this computer's own network \"{ssid}\" is WPA Enterprise: its password is its user's alone, and no printer may have it; name another network with --ssid"
    )
}

fn source(printer: &Abilities, wish: &Wish, here: &Surroundings) -> Result<(Source, Evidence, &'static str), String> {
    if wish.generate {
        let evidence = known(printer.write_pin, wish, "takes a PIN over USB")?;
        return Ok((Source::Generated, evidence, "a new PIN is made and given to the printer over USB"));
    }
    let pulled = known(printer.read_pin, wish, "gives its PIN over USB");
    if !wish.from_paper
        && let Ok(evidence) = pulled
    {
        return Ok((Source::Pulled, evidence, "the printer gives its PIN over USB"));
    }
    let paper = known(printer.paper.map(|(_, evidence)| evidence), wish, "prints its PIN");
    match (printer.paper, paper) {
        (Some((report, _)), Ok(evidence)) if here.prompter => {
            Ok((Source::Paper(report), evidence, "the printer prints its PIN on its network report"))
        }
        (Some(_), Ok(_)) => Err("there is nobody to read the PIN from the paper".to_owned()),
        (_, Err(reason)) if wish.from_paper => Err(reason),
        (_, paper) => Err([pulled, paper].into_iter().filter_map(Result::err).collect::<Vec<_>>().join("; ")),
    }
}

/// Whether an ability may be relied on, and how it is known.
fn known(evidence: Option<Evidence>, wish: &Wish, what: &str) -> Result<Evidence, String> {
    match evidence {
        None => Err(format!("it is not known that this printer {what}")),
        Some(Evidence::Assumed) if !wish.experimental => {
            Err(format!("it is only assumed that this printer {what}; --experimental tries it"))
        }
        Some(evidence @ (Evidence::Assumed | Evidence::Confirmed | Evidence::Listed)) => Ok(evidence),
    }
}

#[cfg(test)]
mod tests;
