//! `GET /IoMgmt/IoConfig.xml`: the name that the printer has on the network \[C: HPLIP\].

use super::token::shown;
use super::xml;
use super::{DD, IO};

/// Where it is.
pub const PATH: &str = "/IoMgmt/IoConfig.xml";

/// Reads the host name, fit to be shown; `None` where there is none.
///
/// # Errors
/// Where it is not well-formed, too much, or another document.
pub fn parse(document: &[u8]) -> Result<Option<String>, xml::Error> {
    let root = xml::parse_as(document, IO, "IoConfig")?;
    let name = root.child(IO, "IoDeviceConfig").and_then(|config| config.value(DD, "Hostname"));
    Ok(name.map(shown).filter(|name| !name.is_empty()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::super::testing::{fixture, never_panics};
    use super::*;

    #[test]
    fn a_name_and_none() {
        assert_eq!(parse(&fixture("io-device-config.xml")).unwrap().as_deref(), Some("HPEXAMPLE"));
        let document = String::from_utf8(fixture("io-device-config.xml")).unwrap();
        assert_eq!(parse(document.replace("HPEXAMPLE", " ").as_bytes()).unwrap(), None);
        assert_eq!(parse(document.replace("HPEXAMPLE", "&#x1b;[2J").as_bytes()).unwrap().as_deref(), Some("[2J"));
    }

    #[test]
    fn damaged_documents_end_in_a_value() {
        never_panics("io-device-config.xml", |bytes| parse(bytes).map(drop));
    }
}
