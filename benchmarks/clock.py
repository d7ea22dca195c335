"""How time is measured here: CPU time of this process or of its children, repetitions in turns, of those the median."""

from __future__ import annotations

import gc
import resource
import statistics
import time
from collections.abc import Callable, Mapping

Work = Callable[[], object]


def cpu_s(work: Work) -> float:
    """Answer the CPU time (s) that this process, all its threads, takes for one piece of work."""
    gc.collect()
    began = time.process_time()
    work()
    return time.process_time() - began


def medians(works: Mapping[str, Work], repeats: int, measure: Callable[[Work], float] = cpu_s) -> dict[str, float]:
    """Answer the median of each, after one round that does not count.

    The works take turns, so whatever else the machine does falls on all of them alike.
    """
    taken: dict[str, list[float]] = {name: [] for name in works}
    for number in range(repeats + 1):
        for name, work in works.items():
            seconds = measure(work)
            if number:
                taken[name].append(seconds)
    return {name: statistics.median(each) for name, each in taken.items()}


def wall_s(work: Work) -> float:
    """Answer how long (s) one piece of work takes, waiting included."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def children_cpu_s() -> float:
    """Answer the CPU time (s) of all processes that this one has started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
