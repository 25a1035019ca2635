//! From a device to what it can be asked for. Nothing here writes, and nothing GETs a resource that may have
//! a side effect.

use std::sync::Arc;

use crate::http;
use crate::printer::capability::{Capabilities, ReportKind};
use crate::printer::identity::PrinterId;
use crate::usb::{self, Arrival, Device, descriptor::Function};

/// What a device's descriptors and strings say.
#[derive(Clone, Debug)]
pub struct Recognised {
    /// Who it is.
    pub id: PrinterId,
    /// Manufacturer, cleaned.
    pub manufacturer: String,
    /// Model, cleaned.
    pub model: String,
    /// Serial number, cleaned; empty where it has none.
    pub serial_number: String,
    /// The ways to reach HTTP, best first.
    pub functions: Vec<Function>,
    /// Why there is none as it is, and what to do.
    pub mute: Option<&'static str>,
}

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

/// Looks at a device. `None`: it is no printer that can be reached through HTTP.
///
/// # Errors
/// The cable's.
pub async fn recognise(_device: &dyn Device, _arrival: &Arrival) -> Result<Option<Recognised>, usb::Error> {
    Ok(None)
}

/// Asks a printer what it can do.
///
/// # Errors
/// When it does not answer, or nonsense.
pub async fn inquire(_recognised: &Recognised, _pool: &http::Pool) -> Result<Facts, http::Error> {
    let _ = Arc::new(());
    Err(http::Error::Closed)
}
