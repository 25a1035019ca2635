//! The client of the scenario `bench`: asks a printer's port, and says how long it took. Nothing but the standard
//! library, so that rustc alone builds it.
//!
//!     upload ADDRESS BYTES            MB/s of one POST
//!     download ADDRESS BYTES          MB/s of one GET
//!     get ADDRESS PATH COUNT          ms of a small GET on a kept connection: median and 99th percentile
//!     attributes ADDRESS COUNT        ms of Get-Printer-Attributes on a kept connection: median
//!     plug-in ADDRESS FILE            writes "replug" to FILE, asks until there is a good answer: ms; ms until the port
//!                                     is open; ms until the kernel has enumerated the device
//!     sink                            takes connections, discards what is posted, gives what is asked for: prints its port

use std::env;
use std::error::Error;
use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::sleep;
use std::time::{Duration, Instant};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Bytes handed to, and taken from, the kernel at a time.
const BLOCK: usize = 256 << 10;
/// What nobody answers within this time has failed.
const PATIENCE: Duration = Duration::from_secs(60);
/// The pause between two attempts to reach a port that is not there yet.
const AGAIN: Duration = Duration::from_millis(2);

struct Reply {
    status: u16,
    length: usize,
    /// What came of the body with the head.
    body: Vec<u8>,
}

/// One connection.
struct Client {
    stream: TcpStream,
    /// By the name that printers take.
    host: String,
    buffer: Vec<u8>,
}

impl Client {
    fn new(address: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let port = stream.peer_addr()?.port();
        Ok(Self { stream, host: format!("localhost:{port}"), buffer: vec![0; BLOCK] })
    }

    fn head(&self, method: &str, path: &str, more: &str) -> Vec<u8> {
        format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n{more}\r\n", self.host).into_bytes()
    }

    /// The head of the answer.
    fn reply(&mut self) -> Result<Reply> {
        let mut seen = Vec::new();
        loop {
            let count = self.stream.read(&mut self.buffer)?;
            if count == 0 {
                return Err("the connection has ended".into());
            }
            seen.extend_from_slice(&self.buffer[..count]);
            let Some(end) = seen.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
            let head = std::str::from_utf8(&seen[..end])?.to_owned();
            let status = head.split(' ').nth(1).ok_or("no status")?.parse()?;
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
            });
            let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
            let body = seen.split_off(end + 4);
            return match length {
                Some(length) => Ok(Reply { status, length, body }),
                None if chunked => self.chunks(status, body),
                None => Err(format!("an answer without a length:\n{head}").into()),
            };
        }
    }

    /// A small chunked body, whole.
    fn chunks(&mut self, status: u16, mut raw: Vec<u8>) -> Result<Reply> {
        let mut body = Vec::new();
        loop {
            if let Some(end) = raw.windows(2).position(|two| two == b"\r\n") {
                let size = usize::from_str_radix(std::str::from_utf8(&raw[..end])?.trim(), 16)?;
                if raw.len() >= end + 2 + size + 2 {
                    body.extend_from_slice(&raw[end + 2..end + 2 + size]);
                    raw.drain(..end + 2 + size + 2);
                    if size == 0 {
                        return Ok(Reply { status, length: body.len(), body });
                    }
                    continue;
                }
            }
            let count = self.stream.read(&mut self.buffer)?;
            if count == 0 {
                return Err("the connection has ended in a chunk".into());
            }
            raw.extend_from_slice(&self.buffer[..count]);
        }
    }

    /// Reads a body to its end; gives what of it is worth a look.
    fn whole(&mut self, reply: Reply) -> Result<Vec<u8>> {
        let mut body = reply.body;
        let mut left = reply.length.checked_sub(body.len()).ok_or("more than its length")?;
        while left > 0 {
            let most = left.min(BLOCK);
            let count = self.stream.read(&mut self.buffer[..most])?;
            if count == 0 {
                return Err("the answer is shorter than its length".into());
            }
            if body.len() < BLOCK {
                body.extend_from_slice(&self.buffer[..count]);
            }
            left -= count;
        }
        Ok(body)
    }

    fn get(&mut self, path: &str) -> Result<Vec<u8>> {
        let head = self.head("GET", path, "");
        self.stream.write_all(&head)?;
        let reply = self.reply()?;
        if reply.status != 200 {
            return Err(format!("status {} instead of 200", reply.status).into());
        }
        self.whole(reply)
    }

    /// Get-Printer-Attributes (RFC 8011, 4.2.5), as CUPS asks for them.
    fn attributes(&mut self) -> Result<()> {
        let uri = format!("ipp://{}/ipp/print", self.host);
        let mut ask = vec![2, 0, 0, 0x0b, 0, 0, 0, 1, 1];
        let mut add = |tag: u8, name: &str, value: &str| {
            ask.push(tag);
            for text in [name, value] {
                ask.extend_from_slice(&(text.len() as u16).to_be_bytes());
                ask.extend_from_slice(text.as_bytes());
            }
        };
        add(0x47, "attributes-charset", "utf-8");
        add(0x48, "attributes-natural-language", "en");
        add(0x45, "printer-uri", &uri);
        add(0x44, "requested-attributes", "all");
        add(0x44, "", "media-col-database");
        ask.push(3);
        let more = format!("Content-Type: application/ipp\r\nContent-Length: {}\r\n", ask.len());
        let mut request = self.head("POST", "/ipp/print", &more);
        request.extend_from_slice(&ask);
        self.stream.write_all(&request)?;
        let reply = self.reply()?;
        if reply.status != 200 {
            return Err(format!("status {} instead of 200", reply.status).into());
        }
        let body = self.whole(reply)?;
        match body.get(2..4) {
            Some([0, 0 | 1]) => Ok(()),
            other => Err(format!("the printer's answer is {other:?}").into()),
        }
    }
}

fn megabytes_per_second(bytes: usize, since: Instant) -> f64 {
    bytes as f64 / 1e6 / since.elapsed().as_secs_f64()
}

fn upload(address: &str, bytes: usize) -> Result<f64> {
    let mut client = Client::new(address)?;
    let block = vec![0x55; BLOCK];
    let more = format!("Content-Type: application/octet-stream\r\nContent-Length: {bytes}\r\n");
    let head = client.head("POST", "/Emulator/Sink", &more);
    let begun = Instant::now();
    client.stream.write_all(&head)?;
    let mut left = bytes;
    while left > 0 {
        let now = left.min(BLOCK);
        client.stream.write_all(&block[..now])?;
        left -= now;
    }
    let reply = client.reply()?;
    let status = reply.status;
    let taken = String::from_utf8(client.whole(reply)?)?;
    if status != 200 || taken.trim() != bytes.to_string() {
        return Err(format!("status {status}, the printer took {taken} bytes of {bytes}").into());
    }
    Ok(megabytes_per_second(bytes, begun))
}

fn download(address: &str, bytes: usize) -> Result<f64> {
    let mut client = Client::new(address)?;
    let begun = Instant::now();
    let head = client.head("GET", &format!("/Emulator/Source/{bytes}"), "");
    client.stream.write_all(&head)?;
    let reply = client.reply()?;
    if reply.status != 200 || reply.length != bytes {
        return Err(format!("status {}, {} bytes instead of {bytes}", reply.status, reply.length).into());
    }
    client.whole(reply)?;
    Ok(megabytes_per_second(bytes, begun))
}

/// Milliseconds of each of so many calls, in ascending order. The first is not counted: it may have to claim.
fn times(count: usize, mut call: impl FnMut() -> Result<()>) -> Result<Vec<f64>> {
    call()?;
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let begun = Instant::now();
        call()?;
        times.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    Ok(times)
}

fn devices() -> usize {
    fs::read_dir("/sys/bus/usb/devices").map_or(0, Iterator::count)
}

fn plug_in(address: &str, orders: &str) -> Result<[f64; 3]> {
    let before = devices();
    let mut orders = OpenOptions::new().write(true).open(orders)?;
    let begun = Instant::now();
    orders.write_all(b"replug\n")?;
    while devices() <= before && begun.elapsed() < PATIENCE {
        sleep(AGAIN);
    }
    let enumerated = begun.elapsed();
    let mut open = None;
    while begun.elapsed() < PATIENCE {
        let asked = Client::new(address).map_err(Into::into).and_then(|mut client| {
            open.get_or_insert_with(|| begun.elapsed());
            client.attributes()
        });
        if asked.is_ok() {
            let ms = |time: Duration| time.as_secs_f64() * 1e3;
            return Ok([ms(begun.elapsed()), ms(open.unwrap_or_default()), ms(enumerated)]);
        }
        sleep(AGAIN);
    }
    Err("no good answer".into())
}

/// A server that costs as little as one can, to see what the client itself can do.
fn sink() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?.port());
    let mut buffer = vec![0; BLOCK];
    for stream in listener.incoming() {
        let mut stream = stream?;
        stream.set_nodelay(true)?;
        let count = stream.read(&mut buffer)?;
        let Some(end) = buffer[..count].windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
        if let Some(length) = head.strip_prefix("GET /Emulator/Source/") {
            let mut left: usize = length.split(' ').next().unwrap_or_default().parse()?;
            write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {left}\r\n\r\n")?;
            while left > 0 {
                let now = left.min(BLOCK);
                stream.write_all(&buffer[..now])?;
                left -= now;
            }
        } else {
            let length = head.split("Content-Length: ").nth(1).and_then(|rest| rest.lines().next());
            let all: usize = length.ok_or("no length")?.parse()?;
            let mut left = all - (count - end - 4);
            while left > 0 {
                left -= stream.read(&mut buffer[..left.min(BLOCK)])?;
            }
            let text = all.to_string();
            write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{text}", text.len())?;
        }
    }
    Ok(())
}

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["upload", address, bytes] => println!("{:.2}", upload(address, bytes.parse()?)?),
        ["download", address, bytes] => println!("{:.2}", download(address, bytes.parse()?)?),
        ["get", address, path, count] => {
            let mut client = Client::new(address)?;
            let times = times(count.parse()?, || client.get(path).map(drop))?;
            println!("{:.3} {:.3}", times[times.len() / 2], times[times.len() * 99 / 100]);
        }
        ["attributes", address, count] => {
            let mut client = Client::new(address)?;
            let times = times(count.parse()?, || client.attributes())?;
            println!("{:.3}", times[times.len() / 2]);
        }
        ["plug-in", address, orders] => {
            let [answer, port, enumerated] = plug_in(address, orders)?;
            println!("{answer:.1} {port:.1} {enumerated:.1}");
        }
        ["sink"] => sink()?,
        _ => return Err("see the head of bench.rs".into()),
    }
    Ok(())
}
