//! What must not be in a file that people send around: serial numbers, hardware addresses, network names, PINs.
//!
//! What is known to be private is replaced wherever it stands; what only looks private is replaced as well.
//! A date of eight digits that becomes `[8 digits]` is a small loss.

use std::collections::BTreeMap;

/// Replaces private things in texts, and counts what it replaced.
#[derive(Debug, Default)]
pub struct Redactor {
    known: Vec<(String, &'static str)>,
    counts: BTreeMap<&'static str, usize>,
}

impl Redactor {
    /// From now on this very text is replaced by what it is. Texts of less than four characters are left alone:
    /// they would be found everywhere.
    pub fn know(&mut self, secret: &str, what: &'static str) {
        if secret.trim().chars().count() >= 4 {
            self.known.push((secret.trim().to_lowercase(), what));
            // The longest first, so that a part of it does not spoil it.
            self.known.sort_by_key(|(secret, _)| std::cmp::Reverse(secret.len()));
        }
    }

    /// What has been replaced so far, and how often.
    #[must_use]
    pub fn counts(&self) -> &BTreeMap<&'static str, usize> {
        &self.counts
    }

    /// The text without what is private, line by line.
    pub fn clean(&mut self, text: &str) -> String {
        let mut out: Vec<String> = Vec::new();
        for line in text.lines() {
            out.push(self.line(line));
        }
        out.join("\n")
    }

    fn line(&mut self, line: &str) -> String {
        let chars: Vec<char> = line.chars().collect();
        let lower: Vec<char> = chars.iter().map(char::to_ascii_lowercase).collect();
        let mut out = String::with_capacity(line.len());
        let mut at = 0;
        while let Some(&c) = chars.get(at) {
            let rest = lower.get(at..).unwrap_or_default();
            let fresh = at.checked_sub(1).and_then(|before| lower.get(before)).is_none_or(|c| !c.is_alphanumeric());
            let found = self.known(rest).or_else(|| if fresh { pattern(rest) } else { None });
            if let Some((length, what)) = found {
                out.push_str(&format!("[{what}]"));
                *self.counts.entry(what).or_default() += 1;
                at += length.max(1);
                continue;
            }
            if let Some((label, value, what)) = labelled(rest).filter(|_| fresh) {
                out.extend(chars.iter().skip(at).take(label));
                out.push_str(&format!("[{what}]"));
                *self.counts.entry(what).or_default() += 1;
                at += label + value;
                continue;
            }
            out.push(c);
            at += 1;
        }
        out
    }

    fn known(&self, rest: &[char]) -> Option<(usize, &'static str)> {
        self.known.iter().find_map(|(secret, what)| {
            let length = secret.chars().count();
            let here = rest.get(..length)?;
            here.iter().copied().eq(secret.chars()).then_some((length, *what))
        })
    }
}

/// Things that show by their form what they are. They begin where a word begins, and end where it ends.
fn pattern(rest: &[char]) -> Option<(usize, &'static str)> {
    let hex = |c: &char| c.is_ascii_hexdigit();
    let digit = |c: &char| c.is_ascii_digit();
    // Runs of characters with separators between them.
    let shape = |runs: &[usize], separators: &[char], fits: &dyn Fn(&char) -> bool| -> Option<usize> {
        let mut at = 0;
        for (index, run) in runs.iter().enumerate() {
            if index > 0 {
                separators.contains(rest.get(at)?).then_some(())?;
                at += 1;
            }
            rest.get(at..at + run)?.iter().all(fits).then_some(())?;
            at += run;
        }
        rest.get(at).is_none_or(|next| !next.is_alphanumeric()).then_some(at)
    };
    let found = |length: Option<usize>, what| length.map(|length| (length, what));
    found(shape(&[8, 4, 4, 4, 12], &['-'], &hex), "UUID")
        .or_else(|| found(shape(&[2; 6], &[':', '-'], &hex), "hardware address"))
        .or_else(|| found(shape(&[12], &[], &hex), "12 hexadecimal digits"))
        .or_else(|| found(shape(&[8], &[], &digit), "8 digits"))
        .or_else(|| found(shape(&[4, 4], &[' ', '-'], &digit), "8 digits"))
}

/// A label, and the value behind it that is private: (length of the label, length of the value, what it is).
fn labelled(rest: &[char]) -> Option<(usize, usize, &'static str)> {
    // IEEE 1284 device ids have SN: or SERN: and end it with a semicolon; the others stand in log lines.
    const LABELS: [(&str, &str); 8] = [
        ("sn:", "serial number"),
        ("sern:", "serial number"),
        ("serialnumber:", "serial number"),
        ("serial number", "serial number"),
        ("serial", "serial number"),
        ("ssid", "network name"),
        ("passphrase", "passphrase"),
        ("pin", "PIN"),
    ];
    LABELS.iter().find_map(|(label, what)| {
        let length = label.chars().count();
        rest.get(..length)?.iter().copied().eq(label.chars()).then_some(())?;
        let behind = rest.get(length..)?;
        let glue = behind.iter().take_while(|c| matches!(c, ' ' | '=' | ':' | '"' | '\'')).count();
        let has_sign = label.ends_with(':') || behind.iter().take(glue).any(|c| matches!(c, '=' | ':'));
        has_sign.then_some(())?;
        let quoted = behind.iter().take(glue).any(|c| matches!(c, '"' | '\''));
        let ends = |c: &char| if quoted { matches!(c, '"' | '\'') } else { matches!(c, ';' | ',' | ')') };
        let value = behind.get(glue..)?.iter().take_while(|c| !ends(c)).count();
        (value > 0).then_some((length + glue, value, *what))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cleaned(text: &str) -> String {
        let mut redactor = Redactor::default();
        redactor.know("TH7AB1234X", "serial number");
        redactor.know("th7ab1234x_more", "printer id");
        redactor.clean(text)
    }

    #[test]
    fn what_is_private_goes_and_the_rest_stays() {
        for (before, after) in [
            ("printer hp_th7ab1234x is ready", "printer hp_[serial number] is ready"),
            ("id: TH7AB1234X_more", "id: [printer id]"),
            ("MFG:HP;MDL:ENVY 5000;SN:CN1234;CMD:PCL", "MFG:HP;MDL:ENVY 5000;SN:[serial number];CMD:PCL"),
            ("mac 3C:2a:f4:00:11:22.", "mac [hardware address]."),
            ("uuid 1c852a4d-b800-1f08-abcd-02005e103001", "uuid [UUID]"),
            ("host HP 02005e103001", "host HP [12 hexadecimal digits]"),
            ("1234-5670 and 1234 5670 and 12345670", "[8 digits] and [8 digits] and [8 digits]"),
            ("ssid=\"My home, sweet\" channel 6", "ssid=\"[network name]\" channel 6"),
            ("SSID: My home", "SSID: [network name]"),
            ("pin: 1234", "pin: [PIN]"),
            ("read-pin: listed", "read-pin: [PIN]"),
            ("usb 001/004 speed 480 bcd 0200", "usb 001/004 speed 480 bcd 0200"),
            ("09 02 60 00 01 01 00 c0", "09 02 60 00 01 01 00 c0"),
            ("spinning serialised", "spinning serialised"),
        ] {
            assert_eq!(cleaned(before), after);
        }
    }

    #[test]
    fn it_counts_what_it_took() {
        let mut redactor = Redactor::default();
        let _ = redactor.clean("12345670 12345670");
        assert_eq!(redactor.counts().get("8 digits"), Some(&2));
    }

    proptest! {
        #[test]
        fn a_pin_never_gets_through(before in "[a-z ]{0,20}", pin in "[0-9]{8}", after in "[ .;a-z]{0,20}") {
            let text = format!("{before} {pin} {after}");
            prop_assert!(!cleaned(&text).contains(&pin));
        }

        #[test]
        fn any_text_ends_in_a_text(text in "\\PC{0,200}") {
            let _ = cleaned(&text);
        }
    }
}
