"""A streaming job of a benchmark: written to a directory, run as a process against a local cloud of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from benchmarks.table import check
from klio_core.message import Message
from klio_exec.local import world
from klio_exec.local.pubsub import stats

TOPIC = "projects/klio-bench/topics/bench-in"
SUBSCRIPTION = "projects/klio-bench/subscriptions/bench-in"
OUT = "projects/klio-bench/topics/bench-out"
OUT_SUBSCRIPTION = "projects/klio-bench/subscriptions/bench-out"
_PATIENCE_S = 600.0

_RUN = """
import apache_beam as beam
import transforms

def run(in_pcol, config):
    return in_pcol | beam.ParDo(transforms.Work())
"""


@dataclass(frozen=True)
class LocalJob:
    """The job's directory, and where its local cloud listens."""

    directory: Path
    pubsub: str

    def publish(self, elements: Sequence[bytes]) -> None:
        """Publish a message for each element, and wait until the service has them all."""
        from google.cloud import pubsub_v1

        publisher = pubsub_v1.PublisherClient()
        for sent in [publisher.publish(TOPIC, Message.of(element).encode()) for element in elements]:
            sent.result()

    def acknowledged(self) -> int:
        """Answer how many of the job's events are done with."""
        return stats(self.pubsub)[SUBSCRIPTION]["acked"]

    def out(self) -> int:
        """Answer how many events have left the job."""
        now = stats(self.pubsub)[OUT_SUBSCRIPTION]
        return now["pending"] + now["outstanding"] + now["acked"]

    @contextmanager
    def running(self, *flags: object) -> Iterator[subprocess.Popen[bytes]]:
        """Run the job; stop it at the end."""
        command = [sys.executable, "-m", "klio_exec.cli", "run", "-j", str(self.directory), "--local", *map(str, flags)]
        with (self.directory / "log").open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        try:
            yield process
        finally:
            process.terminate()
            status = process.wait(60)
        check(status == 0, f"the job ended with {status}:\n{(self.directory / 'log').read_text()}")


@contextmanager
def local_job(transforms: str, **job_config: Any) -> Iterator[LocalJob]:
    """Make a job whose transforms.py is `transforms`, with a DoFn `Work`, and start a local cloud for it."""
    with TemporaryDirectory(prefix="klio-bench-") as name:
        directory = Path(name)
        events = {
            "inputs": [{"type": "pubsub", "topic": TOPIC, "subscription": SUBSCRIPTION}],
            "outputs": [{"type": "pubsub", "topic": OUT}],
        }
        config = {
            "job_name": "bench",
            "pipeline_options": {"streaming": True, "project": "klio-bench"},
            "job_config": {"events": events, **job_config},
        }
        (directory / "klio-job.yaml").write_text(yaml.safe_dump(config))
        (directory / "run.py").write_text(_RUN)
        (directory / "transforms.py").write_text(transforms)
        state = world.up(directory)
        os.environ.update(state.environment())
        try:
            _make_resources()
            yield LocalJob(directory, state.pubsub)
        finally:
            world.down(directory)


def wait_until(holds: Callable[[], bool], every_s: float = 0.05) -> float:
    """Wait for a condition, and answer when it was met (s, monotonic)."""
    deadline = time.monotonic() + _PATIENCE_S
    while not holds():
        check(time.monotonic() < deadline, f"not within {_PATIENCE_S:g} s")
        time.sleep(every_s)
    return time.monotonic()


def _make_resources() -> None:
    from google.cloud import pubsub_v1

    publisher = pubsub_v1.PublisherClient()
    with pubsub_v1.SubscriberClient() as subscriber:
        for subscription, topic in ((SUBSCRIPTION, TOPIC), (OUT_SUBSCRIPTION, OUT)):
            publisher.create_topic(name=topic)
            subscriber.create_subscription(name=subscription, topic=topic, ack_deadline_seconds=60)
