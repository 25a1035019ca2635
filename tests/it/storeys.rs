//! Requests fall, facts rise: a lower storey never names a higher one, and faces never name each other.
//!
//! Every path in the source is resolved to its room: `use` trees with their groups, `super::` as well as `crate::`,
//! in expressions, types, attributes and the arguments of macros.

use std::path::{Path, PathBuf};

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::visit::{self, Visit};

/// The rooms, from the ground up.
const STOREYS: [&[&str]; 6] = [
    &["secret", "blame", "store", "config"],
    &["usb", "http"],
    &["ipp", "hp", "wps", "wifi"],
    &["printer", "control", "setup"],
    &["agent"],
    &["dbus", "cli", "bridge", "notify"],
];
const FACES: &[&str] = STOREYS[5];

fn storey(room: &str) -> Option<usize> {
    STOREYS.iter().position(|rooms| rooms.contains(&room))
}

/// Why a module must not name this path; both begin with their room.
fn objection(from: &[String], to: &[String], in_test: bool) -> Option<String> {
    let from = from.first()?; // lib.rs shows the rooms
    let to = match to.first().map(String::as_str) {
        None | Some("*") => return Some("the whole house is brought in at once".to_owned()),
        Some(to) => to,
    };
    if from == to {
        return None;
    }
    match (from.as_str(), to) {
        ("emulator", "usb") | ("cli", "emulator") => None,
        ("emulator", _) => Some("the emulator knows usb and nothing else of the house".to_owned()),
        (_, "emulator") if in_test => None,
        (_, "emulator") => Some("only cli and tests know the emulator".to_owned()),
        ("usb", "http") => Some("usb knows nothing of http".to_owned()),
        _ => match (storey(from), storey(to)) {
            (None, _) => Some(format!("{from} is no room that this test knows")),
            (_, None) => Some(format!("{to} is no room that this test knows")),
            (Some(_), Some(_)) if FACES.contains(&from.as_str()) && FACES.contains(&to) => {
                Some("faces do not name each other".to_owned())
            }
            (Some(lower), Some(higher)) if lower < higher => {
                Some(format!("storey {lower} looks up to storey {higher}"))
            }
            _ => None,
        },
    }
}

/// One source file, or one inline module of it, as it is read.
struct Reader<'a> {
    file: &'a Path,
    /// `main.rs` and `bin/`: their `crate` is their own, ours is `plugprint`.
    binary: bool,
    module: Vec<String>,
    in_test: bool,
    objections: Vec<String>,
    /// `mod name;`, to be read from another file.
    elsewhere: Vec<Elsewhere>,
}

struct Elsewhere {
    module: Vec<String>,
    in_test: bool,
    /// `#[path = "…"]`
    path: Option<String>,
}

impl Reader<'_> {
    fn names(&mut self, path: &[String], at: Span) {
        let Some(to) = self.resolve(path) else { return };
        // A program's own modules are no rooms, and may name whatever the program may.
        let from: &[String] = if self.binary { &[] } else { &self.module };
        if let Some(objection) = objection(from, &to, self.in_test) {
            let (file, line) = (self.file.display(), at.start().line);
            self.objections.push(format!("{file}:{line}: {}: {objection}", path.join("::")));
        }
    }

    /// The path from the crate's root, where it leads into this crate.
    fn resolve(&self, path: &[String]) -> Option<Vec<String>> {
        let mut base = match path.first()?.as_str() {
            "plugprint" => vec![],
            "crate" if !self.binary => vec![],
            "self" | "super" if !self.binary => self.module.clone(),
            _ => return None,
        };
        let steps = path.iter().skip(usize::from(path.first().is_some_and(|first| first != "super")));
        for step in steps {
            match step.as_str() {
                "super" => drop(base.pop()),
                "self" => {}
                _ => base.push(step.clone()),
            }
        }
        Some(base)
    }

    fn use_tree(&mut self, tree: &syn::UseTree, before: &[String], at: Span) {
        let with = |ident: &proc_macro2::Ident| [before, &[ident.to_string()]].concat();
        match tree {
            syn::UseTree::Path(path) => self.use_tree(&path.tree, &with(&path.ident), path.ident.span()),
            syn::UseTree::Name(name) => self.names(&with(&name.ident), name.ident.span()),
            syn::UseTree::Rename(rename) => self.names(&with(&rename.ident), rename.ident.span()),
            syn::UseTree::Glob(_) => self.names(&[before, &["*".to_owned()]].concat(), at),
            syn::UseTree::Group(group) => group.items.iter().for_each(|tree| self.use_tree(tree, before, at)),
        }
    }

    /// What a macro or an attribute is given is not parsed; a path in it is still identifiers between colons.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut begun = Span::call_site();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.path(&std::mem::take(&mut path), begun);
                        begun = ident.span();
                    }
                    path.push(ident.to_string());
                    colons = 0;
                }
                other => {
                    self.path(&std::mem::take(&mut path), begun);
                    colons = 0;
                    if let TokenTree::Group(group) = other {
                        self.tokens(group.stream());
                    }
                }
            }
        }
        self.path(&path, begun);
    }

    /// A path outside `use`; `self`, `crate` and `super` alone name no item.
    fn path(&mut self, path: &[String], at: Span) {
        if path.len() > 1 {
            self.names(path, at);
        }
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        let attribute = |name: &str| item.attrs.iter().find(|attribute| attribute.path().is_ident(name));
        let test = attribute("cfg").is_some_and(|cfg| cfg.parse_args().is_ok_and(|condition| is_for_tests(&condition)));
        let path = attribute("path").and_then(|path| match &path.meta {
            syn::Meta::NameValue(syn::MetaNameValue {
                value: syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(path), .. }),
                ..
            }) => Some(path.value()),
            _ => None,
        });
        let before = (self.in_test, self.module.len());
        self.in_test |= test;
        self.module.push(item.ident.to_string());
        match &item.content {
            Some((_, items)) => items.iter().for_each(|item| self.visit_item(item)),
            None => {
                self.elsewhere.push(Elsewhere { module: self.module.clone(), in_test: self.in_test, path });
            }
        }
        self.in_test = before.0;
        self.module.truncate(before.1);
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.use_tree(&item.tree, &[], item.use_token.span);
    }

    fn visit_item_extern_crate(&mut self, item: &'ast syn::ItemExternCrate) {
        if item.ident == "self" {
            self.objections.push(format!("{}: extern crate self", self.file.display()));
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let spelled: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if let Some(first) = path.segments.first() {
            self.path(&spelled, first.ident.span());
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, invoked: &'ast syn::Macro) {
        self.visit_path(&invoked.path);
        self.tokens(invoked.tokens.clone());
    }

    fn visit_meta_list(&mut self, list: &'ast syn::MetaList) {
        self.tokens(list.tokens.clone());
    }

    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {} // pub(in …) gives, it takes nothing
}

/// `test`, or `all(test, …)`.
fn is_for_tests(condition: &syn::Meta) -> bool {
    match condition {
        syn::Meta::Path(path) => path.is_ident("test"),
        syn::Meta::List(list) if list.path.is_ident("all") => list
            .parse_args_with(syn::punctuated::Punctuated::<syn::Meta, syn::Token![,]>::parse_terminated)
            .is_ok_and(|all| all.iter().any(is_for_tests)),
        _ => false,
    }
}

/// Objections to one file's source, and the modules that it has elsewhere.
fn read(file: &Path, source: &str, module: &[String], in_test: bool) -> (Vec<String>, Vec<Elsewhere>) {
    let binary = file.ends_with("main.rs") || file.components().any(|part| part.as_os_str() == "bin");
    let parsed = match syn::parse_file(source) {
        Ok(parsed) => parsed,
        Err(error) => return (vec![format!("{}: {error}", file.display())], vec![]),
    };
    let module = module.to_vec();
    let mut reader = Reader { file, binary, module, in_test, objections: vec![], elsewhere: vec![] };
    reader.visit_file(&parsed);
    (reader.objections, reader.elsewhere)
}

/// Where `mod name;` of this file is.
fn find(declared_in: &Path, module: &Elsewhere) -> Option<PathBuf> {
    let folder = declared_in.parent()?;
    if let Some(path) = &module.path {
        return Some(folder.join(path));
    }
    let name = module.module.last()?;
    let below = match declared_in.file_stem()?.to_str()? {
        "mod" | "lib" | "main" => folder.to_owned(),
        stem => folder.join(stem),
    };
    [below.join(format!("{name}.rs")), below.join(name).join("mod.rs")].into_iter().find(|file| file.exists())
}

fn rust_files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            rust_files(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

#[test]
fn nobody_looks_up() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut unread = Vec::new();
    rust_files(&src, &mut unread);
    let mut roots = vec![src.join("lib.rs"), src.join("main.rs")];
    // `bin/name.rs`, or `bin/name/main.rs`, which declares what lies beside it.
    let bin = src.join("bin");
    let program =
        |file: &&PathBuf| file.parent() == Some(bin.as_path()) || (file.starts_with(&bin) && file.ends_with("main.rs"));
    roots.extend(unread.iter().filter(program).cloned());
    let mut queue: Vec<_> = roots.into_iter().map(|file| (file, vec![], false)).collect();
    let mut objections = Vec::new();
    while let Some((file, module, in_test)) = queue.pop() {
        unread.retain(|other| *other != file);
        let source = std::fs::read_to_string(&file).unwrap_or_default();
        let (found, elsewhere) = read(&file, &source, &module, in_test);
        objections.extend(found);
        for declared in elsewhere {
            match find(&file, &declared) {
                Some(found) => queue.push((found, declared.module, declared.in_test)),
                None => objections.push(format!("{}: no file for {}", file.display(), declared.module.join("::"))),
            }
        }
    }
    objections.extend(unread.iter().map(|file| format!("{}: no module declares this file", file.display())));
    assert!(objections.is_empty(), "\n{}", objections.join("\n"));
}

/// What the check says to a source that would be this module's.
fn objections_to(module: &str, source: &str) -> Vec<String> {
    let module: Vec<_> = module.split("::").map(str::to_owned).collect();
    read(Path::new("x.rs"), source, &module, false).0
}

#[test]
fn a_path_that_looks_up_is_caught_however_it_is_written() {
    for (module, source) in [
        ("usb::link", "fn f() { super::super::agent::start(); }"),
        ("usb::link", "use super::super::agent::Handle;"),
        ("usb", "use super::agent;"),
        ("usb", "mod inner { fn f() -> super::super::agent::Handle { todo!() } }"),
        ("http::pool", "use crate::{usb::link::Link, blame::Party, hp::{ledm}};"),
        ("hp::ledm", "fn f() { tracing::info!(state = ?crate::agent::State::Ready, \"now\"); }"),
        ("hp::ledm", "fn f() { assert!(matches!(x, Some(super::super::printer::Capability { .. }))); }"),
        ("hp", "#[derive(crate::dbus::Named)] struct S;"),
        ("printer", "impl From<crate::agent::Failure> for E {}"),
        ("usb", "fn f() { ::plugprint::http::get() }"),
        ("dbus::job", "use crate::cli::output;"),
        ("cli", "fn f() -> crate::dbus::Error { }"),
        ("emulator::web", "use crate::http::exchange;"),
        ("agent", "use crate::emulator::Bus;"),
        ("usb::link", "use super::super as house;"),
        ("usb::link", "use super::super::*;"),
        ("usb::link", "use crate as house;"),
        ("usb::link", "extern crate self as house;"),
        ("agent", "use crate::attic::Box;"),
        ("attic", "use crate::agent::Handle;"),
    ] {
        assert_eq!(objections_to(module, source).len(), 1, "{module} may write: {source}");
    }
    assert_eq!(
        objections_to("usb::link", "\nfn f() { super::super::agent::start(); }"),
        ["x.rs:2: super::super::agent::start: storey 1 looks up to storey 4"]
    );
}

#[test]
fn a_path_that_looks_down_or_stays_is_left_alone() {
    for (module, source) in [
        ("usb::link", "use super::{Error, descriptor::{self, Function}}; pub(in crate::usb) fn f(self) {}"),
        ("http", "use crate::usb::link::Link; use ::http::Request;"),
        ("hp::ledm", "use crate::{http::Pool, secret::Pin, wps}; use std::{self as agent};"),
        ("agent", "use crate::printer::probe; mod jobs { use super::super::agent::Handle; }"),
        ("cli::demo", "use crate::{agent, emulator};"),
        ("emulator", "use crate::usb::{self, Bus};"),
        ("usb", "#[cfg(all(test, feature = \"emulator\"))] mod tests { use crate::emulator::pipe; }"),
        ("agent", "#[cfg(test)] mod tests { use super::*; use crate::emulator::Printer; }"),
    ] {
        assert_eq!(objections_to(module, source), Vec::<String>::new(), "{module}: {source}");
    }
}
