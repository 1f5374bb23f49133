"""Peers that a client may meet on a TCP connection: a counting proxy, a wrong server, a silent one."""

from __future__ import annotations

import contextlib
import fcntl
import ipaddress
import socket
import struct
import threading
import time

# DDM code points of the commands that the tests count.
EXCSAT, ACCSEC, SECCHK, ACCRDB = 0x1041, 0x106D, 0x106E, 0x2001
PRPSQLSTT, OPNQRY, CNTQRY, CLSQRY = 0x200D, 0x200C, 0x2006, 0x2005
EXCSQLSTT, EXCSQLIMM, RDBCMM, RDBRLLBCK = 0x200B, 0x200A, 0x200E, 0x200F


def own_address() -> str:
    """An address of this machine that is none of the loopback: what is sent there counts as sent to another machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        for _, name in socket.if_nameindex():
            with contextlib.suppress(OSError):
                # SIOCGIFADDR
                found = fcntl.ioctl(asking, 0x8915, struct.pack("256s", name.encode()))
                address = ipaddress.ip_address(found[20:24])
                if not address.is_loopback:
                    return str(address)
    raise AssertionError("this machine has no address beside the loopback")


class Listener:
    """Accepts in the background on 127.0.0.1, or another address; a context manager."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self._socket = socket.socket()
        self._socket.bind((host, 0))
        self._socket.listen(64)
        self.port: int = self._socket.getsockname()[1]
        self._open: list[socket.socket] = []
        self.accepted = 0
        self._closed = False
        threading.Thread(target=self._accept, daemon=True).start()

    def serve(self, client: socket.socket) -> None:
        """The events on one connection."""
        raise NotImplementedError

    def _accept(self) -> None:
        while not self._closed:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            self.accepted += 1
            self._open.append(client)
            threading.Thread(target=self._guarded, args=(client,), daemon=True).start()

    def _guarded(self, client: socket.socket) -> None:
        try:
            self.serve(client)
        except OSError:
            pass

    def cut(self) -> None:
        """Resets every connection: what a client sees when the server's machine goes away in an unfriendly way."""
        for each in self._open:
            try:
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            each.close()
        self._open.clear()

    def close(self) -> None:
        self._closed = True
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._socket.close()
        self.cut()

    def __enter__(self):
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Banner(Listener):
    """Says something and closes: at once (SSH), or after the client's first bytes (HTTP). Nothing to say: silent."""

    def __init__(self, greeting: bytes = b"", answer: bytes = b"") -> None:
        self._greeting, self._answer = greeting, answer
        super().__init__()

    def serve(self, client: socket.socket) -> None:
        if self._greeting:
            client.sendall(self._greeting)
        while client.recv(65536):
            if self._answer:
                client.sendall(self._answer)
                client.close()
                return


class Silent(Banner):
    """Accepts, reads, never answers."""


class Proxy(Listener):
    """Passes everything on to `upstream`, keeping the code points of the client's commands in order.

    `hold()` stops the replies (the server seems to think), `release()` lets them go on. `change` are bytes of replies
    with what stands in their place.
    """

    change: tuple[bytes, bytes] | None = None
    _held_at: tuple[int, bool] | None = None

    def __init__(self, upstream: int) -> None:
        self._upstream = upstream
        self._flowing = threading.Event()
        self._flowing.set()
        self.commands: list[int] = []
        self.sent = bytearray()
        self.bytes_down = 0
        self.ended = 0
        super().__init__()

    def count(self, code_point: int) -> int:
        return self.commands.count(code_point)

    def forget(self) -> None:
        """Starts counting anew."""
        self.commands.clear()
        self.sent.clear()
        self.bytes_down = 0

    def hold(self) -> None:
        self._flowing.clear()

    def hold_at(self, command: int, *, passed: bool) -> None:
        """Stops the replies from the next such command on, which the server gets or not."""
        self._held_at = (command, passed)

    @property
    def holds(self) -> bool:
        return not self._flowing.is_set()

    def release(self) -> None:
        self._held_at = None
        self._flowing.set()

    def serve(self, client: socket.socket) -> None:
        server = socket.create_connection(("127.0.0.1", self._upstream))
        self._open.append(server)
        threading.Thread(target=self._down, args=(server, client), daemon=True).start()
        pending = bytearray()
        while data := client.recv(65536):
            self.sent += data
            pending += data
            before = len(self.commands)
            self._note(pending)
            if self._held_at and self._held_at[0] in self.commands[before:]:
                self.hold()
                if not self._held_at[1]:
                    continue
            server.sendall(data)
        self.ended += 1
        server.shutdown(socket.SHUT_WR)

    def _down(self, server: socket.socket, client: socket.socket) -> None:
        try:
            while data := server.recv(65536):
                self._flowing.wait()
                self.bytes_down += len(data)
                client.sendall(data.replace(*self.change) if self.change else data)
            client.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def _note(self, pending: bytearray) -> None:
        """Takes complete frames out of `pending` (six bytes: length, D0, format, correlator; then LL and code point)."""
        while len(pending) >= 10:
            length, magic, kind = struct.unpack_from(">HBB", pending)
            size = length & 0x7FFF
            end = size
            while length & 0x8000:  # continued: the next segment has a header of two bytes
                if len(pending) < end + 2:
                    return
                (length,) = struct.unpack_from(">H", pending, end)
                end += length & 0x7FFF
            if len(pending) < end or magic != 0xD0:
                return
            if kind & 0x0F in (1, 5):  # requests
                self.commands.append(struct.unpack_from(">H", pending, 8)[0])
            del pending[:end]


class Recorder(Listener):
    """Passes everything on and keeps it in order; a conversation for a reader of captures."""

    def __init__(self, upstream: int) -> None:
        self._upstream = upstream
        self._turn = threading.Lock()
        # (the client spoke, what it said), one entry for each turn.
        self.turns: list[tuple[bool, bytes]] = []
        super().__init__()

    def serve(self, client: socket.socket) -> None:
        server = socket.create_connection(("127.0.0.1", self._upstream))
        self._open.append(server)
        threading.Thread(target=self._pass, args=(server, client, False), daemon=True).start()
        self._pass(client, server, True)

    def _pass(self, source: socket.socket, target: socket.socket, by_client: bool) -> None:
        try:
            while data := source.recv(65536):
                with self._turn:
                    if self.turns and self.turns[-1][0] == by_client:
                        data_before = self.turns.pop()[1]
                        self.turns.append((by_client, data_before + data))
                    else:
                        self.turns.append((by_client, data))
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def pcap(self) -> bytes:
        """The conversation as a capture of IP packets (libpcap's file format, link type 101), a packet for each turn."""
        out = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 1 << 18, 101)]
        said = {True: 1, False: 1}
        for number, (by_client, data) in enumerate(self.turns):
            ports = (40000, 50000) if by_client else (50000, 40000)
            hosts = bytes([127, 0, 0, 1, 127, 0, 0, 2]) if by_client else bytes([127, 0, 0, 2, 127, 0, 0, 1])
            tcp = struct.pack(">HHIIBBHHH", *ports, said[by_client], said[not by_client], 0x50, 0x18, 0xFFFF, 0, 0)
            ip = struct.pack(">BBHHHBBH", 0x45, 0, 40 + len(data), number, 0, 64, 6, 0) + hosts
            packet = ip + tcp + data
            out.append(struct.pack("<IIII", number, 0, len(packet), len(packet)) + packet)
            said[by_client] += len(data)
        return b"".join(out)


def wait_for(condition, seconds: float = 10.0) -> bool:
    """Waits until `condition()` holds; whether it did."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.01)
    return bool(condition())
