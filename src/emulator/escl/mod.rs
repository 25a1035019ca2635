//! Scanning by eSCL (Mopria Alliance, eSCL Technical Specification 2.97): capabilities, status, one job at a time,
//! its pages one by one. Shapes after a capture of a LaserJet MFP M426 \[C\].

mod documents;
mod jpeg;
mod picture;
mod settings;
#[cfg(test)]
pub(super) mod tests;

use std::path::PathBuf;
use std::time::Duration;

use hyper::Method;
use tokio::time::Instant;

use self::settings::{Settings, Source};
use super::ledm::Reply;
use super::printer::Printer;
use super::services::Scan;

/// A job whose client says nothing for so long is over.
const PATIENCE: Duration = Duration::from_secs(60);
/// After its last page the feeder is empty for so long; then somebody puts a new pile in.
const RELOAD: Duration = Duration::from_secs(2);
/// Jobs that the status remembers.
const REMEMBERED: usize = 10;

/// pwg:JobState and its reason (eSCL 2.97, 9.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Processing,
    Completed,
    Canceled,
    Aborted,
}

impl State {
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Processing => ("Processing", "JobScanning"),
            Self::Completed => ("Completed", "JobCompletedSuccessfully"),
            Self::Canceled => ("Canceled", "JobCanceledByUser"),
            Self::Aborted => ("Aborted", "AbortedBySystem"),
        }
    }
}

#[derive(Clone, Debug)]
struct Job {
    id: u32,
    settings: Settings,
    state: State,
    /// Pages that have been given out.
    done: u32,
    /// Pages that it has in all.
    pages: u32,
    begun: Instant,
    touched: Instant,
}

/// The scanner between two requests.
#[derive(Debug, Default)]
pub(super) struct Scanner {
    jobs: Vec<Job>,
    last: u32,
    /// When the feeder's last sheet went through.
    emptied: Option<Instant>,
}

impl Scanner {
    fn settle(&mut self) {
        for job in &mut self.jobs {
            if job.state == State::Processing && job.touched.elapsed() >= PATIENCE {
                job.state = State::Aborted;
            }
        }
        let surplus = self.jobs.len().saturating_sub(REMEMBERED);
        self.jobs.drain(..surplus);
    }

    fn busy(&self) -> bool {
        self.jobs.iter().any(|job| job.state == State::Processing)
    }

    fn find(&mut self, id: u32) -> Option<&mut Job> {
        self.jobs.iter_mut().find(|job| job.id == id)
    }

    /// Whether sheets lie in the feeder, of a pile of this many.
    fn loaded(&self, pile: u32) -> bool {
        let working =
            self.jobs.iter().find(|job| job.state == State::Processing && job.settings.source == Source::Feeder);
        match working {
            Some(job) => job.done < job.pages,
            None => pile > 0 && self.emptied.is_none_or(|at| at.elapsed() >= RELOAD),
        }
    }
}

/// Answers a request below `/eSCL/`.
pub(super) async fn answer(printer: &Printer, method: &Method, path: &str, host: &str, body: &[u8]) -> Reply {
    let Some(scan) = printer.facts().services.scan else { return Reply::status(404) };
    let Some(below) = path.strip_prefix("/eSCL/") else { return Reply::status(404) };
    match (method, below) {
        (&Method::GET | &Method::HEAD, "ScannerCapabilities") => {
            Reply::document(printer, documents::capabilities(printer, scan))
        }
        (&Method::GET | &Method::HEAD, "ScannerStatus") => Reply::document(printer, documents::status(printer, scan)),
        (&Method::POST, "ScanJobs") => begin(printer, scan, host, body),
        (_, "ScannerCapabilities" | "ScannerStatus" | "ScanJobs") => Reply::status(405),
        _ => match below.strip_prefix("ScanJobs/") {
            Some(job) => of_job(printer, method, job).await,
            None => Reply::status(404),
        },
    }
}

/// POST ScanJobs (eSCL 2.97, 6.3): 201 with the job's place, 503 while there is another, 409 for what can't be.
fn begin(printer: &Printer, scan: &Scan, host: &str, body: &[u8]) -> Reply {
    let Some(settings) = settings::read(body) else { return Reply::status(400) };
    let pile = printer.options().feeder_sheets;
    let mut scanner = printer.services().scanner();
    scanner.settle();
    if scanner.busy() {
        return Reply { headers: vec![("Retry-After", "1".to_owned())], ..Reply::status(503) };
    }
    let pages = match settings.source {
        Source::Platen => 1,
        Source::Feeder if scan.feeder && pile > 0 => pile,
        Source::Feeder => return Reply::status(409),
    };
    if !settings.possible() {
        return Reply::status(409);
    }
    scanner.last += 1;
    let id = scanner.last;
    let now = Instant::now();
    scanner.jobs.push(Job { id, settings, state: State::Processing, done: 0, pages, begun: now, touched: now });
    // Absolute, as HP's printers say it [C, sane-airscan's parser].
    let headers =
        vec![("Location", format!("http://{host}/eSCL/ScanJobs/{id}")), ("Cache-Control", "no-cache".to_owned())];
    Reply { headers, ..Reply::status(201) }
}

async fn of_job(printer: &Printer, method: &Method, below: &str) -> Reply {
    let (id, what) = below.split_once('/').unwrap_or((below, ""));
    let Ok(id) = id.parse() else { return Reply::status(404) };
    match (method, what) {
        (&Method::DELETE, "") => {
            let mut scanner = printer.services().scanner();
            scanner.settle();
            match scanner.find(id) {
                Some(job) => {
                    if job.state == State::Processing {
                        job.state = State::Canceled;
                    }
                    Reply::status(200)
                }
                None => Reply::status(404),
            }
        }
        (&Method::GET, "NextDocument") => next_document(printer, id).await,
        (&Method::GET | &Method::HEAD, "ScanImageInfo") => {
            let mut scanner = printer.services().scanner();
            scanner.settle();
            match scanner.find(id).cloned() {
                Some(job) => Reply::document(printer, documents::image_info(&job)),
                None => Reply::status(404),
            }
        }
        (_, "" | "NextDocument" | "ScanImageInfo") => Reply::status(405),
        _ => Reply::status(404),
    }
}

/// GET NextDocument (eSCL 2.97, 6.4): a page, then 404.
async fn next_document(printer: &Printer, id: u32) -> Reply {
    let (settings, page) = {
        let mut scanner = printer.services().scanner();
        scanner.settle();
        let Some(job) = scanner.find(id) else { return Reply::status(404) };
        if job.state != State::Processing {
            // 410 is for jobs that were canceled or given up.
            return Reply::status(if job.state == State::Completed { 404 } else { 410 });
        }
        job.done += 1;
        job.touched = Instant::now();
        let taken = (job.settings, job.done);
        if job.done == job.pages {
            job.state = State::Completed;
            if job.settings.source == Source::Feeder {
                scanner.emptied = Some(Instant::now());
            }
        }
        taken
    };
    let copy: Option<PathBuf> =
        printer.options().jobs.as_ref().map(|folder| folder.join(format!("scan-{id:04}-page-{page}.png")));
    let drawn = tokio::task::spawn_blocking(move || picture::scan(&settings, page, copy.as_deref())).await;
    match drawn {
        Ok(Ok(image)) => {
            let headers = vec![
                ("Content-Type", settings.format.mime().to_owned()),
                ("Content-Location", format!("/eSCL/ScanJobs/{id}/NextDocument")),
                ("Cache-Control", "no-cache".to_owned()),
            ];
            Reply { headers, body: image.into(), ..Reply::status(200) }
        }
        _ => Reply::status(500),
    }
}
