from __future__ import annotations

import threading
from pathlib import Path

from klio_core.config import KlioConfig
from klio_core.names import status_topic
from klio_core.status import State

from .conftest import Cloud, started, status, wait_until

TOPIC = status_topic("klio-local")


def reports_when_followed(cloud: Cloud, *records: object) -> threading.Thread:
    """What a running job does: reports on the status topic, here as soon as somebody listens."""
    before = set(cloud.subscriptions_of(TOPIC)) if TOPIC in topics(cloud) else set()

    def report() -> None:
        wait_until(lambda: TOPIC in topics(cloud) and set(cloud.subscriptions_of(TOPIC)) != before)
        cloud.report("klio-local", *records)

    return started(report)


def topics(cloud: Cloud) -> list[str]:
    return [topic.name for topic in cloud.publisher.list_topics(project="projects/klio-local")]


def test_follow_shows_each_change_and_ends_when_all_are_done(klio, job: Path, config: KlioConfig, cloud: Cloud):
    a_job = reports_when_followed(
        cloud,
        status(config, b"a", State.LEASED, at=1.0),
        status(config, b"a", State.WORKING, at=2.0, progress=0.4, note="mixing"),
        status(config, b"b", State.PASSED_ON, at=3.0, note="output exists"),
        status(config, b"a", State.COMMITTED, at=4.0, seconds=1.5),
    )

    screen = klio("message", "publish", "--local", "--follow", "-j", job, "a", "b")
    a_job.join()

    assert (screen.status, screen.err) == (0, "")
    ids, shown = screen.out.splitlines()[:2], screen.out.splitlines()[2:]
    assert [line.split()[0] for line in ids] == ["a", "b"]
    assert shown == [
        "a  leased",
        "a  working 40 %  mixing",
        "b  passed on  output exists",
        "a  committed  1.5 s",
    ]
    assert cloud.subscriptions_of(TOPIC) == []


def test_a_dead_letter_is_exit_status_3(klio, job: Path, config: KlioConfig, cloud: Cloud):
    a_job = reports_when_followed(cloud, status(config, b"a", State.DEAD_LETTER, note="ValueError: too short"))

    screen = klio("message", "publish", "--local", "--follow", "-j", job, "a")
    a_job.join()

    assert screen.status == 3
    assert screen.out.splitlines()[1:] == ["a  dead letter  ValueError: too short"]


def test_a_job_without_status_records_cannot_be_followed(klio, job: Path, config: KlioConfig):
    screen = klio("message", "publish", "--follow", "-j", job, "a")

    assert (screen.status, screen.out) == (2, "")
    assert screen.err == (
        f"Error: {config.job_name} publishes no status records\n"
        "  expected: `status: {type: pubsub, topic: …}` under job_config.events; --local sets it where nothing does\n"
        "  to do: add it, or publish without --follow\n"
    )
