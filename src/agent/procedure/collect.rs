//! Reading a printer's documents: GETs without effect, redacted before anybody sees them.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::{Plan, Work};
use crate::agent::event::{JobNews, Stage};
use crate::agent::registry::{Condition, Entry};
use crate::agent::view::JobResult;
use crate::agent::{ErrorKind, Failure, fault};
use crate::blame::Party;
use crate::hp::cdm::services::Services;
use crate::hp::cdm::{self, Cdm};
use crate::hp::ledm::redact::Redactor;
use crate::hp::ledm::{Ledm, documents};
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
    let mut collecting = Collecting {
        work,
        stage: work.enter("collecting", COLLECT),
        until: Instant::now() + COLLECT,
        done: 0,
        answered: false,
        last: None,
    };
    let ledm = Ledm::new(work.pool.clone());
    let mut ledm_answers = Vec::new();
    for resource in documents::Resource::ALL {
        let answer = collecting.ask(ledm.document(resource)).await?;
        ledm_answers.push((resource, answer.unwrap_or_else(documents::Answer::Other)));
    }
    // The list of CDM's services tells which of its documents there are; without it there are none.
    let list = cdm::documents::Resource::LIST;
    let services = collecting.ask(Cdm::with_services(work.pool.clone(), Services::default()).document(list)).await?;
    let mut cdm_answers = vec![(list, services.unwrap_or_else(cdm::documents::Answer::Other))];
    if matches!(cdm_answers.as_slice(), [(_, cdm::documents::Answer::Document(_))])
        && let Some(cdm) = collecting.discover().await?
    {
        for resource in cdm::documents::Resource::ALL.into_iter().filter(|resource| cdm.offers(*resource)) {
            let answer = collecting.ask(cdm.document(resource)).await?;
            cdm_answers.push((resource, answer.unwrap_or_else(cdm::documents::Answer::Other)));
        }
    }
    if !collecting.answered {
        return Err(collecting.last.map_or_else(
            || fault::too_late("The printer gave none of its documents", COLLECT),
            |error| fault::of_http(&error),
        ));
    }
    // What is private in one document is private in all, whichever protocol it is of.
    let mut redactor = Redactor::default();
    for text in private {
        redactor.know(text);
    }
    documents::learn(&mut redactor, &ledm_answers);
    cdm::documents::learn(&mut redactor, &cdm_answers);
    let ledm = documents::written(&redactor, ledm_answers).into_iter().map(|(resource, text)| (resource.path(), text));
    let cdm = cdm::documents::written(&redactor, cdm_answers);
    let cdm = cdm.into_iter().map(|(resource, text)| (resource.path(), text));
    let documents = ledm.chain(cdm).map(|(path, text)| (path.to_owned(), text)).collect();
    Ok(JobResult::Documents { documents })
}

/// How far it is.
struct Collecting<'a> {
    work: &'a Work,
    stage: Stage,
    until: Instant,
    done: usize,
    /// Something was answered, whatever it was.
    answered: bool,
    last: Option<http::Error>,
}

impl Collecting<'_> {
    /// Waits for one answer: in words why there is none, unless there can be none of any other either.
    async fn ask<T>(
        &mut self,
        asking: impl Future<Output = Result<T, http::Error>>,
    ) -> Result<Result<T, String>, Failure> {
        self.work.tell(JobNews::Stage(Stage { progress: progress(self.done), ..self.stage.clone() }));
        self.done += 1;
        match self.work.unless_stopped("Nothing was changed.", timeout_at(self.until, asking)).await? {
            Ok(Ok(answer)) => {
                self.answered = true;
                Ok(Ok(answer))
            }
            Ok(Err(error)) if error.is_gone() || error == http::Error::Closed => Err(fault::of_http(&error)),
            Ok(Err(error)) => {
                let words = in_words(&error).to_owned();
                self.last = Some(error);
                Ok(Err(words))
            }
            Err(_) => Ok(Err("not answered before the time for all documents was over".to_owned())),
        }
    }

    /// The printer as it describes itself; `None` where that makes no sense.
    async fn discover(&mut self) -> Result<Option<Cdm>, Failure> {
        let asking = timeout_at(self.until, Cdm::discover(self.work.pool.clone()));
        let found = self.work.unless_stopped("Nothing was changed.", asking).await?;
        Ok(found.ok().and_then(Result::ok).flatten())
    }
}

#[expect(clippy::cast_precision_loss, reason = "a handful of documents")]
fn progress(done: usize) -> Option<f64> {
    let all = documents::Resource::ALL.len() + cdm::documents::Resource::ALL.len() + 1;
    Some(done as f64 / all as f64)
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
