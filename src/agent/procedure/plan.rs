//! Whether a printer can do what it is asked for, and how. Pure.

use std::time::Duration;

use crate::agent::event::Stage;
use crate::agent::view::{BootTime, Task};
use crate::agent::{ErrorKind, Failure};
use crate::blame::Party;
use crate::hp::ledm::adapters::Adapter;
use crate::hp::ledm::internal_print::Printable;
use crate::hp::ledm::resource::ResourceUri;
use crate::printer::buttons::{self, Action, Refusal};
use crate::printer::capability::{Capability, Evidence, ReportKind};
use crate::printer::probe::Facts;

/// A task, found possible on this printer.
pub(crate) enum Plan {
    /// Ask it again what it can do; the device's own task does that.
    Refresh,
    /// Print these pages, in order.
    Print(Vec<Page>),
    /// Read its documents; these texts are private in them.
    Collect(Vec<String>),
    /// Read the WPS PIN of this adapter.
    ReadPin(Box<Adapter>),
}

/// One page.
pub(crate) struct Page {
    /// Where the job goes.
    pub(super) job_url: ResourceUri,
    /// What to ask for: the next one only where the printer refuses the one before. Never empty.
    pub(super) candidates: Vec<Printable>,
}

impl Plan {
    /// The longest that it may take.
    pub(crate) fn limit(&self) -> Duration {
        match self {
            Self::Refresh => Duration::from_secs(120),
            Self::Print(pages) => super::print::PAGE * u32::try_from(pages.len()).unwrap_or(u32::MAX),
            Self::Collect(_) => super::collect::COLLECT,
            Self::ReadPin(_) => super::pin::READ,
        }
    }

    /// Where it begins.
    pub(crate) fn first_stage(&self, now: BootTime) -> Stage {
        let (name, progress) = match self {
            Self::Refresh => ("probing", None),
            Self::Print(_) => ("checking", Some(0.0)),
            Self::Collect(_) => ("collecting", Some(0.0)),
            Self::ReadPin(_) => ("reading-pin", None),
        };
        Stage { name, progress, user_action: "", deadline: Some(now.after(self.limit())), cancelable: true }
    }
}

/// Whether this printer can do it, and how. What is only assumed is done where `experimental` says so.
pub(crate) fn plan(facts: &Facts, task: &Task, experimental: bool) -> Result<Plan, Failure> {
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
        Task::ReadPin => {
            let evidence = facts.capabilities.get(&Capability::ReadPin);
            let (Some(evidence), Some(station)) = (evidence, &facts.station) else {
                return Err(cannot(
                    "This printer is not known to give its WPS PIN over USB. Print its network report: on some models the PIN is on the paper.".to_owned(),
                ));
            };
            allowed(*evidence, experimental, || "that this printer gives its WPS PIN over USB".to_owned())?;
            Ok(Plan::ReadPin(Box::new(station.clone())))
        }
        Task::Setup(_)
        | Task::Join(_)
        | Task::StartWps(_)
        | Task::WritePin(_)
        | Task::Scan
        | Task::GetNetwork
        | Task::SetPower(_)
        | Task::ResetNetwork => Err(cannot("This version of plugprint can't do this yet.".to_owned())),
    }
}

fn page(facts: &Facts, kind: ReportKind, experimental: bool) -> Result<Page, Failure> {
    let Some(pages) = facts.pages.get(&kind) else {
        let others: Vec<&str> = facts.reports.iter().map(|kind| kind.name()).collect();
        let others = if others.is_empty() { "none".to_owned() } else { others.join(", ") };
        return Err(cannot(format!("This printer has no {} report. It has: {others}.", kind.name())));
    };
    allowed(pages.evidence, experimental, || format!("that this printer has a {} report", kind.name()))?;
    Ok(Page { job_url: facts.job_url.clone(), candidates: pages.candidates.clone() })
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
