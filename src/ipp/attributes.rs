//! What this house wants to know from a Get-Printer-Attributes response (RFC 8011 section 5.4, PWG 5100.13).

use super::guard::{Message, Value};

/// printer-state (RFC 8011 section 5.4.11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// 3: jobs can start at once.
    Idle,
    /// 4: a job is being processed.
    Processing,
    /// 5: somebody has to do something first; the reasons say what.
    Stopped,
    /// A number that RFC 8011 doesn't define.
    Unknown(i32),
}

/// A printer's description of itself. Everything is optional: printers leave out what the specification requires.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PrinterAttributes {
    /// printer-uuid without its `urn:uuid:`, in lower case.
    pub uuid: Option<String>,
    /// printer-make-and-model.
    pub make_and_model: Option<String>,
    /// printer-device-id: an IEEE 1284 device id without its length prefix.
    pub device_id: Option<String>,
    /// printer-state.
    pub state: Option<State>,
    /// printer-state-reasons, without the `none` that says that there are none.
    pub state_reasons: Vec<String>,
    /// printer-more-info: the address of the printer's own pages. http or https, nothing else.
    pub more_info: Option<String>,
}

/// The printer answered the request with an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the printer refused the request with IPP status 0x{status:04x}")]
pub struct Refused {
    /// status-code, from 0x0400 on (RFC 8011 appendix B.1).
    pub status: u16,
}

impl PrinterAttributes {
    /// Reads the printer groups of a response; of an attribute that comes twice, the first.
    ///
    /// # Errors
    /// [`Refused`] where the status-code is not one of the successful ones.
    pub fn read(response: &Message) -> Result<Self, Refused> {
        if response.code >= 0x0100 {
            return Err(Refused { status: response.code });
        }
        let find = |name| values(response, name);
        let text = |name| find(name).iter().find_map(text).map(str::to_owned);
        Ok(Self {
            uuid: text("printer-uuid").as_deref().and_then(uuid),
            make_and_model: text("printer-make-and-model"),
            device_id: text("printer-device-id"),
            state: find("printer-state").iter().find_map(|value| match *value {
                Value::Enum(3) => Some(State::Idle),
                Value::Enum(4) => Some(State::Processing),
                Value::Enum(5) => Some(State::Stopped),
                Value::Enum(other) => Some(State::Unknown(other)),
                _ => None,
            }),
            state_reasons: find("printer-state-reasons")
                .iter()
                .filter_map(self::text)
                .filter(|reason| *reason != "none")
                .map(str::to_owned)
                .collect(),
            more_info: text("printer-more-info").filter(|uri| is_web_address(uri)),
        })
    }
}

pub(super) fn values<'a>(response: &'a Message, name: &str) -> &'a [Value] {
    const PRINTER_ATTRIBUTES: u8 = 0x04;
    response
        .groups
        .iter()
        .filter(|group| group.tag == PRINTER_ATTRIBUTES)
        .flat_map(|group| &group.attributes)
        .find(|attribute| attribute.name == name)
        .map_or(&[], |attribute| &attribute.values)
}

pub(super) fn text(value: &Value) -> Option<&str> {
    match value {
        Value::Text { text, .. } => Some(text),
        _ => None,
    }
}

pub(super) fn uuid(urn: &str) -> Option<String> {
    let uuid = urn.to_ascii_lowercase();
    let uuid = uuid.strip_prefix("urn:uuid:")?;
    let sound = uuid.len() == 36
        && uuid.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        });
    sound.then(|| uuid.to_owned())
}

fn is_web_address(uri: &str) -> bool {
    (uri.starts_with("http://") || uri.starts_with("https://")) && uri.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
    use super::super::guard::{Attribute, Group};
    use super::*;

    fn string(text: &str) -> Value {
        Value::Text { tag: 0x44, language: None, text: text.to_owned() }
    }

    fn answer(attributes: &[(&str, Value)]) -> Message {
        let attributes = attributes
            .iter()
            .map(|(name, value)| Attribute { name: (*name).to_owned(), values: vec![value.clone()] })
            .collect();
        Message { version: (2, 0), code: 0, request_id: 1, groups: vec![Group { tag: 4, attributes }], length: 0 }
    }

    #[test]
    fn a_printer_describes_itself() {
        let read = PrinterAttributes::read(&answer(&[
            ("printer-uuid", string("urn:uuid:1C852A4D-B800-1F08-ABCD-3C2C30AA02D5")),
            ("printer-make-and-model", string("HP LaserJet Pro M127fw")),
            ("printer-state", Value::Enum(5)),
            ("printer-state-reasons", string("media-empty-error")),
            ("printer-more-info", string("http://localhost:60000/#hId-pgInfo")),
        ]))
        .unwrap();
        assert_eq!(read.uuid.as_deref(), Some("1c852a4d-b800-1f08-abcd-3c2c30aa02d5"));
        assert_eq!(read.make_and_model.as_deref(), Some("HP LaserJet Pro M127fw"));
        assert_eq!((read.state, read.state_reasons), (Some(State::Stopped), vec!["media-empty-error".to_owned()]));
        assert_eq!(read.more_info.as_deref(), Some("http://localhost:60000/#hId-pgInfo"));
        assert_eq!(read.device_id, None);
    }

    #[test]
    fn values_that_do_not_fit_are_as_good_as_absent() {
        let read = PrinterAttributes::read(&answer(&[
            ("printer-uuid", string("urn:uuid:../../etc/passwd")),
            ("printer-make-and-model", Value::Integer(7)),
            ("printer-state", Value::Enum(77)),
            ("printer-state-reasons", string("none")),
            ("printer-more-info", string("javascript:alert(1)")),
        ]))
        .unwrap();
        assert_eq!(read, PrinterAttributes { state: Some(State::Unknown(77)), ..PrinterAttributes::default() });
    }

    #[test]
    fn a_refusal_is_not_an_empty_description() {
        let refused = Message { code: 0x0503, ..answer(&[]) };
        assert_eq!(PrinterAttributes::read(&refused).unwrap_err().to_string().split(' ').next_back(), Some("0x0503"));
    }
}
