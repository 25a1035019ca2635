//! What a printer says by IPP over USB, where it does not speak its maker's own protocol.

use std::time::Duration;

use crate::http::{self, Call, Patience, StatusCode};
use crate::ipp::attributes::PrinterAttributes;
use crate::ipp::identify::{self, Action};
use crate::ipp::station::{self, Settable, Station};
use crate::ipp::{self, Ipp};
use crate::printer::capability::{Capability, Evidence};
use crate::printer::probe::Offered;

/// For a page; one that is starting says 503 meanwhile.
const PATIENCE: Patience = Patience { answer: Duration::from_secs(15), total: Duration::from_secs(30) };
/// The largest page that is read, in bytes.
const LIMIT: usize = 1 << 20;
/// What is asked for, besides what the views need.
const REQUESTED: [&str; 4] = ["printer-uuid", "printer-make-and-model", "printer-device-id", "printer-state"];

/// What answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// IPP.
    Printer(Box<Told>),
    /// No IPP, but something: web pages, or a scanner.
    Other,
    /// Every request with 404: it has the interfaces and nothing behind them (ipp-usb's issue 51, sane-airscan's 68).
    Nothing,
}

/// What it tells by IPP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) attributes: PrinterAttributes,
    /// Its Wi-Fi; `None` where it tells of none.
    pub(super) station: Option<Station>,
    /// How it can show which one it is.
    pub(super) identify: Vec<Action>,
}

impl Told {
    /// What it can be asked for.
    pub(super) fn offered(&self) -> Offered {
        let mut offered = Offered::default();
        let mut can = |capability, evidence| offered.capabilities.insert(capability, evidence);
        can(Capability::Print, Evidence::Listed);
        if !self.identify.is_empty() {
            can(Capability::Identify, Evidence::Listed);
        }
        if let Some(station) = &self.station {
            if station.state.is_some() {
                can(Capability::WifiStatus, Evidence::Listed);
            }
            match station.settable {
                Settable::Listed => _ = can(Capability::WifiJoin, Evidence::Listed),
                // As CUPS documents it; no printer is known that does it [I].
                Settable::InitialSetup => _ = can(Capability::WifiJoin, Evidence::Assumed),
                Settable::No => {}
            }
        }
        offered
    }
}

/// How a printer that speaks its maker's protocol too can show which one it is. Empty where it does not say.
pub(super) async fn identify(pool: &http::Pool) -> Vec<Action> {
    match Ipp::new(pool.clone()).attributes(identify::ATTRIBUTES).await {
        Ok(answer) => identify::actions(&answer),
        Err(error) => {
            tracing::info!(%error, "the printer does not say by IPP how it can show itself");
            Vec::new()
        }
    }
}

/// Asks. Nothing is done by it.
///
/// # Errors
/// Where it can't be reached, or gives no answer.
pub(super) async fn ask(pool: &http::Pool) -> Result<Answer, http::Error> {
    let requested: Vec<&str> = [&REQUESTED[..], station::ATTRIBUTES, identify::ATTRIBUTES].concat();
    match Ipp::new(pool.clone()).attributes(&requested).await {
        Ok(answer) => {
            if let Ok(attributes) = PrinterAttributes::read(&answer) {
                let (station, identify) = (Station::read(&answer), identify::actions(&answer));
                return Ok(Answer::Printer(Box::new(Told { attributes, station, identify })));
            }
            return Ok(Answer::Other);
        }
        Err(ipp::Error::Status { status }) if status == StatusCode::NOT_FOUND.as_u16() => {}
        Err(ipp::Error::Http(error) | ipp::Error::Unconfirmed(error)) => return Err(error),
        Err(_) => return Ok(Answer::Other),
    }
    for path in ["/eSCL/ScannerCapabilities", "/"] {
        let reply = pool.fetch(Call::get(path).limit(LIMIT).patience(PATIENCE)).await?;
        if reply.status != StatusCode::NOT_FOUND {
            return Ok(Answer::Other);
        }
    }
    Ok(Answer::Nothing)
}
