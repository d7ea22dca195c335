"""The way out: an object's bytes, whole or a range of them."""

from __future__ import annotations

import re

from klio_exec.local.objects.records import Object
from klio_exec.local.objects.shelf import Shelf
from klio_exec.local.objects.wire import Refusal, Reply, Request

_RANGE = re.compile(r"bytes=(?P<first>\d*)-(?P<last>\d*)")


def media(shelf: Shelf, request: Request, bucket: str, name: str) -> Reply:
    """Answer the bytes of an object, or the range that the request asks for (RFC 9110, section 14)."""
    found, file = shelf.read(bucket, name, request.query)
    try:
        wanted = _wanted(request.headers.get("Range"), found.size)
    except Refusal:
        file.close()
        raise
    headers = _headers(found)
    if wanted is None:
        return Reply(200, headers, file=file, length=found.size)
    file.seek(wanted.start)
    headers["Content-Range"] = f"bytes {wanted.start}-{wanted.stop - 1}/{found.size}"
    return Reply(206, headers, file=file, length=len(wanted))


def _wanted(text: str | None, size: int) -> range | None:
    asked = _RANGE.fullmatch(text) if text else None
    if asked is None or asked[0] == "bytes=-":
        return None
    if asked["first"]:
        first, end = int(asked["first"]), min(int(asked["last"] or size), size - 1) + 1
    else:
        first, end = max(0, size - int(asked["last"])), size
    if first >= end:
        # The client knows an empty object by this header.
        raise Refusal(
            416, "requestedRangeNotSatisfiable", f"The object has {size} bytes.", Content_Range=f"bytes */{size}"
        )
    return range(first, end)


def _headers(found: Object) -> dict[str, str]:
    headers = {
        "Content-Type": found.fields.get("contentType") or "application/octet-stream",
        "Accept-Ranges": "bytes",
        "ETag": f'"{found.generation}/{found.metageneration}"',
        "X-Goog-Hash": f"crc32c={found.crc32c},md5={found.md5}",
        "X-Goog-Generation": str(found.generation),
        "X-Goog-Metageneration": str(found.metageneration),
        "X-Goog-Stored-Content-Length": str(found.size),
        "X-Goog-Stored-Content-Encoding": found.fields.get("contentEncoding", "identity"),
    }
    if "contentEncoding" in found.fields:
        headers["Content-Encoding"] = found.fields["contentEncoding"]
    return headers
