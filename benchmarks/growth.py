"""Whether an element costs the same among many as among few, and in a long graph as in a short one."""

from __future__ import annotations

from functools import partial

from benchmarks.clock import medians
from benchmarks.handled import JOB, Handled, Plain, messages, run
from benchmarks.table import Row, check
from klio.context import KlioContext, bind
from klio_core.config import parse


def rows(*, short: bool) -> list[Row]:
    bind(KlioContext(parse(JOB)))
    sizes = (100, 1_000) if short else (1_000, 10_000, 100_000)
    return [_of_elements(sizes, rounds=1 if short else 2), _of_steps(sizes[-2], repeats=1 if short else 5)]


def _of_elements(sizes: tuple[int, ...], rounds: int) -> Row:
    """CPU for each element, Beam's own part included, without what a run costs that has none."""
    each = {}
    for size in sizes:
        messages(size)
        works = {"some": partial(run, size, Handled), "none": partial(run, 0, Handled)}
        taken = medians(works, rounds * min(8, sizes[-1] // size))
        each[size] = (taken["some"] - taken["none"]) / size * 1e6
    _check_counted(sizes[0], 1)
    told = ", ".join(f"{size:,}: {microseconds:.1f} µs" for size, microseconds in each.items())
    return Row("CPU of each element, among so many", "within 10 %", told)


def _of_steps(size: int, repeats: int) -> Row:
    chains = {1: (Handled,), 10: (Handled,) * 10}
    plain = {1: (Plain,), 10: (Plain,) * 10}
    works = {f"klio {steps}": partial(run, size, *chain) for steps, chain in chains.items()}
    works |= {f"plain {steps}": partial(run, size, *chain) for steps, chain in plain.items()}
    taken = medians(works, repeats)
    _check_counted(size, 10)
    each = {kind: (taken[f"{kind} 10"] - taken[f"{kind} 1"]) / 9 / size * 1e6 for kind in ("klio", "plain")}
    return Row(
        "CPU of each handled DoFn beyond the first, to ten",
        "≤ 6 µs",
        f"{each['klio']:.1f} µs",
        f"{each['plain']:.1f} µs",
    )


def _check_counted(size: int, steps: int) -> None:
    counters = run(size, *(Handled,) * steps).metrics().query()["counters"]
    succeeded = sum(one.committed for one in counters if one.key.metric.name == "kmsg-success")
    check(succeeded == size * steps, f"{succeeded} of {size} messages in {steps} steps were counted")
