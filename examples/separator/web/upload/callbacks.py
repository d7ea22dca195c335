"""Who wants to be told when a song is done: kept beside it, for the job `callback`, which looks at addresses itself."""

from __future__ import annotations

import json
import tempfile
import uuid
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from klio.data.store import ABSENT
from klio_core.errors import DataNotFound, LostLease
from web.problems import Problem

if TYPE_CHECKING:
    from web.front import Front

_LONGEST_URL = 2000
_TRIES = 20
_MOST = 100


@dataclass(frozen=True, slots=True)
class Asker:
    """One who wants to be told by a POST to `url`, with `data` sent back, in the form of one of our interfaces."""

    url: str
    data: Any = None
    form: Literal["v1", "apiv1"] = "v1"
    id: str = field(default_factory=lambda: uuid.uuid4().hex)

    def __post_init__(self) -> None:
        """Raise Problem for what is no address of a web server."""
        try:
            parts = urlsplit(self.url)
            fits = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        except ValueError:
            fits = False
        if not fits or len(self.url) > _LONGEST_URL:
            raise _no_address(self.url)


def add(front: Front, song: str, asker: Asker) -> None:
    """Keep one who wants to be told of a song, beside the others who do. Raises DataError, and Problem.

    Who asks the same again is to be told once more, and kept once.
    """
    path = front.places.callback_of(song)
    for _ in range(_TRIES):
        generation = front.store.generation(path)
        askers = _others(asker, _there(front, path) if generation != ABSENT else [])
        if len(askers) >= _MOST:
            raise _too_many(len(askers))
        try:
            return _commit(front, path, [*askers, asdict(asker)], generation)
        except LostLease:  # another front has added somebody
            continue
    raise Problem(503, "busy", "Too many ask of this song", todo="Try again.", headers={"Retry-After": "1"})


def _others(asker: Asker, there: list[Any]) -> list[Any]:
    wish = {"url": asker.url, "data": asker.data, "form": asker.form}
    return [one for one in there if not isinstance(one, dict) or one | wish != one]


def _there(front: Front, path: str) -> list[Any]:
    try:
        with front.store.open(path) as file:
            found = json.load(file)
    except (DataNotFound, ValueError):
        return []
    return found if isinstance(found, list) else []


def _commit(front: Front, path: str, askers: list[Any], expect: int) -> None:
    with tempfile.NamedTemporaryFile(prefix="klio-") as written:
        written.write(json.dumps(askers).encode())
        written.flush()
        front.store.commit(Path(written.name), path, expect=expect)


def _no_address(url: str) -> Problem:
    return Problem(
        422,
        "no-callback-address",
        "This is no address that can be told",
        detail=f"Expected https://HOST/PATH, of at most {_LONGEST_URL} characters, got {url[:100]!r}.",
        todo="Correct callback_url, or leave it out.",
    )


def _too_many(count: int) -> Problem:
    detail = f"{count} want to be told of this song already."
    return Problem(409, "too-many-callbacks", "Too many want to be told", detail=detail, todo="Leave callback_url out.")
