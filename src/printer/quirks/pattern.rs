//! For which printers a section is, and how exactly it says so.

/// How exactly a section fits; more is more exact.
pub(super) type Weight = u32;

/// A name in so many characters says more than a vendor's number, and a device's number says the most.
const DEVICE: Weight = u32::MAX;
const VENDOR: Weight = 1;

/// What stands between `[` and `]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Pattern {
    /// `vvvv:pppp`
    Device(u16, u16),
    /// `vvvv:*`
    Vendor(u16),
    /// The printer's name.
    Name(Vec<Sign>),
}

/// One sign of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// `*`: any characters.
    Any,
    /// `?`: one character.
    One,
    /// This character; after `\` any.
    Char(char),
}

impl Pattern {
    /// Reads a section's name.
    ///
    /// # Errors
    /// It ends in the middle: nothing matches it.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        if let Some(number) = number(text) {
            return Ok(number);
        }
        let mut signs = Vec::new();
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            signs.push(match c {
                '*' if signs.last() == Some(&Sign::Any) => continue,
                '*' => Sign::Any,
                '?' => Sign::One,
                '\\' => Sign::Char(chars.next().ok_or("there is nothing after the \\")?),
                c => Sign::Char(c),
            });
        }
        Ok(Self::Name(signs))
    }

    /// Whether it is by number: that is known before anything is asked of the device.
    pub(super) fn by_number(&self) -> bool {
        !matches!(self, Self::Name(_))
    }

    /// How exactly it fits; `None`: not at all.
    pub(super) fn weigh(&self, vendor_id: u16, product_id: u16, name: Option<&str>) -> Option<Weight> {
        match self {
            Self::Device(vendor, product) => ((*vendor, *product) == (vendor_id, product_id)).then_some(DEVICE),
            Self::Vendor(vendor) => (*vendor == vendor_id).then_some(VENDOR),
            Self::Name(signs) => matches(signs, name?).then(|| {
                let literal = signs.iter().filter(|sign| matches!(sign, Sign::Char(_))).count();
                Weight::try_from(literal).unwrap_or(Weight::MAX).saturating_mul(2).min(DEVICE - 1)
            }),
        }
    }
}

fn number(text: &str) -> Option<Pattern> {
    let (vendor, product) = text.split_once(':')?;
    let four = |digits: &str| {
        let hex = digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        hex.then(|| u16::from_str_radix(digits, 16).ok()).flatten()
    };
    let vendor = four(vendor)?;
    if product == "*" { Some(Pattern::Vendor(vendor)) } else { Some(Pattern::Device(vendor, four(product)?)) }
}

/// Takes as many steps as the lengths multiplied, at most.
fn matches(signs: &[Sign], text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let (mut sign, mut at) = (0, 0);
    // Where the last `*` stands, and up to where it has taken.
    let mut star: Option<(usize, usize)> = None;
    while let Some(c) = text.get(at) {
        match signs.get(sign) {
            Some(Sign::Any) => {
                star = Some((sign, at));
                sign += 1;
            }
            Some(Sign::One) => (sign, at) = (sign + 1, at + 1),
            Some(Sign::Char(wanted)) if wanted == c => (sign, at) = (sign + 1, at + 1),
            _ => match star {
                Some((after, taken)) => {
                    star = Some((after, taken + 1));
                    (sign, at) = (after + 1, taken + 1);
                }
                None => return false,
            },
        }
    }
    signs.iter().skip(sign).all(|sign| *sign == Sign::Any)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    fn weigh(pattern: &str, name: &str) -> Option<Weight> {
        Pattern::parse(pattern).unwrap().weigh(0x03f0, 0x1234, Some(name))
    }

    #[test]
    fn names_with_wildcards() {
        for (pattern, name, weight) in [
            ("HP ENVY", "HP ENVY", Some(14)),
            ("HP ENVY", "HP ENVY 5530", None),
            ("HP ENVY", "hp envy", None),
            ("**", "HP ENVY", Some(0)),
            ("", "", Some(0)),
            ("", "HP", None),
            ("HP*", "HP ENVY", Some(4)),
            ("*HP Color LaserJet Flow*", "HP HP Color LaserJet FlowMFP M578", Some(44)),
            ("HP?ENVY", "HP ENVY", Some(12)),
            ("HP????", "HP ENVY", None),
            (r"a\*b\?c\\", r"a*b?c\", Some(12)),
            (r"a\*b", "axb", None),
            ("*a*b*c", "aabbbcc", Some(6)),
            ("*a*b*c", "aabbbccd", None),
        ] {
            assert_eq!(weigh(pattern, name), weight, "{pattern} {name}");
        }
        assert!(Pattern::parse("half\\").is_err());
        assert_eq!(weigh(&"*a".repeat(500), &"a".repeat(499)), None);
    }

    #[test]
    fn numbers() {
        let of = |pattern: &str| Pattern::parse(pattern).unwrap();
        assert_eq!(of("03F0:1234"), Pattern::Device(0x03f0, 0x1234));
        assert_eq!(of("03f0:*"), Pattern::Vendor(0x03f0));
        for name in ["3f0:1234", "03f0:12345", "03f0:", "03f0:?", "+3f0:1234"] {
            assert!(!of(name).by_number(), "{name}");
        }
        assert_eq!(of("03f0:1234").weigh(0x03f0, 0x1235, Some("03f0:1234")), None);
        assert_eq!(of("*").weigh(0x03f0, 0x1235, None), None);
    }

    /// As the definition says, and slowly.
    fn slowly(signs: &[Sign], text: &[char]) -> bool {
        match (signs, text) {
            ([], text) => text.is_empty(),
            ([Sign::Any, rest @ ..], _) => (0..=text.len()).any(|taken| slowly(rest, text.get(taken..).unwrap())),
            ([_, ..], []) => false,
            ([Sign::One, rest @ ..], [_, text @ ..]) => slowly(rest, text),
            ([Sign::Char(wanted), rest @ ..], [c, text @ ..]) => wanted == c && slowly(rest, text),
        }
    }

    proptest! {
        #[test]
        fn matching_is_what_its_definition_says(pattern in "[ab*?]{0,8}", name in "[ab]{0,10}") {
            let Pattern::Name(signs) = Pattern::parse(&pattern).unwrap() else { return Ok(()) };
            let chars: Vec<char> = name.chars().collect();
            prop_assert_eq!(matches(&signs, &name), slowly(&signs, &chars));
        }
    }
}
