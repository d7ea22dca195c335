"""Four workers, two of them killed -9 again and again while they work: what becomes of the elements, and when.

A worker that is killed cannot give its message back: that comes again when the lease is over. What is measured is the
time from the kill to the next beginning of work on the same element.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.local_job import LocalJob, local_job, wait_until
from benchmarks.table import Row, check
from klio_core.status import State, Status

_WORKERS = 4
_KILLED = 2
# Sleeps as an element's work would take; the output says which element it is of.
_WORK = """
import time

import apache_beam as beam
from klio.transforms import decorators


class Work(beam.DoFn):
    @decorators.handle_klio
    def process(self, data):
        time.sleep(self._klio.config.job_config.work_s)
        with self._klio.upload(data.element) as out:
            out.write_bytes(b"made of " + data.element)
        yield data
"""


@dataclass(frozen=True)
class Size:
    """How much: elements, seconds of work on each, seconds from one round of kills to the next, and for how long."""

    elements: int
    work_s: float
    every_s: float
    for_s: float
    lease_s: int


_LONG = Size(elements=640, work_s=1.0, every_s=20.0, for_s=180.0, lease_s=10)
_SHORT = Size(elements=60, work_s=0.2, every_s=2.0, for_s=4.0, lease_s=2)


@dataclass(frozen=True)
class Kill:
    """A worker, and when it was killed (s since the epoch)."""

    worker: str
    at: float


def rows(*, short: bool) -> list[Row]:
    """Measure, and check that every element was done, and rightly."""
    size = _SHORT if short else _LONG
    elements = [b"e%d" % number for number in range(size.elements)]
    with local_job(_WORK, work_s=size.work_s, lease_s=size.lease_s, **_places()) as job:
        job.publish(elements)
        with job.running("--workers", _WORKERS) as supervisor:
            kills = _kill(job, supervisor.pid, size)
            wait_until(lambda: job.acknowledged() >= size.elements)
        _check_outputs(job, elements)
        states = _states(job)
        lost_s = _time_lost(_records(job), kills)
    again = states["committed"]["tried_again"] + states.get("passed on", {}).get("tried_again", 0)
    done = sum(of["elements"] for state, of in states.items() if state in ("committed", "passed on"))
    check(done == size.elements, f"klio job status knows of {done} elements that are done, not of {size.elements}")
    check(again >= len(lost_s), f"{len(lost_s)} elements were interrupted, klio job status shows {again} tried again")
    how = f"{_WORKERS} workers, {_KILLED} of them killed every {size.every_s:g} s for {size.for_s:g} s"
    return [
        Row(f"{how}: elements done", f"all {size.elements}", str(done)),
        Row("kills, and elements that came again", "", f"{len(kills)}, {len(lost_s)}"),
        Row(
            f"from a kill to the next work on its element, longest; lease {size.lease_s} s",
            f"≤ {size.lease_s + 5} s",
            f"{max(lost_s, default=0.0):.1f} s",
        ),
        Row("elements tried more than once, in klio job status", f"≥ {len(lost_s)}", str(again)),
    ]


def _places() -> dict[str, Any]:
    return {"data": {"outputs": [{"type": "file", "location": "out"}]}}


def _kill(job: LocalJob, supervisor: int, size: Size) -> list[Kill]:
    """Kill some of the workers that are at work, until the time is over. Answers whom, and when."""
    chance = random.Random(7)
    wait_until(lambda: len(_at_work(job, supervisor)) == _WORKERS)
    ends = time.monotonic() + size.for_s
    kills: list[Kill] = []
    while time.monotonic() + size.every_s < ends and job.acknowledged() < size.elements:
        time.sleep(size.every_s)
        wait_until(lambda: len(_at_work(job, supervisor)) >= _KILLED)
        for worker in chance.sample(sorted(_at_work(job, supervisor)), _KILLED):
            os.kill(int(worker.rpartition("-")[2]), signal.SIGKILL)
            kills.append(Kill(worker, time.time()))
    return kills


def _at_work(job: LocalJob, supervisor: int) -> set[str]:
    """Answer the workers that live and have told of an element."""
    children = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()
    return {path.stem for path in _files(job) if path.stem.rpartition("-")[2] in children}


def _files(job: LocalJob) -> list[Path]:
    return sorted((job.directory / ".klio" / "status").glob("*/*.jsonl"))


def _records(job: LocalJob) -> list[Status]:
    found = [Status.decode(line) for path in _files(job) for line in path.read_bytes().splitlines()]
    return sorted(found, key=lambda record: record.at)


def _time_lost(records: list[Status], kills: list[Kill]) -> list[float]:
    """Answer, for each element that came again because its worker was killed, how long (s) after that.

    One whose end was told, and whose message was not yet acknowledged, comes again as well.
    """
    lost = []
    for kill in kills:
        last = [record for record in records if record.worker == kill.worker and record.at <= kill.at][-1]
        again = [r.at for r in records if r.element == last.element and r.at > kill.at and r.state is State.LEASED]
        check(bool(again) or last.state.final, f"{last.element!r} was killed at work, and never came again")
        lost += [min(again) - kill.at] if again else []
    return lost


def _check_outputs(job: LocalJob, elements: list[bytes]) -> None:
    made = {path.name.encode(): path.read_bytes() for path in (job.directory / "out").glob("[!.]*")}
    check(made == {element: b"made of " + element for element in elements}, "outputs are missing, or not right")
    check(job.out() >= len(elements), f"{len(elements)} elements went in, {job.out()} events came out")


def _states(job: LocalJob) -> dict[str, dict[str, int]]:
    command = [sys.executable, "-m", "klio_cli.app", "job", "status", "-j", str(job.directory), "--format", "json"]
    states: dict[str, dict[str, int]] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)[
        "states"
    ]
    return states
