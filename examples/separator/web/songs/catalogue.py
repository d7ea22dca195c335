"""What is known of all songs, in memory: what lies there is put in, records are taken in, and each change has an id."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from klio_core.status import Status
from web.model import Named, Song, State
from web.places import Job, Places
from web.songs.heard import Heard
from web.songs.known import Known
from web.songs.lying import Lying
from web.songs.queue import told, waits
from web.songs.search import folded

_REMEMBERED = 10_000  # songs that were removed: who resumes is told of so many


@dataclass(frozen=True, slots=True)
class Entry:
    """A song as it is since its last change, whose id is `version`. `uploaded` is in microseconds since the epoch.

    `body` is its JSON. No more is kept of it: the song as an object takes six times the memory. `names` is what those
    owners call it who call it otherwise, `text` what it is found by.
    """

    hash: str
    state: State
    uploaded: int
    version: int
    body: bytes
    text: str = ""
    names: Mapping[str, Named] | None = None

    @property
    def song(self) -> Song:
        """The song, read from its JSON each time."""
        return Song.model_validate_json(self.body)

    def seen_by(self, viewer: str | None) -> Entry:
        """Answer the song as one of its owners sees it."""
        named = (self.names or {}).get(viewer or "")
        if named is None:
            return self
        song = self.song.model_copy(update=named.model_dump())
        return replace(self, body=song.model_dump_json().encode(), text=_text(song))

    @property
    def place(self) -> tuple[int, str]:
        """Where it stands among all songs: by the time of its upload."""
        return self.uploaded, self.hash

    @property
    def etag(self) -> str:
        """The same on every front, as long as nothing changes."""
        return f'"{hashlib.sha256(self.body).hexdigest()[:24]}"'


Change: TypeAlias = tuple[int, str, Entry | None]
"""The id of a change, the hash of its song, and the song as it is now, None where it was removed."""


class Catalogue:
    """All songs. Any thread may ask and tell; `changed` is called with the hash of each song that is another now."""

    def __init__(self, places: Places, changed: Callable[[str], None] = lambda _song: None) -> None:
        self._places, self._changed = places, changed
        self._known: dict[str, Known] = {}
        self._entries: dict[str, Entry] = {}
        self._looked: dict[str, float] = {}
        self._removed: dict[str, int] = {}
        self._version = 0
        self._lock = threading.RLock()

    def __len__(self) -> int:
        return len(self._entries)

    def entry(self, song: str) -> Entry | None:
        """Answer a song with its version, None where there is none."""
        return self._entries.get(song)

    def song(self, song: str) -> Song | None:
        """Answer a song by its hash, None where there is none."""
        entry = self._entries.get(song)
        return entry.song if entry else None

    def lying(self, song: str) -> Lying | None:
        """Answer what lay there of a song when it was looked at last."""
        known = self._known.get(song)
        return known.lying if known else None

    def heard_of(self, song: str, job: Job, within_s: float) -> bool:
        """Whether a worker of `job` has a song; or somebody said a word of that within the last `within_s` seconds."""
        known, now = self._known.get(song), time.time()
        newest = self._heard(known)[job.ref.job_name].newest(now) if known else None
        return newest is not None and (newest.held or now - newest.heard < within_s)

    def forget(self, song: str) -> None:
        """Forget what was heard of a song: it could not be asked for."""
        with self._lock:
            if song in self._known:
                self._known[song].separate = Heard(self._places.separate.lease_s)

    def entries(self, state: State | None = None) -> list[Entry]:
        """Answer the songs, of one state or of all, the newest first."""
        with self._lock:
            found = [one for one in self._entries.values() if state is None or one.state is state]
        return sorted(found, key=lambda one: one.place, reverse=True)

    def songs(self, state: State | None = None) -> list[Song]:
        """Answer the songs, of one state or of all, the newest first."""
        return [entry.song for entry in self.entries(state)]

    @property
    def version(self) -> int:
        """The id of the last change."""
        return self._version

    def since(self, version: int, only: str | None = None) -> list[Change]:
        """Answer the last change of each song, or of one, that has changed after `version`, in order."""
        with self._lock:
            changes = [self.change(song) for song in (*self._entries, *self._removed) if only in (None, song)]
        return sorted((one for one in changes if one[0] > version), key=lambda one: one[0])

    def change(self, song: str) -> Change:
        """Answer the last change of a song."""
        entry = self._entries.get(song)
        return (entry.version, song, entry) if entry else (self._removed.get(song, self._version), song, None)

    def put(self, song: str, lying: Lying | None, looked: float) -> None:
        """Take in what lay there of a song at `looked`, by `time.monotonic`; None removes it.

        What was found by a look that began before another one that is known already is old, and left out.
        """
        with self._lock:
            if looked < self._looked.get(song, 0.0):
                return
            changed = self._remove(song) if lying is None else self._lies(song, lying)
            if song in self._entries or song in self._removed:  # nothing is kept of what never was here
                self._looked[song] = looked
        if changed:
            self._changed(song)

    def put_all(self, there: Iterable[tuple[str, Lying]], looked: float) -> None:
        """Take in what lay there of all songs at `looked`; those that are not among them are gone."""
        gone = set(self._known)
        for song, lying in there:
            gone.discard(song)
            self.put(song, lying, looked)
        for song in gone:
            self.put(song, None, looked)

    def take(self, record: Status) -> bool:
        """Take in one record. Answers whether its song is known."""
        song = record.element.decode(errors="replace")
        with self._lock:
            known = self._known.get(song)
            if known is None:
                return False
            heard = self._heard(known)
            if record.job not in heard:
                return True
            heard[record.job].take(record, time.time())
            changed = self._derive(song)
        if changed:
            self._changed(song)
        return True

    def tick(self) -> None:
        """See whose lease has ended meanwhile, and how long those who wait still do."""
        with self._lock:
            changed = [song for song, known in self._known.items() if known.held and self._derive(song)]
            changed += self._wait(time.time())
        for song in changed:
            self._changed(song)

    def _wait(self, now: float) -> list[str]:
        """Tell of the songs that are queued how long they still take. Answers which have changed."""
        queued, working = ([one.hash for one in self.entries(state)] for state in (State.QUEUED, State.WORKING))
        found = waits(self._known, queued, working, now)
        return [song for song in queued if self._waits(song, found.get(song)) and self._derive(song)]

    def _waits(self, song: str, seconds: float | None) -> bool:
        known = self._known[song]
        before, known.waits = known.waits, None if seconds is None else told(seconds, known.waits)
        return known.waits != before

    def _lies(self, song: str, lying: Lying) -> bool:
        known = self._known.get(song)
        if known is None:
            self._known[song] = Known.of(lying, self._places)
        elif known.lying.file is lying.file and known.lying == lying:  # equal files may have wishes in another order
            return False
        else:
            known.lying = lying
        return self._derive(song)

    def _heard(self, known: Known) -> dict[str, Heard]:
        return {self._places.separate.ref.job_name: known.separate, self._places.mix.ref.job_name: known.mix}

    def _derive(self, name: str) -> bool:
        song, file = self._known[name].song(name, time.time()), self._known[name].lying.file
        names = {owner: named for owner, named in file.names.items() if named != file.named}
        before, body = self._entries.get(name), song.model_dump_json().encode()
        if before is not None and before.body == body:
            self._entries[name] = replace(before, names=names or None)  # nobody else is told of what one calls it
            return False
        self._removed.pop(name, None)
        uploaded = round(song.uploaded_at.timestamp() * 1e6)
        self._entries[name] = Entry(name, song.state, uploaded, self._next(), body, _text(song), names or None)
        return True

    def _remove(self, song: str) -> bool:
        self._known.pop(song, None)
        if self._entries.pop(song, None) is None:
            return False
        self._removed[song] = self._next()
        while len(self._removed) > _REMEMBERED:
            oldest = next(iter(self._removed))
            del self._removed[oldest], self._looked[oldest]
        return True

    def _next(self) -> int:
        """Answer the id of a change: its time, in microseconds since the epoch, and later than any before."""
        self._version = max(self._version + 1, time.time_ns() // 1000)
        return self._version


def _text(song: Song) -> str:
    return folded(song.title, song.artist, song.file_name)
