//! The codec, byte by byte.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use proptest::prelude::*;

use super::message::*;

/// The example of RFC 8010, A.1, up to the document: Print-Job, version 1.1, request 1.
fn print_job() -> Vec<u8> {
    let mut bytes = vec![1, 1, 0, 2, 0, 0, 0, 1, 0x01];
    for (tag, name, value) in [
        (0x47, "attributes-charset", "utf-8"),
        (0x48, "attributes-natural-language", "en-us"),
        (0x45, "printer-uri", "ipp://printer.example.com/ipp/print/pinetree"),
        (0x42, "job-name", "foobar"),
    ] {
        bytes.push(tag);
        bytes.extend(u16::try_from(name.len()).unwrap().to_be_bytes());
        bytes.extend(name.as_bytes());
        bytes.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
        bytes.extend(value.as_bytes());
    }
    bytes.extend([0x22, 0, 22]);
    bytes.extend(b"ipp-attribute-fidelity");
    bytes.extend([0, 1, 1, 0x02, 0x21, 0, 6]);
    bytes.extend(b"copies");
    bytes.extend([0, 4, 0, 0, 0, 20, 0x44, 0, 5]);
    bytes.extend(b"sides");
    bytes.extend([0, 19]);
    bytes.extend(b"two-sided-long-edge");
    bytes.push(0x03);
    bytes
}

#[test]
fn the_print_job_of_rfc_8010() {
    let bytes = print_job();
    let message = Message::read(&bytes).unwrap();
    assert_eq!((message.version, message.code, message.request_id), ((1, 1), 0x0002, 1));
    assert_eq!(message.groups.iter().map(|group| group.tag).collect::<Vec<_>>(), [OPERATION, JOB]);
    assert_eq!(message.groups[0].text("job-name"), Some("foobar"));
    assert_eq!(message.groups[1].get("copies").unwrap().values, [Value::Integer(20)]);
    assert_eq!(message.write(), bytes);
}

#[test]
fn the_document_begins_where_the_attributes_end() {
    let mut bytes = print_job();
    let end = bytes.len();
    bytes.extend(b"\x03\x03document");
    let mut scanner = Scanner::default();
    for length in 0..end {
        assert_eq!(scanner.head(&bytes[..length]), Ok(None), "{length}");
    }
    assert_eq!(scanner.head(&bytes), Ok(Some(end)));
    assert_eq!(Scanner::default().head(&[1; HEAD + 1]), Err(Malformed("the attributes are too long")));
}

#[test]
fn collections() {
    let size = Value::Collection(vec![
        Attribute::new("x-dimension", vec![Value::Integer(21_000)]),
        Attribute::new("y-dimension", vec![Value::Range(1, 2), Value::Resolution(300, 600, 3)]),
    ]);
    let media = Value::Collection(vec![
        Attribute::new("media-size", vec![size.clone(), size]),
        Attribute::new("media-type", vec![Value::Keyword("labels".to_owned())]),
    ]);
    let groups = vec![Group { tag: JOB, attributes: vec![Attribute::new("media-col", vec![media, Value::NO_VALUE])] }];
    let message = Message { version: (2, 0), code: 5, request_id: 7, groups };
    assert_eq!(Message::read(&message.write()), Ok(message));
}

#[test]
fn what_is_malformed() {
    let message = |rest: &[u8]| Message::read(&[&[2, 0, 0, 2, 0, 0, 0, 1][..], rest].concat());
    for (rest, why) in [
        (&b""[..], "it breaks off"),
        (b"\x01", "it breaks off"),
        (b"\x01\x21\0\x01a\0\x03\0\0\0\x03", "a value's length does not fit its syntax"),
        (b"\x01\x22\0\x01a\0\x01\x02\x03", "a boolean is neither 0 nor 1"),
        (b"\x01\x44\0\x01a\0\x01\xff\x03", "a string is not UTF-8"),
        (b"\x44\0\x01a\0\x01b\x03", "an attribute is in no group"),
        (b"\x01\x44\0\0\0\x01b\x03", "an additional value has no attribute"),
        (b"\x01\x44\0\x01a\0\x01b\x44\0\x01a\0\x01b\x03", "an attribute occurs twice"),
        (b"\x01\x34\0\x01a\0\0\x03", "a collection breaks off"),
        (b"\x01\x34\0\x01a\0\0\x21\0\0\0\x04\0\0\0\0\x37\0\0\0\0\x03", "a member has no name"),
        (b"\x01\x34\0\x01a\0\0\x4a\0\0\0\x01b\x37\0\0\0\0\x03", "a member has no value"),
        (b"\x01\x37\0\x01a\0\0\x03", "a collection's piece is outside of one"),
        (b"\x00\x03", "a reserved delimiter"),
    ] {
        assert_eq!(message(rest), Err(Malformed(why)), "{rest:x?}");
    }
    let deep = [&b"\x01\x34\0\x01a\0\0"[..], &b"\x4a\0\0\0\x01b\x34\0\0\0\0".repeat(20)].concat();
    assert_eq!(message(&deep), Err(Malformed("collections are nested too deep")));
    let many = [&b"\x01\x44\0\x01a\0\0"[..], &b"\x44\0\0\0\0".repeat(3000), b"\x03"].concat();
    assert_eq!(message(&many), Err(Malformed("too many attributes")));
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<i32>().prop_map(Value::Integer),
        any::<bool>().prop_map(Value::Boolean),
        any::<[u8; 11]>().prop_map(Value::DateTime),
        any::<(i32, i32)>().prop_map(|(low, high)| Value::Range(low, high)),
        any::<(i32, i32, u8)>().prop_map(|(across, along, unit)| Value::Resolution(across, along, unit)),
        "[a-zä]{0,20}".prop_map(Value::Name),
        "[a-z-]{0,20}".prop_map(Value::Keyword),
        proptest::collection::vec(any::<u8>(), 0..20).prop_map(Value::Octets),
        Just(Value::NO_VALUE),
    ];
    leaf.prop_recursive(4, 20, 4, |inner| {
        let member = ("[a-z-]{1,10}", proptest::collection::vec(inner, 1..3));
        let members = proptest::collection::vec(member.prop_map(|(name, values)| Attribute::new(name, values)), 0..4);
        members.prop_map(Value::Collection)
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read(values in proptest::collection::vec(value(), 1..8), id in any::<i32>()) {
        let attributes = vec![Attribute::new("any", values)];
        let message = Message { version: (2, 0), code: 11, request_id: id, groups: vec![Group { tag: PRINTER, attributes }] };
        let bytes = message.write();
        prop_assert_eq!(Scanner::default().head(&bytes), Ok(Some(bytes.len())));
        prop_assert_eq!(Message::read(&bytes), Ok(message));
    }

    #[test]
    fn any_bytes_are_a_message_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = Message::read(&bytes);
        if let Ok(Some(end)) = Scanner::default().head(&bytes) {
            prop_assert!(end <= bytes.len());
        }
    }

    #[test]
    fn a_damaged_message_is_read_or_refused(at in 0usize..200, byte in any::<u8>(), cut in 0usize..300) {
        let mut bytes = print_job();
        if let Some(place) = bytes.get_mut(at) {
            *place = byte;
        }
        bytes.truncate(cut);
        let _ = Message::read(&bytes);
    }
}
