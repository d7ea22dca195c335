"""Which part of a file a request asks for. RFC 9110, sections 13 and 14."""

from __future__ import annotations

import re
from collections.abc import Mapping

from web.problems import Problem

_ONE = re.compile(r"bytes\s*=\s*(?P<first>\d*)\s*-\s*(?P<last>\d*)", re.IGNORECASE | re.ASCII)
_SEVERAL = re.compile(r"bytes\s*=[\d\s-]+(,[\d\s-]*)+", re.IGNORECASE | re.ASCII)
_LONGEST = 200


def unchanged(headers: Mapping[str, str], etag: str) -> bool:
    """Whether the client has the file as it is, by its If-None-Match."""
    said = headers.get("if-none-match")
    return said is not None and ("*" in said or etag in [tag.strip().removeprefix("W/") for tag in said.split(",")])


def wanted(headers: Mapping[str, str], size: int, etag: str) -> range | None:
    """Answer the bytes that are asked for, None for all of them.

    All are answered, too, where the client has another part of an older file (If-Range), and where its header is none.
    Raises Problem (416) for what lies behind the end, and for several ranges at once.
    """
    said = headers.get("range", "").strip()
    if not said or len(said) > _LONGEST or headers.get("if-range", etag) != etag:
        return None
    if _SEVERAL.fullmatch(said):
        raise _refused(
            size, f"Expected one range of bytes, got {said!r}.", "Ask for each range in a request of its own."
        )
    found = _ONE.fullmatch(said)
    if found is None or not (found["first"] or found["last"]):
        return None
    asked = _asked(found["first"], found["last"], size)
    if asked is not None and not asked:
        raise _refused(size, f"The file has {size} bytes, asked was {said!r}.", "Ask for bytes that there are.")
    return asked


def _asked(first: str, last: str, size: int) -> range | None:
    """Answer a range, an empty one where nothing is there, None for what is none."""
    if not first:
        return range(max(0, size - int(last)), size)
    if last and int(last) < int(first):
        return None
    return range(int(first), min(int(last), size - 1) + 1 if last else size)


def _refused(size: int, detail: str, todo: str) -> Problem:
    title = "There is no such part of this file"
    headers = {"Content-Range": f"bytes */{size}", "Accept-Ranges": "bytes"}
    return Problem(416, "no-such-range", title, detail=detail, todo=todo, headers=headers)
