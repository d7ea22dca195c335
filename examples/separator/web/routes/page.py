"""The page: one file, under a policy that lets only its own script and its own style run."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Header, Response

from web.front import TheFront
from web.guard.headers import policy_of

router = APIRouter(tags=["page"])
_FILE = Path(__file__).parents[1] / "page" / "index.html"
_SIGNED = ("https://storage.googleapis.com",)  # where signed URLs lead to


@dataclass(frozen=True, slots=True)
class Page:
    """The text as browsers get it, and the headers that go with it."""

    text: str
    headers: Mapping[str, str]


@cache
def page_of(max_upload_mb: int, max_minutes: int, media: tuple[str, ...] = ()) -> Page:
    """Answer the page that tells these limits, and may play sound from `media`, origins besides its own."""
    text = _FILE.read_text(encoding="utf-8")
    for name, value in {"max_upload_mb": max_upload_mb, "max_minutes": max_minutes}.items():
        text = text.replace(f"{{{name}}}", str(value))
    policy = policy_of(text, media)
    etag = f'"{hashlib.sha256((text + policy).encode()).hexdigest()[:32]}"'
    return Page(text, {"ETag": etag, "Cache-Control": "no-cache", "Content-Security-Policy": policy})


@router.get("/", include_in_schema=False)
def show(front: TheFront, if_none_match: Annotated[str | None, Header()] = None) -> Response:
    """Answer the page; with the ETag of an earlier answer: 304 as long as it is the same."""
    settings = front.settings
    minutes = int(front.places.max_duration_s // 60)
    page = page_of(settings.max_upload_mb, minutes, _SIGNED if settings.signed_urls else ())
    if if_none_match and page.headers["ETag"] in [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]:
        return Response(status_code=304, headers=dict(page.headers))
    return Response(page.text, headers=dict(page.headers), media_type="text/html")
