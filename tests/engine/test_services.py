"""Streaming jobs in their images against the local cloud: events in, mixes out, and an end without loss."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from docker import DockerClient

from klio_core.message import Message
from tests.flow.conftest import cloud
from tests.flow.kit import Cloud

from .kit import Hand, NewJob

__all__ = ["cloud"]  # the fixture of whole jobs

AUTOMIXER = Path(__file__).resolve().parents[2] / "examples" / "automixer"
DIRECT = ("job", "run", "--direct-runner")
PAIR = "one.wav,two.wav"
# Says that it has begun, and takes its time.
SLOW = """
import time
import apache_beam as beam
from klio.transforms import decorators


class HelloKlio(beam.DoFn):
    @decorators.handle_klio
    def process(self, data):
        print("begun", flush=True)
        time.sleep(3)
        with self._klio.upload(data.element) as path:
            path.write_text("done")
        yield data
"""


def ends(cloud: Cloud, name: str) -> tuple[str, str, str]:
    """Make the topics and subscriptions of a job: its input, its output, and a subscription to the output."""
    project = "projects/klio-local"
    inward = cloud.topic(f"{project}/topics/{name}-input")
    outward = cloud.topic(f"{project}/topics/{name}-output")
    cloud.subscription(f"{project}/subscriptions/{name}-input", inward, ack_deadline_seconds=60)
    return inward, outward, cloud.subscription(f"{project}/subscriptions/{name}-output", outward)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_a_streaming_job_that_is_stopped_ends_what_it_has_begun(
    klio: Hand, new_job: NewJob, engine: DockerClient, cloud: Cloud, number: signal.Signals, status: int
):
    job = new_job(transforms=SLOW)
    inward, _, outward = ends(cloud, job.name)
    klio.ok("image", "build", "-j", job)

    with klio.started(*DIRECT, "-j", job, **cloud.environment) as running:
        cloud.publish(inward, [Message.of(b"a").encode()])
        assert running.stdout is not None
        assert running.stdout.readline() == "begun\n"
        running.send_signal(number)
        _, summary = running.communicate(timeout=120)

    assert running.returncode == status, summary
    assert "  processed          1" in summary
    assert cloud.get(f"gs://klio-local-output/{job.name}/a.txt") == b"done"
    assert [Message.decode(raw).element for raw in cloud.pull(outward)] == [b"a"]
    assert [one for one in engine.containers.list(all=True) if job.name in str(one.image.tags)] == []
