"""A file on its way out: whole, in part, not at all because the client has it, or by way of a signed URL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse

from web.files import ranges
from web.files.file_names import attachment
from web.files.pieces import Whole, whole
from web.files.signed import signed_url
from web.front import Front
from web.problems import Problem, answers

_KEPT = "private, no-cache"  # by the browser, which asks whether it is still the same


@dataclass(frozen=True, slots=True)
class File:
    """An object that may be there at `path`, and the `name` of the file that it becomes for who downloads it."""

    path: str
    content_type: str
    name: str


def sound(*content_types: str) -> dict[int | str, dict[str, Any]]:
    """Answer what the `responses` of a route are that sends files of some types."""
    audio = {"content": {one: {"schema": {"type": "string", "format": "binary"}} for one in content_types}}
    return {
        200: audio,
        206: {"description": "The part that was asked for", **audio},
        302: {"description": "Cloud Storage itself has it, at this address, for some minutes"},
        304: {"description": "The client has it as it is"},
        **answers(404, 416),
    }


SOUND = sound("audio/mpeg")


def sending(front: Front, request: Request, file: File, missing: Problem) -> Response:
    """Answer a GET or HEAD of a file.

    Ranges, If-Range, If-None-Match and HEAD are as RFC 9110 has them; of several ranges none is sent. It waits for
    the store: routes that are no coroutines call it.

    Raises `missing` where there is no such object, Problem for a range that is not there, DataError.
    """
    found = whole(file.path, front.store.patience)
    if found is None:
        raise missing
    headers = {
        "ETag": found.etag,
        "Cache-Control": _KEPT,
        "Accept-Ranges": "bytes",
        "Content-Disposition": attachment(file.name),
        "Content-Type": file.content_type,
    }
    if ranges.unchanged(request.headers, found.etag):
        return Response(status_code=304, headers={key: headers[key] for key in ("ETag", "Cache-Control")})
    if front.settings.signed_urls and request.method == "GET":
        url = signed_url(file.path, file.content_type, headers["Content-Disposition"])
        if url is not None:
            return RedirectResponse(url, 302, {"Cache-Control": "no-store"})
    return _sent(request, found, headers)


def _sent(request: Request, found: Whole, headers: dict[str, str]) -> Response:
    if request.method == "HEAD":  # for which ranges mean nothing
        return Response(headers=headers | {"Content-Length": str(found.size)})
    wanted = ranges.wanted(request.headers, found.size, found.etag)
    if wanted is None:
        return StreamingResponse(found.pieces(), 200, headers | {"Content-Length": str(found.size)})
    part = {
        "Content-Range": f"bytes {wanted.start}-{wanted.stop - 1}/{found.size}",
        "Content-Length": str(len(wanted)),
    }
    return StreamingResponse(found.pieces(wanted), 206, headers | part)
