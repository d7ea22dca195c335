"""Jobs on Beam's own local job service, by its portable protocol: the stand-in for Flink and Spark."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from klio_core.message import Message

from .conftest import NewJob
from .job_service import job_service
from .kit import Job, eventually
from .runs import Running, running

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]  # each starts a job service

EMBEDDED = ("-Opipeline_options.job_endpoint=embed", "-Opipeline_options.environment_type=LOOPBACK")
PORTABLE = ("-Opipeline_options.runner=PortableRunner", *EMBEDDED)
FAILS = """
import apache_beam as beam
from klio.transforms import decorators


class Work(beam.DoFn):
    @decorators.handle_klio
    def process(self, data):
        if data.element.startswith(b"bad"):
            raise ValueError("no")
        with self._klio.upload(data.element) as out:
            out.write_bytes(data.element)
        yield data
"""
RESHUFFLES = """
import apache_beam as beam
import transforms


def run(in_pcol, config):
    return in_pcol | "Spread" >> beam.Reshuffle() | beam.ParDo(transforms.Work())
"""


@contextmanager
def portable(job: Job, *flags: object) -> Iterator[Running]:
    with running(job.directory, *PORTABLE, *flags, **job.cloud.environment) as process:
        job.alive = process.check
        yield process


def test_events_are_acknowledged_when_their_outputs_are_published_and_a_signal_ends_the_run(new_job: NewJob):
    job = new_job()
    job.does_work()
    (job.directory / "out").mkdir()
    (job.directory / "out" / "there").touch()
    job.publish("a", "b", "there")
    job.publish(Message.of(b"traced", ping=True))

    with portable(job) as process:
        job.wait_for("a", "b", "there", "traced")
        eventually(lambda: job.unacknowledged == 0)
        job.publish("c")
        job.wait_for("c")
        assert process.stop() == 0, process.log

    assert sorted(job.begun) == ["a", "b", "c"]
    assert job.made == {"a", "b", "c", "there"}
    assert job.elements == dict.fromkeys(("a", "b", "c", "there", "traced"), 1)
    assert process.summary["read"] == "5"
    assert process.summary["passed on"] == "2 output exists 1, ping 1"


def test_what_fails_is_a_dead_letter_and_the_run_ends_when_nothing_comes(new_job: NewJob):
    job = new_job(data={})
    job.does_work()
    job.write(transforms=FAILS)
    job.publish("a", "bad1", "b", "../etc")

    with portable(job, "--exit-when-idle", 1) as process:
        assert process.wait() == 3, process.log

    assert sorted((letter.element, letter.reason) for letter in job.letters) == [
        (b"../etc", "bad-element"),
        (b"bad1", "exception"),
    ]
    assert (job.made, job.unacknowledged) == ({"a", "b"}, 0)


def test_what_a_killed_process_had_comes_again(new_job: NewJob):
    job = new_job(lease_s=2)
    job.does_work()
    job.publish("hold", "a")
    with portable(job) as process:
        eventually(lambda: "hold" in job.begun)
        process.kill()
    job.release()

    with portable(job) as process:
        job.wait_for("hold", "a")
        eventually(lambda: job.unacknowledged == 0)
        assert process.stop() == 0

    assert job.made == {"hold", "a"}


def test_an_event_is_kept_for_as_long_as_the_work_on_it_takes(new_job: NewJob):
    job = new_job(lease_s=2)
    job.does_work()
    job.publish("hold")
    with portable(job) as process:
        eventually(lambda: "hold" in job.begun)
        eventually(lambda: job.cloud.stats(job.subscription)["extended"] >= 5)
        job.release()
        job.wait_for("hold")
        assert process.stop() == 0

    assert job.begun == ["hold"]


def test_a_graph_that_would_lose_messages_is_refused_before_one_is_read(new_job: NewJob):
    job = new_job()
    job.does_work()
    job.write(transforms=FAILS, run=RESHUFFLES)
    job.publish("a")

    with portable(job) as process:
        assert process.wait() == 4

    assert "would acknowledge events before these steps have their results, and lose them\n" in process.log
    assert "  at: Spread/" in process.log
    assert job.unacknowledged == 1


def test_a_job_runs_on_a_job_service_of_its_own(new_job: NewJob, tmp_path: Path):
    job = new_job()
    job.does_work()
    job.publish("a", "b")
    with job_service(tmp_path) as port:
        there = f"-Opipeline_options.job_endpoint=localhost:{port}"
        with portable(job, there, "--exit-when-idle", 2) as process:
            assert process.wait() == 0, process.log

    assert (job.made, job.unacknowledged) == ({"a", "b"}, 0)


def test_a_batch_runs_there_with_its_counts(new_job: NewJob):
    job = new_job()
    job.does_work()
    (job.directory / "ids.txt").write_text("a\nb\nbad\n")
    job.config["pipeline_options"]["streaming"] = False
    job.config["job_config"]["events"] |= {
        "inputs": [{"type": "file", "location": str(job.directory / "ids.txt")}],
        "outputs": [{"type": "file", "location": str(job.directory / "done")}],
    }
    job.write(transforms=FAILS)

    with portable(job) as process:
        assert process.wait() == 3, process.log

    assert job.made == {"a", "b"}
    assert (process.summary["read"], process.summary["dead letters"].split(" ")[0]) == ("3", "1")
    assert sorted((job.directory / "done-00000-of-00001").read_text().split()) == ["a", "b"]


def test_workers_are_that_runners_own(new_job: NewJob):
    job = new_job()
    job.does_work()

    with portable(job, "--workers", 2) as process:
        assert process.wait() == 2

    assert "Error: --workers: the runner that the job file names has workers of its own\n" in process.log
