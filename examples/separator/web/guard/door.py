"""The door: who may come in, and who only pretends to be the page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import ip_address

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from web.guard.tokens import COOKIE, Tokens, Who, token_in
from web.problems import Problem

OPEN = frozenset({"/", "/favicon.ico", "/healthz", "/readyz", "/openapi.json", "/v1/session"})
"""What one gets without a token: the page itself, which asks for one, and whether the service is well."""

_HOST = re.compile(r"(?P<name>[a-z0-9._-]*|\[[0-9a-f:.]+\])(:[0-9]{1,5})?", re.IGNORECASE | re.ASCII)
_HERE = ("localhost", "127.0.0.1", "::1")
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN = frozenset({"same-origin", "none"})


class Door:
    """Lets in whom the tokens name, as `request.state.who`, and refuses what other sites make a browser send.

    `hosts` are the names that the service answers to; none: to all.
    """

    def __init__(self, app: ASGIApp, tokens: Tokens, hosts: Sequence[str] = ()) -> None:
        self._app, self._tokens = app, tokens
        self._hosts = frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        asked = Request(scope)
        try:
            scope.setdefault("state", {})["who"] = self._let_in(asked)
        except Problem as problem:
            await problem.response(asked)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _let_in(self, asked: Request) -> Who | None:
        host = _host(asked.headers.get("host", ""))
        if self._hosts and host not in self._hosts:
            raise _wrong_host(host, self._hosts)
        if asked.method not in _SAFE and _from_another_site(asked):
            raise _FOREIGN
        who = self._tokens.of(token_in(asked.headers, asked.cookies))
        if who is None and asked.scope["path"] not in OPEN:  # an URL made with the Host header can be any
            raise UNKNOWN
        return who


async def who(request: Request) -> Who:
    """Answer who asks: a FastAPI dependency. Raises Problem for nobody."""
    return known(request)


def known(request: Request) -> Who:
    """Answer who asks. Raises Problem for nobody."""
    found: Who | None = request.state.who
    if found is None:
        raise UNKNOWN
    return found


def own(request: Request) -> None:
    """Let nobody but us do this: a FastAPI dependency of a GET that changes something. Raises Problem."""
    if _from_another_site(request):
        raise _FOREIGN


def _from_another_site(asked: Request) -> bool:
    """Whether a browser was made to send this by another site's page (Fetch Metadata; RFC 6454, 7, for older ones).

    Who sends a token in a header knows it: no page of others does. A cookie is sent by the browser alone.
    """
    if "authorization" in asked.headers:
        return False
    site, origin = asked.headers.get("sec-fetch-site"), asked.headers.get("origin")
    if site is not None:
        return site not in _OWN
    if origin is not None:
        return origin.partition("://")[2] != asked.headers.get("host", "")
    return COOKIE in asked.cookies


def own_names(host: str, *, required: bool) -> tuple[str, ...]:
    """Answer the names of a service that listens at `host`, none for all.

    Where everybody may do everything on this machine, and nobody else, a page of another site may not: by a name of
    its own that leads here it would be of the same origin ("DNS rebinding").
    """
    try:
        here = host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return ()
    return (*_HERE, host) if here and not required else ()


def _host(said: str) -> str:
    """Answer the name in a Host header, without its port (RFC 9110, 7.2). Raises Problem for what is none."""
    found = _HOST.fullmatch(said)
    if found is None:
        todo = "Send the name by which you have found this service."
        detail = f"Expected NAME or NAME:PORT, got {said[:100]!r}."
        raise Problem(400, "no-host", "The Host header of this request is none", detail=detail, todo=todo)
    return found["name"].strip("[]").lower()


def _wrong_host(host: str, hosts: frozenset[str]) -> Problem:
    detail = f"Expected {' or '.join(sorted(hosts))}, got {host or 'none'}."
    todo = "Use one of these names, or let whoever runs this add yours to `hosts`."
    return Problem(421, "wrong-host", "This service does not answer to that name", detail=detail, todo=todo)


_FOREIGN = Problem(
    403,
    "another-site",
    "Another site's page may not do this",
    detail="Expected a request of this service's own page, or one with a token in its Authorization header.",
    todo="Open this service's own page, or send `Authorization: Bearer TOKEN`.",
)
UNKNOWN = Problem(
    401,
    "no-token",
    "This service is for those who have a token",
    detail="Expected `Authorization: Bearer TOKEN` with a token that is known here, or the page's cookie.",
    todo="Ask whoever runs this for a token. On the page, sign in with it.",
    headers={"WWW-Authenticate": 'Bearer realm="separator"'},
)
