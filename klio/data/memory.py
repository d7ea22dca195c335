"""Media in this process: for tests, and for looking at what a job would do."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import BinaryIO

from klio.data.checksum import crc32c_of
from klio.data.part import part_beside
from klio.data.store import ABSENT, Committed, Generation, lost_lease
from klio_core.errors import DataNotFound


@dataclass(frozen=True, slots=True)
class _Kept:
    content: bytes
    generation: Generation


@dataclass(slots=True)
class _Shelf:
    """What lies in the memory of this process. One for all stores, so that pickling a store loses nothing."""

    objects: dict[str, _Kept] = field(default_factory=dict)
    generations: count[int] = field(default_factory=lambda: count(ABSENT + 1))
    lock: threading.Lock = field(default_factory=threading.Lock)


_SHELF = _Shelf()


@dataclass(frozen=True, slots=True)
class MemoryStore:
    """Objects named `memory://name/path`, kept until the process ends or `delete` removes them.

    Every MemoryStore of a process sees the same objects; another process sees none of them.
    """

    def exists(self, paths: Sequence[str]) -> list[bool]:
        """Answer for each path whether something is kept there."""
        return [path in _SHELF.objects for path in paths]

    def intact(self, paths: Sequence[str]) -> list[bool]:
        """Answer for each path whether something is kept there that is not empty."""
        return [path in _SHELF.objects and _SHELF.objects[path].content != b"" for path in paths]

    def open(self, path: str) -> BinaryIO:
        """Open the bytes for reading."""
        return io.BytesIO(_kept(path).content)

    def download(self, path: str, to: Path) -> None:
        """Write the bytes to a file."""
        with part_beside(to) as part:
            part.write_bytes(_kept(path).content)
            part.replace(to)

    def commit(self, source: Path, path: str, *, expect: Generation | None) -> Committed:
        """Keep the bytes of `source`."""
        insist = self.generation(path) if expect is None else expect
        content = source.read_bytes()
        with _SHELF.lock:
            found = self.generation(path)
            if found != insist:
                raise lost_lease(path, insist, found)
            kept = _Kept(content, next(_SHELF.generations))
            _SHELF.objects[path] = kept
        return Committed(path, len(content), crc32c_of(content), kept.generation)

    def generation(self, path: str) -> Generation:
        """Answer the number of the commit that made the object; ABSENT where there is none."""
        kept = _SHELF.objects.get(path)
        return ABSENT if kept is None else kept.generation

    def paths(self, prefix: str) -> Iterator[str]:
        """Answer the path of every object whose path begins with `prefix`."""
        with _SHELF.lock:
            found = sorted(path for path in _SHELF.objects if path.startswith(prefix))
        yield from found

    def delete(self, path: str) -> None:
        """Forget the object."""
        with _SHELF.lock:
            _SHELF.objects.pop(path, None)


def _kept(path: str) -> _Kept:
    kept = _SHELF.objects.get(path)
    if kept is None:
        raise DataNotFound("nothing is kept here", where=path)
    return kept
