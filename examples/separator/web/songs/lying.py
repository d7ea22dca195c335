"""What lies in the bucket of one song, and of all: looked at each time, and read where it is not as it was."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import groupby

from pydantic import BaseModel, ConfigDict

from klio.data.gcs import GcsStore
from web.model import SongFile
from web.places import Places, Stem, mix_name
from web.songs.letters import Letter, Letters
from web.songs.objects import Seen, listed
from web.songs.remembered import Remembered

_AT_ONCE = 32
_HASH_LENGTH = 64
_OURS = re.compile(r"[0-9a-f]{64}\.json$")


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
        self._files = Remembered(store, SongFile.model_validate_json)
        self._works = Remembered(store, Work.model_validate_json)

    def all(self) -> dict[str, Lying]:
        """Answer what lies there of all songs: four listings, and each small file once. Raises DataError."""
        places, patience = self._places, self._store.patience
        letters = self._letters.look()
        stems = _by_song(listed(f"{places.stems}/", patience))
        mixes = _by_song(listed(f"{places.mixes}/", patience))
        songs = listed(f"{places.songs}/", patience)
        files = {seen.name[:_HASH_LENGTH]: seen for seen in songs if _OURS.match(seen.name)}
        with ThreadPoolExecutor(_AT_ONCE, "look") as pool:
            read = pool.map(self._files.of, files.values())
            parts = {
                song: self._lying(file, seen, (*stems.get(song, ()), *mixes.get(song, ())), letters.get(song, ()))
                for (song, seen), file in zip(files.items(), read, strict=True)
                if file is not None
            }
            peaks = [one.peaks for one in parts.values()]
            works = pool.map(self._work, peaks)
            found = {song: _with(one, work) for (song, one), work in zip(parts.items(), works, strict=True)}
        self._files.forget_others({seen.path for seen in files.values()})
        self._works.forget_others({seen.path for seen in peaks if seen is not None})
        return found

    def one(self, song: str) -> Lying | None:
        """Answer what lies there of one song, None where it is gone. Raises DataError."""
        places = self._places
        prefixes = (places.song_file(song), f"{places.stems}/{song}", f"{places.mixes}/{song}")
        with ThreadPoolExecutor(len(prefixes), "look") as pool:
            pages = pool.map(lambda prefix: list(listed(prefix, self._store.patience)), prefixes)
            letters = self._letters.look().get(song, ())
            files, stems, mixes = pages
        said = self._files.of(files[0]) if files else None
        if said is None:
            return None
        lying = self._lying(said, files[0], (*stems, *mixes), letters)
        return _with(lying, self._work(lying.peaks))

    def _lying(self, file: SongFile, seen: Seen, there: Iterable[Seen], letters: tuple[Letter, ...]) -> Lying:
        by_path = {one.path: one for one in there}
        song = seen.name.removesuffix(".json")
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

    def _work(self, peaks: Seen | None) -> Work | None:
        return self._works.of(peaks) if peaks else None


def _with(lying: Lying, work: Work | None) -> Lying:
    return replace(lying, work=work)


def _by_song(seen: Iterator[Seen]) -> dict[str, list[Seen]]:
    return {song: list(those) for song, those in groupby(seen, key=lambda one: one.name[:_HASH_LENGTH])}
