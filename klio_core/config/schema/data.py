"""Where the media of an element is read from and written to: location + element + file_suffix."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field, Tag

from klio_core.config.schema.custom import CustomDataInput, CustomDataOutput
from klio_core.config.schema.kinds import BY_TYPE, FileKind, GcsKind, MemoryKind
from klio_core.config.schema.media import DataInputKeys, DataOutputKeys
from klio_core.config.schema.names import BucketPath, LocalPath, MemoryPath
from klio_core.config.schema.scalars import FEW, Seconds, nothing_is
from klio_core.config.schema.section import Section


class GcsDataInput(DataInputKeys):
    """Media in Google Cloud Storage that the job reads."""

    type: GcsKind = "gcs"
    location: BucketPath
    patience_s: Seconds = 60.0


class GcsDataOutput(DataOutputKeys):
    """Media in Google Cloud Storage that the job writes."""

    type: GcsKind = "gcs"
    location: BucketPath
    patience_s: Seconds = 60.0


class FileDataInput(DataInputKeys):
    """Media in a directory of this machine that the job reads."""

    type: FileKind = "file"
    location: LocalPath


class FileDataOutput(DataOutputKeys):
    """Media in a directory of this machine that the job writes."""

    type: FileKind = "file"
    location: LocalPath


class MemoryDataInput(DataInputKeys):
    """Media in the memory of this process that the job reads, for tests."""

    type: MemoryKind = "memory"
    location: MemoryPath


class MemoryDataOutput(DataOutputKeys):
    """Media in the memory of this process that the job writes, for tests."""

    type: MemoryKind = "memory"
    location: MemoryPath


DataInput: TypeAlias = Annotated[
    Annotated[GcsDataInput, Tag("type=gcs")]
    | Annotated[FileDataInput, Tag("type=file")]
    | Annotated[MemoryDataInput, Tag("type=memory")]
    | Annotated[CustomDataInput, Tag("type=custom")],
    BY_TYPE,
]
DataOutput: TypeAlias = Annotated[
    Annotated[GcsDataOutput, Tag("type=gcs")]
    | Annotated[FileDataOutput, Tag("type=file")]
    | Annotated[MemoryDataOutput, Tag("type=memory")]
    | Annotated[CustomDataOutput, Tag("type=custom")],
    BY_TYPE,
]


class Data(Section):
    """All media of a job."""

    inputs: Annotated[tuple[DataInput, ...], Field(strict=False), FEW, nothing_is(tuple)] = ()
    outputs: Annotated[tuple[DataOutput, ...], Field(strict=False), FEW, nothing_is(tuple)] = ()
