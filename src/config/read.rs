//! The file's text: TOML 1.0, key by key, so that a wrong one costs only itself.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use super::{Complaint, Config, Rules};

/// Complaints about one file; who has made so many mistakes will not read more.
const MOST: usize = 64;
/// Folders of quirks.
const FOLDERS: usize = 16;
/// The longest text of a value, in bytes.
const TEXT: usize = 1024;

/// Reads a file's text.
pub(super) fn config(file: &Arc<Path>, text: &str, complaints: &mut Vec<Complaint>) -> Config {
    let mut reader = Reader { file, text, complaints };
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let message = error.message().to_owned();
        reader.complain(&error.span().unwrap_or_default(), message);
    }
    let mut config = Config::default();
    for (name, value) in document.get_ref() {
        let (at, name) = (name.span(), name.get_ref().as_ref());
        let value = Value { at: value.span(), value: value.get_ref() };
        match name {
            "log" => reader.set(&value, value.text(), |text| config.log = Some(text)),
            "bridge" => {
                for (name, value) in reader.table(&at, name, &value) {
                    match name.as_str() {
                        "enable" => reader.set(&value, value.truth(), |yes| config.bridge = yes),
                        "ipv6" => reader.set(&value, value.truth(), |yes| config.ipv6 = yes),
                        "ports" => reader.set(&value, value.ports(), |ports| config.ports = ports),
                        _ => reader.unknown(&value.at, "bridge.", &name, "enable, ipv6, ports"),
                    }
                }
            }
            "dns-sd" => {
                for (name, value) in reader.table(&at, name, &value) {
                    match name.as_str() {
                        "enable" => reader.set(&value, value.truth(), |yes| config.dns_sd = yes),
                        _ => reader.unknown(&value.at, "dns-sd.", &name, "enable"),
                    }
                }
            }
            "quirks" => {
                for (name, value) in reader.table(&at, name, &value) {
                    match name.as_str() {
                        "folders" => reader.set(&value, value.folders(), |folders| config.quirks = folders),
                        _ => reader.unknown(&value.at, "quirks.", &name, "folders"),
                    }
                }
            }
            "users" => config.rules = reader.rules(&at, &value),
            _ => reader.unknown(&at, "", name, "log, [bridge], [dns-sd], [quirks], [users]"),
        }
    }
    if !errors.is_empty() && config.rules.is_none() && text.contains("users") {
        reader.complain(
            &(0..0),
            "because of these mistakes nobody knows whom [users] lets in, so only root is".to_owned(),
        );
        config.rules = Some(Rules::default());
    }
    config
}

struct Reader<'a> {
    file: &'a Arc<Path>,
    text: &'a str,
    complaints: &'a mut Vec<Complaint>,
}

/// A value, and where it is.
struct Value<'a> {
    at: Range<usize>,
    value: &'a DeValue<'a>,
}

impl Reader<'_> {
    fn complain(&mut self, at: &Range<usize>, what: String) {
        if self.complaints.len() < MOST {
            let before = self.text.as_bytes().get(..at.start).unwrap_or_default();
            let lines = before.iter().filter(|byte| **byte == b'\n').count();
            let line = u32::try_from(lines).unwrap_or(u32::MAX).saturating_add(1);
            self.complaints.push(Complaint { file: Arc::clone(self.file), line, what });
        }
    }

    fn unknown(&mut self, at: &Range<usize>, table: &str, name: &str, there_are: &str) {
        let name: String = name.chars().filter(|c| !c.is_control()).take(64).collect();
        self.complain(at, format!("there is no \"{table}{name}\", it is ignored; there are: {there_are}"));
    }

    fn set<T>(&mut self, value: &Value<'_>, read: Result<T, &'static str>, set: impl FnOnce(T)) {
        match read {
            Ok(value) => set(value),
            Err(wanted) => self.complain(&value.at, format!("this must be {wanted}; it is ignored")),
        }
    }

    /// The entries of a table; each value stands where its name does.
    fn table<'v>(&mut self, at: &Range<usize>, name: &str, value: &Value<'v>) -> BTreeMap<String, Value<'v>> {
        let DeValue::Table(table) = value.value else {
            self.complain(at, format!("\"{name}\" must be a table, [{name}]; it is ignored"));
            return BTreeMap::new();
        };
        let entry = |(name, value): (&'v toml::Spanned<_>, &'v toml::Spanned<DeValue<'v>>)| {
            let text: &std::borrow::Cow<'_, str> = name.get_ref();
            (text.clone().into_owned(), Value { at: name.span(), value: value.get_ref() })
        };
        table.iter().map(entry).collect()
    }

    /// Whatever is wrong in it, the rest still keeps everybody else out.
    fn rules(&mut self, at: &Range<usize>, value: &Value<'_>) -> Option<Rules> {
        let entries = self.table(at, "users", value);
        if entries.is_empty() && matches!(value.value, DeValue::Table(_)) {
            return None;
        }
        let mut rules = Rules::default();
        for (operations, users) in entries {
            let added = match users.value {
                DeValue::String(users) => rules.add(&operations, users),
                DeValue::Array(_) => match users.texts() {
                    Some(users) => rules.add_list(&operations, users.into_iter()),
                    None => Err("users are texts; this rule allows nothing".to_owned()),
                },
                _ => Err("this must be a text or a list of texts; this rule allows nothing".to_owned()),
            };
            if let Err(why) = added {
                self.complain(&users.at, why);
            }
        }
        Some(rules)
    }
}

impl<'a> Value<'a> {
    fn texts(&self) -> Option<Vec<&'a str>> {
        let DeValue::Array(items) = self.value else { return None };
        items.iter().map(|item| item.get_ref().as_str()).collect()
    }

    fn text(&self) -> Result<String, &'static str> {
        let text = self.value.as_str().filter(|text| text.len() <= TEXT);
        text.map(str::to_owned).ok_or("a text")
    }

    fn truth(&self) -> Result<bool, &'static str> {
        self.value.as_bool().ok_or("true or false")
    }

    fn ports(&self) -> Result<std::ops::RangeInclusive<u16>, &'static str> {
        const WANTED: &str = "the first and the last port, [60000, 65535], both from 1024 to 65535";
        let DeValue::Array(ports) = self.value else { return Err(WANTED) };
        let port = |value: &DeValue<'_>| {
            let number = value.as_integer()?;
            u16::from_str_radix(number.as_str(), number.radix()).ok().filter(|port| *port >= 1024)
        };
        let ports: Option<Vec<u16>> = ports.iter().map(|port_| port(port_.get_ref())).collect();
        match ports.as_deref() {
            Some([first, last]) if first <= last => Ok(*first..=*last),
            _ => Err(WANTED),
        }
    }

    fn folders(&self) -> Result<Vec<PathBuf>, &'static str> {
        const WANTED: &str = "a list of at most 16 folders, each from the root on";
        let folders: Vec<PathBuf> = self.texts().ok_or(WANTED)?.into_iter().map(PathBuf::from).collect();
        let fits = folders.len() <= FOLDERS && folders.iter().all(|folder| folder.is_absolute());
        if fits { Ok(folders) } else { Err(WANTED) }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::super::Operation;
    use super::*;

    fn read(text: &str) -> (Config, Vec<String>) {
        let mut complaints = Vec::new();
        let config = config(&Path::new("p.toml").into(), text, &mut complaints);
        (config, complaints.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn an_empty_file_says_nothing() {
        assert_eq!(read(""), (Config::default(), vec![]));
        assert_eq!(read("[users]\n[bridge]\n"), (Config::default(), vec![]));
    }

    #[test]
    fn the_example_that_is_shipped_is_right_with_and_without_its_comment_signs() {
        let text = include_str!("../../packaging/plugprint.toml");
        assert_eq!(read(text), (Config::default(), vec![]));
        let lines =
            text.lines().map(|line| line.strip_prefix("#").filter(|line| !line.starts_with(' ')).unwrap_or(line));
        let (config, complaints) = read(&lines.collect::<Vec<_>>().join("\n"));
        assert_eq!(complaints, Vec::<String>::new());
        assert!(config.rules.is_some() && config.log.is_some());
        assert_eq!(config.quirks, Config::default().quirks);
    }

    #[test]
    fn everything_can_be_said() {
        let (config, complaints) = read(
            "log = 'debug'\n[bridge]\nenable = false\nports = [61_000, 0xEE49]\nipv6 = false\n[dns-sd]\nenable = false\n\
             [quirks]\nfolders = ['/etc/q']\n[users]\n'fax, print' = 'lp, @lp'\nscan = ['*']\n",
        );
        assert_eq!(complaints, Vec::<String>::new());
        assert_eq!((config.bridge, config.ipv6, config.dns_sd), (false, false, false));
        assert_eq!((config.ports, config.log.as_deref()), (61000..=61001, Some("debug")));
        assert_eq!(config.quirks, [PathBuf::from("/etc/q")]);
        let rules = config.rules.unwrap();
        assert_eq!(Operation::ALL.map(|operation| rules.open(operation)), [false, false, false, true]);
    }

    #[test]
    fn a_mistake_is_told_with_its_line_and_costs_only_itself() {
        let (config, complaints) = read(
            "colour = 1\n[bridge]\nipv6 = false\nports = [65000, 60000]\nenable = 'no'\n[dns-sd]\nenalbe = true\n\
             [quirks]\nfolders = ['etc']\n",
        );
        assert_eq!(config, Config { ipv6: false, ..Config::default() });
        assert_eq!(
            complaints,
            [
                "p.toml:5: this must be true or false; it is ignored",
                "p.toml:4: this must be the first and the last port, [60000, 65535], both from 1024 to 65535; it is ignored",
                "p.toml:1: there is no \"colour\", it is ignored; there are: log, [bridge], [dns-sd], [quirks], [users]",
                "p.toml:7: there is no \"dns-sd.enalbe\", it is ignored; there are: enable",
                "p.toml:9: this must be a list of at most 16 folders, each from the root on; it is ignored",
            ]
        );
    }

    #[test]
    fn what_is_no_toml_costs_its_line() {
        let (config, complaints) = read("[bridge]\nipv6 = = false\nenable = false\n");
        assert!(!config.bridge && config.ipv6, "{config:?}");
        assert!(complaints.iter().all(|complaint| complaint.starts_with("p.toml:2: ")), "{complaints:?}");
        assert!(!complaints.is_empty());
    }

    #[test]
    fn a_mistake_about_users_lets_nobody_in() {
        for text in [
            "users = 1\n",
            "[users]\nprint = 1\n",
            "[users]\ncopy = '*'\n",
            "[users]\nprint = [1]\n",
            "[users\nprint = 'lp'\n",
            "[users]\nprint 'lp'\n",
        ] {
            let (config, complaints) = read(text);
            assert_eq!(config.rules, Some(Rules::default()), "{text}");
            assert!(!complaints.is_empty(), "{text}");
        }
        let (config, _) = read("[users]\nprint = 1\nscan = '*'\n");
        let rules = config.rules.unwrap();
        assert!(rules.open(Operation::Scan) && !rules.open(Operation::Print));
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "\\PC{0,200}") {
            let (config, complaints) = read(&text);
            prop_assert!(complaints.len() <= MOST);
            prop_assert!(config.rules.is_none() || text.contains("users"));
        }

        #[test]
        fn any_text_of_its_own_signs_is_read(text in "(\\[|\\]|=|\"|'|\n|users|bridge|ports|1|,|#|\\.){0,40}") {
            let _ = read(&text);
        }
    }
}
