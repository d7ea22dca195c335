from pathlib import Path

import pytest

from klio_core.config import parse
from klio_exec.rooted import rooted

JOB = """
job_name: j
pipeline_options: {{streaming: false}}
job_config:
  events:
    inputs: [{input}]
    outputs: [{output}]
    dead_letters: {{type: directory, location: dead}}
  data:
    inputs: [{{type: file, location: ./in/}}, {{type: gcs, location: gs://bucket/in}}]
    outputs: [{{type: file, location: /elsewhere}}, {{type: file, location: file:///there}}]
"""


@pytest.mark.parametrize(
    ("input_", "key", "path"),
    [
        ("{type: file, location: list*.txt}", "file_pattern", "/job/list*.txt"),
        ("{type: avro, location: records, file_pattern: a*}", "location", "/job/records"),
        ("{type: avro, location: records, file_pattern: a*}", "file_pattern", "a*"),
        ("{type: avro, file_pattern: a*}", "file_pattern", "/job/a*"),
        ("{type: file, location: gs://bucket/list}", "file_pattern", "gs://bucket/list"),
    ],
)
def test_where_events_come_from_is_below_the_job(input_: str, key: str, path: str) -> None:
    config = parse(JOB.format(input=input_, output="{type: file, location: done}"))
    (entry,) = rooted(config, Path("/job")).job_config.events.inputs
    assert getattr(entry, key) == path


def test_so_is_everything_else_on_a_disk_and_nothing_that_is_none() -> None:
    config = parse(JOB.format(input="{type: file, location: a}", output="{type: avro, file_path_prefix: done}"))
    job = rooted(config, Path("/job")).job_config
    assert job.events.outputs[0].file_path_prefix == "/job/done"
    assert (job.events.dead_letters.location, job.events.status) == ("/job/dead", None)
    assert [entry.location for entry in job.data.inputs] == ["/job/./in/", "gs://bucket/in"]
    assert [entry.location for entry in job.data.outputs] == ["/elsewhere", "file:///there"]
    assert job.journal is None


def test_what_the_author_has_added_stays() -> None:
    config = parse("job_name: j\njob_config: {bitrate: 192, journal: notes}\n")
    job = rooted(config, Path("/job")).job_config
    assert (job.bitrate, job.journal) == (192, "/job/notes")
