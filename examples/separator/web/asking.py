"""How jobs are asked for what people want of a song: published, told to other fronts, and written down."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TypeAlias

from klio.data.gcs import GcsStore
from klio.data.store import ABSENT
from klio.events import pubsub
from klio_core.errors import KlioError
from klio_core.message import JobRef, Limited, Message
from klio_core.status import State as Told
from klio_core.status import Status
from web.model import Song, SongFile, State
from web.places import WISHES, Job, Places
from web.problems import no_such_song, not_failed, original_gone
from web.songs.catalogue import Catalogue
from web.songs.lying import Look
from web.songs.song_files import SongFiles

Sent: TypeAlias = tuple[str, "Future[str]"]
"""A topic, and what was published to it."""
_DELETED = "deleted"
_BELIEVED_S = 10.0  # a word of a front that may have died the moment after; asked twice, a song is made once
_TURNS = 256


def _turns() -> tuple[threading.Lock, ...]:
    return tuple(threading.Lock() for _ in range(_TURNS))


@dataclass(frozen=True)
class Asking:
    """Asks jobs, in the name of one front. Its methods wait for services (Pub/Sub: `patience_s`); any thread may."""

    name: str
    places: Places
    store: GcsStore
    look: Look
    files: SongFiles
    catalogue: Catalogue
    patience_s: float
    _turns: tuple[threading.Lock, ...] = field(default_factory=_turns)

    def look_at(self, song: str) -> None:
        """Look at what lies there of one song. Raises DataError."""
        began = time.monotonic()
        self.catalogue.put(song, self.look.one(song), began)

    def turn(self, song: str) -> threading.Lock:
        """Answer what is held while somebody asks for a song: who asks at the same time finds what has come of it."""
        return self._turns[int(song[:2], 16)]

    def unasked(self, song: str) -> bool:
        """Whether nobody is going to work on a song: it failed; or whoever kept it died before the message was sent."""
        state = self._song(song).state
        if state is State.QUEUED:
            return not self.catalogue.heard_of(song, self.places.separate, _BELIEVED_S)
        return state is State.FAILED

    def unasked_mix(self, song: str, name: str) -> bool:
        """Whether nobody is going to make a mix: none is wished for, or it failed; or nobody is heard of who will."""
        known = self._song(song)
        state = next((mix.state for mix in known.mixes if mix.name == name), None)
        if state is State.QUEUED and known.state is State.DONE:
            return not self.catalogue.heard_of(song, self.places.mix, _BELIEVED_S)
        return state in (None, State.FAILED)

    def enqueue(self, song: str, file: SongFile) -> Song:
        """Keep what is known of an upload that lies in the queue, ask for its stems, and answer it as queued.

        Raises DataError and EventError: then the same upload may be sent again.
        """
        lying = self.catalogue.lying(song)
        self.keep(song, file.model_copy(update={"asked": lying.newest if lying else 0.0}))
        self.look_at(song)
        try:
            self.ask_for_stems(song)
        except KlioError:
            self.catalogue.forget(song)
            raise
        return self._song(song)

    def again(self, song: str) -> Song:
        """Ask for the stems of a song that failed once more. Raises Problem, DataError and EventError."""
        with self.turn(song):
            self.look_at(song)
            known, lying = self._song(song), self.catalogue.lying(song)
            if lying is None or not self.unasked(song):
                raise not_failed(known.state)
            if self.store.generation(self.places.original(song)) == ABSENT:
                raise original_gone(409)
            return self.enqueue(song, lying.file)

    def keep(self, song: str, file: SongFile) -> None:
        """Write what is known of an upload; what was asked for meanwhile stays so. Raises DataError, Problem."""

        def kept(there: SongFile | None) -> SongFile:
            there = there or file
            owners = tuple(dict.fromkeys((*there.owners, *file.owners)))
            asked, mixes = max(there.asked, file.asked), there.mixes | file.mixes
            names = file.names | there.names
            return file.model_copy(update={"asked": asked, "mixes": mixes, "owners": owners, "names": names})

        self.files.change(song, kept)

    def ask_for_stems(self, song: str) -> None:
        """Publish a song to `separate`, and so to who is told when its stems are there. Raises EventError."""
        others = [job.ref for job in self.places.jobs if job is not self.places.separate]
        self._ask(self.places.separate, song, WISHES, others)

    def ask_for_mix(self, song: str, name: str) -> None:
        """Note that somebody wishes for a mix, and ask for it, unless the work on the song leads to it anyhow.

        A worker of `separate` commits the stems; then `mix` is told, and reads the wishes. Here the wish is written,
        and then it is looked for the stems. So in any order one of the two finds what the other has done, and nobody
        need send for the stems while they are being made. Raises DataError, EventError, Problem.
        """
        with self.turn(song):
            unasked = self.unasked_mix(song, name)
            self._note_wish(song, name)
            self.look_at(song)
            state, lying = self._song(song).state, self.catalogue.lying(song)
            if state is State.FAILED and lying is not None:
                self.enqueue(song, lying.file)
            elif state is State.DONE and unasked:
                self._ask(self.places.mix, song, name)
            else:
                self._wait(self._tell(self.places.mix, song, Told.QUEUED, name))  # other fronts look at it anew

    def ask_for_callback(self, song: str) -> None:
        """Publish a song whose stems are there to `callback`. Raises EventError."""
        if self.places.callback is not None:
            self._ask(self.places.callback, song)

    def delete(self, song: str) -> None:
        """Remove all that lies there of a song, its file last: until then it can be deleted again. Raises DataError."""
        lying = self.look.one(song)
        if lying is None:
            raise no_such_song(song)
        letters = [letter.path for letter in lying.letters]
        there = [seen.path for seen in (*lying.stems.values(), lying.peaks, *lying.mixes.values()) if seen is not None]
        places = self.places
        asked = (places.callback_of(song), places.told_of(song))
        for path in (places.original(song), *there, *letters, *asked, places.song_file(song)):
            self.store.delete(path)
        self.catalogue.put(song, None, time.monotonic())
        self._wait(self._tell(self.places.separate, song, Told.DROPPED, _DELETED))

    def _ask(self, job: Job, song: str, payload: str = "", others: Sequence[JobRef] = ()) -> None:
        """Publish a song to a job. That it is queued is told first, so that it is not heard after a worker's word."""
        told = self._tell(job, song, Told.QUEUED, payload)
        message = Message.of(song.encode(), payload=payload.encode(), recipients=Limited((job.ref, *others)))
        self._wait(told, (job.topic, pubsub.publish(job.topic, message.encode())))

    def _tell(self, job: Job, song: str, state: Told, note: str) -> Sent:
        """Publish a record, for other fronts, and take it in here."""
        record = Status(song.encode(), job.ref.job_name, state, time.time(), note=note, worker=self.name)
        self.catalogue.take(record)
        return self.places.status_topic, pubsub.publish(self.places.status_topic, record.encode(), job=record.job)

    def _wait(self, *sent: Sent) -> None:
        for topic, future in sent:
            pubsub.wait_for(topic, [future], self.patience_s)

    def _note_wish(self, song: str, name: str) -> None:
        """Add a mix to a song's file, as the newest wish. Raises DataError, Problem."""
        lying = self.look.one(song)
        if lying is None:
            raise no_such_song(song)

        def with_wish(there: SongFile | None) -> SongFile:
            if there is None:
                raise no_such_song(song)
            others = {other: at for other, at in there.mixes.items() if other != name}
            return there.model_copy(update={"mixes": others | {name: lying.newest_of(name)}})

        self.files.change(song, with_wish)

    def _song(self, song: str) -> Song:
        found = self.catalogue.song(song)
        if found is None:
            raise no_such_song(song)
        return found
