"""Where events come from and go to: Pub/Sub and files, dead letters and status records."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self, TypeAlias

from pydantic import Field, Tag, model_validator

from klio_core.config.schema.kinds import BY_TYPE, SECTION_OR_SWITCH, DirectoryKind, FileKind, PubSubKind
from klio_core.config.schema.names import Subscription, Topic
from klio_core.config.schema.scalars import Flag, Off, Text, Whole, Word, nothing_is, one_of
from klio_core.config.schema.section import Section
from klio_core.config.schema.wrong import fault

Natural = Annotated[Whole, Field(ge=0)]
Compression = Annotated[
    Literal["auto", "bzip2", "deflate", "gzip", "lzma", "uncompressed", "zstd"],
    one_of("auto", "bzip2", "deflate", "gzip", "lzma", "uncompressed", "zstd"),
]
Format = Annotated[Literal["klio", "raw"], one_of("klio", "raw")]


class _EventInput(Section):
    type: str
    name: Word | None = None
    skip_klio_read: Flag = False
    format: Format | None = None


class _EventOutput(Section):
    type: str
    name: Word | None = None
    skip_klio_write: Flag = False
    keep_payload: Flag = False


class PubSubEventInput(_EventInput):
    """Messages of a subscription; with a topic alone, of a subscription that lasts as long as the run."""

    ignored: ClassVar[frozenset[str]] = frozenset({"data_location"})

    type: PubSubKind = "pubsub"
    topic: Topic | None = None
    subscription: Subscription | None = None

    @model_validator(mode="after")
    def _has_a_source(self) -> Self:
        if self.topic is None and self.subscription is None:
            todo = "add a subscription to read from; without one, messages between runs are lost"
            raise fault("no topic and no subscription", expected="at least one of them", todo=todo)
        return self


class PubSubEventOutput(_EventOutput):
    """A topic to publish to."""

    type: PubSubKind = "pubsub"
    topic: Topic


class FileEventInput(_EventInput):
    """Lines of text files, one element (or message) each; the other keys are those of Beam's ReadFromText."""

    spellings: ClassVar = {"file_pattern": "location"}

    type: FileKind = "file"
    file_pattern: Word = Field(alias="location")
    compression_type: Compression = "auto"
    strip_trailing_newlines: Flag = True
    validate_: Flag = Field(default=True, alias="validate")
    skip_header_lines: Natural = 0
    min_bundle_size: Natural = 0


class FileEventOutput(_EventOutput):
    """Text files, one line for each message; the keys are those of Beam's WriteToText."""

    spellings: ClassVar = {"file_path_prefix": "location"}

    type: FileKind = "file"
    file_path_prefix: Word = Field(alias="location")
    file_name_suffix: Text = ""
    append_trailing_newlines: Flag = True
    num_shards: Natural = 0
    shard_name_template: Text | None = None
    compression_type: Compression = "auto"
    header: Text | None = None
    footer: Text | None = None


class TopicRecords(Section):
    """Records published to a topic."""

    type: PubSubKind = "pubsub"
    topic: Topic


class DirectoryRecords(Section):
    """Records in a directory, a file for each."""

    type: DirectoryKind = "directory"
    location: Word


class FileRecords(Section):
    """Records in one file, a line for each."""

    type: FileKind = "file"
    location: Word


EventInput: TypeAlias = Annotated[
    Annotated[PubSubEventInput, Tag("type=pubsub")] | Annotated[FileEventInput, Tag("type=file")], BY_TYPE
]
EventOutput: TypeAlias = Annotated[
    Annotated[PubSubEventOutput, Tag("type=pubsub")] | Annotated[FileEventOutput, Tag("type=file")], BY_TYPE
]
DeadLetters: TypeAlias = Annotated[
    Annotated[TopicRecords, Tag("type=pubsub")]
    | Annotated[DirectoryRecords, Tag("type=directory")]
    | Annotated[FileRecords, Tag("type=file")],
    BY_TYPE,
]
StatusRecords: TypeAlias = Annotated[
    Annotated[TopicRecords, Tag("type=pubsub")] | Annotated[DirectoryRecords, Tag("type=directory")], BY_TYPE
]


class Events(Section):
    """All events of a job; `status: false` turns the status records off, nothing leaves them to the runner."""

    inputs: Annotated[tuple[EventInput, ...], Field(strict=False), nothing_is(tuple)] = ()
    outputs: Annotated[tuple[EventOutput, ...], Field(strict=False), nothing_is(tuple)] = ()
    dead_letters: DeadLetters | None = None
    status: (
        Annotated[
            Annotated[StatusRecords, Tag("type=section")] | Annotated[Off, Tag("type=switch")],
            SECTION_OR_SWITCH,
        ]
        | None
    ) = None
