"""A job whose dead letters are kept in each kind of place, written there as a job writes them."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from klio.events.dead_letters import DirectoryOfDeadLetters, FileOfDeadLetters
from klio_core.config import KlioConfig, load
from klio_core.dead_letter import DeadLetter, subscription_to
from klio_core.message import Message
from tests.cli.message.conftest import Cloud, cloud  # noqa: F401 - a fixture of the neighbours

KINDS = ("directory", "file", "pubsub", "store")


@dataclass
class Grave:
    """Where the letters of one job are; `bury` is what a job does when it writes one."""

    kind: str
    where: str
    config: KlioConfig
    bury: Callable[[DeadLetter], None]

    def letter(self, name: str = "a", reason: str = "exception", **more: Any) -> DeadLetter:
        message = Message.of(name.encode(), payload=b"a payload nobody is to see").encode()
        source = self.config.job_config.events.inputs[0].topic
        made = DeadLetter(
            message, name.encode(), self.config.job_name, reason, "ValueError", f"{name} is no good", 1000.0,
            trace="Traceback\n  in the code\n", source=source, version="26.11.0",
        )  # fmt: skip
        return replace(made, **more)

    def fill(self, *elements: str, **more: Any) -> None:
        for element in elements:
            self.bury(self.letter(element, **more))


@pytest.fixture
def grave(job: Path, request: pytest.FixtureRequest) -> Grave:
    """The job's letters in a directory; or in each kind of place, for a test that asks for them all."""
    kind = getattr(request, "param", "directory")
    name = f"letters-{uuid.uuid4().hex[:8]}"
    topic, bucket = f"projects/klio-local/topics/{name}", f"gs://{name}/some/where"
    entries = {
        "directory": "type: directory, location: dead-letters",
        "file": "type: file, location: dead-letters.jsonl",
        "pubsub": f"type: pubsub, topic: {topic}",
        "store": f"type: directory, location: '{bucket}'",
    }
    path = job / "klio-job.yaml"
    text = re.sub(r"dead_letters:\n.*\n.*\n", f"dead_letters: {{{entries[kind]}}}\n", path.read_text())
    path.write_text(text)
    config = load(path)
    where, bury = {
        "directory": lambda: (job / "dead-letters", DirectoryOfDeadLetters(str(job / "dead-letters")).write),
        "file": lambda: (job / "dead-letters.jsonl", FileOfDeadLetters(str(job / "dead-letters.jsonl")).write),
        "pubsub": lambda: (topic, to_topic(request.getfixturevalue("cloud"), topic, config)),
        "store": lambda: (bucket, to_store(request.getfixturevalue("objects_url"), bucket, job)),
    }[kind]()
    return Grave(kind, str(where), config, bury)


def to_topic(cloud: Cloud, topic: str, config: KlioConfig) -> Callable[[DeadLetter], None]:  # noqa: F811 - its value
    cloud.publisher.create_topic(name=topic)
    cloud.subscriber.create_subscription(request=subscription_to(topic, config.job_name))

    def bury(letter: DeadLetter) -> None:
        cloud.publisher.publish(topic, letter.encode(), reason=letter.reason, job=letter.job).result(timeout=10)

    return bury


def to_store(url: str, bucket: str, job: Path) -> Callable[[DeadLetter], None]:
    from klio_cli.objects import Objects

    def bury(letter: DeadLetter) -> None:
        file = job / letter.name
        file.write_bytes(letter.encode())
        with Objects.at(url) as objects:
            list(objects.copy_in([str(file)], f"{bucket}/"))
        file.unlink()

    return bury
