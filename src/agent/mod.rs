//! The one who acts: one task owns the registry; whatever can happen reaches it as one event.

pub mod failure;
pub mod handle;
pub mod view;

pub use failure::{ErrorKind, Failure};
pub use handle::Handle;
