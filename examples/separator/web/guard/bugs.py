"""What nobody has expected: an answer that says so, which passes the other guards on its way out as any other does."""

from __future__ import annotations

import logging

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.problems import bug, path_of

log = logging.getLogger("klio.separator.web")


class Bugs:
    """Answers 500 for whatever is raised, and logs it; in the middle of an answer only the connection can be broken."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answering = False

        async def noted(message: Message) -> None:
            nonlocal answering
            answering = True
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except Exception as error:  # a bug, which is not to end without an answer
            if answering:
                raise
            asked = Request(scope)
            log.exception("%s %s failed", asked.method, path_of(asked))
            await bug(asked, error)(scope, receive, send)
