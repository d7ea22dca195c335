"""What browsers are told to refuse, whatever a page or a song's title tries: headers of every answer."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Sequence

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# An answer that is no page needs nothing at all; who opens it in a browser gets a page that can do nothing.
NOTHING = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

_ALWAYS = {
    "content-security-policy": NOTHING,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",  # for browsers that do not know frame-ancestors
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}
_INLINE = r"<{tag}\b[^>]*>(.*?)</{tag}\s*>"
_FLAGS = re.DOTALL | re.IGNORECASE


class Headers:
    """Adds them to each answer that does not say otherwise."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _ALWAYS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, guarded)


def policy_of(page: str, media: Sequence[str] = ()) -> str:
    """Answer the Content-Security-Policy under which exactly the scripts and styles of this page run.

    They are named by their hashes (CSP 3, 2.3.1), so nothing that gets into the page later runs. `media` are further
    origins that sound may come from, such as that of signed URLs.
    """
    own = " ".join(("'self'", *media))
    rules = {
        "default-src": "'none'",
        "script-src": _sources(page, "script"),
        "style-src": _sources(page, "style"),
        "img-src": "'self' data:",
        "font-src": "'self' data:",
        "media-src": f"{own} blob:",
        "connect-src": own,
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{name} {sources}" for name, sources in rules.items())


def _sources(page: str, tag: str) -> str:
    inline = re.findall(_INLINE.format(tag=tag), page, _FLAGS)
    return " ".join(_hashes(text for text in inline if text.strip())) or "'none'"


def _hashes(texts: Iterable[str]) -> Iterable[str]:
    for text in texts:
        # A browser has turned each line's end into one character before it hashes.
        digest = hashlib.sha256(text.replace("\r\n", "\n").encode()).digest()
        yield f"'sha256-{base64.b64encode(digest).decode()}'"
