"""Requests that are no uploads are small: what is read into memory as a whole is bounded before it is read."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.guard.rate import is_upload
from web.problems import Problem

MOST_BYTES = 64 * 1024


class Small:
    """Refuses bodies of more than 64 KiB; uploads, which are streamed, have a limit of their own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it, in its middle as well: to the application its client has gone then."""
        if scope["type"] != "http" or is_upload(scope):
            await self._app(scope, receive, send)
            return
        body = _Body(scope, receive, send)
        said = Headers(scope=scope).get("content-length", "")
        if said.isdecimal() and int(said) > MOST_BYTES:
            await body.refuse()
            return
        await self._app(scope, body.receive, body.send)


class _Body:
    """What has arrived of one request."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        self._bytes = 0
        self._refused = False

    async def receive(self) -> Message:
        message = await self._receive()
        self._bytes += len(message.get("body", b""))
        if self._bytes <= MOST_BYTES:
            return message
        if not self._refused:
            await self.refuse()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if not self._refused:
            await self._send(message)

    async def refuse(self) -> None:
        self._refused = True
        detail = f"Expected at most {MOST_BYTES} bytes."
        todo = "Songs are uploaded to /v1/songs; compare other requests with /openapi.json."
        problem = Problem(413, "body-too-large", "This request is too large", detail=detail, todo=todo)
        await problem.response(Request(self._scope))(self._scope, self._receive, self._send)
