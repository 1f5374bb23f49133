"""A proxy that cuts its connections at a message of a global transaction."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator

from peers import Proxy

SYNCCTL, SYNCCRD = 0x1055, 0x1248


def frames(pending: bytearray) -> Iterator[tuple[bytes, int, bool]]:
    """Takes complete frames out: bytes, code point, whether another one is chained to it."""
    while len(pending) >= 10:
        (length,) = struct.unpack_from(">H", pending)
        if len(pending) < length:
            return
        frame = bytes(pending[:length])
        del pending[:length]
        yield frame, struct.unpack_from(">H", frame, 8)[0], bool(frame[3] & 0x40)


class Cutting(Proxy):
    """Passes so many SYNCCTLs up and so many SYNCCRDs down, then resets every connection. A reply that is not passed has
    come, so the server has done the step. With `chains` a chain goes up as a whole or not at all."""

    #: Bytes of a SYNCCRD, and those in their place.
    lie: tuple[bytes, bytes] | None = None

    def __init__(self, upstream: int, chains: bool) -> None:
        self.chains = chains
        self.requests = self.replies = 1 << 30
        super().__init__(upstream)

    def arm(self, requests: int = 1 << 30, replies: int = 1 << 30) -> None:
        self.requests, self.replies = requests, replies

    def serve(self, client: socket.socket) -> None:
        server = socket.create_connection(("127.0.0.1", self._upstream))
        self._open.append(server)
        threading.Thread(target=self._down, args=(server, client), daemon=True).start()
        pending, chain, steps = bytearray(), bytearray(), 0
        while data := client.recv(65536):
            pending += data
            for frame, point, more in frames(pending):
                chain += frame
                steps += point == SYNCCTL
                if more and self.chains:
                    continue
                if steps > self.requests:
                    self.cut()
                    return
                self.requests -= steps
                server.sendall(chain)
                chain, steps = bytearray(), 0
        server.shutdown(socket.SHUT_WR)

    def _down(self, server: socket.socket, client: socket.socket) -> None:
        pending = bytearray()
        try:
            while data := server.recv(65536):
                pending += data
                for frame, point, _ in frames(pending):
                    if point == SYNCCRD:
                        if self.replies <= 0:
                            self.cut()
                            return
                        self.replies -= 1
                    client.sendall(frame.replace(*self.lie) if self.lie else frame)
            client.shutdown(socket.SHUT_WR)
        except OSError:
            pass
