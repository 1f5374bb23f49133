"""A proxy with the latency and the speed of a line far away."""

from __future__ import annotations

import queue
import socket
import threading
import time

from peers import Listener


class Paced(Listener):
    """Bytes of the server come `delay` seconds later, those of each connection not faster than `rate` bytes a second:
    more connections have more of them."""

    def __init__(self, upstream: int, *, delay: float, rate: float) -> None:
        self._upstream, self._delay, self._rate = upstream, delay, rate
        super().__init__()

    def serve(self, client: socket.socket) -> None:
        server = socket.create_connection(("127.0.0.1", self._upstream))
        self._open.append(server)
        # The data under way on such a line is bounded, as its window is.
        waiting: queue.Queue[tuple[float, bytes]] = queue.Queue(16)
        for work in (self._take, self._give):
            threading.Thread(target=work, args=(server, client, waiting), daemon=True).start()
        while data := client.recv(65536):
            server.sendall(data)
        server.shutdown(socket.SHUT_WR)

    def _take(self, server: socket.socket, _: socket.socket, waiting: queue.Queue[tuple[float, bytes]]) -> None:
        data = b" "
        while data:
            try:
                data = server.recv(65536)
            except OSError:
                data = b""
            waiting.put((time.monotonic() + self._delay, data))

    def _give(self, _: socket.socket, client: socket.socket, waiting: queue.Queue[tuple[float, bytes]]) -> None:
        free = 0.0
        try:
            while True:
                due, data = waiting.get()
                time.sleep(max(0.0, max(due, free) - time.monotonic()))
                if not data:
                    client.shutdown(socket.SHUT_WR)
                    return
                client.sendall(data)
                free = max(due, free, time.monotonic() - 0.05) + len(data) / self._rate
        except OSError:
            # The queue is emptied, so that the other thread ends.
            while waiting.get()[1]:
                pass
