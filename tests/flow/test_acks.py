"""An event is acknowledged when its work is done and its output is out: not before, whatever dies in between."""

from __future__ import annotations

import os
import signal
from collections import Counter
from pathlib import Path

import apache_beam as beam
import pytest

from klio.transforms import decorators
from klio_exec.local import world

from .conftest import NewJob, found
from .kit import WORK, Job, eventually, running

IN_FLIGHT = 20


def of_all(job: Job, elements: list[str]) -> None:
    """Nothing lost, each output made, each event out; done twice at most what was in flight."""
    job.wait_for(*elements)
    eventually(lambda: job.unacknowledged == 0)
    assert job.made == set(elements)
    twice = {element: count for element, count in Counter(job.begun).items() if count > 1}
    assert len(twice) <= IN_FLIGHT
    assert set(twice.values()) <= {2}


@pytest.mark.slow
def test_a_job_that_is_killed_loses_nothing(new_job: NewJob):
    job = new_job(lease_s=2, max_in_flight=IN_FLIGHT)
    job.does_work()
    elements = [f"e{number}" for number in range(200)]
    job.publish(*elements)

    with job.process() as process:
        eventually(lambda: len(job.begun) >= 67)
        process.kill()
    assert len(job.begun) < 200
    with job.process() as process:
        of_all(job, elements)
        assert process.stop() == 0


@pytest.mark.slow
def test_a_pubsub_that_is_killed_and_comes_back_loses_nothing_and_the_job_goes_on(tmp_path: Path):
    state = world.up(tmp_path)
    try:
        with found(state.pubsub, state.objects) as cloud:
            job = Job.new(tmp_path, cloud, lease_s=2, max_in_flight=IN_FLIGHT)
            job.does_work()
            elements = [f"e{number}" for number in range(200)]
            job.publish(*elements)
            with running(tmp_path, "--local") as process:
                eventually(lambda: len(job.begun) >= 67)
                os.kill(state.pid, signal.SIGKILL)
                eventually(lambda: not world.local_state.read(tmp_path).alive)
                again = world.up(tmp_path)
                assert (again.pubsub, again.objects) == (state.pubsub, state.objects)

                of_all(job, elements)
                assert process.stop() == 0
    finally:
        world.down(tmp_path)


@pytest.mark.slow
def test_sigterm_ends_what_is_begun_and_gives_back_the_rest_at_once(new_job: NewJob):
    job = new_job(lease_s=600)
    job.does_work()
    with job.process() as process:
        job.publish(*(f"quick{number}" for number in range(30)))  # the pace is now for several at a time
        eventually(lambda: len(job.made) == 30)
        job.publish("hold")
        eventually(lambda: "hold" in job.begun)
        job.publish("a", "b", "c")
        eventually(lambda: job.cloud.stats(job.subscription)["outstanding"] == 4)

        process.signal(signal.SIGTERM)
        eventually(lambda: job.cloud.stats(job.subscription)["outstanding"] == 1)
        job.release()

        assert process.wait() == 0
    job.wait_for("hold")
    assert not {"a", "b", "c"} & set(job.begun)
    assert (process.summary["read"], process.summary["dead letters"]) == ("31", "0")
    assert job.cloud.stats(job.subscription)["expired"] == 0
    with job.process() as process:
        job.wait_for("a", "b", "c")
        assert process.stop() == 0


@pytest.mark.slow
def test_ctrl_c_ends_what_is_begun_and_the_status_is_130(new_job: NewJob):
    job = new_job()
    job.does_work()
    job.publish("hold")
    with job.process() as process:
        eventually(lambda: job.begun == ["hold"])
        process.signal(signal.SIGINT)
        eventually(lambda: "stopping: what has been begun is finished" in process.log)
        job.release()

        assert process.wait() == 130
    job.wait_for("hold")
    assert process.summary["processed"].split()[0] == "1"


@pytest.mark.slow
@pytest.mark.parametrize(("signals", "status"), [(1, 0), (2, 130)], ids=["in time", "a second signal"])
def test_what_is_not_done_when_it_must_be_is_given_back(new_job: NewJob, signals: int, status: int):
    job = new_job(lease_s=600, drain_timeout_s=0.3 if signals == 1 else 600)
    job.does_work()
    job.publish("hold")
    with job.process() as process:
        eventually(lambda: job.begun == ["hold"])
        process.signal(signal.SIGTERM)
        if signals == 2:
            eventually(lambda: "stopping" in process.log)
            process.signal(signal.SIGTERM)

        assert process.wait() == status
    assert job.cloud.stats(job.subscription)["outstanding"] == 0
    assert job.unacknowledged == 1
    assert job.made == set()


# The author's own step behind the work, when the output is committed and the event has not left.
DIES_ONCE = """
import os
from pathlib import Path

import apache_beam as beam
import transforms


def run(in_pcol, config):
    died = Path(config.job_config.release)

    def die_once(raw):
        if not died.exists():
            died.touch()
            os._exit(9)
        return raw

    return in_pcol | beam.ParDo(transforms.Work()) | beam.Map(die_once)
"""


@pytest.mark.slow
def test_after_a_crash_between_the_output_and_its_event_the_event_goes_out(new_job: NewJob):
    job = new_job(lease_s=1)
    job.does_work()
    job.write(transforms=WORK, run=DIES_ONCE)
    job.publish("a")
    with job.process() as process:
        assert process.wait() == 9
    assert job.made == {"a"}
    assert job.received == []

    with job.process() as process:
        job.wait_for("a")
        assert process.stop() == 0
    assert process.summary["passed on"] == "1 output exists 1"
    assert job.begun == ["a"]
    assert [status.attempt for status in job.statuses if status.state == "passed on"] == [2]


class Hold(beam.DoFn):
    @decorators.handle_klio
    def process(self, data):
        while not os.path.exists(self._klio.config.job_config.release):  # noqa: PTH110  (asked in a tight loop)
            self._klio.progress(0.5)
        yield data


@pytest.mark.slow
def test_a_lease_is_kept_for_as_long_as_the_work_takes(new_job: NewJob):
    job = new_job(lease_s=1)
    job.config["job_config"]["release"] = str(job.directory / "release")
    job.publish("long")

    with job.thread(lambda events, config: events | beam.ParDo(Hold())):
        eventually(lambda: job.cloud.stats(job.subscription)["extended"] >= 7)  # each a third of a lease
        job.release()
        job.wait_for("long")
        eventually(lambda: job.unacknowledged == 0)
        now = job.cloud.stats(job.subscription)

    assert (now["delivered"], now["expired"], now["acked"]) == (1, 0, 1)
    assert {status.attempt for status in job.statuses} == {1}


@pytest.mark.slow
@pytest.mark.parametrize("limit", [1, 5])
def test_no_more_are_held_than_may_be_in_flight(new_job: NewJob, limit: int):
    job = new_job(max_in_flight=limit)
    job.publish(*(str(number) for number in range(1000)))
    seen = []

    def a_hundred_done() -> bool:
        now = job.cloud.stats(job.subscription)
        seen.append(now["outstanding"])
        return now["acked"] >= 100

    with job.thread(lambda events, config: events):
        eventually(a_hundred_done)

    assert 0 < max(seen) <= limit
    assert job.cloud.stats(job.subscription)["outstanding"] == 0


@pytest.mark.slow
def test_memory_is_bounded_by_what_is_in_flight(new_job: NewJob):
    job = new_job(max_in_flight=1)
    job.does_work()

    def megabytes(process) -> float:
        return int(Path(f"/proc/{process.popen.pid}/statm").read_text().split()[1]) * 4096 / 1e6

    with job.process() as process:
        job.publish("first")
        job.wait_for("first")
        before = megabytes(process)
        job.publish(*(f"{number:06}" * 30 for number in range(100_000)))
        eventually(lambda: len(job.begun) >= 200)

        assert megabytes(process) - before < 30
        assert job.cloud.stats(job.subscription)["outstanding"] <= 1
        assert process.stop() == 0


@pytest.mark.slow
def test_the_attempt_after_a_crash_is_on_record_where_pubsub_counts(new_job: NewJob):
    job = new_job(lease_s=1)
    job.does_work()
    policy = {"dead_letter_topic": job.cloud.topic(f"{job.topic}-dead"), "max_delivery_attempts": 5}
    job.cloud.subscriber.delete_subscription(subscription=job.subscription)
    job.cloud.subscription(job.subscription, job.topic, dead_letter_policy=policy)
    job.publish("hold")
    with job.process() as process:
        eventually(lambda: job.begun == ["hold"])
        process.kill()
    job.release()

    with job.process() as process:
        job.wait_for("hold")
        assert process.stop() == 0
    assert [status.attempt for status in job.statuses if status.state == "committed"] == [2]
