"""What lies in the bucket, as listings tell it: names, sizes and times, a page of a thousand for each request."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from klio.data.gcs_client import Patience, asked, parted

_FIELDS = "items(name,size,updated,generation),nextPageToken"


@dataclass(frozen=True, slots=True)
class Seen:
    """One object. `at` is when it was written, by the store's clock, in seconds since the epoch."""

    path: str
    size: int
    at: float
    generation: int

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition("/")[2]


def listed(prefix: str, patience: Patience) -> Iterator[Seen]:
    """Yield every object whose path begins with `prefix`, in order of their names. Raises DataError."""
    bucket, start = parted(prefix)
    query: dict[str, Any] = {"prefix": start, "fields": _FIELDS, "maxResults": 1000}
    while True:
        page = patience.of(
            "storage.objects.list", prefix, lambda: asked(f"/b/{bucket}/o", dict(query), patience.timeout)
        )
        yield from (_seen(bucket, item) for item in page.get("items", ()))
        if "nextPageToken" not in page:
            return
        query["pageToken"] = page["nextPageToken"]


def _seen(bucket: str, item: dict[str, Any]) -> Seen:
    at = datetime.fromisoformat(item["updated"]).timestamp()
    return Seen(f"gs://{bucket}/{item['name']}", int(item["size"]), at, int(item["generation"]))
