"""A few of the messages of a job are worked on, and said to be what they came to; the others stay where they are."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from .batches import Batch
from .conftest import NewJob

pytestmark = pytest.mark.slow  # whole jobs in processes of their own

FAILS = """
import apache_beam as beam
from klio.transforms import decorators


class Work(beam.DoFn):
    @decorators.handle_klio
    def process(self, data):
        if data.element == b"poison":
            raise ValueError("it is\\x07 bad")
        with self._klio.upload(data.element) as out:
            out.write_bytes(data.element)
        yield data
"""


def table(log: str) -> list[list[str]]:
    """The rows of the table at the end, without the seconds, by its columns."""
    lines = log.splitlines()
    begin = next(number for number, line in enumerate(lines) if line.startswith("element "))
    head = lines[begin]
    borders = [*(head.index(name) for name in ("element", "verdict", "seconds", "outputs", "reason")), None]
    end = next(number for number, line in enumerate(lines) if number > begin and line.endswith(" s"))
    cells = [[line[a:b].strip() for a, b in pairwise(borders)] for line in lines[begin + 1 : end]]
    return [[element, verdict, *rest] for element, verdict, _seconds, *rest in cells]


def test_the_first_messages_are_worked_on_and_the_rest_stays_in_the_subscription(new_job: NewJob):
    job = new_job()
    job.does_work()
    job.write(transforms=FAILS)
    (job.directory / "out").mkdir()
    (job.directory / "out" / "there").touch()
    job.publish("a", "there", "poison", "b", "c")

    with job.process("--sample", 3) as process:
        assert process.wait() == 3, process.log

    out = job.config["job_config"]["data"]["outputs"][0]["location"]
    assert table(process.log) == [
        ["a", "committed", f"{out}/a", ""],
        ["there", "passed on", f"{out}/there", "output exists"],
        ["poison", "dead letter", "", "exception: ValueError: it is\\x07 bad"],
    ]
    assert process.summary["read"] == "3"
    assert (job.made, job.unacknowledged) == ({"a", "there"}, 2)


def test_a_sample_of_more_than_there_is_ends_when_nothing_comes(new_job: NewJob):
    job = new_job()
    job.does_work()
    job.publish("a")

    with job.process("--sample", 10) as process:
        assert process.wait() == 0, process.log

    assert [row[0] for row in table(process.log)] == ["a"]


def test_a_run_ends_after_so_many_messages(new_job: NewJob):
    job = new_job()
    job.does_work()
    job.publish("a", "b", "c")

    with job.process("--max-messages", 2) as process:
        assert process.wait() == 0, process.log

    assert (len(job.begun), job.unacknowledged) == (2, 1)
    assert "element " not in process.log


def test_of_a_batch_the_first_elements_are_worked_on(tmp_path: Path):
    batch = Batch(tmp_path)
    batch.elements("one\ntwo\nmissing\nfour\n")
    batch.media(one="a", two="b", four="d")

    status, log, summary = batch.run("--sample", 3)

    assert status == 0, log
    assert [row[:2] for row in table(log)] == [["one", "committed"], ["two", "committed"], ["missing", "dropped"]]
    assert table(log)[2][3] == "input missing"
    assert (batch.out, summary["read"]) == ({"one": "A", "two": "B"}, "3")
