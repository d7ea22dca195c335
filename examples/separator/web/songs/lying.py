"""What lies in the bucket of one song, and of all: looked at each time, and read where it is not as it was."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import chain

from pydantic import BaseModel, ConfigDict

from klio.data.gcs import GcsStore
from web.model import SongFile
from web.places import Places, Stem, mix_name
from web.songs.letters import Letter, Letters
from web.songs.objects import Seen, fit_a_page, listed
from web.songs.remembered import Remembered

_PARTS_AT_ONCE = 4
_DIGITS = "0123456789abcdef"
_HASH_LENGTH = 64
_OURS = re.compile(r"[0-9a-f]{64}\.json")


class Work(BaseModel):
    """What the worker wrote of its work beside the peaks; of older ones not all of it is known."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    seconds: float | None = None
    worker: str | None = None
    attempt: int = 1
    duration_s: float | None = None


@dataclass(frozen=True, slots=True)
class Lying:
    """All objects of one song."""

    file: SongFile
    stems: dict[Stem, Seen] = field(default_factory=dict)
    peaks: Seen | None = None
    mixes: dict[str, Seen] = field(default_factory=dict)
    letters: tuple[Letter, ...] = ()
    work: Work | None = None

    @property
    def newest(self) -> float:
        """The time, by the store's clock, of the newest object that ends the work on the song: a letter, or peaks."""
        ends = [letter.at for letter in self.letters if letter.mix is None]
        return max([*ends, self.peaks.at if self.peaks else 0.0])

    def newest_of(self, mix: str) -> float:
        """The time, by the store's clock, of the newest dead letter of a mix."""
        return max((letter.at for letter in self.letters if letter.is_about(mix)), default=0.0)


class Look:
    """Looks at objects, through one store. Any thread may."""

    def __init__(self, places: Places, store: GcsStore) -> None:
        self._places, self._store = places, store
        locations = [job.dead_letters for job in places.jobs]
        self._letters = Letters(store, locations, places.mix.ref.job_name)
        self._files = Remembered(store, SongFile)
        self._works = Remembered(store, Work)

    def all(self) -> Iterator[tuple[str, Lying]]:
        """Yield each song, and what lies there of it; small files that have no note are read once. Raises DataError."""
        with ThreadPoolExecutor(1 + _PARTS_AT_ONCE, "look") as pool:
            letters = pool.submit(self._letters.look).result
            for found in pool.map(lambda part: self._of(part, letters), self._parts()):
                yield from found.items()
        self._files.forget_unasked()
        self._works.forget_unasked()

    def one(self, song: str) -> Lying | None:
        """Answer what lies there of one song, None where it is gone. Raises DataError."""
        with ThreadPoolExecutor(1, "look") as pool:
            return self._of(song, pool.submit(self._letters.look).result).get(song)

    def note(self) -> int:
        """Note on small files that had to be read what they say, for fronts that start later; answer of how many.

        Raises DataError.
        """
        return self._files.note() + self._works.note()

    def _parts(self) -> Sequence[str]:
        """Answer the beginnings of hashes by which all songs are listed: many songs are listed in parts, at once."""
        return ("",) if fit_a_page(f"{self._places.songs}/", self._store.patience) else _DIGITS

    def _of(self, part: str, letters: Callable[[], Mapping[str, tuple[Letter, ...]]]) -> dict[str, Lying]:
        """Answer what lies there of the songs whose hashes begin so."""
        there = [f"{place}/{part}" for place in (self._places.songs, self._places.stems, self._places.mixes)]
        with ThreadPoolExecutor(len(there), "look") as pool:
            songs, *others = pool.map(lambda prefix: list(listed(prefix, self._store.patience)), there)
        beside = _by_song(chain(*others))
        ours = [seen for seen in songs if _OURS.fullmatch(seen.name)]
        found = {
            song: self._lying(song, file, beside.get(song, ()), letters().get(song, ()))
            for song, file in zip(map(_song, ours), self._files.of(ours), strict=True)
            if file is not None
        }
        return self._with_works(found)

    def _with_works(self, found: Mapping[str, Lying]) -> dict[str, Lying]:
        peaks = {song: lying.peaks for song, lying in found.items() if lying.peaks is not None}
        works = dict(zip(peaks, self._works.of(list(peaks.values())), strict=True))
        return {song: replace(lying, work=works.get(song)) for song, lying in found.items()}

    def _lying(self, song: str, file: SongFile, there: Iterable[Seen], letters: tuple[Letter, ...]) -> Lying:
        by_path = {one.path: one for one in there}
        stems = {stem: found for stem in Stem if (found := by_path.get(self._places.stem(song, stem)))}
        start = f"{self._places.mixes}/{song}-mix-"
        mixes = {
            name: one for path, one in by_path.items() if path.startswith(start) and (name := self._mix(path, start))
        }
        return Lying(file, stems, by_path.get(self._places.peaks(song)), mixes, letters)

    def _mix(self, path: str, start: str) -> str | None:
        try:
            return mix_name(path.removeprefix(start).removesuffix(self._places.mix_suffix).replace("-", "+"))
        except ValueError:
            return None


def _song(seen: Seen) -> str:
    return seen.name[:_HASH_LENGTH]


def _by_song(those: Iterable[Seen]) -> dict[str, list[Seen]]:
    found: dict[str, list[Seen]] = defaultdict(list)
    for seen in those:
        found[_song(seen)].append(seen)
    return found
