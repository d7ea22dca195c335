"""The list of what is kept: buckets, objects and unfinished uploads, in SQLite."""

from __future__ import annotations

import json
import sqlite3
import threading
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from klio_exec.local.objects.records import Bucket, Object
from klio_exec.local.objects.wire import Fields

_SCHEMA = """
CREATE TABLE IF NOT EXISTS buckets (name TEXT PRIMARY KEY, made TEXT, fields TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS objects (
    bucket TEXT, name TEXT, generation INTEGER, metageneration INTEGER, size INTEGER, crc32c TEXT, md5 TEXT,
    made TEXT, updated TEXT, content TEXT, fields TEXT, PRIMARY KEY (bucket, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS uploads (
    id TEXT PRIMARY KEY, bucket TEXT, name TEXT, query TEXT, fields TEXT, made REAL, reply TEXT) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Upload:
    """A resumable upload. `query` is that of its beginning; `reply` the resource that it became, once it has."""

    id: str
    bucket: str
    name: str
    query: Fields
    fields: Fields
    made: float
    reply: Fields | None = None


R = TypeVar("R", Bucket, Object, Upload)


class Index:
    """One SQLite file and one connection. Each change is whole and outlives the process, however that ends.

    `lock` keeps threads apart; hold it to look and change in one step.
    """

    def __init__(self, path: Path) -> None:
        self.lock = threading.RLock()
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        # NORMAL: a power cut may take the last commits, the death of the process takes nothing (sqlite.org/wal.html).
        self._db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;" + _SCHEMA)

    def close(self) -> None:
        """Close the file."""
        with self.lock:
            self._db.close()

    def buckets(self) -> list[Bucket]:
        """Answer all buckets by name."""
        return [_read(Bucket, row) for row in self._rows("SELECT * FROM buckets ORDER BY name")]

    def bucket(self, name: str) -> Bucket | None:
        """Answer a bucket, None where there is none."""
        return next((_read(Bucket, row) for row in self._rows("SELECT * FROM buckets WHERE name = ?", name)), None)

    def put_bucket(self, bucket: Bucket) -> None:
        """Add a bucket or replace it."""
        self._put("buckets", bucket)

    def drop_bucket(self, name: str) -> None:
        """Forget a bucket."""
        self._rows("DELETE FROM buckets WHERE name = ?", name)

    def object_at(self, bucket: str, name: str) -> Object | None:
        """Answer an object, None where there is none."""
        rows = self._rows("SELECT * FROM objects WHERE bucket = ? AND name = ?", bucket, name)
        return next((_read(Object, row) for row in rows), None)

    def put_object(self, made: Object) -> None:
        """Add an object or replace it."""
        self._put("objects", made)

    def drop_object(self, bucket: str, name: str) -> None:
        """Forget an object."""
        self._rows("DELETE FROM objects WHERE bucket = ? AND name = ?", bucket, name)

    def page(self, bucket: str, after: str, first: str, end: str, limit: int) -> list[Object]:
        """Answer the objects whose names come after `after`, not before `first` and before `end`, by name."""
        rows = self._rows(
            "SELECT * FROM objects WHERE bucket = ? AND name > ? AND name >= ? AND name < ? ORDER BY name LIMIT ?",
            *(bucket, after, first, end, limit),
        )
        return [_read(Object, row) for row in rows]

    def contents(self) -> set[str]:
        """Answer the names of all files that hold an object's bytes."""
        return {row[0] for row in self._rows("SELECT content FROM objects")}

    def upload(self, upload_id: str) -> Upload | None:
        """Answer an upload, None where there is none."""
        return next((_read(Upload, row) for row in self._rows("SELECT * FROM uploads WHERE id = ?", upload_id)), None)

    def put_upload(self, upload: Upload) -> None:
        """Add an upload or replace it."""
        self._put("uploads", upload)

    def drop_upload(self, upload_id: str) -> None:
        """Forget an upload."""
        self._rows("DELETE FROM uploads WHERE id = ?", upload_id)

    def drop_uploads(self, *, made_before: float) -> None:
        """Forget the uploads that began before a time, in seconds since 1970."""
        self._rows("DELETE FROM uploads WHERE made < ?", made_before)

    def unfinished(self) -> set[str]:
        """Answer the ids of the uploads that may still go on."""
        return {row[0] for row in self._rows("SELECT id FROM uploads WHERE reply IS NULL")}

    def _rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with self.lock:
            return self._db.execute(statement, values).fetchall()

    def _put(self, table: str, record: Bucket | Object | Upload) -> None:
        values = [json.dumps(value) if isinstance(value, dict) else value for value in _values(record)]
        marks = ", ".join("?" * len(values))
        self._rows(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", *values)  # noqa: S608  our own table names


def _values(record: Bucket | Object | Upload) -> list[object]:
    return [getattr(record, field.name) for field in fields(record)]


def _read(kind: type[R], row: tuple[Any, ...]) -> R:
    named = dict(zip((field.name for field in fields(kind)), row, strict=True))
    for name in ("fields", "query", "reply"):
        if named.get(name) is not None:
            named[name] = json.loads(named[name])
    return kind(**named)
