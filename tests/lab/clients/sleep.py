"""The computer's sleep, by systemd: what logind is asked for and says, what is held when the computer sleeps, and what
becomes of what was under way.

usage: sleep.py CASE SERIAL PORT FOLDER    a case is a function of that name below; FOLDER is the printer's --jobs
       sleep.py pre|post ...               as systemd-sleep starts its hooks (systemd-suspend.service(8)): immediately
                                           before the kernel sleeps, and immediately after
"""

import glob
import json
import os
import subprocess
import sys
import threading
import time

import faults
from faults import STATUS, Printer, claimed, eventually, head, print_job, document, say

PLAN = "/run/lab-sleep"  # what the hooks are to do to the printer, and their notes
LIMIT = 12  # seconds in which our delay lock is let go; by the service's own clock it is 4, and this machine may be slow
LOGIND = ("org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager")


def busctl(*arguments):
    said = subprocess.run(["busctl", "--system", "--json=short", *arguments], capture_output=True, text=True, timeout=60)
    return json.loads(said.stdout)["data"] if said.returncode == 0 and said.stdout else None


def locks():
    """Our delay locks, as logind lists them."""
    listed = busctl("call", *LOGIND, "ListInhibitors")
    return [lock for lock in listed[0] if lock[1] == "plugprint"] if listed else None


def kernel_slept():
    """How often this kernel has been suspended and has come back."""
    with open("/sys/power/suspend_stats/success") as count:
        return int(count.read())


def node(printer):
    for serial in glob.glob("/sys/bus/usb/devices/*/serial"):
        with open(serial) as file:
            if file.read().strip() == printer.serial:
                number = [int(open(os.path.dirname(serial) + "/" + of).read()) for of in ("busnum", "devnum")]
                return f"/dev/bus/usb/{number[0]:03}/{number[1]:03}"
    return None


def attached():
    """Whether vhci_hcd has a device at any port (VDEV_ST_USED); then it refuses to be suspended."""
    for status in glob.glob("/sys/devices/platform/vhci_hcd.*/status*"):
        with open(status) as ports:
            if any(line.split()[2:3] == ["006"] for line in ports):
                return True
    return False


# --- as a hook of systemd-sleep -----------------------------------------------------------------------------------------------


def hook(when):
    with open(f"{PLAN}/plan") as file:
        plan = json.load(file)
    printer = Printer(plan["serial"], 0, "")
    if when == "pre":
        with open(f"{PLAN}/noted", "a") as notes:
            notes.write(json.dumps({"claimed": claimed(printer), "locks": locks()}) + "\n")
    what = plan[when]
    if what == "unplug":
        printer.tell("unplug", "unplugged")
        eventually("it is unplugged", 30, lambda: not node(printer) and not attached())
    elif what == "replug":
        printer.tell("replug", "plugged in", 30)
        eventually("it is enumerated", 30, lambda: node(printer))


# --- as the one who puts the computer to sleep ----------------------------------------------------------------------------------


class Computer:
    def __init__(self, printer):
        import gi

        gi.require_version("Gio", "2.0")
        from gi.repository import Gio, GLib

        self.printer, self.gio, self.glib, self.said = printer, Gio, GLib, []
        self.bus = Gio.bus_get_sync(Gio.BusType.SYSTEM)
        self.bus.signal_subscribe(LOGIND[0], LOGIND[2], "PrepareForSleep", LOGIND[1], None, Gio.DBusSignalFlags.NONE, self.hears)
        threading.Thread(target=GLib.MainLoop().run, daemon=True).start()
        os.makedirs(PLAN, exist_ok=True)
        # What is subscribed to by one thread is heard by the other.
        self.bus.call_sync("org.freedesktop.DBus", "/", "org.freedesktop.DBus", "GetId", None, None, 0, -1)

    def hears(self, bus, sender, path, interface, signal, arguments):
        self.said.append((arguments.unpack()[0], time.monotonic()))

    def lock(self, limit=40):
        lock = eventually("plugprint has a delay lock", limit, locks)
        assert len(lock) == 1 and (lock[0][0], lock[0][3]) == ("sleep", "delay"), lock
        return lock[0]

    def suspends(self):
        """Asks logind, as `systemctl suspend` does; again while it is still occupied with the sleep before. Gives the
        moment in which PrepareForSleep(true) came."""
        before = len(self.said)

        def asked():
            said = subprocess.run(["systemctl", "suspend"], capture_output=True, text=True, timeout=60)
            assert said.returncode == 0 or "in progress" in said.stderr, said.stderr
            return said.returncode == 0

        eventually("logind takes it", 60, asked)
        eventually("PrepareForSleep(true)", 60, lambda: len(self.said) > before)
        begins, at = self.said[before]
        assert begins, self.said
        return at

    def let_go(self, at):
        """How long our lock was held after the announcement."""
        eventually("plugprint lets its lock go", LIMIT * 4, lambda: locks() == [])
        took = time.monotonic() - at
        assert took < LIMIT, f"it took {took:.1f} s"
        return took

    def wakes(self):
        eventually("PrepareForSleep(false)", 120, lambda: self.said and not self.said[-1][0])

    def plan(self, pre, post):
        with open(f"{PLAN}/plan", "w") as file:
            json.dump({"serial": self.printer.serial, "pre": pre, "post": post}, file)
        with open(f"{PLAN}/noted", "w"):
            pass
        self.slept = kernel_slept()

    def noted(self):
        with open(f"{PLAN}/noted") as notes:
            return [json.loads(line) for line in notes]

    def sleep(self, pre, post, meanwhile=lambda: None, still_claimed=False):
        """A whole sleep. What is under way when the kernel's turn comes is known to nobody but the hook."""
        self.plan(pre, post)
        self.lock()
        at = self.suspends()
        meanwhile()
        took = self.let_go(at)
        self.wakes()
        (note,) = self.noted()
        assert note["locks"] == [], note
        assert still_claimed or not note["claimed"], note
        self.expect_slept(1)
        return took

    def expect_slept(self, times):
        real = 0 if os.path.exists(f"{PLAN}/kernel-left-out") else times
        assert kernel_slept() - self.slept == real, f"the kernel slept {kernel_slept() - self.slept} times"

    def same(self, after, attempts=60):
        """It is the printer that it was: on D-Bus by the same name, behind the same port; and it prints."""
        eventually(
            "the printer is there again, by its name and at its port",
            60,
            lambda: (property(self.printer, "AdminUri") or "").endswith(f":{self.printer.port}/"),
        )
        self.lock()
        self.printer.next_print(after, attempts)
        whole = [name for name in self.printer.failed if self.printer.jobs()[name][0] in ("complete", "completed")]
        assert not whole, f"failed, and complete in the end: {whole}"


def property(printer, name):
    path = f"/org/plugprint1/printers/03f0_f0e1_{printer.serial.lower()}"
    return busctl("get-property", "org.plugprint1", path, "org.plugprint1.Printer", name)


class OurPrinter(Printer):
    """The printer of all cases; each names its documents by itself."""

    def __init__(self, *about):
        super().__init__(*about)
        self.failed = []

    def name(self, what):
        self.names += 1
        return f"{what}-{faults.ROW}-{self.names}"


class Upload:
    """A document that goes out in two parts; what the client is told, and what the printer made of it."""

    def __init__(self, printer, so_far=150_000):
        self.printer, self.name, self.so_far = printer, printer.name("upload"), so_far
        self.body = print_job(self.name) + document(faults.LENGTH)
        self.wire = printer.send_part(self.name, so_far, False)
        eventually("it is under way", 30, lambda: claimed(printer))
        time.sleep(1)  # what was sent is on the cable

    def goes_on(self):
        try:
            self.wire.sendall(self.body[self.so_far :])
        except OSError:
            pass  # what it is told is what counts

    def told(self, limit=60):
        self.wire.settimeout(limit)
        try:
            return self.wire.recv(65536).split(b"\r\n", 1)[0].decode(errors="replace")
        except OSError as error:
            assert not isinstance(error, TimeoutError), "the client is told nothing"
            return repr(error)

    def ended(self, what):
        """Both sides say the same: whole, or failed."""
        told = self.told()
        self.wire.close()
        state, octets, file = eventually("the printer's note", 60, lambda: self.printer.jobs().get(self.name))
        if told.endswith("200 OK"):
            assert (state, file) == ("complete", document(faults.LENGTH)), f"told {told!r}, and the printer has {state}, {octets} bytes"
        else:
            assert state not in ("complete", "completed"), f"told {told!r}, and the printer has it whole"
            self.printer.failed.append(self.name)
        say(f"{what}: the client is told {told!r}, the printer's job is {state} with {octets} bytes")
        return state


# --- the cases --------------------------------------------------------------------------------------------------------------------


def idle(printer):
    """Nothing is under way. The printer has no power while the computer sleeps, and is enumerated anew."""
    computer = Computer(printer)
    lock = computer.lock()
    say(f"systemd-inhibit: {lock[1]} holds {lock[0]} by {lock[3]}, {lock[2]}")
    printer.next_print("before all sleep", 60)
    took = computer.sleep("unplug", "replug")
    computer.same(f"slept with nothing under way, let go in {took:.1f} s, enumerated anew")


def finishes(printer):
    """A print that ends soon is waited for."""
    computer = Computer(printer)
    upload = Upload(printer)
    spent = []

    def goes_on():
        upload.goes_on()
        spent.append(time.monotonic() - computer.said[-1][1])

    took = computer.sleep("unplug", "replug", goes_on)
    state = upload.ended(f"went on for {spent[0]:.1f} s, let go in {took:.1f} s")
    assert state == "complete" or spent[0] > 1.5, "it was not waited for"
    computer.same("slept after a print that was under way")


def stalls(printer):
    """One that does not end is not waited for beyond three seconds."""
    computer = Computer(printer)
    upload = Upload(printer)
    took = computer.sleep("unplug", "replug", still_claimed=True)
    assert upload.ended(f"let go in {took:.1f} s") != "complete"
    computer.same("slept in a print, enumerated anew")


def hangs(printer):
    """The printer owes an answer and says nothing."""
    computer = Computer(printer)
    printer.fault("hang@status")
    wire = printer.connect()
    wire.sendall(head("GET", STATUS))
    time.sleep(1)
    took = computer.sleep("unplug", "", still_claimed=True)
    printer.fault("none")
    printer.tell("replug", "plugged in", 30)
    wire.close()
    computer.same(f"slept while it hung, let go in {took:.1f} s, enumerated after the wake")


def pulled(printer):
    """It is pulled during sleep, and plugged in again later."""
    computer = Computer(printer)
    printer.next_print("before", 60)
    took = computer.sleep("unplug", "")
    eventually("the printer is gone", 30, lambda: property(printer, "State") is None)
    computer.lock()
    printer.tell("replug", "plugged in", 30)
    computer.same(f"pulled during sleep, let go in {took:.1f} s, plugged in later")


def stays(printer):
    """It keeps its power, and is not reset. Links that were given back, and one that was not."""
    computer = Computer(printer)
    took = computer.sleep("", "")
    computer.same(f"slept beside it, let go in {took:.1f} s")
    upload = Upload(printer)
    took = computer.sleep("", "", still_claimed=True)
    computer.lock()
    upload.goes_on()
    upload.ended(f"let go in {took:.1f} s, and the upload goes on after the sleep")
    computer.same("slept in a print beside it")


def kept(printer):
    """It keeps its power while the kernel sleeps, on a host controller that can be suspended with it, and is reset then."""
    computer = Computer(printer)
    printer.next_print("before", 60)
    device = node(printer)
    took = computer.sleep("", "")
    computer.same(f"slept beside it, let go in {took:.1f} s")
    assert node(printer) == device, f"{node(printer)} was {device}"
    upload = Upload(printer)
    took = computer.sleep("", "", still_claimed=True)
    upload.goes_on()
    upload.ended(f"let go in {took:.1f} s, and the upload goes on after the sleep")
    computer.same("slept in a print beside it")
    assert node(printer) == device, f"{node(printer)} was {device}"


def twice(printer):
    """Sleeps that follow each other as soon as logind takes them."""
    computer = Computer(printer)
    computer.lock()
    computer.plan("unplug", "replug")
    for _ in range(3):
        computer.suspends()
        computer.wakes()
    computer.expect_slept(3)
    computer.same("three sleeps one after the other, enumerated anew each time")


def setup(printer):
    """A set-up is under way, and goes on when the printer is back: it is on the Wi-Fi in the end."""
    computer = Computer(printer)
    printer.fault("working-forever@scan")
    begun = subprocess.Popen(
        ["plugprint", "--json", "setup", "--route", "join", "--ssid", "Emulated Network", "--stdin"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    begun.stdin.write("emulated passphrase\n")
    begun.stdin.flush()
    eventually("the set-up is under way", 30, lambda: property(printer, "State") == "busy")
    took = computer.sleep("unplug", "replug", still_claimed=True)
    printer.fault("none")
    said = begun.communicate(timeout=150)[0].strip().splitlines()
    say(f"let go in {took:.1f} s; setup: status {begun.returncode}: {said[-1] if said else ''}")
    assert begun.returncode == 0, said
    computer.same("slept in a set-up")


def report(printer):
    """A report is under way: the job is told to its end, and nothing is done twice."""
    computer = Computer(printer)
    pages = len(glob.glob(f"{faults.OUT}/pages-{printer.serial}/*.png"))
    printer.fault("working-forever")
    begun = subprocess.Popen(["plugprint", "report"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    eventually("the report is under way", 30, lambda: property(printer, "State") == "busy")
    took = computer.sleep("unplug", "replug", still_claimed=True)
    printer.fault("none")
    said = begun.communicate(timeout=120)[0].strip().splitlines()
    printed = len(glob.glob(f"{faults.OUT}/pages-{printer.serial}/*.png")) - pages
    say(f"let go in {took:.1f} s; report: status {begun.returncode}, {printed} pages: {said[-1] if said else ''}")
    assert printed <= 1 and (begun.returncode != 0 or printed == 1), said
    computer.same("slept in a report")


def main(case, *arguments):
    faults.ROW = case
    try:
        globals()[case](OurPrinter(*arguments))
    except AssertionError as error:
        say(f"WRONG: {error}")
        sys.exit(1)


if sys.argv[1] in ("pre", "post"):
    hook(sys.argv[1])
else:
    main(*sys.argv[1:5])
