//! The command line's proxies against the documented interfaces.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use syn::{FnArg, Item, ReturnType, TraitItem, Type};

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A method's or signal's name, its arguments' signatures, and its answer's.
type Calls = BTreeMap<String, (Vec<String>, Vec<String>)>;

/// What `src/cli/proxy.rs` believes, by interface.
fn believed() -> BTreeMap<String, Calls> {
    let source = fs::read_to_string(top().join("src/cli/proxy.rs")).unwrap();
    let mut all = BTreeMap::new();
    for item in syn::parse_file(&source).unwrap().items {
        let Item::Trait(proxy) = item else { continue };
        let attribute = proxy.attrs.iter().map(quoted).find(|text| text.contains("interface")).unwrap();
        let interface = attribute.split('"').nth(1).unwrap().to_owned();
        let mut calls = Calls::new();
        for item in proxy.items {
            let TraitItem::Fn(function) = item else { continue };
            let is_signal = function.attrs.iter().any(|attribute| quoted(attribute).contains("signal"));
            let inputs = function.sig.inputs.iter().filter_map(|input| match input {
                FnArg::Typed(input) => Some(signature(&input.ty)),
                FnArg::Receiver(_) => None,
            });
            let output = match &function.sig.output {
                ReturnType::Type(_, answer) if !is_signal => Some(signature(answer)).filter(|text| !text.is_empty()),
                _ => None,
            };
            calls.insert(pascal(&function.sig.ident.to_string()), (inputs.collect(), output.into_iter().collect()));
        }
        all.insert(interface, calls);
    }
    all
}

fn quoted(attribute: &syn::Attribute) -> String {
    match &attribute.meta {
        syn::Meta::List(list) => list.tokens.to_string(),
        _ => String::new(),
    }
}

fn pascal(name: &str) -> String {
    name.split('_').map(|word| word[..1].to_uppercase() + &word[1..]).collect()
}

/// The D-Bus signature of the few types that the proxies use.
fn signature(written: &Type) -> String {
    match written {
        Type::Reference(reference) => signature(&reference.elem),
        Type::Slice(slice) => format!("a{}", signature(&slice.elem)),
        Type::Tuple(tuple) => tuple.elems.iter().map(signature).collect(),
        Type::Path(path) => {
            let last = path.path.segments.last().unwrap();
            let inner: Vec<&Type> = match &last.arguments {
                syn::PathArguments::AngleBracketed(arguments) => arguments
                    .args
                    .iter()
                    .filter_map(
                        |argument| if let syn::GenericArgument::Type(inner) = argument { Some(inner) } else { None },
                    )
                    .collect(),
                _ => Vec::new(),
            };
            match last.ident.to_string().as_str() {
                "str" | "String" => "s".to_owned(),
                "bool" => "b".to_owned(),
                "u8" => "y".to_owned(),
                "u32" => "u".to_owned(),
                "Fd" | "OwnedFd" => "h".to_owned(),
                "OwnedObjectPath" | "ObjectPath" => "o".to_owned(),
                "OwnedVariant" => "v".to_owned(),
                "Options" => "a{sv}".to_owned(),
                "HashMap" => format!("a{{{}{}}}", signature(inner[0]), signature(inner[1])),
                "Result" => signature(inner[0]),
                other => panic!("no signature for {other}"),
            }
        }
        _ => panic!("no signature for this type"),
    }
}

/// What the XML files in `dbus/` say, by interface.
fn documented() -> BTreeMap<String, Calls> {
    use quick_xml::events::Event;
    let mut all: BTreeMap<String, Calls> = BTreeMap::new();
    for file in fs::read_dir(top().join("dbus")).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "xml") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let mut reader = quick_xml::Reader::from_str(&text);
        let (mut interface, mut call, mut in_signal) = (String::new(), String::new(), false);
        loop {
            let event = reader.read_event().unwrap();
            let (Event::Start(element) | Event::Empty(element)) = &event else {
                if matches!(event, Event::Eof) { break } else { continue }
            };
            let attribute = |name: &str| {
                let found = element.attributes().flatten().find(|attribute| attribute.key.as_ref() == name);
                found.map(|attribute| attribute.value.into_owned())
            };
            match element.name().as_ref() {
                "interface" => interface = attribute("name").unwrap(),
                "method" | "signal" => {
                    in_signal = element.name().as_ref() == "signal";
                    call = attribute("name").unwrap();
                    all.entry(interface.clone()).or_default().entry(call.clone()).or_default();
                }
                "arg" => {
                    let out = !in_signal && attribute("direction").as_deref() == Some("out");
                    let entry = all.get_mut(&interface).unwrap().get_mut(&call).unwrap();
                    let list = if out { &mut entry.1 } else { &mut entry.0 };
                    list.push(attribute("type").unwrap());
                }
                _ => {}
            }
        }
    }
    all
}

#[test]
fn the_proxies_agree_with_the_documented_interfaces() {
    let documented = documented();
    let believed = believed();
    assert!(!believed.is_empty());
    for (interface, calls) in believed {
        let known = documented.get(&interface).unwrap_or_else(|| panic!("{interface} is not documented"));
        for (name, believed) in calls {
            assert_eq!(Some(&believed), known.get(&name), "{interface}.{name}");
        }
    }
}
