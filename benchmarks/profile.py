"""What it costs to be profiled, and whether `timeit` tells the truth.

The job is a transform that computes under @handle_klio: in many small functions, which a profiler feels most, or in
one loop. A run that nobody looks at and one that `klio job profile cpu` looks at take turns; what they differ by, in
CPU time of the process with all its threads, is what looking costs. The times that `timeit` tells of the function are
compared with those of a plain loop around it: the shortest of many, since the others hold what else the machine did.
"""

from __future__ import annotations

import gc
import importlib
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from apache_beam import Pipeline

from benchmarks.clock import Work, medians
from benchmarks.table import Row, check
from klio.context import KlioContext, bind
from klio.transforms import profile
from klio_core.config import load
from klio_core.invocation import Invocation
from klio_core.profiling import Profiling, What
from klio_exec.load import load_run
from klio_exec.options import options_here
from klio_exec.pipeline import build
from klio_exec.profile.cpu import cpu
from klio_exec.profile.given import over
from klio_exec.profile.marked import Stopwatch
from klio_exec.profile.meter import Meter
from klio_exec.profile.once import run_over
from klio_exec.runners.batch import BatchRun

JOB = """\
job_name: bench
pipeline_options: {streaming: false}
job_config: {events: {inputs: [{type: file, location: nothing.txt}]}}
"""
RUN = """\
import apache_beam as beam
import bench_work


def run(in_pcol, config):
    return in_pcol | "Compute" >> beam.ParDo(bench_work.Compute())
"""
WORK = """\
import math

import apache_beam as beam
from klio.transforms import decorators

compute = None


def calls():
    return sum(step(number) for number in range(150_000))


def step(number):
    return math.sqrt(number) * math.sin(number)


def loop():
    total = 0
    for number in range(400_000):
        total += number * number % 7
    return total


class Compute(beam.DoFn):
    @decorators.handle_klio
    def process(self, data):
        compute()
        yield data
"""
KINDS = ("calls", "loop")


def rows(*, short: bool) -> list[Row]:
    elements, repeats = (5, 1) if short else (30, 11)
    with tempfile.TemporaryDirectory() as directory:
        job = Path(directory)
        for name, text in (("klio-job.yaml", JOB), ("run.py", RUN), ("bench_work.py", WORK)):
            (job / name).write_text(text)
        sys.path.insert(0, directory)
        found = []
        for kind in KINDS:
            found += [_overhead(job, kind, elements, repeats), _truth(job, kind, elements, repeats)]
        return found


def _overhead(job: Path, kind: str, elements: int, repeats: int) -> Row:
    work = importlib.import_module("bench_work")
    work.compute = getattr(work, kind)
    given = [b"%d" % number for number in range(elements)]
    works = {"alone": lambda: _alone(job, given), "seen": lambda: _seen(job, given)}
    taken = medians(works, repeats, _own_s)
    more = 100 * (taken["seen"] / taken["alone"] - 1)
    said = f"{taken['alone'] / elements * 1e3:.1f} ms an element when nobody looks"
    return Row(f"CPU that `profile cpu` adds, {kind}", "≤ 5 %", f"{more:+.1f} %", said)


def _own_s(work: Work) -> float:
    """Answer what a work itself answers: its seconds, without what is made ready and drawn around them."""
    gc.collect()
    return float(str(work()))


def _truth(job: Path, kind: str, elements: int, repeats: int) -> Row:
    work = importlib.import_module("bench_work")
    function, watch = getattr(work, kind), Stopwatch()
    given = [b"%d" % number for number in range(elements)]
    told, marked, plain = [], [], []
    for _ in range(repeats):
        work.compute = watch(function)
        told.append(_told(job, given))
        marked.append(min(watch.calls.pop(function.__qualname__)) / 1e9)
        plain.append(min(_timed(function) for _ in range(elements)))
    seconds, own, loop = map(min, (told, marked, plain))
    said = f"{own / loop - 1:+.1%} of the function under @profile"
    return Row(f"what `timeit` tells of {kind}, beside a plain loop", "within 10 %", f"{seconds / loop - 1:+.1%}", said)


def _told(job: Path, elements: list[bytes]) -> float:
    """Answer the shortest time (s) that the meter of `timeit` has of the transform."""
    meter = Meter(lambda: 0)
    profile.activate(None, meter)
    run_over(Profiling(What.TIMEIT, ("a",), Invocation(job_dir=job)), elements, meter)
    calls = meter.transforms["Compute"].calls
    check(len(calls) == len(elements), f"{len(calls)} calls for {len(elements)} elements")
    return min(calls) / 1e9


def _timed(function: Callable[[], object]) -> float:
    began = time.perf_counter()
    function()
    return time.perf_counter() - began


def _seen(job: Path, elements: list[bytes]) -> float:
    report, ran = cpu(Profiling(What.CPU, ("a",), Invocation(job_dir=job)), elements)
    check(ran.summary.processed == len(elements), f"{ran.summary.processed} of {len(elements)} were processed")
    check("Compute.process" in report, f"the author's code is not in the tree:\n{report}")
    return ran.cpu / 1e9


def _alone(job: Path, elements: list[bytes]) -> float:
    """Answer the CPU time (s) of the same run without anything that looks at it."""
    profile.activate(None, None)
    with tempfile.TemporaryDirectory() as scratch:
        config = over(load(job / "klio-job.yaml"), elements, Path(scratch), keep_outputs=False)
        context = KlioContext(config)
        bind(context)
        run = BatchRun()
        pipeline = Pipeline(runner=run.runner, options=options_here(config))
        build(pipeline, context, load_run(job))
        began = time.process_time()
        run.run(pipeline, options_here(config))
        return time.process_time() - began
