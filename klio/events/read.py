"""Event inputs: where a job's messages come from, as Beam transforms that answer bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import apache_beam as beam

from klio_core.errors import EventError
from klio_core.message import Format, Message
from klio_core.names import subscription_for


def read_events(pipeline: Any, entry: Any, job_name: str, label: str) -> Any:
    """Answer the PCollection of one event input's bytes."""
    return pipeline | label >> _READERS[entry.type](entry, job_name)


def format_of(entry: Any) -> Format:
    """Answer how the bytes of an event input are to be read. The lines of a file become messages on reading."""
    said = getattr(entry, "format", None)
    return Format(said) if said and entry.type != "file" else Format.KLIO


def subscription_of(entry: Any, job_name: str) -> str:
    """Answer the subscription of a Pub/Sub input: the one it names, else one that is the job's own."""
    subscription: str = entry.subscription or subscription_for(entry.topic, job_name)
    return subscription


def _pubsub(entry: Any, job_name: str) -> beam.PTransform:
    return beam.io.ReadFromPubSub(subscription=subscription_of(entry, job_name))


def _file(entry: Any, _job_name: str) -> beam.PTransform:
    return ReadLines(entry)


class ReadLines(beam.PTransform):
    """A message for each line of a text file; blank lines are no elements. Raises EventError without a file."""

    def __init__(self, entry: Any) -> None:
        super().__init__()
        self._entry = entry

    def expand(self, pipeline: Any) -> Any:
        """Draw the reader."""
        lines = pipeline | self._reader()
        return lines | "To messages" >> beam.FlatMap(_message_of_line)

    def _reader(self) -> beam.PTransform:
        entry = self._entry
        try:
            return beam.io.ReadFromText(
                entry.file_pattern,
                min_bundle_size=entry.min_bundle_size,
                compression_type=entry.compression_type,
                strip_trailing_newlines=entry.strip_trailing_newlines,
                validate=entry.validate_,
                skip_header_lines=entry.skip_header_lines,
            )
        except OSError as error:
            pattern = entry.file_pattern
            raise EventError(
                "there is no file of events",
                where=pattern if "://" in pattern else str(Path(pattern).absolute()),
                todo="check `location` in job_config.events.inputs",
            ) from error


def _message_of_line(line: str) -> list[bytes]:
    element = line.rstrip("\r").encode()
    return [Message.of(element).encode()] if element.strip() else []


_READERS = {"pubsub": _pubsub, "file": _file}
