"""A bucket, an object, an upload: what the index keeps, and how the JSON API shows it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from klio_exec.local.objects.wire import Fields, Refusal, invalid

HIGHEST = "\U0010ffff"
"""Sorts behind every other character, so that `prefix + HIGHEST` ends the names with that prefix."""

_BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]")
_MAX_NAME_BYTES = 1024
WRITABLE = frozenset(
    {
        "cacheControl",
        "contentDisposition",
        "contentEncoding",
        "contentLanguage",
        "contentType",
        "customTime",
        "metadata",
        "storageClass",
    }
)


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket. `fields` are what its maker said of it."""

    name: str
    made: str
    fields: Fields

    def resource(self) -> Fields:
        """Answer the bucket as the JSON API shows it."""
        return {
            "location": "US",
            "storageClass": "STANDARD",
            **self.fields,
            "kind": "storage#bucket",
            "id": self.name,
            "name": self.name,
            "timeCreated": self.made,
            "updated": self.made,
            "metageneration": "1",
            "etag": "CAE=",
        }


@dataclass(frozen=True, slots=True)
class Object:
    """An object. `content` names the file that holds its bytes; checksums are in base64, as the API has them."""

    bucket: str
    name: str
    generation: int
    metageneration: int
    size: int
    crc32c: str
    md5: str
    made: str
    updated: str
    content: str
    fields: Fields

    def resource(self) -> Fields:
        """Answer the object as the JSON API shows it."""
        return {
            "contentType": "application/octet-stream",
            "storageClass": "STANDARD",
            **self.fields,
            "kind": "storage#object",
            "id": f"{self.bucket}/{self.name}/{self.generation}",
            "bucket": self.bucket,
            "name": self.name,
            "generation": str(self.generation),
            "metageneration": str(self.metageneration),
            "size": str(self.size),
            "crc32c": self.crc32c,
            "md5Hash": self.md5,
            "etag": f"{self.generation}/{self.metageneration}",
            "timeCreated": self.made,
            "updated": self.updated,
        }


@dataclass(frozen=True, slots=True)
class Range:
    """The names of a listing: those with the prefix, from `first` on, before `end`."""

    prefix: str
    first: str
    end: str

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Range:
        """Read what a query asks for."""
        prefix = query.get("prefix", "")
        end = prefix + HIGHEST
        return cls(prefix, max(prefix, query.get("startOffset", "")), min(end, query.get("endOffset") or end))


@dataclass(frozen=True, slots=True)
class Conditions:
    """What must hold of an object before it is read, replaced or removed; generation 0 stands for "no object"."""

    generation: int | None = None
    not_generation: int | None = None
    metageneration: int | None = None
    not_metageneration: int | None = None

    @staticmethod
    def of(query: Mapping[str, str], side: str = "") -> Conditions:
        """Answer the conditions in a query. `side` is "Source" for the object that is copied from."""
        names = ("GenerationMatch", "GenerationNotMatch", "MetagenerationMatch", "MetagenerationNotMatch")
        return Conditions(*(number(query, f"if{side}{name}") for name in names))

    def check(self, found: Object | None) -> None:
        """Raise the refusal that a condition which does not hold is answered with."""
        generation, metageneration = (found.generation, found.metageneration) if found else (0, 0)
        if self.generation not in {None, generation} or self.metageneration not in {None, metageneration}:
            raise Refusal(412, "conditionNotMet", "At least one of the pre-conditions you specified did not hold.")
        if generation == self.not_generation or metageneration == self.not_metageneration:
            raise Refusal(304, "notModified", "Not Modified")


def number(query: Mapping[str, str], key: str) -> int | None:
    """Answer a number from a query, None where it is not given."""
    try:
        return int(query[key]) if key in query else None
    except ValueError as error:
        raise invalid(f"Invalid value for {key}: {query[key]!r}") from error


def bucket_name(name: object) -> str:
    """Answer the name where it may be one of a bucket ("Bucket naming guidelines")."""
    if not isinstance(name, str) or not _BUCKET_NAME.fullmatch(name):
        raise invalid(f"Invalid bucket name: {name!r}")
    return name


def object_name(name: object) -> str:
    """Answer the name where it may be one of an object ("Object naming guidelines")."""
    if not isinstance(name, str) or not name or len(name.encode()) > _MAX_NAME_BYTES or set(name) & set("\r\n"):
        raise invalid(f"Invalid object name: {name!r}")
    return name


def now() -> str:
    """Answer the time as the JSON API writes it (RFC 3339)."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
