//! LEDM, HP's "Low End Data Model": XML documents under `/DevMgmt` and `/IoMgmt`, read and written by HTTP.
//!
//! One file per document, each pure: bytes in, a typed value out. The calls that fetch them are [`Ledm`]'s; what
//! may be asked for is decided by its caller. Nothing here writes, but for [`Ledm::print`], [`Ledm::power`] and
//! [`Ledm::join`].

pub mod adapters;
pub mod address;
pub mod discovery;
pub mod documents;
pub mod internal_print;
pub mod io_config;
pub mod io_device;
mod login;
#[cfg(test)]
mod login_tests;
pub mod manifest;
pub mod network;
pub mod product_config;
pub mod product_status;
pub mod profile;
pub mod profiles;
pub mod progress;
pub mod protocols;
mod radio;
pub mod redact;
pub mod resource;
pub mod station;
#[cfg(test)]
mod station_tests;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
pub(in crate::hp) mod token;
pub mod vsa_codes;
pub mod wifi_networks;
pub mod wps_pin;
pub mod xml;

use std::future::Future;
use std::sync::Arc;

use self::adapters::{Adapter, Adapters};
use self::internal_print::{Capabilities, Printable, Root};
use self::login::{Challenge, Login, Unanswered};
use self::product_config::ProductConfig;
use self::product_status::Status;
use self::resource::ResourceUri;
use self::xml::Namespace;
pub use crate::hp::error::{Error, SetError};
use crate::hp::error::{never_left, wipe};
use crate::http::{self, Call, Reply, StatusCode, header};
use crate::secret::{Password, Pin};

// The namespaces, without their dates [C: captures of ENVY Photo 7830, Smart Tank 750, LaserJet M182nw].
const DD: Namespace = Namespace::of("http://www.hp.com/schemas/imaging/con/dictionaries/");
const LEDM: Namespace = Namespace::of("http://www.hp.com/schemas/imaging/con/ledm/");
const IPCAP: Namespace = Namespace::of("http://www.hp.com/schemas/imaging/con/ledm/internalprintcap/");
const IPDYN: Namespace = Namespace::of("http://www.hp.com/schemas/imaging/con/ledm/internalprintdyn/");
const PSDYN: Namespace = Namespace::of("http://www.hp.com/schemas/imaging/con/ledm/productstatusdyn/");
const PSCAT: Namespace = Namespace::of("http://www.hp.com/schemas/imaging/con/ledm/productstatuscategories/");
const AD: Namespace = Namespace::of("http://www.hp.com/schemas/imaging/con/ledm/alertdetails/");
const PRDCFG: Namespace = Namespace::of("http://www.hp.com/schemas/imaging/con/ledm/productconfigdyn/");
const IOCONFIG: Namespace = Namespace::of("http://www.hp.com/schemas/imaging/con/ledm/ioconfigdyn/");
const IO: Namespace = Namespace::of("http://www.hp.com/schemas/imaging/con/ledm/iomgmt/");
const MAP: Namespace = Namespace::of("http://www.hp.com/schemas/imaging/con/ledm/resourcemap/");
const MANIFEST: Namespace = Namespace::of("http://www.hp.com/schemas/imaging/con/ledm/manifest/");
const WIFI: Namespace = Namespace::of("http://www.hp.com/schemas/imaging/con/wifi/");

// What is written: the revisions that tools write to printers [C: HPLIP, DeskJet 3750].
const PROLOGUE: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
const IO_WRITTEN: &str = "http://www.hp.com/schemas/imaging/con/ledm/iomgmt/2008/11/30";
const DD_WRITTEN: &str = "http://www.hp.com/schemas/imaging/con/dictionaries/1.0/";
const WIFI_WRITTEN: &str = "http://www.hp.com/schemas/imaging/con/wifi/2009/06/26";

/// What carries the calls. [`http::Pool`] does; tests bring a script.
pub trait Transport: Send + Sync {
    /// One request and its whole response.
    fn fetch(&self, call: Call) -> impl Future<Output = Result<Reply, http::Error>> + Send;
}

impl Transport for http::Pool {
    fn fetch(&self, call: Call) -> impl Future<Output = Result<Reply, http::Error>> + Send {
        http::Pool::fetch(self, call)
    }
}

impl<T: Transport> Transport for &T {
    fn fetch(&self, call: Call) -> impl Future<Output = Result<Reply, http::Error>> + Send {
        T::fetch(self, call)
    }
}

/// An LEDM printer.
#[derive(Clone)]
pub struct Ledm<T = http::Pool> {
    pool: T,
    login: Option<Arc<Login>>,
}

/// A body as LEDM takes it \[C: HPLIP\].
const XML: &str = "text/xml; charset=utf-8";

impl<T: Transport> Ledm<T> {
    /// Talks through these links.
    #[must_use]
    pub fn new(pool: T) -> Self {
        Self { pool, login: None }
    }

    /// The same printer, for its administrator: a challenge of the printer's is answered with this password. It is
    /// tried once; after the printer has refused it, every call that needs it ends in [`Error::AuthFailed`] without
    /// another try, because a printer may lock.
    #[must_use]
    pub fn logged_in(&self, password: Password) -> Self
    where
        T: Clone,
    {
        Self { pool: self.pool.clone(), login: Some(Arc::new(Login::new(password))) }
    }

    /// One call, for the administrator where one is logged in.
    ///
    /// # Errors
    /// [`Error::Http`], and the three of 401.
    async fn fetch(&self, call: Call) -> Result<Reply, Error> {
        let Some(login) = &self.login else {
            let reply = self.pool.fetch(call).await?;
            if reply.status != StatusCode::UNAUTHORIZED {
                return Ok(reply);
            }
            // Nobody is asked for a password that can't be given. What says nothing may be a way to ask for it.
            let asks = reply.headers.contains_key(header::WWW_AUTHENTICATE);
            let in_vain = asks && Challenge::of(&reply.headers).is_none();
            return Err(if in_vain { Error::AuthUnsupported } else { Error::AuthRequired });
        };
        login.fetch(&self.pool, call).await.map_err(|unanswered| match unanswered {
            Unanswered::Http(error) => Error::Http(error),
            Unanswered::Refused => Error::AuthFailed,
            Unanswered::Unknown => Error::AuthUnsupported,
        })
    }

    /// What the printer says that it serves. `None`: it has no such list, and so no LEDM.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn discovery(&self) -> Result<Option<discovery::Tree>, Error> {
        self.read("discovery tree", discovery::PATH, discovery::parse).await
    }

    /// Which printer it is. `None`: it does not say.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn product_config(&self) -> Result<Option<ProductConfig>, Error> {
        self.read("product configuration", product_config::PATH, product_config::parse).await
    }

    /// The pages that it can print by itself. `None`: it has no such list.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn internal_print(&self) -> Result<Option<Capabilities>, Error> {
        self.read("list of internal pages", internal_print::PATH, internal_print::parse).await
    }

    /// What it is doing.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn product_status(&self) -> Result<Status, Error> {
        self.must_read("product status", product_status::PATH, product_status::parse).await
    }

    /// Its network adapters.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn adapters(&self) -> Result<Adapters, Error> {
        self.must_read("list of network adapters", adapters::PATH, adapters::parse).await
    }

    /// The paths of the network adapters' resources. `None`: it has no such list.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn io_manifest(&self) -> Result<Option<Vec<ResourceUri>>, Error> {
        self.read("manifest of network resources", manifest::PATH, manifest::parse).await
    }

    /// Prints one page. Returns when the printer has taken the job; [`progress`] tells when the page is out.
    ///
    /// The job is sent once. Only an answer of 400, which says that the printer did not understand it, brings the
    /// same job in its other form \[C: both are accepted in the field\].
    ///
    /// # Errors
    /// [`Error::Busy`] and [`Error::Refused`]: nothing was printed. [`Error::Uncertain`]: that is not known.
    pub async fn print(&self, job_url: &ResourceUri, page: Printable) -> Result<(), Error> {
        let status = match self.send(job_url, page, Root::Dyn).await? {
            StatusCode::BAD_REQUEST => self.send(job_url, page, Root::Cap).await?,
            status => status,
        };
        match status.as_u16() {
            200 | 201 | 202 | 204 => Ok(()),
            _ => Err(Error::of("internal page", status)),
        }
    }

    async fn send(&self, job_url: &ResourceUri, page: Printable, root: Root) -> Result<StatusCode, Error> {
        let job = internal_print::compose(page, root);
        let call = Call::post(job_url.as_str(), XML, job).limit(xml::MAX_BYTES).repeatable(false);
        match self.fetch(call).await {
            Ok(reply) => Ok(reply.status),
            // 202: taken, and being worked on.
            Err(Error::Http(http::Error::StillWorking { .. })) => Ok(StatusCode::ACCEPTED),
            Err(Error::Http(http::Error::StillBusy { .. })) => Ok(StatusCode::SERVICE_UNAVAILABLE),
            Err(Error::Http(error)) if !never_left(&error) => Err(Error::Uncertain(error)),
            Err(error) => Err(error),
        }
    }

    /// The WPS PIN of the station. Only ever on a user's request, and once for each: asking may make a new PIN
    /// ([`wps_pin`]).
    ///
    /// # Errors
    /// [`Error::NotExposed`] on most models; [`Error::AuthRequired`]; [`Error::Pin`].
    pub async fn wps_pin(&self, station: &Adapter) -> Result<Pin, Error> {
        const RESOURCE: &str = "WPS PIN resource";
        let gone = Error::NotExposed { resource: RESOURCE, status: 404 };
        if station.is_access_point() {
            return Err(gone);
        }
        let uri = station.uri.join(wps_pin::BELOW_ADAPTER).ok_or(gone)?;
        let call = Call::get(uri.as_str()).limit(xml::MAX_BYTES).repeatable(false);
        let reply = self.fetch(call).await.map_err(|error| match error {
            Error::Http(http::Error::StillBusy { .. }) => Error::Busy,
            error => error,
        })?;
        let pin = match reply.status {
            StatusCode::OK => wps_pin::parse(&reply.body),
            status => return Err(Error::of(RESOURCE, status)),
        };
        wipe(reply.body);
        pin.map_err(|error| match error {
            wps_pin::Error::Document(detail) => Error::Document { resource: RESOURCE, detail: detail.into() },
            wps_pin::Error::NoPin => Error::NoPin,
            wps_pin::Error::Pin(error) => Error::Pin(error),
        })
    }

    /// Reads a document that a model may not have.
    async fn read<D>(
        &self,
        resource: &'static str,
        path: &str,
        parse: impl Fn(&[u8]) -> Result<D, xml::Error>,
    ) -> Result<Option<D>, Error> {
        match self.must_read(resource, path, parse).await {
            Ok(document) => Ok(Some(document)),
            Err(Error::NotExposed { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn must_read<D>(
        &self,
        resource: &'static str,
        path: &str,
        parse: impl Fn(&[u8]) -> Result<D, xml::Error>,
    ) -> Result<D, Error> {
        let reply = self.fetch(Call::get(path).limit(xml::MAX_BYTES)).await?;
        let document = match reply.status {
            StatusCode::OK => parse(&reply.body).map_err(|detail| Error::Document { resource, detail: detail.into() }),
            status => Err(Error::of(resource, status)),
        };
        // A profile may hold a passphrase.
        wipe(reply.body);
        document
    }
}
