//! INI files as ipp-usb reads them: sections, `key = value`, comments from `#` or `;` to the end of the line, values
//! in quotes with C's escapes, a backslash at the end of a line that goes on [C ipp-usb, inifile.go].
//!
//! A line that makes no sense is reported, and the next one is read; ipp-usb does not start with such a file.

/// The longest name or value, in bytes.
const TOKEN: usize = 4096;
/// Items that are read of one file.
const MOST: usize = 16384;

/// One line's meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Where it begins, from 1.
    pub line: u32,
    /// What it is.
    pub kind: Kind,
}

/// What a line can be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `[name]`
    Section(String),
    /// `key = value`
    Entry {
        /// What stands before the `=`.
        key: String,
        /// What stands behind it, without quotes.
        value: String,
    },
    /// A section's head that can't be read; what follows belongs to no section.
    BadSection(&'static str),
    /// Anything else that can't be read.
    Bad(&'static str),
}

/// Reads a file's text. Any bytes give items in the order of their lines.
#[must_use]
pub fn parse(bytes: &[u8]) -> Vec<Item> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = Reader { bytes, at: 0, line: 1 };
    let mut items = Vec::new();
    while let Some(item) = reader.item() {
        if items.len() >= MOST {
            items.push(Item {
                line: item.line,
                kind: Kind::BadSection("there is too much in this file; the rest is not read"),
            });
            break;
        }
        items.push(item);
    }
    items
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u32,
}

/// How a token ended.
#[derive(PartialEq, Eq)]
enum End {
    Delimiter,
    Line,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        if byte == b'\n' {
            self.line = self.line.saturating_add(1);
        }
        Some(byte)
    }

    fn skip_line(&mut self) {
        while self.next().is_some_and(|byte| byte != b'\n') {}
    }

    fn item(&mut self) -> Option<Item> {
        loop {
            match self.peek()? {
                byte if is_space(byte) => drop(self.next()),
                byte if is_comment(byte) => self.skip_line(),
                _ => break,
            }
        }
        let line = self.line;
        let kind = match self.peek()? {
            b'[' => {
                self.next();
                self.section()
            }
            b'=' => {
                self.skip_line();
                Kind::Bad("there is nothing before the =")
            }
            _ => self.entry(),
        };
        Some(Item { line, kind })
    }

    fn section(&mut self) -> Kind {
        match self.token(Some(b']'), false) {
            Ok((End::Delimiter, name)) => {
                self.skip_line();
                Kind::Section(name)
            }
            Ok((End::Line, _)) => Kind::BadSection("the ] is missing"),
            Err(why) => Kind::BadSection(why),
        }
    }

    fn entry(&mut self) -> Kind {
        let key = match self.token(Some(b'='), false) {
            Ok((End::Delimiter, key)) => key,
            Ok((End::Line, _)) => return Kind::Bad("this is neither [section] nor key = value"),
            Err(why) => return Kind::Bad(why),
        };
        match self.token(None, true) {
            Ok((_, value)) => Kind::Entry { key, value },
            Err(why) => Kind::Bad(why),
        }
    }

    /// Reads until the delimiter, or to the end of the line, which is consumed.
    ///
    /// # Errors
    /// The rest of the line is consumed then, too.
    fn token(&mut self, delimiter: Option<u8>, continues: bool) -> Result<(End, String), &'static str> {
        let mut out = Vec::new();
        // What is before this is no trailing blank.
        let mut solid = 0;
        let end = loop {
            if out.len() > TOKEN {
                self.skip_line();
                return Err("this line is too long");
            }
            match self.next() {
                None | Some(b'\n') => break End::Line,
                byte if byte == delimiter => break End::Delimiter,
                Some(b'"') => {
                    out.truncate(solid);
                    self.quoted(&mut out)?;
                    solid = out.len();
                }
                Some(byte) if is_comment(byte) => {
                    self.skip_line();
                    break End::Line;
                }
                Some(b'\\') if continues => {
                    if self.peek() == Some(b'\r') && self.bytes.get(self.at + 1) == Some(&b'\n') {
                        self.next();
                    }
                    if self.peek() == Some(b'\n') {
                        out.truncate(solid);
                        self.next();
                        while matches!(self.peek(), Some(b' ' | b'\t')) {
                            self.next();
                        }
                    }
                    // Before anything else it says nothing.
                }
                Some(byte) if is_space(byte) => {
                    if solid > 0 {
                        out.push(byte);
                    }
                }
                Some(byte) => {
                    out.push(byte);
                    solid = out.len();
                }
            }
        };
        out.truncate(solid);
        Ok((end, String::from_utf8_lossy(&out).into_owned()))
    }

    /// The rest of a text in quotes.
    fn quoted(&mut self, out: &mut Vec<u8>) -> Result<(), &'static str> {
        const OPEN: &str = "a text in quotes does not end on its line";
        loop {
            if out.len() > TOKEN {
                self.skip_line();
                return Err("this line is too long");
            }
            let byte = match self.next() {
                None | Some(b'\n') => return Err(OPEN),
                Some(b'"') => return Ok(()),
                Some(b'\\') => match self.next() {
                    None | Some(b'\n') => return Err(OPEN),
                    Some(b'x' | b'X') => self.number(16, 2, 0),
                    Some(digit @ b'0'..=b'7') => self.number(8, 2, digit - b'0'),
                    Some(b'a') => 0x07,
                    Some(b'b') => 0x08,
                    Some(b'e') => 0x1b,
                    Some(b'f') => 0x0c,
                    Some(b'n') => b'\n',
                    Some(b'r') => b'\r',
                    Some(b't') => b'\t',
                    Some(b'v') => 0x0b,
                    Some(other) => other,
                },
                Some(byte) => byte,
            };
            out.push(byte);
        }
    }

    /// Up to so many more digits.
    fn number(&mut self, radix: u8, most: usize, first: u8) -> u8 {
        let mut value = first;
        for _ in 0..most {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(u32::from(radix)));
            let Some(digit) = digit.and_then(|digit| u8::try_from(digit).ok()) else { break };
            value = value.wrapping_mul(radix).wrapping_add(digit);
            self.next();
        }
        value
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

fn is_comment(byte: u8) -> bool {
    matches!(byte, b';' | b'#')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entries(text: &str) -> Vec<(u32, String)> {
        parse(text.as_bytes())
            .into_iter()
            .map(|item| {
                let said = match item.kind {
                    Kind::Section(name) => format!("[{name}]"),
                    Kind::Entry { key, value } => format!("{key}={value}"),
                    Kind::BadSection(why) => format!("[!{why}"),
                    Kind::Bad(why) => format!("!{why}"),
                };
                (item.line, said)
            })
            .collect()
    }

    #[test]
    fn sections_entries_and_comments() {
        let text = "# a file\n[HP OfficeJet Pro 8730] ; rest is left\n  http-connection = close # why\r\n\n\tblacklist=true\n[*]\nhttp-connection = \"\"";
        let expected = [
            (2, "[HP OfficeJet Pro 8730]"),
            (3, "http-connection=close"),
            (5, "blacklist=true"),
            (6, "[*]"),
            (7, "http-connection="),
        ];
        assert_eq!(entries(text), expected.map(|(line, said)| (line, said.to_owned())));
    }

    #[test]
    fn quotes_escapes_and_lines_that_go_on() {
        for (text, expected) in [
            (r#"a = " # ; " "#, "a= # ; "),
            (r#"a = x "y z" w"#, "a=xy z w"),
            (r#"a = "\x41\102\n\"\\\q""#, "a=AB\n\"\\q"),
            ("a = one \\\n   two", "a=onetwo"),
            (r"a = C:\dir", "a=C:dir"),
            (r#""my key" = 1"#, "my key=1"),
        ] {
            assert_eq!(entries(text), [(1, expected.to_owned())], "{text}");
        }
    }

    #[test]
    fn a_line_without_sense_costs_only_itself() {
        let text = "= 1\nnonsense\na = \"open\n[half\nb = 2\n";
        let expected = [
            (1, "!there is nothing before the ="),
            (2, "!this is neither [section] nor key = value"),
            (3, "!a text in quotes does not end on its line"),
            (4, "[!the ] is missing"),
            (5, "b=2"),
        ];
        assert_eq!(entries(text), expected.map(|(line, said)| (line, said.to_owned())));
    }

    #[test]
    fn everything_is_bounded() {
        let long = format!("a = {}\nb = 1", "x".repeat(TOKEN * 3));
        assert_eq!(entries(&long), [(1, "!this line is too long".to_owned()), (2, "b=1".to_owned())]);
        assert_eq!(parse("a=1\n".repeat(MOST * 2).as_bytes()).len(), MOST + 1);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
            let items = parse(&bytes);
            prop_assert!(items.windows(2).all(|two| matches!(two, [a, b] if a.line <= b.line)));
        }

        #[test]
        fn any_text_of_its_own_signs_is_read(text in "[\\[\\]\"\\\\=#; \nax0]{0,64}") {
            let _ = parse(text.as_bytes());
        }
    }
}
