//! The printer's own web pages: enough of an embedded web server for a bridge and a browser to be tested with.

use bytes::Bytes;
use hyper::{HeaderMap, Method};

use super::ledm::Reply;
use super::printer::Printer;
use super::radio::digest::Verdict;

/// The administrator's password on [`PROTECTED`].
const PASSWORD: &str = "emulated";
const PROTECTED: &str = "/settings/security.html";
const STYLE: &str = "body { font-family: sans-serif; margin: 2em; }\nh1 { color: #0096d6; }\n";
/// The style sheet's entity tag (RFC 9110, 8.8.3).
const STYLE_TAG: &str = "\"emulated-1\"";

const PAGES: [&str; 11] = [
    "/",
    "/index.html",
    "/supplies.html",
    "/style.css",
    "/icon-128.png",
    "/old/index.html",
    "/hp/device/info.html",
    "/secure",
    "/elsewhere",
    "/nothing",
    PROTECTED,
];

/// Whether it is one of the web pages.
pub(super) fn has(path: &str) -> bool {
    PAGES.contains(&path)
}

fn of_kind(kind: &str, body: impl Into<Bytes>) -> Reply {
    let headers = vec![("Content-Type", kind.to_owned())];
    Reply { headers, body: body.into(), ..Reply::status(200) }
}

fn moved(status: u16, location: &str) -> Reply {
    Reply { headers: vec![("Location", location.to_owned())], ..Reply::status(status) }
}

/// Answers a request for one of [`PAGES`].
pub(super) fn answer(printer: &Printer, method: &Method, path: &str, headers: &HeaderMap) -> Reply {
    if !matches!(*method, Method::GET | Method::HEAD) {
        return Reply { headers: vec![("Allow", "GET, HEAD".to_owned())], ..Reply::status(405) };
    }
    let mut reply = match path {
        "/" | "/index.html" => of_kind("text/html; charset=utf-8", home(printer)),
        "/supplies.html" => of_kind("text/html; charset=utf-8", page("Supplies", "<p>Black 70 %, colour 45 %.</p>")),
        "/style.css" => style(headers),
        "/icon-128.png" => of_kind("image/png", icon()),
        // Where browsers go on: below the same path, from the root, and with scheme and authority.
        "/old/index.html" => moved(301, "../index.html"),
        "/hp/device/info.html" => moved(302, "http://localhost/index.html"),
        // Printers that have TLS on their network send browsers there [C]; over USB there is none.
        "/secure" => moved(302, "https://localhost:443/"),
        "/elsewhere" => moved(307, "http://www.example.com/support"),
        "/nothing" => Reply::status(204),
        PROTECTED => protected(printer, method, path, headers),
        _ => Reply::status(404),
    };
    reply.headers.push(("Server", printer.facts().server.to_owned()));
    reply
}

fn page(title: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html><head><title>{title}</title><link rel=\"stylesheet\" href=\"/style.css\"></head><body><h1>{title}</h1>{body}</body></html>\n"
    )
}

fn home(printer: &Printer) -> String {
    page(
        &printer.facts().full_name(),
        &format!(
            "<p>An emulated printer of plugprint.</p><p><img src=\"icon-128.png\" alt=\"\"> <a href=\"supplies.html\">Supplies</a> <a href=\"{PROTECTED}\">Security</a></p>"
        ),
    )
}

/// 304 where the client has it already (RFC 9110, 13.1.2).
fn style(headers: &HeaderMap) -> Reply {
    let known =
        headers.get("if-none-match").and_then(|tag| tag.to_str().ok()).is_some_and(|tags| tags.contains(STYLE_TAG));
    let mut reply = if known { Reply::status(304) } else { of_kind("text/css", STYLE) };
    reply.headers.push(("ETag", STYLE_TAG.to_owned()));
    reply
}

/// A square of 128 dots in the maker's blue.
fn icon() -> Vec<u8> {
    let mut image = Vec::new();
    let mut encoder = png::Encoder::new(&mut image, 128, 128);
    encoder.set_color(png::ColorType::Rgb);
    let dots: Vec<u8> = [0x00, 0x96, 0xd6].repeat(128 * 128);
    // Writing to a Vec can't fail.
    if let Ok(mut writer) = encoder.write_header() {
        let _ = writer.write_image_data(&dots);
    }
    image
}

/// Read by the administrator only (HTTP Digest, RFC 7616) \[C: user admin\].
fn protected(printer: &Printer, method: &Method, path: &str, headers: &HeaderMap) -> Reply {
    let given = headers.get("authorization").and_then(|value| value.to_str().ok());
    let verdict = printer.with_nonces(|nonces| given.map(|given| nonces.check(PASSWORD, method.as_str(), path, given)));
    match verdict {
        Some(Verdict::Good) => {
            of_kind("text/html; charset=utf-8", page("Security", "<p>Only for the administrator.</p>"))
        }
        other => {
            let stale = other == Some(Verdict::Stale);
            Reply::challenge(printer.with_nonces(|nonces| nonces.challenge(stale)))
        }
    }
}
