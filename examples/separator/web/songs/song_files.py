"""The files of what is known of uploads, which several fronts change at once: no change gets lost."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from klio.data.gcs import GcsStore
from klio.data.store import ABSENT
from klio_core.errors import DataNotFound, LostLease
from web.model import SongFile
from web.places import Places
from web.problems import Problem

_TRIES = 20  # each time another front was quicker


class SongFiles:
    """All of them, in one store. Any thread may change them."""

    def __init__(self, places: Places, store: GcsStore) -> None:
        self._places, self._store = places, store

    def change(self, song: str, change: Callable[[SongFile | None], SongFile]) -> None:
        """Write what `change` makes of a song's file, None where there is none. It may be called several times.

        Raises DataError, and Problem where too many change it.
        """
        path = self._places.song_file(song)
        for _ in range(_TRIES):
            generation = self._store.generation(path)
            with suppress(LostLease):
                return self._write(change(self._read(path) if generation != ABSENT else None), path, generation)
        title = "Too many want something of this song at once"
        raise Problem(503, "busy", title, detail=song, todo="Try again.", headers={"Retry-After": "1"})

    def _read(self, path: str) -> SongFile | None:
        try:
            with self._store.open(path) as file:
                return SongFile.model_validate_json(file.read())
        except DataNotFound:
            return None  # removed at this moment: then it is not there to be replaced, either

    def _write(self, file: SongFile, path: str, generation: int) -> None:
        with tempfile.NamedTemporaryFile(prefix="klio-") as written:
            written.write(file.model_dump_json().encode())
            written.flush()
            self._store.commit(Path(written.name), path, expect=generation)
