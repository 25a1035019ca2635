//! What a printer is asked before it is announced, once.

use std::time::Duration;

use ::http::StatusCode;

use super::escl::{self, Scanner};
use crate::http::{Call, Patience, Pool};
use crate::ipp::description::{ATTRIBUTES, Description};
use crate::ipp::guard::{self, Limits};
use crate::ipp::request;

/// Somebody waits for the printer to appear; what it has not said by then is asked for again later.
const PATIENCE: Patience = Patience { answer: Duration::from_secs(5), total: Duration::from_secs(8) };
/// The largest answer, in bytes: the largest seen of a real device has 103 kB.
const LIMIT: usize = 512 << 10;

/// What came of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer<T> {
    /// This.
    Said(T),
    /// There is no such thing.
    No,
    /// Nothing that could be understood.
    Nothing,
}

/// What is known of a printer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Facts {
    /// As a printer.
    pub(super) print: Answer<Description>,
    /// As a fax.
    pub(super) fax: Answer<()>,
    /// As a scanner.
    pub(super) scan: Answer<Scanner>,
}

impl Facts {
    /// Nothing but what is known without asking.
    pub(super) fn unasked(wanted: Wanted) -> Self {
        fn of<T>(wanted: bool) -> Answer<T> {
            if wanted { Answer::Nothing } else { Answer::No }
        }
        Self { print: of(wanted.print), fax: of(wanted.print && wanted.fax), scan: of(wanted.scan) }
    }

    /// Whether everything was answered.
    pub(super) fn whole(&self) -> bool {
        self.print != Answer::Nothing && self.fax != Answer::Nothing && self.scan != Answer::Nothing
    }

    /// Asks for what is not known yet.
    pub(super) async fn ask(&mut self, pool: &Pool) {
        let print = async {
            if self.print == Answer::Nothing {
                self.print = describe(pool, "/ipp/print").await;
            }
            // A printer that does not even say what it prints is not asked what it faxes: that has hung some.
            if matches!(self.print, Answer::Said(_)) && self.fax == Answer::Nothing {
                self.fax = match describe(pool, "/ipp/faxout").await {
                    Answer::Said(_) => Answer::Said(()),
                    Answer::No | Answer::Nothing => Answer::No,
                };
            } else if self.print == Answer::No {
                self.fax = Answer::No;
            }
        };
        let scan = async {
            if self.scan == Answer::Nothing {
                self.scan = scanner(pool).await;
            }
        };
        tokio::join!(print, scan);
    }
}

/// What is worth asking for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    /// IPP.
    pub(super) print: bool,
    /// IPP's fax service.
    pub(super) fax: bool,
    /// eSCL.
    pub(super) scan: bool,
}

async fn describe(pool: &Pool, path: &str) -> Answer<Description> {
    let question = request::get_printer_attributes(&format!("ipp://localhost{path}"), ATTRIBUTES);
    // It changes nothing, so it may be asked again after a 503.
    let call = Call::post(path, request::CONTENT_TYPE, question).repeatable(true);
    match fetch(pool, call).await {
        Answer::Said(answer) => match guard::parse(&answer, Limits::default()).map(|answer| Description::read(&answer))
        {
            Ok(Ok(description)) => Answer::Said(description),
            Ok(Err(refused)) => {
                tracing::debug!(path, %refused, "the printer does not describe itself");
                Answer::Nothing
            }
            Err(error) => {
                tracing::debug!(path, %error, "the printer's description can't be read");
                Answer::Nothing
            }
        },
        Answer::No => Answer::No,
        Answer::Nothing => Answer::Nothing,
    }
}

async fn scanner(pool: &Pool) -> Answer<Scanner> {
    match fetch(pool, Call::get("/eSCL/ScannerCapabilities")).await {
        Answer::Said(document) => escl::read(&document).map_or(Answer::No, Answer::Said),
        Answer::No => Answer::No,
        Answer::Nothing => Answer::Nothing,
    }
}

async fn fetch(pool: &Pool, call: Call) -> Answer<bytes::Bytes> {
    let path = call.path.clone();
    match pool.fetch(call.patience(PATIENCE).limit(LIMIT)).await {
        Ok(reply) if reply.status == StatusCode::OK => Answer::Said(reply.body),
        Ok(reply) => {
            tracing::debug!(path, status = %reply.status, "the printer refuses");
            if reply.status.is_server_error() && reply.status != StatusCode::NOT_IMPLEMENTED {
                Answer::Nothing
            } else {
                Answer::No
            }
        }
        Err(error) => {
            tracing::debug!(path, %error, "the printer does not answer");
            Answer::Nothing
        }
    }
}
