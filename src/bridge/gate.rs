//! Who may ask what, decided from the head alone, before anything is read from the client or asked of the printer.

use std::net::SocketAddr;

use ::http::request::Parts;
use ::http::{HeaderMap, Method, StatusCode, Version, header};
use tokio::sync::OnceCell;

use super::Room;
use super::access::{self, Purpose};
use super::authority::Authority;
use super::path::Path;
use super::refusal::Refusal;
use super::serve::Bridge;
use super::users::Verdict;
use crate::printer::identity::PrinterId;

/// One connection of a client.
pub(super) struct Client {
    /// Our end.
    pub(super) local: SocketAddr,
    /// Its end.
    pub(super) remote: SocketAddr,
    /// Whose it is, once somebody wanted to know.
    pub(super) uid: OnceCell<Option<u32>>,
}

/// What was let through.
pub(super) struct Admitted {
    /// Under which name the client knows the printer.
    pub(super) authority: Authority,
    pub(super) purpose: Purpose,
}

const NOT_HERE: &str = "This is a printer's port on this computer. Address it as localhost, 127.0.0.1, [::1], or by the computer's own name.";
const FOREIGN: &str = "Another web site made your browser ask this. Nothing was sent to the printer.";
const PROTECTED: &str = "This page belongs to the printer's set-up and is protected. Let plugprint open it to you (its D-Bus method OpenAdminPages), or ask as root.";
const NOT_ALLOWED: &str = "You may not do this with this printer: the administrator of this computer has said who may (plugprint.toml, [users]).";
const SWITCHED_OFF: &str = "This is switched off for this printer, by a quirk: plugprint show says where.";
const NOBODY: &str = "It can't be told which user asks. Nothing was sent to the printer.";

/// Decides on a request.
///
/// # Errors
/// The answer, where it is not let through.
pub(super) async fn admit(bridge: &Bridge, client: &Client, head: &Parts) -> Result<Admitted, Refusal> {
    let Bridge { room, printer, quirks, .. } = bridge;
    if head.method == Method::CONNECT || head.method == Method::TRACE {
        return Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "A printer is asked with GET, POST and the like."));
    }
    if head.headers.contains_key(header::UPGRADE) {
        return Err(Refusal::new(StatusCode::NOT_IMPLEMENTED, "There is nothing to upgrade to on a USB cable."));
    }
    let authority = authority(head)?;
    if !authority.is_here(&room.names) {
        return Err(Refusal::new(StatusCode::MISDIRECTED_REQUEST, NOT_HERE));
    }
    same_site(head, &authority)?;
    let path = Path::parse(head.uri.path(), head.uri.query()).map_err(|why| Refusal::bad(why.to_string()))?;
    let purpose = access::purpose(&head.method, &path);
    match purpose {
        // Whom polkit let in needs no rule.
        Purpose::Protected => let_in(room, printer, client).await?,
        Purpose::Print | Purpose::Fax | Purpose::Scan | Purpose::Page => {
            allowed(room, printer, client, purpose).await?
        }
    }
    if (purpose == Purpose::Scan && quirks.no_scan) || (purpose == Purpose::Fax && quirks.no_fax) {
        return Err(Refusal::new(StatusCode::NOT_FOUND, SWITCHED_OFF));
    }
    Ok(Admitted { authority, purpose })
}

/// What the administrator's rules say.
async fn allowed(room: &Room, printer: &PrinterId, client: &Client, purpose: Purpose) -> Result<(), Refusal> {
    let operation = purpose.operation();
    match room.users.may(operation, async || uid(room, client).await).await {
        Verdict::Allowed => Ok(()),
        Verdict::Refused => {
            tracing::debug!(%printer, operation = operation.name(), "a user may not do this");
            Err(Refusal::forbidden(NOT_ALLOWED))
        }
        Verdict::Unknown => Err(Refusal::forbidden(NOBODY)),
    }
}

/// Once for each connection: the socket at the other end does not change hands.
async fn uid(room: &Room, client: &Client) -> Option<u32> {
    *client.uid.get_or_init(async || room.peers.uid(client.local, client.remote)).await
}

/// What is protected is for root, and for whom OpenAdminPages let in.
///
/// # Errors
/// The answer to anybody else.
pub(super) async fn let_in(room: &Room, printer: &PrinterId, client: &Client) -> Result<(), Refusal> {
    match uid(room, client).await {
        None => Err(Refusal::forbidden(NOBODY)),
        Some(0) => Ok(()),
        Some(uid) if room.handle.pages_open(printer.clone(), uid).await => Ok(()),
        Some(uid) => {
            tracing::debug!(%printer, uid, "a protected page was asked for");
            Err(Refusal::forbidden(PROTECTED))
        }
    }
}

/// Exactly one `Host` (RFC 9112, 3.2), and a request target that does not contradict it.
fn authority(head: &Parts) -> Result<Authority, Refusal> {
    let mut hosts = head.headers.get_all(header::HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().ok().and_then(Authority::parse),
        // HTTP/1.0 needs none.
        (None, _) if head.version < Version::HTTP_11 => Authority::parse("localhost"),
        _ => None,
    };
    let host = host.ok_or_else(|| Refusal::bad("The request has no Host, or not one that can be read."))?;
    match head.uri.authority() {
        None => Ok(host),
        Some(target) => {
            let http = head.uri.scheme_str().is_some_and(|scheme| scheme.eq_ignore_ascii_case("http"));
            let target = Authority::parse(target.as_str()).filter(|target| http && target.is_same_origin(&host));
            target.ok_or_else(|| Refusal::new(StatusCode::MISDIRECTED_REQUEST, NOT_HERE))
        }
    }
}

/// A browser says who made it ask. What another site's page did is refused; a link that a person followed is not.
fn same_site(head: &Parts, own: &Authority) -> Result<(), Refusal> {
    let foreign = || Err(Refusal::forbidden(FOREIGN));
    let is = |name: &str, values: &[&str]| {
        one(&head.headers, name).is_some_and(|value| values.iter().any(|other| value.eq_ignore_ascii_case(other)))
    };
    for origin in head.headers.get_all(header::ORIGIN) {
        let same = origin.to_str().ok().and_then(Authority::of_url);
        if !same.is_some_and(|(origin, rest)| rest.is_empty() && origin.is_same_origin(own)) {
            return foreign();
        }
    }
    let reading = matches!(head.method, Method::GET | Method::HEAD);
    let followed = reading && is("sec-fetch-mode", &["navigate"]) && is("sec-fetch-dest", &["document"]);
    if followed {
        return Ok(());
    }
    if is("sec-fetch-site", &["cross-site", "same-site"]) {
        return foreign();
    }
    for referer in head.headers.get_all(header::REFERER) {
        let same = referer.to_str().ok().and_then(Authority::of_url);
        if !same.is_some_and(|(referer, _)| referer.is_same_origin(own)) {
            return foreign();
        }
    }
    Ok(())
}

fn one<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
