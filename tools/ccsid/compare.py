#!/usr/bin/env python3
"""Compares the committed tables with glibc's iconv and Python's codecs, where they have the page.

    python3 tools/ccsid/compare.py [CCSID ...]

One line per page and peer with the number of differences of each kind, then examples. Kinds:
controls    C0, C1 and DEL, where CDRA and the peer's source place these differently
private     a user-defined character on one side
look-alike  the same sign under another code point (wave dash and full-width tilde, and so on)
only ours / only theirs   defined on one side
other       anything else: read these

What is known to differ, with ICU 72, glibc 2.36 and Python 3.1x
---------------------------------------------------------------
* All mixed EBCDIC pages and nearly all single-byte EBCDIC pages are equal.
* IBM PC pages: three controls rotated by CDRA; E6 is a mu, not a micro sign; 874 and 813 are older than
  the peers' (no euro sign); 720, 852, 869, 864: cells that IBM leaves empty or draws otherwise.
* 278 and 871: glibc exchanges two cells each (71 and E0; 4A and C0). 1132: glibc has a letter k for
  the kip sign. 285: an overline for the macron. 868 and 918: Arabic letters for their shapes.
  423, 880, 905: see generate.py. 290: full-width kana for half-width.
* 1026, 1155: 9A is the lira sign since 2012 in ICU, the feminine ordinal in the peers.
* 1250 to 1258: unused bytes are C1 controls here, undefined in the peers.
* 932: Python's cp932 is Microsoft's (close to 943); IBM's 932 has the older order of some kanji.
* 949: the peers have Microsoft's extension, which is 1363 here. 950, 964, 970, 1381, 1383, 1386: IBM's
  user-defined areas and extra signs are only here; 950 and 970 have no euro sign.
* 943, 949, 1363: yen and won sign at 5C; 943: overline at 7E, and JIS's choice of dashes and tilde.
* 1390, 1399: glibc decodes undefined single bytes to U+001A, Python's cp875 likewise.
"""

import codecs
import ctypes
import pathlib
import re
import struct
import sys
import unicodedata

ROOM = pathlib.Path(__file__).resolve().parents[2] / "src/wire/ccsid"
PLANES = {
    "Japan": [(b"\x8f", 0xFF, 0x7F)],
    "Taiwan": [(b"\x8e\xa2", 0xFF, 0x7F), (b"\x8e\xac", 0x7F, 0xFF), (b"\x8e\xad", 0x7F, 0x7F)],
    "None": [],
}
PYTHON = {
    954: "euc_jp", 970: "euc_kr", 1383: "gb2312", 1381: "gb2312", 1386: "gbk", 943: "cp932", 1363: "cp949",
    912: "iso8859_2", 913: "iso8859_3", 914: "iso8859_4", 915: "iso8859_5", 1089: "iso8859_6", 813: "iso8859_7",
    916: "iso8859_8", 920: "iso8859_9", 923: "iso8859_15", 878: "koi8_r", 1168: "koi8_u", 37: "cp037",
    4971: "cp875", 367: "ascii", 819: "latin_1",
}  # fmt: skip
GLIBC = {
    954: "EUC-JP", 964: "EUC-TW", 970: "EUC-KR", 1383: "EUC-CN", 1386: "GBK", 912: "ISO-8859-2", 913: "ISO-8859-3",
    914: "ISO-8859-4", 923: "ISO-8859-15", 37: "IBM037", 838: "IBM838", 878: "KOI8-R", 1168: "KOI8-U",
    1363: "UHC", 5026: "IBM930", 5035: "IBM939", 9030: "IBM9030",
}  # fmt: skip


def tables():
    """CCSID -> {bytes: text} from the committed files; mixed EBCDIC pages with the shifts around codes."""
    text = (ROOM / "directory.rs").read_text()
    single = (ROOM / "data/single.bin").read_bytes()
    names = re.findall(r"base: (?:None|Some\((\d+)\)),\s*bytes: include_bytes!\(\"data/(.*?)\"\)", text)
    doubles = []
    for base, name in names:
        doubles.append(double((ROOM / "data" / name).read_bytes(), doubles[int(base)][0] if base else {}))

    def bytes_of(place):
        units = struct.unpack_from("<256H", single, int(place) * 544)
        return {bytes([b]): chr(u) for b, u in enumerate(units) if u != 0xFFFF}

    def codes_of(place):
        units, extras = doubles[int(place)]
        return {c: extras[u - 0xD800] if 0xD800 <= u < 0xE000 else chr(u) for c, u in units.items()}

    pages = {}
    for ccsid, form, body in re.findall(r"\((\d+),\s*Form::(\w+)(?: \{(.*?)\})?", text, re.S):
        fields = dict(re.findall(r"(\w+): (?:Planes::)?(\w+)", body))
        page = bytes_of(fields["single"]) if "single" in fields else {}
        for code, chars in codes_of(fields["double"]).items() if "double" in fields else ():
            data = code.to_bytes(2, "big")
            if form == "Shifted":
                data = b"\x0e" + data + b"\x0f"
            for prefix, lead, trail in PLANES[fields.get("planes", "None")]:
                if (data[0] | 0x7F, data[1] | 0x7F) == (lead, trail):
                    data = prefix + bytes([data[0] | 0x80, data[1] | 0x80])
                    break
            page[data] = chars
        if page:
            pages[int(ccsid)] = page, form
    return pages


def double(blob, base):
    """Units and extras of a stored double-byte table."""
    at, units = 0, dict(base)

    def take(form):
        nonlocal at
        values = struct.unpack_from(form, blob, at)
        at += struct.calcsize(form)
        return values

    for _ in range(take(">H")[0]):
        first, count = take(">HH")
        run = count & 0x7FFF
        values = take(f">{run}H") if count < 0x8000 else range(v := take(">H")[0], v + run)
        units.update({first + i: value for i, value in enumerate(values)})
    extras = [take(">II") for _ in range(take(">H")[0])]
    take(f">{take('>H')[0]}H")
    assert at == len(blob)
    return {c: u for c, u in units.items() if u}, [chr(a) + (chr(b) if b else "") for a, b in extras]


class Iconv:
    """glibc's converter of one page to UTF-8, strict."""

    libc = ctypes.CDLL(None)
    libc.iconv_open.restype = ctypes.c_void_p
    libc.iconv.restype = ctypes.c_size_t
    libc.iconv.argtypes = [ctypes.c_void_p] * 5

    def __init__(self, name):
        self.handle = self.libc.iconv_open(b"UTF-8", name.encode())
        if self.handle in (None, ctypes.c_void_p(-1).value):
            raise LookupError(name)
        self.handle = ctypes.c_void_p(self.handle)

    def decode(self, data):
        source, target = ctypes.create_string_buffer(data, len(data)), ctypes.create_string_buffer(32)
        ins, outs = ctypes.c_void_p(ctypes.addressof(source)), ctypes.c_void_p(ctypes.addressof(target))
        left, room = ctypes.c_size_t(len(data)), ctypes.c_size_t(32)
        r = ctypes.byref
        self.libc.iconv(self.handle, None, None, None, None)
        if self.libc.iconv(self.handle, r(ins), r(left), r(outs), r(room)) == ctypes.c_size_t(-1).value:
            return None
        # Some converters hold a character back until they are flushed.
        self.libc.iconv(self.handle, None, None, r(outs), r(room))
        return target.raw[: 32 - room.value].decode() or None


def python_decoder(name):
    codecs.lookup(name)

    def decode(data):
        try:
            return data.decode(name) or None
        except UnicodeDecodeError:
            return None

    return decode


def candidates(form, page):
    yield from (bytes([b]) for b in range(256) if form != "Pairs" and not (form == "Shifted" and b in (0x0E, 0x0F)))
    if form == "Shifted":
        # A shift is no half of a character; decoders disagree on what follows it.
        pairs = (k.to_bytes(2, "big") for k in range(0x4040, 0x10000))
        yield from (b"\x0e" + p + b"\x0f" for p in pairs)
    elif form == "Led":
        yield from (k.to_bytes(2, "big") for k in range(0x8000, 0x10000) if bytes([k >> 8]) not in page)
        yield from (data for data in page if len(data) > 2)


def kind(ours, theirs):
    if ours is None:
        return "only theirs"
    if theirs is None:
        return "only ours"
    first = (ours[0], theirs[0])
    if all(unicodedata.category(c) == "Cc" for c in first):
        return "controls"
    if any(unicodedata.category(c) == "Co" for c in first):
        return "private"
    folded = {unicodedata.normalize("NFKC", c) for c in (ours, theirs)}
    names = [unicodedata.name(c, "") for c in first]
    alike = [
        {"TILDE", "WAVE", "OVERLINE", "MACRON"},
        {"DASH", "BAR", "HYPHEN", "MINUS", "HORIZONTAL"},
        {"PARALLEL", "VERTICAL", "DOUBLE"},
        {"CENT"}, {"POUND"}, {"NOT"}, {"BROKEN"}, {"YEN", "SOLIDUS"}, {"WON", "SOLIDUS"}, {"DOT", "BULLET"},
        {"MICRO", "MU"}, {"SIGMA", "SUMMATION"}, {"ETH", "STROKE"}, {"QUOTATION", "APOSTROPHE"}, {"ELLIPSIS"},
        {"OHM", "OMEGA"}, {"SHARP", "BETA"}, {"CIRCLE"}, {"SUN", "CIRCLED"},
    ]  # fmt: skip
    words = [set(re.split(r"[ -]", n)) for n in names]
    if len(folded) == 1 or any(group & words[0] and group & words[1] for group in alike):
        return "look-alike"
    return "other"


def compare(ccsid, page, form, peer, decode):
    found = {}
    for data in candidates(form, page):
        ours, theirs = page.get(data), decode(data)
        # What is no single unit of the page (two characters for two bytes) is not compared.
        if ours != theirs and not (ours is None and theirs and len(theirs) > 1 and len(data) == 2):
            found.setdefault(kind(ours, theirs), []).append((data.hex(), ours, theirs))
    count = ", ".join(f"{k} {len(v)}" for k, v in sorted(found.items())) or "equal"
    print(f"{ccsid} {peer}: {count}")
    for what, cells in sorted(found.items()):
        if what in ("other", "look-alike", "only theirs"):
            shown = "; ".join(f"{d} {ascii(o)} {ascii(t)}" for d, o, t in cells[:12])
            print(f"    {what} (bytes, ours, theirs): {shown}")


def main():
    chosen = {int(a) for a in sys.argv[1:]}
    for ccsid, (page, form) in sorted(tables().items()):
        if chosen and ccsid not in chosen:
            continue
        peers = []
        for name in (GLIBC.get(ccsid), f"IBM{ccsid}", f"CP{ccsid}"):
            try:
                peers.append((f"glibc {name}", Iconv(name).decode))
                break
            except (LookupError, AttributeError):
                continue
        for name in (PYTHON.get(ccsid), f"cp{ccsid}"):
            try:
                peers.append((f"Python {name}", python_decoder(name)))
                break
            except (LookupError, TypeError):
                continue
        for peer, decode in peers:
            compare(ccsid, page, form, peer, decode)
        if not peers:
            print(f"{ccsid}: no peer has it")


if __name__ == "__main__":
    main()
