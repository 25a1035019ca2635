"""Whether two runs of ipptool say the same, test by test. Each is given as its property list (-P) and as the address
that it spoke to, which stands in attributes of the printer.

usage: ipptool_compare.py LIST HOST:PORT LIST HOST:PORT [TESTS-THAT-MUST-HAVE-PASSED]"""

import plistlib
import re
import sys

# What an instant later is something else: times, numbers of jobs, and how far a job or the queue is.
PASSING = re.compile(
    r"^(time-at-.*|date-time-at-.*|.*-up-time|printer-current-time|printer-config-change-.*|printer-state.*|queued-job-count"
    r"|job-id|job-uri|job-state.*|job-impressions.*|job-media-sheets-completed|job-k-octets|number-of-documents)$"
)


def read(path, address):
    with open(path, encoding="utf-8") as file:
        text = file.read().replace(address, "PRINTER")
    # A suite that includes another one begins a second document inside the first one's array of tests.
    start, *others = re.split(r"<\?xml.*?<key>Tests</key>\s*<array>", text, flags=re.S)[1:]
    head = re.match(r"<\?xml.*?<key>Tests</key>\s*<array>", text, flags=re.S).group()
    return plistlib.loads((head + start + "".join(others)).encode())["Tests"]


def answer(test):
    """What the printer said, without what passes."""
    groups = test.get("ResponseAttributes") or []
    if test["Operation"] in ("Get-Jobs", "Get-Job-Attributes"):
        # Which jobs there are depends on how fast it prints; what is said of any job does not.
        groups = [{name: True for group in groups for name in group if name.startswith(("attributes-", "job-", "time-"))}]
    return {
        (number, name): value
        for number, group in enumerate(groups)
        for name, value in group.items()
        if not PASSING.match(name)
    }


def verdict(test):
    return {
        "name": test["Name"],
        "passed": test["Successful"],
        "skipped": test.get("Skipped", False),
        "status": test["StatusCode"],
        "errors": test.get("Errors", []),
    }


one, other = (read(*sys.argv[at : at + 2]) for at in (1, 3))
differences = 0
if len(one) != len(other):
    differences += 1
    print(f"{len(one)} tests here, {len(other)} there")
for number, pair in enumerate(zip(one, other), 1):
    for of in (verdict, answer):
        here, there = map(of, pair)
        for key in sorted(here.keys() | there.keys(), key=str):
            if here.get(key) != there.get(key):
                differences += 1
                print(f"{number}. {pair[0]['Name']}: {key} is {here.get(key)} here, {there.get(key)} there"[:500])
failed = [test["Name"] for test in one + other if not test["Successful"]]
for name in failed:
    print(f"failed: {name}")
ran = sum(not test.get("Skipped", False) for test in one)
print(f"{len(one)} tests, {ran} ran, {len(failed)} failed, {differences} differences")
sys.exit(1 if differences or failed or ran < int((sys.argv[5:] or [1])[0]) else 0)
