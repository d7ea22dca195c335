"""Objects as files: the index says what there is, a directory holds the bytes."""

from __future__ import annotations

import fcntl
import os
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from klio_core.errors import LocalCloudError
from klio_exec.local.objects.digests import Digests, digests_of
from klio_exec.local.objects.index import Index
from klio_exec.local.objects.records import (
    HIGHEST,
    WRITABLE,
    Bucket,
    Conditions,
    Object,
    Range,
    bucket_name,
    now,
    object_name,
)
from klio_exec.local.objects.wire import Fields, Refusal, invalid

_UPLOAD_LIFE_S = 7 * 24 * 3600.0  # as long as Google keeps a resumable upload
_PAGE = 1000


class Shelf:
    """All that one object store keeps, below one directory. Any thread may use it; one process at a time may.

    A file of bytes is written once and never changed: an object that is replaced gets a new file.
    """

    def __init__(self, directory: Path, *, make_buckets: bool) -> None:
        self._parts, self._contents = directory / "parts", directory / "contents"
        for needed in (self._parts, self._contents):
            needed.mkdir(parents=True, exist_ok=True)
        self._owned = _own(directory)
        self._make_buckets = make_buckets
        self._last_generation = 0
        self.index = Index(directory / "index.sqlite")
        self._sweep()

    def close(self) -> None:
        """Give the directory back."""
        self.index.close()
        os.close(self._owned)

    def part_of(self, upload_id: str) -> Path:
        """Answer where the bytes of a resumable upload are collected, over many requests."""
        return self._parts / upload_id

    @contextmanager
    def part(self) -> Iterator[Path]:
        """Answer where the bytes of one request are collected. What is no object at the end is removed."""
        path = self._parts / uuid.uuid4().hex
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    def make_bucket(self, name: object, fields: Fields) -> Bucket:
        """Make a bucket. Refuses one that is there already (409)."""
        bucket = Bucket(bucket_name(name), now(), fields)
        with self.index.lock:
            if self.index.bucket(bucket.name):
                raise Refusal(409, "conflict", "Your previous request to create the named bucket succeeded.")
            self.index.put_bucket(bucket)
        return bucket

    def bucket(self, name: str) -> Bucket:
        """Answer a bucket; where that was asked for, one that is not there is made. Refuses otherwise (404)."""
        with self.index.lock:
            found = self.index.bucket(name)
            if found:
                return found
            if self._make_buckets:
                return self.make_bucket(name, {})
        raise Refusal(404, "notFound", "The specified bucket does not exist.")

    def drop_bucket(self, name: str) -> None:
        """Remove an empty bucket. Refuses one that is not empty (409)."""
        with self.index.lock:
            self.bucket(name)
            if self.index.page(name, "", "", HIGHEST, 1):
                raise Refusal(409, "conflict", "The bucket you tried to delete is not empty.")
            self.index.drop_bucket(name)

    def find(self, bucket: str, name: str, query: Mapping[str, str], side: str = "") -> Object:
        """Answer an object that meets the conditions and the generation of a query. Refuses (404, 412, 304)."""
        self.bucket(bucket)
        found = self.index.object_at(bucket, name)
        Conditions.of(query, side).check(found)
        wanted = query.get("sourceGeneration" if side else "generation")
        if found is None or wanted not in {None, str(found.generation)}:
            raise Refusal(404, "notFound", f"No such object: {bucket}/{name}")
        return found

    def read(self, bucket: str, name: str, query: Mapping[str, str]) -> tuple[Object, BinaryIO]:
        """Answer an object and its bytes, opened; they stay readable when the object is replaced meanwhile."""
        with self.index.lock:
            found = self.find(bucket, name, query)
            return found, (self._contents / found.content).open("rb")

    def check(self, bucket: str, name: str, conditions: Conditions) -> None:
        """Refuse a writing that could not take place now."""
        self.bucket(bucket)
        conditions.check(self.index.object_at(bucket, name))

    def keep(self, bucket: str, name: object, fields: Fields, part: Path, conditions: Conditions) -> Object:
        """Make the bytes in `part` an object, if they have the checksums in `fields` and the conditions hold."""
        digests = digests_of(part)
        _compare(fields, digests)
        content, made = uuid.uuid4().hex, now()
        with self.index.lock:
            self.check(bucket, object_name(name), conditions)
            part.replace(self._contents / content)
            kept = Object(
                bucket=bucket,
                name=str(name),
                generation=self._generation(),
                metageneration=1,
                size=digests.size,
                crc32c=digests.crc32c,
                md5=digests.md5,
                made=made,
                updated=made,
                content=content,
                fields=_writable(fields),
            )
            self._put(kept)
        return kept

    def copy(self, source: Object, bucket: str, name: str, fields: Fields, conditions: Conditions) -> Object:
        """Make another object of the same bytes."""
        with self.part() as part:
            try:
                os.link(self._contents / source.content, part)
            except FileNotFoundError:
                raise Refusal(404, "notFound", f"No such object: {source.bucket}/{source.name}") from None
            return self.keep(bucket, name, {**source.fields, **_writable(fields)}, part, conditions)

    def patch(self, bucket: str, name: str, query: Mapping[str, str], fields: Fields) -> Object:
        """Change what is said of an object; None takes a saying back. Refuses (404, 412)."""
        with self.index.lock:
            found = self.find(bucket, name, query)
            patched = replace(
                found,
                metageneration=found.metageneration + 1,
                updated=now(),
                fields=_merged(found.fields, _writable(fields)),
            )
            self.index.put_object(patched)
        return patched

    def drop(self, bucket: str, name: str, query: Mapping[str, str]) -> None:
        """Remove an object. Refuses (404, 412)."""
        with self.index.lock:
            found = self.find(bucket, name, query)
            self.index.drop_object(bucket, name)
        (self._contents / found.content).unlink(missing_ok=True)

    def walk(self, bucket: str, wanted: Range, delimiter: str, after: str) -> Iterator[tuple[str, Object | None]]:
        """Answer what comes after `after`: (name, object), and (name up to the delimiter, None) for a folder."""
        while page := self.index.page(bucket, after, wanted.first, wanted.end, _PAGE):
            for found in page:
                cut = found.name.find(delimiter, len(wanted.prefix)) if delimiter else -1
                if cut >= 0:
                    folder = found.name[: cut + len(delimiter)]
                    yield folder, None
                    after = folder + HIGHEST
                    break
                yield found.name, found
                after = found.name

    def _put(self, kept: Object) -> None:
        replaced = self.index.object_at(kept.bucket, kept.name)
        self.index.put_object(kept)
        if replaced:
            (self._contents / replaced.content).unlink(missing_ok=True)

    def _generation(self) -> int:
        self._last_generation = max(self._last_generation + 1, time.time_ns() // 1000)
        return self._last_generation

    def _sweep(self) -> None:
        """Remove the bytes that nobody answers for: what was under way when an earlier process died."""
        self.index.drop_uploads(made_before=time.time() - _UPLOAD_LIFE_S)
        for directory, wanted in ((self._contents, self.index.contents()), (self._parts, self.index.unfinished())):
            for file in directory.iterdir():
                if file.name not in wanted:
                    file.unlink()


def _own(directory: Path) -> int:
    handle = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise LocalCloudError(
            "another local object store already keeps this directory",
            where=str(directory),
            todo="use the one that runs, or stop it: klio local down",
        ) from None
    return handle


def _writable(fields: Fields) -> Fields:
    return {key: value for key, value in fields.items() if key in WRITABLE}


def _merged(said: Fields, change: Fields) -> Fields:
    """Answer what is said after a change, as the JSON API patches: None takes back, and maps are merged, too."""
    new = {
        key: _merged(said.get(key) or {}, value) if isinstance(value, dict) else value for key, value in change.items()
    }
    return {key: value for key, value in {**said, **new}.items() if value is not None}


def _compare(fields: Fields, digests: Digests) -> None:
    for name, got in (("crc32c", digests.crc32c), ("md5Hash", digests.md5)):
        if fields.get(name) not in {None, got}:
            raise invalid(f'Provided {name} "{fields[name]}" doesn\'t match calculated {name} "{got}".')
