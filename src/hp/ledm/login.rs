//! The administrator's login: HTTP Digest (RFC 7616) as user `admin`, asked for by 401 on writes where a password is
//! set \[C\]; most documents are read without \[C\]. Whether USB is exempt is not known \[NF\].
//!
//! A call that got 401 was not done, so it is repeated with the answer, also a page that is printed. A password that was
//! refused is never tried again. Basic is not answered: it would show the password, and of HP's it is known only
//! that it made a printer refuse what had been open \[C: Smart Tank 580-590\].

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http_auth::digest::{Algorithm, DigestClient, Qop};
use http_auth::{ChallengeParser, ChallengeRef, ParamValue, PasswordParams};
use tokio::sync;
use tracing::debug;

use super::{Transport, wipe};
use crate::http::{self, Authorize, Call, HeaderMap, HeaderValue, Reply, StatusCode, header};
use crate::secret::Password;

/// The name of the administrator \[C\].
const USER: &str = "admin";
/// The longest WWW-Authenticate that is looked at, in bytes. RFC 7616's own, with two challenges, has 430.
const MAX_HEADER: usize = 2048;
/// The most of them, and of the challenges in one.
const MAX_CHALLENGES: usize = 8;

/// What the printer wants to have answered.
pub(super) struct Challenge {
    /// With the count of the answers, which rises.
    client: Mutex<DigestClient>,
    pub(super) nonce: String,
    /// The nonce before was too old; the password was right.
    stale: bool,
}

impl Challenge {
    /// The first that can be answered (RFC 7616, 3.7): by MD5 or SHA-256, without the body in it.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let values = headers.get_all(header::WWW_AUTHENTICATE).iter().take(MAX_CHALLENGES);
        values
            .filter(|value| value.len() <= MAX_HEADER)
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| ChallengeParser::new(value).map_while(Result::ok).take(MAX_CHALLENGES))
            .find_map(Self::parse)
    }

    fn parse(mut challenge: ChallengeRef<'_>) -> Option<Self> {
        // Printers write it as they like; its letters' case does not matter (RFC 7235, 2.1).
        for (name, value) in &mut challenge.params {
            let said = value.to_unescaped();
            if name.eq_ignore_ascii_case("algorithm")
                && let Some(known) = ["MD5", "SHA-256"].into_iter().find(|known| said.eq_ignore_ascii_case(known))
            {
                *value = ParamValue::try_from_escaped(known).ok()?;
            }
        }
        let client = DigestClient::try_from(&challenge).ok()?;
        // Left out: `-sess`, as how often a session's key is made anew is told differently; and `auth-int` alone, which
        // http-auth 0.1.10 answers with the body where its hash belongs (RFC 7616, 3.4.3).
        let known = matches!(client.algorithm(), Algorithm::Md5 | Algorithm::Sha256) && !client.session();
        let (nonce, stale) = (client.nonce().to_owned(), client.stale());
        let sound = known && client.qop() & Qop::Auth && !nonce.is_empty();
        sound.then(|| Self { client: Mutex::new(client), nonce, stale })
    }

    pub(super) fn client(&self) -> MutexGuard<'_, DigestClient> {
        self.client.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why a call brought nothing.
#[derive(Debug)]
pub(super) enum Unanswered {
    /// The exchange failed.
    Http(http::Error),
    /// The password is wrong.
    Refused,
    /// The printer does not ask so that it can be answered.
    Unknown,
}

impl From<http::Error> for Unanswered {
    fn from(error: http::Error) -> Self {
        Self::Http(error)
    }
}

/// What is known of the password.
#[derive(Clone)]
enum Standing {
    Untried,
    /// The printer took it, in answer to this.
    Accepted(Arc<Challenge>),
    Refused,
}

/// An administrator.
pub(super) struct Login {
    password: Password,
    standing: Mutex<Standing>,
    /// Whoever tries a password of which nothing is known; the others wait for what comes of it.
    trial: sync::Mutex<()>,
}

impl Login {
    /// A password that is no text can't be the printer's, nor can none at all: that is refused at once.
    pub(super) fn new(password: Password) -> Self {
        let possible = str::from_utf8(password.expose()).is_ok_and(|text| !text.is_empty());
        let standing = if possible { Standing::Untried } else { Standing::Refused };
        Self { password, standing: Mutex::new(standing), trial: sync::Mutex::new(()) }
    }

    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn accepted(&self) -> Option<Arc<Challenge>> {
        match &*self.standing() {
            Standing::Accepted(challenge) => Some(Arc::clone(challenge)),
            _ => None,
        }
    }

    fn refused(&self) -> bool {
        matches!(*self.standing(), Standing::Refused)
    }

    /// One call. Documents are asked for without the password first, as most are open; writes carry the answer to the
    /// last challenge from the beginning.
    pub(super) async fn fetch<T: Transport>(self: &Arc<Self>, transport: &T, call: Call) -> Result<Reply, Unanswered> {
        let mut answering = self.accepted().filter(|_| !call.method.is_safe());
        let mut renewed = false;
        let mut trial = None;
        loop {
            let answer = answering.as_ref().map(|challenge| {
                let (login, challenge) = (Arc::clone(self), Arc::clone(challenge));
                Arc::new(Answer { login, challenge }) as Arc<dyn Authorize>
            });
            let reply = transport.fetch(call.clone().authorize(answer)).await?;
            if reply.status != StatusCode::UNAUTHORIZED {
                // What was not understood, or is not there, was still let in; 403 and 5xx may mean anything.
                let let_in = reply.status != StatusCode::FORBIDDEN && !reply.status.is_server_error();
                if let Some(challenge) = answering.filter(|_| let_in) {
                    *self.standing() = Standing::Accepted(challenge);
                }
                return Ok(reply);
            }
            let challenge = Challenge::of(&reply.headers);
            // Some answer with what they were told.
            wipe(reply.body);
            if let Some(before) = &answering {
                let stale = challenge.as_ref().is_some_and(|challenge| challenge.stale);
                // A printer may not say `stale` of a nonce that it has forgotten. A password that it took before is
                // good for one more answer then.
                let forgotten = self.accepted().is_some()
                    && challenge.as_ref().is_some_and(|challenge| challenge.nonce != before.nonce);
                if stale && renewed {
                    // The password is right, and does not help.
                    return Err(Unanswered::Unknown);
                }
                if renewed || !(stale || forgotten) {
                    debug!(path = call.path, "the printer does not take the administrator's password");
                    *self.standing() = Standing::Refused;
                }
                renewed = true;
            }
            if self.refused() {
                return Err(Unanswered::Refused);
            }
            let Some(challenge) = challenge else { return Err(Unanswered::Unknown) };
            if trial.is_none() && self.accepted().is_none() {
                trial = Some(self.trial.lock().await);
            }
            if self.refused() {
                return Err(Unanswered::Refused);
            }
            debug!(path = call.path, "the printer asks for its administrator's password");
            answering = Some(Arc::new(challenge));
        }
    }
}

/// The password in answer to one challenge.
pub(super) struct Answer {
    pub(super) login: Arc<Login>,
    pub(super) challenge: Arc<Challenge>,
}

impl Authorize for Answer {
    fn authorization(&self, call: &Call) -> Option<HeaderValue> {
        let answer = self.challenge.client().respond(&PasswordParams {
            username: USER,
            password: str::from_utf8(self.login.password.expose()).ok()?,
            uri: &call.path,
            method: call.method.as_str(),
            body: None,
        });
        HeaderValue::try_from(answer.ok()?).ok()
    }
}
