"""What goes wrong between a client, the bridge and one printer; after each of it the next print must work.

usage: faults.py ROW SERIAL PORT FOLDER      FOLDER is the printer's --jobs; orders for it go to /run/emulator-SERIAL

A row is a function of that name below. It fails by an exception, and says what it has seen.
"""

import fcntl
import glob
import http.client
import os
import random
import re
import socket
import struct
import sys
import threading
import time

OUT = "/run/out"
LENGTH = 300_000  # of a document
RESET = 0x5514  # USBDEVFS_RESET (linux/usbdevice_fs.h)
STATUS = "/DevMgmt/ProductStatusDyn.xml"


def document(length, seed=1):
    """A document that no printer language knows: whole is what came to its end."""
    return b"\x1b%-12345X" + random.Random(seed).randbytes(length - 9)


def attribute(tag, name, value):
    return struct.pack(">BH", tag, len(name)) + name.encode() + struct.pack(">H", len(value)) + value


def ipp(operation, *more, job=None):
    """An IPP request without a document (RFC 8010, 3.1)."""
    said = struct.pack(">BBHI", 2, 0, operation, 1) + b"\x01"
    said += attribute(0x47, "attributes-charset", b"utf-8") + attribute(0x48, "attributes-natural-language", b"en")
    said += attribute(0x45, "printer-uri", b"ipp://localhost/ipp/print")
    if job is not None:
        said += attribute(0x21, "job-id", struct.pack(">i", job))
    said += attribute(0x42, "requesting-user-name", b"lab")
    return said + b"".join(more) + b"\x03"


def print_job(name):
    return ipp(0x0002, attribute(0x42, "job-name", name.encode()), attribute(0x49, "document-format", b"application/octet-stream"))


def head(method, path, *fields):
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: localhost", *fields, "", ""]).encode()


class Printer:
    def __init__(self, serial, port, folder):
        self.serial, self.port, self.folder = serial, int(port), folder
        self.log, self.prints, self.names = f"{OUT}/emulator-{serial}.log", 0, 0

    # --- its own side

    def tell(self, order, answer, limit=20):
        """Gives the emulator an order; what it said since, to the line that begins with `answer`."""
        at = os.path.getsize(self.log)
        with open(f"/run/emulator-{self.serial}", "w") as orders:
            orders.write(order + "\n")
        return self.says(answer, at, limit)

    def says(self, answer, at, limit=20):
        end = time.monotonic() + limit
        while time.monotonic() < end:
            with open(self.log, errors="replace") as log:
                log.seek(at)
                said = log.read()
            if re.search(f"^{answer}.*$", said, re.M):
                return said
            time.sleep(0.05)
        raise TimeoutError(f"the emulator did not say {answer!r}")

    def fault(self, name):
        self.tell(f"fault {name}", "fault: ")

    def asked(self):
        return re.findall(r"^request: (.*)$", self.tell("requests", "requests: "), re.M)

    def jobs(self):
        """What it made of each document: job-name -> (state, octets, the file's bytes)."""
        found = {}
        for note in glob.glob(f"{self.folder}/job-*.txt"):
            with open(note) as lines:
                said = dict(line.rstrip("\n").split(": ", 1) for line in lines if ": " in line)
            with open(note[:-4] + ".prn", "rb") as file:
                found[said["job-name"]] = (said["state"], int(said["octets"]), file.read())
        return found

    # --- its clients

    def connect(self, timeout=30):
        wire = socket.create_connection(("127.0.0.1", self.port), timeout=timeout)
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return wire

    def ask(self, method, path, body=None, timeout=30, **fields):
        """Status, fields, body; an http.client error where it is not whole."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body, {name.replace("_", "-"): value for name, value in fields.items()})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def name(self, what):
        self.names += 1
        return f"{what}-{self.names}"

    def next_print(self, after, limit=20, attempt=30):
        """A document is printed within so many seconds, and the printer has it whole. A client comes back as the
        bridge tells it (503 and Retry-After), and after `attempt` seconds without an answer."""
        begun, tries, why = time.monotonic(), 0, ""
        while time.monotonic() - begun < limit:
            name, sent = self.name("next"), document(LENGTH, self.names)
            tries += 1
            try:
                status, fields, body = self.ask("POST", "/ipp/print", print_job(name) + sent, attempt, Content_Type="application/ipp")
            except (OSError, http.client.HTTPException) as error:
                why = repr(error)
                time.sleep(0.5)
                continue
            if status == 200:
                assert struct.unpack(">H", body[2:4])[0] < 0x100, f"the printer refuses: {body[:8]!r}"
                state, octets, file = self.jobs()[name]
                assert (state, octets, file == sent) == ("complete", LENGTH, True), f"the printer has {state}, {octets} bytes"
                took = time.monotonic() - begun
                say(f"{after}: printed {took:.1f} s later" + (f", at attempt {tries} ({why})" if tries > 1 else ""))
                return took
            why = f"{status} {body[:80]!r}"
            assert status == 503 or status >= 500, f"{after}: {status} {body[:200]!r}"
            time.sleep(min(float(fields.get("Retry-After", 1)), 1))
        raise AssertionError(f"{after}: no print within {limit} s; {tries} attempts, the last: {why}")

    def never_whole(self):
        """No document that was left is complete on the printer."""
        for name, (state, octets, _) in self.jobs().items():
            assert name.startswith("next-") or state not in ("complete", "completed"), f"{name} is {state} with {octets} bytes"

    def send_part(self, name, offset, chunked, length=LENGTH):
        """Begins to print, and sends so much of the request's body. In chunks the last is cut as it comes."""
        body = print_job(name) + document(length)
        wire = self.connect()
        framing = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(body)}"
        wire.sendall(head("POST", "/ipp/print", "Content-Type: application/ipp", framing))
        sent = body[: offset if offset >= 0 else len(body) + offset]
        if chunked:
            for at in range(0, len(sent), 10_000):
                piece = sent[at : at + 10_000]
                whole = at + len(piece) < len(sent) or offset % 2 == 0
                # Of an odd offset the last chunk promises more than comes.
                wire.sendall(b"%x\r\n" % (len(piece) + (0 if whole else 5)) + piece + (b"\r\n" if whole else b""))
        else:
            wire.sendall(sent)
        return wire

    def leave(self, wire, abruptly):
        if abruptly:
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        wire.close()

    def begin_scan(self, resolution=200):
        """A page from the glass, without loss; the place of its job."""
        settings = (
            '<?xml version="1.0" encoding="UTF-8"?>\n<scan:ScanSettings xmlns:pwg="http://www.pwg.org/schemas/2010/12/sm" '
            'xmlns:scan="http://schemas.hp.com/imaging/escl/2011/05/03"><pwg:Version>2.0</pwg:Version><pwg:ScanRegions><pwg:ScanRegion>'
            "<pwg:ContentRegionUnits>escl:ThreeHundredthsOfInches</pwg:ContentRegionUnits><pwg:XOffset>0</pwg:XOffset><pwg:YOffset>0</pwg:YOffset>"
            "<pwg:Width>2550</pwg:Width><pwg:Height>3300</pwg:Height></pwg:ScanRegion></pwg:ScanRegions><pwg:InputSource>Platen</pwg:InputSource>"
            "<scan:ColorMode>RGB24</scan:ColorMode><pwg:DocumentFormat>image/png</pwg:DocumentFormat><scan:DocumentFormatExt>image/png</scan:DocumentFormatExt>"
            f"<scan:XResolution>{resolution}</scan:XResolution><scan:YResolution>{resolution}</scan:YResolution></scan:ScanSettings>"
        )
        for _ in range(100):
            status, fields, _ = self.ask("POST", "/eSCL/ScanJobs", settings.encode(), Content_Type="text/xml")
            if status == 201:
                return re.sub(r"^http://[^/]*", "", fields["Location"])
            assert status == 503, status
            time.sleep(0.5)
        raise AssertionError("the scanner stays busy")

    def scanned(self, place):
        """What the printer sent, as it kept it."""
        with open(f"{self.folder}/scan-{int(place.rsplit('/', 1)[1]):04}-page-1.png", "rb") as file:
            return file.read()

    def scan(self, after, limit=60):
        begun = time.monotonic()
        place = self.begin_scan(100)
        status, _, page = self.ask("GET", place + "/NextDocument", timeout=limit)
        assert status == 200 and page == self.scanned(place), f"{after}: {status}, {len(page)} bytes of {len(self.scanned(place))}"
        say(f"{after}: a whole scan {time.monotonic() - begun:.1f} s later")


def say(line):
    print(f"            {ROW:16} {line}", flush=True)


def eventually(what, limit, condition):
    end = time.monotonic() + limit
    while not (value := condition()):
        assert time.monotonic() < end, f"not within {limit} s: {what}"
        time.sleep(0.1)
    return value


def together(*works):
    """Runs them at the same time; their results, an error as such."""
    results = [None] * len(works)

    def run(at, work):
        try:
            results[at] = work()
        except Exception as error:
            results[at] = error

    threads = [threading.Thread(target=run, args=pair, daemon=True) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    return threads, results


# --- clients that leave ---------------------------------------------------------------------------------------------------


def aborts(printer, offsets, chunked):
    for at, offset in enumerate(offsets):
        wire = printer.send_part(printer.name("left"), offset, chunked)
        time.sleep(0.2)
        printer.leave(wire, at % 2 == 1)
        printer.next_print(f"left at {offset}, {'by a reset' if at % 2 else 'closed'}")
        printer.never_whole()
    # All links at once.
    wires = [printer.send_part(printer.name("left"), offsets[-1], chunked) for _ in range(2)]
    time.sleep(0.5)
    for wire in wires:
        printer.leave(wire, False)
    printer.next_print("left on two links at once")
    time.sleep(12)  # what is still to come of the aborted ones has come
    printer.never_whole()


def abort_length_1(printer):
    aborts(printer, [0, 1, 9, 200, 16_384, 32_767], False)


def abort_length_2(printer):
    aborts(printer, [32_768, 40_001, 65_536, 131_072, LENGTH - 3, -1], False)


def abort_chunked_1(printer):
    aborts(printer, [0, 1, 9, 201, 16_384, 32_767], True)


def abort_chunked_2(printer):
    aborts(printer, [32_768, 40_001, 65_536, 131_073, LENGTH - 4, LENGTH + 100], True)


def leaves_download(printer):
    """Large downloads and a page of the scanner, left; what never ends, too."""
    for path in ["/Emulator/Source/300000000", "/Emulator/Source/5000000"] * 2:
        wire = printer.connect()
        wire.sendall(head("GET", path))
        assert wire.recv(65536).startswith(b"HTTP/1.1 200")
        printer.leave(wire, path.endswith("3" + "0" * 8))
    printer.next_print("four downloads were left", 40)
    place = printer.begin_scan()
    wire = printer.connect(100)
    wire.sendall(head("GET", place + "/NextDocument"))
    assert wire.recv(4096).startswith(b"HTTP/1.1 200")
    printer.leave(wire, False)
    printer.scan("a scan was left")
    printer.next_print("a scan was left")
    printer.fault("endless@status")
    for _ in range(3):
        wire = printer.connect()
        wire.sendall(head("GET", STATUS))
        assert wire.recv(65536).startswith(b"HTTP/1.1 200")
        printer.leave(wire, False)
    printer.fault("none")
    printer.next_print("three answers without end were left", 60)


def cancels(printer):
    """A print is cancelled, and its client leaves, while another client scans."""
    place = printer.begin_scan()
    wire = printer.connect(60)
    wire.sendall(head("GET", place + "/NextDocument", "Connection: close"))
    page = [wire.recv(4096)]
    name = printer.name("cancelled")
    upload = printer.send_part(name, LENGTH - 5, False)

    def job():
        for job in re.findall(rb"job-id\x00\x04(....)", printer.ask("POST", "/ipp/print", ipp(0x000A), Content_Type="application/ipp")[2], re.S):
            return struct.unpack(">i", job)[0]

    number = eventually("the job is on the printer", 20, job)
    status, _, body = printer.ask("POST", "/ipp/print", ipp(0x0008, job=number), Content_Type="application/ipp")
    assert status == 200 and body[2:4] == b"\x00\x00", f"Cancel-Job: {status} {body[:8]!r}"
    page.append(wire.recv(65536))
    printer.leave(upload, True)
    for _ in range(30):  # slowly, so that the upload is recovered from meanwhile
        page.append(wire.recv(16384))
        time.sleep(0.1)
    while more := wire.recv(65536):
        page.append(more)
    fields, _, rest = b"".join(page).partition(b"\r\n\r\n")
    assert fields.startswith(b"HTTP/1.1 200"), fields
    page = b""
    while rest:  # chunked, as a scanner sends
        length, _, rest = rest.partition(b"\r\n")
        page, rest = page + rest[: int(length, 16)], rest[int(length, 16) + 2 :]
    assert page == printer.scanned(place), f"{len(page)} bytes of {len(printer.scanned(place))}"
    say(f"the scan is whole: {len(page)} bytes")
    printer.next_print("a print was cancelled while another client scans")
    state = eventually("the printer's note", 60, lambda: printer.jobs().get(name))[0]
    assert state in ("canceled", "aborted"), state
    printer.never_whole()


# --- clients that are slow, and many ------------------------------------------------------------------------------------------


def slow_loris(printer):
    """Heads, small and large bodies, byte by byte: they keep nobody from printing."""
    heads = [printer.connect(100) for _ in range(120)]
    for wire in heads:
        wire.sendall(b"GET /eSCL/Scan")
    small = [printer.connect(100) for _ in range(20)]
    for wire in small:
        wire.sendall(head("POST", "/ipp/print", "Content-Type: application/ipp", "Content-Length: 9000") + print_job("small")[:20])
    printer.asked()
    began = time.monotonic()
    assert printer.ask("GET", STATUS)[0] == 200
    took = time.monotonic() - began
    assert took < 20, took  # it waits for none of their clocks
    printer.next_print(f"120 slow heads, 20 slow bodies; a status takes {took:.2f} s")
    asked = printer.asked()
    assert len(asked) == 2, f"what is not here yet holds no link: {asked}"
    large = [printer.send_part(printer.name("slow"), 50_000, False) for _ in range(4)]
    stop = threading.Event()

    def dribble():
        while not stop.wait(5):
            for wire in heads + small + large:
                try:
                    wire.sendall(b"x")
                except OSError:
                    pass

    threading.Thread(target=dribble, daemon=True).start()
    eventually("two slow uploads hold two links", 10, lambda: len(printer.asked()))
    began = time.monotonic()
    assert printer.ask("GET", STATUS)[0] == 200
    took = time.monotonic() - began
    assert took < 20, f"a status beside slow uploads takes {took:.1f} s"
    printer.next_print("four slow uploads on three links", 110)
    stop.set()
    for wire in heads + small + large:
        wire.close()
    time.sleep(2)
    printer.next_print("all of them left", 40)
    printer.never_whole()


def crowd(printer):
    """200 clients at the same time on three links: each has its own answer, whole."""
    begun = time.monotonic()

    def client(number):
        length = 1000 + 17 * number
        if number % 4 == 0:
            return len(printer.ask("GET", f"/Emulator/Source/{length}", timeout=100)[2]) == length
        if number % 4 == 1:
            status, _, body = printer.ask("POST", "/ipp/print", ipp(0x000B), 100, Content_Type="application/ipp")
            return status == 200 and b"printer-make-and-model" in body
        return b"ProductStatusDyn>" in printer.ask("GET", STATUS, timeout=100)[2]

    threads, results = together(*[lambda number=number: client(number) for number in range(200)])
    for thread in threads:
        thread.join(100)
    wrong = [result for result in results if result is not True]
    assert not wrong, f"{len(wrong)} of 200: {wrong[:3]}"
    say(f"200 clients were answered in {time.monotonic() - begun:.1f} s")
    printer.next_print("200 clients")


# --- printers that hang, stall, break off --------------------------------------------------------------------------------------


def failed(results):
    """None of them passed off what it got as a whole answer."""
    whole = [result for result in results if not isinstance(result, Exception) and result[0] < 500]
    assert not whole, f"passed off as whole: {whole}"
    return ", ".join(str(result[0]) if not isinstance(result, Exception) else type(result).__name__ for result in results)


def on_all_links(printer, faults, stay, limit):
    """Each fault on a link of its own; who asks stays so many seconds, then all is well again with the printer."""
    threads, results = [], []
    for fault in faults:
        printer.fault(fault + "@status")
        printer.asked()
        more, result = together(lambda: printer.ask("GET", STATUS, timeout=stay))
        threads += more
        results.append(result)
        eventually(f"the request has arrived ({fault})", 20, lambda: printer.asked())
    printer.fault("none")
    begun = time.monotonic()
    for thread in threads:
        thread.join(stay + 5)
    said = failed([result[0] for result in results])
    say(f"{', '.join(faults)}: {said} after {time.monotonic() - begun:.1f} s")
    printer.next_print(f"{', '.join(faults)} on all links", limit)


def hangs(printer):
    on_all_links(printer, ["hang", "hang-head", "hang-body"], 100, 40)


def hangs_left(printer):
    on_all_links(printer, ["hang", "hang-head", "hang-body"], 2, 100)


def breaks_off(printer):
    on_all_links(printer, ["truncated", "truncated-chunk", "no-last-chunk"], 100, 40)


def hangs_upload(printer):
    """In the middle of three documents; their clients give up."""
    printer.fault("hang-upload@ipp")
    wires = [printer.send_part(printer.name("left"), 200_000, False) for _ in range(2)]
    time.sleep(3)
    printer.fault("none")
    for wire in wires:
        printer.leave(wire, False)
    printer.next_print("it hung in two uploads", 60)
    printer.never_whole()


def hangs_job(printer):
    """Documents that were taken whole and never answered; their clients give up, and others print. They never take the last link."""
    printer.fault("hang@ipp")
    body = print_job("next-unanswered") + document(LENGTH)
    printer.asked()
    said = []
    for clients in [2, 1]:
        threads, results = together(*[lambda: printer.ask("POST", "/ipp/print", body, 5, Content_Type="application/ipp")] * clients)
        for thread in threads:
            thread.join(30)
        said.append(failed(results))
        assert printer.ask("GET", STATUS, timeout=60)[0] == 200, "no status beside them"
    say(f"three prints without an answer: {', '.join(said)}; a status is answered")
    printer.fault("none")
    assert printer.asked().count("POST /ipp/print") == 2, "documents have all links"
    printer.next_print("three prints were not answered", 100)


def beside_uploads(printer):
    """Two documents that do not go on have two of three links: a scan and a status find the third."""
    printer.asked()
    wires = [printer.send_part(printer.name("slow"), 50_000, False) for _ in range(2)]
    held = []
    eventually("two documents are on their way", 60, lambda: held.extend(printer.asked()) or len(held) == 2)
    begun = time.monotonic()
    assert printer.ask("GET", STATUS)[0] == 200
    say(f"a status beside two documents in {time.monotonic() - begun:.1f} s")
    printer.scan("two documents are on their way")
    for wire in wires:
        printer.leave(wire, False)
    printer.next_print("a scan beside two documents", 60)
    printer.never_whole()


def asks_again(printer, what, limit=200):
    """A status every 15 s, whose client waits no longer than that, until there is one."""
    begun = time.monotonic()
    tries = 0
    while time.monotonic() - begun < limit:
        tries, now, said = tries + 1, time.monotonic(), ""
        try:
            said = printer.ask("GET", STATUS, timeout=15)[0]
        except (OSError, http.client.HTTPException) as error:
            said = type(error).__name__
        if said == 200:
            say(f"{what}: answered {time.monotonic() - begun:.1f} s later, at attempt {tries}")
            return
        time.sleep(max(0, now + 15 - time.monotonic()))
    raise AssertionError(f"{what}: no answer within {limit} s; {tries} attempts, the last: {said}")


def begins_to_hang(printer, fault):
    printer.fault(fault)
    printer.asked()
    thread, _ = together(lambda: printer.ask("GET", STATUS, timeout=15))
    eventually("the request has arrived", 20, lambda: printer.asked())
    printer.fault("none")
    thread[0].join(20)


def wedges_again(printer):
    """Only a port reset helps; clients that come back every 15 s do not keep it from that."""
    begins_to_hang(printer, "wedged@status")
    asks_again(printer, "it was wedged")
    printer.next_print("it was wedged, and its clients came back")


def deadlocks(printer):
    """SOFT_RESET helps, through libusb and the kernel."""
    begins_to_hang(printer, "deadlocked@status")
    asks_again(printer, "it was deadlocked")
    seen = [asked for asked in printer.asked() if asked.startswith("SOFT_RESET ")]
    assert seen, "no SOFT_RESET came"
    printer.next_print(f"it was deadlocked ({', '.join(seen)})")


def hangs_after(printer):
    """After a whole answer nothing is taken any more: a client that gives up and comes back prints."""
    printer.fault("hang-after@status")
    assert printer.ask("GET", STATUS)[0] == 200
    printer.fault("none")
    printer.next_print("it hung after a whole answer", 100, attempt=12)
    printer.never_whole()


def wedges(printer):
    """Only a port reset helps; it is taken when nobody else is in the middle of something."""
    printer.fault("wedged@status")
    try:
        said = printer.ask("GET", STATUS, timeout=100)[0]
    except OSError as error:
        said = type(error).__name__
    assert said in (502, 504, "TimeoutError", "timeout"), said
    printer.fault("none")
    time.sleep(40)  # who was told that it failed comes back when the ladder is climbed
    printer.next_print(f"it was wedged ({said})", 40)


def stalls(printer):
    for fault in ["stall@status", "stall-out@status"]:
        printer.fault(fault)
        begun = time.monotonic()
        status = printer.ask("GET", STATUS, timeout=90)[0]
        assert status >= 500, status
        printer.fault("none")
        printer.next_print(f"{fault}: {status} after {time.monotonic() - begun:.1f} s", 40)


def stalls_print(printer):
    for fault in ["stall@ipp", "stall-out@ipp"]:
        printer.fault(fault)
        wire = printer.send_part(printer.name("left"), -1, True)
        wire.sendall(b"0\r\n\r\n")
        wire.settimeout(20)
        try:
            said = wire.recv(100)[:12]
        except OSError as error:
            said = type(error).__name__.encode()
        assert not said.startswith(b"HTTP/1.1 2"), said
        wire.close()
        printer.fault("none")
        printer.next_print(f"{fault}: {said.decode()}", 40)


def odd(printer):
    """What is odd and harmless comes through whole: zero-length packets, answers in pieces, doubled, interim, without length."""
    expected = printer.ask("GET", STATUS)[2]
    for fault in ["zero-length", "doubled", "interim", "no-length", "chunked", "ragged", "slow"]:
        printer.fault(fault)
        begun = time.monotonic()
        status, _, body = printer.ask("GET", STATUS)
        assert (status, body) == (200, expected), f"{fault}: {status}, {len(body)} of {len(expected)}"
        took = time.monotonic() - begun
        if fault != "slow":
            name, sent = printer.name("next"), document(LENGTH)
            status, _, body = printer.ask("POST", "/ipp/print", print_job(name) + sent, Content_Type="application/ipp")
            assert status == 200 and printer.jobs()[name][2] == sent, f"{fault}: {status}"
        say(f"{fault}: a status in {took:.1f} s" + ("" if fault == "slow" else ", and a print"))
    printer.fault("none")
    printer.next_print("all of that")


def bodiless(printer):
    """HEAD, 204, 304: no link waits for a body that does not come."""
    tag = printer.ask("GET", "/style.css")[1]["ETag"]
    took = []

    def ask(*what, **fields):
        begun = time.monotonic()
        answer = printer.ask(*what, **fields)
        took.append(time.monotonic() - begun)
        return answer

    for _ in range(10):
        status, fields, body = ask("HEAD", STATUS)
        assert status == 200 and int(fields["Content-Length"]) > 100 and not body, (status, fields)
        status, fields, body = ask("GET", "/nothing")
        assert status == 204 and not body, status
        status, fields, body = ask("GET", "/style.css", If_None_Match=tag)
        assert status == 304 and not body, status
        assert ask("HEAD", "/DevMgmt/None.xml")[0] == 404
        assert ask("GET", "/DevMgmt/None.xml")[0] == 404
    assert max(took) < 25, took  # less than the wait for a body
    printer.next_print(f"{len(took)} answers without a body, the slowest in {max(took):.1f} s")


def early(printer):
    """The answer comes before the upload's end: the rest is taken, or not."""
    printer.fault("early-response@ipp")
    name = printer.name("next")
    body = print_job(name) + document(3_000_000)
    wire = printer.connect()
    wire.sendall(head("POST", "/ipp/print", "Content-Type: application/ipp", f"Content-Length: {len(body)}", "Connection: close"))
    wire.sendall(body[:1_000_000])
    begun = time.monotonic()
    assert wire.recv(20).startswith(b"HTTP/1.1 200"), "no answer before the end"
    say(f"answered {time.monotonic() - begun:.1f} s after a third was sent")
    wire.sendall(body[1_000_000:])
    while wire.recv(65536):
        pass
    state = eventually("the document is whole", 30, lambda: printer.jobs().get(name))
    assert state[:2] == ("complete", 3_000_000), state[:2]
    printer.fault("none")
    printer.next_print("an early answer, and the whole document")

    printer.fault("early-response@ipp")
    wire = printer.connect()
    wire.sendall(head("POST", "/ipp/print", "Content-Type: application/ipp", f"Content-Length: {len(body)}"))
    wire.sendall(print_job(printer.name("left")) + body[200:1_000_000])
    assert wire.recv(20).startswith(b"HTTP/1.1 200")
    printer.leave(wire, False)
    printer.fault("none")
    printer.next_print("an early answer, and its client left", 40)

    printer.fault("early-deaf@ipp")
    wire = printer.connect()
    wire.sendall(head("POST", "/ipp/print", "Content-Type: application/ipp", f"Content-Length: {len(body)}"))
    wire.settimeout(3)
    try:
        wire.sendall(print_job(printer.name("left")) + body[200:])
    except OSError:
        pass
    wire.settimeout(30)
    said = wire.recv(20)
    assert said.startswith(b"HTTP/1.1 200"), said
    wire.close()
    printer.fault("none")
    printer.next_print("an early answer, and it takes nothing more", 40)
    printer.never_whole()


def takes_its_time(printer):
    """A printer that takes nothing for a while, as out of paper, loses no document."""
    name, sent = printer.name("next"), document(2_000_000)
    wire = printer.connect(90)
    body = print_job(name) + sent
    wire.sendall(head("POST", "/ipp/print", "Content-Type: application/ipp", f"Content-Length: {len(body)}", "Connection: close"))
    wire.sendall(body[:200_000])
    time.sleep(1)
    printer.fault("out-of-paper")
    thread = threading.Thread(target=lambda: wire.sendall(body[200_000:]), daemon=True)
    thread.start()
    time.sleep(20)
    printer.fault("none")
    thread.join(60)
    assert wire.recv(100).startswith(b"HTTP/1.1 200")
    assert printer.jobs()[name][2] == sent
    printer.next_print("20 s without paper in a document, which is whole")


# --- the cable ------------------------------------------------------------------------------------------------------------------


def comes_back(printer, what, limit=60):
    """It is plugged in again, at the same port, and prints."""
    said = printer.tell("replug", "plugged in", 30)
    printer.next_print(f"{what}; plugged in again", limit)


def gone(wire):
    """Ends soon, without a whole answer."""
    wire.settimeout(20)
    said = b""
    try:
        while more := wire.recv(65536):
            said = (said + more)[:100]
    except OSError:
        pass
    return said


def unplugs_work(printer):
    wire = printer.send_part(printer.name("left"), 150_000, False)
    time.sleep(1)
    printer.tell("unplug", "unplugged")
    said = gone(wire)
    assert not said.startswith(b"HTTP/1.1 2"), said
    comes_back(printer, "unplugged in an upload")

    wire = printer.connect()
    wire.sendall(head("GET", "/Emulator/Source/2000000000"))
    wire.recv(65536)
    printer.tell("unplug", "unplugged")
    begun = time.monotonic()
    gone(wire)
    assert time.monotonic() - begun < 20, "a download goes on without a printer"
    comes_back(printer, "unplugged in a download")

    place = printer.begin_scan()
    wire = printer.connect(100)
    wire.sendall(head("GET", place + "/NextDocument"))
    wire.recv(4096)
    printer.tell("unplug", "unplugged")
    gone(wire)
    comes_back(printer, "unplugged in a scan")
    printer.never_whole()


def unplugs_faults(printer):
    for fault in ["unplug", "unplug-body", "unplug-after"]:
        at = os.path.getsize(printer.log)
        printer.fault(fault + "@status")
        try:
            status, _, body = printer.ask("GET", STATUS)
            said = str(status)
        except (OSError, http.client.HTTPException) as error:
            status, said = 0, type(error).__name__
        assert status != 200 or fault == "unplug-after", f"{fault}: passed off as whole"
        printer.says("unplugged", at)
        printer.fault("none")
        comes_back(printer, f"{fault}: {said}")


def unplugs_hung(printer):
    """While it hangs in everything."""
    for fault in ["hang@status", "hang-body@status", "hang-upload@ipp", "truncated@status"]:
        printer.fault(fault)
        if fault.endswith("ipp"):
            wires = [printer.send_part(printer.name("left"), 200_000, False)]
        else:
            wires = [printer.connect() for _ in range(3)]
            for wire in wires:
                wire.sendall(head("GET", STATUS))
        time.sleep(1)
        printer.tell("unplug", "unplugged")
        begun = time.monotonic()
        for wire in wires:
            gone(wire)
        took = time.monotonic() - begun
        assert took < 10, f"{fault}: told after {took:.1f} s"
        printer.fault("none")
        comes_back(printer, f"{fault}, unplugged, told after {took:.1f} s")
    printer.never_whole()


def resets(printer):
    """Somebody resets the device on its bus: as the kernel does after an error, or another program."""

    def of(device, name):
        try:
            with open(f"{device}/{name}") as file:
                return file.read().strip()
        except OSError:  # another one that has just been unplugged
            return ""

    def reset():
        (device,) = [device for device in glob.glob("/sys/bus/usb/devices/*") if of(device, "serial") == printer.serial]
        number = lambda name: int(of(device, name))
        with open(f"/dev/bus/usb/{number('busnum'):03}/{number('devnum'):03}", "r+b", buffering=0) as node:
            fcntl.ioctl(node, RESET)

    reset()
    printer.next_print("a reset while nothing happens", 40)
    wire = printer.send_part(printer.name("left"), 150_000, False)
    time.sleep(0.5)
    reset()
    time.sleep(0.5)
    wire.close()
    printer.next_print("a reset in an upload that was left then", 40)
    wire = printer.connect()
    wire.sendall(head("GET", "/Emulator/Source/2000000000"))
    wire.recv(65536)
    reset()
    gone(wire)
    printer.next_print("a reset in a download", 40)
    printer.never_whole()


# --- the computer's sleep -------------------------------------------------------------------------------------------------------


class Logind:
    """A stand-in for logind on the lab's bus: it gives delay locks and announces sleep (org.freedesktop.login1(5)).
    This kernel can't suspend with such a device attached."""

    def __init__(self):
        import gi

        gi.require_version("Gio", "2.0")
        from gi.repository import Gio, GLib

        self.gio, self.glib, self.locks = Gio, GLib, []
        about = (
            "<node><interface name='org.freedesktop.login1.Manager'><method name='Inhibit'><arg type='s' direction='in'/><arg type='s' direction='in'/>"
            "<arg type='s' direction='in'/><arg type='s' direction='in'/><arg type='h' direction='out'/></method>"
            "<signal name='PrepareForSleep'><arg type='b'/></signal></interface></node>"
        )
        address = Gio.dbus_address_get_for_bus_sync(Gio.BusType.SYSTEM)
        flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
        self.bus = Gio.DBusConnection.new_for_address_sync(address, flags)
        interface = Gio.DBusNodeInfo.new_for_xml(about).interfaces[0]
        self.bus.register_object("/org/freedesktop/login1", interface, self.called, None, None)
        threading.Thread(target=GLib.MainLoop().run, daemon=True).start()
        ask = GLib.Variant("(su)", ("org.freedesktop.login1", 4))
        self.bus.call_sync("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "RequestName", ask, None, 0, -1)

    def called(self, bus, sender, path, interface, method, arguments, invocation):
        reading, writing = os.pipe()
        files = self.gio.UnixFDList.new()
        files.append(writing)  # a copy
        os.close(writing)
        self.locks.append((arguments.unpack(), reading))
        invocation.return_value_with_unix_fd_list(self.glib.Variant("(h)", (0,)), files)

    def lock(self):
        """The lock that is held now."""
        return eventually("the service takes a delay lock", 15, lambda: self.locks and self.locks[-1])

    def sleep(self):
        """How long the service took to let its lock go; logind waits five seconds."""
        (what, _, _, mode), reading = self.lock()
        assert (what, mode) == ("sleep", "delay"), (what, mode)
        count, begun = len(self.locks), time.monotonic()
        self.announce(True)
        assert os.read(reading, 1) == b""  # its end
        took = time.monotonic() - begun
        assert took < 5, f"it took {took:.1f} s to let the lock go"
        self.count = count
        return took

    def wake(self):
        self.announce(False)
        eventually("the service takes a lock again", 15, lambda: len(self.locks) > self.count)

    def announce(self, begins):
        self.bus.emit_signal(None, "/org/freedesktop/login1", "org.freedesktop.login1.Manager", "PrepareForSleep", self.glib.Variant("(b)", (begins,)))


def held_by(printer, driver):
    """Which of its interfaces this driver has: usbfs is a program, usblp the kernel's own."""
    found = []
    for interface in glob.glob("/sys/bus/usb/devices/*:*"):
        try:
            with open(os.path.realpath(interface) + "/../serial") as serial:
                if serial.read().strip() == printer.serial and os.path.basename(os.path.realpath(interface + "/driver")) == driver:
                    found.append(os.path.basename(interface))
        except OSError:  # another one that has just been unplugged
            pass
    return found


def claimed(printer):
    return held_by(printer, "usbfs")


def sleeps(printer):
    """The links are given back before the computer sleeps, whatever goes on; after it the printer prints."""
    logind = Logind()
    printer.next_print("before all sleep")
    took = logind.sleep()
    held = claimed(printer)
    assert not held, held
    logind.wake()
    printer.next_print(f"slept while nothing happened, let go in {took:.1f} s", 40)

    wire = printer.send_part(printer.name("left"), 150_000, False)
    time.sleep(0.5)
    took = logind.sleep()
    # It goes on, or not; it is never whole.
    logind.wake()
    wire.close()
    printer.next_print(f"slept in an upload, let go in {took:.1f} s", 40)

    printer.fault("hang@status")
    wire = printer.connect()
    wire.sendall(head("GET", STATUS))
    time.sleep(0.5)
    took = logind.sleep()
    printer.tell("unplug", "unplugged")
    printer.fault("none")
    printer.tell("replug", "plugged in", 30)
    logind.wake()
    wire.close()
    printer.next_print(f"slept while it hung, let go in {took:.1f} s, and enumerated anew", 60)
    printer.never_whole()


def legacy(printer):
    """It answers everything with 404: usblp has it again, and nothing is claimed by us."""

    printer.fault("not-found")
    printer.tell("replug", "plugged in", 30)
    eventually("usblp has it", 40, lambda: held_by(printer, "usblp") and not claimed(printer))
    say("404 to everything: usblp has it again")
    printer.fault("none")
    comes_back(printer, "left to usblp")


ROW = sys.argv[1]
if __name__ == "__main__":
    try:
        globals()[ROW.replace("-", "_")](Printer(*sys.argv[2:5]))
    except AssertionError as error:
        say(f"WRONG: {error}")
        sys.exit(1)
