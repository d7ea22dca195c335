"""An upload taken in: looked at, kept, and given to the jobs. Nothing is decoded here, and nothing is lost on the way.

Every step can be done again, so that whoever sends the same file after a failure goes on where it failed.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from klio.data.store import ABSENT
from klio_core.errors import LostLease
from web.model import Named, Song, SongFile, State
from web.problems import Problem
from web.upload import callbacks
from web.upload.callbacks import Asker
from web.upload.parts import base_name
from web.upload.room import Arrived
from web.upload.sniff import TAKEN, Kind, sniff
from web.upload.tags import Tags, clean

if TYPE_CHECKING:
    from web.front import Front

_UNNAMED = "A song without a name"


@dataclass(frozen=True, slots=True)
class Checked:
    """A file that is a song, as far as can be told without decoding it."""

    file: Arrived
    file_name: str
    kind: Kind
    tags: Tags

    def facts(self, owner: str | None) -> SongFile:
        """Answer what is kept of it."""
        facts = SongFile(
            kind=self.kind,
            size_bytes=self.file.size,
            duration_s=self.tags.duration_s,
            artist=self.tags.artist,
            uploaded_at=datetime.now(UTC),
            **self.named.model_dump(),
        )
        return self.kept_in(facts, owner)

    def kept_in(self, known: SongFile, owner: str | None) -> SongFile:
        """Answer what is kept of a song when it comes once more, with its name."""
        return known if owner is None else known.shared(owner, self.named)

    @property
    def named(self) -> Named:
        """What it is called: in its tags or, since the file's name is all there is, there."""
        title = self.tags.title or clean(Path(self.file_name).stem) or _UNNAMED
        return Named(file_name=self.file_name, title=title)


def take_in(front: Front, file: Arrived, file_name: str, owner: str | None = None, asker: Asker | None = None) -> Song:
    """Take one file in, and answer its song: done, if somebody has uploaded the same before, else on its way.

    `owner` is whose token it came with, `asker` who wants to be told. The message is published when this returns.

    Raises Problem for what is no song (415, 422), DataError and EventError where the cloud does not answer.
    """
    return admit(front, check(front, file, file_name), owner, asker)


def check(front: Front, file: Arrived, file_name: str) -> Checked:
    """Look at a file. Raises Problem where it is no song, or certainly too long a one."""
    name = base_name(file_name) or _UNNAMED
    if not file.size:
        raise Problem(422, "empty", "This file is empty", detail=f"{name} has 0 bytes.", todo="Upload one with sound.")
    found = sniff(file.path)
    if found.kind is None:
        raise _not_audio(name, found.what)
    tags = front.readers.read(file.path, found.kind)
    longest = front.places.max_duration_s
    if tags.at_least_s > longest:
        raise _too_long(name, tags.at_least_s, longest)
    return Checked(file, name, found.kind, tags)


def admit(front: Front, song: Checked, owner: str | None = None, asker: Asker | None = None) -> Song:
    """Keep a song and ask for its stems, as far as that has not been done. Raises as `take_in` does."""
    name = song.file.hash
    if asker is not None:
        callbacks.add(front, name, asker)
    with front.asking.turn(name):  # of two who send the same at once, the second one finds what the first has kept
        known = _kept(front, song, owner)
    if asker is not None and known.state is State.DONE:
        front.asking.ask_for_callback(name)
    return front.song(name, owner)


def _kept(front: Front, song: Checked, owner: str | None) -> Song:
    name = song.file.hash
    front.asking.look_at(name)
    lying, known = front.catalogue.lying(name), front.catalogue.song(name)
    if lying is None or known is None:
        _keep(front, song.file)
        return front.asking.enqueue(name, song.facts(owner))
    if owner is not None and owner not in lying.file.names:
        front.files.change(name, lambda file: song.kept_in(file or lying.file, owner))
        front.asking.look_at(name)
    if front.asking.unasked(name):
        _keep(front, song.file)
        return front.asking.enqueue(name, song.kept_in(lying.file, owner))
    return front.song(name)


def _keep(front: Front, file: Arrived) -> None:
    with contextlib.suppress(LostLease):  # the same bytes are there
        front.store.commit(file.path, front.places.original(file.hash), expect=ABSENT)


def _not_audio(name: str, what: str) -> Problem:
    return Problem(
        415,
        "not-audio",
        "This is no audio file",
        detail=f"Expected {TAKEN}; {name} is {what}.",
        todo="Play it on your machine; upload an MP3, WAV, FLAC, OGG or M4A.",
    )


def _too_long(name: str, seconds: float, longest: float) -> Problem:
    return Problem(
        422,
        "too-long",
        "This song is too long",
        detail=f"Expected at most {longest / 60:g} minutes; {name} has {seconds / 60:.0f}.",
        todo="Cut it into shorter parts, and upload each.",
    )
