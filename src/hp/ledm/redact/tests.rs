//! Canaries: whatever is private must not come out, wherever it was put.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::net::{Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use super::super::testing::{capture, fixture, never_panics};
use super::*;

fn redacted(document: &str) -> String {
    let document = Document::read(document.as_bytes()).unwrap();
    let mut redactor = Redactor::default();
    redactor.learn(&document);
    redactor.write(&document)
}

/// What becomes of a text in an element of this name.
fn text(name: &str, text: &str) -> String {
    let text = quick_xml::escape::escape(text);
    let out = redacted(&format!("<x:{name} xmlns:x=\"urn:x\">{text}</x:{name}>"));
    let (_, rest) = out.split_once('>').unwrap();
    rest.split('<').next().unwrap_or_default().trim().to_owned()
}

#[test]
fn what_is_kept_and_what_is_not() {
    for (name, before, after) in [
        ("Power", "on", "on"),
        ("Unheard", "wifiEmbedded", "wifiEmbedded"),
        ("Unheard", "Wifi0", "Wifi0"),
        ("Unheard", "true", "true"),
        ("Unheard", "sesame", "[text, 6 characters]"),
        ("Unheard", "wireless network", "[text, 16 characters]"),
        ("Unheard", "-52", "-52"),
        ("Unheard", "0492", "[4 digits]"),
        ("Unheard", "beef1", "[5 hexadecimal digits]"),
        ("StringId", "65540", "65540"),
        ("JobType", "ribSmearCleaningPage", "ribSmearCleaningPage"),
        ("WpsSupport", "enabled", "enabled"),
        ("ResourceURI", "/IoMgmt/Adapters/Wifi0/WPS/Pin", "/IoMgmt/Adapters/Wifi0/WPS/Pin"),
        ("ResourceURI", "/IoMgmt/Adapters/Wifi0/WifiNetworks/SSID=4d79", "[text, 45 characters]"),
        ("Revision", "SVN-IPG-LEDM.174", "SVN-IPG-LEDM.174"),
        ("Date", "2010-12-08", "2010-12-08"),
        ("Unheard", "2010-12-08", "[text, 10 characters]"),
        ("MakeAndModel", "ENVY Photo 7830 series", "ENVY Photo 7830 series"),
        ("PassPhrase", "746f70736563726574", "[private]"),
        ("WpsPin", "0492", "[private]"),
        ("PinSupported", "true", "true"),
        ("SSID", "", ""),
        ("AdminPasswordHint", "dog", "[private]"),
        ("DeviceLocation", "kitchen", "[private]"),
        ("HostName", "HP103001", "[private]"),
        ("JobType", "pin76543210", "[private]"),
        ("JobType", "7654-3210", "[private]"),
        ("Revision", "fe80::1", "[private]"),
        ("Revision", "anna@example.net", "[private]"),
    ] {
        assert_eq!(text(name, before), after, "{name} {before}");
    }
}

#[test]
fn what_stands_in_a_private_place_is_private_everywhere() {
    let out = redacted(
        "<A><JobType>Villa-Anna</JobType><B><WifiNetwork><SSID>56696C6C6120416E6E61</SSID></WifiNetwork></B>\
         <NameType>villaanna</NameType><KeyInfo><Deep at=\"Zebra\">Ochsenfrosch</Deep></KeyInfo>\
         <XType>ochsenFROSCH</XType><YType>myZebra</YType></A>",
    );
    for private in ["villa", "anna", "frosch", "zebra", "5669"] {
        assert!(!out.to_lowercase().contains(private), "{private} in {out}");
    }
    assert!(out.contains("<Deep at=\"[private]\">[private]</Deep>"), "{out}");
}

#[test]
fn nothing_hides_in_comments_entities_cdata_or_names() {
    let out = redacted(
        "<?pi 76543210?><!-- 76543210 --><A xmlns:c=\"http://canary.example/76543210\" xmlns=\"http://www.hp.com/schemas/76543210\">\
         <JobType>7654&#51;210</JobType><JobType><![CDATA[76543210]]></JobType><JobType a=\"7654&#x33;210\"/>\
         <n76543210>x</n76543210>7654<B/>3210</A>",
    );
    assert!(!out.contains("7654") && !out.contains("canary") && !out.contains("3210"), "{out}");
}

#[test]
fn a_whole_document_keeps_its_structure() {
    let document = Document::read(&fixture("adapters-laserjet.xml")).unwrap();
    let mut redactor = Redactor::default();
    redactor.learn(&document);
    let out = redactor.write(&document);
    let (before, after) = (xml::parse(&fixture("adapters-laserjet.xml")).unwrap(), xml::parse(out.as_bytes()).unwrap());
    let names = |root: &xml::Element| -> Vec<String> { root.descendants().map(|e| e.local().to_owned()).collect() };
    assert_eq!(names(&before), names(&after));
    assert!(out.contains("http://www.hp.com/schemas/imaging/con/ledm/iomgmt/2008/11/30"), "{out}");
}

/// What real printers sent: what is worth learning survives.
#[test]
fn captures_stay_worth_reading() {
    let Some(pages) = capture("smart-tank-750-internal-print-cap.xml") else { return };
    let out = redacted(&String::from_utf8(pages).unwrap());
    assert_eq!(out.matches("</ns3:JobType>").count(), 19);
    for kept in [">wifiDirectPinCodePage<", ">/DevMgmt/InternalPrintDyn.xml<", "access=\"readOnly\"", ">2012-03-06<"] {
        assert!(out.contains(kept), "{kept} is not in {out}");
    }
    let adapters = redacted(&String::from_utf8(capture("envy-photo-7830-adapters.xml").unwrap()).unwrap());
    assert!(adapters.contains(">SVN-IPG-LEDM.174<"), "{adapters}");
    let lost: Vec<&str> = adapters.lines().filter(|line| line.contains('[')).collect();
    // Four hardware addresses, a network's name and its access point's address; and schemaLocation.
    assert_eq!(lost.len(), 6, "{lost:?}");
}

#[test]
fn damaged_documents_end_in_a_value() {
    never_panics("adapters-laserjet.xml", |bytes| {
        Document::read(bytes).map(|document| drop(Redactor::default().write(&document)))
    });
}

#[test]
fn what_is_too_much_is_refused_or_cut_off() {
    let deep = "<a>".repeat(40) + &"</a>".repeat(40);
    assert!(matches!(Document::read(deep.as_bytes()), Err(Error::TooMuch { what: "levels", .. })));
    let doctype = b"<!DOCTYPE a [<!ENTITY e \"x\">]><a>&e;</a>";
    assert!(matches!(Document::read(doctype), Err(Error::Doctype)));
    let many = format!("<a>{}</a>", "<ResourceURI>/x</ResourceURI>".repeat(14_000));
    let out = redacted(&many);
    assert!(out.len() < MAX_WRITTEN + 32 && out.ends_with("[cut off here]\n"), "{}", out.len());
}

/// Names of each kind: private, listing, measuring, path, version, model, unheard of.
const NAMES: [&str; 16] = [
    "SSID",
    "WpsPin",
    "JobType",
    "AuthenticationMode",
    "StatusCategory",
    "StringId",
    "FileSize",
    "ResourceURI",
    "JobUrl",
    "Revision",
    "Version",
    "Date",
    "MakeAndModel",
    "ProductNumber",
    "Note",
    "Name",
];

/// Things that are private by their form.
fn canary() -> impl Strategy<Value = String> {
    let pin = prop::array::uniform7(0u8..10).prop_map(|digits| {
        let front: String = digits.iter().map(|digit| char::from(b'0' + digit)).collect();
        format!("{front}{}", crate::wps::pin::checksum(&digits))
    });
    prop_oneof![
        pin.clone(),
        (pin, prop::sample::select(vec!["-", " "])).prop_map(|(pin, glue)| format!("{}{glue}{}", &pin[..4], &pin[4..])),
        (any::<[u8; 6]>(), prop::sample::select(vec!["", ":", "-"]), any::<bool>()).prop_map(|(mac, glue, upper)| {
            let pairs: Vec<String> = mac.iter().map(|byte| format!("{byte:02x}")).collect();
            let mac = pairs.join(glue);
            if upper { mac.to_uppercase() } else { mac }
        }),
        "[0-9a-f]{4}\\.[0-9a-f]{4}\\.[0-9a-f]{4}",
        "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        any::<u32>().prop_map(|ip| Ipv4Addr::from(ip).to_string()),
        any::<u128>().prop_map(|ip| Ipv6Addr::from(ip).to_string()),
        "fe80::[1-9a-f][0-9a-f]{3}",
        "[0-9A-F]{12,40}",
        "[a-z]{3,8}@[a-z]{3,8}\\.(net|com)",
        Just("CNB7CANARY".to_owned()),
        Just("cnb7-canary".to_owned()),
    ]
}

/// A document with this text in one of all kinds of places.
fn place(name: &str, text: &str, place: u8) -> String {
    let text = quick_xml::escape::escape(text);
    let references: String = text.chars().map(|c| format!("&#{};", u32::from(c))).collect();
    let inside = match place {
        0 => format!("<{name}>{text}</{name}>"),
        1 => format!("<x:{name} xmlns:x=\"urn:x\"><![CDATA[{text}]]></x:{name}>"),
        2 => format!("<B {name}=\"{text}\"/>"),
        3 => format!("<B {name}='{references}'>on</B>"),
        4 => format!("<{name}>{references}</{name}>"),
        5 => format!("<B><{name}>{text}<C/>on</{name}></B>"),
        6 => format!("<!-- {name} {text} --><?{name} {text}?>"),
        _ => format!("<B xmlns:{name}=\"{text}\"/>"),
    };
    format!("<A>{inside}</A>")
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1024) })]

    #[test]
    fn what_looks_private_never_survives(
        canary in canary(),
        name in prop::sample::select(NAMES.to_vec()),
        (before, after) in ("([a-z]{1,6}[ =/])?", "([ ,/;][a-z]{1,6})?"),
        at in 0u8..8,
    ) {
        let document = Document::read(place(name, &format!("{before}{canary}{after}"), at).as_bytes()).unwrap();
        let mut redactor = Redactor::default();
        redactor.know("CNB7CANARY");
        redactor.learn(&document);
        let out = redactor.write(&document);
        prop_assert!(!out.to_lowercase().contains(&canary.to_lowercase()), "{} is in {}", canary, out);
    }

    /// A secret of no known form: only where the element's name says that it holds something else may it pass.
    #[test]
    fn no_free_text_survives_in_an_element_that_is_not_known(
        canary in "(Zq|q)[A-Za-z0-9!?$ ]{6,30}x",
        name in "(Note|Remark|Foo|Blob|Value|Text|Name|SSID|PassPhrase|Secret)[a-z]{0,3}",
        at in 0u8..8,
    ) {
        let out = redacted(&place(&name, &canary, at));
        prop_assert!(!out.contains(&canary), "{} is in {}", canary, out);
    }

    /// What stood in a private place does not survive in any other.
    #[test]
    fn what_is_known_to_be_private_never_survives(
        canary in "[a-z]{3}q[A-Za-z0-9]{2,20}",
        private in prop::sample::select(vec!["SSID", "SerialNumber", "PassPhrase", "HostName", "WpsPin"]),
        name in prop::sample::select(NAMES.to_vec()),
        at in 0u8..8,
    ) {
        let other = place(name, &canary, at);
        let out = redacted(&format!("<R>{other}<{private}>{canary}</{private}></R>"));
        prop_assert!(!out.to_lowercase().contains(&canary.to_lowercase()), "{} is in {}", canary, out);
    }
}
