"""Changes as they happen, as server-sent events."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header
from fastapi.responses import StreamingResponse

from web.front import Front, TheFront
from web.guard.owners import Whoever, shown_in
from web.guard.tokens import Who
from web.places import Hash
from web.problems import answers
from web.songs.feed import events

router = APIRouter(prefix="/v1", tags=["events"])
_EVENT = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "event": {"enum": ["song", "removed"]},
        "data": {"type": "string", "contentMediaType": "application/json"},
    },
}
_STREAM: dict[int | str, dict[str, Any]] = {200: {"content": {"text/event-stream": {"schema": _EVENT}}}}
LastId = Annotated[str | None, Header(alias="Last-Event-ID", description="The id of the last event that was seen.")]


@router.get("/events", response_class=StreamingResponse, responses=_STREAM)
async def all_events(front: TheFront, whoever: Whoever, last_event_id: LastId = None) -> StreamingResponse:
    """Answer each change of any song: `event: song` with the song, `event: removed` with its hash."""
    return _stream(front, whoever, None, last_event_id)


@router.get("/songs/{song}/events", response_class=StreamingResponse, responses=_STREAM | answers(404))
async def events_of(front: TheFront, whoever: Whoever, song: Hash, last_event_id: LastId = None) -> StreamingResponse:
    """Answer a song, and then each change of it."""
    front.song(song)
    return _stream(front, whoever, song, last_event_id)


def _stream(front: Front, whoever: Who, only: str | None, last: str | None) -> StreamingResponse:
    seen = int(last) if last and last.isascii() and last.isdigit() and len(last) < 20 else None
    body = events(front.feed, front.catalogue, only, seen, front.settings.heartbeat_s, shows=shown_in(front, whoever))
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(body, media_type="text/event-stream", headers=headers)
