"""Where events come from and go to, of every kind; dead letters and status records."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, Self, TypeAlias

from pydantic import Field, Tag, model_validator

from klio_core.config.schema.avro import AvroEventInput, AvroEventOutput
from klio_core.config.schema.bigquery import BigQueryEventInput, BigQueryEventOutput
from klio_core.config.schema.custom import CustomEventInput, CustomEventOutput
from klio_core.config.schema.event import EventInputKeys, EventOutputKeys
from klio_core.config.schema.kinds import BY_TYPE, SECTION_OR_SWITCH, DirectoryKind, FileKind, PubSubKind
from klio_core.config.schema.names import Subscription, Topic
from klio_core.config.schema.scalars import FEW, Flag, Natural, Off, Text, Word, nothing_is, one_of
from klio_core.config.schema.section import Section
from klio_core.config.schema.wrong import fault

Compression = Annotated[
    Literal["auto", "bzip2", "deflate", "gzip", "lzma", "uncompressed", "zstd"],
    one_of("auto", "bzip2", "deflate", "gzip", "lzma", "uncompressed", "zstd"),
]


class PubSubEventInput(EventInputKeys):
    """Messages of a subscription; with a topic alone, of a subscription that lasts as long as the run."""

    ignored: ClassVar[frozenset[str]] = frozenset({"data_location"})

    type: PubSubKind = "pubsub"
    topic: Topic | None = None
    subscription: Subscription | None = None

    def to_io_kwargs(self) -> dict[str, Any]:
        """Return what to read from: the subscription, where there is one, else the topic."""
        given = super().to_io_kwargs()
        return {"subscription": self.subscription} if self.subscription else given

    @model_validator(mode="after")
    def _has_a_source(self) -> Self:
        if self.topic is None and self.subscription is None:
            todo = "add a subscription to read from; without one, messages between runs are lost"
            raise fault("no topic and no subscription", expected="at least one of them", todo=todo)
        return self


class PubSubEventOutput(EventOutputKeys):
    """A topic to publish to."""

    type: PubSubKind = "pubsub"
    topic: Topic


class FileEventInput(EventInputKeys):
    """Lines of text files, one element (or message) each; the other keys are those of Beam's ReadFromText."""

    spellings: ClassVar = {"file_pattern": "location"}

    type: FileKind = "file"
    file_pattern: Word = Field(alias="location")
    compression_type: Compression = "auto"
    strip_trailing_newlines: Flag = True
    validate_: Flag = Field(default=True, alias="validate")
    skip_header_lines: Natural = 0
    min_bundle_size: Natural = 0


class FileEventOutput(EventOutputKeys):
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


class StatusTopic(Section):
    """Status records published to a topic, and kept in a directory as well, if one is named."""

    type: PubSubKind = "pubsub"
    topic: Topic
    location: Word | None = None


class DirectoryRecords(Section):
    """Records in a directory, a file for each."""

    type: DirectoryKind = "directory"
    location: Word


class FileRecords(Section):
    """Records in one file, a line for each."""

    type: FileKind = "file"
    location: Word


EventInput: TypeAlias = Annotated[
    Annotated[PubSubEventInput, Tag("type=pubsub")]
    | Annotated[FileEventInput, Tag("type=file")]
    | Annotated[AvroEventInput, Tag("type=avro")]
    | Annotated[BigQueryEventInput, Tag("type=bq")]
    | Annotated[CustomEventInput, Tag("type=custom")],
    BY_TYPE,
]
EventOutput: TypeAlias = Annotated[
    Annotated[PubSubEventOutput, Tag("type=pubsub")]
    | Annotated[FileEventOutput, Tag("type=file")]
    | Annotated[AvroEventOutput, Tag("type=avro")]
    | Annotated[BigQueryEventOutput, Tag("type=bq")]
    | Annotated[CustomEventOutput, Tag("type=custom")],
    BY_TYPE,
]
DeadLetters: TypeAlias = Annotated[
    Annotated[TopicRecords, Tag("type=pubsub")]
    | Annotated[DirectoryRecords, Tag("type=directory")]
    | Annotated[FileRecords, Tag("type=file")],
    BY_TYPE,
]
StatusRecords: TypeAlias = Annotated[
    Annotated[StatusTopic, Tag("type=pubsub")] | Annotated[DirectoryRecords, Tag("type=directory")], BY_TYPE
]


class Events(Section):
    """All events of a job; `status: false` turns the status records off, nothing leaves them to the runner."""

    inputs: Annotated[tuple[EventInput, ...], Field(strict=False), FEW, nothing_is(tuple)] = ()
    outputs: Annotated[tuple[EventOutput, ...], Field(strict=False), FEW, nothing_is(tuple)] = ()
    dead_letters: DeadLetters | None = None
    status: (
        Annotated[
            Annotated[StatusRecords, Tag("type=section")] | Annotated[Off, Tag("type=switch")],
            SECTION_OR_SWITCH,
        ]
        | None
    ) = None
