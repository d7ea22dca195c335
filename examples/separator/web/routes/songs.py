"""Songs: all of them, one, and away with one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query, Response

from web.front import TheFront
from web.guard.owners import Whoever, let_go, sees_in
from web.model import Song, Songs, State
from web.places import Hash
from web.problems import answers, being_worked_on, no_such_song
from web.songs.catalogue import Entry
from web.songs.search import search

router = APIRouter(prefix="/v1/songs", tags=["songs"])
_ABOUT_Q = "Only songs with all of these words in title, artist or file name, whatever their case and accents."
_CURSOR = "^[0-9]{1,20}-[0-9a-f]{64}$"


@router.get("", response_model=Songs)
async def list_songs(
    front: TheFront,
    whoever: Whoever,
    *,
    state: Annotated[State | None, Query(description="Only songs in this state.")] = None,
    q: Annotated[str | None, Query(max_length=200, description=_ABOUT_Q)] = None,
    after: Annotated[str | None, Query(pattern=_CURSOR, description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
) -> Response:
    """Answer songs, the newest first, a page at a time."""
    sees = sees_in(front, whoever)
    shown = (entry.seen_by(whoever.name) for entry in front.catalogue.entries(state) if sees(entry.hash))
    finds = search(q)
    entries = [entry for entry in shown if finds(entry.text)]
    if after is not None:
        micros, _, last = after.partition("-")
        entries = [entry for entry in entries if entry.place < (int(micros), last)]
    more = f'"{_cursor(entries[limit - 1])}"' if len(entries) > limit else "null"
    songs = b",".join(entry.body for entry in entries[:limit])  # each was written once, when it changed
    return Response(b'{"songs":[%b],"next":%b}' % (songs, more.encode()), media_type="application/json")


@router.get("/{song}", response_model=Song, responses={304: {"description": "Nothing has changed."}, **answers(404)})
async def get_song(
    front: TheFront, whoever: Whoever, song: Hash, if_none_match: Annotated[str | None, Header()] = None
) -> Response:
    """Answer all that is known of a song. With the ETag of an earlier answer: 304 as long as nothing has changed."""
    found = front.catalogue.entry(song)
    if found is None:
        raise no_such_song(song)
    entry = found.seen_by(whoever.name)
    headers = {"ETag": entry.etag, "Cache-Control": "no-cache"}
    if if_none_match and entry.etag in [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]:
        return Response(status_code=304, headers=headers)
    return Response(entry.body, headers=headers, media_type="application/json")


@router.post("/{song}/again", status_code=202, responses=answers(404, 409))
def try_again(front: TheFront, whoever: Whoever, song: Hash) -> Song:
    """Ask once more for the stems of a song that failed: it need not be sent again."""
    front.asking.again(song)
    return front.song(song, whoever.name)


@router.delete("/{song}", status_code=204, responses=answers(404, 409))
def delete_song(front: TheFront, whoever: Whoever, song: Hash) -> None:
    """Remove a song: the upload, stems, mixes, and all that is known of it."""
    if front.song(song).state is State.WORKING:
        raise being_worked_on()
    let_go(front, whoever, song)


def _cursor(entry: Entry) -> str:
    micros, song = entry.place
    return f"{micros}-{song}"
