//! Transfer buffers between two uses.

use std::sync::{Arc, Mutex, PoisonError};

use super::{DEEP, LARGE};

/// Buffers that are not in flight. A [`Chunk`] gives its buffer back when its last reader drops it.
#[derive(Default)]
pub(super) struct Shelf {
    pub(super) open: bool,
    pub(super) buffers: Vec<Vec<u8>>,
}

pub(super) type SharedShelf = Arc<Mutex<Shelf>>;

pub(super) fn shelve(shelf: &SharedShelf, buffer: Vec<u8>) {
    let mut shelf = shelf.lock().unwrap_or_else(PoisonError::into_inner);
    if shelf.open && buffer.capacity() <= LARGE && shelf.buffers.len() < DEEP + 1 {
        shelf.buffers.push(buffer);
    }
}

/// A filled IN buffer, lent to whoever holds the [`Bytes`] made of it.
pub(super) struct Filled {
    pub(super) buffer: Vec<u8>,
    pub(super) length: usize,
    pub(super) shelf: SharedShelf,
}

impl AsRef<[u8]> for Filled {
    fn as_ref(&self) -> &[u8] {
        self.buffer.get(..self.length).unwrap_or(&self.buffer)
    }
}

impl Drop for Filled {
    fn drop(&mut self) {
        shelve(&self.shelf, std::mem::take(&mut self.buffer));
    }
}
