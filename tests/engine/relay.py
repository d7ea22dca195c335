"""A socket that leads to the engine until it is cut: for a command behind it, the engine dies then."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from pathlib import Path
from typing import Self

ENGINE = "/var/run/docker.sock"


class Relay:
    """Hands bytes on between its own socket and the engine's."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._ends: list[socket.socket] = []
        self._lock = threading.Lock()
        self._is_cut = False
        self._threads = [threading.Thread(target=self._accept)]

    def cut(self) -> None:
        """End every connection, and take no new one."""
        self.path.unlink(missing_ok=True)
        with self._lock:
            self._is_cut = True
            for end in [self._listener, *self._ends]:
                shut(end)

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()
        for thread in self._threads:
            thread.join()
        for end in [self._listener, *self._ends]:
            end.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            far.connect(ENGINE)
            with self._lock:
                self._ends += [near, far]
                if self._is_cut:  # between its arrival and now
                    shut(near)
                    shut(far)
            for one, other in ((near, far), (far, near)):
                thread = threading.Thread(target=self._hand_on, args=(one, other))
                self._threads.append(thread)
                thread.start()

    def _hand_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)


def shut(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
