"""Event inputs: where a job's messages come from. Each kind has its reader, which answers bytes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import apache_beam as beam

from klio.dotted import class_at
from klio.events.avro import KlioReadFromAvro
from klio.events.bigquery import KlioReadFromBigQuery
from klio.events.custom import ReadByAuthor
from klio.events.lines import ReadLines
from klio.events.text import KlioReadFromText
from klio.events.topics import KlioReadFromPubSub
from klio_core.errors import EventError
from klio_core.message import Format
from klio_core.names import subscription_for


def read_events(pipeline: Any, entry: Any, job_name: str, label: str, *, as_lines: bool = False) -> Any:
    """Answer the PCollection of one event input's bytes; of an input that has lines, if asked, of lists of its lines.

    Raises EventError where its files are missing, JobCodeError where a class of the author's does not do.
    """
    try:
        reader = ReadLines(**entry.to_io_kwargs()) if as_lines else _READERS[entry.type](entry, job_name)
        return pipeline | label >> reader
    except OSError as error:
        raise _no_file(entry, error) from error


def format_of(entry: Any) -> Format:
    """Answer how the bytes of an event input are to be read. Lines, records and rows become messages on reading."""
    return Format(entry.format) if entry.format and entry.type in _BYTES else Format.KLIO


def has_lines(entry: Any) -> bool:
    """Answer whether the events of an input are lines of text."""
    return bool(entry.type == "file")


def timed(entry: Any) -> bool:
    """Answer whether the events of an input have a time of their own. Lines, records and rows have none."""
    return entry.type in _BYTES


def subscription_of(entry: Any, job_name: str) -> str:
    """Answer the subscription of a Pub/Sub input: the one it names, else one that is the job's own."""
    subscription: str = entry.subscription or subscription_for(entry.topic, job_name)
    return subscription


def source_of(entry: Any) -> str:
    """Answer where the events of an input come from, as a dead letter says it: its topic, location, table or class."""
    named = ("topic", "subscription", "file_pattern", "location", "table", "query", "class_")
    return next((str(value) for name in named if (value := getattr(entry, name, None))), "")


def _pubsub(entry: Any, job_name: str) -> beam.PTransform:
    return KlioReadFromPubSub(subscription=subscription_of(entry, job_name))


def _file(entry: Any, _job_name: str) -> beam.PTransform:
    return KlioReadFromText(**entry.to_io_kwargs())


def _avro(entry: Any, _job_name: str) -> beam.PTransform:
    return KlioReadFromAvro(**entry.to_io_kwargs())


def _bigquery(entry: Any, _job_name: str) -> beam.PTransform:
    asked = entry.to_io_kwargs()
    if entry.coder is not None:
        asked["coder"] = class_at(entry.coder)
    return KlioReadFromBigQuery(**asked)


def _custom(entry: Any, _job_name: str) -> beam.PTransform:
    return ReadByAuthor(entry.class_, entry.options)


def _no_file(entry: Any, error: OSError) -> EventError:
    place = "/".join(part for name in ("location", "file_pattern") if (part := getattr(entry, name, None)))
    return EventError(
        "there is no file of events",
        where=place if "://" in place else str(Path(place).absolute()),
        got=None if "No files found" in str(error) else f"{type(error).__name__}: {error}",
        todo="check `location` in job_config.events.inputs",
    )


_READERS: dict[str, Callable[[Any, str], beam.PTransform]] = {
    "pubsub": _pubsub,
    "file": _file,
    "avro": _avro,
    "bq": _bigquery,
    "custom": _custom,
}
_BYTES = ("pubsub", "custom")
