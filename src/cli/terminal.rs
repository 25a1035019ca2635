//! Standard input, a line at a time, without leaving what is typed in memory; and the terminal without echo.

use std::io::{IsTerminal as _, Write as _};
use std::sync::mpsc as threads;

use rustix::termios::{self, LocalModes, OptionalActions, QueueSelector, SpecialCodeIndex, Termios};
use tokio::sync::mpsc;
use zeroize::{Zeroize as _, Zeroizing};

use super::exit::Error;
use super::job::Interrupts;
use super::output::Output;

/// The most that a line may have, in bytes; no secret is longer.
const LONGEST: usize = 256;

/// One line without its end. It is wiped when it is dropped.
pub type Line = Zeroizing<Vec<u8>>;

/// Lines of standard input. They are read in a thread of its own, because reading a terminal can't be stopped: a
/// line that nobody waits for any more goes to who asks next.
#[derive(Debug)]
pub struct Lines {
    wanted: Option<threads::Sender<()>>,
    read: Option<mpsc::UnboundedReceiver<std::io::Result<Option<Line>>>>,
    waiting: bool,
}

impl Lines {
    /// Reads nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self { wanted: None, read: None, waiting: false }
    }

    /// The next line; `None` at the end of the input. It may be dropped and called again.
    ///
    /// # Errors
    /// The system's; `InvalidData` for a line of more than 256 bytes.
    pub async fn next(&mut self) -> std::io::Result<Option<Line>> {
        let (Some(wanted), Some(read)) = (&self.wanted, &mut self.read) else {
            self.start()?;
            return Box::pin(self.next()).await;
        };
        if !self.waiting {
            self.waiting = wanted.send(()).is_ok();
        }
        let line = read.recv().await;
        self.waiting = false;
        line.unwrap_or(Ok(None))
    }

    fn start(&mut self) -> std::io::Result<()> {
        let (wanted, requests) = threads::channel();
        let (answers, read) = mpsc::unbounded_channel();
        std::thread::Builder::new().name("standard-input".to_owned()).spawn(move || {
            let mut input = Input::default();
            while requests.recv().is_ok() && answers.send(input.line()).is_ok() {}
        })?;
        (self.wanted, self.read) = (Some(wanted), Some(read));
        Ok(())
    }
}

/// What has been read and was not asked for yet.
#[derive(Default)]
struct Input {
    ahead: Zeroizing<Vec<u8>>,
}

impl Input {
    fn line(&mut self) -> std::io::Result<Option<Line>> {
        // Sized once, so that no half-filled copy stays behind in freed memory.
        let mut line = Zeroizing::new(Vec::with_capacity(LONGEST + 1));
        let mut too_long = false;
        loop {
            let end = self.ahead.iter().position(|b| *b == b'\n');
            let taken = end.unwrap_or(self.ahead.len());
            too_long |= line.len() + taken > LONGEST;
            if !too_long {
                line.extend(self.ahead.iter().take(taken));
            }
            self.forget(end.map_or(taken, |end| end + 1));
            if end.is_none() {
                if self.more()? {
                    continue;
                }
                if line.is_empty() && !too_long {
                    return Ok(None);
                }
            }
            if too_long {
                return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, "the line is too long"));
            }
            if line.last() == Some(&b'\r') {
                line.pop();
            }
            return Ok(Some(line));
        }
    }

    fn forget(&mut self, count: usize) {
        let rest = Zeroizing::new(self.ahead.iter().skip(count).copied().collect::<Vec<u8>>());
        self.ahead.zeroize();
        self.ahead = rest;
    }

    /// Reads on; whether there was anything.
    fn more(&mut self) -> std::io::Result<bool> {
        let mut buffer = Zeroizing::new([0; 1024]);
        let count = loop {
            match rustix::io::read(std::io::stdin(), buffer.as_mut_slice()) {
                Err(rustix::io::Errno::INTR) => {}
                read => break read?,
            }
        };
        self.ahead = Zeroizing::new(buffer.iter().take(count).copied().collect());
        Ok(count > 0)
    }
}

/// Whether a person can be asked: they see standard error, and type on standard input.
#[must_use]
pub fn has_person() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// The terminal without echo, and with it again when this is dropped: at the end, on Ctrl-C (which our commands
/// hear), when a panic unwinds. The keys that end or stop a program otherwise do nothing meanwhile.
#[derive(Debug)]
pub struct Quiet(Termios);

impl Quiet {
    /// What was typed before is thrown away.
    ///
    /// # Errors
    /// The system's.
    pub fn new() -> Result<Self, Error> {
        let attempt = || {
            let before = termios::tcgetattr(std::io::stdin())?;
            let mut quiet = before.clone();
            quiet.local_modes.remove(LocalModes::ECHO | LocalModes::ECHONL);
            quiet.local_modes.insert(LocalModes::ICANON | LocalModes::ISIG);
            for key in [SpecialCodeIndex::VQUIT, SpecialCodeIndex::VSUSP] {
                quiet.special_codes[key] = 0;
            }
            termios::tcsetattr(std::io::stdin(), OptionalActions::Flush, &quiet)?;
            Ok(Self(before))
        };
        attempt().map_err(|error: rustix::io::Errno| Error::file("turning the terminal's echo off")(error.into()))
    }

    /// Throws away what was typed and has not been read.
    pub fn flush(&self) {
        let _ = termios::tcflush(std::io::stdin(), QueueSelector::IFlush);
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        let _ = termios::tcsetattr(std::io::stdin(), OptionalActions::Flush, &self.0);
    }
}

/// Asks a person for a secret, which is not shown.
///
/// # Errors
/// [`Error::Interrupted`]; the system's.
pub async fn ask_unseen(output: Output, label: &str) -> Result<Line, Error> {
    let quiet = Quiet::new()?;
    if !output.is_json() {
        write(&format!("{label} (not shown): "));
    }
    let typed = ask().await;
    drop(quiet);
    write("\n");
    typed
}

/// Asks a person for a yes; anything else is a no.
///
/// # Errors
/// As [`ask_unseen`].
pub async fn ask_yes(question: &str) -> Result<bool, Error> {
    write(question);
    let typed = ask().await?;
    Ok(matches!(typed.trim_ascii().to_ascii_lowercase().as_slice(), b"y" | b"yes"))
}

/// The next line, unless the user has had enough.
///
/// # Errors
/// As [`ask_unseen`].
pub async fn ask() -> Result<Line, Error> {
    let mut interrupts = Interrupts::new()?;
    let mut lines = Lines::new();
    tokio::select! {
        line = lines.next() => match line {
            Ok(Some(line)) => Ok(line),
            Ok(None) => Err(Error::Interrupted("Nothing was typed.".to_owned())),
            Err(source) => Err(Error::File { what: "reading standard input".to_owned(), source }),
        },
        () = interrupts.next() => Err(Error::Interrupted("Stopped; nothing was changed.".to_owned())),
    }
}

fn write(text: &str) {
    let mut err = std::io::stderr().lock();
    let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
}
