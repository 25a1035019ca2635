"""Clients of the system bus, each a process of its own: as a user, in a session of theirs or in none.

They speak through libdbus, which shares no line with the service's own D-Bus library.
"""

import os
import pickle
import pty
import pwd
import select
import signal
import struct
import subprocess
import sys
import time
import traceback

SERVICE = "org.plugprint1"
ROOT = "/org/plugprint1"


class Refused(Exception):
    """The other end answered with an error: its name, and its message."""

    def __init__(self, name, message):
        super().__init__(f"{name}: {message}")
        self.name = name
        self.message = message

    def __reduce__(self):
        return Refused, (self.name, self.message)


def become(user, session):
    """Goes into a session, as its children are in it, and becomes its user. logind and polkit know a process's session
    by its control group."""
    if session:
        uid = pwd.getpwnam(user).pw_uid
        with open(f"/sys/fs/cgroup/user.slice/user-{uid}.slice/session-{session}.scope/cgroup.procs", "w") as group:
            group.write(str(os.getpid()))
    entry = pwd.getpwnam(user)
    if entry.pw_uid:
        os.initgroups(user, entry.pw_gid)
        os.setgid(entry.pw_gid)
        os.setuid(entry.pw_uid)
    os.environ.update(HOME="/tmp", USER=user, LOGNAME=user)
    os.environ.pop("DBUS_SESSION_BUS_ADDRESS", None)


class Client:
    """One connection to the bus."""

    all = []

    def __init__(self, user, session=None):
        self.user = user
        ours, theirs = os.pipe(), os.pipe()
        sys.stdout.flush()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(ours[0])
            os.close(theirs[1])
            for other in Client.all:  # else they would not see that we leave
                other.requests.close()
                other.replies.close()
            serve(user, session, os.fdopen(theirs[0], "rb"), os.fdopen(ours[1], "wb"))
        os.close(ours[1])
        os.close(theirs[0])
        self.replies, self.requests = os.fdopen(ours[0], "rb"), os.fdopen(theirs[1], "wb")
        Client.all.append(self)
        self.name = self.ask("name")

    def ask(self, what, *arguments):
        pickle.dump((what, arguments), self.requests)
        self.requests.flush()
        good, value = pickle.load(self.replies)
        if not good:
            raise value
        return value

    def call(self, path, interface, method, signature="", *arguments, to=SERVICE):
        """Calls a method; a descriptor is given as ("fd", kind), see descriptors.py. Never allows interaction."""
        return self.ask("call", to, path, interface, method, signature, arguments)

    def prompt(self, path, **answers):
        """Offers an org.plugprint1.Prompter that answers with these, and remembers what it was asked."""
        return self.ask("prompt", path, answers)

    def asked(self):
        """What its prompter was asked so far."""
        return self.ask("asked")

    def leave(self):
        """Leaves the bus."""
        Client.all.remove(self)
        self.requests.close()
        self.replies.close()
        os.waitpid(self.pid, 0)


def serve(user, session, requests, replies):
    """The client's own process."""
    try:
        become(user, session)
        import peer  # libdbus must not be initialised before the fork

        connection = peer.Peer()
        while True:
            try:
                what, arguments = pickle.load(requests)
            except EOFError:
                os._exit(0)
            try:
                answer = (True, getattr(connection, what)(*arguments))
            except Refused as refused:
                answer = (False, refused)
            except Exception:
                answer = (False, RuntimeError(traceback.format_exc()))
            pickle.dump(answer, replies)
            replies.flush()
    except BaseException:
        traceback.print_exc()
        os._exit(1)


def run(user, session, *command):
    """Runs a program without a terminal; its exit status and output."""
    ended = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=120,
        preexec_fn=lambda: become(user, session),
    )
    return ended.returncode, ended.stdout.decode(errors="replace")


def terminal(user, session, command, answers, limit=60):
    """Runs a program on a terminal of its own, as a person does: each of `answers` is (what to wait for, what to type
    then). Its exit status, what was on the screen, and how many answers were wanted."""
    pid, master = pty.fork()
    if pid == 0:
        os.fchown(0, pwd.getpwnam(user).pw_uid, -1)
        become(user, session)
        os.environ["TERM"] = "linux"
        os.execvp(command[0], command)
    screen, seen, given, end = "", 0, 0, time.monotonic() + limit
    while time.monotonic() < end:
        if not select.select([master], [], [], 1)[0]:
            continue
        try:
            text = os.read(master, 4096).decode(errors="replace")
        except OSError:
            break
        if not text:
            break
        screen += text
        if given < len(answers) and answers[given][0] in screen[seen:]:
            seen = len(screen)
            # Whoever asks has printed the question before it turns the echo off and empties its input.
            time.sleep(1)
            os.write(master, answers[given][1].encode() + b"\n")
            given += 1
    else:
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    os.close(master)
    return os.waitstatus_to_exitcode(status), screen, given


class Checks:
    """One line for each check, and whether all were right."""

    def __init__(self):
        self.wrong = 0

    def check(self, right, line, why=""):
        """Says what was checked; and what was wrong."""
        print(f"            {'ok    ' if right else 'WRONG '} {line}{'' if right or not why else ': ' + str(why)}", flush=True)
        self.wrong += not right
        return right

    def end(self):
        """The process's exit status."""
        if self.wrong:
            print(f"            {self.wrong} checks were wrong")
        sys.exit(1 if self.wrong else 0)
