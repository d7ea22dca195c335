"""The three ways in: media in one request, multipart with metadata, and resumable in as many requests as it takes.

See "Uploads and downloads" in the documentation of Cloud Storage's JSON API.
"""

from __future__ import annotations

import json
import re
import shutil
import time
import uuid
from dataclasses import replace
from email import message_from_bytes, message_from_string
from pathlib import Path

from klio_exec.local.objects.digests import CHUNK_BYTES
from klio_exec.local.objects.index import Upload
from klio_exec.local.objects.records import Conditions, Object, object_name
from klio_exec.local.objects.shelf import Shelf
from klio_exec.local.objects.wire import Body, Fields, Refusal, Reply, Request, invalid

_RANGE = re.compile(r"bytes (?:(?P<first>\d+)-(?P<last>\d+)|\*)/(?:(?P<total>\d+)|\*)")


def insert(shelf: Shelf, request: Request, bucket: str) -> Reply:
    """Answer the beginning of an upload, which for all but the resumable kind is its end as well."""
    match request.query.get("uploadType", "media"):
        case "media":
            return _media(shelf, request, bucket)
        case "multipart":
            return _multipart(shelf, request, bucket)
        case "resumable":
            return _begin(shelf, request, bucket)
    raise invalid(f"Unknown uploadType: {request.query['uploadType']!r}")


def proceed(shelf: Shelf, request: Request) -> Reply:
    """Answer a piece of a resumable upload, or the question how much of it has arrived."""
    upload = _upload(shelf, request)
    if upload.reply is not None:
        return Reply.of(upload.reply)
    part = shelf.part_of(upload.id)
    first, total = _range(request)
    if first is not None:
        _append(part, request.body, first)
    received = part.stat().st_size
    if total is None or received < total:
        return _so_far(received)
    made = shelf.keep(
        upload.bucket, upload.name, {**upload.fields, **_hashes(request)}, part, Conditions.of(upload.query)
    )
    shelf.index.put_upload(replace(upload, reply=made.resource()))
    return Reply.of(made.resource())


def cancel(shelf: Shelf, request: Request) -> Reply:
    """Answer that a resumable upload is given up (499, as Google does)."""
    upload = _upload(shelf, request)
    shelf.part_of(upload.id).unlink(missing_ok=True)
    shelf.index.drop_upload(upload.id)
    return Reply(499)


def _media(shelf: Shelf, request: Request, bucket: str) -> Reply:
    fields = {"contentType": request.headers.get("Content-Type"), **_hashes(request)}
    with shelf.part() as part:
        with part.open("xb") as file:
            shutil.copyfileobj(request.body, file, CHUNK_BYTES)
        return _kept(shelf, request, bucket, fields, part)


def _multipart(shelf: Shelf, request: Request, bucket: str) -> Reply:
    fields, content = _two_parts(request.headers.get("Content-Type", ""), request.body.read())
    with shelf.part() as part:
        part.write_bytes(content)
        return _kept(shelf, request, bucket, fields, part)


def _kept(shelf: Shelf, request: Request, bucket: str, fields: Fields, part: Path) -> Reply:
    name = request.query.get("name", fields.get("name"))
    made: Object = shelf.keep(bucket, name, fields, part, Conditions.of(request.query))
    return Reply.of(made.resource())


def _begin(shelf: Shelf, request: Request, bucket: str) -> Reply:
    fields = request.json()
    fields.setdefault("contentType", request.headers.get("X-Upload-Content-Type"))
    name = object_name(request.query.get("name", fields.get("name")))
    shelf.check(bucket, name, Conditions.of(request.query))
    upload = Upload(uuid.uuid4().hex, bucket, name, dict(request.query), fields, time.time())
    shelf.part_of(upload.id).touch()
    shelf.index.put_upload(upload)
    place = f"{request.origin}/upload/storage/v1/b/{bucket}/o?uploadType=resumable&upload_id={upload.id}"
    return Reply(headers={"Location": place, "X-GUploader-UploadID": upload.id})


def _upload(shelf: Shelf, request: Request) -> Upload:
    found = shelf.index.upload(request.query.get("upload_id", ""))
    if found is None or (found.reply is None and not shelf.part_of(found.id).exists()):
        raise Refusal(404, "notFound", "There is no such upload.")
    return found


def _range(request: Request) -> tuple[int | None, int | None]:
    """Answer where the body belongs, None where it holds nothing, and the size of the whole, None if not yet known."""
    text = request.headers.get("Content-Range")
    if text is None:
        return 0, int(request.headers.get("Content-Length", "0"))
    found = _RANGE.fullmatch(text)
    if found is None:
        raise invalid(f"Failed to parse Content-Range: {text!r}")
    first, total = (None if found[name] is None else int(found[name]) for name in ("first", "total"))
    return first, total


def _append(part: Path, body: Body, first: int) -> None:
    """Add what is new in a body that begins at byte `first`. A body beyond what has arrived adds nothing."""
    with part.open("r+b") as file:
        received = file.seek(0, 2)
        if first <= received:
            body.read(received - first)
            shutil.copyfileobj(body, file, CHUNK_BYTES)


def _so_far(received: int) -> Reply:
    return Reply(308, {"Range": f"bytes=0-{received - 1}"} if received else {})


def _hashes(request: Request) -> Fields:
    """Answer the checksums that a request announces in X-Goog-Hash: `crc32c=…,md5=…`."""
    named = dict(pair.strip().partition("=")[::2] for pair in request.headers.get("X-Goog-Hash", "").split(",") if pair)
    return {ours: named[theirs] for theirs, ours in (("crc32c", "crc32c"), ("md5", "md5Hash")) if theirs in named}


def _two_parts(content_type: str, body: bytes) -> tuple[Fields, bytes]:
    """Answer the metadata and the bytes of a multipart/related body (RFC 2387): JSON first, then the media."""
    boundary = message_from_string(f"Content-Type: {content_type}\n\n").get_boundary()
    pieces = (b"\r\n" + body).split(f"\r\n--{boundary}".encode()) if boundary else []
    if len(pieces) != 4:  # before the first mark, the metadata, the media, after the last mark
        raise invalid("a multipart upload has two parts and a boundary")
    (_, _, described), (head, _, content) = (piece.partition(b"\r\n\r\n") for piece in pieces[1:3])
    try:
        fields = json.loads(described)
    except ValueError as error:
        raise invalid(f"the metadata is not JSON: {error}") from error
    fields.setdefault("contentType", message_from_bytes(head.strip()).get_content_type())
    return fields, content
