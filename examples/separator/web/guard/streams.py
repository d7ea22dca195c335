"""How many streams of events one may listen to at a time: each is a connection that stays."""

from __future__ import annotations

import re
from collections import Counter

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from web.guard.clients import Clients
from web.problems import Problem

_STREAMS = re.compile(r"/v1/(songs/[^/]+/)?events")
_SOON_S = 10


class Streams:
    """Refuses one more stream to whoever listens to `most`, until he lets go of one. Each front counts for itself."""

    def __init__(self, app: ASGIApp, clients: Clients, most: int) -> None:
        self._app, self._clients, self._most = app, clients, most
        self._open: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http" or not _STREAMS.fullmatch(scope["path"]):
            await self._app(scope, receive, send)
            return
        asked = Request(scope)
        client = self._clients.of(asked)
        if self._open[client] >= self._most:
            await _refusal(self._most).response(asked)(scope, receive, send)
            return
        self._open[client] += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._leave(client)

    def _leave(self, client: str) -> None:
        self._open[client] -= 1
        if not self._open[client]:
            del self._open[client]


def _refusal(most: int) -> Problem:
    return Problem(
        429,
        "too-many-streams",
        "This is more than one may listen to at a time",
        detail=f"Expected at most {most} streams of events.",
        todo="Close another one first: /v1/events tells of all songs in one stream.",
        headers={"Retry-After": str(_SOON_S)},
    )
