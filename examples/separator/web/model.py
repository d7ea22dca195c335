"""What the front answers, as JSON; and what it keeps of each upload."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from web.places import Hash, MixName, Stem


class Answer(BaseModel):
    """What all answers have in common: they are values."""

    model_config = ConfigDict(frozen=True)


class State(enum.StrEnum):
    """How far a song, or a mix, has come."""

    QUEUED = "queued"
    WORKING = "working"
    DONE = "done"
    FAILED = "failed"


class Trouble(Answer):
    """Why something failed, in plain words, and what to do."""

    type: str = Field(examples=["urn:klio:separator:not-audio"])
    title: str
    detail: str
    todo: str


class StemLink(Answer):
    """One stem that is there."""

    name: Stem
    url: str
    size_bytes: int


class Mix(Answer):
    """One mix that somebody has asked for."""

    name: MixName = Field(examples=["bass+drums"])
    stems: tuple[Stem, ...]
    state: State
    url: str | None = None
    problem: Trouble | None = None


class Links(Answer):
    """Where a song is found again."""

    self: str
    events: str


class Song(Answer):
    """All that is known of a song. Times that are not known are null."""

    hash: Hash
    state: State
    progress: float = Field(ge=0, le=1)
    stage: str | None = Field(examples=["separating"])
    note: str | None
    seconds_left: float | None
    title: str
    artist: str | None
    file_name: str
    kind: str
    size_bytes: int
    duration_s: float | None
    uploaded_at: datetime
    seconds_queued: float | None
    seconds_worked: float | None
    attempt: int
    worker: str | None
    stems: tuple[StemLink, ...]
    peaks_url: str | None
    zip_url: str | None
    mixes: tuple[Mix, ...]
    problem: Trouble | None
    links: Links


class Songs(Answer):
    """A page of songs, the newest first; `next` is what `after` is to be for the page that follows."""

    songs: tuple[Song, ...]
    next: str | None


class Wanted(Answer):
    """The mix that somebody wants."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stems: Annotated[
        tuple[Stem, ...],
        Field(
            min_length=1, max_length=len(Stem), examples=[["bass", "drums"]], json_schema_extra={"uniqueItems": True}
        ),
    ]


class Named(Answer):
    """What somebody's upload is called."""

    file_name: str
    title: str


class SongFile(BaseModel):
    """What is kept of an upload beside it, as `songs/HASH.json`.

    `names` is what each owner calls it: nobody learns from it how others do. `file_name` and `title` are those of the
    first of them, for who sees all.

    `asked` says when its stems were asked for last, and `mixes` when each mix was: as the time, of the store's clock in
    seconds since the epoch, of the newest object that could be mistaken for an answer to that, such as a dead letter.
    So no two clocks are compared.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    file_name: str
    kind: str
    size_bytes: int
    duration_s: float | None = None
    title: str
    artist: str | None = None
    uploaded_at: datetime
    owners: tuple[str, ...] = ()
    """Whose tokens it came with: those see it. Where tokens are not required, all do."""
    names: dict[str, Named] = Field(default_factory=dict)
    asked: float = 0.0
    mixes: dict[MixName, float] = Field(default_factory=dict)

    @property
    def named(self) -> Named:
        """What it is called by the first of its owners."""
        return Named(file_name=self.file_name, title=self.title)

    def shared(self, owner: str, named: Named) -> SongFile:
        """Answer it as one that somebody has uploaded as well, under a name of his own; the first one counts."""
        owners = tuple(dict.fromkeys((*self.owners, owner)))
        return self.model_copy(update={"owners": owners, "names": {owner: named, **self.names}})

    def without(self, owner: str | None) -> SongFile:
        """Answer it as one that is not somebody's any more: it is called as others call it."""
        owners = tuple(name for name in self.owners if name != owner)
        names = {name: named for name, named in self.names.items() if name != owner}
        called = next((names[name] for name in owners if name in names), self.named)
        return self.model_copy(update={"owners": owners, "names": names, **called.model_dump()})
