//! Whether a printer can do what it is asked for, and how. Pure.

use std::sync::Arc;
use std::time::Duration;

use super::setup::Errand;
use crate::agent::event::Stage;
use crate::agent::view::{BootTime, Task, WpsMethod};
use crate::agent::{ErrorKind, Failure};
use crate::blame::Party;
use crate::ipp;
use crate::printer::buttons::{self, Action, Family, Refusal};
use crate::printer::capability::{Capability, Evidence, ReportKind};
use crate::printer::probe::{Facts, Protocol, Sheet};
use crate::secret::Pin;
use crate::setup::flow::Target;
use crate::setup::route::{Route, Wish};

/// A task, found possible on this printer.
pub(crate) enum Plan {
    /// Ask it again what it can do; the device's own task does that.
    Refresh,
    /// Print these pages, in order.
    Print(Vec<Page>),
    /// Read its documents; these texts are private in them.
    Collect(Vec<String>),
    /// Let it show which one it is, in this way.
    Identify(ipp::identify::Action),
    /// Read the WPS PIN.
    ReadPin,
    /// The whole way onto a network.
    Setup(Box<Errand>),
    /// Let its station listen for networks.
    Scan,
    /// Ask what the station is connected to.
    GetNetwork,
    /// Switch its radio.
    SetPower(bool),
    /// Give it a WPS PIN.
    WritePin(Pin),
    /// Make it forget its network.
    ResetNetwork,
}

/// One page: what to ask for, and the next one only where the printer refuses the one before. Never empty.
pub(crate) struct Page(pub(super) Vec<Sheet>);

impl Plan {
    /// Whether it goes on where the printer leaves USB and comes back.
    pub(crate) fn outlives_unplugging(&self) -> bool {
        matches!(self, Self::Setup(_))
    }

    /// The longest that it may take.
    pub(crate) fn limit(&self) -> Duration {
        match self {
            Self::Refresh => Duration::from_secs(120),
            Self::Print(pages) => super::print::PAGE * u32::try_from(pages.len()).unwrap_or(u32::MAX),
            Self::Collect(_) => super::collect::COLLECT,
            Self::Identify(_) => super::identify::IDENTIFY,
            Self::ReadPin => super::pin::READ,
            Self::Setup(_) => super::setup::LIMIT,
            Self::Scan | Self::GetNetwork | Self::SetPower(_) | Self::WritePin(_) | Self::ResetNetwork => {
                super::wifi::LIMIT
            }
        }
    }

    /// Where it begins.
    pub(crate) fn first_stage(&self, now: BootTime) -> Stage {
        let (name, progress) = match self {
            Self::Refresh => ("probing", None),
            Self::Print(_) => ("checking", Some(0.0)),
            Self::Collect(_) => ("collecting", Some(0.0)),
            Self::Identify(_) => ("identifying", None),
            Self::ReadPin => ("reading-pin", None),
            Self::Setup(_) | Self::GetNetwork => ("looking", None),
            Self::Scan => ("scanning", None),
            Self::SetPower(_) | Self::ResetNetwork => ("setting", None),
            Self::WritePin(_) => ("writing-pin", None),
        };
        Stage { name, progress, user_action: "", deadline: Some(now.after(self.limit())), cancelable: true }
    }
}

/// Whether this printer can do it, and how. What is only assumed is done where `experimental` says so.
pub(crate) fn plan(facts: &Arc<Facts>, task: &Task, experimental: bool) -> Result<Plan, Failure> {
    match task {
        Task::Refresh => Ok(Plan::Refresh),
        Task::CollectDocuments => Ok(Plan::Collect(vec![facts.uuid.clone()])),
        Task::PrintReport(kind) => Ok(Plan::Print(vec![page(facts, *kind, experimental)?])),
        Task::PressButtons { buttons, hold_ms } => {
            let family = facts.family.ok_or_else(|| {
                cannot("It is not known what the buttons of this printer do. Press them on its panel.".to_owned())
            })?;
            let row = buttons::lookup(family, buttons, *hold_ms).map_err(|refusal| {
                let kind = match &refusal {
                    Refusal::UnknownButton(_) => ErrorKind::InvalidArguments,
                    Refusal::UnknownCombination { .. } | Refusal::PanelOnly { .. } => ErrorKind::NotSupported,
                };
                Failure::new(kind, Party::Caller, sentence(&refusal.to_string()))
            })?;
            allowed(row.evidence, experimental, || format!("what {row} does on this printer's panel"))?;
            match row.action {
                Action::Reports(reports) => {
                    let pages: Result<Vec<Page>, Failure> =
                        reports.iter().map(|kind| page(facts, *kind, experimental)).collect();
                    Ok(Plan::Print(pages?))
                }
                Action::PanelOnly(effect) => {
                    Err(cannot(format!("This can only be done on the printer's panel: {effect}.")))
                }
            }
        }
        Task::Identify(wanted) => {
            able(facts, Capability::Identify, experimental, "can show which one it is")?;
            let action = match wanted {
                Some(wanted) => facts.identify.iter().find(|action| *action == wanted),
                None => facts.identify.first(),
            };
            action.copied().map(Plan::Identify).ok_or_else(|| {
                let has: Vec<&str> = facts.identify.iter().map(|action| action.name()).collect();
                cannot(format!("This printer can't show itself so. It can: {}.", has.join(", ")))
            })
        }
        Task::ReadPin => {
            let Some(evidence) = facts.capabilities.get(&Capability::ReadPin) else {
                return Err(cannot(
                    "This printer is not known to give its WPS PIN over USB. Print its network report: on some models the PIN is on the paper.".to_owned(),
                ));
            };
            allowed(*evidence, experimental, || "that this printer gives its WPS PIN over USB".to_owned())?;
            Ok(Plan::ReadPin)
        }
        Task::Setup(setup) => {
            let wish = Wish { experimental: setup.wish.experimental || experimental, ..setup.wish };
            Ok(errand(facts, setup.target.clone(), wish, None, setup.explain))
        }
        Task::Join(target) => {
            let wish = Wish { route: Some(Route::Join), experimental, ..Wish::default() };
            Ok(errand(facts, Target::clone(target), wish, None, false))
        }
        Task::StartWps(method) => {
            let wish = Wish { experimental, ..Wish::default() };
            Ok(errand(facts, Target::default(), wish, Some(*method), false))
        }
        Task::Scan => {
            able(facts, Capability::WifiScan, experimental, "tells which networks it hears")?;
            Ok(Plan::Scan)
        }
        Task::GetNetwork => {
            able(facts, Capability::WifiStatus, experimental, "tells which network it is on")?;
            Ok(Plan::GetNetwork)
        }
        Task::SetPower(on) => {
            able(facts, Capability::WifiPower, experimental, "lets its radio be switched over USB")?;
            // In CDM only the word for on is known [C: HPLIP].
            if !on && facts.protocols.get(&Capability::WifiPower) == Some(&Protocol::Cdm) {
                allowed(Evidence::Assumed, experimental, || "how this printer's radio is switched off".to_owned())?;
            }
            Ok(Plan::SetPower(*on))
        }
        Task::WritePin(pin) => {
            able(facts, Capability::WritePin, experimental, "takes a WPS PIN over USB")?;
            Ok(Plan::WritePin(pin.clone()))
        }
        Task::ResetNetwork if facts.capabilities.contains_key(&Capability::WifiReset) => {
            able(facts, Capability::WifiReset, experimental, "forgets its network as its own documents say")?;
            Ok(Plan::ResetNetwork)
        }
        Task::ResetNetwork => Err(cannot(format!(
            "No request is known that makes this printer forget its network. Do it on its panel: {}.",
            reset_on_panel(facts)
        ))),
    }
}

fn errand(facts: &Arc<Facts>, target: Target, wish: Wish, method: Option<WpsMethod>, explain: bool) -> Plan {
    Plan::Setup(Box::new(Errand { target, wish, method, explain, facts: Arc::clone(facts) }))
}

/// Whether it is known that it can do this, and that may be relied on.
fn able(facts: &Facts, ability: Capability, experimental: bool, what: &str) -> Result<(), Failure> {
    let Some(evidence) = facts.capabilities.get(&ability) else {
        return Err(cannot(format!("It is not known that this printer {what}. Use the printer's panel.")));
    };
    allowed(*evidence, experimental, || format!("that this printer {what}"))
}

/// What is told of printers whose buttons do it, and of those with a screen; by weak sources only [I].
fn reset_on_panel(facts: &Facts) -> &'static str {
    match facts.family {
        Some(Family::LedmInternalPrint) => {
            "with a screen, Settings or Setup, then Network, then Restore network settings; without one, hold Wireless and Cancel together for 3 seconds"
        }
        None => "look for Restore network settings",
    }
}

fn page(facts: &Facts, kind: ReportKind, experimental: bool) -> Result<Page, Failure> {
    let Some(pages) = facts.pages.get(&kind) else {
        let others: Vec<&str> = facts.reports.iter().map(|kind| kind.name()).collect();
        let others = if others.is_empty() { "none".to_owned() } else { others.join(", ") };
        return Err(cannot(format!("This printer has no {} report. It has: {others}.", kind.name())));
    };
    allowed(pages.evidence, experimental, || format!("that this printer has a {} report", kind.name()))?;
    Ok(Page(pages.candidates.clone()))
}

fn allowed(evidence: Evidence, experimental: bool, what: impl FnOnce() -> String) -> Result<(), Failure> {
    match evidence {
        Evidence::Listed | Evidence::Confirmed => Ok(()),
        Evidence::Assumed if experimental => Ok(()),
        Evidence::Assumed => {
            Err(cannot(format!("It is only assumed {}. Ask for it with the option experimental to try it.", what())))
        }
    }
}

fn cannot(message: String) -> Failure {
    Failure::new(ErrorKind::NotSupported, Party::Printer, message)
}

/// A clause as a sentence.
pub(super) fn sentence(clause: &str) -> String {
    let mut chars = clause.chars();
    let first = chars.next().map(|c| c.to_uppercase().collect::<String>()).unwrap_or_default();
    format!("{first}{}.", chars.as_str())
}
