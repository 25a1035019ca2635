#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use proptest::prelude::*;

use super::*;

const UUID: &str = "53b63a98-d29e-4457-a2ed-094d7e6a669c";

#[test]
fn a_pin_is_needed() {
    let line = format!("<3>WPS-PIN-NEEDED {UUID} 02:00:00:00:01:00 [Lab printer|HP|ENVY|5000|CN1|3-0050F204-1]");
    let Event::PinNeeded { uuid, mac, enrollee } = parse(line.as_bytes()) else { panic!() };
    assert_eq!((uuid.to_string().as_str(), mac), (UUID, Mac([2, 0, 0, 0, 1, 0])));
    assert_eq!((&*enrollee.name, &*enrollee.manufacturer, &*enrollee.model), ("Lab printer", "HP", "ENVY"));
    assert_eq!((&*enrollee.number, &*enrollee.serial), ("5000", "CN1"));
    assert!(enrollee.device_type.unwrap().is_printer());
}

#[test]
fn a_separator_in_the_name_shifts_nothing() {
    let line = format!("<3>WPS-PIN-NEEDED {UUID} 02:00:00:00:01:00 [a|b\u{1b}[2J| | | | |1-0050F204-1]");
    let Event::PinNeeded { enrollee, .. } = parse(line.as_bytes()) else { panic!() };
    assert_eq!(enrollee.name, "a|b\u{fffd}[2J");
    assert!(!enrollee.device_type.unwrap().is_printer());
}

#[test]
fn an_enrollee_is_seen() {
    let line = format!("<3>WPS-ENROLLEE-SEEN 02:00:00:00:01:00 {UUID} 3-0050F204-1 0x2388 4 1 [Lab ] printer]");
    let Event::EnrolleeSeen { mac, device_type, config_methods, password_id, name, .. } = parse(line.as_bytes()) else {
        panic!()
    };
    assert_eq!((mac, config_methods, password_id), (Mac([2, 0, 0, 0, 1, 0]), 0x2388, 4));
    assert!(device_type.unwrap().is_printer());
    assert_eq!(name, "Lab ] printer");
}

#[test]
fn how_an_enrolment_ends() {
    let line = format!("<3>WPS-REG-SUCCESS 02:00:00:00:01:00 {UUID}");
    assert!(matches!(parse(line.as_bytes()), Event::RegSuccess { mac: Mac([2, 0, 0, 0, 1, 0]), .. }));
    assert!(matches!(parse(b"<3>WPS-SUCCESS "), Event::Success));
    for (line, half) in [
        ("<3>WPS-FAIL msg=8 config_error=18", Some(Half::First)),
        ("<3>WPS-FAIL msg=10 config_error=18", Some(Half::Second)),
        ("<3>WPS-FAIL msg=11 config_error=0", None),
        ("<3>WPS-FAIL msg=10 config_error=12 reason=1 (TKIP Only Prohibited)", None),
    ] {
        let Event::Fail(failure) = parse(line.as_bytes()) else { panic!("{line}") };
        assert_eq!(failure.wrong_half(), half, "{line}");
    }
    let Event::Fail(failure) = parse(b"<3>WPS-FAIL msg=8 config_error=99 reason=2 (WEP Prohibited)") else { panic!() };
    assert_eq!((failure.config_error, failure.reason), (ConfigError::Unknown(99), Some(2)));
    assert!(matches!(parse(b"IFNAME=wlan0 <3>WPS-OVERLAP-DETECTED "), Event::Overlap));
    assert!(matches!(parse(b"<3>AP-STA-CONNECTED 02:00:00:00:01:00"), Event::StationJoined(_)));
}

#[test]
fn what_also_happens_when_it_succeeds_is_not_fatal() {
    for line in [
        &format!("<3>WPS-PIN-NEEDED {UUID} 02:00:00:00:01:00 [ | | | | |3-0050F204-1]"),
        "<3>WPS-M2D dev_password_id=0 config_error=15",
        "<3>CTRL-EVENT-EAP-FAILURE2 02:00:00:00:01:00",
        "<3>CTRL-EVENT-EAP-PROPOSED-METHOD vendor=14122 method=1",
    ] {
        assert_eq!(parse(line.as_bytes()).bearing(), Bearing::Normal, "{line}");
    }
}

#[test]
fn an_unknown_event_keeps_its_name_and_nothing_that_may_be_a_key() {
    let event = parse(b"<3>WPS-NEW-AP-SETTINGS 100e00371026000101104500076c61622d6e6574");
    assert_eq!(format!("{event:?}"), r#"Unknown { name: "WPS-NEW-AP-SETTINGS", length: 40 }"#);
    assert!(matches!(parse(b"<3>correct horse battery"), Event::Unknown { name, .. } if name.is_empty()));
    assert!(matches!(parse(b"<3>WPS-FAIL msg=-1"), Event::Unknown { .. }));
}

proptest! {
    #[test]
    fn any_bytes_end_in_a_value(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let event = parse(&bytes);
        let shown = format!("{event:?}");
        prop_assert!(shown.len() < 8000);
    }

    #[test]
    fn any_text_behind_a_known_name_ends_in_a_value(
        name in prop::sample::select(vec![
            "WPS-PIN-NEEDED", "WPS-ENROLLEE-SEEN", "WPS-REG-SUCCESS", "WPS-FAIL", "WPS-M2D", "AP-STA-CONNECTED",
        ]),
        rest in "\\PC{0,120}",
    ) {
        drop(parse(format!("<3>{name} {rest}").as_bytes()));
    }

    #[test]
    fn whatever_a_device_calls_itself(name in "[^\\]]{0,40}", mac in any::<[u8; 6]>(), uuid in any::<[u8; 16]>()) {
        let (mac, uuid) = (Mac(mac), Uuid(uuid));
        let line = format!("<3>WPS-ENROLLEE-SEEN {mac} {uuid} 3-0050F204-1 0x2388 0 1 [{name}]");
        let Event::EnrolleeSeen { mac: seen, uuid: by, name, .. } = parse(line.as_bytes()) else {
            return Err(TestCaseError::fail(line));
        };
        prop_assert_eq!((seen, by), (mac, uuid));
        prop_assert!(name.chars().all(|c| !c.is_control()));
    }

    #[test]
    fn a_long_event_is_cut(length in 0usize..200_000) {
        let line = [b"<3>WPS-X ".as_slice(), &vec![b'7'; length]].concat();
        let Event::Unknown { length, .. } = parse(&line) else { return Err(TestCaseError::fail("known")) };
        prop_assert!(length <= MAX_DATAGRAM);
    }
}
