"""An older interface, so that its clients work unchanged: songs come in as JSON, tracks go out one by one.

Its answers have the keys and the status that those clients read; its errors have a `reason`.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.concurrency import run_in_threadpool

from web.files.sending import SOUND, File, sending
from web.front import TheFront
from web.guard.door import own
from web.guard.owners import Whoever, sees_in
from web.model import Song, State
from web.places import Stem
from web.problems import Problem, answers, being_worked_on
from web.upload.callbacks import Asker
from web.upload.in_json import received
from web.upload.take_in import take_in

router = APIRouter(prefix="/apiv1", tags=["apiv1"])
_ENQUEUED = "Song enqueued for separation"
_NAMED = {"base": Stem.BASS}  # as its documentation spells it
_BASE64 = {"type": "string", "format": "byte", "minLength": 4, "description": "The file in base64."}

_SONG = "UklGRigAAABXQVZFZm10IBAAAAABAAIARKwAABCxAgAEABAAZGF0YQQAAAAAAAAA"  # a WAV of one frame


class Callback(BaseModel):
    """Who is told by a POST when the stems are there, and what is sent to them."""

    url: str | None = None
    data: Any = None


class Order(BaseModel):
    """What a client may say beside the song. Which model is used is said in the job file, not here."""

    model_config = ConfigDict(extra="ignore")

    model: str | None = None
    callback: Callback | None = None

    @property
    def asker(self) -> Asker | None:
        """Who wants to be told. Raises Problem for what is no address."""
        if self.callback is None or not self.callback.url:
            return None
        return Asker(self.callback.url, self.callback.data, "apiv1")


class Enqueued(BaseModel):
    """The hash of a song, by which its tracks are fetched."""

    hash: str
    reason: str = Field(examples=[_ENQUEUED])


class Queue(BaseModel):
    """The hashes of the songs that wait for a worker, the next one first."""

    queue: list[str]


class Removed(BaseModel):
    """A track that is gone."""

    hash: str
    track: str
    reason: str


_OR_NULL = {"type": ["string", "null"]}
_CALLBACK = {"anyOf": [Callback.model_json_schema(), {"type": "null"}]}
_SCHEMA = Order.model_json_schema(ref_template="#/components/schemas/{model}") | {"required": ["mp3"]}
_SCHEMA["properties"] = {"mp3": _BASE64, "model": _OR_NULL, "callback": _CALLBACK}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {key: value for key, value in _SCHEMA.items() if key != "$defs"},
                "example": {
                    "mp3": _SONG,
                    "callback": {"url": "https://example.com/done", "data": {"n": 1}},
                },
            }
        },
    }
}


@router.post("/separate", openapi_extra=_BODY, responses=answers(400, 408, 409, 413, 415, 507))
async def separate(front: TheFront, request: Request, whoever: Whoever) -> Enqueued:
    """Take a song in."""
    async with received(request, front.room, front.settings.max_upload_bytes, "mp3") as sent:
        asker = _order(sent.rest).asker
        song = await run_in_threadpool(take_in, front, sent.file, "song.mp3", whoever.name, asker)
    return Enqueued(hash=song.hash, reason=_ENQUEUED)


@router.get("/queue")
@router.get("/queue/", include_in_schema=False)
async def queue(front: TheFront, whoever: Whoever) -> Queue:
    """Answer which songs wait for a worker."""
    sees = sees_in(front, whoever)
    return Queue(queue=[song.hash for song in reversed(front.catalogue.entries(State.QUEUED)) if sees(song.hash)])


@router.head("/track/{song}/{track}", include_in_schema=False)
@router.get("/track/{song}/{track}", response_class=Response, responses=SOUND)
def get_track(front: TheFront, request: Request, song: str, track: str) -> Response:
    """Answer one track as MP3: `vocals.mp3`, `drums.mp3`, `bass.mp3` or `other.mp3`; the suffix may be left out."""
    stem = _stem(track)
    known = front.song(song)
    file = File(front.places.stem(known.hash, stem), "audio/mpeg", f"{stem}.mp3")
    return sending(front, request, file, _not_there(known, track))


@router.get("/remove/{song}/{track}", dependencies=[Depends(own)], responses=answers(403, 404, 409))
@router.delete("/remove/{song}/{track}", name="delete_track", responses=answers(404, 409))
def remove(front: TheFront, whoever: Whoever, song: str, track: str) -> Removed:
    """Remove one track. The song can be made again by sending it again."""
    stem = _stem(track)
    known = front.song(song)
    lying = front.catalogue.lying(song)
    if lying and not whoever.admin and set(lying.file.owners) != {whoever.name}:
        raise _SHARED
    if known.state is State.WORKING:
        raise being_worked_on()
    if stem not in (there.name for there in known.stems):
        raise _not_there(known, track)
    front.store.delete(front.places.stem(song, stem))
    front.asking.look_at(song)
    return Removed(hash=song, track=f"{stem}.mp3", reason="Track removed")


def _order(rest: dict[str, Any]) -> Order:
    try:
        return Order.model_validate(rest)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise Problem(
            422,
            "invalid-request",
            "The request is not as it should be",
            detail=f"{'.'.join(map(str, first['loc']))}: {first['msg']}",
            todo="Compare it with /openapi.json.",
        ) from None


_SHARED = Problem(
    409,
    "shared",
    "Others have this song, too",
    detail="Expected a song that you alone have uploaded.",
    todo="DELETE /v1/songs/HASH takes it out of your songs, and leaves it to the others.",
)


def _not_there(song: Song, track: str) -> Problem:
    return Problem(
        404,
        "not-there-yet" if song.problem is None else "no-such-track",
        "This track is not there",
        detail=f"{track[:40]} of {song.hash}: the song is {song.state}.",
        todo="Ask again when it is done." if song.problem is None else song.problem.todo,
    )


def _stem(track: str) -> Stem:
    name = track.removesuffix(".mp3")
    try:
        return _NAMED.get(name) or Stem(name)
    except ValueError:
        expected = ", ".join(f"{stem}.mp3" for stem in Stem)
        detail = f"Expected {expected}, got {track[:40]!r}."
        raise Problem(
            404, "no-such-track", "There is no such track", detail=detail, todo="Ask for one of these."
        ) from None
