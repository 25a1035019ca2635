//! From a decoded message back to bytes, as RFC 8010 section 3 wants them. What was malformed and could be understood
//! all the same is said properly here, so that CUPS, which refuses such a message as a whole, can read it: collections
//! of named attributes (seen on hardware: Pantum M7300FDW [C ipp-usb, goipp]), numbers of a wrong size.

use super::guard::{Attribute, BEGIN_COLLECTION, END_COLLECTION, END_OF_ATTRIBUTES, MEMBER_NAME, Message, Value};

/// The value "unknown" (RFC 8010, 3.5.2), for what has a name and no value that makes sense.
const UNKNOWN: u8 = 0x12;
/// The longest name or value: a length is a SIGNED-SHORT (RFC 8010, 3.1).
const LONGEST: usize = 0x7fff;

/// The message's bytes, up to and with its end-of-attributes tag. A sound one comes out as it was read. `None`: a name
/// or a value is longer than the encoding can say.
#[must_use]
pub fn compose(message: &Message) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(message.length);
    bytes.extend([message.version.0, message.version.1]);
    bytes.extend(message.code.to_be_bytes());
    bytes.extend(message.request_id.to_be_bytes());
    for group in &message.groups {
        bytes.push(group.tag);
        for Attribute { name, values } in &group.attributes {
            write_values(&mut bytes, name, values)?;
        }
    }
    bytes.push(END_OF_ATTRIBUTES);
    Some(bytes)
}

/// Further values have no name (RFC 8010, 3.1.5). Depth is the guard's to bound.
fn write_values(bytes: &mut Vec<u8>, name: &str, values: &[Value]) -> Option<()> {
    let mut name = name.as_bytes();
    let mut said = false;
    for value in values.iter().filter(|value| is_sound(value)) {
        write_value(bytes, std::mem::take(&mut name), value)?;
        said = true;
    }
    if said { Some(()) } else { write_field(bytes, UNKNOWN, name, &[]) }
}

fn write_value(bytes: &mut Vec<u8>, name: &[u8], value: &Value) -> Option<()> {
    match value {
        Value::Integer(number) => write_field(bytes, 0x21, name, &number.to_be_bytes()),
        Value::Enum(number) => write_field(bytes, 0x23, name, &number.to_be_bytes()),
        Value::Boolean(truth) => write_field(bytes, 0x22, name, &[u8::from(*truth)]),
        Value::Range { from, to } => write_field(bytes, 0x33, name, &[from.to_be_bytes(), to.to_be_bytes()].concat()),
        Value::Resolution { cross_feed, feed, units } => {
            let value = [&cross_feed.to_be_bytes()[..], &feed.to_be_bytes(), &[*units]].concat();
            write_field(bytes, 0x32, name, &value)
        }
        Value::DateTime(time) => write_field(bytes, 0x31, name, time),
        Value::Text { tag, language: None, text } => write_field(bytes, *tag, name, text.as_bytes()),
        Value::Text { tag, language: Some(language), text } => {
            let mut value = Vec::with_capacity(4 + language.len() + text.len());
            write_counted(&mut value, language.as_bytes())?;
            write_counted(&mut value, text.as_bytes())?;
            write_field(bytes, *tag, name, &value)
        }
        Value::OutOfBand(tag) => write_field(bytes, *tag, name, &[]),
        Value::Octets { tag, bytes: value } => write_field(bytes, *tag, name, value),
        Value::Collection(members) => {
            write_field(bytes, BEGIN_COLLECTION, name, &[])?;
            for Attribute { name, values } in members {
                write_field(bytes, MEMBER_NAME, &[], name.as_bytes())?;
                write_values(bytes, "", values)?;
            }
            write_field(bytes, END_COLLECTION, &[], &[])
        }
    }
}

/// Numbers of a wrong size are kept as octets by the guard; nobody could say what they mean.
fn is_sound(value: &Value) -> bool {
    !matches!(value, Value::Octets { tag: 0x21..=0x23 | 0x31..=0x33, .. })
}

fn write_field(bytes: &mut Vec<u8>, tag: u8, name: &[u8], value: &[u8]) -> Option<()> {
    bytes.push(tag);
    write_counted(bytes, name)?;
    write_counted(bytes, value)
}

fn write_counted(bytes: &mut Vec<u8>, counted: &[u8]) -> Option<()> {
    let length = u16::try_from(counted.len()).ok().filter(|length| usize::from(*length) <= LONGEST)?;
    bytes.extend(length.to_be_bytes());
    bytes.extend_from_slice(counted);
    Some(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

    use proptest::prelude::*;

    use super::super::guard::{Limits, parse};
    use super::*;

    fn field(tag: u8, name: &str, value: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        write_field(&mut bytes, tag, name.as_bytes(), value).unwrap();
        bytes
    }

    fn response(fields: &[Vec<u8>]) -> Vec<u8> {
        [&[2, 0, 0, 0, 0, 0, 0, 1, 0x04][..], &fields.concat(), &[END_OF_ATTRIBUTES]].concat()
    }

    fn composed(bytes: &[u8]) -> Vec<u8> {
        compose(&parse(bytes, Limits::default()).unwrap()).unwrap()
    }

    #[test]
    fn named_attributes_in_a_collection_become_its_members() {
        let wrong = response(&[
            field(BEGIN_COLLECTION, "media-col", b""),
            field(BEGIN_COLLECTION, "media-size", b""),
            field(0x21, "x-dimension", &[0, 0, 0x52, 0x08]),
            field(0x33, "y-dimension", &[0, 0, 0, 1, 0, 0, 0, 2]),
            field(END_COLLECTION, "", b""),
            field(0x44, "media-source", b"main"),
            field(0x44, "", b"manual"),
            field(END_COLLECTION, "", b""),
        ]);
        let right = response(&[
            field(BEGIN_COLLECTION, "media-col", b""),
            field(MEMBER_NAME, "", b"media-size"),
            field(BEGIN_COLLECTION, "", b""),
            field(MEMBER_NAME, "", b"x-dimension"),
            field(0x21, "", &[0, 0, 0x52, 0x08]),
            field(MEMBER_NAME, "", b"y-dimension"),
            field(0x33, "", &[0, 0, 0, 1, 0, 0, 0, 2]),
            field(END_COLLECTION, "", b""),
            field(MEMBER_NAME, "", b"media-source"),
            field(0x44, "", b"main"),
            field(0x44, "", b"manual"),
            field(END_COLLECTION, "", b""),
        ]);
        assert_eq!(composed(&wrong), right);
        assert_eq!(composed(&right), right);
    }

    #[test]
    fn of_a_number_that_makes_no_sense_the_name_is_left() {
        let wrong = response(&[
            field(0x21, "copies", &[1]),
            field(0x21, "speeds", &[1, 2]),
            field(0x21, "", &[0, 0, 0, 7]),
            field(0x22, "color", &[7]),
            field(0x13, "message", b"none"),
            field(0x35, "name", b"\0\x02en\0\x03Bob"),
            field(0x41, "latin", b"caf\xe9"),
        ]);
        let right = response(&[
            field(0x12, "copies", b""),
            field(0x21, "speeds", &[0, 0, 0, 7]),
            field(0x22, "color", &[1]),
            field(0x13, "message", b""),
            field(0x35, "name", b"\0\x02en\0\x03Bob"),
            field(0x41, "latin", b"caf\xe9"),
        ]);
        assert_eq!(composed(&wrong), right);
    }

    #[test]
    fn what_is_too_long_to_be_said_is_not_said() {
        let mut long = vec![0x44, 0, 1, b'k'];
        long.extend(0x8000_u16.to_be_bytes());
        long.extend([b'v'; 0x8000]);
        assert_eq!(compose(&parse(&response(&[long]), Limits::default()).unwrap()), None);
    }

    #[test]
    fn what_real_printers_sent_comes_out_as_it_was() {
        let Some(captures) = std::env::var_os("PLUGPRINT_CAPTURES") else {
            println!("skipped: PLUGPRINT_CAPTURES is not set");
            return;
        };
        let mut seen = 0;
        for entry in std::fs::read_dir(std::path::Path::new(&captures).join("ipp")).unwrap() {
            let file = entry.unwrap().path();
            let bytes = std::fs::read(&file).unwrap();
            assert!(composed(&bytes) == bytes, "{}", file.display());
            seen += 1;
        }
        assert!(seen >= 8);
    }

    proptest! {
        #[test]
        fn what_was_said_properly_once_stays_as_it_is(
            fields in prop::collection::vec(
                (
                    prop::sample::select(vec![
                        0x10_u8, 0x21, 0x22, 0x30, 0x31, 0x33, 0x35, 0x41, 0x44, 0x60, BEGIN_COLLECTION, END_COLLECTION,
                        MEMBER_NAME,
                    ]),
                    "[a-z]{0,3}",
                    prop_oneof![Just(vec![]), prop::collection::vec(any::<u8>(), 0..12)],
                ),
                0..40,
            ),
        ) {
            let fields: Vec<_> = fields.iter().map(|(tag, name, value)| field(*tag, name, value)).collect();
            if let Ok(message) = parse(&response(&fields), Limits::default()) {
                let once = compose(&message).unwrap();
                prop_assert_eq!(composed(&once), once);
            }
        }
    }
}
