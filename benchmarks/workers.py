"""One, two and four workers: 50 ms for each element, in which the processor has nothing to do, as in a download."""

from __future__ import annotations

from benchmarks.local_job import local_job, wait_until
from benchmarks.table import Row, check

_WORK = """
import time

import apache_beam as beam
from klio.transforms import decorators


class Work(beam.DoFn):
    @decorators.handle_klio
    def process(self, data):
        time.sleep(0.05)
        yield data
"""
_EACH_S = 20  # the work of each worker


def rows(*, short: bool) -> list[Row]:
    """Measure, and check that every element came out."""
    each, counts = (20, (1, 2)) if short else (20 * _EACH_S, (1, 2, 4))
    rates = {workers: _rate(workers, each * workers) for workers in counts}
    aims = {1: "", 2: "≥ 1.9 x", 4: "≥ 3.6 x"}
    return [
        Row(
            f"{workers} workers" if workers > 1 else "1 worker",
            aims[workers],
            f"{rate:.1f} elements/s, {rate / rates[1]:.2f} x",
        )
        for workers, rate in rates.items()
    ]


def _rate(workers: int, elements: int) -> float:
    """Answer elements per second, from the first fifth to the last one."""
    with local_job(_WORK) as job:
        job.publish([b"%d" % number for number in range(elements)])
        with job.running("--workers", workers):
            began = wait_until(lambda: job.acknowledged() >= elements // 5)
            skipped = job.acknowledged()
            ended = wait_until(lambda: job.acknowledged() >= elements)
        check(job.out() >= elements, f"{elements} elements went in, {job.out()} came out")
        return (elements - skipped) / (ended - began)
