"""What comes in and goes out over HTTP, as values."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from typing import Any, BinaryIO, Protocol

Fields = dict[str, Any]


class Body(Protocol):
    """Bytes that arrive, read once."""

    def read(self, size: int = -1, /) -> bytes:
        """Answer the next `size` bytes, all that is left where `size` is negative."""
        ...


class Refusal(Exception):
    """A request is answered with an error status, in the shape that Google's clients read."""

    def __init__(self, status: int, reason: str, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    def reply(self) -> Reply:
        """Answer what goes over the wire."""
        problem = {"message": self.message, "domain": "global", "reason": self.reason}
        error = {"code": self.status, "message": self.message, "errors": [problem]}
        return Reply.of({"error": error}, self.status, self.headers)


def invalid(message: str) -> Refusal:
    """Answer the refusal of a request that makes no sense."""
    return Refusal(400, "invalid", message)


@dataclass(frozen=True, slots=True)
class Request:
    """One request. `segments` are the parts of the path, each unquoted after the path was split at "/".

    `pairs` are the query with what is said several times.
    """

    method: str
    segments: tuple[str, ...]
    query: Mapping[str, str]
    headers: Message
    body: Body
    origin: str
    pairs: tuple[tuple[str, str], ...] = ()

    def json(self) -> Fields:
        """Answer the body as a JSON object; nothing is an empty one."""
        try:
            content = json.loads(self.body.read() or b"{}")
        except ValueError as error:
            raise invalid(f"the body is not JSON: {error}") from error
        if not isinstance(content, dict):
            raise invalid("the body is no JSON object")
        return content


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer. `file`, where there is one, stands at the first byte to send and is closed by who sends it."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    file: BinaryIO | None = None
    length: int = 0

    @staticmethod
    def of(content: Fields, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
        """Answer a JSON object."""
        kind = {"Content-Type": "application/json; charset=UTF-8"}
        return Reply(status, {**kind, **(headers or {})}, json.dumps(content).encode())


Answer = Callable[[Request], Reply]
"""Answers one request. What breaks the connection is a ConnectionError."""
