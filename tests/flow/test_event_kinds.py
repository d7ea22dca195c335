"""Batch jobs whose events are Avro records, come from several inputs, or are read and written by classes of the job."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import fastavro
import pytest

from klio_core.message import Message

from .batches import Batch
from .kit import Cloud

pytestmark = pytest.mark.slow  # whole jobs in processes of their own: more than the inner loop has time for

KINDS = '''
import json
import shutil
from pathlib import Path

import apache_beam as beam

from klio.data.local import LocalStore


class Lines:
    """Reads elements from one file, writes messages to another."""

    def __init__(self, path, upper=False):
        self.path = path
        self.upper = upper

    def read(self, pipeline):
        words = Path(self.path).read_text().split()
        return pipeline | beam.Create([word.upper().encode() if self.upper else word.encode() for word in words])

    def write(self, messages):
        return messages | beam.Map(lambda raw: raw.hex()) | beam.io.WriteToText(self.path)


class Silent:
    pass


class Attic(LocalStore):
    """A store that lies elsewhere than its paths say."""

    def __init__(self, root):
        object.__setattr__(self, "root", root)

    def exists(self, paths):
        return LocalStore.exists(self, [self._real(path) for path in paths])

    def download(self, path, to):
        LocalStore.download(self, self._real(path), to)

    def commit(self, source, path, *, expect):
        return LocalStore.commit(self, source, self._real(path), expect=expect)

    def generation(self, path):
        return LocalStore.generation(self, self._real(path))

    def _real(self, path):
        return f"{self.root}/{path.removeprefix('attic/')}"
'''


class Job(Batch):
    """A batch job with `kinds.py` beside it."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        (directory / "kinds.py").write_text(KINDS)
        self.media(a="a", b="b", c="c")

    def events(self, **sides: list[dict[str, Any]]) -> None:
        self.config["job_config"]["events"].update(sides)

    def avro(self, name: str, *elements: bytes) -> None:
        schema = {"type": "record", "name": "R", "fields": [{"name": "element", "type": "bytes"}]}
        with (self.directory / name).open("wb") as file:
            fastavro.writer(file, schema, [{"element": element} for element in elements])

    def avro_elements(self, pattern: str) -> list[bytes]:
        found = []
        for path in self.directory.glob(pattern):
            with path.open("rb") as file:
                found += [record["element"] for record in fastavro.reader(file)]
        return sorted(found)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path)


def test_avro_comes_in_and_goes_out_and_every_output_is_written(job: Job):
    job.avro("in.avro", b"a", b"b", b"missing")
    job.events(
        inputs=[{"type": "avro", "location": "in.avro"}],
        outputs=[
            {"type": "avro", "location": ".", "file_path_prefix": "done", "file_name_suffix": ".avro"},
            {"type": "file", "location": "done", "file_name_suffix": ".txt"},
        ],
    )

    status, log, summary = job.run()

    assert status == 0, log
    assert job.out == {"a": "A", "b": "B"}
    assert job.avro_elements("done-*.avro") == [b"a", b"b"]
    assert job.done == ["a", "b"]
    assert summary["read"] == "3"
    assert "apitools" not in log


def test_events_lie_in_a_bucket_of_an_emulator_which_wants_no_credentials(job: Job, cloud: Cloud):
    cloud.storage.create_bucket("events-of-a-job")
    cloud.put("gs://events-of-a-job/in.txt", b"a\nb\n")
    job.events(
        inputs=[{"type": "file", "location": "gs://events-of-a-job/*.txt"}],
        outputs=[{"type": "avro", "location": "gs://events-of-a-job/done", "shard_name_template": ""}],
    )

    status, log, _ = job.run()

    assert status == 0, log
    assert "credentials" not in log
    records = fastavro.reader(io.BytesIO(cloud.get("gs://events-of-a-job/done") or b""))
    assert sorted(record["element"] for record in records) == [b"a", b"b"]


def test_avro_files_that_are_not_there_are_named(job: Job):
    job.events(inputs=[{"type": "avro", "location": "nowhere", "file_pattern": "*.avro"}])

    status, log, _ = job.run()

    assert status == 6
    assert log == (
        "Error: there is no file of events\n"
        f"  at: {job.directory}/nowhere/*.avro\n"
        "  to do: check `location` in job_config.events.inputs\n"
    )


def test_run_gets_several_inputs_by_type_and_number_or_by_their_name(job: Job):
    job.elements("a\n")
    job.avro("in.avro", b"b")
    (job.directory / "words").write_text("c")
    job.events(
        inputs=[
            {"type": "file", "location": "elements.txt"},
            {"type": "avro", "location": "in.avro"},
            {"type": "custom", "class": "kinds.Lines", "path": "words", "format": "raw", "name": "words"},
        ]
    )
    (job.directory / "run.py").write_text(
        "import apache_beam as beam\nimport transforms\n\n\n"
        "def run(events, config):\n"
        "    assert events._fields == ('file0', 'avro1', 'words')\n"
        "    together = (events.file0, events.avro1, events.words) | beam.Flatten()\n"
        "    return together | beam.ParDo(transforms.Shout())\n"
    )

    status, log, summary = job.run()

    assert status == 0, log
    assert job.out == {"a": "A", "b": "B", "c": "C"}
    assert job.done == ["a", "b", "c"]
    assert summary["read"] == "3"


def test_a_class_of_the_authors_reads_and_writes_events_and_gets_its_options(job: Job):
    (job.directory / "words").write_text("a b")
    job.media(A="x", B="y")
    job.events(
        inputs=[{"type": "custom", "class": "kinds.Lines", "path": "words", "upper": True, "format": "raw"}],
        outputs=[{"type": "custom", "class": "kinds.Lines", "path": "written"}],
    )

    status, log, _ = job.run()

    assert status == 0, log
    assert job.out == {"A": "X", "B": "Y"}
    written = [bytes.fromhex(line) for path in job.directory.glob("written-*") for line in path.read_text().split()]
    assert sorted(Message.decode(raw).element for raw in written) == [b"A", b"B"]


def test_a_class_of_the_authors_without_its_method_is_named_at_its_line(job: Job):
    job.events(inputs=[{"type": "custom", "class": "kinds.Silent"}])

    status, log, _ = job.run()

    assert status == 4
    assert log == (
        "Error: kinds.Silent lacks read\n"
        f"  at: {job.directory}/kinds.py:{KINDS.splitlines().index('class Silent:') + 1}\n"
        "  expected: the methods of klio.events.custom.ReadsEvents: read\n"
    )


def test_a_store_of_the_authors_keeps_the_media(job: Job):
    job.elements("a\nb\nmissing\n")
    job.media("out", b="kept")
    data = job.config["job_config"]["data"]
    for side in ("in", "out"):
        entry = {"type": "custom", "class": "kinds.Attic", "root": ".", "location": f"attic/{side}"}
        data[f"{side}puts"] = [{**entry, "file_suffix": ".txt"}]

    status, log, summary = job.run()

    assert status == 0, log
    assert job.out == {"a": "A", "b": "kept"}
    assert summary["passed on"] == "1 output exists 1"
    assert summary["dropped"] == "1 input missing 1"
