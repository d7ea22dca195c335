"""Elements that end their worker: they become dead letters after `max_attempts`, and take nobody along."""

from __future__ import annotations

import pytest

from klio_core.status import records_in

from .conftest import NewJob
from .kit import PROJECT, Cloud, Job, eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]  # many processes start, on a machine that others share

# "kill…" ends the process, as a crash of native code does; "once…" does so the first time only.
KILLS = """
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
        if data.element.startswith(b"kill"):
            os._exit(9)
        if data.element.startswith(b"once") and not Path(job.release + data.element.decode()).exists():
            Path(job.release + data.element.decode()).touch()
            os.kill(os.getpid(), 11)
        with self._klio.upload(data.element) as out:
            out.write_bytes(data.element)
        yield data
"""


def killing(job: Job) -> None:
    job.does_work()
    job.write(transforms=KILLS)


def until_it_lives(job: Job, *elements: str) -> int:
    """Start the job again and again, as somebody at a terminal would, until the elements have left and nothing waits.

    Answers how the last run ended. While anything waits, a run may still be killed: by what is to be a letter.
    """
    for _ in range(20):
        with job.process() as process:
            eventually(lambda: process.popen.poll() is not None or _is_done(job, *elements))
            if process.popen.poll() is None:
                return process.stop()
    pytest.fail("it never came through")


def _is_done(job: Job, *elements: str) -> bool:
    return set(elements) <= set(job.elements) and job.unacknowledged == 0


def test_an_element_that_kills_its_worker_is_a_dead_letter_after_max_attempts_and_the_others_are_done(new_job: NewJob):
    job = new_job(lease_s=2, max_attempts=3)
    killing(job)
    job.publish("a", "b", "kill", "c", "d")

    assert until_it_lives(job, "a", "b", "c", "d") in {0, 3}  # the letter may be of the run before

    eventually(lambda: job.letters)
    (letter,) = job.letters
    assert (letter.element, letter.reason, letter.attempts) == (b"kill", "native-crash", 3)
    assert job.begun.count("kill") == 3
    assert job.made == {"a", "b", "c", "d"}
    told = [(status.state, status.attempt) for status in job.statuses if status.element == b"kill"]
    assert told[-1] == ("dead letter", 3)
    assert [attempt for state, attempt in told if state == "working"] == [1, 2, 3]


def test_innocents_beside_a_killer_never_become_dead_letters(new_job: NewJob):
    job = new_job(lease_s=2, max_attempts=1)
    killing(job)
    quick = [f"quick{number}" for number in range(40)]  # the pace is then for many at a time
    innocent = [f"innocent{number}" for number in range(20)]
    with job.process() as process:
        job.publish(*quick)
        job.wait_for(*quick)
        job.publish(*innocent[:10], "kill", *innocent[10:])
        process.wait()

    assert until_it_lives(job, *innocent) in {0, 3}

    assert [letter.element for letter in job.letters] == [b"kill"]
    assert job.made == {*quick, *innocent}


def test_what_crashed_once_is_done_and_its_attempts_are_on_record(new_job: NewJob):
    job = new_job(lease_s=2)
    killing(job)
    job.publish("once")

    assert until_it_lives(job, "once") == 0

    assert [status.attempt for status in job.statuses if status.state == "committed"] == [2]
    assert job.letters == []
    assert list((job.directory / "journal" / "suspects").iterdir()) == []


def test_whoever_follows_a_topic_hears_how_it_ended_with_what_was_done_before_its_worker_was_killed(
    new_job: NewJob, cloud: Cloud
):
    told, heard = (f"projects/{PROJECT}/{kind}/told-of-killers" for kind in ("topics", "subscriptions"))
    cloud.subscription(heard, cloud.topic(told))
    job = new_job(lease_s=2, max_attempts=1, events={"status": {"type": "pubsub", "topic": told}})
    killing(job)
    job.publish("../bad", "kill")  # the first batch is of one, and ends within a millisecond

    with job.process() as process:
        process.wait()

    records = [record for raw in cloud.pull(heard) for record in records_in(raw)]
    assert [str(record.state) for record in records if record.element == b"../bad"] == ["leased", "dead letter"]
