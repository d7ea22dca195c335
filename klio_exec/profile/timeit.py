"""`klio job profile timeit`: how long the job's own code takes for an element, and how that varies."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from klio.transforms import profile
from klio_core.profiling import Profiling
from klio_exec.profile.marked import Stopwatch
from klio_exec.profile.meter import Meter
from klio_exec.profile.once import Ran, run_over
from klio_exec.profile.table import table, time_text

_HEADER = ("", "calls", "first", "median", "shortest", "longest", "together")


def timeit(asked: Profiling, elements: list[bytes]) -> tuple[str, Ran]:
    """Answer the report, and the run that it is of. Raises KlioError."""
    meter, stopwatch = Meter(lambda: 0), Stopwatch()  # it reads one clock only, for the least effect
    profile.activate(stopwatch, meter)
    ran = run_over(asked, elements, meter)
    own = {one.name: one.calls for one in meter.transforms.values() if not one.ours}
    rows = [_row(name, calls) for name, calls in own.items() if calls]
    rows += [_row(f"@profile {name}", calls) for name, calls in stopwatch.calls.items() if calls]
    return table(_HEADER, rows), ran


def _row(name: str, calls: Sequence[int]) -> tuple[str, ...]:
    figures = (calls[0], median(calls), min(calls), max(calls), sum(calls))
    return (name, str(len(calls)), *map(time_text, figures))
