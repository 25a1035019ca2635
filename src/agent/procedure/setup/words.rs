//! What clients are told of a set-up: names that they decide by.

use crate::setup::diagnosis::Step;
use crate::setup::flow::{Act, Question};

/// The stage of this step.
pub(super) fn stage(step: Step) -> &'static str {
    match step {
        Step::Look => "looking",
        Step::PowerOn => "powering-on",
        Step::Scan => "scanning",
        Step::WriteProfile => "joining",
        Step::Verify => "verifying",
        Step::ReadPin => "reading-pin",
        Step::WritePin => "writing-pin",
        Step::PrintReport => "printing",
        Step::Ask => "asking",
        Step::Enrol => "enrolling",
        Step::PushButton => "pushing-button",
        Step::Guide => "guiding",
    }
}

/// What the user should do while this is asked.
pub(super) fn user_action(question: &Question) -> &'static str {
    match question {
        Question::Passphrase(_) | Question::OwnPassphrase { .. } => "enter-passphrase",
        Question::PaperPin => "enter-paper-pin",
        Question::AdminPassword => "enter-admin-password",
        Question::LabelPin => "enter-label-pin",
        Question::ShareNetwork { .. } => "confirm-network",
        Question::Act(Act::StartWpsOnPanel) => "start-wps-on-panel",
        Question::Act(Act::TypePinAtRouter) => "type-pin-at-router",
        Question::Act(Act::PressPrinterButton | Act::PressLitButton) => "press-printer-button",
        Question::Act(Act::PressRouterButton) => "press-router-button",
        Question::Act(Act::Panel(_)) => "follow-panel",
    }
}

/// Whether it is done at the router.
pub(super) fn at_router(question: &Question) -> bool {
    matches!(question, Question::Act(Act::TypePinAtRouter | Act::PressRouterButton))
}
