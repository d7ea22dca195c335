"""A running service, asked with nothing but the standard library."""

from __future__ import annotations

import io
import json
import math
import struct
import time
import urllib.error
import urllib.request
import uuid
import wave
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urljoin

_PATIENCE_S = 60.0
_AGAIN_S = 1.0
_RATE = 44_100


class Refused(Exception):
    """The service said no. `kind` never changes, `todo` says what to do."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        self.status, self.kind = status, str(problem.get("type", "")).rpartition(":")[2]
        self.todo = problem.get("todo", "")
        said = f"{problem.get('title', '')}. {problem.get('detail', '')} {self.todo}"
        super().__init__(f"{status} {said}" if status else said)


class Away(Refused):
    """Nobody answers."""

    def __init__(self, url: str, why: object) -> None:
        super().__init__(
            0, {"title": f"Nobody answers at {url}", "detail": f"{why}.", "todo": "Start it: make separator"}
        )


class Service:
    """The service at `url`; where it is for those who have a token, with that."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self.url = url.rstrip("/") + "/"
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def ask(self, path: str, method: str = "GET", body: Any = None) -> Any:
        """Answer the JSON that comes of a request; of no content, None. Raises Refused."""
        data = None if body is None else json.dumps(body).encode()
        with self._open(path, method, data, {"Content-Type": "application/json"} if data else {}) as answer:
            content = answer.read()
        return json.loads(content) if content else None

    def upload(self, path: str, field: str, songs: Sequence[Path], **fields: str) -> Any:
        """Send songs as a form, each in a field of that name, and other fields; answer the JSON that comes back."""
        boundary = uuid.uuid4().hex
        parts = [_field(name, value, boundary) for name, value in fields.items()]
        parts += [_file(field, song, boundary) for song in songs]
        form = b"".join(parts) + f"--{boundary}--\r\n".encode()
        with self._open(path, "POST", form, {"Content-Type": f"multipart/form-data; boundary={boundary}"}) as answer:
            return json.load(answer)

    def fetch(self, path: str, to: Path) -> Path:
        """Write what is at a path, or a whole URL, to a file."""
        to.parent.mkdir(parents=True, exist_ok=True)
        with self._open(path) as answer, to.open("wb") as file:
            while block := answer.read(1 << 16):
                file.write(block)
        return to

    def events(self, path: str, last: str | None = None) -> Iterator[tuple[str, Any]]:
        """Yield events as they happen, after the one with the id `last`: their names and what they say.

        Where the connection ends, they go on with the next one.
        """
        while True:
            with suppress(TimeoutError, ConnectionError, Away):
                headers = {"Last-Event-ID": last} if last else {}
                with self._open(path, headers=headers) as answer:
                    for event in _events(answer):
                        last = event.get("id", last)
                        if "data" in event:
                            yield event.get("event", "message"), json.loads(event["data"])
            time.sleep(_AGAIN_S)

    def _open(
        self, path: str, method: str = "GET", data: bytes | None = None, headers: dict[str, str] | None = None
    ) -> BinaryIO:
        url = urljoin(self.url, path.lstrip("/") if "://" not in path else path)
        asked = urllib.request.Request(url, data, self._headers | (headers or {}), method=method)  # noqa: S310 - the user's own URL
        try:
            answer: BinaryIO = urllib.request.urlopen(asked, timeout=_PATIENCE_S)  # noqa: S310 - the user's own URL
        except urllib.error.HTTPError as error:
            with error:
                raise Refused(error.code, _problem(error.read())) from None
        except urllib.error.URLError as error:
            raise Away(url, error.reason) from None
        return answer


def tones(path: Path, seconds: int = 3) -> Path:
    """Write a piece of two tones, for who has no song at hand: a WAV of so many seconds."""
    second = bytearray()
    for number in range(_RATE):
        low, high = (8_000 * math.sin(2 * math.pi * pitch * number / _RATE) for pitch in (110, 660))
        second += struct.pack("<hh", int(low + high), int(low))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(_RATE)
        for _ in range(seconds):
            file.writeframesraw(bytes(second))
    return path


def _events(answer: BinaryIO) -> Iterator[dict[str, str]]:
    event: dict[str, str] = {}
    for line in io.TextIOWrapper(answer, encoding="utf-8"):
        name, _, value = line.rstrip("\r\n").partition(":")
        if name:
            event[name] = value.removeprefix(" ")
        elif line.strip() == "" and event:
            yield event
            event = {}


def _field(name: str, value: str, boundary: str) -> bytes:
    return f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()


def _file(name: str, file: Path, boundary: str) -> bytes:
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{file.name}"\r\n\r\n'
    return head.encode() + file.read_bytes() + b"\r\n"


def _problem(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {"title": content.decode(errors="replace")[:200]}
