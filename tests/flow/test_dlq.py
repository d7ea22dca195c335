"""A job fails, somebody looks, mends it and sends the messages again; then all is done."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from klio_core.dead_letter import subscription_to

from .batches import Batch
from .conftest import NewJob
from .kit import Job, eventually

pytestmark = pytest.mark.slow  # whole jobs in processes of their own: more than the inner loop has time for

WORK = """
import apache_beam as beam

from klio.transforms import decorators


class Work(beam.DoFn):
    @decorators.handle_klio
    def process(self, data):
        if data.element in {FAULTY}:
            raise ValueError("not yet")
        yield data
"""
BROKEN = WORK.replace("{FAULTY}", "(b'bad1', b'bad2')")
MENDED = WORK.replace("{FAULTY}", "()")


def dlq(directory: Path, *arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "klio_cli.app", "dlq", *map(str, arguments), "-j", str(directory)]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment})


def elements(job: Job) -> list[str]:
    listed = dlq(job.directory, "list", "--format", "json", **job.cloud.environment)
    assert listed.returncode == 0, listed.stderr
    return sorted(json.loads(line)["element"] for line in listed.stdout.splitlines())


@pytest.mark.parametrize("kind", ["directory", "file", "pubsub", "store"])
def test_what_failed_is_listed_mended_replayed_and_done(new_job: NewJob, kind: str):
    job = new_job()
    topic = f"{job.topic}-dead"
    place = {
        "directory": {"type": "directory", "location": "letters"},
        "file": {"type": "file", "location": "letters.jsonl"},
        "pubsub": {"type": "pubsub", "topic": topic},
        "store": {"type": "directory", "location": f"gs://{job.name}/letters"},
    }[kind]
    if kind == "pubsub":
        job.cloud.topic(topic)
        job.cloud.subscriber.create_subscription(request=subscription_to(topic, job.name))
    job.config["job_config"]["events"]["dead_letters"] = place
    job.write(transforms=BROKEN)
    with job.process("--exit-when-idle", 2) as process:
        job.publish("a", "bad1", "bad2")
        assert process.wait() == 3
    assert elements(job) == ["bad1", "bad2"]

    job.write(transforms=MENDED)
    with job.process() as process:
        replayed = dlq(job.directory, "replay", "--yes", **job.cloud.environment)
        assert replayed.returncode == 0, replayed.stderr
        job.wait_for("a", "bad1", "bad2")
        eventually(lambda: job.unacknowledged == 0)
        assert process.stop() == 0

    assert elements(job) == []
    assert job.elements == {"a": 1, "bad1": 1, "bad2": 1}


def test_what_fails_again_is_a_letter_again_however_quick_the_job_is(new_job: NewJob):
    job = new_job()
    job.write(transforms=BROKEN)
    with job.process() as process:
        job.publish("bad1", "bad2")
        eventually(lambda: len(job.letters) == 2)
        for _ in range(3):
            before = {letter.at for letter in job.letters}
            replayed = dlq(job.directory, "replay", "--yes", **job.cloud.environment)
            assert replayed.returncode == 0, replayed.stderr
            eventually(lambda before=before: len(job.letters) == 2 and not before & {one.at for one in job.letters})
        assert process.stop() == 3


def test_what_failed_in_a_batch_is_run_again_from_a_file(tmp_path: Path):
    batch = Batch(tmp_path)
    batch.elements("good\npoison\n../up\n")
    batch.media(good="a", poison="bad")
    assert batch.run()[0] == 3
    refused = dlq(tmp_path, "replay", "--yes")

    again = tmp_path / "again.txt"
    wrote = dlq(tmp_path, "replay", "--yes", "--reason", "exception", "--output", again)
    batch.media(poison="mended")
    status, log, _ = batch.run("-O", f"job_config.events.inputs[0].location={again}")

    assert refused.returncode == 2
    assert f"come by a topic\n  got: {tmp_path}/elements*.txt\n" in refused.stderr
    assert wrote.stdout == f"Wrote {again}, and removed 1 dead letter\n"
    assert f"klio job run -O job_config.events.inputs[0].location={again}" in wrote.stderr
    assert status == 0, log
    assert batch.out == {"good": "A", "poison": "MENDED"}
    listed = dlq(tmp_path, "list", "--format", "json")
    assert [json.loads(line)["element"] for line in listed.stdout.splitlines()] == ["../up"]
