//! The interfaces as they are described in `dbus/`, held against those that are exported; and the other files
//! there against the code.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use plugprint::agent::view::State;
use plugprint::dbus;
use plugprint::dbus::authorize::Action;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::dbus_authorization::CASES;
use crate::dbus_polkit::Answer;
use crate::dbus_support::*;

/// A method, signal or property: its tag and attributes, then those of everything inside it, in order.
type Shape = Vec<String>;

#[derive(Debug, Default)]
struct Interface {
    members: BTreeMap<String, Shape>,
    docs: BTreeMap<String, String>,
    about: String,
}

fn shape(tag: &BytesStart<'_>) -> (String, BTreeMap<String, String>) {
    let attributes: BTreeMap<String, String> = tag
        .attributes()
        .map(|attribute| {
            let attribute = attribute.unwrap();
            (attribute.key.as_ref().to_owned(), attribute.value.into_owned())
        })
        .collect();
    (tag.name().as_ref().to_owned(), attributes)
}

/// All interfaces of the first node in an introspection document; those of nodes inside it are left out.
fn parse(xml: &str) -> BTreeMap<String, Interface> {
    let mut reader = Reader::from_str(xml);
    let mut found: BTreeMap<String, Interface> = BTreeMap::new();
    let (mut interface, mut member) = (String::new(), String::new());
    let mut comment = String::new();
    let mut depth = 0;
    loop {
        let event = reader.read_event().unwrap();
        let (tag, empty) = match &event {
            Event::Start(tag) => (tag, false),
            Event::Empty(tag) => (tag, true),
            Event::End(tag) => {
                match tag.name().as_ref() {
                    "node" => depth -= 1,
                    "method" | "signal" | "property" => member.clear(),
                    _ => {}
                }
                continue;
            }
            Event::Comment(text) => {
                comment = text.to_string();
                continue;
            }
            Event::Eof => return found,
            _ => continue,
        };
        let (name, attributes) = shape(tag);
        match name.as_str() {
            "node" => depth += i32::from(!empty),
            _ if depth != 1 => {}
            "interface" => {
                interface = attributes["name"].clone();
                found.entry(interface.clone()).or_default().about = std::mem::take(&mut comment);
            }
            "method" | "signal" | "property" => {
                let key = format!("{name} {}", attributes["name"]);
                let interface = found.get_mut(&interface).unwrap();
                interface.docs.insert(key.clone(), std::mem::take(&mut comment));
                assert!(
                    interface.members.insert(key.clone(), vec![format!("{attributes:?}")]).is_none(),
                    "{key} twice"
                );
                member = if empty { String::new() } else { key };
            }
            _ => {
                assert!(!member.is_empty(), "<{name}> outside of a member");
                let line = format!("{name} {attributes:?}");
                found.get_mut(&interface).unwrap().members.get_mut(&member).unwrap().push(line);
            }
        }
    }
}

fn file(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

fn described(interface: &str) -> Interface {
    let mut all = parse(&file(&format!("dbus/{interface}.xml")));
    assert_eq!(all.len(), 1, "one interface in one file");
    all.remove(interface).unwrap()
}

#[tokio::test]
async fn what_is_described_is_what_is_exported() {
    let house = House::open(Answer::Yes).await;
    let client = house.client().await;
    let job = client.print_report().await;
    for (path, interfaces) in
        [(dbus::ROOT, vec![MANAGER]), (LASERJET, vec![PRINTER, WIFI, WPS]), (job.as_str(), vec![JOB])]
    {
        let xml: String = client
            .call(path, "org.freedesktop.DBus.Introspectable", "Introspect", &())
            .await
            .unwrap()
            .body()
            .deserialize()
            .unwrap();
        let exported = parse(&xml);
        let ours: Vec<&str> =
            exported.keys().map(String::as_str).filter(|name| name.starts_with("org.plugprint1.")).collect();
        assert_eq!(ours, interfaces, "{path}");
        for interface in interfaces {
            // Arguments' order, names, types and directions; properties' types, access and annotations.
            assert_eq!(described(interface).members, exported[interface].members, "{interface}");
        }
        assert!(exported.contains_key("org.freedesktop.DBus.Properties"));
    }
    house.close().await.unwrap();
}

#[test]
fn every_member_and_argument_is_described() {
    for interface in [MANAGER, PRINTER, WIFI, WPS, JOB, PROMPTER] {
        let described = described(interface);
        assert!(described.about.trim_start().starts_with(&format!("{interface}:\n")), "{interface}");
        for (member, shape) in &described.members {
            let name = member.split_once(' ').unwrap().1;
            let doc = &described.docs[member];
            assert!(doc.trim_start().starts_with(&format!("{name}:")), "{interface} {member} has no description");
            let arguments: Vec<&str> = shape
                .iter()
                .filter_map(|line| line.strip_prefix("arg "))
                .map(|line| line.split("\"name\": \"").nth(1).unwrap().split('"').next().unwrap())
                .collect();
            let told: Vec<&str> = doc
                .lines()
                .filter_map(|line| line.trim_start().strip_prefix('@')?.split_once(": "))
                .map(|(name, text)| {
                    assert!(!text.trim().is_empty(), "{member} @{name}");
                    name
                })
                .collect();
            assert_eq!(arguments, told, "{interface} {member}");
            if interface != PROMPTER && member.starts_with("method") {
                assert!(doc.contains("Errors: "), "{interface} {member} does not say how it fails");
                assert_eq!(arguments.iter().filter(|name| **name == "options").count(), 1, "{interface} {member}");
            }
        }
    }
}

#[test]
fn the_description_names_the_action_that_the_method_asks_for() {
    for case in &CASES {
        let doc = &described(case.interface).docs[&format!("method {}", case.method)];
        assert!(doc.contains(&format!("polkit action org.plugprint1.{}", case.action)), "{}", case.method);
    }
}

#[test]
fn every_error_and_state_is_described() {
    let about = described(MANAGER).about;
    let source = file("src/agent/failure.rs");
    let names: Vec<&str> = source.lines().filter_map(|line| line.split_once("=> \"")?.1.strip_suffix("\",")).collect();
    assert!(names.len() > 20, "{names:?}");
    for name in names {
        assert!(about.contains(&format!("\n      {name}: ")), "{name} is not described");
    }
    let states = &described(PRINTER).docs["property State"];
    for state in [State::Probing, State::Ready, State::Busy, State::Recovering, State::Inhibited, State::Failed] {
        assert!(states.contains(&format!("\n      {state}: ")), "{state} is not described");
    }
}

#[test]
fn every_action_is_in_the_policy_with_its_owner() {
    let policy = file("dbus/org.plugprint1.policy");
    let mut found = BTreeMap::new();
    for action in policy.split("<action id=\"").skip(1) {
        let (id, rest) = action.split_once('"').unwrap();
        let value = |tag: &str| {
            rest.split_once(&format!("<{tag}>")).unwrap().1.split_once(&format!("</{tag}>")).unwrap().0.to_owned()
        };
        assert!(
            rest.contains(r#"<annotate key="org.freedesktop.policykit.owner">unix-user:plugprint</annotate>"#),
            "{id}: polkitd would not answer our user"
        );
        assert!(value("message").contains("$(printer)"), "{id}");
        found.insert(id.to_owned(), ["allow_any", "allow_inactive", "allow_active"].map(value));
    }
    let expected = BTreeMap::from(
        [
            (Action::PrintReport, "yes"),
            (Action::Query, "yes"),
            (Action::ReadPin, "auth_self_keep"),
            (Action::Configure, "auth_admin_keep"),
            (Action::ManageDevice, "yes"),
        ]
        .map(|(action, active)| (action.id().to_owned(), ["auth_admin", "auth_admin", active].map(str::to_owned))),
    );
    assert_eq!(found, expected);
    assert_eq!(expected.len(), Action::ALL.len());
}

#[test]
fn the_bus_lets_callers_reach_what_is_exported_and_only_us_be_it() {
    let policy = file("dbus/org.plugprint1.conf");
    let (ours, everybodys) = policy.split_once("<policy context=\"default\">").unwrap();
    assert!(ours.contains(r#"<policy user="plugprint">"#) && ours.contains(r#"<allow own="org.plugprint1"/>"#));
    assert!(!everybodys.contains("own="));
    let reachable: BTreeSet<&str> = everybodys
        .split(r#"send_destination="org.plugprint1" send_interface=""#)
        .skip(1)
        .map(|rest| rest.split_once('"').unwrap().0)
        .collect();
    let expected = BTreeSet::from([
        MANAGER,
        PRINTER,
        WIFI,
        WPS,
        JOB,
        "org.freedesktop.DBus.ObjectManager",
        "org.freedesktop.DBus.Properties",
        "org.freedesktop.DBus.Introspectable",
        "org.freedesktop.DBus.Peer",
    ]);
    assert_eq!(reachable, expected);
}
