"""The status with which a printer's port answers.

usage: status.py PORT print|fax|scan|config|protected [LENGTHS]
With LENGTHS it asks that often, with a path that is longer by one each time, and says each status that came once.
"""

import http.client
import sys

GET_PRINTER_ATTRIBUTES = (
    b"\x02\x00\x00\x0b\x00\x00\x00\x01\x01\x47\x00\x12attributes-charset\x00\x05utf-8"
    b"\x48\x00\x1battributes-natural-language\x00\x02en"
    b"\x45\x00\x0bprinter-uri\x00\x1eipp://localhost:60000/ipp/print\x03"
)
REQUESTS = {
    "print": ("POST", "/ipp/print", GET_PRINTER_ATTRIBUTES),
    "fax": ("POST", "/ipp/faxout", GET_PRINTER_ATTRIBUTES),
    "scan": ("GET", "/eSCL/ScannerCapabilities", None),
    "config": ("GET", "/DevMgmt/ProductStatusDyn.xml", None),
    "protected": ("GET", "/IoMgmt/Adapters/Wifi0/Profiles/Active", None),
}

port, what = sys.argv[1:3]
method, path, body = REQUESTS[what]
paddings = [""] if len(sys.argv) == 3 else ["?" + "x" * length for length in range(int(sys.argv[3]))]
connection = http.client.HTTPConnection("localhost", int(port), timeout=20)
statuses = set()
for padding in paddings:
    connection.request(method, path + padding, body, {"Content-Type": "application/ipp"} if body else {})
    response = connection.getresponse()
    response.read()
    statuses.add(response.status)
print(*sorted(statuses))
