//! Reading a printer's documents: GETs without effect, redacted before anybody sees them.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::{Plan, Work};
use crate::agent::event::{JobNews, Stage};
use crate::agent::registry::{Condition, Entry};
use crate::agent::view::JobResult;
use crate::agent::{ErrorKind, Failure, fault};
use crate::blame::Party;
use crate::hp::ledm::Ledm;
use crate::hp::ledm::documents::{self, Answer, Resource};
use crate::hp::ledm::redact::Redactor;
use crate::http;
use crate::usb::descriptor::HP;

/// The longest that collecting may take; what was not answered by then is left out.
pub(super) const COLLECT: Duration = Duration::from_secs(120);

/// Whether this printer may be asked, and what is known to be private about it.
pub(in crate::agent) fn plan(entry: &Entry) -> Result<Plan, Failure> {
    // What another maker's printer does with a request for them, nobody knows.
    if entry.recognised.vendor_id != HP || entry.pool.is_none() {
        return Err(Failure::new(
            ErrorKind::NotSupported,
            Party::Printer,
            "Only HP's printers, as far as they can be asked over USB, have the documents that this is about.",
        ));
    }
    if entry.recognised.legacy.is_some() {
        return Err(Failure::new(
            ErrorKind::NotSupported,
            Party::Printer,
            "This printer has no HTTP over USB, and so none of the documents that this is about.",
        ));
    }
    let mut private = vec![entry.recognised.serial_number.clone()];
    if let Condition::Ready(facts) | Condition::Troubled(_, Some(facts)) = &entry.condition {
        private.push(facts.uuid.clone());
    }
    Ok(Plan::Collect(private))
}

pub(super) async fn collect(work: &Work, private: &[String]) -> Result<JobResult, Failure> {
    let ledm = Ledm::new(work.pool.clone());
    let stage = work.enter("collecting", COLLECT);
    let until = Instant::now() + COLLECT;
    let mut answers = Vec::new();
    let mut answered = false;
    let mut last = None;
    for (done, resource) in Resource::ALL.into_iter().enumerate() {
        work.tell(JobNews::Stage(Stage { progress: progress(done), ..stage.clone() }));
        let answer = work.unless_stopped("Nothing was changed.", timeout_at(until, ledm.document(resource))).await?;
        let answer = match answer {
            Ok(Ok(answer)) => {
                answered = true;
                answer
            }
            Ok(Err(error)) if error.is_gone() || error == http::Error::Closed => return Err(fault::of_http(&error)),
            Ok(Err(error)) => {
                let answer = Answer::Other(in_words(&error).to_owned());
                last = Some(error);
                answer
            }
            Err(_) => Answer::Other("not answered before the time for all documents was over".to_owned()),
        };
        answers.push((resource, answer));
    }
    if !answered {
        return Err(last.map_or_else(
            || fault::too_late("The printer gave none of its documents", COLLECT),
            |error| fault::of_http(&error),
        ));
    }
    let mut redactor = Redactor::default();
    for text in private {
        redactor.know(text);
    }
    let documents = documents::redacted(answers, redactor);
    let documents = documents.into_iter().map(|(resource, text)| (resource.path().to_owned(), text)).collect();
    Ok(JobResult::Documents { documents })
}

#[expect(clippy::cast_precision_loss, reason = "a handful of documents")]
fn progress(done: usize) -> Option<f64> {
    Some(done as f64 / Resource::ALL.len() as f64)
}

/// Why there is no answer; nothing of the printer's own text is in it.
fn in_words(error: &http::Error) -> &'static str {
    match error {
        http::Error::Usb(_) => "no answer: the USB transfer failed",
        http::Error::ClaimedElsewhere => "not asked: another program holds the printer",
        http::Error::Occupied { .. } => "not asked: the connections to the printer were in use",
        http::Error::NoAnswer { .. } => "no answer in time",
        http::Error::Truncated => "the answer stopped in the middle",
        http::Error::Endless { .. } => "the answer did not end in time",
        http::Error::Malformed(_) => "the answer is not valid HTTP",
        http::Error::TooLarge { .. } => "the answer is too large to be taken",
        http::Error::StillBusy { .. } => "HTTP 503: the printer was busy for as long as it was asked",
        http::Error::StillWorking { .. } => "HTTP 202: the printer was still working on it when the time was over",
        http::Error::Unsendable(_) | http::Error::Aborted(_) | http::Error::Closed => "not asked",
    }
}
