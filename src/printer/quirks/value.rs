//! What a parameter can say.

use std::time::Duration;

use ::http::{HeaderName, HeaderValue, header};

use crate::http::Reset;

/// The longest time that a parameter may ask for.
const LONGEST: Duration = Duration::from_secs(60 * 60);

/// One parameter's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Blacklist(bool),
    Manufacturer(Option<String>),
    Model(Option<String>),
    DisableScan(bool),
    DisableFax(bool),
    IgnoreIppStatus(bool),
    SanitizeIpp(bool),
    /// `None`: it is taken out.
    Header(HeaderName, Option<HeaderValue>),
    MostLinks(Option<usize>),
    InitDelay(Duration),
    InitTimeout(Option<Duration>),
    InitReset(Reset),
    RequestDelay(Duration),
    SendDelay(Duration),
    SendDelayThreshold(usize),
    ZlpSend(bool),
    ZlpRecvHack(bool),
    /// Nothing follows from it: [`not_needed`].
    Idle,
}

/// Why nothing follows from a parameter.
pub(super) fn not_needed(name: &str, value: &str) -> Option<&'static str> {
    match name {
        "buggy-ipp-responses" if value == "sanitize" => None,
        "buggy-ipp-responses" => Some("what it gives is passed on, and is understood here wherever that is possible"),
        "ignore-ipp-status" => Some("a printer that refuses to describe itself is offered and announced all the same"),
        "init-retry-partial" => Some("what a printer does not offer yet is asked for again by itself"),
        "http-connection" if value.is_empty() => Some("nothing is said of the connection anyway"),
        _ => None,
    }
}

/// Reads a value. `Ok(None)`: there is no such parameter.
///
/// # Errors
/// What it must be.
pub(super) fn parse(name: &str, text: &str, by_number: bool) -> Result<Option<Value>, &'static str> {
    if let Some(name) = name.strip_prefix("http-") {
        return field(name, text).map(Some);
    }
    Ok(Some(match name {
        "blacklist" => Value::Blacklist(truth(text)?),
        "mfg" => Value::Manufacturer(known_by(text, by_number)?),
        "model" => Value::Model(known_by(text, by_number)?),
        "disable-scan" => Value::DisableScan(truth(text)?),
        "disable-fax" => Value::DisableFax(truth(text)?),
        "ignore-ipp-status" => Value::IgnoreIppStatus(truth(text)?),
        "usb-max-interfaces" => Value::MostLinks(Some(number(text)?).filter(|most| *most > 0)),
        "init-delay" => Value::InitDelay(duration(text)?),
        "init-timeout" => Value::InitTimeout(Some(duration(text)?).filter(|timeout| !timeout.is_zero())),
        "init-reset" => Value::InitReset(match text {
            "none" => Reset::None,
            "soft" => Reset::Soft,
            "hard" => Reset::Hard,
            _ => return Err("none, soft or hard"),
        }),
        "request-delay" => Value::RequestDelay(duration(text)?),
        "usb-send-delay" => Value::SendDelay(duration(text)?),
        "usb-send-delay-threshold" => Value::SendDelayThreshold(number(text)?),
        "zlp-send" => Value::ZlpSend(truth(text)?),
        "zlp-recv-hack" => Value::ZlpRecvHack(truth(text)?),
        "buggy-ipp-responses" if matches!(text, "reject" | "allow" | "sanitize") => {
            Value::SanitizeIpp(text == "sanitize")
        }
        "buggy-ipp-responses" => return Err("reject, allow or sanitize"),
        "init-retry-partial" => truth(text).map(|_| Value::Idle)?,
        _ => return Ok(None),
    }))
}

/// Fields that say where a message ends and whose it is are nobody's to change.
fn field(name: &str, text: &str) -> Result<Value, &'static str> {
    const OURS: [HeaderName; 6] = [
        header::HOST,
        header::CONTENT_LENGTH,
        header::TRANSFER_ENCODING,
        header::TRAILER,
        header::UPGRADE,
        header::EXPECT,
    ];
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| "http- and the name of a header field")?;
    if OURS.contains(&name) {
        return Err("about another header field: this one says where a message ends, or whose it is");
    }
    if name == header::CONNECTION {
        // A cable has none that could be kept or closed, and yet some get stuck in their answer without a word about it
        // [C ipp-usb: LaserJet MFP M28-M31 wants keep-alive, OfficeJet Pro 8730 close]. Others would be an upgrade.
        return match text {
            "" => Ok(Value::Idle),
            "keep-alive" => Ok(Value::Header(name, Some(HeaderValue::from_static("keep-alive")))),
            "close" => Ok(Value::Header(name, Some(HeaderValue::from_static("close")))),
            _ => Err("keep-alive, close or nothing"),
        };
    }
    let value = match text {
        "" => None,
        text => Some(HeaderValue::from_str(text).map_err(|_| "what a header field can hold")?),
    };
    Ok(Value::Header(name, value))
}

fn truth(text: &str) -> Result<bool, &'static str> {
    match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err("true or false"),
    }
}

/// Sections by name are found by this name.
fn known_by(text: &str, by_number: bool) -> Result<Option<String>, &'static str> {
    if !by_number {
        return Err("in a section [vvvv:pppp] or [vvvv:*]: the others are found by it");
    }
    Ok(Some(text.to_owned()).filter(|text| !text.is_empty()))
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, &'static str> {
    digits(text).then(|| text.parse().ok()).flatten().ok_or("a number")
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Milliseconds, or Go's notation: `1h2m3s`, `0.5s`, `20ms`.
fn duration(text: &str) -> Result<Duration, &'static str> {
    const WANTED: &str = "milliseconds, or a time as 20s, 500ms or 1m30s, and at most an hour";
    let mut seconds = 0.0;
    let mut rest = text;
    if digits(text) {
        seconds = text.parse::<f64>().map_err(|_| WANTED)? / 1000.0;
        rest = "";
    } else if text.is_empty() {
        return Err(WANTED);
    }
    while !rest.is_empty() {
        let of_number = |c: char| c.is_ascii_digit() || c == '.';
        let (number, after) = rest.split_at_checked(rest.find(|c| !of_number(c)).ok_or(WANTED)?).ok_or(WANTED)?;
        let (unit, after) = after.split_at_checked(after.find(of_number).unwrap_or(after.len())).ok_or(WANTED)?;
        let unit = match unit {
            "ns" => 1e-9,
            "us" | "µs" | "μs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return Err(WANTED),
        };
        seconds += number.parse::<f64>().map_err(|_| WANTED)? * unit;
        rest = after;
    }
    Duration::try_from_secs_f64(seconds).ok().filter(|duration| *duration <= LONGEST).ok_or(WANTED)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_as_ipp_usb_takes_them() {
        for (text, milliseconds) in [
            ("0", Some(0)),
            ("0s", Some(0)),
            ("12345", Some(12345)),
            ("1m30s", Some(90_000)),
            ("0.5s", Some(500)),
            ("250us", Some(0)),
            ("1h", Some(3_600_000)),
            ("1h1ms", None),
            ("+0s", None),
            ("-1", None),
            ("1e3", None),
            ("1.2.3s", None),
            ("s", None),
            ("", None),
            ("5 s", None),
            ("99999999999999999999999", None),
        ] {
            assert_eq!(duration(text).ok().map(|duration| duration.as_millis()), milliseconds, "{text}");
        }
    }

    #[test]
    fn every_parameter_takes_what_it_should_and_nothing_else() {
        for (name, right, wrong) in [
            ("blacklist", "true", "yes"),
            ("disable-scan", "false", ""),
            ("disable-fax", "true", "True"),
            ("ignore-ipp-status", "true", "1"),
            ("usb-max-interfaces", "1", "-1"),
            ("init-delay", "100", "soon"),
            ("init-timeout", "20s", "20 s"),
            ("init-reset", "hard", "harder"),
            ("request-delay", "10ms", "x"),
            ("usb-send-delay", "1", "1x"),
            ("usb-send-delay-threshold", "4096", "4k"),
            ("zlp-send", "true", "on"),
            ("zlp-recv-hack", "false", "off"),
            ("buggy-ipp-responses", "sanitize", "fix"),
            ("init-retry-partial", "true", "maybe"),
            ("http-x-mine", "yes", "two\nlines"),
            ("http-connection", "keep-alive", "upgrade"),
        ] {
            assert!(matches!(parse(name, right, false), Ok(Some(_))), "{name} = {right}");
            assert!(parse(name, wrong, false).is_err(), "{name} = {wrong}");
        }
        for name in ["http-host", "http-content-length", "http-transfer-encoding", "http-", "http-a b"] {
            assert!(parse(name, "x", false).is_err(), "{name}");
        }
        assert_eq!(parse("of-the-future", "x", false), Ok(None));
        assert_eq!(parse("mfg", "Xerox", true), Ok(Some(Value::Manufacturer(Some("Xerox".to_owned())))));
        assert!(parse("model", "B210", false).is_err());
        assert_eq!(parse("usb-max-interfaces", "0", false), Ok(Some(Value::MostLinks(None))));
    }

    proptest! {
        #[test]
        fn any_value_is_read(name in "(http-|init-|usb-|zlp-)?[a-z-]{0,20}", text in "\\PC{0,40}") {
            let _ = parse(&name, &text, true);
        }

        #[test]
        fn any_duration_is_read(text in "[0-9.hmsnuµ+-]{0,12}") {
            let _ = duration(&text);
        }
    }
}
