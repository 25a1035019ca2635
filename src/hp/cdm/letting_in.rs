//! The calls that ask the printer to let somebody in. Each secret is sent once; whoever typed it decides about another.

use bytes::Bytes;
use zeroize::Zeroizing;

use super::services::Method;
use super::tokens::{self, Session, Ways};
use super::{Cdm, JSON, document, json};
use crate::hp::error::{Error, wipe};
use crate::hp::ledm::Transport;
use crate::http::{self, Call, StatusCode};
use crate::secret::{Password, Token};

const ACCESS: &str = "way to let somebody in";

impl<T: Transport> Cdm<T> {
    /// Which ways there are.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn ways(&self) -> Result<Ways, Error> {
        let found = match self.bare().read(ACCESS, tokens::CONFIG, tokens::parse).await {
            Err(error @ Error::Http(_)) => return Err(error),
            found => found.ok().flatten().unwrap_or_default(),
        };
        let posts = |path| self.services.allows(path, Method::Post);
        Ok(Ways {
            push_button: found.push_button && posts(tokens::PUSH_BUTTONS) && posts(tokens::TOKENS),
            label_pin: found.label_pin && posts(tokens::TOKENS),
            password: posts(tokens::OAUTH),
        })
    }

    /// Lights the button that somebody is to press within [`tokens::PRESS_SECONDS`].
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn light_button(&self) -> Result<Session, Error> {
        let session = Session::new();
        let reply = self.ask(tokens::PUSH_BUTTONS, session.begin()).await?;
        // 201 with the session's name [C: HPLIP].
        match reply {
            (status, body) if status.is_success() => Session::read(&body).map_err(|detail| document(ACCESS, detail)),
            (status, _) => Err(Error::of(ACCESS, status)),
        }
    }

    /// The token of a button that was pressed. `None`: nobody has pressed it yet \[I: which status says so is not
    /// published; 409 says of a PIN that it is wrong \[C\]\].
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn button_token(&self, session: &Session) -> Result<Option<Token>, Error> {
        match self.ask(tokens::TOKENS, Bytes::from_owner(session.grant())).await? {
            (StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::CONFLICT, _) => {
                Ok(None)
            }
            answer => token(answer, "token").map(Some),
        }
    }

    /// The token for the PIN on the label.
    ///
    /// # Errors
    /// See [`Error`]; [`Error::AuthFailed`] where it is another PIN.
    pub async fn label_token(&self, pin: &Password) -> Result<Token, Error> {
        let request = tokens::label_pin(pin).ok_or(Error::AuthFailed)?;
        match self.ask(tokens::TOKENS, Bytes::from_owner(request)).await? {
            // [C: HPLIP].
            (StatusCode::CONFLICT, _) => Err(Error::AuthFailed),
            answer => token(answer, "token"),
        }
    }

    /// The token for the administrator's password.
    ///
    /// # Errors
    /// See [`Error`]; [`Error::AuthFailed`] where it is another password.
    pub async fn password_token(&self, password: &Password) -> Result<Token, Error> {
        let request = tokens::password(password).ok_or(Error::AuthFailed)?;
        match self.ask(tokens::OAUTH, Bytes::from_owner(request)).await? {
            // 400 [C: HPLIP]; 401 and 403 [I].
            (StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _) => Err(Error::AuthFailed),
            answer => token(answer, "access_token"),
        }
    }

    /// The same printer without a token: one that is good no more must not spoil the question for another.
    fn bare(&self) -> Cdm<&T> {
        Cdm { pool: &self.pool, services: self.services.clone(), token: None }
    }

    async fn ask(&self, path: &'static str, body: impl Into<Bytes>) -> Result<(StatusCode, Zeroizing<Vec<u8>>), Error> {
        if !self.services.allows(path, Method::Post) {
            return Err(Error::NotExposed { resource: ACCESS, status: 404 });
        }
        let call = Call::post(path, JSON, body).limit(json::MAX_BYTES);
        match self.pool.fetch(call).await {
            Ok(reply) => {
                let body = Zeroizing::new(reply.body.to_vec());
                wipe(reply.body);
                Ok((reply.status, body))
            }
            Err(http::Error::StillBusy { .. }) => Err(Error::Busy),
            Err(error) => Err(error.into()),
        }
    }
}

fn token((status, body): (StatusCode, Zeroizing<Vec<u8>>), member: &str) -> Result<Token, Error> {
    if !status.is_success() {
        return Err(Error::of(ACCESS, status));
    }
    tokens::read(&body, member).map_err(|detail| document(ACCESS, detail))
}
