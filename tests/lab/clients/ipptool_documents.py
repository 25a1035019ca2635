"""The documents that CUPS's suites print and Debian does not ship: PDF, and PWG raster (PWG 5102.4) of every kind
that ipp-everywhere.test names. The photos, color.jpg and gray.jpg, the scenario makes.

usage: ipptool_documents.py FOLDER-OF-THE-SUITES"""

import os
import re
import struct
import sys

A4, LETTER, PHOTO = (595, 842), (612, 792), (288, 432)  # points
# PWG 5102.4, 4.3.1.17: kind -> (ColorSpace, bits of a colour, colours)
KINDS = {"black-1": (3, 1, 1), "sgray-8": (18, 8, 1), "srgb-8": (19, 8, 3)}
RESOLUTIONS = (300, 600)
PAGES = 4


def pdf(size, pages):
    """Pages with a square, further down on each."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>"]
    kids = b" ".join(b"%d 0 R" % (3 + 2 * page) for page in range(pages))
    objects.append(b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, pages))
    for page in range(pages):
        drawing = b"0 0 1 rg 72 %d 144 72 re f" % (size[1] - 144 - 100 * page)
        objects.append(b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] /Contents %d 0 R >>" % (*size, 4 + 2 * page))
        objects.append(b"<< /Length %d >> stream\n%s\nendstream" % (len(drawing), drawing))
    document, places = b"%PDF-1.4\n", []
    for number, written in enumerate(objects, 1):
        places.append(len(document))
        document += b"%d 0 obj\n%s\nendobj\n" % (number, written)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return document + b"xref\n0 %d\n0000000000 65535 f \n%strailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1, table, len(objects) + 1, len(document))


def raster(size, resolution, kind, pages):
    """Pages of PWG raster: bands of a quarter of an inch, each a bit darker."""
    space, bits, colours = KINDS[kind]
    width, height = (points * resolution // 72 for points in size)
    line = (width * bits * colours + 7) // 8
    dot = bits * colours // 8 or 1
    document = bytearray(b"RaS2")
    for page in range(pages):
        header = bytearray(1796)
        header[:10] = b"PwgRaster\0"
        for place, value in {
            276: resolution, 280: resolution, 340: 1, 352: size[0], 356: size[1], 372: width, 376: height,
            384: bits, 388: bits * colours, 392: line, 400: space, 420: colours, 452: pages,
        }.items():
            struct.pack_into(">I", header, place, value)
        document += header
        left = height
        while left:
            lines = min(256, left, resolution // 4)
            shade = (height - left) * 4 // resolution * 5 + page & 255
            document.append(lines - 1)
            remaining = line // dot
            while remaining:
                dots = min(128, remaining)
                document.append(dots - 1)
                document += bytes([shade] * dot)
                remaining -= dots
            left -= lines
    return bytes(document)


def write(path, document):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "wb") as file:
        file.write(document)


os.chdir(sys.argv[1])
for name, size in (("a4", A4), ("letter", LETTER)):
    write(f"document-{name}.pdf", pdf(size, PAGES))
    write(f"document-{name}.ps", b"%!PS-Adobe-3.0\nshowpage\n")
with open("ipp-everywhere.test") as suite:
    named = set(re.findall(r"^\s*FILE\s+(pwg-raster-\S+)$", suite.read(), re.M))
for path in sorted(named):
    kind, name = path.split("/")[1:]
    resolution = int(re.search(r"-(\d+)dpi/", path).group(1))
    size = A4 if "-a4-" in name else LETTER if "-letter-" in name else PHOTO
    if kind in KINDS and resolution in RESOLUTIONS:
        write(path, raster(size, resolution, kind, PAGES if name.startswith("document-") else 1))
    else:
        # ipptool wants to see every file that is named, also for what the printer does not have.
        write(path, b"RaS2")
