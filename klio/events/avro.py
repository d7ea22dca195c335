"""Events as records of Avro files (Apache Avro 1.11 specification, "Object Container Files")."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import apache_beam as beam

from klio.events.counted import counted_read, counted_write
from klio.events.place import files_in, make_directory, place_of
from klio.events.record import element_of, json_of
from klio_core.message import Message

FIELD = "element"
SCHEMA: dict[str, Any] = {
    "namespace": "klio.avro",
    "type": "record",
    "name": "KlioMessage",
    "fields": [{"name": FIELD, "type": "bytes"}],
}
"""What klio writes unless it is given another schema."""


class KlioReadFromAvro(beam.PTransform):
    """Answers a message for each record of Avro files.

    Its element is the record's field `element`, or, where there is no such field, the whole record as JSON. The
    files are `file_pattern` below `location`, or either of the two; a directory stands for all files in it.
    Raises KlioMissingConfiguration without either, OSError where `validate` finds no file.
    """

    def __init__(
        self,
        file_pattern: str | None = None,
        location: str | None = None,
        min_bundle_size: int = 0,
        validate: bool = True,  # noqa: FBT001, FBT002  (klio's signature, which jobs call by position)
    ) -> None:
        super().__init__()
        pattern = files_in(place_of(location, file_pattern, name_is="file_pattern"))
        self._reader = beam.io.ReadFromAvro(pattern, min_bundle_size=min_bundle_size, validate=validate)

    def expand(self, pipeline: Any) -> Any:
        """Draw the reader."""
        return pipeline | "Records" >> self._reader | counted_read(self, _messages_of)


class KlioWriteToAvro(beam.PTransform):
    """Writes the element of each message as a record of one field, `element`; its payload is left out.

    The files are `file_path_prefix` below `location`, or either of the two, and what Beam's WriteToAvro makes of
    the other arguments. Raises KlioMissingConfiguration without a place.
    """

    def __init__(  # noqa: PLR0917  (klio's signature, which jobs call by position)
        self,
        file_path_prefix: str | None = None,
        location: str | None = None,
        schema: dict[str, Any] | None = None,
        codec: str = "deflate",
        file_name_suffix: str = "",
        num_shards: int = 0,
        shard_name_template: str | None = None,
        mime_type: str = "application/x-avro",
    ) -> None:
        super().__init__()
        self._place = place_of(location, file_path_prefix, name_is="file_path_prefix")
        self._writer = beam.io.WriteToAvro(
            self._place,
            schema=schema or SCHEMA,
            codec=codec,
            file_name_suffix=file_name_suffix,
            num_shards=num_shards,
            shard_name_template=shard_name_template,
            mime_type=mime_type,
        )

    def expand(self, messages: Any) -> Any:
        """Draw the writer."""
        make_directory(self._place)
        return messages | counted_write(self, _records_of) | "Records" >> self._writer


def _messages_of(record: Mapping[str, Any]) -> list[bytes]:
    element = element_of(record, FIELD) if FIELD in record else json_of(record)
    return [Message.of(element).encode()]


def _records_of(raw: bytes) -> list[dict[str, bytes]]:
    return [{FIELD: Message.decode(raw).element}]
