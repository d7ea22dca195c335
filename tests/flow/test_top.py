"""`klio top` beside a job that runs in several processes."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys

import pytest

from klio_core import runs

from .conftest import NewJob
from .kit import Job, eventually
from .runs import running

pytestmark = pytest.mark.slow  # whole jobs in processes of their own


def top(job: Job) -> list[str]:
    """What it prints into a pipe."""
    command = [sys.executable, "-m", "klio_cli.app", "top", "-j", str(job.directory), "--project", str(job.directory)]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "COLUMNS": "160"}, timeout=60)
    assert done.returncode == 0, done.stderr
    return [line.rstrip() for line in done.stdout.splitlines()]


def rows(shown: list[str], head: str) -> list[list[str]]:
    """The rows below a line that begins so."""
    begin = next((number for number, line in enumerate(shown) if line.startswith(head)), len(shown))
    below = shown[begin + 1 :]
    return [line.split() for line in below[: below.index("") if "" in below else None]]


def test_every_worker_is_seen_with_what_it_is_at_and_what_it_takes(new_job: NewJob):
    job = new_job(max_in_flight=1)  # so that each worker takes one of the two
    job.does_work()
    job.publish("a", "../up")
    recorded = {runs.VARIABLE: str(job.directory), **job.cloud.environment}

    with running(job.directory, "--direct-runner", "--workers", 2, **recorded) as process:
        job.alive = process.check
        job.wait_for("a")
        eventually(lambda: job.unacknowledged == 0)
        job.publish("hold1", "hold2")
        eventually(lambda: {"hold1", "hold2"} <= set(job.begun))
        shown = top(job)
        job.release()
        job.wait_for("hold1", "hold2")
        assert process.stop() == 3, process.log
        ended = top(job)

    assert re.match(rf"{job.name}  RUNNING  direct  for ", shown[0])
    assert "in work 2" in shown[1]
    assert shown[2] == "committed 1   passed on 0   dropped 0   dead letter 1 (bad-element 1)"
    workers = rows(shown, "worker ")
    assert len(workers) == 2
    assert all(re.fullmatch(r"\d+%", cpu) and int(memory) > 50 for _name, cpu, memory, *_ in workers)
    elements = rows(shown, "in work ")
    assert sorted(element for element, *_ in elements) == ["hold1", "hold2"]
    assert sorted(row[-1] for row in elements) == sorted(name for name, *_ in workers)
    assert rows(shown, "dead letter ")[-1][0] == "../up"
    assert re.match(rf"{job.name}  DEAD-LETTERED  direct", ended[0])
    assert ended[1] == "4 elements   in work 0"
    assert {row[1] for row in rows(ended, "worker ")} == {"ended"}


def test_what_a_killed_worker_had_is_lost_until_it_comes_again(new_job: NewJob):
    job = new_job(lease_s=2)
    job.does_work()
    job.publish("hold")
    recorded = {runs.VARIABLE: str(job.directory), **job.cloud.environment}

    with running(job.directory, "--direct-runner", **recorded) as process:
        eventually(lambda: "hold" in job.begun)
        process.popen.send_signal(signal.SIGKILL)
        process.popen.wait()
        shown = eventually(lambda: " lost " in "\n".join(lines := top(job)) and lines)

    assert re.match(rf"{job.name}  KILLED  direct", shown[0])
    assert rows(shown, "in work ")[-1][:2] == ["hold", "lost"]
