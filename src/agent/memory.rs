//! What the agent has found out about single printers by itself, and remembers over a restart.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::http::{Manner, Reset as How, Restraint};
use crate::printer::identity::PrinterId;
use crate::printer::probe::Recognised;
use crate::printer::quirks::{Quirk, Quirks, Source};
use crate::store::{self, Save};
use crate::usb::{Arrival, Topology};

/// The file in the state folder: an id of a printer that gets one link on each line.
const ONE_LINK: &str = "one-link";
/// Printers that are remembered.
const MOST: usize = 4096;
/// As ipp-usb's quirk files name it.
const MAX_INTERFACES: &str = "usb-max-interfaces";
/// A device that left the bus at a reset and comes back to the same socket within this time is not reset again: it would
/// never come to anything. Some need a minute or two to start.
const RESET_PAUSE: Duration = Duration::from_secs(5 * 60);

#[derive(Default)]
struct Known {
    one_link: BTreeSet<String>,
    resets: BTreeMap<Place, Reset>,
    /// Of the printer that was at each port last.
    restraints: BTreeMap<Topology, (PrinterId, Restraint)>,
}

/// A socket, and what is in it: vendor and product.
type Place = (Topology, u16, u16);

/// The reset of a device before anything else, which a quirk file wishes.
struct Reset {
    /// When it was made, or the device seen again after it.
    at: Instant,
    /// Which device it was. `None`: it was not known yet.
    id: Option<PrinterId>,
}

/// A cheap clone.
#[derive(Clone, Default)]
pub(super) struct Memory {
    file: Option<Arc<PathBuf>>,
    known: Arc<Mutex<Known>>,
}

impl Memory {
    /// What is remembered in this folder; `None`: nothing, and nothing will be.
    pub(super) fn of(folder: Option<PathBuf>) -> Self {
        let file = folder.map(|folder| folder.join(ONE_LINK));
        let one_link = match file.as_deref().map(store::read) {
            Some(Ok(text)) => text.lines().filter(|line| !line.is_empty()).take(MOST).map(str::to_owned).collect(),
            Some(Err(error)) if error.kind() != std::io::ErrorKind::NotFound => {
                tracing::warn!(%error, "what was found out about printers can't be read");
                BTreeSet::new()
            }
            _ => BTreeSet::new(),
        };
        Self { file: file.map(Arc::new), known: Arc::new(Mutex::new(Known { one_link, ..Known::default() })) }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds what is known to what the files say.
    pub(super) fn recall(&self, id: &PrinterId, quirks: &mut Quirks) {
        if self.known().one_link.contains(id.as_str()) {
            one_link(quirks);
        }
    }

    /// This printer gets one link from now on. Gives what is to be written.
    pub(super) fn learn_one_link(&self, id: &PrinterId) -> Option<Save> {
        let mut known = self.known();
        if known.one_link.len() >= MOST || !known.one_link.insert(id.as_str().to_owned()) {
            return None;
        }
        let mut text = known.one_link.iter().cloned().collect::<Vec<_>>().join("\n");
        text.push('\n');
        Some(Save { file: self.file.as_deref()?.clone(), text })
    }

    /// Whether a device may be reset now, before it is known which one it is. Who is told so does it.
    pub(super) fn may_reset(&self, arrival: &Arrival) -> bool {
        let (now, mut known) = (Instant::now(), self.known());
        known.resets.retain(|_, reset| now - reset.at < RESET_PAUSE);
        match known.resets.entry(place(arrival)) {
            Entry::Occupied(mut before) => {
                before.get_mut().at = now;
                false
            }
            Entry::Vacant(never) => {
                never.insert(Reset { at: now, id: None });
                true
            }
        }
    }

    /// How a device that may have been reset already is spoken to.
    pub(super) fn manner(&self, arrival: &Arrival, recognised: &Recognised) -> Manner {
        let mut manner = recognised.quirks.manner.clone();
        if manner.init_reset != How::Hard {
            return manner;
        }
        let (now, mut known) = (Instant::now(), self.known());
        known.resets.retain(|_, reset| now - reset.at < RESET_PAUSE);
        let id = Some(recognised.id.clone());
        let before = known.resets.insert(place(arrival), Reset { at: now, id });
        // Another one of the same model has taken its socket meanwhile, where the id is another one.
        if before.is_some_and(|before| before.id.is_none_or(|id| id == recognised.id)) {
            manner.init_reset = How::None;
        }
        manner
    }

    /// What recovery has done to this printer before. A reset may make a device leave the bus and come back; one that
    /// is dead is not reset for ever by that.
    pub(super) fn restraint(&self, at: &Topology, id: &PrinterId) -> Restraint {
        let mut known = self.known();
        let (whose, restraint) =
            known.restraints.entry(at.clone()).or_insert_with(|| (id.clone(), Restraint::default()));
        if whose != id {
            (*whose, *restraint) = (id.clone(), Restraint::default());
        }
        restraint.clone()
    }
}

fn place(arrival: &Arrival) -> Place {
    (arrival.topology.clone(), arrival.vendor_id, arrival.product_id)
}

/// As it shows among the quirks.
pub(super) fn one_link(quirks: &mut Quirks) {
    quirks.manner.most_links = Some(1);
    quirks.written.insert(MAX_INTERFACES.to_owned(), Quirk { value: "1".to_owned(), source: Source::Learned });
}
