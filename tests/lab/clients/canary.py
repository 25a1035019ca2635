"""Secrets go through everything that the service can do with one, and are looked for everywhere afterwards.

usage: canary.py SERIAL      with a printer plugged in that is on no network; orders for it go to /run/emulator-SERIAL
"""

import json
import os
import signal
import subprocess
import sys
import time

import search
from bus import ROOT, SERVICE, Checks, Client, Refused

JOB = f"{SERVICE}.Job"
PROPERTIES = "org.freedesktop.DBus.Properties"
CORES = "/var/lab-cores"
OUT = "/run/out"

WRITTEN = "94229882"  # a PIN that is given to the printer
WRONG = "CanaryPassphrase-4d1f"  # what descriptors.py hands over: the network has another
RIGHT = "emulated passphrase"
CONTROL = "ControlNeedle-90210-x"  # left behind on purpose
CONTROL_PIN = "31926535"

checks = Checks()
check = checks.check
pictures = set()  # all properties, at each stage


def picture(client):
    objects = client.call(ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")
    pictures.add(json.dumps(objects, default=str).encode())
    return objects


def wait(client, job, limit=200):
    """The job's outcome, it is canceled at the limit; the properties are looked at all the while."""
    end = time.monotonic() + limit
    while True:
        mine = picture(client)[job][JOB]
        if mine["Finished"]:
            return mine["Outcome"].removeprefix(f"{SERVICE}.Error.")
        if time.monotonic() > end:
            # Nobody types this PIN at the router; it would be waited for, for minutes.
            client.call(job, JOB, "Cancel", "a{sv}", {})
            end += 30
        time.sleep(0.3)


def find_printer(client, serial):
    for path, interfaces in client.call(ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects").items():
        if interfaces.get(f"{SERVICE}.Printer", {}).get("SerialNumber") == serial:
            return path
    raise LookupError(serial)


def result(client, job):
    try:
        return client.call(job, JOB, "GetResult", "a{sv}", {})
    except Refused as refused:
        return refused.name


def order(serial, line):
    with open(f"/run/emulator-{serial}", "w") as orders:
        orders.write(line + "\n")


def service_pid():
    return int(subprocess.check_output(["systemctl", "show", "-P", "MainPID", "plugprintd"]))


def the_story(serial):
    """Everything that is done with secrets; the PINs that came up."""
    client = Client("root")
    printer = find_printer(client, serial)
    wifi, wps = f"{SERVICE}.Wifi", f"{SERVICE}.Wps"
    pins = []

    job = client.call(printer, wps, "ReadPin", "a{sv}", {})
    outcome = wait(client, job)
    got = result(client, job)
    check(outcome == "success" and len(got["pin"]) == 8, "a PIN is read")
    pins.append(got["pin"])

    job = client.call(printer, wps, "WritePin", "ha{sv}", ("fd", "sealed memfd with PIN 94229882"), {"experimental": True})
    check(True, f"a PIN is written: {wait(client, job)}")

    job = client.call(printer, wifi, "JoinWithSecret", "aysha{sv}", b"Emulated Network", "wpa2-psk", ("fd", "sealed memfd"), {})
    outcome = wait(client, job)
    check(outcome == "WrongPassphrase", f"JoinWithSecret with another network's passphrase: {outcome}")

    client.prompt("/lab/prompter", passphrase=RIGHT, **{"paper-pin": WRITTEN, "label-pin": WRITTEN})
    job = client.call(printer, wifi, "Join", "aysa{sv}", b"Emulated Network", "wpa2-psk", {})
    outcome = wait(client, job)
    check(outcome == "success" and "RequestSecret" in [asked[0] for asked in client.asked()], f"Join, with the passphrase from a prompter: {outcome}", client.asked())
    result(client, job)

    for what, options in [
        ("by join", {"route": "join", "ssid": b"Emulated Network"}),
        ("by a PIN that somebody types at the router", {"route": "typed", "experimental": True}),
        ("by the PIN on the paper", {"route": "typed", "from-paper": True, "experimental": True}),
        ("by a PIN made by us", {"route": "typed", "generate": True, "experimental": True}),
    ]:
        job = client.call(printer, f"{SERVICE}.Printer", "Setup", "a{sv}", options)
        before = len(client.asked())
        outcome = wait(client, job, 40)
        asked = client.asked()[before:]
        shown = [arguments[3] for arguments in asked if arguments[0] == "DisplayPin"]
        pins += ["".join(digit for digit in pin if digit.isdigit()) for pin in shown]
        result(client, job)
        check(True, f"a set-up {what}: {outcome}; asked {', '.join(asked[0] for asked in asked) or 'nothing'}")
    check(len(pins) > 1, "a set-up has shown a PIN", pins)
    kinds = {"the written PIN": WRITTEN, "the refused passphrase": WRONG, "the passphrase": RIGHT, "the read PIN": pins[0], "the shown PIN": pins[-1]}
    left = [kind for kind, secret in kinds.items() if holds(service_pid(), secret)]
    print(f"            measured: still in the memory of the process, where no core is made of it: {', '.join(left) or 'none of them'}", flush=True)
    return client, printer, sorted({pin for pin in pins if pin != WRITTEN})


def abort(client, printer, serial):
    """The service dies while it holds a passphrase; where cores go, there is none of it."""
    # A program that the kernel hands cores to, as systemd-coredump and apport are: LimitCORE does not hold it up.
    with open("/usr/local/bin/keep-core", "w") as keeper:
        os.fchmod(keeper.fileno(), 0o755)
        keeper.write(f"#!/bin/sh\nexec cat >{CORES}/$1\n")
    with open("/proc/sys/kernel/core_pattern", "w") as pattern:
        pattern.write("|/usr/local/bin/keep-core %e.%p")
    control = subprocess.Popen(
        ["/bin/sh", "-c", f"needle={CONTROL}; kill -ABRT $$"], cwd="/", env={"PATH": "/usr/bin:/bin"}
    )
    control.wait()
    check(len(os.listdir(CORES)) == 1, "a program that ends so leaves a core", os.listdir(CORES))
    order(serial, "fault hang@join")
    time.sleep(1)
    job = client.call(printer, f"{SERVICE}.Wifi", "JoinWithSecret", "aysha{sv}", b"Emulated WPA", "wpa-psk", ("fd", "sealed memfd"), {"keep": True})
    end = time.monotonic() + 30
    while picture(client)[job][JOB]["Stage"] != "joining" and time.monotonic() < end:
        time.sleep(0.1)
    check(picture(client)[job][JOB]["Stage"] == "joining", "the service is joining, with the passphrase in its memory", picture(client)[job][JOB])
    pid = service_pid()
    held = holds(pid, WRONG)
    check(held, "there it is, in the memory of the process")
    os.kill(pid, signal.SIGABRT)
    end = time.monotonic() + 20
    while service_pid() in (0, pid) and time.monotonic() < end:
        time.sleep(0.2)
    check(service_pid() not in (0, pid), "it was killed, and systemd has started it again")
    check(len(os.listdir(CORES)) == 1, "it has left no core", os.listdir(CORES))
    order(serial, "fault none")


def holds(pid, secret):
    """Whether a process has this in its memory; root may look."""
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            area, rights, *_ = line.split()
            if not rights.startswith("rw"):
                continue
            begin, end = (int(part, 16) for part in area.split("-"))
            try:
                memory.seek(begin)
                if secret.encode() in memory.read(end - begin):
                    return True
            except OSError:
                pass
    return False


def leave_controls():
    """The same places, with something that is to be found: else finding nothing would say nothing."""
    for name, data in search.shapes(CONTROL).items():
        with open(f"/var/tmp/control-{name.replace(' ', '-').replace(',', '').replace('%', '')}", "wb") as file:
            file.write(b"before " + data + b" after")
    with open("/var/tmp/control-pin", "w") as file:
        file.write(f"a PIN of {CONTROL_PIN[:4]} {CONTROL_PIN[4:]}.")
    subprocess.run(["logger", "-p", "debug", f"a log line with {CONTROL}"], check=True)
    subprocess.run(["sleep", "0.5"], env={"PATH": "/usr/bin:/bin", "NEEDLE": CONTROL}, check=True)
    subprocess.run(["sh", "-c", "sleep 0.5", CONTROL], check=True)
    subprocess.run(["busctl", "emit", "/lab", "org.plugprint1.Lab", "Leak", "s", CONTROL], check=True)
    pictures.add(f'{{"/lab": "{CONTROL}"}}'.encode())


def messages(path):
    """What busctl monitor saw, one JSON object per message."""
    with open(path) as file:
        for line in file:
            if line.startswith("{"):
                yield json.loads(line), line.encode()


def on_the_bus(needles, client):
    """(message, what) for what is anywhere else than in the reply to, or the question of, the client that asked."""
    asked, hits, allowed = set(), [], 0
    for message, line in messages(f"{OUT}/bus.json"):
        if message.get("member") == "GetResult" and message["type"] == "method_call":
            asked.add((message["sender"], message["cookie"]))
        found = needles.all(line)
        if not found:
            continue
        answers = message["type"] == "method_return" and (message.get("destination"), message.get("reply_cookie")) in asked
        shows = message["type"] == "method_call" and message.get("member") == "DisplayPin" and message.get("destination") == client.name
        if answers or shows:
            allowed += len(found)
        else:
            hits += [(f"{message['type']} {message.get('interface')}.{message.get('member')}", what) for what in found]
    return hits, allowed


def main():
    serial = sys.argv[1]
    os.makedirs(CORES, mode=0o1777, exist_ok=True)
    os.chmod(CORES, 0o1777)
    watch = search.Watch()
    watch.start()
    with open(f"{OUT}/bus.json", "w") as text, open(f"{OUT}/bus.pcap", "wb") as raw:
        monitors = [
            subprocess.Popen(["busctl", "--system", "--json=short", "monitor"], stdout=text, stderr=subprocess.DEVNULL),
            subprocess.Popen(["busctl", "--system", "capture"], stdout=raw, stderr=subprocess.DEVNULL),
        ]
        time.sleep(3)
        client, printer, pins = the_story(serial)
        abort(client, printer, serial)
        leave_controls()
        time.sleep(2)
        for monitor in monitors:
            monitor.terminate()
            monitor.wait()
    watch.stopped = True
    watch.join()

    phrases, numbers = search.Needles([WRONG, RIGHT]), search.Needles([WRITTEN, *pins])
    control = search.Needles([CONTROL, CONTROL_PIN])
    traced = subprocess.run(["journalctl", "-u", "plugprintd", "-o", "cat", "--no-pager"], stdout=subprocess.PIPE, check=True).stdout
    check(b"idle links are let go" in traced and len(traced.splitlines()) > 40, f"the service has logged what only debugging wants: {len(traced.splitlines())} lines")

    for needles, what in [(control, "control"), (phrases, "passphrases"), (numbers, f"{len(pins) + 1} PINs")]:
        wanted = needles is control
        files, looked = search.in_files(needles)
        logs, size = search.in_journal(needles)
        places = {
            f"{looked} files that can be written to, cores included": files,
            f"the journal, {size >> 10} KiB": logs,
            f"argument lists and environments of {len(watch.seen)} kinds, in {watch.rounds} looks": watch.find(needles),
            f"{len(pictures)} pictures of all properties": [("properties", hit) for data in pictures for hit in needles.find(data)],
        }
        bus, allowed = on_the_bus(needles, client)
        places["messages, but for the answers to who asked"] = bus
        for place, hits in places.items():
            if wanted:
                check(hits, f"control: what was left on purpose is found in {place}")
            else:
                check(not hits, f"{what}: in none of {place}", hits[:5])
        if wanted:
            shapes = {hit.split(", ", 1)[1] for path, hit in files if path.startswith("/var/tmp/control-")}
            missed = set(search.shapes(CONTROL)) - {"first half"} - shapes
            check(not missed, f"control: in {len(shapes)} shapes", missed)
            check({"cmdline", "environ"} <= {path.rsplit("/", 1)[1] for path, _ in watch.find(needles)}, "control: both an argument and an environment")
            check(search.in_capture(needles, f"{OUT}/bus.pcap"), "control: in the bytes that crossed the bus")
            check(any(path.startswith(CORES) for path, _ in files), "control: in the core of a program that had it")
        else:
            # Byte for byte, also in what the monitor shows as numbers only: no more than the messages that are allowed.
            capture = search.in_capture(needles, f"{OUT}/bus.pcap")
            check(len(capture) <= allowed, f"{what}: {len(capture)} times in the bytes that crossed the bus, {allowed} of them in answers to who asked", capture)
            check(allowed == 0 if needles is phrases else allowed > 0, f"{what}: {'passphrases go by descriptor only' if needles is phrases else 'and PINs do arrive there'}")
    checks.end()


main()
