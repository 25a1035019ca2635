//! Which user a connection over loopback belongs to.
//!
//! The kernel knows; NETLINK_SOCK_DIAG (sock_diag(7)) answers for exactly one pair of addresses, needs no
//! privilege, and is answered before `sendto` returns. `/proc/net/tcp` has the same, but lists every socket there
//! is, and may be read while they change.
//!
//! A socket that nobody holds any more is shown as root's (`sock_i_uid` in the kernel): a client that sends a
//! request and closes at once would pass for root. So a socket without an inode, or one that is no longer
//! established, is nobody's. The kernel fills the user in before the inode, so an inode says that the user was read
//! from a socket that somebody held. While our end is open no other program's socket can have the same pair.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use rustix::net::netlink::{SOCK_DIAG, SocketAddrNetlink};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, sendto, socket_with};

/// Tells who is at the other end of a connection.
pub trait Peers: Send + Sync + 'static {
    /// The user whose socket `remote` is, connected to ours at `local`. `None`: it can't be told.
    fn uid(&self, local: SocketAddr, remote: SocketAddr) -> Option<u32>;
}

/// Asks the kernel.
#[derive(Clone, Copy, Debug, Default)]
pub struct SocketDiag;

/// `SOCK_DIAG_BY_FAMILY` (linux/sock_diag.h).
const SOCK_DIAG_BY_FAMILY: u16 = 20;
/// `NLM_F_REQUEST` (linux/netlink.h).
const NLM_F_REQUEST: u16 = 1;
/// `TCP_ESTABLISHED` (linux/tcp_states.h).
const TCP_ESTABLISHED: u8 = 1;
const IPPROTO_TCP: u8 = 6;
const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;
/// `INET_DIAG_NOCOOKIE`, twice.
const NO_COOKIE: [u8; 8] = [0xff; 8];
/// `struct nlmsghdr` and `struct inet_diag_req_v2` (linux/inet_diag.h).
const REQUEST: usize = 16 + 56;

impl Peers for SocketDiag {
    fn uid(&self, local: SocketAddr, remote: SocketAddr) -> Option<u32> {
        match ask(local, remote) {
            Ok(uid) => uid,
            Err(error) => {
                tracing::debug!(%error, "the kernel does not tell whose connection it is");
                None
            }
        }
    }
}

fn ask(local: SocketAddr, remote: SocketAddr) -> Result<Option<u32>, Unanswered> {
    let socket = socket_with(AddressFamily::NETLINK, SocketType::DGRAM, SocketFlags::CLOEXEC, Some(SOCK_DIAG))?;
    let request = request(local, remote).ok_or(Unanswered::Mixed)?;
    sendto(&socket, &request, SendFlags::empty(), &SocketAddrNetlink::new(0, 0))?;
    let mut buffer = [0; 512];
    let (_, length) = recv(&socket, &mut buffer, RecvFlags::DONTWAIT)?;
    Ok(buffer.get(..length).and_then(|reply| owner(reply, local, remote)))
}

#[derive(Debug)]
enum Unanswered {
    Mixed,
    System(rustix::io::Errno),
}

impl From<rustix::io::Errno> for Unanswered {
    fn from(errno: rustix::io::Errno) -> Self {
        Self::System(errno)
    }
}

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mixed => f.write_str("the addresses are of two families"),
            Self::System(errno) => errno.fmt(f),
        }
    }
}

/// 16 bytes of an address, as `struct inet_diag_sockid` has them.
fn address(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(address) => {
            let mut bytes = [0; 16];
            for (to, from) in bytes.iter_mut().zip(address.octets()) {
                *to = from;
            }
            bytes
        }
        IpAddr::V6(address) => address.octets(),
    }
}

/// Asks for the client's socket: its source is the remote end, its destination ours.
fn request(local: SocketAddr, remote: SocketAddr) -> Option<Vec<u8>> {
    let family = match (local, remote) {
        (SocketAddr::V4(_), SocketAddr::V4(_)) => AF_INET,
        (SocketAddr::V6(_), SocketAddr::V6(_)) => AF_INET6,
        _ => return None,
    };
    let mut out = Vec::with_capacity(REQUEST);
    out.extend((REQUEST as u32).to_ne_bytes());
    out.extend(SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    out.extend(NLM_F_REQUEST.to_ne_bytes());
    out.extend([0; 8]); // sequence, port
    out.extend([family, IPPROTO_TCP, 0, 0]);
    out.extend(u32::MAX.to_ne_bytes()); // states
    out.extend(remote.port().to_be_bytes());
    out.extend(local.port().to_be_bytes());
    out.extend(address(remote.ip()));
    out.extend(address(local.ip()));
    out.extend(0_u32.to_ne_bytes()); // interface
    out.extend(NO_COOKIE);
    Some(out)
}

/// The owner in a reply: `struct nlmsghdr`, then `struct inet_diag_msg`.
fn owner(reply: &[u8], local: SocketAddr, remote: SocketAddr) -> Option<u32> {
    let four = |at: usize| -> Option<u32> { Some(u32::from_ne_bytes(reply.get(at..at + 4)?.try_into().ok()?)) };
    let kind = u16::from_ne_bytes(reply.get(4..6)?.try_into().ok()?);
    if kind != SOCK_DIAG_BY_FAMILY {
        return None; // NLMSG_ERROR: there is no such socket.
    }
    let state = *reply.get(17)?;
    // A socket bound to a wildcard is not the one that we asked for.
    let ports = reply.get(20..24)?;
    let same = ports.get(..2)? == remote.port().to_be_bytes() && ports.get(2..)? == local.port().to_be_bytes();
    let addresses = reply.get(24..56)?;
    let same = same && addresses.get(..16)? == address(remote.ip()) && addresses.get(16..)? == address(local.ip());
    // inet_diag_msg: family, state, timer, retransmissions; id (48); expires, rqueue, wqueue, uid, inode.
    let (uid, inode) = (four(16 + 4 + 48 + 12)?, four(16 + 4 + 48 + 16)?);
    (same && state == TCP_ESTABLISHED && inode != 0).then_some(uid)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use std::net::{TcpListener, TcpStream};

    use super::*;

    fn pair(address: &str) -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind(address).unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (client, listener.accept().unwrap().0)
    }

    fn uid_of(ours: &TcpStream) -> Option<u32> {
        SocketDiag.uid(ours.local_addr().unwrap(), ours.peer_addr().unwrap())
    }

    #[test]
    fn the_kernel_knows_whose_a_connection_is() {
        let me = rustix::process::getuid().as_raw();
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let (client, ours) = pair(address);
            assert_eq!(uid_of(&ours), Some(me), "{address}");
            drop(client);
        }
    }

    #[test]
    fn a_client_that_has_gone_is_nobody_and_not_root() {
        let (client, ours) = pair("127.0.0.1:0");
        drop(client);
        assert_eq!(uid_of(&ours), None);
        let (client, ours) = pair("127.0.0.1:0");
        client.shutdown(std::net::Shutdown::Write).unwrap();
        assert_eq!(uid_of(&ours), None);
    }

    #[test]
    fn a_connection_that_never_was_is_nobodys() {
        let (client, ours) = pair("127.0.0.1:0");
        let other = SocketAddr::new("127.0.0.1".parse().unwrap(), 1);
        assert_eq!(SocketDiag.uid(ours.local_addr().unwrap(), other), None);
        assert_eq!(SocketDiag.uid("[::1]:1".parse().unwrap(), client.local_addr().unwrap()), None);
    }

    #[test]
    fn no_reply_can_be_too_short() {
        let local = "127.0.0.1:60000".parse().unwrap();
        for length in 0..128 {
            let mut reply = vec![0; length];
            if length > 5 {
                reply[4..6].copy_from_slice(&SOCK_DIAG_BY_FAMILY.to_ne_bytes());
            }
            assert_eq!(owner(&reply, local, local), None);
        }
    }
}
