//! What a printer says about itself, made fit for a terminal, a log and a D-Bus property.

/// The longest text of a printer that is shown, in characters.
pub const MAX_CHARS: usize = 128;

/// A printer's own text without anything that could steer a terminal or a reader's eye: no control
/// characters, no marks that turn the direction of writing or are invisible, runs of blanks as one, and no
/// more than [`MAX_CHARS`].
///
/// ```
/// assert_eq!(plugprint::printer::text::clean(" HP\u{1b}[2J  ENVY\n\u{202e}5000 "), "HP[2J ENVY 5000");
/// ```
#[must_use]
pub fn clean(text: &str) -> String {
    let mut out = String::new();
    let mut blank = false;
    for (count, c) in text.chars().filter(|c| c.is_whitespace() || !unfit(*c)).take(4 * MAX_CHARS).enumerate() {
        if c.is_whitespace() {
            blank = count > 0;
        } else {
            if blank && !out.is_empty() {
                out.push(' ');
            }
            blank = false;
            out.push(c);
        }
    }
    out.chars().take(MAX_CHARS).collect::<String>().trim_end().to_owned()
}

/// Control, formatting, private and non-characters (Unicode 15, general categories Cc, Cf, Co, Cn as far as
/// they steer: UAX 9 for the bidirectional ones).
fn unfit(c: char) -> bool {
    c.is_control()
        || matches!(u32::from(c),
            0x00ad | 0x061c | 0x180e | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0xfe00..=0xfe0f
            | 0xfeff | 0xfff0..=0xffff | 0xe000..=0xf8ff | 0xe0000..=0x0010_ffff)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_stay_readable() {
        assert_eq!(clean("Hewlett-Packard"), "Hewlett-Packard");
        assert_eq!(clean("Drucker im Büro\t№ 7 – 打印机"), "Drucker im Büro № 7 – 打印机");
        assert_eq!(clean("\r\n \t"), "");
    }

    proptest! {
        #[test]
        fn nothing_steers(text in any::<String>()) {
            let text = clean(&text);
            prop_assert!(text.chars().count() <= MAX_CHARS);
            prop_assert!(!text.chars().any(unfit));
            prop_assert_eq!(text.trim(), text.as_str());
            prop_assert!(!text.contains("  "));
            prop_assert_eq!(clean(&text), text);
        }
    }
}
