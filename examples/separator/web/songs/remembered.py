"""Small files of the bucket, each read once for as long as it stays the same."""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import Generic, TypeVar

from klio.data.gcs import GcsStore
from klio_core.errors import DataNotFound
from web.songs.objects import Seen

T = TypeVar("T")


class Remembered(Generic[T]):
    """What files say, by their paths and generations. `read` raises ValueError for what is none. Any thread may ask."""

    def __init__(self, store: GcsStore, read: Callable[[bytes], T]) -> None:
        self._store, self._read = store, read
        self._known: dict[str, tuple[int, T | None]] = {}

    def of(self, seen: Seen) -> T | None:
        """Answer what a file says; None where it was removed meanwhile, or is none of ours. Raises DataError."""
        known = self._known.get(seen.path)
        if known is None or known[0] != seen.generation:
            known = self._known[seen.path] = (seen.generation, self._of(seen.path))
        return known[1]

    def forget_others(self, there: Container[str]) -> None:
        """Forget all files but those at these paths."""
        for path in [path for path in list(self._known) if path not in there]:
            self._known.pop(path, None)

    def _of(self, path: str) -> T | None:
        try:
            with self._store.open(path) as file:
                return self._read(file.read())
        except (DataNotFound, ValueError):
            return None
