"""What answers look like, for /openapi.json: values of the models themselves, so that they cannot be out of date."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel

from web.model import Links, Mix, Song, Songs, State, StemLink, Wanted
from web.places import Stem
from web.problems import URN, ProblemAnswer
from web.routes import numbers
from web.routes.apiv1 import Enqueued, Queue, Removed
from web.routes.health import Health
from web.routes.music import Instrument, Job, Music, Progress, Reset, Track, Tracks
from web.routes.session import Session, SignIn
from web.routes.uploads import Uploaded

HASH = hashlib.sha256(b"a song").hexdigest()
CURSOR = f"1795255200000000-{HASH}"
_BASE = f"/v1/songs/{HASH}"
_MIX = Mix(name="bass+drums", stems=(Stem.BASS, Stem.DRUMS), state=State.DONE, url=f"{_BASE}/mixes/bass+drums")
_SONG = Song(
    hash=HASH,
    state=State.DONE,
    progress=1.0,
    stage=None,
    note=None,
    seconds_left=None,
    title="A Song",
    artist="A Band",
    file_name="a song.mp3",
    kind="mp3",
    size_bytes=4_812_345,
    duration_s=200.5,
    uploaded_at=datetime(2026, 11, 21, 10, tzinfo=UTC),
    seconds_queued=1.5,
    seconds_worked=61.0,
    attempt=1,
    worker="worker-1",
    stems=tuple(StemLink(name=stem, url=f"{_BASE}/stems/{stem}", size_bytes=4_010_000) for stem in Stem),
    peaks_url=f"{_BASE}/peaks",
    zip_url=f"{_BASE}/stems.zip",
    mixes=(_MIX,),
    problem=None,
    links=Links(self=_BASE, events=f"{_BASE}/events"),
)
_NUMBER = numbers.of_song(HASH)
_JOB = numbers.of_job(HASH, 2)
_TRACKS = [Track(name=stem, track_id=number) for number, stem in numbers.TRACKS.items()]
_MUSIC = Music(music_id=_NUMBER, name="A Song", band="A Band", tracks=_TRACKS)
_ON_ITS_WAY = {"state": State.QUEUED, "progress": 0.0, "stems": (), "mixes": (), "peaks_url": None, "zip_url": None}
_ANSWERS: tuple[BaseModel, ...] = (
    _SONG,
    _MIX,
    Songs(songs=(_SONG,), next=CURSOR),
    Uploaded(songs=(_SONG.model_copy(update=_ON_ITS_WAY),)),
    Wanted(stems=(Stem.BASS, Stem.DRUMS)),
    Health(status="ready", songs=12),
    Session(required=True, signed_in=True, name="ada", admin=False),
    SignIn(token="jUxs5V8Jx0jY0RrJYQyrFgE0Tf2m6x3m4K0bWcQe1aA"),  # noqa: S106 - it opens nothing
    Enqueued(hash=HASH, reason="Song enqueued for separation"),
    Queue(queue=[HASH]),
    Removed(hash=HASH, track="vocals.mp3", reason="Track removed"),
    _MUSIC,
    Progress(
        progress=100, instruments=[Instrument(name="bass", track=f"https://example.com{_BASE}/stems/bass")], final=None
    ),
    Job(job_id=_JOB, size=4_010_000, time=61, music_id=_NUMBER, track_id=2),
    Tracks(tracks=[1, 2]),
    Reset(removed=12, kept=[]),
)
_BY_OPERATION: Mapping[str, Any] = {
    "list_jobs": [_JOB],
    "get_peaks": {stem: [0, 40, 100] for stem in Stem},
    "metrics": 'separator_songs{state="done"} 12.0\n',
}
_REFUSALS: tuple[tuple[int, str, str, str, str], ...] = (
    (400, "broken-form", "The form with the files is broken", "It ends in the middle of a part.", "Send it again."),
    (401, "no-token", "This service is for those who have a token", "Expected a token.", "Ask whoever runs this."),
    (403, "another-site", "Another site's page may not do this", "Expected a token.", "Open the service's own page."),
    (404, "no-such-song", "There is no such song", f"{HASH} is not here.", "Upload it."),
    (408, "too-slow", "The request did not arrive in time", "5 bytes came in 20 seconds.", "Try again."),
    (409, "being-worked-on", "A worker has this song", "Its stems are written soon.", "Delete it when it is done."),
    (413, "too-large", "This upload is too large", "Expected at most 200 MB.", "Upload it as MP3."),
    (415, "not-audio", "This is no audio file", "song.mp3 is a PNG picture.", "Upload an MP3."),
    (
        416,
        "no-such-range",
        "There is no such part of this file",
        "The file has 9 bytes.",
        "Ask for bytes that there are.",
    ),
    (421, "wrong-host", "This service does not answer to that name", "Got example.com.", "Use its own name."),
    (422, "invalid-request", "The request is not as it should be", "query.limit: too large.", "Correct it."),
    (429, "too-many-requests", "These are too many requests in this time", "Expected at most 60.", "Wait 9 seconds."),
    (500, "bug", "Something in this service broke", "KeyError", "Tell whoever runs this service when it happened."),
    (503, "cloud-away", "The cloud behind this service does not answer", "No answer came.", "Try again in 5 seconds."),
    (507, "disk-full", "This service has no room left for uploads", "The disk is full.", "Try again later."),
)

_SCHEMAS: Mapping[str, Any] = {type(one).__name__: one.model_dump(mode="json") for one in _ANSWERS}

PROBLEMS: Mapping[int, Any] = {
    status: ProblemAnswer(
        type=f"{URN}{kind}", title=title, status=status, detail=detail, todo=todo, instance=_BASE
    ).model_dump(mode="json")
    for status, kind, title, detail, todo in _REFUSALS
}
"""An example of what is answered with each status that refuses something."""

PARAMETERS: Mapping[str, Any] = {
    "song": HASH,
    "state": "done",
    "q": "song band",
    "after": CURSOR,
    "limit": 50,
    "stem": "vocals",
    "track": "vocals.mp3",
    "name": "bass+drums",
    "music_id": _NUMBER,
    "job_id": _JOB,
    "last-event-id": "1795255200000000",
    "if-none-match": '"0123456789abcdef01234567"',
}
"""An example of each parameter, by its name in small letters."""

_EVENTS = (
    f"id: 1795255200000000\nevent: song\ndata: {_SONG.model_dump_json()}\n\n"
    f'id: 1795255200000001\nevent: removed\ndata: {{"hash":"{HASH}"}}\n\n'
)


def of(operation: str, media_type: str, schema: Mapping[str, Any]) -> Any:
    """Answer an example of what an operation takes or answers, None where there is none."""
    if media_type == "text/event-stream":
        return _EVENTS
    for one in (schema, *schema.get("anyOf", ())):
        name = one.get("$ref", "").rpartition("/")[2]
        if name in _SCHEMAS:
            return _SCHEMAS[name]
    if "$ref" in schema.get("items", {}):
        return [of(operation, media_type, schema["items"])]
    return _BY_OPERATION.get(operation)
