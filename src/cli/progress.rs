//! A line on the terminal that changes: what is going on, how far it is, how long it may still take. Where
//! standard error is not a terminal there is nothing.

use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};

use zeroize::Zeroizing;

use super::output::Output;

/// Whether a [`Board`] has the end of the terminal; there is one terminal.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// One line, wiped when it is done with. It is not there while a [`Board`] is.
#[derive(Debug)]
pub struct StatusLine {
    shown: bool,
    enabled: bool,
}

impl StatusLine {
    /// A line that is not there yet.
    #[must_use]
    pub fn new(output: Output) -> Self {
        Self { shown: false, enabled: output.has_status_line() }
    }

    /// Whether anybody can see it.
    #[must_use]
    pub fn enabled(&self) -> bool {
        self.enabled
    }

    /// Shows this text in place of the last one. It must fit into one line.
    pub fn show(&mut self, text: &str) {
        if self.enabled && !is_taken() {
            self.shown = true;
            write(&format!("\r\x1b[2K{}", shortened(text, width())));
        }
    }

    /// Wipes it.
    pub fn clear(&mut self) {
        if std::mem::take(&mut self.shown) && !is_taken() {
            write("\r\x1b[2K");
        }
    }
}

impl Drop for StatusLine {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Wipes the line on which the cursor is, whoever wrote it.
#[cfg(feature = "emulator")]
pub fn wipe() {
    write("\r\x1b[2K");
}

/// Whether a [`Board`] has the end of the terminal.
#[must_use]
pub fn is_taken() -> bool {
    TAKEN.load(Ordering::Relaxed)
}

/// A few lines at the end of the terminal, for a question and the PIN that belongs to it. They are wiped when they
/// are done with. The cursor stays behind the last one, and nothing that is typed may be echoed there.
#[derive(Debug, Default)]
pub struct Board {
    height: usize,
}

impl Board {
    /// Shows these lines in place of the last ones; the number is of the one that is set off, where one is.
    pub fn show(&mut self, lines: &[Zeroizing<String>], bold: Option<usize>) {
        let width = width();
        let mut text = Zeroizing::new(String::with_capacity(1024));
        text.push_str(&self.back());
        for (number, line) in lines.iter().enumerate() {
            if number > 0 {
                text.push('\n');
            }
            let line = Zeroizing::new(shortened(line, width));
            match bold {
                Some(bold) if bold == number => {
                    text.push_str("\x1b[1m");
                    text.push_str(&line);
                    text.push_str("\x1b[0m");
                }
                _ => text.push_str(&line),
            }
        }
        TAKEN.store(true, Ordering::Relaxed);
        self.height = lines.len();
        write(&text);
    }

    /// Wipes them.
    pub fn clear(&mut self) {
        if self.height > 0 {
            write(&self.back());
            self.height = 0;
            TAKEN.store(false, Ordering::Relaxed);
        }
    }

    /// To the beginning of the first line, with nothing left from there on.
    fn back(&self) -> String {
        match self.height {
            0 | 1 => "\r\x1b[J".to_owned(),
            more => format!("\r\x1b[{}A\x1b[J", more - 1),
        }
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        self.clear();
    }
}

fn write(text: &str) {
    let mut err = std::io::stderr().lock();
    let _ = err.write_all(text.as_bytes());
    let _ = err.flush();
}

/// Columns of the terminal; 80 where it does not say.
fn width() -> usize {
    match rustix::termios::tcgetwinsize(std::io::stderr()) {
        Ok(size) if size.ws_col > 0 => usize::from(size.ws_col),
        _ => 80,
    }
}

/// A line that is longer than the terminal would wrap, and could not be wiped.
fn shortened(text: &str, width: usize) -> String {
    if text.chars().count() < width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(2)).chain(['…']).collect()
}

/// How far it is: `[#####.....]  50 %`; empty when nobody knows.
#[must_use]
pub fn bar(fraction: Option<f64>) -> String {
    const CELLS: usize = 20;
    let Some(fraction) = fraction else { return String::new() };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a fraction times a small number")]
    let (filled, percent) =
        ((fraction.clamp(0.0, 1.0) * CELLS as f64) as usize, (fraction.clamp(0.0, 1.0) * 100.0) as u32);
    format!("[{}{}] {percent:3} %", "#".repeat(filled), ".".repeat(CELLS.saturating_sub(filled)))
}

/// Microseconds of CLOCK_BOOTTIME, in which the service gives its deadlines.
#[must_use]
pub fn boot_time() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let micros = i128::from(now.tv_sec) * 1_000_000 + i128::from(now.tv_nsec) / 1_000;
    u64::try_from(micros).unwrap_or_default()
}

/// Whole seconds from now until a deadline; `None` where there is none (0).
#[must_use]
pub fn seconds_until(deadline: u64) -> Option<u64> {
    (deadline != 0).then(|| deadline.saturating_sub(boot_time()).div_ceil(1_000_000))
}

/// `1:05`
#[must_use]
pub fn minutes(seconds: u64) -> String {
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_never_wraps() {
        assert_eq!(shortened("printing", 80), "printing");
        assert_eq!(shortened("printing a page", 10), "printing…");
        assert!(shortened("x", 0).chars().count() <= 1);
    }

    #[test]
    fn the_bar_fills_up() {
        assert_eq!(bar(None), "");
        assert_eq!(bar(Some(0.5)), "[##########..........]  50 %");
        assert_eq!(bar(Some(7.0)), "[####################] 100 %");
    }

    #[test]
    fn deadlines_count_down_and_stop_at_nothing() {
        assert_eq!(seconds_until(0), None);
        assert_eq!(seconds_until(1), Some(0));
        assert_eq!(seconds_until(boot_time() + 119_500_000), Some(120));
        assert_eq!(minutes(65), "1:05");
    }
}
