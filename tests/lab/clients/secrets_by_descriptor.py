"""JoinWithSecret and WritePin take a sealed memfd of a secret's size, and nothing else; nothing else makes them wait.

usage: secrets_by_descriptor.py PRINTER-PATH
"""

import os
import struct
import sys
import time

import descriptors
from bus import SERVICE, Checks, Client, Refused
from wire import Wire, align, text

checks = Checks()
check = checks.check
GOOD = {"JoinWithSecret": {"sealed memfd"}, "WritePin": {"sealed memfd with PIN 94229882"}}
# The right kind of descriptor with the wrong content is refused by what is wrong with the content.
CONTENT = {
    ("JoinWithSecret", "sealed memfd with PIN 94229882"): "job",  # eight digits are a passphrase, too
    ("JoinWithSecret", "sealed memfd of zeros"): "InvalidArguments",
    ("WritePin", "sealed memfd"): "InvalidPin",
    ("WritePin", "sealed memfd of zeros"): "InvalidPin",
}


def call(client, path, method, value):
    """A job, or the error in short; and how long it took."""
    begun = time.monotonic()
    try:
        if method == "JoinWithSecret":
            job = client.call(path, f"{SERVICE}.Wifi", method, "aysha{sv}", b"lab-net", "wpa2-psk", value, {})
        else:
            job = client.call(path, f"{SERVICE}.Wps", method, "ha{sv}", value, {"experimental": True})
    except Refused as refused:
        return refused.name.removeprefix("org.plugprint1.Error."), time.monotonic() - begun
    while not client.call(job, "org.freedesktop.DBus.Properties", "Get", "ss", f"{SERVICE}.Job", "Finished"):
        try:
            client.call(job, f"{SERVICE}.Job", "Cancel", "a{sv}", {})
        except Refused:
            pass
        time.sleep(0.2)
    return "job", time.monotonic() - begun


def raw(path, index, sent):
    """What JoinWithSecret answers whose body names the descriptor number `index`, with `sent` descriptors."""
    ssid = b"lab-net"
    body = align(struct.pack("<I", len(ssid)) + ssid, 4) + text("wpa2-psk")
    body = align(align(body, 4) + struct.pack("<I", index) + struct.pack("<I", 0), 8)
    handed = [descriptors.make("sealed memfd") for _ in range(sent)]
    try:
        return Wire().call(path, f"{SERVICE}.Wifi", "JoinWithSecret", "aysha{sv}", body, descriptors=handed)
    finally:
        for descriptor in handed:
            os.close(descriptor)


def main():
    path = sys.argv[1]
    root = Client("root")
    pid = root.call("/org/freedesktop/DBus", "org.freedesktop.DBus", "GetConnectionUnixProcessID", "s", SERVICE, to="org.freedesktop.DBus")
    for method in ("JoinWithSecret", "WritePin"):
        for kind in descriptors.KINDS:
            wanted = "job" if kind in GOOD[method] else CONTENT.get((method, kind), "InvalidArguments")
            got, took = call(root, path, method, ("fd", kind))
            check(got == wanted and (took < 5 or wanted == "job"), f"{method}: {kind}: {got}", f"instead of {wanted}, after {took:.1f} s")
    for what, index, sent in [("a descriptor that was not sent", 0, 0), ("the sixth of one descriptor", 5, 1), ("number 4294967295", 0xFFFFFFFF, 1)]:
        name = raw(path, index, sent)
        check(name and "NotAuthorized" not in name, f"JoinWithSecret: {what}: {name}")
    for method in GOOD:
        got, _ = call(root, path, method, ("fd", next(iter(GOOD[method]))))
        check(got == "job", f"{method} takes a good one afterwards", got)
    now = root.call("/org/freedesktop/DBus", "org.freedesktop.DBus", "GetConnectionUnixProcessID", "s", SERVICE, to="org.freedesktop.DBus")
    check(now == pid, "and it is still the same process")
    kept = [os.readlink(f"/proc/{pid}/fd/{entry}") for entry in os.listdir(f"/proc/{pid}/fd")]
    kept = [target for target in kept if "memfd" in target or target in ("/dev/zero", "/tmp", "/etc/hostname")]
    check(not kept, "which holds none of the descriptors any more", kept)
    checks.end()


main()
