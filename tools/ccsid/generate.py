#!/usr/bin/env python3
"""Writes the tables of codec/src/wire/ccsid/ from ICU's data.

    python3 tools/ccsid/generate.py

Sources
-------
* ICU's shipped converters (read through libicuuc, see icu.py), named `ibm-<CCSID>` unless
  ICU_NAME says otherwise. What ICU calls the default table of a CCSID is taken: 943 and 949
  have the yen and the won sign at 5C, 932 is served by 942.
* The windows pages 1250 to 1258 are the tables with the euro sign (ICU's names carry the
  CCSIDs of that generation, 5346 and up); IBM's products have used those since 1998.
* Pages that exist in ICU only as half of a mixed page are that half: 300 834 835 837 (double
  byte), 833 836 1027 1159 13121 13124 28709 (single byte), 4930 4933 9027 likewise.
* 423, 880, 905 and 1166 are not in ICU: glibc's IBM423, IBM880, IBM905, IBM1166. The first
  three come from an old register there and miss or misplace some cells; IBM's own character
  tables have the values of CORRECTIONS.
* 924 is in none of them: it is 1047's layout over Latin-9 (923) with the three cells of
  CORRECTIONS exchanged.
* 1381 (Simplified Chinese, PC) is in none of them: its GB 2312 characters are those of 1383;
  IBM's extra 31 signs stand at 8CE0 instead of FEE0, the user-defined area runs from 8DA1 to
  A0FE, and its single bytes (page 1115) are ASCII with five signs at 80 to 84.

Line ends: every EBCDIC page has 15 -> U+0085 and 25 -> U+000A (CDRA); this is asserted.

Files
-----
`data/single.bin`: per page 256 little-endian units (FFFF: undefined), then a bitmap of 32 bytes
of the bytes that are only decoded (another byte is the one to write for that character).
`data/double.bin`: the tables in the order of LAID. A table: all big-endian.
    number of segments; per segment the number of codes since the last one, then twice the number of its codes
        less 2, and 1 more if its characters are consecutive: then one unit follows, otherwise one for each code.
        Units are differences to the one before, less 1; their sign is the lowest bit. All of these are numbers of
        seven bits a byte, the highest first, with the top bit in all bytes but the last. A unit of 0
        takes away what the base table has; units from D800 are places in the list of extras.
    u16 number of extras; each u32 character, u32 second character or 0.
    u16 number of codes that are only decoded, then these.
`directory.rs`: which CCSID uses which tables.
"""

import itertools
import pathlib
import struct
import subprocess

from icu import VERSION, Icu

ROOM = pathlib.Path(__file__).resolve().parents[2] / "codec/src/wire/ccsid"

EBCDIC = [
    37, 273, 277, 278, 280, 284, 285, 290, 297, 420, 423, 424, 500, 803, 833, 836, 838, 870, 871, 875, 880, 905,
    918, 924, 1025, 1026, 1027, 1047, 1097, 1112, 1122, 1123, 1130, 1132, 1137, *range(1140, 1150),
    *range(1153, 1161), 1164, 1166, 4899, 4971, 5123, 8482, 9030, 12712, 13121, 13124, 16804, 28709,
]  # fmt: skip
ASCII = [
    367, 437, 720, 737, 775, 813, 819, 850, 851, 852, 855, 856, 857, 858, *range(860, 867), 868, 869, 874, 878, 901,
    902, *range(912, 917), *range(920, 924), 1006, 1089, 1098, 1124, 1125, 1129, 1131, 1133, 1162, 1168,
    *range(1250, 1259), 4909, 5012, 5346, 5347, 5348, 5349, 5350, 5354, 9005, 9066, 9447, 9448, 9449,
]  # fmt: skip
ICU_NAME = {
    1250: "ibm-5346", 1251: "ibm-5347", 1252: "ibm-5348", 1253: "ibm-5349", 1254: "ibm-5350", 1255: "ibm-9447",
    1256: "ibm-9448", 1257: "ibm-9449", 1258: "ibm-5354",
}  # fmt: skip
# Single-byte page -> the mixed page that it is half of.
HALF_OF = {833: 933, 836: 935, 1027: 939, 1159: 1371, 13121: 1364, 13124: 1388, 28709: 937}
GLIBC = {423: "IBM423", 880: "IBM880", 905: "IBM905", 1166: "IBM1166"}
CORRECTIONS = {
    423: {0x6A: 0x7C, 0x74: 0xA0, 0xAF: 0x3C3, 0xBA: 0x3C2, 0xCA: 0xAD, 0xCC: 0xE2},
    880: {0x41: 0xA0, 0x45: 0x454, 0x55: 0x45E, 0x64: 0x404, 0x6A: 0x7C, 0x73: 0xAD, 0x74: 0x40E, 0x79: 0x60,
          0xA1: 0x7E, 0xC0: 0x7B, 0xD0: 0x7D},
    905: {0x41: 0xA0, 0x9D: 0xB8, 0xB0: 0x2D9, 0xB7: 0xB7},
    924: {0x4A: 0xDD, 0xB0: 0xA2, 0xBA: 0xAC},
}  # fmt: skip

# Double-byte table -> (how ICU reads a code of it, the table that it is stored as a difference to).
HOST, PC = "host", "pc"
DOUBLE = {
    300: (HOST, 939, None),
    834: (HOST, 933, None),
    835: (HOST, 937, None),
    837: (HOST, 935, None),
    4930: (HOST, 1364, 834),
    4933: (HOST, 1388, 837),
    9027: (HOST, 1371, 835),
    16684: (HOST, 1399, 300),
    942: (PC, 942, None),
    943: (PC, 943, 942),
    949: (PC, 949, None),
    950: (PC, 950, None),
    954: (PC, 954, None),
    964: (PC, 964, None),
    970: (PC, 970, None),
    1363: (PC, 1363, 949),
    1383: (PC, 1383, None),
    1381: (PC, None, 1383),
    1386: (PC, 1386, 1381),
}
# Mixed EBCDIC page -> (the ICU page whose single bytes it has, double-byte table).
MIXED = {
    930: (930, 300), 5026: (930, 300), 939: (939, 300), 5035: (939, 300), 933: (933, 834), 935: (935, 837),
    937: (937, 835), 1364: (1364, 4930), 1371: (1371, 9027), 1388: (1388, 4933), 1390: (1390, 16684),
    1399: (1399, 16684),
}  # fmt: skip
# Page with lead bytes -> double-byte table.
LEAD = {932: 942, 942: 942, 943: 943, 949: 949, 950: 950, 954: 954, 964: 964, 970: 970, 1363: 1363, 1381: 1381,
        1383: 1383, 1386: 1386}  # fmt: skip
# Bytes before a code -> masks of its two bytes. The trail (or lead) byte loses its top bit, so that
# all planes of an EUC page share one table.
PLANES = {
    954: [(b"\x8f", 0xFF, 0x7F)],
    964: [(b"\x8e\xa2", 0xFF, 0x7F), (b"\x8e\xac", 0x7F, 0xFF), (b"\x8e\xad", 0x7F, 0x7F)],
}
# The order in which the tables lie. Neighbours have many characters in the same order, which the compression of a
# wheel finds again if they are less than 32 KiB apart.
LAID = [1381, 1383, 837, 300, 943, 942, 16684, 954, 4930, 1363, 4933, 1386, 970, 949, 834, 950, 835, 964, 9027]
UNDEFINED = 0xFFFF


def icu_single(name):
    page = Icu(name)
    cells = [page.decode(bytes([b])) for b in range(256)]
    return cells, {ch: page.encode(ch) for ch in cells if ch}


def derived_single(ccsid):
    cells = [None] * 256
    if ccsid in GLIBC:
        for b in range(256):
            run = subprocess.run(["iconv", "-f", GLIBC[ccsid], "-t", "UTF-8"], input=bytes([b]), capture_output=True)
            cells[b] = run.stdout.decode() if run.returncode == 0 else None
    elif ccsid == 924:
        layout, repertoire = Icu("ibm-1047"), Icu("ibm-923")
        cells = [repertoire.decode(layout.decode(bytes([b])).encode("latin-1")) for b in range(256)]
    elif ccsid == 1381:
        cells = [chr(b) for b in range(0x80)] + [None] * 0x80
        cells[0x80:0x85] = "\xa3\xac\xa5\u203e\xa6"
        cells[0x1A], cells[0x1C], cells[0x7F] = "\x1c", "\x7f", "\x1a"
    for b, ch in CORRECTIONS.get(ccsid, {}).items():
        cells[b] = chr(ch)
    return cells, {ch: bytes([cells.index(ch)]) for ch in cells if ch}


class Singles:
    """The pages of single.bin; pages with equal tables share one."""

    def __init__(self):
        self.blobs, self.names = [], []

    def add(self, name, cells, back):
        assert all(ch is None or len(ch) == 1 and ord(ch) < UNDEFINED for ch in cells), name
        units = struct.pack("<256H", *(UNDEFINED if ch is None else ord(ch) for ch in cells))
        silent = bytearray(32)
        seen = {}
        for b, ch in enumerate(cells):
            if ch:
                seen.setdefault(ch, []).append(b)
        for ch, places in seen.items():
            keep = back.get(ch)
            if keep is None:
                # ICU writes nothing for it; the round trip would break.
                keep = places[0]
            else:
                # A longer code is the one to write (1386: the euro sign).
                keep = keep[0] if len(keep) == 1 else None
            for b in places:
                if b != keep:
                    silent[b // 8] |= 1 << b % 8
        blob = units + bytes(silent)
        if blob not in self.blobs:
            self.blobs.append(blob)
            self.names.append(name)
        return self.blobs.index(blob)


def icu_page(name):
    """A single-byte page; shift-out and shift-in of a mixed page are no characters of its half."""
    if name in HALF_OF:
        cells, back = icu_single(f"ibm-{HALF_OF[name]}")
        cells[0x0E], cells[0x0F] = "\x0e", "\x0f"
        return cells, back
    if name in GLIBC or name in (924, 1381):
        return derived_single(name)
    return icu_single(ICU_NAME.get(name, f"ibm-{name}"))


def double(name):
    """code -> text, and text -> code as ICU writes it."""
    kind, icu, _ = DOUBLE[name]
    if name == 1381:
        euc, _ = double(1383)
        cells = {c: t for c, t in euc.items() if not 0xE000 <= ord(t) <= 0xF8FF and c < 0xFEA1}
        cells.update({0x8CE0 + i: euc[0xFEE0 + i] for i in range(31)})
        area = [lead << 8 | trail for lead in range(0x8D, 0xA1) for trail in range(0xA1, 0xFF)]
        cells.update({c: chr(0xE000 + i) for i, c in enumerate(area)})
        return cells, {}
    page = Icu(f"ibm-{icu}")
    cells, back = {}, {}

    def take(code, before, data, after):
        text = page.decode(before + data + after)
        if text is None:
            return
        cells[code] = text
        written = page.encode(text)
        if written and written.startswith(before) and written.endswith(after):
            back.setdefault(text, written[len(before) : len(written) - len(after)])

    for code in range(0x4040, 0x10000):
        data = code.to_bytes(2, "big")
        if kind == HOST:
            take(code, b"\x0e", data, b"\x0f")
        elif page.decode(data[:1]) is None:
            take(code, b"", data, b"")
    if kind == PC:
        back = {t: int.from_bytes(b, "big") for t, b in back.items() if len(b) == 2}
    else:
        back = {t: int.from_bytes(b, "big") for t, b in back.items()}
    for prefix, lead_mask, trail_mask in PLANES.get(name, []):
        for code in range(0xA1A1, 0x10000):
            data = code.to_bytes(2, "big")
            text = page.decode(prefix + data)
            if text is None:
                continue
            stored = (data[0] & lead_mask) << 8 | data[1] & trail_mask
            assert stored not in cells, (name, hex(stored))
            cells[stored] = text
            if page.encode(text) == prefix + data:
                back[text] = stored
    return cells, back


def number(value):
    """Seven bits a byte, the highest first."""
    rest = [value >> shift for shift in (7, 14) if value >> shift]
    return bytes(0x80 | part & 0x7F for part in reversed(rest)) + bytes([value & 0x7F])


def folded(difference):
    """A difference of sixteen bits with its sign in the lowest bit."""
    difference &= 0xFFFF
    return 2 * difference if difference < 0x8000 else 2 * (0xFFFF - difference) + 1


def pack(name, cells, back, base):
    """The bytes of a double-byte table, as a difference to `base`."""
    extras, units = [], {}
    for code, text in sorted(cells.items()):
        chars = [ord(c) for c in text]
        if len(chars) == 1 and chars[0] < 0x10000:
            units[code] = chars[0]
        else:
            assert len(chars) <= 2
            units[code] = 0xD800 + len(extras)
            extras.append((chars + [0])[:2])
    assert len(extras) < 0x800 and 0 not in units.values(), name
    change = {c: units.get(c, 0) for c in set(units) | set(base) if units.get(c, 0) != base.get(c, 0)}
    segments = []
    codes = sorted(change)
    at = 0
    while at < len(codes):
        first = codes[at]
        # How many codes follow each other, and how many of these have consecutive characters?
        steady = 1
        while at + steady < len(codes) and codes[at + steady] == first + steady and change[
            first + steady
        ] == change[first] + steady:  # fmt: skip
            steady += 1
        if steady >= 4:
            segments.append((first, steady, [change[first]]))
            at += steady
            continue
        values = []
        while at < len(codes) and codes[at] == first + len(values):
            run = [change.get(codes[at] + i) for i in range(6)]
            if values and all(v is not None and v == run[0] + i for i, v in enumerate(run)):
                break
            values.append(change[codes[at]])
            at += 1
        segments.append((first, len(values), values))
    places = {}
    for code, text in cells.items():
        places.setdefault(text, []).append(code)
    silent = []
    for text, codes in places.items():
        keep = back.get(text)
        keep = keep if keep in codes else min(codes)
        silent += [c for c in codes if c != keep]
    blob = number(len(segments))
    end = last = 0
    for first, count, values in segments:
        consecutive = len(values) < count
        blob += number(first - end) + number(count * 2 - 2 + consecutive)
        for value in values:
            blob += number(folded(value - last - 1))
            last = value
        end, last = first + count, last + (count - 1) * consecutive
    blob += struct.pack(">H", len(extras)) + b"".join(struct.pack(">II", *e) for e in extras)
    blob += struct.pack(">H", len(silent)) + b"".join(struct.pack(">H", c) for c in sorted(silent))
    return blob, units


def directory(singles, pages, packed):
    lines = [
        "//! Which CCSID uses which tables. Written by `tools/ccsid/generate.py` from ICU " + VERSION + ".",
        "",
        "use super::page::{PageForm, Planes, TableSource, UnitOrder};",
        "",
        "/// All single-byte tables, one after the other.",
        'pub(super) static SINGLE: &[u8] = include_bytes!("data/single.bin");',
        "",
        "/// Number of tables in [`SINGLE`].",
        f"pub(super) const SINGLES: usize = {len(singles.blobs)};",
        "",
        "/// All double-byte tables.",
        'pub(super) static DOUBLE_BYTES: &[u8] = include_bytes!("data/double.bin");',
        "",
        "/// Where each of them begins and ends; one that is a difference names its base by place.",
        f"pub(super) static DOUBLE: [TableSource; {len(DOUBLE)}] = [",
    ]
    order, ends = list(DOUBLE), list(itertools.accumulate(len(packed[name]) for name in LAID))
    for name, (_, _, base) in DOUBLE.items():
        place = "None" if base is None else f"Some({order.index(base)})"
        end = ends[LAID.index(name)]
        lines.append(f"    TableSource {{ base: {place}, start: {end - len(packed[name])}, end: {end} }},")
    lines += ["];", "", "/// The pages, by CCSID.", f"pub(super) static PAGES: [(u16, PageForm); {len(pages)}] = ["]
    lines += [f"    ({ccsid}, {form})," for ccsid, form in sorted(pages.items())]
    lines += ["];", ""]
    return "\n".join(lines)


def main():
    data = ROOM / "data"
    data.mkdir(exist_ok=True)
    for old in data.glob("*.bin"):
        old.unlink()
    singles, pages, order = Singles(), {}, list(DOUBLE)
    for family, blank in ((EBCDIC, "Ebcdic"), (ASCII, "Ascii")):
        for ccsid in family:
            cells, back = icu_page(ccsid)
            if blank == "Ebcdic":
                assert (cells[0x15], cells[0x25], cells[0x40]) == ("\x85", "\n", " "), ccsid
            else:
                assert (cells[0x0A], cells[0x20]) == ("\n", " "), ccsid
            pages[ccsid] = f"PageForm::{blank} {{ single: {singles.add(ccsid, cells, back)} }}"
    for ccsid, (half, table) in MIXED.items():
        cells, back = icu_single(f"ibm-{half}")
        cells[0x0E] = cells[0x0F] = None
        assert (cells[0x15], cells[0x25], cells[0x40]) == ("\x85", "\n", " "), ccsid
        single = singles.add(ccsid, cells, back)
        pages[ccsid] = f"PageForm::Shifted {{ single: {single}, double: {order.index(table)} }}"
    for ccsid, table in LEAD.items():
        cells, back = derived_single(1381) if ccsid == 1381 else icu_single(f"ibm-{ccsid}")
        single = singles.add(ccsid, cells, back)
        planes = {954: "JAPAN", 964: "TAIWAN"}.get(ccsid, "NONE")
        planes = f"Planes::{planes.title()}"
        pages[ccsid] = f"PageForm::Led {{ single: {single}, double: {order.index(table)}, planes: {planes} }}"
    for ccsid in (300, 834, 835, 837, 4930, 4933, 9027, 16684):
        pages[ccsid] = f"PageForm::Pairs {{ double: {order.index(ccsid)} }}"
    (data / "single.bin").write_bytes(b"".join(singles.blobs))
    packed, units = {}, {}
    for name, (_, _, base) in DOUBLE.items():
        cells, back = double(name)
        packed[name], units[name] = pack(name, cells, back, units.get(base, {}))
        print(f"double {name}: {len(cells)} characters in {len(packed[name])} bytes")
    (data / "double.bin").write_bytes(b"".join(packed[name] for name in LAID))
    for ccsid, form in {
        1200: "Big", 13488: "Big", 17584: "Big", 1202: "Little", 1204: "Marked",
    }.items():  # fmt: skip
        pages[ccsid] = f"PageForm::Utf16(UnitOrder::{form})"
    pages[1208] = "PageForm::Utf8"
    text = directory(singles, pages, packed)
    (ROOM / "directory.rs").write_text(text)
    subprocess.run(["rustfmt", "--edition", "2024", ROOM / "directory.rs"], check=True)
    print(f"{len(pages)} pages, {len(singles.blobs)} single-byte tables,"
          f" {sum(f.stat().st_size for f in data.glob('*.bin'))} bytes")  # fmt: skip


if __name__ == "__main__":
    main()
