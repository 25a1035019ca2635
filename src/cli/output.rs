//! What is written: words and aligned tables for a terminal, stable plain text for a pipe, or one JSON object
//! per line. Whatever a printer or the bus said is escaped before it gets here, by [`plain`].

use std::io::{self, IsTerminal, Write};

use serde_json::Value;

use super::exit::Error;

/// Where a command writes, and how.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    json: bool,
    terminal: bool,
    status: bool,
}

impl Output {
    /// Standard output and standard error as they are.
    #[must_use]
    pub fn new(json: bool) -> Self {
        Self { json, terminal: io::stdout().is_terminal(), status: io::stderr().is_terminal() && !json }
    }

    /// Whether one JSON object per line is wanted.
    #[must_use]
    pub fn is_json(self) -> bool {
        self.json
    }

    /// Whether a person reads standard output.
    #[must_use]
    pub fn is_terminal(self) -> bool {
        self.terminal && !self.json
    }

    /// Whether standard error can show a line that changes.
    #[must_use]
    pub fn has_status_line(self) -> bool {
        self.status
    }

    /// One line on standard output.
    ///
    /// # Errors
    /// [`Error::OutputClosed`] when nobody reads it any more.
    pub fn line(self, text: impl std::fmt::Display) -> Result<(), Error> {
        writeln!(io::stdout().lock(), "{text}").map_err(|_| Error::OutputClosed)
    }

    /// One JSON object, on a line of its own.
    ///
    /// # Errors
    /// As [`Output::line`].
    pub fn json(self, value: &Value) -> Result<(), Error> {
        self.line(value)
    }

    /// A remark for people, on standard error; nothing with `--json`.
    pub fn note(self, text: impl std::fmt::Display) {
        if !self.json {
            let _ = writeln!(io::stderr().lock(), "{text}");
        }
    }

    /// The end of a command that did not succeed: `plugprint: why`, or an object with `error` and `message`.
    pub fn failure(self, error: &Error) {
        if matches!(error, Error::OutputClosed | Error::Said(_)) {
            return;
        }
        if self.json {
            let object = serde_json::json!({
                "error": error.name(),
                "message": error.to_string(),
                "exit": error.exit() as u8,
            });
            let _ = self.json(&object);
        } else {
            let _ = writeln!(io::stderr().lock(), "plugprint: {error}");
        }
    }

    /// Rows under a heading, aligned for people; for a pipe the rows alone, with a tab between the columns.
    ///
    /// # Errors
    /// As [`Output::line`].
    pub fn table(self, heading: &[&str], rows: &[Vec<String>]) -> Result<(), Error> {
        if !self.terminal {
            return rows.iter().try_for_each(|row| self.line(row.join("\t")));
        }
        let heading: Vec<String> = heading.iter().map(|cell| (*cell).to_owned()).collect();
        let all: Vec<&Vec<String>> = std::iter::once(&heading).chain(rows).collect();
        let mut widths = vec![0; heading.len()];
        for row in &all {
            for (width, cell) in widths.iter_mut().zip(row.iter()) {
                *width = (*width).max(cell.chars().count());
            }
        }
        for row in all {
            let line: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
            self.line(line.join("  ").trim_end())?;
        }
        Ok(())
    }

    /// Names and values: aligned for people, `name: value` for a pipe.
    ///
    /// # Errors
    /// As [`Output::line`].
    pub fn facts(self, facts: &[(&str, String)]) -> Result<(), Error> {
        let width = facts.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
        for (name, value) in facts {
            if self.terminal {
                self.line(format_args!("{name:width$}  {value}"))?;
            } else {
                self.line(format_args!("{name}: {value}"))?;
            }
        }
        Ok(())
    }
}

/// The most characters of one foreign text that are shown.
const LONGEST: usize = 2000;

/// A text that somebody else chose, made harmless for a terminal and a log: control characters, line ends and
/// the characters that turn the direction of writing become `\u{..}`; what is too long ends in an ellipsis.
#[must_use]
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(LONGEST));
    for (count, c) in text.chars().enumerate() {
        if count == LONGEST {
            out.push('…');
            break;
        }
        if c.is_control() || is_invisible(c) { out.extend(c.escape_unicode()) } else { out.push(c) }
    }
    out
}

/// Characters that can hide or reorder others (Unicode general category Cf and the line separators).
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printers_name_can_neither_colour_the_terminal_nor_turn_it_round() {
        assert_eq!(plain("ENVY\u{1b}[2J 5000\n"), "ENVY\\u{1b}[2J 5000\\u{a}");
        assert_eq!(plain("HP\u{202e}PH"), "HP\\u{202e}PH");
        assert_eq!(plain("Größe"), "Größe");
        assert!(plain(&"x".repeat(1_000_000)).chars().count() <= LONGEST + 1);
    }
}
