"""How long the commands take that people wait for: each is a process of its own, from its start to its end."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.clock import children_cpu_s
from benchmarks.table import Row, check

HOME = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
COMMANDS = {
    "klio --help": ([str(BIN / "klio"), "--help"], "≤ 0.15 s"),
    "klioexec --help": ([str(BIN / "klioexec"), "--help"], "≤ 0.25 s"),
    "klio job verify --offline": ([str(BIN / "klio"), "job", "verify", "--offline"], "≤ 0.5 s"),
}
JOB = HOME / "examples" / "automixer"


def rows(*, short: bool) -> list[Row]:
    repeats = 1 if short else 15
    python = _said(*_medians([sys.executable, "-c", "pass"], repeats))
    found = [Row(name, aim, _said(*_medians(command, repeats))) for name, (command, aim) in COMMANDS.items()]
    return [*found, Row("Python itself, to compare with", "", python)]


def _medians(command: list[str], repeats: int) -> tuple[float, float]:
    """Answer the median wall and CPU time (s) of some runs, after one that does not count."""
    taken = [_seconds(command) for _ in range(repeats + 1)][1:]
    return statistics.median(wall for wall, _ in taken), statistics.median(cpu for _, cpu in taken)


def _seconds(command: list[str]) -> tuple[float, float]:
    before, began = children_cpu_s(), time.perf_counter()
    done = subprocess.run(command, cwd=JOB, capture_output=True, text=True, check=False)
    wall, cpu = time.perf_counter() - began, children_cpu_s() - before
    check(done.returncode == 0, f"{' '.join(command)} ended with {done.returncode}: {done.stderr or done.stdout}")
    return wall, cpu


def _said(wall: float, cpu: float) -> str:
    return f"{wall:.2f} s ({cpu:.2f} s CPU)"
