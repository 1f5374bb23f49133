#!/usr/bin/env python3
"""Holds every code page, as the crate reads it, against ICU, glibc's iconv and Java, byte for byte.

    cargo build --example pages
    python3 tools/ccsid/compare.py target/debug/examples/pages            the test
    python3 tools/ccsid/compare.py target/debug/examples/pages 37 930     some pages, each difference in full
    python3 tools/ccsid/compare.py target/debug/examples/pages --write    writes differences.txt anew

Every byte of a single-byte page, every pair of a double-byte page, within shifts where it has shifts, is asked of each
peer that has the page, what stands for nothing included. What differs is listed in differences.txt with the reason; a
difference that is not there, or is there and not found, fails, and so does a peer that is not installed.
"""

import argparse
import ctypes
import pathlib
import shutil
import subprocess
import sys
import unicodedata

HERE = pathlib.Path(__file__).resolve().parent
LIST = HERE / "differences.txt"
PEERS = ("icu", "glibc", "java")
SHIFTS = (b"\x8f", b"\x8e\xa2", b"\x8e\xac", b"\x8e\xad")

# Pages that a peer has only as the half of a mixed page, or under the number of another one.
MIXED_OF = {
    833: 933, 836: 935, 1027: 939, 1159: 1371, 13121: 1364, 13124: 1388, 28709: 937,
    300: 939, 834: 933, 835: 937, 837: 935, 4930: 1364, 4933: 1388, 9027: 1371, 16684: 1399,
}  # fmt: skip
SAME = {5026: 930, 5035: 939}
# The Windows pages with the euro sign, by the numbers of their generation.
WINDOWS = {
    1250: 5346, 1251: 5347, 1252: 5348, 1253: 5349, 1254: 5350, 1255: 9447, 1256: 9448, 1257: 9449, 1258: 5354,
}  # fmt: skip
ICU = {ccsid: f"ibm-{name}" for ccsid, name in WINDOWS.items()}
GLIBC = {
    954: "EUC-JP", 964: "EUC-TW", 970: "EUC-KR", 1383: "EUC-CN", 1386: "GBK", 912: "ISO-8859-2", 913: "ISO-8859-3",
    914: "ISO-8859-4", 923: "ISO-8859-15", 37: "IBM037", 838: "IBM838", 878: "KOI8-R", 1168: "KOI8-U", 1363: "UHC",
    9030: "IBM9030", **{other: f"CP{ccsid}" for ccsid, other in WINDOWS.items()},
}  # fmt: skip
JAVA = {
    838: "IBM-Thai", 858: "IBM00858", 37: "IBM037", 954: "EUC-JP", 1386: "GBK", 1363: "x-windows-949", 878: "KOI8-R",
    1168: "KOI8-U", 367: "US-ASCII", 819: "ISO-8859-1", 912: "ISO-8859-2", 913: "ISO-8859-3", 914: "ISO-8859-4",
    915: "ISO-8859-5", 1089: "ISO-8859-6", 813: "ISO-8859-7", 916: "ISO-8859-8", 920: "ISO-8859-9",
    923: "ISO-8859-15", **{other: f"windows-{ccsid}" for ccsid, other in WINDOWS.items()},
    **{ccsid: f"IBM0{ccsid}" for ccsid in range(1140, 1150)},
}  # fmt: skip


def dump(program, chosen):
    """CCSID -> (form, {bytes: text}) as the crate reads it."""
    run = subprocess.run([program, *map(str, chosen)], capture_output=True, check=True, text=True)
    pages = {}
    for line in run.stdout.splitlines():
        if line.startswith("page "):
            _, ccsid, form = line.split()
            page = {}
            pages[int(ccsid)] = form, page
        else:
            data, text = line.split()
            page[bytes.fromhex(data)] = bytes.fromhex(text).decode()
    return pages


def units(form, page):
    """Every unit that the page may have."""
    pairs = [code.to_bytes(2, "big") for code in range(0x4040, 0x10000)]
    if form == "pairs":
        return pairs
    found = [bytes([b]) for b in range(256)]
    if form == "shifted":
        # The shifts themselves stand for nothing.
        found = [unit for unit in found if unit not in (b"\x0e", b"\x0f")]
        found += [b"\x0e" + pair + b"\x0f" for pair in pairs]
    elif form == "led":
        high = [pair for pair in pairs if pair[0] >= 0x80]
        found += [pair for pair in high if pair[:1] not in page]
        used = {data[:-2] for data in page if len(data) > 2}
        found += [shift + pair for shift in SHIFTS if shift in used for pair in high]
    return found


class Icu:
    """ICU's converters."""

    def __init__(self):
        import icu

        self.icu = icu

    def decode(self, names, data):
        for name in names:
            try:
                converter = self.icu.Icu(name)
            except LookupError:
                continue
            return name, [converter.decode(unit) for unit in data]
        return None


class Glibc:
    """glibc's iconv, through the C library that Python itself runs on."""

    def __init__(self):
        libc = ctypes.CDLL("libc.so.6")
        void, size = ctypes.c_void_p, ctypes.c_size_t
        self.open, self.close, self.iconv = libc.iconv_open, libc.iconv_close, libc.iconv
        self.open.restype, self.open.argtypes = void, [ctypes.c_char_p] * 2
        self.close.argtypes = [void]
        self.iconv.restype, self.iconv.argtypes = size, [void] * 5
        if self.open(b"UTF-8", b"IBM037") == size(-1).value:
            raise SystemExit("glibc has no converters (Debian: locales or libc-bin)")

    def decode(self, names, data):
        for name in names:
            handle = self.open(b"UTF-8", name.encode())
            if handle != ctypes.c_size_t(-1).value:
                found = self._all(ctypes.c_void_p(handle), data)
                self.close(handle)
                return name, found
        return None

    def _all(self, handle, data):
        source, target = ctypes.create_string_buffer(8), ctypes.create_string_buffer(32)
        starts = ctypes.addressof(source), ctypes.addressof(target)
        ins, outs, left, room = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_size_t(), ctypes.c_size_t()
        at_in, at_out, n_in, n_out = map(ctypes.addressof, (ins, outs, left, room))
        found = []
        for unit in data:
            source[: len(unit)] = unit
            ins.value, outs.value = starts
            left.value, room.value = len(unit), 32
            self.iconv(handle, None, None, None, None)
            failed = self.iconv(handle, at_in, n_in, at_out, n_out) == ctypes.c_size_t(-1).value
            # Some converters hold a character back until they are flushed.
            failed = failed or self.iconv(handle, None, None, at_out, n_out) == ctypes.c_size_t(-1).value
            found.append(None if failed else target[: 32 - room.value].decode() or None)
        return found


class Java:
    """Java's charsets; everything is asked in one run."""

    def __init__(self):
        if not shutil.which("java"):
            raise SystemExit("java is not installed (Debian: default-jdk-headless)")
        self.asked = []

    def ask(self, names, data):
        hexes = "\n".join(unit.hex() for unit in data)
        self.asked.append([(name, f"charset {name}\n{hexes}\n", len(data)) for name in names])

    def answers(self):
        """For each question: the name and what it decodes to, or None."""
        program = [shutil.which("java"), "-XX:TieredStopAtLevel=1", str(HERE / "Decode.java")]
        known = self._run(program, "".join(f"charset {name}\n" for names in self.asked for name, _, _ in names))
        chosen = []
        for names in self.asked:
            said = [next(known) == "yes" for _ in names]
            chosen.append(next((n for n, yes in zip(names, said, strict=True) if yes), None))
        lines = self._run(program, "".join(question for name in chosen if name for question in name[1:2]))
        for choice in chosen:
            if choice is None:
                yield None
                continue
            assert next(lines) == "yes"
            texts = [next(lines) for _ in range(choice[2])]
            yield choice[0], [bytes.fromhex(text).decode() if text else None for text in texts]

    @staticmethod
    def _run(program, text):
        return iter(subprocess.run(program, input=text, capture_output=True, check=True, text=True).stdout.split("\n"))


def names(peer, ccsid):
    """The name that the peer may have for the page."""
    ccsid = SAME.get(ccsid, ccsid)
    if peer == "icu":
        return [ICU.get(ccsid, f"ibm-{ccsid}")]
    if peer == "glibc":
        return [GLIBC[ccsid]] if ccsid in GLIBC else [f"IBM{ccsid}", f"CP{ccsid}"]
    plain = [f"IBM{ccsid}", f"x-IBM{ccsid}", f"windows-{ccsid}"]
    return [JAVA[ccsid]] if ccsid in JAVA else plain


def asked(peer, ccsid, form, page):
    """The names, and the units as that peer takes them."""
    data = units(form, page)
    yield names(peer, ccsid), data
    if ccsid in MIXED_OF:
        wrapped = [b"\x0e" + unit + b"\x0f" if form == "pairs" else unit for unit in data]
        yield names(peer, MIXED_OF[ccsid]), wrapped


def told(pages):
    """(CCSID, peer) -> (the peer's name for the page, its texts); absent where the peer does not have it."""
    peers = {"icu": Icu(), "glibc": Glibc(), "java": Java()}
    found, order = {}, []
    for ccsid, (form, page) in pages.items():
        for peer in PEERS:
            for attempt in asked(peer, ccsid, form, page):
                if peer == "java":
                    peers[peer].ask(*attempt)
                    order.append(ccsid)
                elif (ccsid, peer) not in found and (answer := peers[peer].decode(*attempt)):
                    found[ccsid, peer] = answer
    for ccsid, answer in zip(order, peers["java"].answers(), strict=True):
        if answer:
            found.setdefault((ccsid, "java"), answer)
    return found


def differences(pages, answers):
    """(CCSID, peer) -> [(bytes, ours, theirs)]"""
    found = {}
    for (ccsid, peer), (_, texts) in answers.items():
        form, page = pages[ccsid]
        cells = [(d, page.get(d), t) for d, t in zip(units(form, page), texts, strict=True) if page.get(d) != t]
        # Two characters of one byte each are no character of two bytes.
        cells = [c for c in cells if not (c[1] is None and len(c[2]) > 1 and form == "led")]
        # The half of a mixed page is compared; its shifts are the mixed page's.
        half = ccsid in MIXED_OF and form == "bytes"
        found[ccsid, peer] = [c for c in cells if not (half and c[0] in (b"\x0e", b"\x0f"))]
    return found


def kind(ours, theirs):
    """A word for a difference, for a list written anew."""
    if ours is None:
        return "theirs"
    if theirs is None:
        return "private-ours" if all(unicodedata.category(c) == "Co" for c in ours) else "ours"
    if all(unicodedata.category(c) == "Cc" for c in (ours[0], theirs[0])):
        return "controls"
    if "Co" in (unicodedata.category(ours[0]), unicodedata.category(theirs[0])):
        return "private"
    if unicodedata.normalize("NFKC", ours) == unicodedata.normalize("NFKC", theirs):
        return "compatible"
    return "other"


def ranges(data):
    """Codes in hexadecimal, those that follow each other as FIRST-LAST."""
    runs = []
    for unit in sorted(data, key=lambda d: (len(d), d)):
        value = int.from_bytes(unit, "big")
        if runs and len(runs[-1][1]) == len(unit) and int.from_bytes(runs[-1][1], "big") + 1 == value:
            runs[-1][1] = unit
        else:
            runs.append([unit, unit])
    return " ".join(a.hex() if a == b else f"{a.hex()}-{b.hex()}" for a, b in runs)


def bare(unit):
    """A pair without the shifts around it."""
    return unit[1:-1] if len(unit) == 4 and unit[:1] + unit[-1:] == b"\x0e\x0f" else unit


def listed():
    """(CCSID, peer) -> {codes}, from differences.txt; each line has a reason that is explained there."""
    reasons, found = set(), {}
    for line in LIST.read_text().splitlines():
        if line.startswith("= "):
            reasons.add(line.split()[1])
        elif line and not line.startswith("#"):
            ccsid, peer, reason, *codes = line.split()
            if reason not in reasons:
                raise SystemExit(f"{LIST.name}: {reason} is not explained")
            cells = found.setdefault((int(ccsid), peer), set())
            for code in codes:
                first, _, last = code.partition("-")
                width, first, last = len(first) // 2, int(first, 16), int(last or first, 16)
                cells |= {value.to_bytes(width, "big") for value in range(first, last + 1)}
    return found


def write(found):
    """The list anew: explanations stay, a line keeps its reason where the page had one for that code."""
    head, old = [], {}
    for line in LIST.read_text().splitlines() if LIST.exists() else []:
        if line.startswith(("#", "= ")) or not line:
            head.append(line)
        else:
            ccsid, peer, reason, *codes = line.split()
            for code in codes:
                first, _, last = code.partition("-")
                width = len(first) // 2
                for value in range(int(first, 16), int(last or first, 16) + 1):
                    old[int(ccsid), peer, value.to_bytes(width, "big")] = reason
    lines = []
    for (ccsid, peer), cells in sorted(found.items()):
        groups = {}
        for data, ours, theirs in cells:
            code = bare(data)
            groups.setdefault(old.get((ccsid, peer, code)) or kind(ours, theirs), []).append(code)
        lines += [f"{ccsid} {peer} {reason} {ranges(codes)}" for reason, codes in sorted(groups.items())]
    while head and not head[-1]:
        head.pop()
    LIST.write_text("\n".join([*head, "", *lines, ""]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", help="the example `pages`, built")
    parser.add_argument("ccsid", nargs="*", type=int)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    pages = dump(options.program, options.ccsid)
    answers = told(pages)
    found = differences(pages, answers)
    if options.write:
        write(found)
        return
    if options.ccsid:
        for (ccsid, peer), cells in found.items():
            print(f"{ccsid} {peer} {answers[ccsid, peer][0]}: {len(cells)} differ")
            for data, ours, theirs in cells:
                print(f"    {bare(data).hex()} {kind(ours, theirs)} {ascii(ours)} {ascii(theirs)}")
        return
    known, wrong, cells = listed(), 0, 0
    for of in sorted(set(known) | set(found)):
        here = {bare(data) for data, _, _ in found.get(of, [])}
        there = known.get(of, set())
        for what, codes in (
            ("differs and is not listed", here - there),
            ("is listed and does not differ", there - here),
        ):
            if codes:
                wrong += 1
                print(f"{of[0]} {of[1]}: {what}: {ranges(codes)}")
    for form, page in pages.values():
        cells += len(units(form, page))
    count = ", ".join(f"{peer} {sum(1 for _, p in answers if p == peer)}" for peer in PEERS)
    alone = [ccsid for ccsid in pages if not any((ccsid, peer) in answers for peer in PEERS)]
    print(f"{len(pages)} pages, {cells} codes; pages by peer: {count}; without a peer: {alone}")
    if wrong:
        sys.exit(1)


if __name__ == "__main__":
    main()
