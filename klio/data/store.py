"""What a job may ask of the place where its media is kept, and how that place answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol, TypeAlias

from klio_core.errors import LostLease

Generation: TypeAlias = int
"""Which writing of an object is there. It changes with every commit; the numbers are compared for equality only."""

ABSENT: Generation = 0
"""The generation of a path where there is nothing."""


@dataclass(frozen=True, slots=True)
class Committed:
    """An object as it lies in the store now: its bytes are the ones that were handed in, all of them.

    `crc32c` is the CRC-32C (Castagnoli, RFC 3720) of the bytes as object stores write it: big-endian, in base64.
    """

    path: str
    size: int
    crc32c: str
    generation: Generation


class Store(Protocol):
    """A place that keeps media.

    A path is the whole location of one object: `gs://bucket/dir/name.ogg`, `/dir/name.ogg`, `memory://name/x`.
    A store holds no state of its own, so it travels inside a pickled DoFn, and any thread may use it.

    Every method may raise DataError where the place does not answer or refuses. "I could not look" is never
    answered as "there is nothing".
    """

    def exists(self, paths: Sequence[str]) -> list[bool]:
        """Answer for each path, in order, whether there is an object. Many are looked for at once."""
        ...

    def intact(self, paths: Sequence[str]) -> list[bool]:
        """Answer for each path, in order, whether there is an object that is whole, as far as can be known.

        It is not empty, and where klio committed it, its bytes still have the checksum that was recorded then.
        """
        ...

    def open(self, path: str) -> BinaryIO:
        """Open one whole object for reading; it can be seeked. Raises DataNotFound."""
        ...

    def download(self, path: str, to: Path) -> None:
        """Make `to` a copy of the object, checked against the store's checksum.

        `to` appears whole or not at all, and writing to it does not touch the object. Raises DataNotFound.
        """
        ...

    def commit(self, source: Path, path: str, *, expect: Generation | None) -> Committed:
        """Make the object at `path` the bytes of `source`, whole or not at all.

        `expect` is what must be there at that moment, as `generation` answered it earlier; None stands for
        whatever is there when the commit begins. `source` stays where it is. Raises LostLease where something
        else is there: somebody committed first, and theirs stays.
        """
        ...

    def generation(self, path: str) -> Generation:
        """Answer what a later commit may insist upon; ABSENT where there is nothing."""
        ...

    def paths(self, prefix: str) -> Iterator[str]:
        """Answer the path of every object whose path begins with `prefix`, in order of their names."""
        ...

    def delete(self, path: str) -> None:
        """Remove the object. It is no error that there is none."""
        ...


def lost_lease(path: str, expected: Generation, got: Generation) -> LostLease:
    """Answer the error of a commit that found another generation than it expected."""
    return LostLease(
        "somebody else committed this output first; theirs stays",
        where=path,
        expected=_named(expected),
        got=_named(got),
    )


def _named(generation: Generation) -> str:
    return "nothing there" if generation == ABSENT else f"generation {generation}"
