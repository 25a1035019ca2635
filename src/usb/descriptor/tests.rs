#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use proptest::prelude::*;

use super::*;

/// A fixture: hexadecimal bytes, `#` begins a comment.
fn fixture(text: &str) -> Vec<u8> {
    let words = text.lines().flat_map(|line| line.split('#').next().unwrap().split_whitespace());
    words.map(|word| u8::from_str_radix(word, 16).unwrap()).collect()
}

macro_rules! device {
    ($name:literal) => {
        parse(&fixture(include_str!(concat!("../../../tests/data/usb/", $name, ".hex")))).unwrap()
    };
}

/// Configuration, interface, alternate setting, channel, and the endpoints' addresses.
fn short(functions: &[Function]) -> Vec<(u8, u8, u8, Channel, u8, u8)> {
    let one =
        |f: &Function| (f.configuration, f.interface, f.alternate, f.channel, f.bulk_in.address, f.bulk_out.address);
    functions.iter().map(one).collect()
}

#[test]
fn an_inkjet_whose_ipp_is_in_alternate_settings() {
    let device = device!("inkjet-alternate");
    assert_eq!((device.vendor_id, device.product_id), (HP, 0xf0f1));
    assert_eq!((device.manufacturer, device.product, device.serial), (1, 2, 3));
    let functions = device.functions();
    assert_eq!(
        short(&functions),
        [
            (1, 0, 1, Channel::IppUsb, 0x82, 0x01),
            (1, 1, 1, Channel::IppUsb, 0x84, 0x03),
            (1, 2, 0, Channel::HpLedmScan, 0x86, 0x05),
        ]
    );
    assert_eq!(functions[0].bulk_in.max_packet, 512);
    assert!(device.alternates(&functions[0]));
    assert!(!device.alternates(&functions[2]));
    let info = device.info().unwrap();
    assert_eq!((info.release, info.capabilities), (1, Some(BasicCapabilities(0x0013))));
    let can = info.capabilities.unwrap();
    assert_eq!(
        (can.print(), can.scan(), can.fax(), can.any_http(), can.authentication()),
        (true, true, false, true, 0)
    );
    assert_eq!(device.device_id_target(1), Some((0, 0, 0)));
    assert!(device.printer_class() && !device.smart_install());
}

#[test]
fn a_printer_whose_ipp_is_in_an_inactive_configuration() {
    let device = device!("inkjet-inactive");
    assert_eq!(
        short(&device.functions()),
        [
            (2, 0, 0, Channel::IppUsb, 0x81, 0x02),
            (2, 1, 0, Channel::IppUsb, 0x83, 0x04),
            (1, 1, 0, Channel::HpEwsLedm, 0x83, 0x04),
        ]
    );
    assert_eq!(device.device_id_target(2), Some((1, 0, 0)));
    assert_eq!(device.device_id_target(3), None);
}

#[test]
fn a_marvell_laserjet() {
    let device = device!("laserjet-marvell");
    assert_eq!(short(&device.functions()), [(1, 1, 0, Channel::HpMarvellEws, 0x83, 0x04)]);
    assert_eq!(device.device_id_target(1), Some((0, 0, 0)));
}

#[test]
fn a_laserjet_that_is_still_a_cd_rom() {
    let device = device!("smart-install");
    assert!(device.smart_install());
    assert!(device.functions().is_empty() && !device.printer_class());
}

#[test]
fn vendor_channels_are_hps_only_and_best_comes_first() {
    let mut device = device!("inkjet-alternate");
    device.vendor_id = 0x04a9;
    assert!(device.functions().iter().all(|f| f.channel == Channel::IppUsb));
    let all = [(0xff, 2, 0x10), (0xff, 0xcc, 0), (0xff, 4, 1), (0xff, 9, 1), (7, 1, 4), (7, 1, 2), (0xff, 0xff, 0xff)];
    let mut channels: Vec<_> = all.iter().filter_map(|&(c, s, p)| Channel::of(HP, c, s, p)).collect();
    channels.sort();
    let best_first = [Channel::IppUsb, Channel::HpIpp2, Channel::HpEwsLedm, Channel::HpLedmScan, Channel::HpMarvellEws];
    assert_eq!(channels, best_first);
}

#[test]
fn a_keyboards_hid_descriptor_is_not_device_info() {
    let mut raw = device_descriptor(HP);
    raw.extend(configuration(1, &[&interface(0, 0, 3, 1, 1), &[9, DEVICE_INFO, 0x11, 1, 0, 1, 0x22, 65, 0]]));
    assert_eq!(parse(&raw).unwrap().info(), None);
}

#[test]
fn damage_is_marked_and_what_came_before_it_is_kept() {
    let good = fixture(include_str!("../../../tests/data/usb/inkjet-alternate.hex"));
    let device = parse(&good[..good.len() - 3]).unwrap();
    assert!(device.configurations[0].damaged);
    assert_eq!(device.functions().len(), 2, "the last interface lost an endpoint");

    let mut zero_length = device_descriptor(HP);
    zero_length.extend(configuration(1, &[&pair(0, 0, 7, 1, 4), &[0, 0], &pair(1, 0, 7, 1, 4)]));
    let device = parse(&zero_length).unwrap();
    assert!(device.configurations[0].damaged);
    assert_eq!(device.functions().len(), 1);

    let mut orphan = device_descriptor(HP);
    orphan.extend(configuration(1, &[&endpoint(0x81), &[3, 0xf0, 0], &pair(0, 0, 7, 1, 4)]));
    let device = parse(&orphan).unwrap();
    assert!(!device.configurations[0].damaged);
    assert_eq!(device.functions().len(), 1);
}

#[test]
fn no_device_descriptor_is_an_error() {
    assert_eq!(parse(&[]), Err(Malformed::NoDevice));
    assert_eq!(parse(&device_descriptor(HP)[..17]), Err(Malformed::NoDevice));
    assert_eq!(parse(&vec![0; MAX_RAW + 1]), Err(Malformed::TooLong));
    assert!(parse(&device_descriptor(HP)).unwrap().functions().is_empty());
}

#[test]
fn much_is_bounded() {
    let many: Vec<Vec<u8>> = (0..3_000).map(|i| interface((i / 100) as u8, (i % 100) as u8, 7, 1, 4)).collect();
    let many: Vec<&[u8]> = many.iter().map(Vec::as_slice).collect();
    let mut raw = device_descriptor(HP);
    raw.extend(configuration(1, &many));
    for value in 2..=20 {
        raw.extend(configuration(value, &[&pair(0, 0, 7, 1, 4)]));
    }
    let device = parse(&raw).unwrap();
    assert_eq!(device.configurations.len(), MAX_CONFIGURATIONS);
    assert_eq!(device.configurations[0].settings.len(), MAX_SETTINGS);
    assert!(device.configurations[0].damaged);

    let endpoints: Vec<Vec<u8>> = (0..5_000).map(|i| endpoint(i as u8)).collect();
    let mut all: Vec<&[u8]> = endpoints.iter().map(Vec::as_slice).collect();
    let first = interface(0, 0, 7, 1, 4);
    all.insert(0, &first);
    let mut raw = device_descriptor(HP);
    raw.extend(configuration(1, &all));
    assert_eq!(parse(&raw).unwrap().configurations[0].settings[0].endpoints.len(), MAX_ENDPOINTS);
}

#[test]
fn a_device_info_descriptor_in_any_state() {
    let seen = [10, DEVICE_INFO, 1, 1, 0, 4, 0x11, 0, 5, 6];
    let info = DeviceInfo::parse(&seen).unwrap();
    assert_eq!((info.capabilities, info.ipp_versions, info.uuid), (Some(BasicCapabilities(0x11)), 5, 6));
    // An unknown element first; then ours.
    let info = DeviceInfo::parse(&[12, DEVICE_INFO, 1, 2, 9, 2, 7, 7, 0, 2, 1, 0]).unwrap();
    assert_eq!((info.capabilities, info.ipp_versions), (Some(BasicCapabilities(1)), 0));
    for end in 0..seen.len() {
        let _ = DeviceInfo::parse(&seen[..end]);
    }
    assert_eq!(DeviceInfo::parse(&[4, DEVICE_INFO, 1, 200]).unwrap().capabilities, None);
}

fn device_descriptor(vendor: u16) -> Vec<u8> {
    let [low, high] = vendor.to_le_bytes();
    vec![18, DEVICE, 0, 2, 0, 0, 0, 64, low, high, 1, 2, 0, 1, 1, 2, 3, 1]
}

fn configuration(value: u8, parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    let [low, high] = u16::try_from(body.len() + 9).unwrap_or(u16::MAX).to_le_bytes();
    [&[9, CONFIGURATION, low, high, 1, value, 0, 0xc0, 1][..], &body].concat()
}

fn interface(number: u8, alternate: u8, class: u8, subclass: u8, protocol: u8) -> Vec<u8> {
    vec![9, INTERFACE, number, alternate, 2, class, subclass, protocol, 0]
}

fn endpoint(address: u8) -> Vec<u8> {
    vec![7, ENDPOINT, address, 2, 0, 2, 0]
}

/// An interface with its bulk pair.
fn pair(number: u8, alternate: u8, class: u8, subclass: u8, protocol: u8) -> Vec<u8> {
    [interface(number, alternate, class, subclass, protocol), endpoint(0x81 + number), endpoint(0x01 + number)].concat()
}

proptest! {
    #[test]
    fn any_bytes_end_in_a_value(raw in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = parse(&raw);
        let mut behind_a_device = device_descriptor(HP);
        behind_a_device.extend(&raw);
        let device = parse(&behind_a_device).unwrap();
        let _ = (device.functions(), device.smart_install(), device.info());
    }

    #[test]
    fn any_damage_to_a_real_shape_ends_in_a_value(
        at in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..8),
        cut in any::<proptest::sample::Index>(),
    ) {
        let mut raw = fixture(include_str!("../../../tests/data/usb/inkjet-alternate.hex"));
        for (index, byte) in at {
            let index = index.index(raw.len());
            raw[index] = byte;
        }
        raw.truncate(cut.index(raw.len() + 1));
        if let Ok(device) = parse(&raw) {
            for function in device.functions() {
                prop_assert!(function.bulk_in.address & 0x80 != 0 && function.bulk_out.address & 0x80 == 0);
                prop_assert!(function.bulk_in.max_packet > 0);
            }
        }
    }

    #[test]
    fn every_channel_is_found_wherever_it_is(
        places in proptest::collection::vec((1_u8..4, 0_u8..8, 0_u8..3, 0_usize..6), 0..20),
    ) {
        let triples = [(7, 1, 4), (0xff, 9, 1), (0xff, 4, 1), (0xff, 0xcc, 0), (0xff, 2, 0x10), (7, 1, 2)];
        let mut raw = device_descriptor(HP);
        for value in 1..4 {
            let own = places.iter().filter(|p| p.0 == value);
            let parts: Vec<Vec<u8>> = own
                .map(|&(_, number, alternate, kind)| pair(number, alternate, triples[kind].0, triples[kind].1, triples[kind].2))
                .collect();
            raw.extend(configuration(value, &parts.iter().map(Vec::as_slice).collect::<Vec<_>>()));
        }
        let functions = parse(&raw).unwrap().functions();
        prop_assert!(functions.is_sorted_by_key(|f| f.channel));
        for (value, number, _, kind) in places {
            let (class, subclass, protocol) = triples[kind];
            let found = Channel::of(HP, class, subclass, protocol).is_none_or(|channel| {
                functions.iter().any(|f| (f.configuration, f.interface, f.channel) == (value, number, channel))
            });
            prop_assert!(found);
        }
    }
}
