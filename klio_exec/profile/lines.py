"""`klio job profile lines`: what each line of the author's functions takes, by line_profiler."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FunctionType
from typing import Any

from klio.transforms import profile
from klio_core.errors import UsageError
from klio_core.profiling import Profiling
from klio_exec.profile.extras import needed
from klio_exec.profile.meter import Meter
from klio_exec.profile.once import Ran, run_over

_UNIT_S = 1e-3


def lines(asked: Profiling, elements: list[bytes]) -> tuple[str, Ran]:
    """Answer the report, and the run that it is of.

    It is about the functions under `@profile`; without one, about those that work on elements. Raises KlioError.
    """
    profiler = needed("line_profiler").LineProfiler()
    meter = Meter(lambda: 0)
    profile.activate(profiler, meter)
    ran = run_over(asked, elements, meter, lambda functions: _looking(profiler, functions))
    report = io.StringIO()
    profiler.print_stats(report, output_unit=_UNIT_S, stripzeros=True)
    return report.getvalue().strip(), ran


@contextmanager
def _looking(profiler: Any, functions: Sequence[FunctionType]) -> Iterator[None]:
    if profiler.functions:  # what is marked switches it on by itself
        yield
        return
    if not functions:
        raise UsageError(
            "there is no function of yours to look at", todo="mark those to look at with @decorators.profile"
        )
    for one in functions:
        profiler.add_function(one)
    with profiler:
        yield
