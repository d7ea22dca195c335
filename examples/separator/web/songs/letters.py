"""The dead letters of the jobs: each is read once, as long as it lies there."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from klio.data.gcs import GcsStore
from klio_core.dead_letter import DeadLetter
from klio_core.errors import DataNotFound, MessageError
from klio_core.message import Message
from klio_core.status import text_of
from web.model import Trouble
from web.places import WISHES, mix_name
from web.songs import reasons
from web.songs.objects import Seen, listed

_AT_ONCE = 16
_DEFAULT_MIX = "bass+drums"


@dataclass(frozen=True, slots=True)
class Letter:
    """One dead letter. `at` is the store's time, `learned` ours.

    `mix` is None where it is about the song itself, and `WISHES` where it is about whatever mixes were wished for.
    """

    path: str
    song: str
    mix: str | None
    at: float
    learned: float
    trouble: Trouble

    def is_about(self, mix: str) -> bool:
        """Whether it says why a mix was not made."""
        return self.mix in (mix, WISHES)


class Letters:
    """All letters in some locations. `mix_job` is the job whose letters are about mixes. Any thread may ask."""

    def __init__(self, store: GcsStore, locations: Iterable[str], mix_job: str) -> None:
        self._store, self._locations, self._mix_job = store, tuple(dict.fromkeys(locations)), mix_job
        self._known: dict[tuple[str, int], Letter | None] = {}
        self._lock = threading.Lock()

    def look(self) -> dict[str, tuple[Letter, ...]]:
        """List the letters, read those that are new, and answer them by song. Raises DataError."""
        with self._lock:
            there = [seen for location in self._locations for seen in listed(f"{location}/", self._store.patience)]
            new = [seen for seen in there if (seen.path, seen.generation) not in self._known]
            with ThreadPoolExecutor(_AT_ONCE, "letters") as pool:
                read = dict(zip(((one.path, one.generation) for one in new), pool.map(self._read, new), strict=True))
            known = self._known | read
            self._known = {key: known[key] for key in ((seen.path, seen.generation) for seen in there)}
            return _by_song(letter for letter in self._known.values() if letter is not None)

    def _read(self, seen: Seen) -> Letter | None:
        try:
            with self._store.open(seen.path) as file:
                letter = DeadLetter.decode(file.read())
        except (DataNotFound, MessageError):
            return None  # removed meanwhile, or somebody else's file
        mix = _mix_of(letter) if letter.job == self._mix_job else None
        song = text_of(letter.element)
        return Letter(seen.path, song, mix, seen.at, time.time(), reasons.of_letter(letter))


def _mix_of(letter: DeadLetter) -> str | None:
    """Answer which mix a letter is about: its message says it, and the payload of none stands for drums and bass."""
    try:
        payload = Message.decode(letter.message).payload.decode()
        return WISHES if payload == WISHES else mix_name(payload or _DEFAULT_MIX)
    except (MessageError, ValueError):
        return ""  # none that anybody has asked for


def _by_song(letters: Iterator[Letter]) -> dict[str, tuple[Letter, ...]]:
    found: dict[str, list[Letter]] = defaultdict(list)
    for letter in letters:
        found[letter.song].append(letter)
    return {song: tuple(sorted(those, key=lambda one: one.at)) for song, those in found.items()}
