"""A real object store behind a line that fails as it is told to."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest

from klio_exec.local.objects import local_objects


@dataclass(frozen=True)
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes
    stalls: threading.Event | None = None  # half of the body comes, the rest when this is set


Forward = Callable[[], Answer]
Fault = Callable[[Forward], Answer | None]  # None: the connection breaks without an answer


def says(status: int, message: str = "no") -> Fault:
    return lambda _: Answer(status, [], b'{"error": {"message": "%s"}}' % message.encode())


def breaks(_: Forward) -> None:
    return None


def loses_the_reply(forward: Forward) -> None:
    forward()


def cuts_the_body(forward: Forward) -> Answer:
    answer = forward()
    return replace(answer, body=answer.body[: len(answer.body) // 2])


def corrupts_the_body(forward: Forward) -> Answer:
    answer = forward()
    return replace(answer, body=bytes([answer.body[0] ^ 1]) + answer.body[1:])


FAULTS: dict[str, Fault] = {
    "none": lambda forward: forward(),
    "breaks": breaks,
    "loses the reply": loses_the_reply,
    "cuts the body": cuts_the_body,
    "corrupts the body": corrupts_the_body,
}


@dataclass
class Line:
    """`faults` befall the next requests, one each; `always` those after them; `seen` are the requests so far.

    `befall` are faults of all requests whose target holds a text. A fault is a name in FAULTS, a status, or a function
    of what forwards the request.
    """

    behind: str
    faults: list[str | int | Fault] = field(default_factory=list)
    always: str | int | Fault = "none"
    befall: dict[str, str | int | Fault] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)

    def through(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Answer | None:
        self.seen.append(f"{method} {target}")
        fault = self.faults.pop(0) if self.faults else self.always
        fault = next((each for text, each in self.befall.items() if text in target), fault)
        befall = FAULTS[fault] if isinstance(fault, str) else says(fault) if isinstance(fault, int) else fault
        return befall(lambda: self._forward(method, target, headers, body))

    def _forward(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Answer:
        connection = http.client.HTTPConnection(urlsplit(self.behind).netloc)
        try:
            connection.request(method, target, body, headers)
            answer = connection.getresponse()
            return Answer(answer.status, answer.getheaders(), answer.read())
        finally:
            connection.close()


def handler_of(line: Line) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            answer = line.through(self.command, self.path, dict(self.headers), body)
            if answer is None:
                self.close_connection = True
                return
            try:
                self.send(answer)
            except ConnectionError:  # the client had no patience for this answer
                self.close_connection = True

        do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815  named by http.server

        def send(self, answer: Answer) -> None:
            self.send_response_only(answer.status)
            for name, value in answer.headers or [("Content-Length", str(len(answer.body)))]:
                self.send_header(name, value)
            self.end_headers()
            if answer.stalls is not None:
                self.wfile.write(answer.body[: len(answer.body) // 2])
                answer.stalls.wait(5)
                return
            self.wfile.write(answer.body)
            promised = dict(answer.headers).get("Content-Length")
            self.close_connection = promised is not None and int(promised) > len(answer.body)

        def log_message(self, *_: object) -> None: ...

    return Handler


class Many(ThreadingHTTPServer):
    request_queue_size = 256  # as many connections as a client opens at once


@pytest.fixture(scope="module")
def object_server() -> Iterator[str]:
    with local_objects() as endpoint:
        yield endpoint


@pytest.fixture
def line(object_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    line = Line(object_server)
    server = Many(("127.0.0.1", 0), handler_of(line))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{server.server_port}")
    yield line
    server.shutdown()
    server.server_close()
