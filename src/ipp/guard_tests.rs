//! The guard's tests: the odd messages one by one, then arbitrary bytes, then what real printers sent.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::super::attributes::{PrinterAttributes, Refused};
use super::*;

/// Writes messages, right and wrong ones.
struct Draft(Vec<u8>);

impl Draft {
    /// A successful response, open in its printer group.
    fn response() -> Self {
        Self(vec![2, 0, 0, 0, 0, 0, 0, 1, 0x04])
    }

    fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    fn field(mut self, tag: u8, name: &str, value: &[u8]) -> Self {
        self.0.push(tag);
        for part in [name.as_bytes(), value] {
            self.0.extend_from_slice(&u16::try_from(part.len()).unwrap().to_be_bytes());
            self.0.extend_from_slice(part);
        }
        self
    }

    fn end(self) -> Vec<u8> {
        self.raw(&[0x03]).0
    }
}

fn accepted(message: &[u8]) -> Vec<Attribute> {
    let mut message = parse(message, Limits::default()).unwrap();
    message.groups.remove(0).attributes
}

fn rejected(message: &[u8]) -> String {
    assert_eq!(
        check(message, Limits::default()),
        parse(message, Limits::default()).map(drop),
        "check and parse differ"
    );
    parse(message, Limits::default()).unwrap_err().to_string()
}

/// What the `ipp` crate makes of a message; the guard has passed it before.
fn through_the_crate(message: &[u8]) -> Result<::ipp::attribute::IppAttributes, String> {
    check(message, Limits::default()).map_err(|reject| reject.to_string())?;
    let reader = ::ipp::reader::IppReader::new(std::io::Cursor::new(message.to_vec()));
    ::ipp::parser::IppParser::new(reader).parse_parts().map(|(_, read, _)| read).map_err(|e| e.to_string())
}

#[test]
fn an_ordinary_answer_keeps_its_order() {
    let message = Draft::response()
        .field(0x41, "printer-make-and-model", b"HP LaserJet Pro M127fw")
        .field(0x23, "printer-state", &[0, 0, 0, 3])
        .field(0x44, "media-supported", b"iso_a4_210x297mm")
        .field(0x44, "", b"na_letter_8.5x11in")
        .raw(&[0x02])
        .field(0x21, "job-id", &[0, 0, 1, 0])
        .end();
    let read = parse(&message, Limits::default()).unwrap();
    assert_eq!((read.version, read.code, read.request_id, read.length), ((2, 0), 0, 1, message.len()));
    assert_eq!(read.groups.iter().map(|group| group.tag).collect::<Vec<_>>(), [4, 2]);
    let names: Vec<_> = read.groups[0].attributes.iter().map(|attribute| attribute.name.as_str()).collect();
    assert_eq!(names, ["printer-make-and-model", "printer-state", "media-supported"]);
    assert_eq!(read.groups[0].attributes[2].values.len(), 2);
    assert_eq!(read.groups[1].attributes[0].values, [Value::Integer(256)]);
}

#[test]
fn document_data_after_the_end_is_not_read() {
    let message = [Draft::response().end(), vec![0xff; 2 << 20]].concat();
    assert_eq!(parse(&message, Limits::default()).unwrap().length, 10);
}

#[test]
fn an_inner_length_beyond_the_value_is_refused() {
    // Alone, the crate panics on this one: language says 200 bytes, four are there.
    for value in [&b"\x00\xc8en\x00\x01"[..], b"\x00\x02en\x00\xc8hello", b"\x00\x02en", b"\x00", b""] {
        for tag in [TEXT_WITH_LANGUAGE, NAME_WITH_LANGUAGE] {
            let message = Draft::response().field(tag, "printer-info", value).end();
            assert_eq!(rejected(&message), "malformed IPP message at byte 9: inner lengths that do not add up");
        }
    }
    let sound = Draft::response().field(TEXT_WITH_LANGUAGE, "printer-info", b"\x00\x02en\x00\x05hello").end();
    let text = Value::Text { tag: 0x35, language: Some("en".to_owned()), text: "hello".to_owned() };
    assert_eq!(accepted(&sound)[0].values, [text]);
    through_the_crate(&sound).unwrap();
}

#[test]
fn nested_collections_are_refused_before_they_cost_anything() {
    // Alone, the crate overflows a 2 MiB stack at 5,000 levels, and 10,000 take it 15 seconds.
    for depth in [17, 5_000, 10_000] {
        let mut message = Draft::response().field(BEGIN_COLLECTION, "media-col", b"");
        for _ in 1..depth {
            message = message.field(MEMBER_NAME, "", b"m").field(BEGIN_COLLECTION, "", b"");
        }
        for _ in 0..depth {
            message = message.field(END_COLLECTION, "", b"");
        }
        let message = message.end();
        let begun = Instant::now();
        assert_eq!(rejected(&message), "the IPP message has more levels of collections than 16");
        assert!(begun.elapsed() < Duration::from_secs(1), "took {:?}", begun.elapsed());
    }
}

#[test]
fn sixteen_levels_of_collections_pass_in_both() {
    let mut message = Draft::response().field(BEGIN_COLLECTION, "media-col", b"");
    for _ in 1..16 {
        message = message.field(MEMBER_NAME, "", b"m").field(BEGIN_COLLECTION, "", b"");
    }
    for _ in 0..16 {
        message = message.field(END_COLLECTION, "", b"");
    }
    let message = message.end();
    accepted(&message);
    through_the_crate(&message).unwrap();
}

#[test]
fn a_collection_keeps_further_values_and_later_members() {
    // The crate reads {a=[1,2], b, c} as {a=1}.
    let message = Draft::response()
        .field(BEGIN_COLLECTION, "media-col", b"")
        .field(MEMBER_NAME, "", b"a")
        .field(0x21, "", &[0, 0, 0, 1])
        .field(0x21, "", &[0, 0, 0, 2])
        .field(MEMBER_NAME, "", b"b")
        .field(0x22, "", &[1])
        .field(MEMBER_NAME, "", b"c")
        .field(0x44, "", b"plain")
        .field(END_COLLECTION, "", b"")
        .end();
    let Value::Collection(members) = &accepted(&message)[0].values[0] else { panic!("not a collection") };
    let names: Vec<_> = members.iter().map(|member| member.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c"]);
    assert_eq!(members[0].values, [Value::Integer(1), Value::Integer(2)]);
    assert_eq!(members[1].values, [Value::Boolean(true)]);
    // Should this one day fail, the crate has been mended.
    let lost = through_the_crate(&message).unwrap();
    assert!(!format!("{:?}", lost.groups()[0]).contains("plain"));
}

#[test]
fn a_collection_of_named_attributes_is_one_too() {
    let message = Draft::response()
        .field(BEGIN_COLLECTION, "media-col", b"")
        .field(0x21, "x-dimension", &[0, 0, 0x52, 0x08])
        .field(0x21, "y-dimension", &[0, 0, 0x74, 0x04])
        .field(END_COLLECTION, "", b"")
        .end();
    let Value::Collection(members) = &accepted(&message)[0].values[0] else { panic!("not a collection") };
    assert_eq!(members[1].values, [Value::Integer(29_700)]);
}

#[test]
fn long_strings_cost_no_message() {
    // The crate refuses the whole message for a keyword of 260 bytes.
    let message = Draft::response()
        .field(0x44, "vendor-keyword", &[b'k'; 260])
        .field(0x41, "printer-info", &[b't'; 5_000])
        .field(0x21, &"n".repeat(300), &[0, 0, 0, 1])
        .end();
    assert_eq!(accepted(&message).len(), 3);
    assert!(through_the_crate(&message).is_err());
}

#[test]
fn unknown_tags_cost_no_message() {
    // The crate refuses value tags above 0x4a and delimiters above 0x0a.
    let message = Draft::response()
        .field(0x7f, "vendor-extension", &[0, 0, 0x40, 0, 1])
        .field(0xee, "vendor-value", b"?")
        .raw(&[0x0f])
        .field(0x21, "vendor-attribute", &[0, 0, 0, 9])
        .end();
    let read = parse(&message, Limits::default()).unwrap();
    assert_eq!(read.groups[0].attributes[0].values, [Value::Octets { tag: 0x7f, bytes: vec![0, 0, 0x40, 0, 1] }]);
    assert_eq!(read.groups[1].tag, 0x0f);
    assert!(through_the_crate(&message).is_err());
}

#[test]
fn values_of_a_wrong_size_are_kept_as_bytes() {
    let odd: &[(u8, &[u8])] =
        &[(0x21, &[1, 2]), (0x22, &[]), (0x23, &[0; 5]), (0x31, &[0; 8]), (0x32, &[0; 8]), (0x33, &[0; 7])];
    for (tag, bytes) in odd {
        let message = Draft::response().field(*tag, "odd", bytes).end();
        assert_eq!(accepted(&message)[0].values, [Value::Octets { tag: *tag, bytes: bytes.to_vec() }]);
    }
    let latin1 = Draft::response().field(0x41, "printer-location", b"B\xfcro").end();
    assert_eq!(accepted(&latin1)[0].values, [Value::Octets { tag: 0x41, bytes: b"B\xfcro".to_vec() }]);
}

#[test]
fn a_structure_that_does_not_hold_together_is_refused() {
    let cases: &[(&str, Vec<u8>)] = &[
        ("a further value of no attribute", Draft::response().field(0x21, "", &[0, 0, 0, 1]).end()),
        ("an attribute before any group", Draft(vec![2, 0, 0, 0, 0, 0, 0, 1]).field(0x21, "a", &[0; 4]).end()),
        ("an attribute before any group", Draft(vec![2, 0, 0, 0, 0, 0, 0, 1]).field(0x34, "", b"").end()),
        ("a collection of no attribute", Draft::response().field(BEGIN_COLLECTION, "", b"").end()),
        ("the end of a collection that never began", Draft::response().field(END_COLLECTION, "", b"").end()),
        ("a member name outside a collection", Draft::response().field(MEMBER_NAME, "", b"m").end()),
        ("a collection is not closed", Draft::response().field(BEGIN_COLLECTION, "c", b"").end()),
        ("a collection's bracket with a value", Draft::response().field(BEGIN_COLLECTION, "c", b"?").end()),
        ("delimiter tag 0x00", Draft::response().raw(&[0]).end()),
    ];
    for (what, message) in cases {
        let reject = rejected(message);
        assert!(reject.ends_with(what), "{reject:?} is not about {what:?}");
    }
}

#[test]
fn every_truncation_is_noticed() {
    let whole = Draft::response()
        .field(TEXT_WITH_LANGUAGE, "printer-info", b"\x00\x02en\x00\x05hello")
        .field(BEGIN_COLLECTION, "media-col", b"")
        .field(MEMBER_NAME, "", b"a")
        .field(0x21, "", &[0, 0, 0, 1])
        .field(END_COLLECTION, "", b"")
        .end();
    for length in 0..whole.len() {
        assert_eq!(parse(&whole[..length], Limits::default()), Err(Reject::Truncated { at: length }));
    }
}

#[test]
fn each_limit_holds() {
    let limits = Limits { size: 200, groups: 2, attributes: 3, values: 4, depth: 1 };
    let refused = |message: Vec<u8>| match parse(&message, limits) {
        Err(Reject::TooMany { what, .. }) => what,
        other => panic!("{other:?}"),
    };
    let field = |draft: Draft| draft.field(0x21, "a", &[0; 4]);
    assert_eq!(refused(Draft::response().raw(&[4, 4]).end()), "groups");
    assert_eq!(refused(field(field(field(field(Draft::response())))).end()), "attributes");
    let mut values = field(Draft::response());
    for _ in 0..4 {
        values = values.field(0x21, "", &[0; 4]);
    }
    assert_eq!(refused(values.end()), "values");
    assert_eq!(refused(Draft::response().field(0x41, "a", &[b' '; 200]).end()), "bytes");
    let nested = Draft::response().field(BEGIN_COLLECTION, "c", b"").field(MEMBER_NAME, "", b"m");
    assert_eq!(refused(nested.field(BEGIN_COLLECTION, "", b"").end()), "levels of collections");
}

#[test]
fn what_real_printers_sent_is_read() {
    let Some(captures) = std::env::var_os("PLUGPRINT_CAPTURES") else {
        println!("skipped: PLUGPRINT_CAPTURES is not set");
        return;
    };
    let read = |name: &str| {
        let bytes = std::fs::read(std::path::Path::new(&captures).join("ipp").join(name)).unwrap();
        let message = parse(&bytes, Limits::default()).unwrap_or_else(|reject| panic!("{name}: {reject}"));
        assert_eq!(message.length, bytes.len(), "{name}: something is left over");
        let _ = through_the_crate(&bytes);
        message
    };
    for (name, model) in [
        ("hp6830.ipp", "HP Officejet Pro 6830"),
        ("epsonxp6000.ipp", "EPSON XP-6000 Series"),
        ("brother-mfcj5320dw.ipp", "Brother MFC-J5320DW"),
        ("kyocera-ecosys-m2040dn.ipp", "ECOSYS M2040dn"),
        ("xerox-b235.ipp", "B235"),
    ] {
        let printer = PrinterAttributes::read(&read(name)).unwrap();
        let told = printer.make_and_model.unwrap_or_default();
        assert!(told.contains(model), "{name}: {told:?}");
        assert!(printer.uuid.is_some() && printer.state.is_some() && printer.more_info.is_some(), "{name}");
    }
    // The odd answers: a refusal of the version, an empty group, a description with half of it missing.
    let refusal = PrinterAttributes::read(&read("error-0x0503.ipp"));
    assert_eq!(refusal, Err(Refused { status: 0x0503 }));
    PrinterAttributes::read(&read("empty-attribute-group.ipp")).unwrap();
    PrinterAttributes::read(&read("kyocera-ecosys-m2540dn-001.ipp")).unwrap();
}

/// Fields that look like a printer's: mostly legal tags, so that mutations reach deep.
fn fields() -> impl Strategy<Value = Vec<u8>> {
    let tag = prop_oneof![
        4 => prop::sample::select(vec![0x21, 0x22, 0x23, 0x30, 0x31, 0x32, 0x33, 0x35, 0x36, 0x41, 0x42, 0x44, 0x45]),
        4 => prop::sample::select(vec![BEGIN_COLLECTION, END_COLLECTION, MEMBER_NAME]),
        1 => any::<u8>(),
    ];
    let field = (tag, "[a-z]{0,3}", prop::collection::vec(any::<u8>(), 0..12));
    prop::collection::vec(field, 0..60).prop_map(|fields| {
        let draft = fields.into_iter().fold(Draft::response(), |draft, (tag, name, value)| match tag {
            BEGIN_COLLECTION | END_COLLECTION => draft.field(tag, &name, b""),
            TEXT_WITH_LANGUAGE | NAME_WITH_LANGUAGE if value.len() > 3 => {
                let rest = u8::try_from(value.len() - 2).unwrap();
                draft.field(tag, &name, &[&[0, 2][..], &value[..2], &[0, rest], &value[2..]].concat())
            }
            _ => draft.field(tag, &name, &value),
        });
        draft.end()
    })
}

proptest! {
    #[test]
    fn arbitrary_bytes_end_in_a_value(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        if let Ok(message) = parse(&bytes, Limits::default()) {
            prop_assert!(message.length <= bytes.len());
            let _ = PrinterAttributes::read(&message);
        }
    }

    #[test]
    fn what_the_guard_passes_never_hurts_the_crate(
        message in fields(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
    ) {
        let mut message = message;
        for (at, byte) in flips {
            let at = at.index(message.len());
            message[at] = byte;
        }
        let _ = through_the_crate(&message);
        if let Ok(read) = parse(&message, Limits::default()) {
            let _ = PrinterAttributes::read(&read);
        }
    }
}
