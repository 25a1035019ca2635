//! Under which name a printer is announced.

use super::facts::{Answer, Facts};
use super::records::by_usb;
use crate::agent::view::PrinterView;
use crate::printer::text::clean;

/// The longest name of an instance, in bytes (RFC 6763, 4.1.1).
const NAME: usize = 63;
/// Names that are tried.
const MOST: usize = 100;

/// What the printer calls itself.
pub(super) fn base(printer: &PrinterView, facts: &Facts) -> String {
    let said = match &facts.print {
        Answer::Said(said) => [&said.dns_sd_name, &said.info, &said.make_and_model],
        Answer::No | Answer::Nothing => [&None, &None, &None],
    };
    let own = said.into_iter().flatten().map(|name| clean(name)).find(|name| !name.is_empty());
    own.unwrap_or_else(|| by_usb(printer))
}

/// The names to try, best first: the one it had, then its own with `(USB)`, `(USB 1)` … as ipp-usb counts.
pub(super) fn candidates<'a>(base: &'a str, had: Option<&str>) -> impl Iterator<Item = String> + use<'a> {
    let had = had.map(str::to_owned).filter(|name| !name.is_empty());
    let skip = had.clone();
    let own = (0..MOST).map(move |n| {
        let suffix = if n == 0 { " (USB)".to_owned() } else { format!(" (USB {n})") };
        let mut name = base.to_owned();
        while name.len() + suffix.len() > NAME {
            name.pop();
        }
        name.truncate(name.trim_end().len());
        name + &suffix
    });
    had.into_iter().chain(own.filter(move |name| Some(name) != skip.as_ref()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing)]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_counted_as_ipp_usb_counts() {
        let names: Vec<_> = candidates("HP ENVY", None).take(3).collect();
        assert_eq!(names, ["HP ENVY (USB)", "HP ENVY (USB 1)", "HP ENVY (USB 2)"]);
        let names: Vec<_> = candidates("HP ENVY", Some("HP ENVY (USB 1)")).take(3).collect();
        assert_eq!(names, ["HP ENVY (USB 1)", "HP ENVY (USB)", "HP ENVY (USB 2)"]);
    }

    proptest! {
        #[test]
        fn every_name_fits(base in "\\PC{0,90}", had in proptest::option::of("[a-z ]{0,9}")) {
            let names: Vec<_> = candidates(&base, had.as_deref()).take(20).collect();
            prop_assert_eq!(names.len(), 20);
            prop_assert!(names.iter().all(|name| (1..=NAME).contains(&name.len())));
            prop_assert!(names.iter().skip(1).all(|name| *name != names[0]));
        }
    }
}
