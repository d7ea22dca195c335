"""What it costs to run the author's code in a child process: for each element, for the first one, after a crash.

CPU time is that of this process and of its children; the time of an element is the shortest of many, since it waits
for another process, and so for everything else that the machine does.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apache_beam as beam

from benchmarks.clock import Work, medians, wall_s
from benchmarks.table import Row, check
from klio.context import KlioContext, bind
from klio.transforms.decorators import handle_klio
from klio.transforms.processes import children_of, descendants_of
from klio_core.config import parse
from klio_core.message import Message

JOB = "job_name: bench\npipeline_options: {{streaming: false}}\njob_config: {{{policy}}}\n"
RAW = Message.of(b"a").encode()
MB = b"x" * 1_000_000


class Light(beam.DoFn):
    @handle_klio
    def process(self, data: Any) -> Iterator[Any]:
        yield data


class Heavy(beam.DoFn):
    """Hands a megabyte on."""

    @handle_klio
    def process(self, data: Any) -> Iterator[Any]:
        yield data.payload or MB


class Dies(beam.DoFn):
    @handle_klio
    def process(self, data: Any) -> Iterator[Any]:
        os._exit(7)
        yield data


def rows(*, short: bool) -> list[Row]:
    calls, repeats = (200, 1) if short else (1_000, 5)
    context = KlioContext(parse(JOB.format(policy="isolation: subprocess")), raises=True)
    first_ms = _first_s(context) * 1e3
    works = {
        "thread": lambda: _calls(KlioContext(parse(JOB.format(policy="")), raises=True), Light(), calls),
        "child": lambda: _calls(context, Light(), calls),
        "timeout": lambda: _calls(KlioContext(parse(JOB.format(policy="timeout_s: 60")), raises=True), Light(), calls),
    }
    taken = {name: seconds / calls * 1e6 for name, seconds in medians(works, repeats, _cpu_s).items()}
    shortest = {name: _shortest_us(context, dofn, calls // 2) for name, dofn in (("a", Light()), ("b", Heavy()))}
    guardian_mb, child_mb = _memory_mb()
    crash_ms = _crash_s(context) * 1e3
    return [
        Row("CPU of an element, in the worker's thread", "", f"{taken['thread']:.0f} µs"),
        Row("CPU of an element, in a child process", "", f"{taken['child']:.0f} µs"),
        Row("the same, with a timeout", "", f"{taken['timeout']:.0f} µs"),
        Row("shortest time of an element in a child process", "", f"{shortest['a']:.0f} µs"),
        Row("the same, with a payload of 1 MB", "", f"{shortest['b']:.0f} µs"),
        Row("first element of a child", "", f"{first_ms:.0f} ms"),
        Row("a crash, until its letter can be written", "", f"{crash_ms:.0f} ms"),
        Row("memory of a child, and of its guardian", "", f"{child_mb:.0f} MB, {guardian_mb:.0f} MB"),
    ]


def _calls(context: KlioContext, dofn: Any, count: int) -> None:
    before = bind(context)
    answers = [raw for _ in range(count) for raw in dofn.process(RAW)]
    bind(before)
    check(len(answers) == count, f"{count} calls gave {len(answers)} answers")


def _cpu_s(work: Work) -> float:
    began = _spent_s()
    work()
    return _spent_s() - began


def _spent_s() -> float:
    """Answer the CPU time of this process and of its children, as the kernel counts it."""
    stats = [Path(f"/proc/{pid}/stat").read_text() for pid in {os.getpid()} | descendants_of(os.getpid())]
    ticks = sum(int(field) for stat in stats for field in stat.rpartition(")")[2].split()[11:13])
    return ticks / os.sysconf("SC_CLK_TCK")


def _shortest_us(context: KlioContext, dofn: beam.DoFn, count: int) -> float:
    return min(wall_s(lambda: _calls(context, dofn, 1)) for _ in range(count)) * 1e6


def _first_s(context: KlioContext) -> float:
    return wall_s(lambda: _calls(context, Light(), 1))


def _crash_s(context: KlioContext) -> float:
    began = time.perf_counter()
    try:
        _calls(context, Dies(), 1)
    except Exception as error:  # noqa: BLE001  (looked at in the next line)
        check(type(error).__name__ == "NativeCrash", f"a crash raised {error!r}")
    else:
        check(False, "a crash raised nothing")
    return time.perf_counter() - began


def _memory_mb() -> tuple[float, float]:
    """Answer what the guardian and the child keep of memory that no other process shares."""
    (guardian,) = children_of(os.getpid())
    (child,) = descendants_of(guardian)
    return _own_mb(guardian), _own_mb(child)


def _own_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1e3
