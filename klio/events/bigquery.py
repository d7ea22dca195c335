"""Events as rows of BigQuery tables, by Beam's own transforms; they need the extra `klio[bigquery]`."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

import apache_beam as beam
from apache_beam.io.gcp import bigquery_tools
from apache_beam.options.pipeline_options import GoogleCloudOptions

from klio.events.counted import counted_read, counted_write
from klio.events.place import BaseKlioIOException, KlioMissingConfiguration
from klio.events.record import element_of, json_of
from klio_core.errors import BadPayload
from klio_core.message import Message

EMULATOR = "BIGQUERY_EMULATOR_HOST"


class KlioReadFromBigQuery(beam.PTransform):
    """Answers a message for each row of a table, or of what a query answers.

    `klio_message_columns` says what the element is: one column, its value; several, a JSON object of them; none, a
    JSON object of the whole row. The other arguments are those of Beam's ReadFromBigQuery. Raises
    BaseKlioIOException where the extra `klio[bigquery]` is not installed, and KlioMissingConfiguration where no
    bucket is named for the files that BigQuery exports to.
    """

    def __init__(self, *args: Any, klio_message_columns: Sequence[str] | None = None, **kwargs: Any) -> None:
        super().__init__()
        _ready()
        self._columns = tuple(klio_message_columns or ())
        self._by_files = not args and not kwargs.keys() & {"gcs_location", "method"}
        self._reader = beam.io.ReadFromBigQuery(*args, **kwargs)

    def expand(self, pipeline: Any) -> Any:
        """Draw the reader."""
        if self._by_files:
            _check_place(pipeline)
        return pipeline | "Rows" >> self._reader | counted_read(self, self._messages_of)

    def _messages_of(self, row: Mapping[str, Any]) -> list[bytes]:
        match self._columns:
            case ():
                element = json_of(row)
            case (column,):
                element = element_of(row, column)
            case columns:
                element = json_of({column: row[column] for column in columns})
        return [Message.of(element).encode()]


class KlioWriteToBigQuery(beam.PTransform):
    """Writes the payload of each message, a JSON object, as a row.

    The arguments are those of Beam's WriteToBigQuery. A payload that is no such object raises BadPayload. Raises
    BaseKlioIOException where the extra `klio[bigquery]` is not installed, and KlioMissingConfiguration where no
    bucket is named for the files that BigQuery loads.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()
        _ready()
        self._by_files = not kwargs.keys() & {"custom_gcs_temp_location", "method"}
        self._writer = beam.io.WriteToBigQuery(*args, **kwargs)

    def expand(self, messages: Any) -> Any:
        """Draw the writer."""
        if self._by_files:
            _check_place(messages.pipeline)
        return messages | counted_write(self, _rows_of) | "Rows" >> self._writer


def row_of(message: Message) -> dict[str, Any]:
    """Answer the row that a message's payload is. Raises BadPayload where it is none."""
    try:
        row = json.loads(message.payload)
    except ValueError:  # no JSON, or no UTF-8
        row = None
    if isinstance(row, dict):
        return row
    raise BadPayload(
        "the payload is no row of a BigQuery table",
        expected='a JSON object such as {"column": "value"}',
        got=f"{message.payload!r:.80}",
        todo="yield json.dumps(…) of a dict from the last transform of run()",
    )


def _rows_of(raw: bytes) -> list[dict[str, Any]]:
    return [row_of(Message.decode(raw))]


def _ready() -> None:
    """Let Beam's client find the emulator, where there is one, as Google's own client does."""
    if bigquery_tools.gcp_bigquery is None:
        raise BaseKlioIOException(
            "BigQuery's client libraries are not installed",
            todo="pip install 'klio[bigquery]', and add it to job-requirements.txt",
        )
    host = os.environ.get(EMULATOR)
    if host:
        bigquery_tools.bigquery.BigqueryV2.BASE_URL = f"{host.rstrip('/')}/bigquery/v2/"


def _check_place(pipeline: Any) -> None:
    root = getattr(pipeline, "pipeline", pipeline)  # a pipeline, or the beginning of one
    if not root.options.view_as(GoogleCloudOptions).temp_location:
        raise KlioMissingConfiguration(
            "BigQuery is read and written by way of files in a bucket, and none is named",
            where="pipeline_options.temp_location",
            expected="gs://bucket/directory",
        )
