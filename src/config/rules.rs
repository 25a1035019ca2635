//! Who may print, scan, fax and look at a printer's pages: ipp-usb's `[auth uid]`, in our file or in its own.

use std::path::Path;
use std::sync::Arc;

use super::Complaint;
use super::ini::{self, Kind};

/// Rules of one file.
const MOST_RULES: usize = 256;
/// Users and groups of one rule.
const MOST_USERS: usize = 256;
/// The longest name of a user or group, in bytes.
const NAME: usize = 256;

/// What a request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// The printer's own pages, and everything that is none of the others.
    Config,
    /// Faxing.
    Fax,
    /// Printing.
    Print,
    /// Scanning.
    Scan,
}

impl Operation {
    /// All.
    pub const ALL: [Self; 4] = [Self::Config, Self::Fax, Self::Print, Self::Scan];

    /// The word in a rule.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Fax => "fax",
            Self::Print => "print",
            Self::Scan => "scan",
        }
    }
}

/// One of the users of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Who {
    /// `*`, `@*`
    Anybody,
    /// A name, or a number.
    User(String),
    /// `@name`, `@number`
    Group(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    operations: Vec<Operation>,
    users: Vec<Who>,
}

/// What is allowed; everything else is not. Without any rule, nothing is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules(Vec<Rule>);

/// A user, as rules name one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// The number, and the name where there is one.
    pub names: Vec<String>,
    /// Numbers and names of the groups.
    pub groups: Vec<String>,
}

impl Rules {
    /// Whether everybody may, also who can't be told.
    #[must_use]
    pub fn open(&self, operation: Operation) -> bool {
        self.of(operation).any(|who| *who == Who::Anybody)
    }

    /// Whether this user may.
    #[must_use]
    pub fn allow(&self, operation: Operation, account: &Account) -> bool {
        self.of(operation).any(|who| match who {
            Who::Anybody => true,
            Who::User(name) => account.names.contains(name),
            Who::Group(name) => account.groups.contains(name),
        })
    }

    fn of(&self, operation: Operation) -> impl Iterator<Item = &Who> {
        let rules = self.0.iter().filter(move |rule| rule.operations.contains(&operation));
        rules.flat_map(|rule| &rule.users)
    }

    /// Adds `operations = users`, both lists separated by commas.
    ///
    /// # Errors
    /// What is wrong. Nothing is added then: a rule that is understood by half might allow what it should not.
    pub(super) fn add(&mut self, operations: &str, users: &str) -> Result<(), String> {
        self.add_list(operations, users.split(','))
    }

    /// The same, with the users one by one.
    pub(super) fn add_list<'a>(
        &mut self,
        operations: &str,
        users: impl Iterator<Item = &'a str>,
    ) -> Result<(), String> {
        let mut rule = Rule { operations: Vec::new(), users: Vec::new() };
        for word in operations.split(',').map(str::trim) {
            match Operation::ALL.into_iter().find(|operation| operation.name() == word) {
                Some(operation) => rule.operations.push(operation),
                None if word == "all" => rule.operations.extend(Operation::ALL),
                None => {
                    return Err(format!(
                        "\"{word}\" is none of all, config, fax, print, scan; this rule allows nothing"
                    ));
                }
            }
        }
        for name in users.map(str::trim) {
            if rule.users.len() >= MOST_USERS {
                return Err("there are too many users in it; this rule allows nothing".to_owned());
            }
            rule.users.push(match name {
                "" | "@" => return Err("a name is missing; this rule allows nothing".to_owned()),
                "*" | "@*" => Who::Anybody,
                long if long.len() > NAME => return Err("a name is too long; this rule allows nothing".to_owned()),
                name => match name.strip_prefix('@') {
                    Some(group) => Who::Group(group.to_owned()),
                    None => Who::User(name.to_owned()),
                },
            });
        }
        if self.0.len() >= MOST_RULES {
            return Err("there are too many rules; this one is left out".to_owned());
        }
        self.0.push(rule);
        Ok(())
    }
}

/// The rules in `[auth uid]` of ipp-usb's configuration. Without a line in it the section says nothing [C ipp-usb].
pub(super) fn of_ipp_usb(file: &Arc<Path>, bytes: &[u8], complaints: &mut Vec<Complaint>) -> Option<Rules> {
    let mut rules: Option<Rules> = None;
    let mut here = false;
    for item in ini::parse(bytes) {
        let problem = match item.kind {
            Kind::Section(name) => {
                here = name == "auth uid";
                None
            }
            Kind::BadSection(why) => {
                here = false;
                Some(why.to_owned())
            }
            Kind::Entry { key, value } if here => rules.get_or_insert_default().add(&key, &value).err(),
            // The rest is none of ours.
            Kind::Entry { .. } => None,
            Kind::Bad(why) if here => {
                rules.get_or_insert_default();
                Some(format!("{why}; this rule allows nothing"))
            }
            Kind::Bad(_) => None,
        };
        complaints.extend(problem.map(|what| Complaint { file: Arc::clone(file), line: item.line, what }));
    }
    rules
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    fn account(names: &[&str], groups: &[&str]) -> Account {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Account { names: owned(names), groups: owned(groups) }
    }

    fn rules(lines: &[(&str, &str)]) -> Rules {
        let mut rules = Rules::default();
        for (operations, users) in lines {
            rules.add(operations, users).unwrap();
        }
        rules
    }

    #[test]
    fn users_groups_and_everybody() {
        let rules = rules(&[("fax, print", "lp, @lp, 1003"), ("scan", "*"), ("config", "@wheel"), ("all", "@10")]);
        let alice = account(&["1000", "alice"], &["1000", "alice", "7", "lp"]);
        let bertha = account(&["1001", "bertha"], &["1001", "bertha"]);
        let carla = account(&["1003", "carla"], &["10", "wheel"]);
        let table = [(&alice, [false, true, true, true]), (&bertha, [false, false, false, true]), (&carla, [true; 4])];
        for (who, expected) in table {
            let allowed = Operation::ALL.map(|operation| rules.allow(operation, who));
            assert_eq!(allowed, expected, "{who:?}");
        }
        assert_eq!(Operation::ALL.map(|operation| rules.open(operation)), [false, false, false, true]);
        // A name that looks like another one's.
        assert!(!rules.allow(Operation::Print, &account(&["1004", "@lp"], &["lpadmin"])));
    }

    #[test]
    fn without_a_rule_nobody_may() {
        assert!(!Rules::default().allow(Operation::Print, &account(&["1000", "alice"], &[])));
    }

    #[test]
    fn what_is_understood_by_half_allows_nothing() {
        for (operations, users) in
            [("print, copy", "alice"), ("", "alice"), ("print", ""), ("print", "alice,,bertha"), ("print", "@")]
        {
            let mut rules = Rules::default();
            assert!(rules.add(operations, users).is_err(), "{operations} = {users}");
            assert_eq!(rules, Rules::default());
        }
    }

    #[test]
    fn ipp_usbs_own_file() {
        let file: Arc<Path> = Path::new("ipp-usb.conf").into();
        let mut complaints = Vec::new();
        let text = "[network]\n  dns-sd = enable\n[auth uid]\n  fax, print = lp, @lp   # CUPS\n  copy = *\n  scan = *\n[logging]\n  all = *\n";
        let read = of_ipp_usb(&file, text.as_bytes(), &mut complaints);
        assert_eq!(read, Some(rules(&[("fax,print", "lp,@lp"), ("scan", "*")])));
        let said: Vec<_> = complaints.iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            ["ipp-usb.conf:5: \"copy\" is none of all, config, fax, print, scan; this rule allows nothing"]
        );
        assert_eq!(of_ipp_usb(&file, b"[network]\nall = *\n", &mut complaints), None);
        assert_eq!(of_ipp_usb(&file, b"[auth uid]\n", &mut complaints), None);
        assert_eq!(of_ipp_usb(&file, b"[auth uid]\nall\n", &mut complaints), Some(Rules::default()));
    }

    proptest! {
        #[test]
        fn any_rule_is_understood_or_refused(operations in ".{0,40}", users in "[a-z@*,0-9 ]{0,40}") {
            let mut rules = Rules::default();
            if rules.add(&operations, &users).is_err() {
                prop_assert_eq!(rules, Rules::default());
            }
        }
    }
}
