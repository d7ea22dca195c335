"""How a run ends that had dead letters: status 3 and their reasons, whatever ended it, and sooner if it is told to."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from .batches import Batch
from .conftest import NewJob
from .kit import Job, eventually

pytestmark = pytest.mark.slow  # whole jobs in processes of their own: more than the inner loop has time for

TOUCHY = """
import time
from pathlib import Path

import apache_beam as beam

from klio.transforms import decorators


class Work(beam.DoFn):
    @decorators.handle_klio
    def process(self, data):
        with Path(self._klio.config.job_config.ledger).open("a") as ledger:
            ledger.write(data.element.decode() + "\\n")
        while data.element.startswith(b"hold"):
            time.sleep(0.01)
        if data.element.startswith(b"bad"):
            raise ValueError("no good: access_token=hunter2")
        yield data
"""


@pytest.fixture
def batch(tmp_path: Path) -> Batch:
    batch = Batch(tmp_path)
    batch.media(good="a", poison1="bad", poison2="bad", poison3="bad")
    return batch


@pytest.fixture
def job(new_job: NewJob) -> Job:
    job = new_job()
    job.config["job_config"]["ledger"] = str(job.directory / "ledger")
    job.config["job_config"]["max_in_flight"] = 1
    job.write(transforms=TOUCHY)
    return job


def letters(batch: Batch) -> int:
    return len(list((batch.directory / "dead").iterdir()))


def test_a_batch_ends_with_the_letter_after_those_that_it_may_have(batch: Batch):
    batch.elements("good\n../up\npoison1\npoison2\npoison3\n")

    status, log, _ = batch.run("--max-failures", 2)

    assert status == 3
    assert letters(batch) == 3
    assert log.splitlines()[-4:-2] == [
        "Error: more than 2 messages became dead letters, so the run was stopped",
        "  at: --max-failures 2",
    ]
    assert log.splitlines()[-2] == "  got: exception 2, bad-element 1"
    assert batch.done == []


def test_a_batch_that_stays_below_ends_by_itself(batch: Batch):
    batch.elements("good\npoison1\npoison2\n")

    status, _, summary = batch.run("--max-failures", 2)

    assert (status, summary["dead letters"], batch.done) == (3, "2 exception 2 → dead", ["good"])


def test_with_none_allowed_a_batch_ends_with_the_first(batch: Batch):
    batch.elements("poison1\npoison2\n")

    assert batch.run("--max-failures", 0)[0] == 3
    assert letters(batch) == 1


def test_a_batch_whose_letter_cannot_be_kept_fails_and_names_the_element(batch: Batch):
    batch.elements("good\npoison1\n")
    (batch.directory / "dead").write_text("a file where the directory should be")

    status, log, _ = batch.run()

    assert status == 6
    assert (
        f"Error: a dead letter could not be kept, so the run ends here\n  at: {batch.directory}/dead/exception-" in log
    )
    assert "it was the letter of b'poison1' (exception: ValueError: it is bad)\n" in log
    assert batch.done == []


def test_a_stream_that_was_idle_for_long_enough_ends_with_status_3(job: Job):
    with job.process("--exit-when-idle", 1) as process:
        job.publish("bad", "a")
        assert process.wait() == 3

    assert process.summary["dead letters"] == f"1 exception 1 → {job.directory}/dead"
    assert "hunter2" not in process.log
    assert "access_token=<redacted>" in process.log


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 3), (signal.SIGINT, 130)])
def test_a_stream_that_is_stopped_says_what_it_had(job: Job, number: signal.Signals, status: int):
    with job.process() as process:
        job.publish("bad")
        eventually(lambda: job.letters)
        process.signal(number)
        assert process.wait() == status

    assert process.summary["dead letters"].startswith("1 exception 1 → ")


def test_a_stream_without_letters_that_is_stopped_ends_with_status_0(job: Job):
    with job.process() as process:
        job.publish("a")
        job.wait_for("a")
        assert process.stop() == 0


def test_a_stream_that_is_not_done_in_time_says_what_it_had_all_the_same(job: Job):
    job.config["job_config"]["drain_timeout_s"] = 0.5
    job.write(transforms=TOUCHY)
    with job.process() as process:
        job.publish("bad")
        eventually(lambda: job.letters)
        job.publish("hold")
        eventually(lambda: "hold" in job.begun)
        assert process.stop() == 3

    assert process.summary["dead letters"].startswith("1 exception 1 → ")


def test_a_stream_drains_when_it_has_had_more_letters_than_it_may(job: Job):
    with job.process("--max-failures", 2) as process:
        job.publish("a", *(f"bad{number}" for number in range(9)))
        assert process.wait() == 3

    assert "more than 2 messages became dead letters, so the run was stopped (--max-failures 2)" in process.log
    assert len(job.letters) == 3
    assert process.summary["dead letters"].startswith("3 exception 3 → ")
    assert job.unacknowledged >= 6


def test_workers_drain_together_when_they_have_had_more_letters_than_they_may(job: Job):
    with job.process("--workers", 2, "--max-failures", 2) as process:
        job.publish("a", *(f"bad{number}" for number in range(200)))
        assert process.wait() == 3

    assert "more than 2 messages became dead letters" in process.log
    assert 2 < len(job.letters) < 200
    assert process.summary["dead letters"].startswith(f"{len(job.letters)} exception {len(job.letters)} → ")


def test_a_letter_of_a_batch_that_is_never_done_counts(job: Job):
    job.config["job_config"] |= {"drain_timeout_s": 0.5, "max_in_flight": 10}
    job.write(transforms=TOUCHY)
    job.publish("bad", "hold")
    with job.process() as process:
        eventually(lambda: job.letters and "hold" in job.begun)
        assert process.stop() == 3
