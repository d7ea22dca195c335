"""Where the media of an element is read from and written to: location + element + file_suffix."""

from __future__ import annotations

from typing import Annotated, ClassVar, TypeAlias

from pydantic import Field, Tag

from klio_core.config.schema.kinds import BY_TYPE, FileKind, GcsKind, MemoryKind
from klio_core.config.schema.names import BucketPath, LocalPath, MemoryPath
from klio_core.config.schema.scalars import Flag, Text, Word, nothing_is
from klio_core.config.schema.section import Section


class _Data(Section):
    spellings: ClassVar = {"data_location": "location"}
    ignored: ClassVar[frozenset[str]] = frozenset({"topic", "subscription"})

    type: str
    name: Word | None = None
    location: Word
    file_suffix: Text = ""
    skip_klio_existence_check: Flag = False


class _DataInput(_Data):
    # None: not set here, so the message decides.
    ping: Flag | None = None
    split: Annotated[Text, Field(min_length=1)] | None = None


class _DataOutput(_Data):
    force: Flag | None = None


class GcsDataInput(_DataInput):
    """Media in Google Cloud Storage that the job reads."""

    type: GcsKind = "gcs"
    location: BucketPath


class GcsDataOutput(_DataOutput):
    """Media in Google Cloud Storage that the job writes."""

    type: GcsKind = "gcs"
    location: BucketPath


class FileDataInput(_DataInput):
    """Media in a directory of this machine that the job reads."""

    type: FileKind = "file"
    location: LocalPath


class FileDataOutput(_DataOutput):
    """Media in a directory of this machine that the job writes."""

    type: FileKind = "file"
    location: LocalPath


class MemoryDataInput(_DataInput):
    """Media in the memory of this process that the job reads, for tests."""

    type: MemoryKind = "memory"
    location: MemoryPath


class MemoryDataOutput(_DataOutput):
    """Media in the memory of this process that the job writes, for tests."""

    type: MemoryKind = "memory"
    location: MemoryPath


DataInput: TypeAlias = Annotated[
    Annotated[GcsDataInput, Tag("type=gcs")]
    | Annotated[FileDataInput, Tag("type=file")]
    | Annotated[MemoryDataInput, Tag("type=memory")],
    BY_TYPE,
]
DataOutput: TypeAlias = Annotated[
    Annotated[GcsDataOutput, Tag("type=gcs")]
    | Annotated[FileDataOutput, Tag("type=file")]
    | Annotated[MemoryDataOutput, Tag("type=memory")],
    BY_TYPE,
]


class Data(Section):
    """All media of a job."""

    inputs: Annotated[tuple[DataInput, ...], Field(strict=False), nothing_is(tuple)] = ()
    outputs: Annotated[tuple[DataOutput, ...], Field(strict=False), nothing_is(tuple)] = ()
