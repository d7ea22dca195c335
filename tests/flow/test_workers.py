"""`--workers N`: several processes on one subscription; what dies is replaced, what cannot run is an error at once."""

from __future__ import annotations

import os
import signal
from collections import Counter
from pathlib import Path

import pytest

from .conftest import NewJob
from .kit import Job, eventually
from .runs import Running
from .test_killers import killing

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]  # many processes start, on a machine that others share


def workers_of(job: Job) -> set[int]:
    """The processes that have told of an element."""
    return {int(status.worker.rpartition("-")[2]) for status in job.statuses}


def children_of(process: Running) -> set[int]:
    return {
        int(pid) for pid in Path(f"/proc/{process.popen.pid}/task/{process.popen.pid}/children").read_text().split()
    }


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_workers_share_the_work_and_end_together_with_one_summary(new_job: NewJob):
    job = new_job()
    job.does_work()
    job.publish("hold1", "hold2")
    with job.process("--workers", 2) as process:
        eventually(lambda: sorted(job.begun) == ["hold1", "hold2"])
        assert workers_of(job) == children_of(process)
        job.release()
        job.publish(*(f"e{number}" for number in range(20)))
        job.wait_for("hold1", "hold2", *(f"e{number}" for number in range(20)))
        eventually(lambda: job.unacknowledged == 0)

        assert process.stop() == 0

    assert Counter(job.begun) == Counter(job.made)
    assert (process.summary["read"], process.summary["processed"].split()[0]) == ("22", "22")
    assert process.log.count("runs with 2 workers") == 1


def test_a_killed_worker_is_replaced_and_its_element_is_done_by_another(new_job: NewJob):
    job = new_job(lease_s=2)
    job.does_work()
    job.publish("hold")
    with job.process("--workers", 2, "--exit-when-idle", 1) as process:
        (killed,) = eventually(lambda: workers_of(job))
        eventually(lambda: job.begun == ["hold"])
        os.kill(killed, signal.SIGKILL)
        eventually(lambda: job.begun == ["hold", "hold"])  # it has come again before anybody took it for idle
        job.release()

        assert process.wait() == 0

    job.wait_for("hold")
    assert "killed by SIGKILL, perhaps for memory; another one starts at once" in process.log
    assert [status.attempt for status in job.statuses if status.state == "committed"] == [2]
    assert process.summary["workers died"] == "1"


def test_workers_that_are_killed_again_and_again_lose_nothing_and_every_attempt_is_on_record(new_job: NewJob):
    job = new_job(lease_s=2, max_in_flight=1)
    job.does_work()
    elements = [f"e{number}" for number in range(40)]
    job.publish("hold1", "hold2", *elements)

    def both_begun(times: int) -> bool:
        return [job.begun.count(element) for element in ("hold1", "hold2")] == [times, times]

    def at_work_on(element: str) -> int:
        told = [one.worker for one in job.statuses if one.element == element.encode() and one.state == "working"]
        return int(told[-1].rpartition("-")[2])

    with job.process("--workers", 4) as process:
        for times in (1, 2, 3):
            eventually(lambda times=times: both_begun(times))  # type: ignore[misc]
            for killed in {at_work_on("hold1"), at_work_on("hold2")}:
                os.kill(killed, signal.SIGKILL)
        eventually(lambda: both_begun(4))
        job.release()
        job.wait_for("hold1", "hold2", *elements)
        eventually(lambda: job.unacknowledged == 0)
        assert process.stop() == 0

    assert job.made == {"hold1", "hold2", *elements}
    assert job.letters == []
    committed = {status.element: status.attempt for status in job.statuses if status.state == "committed"}
    assert (committed[b"hold1"], committed[b"hold2"]) == (4, 4)
    assert {committed[element.encode()] for element in elements} == {1}


def test_an_element_that_kills_worker_after_worker_is_a_dead_letter_and_the_status_says_so(new_job: NewJob):
    job = new_job(lease_s=2, max_attempts=2)
    killing(job)
    job.publish("a", "kill", "b", "once", "c")
    with job.process("--workers", 2, "--exit-when-idle", 1) as process:
        job.wait_for("a", "b", "once", "c")

        assert process.wait() == 3

    (letter,) = job.letters
    assert (letter.element, letter.reason, letter.attempts) == (b"kill", "native-crash", 2)
    assert "exit status 9" in letter.text + letter.trace
    assert process.summary["dead letters"].startswith("1 native-crash 1")
    assert process.summary["read"] == "5"  # what a killed worker had counted and finished is not lost
    assert "killed by SIGSEGV, a crash of native code" in process.log
    assert job.made == {"a", "b", "once", "c"}


@pytest.mark.parametrize(
    ("code", "status", "said"),
    [
        ("import no_such_module\n", 4, "no_such_module"),
        ("import os\nos.kill(os.getpid(), 11)\n", 4, "killed by SIGSEGV"),
    ],
    ids=["raises", "crashes"],
)
def test_code_that_cannot_be_loaded_is_one_error_at_once(new_job: NewJob, code: str, status: int, said: str):
    job = new_job()
    job.does_work()
    job.write(run=code)
    with job.process("--workers", 3) as process:
        assert process.wait() == status

    assert process.log.count("\nError: ") == 1
    assert said in process.log


def test_a_batch_job_has_no_workers(new_job: NewJob):
    job = new_job()
    job.does_work()
    job.config["pipeline_options"]["streaming"] = False
    job.config["job_config"]["events"] = {"inputs": [{"type": "file", "location": "in.txt"}]}
    job.write()
    with job.process("--workers", 2) as process:
        assert process.wait() == 2

    assert "--workers is for streaming jobs" in process.log


def test_workers_notice_that_their_supervisor_was_killed_finish_what_they_have_begun_and_end(new_job: NewJob):
    job = new_job()
    job.does_work()
    job.publish("hold1", "hold2")
    with job.process("--workers", 2) as process:
        eventually(lambda: sorted(job.begun) == ["hold1", "hold2"])
        children = children_of(process)
        process.kill()
        job.publish("later")
        eventually(lambda: process.log.count("what started this run is gone") == 2)
        job.release()
        eventually(lambda: not any(map(alive, children)))

    job.wait_for("hold1", "hold2")
    assert job.made == {"hold1", "hold2"}
    assert job.unacknowledged == 1


@pytest.mark.parametrize(("signals", "status"), [(1, 0), (2, 130)], ids=["in time", "a second signal"])
def test_what_workers_have_not_done_in_time_is_given_back(new_job: NewJob, signals: int, status: int):
    job = new_job(lease_s=600, drain_timeout_s=0.3 if signals == 1 else 600)
    job.does_work()
    job.publish("hold1", "hold2")
    with job.process("--workers", 2, "--verbose") as process:
        eventually(lambda: sorted(job.begun) == ["hold1", "hold2"])
        process.signal(signal.SIGTERM)
        if signals == 2:
            eventually(lambda: process.log.count("stopping") == 3)  # the workers have heard it, too
            process.signal(signal.SIGTERM)

        assert process.wait() == status
    eventually(lambda: job.cloud.stats(job.subscription)["outstanding"] == 0)
    assert job.unacknowledged == 2
    assert not (job.directory / "journal" / "suspects").exists()


def test_a_worker_that_cannot_even_hear_is_killed_and_its_element_is_not_to_blame(new_job: NewJob):
    job = new_job(lease_s=2, drain_timeout_s=0.3)
    job.does_work()
    job.publish("hold")
    with job.process("--workers", 1) as process:
        eventually(lambda: job.begun == ["hold"])
        (worker,) = children_of(process)
        os.kill(worker, signal.SIGSTOP)
        process.signal(signal.SIGINT)

        assert process.wait() == 130
        assert not alive(worker)
    assert "does not end, and is killed" in process.log
    assert not (job.directory / "journal" / "suspects").exists()
    eventually(lambda: job.cloud.stats(job.subscription)["outstanding"] == 0)
    assert job.unacknowledged == 1
