"""The status with which a printer's port answers.

usage: status.py PORT print|fax|scan|config|protected
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

port, what = sys.argv[1:]
method, path, body = REQUESTS[what]
connection = http.client.HTTPConnection("localhost", int(port), timeout=20)
connection.request(method, path, body, {"Content-Type": "application/ipp"} if body else {})
print(connection.getresponse().status)
