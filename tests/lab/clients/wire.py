"""D-Bus byte by byte (D-Bus specification, "Message Protocol"): for what libdbus would not send, or can't."""

import os
import socket
import struct

from bus import SERVICE

ALLOW_INTERACTION = 4


def align(data, to):
    return data + bytes(-len(data) % to)


def text(value):
    return struct.pack("<I", len(value)) + value.encode() + b"\0"


def message(serial, path, interface, method, signature, body, destination=SERVICE, descriptors_sent=0, flags=0):
    """A method call, byte by byte (D-Bus specification, "Message Protocol")."""
    fields = b""
    for code, kind, value in [(1, "o", path), (2, "s", interface), (3, "s", method), (6, "s", destination), (8, "g", signature), (9, "u", descriptors_sent)]:
        if value in ("", 0):
            continue
        fields = align(fields, 8) + bytes([code, 1]) + kind.encode() + b"\0"
        if kind == "g":
            fields += bytes([len(value)]) + value.encode() + b"\0"
        else:
            fields = align(fields, 4) + (struct.pack("<I", value) if kind == "u" else text(value))
    head = bytes([ord("l"), 1, flags, 1]) + struct.pack("<II", len(body), serial) + struct.pack("<I", len(fields)) + fields
    return align(head, 8) + body


class Wire:
    """One connection to the system bus, of whoever runs this."""

    def __init__(self):
        self.bus = socket.socket(socket.AF_UNIX)
        self.bus.settimeout(60)
        self.bus.connect("/run/dbus/system_bus_socket")
        self.bus.sendall(b"\0AUTH EXTERNAL " + str(os.geteuid()).encode().hex().encode() + b"\r\nNEGOTIATE_UNIX_FD\r\n")
        said = b""
        while b"AGREE_UNIX_FD" not in said:  # before it, descriptors are not read
            said += self.bus.recv(4096)
        self.bus.sendall(b"BEGIN\r\n")
        self.serial, self.unread = 0, b""
        self.call("/org/freedesktop/DBus", "org.freedesktop.DBus", "Hello", to="org.freedesktop.DBus")

    def call(self, path, interface, method, signature="", body=b"", to=SERVICE, descriptors=(), flags=0):
        """The name of the error that it was answered with; nothing where it was done."""
        self.serial += 1
        call = message(self.serial, path, interface, method, signature, body, to, len(descriptors), flags)
        socket.send_fds(self.bus, [call], list(descriptors))
        while True:
            kind, answered, fields = self.receive()
            if answered == self.serial and kind in (2, 3):
                return fields.get(4) if kind == 3 else None

    def receive(self):
        """A message's type, the serial that it answers, and its header fields that are text."""
        head = self.exactly(16)
        body, fields_length = struct.unpack("<I", head[4:8])[0], struct.unpack("<I", head[12:16])[0]
        rest = self.exactly(fields_length + -fields_length % 8 + body)
        fields, at = {}, 0
        while at < fields_length:
            at += -at % 8
            code, kind = rest[at], chr(rest[at + 2])
            at += 4
            if kind == "g":
                at += rest[at] + 2
            elif kind == "u":
                fields[code] = struct.unpack_from("<I", rest, at)[0]
                at += 4
            else:
                length = struct.unpack_from("<I", rest, at)[0]
                fields[code] = rest[at + 4 : at + 4 + length].decode()
                at += 4 + length + 1
        return head[1], fields.get(5), fields

    def exactly(self, length):
        while len(self.unread) < length:
            got = self.bus.recv(65536)
            if not got:
                raise ConnectionError("the bus has closed the connection")
            self.unread += got
        got, self.unread = self.unread[:length], self.unread[length:]
        return got
