//! What of a head is between the client and us, and what is for the printer.

use ::http::header::{self, HeaderName};
use ::http::{HeaderMap, HeaderValue, StatusCode};

use super::authority::Authority;

/// Of one connection only (RFC 9110, 7.6.1), and what nobody at the other end of a cable could do anything with.
const HOP_BY_HOP: [HeaderName; 10] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::EXPECT,
];

/// Not for the printer: where browsers say what made them ask, and with what some servers are told to take a request
/// for another one than its first line says, which was not the one that we judged.
const NOT_PASSED_ON: [&str; 9] = [
    "sec-fetch-site",
    "sec-fetch-mode",
    "sec-fetch-dest",
    "sec-fetch-user",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-url",
    "x-rewrite-url",
];

fn strip_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        // How long the body is, and what it is, concerns both ends.
        .filter(|name| ![header::CONTENT_LENGTH, header::CONTENT_TYPE, header::CONTENT_ENCODING].contains(name))
        .collect();
    for name in HOP_BY_HOP.iter().chain(&named) {
        headers.remove(name);
    }
}

/// A request's headers on their way to the printer. It knows itself as localhost only (IPP over USB 1.0, 6.2);
/// whatever the client called it, Host, Origin and Referer say the same.
pub(super) fn to_printer(headers: &mut HeaderMap, port: u16) {
    strip_hop_by_hop(headers);
    for name in NOT_PASSED_ON {
        headers.remove(name);
    }
    let own = format!("localhost:{port}");
    set(headers, header::HOST, &own);
    if headers.contains_key(header::ORIGIN) {
        set(headers, header::ORIGIN, &format!("http://{own}"));
    }
    let referer = headers.get(header::REFERER).and_then(|value| value.to_str().ok());
    if let Some(referer) = referer {
        let path = Authority::of_url(referer).map_or("/", |(_, path)| path).to_owned();
        set(headers, header::REFERER, &format!("http://{own}{path}"));
    }
}

/// A response's headers on their way to the client, who knows the printer as `client`.
pub(super) fn to_client(headers: &mut HeaderMap, status: StatusCode, client: &Authority) {
    strip_hop_by_hop(headers);
    let location = headers.get(header::LOCATION).and_then(|value| value.to_str().ok());
    if let Some(rest) = location.and_then(|location| own_path(location, status)) {
        let here = format!("http://{client}{rest}");
        set(headers, header::LOCATION, &here);
    }
}

/// What stands behind the authority of an absolute URL that means the printer itself: it calls itself localhost, and
/// what it has just created (201) is its own, whatever name or address it has in mind. There is no TLS on a cable.
fn own_path(location: &str, status: StatusCode) -> Option<&str> {
    let rest = match location.split_once("://")? {
        (scheme, rest) if scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https") => rest,
        _ => return None,
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end)?;
    let own = Authority::parse(authority).is_some_and(|authority| authority.is_loopback());
    (own || status == StatusCode::CREATED).then_some(path)
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    match HeaderValue::from_str(value) {
        Ok(value) => headers.insert(name, value),
        Err(_) => headers.remove(name),
    };
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;

    fn headers(fields: &[(&'static str, &str)]) -> HeaderMap {
        fields.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn what_is_of_one_connection_stays_there() {
        let mut got = headers(&[
            ("host", "desk.local:60000"),
            ("connection", "close, X-Mine, Content-Type"),
            ("keep-alive", "timeout=5"),
            ("x-mine", "1"),
            ("te", "trailers"),
            ("expect", "100-continue"),
            ("transfer-encoding", "chunked"),
            ("content-type", "application/ipp"),
            ("authorization", "Basic YTpi"),
            ("origin", "http://desk.local:60000"),
            ("referer", "http://desk.local:60000/a?b"),
            ("sec-fetch-site", "same-origin"),
            ("x-http-method-override", "PUT"),
            ("x-original-url", "/IoMgmt/Adapters"),
        ]);
        to_printer(&mut got, 60000);
        let expected = headers(&[
            ("host", "localhost:60000"),
            ("content-type", "application/ipp"),
            ("authorization", "Basic YTpi"),
            ("origin", "http://localhost:60000"),
            ("referer", "http://localhost:60000/a?b"),
        ]);
        assert_eq!(got, expected);
    }

    #[test]
    fn a_location_that_means_the_printer_means_the_bridge() {
        let client = Authority::parse("desk.local:60000").unwrap();
        let moved = |status: u16, location: &str| {
            let mut headers = headers(&[("location", location)]);
            to_client(&mut headers, StatusCode::from_u16(status).unwrap(), &client);
            headers["location"].to_str().unwrap().to_owned()
        };
        for (status, location, expected) in [
            (201, "http://localhost/eSCL/ScanJobs/1", "http://desk.local:60000/eSCL/ScanJobs/1"),
            (201, "http://192.168.1.7:80/eSCL/ScanJobs/1", "http://desk.local:60000/eSCL/ScanJobs/1"),
            (302, "https://127.0.0.1/hp/index.html?a#b", "http://desk.local:60000/hp/index.html?a#b"),
            (302, "http://localhost:8080", "http://desk.local:60000"),
            (302, "/relative", "/relative"),
            (302, "https://support.example/x", "https://support.example/x"),
        ] {
            assert_eq!(moved(status, location), expected);
        }
    }
}
