"""Songs come in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from web.front import Front, TheFront
from web.guard.door import who
from web.guard.tokens import Who
from web.model import Song, State
from web.problems import answers
from web.upload import take_in
from web.upload.callbacks import Asker
from web.upload.receive import Form, received

router = APIRouter(prefix="/v1/songs", tags=["songs"])
_FORM = {
    "type": "object",
    "required": ["file"],
    "properties": {
        "file": {"type": "array", "items": {"type": "string", "format": "binary"}, "minItems": 1},
        "callback_url": {
            "type": "string",
            "format": "iri",
            "maxLength": 2000,
            "description": "Who is told, by a POST, when the stems are there.",
        },
        "callback_data": {"type": "string", "description": "Sent back to them."},
    },
}
_BODY: dict[str, Any] = {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": _FORM}}}}


class Uploaded(BaseModel):
    """The songs of an upload, in its order."""

    songs: tuple[Song, ...]


@router.post(
    "",
    status_code=202,
    response_model=Uploaded,
    responses={200: {"model": Uploaded}, **answers(400, 408, 413, 415, 507)},
    openapi_extra=_BODY,
)
async def upload(
    front: TheFront, request: Request, response: Response, whoever: Annotated[Who, Depends(who)]
) -> Uploaded:
    """Take in one or several songs, each as a field `file` of a form.

    202 when each is on its way, 200 when the stems of all are there already: somebody has uploaded the same files
    before. Either all are taken, or none is.
    """
    async with received(request, front.room, front.settings.max_upload_bytes, {"file"}) as form:
        songs = await run_in_threadpool(_taken_in, front, form, whoever.name)
    if len(songs) == 1:
        response.headers["Location"] = songs[0].links.self
    if all(song.state is State.DONE for song in songs):
        response.status_code = 200
    return Uploaded(songs=tuple(songs))


def _taken_in(front: Front, form: Form, owner: str | None) -> Sequence[Song]:
    asker = _asker(form)
    checked = [take_in.check(front, sent.file, sent.file_name) for sent in form.files]
    return [take_in.admit(front, song, owner, asker) for song in checked]


def _asker(form: Form) -> Asker | None:
    url = form.fields.get("callback_url")
    return None if url is None else Asker(url, form.fields.get("callback_data"))
