"""Runs a job over some elements, to be looked at meanwhile."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType

from apache_beam import Pipeline

from klio.context import KlioContext, bind
from klio_core.config import KlioConfig, load
from klio_core.decision import Action
from klio_core.local_state import project_of
from klio_core.profiling import Profiling
from klio_exec.load import load_run
from klio_exec.local import world
from klio_exec.options import options_here
from klio_exec.pipeline import build
from klio_exec.profile.given import over
from klio_exec.profile.meter import Meter
from klio_exec.profile.metered import meter_all
from klio_exec.resources import make_buckets
from klio_exec.rooted import rooted
from klio_exec.runners.batch import BatchRun
from klio_exec.runners.tally import Tally
from klio_exec.summary import Summary

_TO_THE_CODE = f"verdict/{Action.PROCESS}/"
Look = Callable[[Sequence[FunctionType]], AbstractContextManager[object]]
"""What looks at a run while it is entered; it is given the author's functions that will work on elements."""


@dataclass(frozen=True, slots=True)
class Ran:
    """One run of a job: what became of its elements, and what it took altogether, of all its processes (ns)."""

    job: str
    tally: Tally
    wall: int
    cpu: int

    @property
    def summary(self) -> Summary:
        """What became of the elements."""
        return Summary.of(self.job, self.tally, self.wall / 1e9)

    @property
    def elements(self) -> str:
        """The job, and how many elements it was given, as a report begins."""
        count = self.summary.read
        return f"{self.job}: {count} element{'' if count == 1 else 's'}"

    @property
    def worked(self) -> bool:
        """Whether any element came to the author's code."""
        return any(number for name, number in self.tally.counts.items() if name.startswith(_TO_THE_CODE))

    @classmethod
    def joined(cls, runs: Sequence[Ran]) -> Ran:
        """Answer several runs of one job as one."""
        tally = Tally()
        for one in runs:
            tally.join(one.tally)
        return cls(runs[0].job, tally, sum(one.wall for one in runs), sum(one.cpu for one in runs))


def run_over(asked: Profiling, elements: list[bytes], meter: Meter, look: Look = nullcontext) -> Ran:
    """Run the job in this process over `elements`, inside of `look`, and let `meter` see it.

    Raises KlioError for everything that keeps the job from running.
    """
    with tempfile.TemporaryDirectory(prefix="klio-profile-") as scratch:
        config = _ready(asked, elements, Path(scratch))
        here = Path.cwd()
        try:
            return _run(asked, config, meter, look)
        finally:
            os.chdir(here)


def _ready(asked: Profiling, elements: list[bytes], scratch: Path) -> KlioConfig:
    job = asked.job
    config = load(job.config_path, overrides=job.override, templates=job.template)
    if job.local:
        os.environ.update(world.up(project_of(job)).environment())
    config = over(config, elements, scratch, keep_outputs=asked.keep_outputs)
    if job.local:
        make_buckets(config)
    return config


def _run(asked: Profiling, config: KlioConfig, meter: Meter, look: Look) -> Ran:
    os.chdir(asked.job.job_dir)  # locations in a job file are relative to the job, and stay so
    context = KlioContext(rooted(config, Path.cwd()))
    bind(context)
    run_code = load_run(Path())
    run = BatchRun()
    options = options_here(config)
    pipeline = Pipeline(runner=run.runner, options=options)
    build(pipeline, context, run_code)
    functions = meter_all(pipeline, meter)
    with look(functions):
        wall, cpu = meter.wall(), meter.cpu()
        tally = run.run(pipeline, options)
        wall, cpu = meter.wall() - wall, meter.cpu() - cpu
    return Ran(config.job_name, tally, wall, cpu)
