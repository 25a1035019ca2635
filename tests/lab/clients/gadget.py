"""A printer on the kernel's own dummy_hcd, by FunctionFS: two interfaces of IPP over USB, whose bytes go to and come from
`plugprint emulate --http`. Unlike one on vhci_hcd it is no obstacle to the kernel's suspend: what a host asks of it then
is answered by the kernel.

usage: gadget.py SERIAL TCP-PORT
"""

import os
import socket
import struct
import subprocess
import sys
import threading
import time

SERIAL, PORT = sys.argv[1], int(sys.argv[2])
GADGET, FILES = "/sys/kernel/config/usb_gadget/printer", "/run/gadget"
DEVICE_ID = b"MFG:HP;MDL:DeskJet Emulated 3000 series;CMD:PCL3GUI,PJL,URF;CLS:PRINTER;"
LINKS = 2
ENABLE, DISABLE, SETUP = 2, 3, 4  # of enum usb_functionfs_event_type (linux/usb/functionfs.h)
GET_DEVICE_ID, SOFT_RESET = 0, 2  # USB printer class 1.1, 4.2


def descriptors():
    def speed(packet):
        said = b""
        for link in range(LINKS):
            said += struct.pack("<9B", 9, 4, link, 0, 2, 7, 1, 4, 0)
            for address in (0x81 + 2 * link, 0x02 + 2 * link):
                said += struct.pack("<4BHB", 7, 5, address, 2, packet, 0)
        return said

    body = struct.pack("<II", 3 * LINKS, 3 * LINKS) + speed(64) + speed(512)
    return struct.pack("<III", 3, 12 + len(body), 3) + body  # magic of version 2; full and high speed


class Link:
    """One interface, and the connection that stands for the printer's end of it."""

    def __init__(self, number):
        self.into = os.open(f"{FILES}/ep{2 * number + 1}", os.O_RDWR)
        self.out = os.open(f"{FILES}/ep{2 * number + 2}", os.O_RDWR)
        self.wire, self.guard = None, threading.Lock()
        threading.Thread(target=self.takes, daemon=True).start()

    def forget(self):
        with self.guard:
            if self.wire:
                self.wire.shutdown(socket.SHUT_RDWR)
            self.wire = None

    def connected(self):
        with self.guard:
            if not self.wire:
                self.wire = socket.create_connection(("127.0.0.1", PORT))
                self.wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self.gives, args=(self.wire,), daemon=True).start()
            return self.wire

    def takes(self):
        while True:
            try:
                # A packet at a time: of a longer read that the freezer interrupts the kernel would lose what came.
                data = os.read(self.out, 512)
                if data:
                    self.connected().sendall(data)
            except OSError as error:
                print(f"out: {error!r}", flush=True)
                time.sleep(0.1)

    def gives(self, wire):
        while True:
            try:
                data = wire.recv(16384)
                if not data:
                    break
                os.write(self.into, data)
            except OSError as error:
                print(f"in: {error!r}", flush=True)
                break
        with self.guard:
            if self.wire is wire:
                self.wire = None
        wire.close()


os.makedirs(f"{GADGET}/strings/0x409")
for name, text in {
    "idVendor": "0x03f0",
    "idProduct": "0xf0e1",
    "bcdUSB": "0x0200",
    "strings/0x409/manufacturer": "HP",
    "strings/0x409/product": "DeskJet Emulated 3000 series",
    "strings/0x409/serialnumber": SERIAL,
}.items():
    with open(f"{GADGET}/{name}", "w") as file:
        file.write(text)
os.makedirs(f"{GADGET}/functions/ffs.printer")
os.makedirs(f"{GADGET}/configs/c.1")
os.symlink(f"{GADGET}/functions/ffs.printer", f"{GADGET}/configs/c.1/ffs.printer")
os.makedirs(FILES, exist_ok=True)
subprocess.run(["mount", "-t", "functionfs", "printer", FILES], check=True)
control = os.open(f"{FILES}/ep0", os.O_RDWR)
os.write(control, descriptors())
os.write(control, struct.pack("<4I", 2, 16, 0, 0))  # no strings
links = [Link(number) for number in range(LINKS)]
with open(f"{GADGET}/UDC", "w") as file:
    file.write(os.listdir("/sys/class/udc")[0])
print("plugged in", flush=True)
while True:
    try:
        event = os.read(control, 12)
    except OSError as error:
        print(f"control: {error!r}", flush=True)
        continue
    kind = event[8]
    print(f"event {kind}: {event[:8].hex()}", flush=True)
    if kind in (ENABLE, DISABLE):
        for link in links:
            link.forget()
    elif kind == SETUP:
        request, code, value, index, length = struct.unpack("<BBHHH", event[:8])
        try:
            if (request, code) == (0xA1, GET_DEVICE_ID):
                os.write(control, (struct.pack(">H", len(DEVICE_ID) + 2) + DEVICE_ID)[:length])
            elif code == SOFT_RESET and not request & 0x80:
                for link in links:
                    link.forget()
                os.read(control, 0)
            elif request & 0x80:
                os.read(control, 0)  # in the wrong direction: a stall
            else:
                os.write(control, b"")
        except OSError as error:
            print(f"setup: {error!r}", flush=True)
