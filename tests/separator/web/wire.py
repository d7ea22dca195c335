"""HTTP by hand, for what a polite client does not do."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.separator.web.kit import PATIENCE_S, Served

BOUNDARY = b"a-boundary"
TYPE = b"Content-Type: multipart/form-data; boundary=" + BOUNDARY + b"\r\n"


@dataclass(frozen=True)
class Answer:
    """What came back, up to the end of the connection or of the answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def kind(self) -> str:
        """The last word of a problem's type."""
        return str(self.json["type"]).rpartition(":")[2]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@contextmanager
def connected(web: Served) -> Iterator[socket.socket]:
    host, _, port = web.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), PATIENCE_S) as line:
        yield line


def head(length: int | None = None, path: bytes = b"/v1/songs", more: bytes = b"") -> bytes:
    """Answer the headers of an upload; without a length, of one in chunks."""
    said = b"Transfer-Encoding: chunked\r\n" if length is None else b"Content-Length: %d\r\n" % length
    return b"POST " + path + b" HTTP/1.1\r\nHost: localhost\r\n" + TYPE + said + more + b"\r\n"


def begin(name: bytes = b"song.mp3") -> bytes:
    """Answer the beginning of a form, up to the first byte of a file."""
    return b"--" + BOUNDARY + b'\r\nContent-Disposition: form-data; name="file"; filename="' + name + b'"\r\n\r\n'


END = b"\r\n--" + BOUNDARY + b"--\r\n"


def answered(line: socket.socket) -> Answer:
    """Read one answer. Fails where the connection is broken before it is whole."""
    with line.makefile("rb") as file:
        status = file.readline()
        assert status.startswith(b"HTTP/1.1 "), f"no answer, but {status!r}"
        headers: dict[str, str] = {}
        while (text := file.readline().decode().strip()) != "":
            name, _, value = text.partition(": ")
            headers[name.lower()] = value
        return Answer(int(status.split()[1]), headers, file.read(int(headers.get("content-length", "0"))))


def closed(line: socket.socket) -> bool:
    """Wait until the server has closed the connection, orderly."""
    while line.recv(65536):
        pass
    return True
