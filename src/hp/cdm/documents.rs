//! The documents in which a CDM printer says what it is and what it can: what is wanted to learn how a model differs.
//!
//! The list is closed. Reading any of these has no effect, as far as is known \[C: public tools read them\]. Not in it:
//! `wirelessConfig`, which gives the stored passphrase back \[C: Smart Tank 580-590\], and whatever lets somebody in.

use std::time::Duration;

use super::redact::{self, Document};
use super::services::Method;
use super::{Cdm, Transport, adapters, alerts, json, network_reset, print, reports, services, wifi_networks};
use crate::hp::error::wipe;
use crate::hp::ledm::documents::kind;
use crate::hp::ledm::redact::Redactor;
use crate::http::{self, Call, Patience, Reply, StatusCode};

/// How long one of them may take: a silent printer shall not cost the others their chance.
const PATIENCE: Patience = Patience { answer: Duration::from_secs(15), total: Duration::from_secs(30) };

/// One of the documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Resource {
    path: &'static str,
    /// What names it in the printer's own list: itself, or what it belongs to.
    named: &'static str,
}

const fn itself(path: &'static str) -> Resource {
    Resource { path, named: path }
}

impl Resource {
    /// The printer's list of all the others: what does not give it has no CDM.
    pub const LIST: Self = itself(services::PATH);

    /// All others, in the order in which they are asked for.
    pub const ALL: [Self; 11] = [
        itself("/cdm/system/v1/identity"),
        itself("/cdm/system/v1/status"),
        itself(reports::PATH),
        itself(print::PATH),
        itself(alerts::PATH),
        itself("/cdm/ioConfig/v2/capabilities"),
        itself(adapters::PATH),
        itself(wifi_networks::PATH),
        // Which method and body it takes, nobody has published \[NF\].
        itself(network_reset::PATH),
        Self { path: network_reset::CONSTRAINTS, named: network_reset::PATH },
        itself("/cdm/remoteAuthentication/v1/config"),
    ];

    /// Its path on the printer.
    #[must_use]
    pub fn path(self) -> &'static str {
        self.path
    }
}

/// What a printer answered.
pub enum Answer {
    /// A document; it may hold secrets.
    Document(Document),
    /// Something else, in words.
    Other(String),
}

impl<T: Transport> Cdm<T> {
    /// Whether the printer's own list names it, and lets it be read. What a resource takes can be read where it can only be
    /// written itself \[C: `<uri>/constraints`\].
    #[must_use]
    pub fn offers(&self, resource: Resource) -> bool {
        let Resource { path, named } = resource;
        if path == named { self.services().allows(path, Method::Get) } else { self.services().names(named) }
    }

    /// Reads one of the documents.
    ///
    /// # Errors
    /// When there was no whole answer. An answer of any status and kind is none.
    pub async fn document(&self, resource: Resource) -> Result<Answer, http::Error> {
        let reply = self.pool.fetch(Call::get(resource.path).limit(json::MAX_BYTES).patience(PATIENCE)).await?;
        Ok(read(reply))
    }
}

fn read(reply: Reply) -> Answer {
    let (status, bytes) = (reply.status.as_u16(), reply.body.len());
    let answer = match reply.status {
        StatusCode::OK => match Document::read(&reply.body) {
            Ok(document) => Answer::Document(document),
            Err(error) => Answer::Other(format!(
                "HTTP 200, {}, {bytes} bytes, left out because it is not JSON that can be redacted: {error}",
                kind(&reply.headers)
            )),
        },
        StatusCode::NOT_FOUND => Answer::Other("HTTP 404: this printer has no such document".to_owned()),
        _ => Answer::Other(format!("HTTP {status}, {}, {bytes} bytes, left out", kind(&reply.headers))),
    };
    wipe(reply.body);
    answer
}

/// Remembers what is private in these, for all that are written from now on.
pub fn learn(redactor: &mut Redactor, answers: &[(Resource, Answer)]) {
    for (_, answer) in answers {
        if let Answer::Document(document) = answer {
            redact::learn(redactor, document);
        }
    }
}

/// Without what is private: paths and texts, in their order.
#[must_use]
pub fn written(redactor: &Redactor, answers: Vec<(Resource, Answer)>) -> Vec<(Resource, String)> {
    let text = |answer| match answer {
        Answer::Document(document) => redact::write(redactor, &document),
        Answer::Other(words) => words,
    };
    answers.into_iter().map(|(resource, answer)| (resource, text(answer))).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::super::testing::{Script, fixture};
    use super::*;

    #[test]
    fn none_of_them_holds_a_secret_or_writes() {
        for Resource { path, named } in Resource::ALL.into_iter().chain([Resource::LIST]) {
            assert!(path.starts_with("/cdm/") && path.starts_with(named));
            let folded = path.to_lowercase();
            for word in ["wirelessconfig", "profile", "oauth", "token", "pushbutton", "password", "wps"] {
                assert!(!folded.contains(word), "{path}");
            }
        }
    }

    #[tokio::test]
    async fn documents_are_read_from_a_closed_list_and_where_they_are_named() {
        let script = Script::default()
            .answers("GET /cdm/servicesDiscovery", 200, fixture("services.json"))
            .answers("GET /cdm/ioConfig/v2/adapterConfigs", 200, fixture("adapters.json"))
            .answers("GET /cdm/report/v1/reports", 401, "76543210")
            .answers("GET /cdm/alert/v1/alerts", 200, "<html>76543210</html>")
            .answers("GET /cdm/ioConfig/v2/wifiScan", 404, "76543210");
        let cdm = script.cdm();
        let mut answers = vec![(Resource::LIST, cdm.document(Resource::LIST).await.unwrap())];
        for path in [adapters::PATH, reports::PATH, alerts::PATH, wifi_networks::PATH] {
            let resource = Resource::ALL.into_iter().find(|resource| resource.path() == path).unwrap();
            assert!(cdm.offers(resource), "{path}");
            answers.push((resource, cdm.document(resource).await.unwrap()));
        }
        script.is_over();
        let mut redactor = Redactor::default();
        learn(&mut redactor, &answers);
        let texts: Vec<String> = written(&redactor, answers).into_iter().map(|(_, text)| text).collect();
        assert!(texts[0].contains("\"/cdm/ioConfig/v2/wirelessConfig\""), "{}", texts[0]);
        assert!(texts[1].contains("\"macAddress\": \"[private]\""), "{}", texts[1]);
        assert_eq!(texts[2], "HTTP 401, of no stated type, 8 bytes, left out");
        assert!(texts[3].starts_with("HTTP 200, of no stated type, 21 bytes, left out"), "{}", texts[3]);
        assert_eq!(texts[4], "HTTP 404: this printer has no such document");
        let all = texts.concat();
        for private in ["76543210", "0200", "192.0.2", "Example"] {
            assert!(!all.contains(private), "{private} in {all}");
        }
        assert!(!Script::default().cdm().offers(Resource { path: "/cdm/x", named: "/cdm/x" }));
    }
}
