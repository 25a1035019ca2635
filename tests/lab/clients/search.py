"""Looks for secrets in every place where one could have been left, in every shape that it could have."""

import base64
import glob
import os
import re
import stat
import subprocess
import threading
import time

# What can be written to inside; the transcripts of this run and the program's own code lie elsewhere.
WRITABLE = ("/var", "/run", "/tmp", "/home", "/etc", "/root", "/dev/shm", "/opt", "/srv", "/mnt")


def shapes(secret):
    """The bytes to look for, by the name of the shape."""
    raw = secret.encode()
    found = {
        "plain": raw,
        "hexadecimal": raw.hex().encode(),
        "HEXADECIMAL": raw.hex().upper().encode(),
        "hexadecimal, spaced": raw.hex(" ").encode(),
        "hexadecimal, as an array": ", ".join(f"0x{byte:02x}" for byte in raw).encode(),
        "UTF-16LE": secret.encode("utf-16-le"),
        "UTF-16BE": secret.encode("utf-16-be"),
        "UTF-32LE": secret.encode("utf-32-le"),
        "numbers": ", ".join(str(byte) for byte in raw).encode(),
        "numbers without spaces": ",".join(str(byte) for byte in raw).encode(),
        "reversed": raw[::-1],
        "percent encoded": "".join(f"%{byte:02X}" for byte in raw).encode(),
        "first half": raw[: max(8, len(raw) // 2)],
    }
    if " " in secret:
        found["URL, +"] = secret.replace(" ", "+").encode()
        found["URL, %20"] = secret.replace(" ", "%20").encode()
    for offset in range(3):
        # The letters that stand for whole bytes of the secret, wherever in a longer text it begins.
        text = base64.b64encode(bytes(offset) + raw)
        found[f"base64, {offset}"] = text[(0, 2, 3)[offset] : len(raw + bytes(offset)) * 4 // 3 - 1]
    if secret.isdigit():
        found.update({"grouped": f"{secret[:4]} {secret[4:]}".encode(), "dashed": f"{secret[:4]}-{secret[4:]}".encode()})
        del found["reversed"], found["first half"]  # other numbers look like these
    return found


class Needles:
    """Secrets, as one pattern for all their shapes."""

    def __init__(self, secrets):
        self.names = {}
        for secret in secrets:
            for shape, data in shapes(secret).items():
                self.names.setdefault(data, f"{secret}, {shape}")
        parts = []
        for data in sorted(self.names, key=len, reverse=True):
            part = re.escape(data)
            # Eight digits in the middle of more are another number: a time, a size.
            parts.append(rb"(?<![0-9A-Fa-f])" + part + rb"(?![0-9A-Fa-f])" if data.isdigit() else part)
        self.pattern = re.compile(b"|".join(parts))

    def find(self, data):
        """What is in these bytes, each once."""
        return sorted(set(self.all(data)))

    def all(self, data):
        """Every occurrence."""
        if not any(name in data for name in self.names):  # much faster than a pattern
            return []
        return [self.names[match] for match in self.pattern.findall(data)]


def in_files(needles, roots=WRITABLE):
    """(path, what) for each file below that is younger than this boot, and for file names; and how many files that
    are. The run's own transcripts are left out."""
    hits, looked = [], 0
    with open("/proc/uptime") as uptime:
        boot = time.time() - float(uptime.read().split()[0]) - 60
    for root in roots:
        for folder, folders, files in os.walk(root):
            folders[:] = [f for f in folders if os.path.join(folder, f) not in ("/run/out",) and not other(os.path.join(folder, f))]
            for name in files + folders:
                path = os.path.join(folder, name)
                hits += [(path, f"{what}, in its name") for what in needles.find(os.fsencode(name))]
                try:
                    info = os.lstat(path)
                    if stat.S_ISLNK(info.st_mode):
                        hits += [(path, what) for what in needles.find(os.fsencode(os.readlink(path)))]
                    elif stat.S_ISREG(info.st_mode) and info.st_ctime > boot:
                        looked += 1
                        with open(path, "rb") as file:
                            hits += [(path, what) for what in needles.find(file.read())]
                except FileNotFoundError:
                    pass
    return hits, looked


def other(path):
    """The repository, mounted read-only."""
    return os.path.ismount(path) and os.statvfs(path).f_flag & os.ST_RDONLY and not path.startswith("/run/credentials")


def in_journal(needles):
    """What the journal holds, every field of every record; and how many bytes that is."""
    subprocess.run(["journalctl", "--sync"], check=True)
    text = subprocess.run(["journalctl", "-o", "export", "--all", "--no-pager"], stdout=subprocess.PIPE, check=True).stdout
    return [("the journal", what) for what in needles.find(text)], len(text)


class Watch(threading.Thread):
    """Keeps every argument list and environment that any process has while it runs."""

    def __init__(self):
        super().__init__(daemon=True)
        self.seen = {}
        self.rounds = 0
        self.stopped = False
        self.own = {os.getpid()}

    def run(self):
        while not self.stopped:
            for kind in ("cmdline", "environ"):
                for path in glob.glob(f"/proc/[0-9]*/{kind}"):
                    try:
                        with open(path, "rb") as file:
                            data = file.read()
                    except OSError:
                        continue
                    if data:
                        self.seen.setdefault((kind, data), path)
            self.rounds += 1
            time.sleep(0.05)

    def find(self, needles):
        return [(path, what) for (_, data), path in self.seen.items() for what in needles.find(data)]


def in_capture(needles, path):
    """Every occurrence in what crossed the bus, as bytes."""
    with open(path, "rb") as file:
        return needles.all(file.read())
