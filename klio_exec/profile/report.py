"""A profile from the request to its report: the elements, the kind, and where the report goes."""

from __future__ import annotations

import sys
from collections.abc import Callable

from klio_core.errors import UsageError
from klio_core.profiling import Profiling, What
from klio_exec.profile.cpu import cpu
from klio_exec.profile.lines import lines
from klio_exec.profile.memory import memory
from klio_exec.profile.memory_lines import memory_lines
from klio_exec.profile.once import Ran
from klio_exec.profile.timeit import timeit

_LOST = 3
_STDIN = "-"
_NOTHING = "no element was worked on, so there is nothing to see; the summary of the run says why"
_KINDS: dict[What, Callable[[Profiling, list[bytes]], tuple[str, Ran]]] = {
    What.CPU: cpu,
    What.MEMORY: memory,
    What.LINES: lines,
    What.MEMORY_LINES: memory_lines,
    What.TIMEIT: timeit,
}


def profile(asked: Profiling) -> tuple[str, int]:
    """Profile a job, and print or write the report. Answers the summary of its run to print, and its exit status.

    Raises KlioError for everything that keeps the job from running.
    """
    elements = _elements(asked)
    report, ran = _KINDS[asked.what](asked, elements * asked.times)
    if not ran.worked:
        report = _NOTHING
    if asked.output_file is None:
        print(report, flush=True)  # noqa: T201 - a report is what was asked for
    else:
        asked.output_file.write_text(f"{report}\n")
    return ran.summary.text("thrown away with the profile"), _LOST if ran.summary.dead else 0


def _elements(asked: Profiling) -> list[bytes]:
    found = [one.encode(errors="surrogateescape") for one in asked.elements]
    if asked.input_file is not None:
        found += [line for line in _read(asked).splitlines() if line.strip()]
    if not found:
        raise UsageError("there is no element in the file", where=str(asked.input_file), expected="one in each line")
    return found


def _read(asked: Profiling) -> bytes:
    assert asked.input_file is not None
    if str(asked.input_file) == _STDIN:
        return sys.stdin.buffer.read()
    try:
        return asked.input_file.read_bytes()
    except OSError as error:
        raise UsageError(
            "the file of elements cannot be read", where=str(asked.input_file), got=error.strerror
        ) from error
