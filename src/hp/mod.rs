//! What one says to an HP printer. HP publishes no specification: everything here comes from public captures, from
//! tools that work on hardware, and from inference. Each fact carries its mark: \[C\] seen in a capture or in such a
//! tool, \[I\] inferred, \[NF\] looked for and not found.

pub mod cdm;
mod error;
pub mod ledm;
pub mod pml;
#[cfg(test)]
mod testing;

pub use error::{Detail, Error, SetError};
