"""A worker that stands still loses its messages to others, and makes nothing twice when it goes on."""

from __future__ import annotations

import signal

import pytest

from .conftest import NewJob
from .kit import Job, eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]  # many processes start, on a machine that others share

# Writes who made the output; a "hold…" waits until the job's `release` is there.
SIGNED = """
import os
import time
from pathlib import Path

import apache_beam as beam

from klio.transforms import decorators


class Work(beam.DoFn):
    @decorators.handle_klio
    def process(self, data):
        job = self._klio.config.job_config
        if job.data.inputs:
            self._klio.download(data.element)
        ledger = os.open(job.ledger, os.O_APPEND | os.O_CREAT | os.O_WRONLY)
        os.write(ledger, data.element + b"\\n")
        os.close(ledger)
        while data.element.startswith(b"hold") and not Path(job.release).exists():
            time.sleep(0.01)
        with self._klio.upload(data.element) as out:
            out.write_text(str(os.getpid()))
        yield data
"""


def signing(job: Job) -> None:
    """Make it the job of SIGNED, that reads the element's input where it has one."""
    inputs = job.config["job_config"]["data"].get("inputs", [])
    job.does_work()
    job.config["job_config"]["data"]["inputs"] = inputs
    job.write(transforms=SIGNED)
    (job.directory / "in").mkdir()
    (job.directory / "in" / "hold").write_text("input")


@pytest.mark.parametrize("inputs", [[{"type": "file", "location": "in"}], []], ids=["reads an input", "reads none"])
def test_a_zombie_commits_nothing_and_sends_no_event_of_its_own(new_job: NewJob, inputs: list[dict[str, str]]):
    job = new_job(lease_s=2, data={"inputs": inputs})
    signing(job)
    job.publish("hold")
    with job.process() as zombie:
        eventually(lambda: job.begun == ["hold"])
        zombie.signal(signal.SIGSTOP)
        eventually(lambda: job.cloud.stats(job.subscription)["expired"] == 1)
        with job.process() as other:
            eventually(lambda: job.begun == ["hold", "hold"])
            job.release()
            job.wait_for("hold")
            eventually(lambda: job.unacknowledged == 0)

            zombie.signal(signal.SIGCONT)
            eventually(lambda: "its lease has ended, so it is somebody else's" in zombie.log)
            assert zombie.stop() == 0
            assert other.stop() == 0

            assert "LostLease" in zombie.log
            assert (job.directory / "out" / "hold").read_text() == str(other.popen.pid)
    assert job.elements == {"hold": 1}
    assert job.letters == []
    assert zombie.summary["processed"].split()[0] == "0"


def test_what_waits_in_a_worker_that_stands_still_is_not_begun_by_it(new_job: NewJob):
    job = new_job(lease_s=2)
    signing(job)
    waiting = ["x", "y", "z"]
    with job.process() as zombie:
        job.publish(*(f"quick{number}" for number in range(30)))  # the pace is now for several at a time
        eventually(lambda: job.cloud.stats(job.subscription)["acked"] == 30)
        job.publish("hold")
        eventually(lambda: "hold" in job.begun)
        job.publish(*waiting)
        eventually(lambda: job.cloud.stats(job.subscription)["outstanding"] == 4)
        zombie.signal(signal.SIGSTOP)
        eventually(lambda: job.cloud.stats(job.subscription)["expired"] == 4)
        with job.process() as other:
            eventually(lambda: job.begun.count("hold") == 2)
            job.release()
            job.wait_for("hold", *waiting)
            zombie.signal(signal.SIGCONT)
            eventually(lambda: "its lease has ended, so it is somebody else's" in zombie.log)
            assert zombie.stop() == 0
            assert other.stop() == 0

    assert [job.begun.count(element) for element in waiting] == [1, 1, 1]
    assert {element: job.elements[element] for element in ("hold", *waiting)} == dict.fromkeys(("hold", *waiting), 1)
