"""Somebody who waits for callbacks: a real server on this machine, which answers as it was told to."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

CALLBACK = Path(__file__).parents[3] / "examples" / "separator" / "callback"
OK = b"HTTP/1.1 204 No Content\r\n\r\n"


def answer(status: int, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} Said", "Content-Length: 0", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


@dataclass
class Heard:
    """One request, as it came over the line."""

    first: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Answer = bytes | Callable[[socket.socket], None]


@dataclass
class Listener:
    """`answers` are given one after the other, the last one for good; a function writes to the line itself."""

    answers: list[Answer] = field(default_factory=lambda: [OK])
    tls: ssl.SSLContext | None = None
    host: str = "127.0.0.1"
    heard: list[Heard] = field(default_factory=list)

    def __enter__(self) -> Self:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        self._server = socket.create_server((self.host, 0), family=family)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join(10)

    @property
    def port(self) -> int:
        port: int = self._server.getsockname()[1]
        return port

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http{'s' if self.tls else ''}://{host}:{self.port}"

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self._server.accept()
            except OSError:
                return  # closed
            threading.Thread(target=self._meet, args=[line], daemon=True).start()

    def _meet(self, line: socket.socket) -> None:
        with line:
            try:
                spoken = self.tls.wrap_socket(line, server_side=True) if self.tls else line
                with spoken:
                    self._listen(spoken)
            except OSError:
                return  # the other side has gone

    def _listen(self, line: socket.socket) -> None:
        with line.makefile("rb") as file:
            first = file.readline().decode().strip()
            headers = {}
            while text := file.readline().decode().strip():
                name, _, value = text.partition(":")
                headers[name.lower()] = value.strip()
            body = file.read(int(headers.get("content-length", 0)))
        self.heard.append(Heard(first, headers, body))
        said = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if callable(said):
            said(line)
        else:
            line.sendall(said)
