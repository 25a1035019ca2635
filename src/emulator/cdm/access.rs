//! Who may: tokens by the button on the printer, the PIN on its label and the administrator's password \[C, HPLIP\].

use hyper::HeaderMap;
use rand::RngExt;
use serde_json::{Map, Value, json};
use std::time::Duration;
use tokio::time::{Instant, sleep};

use super::super::ledm::Reply;
use super::super::printer::Printer;
use super::{LABEL_PIN, Wants, boolean, document_of, texts};

/// Tokens that are remembered.
const TOKENS: usize = 16;
/// How often it is looked whether the button was pressed.
const LOOK: Duration = Duration::from_millis(200);

/// A button that is lit.
struct Lit {
    session: String,
    until: Instant,
    pressed: bool,
    /// Somebody does so then.
    pressed_at: Option<Instant>,
}

impl Lit {
    fn is_pressed(&self) -> bool {
        let now = Instant::now();
        self.pressed || self.pressed_at.is_some_and(|at| at <= now && at <= self.until)
    }
}

#[derive(Default)]
pub(super) struct Memory {
    lit: Option<Lit>,
    tokens: Vec<(String, Instant)>,
}

impl Memory {
    pub fn press(&mut self) -> bool {
        match &mut self.lit {
            Some(lit) if Instant::now() <= lit.until => {
                lit.pressed = true;
                true
            }
            _ => false,
        }
    }

    fn grant(&mut self, life: Duration) -> String {
        let token = format!("{:032x}", rand::rng().random::<u128>());
        if self.tokens.len() == TOKENS {
            self.tokens.remove(0);
        }
        self.tokens.push((token.clone(), Instant::now() + life));
        token
    }

    fn knows(&self, token: &str) -> bool {
        self.tokens.iter().any(|(known, until)| known == token && Instant::now() < *until)
    }
}

/// Whether this is only for who has a token.
fn wants_token(printer: &Printer, path: &str, writes: bool) -> bool {
    if !printer.facts().cdm.is_some_and(|facts| facts.token) {
        return false;
    }
    let public = matches!(path, "servicesDiscovery" | "system/v1/identity")
        || path.starts_with("remoteAuthentication/")
        || path.starts_with("oauth2/");
    let network = path.starts_with("ioConfig/");
    !public
        && (path.starts_with("ioConfig/v2/adapterConfigs")
            || match printer.options().cdm.wants {
                Wants::Writes => writes,
                Wants::Network => writes && network,
                Wants::Everything => true,
            })
}

/// 401 for who may not; also for a password by Basic, be it right, on a printer that asks for nothing \[C, Smart Tank
/// 580-590\].
pub(super) fn refused(printer: &Printer, path: &str, writes: bool, headers: &HeaderMap) -> Option<u16> {
    let given = headers.get("authorization").and_then(|value| value.to_str().ok());
    if given.is_some_and(|given| !given.starts_with("Bearer ")) {
        return Some(401);
    }
    if !wants_token(printer, path, writes) {
        return None;
    }
    let token = given.and_then(|given| given.strip_prefix("Bearer ")).unwrap_or_default();
    (!printer.cdm().memory().access.knows(token)).then_some(401)
}

pub(super) fn config(printer: &Printer) -> Value {
    let ways = printer.options().cdm.ways;
    json!({
        "version": "1.0.0",
        "pushbuttonEnabled": boolean(printer, ways.button),
        "pinLabelEnabled": boolean(printer, ways.label),
    })
}

/// Groups of 8, 4, 4, 4 and 12 digits and lower-case letters \[C\].
fn is_session(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase()))
}

/// `POST remoteAuthentication/v1/pushbuttons`: the button is lit, for so many seconds.
pub(super) async fn button(printer: &Printer, body: &Map<String, Value>) -> Reply {
    let Some([version, timeout, session]) = texts(body, ["version", "pushbuttonTimeout", "pushbuttonSessionId"]) else {
        return super::refused(400);
    };
    let seconds = timeout.parse::<u8>().ok().filter(|seconds| (1..=120).contains(seconds));
    let Some(seconds) = seconds.filter(|_| version == "1.0.0" && is_session(session)) else {
        return super::refused(400);
    };
    let options = &printer.options().cdm;
    if !options.ways.button {
        return super::refused(403);
    }
    let now = Instant::now();
    let until = now + Duration::from_secs(seconds.into());
    printer.cdm().memory().access.lit = Some(Lit {
        session: session.to_owned(),
        until,
        pressed: false,
        pressed_at: options.pressed_after.map(|after| now + after),
    });
    let is_pressed = || printer.cdm().memory().access.lit.as_ref().is_some_and(Lit::is_pressed);
    while options.button_is_waited_for && !is_pressed() {
        if Instant::now() > until {
            return super::refused(409);
        }
        sleep(LOOK).await;
    }
    document_of(printer, 201, &json!({ "version": "1.0.0", "pushbuttonSessionId": session }))
}

/// `POST remoteAuthentication/v1/tokens`. Whatever is not right is 409 without a body, an empty object 500 \[C\].
pub(super) fn token(printer: &Printer, body: &Map<String, Value>) -> Reply {
    if body.is_empty() {
        return super::refused(500);
    }
    let Some([version, grant, code]) = texts(body, ["version", "grantType", "code"]) else {
        return super::refused(409);
    };
    let options = &printer.options().cdm;
    let mut memory = printer.cdm().memory();
    let good = version == "1.0.0"
        && match grant {
            "pushbuttonSessionId" => {
                let lit = memory.access.lit.take_if(|lit| lit.session == code && lit.is_pressed());
                options.ways.button && lit.is_some()
            }
            "pin" => options.ways.label && code == LABEL_PIN,
            _ => false,
        };
    if !good {
        return super::refused(409);
    }
    let token = memory.access.grant(options.token_life);
    drop(memory);
    document_of(printer, 201, &json!({ "version": "1.0.0", "token": token }))
}

/// `POST oauth2/v1/token`: 400 with `invalid_grant` for a wrong password \[C\]; so too where none is set \[I\].
pub(super) fn password(printer: &Printer, body: &Map<String, Value>) -> Reply {
    let good = match (texts(body, ["grant_type", "username", "password"]), &printer.options().radio.password) {
        (Some(["password", "admin", given]), Some(password)) => given == password.0,
        _ => false,
    };
    if !good {
        return document_of(printer, 400, &json!({ "error": "invalid_grant" }));
    }
    let life = printer.options().cdm.token_life;
    let token = printer.cdm().memory().access.grant(life);
    document_of(printer, 200, &json!({ "access_token": token, "token_type": "bearer", "expires_in": life.as_secs() }))
}
