"""What wants a password: the command line on a terminal starts polkit's agent there, which asks a person.

usage: interactive.py PRINTER-PATH ACTIVE-USER SESSION OTHER-USER SESSION     (passwords are password-of-NAME; dora administrates)
"""

import os
import struct
import sys
import threading
import time

from bus import SERVICE, Checks, become, run, terminal
from wire import ALLOW_INTERACTION, Wire

checks = Checks()
check = checks.check
ASKED = "Password: "


def screen(text):
    return text[-300:].replace("\r", "").replace("\n", " | ")


def kept(path, user, session):
    """One connection that asks three times: with an agent, again silently, and for something else silently.
    Tells its process's number, waits for the agent, and tells the errors."""
    here, there = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        become(user, session)
        bus = Wire()
        os.read(here[0], 1)
        nothing = struct.pack("<II", 0, 0)
        said = [
            bus.call(path, f"{SERVICE}.Wps", "ReadPin", "a{sv}", nothing, flags=ALLOW_INTERACTION),
            bus.call(path, f"{SERVICE}.Wps", "ReadPin", "a{sv}", nothing),
            bus.call(path, f"{SERVICE}.Printer", "Setup", "a{sv}", nothing),
        ]
        os.write(there[1], repr(said).encode())
        os._exit(0)
    given = []
    agent = threading.Thread(
        target=lambda: given.append(terminal(user, session, ["pkttyagent", "--process", str(pid)], [(ASKED, f"password-of-{user}")], limit=20))
    )
    agent.start()
    time.sleep(5)  # until it has registered
    os.write(here[1], b"x")
    said = os.read(there[0], 4096).decode()
    os.waitpid(pid, 0)
    agent.join()
    return said, given[0][2]


def main():
    path, active, session, other, others_session = sys.argv[1:]
    own, administrator = f"password-of-{active}", "password-of-dora"
    pin = ["plugprint", "pin", "read"]
    hide = ("hides it", "\x03")

    status, said, given = terminal(active, session, pin, [(ASKED, "wrong")], limit=40)
    check(status == 5 and given == 1, "pin read, a wrong password: not allowed", f"{status}, asked {given} times: {screen(said)}")
    status, said, given = terminal(active, session, pin, [(ASKED, own), hide])
    check(status == 0 and given == 2, "pin read, the user's own password (auth_self_keep): asked once, and the PIN is shown until Ctrl-C", f"{status}, {given}: {screen(said)}")
    check(own not in said, "the password was not on the screen")
    # polkit keeps an authorization for the process that was let in, so the command line asks each time; a desktop's
    # program, which stays, asks once.
    for who, user, theirs in [("another user's session", other, others_session), ("the same user outside of the session", active, None), ("the same user's next process", active, session)]:
        status, said = run(user, theirs, *pin)
        check(status == 5, f"which lets nobody else in: {who}", f"{status}: {screen(said)}")
    said, given = kept(path, active, session)
    # Busy is let in: the first job has not ended yet.
    let_in = [f"[None, {second}, '{SERVICE}.Error.NotAuthorized']" for second in ("None", f"'{SERVICE}.Error.Busy'")]
    check(given == 1 and said in let_in, "a process that stays: asked once, then let in without (keep), and for that action only", f"asked {given} times, {said}")

    buttons = ["plugprint", "buttons", "laserjet", "wireless+cancel"]
    status, said = run(active, session, *buttons)
    check(status == 5, "other buttons are another action: not allowed without a password", f"{status}: {screen(said)}")
    status, said, given = terminal(active, session, buttons, [(ASKED, own)], limit=40)
    check(status == 5 and given == 1, "other buttons, the user's own password: an administrator's is wanted", f"{status}, asked {given} times: {screen(said)}")
    status, said, given = terminal(active, session, buttons, [(ASKED, administrator)])
    check(status == 4 and given == 1 and "dora" in said, "other buttons, an administrator's (auth_admin_keep): let in, and this printer can't", f"{status}, asked {given} times: {screen(said)}")
    checks.end()


main()
