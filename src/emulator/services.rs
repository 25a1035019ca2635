//! What a printer offers besides LEDM: IPP printing and fax, eSCL scanning, its web pages; and the state of it
//! all that outlives the cable.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::escl::Scanner;
use super::faults::Resource;
use super::ipp::Queue;

/// A sheet by its self-describing name (PWG 5101.1), in hundredths of a millimetre.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paper {
    pub name: &'static str,
    pub width: i32,
    pub height: i32,
    /// Comes as photo paper too, which is printed to its edge.
    pub photo: bool,
}

const fn paper(name: &'static str, width: i32, height: i32, photo: bool) -> Paper {
    Paper { name, width, height, photo }
}

const A4: Paper = paper("iso_a4_210x297mm", 21_000, 29_700, true);
const LETTER: Paper = paper("na_letter_8.5x11in", 21_590, 27_940, true);

static PAPERS: [Paper; 8] = [
    A4,
    LETTER,
    paper("na_legal_8.5x14in", 21_590, 35_560, false),
    paper("iso_a5_148x210mm", 14_800, 21_000, false),
    paper("iso_a6_105x148mm", 10_500, 14_800, true),
    paper("na_index-4x6_4x6in", 10_160, 15_240, true),
    paper("na_5x7_5x7in", 12_700, 17_780, true),
    paper("iso_dl_110x220mm", 11_000, 22_000, false),
];

/// What a model prints by IPP.
#[derive(Clone, Copy, Debug)]
pub(super) struct Print {
    pub color: bool,
    pub duplex: bool,
    pub formats: &'static [&'static str],
    /// Dots per inch, both ways; the first is the default.
    pub resolutions: &'static [i32],
    pub papers: &'static [Paper],
    /// What lies in the tray.
    pub ready: &'static Paper,
}

/// How a model scans by eSCL.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scan {
    /// Has a document feeder, for one side.
    pub feeder: bool,
}

/// What a model offers; all but its web pages may be missing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Services {
    pub print: Option<&'static Print>,
    pub scan: Option<&'static Scan>,
    /// `/ipp/faxout` too.
    pub fax: bool,
}

/// Small inkjets take no PDF \[C, OfficeJet 6830\].
static INKJET_PRINT: Print = Print {
    color: true,
    duplex: false,
    formats: &["application/octet-stream", "image/jpeg", "image/urf", "image/pwg-raster"],
    resolutions: &[300, 600],
    papers: &PAPERS,
    ready: &A4,
};

static OFFICE_PRINT: Print = Print {
    color: true,
    duplex: true,
    formats: &["application/octet-stream", "application/pdf", "image/jpeg", "image/urf", "image/pwg-raster"],
    resolutions: &[300, 600],
    papers: &PAPERS,
    ready: &A4,
};

static MONO_PRINT: Print = Print {
    color: false,
    duplex: true,
    formats: &["application/octet-stream", "image/jpeg", "image/urf", "image/pwg-raster"],
    resolutions: &[600, 300],
    papers: &PAPERS,
    ready: &LETTER,
};

/// LEDM and nothing else.
pub(super) static NONE: Services = Services { print: None, scan: None, fax: false };
/// Prints in colour, scans from its glass.
pub(super) static INKJET: Services =
    Services { print: Some(&INKJET_PRINT), scan: Some(&Scan { feeder: false }), fax: false };
/// Prints PDF too and on both sides, scans from glass and feeder, faxes.
pub(super) static OFFICE: Services =
    Services { print: Some(&OFFICE_PRINT), scan: Some(&Scan { feeder: true }), fax: true };
/// Prints in black.
pub(super) static MONO: Services = Services { print: Some(&MONO_PRINT), scan: None, fax: false };

/// What the services remember.
#[derive(Default)]
pub(super) struct State {
    jobs: Mutex<Queue>,
    scanner: Mutex<Scanner>,
}

impl State {
    pub fn jobs(&self) -> MutexGuard<'_, Queue> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn scanner(&self) -> MutexGuard<'_, Scanner> {
        self.scanner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Which of the services' resources a path is; `None` is LEDM's.
pub(super) fn resource(path: &str) -> Option<Resource> {
    Some(match path {
        "/ipp/print" | "/ipp" | "/ipp/" => Resource::Ipp,
        "/ipp/faxout" => Resource::Fax,
        _ if path.starts_with("/eSCL/ScanJobs/") && path.ends_with("/NextDocument") => Resource::Document,
        _ if path.starts_with("/eSCL/") => Resource::Escl,
        _ if super::web::has(path) => Resource::Web,
        _ => return None,
    })
}
