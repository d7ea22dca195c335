"""A newcomer's path, from nothing to the first element that a job of their own has done: the commands, one by one.

The package is installed; nothing else is there, and the local cloud is not up. The job is stopped after it is measured.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.clock import children_cpu_s
from benchmarks.table import Row, check

_KLIO = str(Path(sys.executable).parent / "klio")
_CREATE, _TEST = "klio job create x --use-defaults", "klio job test"
_RUN = "klio job run --local, and klio message publish --local hello --follow"
_ALTOGETHER = "altogether"


def rows(*, short: bool) -> list[Row]:
    """Walk the path some times, and check that each step ended well."""
    walks = [_walk() for _ in range(1 if short else 5)]
    steps = {step: statistics.median(walk[step] for walk, _ in walks) for step in (_CREATE, _TEST, _RUN)}
    whole = statistics.median(sum(walk.values()) for walk, _ in walks)
    cpu = statistics.median(cpu for _, cpu in walks)
    found = [Row(step, "", f"{took_s:.1f} s") for step, took_s in steps.items()]
    return [*found, Row(_ALTOGETHER, "≤ 20 s", f"{whole:.1f} s ({cpu:.1f} s CPU, the end of the job included)")]


def _walk() -> tuple[dict[str, float], float]:
    """Answer what each step took, and the CPU time of all (s)."""
    before = children_cpu_s()
    with TemporaryDirectory(prefix="klio-bench-") as home:
        began = time.monotonic()
        _types(home, "job", "create", "x", "--use-defaults")
        created = time.monotonic()
        job = f"{home}/x"
        check("1 passed" in _types(job, "job", "test"), "the test of a new job did not pass")
        tested = time.monotonic()
        with _running(job):
            followed = _types(job, "message", "publish", "--local", "hello", "--follow")
            ended = time.monotonic()
        check("hello  committed" in followed, f"the first element was not done:\n{followed}")
    return {_CREATE: created - began, _TEST: tested - created, _RUN: ended - tested}, children_cpu_s() - before


def _types(directory: str, *arguments: str) -> str:
    done = subprocess.run([_KLIO, *arguments], cwd=directory, capture_output=True, text=True, check=False)
    check(done.returncode == 0, f"klio {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


@contextmanager
def _running(job: str) -> Iterator[None]:
    with (Path(job) / "log").open("w") as log:
        process = subprocess.Popen([_KLIO, "job", "run", "--local"], cwd=job, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.terminate()
        status = process.wait(60)
        _types(job, "local", "down")
    check(status == 0, f"the job ended with {status}:\n{(Path(job) / 'log').read_text()}")
