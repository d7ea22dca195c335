"""A file in base64 (RFC 4648) in a JSON object, as it arrives: decoded on the way, never held as a whole."""

from __future__ import annotations

import binascii
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, NoReturn

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request

from web.problems import Problem
from web.upload.receive import too_large
from web.upload.room import Arrived, Room

_BLOCK = 1 << 20  # written, and hashed, in a thread
_REST_BYTES = 64 * 1024
_DEPTH = 32
_QUOTE, _BACKSLASH, _COLON, _COMMA = b'"\\:,'
_OPEN, _CLOSE = b"{[", b"}]"
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_ESCAPE = {ord("u"): 6}  # characters; of all others, two


@dataclass(frozen=True, slots=True)
class Received:
    """The file, and what else the object has."""

    file: Arrived
    rest: dict[str, Any]


@asynccontextmanager
async def received(request: Request, room: Room, most_bytes: int, key: str) -> AsyncIterator[Received]:
    """Receive a JSON object with a file under `key`, which is gone when the block ends.

    Raises Problem as soon as the file has more than `most_bytes`, and where the object is broken, or has no file.
    """
    said = request.headers.get("content-length", "")
    if said.isdecimal() and int(said) > most_bytes * 3 // 2 + _REST_BYTES:
        raise too_large(most_bytes, int(said) * 3 // 4)
    with room.file() as incoming:
        parser, block = FileInJson(key), bytearray()
        try:
            async for piece in request.stream():
                block += parser.feed(piece)
                if incoming.size + len(block) > most_bytes:
                    raise too_large(most_bytes)
                if len(block) >= _BLOCK:
                    await run_in_threadpool(incoming.write, block)
                    block = bytearray()
        except ClientDisconnect:
            raise _broken("the client went away in the middle") from None
        rest = parser.end()
        await run_in_threadpool(incoming.write, block)
        yield Received(incoming.arrived(), rest)


class FileInJson:
    """The object so far. All but the file is kept, and is small; of the file only what is no whole byte yet."""

    def __init__(self, key: str) -> None:
        self._wanted, self._key = key, ""
        self._rest = bytearray()
        self._depth = self._start = 0
        self._in_string = self._escaped = self._in_file = self._seen = self._padded = False
        self._text = b""

    def feed(self, data: bytes) -> bytes:
        """Take in some bytes of the object; answer those of the file that are in them. Raises Problem."""
        found, at = [], 0
        while at < len(data):
            if self._in_file:
                end = data.find(_QUOTE, at)
                found.append(self._decoded(data[at:] if end < 0 else data[at:end], last=end >= 0))
                self._in_file = end < 0
                at = len(data) if end < 0 else end
                self._in_string = end >= 0
            else:
                self._take(data[at])
                at += 1
        return b"".join(found)

    def end(self) -> dict[str, Any]:
        """Answer all else that the object has. Raises Problem where it is none, or has no file."""
        try:
            rest = json.loads(self._rest, parse_constant=_no_number)
            # What others read of it later must be what everybody takes for JSON: no infinity, no half of a character.
            json.dumps(rest, allow_nan=False, ensure_ascii=False).encode()
        except ValueError as error:
            raise _broken(str(error)) from None
        if not isinstance(rest, dict):
            raise _broken(f"a JSON {type(rest).__name__}")
        if not self._seen or rest.pop(self._wanted, None) != "":
            raise Problem(
                400,
                "no-file",
                "There is no song in this request",
                detail=f'Expected {{"{self._wanted}": "…"}} with the file in base64, got {_named(rest)}.',
                todo=f"Send the bytes of the file in base64 as {self._wanted}.",
            )
        return rest

    def _take(self, byte: int) -> None:
        """Take one byte of what is not the file."""
        self._rest.append(byte)
        if len(self._rest) > _REST_BYTES:
            raise _too_much(self._wanted)
        if self._escaped:
            self._escaped = False
        elif self._in_string:
            self._escaped, self._in_string = byte == _BACKSLASH, byte != _QUOTE
        elif byte == _QUOTE:
            self._begin_string()
        elif byte in _OPEN or byte in _CLOSE:
            self._nest(1 if byte in _OPEN else -1)
        elif self._depth == 1 and byte in (_COLON, _COMMA):
            self._key = self._last_string() if byte == _COLON else ""

    def _begin_string(self) -> None:
        self._start = len(self._rest) - 1
        self._in_string = True
        if self._depth == 1 and self._key == self._wanted:
            if self._seen:
                raise _broken(f"{self._wanted} twice")
            self._in_file = self._seen = True

    def _nest(self, step: int) -> None:
        self._depth += step
        if self._depth > _DEPTH:
            raise _broken(f"more than {_DEPTH} objects or lists inside each other")

    def _last_string(self) -> str:
        try:
            return str(json.loads(self._rest[self._start : -1]))
        except ValueError as error:
            raise _broken(str(error)) from None

    def _decoded(self, data: bytes, *, last: bool) -> bytes:
        """Answer the whole bytes of the file that are in the text by now."""
        text, self._text = self._text + data, b""
        try:
            text, held = _unescaped(text, last=last)
            text = text.translate(_URL_SAFE, b" \t\r\n")
            whole = len(text) if last else len(text) - len(text) % 4
            text, self._text = text[:whole], text[whole:] + held
            if text and self._padded:
                raise _not_base64("more after its end")
            self._padded = text.endswith(b"=") or self._padded
            return binascii.a2b_base64(text, strict_mode=True)
        except ValueError as error:
            raise _not_base64(str(error)) from None


def _unescaped(text: bytes, *, last: bool) -> tuple[bytes, bytes]:
    """Answer a JSON string's text without its escapes, which some write for + and /, and the half of one at its end."""
    at = text.rfind(b"\\")
    if at < 0:
        return text, b""
    length = _ESCAPE.get(text[at + 1], 2) if at + 1 < len(text) else 2
    cut = len(text) if last or at + length <= len(text) else at
    return json.loads(b'"%b"' % text[:cut], strict=False).encode("ascii"), text[cut:]


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON")


def _named(rest: dict[str, Any]) -> str:
    return ", ".join(sorted(rest))[:200] or "an empty object"


def _broken(got: str) -> Problem:
    return Problem(
        400,
        "broken-json",
        "The request cannot be read",
        detail=f"Expected a JSON object, got {got[:200]}.",
        todo="Compare it with /openapi.json.",
    )


def _not_base64(got: str) -> Problem:
    return Problem(
        400,
        "not-base64",
        "The song in this request cannot be read",
        detail=f"Expected base64 (RFC 4648), got {got[:200]}.",
        todo="Encode the bytes of the file, and nothing else, in base64.",
    )


def _too_much(key: str) -> Problem:
    detail = f"Expected at most {_REST_BYTES} bytes beside {key}."
    return Problem(413, "field-too-large", "This request is too large", detail=detail, todo="Send less with the song.")
