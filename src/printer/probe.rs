//! From a device to what it can be asked for. Nothing here writes, and nothing GETs a resource that may have
//! a side effect.

use std::sync::Arc;

use crate::http;
use crate::printer::capability::{Capabilities, ReportKind};
pub use crate::printer::recognise::{Recognised, recognise};

/// What a printer can be asked for.
#[derive(Clone, Debug)]
pub struct Facts {
    /// With the evidence for each.
    pub capabilities: Capabilities,
    /// The reports it can print.
    pub reports: Vec<ReportKind>,
    /// What its user should know, in a sentence; empty for nothing.
    pub remark: String,
}

/// Asks a printer what it can do.
///
/// # Errors
/// When it does not answer, or nonsense.
pub async fn inquire(_recognised: &Recognised, _pool: &http::Pool) -> Result<Facts, http::Error> {
    let _ = Arc::new(());
    Err(http::Error::Closed)
}
