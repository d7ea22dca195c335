"""Whole jobs for tests: written to a directory, run as processes or in a thread, fed, and asked what came of it."""

from __future__ import annotations

import time
import uuid
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import yaml
from google.api_core.exceptions import GoogleAPIError, NotFound
from google.cloud import pubsub, storage

from klio_core.config import parse
from klio_core.dead_letter import DeadLetter
from klio_core.message import Message
from klio_core.status import Status
from klio_exec.local.pubsub import stats
from klio_exec.runners.report import Tell, to_nobody

from .runs import PATIENCE_S, Here, Running, running

T = TypeVar("T")
PROJECT = "klio-local"

WAKE = (b"so that nobody waits for the end of a pull",)

RUN = """
import apache_beam as beam
import transforms

def run(in_pcol, config):
    arrived = tuple(in_pcol) | beam.Flatten() if isinstance(in_pcol, tuple) else in_pcol
    return arrived | beam.ParDo(transforms.Work())
"""


# Writes each element to the job's ledger when its work begins; a "hold…" waits until the job's `release` is there.
WORK = """
import os
import time
from pathlib import Path

import apache_beam as beam

from klio.transforms import decorators


class Work(beam.DoFn):
    @decorators.handle_klio
    def process(self, data):
        job = self._klio.config.job_config
        ledger = os.open(job.ledger, os.O_APPEND | os.O_CREAT | os.O_WRONLY)
        os.write(ledger, data.element + b"\\n")
        os.close(ledger)
        time.sleep(0.01)
        while data.element.startswith(b"hold") and not Path(job.release).exists():
            time.sleep(0.01)
        with self._klio.upload(data.element) as out:
            out.write_bytes(data.element)
        yield data
"""


def eventually(what: Callable[[], T], within_s: float = PATIENCE_S) -> T:
    """Answer the first true value of `what()`; fail with its last value when the time is over."""
    deadline = time.monotonic() + within_s
    while not (value := what()):
        assert time.monotonic() < deadline, f"not within {within_s} s; the last value was {value!r}"
        time.sleep(0.02)
    return value


@dataclass(frozen=True)
class Cloud:
    """Where Pub/Sub and objects are, and what tests do there with Google's own clients."""

    pubsub: str
    objects: str

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PUBSUB_EMULATOR_HOST": self.pubsub,
            "STORAGE_EMULATOR_HOST": self.objects,
            "NO_GCE_CHECK": "true",
        }

    @cached_property
    def publisher(self) -> pubsub.PublisherClient:
        return pubsub.PublisherClient()

    @cached_property
    def subscriber(self) -> pubsub.SubscriberClient:
        return pubsub.SubscriberClient()

    @cached_property
    def storage(self) -> storage.Client:
        return storage.Client(project=PROJECT)

    def close(self) -> None:
        self.publisher.stop()
        self.publisher.transport.close()
        self.subscriber.close()
        self.storage.close()

    def topic(self, path: str) -> str:
        self.publisher.create_topic(name=path)
        return path

    def subscription(self, path: str, topic: str, **settings: Any) -> str:
        self.subscriber.create_subscription(
            request={"name": path, "topic": topic, "ack_deadline_seconds": 10, **settings}
        )
        return path

    def publish(self, topic: str, raws: Sequence[bytes]) -> None:
        for sent in [self.publisher.publish(topic, raw) for raw in raws]:
            sent.result(PATIENCE_S)

    def pull(self, subscription: str) -> list[bytes]:
        """Take what is there now, and acknowledge it."""
        request = {"subscription": subscription, "max_messages": 1000, "return_immediately": True}
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # a test wants to know what is there, and go on
                got = self.subscriber.pull(request=request, timeout=5, retry=None)
        except GoogleAPIError:  # the test may have stopped the service
            return []
        if got.received_messages:
            ids = [one.ack_id for one in got.received_messages]
            self.subscriber.acknowledge(subscription=subscription, ack_ids=ids)
        return [one.message.data for one in got.received_messages]

    def stats(self, subscription: str) -> dict[str, int]:
        return stats(self.pubsub)[subscription]

    def put(self, path: str, content: bytes = b"x") -> None:
        self._blob(path).upload_from_string(content)

    def get(self, path: str) -> bytes | None:
        try:
            return self._blob(path).download_as_bytes()
        except NotFound:
            return None

    def _blob(self, path: str) -> Any:
        bucket, _, name = path.removeprefix("gs://").partition("/")
        return self.storage.bucket(bucket).blob(name)


@dataclass
class Job:
    """A job's directory, its topics and subscriptions, and what has come out of it so far."""

    directory: Path
    cloud: Cloud
    config: dict[str, Any]
    received: list[Message] = field(default_factory=list)
    alive: Callable[[], None] = lambda: None

    @property
    def name(self) -> str:
        return str(self.config["job_name"])

    @property
    def topic(self) -> str:
        return f"projects/{PROJECT}/topics/{self.name}-in"

    @property
    def subscription(self) -> str:
        return f"projects/{PROJECT}/subscriptions/{self.name}-in"

    @property
    def out(self) -> str:
        return f"projects/{PROJECT}/topics/{self.name}-out"

    @property
    def out_subscription(self) -> str:
        return f"projects/{PROJECT}/subscriptions/{self.name}-out"

    @classmethod
    def new(
        cls,
        directory: Path,
        cloud: Cloud,
        *,
        data: dict[str, Any] | None = None,
        events: dict[str, Any] | None = None,
        **job_config: Any,
    ) -> Job:
        """A streaming job of its own name, its records beside it, its topics and subscriptions made."""
        job = cls(directory, cloud, {"job_name": f"job-{uuid.uuid4().hex[:8]}"})
        job.config["pipeline_options"] = {"streaming": True, "project": PROJECT}
        job.config["job_config"] = {
            "events": {
                "inputs": [{"type": "pubsub", "topic": job.topic, "subscription": job.subscription}],
                "outputs": [{"type": "pubsub", "topic": job.out}],
                "dead_letters": {"type": "directory", "location": str(directory / "dead")},
                "status": {"type": "directory", "location": str(directory / "status")},
            }
            | (events or {}),
            "data": data or {},
            "journal": str(directory / "journal"),
            **job_config,
        }
        job.make_resources()
        return job

    def does_work(self) -> None:
        """Make it the job of WORK, with its outputs in a directory."""
        outputs = [{"type": "file", "location": str(self.directory / "out")}]
        self.config["job_config"] |= {
            "ledger": str(self.directory / "ledger"),
            "release": str(self.directory / "release"),
            "data": {"outputs": outputs},
        }
        self.write(transforms=WORK)

    def release(self) -> None:
        """Let what holds go on."""
        (self.directory / "release").touch()

    @property
    def begun(self) -> list[str]:
        """The elements whose work was begun, as often as it was."""
        ledger = self.directory / "ledger"
        return ledger.read_text().split() if ledger.exists() else []

    @property
    def made(self) -> set[str]:
        """The outputs that there are; what a kill left half-written has a hidden name."""
        return {path.name for path in (self.directory / "out").glob("[!.]*")}

    def make_resources(self) -> None:
        """Topics and subscriptions, as `--local` would make them."""
        self.cloud.subscription(self.subscription, self.cloud.topic(self.topic), ack_deadline_seconds=60)
        self.cloud.subscription(self.out_subscription, self.cloud.topic(self.out))

    def write(self, **files: str) -> None:
        """Write klio-job.yaml, and `transforms="…"` as transforms.py."""
        self.directory.mkdir(parents=True, exist_ok=True)
        (self.directory / "klio-job.yaml").write_text(yaml.safe_dump(self.config))
        for name, text in ({"run": RUN} | files).items():
            (self.directory / f"{name}.py").write_text(text)

    def publish(self, *events: str | bytes | Message) -> None:
        """Publish elements (text), messages, or bytes as they are."""
        self.cloud.publish(self.topic, [_raw(event) for event in events])

    def pull(self) -> list[Message]:
        """Answer all output events so far. Raises what ended the job."""
        self.alive()
        self.received += [Message.decode(raw) for raw in self.cloud.pull(self.out_subscription)]
        return self.received

    @property
    def elements(self) -> Counter[str]:
        """How often each element has left, by now."""
        return Counter(message.element.decode() for message in self.pull())

    def wait_for(self, *elements: str, within_s: float = PATIENCE_S) -> None:
        """Wait until each of these has left at least once."""
        eventually(lambda: set(elements) <= set(self.elements), within_s)

    @property
    def letters(self) -> list[DeadLetter]:
        return [DeadLetter.decode(path.read_bytes()) for path in sorted((self.directory / "dead").glob("*.json"))]

    @property
    def statuses(self) -> list[Status]:
        """All records, in the order of their times."""
        files = (self.directory / "status").glob("*.jsonl")
        lines = [line for file in files for line in file.read_bytes().splitlines()]
        return sorted(map(Status.decode, lines), key=lambda status: status.at)

    def states(self, element: str) -> list[str]:
        """What was told of one element: its states, with their notes."""
        told = [status for status in self.statuses if status.element == element.encode()]
        return [f"{status.state}: {status.note}" if status.note else str(status.state) for status in told]

    @property
    def unacknowledged(self) -> int:
        """How many events are still the job's to do, leased or not."""
        now = self.cloud.stats(self.subscription)
        return now["pending"] + now["outstanding"]

    @contextmanager
    def process(self, *flags: object) -> Iterator[Running]:
        """The job as a process of its own, against the cloud that this process serves."""
        with running(self.directory, "--direct-runner", *flags, **self.cloud.environment) as process:
            self.alive = process.check
            yield process

    @contextmanager
    def thread(self, run: Callable[[Any, Any], Any], tell: Tell = to_nobody) -> Iterator[Here]:
        """The job with this `run` in a thread of this process, by the same parts that `klioexec run` puts together."""
        with Here(parse(yaml.safe_dump(self.config)), run, tell) as here:
            self.alive = here.check
            yield here
            here.ask()
            with suppress(GoogleAPIError):  # the test may have stopped the service
                self.publish(*WAKE)
        here.check()


def _raw(event: str | bytes | Message) -> bytes:
    if isinstance(event, Message):
        return event.encode()
    return Message.of(event.encode()).encode() if isinstance(event, str) else event
