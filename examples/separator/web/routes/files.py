"""Files of a song: its stems, one by one and as an archive, their peaks, and the upload itself."""

from __future__ import annotations

import json
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse

from web.files import ranges
from web.files.archive import archive
from web.files.file_names import attachment, readable
from web.files.pieces import Whole, whole
from web.files.sending import SOUND, File, sending, sound
from web.front import Front, TheFront
from web.guard.owners import Whoever
from web.model import Song
from web.places import Hash, Stem
from web.problems import Problem, answers, original_gone
from web.upload.sniff import Kind

router = APIRouter(prefix="/v1/songs/{song}", tags=["files"])
_ZIP = {"content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}}


async def asked(front: TheFront, whoever: Whoever, song: Hash) -> Song:
    """Answer the song of the address, as who asks sees it: a dependency. Raises Problem."""
    return front.song(song, whoever.name)


Asked = Annotated[Song, Depends(asked)]


@router.head("/stems/{stem}", include_in_schema=False)
@router.get("/stems/{stem}", response_class=Response, responses=SOUND)
def get_stem(front: TheFront, request: Request, song: Asked, stem: Stem) -> Response:
    """Answer one stem as MP3, or a range of it."""
    file = File(front.places.stem(song.hash, stem), "audio/mpeg", readable(song.title, stem, ".mp3"))
    return sending(front, request, file, not_yet(song))


@router.head("/original", include_in_schema=False)
@router.get("/original", response_class=Response, responses=sound(*(kind.content_type for kind in Kind)))
def get_original(front: TheFront, request: Request, song: Asked) -> Response:
    """Answer the upload, as it came."""
    kind = Kind(song.kind)
    file = File(front.places.original(song.hash), kind.content_type, readable(song.title, "", f".{kind}"))
    return sending(front, request, file, original_gone(404))


@router.get("/peaks", responses={304: {"description": "The client has them as they are"}, **answers(404)})
def get_peaks(front: TheFront, request: Request, song: Asked) -> Response:
    """Answer how loud each stem is, from its beginning to its end, as numbers from 0 to 100."""
    found = whole(front.places.peaks(song.hash), front.store.patience)
    if found is None:
        raise not_yet(song)
    headers = {"ETag": found.etag, "Cache-Control": "private, no-cache"}
    if ranges.unchanged(request.headers, found.etag):
        return Response(status_code=304, headers=headers)
    said = json.loads(b"".join(found.pieces()))
    return Response(json.dumps(said["peaks"]), headers=headers, media_type="application/json")


@router.head("/stems.zip", include_in_schema=False)
@router.get("/stems.zip", response_class=StreamingResponse, responses={200: _ZIP, **answers(404)})
def get_archive(front: TheFront, request: Request, song: Asked) -> Response:
    """Answer all stems as one ZIP archive, which is made while it is sent."""
    stems = _stems(front, song)
    headers = {
        "Content-Disposition": attachment(readable(song.title, "stems", ".zip")),
        "Cache-Control": "private, no-cache",
        "Accept-Ranges": "none",
    }
    if request.method == "HEAD":
        return Response(headers=headers, media_type="application/zip")
    return StreamingResponse(archive(stems, song.uploaded_at.timestamp()), 200, headers, "application/zip")


def not_yet(song: Song) -> Problem:
    """Answer the problem of a file that is not made yet."""
    return Problem(
        404,
        "not-there-yet",
        "This is not there yet",
        detail=f"The song is {song.state}.",
        todo=f"Follow {song.links.events}, and ask again when the song is done.",
    )


def _stems(front: Front, song: Song) -> dict[str, Whole]:
    found = {stem: whole(front.places.stem(song.hash, stem), front.store.patience) for stem in Stem}
    there = {readable(song.title, stem, ".mp3"): one for stem, one in found.items() if one is not None}
    if len(there) < len(Stem):
        raise not_yet(song)
    return there
