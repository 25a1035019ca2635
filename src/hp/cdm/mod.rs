//! CDM, HP's later data model: JSON documents under `/cdm`, read and written by HTTP. Smart Tank 580-590 \[C\] and
//! printers of the "Dune" platform speak it; others speak LEDM, and some a few documents of both \[C: Smart Tank 750\].
//!
//! One file per document, each pure: bytes in, a typed value out. The calls that fetch them are [`Cdm`]'s. The
//! printer's own list of services ([`services`]) decides what may be asked and done. Nothing here writes, but for
//! [`Cdm::print`], [`Cdm::scan`] (which makes it listen), [`Cdm::power`], [`Cdm::join`], [`Cdm::reset_network`], and the
//! calls that ask to be let in.
//!
//! No credential is ever sent unasked: adding one turned 200 into 401 on a model that is open \[C: Smart Tank 580-590\].
//! A 400 comes with an empty body \[C\], so the status is all that a refusal tells.

pub mod adapters;
pub mod alerts;
pub mod documents;
pub mod json;
mod letting_in;
pub mod network_reset;
pub mod print;
pub mod redact;
pub mod reports;
pub mod services;
mod station;
#[cfg(test)]
mod station_tests;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
pub mod tokens;
pub mod wifi_networks;
pub mod wireless_config;

use std::sync::Arc;

use bytes::Bytes;

use self::alerts::Alerts;
use self::print::Progress;
use self::reports::{Page, Reports, Version};
use self::services::{Method, Services};
use self::tokens::Bearer;
use crate::hp::error::{Error, never_left, wipe};
use crate::hp::ledm::Transport;
use crate::http::{self, Call, Reply, StatusCode};
use crate::secret::Token;

/// A body as CDM takes it \[C: HPLIP\].
const JSON: &str = "application/json";

/// A CDM printer.
#[derive(Clone)]
pub struct Cdm<T = http::Pool> {
    pool: T,
    services: Arc<Services>,
    token: Option<Token>,
}

impl<T: Transport> Cdm<T> {
    /// Asks what the printer serves. `None`: it has no such list, and so no CDM.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn discover(pool: T) -> Result<Option<Self>, Error> {
        const RESOURCE: &str = "list of services";
        let cdm = Self::with_services(pool, Services::default());
        match cdm.get(RESOURCE, services::PATH, services::parse).await {
            Ok(services) => Ok(Some(Self { services: Arc::new(services), ..cdm })),
            Err(Error::NotExposed { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// One whose list of services is known.
    #[must_use]
    pub fn with_services(pool: T, services: impl Into<Arc<Services>>) -> Self {
        Self { pool, services: services.into(), token: None }
    }

    /// The same printer, for whom it has let in.
    #[must_use]
    pub fn let_in(&self, token: Token) -> Self
    where
        T: Clone,
    {
        Self { pool: self.pool.clone(), services: Arc::clone(&self.services), token: Some(token) }
    }

    /// What it serves.
    #[must_use]
    pub fn services(&self) -> &Services {
        &self.services
    }

    /// The pages that it can print by itself. `None`: it names no such list.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn reports(&self) -> Result<Option<Reports>, Error> {
        self.read("list of reports", reports::PATH, reports::parse).await
    }

    /// Whether a page can be asked for: the list of services says so, or the list of reports itself \[C\].
    #[must_use]
    pub fn prints(&self, reports: &Reports) -> bool {
        let linked = reports.print.as_ref().is_some_and(|link| link.methods.allow(Method::Patch));
        linked || self.services.allows(print::PATH, Method::Patch)
    }

    /// Prints one page. Returns when the printer has taken it; [`Cdm::print_progress`] tells when it is out. It is sent
    /// once and never again.
    ///
    /// # Errors
    /// [`Error::Busy`] and [`Error::Refused`]: nothing was printed. [`Error::Uncertain`]: that is not known.
    pub async fn print(&self, page: Page, version: &Version) -> Result<(), Error> {
        let call = patch(print::PATH, print::compose(page, version)).repeatable(false);
        match self.send(call).await {
            Ok(status) if status.is_success() => Ok(()),
            Ok(status) => Err(Error::of("report", status)),
            Err(Error::Http(error)) if !never_left(&error) => Err(Error::Uncertain(error)),
            Err(error) => Err(error),
        }
    }

    /// How the last page goes.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn print_progress(&self) -> Result<Progress, Error> {
        self.get("progress of its report", print::PATH, print::parse).await
    }

    /// What is in its way. None where it does not say.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn alerts(&self) -> Result<Alerts, Error> {
        Ok(self.read("list of alerts", alerts::PATH, alerts::parse).await?.unwrap_or_default())
    }

    /// Reads a document that a model may not have, if it names it.
    async fn read<D>(
        &self,
        resource: &'static str,
        path: &str,
        parse: impl Fn(&[u8]) -> Result<D, json::Error>,
    ) -> Result<Option<D>, Error> {
        if !self.services.allows(path, Method::Get) {
            return Ok(None);
        }
        match self.get(resource, path, parse).await {
            Ok(document) => Ok(Some(document)),
            Err(Error::NotExposed { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Reads a document.
    async fn get<D>(
        &self,
        resource: &'static str,
        path: &str,
        parse: impl Fn(&[u8]) -> Result<D, json::Error>,
    ) -> Result<D, Error> {
        let reply = self.fetch(Call::get(path).limit(json::MAX_BYTES)).await?;
        let document = match reply.status {
            StatusCode::OK => parse(&reply.body).map_err(|detail| document(resource, detail)),
            status => Err(Error::of(resource, status)),
        };
        // One of them holds a passphrase.
        wipe(reply.body);
        document
    }

    /// One call, with the token where there is one.
    async fn fetch(&self, call: Call) -> Result<Reply, Error> {
        let bearer = self.token.clone().map(|token| Arc::new(Bearer(token)) as Arc<dyn http::Authorize>);
        let reply = self.pool.fetch(call.authorize(bearer)).await?;
        if reply.status != StatusCode::UNAUTHORIZED {
            return Ok(reply);
        }
        wipe(reply.body);
        Err(if self.token.is_some() { Error::AuthFailed } else { Error::NotLetIn })
    }

    /// Sends a document, of whose answer only the status counts.
    async fn send(&self, call: Call) -> Result<StatusCode, Error> {
        match self.fetch(call).await {
            Ok(reply) => {
                // Some answer with what they were told.
                wipe(reply.body);
                Ok(reply.status)
            }
            // 202: taken, and being worked on.
            Err(Error::Http(http::Error::StillWorking { .. })) => Ok(StatusCode::ACCEPTED),
            Err(Error::Http(http::Error::StillBusy { .. })) => Err(Error::Busy),
            Err(error) => Err(error),
        }
    }
}

/// A `PATCH`. Repeated only after a 503, which says that nothing was done.
fn patch(path: &str, body: impl Into<Bytes>) -> Call {
    Call { method: http::Method::PATCH, ..Call::put(path, JSON, body) }.limit(json::MAX_BYTES)
}

/// A document that can't be used.
fn document(resource: &'static str, detail: json::Error) -> Error {
    Error::Document { resource, detail: detail.into() }
}
