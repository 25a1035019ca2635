"""What one gets at through the bridge's port, and what arrives at the printer: as users of all kinds, by every method,
under every spelling.

usage: access.py LASERJET PORT INKJET PORT      serial numbers; orders for them go to /run/emulator-SERIAL
"""

import os
import pickle
import re
import socket
import struct
import subprocess
import sys
import time
import traceback

from bus import ROOT, SERVICE, Checks, become

OUT = "/run/out"
CANARY = "canary-7c1e-passphrase"  # what the scenario has put into the printer's own documents

# --- what is protected (DESIGN: what sets up the network, holds secrets, or does something of its own) ----------------

# HP's LEDM: adapters with radio, profiles, scanning, WPS; secure applications; out-of-box set-up; internal jobs; what
# the printer does; registration with the cloud. Names as in discovery trees and tools that work on hardware.
LEDM = """
/IoMgmt/Adapters/wifi0 /IoMgmt/Adapters/Wifi0 /IoMgmt/Adapters/wifi1 /IoMgmt/Adapters/Eth0
/IoMgmt/Adapters/wifi0/Protocols /IoMgmt/Adapters/wifi0/VsaCodes.xml
/IoMgmt/Adapters/wifi0/WPS/Pin /IoMgmt/Adapters/Wifi0/WPS/Pin /IoMgmt/Adapters/wifi0/WPS
/IoMgmt/Adapters/wifi0/Profiles /IoMgmt/Adapters/wifi0/Profiles/Active /IoMgmt/Adapters/Wifi0/Profiles/Active
/IoMgmt/Adapters/wifi0/Profiles/1 /IoMgmt/Adapters/wifi1/Profiles/Active
/IoMgmt/Adapters/wifi0/WifiNetworks /IoMgmt/Adapters/wifi0/WifiNetworks/SSID=686f6d65
/DevMgmt/InternalPrintDyn.xml /DevMgmt/NetAppsSecureDyn.xml /DevMgmt/SecurityDyn.xml
/OOBE/OOBECap.xml /OOBE/DeviceInfo /OOBE/Config
/ProductActions /ProductActions/ProductActionsManifest.xml /ProductActions/Restart
/ePrint/ePrintConfigDyn.xml /AuthChk
/set_config_network_Wireless.html /set_config_network_Wireless.html?tab=Networking&menu=NetWireless
/hp/device/set_config_wifiDirect.html /hp/device/Certificates.html /hp/device/password.html
""".split()

# HP's CDM.
CDM = """
/cdm/ioConfig/v2/wirelessConfig /cdm/ioConfig/v2/capabilities /cdm/ioConfig/v2/adapterConfigs
/cdm/ioConfig/v2/adapterConfigs/wifi0 /cdm/ioConfig/v2/adapterStats /cdm/ioConfig/v2/wifiScan
/cdm/ioConfig/v2/wifiScan/wifiNetworks /cdm/ioConfig/v2/wlanProfiles /cdm/ioConfig/v2/wifiDiagnostics
/cdm/ioConfig/v2/wifiDirectConfig /cdm/ioConfig/v2/wifiDirectConfig/constraints /cdm/ioConfig/v2/networkReset
/cdm/ioConfig/v1/wirelessConfig /cdm/awc/v1/capabilities /cdm/awc/v1/state /cdm/awc/v1/printerDiscovery
/cdm/network/v1/printServices /cdm/network/v1/discoveryServices /cdm/network/v1/nameResolverServices
/cdm/network/v1/proxyConfig /cdm/network/v1/snmpConfig /cdm/network/v1/internetDiagnostics
/cdm/ble/v1/configuration /cdm/deviceSetup/v1/status /cdm/security/v1/deviceAdminConfig
/cdm/remoteAuthentication/v1/config /cdm/remoteAuthentication/v1/pushbuttons /cdm/remoteAuthentication/v1/tokens
/cdm/oauth2/v1/token /cdm/oauth2/v1/authorize /cdm/report/v1/print /cdm/wps/v1/pin /cdm/future/v3/wpsSession
""".split()

PROTECTED = LEDM + CDM

# What may be read by everybody, and written by nobody.
READABLE = """
/ /framework/Unified.js /DevMgmt/DiscoveryTree.xml /DevMgmt/ProductStatusDyn.xml /DevMgmt/ProductConfigDyn.xml
/DevMgmt/InternalPrintCap.xml /DevMgmt/IOConfigDyn.xml /DevMgmt/NetAppsDyn.xml /DevMgmt/Unheard.xml
/IoMgmt/Adapters /IoMgmt/IoConfig.xml /IoMgmt/IoMgmtManifest.xml /IoMgmt/IoMgmtCap.xml
/cdm/servicesDiscovery /cdm/system/v1/identity /cdm/system/v1/configuration /cdm/report/v1/reports /cdm/alert/v1/alerts
""".split()

METHODS = ["GET", "HEAD", "OPTIONS", "PUT", "POST", "DELETE", "PATCH", "PROPFIND", "LOCK", "get", "Get", "QUERY"]
WRITES = ["PUT", "POST", "DELETE", "PATCH", "MOVE", "put"]


def spellings(path):
    """Other ways to write a path that a server might take for it."""
    first, *rest = path.strip("/").split("/")
    last = rest[-1] if rest else first
    escaped = "/".join("".join(f"%{byte:02X}" for byte in part.encode()) for part in [first, *rest])
    half = "/" + "/".join("".join(f"%{ord(c):02x}" if at % 2 else c for at, c in enumerate(part)) for part in [first, *rest])
    return [
        path.lower(), path.upper(), path.swapcase(), "/" + path, path.replace("/", "//"), path + "/", path + "//", half,
        "/" + escaped, path.replace(last, f"%{ord(last[0]):02x}{last[1:]}"), path.replace(last, f"%25{ord(last[0]):02x}{last[1:]}"),
        path.replace("/", "%2f"), "/" + path[1:].replace("/", "%2F"), path.replace("/", "%5c"), path.replace("/", "\\"),
        path + "?", path + "?x=y", path + ";jsessionid=1", path.replace("/", ";a=b/", 2), path + "#x", path + ".", path + "%20",
        path + "%00", path + "%00.png", path + "\x7f", path + "%0a", path + "..;/", "/." + path, "/./" + path[1:], "/x/.." + path,
        "/eSCL/.." + path, "/eSCL/..;" + path, "/eSCL/%2e%2e" + path, "/eSCL/%2E." + path, "/eSCL/..%2f" + path[1:],
        "/eSCL/..%5c" + path[1:], "/eSCL/%252e%252e" + path, "/ipp/print/../.." + path, "/framework/..\\.." + path,
        "/%c0%ae%c0%ae" + path, "/\u2215" + path[1:], path.replace("i", "\u0131").replace("I", "\u0130"), path.replace("i", "%C4%B1").replace("I", "%C4%B0"), path[1:], "*",
        "/%2f" + path[1:], "/" + path.strip("/").replace("/", "/;/"),
    ]


# --- the wire ---------------------------------------------------------------------------------------------------------


class Answer:
    """What came back: status 0 where the connection was closed without a word."""

    def __init__(self, octets):
        self.head, _, self.body = octets.partition(b"\r\n\r\n")
        words = self.head.split(b" ", 2)
        self.status = int(words[1]) if octets.startswith(b"HTTP/1.") and words[1].isdigit() else 0
        self.all = octets


def converse(port, octets, address="127.0.0.1", half=False):
    """Everything that is answered to these octets. They end in a request that closes the connection."""
    with socket.create_connection((address, port), timeout=20) as wire:
        wire.sendall(octets)
        if half:
            wire.shutdown(socket.SHUT_WR)
        answered = b""
        try:
            while more := wire.recv(65536):
                answered += more
        except ConnectionResetError:
            pass
        return answered


def request(method, target, *headers, body=b"", version="1.1", host="localhost"):
    """A request that closes the connection, byte by byte as it is given."""
    lines = [f"{method} {target} HTTP/{version}"]
    lines += [f"Host: {host}"] if host is not None else []
    lines += ["Connection: close", *headers]
    if body or method.upper() in ("PUT", "POST", "PATCH"):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + body


def ask(port, *arguments, address="127.0.0.1", **more):
    return Answer(converse(port, request(*arguments, **more), address))


def as_user(user, work):
    """What `work` returns, done in a process of this user's."""
    reading, writing = os.pipe()
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            become(user, None)
            value = (True, work())
        except BaseException:
            value = (False, traceback.format_exc())
        with os.fdopen(writing, "wb") as out:
            pickle.dump(value, out)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as replies:
        good, value = pickle.load(replies)
    os.waitpid(child, 0)
    if not good:
        raise RuntimeError(value)
    return value


# --- the printer's side -------------------------------------------------------------------------------------------------


class Printer:
    def __init__(self, serial, port):
        self.serial, self.port = serial, int(port)
        self.log = f"{OUT}/emulator-{serial}.log"

    def asked(self):
        """What arrived at it since this was asked last: METHOD PATH."""
        at = os.path.getsize(self.log)
        with open(f"/run/emulator-{self.serial}", "w") as orders:
            orders.write("requests\n")
        end = time.monotonic() + 20
        while time.monotonic() < end:
            with open(self.log, errors="replace") as log:
                log.seek(at)
                said = log.read()
            if re.search(r"^requests: \d+$", said, re.M):
                return re.findall(r"^request: (.*)$", said, re.M)
            time.sleep(0.02)
        raise TimeoutError(self.serial)


checks = Checks()
check = checks.check


def leaks(octets):
    return CANARY.encode() in octets or re.search(rb"WpsPin>\d", octets) is not None


def nothing_gets_in(printer, what, attempts, user="alice", allowed=()):
    """Each attempt is (line, octets, address); every answer is a refusal, and nothing arrives at the printer but what
    is `allowed`."""
    printer.asked()

    def work():
        return [(line, converse(printer.port, octets, address)) for line, octets, address in attempts]

    wrong, statuses = [], {}
    for line, answered in as_user(user, work):
        answer = Answer(answered)
        statuses[answer.status] = statuses.get(answer.status, 0) + 1
        # Whatever comes behind a refusal is looked at too: there may be several answers.
        if leaks(answered) or not (answer.status == 0 or 400 <= answer.status < 600) or re.search(rb"^HTTP/1\.. [23]", answered, re.M):
            wrong.append(f"{line}: {answered[:60]!r}")
    arrived = [asked for asked in printer.asked() if asked not in allowed]
    said = ", ".join(f"{count} times {status or 'closed'}" for status, count in sorted(statuses.items()))
    check(not wrong, f"{what}: {len(attempts)} requests as {user}, answered {said}", wrong[:6])
    check(not arrived, f"{what}: and none of them arrived at the printer", arrived[:6])
    return statuses


def plainly(printer):
    """Every protected resource by every method is 403."""
    attempts = [(f"{method} {path}", request(method, path), "127.0.0.1") for path in PROTECTED for method in METHODS]
    attempts += [(f"{method} {path}", request(method, path, body=b"<x/>"), "::1") for path in PROTECTED for method in WRITES]
    attempts += [(f"{method} {path}", request(method, path), "127.0.0.1") for path in READABLE for method in WRITES]
    statuses = nothing_gets_in(printer, "what is protected, by every method", attempts)
    check(set(statuses) == {403}, "each of them is 403, and nothing else", statuses)


def in_other_words(printer):
    """And under every spelling of path, host and version."""
    some = ["/IoMgmt/Adapters/wifi0/WPS/Pin", "/cdm/ioConfig/v2/wirelessConfig", "/DevMgmt/InternalPrintDyn.xml"]
    attempts = []
    for path in some:
        for spelling in spellings(path):
            for method in ("GET", "POST"):
                attempts.append((f"{method} {spelling!r}", request(method, spelling, body=b"<x/>" if method == "POST" else b""), "127.0.0.1"))
    nothing_gets_in(printer, "under other spellings of the path", attempts)

    attempts = []
    for path in some:
        absolute = [f"http://localhost{path}", f"http://localhost:{printer.port}{path}", f"HTTP://LOCALHOST{path}", f"http://127.0.0.1{path}",
                    f"https://localhost{path}", f"ipp://localhost{path}", f"http://evil.example{path}", f"http://user@localhost{path}",
                    f"http:{path}", f"http://localhost//eSCL/..{path}", f"file://localhost{path}"]
        attempts += [(f"GET {target}", request("GET", target), "127.0.0.1") for target in absolute]
        for host in ["localhost.", f"localhost:{printer.port}", "LOCALHOST", "127.0.0.1", "[::1]", "lab", "lab.local", "lab.local."]:
            attempts.append((f"GET {path} at {host}", request("GET", path, host=host), "127.0.0.1"))
        for version in ["1.0", "0.9", "2.0", "1.9", "9.9"]:
            attempts.append((f"GET {path} HTTP/{version}", request("GET", path, version=version), "127.0.0.1"))
        attempts.append((f"GET {path} HTTP/1.0 without Host", request("GET", path, version="1.0", host=None), "127.0.0.1"))
        attempts.append((f"GET {path} without a version", f"GET {path}\r\n\r\n".encode(), "127.0.0.1"))
        for before, after in [("  ", " "), ("\t", " "), (" ", "  "), (" ", "\t")]:
            line = f"GET{before}{path}{after}HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            attempts.append((repr(line[:60]), line.encode(), "127.0.0.1"))
        for before in ["\r\n", "\n", " ", "\0", "\x1b%-12345X"]:
            attempts.append((f"{before!r} and GET {path}", before.encode() + request("GET", path), "127.0.0.1"))
        attempts.append(("lines end in LF", request("GET", path).replace(b"\r\n", b"\n"), "127.0.0.1"))
        for name in ["X-HTTP-Method-Override", "X-Forwarded-For", "X-Real-IP", "Forwarded", "X-Remote-User", "Authorization"]:
            attempts.append((f"GET {path} with {name}", request("GET", path, f"{name}: root"), "127.0.0.1"))
    nothing_gets_in(printer, "under other hosts, targets and versions", attempts)


def one_path(printer):
    """A path that begins with two slashes is a host and a path to some servers; the printer is shown only one."""
    printer.asked()
    as_user("alice", lambda: [ask(printer.port, "GET", f"{slashes}localhost/DevMgmt/InternalPrintDyn.xml").status for slashes in ["//", "///"]])
    arrived = set(printer.asked())
    check(arrived <= {"GET /localhost/DevMgmt/InternalPrintDyn.xml"}, "a path that begins with two slashes arrives with one", arrived)


def smuggled(printer):
    """A request inside another one's body is a body: what arrives is the outer request only, if anything."""
    inner = request("GET", "/IoMgmt/Adapters/wifi0/WPS/Pin")
    outer = b"GET /DevMgmt/ProductStatusDyn.xml HTTP/1.1\r\nHost: localhost\r\n"
    length = str(len(inner)).encode()
    chunked = b"%x\r\n" % len(inner) + inner + b"\r\n0\r\n\r\n"
    end = request("GET", "/AuthChk")
    bodies = [
        ("in a body", b"Content-Length: " + length + b"\r\n\r\n" + inner + end),
        ("in a chunk", b"Transfer-Encoding: chunked\r\n\r\n" + chunked + end),
        ("length 0 and chunks", b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked + end),
        ("length and no chunks", b"Content-Length: " + length + b"\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + inner),
        ("two lengths", b"Content-Length: 0\r\nContent-Length: " + length + b"\r\n\r\n" + inner),
        ("two lengths in one line", b"Content-Length: 0, " + length + b"\r\n\r\n" + inner),
        ("a signed length", b"Content-Length: +0\r\n\r\n" + inner),
        ("another coding", b"Transfer-Encoding: xchunked\r\nContent-Length: 0\r\n\r\n" + inner),
        ("two codings", b"Transfer-Encoding: chunked, identity\r\n\r\n" + chunked),
        ("a folded coding", b"Transfer-Encoding:\r\n chunked\r\nContent-Length: 0\r\n\r\n" + inner),
        ("a space before the colon", b"Transfer-Encoding : chunked\r\nContent-Length: 0\r\n\r\n" + inner),
        ("a chunk's extension", b"Transfer-Encoding: chunked\r\n\r\n0;x=\n\r\n\r\n" + inner),
        ("a field with a line's end in it", b"X: a\rGET /IoMgmt/Adapters/wifi0/WPS/Pin HTTP/1.1\r\n\r\n" + end),
        ("in a trailer", b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n\r\n" + inner),
        ("pipelined", b"\r\n" + inner),
        ("upgraded", b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n" + end),
    ]
    printer.asked()
    answered = as_user("alice", lambda: [(line, converse(printer.port, outer + rest)) for line, rest in bodies])
    check(not [line for line, octets in answered if leaks(octets)], f"a request hidden in another, in {len(bodies)} ways: no secret comes back")
    arrived = set(printer.asked())
    check(arrived <= {"GET /DevMgmt/ProductStatusDyn.xml"}, "and only the outer one arrived", arrived)


def names_and_sites(printer):
    """Foreign hosts and sites, and what is no question to a printer."""
    own = f"http://localhost:{printer.port}"
    attempts = []
    for host in ["attacker.example", f"attacker.example:{printer.port}", "localhost.attacker.example", "127.0.0.1.attacker.example", "0.0.0.0",
                 "[::]", "192.0.2.1", "2130706433", "0x7f000001", "", "localhost@attacker.example", "localhost, attacker.example", "[::ffff:127.0.0.1]"]:
        attempts.append((f"Host {host}", request("GET", "/", host=host), "127.0.0.1"))
    attempts.append(("no Host", request("GET", "/", host=None), "127.0.0.1"))
    attempts.append(("two Hosts", request("GET", "/", "Host: localhost"), "127.0.0.1"))
    for header in ["Origin: http://attacker.example", "Origin: null", f"Origin: https://localhost:{printer.port}", "Origin: http://localhost:1",
                   f"Origin: {own}.attacker.example", f"Origin: {own}/x", "Referer: http://attacker.example/x", f"Referer: http://attacker.example/?{own}",
                   "Referer: about:blank", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-site"]:
        for method in ("GET", "POST"):
            attempts.append((f"{method} / with {header}", request(method, "/eSCL/ScanJobs" if method == "POST" else "/", header, host=f"localhost:{printer.port}"), "127.0.0.1"))
    attempts.append(("CONNECT", request("CONNECT", "localhost:631"), "127.0.0.1"))
    attempts.append(("CONNECT to the outside", request("CONNECT", "192.0.2.1:80", host="192.0.2.1:80"), "127.0.0.1"))
    attempts.append(("TRACE", request("TRACE", "/"), "127.0.0.1"))
    attempts.append(("PRI", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "127.0.0.1"))
    for to in ["websocket", "h2c", "TLS/1.0"]:
        attempts.append((f"Upgrade {to}", request("GET", "/", f"Upgrade: {to}"), "127.0.0.1"))
    attempts.append(("TLS", bytes.fromhex("16030100c8010000c40303") + bytes(190), "127.0.0.1"))
    nothing_gets_in(printer, "foreign hosts and sites, CONNECT, TRACE, Upgrade, TLS", attempts)

    link = ask(printer.port, "GET", "/DevMgmt/ProductStatusDyn.xml", "Referer: http://attacker.example/", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document")
    check(link.status == 200, "a link on another site that a person followed is let through", link.head)


def whose(printer):
    """Somebody who is gone before he can be looked up is not root, though the kernel shows his socket as root's."""
    pin = request("GET", "/IoMgmt/Adapters/wifi0/WPS/Pin")
    printer.asked()

    def work():
        for _ in range(100):
            wire = socket.create_connection(("127.0.0.1", printer.port))
            wire.sendall(pin)
            wire.close()
        for _ in range(50):  # with a reset
            wire = socket.create_connection(("127.0.0.1", printer.port))
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            wire.sendall(pin)
            wire.close()
        return [Answer(converse(printer.port, pin, half=True)).status for _ in range(20)]

    half = as_user("alice", work)
    time.sleep(0.5)
    check(set(half) <= {403, 0}, "who has closed his half of the connection is nobody", half)
    arrived = printer.asked()
    check(not arrived, "150 clients that asked and left at once got nothing through", arrived[:4])

    # The other way round: the kernel tells of a socket's maker, whoever has it now.
    def handed_over():
        wire = socket.create_connection(("127.0.0.1", printer.port), timeout=20)
        become("alice", None)
        wire.sendall(pin)
        return Answer(wire.recv(65536)).status

    print(f"            measured: a connection that root made and alice uses is root's: {as_user('root', handed_over)}", flush=True)
    printer.asked()


def by_ipp(printer):
    """IPP's operations that set up the printer for everybody."""

    def message(operation):
        def text(tag, name, value):
            return struct.pack(">BH", tag, len(name)) + name + struct.pack(">H", len(value)) + value

        return (struct.pack(">BBHI", 2, 0, operation, 1) + b"\x01" + text(0x47, b"attributes-charset", b"utf-8")
                + text(0x48, b"attributes-natural-language", b"en") + text(0x45, b"printer-uri", b"ipp://localhost/ipp/print")
                + b"\x04" + text(0x30, b"printer-wifi-password", b"x") + b"\x03")

    kind = "Content-Type: application/ipp"
    attempts = []
    for operation in [0x0010, 0x0011, 0x0012, 0x0013, 0x0022, 0x0023, 0x0024, 0x0025, 0x0029, 0x0040, 0x0049, 0x4001, 0x4027, 0x7FFF, 0xFFFF, 0x0000]:
        for path in ["/ipp/print", "/ipp/faxout", "/ipp", "/IPP/Print", "//ipp/print", "/ipp/print/1", "/ipp/system"]:
            attempts.append((f"{operation:#06x} at {path}", request("POST", path, kind, body=message(operation)), "127.0.0.1"))
        whole = message(operation)
        chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in whole) + b"0\r\n\r\n"
        head = f"POST /ipp/print HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{kind}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        attempts.append((f"{operation:#06x} byte by byte", head + chunks, "127.0.0.1"))
        for method in ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"]:
            attempts.append((f"{operation:#06x} by {method}", request(method, "/ipp/print", kind, body=whole), "127.0.0.1"))
    good = message(0x000B)
    for coding in ["gzip", "deflate", "x-gzip", "br", "gzip, identity"]:
        attempts.append((f"packed by {coding}", request("POST", "/ipp/print", kind, f"Content-Encoding: {coding}", body=good), "127.0.0.1"))
    attempts += [("nothing", request("POST", "/ipp/print", kind), "127.0.0.1"), ("too little", request("POST", "/ipp/print", kind, body=good[:7]), "127.0.0.1")]
    attempts += [(f"{path} by POST", request("POST", path, kind, body=good), "127.0.0.1") for path in ["/ipps/print", "/printers/x", "/", "/admin/", "/ipp%2fprint"]]
    nothing_gets_in(printer, "IPP operations that set up the printer, and what can't be looked into", attempts)
    answer = ask(printer.port, "POST", "/ipp/print", kind, body=message(0x000B))
    check(answer.status == 200 and b"printer-make-and-model" in answer.body, "Get-Printer-Attributes is for everybody", answer.head)
    printer.asked()


def tree(printer):
    """What the printer's own discovery names: nothing of it is written, and what is protected of it isn't read."""

    def work():
        uris = []
        for document in ["/DevMgmt/DiscoveryTree.xml", "/IoMgmt/IoMgmtManifest.xml", "/IoMgmt/Adapters"]:
            answer = ask(printer.port, "GET", document)
            uris += re.findall(r"(?:ResourceURI|ManifestURI)>(/[^<]*)<", answer.body.decode(errors="replace"))
        return uris

    uris = sorted(set(as_user("alice", work)))
    check(len(uris) >= 5, f"the printer's own documents name {len(uris)} resources", uris)
    attempts = [(f"{method} {path}", request(method, path, body=b"<x/>"), "127.0.0.1") for path in uris for method in WRITES]
    nothing_gets_in(printer, "what the discovery tree names, by every writing method", attempts)


def opened(printer, laserjet=True):
    """After OpenAdminPages the same user gets in, and nobody else."""
    objects = subprocess.check_output(["busctl", "--system", "tree", "--list", SERVICE], text=True)
    (path,) = [line for line in objects.split() if line.startswith(ROOT + "/printers/") and line.lower().endswith(printer.serial.lower())]
    call = ["busctl", "--system", "call", SERVICE, path, f"{SERVICE}.Printer", "OpenAdminPages", "a{sv}", "0"]

    def open_pages():
        done = subprocess.run(call, capture_output=True, text=True)
        return done.returncode, (done.stdout + done.stderr).strip()

    def reads():
        return [ask(printer.port, "GET", path, address=address) for path in ["/IoMgmt/Adapters/wifi0/WPS/Pin", "/cdm/ioConfig/v2/wirelessConfig"] for address in ["127.0.0.1", "::1"]]

    def gets(user):
        return [(answer.status, leaks(answer.body)) for answer in as_user(user, reads)]

    inside, outside = [(200, True)] * 4, [(403, False)] * 4
    check(gets("root") == inside, "root gets at PIN and passphrase", gets("root"))
    code, said = as_user("bertha", open_pages)
    check(code != 0 and "Authentication is required" in said, "polkit keeps OpenAdminPages from bertha", said)
    check(gets("alice") == outside and gets("bertha") == outside, "before, neither alice nor bertha gets at them")
    code, said = as_user("alice", open_pages)
    check(code == 0 and f"http://localhost:{printer.port}/" in said, f"polkit lets alice call OpenAdminPages: {said}", code)
    check(gets("alice") == inside, "now alice gets at both", gets("alice"))
    check(gets("bertha") == outside, "and bertha at neither", gets("bertha"))
    nobody = as_user("nobody", lambda: [ask(printer.port, "GET", path).status for path in PROTECTED])
    check(set(nobody) == {403}, "nor does the user nobody at anything", nobody)
    foreign = as_user("alice", lambda: ask(printer.port, "GET", "/cdm/ioConfig/v2/wirelessConfig", "Origin: http://attacker.example").status)
    check(foreign == 403, "another site does not get in with alice's leave", foreign)


def main():
    laserjet, inkjet = Printer(*sys.argv[1:3]), Printer(*sys.argv[3:5])
    reads = as_user("alice", lambda: {path: ask(laserjet.port, "GET", path) for path in READABLE})
    arrived = laserjet.asked()
    check(all(f"GET {path}" in arrived for path in READABLE), f"what is open arrives at the printer: {len(READABLE)} resources", arrived)
    check(all(answer.status in (200, 404) and not leaks(answer.all) for answer in reads.values()), "and says no secret")
    plainly(laserjet)
    in_other_words(laserjet)
    one_path(laserjet)
    smuggled(laserjet)
    names_and_sites(laserjet)
    whose(laserjet)
    tree(inkjet)
    by_ipp(inkjet)
    opened(laserjet)
    checks.end()


main()
