"""A service that loses an answer, refuses, or is away: what is to be sent waits, and is sent (4, 22, 24)."""

from __future__ import annotations

import logging
from pathlib import Path

import apache_beam as beam
import pytest

from klio.transforms import decorators
from klio_core.status import Status
from tests.cli.conftest import Klio, klio
from tests.flow.kit import PROJECT, Job, eventually

from .conftest import Failing

__all__ = ["klio"]


class Work(beam.DoFn):
    @decorators.handle_klio
    def process(self, data):
        with self._klio.upload(data.element) as out:
            out.write_bytes(data.element)
        yield data


def working(events, config):
    return events | beam.ParDo(Work())


def with_output(place: Path) -> dict[str, list[dict[str, str]]]:
    return {"outputs": [{"type": "file", "location": str(place / "out")}]}


@pytest.mark.slow
def test_a_lost_acknowledgement_is_no_second_work(failing: Failing, tmp_path: Path):
    cloud, faults = failing("drop@pubsub.ack,nth=1")
    job = Job.new(tmp_path, cloud, data=with_output(tmp_path), lease_s=1)
    with job.thread(working):
        job.publish("a")
        # The test takes what has left only now: its own acknowledgements are counted, too.
        eventually(lambda: "passed on: output exists" in job.states("a"))
        eventually(lambda: job.unacknowledged == 0)

    assert job.elements == {"a": 2}
    assert faults.committed.total() == 1
    assert [state for state in job.states("a") if state.startswith(("working", "committed", "passed"))] == [
        "working",
        "committed",
        "passed on: output exists",
    ]


def test_an_output_that_may_not_be_published_to_holds_the_messages_until_it_may(
    failing: Failing, tmp_path: Path, caplog
):
    caplog.set_level(logging.WARNING, "klio")
    cloud, _ = failing("denied@pubsub.publish,nth=2")  # the first is the one to the job
    job = Job.new(tmp_path, cloud, data=with_output(tmp_path))
    with job.thread(working):
        job.publish("a")
        job.wait_for("a")
        eventually(lambda: job.unacknowledged == 0)

    assert "b'a' failed (EventError: an event could not be published" in caplog.text
    assert "PermissionDenied: 403" in caplog.text
    assert job.letters == []


def test_what_may_not_be_published_is_named_and_the_status_is_1(failing: Failing, klio: Klio, tmp_path: Path):
    cloud, _ = failing("denied@pubsub.publish")
    assert klio("job", "create", "hello", "--output", tmp_path / "job", "--gcp-project", PROJECT).status == 0
    topic = cloud.topic(f"projects/{PROJECT}/topics/hello-input")

    screen = klio("message", "publish", "-j", tmp_path / "job", "a", "b")

    assert (screen.status, screen.out) == (1, "")
    assert screen.err.splitlines()[0] == "Error: 2 of 2 elements were not published:"
    assert [line.split(":")[0] for line in screen.err.splitlines()[1:]] == ["  a", "  b"]
    assert topic in cloud.publisher.get_topic(topic=topic).name


@pytest.mark.slow
def test_records_that_cannot_be_sent_are_sent_later_and_the_work_goes_on(failing: Failing, tmp_path: Path):
    cloud, faults = failing("unavailable@pubsub.publish,times=3")
    records = cloud.topic(f"projects/{PROJECT}/topics/records")
    kept = cloud.subscription(f"projects/{PROJECT}/subscriptions/records", records)
    events = {"status": {"type": "pubsub", "topic": records}}
    job = Job.new(tmp_path, cloud, data=with_output(tmp_path), events=events)
    told: list[Status] = []

    def all_told() -> bool:
        told.extend(Status.decode(line) for raw in cloud.pull(kept) for line in raw.splitlines())
        return {status.element for status in told if status.state.final} == {b"a", b"b", b"c"}

    with job.thread(working):
        job.publish("a", "b", "c")
        job.wait_for("a", "b", "c")
        eventually(all_told)

    assert faults.committed.total() == 3
    assert job.letters == []
