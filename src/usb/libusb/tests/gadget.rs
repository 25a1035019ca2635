//! A USB device made of a few rules, plugged into the kernel's `vhci_hcd`: the answers to USB/IP's two requests
//! (Documentation/usb/usbip_protocol.rst).

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, MutexGuard};

const CMD_SUBMIT: u32 = 1;
const CMD_UNLINK: u32 = 2;
const RET_SUBMIT: u32 = 3;
const RET_UNLINK: u32 = 4;
const EPIPE: i32 = -32;
const ECONNRESET: i32 = -104;

/// An IN or a control request that waits for an answer.
struct Waiting {
    seqnum: u32,
    length: usize,
}

#[derive(Default)]
struct State {
    descriptors: Vec<u8>,
    configuration: u8,
    /// IN requests that wait for data, by endpoint number.
    asked: BTreeMap<u8, VecDeque<Waiting>>,
    /// What is to be sent; each piece ends with a short or zero-length packet where `true`.
    outbox: BTreeMap<u8, VecDeque<(VecDeque<u8>, bool)>>,
    /// OUT requests that are not taken while `deaf`.
    offered: VecDeque<(u32, Vec<u8>)>,
    received: Vec<u8>,
    deaf: bool,
    /// Control requests are not answered.
    mute: bool,
    unanswered: BTreeSet<u32>,
    stalled: BTreeSet<u8>,
    unlinked: usize,
    set_configurations: Vec<u8>,
}

struct Shared {
    socket: UnixStream,
    state: Mutex<State>,
}

/// A plugged device. Dropping it pulls the cable.
pub(super) struct Gadget(Arc<Shared>);

impl Gadget {
    /// Plugs in a device with these descriptors, in a port of the first high-speed hub.
    pub(super) fn plug(port: u8, descriptors: &[u8]) -> Self {
        let (ours, kernels) = UnixStream::pair().unwrap();
        let line = format!("{port} {} {} 3", kernels.as_raw_fd(), 0x10000 + u32::from(port));
        // The port of an earlier device is free a moment after its cable was pulled.
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(5);
        while let Err(error) = std::fs::write("/sys/devices/platform/vhci_hcd.0/attach", &line) {
            assert!(std::time::Instant::now() < deadline, "attach: {error}; this test runs in the lab");
            std::thread::yield_now();
        }
        let state = State { descriptors: descriptors.to_vec(), ..State::default() };
        let shared = Arc::new(Shared { socket: ours, state: Mutex::new(state) });
        let theirs = Arc::clone(&shared);
        std::thread::spawn(move || theirs.serve());
        Self(shared)
    }

    pub(super) fn unplug(&self) {
        let _ = self.0.socket.shutdown(Shutdown::Both);
    }

    /// Sends bytes on an endpoint number, ending the host's transfer or not.
    pub(super) fn send(&self, endpoint: u8, bytes: &[u8], end: bool) {
        let mut state = self.0.lock();
        let piece = (bytes.iter().copied().collect(), end);
        state.outbox.entry(endpoint).or_default().push_back(piece);
        self.0.deliver(&mut state, endpoint);
    }

    pub(super) fn deaf(&self, deaf: bool) {
        let mut state = self.0.lock();
        state.deaf = deaf;
        self.0.take(&mut state);
    }

    pub(super) fn mute(&self, mute: bool) {
        self.0.lock().mute = mute;
    }

    pub(super) fn stall(&self, address: u8) {
        let mut state = self.0.lock();
        state.stalled.insert(address);
        for waiting in state.asked.remove(&(address & 0x0f)).unwrap_or_default() {
            self.0.answer(waiting.seqnum, EPIPE, 0, &[]);
        }
    }

    pub(super) fn received(&self) -> Vec<u8> {
        std::mem::take(&mut self.0.lock().received)
    }

    pub(super) fn received_length(&self) -> usize {
        self.0.lock().received.len()
    }

    /// IN requests waiting on an endpoint number, OUT requests not taken, control requests not answered.
    pub(super) fn in_flight(&self, endpoint: u8) -> (usize, usize, usize) {
        let state = self.0.lock();
        (state.asked.get(&endpoint).map_or(0, VecDeque::len), state.offered.len(), state.unanswered.len())
    }

    pub(super) fn unlinked(&self) -> usize {
        self.0.lock().unlinked
    }

    pub(super) fn set_configurations(&self) -> Vec<u8> {
        self.0.lock().set_configurations.clone()
    }
}

impl Drop for Gadget {
    fn drop(&mut self) {
        self.unplug();
    }
}

fn word(raw: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(raw[at..at + 4].try_into().unwrap())
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn serve(&self) {
        let mut socket = &self.socket;
        let mut head = [0; 48];
        while socket.read_exact(&mut head).is_ok() {
            let (command, seqnum, inward, endpoint) =
                (word(&head, 0), word(&head, 4), word(&head, 12) == 1, head[19] & 0x0f);
            let length = word(&head, 24) as usize;
            match command {
                CMD_SUBMIT => {
                    let mut data = vec![0; if inward { 0 } else { length }];
                    if socket.read_exact(&mut data).is_err() {
                        return;
                    }
                    self.submit(seqnum, endpoint, inward, length, data, head[40..48].try_into().unwrap());
                }
                CMD_UNLINK => self.unlink(seqnum, word(&head, 20)),
                other => panic!("USB/IP command {other}"),
            }
        }
    }

    fn submit(&self, seqnum: u32, endpoint: u8, inward: bool, length: usize, data: Vec<u8>, setup: [u8; 8]) {
        let mut state = self.lock();
        let address = endpoint | if inward { 0x80 } else { 0 };
        if endpoint == 0 {
            if state.mute && setup[0] & 0x80 != 0 {
                state.unanswered.insert(seqnum);
                return;
            }
            match control(&mut state, setup) {
                Some(answer) => {
                    let answer = &answer[..answer.len().min(length)];
                    self.answer(seqnum, 0, answer.len(), answer);
                }
                None => self.answer(seqnum, EPIPE, 0, &[]),
            }
        } else if state.stalled.contains(&address) {
            self.answer(seqnum, EPIPE, 0, &[]);
        } else if inward {
            state.asked.entry(endpoint).or_default().push_back(Waiting { seqnum, length });
            self.deliver(&mut state, endpoint);
        } else {
            state.offered.push_back((seqnum, data));
            self.take(&mut state);
        }
    }

    fn take(&self, state: &mut State) {
        while !state.deaf
            && let Some((seqnum, data)) = state.offered.pop_front()
        {
            self.answer(seqnum, 0, data.len(), &[]);
            state.received.extend(data);
        }
    }

    fn deliver(&self, state: &mut State, endpoint: u8) {
        let (Some(asked), Some(outbox)) = (state.asked.get_mut(&endpoint), state.outbox.get_mut(&endpoint)) else {
            return;
        };
        while let (Some(waiting), Some((bytes, end))) = (asked.front(), outbox.front_mut()) {
            // Packets that do not end the transfer stay here until it is full: USB/IP has no half-filled request.
            if bytes.len() < waiting.length && !*end {
                return;
            }
            let waiting_length = waiting.length;
            let now: Vec<u8> = bytes.drain(..bytes.len().min(waiting_length)).collect();
            self.answer(waiting.seqnum, 0, now.len(), &now);
            asked.pop_front();
            // A piece that ended exactly with a request leaves its zero-length packet for the next one.
            let packet_to_come = *end && now.len() == waiting_length && !now.is_empty();
            if bytes.is_empty() && !packet_to_come {
                outbox.pop_front();
            }
        }
    }

    fn unlink(&self, seqnum: u32, victim: u32) {
        let mut state = self.lock();
        let mut found = state.unanswered.remove(&victim);
        for asked in state.asked.values_mut() {
            let before = asked.len();
            asked.retain(|waiting| waiting.seqnum != victim);
            found |= asked.len() < before;
        }
        let before = state.offered.len();
        state.offered.retain(|(offered, _)| *offered != victim);
        found |= state.offered.len() < before;
        state.unlinked += usize::from(found);
        self.write(RET_UNLINK, seqnum, if found { ECONNRESET } else { 0 }, 0, &[]);
    }

    fn answer(&self, seqnum: u32, status: i32, actual: usize, data: &[u8]) {
        self.write(RET_SUBMIT, seqnum, status, actual, data);
    }

    fn write(&self, command: u32, seqnum: u32, status: i32, actual: usize, data: &[u8]) {
        let mut message = Vec::with_capacity(48 + data.len());
        for word in [command, seqnum, 0, 0, 0, status.cast_unsigned(), actual as u32, 0, 0, 0, 0, 0] {
            message.extend(word.to_be_bytes());
        }
        message.extend(data);
        let written: io::Result<()> = (&self.socket).write_all(&message);
        // The cable may be out.
        drop(written);
    }
}

/// Standard requests, and GET_DEVICE_ID; all others stall.
fn control(state: &mut State, setup: [u8; 8]) -> Option<Vec<u8>> {
    let [kind, request, low, high, index, index_high, ..] = setup;
    match (kind, request) {
        (0x80, 6) => match high {
            1 => Some(state.descriptors[..18].to_vec()),
            2 => {
                let mut rest = &state.descriptors[18..];
                for _ in 0..low {
                    rest = rest.get(usize::from(rest[2]) + usize::from(rest[3]) * 256..).filter(|r| !r.is_empty())?;
                }
                Some(rest[..usize::from(rest[2]) + usize::from(rest[3]) * 256].to_vec())
            }
            3 if low == 0 => Some(vec![4, 3, 9, 4]),
            3 => {
                let text = ["HP", "Gadget", "SN0000001"].get(usize::from(low) - 1)?;
                let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
                Some([&[units.len() as u8 + 2, 3][..], &units].concat())
            }
            _ => None,
        },
        (0x80, 8) => Some(vec![state.configuration]),
        (0x80..=0x82, 0) => Some(vec![0, 0]),
        (0x00, 9) => {
            state.configuration = low;
            state.set_configurations.push(low);
            Some(Vec::new())
        }
        (0x01, 11) => Some(Vec::new()),
        (0x02, 1) => {
            state.stalled.remove(&index);
            Some(Vec::new())
        }
        // wIndex is interface and alternate setting, high byte first.
        (0xa1, 0) => Some([&[0, 23][..], b"MFG:HP;MDL:Gadget;   ".get(..21)?].concat()).filter(|_| index_high < 8),
        _ => None,
    }
}
