//! Which printer has which mode: a line for each that is not driven by us, in `modes` in the folder of state.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::agent::view::Mode;
use crate::printer::identity::PrinterId;
use crate::store::{self, Save};

/// Printers that are remembered.
const MOST: usize = 4096;

const HEADER: &str = "# plugprint: printers that it does not drive, by the user's wish (`plugprint mode`).\n";

/// The modes of all printers.
#[derive(Debug, Default)]
pub(super) struct Modes {
    file: Option<PathBuf>,
    known: Arc<Mutex<BTreeMap<PrinterId, Mode>>>,
    /// Held while the file is written, so that what was set last is what stays.
    writing: Arc<tokio::sync::Mutex<()>>,
}

impl Modes {
    /// What is remembered in this folder; nothing, and nothing is written, where there is none.
    pub(super) fn remembered(folder: Option<&Path>) -> Self {
        let Some(file) = folder.map(|folder| folder.join("modes")) else { return Self::default() };
        let known = match store::read(&file) {
            Ok(text) => parse(&text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => {
                tracing::warn!(file = %file.display(), %error, "the printers' modes can't be read");
                BTreeMap::new()
            }
        };
        Self { file: Some(file), known: Arc::new(Mutex::new(known)), writing: Arc::default() }
    }

    pub(super) fn of(&self, printer: &PrinterId) -> Mode {
        lock(&self.known).get(printer).copied().unwrap_or_default()
    }

    /// It is so from now on. What is given writes it down.
    pub(super) fn set(&self, printer: &PrinterId, mode: Mode) -> impl Future<Output = io::Result<()>> + Send + use<> {
        let changed = {
            let mut known = lock(&self.known);
            match mode {
                Mode::Driverless => known.remove(printer).is_some(),
                mode => known.len() < MOST && known.insert(printer.clone(), mode) != Some(mode),
            }
        };
        let file = self.file.clone().filter(|_| changed);
        let (known, writing) = (Arc::clone(&self.known), Arc::clone(&self.writing));
        async move {
            let Some(file) = file else { return Ok(()) };
            let _alone = writing.lock().await;
            let text = text(&lock(&known));
            tokio::task::spawn_blocking(move || Save { file, text }.write()).await?
        }
    }
}

fn lock(known: &Mutex<BTreeMap<PrinterId, Mode>>) -> MutexGuard<'_, BTreeMap<PrinterId, Mode>> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}

fn text(known: &BTreeMap<PrinterId, Mode>) -> String {
    let mut text = HEADER.to_owned();
    for (id, mode) in known {
        let _ = writeln!(text, "{id} {}", mode.name());
    }
    text
}

fn parse(text: &str) -> BTreeMap<PrinterId, Mode> {
    let entry = |line: &str| {
        let (id, mode) = line.split_once(' ')?;
        Some((PrinterId::from_text(id)?, Mode::from_name(mode.trim())?))
    };
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let known: BTreeMap<_, _> = lines
        .filter_map(|line| {
            let known = entry(line);
            if known.is_none() {
                tracing::warn!("a line of the printers' modes can't be understood and is left out");
            }
            known
        })
        .filter(|(_, mode)| *mode != Mode::Driverless)
        .take(MOST)
        .collect();
    known
}
