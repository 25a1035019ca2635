#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use super::*;

/// A device that answers control requests from a table, and stalls on all others.
struct Answering {
    raw: Vec<u8>,
    answers: Vec<(ControlIn, Result<Vec<u8>, Error>)>,
}

impl Device for Answering {
    fn raw_descriptors(&self) -> &[u8] {
        &self.raw
    }
    fn configuration(&self) -> BoxFuture<'_, Result<u8, Error>> {
        Box::pin(async { Ok(1) })
    }
    fn control_in(&self, request: ControlIn, _timeout: Duration) -> BoxFuture<'_, Result<Vec<u8>, Error>> {
        let answer = self.answers.iter().find(|(asked, _)| *asked == request).map(|(_, answer)| answer.clone());
        Box::pin(async move { answer.unwrap_or(Err(Error::Stalled)) })
    }
    fn claim(&self, _: descriptor::Function) -> BoxFuture<'_, Result<Box<dyn Pipe>, Error>> {
        Box::pin(async { Err(Error::Busy) })
    }
    fn reset(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async { Ok(()) })
    }
}

fn string_request(index: u16, language: u16) -> ControlIn {
    ControlIn { request_type: 0x80, request: 6, value: 0x0300 | index, index: language, length: 255 }
}

fn string_answer(text: &str) -> Result<Vec<u8>, Error> {
    let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    Ok([&[u8::try_from(units.len() + 2).unwrap(), 3][..], &units].concat())
}

/// Strings 1, 2, 3; printer class on interface 1 only, of configuration 7.
fn raw() -> Vec<u8> {
    let mut raw = vec![18, 1, 0, 2, 0, 0, 0, 64, 0xf0, 3, 1, 2, 0, 1, 1, 2, 3, 1];
    raw.extend([9, 2, 55, 0, 2, 7, 0, 0xc0, 1]);
    for (number, class, subclass, protocol) in [(0, 0xff, 4, 1), (1, 7, 1, 2)] {
        raw.extend([9, 4, number, 0, 2, class, subclass, protocol, 0]);
        raw.extend([7, 5, 0x81 + number, 2, 0, 2, 0, 7, 5, 1 + number, 2, 0, 2, 0]);
    }
    raw
}

#[tokio::test]
async fn strings_are_asked_for_in_english_and_come_back_clean() {
    let device = Answering {
        raw: raw(),
        answers: vec![
            (string_request(0, 0), Ok(vec![6, 3, 0x07, 0x04, 0x09, 0x04])),
            (string_request(1, ENGLISH), string_answer("HP ")),
            (string_request(2, ENGLISH), string_answer("DeskJet\u{0}\u{1b} 3700 öé")),
        ],
    };
    let strings = strings(&device).await.unwrap();
    assert_eq!(strings.manufacturer.as_deref(), Some("HP"));
    assert_eq!(strings.product.as_deref(), Some("DeskJet 3700 öé"));
    assert_eq!(strings.serial, None, "stalled");
}

#[tokio::test]
async fn strings_of_a_device_that_garbles_them() {
    let device = Answering {
        raw: raw(),
        answers: vec![
            (string_request(0, 0), Ok(vec![4, 3, 0x07, 0x04])),
            (string_request(1, 0x0407), Ok(vec![200, 3, b'H', 0, b'P', 0, 7])),
            (string_request(2, 0x0407), Ok(vec![4, 9, b'x', 0])),
            (string_request(3, 0x0407), Err(Error::Timeout)),
        ],
    };
    let expected = Strings { manufacturer: Some("HP".into()), ..Strings::default() };
    assert_eq!(strings(&device).await, Ok(expected));
}

#[tokio::test]
async fn a_device_id_is_asked_of_the_printer_class_interface() {
    let request = ControlIn { request_type: 0xa1, request: 0, value: 0, index: 0x0100, length: 1023 };
    let device = Answering { raw: raw(), answers: vec![(request, Ok(b"\0\x09MFG:HP;".to_vec()))] };
    let function = descriptor::parse(&device.raw).unwrap().functions()[0];
    assert_eq!(function.interface, 0);
    assert_eq!(device_id(&device, &function).await.unwrap().manufacturer.as_deref(), Some("HP"));
    let elsewhere = descriptor::Function { configuration: 9, ..function };
    assert!(matches!(device_id(&device, &elsewhere).await, Err(Error::Malformed(_))));
}
