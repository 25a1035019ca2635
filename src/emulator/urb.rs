//! USB/IP's messages (Linux `Documentation/usb/usbip_protocol.rst`), and the device's end of them: URBs in, URBs
//! out. vhci and the TCP server share it. An IN request stays pending until there is data.

use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::sync::mpsc;

use crate::usb::{Completion, Direction, Error};

use super::function::{Gadget, Setup};
use super::pipe::HostPipe;

pub(super) const HEADER: usize = 48;
const CMD_SUBMIT: u32 = 1;
const CMD_UNLINK: u32 = 2;
const RET_SUBMIT: u32 = 3;
const RET_UNLINK: u32 = 4;
/// The longest transfer: what usbfs gives to all transfers of a process together.
const LONGEST: u32 = 16 * 1024 * 1024;
/// Messages that are read ahead of their being carried out.
const AHEAD: usize = 64;

const EPIPE: i32 = -32;
const ECONNRESET: i32 = -104;
const ESHUTDOWN: i32 = -108;
const EOVERFLOW: i32 = -75;

/// A message from the host, without an OUT transfer's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    Submit { seqnum: u32, direction: Direction, endpoint: u8, length: u32, setup: [u8; 8] },
    Unlink { seqnum: u32, victim: u32 },
}

/// What is not a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Malformed {
    #[error("unknown USB/IP command {0:#x}")]
    Command(u32),
    #[error("unknown direction {0}")]
    Direction(u32),
    #[error("endpoint {0} does not exist")]
    Endpoint(u32),
    #[error("a transfer of {0} bytes")]
    Length(u32),
}

impl From<Malformed> for io::Error {
    fn from(malformed: Malformed) -> Self {
        Self::new(io::ErrorKind::InvalidData, malformed)
    }
}

fn words(header: &[u8; HEADER]) -> [u32; HEADER / 4] {
    let mut words = [0; HEADER / 4];
    for (word, bytes) in words.iter_mut().zip(header.chunks_exact(4)) {
        *word = bytes.iter().fold(0, |word, byte| word << 8 | u32::from(*byte));
    }
    words
}

impl Command {
    pub fn parse(header: &[u8; HEADER]) -> Result<Self, Malformed> {
        let [command, seqnum, _devid, direction, endpoint, w5, w6, _, _, _, _, _] = words(header);
        match command {
            CMD_SUBMIT => {
                let direction = match direction {
                    0 => Direction::Out,
                    1 => Direction::In,
                    other => return Err(Malformed::Direction(other)),
                };
                let endpoint =
                    u8::try_from(endpoint).ok().filter(|at| *at < 16).ok_or(Malformed::Endpoint(endpoint))?;
                if w6 > LONGEST {
                    return Err(Malformed::Length(w6));
                }
                let mut setup = [0; 8];
                setup.copy_from_slice(header.last_chunk::<8>().unwrap_or(&[0; 8]));
                Ok(Self::Submit { seqnum, direction, endpoint, length: w6, setup })
            }
            CMD_UNLINK => Ok(Self::Unlink { seqnum, victim: w5 }),
            other => Err(Malformed::Command(other)),
        }
    }

    /// Bytes that follow the header.
    pub fn payload(&self) -> usize {
        match *self {
            Self::Submit { direction: Direction::Out, length, .. } => length as usize,
            _ => 0,
        }
    }
}

fn reply(command: u32, seqnum: u32, status: i32, actual: usize) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    let actual = u32::try_from(actual).unwrap_or(u32::MAX);
    // basic header: command, seqnum, then devid, direction, endpoint, which are 0 in replies
    let words = [command, seqnum, 0, 0, 0, u32::from_ne_bytes(status.to_ne_bytes()), actual];
    for (space, word) in header.chunks_exact_mut(4).zip(words) {
        space.copy_from_slice(&word.to_be_bytes());
    }
    header
}

fn status(error: &Error) -> i32 {
    match error {
        Error::Stalled => EPIPE,
        Error::Canceled => ECONNRESET,
        Error::Overflow => EOVERFLOW,
        _ => ESHUTDOWN,
    }
}

/// Answers URBs until the host closes the stream (then the device counts as unplugged) or the device is
/// unplugged (then the stream is closed).
pub(super) async fn serve<S>(stream: S, gadget: Arc<Gadget>) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    let (reader, writer) = tokio::io::split(stream);
    let (commands, queue) = mpsc::channel(AHEAD);
    let result = tokio::select! {
        read = read(BufReader::with_capacity(4096, reader), commands) => read,
        written = write(writer, queue, &gadget) => written,
        () = gadget.unplugged.cancelled() => Ok(()),
    };
    gadget.unplug();
    result
}

async fn read(mut reader: impl AsyncRead + Unpin, commands: mpsc::Sender<(Command, Vec<u8>)>) -> io::Result<()> {
    loop {
        let mut header = [0; HEADER];
        match reader.read_exact(&mut header).await {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            other => other?,
        };
        let command = Command::parse(&header)?;
        let mut payload = vec![0; command.payload()];
        reader.read_exact(&mut payload).await?;
        if commands.send((command, payload)).await.is_err() {
            return Ok(());
        }
    }
}

struct Host<'a> {
    gadget: &'a Gadget,
    /// By interface.
    pipes: Vec<HostPipe>,
}

/// What goes back to the host.
struct Return {
    header: [u8; HEADER],
    data: Vec<u8>,
}

async fn write(
    mut writer: impl AsyncWrite + Unpin,
    mut queue: mpsc::Receiver<(Command, Vec<u8>)>,
    gadget: &Gadget,
) -> io::Result<()> {
    let pipes: Result<_, _> = gadget.pipes().iter().map(super::pipe::PrinterPipe::claim).collect();
    let mut host = Host { gadget, pipes: pipes.map_err(io::Error::other)? };
    loop {
        enum Next {
            Command(Option<(Command, Vec<u8>)>),
            Return(Return),
        }
        // What has ended goes out before the next command: an unlink must not overtake its victim's return.
        let next = poll_fn(|cx| match host.poll_return(cx) {
            Poll::Ready(returned) => Poll::Ready(Next::Return(returned)),
            Poll::Pending => queue.poll_recv(cx).map(Next::Command),
        })
        .await;
        match next {
            Next::Return(returned) => send(&mut writer, &returned).await?,
            Next::Command(None) => return Ok(()),
            Next::Command(Some((command, payload))) => {
                for returned in host.carry_out(command, payload) {
                    send(&mut writer, &returned).await?;
                }
            }
        }
    }
}

async fn send(writer: &mut (impl AsyncWrite + Unpin), returned: &Return) -> io::Result<()> {
    let mut parts = [io::IoSlice::new(&returned.header), io::IoSlice::new(&returned.data)];
    let mut left = parts.as_mut_slice();
    while !left.is_empty() {
        let sent = writer.write_vectored(left).await?;
        if sent == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        io::IoSlice::advance_slices(&mut left, sent);
    }
    Ok(())
}

fn returned(direction: Direction, seqnum: u32, completion: Completion) -> Return {
    let Completion { mut buffer, actual, status: ended } = completion;
    let code = ended.as_ref().map_or_else(status, |()| 0);
    match direction {
        Direction::In => buffer.truncate(actual),
        Direction::Out => buffer.clear(),
    }
    Return { header: reply(RET_SUBMIT, seqnum, code, actual), data: buffer }
}

impl Host<'_> {
    fn poll_return(&mut self, cx: &mut Context<'_>) -> Poll<Return> {
        for pipe in &self.pipes {
            // A request is seen to have left before its response comes.
            for direction in [Direction::Out, Direction::In] {
                if let Poll::Ready((tag, completion)) = pipe.poll_complete_tagged(direction, cx) {
                    return Poll::Ready(returned(direction, u32::try_from(tag).unwrap_or(0), completion));
                }
            }
        }
        Poll::Pending
    }

    fn carry_out(&mut self, command: Command, payload: Vec<u8>) -> Vec<Return> {
        match command {
            Command::Submit { seqnum, endpoint: 0, setup, .. } => {
                let completion = match self.gadget.control(Setup::from_bytes(setup)) {
                    Ok(bytes) => {
                        let actual = if bytes.is_empty() { payload.len() } else { bytes.len() };
                        Return { header: reply(RET_SUBMIT, seqnum, 0, actual), data: bytes }
                    }
                    Err(_) => Return { header: reply(RET_SUBMIT, seqnum, EPIPE, 0), data: Vec::new() },
                };
                vec![completion]
            }
            Command::Submit { seqnum, direction, endpoint, length, .. } => {
                let address = if direction == Direction::In { endpoint | 0x80 } else { endpoint };
                let pipe = self.gadget.endpoint(address).and_then(|(at, _)| self.pipes.get(at));
                let buffer = match direction {
                    Direction::In => vec![0; length as usize],
                    Direction::Out => payload,
                };
                match pipe.map(|pipe| pipe.submit_tagged(direction, u64::from(seqnum), buffer)) {
                    Some(Ok(())) => Vec::new(),
                    Some(Err((_, error))) => {
                        vec![Return { header: reply(RET_SUBMIT, seqnum, status(&error), 0), data: Vec::new() }]
                    }
                    None => vec![Return { header: reply(RET_SUBMIT, seqnum, EPIPE, 0), data: Vec::new() }],
                }
            }
            Command::Unlink { seqnum, victim } => self.unlink(seqnum, victim),
        }
    }

    /// A transfer that had begun is returned with what it carried, so that no byte is lost; only one that had
    /// not begun is unlinked.
    fn unlink(&mut self, seqnum: u32, victim: u32) -> Vec<Return> {
        for pipe in &self.pipes {
            for direction in [Direction::In, Direction::Out] {
                let Some(mut completion) = pipe.withdraw(direction, u64::from(victim)) else { continue };
                if completion.actual == 0 {
                    return vec![Return { header: reply(RET_UNLINK, seqnum, ECONNRESET, 0), data: Vec::new() }];
                }
                if direction == Direction::In {
                    completion.status = Ok(());
                }
                return vec![
                    returned(direction, victim, completion),
                    Return { header: reply(RET_UNLINK, seqnum, 0, 0), data: Vec::new() },
                ];
            }
        }
        vec![Return { header: reply(RET_UNLINK, seqnum, 0, 0), data: Vec::new() }]
    }
}
