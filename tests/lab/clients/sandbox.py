"""What the service's sandbox keeps it from, tried out from inside: runs as ExecStart of a copy of the shipped unit.

usage: sandbox.py ADDRESS
"""

import ctypes
import errno
import glob
import mmap
import os
import resource
import socket
import sys

from bus import Checks

libc = ctypes.CDLL(None, use_errno=True)
checks = Checks()


def refused(line, attempt, *wanted):
    """The attempt ends with one of these errors."""
    try:
        attempt()
    except OSError as error:
        name = "timed out" if isinstance(error, TimeoutError) else errno.errorcode.get(error.errno, error.errno)
        checks.check(name in wanted, f"{line}: {name}", f"instead of {wanted}")
    else:
        checks.check(False, line, "it could")


def allowed(line, attempt):
    try:
        attempt()
    except OSError as error:
        checks.check(False, line, error)
    else:
        checks.check(True, line)


def call(name, *arguments):
    """A function of libc that returns -1 and an errno."""
    result = getattr(libc, name)(*arguments)
    if result in (-1, ctypes.c_void_p(-1).value):
        raise OSError(ctypes.get_errno(), name)
    return result


def writable_and_executable():
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + 3 * [ctypes.c_int] + [ctypes.c_long]
    call("mmap", None, 4096, mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1, 0)


def set_user_id_file():
    with open("/tmp/setuid", "w"):
        pass
    os.chmod("/tmp/setuid", 0o4755)


def connect(address):
    with socket.create_connection(address, 2):
        pass


def listener(address):
    return socket.create_server((address, 0))


ELSEWHERE = sys.argv[1]  # an address that this computer has, and that is not localhost
reachable = listener("127.0.0.1")
allowed("the bridge: connections on localhost", lambda: connect(reachable.getsockname()))
other = listener(ELSEWHERE)
refused("IPAddressAllow=localhost: a connection to another address", lambda: connect(other.getsockname()), "EPERM", "timed out")
datagram = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for address in (ELSEWHERE, ELSEWHERE.rsplit(".", 1)[0] + ".77"):
    refused(f"IPAddressDeny: a datagram to {address}", lambda: datagram.sendto(b"x", (address, 9)), "EPERM")
refused("RestrictAddressFamilies: packets", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW), "EAFNOSUPPORT", "EPERM")
allowed("the bus's kind of socket", lambda: socket.socket(socket.AF_UNIX).close())
allowed("device announcements (netlink)", lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 15).close())

refused("DevicePolicy: /dev/fuse, which everybody else may open", lambda: os.open("/dev/fuse", os.O_RDWR), "EPERM", "EACCES")
printer = [node for node in glob.glob("/dev/bus/usb/*/*") if os.stat(node).st_gid == 7]
checks.check(printer, "a printer's node is there, of group lp")
for node in printer:
    allowed("and opens for reading and writing", lambda: os.close(os.open(node, os.O_RDWR)))

for path in ("/etc", "/usr", "/var", "/var/tmp", "/run", "/run/lock", "/boot", "/sys"):
    name = f"{path}/lab-was-here"
    # ProtectSystem=strict; /var/tmp and /tmp are the service's own.
    if path == "/var/tmp":
        allowed("PrivateTmp: /var/tmp is its own", lambda: os.close(os.open(name, os.O_CREAT | os.O_WRONLY)))
    else:
        refused(f"ProtectSystem: a file in {path}", lambda: os.open(name, os.O_CREAT | os.O_WRONLY), "EROFS")
checks.check(not os.path.exists("/tmp/of-others"), "PrivateTmp: what is in others' /tmp is not there")
for path in ("/home", "/root"):
    refused(f"ProtectHome: {path}", lambda: os.listdir(path), "EACCES")
checks.check(not os.path.exists("/proc/1"), "ProtectProc: other users' processes are not to be seen")
checks.check(not os.path.exists("/proc/sys"), "ProcSubset: nothing of the kernel's in /proc")
checks.check(os.path.exists("/proc/self/net/route"), "but the routes, which name the router")
refused("ProtectKernelTunables", lambda: os.open("/sys/kernel/uevent_helper", os.O_WRONLY), "EROFS", "EACCES", "ENOENT")
refused("ProtectControlGroups", lambda: os.mkdir("/sys/fs/cgroup/lab"), "EROFS", "EACCES")
refused("MemoryDenyWriteExecute", writable_and_executable, "EPERM", "EACCES")
refused("RestrictNamespaces: user", lambda: call("unshare", 0x10000000), "EPERM")
refused("RestrictNamespaces: mount", lambda: call("unshare", 0x00020000), "EPERM")
refused("RestrictSUIDSGID", set_user_id_file, "EPERM")
refused("RestrictRealtime", lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)), "EPERM")
refused("LockPersonality", lambda: call("personality", 0x0400000), "EPERM")
refused("SystemCallFilter: mount", lambda: call("mount", b"a", b"/tmp", b"tmpfs", 0, None), "EPERM")
refused("SystemCallFilter: ptrace", lambda: call("ptrace", 0, 0, None, None), "EPERM")
refused("SystemCallFilter: bpf", lambda: call("syscall", 321, 0, None, 0), "EPERM")
refused("SystemCallFilter: kexec_load", lambda: call("syscall", 246, 0, 0, None, 0), "EPERM")
refused("ProtectHostname", lambda: socket.sethostname("lab2"), "EPERM")
refused("NoNewPrivileges and no capabilities: another user", lambda: os.setuid(0), "EPERM")
checks.check(resource.getrlimit(resource.RLIMIT_CORE) == (0, 0), "LimitCORE: no core, and no way to ask for one")
checks.check(os.umask(0o77) == 0o77, "UMask: files are the user's alone")
checks.check(sorted(os.getgroups()) == sorted({7, os.getgid()}), "its groups are lp and its own", os.getgroups())
checks.end()
