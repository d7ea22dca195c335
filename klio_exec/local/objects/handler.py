"""One connection: requests come in over HTTP/1.1, answers go out."""

from __future__ import annotations

import io
from email.message import Message
from http.client import responses
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from klio_exec.local.objects.batch import unpacked
from klio_exec.local.objects.digests import CHUNK_BYTES
from klio_exec.local.objects.wire import Answer, Body, Refusal, Reply, Request, invalid

_WITHOUT_BODY = frozenset({204, 304})


class Arriving:
    """A body of known length. Its reader never takes a part of it for the whole."""

    def __init__(self, stream: Body, length: int) -> None:
        self._stream = stream
        self._left = length

    def read(self, size: int = -1, /) -> bytes:
        """Answer the next bytes. Raises ConnectionError where the client went away before it sent them all."""
        wanted = self._left if size < 0 else min(size, self._left)
        got = self._stream.read(wanted)
        if len(got) < wanted:
            raise ConnectionAbortedError("the client went away in the middle of a body")
        self._left -= wanted
        return got

    def skip(self) -> None:
        """Read what nobody asked for, so that the next request on the connection begins where it begins."""
        while self.read(CHUNK_BYTES):
            pass


class Handler(BaseHTTPRequestHandler):
    """Serves one connection until the client closes it."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # headers and body leave together

    def __init__(self, answer: Answer, *args: Any) -> None:
        self._answer = answer
        super().__init__(*args)

    def do_GET(self) -> None:
        """Answer a request of any method; the routes tell them apart."""
        if "Transfer-Encoding" in self.headers:
            self.close_connection = True
            self._send(Refusal(411, "lengthRequired", "Send a Content-Length.").reply())
            return
        body = Arriving(self.rfile, int(self.headers.get("Content-Length", "0")))
        reply = self._answered(self.command, self.path, self.headers, body)
        body.skip()
        self._send(reply)

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815  named by http.server

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  named by http.server
        """Say nothing: a line for each of millions of requests helps nobody."""

    def _answered(self, method: str, target: str, headers: Message, body: Body) -> Reply:
        try:
            request = _request(method, target, headers, body, self.headers.get("Host", "localhost"))
            if request.segments == ("batch", "storage", "v1"):
                return unpacked(request, self._packed)
        except Refusal as refusal:
            return refusal.reply()
        return self._answer(request)

    def _packed(self, method: str, target: str, headers: Message, body: bytes) -> Reply:
        return self._answered(method, target, headers, io.BytesIO(body))

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status, responses.get(reply.status, ""))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.status not in _WITHOUT_BODY:
            self.send_header("Content-Length", str(reply.length if reply.file else len(reply.body)))
        self.end_headers()
        if reply.file is None:
            self.wfile.write(b"" if reply.status in _WITHOUT_BODY else reply.body)
            return
        with reply.file as file:
            self.wfile.flush()
            if reply.length:
                self.connection.sendfile(file, file.tell(), reply.length)


def _request(method: str, target: str, headers: Message, body: Body, host: str) -> Request:
    url = urlsplit(target)
    try:
        segments = tuple(unquote(part, errors="strict") for part in url.path.split("/")[1:])
        pairs = tuple(parse_qsl(url.query, keep_blank_values=True, errors="strict"))
    except UnicodeDecodeError as error:
        raise invalid(f"the address is not UTF-8: {error}") from error
    return Request(method, segments, dict(pairs), headers, body, f"http://{host}", pairs)
