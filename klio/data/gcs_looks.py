"""Whether many objects are there, asked with few requests: a listing where names lie close together, else packed.

A page of a listing answers for up to 1 000 names, and is charged as a dozen single looks are; but it also holds names
that nobody asked for. So a range of wanted names is listed as long as each page answers for as many of them as one
request with packed looks could. Packed looks are shared out to as many connections as there are: a server may take
the looks of one request one after the other.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any

from google.api_core.exceptions import BadRequest, Forbidden, NotFound

from klio.data.gcs_client import CONNECTIONS, Patience, address_of, asked, no_bucket, parted, posted
from klio.data.packed import CONTENT_TYPE, MOST, pack, unpack

Resource = dict[str, Any]
_OK, _NOT_FOUND = 200, 404


@dataclass(frozen=True, slots=True)
class Looks:
    """Looks at objects. `fields` are those of a resource of the JSON API that are wanted.

    `page` is how many names a listing answers for at once, `worth` for how many of the wanted ones it must.
    """

    patience: Patience
    fields: str = "name"
    page: int = 1000
    worth: int = MOST

    def one(self, path: str) -> Resource | None:
        """Answer the resource of an object, None where there is none. Raises DataNotFound where there is no bucket."""
        bucket, name = parted(path)

        def looked() -> Resource | None:
            try:
                return asked(address_of(bucket, name), {"fields": self.fields}, self.patience.timeout)
            except NotFound as error:
                if no_bucket(error):
                    raise
                return None

        return self.patience.of("storage.objects.get", path, looked)

    def many(self, paths: Sequence[str]) -> dict[str, Resource]:
        """Answer the resources of those objects that are there, by path. Raises as `one` does."""
        wanted = sorted({parted(path) for path in paths})
        if len(wanted) < 2:
            return _present((path, self.one(path)) for path in paths[:1])
        with ThreadPoolExecutor(CONNECTIONS, "klio-look") as pool:
            found: dict[str, Resource] = {}
            left: list[tuple[str, str]] = []
            for there, unsettled in pool.map(self._listed, self._ranges(wanted)):
                found |= there
                left += unsettled
            for there in pool.map(self._packed, _shared_out(left)):
                found |= there
        return found

    def _listed(self, wanted: list[tuple[str, str]]) -> tuple[dict[str, Resource], list[tuple[str, str]]]:
        """Answer what a listing says of wanted names of one bucket, in order, and the names that it is not worth."""
        found: dict[str, Resource] = {}
        while len(wanted) >= self.worth:
            bucket, first = wanted[0]
            page = self._page(bucket, first, wanted[-1][1])
            if page is None:
                break
            items, whole = page
            settled = len(wanted) if whole else bisect_right(wanted, (bucket, max(items, default="")))
            found |= {f"gs://{bucket}/{name}": items[name] for _, name in wanted[:settled] if name in items}
            wanted = wanted[settled:]
            if settled < self.worth:
                break
        return found, wanted

    def _ranges(self, wanted: Sequence[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
        for _, names in groupby(wanted, key=lambda one: one[0]):
            of_bucket = list(names)
            yield from (of_bucket[at : at + self.page] for at in range(0, len(of_bucket), self.page))

    def _page(self, bucket: str, first: str, last: str) -> tuple[dict[str, Resource], bool] | None:
        """Answer the first objects from `first` to `last`, and whether that is all. None: we may not list so."""
        query = {
            "startOffset": first,
            # Names before it are listed. Nearly nothing sorts between a name and the same name with "!" behind it.
            "endOffset": f"{last}!",
            "fields": f"items({self.fields}),nextPageToken",
            "maxResults": self.page,
        }

        def listed() -> Resource | None:
            try:
                return asked(f"/b/{bucket}/o", query, self.patience.timeout)
            except (Forbidden, BadRequest):
                return None

        page = self.patience.of("storage.objects.list", f"gs://{bucket}/{first}", listed)
        if page is None:
            return None
        return {item["name"]: item for item in page.get("items", ())}, "nextPageToken" not in page

    def _packed(self, wanted: Sequence[tuple[str, str]]) -> dict[str, Resource]:
        """Answer what packed looks say; what they leave open is looked at singly, which waits or explains."""
        return _present((_path(one), answer) for one, answer in zip(wanted, self._answers(wanted), strict=True))

    def _answers(self, wanted: Sequence[tuple[str, str]]) -> Iterator[Resource | None]:
        answers = self._unpacked(wanted) if len(wanted) > 1 else []
        if len(answers) != len(wanted):
            answers = [(0, b"")] * len(wanted)
        for one, (status, body) in zip(wanted, answers, strict=True):
            if status == _OK:
                yield json.loads(body)
            elif status == _NOT_FOUND and b"bucket does not exist" not in body:
                yield None
            else:
                yield self.one(_path(one))

    def _unpacked(self, wanted: Sequence[tuple[str, str]]) -> list[tuple[int, bytes]]:
        body = pack([f"/storage/v1{address_of(*one)}?fields={self.fields}" for one in wanted])
        sent = partial(posted, "/batch/storage/v1", body, CONTENT_TYPE, self.patience.timeout)
        response = self.patience.of("storage.objects.get", _path(wanted[0]), sent)
        if response.status_code != _OK:
            return []
        return unpack(response.headers.get("Content-Type", ""), response.content)


def _shared_out(wanted: Sequence[tuple[str, str]]) -> list[Sequence[tuple[str, str]]]:
    """Answer parts of equal size, so many that every connection has one, and none larger than a request may be."""
    size = min(MOST, -(-len(wanted) // CONNECTIONS))
    return [wanted[at : at + size] for at in range(0, len(wanted), size or 1)]


def _present(answers: Iterable[tuple[str, Resource | None]]) -> dict[str, Resource]:
    return {path: answer for path, answer in answers if answer is not None}


def _path(wanted: tuple[str, str]) -> str:
    return f"gs://{wanted[0]}/{wanted[1]}"
