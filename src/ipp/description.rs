//! What a printer tells the programs that look for one (RFC 8011, 5.4; PWG 5100.13; Bonjour Printing 1.2.1).

use super::attributes::{Refused, text, uuid, values};
use super::guard::{Message, Value};

/// The attributes that a [`Description`] is made of.
pub const ATTRIBUTES: &[&str] = &[
    "color-supported",
    "document-format-supported",
    "media-size-supported",
    "mopria-certified",
    "printer-device-id",
    "printer-dns-sd-name",
    "printer-icons",
    "printer-info",
    "printer-kind",
    "printer-location",
    "printer-make-and-model",
    "printer-more-info",
    "printer-uuid",
    "sides-supported",
    "urf-supported",
];

/// Values of one attribute that are looked at.
const MOST_VALUES: usize = 256;

/// A printer's description of itself. Everything is optional, and nothing is cleaned yet but the UUID.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Description {
    /// printer-dns-sd-name.
    pub dns_sd_name: Option<String>,
    /// printer-info.
    pub info: Option<String>,
    /// printer-make-and-model.
    pub make_and_model: Option<String>,
    /// printer-location.
    pub location: Option<String>,
    /// printer-device-id.
    pub device_id: Option<String>,
    /// printer-uuid without its `urn:uuid:`, in lower case.
    pub uuid: Option<String>,
    /// printer-more-info.
    pub more_info: Option<String>,
    /// printer-icons, the first.
    pub icon: Option<String>,
    /// printer-kind.
    pub kinds: Vec<String>,
    /// document-format-supported.
    pub formats: Vec<String>,
    /// urf-supported.
    pub urf: Vec<String>,
    /// mopria-certified.
    pub mopria: Option<String>,
    /// color-supported.
    pub color: Option<bool>,
    /// Whether sides-supported has one for both sides; `None`: it names neither.
    pub duplex: Option<bool>,
    /// The widest and the longest of media-size-supported, in hundredths of a millimetre.
    pub largest: Option<(i32, i32)>,
}

impl Description {
    /// Reads the printer groups of a response; of an attribute that comes twice, the first.
    ///
    /// # Errors
    /// [`Refused`] where the status-code is not one of the successful ones.
    pub fn read(response: &Message) -> Result<Self, Refused> {
        if response.code >= 0x0100 {
            return Err(Refused { status: response.code });
        }
        let all = |name| -> Vec<String> {
            values(response, name).iter().take(MOST_VALUES).filter_map(text).map(str::to_owned).collect()
        };
        let one = |name| values(response, name).first().and_then(text).map(str::to_owned);
        let sides = all("sides-supported");
        let begins = |with: &str| sides.iter().any(|side| side.starts_with(with));
        Ok(Self {
            dns_sd_name: one("printer-dns-sd-name"),
            info: one("printer-info"),
            make_and_model: one("printer-make-and-model"),
            location: one("printer-location"),
            device_id: one("printer-device-id"),
            uuid: one("printer-uuid").as_deref().and_then(uuid),
            more_info: one("printer-more-info"),
            icon: one("printer-icons"),
            kinds: all("printer-kind"),
            formats: all("document-format-supported"),
            urf: all("urf-supported"),
            mopria: one("mopria-certified"),
            color: match values(response, "color-supported").first() {
                Some(Value::Boolean(color)) => Some(*color),
                _ => None,
            },
            duplex: if begins("two") { Some(true) } else { begins("one").then_some(false) },
            largest: largest(values(response, "media-size-supported")),
        })
    }
}

fn largest(sizes: &[Value]) -> Option<(i32, i32)> {
    let mut largest = (0, 0);
    for size in sizes.iter().take(MOST_VALUES) {
        let Value::Collection(members) = size else { continue };
        let dimension = |name| {
            let member = members.iter().find(|member| member.name == name)?;
            match *member.values.first()? {
                Value::Integer(dimension) | Value::Range { to: dimension, .. } => Some(dimension),
                _ => None,
            }
        };
        largest.0 = largest.0.max(dimension("x-dimension").unwrap_or(0));
        largest.1 = largest.1.max(dimension("y-dimension").unwrap_or(0));
    }
    (largest.0 > 0 && largest.1 > 0).then_some(largest)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::guard::{Attribute, Group};
    use super::*;

    fn keyword(text: &str) -> Value {
        Value::Text { tag: 0x44, language: None, text: text.to_owned() }
    }

    fn answer(attributes: Vec<(&str, Vec<Value>)>) -> Message {
        let attributes =
            attributes.into_iter().map(|(name, values)| Attribute { name: name.to_owned(), values }).collect();
        Message { version: (2, 0), code: 0, request_id: 1, groups: vec![Group { tag: 4, attributes }], length: 0 }
    }

    fn size(x: Value, y: Value) -> Value {
        let member = |name: &str, value| Attribute { name: name.to_owned(), values: vec![value] };
        Value::Collection(vec![member("x-dimension", x), member("y-dimension", y)])
    }

    #[test]
    fn paper_is_as_large_as_its_largest_sheet() {
        let read = Description::read(&answer(vec![(
            "media-size-supported",
            vec![
                size(Value::Integer(21_000), Value::Integer(29_700)),
                size(Value::Range { from: 7_600, to: 21_590 }, Value::Range { from: 12_700, to: 35_560 }),
                size(Value::Boolean(true), Value::Integer(-1)),
                Value::Integer(90_000),
            ],
        )]))
        .unwrap();
        assert_eq!(read.largest, Some((21_590, 35_560)));
    }

    #[test]
    fn both_sides_are_known_by_the_longer_word() {
        let duplex = |sides: &[&str]| {
            let sides = sides.iter().map(|side| keyword(side)).collect();
            Description::read(&answer(vec![("sides-supported", sides)])).unwrap().duplex
        };
        assert_eq!(duplex(&["one-sided"]), Some(false));
        assert_eq!(duplex(&["one-sided", "two-sided-long-edge"]), Some(true));
        assert_eq!(duplex(&["sideways"]), None);
        assert_eq!(duplex(&[]), None);
    }

    #[test]
    fn an_answer_without_anything_describes_nothing() {
        assert_eq!(Description::read(&answer(vec![])), Ok(Description::default()));
        let refused = Message { code: 0x0401, ..answer(vec![]) };
        assert_eq!(Description::read(&refused), Err(Refused { status: 0x0401 }));
    }
}
