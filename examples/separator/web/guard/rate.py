"""How often one may ask, by token or by address, and headers that say how much is left.

RateLimit and RateLimit-Policy as in draft-ietf-httpapi-ratelimit-headers-10. Each front counts for itself.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.guard.clients import Clients
from web.problems import Problem

FREE = frozenset({"/", "/favicon.ico", "/healthz", "/readyz"})
"""What is never refused: machines look at it, and the page says why the rest was."""

UPLOADS = frozenset({("POST", "/v1/songs"), ("POST", "/apiv1/separate"), ("POST", "/music")})
"""What is counted as an upload, and may be large."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What is left of a limit after a request: `left` requests within the next `reset_s` seconds."""

    name: str
    limit: RateLimitItem
    allowed: bool
    left: int
    reset_s: int

    @property
    def headers(self) -> dict[str, str]:
        """What the answer says of it."""
        window = self.limit.get_expiry()
        policy = f'"{self.name}";q={self.limit.amount};w={window}'
        return {"ratelimit-policy": policy, "ratelimit": f'"{self.name}";r={self.left};t={self.reset_s}'}


class Rate:
    """Refuses those who ask too often. `rates` are texts such as `60/minute`, by `uploads` and `requests`."""

    def __init__(self, app: ASGIApp, clients: Clients, rates: Mapping[str, str]) -> None:
        self._app, self._clients = app, clients
        self._limits = {name: parse(rate) for name, rate in rates.items()}
        self._counts = FixedWindowRateLimiter(MemoryStorage())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        limit = _limit_of(scope)
        if limit not in self._limits:
            await self._app(scope, receive, send)
            return
        asked = Request(scope)
        counted = self._count(limit, self._clients.of(asked))

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(counted.headers)
            await send(message)

        refusal = None if counted.allowed else _refusal(counted).response(asked)
        await (refusal or self._app)(scope, receive, told)

    def _count(self, name: str, whose: str) -> Counted:
        limit = self._limits[name]
        allowed = self._counts.hit(limit, name, whose)
        reset_at, left = self._counts.get_window_stats(limit, name, whose)
        return Counted(name, limit, allowed, max(0, left), max(1, math.ceil(reset_at - time.time())))


def is_upload(scope: Scope) -> bool:
    """Whether a request brings a song."""
    return (scope["method"], scope["path"].rstrip("/")) in UPLOADS


def _limit_of(scope: Scope) -> str | None:
    if scope["type"] != "http" or scope["path"] in FREE:
        return None
    return "uploads" if is_upload(scope) else "requests"


def _refusal(counted: Counted) -> Problem:
    what = "This is more than one may upload" if counted.name == "uploads" else "These are too many requests"
    return Problem(
        429,
        "too-many-requests",
        f"{what} in this time",
        detail=f"Expected at most {counted.limit.amount} {counted.name} in {counted.limit.get_expiry()} seconds.",
        todo=f"Wait {counted.reset_s} seconds, and go on.",
        headers={"Retry-After": str(counted.reset_s)},
    )
