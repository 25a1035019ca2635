//! Printing: is it ready, take this, is it out?

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::plan::{Page, sentence};
use super::{Work, canceled, entry};
use crate::agent::event::{JobNews, Stage};
use crate::agent::view::JobResult;
use crate::agent::{ErrorKind, Failure, fault};
use crate::blame::Party;
use crate::control::{self, Blocking, Progress};
use crate::printer::probe::Sheet;

/// The longest that one page may take: whoever has to fetch paper first can.
pub(super) const PAGE: Duration = Duration::from_secs(10 * 60);
/// How long a printer that only finishes something else is waited for.
const CHECK: Duration = Duration::from_secs(30);
/// How long the printer may take to take the job: two forms of it, a minute each [C DeskJet 3750].
const SEND: Duration = Duration::from_secs(4 * 60);
/// Said of a page that was sent to a printer that never answers.
const UNTOLD: &str = "This printer does not tell whether the page comes out: look. If there is none after a minute, ask once more within ten minutes: it is then asked in the other form that such printers may understand.";
/// Between two questions.
const POLL: Duration = Duration::from_secs(1);

/// Prints these pages, one after the other.
pub(super) async fn print(work: &Work, pages: &[Page]) -> Result<JobResult, Failure> {
    let mut printed: Vec<String> = Vec::new();
    let mut all_told = true;
    for page in pages {
        let share = Share { done: printed.len(), of: pages.len() };
        match one(work, page, share).await {
            Ok((sheet, told)) => {
                printed.push(sheet.name().to_owned());
                all_told &= told;
            }
            Err(mut failure) => {
                if !printed.is_empty() {
                    failure.message = format!("Already printed: {}. Then: {}", printed.join(", "), failure.message);
                }
                return Err(failure);
            }
        }
    }
    Ok(if all_told { JobResult::Printed { pages: printed } } else { JobResult::Sent { pages: printed, note: UNTOLD } })
}

/// How much of a job one page is.
#[derive(Clone, Copy)]
struct Share {
    done: usize,
    of: usize,
}

impl Share {
    /// The job's progress when this much of the page is done. A page's own progress is not told by the printer;
    /// these are landmarks.
    #[expect(clippy::cast_precision_loss, reason = "a handful of pages")]
    fn progress(self, of_page: f64) -> Option<f64> {
        Some((self.done as f64 + of_page) / self.of.max(1) as f64)
    }
}

/// Prints a page. Whether the printer told that it is out.
async fn one(work: &Work, page: &Page, share: Share) -> Result<(Sheet, bool), Failure> {
    let Some(first) = page.0.first() else { return Err(no_such_page()) };
    check(work, first, share).await?;
    let sheet = send(work, page, share).await?;
    let told = follow(work, &sheet, share).await?;
    Ok((sheet, told))
}

/// Waits until the printer can print; refuses with its own reason where that does not pass by itself.
async fn check(work: &Work, sheet: &Sheet, share: Share) -> Result<(), Failure> {
    const NOTHING: &str = "Nothing was sent to the printer.";
    let stage = work.enter("checking", CHECK);
    work.tell(JobNews::Stage(Stage { progress: share.progress(0.0), ..stage.clone() }));
    let began = Instant::now();
    loop {
        let may = work.unless_stopped(NOTHING, work.control.may_print(sheet)).await?;
        match may.map_err(|error| fault::of_asked(&error))? {
            Ok(()) => return Ok(()),
            Err(blocking) if blocking.passes && began.elapsed() < CHECK => {
                let name = "waiting";
                work.tell(JobNews::Stage(Stage { name, progress: share.progress(0.0), ..stage.clone() }));
                work.unless_stopped(NOTHING, sleep(POLL)).await?;
            }
            Err(blocking) => {
                return Err(Failure::new(
                    ErrorKind::PrinterNotReady,
                    Party::Printer,
                    format!("The printer can't print now: {blocking}. See to that, then try again."),
                ));
            }
        }
    }
}

/// Sends the job. This is not cut short: half a job, or one that nobody knows about, is worse than a page too many.
async fn send(work: &Work, page: &Page, share: Share) -> Result<Sheet, Failure> {
    let stage = work.enter("printing", SEND);
    work.tell(JobNews::Stage(Stage { progress: share.progress(0.1), cancelable: false, ..stage }));
    if work.stop.is_cancelled() {
        return Err(canceled("Nothing was sent to the printer."));
    }
    let mut refusal = None;
    let mut asked = false;
    for sheet in &page.0 {
        let mut sent = work.control.print(sheet).await;
        if let Err(error) = &sent
            && error.wants_key()
            && !asked
        {
            // Nothing was printed; a person lets us in, and it is asked for once more.
            asked = true;
            if entry::let_in(work).await?.is_none() {
                return Err(fault::of_print(error));
            }
            sent = work.control.print(sheet).await;
        }
        match sent {
            Ok(()) => return Ok(sheet.clone()),
            // It does not have this page: nothing was printed.
            Err(error) if error.lacks() => refusal = Some(error),
            Err(error) => return Err(fault::of_print(&error)),
        }
    }
    Err(refusal.map_or_else(no_such_page, |error| fault::of_print(&error)))
}

fn no_such_page() -> Failure {
    Failure::new(ErrorKind::NotSupported, Party::Printer, "This printer has no such page.")
}

/// Follows the page until it is out; `false` where the printer does not tell.
async fn follow(work: &Work, sheet: &Sheet, share: Share) -> Result<bool, Failure> {
    const SENT: &str = "The page was already sent to the printer, and comes out all the same.";
    let mut stage = work.enter("printing", PAGE);
    stage.progress = share.progress(0.3);
    work.tell(JobNews::Stage(stage.clone()));
    let began = Instant::now();
    let mut page = Progress::of(sheet);
    let mut held: Option<Blocking> = None;
    let mut garbled = 0;
    while began.elapsed() < PAGE {
        let stage_now = work.unless_stopped(SENT, work.control.progress(&mut page)).await?;
        let stage_now = match stage_now {
            Ok(stage) => stage,
            // An answer that came to harm says nothing about the page: asking again costs nothing.
            Err(error) if error.garbled() && garbled < 2 => {
                garbled += 1;
                work.unless_stopped(SENT, sleep(POLL)).await?;
                continue;
            }
            Err(error) => {
                let mut failure = fault::of_asked(&error);
                failure.message = format!(
                    "The page was sent, and it is not known whether it is out: look before you try again. {}",
                    failure.message
                );
                return Err(failure);
            }
        };
        garbled = 0;
        let now = match stage_now {
            control::Stage::Out => return Ok(true),
            control::Stage::Untold => return Ok(false),
            control::Stage::Canceled => {
                return Err(Failure::new(
                    ErrorKind::PrinterRejected,
                    Party::Printer,
                    "The page was canceled at the printer's panel. Try again if that was a mistake.",
                ));
            }
            control::Stage::Waiting => (share.progress(0.3), ""),
            control::Stage::Printing => {
                held = None;
                (share.progress(0.6), "")
            }
            control::Stage::Stopped(blocking) => {
                let Some(action) = blocking.user_action else {
                    return Err(Failure::new(
                        ErrorKind::PrinterNotReady,
                        Party::Printer,
                        format!(
                            "The printer stopped while it printed: {blocking}. Look whether the page is out before you try again."
                        ),
                    ));
                };
                held = Some(blocking);
                (stage.progress, action)
            }
        };
        if now != (stage.progress, stage.user_action) {
            (stage.progress, stage.user_action) = now;
            work.tell(JobNews::Stage(stage.clone()));
        }
        work.unless_stopped(SENT, sleep(POLL)).await?;
    }
    let why = held.map_or_else(String::new, |blocking| sentence(&format!(" the printer says that {blocking}")));
    Err(Failure::new(
        ErrorKind::Timeout,
        Party::Printer,
        format!("The page was sent, and was not out after {} minutes.{why} It may still come.", PAGE.as_secs() / 60),
    ))
}
