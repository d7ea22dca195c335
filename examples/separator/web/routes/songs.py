"""Songs: all of them, one, and away with one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query, Response

from web.catalogue import place
from web.front import TheFront
from web.model import Song, Songs, State
from web.places import Hash
from web.problems import Problem, answers, no_such_song

router = APIRouter(prefix="/v1/songs", tags=["songs"])
_CURSOR = "^[0-9]{1,20}-[0-9a-f]{64}$"


@router.get("")
def list_songs(
    front: TheFront,
    state: Annotated[State | None, Query(description="Only songs in this state.")] = None,
    after: Annotated[str | None, Query(pattern=_CURSOR, description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
) -> Songs:
    """Answer songs, the newest first, a page at a time."""
    songs = front.catalogue.songs(state)
    if after is not None:
        micros, _, last = after.partition("-")
        songs = [song for song in songs if place(song) < (int(micros) / 1e6, last)]
    page = songs[:limit]
    return Songs(songs=tuple(page), next=_cursor(page[-1]) if len(songs) > limit else None)


@router.get("/{song}", response_model=Song, responses=answers(404))
def get_song(front: TheFront, song: Hash, if_none_match: Annotated[str | None, Header()] = None) -> Response:
    """Answer all that is known of a song. With the ETag of an earlier answer: 304 as long as nothing has changed."""
    entry = front.catalogue.entry(song)
    if entry is None:
        raise no_such_song(song)
    headers = {"ETag": entry.etag, "Cache-Control": "no-cache"}
    if if_none_match and entry.etag in [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]:
        return Response(status_code=304, headers=headers)
    return Response(entry.body, headers=headers, media_type="application/json")


@router.delete("/{song}", status_code=204, responses=answers(404, 409))
def delete_song(front: TheFront, song: Hash) -> None:
    """Remove a song: the upload, stems, mixes, and all that is known of it."""
    if front.song(song).state is State.WORKING:
        raise Problem(
            409,
            "being-worked-on",
            "A worker has this song",
            detail="Its stems are written soon, whether anybody wants them or not.",
            todo="Delete it when it is done.",
        )
    front.delete(song)


def _cursor(song: Song) -> str:
    return f"{round(song.uploaded_at.timestamp() * 1e6)}-{song.hash}"
