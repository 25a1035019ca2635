"""What a client may hand over where the API wants a secret: the one right kind, and everything else."""

import fcntl
import os
import socket

SECRET = "CanaryPassphrase-4d1f"
ALL_SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE


def memfd(content, seals, offset=0):
    descriptor = os.memfd_create("secret", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.write(descriptor, content)
    os.lseek(descriptor, offset, os.SEEK_SET)
    if seals:
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)
    return descriptor


def pipe():
    read, write = os.pipe()
    os.write(write, SECRET.encode())
    os.close(write)
    return read


def silent_pipe():
    """Nothing ever comes out of it, and it does not end."""
    return os.pipe()[0]


def regular_file():
    path = f"/tmp/secret-{os.getpid()}"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    os.write(descriptor, b"12345670")
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.unlink(path)
    return descriptor


KINDS = {
    "sealed memfd": lambda: memfd(SECRET.encode(), ALL_SEALS),
    "sealed memfd with PIN 94229882": lambda: memfd(b"94229882", ALL_SEALS),
    "unsealed memfd": lambda: memfd(SECRET.encode(), 0),
    "memfd sealed against growing only": lambda: memfd(SECRET.encode(), fcntl.F_SEAL_GROW),
    "memfd that can still be written": lambda: memfd(SECRET.encode(), ALL_SEALS & ~fcntl.F_SEAL_WRITE),
    "memfd that can still shrink": lambda: memfd(SECRET.encode(), ALL_SEALS & ~fcntl.F_SEAL_SHRINK),
    "sealed memfd of 1 MiB": lambda: memfd(b"x" * (1 << 20), ALL_SEALS),
    "sealed memfd of 257 bytes": lambda: memfd(b"x" * 257, ALL_SEALS),
    "empty sealed memfd": lambda: memfd(b"", ALL_SEALS),
    "sealed memfd of zeros": lambda: memfd(bytes(32), ALL_SEALS),
    "pipe": pipe,
    "pipe that says nothing": silent_pipe,
    "regular file": regular_file,
    "folder": lambda: os.open("/tmp", os.O_RDONLY | os.O_DIRECTORY),
    "path only (O_PATH)": lambda: os.open("/etc/hostname", os.O_PATH),
    "/dev/zero": lambda: os.open("/dev/zero", os.O_RDONLY),
    "/dev/null": lambda: os.open("/dev/null", os.O_RDWR),
    "socket": lambda: socket.socketpair()[0].detach(),
}


def make(kind):
    """A descriptor of that kind."""
    return KINDS[kind]()
