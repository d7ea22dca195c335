"""BigQuery: read and written by Beam's own client over HTTP, from a server that speaks its REST API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.internal.gcp import auth
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner.fn_runner import FnApiRunner

from klio.events.read import read_events
from klio.transforms import io
from klio_core.config import parse
from klio_core.dead_letter import DeadLetter
from klio_core.errors import BadPayload, EventError, JobCodeError
from klio_core.message import Message
from tests.unit.klio.events.pipelines import messages_from, write

from .batches import Batch
from .bigquery_server import BigQuery, Table, bigquery_server, key_file
from .kit import Cloud

pytestmark = pytest.mark.slow  # whole jobs in processes of their own: more than the inner loop has time for

FIELDS = [{"name": "name", "type": "STRING"}, {"name": "year", "type": "INTEGER"}, {"name": "raw", "type": "BYTES"}]
ROWS = [{"name": "a", "year": 1999, "raw": b"\xff"}, {"name": "b", "year": 2001, "raw": None}]
SCHEMA = {"fields": [{"name": "name", "type": "STRING"}, {"name": "seconds", "type": "FLOAT"}]}
OPTIONS = {"project": "proj", "temp_location": "gs://bigquery-temp/here"}


@pytest.fixture(scope="module")
def server(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BigQuery]:
    """The server, which Google's clients and Beam's find and get their token from."""
    cloud.storage.create_bucket("bigquery-temp")
    with bigquery_server(cloud) as (bigquery, address), pytest.MonkeyPatch.context() as patch:
        for name, value in (("_credentials_init", False), ("_credentials", None)):
            patch.setattr(auth._Credentials, name, value)  # Beam looks for credentials once in a process
        patch.setenv("BIGQUERY_EMULATOR_HOST", address)
        patch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(key_file(tmp_path_factory.mktemp("key"), address)))
        yield bigquery


@pytest.fixture
def bigquery(server: BigQuery) -> BigQuery:
    server.tables = {"proj.music.songs": Table(FIELDS, [dict(row) for row in ROWS])}
    return server


def read(**asked: Any) -> list[bytes]:
    messages, counted = messages_from(io.KlioReadFromBigQuery(**asked), **OPTIONS)
    assert counted == {("KlioReadFromBigQuery", "kmsg-read"): len(messages)}
    return [message.element for message in messages]


def test_one_column_is_the_element(bigquery: BigQuery):
    assert read(table="proj:music.songs", klio_message_columns=["name"]) == [b"a", b"b"]


def test_several_columns_are_the_element_as_json(bigquery: BigQuery):
    elements = read(project="proj", dataset="music", table="songs", klio_message_columns=["name", "year"])

    assert [json.loads(element) for element in elements] == [{"name": "a", "year": 1999}, {"name": "b", "year": 2001}]


def test_without_columns_the_whole_row_is_the_element(bigquery: BigQuery):
    elements = read(table="music.songs")

    assert [json.loads(element) for element in elements] == [
        {"name": "a", "year": 1999, "raw": "/w=="},
        {"name": "b", "year": 2001, "raw": None},
    ]


@pytest.mark.parametrize(
    ("table", "dialect"),
    [("[proj:music.songs]", {}), ("`proj.music.songs`", {"use_standard_sql": True})],
    ids=["legacy", "standard"],
)
def test_a_query_is_answered_and_its_temporary_dataset_removed(
    bigquery: BigQuery, table: str, dialect: dict[str, bool]
):
    query = f"SELECT name FROM {table} WHERE year > 2000"

    assert [json.loads(element) for element in read(query=query, **dialect)] == [{"name": "b"}]
    assert list(bigquery.tables) == ["proj.music.songs"]
    assert bigquery.datasets == set()


def test_a_column_that_is_no_text_ends_the_run(bigquery: BigQuery):
    with pytest.raises(EventError, match="the field 'year' of a record cannot be an element"):
        read(table="music.songs", klio_message_columns=["year"])


JOB = """
job_name: rows
pipeline_options: {{streaming: false}}
job_config:
  events:
    inputs: [{{type: bq, project: proj, dataset: music, table: songs, columns: [name], coder: {coder}}}]
"""


class Reader(beam.PTransform):
    """The reader of a job file's input, with the coder that it names."""

    def __init__(self, coder: str) -> None:
        super().__init__()
        (self.entry,) = parse(JOB.format(coder=coder)).job_config.events.inputs

    def expand(self, pipeline: Any) -> Any:
        return read_events(pipeline, self.entry, "rows", "Read")


def test_a_coder_is_found_by_its_dotted_path(bigquery: BigQuery):
    messages, _ = messages_from(Reader("apache_beam.io.gcp.bigquery._JsonToDictCoder"), **OPTIONS)

    assert [message.element for message in messages] == [b"a", b"b"]


def test_a_coder_that_is_not_there_is_named(bigquery: BigQuery):
    with pytest.raises(JobCodeError, match=r"there is no class apache_beam\.io\.gcp\.bigquery\.JsonCoder"):
        messages_from(Reader("apache_beam.io.gcp.bigquery.JsonCoder"), **OPTIONS)


def rows(*payloads: bytes) -> list[bytes]:
    return [Message.of(b"x", payload=payload).encode() for payload in payloads]


def test_the_payload_is_the_row_and_the_table_is_made(bigquery: BigQuery):
    writer = io.KlioWriteToBigQuery("proj:music.made", schema=SCHEMA)

    counted = write(writer, rows(b'{"name": "a", "seconds": 1.5}', b'{"name": "b"}'), **OPTIONS)

    made = bigquery.tables["proj.music.made"]
    assert sorted(made.rows, key=lambda row: row["name"]) == [{"name": "a", "seconds": 1.5}, {"name": "b"}]
    assert [(one["name"], one["type"]) for one in made.fields] == [("name", "STRING"), ("seconds", "FLOAT")]
    assert counted == {("KlioWriteToBigQuery", "kmsg-write"): 2}


def test_rows_are_added_where_that_is_asked_for_and_need_no_schema(bigquery: BigQuery):
    write(
        io.KlioWriteToBigQuery("proj:music.songs", write_disposition="WRITE_APPEND"), rows(b'{"name": "c"}'), **OPTIONS
    )

    assert bigquery.tables["proj.music.songs"].rows == [*ROWS, {"name": "c"}]


def test_what_the_service_refuses_ends_the_run(bigquery: BigQuery):
    with pytest.raises(RuntimeError, match=r"Already Exists: Table proj\.music\.songs"):
        write(
            io.KlioWriteToBigQuery("proj:music.songs", write_disposition="WRITE_EMPTY"),
            rows(b'{"name": "c"}'),
            **OPTIONS,
        )

    assert bigquery.tables["proj.music.songs"].rows == ROWS


@pytest.mark.parametrize("payload", [b"", b"no json", b"[1]", b"\xff"])
def test_a_payload_that_is_no_object_is_no_row(bigquery: BigQuery, payload: bytes):
    with pytest.raises(BadPayload, match="the payload is no row of a BigQuery table"):
        write(io.KlioWriteToBigQuery("proj:music.made", schema=SCHEMA), rows(payload), **OPTIONS)


@pytest.mark.parametrize("transform", [io.KlioReadFromBigQuery, io.KlioWriteToBigQuery])
def test_without_a_bucket_for_its_files_nothing_is_begun(transform: type):
    pipeline = beam.Pipeline(runner=FnApiRunner(), options=PipelineOptions(flags=[], project="proj"))
    before = pipeline if transform is io.KlioReadFromBigQuery else pipeline | beam.Create([b""])

    with pytest.raises(io.KlioMissingConfiguration) as raised:
        before | transform(table="music.songs")

    assert raised.value.where == "pipeline_options.temp_location"


def test_a_job_reads_a_table_and_writes_a_table(bigquery: BigQuery, tmp_path: Path):
    bigquery.tables["proj.music.songs"].rows.append({"name": "poison", "year": 1})
    bigquery.tables["proj.music.songs"].rows.append({"name": "old", "year": 2})
    job = Batch(tmp_path)
    job.media(a="a", b="bb", poison="no row", old="x")
    job.media("out", old="kept")
    job.config["pipeline_options"].update(OPTIONS)
    table = {"project": "proj", "dataset": "music"}
    job.config["job_config"]["events"].update(
        inputs=[{"type": "bigquery", **table, "table": "songs", "columns": ["name"]}],
        outputs=[{"type": "bq", **table, "table": "lengths", "schema": json.dumps(SCHEMA)}],
    )
    (tmp_path / "transforms.py").write_text(
        "import json\n\nimport apache_beam as beam\n\nfrom klio.transforms import decorators\n\n\n"
        "class Shout(beam.DoFn):\n"
        "    @decorators.handle_klio\n"
        "    def process(self, data):\n"
        "        text = self._klio.download(data.element).read_text()\n"
        "        row = {'name': data.element.decode(), 'seconds': len(text)}\n"
        "        yield text if text == 'no row' else json.dumps(row)\n"
    )

    status, log, summary = job.run()

    assert status == 3, log
    made = sorted(bigquery.tables["proj.music.lengths"].rows, key=lambda row: row["name"])
    assert made == [{"name": "a", "seconds": 1}, {"name": "b", "seconds": 2}]
    (letter,) = [DeadLetter.decode(path.read_bytes()) for path in (tmp_path / "dead").iterdir()]
    assert (letter.element, letter.reason) == (b"poison", "bad-payload")
    assert summary["read"] == "4"
    assert summary["passed on"] == "1 output exists 1"
