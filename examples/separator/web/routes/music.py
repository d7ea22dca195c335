"""Another older interface, so that its clients work unchanged: songs are `music`, and everything has a number."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from web.front import Front, TheFront
from web.guard.owners import Whoever, shown_in
from web.guard.tokens import Who
from web.model import Mix, Song, State
from web.places import mix_name
from web.problems import URN, Problem, answers
from web.routes import numbers
from web.routes.numbers import TRACKS
from web.upload.receive import received
from web.upload.take_in import take_in

router = APIRouter(tags=["music"])
_FILES = {"file", "myFile", "myfile"}
_UNKNOWN = "Unknown"
_NEARLY = 99  # per cent: the mix is still to come
_FILE = {"type": "object", "required": ["file"], "properties": {"file": {"type": "string", "format": "binary"}}}
_BODY = {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": _FILE}}}}
TrackIds = Annotated[
    list[int], Field(json_schema_extra={"items": {"enum": list(TRACKS)}, "minItems": 1, "uniqueItems": True})
]
Number = Annotated[int, Path(ge=0, lt=numbers.LIMIT)]


class Track(BaseModel):
    """One of the tracks that a song is taken apart into."""

    name: str
    track_id: int


class Music(BaseModel):
    """A song."""

    music_id: int
    name: str
    band: str
    tracks: list[Track]


class Instrument(BaseModel):
    """A track that is there, and where."""

    name: str
    track: str


class Progress(BaseModel):
    """How far a song is, in per cent; `final` is the mix that was asked for last, once it is there."""

    progress: int = Field(ge=0, le=100)
    instruments: list[Instrument]
    final: str | None


class Job(BaseModel):
    """The work on one track: bytes of the track, or of the song until it is there; seconds that the song has taken."""

    job_id: int
    size: int
    time: int
    music_id: int
    track_id: int


class Tracks(BaseModel):
    """The tracks of a mix."""

    tracks: TrackIds


class Reset(BaseModel):
    """How many songs are gone, and which are not, since workers have them."""

    removed: int
    kept: list[int]


@router.post("/music", openapi_extra=_BODY, responses=answers(400, 408, 413, 415, 507))
async def post_music(front: TheFront, request: Request, whoever: Whoever) -> Music:
    """Take a song in."""
    async with received(request, front.room, front.settings.max_upload_bytes, _FILES) as form:
        sent = form.files[0]
        song = await run_in_threadpool(take_in, front, sent.file, sent.file_name, whoever.name)
    return _music(song)


@router.get("/music")
async def list_music(front: TheFront, whoever: Whoever) -> list[Music]:
    """Answer all songs, the newest first."""
    return [_music(song) for song in _songs(front, whoever)]


@router.post("/music/{music_id}", responses=answers(404))
def mix_music(
    front: TheFront, request: Request, whoever: Whoever, music_id: Number, wanted: TrackIds | Tracks
) -> Progress:
    """Ask for a mix of some tracks."""
    song = _song(front, whoever, music_id)
    front.asking.ask_for_mix(song.hash, _mix(wanted.tracks if isinstance(wanted, Tracks) else wanted))
    return _progress(front, front.song(song.hash), request)


@router.get("/music/{music_id}", responses=answers(404, 422))
async def get_music(front: TheFront, request: Request, whoever: Whoever, music_id: Number) -> Progress:
    """Answer how far a song is. A song that cannot be separated is a problem, which says why."""
    return _progress(front, _song(front, whoever, music_id), request)


@router.get("/job")
async def list_jobs(front: TheFront, whoever: Whoever) -> list[int]:
    """Answer the numbers of all jobs: one for each track of each song."""
    return [numbers.of_job(song.hash, track) for song in _songs(front, whoever) for track in TRACKS]


@router.get("/job/{job_id}", responses=answers(404))
async def get_job(front: TheFront, whoever: Whoever, job_id: Number) -> Job:
    """Answer what is known of a job."""
    music_id, track_id = numbers.parted(job_id)
    if track_id not in TRACKS:
        raise _none("job", job_id)
    song = _song(front, whoever, music_id)
    size = next((stem.size_bytes for stem in song.stems if stem.name is TRACKS[track_id]), song.size_bytes)
    seconds = round(song.seconds_worked or 0)
    return Job(job_id=job_id, size=size, time=seconds, music_id=music_id, track_id=track_id)


@router.post("/reset", responses=answers(401, 403))
def reset(front: TheFront, request: Request, whoever: Whoever) -> Reset:
    """Remove all songs but those that workers have: for administrators; without tokens, from this machine alone."""
    if not whoever.admin or (whoever.name is None and not _is_here(request)):
        raise _NOT_YOURS
    songs = front.catalogue.songs()
    kept = [song for song in songs if song.state is State.WORKING]
    for song in songs:
        if song not in kept:
            front.asking.delete(song.hash)
    return Reset(removed=len(songs) - len(kept), kept=[numbers.of_song(song.hash) for song in kept])


def _is_here(request: Request) -> bool:
    """Whether a request comes from this machine, and through nobody else."""
    client = request.client.host if request.client else ""
    passed_on = {"forwarded", "x-forwarded-for", "x-real-ip", "via"} & set(request.headers)
    return not passed_on and client in ("127.0.0.1", "::1")


def _songs(front: Front, whoever: Who) -> list[Song]:
    shows = shown_in(front, whoever)
    return [seen.song for entry in front.catalogue.entries() if (seen := shows(entry))]


def _song(front: Front, whoever: Who, music_id: int) -> Song:
    shows = shown_in(front, whoever)
    for entry in front.catalogue.entries():
        if numbers.of_song(entry.hash) == music_id and (seen := shows(entry)):
            return seen.song
    raise _none("music", music_id)


def _music(song: Song) -> Music:
    tracks = [Track(name=stem, track_id=number) for number, stem in TRACKS.items()]
    return Music(music_id=numbers.of_song(song.hash), name=song.title, band=song.artist or _UNKNOWN, tracks=tracks)


def _mix(wanted: list[int]) -> str:
    try:
        return mix_name("+".join(TRACKS[number] for number in wanted))
    except (KeyError, ValueError):
        expected = ", ".join(f"{number} ({stem})" for number, stem in TRACKS.items())
        detail = f"Expected some of the track_ids {expected}, each once, got {wanted[:10]}."
        raise Problem(422, "no-such-mix", "This is no mix", detail=detail, todo="Ask for some of these.") from None


def _progress(front: Front, song: Song, request: Request) -> Progress:
    base = str(request.base_url).rstrip("/")
    mix = _wanted(front, song)
    for trouble in (song.problem, mix.problem if mix else None):
        if trouble is not None:
            kind = trouble.type.removeprefix(URN)
            raise Problem(422, kind, trouble.title, detail=trouble.detail, todo=trouble.todo)
    done = song.state is State.DONE and (mix is None or mix.state is State.DONE)
    return Progress(
        progress=100 if done else min(_NEARLY, int(100 * song.progress)),
        instruments=[Instrument(name=stem.name, track=f"{base}{stem.url}") for stem in song.stems],
        final=f"{base}{mix.url}" if mix and mix.url else None,
    )


def _wanted(front: Front, song: Song) -> Mix | None:
    """Answer the mix that was asked for last."""
    lying = front.catalogue.lying(song.hash)
    last = next(reversed(lying.file.mixes), None) if lying else None
    return next((mix for mix in song.mixes if mix.name == last), None)


_NOT_YOURS = Problem(
    403,
    "not-yours",
    "This is for administrators",
    detail="Expected the token of an administrator; or, where no tokens are required, a request from this machine.",
    todo="Send `Authorization: Bearer TOKEN` with such a token: `python -m web.token --help`.",
)


def _none(what: str, number: int) -> Problem:
    todo = f"GET /{what} answers the numbers that there are."
    return Problem(
        404, "no-such-song", "There is no such song", detail=f"No {what} has the number {number}.", todo=todo
    )
