"""A system that answers from recorded replies: tests/data/file_conversations.hex, by command and file."""

from __future__ import annotations

import contextlib
import socket
import threading
from pathlib import Path
from typing import Self

ROOT = Path(__file__).resolve().parents[2] / "data"
DATA = ROOT / "file_conversations.hex"
NAMES = {0x1041: "EXCSAT", 0x106D: "ACCSEC", 0x106E: "SECCHK", 0xD006: "S38CMD", 0xD011: "S38OPEN", 0xD004: "S38CLOSE"}
GETM, CMDST, UFCB, DCLNAM = 0xD00F, 0xD103, 0xD11F, 0x1136


def book() -> dict[str, list[bytes]]:
    replies: dict[str, list[bytes]] = {}
    heading = ""
    for line in DATA.read_text().splitlines():
        if line.startswith("["):
            heading = line[1:-1]
            replies.setdefault(heading, []).append(b"")
        elif line and not line.startswith("#"):
            replies[heading][-1] += bytes.fromhex(line)
    return replies


class Replay:
    """Serves one connection after the other; `requests` are the names of what was asked."""

    def __init__(self) -> None:
        self.replies = book()
        self.requests: list[str] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        self.signon = socket.create_server(("127.0.0.1", 0))
        self.signon_port = self.signon.getsockname()[1]
        frames = (
            line.split() for line in (ROOT / "record_frames.hex").read_text().splitlines() if line.startswith("sign")
        )
        self.frames = {name: bytes.fromhex(data) for name, data in frames}
        threading.Thread(target=self._sign_on, daemon=True).start()

    def _sign_on(self) -> None:
        answers = {0x7003: "signon-exchange-reply", 0x7004: "signon-info-reply"}
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.signon.accept()
                with connection, contextlib.suppress(OSError), connection.makefile("rb") as stream:
                    while head := stream.read(20):
                        stream.read(int.from_bytes(head[:4]) - 20)
                        asked = int.from_bytes(head[18:20])
                        self.requests.append(f"{asked:04x}")
                        if asked in answers:
                            connection.sendall(self.frames[answers[asked]])

    def uri(self, path: str = "", more: str = "") -> str:
        level = "security=substitute&password_level=2"
        return f"drda://testuser@127.0.0.1:{self.port}/{path}?{level}{more}"

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        files: dict[bytes, tuple[str, int]] = {}
        with connection, contextlib.suppress(OSError), connection.makefile("rb") as stream:
            while head := stream.read(6):
                body = stream.read(int.from_bytes(head[:2]) - 6)
                connection.sendall(self._answer(body, files))

    def _answer(self, body: bytes, files: dict[bytes, tuple[str, int]]) -> bytes:
        command, found, at = int.from_bytes(body[2:4]), {}, 4
        while at < len(body):
            length = int.from_bytes(body[at : at + 2])
            found[int.from_bytes(body[at + 2 : at + 4])] = body[at + 4 : at + length]
            at += length
        if command == GETM:
            file, n = files[found[DCLNAM]]
            files[found[DCLNAM]] = file, n + 1
            replies = self.replies[f"S38GETM: {file}"]
            self.requests.append("S38GETM")
            return replies[min(n, len(replies) - 1)]
        name = NAMES[command]
        self.requests.append(name)
        if name == "S38CMD":
            name += ": " + found[CMDST].decode("cp037")
        if name == "S38OPEN":
            file = found[UFCB][:10].decode("cp037").strip()
            files[found[DCLNAM]] = file, 0
            name += ": " + file
        return self.replies.get(name, self.replies["S38OPEN: NOFILE"])[0]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.listener.close()
        self.signon.close()
