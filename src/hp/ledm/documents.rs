//! The documents in which a printer says what it is and what it can: what is wanted to learn how a model differs.
//!
//! The list is closed. Reading any of these has no effect, as far as is known [C: each was read by public tools on
//! several models]; nothing under `WPS` is in it, where reading may open a session [I], nor a network profile, nor
//! any place that holds credentials.

use crate::http::{self, HeaderMap, Reply, StatusCode};

use super::redact::{Document, Redactor};
use super::xml;
use super::{
    Call, Ledm, Transport, adapters, discovery, internal_print, manifest, product_config, product_status, wipe,
};
use crate::http::Patience;

use std::time::Duration;

/// How long one of them may take: a silent printer shall not cost the others their chance.
const PATIENCE: Patience = Patience { answer: Duration::from_secs(15), total: Duration::from_secs(30) };

/// One of the documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Resource(&'static str);

impl Resource {
    /// All of them, in the order in which they are asked for.
    pub const ALL: [Self; 8] = [
        Self(discovery::PATH),
        Self(internal_print::PATH),
        Self("/DevMgmt/InternalPrintManifest.xml"),
        Self(product_config::PATH),
        Self(product_status::PATH),
        Self(manifest::PATH),
        Self("/IoMgmt/IoMgmtCap.xml"),
        Self(adapters::PATH),
    ];

    /// Its path on the printer.
    #[must_use]
    pub fn path(self) -> &'static str {
        self.0
    }
}

/// What a printer answered.
pub enum Answer {
    /// A document; it may hold secrets.
    Document(Document),
    /// Something else, in words.
    Other(String),
}

impl<T: Transport> Ledm<T> {
    /// Reads one of the documents.
    ///
    /// # Errors
    /// When there was no whole answer. An answer of any status and kind is none.
    pub async fn document(&self, resource: Resource) -> Result<Answer, http::Error> {
        let reply = self.pool.fetch(Call::get(resource.path()).limit(xml::MAX_BYTES).patience(PATIENCE)).await?;
        Ok(read(reply))
    }
}

fn read(reply: Reply) -> Answer {
    let status = reply.status.as_u16();
    let bytes = reply.body.len();
    let answer = match reply.status {
        StatusCode::OK => match Document::read(&reply.body) {
            Ok(document) => Answer::Document(document),
            Err(error) => Answer::Other(format!(
                "HTTP 200, {}, {bytes} bytes, left out because it is not XML that can be redacted: {error}",
                kind(&reply.headers)
            )),
        },
        StatusCode::NOT_FOUND => Answer::Other("HTTP 404: this printer has no such document".to_owned()),
        _ => Answer::Other(format!("HTTP {status}, {}, {bytes} bytes, left out", kind(&reply.headers))),
    };
    wipe(reply.body);
    answer
}

/// What a body is said to be, in words that are not the printer's.
pub(in crate::hp) fn kind(headers: &HeaderMap) -> &'static str {
    const KINDS: [&str; 7] = [
        "text/xml",
        "application/xml",
        "application/json",
        "text/html",
        "text/plain",
        "application/octet-stream",
        "multipart/",
    ];
    let said = headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let said = said.trim().to_ascii_lowercase();
    match KINDS.iter().find(|kind| said.starts_with(**kind)) {
        Some(kind) => kind,
        None if said.is_empty() => "of no stated type",
        None => "of another type",
    }
}

/// Remembers what is private in these, for all that are written from now on.
pub fn learn(redactor: &mut Redactor, answers: &[(Resource, Answer)]) {
    for (_, answer) in answers {
        if let Answer::Document(document) = answer {
            redactor.learn(document);
        }
    }
}

/// Without what is private: paths and texts, in their order.
#[must_use]
pub fn written(redactor: &Redactor, answers: Vec<(Resource, Answer)>) -> Vec<(Resource, String)> {
    let text = |answer| match answer {
        Answer::Document(document) => redactor.write(&document),
        Answer::Other(words) => words,
    };
    answers.into_iter().map(|(resource, answer)| (resource, text(answer))).collect()
}
