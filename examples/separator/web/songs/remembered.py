"""What small files of the bucket say: noted on them, where a listing shows it, so that a front need not read them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeAlias, TypeVar

from pydantic import BaseModel

from klio.data.gcs import GcsStore
from klio_core.errors import DataNotFound
from web.songs.objects import Seen, note

M = TypeVar("M", bound=BaseModel)
Said: TypeAlias = tuple[int, M | None]
"""A generation of a file, and what that says; None where it is none of ours."""
_READ_AT_ONCE = 16
_NOTED_AT_ONCE = 2  # nobody waits for it, and others want the store meanwhile
_MOST = 200  # notes at one time: of a store that was filled without any, the rest comes later
_LONGEST = 4000  # of the 8 KiB that Cloud Storage allows for all custom metadata of an object


class Remembered(Generic[M]):
    """What files say, by their paths and generations; those without a note are read. Any thread may ask.

    A note belongs to one writing of a file, and counts where it has all fields of `kind`: one of an older front may
    lack some. So the content always decides, and whoever writes a file need not know of notes.
    """

    def __init__(self, store: GcsStore, kind: type[M]) -> None:
        self._store, self._kind = store, kind
        self._known: dict[str, Said[M]] = {}
        self._bare: dict[str, Seen] = {}
        self._asked: set[str] = set()

    def of(self, those: Sequence[Seen]) -> list[M | None]:
        """Answer what files say; None where one was removed meanwhile, or is none of ours. Raises DataError."""
        self._asked.update(seen.path for seen in those)
        with ThreadPoolExecutor(_READ_AT_ONCE, "read") as pool:  # no thread begins where there is nothing to read
            said = [self._at_hand(seen) or pool.submit(self._read, seen) for seen in those]
        return [(one.result() if isinstance(one, Future) else one)[1] for one in said]

    def note(self) -> int:
        """Note on files that had to be read what they say, for fronts that start later; answer of how many.

        Raises DataError.
        """
        bare = list(self._bare.values())[:_MOST]
        with ThreadPoolExecutor(_NOTED_AT_ONCE, "note") as pool:
            for seen in pool.map(self._note, bare):
                self._bare.pop(seen.path, None)
        return len(bare)

    def forget_unasked(self) -> None:
        """Forget all files that nobody has asked for since the last time."""
        asked, self._asked = self._asked, set()
        for known in (self._known, self._bare):
            for path in [path for path in list(known) if path not in asked]:
                known.pop(path, None)

    def _at_hand(self, seen: Seen) -> Said[M] | None:
        known = self._known.get(seen.path)
        if known is not None and known[0] == seen.generation:
            if self._bare.get(seen.path, seen).says != seen.says:
                self._bare.pop(seen.path, None)  # another front was quicker
            return known
        noted = self._noted(seen)
        return self._keep(seen, noted) if noted else None

    def _noted(self, seen: Seen) -> M | None:
        if seen.says is None:
            return None
        try:
            noted = self._kind.model_validate_json(seen.says)
        except ValueError:
            return None
        return noted if noted.model_fields_set == set(self._kind.model_fields) else None

    def _read(self, seen: Seen) -> Said[M]:
        try:
            with self._store.open(seen.path) as file:
                read = self._kind.model_validate_json(file.read())
        except (DataNotFound, ValueError):
            return self._keep(seen, None)
        self._bare[seen.path] = seen
        return self._keep(seen, read)

    def _keep(self, seen: Seen, says: M | None) -> Said[M]:
        kept = self._known[seen.path] = (seen.generation, says)
        return kept

    def _note(self, seen: Seen) -> Seen:
        generation, known = self._known.get(seen.path, (0, None))
        if known is not None and generation == seen.generation:
            says = json.dumps(known.model_dump(mode="json"))  # in ASCII, as headers are
            if len(says) <= _LONGEST:
                note(seen, says, self._store.patience)
        return seen
