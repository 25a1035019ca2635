//! A printer that wants to be shown something first: its administrator's password, or what lets somebody in. A person
//! is asked for it once, and nothing is guessed; it is forgotten with the job.

use std::time::Duration;

use tokio::time::timeout;

use super::{Work, canceled};
use crate::agent::event::JobNews;
use crate::agent::prompt::{Act, Ask, Prompter, Question, Reply, Typed, Unanswered};
use crate::agent::{ErrorKind, Failure, fault};
use crate::blame::Party;
use crate::control::{Control, Key, PRESS};
use crate::secret::Password;

/// The longest that somebody may take to find a password, or the label.
const ASK: Duration = Duration::from_secs(300);
/// A button that is lit can be pressed for so long; some printers answer only then.
const BUTTON: Duration = Duration::from_secs(2 * PRESS.as_secs() + 15);
const NOTHING: &str = "Nothing was changed.";

/// As the printer's administrator. `None`: there is nobody to ask.
pub(super) async fn log_in(work: &Work) -> Result<Option<Control>, Failure> {
    let typed = secret(work, Question::AdminPassword, "enter-admin-password").await?;
    Ok(typed.map(|typed| work.control.logged_in(Password::new(typed.expose().to_vec()))))
}

/// As one whom the printer has let in. `None`: there is nobody to ask.
pub(super) async fn let_in(work: &Work) -> Result<Option<Control>, Failure> {
    let key = work.unless_stopped(NOTHING, work.control.key()).await?.map_err(|error| fault::of_asked(&error))?;
    let typed = match key {
        Key::Button => return press(work).await,
        Key::LabelPin => secret(work, Question::LabelPin, "enter-label-pin").await?,
        Key::Password => secret(work, Question::AdminPassword, "enter-admin-password").await?,
    };
    let Some(typed) = typed else { return Ok(None) };
    work.control.show(key, Password::new(typed.expose().to_vec())).await;
    Ok(Some(work.control.clone()))
}

/// Has somebody press the printer's button. The printer says itself when that is done.
async fn press(work: &Work) -> Result<Option<Control>, Failure> {
    let Some(prompter) = somebody(work) else { return Ok(None) };
    let ask = Ask {
        question: Question::Act(Act::PressLitButton),
        deadline: begin(work, "press-printer-button", BUTTON),
        router: None,
    };
    let waiting = async {
        let lit = work.control.wait_for_button();
        let asking = prompter.ask(&work.job, ask);
        tokio::pin!(lit, asking);
        let mut open = true;
        loop {
            tokio::select! {
                biased;
                pressed = &mut lit => return pressed.map(Some).map_err(|error| fault::of_asked(&error)),
                reply = &mut asking, if open => match reply {
                    Ok(Reply::Yes | Reply::Secret(_)) => open = false,
                    Ok(Reply::No) | Err(Unanswered::NoPrompter) => return Ok(None),
                    Err(Unanswered::Declined) => return Err(canceled(NOTHING)),
                },
            }
        }
    };
    let pressed = work.unless_stopped(NOTHING, timeout(BUTTON, waiting)).await?.map_err(|_| nobody_answered())?;
    release(work, prompter).await;
    Ok(pressed?.map(|()| work.control.clone()))
}

async fn secret(work: &Work, question: Question, user_action: &'static str) -> Result<Option<Typed>, Failure> {
    let Some(prompter) = somebody(work) else { return Ok(None) };
    let ask = Ask { question, deadline: begin(work, user_action, ASK), router: None };
    let answer = work.unless_stopped(NOTHING, timeout(ASK, prompter.ask(&work.job, ask))).await?;
    let reply = match answer {
        Ok(Ok(Reply::Secret(typed))) => Some(typed),
        Ok(Ok(Reply::Yes | Reply::No) | Err(Unanswered::NoPrompter)) => None,
        Ok(Err(Unanswered::Declined)) => return Err(canceled(NOTHING)),
        Err(_) => return Err(nobody_answered()),
    };
    release(work, prompter).await;
    Ok(reply)
}

fn somebody(work: &Work) -> Option<&dyn Prompter> {
    work.prompter.as_deref().filter(|prompter| prompter.is_there())
}

/// Says that somebody is asked now; until when.
fn begin(work: &Work, user_action: &'static str, lasts: Duration) -> crate::agent::view::BootTime {
    let mut stage = work.enter("asking", lasts);
    stage.user_action = user_action;
    work.tell(JobNews::Stage(stage));
    work.clock.now().after(lasts)
}

async fn release(work: &Work, prompter: &dyn Prompter) {
    let _too_late = timeout(Duration::from_secs(2), prompter.release(&work.job, "done")).await;
}

fn nobody_answered() -> Failure {
    Failure::new(ErrorKind::Timeout, Party::Caller, "Nobody answered in time. Try again.")
}
