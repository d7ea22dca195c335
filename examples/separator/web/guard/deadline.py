"""Slow clients do not hold on to what others wait for, and who is refused in the middle of an upload learns why."""

from __future__ import annotations

import asyncio
import time
from asyncio import TimerHandle, Transport
from contextlib import suppress
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from web.problems import Problem


@dataclass(frozen=True, slots=True)
class Patience:
    """How slow a client may be. A connection of a telephone on a train is well above this."""

    silence_s: float
    """The longest pause in the middle of a request's body."""
    grace_s: float
    """After it, a body as a whole must have come with `bytes_per_s`."""
    linger_s: float = 30.0
    """For how long the rest of a refused body is read and thrown away, so that its sender gets to read the answer."""
    bytes_per_s: float = 2_000.0


class Deadline:
    """Gives each request's body a deadline, and reads to the end what was refused in its middle.

    A server that closes a connection in which there are unread bytes resets it, and the client sees a broken
    connection in place of the answer (RFC 9112, 9.6). So the connection is closed a little later.
    """

    def __init__(self, app: ASGIApp, patience: Patience) -> None:
        self._app, self._patience = app, patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = _Body(scope, receive, send, self._patience)
        with suppress(ClientDisconnect):  # nobody is left to be told
            await self._app(scope, body.receive, body.send)


class _Body:
    """What has arrived of one request, and how its answer leaves."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, patience: Patience) -> None:
        self._scope, self._receive, self._send, self._patience = scope, receive, send, patience
        self._began = time.monotonic()
        self._bytes = 0
        self._whole = not _has_body(Headers(scope=scope))
        self._answering = False
        self._close = False
        self._given_up = False

    async def receive(self) -> Message:
        """Answer the next piece; of a client that is too slow, that it has gone: it is told why here."""
        if self._whole:  # whoever asks now waits for the client to go away, for as long as an answer takes
            return await self._receive()
        try:
            async with asyncio.timeout(self._left_s()):
                return self._noted(await self._receive())
        except TimeoutError:
            await self._give_up()
            return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Send a part of the answer; its last one when nothing more comes from the client."""
        if self._given_up:
            return
        self._answering = True
        if message["type"] == "http.response.start" and not self._whole and message["status"] >= 400:
            self._close = True
            MutableHeaders(scope=message)["connection"] = "close"
        last = message["type"] == "http.response.body" and not message.get("more_body")
        if last and self._close and not self._whole:
            await self._send({**message, "more_body": True})
            await self._throw_away()
            message = {"type": "http.response.body"}
        await self._send(message)

    async def _give_up(self) -> None:
        self._given_up = self._whole = True
        if self._answering:
            return
        slow = _too_slow(self._bytes, time.monotonic() - self._began)
        await slow.response(Request(self._scope))(self._scope, self._receive, self._send)

    def _left_s(self) -> float:
        patience = self._patience
        whole_s = patience.grace_s + self._bytes / patience.bytes_per_s
        return min(patience.silence_s, whole_s - (time.monotonic() - self._began))

    def _noted(self, message: Message) -> Message:
        self._bytes += len(message.get("body", b""))
        self._whole = message["type"] == "http.disconnect" or not message.get("more_body")
        return message

    async def _throw_away(self) -> None:
        try:
            async with asyncio.timeout(self._patience.linger_s):
                while not self._whole:
                    async with asyncio.timeout(self._patience.silence_s):
                        self._noted(await self._receive())
        except TimeoutError:
            return


def _has_body(headers: Headers) -> bool:
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers


def _too_slow(received: int, seconds: float) -> Problem:
    return Problem(
        408,
        "too-slow",
        "The request did not arrive in time",
        detail=f"{received} bytes of its body came in {seconds:.0f} seconds.",
        todo="Try again with a better connection, or with a smaller file.",
        headers={"Connection": "close"},
    )


_MOST_HEAD_BYTES = 64 * 1024
_HEAD_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: text/plain; charset=utf-8\r\n"
    b"content-length: 39\r\nconnection: close\r\n\r\nThe headers of this request are too big"
)


def protocol(headers_s: float) -> type[asyncio.Protocol]:
    """Answer uvicorn's protocol for HTTP/1.1, with a deadline and a limit for a request's headers: its `http`.

    An application does not see a request before its headers are whole.
    """
    return type("Protocol", (_Protocol,), {"headers_s": headers_s})


class _Protocol(HttpToolsProtocol):
    headers_s: float
    _deadline: TimerHandle | None = None
    _head_bytes = 0

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override] # as in uvicorn's
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        self._head_bytes += len(data)
        super().data_received(data)
        if self._deadline is not None and self._head_bytes > _MOST_HEAD_BYTES and not self.transport.is_closing():
            self.transport.write(_HEAD_TOO_LARGE)
            self.transport.close()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._wait()

    def on_headers_complete(self) -> None:
        self._stop()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._stop()
        self._head_bytes = 0
        self._deadline = self.loop.call_later(self.headers_s, self._too_slow)

    def _stop(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()
