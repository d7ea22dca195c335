"""What lies in the bucket, as listings tell it: names, sizes, times and notes, a thousand objects for each request."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from klio.data.gcs_client import Patience, asked, noted, parted

_FIELDS = "items(name,size,timeCreated,generation,metadata),nextPageToken"
_PAGE = 1000
_SAYS = "separator-says"


@dataclass(frozen=True, slots=True)
class Seen:
    """One object. `at` is when it was written, by the store's clock, in seconds since the epoch.

    `says` is what a front has noted on it, in its custom metadata: a new writing of the object begins without a note.
    """

    path: str
    size: int
    at: float
    generation: int
    says: str | None = field(default=None, compare=False)

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition("/")[2]


def listed(prefix: str, patience: Patience) -> Iterator[Seen]:
    """Yield every object whose path begins with `prefix`, in order of their names. Raises DataError."""
    bucket, start = parted(prefix)
    query: dict[str, Any] = {"prefix": start, "fields": _FIELDS, "maxResults": _PAGE}
    while True:
        page = patience.of(
            "storage.objects.list", prefix, lambda: asked(f"/b/{bucket}/o", dict(query), patience.timeout)
        )
        yield from (_seen(bucket, item) for item in page.get("items", ()))
        if "nextPageToken" not in page:
            return
        query["pageToken"] = page["nextPageToken"]


def fit_a_page(prefix: str, patience: Patience) -> bool:
    """Whether one request lists all objects whose path begins with `prefix`. Raises DataError."""
    bucket, start = parted(prefix)
    query = {"prefix": start, "fields": "nextPageToken", "maxResults": _PAGE}
    page = patience.of("storage.objects.list", prefix, lambda: asked(f"/b/{bucket}/o", query, patience.timeout))
    return "nextPageToken" not in page


def note(seen: Seen, says: str, patience: Patience) -> None:
    """Note on an object what it says, unless it is another one by now, or gone. Raises DataError."""
    attempt = partial(noted, seen.path, seen.generation, {_SAYS: says}, patience.timeout)
    patience.of("storage.objects.update", seen.path, attempt)


def _seen(bucket: str, item: dict[str, Any]) -> Seen:
    at = datetime.fromisoformat(item["timeCreated"]).timestamp()
    says = item.get("metadata", {}).get(_SAYS)
    return Seen(f"gs://{bucket}/{item['name']}", int(item["size"]), at, int(item["generation"]), says)
