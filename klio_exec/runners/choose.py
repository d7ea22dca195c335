"""Which runner a job runs on: decided once, here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from apache_beam import Pipeline
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.runner import PipelineRunner

from klio.context import KlioContext
from klio_core import other_runners
from klio_core.config import KlioConfig
from klio_core.errors import UsageError
from klio_core.invocation import Invocation
from klio_exec.runners.batch import BatchRun
from klio_exec.runners.portable import PortableRun
from klio_exec.runners.report import Tell, to_nobody
from klio_exec.runners.streaming import StreamingRun
from klio_exec.runners.tally import Tally
from klio_exec.stop import Stop

_IN_ONE_PLACE = ("workers", "max_messages", "sample")


class Run(Protocol):
    """One run of a pipeline: build it with `runner`, then `run` it. `tally` is what it has counted so far."""

    runner: PipelineRunner
    tally: Tally

    def run(self, pipeline: Pipeline, options: PipelineOptions) -> Tally:
        """Run to the end. Answers what was counted."""


def on_dataflow(config: KlioConfig, invocation: Invocation) -> bool:
    """Whether the job is to be submitted to Dataflow, instead of being run by this process."""
    here = invocation.local or invocation.direct_runner
    return not here and config.pipeline_options.runner == other_runners.DATAFLOW


def run_for(
    context: KlioContext,
    invocation: Invocation,
    stop: Stop,
    tell: Tell = to_nobody,
    alive: Callable[[], None] = lambda: None,
) -> Run:
    """Answer the run that the job file and the flags ask for.

    Raises InvalidConfig where the workers of another runner would not see what the job file names.
    A streaming one of ours does `tell` how it goes, and calls `alive` as long as it does.
    """
    if not _is_here(context.config, invocation):
        other_runners.check(context.config, str(invocation.config_path))
        return PortableRun(context, stop, invocation.exit_when_idle)
    if context.streaming:
        return StreamingRun(context, stop, invocation.idle_s, limit=invocation.limit, tell=tell, alive=alive)
    return BatchRun()


def check_workers(config: KlioConfig, invocation: Invocation) -> None:
    """Raise UsageError for --workers, or a limit, with a runner that has workers of its own."""
    given = [f"--{name.replace('_', '-')}" for name in _IN_ONE_PLACE if getattr(invocation, name) is not None]
    if given and not _is_here(config, invocation):
        raise UsageError(
            f"{', '.join(given)}: the runner that the job file names has workers of its own",
            got=f"runner: {config.pipeline_options.runner}",
            todo="leave it out, or add --direct-runner",
        )


def _is_here(config: KlioConfig, invocation: Invocation) -> bool:
    return invocation.local or invocation.direct_runner or config.pipeline_options.runner in other_runners.OURS
