"""Who may do what: every method that the service exports, by every kind of caller.

usage: authorize.py TABLE PRINTER-PATH ROLE=USER[:SESSION] ...
TABLE has lines "interface method asks signature arguments"; asks is one of polkit's actions, "-" or "starter".
"""

import ast
import subprocess
import sys
import time
import xml.etree.ElementTree as xml

from bus import ROOT, SERVICE, Checks, Client, Refused

PROPERTIES = "org.freedesktop.DBus.Properties"
JOB = "org.plugprint1.Job"
NOT_AUTHORIZED = "org.plugprint1.Error.NotAuthorized"

# What polkit is to answer without asking anybody: DESIGN's any / inactive / active. A challenge is what auth_admin
# and its kin are where nobody may be asked.
CHALLENGE = {
    "print-report": {"none", "any", "inactive", "lp"},
    "query": {"none", "any", "inactive", "lp"},
    "read-pin": {"none", "any", "inactive", "active", "lp"},
    "configure": {"none", "any", "inactive", "active", "lp"},
    "manage-device": {"none", "any", "inactive"},
    "-": set(),
}

checks = Checks()
check = checks.check


def read_table(path):
    rows = []
    for line in open(path):
        words = line.split(None, 4)
        if not words or words[0].startswith("#"):
            continue
        interface, method, asks, signature = words[:4]
        arguments = ast.literal_eval(f"({words[4].strip()},)") if len(words) > 4 else ()
        options = arguments[-1] if arguments and isinstance(arguments[-1], dict) else {}
        arguments = tuple(argument for argument in arguments if not isinstance(argument, dict))
        rows.append((interface, method, asks, ("" if signature == "." else signature) + "a{sv}", (*arguments, options)))
    return rows


def exported(client, path=ROOT):
    """Every method of ours at this object and below, by introspection."""
    tree = xml.fromstring(client.call(path, "org.freedesktop.DBus.Introspectable", "Introspect"))
    for interface in tree.findall("interface"):
        if interface.get("name").startswith(SERVICE):
            for method in interface.findall("method"):
                yield interface.get("name").removeprefix(SERVICE + "."), method.get("name")
    for node in tree.findall("node"):
        yield from exported(client, f"{path}/{node.get('name')}")


def jobs(client):
    objects = client.call(ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")
    return {path for path, interfaces in objects.items() if JOB in interfaces}


def finished(client, job):
    return client.call(job, PROPERTIES, "Get", "ss", JOB, "Finished")


def wait(client, job, limit=40):
    end = time.monotonic() + limit
    while not finished(client, job):
        if time.monotonic() > end:
            raise TimeoutError(f"{job} does not end")
        time.sleep(0.1)


def attempt(client, path, row):
    """What comes of a call: "job", "reply", or an error in short, and its message."""
    interface, method, _, signature, arguments = row
    try:
        reply = client.call(path, f"{SERVICE}.{interface}", method, signature, *arguments)
    except Refused as refused:
        return refused.name.removeprefix("org.plugprint1.Error."), refused.message
    if isinstance(reply, str) and reply.startswith(ROOT + "/jobs/"):
        try:
            client.call(reply, JOB, "Cancel", "a{sv}", {})
        except Refused:
            pass  # done already, or past the point
        wait(client, reply)
        return "job", ""
    return "reply", ""


def is_challenge(outcome, message):
    return outcome == "NotAuthorized" and message.startswith("Authentication is required")


def the_table(rows, clients, printer):
    """Each row by each role."""
    paths = {"Manager": ROOT, "Printer": printer, "Wifi": printer, "Wps": printer}
    for row in rows:
        interface, method, asks, _, arguments = row
        if asks == "starter":
            continue
        said, right = [], True
        for role, client in clients.items():
            before = jobs(client)
            outcome, message = attempt(client, paths[interface], row)
            if role in CHALLENGE[asks]:
                # Refused, because polkit wants a password and nobody may be asked; and nothing was begun.
                good = is_challenge(outcome, message) and not jobs(client) - before
            else:
                # Let in: what comes then is the method's own answer, an error of its own where it can't.
                good = outcome != "NotAuthorized" and not outcome.startswith("org.freedesktop")
            said.append(f"{role} {'challenge' if is_challenge(outcome, message) else outcome}{'' if good else '(!)'}")
            right = right and good
        shown = ", ".join(str(argument) for argument in arguments if argument != {})
        check(right, f"{interface + '.' + method + '(' + shown[:40] + ')':46} {asks:13} {', '.join(said)}")


def what_polkit_was_asked(rows, clients):
    """A rule of the lab's writes down what polkitd was asked about whom, and decides nothing."""
    subprocess.run(["journalctl", "--sync"], check=True)
    log = subprocess.run(["journalctl", "--no-pager", "-o", "cat"], stdout=subprocess.PIPE, check=True)
    lines = [line.split("lab-asked ", 1)[1] for line in log.stdout.decode().splitlines() if "lab-asked " in line]
    wanted = [(f"org.plugprint1.{asks}", method) for _, method, asks, _, _ in rows if asks not in ("-", "starter")]
    for role, client in clients.items():
        if role == "root":
            continue  # polkit lets root in without asking a rule
        asked = [tuple(line.split()[1:3]) for line in lines if line.split()[0] == client.user]
        check(asked == wanted, f"polkit was asked about {role} once for each such call, about the table's action, in its order",
              f"{asked} instead of {wanted}")
    kinds = {"none": "false false", "any": "false true", "inactive": "true false", "active": "true true"}
    for role, client in clients.items():
        if role in kinds:
            seen = {" ".join(line.split()[3:5]) for line in lines if line.split()[0] == client.user}
            right = seen == {kinds[role]} or (role == "any" and len(seen) == 1 and next(iter(seen)).startswith("false"))
            check(right, f"to polkit, {client.user} is what the role says: {role} (local, active: {', '.join(seen)})")


def nothing_else(rows, clients):
    """What has no row is not exported, and what is exported has a row; what is no method of ours is refused."""
    table = {(interface, method) for interface, method, *_ in rows}
    found = set(exported(clients["root"]))
    check(found == table, f"the {len(found)} exported methods are the table's",
          f"without a row {sorted(found - table)}, not exported {sorted(table - found)}")
    for role, client in clients.items():
        for what, path, interface, method, signature, arguments, wanted in [
            ("an interface that has no rule on the bus", ROOT, "org.plugprint1.Private", "Do", "", (), "org.freedesktop.DBus.Error.AccessDenied"),
            ("a method that does not exist", ROOT, "org.plugprint1.Manager", "Quit", "a{sv}", ({},), "org.freedesktop.DBus.Error.UnknownMethod"),
            ("setting a property", ROOT, PROPERTIES, "Set", "ssv", ("org.plugprint1.Manager", "Version", "9"), "org.freedesktop.DBus.Error.PropertyReadOnly"),
        ]:
            got = refusal(client, path, interface, method, signature, arguments)
            if not check(got == wanted or (what == "setting a property" and got is not None), f"{role}: {what} is refused", got):
                break


def refusal(client, path, interface, method, signature="", arguments=(), to=SERVICE):
    """The error's name, or None where there was none."""
    try:
        client.call(path, interface, method, signature, *arguments, to=to)
    except Refused as refused:
        return refused.name
    return None


def properties(clients):
    """Everybody reads all of them, and sees the same."""
    seen = {}
    for role, client in clients.items():
        objects = client.call(ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")
        for path, interfaces in objects.items():
            for interface in interfaces:
                client.call(path, PROPERTIES, "GetAll", "s", interface)
        seen[role] = {path: sorted(interfaces) for path, interfaces in objects.items() if "/jobs/" not in path}
    check(len({str(sorted(objects.items())) for objects in seen.values()}) == 1, f"{', '.join(clients)} read all properties of all objects")


def somebody_elses_job(rows, clients, printer):
    """Cancel, Keep and GetResult answer the connection that started the job, and root."""
    starter = clients["active"]
    second = Client(starter.user, sessions[starter.user])
    arguments = {method: (signature, values) for interface, method, asks, signature, values in rows if asks == "starter"}
    for state in ("running", "finished"):
        job = starter.call(printer, "org.plugprint1.Printer", "PrintReport", "sa{sv}", "network", {"keep": True})
        if state == "finished":
            wait(starter, job)
        others = {"the same user's second connection": second, **{r: c for r, c in clients.items() if r not in ("active", "root")}}
        for who, client in others.items():
            # Cancel comes last: nothing before it must have ended the job.
            got = {m: refusal(client, job, JOB, m, *arguments[m]) for m in ("Keep", "GetResult", "Cancel")}
            check(set(got.values()) == {NOT_AUTHORIZED}, f"{state} job: {who} is refused Keep, GetResult, Cancel", got)
        if state == "running":
            check(not finished(starter, job), "the job still runs")
        for who, client in {"its starter": starter, "root": clients["root"]}.items():
            got = {m: refusal(client, job, JOB, m, *arguments[m]) for m in ("Keep", "GetResult")}
            check(NOT_AUTHORIZED not in got.values() and got["Keep"] is None, f"{state} job: {who} may Keep and GetResult", got)
        if state == "running":
            check(refusal(clients["root"], job, JOB, "Cancel", *arguments["Cancel"]) is None, "running job: root may Cancel")
            wait(starter, job)
    starter.call(job, JOB, "GetResult", "a{sv}", {})
    second.leave()


def prompters(clients):
    """Only the service's own user may call a client's prompter, and only it may be org.plugprint1."""
    offering = Client(clients["active"].user, sessions[clients["active"].user])
    offering.ask("offer", "/lab/prompter", {"passphrase": "NobodyMayHearThis"})
    calls = [
        ("RequestSecret", "osa{sv}", ("/a", "passphrase", {})),
        ("DisplayPin", "osta{sv}", ("/a", "12345670", 0, {})),
        ("RequestAction", "osta{sv}", ("/a", "press-router-button", 0, {})),
        ("RequestConfirmation", "osa{sv}", ("/a", "share-network", {})),
        ("Cancel", "osa{sv}", ("/a", "", {})),
        ("Release", "a{sv}", ({},)),
    ]
    for role, client in clients.items():
        got = {
            method: refusal(client, "/lab/prompter", "org.plugprint1.Prompter", method, signature, values, to=offering.name)
            for method, signature, values in calls
        }
        check(set(got.values()) == {"org.freedesktop.DBus.Error.AccessDenied"}, f"{role}: the bus lets nothing through to another's prompter", got)
    check(offering.asked() == [], "and the prompter has heard nothing", offering.asked())
    service = Client("plugprint")
    got = {
        method: refusal(service, "/lab/prompter", "org.plugprint1.Prompter", method, signature, values, to=offering.name)
        for method, signature, values in calls
    }
    check(set(got.values()) == {None} and len(offering.asked()) == len(calls), "plugprint: the service's own user reaches it", got)
    for role, client in {**clients, "plugprint": service}.items():
        try:
            client.ask("own", "org.plugprint1.Other")
            check(False, f"{role}: may take a name below org.plugprint1")
        except RuntimeError as error:
            check("AccessDenied" in str(error), f"{role}: may not take a name below org.plugprint1")
    for role, client in clients.items():
        try:
            client.ask("own", SERVICE)
            check(False, f"{role}: may take the service's name")
        except RuntimeError as error:
            check("AccessDenied" in str(error), f"{role}: may not take the service's name")
    offering.leave()
    service.leave()


sessions = {}


def main():
    table, printer, *roles = sys.argv[1:]
    rows = read_table(table)
    clients = {}
    for role in roles:
        role, _, who = role.partition("=")
        user, _, session = who.partition(":")
        sessions[user] = session
        clients[role] = Client(user, session)
    the_table(rows, clients, printer)
    what_polkit_was_asked(rows, clients)
    nothing_else(rows, clients)
    properties(clients)
    somebody_elses_job(rows, clients, printer)
    prompters(clients)
    checks.end()


main()
