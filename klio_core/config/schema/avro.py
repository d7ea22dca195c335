"""Events in Avro files; the keys are those of Beam's ReadFromAvro and WriteToAvro, and the place."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from klio_core.config.schema.event import EventInputKeys, EventOutputKeys
from klio_core.config.schema.kinds import AvroKind
from klio_core.config.schema.scalars import Flag, Natural, Text, Word, one_of
from klio_core.config.schema.wrong import fault

# Those of fastavro, with which Beam writes.
_CODECS = ("bzip2", "deflate", "lz4", "null", "snappy", "xz", "zstandard")


def _no_codec(value: object) -> object:
    # Avro's word for "not compressed" is also YAML's word for nothing.
    return "null" if value is None else value


_Codec = Literal["bzip2", "deflate", "lz4", "null", "snappy", "xz", "zstandard"]
Codec = Annotated[_Codec, one_of(*_CODECS), BeforeValidator(_no_codec, json_schema_input_type=_Codec | None)]


class AvroEventInput(EventInputKeys):
    """Records of Avro files: the field `element` of each, or else the whole record as JSON."""

    type: AvroKind = "avro"
    location: Word | None = None
    file_pattern: Word | None = None
    min_bundle_size: Natural = 0
    validate_: Flag = Field(default=True, alias="validate")

    @model_validator(mode="after")
    def _has_a_place(self) -> Self:
        if self.location is None and self.file_pattern is None and not self.skip_klio_read:
            raise fault("no location and no file_pattern", expected="at least one of them", got="neither")
        return self


class AvroEventOutput(EventOutputKeys):
    """Avro files, a record `{"element": …}` for each message."""

    type: AvroKind = "avro"
    location: Word | None = None
    file_path_prefix: Word | None = None
    codec: Codec = "deflate"
    file_name_suffix: Text = ""
    num_shards: Natural = 0
    shard_name_template: Text | None = None
    mime_type: Word = "application/x-avro"

    @model_validator(mode="after")
    def _has_a_place(self) -> Self:
        if self.location is None and self.file_path_prefix is None and not self.skip_klio_write:
            raise fault("no location and no file_path_prefix", expected="at least one of them", got="neither")
        return self
