"""What all routes share: the places, the store, the catalogue, the feed, who asks jobs, and how all of it lives."""

from __future__ import annotations

import logging
import threading
import time
from typing import Annotated

from fastapi import Depends, Request

from klio.data.gcs import GcsStore
from klio.data.gcs_client import Patience
from klio.events import pubsub
from klio_core.errors import KlioError
from klio_core.status import State as Told
from klio_core.status import Status
from web.asking import Asking
from web.model import Song
from web.places import Places, is_hash
from web.problems import no_such_song
from web.settings import Settings
from web.songs.catalogue import Catalogue
from web.songs.feed import Feed
from web.songs.lying import Look
from web.songs.records import Listener
from web.songs.song_files import SongFiles
from web.upload.apart import Readers
from web.upload.room import Room

log = logging.getLogger("klio.separator.web")
_TICK_S = 1.0
_STRANGER_S = 5.0
_CHANGES = (Told.QUEUED, Told.COMMITTED, Told.PASSED_ON, Told.DEAD_LETTER, Told.DROPPED)  # what lies there


class Front:
    """One front. It holds nothing that is not found out anew when it starts.

    `start` and `stop` are called by the app. All methods wait for services: routes call them in threads.
    """

    def __init__(self, settings: Settings, places: Places | None = None) -> None:
        self.settings = settings
        self.places = places or Places.of(settings.jobs_dir)
        self.store = GcsStore(Patience(settings.patience_s))
        self.feed = Feed()
        self.catalogue = Catalogue(self.places, self.feed.changed)
        self.look = Look(self.places, self.store)
        self.files = SongFiles(self.places, self.store)
        self.room = Room(settings.uploading_mb * 1_000_000)
        self.readers = Readers()
        self.listener = Listener(self.places.status_topic, self._begin, self._hear)
        self.asking = Asking(
            self.listener.name, self.places, self.store, self.look, self.files, self.catalogue, settings.patience_s
        )
        self._strangers: dict[str, float] = {}
        self._ending = threading.Event()
        self._clock = threading.Thread(target=self._run, name="clock", daemon=True)

    def start(self) -> None:
        """Begin to listen; the catalogue is there as soon as `ready` says so."""
        self.readers.warm()
        self.listener.start()
        self._clock.start()

    def stop(self) -> None:
        """End; who listens to events is let go."""
        self.feed.close()
        self._ending.set()
        self.listener.stop()
        self._clock.join()
        self.readers.close()
        self.room.close()

    @property
    def ready(self) -> bool:
        """Whether the catalogue is whole, and changes are heard."""
        return self.listener.hears.is_set()

    def look_again(self) -> None:
        """Look at everything that lies there. Raises DataError."""
        began = time.monotonic()
        self.catalogue.put_all(self.look.all(), began)

    def song(self, song: str, viewer: str | None = None) -> Song:
        """Answer a song, as one of its owners sees it if one is named. Raises Problem where there is none."""
        found = self.catalogue.entry(song)
        if found is None:
            raise no_such_song(song)
        return found.seen_by(viewer).song

    def _begin(self) -> None:
        """Find out everything anew; raise EventError where what is published to a job would be lost."""
        for job in self.places.jobs:
            pubsub.check_subscription(job.subscription)
        self.look_again()

    def _hear(self, record: Status) -> None:
        """Take in a record; first look at what lies there, where it says that something has come or gone."""
        if record.worker == self.listener.name:
            return  # taken in when it was told
        song = record.element.decode(errors="replace")
        if is_hash(song):
            if record.state in _CHANGES or self._is_new(song):
                self.asking.look_at(song)
            self.catalogue.take(record)

    def _is_new(self, song: str) -> bool:
        """Whether a song is not known; one that nobody has uploaded here is not looked for at each of its records."""
        if self.catalogue.entry(song) is not None:
            return False
        now = time.monotonic()
        self._strangers = {other: at for other, at in self._strangers.items() if now - at < _STRANGER_S}
        return self._strangers.setdefault(song, now) == now

    def _run(self) -> None:
        looked = time.monotonic()
        while not self._ending.wait(_TICK_S):
            self.catalogue.tick()
            if self.ready and time.monotonic() - looked > self.settings.look_again_s:
                looked = time.monotonic()
                self._try_to_look()

    def _try_to_look(self) -> None:
        try:
            self.look_again()
            self.look.note()
        except KlioError as error:
            log.warning("the look at all songs ended early: %s", error)


def front_of(request: Request) -> Front:
    """Answer the front that an app was made of."""
    front: Front = request.app.state.front
    return front


TheFront = Annotated[Front, Depends(front_of)]
