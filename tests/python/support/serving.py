"""The server of this repository in a process of its own, with the sample tables of examples/serve."""

from __future__ import annotations

import datetime
import functools
import hashlib
import json
import subprocess
import threading
from decimal import Decimal
from pathlib import Path
from typing import Any

from derby import die_with_parent

ROOT = Path(__file__).resolve().parents[3]
USER, PASSWORD = "user", "secret"


#: The programs of examples/ that tests start, and the library, as `cargo test` makes them of the same features.
BUILD = ("cargo", "build", "--locked", "--features", "server,adbc", "--lib", "--example", "serve", "--example", "pages")


@functools.cache
def artifacts() -> list[dict[str, Any]]:
    """What Cargo says of each crate, program and library that is built."""
    command = [*BUILD, "--message-format", "json", "--quiet"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1500, check=False)
    if done.returncode != 0:
        raise AssertionError(f"the programs cannot be built:\n{done.stderr}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def built(example: str) -> Path:
    """A program of examples/, built."""
    return next(Path(line["executable"]) for line in artifacts() if line.get("executable") and line["target"]["name"] == example)


def library() -> Path:
    """The library without Python, with the driver for ADBC."""
    names = (Path(name) for line in artifacts() for name in line.get("filenames", []))
    return next(path for path in names if path.name == "libdrdarrow.so")


class Served:
    """A server of one persona; a context manager. Without `password` everybody may connect. `tls` is a certificate and
    its key, `level` the password level of the persona `ibmi`, which has a sign-on server beside it."""

    def __init__(
        self,
        persona: str,
        password: str | None = None,
        user: str = USER,
        tls: tuple[Path, Path] | None = None,
        level: int = 2,
    ) -> None:
        login = [user, password] if password else ["", ""]
        self.process = subprocess.Popen(
            [built("serve"), persona, "0", *login, *(tls or ("", "")), str(level)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=die_with_parent,
        )
        watch = threading.Timer(60, self.process.kill)
        watch.start()
        assert self.process.stdout
        line = self.process.stdout.readline()
        beside = self.process.stdout.readline() if persona.startswith("ibmi") else ""
        watch.cancel()
        if not line:
            raise AssertionError(f"examples/serve ended with {self.process.wait(10)}")
        self.port = int(line.rsplit(":", 1)[1])
        self.signon = int(beside.rsplit(":", 1)[1]) if beside else 0

    def close(self) -> None:
        self.process.kill()
        self.process.wait(10)

    def __enter__(self) -> Served:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def dsn(port: int, user: str = "user", password: str = "secret", database: str = "SAMPLE", extra: str = "") -> str:
    """A connection string of IBM's driver. Of the same kind, with TLS: `extra="SECURITY=SSL;SSLSERVERCERTIFICATE=..."`."""
    return (
        f"DATABASE={database};HOSTNAME=127.0.0.1;PORT={port};PROTOCOL=TCPIP;UID={user};PWD={password};"
        f"CONNECTTIMEOUT=20;{extra}"
    )


def print_of(value: object) -> object:
    """Length in bytes and hash of a large value; another as it is."""
    if isinstance(value, str):
        value = value.encode()
    return (len(value), hashlib.sha256(value).hexdigest()) if isinstance(value, bytes) else value


def _stamp(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text)


def _stamps() -> dict[str, list]:
    """TIMESTAMP(0) to TIMESTAMP(12), to the microsecond."""
    out: dict[str, list] = {}
    for digits in range(13):
        cut = "999999"[: min(digits, 6)].ljust(6, "0")
        low, high, late = "0001-01-01 00:00:00", f"9999-12-31 23:59:59.{cut}", f"2023-11-14 22:13:20.{cut}"
        if digits > 6:
            # Nanoseconds in 64 bits do not reach that far.
            low, high, late = (
                "1823-11-12 00:06:21.572612",
                "2116-02-20 23:53:38.427387",
                "2023-11-14 22:13:20.123456",
            )
        values = (low, high, "1970-01-01 00:00:00", late, f"1969-12-31 23:59:59.{cut}")
        out[f"TS{digits}"] = _with_null([_stamp(v) for v in values])
    return out


def _with_null(values: list) -> list:
    """The second row of EXTREMES is NULL."""
    return [values[0], None, *values[1:]]


_NINES = 10**31 - 1
# Six rows of each column of EXTREMES; the source is examples/serve/tables.rs.
EXTREMES: dict[str, list] = {
    "ID": [0, 1, 2, 3, 4, 5],
    "I2": _with_null([-(2**15), 2**15 - 1, 0, 1, -1]),
    "I4": _with_null([-(2**31), 2**31 - 1, 0, 1, -1]),
    "I8": _with_null([-(2**63), 2**63 - 1, 0, 1, -1]),
    "R4": _with_null(
        [
            float.fromhex("-0x1.fffffep127"),
            float.fromhex("0x1.fffffep127"),
            2.0**-126,
            2.0**-149,
            float.fromhex("-0x1.99999ap-4"),
        ]
    ),
    "R8": _with_null(
        [float.fromhex("-0x1.fffffffffffffp1023"), float.fromhex("0x1.fffffffffffffp1023"), 2.0**-1022, 5e-324, -0.1]
    ),
    "D1": _with_null([Decimal(n) for n in (-9, 9, 0, 1, -1)]),
    "D31": _with_null([Decimal(n) for n in (-_NINES, _NINES, 0, 1, -1)]),
    "D3131": _with_null([Decimal(f"{n}e-31") for n in (-_NINES, _NINES, 0, 1, -1)]),
    "B": _with_null([False, True, True, False, True]),
    "C5": _with_null(["     ", "zzzzz", "Ü é", "日ab", " x   "]),
    "VC": _with_null(["", "Grüße 日本 𝄞", "a'b\"c", "\u0001\u007f\t\n", " trailing "]),
    "G3": _with_null(["日本語", "𝄞x", "   ", "ab ", "Ü日 "]),
    "VG": _with_null(["", "日本 𝄞", "plain", "é", " "]),
    "BD": _with_null([b"\0\0\0", b"\xff\xff\xff", b"   ", b"\0\x01\x02", b"@@@"]),
    "VBD": _with_null([b"", b"\xff\0", b" ", b"\0", b"abc"]),
    "BIN": _with_null([b"\0\0\0", b"\xff\xff\xff", b"   ", b"\0\x01\x02", b"@@@"]),
    "VBIN": _with_null([b"", b"\xff\0", b" ", b"\0", b"abc"]),
    "DAT": _with_null([datetime.date.fromisoformat(d) for d in
        ("0001-01-01", "9999-12-31", "1970-01-01", "2000-02-29", "1582-10-15")]),
    "TIM": _with_null([datetime.time.fromisoformat(t) for t in
        ("00:00:00", "23:59:59", "00:00:01", "12:00:00", "00:59:59")]),
    "DF16": _with_null(["-9.999999999999999E+384", "9.999999999999999E+384", "1E-398", "NaN", "-Infinity"]),
    "DF34": _with_null(
        [f"-9.{'9' * 33}E+6144", f"9.{'9' * 33}E+6144", "1E-6176", "Infinity", "1.50"],
    ),
    **_stamps(),
}  # fmt: skip

LOB_SIZES = [0, None, 1, 32_768, 1 << 20, 20 << 20]


def _mixed(n: int) -> bytes:
    return bytes((i * 31 + i // 251) % 256 for i in range(n))


@functools.cache
def lob(row: int) -> tuple[str | None, bytes | None]:
    """The CLOB and the BLOB of a row of LOBS."""
    if row == len(LOB_SIZES):
        return "Grüße 日本 𝄞 " * 5_000, bytes(40_000)
    size = LOB_SIZES[row]
    if size is None:
        return None, None
    data = _mixed(size)
    return data.translate(bytes(32 + i % 95 for i in range(256))).decode(), data
