//! A document on its way: through a thread of its own, piece by piece, into a file, and out of it as pages.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write as _};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use flate2::read::{DeflateDecoder, MultiGzDecoder};
use tokio::sync::{mpsc, oneshot};

use super::super::printer::Printer;
use super::super::raster::{self, Format};
use super::jobs::{JobState, Outcome};
use super::message::{Attribute, Value};

/// Pieces that wait for the thread; then the printer reads no more from the wire.
const WAITING: usize = 4;

/// What is known of a document before it comes.
#[derive(Clone, Debug)]
pub(super) struct Paperwork {
    pub id: i32,
    pub fax: bool,
    pub user: String,
    pub name: String,
    pub format: String,
    pub compression: String,
    pub attributes: Vec<Attribute>,
}

enum Piece {
    Bytes(Bytes),
    End,
}

/// The sending end. Dropping it before [`Reception::finish`] aborts the job.
pub(super) struct Reception {
    pieces: mpsc::Sender<Piece>,
    ended: oneshot::Receiver<(JobState, Outcome)>,
}

impl Reception {
    /// Hands bytes over, waiting until there is room for them.
    pub async fn push(&self, bytes: Bytes) {
        if !bytes.is_empty() {
            // The thread reads until the end whatever it meets, so this fails only when the program ends.
            let _ = self.pieces.send(Piece::Bytes(bytes)).await;
        }
    }

    /// All has come. What became of it.
    pub async fn finish(self) -> Option<(JobState, Outcome)> {
        self.pieces.send(Piece::End).await.ok()?;
        self.ended.await.ok()
    }
}

/// Begins to receive the document of a job that is in this stage. Must be called inside a tokio runtime.
pub(super) fn receive(printer: &Printer, paperwork: Paperwork) -> Reception {
    let (pieces, source) = mpsc::channel(WAITING);
    let (tell, ended) = oneshot::channel();
    let printer = printer.clone();
    tokio::task::spawn_blocking(move || {
        let folder = printer.options().jobs.clone();
        let mut source = Source { pieces: source, current: Bytes::new(), octets: 0, end: None };
        let mut taken = take(&mut source, &paperwork, folder.as_deref());
        // What could not be read is still taken from the wire.
        let rest = io::copy(&mut source, &mut io::sink());
        let whole = source.end == Some(true) && rest.is_ok();
        if !whole {
            taken.problem = Some("the document breaks off".to_owned());
        }
        let outcome = Outcome {
            complete: whole && taken.problem.is_none(),
            problem: taken.problem.clone(),
            octets: source.octets,
            pages: u32::try_from(taken.pages.len()).unwrap_or(u32::MAX),
        };
        let time = printer.options().document_time;
        let state = printer.services().jobs().received(paperwork.id, outcome.clone(), time);
        if let Some(folder) = folder
            && let Err(error) = note(&folder, &paperwork, &taken, &outcome, state)
        {
            tracing::error!(%error, "the emulated job's note can't be written");
        }
        let _ = tell.send((state, outcome));
    });
    Reception { pieces, ended }
}

/// The document as it comes over the wire. An end that nobody announced is an error.
struct Source {
    pieces: mpsc::Receiver<Piece>,
    current: Bytes,
    octets: u64,
    /// Whether it ended as it should; `None` while it goes on.
    end: Option<bool>,
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() {
            match self.end {
                Some(true) => return Ok(0),
                Some(false) => return Err(io::ErrorKind::UnexpectedEof.into()),
                None => match self.pieces.blocking_recv() {
                    Some(Piece::Bytes(bytes)) => self.current = bytes,
                    Some(Piece::End) => self.end = Some(true),
                    None => self.end = Some(false),
                },
            }
        }
        let taken = self.current.split_to(buffer.len().min(self.current.len()));
        for (to, from) in buffer.iter_mut().zip(taken.iter()) {
            *to = *from;
        }
        self.octets += taken.len() as u64;
        Ok(taken.len())
    }
}

/// What is read goes into the file too.
struct Tee<R> {
    source: R,
    file: Option<BufWriter<File>>,
}

impl<R: Read> Read for Tee<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.source.read(buffer)?;
        if let (Some(file), Some(taken)) = (&mut self.file, buffer.get(..length)) {
            file.write_all(taken)?;
        }
        Ok(length)
    }
}

/// What was made of a document.
#[derive(Default)]
struct Taken {
    file: Option<PathBuf>,
    format: Option<Format>,
    pages: Vec<raster::Page>,
    problem: Option<String>,
}

/// `job-0001`, the beginning of the names of all its files.
fn stem(id: i32) -> String {
    format!("job-{id:04}")
}

fn take(source: &mut Source, paperwork: &Paperwork, folder: Option<&Path>) -> Taken {
    // RFC 8011, 5.4.32: deflate is RFC 1951, gzip is RFC 1952.
    let plain: Box<dyn Read + '_> = match paperwork.compression.as_str() {
        "gzip" => Box::new(MultiGzDecoder::new(source)),
        "deflate" => Box::new(DeflateDecoder::new(source)),
        _ => Box::new(source),
    };
    let mut taken = Taken::default();
    if let Err(error) = read(plain, paperwork, folder, &mut taken) {
        taken.problem = Some(error.to_string());
    }
    taken
}

fn read(mut plain: impl Read, paperwork: &Paperwork, folder: Option<&Path>, taken: &mut Taken) -> io::Result<()> {
    let mut start = Vec::new();
    (&mut plain).take(8).read_to_end(&mut start)?;
    let format = Format::of(&paperwork.format, &start);
    taken.format = Some(format);
    let stem = stem(paperwork.id);
    let file = match folder {
        Some(folder) => {
            fs::create_dir_all(folder)?;
            let path = folder.join(format!("{stem}.{}", format.extension()));
            let file = BufWriter::with_capacity(256 * 1024, File::create(&path)?);
            taken.file = Some(path);
            Some(file)
        }
        None => None,
    };
    let tee = Tee { source: io::Cursor::new(start).chain(plain), file };
    let mut document = BufReader::with_capacity(64 * 1024, tee);
    let page = |number: usize| folder.map(|folder| folder.join(format!("{stem}-page-{number}.png")));
    let read = raster::read(format, &mut document, page, &mut taken.pages);
    // What follows the last page belongs to the file as well; what could not be read does too.
    let rest = io::copy(&mut document, &mut io::sink());
    if let Some(mut file) = document.into_inner().file {
        file.flush()?;
    }
    read.and(rest.map(|_| ()))
}

/// `job-0001.txt`: what the job was. It appears when everything else is there.
fn note(folder: &Path, paperwork: &Paperwork, taken: &Taken, outcome: &Outcome, state: JobState) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut lines = vec![
        format!("state: {}", state.word()),
        format!("job-id: {}", paperwork.id),
        format!("service: {}", if paperwork.fax { "fax" } else { "print" }),
        format!("job-name: {}", line(&paperwork.name)),
        format!("requesting-user-name: {}", line(&paperwork.user)),
        format!("document-format: {}", line(&paperwork.format)),
        format!("detected: {}", taken.format.map_or("nothing", Format::extension)),
        format!("compression: {}", line(&paperwork.compression)),
        format!("octets: {}", outcome.octets),
        format!("pages: {}", outcome.pages),
    ];
    lines.extend(outcome.problem.iter().map(|problem| format!("problem: {}", line(problem))));
    lines.extend(taken.pages.iter().enumerate().map(|(at, page)| format!("page {}: {page}", at + 1)));
    for attribute in &paperwork.attributes {
        let values: Vec<String> = attribute.values.iter().map(shown).collect();
        lines.push(format!("attribute {}: {}", line(&attribute.name), line(&values.join(","))));
    }
    let (path, unfinished) = (folder.join(stem(paperwork.id) + ".txt"), folder.join(stem(paperwork.id) + ".txt.new"));
    fs::write(&unfinished, lines.join("\n") + "\n")?;
    fs::rename(unfinished, path)
}

/// One line of printable text, bounded.
fn line(text: &str) -> String {
    text.chars().take(1000).map(|character| if character.is_control() { '?' } else { character }).collect()
}

fn shown(value: &Value) -> String {
    match value {
        Value::Integer(value) | Value::Enum(value) => value.to_string(),
        Value::Boolean(value) => value.to_string(),
        Value::Resolution(across, along, _) => format!("{across}x{along}"),
        Value::Range(low, high) => format!("{low}-{high}"),
        Value::Collection(members) => {
            let members: Vec<String> = members
                .iter()
                .map(|member| {
                    let values: Vec<String> = member.values.iter().map(shown).collect();
                    format!("{}={}", member.name, values.join(","))
                })
                .collect();
            format!("{{{}}}", members.join(" "))
        }
        _ => value.text().unwrap_or("?").to_owned(),
    }
}
