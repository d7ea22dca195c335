from __future__ import annotations

import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from klio_core.config import KlioConfig
from klio_core.message import JobRef, Limited, Message, Visit
from klio_core.status import State

from .conftest import Cloud, started, status, wait_until


def send_when_read(cloud: Cloud, topic: str, *bodies: bytes) -> threading.Thread:
    """Publish as soon as somebody listens to the topic."""

    def send() -> None:
        wait_until(lambda: is_there(cloud, topic) and cloud.subscriptions_of(topic) != [])
        for body in bodies:
            cloud.publisher.publish(topic, body).result(timeout=5)

    return started(send)


def is_there(cloud: Cloud, topic: str) -> bool:
    return topic in [one.name for one in cloud.publisher.list_topics(project="projects/klio-local")]


def test_tail_prints_what_a_job_sends_on(klio, job: Path, config: KlioConfig, cloud: Cloud):
    topic = config.job_config.events.outputs[0].topic
    at = datetime(2026, 1, 1, tzinfo=UTC)
    visited = Message.of(b"a").with_visit(Visit(at, JobRef("one", "p"))).with_visit(Visit(at, JobRef("two", "p")))
    limited = Message.of(b"b", recipients=Limited((JobRef("one", "p"),)), force=True, ping=True)
    sender = send_when_read(cloud, topic, visited.encode(), limited.encode(), b"\x00bare")

    screen = klio("message", "tail", "--local", "-j", job, "-n", 3)
    sender.join()

    assert (screen.status, screen.err) == (0, f"Reading {topic}\n")
    assert screen.out.splitlines() == [
        "a  for anyone  through p::one → p::two",
        "b  for p::one  force  ping",
        "\\x00bare  for anyone",
    ]
    assert cloud.subscriptions_of(topic) == []


def test_tail_prints_status_records_and_says_what_is_none(klio, job: Path, config: KlioConfig, cloud: Cloud):
    topic = "projects/klio-local/topics/my-records"
    own = f"job_config.events.status={{type: pubsub, topic: {topic}}}"
    record = status(config, b"a", State.WORKING, progress=0.5)
    sender = send_when_read(cloud, topic, record.encode(), b"?")

    screen = klio("message", "tail", "--local", "--status", "-j", job, "-O", own, "-n", 2)
    sender.join()

    assert screen.status == 0, screen.err
    assert screen.out.splitlines() == [f"{config.job_name}  a  working 50 %", "(not a status record: b'?')"]


def test_tail_of_a_topic_needs_no_job(klio, project: Path, cloud: Cloud):
    topic = "projects/klio-local/topics/any"
    sender = send_when_read(cloud, topic, Message.of(b"a").encode())

    screen = klio("message", "tail", "--local", "-j", project, "--topic", topic, "-n", 1)
    sender.join()

    assert (screen.status, screen.out) == (0, "a  for anyone\n")


def test_topic_and_status_exclude_each_other(klio, job: Path):
    screen = klio("message", "tail", "--local", "-j", job, "--topic", "projects/p/topics/abc", "--status")

    assert (screen.status, screen.out) == (2, "")
    assert screen.err == "Error: --topic and --status exclude each other\n  to do: give one of them\n"


def test_a_job_that_sends_nothing_has_nothing_to_read(klio, tmp_path: Path):
    klio("job", "create", "hello", "--job-type", "batch", "--output", tmp_path / "j")

    screen = klio("message", "tail", "-j", tmp_path / "j")

    assert screen.status == 2
    assert screen.err == "Error: hello sends no messages\n  expected: an event output of type pubsub\n"


@pytest.mark.parametrize(("number", "exit_status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopping_deletes_what_it_listened_by_and_shows_no_traceback(
    klio, project: Path, cloud: Cloud, number: signal.Signals, exit_status: int
):
    topic = f"projects/klio-local/topics/stopped-{exit_status}"
    argv = ["message", "tail", "--local", "-j", str(project), "--topic", topic]
    reading = subprocess.Popen([sys.executable, "-m", "klio_cli.app", *argv], stderr=subprocess.PIPE, text=True)
    assert reading.stderr is not None
    assert reading.stderr.readline() == f"Reading {topic}\n"

    reading.send_signal(number)
    _, err = reading.communicate(timeout=10)

    assert (reading.returncode, err.strip()) == (exit_status, "")
    assert cloud.subscriptions_of(topic) == []
