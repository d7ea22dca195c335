"""Each row of the decision table with real bytes: in a job drawn by klioexec, and where the decorator alone decides."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from klio_core.message import ANYONE, JobRef, Limited, Message

from .conftest import NewJob
from .kit import PATIENCE_S, Cloud, Job, eventually

# The DoFn of the talk, as it stands there; only .decode() is new, for an element is bytes.
TRANSFORMS = """
import apache_beam as beam

from klio.transforms import decorators


class AutomixerJob(beam.DoFn):
    @decorators.handle_klio
    def process(self, data):
        track1_id, track2_id = data.element.decode().split(",")
        track1 = self._klio.download(track1_id).read_bytes()
        track2 = self._klio.download(track2_id).read_bytes()
        with self._klio.upload(data.element) as mix:
            mix.write_bytes(track1 + track2)
        yield data
"""
RUN = """
import apache_beam as beam
import transforms


def run(in_pcol, config):
    return in_pcol | beam.ParDo(transforms.AutomixerJob())
"""
PLAIN = """
import sys

import apache_beam as beam
from apache_beam.io.filesystems import FileSystems
import klio
import transforms

klio.use_job("klio-job.yaml")
events = [bytes.fromhex(line) for line in sys.stdin.read().split()]
with beam.Pipeline(runner="FnApiRunner") as pipeline:
    done = pipeline | beam.Create(events) | beam.ParDo(transforms.AutomixerJob())
    done | beam.Map(lambda raw: raw.hex()) | beam.io.WriteToText("out", shard_name_template="")
"""


@dataclass(frozen=True)
class Row:
    """A row of the table: what there is, what is asked, and what must come of it."""

    leaves: bool
    mix: bytes | None
    end: str
    tracks: bool = True
    mixed_before: bool = False
    force: bool = False
    ping: bool = False
    for_whom: str = "anyone"


WORK, OLD = b"12", b"old"
ROWS = {
    "process": Row(leaves=True, mix=WORK, end="committed"),
    "process-for-us": Row(leaves=True, mix=WORK, end="committed", for_whom="us"),
    "ping": Row(leaves=True, mix=None, end="passed on: ping", ping=True),
    "ping-without-input": Row(leaves=True, mix=None, end="passed on: ping", ping=True, tracks=False),
    "ping-and-force": Row(leaves=True, mix=OLD, end="passed on: ping", ping=True, force=True, mixed_before=True),
    "output-exists": Row(leaves=True, mix=OLD, end="passed on: output exists", mixed_before=True),
    "output-exists-input-missing": Row(
        leaves=True, mix=OLD, end="passed on: output exists", mixed_before=True, tracks=False
    ),
    "force": Row(leaves=True, mix=WORK, end="committed", force=True, mixed_before=True),
    "force-without-input": Row(
        leaves=False, mix=OLD, end="dropped: input missing", force=True, mixed_before=True, tracks=False
    ),
    "input-missing": Row(leaves=False, mix=None, end="dropped: input missing", tracks=False),
    "not-addressed": Row(leaves=False, mix=None, end="dropped: not addressed to us", for_whom="others"),
}


def element_of(name: str) -> str:
    return f"{name}-1,{name}-2"


def message_of(name: str, row: Row, job: Job) -> Message:
    to = {"anyone": ANYONE, "us": Limited((JobRef(job.name, "klio-local"),)), "others": Limited((JobRef("x", "y"),))}
    return Message.of(element_of(name).encode(), force=row.force, ping=row.ping, recipients=to[row.for_whom])


def prepare(job: Job, cloud: Cloud) -> None:
    for name, row in ROWS.items():
        if row.tracks:
            cloud.put(f"gs://{job.name}/tracks/{name}-1.wav", b"1")
            cloud.put(f"gs://{job.name}/tracks/{name}-2.wav", b"2")
        if row.mixed_before:
            cloud.put(f"gs://{job.name}/mixes/{element_of(name)}.ogg", OLD)


def automixer(new_job: NewJob) -> Job:
    job = new_job()
    job.config["job_config"]["data"] = {
        "inputs": [{"type": "gcs", "location": f"gs://{job.name}/tracks", "file_suffix": ".wav", "split": ","}],
        "outputs": [{"type": "gcs", "location": f"gs://{job.name}/mixes", "file_suffix": ".ogg"}],
    }
    job.write(transforms=TRANSFORMS, run=RUN, plain=PLAIN)
    prepare(job, job.cloud)
    return job


@pytest.fixture(scope="module")
def drawn(new_job: NewJob) -> Iterator[Job]:
    """The job after klioexec has had a message for each row, and after its end."""
    job = automixer(new_job)
    job.publish(*(message_of(name, row, job) for name, row in ROWS.items()))
    with job.process() as process:
        job.wait_for(*(element_of(name) for name, row in ROWS.items() if row.leaves))
        eventually(lambda: job.unacknowledged == 0)
        assert process.stop() == 0
        job.config["summary"] = process.summary
    return job


@pytest.fixture(scope="module")
def plain(new_job: NewJob) -> Job:
    """The job after a Beam pipeline that klio did not draw has had a message for each row."""
    job = automixer(new_job)
    done = subprocess.run(
        [sys.executable, "plain.py"],
        cwd=job.directory,
        env={**os.environ, **job.cloud.environment},
        input="\n".join(message_of(name, row, job).encode().hex() for name, row in ROWS.items()),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 0, done.stderr
    job.received += [Message.decode(bytes.fromhex(line)) for line in (job.directory / "out").read_text().split()]
    return job


@pytest.fixture(params=["drawn", "plain"])
def job(request: pytest.FixtureRequest) -> Job:
    done: Job = request.getfixturevalue(request.param)
    return done


@pytest.mark.parametrize("name", ROWS)
def test_each_row_of_the_table_holds(job: Job, name: str):
    row, element = ROWS[name], element_of(name)

    left = [message for message in job.received if message.element == element.encode()]
    assert len(left) == (1 if row.leaves else 0)
    assert job.cloud.get(f"gs://{job.name}/mixes/{element}.ogg") == row.mix


@pytest.mark.parametrize("name", ROWS)
def test_the_last_word_on_each_element_is_its_verdict(drawn: Job, name: str):
    assert drawn.states(element_of(name))[-1] == ROWS[name].end


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.end.startswith("dropped")])
def test_a_drop_is_told_where_the_decorator_decides_too(plain: Job, name: str):
    assert plain.states(element_of(name)) == [ROWS[name].end]


def test_what_leaves_has_the_job_in_its_audit_log_and_no_payload(job: Job):
    for message in job.received:
        assert [str(visit.job) for visit in message.audit_log] == [f"klio-local::{job.name}"]
        assert message.payload == b""


def test_the_summary_counts_each_verdict_by_its_reason(drawn: Job):
    said = drawn.config["summary"]
    assert said["read"] == "11"
    assert said["processed"].split()[0] == "3"
    assert said["passed on"] == "5 ping 3, output exists 2"
    assert said["dropped"] == "3 input missing 2, not addressed to us 1"
    assert said["dead letters"] == "0"
